/* The files that `tutti flows new` and `tutti personas new` begin. */
#ifndef CLI_STARTER_H
#define CLI_STARTER_H

#include "cli/cli.h"

/* Each writes NAME in the user's configuration, says where, and replaces nothing. */
int starter_flow(struct arena *a, const struct globals *g, const char *name);
int starter_persona(struct arena *a, const struct globals *g, const char *name);

#endif
