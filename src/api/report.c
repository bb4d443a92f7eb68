/*
 * What a run came to, in each form that it has. All of it is read and written on the store thread,
 * but for the page, which shows lines of files.
 */
#include "report/report.h"
#include "api/html.h"
#include "api/priv.h"
#include "report/export.h"

#include <stdlib.h>

struct form {
	const char *name, *type, *suffix;
	int (*fn)(struct call *c, struct store *s);
};

struct wanted {
	const struct form *form;
	bool fragment, download;
	struct engine_facts *facts; /* of a page, once they are read */
};

/* --- forms -------------------------------------------------------------------------------- */

static int as_markdown(struct call *c, struct store *s)
{
	return engine_report_text(s, c->a, c->key, false, &c->text, &c->err);
}

static int as_json(struct call *c, struct store *s)
{
	return engine_report_text(s, c->a, c->key, true, &c->text, &c->err);
}

static void drop_facts(struct call *c)
{
	struct wanted *w = c->own;

	engine_facts_free(w->facts);
	w->facts = NULL;
}

static int as_html(struct call *c, struct store *s)
{
	struct wanted *w = c->own;

	drop_facts(c); /* of a reading that was rolled back */
	return engine_facts_read(s, c->key, &w->facts, &c->err);
}

/* On the pool. */
static int make_html(struct call *c)
{
	struct wanted *w = c->own;

	c->text = html_make(c->a, w->facts, c->api->config.data, c->row.snapshot);
	if (w->fragment)
		c->text = html_body(c->text);
	drop_facts(c);
	return 0;
}

static void when_read(struct call *c)
{
	const struct wanted *w = c->own;

	if (w->facts)
		call_work(c, make_html, NULL);
	else
		call_answer(c, 0);
}

static int read_doc(struct call *c, struct store *s, int64_t key, struct report_doc *ret)
{
	struct str text;
	int rc = engine_report_text(s, c->a, key, true, &text, &c->err);

	return rc ? rc : doc_read(c->a, text, ret, &c->err);
}

static int read_facts(struct call *c, struct store *s, struct export_facts *ret)
{
	struct report_doc *doc = arena_new(c->a, struct report_doc);
	int rc = read_doc(c, s, c->key, doc);

	*ret = (struct export_facts){ .doc = doc,
		.exit_code = doc->completed ? 0 : 1,
		.exit_name = doc->completed ? "done" : "failed",
		.fail_on = SEVERITY_NONE };
	return rc;
}

static int as_sarif(struct call *c, struct store *s)
{
	struct export_facts x;
	int rc = read_facts(c, s, &x);

	if (rc)
		return rc;
	json_t *doc = export_sarif(c->a, &x);
	char *text = json_dump(doc);

	c->text = arena_dup(c->a, str_from(text));
	free(text);
	json_decref(doc);
	return 0;
}

static int as_junit(struct call *c, struct store *s)
{
	struct export_facts x;
	int rc = read_facts(c, s, &x);

	if (!rc)
		c->text = export_junit(c->a, &x);
	return rc;
}

static const struct form forms[] = {
	{ "md", "text/markdown; charset=utf-8", ".md", as_markdown },
	{ "html", "text/html; charset=utf-8", ".html", as_html },
	{ "json", "application/json", ".json", as_json },
	{ "sarif", "application/sarif+json", ".sarif", as_sarif },
	{ "junit", "application/xml", ".xml", as_junit },
};

/* --- one of them -------------------------------------------------------------------------- */

static const char *file_name(struct call *c, const struct form *form)
{
	json_t *input = json_parse(c->row.input, NULL);
	struct str name = report_file_name(
	    c->a, c->row.started_at, c->row.flow, json_get_str(input, "question"), c->row.id);

	json_decref(input);
	return arena_printf(c->a, "%.*s%s", STR_ARG(str_take(name, name.n - 3)), form->suffix);
}

static int read_report(struct call *c, struct store *s)
{
	const struct wanted *w = c->own;

	c->type = w->form->type;
	c->file = w->download ? file_name(c, w->form) : NULL;
	return w->form->fn(c, s);
}

void get_report(struct call *c)
{
	struct wanted *w = arena_new(c->a, struct wanted);
	struct str as = call_query(c, "as");

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (str_is(as.n ? as : STR("md"), forms[i].name))
			w->form = &forms[i];
	if (!w->form) {
		err_set(&c->err, -EINVAL, "there is no form \"%.*s\"", STR_ARG(str_take(as, 40)));
		err_fix(&c->err, "as=md, html, json, sarif or junit");
		call_refuse(c, 400, "bad_request");
		return;
	}
	if (!call_flag(c, "fragment", &w->fragment) || !call_flag(c, "download", &w->download))
		return;
	c->own = w;
	c->drop = drop_facts;
	call_run(c, read_report, when_read);
}

/* --- what was read, and what was proven --------------------------------------------------- */

static int read_coverage(struct call *c, struct store *s)
{
	struct str text;
	int rc = engine_report_text(s, c->a, c->key, true, &text, &c->err);

	if (rc)
		return rc;
	json_t *report = json_parse(text, NULL), *doc = json_object_get(report, "coverage");

	c->doc = doc ? json_incref(doc) : json_null();
	json_decref(report);
	return 0;
}

void get_coverage(struct call *c)
{
	call_run(c, read_coverage, NULL);
}

static int read_proof(struct call *c, struct store *s)
{
	struct engine_proof p;
	int rc = engine_proof(s, c->a, c->key, &p, &c->err);

	c->text = p.file;
	c->type = "application/x-ndjson";
	engine_proof_free(&p);
	return rc;
}

void get_proof(struct call *c)
{
	call_run(c, read_proof, NULL);
}

/* --- two runs ----------------------------------------------------------------------------- */

struct pair {
	struct str a, b; /* as they were named */
	struct run_row old, now;
};

static int find(struct call *c, struct store *s, struct str name, struct run_row *ret)
{
	int64_t key;
	int rc = engine_resolve(s, name, STR(""), &key, &c->err);

	return rc ? rc : s->ops->run_load(s, c->a, key, ret);
}

static void add_input(json_t *all, const char *name, struct str old, struct str now)
{
	if (!str_eq(old, now))
		json_array_append_new(all, json_pack("{s:s, s:o, s:o}", "name", name, "old",
					       views_text(old), "now", views_text(now)));
}

static struct str provided_of(const json_t *options)
{
	return json_get_str(json_get_object(options, "provided"), "run");
}

static void add_provided(json_t *all, const struct pair *p)
{
	json_t *a = json_parse(p->old.options, NULL), *b = json_parse(p->now.options, NULL);

	add_input(all, "provided", provided_of(a), provided_of(b));
	json_decref(a);
	json_decref(b);
}

/* What they were asked differently. */
static json_t *inputs_of(
    const struct pair *p, const struct report_doc *old, const struct report_doc *now)
{
	json_t *a = json_parse(p->old.input, NULL), *b = json_parse(p->now.input, NULL);
	json_t *all = json_array(), *value;
	const char *key;

	add_input(all, "flow", p->old.flow, p->now.flow);
	json_object_foreach (b, key, value)
		add_input(all, key, json_get_str(a, key), json_get_str(b, key));
	json_object_foreach (a, key, value)
		if (!json_object_get(b, key))
			add_input(all, key, json_get_str(a, key), STR(""));
	add_input(all, "size", p->old.size, p->now.size);
	add_input(all, "repository", p->old.repo, p->now.repo);
	add_input(all, "commit", old->commit, now->commit);
	add_provided(all, p);
	add_input(all, "agent", old->agent, now->agent);
	add_input(all, "model", old->model, now->model);
	add_input(all, "definition", old->flow_hash, now->flow_hash);
	json_decref(a);
	json_decref(b);
	return all;
}

static json_t *delta(json_int_t old, json_int_t now)
{
	return json_pack("{s:I, s:I, s:I}", "old", old, "now", now, "delta", now - old);
}

static json_t *deltas_of(
    const struct pair *p, const struct report_doc *old, const struct report_doc *now)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "took_ms", delta(old->took, now->took), "tokens",
	    delta(p->old.tokens_in + p->old.tokens_out, p->now.tokens_in + p->now.tokens_out),
	    "findings", delta((json_int_t)old->n_findings, (json_int_t)now->n_findings),
	    "citations", delta((json_int_t)old->n_cites, (json_int_t)now->n_cites));
}

static json_t *side_of(const struct report_doc *d, struct str name)
{
	for (size_t i = 0; i < d->n_steps; i++)
		if (str_eq(d->steps[i].name, name))
			return json_pack("{s:o, s:o, s:I, s:b}", "status",
			    json_text(d->steps[i].status), "reason", json_text(d->steps[i].reason),
			    "took_ms", (json_int_t)d->steps[i].took, "partial",
			    d->steps[i].partial);
	return json_null();
}

static bool has(const struct report_doc *d, struct str name)
{
	for (size_t i = 0; i < d->n_steps; i++)
		if (str_eq(d->steps[i].name, name))
			return true;
	return false;
}

static void add_agents(json_t *all, const struct report_doc *from, const struct report_doc *old,
    const struct report_doc *now)
{
	for (size_t i = 0; i < from->n_steps; i++) {
		const struct doc_step *s = &from->steps[i];

		if (!str_is(s->kind, "agent") || (from == old && has(now, s->name)))
			continue;
		json_array_append_new(
		    all, json_pack("{s:o, s:o, s:o, s:o}", "step", json_text(s->name), "label",
			     json_text(doc_label(s)), "old", side_of(old, s->name), "now",
			     side_of(now, s->name)));
	}
}

static int compare(struct call *c, struct store *s)
{
	struct pair *p = c->own;
	struct report_doc *old = arena_new(c->a, struct report_doc),
			  *now = arena_new(c->a, struct report_doc);
	struct comparison cmp;
	json_t *agents;
	int rc = find(c, s, p->a, &p->old);

	if (!rc)
		rc = find(c, s, p->b, &p->now);
	if (!rc)
		rc = read_doc(c, s, p->old.key, old);
	if (!rc)
		rc = read_doc(c, s, p->now.key, now);
	if (rc)
		return rc;
	evidence_compare(
	    c->a, old->findings, old->n_findings, now->findings, now->n_findings, &cmp);
	agents = json_array();
	add_agents(agents, now, old, now);
	add_agents(agents, old, old, now);
	c->doc = report_comparison(old, now, &cmp);
	json_object_set_new(c->doc, "inputs", inputs_of(p, old, now));
	json_object_set_new(c->doc, "summary", deltas_of(p, old, now));
	json_object_set_new(c->doc, "agents", agents);
	return 0;
}

void get_compare(struct call *c)
{
	struct pair *p = arena_new(c->a, struct pair);

	*p = (struct pair){ .a = call_query(c, "a"), .b = call_query(c, "b") };
	if (!p->a.n || !p->b.n) {
		err_set(&c->err, -EINVAL, "which two runs?");
		err_fix(&c->err, "?a=RUN&b=RUN");
		call_refuse(c, 400, "bad_request");
		return;
	}
	c->own = p;
	call_read(c, compare, NULL);
}
