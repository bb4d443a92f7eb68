/*
 * Stage 2: the main process, from its birth without capabilities to its exec. Here Landlock and
 * seccomp close, the canary tries them, and the process stands still until the proof of all this
 * has been stored by whoever asked for it.
 */
#include "sandbox/priv.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Ignored signals survive an exec, and the launcher ignores some. */
static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_stdio(const struct fence_spec *spec, struct fence_fault *f)
{
	const int from[] = { spec->in, spec->out, spec->err };

	for (int i = 0; i < 3; i++) {
		int fd = from[i];

		if (fd < 0)
			fd = open("/dev/null", (i ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
		if (fd < 0 || dup2(fd, i) < 0)
			return fence_fail(f, STAGE_STDIO, -errno, NULL);
	}
	return 0;
}

static int set_limits(const struct fence_plan *p, struct fence_fault *f)
{
	struct fence_limit limits[FENCE_LIMITS];

	fence_limits(p->mode, &p->spec, p->host->cores, limits);
	for (size_t i = 0; i < FENCE_LIMITS; i++) {
		struct rlimit l;

		if (FENCE_HOLE_BITS("limits") >> i & 1)
			continue;
		if (getrlimit(limits[i].resource, &l) < 0)
			return fence_fail(f, STAGE_LIMITS, -errno, limits[i].name);
		if (l.rlim_max == RLIM_INFINITY || l.rlim_max > limits[i].value)
			l.rlim_max = limits[i].value;
		l.rlim_cur = l.rlim_max;
		if (setrlimit(limits[i].resource, &l) < 0)
			return fence_fail(f, STAGE_LIMITS, -errno, limits[i].name);
	}
	return 0;
}

/* --- the program ------------------------------------------------------------------------- */

static struct fence_program identify(const struct stat *st)
{
	return (struct fence_program){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
}

static bool is_same(const struct fence_program *a, const struct fence_program *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
	       a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec;
}

/* Hashed once per launcher; that it is the same file is told by inode, size and times. */
static int recognise(const struct fence_host *host, int fd, struct fence_program *ret)
{
	for (size_t i = 0; i < FENCE_PROGRAMS; i++)
		if (host->programs[i].sha256[0] && is_same(&host->programs[i], ret)) {
			memcpy(ret->sha256, host->programs[i].sha256, SHA256_HEX);
			return 0;
		}
	return fs_digest_fd(fd, ret->sha256);
}

/* Opens what is going to run, once: what is hashed here is what is executed. */
static int open_program(
    const struct fence_plan *p, int *ret_fd, struct fence_program *ret, struct fence_fault *f)
{
	const char *path = p->spec.argv[0];
	int fd = open(path, O_RDONLY | O_NONBLOCK | (FENCE_HOLE("descriptors") ? 0 : O_CLOEXEC));
	struct stat st;
	char magic[2];

	if (fd < 0 || fstat(fd, &st) < 0)
		return fence_fail(f, STAGE_PROGRAM, -errno, path);
	if (!S_ISREG(st.st_mode))
		return fence_fail(f, STAGE_PROGRAM, -EACCES, path);
	if (faccessat(fd, "", X_OK, AT_EMPTY_PATH) < 0)
		return fence_fail(f, STAGE_PROGRAM, -errno, path);
	if (pread(fd, magic, 2, 0) == 2 && magic[0] == '#' && magic[1] == '!')
		return fence_fail(f, STAGE_PROGRAM, -ENOEXEC, path);
	*ret = identify(&st);
	int rc = recognise(p->host, fd, ret);

	*ret_fd = fd;
	return rc ? fence_fail(f, STAGE_PROGRAM, rc, path) : 0;
}

/* --- walls ------------------------------------------------------------------------------- */

static unsigned timed_canary(const struct fence_plan *p, unsigned *us)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	unsigned mask = fence_canary(p);

	clock_gettime(CLOCK_MONOTONIC, &to);
	*us = (unsigned)((to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
	return mask;
}

static int name_escapes(unsigned mask, struct fence_fault *f)
{
	char names[FENCE_DETAIL] = "";
	size_t n = 0;

	for (unsigned i = 0; i < FENCE_CANARIES; i++) {
		const char *name = fence_canary_names[i];

		if (!(mask & 1u << i) || n + strlen(name) + 3 > sizeof(names))
			continue;
		if (n)
			n = (size_t)(stpcpy(names + n, ", ") - names);
		n = (size_t)(stpcpy(names + n, name) - names);
	}
	return fence_fail(f, STAGE_CANARY, -EPERM, names);
}

static int close_walls(struct fence_entry *e, struct fence_note *ready, struct fence_fault *f)
{
	const struct fence_plan *p = e->plan;

	if (!FENCE_HOLE("no-new-privs") && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fence_fail(f, STAGE_LANDLOCK, -errno, "no_new_privs");
	int rc = p->mode == FENCE_B ? 0 : fence_landlock(p, f);

	if (!rc)
		rc = fence_filter_enter(&p->host->filter, f);
	if (rc)
		return rc;
	ready->canary = timed_canary(p, &ready->canary_us);
	e->scoped = !(ready->canary & 1u << FENCE_CANARY_SIGNAL);
	return ready->canary ? name_escapes(ready->canary, f) : 0;
}

/* --- together ---------------------------------------------------------------------------- */

static const char *default_cwd(const struct fence_plan *p)
{
	if (p->mode != FENCE_C)
		return "/repo";
	return p->spec.repo ? p->spec.repo : p->spec.place->scratch;
}

static int prepare(const struct fence_plan *p, struct fence_fault *f)
{
	if (setsid() < 0)
		return fence_fail(f, STAGE_STDIO, -errno, "setsid");
	/* a warden that is killed takes at least us along; init needs no such help */
	if (p->mode == FENCE_C && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return fence_fail(f, STAGE_STDIO, -errno, "death signal");
	reset_signals();
	int rc = set_stdio(&p->spec, f);

	if (rc)
		return rc;
	const char *cwd = p->spec.cwd ? p->spec.cwd : default_cwd(p);

	if (chdir(cwd) < 0)
		return fence_fail(f, STAGE_CWD, -errno, cwd);
	umask(077);
	/* from here on nothing is open that stays open: the proof looks */
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return fence_fail(f, STAGE_STDIO, -errno, "descriptors");
	return set_limits(p, f);
}

/* Hands itself and the listener over and stands still until the word comes. */
static int report(
    const struct fence_entry *e, const struct fence_note *ready, struct fence_fault *f)
{
	int fds[2] = { (int)syscall(SYS_pidfd_open, getpid(), 0), e->listener };

	if (fds[0] < 0)
		return fence_fail(f, STAGE_EXEC, -errno, "pidfd");
	int rc = fence_note_send(e->plan->sock, ready, fds, e->listener < 0 ? 1 : 2);

	close(fds[0]);
	if (!rc)
		rc = fence_wait(e->plan->sock, SAY_GO);
	return rc ? fence_fail(f, STAGE_EXEC, rc, "launcher") : 0;
}

static int run(
    const struct fence_plan *p, int fd, const struct fence_program *program, struct fence_fault *f)
{
	const char *path = p->spec.argv[0];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fence_fail(f, STAGE_EXEC, -errno, path);
	struct fence_program now = identify(&st);

	if (!is_same(program, &now))
		return fence_fail(f, STAGE_EXEC, -ESTALE, path);
	/* stage 1 shares this memory until then: nobody inside may look into it */
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return fence_fail(f, STAGE_EXEC, -errno, "descriptors");
	syscall(SYS_execveat, fd, "", p->spec.argv, p->spec.env, AT_EMPTY_PATH);
	return fence_fail(f, STAGE_EXEC, -errno, path);
}

int fence_enter(void *entry)
{
	struct fence_entry *e = entry;
	const struct fence_plan *p = e->plan;
	struct fence_note note = {
		.type = NOTE_READY, .nested_closed = e->nested_closed, .shadowed = e->shadowed
	};
	struct fence_fault *f = &note.fault;
	int fd = -1;
	int rc = prepare(p, f);

	if (!rc)
		rc = open_program(p, &fd, &note.program, f);
	if (!rc)
		rc = close_walls(e, &note, f);
	if (!rc)
		rc = report(e, &note, f);
	if (!rc)
		run(p, fd, &note.program, f);
	note.type = NOTE_FAILED;
	fence_note_send(p->sock, &note, NULL, 0);
	fence_quit(127);
	return 127;
}
