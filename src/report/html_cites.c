/* Citations: where they stand in the report, with the code that stands behind them. */
#include "report/html.h"

static const struct {
	enum html_tone tone;
	const char *sign;
} states[CITE_STATES] = {
	[CITE_UNCHECKED] = { TONE_QUIET, "\xe2\x97\x8b" }, /* ○ */
	[CITE_RESOLVES] = { TONE_GOOD, "\xe2\x9c\x93" },   /* ✓ */
	[CITE_MOVED] = { TONE_WARN, "\xe2\x89\x88" },	   /* ≈ */
	[CITE_CHANGED] = { TONE_CHANGED, "!" },
	[CITE_MISSING] = { TONE_BAD, "\xe2\x9c\x95" }, /* ✕ */
};

static const struct {
	enum html_tone tone;
	const char *sign;
} verdicts[VERDICTS] = {
	[VERDICT_NONE] = { TONE_QUIET, "\xe2\x97\x8b" },    /* ○ */
	[VERDICT_UPHELD] = { TONE_GOOD, "\xe2\x96\xb2" },   /* ▲ */
	[VERDICT_WEAKENED] = { TONE_WARN, "\xe2\x97\x86" }, /* ◆ */
	[VERDICT_REFUTED] = { TONE_BAD, "\xe2\x96\xbc" },   /* ▼ */
};

const char *html_tone_name(enum html_tone tone)
{
	static const char *const names[] = { "quiet", "good", "warn", "changed", "bad" };

	return names[tone];
}

const char *html_sign(enum cite_state state)
{
	return states[state].sign;
}

enum html_tone html_state_tone(enum cite_state state)
{
	return states[state].tone;
}

void html_chip(struct buf *b, enum html_tone tone, const char *sign, const char *word)
{
	buf_printf(b, "<span class=\"chip %s\"><span aria-hidden=\"true\">%s</span> %s</span>",
	    html_tone_name(tone), sign, word);
}

void html_state(struct buf *b, enum cite_state state)
{
	html_chip(b, states[state].tone, states[state].sign, cite_state_name(state));
}

void html_verdict(struct buf *b, enum verdict verdict)
{
	html_chip(b, verdicts[verdict].tone, verdicts[verdict].sign, verdict_name(verdict));
}

void html_place(struct buf *b, const struct citation *c)
{
	html_cut(b, c->path, PATH_BYTES_MAX);
	if (c->line && c->end > c->line)
		buf_printf(b, ":%u-%u", c->line, c->end);
	else if (c->line)
		buf_printf(b, ":%u", c->line);
}

/* The row of the evidence that is C; -1: it has none. */
static ptrdiff_t row_of(const struct html_doc *d, const struct citation *c)
{
	unsigned long long id;

	if (!str_to_u64(str_skip(c->id, 1), d->n_rows, &id) || !id)
		return -1;
	return (ptrdiff_t)id - 1;
}

/* SEEN: its lines stand further up, which is enough for paper. */
static void add_summary(struct buf *b, const struct citation *c, bool seen)
{
	buf_adds(b, "<summary><span class=\"eid\">");
	html_cut(b, c->id, 16);
	buf_adds(b, "</span> <code>");
	html_place(b, c);
	buf_adds(b, "</code> ");
	html_state(b, c->state);
	buf_printf(b, "%s</summary>\n<div class=\"slice%s\">\n",
	    seen ? " <span class=\"seen\">shown above</span>" : "", seen ? " again" : "");
}

static void add_body(struct html_doc *d, const struct citation *c, ptrdiff_t row)
{
	static const struct code_slice none = { 0 };

	if (c->trust == TRUST_WEB) {
		buf_adds(d->b, "<p class=\"how\">");
		html_url(d->b, c->path, KIB(2));
		buf_adds(d->b, "</p>\n");
	}
	code_add(d->b, c, row < 0 ? &none : &d->slices[row]);
}

void html_citation(struct html_doc *d, const struct citation *c)
{
	ptrdiff_t row = row_of(d, c);

	buf_adds(d->b, "<details class=\"cite\">");
	add_summary(d->b, c, row >= 0 && d->shown[row]);
	add_body(d, c, row);
	buf_adds(d->b, "</div></details>\n");
	if (row >= 0)
		d->shown[row] = true;
}

/* --- the list ----------------------------------------------------------------------------- */

static void add_users(struct html_doc *d, const struct strs *users)
{
	for (size_t i = 0; i < users->n && i < 8; i++) {
		buf_adds(d->b, i ? ", " : " · used by ");
		html_uid(d->b, &d->refs, users->v[i]);
	}
	if (users->n > 8)
		buf_printf(d->b, " and %zu more", users->n - 8);
}

static void add_row(struct html_doc *d, size_t i)
{
	const struct cite_row *row = &d->rows[i];
	const struct citation *c = row->cite;

	buf_printf(d->b, "<li id=\"E%zu\"><details class=\"cite\">", i + 1);
	add_summary(d->b, c, d->shown[i]);
	add_body(d, c, (ptrdiff_t)i);
	buf_adds(d->b, "</div></details>\n<p class=\"meta\">");
	buf_adds(d->b, trust_class_name(c->trust));
	if (c->state == CITE_MOVED && c->found_line)
		buf_printf(d->b, " · now at line %u", c->found_line);
	if (row->verdict != VERDICT_NONE) {
		buf_adds(d->b, " · ");
		html_verdict(d->b, row->verdict);
	}
	add_users(d, &row->used_by);
	buf_adds(d->b, "</p></li>\n");
}

/* Links to places from FROM on lead here. */
static void add_left_out(struct html_doc *d, size_t from)
{
	buf_printf(d->b, "<p class=\"note\">And %zu more, in the JSON form of this report.",
	    d->n_rows - from);
	for (size_t i = from; i < d->refs.rows; i++)
		buf_printf(d->b, "<span id=\"E%zu\"></span>", i + 1);
	buf_adds(d->b, "</p>\n");
}

void html_evidence(struct html_doc *d)
{
	struct cite_counts c = fact_cites(d->run);
	size_t i = 0;

	buf_adds(
	    d->b, "<section aria-labelledby=\"evidence\">\n<h2 id=\"evidence\">Evidence</h2>\n");
	if (!d->n_rows) {
		buf_adds(d->b, "<p>Nothing was cited.</p>\n</section>\n");
		return;
	}
	buf_printf(d->b,
	    "<p>Every cited place once: %u citations, of which %u resolve, %u moved, %u changed, "
	    "%u are missing and %u are not checked. Open one to see the lines that the agents "
	    "read.</p>\n<ul class=\"evidence\">\n",
	    c.all, c.of[CITE_RESOLVES], c.of[CITE_MOVED], c.of[CITE_CHANGED], c.of[CITE_MISSING],
	    c.of[CITE_UNCHECKED]);
	for (; i < d->n_rows && i < HTML_ENTRIES_MAX && d->b->n < HTML_MAX - MIB(2); i++)
		if (d->rows[i].cite)
			add_row(d, i);
	buf_adds(d->b, "</ul>\n");
	if (i < d->n_rows)
		add_left_out(d, i);
	buf_adds(d->b, "</section>\n");
}
