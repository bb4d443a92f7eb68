/* UTF-8 as hostile input: decoding that never reads past the end and never accepts nonsense. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/arena.h"
#include "base/str.h"

#include <stdint.h>

#define UTF8_BAD UINT32_MAX

/*
 * The first code point of a non-empty S and its length in bytes. For a byte that begins no valid
 * sequence (overlong, surrogate, above U+10FFFF, cut off) *RET is UTF8_BAD and the length is 1.
 */
size_t utf8_next(struct str s, uint32_t *ret);
bool utf8_valid(struct str s);
/*
 * S itself when it is valid UTF-8 without NUL; otherwise a copy in which every bad byte and every
 * NUL is U+FFFD. What an agent or a repository says passes here once, on its way in.
 */
struct str utf8_clean(struct arena *a, struct str s);
/* Zero-width, direction-changing and tag characters: they make text read other than it is. */
bool utf8_is_invisible(uint32_t cp);
/* Columns on a terminal: 0 for combining marks, 2 for wide East Asian and emoji, else 1. */
unsigned utf8_width(uint32_t cp);
/* The longest start of S that is no wider than COLUMNS and cuts no character. */
struct str utf8_fit(struct str s, size_t columns);
/* The longest start of S of at most MAX bytes that cuts no character. */
struct str utf8_cut(struct str s, size_t max);

#endif
