#include "base/strs.h"

void strs_add(struct arena *a, struct strs *list, struct str s)
{
	if (!(list->n & (list->n - 1))) {
		struct str *more = arena_array(a, list->n ? 2 * list->n : 1, sizeof(*more));

		if (list->n)
			memcpy(more, list->v, list->n * sizeof(*more));
		list->v = more;
	}
	list->v[list->n++] = s;
}
