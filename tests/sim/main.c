/*
 * sim [SEEDS]            so many worlds, from --from on (0), in --jobs processes (all cores)
 * sim --seed N [--trace] one of them, told in full; --off KINDS and --without PARTS leave out
 *                        faults, people and steps; --shrink looks for what can be left out
 *
 * Every --twice-th seed (50) is run twice: it has to be the same, and what it stored has to be what
 * SQLite stores.
 */
#include "sim.h"

#include "base/limits.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_command(const struct sim_spec *spec)
{
	struct buf b;

	buf_init(&b, KIB(64));
	sim_command(spec, &b);
	printf("again: %s --trace\n", b.p);
	buf_fini(&b);
}

static int one(struct sim_spec *spec, bool traced, bool shrink)
{
	struct sim_result got;
	struct buf b;

	if (shrink)
		printf("%u smaller worlds tried\n", sim_shrink(spec));
	spec->faithful = true;
	buf_init(&b, MIB(64));
	if (traced)
		spec->trace = &b;
	sim_run(spec, &got);
	spec->trace = NULL;
	if (traced) {
		for (unsigned i = 0; i < 2; i++)
			printf("%.*s\n",
			    STR_ARG(sim_flow(spec->seed, i, spec->without[PART_STEP])->flow->text));
		fwrite(b.p ? b.p : "", 1, b.n, stdout);
	}
	buf_fini(&b);
	printf("seed %llu: %lu events, %lu commits, %u crashes, %u faults, trace %016llx\n",
	    (unsigned long long)spec->seed, got.events, got.commits, got.crashes,
	    got.parts[PART_FAULT], (unsigned long long)got.hash);
	if (!got.failed[0])
		return 0;
	printf("VIOLATION: %s\n", got.failed);
	print_command(spec);
	return 1;
}

static int many(const struct batch_spec *spec)
{
	struct batch_result got;

	batch_run(spec, &got);
	printf("%llu seeds, %u violations; %lu events, %lu steps of the core, %lu commits, %lu "
	       "deaths of the process; %.0f seeds a second and core\n",
	    (unsigned long long)got.seeds, got.violations, got.events, got.steps, got.commits,
	    got.crashes, (double)got.seeds / got.seconds);
	if (!got.violations)
		return 0;
	struct sim_spec world_spec = { .seed = got.first };

	if (strncmp(got.failed, "the process", 11) != 0)
		one(&world_spec, false, true);
	return 1;
}

static int usage(void)
{
	fprintf(stderr, "sim [--from N] [--jobs N] [--twice N] [SEEDS]\n"
			"sim --seed N [--trace] [--shrink] [--off KINDS] [--without PARTS]\n");
	return 64;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seed", 1, NULL, 's' }, { "from", 1, NULL, 'f' },
		{ "jobs", 1, NULL, 'j' }, { "trace", 0, NULL, 't' }, { "shrink", 0, NULL, 'm' },
		{ "off", 1, NULL, 'o' }, { "without", 1, NULL, 'w' }, { "twice", 1, NULL, '2' },
		{ 0 } };
	struct sim_spec spec = { 0 };
	struct batch_spec batch = { .n = 2000, .twice = 50 };
	bool single = false, traced = false, shrink = false, sound = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	batch.jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		single |= c == 's';
		traced |= c == 't';
		shrink |= c == 'm';
		if (c == 's')
			spec.seed = strtoull(optarg, NULL, 10);
		else if (c == 'f')
			batch.from = strtoull(optarg, NULL, 10);
		else if (c == 'j')
			batch.jobs = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == '2')
			batch.twice = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'o')
			sound &= sim_parse_off(&spec, optarg);
		else if (c == 'w')
			sound &= sim_parse_without(&spec, optarg);
		else if (c == '?')
			sound = false;
	}
	if (optind < argc)
		batch.n = strtoull(argv[optind], NULL, 10);
	if (!sound || !batch.jobs || batch.jobs > 64)
		return usage();
	int code = single ? one(&spec, traced, shrink) : many(&batch);

	sim_flows_forget();
	return code;
}
