/*
 * JUnit's XML, as CI servers read it: testsuites > testsuite > testcase with failure, error or
 * skipped. There is no standard; names and attributes are those that Jenkins and GitLab read.
 */
#include "report/export.h"

#include "base/limits.h"
#include "base/utf8.h"

#define BODY_MAX KIB(16)

/* --- XML 1.0, §2.2: most control characters cannot stand in it, not even as references -------- */

static bool is_char(uint32_t cp)
{
	if (cp < 0x20)
		return cp == '\t' || cp == '\n' || cp == '\r';
	return cp != UTF8_BAD && cp != 0xfffe && cp != 0xffff;
}

static void add_xml(struct buf *b, struct str s)
{
	while (s.n) {
		uint32_t cp;
		size_t n = utf8_next(s, &cp);

		if (!is_char(cp))
			buf_adds(b, "\xef\xbf\xbd");
		else if (cp == '<')
			buf_adds(b, "&lt;");
		else if (cp == '>')
			buf_adds(b, "&gt;");
		else if (cp == '&')
			buf_adds(b, "&amp;");
		else if (cp == '"')
			buf_adds(b, "&quot;");
		else if (cp < 0x20)
			buf_printf(b, "&#%u;", (unsigned)cp);
		else
			buf_add(b, str_take(s, n));
		s = str_skip(s, n);
	}
}

static void add_attr(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, " %s=\"", name);
	add_xml(b, value);
	buf_addc(b, '"');
}

/* --- cases --------------------------------------------------------------------------------- */

struct counts {
	unsigned tests, failures, errors, skipped;
};

struct junit {
	struct arena *a;
	const struct export_facts *x;
	struct buf *b;
	struct counts all;
};

static bool fails(const struct junit *j, const struct finding *f)
{
	enum severity least = j->x->fail_on == SEVERITY_NONE ? SEVERITY_LOW : j->x->fail_on;

	return finding_stands(f) && f->severity >= least;
}

static bool is_of(const struct finding *f, const struct doc_step *s)
{
	return str_eq(f->step, s->name);
}

static bool is_broken(const struct doc_step *s)
{
	return str_is(s->status, "failed") || str_is(s->status, "cancelled");
}

static void count(const struct junit *j, const struct doc_step *s, struct counts *n)
{
	*n = (struct counts){
		.tests = 1, .errors = is_broken(s), .skipped = str_is(s->status, "skipped")
	};
	for (size_t i = 0; i < j->x->doc->n_findings; i++) {
		const struct finding *f = j->x->doc->findings[i];

		if (!is_of(f, s))
			continue;
		n->tests++;
		n->failures += fails(j, f);
		n->skipped += !finding_stands(f);
	}
}

static void open_case(struct junit *j, const struct doc_step *s, struct str name)
{
	const char *class =
	    arena_printf(j->a, "%.*s.%.*s", STR_ARG(j->x->doc->flow), STR_ARG(s->name));

	buf_adds(j->b, "    <testcase");
	add_attr(j->b, "classname", str_from(class));
	add_attr(j->b, "name", name);
}

/* The step itself: a run that found nothing has cases that pass, one that broke has errors. */
static void add_step_case(struct junit *j, const struct doc_step *s)
{
	open_case(j, s, STR("answers"));
	buf_printf(j->b, " time=\"%.3f\"", (double)s->took / 1000);
	if (!is_broken(s) && !str_is(s->status, "skipped")) {
		buf_adds(j->b, "/>\n");
		return;
	}
	buf_printf(j->b, ">\n      <%s", is_broken(s) ? "error" : "skipped");
	add_attr(j->b, "message", s->reason.n ? s->reason : s->status);
	if (is_broken(s))
		add_attr(j->b, "type", s->ending.n ? s->ending : s->status);
	buf_adds(j->b, "/>\n    </testcase>\n");
}

static void add_body(struct junit *j, const struct finding *f)
{
	add_xml(j->b, export_message(j->a, f));
	buf_printf(j->b, "\n\nSeverity: %s\nVerdict: %s\n", severity_name(f->severity),
	    verdict_name(f->verdict));
	for (size_t i = 0; i < f->n_cites && i < 50; i++) {
		const struct citation *c = f->cites[i];

		buf_adds(j->b, "Evidence: ");
		add_xml(j->b, c->path);
		if (c->line)
			buf_printf(j->b, ":%u", c->line);
		buf_printf(j->b, " (%s)\n", cite_state_name(c->state));
	}
}

/* Why a finding does not stand. */
static struct str excuse(struct arena *a, const struct finding *f)
{
	struct str why = f->disposition_reason.n ? f->disposition_reason : f->verdict_reason;
	const char *how = f->disposition == DISPOSITION_NONE ? verdict_name(f->verdict)
							     : disposition_name(f->disposition);

	return str_from(
	    arena_printf(a, "%s%s%.*s", how, why.n ? ": " : "", STR_ARG(str_take(why, BODY_MAX))));
}

static void add_finding_case(struct junit *j, const struct doc_step *s, const struct finding *f)
{
	const struct citation *place = finding_where(f);
	const char *name = arena_printf(j->a, "%.*s %.*s", STR_ARG(f->uid), STR_ARG(f->title));

	open_case(j, s, str_from(name));
	if (place)
		add_attr(j->b, "file", place->path);
	if (place && place->line)
		buf_printf(j->b, " line=\"%u\"", place->line);
	buf_adds(j->b, ">\n      ");
	if (!finding_stands(f)) {
		buf_adds(j->b, "<skipped");
		add_attr(j->b, "message", excuse(j->a, f));
		buf_adds(j->b, "/>\n    </testcase>\n");
		return;
	}
	bool bad = fails(j, f);

	buf_adds(j->b, bad ? "<failure" : "<system-out>");
	if (bad) {
		add_attr(j->b, "message", f->title);
		add_attr(j->b, "type", str_from(severity_name(f->severity)));
		buf_addc(j->b, '>');
	}
	add_body(j, f);
	buf_adds(j->b, bad ? "</failure>" : "</system-out>");
	buf_adds(j->b, "\n    </testcase>\n");
}

/* --- suites -------------------------------------------------------------------------------- */

static void add_counts(struct buf *b, const struct counts *n)
{
	buf_printf(b, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"", n->tests,
	    n->failures, n->errors, n->skipped);
}

/* Agents of every kind can break a report; of the others, only what raises findings is a suite. */
static bool is_suite(const struct doc_step *s)
{
	return str_is(s->kind, "agent") || str_is(s->role, "angle") || str_is(s->role, "assess");
}

static void add_suite(struct junit *j, const struct doc_step *s)
{
	struct counts n;

	count(j, s, &n);
	buf_adds(j->b, "  <testsuite");
	add_attr(j->b, "name", doc_label(s));
	add_counts(j->b, &n);
	if (j->x->doc->started.n)
		add_attr(j->b, "timestamp", str_take(j->x->doc->started, 19));
	buf_printf(j->b, " time=\"%.3f\">\n", (double)s->took / 1000);
	add_step_case(j, s);
	for (size_t i = 0; i < j->x->doc->n_findings; i++)
		if (is_of(j->x->doc->findings[i], s))
			add_finding_case(j, s, j->x->doc->findings[i]);
	buf_adds(j->b, "  </testsuite>\n");
	j->all.tests += n.tests;
	j->all.failures += n.failures;
	j->all.errors += n.errors;
	j->all.skipped += n.skipped;
}

struct str export_junit(struct arena *a, const struct export_facts *x)
{
	struct buf suites, b;
	struct junit j = { .a = a, .x = x, .b = &suites };

	buf_init(&suites, 4 * REPORT_FILE_MAX);
	buf_init(&b, 4 * REPORT_FILE_MAX + KIB(64));
	for (size_t i = 0; i < x->doc->n_steps; i++)
		if (is_suite(&x->doc->steps[i]))
			add_suite(&j, &x->doc->steps[i]);
	buf_adds(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	add_attr(&b, "name", str_from(arena_printf(a, "tutti %.*s", STR_ARG(x->doc->flow))));
	add_counts(&b, &j.all);
	buf_printf(&b, " time=\"%.3f\">\n", (double)x->doc->took / 1000);
	buf_add(&b, buf_str(&suites));
	buf_adds(&b, "</testsuites>\n");
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&suites);
	buf_fini(&b);
	return out;
}
