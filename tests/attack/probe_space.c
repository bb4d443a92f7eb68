/* Getting other namespaces, other mounts, another root. */
#include "probe.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALL_OPEN_TREE_ATTR = 467 };

/* --- new namespaces ---------------------------------------------------------------------- */

#define UNSHARES(name, flag)                 \
	static int name(void)                \
	{                                    \
		return tried(unshare(flag)); \
	}
/* A child of clone() with FLAG that ends at once. */
static int clone_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	return waitpid((pid_t)pid, NULL, 0) < 0 ? -errno : 0;
}
#define CLONES(name, flag)               \
	static int name(void)            \
	{                                \
		return clone_with(flag); \
	}

UNSHARES(unshare_user, CLONE_NEWUSER)
UNSHARES(unshare_user_and_mounts, CLONE_NEWUSER | CLONE_NEWNS)
UNSHARES(unshare_mounts, CLONE_NEWNS)
UNSHARES(unshare_pid, CLONE_NEWPID)
UNSHARES(unshare_net, CLONE_NEWNET)
UNSHARES(unshare_ipc, CLONE_NEWIPC)
UNSHARES(unshare_uts, CLONE_NEWUTS)
UNSHARES(unshare_cgroup, CLONE_NEWCGROUP)
UNSHARES(unshare_time, CLONE_NEWTIME)
CLONES(clone_user, CLONE_NEWUSER)
CLONES(clone_user_with_garbage, CLONE_NEWUSER | 1ul << 40)
CLONES(clone_mounts, CLONE_NEWNS)
CLONES(clone_pid, CLONE_NEWPID)
CLONES(clone_net, CLONE_NEWNET)
CLONES(clone_ipc, CLONE_NEWIPC)
CLONES(clone_uts, CLONE_NEWUTS)
CLONES(clone_cgroup, CLONE_NEWCGROUP)

static int clone3_with(unsigned long long flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -errno : 0;
}

static int clone3_user(void)
{
	return clone3_with(CLONE_NEWUSER);
}

static int clone3_plain(void)
{
	return clone3_with(0);
}

static int clone3_into_cgroup(void)
{
	return clone3_with(CLONE_INTO_CGROUP);
}

/* --- those of others --------------------------------------------------------------------- */

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return reached(SYS_setns, fd, 0, 0, 0, 0);
}

static int enter_own(void)
{
	return enter("/proc/self/ns/user");
}

static int enter_init(void)
{
	return enter("/proc/1/ns/mnt");
}

static int enter_daemon(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)world.daemon);
	return enter(path);
}

static int enter_by_pidfd(void)
{
	long fd = syscall(SYS_pidfd_open, getpid(), 0);

	return fd < 0 ? -errno : reached(SYS_setns, fd, CLONE_NEWNS, 0, 0, 0);
}

/* The namespace that ours was made in. */
static int parent_namespace(void)
{
	int fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : opened(ioctl(fd, _IO(0xb7, 2)));
}

static int owning_namespace(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int owner = ioctl(fd, _IO(0xb7, 1));

	return owner < 0 ? -errno : reached(SYS_setns, owner, CLONE_NEWUSER, 0, 0, 0);
}

/* --- mounts ------------------------------------------------------------------------------ */

static int mount_tmpfs(void)
{
	return tried(mount("none", world.tmp, "tmpfs", 0, NULL));
}

static int mount_proc(void)
{
	return tried(mount("proc", "/proc", "proc", 0, NULL));
}

static int bind_over_repository(void)
{
	return tried(mount(world.tmp, world.repo, NULL, MS_BIND, NULL));
}

static int remount_repository(void)
{
	return tried(mount(NULL, world.repo, NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int remount_root(void)
{
	return tried(mount(NULL, "/", NULL, MS_REMOUNT, NULL));
}

static int make_shared(void)
{
	return tried(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL));
}

static int unmount_repository(void)
{
	return tried(umount2(world.repo, MNT_DETACH));
}

static int unmount_proc(void)
{
	return tried(umount2("/proc", MNT_DETACH));
}

static int mount_attributes(void)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };

	return called(SYS_mount_setattr, AT_FDCWD, (long)world.repo, 0, (long)&attr, sizeof(attr));
}

static int clone_tree(void)
{
	return opened(syscall(SYS_open_tree, AT_FDCWD, world.repo, OPEN_TREE_CLONE));
}

static int clone_tree_with_attributes(void)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };

	return opened(syscall(
	    CALL_OPEN_TREE_ATTR, AT_FDCWD, world.repo, OPEN_TREE_CLONE, &attr, sizeof(attr)));
}

static int open_file_system(void)
{
	return opened(syscall(SYS_fsopen, "tmpfs", 0));
}

static int pick_file_system(void)
{
	return opened(syscall(SYS_fspick, AT_FDCWD, "/", 0));
}

static int configure_file_system(void)
{
	return reached(SYS_fsconfig, -1, 6, 0, 0, 0);
}

static int make_mount(void)
{
	return reached(SYS_fsmount, -1, 0, 0, 0, 0);
}

static int move_mount_away(void)
{
	return called(SYS_move_mount, AT_FDCWD, (long)world.repo, AT_FDCWD, (long)world.tmp, 0);
}

static int change_root(void)
{
	return tried(chroot(world.tmp));
}

static int pivot(void)
{
	return called(SYS_pivot_root, (long)world.tmp, (long)world.tmp, 0, 0, 0);
}

static int set_host_name(void)
{
	return tried(sethostname("attack", 6));
}

static int set_domain_name(void)
{
	return tried(setdomainname("attack", 6));
}

const struct attack attacks_space[] = {
	{ "unshare: user", unshare_user, 0 },
	{ "unshare: user and mounts", unshare_user_and_mounts, 0 },
	{ "unshare: mounts", unshare_mounts, 0 },
	{ "unshare: processes", unshare_pid, 0 },
	{ "unshare: network", unshare_net, 0 },
	{ "unshare: ipc", unshare_ipc, 0 },
	{ "unshare: uts", unshare_uts, 0 },
	{ "unshare: cgroup", unshare_cgroup, 0 },
	{ "unshare: time", unshare_time, 0 },
	{ "clone: user", clone_user, 0 },
	{ "clone: user, with garbage above", clone_user_with_garbage, 0 },
	{ "clone: mounts", clone_mounts, 0 },
	{ "clone: processes", clone_pid, 0 },
	{ "clone: network", clone_net, 0 },
	{ "clone: ipc", clone_ipc, 0 },
	{ "clone: uts", clone_uts, 0 },
	{ "clone: cgroup", clone_cgroup, 0 },
	{ "clone3: user", clone3_user, 0 },
	{ "clone3: nothing new", clone3_plain, OUT },
	{ "clone3: into a cgroup", clone3_into_cgroup, 0 },
	{ "setns: own", enter_own, OUT },
	{ "setns: of process 1", enter_init, 0 },
	{ "setns: of the daemon", enter_daemon, 0 },
	{ "setns: by pidfd", enter_by_pidfd, 0 },
	{ "setns: the parent's by ioctl", parent_namespace, 0 },
	{ "setns: the owner's by ioctl", owning_namespace, 0 },
	{ "mount: tmpfs", mount_tmpfs, 0 },
	{ "mount: proc", mount_proc, 0 },
	{ "mount: over the repository", bind_over_repository, 0 },
	{ "mount: the repository writable", remount_repository, 0 },
	{ "mount: the root writable", remount_root, 0 },
	{ "mount: shared", make_shared, 0 },
	{ "mount: umount the repository", unmount_repository, 0 },
	{ "mount: umount /proc", unmount_proc, 0 },
	{ "mount: mount_setattr", mount_attributes, 0 },
	{ "mount: open_tree", clone_tree, 0 },
	{ "mount: open_tree_attr", clone_tree_with_attributes, 0 },
	{ "mount: fsopen", open_file_system, 0 },
	{ "mount: fspick", pick_file_system, 0 },
	{ "mount: fsconfig", configure_file_system, 0 },
	{ "mount: fsmount", make_mount, 0 },
	{ "mount: move_mount", move_mount_away, 0 },
	{ "root: chroot", change_root, 0 },
	{ "root: pivot_root", pivot, 0 },
	{ "name: sethostname", set_host_name, 0 },
	{ "name: setdomainname", set_domain_name, 0 },
	{ NULL, NULL, 0 },
};
