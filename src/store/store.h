/*
 * What survives. One schema for SQLite and PostgreSQL behind a small table of operations that
 * know rows and nothing of flows. All of them run on the store thread (thread.h), inside one
 * transaction that the thread opens and commits; they may block.
 *
 * Every operation returns 0 or a negative errno: -ENOENT no such row, -EEXIST a unique value is
 * taken, -ESTALE a condition in the statement did not hold, -ENOSPC, -EIO, -EBUSY from below.
 * Strings in rows that are read live in the arena given; strings in rows that are written are
 * borrowed for the call. Text is UTF-8 without NUL; absent text is { NULL, 0 } and stored as NULL
 * where the column allows it, else as ''.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

#define STORE_SCHEMA 4
#define EXIT_LOST 74 /* EX_IOERR: the database was taken away while it was in use */

struct run_row {
	int64_t key;
	struct str id; /* public: "r-…" */
	struct str flow, title, status, reason;
	struct str end_as;	/* '' or what a run that is being stopped will end as */
	struct str size;	/* as resolved; 'auto' until the snapshot is there */
	struct str input;	/* JSON object with `question` (named check) */
	struct str options;	/* JSON: what was asked for besides the input */
	struct str repo;	/* host path, '' for none */
	struct str project;	/* no foreign key; NULL */
	struct str snapshot;	/* snapshots.id or NULL */
	struct str frozen;	/* blobs.hash of the definition */
	struct str idempotency; /* unique or NULL */
	struct str parent_step; /* of a child run, else NULL */
	int64_t parent;		/* key of the parent run or 0 */
	struct str report;	/* blobs.hash or NULL */
	struct str outcome;	/* one sentence, '' until over */
	struct str seal;	/* digest of the log up to event SEAL_SEQ, or '' */
	int64_t seal_seq;
	struct str summary; /* JSON of report_summary, or '' until over, and of older runs */
	bool seen;	    /* somebody has looked at it since it ended; written by run_seen */
	int64_t tokens_in, tokens_out;
	int64_t resumed;			 /* how often it went on after an interruption */
	msec_t created_at, started_at, ended_at; /* 0: not yet */
};

struct step_row {
	int64_t key, run;
	int64_t position, parent; /* parent: position or -1 */
	int64_t ordinal;
	struct str name, kind, label, status, reason, ending;
	int64_t attempt, epoch, partial, upstream;
	msec_t ready_at, started_at, ended_at;
	struct str item;     /* JSON or NULL */
	int64_t task;	     /* the last one, or 0 (NULL) */
	bool has_texts;	     /* when writing: the three below are to be written, too */
	struct str output;   /* whole, or NULL */
	struct str evidence; /* JSON or NULL */
	struct str facts;    /* JSON: tokens, turns, denied …; or NULL */
};

/*
 * One attempt in the dispatch queue: ready -> claimed -> ended. The queue knows nothing of flows:
 * a step points to its task, never the other way; SUBJECT is a name for people and for listing.
 */
struct task_row {
	int64_t key;
	int64_t epoch;
	struct str subject; /* "r-7f3k/structure" */
	struct str status, kind, agent, model;
	struct str node, token; /* who holds it; NULL while ready */
	struct str prompt;	/* blobs.hash or NULL */
	struct str ending, reason;
	struct str usage; /* JSON or NULL */
	msec_t created_at, claimed_at, lease_until, ended_at;
};

struct event_row {
	int64_t run, seq;
	msec_t at;
	int64_t step; /* position, or -1: the run */
	struct str type;
	struct str data; /* JSON object */
};

struct snapshot_row {
	struct str id, repo, facts, signals; /* JSON objects */
	msec_t created_at;
};

struct finding_row {
	int64_t run;
	int64_t step; /* position */
	struct str uid, title, severity, path, state, verdict;
	int64_t line;
	struct str data; /* JSON, whole */
};

struct run_filter {
	struct str repo, flow, status, size, model; /* empty: any */
	struct str words;			    /* that its texts hold; empty: any */
	msec_t since;				    /* begun then or later; 0: ever */
	int64_t before;				    /* key; 0: from the newest */
	bool top_only;				    /* no child runs */
	unsigned limit;				    /* at most RUN_LIST_MAX */
};

/* What step_list leaves out and a list of steps shows. */
struct step_extra {
	int64_t position;
	struct str facts;	 /* JSON or NULL */
	struct str agent, model; /* of its current attempt; empty: none yet, or the default */
};

/* What can be searched. NAME tells those of one kind apart: a step, an id of a finding, or ''. */
struct text_row {
	int64_t run;
	struct str kind; /* question, output, finding, report */
	struct str name, step, title, body;
};

struct text_filter {
	/* Each has to occur; the last one, from three bytes on, may be the beginning of one. */
	struct str words;
	int64_t run;	/* 0: any */
	unsigned limit; /* at most SEARCH_HITS_MAX */
};

struct text_hit {
	int64_t run;
	struct str id; /* of the run */
	struct str kind, step, title;
	struct str snippet; /* \x02 and \x03 around what was found, and nowhere else */
};

/* WHERE: a table, a blob; WHAT is wrong with it. Borrowed. */
typedef void (*store_flaw_fn)(void *ctx, const char *where, const char *what);

struct store_room {
	unsigned long long blobs, blob_bytes, snapshots;
};

/* How many rows there are in a state. */
struct count_row {
	struct str what, state; /* runs, tasks (by how they ended, or ready, claimed) */
	int64_t n;
};

/* Returns 0 to go on, anything else to stop (and be returned). */
typedef int (*event_row_fn)(void *ctx, const struct event_row *row);

struct store;

struct store_ops {
	const char *name;
	bool shared; /* others may write the same runs: take run_lock before trusting a cache */

	/* life: URL is a path or postgres://…; read_only opens beside a living owner */
	int (*open)(const char *url, bool read_only, struct store **ret, struct err *err);
	void (*close)(struct store *s);
	/* to STORE_SCHEMA; -ESTALE: opened for reading only, and older than that */
	int (*migrate)(struct store *s, struct err *err);

	/* transactions, driven by the store thread */
	int (*begin)(struct store *s);
	int (*commit)(struct store *s);
	void (*rollback)(struct store *s);
	/* a number that grows with every row written; tells whether a failed job left traces */
	int64_t (*writes)(struct store *s);
	/* before a group of jobs: ends the process where the database is not there any more */
	void (*guard)(struct store *s);

	/* runs */
	int (*run_insert)(struct store *s, const struct run_row *row, int64_t *ret_key);
	int (*run_update)(struct store *s, const struct run_row *row); /* everything mutable */
	int (*run_load)(struct store *s, struct arena *a, int64_t key, struct run_row *ret);
	/* by unique prefix of id; -ENOENT, -EEXIST when ambiguous */
	int (*run_find)(struct store *s, struct str prefix, int64_t *ret_key);
	/* the Nth newest (0 = newest) top-level run of REPO (empty: any) */
	int (*run_latest)(struct store *s, struct str repo, unsigned n, int64_t *ret_key);
	int (*run_by_idempotency)(struct store *s, struct str key, int64_t *ret_key);
	int (*run_list)(struct store *s, struct arena *a, const struct run_filter *f,
	    struct run_row **ret, size_t *ret_n);
	/* keys of runs that are running, oldest first */
	int (*run_open)(struct store *s, struct arena *a, int64_t **ret, size_t *ret_n);
	int (*run_child)(struct store *s, int64_t parent, struct str parent_step, int64_t *ret_key);
	int (*run_seen)(struct store *s, int64_t key, bool seen);
	/* locks the run until commit and tells the last event's number (0: none) */
	int (*run_lock)(struct store *s, int64_t key, int64_t *ret_seq);

	/* steps */
	/* with the texts that ROW has */
	int (*step_insert)(struct store *s, const struct step_row *row, int64_t *ret_key);
	/* status, reason, ending, counters, times; the task when there is one; the texts when
	 * ROW says that it has them */
	int (*step_update)(struct store *s, const struct step_row *row);
	int (*step_delete)(struct store *s, int64_t key);
	/* without texts, by position */
	int (*step_list)(
	    struct store *s, struct arena *a, int64_t run, struct step_row **ret, size_t *ret_n);
	/* output, evidence, facts of one */
	int (*step_texts)(struct store *s, struct arena *a, int64_t key, struct step_row *ret);

	/* of all steps, by position */
	int (*step_extras)(
	    struct store *s, struct arena *a, int64_t run, struct step_extra **ret, size_t *ret_n);

	/* the queue */
	int (*task_insert)(struct store *s, const struct task_row *row, int64_t *ret_key);
	/* task KEY (0: the oldest ready one) becomes NODE's; -ENOENT when it is not ready */
	int (*task_claim)(struct store *s, struct arena *a, int64_t key, struct str node,
	    struct str token, msec_t now, msec_t lease_until, struct task_row *ret);
	int (*task_started)(struct store *s, int64_t key, struct str token, struct str agent,
	    struct str model, struct str prompt);
	/* -ESTALE when TOKEN does not hold it any more; an empty token is the engine itself */
	int (*task_end)(struct store *s, int64_t key, struct str token, struct str ending,
	    struct str reason, struct str usage, msec_t now);
	int (*task_renew)(struct store *s, struct str node, msec_t lease_until);
	/* claimed tasks of NODE (empty: of anybody whose lease is over at NOW) */
	int (*task_lost)(struct store *s, struct arena *a, struct str node, msec_t now,
	    struct task_row **ret, size_t *ret_n);
	int (*task_load)(struct store *s, struct arena *a, int64_t key, struct task_row *ret);
	int (*task_list)(struct store *s, struct arena *a, struct str subject,
	    struct task_row **ret, size_t *ret_n);
	/* the step whose current task this is; -ENOENT when none points to it any more */
	int (*task_step)(struct store *s, int64_t key, int64_t *ret_run, int64_t *ret_position);

	/* the log: seq is the caller's, gapless (it holds run_lock); -EEXIST if taken */
	int (*event_append)(struct store *s, const struct event_row *row);
	/* in order, after AFTER, at most LIMIT; rows are valid during the callback */
	int (*event_read)(struct store *s, int64_t run, int64_t after, unsigned limit,
	    event_row_fn fn, void *ctx);

	/* the last one of TYPE whose "status" or "ending" is WORD (empty: any); -ENOENT */
	int (*event_last)(struct store *s, struct arena *a, int64_t run, struct str type,
	    struct str word, struct event_row *ret);

	/* content by hash */
	int (*blob_put)(struct store *s, struct str bytes, char ret_hash[65]);
	int (*blob_get)(struct store *s, struct arena *a, struct str hash, struct str *ret);

	int (*snapshot_put)(struct store *s, const struct snapshot_row *row);
	int (*snapshot_get)(
	    struct store *s, struct arena *a, struct str id, struct snapshot_row *ret);

	int (*findings_replace)(
	    struct store *s, int64_t run, const struct finding_row *rows, size_t n);
	int (*findings_list)(
	    struct store *s, struct arena *a, int64_t run, struct finding_row **ret, size_t *ret_n);

	/* small facts about the whole store, by name */
	int (*note_get)(struct store *s, struct arena *a, struct str name, struct str *ret);
	int (*note_put)(struct store *s, struct str name, struct str value);
	/*
	 * Search. Whatever WORDS are, they are words: no character of them means anything to the
	 * database. text_put replaces the one of the same run, kind and name; at most
	 * SEARCH_TEXT_MAX bytes of a body are kept. text_forget: all of KIND when NAME is absent.
	 */
	int (*text_put)(struct store *s, const struct text_row *row);
	int (*text_forget)(struct store *s, int64_t run, struct str kind, struct str name);
	/* best first */
	int (*text_find)(struct store *s, struct arena *a, const struct text_filter *f,
	    struct text_hit **ret, size_t *ret_n);

	/*
	 * Holds tables, indexes and references against each other, and blobs against their names.
	 * 0, whatever was found; negative: it cannot be read. NULL: nothing to be held against.
	 */
	int (*check)(struct store *s, store_flaw_fn flaw, void *ctx);
	/* A copy of all that is committed, at PATH, which must not be there. */
	int (*copy)(struct store *s, const char *path, struct err *err);
	/* Blobs and snapshots that no run refers to; RET counts what went. In a transaction. */
	int (*sweep)(struct store *s, struct store_room *ret);
	/* Gives room that is free inside of the file back to the disk, if it is worth it. */
	int (*shrink)(struct store *s);

	/*
	 * With its children, steps, events, findings, texts and tasks; snapshots and blobs stay.
	 * While the store is open no other run gets its key: somebody may still speak of it.
	 */
	int (*run_delete)(struct store *s, int64_t key);
	/* at most COUNTS_MAX; tokens of all runs in and out come along as "tokens" */
	int (*counts)(struct store *s, struct arena *a, struct count_row **ret, size_t *ret_n);

	/* descriptor that becomes readable when another node wrote; -1: there is none */
	int (*notify_fd)(struct store *s);
};

extern const struct store_ops store_sqlite;

/* What a backend's connection begins with. */
struct store {
	const struct store_ops *ops;
};

/*
 * For programs that only look, and for those that end with what they do: where the database has no
 * memory the process ends, as everywhere else (out_of_memory). Without it that is an error, of
 * which a commit knows and a reading outside of a transaction may not. Before the first open.
 */
void store_memory_or_end(void);
/* The backend for URL (a path: SQLite). -EINVAL for an unknown scheme. */
MUST_CHECK int store_backend(const char *url, const struct store_ops **ret, struct err *err);

/*
 * The owner's lock on a data directory: exclusive for the process that writes. *RET_FD keeps it
 * until closed. -EBUSY with the owner's pid when somebody else has it.
 */
MUST_CHECK int store_lock(const char *dir, int *ret_fd, struct err *err);
/* Pid of the living owner of DIR, or 0. */
long store_owner(const char *dir);

#endif
