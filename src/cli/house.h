/*
 * The whole program in one process: fence, store, loop, engine, gateway, workspace, worker, wired
 * together. `serve` and `run` open one (follow.h shows what happens in it); reading commands only
 * open the store.
 */
#ifndef CLI_HOUSE_H
#define CLI_HOUSE_H

#include "cli/cli.h"
#include "cli/config.h"
#include "engine/engine.h"
#include "gateway/gateway.h"
#include "hub/epoch.h"
#include "sandbox/sandbox.h"
#include "worker/worker.h"
#include "workspace/workspace.h"

#include <uv.h>

struct house;

struct house_spec {
	const struct globals *globals;
	const char *agent;  /* of the run, or NULL: the configured one */
	const char *model;  /* of the run, or NULL; "rehearsal" needs no server */
	const char *script; /* of the rehearsal model, or NULL */
	bool agents;	    /* agents will run: fence, program and model are checked first */
	bool unchecked;	    /* a described agent runs without having passed its check: it is that */
	/* Who hears what happens to runs, after the house did what it asks for; members may be
	 * NULL. */
	struct engine_hooks watcher;
};

struct probe;

struct house {
	struct arena *arena;
	const struct globals *globals;
	char *data;
	const char *self;
	int lock;
	struct config config;
	const char *agent;
	struct engine_hooks watcher;
	uv_loop_t loop;
	uv_work_t pool; /* the first thing that it is asked to do */
	struct sandbox *sandbox;
	struct engine *engine;
	struct gateway *gateway;
	struct workspace *workspace;
	struct programs programs;
	struct worker *worker;
	const char *upstream;	/* the default one, or NULL */
	struct probe *probe;	/* a model server is being looked for; or NULL (ready.c) */
	char epoch[EPOCH_SIZE]; /* of the history in the data directory */
};

/*
 * Opens everything. On error nothing stays open, ERR has four parts, and the exit code is returned
 * (not an errno); 0 when the house stands.
 */
int house_open(struct house *h, struct arena *a, const struct house_spec *spec, struct err *err);
/* CODE is an exit code, ERR has four parts; 0 and NULL: it can. */
typedef void (*house_ready_fn)(void *ctx, int code, const struct err *err);
/*
 * Whether a run of AGENT (NULL: the configured one) with MODEL (NULL: the default) can be carried
 * out now. FN hears it, once: at once, or when a model server was looked for, if there was none.
 */
void house_ready(
    struct house *h, const char *agent, const char *model, house_ready_fn fn, void *ctx);
/* Ends what runs (confirmed) and all rooms. What else is on the loop is to be closed next. */
void house_stop(struct house *h);
/* Runs the loop until nothing is left on it, and gives everything back. */
void house_close(struct house *h);

/* The agents of this machine; what they said of their versions before is kept with the data, and
 * so are the verdicts about those that a file describes. */
void house_programs(struct arena *a, const struct globals *g, const struct config *config,
    struct sandbox *sandbox, const char *self, struct programs *ret);

/* The store alone, read only, beside whoever owns it. Exit code; 0: *RET is open. */
int house_read(struct arena *a, const struct globals *g, struct store **ret, struct err *err);

#endif
