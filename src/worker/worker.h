/*
 * Runs attempts: claims what is offered, starts it behind the fence, reads what it says, ends it,
 * and reports exactly one ending. At most so many at once; what is offered beyond waits in order.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "engine/engine.h"
#include "gateway/gateway.h"
#include "sandbox/sandbox.h"
#include "worker/programs.h"
#include "workspace/workspace.h"

struct worker;

struct worker_config {
	void *loop; /* uv_loop_t */
	struct engine *engine;
	struct sandbox *sandbox;
	struct workspace *workspace;
	struct gateway *gateway; /* NULL: agent steps are refused */
	const struct programs *programs;
	unsigned parallel;	   /* attempts at once; 0: WORKER_PARALLEL */
	const char *default_agent; /* for steps that name none */
	/* The upstream that serves MODEL ("" or NULL: the default); for example "rehearsal". */
	const char *(*upstream_for)(void *ctx, struct str model);
	void *ctx;
	/* Where what ceilings cut off is kept (worker/spill.h); NULL: nowhere. */
	const char *data;
};

/* What it fails for is the watch over the fence; ERR has four parts then. */
MUST_CHECK int worker_create(
    const struct worker_config *config, struct worker **ret, struct err *err);
/* Kills what runs, waits until every process is confirmed dead. Call before the loop is closed. */
void worker_destroy(struct worker *w);
/* What the engine's effects ask for. */
void worker_offer(struct worker *w, const struct engine_effect *fx);
void worker_kill(struct worker *w, const struct engine_effect *fx);
/* Attempts in hand. */
size_t worker_busy(const struct worker *w);
/* No new attempts from now on. */
void worker_drain(struct worker *w);

#endif
