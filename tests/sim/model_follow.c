/* What follows from what, in the model: found by looking at all of it again. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

#define ITEMS_MAX 16

bool model_is_group(enum step_kind k)
{
	return k == KIND_EACH || k == KIND_LOOP || k == KIND_SWITCH;
}

bool model_is_timed(enum step_kind k)
{
	return k == KIND_AGENT || k == KIND_COMMAND || k == KIND_SNAPSHOT || k == KIND_APPROVAL;
}

/* --- looking ---------------------------------------------------------------------------------- */

static bool needs_settled(const struct model *m, int i)
{
	int needs[MODEL_NEEDS_MAX], n = model_needs(m, i, needs);

	for (int k = 0; k < n; k++)
		if (!step_is_settled(model_at(m, needs[k])->status))
			return false;
	return true;
}

bool model_admitted(const struct model *m, int i)
{
	const struct model_node *n = model_at(m, i), *p = model_at(m, n->parent);
	unsigned before = 0, max = p->def->each.max_parallel;

	for (int k = 0; k < m->n; k++) {
		const struct model_node *other = model_at(m, k);

		before += !other->dead && other->parent == n->parent &&
			  other->ordinal < n->ordinal && !step_is_settled(other->status);
	}
	return !max || before < max;
}

bool model_may_look(const struct model *m, int i)
{
	const struct model_node *n = model_at(m, i);

	if (n->dead || n->status != STEP_PENDING || n->offered || n->asleep || n->ready_at ||
	    m->end_as >= 0)
		return false;
	if (n->parent < 0)
		return needs_settled(m, i);
	const struct model_node *p = model_at(m, n->parent);

	if (p->status != STEP_RUNNING)
		return false;
	return p->kind == KIND_EACH ? model_admitted(m, i)
				    : n->ordinal == p->round && needs_settled(m, i);
}

/* --- what follows ------------------------------------------------------------------------------
 */

static void has_settled(struct model *m, int i);

void model_begin(struct model *m, int i)
{
	struct model_node *n = model_at(m, i);

	n->attempt++;
	n->epoch++;
	n->offered = n->killing = false;
	n->ready_at = 0;
	n->ending = ENDING_NONE;
	n->status = STEP_RUNNING;
	n->started_at = n->active_at = m->now;
	n->timed = model_is_timed(n->kind);
}

void model_settle(struct model *m, int i, enum step_status status)
{
	struct model_node *n = model_at(m, i);

	n->status = status;
	n->timed = n->killing = false;
	has_settled(m, i);
}

static void complete(struct model *m, int i, struct str output)
{
	model_at(m, i)->ending = ENDING_ANSWERED;
	model_at(m, i)->output = model_keep(output);
	model_settle(m, i, STEP_COMPLETED);
}

void model_doom(struct model *m, enum run_status end_as)
{
	if (m->end_as >= 0)
		return;
	m->end_as = (int)end_as;
	for (int i = 0; i < m->n; i++) {
		struct model_node *n = model_at(m, i);

		if (n->dead)
			continue;
		if (n->status == STEP_PENDING ||
		    (n->status == STEP_RUNNING && n->kind == KIND_APPROVAL)) {
			n->status = STEP_CANCELLED;
			n->offered = n->timed = false;
		} else if (n->status == STEP_RUNNING && !model_is_group(n->kind)) {
			n->killing = true;
			n->ending = ENDING_CANCELLED;
		}
	}
}

static void each_over(struct model *m, int i)
{
	unsigned all = 0, failed = 0;

	for (int k = 0; k < m->n; k++) {
		const struct model_node *child = model_at(m, k);

		if (child->dead || child->parent != i)
			continue;
		if (!step_is_settled(child->status))
			return;
		all++;
		failed += child->status == STEP_FAILED || child->status == STEP_CANCELLED;
	}
	if (failed == all)
		model_settle(m, i, STEP_FAILED);
	else
		complete(m, i, STR("?"));
}

static void begin_round(struct model *m, int i)
{
	const struct flow_step *def = model_at(m, i)->def;
	unsigned round = ++model_at(m, i)->round;

	for (size_t k = 0; k < def->loop.n_body; k++) {
		char name[128];

		if (def->loop.n_body > 1)
			snprintf(name, sizeof(name), "%.*s/%u/%.*s", STR_ARG(model_at(m, i)->name),
			    round, STR_ARG(def->loop.body[k]->id));
		else
			snprintf(
			    name, sizeof(name), "%.*s/%u", STR_ARG(model_at(m, i)->name), round);
		model_add(m, str_from(name), def->loop.body[k], def->loop.body[k]->kind, i, round);
	}
}

static void round_over(struct model *m, int i)
{
	const struct model_node *n = model_at(m, i);
	struct str output = { "", 0 };
	int last = -1;

	for (int k = 0; k < m->n; k++) {
		const struct model_node *child = model_at(m, k);

		if (child->dead || child->parent != i || child->ordinal != n->round)
			continue;
		if (!step_is_settled(child->status))
			return;
		last = k;
		if (child->status == STEP_COMPLETED && child->output.p)
			output = child->output;
	}
	for (int k = 0; k < m->n; k++) {
		const struct model_node *child = model_at(m, k);

		if (!child->dead && child->parent == i && child->ordinal == n->round &&
		    child->status == STEP_FAILED && !child->def->may_fail) {
			model_settle(m, i, STEP_FAILED);
			return;
		}
	}
	int done = model_test(m, last, str_trim(n->def->loop.until.text));

	if (done < 0)
		model_settle(m, i, STEP_FAILED);
	else if (done || n->round >= n->def->loop.max)
		complete(m, i, output);
	else
		begin_round(m, i);
}

static void has_settled(struct model *m, int i)
{
	const struct model_node *n = model_at(m, i);

	if (n->parent < 0) {
		if (n->status == STEP_FAILED && !(n->def && n->def->may_fail))
			model_doom(m, RUN_FAILED);
		return;
	}
	int p = n->parent;

	if (m->end_as >= 0 || model_at(m, p)->status != STEP_RUNNING)
		return;
	if (model_at(m, p)->kind == KIND_LOOP) {
		round_over(m, p);
		return;
	}
	for (int k = 0; k < m->n; k++) /* the list is gone through again */
		if (!model_at(m, k)->dead && model_at(m, k)->parent == p && model_admitted(m, k))
			model_at(m, k)->asleep = false;
	each_over(m, p);
}

/* --- beginning ---------------------------------------------------------------------------------
 */

static bool is_excluded(const struct model *m, int i)
{
	int needs[MODEL_NEEDS_MAX], n = model_needs(m, i, needs);

	for (int k = 0; k < n; k++) {
		const struct model_node *sw = model_at(m, needs[k]);
		bool named = false, chosen = false;

		if (sw->kind != KIND_SWITCH || sw->status != STEP_COMPLETED)
			continue;
		for (size_t c = 0; c < sw->def->sw.n_cases; c++)
			for (size_t s = 0; s < sw->def->sw.cases[c].steps.n; s++)
				if (str_eq(sw->def->sw.cases[c].steps.v[s], model_at(m, i)->name)) {
					named = true;
					chosen |= (int)c == sw->chosen;
				}
		if (named && !chosen)
			return true;
	}
	return false;
}

static bool is_blocked(const struct model *m, int i)
{
	const struct model_node *n = model_at(m, i);
	int needs[MODEL_NEEDS_MAX], n_needs = model_needs(m, i, needs);
	bool any = false, all = true;

	for (int k = 0; k < n_needs; k++) {
		const struct model_node *need = model_at(m, needs[k]);
		bool done = need->status == STEP_COMPLETED;

		if (need->kind == KIND_SNAPSHOT && !done)
			return true;
		any |= done && need->kind != KIND_SNAPSHOT && need->kind != KIND_SWITCH;
		all &= done || (need->status == STEP_SKIPPED && !need->upstream);
	}
	switch (n->def ? n->def->trigger : TRIGGER_ALL_SUCCESS) {
	case TRIGGER_ALL_DONE:
		return false;
	case TRIGGER_ONE_SUCCESS:
		return !any && n_needs;
	case TRIGGER_ALL_SUCCESS:
		break;
	}
	return !all;
}

static void start_each(struct model *m, int i)
{
	struct str items[ITEMS_MAX];
	bool again = false;

	model_begin(m, i);
	for (int k = 0; k < m->n; k++)
		again |= !model_at(m, k)->dead && model_at(m, k)->parent == i;
	if (again) {
		each_over(m, i);
		return;
	}
	const struct flow_step *def = model_at(m, i)->def;
	int n = model_list(m, i, str_trim(def->each.over.text), items, ITEMS_MAX);

	if (n < 0) {
		model_settle(m, i, STEP_FAILED);
		return;
	}
	for (int k = 0; k < n; k++) {
		char name[128];

		snprintf(name, sizeof(name), "%.*s/%d", STR_ARG(model_at(m, i)->name), k);
		model_add(m, str_from(name), def->each.body, def->each.body->kind, i, (unsigned)k);
	}
	if (!n)
		complete(m, i, STR("[]"));
}

static void start_switch(struct model *m, int i)
{
	const struct switch_spec *spec = &model_at(m, i)->def->sw;

	model_begin(m, i);
	for (size_t k = 0; k < spec->n_cases; k++) {
		int yes = spec->cases[k].cond.text.p
			      ? model_test(m, i, str_trim(spec->cases[k].cond.text))
			      : 1;

		if (yes < 0) {
			model_settle(m, i, STEP_FAILED);
			return;
		}
		if (yes) {
			model_at(m, i)->chosen = (int)k;
			complete(m, i, spec->cases[k].label);
			return;
		}
	}
	complete(m, i, STR("no case was true"));
}

static void start(struct model *m, int i)
{
	switch ((int)model_at(m, i)->kind) {
	case KIND_EACH:
		start_each(m, i);
		break;
	case KIND_LOOP:
		model_begin(m, i);
		model_at(m, i)->round = 0;
		begin_round(m, i);
		break;
	case KIND_SWITCH:
		start_switch(m, i);
		break;
	case KIND_APPROVAL:
	case KIND_FLOW:
		model_begin(m, i);
		break;
	default:
		model_at(m, i)->offered = true;
	}
}

static void look_at(struct model *m, int i)
{
	const struct model_node *n = model_at(m, i);
	int wants = 1;

	if (is_excluded(m, i)) {
		model_settle(m, i, STEP_SKIPPED);
		return;
	}
	if (is_blocked(m, i)) {
		model_at(m, i)->upstream = true;
		model_settle(m, i, STEP_SKIPPED);
		return;
	}
	if (n->def && n->def->cond.text.p)
		wants = model_test(m, i, str_trim(n->def->cond.text));
	if (wants == 1)
		start(m, i);
	else
		model_settle(m, i, wants ? STEP_FAILED : STEP_SKIPPED);
}

void model_follow(struct model *m)
{
	for (bool more = true; more;) {
		more = false;
		for (int i = 0; i < m->n; i++)
			if (model_may_look(m, i)) {
				look_at(m, i);
				more = true;
			}
	}
}

/* --- the end of the run ------------------------------------------------------------------------
 */

static bool any_worked(const struct model *m)
{
	bool agents = false, other = m->flow->n_steps == 0;

	for (int i = 0; i < m->n; i++) {
		const struct model_node *n = model_at(m, i);

		if (n->dead || n->kind == KIND_SNAPSHOT)
			continue;
		if (n->kind == KIND_AGENT && n->status == STEP_COMPLETED)
			return true;
		agents |= n->kind == KIND_AGENT;
		other |= n->status == STEP_COMPLETED;
	}
	return !agents && other;
}

void model_finish(struct model *m)
{
	bool alive = false, open = false;

	if (m->status != RUN_RUNNING || (!m->planned && m->end_as < 0))
		return;
	for (int i = 0; i < m->n; i++) {
		const struct model_node *n = model_at(m, i);

		if (n->dead)
			continue;
		alive |= n->status == STEP_RUNNING && !model_is_group(n->kind);
		open |= n->parent < 0 && !step_is_settled(n->status);
	}
	if (m->end_as >= 0 && !alive) {
		for (int i = 0; i < m->n; i++)
			if (!model_at(m, i)->dead && model_at(m, i)->status == STEP_RUNNING)
				model_at(m, i)->status = STEP_CANCELLED;
		m->status = (enum run_status)m->end_as;
	} else if (m->end_as < 0 && !open) {
		m->status = any_worked(m) ? RUN_COMPLETED : RUN_FAILED;
	}
}
