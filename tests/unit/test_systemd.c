/* Sockets that were handed to us, and what is told to who handed them. */
#include "check.h"

#include "sys/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a process that was started with N sockets and PID in its environment finds. */
static int found(const char *pid, const char *n)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		int first = -1, got;
		char own[16];

		snprintf(own, sizeof(own), "%d", (int)getpid());
		setenv("LISTEN_PID", pid ? pid : own, 1);
		setenv("LISTEN_FDS", n, 1);
		setenv("LISTEN_FDNAMES", "x", 1);
		dup2(STDOUT_FILENO, 3);
		dup2(STDOUT_FILENO, 4);
		got = systemd_listen_fds(&first);
		if (got > 0 && (first != 3 || fcntl(3, F_GETFD) != FD_CLOEXEC))
			_exit(101);
		if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
			_exit(102);
		_exit(got < 0 ? 50 + (got == -E2BIG) : got);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static void listens(void **state)
{
	(void)state;
	assert_int_equal(found(NULL, "2"), 2);
	assert_int_equal(found(NULL, "1"), 1);
	assert_int_equal(found("1", "2"), 0); /* meant for somebody else */
	assert_int_equal(found(NULL, "0"), 0);
	assert_int_equal(found(NULL, "-1"), 0);
	assert_int_equal(found(NULL, "2x"), 0);
	assert_int_equal(found(NULL, ""), 0);
	assert_int_equal(found(NULL, "9"), 51);
	assert_int_equal(found(NULL, "99999999999999999999"), 0);
}

static int listener(const struct sockaddr_un *at, socklen_t n)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)at, n), 0);
	return fd;
}

static void hears(int fd, const char *want)
{
	char got[64];
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	got[n > 0 ? n : 0] = '\0';
	assert_string_equal(got, want);
}

static void notifies(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "/tmp/tutti-notify-%d", (int)getpid());
	memcpy(at.sun_path, name, strlen(name) + 1);
	unlink(name);
	int fd = listener(&at, sizeof(at));

	setenv("NOTIFY_SOCKET", name, 1);
	systemd_notify("READY=1");
	hears(fd, "READY=1");
	close(fd);
	unlink(name);

	/* an abstract one: its name is exactly as long as it says */
	name[0] = '@';
	memcpy(at.sun_path, name, strlen(name));
	at.sun_path[0] = '\0';
	fd = listener(&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)));
	setenv("NOTIFY_SOCKET", name, 1);
	systemd_notify("STOPPING=1");
	hears(fd, "STOPPING=1");

	setenv("NOTIFY_SOCKET", "relative", 1); /* none of them may hurt */
	systemd_notify("X=1");
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	systemd_notify("X=1");
	unsetenv("NOTIFY_SOCKET");
	systemd_notify("X=1");
	hears(fd, "");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listens),
		cmocka_unit_test(notifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
