#include "base/utf8.h"

struct range {
	uint32_t from, to;
};

static bool in_ranges(uint32_t cp, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= r[i].from && cp <= r[i].to)
			return true;
	return false;
}

#define IN(cp, table) in_ranges((cp), (table), sizeof(table) / sizeof((table)[0]))

/* Unicode 15, chapter 3, table 3-7 (well-formed byte sequences). */
size_t utf8_next(struct str s, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = (unsigned char)s.p[0];
	size_t len = c < 0x80 ? 1 : c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;

	*ret = UTF8_BAD;
	if (c >= 0xf5 || len == 0 || len > s.n)
		return 1;
	if (len == 1) {
		*ret = c;
		return 1;
	}
	uint32_t cp = c & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		unsigned char more = (unsigned char)s.p[i];

		if ((more & 0xc0) != 0x80)
			return 1;
		cp = cp << 6 | (more & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 1;
	*ret = cp;
	return len;
}

bool utf8_valid(struct str s)
{
	while (s.n) {
		uint32_t cp;
		size_t len = utf8_next(s, &cp);

		if (cp == UTF8_BAD)
			return false;
		s = str_skip(s, len);
	}
	return true;
}

static size_t count_bad(struct str s)
{
	size_t bad = 0;

	while (s.n) {
		uint32_t cp;
		size_t len = utf8_next(s, &cp);

		bad += cp == UTF8_BAD || cp == 0;
		s = str_skip(s, len);
	}
	return bad;
}

struct str utf8_clean(struct arena *a, struct str s)
{
	size_t bad = count_bad(s);

	if (!bad)
		return s;
	char *out = arena_alloc(a, s.n + 2 * bad + 1), *at = out;

	while (s.n) {
		uint32_t cp;
		size_t len = utf8_next(s, &cp);

		if (cp == UTF8_BAD || cp == 0) {
			memcpy(at, "\xef\xbf\xbd", 3);
			at += 3;
		} else {
			memcpy(at, s.p, len);
			at += len;
		}
		s = str_skip(s, len);
	}
	return (struct str){ out, (size_t)(at - out) };
}

bool utf8_is_invisible(uint32_t cp)
{
	static const struct range table[] = {
		{ 0x00ad, 0x00ad },
		{ 0x061c, 0x061c },
		{ 0x180e, 0x180e },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb },
		{ 0xe0000, 0xe007f },
	};

	return cp >= 0xad && IN(cp, table);
}

unsigned utf8_width(uint32_t cp)
{
	static const struct range zero[] = { { 0x0300, 0x036f }, { 0x0483, 0x0489 },
		{ 0x0591, 0x05bd }, { 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x1ab0, 0x1aff },
		{ 0x1dc0, 0x1dff }, { 0x200b, 0x200f }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef } };
	static const struct range wide[] = { { 0x1100, 0x115f }, { 0x231a, 0x231b },
		{ 0x2e80, 0x303e }, { 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
		{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };

	if (cp < 0x300)
		return 1;
	if (IN(cp, zero))
		return 0;
	return IN(cp, wide) ? 2 : 1;
}

struct str utf8_fit(struct str s, size_t columns)
{
	size_t at = 0, used = 0;

	while (at < s.n) {
		uint32_t cp;
		size_t len = utf8_next(str_skip(s, at), &cp);
		size_t w = cp == UTF8_BAD ? 1 : utf8_width(cp);

		if (used + w > columns)
			break;
		used += w;
		at += len;
	}
	return str_take(s, at);
}

struct str utf8_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return str_take(s, max);
}
