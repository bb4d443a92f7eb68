/*
 * Group commit without a thread: jobs that wait together go through one transaction, and when it
 * fails, one by one. Whoever has the store calls group_go_on until the group in hand is done; it
 * neither waits nor sleeps, so that a simulation can drive it as well as a thread.
 */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include "store/thread.h"

#define GROUP_MAX 512

struct store_queue {
	struct store_job *first, **last;
};

void store_queue_init(struct store_queue *q);
void store_queue_push(struct store_queue *q, struct store_job *job);
/* NULL: there is none. */
struct store_job *store_queue_pop(struct store_queue *q);
/* Everything in FROM goes behind what is in TO. */
void store_queue_move(struct store_queue *to, struct store_queue *from);

struct store_group {
	struct store *store;
	struct store_hooks hooks;
	struct store_job *jobs[GROUP_MAX];
	size_t n;
	size_t alone;  /* the one that goes next, once they go one by one */
	bool split;    /* they do */
	int waits_for; /* why the last commit could not be, while that is waited for; or 0 */
};

void group_init(struct store_group *g, struct store *s, const struct store_hooks *hooks);
/*
 * Takes the next jobs, at most MAX of them. What follows from earlier groups (INNER) and what comes
 * from outside (IN) take turns, so that neither starves the other. False: there are none.
 */
bool group_take(
    struct store_group *g, struct store_queue *inner, struct store_queue *in, size_t max);
/*
 * Carries the jobs out. True: done, each has its rc. False: there is no room on the disk, the disk
 * or memory fails, or somebody else holds the database; to be called again after a while. Who is
 * not PATIENT is told so instead: the job fails with -ENOSPC, -EIO, -ENOMEM, -EACCES or -EBUSY.
 */
bool group_go_on(struct store_group *g, bool patient);

/* While it waits: one of its jobs that only reads, which is the caller's from then on; or NULL. */
struct store_job *group_take_read(struct store_group *g);
/* Carries out a job that only reads, in a transaction of its own. */
void group_read(struct store_group *g, struct store_job *job);

#endif
