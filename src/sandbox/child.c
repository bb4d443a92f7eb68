/*
 * Stage 1: pid 1 of the namespaces. It builds the walls with the capabilities it has only there,
 * gives these up, starts the main process and then only waits for it. Its death is the end of
 * everything inside; it dies when the launcher does. Where there are no namespaces (mode C) it is
 * the warden, has nothing to build, and outlives the launcher for as long as it takes to end what
 * is left (warden.c).
 *
 *   armed ──SAY_BUILD──► mounts, network, capabilities ──clone──► main process: enter.c
 *                                                   └──► waits; the end of main ends it all
 *
 * Between clone and exec nothing allocates, nothing locks and nothing is buffered.
 */
#include "sandbox/priv.h"

#include "sys/fs.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_SIZE KIB(256)

/* --- descriptors ------------------------------------------------------------------------- */

struct keep {
	int fds[8 + FENCE_BINDS_MAX];
	size_t n;
};

/* Keeps the list sorted. */
static void keep(struct keep *k, int fd)
{
	size_t i = k->n++;

	for (; i > 0 && k->fds[i - 1] > fd; i--)
		k->fds[i] = k->fds[i - 1];
	k->fds[i] = fd;
}

static void close_others(const struct keep *k)
{
	unsigned from = 0;

	for (size_t i = 0; i < k->n; i++) {
		if (k->fds[i] < 0)
			continue;
		if ((unsigned)k->fds[i] > from)
			close_range(from, (unsigned)k->fds[i] - 1, 0);
		from = (unsigned)k->fds[i] + 1;
	}
	close_range(from, ~0u, 0);
}

/*
 * The launcher's other sockets and pipes were inherited, too. 0, 1 and 2 stay occupied, so that
 * nothing opened here lands on them.
 */
static void drop_inherited(const struct fence_plan *p)
{
	struct keep k = { .n = 0 };
	const int ours[] = { 0, 1, 2, p->sock, p->spec.in, p->spec.out, p->spec.err, p->repo_tree,
		p->writable_tree };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		keep(&k, ours[i]);
	for (size_t i = 0; i < p->spec.n_binds; i++)
		keep(&k, p->bind_trees[i]);
	close_others(&k);
}

/* --- giving up --------------------------------------------------------------------------- */

static int drop_bounding(struct fence_fault *f)
{
	if (FENCE_HOLE("capabilities"))
		return 0;
	unsigned long cap = 0;

	while (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
		cap++;
	/* the first that this kernel does not know */
	return errno == EINVAL && cap ? 0 : fence_fail(f, STAGE_DROP, -errno, "bounding set");
}

/* An ordinary user has no bounding set to drop in place; no_new_privs makes it void. */
static int drop_capabilities(const struct fence_plan *p, struct fence_fault *f)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { { 0 } };
	int rc = p->mode == FENCE_C ? 0 : drop_bounding(f);

	if (rc || FENCE_HOLE("capabilities"))
		return rc;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) < 0)
		return fence_fail(f, STAGE_DROP, -errno, "capset");
	return 0;
}

/* --- who it is --------------------------------------------------------------------------- */

static int write_text(const char *path, const char *text)
{
	size_t n = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = write(fd, text, n) == (ssize_t)n ? 0 : -errno;

	close(fd);
	return rc;
}

/* An ordinary user may map itself to itself, and only after giving up setgroups. */
static int map_self(const struct fence_host *host)
{
	char line[64];

	prctl(PR_SET_DUMPABLE, 1); /* otherwise /proc/self belongs to root */
	int rc = write_text("/proc/self/setgroups", "deny");

	snprintf(line, sizeof(line), "%u %u 1\n", host->uid, host->uid);
	if (!rc)
		rc = write_text("/proc/self/uid_map", line);
	snprintf(line, sizeof(line), "%u %u 1\n", host->gid, host->gid);
	return rc ? rc : write_text("/proc/self/gid_map", line);
}

/*
 * Root leaves before anything is built. No id of root is mapped, so the capabilities of this
 * namespace survive the change and reach nothing that belongs to root.
 */
static int leave_root(const struct fence_plan *p)
{
	int rc = fence_wait(p->sock, SAY_MAPPED);

	if (rc)
		return rc;
	if (setgroups(0, NULL) < 0 || setresgid(p->host->gid, p->host->gid, p->host->gid) < 0 ||
	    setresuid(p->host->uid, p->host->uid, p->host->uid) < 0)
		return -errno;
	return 0;
}

/* In place the capabilities are those of the host: all of them go, and they go first. */
static int leave_in_place(const struct fence_plan *p, struct fence_fault *f)
{
	uid_t uid = p->host->uid;
	gid_t gid = p->host->gid;

	if (!p->host->root)
		return 0;
	int rc = drop_bounding(f);

	if (rc)
		return rc;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return fence_fail(f, STAGE_IDENTITY, -errno, NULL);
	return 0;
}

/*
 * The start race: were the launcher to die before the death signal is armed, nothing would tell
 * us. So: arm, say so, and go on only when it answers. (A change of uid disarms; it comes first.)
 */
static int arm(const struct fence_plan *p)
{
	const struct fence_note armed = { .type = NOTE_ARMED };

	if (prctl(PR_SET_PDEATHSIG, p->mode == FENCE_C ? SIGTERM : SIGKILL) < 0)
		return -errno;
	int rc = fence_note_send(p->sock, &armed, NULL, 0);

	return rc ? rc : fence_wait(p->sock, SAY_BUILD);
}

/* --- the order of things ------------------------------------------------------------------ */

/*
 * The namespace of groups that it was made in shows where its own stands among ours; a new one
 * shows that as the root. Only a name, so it is no reason to end that this may fail.
 */
static void hide_group(const struct fence_plan *p)
{
	if (p->grouped && !FENCE_HOLE_BITS("namespaces"))
		unshare(CLONE_NEWCGROUP);
}

static int build_room(const struct fence_plan *p, struct fence_entry *entry, struct fence_fault *f)
{
	int rc = fence_mounts(p, entry, f);

	hide_group(p);
	if (!rc)
		rc = fence_network(&p->spec, &entry->listener, f);
	if (!rc && sethostname("fence", 5) < 0)
		rc = fence_fail(f, STAGE_ROOT, -errno, "host name");
	return rc;
}

static int leave(const struct fence_plan *p, struct fence_fault *f)
{
	if (p->mode == FENCE_C)
		return leave_in_place(p, f);
	int rc = p->host->root ? leave_root(p) : map_self(p->host);

	return rc ? fence_fail(f, STAGE_IDENTITY, rc, NULL) : 0;
}

static int build(const struct fence_plan *p, struct fence_entry *entry, struct fence_fault *f)
{
	int rc = leave(p, f);

	if (!rc && p->mode == FENCE_C)
		rc = fence_warden_begin(f);
	if (rc)
		return rc;
	rc = arm(p);
	if (rc)
		return fence_fail(f, STAGE_IDENTITY, rc, NULL);
	umask(0);
	rc = p->mode == FENCE_C ? fence_scratch_in_place(&p->spec, f) : build_room(p, entry, f);
	return rc ? rc : drop_capabilities(p, f);
}

/* The launcher sees to that, too; but it may be gone. */
static void clean_up(const struct fence_plan *p)
{
	if (p->trial && p->mode == FENCE_C)
		fs_remove_tree(p->spec.place->scratch);
}

static void fail(const struct fence_plan *p, const struct fence_fault *f)
{
	const struct fence_note note = { .type = NOTE_FAILED, .fault = *f };

	clean_up(p);
	fence_note_send(p->sock, &note, NULL, 0);
	fence_quit(1);
}

/* Reaps whatever is orphaned inside until the main process is gone. */
static int wait_for(pid_t main)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid == main)
			return status;
		if (pid < 0 && errno != EINTR)
			fence_quit(1);
	}
}

void fence_child(const struct fence_plan *p)
{
	static char stack[STACK_SIZE] __attribute__((aligned(64)));
	struct fence_fault f = { .stage = STAGE_NONE };
	struct fence_entry entry = { .plan = p, .listener = -1 };

	prctl(PR_SET_NAME, p->mode == FENCE_C ? "tutti-warden" : "tutti-init");
	drop_inherited(p);
	if (build(p, &entry, &f))
		fail(p, &f);
	/* until its exec the main process lives in our memory and we stand still: half the price */
	int main =
	    clone(fence_enter, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &entry);

	if (main < 0) {
		fence_fail(&f, STAGE_EXEC, -errno, "clone");
		fail(p, &f);
	}
	prctl(PR_SET_DUMPABLE, 0);
	close_others(&(struct keep){ .fds = { p->sock }, .n = 1 });
	struct fence_note ended = { .type = NOTE_ENDED };

	ended.status =
	    p->mode == FENCE_C ? fence_warden_watch(main, &entry.scoped) : wait_for(main);
	clean_up(p);
	fence_note_send(p->sock, &ended, NULL, 0);
	fence_quit(0);
	__builtin_unreachable();
}
