/*
 * sim_mutants [--seeds N] [NAME…]  plants one bug after the other, and looks for it with N seeds
 *                                  (20,000). Fails when one survives, or could not be planted.
 */
#include "mutants.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sim_mutant;

static bool is_asked_for(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static bool is_found(const struct batch_spec *spec, const struct mutant *m)
{
	struct batch_result got = { 0 };

	if (m->lost[0]) {
		printf("NOT THERE %-26s %s\n", m->name, m->lost);
		return false;
	}
	if (!spec->n)
		return true;
	batch_run(spec, &got);
	if (got.violations)
		printf("found     %-26s seed %5llu  %.110s\n", m->name,
		    (unsigned long long)got.first, got.failed);
	else
		printf("SURVIVES  %-26s %s\n", m->name, m->what);
	return got.violations > 0;
}

int main(int argc, char **argv)
{
	struct batch_spec spec = { .n = 20000, .quick = true, .quiet = true };
	unsigned found = 0, all = 0;

	argv++;
	if (argc > 2 && strcmp(argv[0], "--seeds") == 0) {
		spec.n = strtoull(argv[1], NULL, 10);
		argv += 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	spec.jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	for (int i = 0; mutants[i].name; i++) {
		if (!is_asked_for(mutants[i].name, argv))
			continue;
		sim_mutant = i + 1;
		found += is_found(&spec, &mutants[i]);
		all++;
	}
	printf(spec.n ? "%u of %u planted bugs were found\n" : "%u of %u bugs can be planted\n",
	    found, all);
	return found != all || !all;
}
