/*
 * Several validators instead of one, and which models they use. It is done before a run is
 * launched, so that the frozen definition names each of them like any other step.
 */
#ifndef FLOW_MULTIPLY_H
#define FLOW_MULTIPLY_H

#include "flow/flow.h"

/*
 * F in plain form, with N validators (1…VALIDATORS_MAX) where it has one. The K-th gets the K-th of
 * MODELS, in turn; with none it keeps its own. In A.
 */
struct str flow_multiply(
    struct arena *a, const struct flow *f, unsigned n, const struct strs *models);
/* How many agents of F validate at SIZE. */
unsigned flow_validators(const struct flow *f, enum flow_size size);

#endif
