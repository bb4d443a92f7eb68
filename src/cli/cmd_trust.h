/* `tutti flows trust` and `tutti flows untrust`. */
#ifndef CLI_CMD_TRUST_H
#define CLI_CMD_TRUST_H

#include "cli/cli.h"

/*
 * Shows each flow of the repository that is named by NAMES (its name, or its file; none: all that
 * are not trusted), asks, and remembers. YES: without asking.
 */
int trust_flows(
    struct arena *a, const struct globals *g, bool yes, const char *const *names, size_t n);
/* Takes that back for NAMES; ALL: for all flows of the repository. */
int untrust_flows(
    struct arena *a, const struct globals *g, bool all, const char *const *names, size_t n);

#endif
