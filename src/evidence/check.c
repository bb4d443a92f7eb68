/*
 * Citations against bytes. White space does not count: a run of it is one blank. A match must hold
 * twelve characters that are not blank, or be a whole line; otherwise "}" would resolve anywhere.
 *
 * One file is in memory at a time, whatever an answer cites; what it costs to read and to search
 * has a ceiling for the whole text, and what lies beyond is "not checked", never "missing".
 */
#include "evidence/priv.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdlib.h>

#define SOLID_MIN 12
#define FOUND_MAX 240	  /* bytes of what stands there instead */
#define READ_MAX MIB(128) /* bytes of files read for one text */
#define SEARCH_MAX GIB(1) /* bytes looked through for one text */
#define CLOSINGS_MAX 8	  /* marks on a line that could close a quote */
#define PARTS_MAX 8	  /* of a quote with "…" inside */

struct file {
	int rc;
	struct str text;
	size_t n;	  /* lines */
	struct str flat;  /* all lines, normalised, a blank between them */
	uint32_t *starts; /* offset in flat of each line */
};

struct checking {
	struct arena *a;       /* of the result */
	struct arena *file;    /* of the file in hand */
	struct arena *scratch; /* of the citation in hand */
	evidence_source_fn fn;
	void *ctx;
	size_t read, searched;
};

/* --- normal form ------------------------------------------------------------------------- */

/* Appends S with runs of white space as one blank, none at the ends; returns the bytes added. */
static size_t flatten(char *to, struct str s)
{
	size_t n = 0;
	bool gap = false;

	for (size_t i = 0; i < s.n; i++) {
		if (isspace((unsigned char)s.p[i])) {
			gap = n > 0;
			continue;
		}
		if (gap)
			to[n++] = ' ';
		gap = false;
		to[n++] = s.p[i];
	}
	return n;
}

static struct str normal(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	return (struct str){ p, flatten(p, s) };
}

static size_t solid(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += !isspace((unsigned char)s.p[i]);
	return n;
}

/* --- files ------------------------------------------------------------------------------- */

static size_t count_lines(struct str text)
{
	size_t n = 0;

	while (text.p && text.n) {
		str_line(&text);
		n++;
	}
	return n;
}

static void split(struct arena *a, struct file *f)
{
	struct str rest = f->text;
	char *flat = arena_alloc(a, f->text.n + 1);
	size_t at = 0;

	f->n = count_lines(f->text);
	f->starts = arena_array(a, f->n + 1, sizeof(*f->starts));
	for (size_t i = 0; i < f->n; i++) {
		if (at && flat[at - 1] != ' ')
			flat[at++] = ' ';
		f->starts[i] = (uint32_t)at;
		at += flatten(flat + at, str_line(&rest));
	}
	f->starts[f->n] = (uint32_t)at;
	f->flat = (struct str){ flat, at };
}

/* -E2BIG: there is more than is read for one text. */
static void file_load(struct checking *k, struct str path, struct file *f)
{
	f->rc = k->read > READ_MAX ? -E2BIG : k->fn(k->ctx, k->file, path, &f->text);
	if (f->rc)
		return;
	k->read += f->text.n;
	split(k->file, f);
}

/* --- matching ---------------------------------------------------------------------------- */

/* Lines FROM to TO (from 1) in normal form. */
static struct str flat_lines(const struct file *f, unsigned from, unsigned to)
{
	size_t begin = f->starts[from - 1], end = f->starts[to];

	return str_trim((struct str){ f->flat.p + begin, end - begin });
}

/* The line that offset AT of flat stands in, from 1. Blank lines share the offset of the next. */
static unsigned line_at(const struct file *f, size_t at)
{
	size_t lo = 0, hi = f->n;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->starts[mid] <= at)
			lo = mid;
		else
			hi = mid;
	}
	return (unsigned)lo + 1;
}

static bool is_whole_line(const struct file *f, struct str q, unsigned line)
{
	return str_eq(flat_lines(f, line, line), q);
}

/* Does the quote, with "…" standing for anything, hold in TEXT? */
static bool holds(struct str text, struct str quote)
{
	for (unsigned parts = 0; quote.n && parts < PARTS_MAX; parts++) {
		ptrdiff_t dots = str_find(quote, STR("...")),
			  ellipsis = str_find(quote, STR("\xe2\x80\xa6"));
		ptrdiff_t cut = dots < 0 || (ellipsis >= 0 && ellipsis < dots) ? ellipsis : dots;
		struct str part = str_trim(cut < 0 ? quote : str_take(quote, (size_t)cut));
		ptrdiff_t at = part.n ? str_find(text, part) : 0;

		if (at < 0)
			return false;
		text = str_skip(text, (size_t)at + part.n);
		quote = cut < 0 ? (struct str){ "", 0 } : str_skip(quote, (size_t)cut + 3);
	}
	return true;
}

static bool matches_lines(
    struct checking *k, const struct file *f, struct str q, unsigned from, unsigned to)
{
	struct str text = flat_lines(f, from, to);

	if (k->searched > SEARCH_MAX)
		return false;
	k->searched += text.n + (to - from);
	if (solid(q) >= SOLID_MIN)
		return str_contains(text, q) || holds(text, q);
	for (unsigned i = from; i <= to; i++)
		if (is_whole_line(f, q, i))
			return true;
	return false;
}

static unsigned distance(unsigned a, unsigned b)
{
	return a > b ? a - b : b - a;
}

/* The place nearest to LINE that holds Q anywhere in the file; 0: nowhere. */
static unsigned find_nearest(
    struct checking *c, const struct file *f, struct str q, unsigned line, unsigned *end)
{
	unsigned best = 0;
	struct str rest = f->flat;

	if (solid(q) < SOLID_MIN || c->searched > SEARCH_MAX)
		return 0;
	c->searched += f->flat.n;
	for (ptrdiff_t at; (at = str_find(rest, q)) >= 0;) {
		size_t offset = (size_t)(rest.p - f->flat.p) + (size_t)at;
		unsigned found = line_at(f, offset);

		if (!best || distance(found, line) < distance(best, line)) {
			best = found;
			*end = line_at(f, offset + q.n - 1);
		}
		rest = str_skip(rest, (size_t)at + 1);
		c->searched += (size_t)at;
		if (c->searched > SEARCH_MAX || best == line)
			break;
	}
	return best;
}

/* --- one citation ------------------------------------------------------------------------ */

static unsigned quote_lines(struct str quote)
{
	unsigned n = 0;

	for (struct str rest = str_trim(quote); rest.p; n++)
		str_line(&rest);
	return n;
}

static void settle(struct citation *c, enum cite_state state, unsigned from, unsigned to)
{
	c->state = state;
	c->found_line = from;
	c->found_end = to;
}

static bool try_quote(
    struct checking *k, const struct file *f, struct citation *c, struct str quote)
{
	struct str q = normal(k->scratch, quote);
	unsigned span = quote_lines(quote), to = c->end, end = 0;

	if (!q.n)
		return false;
	if (to < c->line + span - 1)
		to = c->line + span - 1;
	to = to > f->n ? (unsigned)f->n : to;
	if (c->line <= f->n && matches_lines(k, f, q, c->line, to)) {
		settle(c, CITE_RESOLVES, c->line, c->end > to ? to : c->end);
		return true;
	}
	unsigned found = find_nearest(k, f, q, c->line, &end);

	if (found)
		settle(c, CITE_MOVED, found, end);
	return found;
}

struct str drop_numbers(struct arena *a, struct str quote)
{
	char *p = arena_alloc(a, quote.n + 1);
	size_t n = 0;

	for (struct str rest = quote; rest.p;) {
		struct str line = str_line(&rest), s = str_trim(line);
		size_t digits = 0;

		while (digits < s.n && isdigit((unsigned char)s.p[digits]))
			digits++;
		struct str behind = str_trim(str_skip(s, digits));

		if (digits && behind.n && strchr(":|\xe2", behind.p[0]))
			line = str_skip(behind, behind.p[0] == '\xe2' && behind.n > 2 ? 3 : 1);
		if (line.n)
			memcpy(p + n, line.p, line.n);
		n += line.n;
		p[n++] = '\n';
		if (n > quote.n)
			n = quote.n;
	}
	return (struct str){ p, n };
}

/* The quote may end at a later mark of its line: the longest that matches is what was meant. */
static bool try_longer(struct checking *k, const struct file *f, struct citation *c)
{
	struct str tail = c->tail;
	char mark = '"';
	unsigned tries = 0;

	if (c->quote.n >= tail.n)
		return false;
	if (tail.p[c->quote.n] == '\'')
		mark = '\'';
	for (size_t i = tail.n; i-- > c->quote.n + 1 && tries < CLOSINGS_MAX;) {
		if (tail.p[i] != mark)
			continue;
		tries++;
		if (try_quote(k, f, c, str_take(tail, i))) {
			c->quote = str_take(tail, i);
			return true;
		}
	}
	return false;
}

static struct str shown(struct arena *a, const struct file *f, const struct citation *c)
{
	unsigned to = c->end > f->n ? (unsigned)f->n : c->end;
	struct str there = str_take(flat_lines(f, c->line, to), (size_t)2 * FOUND_MAX);

	return utf8_cut(arena_dup(a, utf8_clean(a, there)), FOUND_MAX);
}

/* Every reading of what was quoted, the likeliest first. */
static bool try_readings(struct checking *k, const struct file *f, struct citation *c)
{
	if (try_longer(k, f, c) && c->state == CITE_RESOLVES)
		return true;
	return try_quote(k, f, c, c->quote) || c->state == CITE_MOVED ||
	       try_quote(k, f, c, drop_numbers(k->scratch, c->quote));
}

static void check_quote(struct checking *k, const struct file *f, struct citation *c)
{
	bool there = c->line <= f->n;

	if (!str_trim(c->quote).n) {
		settle(c, there ? CITE_UNCHECKED : CITE_MISSING, 0, 0);
		return;
	}
	if (try_readings(k, f, c))
		return;
	c->state = !there ? CITE_MISSING : k->searched > SEARCH_MAX ? CITE_UNCHECKED : CITE_CHANGED;
	if (c->state == CITE_CHANGED)
		c->found = shown(k->a, f, c);
}

static void check_one(struct checking *k, const struct file *f, struct citation *c)
{
	if (f->rc) {
		c->state =
		    f->rc == -E2BIG || err_is_machines(f->rc) ? CITE_UNCHECKED : CITE_MISSING;
		return;
	}
	k->scratch = arena_create("citation", ARENA_JOB);
	check_quote(k, f, c);
	arena_destroy(k->scratch);
}

/* --- file by file ------------------------------------------------------------------------ */

static int by_path(const void *x, const void *y)
{
	const struct citation *a = *(struct citation *const *)x, *b = *(struct citation *const *)y;
	int rc = str_cmp(a->path, b->path);

	return rc ? rc : (a->offset > b->offset) - (a->offset < b->offset);
}

/* The citations that name a place in a file, file by file. */
static size_t collect(struct evidence *ev, struct citation **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->n_cites; i++) {
		struct citation *c = ev->cites[i];

		if (c->trust != TRUST_CODEBASE)
			continue;
		if (c->path.n && c->line)
			ret[n++] = c;
		else
			c->state = c->path.n ? CITE_UNCHECKED : CITE_MISSING;
	}
	qsort(ret, n, sizeof(struct citation *), by_path);
	return n;
}

/* --- what it points at -------------------------------------------------------------------- */

/* The line that the quote itself begins in; a citation of forty lines may quote the last. */
static unsigned quoted_line(struct checking *k, const struct file *f, const struct citation *c)
{
	struct str q = normal(k->scratch, c->quote), text;
	unsigned to = c->found_end + quote_lines(c->quote);

	to = to > f->n ? (unsigned)f->n : to;
	if (k->searched > SEARCH_MAX)
		return c->found_line;
	text = flat_lines(f, c->found_line, to);
	k->searched += text.n;
	ptrdiff_t at = str_find(text, q);

	return at < 0 ? c->found_line : line_at(f, (size_t)(text.p - f->flat.p) + (size_t)at);
}

/* The line whose text and symbol the citation's anchor is made of; 0: no line. */
static unsigned anchor_line(struct checking *k, const struct file *f, const struct citation *c)
{
	if (cite_holds(c))
		return quoted_line(k, f, c);
	return c->state == CITE_UNCHECKED && !str_trim(c->quote).n && c->line <= f->n ? c->line : 0;
}

struct spot {
	struct citation *c;
	unsigned line;
};

static int by_line(const void *x, const void *y)
{
	unsigned a = ((const struct spot *)x)->line, b = ((const struct spot *)y)->line;

	return (a > b) - (a < b);
}

static void anchor_spots(
    struct checking *k, const struct file *f, const struct spot *spots, size_t n)
{
	unsigned *lines = arena_array(k->file, n + 1, sizeof(*lines));
	struct str *symbols = arena_array(k->file, n + 1, sizeof(*symbols));

	for (size_t i = 0; i < n; i++)
		lines[i] = spots[i].line;
	symbols_find(k->file, f->text, lines, symbols, n);
	for (size_t i = 0; i < n; i++) {
		struct citation *c = spots[i].c;

		c->symbol = arena_dup(k->a, symbols[i]);
		cite_anchor(k->a, c,
		    str_trim(c->quote).n ? c->quote : flat_lines(f, spots[i].line, spots[i].line));
	}
}

/* Symbol and anchor of the N citations of one file, while it is in memory. */
static void anchor_all(
    struct checking *k, const struct file *f, struct citation *const *cites, size_t n)
{
	struct spot *spots = arena_array(k->file, n + 1, sizeof(*spots));
	size_t found = 0;

	k->scratch = arena_create("anchors", ARENA_JOB);
	for (size_t i = 0; i < n; i++) {
		unsigned line = f->rc ? 0 : anchor_line(k, f, cites[i]);

		if (line)
			spots[found++] = (struct spot){ cites[i], line };
		else if (cites[i]->quote.n)
			cite_anchor(k->a, cites[i], cites[i]->quote);
	}
	qsort(spots, found, sizeof(*spots), by_line);
	if (found)
		anchor_spots(k, f, spots, found);
	arena_destroy(k->scratch);
}

/* --- all --------------------------------------------------------------------------------- */

void evidence_check(struct arena *a, struct evidence *ev, evidence_source_fn fn, void *ctx)
{
	struct checking k = { .a = a, .fn = fn, .ctx = ctx };
	struct citation **cites = arena_array(a, ev->n_cites + 1, sizeof(struct citation *));
	size_t n = collect(ev, cites);

	for (size_t i = 0, first; i < n;) {
		struct str path = cites[i]->path;
		struct file f = { 0 };

		k.file = arena_create("source", ARENA_JOB);
		file_load(&k, path, &f);
		for (first = i; i < n && str_eq(cites[i]->path, path); i++)
			check_one(&k, &f, cites[i]);
		anchor_all(&k, &f, cites + first, i - first);
		arena_destroy(k.file);
	}
	findings_anchor(ev);
}
