/* `runs compare A B`: what became of the findings from one run to another. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "cli/cli.h"

/* OLD and NOW are runs or files; FAIL_ON as in gate.h. Exit code. */
int compare_runs(struct arena *a, const struct globals *g, const char *old, const char *now,
    const char *fail_on);

#endif
