/* What a worker tells of its attempts: started, signs of life, the end. */
#include "engine/live.h"
#include "engine/size.h"

#include <stdlib.h>

#define LEASE_MS ((msec_t)60 * 1000)

static struct live *current(
    struct job *job, struct store *s, int64_t run, int64_t position, unsigned epoch)
{
	struct live *lv;

	if (live_get(job, s, run, &lv) < 0 || (size_t)position >= core_count(lv->core))
		return NULL;
	const struct core_node *n = core_node(lv->core, (uint32_t)position);

	if (n->retired || n->status != STEP_RUNNING || n->epoch != epoch)
		return NULL;
	return lv;
}

/* --- started ---------------------------------------------------------------------------- */

struct started_request {
	int64_t run, position, task;
	unsigned epoch;
	struct str step, token, agent, model;
	json_t *record;
};

static int run_started(struct job *job, struct store *s)
{
	const struct started_request *r = job->request;
	struct live *lv = current(job, s, r->run, r->position, r->epoch);
	struct task_row task;

	if (!lv)
		return -ESTALE;
	int rc = s->ops->task_load(s, job->arena, r->task, &task);

	if (rc == 0)
		rc = s->ops->task_started(s, r->task, r->token, r->agent, r->model, task.prompt);
	if (rc)
		return rc;
	json_t *data = json_pack("{s:o, s:i, s:o, s:o}", "step", json_text(r->step), "epoch",
	    (int)r->epoch, "agent", json_text(r->agent), "model", json_text(r->model));

	rc = live_log(job, lv, r->position, "attempt", data);
	json_decref(data);
	if (!rc && r->record)
		rc = seal_log(job, lv, r->position, ATTEST_RECORD, r->record);
	return rc;
}

static void plain_done(struct job *job, int rc)
{
	if (job->fn_user.plain)
		job->fn_user.plain(job->ctx, rc);
}

static void started(struct job *job, int rc)
{
	const struct started_request *r = job->request;

	json_decref(r->record);
	plain_done(job, rc);
}

void engine_started(struct engine *e, const struct claim *cl, struct str agent, struct str model,
    json_t *record, engine_done_fn fn, void *ctx)
{
	struct job *job = job_create(e, run_started, started, ctx);
	struct started_request *r = arena_new(job->arena, struct started_request);

	*r = (struct started_request){ .run = cl->run,
		.position = cl->position,
		.task = cl->task,
		.epoch = cl->epoch,
		.step = arena_dup(job->arena, cl->step),
		.token = arena_dup(job->arena, str_from(cl->token)),
		.agent = arena_dup(job->arena, agent),
		.model = arena_dup(job->arena, model),
		.record = record };
	job->request = r;
	job->fn_user.plain = fn;
	job_post(job);
}

/* --- signs of life ---------------------------------------------------------------------- */

struct alive_request {
	int64_t run, position;
	unsigned epoch;
};

static int run_alive(struct job *job, struct store *s)
{
	const struct alive_request *r = job->request;
	struct core_event ev = { .type = CORE_ACTIVE,
		.now = engine_now(job->e),
		.step = (uint32_t)r->position,
		.epoch = r->epoch };
	struct live *lv = current(job, s, r->run, r->position, r->epoch);

	return lv ? live_apply(job, lv, &ev) : 0;
}

void engine_alive(struct engine *e, const struct claim *cl)
{
	struct job *job = job_create(e, run_alive, plain_done, NULL);
	struct alive_request *r = arena_new(job->arena, struct alive_request);

	*r = (struct alive_request){ cl->run, cl->position, cl->epoch };
	job->request = r;
	job_post(job);
}

/* --- facts ------------------------------------------------------------------------------ */

struct append_request {
	struct fact_row *rows;
	size_t n;
};

static int append_one(struct job *job, struct store *s, const struct fact_row *row)
{
	struct core_event ev = { .type = CORE_ACTIVE,
		.now = engine_now(job->e),
		.step = (uint32_t)row->position,
		.epoch = row->epoch };
	struct live *lv = current(job, s, row->run, row->position, row->epoch);

	if (!lv)
		return 0; /* history: dropped */
	int rc = strcmp(row->type, ATTEST_RECORD) == 0
		     ? seal_log(job, lv, row->position, row->type, row->data)
		     : live_log(job, lv, row->position, row->type, row->data);

	return rc ? rc : live_apply(job, lv, &ev);
}

static int run_append(struct job *job, struct store *s)
{
	const struct append_request *r = job->request;
	int rc = 0;

	for (size_t k = 0; k < r->n && !rc; k++)
		rc = append_one(job, s, &r->rows[k]);
	return rc;
}

static void appended(struct job *job, int rc)
{
	const struct append_request *r = job->request;

	for (size_t k = 0; k < r->n; k++)
		json_decref(r->rows[k].data);
	job->fn_user.plain(job->ctx, rc);
}

void engine_append(
    struct engine *e, const struct fact_row *rows, size_t n, engine_done_fn fn, void *ctx)
{
	struct job *job = job_create(e, run_append, appended, ctx);
	struct append_request *r = arena_new(job->arena, struct append_request);

	r->rows = arena_array(job->arena, n, sizeof(*rows));
	if (n)
		memcpy(r->rows, rows, n * sizeof(*rows));
	r->n = n;
	job->request = r;
	job->fn_user.plain = fn;
	job_post(job);
}

/* --- the end ---------------------------------------------------------------------------- */

struct report_request {
	int64_t run, position, task;
	unsigned epoch;
	struct str token, reason, output, snapshot, repo, change;
	enum ending ending;
	bool usable, has_output;
	json_t *evidence, *facts, *record, *repo_facts, *signals;
};

/*
 * What was measured for this run: it depends on the question, and equal snapshots of other runs
 * were measured for others. A flow inside a flow goes on with its parent's.
 */
static json_t *measured(struct job *job, struct live *lv, const struct report_request *r)
{
	struct live *parent;

	if (lv->row.parent && live_get(job, lv->store, lv->row.parent, &parent) == 0 &&
	    str_eq(parent->row.snapshot, r->snapshot) && parent->signals)
		return json_deep_copy(parent->signals);
	/* the texts again: counters of the caller's values are another thread's */
	return json_deep_copy(r->signals);
}

static int keep_snapshot(struct job *job, struct live *lv, const struct report_request *r)
{
	int bad = change_keep(lv, r->repo_facts, r->change);

	if (bad)
		return bad;
	char *facts = json_dump(r->repo_facts), *signals = json_dump(r->signals);
	const struct snapshot_row row = { .id = r->snapshot,
		.repo = r->repo,
		.facts = str_from(facts),
		.signals = str_from(signals),
		.created_at = clock_wall() };
	int rc = lv->store->ops->snapshot_put(lv->store, &row);

	free(facts);
	free(signals);
	if (rc)
		return rc;
	lv->row.snapshot = arena_dup(lv->arena, r->snapshot);
	lv->row_dirty = true;
	live_forget_change(lv);
	json_t *signals_kept = measured(job, lv, r);

	json_decref(lv->repo);
	json_decref(lv->signals);
	lv->repo = json_deep_copy(r->repo_facts);
	lv->signals = signals_kept;
	return 0;
}

static void count_tokens(struct live *lv, const json_t *facts)
{
	long long in = json_get_int(facts, "in", 0), out = json_get_int(facts, "out", 0);

	if (!in && !out)
		return;
	lv->row.tokens_in += in;
	lv->row.tokens_out += out;
	lv->row_dirty = true;
}

static int run_report(struct job *job, struct store *s)
{
	const struct report_request *r = job->request;
	struct live *lv = current(job, s, r->run, r->position, r->epoch);
	char *usage = r->facts ? json_dump(r->facts) : NULL;
	int rc = s->ops->task_end(s, r->task, r->token, str_from(ending_name(r->ending)), r->reason,
	    str_from(usage), clock_wall());

	free(usage);
	if (!lv)
		return rc ? rc : -ESTALE;
	if (rc)
		return rc;
	struct core_event ev = { .type = r->ending == ENDING_LOST ? CORE_LOST : CORE_ENDED,
		.now = engine_now(job->e),
		.step = (uint32_t)r->position,
		.epoch = r->epoch,
		.ending = r->ending,
		.usable = r->usable,
		.reason = r->reason };

	if (r->record)
		rc = seal_log(job, lv, r->position, ATTEST_RECORD, r->record);
	if (rc)
		return rc;
	count_tokens(lv, r->facts);
	json_t *measures = NULL;

	if (r->snapshot.n) {
		rc = keep_snapshot(job, lv, r);
		ev.size = size_rule(lv->signals)->size;
		measures = json_pack("{s:O}", "signals", lv->signals);
	}
	if (!rc) {
		live_set_result(lv, ev.step, r->has_output ? r->output : (struct str){ 0 },
		    r->evidence, measures ? measures : r->facts);
		rc = live_apply(job, lv, &ev);
	}
	json_decref(measures);
	return rc;
}

static void reported(struct job *job, int rc)
{
	const struct report_request *r = job->request;

	json_decref(r->evidence);
	json_decref(r->facts);
	json_decref(r->record);
	json_decref(r->repo_facts);
	json_decref(r->signals);
	plain_done(job, rc);
}

void engine_report(struct engine *e, const struct claim *cl, const struct attempt_result *res,
    engine_done_fn fn, void *ctx)
{
	struct job *job = job_create(e, run_report, reported, ctx);
	struct report_request *r = arena_new(job->arena, struct report_request);

	*r = (struct report_request){ .run = cl->run,
		.position = cl->position,
		.task = cl->task,
		.epoch = cl->epoch,
		.token = arena_dup(job->arena, str_from(cl->token)),
		.reason = arena_dup(job->arena, res->reason),
		.output = arena_dup(job->arena, res->output),
		.has_output = res->output.p != NULL,
		.snapshot = arena_dup(job->arena, res->snapshot),
		.change = arena_dup(job->arena, res->change),
		.repo = arena_dup(job->arena, cl->repo),
		.ending = res->ending,
		.usable = res->usable,
		.evidence = res->evidence,
		.facts = res->facts,
		.record = res->record,
		.repo_facts = res->repo_facts,
		.signals = res->signals };
	job->request = r;
	job->fn_user.plain = fn;
	job_post(job);
}

/* --- leases ----------------------------------------------------------------------------- */

static int run_renew(struct job *job, struct store *s)
{
	return s->ops->task_renew(s, str_from(job->e->node), clock_wall() + LEASE_MS);
}

void engine_renew(struct engine *e)
{
	job_post(job_create(e, run_renew, plain_done, NULL));
}
