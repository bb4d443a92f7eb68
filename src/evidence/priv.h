/* What the files of this room share. */
#ifndef EVIDENCE_PRIV_H
#define EVIDENCE_PRIV_H

#include "evidence/evidence.h"

#include <stdint.h>

/* Growing arrays of pointers in an arena. */
struct vec {
	void **v;
	size_t n, cap;
};
void vec_add(struct arena *a, struct vec *vec, void *item);

/* cite.c: appends the citations of TEXT in order, at most MAX in all. False when there were more.
 */
bool cites_scan(struct arena *a, struct str text, size_t max, struct vec *ret);
/* Is what begins at AT of S the id behind a run's: "r-6v4e0q2m8k#S1"? */
bool is_of_another_run(struct str s, size_t at);

/* item.c: one line as the beginning of an item. */
struct item_head {
	struct str id, title;
	unsigned level; /* of its heading, 7: none */
};
bool item_head(struct str line, struct item_head *ret);
/* Level of a Markdown heading, 0: none. */
unsigned heading_level(struct str line);
/* An item id that S begins with ("S1", "SEC-001", "step/S1"): its length, or 0. */
size_t item_id_length(struct str s);
/*
 * The value behind "KEY:" at the beginning of a line of TEXT, however the line is dressed up
 * ("- **Key:** value"). Empty when there is none.
 */
struct str item_field(struct str text, const char *key);
/* The same, the last one of the text. */
struct str item_last_field(struct str text, const char *key);
/* LINE without what may stand before an item's id: marks of headings, lists and emphasis. */
struct str item_undress(struct str line);
/* S without Markdown's marks at both ends. */
struct str strip_marks(struct str s);
bool is_word_char(char c);

/* words.c: a text as the set of words that carry it. */
struct words {
	uint64_t *v; /* hashes, ascending, each once */
	size_t n;
	bool denies; /* "not", "never", "without" … */
};
struct words words_of(struct arena *a, struct str s);
bool words_equal(const struct words *x, const struct words *y);
/* Do they say about the same? Both deny or neither, and most of the shorter is in the longer. */
bool words_alike(const struct words *x, const struct words *y);

/* symbol.c: what encloses each of N lines (from 1, ascending) of TEXT; empty: nothing was found. */
void symbols_find(
    struct arena *a, struct str text, const unsigned *lines, struct str *ret, size_t n);

/* fingerprint.c */
/* C's anchor from TEXT, which stands there, and its symbol; in A. */
void cite_anchor(struct arena *a, struct citation *c, struct str text);
/* The citation that says where F is, or NULL. */
const struct citation *finding_place(const struct finding *f);
/* Symbol and anchor of each finding, from those of its citations. */
void findings_anchor(struct evidence *ev);
bool cite_holds(const struct citation *c);

/* defer.c: marks those of FINDINGS that have no disposition yet and that TEXTS put off. */
void findings_defer(struct arena *a, struct finding *const *findings, size_t n,
    const struct deferring *texts, size_t n_texts);

/* check.c: "12: text", "12 | text", "12→text" without the numbers of a tool's output. */
struct str drop_numbers(struct arena *a, struct str quote);

/* parts.c: claim, scenario and suggestion out of the finding's body; they borrow from it. */
void item_parts(struct finding *f);
/* mention.c: "step/ID"; empty when either is. */
struct str uid_with_step(struct arena *a, const struct finding *f);

#endif
