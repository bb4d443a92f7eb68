/* How long runs like one took before, and what they used. */
#ifndef API_ESTIMATE_H
#define API_ESTIMATE_H

#include "store/store.h"

struct estimate {
	msec_t low, high; /* the middle half of what was measured; 0: too few to say */
	msec_t median;
	int64_t tokens; /* the median, in and out */
	unsigned runs;	/* that it rests on */
};

/* What makes runs last differently: all of it has to be the same. */
struct estimate_kind {
	struct str flow, size; /* size empty: any, and any model and number of validators */
	struct str model;
	long long validators;
};

/*
 * From completed runs of that kind: at least three, of the last fifty of the flow. On the store
 * thread.
 */
MUST_CHECK int estimate_like(
    struct store *s, struct arena *a, const struct estimate_kind *kind, struct estimate *ret);
/* From runs like run KEY. */
MUST_CHECK int estimate_read(struct store *s, struct arena *a, int64_t key, struct estimate *ret);

#endif
