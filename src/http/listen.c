#include "http/priv.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 511

/* --- where --------------------------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)addr;

		return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	return addr->ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr);
}

/* HOST ("127.0.0.1", "[::1]") and PORT into ADDR. */
static bool parse(struct str host, unsigned port, struct sockaddr_storage *addr, socklen_t *size)
{
	struct sockaddr_in *in = (void *)addr;
	struct sockaddr_in6 *in6 = (void *)addr;
	bool six = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	char text[INET6_ADDRSTRLEN] = "";

	*addr = (struct sockaddr_storage){ .ss_family = six ? AF_INET6 : AF_INET };
	*size = six ? sizeof(*in6) : sizeof(*in);
	if (six)
		host = (struct str){ host.p + 1, host.n - 2 };
	if (!host.n || host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	if (six)
		in6->sin6_port = htons((uint16_t)port);
	else
		in->sin_port = htons((uint16_t)port);
	return inet_pton(six ? AF_INET6 : AF_INET, text,
		   six ? (void *)&in6->sin6_addr : (void *)&in->sin_addr) == 1;
}

static int refuse_address(struct err *err, struct str where, const char *why)
{
	err_set(err, -EACCES, "cannot listen on %.*s", STR_ARG(str_take(where, 100)));
	err_why(err, "%s", why);
	err_fix(err, "use 127.0.0.1:7770 or [::1]:7770\n"
		     "from elsewhere: ssh -L 7770:127.0.0.1:7770 HOST");
	return -EACCES;
}

int bind_parse(struct str text, struct sockaddr_storage *addr, socklen_t *size, struct err *err)
{
	size_t colon = text.n;
	unsigned long long port;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (!colon || !str_to_u64(str_skip(text, colon), 65535, &port) ||
	    !parse(str_take(text, colon - 1), (unsigned)port, addr, size))
		return refuse_address(
		    err, text, "it is not ADDRESS:PORT with an address in digits");
	if (!is_loopback(addr))
		return refuse_address(err, text,
		    "only addresses that no other machine can reach are listened on: there is no "
		    "encryption, and whoever gets in can start runs as you");
	return 0;
}

/* --- a port -------------------------------------------------------------------------------- */

static int fail(int fd, struct err *err, const char *where, const char *fix)
{
	int rc = -errno;

	if (fd >= 0)
		close(fd);
	err_set(err, rc, "cannot listen on %s", where);
	err_why(err, "%s", err_name(rc));
	return err_fix(err, "%s", fix);
}

int listen_port(const char *where, int *ret, struct err *err)
{
	struct sockaddr_storage addr;
	socklen_t size;
	int fd, on = 1, rc = bind_parse(str_from(where), &addr, &size, err);

	if (rc)
		return rc;
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(fd, err, where, "use an address that this machine has");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, size) < 0 || listen(fd, BACKLOG) < 0)
		return fail(fd, err, where,
		    "stop who has the port (ss -ltnp), or name another one; port 0 is any free "
		    "one");
	*ret = fd;
	return 0;
}

/* --- a unix socket ------------------------------------------------------------------------- */

static int refuse_path(
    struct err *err, int code, const char *path, const char *why, const char *fix)
{
	err_set(err, code, "cannot listen on %.150s", path);
	err_why(err, "%s", why);
	return err_fix(err, "%s", fix);
}

static int check_directory(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir =
	    slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
	struct stat st;
	bool ours = stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
		    !(st.st_mode & 077);

	free(dir);
	return ours ? 0
		    : refuse_path(err, -EPERM, path, "its directory is not ours alone",
			  "make the directory with mode 0700");
}

/* 0: nothing is there (any more). */
static int remove_stale(const struct sockaddr_un *addr, struct err *err)
{
	struct stat st;
	int fd, rc;

	if (lstat(addr->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return refuse_path(
		    err, -EEXIST, addr->sun_path, "something else has that name", "move it away");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? -errno : 0;
	close(fd);
	if (rc != -ECONNREFUSED)
		return refuse_path(err, -EADDRINUSE, addr->sun_path,
		    "another process listens there",
		    "stop it first, or name another data directory");
	return unlink(addr->sun_path) < 0 ? fail(-1, err, addr->sun_path, "remove it") : 0;
}

int listen_socket(const char *path, int *ret, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t before;
	int fd, rc;

	if (strlen(path) >= sizeof(addr.sun_path))
		return refuse_path(err, -ENAMETOOLONG, path,
		    "a socket's path has at most 107 bytes", "set TUTTI_DATA to a shorter path");
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if ((rc = check_directory(path, err)) || (rc = remove_stale(&addr, err)))
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	before = umask(0177);
	rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(before);
	if (rc < 0 || listen(fd, BACKLOG) < 0)
		return fail(fd, err, path, "look at its directory");
	*ret = fd;
	return 0;
}

/* --- sockets that somebody else made ------------------------------------------------------- */

int listen_check(int fd, bool unix_socket, struct err *err)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t size = sizeof(addr), n = sizeof(int);
	int listening = 0;

	if (getsockname(fd, (struct sockaddr *)&addr, &size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) < 0 || !listening)
		return err_set(err, -EBADF, "descriptor %d is no listening socket", fd);
	if (unix_socket ? addr.ss_family != AF_UNIX : !is_loopback(&addr)) {
		err_set(err, -EACCES, "descriptor %d is not to be listened on", fd);
		err_why(err, "it is %s", unix_socket ? "no unix socket" : "not bound to loopback");
		return err_fix(err, "ListenStream=127.0.0.1:7770");
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

void listen_name(int fd, char *buf, size_t size, unsigned *port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr = { .in6 = { 0 } };
	socklen_t n = sizeof(addr);
	char text[INET_ADDRSTRLEN];

	getsockname(fd, &addr.any, &n);
	if (addr.any.sa_family == AF_INET6) {
		*port = ntohs(addr.in6.sin6_port);
		snprintf(buf, size, "[::1]:%u", *port);
	} else {
		*port = ntohs(addr.in.sin_port);
		inet_ntop(AF_INET, &addr.in.sin_addr, text, sizeof(text));
		snprintf(buf, size, "%s:%u", text, *port);
	}
}
