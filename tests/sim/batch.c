/* Worlds by the thousand, in a process for each core: what ends a process is a violation, too. */
#include "sim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 16 /* seeds that share their flows */
#define SHOWN 20
#define CPU_SECONDS 20 /* that one world may take; a thousandth is usual */

struct job {
	uint64_t seed; /* at hand, or to come */
	unsigned long events, commits, steps, crashes;
	uint64_t seeds;
	bool done;
	pid_t pid;
};

struct shared {
	struct job jobs[64];
	volatile unsigned violations;
	volatile bool enough;
	uint64_t first;
	char failed[512];
};

static struct shared *shared;

/* Of processor time, of children that have ended. */
static double seconds(void)
{
	struct rusage ru;

	getrusage(RUSAGE_CHILDREN, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

/* Is somebody at a terminal told how far it is? */
static bool watched(const struct batch_spec *spec)
{
	return !spec->quiet && isatty(STDERR_FILENO);
}

/* So that what is said next begins a line. */
static void clear_progress(const struct batch_spec *spec)
{
	if (watched(spec))
		fputs("\r\033[K", stderr);
}

static void violation(const struct batch_spec *spec, uint64_t seed, const char *failed)
{
	unsigned n = __sync_fetch_and_add(&shared->violations, 1);

	if (n == 0) {
		shared->first = seed;
		snprintf(shared->failed, sizeof(shared->failed), "%s", failed);
	}
	if (n < SHOWN && !spec->quiet) {
		clear_progress(spec);
		printf("seed %llu: %s\n", (unsigned long long)seed, failed);
		fflush(stdout);
	}
	shared->enough |= spec->quick;
}

static void one(const struct batch_spec *spec, struct job *job)
{
	static const struct itimerval limit = { .it_value = { .tv_sec = CPU_SECONDS } };
	const struct sim_spec world_spec = { .seed = job->seed };
	struct sim_spec second = world_spec;
	struct sim_result got, again;

	setitimer(ITIMER_PROF, &limit, NULL);

	sim_run(&world_spec, &got);
	job->events += got.events;
	job->commits += got.commits;
	job->steps += got.steps;
	job->crashes += got.crashes;
	job->seeds++;
	if (got.failed[0])
		violation(spec, job->seed, got.failed);
	if (!spec->twice || job->seed % spec->twice || got.failed[0])
		return;
	second.faithful = true;
	sim_run(&second, &again);
	if (again.hash != got.hash)
		violation(spec, job->seed, "G27: run twice, it was not the same");
	else if (again.failed[0])
		violation(spec, job->seed, again.failed);
}

/* The next seed of job J behind SEED. */
static uint64_t next_of(const struct batch_spec *spec, uint64_t seed)
{
	seed++;
	if (seed % BLOCK == 0)
		seed += (uint64_t)BLOCK * (spec->jobs - 1);
	return seed;
}

static void work(const struct batch_spec *spec, struct job *job)
{
	for (; job->seed < spec->from + spec->n && !shared->enough;
	     job->seed = next_of(spec, job->seed))
		one(spec, job);
	job->done = true;
	sim_flows_forget();
}

static void start(const struct batch_spec *spec, struct job *job)
{
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		if (spec->quiet && !freopen("/dev/null", "w", stderr))
			_exit(1);
		work(spec, job);
		_exit(0);
	}
	job->pid = pid;
}

/* --- to somebody at a terminal: how far it is ------------------------------------------------ */

static void on_alarm(int sig)
{
	(void)sig; /* wait() returns, and that is all */
}

static void begin_telling(void)
{
	const struct itimerval each = { { 1, 0 }, { 1, 0 } };
	const struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &each, NULL);
}

static void tell(const struct batch_spec *spec)
{
	uint64_t n = 0;

	for (unsigned j = 0; j < spec->jobs; j++)
		n += shared->jobs[j].seeds;
	fprintf(stderr, "\r%llu of %llu worlds, %u violations ", (unsigned long long)n,
	    (unsigned long long)spec->n, shared->violations);
}

static void end_telling(const struct batch_spec *spec)
{
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &never, NULL);
	clear_progress(spec);
}

/* The next child that has ended, or 0 when there is none any more. */
static pid_t next_ended(const struct batch_spec *spec, int *ret_status)
{
	pid_t pid;

	while ((pid = wait(ret_status)) < 0 && errno == EINTR)
		tell(spec);
	return pid < 0 ? 0 : pid;
}

/* Jobs that died go on behind the seed that killed them. */
static void wait_all(const struct batch_spec *spec)
{
	int status;

	for (pid_t pid; (pid = next_ended(spec, &status));) {
		struct job *job = shared->jobs;
		char why[64];

		while (job->pid != pid)
			job++;
		if (job->done)
			continue;
		if (WIFSIGNALED(status))
			snprintf(why, sizeof(why), "the process was killed by signal %d",
			    WTERMSIG(status));
		else
			snprintf(
			    why, sizeof(why), "the process ended with %d", WEXITSTATUS(status));
		violation(spec, job->seed, why);
		job->seeds++;
		job->seed = next_of(spec, job->seed);
		start(spec, job);
	}
}

void batch_run(const struct batch_spec *spec, struct batch_result *ret)
{
	double began = seconds();

	shared =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
	for (unsigned j = 0; j < spec->jobs; j++) {
		uint64_t first = spec->from + (j ? BLOCK - spec->from % BLOCK : 0);

		shared->jobs[j].seed = first + (uint64_t)BLOCK * (j ? j - 1 : 0);
		start(spec, &shared->jobs[j]);
	}
	if (watched(spec))
		begin_telling();
	wait_all(spec);
	if (watched(spec))
		end_telling(spec);
	*ret = (struct batch_result){ .violations = shared->violations,
		.first = shared->first,
		.seconds = seconds() - began };
	memcpy(ret->failed, shared->failed, sizeof(ret->failed));
	for (unsigned j = 0; j < spec->jobs; j++) {
		const struct job *job = &shared->jobs[j];

		ret->seeds += job->seeds;
		ret->events += job->events;
		ret->commits += job->commits;
		ret->steps += job->steps;
		ret->crashes += job->crashes;
	}
	munmap(shared, sizeof(*shared));
}
