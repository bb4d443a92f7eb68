/*
 * A run that a daemon carries out, as if it were done here: the same display, report and exit code,
 * read from the store beside the daemon. Leaving it changes nothing.
 */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "cli/client.h"
#include "cli/finish.h"

/* The daemon that has the data: exit code, 0 with *RET, NULL when there is none. */
int remote_open(struct arena *a, const struct globals *g, struct client **ret, struct err *err);
/* Shows run ID to its end and finishes it as HOW says. Exit code. FORMAT as for show_init. */
int remote_follow(struct arena *a, const struct globals *g, const char *id, const char *format,
    struct finish_spec *how);

#endif
