/* Our own files: what is written is whole, and what stands there is not mistaken for a file. */
#include "check.h"

#include "base/arena.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static struct arena *arena;

static const char *in_dir(const char *name)
{
	return fs_join(arena, dir, name);
}

static int make(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/tutti-fs-XXXXXX");
	arena = arena_create("test", 1 << 20);
	return mkdtemp(dir) ? 0 : -1;
}

static int unmake(void **state)
{
	(void)state;
	fs_remove_tree(dir);
	arena_destroy(arena);
	return 0;
}

static void has(const char *path, const char *want)
{
	struct str text;

	assert_int_equal(fs_read(arena, path, 1000, &text), 0);
	assert_true(str_is(text, want));
}

static void a_file_is_replaced(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(fs_write(in_dir("a"), STR("one"), 0640, &err), 0);
	int fd = open(in_dir("a"), O_RDONLY | O_CLOEXEC);
	char old[8] = "";

	assert_int_equal(fs_write(in_dir("a"), STR("two"), 0600, &err), 0);
	has(in_dir("a"), "two");
	assert_int_equal(read(fd, old, sizeof(old)), 3); /* whoever reads keeps what he opened */
	assert_string_equal(old, "one");
	close(fd);
}

/* A repository may have planted it. */
static void a_link_is_replaced(void **state)
{
	struct err err;
	struct stat st;

	(void)state;
	assert_int_equal(fs_write(in_dir("real"), STR("one"), 0600, &err), 0);
	assert_int_equal(symlink("real", in_dir("link")), 0);
	assert_int_equal(fs_write(in_dir("link"), STR("two"), 0600, &err), 0);
	assert_int_equal(symlink("/dev/full", in_dir("to device")), 0);
	assert_int_equal(fs_write(in_dir("to device"), STR("two"), 0600, &err), 0);
	assert_int_equal(lstat(in_dir("to device"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	has(in_dir("link"), "two");
	has(in_dir("real"), "one");
}

static void a_pipe_is_written_to(void **state)
{
	struct err err;
	struct stat st;
	char got[16] = "";

	(void)state;
	assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
	int fd = open(in_dir("pipe"), O_RDWR | O_CLOEXEC);

	assert_int_equal(fs_write(in_dir("pipe"), STR("words"), 0600, &err), 0);
	assert_int_equal(read(fd, got, sizeof(got)), 5);
	assert_string_equal(got, "words");
	close(fd);
	assert_int_equal(lstat(in_dir("pipe"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

/* As root the machine's own device would be gone for everybody. */
static void devices_are_written_to(void **state)
{
	struct stat before, after;
	struct err err;
	char name[32];
	int ends[2];
	char got[16] = "";

	(void)state;
	assert_int_equal(lstat("/dev/null", &before), 0);
	assert_int_equal(fs_write("/dev/null", STR("words"), 0600, &err), 0);
	assert_int_equal(lstat("/dev/null", &after), 0);
	assert_true(S_ISCHR(after.st_mode) && after.st_ino == before.st_ino);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[1]);
	assert_int_equal(fs_write(name, STR("words"), 0600, &err), 0);
	assert_int_equal(read(ends[0], got, sizeof(got)), 5);
	assert_string_equal(got, "words");
	close(ends[0]);
	close(ends[1]);
}

static void what_cannot_be_written_is_said(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(fs_write(dir, STR("x"), 0600, &err), -EISDIR);
	assert_int_equal(fs_write(in_dir("no/such"), STR("x"), 0600, &err), -ENOENT);
	assert_int_equal(fs_write("/dev/full", STR("x"), 0600, &err), -ENOSPC);
	assert_non_null(strstr(err.what, "/dev/full"));
	assert_int_equal(mkfifo(in_dir("unread"), 0600), 0);
	assert_int_equal(fs_write(in_dir("unread"), STR("x"), 0600, &err), -ENXIO);
}

static bool is_there(const char *name)
{
	struct stat st;

	return lstat(in_dir(name), &st) == 0;
}

static void make_file(const char *name)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* A process that was killed while it wrote; one that is still at it is left alone. */
static void what_a_killed_process_wrote_is_swept(void **state)
{
	char gone[64], here[64];
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	snprintf(gone, sizeof(gone), "file.new-%d", (int)pid);
	snprintf(here, sizeof(here), "file.new-%d", (int)getpid());
	make_file(gone);
	make_file(here);
	make_file("file.new-");
	make_file("file.new-1x");
	make_file("file");
	fs_sweep(in_dir("."));
	assert_false(is_there(gone));
	assert_true(is_there(here) && is_there("file.new-") && is_there("file.new-1x"));
	assert_true(is_there("file"));
	fs_sweep(in_dir("no-such-directory"));
}

static void *renames(void *arg)
{
	const char *one = in_dir("one"), *two = in_dir("two");

	(void)arg;
	for (unsigned i = 0; i < 20000; i++) {
		rename(one, two);
		rename(two, one);
	}
	return NULL;
}

/* Of a "..": the kernel gives up where anything on the machine is renamed meanwhile. */
static void renames_elsewhere_do_no_harm(void **state)
{
	pthread_t thread;
	struct err err;
	unsigned failed = 0;

	(void)state;
	assert_int_equal(fs_mkdirs(in_dir("tree/d/e"), 0700), 0);
	assert_int_equal(fs_write(in_dir("tree/a"), STR("x"), 0600, &err), 0);
	assert_int_equal(fs_mkdirs(in_dir("one"), 0700), 0);
	int tree = open(in_dir("tree"), O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(pthread_create(&thread, NULL, renames, NULL), 0);
	for (unsigned i = 0; i < 20000; i++) {
		int fd = fs_open_below(tree, "d/e/../../a", O_RDONLY, RESOLVE_BENEATH);

		failed += fd < 0;
		if (fd >= 0)
			close(fd);
	}
	pthread_join(thread, NULL);
	assert_int_equal(failed, 0);
	assert_int_equal(fs_open_below(tree, "d/../../one", O_RDONLY, RESOLVE_BENEATH), -EXDEV);
	close(tree);
}

/* As sha256sum says; over more than is read at once, wherever the descriptor stands. */
static void a_digest_is_of_the_whole_file(void **state)
{
	char *big = xalloc(200000), hex[SHA256_HEX], whole[SHA256_HEX];
	struct err err;

	(void)state;
	memset(big, 'x', 200000);
	assert_int_equal(fs_write(in_dir("abc"), STR("abc"), 0600, &err), 0);
	assert_int_equal(fs_digest(in_dir("abc"), hex), 0);
	assert_string_equal(
	    hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(fs_write(in_dir("big"), (struct str){ big, 200000 }, 0600, &err), 0);
	sha256_of((struct str){ big, 200000 }, whole);
	int fd = open(in_dir("big"), O_RDONLY | O_CLOEXEC);

	assert_int_equal(lseek(fd, 1000, SEEK_SET), 1000);
	assert_int_equal(fs_digest_fd(fd, hex), 0);
	assert_string_equal(hex, whole);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 1000);
	close(fd);
	assert_int_equal(symlink("abc", in_dir("a-link")), 0);
	assert_int_equal(fs_digest(in_dir("a-link"), hex), -ELOOP);
	assert_int_equal(fs_digest(in_dir("nothing"), hex), -ENOENT);
	assert_int_equal(fs_digest(dir, hex), -EISDIR);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_replaced),
		cmocka_unit_test(a_link_is_replaced),
		cmocka_unit_test(a_pipe_is_written_to),
		cmocka_unit_test(devices_are_written_to),
		cmocka_unit_test(what_cannot_be_written_is_said),
		cmocka_unit_test(what_a_killed_process_wrote_is_swept),
		cmocka_unit_test(renames_elsewhere_do_no_harm),
		cmocka_unit_test(a_digest_is_of_the_whole_file),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
