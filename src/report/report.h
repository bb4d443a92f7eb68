/*
 * A run's results -> Markdown, in the fixed order of the catalogue: title and header line, Answer,
 * Validation, Recommendation, Findings, the angles' texts, Deferred, Gaps, Coverage, Evidence,
 * Reproduce.
 * Pure; the same input gives the same bytes. Everything that agents or the repository wrote is
 * encoded for Markdown where it stands in our own sentences and tables, and kept as written (with
 * control characters made visible, headings demoted) where a whole text of an agent is shown.
 * JSON and HTML are made of the same facts (facts.c), not of the Markdown.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/clock.h"
#include "evidence/coverage.h"
#include "evidence/evidence.h"
#include "flow/flow.h"

struct report_step {
	struct str name; /* "structure", "verify/0" */
	struct str label;
	enum step_kind kind;
	enum step_role role;
	enum step_status status;
	enum ending ending;
	struct str reason; /* of skipped, failed, cancelled */
	struct str persona, agent, model;
	struct str output;
	struct str said; /* its whole text, where OUTPUT is what report_strike left of it */
	struct evidence *evidence; /* NULL: none */
	long long parsed; /* findings, counted when its answer was checked; -1: it raises none */
	bool partial;	  /* its text was truncated */
	unsigned attempts, denied;
	long long tokens_in, tokens_out;
	msec_t took;
};

/* A step that is not in the run: its size is too small for it, or a condition did not hold. */
struct report_left_out {
	struct str name, label;
	bool by_size;
	struct str reason;
};

/* An earlier report that was handed on. */
struct report_provided {
	struct str run, flow, question, started, commit; /* STARTED in ISO 8601 */
	long long bytes;
	bool cut; /* agents saw its first PROVIDED_MAX bytes */
};

struct report_run {
	struct str id, flow, flow_title, title, question, focus;
	enum flow_size size;
	bool size_was_auto, fast, resumed, rehearsal;
	struct str size_reason;		  /* which line of the table decided; empty: not decided */
	struct report_left_out *left_out; /* agents and groups of them, in the flow's order */
	size_t n_left_out;
	enum run_status status;
	struct str reason;
	struct str repo_name, commit, branch, tree_hash; /* tree_hash: the snapshot's id */
	unsigned changed_files; /* of the working tree; where there is a base, since that */
	bool dirty;
	struct str base;		 /* as it was asked for */
	struct report_provided provided; /* its run is empty: none was handed on */
	struct str agent, model;	 /* of the run */
	msec_t started, took;
	long long tokens_in, tokens_out;
	struct report_step *steps; /* in plan order */
	size_t n_steps;
	struct strs sections; /* step ids in the order of the flow's report.sections */
	struct strs next;
	const struct reconciliation *verdicts; /* NULL: the flow has no validator */
	bool validator_expected;
	struct strs struck;    /* uids of refuted findings that the recommendation had named */
	unsigned struck_parts; /* of its text, taken out because of them */
	bool no_winner;	       /* it says, or code had to say, that there is no clear winner */
	struct str command;    /* exact, shell-quoted */
	struct str flow_hash;
	struct strs persona_hashes; /* "name sha256" */
	struct str proof;	    /* one line, of attest/attest.h */
	struct strs skipped_files;  /* "path (why)" */
	struct str change;	 /* what was reviewed, in a line; empty: not a review of a change */
	struct strs change_gaps; /* of it: left out, or read by nobody */
	unsigned unreviewed;	 /* files of it with text that a person would read, left out */
	unsigned unread;	 /* of these, how many say that somebody has not read hunks */
	struct strs contradictions;    /* between findings on the same lines */
	struct strs notices;	       /* lane pauses, budget … */
	struct str lost;	       /* of report_account */
	const struct ledger *coverage; /* what was read of the snapshot; NULL: not known */
};

/*
 * Makes the recommendation rest on nothing that is refuted: takes parts out of its step's output,
 * or marks them (strike.c); fills struck, struck_parts and no_winner. To be called once all else is
 * filled, before any form of the report is made; calling it again changes nothing.
 */
void report_strike(struct arena *a, struct report_run *run);
/*
 * The whole document in A, at most REPORT_MAX bytes (an angle's text that does not fit is cut with
 * a line that says so).
 */
struct str report_markdown(struct arena *a, const struct report_run *run);
/* The same facts as one JSON document (stable schema, see docs/report.md). New reference. */
json_t *report_json(struct arena *a, const struct report_run *run);
/*
 * Empty when each finding that a completed step raised is in the report with its disposition, else
 * what is missing (evidence_account). In A.
 */
struct str report_account(struct arena *a, const struct report_run *run);
/* The same of the document TEXT that was made of RUN: what it has no entry for. In A. */
struct str report_printed(struct arena *a, const struct report_run *run, struct str text);
/*
 * The same facts as one HTML file, in A: no script, nothing from elsewhere, readable from disk. FN
 * gives the frozen bytes, of which the cited lines are shown; NULL: they are gone, which is said.
 * At most HTML_MAX bytes; what is left out is said, too.
 */
struct str report_html(
    struct arena *a, const struct report_run *run, evidence_source_fn fn, void *ctx);
/* "31 findings, 4 high; 2 citations could not be confirmed; Data failed (timed_out)". */
struct str report_outcome(struct arena *a, const struct report_run *run);
/*
 * {"findings":{"critical":n,…,"note":n},"citations":{"resolves":n,…},"partial":bool}: those that
 * stand, and all that is cited. New reference.
 */
json_t *report_summary(struct arena *a, const struct report_run *run);
/* DATE-FLOW-SLUG.md, or DATE-FLOW-SLUG-ID.md where ID is needed to tell two apart. */
struct str report_file_name(
    struct arena *a, msec_t started, struct str flow, struct str question, struct str id);

#endif
