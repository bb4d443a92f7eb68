/* Other processes: seeing, tracing, signalling, slowing down. */
#include "probe.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Who is attacked: those of the host by the numbers they have there, and whoever is nearest. */
static pid_t victims(size_t i)
{
	const pid_t all[] = { world.victim, world.daemon, world.listener, 1, getppid() };

	/* the probe itself is the parent: its own family it may do with as it likes */
	return i < 4 ? all[i] : -1;
}

/* Tries ONE on each of them; the first that goes through, else the last refusal. */
static int on_each(int (*one)(pid_t pid))
{
	int rc = -ESRCH;

	for (size_t i = 0; victims(i) > 0; i++) {
		rc = one(victims(i));
		if (rc >= 0)
			return rc;
	}
	return rc;
}

#define ON_EACH(name, one)           \
	static int name(void)        \
	{                            \
		return on_each(one); \
	}

/* --- /proc ------------------------------------------------------------------------------- */

static int look_into(pid_t pid, const char *what, int flags)
{
	char path[64], byte;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	/* what may be opened need not give anything away */
	int rc = flags & O_DIRECTORY ? 0 : read(fd, &byte, 1) < 0 ? -errno : 0;

	close(fd);
	return rc;
}

#define LOOKS(name, what, flags)                    \
	static int one_##name(pid_t pid)            \
	{                                           \
		return look_into(pid, what, flags); \
	}                                           \
	ON_EACH(name, one_##name)

LOOKS(read_memory, "mem", O_RDWR)
LOOKS(read_environment, "environ", O_RDONLY)
LOOKS(read_command_line, "cmdline", O_RDONLY)
LOOKS(read_maps, "maps", O_RDONLY)
LOOKS(read_smaps, "smaps", O_RDONLY)
LOOKS(read_status, "status", O_RDONLY)
LOOKS(read_io, "io", O_RDONLY)
LOOKS(read_stack, "stack", O_RDONLY)
LOOKS(read_syscall, "syscall", O_RDONLY)
LOOKS(read_mounts, "mountinfo", O_RDONLY)
LOOKS(list_descriptors, "fd", O_RDONLY | O_DIRECTORY)
LOOKS(list_map_files, "map_files", O_RDONLY | O_DIRECTORY)
LOOKS(enter_root, "root/", O_RDONLY | O_DIRECTORY)
LOOKS(enter_directory, "cwd/", O_RDONLY | O_DIRECTORY)
LOOKS(open_program, "exe", O_RDONLY)
LOOKS(kill_sooner, "oom_score_adj", O_RDWR)

static int one_descriptor(pid_t pid)
{
	int rc = -ENOENT;

	for (int fd = 0; fd < 20 && rc < 0; fd++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		rc = opened(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	}
	return rc;
}
ON_EACH(open_descriptor, one_descriptor)

/* --- tracing ----------------------------------------------------------------------------- */

static int one_attach(pid_t pid)
{
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return -errno;
	waitpid(pid, NULL, 0); /* it stands still, and would go on doing so */
	return tried(ptrace(PTRACE_DETACH, pid, NULL, NULL));
}
ON_EACH(attach, one_attach)

static int one_seize(pid_t pid)
{
	return tried(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
}
ON_EACH(seize, one_seize)

static int trace_me(void)
{
	return tried(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int one_readv(pid_t pid)
{
	char byte;
	struct iovec mine = { &byte, 1 }, theirs = { &byte, 1 };

	return tried(process_vm_readv(pid, &mine, 1, &theirs, 1, 0));
}
ON_EACH(read_from, one_readv)

static int one_writev(pid_t pid)
{
	char byte = 0;
	struct iovec mine = { &byte, 1 }, theirs = { &byte, 1 };

	return tried(process_vm_writev(pid, &mine, 1, &theirs, 1, 0));
}
ON_EACH(write_to, one_writev)

static int read_own(void)
{
	return one_readv(getpid());
}

static int one_pidfd(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -errno;
	return opened(syscall(SYS_pidfd_getfd, fd, 0, 0));
}
ON_EACH(take_descriptor, one_pidfd)

static int one_advise(pid_t pid)
{
	struct iovec all = { NULL, 4096 };
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : reached(SYS_process_madvise, fd, (long)&all, 1, 21, 0);
}
ON_EACH(advise, one_advise)

static int one_compare(pid_t pid)
{
	return called(SYS_kcmp, pid, getpid(), KCMP_VM, 0, 0);
}
ON_EACH(compare, one_compare)

static int compare_own(void)
{
	return one_compare(getpid());
}

static int release_memory(void)
{
	return reached(SYS_process_mrelease, -1, 0, 0, 0, 0);
}

static int one_pages(pid_t pid)
{
	unsigned long nodes = 1;

	return called(SYS_migrate_pages, pid, 64, (long)&nodes, (long)&nodes, 0);
}
ON_EACH(migrate_pages_of, one_pages)

static int move_own_pages(void)
{
	return called(SYS_move_pages, 0, 0, 0, 0, 0);
}

/* --- signals ----------------------------------------------------------------------------- */

static int one_kill(pid_t pid)
{
	return tried(kill(pid, 0));
}
ON_EACH(signal_them, one_kill)

static int kill_victim(void)
{
	return tried(kill(world.victim, SIGUSR1));
}

static int kill_first(void)
{
	return tried(kill(1, SIGKILL));
}

static int one_group(pid_t pid)
{
	/* "minus one" would be everybody, and that is never nobody: the probe's own family */
	return pid == 1 ? -ESRCH : tried(kill(-pid, 0));
}
ON_EACH(signal_group, one_group)

static int one_thread(pid_t pid)
{
	return called(SYS_tgkill, pid, pid, 0, 0, 0);
}
ON_EACH(signal_thread, one_thread)

static int one_queue(pid_t pid)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return called(SYS_rt_sigqueueinfo, pid, 0, (long)&info, 0, 0);
}
ON_EACH(signal_queue, one_queue)

static int one_signal_pidfd(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : called(SYS_pidfd_send_signal, fd, 0, 0, 0, 0);
}
ON_EACH(signal_pidfd, one_signal_pidfd)

/* Whoever owns a pipe is sent a signal by the kernel; the harness sees whether the victim lives. */
static int signal_by_owner(void)
{
	struct f_owner_ex owner = { F_OWNER_PID, world.victim };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETOWN_EX, &owner) < 0)
		return -errno;
	if (fcntl(ends[0], F_SETSIG, SIGUSR2) < 0 || fcntl(ends[0], F_SETFL, O_ASYNC) < 0 ||
	    write(ends[1], "x", 1) != 1)
		return -errno;
	usleep(20000);
	return kill(world.victim, 0) < 0 ? -errno : 0;
}

/* --- how they run ------------------------------------------------------------------------ */

static int one_priority(pid_t pid)
{
	return tried(setpriority(PRIO_PROCESS, (id_t)pid, 19));
}
ON_EACH(priority, one_priority)

static int own_priority(void)
{
	return tried(setpriority(PRIO_PROCESS, 0, -20));
}

static int one_affinity(pid_t pid)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return tried(sched_setaffinity(pid, sizeof(set), &set));
}
ON_EACH(affinity, one_affinity)

static int one_scheduler(pid_t pid)
{
	const struct sched_param param = { 0 };

	return tried(sched_setscheduler(pid, SCHED_IDLE, &param));
}
ON_EACH(scheduler, one_scheduler)

static int own_real_time(void)
{
	const struct sched_param param = { 1 };

	return tried(sched_setscheduler(0, SCHED_FIFO, &param));
}

static int one_attributes(pid_t pid)
{
	unsigned attr[14] = { sizeof(attr), SCHED_BATCH };

	return called(SYS_sched_setattr, pid, (long)attr, 0, 0, 0);
}
ON_EACH(scheduler_attributes, one_attributes)

static int one_io_priority(pid_t pid)
{
	return called(SYS_ioprio_set, 1, pid, 3 << 13, 0, 0);
}
ON_EACH(io_priority, one_io_priority)

static int one_limit(pid_t pid)
{
	struct rlimit l;

	return tried(prlimit(pid, RLIMIT_NOFILE, NULL, &l));
}
ON_EACH(limits_of, one_limit)

static int one_session(pid_t pid)
{
	return tried(setpgid(pid, 0));
}
ON_EACH(process_group, one_session)

static int one_robust(pid_t pid)
{
	void *head;
	size_t size;

	return called(SYS_get_robust_list, pid, (long)&head, (long)&size, 0, 0);
}
ON_EACH(robust_list, one_robust)

/* --- terminals --------------------------------------------------------------------------- */

static int type_into_terminal(void)
{
	char c = '\n';

	return reached(SYS_ioctl, 0, TIOCSTI, (long)&c, 0, 0);
}

static int type_with_garbage(void)
{
	char c = '\n';

	return reached(SYS_ioctl, 0, TIOCSTI | 1l << 40, (long)&c, 0, 0);
}

static int paste(void)
{
	char c = 3;

	return reached(SYS_ioctl, 0, TIOCLINUX, (long)&c, 0, 0);
}

static int take_terminal(void)
{
	return tried(ioctl(0, TIOCSCTTY, 1));
}

/*
 * In B the scope of signals is missing: process 1 of the namespace may be signalled, and is immune
 * to it, as every such process is. Were it not, no attack after this one would have a result.
 */
#define IMMUNE IN_B

const struct attack attacks_process[] = {
	{ "proc: memory", read_memory, 0 },
	{ "proc: environment", read_environment, 0 },
	{ "proc: command line", read_command_line, OUT },
	{ "proc: maps", read_maps, 0 },
	{ "proc: smaps", read_smaps, 0 },
	{ "proc: status", read_status, OUT },
	{ "proc: io", read_io, 0 },
	{ "proc: stack", read_stack, 0 },
	{ "proc: syscall", read_syscall, 0 },
	{ "proc: mountinfo", read_mounts, 0 },
	{ "proc: list descriptors", list_descriptors, 0 },
	{ "proc: open a descriptor", open_descriptor, 0 },
	{ "proc: list map_files", list_map_files, 0 },
	{ "proc: enter the root", enter_root, 0 },
	{ "proc: enter the directory", enter_directory, 0 },
	{ "proc: open the program", open_program, 0 },
	{ "proc: have it killed sooner", kill_sooner, 0 },
	{ "trace: attach", attach, 0 },
	{ "trace: seize", seize, 0 },
	{ "trace: be traced", trace_me, OUT },
	{ "trace: process_vm_readv", read_from, 0 },
	{ "trace: process_vm_writev", write_to, 0 },
	{ "trace: process_vm_readv of itself", read_own, OUT },
	{ "trace: pidfd_getfd", take_descriptor, 0 },
	{ "trace: process_madvise", advise, 0 },
	{ "trace: kcmp", compare, 0 },
	{ "trace: kcmp of itself", compare_own, OUT },
	{ "trace: process_mrelease", release_memory, OUT },
	{ "trace: migrate_pages", migrate_pages_of, 0 },
	{ "trace: move_pages of itself", move_own_pages, 0 },
	{ "signal: kill", signal_them, IMMUNE | OUT },
	{ "signal: kill for good", kill_victim, 0 },
	{ "signal: kill process 1", kill_first, IMMUNE },
	{ "signal: a process group", signal_group, 0 },
	{ "signal: tgkill", signal_thread, IMMUNE },
	{ "signal: rt_sigqueueinfo", signal_queue, IMMUNE },
	{ "signal: pidfd_send_signal", signal_pidfd, IMMUNE },
	{ "signal: by the owner of a pipe", signal_by_owner, 0 },
	{ "run: priority", priority, 0 },
	{ "run: own priority", own_priority, 0 },
	{ "run: affinity", affinity, 0 },
	{ "run: scheduler", scheduler, 0 },
	{ "run: own real time", own_real_time, 0 },
	{ "run: scheduler attributes", scheduler_attributes, 0 },
	{ "run: io priority", io_priority, 0 },
	{ "run: limits", limits_of, 0 },
	{ "run: process group", process_group, 0 },
	{ "run: robust list", robust_list, 0 },
	{ "terminal: TIOCSTI", type_into_terminal, OUT },
	{ "terminal: TIOCSTI with garbage above", type_with_garbage, OUT },
	{ "terminal: TIOCLINUX", paste, OUT },
	{ "terminal: take one", take_terminal, 0 },
	{ NULL, NULL, 0 },
};
