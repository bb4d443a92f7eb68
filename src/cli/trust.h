/* Which files of a person may tell us what to run. */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "base/err.h"

/* 0 when nobody but their owner may write to FILE, and that is us or root. WHAT: "the …". */
MUST_CHECK int trust_file(const char *what, const char *file, struct err *err);

#endif
