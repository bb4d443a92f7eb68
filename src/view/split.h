/*
 * A text that is being written, cut into pieces that can be laid out for good: at blank lines
 * outside of fences and lists. Where it is cut depends on the text alone, never on the portions in
 * which it comes. A piece has at most BLOCK_MESSAGE_MAX bytes; a fence that is longer goes on in
 * the next piece, opened again there. References of Markdown ("[1]: …") count within a piece only.
 */
#ifndef VIEW_SPLIT_H
#define VIEW_SPLIT_H

#include "base/buf.h"

#include <stdint.h>

#define SPLIT_FENCE 80 /* bytes of a fence's first line that are kept for its next piece */

/*
 * FROM and TO: its place in the text, in bytes; pieces follow each other without a gap. MARKDOWN is
 * what stands there, behind the line that opens its fence again where there is one.
 */
typedef void (*split_fn)(void *ctx, uint64_t from, uint64_t to, struct str markdown);

struct split {
	split_fn fn;
	void *ctx;
	struct buf held;  /* what is not closed; begins at START */
	size_t start;	  /* what stands before it in HELD is closed */
	size_t line;	  /* of the first line in HELD that has no end yet */
	uint64_t off;	  /* of HELD's first byte in the text */
	bool content;	  /* there is more than blanks since START */
	bool middle;	  /* START was cut into a line */
	bool list, blank; /* in a list; and behind a blank line in it */
	char mark;	  /* of the fence that is open, or NUL */
	size_t marks;
	char fence[SPLIT_FENCE]; /* its first line, */
	size_t fence_n;
	bool again; /* which the piece in hand has to begin with */
};

void split_init(struct split *s, split_fn fn, void *ctx);
void split_fini(struct split *s);
void split_text(struct split *s, struct str text);
/* Closes what is open: something else comes. Blanks alone stay, and begin the next piece. */
void split_flush(struct split *s);
/* What is not closed, and its place. Borrowed until the next call. */
struct str split_tail(const struct split *s, uint64_t *ret_off);

#endif
