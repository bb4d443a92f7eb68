#include "base/str.h"

#include <ctype.h>
#include <strings.h>

ptrdiff_t str_chr(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}

ptrdiff_t str_find(struct str s, struct str needle)
{
	if (needle.n == 0)
		return 0;
	const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;

	return at ? at - s.p : -1;
}

bool str_contains(struct str s, struct str needle)
{
	return str_find(s, needle) >= 0;
}

bool str_eq_nocase(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

struct str str_rtrim(struct str s)
{
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_trim(struct str s)
{
	while (s.n && is_blank(*s.p)) {
		s.p++;
		s.n--;
	}
	return str_rtrim(s);
}

struct str str_split(struct str *s, char sep)
{
	ptrdiff_t at = str_chr(*s, sep);
	struct str part = *s;

	if (at < 0) {
		*s = (struct str){ NULL, 0 };
		return part;
	}
	part.n = (size_t)at;
	*s = str_skip(*s, (size_t)at + 1);
	return part;
}

struct str str_line(struct str *s)
{
	struct str line = str_split(s, '\n');

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

struct str str_last_words(struct str s)
{
	struct str last = { "", 0 };

	while (s.p) {
		struct str line = str_trim(str_line(&s));

		if (line.n && !str_starts(line, STR("at ")) && !str_starts(line, STR("Node.js v")))
			last = line;
	}
	return last;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool str_to_u64(struct str s, unsigned long long max, unsigned long long *ret)
{
	unsigned long long v = 0;

	if (s.n == 0 || s.n > 20)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned)(s.p[i] - '0');

		if (d > 9 || d > max || v > (max - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return true;
}

unsigned str_distance(struct str a, struct str b)
{
	unsigned row[64];

	a = str_take(a, 63);
	b = str_take(b, 63);
	for (size_t j = 0; j <= b.n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < a.n; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < b.n; j++) {
			unsigned swap = diagonal + (a.p[i] != b.p[j]);
			unsigned best = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;

			diagonal = row[j + 1];
			row[j + 1] = swap < best ? swap : best;
		}
	}
	return row[b.n];
}
