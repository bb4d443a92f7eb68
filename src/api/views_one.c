/* One step with everything that it said and what came of it. */
#include "api/views_priv.h"
#include "engine/engine.h"

static int no_step(const struct run_view *r, struct str name, struct err *err)
{
	err_set(err, -ENOENT, "run %.*s has no step '%.*s'", STR_ARG(r->row->id),
	    STR_ARG(str_take(name, 100)));
	return err_fix(err, "tutti runs show %.*s", STR_ARG(r->row->id));
}

static const struct task_row *task_of(const struct task_row *tasks, size_t n, int64_t epoch)
{
	for (size_t i = 0; i < n; i++)
		if (tasks[i].epoch == epoch)
			return &tasks[i];
	return NULL;
}

/* In the words of steps. */
static const char *status_of(const struct task_row *t)
{
	if (!str_is(t->status, "ended"))
		return str_is(t->status, "claimed") ? "running" : "pending";
	if (str_is(t->ending, "answered") || str_is(t->ending, "truncated"))
		return "completed";
	return str_is(t->ending, "cancelled") ? "cancelled" : "failed";
}

static json_t *attempt_of(const struct task_row *t)
{
	bool over = str_is(t->status, "ended") && t->claimed_at;
	json_t *usage = t->usage.p ? json_parse(t->usage, NULL) : NULL;
	bool counted = json_is_integer(json_object_get(usage, "in"));
	long long tokens = json_get_int(usage, "in", 0) + json_get_int(usage, "out", 0);

	json_decref(usage);
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "attempt",
	    (json_int_t)t->epoch, "status", status_of(t), "ending", views_text(t->ending), "reason",
	    views_text(t->reason), "agent", views_text(t->agent), "model", views_text(t->model),
	    "started", views_time(t->claimed_at), "ended", views_time(over ? t->ended_at : 0),
	    "took_ms", over ? json_integer(t->ended_at - t->claimed_at) : json_null(), "tokens",
	    counted ? json_integer(tokens) : json_null());
}

static json_t *attempts_of(const struct task_row *tasks, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, attempt_of(&tasks[i]));
	return all;
}

static json_t *blob_text(const struct run_view *r, struct str hash)
{
	struct str text;

	if (!hash.n || r->s->ops->blob_get(r->s, r->a, hash, &text) < 0)
		return json_null();
	return json_text(text);
}

/* As the report tells them, if there is one: with what became of each. */
static json_t *findings_of(const struct run_view *r, int64_t position)
{
	struct finding_row *rows;
	json_t *all = json_array();
	size_t n;

	if (r->s->ops->findings_list(r->s, r->a, r->row->key, &rows, &n) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		const struct finding_row *f = &rows[i];
		json_t *data = f->step == position ? json_parse(f->data, NULL) : NULL;

		if (f->step == position)
			json_array_append_new(
			    all, json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}",
				     "id", json_text(f->uid), "title", json_text(f->title),
				     "severity", json_text(f->severity), "path", json_text(f->path),
				     "line", (json_int_t)f->line, "state", json_text(f->state),
				     "verdict", json_text(f->verdict), "disposition",
				     json_text(json_get_str(data, "disposition")), "reason",
				     json_text(json_get_str(data, "reason")), "body_html",
				     views_html(json_get_str(data, "body"))));
		json_decref(data);
	}
	return all;
}

/* The findings of EVIDENCE that rest on its citation K. */
static json_t *used_by(const json_t *evidence, size_t k)
{
	json_t *all = json_array(), *one;
	size_t i;

	json_array_foreach (json_get_array(evidence, "findings"), i, one) {
		long long first = json_get_int(one, "first", 0), n = json_get_int(one, "n", 0);

		if ((long long)k >= first && (long long)k < first + n)
			json_array_append_new(all, json_text(json_get_str(one, "id")));
	}
	return all;
}

/* Everything that it cites, each with what code found at that place. */
static json_t *citations_of(const json_t *evidence)
{
	json_t *all = json_array(), *c;
	size_t i;

	json_array_foreach (json_get_array(evidence, "citations"), i, c) {
		json_t *copy = json_copy(c);

		json_object_set_new(copy, "class", json_text(json_get_str(c, "trust")));
		json_object_del(copy, "trust");
		json_object_set_new(copy, "used_by", used_by(evidence, i));
		json_array_append_new(all, copy);
	}
	return all;
}

/* What its answer says and rests on; only of the attempt whose answer is kept. */
static void set_texts(json_t *o, const struct run_view *r, size_t i)
{
	struct step_row texts = { 0 };
	json_t *evidence = NULL;

	if (r->s->ops->step_texts(r->s, r->a, r->steps[i].key, &texts) == 0 && texts.evidence.p)
		evidence = json_parse(texts.evidence, NULL);
	json_object_set_new(o, "output", texts.output.p ? json_text(texts.output) : json_null());
	json_object_set_new(
	    o, "output_html", texts.output.p ? views_html(texts.output) : json_null());
	json_object_set_new(o, "evidence", citations_of(evidence));
	json_object_set_new(o, "findings", findings_of(r, r->steps[i].position));
	json_decref(evidence);
}

static json_t *step_document(const struct run_view *r, size_t i, unsigned attempt, struct err *err)
{
	const struct step_row *s = &r->steps[i];
	char *subject = arena_printf(r->a, "%.*s/%.*s", STR_ARG(r->row->id), STR_ARG(s->name));
	struct task_row *tasks;
	size_t n;

	if (r->s->ops->task_list(r->s, r->a, str_from(subject), &tasks, &n) < 0)
		n = 0;
	const struct task_row *t = task_of(tasks, n, attempt ? attempt : s->epoch);

	if (attempt && !t) {
		err_set(err, -ENOENT, "step %.*s has no attempt %u", STR_ARG(s->name), attempt);
		return NULL;
	}
	json_t *o = view_step(r, i);

	json_object_set_new(o, "prompt", t ? blob_text(r, t->prompt) : json_null());
	json_object_set_new(o, "attempts", attempts_of(tasks, n));
	set_texts(o, r, i);
	return o;
}

json_t *views_step(struct views *v, struct store *s, struct arena *a, int64_t run,
    const struct views_step *which, struct err *err)
{
	struct run_row row;
	struct run_view r;
	json_t *doc = NULL;
	int rc = s->ops->run_load(s, a, run, &row);

	if (!rc)
		rc = run_view_open(v, s, a, &row, &r);
	if (rc) {
		err_set(err, rc, "the run cannot be read: %s", err_name(rc));
		return NULL;
	}
	size_t i = 0;

	while (i < r.n && !str_eq(r.steps[i].name, which->name))
		i++;
	if (i < r.n)
		doc = step_document(&r, i, which->attempt, err);
	else
		no_step(&r, which->name, err);
	run_view_free(&r);
	return doc;
}
