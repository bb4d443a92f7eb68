/*
 * The canary: eleven kinds of forbidden actions, tried right before exec by the process that is
 * about to become the program. It is not enough that one fails: it has to fail for the reason that
 * the wall in charge gives, so that a missing wall shows even where another one stands behind it.
 * EROFS is the mounts', EACCES Landlock's, EPERM of a signal Landlock's scope, EAFNOSUPPORT,
 * ENOSYS and EPERM of a call seccomp's, ENOENT the new root's and /proc's.
 *
 * What is in charge depends on the mode. Where there is Landlock, every right that it withholds is
 * tried on bait: a file and a directory that the worker owns and could change. Without it (B)
 * nothing is tried that only Landlock forbids and that does no harm in a root of its own.
 */
#include "sandbox/priv.h"

#include "base/unconst.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define MPTCP 262

/* RC of a call that must have failed with WANT. A descriptor that it gave is closed. */
static bool refused(long rc, int want)
{
	if (rc >= 0) {
		if (rc > 2)
			close((int)rc);
		return false;
	}
	return errno == want;
}

static bool cannot_open(const char *path, int flags, int want)
{
	return refused(open(path, flags | O_CLOEXEC, 0600), want);
}

/* NAME of the bait, until the next call but one. */
static const char *bait(const struct fence_plan *p, const char *name)
{
	static char paths[2][PATH_BYTES_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 2];

	if (p->mode == FENCE_C)
		snprintf(path, PATH_BYTES_MAX, "%s/" FENCE_BAIT "%s", p->spec.place->scratch, name);
	else
		snprintf(path, PATH_BYTES_MAX, FENCE_BAIT_INSIDE "%s", name);
	return path;
}

static bool has_landlock(const struct fence_plan *p)
{
	return p->mode != FENCE_B;
}

/* A name in DIR that is not taken: a repository could hold any that stands here. */
static const char *fresh(const char *dir)
{
	static char path[PATH_BYTES_MAX];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(
	    path, sizeof(path), "%s/.canary-%lld-%ld", dir, (long long)now.tv_sec, now.tv_nsec);
	return path;
}

static bool bait_holds(const struct fence_plan *p)
{
	static const char *const argv[] = { "canary", NULL };

	return cannot_open(bait(p, "/file"), O_WRONLY, EACCES) &&
	       cannot_open(bait(p, "/file"), O_RDWR | O_APPEND, EACCES) &&
	       cannot_open("/dev/zero", O_WRONLY, EACCES) &&
	       /* were it let through, it would be no program */
	       refused(execve(bait(p, "/file"), unconst(argv), unconst(argv + 1)), EACCES);
}

/* A device's ioctl is a right of its own (ABI 5). */
static bool cannot_control(const struct fence_plan *p)
{
	int fd = p->host->landlock_abi < 5 ? -1 : open("/dev/zero", O_RDONLY | O_CLOEXEC), pages;
	bool ok = fd < 0 ? p->host->landlock_abi < 5 : refused(ioctl(fd, TCGETS, &pages), EACCES);

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool cannot_write(const struct fence_plan *p)
{
	if (has_landlock(p) && !(bait_holds(p) && cannot_control(p)))
		return false;
	if (p->mode == FENCE_C)
		return !p->spec.repo ||
		       cannot_open(fresh(p->spec.repo), O_WRONLY | O_CREAT, EACCES);
	return cannot_open("/repo", O_TMPFILE | O_RDWR, EROFS) &&
	       cannot_open("/usr", O_TMPFILE | O_RDWR, EROFS);
}

static bool cannot_create_bait(const struct fence_plan *p)
{
	const dev_t null = makedev(1, 3);

	return cannot_open(bait(p, "/new"), O_WRONLY | O_CREAT, EACCES) &&
	       refused(mkdir(bait(p, "/new"), 0700), EACCES) &&
	       refused(symlink("x", bait(p, "/new")), EACCES) &&
	       refused(mknod(bait(p, "/new"), S_IFIFO | 0600, 0), EACCES) &&
	       refused(mknod(bait(p, "/new"), S_IFSOCK | 0600, 0), EACCES) &&
	       refused(mknod(bait(p, "/new"), S_IFCHR | 0600, null), EACCES) &&
	       refused(mknod(bait(p, "/new"), S_IFBLK | 0600, null), EACCES) &&
	       refused(rename(bait(p, "/file"), bait(p, "/new")), EACCES) &&
	       refused(unlink(bait(p, "/file")), EACCES) && refused(rmdir(bait(p, "/dir")), EACCES);
}

static bool cannot_create(const struct fence_plan *p)
{
	if (has_landlock(p) && !cannot_create_bait(p))
		return false;
	return p->mode == FENCE_C || (refused(mkdir(fresh("/repo"), 0700), EROFS) &&
					 refused(mkdir(fresh(""), 0700), EROFS));
}

/* /etc/passwd inside is our own file and belongs to the worker. */
static bool cannot_truncate(const struct fence_plan *p)
{
	if (has_landlock(p) && !(refused(truncate(bait(p, "/file"), 0), EACCES) &&
				   cannot_open(bait(p, "/file"), O_RDONLY | O_TRUNC, EACCES)))
		return false;
	return p->mode == FENCE_C || (refused(truncate("/etc/passwd", 0), EROFS) &&
					 cannot_open("/etc/passwd", O_RDONLY | O_TRUNC, EROFS));
}

/*
 * In B only the kernel's rule that an undumpable process is hidden keeps stage 1 out of sight; its
 * memory is still ours here, and becomes undumpable for good before the exec.
 */
static bool cannot_look(const struct fence_plan *p)
{
	if (p->mode == FENCE_C)
		return cannot_open("/", O_RDONLY | O_DIRECTORY, EACCES) &&
		       cannot_open("/dev", O_RDONLY | O_DIRECTORY, EACCES) &&
		       cannot_open("/proc/self/environ", O_RDONLY, EACCES);
	if (p->mode == FENCE_A)
		return cannot_open("/", O_RDONLY | O_DIRECTORY, EACCES) &&
		       cannot_open(bait(p, "/secret"), O_RDONLY, EACCES) &&
		       cannot_open("/proc/1/environ", O_RDONLY, ENOENT);
	prctl(PR_SET_DUMPABLE, 0);
	bool ok = cannot_open("/proc/1/environ", O_RDONLY, ENOENT) &&
		  cannot_open("/sys", O_PATH, ENOENT) && cannot_open("/var", O_PATH, ENOENT) &&
		  cannot_open("/root", O_PATH, ENOENT);

	prctl(PR_SET_DUMPABLE, 1);
	return ok;
}

static bool cannot_connect(const struct fence_plan *p)
{
	const struct sockaddr_in other = {
		.sin_family = AF_INET,
		.sin_port = htons(p->spec.port == 9 ? 10 : 9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	/* without Landlock the network of its own says it: nothing listens, nothing is routed */
	int want = p->mode != FENCE_B ? EACCES : p->spec.port ? ECONNREFUSED : ENETUNREACH;
	bool ok = refused(connect(fd, (const struct sockaddr *)&other, sizeof(other)), want) &&
		  refused(bind(fd, (const struct sockaddr *)&any, sizeof(any)), EACCES);

	if (p->mode != FENCE_A)
		ok &= refused(listen(fd, 1), p->mode == FENCE_B ? EACCES : EPERM);
	close(fd);
	return ok;
}

static bool cannot_mptcp(const struct fence_plan *p)
{
	(void)p;
	return refused(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, MPTCP), EAFNOSUPPORT);
}

/* Its parent is stage 1, of the same user and outside the Landlock domain. */
static bool cannot_signal(const struct fence_plan *p)
{
	if (p->mode == FENCE_B || (p->mode == FENCE_A && p->host->landlock_abi < 6))
		return getppid() == 1; /* no scopes: the PID namespace alone */
	return refused(kill(getppid(), 0), EPERM);
}

static bool cannot_uring(const struct fence_plan *p)
{
	(void)p;
	return refused(syscall(SYS_io_uring_setup, 1, NULL), ENOSYS);
}

static bool cannot_udp(const struct fence_plan *p)
{
	(void)p;
	return refused(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), EAFNOSUPPORT) &&
	       refused(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), EAFNOSUPPORT);
}

static bool cannot_unshare(const struct fence_plan *p)
{
	(void)p;
	return refused(unshare(CLONE_NEWUSER), EPERM) && refused(setns(-1, 0), EPERM);
}

/* chmod and utime pretend; what they left undone is looked at. */
static bool pretends(const struct fence_plan *p)
{
	const struct timespec long_ago[2] = { { 1, 0 }, { 1, 0 } };
	const char *path = bait(p, "/file");
	struct stat st;

	return chmod(path, 0644) == 0 && utimensat(AT_FDCWD, path, long_ago, 0) == 0 &&
	       stat(path, &st) == 0 && (st.st_mode & 07777) == 0700 && st.st_mtim.tv_sec != 1;
}

static bool cannot_change(const struct fence_plan *p)
{
	if (p->mode == FENCE_C)
		return pretends(p) && refused(chown(bait(p, "/file"), getuid(), getgid()), EPERM) &&
		       refused(setxattr(bait(p, "/file"), "user.x", "x", 1, 0), EPERM);
	return refused(chmod("/etc/passwd", 0666), EROFS) &&
	       refused(utimensat(AT_FDCWD, "/etc/passwd", NULL, 0), EROFS);
}

static bool (*const attempts[FENCE_CANARIES])(const struct fence_plan *p) = {
	cannot_write,
	cannot_create,
	cannot_truncate,
	cannot_look,
	cannot_connect,
	cannot_mptcp,
	cannot_signal,
	cannot_uring,
	cannot_udp,
	cannot_unshare,
	cannot_change,
};

const char *const fence_canary_names[FENCE_CANARIES] = {
	"writing a file",
	"creating a file",
	"truncating a file",
	"looking outside",
	"connecting to another port",
	"MPTCP",
	[FENCE_CANARY_SIGNAL] = "signalling its parent",
	"io_uring",
	"UDP or unix sockets",
	"new namespaces",
	"changing a file's mode, times or owner",
};

unsigned fence_canary(const struct fence_plan *p)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < FENCE_CANARIES; i++)
		if (!attempts[i](p))
			mask |= 1u << i;
	return mask;
}
