#include "cli/begin.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define DESCRIPTORS 16
#define THREADS 6 /* of the pool, of the store, and one more */

/* libuv makes its pool: whatever it aborts for is something that it was refused. */
static volatile sig_atomic_t beginning;

static void *nothing(void *arg)
{
	return arg;
}

static int try_threads(void)
{
	pthread_t threads[THREADS];
	size_t n = 0;
	int rc = 0;

	while (n < THREADS && !rc) {
		rc = -pthread_create(&threads[n], NULL, nothing, NULL);
		n += rc == 0;
	}
	while (n)
		pthread_join(threads[--n], NULL);
	return rc;
}

static int try_descriptors(void)
{
	int fds[DESCRIPTORS], rc = 0;
	size_t n = 0;

	while (n < DESCRIPTORS && !rc) {
		fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		rc = fds[n] < 0 ? -errno : 0;
		n += rc == 0;
	}
	while (n)
		close(fds[--n]);
	return rc;
}

static void on_pool(uv_work_t *work)
{
	(void)work;
}

static void on_pooled(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

/*
 * What the kernel says where it has no memory, descriptors or watches. EAGAIN is not among them: it
 * is what any read of nothing leaves behind.
 */
static bool is_refusal(int code)
{
	return code == ENOMEM || code == ENOSPC || code == EMFILE || code == ENFILE;
}

static bool is_libuvs(const siginfo_t *info, int code)
{
	bool aborted = info->si_code == SI_TKILL && info->si_pid == getpid();

	return aborted && (beginning || is_refusal(code));
}

/* Behind a mistake, or when somebody sends it, the signal does what it does without this. */
static void on_abort(int sig, siginfo_t *info, void *context)
{
	int code = errno;
	char line[200];
	int n;

	(void)context;
	if (!is_libuvs(info, code)) {
		raise(sig); /* to SIG_DFL, as soon as this returns */
		return;
	}
	n = snprintf(line, sizeof(line),
	    "tutti: the kernel refuses what the event loop cannot be without: %s\n",
	    beginning ? "descriptors or threads" : err_name(-code));
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		_exit(EXIT_MEMORY); /* nobody listens */
	_exit(EXIT_MEMORY);
}

static int watch_aborts(void)
{
	struct sigaction action = { .sa_sigaction = on_abort,
		.sa_flags = SA_SIGINFO | SA_RESETHAND };

	return sigaction(SIGABRT, &action, NULL) < 0 ? -errno : 0;
}

static int begin(uv_loop_t *loop, uv_work_t *first)
{
	int rc;

	beginning = 1;
	rc = uv_loop_init(loop);
	if (!rc)
		rc = uv_queue_work(loop, first, on_pool, on_pooled);
	beginning = 0;
	return rc;
}

int begin_loop(uv_loop_t *loop, uv_work_t *first, struct err *err)
{
	int rc = try_descriptors();

	if (!rc)
		rc = try_threads();
	if (!rc)
		rc = watch_aborts();
	if (!rc)
		rc = begin(loop, first);
	if (!rc)
		return 0;
	err_set(err, rc, "cannot begin: %s", err_name(rc));
	return err_fix(err, "allow more descriptors and processes: ulimit -n, ulimit -u");
}
