/* Unix sockets: the way to services of the host that would do what the agent must not. */
#include "probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	return un;
}

static int connect_path(int type, const char *path)
{
	struct sockaddr_un to = address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return tried(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int stream(void)
{
	return connect_path(SOCK_STREAM, in_sockets("stream"));
}

static int datagram(void)
{
	struct sockaddr_un to = address(in_sockets("datagram"));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return tried(sendto(fd, "attack", 6, 0, (struct sockaddr *)&to, sizeof(to)));
}

static int packets(void)
{
	return connect_path(SOCK_SEQPACKET, in_sockets("packets"));
}

static int in_the_repository(void)
{
	return connect_path(SOCK_STREAM, in_repo("socket"));
}

static int known_service(void)
{
	static const char *const paths[] = { "/run/docker.sock", "/var/run/docker.sock",
		"/run/dbus/system_bus_socket", "/run/systemd/private",
		"/run/containerd/containerd.sock", "/run/user/0/bus", "/run/user/1000/bus",
		"/tmp/.X11-unix/X0", "/dev/log" };
	int rc = -ENOENT;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && rc < 0; i++)
		rc = connect_path(SOCK_STREAM, paths[i]);
	return rc;
}

static int abstract(void)
{
	struct sockaddr_un to = address("");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(
	    to.sun_path + 1, sizeof(to.sun_path) - 1, "tutti-attack-%d", (int)world.daemon);

	if (fd < 0)
		return -errno;
	return tried(connect(fd, (struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)));
}

/* The host's service answers with a descriptor of a file of the repository, open for writing. */
static int receive_descriptor(int fd)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	int got;

	if (recvmsg(fd, &m, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -ENODATA;
	memcpy(&got, CMSG_DATA(c), sizeof(got));
	return tried(pwrite(got, "x", 1, 0));
}

static int take_descriptor(void)
{
	struct sockaddr_un to = address(in_sockets("giver"));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return receive_descriptor(fd);
}

static int be_found(void)
{
	struct sockaddr_un at = address(in_scratch("door"));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return tried(listen(fd, 1));
}

/* --- pairs: what is connected must not become connected to something else ----------------- */

static int reconnect(int type, bool lonely, bool forget)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct sockaddr_un to = address(in_sockets(type == SOCK_STREAM ? "stream" : "datagram"));
	int ends[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	if (lonely)
		close(ends[1]);
	if (forget)
		connect(ends[0], &nobody, sizeof(nobody));
	if (connect(ends[0], (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return tried(send(ends[0], "attack", 6, MSG_NOSIGNAL));
}

static int reconnect_stream(void)
{
	return reconnect(SOCK_STREAM, false, false);
}

static int reconnect_lonely_stream(void)
{
	return reconnect(SOCK_STREAM, true, true);
}

static int reconnect_datagram(void)
{
	return reconnect(SOCK_DGRAM, false, false);
}

static int reconnect_raw(void)
{
	return reconnect(SOCK_RAW, false, false);
}

static int reconnect_packets(void)
{
	return reconnect(SOCK_SEQPACKET, true, true);
}

static int send_from_pair(int type)
{
	struct sockaddr_un to = address(in_sockets("datagram"));
	int ends[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	return tried(
	    sendto(ends[0], "attack", 6, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)));
}

static int send_from_packets(void)
{
	int rc = send_from_pair(SOCK_SEQPACKET);

	/* it goes to the other end, whatever is named */
	return rc >= 0 ? -EISCONN : rc;
}

static int send_from_stream(void)
{
	return send_from_pair(SOCK_STREAM);
}

static int listen_with_pair(void)
{
	struct sockaddr_un at = address(in_scratch("door"));
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	bind(ends[0], (struct sockaddr *)&at, sizeof(at));
	return tried(listen(ends[0], 1));
}

/* --- what was handed in --------------------------------------------------------------------- */

/* Descriptors beyond the three; the probe's own are for one attack only, and close on exec. */
static int more_descriptors(void)
{
	int rc = -EBADF;

	for (int fd = 3; fd < 4096 && rc < 0; fd++)
		if (fcntl(fd, F_GETFD) == 0) /* not close-on-exec, so it came from outside */
			rc = 0;
	return rc;
}

static int descriptor_of_socket(void)
{
	int rc = -ENOTSOCK, type;
	socklen_t len = sizeof(type);

	for (int fd = 0; fd < 3 && rc < 0; fd++)
		rc = tried(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len));
	return rc;
}

const struct attack attacks_unix[] = {
	{ "unix: stream", stream, OUT },
	{ "unix: datagram", datagram, OUT },
	{ "unix: packets", packets, OUT },
	{ "unix: a socket in the repository", in_the_repository, 0 },
	{ "unix: services of the system", known_service, 0 },
	{ "unix: abstract", abstract, OUT },
	{ "unix: be handed a descriptor", take_descriptor, OUT },
	{ "unix: listen", be_found, OUT },
	{ "pair: connect a stream again", reconnect_stream, 0 },
	{ "pair: connect a stream whose peer is gone", reconnect_lonely_stream, 0 },
	{ "pair: connect datagrams again", reconnect_datagram, OUT },
	{ "pair: connect raw again", reconnect_raw, OUT },
	{ "pair: connect packets again", reconnect_packets, 0 },
	{ "pair: send packets elsewhere", send_from_packets, 0 },
	{ "pair: send a stream elsewhere", send_from_stream, 0 },
	{ "pair: listen", listen_with_pair, 0 },
	{ "descriptor: more than three", more_descriptors, 0 },
	{ "descriptor: a socket", descriptor_of_socket, 0 },
	{ NULL, NULL, 0 },
};
