/*
 * What was cut off of a run's attempts and kept (worker/spill.h), for people: what the log tells of
 * it, and what is there. A file that no event tells of is of a process that was killed.
 */
#ifndef CLI_SPILLED_H
#define CLI_SPILLED_H

#include "base/arena.h"
#include "cli/term.h"
#include "store/store.h"

#include <jansson.h>

/*
 * Of run KEY, which is called RUN: a new array of {"position", "attempt", "stream", "file", "kept",
 * "lost", "why", "ended", "path", "look"}. LOST, WHY and ENDED are null where nobody told; PATH
 * and LOOK, a command of a shell that shows the bytes with nothing in them that a terminal obeys,
 * where the file is not there (any more).
 */
json_t *spilled_read(
    struct store *s, struct arena *a, const char *data, const char *run, int64_t key);
/* Those of the step at POSITION, new, without "position". */
json_t *spilled_of(const json_t *all, int64_t position);
/* The same (of spilled_of) in lines. */
void spilled_add(struct buf *b, const struct term *t, struct arena *a, const json_t *some);

#endif
