/* Runs of equal lines in two places. */
#include "rehearsal/priv.h"

#include <stdlib.h>

#define TWIN_LINES 4 /* equal lines in a row that are no accident */

struct run_start {
	const struct view *v;
	size_t at;
	unsigned hash;
};

/* Lines that may be equal without meaning anything do not count. */
static bool is_telling(enum language l, struct str trimmed)
{
	return trimmed.n >= 8 && !line_is_comment(l, trimmed) && *trimmed.p != '#' &&
	       !str_starts(trimmed, STR("import ")) && !str_starts(trimmed, STR("from ")) &&
	       !str_starts(trimmed, STR("use "));
}

/* Length of the run of telling lines from I on, up to MAX. */
static size_t telling_run(const struct view *v, size_t i, size_t max)
{
	enum language l = language_of(v->path);
	size_t n = 0;

	while (n < max && i + n < v->n && v->lines[i + n].no == v->lines[i].no + n &&
	       is_telling(l, str_trim(v->lines[i + n].text)))
		n++;
	return n;
}

static int by_hash(const void *a, const void *b)
{
	const struct run_start *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->v != y->v)
		return str_cmp(x->v->path, y->v->path);
	return (x->at > y->at) - (x->at < y->at);
}

static size_t equal_lines(const struct run_start *x, const struct run_start *y)
{
	size_t n = 0, room = x->v == y->v ? y->at - x->at : (size_t)-1;

	while (n < room && n < 500 && telling_run(x->v, x->at + n, 1) && y->at + n < y->v->n &&
	       y->v->lines[y->at + n].no == y->v->lines[y->at].no + n &&
	       x->v->lines[x->at + n].no == x->v->lines[x->at].no + n &&
	       str_eq(str_trim(x->v->lines[x->at + n].text), str_trim(y->v->lines[y->at + n].text)))
		n++;
	return n;
}

static unsigned hash_run(const struct view *v, size_t at)
{
	unsigned h = 0;

	for (size_t i = 0; i < TWIN_LINES; i++)
		h = h * 31 + text_hash(str_trim(v->lines[at + i].text), STR("line"));
	return h;
}

static size_t collect_runs(const struct scene *s, struct run_start *runs)
{
	size_t n = 0;

	for (size_t i = 0; i < s->book.n_views; i++) {
		const struct view *v = s->book.views[i];

		for (size_t at = 0; at < v->n && language_is_code(language_of(v->path)); at++) {
			if (telling_run(v, at, TWIN_LINES) == TWIN_LINES)
				runs[n++] = (struct run_start){ v, at, hash_run(v, at) };
		}
	}
	return n;
}

static void add_twin(struct facts *f, const struct run_start *x, const struct run_start *y)
{
	size_t n = equal_lines(x, y);
	unsigned first = x->v->lines[x->at].no;

	if (n < TWIN_LINES)
		return;
	const struct line *there = &y->v->lines[y->at];
	struct buf other;

	buf_init(&other, KIB(4));
	cite_write(&other, y->v->path, there->no, there->no + (unsigned)n - 1, quote_of(there));
	facts_add(f, &(struct fact){ .kind = FACT_TWIN,
			 .path = x->v->path,
			 .name = arena_dup(f->a, buf_str(&other)),
			 .line = first,
			 .end = first + (unsigned)n - 1,
			 .n = (unsigned)n,
			 .weight = (unsigned)n });
	buf_fini(&other);
}

void twins_find(struct facts *f, const struct scene *s)
{
	struct run_start *runs = arena_array(f->a, s->book.n_lines, sizeof(*runs));
	size_t n = f->wanted & 1u << FACT_TWIN ? collect_runs(s, runs) : 0;

	if (n)
		qsort(runs, n, sizeof(*runs), by_hash);
	for (size_t i = 1, twins = 0; i < n && twins < 200; i++) {
		if (runs[i].hash != runs[i - 1].hash)
			continue;
		add_twin(f, &runs[i - 1], &runs[i]);
		twins++;
	}
}
