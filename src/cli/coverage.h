/* What a run has read, for a terminal of 80 columns. */
#ifndef CLI_COVERAGE_H
#define CLI_COVERAGE_H

#include "base/buf.h"
#include "cli/term.h"

#include <jansson.h>

/* Adds DOC, the member `coverage` of a report as JSON, or that nothing is known. */
void coverage_add_view(struct buf *b, const struct term *t, const json_t *doc);

#endif
