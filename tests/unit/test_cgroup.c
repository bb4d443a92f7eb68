/*
 * Groups of the kernel for children: what is decided, as functions; and for real, in groups that
 * this test makes, where there is a cgroup v2 file system and we are root. src/sandbox is compiled
 * again for it with one more controller (hugetlb), since memory, pids and cpu are version 1's on
 * many machines: it is enabled, limited and read back as they are.
 *
 * For those, a plain directory stands in for a group (`stand_in_…`): that shows what is written
 * where, and not what a kernel makes of it.
 *
 * The same tests run on emulated poorer machines (../degrade.h).
 */
#include "../group.h"
#include "fence.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define ORDINARY 64123 /* any uid that is nobody's */

static struct arena *arena;

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

static char top_dir[64]; /* of this test */

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

/* --- for real -------------------------------------------------------------------------------- */

static const char *mounted; /* a cgroup v2 file system that we may write to; NULL: none */

/* One that is there, or one of our own: for this process and those it starts. */
static void find_mount(void)
{
	const char *own = fs_join(arena, top_dir, "groups");
	char path[PATH_BYTES_MAX], dir[GROUP_PATH];

	if (geteuid() != 0)
		return;
	if (group_mounted(path))
		mounted = arena_cstr(arena, str_from(path));
	else if (group_own_mounts() && mkdir(own, 0755) == 0 &&
		 mount("none", own, "cgroup2", 0, NULL) == 0)
		mounted = own;
	if (mounted && (group_make(mounted, 0, false, dir) < 0 || group_remove(dir) < 0))
		mounted = NULL;
	if (!mounted)
		print_message("# no cgroup v2 here that we could write to: nothing is tried\n");
}

static const char *group_for(uid_t uid, bool marked)
{
	char *dir = arena_alloc(arena, GROUP_PATH);

	assert_int_equal(group_make(mounted, uid, marked, dir), 0);
	return dir;
}

static const char *new_group(void)
{
	return group_for(0, false);
}

static int open_group(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Names of the groups below DIR. */
static json_t *groups_in(const char *dir)
{
	const char *script =
	    arena_printf(arena, "find '%s' -mindepth 1 -type d -printf '%%f\\n'", dir);
	json_t *list = json_array();
	char line[256];
	FILE *f = popen(script, "re");

	while (f && fgets(line, sizeof(line), f))
		json_array_append_new(list, json_text(str_trim(str_from(line))));
	if (f)
		pclose(f);
	return list;
}

static void remove_group(const char *dir)
{
	assert_int_equal(group_remove(dir), 0);
}

static void enter(const char *dir)
{
	if (group_enter(dir) < 0)
		_exit(3);
}

/* A process in DIR that stays until it is killed. */
static pid_t sleeper_in(const char *dir)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGTERM, SIG_IGN);
		enter(dir);
		if (write(ends[1], "", 1) != 1)
			_exit(3);
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

/* --- a daemon in a group --------------------------------------------------------------------- */

struct daemon {
	const char *dir;
	bool read_only;	    /* the mount */
	uid_t uid;	    /* 0: as root */
	bool stay;	    /* with its child, until it is killed */
	bool nested;	    /* where there are no more namespaces to be had */
	const char *script; /* of its child; NULL: that says where it is */
};

struct outcome {
	struct fence_child *child;
	bool over;
	json_t *proof;
	struct fence_report last;
};

static void on_report(void *ctx, const struct fence_report *r)
{
	struct outcome *o = ctx;

	if (r->event == FENCE_READY) {
		o->proof = json_deep_copy(json_object_get(r->proof, "cgroup"));
		sandbox_go(o->child);
		return;
	}
	o->over = true;
	o->last = *r;
}

static const char *own_group(void)
{
	struct buf text;

	buf_init(&text, KIB(64));
	if (fence_proc_read(0, "self/cgroup", &text) < 0)
		_exit(3);
	const char *path = arena_cstr(arena, cgroup_of(buf_str(&text)));

	buf_fini(&text);
	return path;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(8);
	close(fd);
}

/*
 * A user namespace in which there can be no other, with all ids as they are: here clone3 is there,
 * and the fence comes to mode C.
 */
static void nest(void)
{
	static const char all[] = "0 0 4294967295";
	const char *proc = arena_printf(arena, "/proc/%d", (int)getpid());
	int asked[2], done[2];
	char byte;

	if (pipe2(asked, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0)
		_exit(8);
	pid_t pid = fork();

	if (pid == 0) {
		if (read(asked[0], &byte, 1) != 1)
			_exit(8);
		put(fs_join(arena, proc, "uid_map"), all);
		put(fs_join(arena, proc, "gid_map"), all);
		_exit(write(done[1], "", 1) != 1);
	}
	if (unshare(CLONE_NEWUSER) < 0 || write(asked[1], "", 1) != 1 ||
	    read(done[0], &byte, 1) != 1 || waitpid(pid, NULL, 0) != pid)
		_exit(8);
	put("/proc/sys/user/max_user_namespaces", "0");
}

/* One child; what it says is in the file OUT. */
static void run_child(const struct daemon *d, struct sandbox *sb, struct outcome *o, int out)
{
	const char *script = d->stay ? "echo up; trap '' TERM; sleep 1000 & sleep 1000"
			     : d->script
				 ? d->script
				 : "cat /proc/self/cgroup || :"; /* in place there is none */
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	struct fence_place place;
	struct err err;

	if (sandbox_set_base(sb, top_dir, &err) < 0 ||
	    sandbox_place(sb, arena, FENCE_COMMAND, &place, &err) < 0)
		_exit(4);
	const struct fence_spec spec = { .purpose = FENCE_COMMAND,
		.place = &place,
		.argv = argv,
		.env = env,
		.in = -1,
		.out = out,
		.err = -1 };

	if (sandbox_spawn(sb, &spec, on_report, o, &o->child, &err) < 0 ||
	    !turn_until(sb, &o->over))
		_exit(4);
	sandbox_leave(&place);
}

/* Tells what it found, as JSON, at the end of its life. */
static void live(const struct daemon *d, int out, int child_out)
{
	struct outcome o = { 0 };
	enum fence_mode mode;
	struct sandbox *sb;
	struct err err;

	enter(d->dir);
	if (d->read_only &&
	    (!group_own_mounts() ||
		mount(NULL, mounted, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0))
		_exit(5);
	if (d->nested)
		nest();
	if (d->uid && (setgid(d->uid) < 0 || setuid(d->uid) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0))
		_exit(5);
	if (sandbox_start(&sb, &err) < 0)
		_exit(5);
	json_t *doc = sandbox_probe(sb, &mode);

	if (mode != (d->nested ? FENCE_C : wanted_mode()))
		_exit(6);
	run_child(d, sb, &o, child_out);
	json_t *told =
	    json_pack("{s:O, s:o, s:i, s:i, s:s}", "found", json_object_get(doc, "cgroup"), "proof",
		o.proof, "group", (int)o.last.group, "status", o.last.status, "own", own_group());
	char *text = json_dump(told);

	sandbox_stop(sb);
	if (dprintf(out, "%s", text) < 0)
		_exit(7);
	_exit(0);
}

static pid_t start_daemon(const struct daemon *d, int out, int child_out)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		live(d, out, child_out);
	return pid;
}

/* What it told; what its child said is in *SAID. */
static json_t *life_of(const struct daemon *d, struct str *said)
{
	int out = memfd_create("told", MFD_CLOEXEC), child_out = memfd_create("said", MFD_CLOEXEC);
	char *text = arena_alloc(arena, KIB(16)), *words = arena_alloc(arena, KIB(16));
	int status;
	pid_t pid = start_daemon(d, out, child_out);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ssize_t n = pread(out, text, KIB(16), 0), m = pread(child_out, words, KIB(16), 0);

	assert_true(n > 0 && m >= 0);
	*said = (struct str){ words, (size_t)m };
	close(out);
	close(child_out);
	json_t *told = json_parse((struct str){ text, (size_t)n }, NULL);

	assert_non_null(told);
	assert_int_equal(json_get_int(told, "status", -1), 0);
	return told;
}

static bool managed(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

/* In mode C the emulated machine has no clone3: nothing can begin its life in a group. */
static bool has_clone3(void)
{
	return wanted_mode() != FENCE_C;
}

static void expect_unused(json_t *told, const char *why)
{
	const json_t *found = json_get_object(told, "found");

	assert_false(json_get_bool(found, "used", true));
	if (!strstr(json_get_cstr(found, "why", ""), why))
		fail_msg("%s, not %s", json_get_cstr(found, "why", ""), why);
	assert_true(json_is_null(json_object_get(told, "proof")));
	assert_int_equal(json_get_int(told, "group", -1), FENCE_GROUP_NONE);
	json_decref(told);
}

/* With all of it, when CONTROLLED. */
static void expect_used(json_t *told, const char *kind, bool controlled)
{
	const json_t *proof = json_get_object(told, "proof");
	const json_t *found = json_get_object(told, "found");
	const json_t *limits = json_get_object(proof, "limits");

	if (!json_get_bool(found, "used", false))
		fail_msg("%s", json_get_cstr(found, "why", ""));
	assert_string_equal(json_get_cstr(found, "kind", ""), kind);
	assert_string_equal(json_get_cstr(proof, "kind", ""), kind);
	assert_int_equal(json_get_int(proof, "populated", 0), 1);
	assert_int_equal(json_array_size(json_get_array(proof, "controllers")), controlled);
	assert_int_equal(json_array_size(json_get_array(found, "controllers")), controlled);
	assert_int_equal(json_object_size(limits), controlled);
	if (controlled)
		assert_int_equal(json_get_int(limits, FENCE_CONTROLLER_FILE, -1), 0);
	assert_int_equal(json_get_int(told, "group", -1), FENCE_GROUP_EMPTY);
	json_decref(told);
}

/* Whether the kernel has the controller of this test in version 2. */
static bool has_controller(const char *dir)
{
	int fd = open_group(dir);
	struct buf text;

	buf_init(&text, KIB(4));
	assert_int_equal(cgroup_read(fd, "cgroup.controllers", &text), 0);
	bool has = cgroup_bits(buf_str(&text)) != 0;

	buf_fini(&text);
	close(fd);
	return has;
}

/* --- used ------------------------------------------------------------------------------------ */

#define NEED_GROUPS()           \
	do {                    \
		(void)state;    \
		if (!mounted)   \
			return; \
	} while (0)

static void a_delegated_group_is_used(void **state)
{
	NEED_GROUPS();
	struct daemon d = { .dir = group_for(0, true) };
	struct str said;

	bool controlled = has_controller(d.dir);
	json_t *told = life_of(&d, &said), *left = groups_in(d.dir);
	const char *own = json_get_cstr(told, "own", "");

	if (controlled)
		assert_non_null(strstr(own, "-house"));
	/* of its child nothing is left, and the daemon's own goes with the next */
	assert_int_equal(json_array_size(left), controlled);
	if (has_clone3()) {
		/* inside it looks like the root of all */
		if (!str_contains(said, STR("0::/\n")))
			fail_msg("%.*s", STR_ARG(said));
		assert_true(str_find(said, STR("tutti-")) < 0);
		expect_used(told, "delegated", controlled);
	} else {
		expect_unused(told, "no process can be started in its group");
	}
	json_decref(left);
	remove_group(d.dir);
}

static void ones_own_group_is_used(void **state)
{
	NEED_GROUPS();
	struct daemon d = { .dir = new_group() };
	struct str said;
	bool controlled = has_controller(d.dir);
	json_t *told = life_of(&d, &said);

	if (managed())
		expect_unused(told, "belongs to systemd");
	else if (has_clone3())
		expect_used(told, "own", controlled);
	else
		expect_unused(told, "no process can be started in its group");
	remove_group(d.dir);
}

/* Its owner needs no root. */
static void a_users_group_is_used(void **state)
{
	NEED_GROUPS();
	struct daemon d = { .dir = group_for(ORDINARY, true), .uid = ORDINARY };
	struct str said;
	bool controlled = has_controller(d.dir);
	json_t *told = life_of(&d, &said);

	if (has_clone3())
		expect_used(told, "delegated", controlled);
	else
		expect_unused(told, "no process can be started in its group");
	remove_group(d.dir);
}

/* Others' processes stay where they are, and controllers off. */
static void a_shared_group_is_used_without_controllers(void **state)
{
	NEED_GROUPS();
	struct daemon d = { .dir = group_for(0, true) };
	struct str said;

	bool controlled = has_controller(d.dir);
	pid_t other = sleeper_in(d.dir);
	json_t *told = life_of(&d, &said);

	assert_null(strstr(json_get_cstr(told, "own", ""), "-house"));
	if (controlled && has_clone3())
		assert_string_equal(json_get_cstr(json_get_object(told, "found"), "why", ""),
		    "other processes are in its group");
	if (has_clone3())
		expect_used(told, "delegated", false);
	else
		expect_unused(told, "no process can be started in its group");
	assert_int_equal(kill(other, 0), 0);
	remove_group(d.dir);
	assert_int_equal(waitpid(other, NULL, 0), other);
}

/* Harm to the group DIR, which has a group x: says "through N" for each of eight. */
static const char *harm(const char *dir)
{
	static const char *const attempts[] = { "mkdir '%s'/new", "echo $$ >'%s'/cgroup.procs",
		"echo 1 >'%s'/x/cgroup.kill", "echo 9 >'%s'/cgroup.max.depth",
		"echo 1 >'%s'/x/cgroup.freeze", "rmdir '%s'/x", "cat '%s'/cgroup.procs",
		"ls '%s'" };
	const char *script = "exec 2>&1";

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		struct str what = str_from(attempts[i]);
		struct str before = str_take(what, (size_t)str_find(what, STR("%s")));
		struct str after = str_skip(what, before.n + 2);

		script = arena_printf(arena, "%s\n(%.*s%s%.*s) >/dev/null && echo through %zu",
		    script, STR_ARG(before), dir, STR_ARG(after), i);
	}
	return arena_printf(arena, "%s\necho all tried", script);
}

static const char *group_with_another(void)
{
	const char *dir = group_for(ORDINARY, true);

	assert_int_equal(mkdir(fs_join(arena, dir, "x"), 0755), 0);
	assert_int_equal(system(arena_printf(arena, "chown -R %d '%s'", ORDINARY, dir)), 0);
	return dir;
}

/* Without a fence its owner may do all of it: else the rest shows nothing. */
static void its_owner_writes_to_it(void **state)
{
	NEED_GROUPS();
	const char *dir = group_with_another();
	int ends[2];
	char said[4096];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (pid == 0) {
		enter(dir);
		if (setgid(ORDINARY) < 0 || setuid(ORDINARY) < 0 || dup2(ends[1], 1) < 0)
			_exit(3);
		execl("/bin/sh", "sh", "-c", harm(dir), NULL);
		_exit(3);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	ssize_t n = read(ends[0], said, sizeof(said));

	close(ends[0]);
	close(ends[1]);
	assert_true(n > 0);
	for (char i = '0'; i < '8'; i++)
		if (!str_contains((struct str){ said, (size_t)n },
			str_from(arena_printf(arena, "through %c\n", i))))
			fail_msg("%c: %.*s", i, (int)n, said);
	remove_group(dir);
}

/*
 * In place the file system of groups is seen, and this group is the worker's own: what keeps it
 * from there is Landlock.
 */
static void nobody_writes_to_it_in_place(void **state)
{
	NEED_GROUPS();
	if (getenv("DEGRADED"))
		return; /* it makes its own poorer machine */
	struct daemon d = { .dir = group_with_another(), .uid = ORDINARY, .nested = true };
	struct str said;

	d.script = harm(d.dir);
	bool controlled = has_controller(d.dir);
	json_t *told = life_of(&d, &said);

	if (!str_ends(said, STR("all tried\n")) || str_contains(said, STR("through")))
		fail_msg("%.*s", STR_ARG(said));
	expect_used(told, "delegated", controlled);
	assert_int_equal(access(fs_join(arena, d.dir, "x"), F_OK), 0);
	remove_group(d.dir);
}

/* --- not used -------------------------------------------------------------------------------- */

static void a_shared_group_is_not_taken(void **state)
{
	NEED_GROUPS();
	struct daemon d = { .dir = new_group() };
	struct str said;
	pid_t other = sleeper_in(d.dir);

	expect_unused(life_of(&d, &said), managed() ? "systemd" : "other processes");
	json_t *left = groups_in(d.dir);

	assert_int_equal(json_array_size(left), 0);
	json_decref(left);
	remove_group(d.dir);
	assert_int_equal(waitpid(other, NULL, 0), other);
}

static void the_root_is_not_taken(void **state)
{
	NEED_GROUPS();
	struct daemon d = { .dir = mounted };
	struct str said;

	if (access(fs_join(arena, mounted, "cgroup.events"), F_OK) == 0)
		return; /* a container's is no root */
	expect_unused(life_of(&d, &said), "the root of all groups");
}

static void what_cannot_be_written_is_not(void **state)
{
	NEED_GROUPS();
	struct daemon ro = { .dir = group_for(0, true), .read_only = true };
	struct daemon foreign = { .dir = group_for(0, true), .uid = ORDINARY };
	struct str said;

	if (wanted_mode() != FENCE_C) /* there nobody has mounts of one's own */
		expect_unused(life_of(&ro, &said), "no group can be made in its own: ");
	expect_unused(life_of(&foreign, &said), "");
	remove_group(ro.dir);
	remove_group(foreign.dir);
}

/* --- ended ----------------------------------------------------------------------------------- */

static pid_t bomb_in(const char *dir)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	enter(dir);
	setpgid(0, 0);
	signal(SIGTERM, SIG_IGN);
	for (int i = 0; i < 6; i++)
		if (fork() == 0)
			setsid();
	for (;;)
		pause();
}

static void whatever_is_in_it_ends(void **state)
{
	NEED_GROUPS();
	const char *dir = new_group();
	struct cgroup g = { .fd = open_group(dir), .name = "x" };

	assert_int_equal(cgroup_end(&(struct cgroup){ .fd = -1 }), FENCE_GROUP_NONE);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	bomb_in(dir);
	for (size_t n = 0; n < 40;) { /* 64 in the end */
		struct buf text;

		buf_init(&text, KIB(64));
		assert_int_equal(cgroup_read(g.fd, "cgroup.procs", &text), 0);
		n = 0;
		for (struct str rest = str_trim(buf_str(&text)); rest.n; n++)
			str_line(&rest);
		buf_fini(&text);
	}
	assert_int_equal(cgroup_end(&g), FENCE_GROUP_EMPTY);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	assert_int_equal(cgroup_end(&g), FENCE_GROUP_EMPTY);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	close(g.fd);
	assert_int_equal(rmdir(dir), 0);
}

static unsigned long long begin_of(pid_t pid)
{
	struct buf text;

	buf_init(&text, KIB(64));
	assert_int_equal(fence_proc_read(pid, "stat", &text), 0);
	unsigned long long start = cgroup_start_of(buf_str(&text));

	buf_fini(&text);
	assert_true(start > 0);
	return start;
}

static const char *group_of(const char *top, const struct cgroup_owner *owner, const char *last)
{
	char name[CGROUP_NAME_MAX];

	cgroup_name(owner, last, name);
	const char *dir = fs_join(arena, top, name);

	assert_int_equal(mkdir(dir, 0755), 0);
	return dir;
}

/* Dead daemons' groups go, with whom is in them; of the living, and of others, none. */
static void leftovers_are_swept(void **state)
{
	NEED_GROUPS();
	const char *top = new_group();
	struct stat ns;

	assert_int_equal(stat("/proc/self/ns/pid", &ns), 0);
	const struct cgroup_owner me = { ns.st_ino, (unsigned long long)getpid(),
		begin_of(getpid()) };
	const struct cgroup_owner dead = { me.ns, me.pid, me.start - 1 };
	const struct cgroup_owner elsewhere = { me.ns + 1, me.pid, me.start - 1 };
	const char *gone[] = { group_of(top, &dead, "house"), group_of(top, &dead, "3") };
	const char *kept[] = { group_of(top, &me, "3"), group_of(top, &elsewhere, "3"),
		fs_join(arena, top, "user.scope") };
	const struct cgroups cg = { .used = true, .top = open_group(top), .owner = me };

	assert_int_equal(mkdir(kept[2], 0755), 0);
	pid_t left = sleeper_in(gone[1]), living = sleeper_in(kept[0]), other = sleeper_in(kept[1]);

	assert_int_equal(cgroups_sweep(&cg), 2);
	int status;

	assert_int_equal(waitpid(left, &status, 0), left);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(kill(living, 0), 0);
	assert_int_equal(kill(other, 0), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(access(kept[i], F_OK), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(access(gone[i], F_OK), -1);
	assert_int_equal(cgroups_sweep(&cg), 0);
	close(cg.top);
	remove_group(top);
	assert_int_equal(waitpid(living, NULL, 0), living);
	assert_int_equal(waitpid(other, NULL, 0), other);
}

/* A daemon is killed with its child at work; the next one in its place clears away behind it. */
static void a_killed_daemon_is_cleared_away(void **state)
{
	NEED_GROUPS();
	struct daemon d = { .dir = group_for(0, true), .stay = true };
	int ends[2], status;
	char bytes[8];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = start_daemon(&d, -1, ends[1]);

	close(ends[1]);
	assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 3);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	json_t *left = groups_in(d.dir);

	if (has_clone3())
		assert_true(json_array_size(left) > 0);
	json_decref(left);
	struct stat ns;

	assert_int_equal(stat("/proc/self/ns/pid", &ns), 0);
	const struct cgroups cg = { .used = true,
		.top = open_group(d.dir),
		.owner = { ns.st_ino, (unsigned long long)getpid(), begin_of(getpid()) } };

	cgroups_sweep(&cg);
	close(cg.top);
	left = groups_in(d.dir);
	assert_int_equal(json_array_size(left), 0);
	json_decref(left);
	assert_int_equal(read(ends[0], bytes, 1), 0); /* nobody has it open any more */
	close(ends[0]);
	remove_group(d.dir);
}

/* --- life ------------------------------------------------------------------------------------ */

static int begin(void **state)
{
	(void)state;
	alarm(100); /* what was not killed would be waited for */
	snprintf(top_dir, sizeof(top_dir), "/tmp/tutti-cgroup-XXXXXX");
	assert_non_null(mkdtemp(top_dir));
	arena = arena_create("test", MIB(8));
	assert_int_equal(chmod(top_dir, 01777), 0); /* of an ordinary user's daemon, too */
	find_mount();
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (mounted && strncmp(mounted, top_dir, strlen(top_dir)) == 0)
		umount(mounted);
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
		cmocka_unit_test(a_delegated_group_is_used),
		cmocka_unit_test(ones_own_group_is_used),
		cmocka_unit_test(a_users_group_is_used),
		cmocka_unit_test(a_shared_group_is_used_without_controllers),
		cmocka_unit_test(its_owner_writes_to_it),
		cmocka_unit_test(nobody_writes_to_it_in_place),
		cmocka_unit_test(a_shared_group_is_not_taken),
		cmocka_unit_test(the_root_is_not_taken),
		cmocka_unit_test(what_cannot_be_written_is_not),
		cmocka_unit_test(whatever_is_in_it_ends),
		cmocka_unit_test(leftovers_are_swept),
		cmocka_unit_test(a_killed_daemon_is_cleared_away),
	};

	return cmocka_run_group_tests_name("groups of the kernel", tests, begin, end);
}
