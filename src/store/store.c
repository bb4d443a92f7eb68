#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOOKS 50 /* for the name of an owner that has just come */
#define PAUSE_NS 1000000

int store_backend(const char *url, const struct store_ops **ret, struct err *err)
{
	if (strstr(url, "://")) {
		err_set(err, -EINVAL, "unknown kind of database: %s", url);
		return err_fix(err, "give a directory: tutti --data DIR …");
	}
	*ret = &store_sqlite;
	return 0;
}

static int open_lock(const char *dir, int flags)
{
	char *path = xprintf("%s/lock", dir);
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd < 0 ? -errno : fd;

	free(path);
	return rc;
}

static long read_pid(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

/* Who has just come has not said so yet, and the file names the one before. */
static long read_owner(int fd)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	long pid = read_pid(fd);

	for (int i = 0; i < LOOKS && (pid <= 0 || (kill((pid_t)pid, 0) < 0 && errno == ESRCH));
	     i++) {
		nanosleep(&pause, NULL);
		pid = read_pid(fd);
	}
	return pid;
}

long store_owner(const char *dir)
{
	int fd = open_lock(dir, O_RDWR);
	long pid = 0;

	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		pid = read_owner(fd);
	close(fd);
	return pid;
}

int store_lock(const char *dir, int *ret_fd, struct err *err)
{
	int fd = open_lock(dir, O_RDWR | O_CREAT);
	char pid[24];

	if (fd < 0) {
		err_set(err, fd, "cannot lock the data directory %s", dir);
		return err_why(err, "%s", err_name(fd));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		long owner = read_owner(fd);

		close(fd);
		err_set(err, -EBUSY, "the data directory is in use");
		return err_why(err, "process %ld works with %s", owner, dir);
	}
	int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n) {
		int rc = -errno;

		close(fd);
		return err_set(err, rc, "cannot write %s/lock: %s", dir, err_name(rc));
	}
	*ret_fd = fd;
	return 0;
}
