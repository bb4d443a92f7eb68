/* Packets with descriptors, and the small things both ends of a child's socket need. */
#include "sandbox/priv.h"

#include "base/unconst.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	char bytes[CMSG_SPACE(sizeof(int) * FENCE_FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
	struct cmsghdr align;
};

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
	for (;;) {
		ssize_t n = sendmsg(sock, &msg, MSG_NOSIGNAL);

		if (n >= 0 || errno != EINTR)
			return n < 0 ? -errno : n;
	}
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
	ssize_t n;

	*n_fds = 0;
	do
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
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
	ssize_t n;

	do
		n = recv(sock, &got, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == 0 ? -EPIPE : got == want ? 0 : -EPROTO;
}

void fence_quit(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}
