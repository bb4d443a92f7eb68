/* Collecting the errors of a definition file. */
#ifndef FLOW_ERRORS_H
#define FLOW_ERRORS_H

#include "flow/flow.h"

#include <stdarg.h>

/* Adds one in its place; beyond FLOW_ERRORS_MAX only `more` is set. */
void flow_error_add(struct flow_errors *errors, struct place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The message of ERR without the file and line in front. Borrowed from ERR. */
struct str flow_error_text(const struct err *err);
/* As the fix of ERR the command that tells all errors of FILE, whatever that is called. */
void flow_error_fix(struct err *err, const char *file);
/* The one of WORDS (NULL-terminated) that WORD was probably meant to be, or NULL. */
const char *nearest_word(struct str word, const char *const *words);

#endif
