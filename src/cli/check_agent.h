/*
 * Trying an agent out on this machine: behind the fence, over a small repository of its own, with
 * the rehearsal model, once asked for an answer and then for everything that no reader may do.
 */
#ifndef CLI_CHECK_AGENT_H
#define CLI_CHECK_AGENT_H

#include "cli/cli.h"

/*
 * Checks agent NAME, says what was found, and keeps the verdict about a described one. Exit code.
 */
int check_agent(struct arena *a, const struct globals *g, const char *name);

#endif
