/*
 * Groups of the kernel for children, for real: in groups that this test makes, where there is a
 * cgroup v2 file system and we are root. src/sandbox is compiled again for it with one more
 * controller (hugetlb), since memory, pids and cpu are version 1's on many machines: it is enabled,
 * limited and read back as they are. The same tests run on emulated poorer machines (../degrade.h).
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
static char top_dir[64]; /* of this test */

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
