/* Handing an offered step to a worker: the lease, and the prompt built just before it is needed. */
#include "engine/live.h"
#include "flow/output.h"
#include "flow/prompt.h"
#include "flow/template.h"

#include <stdlib.h>

#define LEASE_MS ((msec_t)60 * 1000)

struct claim_request {
	int64_t task;
};

static struct str keep(struct claim *cl, struct str s)
{
	return arena_dup(cl->arena, s);
}

static void refuse(struct claim *cl, enum ending ending, const struct err *err)
{
	cl->refuse = ending;
	cl->refuse_why = str_from(
	    arena_printf(cl->arena, "%s%s%s", err->what, err->why[0] ? ": " : "", err->why));
}

/* What the prompt shows of a report, for whoever looks at what an answer says of it. */
static void fill_provided(struct live *lv, struct claim *cl)
{
	json_t *provided = cl->web_only ? NULL : live_provided(lv);

	cl->provided = json_dup_str(cl->arena, provided, "run");
	cl->provided_text = json_dup_str(cl->arena, provided, "text");
	json_decref(provided);
}

static int fill_agent(struct live *lv, uint32_t step, struct claim *cl)
{
	const struct core_node *n = core_node(lv->core, step);
	const struct agent_spec *spec = &n->def->agent;
	struct scope scope = live_scope(lv, step);
	struct err err = { 0 };
	struct prompt prompt;
	struct prompt_spec build = { .lib = lv->def->lib,
		.flow = lv->flow,
		.step = n->def,
		.vm = lv->engine->vm,
		.scope = &scope,
		.fast = cl->fast };

	cl->persona = keep(cl, spec->persona);
	cl->effort = keep(cl, spec->effort);
	cl->max_turns = spec->max_turns;
	cl->web_only = spec->web == WEB_ONLY;
	fill_provided(lv, cl);
	cl->output = spec->output;
	cl->schema = json_deep_copy(
	    spec->output == OUTPUT_FINDINGS ? output_findings_schema() : spec->schema);
	cl->tools.v = arena_array(cl->arena, spec->tools.n, sizeof(struct str));
	for (size_t k = 0; k < spec->tools.n; k++)
		cl->tools.v[cl->tools.n++] = keep(cl, spec->tools.v[k]);
	if (live_shows_chunk(lv, step, &cl->hunks_from, &cl->hunks_to))
		build.hunks = str_from(
		    arena_printf(lv->job->arena, cl->hunks_to > cl->hunks_from ? "h%u-h%u" : "h%u",
			cl->hunks_from, cl->hunks_to));
	if (prompt_build(lv->job->arena, &build, &prompt, &err) < 0) {
		refuse(cl, ENDING_DENIED, &err);
		return 0;
	}
	cl->prompt = keep(cl, prompt.text);
	cl->prompt_system = prompt.system;
	cl->prompt_cut = prompt.cut;
	cl->temperature = prompt.temperature;
	return 0;
}

static void fill_command(struct live *lv, uint32_t step, struct claim *cl)
{
	const struct command_spec *spec = &core_node(lv->core, step)->def->command;
	struct scope scope = live_scope(lv, step);
	struct err err = { 0 };

	cl->argv = arena_array(cl->arena, spec->n_argv, sizeof(struct str));
	for (size_t k = 0; k < spec->n_argv; k++) {
		struct str text;

		if (template_render(lv->job->arena, lv->engine->vm, &spec->argv[k], &scope,
			TEMPLATE_PLAIN, KIB(128), &text, &err) < 0) {
			refuse(cl, ENDING_DENIED, &err);
			return;
		}
		cl->argv[cl->n_argv++] = keep(cl, text);
	}
}

static void fill_run(struct live *lv, uint32_t step, const struct task_row *task, struct claim *cl)
{
	const struct core_node *n = core_node(lv->core, step);

	cl->run = lv->key;
	cl->task = task->key;
	cl->position = step;
	cl->epoch = n->epoch;
	snprintf(cl->run_id, sizeof(cl->run_id), "%.*s", STR_ARG(lv->row.id));
	cl->step = keep(cl, n->name);
	cl->label = keep(cl, live_label(lv, step));
	cl->kind = n->kind;
	cl->timeout = n->deadline ? n->deadline - n->started_at : 0;
	cl->question = keep(cl, json_get_str(lv->input, "question"));
	cl->focus = keep(cl, json_get_str(lv->options, "focus"));
	cl->repo = keep(cl, lv->row.repo);
	cl->at = keep(cl, json_get_str(lv->options, "at"));
	cl->base = keep(cl, json_get_str(lv->options, "base"));
	cl->snapshot = keep(cl, lv->row.snapshot);
	cl->fast = json_get_bool(lv->options, "fast", false);
	cl->fence = lv->flow->fence;
	if (str_is(json_get_str(lv->options, "fence"), flow_fence_name(FLOW_FENCE_A)))
		cl->fence = FLOW_FENCE_A;
	cl->budget = json_get_int(lv->options, "budget", 0);
	cl->tokens_used = lv->row.tokens_in + lv->row.tokens_out;
	cl->agent = keep(cl, task->agent);
	cl->model = keep(cl, task->model);
	cl->temperature = -1;
}

static int find_step(
    struct job *job, struct store *s, int64_t task, struct live **ret, uint32_t *ret_step)
{
	int64_t run, position;
	int rc = s->ops->task_step(s, task, &run, &position);

	if (rc == 0)
		rc = live_get(job, s, run, ret);
	if (rc == 0 && (size_t)position >= core_count((*ret)->core))
		rc = -ENOENT;
	*ret_step = (uint32_t)position;
	return rc;
}

/* The prompt is stored with the attempt before anything runs. */
static int store_prompt(struct store *s, const struct claim *cl)
{
	char hash[65];

	if (!cl->prompt.p)
		return 0;
	int rc = s->ops->blob_put(s, cl->prompt, hash);

	return rc ? rc
		  : s->ops->task_started(
			s, cl->task, str_from(cl->token), cl->agent, cl->model, str_from(hash));
}

static int run_claim(struct job *job, struct store *s)
{
	const struct claim_request *r = job->request;
	struct core_event ev = { .type = CORE_CLAIMED, .now = engine_now(job->e) };
	struct task_row task;
	struct claim *cl;
	struct live *lv;

	engine_claim_free(job->result); /* of a run before a rollback */
	cl = job->result = xalloc(sizeof(*cl));
	cl->arena = arena_create("claim", MIB(64));
	id_token(cl->token);
	int rc = s->ops->task_claim(s, job->arena, r->task, str_from(job->e->node),
	    str_from(cl->token), ev.now, ev.now + LEASE_MS, &task);

	if (rc == 0)
		rc = find_step(job, s, task.key, &lv, &ev.step);
	if (rc == 0)
		rc = live_apply(job, lv, &ev);
	if (rc)
		return rc;
	fill_run(lv, ev.step, &task, cl);
	if (cl->kind == KIND_AGENT)
		fill_agent(lv, ev.step, cl);
	else if (cl->kind == KIND_COMMAND)
		fill_command(lv, ev.step, cl);
	return store_prompt(s, cl);
}

static void claimed(struct job *job, int rc)
{
	struct claim *cl = job->result;

	if (rc) {
		engine_claim_free(cl);
		cl = NULL;
	}
	job->fn_user.claimed(job->ctx, cl);
}

void engine_claim(struct engine *e, int64_t task, engine_claimed_fn fn, void *ctx)
{
	struct job *job = job_create(e, run_claim, claimed, ctx);
	struct claim_request *r = arena_new(job->arena, struct claim_request);

	r->task = task;
	job->request = r;
	job->fn_user.claimed = fn;
	job_post(job);
}

void engine_claim_free(struct claim *cl)
{
	if (!cl)
		return;
	json_decref(cl->schema);
	arena_destroy(cl->arena);
	free(cl);
}
