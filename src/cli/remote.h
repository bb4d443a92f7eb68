/*
 * A run that a daemon carries out, as if it were done here: the same display, report and exit code,
 * read from the store beside the daemon. Leaving it changes nothing.
 */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "base/clock.h"
#include "cli/client.h"
#include "cli/finish.h"

/* For tail.lost: who looks on at a run of DATA. */
struct remote_watch {
	const char *data;
	msec_t gone_since; /* 0: somebody has the data */
};

/* CTX, a remote_watch: nobody has had the data for longer than a restart takes. */
bool remote_lost(void *ctx);
/* Says that, and what can be done about it. Exit code. */
int remote_say_lost(struct show *show, const char *id);
/* The daemon that has the data: exit code, 0 with *RET, NULL when there is none. */
int remote_open(struct arena *a, const struct globals *g, struct client **ret, struct err *err);
/* Shows run ID to its end and finishes it as HOW says. Exit code. FORMAT as for show_init. */
int remote_follow(struct arena *a, const struct globals *g, const char *id, const char *format,
    struct finish_spec *how);

#endif
