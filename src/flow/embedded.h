/* Files that are part of the binary (made by tools/embed). */
#ifndef FLOW_EMBEDDED_H
#define FLOW_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* "flows/research.yaml"; NULL ends the table */
	const char *text;
	size_t n;
};

extern const struct embedded embedded_files[];

#endif
