/*
 * The canary: ten kinds of forbidden actions, tried right before exec by the process that is
 * about to become the program. It is not enough that one fails: it has to fail for the reason that
 * the wall in charge gives, so that a missing wall shows even where another one stands behind it.
 * EROFS is the mounts', EACCES Landlock's, EPERM of a signal Landlock's scope, EAFNOSUPPORT,
 * ENOSYS and EPERM of a call seccomp's, ENOENT the new root's and /proc's.
 */
#include "sandbox/priv.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
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

static bool cannot_write(const struct fence_plan *p)
{
	(void)p;
	return cannot_open("/repo", O_TMPFILE | O_RDWR, EROFS) &&
	       cannot_open("/usr", O_TMPFILE | O_RDWR, EROFS) &&
	       cannot_open("/dev/zero", O_WRONLY, EACCES);
}

static bool cannot_create(const struct fence_plan *p)
{
	(void)p;
	return refused(mkdir("/repo/.fence", 0700), EROFS) &&
	       refused(mkdir("/.fence", 0700), EROFS) &&
	       refused(mknod("/scratch/.fence", S_IFCHR | 0600, makedev(1, 3)), EACCES);
}

/* /etc/passwd inside is our own file and belongs to the worker. */
static bool cannot_truncate(const struct fence_plan *p)
{
	(void)p;
	return refused(truncate("/etc/passwd", 0), EROFS) &&
	       cannot_open("/etc/passwd", O_RDONLY | O_TRUNC, EROFS);
}

static bool cannot_look(const struct fence_plan *p)
{
	(void)p;
	return cannot_open("/", O_RDONLY | O_DIRECTORY, EACCES) &&
	       cannot_open("/proc/1/environ", O_RDONLY, ENOENT);
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
	bool ok = refused(connect(fd, (const struct sockaddr *)&other, sizeof(other)), EACCES) &&
		  refused(bind(fd, (const struct sockaddr *)&any, sizeof(any)), EACCES);

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
	if (p->host->landlock_abi < 6)
		return getppid() == 1; /* no scopes yet: the PID namespace alone */
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
};

const char *const fence_canary_names[FENCE_CANARIES] = {
	"writing a file",
	"creating a file",
	"truncating a file",
	"looking outside",
	"connecting to another port",
	"MPTCP",
	"signalling its parent",
	"io_uring",
	"UDP or unix sockets",
	"new namespaces",
};

unsigned fence_canary(const struct fence_plan *p)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < FENCE_CANARIES; i++)
		if (!attempts[i](p))
			mask |= 1u << i;
	return mask;
}
