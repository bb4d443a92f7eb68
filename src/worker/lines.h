/*
 * Bytes -> lines, with a ceiling. A longer line arrives once, cut, and its rest is dropped; who
 * sets OVER gets the whole of it, from its beginning to its newline, in pieces as they come.
 */
#ifndef WORKER_LINES_H
#define WORKER_LINES_H

#include "base/buf.h"

typedef void (*line_fn)(void *ctx, struct str line, bool cut);

struct lines {
	struct buf held; /* the line that has not ended */
	bool cut;	 /* it is over the ceiling; what follows is dropped */
	line_fn fn;
	void (*over)(void *ctx, struct str piece); /* may be NULL */
	void *ctx;
};

void lines_init(struct lines *l, size_t max, line_fn fn, void *ctx);
void lines_fini(struct lines *l);
void lines_feed(struct lines *l, struct str bytes);
/* End of input: a last line without its newline counts, too. */
void lines_end(struct lines *l);

#endif
