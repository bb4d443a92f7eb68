#include "cli/follow.h"

#include "base/limits.h"

#include <stdio.h>

#define TICK_MS 100
#define READ_MAX 500 /* events a turn */

/* --- events on their way to the display ----------------------------------------------------------
 */

struct shown {
	int64_t seq;
	msec_t at;
	struct str type, data;
};

struct reading {
	struct follow *f;
	struct arena *arena;
	struct shown *v;
	size_t n;
};

static int keep_event(void *ctx, const struct event_row *row)
{
	struct reading *r = ctx;

	r->v[r->n++] = (struct shown){ row->seq, row->at, arena_dup(r->arena, row->type),
		arena_dup(r->arena, row->data) };
	return 0;
}

static int read_events(struct store *s, void *ctx)
{
	struct reading *r = ctx;

	r->n = 0;
	return s->ops->event_read(s, r->f->run, r->f->seen, READ_MAX, keep_event, r);
}

static void read_more(struct follow *f);

static void on_read(void *ctx, int rc)
{
	struct reading *r = ctx;
	struct follow *f = r->f;

	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		show_event(&f->show, r->v[i].seq, r->v[i].at, r->v[i].type, r->v[i].data);
		f->seen = r->v[i].seq;
	}
	bool more = rc == 0 && r->n > 0 && f->seen < f->told;

	arena_destroy(r->arena);
	f->reading = false;
	if (more)
		read_more(f);
}

static void read_more(struct follow *f)
{
	struct arena *a;
	struct reading *r;

	if (f->reading || !f->run)
		return;
	a = arena_create("events", ARENA_JOB);
	r = arena_new(a, struct reading);
	*r = (struct reading){ f, a, arena_array(a, READ_MAX, sizeof(struct shown)), 0 };
	f->reading = true;
	engine_read(f->house.engine, read_events, on_read, r);
}

static void on_appended(void *ctx, int64_t run, int64_t seq)
{
	struct follow *f = ctx;

	if (run != f->run)
		return;
	f->told = seq > f->told ? seq : f->told;
	read_more(f);
}

/* --- effects
 * --------------------------------------------------------------------------------------- */

static void note_over(struct follow *f)
{
	if (!f->run || f->last_over != f->run)
		return;
	f->over = true;
	f->status = f->last_status;
}

static void on_effect(void *ctx, const struct engine_effect *fx)
{
	struct follow *f = ctx;

	if (fx->type == ENGINE_ASK) {
		if (!ask_person(&f->ask, fx))
			show_say(&f->show, "%s", ASK_NOBODY);
	} else if (fx->type == ENGINE_OVER) {
		f->last_over = fx->run;
		f->last_status = fx->status;
		note_over(f);
	}
}

/* --- signals
 * ----------------------------------------------------------------------------------------- */

static void on_cancelled(void *ctx, int rc, const struct err *err)
{
	struct follow *f = ctx;

	if (rc)
		show_say(&f->show, "%s", err->what);
}

static void on_interrupt(uv_signal_t *sig, int number)
{
	struct follow *f = sig->data;
	size_t busy;

	(void)number;
	f->interrupts++;
	if (f->interrupts == 1 && f->run && !f->over && !f->hasty) {
		busy = worker_busy(f->house.worker);
		show_say(&f->show, "Press Ctrl-C again to cancel (%zu agent%s running)", busy,
		    busy == 1 ? "" : "s");
	} else if (f->run && !f->over && !f->cancelling) {
		f->cancelling = true;
		show_say(&f->show, "cancelling; waiting until every process is gone");
		engine_cancel(f->house.engine, str_from(f->run_id), (struct str){ "", 0 },
		    STR("cancelled by Ctrl-C"), on_cancelled, f);
	} else if (!f->run || f->interrupts > 2) {
		f->terminated = true;
	}
}

/* The run stays as it is and can be resumed. So after a third Ctrl-C, too. */
static void on_terminate(uv_signal_t *sig, int number)
{
	struct follow *f = sig->data;

	(void)number;
	f->terminated = true;
}

static void on_winch(uv_signal_t *sig, int number)
{
	struct follow *f = sig->data;

	(void)number;
	term_measure(&f->show.term);
}

static void on_tick(uv_timer_t *timer)
{
	struct follow *f = timer->data;

	ask_tick(&f->ask);
	show_tick(&f->show, clock_wall());
}

static void watch_signals(struct follow *f)
{
	uv_signal_init(&f->house.loop, &f->sigint);
	uv_signal_init(&f->house.loop, &f->sigterm);
	uv_signal_init(&f->house.loop, &f->sigwinch);
	uv_timer_init(&f->house.loop, &f->ticker);
	f->sigint.data = f->sigterm.data = f->sigwinch.data = f->ticker.data = f;
	uv_signal_start(&f->sigint, on_interrupt, SIGINT);
	uv_signal_start(&f->sigterm, on_terminate, SIGTERM);
	uv_signal_start(&f->sigwinch, on_winch, SIGWINCH);
	uv_timer_start(&f->ticker, on_tick, TICK_MS, TICK_MS);
}

/* --- opening
 * -------------------------------------------------------------------------------------------- */

int follow_open(struct follow *f, struct arena *a, const struct follow_spec *spec, struct err *err)
{
	struct house_spec house = spec->house;

	*f = (struct follow){ .hasty = spec->hasty };
	house.watcher = (struct engine_hooks){ f, on_effect, on_appended };
	int code = house_open(&f->house, a, &house, err);

	if (code)
		return code;
	watch_signals(f);
	show_init(&f->show, spec->format, house.globals->color, "Ctrl-C twice to cancel");
	ask_init(&f->ask, &f->house.loop, f->house.engine, &f->show);
	return 0;
}

void follow_close(struct follow *f)
{
	house_stop(&f->house);
	ask_fini(&f->ask);
	show_fini(&f->show);
	uv_close((uv_handle_t *)&f->sigint, NULL);
	uv_close((uv_handle_t *)&f->sigterm, NULL);
	uv_close((uv_handle_t *)&f->sigwinch, NULL);
	uv_close((uv_handle_t *)&f->ticker, NULL);
	house_close(&f->house);
}

/* --- waiting
 * ---------------------------------------------------------------------------------------------- */

void follow_wait(struct follow *f, const bool *flag)
{
	while (!*flag && !f->terminated)
		uv_run(&f->house.loop, UV_RUN_ONCE);
}

/* How long it may take is read beside everything else; the display gets it when it is there. */
struct estimating {
	struct follow *f;
	struct estimate found;
};

static int read_estimate(struct store *s, void *ctx)
{
	struct estimating *e = ctx;
	struct arena *a = arena_create("estimate", ARENA_JOB);
	int rc = estimate_read(s, a, e->f->run, &e->found);

	arena_destroy(a);
	return rc;
}

static void on_estimate(void *ctx, int rc)
{
	struct estimating *e = ctx;

	if (rc == 0)
		e->f->show.estimate = e->found;
}

void follow_run(struct follow *f, int64_t key)
{
	struct estimating *e = arena_new(f->house.arena, struct estimating);

	f->run = key;
	e->f = f;
	engine_read(f->house.engine, read_estimate, on_estimate, e);
	read_more(f);
	follow_wait(f, &f->over);
	while (f->over && (f->reading || f->seen < f->told))
		uv_run(&f->house.loop, UV_RUN_ONCE);
	ask_end(&f->ask);
	show_tick(&f->show, clock_wall());
	show_clear(&f->show);
}

void follow_forget(struct follow *f)
{
	show_forget(&f->show);
	f->run = f->seen = f->told = f->last_over = 0;
	f->over = false;
	f->run_id[0] = '\0';
}

/* --- launching
 * ------------------------------------------------------------------------------------------ */

struct launched {
	struct follow *f;
	bool done;
	int rc;
	struct err err;
};

/* Its end may be told in the same turn of the loop: before this, when it had nothing to do at all,
 * or right behind. */
static void on_launched(void *ctx, int rc, const struct err *err, const struct engine_launched *run)
{
	struct launched *l = ctx;

	l->done = true;
	l->rc = rc;
	if (rc) {
		if (err)
			l->err = *err;
		return;
	}
	snprintf(l->f->run_id, sizeof(l->f->run_id), "%s", run->id);
	l->f->run = run->key;
	note_over(l->f);
}

int follow_launch(struct follow *f, const struct launch *launch, struct err *err)
{
	struct launched l = { .f = f };

	engine_launch(f->house.engine, launch, on_launched, &l);
	while (!l.done)
		uv_run(&f->house.loop, UV_RUN_ONCE);
	if (l.rc) {
		*err = l.err;
		return l.rc;
	}
	follow_run(f, f->run);
	return 0;
}
