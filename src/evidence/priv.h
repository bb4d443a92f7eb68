/* What the files of this room share. */
#ifndef EVIDENCE_PRIV_H
#define EVIDENCE_PRIV_H

#include "evidence/evidence.h"

/* Growing arrays of pointers in an arena. */
struct vec {
	void **v;
	size_t n, cap;
};
void vec_add(struct arena *a, struct vec *vec, void *item);

/* cite.c: appends the citations of TEXT in order, at most MAX in all. False when there were more.
 */
bool cites_scan(struct arena *a, struct str text, size_t max, struct vec *ret);

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
/* S without Markdown's marks at both ends. */
struct str strip_marks(struct str s);
bool is_word_char(char c);

#endif
