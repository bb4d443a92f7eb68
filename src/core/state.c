/*
 * The two machines and the only doors through which their states change. A move that is not in
 * the table is a mistake of ours and ends the program.
 */
#include "core/priv.h"

#include <assert.h>
#include <stdarg.h>

#define TO(s) (1u << (s))

/* Moves back to pending or running out of a settled state happen only in again.c. */
static const unsigned step_moves[STEP_STATUSES] = {
	[STEP_PENDING] = TO(STEP_RUNNING) | TO(STEP_SKIPPED) | TO(STEP_FAILED) | TO(STEP_CANCELLED),
	[STEP_RUNNING] =
	    TO(STEP_COMPLETED) | TO(STEP_FAILED) | TO(STEP_PENDING) | TO(STEP_CANCELLED),
	[STEP_COMPLETED] = TO(STEP_PENDING) | TO(STEP_RUNNING),
	[STEP_FAILED] = TO(STEP_PENDING) | TO(STEP_RUNNING),
	[STEP_SKIPPED] = TO(STEP_PENDING),
	[STEP_CANCELLED] = TO(STEP_PENDING) | TO(STEP_RUNNING),
};

static const unsigned run_moves[RUN_STATUSES] = {
	[RUN_RUNNING] = TO(RUN_COMPLETED) | TO(RUN_FAILED) | TO(RUN_CANCELLED),
	[RUN_COMPLETED] = TO(RUN_RUNNING),
	[RUN_FAILED] = TO(RUN_RUNNING),
	[RUN_CANCELLED] = TO(RUN_RUNNING),
};

void index_push(struct index_list *l, uint32_t v)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		l->v = xrealloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = v;
}

static void change_add(struct core *c, uint32_t step, int from, int to, struct str reason)
{
	if (c->n_changes == c->cap_changes) {
		c->cap_changes = c->cap_changes ? c->cap_changes * 2 : 16;
		c->changes = xrealloc(c->changes, c->cap_changes * sizeof(*c->changes));
	}
	c->changes[c->n_changes++] = (struct core_change){ step, from, to, reason };
}

void effect_add(struct core *c, enum core_effect_type type, uint32_t step)
{
	if (c->n_effects == c->cap_effects) {
		c->cap_effects = c->cap_effects ? c->cap_effects * 2 : 16;
		c->effects = xrealloc(c->effects, c->cap_effects * sizeof(*c->effects));
	}
	unsigned epoch = step == CORE_NONE ? 0 : node_at(c, step)->epoch;

	c->effects[c->n_effects++] = (struct core_effect){ type, step, epoch };
}

void node_touch(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	if (n->touched)
		return;
	n->touched = true;
	index_push(&c->dirty, i);
}

static bool is_top(const struct core_node *n)
{
	return n->parent == CORE_NONE;
}

static void count(
    struct core *c, const struct core_node *n, enum step_status from, enum step_status to)
{
	if (is_top(n) && step_is_settled(to) && !step_is_settled(from))
		c->n_unsettled--;
	if (is_top(n) && !step_is_settled(to) && step_is_settled(from))
		c->n_unsettled++;
	if (to == STEP_RUNNING && from != STEP_RUNNING)
		c->n_running++;
	if (from == STEP_RUNNING && to != STEP_RUNNING)
		c->n_running--;
}

void node_move(struct core *c, uint32_t i, enum step_status to, const char *fmt, ...)
{
	struct core_node *n = node_at(c, i);
	enum step_status from = n->status;
	va_list ap;

	assert(step_moves[from] & TO(to));
	va_start(ap, fmt);
	n->reason = str_from(arena_vprintf(c->arena, fmt, ap));
	va_end(ap);
	n->status = to;
	if (to == STEP_RUNNING && from == STEP_PENDING)
		n->started_at = c->now;
	if (step_is_settled(to))
		n->ended_at = c->now;
	if (to != STEP_RUNNING)
		n->deadline = n->stall_at = 0;
	count(c, n, from, to);
	node_touch(c, i);
	change_add(c, i, (int)from, (int)to, n->reason);
}

void run_move(struct core *c, enum run_status to, struct str reason)
{
	assert(run_moves[c->status] & TO(to));
	c->reason = copy(c, reason);
	change_add(c, CORE_NONE, (int)c->status, (int)to, c->reason);
	c->status = to;
	c->run_changed = true;
}

/* A new node is a change, too: its row has to be written. Restoring is not. */
uint32_t node_add(struct core *c, struct str name, const struct flow_step *def, enum step_kind kind,
    uint32_t parent, uint32_t ordinal)
{
	struct core_node *n = arena_new(c->arena, struct core_node);

	assert(c->n < RUN_STEPS_MAX);
	*n = (struct core_node){ .name = copy(c, name),
		.def = def,
		.kind = kind,
		.parent = parent,
		.ordinal = ordinal,
		.chosen = -1 };
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->nodes = xrealloc(c->nodes, c->cap * sizeof(struct core_node *));
	}
	uint32_t i = (uint32_t)c->n++;

	c->nodes[i] = n;
	if (is_top(n))
		c->n_unsettled++;
	if (c->in_step) {
		node_touch(c, i);
		change_add(c, i, -1, STEP_PENDING, (struct str){ "", 0 });
	}
	return i;
}
