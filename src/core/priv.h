/* What the files of core share. */
#ifndef CORE_PRIV_H
#define CORE_PRIV_H

#include "base/limits.h"
#include "core/core.h"

struct index_list {
	uint32_t *v;
	size_t n, cap;
};

struct core {
	struct arena *arena;
	const struct flow *flow;
	const struct core_ask *ask;
	struct str seed;
	enum flow_size size;
	bool planned;  /* the nodes of the flow exist */
	bool doomed;   /* the run will end as `end_as` when all attempts are dead */
	bool restored; /* put back; the next event performs running code again */
	enum run_status status, end_as;
	struct str reason;
	msec_t now; /* of the event in hand */
	bool in_step;

	struct core_node **nodes;
	size_t n, cap;
	struct index_list queue; /* steps to look at before the event is done */
	size_t queue_at;
	struct index_list active; /* running, or pending with ready_at */
	size_t n_unsettled;	  /* top-level steps */
	size_t n_running;	  /* attempts and composites that are running */

	struct core_change *changes;
	size_t n_changes, cap_changes;
	struct core_effect *effects;
	size_t n_effects, cap_effects;
	struct index_list dirty;
	bool run_changed;
};

void index_push(struct index_list *l, uint32_t v);

/* state.c: the only doors through which states change */
void node_move(struct core *c, uint32_t i, enum step_status to, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void run_move(struct core *c, enum run_status to, struct str reason);
void node_touch(struct core *c, uint32_t i);
void effect_add(struct core *c, enum core_effect_type type, uint32_t step);

/* plan.c: nodes and who waits for whom */
uint32_t node_add(struct core *c, struct str name, const struct flow_step *def, enum step_kind kind,
    uint32_t parent, uint32_t ordinal);
void plan_flow(struct core *c);
void plan_count_waiting(struct core *c);
uint32_t plan_child(
    struct core *c, uint32_t parent, const struct flow_step *def, uint32_t ordinal, bool with_id);
void plan_round_needs(struct core *c, uint32_t parent);

/* settle.c: what follows from what */
void settle_queue(struct core *c, uint32_t i);
void settle_drain(struct core *c);
void settle_node(struct core *c, uint32_t i);
void doom(struct core *c, enum run_status end_as, struct str reason);
/* Of a run that is being stopped. */
void cancel_waiting(struct core *c, uint32_t i);
void start_node(struct core *c, uint32_t i);
void finish_if_over(struct core *c);

/* group.c: each, loop, switch */
void group_start(struct core *c, uint32_t i);
/* After a restart or a reset: what is open goes on. */
void group_continue(struct core *c, uint32_t i);
void group_child_settled(struct core *c, uint32_t parent, uint32_t child);
bool switch_excludes(const struct core *c, uint32_t i, struct str *ret_why);

/* attempt.c: tries, back-off, deadlines */
int attempt_claimed(struct core *c, const struct core_event *ev);
int attempt_active(struct core *c, const struct core_event *ev);
int attempt_ended(struct core *c, const struct core_event *ev);
int attempt_lost(struct core *c, const struct core_event *ev);
void attempt_begin(struct core *c, uint32_t i);
void attempt_restored(struct core *c, uint32_t i);
void attempt_kill(struct core *c, uint32_t i, enum ending as);
void attempt_clocks(struct core *c);
msec_t attempt_wake_at(const struct core *c);

/* again.c: resume and retry */
int again_resume(struct core *c);
int again_retry(struct core *c, uint32_t step);

static inline struct core_node *node_at(const struct core *c, uint32_t i)
{
	return c->nodes[i];
}

static inline struct str copy(struct core *c, struct str s)
{
	return arena_dup(c->arena, s);
}

#endif
