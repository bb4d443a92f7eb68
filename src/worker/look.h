/*
 * Looks at directories from the thread pool: the snapshots that agents read, and the repositories
 * these were made from. Who asks while a directory is being walked shares the next walk with all
 * who do, so a crowd of attempts costs two walks and not a crowd of them.
 *
 * A snapshot is held to how it was when it was made. One that this process did not make is read
 * whole against its list first; after that its fingerprint stands for its content.
 */
#ifndef WORKER_LOOK_H
#define WORKER_LOOK_H

#include "base/list.h"
#include "workspace/fingerprint.h"

struct lookout;

enum look_kind {
	LOOK_REPOSITORY, /* as it is now */
	LOOK_SNAPSHOT,	 /* and whether it is as it was made */
	LOOK_MADE,	 /* a snapshot that was made, or read whole, just now */
	LOOK_PROGRAM,	 /* a file: its digest */
};

/* WHOLE: the snapshot is as it was made. */
typedef void (*look_fn)(void *ctx, const struct fingerprint *fp, bool whole);

/* LOOP is a uv_loop_t. */
struct lookout *lookout_create(void *loop);
/* No look may be under way. */
void lookout_destroy(struct lookout *l);
/*
 * FN comes from the loop, exactly once, also when PATH is not there any more. Not FRESH: what was
 * seen last will do, and FN may come before this returns. That is enough before something runs:
 * what is equal afterwards was equal all the time.
 */
void lookout_ask(
    struct lookout *l, const char *path, enum look_kind kind, bool fresh, look_fn fn, void *ctx);

#endif
