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

/* First match wins; ends with a NULL `what`. */
extern const struct size_rule size_rules[];

/* REPO and SIGNALS as of the snapshot. Small when nothing matches. */
enum flow_size size_for(const json_t *repo, const json_t *signals);

#endif
