/*
 *   inject [OPTION…] -- PROGRAM [ARGUMENT…]
 *
 *   -c CALL,…   these system calls
 *   -p PATH     only where they are about a file with this in its path
 *   -n FROM     the FROM-th of them, from 1
 *   -m COUNT    and what follows, COUNT in all (1); SIGUSR1 ends it before
 *   -w          none of them before SIGUSR2, with which it also goes on after SIGUSR1
 *   -k HOW      the program is killed: before, after, half (of a write is done)
 *   -e ERRNO    they fail so, by number; or do only half: short
 *   -l          of the first process that it forks, too
 *   -t FILE     two 64 bit numbers: by how many milliseconds wall and boot clock are wrong
 *   -o FILE     gets what was hit, and at the end how often each call was made
 *
 * Ends as the program does: with its exit code, or 128 and the signal.
 */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)
#define OPTIONS_ROOT                                                               \
	(OPTIONS | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | \
	    PTRACE_O_TRACEVFORK)

static struct trace trace;

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* --- options --------------------------------------------------------------------------------- */

static void add_calls(struct plan *p, char *names)
{
	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		int nr = seccomp_syscall_resolve_name(name);

		errno = ENOSYS;
		if (nr < 0 || nr >= CALLS_MAX)
			die(name);
		p->calls[nr] = true;
	}
}

static enum deed deed_of(const char *how)
{
	errno = EINVAL;
	if (strcmp(how, "before") == 0)
		return DEED_BEFORE;
	if (strcmp(how, "after") == 0)
		return DEED_AFTER;
	if (strcmp(how, "half") != 0)
		die(how);
	return DEED_HALF;
}

static void set_error(struct plan *p, const char *error)
{
	p->error = atoi(error);
	p->deed = p->error ? DEED_ERRNO : DEED_SHORT;
}

static const int64_t *map_clocks(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		die(path);
	return at;
}

static char **read_options(struct trace *t, int argc, char **argv)
{
	struct plan *p = &t->plan;
	int c;

	p->count = 1;
	while ((c = getopt(argc, argv, "+c:p:n:m:wk:e:lt:o:")) >= 0) {
		if (c == 'c')
			add_calls(p, optarg);
		else if (c == 'p')
			p->path = optarg;
		else if (c == 'n')
			p->from = atol(optarg);
		else if (c == 'm')
			p->count = atol(optarg);
		else if (c == 'w')
			t->lifted = true;
		else if (c == 'k')
			p->deed = deed_of(optarg);
		else if (c == 'e')
			set_error(p, optarg);
		else if (c == 'l')
			p->launcher = true;
		else if (c == 't')
			p->clocks = map_clocks(optarg);
		else if (c == 'o')
			t->out = fopen(optarg, "we");
	}
	errno = EINVAL;
	if (optind >= argc)
		die("no program");
	return argv + optind;
}

/* --- following ------------------------------------------------------------------------------- */

static void on_lift(int number)
{
	trace.lifted = number == SIGUSR1;
}

/* The program waits for a byte until it is followed. */
static void start(struct trace *t, char **argv)
{
	int gate[2];
	char byte = 0;

	if (pipe2(gate, O_CLOEXEC) < 0)
		die("pipe");
	t->root = fork();
	if (t->root < 0)
		die("fork");
	if (t->root == 0) {
		if (read(gate[0], &byte, 1) == 1)
			execvp(argv[0], argv);
		die(argv[0]);
	}
	if (ptrace(PTRACE_SEIZE, t->root, NULL, (void *)OPTIONS_ROOT) < 0)
		die("cannot follow it");
	if (write(gate[1], &byte, 1) != 1)
		die("pipe");
	close(gate[0]);
	close(gate[1]);
}

static struct thread *find(struct trace *t, pid_t tid)
{
	struct thread *free_one = NULL;

	for (size_t i = 0; i < THREADS_MAX; i++) {
		if (t->threads[i].tid == tid)
			return &t->threads[i];
		if (!t->threads[i].tid && !free_one)
			free_one = &t->threads[i];
	}
	errno = EAGAIN;
	if (!free_one)
		die("too many threads");
	*free_one = (struct thread){ .tid = tid };
	return free_one;
}

static pid_t group_of(pid_t tid)
{
	char path[64], line[128];
	int group = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &group) == 1)
			break;
	if (f)
		fclose(f);
	return group;
}

/* A thread of the program, or a process that it forked: only the first one, and only when asked. */
static bool begins(struct trace *t, struct thread *thread)
{
	pid_t group = group_of(thread->tid);

	thread->started = true;
	if (group == t->root)
		return true;
	if (t->plan.launcher && !t->launcher)
		t->launcher = thread->tid;
	if (thread->tid == t->launcher)
		return ptrace(PTRACE_SETOPTIONS, thread->tid, NULL, (void *)OPTIONS) == 0;
	ptrace(PTRACE_DETACH, thread->tid, NULL, NULL);
	thread->tid = 0;
	return false;
}

static void stopped(struct trace *t, struct thread *thread, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	bool group_stop = event == PTRACE_EVENT_STOP && sig != SIGTRAP;

	if (!thread->started && event == PTRACE_EVENT_STOP && !begins(t, thread))
		return;
	if (event == PTRACE_EVENT_EXEC) {
		t->running = thread->started = true;
		if (t->plan.clocks)
			forget_vdso(thread->tid);
	}
	if (sig == (SIGTRAP | 0x80))
		call_stops(t, thread);
	if (group_stop)
		ptrace(PTRACE_LISTEN, thread->tid, NULL, NULL);
	else /* a signal goes on to whom it is for */
		ptrace(PTRACE_SYSCALL, thread->tid, NULL,
		    (void *)(intptr_t)(event || sig == (SIGTRAP | 0x80) ? 0 : sig));
}

/* How it ended, as waitpid tells it. */
static int follow(struct trace *t)
{
	int status, end = 0;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (tid <= 0)
			continue;
		struct thread *thread = find(t, tid);

		if (WIFSTOPPED(status)) {
			stopped(t, thread, status);
			continue;
		}
		thread->tid = 0;
		if (tid == t->root)
			end = status;
	}
	return end;
}

static void tell_counts(struct trace *t)
{
	for (int nr = 0; t->out && nr < CALLS_MAX; nr++) {
		char *name =
		    t->counts[nr] ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr) : NULL;

		if (name)
			fprintf(t->out, "%s %ld\n", name, t->counts[nr]);
		free(name);
	}
	if (t->out)
		fclose(t->out);
}

int main(int argc, char **argv)
{
	const struct sigaction lift = { .sa_handler = on_lift };
	char **program = read_options(&trace, argc, argv);

	sigaction(SIGUSR1, &lift, NULL);
	sigaction(SIGUSR2, &lift, NULL);
	signal(SIGTERM, SIG_IGN); /* for the program alone, as is Ctrl-C */
	signal(SIGINT, SIG_IGN);
	start(&trace, program);
	int status = follow(&trace);

	tell_counts(&trace);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
