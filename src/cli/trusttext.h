/*
 * What a flow of a repository is, for whoever is asked to accept it: each file with its SHA-256,
 * what takes the place of something else, every command in full, and whom the agents are.
 */
#ifndef CLI_TRUSTTEXT_H
#define CLI_TRUSTTEXT_H

#include "cli/cli.h"

/* "trusted", "new", "changed" or "broken". */
const char *trusttext_state(const struct own_flow *f);
/* New reference. ACCEPTED: whether it is trusted now. */
json_t *trusttext_json(struct definitions *d, const struct own_flow *f, bool accepted);
/* The same, from the same JSON, to read. */
void trusttext_add(struct buf *b, const struct term *t, const json_t *doc);

#endif
