#include "rehearsal/priv.h"

#include <ctype.h>

/*
 * The validator: every item's place is read again. The quote stands there: confirmed. Something
 * else stands there: partly. There is no such place: refuted. A claim that nobody calls a function
 * is tried by the same search once more.
 */

#define UNCALLED_TITLE "No other line names `"

struct str item_uncalled(const struct item *item)
{
	struct str rest = item->title;

	if (!str_starts(rest, STR(UNCALLED_TITLE)))
		return (struct str){ "", 0 };
	rest = str_skip(rest, sizeof(UNCALLED_TITLE) - 1);
	ptrdiff_t end = str_chr(rest, '`');

	return end > 0 ? str_take(rest, (size_t)end) : (struct str){ "", 0 };
}

/* --- comparing -----------------------------------------------------------------------------------
 */

static bool is_space(char c)
{
	return isspace((unsigned char)c);
}

/* Does LINE hold QUOTE, white space aside? */
static bool holds(struct str line, struct str quote)
{
	quote = str_trim(quote);
	for (size_t from = 0; from < line.n; from++) {
		size_t i = from, k = 0;

		while (i < line.n && k < quote.n) {
			bool blanks = is_space(line.p[i]) && is_space(quote.p[k]);

			if (!blanks && line.p[i] != quote.p[k])
				break;
			for (i++; blanks && i < line.n && is_space(line.p[i]);)
				i++;
			for (k++; blanks && k < quote.n && is_space(quote.p[k]);)
				k++;
		}
		if (k == quote.n)
			return quote.n > 0;
	}
	return false;
}

/* The first line of a quote that runs over several. */
static struct str first_line(struct str quote)
{
	struct str rest = str_trim(quote);

	return str_trim(str_line(&rest));
}

/* The line from FROM to TO that holds QUOTE, or NULL. */
static const struct line *find_quote(
    const struct view *v, unsigned from, unsigned to, struct str quote)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->lines[i].no >= from && v->lines[i].no <= to &&
		    holds(str_take(v->lines[i].text, 4000), quote))
			return &v->lines[i];
	}
	return NULL;
}

/* A name in backticks in the title that stands in the cited lines is better than nothing. */
static const struct line *find_named(const struct view *v, const struct item *item)
{
	ptrdiff_t open = str_chr(item->title, '`');
	struct str rest = str_skip(item->title, open < 0 ? item->title.n : (size_t)open + 1);
	ptrdiff_t close = str_chr(rest, '`');

	if (close < 3)
		return NULL;
	return find_quote(v, item->line, item->end, str_take(rest, (size_t)close));
}

/* --- ruling
 * ---------------------------------------------------------------------------------------- */

static void rule(struct ruling *r, enum verdict_word said, struct str reason)
{
	r->said = said;
	r->reason = reason;
}

static void rule_cite(struct ruling *r, const struct view *v, const struct line *l)
{
	if (!l)
		return;
	r->path = v->path;
	r->line = l->no;
	r->quote = quote_of(l);
}

/* The last line that was read, as proof of where a file ends. */
static const struct line *last_quotable(const struct view *v)
{
	for (size_t i = v->n; i-- > 0;) {
		if (quote_of(&v->lines[i]).n)
			return &v->lines[i];
	}
	return NULL;
}

static void judge_absent(const struct scene *s, struct ruling *r, const struct view *v)
{
	const struct item *item = r->item;

	if (v && v->missing) {
		rule(r, SAID_REFUTED,
		    str_from(
			arena_printf(s->a, "The tool found no file `%.*s`.", STR_ARG(item->path))));
	} else if (v && v->whole) {
		rule(r, SAID_REFUTED,
		    str_from(arena_printf(s->a, "`%.*s` ends at line %u; line %u does not exist.",
			STR_ARG(item->path), v->total, item->line)));
		rule_cite(r, v, last_quotable(v));
	} else {
		rule(r, SAID_PARTLY,
		    STR("The cited lines could not be read, so nothing about them is "
			"confirmed."));
	}
}

static void judge_quote(const struct scene *s, struct ruling *r, const struct view *v)
{
	const struct item *item = r->item;
	struct str quote = first_line(item->quote);
	const struct line *at = find_quote(v, item->line, item->end, quote);
	const struct line *moved = at ? NULL : find_quote(v, 0, ~0u, quote);

	if (at) {
		rule(r, SAID_CONFIRMED,
		    STR("The quoted text stands at the cited line. What follows from "
			"it was not judged."));
		rule_cite(r, v, at);
	} else if (moved) {
		rule(r, SAID_PARTLY,
		    str_from(arena_printf(s->a,
			"The quoted text stands at line %u, not where the item "
			"says.",
			moved->no)));
		rule_cite(r, v, moved);
	} else {
		rule(r, SAID_PARTLY, STR("The cited line exists, but it does not read as quoted."));
		rule_cite(r, v, quotable_line(v, item->line, 5));
	}
}

static void judge_place(const struct scene *s, struct ruling *r, const struct view *v)
{
	const struct item *item = r->item;
	const struct line *named = find_named(v, item);

	if (item->quote.n) {
		judge_quote(s, r, v);
	} else if (named) {
		rule(r, SAID_CONFIRMED,
		    STR("The cited line names what the item is about. What follows "
			"from it was not judged."));
		rule_cite(r, v, named);
	} else {
		rule(r, SAID_PARTLY,
		    STR("The cited line exists; the item quotes nothing that could be "
			"compared with it."));
		rule_cite(r, v, quotable_line(v, item->line, 5));
	}
}

/* Somebody names the function after all? */
static bool judge_uncalled(const struct scene *s, struct ruling *r)
{
	struct str name = item_uncalled(r->item);
	const struct search *search = name.n ? book_search(&s->book, name) : NULL;

	for (size_t i = 0; search && i < search->n; i++) {
		const struct hit *hit = &s->book.hits[search->first + i];
		struct line l = { hit->text, hit->line };

		if (hit->cut || !quote_of(&l).n ||
		    (str_eq(hit->path, r->item->path) && hit->line == r->item->line))
			continue;
		rule(r, SAID_REFUTED,
		    str_from(arena_printf(s->a, "Another line names `%.*s`.", STR_ARG(name))));
		r->strategy = "against the claim";
		r->path = hit->path;
		r->line = hit->line;
		r->quote = quote_of(&l);
		r->searched = str_from(arena_printf(s->a, "a search for `%.*s`", STR_ARG(name)));
		return true;
	}
	return false;
}

static struct ruling judge(const struct scene *s, const struct item *item)
{
	const struct view *v = item->path.n ? book_view(&s->book, item->path) : NULL;
	struct ruling r = { .item = item, .strategy = "against the evidence" };

	if (!item->path.n) {
		r.searched = STR("nothing: the item names no place");
		rule(&r, SAID_PARTLY, STR("Without a place there is nothing to read again."));
	} else if (!v) {
		r.searched = STR("nothing: the place was not read again");
		rule(&r, SAID_PARTLY, STR("Not read again, so neither confirmed nor refuted."));
	} else {
		r.searched = str_from(arena_printf(
		    s->a, "`%.*s` around line %u, read again", STR_ARG(item->path), item->line));
		if (judge_uncalled(s, &r))
			return r;
		if (view_line(v, item->line))
			judge_place(s, &r, v);
		else
			judge_absent(s, &r, v);
	}
	return r;
}

void rulings_make(const struct scene *s, struct draft *d)
{
	d->rulings = arena_array(s->a, s->part.n_items + 1, sizeof(*d->rulings));
	for (size_t i = 0; i < s->part.n_items; i++)
		d->rulings[d->n_rulings++] = judge(s, &s->part.items[i]);
}

/* --- writing
 * ----------------------------------------------------------------------------------------- */

static const char *const verdicts[] = { "confirmed", "partly", "refuted" };

static struct str ruled_id(const struct ruling *r)
{
	return r->as.n ? r->as : r->item->id;
}

static void ruling_write(struct buf *b, const struct scene *s, const struct ruling *r, size_t n)
{
	struct str id = part_id(s->a, &s->part, n);

	buf_printf(
	    b, "### %.*s: %.*s — %s\n", STR_ARG(id), STR_ARG(ruled_id(r)), verdicts[r->said]);
	buf_printf(b, "Strategy: %s\n", r->strategy);
	buf_printf(b, "Searched: %.*s\n", STR_ARG(r->searched));
	buf_printf(b, "Reason: %.*s\n", STR_ARG(r->reason));
	buf_adds(b, "Evidence: ");
	if (r->quote.n)
		cite_write(b, r->path, r->line, r->line, r->quote);
	else
		buf_adds(b, "none");
	buf_adds(b, "\n\n");
}

/* The same as a program would like it. */
static void rulings_write_json(struct buf *b, const struct draft *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n_rulings; i++) {
		const struct ruling *r = &d->rulings[i];
		json_t *one = json_pack("{s:o, s:s, s:o}", "item", json_text(ruled_id(r)),
		    "verdict", verdicts[r->said], "reason", json_text(r->reason));

		if (r->quote.n)
			json_object_update_new(
			    one, json_pack("{s:o, s:i, s:o}", "path", json_text(r->path), "line",
				     (int)r->line, "quote", json_text(r->quote)));
		json_array_append_new(list, one);
	}
	buf_adds(b, "```json\n");
	buf_add_value(b, list);
	buf_adds(b, "\n```\n");
	json_decref(list);
}

void rulings_write(struct buf *b, const struct scene *s, const struct draft *d)
{
	size_t read = 0;

	if (d->as_json) {
		rulings_write_json(b, d);
		return;
	}

	for (size_t i = 0; i < d->n_rulings; i++) {
		ruling_write(b, s, &d->rulings[i], i + 1);
		read += d->rulings[i].quote.n > 0;
	}
	if (d->n_rulings == 0)
		buf_adds(b, "No item was given, so there is nothing to judge.\n\n");
	buf_printf(b, "## Summary\n%.*s\n", STR_ARG(d->summary));
	buf_printf(b,
	    "Confidence: %s — %zu of %zu places were read again; what follows from them was not "
	    "judged.\n",
	    read && read == d->n_rulings ? "medium" : "low", read, d->n_rulings);
}
