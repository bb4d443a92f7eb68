/*
 * What is attested is what runs: another process exchanges the program all the while, and each time
 * the digest in the proof belongs to the one that was executed. SWAPS=10000 for as many launches.
 */
#include "fence.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SWAPS 100

/* Two programs that say one word differently. */
static const struct {
	const char *program, *says;
} twins[] = { { "/usr/bin/echo", "word\n" }, { "/usr/bin/printf", "word" } };

static struct sandbox *sandbox;
static struct arena *arena;
static char top[64], digests[2][SHA256_HEX];

static char *at(const char *name)
{
	return fs_join(arena, top, name);
}

static void put(const char *name, const char *from)
{
	struct err err;
	struct str bytes;

	assert_int_equal(fs_read(arena, from, MIB(8), &bytes), 0);
	assert_int_equal(fs_write(at(name), bytes, 0755, &err), 0);
}

/*
 * The name leads to the other file, thousands of times a second. (Files that are linked or renamed
 * themselves get a new time, and a program whose time has changed is not started.)
 */
static pid_t start_swapper(void)
{
	char *program = at("dir/program"), *next = at("dir/next");
	const char *targets[2] = { "first", "second" };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0;; i++)
		if (symlink(targets[i % 2], next) < 0 || rename(next, program) < 0)
			_exit(1);
}

struct outcome {
	struct fence_child *child;
	bool over, refused;
	char sha256[SHA256_HEX];
	int status;
};

static void on_report(void *ctx, const struct fence_report *r)
{
	struct outcome *o = ctx;

	if (r->event == FENCE_READY) {
		const json_t *program = json_get_object(r->proof, "program");

		snprintf(o->sha256, sizeof(o->sha256), "%s", json_get_cstr(program, "sha256", ""));
		sandbox_go(o->child);
		return;
	}
	o->over = true;
	o->refused = r->event == FENCE_REFUSED;
	o->status = r->status;
}

/* Which of the two was attested, and which one spoke; false: it was not started after all. */
static bool launch(int *attested, int *spoke)
{
	struct outcome o = { 0 };
	struct fence_place place;
	struct err err;
	char said[64] = "";
	int ends[2];

	assert_int_equal(sandbox_place(sandbox, arena, FENCE_COMMAND, &place, &err), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const char *dir = place.in_place ? at("dir") : "/given";
	const char *const argv[] = { fs_join(arena, dir, "program"), "word", NULL };
	const char *const env[] = { NULL };
	const struct fence_bind bind = { at("dir"), dir, false };
	const struct fence_spec spec = { .purpose = FENCE_COMMAND,
		.place = &place,
		.binds = &bind,
		.n_binds = 1,
		.argv = argv,
		.env = env,
		.in = -1,
		.out = ends[1],
		.err = -1 };

	assert_int_equal(sandbox_spawn(sandbox, &spec, on_report, &o, &o.child, &err), 0);
	close(ends[1]);
	assert_true(turn_until(sandbox, &o.over));
	ssize_t n = read(ends[0], said, sizeof(said) - 1);

	close(ends[0]);
	sandbox_leave(&place);
	if (o.refused || n <= 0)
		return false;
	*attested = strcmp(o.sha256, digests[1]) == 0 ? 1 : strcmp(o.sha256, digests[0]) ? -1 : 0;
	*spoke = strcmp(said, twins[1].says) == 0 ? 1 : strcmp(said, twins[0].says) ? -1 : 0;
	return true;
}

static void attested_is_executed(void **state)
{
	const char *asked = getenv("SWAPS");
	unsigned n = asked ? (unsigned)strtoul(asked, NULL, 10) : SWAPS, seen[2] = { 0 }, none = 0;
	pid_t swapper = start_swapper();

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		int attested, spoke;

		if (!launch(&attested, &spoke)) {
			none++;
			continue;
		}
		assert_in_range(spoke, 0, 1);
		assert_int_equal(attested, spoke);
		seen[spoke]++;
	}
	kill(swapper, SIGKILL);
	waitpid(swapper, NULL, 0);
	print_message(
	    "# %u launches: %u and %u of the two, %u not started\n", n, seen[0], seen[1], none);
	assert_true(seen[0] && seen[1]);
}

static int begin(void **state)
{
	struct err err;

	(void)state;
	arena = arena_create("test", MIB(512));
	snprintf(top, sizeof(top), "/tmp/tutti-swap-XXXXXX");
	assert_non_null(mkdtemp(top));
	assert_int_equal(sandbox_start(&sandbox, &err), 0);
	assert_int_equal(sandbox_set_base(sandbox, top, &err), 0);
	assert_int_equal(mkdir(at("dir"), 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		struct str bytes;

		put(i ? "dir/second" : "dir/first", twins[i].program);
		assert_int_equal(fs_read(arena, twins[i].program, MIB(8), &bytes), 0);
		sha256_of(bytes, digests[i]);
	}
	return symlink("first", at("dir/program"));
}

static int end(void **state)
{
	(void)state;
	sandbox_stop(sandbox);
	fs_remove_tree(top);
	arena_destroy(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attested_is_executed),
	};

	return cmocka_run_group_tests_name("swapped programs", tests, begin, end);
}
