#include "cli/finish.h"

#include "api/html.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/ci.h"
#include "cli/export.h"
#include "report/report.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <unistd.h>

struct ending_view {
	const struct finish_spec *spec;
	struct arena *arena;
	struct run_row row;
	enum run_status status;
	struct str markdown, json, html;
	struct report_doc doc; /* of JSON */
	const struct comparison *baseline;
	bool as_html; /* the file is to be */
	bool budget, timeout;
	struct err err;
};

/* --- reading
 * --------------------------------------------------------------------------------------- */

static void look_at_steps(struct ending_view *v, struct store *s)
{
	struct step_row *steps = NULL;
	size_t n = 0;

	if (s->ops->step_list(s, v->arena, v->row.key, &steps, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		v->budget |= str_is(steps[i].status, "failed") &&
			     str_is(steps[i].ending, "quota") &&
			     str_contains(steps[i].reason, STR("token budget"));
	}
	v->timeout = str_contains(v->row.reason, STR("time limit")) ||
		     str_contains(v->row.reason, STR("timed out"));
}

static int read_all(struct store *s, struct ending_view *v)
{
	const struct finish_spec *spec = v->spec;
	int rc = s->ops->run_load(s, v->arena, spec->run, &v->row), status;

	if (!rc)
		rc = engine_report_text(s, v->arena, spec->run, false, &v->markdown, &v->err);
	if (!rc && v->as_html)
		rc = html_report(
		    s, v->arena, spec->data, spec->run, v->row.snapshot, &v->html, &v->err);
	if (!rc)
		rc = engine_report_text(s, v->arena, spec->run, true, &v->json, &v->err);
	if (rc)
		return rc;
	status = run_status_parse(v->row.status);
	v->status = status < 0 ? RUN_FAILED : (enum run_status)status;
	look_at_steps(v, s);
	return 0;
}

/* engine_read's callback gets the reader's context; the waiter is part of it. */
struct read_call {
	struct ending_view *view;
	bool done;
	int rc;
};

static int on_store(struct store *s, void *ctx)
{
	return read_all(s, ((struct read_call *)ctx)->view);
}

static void on_loop(void *ctx, int rc)
{
	struct read_call *call = ctx;

	call->done = true;
	call->rc = rc;
}

static int read_in_house(struct follow *f, struct ending_view *v)
{
	struct read_call *call = arena_new(v->arena, struct read_call);

	call->view = v;
	engine_read(f->house.engine, on_store, on_loop, call);
	while (!call->done)
		uv_run(&f->house.loop, UV_RUN_ONCE);
	return call->rc;
}

/* --- exit codes
 * -------------------------------------------------------------------------------------- */

static int code_of(const struct ending_view *v, const struct finish_spec *spec)
{
	if (spec->cancelled)
		return EXIT_INTERRUPTED;
	if (v->budget || (v->status != RUN_COMPLETED && v->timeout))
		return EXIT_LIMIT;
	if (v->status != RUN_COMPLETED)
		return EXIT_RUN_FAILED;
	return gate_code(spec->gate, &v->doc, v->baseline);
}

/* --- output
 * ---------------------------------------------------------------------------------------------- */

/* Where the report goes when nobody says: beside the data, by date, flow and question. */
static const char *default_file(struct ending_view *v)
{
	char *dir = fs_join(v->arena, v->spec->data, "reports"), *file;
	json_t *input = json_parse(v->row.input, NULL);
	struct str question = json_get_str(input, "question");
	const struct str ids[] = { { "", 0 }, v->row.id };

	if (fs_mkdirs(dir, 0700) < 0)
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		struct str name =
		    report_file_name(v->arena, v->row.started_at, v->row.flow, question, ids[i]);

		file = fs_join(v->arena, dir, name.p);
		if (!fs_exists(file))
			break;
	}
	json_decref(input);
	return file;
}

static const char *write_file(struct ending_view *v, const struct finish_spec *spec, int *code)
{
	const char *file =
	    spec->output && strcmp(spec->output, "-") != 0 ? spec->output : default_file(v);
	struct err err = { 0 };

	if (file && fs_write(file, v->as_html ? v->html : v->markdown, 0644, &err) == 0)
		return file;
	if (!err.code)
		err_set(&err, -EIO, "the report could not be written");
	err_fix(&err, "it is stored: tutti runs export %.*s --as md", STR_ARG(v->row.id));
	*code = term_error(&err, EXIT_RUN_FAILED, false);
	return NULL;
}

/* The report's answer, without its confidence line. */
static struct str answer_of(struct str markdown)
{
	ptrdiff_t at = str_find(markdown, STR("\n## Answer\n\n"));
	struct str rest = at < 0 ? (struct str){ "", 0 } : str_skip(markdown, (size_t)at + 12);
	ptrdiff_t end = str_find(rest, STR("\nConfidence:"));

	return str_trim(end < 0 ? (struct str){ "", 0 } : str_take(rest, (size_t)end));
}

/* S in lines that fit, at most LINES of them. */
static void add_wrapped(struct buf *b, const struct term *t, struct str s, unsigned lines)
{
	unsigned width = t->columns > 100 ? 96 : t->columns > 24 ? t->columns - 4 : 20;

	for (s = str_trim(s); s.n && lines; lines--) {
		struct str line = s, fit;

		line = str_line(&line);
		fit = utf8_fit(line, width);
		if (fit.n < line.n) { /* at a blank, where there is one */
			const char *blank = memrchr(fit.p, ' ', fit.n);

			if (blank && blank > fit.p)
				fit.n = (size_t)(blank - fit.p);
		}
		buf_adds(b, "  ");
		term_add(b, t, STYLE_PLAIN, fit);
		s = str_trim(str_skip(s, fit.n));
		buf_adds(b, s.n && lines == 1 ? " ...\n" : "\n");
	}
}

/* The worst that stands, three at most. */
static void add_worst(struct buf *b, const struct term *t, const struct ending_view *v)
{
	unsigned said = 0;

	for (int sev = SEVERITIES - 1; sev >= SEVERITY_MEDIUM; sev--)
		for (size_t i = 0; i < v->doc.n_findings && said < 3; i++) {
			const struct finding *f = v->doc.findings[i];
			const struct citation *c = finding_where(f);

			if ((int)f->severity != sev || !finding_stands(f))
				continue;
			said++;
			term_addf(b, t, STYLE_WARN, "  %-8s ", severity_name(f->severity));
			term_addf(b, t, STYLE_BOLD, "%.*s ", STR_ARG(f->uid));
			term_add(b, t, STYLE_PLAIN, utf8_fit(f->title, 60));
			if (c)
				term_addf(b, t, STYLE_DIM, "  %.*s:%u", STR_ARG(c->path), c->line);
			buf_addc(b, '\n');
		}
}

static void add_headline(struct buf *b, const struct term *t, const struct ending_view *v)
{
	msec_t took = v->row.ended_at > v->row.started_at ? v->row.ended_at - v->row.started_at : 0;
	bool good = v->status == RUN_COMPLETED;
	char span[24];

	term_add(b, t, good ? STYLE_GOOD : STYLE_BAD,
	    str_from(term_glyph(t, good ? "\xe2\x9c\x93 " : "\xe2\x9c\x97 ", good ? "+ " : "x ")));
	term_addf(b, t, STYLE_BOLD, "%.*s in %s", STR_ARG(v->row.status),
	    clock_span(took, span, sizeof(span)));
	if (v->row.reason.n)
		term_addf(b, t, STYLE_BAD, ": %.*s", STR_ARG(v->row.reason));
	buf_addc(b, '\n');
}

/* What one would do now with a run that ended like this. */
static void add_next(struct buf *b, const struct term *t, const struct ending_view *v)
{
	static const char *const verb[RUN_STATUSES] = { "watch", "export", "retry", "resume" };

	term_add(b, t, STYLE_DIM, STR("  next    "));
	term_addf(b, t, STYLE_PLAIN, "tutti runs show %.*s, tutti runs %s %.*s%s",
	    STR_ARG(v->row.id), verb[v->status], STR_ARG(v->row.id),
	    v->status == RUN_COMPLETED ? " --as json" : "");
	buf_addc(b, '\n');
}

/* What the gate looked at, and why the exit code is not 0 though the run completed. */
static void add_gate(struct buf *b, const struct term *t, const struct ending_view *v, int code)
{
	const struct comparison *c = v->baseline;

	if (c) {
		term_add(b, t, STYLE_DIM, STR("  against "));
		term_addf(b, t, STYLE_PLAIN, "the baseline: %u new, %u gone, %u changed, %u same",
		    c->of[CHANGE_NEW], c->of[CHANGE_GONE], c->of[CHANGE_CHANGED],
		    c->of[CHANGE_SAME]);
		buf_addc(b, '\n');
	}
	for (const struct exit_meaning *m = exit_meanings; m->name; m++)
		if (m->code == code && (code == EXIT_GATE || code == EXIT_PARTIAL)) {
			term_add(b, t, STYLE_DIM, STR("  exit    "));
			term_addf(b, t, STYLE_BAD, "%d: %s", m->code, m->meaning);
			buf_addc(b, '\n');
		}
}

static void summary(struct ending_view *v, const char *file, int code)
{
	const struct term *t = &v->spec->show->term;
	bool good = v->status == RUN_COMPLETED;
	struct buf b;

	buf_init(&b, KIB(64));
	add_headline(&b, t, v);
	if (good)
		add_wrapped(&b, t, answer_of(v->markdown), 4);
	term_addf(&b, t, STYLE_PLAIN, "  %.*s", STR_ARG(v->row.outcome));
	buf_addc(&b, '\n');
	add_worst(&b, t, v);
	add_gate(&b, t, v, code);
	if (file) {
		term_add(&b, t, STYLE_DIM, STR("  report  "));
		term_add_file(&b, t, str_from(file));
		buf_addc(&b, '\n');
	}
	add_next(&b, t, v);
	term_write(t->fd, buf_str(&b));
	buf_fini(&b);
}

static int print_result(struct ending_view *v, const struct finish_spec *spec, int code)
{
	bool to_stdout = (spec->output && strcmp(spec->output, "-") == 0) ||
			 (!spec->output && !isatty(STDOUT_FILENO));

	if (v->spec->show->format == SHOW_JSONL)
		return code;
	if (v->spec->globals->json) {
		json_t *doc = json_parse(v->json, NULL);

		json_object_set_new(
		    doc, "exit", json_pack("{s:i, s:s}", "code", code, "name", exit_name(code)));
		if (v->baseline)
			json_object_set_new(doc, "baseline", gate_json(spec->gate, v->baseline));
		return cli_print_json(doc, code);
	}
	return to_stdout ? cli_print(v->markdown, code) : code;
}

/* What other programs are told of it. */
static void tell(struct ending_view *v, const struct finish_spec *spec, int *code)
{
	struct export_facts x = { .doc = &v->doc,
		.baseline = v->baseline,
		.exit_code = *code,
		.exit_name = exit_name(*code),
		.fail_on = spec->gate->fail_on };
	struct err err = { 0 };

	if (spec->sarif &&
	    fs_write(spec->sarif, export_text(v->arena, "sarif", &x), 0644, &err) < 0)
		*code = term_error(&err, EXIT_RUN_FAILED, false);
	ci_tell(v->arena, &x);
}

/* Everything that is said of a run that was read. */
static int tell_all(struct ending_view *v, int rc)
{
	const struct finish_spec *spec = v->spec;

	if (rc && !v->err.code)
		err_set(&v->err, rc, "the report cannot be read");
	if (!rc)
		rc = doc_read(v->arena, v->json, &v->doc, &v->err);
	if (rc)
		return cli_fail(spec->globals, &v->err, EXIT_RUN_FAILED);
	v->baseline = gate_compare(v->arena, spec->gate, &v->doc);

	int code = code_of(v, spec);

	tell(v, spec, &code);
	const char *file = write_file(v, spec, &code);

	if (spec->show->format != SHOW_QUIET && spec->show->format != SHOW_JSONL)
		summary(v, file, code);
	return print_result(v, spec, code);
}

int finish_stored(struct store *s, struct arena *a, const struct finish_spec *spec)
{
	struct ending_view *v = arena_new(a, struct ending_view);

	*v = (struct ending_view){
		.spec = spec, .arena = a, .as_html = export_is_page(spec->output)
	};
	return tell_all(v, read_all(s, v));
}

static int left_running(struct follow *f, int code)
{
	show_say(&f->show, "Stopped. The run is kept: tutti runs resume %s", f->run_id);
	return code;
}

int finish(struct follow *f, struct finish_spec *spec)
{
	struct ending_view *v = arena_new(f->house.arena, struct ending_view);

	if (!f->over)
		return left_running(f, f->interrupts ? EXIT_INTERRUPTED : EXIT_TERMINATED);
	spec->globals = f->house.globals;
	spec->data = f->house.data;
	spec->run = f->run;
	spec->show = &f->show;
	spec->cancelled = f->cancelling;
	*v = (struct ending_view){
		.spec = spec, .arena = f->house.arena, .as_html = export_is_page(spec->output)
	};
	return tell_all(v, read_in_house(f, v));
}
