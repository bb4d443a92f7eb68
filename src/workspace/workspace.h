/*
 * Snapshots: what all agents of a run read. A snapshot is the working tree as it is (commit plus
 * changes, untracked files included, ignored ones not), copied file by file, hashed, and never
 * changed afterwards.
 *
 * Nothing of a repository runs or is parsed in this process: workspace_freeze starts the copier,
 * our own binary as `tutti __freeze`, behind the fence, with the repository read-only and one new
 * directory writable. git runs in there, too. What comes out is a manifest we check.
 *
 * On disk: SNAPSHOTS/<sha256>/tree (the files), /git (a bare git directory of our own making: HEAD,
 * refs, index, minimal config, alternates to the repository's objects by way of links in
 * /repo-objects), /manifest.json, /change (what is under review: change/change.h, only where
 * there is a change). The directory appears by rename, complete or not at all.
 */
#ifndef WORKSPACE_WORKSPACE_H
#define WORKSPACE_WORKSPACE_H

#include "base/arena.h"
#include "base/err.h"
#include "sandbox/sandbox.h"

#include <jansson.h>

struct workspace;
struct freeze;

/* A finished snapshot. Strings live as long as the struct. */
struct snapshot {
	char id[65]; /* SHA-256 over the sorted manifest (paths, modes, content hashes), commit and
			change */
	char *dir;   /* SNAPSHOTS/<id> */
	char *tree, *git; /* git is NULL for a plain directory */
	char *objects[8]; /* host object directories that git's alternates name, NULL-terminated */
	json_t *facts;	  /* repo: name, root, commit, branch, dirty, changed[], files, bytes,
			   * languages{name:{files,lines}}, skipped[{path,why}], kind: git|empty|dir */
	json_t *signals;  /* flow-language §6 */
	/*
	 * [[path, lines, flags]…] of its first COVERAGE_FILES_MAX files, flags as in
	 * evidence/coverage.h; NULL: it is of a time before there was such a list.
	 */
	json_t *inventory;
	json_t *proof; /* of the fence that its copier was behind; NULL: it was there before */
};

struct freeze_spec {
	const char *repo; /* directory as the user gave it */
	const char *at;	  /* commit-ish to freeze instead of the working tree, or NULL */
	const char *base; /* commit-ish since which the change is, or NULL */
	struct str focus; /* greps for signals look at files whose path or text matches it */
};

struct freeze_progress {
	unsigned long long files, bytes;
	const char *phase; /* list, copy, git, signals */
};

/*
 * Whether PATH is a directory that may be frozen: readable, with files of its own, neither the
 * whole file system nor a home, and neither around nor in STATE, where tutti keeps its own data
 * (NULL: not known). That is asked before a run begins; freezing asks again. Four-part errors.
 * Reads files.
 */
MUST_CHECK int workspace_place(const char *state, const char *path, struct err *err);

typedef void (*freeze_progress_fn)(void *ctx, const struct freeze_progress *p);
/* Exactly once. SNAP is the callback's (snapshot_free), NULL on error. */
typedef void (*freeze_done_fn)(void *ctx, struct snapshot *snap, const struct err *err);

/* ROOT is the snapshots directory (created); SELF the path of our binary. */
MUST_CHECK int workspace_create(const char *root, const char *self, struct sandbox *sb, void *loop,
    struct workspace **ret, struct err *err);
void workspace_destroy(struct workspace *ws);
/*
 * Refuses at once (four-part error): no such directory, not readable, `/`, the home directory
 * itself, or the state directory.
 */
MUST_CHECK int workspace_freeze(struct workspace *ws, const struct freeze_spec *spec,
    freeze_progress_fn progress, freeze_done_fn done, void *ctx, struct freeze **ret,
    struct err *err);
/* Done is still called, with -ECANCELED. */
void workspace_freeze_cancel(struct freeze *f);
/* Loads a finished snapshot by id; -ENOENT when it is gone, -EPROTO when its list is another one.
 */
MUST_CHECK int workspace_open(
    struct workspace *ws, const char *id, struct snapshot **ret, struct err *err);
/* The same without a workspace: of those in the directory ROOT. */
MUST_CHECK int snapshot_open(
    const char *root, const char *id, struct snapshot **ret, struct err *err);
void snapshot_free(struct snapshot *snap);
/*
 * The fence's binds for a child that works on SNAP: git directory and objects, where the fence
 * shows them or, IN_PLACE, where they are. Lives in A.
 */
void snapshot_binds(const struct snapshot *snap, bool in_place, struct arena *a,
    const struct fence_bind **ret, size_t *ret_n);
/*
 * Reads a file of the snapshot: PATH is relative, beneath the tree, a regular file, at most MAX
 * bytes (-E2BIG), never through a symlink out of the tree. Bytes live in A.
 */
MUST_CHECK int snapshot_read(
    const struct snapshot *snap, struct arena *a, struct str path, size_t max, struct str *ret);
/* The text of its change (change/change.h) in A, as it was when it was frozen; empty: there is
 * none.
 */
MUST_CHECK int snapshot_change(const struct snapshot *snap, struct arena *a, struct str *ret);
/*
 * Reads all of the snapshot at DIR against its list; false when anything of its tree is not as that
 * says. Blocks; for the thread pool.
 */
bool snapshot_is_whole(const char *dir);
/*
 * Every byte of snapshot ID in ROOT is as it was written. 0; -ENOENT: it is not there; -EPROTO with
 * what is not, in words; -ENODATA: its files are, and the rest of it was made before there was a
 * digest. Blocks.
 */
MUST_CHECK int snapshot_check(const char *root, const char *id, struct err *err);
/* The program of `tutti __freeze`; runs behind the fence. */
int freeze_main(int argc, char **argv);

#endif
