/* Reading a run without an engine: for commands that only look. */
#include "engine/choice.h"
#include "engine/result.h"
#include "flow/template.h"

#include <stdlib.h>

/* Enough of an engine to load a run with; no thread, no loop. */
static struct engine *reader_create(void)
{
	struct engine *e = xalloc(sizeof(*e));

	list_init(&e->definitions);
	list_init(&e->over);
	e->inner_last = &e->inner_first;
	e->vm = expr_create();
	return e;
}

static void reader_destroy(struct engine *e)
{
	live_drop_all(e);
	expr_destroy(e->vm);
	free(e);
}

static struct str render(struct live *lv, struct arena *a, bool json)
{
	const struct report_run *run = result_build(lv);

	if (!json)
		return arena_dup(a, report_markdown(lv->job->arena, run));
	json_t *doc = report_json(lv->job->arena, run);
	char *text = json_dump(doc);
	struct str out = arena_dup(a, str_from(text));

	free(text);
	json_decref(doc);
	return out;
}

int engine_report_text(
    struct store *s, struct arena *a, int64_t run, bool json, struct str *ret, struct err *err)
{
	struct job job = { .e = reader_create(), .arena = arena_create("report", ARENA_JOB) };
	struct live *lv;
	int rc = live_get(&job, s, run, &lv);

	if (rc)
		*err = job.err;
	else if (!json && lv->row.report.p)
		rc = s->ops->blob_get(s, a, lv->row.report, ret);
	else
		*ret = render(lv, a, json);
	reader_destroy(job.e);
	arena_destroy(job.arena);
	return rc;
}

json_t *engine_choice(struct store *s, int64_t run)
{
	struct job job = { .e = reader_create(), .arena = arena_create("choice", ARENA_JOB) };
	struct live *lv = NULL;
	json_t *v = live_get(&job, s, run, &lv)
			? json_null()
			: choice_json(job.arena, lv->flow, core_size(lv->core),
			      json_get_bool(lv->options, "auto", false), lv->signals);

	if (lv && json_is_object(v))
		json_object_set_new(
		    v, "signals", lv->signals ? json_deep_copy(lv->signals) : json_null());
	reader_destroy(job.e);
	arena_destroy(job.arena);
	return v;
}

struct engine_facts {
	struct job job; /* what RUN points into is its reader's and its arena's */
	const struct report_run *run;
};

int engine_facts_read(struct store *s, int64_t run, struct engine_facts **ret, struct err *err)
{
	struct engine_facts *f = xalloc(sizeof(*f));
	struct live *lv;

	f->job.e = reader_create();
	f->job.arena = arena_create("report", ARENA_JOB);
	int rc = live_get(&f->job, s, run, &lv);

	if (rc) {
		*err = f->job.err;
		engine_facts_free(f);
		return rc;
	}
	f->run = result_build(lv);
	*ret = f;
	return 0;
}

struct str engine_facts_html(
    struct engine_facts *f, struct arena *a, evidence_source_fn fn, void *ctx)
{
	return arena_dup(a, report_html(f->job.arena, f->run, fn, ctx));
}

void engine_facts_free(struct engine_facts *f)
{
	if (!f)
		return;
	reader_destroy(f->job.e);
	arena_destroy(f->job.arena);
	free(f);
}

static int render_question(struct live *lv, struct arena *a, int64_t position,
    struct engine_question *ret, struct err *err)
{
	const struct core_node *n = position >= 0 && (uint64_t)position < core_count(lv->core)
					? core_node(lv->core, (uint32_t)position)
					: NULL;
	struct strs choices = { 0 };

	if (!n || !n->def || n->kind != KIND_APPROVAL || n->status != STEP_RUNNING)
		return err_set(err, -EINVAL, "this step asks nothing now");
	struct scope scope = live_scope(lv, (uint32_t)position);
	int rc = template_render(lv->job->arena, lv->engine->vm, &n->def->approval.ask, &scope,
	    TEMPLATE_PLAIN, ANSWER_MAX, &ret->text, err);

	for (size_t i = 0; i < n->def->approval.choices.n; i++)
		strs_add(a, &choices, arena_dup(a, n->def->approval.choices.v[i]));
	ret->step = arena_dup(a, n->name);
	ret->text = arena_dup(a, ret->text);
	ret->choices = choices.v;
	ret->n_choices = choices.n;
	return rc;
}

int engine_question(struct store *s, struct arena *a, int64_t run, int64_t position,
    struct engine_question *ret, struct err *err)
{
	struct job job = { .e = reader_create(), .arena = arena_create("ask", ARENA_JOB) };
	struct live *lv;
	int rc = live_get(&job, s, run, &lv);

	*ret = (struct engine_question){ .text = STR("") };
	if (rc)
		*err = job.err;
	else
		rc = render_question(lv, a, position, ret, err);
	reader_destroy(job.e);
	arena_destroy(job.arena);
	return rc;
}
