#include "store/thread.h"

#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#define GROUP_MAX 512

struct queue {
	struct store_job *first, **last;
};

struct store_thread {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct store *store;
	struct store_hooks hooks;
	uv_async_t async;
	struct queue in, out;	  /* under the mutex */
	struct queue inner;	  /* of the store thread alone */
	bool stopping, impatient; /* under the mutex */
	bool closed;
	_Atomic bool full; /* the last commit found no room */
	_Atomic uint64_t commits;
	_Atomic size_t waiting; /* jobs whose done has not been called */
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_push(struct queue *q, struct store_job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

static struct store_job *queue_pop(struct queue *q)
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

static void queue_move(struct queue *to, struct queue *from)
{
	if (!from->first)
		return;
	*to->last = from->first;
	to->last = from->last;
	queue_init(from);
}

/* --- on the store thread ---------------------------------------------------------------- */

/* A second, or until something happens; false when nobody is to wait any more. */
static bool nap(struct store_thread *t)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	pthread_mutex_lock(&t->mutex);
	bool patient = !t->stopping && !t->impatient;

	if (patient)
		pthread_cond_timedwait(&t->wake, &t->mutex, &until);
	pthread_mutex_unlock(&t->mutex);
	return patient;
}

/* Once each time that the disk fills up or has room again. */
static void tell_room(struct store_thread *t, bool full)
{
	if (full != atomic_load(&t->full))
		log_error(full ? "the disk is full; nothing goes on until there is room"
			       : "there is room on the disk again; going on");
	atomic_store(&t->full, full);
}

static void undo(struct store_thread *t)
{
	t->store->ops->rollback(t->store);
	if (t->hooks.rolled_back)
		t->hooks.rolled_back(t->hooks.ctx);
}

/* Runs JOBS in one transaction. 0, or why the whole group has to be undone. */
static int try_group(struct store_thread *t, struct store_job **jobs, size_t n)
{
	const struct store_ops *ops = t->store->ops;
	int rc = ops->begin(t->store);

	for (size_t i = 0; i < n && rc == 0; i++) {
		int64_t before = ops->writes(t->store);

		jobs[i]->rc = jobs[i]->fn(t->store, jobs[i]);
		if (jobs[i]->rc < 0 && ops->writes(t->store) != before)
			rc = jobs[i]->rc;
	}
	return rc ? rc : ops->commit(t->store);
}

static void finish_group(struct store_thread *t, struct store_job **jobs, size_t n)
{
	pthread_mutex_lock(&t->mutex);
	for (size_t i = 0; i < n; i++)
		queue_push(&t->out, jobs[i]);
	pthread_mutex_unlock(&t->mutex);
	uv_async_send(&t->async);
}

static void committed(struct store_thread *t)
{
	atomic_fetch_add(&t->commits, 1);
	if (t->hooks.committed)
		t->hooks.committed(t->hooks.ctx);
}

static void run_read(struct store_thread *t, struct store_job *job)
{
	int rc = try_group(t, &job, 1);

	if (rc) {
		undo(t);
		job->rc = rc;
	}
	finish_group(t, &job, 1);
}

/* Whatever came meanwhile and only reads. */
static void run_reads(struct store_thread *t)
{
	struct queue reads, rest;
	struct store_job *job;

	queue_init(&reads);
	queue_init(&rest);
	pthread_mutex_lock(&t->mutex);
	while ((job = queue_pop(&t->in)))
		queue_push(job->reads ? &reads : &rest, job);
	queue_move(&t->in, &rest);
	pthread_mutex_unlock(&t->mutex);
	while ((job = queue_pop(&reads)))
		run_read(t, job);
}

/* One job alone; waits for room on a full disk. */
static void run_alone(struct store_thread *t, struct store_job *job)
{
	for (;;) {
		int rc = try_group(t, &job, 1);

		tell_room(t, rc == -ENOSPC);
		if (rc == 0)
			return;
		undo(t);
		if (rc == -ENOSPC)
			run_reads(t);
		if (rc != -ENOSPC || !nap(t)) {
			job->rc = rc;
			return;
		}
	}
}

static void run_one_by_one(struct store_thread *t, struct store_job **jobs, size_t n, int rc)
{
	size_t writes = 0;

	for (size_t i = 0; i < n; i++) {
		if (rc == -ENOSPC && jobs[i]->reads)
			run_read(t, jobs[i]);
		else
			jobs[writes++] = jobs[i];
	}
	for (size_t i = 0; i < writes; i++) {
		run_alone(t, jobs[i]);
		committed(t);
		finish_group(t, &jobs[i], 1);
	}
}

static void run_group(struct store_thread *t, struct store_job **jobs, size_t n)
{
	int rc = try_group(t, jobs, n);

	if (rc) {
		undo(t);
		run_one_by_one(t, jobs, n, rc);
		return;
	}
	committed(t);
	finish_group(t, jobs, n);
}

/*
 * Waits for work; false when there is none and never will be. What follows from earlier groups and
 * what comes from outside take turns, so that neither starves the other.
 */
static bool next_group(struct store_thread *t, struct store_job **jobs, size_t *ret_n)
{
	size_t n = 0;

	pthread_mutex_lock(&t->mutex);
	while (!t->in.first && !t->inner.first && !t->stopping)
		pthread_cond_wait(&t->wake, &t->mutex);
	while (n < GROUP_MAX && (t->inner.first || t->in.first)) {
		struct queue *from =
		    t->inner.first && (n % 2 == 0 || !t->in.first) ? &t->inner : &t->in;

		jobs[n++] = queue_pop(from);
	}
	pthread_mutex_unlock(&t->mutex);
	*ret_n = n;
	return n > 0;
}

static void *thread_main(void *arg)
{
	struct store_thread *t = arg;
	struct store_job *jobs[GROUP_MAX];
	size_t n;

	while (next_group(t, jobs, &n))
		run_group(t, jobs, n);
	t->store->ops->close(t->store);
	return NULL;
}

void store_post_inner(struct store_thread *t, struct store_job *job)
{
	job->rc = 0;
	queue_push(&t->inner, job);
	atomic_fetch_add(&t->waiting, 1);
}

/* --- on the loop thread ----------------------------------------------------------------- */

static void deliver(struct store_thread *t)
{
	struct store_job *job;
	struct queue out;

	queue_init(&out);
	pthread_mutex_lock(&t->mutex);
	queue_move(&out, &t->out);
	pthread_mutex_unlock(&t->mutex);
	while ((job = queue_pop(&out))) {
		job->done(job, job->rc);
		atomic_fetch_sub(&t->waiting, 1);
	}
	/* the loop lives as long as a job is under way, and no longer because of us */
	if (atomic_load(&t->waiting) == 0)
		uv_unref((uv_handle_t *)&t->async);
}

static void on_async(uv_async_t *async)
{
	deliver(async->data);
}

void store_post(struct store_thread *t, struct store_job *job)
{
	job->rc = 0;
	atomic_fetch_add(&t->waiting, 1);
	uv_ref((uv_handle_t *)&t->async);
	pthread_mutex_lock(&t->mutex);
	queue_push(&t->in, job);
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->mutex);
}

int store_thread_start(void *loop, struct store *opened, const struct store_hooks *hooks,
    struct store_thread **ret, struct err *err)
{
	struct store_thread *t = xalloc(sizeof(*t));

	pthread_mutex_init(&t->mutex, NULL);
	pthread_cond_init(&t->wake, NULL);
	queue_init(&t->in);
	queue_init(&t->out);
	queue_init(&t->inner);
	t->store = opened;
	if (hooks)
		t->hooks = *hooks;
	int rc = uv_async_init(loop, &t->async, on_async);

	t->async.data = t;
	if (rc == 0) {
		uv_unref((uv_handle_t *)&t->async);
		rc = -pthread_create(&t->thread, NULL, thread_main, t);
	}
	if (rc) {
		free(t);
		return err_set(err, rc, "cannot start the store thread: %s", err_name(rc));
	}
	*ret = t;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void store_thread_hurry(struct store_thread *t)
{
	pthread_mutex_lock(&t->mutex);
	t->impatient = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->mutex);
}

void store_thread_stop(struct store_thread *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->mutex);
	t->stopping = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->mutex);
	pthread_join(t->thread, NULL);
	deliver(t);
	pthread_mutex_destroy(&t->mutex);
	pthread_cond_destroy(&t->wake);
	uv_close((uv_handle_t *)&t->async, on_closed);
}

uint64_t store_thread_commits(const struct store_thread *t)
{
	return atomic_load(&t->commits);
}

bool store_thread_full(const struct store_thread *t)
{
	return atomic_load(&t->full);
}
