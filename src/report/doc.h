/*
 * A report read back: from its own JSON form (tutti.report/1), or, as far as that goes, from a
 * SARIF file, ours or another program's. What the exports, comparisons and gates work on, so that a
 * stored run, a file somebody kept and a run that has just ended are the same to them. Pure.
 */
#ifndef REPORT_DOC_H
#define REPORT_DOC_H

#include "base/clock.h"
#include "evidence/compare.h"
#include "flow/flow.h"

struct doc_step {
	struct str name, label, kind, role, status, ending, reason, persona;
	msec_t took;
	bool partial;
};

struct report_doc {
	struct str id, flow, title, question, size, status, reason, agent, model, started;
	msec_t took;
	bool rehearsal, completed;
	bool expects_validator, validated;
	struct str repo, commit, branch, snapshot;
	struct str answer, confidence, outcome, proof, command, flow_hash;
	struct finding **findings; /* worst first */
	size_t n_findings;
	struct citation **cites; /* of the whole report */
	size_t n_cites;
	struct doc_step *steps;
	size_t n_steps;
	struct strs gaps;    /* all, for people */
	struct strs missing; /* those that make a report partial (--strict) */
};

/*
 * TEXT, a whole document, into *RET; everything is copied into A. -EINVAL with ERR when it is no
 * JSON, or neither of the two forms. What is missing or of another type is empty; results that a
 * SARIF file calls absent are left out.
 */
MUST_CHECK int doc_read(struct arena *a, struct str text, struct report_doc *ret, struct err *err);
/* The step that raised F, or NULL. */
const struct doc_step *doc_step_of(const struct report_doc *doc, const struct finding *f);
/* What a person calls it: its label, else its name. */
struct str doc_label(const struct doc_step *s);

#endif
