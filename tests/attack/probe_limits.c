/* More than is given: of everything that can be used up. */
#include "probe.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB(n) ((size_t)(n) << 20)
#define SCRATCH_MIB 32 /* what run.c asks for */

/* --- raising a limit ------------------------------------------------------------------------ */

static int raise_limit(int resource)
{
	struct rlimit l;

	if (getrlimit(resource, &l) < 0)
		return -errno;
	if (l.rlim_max == RLIM_INFINITY)
		return 0;
	l.rlim_max++;
	return tried(setrlimit(resource, &l));
}

#define RAISES(name, resource)                \
	static int name(void)                 \
	{                                     \
		return raise_limit(resource); \
	}

RAISES(raise_core, RLIMIT_CORE)
RAISES(raise_cpu, RLIMIT_CPU)
RAISES(raise_data, RLIMIT_DATA)
RAISES(raise_file, RLIMIT_FSIZE)
RAISES(raise_descriptors, RLIMIT_NOFILE)
RAISES(raise_processes, RLIMIT_NPROC)
RAISES(raise_locked, RLIMIT_MEMLOCK)
RAISES(raise_queues, RLIMIT_MSGQUEUE)
RAISES(raise_nice, RLIMIT_NICE)
RAISES(raise_real_time, RLIMIT_RTPRIO)

/* --- using up ------------------------------------------------------------------------------- */

static bool is_outside(void)
{
	return world.mode == 'O'; /* where there is no limit that would end it */
}

static int fork_bomb(void)
{
	int n = 0, rc = 0;

	if (is_outside())
		return -EPERM;
	setpgid(0, 0);
	while (n < 600 && rc == 0) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		rc = pid < 0 ? -errno : 0;
		n++;
	}
	return rc;
}

static int descriptors(void)
{
	int rc = 0;

	for (int n = 0; n < 5000 && rc >= 0; n++)
		rc = tried(dup(0));
	return rc;
}

static int large_file(void)
{
	int fd = open(in_scratch("large"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	signal(SIGXFSZ, SIG_IGN);
	return tried(ftruncate(fd, (off_t)MIB(257)));
}

static int memory_file(void)
{
	return opened(memfd_create("some", MFD_CLOEXEC));
}

static int fill_scratch(void)
{
	static char bytes[MIB(1)];
	int fd = open(in_scratch("fill"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc = 0;

	if (is_outside())
		return -EPERM;
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < SCRATCH_MIB + 1 && rc >= 0; i++)
		rc = tried(write(fd, bytes, sizeof(bytes)));
	unlink(in_scratch("fill"));
	return rc;
}

/* In C scratch is a directory of the host, which counts no files: more would only take long. */
static int many_files(void)
{
	int rc = is_outside() ? -EPERM : 0, i, n = world.mode == 'C' ? 2000 : 70000;
	char name[32];

	mkdir(in_scratch("many"), 0700);
	for (i = 0; i < n && rc >= 0; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		rc = tried(mknod(in_scratch(name), S_IFREG | 0600, 0));
	}
	while (i-- > 0) {
		snprintf(name, sizeof(name), "many/%d", i);
		unlink(in_scratch(name));
	}
	rmdir(in_scratch("many"));
	return rc;
}

static int map(size_t bytes, int flags)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}

static int private_memory(void)
{
	return map(MIB(3000), MAP_PRIVATE | MAP_ANONYMOUS);
}

static int shared_memory(void)
{
	return map(MIB(3000), MAP_SHARED | MAP_ANONYMOUS);
}

static int heap(void)
{
	char *end = sbrk(0);

	return brk(end + MIB(3000)) < 0 ? -errno : 0;
}

static int locked_memory(void)
{
	void *p = mmap(NULL, MIB(16), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -errno : tried(mlock(p, MIB(16)));
}

static int lock_all_memory(void)
{
	if (mlockall(MCL_FUTURE) < 0)
		return -errno;
	return map(MIB(16), MAP_PRIVATE | MAP_ANONYMOUS);
}

static int large_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	return tried(fcntl(ends[0], F_SETPIPE_SZ, MIB(8)));
}

const struct attack attacks_limits[] = {
	{ "limit: raise core", raise_core, 0 },
	{ "limit: raise cpu", raise_cpu, 0 },
	{ "limit: raise data", raise_data, 0 },
	{ "limit: raise file", raise_file, 0 },
	{ "limit: raise descriptors", raise_descriptors, 0 },
	{ "limit: raise processes", raise_processes, 0 },
	{ "limit: raise locked memory", raise_locked, 0 },
	{ "limit: raise queues", raise_queues, 0 },
	{ "limit: raise nice", raise_nice, 0 },
	{ "limit: raise real time", raise_real_time, 0 },
	{ "use up: processes", fork_bomb, IN_C },
	{ "use up: descriptors", descriptors, 0 },
	{ "use up: a file", large_file, 0 },
	{ "use up: a file in memory", memory_file, OUT },
	{ "use up: scratch", fill_scratch, IN_C },
	{ "use up: files in scratch", many_files, IN_C },
	{ "use up: memory", private_memory, 0 },
	{ "use up: shared memory", shared_memory, EVERYWHERE },
	{ "use up: the heap", heap, 0 },
	{ "use up: locked memory", locked_memory, 0 },
	{ "use up: all memory locked", lock_all_memory, 0 },
	{ "use up: a pipe", large_pipe, 0 },
	{ NULL, NULL, 0 },
};
