#include "cli/tail.h"

#include "base/limits.h"
#include "cli/keys.h"

#define TAIL_MS 100 /* between two looks at the log */
#define TAIL_ROWS 1000

static int on_event(void *ctx, const struct event_row *row)
{
	struct tail *t = ctx;

	t->seen = row->seq;
	if (!t->show)
		return t->fn(t->ctx, row);
	show_event(t->show, row->seq, row->at, row->type, row->data);
	return 0;
}

/* What is new, and whether there can be more. */
static int step(struct tail *t)
{
	struct arena *a = arena_create("tail", ARENA_JOB);
	struct run_row row;
	int rc = t->s->ops->run_load(t->s, a, t->run, &row);

	t->over = rc < 0 || !str_is(row.status, "running");
	if (!rc)
		rc = t->s->ops->event_read(t->s, t->run, t->seen, TAIL_ROWS, on_event, t);
	arena_destroy(a);
	return rc;
}

/* Waits a little; false when the person has had enough. */
static bool pause_a_little(struct tail *t, struct keys *keys)
{
	char key = keys_wait(keys, TAIL_MS);

	if (key == 'q')
		return false;
	if (key && t->show)
		show_key(t->show, key);
	return true;
}

static int look_on(struct tail *t, struct keys *keys, bool follow)
{
	for (;;) {
		int64_t before = t->seen;
		int rc = step(t);

		if (rc)
			return rc;
		if (t->show)
			show_tick(t->show, clock_wall());
		if (t->seen != before)
			continue;
		if (!follow || t->over)
			return TAIL_OVER;
		if (!pause_a_little(t, keys))
			return TAIL_LEFT;
		if (t->lost && t->lost(t->ctx))
			return TAIL_LOST;
	}
}

int tail_run(struct tail *t, bool follow)
{
	struct keys keys;

	keys_open(&keys);
	int rc = look_on(t, &keys, follow);

	keys_close(&keys);
	return rc;
}
