/*
 * A daemon that is killed leaves nothing: at any moment of its life, the start of a child included,
 * and whatever the child does not to go. This process is the subreaper of everything below it, so
 * "nothing is left" is what the kernel says: there is no child any more. A pipe that the child
 * inherited says it once more: its end is seen when nobody has it open.
 *
 * KILLS=2000 for as many daemons, and for the times; by default few, and no times are judged.
 */
#include "fence.h"

#include "base/limits.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 60
#define WINDOW_US 12000 /* from the daemon's birth until it is killed */
#define PATIENCE_MS 20000

static char top[64];
static const char *hydra; /* a child that does not want to go (hydra.c) */

/* --- the daemon that is killed ------------------------------------------------------------- */

struct outcome {
	struct fence_child *child;
	bool over;
};

static void on_report(void *ctx, const struct fence_report *r)
{
	struct outcome *o = ctx;

	if (r->event == FENCE_READY)
		sandbox_go(o->child);
	else
		o->over = true;
	if (r->event == FENCE_REFUSED)
		print_error("refused: %s\n", r->err->why);
}

/* Ends on its own only when something is wrong. */
static void daemon_run(enum fence_mode wanted, int out)
{
	struct arena *a = arena_create("daemon", KIB(64));
	struct outcome o = { 0 };
	struct sandbox *sb;
	struct fence_place place;
	struct err err;

	if (sandbox_start(&sb, &err) < 0 || sandbox_mode(sb) != wanted ||
	    sandbox_set_base(sb, top, &err) < 0 ||
	    sandbox_place(sb, a, FENCE_COMMAND, &place, &err) < 0)
		_exit(3);
	const char *program = place.in_place ? hydra : "/opt/hydra";
	const char *const argv[] = { program, NULL }, *const env[] = { NULL };
	const struct fence_bind bind = { hydra, program, false };
	const struct fence_spec spec = { .purpose = FENCE_COMMAND,
		.place = &place,
		.binds = &bind,
		.n_binds = 1,
		.argv = argv,
		.env = env,
		.in = -1,
		.out = out,
		.err = -1 };

	if (sandbox_spawn(sb, &spec, on_report, &o, &o.child, &err) < 0)
		_exit(3);
	turn_until(sb, &o.over);
	_exit(4);
}

/* --- killing ------------------------------------------------------------------------------- */

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Milliseconds until nothing was left; fails when something stays. DAEMON must have been killed. */
static double until_empty(pid_t daemon)
{
	double from = now_ms();

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);

		if (pid == daemon && !WIFSIGNALED(status))
			fail_msg("the daemon ended by itself: %d", WEXITSTATUS(status));
		if (pid < 0 && errno == ECHILD)
			return now_ms() - from;
		if (now_ms() - from > PATIENCE_MS)
			fail_msg("something is left");
		if (pid == 0)
			usleep(200);
	}
}

static unsigned random_of(unsigned *seed, unsigned below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (unsigned)((unsigned long long)*seed * below >> 32);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Until the child has all its heads, or the end of the pipe; how many it had. */
static unsigned heads_of(int pipe_end, unsigned from)
{
	char head;

	while (from < 4 && read(pipe_end, &head, 1) == 1)
		from++;
	return from;
}

/* Nobody has it open any more: that is seen at once. */
static void must_have_ended(int pipe_end)
{
	struct pollfd p = { pipe_end, POLLIN, 0 };
	char more;

	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(read(pipe_end, &more, 1), 0);
	close(pipe_end);
}

static pid_t start_daemon(enum fence_mode mode, int *ret_pipe)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (pid == 0)
		daemon_run(mode, ends[1]);
	close(ends[1]);
	*ret_pipe = ends[0];
	return pid;
}

/* One daemon; milliseconds until nothing was left of it. */
static double kill_one(enum fence_mode mode, bool grown, unsigned wait, unsigned *heads)
{
	int pipe_end;
	pid_t pid = start_daemon(mode, &pipe_end);

	*heads = grown ? heads_of(pipe_end, 0) : 0;
	usleep(wait);
	kill(pid, SIGKILL);
	double took = until_empty(pid);

	*heads = heads_of(pipe_end, *heads);
	must_have_ended(pipe_end);
	return took;
}

/* Half of them in the window of the start, half when the child has spread. */
static void killed_at_any_moment(void **state)
{
	const char *asked = getenv("KILLS");
	unsigned n = asked ? (unsigned)strtoul(asked, NULL, 10) : KILLS, seed = 1, slow = 0;
	double *took = xalloc(n * sizeof(*took));
	enum fence_mode mode = wanted_mode();
	unsigned heads, grown = 0;

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		took[i] = kill_one(mode, i % 2, random_of(&seed, WINDOW_US), &heads);
		grown += heads == 4;
		slow += took[i] > (mode == FENCE_C ? 5000 : 100);
	}
	assert_true(grown >= n / 2);
	qsort(took, n, sizeof(*took), by_size);
	print_message("# mode %s: %u daemons killed, %u when the child had spread; until empty: "
		      "median %.1f ms, p99 %.1f ms, most %.1f ms; beyond the limit: %u\n",
	    fence_mode_name(mode), n, grown, took[n / 2], took[n * 99 / 100], took[n - 1], slow);
	free(took);
}

static int begin(void **state)
{
	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	snprintf(top, sizeof(top), "/tmp/tutti-kills-XXXXXX");
	assert_non_null(mkdtemp(top));
	return 0;
}

static int end(void **state)
{
	(void)state;
	fs_remove_tree(top);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_moment),
	};

	hydra = getenv("HYDRA");
	if (!hydra) {
		print_error("HYDRA is not set; meson test does\n");
		return 1;
	}
	return cmocka_run_group_tests_name("killed daemons", tests, begin, end);
}
