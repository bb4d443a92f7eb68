/* The model's events, and whether the core says the same. */
#include "model.h"

#include "base/json.h"
#include "engine/live.h"

#include <stdio.h>
#include <stdlib.h>

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

/* --- events ------------------------------------------------------------------------------------
 */

static msec_t pause_of(const struct model *m, const struct model_node *n)
{
	return core_backoff(m->seed, n->seat, n->attempt, n->ending);
}

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
		n->ready_at = m->now + pause_of(m, n);
		return;
	}
	model_settle(m, i, STEP_FAILED);
}

static void conclude(struct model *m, int i, enum ending ending, bool usable, struct str output)
{
	struct model_node *n = model_at(m, i);

	n->ending = ending;
	if (ending == ENDING_ANSWERED || (ending == ENDING_TRUNCATED && usable)) {
		n->output = output.p ? model_keep(output) : output;
		model_settle(m, i, STEP_COMPLETED);
	} else if (ending == ENDING_CANCELLED) {
		model_settle(m, i, STEP_CANCELLED);
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
		model_begin(m, i);
	}
	if (!is_current(m, i, ev->epoch))
		return -ESTALE;
	struct model_node *n = model_at(m, i);

	if (n->killing && ending != ENDING_ANSWERED)
		ending = n->ending;
	else if (ending == ENDING_CANCELLED && !n->killing && m->end_as < 0 &&
		 model_is_timed(n->kind))
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
	model_begin(m, i);
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
	model_doom(m, RUN_CANCELLED);
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
		if (n->status == STEP_PENDING && n->ready_at > m->now + pause_of(m, n))
			n->ready_at = m->now + pause_of(m, n);
		if (n->status != STEP_RUNNING)
			continue;
		n->timed = model_is_timed(n->kind);
		n->active_at = m->now;
		if (n->timed && n->started_at > m->now)
			n->started_at = m->now;
		if (m->end_as >= 0 && !model_is_group(n->kind)) {
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
	model_follow(m);
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

		if (n->status == STEP_COMPLETED && !model_is_group(n->kind))
			continue; /* no order explains that */
		bool anew = mine->status != n->status || !mine->output.p;

		mine->status = n->status;
		mine->attempt = n->attempt;
		mine->epoch = n->epoch;
		mine->upstream = n->upstream;
		mine->offered = n->offered;
		mine->killing = n->killing;
		mine->chosen = n->chosen;
		if (n->kind == KIND_LOOP)
			mine->round = n->next;
		if (n->killing)
			mine->ending = ENDING_CANCELLED;
		mine->ready_at = n->ready_at;
		if (n->status == STEP_COMPLETED && anew)
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
		int i = n->retired || !model_is_group(n->kind) || n->status != STEP_COMPLETED
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

/* A pause that is over ends when somebody looks, at the latest when the run is woken for it. */
static void end_pauses(struct model *m, const struct core *c)
{
	for (int i = 0; i < m->n; i++) {
		struct model_node *n = model_at(m, i);

		if (n->dead || n->status != STEP_PENDING || !n->ready_at || n->ready_at > m->now)
			continue;
		uint32_t k = core_find(c, n->name, CORE_NONE);

		if (k != CORE_NONE && !core_node(c, k)->ready_at)
			n->ready_at = 0;
	}
}

void model_step(struct model *m, const struct core *c, struct live *lv, const struct core_event *ev,
    struct str name, int rc, const struct core_update *up)
{
	bool doomed = m->end_as >= 0 && m->status == RUN_RUNNING;

	m->now = ev->now;
	m->measured = lv->signals != NULL;
	m->big = json_get_bool(lv->signals, "big", false);
	end_pauses(m, c);
	int mine = dispatch(m, model_find(m, name), lv, ev);

	if (mine != rc) {
		snprintf(m->wrong, sizeof(m->wrong), "event %d is answered %d, by the model %d",
		    (int)ev->type, rc, mine);
		return;
	}
	if (rc)
		return;
	model_follow(m);
	if (!m->planned && m->size != SIZE_AUTO)
		plan_late(m);
	model_follow(m);
	model_finish(m);
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
		model_at(m, i)->asleep = model_may_look(m, i);
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
