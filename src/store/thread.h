/*
 * The store thread: every SQL statement of the process runs on it, in order. Jobs that wait
 * together are committed together (group commit): one fsync for all of them.
 *
 * A job's function runs inside a transaction and may run twice: when a job of a group fails after
 * it wrote something, or the commit fails, the group is rolled back and its jobs run again one by
 * one, so that only the guilty one fails. A function therefore keeps no effect of its own outside
 * the database until `done`, which is called on the loop thread after the commit.
 *
 * A full disk is waited for: what would write is tried again every second until there is room, and
 * nobody is told anything of it meanwhile. What only reads goes past it: whoever asked for a write
 * was not told that it is done, so what is read is what everybody knows. A disk that fails (EIO),
 * one that may only be read, and somebody else who holds the database are waited for as well: what
 * failed is done again as a whole.
 */
#ifndef STORE_THREAD_H
#define STORE_THREAD_H

#include "store/store.h"

struct store_thread;
struct store_job;

/* On the store thread. 0: commit; negative: this job's writes must not survive. */
typedef int (*store_job_fn)(struct store *s, struct store_job *job);
/* On the loop thread, after the commit (RC as FN returned it) or for good failed. */
typedef void (*store_done_fn)(struct store_job *job, int rc);

/* Embedded by the caller; it owns the memory and frees it in done. */
struct store_job {
	store_job_fn fn;
	store_done_fn done;
	bool reads; /* it writes nothing, and goes on while the disk is full */
	/* private */
	struct store_job *next;
	int rc;
};

struct store_hooks {
	void *ctx;
	/* On the store thread: a group was rolled back; forget everything cached from it. */
	void (*rolled_back)(void *ctx);
	/* On the store thread, after each commit, before anything else is begun. */
	void (*committed)(void *ctx);
};

/* LOOP is a uv_loop_t; OPENED is a migrated store, which becomes the thread's. */
MUST_CHECK int store_thread_start(void *loop, struct store *opened, const struct store_hooks *hooks,
    struct store_thread **ret, struct err *err);
/* From the loop thread. Jobs are done in the order in which they were posted. */
void store_post(struct store_thread *t, struct store_job *job);
/*
 * From the store thread, in the hooks only: work that follows from what was committed, or from what
 * was not. It runs in the next group without a detour over the loop; its `done` is called on the
 * loop like any other.
 */
void store_post_inner(struct store_thread *t, struct store_job *job);
/*
 * From now on a job that would have to wait for the store fails with -ENOSPC or -EBUSY instead:
 * what comes to an end must not hang on it. For good.
 */
void store_thread_hurry(struct store_thread *t);
/* Does all waiting jobs, closes the store, joins. All `done` calls happen before it returns. */
void store_thread_stop(struct store_thread *t);
/* What is waited for, as far as is known: -ENOSPC (room), -EBUSY, -EIO …; or 0. */
int store_thread_waits(const struct store_thread *t);
/* Groups committed so far, for measurements. */
uint64_t store_thread_commits(const struct store_thread *t);

#endif
