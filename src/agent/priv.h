/* What the files of this room share. */
#ifndef AGENT_PRIV_H
#define AGENT_PRIV_H

#include "agent/agent.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "flow/words.h"

#include <dirent.h>

#define TURNS_DEFAULT 40
#define CONTEXT_BYTES KIB(360) /* of all messages: some 90,000 tokens */
#define CONTEXT_LEAST KIB(16)
#define KEEP_RESULTS 4 /* the latest results are cut last */

/* --- out.c: what we say --------------------------------------------------------------------- */

/* One line; DOC is given away. */
void out_event(const char *type, json_t *doc);
/* Text as it comes: "text" or "think". */
void out_text(const char *type, struct str text);

/* --- root.c: files beneath the repository ----------------------------------------------------- */

struct root {
	int fd;
	const char *git;	     /* the git directory that the snapshot brought along */
	char beside[PATH_BYTES_MAX]; /* its path, as found from the root's */
};

MUST_CHECK int root_open(struct root *r, const char *path);
/* PATH without what does not matter: leading "/" and "./", trailing "/"; empty is the root. */
struct str root_path(struct str path);
/*
 * Opens PATH (relative; "", "." and "/" are the root itself) without ever leaving the root, neither
 * by `..` nor by a link. FLAGS as of open. A descriptor, or negative errno.
 */
MUST_CHECK int root_at(const struct root *r, struct str path, int flags);
/* What a negative errno of these functions means for a path. */
const char *root_why(int rc);
/* The whole of a regular file of at most MAX bytes in A. */
MUST_CHECK int root_read(
    const struct root *r, struct arena *a, struct str path, size_t max, struct str *ret);
/* The entries of the directory PATH in order of names, without "." and ".."; how many, or negative
 * errno. Each of them and the array are heap. */
MUST_CHECK int root_list(const struct root *r, struct str path, struct dirent ***ret);
/*
 * Calls FN for every regular file below the directory PATH in order of names, depth first; FN
 * returns false to stop. Links are not followed. MISSED counts what could not be looked at: too
 * deep, too long a path, not readable. Negative errno when PATH itself cannot.
 */
typedef bool (*root_fn)(void *ctx, struct str path, size_t size);
MUST_CHECK int root_walk(
    const struct root *r, struct str path, root_fn fn, void *ctx, size_t *ret_missed);

/* --- tools ------------------------------------------------------------------------------------ */

/* A call as the tool sees it, in the process that is there for this call alone. */
struct tool_call {
	const struct root *root;
	struct arena *arena;
	const json_t *args; /* an object whose members have the types of the schema */
	struct buf *out; /* the result; what goes beyond TOOL_RESULT_MAX is cut, and said to be */
	json_t *reads;	 /* [{path, from, to}], for whoever shows what was read */
	const char *summary;
};

struct tool {
	const char *name, *description;
	const char *schema; /* JSON Schema of the arguments */
	/* 0, or -EINVAL with a sentence for the model in OUT */
	int (*fn)(struct tool_call *call);
};

extern const struct tool agent_tools[];
extern const size_t agent_n_tools;
const struct tool *tool_find(struct str name);
/*
 * What came of a call that was given at most PATIENCE: {"ok", "text" for the model, "summary",
 * "reads"}. A new reference, never NULL, whatever ARGS is and however the tool ends.
 */
json_t *tool_run(
    const struct tool *tool, const struct root *root, const json_t *args, msec_t patience);
/* The same of a call that is not made. */
json_t *tool_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A sentence for the model in place of a result. Returns -EINVAL. */
int tool_fail(struct tool_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int tool_fail_path(struct tool_call *call, struct str path, const char *why);
/* A name of a repository on one line: what would move a cursor or begin a line is escaped. */
void tool_add_name(struct tool_call *call, struct str name);
/* In brackets, on a line of its own: what the result lacks. Nothing when N is 0. */
void tool_note(struct tool_call *call, size_t n, const char *what);

int tool_list_dir(struct tool_call *call);
int tool_read_file(struct tool_call *call);
int tool_find_files(struct tool_call *call);
int tool_search(struct tool_call *call);
int tool_git_log(struct tool_call *call);
int tool_git_diff(struct tool_call *call);
int tool_git_blame(struct tool_call *call);
int tool_git_show(struct tool_call *call);
#define GLOB_MAX 200
/* Does the path or name S match the pattern of at most GLOB_MAX bytes: *, ?, [..], ** over slashes.
 */
bool glob_match(struct str pattern, struct str s);

/* --- wire.c: one request ------------------------------------------------------------------------
 */

struct reply_call {
	long long index; /* the server's; -1: none */
	struct buf id, name, args;
};

#define REPLY_CALLS_MAX 32

struct reply {
	struct buf text;
	struct reply_call *calls;
	size_t n_calls;
	bool too_many_calls, too_long; /* not all of them, not all of the text */
	struct str finish; /* in the arena of the request: stop, length, tool_calls … */
	long long in, out, cached;
	int status;	  /* HTTP; 0: no answer */
	struct str error; /* in the arena: what went wrong, empty: nothing */
	bool streaming;	  /* something of the answer came */
};

struct wire {
	const char *url, *token;
	void *curl; /* CURL handle, kept for its connection */
};

/* Sends BODY, streams text to OUT as it comes. REPLY is initialised here; reply_fini frees it. */
void wire_ask(struct wire *w, struct arena *a, struct str body, struct reply *ret);
void reply_fini(struct reply *r);
void wire_close(struct wire *w);

/* --- chat.c: the conversation --------------------------------------------------------------------
 */

struct chat {
	json_t *messages;
	const char *model, *effort;
	double temperature;
	const struct tool *const *tools; /* offered */
	size_t n_tools;
	size_t budget; /* bytes */
};

void chat_init(struct chat *c, struct str prompt, size_t system);
void chat_fini(struct chat *c);
/* The request as JSON text in A. Cuts old results first when the budget is passed. */
struct str chat_request(struct chat *c, struct arena *a, bool with_tools);
void chat_add_reply(struct chat *c, const struct reply *r);
void chat_add_result(struct chat *c, struct str id, struct str text);
void chat_add_user(struct chat *c, const char *text);

#endif
