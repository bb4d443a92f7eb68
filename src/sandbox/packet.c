/* Packets with descriptors, and the small things both ends of a child's socket need. */
#include "sandbox/priv.h"

#include "base/unconst.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	char bytes[CMSG_SPACE(sizeof(int) * FENCE_FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
	struct cmsghdr align;
};

#define TRIES 2500
#define TRY_MS 2

/*
 * Whether a packet that could not be sent or fetched is tried once more. Who gives up ends a
 * launcher, and with it everything that it holds.
 */
static bool again(ssize_t n, int flags, unsigned *tries)
{
	if (n >= 0 || !fence_may_pass(-errno) || (errno == EAGAIN && (flags & MSG_DONTWAIT)))
		return false;
	if (errno != EINTR && (*tries)++ < TRIES) {
		int rc = errno;

		poll(NULL, 0, TRY_MS);
		errno = rc;
	}
	return *tries <= TRIES;
}

ssize_t fence_send(int sock, struct iovec *iov, size_t n_iov, const int *fds, size_t n_fds)
{
	union control control = { .bytes = { 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n_iov };

	if (n_fds) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	unsigned tries = 0;
	ssize_t n;

	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (again(n, 0, &tries));
	return n < 0 ? -errno : n;
}

static void take_fds(struct cmsghdr *c, int fds[FENCE_FDS_MAX], size_t *n_fds)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int got[FENCE_FDS_MAX];

	memcpy(got, CMSG_DATA(c), sizeof(int) * (n < FENCE_FDS_MAX ? n : FENCE_FDS_MAX));
	for (size_t i = 0; i < n && *n_fds < FENCE_FDS_MAX; i++)
		fds[(*n_fds)++] = got[i];
}

ssize_t fence_receive(int sock, struct iovec *iov, size_t n_iov, int flags, int fds[FENCE_FDS_MAX],
    size_t *n_fds, pid_t *pid)
{
	union control control;
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = n_iov,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	unsigned tries = 0;
	ssize_t n;

	*n_fds = 0;
	do
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	while (again(n, flags, &tries));
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			take_fds(c, fds, n_fds);
		if (c->cmsg_type == SCM_CREDENTIALS && pid)
			*pid = ((const struct ucred *)(const void *)CMSG_DATA(c))->pid;
	}
	return n;
}

int fence_note_send(int sock, const struct fence_note *note, const int *fds, size_t n_fds)
{
	struct iovec iov = { unconst(note), sizeof(*note) };
	ssize_t n = fence_send(sock, &iov, 1, fds, n_fds);

	return n < 0 ? (int)n : 0;
}

int fence_wait(int sock, char want)
{
	char got;
	struct iovec iov = { &got, 1 };
	int fds[FENCE_FDS_MAX];
	size_t n_fds;
	ssize_t n = fence_receive(sock, &iov, 1, 0, fds, &n_fds, NULL);

	if (n < 0)
		return (int)n;
	return n == 0 ? -EPIPE : got == want ? 0 : -EPROTO;
}

void fence_quit(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}
