/* What the files of the views share. */
#ifndef API_VIEWS_PRIV_H
#define API_VIEWS_PRIV_H

#include "api/views.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/sha256.h"

#define VIEWS_FLOWS 16	/* definitions that are kept read */
#define VIEWS_PROOFS 64 /* proofs of ended runs that were found out */

struct views {
	char *epoch;
	struct kept_flow {
		char hash[SHA256_HEX];
		struct library *lib;
		const struct flow *flow;
	} flows[VIEWS_FLOWS];
	unsigned next_flow;
	struct kept_proof {
		int64_t run;
		char seal[SHA256_HEX];
		char line[512];
		bool ok;
	} proofs[VIEWS_PROOFS];
	unsigned next_proof;
};

/* Of a step at work; empty: not known, or nothing. */
struct step_now {
	struct str activity, condition;
};

/* One run with what its steps are shown with. */
struct run_view {
	struct views *v;
	struct store *s;
	struct arena *a;
	const struct run_row *row;
	const struct flow *flow; /* or NULL */
	struct step_row *steps;
	struct step_extra *extras; /* as many, in the same order */
	struct step_now *now;	   /* as many */
	size_t n;
	json_t *options;
	msec_t resumed_at; /* 0: never, or not known */
};

/* views_now.c: fills `now`. */
void view_now(struct run_view *r);
/* views_step.c */
json_t *view_step(const struct run_view *r, size_t i);
/* Is it one of those that a person counts as an agent? */
bool view_counts(const struct step_row *s);
/* -ENOENT: no such run. RET's references go with run_view_free. */
MUST_CHECK int run_view_open(struct views *v, struct store *s, struct arena *a,
    const struct run_row *row, struct run_view *ret);
void run_view_free(struct run_view *r);

#endif
