/*
 * Claims and what they rest on. Findings and citations are read out of free Markdown (or the JSON
 * of `output: findings`) as small models write it, and each citation is checked against bytes
 * handed in. Pure: the caller fetches files.
 */
#ifndef EVIDENCE_EVIDENCE_H
#define EVIDENCE_EVIDENCE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

enum cite_state {
	CITE_UNCHECKED, /* web, provided, no quote, or its file could not be read just now */
	CITE_RESOLVES,	/* path, lines and quoted text match the snapshot */
	CITE_MOVED,	/* the text stands at other lines of the file */
	CITE_CHANGED,	/* the lines exist, the text differs */
	CITE_MISSING,	/* no such path or lines */
	CITE_STATES
};

enum trust_class { TRUST_CODEBASE, TRUST_WEB, TRUST_PROVIDED, TRUST_CLASSES };

enum severity {
	SEVERITY_NONE,
	SEVERITY_NOTE,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
	SEVERITIES
};

/* What the validator said of an item, after code weighed it. */
enum verdict {
	VERDICT_NONE /* not reviewed */,
	VERDICT_UPHELD,
	VERDICT_WEAKENED,
	VERDICT_REFUTED,
	VERDICTS
};

/* What became of a finding in the report. Each has exactly one; code sees to it. */
enum disposition {
	DISPOSITION_NONE,     /* not yet decided; never in a report */
	DISPOSITION_KEPT,     /* as raised, or upheld */
	DISPOSITION_MERGED,   /* the same as another one: into */
	DISPOSITION_DEMOTED,  /* its severity was lowered, or it lies outside of what was asked */
	DISPOSITION_REFUTED,  /* with evidence of its own */
	DISPOSITION_DEFERRED, /* not needed now (YAGNI); says what reopens it */
	DISPOSITIONS
};

struct change; /* change/change.h */

struct citation {
	struct str id; /* E1… in order of first appearance, per run after evidence_number */
	enum trust_class trust;
	struct str path;       /* or the URL; of an earlier report "RUN#ID" */
	unsigned line, end;    /* as written; 0: none */
	struct str quote;      /* as written, without its fence or quotes; empty: none */
	size_t offset, length; /* of the reference in the text */
	enum cite_state state;
	unsigned found_line, found_end; /* RESOLVES and MOVED */
	struct str found;		/* CHANGED: what the lines say instead (cut) */
	struct str tail;		/* private: the line behind the quote's opening mark */
	struct str symbol, anchor;	/* private: as in struct finding, of this place */
};

struct finding {
	struct str id;		/* as written: S1, SEC-001, GAP-003 … */
	struct str uid;		/* unique in the run: id, or step/id where two steps share ids */
	struct str step;	/* who raised it */
	struct str title, body; /* body: the item's whole text below the title */
	enum severity severity;
	struct str confidence; /* as written */
	struct citation **cites;
	size_t n_cites;
	enum verdict verdict;		       /* after evidence_reconcile */
	struct str verdict_reason, verdict_by; /* by: the validator's item id */

	struct str claim, scenario, suggestion; /* of its text; empty: not said */
	struct str symbol;	/* what encloses its first cited lines, when found */
	struct str fingerprint; /* hex; the same in another run where it is the same finding */
	struct str anchor;	/* hex: of its place and the text there; empty: it has none */
	enum disposition disposition;
	struct str disposition_reason;
	const struct finding *into; /* MERGED */
	enum severity raised_as;    /* before it was demoted */
	unsigned asked, survived;   /* validators that judged it; of these, not refuted by */
};

/* Everything of one text. Lives in the arena it was parsed into. */
struct evidence {
	struct str step;
	struct finding **findings;
	size_t n_findings;
	struct citation **cites; /* all, also those outside findings; in order */
	size_t n_cites;
	bool cut; /* FINDINGS_MAX or CITATIONS_MAX was reached */
	/* Of a validator's text: the texts it was asked about; none: all there are. Not stored. */
	struct evidence **asked;
	size_t n_asked;
};

/*
 * The bytes of PATH in *RET, fewer than 4 GiB, and 0; or -ENOENT, -E2BIG (not looked at), -EISDIR.
 * A is freed when the citations of this file are checked, before the next file is asked for.
 */
typedef int (*evidence_source_fn)(void *ctx, struct arena *a, struct str path, struct str *ret);

/* Never fails on content. Linear in the text, whatever is in it. */
struct evidence *evidence_parse(struct arena *a, struct str step, struct str text);
/* The same, and verdicts that stand in a JSON value of a text without items are read as items. */
struct evidence *evidence_read(struct arena *a, struct str step, struct str text);
/* From the JSON of `output: findings`. */
struct evidence *evidence_from_findings(struct arena *a, struct str step, const json_t *findings);
/*
 * Fills state and found lines of each codebase citation. Each file is asked for once, and one at a
 * time is in memory; bytes read and bytes searched have a ceiling for the whole text, beyond which
 * citations stay "not checked".
 */
void evidence_check(struct arena *a, struct evidence *ev, evidence_source_fn fn, void *ctx);
/*
 * The same of findings of earlier reports. RUN (empty: none) is the one whose report was handed on,
 * TEXT what agents were shown of it. What is not in it is missing; what is stays "not checked", as
 * everything that somebody says.
 */
void evidence_check_provided(struct evidence *ev, struct str run, struct str text);

/*
 * The fingerprint of each finding of a run. It is the anchor that evidence_check gave it, as long
 * as no other finding of the run has the same; fingerprint.c says what an anchor is made of.
 */
void evidence_identify(struct arena *a, struct evidence **sets, size_t n);

/* The value of "NAME: value" in the finding's text; empty when there is none. Borrowed. */
struct str finding_field(const struct finding *f, const char *name);

/* For the store: everything needed to rebuild it. New reference. */
json_t *evidence_to_json(const struct evidence *ev);
/* The strings are copied into A. NULL when DOC is not of that form. */
struct evidence *evidence_from_json(struct arena *a, const json_t *doc);

/*
 * Gives findings of several texts ids that are unique in the run (uid), and citations E1… in
 * order; equal citations share an id.
 */
void evidence_number(struct arena *a, struct evidence **sets, size_t n);

/*
 * The items a validator has to judge, one a line: "S1 [high] title (src/a.c:12)". For prompts.
 */
struct str evidence_items(struct arena *a, struct evidence *const *sets, size_t n);

/* Where texts name findings: by uid, or by step and id. In the arena of its making. */
struct mentions;
struct mentions *mentions_create(struct arena *a, struct finding *const *findings, size_t n);
struct mention {
	size_t at, n; /* bytes of the line */
	struct finding *finding;
};
/* The next one of LINE that begins at FROM or behind it. */
bool mention_next(const struct mentions *m, struct str line, size_t from, struct mention *ret);

/* What one validator said of one item. */
struct judgement {
	struct str item;     /* the id it names; once weighed, the finding's uid */
	struct str by;	     /* V1 …, unique in the run */
	struct str step;     /* of the validator */
	enum verdict said;   /* confirmed -> upheld, partly -> weakened, refuted */
	enum verdict counts; /* weighed: who refutes without evidence, or says two things, doubts */
	struct str reason, impact;
	struct citation **cites;
	size_t n_cites;
};

/* One validator that answered. */
struct reviewer {
	struct str step;
	unsigned asked, judged; /* findings */
};

struct reconciliation {
	struct judgement *judgements; /* one for each validator and finding */
	size_t n_judgements;
	struct reviewer *reviewers; /* in the order handed in */
	size_t n_reviewers;
	struct str confidence; /* the validator's closing line; of several, the least confident */
	struct str *strays;    /* ids judged that nobody was to judge */
	size_t n_strays;
	unsigned upheld, weakened, refuted, unreviewed;
	bool recommendation_hit; /* a refuted or weakened finding is named in the recommendation */
	bool validated;		 /* at least one judgement of an existing item was read */
};

/*
 * Reads verdicts per item out of a validator's text, loosely written: headings, bullets, tables, or
 * a JSON value. VALIDATOR_EVIDENCE is what evidence_parse made of the same text.
 */
size_t judgements_parse(struct arena *a, struct str text, const struct evidence *validator_evidence,
    struct judgement **ret);

/*
 * Applies the verdicts to the findings (verdict, verdict_reason, verdict_by, asked, survived).
 *
 * Of one validator: to refute counts only with a citation of its own that resolves (or was
 * repaired), else it weakens; to say two different things of one finding weakens it; an id that is
 * not among what it was asked changes nothing.
 *
 * Of those who judged a finding, together: refuted when more than half refute it; upheld when
 * nobody refutes it and more than half uphold it; weakened otherwise; not reviewed when there are
 * none.
 *
 * VALIDATORS and their EVIDENCE run in parallel arrays; an entry of EVIDENCE may be NULL.
 */
struct reconciliation *evidence_reconcile(struct arena *a, struct evidence **sets, size_t n_sets,
    const struct str *validators, struct evidence *const *validator_evidence, size_t n_validators,
    struct str recommendation);
/* What evidence_weigh_change did. */
struct change_weights {
	unsigned outside, calibrated, contradictions, beyond;
	struct str *lines; /* "S1 and B2 at src/a.c:10: …", one a contradiction */
	size_t n_lines;
};
/*
 * For a review of CHANGE, once the verdicts are in, ids are unique, and other code has given its
 * dispositions (or none): demotes findings outside of the change and those that contradict
 * each other on the same lines, lowers what is below ESCALATES to low, and defers what is beyond
 * CHANGE_FINDINGS_SHOWN warnings (medium and worse) and as many suggestions. Sets severity,
 * raised_as, disposition and disposition_reason; findings that were merged, refuted or deferred
 * before stay as they are.
 */
struct change_weights *evidence_weigh_change(struct arena *a, struct evidence **sets, size_t n,
    const struct change *change, enum severity escalates);
/* {kept:[…], demoted:[…], refuted:[{id,title,reason,by}…], unreviewed:[…], recommendation_hit,
 *  validated, summary: text for the rewriting agent}. New reference. */
json_t *reconciliation_to_json(
    struct arena *a, const struct reconciliation *r, struct evidence *const *sets, size_t n_sets);

/* A text that may defer findings: those of its step, or those of ALL steps. */
struct deferring {
	struct str step, text;
	bool all;
};

/*
 * Gives each finding its fingerprint, one disposition with its reason, and raised_as; after
 * evidence_number and, where there is a validator, evidence_reconcile. The first that fits:
 *
 *	refuted   the verdict says so
 *	merged    another finding has its fingerprint, or another step claims the same of
 *overlapping lines of that file. The one with the worse severity stands for both. deferred  named
 *by its id under a heading "Deferred" of one of TEXTS demoted   weakened (one severity less); or
 *rated above low without one citation that holds (then low); or it says itself that it cannot be
 *reached (one less) kept
 *
 * To be called again on the same findings gives the same.
 */
void evidence_settle(struct arena *a, struct evidence **sets, size_t n,
    const struct deferring *texts, size_t n_texts);

/* What a completed step that raises findings was read as, when its answer was checked. */
struct parsed_step {
	struct str step;
	long long parsed; /* findings, as counted then; -1: not known */
	const struct evidence *evidence;
};

/*
 * Does the list of a report hold each finding of STEPS once, under a name of its own and with its
 * disposition? Empty when it does, else the first few that are lost, as a reason for a person.
 */
struct str evidence_account(struct arena *a, const struct parsed_step *steps, size_t n_steps,
    struct finding *const *listed, size_t n_listed);

const char *cite_state_name(enum cite_state s);
const char *trust_class_name(enum trust_class t);
const char *severity_name(enum severity s);
const char *severity_title(enum severity s); /* as a heading */
const char *verdict_name(enum verdict v);
const char *disposition_name(enum disposition d);
int cite_state_parse(struct str name);
int trust_class_parse(struct str name);
int severity_parse(struct str name);
int verdict_parse(struct str name);
int disposition_parse(struct str name);

#endif
