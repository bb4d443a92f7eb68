/* One event of a run's log as a line, or a few, for people. */
#ifndef CLI_LOGLINE_H
#define CLI_LOGLINE_H

#include "base/clock.h"
#include "cli/term.h"

#include <jansson.h>

/* DATA is the event's own, parsed; TEXT the same as it is stored. Ends with a newline. */
void logline_add(struct buf *b, const struct term *t, int64_t seq, msec_t at, struct str type,
    const json_t *data, struct str text);
/* The same as one line of JSON: {"seq", "at", "type", "data"}. */
void logline_add_json(struct buf *b, int64_t seq, msec_t at, struct str type, struct str text);

#endif
