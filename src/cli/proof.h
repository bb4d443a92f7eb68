/* A run's proof for people: what an exported file says, record by record. */
#ifndef CLI_PROOF_H
#define CLI_PROOF_H

#include "base/arena.h"
#include "cli/term.h"

/* FILE as attest/attest.h writes it; what is no record is passed over. */
void proof_add(struct buf *b, const struct term *t, struct arena *a, struct str file);

#endif
