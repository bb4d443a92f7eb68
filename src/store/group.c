#include "store/group.h"

#include "base/log.h"

/* --- queues ------------------------------------------------------------------------------- */

void store_queue_init(struct store_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

void store_queue_push(struct store_queue *q, struct store_job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

struct store_job *store_queue_pop(struct store_queue *q)
{
	struct store_job *job = q->first;

	if (!job)
		return NULL;
	q->first = job->next;
	if (!q->first)
		q->last = &q->first;
	job->next = NULL;
	return job;
}

void store_queue_move(struct store_queue *to, struct store_queue *from)
{
	if (!from->first)
		return;
	*to->last = from->first;
	to->last = from->last;
	store_queue_init(from);
}

/* --- groups ------------------------------------------------------------------------------- */

void group_init(struct store_group *g, struct store *s, const struct store_hooks *hooks)
{
	*g = (struct store_group){ .store = s };
	if (hooks)
		g->hooks = *hooks;
}

bool group_take(
    struct store_group *g, struct store_queue *inner, struct store_queue *in, size_t max)
{
	g->n = g->alone = 0;
	g->split = false;
	while (g->n < max && (inner->first || in->first)) {
		struct store_queue *from =
		    inner->first && (g->n % 2 == 0 || !in->first) ? inner : in;

		g->jobs[g->n++] = store_queue_pop(from);
	}
	return g->n > 0;
}

/*
 * What keeps the store from writing and may pass, by itself or because somebody sees to it. Nothing
 * but the store says so of a job.
 */
static bool may_pass(int rc)
{
	return rc == -ENOSPC || rc == -EIO || rc == -ENOMEM || rc == -EACCES;
}

/* Once each time that it begins and ends. RC: what is waited for, or 0. */
static void tell_wait(struct store_group *g, int rc)
{
	if (rc == g->waits_for)
		return;
	if (g->waits_for == -ENOSPC)
		log_error("there is room on the disk again; going on");
	else if (g->waits_for == -EBUSY)
		log_error("the database is free again; going on");
	else if (g->waits_for)
		log_error("the database can be written again; going on");
	if (rc == -ENOSPC)
		log_error("the disk is full; nothing goes on until there is room");
	else if (rc == -EBUSY)
		log_error("another program holds the database; nothing goes on until it lets go");
	else if (rc)
		log_error("the database cannot be written: %s; nothing goes on until it can",
		    err_name(rc));
	g->waits_for = rc;
}

static void undo(struct store_group *g)
{
	g->store->ops->rollback(g->store);
	if (g->hooks.rolled_back)
		g->hooks.rolled_back(g->hooks.ctx);
}

/* Runs JOBS in one transaction. 0, or why all of it was undone; *RET_STORE: it was the store. */
static int try_jobs(struct store_group *g, struct store_job **jobs, size_t n, bool *ret_store)
{
	const struct store_ops *ops = g->store->ops;
	int rc = ops->begin(g->store);

	*ret_store = rc != 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		int64_t before = ops->writes(g->store);

		jobs[i]->rc = jobs[i]->fn(g->store, jobs[i]);
		if (may_pass(jobs[i]->rc) || (jobs[i]->rc < 0 && ops->writes(g->store) != before))
			rc = jobs[i]->rc;
	}
	if (!rc) {
		rc = ops->commit(g->store);
		*ret_store = rc != 0;
	}
	if (rc)
		undo(g);
	else if (g->hooks.committed)
		g->hooks.committed(g->hooks.ctx);
	return rc;
}

/* The next job by itself. False: it waits until the store can take it. */
static bool run_alone(struct store_group *g, bool patient)
{
	struct store_job *job = g->jobs[g->alone];
	bool store;
	int rc = try_jobs(g, &job, 1, &store);
	bool waits = (may_pass(rc) && !job->reads) || (rc == -EBUSY && store);

	tell_wait(g, waits ? rc : 0);
	if (waits && patient)
		return false;
	if (rc)
		job->rc = rc;
	g->alone++;
	return true;
}

bool group_go_on(struct store_group *g, bool patient)
{
	bool store;

	if (!g->split)
		g->split = try_jobs(g, g->jobs, g->n, &store) < 0;
	while (g->split && g->alone < g->n)
		if (!run_alone(g, patient))
			return false;
	return true;
}

/* --- what goes past a group that waits ---------------------------------------------------- */

struct store_job *group_take_read(struct store_group *g)
{
	for (size_t i = g->alone; g->split && i < g->n; i++) {
		struct store_job *job = g->jobs[i];

		if (!job->reads)
			continue;
		g->n--;
		memmove(&g->jobs[i], &g->jobs[i + 1], (g->n - i) * sizeof(*g->jobs));
		return job;
	}
	return NULL;
}

void group_read(struct store_group *g, struct store_job *job)
{
	bool store;
	int rc = try_jobs(g, &job, 1, &store);

	if (rc)
		job->rc = rc;
}
