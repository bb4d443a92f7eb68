/* Reaching anything but the one port. The harness listens on the host and must hear nothing. */
#include "probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MPTCP 262
#define FAST_OPEN 0x20000000
#define PATIENCE_MS 1000

/* --- addresses ----------------------------------------------------------------------------- */

struct peer {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len;
};

static struct peer v4(const char *host, unsigned port)
{
	struct peer p = { .len = sizeof(p.at.v4) };

	p.at.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	inet_pton(AF_INET, host, &p.at.v4.sin_addr);
	return p;
}

static struct peer v6(const char *host, unsigned port)
{
	struct peer p = { .len = sizeof(p.at.v6) };

	p.at.v6 =
	    (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	inet_pton(AF_INET6, host, &p.at.v6.sin6_addr);
	return p;
}

static struct peer host(void)
{
	return v4("127.0.0.1", world.tcp);
}

static int sock(const struct peer *p, int type, int protocol)
{
	return socket(p->at.any.sa_family, type | SOCK_CLOEXEC, protocol);
}

/* --- connecting ---------------------------------------------------------------------------- */

static int finish_connect(int fd, int rc)
{
	struct pollfd wait = { fd, POLLOUT, 0 };
	int error = rc < 0 ? errno : 0;
	socklen_t len = sizeof(error);

	if (error == EINPROGRESS) {
		if (poll(&wait, 1, PATIENCE_MS) != 1)
			return -ETIMEDOUT;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
	if (error)
		return -error;
	return send(fd, "attack", 6, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int connect_to(struct peer p, int protocol)
{
	int fd = sock(&p, SOCK_STREAM | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	return finish_connect(fd, connect(fd, &p.at.any, p.len));
}

#define CONNECTS(name, peer, protocol)             \
	static int name(void)                      \
	{                                          \
		return connect_to(peer, protocol); \
	}

CONNECTS(tcp, host(), 0)
CONNECTS(tcp_by_name, host(), IPPROTO_TCP)
CONNECTS(tcp_any, v4("0.0.0.0", world.tcp), 0)
CONNECTS(tcp_v6, v6("::1", world.tcp), 0)
CONNECTS(tcp_mapped, v6("::ffff:127.0.0.1", world.tcp), 0)
CONNECTS(tcp_metadata, v4("169.254.169.254", 80), 0)
CONNECTS(tcp_outside, v4("192.0.2.1", 443), 0)
CONNECTS(tcp_same_port_elsewhere, v4("127.0.0.2", world.port), 0)
CONNECTS(tcp_same_port_outside, v4("192.0.2.1", world.port), 0)
CONNECTS(mptcp, host(), MPTCP)
CONNECTS(mptcp_v6, v6("::1", world.tcp), MPTCP)
CONNECTS(sctp, host(), IPPROTO_SCTP)
CONNECTS(smc, host(), 256)

/* First the port that may be, then, on the same socket, the one that may not. */
static int connect_again(void)
{
	struct peer to = host(), nobody = { .at.any.sa_family = AF_UNSPEC, .len = 16 };
	int fd = sock(&to, SOCK_STREAM, 0);
	struct peer allowed = v4("127.0.0.1", world.port);

	connect(fd, &allowed.at.any, allowed.len);
	connect(fd, &nobody.at.any, nobody.len);
	return finish_connect(fd, connect(fd, &to.at.any, to.len));
}

static int use_protocol(const char *name)
{
	struct peer to = host();
	int fd = sock(&to, SOCK_STREAM, 0);

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, name, (socklen_t)strlen(name)) < 0)
		return -errno;
	return finish_connect(fd, connect(fd, &to.at.any, to.len));
}

static int upper_protocol(void)
{
	return use_protocol("smc");
}

/* --- fast open ------------------------------------------------------------------------------ */

static int fast_by_sendto(long flags)
{
	struct peer to = host();
	int fd = sock(&to, SOCK_STREAM, 0);

	return tried(syscall(SYS_sendto, fd, "attack", 6, flags | MSG_NOSIGNAL, &to.at, to.len));
}

static int fast_sendto(void)
{
	return fast_by_sendto(FAST_OPEN);
}

static int fast_sendto_with_garbage(void)
{
	return fast_by_sendto(FAST_OPEN | 1l << 40);
}

static struct msghdr message(struct peer *to, struct iovec *iov)
{
	return (struct msghdr){
		.msg_name = &to->at, .msg_namelen = to->len, .msg_iov = iov, .msg_iovlen = 1
	};
}

static int fast_sendmsg(void)
{
	char text[] = "attack";
	struct iovec iov = { text, 6 };
	struct peer to = host();
	struct msghdr m = message(&to, &iov);

	return tried(sendmsg(sock(&to, SOCK_STREAM, 0), &m, FAST_OPEN | MSG_NOSIGNAL));
}

static int fast_sendmmsg(void)
{
	char text[] = "attack";
	struct iovec iov = { text, 6 };
	struct peer to = host();
	struct mmsghdr m = { .msg_hdr = message(&to, &iov) };

	return tried(sendmmsg(sock(&to, SOCK_STREAM, 0), &m, 1, FAST_OPEN | MSG_NOSIGNAL));
}

static int fast_connect(void)
{
	struct peer to = host();
	int on = 1, fd = sock(&to, SOCK_STREAM, 0);

	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on));
	return finish_connect(fd, connect(fd, &to.at.any, to.len));
}

/* --- datagrams and the rest ----------------------------------------------------------------- */

static int send_datagram(struct peer to, int type, int protocol)
{
	int fd = sock(&to, type, protocol);

	if (fd < 0)
		return -errno;
	return tried(sendto(fd, "attack", 6, MSG_NOSIGNAL, &to.at.any, to.len));
}

static int udp(void)
{
	return send_datagram(v4("127.0.0.1", world.udp), SOCK_DGRAM, 0);
}

static int udp_v6(void)
{
	return send_datagram(v6("::1", world.udp), SOCK_DGRAM, 0);
}

static int udp_lite(void)
{
	return send_datagram(v4("127.0.0.1", world.udp), SOCK_DGRAM, IPPROTO_UDPLITE);
}

static int dns(void)
{
	return send_datagram(v4("127.0.0.53", 53), SOCK_DGRAM, 0);
}

static int ping(void)
{
	return send_datagram(v4("127.0.0.1", 0), SOCK_DGRAM, IPPROTO_ICMP);
}

#define SOCKETS(name, family, type, protocol)                               \
	static int name(void)                                               \
	{                                                                   \
		return opened(syscall(SYS_socket, family, type, protocol)); \
	}

SOCKETS(raw, AF_INET, SOCK_RAW, IPPROTO_ICMP)
SOCKETS(raw_v6, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)
SOCKETS(packet, AF_PACKET, SOCK_RAW, 0)
SOCKETS(packet_by_old_type, AF_INET, SOCK_PACKET, 0)
SOCKETS(netlink_route, AF_NETLINK, SOCK_RAW, 0)
SOCKETS(netlink_audit, AF_NETLINK, SOCK_RAW, 9)
SOCKETS(netlink_connector, AF_NETLINK, SOCK_DGRAM, 11)
SOCKETS(netlink_generic, AF_NETLINK, SOCK_RAW, 16)
SOCKETS(vsock, AF_VSOCK, SOCK_STREAM, 0)
SOCKETS(crypto, AF_ALG, SOCK_SEQPACKET, 0)
SOCKETS(key_socket, AF_KEY, SOCK_RAW, 2)
SOCKETS(bluetooth, AF_BLUETOOTH, SOCK_RAW, 0)
SOCKETS(can, AF_CAN, SOCK_RAW, 1)
SOCKETS(tipc, AF_TIPC, SOCK_STREAM, 0)
SOCKETS(rds, AF_RDS, SOCK_SEQPACKET, 0)
SOCKETS(express, AF_XDP, SOCK_RAW, 0)
SOCKETS(phone, AF_PHONET, SOCK_DGRAM, 0)
SOCKETS(family_with_garbage, AF_UNIX | 1l << 40, SOCK_STREAM, 0)
SOCKETS(family_below_garbage, AF_INET | 1l << 40, SOCK_DGRAM, 0)
SOCKETS(type_with_garbage, AF_INET, SOCK_DGRAM | 1l << 40, 0)
SOCKETS(protocol_with_garbage, AF_INET, SOCK_STREAM, MPTCP | 1l << 40)

static int any_other_family(void)
{
	int rc = -EAFNOSUPPORT;

	for (int family = 0; family < 64 && rc < 0; family++)
		for (int type = 1; type < 11 && rc < 0; type++)
			if (family != AF_INET && family != AF_INET6)
				rc = opened(socket(family, type, 0));
	return rc;
}

/* Only unix sockets come in pairs; another family must not even be looked for. */
static int pair_of_another_family(void)
{
	int ends[2];

	if (socketpair(AF_INET, SOCK_STREAM, 0, ends) < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	return 0;
}

/* --- letting others in ---------------------------------------------------------------------- */

static int bind_and_listen(void)
{
	struct peer any = v4("0.0.0.0", 0);
	int fd = sock(&any, SOCK_STREAM, 0);

	if (bind(fd, &any.at.any, any.len) < 0)
		return -errno;
	return tried(listen(fd, 1));
}

static int bind_allowed_port(void)
{
	struct peer any = v4("127.0.0.3", world.port);

	return tried(bind(sock(&any, SOCK_STREAM, 0), &any.at.any, any.len));
}

static int listen_without_bind(void)
{
	struct peer any = v4("0.0.0.0", 0);

	return tried(listen(sock(&any, SOCK_STREAM, 0), 1));
}

static int listen_without_bind_v6(void)
{
	struct peer any = v6("::", 0);

	return tried(listen(sock(&any, SOCK_STREAM, 0), 1));
}

/* --- the interface --------------------------------------------------------------------------- */

static int transparent(void)
{
	struct peer any = v4("0.0.0.0", 0);
	int on = 1;

	return tried(
	    setsockopt(sock(&any, SOCK_STREAM, 0), IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)));
}

static int mark(void)
{
	struct peer any = v4("0.0.0.0", 0);
	int on = 1;

	return tried(setsockopt(sock(&any, SOCK_STREAM, 0), SOL_SOCKET, SO_MARK, &on, sizeof(on)));
}

static int repair(void)
{
	struct peer any = v4("0.0.0.0", 0);
	int on = 1;

	return tried(
	    setsockopt(sock(&any, SOCK_STREAM, 0), IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)));
}

const struct attack attacks_net[] = {
	{ "tcp: another port", tcp, OUT },
	{ "tcp: another port, protocol named", tcp_by_name, OUT },
	{ "tcp: address 0", tcp_any, OUT },
	{ "tcp: IPv6", tcp_v6, OUT },
	{ "tcp: IPv4 within IPv6", tcp_mapped, OUT },
	{ "tcp: the cloud's metadata", tcp_metadata, 0 },
	{ "tcp: a machine outside", tcp_outside, 0 },
	{ "tcp: the allowed port, another address", tcp_same_port_elsewhere, IN_C | OUT },
	{ "tcp: the allowed port, outside", tcp_same_port_outside, 0 },
	{ "tcp: connect again", connect_again, OUT },
	{ "tcp: an upper protocol", upper_protocol, 0 },
	{ "mptcp: another port", mptcp, 0 },
	{ "mptcp: IPv6", mptcp_v6, 0 },
	{ "sctp: another port", sctp, 0 },
	{ "smc: another port", smc, 0 },
	{ "fast open: sendto", fast_sendto, OUT },
	{ "fast open: sendto with garbage above", fast_sendto_with_garbage, OUT },
	{ "fast open: sendmsg", fast_sendmsg, OUT },
	{ "fast open: sendmmsg", fast_sendmmsg, OUT },
	{ "fast open: connect", fast_connect, OUT },
	{ "udp: the host", udp, OUT },
	{ "udp: IPv6", udp_v6, OUT },
	{ "udp: lite", udp_lite, 0 },
	{ "udp: a name server", dns, OUT },
	{ "icmp: ping", ping, 0 },
	{ "socket: raw", raw, 0 },
	{ "socket: raw, IPv6", raw_v6, 0 },
	{ "socket: packet", packet, 0 },
	{ "socket: packet by its old type", packet_by_old_type, 0 },
	{ "socket: netlink, route", netlink_route, OUT },
	{ "socket: netlink, audit", netlink_audit, 0 },
	{ "socket: netlink, connector", netlink_connector, 0 },
	{ "socket: netlink, generic", netlink_generic, OUT },
	{ "socket: vsock", vsock, 0 },
	{ "socket: crypto", crypto, 0 },
	{ "socket: key", key_socket, 0 },
	{ "socket: bluetooth", bluetooth, 0 },
	{ "socket: can", can, 0 },
	{ "socket: tipc", tipc, 0 },
	{ "socket: rds", rds, 0 },
	{ "socket: xdp", express, 0 },
	{ "socket: phonet", phone, 0 },
	{ "socket: a family with garbage above", family_with_garbage, OUT },
	{ "socket: an allowed family with garbage above", family_below_garbage, OUT },
	{ "socket: a type with garbage above", type_with_garbage, OUT },
	{ "socket: a protocol with garbage above", protocol_with_garbage, 0 },
	{ "socket: any other family", any_other_family, OUT },
	{ "socket: a pair of another family", pair_of_another_family, OUT },
	{ "listen: on a port", bind_and_listen, OUT },
	{ "listen: the allowed port elsewhere", bind_allowed_port, OUT },
	{ "listen: without bind", listen_without_bind, IN_A | OUT },
	{ "listen: without bind, IPv6", listen_without_bind_v6, IN_A | OUT },
	{ "interface: transparent", transparent, 0 },
	{ "interface: mark", mark, 0 },
	{ "interface: repair", repair, 0 },
	{ NULL, NULL, 0 },
};
