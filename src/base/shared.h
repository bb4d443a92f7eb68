/*
 * Bytes that several hold, such as a frame that goes to a thousand pages: whoever puts the last
 * reference frees them. They never change. For one thread.
 */
#ifndef BASE_SHARED_H
#define BASE_SHARED_H

#include "base/buf.h"

struct shared {
	struct str bytes;
	unsigned refs;
};

/* What B holds; B is empty afterwards. One reference, the caller's. */
struct shared *shared_of(struct buf *b);
/* A copy of BYTES. */
struct shared *shared_copy(struct str bytes);
/* One more reference. */
struct shared *shared_ref(struct shared *s);
/* One less. Accepts NULL. */
void shared_put(struct shared *s);

#endif
