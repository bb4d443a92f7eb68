/* A flow inside a flow: a run of its own, tied to a step of another. */
#include "engine/launch.h"
#include "engine/live.h"
#include "engine/result.h"
#include "flow/template.h"

#include <stdlib.h>

struct child_request {
	int64_t run; /* of the parent */
	uint32_t step;
	unsigned epoch;
	enum run_status status;
	struct str key; /* of the child */
	struct str output, reason;
	struct str reads; /* JSON, of a child that has completed */
};

/*
 * One try has one child, also when it is asked for again after a restart: this is the child's
 * idempotency key. No request can name one with a newline in it.
 */
static struct str key_of(struct arena *a, struct str parent, struct str step, unsigned epoch)
{
	return str_from(arena_printf(a, "%.*s/%.*s\n%u", STR_ARG(parent), STR_ARG(step), epoch));
}

/* The child of try EPOCH of STEP; versions before this one gave them no key. */
static int find_child(
    struct job *job, struct live *lv, uint32_t step, unsigned epoch, struct live **ret)
{
	const struct store_ops *ops = lv->store->ops;
	struct str name = core_node(lv->core, step)->name;
	int64_t child;
	int rc =
	    ops->run_by_idempotency(lv->store, key_of(job->arena, lv->row.id, name, epoch), &child);

	if (rc == 0)
		return live_get(job, lv->store, child, ret);
	if (rc == -ENOENT)
		rc = ops->run_child(lv->store, lv->key, name, &child);
	if (rc == 0)
		rc = live_get(job, lv->store, child, ret);
	if (rc == 0 && ((*ret)->row.idempotency.p || core_status((*ret)->core) != RUN_RUNNING))
		rc = -ENOENT;
	return rc;
}

static int end_step(struct job *job, struct live *lv, const struct child_request *r,
    enum ending ending, struct str reason)
{
	struct core_event ev = { .type = CORE_ENDED,
		.now = engine_now(job->e),
		.step = r->step,
		.epoch = r->epoch,
		.ending = ending,
		.reason = reason };

	return live_apply(job, lv, &ev);
}

static unsigned depth_of(struct live *lv, struct store *s)
{
	unsigned depth = 0;
	int64_t at = lv->row.parent;

	while (at && depth <= FLOW_NEST_MAX) {
		struct run_row row;

		depth++;
		if (s->ops->run_load(s, lv->job->arena, at, &row) < 0)
			break;
		at = row.parent;
	}
	return depth;
}

/* The child's input: the `with` templates; the question is the parent's unless given. */
static json_t *child_input(struct live *lv, uint32_t step, struct err *err)
{
	const struct flow_spec *spec = &core_node(lv->core, step)->def->flow;
	struct scope scope = live_scope(lv, step);
	json_t *input = json_object();

	json_object_set(input, "question", json_object_get(lv->input, "question"));
	for (size_t k = 0; k < spec->n_with; k++) {
		struct str text;

		if (template_render(lv->job->arena, lv->engine->vm, &spec->with[k].value, &scope,
			TEMPLATE_PLAIN, QUESTION_MAX, &text, err) < 0) {
			json_decref(input);
			return NULL;
		}
		char *name = arena_cstr(lv->job->arena, spec->with[k].name);

		json_object_set_new(input, name, json_text(text));
	}
	return input;
}

/* What a template came to can be known only now. */
static int check_input(
    struct live *lv, const struct flow_step *s, const json_t *input, struct err *err)
{
	const struct flow *f = library_flow(lv->def->lib, s->flow.use, err);
	const struct flow_input *in = f ? flow_missing_input(f, input) : NULL;

	if (!f)
		return err->code;
	if (!in)
		return 0;
	err_set(err, -EINVAL, "flow '%.*s' needs '%.*s'", STR_ARG(f->name), STR_ARG(in->name));
	err_why(err, "and what `with` gives for it at %s:%u is empty", s->at.file, s->at.line);
	return -EINVAL;
}

/* A child runs with its parent's options, and behind no lesser fence. */
static struct str child_options(struct live *lv)
{
	if (lv->flow->fence == FLOW_FENCE_ANY)
		return lv->row.options;
	json_t *options = json_copy(lv->options);

	json_object_set_new(options, "fence", json_string(flow_fence_name(lv->flow->fence)));
	char *text = json_dump(options);
	struct str kept = arena_dup(lv->job->arena, str_from(text));

	free(text);
	json_decref(options);
	return kept;
}

static int launch_child(
    struct job *job, struct live *lv, const struct child_request *r, struct err *err)
{
	const struct core_node *n = core_node(lv->core, r->step);
	json_t *frozen = library_freeze(lv->def->lib, n->def->flow.use, err);
	json_t *input = frozen ? child_input(lv, r->step, err) : NULL;
	int rc = frozen && input ? check_input(lv, n->def, input, err)
		 : err->code	 ? err->code
				 : -EINVAL;

	if (rc == 0 && depth_of(lv, lv->store) >= FLOW_NEST_MAX)
		rc = err_set(err, -E2BIG, "flows inside flows are at most %d deep", FLOW_NEST_MAX);
	if (rc == 0) {
		char *definition = json_dump_canonical(frozen), *asked = json_dump(input);
		struct launch_spec spec = { .frozen = str_from(definition),
			.flow = n->def->flow.use,
			.input = arena_dup(job->arena, str_from(asked)),
			.options = child_options(lv),
			.size = core_size(lv->core),
			.repo = lv->row.repo,
			.snapshot = lv->row.snapshot,
			.parent = lv->key,
			.parent_step = n->name,
			.idempotency = key_of(job->arena, lv->row.id, n->name, r->epoch) };

		rc = launch_run(job, lv->store, &spec, err);
		free(definition);
		free(asked);
	}
	json_decref(frozen);
	json_decref(input);
	return rc;
}

/* There is one already: it was lost with us and goes on, or runs, or is over and was not heard. */
static int go_on_with(struct job *job, struct live *child)
{
	if (core_status(child->core) != RUN_RUNNING) {
		child_over(job, child);
		return 0;
	}
	return held_has(job->e, child->key) ? 0 : launch_recover(job, child);
}

/* Not the flow's fault. */
static bool is_of_store(int rc)
{
	return rc == -ENOSPC || rc == -EIO || rc == -EBUSY || rc == -ENOMEM || rc == -EBADMSG;
}

static int run_child(struct job *job, struct store *s)
{
	struct child_request *r = job->request;
	struct err why = { 0 };
	struct live *lv, *have;
	int rc = live_get(job, s, r->run, &lv);

	if (rc)
		return rc;
	const struct core_node *n = core_node(lv->core, r->step);

	if (n->status != STEP_RUNNING || n->epoch != r->epoch)
		return -ESTALE;
	rc = find_child(job, lv, r->step, r->epoch, &have);
	if (rc != -ENOENT)
		return rc ? rc : go_on_with(job, have);
	/* launch_run makes the new run the one in hand; the parent is fetched again below */
	rc = launch_child(job, lv, r, &why);
	if (rc == 0 || is_of_store(rc))
		return rc;
	rc = live_get(job, s, r->run, &lv);
	if (rc)
		return rc;
	return end_step(job, lv, r, ENDING_CONTRACT_BROKEN,
	    str_from(arena_printf(job->arena, "%s %s", why.what, why.why)));
}

void child_follow(struct job *job, struct live *lv, uint32_t step, unsigned epoch)
{
	struct job *next = job_create(lv->engine, run_child, NULL, NULL);
	struct child_request *r = arena_new(next->arena, struct child_request);

	(void)job;
	*r = (struct child_request){ .run = lv->key, .step = step, .epoch = epoch };
	next->request = r;
	job_follow(lv->engine, next);
}

/* --- the child is over ------------------------------------------------------------------ */

static int tell_parent(struct job *job, struct store *s)
{
	const struct child_request *r = job->request;
	struct live *lv;
	int rc = live_get(job, s, r->run, &lv);

	if (rc)
		return rc;
	uint32_t step = core_find(lv->core, r->reason, CORE_NONE);

	if (step == CORE_NONE)
		return -ESTALE;
	const struct core_node *n = core_node(lv->core, step);
	struct child_request to = *r;

	to.step = step;
	to.epoch = n->epoch;
	if (n->status != STEP_RUNNING ||
	    (r->key.p && !str_eq(r->key, key_of(job->arena, lv->row.id, n->name, n->epoch))))
		return -ESTALE; /* of another try */
	if (r->status == RUN_COMPLETED) {
		json_t *reads = json_parse(r->reads, NULL);

		live_set_result(lv, step, r->output, reads, NULL);
		json_decref(reads);
		return end_step(job, lv, &to, ENDING_ANSWERED, (struct str){ "", 0 });
	}
	return end_step(job, lv, &to,
	    r->status == RUN_CANCELLED ? ENDING_CANCELLED : ENDING_CRASHED, r->output);
}

static struct str reads_of(struct arena *a, struct live *child)
{
	json_t *doc = result_reads(child);
	char *text = json_dump(doc);
	struct str copy = arena_dup(a, str_from(text));

	free(text);
	json_decref(doc);
	return copy;
}

void child_over(struct job *job, struct live *child)
{
	if (!child->row.parent)
		return;
	struct job *next = job_create(child->engine, tell_parent, NULL, NULL);
	struct child_request *r = arena_new(next->arena, struct child_request);
	struct str text = { "", 0 };

	(void)job;
	r->run = child->row.parent;
	r->status = core_status(child->core);
	r->reason = arena_dup(next->arena, child->row.parent_step);
	if (child->row.idempotency.p)
		r->key = arena_dup(next->arena, child->row.idempotency);
	if (r->status == RUN_COMPLETED)
		r->reads = reads_of(next->arena, child);
	if (r->status != RUN_COMPLETED)
		text = core_reason(child->core);
	else if (child->row.report.p)
		child->store->ops->blob_get(child->store, next->arena, child->row.report, &text);
	r->output = arena_dup(next->arena, text);
	next->request = r;
	job_follow(child->engine, next);
}

/* --- the parent stops ------------------------------------------------------------------- */

static int stop_child(struct job *job, struct store *s)
{
	const struct child_request *r = job->request;
	struct core_event ev = { .type = CORE_CANCEL,
		.now = engine_now(job->e),
		.reason = STR("the run it belongs to was stopped") };
	struct live *lv, *child;
	int rc = live_get(job, s, r->run, &lv);

	if (rc == 0)
		rc = find_child(job, lv, r->step, r->epoch, &child);
	if (rc == 0)
		rc = live_apply(job, child, &ev);
	if (rc == 0)
		return 0;
	/* no child, or it is over: the step must not wait for it */
	rc = live_get(job, s, r->run, &lv);
	return rc ? rc : end_step(job, lv, r, ENDING_CANCELLED, (struct str){ "", 0 });
}

void child_cancel(struct job *job, struct live *lv, uint32_t step)
{
	struct job *next = job_create(lv->engine, stop_child, NULL, NULL);
	struct child_request *r = arena_new(next->arena, struct child_request);

	(void)job;
	r->run = lv->key;
	r->step = step;
	r->epoch = core_node(lv->core, step)->epoch;
	r->reason = arena_dup(next->arena, core_node(lv->core, step)->name);
	next->request = r;
	job_follow(lv->engine, next);
}
