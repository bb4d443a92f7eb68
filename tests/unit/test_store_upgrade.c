/*
 * Databases of every schema there has been, as the program of that time left them (schemas/vN.sql),
 * brought up to date: killed at each statement, then to the end. Nothing is lost, and there is
 * nothing between old and new.
 */
#include "check.h"

#include "base/limits.h"
#include "store/pages.h"
#include "store/sqlite_priv.h"
#include "sys/fs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATEMENTS_MOST 2000 /* of one upgrade; there are fewer */
#ifndef EACH
#define EACH 60 /* of the first ones; then every THEN-th, copies row by row */
#define THEN 5
#endif

static const struct store_ops *ops = &store_sqlite;
static char dir[64], old[96], url[96];
static struct arena *a;

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/tutti-upgrade-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(old, sizeof(old), "%s/old.db", dir);
	snprintf(url, sizeof(url), "%s/tutti.db", dir);
	a = arena_create("test", MIB(64));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fs_remove_tree(dir);
	arena_destroy(a);
	return 0;
}

/* --- the old one ---------------------------------------------------------------------------- */

static void make_old(unsigned version)
{
	const char *path =
	    arena_printf(a, "%s/tests/unit/schemas/v%u.sql", getenv("TUTTI_SOURCE"), version);
	struct str text;
	sqlite3 *db;

	assert_int_equal(fs_read(a, path, MIB(16), &text), 0);
	assert_int_equal(sqlite3_open(old, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, arena_cstr(a, text), NULL, NULL, NULL), SQLITE_OK);
	sqlite3_exec(db,
	    arena_printf(a, "PRAGMA user_version = %u; PRAGMA journal_mode = WAL", version), NULL,
	    NULL, NULL);
	sqlite3_close(db);
}

static void copy_old(void)
{
	char *cmd = arena_printf(a, "cd %s && rm -f tutti.db* && cp old.db tutti.db", dir);

	assert_int_equal(system(cmd), 0); /* NOLINT(cert-env33-c): our own words */
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static int64_t number_in(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, pages_vfs()), SQLITE_OK);
	int64_t n = number(db, sql);

	sqlite3_close(db);
	return n;
}

/* --- upgrades ------------------------------------------------------------------------------- */

static unsigned statements, kill_at;

static int on_statement(unsigned what, void *ctx, void *st, void *sql)
{
	(void)what;
	(void)ctx;
	(void)st;
	(void)sql;
	if (++statements == kill_at)
		raise(SIGKILL);
	return 0;
}

/* In a child, killed at statement AT. False: there were not so many. */
static bool upgrade_killed(unsigned at)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct store *s;
		struct err err;

		if (ops->open(url, false, &s, &err))
			_exit(1);
		kill_at = at;
		sqlite3_trace_v2(
		    ((struct sqlite_store *)(void *)s)->db, SQLITE_TRACE_STMT, on_statement, NULL);
		if (ops->migrate(s, &err))
			_exit(1);
		ops->close(s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return true;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

static const char *const kept[] = { "SELECT count(*) FROM runs", "SELECT count(*) FROM steps",
	"SELECT count(*) FROM events", "SELECT count(*) FROM findings",
	"SELECT count(*) FROM tasks", "SELECT count(*) FROM blobs",
	"SELECT count(*) FROM snapshots", "SELECT total(length(output)) FROM steps",
	"SELECT total(length(data)) FROM events", "SELECT total(length(bytes)) FROM blobs" };

#define N_KEPT (sizeof(kept) / sizeof(kept[0]))

static void is_whole(const int64_t *had)
{
	for (size_t i = 0; i < N_KEPT; i++)
		assert_int_equal(number_in(url, kept[i]), had[i]);
	assert_int_equal(number_in(url, "SELECT count(*) FROM pragma_integrity_check"
					" WHERE integrity_check <> 'ok'"),
	    0);
}

static void can_be_searched(void)
{
	const struct text_filter f = { .words = STR("queue") };
	struct text_hit *hits;
	struct store *s;
	struct err err;
	size_t n;

	assert_int_equal(ops->open(url, true, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
	assert_int_equal(ops->text_find(s, a, &f, &hits, &n), 0);
	assert_true(n > 0);
	ops->close(s);
}

static void on_flaw(void *ctx, const char *where, const char *what)
{
	fail_msg("%s: %s", where, what);
	(void)ctx;
}

static void has_sums(void)
{
	struct pages_found found;
	struct err err;

	assert_int_equal(pages_check(url, on_flaw, NULL, &found, &err), 0);
	assert_true(found.pages > 10);
}

static void upgrade_from(unsigned version)
{
	int64_t had[N_KEPT], is;
	unsigned at = 1;

	make_old(version);
	for (size_t i = 0; i < N_KEPT; i++)
		had[i] = number_in(old, kept[i]);
	assert_true(had[0] > 0 && had[2] > 10);
	do {
		assert_true(at < STATEMENTS_MOST);
		copy_old();
		if (!upgrade_killed(at))
			break;
		at += at < EACH ? 1 : THEN;
		is = number_in(url, "PRAGMA user_version");
		assert_true(is == version || is == STORE_SCHEMA);
		is_whole(had);
		assert_false(upgrade_killed(0)); /* the next one finishes it */
		assert_int_equal(number_in(url, "PRAGMA user_version"), STORE_SCHEMA);
		is_whole(had);
	} while (true);
	assert_true(at > 5);
	can_be_searched();
	has_sums();
}

static void from_version_1(void **state)
{
	(void)state;
	upgrade_from(1);
}

static void from_version_2(void **state)
{
	(void)state;
	upgrade_from(2);
}

static void from_version_3(void **state)
{
	(void)state;
	upgrade_from(3);
}

/* Whoever raises STORE_SCHEMA keeps a database of the one before it. */
static void no_version_is_left_out(void **state)
{
	(void)state;
	for (unsigned v = 1; v < STORE_SCHEMA; v++)
		assert_true(fs_exists(
		    arena_printf(a, "%s/tests/unit/schemas/v%u.sql", getenv("TUTTI_SOURCE"), v)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		T(from_version_1),
		T(from_version_2),
		T(from_version_3),
		T(no_version_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
