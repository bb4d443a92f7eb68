/*
 * The change that a prompt shows (change/change.h): which files and lines it is about, and the
 * receipt for its hunks.
 */
#include "rehearsal/priv.h"

#include "change/change.h"

#define FORM "\nREAD: h"

/* "@@ h12 @@ …": its number, 0: it is no such line. */
static unsigned hunk_id(struct str line)
{
	struct str rest;
	unsigned id;

	if (!str_starts(line, STR("@@ h")) || !text_number(str_skip(line, 4), &id, &rest))
		return 0;
	return str_starts(rest, STR(" @@ ")) ? id : 0;
}

/* "=== src/a.c (new file), continued" -> "src/a.c" */
static struct str path_of(struct str line)
{
	static const char *const behind[] = { " (new file)", " (deleted)", " (renamed from ",
		" (copied from ", ", mode ", ", continued" };

	line = str_skip(line, 4);
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		ptrdiff_t at = str_find(line, str_from(behind[i]));

		if (at > 0)
			line = str_take(line, (size_t)at);
	}
	return line;
}

static unsigned new_line(struct str line)
{
	ptrdiff_t at = str_find(line, STR(", new "));
	struct str rest;
	unsigned no = 0;

	return at >= 0 && text_number(str_skip(line, (size_t)at + 6), &no, &rest) ? no : 0;
}

size_t shown_read(struct arena *a, struct str text, struct shown **ret)
{
	struct str path = { "", 0 };
	size_t n = 0, cap = 0;

	*ret = NULL;
	if (str_find(text, STR(FORM)) < 0)
		return 0;
	while (text.p) {
		struct str line = str_line(&text);
		unsigned id = hunk_id(line);

		if (str_starts(line, STR("=== ")))
			path = path_of(line);
		if (!id || n == REHEARSAL_FACTS_MAX)
			continue;
		*ret = arena_grow(a, *ret, n, &cap, sizeof(**ret));
		(*ret)[n++] = (struct shown){ path, id, new_line(line) };
	}
	return n;
}

void receipt_write(struct buf *b, const struct scene *s, struct str unread)
{
	const struct part *p = &s->part;
	bool seen[KIB(8)] = { 0 }, skipped[KIB(8)] = { 0 };
	unsigned from = p->n_shown ? p->shown[0].id : 0;

	if (!from)
		return;
	receipt_read(str_from(arena_printf(s->a, "READ: %.*s", STR_ARG(unread))), from,
	    from + KIB(8) - 1, skipped);
	for (size_t i = 0; i < p->n_shown; i++) {
		unsigned at = p->shown[i].id - from;

		if (at < KIB(8))
			seen[at] = !skipped[at] && !str_is(unread, "all");
	}
	buf_printf(b, "\nREAD: %.*s\n", STR_ARG(receipt_ids(s->a, from, KIB(8), seen, true)));
}
