/*
 * What all processes of a child hold together: that it is seen, and where it ends. src/sandbox is
 * compiled again for this test, with a ceiling that a machine reaches in passing. The same tests
 * run on emulated poorer machines (../degrade.h).
 */
#include "fence.h"

#include "base/json.h"
#include "base/limits.h"
#include "sandbox/priv.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOME MIB(16)

/* --- seen ---------------------------------------------------------------------------------- */

static int ready[2]; /* a pipe: a byte from each that has what it wanted */

static void hold(int flags)
{
	void *some = mmap(NULL, SOME, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (some == MAP_FAILED)
		_exit(1);
	memset(some, 1, SOME);
}

static void wait_to_be_killed(void)
{
	if (write(ready[1], "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* A child of a thread that is not the first, and of that a child again. */
static void *thread_with_children(void *deepest)
{
	if (fork() == 0) {
		hold(MAP_PRIVATE);
		pid_t pid = fork();

		if (pid == 0) {
			hold(MAP_SHARED);
			wait_to_be_killed();
		}
		if (write(*(int *)deepest, &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		wait_to_be_killed();
	}
	for (;;)
		pause();
	return NULL;
}

static void tree_of(int tell)
{
	pthread_t thread;

	setpgid(0, 0);
	if (pthread_create(&thread, NULL, thread_with_children, &tell) != 0)
		_exit(1);
	hold(MAP_SHARED);
	wait_to_be_killed();
}

static void all_descendants_count(void **state)
{
	uint64_t before, bytes;
	int tell[2];
	pid_t deepest;
	char got;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	fence_weigh(getpid(), &before);
	pid_t top = fork();

	if (top == 0)
		tree_of(tell[1]);
	for (int i = 0; i < 3; i++)
		assert_int_equal(read(ready[0], &got, 1), 1);
	assert_int_equal(read(tell[0], &deepest, sizeof(deepest)), sizeof(deepest));
	fence_weigh(top, &bytes);
	/* what the second has to itself counts for the third, too, which was forked with it */
	assert_in_range(bytes, 4 * SOME, 4 * SOME + 3 * before + SOME / 2);
	assert_true(fence_has_child(getpid(), top));
	assert_false(fence_has_child(top, getpid()));
	fence_weigh(deepest, &bytes);
	assert_in_range(bytes, 2 * SOME, 2 * SOME + before + SOME / 4);
	kill(-top, SIGKILL);
	assert_int_equal(waitpid(top, NULL, 0), top);
	assert_false(fence_has_child(getpid(), top));
	fence_weigh(top, &bytes);
	assert_int_equal(bytes, 0);
}

static void *thread_that_stays(void *arg)
{
	hold(MAP_PRIVATE);
	wait_to_be_killed();
	return arg;
}

/* A process whose first thread is gone says nothing by itself. */
static void threads_that_are_left_count(void **state)
{
	pthread_t thread;
	uint64_t bytes;
	char got;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (pid == 0) {
		if (pthread_create(&thread, NULL, thread_that_stays, NULL) != 0)
			_exit(1);
		syscall(SYS_exit, 0);
	}
	assert_int_equal(read(ready[0], &got, 1), 1);
	fence_weigh(pid, &bytes);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(bytes >= SOME);
}

/* Pages of zeros are nobody's, but the tables that lead to them are. */
static void tables_count(void **state)
{
	const size_t size = GIB(8), step = MIB(2);
	uint64_t before, after;
	unsigned sum = 0;

	(void)state;
	fence_weigh(getpid(), &before);
	const volatile char *wide =
	    mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(wide, MAP_FAILED);
	madvise((void *)(uintptr_t)wide, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += step)
		sum += (unsigned)wide[i];
	assert_int_equal(sum, 0);
	fence_weigh(getpid(), &after);
	munmap((void *)(uintptr_t)wide, size);
	assert_true(after >= before + size / step * 4096);
}

/* --- ended --------------------------------------------------------------------------------- */

static struct sandbox *sandbox;
static struct arena *arena;
static char top_dir[64], program[512];

struct outcome {
	struct fence_child *child;
	bool over;
	struct fence_report last;
	json_int_t told; /* in the proof */
	struct err err;
};

static void on_report(void *ctx, const struct fence_report *r)
{
	struct outcome *o = ctx;

	if (r->event == FENCE_READY) {
		o->told = json_get_int(json_get_object(r->proof, "limits"), "memory_bytes", 0);
		sandbox_go(o->child);
		return;
	}
	o->over = true;
	o->last = *r;
	if (r->event == FENCE_REFUSED)
		o->err = *r->err;
}

static struct outcome run(const char *kind, int out)
{
	struct outcome o = { 0 };
	struct fence_place place;
	struct err err;

	assert_int_equal(sandbox_place(sandbox, arena, FENCE_COMMAND, &place, &err), 0);
	const char *inside = place.in_place ? program : "/opt/hostile";
	const char *const argv[] = { inside, kind, NULL }, *const env[] = { NULL };
	const struct fence_bind bind = { program, inside, false };
	const struct fence_spec spec = { .purpose = FENCE_COMMAND,
		.place = &place,
		.binds = &bind,
		.n_binds = 1,
		.argv = argv,
		.env = env,
		.in = -1,
		.out = out,
		.err = -1 };

	assert_int_equal(sandbox_spawn(sandbox, &spec, on_report, &o, &o.child, &err), 0);
	assert_true(turn_until(sandbox, &o.over));
	sandbox_leave(&place);
	if (o.last.event != FENCE_EXITED)
		fail_msg("%s: %s", kind, o.err.why);
	assert_int_equal(o.told, MIB(256));
	return o;
}

/* All of it: nobody has its output open any more. */
static void too_much_is_ended(void **state)
{
	int ends[2];
	char bytes[4096];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	struct outcome o = run("swells", ends[1]);

	close(ends[1]);
	assert_true(o.last.out_of_memory);
	assert_true(WIFSIGNALED(o.last.status) && WTERMSIG(o.last.status) == SIGKILL);
	while (read(ends[0], bytes, sizeof(bytes)) > 0)
		continue;
	close(ends[0]);
}

static void others_are_not(void **state)
{
	(void)state;
	struct outcome o = run("normal", -1);

	assert_false(o.last.out_of_memory);
	assert_true(WIFEXITED(o.last.status) && WEXITSTATUS(o.last.status) == 0);
}

/* --- life ---------------------------------------------------------------------------------- */

static int begin(void **state)
{
	struct err err;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 16);

	(void)state;
	assert_true(n > 0);
	program[n] = '\0';
	strcpy(strrchr(program, '/'), "/hostile_child");
	assert_int_equal(sandbox_start(&sandbox, &err), 0);
	assert_int_equal(sandbox_mode(sandbox), wanted_mode());
	snprintf(top_dir, sizeof(top_dir), "/tmp/tutti-memory-XXXXXX");
	assert_non_null(mkdtemp(top_dir));
	arena = arena_create("test", MIB(4));
	return sandbox_set_base(sandbox, top_dir, &err);
}

static int end(void **state)
{
	(void)state;
	sandbox_stop(sandbox);
	arena_destroy(arena);
	fs_remove_tree(top_dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_descendants_count),
		cmocka_unit_test(threads_that_are_left_count),
		cmocka_unit_test(tables_count),
		cmocka_unit_test(too_much_is_ended),
		cmocka_unit_test(others_are_not),
	};

	return cmocka_run_group_tests_name("memory of a child", tests, begin, end);
}
