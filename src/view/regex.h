/*
 * Regular expressions that take no more time than the text is long, times the size of the
 * expression: all ways are followed at once, none is tried after the other.
 *
 *   . [abc] [^a-z] \d \D \w \W \s \S \b \B ^ $ ( ) (?: ) | * + ? *? +? ?? {m} {m,} {m,n}
 *   \t \\ and any other mark behind a backslash
 *
 * There is nothing that would need trying: no references back, no looking around; they are refused.
 * Of several matches the leftmost counts, and of those the longest, also where "?" asks for less.
 * Letters fold by ASCII only.
 */
#ifndef VIEW_REGEX_H
#define VIEW_REGEX_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct regex;

/* PATTERN is valid UTF-8, at most VIEW_PATTERN_MAX bytes. -EINVAL with the place in WHY. */
MUST_CHECK int regex_create(struct str pattern, bool fold, struct regex **ret, struct err *err);
/* Accepts NULL. */
void regex_destroy(struct regex *r);
/*
 * The first match in S from byte FROM on. What was done is taken off *WORK; when nothing is left of
 * it the answer is false.
 */
bool regex_find(
    struct regex *r, struct str s, size_t from, uint64_t *work, size_t *ret_at, size_t *ret_n);

#endif
