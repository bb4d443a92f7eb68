/* sim: worlds by the thousand, or one of them, told in full. */
#include "sim.h"

#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int one(uint64_t seed, bool traced)
{
	struct sim_spec spec = { .seed = seed };
	struct sim_result got;
	struct buf b;

	buf_init(&b, MIB(64));
	if (traced)
		spec.trace = &b;
	sim_run(&spec, &got);
	if (traced)
		fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
	printf("seed %llu: %lu events, %lu commits, %u crashes, hash %016llx%s%s\n",
	    (unsigned long long)seed, got.events, got.commits, got.crashes,
	    (unsigned long long)got.hash, got.failed[0] ? "\nVIOLATION: " : "", got.failed);
	return got.failed[0] != 0;
}

static int many(uint64_t from, uint64_t n)
{
	double began = seconds();
	unsigned long events = 0, steps = 0, commits = 0, crashes = 0;
	unsigned bad = 0;

	for (uint64_t seed = from; seed < from + n; seed++) {
		struct sim_spec spec = { .seed = seed };
		struct sim_result got;

		sim_run(&spec, &got);
		events += got.events;
		commits += got.commits;
		steps += got.steps;
		crashes += got.crashes;
		if (got.failed[0] && bad++ < 20)
			printf("seed %llu: %s\n", (unsigned long long)seed, got.failed);
	}
	double took = seconds() - began;

	printf("%llu seeds, %u violations; %lu events, %lu steps of the core, %lu commits, %lu "
	       "crashes; %.0f seeds/s\n",
	    (unsigned long long)n, bad, events, steps, commits, crashes, (double)n / took);
	return bad != 0;
}

int main(int argc, char **argv)
{
	uint64_t from = 0, n = 1000;
	bool traced = false, single = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
			from = strtoull(argv[++i], NULL, 10);
			single = true;
		} else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc) {
			from = strtoull(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--trace") == 0) {
			traced = true;
		} else {
			n = strtoull(argv[i], NULL, 10);
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	int code = single ? one(from, traced) : many(from, n);

	sim_flows_forget();
	return code;
}
