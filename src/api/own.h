/*
 * What a repository brings along: the texts below its .tutti, read once. The repository is
 * untrusted, so whatever lies there is harmless: no link is followed, only regular files of a
 * bounded size and number are read, and where there is too much nothing is.
 */
#ifndef API_OWN_H
#define API_OWN_H

#include "base/arena.h"
#include "base/err.h"
#include "flow/library.h"

struct own_text {
	enum text_kind kind;
	const char *file; /* absolute */
	struct str text;
};

struct own {
	struct own_text *v; /* flows, personas, contracts, each by file name */
	size_t n;
	const char *refused; /* why there are none, in words; or NULL */
};

/* A directory of definitions, the same below a repository, the user's configuration and the source.
 */
struct own_kind {
	const char *dir, *suffix;
	size_t max; /* bytes of a file */
};
extern const struct own_kind own_kinds[TEXT_KINDS];

/* Of the repository REPO (absolute, without links). In A. */
void own_read(struct arena *a, const char *repo, struct own *ret);

#endif
