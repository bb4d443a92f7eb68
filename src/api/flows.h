/*
 * All flows that somebody can run, from where they are kept: built in, the user's, and those of a
 * repository that is trusted.
 */
#ifndef API_FLOWS_H
#define API_FLOWS_H

#include "flow/library.h"

/* Where flows come from. Paths are absolute and borrowed. */
struct flows_from {
	const char *user; /* the configuration directory, or NULL */
	const char *repo; /* whose .tutti is read, too; NULL: none, or it is not trusted */
};

/* Files that cannot be read are left out; broken ones are in it with their errors. Blocks. */
struct library *flows_load(struct arena *a, const struct flows_from *from);

#endif
