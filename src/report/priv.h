/* What the files of this room share. */
#ifndef REPORT_PRIV_H
#define REPORT_PRIV_H

#include "base/buf.h"
#include "base/limits.h"
#include "report/report.h"

/* --- encode.c: other people's words inside our Markdown ---------------------------------- */

/* One line of plain text: every mark that Markdown or HTML knows is escaped. */
void md_inline(struct buf *b, struct str s);
/* The same for a cell of a table, at most MAX bytes with a sign that it was cut. */
void md_cell(struct buf *b, struct str s, size_t max);
/* A code span that S cannot end, also inside a table. */
void md_code(struct buf *b, struct str s);

/* --- text.c: a whole text of an agent ---------------------------------------------------- */

/* Follows fences and headings line by line. */
struct md_scan {
	char fence; /* '`' or '~' inside a fenced block, else 0 */
	size_t length;
};
/* The level of the heading that LINE is (1–6), 0: none, or inside a fence. */
unsigned md_heading(struct md_scan *scan, struct str line);
/*
 * S as written, made safe to stand below a heading of level BELOW: headings are demoted, raw HTML
 * and images are made visible, control characters too, an open fence is closed.
 */
void md_text(struct buf *b, struct str s, unsigned below);
/* The section whose title begins with TITLE, without its heading; empty when there is none. */
struct str md_section(struct str text, const char *title);
/* What stands before that section, with all of TEXT when there is none, and what behind it. */
void md_around(struct str text, const char *title, struct str *ret_before, struct str *ret_after);
/* TEXT without that section, in A. */
struct str md_without(struct arena *a, struct str text, const char *title);

/* --- facts.c: what several forms of the report say ---------------------------------------- */

/* The step that gives the recommendation: the rewrite, else the synthesizer; completed or NULL. */
const struct report_step *fact_recommender(const struct report_run *run);
/* At most five sentences, in A. Never empty. */
struct str fact_answer(struct arena *a, const struct report_run *run);
/* "Confidence: medium; 41 of 44 citations hold." */
struct str fact_confidence(struct arena *a, const struct report_run *run);
/* Steps whose texts are shown, in the order of the flow's sections, what is named nowhere last. */
size_t fact_sections(
    struct arena *a, const struct report_run *run, const struct report_step ***ret);
/* What is missing, one line each. */
struct strs fact_gaps(struct arena *a, const struct report_run *run);
/* missing.c: those gaps that make the report partial, one line each. */
struct strs fact_missing(struct arena *a, const struct report_run *run);
/* All findings of angles and assessments, worst first; stable. */
size_t fact_findings(struct arena *a, const struct report_run *run, struct finding ***ret);
/* Is F one of those that are told under Findings? Others are told where they went. */
bool fact_stands(const struct finding *f);
/* "12 kept, 1 demoted, 2 merged": what became of them, in A. Empty where nobody decided. */
struct str fact_dispositions(struct arena *a, const struct report_run *run);
const struct report_step *fact_step(const struct report_run *run, struct str name);
bool fact_raises(const struct report_step *s);
/* What a person calls this step. */
struct str fact_label(const struct report_step *s);
/* An agent, other than one that would have rewritten what nobody weakened. */
bool fact_is_agent(const struct report_step *s);

/* validated.c: what the validators came to. */
enum validation {
	VALIDATION_NONE,    /* the flow has no validator */
	VALIDATION_NOTHING, /* there was nothing to judge */
	VALIDATION_DONE,
	VALIDATION_PART, /* a validator failed, or judged nothing of what it was asked */
	VALIDATION_NOT,	 /* no verdict on any finding */
	VALIDATIONS
};
enum validation fact_validation(const struct report_run *run);
const char *validation_name(enum validation v);
/* Why it is in part or not at all, one line for each validator. */
struct strs fact_unvalidated(struct arena *a, const struct report_run *run);
/* Did more than one validator judge the same finding? */
bool fact_several(const struct report_run *run);
/* The one that answered as this step, or NULL. */
const struct reviewer *fact_reviewer(const struct report_run *run, struct str step);
bool fact_validates(const struct report_step *s);

struct cite_counts {
	unsigned all, of[CITE_STATES];
};
struct cite_counts fact_cites(const struct report_run *run);

/* One row of the evidence table: a place, and everybody who rests on it. */
struct cite_row {
	const struct citation *cite;
	enum verdict verdict; /* the worst of the findings that use it */
	struct strs used_by;  /* uids of findings, labels of steps */
};
size_t fact_evidence(struct arena *a, const struct report_run *run, struct cite_row **ret);

/* --- coverage.c: what was read ------------------------------------------------------------- */

/* At most three gaps: files that nobody read, reads that are not known. */
void fact_coverage(struct arena *a, const struct report_run *run, struct strs *ret);
/* Its section; nothing where nothing is known. */
void md_coverage(struct buf *b, struct arena *a, const struct report_run *run);
/* The same for programs; null where nothing is known. New reference. */
json_t *coverage_json(struct arena *a, const struct report_run *run);

/* --- tables.c ------------------------------------------------------------------------------ */

/* Findings that contradict each other; nothing when there are none. */
void md_contradictions(struct buf *b, const struct report_run *run);
void md_validation(struct buf *b, struct arena *a, const struct report_run *run);
/* Findings that were put off, each with what reopens it. False: there are none. */
bool md_deferred(struct buf *b, struct arena *a, const struct report_run *run);
void md_findings(struct buf *b, struct arena *a, const struct report_run *run);
void md_evidence(struct buf *b, struct arena *a, const struct report_run *run);
/* "#f-structure-s1" of a finding's uid, without the mark. */
void md_anchor(struct buf *b, struct str uid);

/* --- link.c -------------------------------------------------------------------------------- */

/* TEXT with names of findings linked to their entries; a refuted one is struck, not linked. */
struct str link_findings(struct arena *a, const struct report_run *run, struct str text);

#endif
