#include "engine/launch.h"

#include "flow/template.h"

#include <stdlib.h>

#define ID_TRIES 8

static void add_step(struct buf *b, const struct core_node *n)
{
	buf_addc(b, '{');
	buf_member(b, "name", n->name);
	buf_member(b, "kind", str_from(step_kind_name(n->kind)));
	buf_member(b, "label", n->def ? n->def->label : STR("Snapshot"));
	if (n->def && n->def->role != ROLE_NONE)
		buf_member(b, "role", str_from(step_role_name(n->def->role)));
	if (n->def && n->kind == KIND_AGENT)
		buf_member(b, "persona", n->def->agent.persona);
	buf_addc(b, '}');
}

/* The first event of a run names it and its steps; it comes before any other. */
int launch_log(struct job *job, struct live *lv)
{
	struct buf *b = &lv->engine->text;

	buf_clear(b);
	buf_addc(b, '{');
	buf_member(b, "run", lv->row.id);
	buf_member(b, "flow", lv->row.flow);
	buf_member(b, "size", lv->row.size);
	buf_member_json(b, "input", lv->row.input);
	buf_member_json(b, "options", lv->row.options);
	buf_member(b, "repo", lv->row.repo);
	buf_member_json(b, "steps", STR("["));
	for (uint32_t i = 0; i < core_count(lv->core); i++) {
		buf_adds(b, i ? "," : "");
		add_step(b, core_node(lv->core, i));
	}
	buf_addc(b, ']');
	if (core_size(lv->core) != SIZE_AUTO)
		live_add_choice(b, job->arena, lv);
	buf_addc(b, '}');
	int rc = buf_status(b);

	return rc ? rc : live_log_text(job, lv, -1, "started", buf_str(b));
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

static struct run_row new_row(struct job *job, const struct launch_spec *spec, const char *hash)
{
	struct run_row row = { .id = str_from(job->id),
		.flow = spec->flow,
		.title = spec->flow,
		.status = STR("running"),
		.reason = STR(""),
		.end_as = STR(""),
		.size = str_from(flow_size_name(spec->size)),
		.input = spec->input,
		.options = spec->options,
		.repo = spec->repo,
		.frozen = str_from(hash),
		.idempotency = spec->idempotency.n ? spec->idempotency : (struct str){ 0 },
		.snapshot = spec->snapshot.n ? spec->snapshot : (struct str){ 0 },
		.parent = spec->parent,
		.parent_step = spec->parent ? spec->parent_step : (struct str){ 0 },
		.outcome = STR(""),
		.summary = STR(""),
		.created_at = clock_wall() };

	row.started_at = row.created_at;
	return row;
}

/* Under another name when somebody has that one. -EEXIST otherwise means the idempotency key. */
static int try_insert(struct job *job, struct store *s, const struct launch_spec *spec,
    const char *hash, struct live **ret, struct err *err)
{
	struct definition *def = definition_get(job->e, s, str_from(hash), err);

	if (!def)
		return err->code ? err->code : -EINVAL;
	id_run(job->id);
	struct run_row row = new_row(job, spec, hash);
	struct live *lv = live_new(job, s, &row, def);

	if (!lv)
		return job->err.code ? job->err.code : -EINVAL;
	lv->row.title = title_of(lv);
	int rc = s->ops->run_insert(s, &lv->row, &lv->row.key);

	if (rc) {
		live_discard(lv);
		return err_set(err, rc, "the run cannot be stored: %s", err_name(rc));
	}
	live_keep(lv);
	*ret = lv;
	return 0;
}

int launch_run(struct job *job, struct store *s, const struct launch_spec *spec, struct err *err)
{
	struct core_event ev = { .type = CORE_LAUNCH, .now = engine_now(job->e) };
	struct live *lv = NULL;
	char hash[65];
	int rc = s->ops->blob_put(s, spec->frozen, hash);

	if (rc)
		return err_set(err, rc, "the definition cannot be stored: %s", err_name(rc));
	for (int tries = 0; !lv && tries < ID_TRIES; tries++) {
		rc = try_insert(job, s, spec, hash, &lv, err);
		if (rc && rc != -EEXIST)
			break;
	}
	if (!lv)
		return rc;
	job->run = lv->key;
	held_add(job->e, lv->key);
	rc = index_question(lv);
	return rc ? rc : live_apply(job, lv, &ev);
}

/* --- engine_launch ---------------------------------------------------------------------- */

struct launch_request {
	struct launch_spec spec;
	struct str provided;
};

static struct str text_of(struct arena *a, const json_t *value)
{
	char *text = json_dump_canonical(value);
	struct str out = arena_dup(a, str_from(text));

	free(text);
	return out;
}

/* What is handed on becomes an option of the run, by the id that it has now. */
static int hand_on(
    struct job *job, struct store *s, const struct launch_request *r, struct launch_spec *spec)
{
	json_t *facts, *options;
	struct arena *a = job->arena;
	int rc = engine_provided(s, a, r->provided, spec->repo, &facts, &job->err);

	if (rc)
		return rc;
	options = json_parse(spec->options, NULL);
	struct str run = json_get_str(facts, "run"), command = json_get_str(options, "command");

	if (command.n)
		json_object_set_new(options, "command",
		    json_cstr(
			arena_printf(a, "%.*s --provided %.*s", STR_ARG(command), STR_ARG(run))));
	json_object_set_new(options, "provided", facts);
	spec->options = text_of(a, options);
	json_decref(options);
	return 0;
}

static int run_launch(struct job *job, struct store *s)
{
	struct launch_request *r = job->request;
	struct launch_spec spec = r->spec;

	job->existed = false;
	if (r->spec.idempotency.n) {
		struct run_row row;
		int64_t key;

		if (s->ops->run_by_idempotency(s, r->spec.idempotency, &key) == 0 &&
		    s->ops->run_load(s, job->arena, key, &row) == 0) {
			job->run = key;
			job->existed = true;
			snprintf(job->id, sizeof(job->id), "%.*s", STR_ARG(row.id));
			return 0;
		}
	}
	int rc = r->provided.n ? hand_on(job, s, r, &spec) : 0;

	return rc ? rc : launch_run(job, s, &spec, &job->err);
}

static void launched(struct job *job, int rc)
{
	const struct engine_launched run = { job->id, job->run, job->existed };

	job->fn_user.launched(job->ctx, rc, rc ? &job->err : NULL, &run);
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
	if (l->validators)
		json_object_set_new(o, "validators", json_integer(l->validators));
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

	json_t *options = options_of(l);

	job->fn_user.launched = fn;
	job->request = r;
	r->provided = arena_dup(job->arena, l->provided);
	r->spec = (struct launch_spec){ .frozen = text_of(job->arena, l->frozen),
		.flow = arena_dup(job->arena, l->flow),
		.input = text_of(job->arena, l->input),
		.options = text_of(job->arena, options),
		.size = l->size,
		.repo = arena_dup(job->arena, l->repo),
		.idempotency = arena_dup(job->arena, l->idempotency) };
	json_decref(options);
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
	struct core_event ev = { .type = CORE_LOST, .now = engine_now(job->e) };
	int rc = 0;

	held_add(job->e, lv->key);
	for (uint32_t i = 0; i < core_count(lv->core) && !rc; i++) {
		const struct core_node *n = core_node(lv->core, i);

		if (!has_attempt(n))
			continue;
		ev.step = i;
		ev.epoch = n->epoch;
		rc = live_close_task(lv, i, "lost", STR("the process that ran it is gone"));
		if (!rc)
			rc = live_apply(job, lv, &ev);
	}
	if (rc || core_status(lv->core) != RUN_RUNNING) /* it was being stopped, and now it is */
		return rc;
	ev.type = CORE_WAKE;
	return live_apply(job, lv, &ev);
}
