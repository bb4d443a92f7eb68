/* The files of a database are taken away under its owner, each time in a process of its own. */
#include "check.h"

#include "base/limits.h"
#include "store/files.h"
#include "store/sqlite_priv.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena *a;
static char dir[64];
static const char *path;

static int setup(void **state)
{
	(void)state;
	a = arena_create("test", MIB(64));
	snprintf(dir, sizeof(dir), "/tmp/tutti-files-XXXXXX");
	assert_non_null(mkdtemp(dir));
	path = fs_join(a, dir, "tutti.db");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fs_remove_tree(dir);
	arena_destroy(a);
	return 0;
}

static struct store *open_it(const char *file, bool read_only)
{
	struct store *s;
	struct err err;

	if (store_sqlite.open(file, read_only, &s, &err) < 0 || s->ops->migrate(s, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
	return s;
}

static int put(struct store *s, const char *name)
{
	int rc = s->ops->begin(s);

	if (!rc)
		rc = s->ops->note_put(s, str_from(name), STR("stored"));
	return rc ? rc : s->ops->commit(s);
}

static void checkpoint(struct store *s)
{
	sqlite3_wal_checkpoint_v2(
	    ((struct sqlite_store *)(void *)s)->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

/* Stores "first", lets DEED be done and stores "second": how the process ended. */
static int owner(void (*deed)(void), bool short_log)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *s = open_it(path, false);

		if (freopen(fs_join(a, dir, "said"), "w", stderr) == NULL || put(s, "first") < 0)
			_exit(1);
		if (short_log)
			checkpoint(s);
		deed();
		_exit(put(s, "second") < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool has(const char *file, const char *name)
{
	struct store *s = open_it(file, true);
	struct str got;
	bool there = s->ops->note_get(s, a, str_from(name), &got) == 0;

	s->ops->close(s);
	return there;
}

static const char *rescued(void)
{
	glob_t found;

	assert_int_equal(glob(fs_join(a, dir, "tutti.db.rescued-*"), 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	const char *file = arena_cstr(a, str_from(found.gl_pathv[0]));

	globfree(&found);
	return file;
}

static bool said(const char *words)
{
	struct str text;

	assert_int_equal(fs_read(a, fs_join(a, dir, "said"), MIB(1), &text), 0);
	return strstr(text.p, words) != NULL;
}

static void nothing(void)
{
}

static void remove_it(void)
{
	unlink(path);
}

static void move_it(void)
{
	rename(path, fs_join(a, dir, "moved"));
}

static void replace_it(void)
{
	struct err err;

	if (fs_write(path, STR("another file"), 0600, &err) < 0)
		_exit(3);
}

static void remove_log(void)
{
	unlink(arena_printf(a, "%s-wal", path));
}

static void cut_log(void)
{
	if (truncate(arena_printf(a, "%s-wal", path), 0) < 0)
		_exit(3);
}

static void cut_it(void)
{
	if (truncate(path, 4096) < 0)
		_exit(3);
}

/* --- tests -------------------------------------------------------------------------------- */

static void who_is_left_alone_goes_on(void **state)
{
	(void)state;
	assert_int_equal(owner(nothing, false), 0);
	assert_true(has(path, "first") && has(path, "second"));
}

static void what_was_removed_is_saved(void **state)
{
	(void)state;
	assert_int_equal(owner(remove_it, false), EXIT_LOST);
	assert_true(said("was removed while it was in use") && said("fix: tutti db restore"));
	assert_false(fs_exists(path));
	assert_true(has(rescued(), "first"));
	assert_false(has(rescued(), "second"));
}

static void what_was_moved_has_all_of_its_log(void **state)
{
	(void)state;
	assert_int_equal(owner(move_it, false), EXIT_LOST);
	assert_true(has(fs_join(a, dir, "moved"), "first"));
	assert_true(has(rescued(), "first"));
}

/* Else its log would be taken for one of the file that stands beside it now. */
static void what_was_replaced_leaves_no_log(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(owner(replace_it, false), EXIT_LOST);
	assert_true(said("was replaced by another file"));
	assert_true(has(rescued(), "first"));
	assert_true(stat(arena_printf(a, "%s-wal", path), &st) < 0 || st.st_size == 0);
}

static void a_log_that_was_removed_is_in_the_database(void **state)
{
	(void)state;
	assert_int_equal(owner(remove_log, false), EXIT_LOST);
	assert_true(said("-wal was removed") && said("start it again"));
	assert_true(has(path, "first"));
}

static void what_was_cut_short_is_not_written_to(void **state)
{
	(void)state;
	assert_int_equal(owner(cut_log, false), EXIT_LOST);
	assert_true(said("-wal was cut short"));
	fs_remove_tree(dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(owner(cut_it, true), EXIT_LOST);
	assert_true(said("tutti.db was cut short"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(who_is_left_alone_goes_on),
		T(what_was_removed_is_saved),
		T(what_was_moved_has_all_of_its_log),
		T(what_was_replaced_leaves_no_log),
		T(a_log_that_was_removed_is_in_the_database),
		T(what_was_cut_short_is_not_written_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
