/* What `tutti db verify` reads of the files: pages by their sums, and what the log has of them. */
#include "check.h"

#include "base/limits.h"
#include "store/pages.h"
#include "store/pages_sum.h"
#include "store/sqlite_priv.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE 4096

static struct arena *a;
static char dir[64];
static unsigned flaws;
static char last[160];

static int setup(void **state)
{
	(void)state;
	a = arena_create("test", MIB(64));
	snprintf(dir, sizeof(dir), "/tmp/tutti-pages-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fs_remove_tree(dir);
	arena_destroy(a);
	return 0;
}

static const char *at(const char *name)
{
	return fs_join(a, dir, name);
}

static void sql(struct store *s, const char *text)
{
	sqlite3 *db = ((struct sqlite_store *)(void *)s)->db;

	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

static void put_blob(struct store *s, const char *text)
{
	char hash[65];

	assert_int_equal(s->ops->begin(s), 0);
	assert_int_equal(s->ops->blob_put(s, str_from(text), hash), 0);
	assert_int_equal(s->ops->commit(s), 0);
}

static void copy_file(const char *from, const char *to)
{
	struct str bytes;
	struct err err;

	assert_int_equal(fs_read(a, at(from), MIB(16), &bytes), 0);
	assert_int_equal(fs_write(at(to), bytes, 0600, &err), 0);
}

/* A database of which the last change is in its log, and, if CHECKPOINT, also in its pages. */
static void make(bool checkpoint)
{
	struct store *s;
	struct err err;

	assert_int_equal(store_sqlite.open(at("one.db"), false, &s, &err), 0);
	assert_int_equal(s->ops->migrate(s, &err), 0);
	put_blob(s, "first");
	sql(s, "PRAGMA wal_checkpoint(TRUNCATE)");
	put_blob(s, "second");
	if (checkpoint)
		sql(s, "PRAGMA wal_checkpoint(PASSIVE)");
	copy_file("one.db", "two.db");
	copy_file("one.db-wal", "two.db-wal");
	s->ops->close(s);
}

/* As the power leaves it. */
static void make_files(void)
{
	make(true);
}

/* The number of the page in the first frame of the log. */
static unsigned page_in_log(void)
{
	unsigned char header[LOG_FRAME_HEADER];
	int fd = open(at("two.db-wal"), O_RDONLY | O_CLOEXEC);

	assert_int_equal(pread(fd, header, sizeof(header), LOG_HEADER), sizeof(header));
	close(fd);
	return (unsigned)header[2] << 8 | header[3];
}

static void damage(const char *name, off_t where)
{
	int fd = open(at(name), O_RDWR | O_CLOEXEC);
	unsigned char byte;

	assert_int_equal(pread(fd, &byte, 1, where), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, where), 1);
	close(fd);
}

static void on_flaw(void *ctx, const char *where, const char *what)
{
	(void)ctx;
	flaws++;
	snprintf(last, sizeof(last), "%s: %s", where, what);
}

static struct pages_found look(void)
{
	struct pages_found found;
	struct err err;

	flaws = 0;
	assert_int_equal(pages_check(at("two.db"), on_flaw, NULL, &found, &err), 0);
	return found;
}

static void a_page_that_the_log_has_is_not_lost(void **state)
{
	unsigned page;

	(void)state;
	make_files();
	page = page_in_log();
	assert_int_equal(look().torn, 0);
	assert_int_equal(flaws, 0);
	damage("two.db", (off_t)(page - 1) * PAGE + 2000);
	assert_int_equal(look().torn, 1);
	assert_int_equal(flaws, 0);
}

static void any_other_page_is(void **state)
{
	unsigned page;

	(void)state;
	make_files();
	page = page_in_log() == 2 ? 3 : 2;
	damage("two.db", (off_t)(page - 1) * PAGE + 2000);
	assert_int_equal(look().torn, 0);
	assert_int_equal(flaws, 1);
}

/* Where the log does not hold either, nobody has the page. */
static void a_log_that_does_not_hold_has_nothing(void **state)
{
	unsigned page;

	(void)state;
	make_files();
	page = page_in_log();
	damage("two.db", (off_t)(page - 1) * PAGE + 2000);
	damage("two.db-wal", LOG_HEADER + LOG_FRAME_HEADER + 2000);
	assert_int_equal(look().torn, 0);
	assert_int_equal(flaws, 2);
}

/* The power may have gone while it was written: what nobody was told looks the same. */
static void the_end_of_a_log_is_told_apart(void **state)
{
	(void)state;
	make_files();
	damage("two.db-wal", LOG_HEADER + LOG_FRAME_HEADER + 2000);
	look();
	assert_int_equal(flaws, 1);
	assert_non_null(strstr(last, "the power went"));
}

/* A log that is begun again over one that the database has all of: the header may be half there. */
static void a_log_without_a_header_may_have_nothing_more(void **state)
{
	(void)state;
	make_files();
	damage("two.db-wal", 19);
	look();
	assert_int_equal(flaws, 1);
	assert_non_null(strstr(last, "the power went"));
	assert_non_null(strstr(last, "the database has all"));
}

static void or_all_that_was_last_told(void **state)
{
	(void)state;
	make(false);
	damage("two.db-wal", 19);
	look();
	assert_int_equal(flaws, 1);
	assert_string_equal(last, "header of the log: it is not as it was written");
}

static void or_what_cannot_be_known(void **state)
{
	(void)state;
	make_files();
	damage("two.db-wal", 19);
	damage("two.db-wal", LOG_HEADER + 8); /* the first frame seems to be of another log */
	look();
	assert_int_equal(flaws, 1);
	assert_null(strstr(last, "the power went"));
}

/* What its journal says was not there before is not there any more. */
static void a_database_that_was_just_being_made_is_none(void **state)
{
	static const char journal[512] =
	    "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\0\0\0\0nonc\0\0\0\0\0\0\2\0\0\0\x10";
	static const char zeros[2 * PAGE];
	struct err err;

	(void)state;
	assert_int_equal(fs_write(at("two.db"), (struct str){ zeros, PAGE }, 0600, &err), 0);
	look();
	assert_int_equal(flaws, 1);
	assert_int_equal(
	    fs_write(at("two.db-journal"), (struct str){ journal, sizeof(journal) }, 0600, &err),
	    0);
	assert_int_equal(look().pages, 0);
	assert_int_equal(flaws, 0);
	assert_int_equal(fs_write(at("two.db"), (struct str){ zeros, 2 * PAGE }, 0600, &err), 0);
	look();
	assert_int_equal(flaws, 1);
}

static void pages_that_were_cut_off_are_missed(void **state)
{
	(void)state;
	make_files();
	assert_int_equal(truncate(at("two.db"), (off_t)2 * PAGE), 0);
	look();
	assert_true(flaws > 1);
	assert_non_null(strstr(last, "it is not there"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_page_that_the_log_has_is_not_lost),
		T(any_other_page_is),
		T(a_log_that_does_not_hold_has_nothing),
		T(the_end_of_a_log_is_told_apart),
		T(a_log_without_a_header_may_have_nothing_more),
		T(or_all_that_was_last_told),
		T(or_what_cannot_be_known),
		T(a_database_that_was_just_being_made_is_none),
		T(pages_that_were_cut_off_are_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
