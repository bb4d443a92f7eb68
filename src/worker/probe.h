/*
 * Asks a program for its version, by running it behind the fence: without network, repository or
 * anything else that is not its own. What it says is kept in a file of ours under its path, inode,
 * size and time of change, so that a program is run once, not at every start.
 */
#ifndef WORKER_PROBE_H
#define WORKER_PROBE_H

#include "base/arena.h"
#include "base/err.h"
#include "sandbox/sandbox.h"

#include <jansson.h>

struct probe {
	struct arena *arena;
	struct sandbox *sandbox;
	const char *file; /* NULL: nothing is kept */
	json_t *known;
	bool changed;
};

/* FILE need not exist; what cannot be read in it is not believed. Blocks for its calls' time. */
void probe_open(struct probe *p, struct arena *a, struct sandbox *sandbox, const char *file);
/*
 * What `PATH ARG` prints: the first of its words that is a version, without a "v" in front, in the
 * arena. PATH is absolute and without links. -ENOENT: it prints none; other errors: it did not run,
 * or not well. The reason is in ERR.
 */
MUST_CHECK int probe_version(
    struct probe *p, const char *path, const char *arg, const char **ret, struct err *err);
/* Keeps what is new; when that fails, the next start asks again. */
void probe_close(struct probe *p);

/* The first word of TEXT that is a version ("v22.3.1", "0.169.0-rc.1"), without the v; or empty. */
struct str probe_parse(struct str text);

#endif
