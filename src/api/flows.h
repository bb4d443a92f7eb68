/*
 * All flows that somebody can run, from where they are kept: built in, the user's, and those of a
 * repository that is trusted.
 */
#ifndef API_FLOWS_H
#define API_FLOWS_H

#include "api/own.h"
#include "flow/library.h"

/* Where flows come from. Paths are absolute and borrowed. */
struct flows_from {
	const char *user; /* the configuration directory, or NULL */
	const char *repo; /* whose .tutti is read, too; NULL: none, or it is not trusted */
};

/*
 * Files that cannot be read are left out; broken ones are in it with their errors. Blocks.
 * NULL, with a four-part error, when the user's could not all be looked at for the moment: then
 * nobody knows which text is the one of its name.
 */
struct library *flows_load(struct arena *a, const struct flows_from *from, struct err *err);
/*
 * Built in, those of USER, and all of OWN, the repository's. When those come to too much none of
 * them is in it, and OWN is refused from then on. *RET_GAP, where it is not NULL: 0, or what
 * flows_load() fails for.
 */
struct library *flows_with(struct arena *a, const char *user, struct own *own, int *ret_gap);
/* The same without the repository's, and not yet checked, to add some. */
struct library *flows_base(struct arena *a, const char *user, int *ret_gap);

/*
 * RC, or 0, of who wanted to read a text: whether it may be there all the same, so that another one
 * of its name would be taken for it.
 */
int flows_gap(int rc);

/* The origin of a repository's texts. */
#define FLOWS_REPOSITORY "repository"

#endif
