#include "store/group.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

struct store_thread {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	uv_async_t async;
	struct store_group group;   /* of the store thread alone */
	struct store_queue in, out; /* under the mutex */
	struct store_queue inner;   /* of the store thread alone */
	bool stopping, impatient;   /* under the mutex */
	_Atomic int waits;	    /* what the group in hand waits for */
	_Atomic uint64_t commits;
	_Atomic size_t waiting; /* jobs whose done has not been called */
};

/* --- on the store thread ---------------------------------------------------------------- */

static bool is_patient(struct store_thread *t)
{
	pthread_mutex_lock(&t->mutex);
	bool patient = !t->stopping && !t->impatient;

	pthread_mutex_unlock(&t->mutex);
	return patient;
}

/* A second, or until something happens. */
static void nap(struct store_thread *t)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&t->mutex);
	if (!t->stopping && !t->impatient)
		pthread_cond_timedwait(&t->wake, &t->mutex, &until);
	pthread_mutex_unlock(&t->mutex);
}

static void finish(struct store_thread *t, struct store_job **jobs, size_t n)
{
	pthread_mutex_lock(&t->mutex);
	for (size_t i = 0; i < n; i++)
		store_queue_push(&t->out, jobs[i]);
	pthread_mutex_unlock(&t->mutex);
	uv_async_send(&t->async);
}

/* What came meanwhile and only reads, in order. */
static void take_reads(struct store_thread *t, struct store_queue *ret)
{
	struct store_queue rest;
	struct store_job *job;

	store_queue_init(ret);
	store_queue_init(&rest);
	while ((job = group_take_read(&t->group)))
		store_queue_push(ret, job);
	pthread_mutex_lock(&t->mutex);
	while ((job = store_queue_pop(&t->in)))
		store_queue_push(job->reads ? ret : &rest, job);
	store_queue_move(&t->in, &rest);
	pthread_mutex_unlock(&t->mutex);
}

static void run_reads(struct store_thread *t)
{
	struct store_queue reads;
	struct store_job *job;

	take_reads(t, &reads);
	while ((job = store_queue_pop(&reads))) {
		group_read(&t->group, job);
		finish(t, &job, 1);
	}
}

static void run_group(struct store_thread *t)
{
	while (!group_go_on(&t->group, is_patient(t))) {
		atomic_store(&t->waits, t->group.waits_for);
		if (t->group.waits_for != -EBUSY) /* reading takes a lock as well */
			run_reads(t);
		nap(t);
	}
	atomic_store(&t->waits, 0);
	atomic_fetch_add(&t->commits, 1);
}

/*
 * Waits for work; false when there is none and never will be. Nothing is read, either, of a
 * database that is not there any more.
 */
static bool next_group(struct store_thread *t)
{
	struct store *s = t->group.store;

	pthread_mutex_lock(&t->mutex);
	while (!t->in.first && !t->inner.first && !t->stopping)
		pthread_cond_wait(&t->wake, &t->mutex);
	bool any = group_take(&t->group, &t->inner, &t->in, GROUP_MAX);

	pthread_mutex_unlock(&t->mutex);
	if (any)
		s->ops->guard(s);
	return any;
}

static void *thread_main(void *arg)
{
	struct store_thread *t = arg;
	struct store *s = t->group.store;

	while (next_group(t)) {
		run_group(t);
		finish(t, t->group.jobs, t->group.n);
	}
	s->ops->close(s);
	return NULL;
}

void store_post_inner(struct store_thread *t, struct store_job *job)
{
	job->rc = 0;
	store_queue_push(&t->inner, job);
	atomic_fetch_add(&t->waiting, 1);
}

/* --- on the loop thread ----------------------------------------------------------------- */

static void deliver(struct store_thread *t)
{
	struct store_job *job;
	struct store_queue out;

	store_queue_init(&out);
	pthread_mutex_lock(&t->mutex);
	store_queue_move(&out, &t->out);
	pthread_mutex_unlock(&t->mutex);
	while ((job = store_queue_pop(&out))) {
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
	store_queue_push(&t->in, job);
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->mutex);
}

int store_thread_start(void *loop, struct store *opened, const struct store_hooks *hooks,
    struct store_thread **ret, struct err *err)
{
	struct store_thread *t = xalloc(sizeof(*t));
	pthread_condattr_t attr;

	pthread_mutex_init(&t->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* the wall clock may be put back */
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	store_queue_init(&t->in);
	store_queue_init(&t->out);
	store_queue_init(&t->inner);
	group_init(&t->group, opened, hooks);
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

int store_thread_waits(const struct store_thread *t)
{
	return atomic_load(&t->waits);
}
