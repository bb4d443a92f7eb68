#include "rehearsal/priv.h"

#include <stdlib.h>

/*
 * Those who build on the findings of others: the rater, who puts them in order by file and worth,
 * and the adviser, who says where to begin. Both have read the first place of each file again, and
 * neither rests anything on a finding that was refuted.
 */

#define GROUPS_TOLD 5

/* --- findings by file
 * ------------------------------------------------------------------------------- */

static int by_path_then_worth(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;
	int order = str_cmp((*x)->path, (*y)->path);

	if (order)
		return order;
	if ((*x)->severity != (*y)->severity)
		return (*x)->severity < (*y)->severity ? 1 : -1;
	return str_cmp((*x)->id, (*y)->id);
}

/* Worst first, then the most; findings without a place come last. */
static int by_worth(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if ((x->path.n == 0) != (y->path.n == 0))
		return x->path.n == 0 ? 1 : -1;
	if (x->severity != y->severity)
		return x->severity < y->severity ? 1 : -1;
	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return str_cmp(x->path, y->path);
}

size_t groups_make(struct arena *a, const struct item *items, size_t n_items, struct group **ret)
{
	const struct item **by = arena_array(a, n_items, sizeof(*by));
	struct group *groups = arena_array(a, n_items, sizeof(*groups));
	size_t n = 0, n_groups = 0;

	for (size_t i = 0; i < n_items; i++) {
		if (!items[i].refuted)
			by[n++] = &items[i];
	}
	if (n)
		qsort(by, n, sizeof(*by), by_path_then_worth);
	for (size_t i = 0; i < n; i++) {
		struct group *last = n_groups ? &groups[n_groups - 1] : NULL;

		if (last && str_eq(last->path, by[i]->path)) {
			last->n++;
			continue;
		}
		groups[n_groups++] = (struct group){ by[i]->path, by + i, 1, by[i]->severity };
	}
	if (n_groups)
		qsort(groups, n_groups, sizeof(*groups), by_worth);
	*ret = groups;
	return n_groups;
}

/* --- telling
 * ------------------------------------------------------------------------------------------ */

/* "S1, B2 and C1" */
static struct str ids_of(struct arena *a, const struct group *g)
{
	struct buf b;

	buf_init(&b, MIB(1));
	for (size_t i = 0; i < g->n; i++)
		buf_printf(&b, "%s%.*s",
		    i == 0	    ? ""
		    : i + 1 == g->n ? " and "
				    : ", ",
		    STR_ARG(g->items[i]->id));
	return buf_to_arena(a, &b);
}

/* The line of the first item, as it was read in this conversation. */
static const struct line *line_read(const struct scene *s, const struct group *g)
{
	const struct view *v = g->path.n ? book_view(&s->book, g->path) : NULL;

	return v ? quotable_line(v, g->items[0]->line, 3) : NULL;
}

static struct finding rate(const struct scene *s, const struct group *g, size_t n)
{
	const struct line *l = line_read(s, g);
	struct str ids = ids_of(s->a, g);
	struct finding f = { .id = part_id(s->a, &s->part, n),
		.path = g->path,
		.confidence = "low",
		.severity = g->severity };

	f.quote = quote_of(l);
	f.line = f.end = l->no;
	f.title = str_from(arena_printf(s->a, "Leaving %.*s as it is", STR_ARG(ids)));
	f.claim = str_from(arena_printf(s->a,
	    "Rests on %.*s, all in `%.*s`. Likelihood: not known without history. Blast radius: "
	    "local as "
	    "far as one file shows. Reversibility: easy while the file is the only one changed. "
	    "The "
	    "severity is the highest that its finders gave.",
	    STR_ARG(ids), STR_ARG(g->path)));
	f.scenario = str_from(arena_printf(s->a,
	    "If deferred, the next change to `%.*s` is made by somebody who has not read %.*s.",
	    STR_ARG(g->path), STR_ARG(ids)));
	f.suggestion = STR("Decide on these together, since they stand in one file.");
	return f;
}

void ratings_make(const struct scene *s, struct draft *d)
{
	struct group *groups;
	size_t n = groups_make(s->a, s->part.items, s->part.n_items, &groups);

	d->findings = arena_array(s->a, GROUPS_TOLD, sizeof(*d->findings));
	for (size_t i = 0; i < n && d->n_findings < GROUPS_TOLD; i++) {
		if (line_read(s, &groups[i])) {
			d->findings[d->n_findings] = rate(s, &groups[i], d->n_findings + 1);
			d->n_findings++;
		}
	}
}

/* "1. Begin with `src/a.c` (S1, B2): title. Read again: `src/a.c:12` "quote"." */
static void advice_line(struct buf *b, const struct scene *s, const struct group *g, size_t n)
{
	const struct line *l = line_read(s, g);

	buf_printf(b, "%zu. ", n);
	if (g->path.n)
		buf_printf(
		    b, "%s `%.*s`", n == 1 ? "Begin with" : "Then look at", STR_ARG(g->path));
	else
		buf_adds(b, "Find the place of");
	buf_printf(b, " (%.*s): %s", STR_ARG(ids_of(s->a, g)), g->n > 1 ? "first of all, " : "");
	buf_printf(b, "%.*s.", STR_ARG(str_take(g->items[0]->title, 200)));
	if (l) {
		buf_adds(b, " Read again: ");
		cite_write(b, g->path, l->no, l->no, quote_of(l));
		buf_addc(b, '.');
	}
	buf_addc(b, '\n');
}

static size_t count_refuted(const struct part *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_items; i++)
		n += p->items[i].refuted;
	return n;
}

static void summary_write(
    struct buf *b, const struct scene *s, const struct draft *d, size_t n_groups)
{
	size_t refuted = count_refuted(&s->part);

	buf_printf(b, "## Summary\n");
	if (s->part.n_items)
		buf_printf(b,
		    "%zu findings were handed in, %zu of them refuted; the others stand in %zu "
		    "place%s and are put in order by severity and number. ",
		    s->part.n_items, refuted, n_groups, n_groups == 1 ? "" : "s");
	if (s->part.earlier.n)
		buf_printf(b,
		    "A report was provided; its first finding, `%.*s`, was not looked at again. ",
		    STR_ARG(s->part.earlier));
	buf_printf(b, "%.*s\n", STR_ARG(d->summary));
	buf_adds(b, "Confidence: low — the order comes from counting, not from understanding.\n\n");
}

/* What is least worth doing is put off, as the rule on needs asks for. */
static void deferred_write(struct buf *b, struct arena *a, const struct group *last)
{
	buf_printf(b,
	    "- %.*s (%.*s). Why: it came last by severity and number, and nothing that needs it "
	    "now "
	    "was cited. Reopen when: an incident or a change touches %s%.*s%s.\n",
	    STR_ARG(str_take(last->items[0]->title, 200)), STR_ARG(ids_of(a, last)),
	    last->path.n ? "`" : "its place", STR_ARG(last->path), last->path.n ? "`" : "");
	buf_addc(b, '\n');
}

static bool is_summary(struct str section)
{
	return str_is(section, "Summary");
}

static bool is_deferred(struct str section)
{
	return str_starts(section, STR("Deferred"));
}

static size_t count_fillable(const struct part *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_sections; i++)
		n += !is_summary(p->sections[i]) && !is_deferred(p->sections[i]);
	return n;
}

/* Groups FROM to TO under a heading of their own; a section without any is left out. */
static void section_write(struct buf *b, const struct scene *s, struct str section,
    const struct group *groups, size_t from, size_t to)
{
	if (from == to)
		return;
	buf_printf(b, "## %.*s\n", STR_ARG(section));
	for (size_t i = from; i < to; i++)
		advice_line(b, s, &groups[i], i + 1);
	buf_addc(b, '\n');
}

/* The sections that were asked for; findings are spread over them in their order. */
static void sections_write(struct buf *b, const struct scene *s, const struct draft *d,
    const struct group *groups, size_t n)
{
	const struct part *p = &s->part;
	size_t told = n < GROUPS_TOLD ? n : GROUPS_TOLD, fillable = count_fillable(p), k = 0;
	bool summed = false;

	for (size_t i = 0; i < p->n_sections; i++) {
		struct str section = p->sections[i];

		if (is_summary(section) && !summed) {
			summary_write(b, s, d, n);
			summed = true;
		} else if (is_deferred(section) && n > GROUPS_TOLD) {
			buf_printf(b, "## %.*s\n", STR_ARG(section));
			deferred_write(b, s->a, &groups[n - 1]);
		} else if (!is_summary(section) && !is_deferred(section)) {
			if (!n)
				buf_printf(b,
				    "## %.*s\nUnknown: nothing that was handed in says it.\n\n",
				    STR_ARG(section));
			section_write(
			    b, s, section, groups, k * told / fillable, (k + 1) * told / fillable);
			k++;
		}
	}
	if (!summed)
		summary_write(b, s, d, n);
}

void advice_write(struct buf *b, const struct scene *s, const struct draft *d)
{
	struct group *groups;
	size_t n = groups_make(s->a, s->part.items, s->part.n_items, &groups);

	if (s->part.n_sections) {
		sections_write(b, s, d, groups, n);
		return;
	}
	buf_adds(b, "## Recommendation\n");
	for (size_t i = 0; i < n && i < GROUPS_TOLD; i++)
		advice_line(b, s, &groups[i], i + 1);
	if (n == 0)
		buf_printf(b,
		    "No clear winner: %s, so there is nothing a recommendation could rest on.\n",
		    count_refuted(&s->part) ? "every finding that was handed in was refuted"
					    : "no finding was handed in");
	buf_addc(b, '\n');
	summary_write(b, s, d, n);
}
