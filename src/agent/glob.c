#include "agent/priv.h"

/* One character class "[a-z]"; the length of the class in the pattern, 0: it is no class. */
static size_t class_match(struct str p, char c, bool *ret)
{
	bool negate = p.n > 1 && (p.p[1] == '!' || p.p[1] == '^'), hit = false;
	size_t i = negate ? 2 : 1, first = i;

	for (; i < p.n && (p.p[i] != ']' || i == first); i++) {
		if (i + 2 < p.n && p.p[i + 1] == '-' && p.p[i + 2] != ']') {
			hit |= c >= p.p[i] && c <= p.p[i + 2];
			i += 2;
		} else {
			hit |= c == p.p[i];
		}
	}
	if (i >= p.n)
		return 0;
	*ret = hit != negate;
	return i + 1;
}

/* How many bytes of the pattern the byte C uses up; 0: it does not match. */
static size_t one_match(struct str p, char c)
{
	bool hit = false;
	size_t n;

	if (p.p[0] == '?')
		return c != '/';
	if (p.p[0] == '[' && c != '/') {
		n = class_match(p, c, &hit);
		if (n)
			return hit ? n : 0;
	}
	return p.p[0] == c;
}

/*
 * Where in the pattern we can be, as a set: every byte of S leads from one set to the next. So the
 * cost is the product of both lengths, whatever the pattern.
 */
struct places {
	bool at[GLOB_MAX + 1];
};

static bool is_deep(struct str p, size_t i)
{
	return i + 1 < p.n && p.p[i] == '*' && p.p[i + 1] == '*';
}

/* A star may stand for nothing, and "**" with the slash behind it, too. */
static void skip_stars(struct str p, struct places *now)
{
	for (size_t i = 0; i < p.n; i++) {
		size_t after = i + (is_deep(p, i) ? 2 : 1);

		if (!now->at[i] || p.p[i] != '*')
			continue;
		now->at[after] = true;
		if (is_deep(p, i) && after < p.n && p.p[after] == '/')
			now->at[after + 1] = true;
	}
}

static void take(struct str p, char c, const struct places *now, struct places *next)
{
	*next = (struct places){ 0 };
	for (size_t i = 0; i < p.n; i++) {
		if (!now->at[i])
			continue;
		if (p.p[i] == '*') {
			next->at[i] |= c != '/' || is_deep(p, i);
			continue;
		}
		size_t n = one_match(str_skip(p, i), c);

		if (n)
			next->at[i + n] = true;
	}
	skip_stars(p, next);
}

bool glob_match(struct str p, struct str s)
{
	struct places now = { .at = { true } }, next;

	if (p.n > GLOB_MAX)
		return false;
	skip_stars(p, &now);
	for (size_t i = 0; i < s.n; i++) {
		take(p, s.p[i], &now, &next);
		now = next;
	}
	return now.at[p.n];
}
