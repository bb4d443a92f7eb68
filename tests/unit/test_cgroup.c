/*
 * Groups of the kernel for children: what is decided, as functions. A plain directory stands in for
 * a group (`stand_in_…`): that shows what is written where, for controllers that few machines lend
 * to a test, and not what a kernel makes of it; test_cgroup_live does.
 */
#include "../group.h"
#include "fence.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"

static struct arena *arena;
static char top_dir[64]; /* of this test */

/* --- decided: where it stands --------------------------------------------------------------- */

#define V1                                                                                       \
	"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n32 31 0:29 / /sys/fs/cgroup/cpu rw - " \
	"cgroup c rw\n"
#define HYBRID V1 "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n"

static void places_are_found(void **state)
{
	static const struct {
		const char *self, *mounts, *want;
		int rc;
	} rows[] = {
		{ "0::/a.scope\n", "24 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		    "/sys/fs/cgroup/a.scope", 0 },
		{ "5:cpu:/x\n0::/u/a\n", HYBRID, "/sys/fs/cgroup/unified/u/a", 0 },
		{ "0::/\n", HYBRID, "/sys/fs/cgroup/unified/", 0 },
		/* of a container's, whose root is further down */
		{ "0::/pod/a\n", "24 1 0:22 /pod /cg rw - cgroup2 c rw\n", "/cg/a", 0 },
		{ "0::/pod\n", "24 1 0:22 /pod /cg rw - cgroup2 c rw\n", "/cg", 0 },
		/* the first that shows it */
		{ "0::/b/a\n",
		    "24 1 0:22 /pod /cg rw - cgroup2 c rw\n25 1 0:22 / /all rw - cgroup2 c rw\n",
		    "/all/b/a", 0 },
		{ "0::/podium\n", "24 1 0:22 /pod /cg rw - cgroup2 c rw\n", NULL, -ENXIO },
		{ "0::/../x\n", "24 1 0:22 / /cg rw - cgroup2 c rw\n", NULL, -ENXIO },
		{ "0::/a\n", V1, NULL, -ENXIO },
		{ "0::/a\n", "", NULL, -ENXIO },
		{ "0::/a\n", "24 1 0:22 / /c\\040g rw - cgroup2 c rw\n", NULL, -ENXIO },
		{ "0::/a (deleted)\n", HYBRID, NULL, -ENOENT },
		{ "5:cpu:/x\n", HYBRID, NULL, -ENOENT },
		{ "10::/x\n", HYBRID, NULL, -ENOENT },
		{ "", HYBRID, NULL, -ENOENT },
	};
	char path[PATH_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = cgroup_path(str_from(rows[i].self), str_from(rows[i].mounts), path);

		if (rc != rows[i].rc || (!rc && strcmp(path, rows[i].want) != 0))
			fail_msg("%s: %d %s", rows[i].self, rc, rc ? "" : path);
	}
	char *deep = arena_alloc(arena, PATH_BYTES_MAX + 8);

	memset(deep, 'a', PATH_BYTES_MAX + 7);
	memcpy(deep, "0::/", 4);
	deep[PATH_BYTES_MAX + 7] = '\0';
	assert_int_equal(cgroup_path(str_from(deep), str_from(HYBRID), path), -ENAMETOOLONG);
}

/* --- decided: whether, and with what --------------------------------------------------------- */

enum { ROOT = 1, THREADS = 2, MARKED = 4, MANAGED = 8, ALONE = 16 };

static void what_is_ours_is_used(void **state)
{
	static const struct {
		unsigned is;
		const char *has, *enabled;
		const char *kind; /* NULL: not used */
		bool move;
		const char *enable, *why;
	} rows[] = {
		{ MARKED | MANAGED | ALONE, "cpuset cpu io memory pids\n", "\n", "delegated", true,
		    "memory pids cpu", NULL },
		{ MARKED | MANAGED | ALONE, "memory pids\n", "pids\n", "delegated", true, "memory",
		    NULL },
		{ MARKED | MANAGED | ALONE, "memory pids\n", "memory pids\n", "delegated", false,
		    "", NULL },
		{ ALONE, "memory pids", "", "own", true, "memory pids", NULL },
		/* nothing to be had: nobody is moved for it */
		{ ALONE, "io cpuset\n", "", "own", false, "", "its group has none of them" },
		{ ALONE, "", "", "own", false, "", "its group has none of them" },
		/* others are never moved */
		{ MARKED | MANAGED, "memory pids\n", "", "delegated", false, "",
		    "other processes are in its group" },
		/* when in doubt, not */
		{ 0, "memory", "", NULL, false, "", "other processes are in its group" },
		{ MANAGED | ALONE, "memory", "", NULL, false, "",
		    "its group belongs to systemd, which did not hand it over" },
		{ ROOT | MARKED | ALONE, "memory", "", NULL, false, "",
		    "tutti runs in the root of all groups, which is the system's" },
		{ THREADS | MARKED | ALONE, "memory", "", NULL, false, "",
		    "its group is one of threads" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cgroup_facts facts = { .root = rows[i].is & ROOT,
			.domain = !(rows[i].is & THREADS),
			.marked = rows[i].is & MARKED,
			.managed = rows[i].is & MANAGED,
			.alone = rows[i].is & ALONE,
			.has = str_from(rows[i].has),
			.enabled = str_from(rows[i].enabled) };
		const struct cgroup_plan plan = cgroup_decide(&facts);

		assert_int_equal(plan.use, rows[i].kind != NULL);
		assert_int_equal(plan.move, rows[i].move);
		assert_int_equal(plan.enable, cgroup_bits(str_from(rows[i].enable)));
		assert_int_equal(!plan.kind, !rows[i].kind);
		if (plan.kind)
			assert_string_equal(plan.kind, rows[i].kind);
		assert_int_equal(!plan.why, !rows[i].why);
		if (plan.why)
			assert_string_equal(plan.why, rows[i].why);
	}
}

/* --- decided: names -------------------------------------------------------------------------- */

static void names_say_whose_they_are(void **state)
{
	const struct cgroup_owner me = { 4026531836u, 77, 123456789012ull };
	static const char *const others[] = { "", ".", "tutti", "tutti-", "tutti-1-2-3",
		"tutti-1-2-3-", "tutti-1-2-3-x", "tutti-1-2--4", "tutti-1-2-3-4-5", "tutti-1-2-x-4",
		"tutti-1-2-3-house2", "tutti-1-2-3--1", "Tutti-1-2-3-4", "user.slice" };
	struct cgroup_owner got;
	char name[CGROUP_NAME_MAX];

	(void)state;
	cgroup_name(&me, "house", name);
	assert_string_equal(name, "tutti-4026531836-77-123456789012-house");
	assert_true(cgroup_name_read(str_from(name), &got));
	cgroup_name(&me, "12", name);
	assert_true(cgroup_name_read(str_from(name), &got));
	assert_true(got.ns == me.ns && got.pid == me.pid && got.start == me.start);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (cgroup_name_read(str_from(others[i]), &got))
			fail_msg("%s", others[i]);
	assert_true(cgroup_is_left(&me, me.ns, 0));	    /* nobody has that number */
	assert_true(cgroup_is_left(&me, me.ns, 5));	    /* somebody else has it now */
	assert_false(cgroup_is_left(&me, me.ns, me.start)); /* it lives */
	assert_false(cgroup_is_left(&me, me.ns + 1, 0));    /* it may live, where we do not see */
	assert_false(cgroup_is_left(&me, 0, 0));	    /* we do not know where we are */
}

static void begins_are_read(void **state)
{
#define TWENTY "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "
	(void)state;
	assert_int_equal(cgroup_start_of(STR("7 (sh) " TWENTY "4711 20 21\n")), 4711);
	assert_int_equal(cgroup_start_of(STR("7 (a) b) S (x) " TWENTY "4711 20\n")), 4711);
	assert_int_equal(cgroup_start_of(STR("7 (sh) S 1 2\n")), 0);
	assert_int_equal(cgroup_start_of(STR("")), 0);
	assert_int_equal(cgroup_start_of(STR(")")), 0);
}

static void numbers_are_read(void **state)
{
	const struct str events = STR("populated 1\nfrozen 0\nlow 12\nodd x\n");

	(void)state;
	assert_int_equal(cgroup_number(events, "populated", 7), 1);
	assert_int_equal(cgroup_number(events, "low", 7), 12);
	assert_int_equal(cgroup_number(events, "odd", 7), 7);
	assert_int_equal(cgroup_number(events, "lo", 7), 7);
	assert_int_equal(cgroup_number(STR(""), "low", 7), 7);
}

static uint32_t draw(uint32_t below)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* In whatever is read, cut and bent, nothing is found beside it; what was written is read. */
static void anything_is_read(void **state)
{
	static const char *const texts[] = { "0::/a/b\n", HYBRID,
		"7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20\n",
		"populated 1\nfrozen 0\n", "tutti-1-2-3-house" };
	char path[PATH_BYTES_MAX], name[CGROUP_NAME_MAX];
	struct cgroup_owner got;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const char *from = texts[draw(5)];
		size_t n = draw((uint32_t)strlen(from) + 1);
		char *bytes = malloc(n + 1); /* of this size, so that a sanitizer sees its end */

		memcpy(bytes, from, n);
		for (uint32_t k = draw(4); n && k; k--)
			bytes[draw((uint32_t)n)] = (char)"0 -/:\n\\)\xff"[draw(9)];
		const struct str s = { bytes, n };
		int rc = cgroup_path(s, STR(HYBRID), path);

		if (!rc)
			assert_int_equal(strncmp(path, "/sys/fs/cgroup/unified/", 23), 0);
		if (cgroup_path(STR("0::/a\n"), s, path) == 0)
			assert_true(path[0] == '/' && str_ends(str_from(path), STR("a")));
		cgroup_start_of(s);
		cgroup_number(s, "populated", 0);
		cgroup_rows_of(s);
		if (cgroup_name_read(s, &got))
			assert_true(str_starts(s, STR("tutti-")));
		free(bytes);
		const struct cgroup_owner owner = { draw(1u << 31), draw(1u << 22),
			draw(1u << 31) };

		cgroup_name(&owner, i % 2 ? "house" : "4294967295", name);
		assert_true(cgroup_name_read(str_from(name), &got));
		assert_true(got.ns == owner.ns && got.pid == owner.pid && got.start == owner.start);
	}
}

/* --- a plain directory that stands in for a group ------------------------------------------- */

static int stand_in(const char *name, const char *const *files)
{
	const char *dir = fs_join(arena, top_dir, name);
	struct err err;

	assert_int_equal(mkdir(dir, 0700), 0);
	for (; *files; files++)
		assert_int_equal(fs_write(fs_join(arena, dir, *files), STR("max"), 0600, &err), 0);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void expect_file(int dir, const char *name, const char *want)
{
	struct buf text;

	buf_init(&text, KIB(4));
	assert_int_equal(cgroup_read(dir, name, &text), 0);
	/* a plain file keeps what was behind; the kernel's have no behind */
	if (!str_starts(buf_str(&text), str_from(want)))
		fail_msg("%s: %.*s, not %s", name, STR_ARG(buf_str(&text)), want);
	buf_fini(&text);
}

static void stand_in_gets_its_limits(void **state)
{
	static const char *const files[] = { "cgroup.procs", "cpu.weight", "memory.max",
		"memory.oom.group", "memory.swap.max", "pids.max", "memory.high", NULL };
	int dir = stand_in("all", files);
	unsigned rows = cgroup_rows_of(STR(
	    "cgroup.procs\ncpu.weight\nmemory.max\nmemory.oom.group\nmemory.swap.max\npids.max\n"));

	(void)state;
	assert_int_equal(cgroup_write_rows(dir, rows), 0);
	expect_file(dir, "memory.max", "4831838208"); /* 4 GiB and 512 MiB */
	expect_file(dir, "memory.swap.max", "0");
	expect_file(dir, "memory.oom.group", "1");
	expect_file(dir, "pids.max", "513");
	expect_file(dir, "cpu.weight", "50");
	expect_file(dir, "memory.high", "max");
	expect_file(dir, "cgroup.procs", "max");
	close(dir);
}

/* A kernel without swap has no file for it, a group without a controller none of its. */
static void stand_in_has_what_it_has(void **state)
{
	static const char *const files[] = { "pids.max", NULL };
	int dir = stand_in("some", files);

	(void)state;
	assert_int_equal(cgroup_rows_of(STR("cgroup.procs\nmemory.stat\npids.max2\n")), 0);
	assert_int_equal(cgroup_write_rows(dir, cgroup_rows_of(STR("pids.max\n"))), 0);
	expect_file(dir, "pids.max", "513");
	assert_int_equal(
	    cgroup_write_rows(dir, cgroup_rows_of(STR("memory.max\npids.max\n"))), -ENOENT);
	close(dir);
}

/* What cannot be read back is not attested, and what does not say that it is empty is not. */
static void stand_in_is_not_believed(void **state)
{
	static const char *const files[] = { "cgroup.events", "cgroup.kill", NULL };
	const struct cgroups cg = { .used = true, .top = -1, .kind = "own" };
	struct cgroup g = { .fd = stand_in("tutti-1-2-3-4", files), .name = "tutti-1-2-3-4" };

	(void)state;
	assert_null(cgroup_attest(&cg, &g, getpid()));
	assert_int_equal(cgroup_end(&g), FENCE_GROUP_POPULATED);
	assert_int_equal(cgroup_oom_kills(&g), -1);
	assert_int_equal(cgroup_write(g.fd, "memory.events", "low 0\n"), -ENOENT);
	close(openat(g.fd, "memory.events", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(cgroup_write(g.fd, "memory.events", "low 0\noom 3\noom_kill 2\n"), 0);
	assert_int_equal(cgroup_oom_kills(&g), 2);
	close(g.fd);
}

/* --- life ------------------------------------------------------------------------------------ */

static int begin(void **state)
{
	(void)state;
	snprintf(top_dir, sizeof(top_dir), "/tmp/tutti-cgroup-XXXXXX");
	assert_non_null(mkdtemp(top_dir));
	arena = arena_create("test", MIB(8));
	return 0;
}

static int end(void **state)
{
	(void)state;
	fs_remove_tree(top_dir);
	arena_destroy(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_found),
		cmocka_unit_test(what_is_ours_is_used),
		cmocka_unit_test(names_say_whose_they_are),
		cmocka_unit_test(begins_are_read),
		cmocka_unit_test(numbers_are_read),
		cmocka_unit_test(anything_is_read),
		cmocka_unit_test(stand_in_gets_its_limits),
		cmocka_unit_test(stand_in_has_what_it_has),
		cmocka_unit_test(stand_in_is_not_believed),
	};

	return cmocka_run_group_tests_name("groups of the kernel, decided", tests, begin, end);
}
