/*
 * The world that the probe is let loose in: a repository, a home full of secrets, a data directory,
 * sockets of every kind that count what reaches them, and a process that counts the signals it
 * gets. On one machine everything belongs to the user that the probe runs as, so that only the
 * fence stands in between.
 */
#ifndef ATTACK_WORLD_H
#define ATTACK_WORLD_H

#include "fingerprint.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define CANARY "sk-attack-canary-4f1d09c2"
#define WORKER 65529 /* who a root daemon's workers are */

struct host {
	char top[64];
	const char *repo, *control, *home, *data, *sockets, *program; /* below it */
	unsigned port;						      /* of TCP, UDP, MPTCP */
	unsigned allowed;					      /* the gateway's */
	int heard; /* a byte for each thing that reached a socket, 's' for each signal */
	pid_t listener, victim;
	uid_t uid; /* of the probe */
	struct arena *arena;
};

static struct host host;

static inline void world_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline void world_sh(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *script = arena_vprintf(host.arena, fmt, ap);

	va_end(ap);
	if (system(script) != 0)
		fail_msg("failed: %s", script);
}

static inline const char *world_path(const char *name)
{
	return arena_printf(host.arena, "%s/%s", host.top, name);
}

/* --- files ---------------------------------------------------------------------------------------
 */

static const char *const secret_files[] = { "key", ".ssh/id_ed25519", ".aws/credentials",
	".config/gcloud/application_default_credentials.json", ".azure/msal_token_cache.json",
	".kube/config", ".docker/config.json", ".npmrc", ".git-credentials", ".netrc",
	".gnupg/private-keys-v1.d/key", ".bash_history", ".qwen/oauth_creds.json",
	".claude/.credentials.json", ".codex/auth.json", ".gemini/oauth_creds.json",
	".local/share/opencode/auth.json", ".config/tutti/config.yaml" };

static inline void world_secrets(void)
{
	for (size_t i = 0; i < sizeof(secret_files) / sizeof(secret_files[0]); i++)
		world_sh("f='%s/%s'; mkdir -p \"$(dirname \"$f\")\" && echo '%s' >\"$f\"",
		    host.home, secret_files[i], CANARY);
	world_sh("ln -s key '%s/link'; echo '%s' >'%s'/tutti.db", host.home, CANARY, host.data);
}

static inline void world_repository(const char *dir)
{
	world_sh(
	    "cd '%s' && export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null && "
	    "git init -q -b main . && echo hello >file && echo other >other && mkdir dir && "
	    "echo inner >dir/inner && ln -s file link && printf '#!/bin/sh\\n' >run && "
	    "chmod 755 run && git add . && git -c user.name=a -c user.email=a@b commit -qm 'the "
	    "first' && ln -s '%s/key' secret-link && cp /bin/true binary && chmod 644 binary",
	    dir, host.home);
}

static inline void world_files(const char *probe)
{
	snprintf(host.top, sizeof(host.top), "/tmp/tutti-attack-XXXXXX");
	assert_non_null(mkdtemp(host.top));
	host.repo = world_path("repo");
	host.control = world_path("control");
	host.home = world_path("home");
	host.data = world_path("data");
	host.sockets = world_path("sockets");
	host.program = world_path("program");
	world_sh(
	    "cd '%s' && mkdir repo control home data sockets program tmp && chmod 755 . && "
	    "cp '%s' program/probe && cp program/probe program/suid && chmod 4555 program/suid",
	    host.top, probe);
	world_repository(host.repo);
	world_repository(host.control);
	world_secrets();
	world_sh("chmod 555 '%s' '%s'/probe", host.program, host.program);
	if (geteuid() == 0) /* all but repository and program, which are root's own */
		world_sh("cd '%s' && chown -R %d:%d control home data sockets tmp", host.top,
		    WORKER, WORKER);
}

/* --- sockets -------------------------------------------------------------------------------------
 */

#define SOCKETS 8

static inline int world_inet(int type, int protocol, unsigned port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
		.sin6_addr = in6addr_any,
		.sin6_port = htons((uint16_t)port) };
	int off = 0, fast = 16, fd = socket(AF_INET6, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, IPPROTO_TCP, 23 /* TCP_FASTOPEN */, &fast, sizeof(fast));
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static inline unsigned world_port_of(int fd)
{
	struct sockaddr_in6 at;
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin6_port);
}

/* Somebody else's server on the one port that may be connected to, at another address. */
static inline int world_neighbour(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(0x7f000002) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	host.allowed = ntohs(at.sin_port);
	return fd;
}

/* NAME below the sockets, or an abstract one when it begins with '@'. */
static inline int world_unix(int type, const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(un);

	if (name[0] == '@')
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				  (size_t)snprintf(
				      un.sun_path + 1, sizeof(un.sun_path) - 1, "%s", name + 1));
	else
		snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s", host.sockets, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, len), 0);
	if (name[0] != '@')
		chmod(un.sun_path, 0666);
	if (type != SOCK_DGRAM)
		assert_int_equal(listen(fd, 64), 0);
	return fd;
}

/* A service that is too kind: whoever asks gets a file of the repository, open for writing. */
static inline void world_give(int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int file = open(arena_printf(host.arena, "%s/file", host.repo), O_RDWR | O_CLOEXEC);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(file));
	memcpy(CMSG_DATA(c), &file, sizeof(file));
	sendmsg(fd, &m, MSG_NOSIGNAL);
	close(file);
}

static inline void world_hear(int fd, char mark, bool giver, int tell)
{
	int type = SOCK_DGRAM;
	socklen_t len = sizeof(type);
	char bytes[512];

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	if (type == SOCK_DGRAM) {
		if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) < 0)
			return;
	} else {
		int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (giver)
			world_give(conn);
		close(conn);
	}
	if (write(tell, &mark, 1) != 1)
		_exit(1);
}

static inline void world_listen(const int *fds, int tell)
{
	static const char marks[] = "tuabcdgn";
	struct pollfd p[SOCKETS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < SOCKETS; i++)
		p[i] = (struct pollfd){ fds[i], POLLIN, 0 };
	while (poll(p, SOCKETS, -1) > 0)
		for (int i = 0; i < SOCKETS; i++)
			if (p[i].revents)
				world_hear(fds[i], marks[i], marks[i] == 'g', tell);
	_exit(1);
}

static inline void world_sockets(int tell)
{
	int fds[SOCKETS];

	fds[0] = world_inet(SOCK_STREAM, 262 /* MPTCP, which takes TCP, too */, 0);
	if (fds[0] < 0)
		fds[0] = world_inet(SOCK_STREAM, 0, 0);
	host.port = world_port_of(fds[0]);
	fds[1] = world_inet(SOCK_DGRAM, 0, host.port);
	fds[2] =
	    world_unix(SOCK_STREAM, arena_printf(host.arena, "@tutti-attack-%d", (int)getpid()));
	fds[3] = world_unix(SOCK_STREAM, "stream");
	fds[4] = world_unix(SOCK_DGRAM, "datagram");
	fds[5] = world_unix(SOCK_SEQPACKET, "packets");
	fds[6] = world_unix(SOCK_STREAM, "giver");
	fds[7] = world_neighbour(0);
	host.listener = fork();
	if (host.listener == 0)
		world_listen(fds, tell);
	for (int i = 0; i < SOCKETS; i++)
		close(fds[i]);
}

/* --- the victim ----------------------------------------------------------------------------------
 */

static int victim_tells;

static inline void victim_on_signal(int sig)
{
	(void)sig;
	if (write(victim_tells, "s", 1) != 1)
		_exit(1);
}

/* Of the probe's own user, with a secret in its environment. */
static inline void world_victim(int tell)
{
	host.victim = fork();
	if (host.victim != 0)
		return;
	victim_tells = tell;
	if (geteuid() == 0 && (setgid(WORKER) < 0 || setuid(WORKER) < 0))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	signal(SIGUSR1, victim_on_signal);
	signal(SIGUSR2, victim_on_signal);
	signal(SIGIO, victim_on_signal);
	for (;;)
		pause();
}

/* What reached the sockets or the victim since the last time: a mark for each. */
static inline const char *world_heard(void)
{
	struct pollfd p = { host.heard, POLLIN, 0 };
	static char marks[4096];
	ssize_t n = 0;

	usleep(50000); /* what was sent is on its way through two processes */
	if (poll(&p, 1, 0) == 1)
		n = read(host.heard, marks, sizeof(marks) - 1);
	marks[n > 0 ? n : 0] = '\0';
	return marks;
}

/* --- together ------------------------------------------------------------------------------------
 */

static inline void world_make(const char *probe)
{
	int ends[2];

	host.arena = arena_create("world", MIB(4));
	host.uid = geteuid() == 0 ? WORKER : geteuid();
	world_files(probe);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	host.heard = ends[0];
	world_sockets(ends[1]);
	world_victim(ends[1]);
	close(ends[1]);
}

static inline void world_remove(void)
{
	kill(host.listener, SIGKILL);
	kill(host.victim, SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		continue;
	close(host.heard);
	world_sh("chmod -R u+w '%s' && rm -rf '%s'", host.top, host.top);
	arena_destroy(host.arena);
}

#endif
