/*
 * Every rule of the fence is left out once, and each time the launch must be refused: by the
 * canary, by the proof, or because what is missing is needed for what comes next. A rule that can
 * be left out without anybody noticing is one too many, or a check too few. Runs in modes A, B and
 * C (../degrade.h).
 */
#include "fence.h"

#include "base/limits.h"
#include "sandbox/kernel.h"
#include "sandbox/priv.h"
#include "sys/fs.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Shared with the launcher, which is a fork, and with the children it makes. */
static struct hole {
	char rule[32];
	uint64_t bits;
	bool a_row;
	struct fence_row row;
} * hole;

static struct sandbox *sandbox;
static enum fence_mode mode;
static struct arena *arena;
static char top[64], repo[80];

bool hole_open(const char *rule)
{
	return hole && !hole->bits && strcmp(hole->rule, rule) == 0;
}

uint64_t hole_bits(const char *kind)
{
	return hole && strcmp(hole->rule, kind) == 0 ? hole->bits : 0;
}

bool hole_row(const struct fence_row *row)
{
	return hole && hole->a_row && row->nr == hole->row.nr && row->arg == hole->row.arg &&
	       row->op == hole->row.op && row->a == hole->row.a && row->b == hole->row.b;
}

/* --- launching --------------------------------------------------------------------------- */

struct outcome {
	struct fence_child *child;
	bool ready, over;
	struct err err;
};

static void on_report(void *ctx, const struct fence_report *r)
{
	struct outcome *o = ctx;

	if (r->event == FENCE_READY) {
		o->ready = true;
		if (r->listener >= 0)
			close(r->listener);
		sandbox_kill(o->child, false);
		return;
	}
	o->over = true;
	if (r->event == FENCE_REFUSED)
		o->err = *r->err;
}

static struct outcome launch(void)
{
	static const char *const argv[] = { "/bin/true", NULL }, *const env[] = { NULL };
	static const char *const shadows[] = { ".env", NULL };
	struct outcome o = { 0 };
	struct fence_place place;
	struct err err;

	assert_int_equal(sandbox_place(sandbox, arena, FENCE_AGENT, &place, &err), 0);
	const struct fence_spec spec = { .purpose = FENCE_AGENT,
		.place = &place,
		.repo = repo,
		.shadows = shadows,
		.argv = argv,
		.env = env,
		.port = place.port,
		.in = -1,
		.out = -1,
		.err = -1 };

	assert_int_equal(sandbox_spawn(sandbox, &spec, on_report, &o, &o.child, &err), 0);
	assert_true(turn_until(sandbox, &o.over));
	sandbox_leave(&place);
	return o;
}

static void must_be_refused(const char *rule, uint64_t bits)
{
	snprintf(hole->rule, sizeof(hole->rule), "%s", rule);
	hole->bits = bits;
	struct outcome o = launch();

	*hole = (struct hole){ .bits = 0 };
	if (o.ready)
		fail_msg("nobody noticed: %s %#llx", rule, (unsigned long long)bits);
	assert_true(o.err.why[0]);
	o = launch();
	if (!o.ready)
		fail_msg("without a hole, after %s: %s", rule, o.err.why);
}

/* --- the rules --------------------------------------------------------------------------- */

static void walls(void **state)
{
	static const char *const everywhere[] = { "seccomp", "descriptors" };
	static const char *const rooms[] = { "repo-writable", "repo-exec", "usr-writable",
		"root-writable", "old-root", "proc-open", "capabilities", "shadows" };
	static const char *const landlock[] = { "landlock", "landlock-scopes" };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		must_be_refused(everywhere[i], 0);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]) && mode != FENCE_C; i++)
		must_be_refused(rooms[i], 0);
	for (size_t i = 0; i < 2 && mode != FENCE_B; i++)
		must_be_refused(landlock[i], 0);
	/* whoever has it already cannot lose it, and a warden has it before its child is born */
	if (mode != FENCE_C && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0)
		must_be_refused("no-new-privs", 0);
	if (mode == FENCE_C && geteuid() == 0) /* others have none to give up */
		must_be_refused("capabilities", 0);
}

static void namespaces(void **state)
{
	static const uint64_t flags[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
		CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && mode != FENCE_C; i++)
		must_be_refused("namespaces", flags[i]);
}

/* REFER is withheld by the kernel when nobody asks for it, too. */
static void landlock_rights(void **state)
{
	int errata, abi = fence_landlock_abi(&errata);

	(void)state;
	for (uint64_t right = 1; right <= LL_FS_ALL && mode != FENCE_B; right <<= 1)
		if (right != LL_FS_REFER && (right != LL_FS_IOCTL_DEV || abi >= 5))
			must_be_refused("landlock-fs", right);
	for (uint64_t right = 1; right <= LL_NET_CONNECT_TCP && mode != FENCE_B; right <<= 1)
		must_be_refused("landlock-net", right);
}

/* One that was as low already cannot be left out. */
static void limits(void **state)
{
	const struct fence_spec spec = { .purpose = FENCE_AGENT };
	struct fence_limit all[FENCE_LIMITS];
	struct fence_host host = { 0 };

	(void)state;
	fence_host_init(&host);
	fence_limits(mode, &spec, host.cores, all);
	for (unsigned i = 0; i < FENCE_LIMITS; i++) {
		struct rlimit now;

		assert_int_equal(getrlimit((enum __rlimit_resource)all[i].resource, &now), 0);
		if (now.rlim_max > all[i].value)
			must_be_refused("limits", 1ull << i);
	}
}

/* --- the filter: it is built when the launcher starts, so each row takes a launcher ------- */

static void start(void)
{
	struct err err;

	assert_int_equal(sandbox_start(&sandbox, &err), 0);
	mode = sandbox_mode(sandbox);
	assert_int_equal(sandbox_set_base(sandbox, top, &err), 0);
}

static int without_row(void *ctx, const struct fence_row *row)
{
	unsigned *n = ctx;

	*hole = (struct hole){ .a_row = true, .row = *row };
	sandbox_stop(sandbox);
	start();
	struct outcome o = launch();

	*hole = (struct hole){ .bits = 0 };
	if (o.ready)
		fail_msg("nobody noticed: call %d, argument %d", row->nr, row->arg);
	++*n;
	return 0;
}

static void filter_rows(void **state)
{
	unsigned n = 0;

	(void)state;
	assert_int_equal(fence_filter_rows(mode, without_row, &n), 0);
	assert_true(n > 140);
	sandbox_stop(sandbox);
	start();
	assert_int_equal(mode, wanted_mode());
}

/* --- together ---------------------------------------------------------------------------- */

static int begin(void **state)
{
	struct err err;

	(void)state;
	hole = mmap(NULL, sizeof(*hole), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(hole, MAP_FAILED);
	arena = arena_create("test", MIB(16));
	snprintf(top, sizeof(top), "/tmp/tutti-holes-XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(repo, sizeof(repo), "%s/repo", top);
	start();
	assert_int_equal(mode, wanted_mode());
	assert_int_equal(mkdir(repo, 0755), 0);
	return fs_write(fs_join(arena, repo, ".env"), STR("KEY=1\n"), 0644, &err);
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
		cmocka_unit_test(walls),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(landlock_rights),
		cmocka_unit_test(limits),
		cmocka_unit_test(filter_rows),
	};

	return cmocka_run_group_tests_name("holes in the fence", tests, begin, end);
}
