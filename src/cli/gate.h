/*
 * What a run has to come to for exit code 0: --fail-on, --baseline, --strict. The same for `run`,
 * `runs resume`, `runs export` and `runs compare`.
 */
#ifndef CLI_GATE_H
#define CLI_GATE_H

#include "cli/cli.h"
#include "report/export.h"
#include "store/store.h"

/* The words of --fail-on, for tables of options. */
#define GATE_WORDS "none|note|low|medium|high|critical"

struct gate {
	enum severity fail_on; /* SEVERITY_NONE: nothing trips it */
	bool strict;
	const struct report_doc *baseline; /* NULL: none */
};

/*
 * The report that NAME stands for: a run, or a file of either form, told apart by a slash or the
 * endings .json and .sarif. Exit code; 0 with *RET in A.
 */
int gate_report(struct arena *a, const struct globals *g, const char *name, struct report_doc *ret,
    struct err *err);
/* The report of run KEY in an open store. Exit code. */
int gate_report_of(
    struct store *s, struct arena *a, int64_t key, struct report_doc *ret, struct err *err);
/* FAIL_ON, BASELINE: as on the command line, or NULL. Before anything is started. Exit code. */
int gate_open(struct arena *a, const struct globals *g, const char *fail_on, const char *baseline,
    bool strict, struct gate *ret, struct err *err);

/* DOC against the gate's baseline, in A; NULL without one. */
const struct comparison *gate_compare(
    struct arena *a, const struct gate *gate, const struct report_doc *doc);
/* EXIT_GATE when a finding of that severity stands (and is new), EXIT_PARTIAL, or EXIT_DONE. */
int gate_code(
    const struct gate *gate, const struct report_doc *doc, const struct comparison *baseline);
/* {"run":…, "new":…, "gone":…, "changed":…, "same":…}. New reference. */
json_t *gate_json(const struct gate *gate, const struct comparison *c);

#endif
