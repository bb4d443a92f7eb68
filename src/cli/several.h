/* Several validators, as they are asked for on the command line. */
#ifndef CLI_SEVERAL_H
#define CLI_SEVERAL_H

#include "cli/args.h"
#include "flow/library.h"

/* How many N ("3") and MODELS come to; 0: neither was given. */
unsigned several_count(const char *n, const struct opt_texts *models);
/*
 * Puts a library in which each flow has so many in place of *LIB, and its flow in place of *FLOW.
 * -EINVAL: more models than validators or than VALIDATORS_MAX, or FLOW has none; *LIB stays as it
 * is.
 */
MUST_CHECK int several_validators(struct library **lib, const struct flow **flow, const char *n,
    const struct opt_texts *models, struct err *err);
/*
 * Whom FLOW asks at SIZE, before it is launched: "code-review: small 9 agents, 3 of them
 * validators, at least 3 model calls". Its conditions are not known yet. In A.
 */
const char *several_roster(struct arena *a, const struct flow *flow, enum flow_size size);

#endif
