/*
 * Searching in the lines of one attempt. Bounded: in time (what a regular expression may cost is
 * linear, and has a ceiling), and in what is listed; all hits are counted.
 */
#ifndef VIEW_SEARCH_H
#define VIEW_SEARCH_H

#include "base/err.h"
#include "view/raw.h"

struct search_options {
	struct str text;
	bool exact; /* case counts; folding is by ASCII */
	bool word;  /* no letter or digit stands before or behind it */
	bool regex; /* regex.h; else TEXT as it is */
	bool tools; /* also in calls and results; what the agent wrote and thought always is */
};

/* COL and LEN as JavaScript counts: in UTF-16 units, COL from 0. */
struct search_hit {
	uint64_t line;
	uint32_t col, len;
};

struct search;

/* -EINVAL: TEXT is empty, too long, no UTF-8, or no expression that is linear. */
MUST_CHECK int search_create(const struct search_options *o, struct search **ret, struct err *err);
/* Accepts NULL. */
void search_destroy(struct search *s);
/* A line_fn. */
void search_line(void *search, uint64_t number, enum line_kind kind, struct str line);
/* The first VIEW_HITS_MAX, in order. Borrowed. */
const struct search_hit *search_hits(const struct search *s, size_t *ret_n);
/* CUT: there are more than are listed, or it cost too much to look at every line. */
uint64_t search_total(const struct search *s, bool *ret_cut);

#endif
