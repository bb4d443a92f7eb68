/*
 * Groups of the kernel (cgroup v2) for tests: where root may make some, in a file system that is
 * mounted, or in one that the test mounts for itself.
 */
#ifndef TESTS_GROUP_H
#define TESTS_GROUP_H

#include "base/buf.h"
#include "sandbox/cgroup.h"
#include "sandbox/priv.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define GROUP_PATH 256

/* This process's mounts are its own from here on. */
static inline bool group_own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* The top of a file system of groups that is mounted. */
static inline bool group_mounted(char ret[PATH_BYTES_MAX])
{
	struct buf text;

	buf_init(&text, MIB(1));
	int rc = fence_proc_read(0, "self/mountinfo", &text);

	if (!rc)
		rc = cgroup_path(STR("0::/"), buf_str(&text), ret);
	buf_fini(&text);
	return rc == 0;
}

/* A new group below TOP, handed over to UID as systemd would (Delegate=yes) when MARKED. */
static inline int group_make(const char *top, uid_t uid, bool marked, char ret[GROUP_PATH])
{
	static const char *const files[] = { "", "/cgroup.procs", "/cgroup.subtree_control" };
	static unsigned count;
	char path[GROUP_PATH + 32];

	snprintf(ret, GROUP_PATH, "%.180s/tutti-test-%d-%u", top, (int)getpid(), ++count);
	if (mkdir(ret, 0755) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", ret, files[i]);
		if (chown(path, uid, uid) < 0)
			return -errno;
	}
	if (!marked)
		return 0;
	setxattr(ret, "user.delegate", "1", 1, 0); /* since Linux 5.7 */
	return setxattr(ret, "trusted.delegate", "1", 1, 0) < 0 ? -errno : 0;
}

static inline int group_open(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* This process goes into the group DIR. */
static inline int group_enter(const char *dir)
{
	int fd = group_open(dir);
	int rc = fd < 0 ? -errno : cgroup_write(fd, "cgroup.procs", "0");

	if (fd >= 0)
		close(fd);
	return rc;
}

/* Kills what is in DIR and below it, and removes all of it. */
static inline int group_remove(const char *dir)
{
	char command[GROUP_PATH + 64];
	int fd = group_open(dir);

	if (fd < 0)
		return -errno;
	cgroup_kill(fd);
	close(fd);
	snprintf(command, sizeof(command), "find '%s' -depth -type d -exec rmdir {} +", dir);
	return system(command) == 0 ? 0 : -EBUSY;
}

#endif
