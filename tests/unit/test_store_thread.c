#include "check.h"

#include "base/limits.h"
#include "store/thread.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

struct probe {
	struct store_job base;
	char hash[65];
	const char *text;
	int fail_with; /* after writing */
	int runs, rc;
	bool finished;
};

static char dir[64];
static uv_loop_t loop;
static struct store_thread *thread;
static int rolled_back, committed, crowds;
static char hooks_called[16]; /* r and c, in order */

static int put(struct store *s, struct store_job *job)
{
	struct probe *p = (struct probe *)job;
	int rc = s->ops->blob_put(s, str_from(p->text), p->hash);

	p->runs++;
	return rc ? rc : p->fail_with;
}

static int get(struct store *s, struct store_job *job)
{
	struct probe *p = (struct probe *)job;
	struct arena *a = arena_create("test", MIB(1));
	struct str got;
	int rc = s->ops->blob_get(s, a, str_from(p->hash), &got);

	arena_destroy(a);
	return rc;
}

static void finished(struct store_job *job, int rc)
{
	struct probe *p = (struct probe *)job;

	p->rc = rc;
	p->finished = true;
}

static void on_rolled_back(void *ctx)
{
	(void)ctx;
	rolled_back++;
	strncat(hooks_called, "r", sizeof(hooks_called) - strlen(hooks_called) - 1);
}

static int nothing(struct store *s, struct store_job *job)
{
	(void)s;
	(void)job;
	return 0;
}

static void let_go(struct store_job *job, int rc)
{
	(void)rc;
	free(job);
}

static void on_committed(void *ctx)
{
	(void)ctx;
	committed++;
	strncat(hooks_called, "c", sizeof(hooks_called) - strlen(hooks_called) - 1);
	for (int i = 0; crowds && i < 600; i++) { /* more than fit into a group */
		struct store_job *job = calloc(1, sizeof(*job));

		job->fn = nothing;
		job->done = let_go;
		store_post_inner(thread, job);
	}
	crowds -= crowds > 0;
}

/* --- a disk without room ------------------------------------------------------------------ */

static _Atomic bool no_room;
static int64_t writes_before;
static struct store_ops small_disk;

static int begin_noting(struct store *s)
{
	writes_before = store_sqlite.writes(s);
	return store_sqlite.begin(s);
}

static int commit_if_room(struct store *s)
{
	if (no_room && store_sqlite.writes(s) != writes_before)
		return -ENOSPC;
	return store_sqlite.commit(s);
}

static int setup(void **state)
{
	const struct store_hooks hooks = { NULL, on_rolled_back, on_committed };
	char url[96];
	struct store *s;
	struct err err;

	(void)state;
	rolled_back = committed = 0;
	hooks_called[0] = '\0';
	snprintf(dir, sizeof(dir), "/tmp/tutti-thread-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(url, sizeof(url), "%s/tutti.db", dir);
	assert_int_equal(store_sqlite.open(url, false, &s, &err), 0);
	assert_int_equal(store_sqlite.migrate(s, &err), 0);
	small_disk = store_sqlite;
	small_disk.begin = begin_noting;
	small_disk.commit = commit_if_room;
	s->ops = &small_disk;
	uv_loop_init(&loop);
	assert_int_equal(store_thread_start(&loop, s, &hooks, &thread, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	store_thread_stop(thread);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd); /* NOLINT(cert-env33-c): our own name */
}

static void jobs_that_wait_together_share_a_commit(void **state)
{
	static struct probe probes[100];
	char texts[100][16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(texts[i], sizeof(texts[i]), "text %d", i);
		probes[i] =
		    (struct probe){ .base = { .fn = put, .done = finished }, .text = texts[i] };
		store_post(thread, &probes[i].base);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	for (int i = 0; i < 100; i++) {
		assert_true(probes[i].finished);
		assert_int_equal(probes[i].rc, 0);
		assert_int_equal(probes[i].runs, 1);
	}
	assert_true(store_thread_commits(thread) < 100);
	assert_int_equal(rolled_back, 0);
}

/* Whether it came with the write that waits, or later; the write is done when there is room. */
static void reading_goes_on_while_the_disk_is_full(void **state)
{
	struct probe kept = { .base = { .fn = put, .done = finished }, .text = "kept" };
	struct probe waits = { .base = { .fn = put, .done = finished }, .text = "waits" };
	struct probe with = { .base = { .fn = get, .done = finished, .reads = true } };
	struct probe later = { .base = { .fn = get, .done = finished, .reads = true } };
	struct probe not_yet = { .base = { .fn = get, .done = finished, .reads = true } };

	(void)state;
	store_post(thread, &kept.base);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(store_thread_waits(thread), 0);
	no_room = true;
	memcpy(with.hash, kept.hash, sizeof(kept.hash));
	store_post(thread, &waits.base);
	store_post(thread, &with.base);
	while (!with.finished)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(with.rc, 0);
	while (store_thread_waits(thread) != -ENOSPC)
		usleep(1000);
	memcpy(later.hash, kept.hash, sizeof(kept.hash));
	store_post(thread, &later.base);
	while (!later.finished)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(later.rc, 0);
	memcpy(not_yet.hash, waits.hash, sizeof(waits.hash)); /* what it would write is not there */
	store_post(thread, &not_yet.base);
	while (!not_yet.finished)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(not_yet.rc, -ENOENT);
	assert_false(waits.finished);
	no_room = false;
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(waits.finished);
	assert_int_equal(waits.rc, 0);
	assert_int_equal(store_thread_waits(thread), 0);
}

static void a_failing_job_fails_alone(void **state)
{
	struct probe good1 = { .base = { .fn = put, .done = finished }, .text = "one" };
	struct probe bad = {
		.base = { .fn = put, .done = finished }, .text = "bad", .fail_with = -EINVAL
	};
	struct probe good2 = { .base = { .fn = put, .done = finished }, .text = "two" };

	(void)state;
	store_post(thread, &good1.base);
	store_post(thread, &bad.base);
	store_post(thread, &good2.base);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(good1.rc, 0);
	assert_int_equal(bad.rc, -EINVAL);
	assert_int_equal(good2.rc, 0);
	assert_true(rolled_back >= 1);
	assert_true(committed >= 1);

	struct probe *all[] = { &good1, &bad, &good2 };

	for (int i = 0; i < 3; i++) {
		all[i]->base.fn = get;
		store_post(thread, &all[i]->base);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(good1.rc, 0);
	assert_int_equal(bad.rc, -ENOENT);
	assert_int_equal(good2.rc, 0);
}

static sem_t begun, go_on;

static int hold(struct store *s, struct store_job *job)
{
	(void)s;
	(void)job;
	sem_post(&begun);
	sem_wait(&go_on);
	return 0;
}

/* What follows from a job that was committed alone is not lost with the one behind it. */
static void each_commit_is_told_of_before_what_comes_next(void **state)
{
	struct probe good1 = { .base = { .fn = put, .done = finished }, .text = "one" };
	struct probe bad = {
		.base = { .fn = put, .done = finished }, .text = "bad", .fail_with = -EINVAL
	};
	struct probe good2 = { .base = { .fn = put, .done = finished }, .text = "two" };
	struct probe first = { .base = { .fn = hold, .done = finished } };

	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	store_post(thread, &first.base);
	sem_wait(&begun);
	store_post(thread, &good1.base);
	store_post(thread, &bad.base);
	store_post(thread, &good2.base);
	sem_post(&go_on);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(bad.rc, -EINVAL);
	assert_string_equal(hooks_called, "c"	  /* the first, by itself */
					  "r"	  /* the three together */
					  "crc"); /* and one by one */
}

static int committed_before;

static int note_commits(struct store *s, struct store_job *job)
{
	(void)s;
	(void)job;
	committed_before = committed;
	return 0;
}

static void what_comes_from_outside_is_not_starved(void **state)
{
	struct probe first = { .base = { .fn = hold, .done = finished } };
	struct probe outside = { .base = { .fn = note_commits, .done = finished } };

	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	crowds = 30;
	store_post(thread, &first.base);
	sem_wait(&begun);
	store_post(thread, &outside.base);
	sem_post(&go_on);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(outside.finished);
	assert_true(committed > 30);
	assert_true(committed_before <= 2);
}

static void what_is_posted_before_stop_is_done(void **state)
{
	struct probe last = { .base = { .fn = put, .done = finished }, .text = "last" };

	(void)state;
	store_post(thread, &last.base);
	teardown(NULL);
	assert_true(last.finished);
	assert_int_equal(last.rc, 0);
	setup(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(jobs_that_wait_together_share_a_commit),
		T(reading_goes_on_while_the_disk_is_full),
		T(a_failing_job_fails_alone),
		T(each_commit_is_told_of_before_what_comes_next),
		T(what_comes_from_outside_is_not_starved),
		T(what_is_posted_before_stop_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
