/* The runs that this process carries on: it launched them, took them over, or began them again. */
#include "engine/live.h"

#include <stdlib.h>

void run_keys_push(struct run_keys *keys, int64_t run)
{
	if (keys->n == keys->cap) {
		keys->cap = keys->cap ? keys->cap * 2 : 16;
		keys->v = xrealloc(keys->v, keys->cap * sizeof(*keys->v));
	}
	keys->v[keys->n++] = run;
}

void held_add(struct engine *e, int64_t run)
{
	if (!held_has(e, run))
		run_keys_push(&e->holding, run);
}

bool held_has(const struct engine *e, int64_t run)
{
	for (size_t i = 0; i < e->holding.n; i++)
		if (e->holding.v[i] == run)
			return true;
	return imap_get(&e->held, run) != NULL;
}

void held_end(struct engine *e, int64_t run)
{
	run_keys_push(&e->ending, run);
}

void held_committed(struct engine *e)
{
	for (size_t i = 0; i < e->holding.n; i++)
		imap_put(&e->held, e->holding.v[i], e);
	for (size_t i = 0; i < e->ending.n; i++) {
		const struct live *lv = imap_get(&e->lives, e->ending.v[i]);

		if (!lv || core_status(lv->core) != RUN_RUNNING) /* not begun again at once */
			imap_remove(&e->held, e->ending.v[i]);
	}
	e->holding.n = e->ending.n = 0;
}

void held_rolled_back(struct engine *e)
{
	e->holding.n = e->ending.n = 0;
}

void held_fini(struct engine *e)
{
	imap_fini(&e->held);
	free(e->holding.v);
	free(e->ending.v);
	free(e->reloaded.v);
}
