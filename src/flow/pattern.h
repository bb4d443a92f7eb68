/*
 * Patterns in Lua's notation, in linear time: a set of states instead of backtracking. What needs
 * memory of what was matched (%1, %b, %f, captures) is refused.
 */
#ifndef FLOW_PATTERN_H
#define FLOW_PATTERN_H

#include "base/str.h"

#define PATTERN_ITEMS_MAX 64

/* NULL when PATTERN is in the subset, else what is wrong with it. */
const char *pattern_check(struct str pattern);
/* Is PATTERN found in TEXT (anchors ^ and $ as in Lua)? A bad pattern matches nothing. */
bool pattern_match(struct str pattern, struct str text);

#endif
