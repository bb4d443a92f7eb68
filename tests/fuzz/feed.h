/* Bytes as a pipe brings them, in pieces whose lengths the input itself decides, cut into lines. */
#ifndef TESTS_FUZZ_FEED_H
#define TESTS_FUZZ_FEED_H

#include "worker/lines.h"

/* FN hears each line of REST, with CTX; what is longer than MAX is cut. */
static inline void feed(struct str rest, size_t max, line_fn fn, void *ctx)
{
	struct lines l;

	lines_init(&l, max, fn, ctx);
	while (rest.n) {
		size_t n = (unsigned char)rest.p[0];

		lines_feed(&l, str_take(rest, n ? n : 1));
		rest = str_skip(rest, n ? n : 1);
	}
	lines_end(&l);
	lines_fini(&l);
}

#endif
