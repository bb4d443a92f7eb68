/*
 * A run as its log grows, read from the store beside whoever carries the run out: `runs watch`,
 * `runs logs -f`, and `run` where a daemon does the work.
 */
#ifndef CLI_TAIL_H
#define CLI_TAIL_H

#include "cli/show.h"
#include "store/store.h"

enum tail_end {
	TAIL_OVER, /* all of it was told */
	TAIL_LEFT, /* the person had enough: q, Ctrl-C, SIGTERM */
	TAIL_LOST, /* nobody carries it out any more */
};

struct tail {
	struct store *s;
	int64_t run, seen; /* key; events after SEEN are told */
	struct show *show; /* NULL: events go to FN */
	event_row_fn fn;
	void *ctx;
	/* Looked at while there is nothing new: whether it has to be given up. May be NULL. */
	bool (*lost)(void *ctx);
	bool over;
};

/* FOLLOW: to the end of the run, not only to that of the log. enum tail_end, or a negative errno.
 */
int tail_run(struct tail *t, bool follow);

#endif
