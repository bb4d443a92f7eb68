/*
 * seccomp: what no program inside needs and what would get around the other walls. Calls that
 * exist are allowed unless a row below denies them; calls newer than the last one known here do
 * not exist (ENOSYS), which is what every program is prepared for.
 *
 * The kernel looks at 32 bits of most arguments, a filter sees 64. Where a row compares, garbage in
 * the upper half must not slip past: either it is masked, or it makes the comparison deny.
 */
#include "sandbox/priv.h"

#include "sandbox/kernel.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X32_BIT 0x40000000u
#define LOW32 0xffffffffull
#define TYPE_MASK 0xfull /* of socket(): without CLOEXEC and NONBLOCK */
#define FS_IOC_SETFLAGS_64 0x40086602u
#define FS_IOC_SETFLAGS_32 0x40046602u
#define FS_IOC_FSSETXATTR_ANY 0x401c5820u
#define FS_IOC_ENABLE_VERITY_ANY 0x40806685u
#define MSG_FASTOPEN_BIT 0x20000000ull
#define SETLEASE 1024

/* EPERM, whatever the arguments. Pseudo numbers (calls this architecture lacks) are skipped. */
static const int denied[] = {
	/* other processes */
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(process_madvise), SCMP_SYS(process_mrelease),
	SCMP_SYS(kcmp), SCMP_SYS(migrate_pages), SCMP_SYS(move_pages),
	/* mounts and namespaces */
	SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(fsopen), SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(open_tree), CALL_OPEN_TREE_ATTR,
	SCMP_SYS(move_mount), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(sethostname), SCMP_SYS(setdomainname),
	/* the kernel itself */
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(reboot),
	SCMP_SYS(syslog), SCMP_SYS(acct), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(modify_ldt),
	SCMP_SYS(vhangup), SCMP_SYS(uselib), SCMP_SYS(lookup_dcookie),
	/* clocks */
	SCMP_SYS(settimeofday), SCMP_SYS(stime), SCMP_SYS(clock_settime), SCMP_SYS(clock_settime64),
	SCMP_SYS(clock_adjtime), SCMP_SYS(clock_adjtime64), SCMP_SYS(adjtimex),
	/* files by handle, attributes, quotas, swap */
	SCMP_SYS(name_to_handle_at), SCMP_SYS(open_by_handle_at), SCMP_SYS(fanotify_init),
	SCMP_SYS(fanotify_mark), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), CALL_FILE_SETATTR,
	/* System V and POSIX queues, memory, semaphores */
	SCMP_SYS(shmget), SCMP_SYS(shmat), SCMP_SYS(shmctl), SCMP_SYS(shmdt), SCMP_SYS(semget),
	SCMP_SYS(semop), SCMP_SYS(semtimedop), SCMP_SYS(semctl), SCMP_SYS(msgget), SCMP_SYS(msgsnd),
	SCMP_SYS(msgrcv), SCMP_SYS(msgctl), SCMP_SYS(mq_open), SCMP_SYS(mq_unlink),
	SCMP_SYS(mq_timedsend), SCMP_SYS(mq_timedreceive), SCMP_SYS(mq_notify),
	SCMP_SYS(mq_getsetattr),
	/* priorities, affinity, schedulers */
	SCMP_SYS(setpriority), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setscheduler),
	SCMP_SYS(sched_setparam), SCMP_SYS(sched_setattr), SCMP_SYS(ioprio_set),
	/* carries MSG_FASTOPEN where a filter cannot look */
	SCMP_SYS(sendmmsg)
};

/*
 * ENOSYS: libraries then take the older call, which can be looked into; or a file, which has a
 * limit and is seen (a file in memory that nobody maps counts nowhere).
 */
static const int absent[] = { SCMP_SYS(clone3), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(memfd_create), SCMP_SYS(memfd_secret) };

/* Without Landlock's rules for ports: nothing but the one listener that is already there. */
static const int denied_to_listen[] = { SCMP_SYS(bind), SCMP_SYS(listen) };

/*
 * Without mounts of our own, a file's owner could still change what is no content. Programs do not
 * expect chmod and utime of their own files to fail (qwen ends, gemini waits for ever), so these
 * pretend; owners and extended attributes can be refused.
 */
static const int pretended[] = { SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat),
	CALL_FCHMODAT2, SCMP_SYS(utime), SCMP_SYS(utimes), SCMP_SYS(futimesat), SCMP_SYS(utimensat),
	SCMP_SYS(utimensat_time64) };
static const int denied_in_place[] = { SCMP_SYS(chown), SCMP_SYS(lchown), SCMP_SYS(fchown),
	SCMP_SYS(fchownat), SCMP_SYS(chown32), SCMP_SYS(lchown32), SCMP_SYS(fchown32),
	SCMP_SYS(setxattr), SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr), CALL_SETXATTRAT,
	SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr), CALL_REMOVEXATTRAT,
	SCMP_SYS(listen) };

/*
 * Nor can Landlock tell what a file system does by ioctl through a descriptor that only reads: the
 * file's owner may set its generation, make subvolumes, choose a policy of encryption. By the type
 * that is in their numbers: ext4 and all ('f', 'v'), XFS ('X'), btrfs and clones, f2fs.
 */
static const unsigned no_ioctl_in_place[] = { 'f', 'v', 'X', 0x94, 0xf5 };

struct arg_row {
	int nr, error;
	struct scmp_arg_cmp arg;
};

#define ARG(n, op, a, b)                     \
	{                                    \
		(n), SCMP_CMP_##op, (a), (b) \
	}
#define CLONE_ROW(flag)                                                   \
	{                                                                 \
		SCMP_SYS(clone), EPERM, ARG(0, MASKED_EQ, (flag), (flag)) \
	}
#define IOCTL_ROW(cmd)                                                  \
	{                                                               \
		SCMP_SYS(ioctl), EPERM, ARG(1, MASKED_EQ, LOW32, (cmd)) \
	}

static const struct arg_row by_argument[] = {
	CLONE_ROW(CLONE_NEWNS),
	CLONE_ROW(CLONE_NEWCGROUP),
	CLONE_ROW(CLONE_NEWUTS),
	CLONE_ROW(CLONE_NEWIPC),
	CLONE_ROW(CLONE_NEWUSER),
	CLONE_ROW(CLONE_NEWPID),
	CLONE_ROW(CLONE_NEWNET),
	IOCTL_ROW(TIOCSTI),
	IOCTL_ROW(TIOCLINUX),
	IOCTL_ROW(FS_IOC_SETFLAGS_64),
	IOCTL_ROW(FS_IOC_SETFLAGS_32),
	IOCTL_ROW(FS_IOC_FSSETXATTR_ANY),
	IOCTL_ROW(FS_IOC_ENABLE_VERITY_ANY),
	{ SCMP_SYS(fcntl), EPERM, ARG(1, MASKED_EQ, LOW32, SETLEASE) },
	{ SCMP_SYS(prlimit64), EPERM, ARG(0, NE, 0, 0) },
	{ SCMP_SYS(sendto), EPERM, ARG(3, MASKED_EQ, MSG_FASTOPEN_BIT, MSG_FASTOPEN_BIT) },
	{ SCMP_SYS(sendmsg), EPERM, ARG(2, MASKED_EQ, MSG_FASTOPEN_BIT, MSG_FASTOPEN_BIT) },
	/* socket(): only AF_INET and AF_INET6 … */
	{ SCMP_SYS(socket), EAFNOSUPPORT, ARG(0, GT, AF_INET6, 0) },
	/* … and only protocol 0 or TCP; the values between are in deny_between */
	{ SCMP_SYS(socket), EAFNOSUPPORT, ARG(2, GT, IPPROTO_TCP, 0) },
	/* to ask for a pair of another family is enough for the kernel to load its module */
	{ SCMP_SYS(socketpair), EAFNOSUPPORT, ARG(0, NE, AF_UNIX, 0) },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Hands out rows as long as nothing goes wrong. */
struct rows {
	fence_row_fn fn;
	void *ctx;
	int rc;
};

static void give(struct rows *r, int nr, int error, const struct scmp_arg_cmp *arg)
{
	struct fence_row row = { .nr = nr, .error = error, .arg = -1 };

	if (arg) {
		row.arg = (int)arg->arg;
		row.op = arg->op;
		row.a = arg->datum_a;
		row.b = arg->datum_b;
	}
	if (nr >= 0 && !r->rc) /* not one that this architecture lacks */
		r->rc = r->fn(r->ctx, &row);
}

static void give_all(struct rows *r, const int *nr, size_t n, int error)
{
	for (size_t i = 0; i < n; i++)
		give(r, nr[i], error, NULL);
}

/*
 * A rule cannot say "none of these", so the other values are counted out: families below
 * AF_INET6, protocols below TCP, the sixteen socket types. AF_UNIX has no socket() either, only a
 * socketpair of connected ends: a pair of SOCK_DGRAM (or SOCK_RAW, the same thing) could be
 * connected anew, to whatever listens on a path.
 */
static void give_between(struct rows *r)
{
	for (unsigned v = 0; v < 16; v++) {
		const struct scmp_arg_cmp family = { 0, SCMP_CMP_EQ, v, 0 };
		const struct scmp_arg_cmp type = { 1, SCMP_CMP_MASKED_EQ, TYPE_MASK, v };
		const struct scmp_arg_cmp protocol = { 2, SCMP_CMP_EQ, v, 0 };

		if (v < AF_INET6 && v != AF_INET)
			give(r, SCMP_SYS(socket), EAFNOSUPPORT, &family);
		if (v != SOCK_STREAM)
			give(r, SCMP_SYS(socket), EAFNOSUPPORT, &type);
		if (v < IPPROTO_TCP && v != 0)
			give(r, SCMP_SYS(socket), EAFNOSUPPORT, &protocol);
		if (v != SOCK_STREAM && v != SOCK_SEQPACKET)
			give(r, SCMP_SYS(socketpair), EAFNOSUPPORT, &type);
	}
}

/* ENOTTY is what other file systems say to them. */
static void give_ioctl_in_place(struct rows *r)
{
	for (size_t i = 0; i < COUNT(no_ioctl_in_place); i++) {
		const struct scmp_arg_cmp type = { 1, SCMP_CMP_MASKED_EQ, 0xff00,
			no_ioctl_in_place[i] << 8 };

		give(r, SCMP_SYS(ioctl), ENOTTY, &type);
	}
}

int fence_filter_rows(enum fence_mode mode, fence_row_fn fn, void *ctx)
{
	struct rows r = { fn, ctx, 0 };

	give_all(&r, denied, COUNT(denied), EPERM);
	give_all(&r, absent, COUNT(absent), ENOSYS);
	for (size_t i = 0; i < COUNT(by_argument); i++)
		give(&r, by_argument[i].nr, by_argument[i].error, &by_argument[i].arg);
	give_between(&r);
	/* what another wall does in mode A */
	if (mode == FENCE_B)
		give_all(&r, denied_to_listen, COUNT(denied_to_listen), EACCES);
	if (mode == FENCE_C) {
		give_all(&r, pretended, COUNT(pretended), 0);
		give_all(&r, denied_in_place, COUNT(denied_in_place), EPERM);
		give_ioctl_in_place(&r);
	}
	return r.rc;
}

static int add_row(void *ctx, const struct fence_row *row)
{
	const struct scmp_arg_cmp arg = { (unsigned)row->arg, (enum scmp_compare)row->op, row->a,
		row->b };

	if (FENCE_HOLE_ROW(row))
		return 0;
	return seccomp_rule_add_array(
	    ctx, SCMP_ACT_ERRNO((unsigned)row->error), row->nr, row->arg >= 0, &arg);
}

static int add_rules(scmp_filter_ctx ctx, enum fence_mode mode)
{
	int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (!rc)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return rc ? rc : fence_filter_rows(mode, add_row, ctx);
}

/* What libseccomp cannot express: numbers beyond the last known call. Runs before its code. */
static const struct sock_filter future[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FENCE_ARCH, 0, 4),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, CALL_LAST_KNOWN, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
};

static int read_code(int fd, struct fence_filter *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	size_t size = sizeof(future) + (size_t)st.st_size;

	if (st.st_size <= 0 || size > BPF_MAXINSNS * sizeof(struct sock_filter))
		return -E2BIG;
	char *code = xalloc(size);

	memcpy(code, future, sizeof(future));
	if (pread(fd, code + sizeof(future), (size_t)st.st_size, 0) != st.st_size) {
		free(code);
		return -EIO;
	}
	free(ret->code);
	ret->code = (struct sock_filter *)(void *)code;
	ret->n = (unsigned short)(size / sizeof(struct sock_filter));
	sha256_of((struct str){ code, size }, ret->sha256);
	return 0;
}

int fence_filter_build(enum fence_mode mode, struct fence_filter *ret)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("fence-filter", MFD_CLOEXEC);
	int rc = !ctx ? -ENOMEM : fd < 0 ? -errno : add_rules(ctx, mode);

	if (!rc)
		rc = seccomp_export_bpf(ctx, fd);
	if (!rc)
		rc = read_code(fd, ret);
	if (fd >= 0)
		close(fd);
	if (ctx)
		seccomp_release(ctx);
	return rc;
}

int fence_filter_enter(const struct fence_filter *filter, struct fence_fault *f)
{
	const struct sock_fprog prog = { filter->n, filter->code };

	if (FENCE_HOLE("seccomp"))
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return fence_fail(f, STAGE_SECCOMP, -errno, NULL);
	return 0;
}
