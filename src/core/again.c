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

/* Back to pending, with all that depends on it. Bounded: each step is reset once. */
static void reset(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	if (n->retired || n->status == STEP_PENDING)
		return;
	forget(n);
	if (n->status == STEP_RUNNING) {
		if (n->parent == CORE_NONE)
			return; /* a group that is already open again */
	} else {
		node_move(c, i, STEP_PENDING, "again");
	}
	if (n->kind == KIND_EACH || n->kind == KIND_LOOP)
		retire_children(c, i);
	reset_dependants(c, i);
}

static void reopen_each(struct core *c, uint32_t parent);

/* One child of an each again, inside its parent; a round of a loop only as a whole. */
static void reset_child(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	uint32_t parent = n->parent;

	if (node_at(c, parent)->kind != KIND_EACH) {
		reset(c, parent);
		return;
	}
	forget(n);
	node_move(c, i, STEP_PENDING, "again");
	if (n->kind == KIND_EACH || n->kind == KIND_LOOP)
		retire_children(c, i);
	reopen_each(c, parent);
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
	if (p->status != STEP_RUNNING) {
		p->ending = ENDING_NONE;
		node_move(c, parent, STEP_RUNNING, "some of its items again");
		reset_dependants(c, parent);
	}
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

static bool reset_failed(struct core *c)
{
	bool any = false;

	/* children first: a parent that is reset afterwards takes them with it */
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < c->n; i++) {
			struct core_node *n = node_at(c, i);

			if (!wants_again(n) || (n->parent == CORE_NONE) != (pass == 1))
				continue;
			any = true;
			if (pass == 0)
				reset_child(c, i);
			else
				reset(c, i);
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
		if (n->parent == CORE_NONE)
			reset(c, step);
		else
			reset_child(c, step);
	}
	restart(c);
	return 0;
}
