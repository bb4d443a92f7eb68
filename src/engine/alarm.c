#include "engine/alarm.h"

#include "base/arena.h"
#include "base/imap.h"

#include <stdlib.h>
#include <uv.h>

#define LATE_MS 500
#define LISTEN_MS 1000

struct alarms {
	uv_loop_t *loop;
	void (*fn)(void *ctx, int64_t run);
	void *ctx;
	struct imap timers; /* run -> struct run_timer */
};

struct run_timer {
	uv_timer_t timer;
	struct alarms *of;
	int64_t run;
	msec_t at;
	uint64_t due; /* by the loop's clock */
};

struct alarms *alarms_create(void *loop, void (*fn)(void *ctx, int64_t run), void *ctx)
{
	struct alarms *al = xalloc(sizeof(*al));

	*al = (struct alarms){ .loop = loop, .fn = fn, .ctx = ctx };
	return al;
}

/*
 * Who comes much too late was stopped, and others were not: what they said meanwhile is read before
 * somebody is told that they said nothing.
 */
static void on_timer(uv_timer_t *timer)
{
	struct run_timer *t = timer->data;
	uint64_t due = t->due;

	t->due = 0;
	if (due && uv_now(timer->loop) > due + LATE_MS) {
		uv_timer_start(timer, on_timer, LISTEN_MS, 0);
		return;
	}
	t->at = 0;
	t->of->fn(t->of->ctx, t->run);
}

static void timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void drop_timer(struct alarms *al, int64_t run)
{
	struct run_timer *t = imap_remove(&al->timers, run);

	if (t)
		uv_close((uv_handle_t *)&t->timer, timer_closed);
}

static struct run_timer *timer_of(struct alarms *al, int64_t run)
{
	struct run_timer *t = imap_get(&al->timers, run);

	if (t)
		return t;
	t = xalloc(sizeof(*t));
	t->of = al;
	t->run = run;
	uv_timer_init(al->loop, &t->timer);
	t->timer.data = t;
	imap_put(&al->timers, run, t);
	return t;
}

void alarms_set(struct alarms *al, int64_t run, msec_t at, msec_t now)
{
	if (!at) {
		drop_timer(al, run);
		return;
	}
	struct run_timer *t = timer_of(al, run);

	if (t->at == at)
		return;
	uint64_t ms = at > now ? (uint64_t)(at - now) : 0;

	t->at = at;
	uv_update_time(al->loop);
	t->due = uv_now(al->loop) + ms;
	uv_timer_start(&t->timer, on_timer, ms, 0);
}

void alarms_destroy(struct alarms *al)
{
	imap_each (&al->timers, it)
		uv_close((uv_handle_t *)&((struct run_timer *)it->value)->timer, timer_closed);
	imap_fini(&al->timers);
	free(al);
}
