/* Looking at runs, and changing them. Looking opens the store read-only, beside whoever owns it. */
#include "cli/runs.h"

#include "api/html.h"
#include "api/views.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/compare.h"
#include "cli/coverage.h"
#include "cli/export.h"
#include "cli/paths.h"
#include "cli/proof.h"
#include "cli/spilled.h"

#include <stdlib.h>
#include <unistd.h>

#define O(member) offsetof(struct runs_opts, member)

static const struct opt opts[] = {
	{ "all", 'a', OPT_FLAG, NULL, "list", "runs of every repository", O(all) },
	{ "status", 0, OPT_CHOICE, "running|completed|failed|cancelled", "list", "only these",
	    O(status) },
	{ "flow", 0, OPT_TEXT, "NAME", "list", "only this flow", O(flow) },
	{ "limit", 0, OPT_NUMBER, "N", "list", "at most so many (50)", O(limit) },
	{ "agent", 0, OPT_TEXT, "STEP", "logs", "only this step", O(step) },
	{ "step", 0, OPT_TEXT, "STEP", "retry, approve", "only this step", O(step) },
	{ "follow", 'f', OPT_FLAG, NULL, "logs", "wait for more, until the run is over",
	    O(follow) },
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

/* As the API tells it. */
static json_t *row_json(const struct look *l, const struct run_row *r)
{
	return views_summary_of(NULL, l->s, l->a, r);
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
		json_array_append_new(all, row_json(l, &rows[i]));
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

/* --- size
 * -------------------------------------------------------------------------------------------- */

static void add_choice(struct look *l, struct buf *b, const struct term *t, const json_t *choice)
{
	json_t *one;
	size_t i;

	if (str_is(json_get_str(choice, "asked"), "auto") &&
	    !str_is(json_get_str(choice, "size"), "auto"))
		add_line(b, t, STYLE_DIM,
		    str_from(
			arena_printf(l->a, "size %.*s: %.*s", STR_ARG(json_get_str(choice, "size")),
			    STR_ARG(json_get_str(choice, "reason")))));
	else
		add_line(b, t, STYLE_DIM,
		    str_from(arena_printf(l->a, "size %.*s%s",
			STR_ARG(json_get_str(choice, "size")),
			json_get_str(choice, "reason").n ? ", asked for" : ": not decided yet")));
	json_array_foreach (json_get_array(choice, "left_out"), i, one)
		if (!str_is(json_get_str(one, "kind"), "code"))
			add_line(b, t, STYLE_DIM,
			    str_from(arena_printf(l->a, "left out: %.*s, %.*s",
				STR_ARG(json_get_str(one, "label")),
				STR_ARG(json_get_str(one, "reason")))));
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
	json_t *spilled = read_spilled(l), *choice = engine_choice(l->s, l->key);
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
	add_choice(l, &b, &t, choice);
	for (size_t i = 0; rc == 0 && i < n; i++)
		show_step(l, &b, &t, &steps[i], spilled, all);
	json_t *doc = row_json(l, &l->row);

	json_object_set(doc, "steps", all);
	json_object_set_new(doc, "command", json_text(json_get_str(options, "command")));
	json_object_set_new(doc, "proof", json_cstr(proof));
	json_object_set_new(doc, "choice", choice);
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
	return export_is_page(l->o->output) ? "html" : "md";
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

/* --- dispatch
 * ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*fn)(struct look *l);
} verbs[] = {
	{ "show", show },
	{ "export", export },
	{ "logs", runs_logs },
	{ "watch", runs_watch },
	{ "cancel", runs_cancel },
	{ "open", runs_open },
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

static int one_run(struct look *l, const char *verb, const char **words, size_t n)
{
	struct err err = { 0 };
	int rc = look_find(l, words[0], &err);

	if (rc)
		return cli_fail(l->g, &err, cli_code(rc));
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].name) == 0)
			return verbs[i].fn(l);
	if (strcmp(verb, "approve") == 0)
		return n == 2 ? runs_approve(l, words[1]) : wrong(l->g, "which answer?");
	return runs_go_on(l, verb);
}

static bool is_verb(const char *verb)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].name) == 0)
			return true;
	return strcmp(verb, "approve") == 0 || strcmp(verb, "resume") == 0 ||
	       strcmp(verb, "retry") == 0 || strcmp(verb, "list") == 0 ||
	       strcmp(verb, "compare") == 0;
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
		code = one_run(&l, verb, words + 1, n - 1);
	}
	if (l.s)
		l.s->ops->close(l.s);
	return code;
}

static const char *const examples[] = { "tutti runs show last",
	"tutti runs export last --as html -o report.html", "tutti runs compare last~1 last",
	"tutti runs resume r-7f3k", NULL };

const struct cmd cmd_runs = { "runs",
	"runs list | show RUN [--proof|--coverage] | watch RUN | logs RUN | open RUN | cancel RUN "
	"| "
	"resume RUN | retry RUN | approve RUN CHOICE | export RUN | compare OLD NEW",
	"past and present runs; RUN is an id, its beginning, `last` or `last~1`", opts, examples,
	run, sizeof(struct runs_opts), false };
