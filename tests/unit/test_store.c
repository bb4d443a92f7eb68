/*
 * The conformance suite of the store: what every backend must do. It runs against SQLite here, and,
 * compiled again as test_store_memory, against the store in memory that the simulation stands on
 * (tests/sim/mem.h). That one has no file, and nobody looks into it while a transaction is open.
 */
#include "check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef STORE_MEMORY
#include "../sim/mem.h"
static const struct store_ops *const ops = &store_mem;
#else
static const struct store_ops *const ops = &store_sqlite;
#endif
static char dir[64], url[96];
static struct store *s;
static struct arena *a;

static int setup(void **state)
{
	struct err err;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/tutti-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(url, sizeof(url), "%s/tutti.db", dir);
	a = arena_create("test", MIB(64));
	assert_int_equal(ops->open(url, false, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	ops->close(s);
	arena_destroy(a);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd); /* NOLINT(cert-env33-c): our own name */
}

static void begin(void)
{
	assert_int_equal(ops->begin(s), 0);
}

static void commit(void)
{
	assert_int_equal(ops->commit(s), 0);
}

static struct run_row a_run(const char *id)
{
	char hash[65];

	assert_int_equal(ops->blob_put(s, STR("{}"), hash), 0);
	return (struct run_row){ .id = str_from(id),
		.flow = STR("research"),
		.title = STR("t"),
		.status = STR("running"),
		.reason = STR(""),
		.end_as = STR(""),
		.size = STR("small"),
		.input = STR("{\"question\":\"why?\"}"),
		.options = STR("{}"),
		.repo = STR("/r"),
		.frozen = str_from(arena_cstr(a, str_from(hash))),
		.outcome = STR(""),
		.created_at = 5 };
}

static int64_t put_run(const char *id)
{
	struct run_row row = a_run(id);
	int64_t key;

	assert_int_equal(ops->run_insert(s, &row, &key), 0);
	return key;
}

static int64_t put_step(int64_t run, int64_t position, int64_t task)
{
	struct step_row row = { .run = run,
		.position = position,
		.parent = -1,
		.name = STR("n"),
		.kind = STR("agent"),
		.label = STR("N"),
		.status = STR("pending"),
		.reason = STR(""),
		.ending = STR("none"),
		.task = task };
	int64_t key;

	assert_int_equal(ops->step_insert(s, &row, &key), 0);
	return key;
}

static int64_t put_task(const char *subject)
{
	struct task_row row = { .subject = str_from(subject),
		.epoch = 1,
		.kind = STR("agent"),
		.agent = STR("native"),
		.model = STR("m") };
	int64_t key;

	assert_int_equal(ops->task_insert(s, &row, &key), 0);
	return key;
}

static void a_run_comes_back_as_it_went_in(void **state)
{
	struct run_row got;

	(void)state;
	begin();
	int64_t key = put_run("r-aaaa");

	commit();
	assert_int_equal(ops->run_load(s, a, key, &got), 0);
	assert_str(got.id, "r-aaaa");
	assert_str(got.input, "{\"question\":\"why?\"}");
	assert_null(got.snapshot.p);
	assert_null(got.project.p);
	assert_int_equal(got.parent, 0);
	assert_int_equal(got.created_at, 5);
	assert_int_equal(ops->run_load(s, a, key + 1, &got), -ENOENT);
}

static void a_run_needs_a_question_and_a_known_status(void **state)
{
	static const char *const bad[] = { "{}", "{\"question\":\"\"}", "{\"question\":7}",
		"no json" };
	int64_t key;

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct run_row row = a_run("r-bad");

		row.input = str_from(bad[i]);
		assert_true(ops->run_insert(s, &row, &key) < 0);
	}
	struct run_row row = a_run("r-bad");

	row.status = STR("queued");
	assert_int_equal(ops->run_insert(s, &row, &key), -EEXIST);
	ops->rollback(s);
}

static void runs_are_found_by_unique_prefix(void **state)
{
	int64_t key;

	(void)state;
	begin();
	int64_t first = put_run("r-abc1");
	int64_t second = put_run("r-abd2");
	int64_t third = put_run("r-abd22");

	commit();
	assert_int_equal(ops->run_find(s, STR("r-abc"), &key), 0);
	assert_int_equal(key, first);
	assert_int_equal(ops->run_find(s, STR("r-ab"), &key), -EEXIST);
	assert_int_equal(ops->run_find(s, STR("r-abd2"), &key), 0); /* exact beats prefix */
	assert_int_equal(key, second);
	assert_int_equal(ops->run_find(s, STR("r-%"), &key), -ENOENT);
	assert_int_equal(ops->run_latest(s, STR("/r"), 0, &key), 0);
	assert_int_equal(key, third);
	assert_int_equal(ops->run_latest(s, STR("/r"), 2, &key), 0);
	assert_int_equal(key, first);
	assert_int_equal(ops->run_latest(s, STR("/other"), 0, &key), -ENOENT);
}

static void lists_are_paged_and_filtered(void **state)
{
	struct run_row *rows;
	size_t n;
	char id[16];

	(void)state;
	begin();
	for (int i = 0; i < 30; i++) {
		snprintf(id, sizeof(id), "r-%04d", i);
		put_run(id);
	}
	commit();
	struct run_filter f = { .limit = 20 };

	assert_int_equal(ops->run_list(s, a, &f, &rows, &n), 0);
	assert_int_equal(n, 20);
	assert_str(rows[0].id, "r-0029");
	f.before = rows[19].key;
	assert_int_equal(ops->run_list(s, a, &f, &rows, &n), 0);
	assert_int_equal(n, 10);
	assert_str(rows[9].id, "r-0000");
	f = (struct run_filter){ .status = STR("failed") };
	assert_int_equal(ops->run_list(s, a, &f, &rows, &n), 0);
	assert_int_equal(n, 0);
}

static void step_texts_are_whole(void **state)
{
	char *big = xalloc(MIB(3) + 1);
	struct step_row got = { 0 };

	(void)state;
	memset(big, 'x', MIB(3));
	begin();
	int64_t key = put_step(put_run("r-1"), 0, 0);

	struct step_row row = {
		.key = key, .status = STR("completed"), .reason = STR(""), .ending = STR("answered")
	};

	assert_int_equal(ops->step_update(s, &row), 0); /* an update without texts leaves them */
	row.has_texts = true;
	row.output = str_from(big);
	row.evidence = STR("{}");
	assert_int_equal(ops->step_update(s, &row), 0);
	row.has_texts = false;
	row.output = row.evidence = (struct str){ 0 };
	assert_int_equal(ops->step_update(s, &row), 0);
	commit();
	assert_int_equal(ops->step_texts(s, a, key, &got), 0);
	assert_true(str_is(got.output, big));
	assert_str(got.evidence, "{}");
	assert_null(got.facts.p);
	row.key = key + 9;
	assert_int_equal(ops->step_update(s, &row), -ESTALE);
	free(big);
}

/* The task and the texts, each alone and together. */
static void an_update_touches_what_it_names(void **state)
{
	struct step_row got;

	(void)state;
	begin();
	int64_t task = put_task("r-1/n"), key = put_step(put_run("r-1"), 0, 0), run, position;
	struct step_row row = { .key = key,
		.status = STR("running"),
		.reason = STR(""),
		.ending = STR("none"),
		.task = task,
		.has_texts = true,
		.facts = STR("{}") };

	assert_int_equal(ops->step_update(s, &row), 0);
	assert_int_equal(ops->task_step(s, task, &run, &position), 0);
	row = (struct step_row){
		.key = key, .status = STR("failed"), .reason = STR("x"), .ending = STR("empty")
	};
	assert_int_equal(ops->step_update(s, &row), 0);
	commit();
	assert_int_equal(ops->task_step(s, task, &run, &position), 0);
	assert_int_equal(ops->step_texts(s, a, key, &got), 0);
	assert_null(got.output.p);
	assert_str(got.facts, "{}");
}

static void a_place_in_a_run_is_taken_once(void **state)
{
	(void)state;
	begin();
	int64_t run = put_run("r-1"), key;

	put_step(run, 0, 0);
	struct step_row row = { .run = run,
		.name = STR("x"),
		.kind = STR("code"),
		.label = STR(""),
		.status = STR("pending"),
		.reason = STR(""),
		.ending = STR("none") };

	assert_int_equal(ops->step_insert(s, &row, &key), -EEXIST);
	ops->rollback(s);
}

static void a_task_is_claimed_once_and_fenced_by_its_token(void **state)
{
	struct task_row got;

	(void)state;
	begin();
	int64_t key = put_task("r-1/a");

	assert_int_equal(ops->task_claim(s, a, 0, STR("n1"), STR("tok"), 10, 60, &got), 0);
	assert_int_equal(got.key, key);
	assert_str(got.token, "tok");
	assert_int_equal(ops->task_claim(s, a, 0, STR("n2"), STR("tok2"), 11, 61, &got), -ENOENT);
	assert_int_equal(ops->task_claim(s, a, key, STR("n2"), STR("tok2"), 11, 61, &got), -ENOENT);
	assert_int_equal(
	    ops->task_started(s, key, STR("old"), STR("a"), STR("m"), (struct str){ 0 }), -ESTALE);
	assert_int_equal(
	    ops->task_end(s, key, STR("old"), STR("answered"), STR(""), (struct str){ 0 }, 20),
	    -ESTALE);
	assert_int_equal(
	    ops->task_end(s, key, STR("tok"), STR("answered"), STR(""), STR("{}"), 20), 0);
	assert_int_equal(
	    ops->task_end(s, key, STR("tok"), STR("crashed"), STR(""), STR("{}"), 21), -ESTALE);
	commit();
	assert_int_equal(ops->task_load(s, a, key, &got), 0);
	assert_str(got.ending, "answered");
	assert_int_equal(got.ended_at, 20);
}

static void tasks_are_claimed_oldest_first(void **state)
{
	struct task_row got;

	(void)state;
	begin();
	int64_t first = put_task("r-1/a"), second = put_task("r-1/b");

	assert_int_equal(ops->task_claim(s, a, second, STR("n"), STR("t"), 1, 2, &got), 0);
	assert_int_equal(got.key, second);
	put_task("r-1/c");
	assert_int_equal(ops->task_claim(s, a, 0, STR("n"), STR("t"), 1, 2, &got), 0);
	assert_int_equal(got.key, first);
	commit();
}

static void lost_tasks_are_those_of_a_node_or_past_their_lease(void **state)
{
	struct task_row got, *rows;
	size_t n;

	(void)state;
	begin();
	put_task("r-1/a");
	put_task("r-1/b");
	assert_int_equal(ops->task_claim(s, a, 0, STR("n1"), STR("t"), 1, 100, &got), 0);
	assert_int_equal(ops->task_claim(s, a, 0, STR("n2"), STR("t"), 1, 200, &got), 0);
	assert_int_equal(ops->task_lost(s, a, STR("n1"), 50, &rows, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ops->task_lost(s, a, STR(""), 150, &rows, &n), 0);
	assert_int_equal(n, 1);
	assert_str(rows[0].subject, "r-1/a");
	assert_int_equal(ops->task_renew(s, STR("n1"), 300), 0);
	assert_int_equal(ops->task_lost(s, a, STR(""), 250, &rows, &n), 0);
	assert_str(rows[0].subject, "r-1/b");
	commit();
}

static void a_step_points_to_its_task_not_the_other_way(void **state)
{
	int64_t run, position;

	(void)state;
	begin();
	int64_t task = put_task("r-1/a");
	int64_t key = put_run("r-1");

	put_step(key, 3, task);
	assert_int_equal(ops->task_step(s, task, &run, &position), 0);
	assert_int_equal(run, key);
	assert_int_equal(position, 3);
	assert_int_equal(ops->task_step(s, task + 1, &run, &position), -ENOENT);
	commit();
}

static int sum_events(void *ctx, const struct event_row *row)
{
	buf_printf(ctx, "%lld:%.*s ", (long long)row->seq, STR_ARG(row->type));
	return 0;
}

static void the_log_is_read_by_cursor(void **state)
{
	struct event_row row = { .type = STR("x"), .data = STR("{}"), .step = -1 };
	struct buf got;

	(void)state;
	begin();
	row.run = put_run("r-1");
	for (row.seq = 1; row.seq <= 5; row.seq++)
		assert_int_equal(ops->event_append(s, &row), 0);
	row.seq = 3;
	assert_int_equal(ops->event_append(s, &row), -EEXIST);
	commit();
	buf_init(&got, KIB(1));
	assert_int_equal(ops->event_read(s, row.run, 2, 2, sum_events, &got), 0);
	assert_str(buf_str(&got), "3:x 4:x ");
	buf_fini(&got);
	int64_t seq;

	assert_int_equal(ops->run_lock(s, row.run, &seq), 0);
	assert_int_equal(seq, 5);
}

static void content_is_stored_once(void **state)
{
	char h1[65], h2[65];
	struct str got;

	(void)state;
	begin();
	assert_int_equal(ops->blob_put(s, STR("same"), h1), 0);
	assert_int_equal(ops->blob_put(s, STR("same"), h2), 0);
	commit();
	assert_string_equal(h1, h2);
	assert_int_equal(ops->blob_get(s, a, str_from(h1), &got), 0);
	assert_str(got, "same");
	assert_int_equal(ops->blob_get(s, a, STR("none"), &got), -ENOENT);
}

static void what_is_rolled_back_was_never_there(void **state)
{
	struct run_filter f = { 0 };
	struct run_row *rows;
	size_t n;

	(void)state;
	begin();
	put_run("r-1");
	ops->rollback(s);
	assert_int_equal(ops->run_list(s, a, &f, &rows, &n), 0);
	assert_int_equal(n, 0);
}

/* Whoever still speaks of a run that was deleted does not get another one's. */
static void the_key_of_a_deleted_run_is_not_given_again(void **state)
{
	(void)state;
	put_run("r-1");
	int64_t key = put_run("r-2"), other;
	struct run_row child = a_run("r-3");

	child.parent = key;
	child.parent_step = STR("n");
	assert_int_equal(ops->run_insert(s, &child, &other), 0);
	begin();
	assert_int_equal(ops->run_delete(s, key), 0);
	assert_true(put_run("r-4") > other);
	commit();
	other = put_run("r-5");
	begin();
	key = put_run("r-6");
	assert_int_equal(ops->run_delete(s, key), 0);
	ops->rollback(s);
	assert_true(put_run("r-7") > other);
}

#ifndef STORE_MEMORY
/* How far files may grow. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* SQLite itself rolls back where writing fails; what comes next is not to be stored without it. */
static void a_transaction_in_which_writing_failed_comes_to_nothing(void **state)
{
	struct str large = { arena_alloc(a, MIB(8)), MIB(8) };
	struct run_filter f = { 0 };
	struct run_row *rows;
	char hash[65];
	size_t n;

	(void)state;
	begin();
	put_run("r-1");
	limit_files(MIB(1));
	int rc = ops->blob_put(s, large, hash);

	limit_files(RLIM_INFINITY);
	assert_int_equal(rc, -EIO);
	/* somebody who does not look at that */
	assert_int_equal(ops->note_put(s, STR("late"), STR("x")), -EIO);
	assert_int_equal(ops->commit(s), -EIO);
	ops->rollback(s);
	assert_int_equal(ops->note_get(s, a, STR("late"), &large), -ENOENT);
	assert_int_equal(ops->run_list(s, a, &f, &rows, &n), 0);
	assert_int_equal(n, 0);
	begin();
	put_run("r-1");
	commit();
}
#endif

/* What a run's log came to is kept with it. */
static void a_seal_is_kept(void **state)
{
	struct run_row got;

	(void)state;
	begin();
	int64_t key = put_run("r-1");

	assert_int_equal(ops->run_load(s, a, key, &got), 0);
	assert_str(got.seal, "");
	assert_int_equal(got.seal_seq, 0);
	got.seal = STR("abc");
	got.seal_seq = 7;
	assert_int_equal(ops->run_update(s, &got), 0);
	commit();
	assert_int_equal(ops->run_load(s, a, key, &got), 0);
	assert_str(got.seal, "abc");
	assert_int_equal(got.seal_seq, 7);
}

static void a_note_is_kept_and_replaced(void **state)
{
	struct str value;

	(void)state;
	assert_int_equal(ops->note_get(s, a, STR("n"), &value), -ENOENT);
	begin();
	assert_int_equal(ops->note_put(s, STR("n"), STR("one")), 0);
	assert_int_equal(ops->note_put(s, STR("m"), STR("other")), 0);
	assert_int_equal(ops->note_put(s, STR("n"), STR("two")), 0);
	commit();
	assert_int_equal(ops->note_get(s, a, STR("n"), &value), 0);
	assert_str(value, "two");
}

#ifndef STORE_MEMORY
static void a_reader_sees_what_is_committed_and_cannot_write(void **state)
{
	struct store *reader;
	struct err err;
	int64_t key;

	(void)state;
	begin();
	put_run("r-1");
	commit();
	begin();
	put_run("r-2");
	assert_int_equal(ops->open(url, true, &reader, &err), 0);
	assert_int_equal(ops->run_find(reader, STR("r-1"), &key), 0);
	assert_int_equal(ops->run_find(reader, STR("r-2"), &key), -ENOENT);
	struct run_row row = a_run("r-3");

	assert_true(ops->run_insert(reader, &row, &key) < 0);
	ops->close(reader);
	commit();
}

/* As the first version left it: without seals. */
static void an_older_schema_is_brought_up_to_date(void **state)
{
	struct store *reader;
	struct run_row got;
	struct err err;
	char cmd[600];

	(void)state;
	begin();
	int64_t key = put_run("r-1");

	commit();
	ops->close(s);
	snprintf(cmd, sizeof(cmd),
	    "python3 -c \"import sqlite3; c = sqlite3.connect('%s');"
	    " c.execute('DROP TABLE texts'); c.execute('DROP TABLE search');"
	    " c.execute('ALTER TABLE runs DROP COLUMN summary');"
	    " c.execute('ALTER TABLE runs DROP COLUMN seen');"
	    " c.execute('ALTER TABLE runs DROP COLUMN seal');"
	    " c.execute('ALTER TABLE runs DROP COLUMN seal_seq');"
	    " c.execute('PRAGMA user_version = 1'); c.commit()\"",
	    url);
	assert_int_equal(system(cmd), 0); /* NOLINT(cert-env33-c) */
	assert_int_equal(ops->open(url, true, &reader, &err), 0);
	assert_int_equal(ops->migrate(reader, &err), -ESTALE);
	ops->close(reader);
	assert_int_equal(ops->open(url, false, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
	assert_int_equal(ops->run_load(s, a, key, &got), 0);
	assert_str(got.id, "r-1");
	assert_str(got.seal, "");
}

static void a_newer_schema_is_refused(void **state)
{
	struct err err;
	char cmd[256];

	(void)state;
	snprintf(cmd, sizeof(cmd),
	    "python3 -c \"import sqlite3; c = sqlite3.connect('%s');"
	    " c.execute('PRAGMA user_version = 99'); c.commit()\"",
	    url);
	assert_int_equal(system(cmd), 0); /* NOLINT(cert-env33-c) */
	assert_int_equal(ops->migrate(s, &err), -EPROTO);
	assert_string_equal(err.what, "the database was written by a newer tutti");
}

/* In a child: commits one run after another and says so after each commit. */
static void commit_for_ever(int out)
{
	struct store *mine;

	if (ops->open(url, false, &mine, NULL) < 0)
		_exit(1);
	s = mine;
	for (int i = 0;; i++) {
		char id[16];

		snprintf(id, sizeof(id), "r-%06d", i);
		begin();
		put_run(id);
		commit();
		if (write(out, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
	int acked = -1, i;

	(void)state;
	for (int round = 0; round < 10; round++) {
		int p[2];

		assert_int_equal(pipe(p), 0);
		pid_t pid = fork();

		if (pid == 0) {
			close(p[0]);
			commit_for_ever(p[1]);
		}
		close(p[1]);
		for (int k = 0; k < 20 + round * 7; k++)
			assert_int_equal(read(p[0], &i, sizeof(i)), sizeof(i));
		kill(pid, SIGKILL);
		while (read(p[0], &i, sizeof(i)) == sizeof(i))
			;
		acked = i;
		waitpid(pid, NULL, 0);
		close(p[0]);
		char id[16];
		int64_t key;

		snprintf(id, sizeof(id), "r-%06d", acked);
		assert_int_equal(ops->run_find(s, str_from(id), &key), 0);
		begin();
		struct run_filter f = { 0 };
		struct run_row *rows;
		size_t n;

		assert_int_equal(ops->run_list(s, a, &f, &rows, &n), 0);
		assert_true(n >= (size_t)acked + 1);
		commit();
		teardown(NULL); /* fresh names for the next round */
		setup(NULL);
	}
}

static void one_owner_a_directory(void **state)
{
	struct err err;
	int fd, other;

	(void)state;
	assert_int_equal(store_owner(dir), 0);
	assert_int_equal(store_lock(dir, &fd, &err), 0);
	assert_int_equal(store_lock(dir, &other, &err), -EBUSY);
	assert_non_null(strstr(err.why, "process "));
	assert_int_equal(store_owner(dir), getpid());
	close(fd);
	assert_int_equal(store_lock(dir, &fd, &err), 0);
	close(fd);
}

#endif

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_run_comes_back_as_it_went_in),
		T(a_run_needs_a_question_and_a_known_status),
		T(runs_are_found_by_unique_prefix),
		T(lists_are_paged_and_filtered),
		T(step_texts_are_whole),
		T(an_update_touches_what_it_names),
		T(a_place_in_a_run_is_taken_once),
		T(a_task_is_claimed_once_and_fenced_by_its_token),
		T(tasks_are_claimed_oldest_first),
		T(lost_tasks_are_those_of_a_node_or_past_their_lease),
		T(a_step_points_to_its_task_not_the_other_way),
		T(the_log_is_read_by_cursor),
		T(content_is_stored_once),
		T(what_is_rolled_back_was_never_there),
		T(the_key_of_a_deleted_run_is_not_given_again),
		T(a_seal_is_kept),
		T(a_note_is_kept_and_replaced),
#ifndef STORE_MEMORY
		T(a_transaction_in_which_writing_failed_comes_to_nothing),
		T(a_reader_sees_what_is_committed_and_cannot_write),
		T(an_older_schema_is_brought_up_to_date),
		T(a_newer_schema_is_refused),
		T(what_was_acknowledged_survives_kill_9),
		T(one_owner_a_directory),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
