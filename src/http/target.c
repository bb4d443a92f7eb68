#include "http/priv.h"

#include "base/utf8.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Visible ASCII that may stand in a target. A "#" never leaves a client. */
static bool is_sent(char c)
{
	return c > ' ' && c < 0x7f && c != '#';
}

/*
 * The next byte that TEXT stands for, cut off it; -1: it stands for nothing. What was decoded is
 * not looked at again, so "%2541" is "%41".
 */
static int next(struct str *text, bool form)
{
	char c = text->p[0];
	int high, low;

	if (c != '%') {
		*text = str_skip(*text, 1);
		if (!is_sent(c))
			return -1;
		return form && c == '+' ? ' ' : (unsigned char)c;
	}
	if (text->n < 3)
		return -1;
	high = digit(text->p[1]);
	low = digit(text->p[2]);
	*text = str_skip(*text, 3);
	return high < 0 || low < 0 || high + low == 0 ? -1 : high << 4 | low;
}

/* TEXT decoded into P, which has room for it. -EINVAL: it cannot be, or is not UTF-8. */
static int decode(char *p, struct str text, bool form, struct str *ret)
{
	struct str s = { p, 0 };

	while (text.n) {
		int c = next(&text, form);

		if (c < 0)
			return -EINVAL;
		p[s.n++] = (char)c;
	}
	if (!utf8_valid(s))
		return -EINVAL;
	*ret = s;
	return 0;
}

static bool is_plain_path(struct str path)
{
	struct str rest = str_skip(path, 1);

	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] < ' ' || path.p[i] == 0x7f)
			return false;
	while (rest.p) {
		struct str segment = str_split(&rest, '/');

		if (str_is(segment, ".") || str_is(segment, "..") || (!segment.n && rest.p))
			return false;
	}
	return true;
}

int target_path(struct arena *a, struct str raw, struct str *ret)
{
	ptrdiff_t mark = str_chr(raw, '?');
	struct str path;

	if (!raw.n || raw.p[0] != '/')
		return -EINVAL;
	if (mark >= 0)
		raw = str_take(raw, (size_t)mark);
	if (decode(arena_alloc(a, raw.n + 1), raw, false, &path))
		return -EINVAL;
	if (!is_plain_path(path))
		return -EINVAL;
	*ret = path;
	return 0;
}

struct str target_query(struct str raw)
{
	ptrdiff_t mark = str_chr(raw, '?');

	return mark < 0 ? (struct str){ "", 0 } : str_skip(raw, (size_t)mark + 1);
}

bool query_is_valid(struct str query)
{
	char p[HTTP_TARGET_MAX];

	if (query.n > sizeof(p))
		return false;
	while (query.p) {
		struct str pair = str_split(&query, '&'), name = str_split(&pair, '='), got;

		if (decode(p, name, true, &got) || (pair.p && decode(p, pair, true, &got)))
			return false;
	}
	return true;
}

struct str query_get(struct arena *a, struct str query, const char *name)
{
	char p[HTTP_TARGET_MAX];

	if (query.n > sizeof(p))
		return (struct str){ NULL, 0 };
	while (query.p) {
		struct str pair = str_split(&query, '&'), key = str_split(&pair, '='), got;

		if (decode(p, key, true, &got) || !str_is(got, name))
			continue;
		if (!pair.p)
			return (struct str){ "", 0 };
		return decode(p, pair, true, &got) ? (struct str){ NULL, 0 } : arena_dup(a, got);
	}
	return (struct str){ NULL, 0 };
}
