/*
 * What attempts say, on its way into the log. Facts of one loop turn become one append; text that
 * streams in is held for a moment and joined, since a row per token would be a row too many.
 *
 * The log is for people to look at: when the store falls far behind (a full disk), events are
 * dropped and counted rather than kept in memory. Answers do not pass here.
 */
#ifndef WORKER_RECORDER_H
#define WORKER_RECORDER_H

#include "adapter/adapter.h"
#include "base/buf.h"
#include "base/list.h"
#include "engine/engine.h"

struct recorder;

/* Which attempt speaks. */
struct voice {
	int64_t run, position;
	unsigned epoch;
	unsigned dropped; /* events since the last one that was kept */
	struct str step;
	struct buf text, think; /* held back */
	struct list list;	/* in the recorder while something is held */
	struct recorder *recorder;
};

/* LOOP is a uv_loop_t. */
struct recorder *recorder_create(void *loop, struct engine *e);
/* Appends what is held. Call before the engine is destroyed and the loop is closed. */
void recorder_destroy(struct recorder *r);

void voice_init(struct voice *v, struct recorder *r, const struct claim *claim);
/* Appends what is held of V first. */
void voice_fini(struct voice *v);
void voice_fact(struct voice *v, const struct fact *fact);
/* An event of our own. DATA (may be NULL) becomes the recorder's; `step` and `epoch` are added. */
void voice_event(struct voice *v, const char *type, json_t *data);

#endif
