/*
 * Errors. Functions return 0 or a negative errno. Where a person will read the cause, the last
 * parameter is a struct err, filled at the place that knows most and in four parts: what failed,
 * why, how to fix it, and where to read more.
 *
 * -ESTALE lost a race, -EPROTO the other side broke the protocol, -E2BIG a ceiling of limits.h,
 * -EAGAIN try again.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>
#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))

struct err {
	int code; /* negative errno, 0 when nothing was set */
	char what[256];
	char why[1024];
	char fix[512]; /* one command or sentence a line */
	char more[64]; /* a topic of `tutti help` */
};

/* Sets code and what; clears the other parts. Returns CODE. ERR may be NULL. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* RC, negative, says something of the machine just now, and nothing of what was asked for. */
bool err_is_machines(int rc);
/* As if nothing had been set. */
void err_clear(struct err *err);
/* Fill the other parts; they return err->code (or 0), so `return err_why(…)` reads well. */
int err_why(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_fix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_more(struct err *err, const char *topic);
/* The words for a negative errno. Thread-safe. */
const char *err_name(int code);

#endif
