/*
 * The lines around what is cited, as they were frozen. Files are read one at a time; what is kept
 * of them are the lines that are shown, and of those there is a ceiling for the whole document.
 */
#include "report/html.h"

#include "base/utf8.h"

#include <stdlib.h>

#define BINARY_LOOK 8000 /* a NUL among the first bytes makes a file binary, as for git */

struct reading {
	struct arena *a; /* of the result */
	size_t kept, read;
};

struct source_file {
	struct str text;
	uint32_t *starts;
	unsigned n; /* lines */
};

/* --- lines -------------------------------------------------------------------------------- */

static void index_lines(struct arena *a, struct source_file *f)
{
	unsigned n = 0;

	for (struct str rest = f->text; rest.p && rest.n; n++)
		str_line(&rest);
	f->starts = arena_array(a, (size_t)n + 1, sizeof(*f->starts));
	f->n = 0;
	for (struct str rest = f->text; rest.p && rest.n; f->n++) {
		f->starts[f->n] = (uint32_t)(rest.p - f->text.p);
		str_line(&rest);
	}
}

static struct str line_of(const struct source_file *f, unsigned number)
{
	struct str rest = str_skip(f->text, f->starts[number - 1]);

	return str_line(&rest);
}

static void keep_line(struct reading *r, const struct source_file *f, struct code_line *l)
{
	struct str line = line_of(f, l->number), shown = str_take(line, HTML_CODE_LINE);

	if (utf8_valid(line))
		shown = utf8_cut(line, HTML_CODE_LINE);
	l->text = arena_dup(r->a, shown);
	l->cut = line.n - shown.n;
	r->kept += shown.n + sizeof(*l);
}

/* Lines FROM to TO and some on either side; of a long range, its beginning and its end. */
static void keep_part(struct reading *r, const struct source_file *f, unsigned from, unsigned to,
    struct code_part *ret)
{
	unsigned first = from > HTML_CONTEXT ? from - HTML_CONTEXT : 1;
	unsigned last = f->n - to > HTML_CONTEXT ? to + HTML_CONTEXT : f->n;
	unsigned gap_at = 0, gap_end = 0;

	if (to - from >= HTML_CODE_LINES + HTML_CONTEXT) {
		gap_at = from + HTML_CODE_LINES - HTML_CONTEXT;
		gap_end = to - HTML_CONTEXT + 1;
	}
	ret->lines = arena_array(r->a, last - first + 1 - (gap_end - gap_at), sizeof(*ret->lines));
	for (unsigned k = first; k <= last; k++) {
		unsigned gap = k == gap_at ? gap_end - gap_at : 0;
		struct code_line *l = &ret->lines[ret->n++];

		k += gap;
		*l = (struct code_line){ .number = k, .gap = gap, .cited = k >= from && k <= to };
		keep_line(r, f, l);
	}
}

static unsigned least(unsigned x, unsigned y)
{
	return x < y ? x : y;
}

static void keep_slice(struct reading *r, const struct source_file *f, const struct citation *c,
    struct code_slice *ret)
{
	unsigned end = c->end > c->line ? c->end : c->line;

	ret->fate = CODE_SHOWN;
	ret->file_lines = f->n;
	if (c->state == CITE_RESOLVES && c->found_end > end)
		end = c->found_end;
	if (c->line && c->line <= f->n)
		keep_part(r, f, c->line, least(end, f->n), &ret->cited);
	if (c->state == CITE_MOVED && c->found_line && c->found_line <= f->n &&
	    c->found_end >= c->found_line)
		keep_part(r, f, c->found_line, least(c->found_end, f->n), &ret->found);
}

/* --- files -------------------------------------------------------------------------------- */

static bool is_place(const struct citation *c)
{
	return c && c->trust == TRUST_CODEBASE && c->path.n && c->line;
}

static enum code_fate read_file(struct reading *r, struct arena *a, evidence_source_fn fn,
    void *ctx, struct str path, struct source_file *f)
{
	if (!fn)
		return CODE_GONE;
	if (r->read > HTML_CODE_READ || r->kept > HTML_CODE_MAX)
		return CODE_TOO_MUCH;
	int rc = fn(ctx, a, path, &f->text);

	if (rc)
		return rc == -E2BIG ? CODE_TOO_MUCH : CODE_ABSENT;
	r->read += f->text.n;
	if (memchr(f->text.p, 0, str_take(f->text, BINARY_LOOK).n))
		return CODE_BINARY;
	index_lines(a, f);
	return CODE_SHOWN;
}

struct wanted {
	const struct citation *cite;
	struct code_slice *slice;
};

static int by_path(const void *x, const void *y)
{
	const struct wanted *v = x, *w = y;
	int rc = str_cmp(v->cite->path, w->cite->path);

	return rc ? rc : (v->slice > w->slice) - (v->slice < w->slice);
}

struct code_slice *code_slices(
    struct arena *a, const struct cite_row *rows, size_t n, evidence_source_fn fn, void *ctx)
{
	struct code_slice *slices = arena_array(a, n, sizeof(*slices));
	struct wanted *w = arena_array(a, n, sizeof(*w));
	struct reading r = { .a = a };
	size_t wanted = 0;

	for (size_t i = 0; i < n && i < HTML_ENTRIES_MAX; i++)
		if (is_place(rows[i].cite))
			w[wanted++] = (struct wanted){ rows[i].cite, &slices[i] };
	qsort(w, wanted, sizeof(*w), by_path);
	for (size_t i = 0; i < wanted;) {
		struct arena *own = arena_create("source", ARENA_JOB);
		struct str path = w[i].cite->path;
		struct source_file f = { { "", 0 }, NULL, 0 };
		enum code_fate fate = read_file(&r, own, fn, ctx, path, &f);

		for (; i < wanted && str_eq(w[i].cite->path, path); i++) {
			w[i].slice->fate = r.kept > HTML_CODE_MAX ? CODE_TOO_MUCH : fate;
			if (w[i].slice->fate == CODE_SHOWN)
				keep_slice(&r, &f, w[i].cite, w[i].slice);
		}
		arena_destroy(own);
	}
	return slices;
}

/* --- as HTML ------------------------------------------------------------------------------ */

static void add_line(struct buf *b, const struct code_line *l)
{
	if (l->gap)
		buf_printf(b, "<span class=\"gap\">%u lines left out</span>\n", l->gap);
	buf_printf(b, "<%s class=\"l\"><b>%u</b><span>", l->cited ? "mark" : "span", l->number);
	html_add(b, l->text);
	if (l->cut)
		buf_printf(b, "<i> … %zu more bytes</i>", l->cut);
	buf_printf(b, "\n</span></%s>", l->cited ? "mark" : "span");
}

static void add_part(struct buf *b, const struct code_part *part)
{
	buf_adds(b, "<pre class=\"lines\">");
	for (size_t i = 0; i < part->n; i++)
		add_line(b, &part->lines[i]);
	buf_adds(b, "</pre>\n");
}

static void add_range(struct buf *b, unsigned from, unsigned to)
{
	if (to > from)
		buf_printf(b, "lines %u to %u", from, to);
	else
		buf_printf(b, "line %u", from);
}

static void add_quote(struct buf *b, const struct citation *c, const char *label)
{
	if (!str_trim(c->quote).n)
		return;
	buf_printf(b, "<p class=\"how\">%s</p>\n<pre class=\"quote\">", label);
	html_add(b, utf8_cut(c->quote, KIB(4)));
	buf_adds(b, c->quote.n > KIB(4) ? " …</pre>\n" : "</pre>\n");
}

/* In one sentence: what the lines below are. */
static void add_how(struct buf *b, const struct citation *c)
{
	buf_adds(b, "<p class=\"how\">");
	if (c->state == CITE_MOVED) {
		buf_adds(b, "The quoted text was found at ");
		add_range(b, c->found_line, c->found_end);
		buf_adds(b, " of this file (marked):");
	} else if (c->state == CITE_CHANGED) {
		buf_adds(b, "This stands there instead; cited and marked: ");
		add_range(b, c->line, c->end);
		buf_addc(b, ':');
	} else if (c->state == CITE_UNCHECKED) {
		buf_adds(b, "Nothing was quoted, so nothing was compared; cited and marked: ");
		add_range(b, c->line, c->end);
		buf_addc(b, ':');
	} else {
		buf_adds(b, "As frozen for this run; cited and marked: ");
		add_range(b, c->line, c->end);
		buf_addc(b, ':');
	}
	buf_adds(b, "</p>\n");
}

static void add_shown(struct buf *b, const struct citation *c, const struct code_slice *s)
{
	if (c->state == CITE_CHANGED)
		add_quote(b, c, "Quoted as:");
	if (c->state == CITE_MISSING && !s->cited.n)
		buf_printf(b, "<p class=\"how\">That file has %u lines; there is no line %u.</p>\n",
		    s->file_lines, c->line);
	else if (c->state == CITE_MISSING)
		buf_adds(b, "<p class=\"how\">It was not there for the one who cited it.</p>\n");
	else if (s->found.n || s->cited.n)
		add_how(b, c);
	if (c->state == CITE_MISSING) {
		add_quote(b, c, "Quoted as:");
		return;
	}
	if (s->found.n) {
		add_part(b, &s->found);
		buf_adds(b, "<p class=\"how\">It was cited at ");
		add_range(b, c->line, c->end);
		buf_adds(b, s->cited.n ? ", where this stands:</p>\n"
				       : ", which that file does not have.</p>\n");
	}
	if (s->cited.n)
		add_part(b, &s->cited);
}

void code_add(struct buf *b, const struct citation *c, const struct code_slice *slice)
{
	static const char *const why[] = {
		[CODE_GONE] =
		    "The snapshot of this run is no longer there; its lines are not shown.",
		[CODE_ABSENT] = "There is no such file in the snapshot.",
		[CODE_BINARY] = "That file is binary, so no lines of it are shown.",
		[CODE_TOO_MUCH] = "Left out: this report shows as much code as one file may.",
	};

	if (slice->fate == CODE_SHOWN) {
		add_shown(b, c, slice);
		return;
	}
	if (slice->fate != CODE_NONE)
		buf_printf(b, "<p class=\"how\">%s</p>\n", why[slice->fate]);
	else if (c->trust == TRUST_CODEBASE)
		buf_adds(b, "<p class=\"how\">No line of a file is named.</p>\n");
	else
		buf_printf(b, "<p class=\"how\">%s</p>\n",
		    c->trust == TRUST_WEB ? "A page of the web; code does not open those."
					  : "A finding of the report that was provided; code does "
					    "not look whether it holds.");
	if (slice->fate == CODE_GONE && c->state == CITE_CHANGED && c->found.n) {
		buf_adds(b, "<p class=\"how\">When it was checked, this stood there:</p>\n"
			    "<pre class=\"quote\">");
		html_add(b, c->found);
		buf_adds(b, "</pre>\n");
	}
	add_quote(b, c, "Quoted as:");
}
