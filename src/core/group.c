/* Steps that contain others: each (a window over a list), loop (rounds), switch (one of several).
 */
#include "core/priv.h"

static void fail_group(struct core *c, uint32_t i, const char *what, const struct err *err)
{
	node_move(c, i, STEP_FAILED, "%s: %s", what, err->why[0] ? err->why : err->what);
	settle_node(c, i);
}

static void complete_group(struct core *c, uint32_t i, const char *reason)
{
	node_at(c, i)->ending = ENDING_ANSWERED;
	node_move(c, i, STEP_COMPLETED, "%s", reason);
	c->ask->compose(c->ask->ctx, i);
	settle_node(c, i);
}

/* --- each ------------------------------------------------------------------------------- */

static uint32_t window(const struct core_node *n)
{
	uint32_t max = n->def->each.max_parallel;

	return max ? max : n->n_items;
}

/* Starts children as far as the window allows; those that are settled or under way are passed by.
 */
static void each_slide(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	while (n->next < n->n_items && n->flying < window(n)) {
		uint32_t child = n->first + n->next++;
		struct core_node *ch = node_at(c, child);

		if (step_is_settled(ch->status) || ch->started)
			continue;
		ch->started = true;
		n->flying++;
		settle_queue(c, child);
	}
}

static bool too_many(struct core *c, uint32_t i, size_t count)
{
	struct err err = { 0 };

	if (count <= EACH_ITEMS_MAX && c->n + count <= RUN_STEPS_MAX)
		return false;
	err_set(&err, -E2BIG, "%zu items; at most %d in a list and %d steps in a run", count,
	    EACH_ITEMS_MAX, RUN_STEPS_MAX);
	fail_group(c, i, "over", &err);
	return true;
}

static void each_expand(struct core *c, uint32_t i, json_t *list)
{
	struct core_node *n = node_at(c, i);
	uint32_t count = (uint32_t)json_array_size(list);

	n->first = (uint32_t)c->n;
	n->n_children = n->n_items = n->open = count;
	n->next = n->flying = 0;
	for (uint32_t k = 0; k < count; k++) {
		uint32_t child = plan_child(c, i, n->def->each.body, k, false);

		node_at(c, child)->item = json_incref(json_array_get(list, k));
	}
}

static void each_continue(struct core *c, uint32_t i);

static void each_start(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	struct err err = { 0 };
	json_t *list;

	attempt_begin(c, i);
	if (n->n_items) { /* some of them again */
		each_continue(c, i);
		return;
	}
	if (c->ask->list(c->ask->ctx, i, &n->def->each.over, &list, &err) < 0) {
		fail_group(c, i, "over", &err);
		return;
	}
	if (!too_many(c, i, json_array_size(list))) {
		each_expand(c, i, list);
		if (n->n_items)
			each_slide(c, i);
		else
			complete_group(c, i, "empty list");
	}
	json_decref(list);
}

static void each_finish(struct core *c, uint32_t i)
{
	const struct core_node *n = node_at(c, i);
	unsigned failed = 0;

	for (uint32_t k = 0; k < n->n_items; k++) {
		enum step_status s = node_at(c, n->first + k)->status;

		failed += s == STEP_FAILED || s == STEP_CANCELLED;
	}
	if (failed == n->n_items) {
		node_move(c, i, STEP_FAILED, "all %u items failed", failed);
		settle_node(c, i);
		return;
	}
	char *reason = failed ? arena_printf(c->arena, "%u of %u items failed", failed, n->n_items)
			      : arena_printf(c->arena, "%s", "");

	complete_group(c, i, reason);
}

/* --- loop ------------------------------------------------------------------------------- */

static void loop_round(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	const struct loop_spec *spec = &n->def->loop;
	uint32_t round = ++n->next;

	n->first = (uint32_t)c->n;
	n->n_children = n->open = n->n_items = (uint32_t)spec->n_body;
	for (size_t k = 0; k < spec->n_body; k++)
		plan_child(c, i, spec->body[k], round, spec->n_body > 1);
	plan_round_needs(c, i);
	for (uint32_t k = 0; k < n->n_children; k++) {
		struct core_node *child = node_at(c, n->first + k);

		child->waiting = child->n_needs;
		if (!child->waiting)
			settle_queue(c, n->first + k);
	}
}

static const struct core_node *round_failure(const struct core *c, const struct core_node *n)
{
	for (uint32_t k = 0; k < n->n_children; k++) {
		const struct core_node *child = node_at(c, n->first + k);

		if (child->status == STEP_FAILED && !child->def->may_fail)
			return child;
	}
	return NULL;
}

static void loop_round_over(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	const struct core_node *bad = round_failure(c, n);
	struct err err = { 0 };
	bool done = false;

	if (bad) {
		node_move(c, i, STEP_FAILED, "%.*s failed: %.*s", STR_ARG(bad->name),
		    STR_ARG(bad->reason));
		settle_node(c, i);
		return;
	}
	uint32_t last = n->first + n->n_children - 1;

	if (c->ask->test(c->ask->ctx, last, &n->def->loop.until, &done, &err) < 0)
		fail_group(c, i, "until", &err);
	else if (done)
		complete_group(c, i, "");
	else if (n->next >= n->def->loop.max)
		complete_group(c, i, arena_printf(c->arena, "stopped after %u rounds", n->next));
	else if (c->n + n->def->loop.n_body > RUN_STEPS_MAX)
		complete_group(c, i, "stopped: too many steps in this run");
	else
		loop_round(c, i);
}

/* --- switch ----------------------------------------------------------------------------- */

static void switch_start(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	const struct switch_spec *spec = &n->def->sw;
	struct err err = { 0 };

	attempt_begin(c, i);
	for (size_t k = 0; k < spec->n_cases; k++) {
		bool yes = true;

		if (spec->cases[k].cond.text.p &&
		    c->ask->test(c->ask->ctx, i, &spec->cases[k].cond, &yes, &err) < 0) {
			fail_group(c, i, "case", &err);
			return;
		}
		if (yes) {
			n->chosen = (int)k;
			complete_group(
			    c, i, arena_printf(c->arena, "%.*s", STR_ARG(spec->cases[k].label)));
			return;
		}
	}
	complete_group(c, i, "no case was true");
}

static bool case_holds(const struct switch_spec *spec, int k, struct str id)
{
	if (k < 0)
		return false;
	for (size_t s = 0; s < spec->cases[k].steps.n; s++)
		if (str_eq(spec->cases[k].steps.v[s], id))
			return true;
	return false;
}

static bool switch_names(const struct switch_spec *spec, struct str id)
{
	for (size_t k = 0; k < spec->n_cases; k++)
		if (case_holds(spec, (int)k, id))
			return true;
	return false;
}

bool switch_excludes(const struct core *c, uint32_t i, struct str *ret_why)
{
	const struct core_node *n = node_at(c, i);

	for (uint32_t k = 0; k < n->n_needs; k++) {
		const struct core_node *sw = node_at(c, n->needs[k]);

		if (sw->kind != KIND_SWITCH || sw->status != STEP_COMPLETED ||
		    !switch_names(&sw->def->sw, n->name) ||
		    case_holds(&sw->def->sw, sw->chosen, n->name))
			continue;
		*ret_why = str_from(arena_printf(
		    c->arena, "%.*s chose: %.*s", STR_ARG(sw->name), STR_ARG(sw->reason)));
		return true;
	}
	return false;
}

/* --- all -------------------------------------------------------------------------------- */

void group_start(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	if (n->kind == KIND_EACH) {
		each_start(c, i);
	} else if (n->kind == KIND_SWITCH) {
		switch_start(c, i);
	} else {
		attempt_begin(c, i);
		n->next = 0;
		loop_round(c, i);
	}
}

static void each_continue(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	n->next = n->flying = 0;
	for (uint32_t k = 0; k < n->n_items; k++) {
		struct core_node *child = node_at(c, n->first + k);

		child->started =
		    !step_is_settled(child->status) &&
		    (child->status == STEP_RUNNING || child->ready_at || child->offered);
		n->flying += child->started;
	}
	if (n->open)
		each_slide(c, i);
	else if (n->n_items)
		each_finish(c, i);
	else
		complete_group(c, i, "empty list");
}

static void loop_continue(struct core *c, uint32_t i)
{
	const struct core_node *n = node_at(c, i);

	if (!n->n_children)
		loop_round(c, i);
	else if (!n->open)
		loop_round_over(c, i);
	for (uint32_t k = 0; k < n->n_children; k++) {
		const struct core_node *child = node_at(c, n->first + k);

		if (child->status == STEP_PENDING && !child->waiting)
			settle_queue(c, n->first + k);
	}
}

void group_continue(struct core *c, uint32_t i)
{
	if (c->doomed)
		return;
	if (node_at(c, i)->kind == KIND_EACH)
		each_continue(c, i);
	else
		loop_continue(c, i);
}

void group_child_settled(struct core *c, uint32_t parent, uint32_t child)
{
	struct core_node *p = node_at(c, parent);

	if (node_at(c, child)->started) {
		node_at(c, child)->started = false;
		p->flying--;
	}
	if (p->status != STEP_RUNNING || c->doomed || !p->open)
		return;
	if (--p->open == 0) {
		if (p->kind == KIND_EACH)
			each_finish(c, parent);
		else
			loop_round_over(c, parent);
	} else if (p->kind == KIND_EACH) {
		each_slide(c, parent);
	}
}
