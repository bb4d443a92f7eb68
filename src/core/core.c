#include "core/priv.h"

#include <assert.h>
#include <stdlib.h>

struct core *core_create(const struct core_config *config)
{
	struct core *c = xalloc(sizeof(*c));

	c->arena = arena_create("core", ARENA_JOB);
	c->flow = config->flow;
	c->ask = config->ask;
	c->size = config->size;
	c->seed = arena_dup(c->arena, config->seed);
	c->reason = (struct str){ "", 0 };
	return c;
}

void core_destroy(struct core *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		json_decref(c->nodes[i]->item);
	free(c->nodes);
	free(c->queue.v);
	free(c->active.v);
	free(c->dirty.v);
	free(c->changes);
	free(c->effects);
	arena_destroy(c->arena);
	free(c);
}

/* --- the step --------------------------------------------------------------------------- */

static int launch(struct core *c)
{
	if (c->n)
		return -EINVAL;
	if (c->flow->uses_repo) {
		node_add(c, STR("snapshot"), NULL, KIND_SNAPSHOT, CORE_NONE, 0);
	} else if (c->size == SIZE_AUTO) {
		c->size = SIZE_SMALL; /* nothing to measure */
		c->run_changed = true;
	}
	if (c->size != SIZE_AUTO)
		plan_flow(c);
	plan_count_waiting(c);
	for (uint32_t i = 0; i < c->n; i++)
		if (!node_at(c, i)->waiting)
			settle_queue(c, i);
	return 0;
}

/* The size has just become known: the rest of the flow comes into being behind the snapshot. */
static void plan_late(struct core *c)
{
	size_t before = c->n;

	if (c->planned || c->size == SIZE_AUTO)
		return;
	plan_flow(c);
	plan_count_waiting(c);
	for (uint32_t i = (uint32_t)before; i < c->n; i++)
		if (c->doomed)
			cancel_waiting(c, i);
		else if (!node_at(c, i)->waiting)
			settle_queue(c, i);
}

static int answer(struct core *c, const struct core_event *ev)
{
	struct core_node *n = ev->step < c->n ? node_at(c, ev->step) : NULL;
	struct core_event ended = *ev;

	if (!n || n->kind != KIND_APPROVAL || n->status != STEP_RUNNING)
		return -ESTALE;
	for (size_t k = 0; k < n->def->approval.choices.n; k++) {
		if (!str_eq(n->def->approval.choices.v[k], ev->reason))
			continue;
		ended.epoch = n->epoch;
		ended.ending = ENDING_ANSWERED;
		return attempt_ended(c, &ended);
	}
	return -EINVAL;
}

static int cancel(struct core *c, const struct core_event *ev)
{
	if (c->status != RUN_RUNNING)
		return -EINVAL;
	if (c->doomed && c->end_as != RUN_CANCELLED) {
		c->end_as = RUN_CANCELLED;
		c->run_changed = true;
	}
	doom(c, RUN_CANCELLED, ev->reason);
	return 0;
}

/* The first wake after a restart: work without a process behind it is simply begun again. */
static void perform_again(struct core *c)
{
	c->restored = false;
	for (uint32_t i = 0; i < c->n; i++) {
		struct core_node *n = node_at(c, i);

		if (n->retired)
			continue;
		if (n->queued)
			effect_add(c, CORE_OFFER, i);
		n->queued = false;
		attempt_restored(c, i);
		if (n->status == STEP_PENDING && n->parent == CORE_NONE && !n->waiting)
			settle_queue(c, i);
		if (n->status != STEP_RUNNING)
			continue;
		if (n->kind == KIND_APPROVAL)
			effect_add(c, CORE_ASK, i);
		else if (c->doomed)
			attempt_kill(c, i, ENDING_CANCELLED);
		else if (n->kind == KIND_FLOW)
			effect_add(c, CORE_CHILD, i);
		else if (n->kind == KIND_EACH || n->kind == KIND_LOOP)
			group_continue(c, i);
	}
}

static int wake(struct core *c)
{
	if (c->status != RUN_RUNNING)
		return -ESTALE;
	if (c->restored)
		perform_again(c);
	attempt_clocks(c);
	return 0;
}

static int dispatch(struct core *c, const struct core_event *ev)
{
	switch (ev->type) {
	case CORE_LAUNCH:
		return launch(c);
	case CORE_CLAIMED:
		return attempt_claimed(c, ev);
	case CORE_ACTIVE:
		return attempt_active(c, ev);
	case CORE_ENDED:
		return attempt_ended(c, ev);
	case CORE_LOST:
		return attempt_lost(c, ev);
	case CORE_ANSWER:
		return answer(c, ev);
	case CORE_CANCEL:
		return cancel(c, ev);
	case CORE_WAKE:
		return wake(c);
	case CORE_RESUME:
		return again_resume(c);
	case CORE_RETRY:
		return again_retry(c, ev->step);
	}
	return -EINVAL;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void begin(struct core *c, msec_t now)
{
	c->now = now;
	c->in_step = true;
	c->run_changed = false;
	c->n_changes = c->n_effects = c->dirty.n = 0;
}

static void finish(struct core *c, struct core_update *ret)
{
	c->in_step = false;
	for (size_t k = 0; k < c->dirty.n; k++)
		node_at(c, c->dirty.v[k])->touched = false;
	if (c->dirty.n > 1)
		qsort(c->dirty.v, c->dirty.n, sizeof(uint32_t), by_value);
	*ret = (struct core_update){ .changes = c->changes,
		.n_changes = c->n_changes,
		.dirty = c->dirty.v,
		.n_dirty = c->dirty.n,
		.effects = c->effects,
		.n_effects = c->n_effects,
		.run_changed = c->run_changed,
		.wake_at = c->status == RUN_RUNNING ? attempt_wake_at(c) : 0 };
}

int core_step(struct core *c, const struct core_event *ev, struct core_update *ret)
{
	assert(!c->in_step);
	begin(c, ev->now);
	int rc = dispatch(c, ev);

	if (rc == 0) {
		settle_drain(c);
		plan_late(c);
		settle_drain(c);
		finish_if_over(c);
	}
	finish(c, ret);
	return rc;
}

/* --- restoring -------------------------------------------------------------------------- */

/* The definition behind a stored name: its last part that is no number, below its parent. */
static const struct flow_step *def_of(const struct core *c, const struct core_node *row)
{
	if (row->kind == KIND_SNAPSHOT)
		return NULL;
	if (row->parent == CORE_NONE)
		return flow_find(c->flow, row->name);
	if (row->parent >= c->n || !node_at(c, row->parent)->def)
		return NULL;
	const struct flow_step *p = node_at(c, row->parent)->def;

	if (p->kind == KIND_EACH)
		return p->each.body;
	if (p->kind != KIND_LOOP)
		return NULL;
	if (p->loop.n_body == 1)
		return p->loop.body[0];
	for (size_t k = 0; k < p->loop.n_body; k++) {
		struct str id = p->loop.body[k]->id;

		if (row->name.n > id.n && row->name.p[row->name.n - id.n - 1] == '/' &&
		    str_ends(row->name, id))
			return p->loop.body[k];
	}
	return NULL;
}

static void pad(struct core *c, uint32_t index)
{
	while (c->n < index) { /* rows of a void expansion that were deleted */
		uint32_t i = node_add(c, STR(""), NULL, KIND_CODE, 0, 0);

		node_at(c, i)->retired = true;
	}
}

int core_restore(struct core *c, uint32_t index, const struct core_node *row, struct err *err)
{
	const struct flow_step *def = def_of(c, row);

	if (index < c->n || index >= RUN_STEPS_MAX || (!def && row->kind != KIND_SNAPSHOT) ||
	    (def && def->kind != row->kind))
		return err_set(err, -EPROTO, "stored step '%.*s' does not fit the run's flow",
		    STR_ARG(row->name));
	pad(c, index);
	uint32_t i = node_add(c, row->name, def, row->kind, row->parent, row->ordinal);
	struct core_node *n = node_at(c, i);

	n->ending = row->ending;
	n->reason = copy(c, row->reason);
	n->attempt = row->attempt;
	n->epoch = row->epoch;
	n->partial = row->partial;
	n->upstream = row->upstream;
	n->ready_at = row->ready_at;
	n->started_at = n->active_at = row->started_at;
	n->ended_at = row->ended_at;
	n->key = row->key;
	n->queued = row->offered && row->status == STEP_PENDING && row->kind != KIND_CODE;
	n->offered = n->queued;
	n->item = json_incref(row->item);
	n->status = row->status;
	if (n->parent == CORE_NONE && step_is_settled(n->status))
		c->n_unsettled--;
	if (n->status == STEP_RUNNING)
		c->n_running++;
	if (n->ready_at && n->status == STEP_PENDING)
		index_push(&c->active, i);
	return 0;
}

static void restore_switch(struct core_node *n)
{
	for (size_t k = 0; n->status == STEP_COMPLETED && k < n->def->sw.n_cases; k++)
		if (str_eq(n->def->sw.cases[k].label, n->reason))
			n->chosen = (int)k;
}

/* Groups know their children of now: an each all it has, a loop those of the last round. */
static void restore_group(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	uint32_t last = 0;

	for (uint32_t k = i + 1; k < c->n; k++)
		if (node_at(c, k)->parent == i && !node_at(c, k)->retired)
			last = node_at(c, k)->ordinal;
	n->first = 0;
	for (uint32_t k = i + 1; k < c->n; k++) {
		struct core_node *child = node_at(c, k);

		if (child->parent != i || child->retired ||
		    (n->kind == KIND_LOOP && child->ordinal != last))
			continue;
		if (!n->first)
			n->first = k;
		n->n_children++;
		n->open += !step_is_settled(child->status);
	}
	n->n_items = n->n_children;
	n->next = n->kind == KIND_LOOP ? last : 0;
	if (n->kind == KIND_LOOP)
		plan_round_needs(c, i);
}

void core_restored(struct core *c, enum run_status status, int end_as, struct str reason)
{
	c->status = status;
	c->reason = copy(c, reason);
	c->doomed = end_as >= 0;
	c->end_as = c->doomed ? (enum run_status)end_as : RUN_RUNNING;
	c->restored = true;
	if (c->size != SIZE_AUTO)
		plan_flow(c);
	for (uint32_t i = 0; i < c->n; i++) {
		struct core_node *n = node_at(c, i);

		if (n->retired)
			continue;
		if (n->kind == KIND_EACH || n->kind == KIND_LOOP)
			restore_group(c, i);
		else if (n->kind == KIND_SWITCH)
			restore_switch(n);
	}
	plan_count_waiting(c);
}

void core_spoil(struct core *c, struct str reason)
{
	assert(c->status == RUN_COMPLETED);
	c->status = RUN_FAILED;
	c->reason = copy(c, reason);
}

/* --- looking ---------------------------------------------------------------------------- */

size_t core_count(const struct core *c)
{
	return c->n;
}

const struct core_node *core_node(const struct core *c, uint32_t i)
{
	return c->nodes[i];
}

void core_set_key(struct core *c, uint32_t i, int64_t key)
{
	node_at(c, i)->key = key;
}

/* Among the siblings of FROM's round, then outwards, then at top level. */
uint32_t core_find(const struct core *c, struct str name, uint32_t from)
{
	for (uint32_t at = from; at != CORE_NONE; at = node_at(c, at)->parent) {
		uint32_t parent = node_at(c, at)->parent;

		if (parent == CORE_NONE)
			break;
		for (uint32_t i = (uint32_t)c->n; i-- > 0;) {
			const struct core_node *n = node_at(c, i);

			if (n->parent == parent && !n->retired && n->def &&
			    n->ordinal == node_at(c, at)->ordinal && str_eq(n->def->id, name))
				return i;
		}
	}
	for (uint32_t i = 0; i < c->n; i++) {
		const struct core_node *n = node_at(c, i);

		if (!n->retired && str_eq(n->name, name))
			return i;
	}
	return CORE_NONE;
}

uint32_t core_before(const struct core *c, uint32_t step)
{
	const struct core_node *now = node_at(c, step);

	if (now->parent == CORE_NONE || node_at(c, now->parent)->kind != KIND_LOOP)
		return CORE_NONE;
	for (uint32_t i = (uint32_t)c->n; i-- > 0;) {
		const struct core_node *n = node_at(c, i);

		if (n->parent == now->parent && !n->retired && n->def == now->def &&
		    n->ordinal + 1 == now->ordinal)
			return i;
	}
	return CORE_NONE;
}

uint32_t core_child(const struct core *c, uint32_t parent, uint32_t k)
{
	const struct core_node *p = node_at(c, parent);

	return k < p->n_children ? p->first + k : CORE_NONE;
}

enum run_status core_status(const struct core *c)
{
	return c->status;
}

struct str core_reason(const struct core *c)
{
	return c->reason;
}

int core_end_as(const struct core *c)
{
	return c->doomed && c->status == RUN_RUNNING ? (int)c->end_as : -1;
}

enum flow_size core_size(const struct core *c)
{
	return c->size;
}

const struct flow *core_flow(const struct core *c)
{
	return c->flow;
}
