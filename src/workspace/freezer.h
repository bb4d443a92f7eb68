/*
 * The freezer: the program that copies a repository, `tutti __freeze KIND AT BASE FOCUS REPO OUT
 * ADMIN COMMON [OBJECTS…]`. It runs behind the fence: REPO is the live repository, OUT the new
 * snapshot, ADMIN and COMMON the repository's .git, OBJECTS its objects, each where this program
 * sees it. git is run on a directory of our own making (OUT/git), so nothing of the repository's
 * configuration has a say.
 */
#ifndef WORKSPACE_FREEZER_H
#define WORKSPACE_FREEZER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/sha256.h"
#include "workspace/workspace.h"

struct measure; /* measure.c */

struct freezer {
	struct arena *arena;
	bool is_git, has_head, dirty;
	const char *at, *base;
	struct str focus;
	int repo, tree, list; /* REPO, OUT/tree, OUT/files */
	struct map seen;      /* directories made in the tree */
	struct measure *measure;
	unsigned long long files, bytes;
	json_t *skipped, *changed;
	json_t *inventory; /* of the snapshot's files, see struct snapshot */
	size_t inventory_bytes;
	struct buf passed_over; /* what git cannot read either: paths, each with a NUL behind it */
	size_t n_skipped;
	long long changed_files, changed_lines;
	char commit[80];
	char base_id[80];     /* the commit that `base` names */
	char from[80];	      /* what the change is measured against; empty: there is none */
	bool unrelated;	      /* no common ancestor with the base is known */
	struct buf untracked; /* paths, each with a NUL behind it */
	char branch[256];
	msec_t told_at;
	const char *phase;
};

/* Where everything is; set once, before anything else. */
struct places {
	struct arena *arena;
	const char *repo, *out, *git, *admin, *common;
	char *const *objects; /* NULL-terminated */
};
extern struct places places;

/* Ends the program: {"error": …} on stdout, status 1. */
void freezer_die(const char *what, const char *why, const char *fix) __attribute__((noreturn));
/* The same, where the snapshot is written; who reads it is told CODE, a negative errno. */
void freezer_cannot_write(int code) __attribute__((noreturn));
/*
 * The same where git said nothing about the repository: it could not be started for CODE, or was
 * killed (SIGKILL), which is a crash, and may be tried again.
 */
void freezer_cannot_run(int code) __attribute__((noreturn));
void freezer_killed(void) __attribute__((noreturn));
/* Writes all of TEXT and closes FD, or ends the program. Syncing is left to whoever takes over. */
void freezer_put(int fd, struct str text);
/* A line of progress, at most a few a second. */
void freezer_tell(struct freezer *z, const char *phase);
/* PATH stays out of the snapshot, and the report says why. */
void freezer_skip(struct freezer *z, struct str path, const char *why);
/* PATH is in the snapshot; the list of such files has a ceiling. */
void freezer_list(struct freezer *z, struct str path, unsigned long long lines, unsigned flags);

/* --- freezer_git.c --- */
/* Our own git directory: HEAD, refs, index, configuration, alternates. */
void git_prepare(struct freezer *z);
/* HEAD (or `at`) and the branch. False: there is no commit. */
bool git_head(struct freezer *z);
typedef void (*record_fn)(struct freezer *z, struct str record);
/* Runs git with ARGS; FN gets each NUL-terminated record of its output. Exit status, or -1. */
int git_records(struct freezer *z, const char *const *args, record_fn fn);
/* A record_fn for when only the status counts. */
void git_ignore(struct freezer *z, struct str record);
/* Runs git with ARGS and TEXT as its stdin; what it says and how it ends is nobody's business. */
void git_feed(const char *const *args, struct str text);
/* Is REV one commit, and no range, no tree, no option? FN gets its id. */
bool git_is_commit(struct freezer *z, const char *rev, record_fn fn);
#define GIT_FSCK "git fsck in the repository says more"
/* The object SHA into the descriptor FD by way of one long-lived `cat-file --batch`. Bytes, or
 * negative errno. *RET is in the freezer's cat arena until the next call. */
MUST_CHECK int git_blob(struct freezer *z, struct str sha, size_t max, struct str *ret);
/* What git says on stdout, at most MAX bytes of it; *RET_CUT: there was more. 0, or -EIO. */
MUST_CHECK int git_read(const char *const *args, size_t max, struct buf *ret, bool *ret_cut);

/* --- freezer_diff.c --- */
/*
 * Against the common ancestor with `base` when that is given, else against the commit that is
 * checked out.
 */
void git_changes(struct freezer *z);

/* --- freezer_change.c --- */
/* Writes OUT/change (change/change.h), when there is one. After git_changes. */
void change_make(struct freezer *z);

/* --- copy.c --- */
/* Copies /repo/PATH as it is. TAG is that of `git ls-files -t`: '?' is untracked, 'S' was left out
 * of the working tree by git itself. */
void copy_path(struct freezer *z, struct str path, char tag);
/* Writes TEXT at PATH: what a commit holds. MODE is git's (100644, 100755, 120000). */
void copy_blob(struct freezer *z, struct str path, const char *mode, struct str text);

/* How many lines the file PATH of the snapshot has; 0: none, or it is binary. */
unsigned long long copy_lines(struct freezer *z, struct str path);
/* What the snapshot has at PATH, until the next call, and git's mode of it. False: nothing. */
bool copy_text(struct freezer *z, struct str path, struct str *ret, const char **ret_mode);

/* --- measure.c --- */
unsigned long long measure_lines(struct str text);
struct measure *measure_create(struct arena *a, struct str focus);
/* How many lines it has. Flags: INVENTORY_BINARY (then it has none), INVENTORY_FOCUS. */
unsigned long long measure_file(
    struct measure *m, struct str path, struct str text, unsigned *ret_flags);
json_t *measure_languages(const struct measure *m);
json_t *measure_signals(const struct measure *m, const struct freezer *z);

#endif
