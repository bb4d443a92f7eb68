#include "bench.h"

#include "agent/agent.h"
#include "base/limits.h"
#include "workspace/workspace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned missed;

const char *bench_argument;

uint64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void series_add(struct series *s, double v)
{
	if (s->n == s->cap) {
		double *more = realloc(s->v, (s->cap = s->cap ? s->cap * 2 : 256) * sizeof(*more));

		if (!more)
			bench_die("memory", -12);
		s->v = more;
	}
	s->v[s->n++] = v;
}

void series_free(struct series *s)
{
	free(s->v);
	*s = (struct series){ 0 };
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double series_at(struct series *s, double p)
{
	if (!s->n)
		return 0;
	qsort(s->v, s->n, sizeof(*s->v), by_value);
	return s->v[(size_t)(p * (double)(s->n - 1) + 0.5)];
}

double series_median(struct series *s)
{
	return series_at(s, 0.5);
}

char *bench_dir(struct arena *a)
{
	const char *base = getenv("TUTTI_BENCH_DIR");
	char *dir = arena_printf(a, "%s/bench-XXXXXX", base ? base : ".");

	if (!mkdtemp(dir))
		bench_die("a directory to measure in", -1);
	return realpath(dir, NULL);
}

void bench_die(const char *what, int rc)
{
	fprintf(stderr, "bench: %s: %s\n", what, rc ? err_name(rc) : "not as expected");
	exit(1);
}

void bench_title(const char *text)
{
	printf("\n%s\n", text);
}

void bench_row(const char *name, double value, const char *unit, const char *fmt, ...)
{
	va_list args;

	printf("  %-44s %12.*f %-9s", name, value < 100 ? 3 : 0, value, unit);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void bench_goal(const char *name, double value, bool at_most, double goal, const char *unit)
{
	bool kept = at_most ? value <= goal : value >= goal;

	missed += !kept;
	bench_row(name, value, unit, "goal: %s %g  %s", at_most ? "at most" : "at least", goal,
	    kept ? "kept" : "MISSED");
}

unsigned bench_missed(void)
{
	return missed;
}

void bench_miss(unsigned n)
{
	missed += n;
}

void bench_resident(long pid, size_t *ret_all, size_t *ret_own, size_t *ret_share)
{
	char path[64], line[256];
	unsigned long kib;

	*ret_all = *ret_own = *ret_share = 0;
	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Rss: %lu", &kib) == 1)
			*ret_all = kib * 1024;
		if (sscanf(line, "Pss: %lu", &kib) == 1)
			*ret_share = kib * 1024;
		if (sscanf(line, "Private_Dirty: %lu", &kib) == 1 ||
		    sscanf(line, "Private_Clean: %lu", &kib) == 1)
			*ret_own += kib * 1024;
	}
	if (f)
		fclose(f);
}

static const struct {
	const char *name, *what;
	int (*fn)(struct arena *a);
	bool part; /* of another one: only when it is named */
} all[] = {
	{ "engine", "durable steps, their delay, fan-out, resumption, fenced children",
	    bench_engine },
	{ "resume", "1,000 runs after kill -9", bench_resume, true },
	{ "spawn", "a fenced child against fork and exec", bench_spawn, true },
	{ "fence", "a launch in each mode of the fence", bench_fence },
	{ "proof", "what it costs to prove that a step only read", bench_proof },
	{ "agents", "native agents at once: memory and time", bench_agents },
	{ "idle", "a process with nothing to do", bench_idle },
	{ "citations", "what a citation costs, and how long a huge answer holds up the loop",
	    bench_citations },
	{ "prompts", "prompts of the built-in flows: bytes, and what they have in common",
	    bench_prompts, true },
	{ "history", "what listing and searching 10,000 runs costs", bench_history },
	{ "scale", "a store with ten million events: start, list, what a step costs", bench_scale,
	    true },
	{ "peers", "our part of tests/peers", bench_peers, true },
	{ "peers-kill", "1,000 runs in DIR, until kill -9", bench_peers_kill, true },
	{ "peers-resume", "the process after it", bench_peers_resume, true },
	{ "flood", "64 agents that never stop talking; flood 10: ten seconds", bench_flood, true },
};

#define N_ALL (sizeof(all) / sizeof(all[0]))

/* In a process of its own, so that no measurement sees what another one left behind. */
static bool run_apart(const char *name)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/proc/self/exe", "bench", name, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int run_all(void)
{
	int code = 0;

	for (size_t i = 0; i < N_ALL; i++)
		if (!all[i].part && !run_apart(all[i].name))
			code = 1;
	return code;
}

static int run_one(const char *name)
{
	for (size_t i = 0; i < N_ALL; i++) {
		if (strcmp(name, all[i].name) != 0)
			continue;
		struct arena *a = arena_create("bench", ARENA_JOB);
		int rc = all[i].fn(a);

		arena_destroy(a);
		printf("\n%u goals missed\n", missed);
		return rc < 0 || missed;
	}
	fprintf(stderr, "bench: there is no measurement '%s'\n", name);
	for (size_t i = 0; i < N_ALL; i++)
		fprintf(stderr, "  %-8s %s\n", all[i].name, all[i].what);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "agent") == 0) /* we stand behind the fence, too */
		return agent_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], "__freeze") == 0)
		return freeze_main(argc, argv);
	bench_argument = argc > 2 ? argv[2] : NULL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return argc > 1 ? run_one(argv[1]) : run_all();
}
