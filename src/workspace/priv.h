/* What the files of this room share. The freezer's own parts are in freezer.h. */
#ifndef WORKSPACE_PRIV_H
#define WORKSPACE_PRIV_H

#include "workspace/workspace.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/list.h"

#include <uv.h>

/* Where things are inside the fence, for the freezer and for agents (git_log and its kin). */
#define INSIDE_REPO "/repo"
#define INSIDE_OUT "/out"
#define INSIDE_GIT "/repo-git"	     /* of a finished snapshot */
#define INSIDE_ADMIN "/repo-admin"   /* the repository's .git, while freezing */
#define INSIDE_COMMON "/repo-common" /* the same, or that of the main working tree */
#define INSIDE_OBJECTS "/repo-objects/%zu"

#define OBJECT_DIRS_MAX 7

struct workspace {
	char *root, *self;
	struct sandbox *sandbox;
	uv_loop_t *loop;
	struct list freezes;
};

/* What can be known of a directory without running or believing anything in it. */
struct origin {
	char *root;	      /* absolute, without links */
	char *admin, *common; /* .git, or where it leads; NULL: a plain directory */
	char *objects[OBJECT_DIRS_MAX + 1];
};

/* origin.c: PATH as a directory that may be frozen, and is not around or in STATE. Four-part
 * errors.
 */
MUST_CHECK int origin_find(
    struct arena *a, const char *state, const char *path, struct origin *ret, struct err *err);

/* snapshot.c */
MUST_CHECK int snapshot_load(const char *dir, const char *id, struct snapshot **ret);
/* The id that belongs to a list of files, a commit and a change. */
MUST_CHECK int snapshot_id(const char *dir, struct str commit, char id[65]);

/* rest.c: the digest over all that is not its tree, once all of that is there. */
MUST_CHECK int snapshot_seal_rest(const char *dir);
/* -EPROTO: something of it is not as it was; -ENOENT: it was made before there was a digest. */
MUST_CHECK int snapshot_check_rest(const char *dir);

#endif
