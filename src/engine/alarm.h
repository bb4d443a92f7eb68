/* One timer a run, on the loop. A header of its own, so that whoever has no loop can be one. */
#ifndef ENGINE_ALARM_H
#define ENGINE_ALARM_H

#include "base/clock.h"

struct alarms;

/*
 * FN is called on the loop, each time that the time set for a run has come; later when the loop
 * stood still before, by as much but a minute at most: first it hears what happened meanwhile, and
 * who stood still along with it has his say. LOOP is a uv_loop_t.
 */
struct alarms *alarms_create(void *loop, void (*fn)(void *ctx, int64_t run), void *ctx);
/* Replaces what was set for RUN: it rings in AT - NOW milliseconds. AT 0: not at all. */
void alarms_set(struct alarms *al, int64_t run, msec_t at, msec_t now);
/* Forgets all of them. */
void alarms_destroy(struct alarms *al);

#endif
