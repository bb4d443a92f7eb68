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

/* Once each time that the disk fills up or has room again. */
static void tell_room(struct store_group *g, bool full)
{
	if (full != g->full)
		log_error(full ? "the disk is full; nothing goes on until there is room"
			       : "there is room on the disk again; going on");
	g->full = full;
}

static void undo(struct store_group *g)
{
	g->store->ops->rollback(g->store);
	if (g->hooks.rolled_back)
		g->hooks.rolled_back(g->hooks.ctx);
}

/* Runs JOBS in one transaction. 0, or why all of it was undone. */
static int try_jobs(struct store_group *g, struct store_job **jobs, size_t n)
{
	const struct store_ops *ops = g->store->ops;
	int rc = ops->begin(g->store);

	for (size_t i = 0; i < n && rc == 0; i++) {
		int64_t before = ops->writes(g->store);

		jobs[i]->rc = jobs[i]->fn(g->store, jobs[i]);
		if (jobs[i]->rc < 0 && ops->writes(g->store) != before)
			rc = jobs[i]->rc;
	}
	if (!rc)
		rc = ops->commit(g->store);
	if (rc)
		undo(g);
	else if (g->hooks.committed)
		g->hooks.committed(g->hooks.ctx);
	return rc;
}

/* The next job by itself. False: it waits for room on a full disk. */
static bool run_alone(struct store_group *g, bool patient)
{
	struct store_job *job = g->jobs[g->alone];
	int rc = try_jobs(g, &job, 1);

	tell_room(g, rc == -ENOSPC);
	if (rc == -ENOSPC && patient)
		return false;
	if (rc)
		job->rc = rc;
	g->alone++;
	return true;
}

bool group_go_on(struct store_group *g, bool patient)
{
	if (!g->split)
		g->split = try_jobs(g, g->jobs, g->n) < 0;
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
	int rc = try_jobs(g, &job, 1);

	if (rc) {
		undo(g);
		job->rc = rc;
	}
}
