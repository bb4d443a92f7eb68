#include "engine/alarm.h"

#include "base/arena.h"
#include "base/imap.h"

#include <stdlib.h>
#include <uv.h>

/*
 * How long the loop stood still is known to a quarter of the time that is left, from TICK_MIN_MS to
 * TICK_MAX_MS, and LATE_MS are a busy machine's. Then nothing rings for as long again, so that
 * others have the time that they lacked, but for a minute at most.
 */
#define TICK_MIN_MS 250
#define TICK_MAX_MS 5000
#define LATE_MS 250
#define HOLD_MIN_MS 1000
#define HOLD_MAX_MS 60000
/* Who is later than this hears first what was said meanwhile. */
#define PROMPT_MS 20
#define LISTEN_MS 50

struct alarms {
	uv_loop_t *loop;
	void (*fn)(void *ctx, int64_t run);
	void *ctx;
	struct imap timers; /* run -> struct run_timer */
	uv_timer_t *tick;   /* while there are timers */
	uint64_t tick_ms;
	uint64_t seen, hold; /* by the loop's clock: it went on then; until then nothing rings */
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

	*al = (struct alarms){
		.loop = loop, .fn = fn, .ctx = ctx, .tick = xalloc(sizeof(uv_timer_t))
	};
	uv_timer_init(al->loop, al->tick);
	al->tick->data = al;
	uv_unref((uv_handle_t *)al->tick);
	return al;
}

/* --- has the loop stood still? ------------------------------------------------------------- */

static uint64_t clamp(uint64_t n, uint64_t least, uint64_t most)
{
	return n < least ? least : n > most ? most : n;
}

static void look(struct alarms *al)
{
	uint64_t now = uv_now(al->loop), gap = now - al->seen;

	al->seen = now;
	if (uv_is_active((uv_handle_t *)al->tick) && gap > al->tick_ms + LATE_MS)
		al->hold = now + clamp(gap, HOLD_MIN_MS, HOLD_MAX_MS);
}

static void on_tick(uv_timer_t *timer);

/* What is to ring in MS is looked at in time. */
static void watch(struct alarms *al, uint64_t ms)
{
	uint64_t tick = clamp(ms / 4, TICK_MIN_MS, TICK_MAX_MS);

	if (uv_is_active((uv_handle_t *)al->tick) && al->tick_ms <= tick)
		return;
	al->tick_ms = tick;
	al->seen = uv_now(al->loop);
	uv_timer_start(al->tick, on_tick, tick, tick);
}

static void on_tick(uv_timer_t *timer)
{
	struct alarms *al = timer->data;
	uint64_t now = uv_now(al->loop);

	look(al);
	uv_timer_stop(timer);
	imap_each (&al->timers, it) {
		const struct run_timer *t = it->value;

		if (t->at)
			watch(al, t->due > now ? t->due - now : 0);
	}
}

/* --- their timers -------------------------------------------------------------------------- */

/*
 * Who stood still was the only one, or was not: what others said meanwhile is read, and who stood
 * still along with it speaks, before somebody is told that they said nothing.
 */
static void on_timer(uv_timer_t *timer)
{
	struct run_timer *t = timer->data;
	struct alarms *al = t->of;
	uint64_t now = uv_now(timer->loop), due = t->due;

	look(al);
	if (now < al->hold) {
		uv_timer_start(timer, on_timer, al->hold - now, 0);
	} else if (due && now > due + PROMPT_MS) {
		t->due = 0;
		uv_timer_start(timer, on_timer, LISTEN_MS, 0);
	} else {
		t->at = 0;
		t->of->fn(t->of->ctx, t->run);
	}
}

static void timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void tick_closed(uv_handle_t *handle)
{
	free(handle);
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
	look(al);
	t->due = uv_now(al->loop) + ms;
	watch(al, ms);
	uv_timer_start(&t->timer, on_timer, ms, 0);
}

void alarms_destroy(struct alarms *al)
{
	imap_each (&al->timers, it)
		uv_close((uv_handle_t *)&((struct run_timer *)it->value)->timer, timer_closed);
	imap_fini(&al->timers);
	uv_close((uv_handle_t *)al->tick, tick_closed);
	free(al);
}
