/* Migrations as data; each backend brings its dialect. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/store.h"

struct schema_word {
	const char *name, *text;
};

struct schema_dialect {
	const struct schema_word *words; /* ends with a NULL name */
};

/* The statements that lead from VERSION-1 to VERSION, ending with NULL; NULL for no such version.
 */
const char *const *schema_version(unsigned version);
/* TEXT with the dialect's words in place, in A. */
char *schema_statement(struct arena *a, const struct schema_dialect *d, const char *text);

#endif
