/*
 * Whether the database of a data directory is there, where there was one: a new and empty one in
 * its place would be the end of all runs, and nobody would have been told.
 */
#ifndef CLI_KEPT_H
#define CLI_KEPT_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

/*
 * -ENOENT: something beside it says that it was there, and it is not, or is empty. 0 as well where
 * nothing was there ever; anything else is for whoever opens it.
 */
MUST_CHECK int kept_there(struct arena *a, const char *data, struct err *err);
/*
 * False: there is no database, or its first owner was killed before there was a table in it (each
 * has a page of its own). Only who opens it for writing can go on with that, and nobody was told of
 * anything in it.
 */
bool kept_anything(struct arena *a, const char *data);
/* Also -EBADMSG: its end was cut off. This process must not have it open (see pages_check). */
MUST_CHECK int kept_whole(struct arena *a, const char *data, struct err *err);

#endif
