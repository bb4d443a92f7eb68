/*
 * Where it is kept which flows of repositories are accepted (flow/accepted.h): trusted.json beside
 * config.yaml, in the configuration directory USER (NULL: there is none). It is a person's decision
 * like what stands there, and no --data leads elsewhere.
 */
#ifndef API_ACCEPT_H
#define API_ACCEPT_H

#include "flow/accepted.h"

/*
 * All of them, in A. A file that is missing accepts nothing; one that is broken, not ours or open
 * to others is a four-part error.
 */
MUST_CHECK int accept_load(
    struct arena *a, const char *user, struct acceptances *ret, struct err *err);
/*
 * Reads, lets CHANGE change and writes, while nobody else does. CHANGE returns 0, or negative with
 * the reason in ERR; then nothing is written.
 */
MUST_CHECK int accept_change(struct arena *a, const char *user,
    int (*change)(void *ctx, struct acceptances *all, struct err *err), void *ctx, struct err *err);

#endif
