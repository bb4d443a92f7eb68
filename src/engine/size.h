/* What `size: auto` comes to. Pure; the table is printed by `tutti help sizes`. */
#ifndef ENGINE_SIZE_H
#define ENGINE_SIZE_H

#include "flow/words.h"

#include <jansson.h>

struct size_rule {
	const char *what;   /* for people */
	const char *signal; /* member of signals, a number */
	long long at_least;
	enum flow_size size;
};

/* First match wins; ends with a NULL `what`: anything else, which is small. */
extern const struct size_rule size_rules[];
#define SIZE_ELSE "anything else"

/* The line that decides for SIGNALS, as of the snapshot. Never NULL: its `what` may be. */
const struct size_rule *size_rule(const json_t *signals);

#endif
