/* Tool calls that wait for their result, and what is said when they begin and end. */
#ifndef ADAPTER_CALLS_H
#define ADAPTER_CALLS_H

#include "base/str.h"

#include <jansson.h>

#define CALLS_OPEN_MAX 256

struct session;

struct call {
	char *id, *name;
	json_t *input; /* where the program's kind says what it reads */
};

struct calls {
	struct call v[CALLS_OPEN_MAX]; /* a ring of the last ones; no id: it has ended */
	size_t n;
};

/* All of them are forgotten: what is thrown away has no result, and its ids may come again. */
void calls_clear(struct calls *c);
/* FACT_TOOL_START; the call is open from now on. INPUT may be NULL. */
void calls_begin(struct session *s, struct str id, struct str name, const json_t *input);
/*
 * FACT_TOOL_END, before it FACT_DENIED when a tool failed that does not only read. A violation when
 * such a tool succeeded, or one that was never called.
 */
void calls_end(struct session *s, struct str id, bool ok, struct str text);

#endif
