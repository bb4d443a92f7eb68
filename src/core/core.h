/*
 * The decider. One run is a struct core; core_step takes one event and says what changed and what
 * must be done about it. No I/O, no clock, no randomness, no lock: time is a field of the event,
 * and values of expressions are asked for through functions that only read what is stored.
 *
 *        event ──► core_step ──► changes (write them) ──► COMMIT ──► effects (do them)
 *
 * The caller commits the changes in one transaction and only then performs the effects. After a
 * crash the rows are put back with core_restore and the lost attempts come in as CORE_LOST: the
 * same events through the same function, no second code path.
 *
 * An event about an attempt that is no longer current (its epoch is not the step's) returns
 * -ESTALE and changes nothing.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/clock.h"
#include "base/err.h"
#include "flow/flow.h"

#include <jansson.h>

#define CORE_NONE UINT32_MAX

struct core;

/* One step of a run: a step of the flow, the snapshot, or a child of each or loop. Read-only. */
struct core_node {
	struct str name;	     /* "structure", "verify/0", "rounds/2/check" */
	const struct flow_step *def; /* NULL for the snapshot */
	enum step_kind kind;
	uint32_t parent;  /* index of the each or loop, or CORE_NONE */
	uint32_t ordinal; /* of each: item, from 0; of loop: round, from 1 */
	enum step_status status;
	enum ending ending; /* of the last attempt that ended */
	struct str reason;  /* why it is what it is; empty when there is nothing to say */
	unsigned attempt;   /* tries that count towards `retries` */
	unsigned epoch;	    /* tries of any kind, never reset: the fencing number */
	bool partial;	    /* completed with a truncated text */
	bool upstream;	    /* skipped because something before it did not succeed */
	msec_t ready_at;    /* pending: not before this; 0: at once */
	msec_t started_at, ended_at;
	msec_t deadline, stall_at; /* running; 0: none */
	json_t *item;		   /* child of each */
	int64_t key;		   /* the caller's handle (its row); 0 for a new node */
	bool offered;		   /* pending: it can be claimed, or is being evaluated */

	/* private to the room */
	bool queued; /* offered before it was put back: to be offered again */
	bool killing, touched;
	bool started; /* child of each: inside the window */
	bool retired; /* belongs to an expansion that is void; its row is to be deleted */
	enum ending kill_as;
	struct str kill_why;
	uint32_t waiting; /* needs that are not settled */
	uint32_t open;	  /* each, loop: children of now that are not settled */
	uint32_t next;	  /* each: first item not looked at; loop: the round */
	uint32_t flying;  /* each: children inside the window */
	uint32_t n_items;
	uint32_t first, n_children;   /* indices of the children of now */
	uint32_t *needs, *dependants; /* indices; arrays with n_… */
	uint32_t n_needs, n_dependants;
	msec_t active_at;
	int chosen; /* switch: index of the case, -1 before */
};

enum core_event_type {
	CORE_LAUNCH,  /* the first event of a run */
	CORE_CLAIMED, /* a worker takes an offered step; epoch: ignored, the new one is in the node
		       */
	CORE_ACTIVE,  /* the attempt gave a sign of life */
	CORE_ENDED,   /* the attempt ended, its process is confirmed dead */
	CORE_LOST,    /* whoever ran the attempt is gone */
	CORE_ANSWER,  /* a person answered an approval: reason is the choice */
	CORE_CANCEL,  /* stop the run: reason */
	CORE_WAKE,    /* the time asked for has come, or recovery wants effects again */
	CORE_RESUME, /* a failed or cancelled run goes on: failed, cancelled and lost steps again */
	CORE_RETRY,  /* one settled step, and what depends on it, again; step CORE_NONE: all failed
		      */
};

struct core_event {
	enum core_event_type type;
	msec_t now; /* wall clock, as far as it does not jump while a process lives */
	uint32_t step;
	unsigned epoch;
	enum ending ending;  /* ENDED */
	bool usable;	     /* ENDED as truncated: there is text worth keeping */
	enum flow_size size; /* ENDED of the snapshot: what `auto` came to */
	struct str reason;   /* for people; copied */
};

/* A status that changed; the row of the step has to be written. */
struct core_change {
	uint32_t step; /* CORE_NONE: the run itself */
	int from;      /* enum step_status or run_status; -1: new */
	int to;
	struct str reason;
};

enum core_effect_type {
	CORE_OFFER,  /* an agent, command or snapshot step may be claimed */
	CORE_RUN,    /* a code step: evaluate it and report ENDED with EPOCH + 1; it stays pending
			until then, so that its beginning and its end are one write */
	CORE_ASK,    /* an approval waits for a person */
	CORE_CHILD,  /* a flow step: launch its child run, report ENDED when that is over */
	CORE_KILL,   /* end the attempt; ENDED must follow */
	CORE_REPORT, /* the run is over */
};

struct core_effect {
	enum core_effect_type type;
	uint32_t step;
	unsigned epoch;
};

/* Valid until the next core_step of the same core. */
struct core_update {
	const struct core_change *changes;
	size_t n_changes;
	const uint32_t *dirty; /* steps whose rows must be written, each once, ascending */
	size_t n_dirty;
	const struct core_effect *effects;
	size_t n_effects;
	bool run_changed;
	msec_t wake_at; /* send CORE_WAKE then; 0: never */
};

/*
 * Values that decisions hang on. Each reads only stored outputs, gives the same answer every time,
 * and fails with a reason that becomes the step's.
 */
struct core_ask {
	void *ctx;
	int (*test)(
	    void *ctx, uint32_t step, const struct source *cond, bool *ret, struct err *err);
	/* new reference to an array */
	int (*list)(
	    void *ctx, uint32_t step, const struct source *over, json_t **ret, struct err *err);
	/* An each, switch or loop has just completed: make its output readable. */
	void (*compose)(void *ctx, uint32_t step);
	/*
	 * What COND rests on as it was measured, for people; empty: nothing to add. Has to last
	 * until core_step returns. May be NULL.
	 */
	struct str (*because)(void *ctx, const struct source *cond);
};

struct core_config {
	const struct flow *flow; /* must outlive the core */
	enum flow_size size;	 /* SIZE_AUTO: known when the snapshot has ended */
	struct str seed;	 /* the run's id: makes jitter differ between runs */
	const struct core_ask *ask;
};

struct core *core_create(const struct core_config *config);
void core_destroy(struct core *c);

/*
 * Puts back one row of a stored run at the INDEX it had, in ascending order; then core_restored
 * once. The public part of NODE counts (def is found by name); name and item are copied. OFFERED is
 * for what can be claimed still; the next CORE_WAKE offers it again all the same.
 * -EPROTO when the row does not fit the flow. END_AS is what core_end_as said.
 */
MUST_CHECK int core_restore(
    struct core *c, uint32_t index, const struct core_node *node, struct err *err);
void core_restored(struct core *c, enum run_status status, int end_as, struct str reason);

/* 0, -ESTALE, or -EINVAL for an event that makes no sense now (nothing changed then). */
MUST_CHECK int core_step(struct core *c, const struct core_event *ev, struct core_update *ret);

/* Is STEP a code step that was asked for with CORE_RUN, and EPOCH the one it will end with? */
bool core_awaits(const struct core *c, uint32_t step, unsigned epoch);

size_t core_count(const struct core *c);
const struct core_node *core_node(const struct core *c, uint32_t i);
void core_set_key(struct core *c, uint32_t i, int64_t key);
/* The step called NAME as seen from step FROM (siblings of its round first), or CORE_NONE. */
uint32_t core_find(const struct core *c, struct str name, uint32_t from);
/* What STEP, a child of a loop, was in the round before; or CORE_NONE. */
uint32_t core_before(const struct core *c, uint32_t step);
/* Children of now of an each or loop, in order: index of the K-th, or CORE_NONE. */
uint32_t core_child(const struct core *c, uint32_t parent, uint32_t k);
/*
 * A run that has just completed turns out not to hold together: it failed, for REASON. Between
 * core_step and the next one, before its end is written down; changes nothing else of the update.
 */
void core_spoil(struct core *c, struct str reason);

enum run_status core_status(const struct core *c);
struct str core_reason(const struct core *c);
/* What a run that is being stopped will end as (enum run_status), or -1. */
int core_end_as(const struct core *c);
enum flow_size core_size(const struct core *c);
const struct flow *core_flow(const struct core *c);

/* One line a change and effect, for traces: "structure: pending -> running (claimed)". In A. */
struct str core_trace(struct arena *a, const struct core *c, const struct core_update *up);

/* Back-off before try ATTEMPT+1 after ENDING; deterministic in SEED. Exposed for tests. */
msec_t core_backoff(struct str seed, uint32_t step, unsigned attempt, enum ending ending);

#endif
