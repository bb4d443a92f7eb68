/*
 * Borrowed bytes. A struct str does not own what it points at and is not necessarily terminated
 * by a NUL; whoever keeps one longer than its owner lives copies it (arena_dup).
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){ (lit), sizeof(lit) - 1 })
/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_from(const char *cstr)
{
	return (struct str){ cstr, cstr ? strlen(cstr) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str a, const char *cstr)
{
	return str_eq(a, str_from(cstr));
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || (s.p && memcmp(s.p, prefix.p, prefix.n) == 0));
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The part of S from FROM on; empty when FROM is past the end. */
static inline struct str str_skip(struct str s, size_t from)
{
	if (from >= s.n)
		return (struct str){ s.p ? s.p + s.n : NULL, 0 };
	return (struct str){ s.p + from, s.n - from };
}

/* The first N bytes of S, or all of it. */
static inline struct str str_take(struct str s, size_t n)
{
	return (struct str){ s.p, n < s.n ? n : s.n };
}

/* Offset of the first C in S, or -1. */
ptrdiff_t str_chr(struct str s, char c);
/* Offset of the first NEEDLE in S, or -1. Linear (memmem). */
ptrdiff_t str_find(struct str s, struct str needle);
bool str_contains(struct str s, struct str needle);
bool str_eq_nocase(struct str a, struct str b);
/* S without ASCII white space at both ends. */
struct str str_trim(struct str s);
/* Without white space at the end only. */
struct str str_rtrim(struct str s);
/*
 * Cuts the part before the next SEP off *S and returns it; *S then begins after SEP. When there
 * is no SEP the rest is returned and *S becomes { NULL, 0 }, which ends a loop of the form
 * `while (rest.p) part = str_split(&rest, ',')`.
 */
struct str str_split(struct str *s, char sep);
/* Next line without its "\n" or "\r\n"; same protocol as str_split. */
struct str str_line(struct str *s);
/*
 * What a program said last on stderr, trimmed: the last line that is neither blank nor a frame of
 * a JavaScript stack ("at f (file:1:2)") nor Node's own signature below one. Empty: nothing.
 */
struct str str_last_words(struct str s);
int str_cmp(struct str a, struct str b);
/* A whole non-negative decimal number no larger than MAX; false otherwise. */
bool str_to_u64(struct str s, unsigned long long max, unsigned long long *ret);
/*
 * Levenshtein distance, for "did you mean". Bytes beyond 63 of either side are ignored, so the
 * cost has a bound.
 */
unsigned str_distance(struct str a, struct str b);

#endif
