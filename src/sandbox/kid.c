/* One child, from the launcher's side: read from a request, started, told, killed, freed. */
#include "sandbox/launcher.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLONE_ALL                                                                                  \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	    CLONE_NEWCGROUP)

#define DYING_MS 10

struct kid *kid_create(struct launcher *l, uint32_t id)
{
	struct kid *k = xalloc(sizeof(*k));

	k->arena = arena_create("fence child", MIB(16));
	k->id = id;
	k->sock = k->main_fd = k->group.fd = -1;
	k->plan = (struct fence_plan){ .host = &l->host,
		.mode = l->host.mode,
		.sock = -1,
		.repo_tree = -1,
		.writable_tree = -1 };
	k->plan.spec.in = k->plan.spec.out = k->plan.spec.err = -1;
	list_push(&l->kids, &k->list);
	l->n_kids++;
	return k;
}

void kid_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What only the child needs from here on. */
static void close_given(struct kid *k)
{
	kid_close(&k->plan.spec.in);
	kid_close(&k->plan.spec.out);
	kid_close(&k->plan.spec.err);
	kid_close(&k->plan.repo_tree);
	kid_close(&k->plan.writable_tree);
	for (size_t i = 0; k->plan.bind_trees && i < k->plan.spec.n_binds; i++)
		kid_close(&k->plan.bind_trees[i]);
}

void kid_free(struct launcher *l, struct kid *k)
{
	close_given(k);
	kid_close(&k->sock);
	kid_close(&k->main_fd);
	cgroup_remove(&l->cgroups, &k->group);
	list_remove(&k->list);
	l->n_kids--;
	arena_destroy(k->arena);
	free(k);
}

static int read_spec(struct kid *k, int memfd, struct fence_fault *f)
{
	struct stat st;

	if (fstat(memfd, &st) < 0 || st.st_size <= 0 || (size_t)st.st_size > FENCE_SPEC_MAX)
		return fence_fail(f, STAGE_REQUEST, -EPROTO, "size");
	char *bytes = arena_alloc(k->arena, (size_t)st.st_size);

	if (pread(memfd, bytes, (size_t)st.st_size, 0) != st.st_size)
		return fence_fail(f, STAGE_REQUEST, -EIO, "reading");
	int rc =
	    fence_spec_unpack(k->arena, (struct str){ bytes, (size_t)st.st_size }, &k->plan.spec);

	return rc ? fence_fail(f, STAGE_REQUEST, rc, "form") : 0;
}

static void set_stdio(struct fence_spec *spec, const struct fence_request *q, int *fds)
{
	int *const to[3] = { &spec->in, &spec->out, &spec->err };
	size_t at = 1; /* behind the memfd */

	for (size_t i = 0; i < 3; i++)
		if (q->has[i]) {
			*to[i] = fds[at];
			fds[at++] = -1;
		}
}

/* In place a root's worker owns the one directory it writes to. */
static int give_writable(const struct fence_host *host, const char *path, struct fence_fault *f)
{
	if (!path || lchown(path, host->uid, host->gid) == 0)
		return 0;
	return fence_fail(f, STAGE_TREE, -errno, path);
}

/* Only root can, and has to, open what it shows before it leaves (idmap.c). */
static int open_trees(struct launcher *l, struct kid *k, struct fence_fault *f)
{
	const struct fence_spec *spec = &k->plan.spec;
	int *trees = arena_array(k->arena, spec->n_binds + 1, sizeof(*trees));
	int rc = 0;

	for (size_t i = 0; i < spec->n_binds; i++)
		trees[i] = -1;
	k->plan.bind_trees = trees;
	if (!l->host.root)
		return 0;
	if (k->plan.mode == FENCE_C)
		return give_writable(&l->host, spec->writable, f);
	if (spec->repo)
		rc = k->plan.repo_tree =
		    fence_tree_open_as(&l->host, spec->repo, fence_attrs_repo(), false, f);
	if (rc >= 0 && spec->writable)
		rc = k->plan.writable_tree =
		    fence_tree_open_as(&l->host, spec->writable, fence_attrs_writable(), true, f);
	for (size_t i = 0; i < spec->n_binds && rc >= 0; i++)
		rc = trees[i] = fence_tree_open_as(
		    &l->host, spec->binds[i].host, fence_attrs_bind(&spec->binds[i]), false, f);
	return rc < 0 ? rc : 0;
}

int kid_tell(struct kid *k, char what)
{
	struct iovec iov = { &what, 1 };
	ssize_t n = fence_send(k->sock, &iov, 1, NULL, 0);

	return n < 0 ? (int)n : 0;
}

/* What is being killed takes a moment, in which little of it is as it was. */
static bool is_dying(pid_t init)
{
	for (unsigned ms = 0; ms < DYING_MS; ms++) {
		siginfo_t info = { .si_pid = 0 };

		if (waitid(P_PID, (id_t)init, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		    info.si_pid == init)
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

void kid_refuse(struct kid *k, const struct fence_fault *f)
{
	if (k->ready || !is_dying(k->init))
		k->fault = *f; /* else launcher_reap finds out of what it died */
	kid_kill(k);
}

/* A child that is not mapped gives up by itself when its socket closes. */
static void map(const struct launcher *l, struct kid *k)
{
	struct fence_fault f;
	int rc = fence_map_ids(k->init, l->host.uid, l->host.uid, l->host.gid, l->host.gid);

	if (!rc)
		rc = kid_tell(k, SAY_MAPPED);
	if (!rc)
		return;
	fence_fail(&f, STAGE_IDENTITY, rc, NULL);
	kid_refuse(k, &f);
}

/*
 * In the child everything that was ever allocated here is a private copy. A group that it cannot
 * begin its life in is no reason not to begin it.
 */
static pid_t clone_into(struct launcher *l, struct kid *k, unsigned long walls)
{
	const struct clone_args args = { .flags = walls | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (unsigned)k->group.fd };
	int rc = 0;

	k->plan.grouped = k->group.fd >= 0;
	if (k->plan.grouped) {
		pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

		if (pid >= 0)
			return pid;
		rc = -errno;
	}
	k->plan.grouped = false;
	pid_t pid = (pid_t)syscall(SYS_clone, walls | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid > 0 && rc && k->trial)
		cgroups_off(&l->cgroups, "no process can be started in its group", rc);
	if (pid != 0)
		cgroup_remove(&l->cgroups, &k->group);
	return pid;
}

static int clone_kid(struct launcher *l, struct kid *k, struct fence_fault *f)
{
	int ends[2];
	const int on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fence_fail(f, STAGE_REQUEST, -errno, "socket");
	k->sock = ends[0];
	k->plan.sock = ends[1];
	if (setsockopt(k->sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
		int rc = fence_fail(f, STAGE_REQUEST, -errno, "socket");

		close(ends[1]);
		return rc;
	}
	unsigned long walls = k->plan.mode == FENCE_C ? 0 : CLONE_ALL;

	walls &= ~(unsigned long)FENCE_HOLE_BITS("namespaces");
	pid_t pid = clone_into(l, k, walls);

	if (pid == 0)
		fence_child(&k->plan);
	close(ends[1]);
	if (pid < 0)
		return fence_fail(f, STAGE_CLONE, -errno, NULL);
	k->init = pid;
	close_given(k);
	if (l->host.root && k->plan.mode != FENCE_C)
		map(l, k);
	k->oom_before = fence_oom_kills(); /* takes its time, and now there is some */
	return 0;
}

int kid_start(struct launcher *l, struct kid *k, struct fence_fault *f)
{
	int rc = open_trees(l, k, f);

	/* goes on without; so does who has more scratch than a group's limit reckons with */
	if (!rc && k->plan.spec.scratch_bytes <= FENCE_SCRATCH)
		cgroup_make(&l->cgroups, &k->group);
	return rc ? rc : clone_kid(l, k, f);
}

int kid_make(struct launcher *l, struct kid *k, const struct fence_request *q, int *fds,
    size_t n_fds, struct fence_fault *f)
{
	size_t want = 1u + q->has[0] + q->has[1] + q->has[2];

	if (l->host.mode == FENCE_NONE) {
		*f = l->host.why[FENCE_A];
		return f->code;
	}
	if (l->n_kids > FENCE_CHILDREN_MAX)
		return fence_fail(f, STAGE_REQUEST, -EAGAIN, "too many children at once");
	if (n_fds != want) /* the kernel drops what it has no number for */
		return fence_fail(
		    f, STAGE_REQUEST, n_fds < want ? -EMFILE : -EPROTO, "descriptors");
	int rc = read_spec(k, fds[0], f);

	if (rc)
		return rc;
	if ((k->plan.spec.place != NULL) != (k->plan.mode == FENCE_C))
		return fence_fail(f, STAGE_REQUEST, -EPROTO, "place");
	set_stdio(&k->plan.spec, q, fds);
	return kid_start(l, k, f);
}

/*
 * Init's death is the end of its namespace; a warden is asked, and answers when all is
 * gone. It does not hear while the main process still stands in its memory, but that one
 * does.
 */
void kid_kill(struct kid *k)
{
	k->killed = true;
	if (k->plan.mode == FENCE_C && k->sock >= 0)
		shutdown(k->sock, SHUT_WR);
	kill(k->init, k->plan.mode == FENCE_C ? SIGTERM : SIGKILL);
}
