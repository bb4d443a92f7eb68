/*
 * `tutti eval`: cases from a directory, each made a repository of its own, run like any other run,
 * scored by report/eval.h. One house for all of them; a case that cannot be run is a row with its
 * reason.
 */
#ifndef CLI_EVAL_H
#define CLI_EVAL_H

#include "cli/follow.h"
#include "report/eval.h"

struct eval_opts {
	const char *flow, *size, *model, *agent, *only, *script, *min_recall, *max_false, *output,
	    *compare, *format;
	long long repeat;
};

struct eval_item {
	const char *dir; /* absolute */
	struct eval_case c;
	const char *repo; /* where it was made; NULL: not yet */
	struct err err;	  /* why it could not be made; code 0: it could, or was not tried */
	struct eval_score **score; /* by round; the first n are there */
	size_t n;
};

struct evaluation {
	struct arena *a;
	const struct globals *g;
	const struct eval_opts *o;
	const char *dir; /* as given */
	struct eval_item *items;
	size_t n;
	unsigned rounds, begun; /* begun: rounds of which there is at least a run */
	char *tmp;		/* for repositories; NULL: none yet */
	struct definitions definitions;
	struct follow follow;
	struct term err_term;
	uv_timer_t ticker; /* of the line of progress; closed with it */
	const char *now;   /* what is run just now, for that line; NULL: nothing */
	json_t *old;	   /* --compare, or NULL */
	double min_recall; /* -1: none */
	long long max_false;
	bool complete;
};

/* Reads the cases of DIR, or DIR as the one case it is. All errors of all files. An exit code. */
int eval_load(struct evaluation *ev, struct err *err);
/* Makes the repository of ITEM below ev->tmp, once. An error stays with the item. */
MUST_CHECK int eval_make_repo(struct evaluation *ev, struct eval_item *item);
/* Whether ITEM comes with a change. */
bool eval_has_change(struct arena *a, const struct eval_item *item);
/* Runs ITEM once more and scores it. False when we were asked to leave meanwhile. */
bool eval_run(struct evaluation *ev, struct eval_item *item);

/* Sums of all runs, and of each round. */
void eval_sums(const struct evaluation *ev, struct eval_sum *ret, struct eval_sum *rounds);
/* tutti.eval/1. New reference. */
json_t *eval_document(const struct evaluation *ev, int code);
/* The same for people. */
void eval_table(const struct evaluation *ev, struct buf *b, const struct term *t);
/* What --compare with FILE came to; DIFF is of eval_compare. */
void eval_table_compare(struct buf *b, const struct term *t, const char *file, const json_t *diff);

#endif
