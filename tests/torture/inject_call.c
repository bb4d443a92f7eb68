/* What happens to one call. */
#include "inject.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>

#define NS_OF_MS 1000000

/* --- the other's memory and registers -------------------------------------------------------- */

static bool peek(pid_t tid, uint64_t at, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)(uintptr_t)at, n };

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)n;
}

static void poke(pid_t tid, uint64_t at, void *from, size_t n)
{
	struct iovec here = { from, n }, there = { (void *)(uintptr_t)at, n };

	process_vm_writev(tid, &here, 1, &there, 1, 0);
}

static void set_register(pid_t tid, size_t offset, uint64_t value)
{
	ptrace(PTRACE_POKEUSER, tid, (void *)offset, (void *)(uintptr_t)value);
}

/* --- which calls ----------------------------------------------------------------------------- */

static bool names_path(uint64_t nr, size_t *ret_arg)
{
	*ret_arg = nr == SYS_openat || nr == SYS_openat2 || nr == SYS_newfstatat ||
		   nr == SYS_unlinkat || nr == SYS_mkdirat || nr == SYS_renameat ||
		   nr == SYS_renameat2;
	return *ret_arg || nr == SYS_open || nr == SYS_unlink || nr == SYS_mkdir ||
	       nr == SYS_rename || nr == SYS_stat || nr == SYS_lstat || nr == SYS_access;
}

/* The file that a call is about, by its first argument or by name. */
static void path_of(const struct thread *thread, char *ret, size_t size)
{
	char link[64];
	size_t arg;
	ssize_t n = 0;

	ret[0] = '\0';
	if (names_path(thread->nr, &arg)) {
		while (n < (ssize_t)size - 1 &&
		       peek(thread->tid, thread->args[arg] + (uint64_t)n, ret + n, 1) && ret[n])
			n++;
	} else {
		snprintf(
		    link, sizeof(link), "/proc/%d/fd/%d", (int)thread->tid, (int)thread->args[0]);
		n = readlink(link, ret, size - 1);
	}
	ret[n > 0 ? n : 0] = '\0';
}

/* Of fcntl only what the kernel may refuse: a lock is always given back. */
static bool takes_lock(const struct thread *thread)
{
	struct flock lock;

	return thread->args[1] == F_SETLK &&
	       peek(thread->tid, thread->args[2], &lock, sizeof(lock)) && lock.l_type != F_UNLCK;
}

static bool is_meant(struct trace *t, const struct thread *thread)
{
	char path[4096];

	if (thread->nr >= CALLS_MAX || !t->plan.calls[thread->nr])
		return false;
	if (thread->nr == SYS_fcntl && !takes_lock(thread))
		return false;
	if (!t->plan.path)
		return true;
	path_of(thread, path, sizeof(path));
	return strstr(path, t->plan.path) != NULL;
}

/* --- clocks ---------------------------------------------------------------------------------- */

static bool is_wall(uint64_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

static void shift(struct timespec *ts, int64_t ms)
{
	int64_t ns = ts->tv_nsec + ms % 1000 * NS_OF_MS;

	ts->tv_sec += ms / 1000 + (ns < 0 ? -1 : ns / (1000 * (int64_t)NS_OF_MS));
	ts->tv_nsec = ns < 0 ? ns + 1000 * (int64_t)NS_OF_MS : ns % (1000 * (int64_t)NS_OF_MS);
}

/* What the kernel told, and what the program is to believe. */
static void told_time(struct trace *t, struct thread *thread, int64_t rval)
{
	struct timespec ts;
	bool micro = thread->nr == SYS_gettimeofday; /* its second member has another unit */
	int64_t ms = t->plan.clocks[micro || is_wall(thread->args[0]) ? 0 : 1];
	uint64_t at = thread->args[micro ? 0 : 1];

	if (thread->nr == SYS_time)
		set_register(thread->tid, offsetof(struct user_regs_struct, rax),
		    (uint64_t)(rval + t->plan.clocks[0] / 1000));
	if ((thread->nr != SYS_clock_gettime && !micro) || !ms ||
	    !peek(thread->tid, at, &ts, sizeof(ts)))
		return;
	shift(&ts, micro ? ms / 1000 * 1000 : ms);
	poke(thread->tid, at, &ts, sizeof(ts));
}

/* Who waits until a time of the wall clock, means the one that he was told. */
static void wait_until(struct trace *t, struct thread *thread)
{
	uint64_t at = thread->args[3];
	struct timespec ts;

	if (thread->nr != SYS_futex || !(thread->args[1] & FUTEX_CLOCK_REALTIME) || !at ||
	    !peek(thread->tid, at, &ts, sizeof(ts)))
		return;
	shift(&ts, -t->plan.clocks[0]);
	poke(thread->tid, at, &ts, sizeof(ts));
}

void forget_vdso(pid_t tid)
{
	char path[64];
	Elf64_auxv_t aux[64];
	uint64_t word = 1, at;

	/* on the stack: the number of arguments, they and a NULL, the environment and a NULL, this
	 */
	at = (uint64_t)ptrace(
	    PTRACE_PEEKUSER, tid, (void *)offsetof(struct user_regs_struct, rsp), NULL);
	if (!peek(tid, at, &word, sizeof(word)))
		return;
	at += sizeof(word) * (word + 2);
	while (peek(tid, at, &word, sizeof(word)) && word)
		at += sizeof(word);
	at += sizeof(word);
	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)tid);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(aux, sizeof(*aux), 64, f) : 0;

	for (size_t i = 0; i < n; i++)
		if (aux[i].a_type == AT_SYSINFO_EHDR) {
			aux[i].a_type = AT_IGNORE;
			poke(tid, at + i * sizeof(*aux), &aux[i], sizeof(*aux));
		}
	if (f)
		fclose(f);
}

/* --- deeds ----------------------------------------------------------------------------------- */

static void tell(struct trace *t, const struct thread *thread)
{
	char path[256];

	if (!t->out || t->hits != 1)
		return;
	path_of(thread, path, sizeof(path));
	fprintf(t->out, "hit %ld %llu %s\n", t->seen, (unsigned long long)thread->nr, path);
	fflush(t->out);
}

static void halve(const struct thread *thread)
{
	if (thread->args[2] > 1)
		set_register(
		    thread->tid, offsetof(struct user_regs_struct, rdx), thread->args[2] / 2);
}

static void before(struct trace *t, struct thread *thread)
{
	const struct plan *p = &t->plan;

	if (thread->nr < CALLS_MAX)
		t->counts[thread->nr]++;
	if (p->clocks)
		wait_until(t, thread);
	if (!is_meant(t, thread))
		return;
	t->seen++;
	if (p->deed == DEED_COUNT || t->lifted || t->seen < p->from || t->hits >= p->count)
		return;
	t->hits++;
	thread->caught = true;
	tell(t, thread);
	if (p->deed == DEED_BEFORE)
		kill(t->root, SIGKILL);
	else if (p->deed == DEED_HALF || p->deed == DEED_SHORT)
		halve(thread);
	else if (p->deed == DEED_ERRNO) /* no such call: the kernel does nothing */
		set_register(
		    thread->tid, offsetof(struct user_regs_struct, orig_rax), (uint64_t)-1);
}

static void behind(struct trace *t, struct thread *thread)
{
	if (!thread->caught)
		return;
	thread->caught = false;
	if (t->plan.deed == DEED_AFTER || t->plan.deed == DEED_HALF)
		kill(t->root, SIGKILL);
	else if (t->plan.deed == DEED_ERRNO)
		set_register(thread->tid, offsetof(struct user_regs_struct, rax),
		    (uint64_t)(int64_t)-t->plan.error);
}

void call_stops(struct trace *t, struct thread *thread)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread->tid, (void *)sizeof(info), &info) <= 0 ||
	    !t->running)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		thread->nr = info.entry.nr;
		memcpy(thread->args, info.entry.args, sizeof(thread->args));
		before(t, thread);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
		behind(t, thread);
		if (t->plan.clocks)
			told_time(t, thread, info.exit.rval);
	}
}
