#include "cli/begin.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define DESCRIPTORS 16
#define THREADS 6 /* of the pool, of the store, and one more */

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

int begin_loop(uv_loop_t *loop, uv_work_t *first, struct err *err)
{
	int rc = try_descriptors();

	if (!rc)
		rc = try_threads();
	if (!rc)
		rc = uv_loop_init(loop);
	if (!rc)
		rc = uv_queue_work(loop, first, on_pool, on_pooled);
	if (!rc)
		return 0;
	err_set(err, rc, "cannot begin: %s", err_name(rc));
	return err_fix(err, "allow more descriptors and processes: ulimit -n, ulimit -u");
}
