#include "rehearsal/priv.h"

#include "base/map.h"

#include <ctype.h>

/*
 * The findings of others as a prompt shows them, in two forms that may both be there:
 *
 *	S1 [high] title (src/a.c:12)		a list, one line each
 *
 *	### S1: title				what an agent wrote
 *	Severity: high
 *	Evidence: `src/a.c:12-14` "the quoted text"
 */

/* Length of the id S begins with ("S1", "SEC-001", "web/A2"), or 0. */
static size_t id_length(struct str s)
{
	size_t at = 0, letters = 0, digits = 0, slash = 0;

	while (
	    slash < s.n && slash < 128 && (is_word_byte(s.p[slash]) || strchr("-./", s.p[slash])))
		slash++;
	while (slash > 0 && s.p[slash - 1] != '/')
		slash--;
	at = slash;
	while (at < s.n && letters < 8 && isupper((unsigned char)s.p[at]))
		at++, letters++;
	if (letters && at < s.n && s.p[at] == '-')
		at++;
	while (at < s.n && digits < 6 && isdigit((unsigned char)s.p[at]))
		at++, digits++;
	if (!letters || !digits || (at < s.n && is_word_byte(s.p[at])))
		return 0;
	return at;
}

/* The id without the step before it. */
static struct str bare_id(struct str id)
{
	return path_base(id);
}

/* --- citations ---------------------------------------------------------------------------------
 */

static bool ends_path(char c)
{
	return c == ' ' || c == '\t' || c == '`' || c == '(' || c == '"' || c == '[';
}

/* "quoted" or `quoted`, right behind a reference; a second reference on the line ends it. */
static struct str quoted_part(struct str s)
{
	ptrdiff_t more = str_find(s, STR("; `"));
	size_t from = 0;

	if (more >= 0)
		s = str_take(s, (size_t)more);
	while (from < s.n && from < 8 && s.p[from] != '"' && s.p[from] != '`')
		from++;
	if (from == 8 || from + 2 >= s.n)
		return (struct str){ "", 0 };
	const char *text = s.p + from + 1, *end = memrchr(text, s.p[from], s.n - from - 1);

	return end ? (struct str){ text, (size_t)(end - text) } : (struct str){ "", 0 };
}

/* Reads the first "path:12-14" in S and the quote behind it. */
static bool citation_read(struct str s, struct item *ret)
{
	for (size_t at = 1; at + 1 < s.n; at++) {
		struct str rest, range;
		size_t from = at;

		if (s.p[at] != ':' || !text_number(str_skip(s, at + 1), &ret->line, &rest))
			continue;
		while (from > 0 && !ends_path(s.p[from - 1]))
			from--;
		ret->path = (struct str){ s.p + from, at - from };
		if (!path_citable(ret->path))
			continue;
		ret->end = ret->line;
		range = str_skip(rest, 1);
		if (rest.n && *rest.p == '-' && text_number(range, &ret->end, &range))
			rest = range;
		if (rest.n && *rest.p == '`')
			rest = str_skip(rest, 1);
		ret->quote = quoted_part(rest);
		return true;
	}
	ret->path = (struct str){ "", 0 };
	ret->line = ret->end = 0;
	return false;
}

/* --- items -------------------------------------------------------------------------------------
 */

struct items {
	struct arena *a;
	struct item *v;
	size_t n, cap;
	size_t n_listed;
	struct map by_id;
	struct item *open; /* the heading whose lines are being read */
	bool fenced;	   /* its quote stands in the next lines */
};

/* The item called ID, made when there is none; NULL when there are too many. */
static struct item *item_of(struct items *all, struct str id)
{
	struct item *item = map_get(&all->by_id, id);

	if (item || all->n == REHEARSAL_ITEMS_MAX)
		return item;
	item = &all->v[all->n++];
	*item = (struct item){ .id = id, .severity = WORD_LOW };
	map_put(&all->by_id, id, item);
	return item;
}

static struct str without_bullet(struct str line)
{
	line = str_trim(line);
	if (line.n > 2 && (*line.p == '-' || *line.p == '*') && line.p[1] == ' ')
		line = str_trim(str_skip(line, 2));
	return line;
}

/* The place in brackets at the end of a title; returns the title without it. */
static struct str place_at_end(struct str title, struct item *item)
{
	const char *open = title.n ? memrchr(title.p, '(', title.n) : NULL;

	if (!open || item->line || !str_ends(title, STR(")")))
		return title;
	size_t at = (size_t)(open - title.p);

	return citation_read(str_skip(title, at), item) ? str_trim(str_take(title, at)) : title;
}

/* "S1 [high] title (src/a.c:12)" */
static bool list_line(struct items *all, struct str line)
{
	line = without_bullet(line);
	size_t id = id_length(line);
	struct str rest = str_skip(line, id);
	ptrdiff_t close = str_starts(rest, STR(" [")) ? str_chr(rest, ']') : -1;

	if (!id || close < 0)
		return false;
	struct item *item = item_of(all, str_take(line, id));

	if (!item)
		return true;
	item->listed = true;
	all->n_listed++;
	item->severity = severity_word_parse((struct str){ rest.p + 2, (size_t)close - 2 });
	item->title = place_at_end(str_trim(str_skip(rest, (size_t)close + 1)), item);
	return true;
}

/* A title that is a verdict on another item: "S1 — refuted". */
static bool is_verdict(struct str title)
{
	return id_length(title) &&
	       text_has_any(title, "confirmed|refuted|partly|upheld|weakened|partially");
}

/* "### S1: title"; what stands below belongs to it. */
static bool heading_line(struct items *all, struct str line)
{
	size_t marks = 0;

	while (marks < line.n && line.p[marks] == '#')
		marks++;
	if (!marks)
		return false;
	all->open = NULL;
	all->fenced = false;
	struct str rest = str_trim(str_skip(line, marks));
	size_t id = id_length(rest);
	struct str title = str_trim(str_skip(rest, id));

	while (title.n && strchr(":.-", *title.p))
		title = str_trim(str_skip(title, 1));
	if (str_starts(title, STR("\xe2\x80\x94"))) /* em dash */
		title = str_trim(str_skip(title, 3));
	if (!id || !title.n || is_verdict(title))
		return true;
	all->open = item_of(all, str_take(rest, id));
	if (all->open && !all->open->title.n)
		all->open->title = title;
	return true;
}

/* "Severity: high" as "severity" and "high". */
static bool field_of(struct str line, const char *name, struct str *ret)
{
	struct str key = str_from(name);

	if (line.n <= key.n || line.p[key.n] != ':' || !str_eq_nocase(str_take(line, key.n), key))
		return false;
	*ret = str_trim(str_skip(line, key.n + 1));
	return true;
}

static void body_line(struct items *all, struct str line)
{
	struct item *item = all->open;
	struct item read = { .line = 0 };
	struct str value;

	if (!item)
		return;
	if (all->fenced && item->quote.n == 0 && line.n && !str_starts(line, STR("```"))) {
		item->quote = line;
		all->fenced = false;
	}
	if (field_of(line, "severity", &value))
		item->severity = severity_word_parse(value);
	if (!field_of(line, "evidence", &value) || item->quote.n || !citation_read(value, &read))
		return;
	if (item->line && (!str_eq(item->path, read.path) || item->line != read.line))
		return;
	item->path = read.path;
	item->line = read.line;
	item->end = read.end;
	item->quote = read.quote;
	all->fenced = read.quote.n == 0;
}

/* --- what was refuted --------------------------------------------------------------------------
 */

static void refute_ids(struct items *all, struct str s)
{
	while (s.n) {
		size_t id = id_length(s);
		struct item *item = id ? map_get(&all->by_id, str_take(s, id)) : NULL;

		if (item)
			item->refuted = true;
		size_t skip = id ? id : 1;

		while (!id && skip < s.n && is_word_byte(s.p[skip - 1]) && is_word_byte(s.p[skip]))
			skip++;
		s = str_skip(s, skip);
	}
}

/* `"refuted":[{"id":"S2",…}]` inside a line of JSON, else a line that says it of an id. */
static void refutation_line(struct items *all, struct str line)
{
	ptrdiff_t list = str_find(line, STR("\"refuted\":["));

	if (list >= 0) {
		struct str rest = str_skip(line, (size_t)list);
		ptrdiff_t end = str_chr(rest, ']');

		refute_ids(all, end < 0 ? rest : str_take(rest, (size_t)end));
	} else if (text_has_nocase(line, "refuted") && line.n < 2000 &&
		   !text_has_any(line, "not refuted|partly|partially|confirmed")) {
		refute_ids(all, line);
	}
}

/* --- the whole ---------------------------------------------------------------------------------
 */

/* A list names "web/A1" where the text itself says "A1": the quote is found by the place. */
static void quotes_share(struct items *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct item *to = &all->v[i];
		struct str bare = bare_id(to->id);
		struct item *from = bare.n < to->id.n ? map_get(&all->by_id, bare) : NULL;

		if (from && !to->quote.n && from->line == to->line && str_eq(from->path, to->path))
			to->quote = from->quote;
	}
}

/* When there is a list, it is the list that counts; headings only lend it their quotes. */
static size_t keep_listed(struct items *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (all->n_listed == 0 || all->v[i].listed)
			all->v[n++] = all->v[i];
	}
	return n;
}

size_t items_read(struct arena *a, struct str text, struct item **ret)
{
	struct items all = { .a = a };

	all.v = arena_array(a, REHEARSAL_ITEMS_MAX, sizeof(*all.v));
	map_init(&all.by_id, a);
	for (struct str rest = text; rest.p;) {
		struct str line = str_trim(str_line(&rest));

		if (!list_line(&all, line) && !heading_line(&all, line))
			body_line(&all, line);
	}
	for (struct str rest = text; rest.p && all.n;)
		refutation_line(&all, str_line(&rest));
	quotes_share(&all);
	*ret = all.v;
	return keep_listed(&all);
}
