/* The network of a child: its own, with nothing in it but, for an agent, one listening socket. */
#include "sandbox/priv.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

static int loopback_up(int fd)
{
	struct ifreq ifr = { .ifr_name = "lo" };

	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

static int listen_on(int fd, unsigned port)
{
	const struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

int fence_network(const struct fence_spec *spec, int *listener, struct fence_fault *f)
{
	*listener = -1;
	if (!spec->port)
		return 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : loopback_up(fd);

	if (!rc)
		rc = listen_on(fd, spec->port);
	if (rc) {
		if (fd >= 0)
			close(fd);
		return fence_fail(f, STAGE_NETWORK, rc, NULL);
	}
	*listener = fd;
	return 0;
}
