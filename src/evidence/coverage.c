#include "evidence/coverage.h"

#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>

/* --- lines --------------------------------------------------------------------------------- */

/* The first span of S that ends at FROM - 1 or later. */
static size_t first_near(const struct spans *s, unsigned from)
{
	size_t i = 0;

	while (i < s->n && s->v[i].to < from && s->v[i].to + 1 < from)
		i++;
	return i;
}

bool spans_add(struct arena *a, struct spans *s, unsigned from, unsigned to)
{
	size_t i = first_near(s, from), end = i;

	if (!from || to < from)
		return true;
	while (end < s->n && (s->v[end].from <= to || s->v[end].from - 1 == to)) {
		from = s->v[end].from < from ? s->v[end].from : from;
		to = s->v[end].to > to ? s->v[end].to : to;
		end++;
	}
	if (i == end && s->n == COVERAGE_SPANS_MAX)
		return false;
	s->v = arena_grow(a, s->v, s->n, &s->cap, sizeof(*s->v));
	memmove(s->v + i + 1, s->v + end, (s->n - end) * sizeof(*s->v));
	s->v[i] = (struct line_span){ from, to };
	s->n = s->n + 1 - (end - i);
	return true;
}

unsigned long long spans_lines(const struct spans *s, unsigned long long lines)
{
	unsigned long long n = 0;

	for (size_t i = 0; i < s->n && s->v[i].from <= lines; i++)
		n += (s->v[i].to < lines ? s->v[i].to : lines) - s->v[i].from + 1;
	return n;
}

void spans_clamp(struct spans *s, unsigned long long lines)
{
	while (s->n && s->v[s->n - 1].from > lines)
		s->n--;
	if (s->n && s->v[s->n - 1].to > lines)
		s->v[s->n - 1].to = (unsigned)lines;
}

/* --- paths --------------------------------------------------------------------------------- */

static bool is_plain(struct str path)
{
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] < 0x20 || path.p[i] == 0x7f)
			return false;
	return path.n > 0 && path.n < PATH_BYTES_MAX;
}

/* PATH as the snapshot's list has it, into BUF; empty: it is none of them. */
static struct str normal(const char *root, struct str path, char buf[PATH_BYTES_MAX])
{
	struct str top = str_from(root ? root : ""), out = { buf, 0 };

	if (!is_plain(path))
		return out;
	if (path.p[0] == '/' &&
	    (!top.n || !str_starts(path, top) || path.n == top.n || path.p[top.n] != '/'))
		return out;
	if (path.p[0] == '/')
		path = str_skip(path, top.n + 1);
	while (path.p) {
		struct str part = str_split(&path, '/');

		if (str_is(part, ".."))
			return (struct str){ buf, 0 };
		if (!part.n || str_is(part, "."))
			continue;
		if (out.n)
			buf[out.n++] = '/';
		memcpy(buf + out.n, part.p, part.n);
		out.n += part.n;
	}
	return out;
}

/* --- adding -------------------------------------------------------------------------------- */

struct coverage *coverage_create(struct arena *a)
{
	struct coverage *c = arena_new(a, struct coverage);

	c->arena = a;
	map_init(&c->files, a);
	map_init(&c->blind, a);
	return c;
}

static struct coverage_file *file_of(struct coverage *c, struct str path)
{
	struct coverage_file *f = map_get(&c->files, path);

	if (f)
		return f;
	f = arena_new(c->arena, struct coverage_file);
	map_init(&f->steps, c->arena);
	map_put(&c->files, path, f);
	return f;
}

/* PATH is one of a snapshot. */
static void mark(struct coverage *c, struct str step, struct str path, unsigned from, unsigned to)
{
	struct coverage_file *f = map_get(&c->files, path);
	struct spans *s = f ? map_get(&f->steps, step) : NULL;

	if (!from || to < from)
		return;
	if (!s && c->n_marks == COVERAGE_MARKS_MAX) {
		c->left_out++;
		return;
	}
	if (!s) {
		s = arena_new(c->arena, struct spans);
		map_put(&file_of(c, path)->steps, step, s);
		c->n_marks++;
	}
	c->left_out += !spans_add(c->arena, s, from, to);
}

void coverage_add(struct coverage *c, struct str step, const char *root, struct str path,
    unsigned from, unsigned to)
{
	char buf[PATH_BYTES_MAX];
	struct str name = normal(root, path, buf);

	if (name.n)
		mark(c, step, name, from, to);
}

static unsigned line_of(long long n)
{
	return n < 0 ? 0 : n < COVERAGE_TO_END ? (unsigned)n : COVERAGE_TO_END;
}

void coverage_add_reads(struct coverage *c, struct str step, const char *root, const json_t *reads)
{
	const json_t *one;
	size_t i;

	json_array_foreach (reads, i, one)
		coverage_add(c, step, root, json_get_str(one, "path"),
		    line_of(json_get_int(one, "from", 0)),
		    line_of(json_get_int(one, "to", COVERAGE_TO_END)));
}

void coverage_add_blind(struct coverage *c, struct str step)
{
	if (map_get(&c->blind, step) || c->blind.n < COVERAGE_MARKS_MAX)
		map_put(&c->blind, step, c);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *spans_json(const struct spans *s)
{
	json_t *v = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(
		    v, json_pack("[I, I]", (json_int_t)s->v[i].from, (json_int_t)s->v[i].to));
	return v;
}

json_t *coverage_to_json(const struct coverage *c)
{
	json_t *files = json_array(), *blind = json_array();

	map_each (&c->files, e) {
		const struct coverage_file *f = e->value;
		json_t *steps = json_array();

		map_each (&f->steps, s)
			json_array_append_new(
			    steps, json_pack("{s:o, s:o}", "step", json_text(s->key), "read",
				       spans_json(s->value)));
		json_array_append_new(
		    files, json_pack("{s:o, s:o}", "path", json_text(e->key), "steps", steps));
	}
	map_each (&c->blind, e)
		json_array_append_new(blind, json_text(e->key));
	return json_pack(
	    "{s:o, s:o, s:I}", "files", files, "blind", blind, "left_out", (json_int_t)c->left_out);
}

static struct str prefixed(struct coverage *c, struct str prefix, struct str step)
{
	if (!prefix.n)
		return step;
	return str_from(arena_printf(c->arena, "%.*s/%.*s", STR_ARG(prefix), STR_ARG(step)));
}

static void join_step(struct coverage *c, struct str prefix, struct str path, const json_t *step)
{
	struct str name = prefixed(c, prefix, json_get_str(step, "step"));
	const json_t *span;
	size_t i;

	json_array_foreach (json_get_array(step, "read"), i, span)
		coverage_add(c, name, NULL, path,
		    line_of(json_integer_value(json_array_get(span, 0))),
		    line_of(json_integer_value(json_array_get(span, 1))));
}

void coverage_join(struct coverage *c, const json_t *doc, struct str prefix)
{
	const json_t *file, *step;
	size_t i, k;
	long long left_out = json_get_int(doc, "left_out", 0);

	json_array_foreach (json_get_array(doc, "files"), i, file)
		json_array_foreach (json_get_array(file, "steps"), k, step)
			join_step(c, prefix, json_get_str(file, "path"), step);
	json_array_foreach (json_get_array(doc, "blind"), i, step)
		coverage_add_blind(c, prefixed(c, prefix, str_from(json_string_value(step))));
	c->left_out += left_out > 0 ? (unsigned long long)left_out : 0;
}
