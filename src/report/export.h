/*
 * A report in forms that other programs read: SARIF 2.1.0, JUnit's XML, GitHub's annotations and
 * job summaries. Pure; made from the JSON form of the report (report/doc.h), so that a stored run
 * and a file give the same.
 */
#ifndef REPORT_EXPORT_H
#define REPORT_EXPORT_H

#include "base/buf.h"
#include "report/doc.h"

struct export_facts {
	const struct report_doc *doc;
	const struct comparison *baseline; /* against it; NULL: there is none */
	int exit_code;			   /* -1: not known */
	const char *exit_name;
	enum severity fail_on; /* SEVERITY_NONE: no gate */
};

/*
 * SARIF 2.1.0 (OASIS, errata 01), one run. Results are the findings that stand, worst first, at
 * most SARIF_RESULTS_MAX; with a baseline also those that are gone. New reference.
 */
json_t *export_sarif(struct arena *a, const struct export_facts *x);
/*
 * JUnit's XML: a suite for each step that raises findings, a case for the step and one for each of
 * its findings. A finding that stands is a failure from FAIL_ON on (without a gate: from low on).
 * Well-formed XML 1.0 whatever the report holds. In A.
 */
struct str export_junit(struct arena *a, const struct export_facts *x);

/* tutti.compare/1: {"schema","old","now","counts","findings"}. New reference. */
json_t *report_comparison(
    const struct report_doc *old, const struct report_doc *now, const struct comparison *c);

/* Markdown for a job summary, at most GITHUB_SUMMARY_MAX bytes. In A. */
struct str github_summary(struct arena *a, const struct export_facts *x);
/*
 * Workflow commands ("::error file=…::…"), one a line: what stands (with a baseline: what is new),
 * worst first, at most GITHUB_ANNOTATIONS_MAX of each kind, as GitHub shows no more. In A.
 */
struct str github_annotations(struct arena *a, const struct export_facts *x);

/* --- what the forms share ------------------------------------------------------------------ */

/*
 * "error", "warning" or "note". What nobody upheld, or what cites nothing that is there, is a note
 * however bad it would be.
 */
const char *export_level(const struct finding *f);
/* Title, claim and suggestion as a few lines of plain text, in A. */
struct str export_message(struct arena *a, const struct finding *f);

#endif
