/* What a directory's fingerprint sees, and what cannot hold it up. */
#include "place.h"

#include "workspace/fingerprint.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

static int set_up(void **state)
{
	(void)state;
	place_make();
	sh("mkdir -p a/b c; echo one >a/b/1; echo two >a/2; ln -s /etc link; printf x >c/x");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	place_remove();
	return 0;
}

static const char *taken(void)
{
	struct fingerprint fp;

	fingerprint_take(here.dir, &fp);
	assert_int_equal(fp.error, 0);
	return text("%s", fp.sha256);
}

static void what_does_not_change_is_equal(void **state)
{
	struct fingerprint fp;
	const char *before = taken();

	(void)state;
	sh("cat a/b/1 a/2 c/x >/dev/null; ls -lR . >/dev/null");
	assert_string_equal(taken(), before);
	fingerprint_take(here.dir, &fp);
	assert_int_equal(fp.count, 8); /* itself, 3 directories, 3 files, a link */
	assert_int_equal(fp.bytes, 9);
	assert_int_equal(fp.unread, 0);
	assert_false(fp.cut);
}

/* Each by itself, and each seen, also where somebody covers his tracks. */
static void any_change_is_seen(void **state)
{
	static const char *const changes[] = { "echo three >a/3", "echo One >a/b/1",
		"touch -r a/2 /tmp/ref.$$; echo tWo >a/2; touch -r /tmp/ref.$$ a/2; rm /tmp/ref.$$",
		"chmod +x c/x", "chmod 700 c", "mv a/3 a/4", "rm a/4", "mkdir a/b/deep",
		"ln -sfn /usr link", "touch -d 2001-01-01 a", "touch c/y; rm c/y",
		"mv a/b/1 a/b/0; mv a/b/0 a/b/1", "cp c/x c/z; mv c/z c/x", "ln c/x c/again",
		"git init -q .", "git config core.fsmonitor x" };

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *before = taken();

		sh(changes[i]);
		if (strcmp(taken(), before) == 0)
			fail_msg("not seen: %s", changes[i]);
	}
}

/* A write through a mapping leaves no call that could be watched, but a time. */
static void a_write_through_memory_is_seen(void **state)
{
	const char *before = taken();
	int fd = open(at("a/2"), O_RDWR | O_CLOEXEC);
	char *p = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	(void)state;
	assert_true(p != MAP_FAILED);
	p[0] = 'T';
	munmap(p, 3);
	close(fd);
	assert_true(strcmp(taken(), before) != 0);
}

static void nothing_is_opened_that_could_hang(void **state)
{
	struct fingerprint fp;

	(void)state;
	sh("mkfifo fifo a/fifo; truncate -s 8T huge 2>/dev/null || truncate -s 1G huge;"
	   " ln -s . a/self; ln -s ../../../../.. up; ln -s missing broken");
	put_socket("sock");
	fingerprint_take(here.dir, &fp);
	assert_int_equal(fp.error, 0);
	assert_int_equal(fp.count, 8 + 7);
	assert_int_equal(fp.unread, 0);
}

static void names_are_bytes(void **state)
{
	const char *before;

	(void)state;
	for (int c = 1; c < 256; c++)
		if (c != '/' && c != '.')
			put_str(text("names/%c", c), STR("x"));
	before = taken();
	assert_string_equal(taken(), before);
	sh("mv names/$'\\xff' names/$'\\xff\\n\\e[2J'");
	assert_true(strcmp(taken(), before) != 0);
}

/* "a" + "b/c" is not "a/b" + "c". */
static void trees_of_the_same_names_are_told_apart(void **state)
{
	const char *one;

	(void)state;
	sh("rm -rf * ; mkdir a; touch -d 2001-01-01 a/b");
	one = taken();
	sh("mv a/b b; touch -d 2001-01-01 a b");
	assert_true(strcmp(taken(), one) != 0);
}

static void *enough_again(void *arg)
{
	usleep(50000);
	setrlimit(RLIMIT_NOFILE, arg);
	return NULL;
}

/* A look for which there are no descriptors now is not one that found less. */
static void descriptors_are_waited_for(void **state)
{
	struct fingerprint before, meanwhile;
	struct rlimit limit, none;
	pthread_t thread;

	(void)state;
	sh("mkdir -p a/b && touch a/b/c d");
	fingerprint_take(here.dir, &before);
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(next);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = (rlim_t)next + 1; /* the root, and nothing below it */
	assert_int_equal(pthread_create(&thread, NULL, enough_again, &limit), 0);
	setrlimit(RLIMIT_NOFILE, &none);
	fingerprint_take(here.dir, &meanwhile);
	pthread_join(thread, NULL);
	assert_int_equal(meanwhile.unread, 0);
	assert_string_equal(meanwhile.sha256, before.sha256);
}

static void what_is_closed_or_too_deep_is_counted(void **state)
{
	struct fingerprint fp;

	(void)state;
	sh("python3 - <<'END'\n"
	   "import os\n"
	   "for i in range(60):\n"
	   "    os.mkdir('d' * 100)\n"
	   "    os.chdir('d' * 100)\n"
	   "END");
	fingerprint_take(here.dir, &fp);
	assert_int_equal(fp.error, 0);
	assert_true(fp.unread == 1); /* the first one whose path is too long to be opened */
	assert_true(fp.count > 40 && fp.count < 60);
	sh("python3 - <<'END'\n"
	   "import os, shutil\n"
	   "for i in range(40):\n"
	   "    os.chdir('d' * 100)\n"
	   "shutil.rmtree('d' * 100)\n"
	   "END");
}

/* --- sizes ------------------------------------------------------------------------------------ */

static const struct fingerprint_limits plenty = { 65536, MIB(512) };

static struct fingerprint sizes(const struct fingerprint_limits *limits)
{
	struct fingerprint fp;

	fingerprint_sizes(here.dir, limits, &fp);
	assert_int_equal(fp.error, 0);
	assert_string_equal(fp.sha256, "");
	return fp;
}

static void a_size_is_what_the_disk_holds(void **state)
{
	struct fingerprint before = sizes(&plenty), fp;

	(void)state;
	assert_int_equal(before.count, 8);
	sh("truncate -s 1G hole; ln -s /usr away; mkfifo fifo");
	fp = sizes(&plenty);
	assert_int_equal(fp.count, 8 + 3);
	assert_true(fp.bytes <= before.bytes + KIB(16));
	sh("dd if=/dev/zero of=full bs=64K count=160 status=none");
	fp = sizes(&plenty);
	assert_true(fp.bytes >= before.bytes + MIB(10) && fp.bytes < before.bytes + MIB(11));
	sh("for i in 1 2 3; do ln full a/full-$i; done");
	fp = sizes(&plenty);
	assert_int_equal(fp.count, 8 + 7);
	assert_true(fp.bytes >= before.bytes + MIB(10) && fp.bytes < before.bytes + MIB(11));
	assert_int_equal(fp.unread, 0);
	assert_false(fp.cut);
}

static void what_is_beyond_a_limit_is_not_looked_at(void **state)
{
	const struct fingerprint_limits eight = { 8, MIB(1) }, seven = { 7, MIB(1) };

	(void)state;
	assert_false(sizes(&eight).cut);
	assert_true(sizes(&seven).cut);
	sh("dd if=/dev/zero of=a/b/full bs=64K count=17 status=none");
	const struct fingerprint_limits nine = { 9, MIB(1) };

	assert_true(sizes(&nine).cut);
	sh("mkdir many; cd many; seq 1 3000 | xargs touch");
	assert_true(sizes(&nine).cut);
	assert_true(sizes(&nine).count <= 9);
	assert_int_equal(sizes(&plenty).count, 9 + 3001);
}

static void where_a_size_cannot_be_had_is_counted(void **state)
{
	const char *name = at("a");
	struct fingerprint fp;

	(void)state;
	sh("python3 - <<'END'\n"
	   "import os\n"
	   "for i in range(60):\n"
	   "    os.mkdir('d' * 100)\n"
	   "    os.chdir('d' * 100)\n"
	   "END");
	assert_int_equal(sizes(&plenty).unread, 1);
	sh("mkdir -m 300 closed");
	assert_int_equal(sizes(&plenty).unread, geteuid() == 0 ? 1 : 2);
	sh("python3 - <<'END'\n"
	   "import os, shutil\n"
	   "for i in range(40):\n"
	   "    os.chdir('d' * 100)\n"
	   "shutil.rmtree('d' * 100)\n"
	   "END");
	sh("mv a b; ln -s b a");
	fingerprint_sizes(name, &plenty, &fp);
	assert_int_equal(fp.error, -ENOTDIR);
	fingerprint_sizes(at("missing"), &plenty, &fp);
	assert_int_equal(fp.error, -ENOENT);
}

/* 18,000 directories below a path of 3,900 bytes: each of them is one to be looked into. */
static void long_paths_take_no_more_than_their_share(void **state)
{
	char dir[] = "/dev/shm/tutti-fingerprint-XXXXXX"; /* so many take a disk its time */
	struct fingerprint fp;

	(void)state;
	assert_non_null(mkdtemp(dir));
	sh(text("cd %s && python3 - <<'END'\n"
		"import os\n"
		"for i in range(19):\n"
		"    os.mkdir('d' * 200)\n"
		"    os.chdir('d' * 200)\n"
		"for i in range(18000):\n"
		"    os.mkdir(str(i))\n"
		"END",
	    dir));
	fingerprint_sizes(dir, &plenty, &fp);
	sh(text("rm -rf %s", dir));
	assert_true(fp.cut);
	assert_true(fp.count < plenty.count && fp.bytes < plenty.bytes);
}

static void there_is_an_end(void **state)
{
	struct fingerprint fp;

	(void)state;
	fingerprint_take(at("missing"), &fp);
	assert_int_equal(fp.error, -ENOENT);
	assert_string_equal(fp.sha256, "");
	fingerprint_take(at("c/x"), &fp);
	assert_int_equal(fp.error, -ENOTDIR);
}

static void a_program_is_read_once(void **state)
{
	struct fingerprint fp = { 0 };
	char hex[SHA256_HEX];

	(void)state;
	fingerprint_program(at("a/2"), &fp);
	sha256_of(STR("two\n"), hex);
	assert_string_equal(fp.sha256, hex);
	fp.sha256[0] = fp.sha256[0] == '0' ? '1' : '0'; /* to tell that it was not read again */
	fingerprint_program(at("a/2"), &fp);
	assert_string_not_equal(fp.sha256, hex);
	sh("cp -p a/2 a/3; mv a/3 a/2");
	fingerprint_program(at("a/2"), &fp);
	assert_string_equal(fp.sha256, hex);
	sh("mkfifo pipe");
	fingerprint_program(at("pipe"), &fp);
	assert_int_equal(fp.error, -EACCES);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_does_not_change_is_equal),
		T(any_change_is_seen),
		T(a_write_through_memory_is_seen),
		T(nothing_is_opened_that_could_hang),
		T(names_are_bytes),
		T(trees_of_the_same_names_are_told_apart),
		T(descriptors_are_waited_for),
		T(what_is_closed_or_too_deep_is_counted),
		T(a_size_is_what_the_disk_holds),
		T(what_is_beyond_a_limit_is_not_looked_at),
		T(where_a_size_cannot_be_had_is_counted),
		T(long_paths_take_no_more_than_their_share),
		T(there_is_an_end),
		T(a_program_is_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
