/*
 * What has to be there before an agent runs: a fence, the program, a model. Exit codes, with ERR in
 * four parts; 0: it is.
 */
#ifndef CLI_READY_H
#define CLI_READY_H

#include "cli/house.h"

int ready_fence(struct house *h, struct err *err);
int ready_agent(struct house *h, const char *name, struct err *err);
/* Gives the gateway the rehearsal model, and a model server unless SPEC needs none. Blocks. */
int ready_model(struct house *h, const struct house_spec *spec, struct err *err);

#endif
