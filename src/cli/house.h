/*
 * The whole program in one process: fence, store, loop, engine, gateway, workspace, worker, wired
 * together. `run`, `runs resume` and their like open one; reading commands only open the store.
 */
#ifndef CLI_HOUSE_H
#define CLI_HOUSE_H

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/show.h"
#include "engine/engine.h"
#include "gateway/gateway.h"
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
	bool hasty;	    /* the first Ctrl-C cancels: nobody is told to press it again */
	const char *format; /* of the display */
};

struct house {
	struct arena *arena;
	const struct globals *globals;
	char *data;
	const char *self;
	int lock;
	struct config config;
	const char *agent;
	uv_loop_t loop;
	struct sandbox *sandbox;
	struct engine *engine;
	struct gateway *gateway;
	struct workspace *workspace;
	struct programs programs;
	struct worker *worker;
	const char *upstream; /* the default one, or NULL */
	struct show show;
	/* the run that is followed */
	int64_t run, seen, told; /* key; events shown; events there are */
	bool reading, over;
	enum run_status status;
	/* signals */
	uv_signal_t sigint, sigterm, sigwinch;
	uv_timer_t ticker;
	unsigned interrupts;
	bool hasty, terminated, cancelling;
	char run_id[ID_RUN_SIZE];
};

/*
 * Opens everything. On error nothing stays open, ERR has four parts, and the exit code is returned
 * (not an errno); 0 when the house stands.
 */
int house_open(struct house *h, struct arena *a, const struct house_spec *spec, struct err *err);
/* Ends what runs (confirmed), closes everything. */
void house_close(struct house *h);
/* Launches a run and follows it (house_follow). 0, or a negative errno with ERR in four parts. */
int house_launch(struct house *h, const struct launch *launch, struct err *err);
/* Shows run KEY until it is over or we are asked to leave. */
void house_follow(struct house *h, int64_t key);
/* No run is followed any more; another one may be. */
void house_forget(struct house *h);
/* Runs the loop until *FLAG. */
void house_wait(struct house *h, const bool *flag);

/* The agents of this machine; what they said of their versions before is kept with the data, and
 * so are the verdicts about those that a file describes. */
void house_programs(struct arena *a, const struct globals *g, const struct config *config,
    struct sandbox *sandbox, const char *self, struct programs *ret);

/* The store alone, read only, beside whoever owns it. Exit code; 0: *RET is open. */
int house_read(struct arena *a, const struct globals *g, struct store **ret, struct err *err);

#endif
