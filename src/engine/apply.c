/* One event through core, and everything that it changes into rows and log. */
#include "engine/choice.h"
#include "engine/launch.h"
#include "engine/live.h"

#include <assert.h>
#include <stdlib.h>

int live_log_text(
    struct job *job, struct live *lv, int64_t position, const char *type, struct str data)
{
	struct event_row row = { .run = lv->key,
		.seq = lv->seq + 1,
		.at = clock_wall(),
		.step = position,
		.type = str_from(type),
		.data = data };
	int rc = lv->store->ops->event_append(lv->store, &row);

	if (rc)
		return rc;
	lv->seq++;
	seal_appended(lv, &row);
	job_appended(job, lv->key, lv->seq);
	return 0;
}

int live_log(
    struct job *job, struct live *lv, int64_t position, const char *type, const json_t *data)
{
	char *text = json_dump(data);
	int rc = live_log_text(job, lv, position, type, str_from(text));

	free(text);
	return rc;
}

/* --- rows ------------------------------------------------------------------------------- */

static struct step_row row_of(struct live *lv, uint32_t i, char **ret_item)
{
	const struct core_node *n = core_node(lv->core, i);
	const struct known *k = live_known(lv, i);

	*ret_item = n->item && !n->key ? json_dump(n->item) : NULL;
	return (struct step_row){ .key = n->key,
		.run = lv->key,
		.position = i,
		.parent = n->parent == CORE_NONE ? -1 : (int64_t)n->parent,
		.ordinal = n->ordinal,
		.name = n->name,
		.kind = str_from(step_kind_name(n->kind)),
		.label = live_label(lv, i),
		.status = str_from(step_status_name(n->status)),
		.reason = n->reason,
		.ending = str_from(ending_name(n->ending)),
		.attempt = n->attempt,
		.epoch = n->epoch,
		.partial = n->partial,
		.upstream = n->upstream,
		.ready_at = n->ready_at,
		.started_at = n->started_at,
		.ended_at = n->ended_at,
		.item = str_from(*ret_item),
		.task = k->task,
		.has_texts = k->write,
		.output = { k->output, k->output_n },
		.evidence = str_from(k->evidence),
		.facts = str_from(k->facts) };
}

static int delete_node(struct live *lv, uint32_t i)
{
	const struct core_node *n = core_node(lv->core, i);

	if (!n->key)
		return 0;
	int rc = lv->store->ops->step_delete(lv->store, n->key);

	core_set_key(lv->core, i, 0);
	return rc ? rc : index_output(lv, i, STR(""));
}

static int save_node(struct live *lv, uint32_t i)
{
	const struct store_ops *ops = lv->store->ops;
	const struct core_node *n = core_node(lv->core, i);
	int64_t key;
	char *item;

	if (n->retired)
		return delete_node(lv, i);
	struct step_row row = row_of(lv, i, &item);
	int rc =
	    n->key ? ops->step_update(lv->store, &row) : ops->step_insert(lv->store, &row, &key);

	free(item);
	live_known(lv, i)->write &= rc != 0;
	if (rc == 0 && !n->key)
		core_set_key(lv->core, i, key);
	if (rc == 0 && row.has_texts)
		rc = index_output(lv, i, row.output);
	return rc;
}

static int save_nodes(struct live *lv, const struct core_update *up)
{
	int rc = 0;

	/* deletions first: an expansion that is void gives its names back */
	for (int pass = 0; pass < 2 && !rc; pass++) {
		for (size_t k = 0; k < up->n_dirty && !rc; k++)
			if (core_node(lv->core, up->dirty[k])->retired == (pass == 0))
				rc = save_node(lv, up->dirty[k]);
	}
	return rc;
}

static struct str keep(struct live *lv, const char *word)
{
	return arena_dup(lv->arena, str_from(word));
}

int live_save_row(struct job *job, struct live *lv)
{
	enum run_status status = core_status(lv->core);
	int end_as = core_end_as(lv->core);

	lv->row.status = keep(lv, run_status_name(status));
	lv->row.reason = arena_dup(lv->arena, core_reason(lv->core));
	lv->row.end_as = end_as < 0 ? STR("") : keep(lv, run_status_name((enum run_status)end_as));
	lv->row.size = keep(lv, flow_size_name(core_size(lv->core)));
	if (status == RUN_RUNNING)
		lv->row.ended_at = 0;
	else if (!lv->row.ended_at)
		lv->row.ended_at = clock_wall();
	lv->row_dirty = false;
	(void)job;
	int rc = seal_row(lv);

	return rc ? rc : lv->store->ops->run_update(lv->store, &lv->row);
}

/* --- log -------------------------------------------------------------------------------- */

/* What only the first event of a step says. */
static void add_birth(struct buf *b, struct live *lv, uint32_t i)
{
	const struct core_node *n = core_node(lv->core, i);

	buf_member(b, "kind", str_from(step_kind_name(n->kind)));
	buf_member(b, "label", live_label(lv, i));
	if (n->item) {
		buf_member_json(b, "item", STR(""));
		buf_add_value(b, n->item);
	}
}

/* What was frozen, in a few words. */
static void add_repo(struct buf *b, const json_t *repo)
{
	buf_member_json(b, "repo", STR("{"));
	buf_member(b, "name", json_get_str(repo, "name"));
	buf_member(b, "commit", json_get_str(repo, "commit"));
	buf_member(b, "branch", json_get_str(repo, "branch"));
	buf_member_int(b, "changed", (long long)json_array_size(json_get_array(repo, "changed")));
	buf_member_int(b, "files", json_get_int(repo, "files", 0));
	buf_member_int(b, "left_out", (long long)json_array_size(json_get_array(repo, "skipped")));
	if (json_get_object(repo, "change")) {
		buf_member_json(b, "change", STR(""));
		buf_add_value(b, json_get_object(repo, "change"));
	}
	buf_addc(b, '}');
}

/* Which size, why, and what that leaves out: told as soon as it is known. */
void live_add_choice(struct buf *b, struct arena *a, const struct live *lv)
{
	json_t *choice = choice_json(a, lv->flow, core_size(lv->core),
	    json_get_bool(lv->options, "auto", false), lv->signals);

	buf_member_json(b, "choice", STR(""));
	buf_add_value(b, choice);
	json_decref(choice);
}

/* The most frequent event of all: written directly, in a buffer that is kept. */
static int log_step(struct job *job, struct live *lv, const struct core_change *ch)
{
	const struct core_node *n = core_node(lv->core, ch->step);
	const struct known *k = live_known(lv, ch->step);
	struct buf *b = &lv->engine->text;

	buf_clear(b);
	buf_addc(b, '{');
	buf_member(b, "step", n->name);
	buf_member(b, "status", str_from(step_status_name((enum step_status)ch->to)));
	if (ch->reason.n)
		buf_member(b, "reason", ch->reason);
	buf_member_int(b, "attempt", n->attempt);
	buf_member_int(b, "epoch", n->epoch);
	if (n->ending != ENDING_NONE)
		buf_member(b, "ending", str_from(ending_name(n->ending)));
	if (ch->from < 0)
		add_birth(b, lv, ch->step);
	if (n->ready_at)
		buf_member_int(b, "ready_at", n->ready_at);
	if (n->kind == KIND_AGENT && n->status != STEP_RUNNING && k->facts)
		buf_member_json(b, "facts", str_from(k->facts));
	if (n->kind == KIND_SNAPSHOT && n->status == STEP_COMPLETED && lv->repo) {
		add_repo(b, lv->repo);
		live_add_choice(b, job->arena, lv);
	}
	buf_addc(b, '}');
	int rc = buf_status(b);

	return rc ? rc : live_log_text(job, lv, ch->step, "step", buf_str(b));
}

static int log_run(struct job *job, struct live *lv, const struct core_change *ch)
{
	json_t *data = json_pack("{s:s, s:o}", "status", run_status_name((enum run_status)ch->to),
	    "reason", json_text(ch->reason));
	char hex[SHA256_HEX];

	if (ch->to != RUN_RUNNING) { /* what the run leaves behind */
		seal_results(lv, hex);
		json_object_set_new(data, "results", json_string(hex));
		json_object_set_new(data, "report", json_text(lv->row.report));
	}
	int rc = seal_log(job, lv, -1, ATTEST_RUN, data);

	json_decref(data);
	return rc;
}

/* A beginning whose end is in the same update: the end tells it all. */
static bool is_passing(const struct live *lv, const struct core_change *ch)
{
	return ch->step != CORE_NONE && ch->to == STEP_RUNNING &&
	       step_is_settled(core_node(lv->core, ch->step)->status);
}

static int log_changes(
    struct job *job, struct live *lv, const struct core_event *ev, const struct core_update *up)
{
	int rc = 0;

	for (size_t k = 0; k < up->n_changes && !rc; k++) {
		const struct core_change *ch = &up->changes[k];

		if (is_passing(lv, ch))
			continue;
		if (ch->step != CORE_NONE && !(ch->from < 0 && ev->type == CORE_LAUNCH))
			rc = log_step(job, lv, ch);
		else if (ch->step == CORE_NONE &&
			 ch->to == RUN_RUNNING) /* the end is told after the report is stored */
			rc = log_run(job, lv, ch);
	}
	return rc;
}

/* --- effects ---------------------------------------------------------------------------- */

static struct engine_effect effect_of(
    struct live *lv, enum engine_effect_type type, uint32_t step, unsigned epoch)
{
	struct engine_effect fx = { .type = type,
		.run = lv->key,
		.position = step == CORE_NONE ? -1 : (int64_t)step,
		.epoch = epoch,
		.status = core_status(lv->core) };

	if (step != CORE_NONE)
		fx.task = live_known(lv, step)->task;
	snprintf(fx.run_id, sizeof(fx.run_id), "%.*s", STR_ARG(lv->row.id));
	return fx;
}

static struct str agent_of(struct live *lv, const struct core_node *n)
{
	struct str own = n->kind == KIND_AGENT ? n->def->agent.agent : (struct str){ 0 };

	return own.n ? own : json_get_str(lv->options, "agent");
}

static struct str model_of(struct live *lv, const struct core_node *n)
{
	struct str own = n->kind == KIND_AGENT ? n->def->agent.model : (struct str){ 0 };

	return own.n ? own : json_get_str(lv->options, "model");
}

int live_close_task(struct live *lv, uint32_t step, const char *ending, struct str reason)
{
	int64_t task = live_known(lv, step)->task;

	if (!task)
		return 0;
	int rc = lv->store->ops->task_end(
	    lv->store, task, STR(""), str_from(ending), reason, (struct str){ 0 }, clock_wall());

	return rc == -ESTALE ? 0 : rc; /* it had ended */
}

static bool is_in_queue(struct job *job, struct live *lv, int64_t task)
{
	struct task_row row;

	return task && lv->store->ops->task_load(lv->store, job->arena, task, &row) == 0 &&
	       str_is(row.status, "ready");
}

static int offer(struct job *job, struct live *lv, const struct core_effect *fx)
{
	const struct core_node *n = core_node(lv->core, fx->step);
	struct known *k = live_known(lv, fx->step);
	char *subject =
	    arena_printf(job->arena, "%.*s/%.*s", STR_ARG(lv->row.id), STR_ARG(n->name));
	struct task_row row = { .subject = str_from(subject),
		.epoch = n->epoch + 1,
		.kind = str_from(step_kind_name(n->kind)),
		.agent = agent_of(lv, n),
		.model = model_of(lv, n),
		.created_at = clock_wall() };

	if (is_in_queue(job, lv, k->task)) /* of an earlier life, or before a rollback */
		return 0;
	return lv->store->ops->task_insert(lv->store, &row, &k->task);
}

/* Offers need their task before the step's row is written. */
static int offer_all(struct job *job, struct live *lv, const struct core_update *up)
{
	int rc = 0;

	for (size_t k = 0; k < up->n_effects && !rc; k++)
		if (up->effects[k].type == CORE_OFFER)
			rc = offer(job, lv, &up->effects[k]);
	return rc;
}

/* A step that was offered and will not run gives its task back. */
static int withdraw(struct live *lv, const struct core_update *up)
{
	int rc = 0;

	for (size_t k = 0; k < up->n_changes && !rc; k++) {
		const struct core_change *ch = &up->changes[k];

		if (ch->step != CORE_NONE && ch->from == STEP_PENDING && ch->to == STEP_CANCELLED)
			rc = live_close_task(lv, ch->step, "cancelled", ch->reason);
	}
	return rc;
}

static int perform(struct job *job, struct live *lv, const struct core_effect *fx)
{
	struct engine_effect out;

	switch (fx->type) {
	case CORE_OFFER:
		out = effect_of(lv, ENGINE_OFFER, fx->step, fx->epoch + 1);
		break;
	case CORE_ASK:
		out = effect_of(lv, ENGINE_ASK, fx->step, fx->epoch);
		break;
	case CORE_RUN:
		code_follow(job, lv, fx->step, fx->epoch + 1);
		return 0;
	case CORE_CHILD:
		child_follow(job, lv, fx->step, fx->epoch);
		return 0;
	case CORE_KILL:
		if (core_node(lv->core, fx->step)->kind == KIND_FLOW) {
			child_cancel(job, lv, fx->step);
			return 0;
		}
		out = effect_of(lv, ENGINE_KILL, fx->step, fx->epoch);
		break;
	case CORE_REPORT:
		child_over(job, lv);
		out = effect_of(lv, ENGINE_OVER, CORE_NONE, 0);
		list_remove(&lv->over);
		list_push(&lv->engine->over, &lv->over);
		held_end(lv->engine, lv->key);
		break;
	default:
		return -EINVAL;
	}
	job_effect(job, &out);
	return 0;
}

static bool is_over(const struct core_update *up)
{
	for (size_t k = 0; k < up->n_effects; k++)
		if (up->effects[k].type == CORE_REPORT)
			return true;
	return false;
}

/* The run has just ended: report, outcome, and the last word of the log. */
static int conclude(struct job *job, struct live *lv)
{
	lv->row.ended_at = clock_wall();
	int rc = result_store(job, lv);
	/* as it ended; its report may have found that something is missing */
	struct core_change last = {
		.step = CORE_NONE, .to = (int)core_status(lv->core), .reason = core_reason(lv->core)
	};

	if (!rc)
		rc = log_run(job, lv, &last);
	return rc ? rc : live_save_row(job, lv); /* with the seal on all of it */
}

int live_apply(struct job *job, struct live *lv, const struct core_event *ev)
{
	struct core_update up;
	int rc = core_step(lv->core, ev, &up);

	if (rc)
		return rc;
	lv->engine->stepped = true;
	lv->asleep &= ev->type != CORE_WAKE;
	/* rows and effects are read below while nothing calls core again */
	rc = offer_all(job, lv, &up);
	if (!rc)
		rc = save_nodes(lv, &up);
	if (!rc && ev->type == CORE_LAUNCH)
		rc = launch_log(job, lv);
	if (!rc)
		rc = withdraw(lv, &up);
	if (!rc)
		rc = log_changes(job, lv, ev, &up);
	if (!rc && is_over(&up))
		rc = conclude(job, lv);
	else if (!rc && (up.run_changed || lv->row_dirty))
		rc = live_save_row(job, lv);
	for (size_t k = 0; k < up.n_effects && !rc; k++)
		rc = perform(job, lv, &up.effects[k]);
	job_wake(job, lv->key, up.wake_at);
	return rc;
}
