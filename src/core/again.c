/*
 * A run goes on after it was over. What failed, was cancelled or lost is done again, and with it
 * everything that was built on it; what completed and rests on completed work is kept.
 */
#include "core/priv.h"

static void retire_children(struct core *c, uint32_t parent)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct core_node *n = node_at(c, i);

		if (n->parent != parent || n->retired)
			continue;
		n->retired = true;
		node_touch(c, i);
		retire_children(c, i); /* depth is that of the flow file: FLOW_DEPTH_MAX */
	}
	struct core_node *p = node_at(c, parent);

	p->n_children = p->n_items = p->open = p->flying = p->next = 0;
}

static void forget(struct core_node *n)
{
	n->attempt = 0;
	n->ending = ENDING_NONE;
	n->partial = n->upstream = n->offered = n->killing = false;
	n->ready_at = n->ended_at = 0;
	n->chosen = -1;
}

static void reset(struct core *c, uint32_t i);

static void reset_dependants(struct core *c, uint32_t i)
{
	const struct core_node *n = node_at(c, i);

	for (uint32_t k = 0; k < n->n_dependants; k++)
		reset(c, n->dependants[k]);
}

static void back_to_pending(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	forget(n);
	node_move(c, i, STEP_PENDING, "again");
	if (n->kind == KIND_EACH || n->kind == KIND_LOOP)
		retire_children(c, i);
}

/*
 * A step of the top level, with all that depends on it; also a list of which some items are to be
 * done again, since what it was made of will be another. Bounded: each step is reset once.
 */
static void reset(struct core *c, uint32_t i)
{
	const struct core_node *n = node_at(c, i);

	if (n->retired || n->status == STEP_PENDING)
		return;
	back_to_pending(c, i);
	reset_dependants(c, i);
}

static void reopen_each(struct core *c, uint32_t parent)
{
	struct core_node *p = node_at(c, parent);

	p->next = p->open = p->flying = 0;
	for (uint32_t k = 0; k < p->n_children; k++) {
		struct core_node *child = node_at(c, p->first + k);

		child->started = false;
		p->open += !step_is_settled(child->status);
	}
	if (!step_is_settled(p->status))
		return;
	p->ending = ENDING_NONE;
	if (p->parent == CORE_NONE) {
		node_move(c, parent, STEP_RUNNING, "some of its items again");
		reset_dependants(c, parent);
	} else { /* when there is room for it in the list around it */
		p->attempt = 0;
		node_move(c, parent, STEP_PENDING, "some of its items again");
	}
}

/* Rounds hang together: a step inside of a loop is done again with the outermost loop around it. */
static uint32_t unit_of(const struct core *c, uint32_t i)
{
	uint32_t unit = i;

	for (uint32_t at = node_at(c, i)->parent; at != CORE_NONE; at = node_at(c, at)->parent)
		if (node_at(c, at)->kind == KIND_LOOP)
			unit = at;
	return unit;
}

/* The step I, or what it cannot be done again without, and the lists around that go on with it. */
static void reset_unit(struct core *c, uint32_t i)
{
	uint32_t unit = unit_of(c, i), parent = node_at(c, unit)->parent;

	if (parent == CORE_NONE) {
		reset(c, unit);
		return;
	}
	if (node_at(c, unit)->status != STEP_PENDING)
		back_to_pending(c, unit);
	for (uint32_t at = parent; at != CORE_NONE; at = node_at(c, at)->parent)
		reopen_each(c, at);
}

static bool wants_again(const struct core_node *n)
{
	return !n->retired && (n->status == STEP_FAILED || n->status == STEP_CANCELLED ||
				  (n->status == STEP_SKIPPED && n->upstream));
}

/* After the marks are set: count what each step waits for, and look at what waits for nothing. */
static void restart(struct core *c)
{
	c->doomed = false;
	if (c->status != RUN_RUNNING)
		run_move(c, RUN_RUNNING, (struct str){ "", 0 });
	plan_count_waiting(c);
	for (uint32_t i = 0; i < c->n; i++) {
		struct core_node *n = node_at(c, i);

		if (n->retired)
			continue;
		if (n->parent == CORE_NONE && n->status == STEP_PENDING && !n->waiting)
			settle_queue(c, i);
		if (n->kind == KIND_EACH && n->status == STEP_RUNNING)
			group_continue(c, i);
	}
}

static unsigned depth_of(const struct core *c, uint32_t i)
{
	unsigned depth = 0;

	for (uint32_t at = node_at(c, i)->parent; at != CORE_NONE; at = node_at(c, at)->parent)
		depth++;
	return depth;
}

/* The deepest first: a list of which some items are done again keeps the others. */
static bool reset_failed(struct core *c)
{
	unsigned deepest = 0;
	bool any = false;

	for (uint32_t i = 0; i < c->n; i++)
		if (wants_again(node_at(c, i)) && depth_of(c, i) > deepest)
			deepest = depth_of(c, i);
	for (unsigned left = deepest + 1; left > 0; left--) {
		for (uint32_t i = 0; i < c->n; i++) {
			if (!wants_again(node_at(c, i)) || depth_of(c, i) != left - 1)
				continue;
			any = true;
			reset_unit(c, i);
		}
	}
	return any;
}

int again_resume(struct core *c)
{
	if (c->status == RUN_RUNNING)
		return 0; /* it goes on already */
	if (c->status == RUN_COMPLETED)
		return -EINVAL;
	reset_failed(c);
	restart(c);
	return 0;
}

int again_retry(struct core *c, uint32_t step)
{
	if (c->status == RUN_RUNNING)
		return -EINVAL;
	if (step == CORE_NONE) {
		if (!reset_failed(c))
			return -EINVAL;
	} else {
		struct core_node *n = step < c->n ? node_at(c, step) : NULL;

		if (!n || n->retired || !step_is_settled(n->status))
			return -EINVAL;
		reset_unit(c, step);
	}
	restart(c);
	return 0;
}
