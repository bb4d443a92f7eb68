/*
 * Traces: events in, decisions with their reasons out, compared literally.
 *
 * A file of tests/core is a flow, a line `----`, and then a dialogue. Lines that begin with `>` are
 * events; what stands between them is what the decider must say. TRACE_UPDATE=1 writes what it says
 * into the file, for reading.
 *
 *	> launch SIZE            > claim STEP            > active STEP
 *	> ended STEP ENDING TEXT > lost STEP             > answer STEP CHOICE
 *	> wake +MS               > cancel WHY            > resume
 *	> retry [STEP]           > restart               > stale STEP (an answer of an older try)
 *	> reload [-MS] (its attempts live on; the clock was put back meanwhile)
 */
#include "check.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "core/core.h"
#include "flow/expr.h"
#include "flow/output.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct world {
	struct arena *arena;
	struct flow *flow;
	struct core *core;
	struct core_ask ask;
	struct expr_vm *vm;
	struct map outputs; /* by step name */
	uint32_t from;	    /* step whose expression is evaluated */
	msec_t now;
	enum flow_size size;
	struct buf out;
};

/* --- values ----------------------------------------------------------------------------- */

static json_t *scope_name(void *ctx, struct str name)
{
	struct world *w = ctx;

	for (uint32_t at = w->from; at != CORE_NONE; at = core_node(w->core, at)->parent)
		if (core_node(w->core, at)->item && str_is(name, "item"))
			return json_incref(core_node(w->core, at)->item);
	if (str_is(name, "size"))
		return json_string(flow_size_name(core_size(w->core)));
	return str_is(name, "question") ? json_string("why?") : NULL;
}

static json_t *scope_step(void *ctx, struct str id, struct str field)
{
	struct world *w = ctx;
	uint32_t i = core_find(w->core, id, w->from);

	if (i == CORE_NONE)
		return NULL;
	const struct core_node *n = core_node(w->core, i);
	const char *text = map_get(&w->outputs, n->name);

	if (str_is(field, "status"))
		return json_string(step_status_name(n->status));
	if (n->status != STEP_COMPLETED || !text)
		return NULL;
	return str_is(field, "json") ? output_extract(str_from(text)) : json_string(text);
}

static struct scope scope_of(struct world *w, uint32_t from)
{
	w->from = from;
	return (struct scope){ w, scope_name, scope_step };
}

static int ask_test(void *ctx, uint32_t step, const struct source *cond, bool *ret, struct err *err)
{
	struct world *w = ctx;
	struct scope scope = scope_of(w, step);

	return expr_test(w->vm, cond, &scope, ret, err);
}

static int ask_list(
    void *ctx, uint32_t step, const struct source *over, json_t **ret, struct err *err)
{
	struct world *w = ctx;
	struct scope scope = scope_of(w, step);
	int rc = expr_eval(w->vm, over, &scope, ret, err);

	if (rc == 0 && !json_is_array(*ret)) {
		json_decref(*ret);
		return err_set(err, -EINVAL, "`over` must give a list");
	}
	return rc;
}

static void ask_compose(void *ctx, uint32_t step)
{
	struct world *w = ctx;

	map_put(&w->outputs, core_node(w->core, step)->name, arena_cstr(w->arena, STR("composed")));
}

/* --- events ----------------------------------------------------------------------------- */

static struct core *new_core(struct world *w)
{
	const struct core_config config = {
		.flow = w->flow, .size = w->size, .seed = STR("r-test"), .ask = &w->ask
	};

	return core_create(&config);
}

/* What a process that dies and comes back does. */
static void restart(struct world *w)
{
	struct core *old = w->core;
	struct err err;

	w->size = core_size(old);
	w->core = new_core(w);
	for (uint32_t i = 0; i < core_count(old); i++)
		if (!core_node(old, i)->retired)
			assert_int_equal(core_restore(w->core, i, core_node(old, i), &err), 0);
	core_restored(w->core, core_status(old), core_end_as(old), core_reason(old));
	core_destroy(old);
}

static void apply(struct world *w, const struct core_event *ev)
{
	struct core_update up;
	int rc = core_step(w->core, ev, &up);

	if (rc == -ESTALE)
		buf_adds(&w->out, "  stale\n");
	else if (rc)
		buf_adds(&w->out, "  refused\n");
	buf_add(&w->out, core_trace(w->arena, w->core, &up));
}

static void lose_all(struct world *w)
{
	struct core_event ev = { .type = CORE_LOST, .now = w->now };

	for (uint32_t i = 0; i < core_count(w->core); i++) {
		const struct core_node *n = core_node(w->core, i);

		if (n->retired || n->status != STEP_RUNNING ||
		    (n->kind != KIND_AGENT && n->kind != KIND_COMMAND && n->kind != KIND_SNAPSHOT))
			continue;
		ev.step = i;
		ev.epoch = n->epoch;
		apply(w, &ev);
	}
	ev.type = CORE_WAKE;
	apply(w, &ev);
}

static void set_step(struct world *w, struct core_event *ev, struct str name)
{
	ev->step = core_find(w->core, name, CORE_NONE);
	if (ev->step == CORE_NONE)
		return;
	ev->epoch = core_node(w->core, ev->step)->epoch;
	ev->epoch += core_awaits(w->core, ev->step, ev->epoch + 1);
}

static void play(struct world *w, struct str line)
{
	struct core_event ev = { 0 };
	struct str rest = str_trim(line);
	struct str verb = str_split(&rest, ' ');
	struct str first = rest.p ? str_split(&rest, ' ') : (struct str){ "", 0 };

	rest = rest.p ? rest : (struct str){ "", 0 };
	if (str_is(verb, "wake") || str_is(verb, "reload"))
		w->now += strtoll(arena_cstr(w->arena, first), NULL, 10);
	ev.now = w->now;
	if (str_is(verb, "launch")) {
		w->size = (enum flow_size)flow_size_parse(first);
		w->core = new_core(w);
	} else if (str_is(verb, "restart")) {
		restart(w);
		lose_all(w);
		return;
	} else if (str_is(verb, "reload")) {
		restart(w);
		ev.type = CORE_WAKE;
	} else if (str_is(verb, "cancel")) {
		ev.type = CORE_CANCEL;
		ev.reason = first;
	} else if (str_is(verb, "claim")) {
		ev.type = CORE_CLAIMED;
		set_step(w, &ev, first);
	} else if (str_is(verb, "active")) {
		ev.type = CORE_ACTIVE;
		set_step(w, &ev, first);
	} else if (str_is(verb, "lost")) {
		ev.type = CORE_LOST;
		set_step(w, &ev, first);
		ev.reason = rest;
	} else if (str_is(verb, "ended") || str_is(verb, "stale")) {
		struct str ending = str_split(&rest, ' ');

		ev.type = CORE_ENDED;
		set_step(w, &ev, first);
		ev.epoch -= str_is(verb, "stale");
		ev.ending = (enum ending)ending_parse(ending);
		ev.usable = rest.n > 0;
		ev.size = SIZE_MEDIUM;
		if (rest.n)
			map_put(&w->outputs, first, arena_cstr(w->arena, rest));
		if (ev.ending != ENDING_ANSWERED)
			ev.reason = rest;
	} else if (str_is(verb, "answer")) {
		ev.type = CORE_ANSWER;
		set_step(w, &ev, first);
		ev.reason = rest;
	} else if (str_is(verb, "wake")) {
		ev.type = CORE_WAKE;
	} else if (str_is(verb, "resume")) {
		ev.type = CORE_RESUME;
	} else if (str_is(verb, "retry")) {
		ev.type = CORE_RETRY;
		ev.step = CORE_NONE;
		if (first.n)
			set_step(w, &ev, first);
	} else {
		fail_msg("unknown event: %.*s", STR_ARG(line));
	}
	apply(w, &ev);
}

/* --- files ------------------------------------------------------------------------------ */

static struct str run_trace(struct arena *a, const char *file, struct str text)
{
	struct world *w = xalloc(sizeof(*w));
	ptrdiff_t cut = str_find(text, STR("\n----\n"));
	struct flow_errors errors;

	assert_true(cut > 0);
	w->arena = a;
	w->now = 1000000;
	w->vm = expr_create();
	w->ask = (struct core_ask){ w, ask_test, ask_list, ask_compose };
	map_init(&w->outputs, a);
	buf_init(&w->out, MIB(1));
	/* under its base name: messages that name the file are part of what is compared */
	if (flow_parse(
		a, strrchr(file, '/') + 1, str_take(text, (size_t)cut + 1), &w->flow, &errors) < 0)
		fail_msg("%s:%u: %s", file, errors.v[0].at.line, errors.v[0].message);
	buf_add(&w->out, str_take(text, (size_t)cut + 6));
	struct str rest = str_skip(text, (size_t)cut + 6);

	while (rest.p) {
		struct str line = str_line(&rest);

		if (str_starts(line, STR("#")))
			buf_printf(&w->out, "%.*s\n", STR_ARG(line));
		if (!str_starts(line, STR(">")))
			continue;
		buf_printf(&w->out, "%.*s\n", STR_ARG(line));
		play(w, str_skip(line, 1));
	}
	struct str got = arena_dup(a, buf_str(&w->out));

	core_destroy(w->core);
	flow_release(w->flow);
	expr_destroy(w->vm);
	buf_fini(&w->out);
	free(w);
	return got;
}

static struct str slurp(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = arena_alloc(a, KIB(256));

	assert_non_null(f);
	size_t n = fread(text, 1, KIB(256), f);

	fclose(f);
	return (struct str){ text, n };
}

static void trace(void **state)
{
	const char *path = *state;
	struct arena *a = arena_create("trace", MIB(64));
	struct str want = slurp(a, path), got = run_trace(a, path, want);

	if (getenv("TRACE_UPDATE")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		fwrite(got.p, 1, got.n, f);
		fclose(f);
	} else if (!str_eq(got, want)) {
		print_message("%s says:\n%.*s", path, STR_ARG(got));
		fail();
	}
	arena_destroy(a);
}

static int is_trace(const struct dirent *e)
{
	return str_ends(str_from(e->d_name), STR(".trace"));
}

int main(void)
{
	struct dirent **names;
	struct CMUnitTest tests[64];
	char dir[256];

	snprintf(dir, sizeof(dir), "%s/tests/core", getenv("TUTTI_SOURCE"));
	int n = scandir(dir, &names, is_trace, alphasort);

	if (n <= 0 || n > 64)
		return 1;
	for (int i = 0; i < n; i++) {
		char *path = xalloc(512);

		snprintf(path, 512, "%s/%s", dir, names[i]->d_name);
		tests[i] = (struct CMUnitTest){ names[i]->d_name, trace, NULL, NULL, path };
		*strrchr(names[i]->d_name, '.') = '\0';
	}
	int failed = _cmocka_run_group_tests("traces", tests, (size_t)n, NULL, NULL);

	for (int i = 0; i < n; i++) {
		free(tests[i].initial_state);
		free(names[i]);
	}
	free(names);
	return failed;
}
