/*
 * SQLite without memory: each request of it fails once, and again from there on for a while. What
 * is read is all of it or an error; what is written is all of it or nothing, even if whoever wrote
 * did not look at what came back.
 */
#include "check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "store/store.h"
#include "sys/fs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ops (&store_sqlite)

/* --- memory that runs out ------------------------------------------------------------------- */

static sqlite3_mem_methods real;
static long fail_at, fail_n; /* from which request on, and how many; 0: none fails */
static long failed;

static bool refused(void)
{
	if (!fail_at || --fail_at > 0)
		return false;
	failed++;
	fail_at = --fail_n > 0 ? 1 : 0;
	return true;
}

static void *scarce_malloc(int n)
{
	return refused() ? NULL : real.xMalloc(n);
}

static void *scarce_realloc(void *p, int n)
{
	return refused() ? NULL : real.xRealloc(p, n);
}

static void fail_from(long at, long n)
{
	fail_at = at;
	fail_n = n;
	failed = 0;
}

/* --- a place -------------------------------------------------------------------------------- */

static char dir[64], url[96];
static struct arena *a, *kept; /* of one try, and of a test */
static struct store *s;

static int setup(void **state)
{
	struct err err;

	(void)state;
	/* where nothing is waited for: there are thousands of commits */
	snprintf(dir, sizeof(dir), "%s/tutti-scarce-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(url, sizeof(url), "%s/tutti.db", dir);
	a = arena_create("try", MIB(16));
	kept = arena_create("test", MIB(1));
	assert_int_equal(ops->open(url, false, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ops->close(s);
	arena_destroy(a);
	arena_destroy(kept);
	fs_remove_tree(dir);
	return 0;
}

/* Nothing is prepared yet, nothing is cached. */
static void open_anew(void)
{
	struct err err;

	arena_destroy(a);
	a = arena_create("try", MIB(16));
	ops->close(s);
	assert_int_equal(ops->open(url, false, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
}

/* --- everything of a run -------------------------------------------------------------------- */

#define LONG_TEXT 30000

static struct str long_text(void)
{
	char *p = arena_alloc(a, LONG_TEXT + 1);

	for (size_t i = 0; i < LONG_TEXT; i++)
		p[i] = (char)('a' + i % 26);
	return (struct str){ p, LONG_TEXT };
}

/* SQLite takes JSON for invalid that it had no memory to read, and so for what may not be stored.
 */
static bool refused_as_invalid;

static void overlook(int rc)
{
	refused_as_invalid |= rc == -EEXIST;
}

/* Writes a run called ID and what belongs to it, and does not look at what comes back. */
static void write_run(const char *id)
{
	char hash[65] = "";
	int64_t run = 0, step = 0, task = 0;
	struct str text = long_text();

	overlook(ops->blob_put(s, text, hash));
	const struct run_row row = { .id = str_from(id),
		.flow = STR("research"),
		.title = str_from(id),
		.status = STR("running"),
		.reason = STR(""),
		.end_as = STR(""),
		.size = STR("small"),
		.input = STR("{\"question\":\"why?\"}"),
		.options = STR("{}"),
		.repo = STR("/r"),
		.frozen = str_from(hash),
		.outcome = STR(""),
		.created_at = 5 };
	const struct task_row queued = { .subject = str_from(id),
		.kind = STR("agent"),
		.agent = STR("native"),
		.model = STR("m") };

	overlook(ops->run_insert(s, &row, &run));
	overlook(ops->task_insert(s, &queued, &task));
	struct step_row done = { .run = run,
		.parent = -1,
		.name = STR("n"),
		.kind = STR("agent"),
		.label = STR("N"),
		.status = STR("completed"),
		.reason = STR(""),
		.ending = STR("answered"),
		.task = task,
		.has_texts = true,
		.output = text };

	overlook(ops->step_insert(s, &done, &step));
	for (int64_t seq = 1; seq <= 3; seq++) {
		const struct event_row ev = { .run = run,
			.seq = seq,
			.type = STR("text"),
			.data = STR("{\"text\":\"said\"}") };

		overlook(ops->event_append(s, &ev));
	}
	const struct text_row found = { .run = run,
		.kind = STR("question"),
		.name = STR(""),
		.step = STR(""),
		.title = str_from(id),
		.body = text };

	overlook(ops->text_put(s, &found));
	overlook(ops->note_put(s, str_from(id), text));
}

static int add_event(void *ctx, const struct event_row *row)
{
	buf_printf(
	    ctx, "%lld %.*s %.*s\n", (long long)row->seq, STR_ARG(row->type), STR_ARG(row->data));
	return 0;
}

static int add_steps(struct buf *b, int64_t run)
{
	struct step_row *rows;
	size_t n;
	int rc = ops->step_list(s, a, run, &rows, &n);

	for (size_t i = 0; !rc && i < n; i++) {
		rc = ops->step_texts(s, a, rows[i].key, &rows[i]);
		buf_printf(b, "%.*s %.*s %.*s\n", STR_ARG(rows[i].name), STR_ARG(rows[i].status),
		    STR_ARG(rows[i].output));
	}
	return rc;
}

/* What is found of ID in RUN, or, 0, in all. */
static int add_hits(struct buf *b, const char *id, int64_t run)
{
	const struct text_filter words = { .words = str_from(id), .run = run };
	struct text_hit *hits;
	size_t n = 0;
	int rc = ops->text_find(s, a, &words, &hits, &n);

	for (size_t i = 0; !rc && i < n; i++)
		buf_printf(b, "hit %.*s\n", STR_ARG(hits[i].snippet));
	return rc;
}

/* Everything of the run called ID, as text; stops at the first error. */
static int read_run(struct buf *b, const char *id)
{
	struct run_row row;
	struct str text;
	int64_t key;
	int rc = ops->run_find(s, str_from(id), &key);

	if (!rc)
		rc = ops->run_load(s, a, key, &row);
	if (!rc) {
		buf_printf(b, "%.*s %.*s\n", STR_ARG(row.id), STR_ARG(row.title));
		rc = ops->blob_get(s, a, row.frozen, &text);
	}
	if (!rc) {
		buf_add(b, text);
		rc = add_steps(b, key);
	}
	if (!rc)
		rc = ops->event_read(s, key, 0, 10, add_event, b);
	if (!rc)
		rc = add_hits(b, id, 0);
	if (!rc)
		rc = add_hits(b, id, key);
	if (!rc) {
		rc = ops->note_get(s, a, str_from(id), &text);
	}
	if (!rc)
		buf_add(b, text);
	return rc;
}

static struct str whole(const char *id)
{
	struct buf b;

	buf_init(&b, MIB(1));
	assert_int_equal(read_run(&b, id), 0);
	struct str text = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return text;
}

/* --- tests ---------------------------------------------------------------------------------- */

static int write_in_one(const char *id)
{
	int rc = ops->begin(s);

	if (rc)
		return rc;
	refused_as_invalid = false;
	write_run(id);
	rc = refused_as_invalid ? -ENOMEM : ops->commit(s);
	if (rc)
		ops->rollback(s);
	return rc;
}

/* One reading with everything from request AT on failing N times. False: no request came so far. */
static bool read_scarcely(struct str want, long at, long n)
{
	struct buf b;

	open_anew();
	buf_init(&b, MIB(1));
	fail_from(at, n);
	int rc = ops->begin(s);

	if (!rc) {
		rc = read_run(&b, "r-one");
		int end = ops->commit(s);

		rc = rc ? rc : end;
	}
	long had = failed;

	fail_from(0, 0);

	ops->rollback(s);
	if (rc == 0)
		assert_true(str_eq(buf_str(&b), want));
	else
		assert_int_equal(rc, -ENOMEM);
	buf_fini(&b);
	return had > 0;
}

/* Each request fails once, then every seventh with 39 behind it. ONE: false when none was left to.
 */
static void sweep(bool (*one)(struct str want, long at, long times))
{
	static const long times[] = { 1, 40 };

	assert_int_equal(write_in_one("r-one"), 0);
	struct str want = arena_dup(kept, whole("r-one"));

	for (size_t i = 0; i < 2; i++) {
		long at = 1;

		while (one(want, at, times[i]))
			at += times[i] == 1 ? 1 : 7;
		assert_true(at > 100);
	}
}

static void who_reads_gets_all_or_an_error(void **state)
{
	(void)state;
	sweep(read_scarcely);
}

static void is_whole(const char *id, struct str want)
{
	/* it is in there as id and title, and found twice */
	assert_int_equal(whole(id).n, want.n + 4 * strlen(id) - 4 * strlen("r-one"));
}

static bool write_scarcely(struct str want, long at, long n)
{
	const char *id, *next;
	int64_t key;

	open_anew();
	id = arena_printf(a, "r-%ldx%ld", at, n);
	next = arena_printf(a, "%s-next", id);
	fail_from(at, n);
	int rc = write_in_one(id);
	long had = failed;

	fail_from(0, 0);
	assert_true(rc == 0 || rc == -ENOMEM);
	if (rc == 0)
		is_whole(id, want);
	assert_int_equal(write_in_one(next), 0);
	is_whole(next, want);
	assert_int_equal(ops->run_find(s, str_from(id), &key), 0); /* ID itself, or the next one */
	struct run_row row;

	assert_int_equal(ops->run_load(s, a, key, &row), 0);
	assert_str(row.id, rc ? next : id);
	return had > 0;
}

/* The caller overlooks every error; the commit does not. */
static void who_writes_writes_all_or_nothing(void **state)
{
	(void)state;
	sweep(write_scarcely);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(who_reads_gets_all_or_an_error),
		T(who_writes_writes_all_or_nothing),
	};
	sqlite3_mem_methods scarce;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK)
		return 1;
	scarce = real;
	scarce.xMalloc = scarce_malloc;
	scarce.xRealloc = scarce_realloc;
	/* without lookaside: it would give what is small out of what it has */
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
