/*
 * Whether a report found what was planted. A case says where its defects are and which places only
 * look like defects (decoys); a report, as its JSON document, is scored against it.
 *
 * Here and not beside the evidence, because what is scored is what a reader gets: after verdicts,
 * dispositions and numbering, out of the document that is stored and exported. Pure; the same
 * report scores the same wherever it comes from. docs/eval.md has the rule for users.
 *
 * The rule. A finding names a place when one of its citations of code holds (resolves or moved),
 * is of the same path, overlaps the place's lines and is at most EVAL_SLACK_LINES longer than they
 * are; and when one of the place's words stands in its title, claim or body: letters of any case,
 * white space as one blank, from the beginning of a word. A finding matches a defect when it names
 * its place and is at least as severe as the defect wants. A finding that was merged into another
 * one lends it its citations and words; refuted and deferred ones stand aside and match nothing.
 * Among all ways to match, each finding with at most one defect and each defect with at most one
 * finding, one with the most defects is taken.
 */
#ifndef REPORT_EVAL_H
#define REPORT_EVAL_H

#include "evidence/evidence.h"
#include "flow/yaml.h"

struct eval_place {
	struct str path;
	unsigned line, end; /* 1 or more, in order */
	struct strs words;  /* one of them has to be said; none: nothing has to be said */
};

struct eval_defect {
	struct str id;
	struct eval_place at;
	enum severity least; /* NONE: any */
};

struct eval_case {
	struct str name, language, flow, question, base; /* base empty: none was named */
	struct eval_defect *defects;
	size_t n_defects;
	struct eval_place *decoys;
	size_t n_decoys;
};

/* The keys of a case, of a defect and of a decoy; each ends with NULL. docs/eval.md lists them. */
extern const char *const eval_case_keys[], *const eval_defect_keys[], *const eval_decoy_keys[];

/* A case.yaml, everything in A. False with all its errors in ERRORS. */
bool eval_case_parse(struct arena *a, const char *file, struct str text, struct flow_errors *errors,
    struct eval_case *ret);

/* What became of a finding. */
enum eval_class {
	EVAL_FOUND,  /* matches a defect */
	EVAL_REPEAT, /* would match one that another finding is counted for */
	EVAL_DECOY,  /* names a decoy */
	EVAL_OTHER,  /* none of that */
	EVAL_ASIDE,  /* refuted, deferred, or merged into another one */
	EVAL_CLASSES
};

struct eval_mark {
	struct str uid, title;
	enum eval_class is;
	size_t which; /* FOUND and REPEAT: the defect; DECOY: the decoy */
};

struct eval_score {
	struct str run;	   /* its id */
	struct str model;  /* as the report names it */
	struct str reason; /* why there is nothing to score; empty: it was scored */
	const struct eval_case *of;
	struct eval_mark *marks; /* of each finding, in the report's order */
	size_t n_marks;
	struct str *why; /* of each defect: the finding's uid when found, else why it was missed */
	bool *found;	 /* of each defect */
	bool *hit;	 /* of each decoy */
	unsigned n_found, n_decoys, n_class[EVAL_CLASSES]; /* n_decoys: of them, hit */
	unsigned cites, hold; /* citations of code, and how many resolve or moved */
	unsigned gaps;	      /* what the report says is missing */
	long long tokens;     /* in and out */
	msec_t took;
};

/* Scores REPORT (tutti.report/1; whatever else it is scores as a report without findings). */
struct eval_score *eval_score(struct arena *a, const struct eval_case *c, const json_t *report);
/* A case that could not be run: nothing found, and why. */
struct eval_score *eval_failed(struct arena *a, const struct eval_case *c, struct str reason);
/* Findings that are not what was planted: those that name decoys, and other ones. */
unsigned eval_false(const struct eval_score *s);
/* New reference. */
json_t *eval_score_json(const struct eval_score *s);

/* Some scores together. */
struct eval_sum {
	unsigned runs, failed, planted, found, decoys, decoys_hit, false_findings, others, repeats;
	unsigned cites, hold;
	long long tokens;
	msec_t took;
};

void eval_add(struct eval_sum *sum, const struct eval_score *s);
/* found / planted, and found / (found + false); -1 where that is nothing out of nothing. */
double eval_recall(const struct eval_sum *sum);
double eval_precision(const struct eval_sum *sum);
json_t *eval_sum_json(const struct eval_sum *sum);

/* What the rounds of an evaluation came to, from the lowest to the highest. */
struct eval_spread {
	double recall_low, recall_high, precision_low, precision_high; /* -1 as above */
	unsigned false_low, false_high;
};

void eval_spread(const struct eval_sum *rounds, size_t n, struct eval_spread *ret);
json_t *eval_spread_json(const struct eval_spread *s);

/*
 * What differs between two evaluations (tutti.eval/1), over the cases and defects that both have:
 * {"old", "now": {recall, precision, false, tokens}, "defects": [{"case", "defect", "old", "now"}…]
 * of those that are found in another share of the runs, "only_old", "only_now": names of cases,
 * "overlap": the spreads of recall overlap, so that repeating may turn the difference around,
 * "differs": what else is not the same, of flow, size, agent, model, tutti}.
 * New reference; NULL when one of them is no evaluation.
 */
json_t *eval_compare(const json_t *old, const json_t *now);

#endif
