/* What a tool call does, and to what, in words for people; whatever agent makes it. */
#ifndef VIEW_TOOL_H
#define VIEW_TOOL_H

#include "base/str.h"

#include <jansson.h>

/* Its path, pattern or the like; empty when it has none. Borrowed. */
struct str tool_subject(const json_t *input);
/*
 * "read", "search", "list", "run", "fetch", "write", "think" or, for a name that says none of
 * these, "call". Agents have their own names for the same few things.
 */
const char *tool_verb(struct str name);

#endif
