/*
 * What GitHub's runner shows: annotations beside the code, and a summary of the job. Escaping is
 * that of its toolkit: % CR LF in a message, also : and , in a property. Nothing an agent wrote
 * gets into a command but as an escaped part of ours.
 */
#include "report/export.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "report/priv.h"

#define TITLE_MAX 200	 /* bytes; GitHub cuts at 255 characters */
#define MESSAGE_MAX 4000 /* bytes of an annotation */
#define ROWS_MAX 100	 /* findings of a summary */
#define GAPS_MAX 30

/* --- annotations --------------------------------------------------------------------------- */

static void add_escaped(struct buf *b, struct str s, bool property)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
			buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
		else
			buf_addc(b, c);
	}
}

/* As shown on a terminal: what would steer one is made visible first. */
static void add_shown(struct buf *b, struct str s, size_t max, bool property)
{
	struct buf shown;

	s = utf8_cut(s, max);
	buf_init(&shown, 12 * s.n + 16);
	if (property)
		buf_add_terminal_line(&shown, s);
	else
		buf_add_terminal(&shown, s);
	add_escaped(b, buf_str(&shown), property);
	buf_fini(&shown);
}

static void add_place(struct buf *b, const struct citation *c)
{
	bool found = c->found_line && (c->state == CITE_RESOLVES || c->state == CITE_MOVED);
	unsigned from = found ? c->found_line : c->line, to = found ? c->found_end : c->end;

	buf_adds(b, "file=");
	add_shown(b, c->path, PATH_BYTES_MAX, true);
	if (from)
		buf_printf(b, ",line=%u,endLine=%u", from, to > from ? to : from);
	buf_addc(b, ',');
}

static void add_annotation(
    struct buf *b, struct arena *a, const struct finding *f, const char *command)
{
	const struct citation *c = finding_where(f);
	const char *title = arena_printf(
	    a, "%.*s [%s] %.*s", STR_ARG(f->uid), severity_name(f->severity), STR_ARG(f->title));

	buf_printf(b, "::%s ", command);
	if (c)
		add_place(b, c);
	buf_adds(b, "title=");
	add_shown(b, str_from(title), TITLE_MAX, true);
	buf_adds(b, "::");
	add_shown(b, export_message(a, f), MESSAGE_MAX, false);
	buf_addc(b, '\n');
}

/* Findings that stand, or with a baseline those that are new, in their order. */
static size_t listed(const struct export_facts *x, struct arena *a, const struct finding ***ret)
{
	const struct comparison *c = x->baseline;
	size_t n = 0;

	*ret = arena_array(a, c ? c->n : x->doc->n_findings, sizeof(**ret));
	for (size_t i = 0; !c && i < x->doc->n_findings; i++)
		if (finding_stands(x->doc->findings[i]))
			(*ret)[n++] = x->doc->findings[i];
	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].change == CHANGE_NEW)
			(*ret)[n++] = c->v[i].now;
	return n;
}

struct str github_annotations(struct arena *a, const struct export_facts *x)
{
	static const char *const commands[][2] = { { "error", "error" }, { "warning", "warning" },
		{ "note", "notice" } };
	const struct finding **f;
	size_t n = listed(x, a, &f);
	struct buf b;

	buf_init(&b, MIB(4));
	for (size_t k = 0; k < 3; k++) {
		size_t said = 0;

		for (size_t i = 0; i < n && said < GITHUB_ANNOTATIONS_MAX; i++)
			if (strcmp(export_level(f[i]), commands[k][0]) == 0) {
				add_annotation(&b, a, f[i], commands[k][1]);
				said++;
			}
	}
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

/* --- the summary --------------------------------------------------------------------------- */

static void add_row(struct buf *b, const struct finding *f)
{
	const struct citation *c = finding_where(f);
	char line[16] = "";

	buf_printf(b, "| %s | ", severity_name(f->severity));
	md_cell(b, f->title.n ? f->title : f->uid, 200);
	buf_adds(b, " | ");
	if (c && c->line)
		snprintf(line, sizeof(line), ":%u", c->found_line ? c->found_line : c->line);
	if (c) {
		struct buf place;

		buf_init(&place, PATH_BYTES_MAX + 32);
		buf_add(&place, utf8_cut(c->path, 200));
		buf_adds(&place, line);
		md_code(b, buf_str(&place));
		buf_fini(&place);
	}
	buf_printf(b, " | %s |\n", verdict_name(f->verdict));
}

static void add_rows(struct buf *b, struct arena *a, const struct export_facts *x)
{
	const struct finding **f;
	size_t n = listed(x, a, &f);

	if (!n) {
		buf_adds(b, x->baseline ? "No new finding.\n\n" : "No finding stands.\n\n");
		return;
	}
	buf_printf(b, "| Severity | %s | Where | Verdict |\n|---|---|---|---|\n",
	    x->baseline ? "New finding" : "Finding");
	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		add_row(b, f[i]);
	buf_addc(b, '\n');
	if (n > ROWS_MAX)
		buf_printf(b, "And %zu more.\n\n", n - ROWS_MAX);
}

static void add_gaps(struct buf *b, const struct report_doc *doc)
{
	if (!doc->gaps.n)
		return;
	buf_adds(b, "### Gaps\n\n");
	for (size_t i = 0; i < doc->gaps.n && i < GAPS_MAX; i++) {
		buf_adds(b, "- ");
		md_cell(b, doc->gaps.v[i], 400);
		buf_addc(b, '\n');
	}
	if (doc->gaps.n > GAPS_MAX)
		buf_printf(b, "- and %zu more\n", doc->gaps.n - GAPS_MAX);
	buf_addc(b, '\n');
}

struct str github_summary(struct arena *a, const struct export_facts *x)
{
	const struct report_doc *doc = x->doc;
	const struct comparison *c = x->baseline;
	struct buf b;

	buf_init(&b, MIB(4));
	buf_adds(&b, "## ");
	md_cell(&b, doc->title, 200);
	buf_printf(&b, "\n\n**%s**: ", doc->completed ? "completed" : "not completed");
	md_cell(&b, doc->completed ? doc->outcome : doc->reason, 1000);
	if (doc->rehearsal)
		buf_adds(&b, "\n\nRehearsal: no language model was used.");
	buf_adds(&b, "\n\n");
	md_text(&b, utf8_cut(doc->answer, KIB(2)), 2);
	buf_addc(&b, '\n');
	if (c)
		buf_printf(&b,
		    "Compared with the baseline: %u new, %u gone, %u changed, %u same.\n\n",
		    c->of[CHANGE_NEW], c->of[CHANGE_GONE], c->of[CHANGE_CHANGED],
		    c->of[CHANGE_SAME]);
	add_rows(&b, a, x);
	add_gaps(&b, doc);
	buf_adds(&b, "Run `");
	buf_add_terminal_line(&b, str_take(doc->id, 64));
	buf_adds(&b, "`; ");
	md_cell(&b, doc->proof.n ? doc->proof : STR("no agent ran, so nothing was proven"), 400);
	buf_adds(&b, "\n\n");
	/* rows and gaps are counted and each is cut, so this is far from the ceiling */
	struct str out = arena_dup(a, utf8_cut(buf_str(&b), GITHUB_SUMMARY_MAX));

	buf_fini(&b);
	return out;
}
