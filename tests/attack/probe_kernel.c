/* The kernel itself: calls nobody inside needs, other ways to make calls, other ways to be root. */
#include "probe.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALL_LSM_SET_SELF_ATTR = 460, CALL_NOT_YET_KNOWN = 480 };

/* --- one call each ------------------------------------------------------------------------ */

/* With arguments that cannot work: that the call looks at them shows that it was reached. */
#define REACHES(name, nr, a, b, c, d, e)                                                   \
	static int name(void)                                                              \
	{                                                                                  \
		return reached(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e)); \
	}

REACHES(key_add, SYS_add_key, "user", "attack", "x", 1, KEY_SPEC_PROCESS_KEYRING)
REACHES(key_request, SYS_request_key, "user", "attack", 0, 0, 0)
REACHES(key_session, SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
REACHES(key_parent, SYS_keyctl, KEYCTL_SESSION_TO_PARENT, 0, 0, 0, 0)
REACHES(key_read, SYS_keyctl, KEYCTL_READ, KEY_SPEC_USER_KEYRING, 0, 0, 0)
REACHES(bpf_map, SYS_bpf, 0, 0, 0, 0, 0)
REACHES(bpf_load, SYS_bpf, 5, 0, 0, 0, 0)
REACHES(perf, SYS_perf_event_open, 0, 0, -1, -1, 0)
REACHES(fault, SYS_userfaultfd, 1 << 20, 0, 0, 0, 0)
REACHES(fault_user_only, SYS_userfaultfd, 1, 0, 0, 0, 0)
REACHES(uring_setup, SYS_io_uring_setup, 1, 0, 0, 0, 0)
REACHES(uring_enter, SYS_io_uring_enter, -1, 0, 0, 0, 0)
REACHES(uring_register, SYS_io_uring_register, -1, 0, 0, 0, 0)
REACHES(shm_get, SYS_shmget, 0, 4096, 0600 | 01000, 0, 0)
REACHES(shm_attach, SYS_shmat, -1, 0, 0, 0, 0)
REACHES(shm_control, SYS_shmctl, -1, 0, 0, 0, 0)
REACHES(semaphore_get, SYS_semget, 0, 1, 0600 | 01000, 0, 0)
REACHES(semaphore_control, SYS_semctl, -1, 0, 0, 0, 0)
REACHES(message_get, SYS_msgget, 0, 0600 | 01000, 0, 0, 0)
REACHES(message_send, SYS_msgsnd, -1, 0, 0, 0, 0)
REACHES(message_receive, SYS_msgrcv, -1, 0, 0, 0, 0)
REACHES(queue_open, SYS_mq_open, "attack", O_CREAT | O_RDWR, 0600, 0, 0)
REACHES(queue_unlink, SYS_mq_unlink, "attack", 0, 0, 0, 0)
REACHES(watch_all, SYS_fanotify_init, 0x200, 0, 0, 0, 0)
REACHES(watch_mark, SYS_fanotify_mark, -1, 0, 0, 0, 0)
REACHES(log_read, SYS_syslog, 3, 0, 0, 0, 0)
REACHES(log_size, SYS_syslog, 10, 0, 0, 0, 0)
REACHES(account, SYS_acct, "/nonexistent", 0, 0, 0, 0)
REACHES(quota, SYS_quotactl, 0x800001, 0, 0, 0, 0)
REACHES(quota_descriptor, SYS_quotactl_fd, -1, 0, 0, 0, 0)
REACHES(swap_on, SYS_swapon, "/nonexistent", 0, 0, 0, 0)
REACHES(swap_off, SYS_swapoff, "/nonexistent", 0, 0, 0, 0)
REACHES(restart, SYS_reboot, 0, 0, 0, 0, 0) /* magic numbers that are none */
REACHES(kexec, SYS_kexec_load, 0, 1000, 0, 0, 0)
REACHES(kexec_file, SYS_kexec_file_load, -1, -1, 0, 0, 0)
REACHES(module_load, SYS_init_module, 0, 0, "", 0, 0)
REACHES(module_load_file, SYS_finit_module, -1, "", 0, 0, 0)
REACHES(module_unload, SYS_delete_module, "nonexistent", O_NONBLOCK, 0, 0, 0)
REACHES(clock_day, SYS_settimeofday, 1, 0, 0, 0, 0)
REACHES(clock_set, SYS_clock_settime, CLOCK_REALTIME, 0, 0, 0, 0)
REACHES(clock_adjust, SYS_clock_adjtime, CLOCK_REALTIME, 0, 0, 0, 0)
REACHES(clock_tune, SYS_adjtimex, 0, 0, 0, 0, 0)
REACHES(hang_up, SYS_vhangup, 0, 0, 0, 0, 0)
REACHES(not_yet_known, CALL_NOT_YET_KNOWN, 0, 0, 0, 0, 0)
REACHES(far_beyond, 1000000, 0, 0, 0, 0, 0)
REACHES(negative, -2, 0, 0, 0, 0, 0)
#ifdef __x86_64__
REACHES(io_level, SYS_iopl, 3, 0, 0, 0, 0)
REACHES(io_ports, SYS_ioperm, 0, 1, 1, 0, 0)
REACHES(descriptor_table, SYS_modify_ldt, 0, 0, 0, 0, 0)
REACHES(old_library, SYS_uselib, "/nonexistent", 0, 0, 0, 0)
REACHES(old_cookie, SYS_lookup_dcookie, 0, 0, 0, 0, 0)
#endif

static int label_self(void)
{
	return called(CALL_LSM_SET_SELF_ATTR, 101, (long)"x", 1, 0, 0);
}

static int unlink_by_aio(void)
{
	aio_context_t ring = 0;

	return called(SYS_io_setup, 1, (long)&ring, 0, 0, 0);
}

/* Asynchronous writes want a descriptor that may be written to. */
static int write_by_aio(void)
{
	aio_context_t ring = 0;
	int fd = open(in_repo("file"), O_RDONLY | O_CLOEXEC);
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = (unsigned)fd };
	struct iocb *list[] = { &cb };

	if (syscall(SYS_io_setup, 1, &ring) < 0)
		return -errno;
	cb.aio_buf = (unsigned long long)(size_t) "x";
	cb.aio_nbytes = 1;
	return called(SYS_io_submit, (long)ring, 1, (long)list, 0, 0);
}

/* --- other doors to the kernel ------------------------------------------------------------ */

#ifdef __x86_64__
static void call_32_bit(void)
{
	long rc = 20; /* getpid there */

	__asm__ volatile("int $0x80" : "+a"(rc) : : "memory", "r8", "r9", "r10", "r11");
	if (rc <= 0)
		_exit(1);
}

static void call_x32(void)
{
	if (syscall(0x40000000 | SYS_getpid) <= 0)
		_exit(1);
}

static void call_x32_special(void)
{
	if (syscall(0x40000000 | 512) < 0 && errno == ENOSYS)
		_exit(1);
}

static int door(void (*call)(void))
{
	int status = child_status(call);

	if (status < 0)
		return status;
	return status == 0 ? 0 : WIFSIGNALED(status) ? -EINTR : -ENOSYS;
}

static int door_32_bit(void)
{
	return door(call_32_bit);
}

static int door_x32(void)
{
	return door(call_x32);
}

static int door_x32_special(void)
{
	return door(call_x32_special);
}
#endif

/* A filter of one's own comes on top of ours and takes nothing away. */
static int own_filter(void)
{
	struct {
		unsigned short code;
		unsigned char jt, jf;
		unsigned k;
	} allow = { 0x06, 0, 0, 0x7fff0000 };
	struct {
		unsigned short n;
		void *code;
	} prog = { 1, &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, 1, 0, &prog) < 0)
		return -errno;
	return tried(unshare(CLONE_NEWUSER));
}

static int strict_off(void)
{
	return tried(prctl(PR_SET_SECCOMP, 0, 0, 0, 0));
}

static int new_privileges(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? 0 : -EPERM;
}

static int reached_dump_flag(void)
{
	return tried(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0));
}

static int move_memory_map(void)
{
	return tried(prctl(PR_SET_MM, PR_SET_MM_START_BRK, 0, 0, 0));
}

static int keep_capabilities(void)
{
	return tried(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
}

static int ambient_capability(void)
{
	return tried(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
}

/* --- becoming somebody ---------------------------------------------------------------------- */

static int become_root(void)
{
	return tried(setuid(0));
}

static int become_root_group(void)
{
	return tried(setgid(0));
}

static int become_another(void)
{
	return tried(setresuid(1, 1, 1));
}

static int take_groups(void)
{
	const gid_t groups[] = { 0, 42 };

	return tried(setgroups(2, groups));
}

static int file_user(void)
{
	syscall(SYS_setfsuid, 0);
	return syscall(SYS_setfsuid, -1) == 0 ? 0 : -EPERM;
}

static int take_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct all[2] = { { ~0u, ~0u, ~0u }, { ~0u, ~0u, ~0u } };

	return called(SYS_capset, (long)&head, (long)all, 0, 0, 0);
}

static int has_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct set[2];

	if (syscall(SYS_capget, &head, set) < 0)
		return -errno;
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			return 0;
	return set[0].permitted || set[1].permitted || set[0].inheritable ? 0 : -EPERM;
}

/* A copy of this program that belongs to root and has the set-user-id bit. */
static void run_set_user_id(void)
{
	execl(in_program("suid"), "suid", "euid", NULL);
	_exit(0);
}

static int set_user_id_program(void)
{
	return child_status(run_set_user_id) == 0 ? -EPERM : 0;
}

static void run_su(void)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execlp("su", "su", "-c", "true", NULL);
	_exit(1);
}

static int su_without_password(void)
{
	return child_status(run_su) == 0 ? 0 : -EPERM;
}

/* --- running what was not there ------------------------------------------------------------- */

static const char *copy_program(const char *from, const char *to, mode_t mode)
{
	const char *path = in_scratch(to);
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	char bytes[65536];
	ssize_t n;

	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)n) != n)
			break;
	close(in);
	close(out);
	return path;
}

static void run_copy(void)
{
	execl(copy_program("/bin/true", "true", 0755), "true", NULL);
	_exit(1);
}

static int from_scratch(void)
{
	return child_status(run_copy) == 0 ? 0 : -EACCES;
}

static void run_in_memory(void)
{
	char *argv[] = { (char[]){ "true" }, NULL }, bytes[65536];
	int in = open("/bin/true", O_RDONLY | O_CLOEXEC), fd = memfd_create("true", 0);
	ssize_t n;

	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(fd, bytes, (size_t)n) != n)
			_exit(1);
	fexecve(fd, argv, argv + 1);
	_exit(1);
}

static int from_memory(void)
{
	return child_status(run_in_memory) == 0 ? 0 : -EACCES;
}

static const char *loader(void)
{
	static const char on_arm[] = "/lib/ld-linux-aarch64.so.1";

	return access(on_arm, F_OK) == 0 ? on_arm : "/lib64/ld-linux-x86-64.so.2";
}

static void run_by_loader(void)
{
	execl(loader(), "ld", copy_program("/bin/true", "data", 0644), NULL);
	_exit(1);
}

static int by_loader(void)
{
	return child_status(run_by_loader) == 0 ? 0 : -EACCES;
}

static void run_in_repository(void)
{
	execl(in_repo("run"), "run", NULL);
	_exit(1);
}

static int from_repository(void)
{
	return child_status(run_in_repository) == 0 ? 0 : -EACCES;
}

static void run_repository_by_loader(void)
{
	execl(loader(), "ld", in_repo("binary"), NULL);
	_exit(1);
}

static int from_repository_by_loader(void)
{
	return child_status(run_repository_by_loader) == 0 ? 0 : -EACCES;
}

/* --- watching and locking --------------------------------------------------------------------- */

static int watch(const char *path)
{
	int fd = inotify_init1(IN_CLOEXEC);

	return fd < 0 ? -errno : opened(inotify_add_watch(fd, path, IN_ALL_EVENTS));
}

static int watch_repository(void)
{
	return watch(world.repo);
}

static int watch_secrets(void)
{
	return watch(world.secrets);
}

static int notify_of_directory(void)
{
	int fd = open(world.repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return tried(fcntl(fd, F_NOTIFY, DN_MODIFY | DN_CREATE));
}

static int readable(void)
{
	return open(in_repo("file"), O_RDONLY | O_CLOEXEC);
}

static int lock_file(void)
{
	return tried(flock(readable(), LOCK_EX | LOCK_NB));
}

static int lock_record_to_write(void)
{
	struct flock l = { .l_type = F_WRLCK };

	return tried(fcntl(readable(), F_SETLK, &l));
}

static int lock_record_to_read(void)
{
	struct flock l = { .l_type = F_RDLCK };

	return tried(fcntl(readable(), F_SETLK, &l));
}

static int lease(void)
{
	return tried(fcntl(readable(), F_SETLEASE, F_RDLCK));
}

static int lease_with_garbage(void)
{
	return reached(SYS_fcntl, readable(), F_SETLEASE | 1l << 40, F_RDLCK, 0, 0);
}

/* A core goes to a file, which the limit forbids, or to a program of the host, unless it is 1. */
static int dump_core(void)
{
	struct rlimit l;

	getrlimit(RLIMIT_CORE, &l);
	return l.rlim_cur == 1 && l.rlim_max == 1 ? -EPERM : 0;
}

const struct attack attacks_kernel[] = {
	{ "key: add_key", key_add, OUT },
	{ "key: request_key", key_request, OUT },
	{ "key: join a session", key_session, OUT },
	{ "key: session to the parent", key_parent, 0 },
	{ "key: read", key_read, 0 },
	{ "kernel: bpf, a map", bpf_map, 0 },
	{ "kernel: bpf, a program", bpf_load, 0 },
	{ "kernel: perf_event_open", perf, 0 },
	{ "kernel: userfaultfd", fault, 0 },
	{ "kernel: userfaultfd, user mode", fault_user_only, 0 },
	{ "kernel: io_uring_setup", uring_setup, 0 },
	{ "kernel: io_uring_enter", uring_enter, 0 },
	{ "kernel: io_uring_register", uring_register, 0 },
	{ "kernel: AIO", unlink_by_aio, EVERYWHERE },
	{ "kernel: AIO, write", write_by_aio, 0 },
	{ "ipc: shmget", shm_get, OUT },
	{ "ipc: shmat", shm_attach, OUT },
	{ "ipc: shmctl", shm_control, OUT },
	{ "ipc: semget", semaphore_get, OUT },
	{ "ipc: semctl", semaphore_control, OUT },
	{ "ipc: msgget", message_get, OUT },
	{ "ipc: msgsnd", message_send, OUT },
	{ "ipc: msgrcv", message_receive, OUT },
	{ "ipc: mq_open", queue_open, OUT },
	{ "ipc: mq_unlink", queue_unlink, OUT },
	{ "watch: fanotify_init", watch_all, OUT },
	{ "watch: fanotify_mark", watch_mark, OUT },
	{ "watch: inotify on the repository", watch_repository, EVERYWHERE },
	{ "watch: inotify on the secrets", watch_secrets, IN_C },
	{ "watch: dnotify on the repository", notify_of_directory, EVERYWHERE },
	{ "kernel: syslog", log_read, 0 },
	{ "kernel: syslog, size", log_size, 0 },
	{ "kernel: acct", account, 0 },
	{ "kernel: quotactl", quota, 0 },
	{ "kernel: quotactl_fd", quota_descriptor, 0 },
	{ "kernel: swapon", swap_on, 0 },
	{ "kernel: swapoff", swap_off, 0 },
	{ "kernel: reboot", restart, 0 },
	{ "kernel: kexec_load", kexec, 0 },
	{ "kernel: kexec_file_load", kexec_file, 0 },
	{ "kernel: init_module", module_load, 0 },
	{ "kernel: finit_module", module_load_file, 0 },
	{ "kernel: delete_module", module_unload, 0 },
	{ "kernel: vhangup", hang_up, 0 },
	{ "kernel: lsm_set_self_attr", label_self, 0 },
	{ "clock: settimeofday", clock_day, OUT },
	{ "clock: clock_settime", clock_set, 0 },
	{ "clock: clock_adjtime", clock_adjust, OUT },
	{ "clock: adjtimex", clock_tune, OUT },
	{ "call: one that is not known yet", not_yet_known, 0 },
	{ "call: one far beyond", far_beyond, 0 },
	{ "call: a negative one", negative, 0 },
#ifdef __x86_64__
	{ "kernel: iopl", io_level, 0 },
	{ "kernel: ioperm", io_ports, 0 },
	{ "kernel: modify_ldt", descriptor_table, OUT },
	{ "kernel: uselib", old_library, 0 },
	{ "kernel: lookup_dcookie", old_cookie, 0 },
	{ "call: 32 bits by int 0x80", door_32_bit, 0 },
	{ "call: x32", door_x32, 0 },
	{ "call: x32, its own numbers", door_x32_special, 0 },
#endif
	{ "filter: one of its own, then unshare", own_filter, 0 },
	{ "filter: switch it off", strict_off, 0 },
	{ "prctl: new privileges", new_privileges, 0 },
	{ "prctl: dumpable by root only", reached_dump_flag, 0 },
	{ "prctl: move the memory map", move_memory_map, 0 },
	{ "prctl: securebits", keep_capabilities, 0 },
	{ "prctl: ambient capability", ambient_capability, 0 },
	{ "user: root", become_root, 0 },
	{ "user: root's group", become_root_group, 0 },
	{ "user: another", become_another, 0 },
	{ "user: groups", take_groups, 0 },
	{ "user: for files", file_user, 0 },
	{ "user: take capabilities", take_capabilities, 0 },
	{ "user: have capabilities", has_capabilities, 0 },
	{ "user: a set-user-id program", set_user_id_program, 0 },
	{ "user: su", su_without_password, 0 },
	{ "run: from scratch", from_scratch, EVERYWHERE },
	{ "run: from memory", from_memory, OUT },
	{ "run: by the loader", by_loader, EVERYWHERE },
	{ "run: from the repository", from_repository, OUT },
	{ "run: from the repository by the loader", from_repository_by_loader, IN_C | OUT },
	{ "lock: flock", lock_file, EVERYWHERE },
	{ "lock: a record for writing", lock_record_to_write, 0 },
	{ "lock: a record for reading", lock_record_to_read, EVERYWHERE },
	{ "lock: a lease", lease, OUT },
	{ "lock: a lease with garbage above", lease_with_garbage, OUT },
	{ "core: a dump", dump_core, OUT },
	{ NULL, NULL, 0 },
};
