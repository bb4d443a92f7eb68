/*
 * Shared libraries that are loaded when first used. libcurl and libmicrohttpd pull in thirty
 * others; linking them costs every start of the binary about 9 ms and 5 MB (measured: 10.5 ms
 * against 1.5), and most starts never speak HTTP.
 */
#ifndef SYS_LAZY_H
#define SYS_LAZY_H

#include "base/err.h"

#include <stddef.h>

struct lazy_symbol {
	const char *name;
	void **slot; /* where the function pointer goes */
};

/* Loads SONAME for good and fills all slots; -ENOENT with the package to install otherwise. */
MUST_CHECK int lazy_load(const char *soname, const char *package, const struct lazy_symbol *symbols,
    size_t n, struct err *err);

#endif
