/*
 * Server-sent events, as a codec: bytes in, events out. Follows the WHATWG event stream format
 * as far as model servers use it (data, event; id and retry are ignored; CR, LF and CRLF).
 */
#ifndef DIALECT_SSE_H
#define DIALECT_SSE_H

#include "base/buf.h"

/* DATA holds the joined data lines without the last newline; EVENT is empty when not named. */
typedef void (*sse_fn)(void *ctx, struct str event, struct str data);

struct sse {
	struct buf line, data, event;
	bool skip_lf, has_data;
	sse_fn fn;
	void *ctx;
};

/* MAX bounds one line and one event's data. */
void sse_init(struct sse *s, size_t max, sse_fn fn, void *ctx);
void sse_fini(struct sse *s);
/* -E2BIG when a line or event passed the ceiling; the stream is unusable then. */
MUST_CHECK int sse_feed(struct sse *s, struct str bytes);

#endif
