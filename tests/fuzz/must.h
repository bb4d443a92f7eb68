/* What the fuzzers share: a property that holds, or the end. */
#ifndef TESTS_FUZZ_MUST_H
#define TESTS_FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

/* Unlike assert it says the property on one line, and no build leaves it out. */
#define must(property)                                                                           \
	do {                                                                                     \
		if (!(property)) {                                                               \
			fprintf(stderr, "%s:%d: violated: %s\n", __FILE__, __LINE__, #property); \
			abort();                                                                 \
		}                                                                                \
	} while (0)

#endif
