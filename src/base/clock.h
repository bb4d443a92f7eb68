/*
 * Time. Two clocks, both in milliseconds: wall time (since 1970) is written down and shown,
 * boot time decides. Rooms below the store never call these; they get `now` as an argument.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t msec_t;

msec_t clock_wall(void);
msec_t clock_boot(void);
/* Replaces both, for tests. NULL restores the machine's. */
void clock_set_source(msec_t (*source)(bool wall));
/* "2026-11-23T14:03:11.042Z" into BUF of at least 25 bytes; returns BUF. */
char *clock_iso(msec_t wall, char *buf, size_t size);
/* "1:52", "12:03:04" or "0.4 s" for people. BUF of at least 16 bytes. */
char *clock_span(msec_t span, char *buf, size_t size);

#endif
