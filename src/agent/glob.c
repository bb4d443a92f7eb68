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

/* Tries every end of each star; STEPS bounds what a hostile pattern can cost. */
static bool match_from(struct str p, struct str s, unsigned long *steps)
{
	while (p.n) {
		if (++*steps > 1000000)
			return false;
		if (p.p[0] == '*') {
			bool deep = p.n > 1 && p.p[1] == '*';
			struct str rest = str_skip(p, deep ? 2 : 1);

			if (deep && rest.n && rest.p[0] == '/' &&
			    match_from(str_skip(rest, 1), s, steps))
				return true;
			for (size_t i = 0; i <= s.n; i++) {
				if (match_from(rest, str_skip(s, i), steps))
					return true;
				if (i < s.n && s.p[i] == '/' && !deep)
					return false;
			}
			return false;
		}
		size_t n = s.n ? one_match(p, s.p[0]) : 0;

		if (!n)
			return false;
		p = str_skip(p, n);
		s = str_skip(s, 1);
	}
	return s.n == 0;
}

bool glob_match(struct str pattern, struct str s)
{
	unsigned long steps = 0;

	return match_from(str_take(pattern, 200), s, &steps);
}
