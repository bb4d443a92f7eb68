#include "rig.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- flows --------------------------------------------------------------------------------- */

const char *rig_chain_flow(struct arena *a)
{
	struct buf b;
	char pad[181];

	memset(pad, 'x', 180);
	pad[180] = '\0';
	buf_init(&b, KIB(64));
	buf_adds(&b, "flow: chain\ncategory: analysis\nsummary: Ten steps in a row.\nsteps:\n");
	for (int i = 0; i < RIG_CHAIN; i++) {
		buf_printf(&b, "  - id: s%d\n    kind: code\n", i);
		if (i)
			buf_printf(&b, "    needs: [s%d]\n", i - 1);
		buf_printf(&b, "    run: 'return {n = %d, pad = \"%s\"}'\n", i, pad);
	}
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out.p;
}

const char rig_fan_flow[] =
    "flow: fan\ncategory: analysis\nsummary: One, a hundred, one.\nsteps:\n"
    "  - id: one\n    kind: code\n    run: 'local t = {} for i = 1, 100 do t[i] = i end return t'\n"
    "  - id: many\n    kind: each\n    needs: [one]\n    over: steps.one.json\n"
    "    step: {id: part, kind: code, run: 'return item * item'}\n"
    "  - id: last\n    kind: code\n    needs: [many]\n    run: 'return #steps.many.json'\n";

/* --- a store that looks at the clock ------------------------------------------------------ */

static struct store_ops timed;
static struct rig *watched;

/* Every step's end passes here, on the store thread, in the job that ends it. */
static int timed_append(struct store *s, const struct event_row *row)
{
	struct rig *r = watched;

	if (str_is(row->type, "step") && str_contains(row->data, STR("\"status\":\"completed\"")) &&
	    (size_t)row->run < r->n_ended_at) {
		uint64_t now = bench_now(), *last = &r->ended_at[row->run];

		r->steps++;
		if (r->evaluated)
			++*r->evaluated;
		if (r->steps == r->kill_at)
			kill(getpid(), SIGKILL);
		if (r->dispatch && *last)
			series_add(r->dispatch, (double)(now - *last) / 1e6);
		*last = now;
	}
	return store_sqlite.event_append(s, row);
}

/* --- hooks -------------------------------------------------------------------------------- */

static void on_effect(void *ctx, const struct engine_effect *fx)
{
	struct rig *r = ctx;

	if (fx->type != ENGINE_OVER)
		return;
	r->over++;
	r->completed += fx->status == RUN_COMPLETED;
	if (r->launched < r->want)
		rig_launch(r);
}

static void on_appended(void *ctx, int64_t run, int64_t seq)
{
	struct rig *r = ctx;

	(void)seq;
	if (r->appended)
		r->appended(r, run);
}

static void on_launched(void *ctx, int rc, const struct err *err, const struct engine_launched *run)
{
	(void)ctx;
	(void)run;
	if (rc)
		bench_die(err->what, rc);
}

/* --- life --------------------------------------------------------------------------------- */

void rig_open(struct rig *r, struct arena *a, const char *dir, const char *name, const char *text)
{
	struct engine_config config = {
		.loop = &r->loop, .node = "bench", .hooks = { r, on_effect, on_appended }
	};
	struct err err = { 0 };
	struct library *lib = library_create();

	*r = (struct rig){ .arena = a, .appended = r->appended };
	watched = r;
	timed = store_sqlite;
	timed.event_append = timed_append;
	if (library_add(lib, TEXT_FLOW, "bench.yaml", "bench", str_from(text)) < 0)
		bench_die("the flow", -22);
	library_check(lib);
	r->frozen = library_freeze(lib, str_from(name), &err);
	library_destroy(lib);
	if (!r->frozen)
		bench_die(err.what, err.code);
	r->n_ended_at = 1 << 20;
	r->ended_at = calloc(r->n_ended_at, sizeof(*r->ended_at));
	uv_loop_init(&r->loop);
	if (store_sqlite.open(arena_printf(a, "%s/tutti.db", dir), false, &config.store, &err) <
		0 ||
	    store_sqlite.migrate(config.store, &err) < 0)
		bench_die(err.what, err.code);
	config.store->ops = &timed;
	if (engine_create(&config, &r->engine, &err) < 0)
		bench_die(err.what, err.code);
}

void rig_close(struct rig *r)
{
	engine_destroy(r->engine);
	while (uv_run(&r->loop, UV_RUN_DEFAULT) != 0)
		continue;
	uv_loop_close(&r->loop);
	json_decref(r->frozen);
	free(r->ended_at);
}

void rig_launch(struct rig *r)
{
	json_t *input = json_pack("{s:s}", "question", "how fast?");
	const struct launch l = { .frozen = r->frozen,
		.flow = json_get_str(r->frozen, "flow"),
		.input = input,
		.size = SIZE_SMALL };

	r->launched++;
	engine_launch(r->engine, &l, on_launched, r);
	json_decref(input);
}

double rig_run(struct rig *r, unsigned want, unsigned parallel)
{
	uint64_t t0 = bench_now();

	r->launched = r->over = r->completed = r->steps = 0;
	r->want = want;
	r->parallel = parallel;
	while (r->launched < want && r->launched < parallel)
		rig_launch(r);
	while (r->over < want)
		uv_run(&r->loop, UV_RUN_ONCE);
	if (r->completed != want)
		bench_die("a run did not complete", 0);
	return (double)(bench_now() - t0) / 1e9;
}
