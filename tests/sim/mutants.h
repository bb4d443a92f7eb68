/* The bugs of mutants.txt, by number from 1; written by mutate.py. */
#ifndef TESTS_SIM_MUTANTS_H
#define TESTS_SIM_MUTANTS_H

struct mutant {
	const char *name, *what;
	const char *lost; /* why it is not planted; empty: it is */
};

extern const struct mutant mutants[]; /* ends with a name of NULL */
extern int sim_mutant;		      /* the one that is on; 0: none */

#endif
