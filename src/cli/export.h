/* A run in forms for other programs: `runs export --as sarif|junit|github`. */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "cli/gate.h"

struct export_job {
	struct arena *a;
	const struct globals *globals;
	struct store *store; /* open */
	int64_t key;
	const char *as, *output;
	const char *fail_on, *baseline; /* or NULL */
	bool strict;
};

/* Whether FILE (may be NULL) is called like a page. */
bool export_is_page(const char *file);
/* Whether AS is one of ours; NULL is not. */
bool export_is_form(const char *as);
/* The bytes of form AS. In A. */
struct str export_text(struct arena *a, const char *as, const struct export_facts *x);
/* All of it: reads, judges, writes. Exit code. */
int export_run(const struct export_job *job);
/*
 * What the gate says of the run, for the forms that do not need it: *RET is EXIT_DONE where nobody
 * asked for a gate. Exit code of an error, or 0.
 */
int export_gate(const struct export_job *job, int *ret, struct err *err);
/* TEXT into the file OUTPUT, or to stdout for NULL and "-". Returns CODE, or that of the error. */
int export_write(const struct globals *g, const char *output, struct str text, int code);

#endif
