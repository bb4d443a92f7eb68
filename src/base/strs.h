/* Lists of texts. */
#ifndef BASE_STRS_H
#define BASE_STRS_H

#include "base/arena.h"
#include "base/str.h"

struct strs {
	struct str *v;
	size_t n;
};

/* Appends S. LIST is empty at first, or was grown by this alone; it is in A. */
void strs_add(struct arena *a, struct strs *list, struct str s);

#endif
