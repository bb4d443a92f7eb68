/*
 * The findings of two runs side by side: which are new, gone, changed, the same. Pure. Two findings
 * are one when their fingerprints are equal; where one of them has none (a run of an older version,
 * a file of another program), when path and title are.
 */
#ifndef EVIDENCE_COMPARE_H
#define EVIDENCE_COMPARE_H

#include "evidence/evidence.h"

enum change_kind {
	CHANGE_SAME,
	CHANGE_CHANGED,
	CHANGE_NEW,  /* stands now and did not before */
	CHANGE_GONE, /* stood before and does not now */
	CHANGES
};

/* What differs, for CHANGE_CHANGED; any of them. */
enum {
	DIFFERS_SEVERITY = 1,
	DIFFERS_VERDICT = 2,
	DIFFERS_TEXT = 4 /* title, claim, scenario or suggestion, other than in line numbers */
};

struct compared {
	/* Both for SAME and CHANGED. NEW: old is what did not stand then; GONE: now is what does
	 * not stand any more; often NULL. */
	const struct finding *old, *now;
	enum change_kind change;
	unsigned differs;
};

struct comparison {
	struct compared *v; /* those of now in their order, then what is gone in its order */
	size_t n;
	unsigned of[CHANGES];
};

/*
 * Whether F counts: it was kept or demoted; while that is undecided, it was not refuted. What was
 * merged counts as the one it was merged into.
 */
bool finding_stands(const struct finding *f);
/* Whether C can be pointed at: a place in the repository that is there, or was not looked at. */
bool cite_is_place(const struct citation *c);
/* The first place in the code that F cites, the best state first; NULL: none. */
const struct citation *finding_where(const struct finding *f);
/* "Claim" and its like: the member where it is filled, else what the text says. Borrowed. */
struct str finding_claim(const struct finding *f);
struct str finding_scenario(const struct finding *f);
struct str finding_suggestion(const struct finding *f);

/*
 * OLD against NOW, in A. Only what stands on one side is listed. What was merged is neither new nor
 * gone, and is known again by itself or by the one it was merged into. Linear in the findings,
 * whatever their fingerprints are.
 */
void evidence_compare(struct arena *a, struct finding *const *old, size_t n_old,
    struct finding *const *now, size_t n_now, struct comparison *ret);

const char *change_name(enum change_kind c); /* same, changed, new, gone */

#endif
