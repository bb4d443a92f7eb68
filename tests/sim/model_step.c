/* The model's events: what each does, what follows from it, and whether the core says the same. */
#include "model.h"

#include "base/json.h"
#include "engine/live.h"

#include <stdio.h>
#include <stdlib.h>

#define PAUSE_MAX ((msec_t)5 * 60 * 1000)
#define ITEMS_MAX 16

static bool is_group(enum step_kind k)
{
	return k == KIND_EACH || k == KIND_LOOP || k == KIND_SWITCH;
}

static bool is_timed(enum step_kind k)
{
	return k == KIND_AGENT || k == KIND_COMMAND || k == KIND_SNAPSHOT || k == KIND_APPROVAL;
}

static msec_t limit_of(const struct model_node *n)
{
	return n->def ? n->def->timeout : (msec_t)15 * 60 * 1000;
}

static msec_t stall_of(const struct model_node *n)
{
	if (!n->def)
		return (msec_t)2 * 60 * 1000;
	return n->kind == KIND_AGENT || n->kind == KIND_COMMAND ? n->def->stall : 0;
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

static bool may_be_looked_at(const struct model *m, int i)
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

static void begin_attempt(struct model *m, int i)
{
	struct model_node *n = model_at(m, i);

	n->attempt++;
	n->epoch++;
	n->offered = n->killing = false;
	n->ready_at = 0;
	n->ending = ENDING_NONE;
	n->status = STEP_RUNNING;
	n->started_at = n->active_at = m->now;
	n->timed = is_timed(n->kind);
}

static void settle(struct model *m, int i, enum step_status status)
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
	settle(m, i, STEP_COMPLETED);
}

static void doom(struct model *m, enum run_status end_as)
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
		} else if (n->status == STEP_RUNNING && !is_group(n->kind)) {
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
		settle(m, i, STEP_FAILED);
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
			settle(m, i, STEP_FAILED);
			return;
		}
	}
	int done = model_test(m, last, str_trim(n->def->loop.until.text));

	if (done < 0)
		settle(m, i, STEP_FAILED);
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
			doom(m, RUN_FAILED);
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

	begin_attempt(m, i);
	for (int k = 0; k < m->n; k++)
		again |= !model_at(m, k)->dead && model_at(m, k)->parent == i;
	if (again) {
		each_over(m, i);
		return;
	}
	const struct flow_step *def = model_at(m, i)->def;
	int n = model_list(m, i, str_trim(def->each.over.text), items, ITEMS_MAX);

	if (n < 0) {
		settle(m, i, STEP_FAILED);
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

	begin_attempt(m, i);
	for (size_t k = 0; k < spec->n_cases; k++) {
		int yes = spec->cases[k].cond.text.p
			      ? model_test(m, i, str_trim(spec->cases[k].cond.text))
			      : 1;

		if (yes < 0) {
			settle(m, i, STEP_FAILED);
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
		begin_attempt(m, i);
		model_at(m, i)->round = 0;
		begin_round(m, i);
		break;
	case KIND_SWITCH:
		start_switch(m, i);
		break;
	case KIND_APPROVAL:
	case KIND_FLOW:
		begin_attempt(m, i);
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
		settle(m, i, STEP_SKIPPED);
		return;
	}
	if (is_blocked(m, i)) {
		model_at(m, i)->upstream = true;
		settle(m, i, STEP_SKIPPED);
		return;
	}
	if (n->def && n->def->cond.text.p)
		wants = model_test(m, i, str_trim(n->def->cond.text));
	if (wants == 1)
		start(m, i);
	else
		settle(m, i, wants ? STEP_FAILED : STEP_SKIPPED);
}

static void follow(struct model *m)
{
	for (bool more = true; more;) {
		more = false;
		for (int i = 0; i < m->n; i++)
			if (may_be_looked_at(m, i)) {
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

static void finish(struct model *m)
{
	bool alive = false, open = false;

	if (m->status != RUN_RUNNING || (!m->planned && m->end_as < 0))
		return;
	for (int i = 0; i < m->n; i++) {
		const struct model_node *n = model_at(m, i);

		if (n->dead)
			continue;
		alive |= n->status == STEP_RUNNING && !is_group(n->kind);
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

/* --- events ------------------------------------------------------------------------------------
 */

static void fail_or_retry(struct model *m, int i)
{
	struct model_node *n = model_at(m, i);
	unsigned retries = n->def ? n->def->retries : 1;
	uint32_t on = n->def ? n->def->retry_on
			     : ENDING_BIT(ENDING_CRASHED) | ENDING_BIT(ENDING_STALLED) |
				   ENDING_BIT(ENDING_TIMED_OUT);

	if (m->end_as < 0 && (on & ENDING_BIT(n->ending)) && n->attempt <= retries) {
		n->status = STEP_PENDING;
		n->timed = n->killing = false;
		n->ready_at = m->now + core_backoff(m->seed, n->seat, n->attempt, n->ending);
		return;
	}
	settle(m, i, STEP_FAILED);
}

static void conclude(struct model *m, int i, enum ending ending, bool usable, struct str output)
{
	struct model_node *n = model_at(m, i);

	n->ending = ending;
	if (ending == ENDING_ANSWERED || (ending == ENDING_TRUNCATED && usable)) {
		n->output = output.p ? model_keep(output) : output;
		settle(m, i, STEP_COMPLETED);
	} else if (ending == ENDING_CANCELLED) {
		settle(m, i, STEP_CANCELLED);
	} else {
		fail_or_retry(m, i);
	}
}

static bool is_current(const struct model *m, int i, unsigned epoch)
{
	return i >= 0 && model_at(m, i)->status == STEP_RUNNING && model_at(m, i)->epoch == epoch;
}

/* What the engine made of a code step has to be what it is here. */
static void check_code(struct model *m, int i, const struct core_event *ev, struct str output)
{
	struct str expected;
	bool gives = model_code(m, i, str_trim(model_at(m, i)->def->code.run.text), &expected);

	if (gives != (ev->ending == ENDING_ANSWERED) || (gives && !str_eq(expected, output)))
		snprintf(m->wrong, sizeof(m->wrong), "code step %.*s gave %.*s, not %.*s",
		    STR_ARG(model_at(m, i)->name), STR_ARG(str_take(output, 60)),
		    STR_ARG(gives ? str_take(expected, 60) : STR("an error")));
}

static int ended(struct model *m, int i, struct live *lv, const struct core_event *ev)
{
	enum ending ending = ev->ending;

	if (i >= 0 && model_at(m, i)->kind == KIND_CODE && model_at(m, i)->status == STEP_PENDING &&
	    model_at(m, i)->offered && model_at(m, i)->epoch + 1 == ev->epoch) {
		check_code(m, i, ev, live_output(lv, ev->step));
		begin_attempt(m, i);
	}
	if (!is_current(m, i, ev->epoch))
		return -ESTALE;
	struct model_node *n = model_at(m, i);

	if (n->killing && ending != ENDING_ANSWERED)
		ending = n->ending;
	else if (ending == ENDING_CANCELLED && !n->killing && m->end_as < 0 && is_timed(n->kind))
		ending = ENDING_STALLED;
	if (n->kind == KIND_SNAPSHOT && ending == ENDING_ANSWERED && m->size == SIZE_AUTO)
		m->size = ev->size == SIZE_AUTO ? SIZE_SMALL : ev->size;
	conclude(m, i, ending, ev->usable, live_output(lv, ev->step));
	return 0;
}

static int lost(struct model *m, int i, const struct core_event *ev)
{
	if (!is_current(m, i, ev->epoch))
		return -ESTALE;
	struct model_node *n = model_at(m, i);

	n->ending = ENDING_LOST;
	n->attempt -= n->attempt > 0;
	n->timed = n->killing = n->asleep = false;
	n->status = m->end_as >= 0 ? STEP_CANCELLED : STEP_PENDING;
	return 0;
}

static int claimed(struct model *m, int i)
{
	if (i < 0 || model_at(m, i)->status != STEP_PENDING || !model_at(m, i)->offered)
		return -ESTALE;
	begin_attempt(m, i);
	return 0;
}

static int active(struct model *m, int i, const struct core_event *ev)
{
	if (!is_current(m, i, ev->epoch))
		return -ESTALE;
	model_at(m, i)->active_at = m->now;
	return 0;
}

static int answered(struct model *m, int i, const struct core_event *ev)
{
	if (i < 0 || model_at(m, i)->kind != KIND_APPROVAL ||
	    model_at(m, i)->status != STEP_RUNNING)
		return -ESTALE;
	const struct strs *choices = &model_at(m, i)->def->approval.choices;

	for (size_t k = 0; k < choices->n; k++)
		if (str_eq(choices->v[k], ev->reason)) {
			conclude(m, i, ENDING_ANSWERED, true, ev->reason);
			return 0;
		}
	return -EINVAL;
}

static int cancel(struct model *m)
{
	if (m->status != RUN_RUNNING)
		return -EINVAL;
	if (m->end_as >= 0)
		m->end_as = RUN_CANCELLED;
	doom(m, RUN_CANCELLED);
	return 0;
}

static void expire(struct model *m, int i, enum ending as)
{
	struct model_node *n = model_at(m, i);

	if (n->kind != KIND_APPROVAL) {
		n->killing = true;
		n->ending = as;
		return;
	}
	struct str choice = n->def->approval.on_timeout;

	if (choice.n && !str_is(choice, "fail"))
		conclude(m, i, ENDING_ANSWERED, true, choice);
	else
		conclude(m, i, ENDING_TIMED_OUT, false, (struct str){ NULL, 0 });
}

static void wake_up(struct model *m)
{
	m->restored = false;
	for (int i = 0; i < m->n; i++) {
		struct model_node *n = model_at(m, i);

		n->asleep = false;
		if (n->dead)
			continue;
		if (n->status == STEP_PENDING && n->ready_at > m->now + PAUSE_MAX * 5 / 4)
			n->ready_at = m->now + PAUSE_MAX;
		if (n->status != STEP_RUNNING)
			continue;
		n->timed = is_timed(n->kind);
		n->active_at = m->now;
		if (n->timed && n->started_at > m->now)
			n->started_at = m->now;
		if (m->end_as >= 0 && !is_group(n->kind)) {
			n->killing = true;
			n->ending = ENDING_CANCELLED;
		}
	}
}

static int wake(struct model *m)
{
	if (m->status != RUN_RUNNING)
		return -ESTALE;
	if (m->restored)
		wake_up(m);
	follow(m);
	for (int i = 0; i < m->n; i++) {
		struct model_node *n = model_at(m, i);

		if (n->dead)
			continue;
		if (n->status == STEP_PENDING && n->ready_at && n->ready_at <= m->now)
			n->ready_at = 0;
		if (n->status != STEP_RUNNING || !n->timed || n->killing)
			continue;
		if (limit_of(n) && n->started_at + limit_of(n) <= m->now)
			expire(m, i, ENDING_TIMED_OUT);
		else if (stall_of(n) && n->active_at + stall_of(n) <= m->now)
			expire(m, i, ENDING_STALLED);
	}
	return 0;
}

static int launch(struct model *m)
{
	if (m->n)
		return -EINVAL;
	if (m->flow->uses_repo)
		model_add(m, STR("snapshot"), NULL, KIND_SNAPSHOT, -1, 0);
	else if (m->size == SIZE_AUTO)
		m->size = SIZE_SMALL;
	if (m->size != SIZE_AUTO)
		model_plan(m);
	return 0;
}

static int dispatch(struct model *m, int i, struct live *lv, const struct core_event *ev)
{
	switch (ev->type) {
	case CORE_LAUNCH:
		return launch(m);
	case CORE_CLAIMED:
		return claimed(m, i);
	case CORE_ACTIVE:
		return active(m, i, ev);
	case CORE_ENDED:
		return ended(m, i, lv, ev);
	case CORE_LOST:
		return lost(m, i, ev);
	case CORE_ANSWER:
		return answered(m, i, ev);
	case CORE_CANCEL:
		return cancel(m);
	case CORE_WAKE:
		return wake(m);
	case CORE_RESUME:
		return model_resume(m);
	case CORE_RETRY:
		return model_retry(m, i);
	}
	return -EINVAL;
}

/* --- comparing ---------------------------------------------------------------------------------
 */

static msec_t wake_at(const struct model *m)
{
	msec_t at = 0;

	for (int i = 0; i < m->n && m->status == RUN_RUNNING; i++) {
		const struct model_node *n = model_at(m, i);
		msec_t times[3] = { 0 };

		if (n->dead)
			continue;
		if (n->status == STEP_PENDING)
			times[0] = n->ready_at;
		if (n->status == STEP_RUNNING && n->timed && !n->killing) {
			times[1] = limit_of(n) ? n->started_at + limit_of(n) : 0;
			times[2] = stall_of(n) ? n->active_at + stall_of(n) : 0;
		}
		for (int t = 0; t < 3; t++)
			if (times[t] && (!at || times[t] < at))
				at = times[t];
	}
	return at;
}

static bool differs(struct model *m, const struct core_node *n, const struct model_node *mine)
{
	bool pending = n->status == STEP_PENDING, running = n->status == STEP_RUNNING;

	if (n->status == mine->status && n->attempt == mine->attempt && n->epoch == mine->epoch &&
	    n->upstream == mine->upstream && (!pending || n->offered == mine->offered) &&
	    (!pending || n->ready_at == mine->ready_at) &&
	    (!running || n->killing == mine->killing))
		return false;
	snprintf(m->wrong, sizeof(m->wrong),
	    "step %.*s is %s attempt %u epoch %u%s%s%s ready %lld; by the model %s attempt %u "
	    "epoch "
	    "%u%s%s%s ready %lld",
	    STR_ARG(n->name), step_status_name(n->status), n->attempt, n->epoch,
	    n->offered ? " offered" : "", n->upstream ? " upstream" : "",
	    n->killing ? " killing" : "", (long long)n->ready_at, step_status_name(mine->status),
	    mine->attempt, mine->epoch, mine->offered ? " offered" : "",
	    mine->upstream ? " upstream" : "", mine->killing ? " killing" : "",
	    (long long)mine->ready_at);
	return true;
}

/* The step fell out of the order in which it was looked at when the run failed. */
static void adopt(struct model *m, const struct core *c)
{
	for (int i = 0; i < m->n; i++)
		if (core_find(c, model_at(m, i)->name, CORE_NONE) == CORE_NONE)
			model_at(m, i)->dead = true;
	for (uint32_t k = 0; k < core_count(c); k++) {
		const struct core_node *n = core_node(c, k);
		int i = n->retired ? -1 : model_find(m, n->name);

		if (n->retired)
			continue;
		if (i < 0)
			i = model_add(m, n->name, n->def, n->kind,
			    n->parent == CORE_NONE ? -1
						   : model_find(m, core_node(c, n->parent)->name),
			    n->ordinal);
		struct model_node *mine = model_at(m, i);

		if (n->status == STEP_COMPLETED && !is_group(n->kind))
			continue; /* no order explains that */
		mine->status = n->status;
		mine->attempt = n->attempt;
		mine->epoch = n->epoch;
		mine->upstream = n->upstream;
		mine->offered = n->offered;
		mine->killing = n->killing;
		if (n->killing)
			mine->ending = ENDING_CANCELLED;
		mine->ready_at = n->ready_at;
		if (n->status == STEP_COMPLETED && !mine->output.p)
			mine->output = STR("?");
	}
	m->status = core_status(c);
}

static void compare(struct model *m, const struct core *c, msec_t at)
{
	int mine = 0, seen = 0, all = 0;

	for (uint32_t k = 0; k < core_count(c) && !m->wrong[0]; k++) {
		const struct core_node *n = core_node(c, k);

		if (n->retired)
			continue;
		if (mine >= m->n || model_at(m, mine)->dead ||
		    !str_eq(model_at(m, mine)->name, n->name))
			mine = model_find(m, n->name);
		if (mine < 0) {
			snprintf(m->wrong, sizeof(m->wrong), "there is no step %.*s by the model",
			    STR_ARG(n->name));
			return;
		}
		model_at(m, mine)->seat = k;
		differs(m, n, model_at(m, mine));
		seen++;
		mine++;
	}
	for (int i = 0; i < m->n; i++)
		all += !model_at(m, i)->dead;
	if (m->wrong[0])
		return;
	if (all != seen)
		snprintf(m->wrong, sizeof(m->wrong), "%d steps, by the model %d", seen, all);
	else if (core_status(c) != m->status || core_size(c) != m->size ||
		 core_end_as(c) != (m->status == RUN_RUNNING ? m->end_as : -1))
		snprintf(m->wrong, sizeof(m->wrong), "the run is %s, by the model %s",
		    run_status_name(core_status(c)), run_status_name(m->status));
	else if (at != wake_at(m))
		snprintf(m->wrong, sizeof(m->wrong), "to be woken at %lld, by the model at %lld",
		    (long long)at, (long long)wake_at(m));
}

/* Outputs of lists are as the core composed them, also where they became that of a loop. */
static void take_outputs(struct model *m, const struct core *c, struct live *lv)
{
	for (uint32_t k = 0; k < core_count(c); k++) {
		const struct core_node *n = core_node(c, k);
		int i = n->retired || !is_group(n->kind) || n->status != STEP_COMPLETED
			    ? -1
			    : model_find(m, n->name);

		if (i >= 0 && live_known(lv, k)->has && str_is(model_at(m, i)->output, "?"))
			model_at(m, i)->output = model_keep(live_output(lv, k));
	}
}

static void plan_late(struct model *m)
{
	model_plan(m);
	for (int i = 0; i < m->n && m->end_as >= 0; i++)
		if (!model_at(m, i)->dead && model_at(m, i)->status == STEP_PENDING)
			model_at(m, i)->status = STEP_CANCELLED;
}

void model_step(struct model *m, const struct core *c, struct live *lv, const struct core_event *ev,
    struct str name, int rc, const struct core_update *up)
{
	bool doomed = m->end_as >= 0 && m->status == RUN_RUNNING;

	m->now = ev->now;
	m->measured = lv->signals != NULL;
	m->big = json_get_bool(lv->signals, "big", false);
	int mine = dispatch(m, model_find(m, name), lv, ev);

	if (mine != rc) {
		snprintf(m->wrong, sizeof(m->wrong), "event %d is answered %d, by the model %d",
		    (int)ev->type, rc, mine);
		return;
	}
	if (rc)
		return;
	follow(m);
	if (!m->planned && m->size != SIZE_AUTO)
		plan_late(m);
	follow(m);
	finish(m);
	if (!doomed && m->end_as >= 0)
		adopt(m, c);
	take_outputs(m, c, lv);
	compare(m, c, up->wake_at);
}

/* --- after a restart ---------------------------------------------------------------------------
 */

void model_restored(struct model *m, const struct core *c)
{
	m->restored = true;
	for (int i = 0; i < m->n; i++) {
		struct model_node *n = model_at(m, i);

		n->asleep = n->timed = n->killing = false;
		if (n->kind == KIND_CODE)
			n->offered = false;
	}
	for (int i = 0; i < m->n; i++)
		model_at(m, i)->asleep = may_be_looked_at(m, i);
	compare(m, c, wake_at(m));
}

bool model_agrees(const struct model *m, const struct step_row *row)
{
	int i = model_find(m, row->name);

	if (i < 0)
		return false;
	const struct model_node *n = model_at(m, i);

	return str_is(row->status, step_status_name(n->status)) && row->attempt == n->attempt &&
	       row->epoch == n->epoch && (row->upstream != 0) == n->upstream &&
	       (n->status != STEP_PENDING || row->ready_at == n->ready_at);
}

bool model_gave(const struct model *m, struct str name, struct str output)
{
	int i = model_find(m, name);

	return i >= 0 && str_eq(model_at(m, i)->output, output);
}
