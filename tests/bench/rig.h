/* An engine alone, on a store of its own: no fence, no worker, no model. Code steps need no more.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "bench.h"
#include "engine/engine.h"

#include <uv.h>

#define RIG_CHAIN 10
#define RIG_FAN 100

/* The flow "chain": ten code steps in a row, each with 200 bytes of JSON. */
const char *rig_chain_flow(struct arena *a);
/* The flow "fan": one step, a hundred, one. */
extern const char rig_fan_flow[];

struct rig {
	uv_loop_t loop;
	struct engine *engine;
	struct arena *arena;
	json_t *frozen;	    /* the flow that is launched */
	unsigned launched;  /* runs */
	unsigned over;	    /* runs that have ended */
	unsigned completed; /* of these, with success */
	unsigned want;	    /* runs in all */
	unsigned parallel;  /* at once */
	void (*appended)(struct rig *r, int64_t run);
	/* written by the store thread; read when it rests */
	uint64_t *ended_at; /* by run key: when its last step ended, 0: none */
	size_t n_ended_at;
	struct series *dispatch; /* ms from the end of a step to the end of the next one */
	unsigned steps;		 /* completed */
	unsigned *evaluated;	 /* counts them beyond the end of the process, or NULL */
	unsigned kill_at; /* so many steps: SIGKILL in the middle of a transaction; 0: never */
};

/* Opens DIR/tutti.db; the flow is TEXT, called NAME. */
void rig_open(struct rig *r, struct arena *a, const char *dir, const char *name, const char *text);
void rig_close(struct rig *r);
/* Launches WANT runs, PARALLEL at once, and waits until all are over. Seconds. */
double rig_run(struct rig *r, unsigned want, unsigned parallel);
void rig_launch(struct rig *r);

#endif
