#include "rehearsal/priv.h"

#include "base/map.h"

#include <ctype.h>
#include <stdlib.h>

/*
 * What tools returned, read tolerantly: our own agent numbers lines and marks directories, the
 * qwen CLI returns bare text and absolute paths, and versions differ. What cannot be read is
 * left out; nothing is guessed.
 */

/* --- results that are no results ----------------------------------------------------------------
 */

static bool is_one_line(struct str s)
{
	return str_chr(s, '\n') < 0 && s.n < 600;
}

bool says_refused(struct str s)
{
	struct str head = str_take(s, 40);

	if (!is_one_line(s))
		return false;
	return text_has_any(head, "error|not found|cannot|refused|denied|not allowed|invalid") ||
	       text_has_any(s, "requires permission|unchanged since last read|is disabled|"
			       "no such file|outside the|not found in registry|declined");
}

/* A tool's own line among the results: counts, rules, what was left out. */
static bool is_remark(struct str line)
{
	static const char *const starts[] = { "Found ", "No ", "---", "...", "(", "[", "Showing ",
		"Directory listing", "Total", "\xe2\x80\xa6" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		if (str_starts(line, str_from(starts[i])))
			return true;
	}
	return line.n == 0;
}

static bool says_cut(struct str line)
{
	return is_remark(line) && text_has_any(line, "truncated|more|cut|limit|first ");
}

/* --- lists ---------------------------------------------------------------------------------------
 */

static void add_path(struct reader *r, struct str path, bool dir)
{
	struct book *b = r->b;

	if (!path_citable(path) || b->n_files + b->n_dirs >= REHEARSAL_FILES_MAX)
		return;
	if (dir) {
		b->dirs = arena_grow(r->a, b->dirs, b->n_dirs, &b->cap_dirs, sizeof(*b->dirs));
		b->dirs[b->n_dirs++] = path;
	} else {
		b->files = arena_grow(r->a, b->files, b->n_files, &b->cap_files, sizeof(*b->files));
		b->files[b->n_files++] = path;
	}
	b->list_deep |= str_chr(path, '/') >= 0;
}

/* "README.md (9 bytes)": gemini says how long a file is. */
static struct str without_size(struct str name)
{
	ptrdiff_t at = str_find(name, STR(" ("));
	struct str rest;
	unsigned bytes;

	if (at > 0 && text_number(str_skip(name, (size_t)at + 2), &bytes, &rest) &&
	    str_is(rest, " bytes)"))
		return str_take(name, (size_t)at);
	return name;
}

/* One name of a listing of BASE ("." is the root). */
static void add_entry(struct reader *r, struct str base, struct str name)
{
	bool dir = false;

	if (str_starts(name, STR("[DIR]"))) {
		dir = true;
		name = str_trim(str_skip(name, 5));
	} else if (is_remark(name)) {
		r->b->list_cut |= says_cut(name);
		return;
	}
	if (str_ends(name, STR("/"))) {
		dir = true;
		name.n--;
	}
	name = path_relative(r->t->root, without_size(name));
	bool below = str_starts(name, base) && name.n > base.n && name.p[base.n] == '/';

	if (!str_is(base, ".") && !below)
		name = str_from(arena_printf(r->a, "%.*s/%.*s", STR_ARG(base), STR_ARG(name)));
	add_path(r, name, dir);
}

static void list_result(struct reader *r, const struct talk_call *call)
{
	struct str base = call->wish.kind == TOOL_LIST ? call->wish.path : STR(".");

	if (says_refused(call->result) && str_chr(call->result, ' ') >= 0) {
		r->b->n_refused++;
		return;
	}
	for (struct str rest = call->result; rest.p;)
		add_entry(r, base, str_trim(str_line(&rest)));
}

/* --- searches ------------------------------------------------------------------------------------
 */

static void add_hit(
    struct reader *r, struct search *s, struct str path, unsigned line, struct str text)
{
	struct book *b = r->b;

	path = path_relative(r->t->root, path);
	if (!path_citable(path) || line == 0 || b->n_hits >= REHEARSAL_HITS_MAX)
		return;
	b->hits = arena_grow(r->a, b->hits, b->n_hits, &b->cap_hits, sizeof(*b->hits));
	b->hits[b->n_hits++] = (struct hit){ .path = path,
		.text = str_trim(text),
		.pattern = s->pattern,
		.line = line,
		.cut = str_ends(text, STR("...")) || str_ends(text, STR("\xe2\x80\xa6")) ||
		       text_has_nocase(text, "[truncated]") };
	s->n++;
}

/* "path:12: text" or "path:12:text"; false when LINE is of another form. */
static bool flat_hit(struct reader *r, struct search *s, struct str line)
{
	for (size_t at = 1; at + 1 < line.n; at++) {
		struct str rest;
		unsigned no;

		if (line.p[at] != ':' || !text_number(str_skip(line, at + 1), &no, &rest))
			continue;
		if (rest.n == 0 || (*rest.p != ':' && *rest.p != '-'))
			continue;
		add_hit(r, s, str_take(line, at), no, str_skip(rest, 1));
		return true;
	}
	return false;
}

/* "File: path", or opencode's "/path:" */
static bool names_file(struct str line, struct str *ret)
{
	if (str_starts(line, STR("File: ")))
		*ret = str_trim(str_skip(line, 6));
	else if (str_starts(line, STR("/")) && str_ends(line, STR(":")))
		*ret = str_take(line, line.n - 1);
	else
		return false;
	return true;
}

/* The name of a file, and below it "L12: text" or "  Line 12: text". */
static bool grouped_hit(struct reader *r, struct search *s, struct str *file, struct str line)
{
	struct str rest = str_trim(line);
	unsigned no;

	if (names_file(line, file))
		return true;
	if (str_starts(rest, STR("Line ")))
		rest = str_skip(rest, 5);
	else if (str_starts(line, STR("L")))
		rest = str_skip(line, 1);
	else
		return false;
	if (!file->n || !text_number(rest, &no, &rest) || !str_starts(rest, STR(":")))
		return false;
	add_hit(r, s, *file, no, str_skip(rest, 1));
	return true;
}

static int hit_cmp(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	int order = str_cmp(x->path, y->path);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void search_result(struct reader *r, const struct talk_call *call)
{
	struct book *b = r->b;
	struct search s = { .pattern = call->wish.pattern, .first = b->n_hits };
	struct str file = { "", 0 };

	s.failed = says_refused(call->result) && !str_starts(call->result, STR("No "));
	b->n_refused += s.failed;
	for (struct str rest = call->result; rest.p && !s.failed;) {
		struct str line = str_line(&rest);

		if (!grouped_hit(r, &s, &file, line) && !flat_hit(r, &s, line))
			s.cut |= says_cut(line);
	}
	if (s.n)
		qsort(b->hits + s.first, s.n, sizeof(*b->hits), hit_cmp);
	b->searches = arena_grow(r->a, b->searches, b->n_searches, &b->cap_searches, sizeof(s));
	b->searches[b->n_searches++] = s;
}

/* --- order ---------------------------------------------------------------------------------------
 */

static int line_cmp(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->no > y->no) - (x->no < y->no);
}

static int path_cmp(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int view_cmp(const void *a, const void *b)
{
	const struct view *const *x = a, *const *y = b;

	return str_cmp((*x)->path, (*y)->path);
}

/* By number, each once. */
static void order_lines(struct view *v)
{
	size_t n = 0;

	if (v->n)
		qsort(v->lines, v->n, sizeof(*v->lines), line_cmp);
	for (size_t i = 0; i < v->n; i++) {
		if (n == 0 || v->lines[n - 1].no != v->lines[i].no)
			v->lines[n++] = v->lines[i];
	}
	v->n = n;
	if (v->whole)
		v->total = n ? v->lines[n - 1].no : 0;
}

static size_t order_paths(struct str *paths, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(paths, n, sizeof(*paths), path_cmp);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || !str_eq(paths[kept - 1], paths[i]))
			paths[kept++] = paths[i];
	}
	return kept;
}

/* Without a tool that reads, the lines that searches show are all there is. */
static void views_from_hits(struct reader *r)
{
	struct book *b = r->b;

	for (size_t i = 0; i < b->n_hits; i++) {
		if (!b->hits[i].cut)
			add_line(r, view_of(r, b->hits[i].path), b->hits[i].line, b->hits[i].text);
	}
}

static void call_result(struct reader *r, const struct talk_call *call)
{
	switch (call->wish.kind) {
	case TOOL_LIST:
	case TOOL_FIND:
		list_result(r, call);
		break;
	case TOOL_SEARCH:
		search_result(r, call);
		break;
	case TOOL_READ:
		read_result(r, call);
		break;
	case TOOL_LOG:
		r->b->log = says_refused(call->result) ? (struct str){ "", 0 } : call->result;
		break;
	case TOOL_OTHER:
	case TOOL_KINDS:
		break;
	}
}

void book_read(struct arena *a, const struct talk *t, struct book *ret)
{
	struct book b = { .log = { "", 0 } };
	struct reader r = { .a = a, .t = t, .b = &b };

	map_init(&r.views, a);
	for (size_t i = 0; i < t->n_calls; i++) {
		if (t->calls[i].answered)
			call_result(&r, &t->calls[i]);
	}
	if (!t->tools[TOOL_READ].name.n)
		views_from_hits(&r);
	for (size_t i = 0; i < b.n_views; i++) {
		order_lines(b.views[i]);
		b.n_read += b.views[i]->n > 0;
	}
	if (b.n_views)
		qsort(b.views, b.n_views, sizeof(*b.views), view_cmp);
	b.n_files = order_paths(b.files, b.n_files);
	b.n_dirs = order_paths(b.dirs, b.n_dirs);
	*ret = b;
}

/* --- looking things up ---------------------------------------------------------------------------
 */

const struct view *book_view(const struct book *b, struct str path)
{
	size_t lo = 0, hi = b->n_views;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = str_cmp(b->views[mid]->path, path);

		if (order == 0)
			return b->views[mid];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct search *book_search(const struct book *b, struct str pattern)
{
	for (size_t i = 0; i < b->n_searches; i++) {
		if (str_eq(b->searches[i].pattern, pattern))
			return &b->searches[i];
	}
	return NULL;
}

const struct line *view_line(const struct view *v, unsigned no)
{
	struct line key = { .no = no };

	return v->n ? bsearch(&key, v->lines, v->n, sizeof(*v->lines), line_cmp) : NULL;
}
