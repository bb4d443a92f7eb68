#include "engine/launch.h"

#include "base/unconst.h"

#include "flow/template.h"

#include <stdlib.h>

static json_t *manifest_step(const struct core_node *n)
{
	json_t *step = json_pack("{s:o, s:s, s:o}", "name", json_text(n->name), "kind",
	    step_kind_name(n->kind), "label", json_text(n->def ? n->def->label : STR("Snapshot")));

	if (n->def && n->def->role != ROLE_NONE)
		json_object_set_new(step, "role", json_cstr(step_role_name(n->def->role)));
	if (n->def && n->kind == KIND_AGENT)
		json_object_set_new(step, "persona", json_text(n->def->agent.persona));
	return step;
}

static json_t *manifest_of(const struct live *lv)
{
	json_t *steps = json_array();

	for (uint32_t i = 0; i < core_count(lv->core); i++)
		json_array_append_new(steps, manifest_step(core_node(lv->core, i)));
	return json_pack("{s:o, s:o, s:o, s:O, s:O, s:o, s:o}", "run", json_text(lv->row.id),
	    "flow", json_text(lv->row.flow), "size", json_text(lv->row.size), "input", lv->input,
	    "options", lv->options, "repo", json_text(lv->row.repo), "steps", steps);
}

/* The first event of a run names it and its steps; it comes before any other. */
int launch_log(struct job *job, struct live *lv)
{
	json_t *manifest = manifest_of(lv);
	int rc = live_log(job, lv, -1, "started", manifest);

	json_decref(manifest);
	return rc;
}

static struct str title_of(struct live *lv)
{
	struct scope scope = live_scope(lv, CORE_NONE);
	struct str title = { NULL, 0 };
	struct err err;

	if (lv->flow->report_title.text.p &&
	    template_render(lv->job->arena, lv->engine->vm, &lv->flow->report_title, &scope,
		TEMPLATE_PLAIN, KIB(4), &title, &err) == 0)
		return arena_dup(lv->arena, title);
	return lv->flow->title;
}

static int insert_run(
    struct job *job, struct store *s, const struct launch_spec *spec, struct run_row *row)
{
	char *frozen = json_dump_canonical(spec->frozen);
	char *input = json_dump(spec->input), *options = json_dump(spec->options);
	char hash[65];
	int rc = s->ops->blob_put(s, str_from(frozen), hash);

	*row = (struct run_row){ .flow = arena_dup(job->arena, spec->flow),
		.title = arena_dup(job->arena, spec->flow),
		.status = STR("running"),
		.reason = STR(""),
		.end_as = STR(""),
		.size = str_from(flow_size_name(spec->size)),
		.input = arena_dup(job->arena, str_from(input)),
		.options = arena_dup(job->arena, str_from(options)),
		.repo = arena_dup(job->arena, spec->repo),
		.frozen = arena_dup(job->arena, str_from(hash)),
		.idempotency = spec->idempotency.n ? arena_dup(job->arena, spec->idempotency)
						   : (struct str){ 0 },
		.snapshot =
		    spec->snapshot.n ? arena_dup(job->arena, spec->snapshot) : (struct str){ 0 },
		.parent = spec->parent,
		.parent_step =
		    spec->parent ? arena_dup(job->arena, spec->parent_step) : (struct str){ 0 },
		.outcome = STR(""),
		.created_at = clock_wall() };
	row->started_at = row->created_at;
	for (int tries = 0; rc == 0 && tries < 8; tries++) {
		id_run(job->id);
		row->id = str_from(job->id);
		rc = s->ops->run_insert(s, row, &row->key);
		if (rc != -EEXIST || row->idempotency.p)
			break;
		rc = 0;
	}
	free(frozen);
	free(input);
	free(options);
	return rc;
}

int launch_run(struct job *job, struct store *s, const struct launch_spec *spec, struct err *err)
{
	struct core_event ev = { .type = CORE_LAUNCH, .now = clock_wall() };
	struct run_row row;
	int rc = insert_run(job, s, spec, &row);

	if (rc)
		return err_set(err, rc, "the run cannot be stored: %s", err_name(rc));
	struct definition *def = definition_get(job->e, s, row.frozen, err);
	struct live *lv = def ? live_new(job, s, &row, def) : NULL;

	if (!lv)
		return err->code ? err->code : -EINVAL;
	job->run = row.key;
	lv->row.title = title_of(lv);
	lv->row_dirty = true;
	return live_apply(job, lv, &ev);
}

/* --- engine_launch ---------------------------------------------------------------------- */

struct launch_request {
	struct launch_spec spec;
};

static int run_launch(struct job *job, struct store *s)
{
	struct launch_request *r = job->request;

	if (r->spec.idempotency.n) {
		struct run_row row;
		int64_t key;

		if (s->ops->run_by_idempotency(s, r->spec.idempotency, &key) == 0 &&
		    s->ops->run_load(s, job->arena, key, &row) == 0) {
			job->run = key;
			snprintf(job->id, sizeof(job->id), "%.*s", STR_ARG(row.id));
			return 0;
		}
	}
	return launch_run(job, s, &r->spec, &job->err);
}

static void launched(struct job *job, int rc)
{
	struct launch_request *r = job->request;

	job->fn_user.launched(job->ctx, rc, rc ? &job->err : NULL, job->id, job->run);
	json_decref(unconst(r->spec.frozen));
	json_decref(r->spec.input);
	json_decref(r->spec.options);
}

static json_t *options_of(const struct launch *l)
{
	json_t *o = json_object();
	const struct {
		const char *name;
		struct str value;
	} texts[] = { { "focus", l->focus }, { "agent", l->agent }, { "model", l->model },
		{ "at", l->at }, { "base", l->base }, { "command", l->command } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].value.n)
			json_object_set_new(o, texts[i].name, json_text(texts[i].value));
	json_object_set_new(o, "fast", json_boolean(l->fast));
	if (l->size == SIZE_AUTO)
		json_object_set_new(o, "auto", json_true());
	if (l->budget)
		json_object_set_new(o, "budget", json_integer(l->budget));
	if (l->timeout)
		json_object_set_new(o, "timeout", json_integer(l->timeout));
	return o;
}

void engine_launch(struct engine *e, const struct launch *l, engine_launched_fn fn, void *ctx)
{
	struct job *job = job_create(e, run_launch, launched, ctx);
	struct launch_request *r = arena_new(job->arena, struct launch_request);

	job->fn_user.launched = fn;
	job->request = r;
	/* the store thread reads these; their counters are this thread's, so it gets its own copy
	 */
	r->spec = (struct launch_spec){ .frozen = json_deep_copy(l->frozen),
		.flow = arena_dup(job->arena, l->flow),
		.input = json_deep_copy(l->input),
		.options = options_of(l),
		.size = l->size,
		.repo = arena_dup(job->arena, l->repo),
		.idempotency = arena_dup(job->arena, l->idempotency) };
	job_post(job);
}

/* --- taking over ------------------------------------------------------------------------ */

static bool has_attempt(const struct core_node *n)
{
	return !n->retired && n->status == STEP_RUNNING &&
	       (n->kind == KIND_AGENT || n->kind == KIND_COMMAND || n->kind == KIND_SNAPSHOT);
}

int launch_recover(struct job *job, struct live *lv)
{
	struct core_event ev = { .type = CORE_LOST, .now = clock_wall() };
	int rc = 0;

	for (uint32_t i = 0; i < core_count(lv->core) && !rc; i++) {
		const struct core_node *n = core_node(lv->core, i);

		if (!has_attempt(n))
			continue;
		ev.step = i;
		ev.epoch = n->epoch;
		rc = live_apply(job, lv, &ev);
	}
	ev.type = CORE_WAKE;
	return rc ? rc : live_apply(job, lv, &ev);
}
