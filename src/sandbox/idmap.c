/*
 * A root daemon's workers are an unprivileged user, and a repository or snapshot usually belongs to
 * somebody else, often below a directory that only root may enter. So the launcher, which is root,
 * opens the tree itself and shows it through an id-mapped mount: what belongs to the tree's owner
 * appears as the worker's. Nothing on the disk changes, what the worker writes to /out belongs to
 * the directory's owner, and root does not exist inside the namespace at all.
 *
 * File systems without id-mapped mounts (overlayfs, NFS): /out is given to the worker's uid,
 * other trees must be readable for everybody.
 */
#include "sandbox/priv.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_map(pid_t pid, const char *map, unsigned from, unsigned to)
{
	char path[64], line[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, map);
	int n = snprintf(line, sizeof(line), "%u %u 1\n", from, to);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = write(fd, line, (size_t)n) == n ? 0 : -errno;

	close(fd);
	return rc;
}

int fence_map_ids(pid_t pid, uid_t inner_uid, uid_t uid, gid_t inner_gid, gid_t gid)
{
	int rc = write_map(pid, "uid_map", inner_uid, uid);

	return rc ? rc : write_map(pid, "gid_map", inner_gid, gid);
}

static int open_user_namespace(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A user namespace that nobody lives in, for its map. */
static int make_map(uid_t owner, gid_t group, const struct fence_host *host)
{
	pid_t launcher = getpid();
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != launcher) /* dead before the signal was armed */
			_exit(0);
		for (;;)
			pause();
	}
	int fd = fence_map_ids(pid, owner, host->uid, group, host->gid);

	if (!fd)
		fd = open_user_namespace(pid);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return fd;
}

/* The map for OWNER and GROUP, kept for the next child. */
static int find_map(struct fence_host *host, uid_t owner, gid_t group)
{
	struct fence_map *m = host->maps;

	for (size_t i = 0; i < FENCE_MAPS; i++)
		if (m[i].fd > 0 && m[i].owner == owner && m[i].group == group)
			return m[i].fd;
	int fd = make_map(owner, group, host);

	if (fd < 0)
		return fd;
	m = &host->maps[host->next_map++ % FENCE_MAPS];
	if (m->fd > 0)
		close(m->fd);
	*m = (struct fence_map){ owner, group, fd };
	return fd;
}

static int show_as_worker(struct fence_host *host, int tree, const struct stat *st)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int map = find_map(host, st->st_uid, st->st_gid);

	if (map < 0)
		return map;
	attr.userns_fd = (uint64_t)map;
	return mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

static int do_without(const struct fence_host *host, int tree, const struct stat *st, bool writable)
{
	const mode_t need = S_ISDIR(st->st_mode) ? S_IROTH | S_IXOTH : S_IROTH;

	if (writable)
		return fchownat(tree, "", host->uid, host->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
	return (st->st_mode & need) == need ? 0 : -EACCES;
}

int fence_tree_open_as(
    struct fence_host *host, const char *path, uint64_t attrs, bool writable, struct fence_fault *f)
{
	int tree = fence_tree_open(path, attrs);
	struct stat st;

	if (tree < 0)
		return fence_fail(f, STAGE_TREE, tree, path);
	int rc = fstat(tree, &st) < 0 ? -errno : 0;

	if (!rc && st.st_uid != host->uid && show_as_worker(host, tree, &st))
		rc = do_without(host, tree, &st, writable);
	if (rc) {
		close(tree);
		return fence_fail(f, STAGE_TREE, rc, path);
	}
	return tree;
}
