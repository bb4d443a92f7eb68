/* Several validators, as somebody asks for them. */
#ifndef API_SEVERAL_H
#define API_SEVERAL_H

#include "flow/library.h"

/*
 * Puts a library in which each flow has N validators in place of *LIB, and its flow in place of
 * *FLOW; N 0: as many as there are MODELS, and nothing changes without any. *RET_N: how many it
 * came to. -EINVAL: more models than validators or than VALIDATORS_MAX, or FLOW has none; *LIB
 * stays as it is.
 */
MUST_CHECK int several_validators(struct library **lib, const struct flow **flow, unsigned n,
    const struct strs *models, unsigned *ret_n, struct err *err);
/*
 * Whom FLOW asks at SIZE, before it is launched: "code-review: small 9 agents, 3 of them
 * validators, at least 3 model calls". Its conditions are not known yet. In A.
 */
const char *several_roster(struct arena *a, const struct flow *flow, enum flow_size size);

#endif
