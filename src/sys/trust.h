/* Which files of a person may tell us what to run. */
#ifndef SYS_TRUST_H
#define SYS_TRUST_H

#include "base/arena.h"
#include "base/err.h"

/* 0 when nobody but their owner may write to FILE, and that is us or root. WHAT: "the …". */
MUST_CHECK int trust_file(const char *what, const char *file, struct err *err);
/*
 * Reads such a FILE of at most MAX bytes into A. What is judged is what is read, whatever becomes
 * of the path meanwhile. -ENOENT, and no error set, when there is none.
 */
MUST_CHECK int trust_read(struct arena *a, const char *what, const char *file, size_t max,
    struct str *ret, struct err *err);

#endif
