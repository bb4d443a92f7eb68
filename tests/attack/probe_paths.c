/* Changing what is not the repository: the system, the program itself, devices, the kernel's files.
 */
#include "probe.h"

#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- files ------------------------------------------------------------------------------- */

static int create(const char *path)
{
	int rc = opened(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));

	if (rc == 0)
		unlink(path);
	return rc;
}

static int append(const char *path)
{
	return opened(open(path, O_WRONLY | O_APPEND | O_CLOEXEC));
}

#define CREATES(name, path)          \
	static int name(void)        \
	{                            \
		return create(path); \
	}
#define APPENDS(name, path)          \
	static int name(void)        \
	{                            \
		return append(path); \
	}
#define READS(name, path)                                                     \
	static int name(void)                                                 \
	{                                                                     \
		return opened(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)); \
	}

CREATES(create_in_root, "/attack")
CREATES(create_in_usr, "/usr/attack")
CREATES(create_in_bin, "/usr/bin/attack")
CREATES(create_in_local, "/usr/local/attack")
CREATES(create_in_etc, "/etc/attack")
CREATES(create_preload, "/etc/ld.so.preload")
CREATES(create_in_opt, "/opt/attack")
CREATES(create_in_dev, "/dev/attack")
CREATES(create_in_shm, "/dev/shm/attack")
CREATES(create_in_var_tmp, "/var/tmp/attack")
CREATES(create_in_run, "/run/attack")
CREATES(create_in_home, "/home/attack")
CREATES(create_in_root_home, "/root/attack")
CREATES(create_in_mnt, "/mnt/attack")
CREATES(create_in_cgroup, "/sys/fs/cgroup/attack/cgroup.procs")
CREATES(create_in_program, in_program("attack"))
CREATES(create_in_secrets, in_secrets("attack"))
CREATES(create_in_data, world.data)
APPENDS(append_to_passwd, "/etc/passwd")
APPENDS(append_to_hosts, "/etc/hosts")
APPENDS(append_to_shell, "/bin/sh")
APPENDS(append_to_libc, "/usr/lib/x86_64-linux-gnu/libc.so.6")
APPENDS(append_to_program, in_program("probe"))

static int make_directory_in_root(void)
{
	return tried(mkdir("/attack", 0755));
}

static int unlink_program(void)
{
	return tried(unlink(in_program("probe")));
}

static int replace_program(void)
{
	return tried(rename(scratch_file("x", "x"), in_program("probe")));
}

static int truncate_program(void)
{
	return tried(truncate(in_program("probe"), 0));
}

static int rename_repository(void)
{
	return tried(rename(world.repo, "/attack"));
}

static int remove_mount_point(void)
{
	return tried(rmdir(world.scratch));
}

static int list_root(void)
{
	return opened(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* --- groups of the kernel ---------------------------------------------------------------- */

static int wrote(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : tried(write(fd, text, strlen(text)));
}

static int enter_group(void)
{
	return wrote(in_group("cgroup.procs"), "0");
}

static int kill_group(void)
{
	return wrote(in_group("x/cgroup.kill"), "1");
}

static int freeze_group(void)
{
	return wrote(in_group("x/cgroup.freeze"), "0");
}

static int limit_group(void)
{
	return wrote(in_group("cgroup.max.depth"), "max");
}

static int make_group(void)
{
	int rc = tried(mkdir(in_group("new"), 0755));

	if (rc == 0)
		rmdir(in_group("new"));
	return rc;
}

static int remove_group(void)
{
	int rc = tried(rmdir(in_group("x")));

	if (rc == 0)
		mkdir(in_group("x"), 0755);
	return rc;
}

READS(list_group, in_group("."))
READS(read_group, in_group("cgroup.procs"))

/* --- files of the kernel ----------------------------------------------------------------- */

APPENDS(core_pattern, "/proc/sys/kernel/core_pattern")
APPENDS(modprobe_path, "/proc/sys/kernel/modprobe")
APPENDS(hostname, "/proc/sys/kernel/hostname")
APPENDS(nested_limit, "/proc/sys/user/max_user_namespaces")
APPENDS(pid_limit, "/proc/sys/kernel/ns_last_pid")
APPENDS(port_range, "/proc/sys/net/ipv4/ip_unprivileged_port_start")
APPENDS(binfmt, "/proc/sys/fs/binfmt_misc/register")
APPENDS(sysrq, "/proc/sysrq-trigger")
APPENDS(own_uid_map, "/proc/self/uid_map")
APPENDS(own_oom_score, "/proc/self/oom_score_adj")
APPENDS(own_dump_filter, "/proc/self/coredump_filter")
APPENDS(own_exec_label, "/proc/self/attr/exec")
APPENDS(own_slack, "/proc/self/timerslack_ns")
APPENDS(own_name, "/proc/self/comm")
APPENDS(own_references, "/proc/self/clear_refs")
READS(kernel_core, "/proc/kcore")
READS(kernel_log, "/proc/kmsg")
READS(kernel_keys, "/proc/keys")
READS(kernel_arguments, "/proc/cmdline")
READS(kernel_locks, "/proc/locks")
READS(kernel_debug, "/sys/kernel/debug")
READS(firmware, "/sys/firmware")
READS(power, "/sys/power/state")

/* --- devices ----------------------------------------------------------------------------- */

APPENDS(write_zero, "/dev/zero")
APPENDS(write_full, "/dev/full")
APPENDS(write_urandom, "/dev/urandom")
APPENDS(open_shared_memory, "/dev/shm")
READS(open_mem, "/dev/mem")
READS(open_port, "/dev/port")
READS(open_kmsg, "/dev/kmsg")
READS(open_kvm, "/dev/kvm")
READS(open_fuse, "/dev/fuse")
READS(open_loop_control, "/dev/loop-control")
READS(open_loop, "/dev/loop0")
READS(open_tun, "/dev/net/tun")
READS(open_tty, "/dev/tty")
READS(open_ptmx, "/dev/ptmx")
READS(open_console, "/dev/console")
READS(open_uinput, "/dev/uinput")
READS(open_vsock, "/dev/vsock")
READS(open_userfaultfd, "/dev/userfaultfd")
READS(open_mapper, "/dev/mapper/control")

static int open_disk(void)
{
	static const char *const disks[] = { "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/dm-0" };
	int rc = -ENOENT;

	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]) && rc < 0; i++)
		rc = opened(open(disks[i], O_RDONLY | O_CLOEXEC));
	return rc;
}

static int make_device(mode_t type, dev_t device)
{
	if (mknod(in_scratch("device"), type | 0666, device) < 0)
		return -errno;
	return opened(open(in_scratch("device"), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

static int make_memory_device(void)
{
	return make_device(S_IFCHR, makedev(1, 1));
}

static int make_disk(void)
{
	return make_device(S_IFBLK, makedev(254, 0));
}

static int make_whiteout(void)
{
	return tried(mknod(in_scratch("whiteout"), S_IFCHR, 0));
}

static int add_entropy(void)
{
	int pool[4] = { 8, 4 }; /* struct rand_pool_info with its bytes */
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	return tried(ioctl(fd, RNDADDENTROPY, pool));
}

const struct attack attacks_paths[] = {
	{ "path: create in /", create_in_root, 0 },
	{ "path: mkdir in /", make_directory_in_root, 0 },
	{ "path: list /", list_root, IN_B | OUT },
	{ "path: create in /usr", create_in_usr, 0 },
	{ "path: create in /usr/bin", create_in_bin, 0 },
	{ "path: create in /usr/local", create_in_local, 0 },
	{ "path: create in /etc", create_in_etc, 0 },
	{ "path: create /etc/ld.so.preload", create_preload, 0 },
	{ "path: create in /opt", create_in_opt, 0 },
	{ "path: create in /dev", create_in_dev, 0 },
	{ "path: create in /dev/shm", create_in_shm, OUT },
	{ "path: create in /var/tmp", create_in_var_tmp, OUT },
	{ "path: create in /run", create_in_run, 0 },
	{ "path: create in /home", create_in_home, 0 },
	{ "path: create in /root", create_in_root_home, 0 },
	{ "path: create in /mnt", create_in_mnt, 0 },
	{ "path: create in a cgroup", create_in_cgroup, 0 },
	/* all of it goes through in front, where there is a group of the daemon's own (run.c) */
	{ "cgroup: enter", enter_group, 0 },
	{ "cgroup: kill", kill_group, 0 },
	{ "cgroup: freeze", freeze_group, 0 },
	{ "cgroup: limit", limit_group, 0 },
	{ "cgroup: make", make_group, 0 },
	{ "cgroup: remove", remove_group, 0 },
	{ "cgroup: list", list_group, 0 },
	{ "cgroup: read", read_group, 0 },
	{ "path: create among the secrets", create_in_secrets, OUT },
	{ "path: create in the data directory", create_in_data, 0 },
	{ "path: append to /etc/passwd", append_to_passwd, 0 },
	{ "path: append to /etc/hosts", append_to_hosts, 0 },
	{ "path: append to the shell", append_to_shell, 0 },
	{ "path: append to libc", append_to_libc, 0 },
	{ "path: rename the repository", rename_repository, 0 },
	{ "path: remove the scratch directory", remove_mount_point, 0 },
	{ "program: create beside it", create_in_program, 0 },
	{ "program: append to it", append_to_program, 0 },
	{ "program: truncate it", truncate_program, 0 },
	{ "program: unlink it", unlink_program, 0 },
	{ "program: replace it", replace_program, 0 },
	{ "kernel file: core_pattern", core_pattern, 0 },
	{ "kernel file: modprobe", modprobe_path, 0 },
	{ "kernel file: hostname", hostname, 0 },
	{ "kernel file: max_user_namespaces", nested_limit, 0 },
	{ "kernel file: ns_last_pid", pid_limit, 0 },
	{ "kernel file: ip_unprivileged_port_start", port_range, 0 },
	{ "kernel file: binfmt_misc", binfmt, 0 },
	{ "kernel file: sysrq-trigger", sysrq, 0 },
	{ "kernel file: own uid_map", own_uid_map, 0 },
	{ "kernel file: own oom_score_adj", own_oom_score, OUT },
	{ "kernel file: own coredump_filter", own_dump_filter, OUT },
	{ "kernel file: own attr/exec", own_exec_label, 0 },
	{ "kernel file: own timerslack_ns", own_slack, OUT },
	{ "kernel file: own comm", own_name, OUT },
	{ "kernel file: own clear_refs", own_references, OUT },
	{ "kernel file: read kcore", kernel_core, 0 },
	{ "kernel file: read kmsg", kernel_log, 0 },
	{ "kernel file: read keys", kernel_keys, 0 },
	{ "kernel file: read cmdline", kernel_arguments, OUT },
	{ "kernel file: read locks", kernel_locks, OUT },
	{ "kernel file: read debugfs", kernel_debug, 0 },
	{ "kernel file: read /sys/firmware", firmware, 0 },
	{ "kernel file: read /sys/power", power, 0 },
	{ "device: write /dev/zero", write_zero, IN_B | OUT },
	{ "device: write /dev/full", write_full, IN_B | OUT },
	{ "device: write /dev/urandom", write_urandom, IN_B | OUT },
	{ "device: /dev/shm", open_shared_memory, 0 },
	{ "device: /dev/mem", open_mem, 0 },
	{ "device: /dev/port", open_port, 0 },
	{ "device: /dev/kmsg", open_kmsg, 0 },
	{ "device: /dev/kvm", open_kvm, 0 },
	{ "device: /dev/fuse", open_fuse, 0 },
	{ "device: /dev/loop-control", open_loop_control, 0 },
	{ "device: /dev/loop0", open_loop, 0 },
	{ "device: /dev/net/tun", open_tun, 0 },
	{ "device: /dev/tty", open_tty, 0 },
	{ "device: /dev/ptmx", open_ptmx, 0 },
	{ "device: /dev/console", open_console, 0 },
	{ "device: /dev/uinput", open_uinput, 0 },
	{ "device: /dev/vsock", open_vsock, 0 },
	{ "device: /dev/userfaultfd", open_userfaultfd, 0 },
	{ "device: /dev/mapper/control", open_mapper, 0 },
	{ "device: a disk", open_disk, 0 },
	{ "device: make /dev/mem", make_memory_device, 0 },
	{ "device: make a disk", make_disk, 0 },
	{ "device: make a whiteout", make_whiteout, IN_B },
	{ "device: add entropy", add_entropy, 0 },
	{ NULL, NULL, 0 },
};
