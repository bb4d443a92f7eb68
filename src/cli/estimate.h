/* How long a run like this one took before. */
#ifndef CLI_ESTIMATE_H
#define CLI_ESTIMATE_H

#include "store/store.h"

struct estimate {
	msec_t low, high; /* the middle half of what was measured; 0: too few to say */
};

/*
 * From completed runs of the same flow, size, model and number of validators as run KEY: at least
 * three, of the last fifty. On the store thread.
 */
MUST_CHECK int estimate_read(struct store *s, struct arena *a, int64_t key, struct estimate *ret);

#endif
