/* The model's way to go on after the end. */
#include "model.h"

static bool wants_again(const struct model_node *n)
{
	return !n->dead && (n->status == STEP_FAILED || n->status == STEP_CANCELLED ||
			       (n->status == STEP_SKIPPED && n->upstream));
}

static void drop_children(struct model *m, int parent)
{
	for (int i = 0; i < m->n; i++)
		if (!model_at(m, i)->dead && model_at(m, i)->parent == parent) {
			model_at(m, i)->dead = true;
			drop_children(m, i);
		}
}

static void forget(struct model *m, int i)
{
	struct model_node *n = model_at(m, i);

	n->status = STEP_PENDING;
	n->attempt = 0;
	n->ending = ENDING_NONE;
	n->upstream = n->offered = n->asleep = n->killing = false;
	n->ready_at = 0;
	n->chosen = -1;
}

static void anew(struct model *m, int i)
{
	forget(m, i);
	drop_children(m, i);
}

/* The outermost loop around I, or I itself. */
static int unit_of(const struct model *m, int i)
{
	int unit = i;

	for (int at = model_at(m, i)->parent; at >= 0; at = model_at(m, at)->parent)
		if (model_at(m, at)->kind == KIND_LOOP)
			unit = at;
	return unit;
}

/* Everything built on I, directly or not, begins anew. */
static void anew_behind(struct model *m, int i)
{
	int needs[MODEL_NEEDS_MAX];

	for (int k = 0; k < m->n; k++) {
		if (model_at(m, k)->dead || model_at(m, k)->parent >= 0 ||
		    model_at(m, k)->status == STEP_PENDING)
			continue;
		int n = model_needs(m, k, needs);

		for (int d = 0; d < n; d++)
			if (needs[d] == i) {
				anew(m, k);
				anew_behind(m, k);
				break;
			}
	}
}

static int depth_of(const struct model *m, int i)
{
	int depth = 0;

	while ((i = model_at(m, i)->parent) >= 0)
		depth++;
	return depth;
}

/* Unit I again; the lists around it go on with what else they have. */
static void again(struct model *m, int i)
{
	anew(m, i);
	for (int at = model_at(m, i)->parent; at >= 0; at = model_at(m, at)->parent) {
		struct model_node *p = model_at(m, at);

		if (!step_is_settled(p->status))
			continue;
		p->ending = ENDING_NONE;
		if (p->parent < 0) {
			p->status = STEP_RUNNING;
		} else {
			p->status = STEP_PENDING;
			p->attempt = 0;
		}
	}
	while (model_at(m, i)->parent >= 0)
		i = model_at(m, i)->parent;
	anew_behind(m, i);
}

static bool again_all(struct model *m)
{
	bool any = false;

	for (int depth = 8; depth >= 0; depth--)
		for (int i = 0; i < m->n; i++)
			if (wants_again(model_at(m, i)) && depth_of(m, i) == depth) {
				again(m, unit_of(m, i));
				any = true;
			}
	return any;
}

static void go_on(struct model *m)
{
	m->end_as = -1;
	m->status = RUN_RUNNING;
}

int model_resume(struct model *m)
{
	if (m->status == RUN_RUNNING)
		return 0;
	if (m->status == RUN_COMPLETED)
		return -EINVAL;
	again_all(m);
	go_on(m);
	return 0;
}

int model_retry(struct model *m, int step)
{
	if (m->status == RUN_RUNNING)
		return -EINVAL;
	if (step < 0 && !again_all(m))
		return -EINVAL;
	if (step >= 0) {
		if (!step_is_settled(model_at(m, step)->status))
			return -EINVAL;
		again(m, unit_of(m, step));
	}
	go_on(m);
	return 0;
}
