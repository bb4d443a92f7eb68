/* Looking at runs, and changing them. Looking opens the store read-only, beside whoever owns it. */
#include "cli/finish.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/compare.h"
#include "cli/coverage.h"
#include "cli/export.h"
#include "cli/html.h"
#include "cli/keys.h"
#include "cli/logline.h"
#include "cli/paths.h"
#include "cli/proof.h"
#include "cli/spilled.h"

#include <stdlib.h>
#include <unistd.h>

struct runs_opts {
	const char *step, *as, *format, *output, *status, *flow, *script, *fail_on, *baseline;
	bool follow, all, strict, proof, coverage;
	long long since, limit;
};

#define O(member) offsetof(struct runs_opts, member)
#define TAIL_MS 100 /* between two looks at the log */

static const struct opt opts[] = {
	{ "all", 'a', OPT_FLAG, NULL, "list", "runs of every repository", O(all) },
	{ "status", 0, OPT_CHOICE, "running|completed|failed|cancelled", "list", "only these",
	    O(status) },
	{ "flow", 0, OPT_TEXT, "NAME", "list", "only this flow", O(flow) },
	{ "limit", 0, OPT_NUMBER, "N", "list", "at most so many (50)", O(limit) },
	{ "agent", 0, OPT_TEXT, "STEP", "logs", "only this step", O(step) },
	{ "step", 0, OPT_TEXT, "STEP", "retry", "only this step, and what follows from it",
	    O(step) },
	{ "follow", 'f', OPT_FLAG, NULL, "logs", "wait for more", O(follow) },
	{ "since", 0, OPT_NUMBER, "SEQ", "logs", "events after this number", O(since) },
	{ "as", 0, OPT_CHOICE, "md|json|html|sarif|junit|github", "export", "the form (md)",
	    O(as) },
	{ "proof", 0, OPT_FLAG, NULL, "show",
	    "what held its agents to reading; with --json as a file to keep", O(proof) },
	{ "coverage", 0, OPT_FLAG, NULL, "show",
	    "what was read of the repository, and what was not", O(coverage) },
	{ "output", 'o', OPT_TEXT, "FILE", "export, resume, show --proof",
	    "where it goes; - is stdout", O(output) },
	{ "format", 0, OPT_CHOICE, "auto|live|plain|jsonl|quiet", "resume, watch",
	    "of the progress", O(format) },
	{ "fail-on", 0, OPT_CHOICE, GATE_WORDS, "export, compare, resume, retry",
	    "exit 3 when a finding this bad stands", O(fail_on) },
	{ "baseline", 0, OPT_TEXT, "RUN|FILE", "export, resume, retry",
	    "only what is new since this run or file", O(baseline) },
	{ "strict", 0, OPT_FLAG, NULL, "export, resume, retry", "exit 8 when anything is missing",
	    O(strict) },
	{ "rehearsal-script", 0, OPT_TEXT, "FILE", "resume", "misbehaviour for the rehearsal model",
	    O(script) },
	{ 0 },
};

struct look {
	struct arena *a;
	const struct globals *g;
	const struct runs_opts *o;
	struct store *s;
	char *repo; /* of the current directory, for "last" */
	int64_t key;
	struct run_row row;
};

static struct str repo_of(const struct look *l)
{
	return l->o->all || !l->repo ? (struct str){ "", 0 } : str_from(l->repo);
}

static int look_open(struct look *l, struct arena *a, const struct globals *g,
    const struct runs_opts *o, struct err *err)
{
	struct err ignored;

	*l = (struct look){ .a = a, .g = g, .o = o };
	if (paths_repo(a, g->repo, &l->repo, &ignored) < 0)
		l->repo = NULL;
	return house_read(a, g, &l->s, err);
}

static int look_find(struct look *l, const char *name, struct err *err)
{
	bool last = strncmp(name, "last", 4) == 0;
	int rc = engine_resolve(
	    l->s, str_from(name), last ? repo_of(l) : (struct str){ "", 0 }, &l->key, err);

	if (!rc)
		rc = l->s->ops->run_load(l->s, l->a, l->key, &l->row);
	return rc;
}

/* --- list
 * -------------------------------------------------------------------------------------------- */

static const char *age(struct arena *a, msec_t at)
{
	msec_t s = (clock_wall() - at) / 1000;

	if (s < 90)
		return arena_printf(a, "%lld s ago", (long long)s);
	if (s < 5400)
		return arena_printf(a, "%lld min ago", (long long)s / 60);
	if (s < 172800)
		return arena_printf(a, "%lld h ago", (long long)s / 3600);
	return arena_printf(a, "%lld days ago", (long long)s / 86400);
}

static json_t *row_json(const struct run_row *r)
{
	char iso[32];

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:I}", "id",
	    json_text(r->id), "flow", json_text(r->flow), "title", json_text(r->title), "status",
	    json_text(r->status), "reason", json_text(r->reason), "size", json_text(r->size),
	    "repo", json_text(r->repo), "outcome", json_text(r->outcome), "started",
	    clock_iso(r->started_at, iso, sizeof(iso)), "took_ms",
	    (json_int_t)(r->ended_at ? r->ended_at - r->started_at : 0), "tokens_in",
	    (json_int_t)r->tokens_in, "tokens_out", (json_int_t)r->tokens_out);
}

static enum term_style style_of(struct str status)
{
	if (str_is(status, "completed"))
		return STYLE_GOOD;
	return str_is(status, "failed")	   ? STYLE_BAD
	       : str_is(status, "running") ? STYLE_BUSY
					   : STYLE_DIM;
}

static void add_run(struct buf *b, const struct term *t, struct arena *a, const struct run_row *r)
{
	term_addf(b, t, STYLE_BOLD, "%-13.*s", STR_ARG(r->id));
	term_addf(b, t, style_of(r->status), "%-10.*s ", STR_ARG(r->status));
	term_addf(b, t, STYLE_DIM, "%-12s ", age(a, r->started_at));
	term_add(b, t, STYLE_PLAIN, utf8_fit(r->title, 70));
	buf_addc(b, '\n');
}

static int list(struct look *l)
{
	struct run_filter f = { .repo = l->o->all ? (struct str){ "", 0 } : repo_of(l),
		.flow = str_from(l->o->flow ? l->o->flow : ""),
		.status = str_from(l->o->status ? l->o->status : ""),
		.top_only = true,
		.limit =
		    l->o->limit > 0 && l->o->limit < RUN_LIST_MAX ? (unsigned)l->o->limit : 50 };
	struct run_row *rows;
	size_t n;
	struct term t;
	struct buf b;
	json_t *all = json_array();
	int rc = l->s->ops->run_list(l->s, l->a, &f, &rows, &n);

	term_init(&t, STDOUT_FILENO, l->g->color);
	buf_init(&b, MIB(4));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		add_run(&b, &t, l->a, &rows[i]);
		json_array_append_new(all, row_json(&rows[i]));
	}
	if (rc == 0 && n == 0)
		buf_adds(
		    &b, "no runs here; tutti runs list --all shows those of other repositories\n");
	int code = l->g->json ? cli_print_json(json_pack("{s:O}", "runs", all), EXIT_DONE)
			      : cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	json_decref(all);
	return code;
}

/* --- show
 * --------------------------------------------------------------------------------------------- */

static json_t *step_json(const struct step_row *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:b, s:I}", "step",
	    json_text(s->name), "label", json_text(s->label), "kind", json_text(s->kind), "status",
	    json_text(s->status), "ending", json_text(s->ending), "reason", json_text(s->reason),
	    "attempt", (json_int_t)s->attempt, "partial", s->partial != 0, "took_ms",
	    (json_int_t)(s->ended_at && s->started_at ? s->ended_at - s->started_at : 0));
}

static void add_line(struct buf *b, const struct term *t, enum term_style style, struct str text)
{
	buf_adds(b, "  ");
	term_add(b, t, style, text);
	buf_addc(b, '\n');
}

static void add_step(struct buf *b, const struct term *t, const struct step_row *s)
{
	char span[24] = "";

	if (s->ended_at && s->started_at)
		clock_span(s->ended_at - s->started_at, span, sizeof(span));
	term_addf(b, t, STYLE_PLAIN, "  %-22.*s ", STR_ARG(s->name));
	term_addf(b, t, style_of(s->status), "%-10.*s ", STR_ARG(s->status));
	term_addf(b, t, STYLE_DIM, "%7s ", span);
	if (s->ending.n && !str_is(s->ending, "answered") && !str_is(s->ending, "none"))
		term_addf(b, t, STYLE_BAD, "%.*s ", STR_ARG(s->ending));
	term_add(b, t, STYLE_DIM, utf8_fit(s->reason, 100));
	buf_addc(b, '\n');
}

/* --- proof
 * -------------------------------------------------------------------------------------------- */

static int proof_code(const struct engine_proof *p)
{
	return p->state == 0 || (p->running && p->state == -EPERM) ? EXIT_DONE : EXIT_INVALID;
}

static int write_out(struct look *l, struct str text, int code)
{
	return export_write(l->g, l->o->output, text, code);
}

static void add_proof(struct look *l, struct buf *b, const struct engine_proof *p)
{
	struct term t;

	term_init(&t, STDOUT_FILENO, l->g->color);
	add_run(b, &t, l->a, &l->row);
	add_line(b, &t, p->state ? STYLE_BAD : STYLE_GOOD, str_from(engine_proof_line(l->a, p)));
	if (p->found.seal.seq)
		add_line(b, &t, STYLE_DIM,
		    str_from(arena_printf(l->a, "%lld events, sealed with %s",
			(long long)p->found.events, p->found.seal.sha256)));
	proof_add(b, &t, l->a, p->file);
}

static int show_proof(struct look *l)
{
	struct engine_proof p;
	struct err err = { 0 };
	struct buf b;
	int code, rc = engine_proof(l->s, l->a, l->key, &p, &err);

	buf_init(&b, MIB(256));
	if (rc) {
		code = cli_fail(l->g, &err, EXIT_RUN_FAILED);
	} else if (l->g->json) {
		code = write_out(l, p.file, proof_code(&p));
	} else {
		add_proof(l, &b, &p);
		code = write_out(l, buf_str(&b), proof_code(&p));
	}
	engine_proof_free(&p);
	buf_fini(&b);
	return code;
}

/* What was cut off of its attempts and kept; empty when the place of it is not known. */
static json_t *read_spilled(struct look *l)
{
	struct err ignored;
	char *data;

	if (paths_data(l->a, l->g->data, &data, &ignored) < 0)
		return json_array();
	return spilled_read(l->s, l->a, data, arena_cstr(l->a, l->row.id), l->key);
}

/* One step of it, in lines and as JSON. */
static void show_step(struct look *l, struct buf *b, const struct term *t,
    const struct step_row *step, const json_t *spilled, json_t *all)
{
	json_t *some = spilled_of(spilled, step->position), *doc = step_json(step);

	add_step(b, t, step);
	spilled_add(b, t, l->a, some);
	if (json_array_size(some))
		json_object_set(doc, "cut_off", some);
	json_array_append_new(all, doc);
	json_decref(some);
}

/* For `show`: a line, and whether it is a good one. */
static const char *proof_line(struct look *l, bool *ret_good)
{
	struct engine_proof p;
	struct err err = { 0 };
	int rc = engine_proof(l->s, l->a, l->key, &p, &err);
	const char *line =
	    rc ? arena_printf(l->a, "read-only: %s", err.what) : engine_proof_line(l->a, &p);

	*ret_good = !rc && proof_code(&p) == EXIT_DONE;
	engine_proof_free(&p);
	return line;
}

/* --- coverage
 * -------------------------------------------------------------------------------------------- */

static int show_coverage(struct look *l)
{
	struct err err = { 0 };
	struct str text;
	struct term t;
	struct buf b;
	int code, rc = engine_report_text(l->s, l->a, l->key, true, &text, &err);

	if (rc)
		return cli_fail(l->g, &err, EXIT_RUN_FAILED);
	json_t *report = json_parse(text, NULL), *doc = json_object_get(report, "coverage");

	buf_init(&b, MIB(4));
	term_init(&t, STDOUT_FILENO, l->g->color);
	if (l->g->json) {
		code = cli_print_json(json_incref(doc), EXIT_DONE);
	} else {
		add_run(&b, &t, l->a, &l->row);
		coverage_add_view(&b, &t, doc);
		code = cli_print(buf_str(&b), EXIT_DONE);
	}
	buf_fini(&b);
	json_decref(report);
	return code;
}

/* --- one run
 * -------------------------------------------------------------------------------------------- */

static int show(struct look *l)
{
	struct step_row *steps;
	size_t n;
	struct term t;
	struct buf b;
	bool good;

	if (l->o->proof)
		return show_proof(l);
	if (l->o->coverage)
		return show_coverage(l);
	const char *proof = proof_line(l, &good);
	json_t *all = json_array(), *options = json_parse(l->row.options, NULL);
	json_t *spilled = read_spilled(l);
	int rc = l->s->ops->step_list(l->s, l->a, l->key, &steps, &n);

	term_init(&t, STDOUT_FILENO, l->g->color);
	buf_init(&b, MIB(4));
	add_run(&b, &t, l->a, &l->row);
	add_line(&b, &t, STYLE_DIM, json_get_str(options, "command"));
	if (l->row.reason.n)
		add_line(&b, &t, STYLE_BAD, l->row.reason);
	if (l->row.outcome.n)
		add_line(&b, &t, STYLE_PLAIN, l->row.outcome);
	add_line(&b, &t, good ? STYLE_DIM : STYLE_BAD, str_from(proof));
	for (size_t i = 0; rc == 0 && i < n; i++)
		show_step(l, &b, &t, &steps[i], spilled, all);
	json_t *doc = row_json(&l->row);

	json_object_set(doc, "steps", all);
	json_object_set_new(doc, "command", json_text(json_get_str(options, "command")));
	json_object_set_new(doc, "proof", json_cstr(proof));
	int code = l->g->json ? cli_print_json(doc, EXIT_DONE) : cli_print(buf_str(&b), EXIT_DONE);

	if (!l->g->json)
		json_decref(doc);
	json_decref(all);
	json_decref(options);
	json_decref(spilled);
	buf_fini(&b);
	return code;
}

/* --- export
 * ------------------------------------------------------------------------------------------- */

static struct str printable_json(struct arena *a, struct str json)
{
	struct buf b;

	buf_init(&b, 2 * REPORT_MAX + MIB(256));
	buf_add_json_text(&b, json);
	buf_addc(&b, '\n');
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

static int export_html(struct look *l, struct str *ret, struct err *err)
{
	char *data;
	int rc = paths_data(l->a, l->g->data, &data, err);

	return rc < 0 ? rc : html_report(l->s, l->a, data, l->key, l->row.snapshot, ret, err);
}

/* The form: --as, else what the file is called, else Markdown. */
static const char *form_of(const struct look *l)
{
	if (l->o->as)
		return l->o->as;
	if (l->g->json)
		return "json";
	return html_named(l->o->output) ? "html" : "md";
}

static struct export_job export_job_of(const struct look *l)
{
	return (struct export_job){ .a = l->a,
		.globals = l->g,
		.store = l->s,
		.key = l->key,
		.as = l->o->as,
		.output = l->o->output,
		.fail_on = l->o->fail_on,
		.baseline = l->o->baseline,
		.strict = l->o->strict };
}

static int export(struct look *l)
{
	const char *as = form_of(l);
	bool json = strcmp(as, "json") == 0;
	struct err err = { 0 };
	struct str text;
	const struct export_job job = export_job_of(l);
	int gated;

	if (export_is_form(l->o->as))
		return export_run(&job);
	int code = export_gate(&job, &gated, &err);

	if (code)
		return cli_fail(l->g, &err, code);
	int rc = strcmp(as, "html") == 0
		     ? export_html(l, &text, &err)
		     : engine_report_text(l->s, l->a, l->key, json, &text, &err);

	if (rc)
		return cli_fail(l->g, &err, EXIT_RUN_FAILED);
	if (json)
		text = printable_json(l->a, text);
	return write_out(l, text, gated);
}

/* --- logs and watch
 * ------------------------------------------------------------------------------------ */

struct tail {
	struct look *l;
	struct show show;
	int64_t seen;
	struct keys keys;
	bool raw; /* logs: the events themselves */
	bool over;
	struct term t;
};

static bool is_of_step(const struct tail *tl, const struct event_row *row, const json_t *data)
{
	const char *want = tl->l->o->step;

	(void)row;
	return !want || str_is(json_get_str(data, "step"), want);
}

static void print_event(struct tail *tl, const struct event_row *row)
{
	json_t *data = json_parse(row->data, NULL);
	struct buf b;

	buf_init(&b, EVENT_TEXT_MAX * 2);
	if (!is_of_step(tl, row, data))
		;
	else if (tl->l->g->json)
		logline_add_json(&b, row->seq, row->at, row->type, row->data);
	else
		logline_add(&b, &tl->t, row->seq, row->at, row->type, data, row->data);
	term_write(STDOUT_FILENO, buf_str(&b));
	buf_fini(&b);
	json_decref(data);
}

static int on_event(void *ctx, const struct event_row *row)
{
	struct tail *tl = ctx;

	tl->seen = row->seq;
	if (tl->raw)
		print_event(tl, row);
	else
		show_event(&tl->show, row->seq, row->at, row->type, row->data);
	return 0;
}

/* What is new, and whether there can be more. */
static int tail_step(struct tail *tl)
{
	struct store *s = tl->l->s;
	struct arena *a = arena_create("tail", ARENA_JOB);
	struct run_row row;
	int rc = s->ops->run_load(s, a, tl->l->key, &row);

	tl->over = rc < 0 || !str_is(row.status, "running");
	if (!rc)
		rc = s->ops->event_read(s, tl->l->key, tl->seen, 1000, on_event, tl);
	arena_destroy(a);
	return rc;
}

/* Waits a little; false when the person has had enough. */
static bool tail_pause(struct tail *tl)
{
	char key = keys_wait(&tl->keys, TAIL_MS);

	if (key == 'q')
		return false;
	if (key && !tl->raw)
		show_key(&tl->show, key);
	return true;
}

static int tail_run(struct tail *tl, bool follow)
{
	bool stay = true;

	keys_open(&tl->keys);
	while (stay) {
		int64_t before = tl->seen;
		int rc = tail_step(tl);

		if (rc) {
			keys_close(&tl->keys);
			return EXIT_RUN_FAILED;
		}
		if (!tl->raw)
			show_tick(&tl->show, clock_wall());
		if (tl->seen != before)
			continue;
		stay = follow && !tl->over && tail_pause(tl);
	}
	keys_close(&tl->keys);
	return EXIT_DONE;
}

static int logs(struct look *l)
{
	struct tail tl = { .l = l, .seen = l->o->since, .raw = true };

	term_init(&tl.t, STDOUT_FILENO, l->g->color);
	return tail_run(&tl, l->o->follow);
}

/* The same display as that of `run`; leaving it (q, Ctrl-C) changes nothing. */
static int watch(struct look *l)
{
	struct tail tl = { .l = l };
	int code;

	show_init(&tl.show,
	    l->o->format ? l->o->format
	    : l->g->json ? "jsonl"
			 : "auto",
	    l->g->color, "arrows, Enter: look closer  q: leave");
	if (estimate_read(l->s, l->a, l->key, &tl.show.estimate) < 0)
		tl.show.estimate = (struct estimate){ 0 };
	code = tail_run(&tl, true);
	show_fini(&tl.show);
	return code;
}

/* --- changing
 * ------------------------------------------------------------------------------------------- */

struct change {
	bool done;
	int rc;
	struct err err;
};

static void on_changed(void *ctx, int rc, const struct err *err)
{
	struct change *c = ctx;

	c->done = true;
	c->rc = rc;
	if (rc && err)
		c->err = *err;
}

static int wait_change(struct house *h, struct change *c)
{
	while (!c->done)
		uv_run(&h->loop, UV_RUN_ONCE);
	return c->rc ? cli_fail(h->globals, &c->err, cli_code(c->rc)) : EXIT_DONE;
}

/* What the run was launched with, for what has to stand before it goes on. */
static void spec_of(struct look *l, struct house_spec *spec)
{
	json_t *options = json_parse(l->row.options, NULL);
	struct str agent = json_get_str(options, "agent"), model = json_get_str(options, "model");

	*spec = (struct house_spec){ .globals = l->g,
		.agent = agent.n ? arena_cstr(l->a, agent) : NULL,
		.model = model.n ? arena_cstr(l->a, model) : NULL,
		.script = l->o->script,
		.agents = true,
		.format = l->g->json ? "quiet" : l->o->format };
	json_decref(options);
}

static int go_on(struct look *l, const char *verb)
{
	struct gate gate;
	struct finish_spec how = { .output = l->o->output, .gate = &gate };
	struct house_spec spec;
	struct change c = { 0 };
	struct err err = { 0 };
	struct house h;
	int code = gate_open(l->a, l->g, l->o->fail_on, l->o->baseline, l->o->strict, &gate, &err);

	if (code)
		return cli_fail(l->g, &err, code);
	spec_of(l, &spec);
	l->s->ops->close(l->s);
	l->s = NULL;
	code = house_open(&h, l->a, &spec, &err);
	if (code)
		return cli_fail(l->g, &err, code);
	snprintf(h.run_id, sizeof(h.run_id), "%.*s", STR_ARG(l->row.id));
	h.run = l->key; /* its end may come before the answer */
	if (strcmp(verb, "resume") == 0)
		engine_resume(h.engine, l->row.id, (struct str){ "", 0 }, on_changed, &c);
	else
		engine_retry(h.engine, l->row.id, (struct str){ "", 0 },
		    str_from(l->o->step ? l->o->step : ""), on_changed, &c);
	code = wait_change(&h, &c);
	if (code == EXIT_DONE) {
		house_follow(&h, l->key);
		code = finish(&h, &how);
	}
	house_close(&h);
	return code;
}

static int owned_elsewhere(struct look *l, long owner)
{
	struct err err = { 0 };

	err_set(&err, -EBUSY, "run %.*s is in the hands of process %ld", STR_ARG(l->row.id), owner);
	err_why(&err, "the process that runs it is the one that ends its agents");
	err_fix(&err, "press Ctrl-C twice there, or: kill -INT %ld; kill -INT %ld", owner, owner);
	return cli_fail(l->g, &err, EXIT_NOT_READY);
}

/* Nobody runs it: its record is brought to an end. */
static int cancel(struct look *l)
{
	struct house_spec spec = { .globals = l->g, .format = "quiet" };
	struct change c = { 0 };
	struct err err = { 0 };
	struct house h;
	char *data;

	if (paths_data(l->a, l->g->data, &data, &err) == 0 && store_owner(data))
		return owned_elsewhere(l, store_owner(data));
	l->s->ops->close(l->s);
	l->s = NULL;
	int code = house_open(&h, l->a, &spec, &err);

	if (code)
		return cli_fail(l->g, &err, code);
	worker_drain(h.worker); /* nothing of it is to start again */
	h.run = l->key;
	if (str_is(l->row.status, "running")) {
		engine_resume(h.engine, l->row.id, (struct str){ "", 0 }, on_changed, &c);
		code = wait_change(&h, &c);
		c = (struct change){ 0 };
	}
	if (code == EXIT_DONE) {
		engine_cancel(
		    h.engine, l->row.id, (struct str){ "", 0 }, STR("cancelled"), on_changed, &c);
		code = wait_change(&h, &c);
	}
	if (code == EXIT_DONE)
		house_wait(&h, &h.over);
	house_close(&h);
	if (code == EXIT_DONE && l->g->json)
		return cli_print_json(
		    json_pack("{s:o, s:s}", "id", json_text(l->row.id), "status", "cancelled"),
		    code);
	return code;
}

/* --- dispatch
 * ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*fn)(struct look *l);
} verbs[] = {
	{ "show", show },
	{ "export", export },
	{ "logs", logs },
	{ "watch", watch },
	{ "cancel", cancel },
};

static int wrong(const struct globals *g, const char *what)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "%s", what);
	err_fix(&err, "tutti runs list\ntutti help runs");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int compare(struct arena *a, const struct globals *g, const struct runs_opts *o,
    const char **words, size_t n)
{
	if (n != 3)
		return wrong(g, "which two runs?");
	return compare_runs(a, g, words[1], words[2], o->fail_on);
}

static int one_run(struct look *l, const char *verb, const char *name)
{
	struct err err = { 0 };
	int rc = look_find(l, name, &err);

	if (rc)
		return cli_fail(l->g, &err, cli_code(rc));
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].name) == 0)
			return verbs[i].fn(l);
	return go_on(l, verb);
}

static bool is_verb(const char *verb)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].name) == 0)
			return true;
	return strcmp(verb, "resume") == 0 || strcmp(verb, "retry") == 0 ||
	       strcmp(verb, "list") == 0 || strcmp(verb, "compare") == 0;
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const char *verb = n ? words[0] : "list";
	struct look l;
	struct err err = { 0 };
	int code;

	if (!is_verb(verb))
		return wrong(g, "runs does not know that");
	if (strcmp(verb, "compare") == 0)
		return compare(a, g, values, words, n);
	code = look_open(&l, a, g, values, &err);
	if (code == EXIT_NOT_FOUND && strcmp(verb, "list") == 0)
		return g->json ? cli_print_json(json_pack("{s:[]}", "runs"), EXIT_DONE)
			       : cli_print(STR("no runs yet\n"), EXIT_DONE);
	if (code)
		return cli_fail(g, &err, code);
	if (strcmp(verb, "list") == 0) {
		code = list(&l);
	} else if (n < 2) {
		list(&l);
		code = wrong(g, "which run?");
	} else {
		code = one_run(&l, verb, words[1]);
	}
	if (l.s)
		l.s->ops->close(l.s);
	return code;
}

static const char *const examples[] = { "tutti runs show last",
	"tutti runs export last --as html -o report.html", "tutti runs compare last~1 last",
	"tutti runs resume r-7f3k", NULL };

const struct cmd cmd_runs = { "runs",
	"runs list | show RUN [--proof|--coverage] | watch RUN | logs RUN | cancel RUN | resume "
	"RUN | retry "
	"RUN | "
	"export RUN | compare OLD NEW",
	"past and present runs; RUN is an id, its beginning, `last` or `last~1`", opts, examples,
	run, sizeof(struct runs_opts), false };
