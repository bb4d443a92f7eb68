/*
 * The engine on a real store and a real loop. The worker is scripted: a table says how each try of
 * a step ends. What a run came to is read out of the rows and compared as one text.
 */
#include "check.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "evidence/evidence.h"
#include "worker/recorder.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

/* How tries of a step end, in order; the last line of a step counts for all further tries. */
struct line {
	const char *step;
	enum ending ending;
	const char *text; /* output, or the reason */
};

struct world {
	uv_loop_t loop;
	struct engine *engine;
	struct arena *arena;
	char dir[64];
	const struct line *script;
	unsigned tries[32]; /* by line of the script: how often it was used */
	unsigned claims;
	const char *prompt, *provided; /* of the last agent */
	const char *hand_on;	       /* the run whose report goes along with the next */
	unsigned parsed; /* findings that were counted in each answer; 0: answers are not read */
	bool hold;	 /* offers are counted and left alone */
	unsigned held;
	int64_t held_task;
	const char *silent; /* attempts of this step never report; "": of any */
	struct claim *silenced;
	unsigned kills, asks;
	struct {
		int64_t run;
		enum run_status status;
	} over[16]; /* runs that have ended, maybe before their launch was answered */
	unsigned n_over;
	enum run_status status;
	int64_t run;
	char id[ID_RUN_SIZE];
	bool existed;
	int rc;
	char what[256]; /* of a launch that was refused */
	bool done;
};

static struct world *w;

/* --- the scripted worker ------------------------------------------------------------------ */

static const struct line *line_for(struct str step)
{
	const struct line *last = NULL;

	for (size_t i = 0; w->script && w->script[i].step; i++) {
		if (!str_is(step, w->script[i].step))
			continue;
		last = &w->script[i];
		if (!w->tries[i]++)
			return last;
	}
	return last;
}

static void on_reported(void *ctx, int rc)
{
	assert_int_equal(rc, 0);
	engine_claim_free(ctx);
}

static void end_claim(struct claim *cl)
{
	const struct line *l = line_for(cl->step);
	enum ending ending = l ? l->ending : ENDING_ANSWERED;
	struct attempt_result r = { .ending = ending, .usable = true };

	if (w->parsed && cl->kind == KIND_AGENT) {
		struct evidence *ev = evidence_parse(w->arena, cl->step, str_from(l->text));

		r.evidence = evidence_to_json(ev);
		r.facts = json_pack("{s:i}", "findings", (int)w->parsed);
	}
	if (ending == ENDING_ANSWERED || ending == ENDING_TRUNCATED)
		r.output = str_from(l ? l->text : "an answer");
	else
		r.reason = str_from(l->text);
	if (cl->kind == KIND_SNAPSHOT) {
		r.snapshot = STR("snap");
		r.repo_facts = json_pack("{s:s, s:i}", "name", "repo", "files", 3);
		r.signals = json_pack("{s:b, s:s}", "concurrency", 1, "size", "medium");
	}
	engine_report(w->engine, cl, &r, on_reported, cl);
}

static void on_started(void *ctx, int rc)
{
	struct claim *cl = ctx;

	if (rc) {
		engine_claim_free(cl);
		return;
	}
	if (w->silent && (!*w->silent || str_is(cl->step, w->silent)))
		w->silenced = cl;
	else
		end_claim(cl);
}

static void on_claimed(void *ctx, struct claim *cl)
{
	(void)ctx;
	if (!cl)
		return;
	w->claims++;
	if (cl->kind == KIND_AGENT) {
		w->prompt = arena_cstr(w->arena, cl->prompt);
		w->provided = arena_cstr(w->arena, cl->provided);
	}
	if (cl->refuse != ENDING_NONE) {
		struct attempt_result r = { .ending = cl->refuse, .reason = cl->refuse_why };

		engine_report(w->engine, cl, &r, on_reported, cl);
		return;
	}
	engine_started(w->engine, cl, STR("scripted"), STR("none"), NULL, on_started, cl);
}

static void on_effect(void *ctx, const struct engine_effect *fx)
{
	(void)ctx;
	if (fx->type == ENGINE_OFFER && w->hold) {
		w->held++;
		w->held_task = fx->task;
	} else if (fx->type == ENGINE_OFFER)
		engine_claim(w->engine, fx->task, on_claimed, NULL);
	else if (fx->type == ENGINE_KILL)
		w->kills++;
	else if (fx->type == ENGINE_ASK)
		w->asks++;
	else if (w->n_over < 16) {
		w->over[w->n_over].run = fx->run;
		w->over[w->n_over++].status = fx->status;
	}
}

/* --- the house ---------------------------------------------------------------------------- */

static void open_engine(void)
{
	struct engine_config config = {
		.loop = &w->loop, .node = "test", .hooks = { NULL, on_effect, NULL }
	};
	char url[96];
	struct err err;

	snprintf(url, sizeof(url), "%s/tutti.db", w->dir);
	assert_int_equal(store_sqlite.open(url, false, &config.store, &err), 0);
	assert_int_equal(store_sqlite.migrate(config.store, &err), 0);
	assert_int_equal(engine_create(&config, &w->engine, &err), 0);
}

static int setup(void **state)
{
	(void)state;
	w = xalloc(sizeof(*w));
	w->arena = arena_create("test", ARENA_JOB);
	uv_loop_init(&w->loop);
	snprintf(w->dir, sizeof(w->dir), "/tmp/tutti-engine-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	open_engine();
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	engine_destroy(w->engine);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", w->dir);
	arena_destroy(w->arena);
	free(w);
	return system(cmd); /* NOLINT(cert-env33-c): our own name */
}

/* The process is gone without a word; the next one finds what was committed. */
static void crash(void)
{
	engine_destroy(w->engine);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	engine_claim_free(w->silenced);
	w->silenced = NULL;
	w->silent = NULL;
	w->hold = false;
	w->claims = 0;
	open_engine();
}

/* --- launching ---------------------------------------------------------------------------- */

static void on_launched(void *ctx, int rc, const struct err *err, const struct engine_launched *run)
{
	(void)ctx;
	snprintf(w->what, sizeof(w->what), "%s", err ? err->what : "");
	w->rc = rc;
	w->done = true;
	w->run = run->key;
	w->existed = run->existed;
	snprintf(w->id, sizeof(w->id), "%s", run->id);
}

static const char persona[] = "---\npersona: p\ntitle: P\n---\nYou look.\n";

static json_t *freeze(const char *flow, const char *other)
{
	struct library *lib = library_create();
	struct err err = { 0 };

	if (library_add(lib, TEXT_PERSONA, "p.md", "test", str_from(persona)) < 0 ||
	    library_add(lib, TEXT_FLOW, "f.yaml", "test", str_from(flow)) < 0 ||
	    (other && library_add(lib, TEXT_FLOW, "g.yaml", "test", str_from(other)) < 0))
		fail_msg("a text is broken");
	library_check(lib);
	json_t *frozen = library_freeze(lib, STR("f"), &err);

	if (!frozen)
		fail_msg("%s", err.what);
	library_destroy(lib);
	return frozen;
}

static void wait_for(const bool *flag)
{
	while (!*flag)
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void launch_as(const char *flow, const char *other, const char *key)
{
	json_t *frozen = freeze(flow, other), *input = json_pack("{s:s}", "question", "why?");
	const struct launch l = { .frozen = frozen,
		.flow = STR("f"),
		.input = input,
		.size = SIZE_AUTO,
		.repo = STR("/repo"),
		.idempotency = str_from(key),
		.command = STR("tutti run f 'why?'"),
		.provided = str_from(w->hand_on) };

	w->done = false;
	engine_launch(w->engine, &l, on_launched, NULL);
	wait_for(&w->done);
	json_decref(frozen);
	json_decref(input);
}

static void launch(const char *flow)
{
	launch_as(flow, NULL, "");
	assert_int_equal(w->rc, 0);
}

static bool is_over(void)
{
	for (unsigned i = w->n_over; i-- > 0;)
		if (w->over[i].run == w->run) {
			w->status = w->over[i].status;
			return true;
		}
	return false;
}

static void finish(void)
{
	while (!is_over())
		uv_run(&w->loop, UV_RUN_ONCE);
}

/* The same for what may never come. */
static bool finishes(void)
{
	for (int i = 0; i < 5000 && !is_over(); i++)
		if (uv_run(&w->loop, UV_RUN_NOWAIT))
			usleep(1000);
	return is_over();
}

static bool claims(unsigned n)
{
	for (int i = 0; i < 5000 && w->claims < n; i++)
		if (uv_run(&w->loop, UV_RUN_NOWAIT))
			usleep(1000);
	return w->claims >= n;
}

/* Everything that is under way comes to rest; timers do not count. */
static void settle(void)
{
	for (int quiet = 0; quiet < 20; quiet++)
		if (uv_run(&w->loop, UV_RUN_NOWAIT) && usleep(2000))
			break;
}

/* --- reading ------------------------------------------------------------------------------ */

struct reading {
	int (*fn)(struct store *s, struct buf *b);
	struct buf b;
	bool done;
};

static int on_store(struct store *s, void *ctx)
{
	struct reading *r = ctx;

	buf_clear(&r->b);
	return r->fn(s, &r->b);
}

static void on_read(void *ctx, int rc)
{
	assert_int_equal(rc, 0);
	((struct reading *)ctx)->done = true;
}

static const char *read_text(int (*fn)(struct store *s, struct buf *b))
{
	struct reading r = { .fn = fn };

	buf_init(&r.b, MIB(1));
	engine_read(w->engine, on_store, on_read, &r);
	wait_for(&r.done);
	char *text = arena_cstr(w->arena, buf_str(&r.b));

	buf_fini(&r.b);
	return text;
}

/* "name: status (reason) = output", one line a step. */
static int print_steps(struct store *s, struct buf *b)
{
	struct step_row *rows;
	size_t n;
	int rc = s->ops->step_list(s, w->arena, w->run, &rows, &n);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = s->ops->step_texts(s, w->arena, rows[i].key, &rows[i]);
		buf_printf(b, "%.*s: %.*s", STR_ARG(rows[i].name), STR_ARG(rows[i].status));
		if (rows[i].reason.n)
			buf_printf(b, " (%.*s)", STR_ARG(rows[i].reason));
		if (rows[i].output.n && !str_is(rows[i].name, "snapshot"))
			buf_printf(b, " = %.*s", STR_ARG(str_take(rows[i].output, 4000)));
		buf_addc(b, '\n');
	}
	return rc;
}

static int add_event(void *ctx, const struct event_row *row)
{
	json_t *data = json_parse(row->data, NULL);

	buf_printf(ctx, "%lld %.*s %s %s\n", (long long)row->seq, STR_ARG(row->type),
	    json_get_cstr(data, "step", "-"), json_get_cstr(data, "status", "-"));
	json_decref(data);
	return 0;
}

static int print_events(struct store *s, struct buf *b)
{
	return s->ops->event_read(s, w->run, 0, 1000, add_event, b);
}

static int print_report(struct store *s, struct buf *b)
{
	struct str text;
	struct err err;
	int rc = engine_report_text(s, w->arena, w->run, false, &text, &err);

	if (rc == 0)
		buf_add(b, text);
	return rc;
}

static int count_runs(struct store *s, struct buf *b)
{
	struct run_filter all = { .limit = 100 };
	struct run_row *rows;
	size_t n;
	int rc = s->ops->run_list(s, w->arena, &all, &rows, &n);

	for (size_t i = 0; rc == 0 && i < n; i++)
		buf_printf(b, "%.*s: %.*s\n", STR_ARG(rows[i].flow), STR_ARG(rows[i].status));
	return rc;
}

static int id_of_child(struct store *s, struct buf *b)
{
	struct run_filter all = { .limit = 100 };
	struct run_row *rows;
	size_t n;
	int rc = s->ops->run_list(s, w->arena, &all, &rows, &n);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (rows[i].parent)
			buf_add(b, rows[i].id);
	return rc;
}

/* "tasks answered 2": how attempts ended, or that they have not. */
static int print_tasks(struct store *s, struct buf *b)
{
	struct count_row *rows;
	size_t n;
	int rc = s->ops->counts(s, w->arena, &rows, &n);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (str_is(rows[i].what, "tasks"))
			buf_printf(b, "%.*s %lld\n", STR_ARG(rows[i].state), (long long)rows[i].n);
	return rc;
}

#define HEAD "flow: f\ncategory: analysis\nsummary: A test.\nsteps:\n"

struct change {
	bool done;
	int rc;
	char what[256];
};

static void on_changed(void *ctx, int rc, const struct err *err)
{
	struct change *c = ctx;

	c->done = true;
	c->rc = rc;
	snprintf(c->what, sizeof(c->what), "%s", err ? err->what : "");
}

/* --- tests -------------------------------------------------------------------------------- */

static void a_run_is_what_its_steps_came_to(void **state)
{
	static const struct line script[] = {
		{ "a", ENDING_ANSWERED, "text of a" },
		{ "b", ENDING_EMPTY, "nothing" },
		{ "c", ENDING_ANSWERED, "text of c" },
		{ NULL, ENDING_NONE, NULL },
	};

	(void)state;
	w->script = script;
	launch(HEAD "  - {id: a, persona: p, task: 'Look at {{ question }}'}\n"
		    "  - {id: b, persona: p, task: t, retries: 0, on_failure: continue}\n"
		    "  - {id: sum, kind: code, needs: [a, b], trigger: one_success,\n"
		    "     run: 'return steps.a.output .. \"/\" .. steps.b.status'}\n"
		    "  - {id: c, persona: p, task: '{{ steps.sum.output }}', needs: [sum]}\n"
		    "  - {id: large, persona: p, task: t, size: large}\n");
	finish();
	assert_int_equal(w->status, RUN_COMPLETED);
	assert_string_equal(read_text(print_steps), "snapshot: completed\n"
						    "a: completed = text of a\n"
						    "b: failed (empty: nothing)\n"
						    "sum: completed = text of a/failed\n"
						    "c: completed = text of c\n");
}

/* The attempt counted three findings; on the way to the report one was lost. */
static void a_run_that_loses_a_finding_fails(void **state)
{
	static const struct line script[] = {
		{ "a", ENDING_ANSWERED, "### S1: One\n### S2: Two\n" },
		{ NULL, ENDING_NONE, NULL },
	};

	(void)state;
	w->script = script;
	for (w->parsed = 2; w->parsed <= 3; w->parsed++) {
		launch(HEAD "  - {id: a, persona: p, role: angle, task: t}\n");
		finish();
		assert_int_equal(w->status, w->parsed == 2 ? RUN_COMPLETED : RUN_FAILED);
		const char *report = read_text(print_report);

		assert_int_equal(strstr(report, "of 3 findings of a 2 are in the report") != NULL,
		    w->parsed == 3);
		assert_int_equal(strstr(report, "**Status** failed") != NULL, w->parsed == 3);
	}
}

static void the_log_is_gapless_and_tells_each_change_once(void **state)
{
	(void)state;
	launch(HEAD "  - {id: a, persona: p, task: t}\n"
		    "  - {id: b, kind: code, needs: [a], run: 'return 1'}\n");
	finish();
	assert_string_equal(read_text(print_events), "1 started - -\n"
						     "2 step snapshot running\n"
						     "3 attempt snapshot -\n"
						     "4 step snapshot completed\n"
						     "5 step a pending\n"
						     "6 step b pending\n"
						     "7 step a running\n"
						     "8 attempt a -\n"
						     "9 step a completed\n"
						     "10 step b completed\n"
						     "11 run - completed\n");
}

static void lists_fan_out_and_keep_their_order(void **state)
{
	static const struct line script[] = {
		{ "per/1", ENDING_REFUSED, "will not" },
		{ NULL, ENDING_NONE, NULL },
	};

	(void)state;
	w->script = script;
	launch(HEAD "  - {id: list, kind: code, run: 'return {\"x\", \"y\", \"z\"}'}\n"
		    "  - {id: per, kind: each, needs: [list], over: steps.list.json, as: it,\n"
		    "     step: {id: one, persona: p, task: '{{ it }}', retries: 0}}\n"
		    "  - {id: after, kind: code, needs: [per], run: 'return #steps.per.json'}\n");
	finish();
	assert_string_equal(read_text(print_steps),
	    "snapshot: completed\n"
	    "list: completed = [\"x\",\"y\",\"z\"]\n"
	    "per: completed (1 of 3 items failed) = [{\"status\":\"completed\",\"output\":"
	    "\"an answer\"},{\"status\":\"failed\",\"reason\":\"refused: will not\"},"
	    "{\"status\":\"completed\",\"output\":\"an answer\"}]\n"
	    "after: completed = 3\n"
	    "per/0: completed = an answer\n"
	    "per/1: failed (refused: will not)\n"
	    "per/2: completed = an answer\n");
}

/* Nine hundred texts are more than one output may hold: they are named, not lost in silence. */
static void what_is_too_much_for_a_list_is_marked(void **state)
{
	(void)state;
	launch(
	    HEAD "  - {id: list, kind: code, run: 'local t = {} for i = 1, 40 do t[i] = i end "
		 "return t'}\n"
		 "  - {id: per, kind: each, needs: [list], over: steps.list.json,\n"
		 "     step: {id: one, kind: code, run: 'local t = {} for i = 1, 9000 do t[i] = "
		 "\"0123456789012345678901234567890123456789\" end return join(t)'}}\n"
		 "  - {id: after, kind: code, needs: [per], run: 'local n, cut = 0, 0 for _, c in "
		 "ipairs(steps.per.json) do n = n + 1 cut = cut + (c.cut or 0) end return n .. "
		 "\" \" .. cut'}\n");
	finish();
	const char *text = strstr(read_text(print_steps), "after: completed = 40 ");

	assert_non_null(text);
	assert_true(strtol(text + strlen("after: completed = 40 "), NULL, 10) > 0);
}

static void a_round_knows_the_one_before(void **state)
{
	(void)state;
	launch(
	    HEAD "  - {id: polish, kind: loop, max: 5, until: round >= 3, step: [\n"
		 "     {id: a, kind: code, run: 'return (steps.b.output or \"\") .. round'},\n"
		 "     {id: b, kind: code, needs: [a], run: 'return steps.a.output .. \"b\"'}]}\n"
		 "  - {id: after, kind: code, needs: [polish], run: 'return type(round)'}\n");
	finish();
	assert_string_equal(read_text(print_steps), "polish: completed = 1b2b3b\n"
						    "after: completed = nil\n"
						    "polish/1/a: completed = 1\n"
						    "polish/1/b: completed = 1b\n"
						    "polish/2/a: completed = 1b2\n"
						    "polish/2/b: completed = 1b2b\n"
						    "polish/3/a: completed = 1b2b3\n"
						    "polish/3/b: completed = 1b2b3b\n");
}

static void a_child_run_is_a_run_of_its_own(void **state)
{
	(void)state;
	launch_as(HEAD
	    "  - {id: inner, kind: flow, use: g, with: {question: 'what about {{ "
	    "question }}'}}\n"
	    "  - {id: b, kind: code, needs: [inner], run: 'return steps.inner.output'}\n",
	    "flow: g\ncategory: analysis\nsummary: Inner.\nsteps:\n"
	    "  - {id: a, kind: code, run: 'return \"got: \" .. question'}\n"
	    "report: {sections: [a]}\n",
	    "");
	finish();
	assert_string_equal(read_text(count_runs), "g: completed\nf: completed\n");
	assert_non_null(strstr(read_text(print_steps), "got: what about why?"));
}

/* Its end was the end of a step, and that stays what it was. */
static void a_child_run_is_begun_again_by_the_run_around_it(void **state)
{
	struct change c = { 0 };

	(void)state;
	launch_as(HEAD
	    "  - {id: inner, kind: flow, use: g, retries: 0, on_failure: continue}\n"
	    "  - {id: b, kind: code, needs: [inner], trigger: all_done, run: 'return 1'}\n",
	    "flow: g\ncategory: analysis\nsummary: Inner.\nsteps:\n"
	    "  - {id: a, kind: code, run: 'error(1)'}\n",
	    "");
	finish();
	assert_string_equal(read_text(count_runs), "g: failed\nf: completed\n");
	struct str child = str_from(arena_cstr(w->arena, str_from(read_text(id_of_child))));

	engine_retry(w->engine, child, STR(""), STR("a"), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, -EINVAL);
	assert_non_null(strstr(c.what, "is part of run r-"));
	c.done = false;
	engine_resume(w->engine, child, STR(""), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, -EINVAL);
	settle();
	assert_string_equal(read_text(count_runs), "g: failed\nf: completed\n");
}

/* Only the run can tell what a template comes to. */
static void a_child_without_what_it_needs_does_not_begin(void **state)
{
	static const char needy[] =
	    "flow: g\ncategory: analysis\nsummary: Inner.\n"
	    "input: {because: {label: Why, required: true}}\nsteps:\n"
	    "  - {id: a, kind: code, run: 'return \"got: \" .. input.because'}\n"
	    "report: {sections: [a]}\n";

	(void)state;
	launch_as(HEAD
	    "  - {id: inner, kind: flow, use: g, retries: 0, on_failure: continue,\n"
	    "     with: {because: '{{ opt(input.nothing) }} '}}\n"
	    "  - {id: b, kind: code, needs: [inner], trigger: all_done, run: 'return 1'}\n",
	    needy, "");
	finish();
	assert_string_equal(read_text(count_runs), "f: completed\n");
	assert_string_equal(read_text(print_steps),
	    "snapshot: completed\n"
	    "inner: failed (contract_broken: flow 'g' needs 'because' and what `with` gives for it "
	    "at "
	    "f.yaml:5 is empty)\n"
	    "b: completed = 1\n");
	launch_as(HEAD
	    "  - {id: inner, kind: flow, use: g, with: {because: '{{ question }}'}}\n"
	    "  - {id: b, kind: code, needs: [inner], run: 'return steps.inner.output'}\n",
	    needy, "");
	finish();
	assert_non_null(strstr(read_text(print_steps), "got: why?"));
}

/* --- an earlier report -------------------------------------------------------------------- */

#define ONE_AGENT HEAD "  - {id: a, persona: p, task: t}\nreport: {sections: [a]}\n"

static int print_options(struct store *s, struct buf *b)
{
	struct run_row row;
	int rc = s->ops->run_load(s, w->arena, w->run, &row);

	if (rc == 0)
		buf_add(b, row.options);
	return rc;
}

static int sweep(struct store *s, struct buf *b)
{
	struct store_room room = { 0 };

	(void)b;
	return s->ops->sweep(s, &room);
}

static const char *after(const char *text, const char *what)
{
	const char *at = strstr(text, what);

	if (!at)
		fail_msg("nowhere \"%s\" in\n%s", what, text);
	return at + strlen(what);
}

static const char *launched_and_over(const char *flow)
{
	launch(flow);
	finish();
	assert_int_equal(w->status, RUN_COMPLETED);
	return arena_cstr(w->arena, str_from(w->id));
}

static void a_report_is_handed_on(void **state)
{
	static const struct line script[] = { { "a", ENDING_ANSWERED, "### S1: A word\n" },
		{ NULL, ENDING_NONE, NULL } };
	struct change c = { 0 };

	(void)state;
	w->script = script;
	const char *first = launched_and_over(ONE_AGENT);

	assert_null(strstr(w->prompt, "## Provided"));
	assert_string_equal(w->provided, "");
	w->hand_on = "last";
	launch_as(ONE_AGENT, NULL, "");
	w->hand_on = NULL;
	finish();
	/* what is kept is the run's own, by its id */
	json_t *options = json_parse(str_from(read_text(print_options)), NULL);
	const json_t *kept = json_get_object(options, "provided");

	assert_string_equal(json_get_cstr(kept, "run", ""), first);
	assert_string_equal(json_get_cstr(kept, "question", ""), "why?");
	assert_string_equal(json_get_cstr(options, "command", ""),
	    arena_printf(w->arena, "tutti run f 'why?' --provided %s", first));
	json_decref(options);
	/* behind what is asked, before who is asked */
	const char *at = after(after(w->prompt, "\nwhy?\n"), "\n## Provided: an earlier report\n");

	at = after(at, arena_printf(w->arena, "`%s#ID`", first));
	at = after(at, arena_printf(w->arena, " report of %s\n", first));
	after(after(after(at, "### S1: A word"), ">>>\n"), "\n# Your role\n");
	assert_null(strstr(w->prompt, "its end is left out"));
	assert_string_equal(w->provided, first);
	after(read_text(print_report),
	    arena_printf(w->arena, "**Provided** the report of `%s`", first));
	/* and stays so without the earlier run */
	const char *second = arena_cstr(w->arena, str_from(w->id));

	engine_remove(w->engine, str_from(first), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, 0);
	(void)read_text(sweep);
	engine_retry(w->engine, str_from(second), STR(""), STR("a"), on_changed, &c);
	w->prompt = "";
	w->n_over = 0;
	finish();
	after(w->prompt, arena_printf(w->arena, " report of %s\n", first));
}

static void a_long_report_is_handed_on_in_part(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MIB(1));
	for (int i = 0; i < 3000; i++)
		buf_printf(&b, "line %d of a long text\n", i);
	const struct line script[] = { { "a", ENDING_ANSWERED, arena_cstr(w->arena, buf_str(&b)) },
		{ NULL, ENDING_NONE, NULL } };

	buf_fini(&b);
	w->script = script;
	w->hand_on = launched_and_over(ONE_AGENT);
	launched_and_over(ONE_AGENT);
	const char *from = after(after(w->prompt, " report of r-"), "\n");
	const char *end = strstr(from, ">>>\n");

	assert_non_null(end);
	assert_true(end - from < (ptrdiff_t)PROVIDED_MAX + 100);
	assert_true(end - from > (ptrdiff_t)PROVIDED_MAX - 100);
	after(end, "The report is longer; its end is left out here.\n");
	assert_null(strstr(from, "line 2999"));
	after(read_text(print_report), ", its first 32 KiB of ");
	w->hand_on = NULL;
}

/* It speaks of the repository. */
static void who_has_the_web_gets_no_report(void **state)
{
	(void)state;
	w->hand_on = launched_and_over(ONE_AGENT);
	launched_and_over(HEAD "  - {id: a, persona: p, web: only, task: t}\n");
	assert_null(strstr(w->prompt, "## Provided"));
	assert_string_equal(w->provided, "");
	w->hand_on = NULL;
}

static void a_flow_inside_a_flow_gets_it_too(void **state)
{
	(void)state;
	const char *first = launched_and_over(ONE_AGENT);

	w->hand_on = first;
	launch_as(HEAD "  - {id: inner, kind: flow, use: g}\n",
	    "flow: g\ncategory: analysis\nsummary: Inner.\nsteps:\n"
	    "  - {id: a, persona: p, task: t}\nreport: {sections: [a]}\n",
	    "");
	finish();
	w->hand_on = NULL;
	assert_string_equal(w->provided, first);
}

static void what_cannot_be_handed_on_says_why(void **state)
{
	(void)state;
	w->hand_on = "r-nothing";
	launch_as(ONE_AGENT, NULL, "");
	assert_int_equal(w->rc, -ENOENT);
	assert_string_equal(w->what, "no run r-nothing");
	w->hand_on = NULL;
	launch(HEAD "  - {id: gate, kind: approval, ask: 'Go on?', choices: [go, stop]}\n");
	const char *open = arena_cstr(w->arena, str_from(w->id));

	w->hand_on = open;
	launch_as(ONE_AGENT, NULL, "");
	assert_int_equal(w->rc, -EINVAL);
	assert_string_equal(
	    w->what, arena_printf(w->arena, "run %s has no report that could be handed on", open));
	w->hand_on = NULL;
}

static void a_person_decides(void **state)
{
	struct change c = { 0 };

	(void)state;
	launch(
	    HEAD "  - {id: gate, kind: approval, ask: 'Go on?', choices: [go, stop]}\n"
		 "  - id: choose\n    kind: switch\n    needs: [gate]\n"
		 "    cases: [{label: go, if: 'steps.gate.output == \"go\"', steps: [yes-it-is]}]\n"
		 "    default: [no-it-is]\n"
		 "  - {id: yes-it-is, kind: code, needs: [choose], run: 'return 1'}\n"
		 "  - {id: no-it-is, kind: code, needs: [choose], run: 'return 2'}\n");
	while (!w->asks)
		uv_run(&w->loop, UV_RUN_ONCE);
	assert_false(is_over());
	crash(); /* it waits without a process */
	engine_answer(
	    w->engine, str_from(w->id), STR(""), STR("gate"), STR("maybe"), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, -EINVAL);
	c.done = false;
	engine_answer(w->engine, str_from(w->id), STR(""), STR("gate"), STR("go"), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, 0);
	finish();
	assert_string_equal(read_text(print_steps), "gate: completed (go) = go\n"
						    "choose: completed (go) = go\n"
						    "yes-it-is: completed = 1\n"
						    "no-it-is: skipped (choose chose: go)\n");
}

static void cancel_waits_until_the_attempt_is_dead(void **state)
{
	struct change c = { 0 };

	(void)state;
	w->silent = "";
	launch(HEAD "  - {id: a, persona: p, task: t}\n"
		    "  - {id: b, kind: code, needs: [a], run: 'return 1'}\n");
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	end_claim(w->silenced); /* the snapshot */
	w->silenced = NULL;
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	engine_cancel(w->engine, str_from(w->id), STR(""), STR("enough"), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, 0);
	while (!w->kills)
		uv_run(&w->loop, UV_RUN_ONCE);
	settle();
	assert_false(is_over());
	struct attempt_result r = { .ending = ENDING_CANCELLED };

	engine_report(w->engine, w->silenced, &r, on_reported, w->silenced);
	w->silenced = NULL;
	finish();
	assert_int_equal(w->status, RUN_CANCELLED);
	assert_string_equal(read_text(print_steps), "snapshot: completed\n"
						    "a: cancelled (stopped with the run)\n"
						    "b: cancelled (the run was cancelled)\n");
}

static void what_was_completed_is_kept_after_a_crash(void **state)
{
	struct change c = { 0 };

	(void)state;
	w->silent = "b";
	launch(HEAD "  - {id: a, persona: p, task: t}\n"
		    "  - {id: b, persona: p, task: t, needs: [a]}\n"
		    "  - {id: c, persona: p, task: t, needs: [b]}\n");
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	crash();
	engine_resume(w->engine, STR("last"), STR(""), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, 0);
	finish();
	assert_int_equal(w->status, RUN_COMPLETED);
	assert_int_equal(w->claims, 2); /* b again, and c: not the snapshot, not a */
}

/* Killed between the request to stop and the death of what runs. */
static void crash_while_cancelling(void)
{
	struct change c = { 0 };

	w->silent = "a";
	launch(HEAD "  - {id: a, persona: p, task: t}\n"
		    "  - {id: b, persona: p, task: t, needs: [a]}\n");
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	engine_cancel(w->engine, str_from(w->id), STR(""), STR("enough"), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, 0);
	crash();
	w->silent = NULL;
}

static void a_crash_while_cancelling_can_be_resumed(void **state)
{
	struct change c = { 0 };

	(void)state;
	crash_while_cancelling();
	engine_resume(w->engine, STR("last"), STR(""), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, 0);
	finish();
	assert_int_equal(w->status, RUN_COMPLETED);
	assert_string_equal(read_text(print_steps), "snapshot: completed\n"
						    "a: completed = an answer\n"
						    "b: completed = an answer\n");
}

static void on_recovered(void *ctx, int rc, size_t n)
{
	struct change *c = ctx;

	assert_int_equal(n, 1);
	c->done = true;
	c->rc = rc;
}

static void a_crash_while_cancelling_ends_as_cancelled(void **state)
{
	struct change c = { 0 };

	(void)state;
	crash_while_cancelling();
	engine_recover(w->engine, on_recovered, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, 0);
	finish();
	assert_int_equal(w->status, RUN_CANCELLED);
	assert_int_equal(w->claims, 0);
	assert_string_equal(read_text(print_tasks), "answered 1\nlost 1\n");
}

static void on_late(void *ctx, int rc)
{
	struct change *c = ctx;

	c->done = true;
	c->rc = rc;
}

static int write_in_vain(struct store *s, void *ctx)
{
	char hash[65];
	int rc = s->ops->blob_put(s, STR("in vain"), hash);

	(void)ctx;
	return rc ? rc : -EINVAL;
}

static void on_vain(void *ctx, int rc)
{
	*(bool *)ctx = true;
	assert_int_equal(rc, -EINVAL);
}

/* What failed is undone, and with it whatever is known of runs without asking the store. */
static void what_is_undone_stops_no_run(void **state)
{
	bool undone = false;

	(void)state;
	w->hold = true;
	launch(HEAD "  - {id: a, persona: p, task: t}\n"
		    "  - {id: b, kind: code, needs: [a], run: 'return 1'}\n");
	while (!w->held)
		uv_run(&w->loop, UV_RUN_ONCE);
	engine_read(w->engine, write_in_vain, on_vain, &undone);
	wait_for(&undone);
	w->hold = false;
	engine_claim(w->engine, w->held_task, on_claimed, NULL);
	assert_true(finishes());
	assert_int_equal(w->status, RUN_COMPLETED);
	assert_string_equal(read_text(print_tasks), "answered 2\n"); /* as offered, each once */
}

/* Somebody clicks where somebody else has clicked before. */
static void resuming_a_run_that_goes_on_changes_nothing(void **state)
{
	struct change c = { 0 };

	(void)state;
	w->silent = "a";
	launch(HEAD "  - {id: a, persona: p, task: t}\n");
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	engine_resume(w->engine, str_from(w->id), STR(""), on_changed, &c);
	wait_for(&c.done);
	assert_int_equal(c.rc, 0);
	w->silent = NULL;
	end_claim(w->silenced); /* it was not lost */
	w->silenced = NULL;
	assert_true(finishes());
	assert_int_equal(w->claims, 2); /* the snapshot, and a once */
	assert_null(strstr(read_text(print_report), "(resumed)"));
}

static void an_attempt_of_an_earlier_life_changes_nothing(void **state)
{
	struct change c = { 0 }, late = { 0 }, appended = { 0 };
	struct claim *old;

	(void)state;
	w->silent = "";
	launch(HEAD "  - {id: a, kind: command, run: [x]}\n");
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	end_claim(w->silenced);
	w->silenced = NULL;
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	old = w->silenced;
	w->silenced = NULL;
	crash();
	engine_resume(
	    w->engine, str_from(w->id), STR(""), on_changed, &c); /* lost, offered again */
	wait_for(&c.done);
	finish();

	struct fact_row row = { .run = old->run,
		.position = old->position,
		.epoch = old->epoch,
		.type = "text",
		.data = json_pack("{s:s}", "text", "from the grave") };
	struct attempt_result r = { .ending = ENDING_ANSWERED, .output = STR("late") };

	engine_append(w->engine, &row, 1, on_late, &appended);
	wait_for(&appended.done);
	engine_report(w->engine, old, &r, on_late, &late);
	wait_for(&late.done);
	assert_int_equal(late.rc, -ESTALE);
	assert_null(strstr(read_text(print_steps), "late"));
	assert_null(strstr(read_text(print_events), "text"));
	engine_claim_free(old);
}

/* --- what attempts say -------------------------------------------------------------------- */

static int wait_on_the_store_thread(struct store *s, void *ctx)
{
	(void)s;
	return sem_wait(ctx);
}

static void on_waited(void *ctx, int rc)
{
	(void)ctx;
	assert_int_equal(rc, 0);
}

static int count_said(struct store *s, struct buf *b)
{
	int rc = s->ops->event_read(s, w->run, 0, 10000, add_event, b);
	unsigned notices = 0, tools = 0;

	for (struct str rest = buf_str(b); rest.p;) {
		struct str line = str_line(&rest);

		notices += str_contains(line, STR(" notice "));
		tools += str_contains(line, STR(" tool "));
	}
	buf_clear(b);
	buf_printf(b, "tools %u, notices %u", tools, notices);
	return rc;
}

static void a_store_that_falls_behind_does_not_fill_the_memory(void **state)
{
	struct voice v;
	sem_t go;

	(void)state;
	w->silent = "a";
	launch(HEAD "  - {id: a, persona: p, task: t}\n");
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	struct recorder *r = recorder_create(&w->loop, w->engine);

	sem_init(&go, 0, 0);
	voice_init(&v, r, w->silenced);
	engine_read(w->engine, wait_on_the_store_thread, on_waited, &go);
	for (int i = 0; i < 5000; i++)
		voice_event(&v, "tool", json_pack("{s:i}", "n", i));
	assert_int_equal(v.dropped, 5000 - 2048);
	sem_post(&go);
	read_text(count_said); /* stands behind what was appended */
	voice_event(&v, "tool", NULL);
	assert_int_equal(v.dropped, 0);
	voice_fini(&v);
	recorder_destroy(r);
	assert_string_equal(read_text(count_said), "tools 2049, notices 1");
	sem_destroy(&go);
	end_claim(w->silenced);
	w->silenced = NULL;
	finish();
}

static msec_t jumped; /* the wall clock, since the test began */

static msec_t jumping_clock(bool wall)
{
	struct timespec ts;

	clock_gettime(wall ? CLOCK_REALTIME : CLOCK_BOOTTIME, &ts);
	return (msec_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + (wall ? jumped : 0);
}

/* Whoever sets the clock of the machine ends no attempt with it, and delays no other. */
static void a_wall_clock_that_jumps_decides_nothing(void **state)
{
	static const struct line script[] = {
		{ "b", ENDING_CRASHED, "once" },
		{ "b", ENDING_ANSWERED, "fine" },
		{ NULL, ENDING_NONE, NULL },
	};

	(void)state;
	w->script = script;
	w->silent = "a";
	clock_set_source(jumping_clock);
	launch(HEAD "  - {id: a, persona: p, task: t, timeout: 10m}\n"
		    "  - {id: b, persona: p, task: t, retries: 1}\n"
		    "  - {id: c, persona: p, task: t, needs: [b]}\n");
	assert_true(claims(3));
	while (!w->silenced)
		uv_run(&w->loop, UV_RUN_ONCE);
	jumped = 86400000;
	assert_true(claims(5)); /* b again, after its pause, and c */
	jumped = -86400000;
	settle();
	assert_int_equal(w->kills, 0);
	end_claim(w->silenced);
	w->silenced = NULL;
	finish();
	clock_set_source(NULL);
	assert_int_equal(w->status, RUN_COMPLETED);
}

/* What fails right behind its launch lets the run around it be loaded again. */
static void a_child_run_is_launched_once(void **state)
{
	struct change c = { 0 };
	bool undone = false;
	sem_t go;

	(void)state;
	launch_as(HEAD
	    "  - {id: pick, kind: switch, cases: [{label: in, if: 'true', steps: [inner]}],\n"
	    "     default: [other]}\n"
	    "  - {id: inner, kind: flow, use: g, needs: [pick]}\n"
	    "  - {id: other, kind: code, run: 'return 1', needs: [pick]}\n",
	    "flow: g\ncategory: analysis\nsummary: Inner.\nsteps:\n"
	    "  - {id: a, kind: code, run: 'return 2'}\n",
	    "");
	finish();
	w->n_over = 0;
	sem_init(&go, 0, 0);
	engine_read(w->engine, wait_on_the_store_thread, on_waited, &go);
	engine_retry(w->engine, str_from(w->id), STR(""), STR("pick"), on_changed, &c);
	engine_read(w->engine, write_in_vain, on_vain, &undone);
	sem_post(&go);
	sem_post(&go); /* it may stand in the same group as they, and is done again with them */
	wait_for(&undone);
	assert_int_equal(c.rc, 0);
	assert_true(finishes());
	settle();
	assert_string_equal(read_text(count_runs), "g: completed\ng: completed\nf: completed\n");
	sem_destroy(&go);
}

static void failed_work_is_tried_again_on_request(void **state)
{
	static const struct line script[] = {
		{ "a", ENDING_REFUSED, "not now" },
		{ "a", ENDING_ANSWERED, "fine" },
		{ NULL, ENDING_NONE, NULL },
	};
	struct change c = { 0 };

	(void)state;
	w->script = script;
	launch(HEAD "  - {id: a, persona: p, task: t}\n"
		    "  - {id: b, kind: code, needs: [a], run: 'return steps.a.output'}\n");
	finish();
	assert_int_equal(w->status, RUN_FAILED);
	w->n_over = 0;
	engine_retry(w->engine, str_from(w->id), STR(""), STR(""), on_changed, &c);
	wait_for(&c.done);
	finish();
	assert_int_equal(w->status, RUN_COMPLETED);
	assert_string_equal(read_text(print_steps), "snapshot: completed\n"
						    "a: completed = fine\n"
						    "b: completed = fine\n");
	assert_non_null(strstr(read_text(print_report), "(resumed)"));
}

static void one_key_is_one_run(void **state)
{
	char first[ID_RUN_SIZE];
	static const char flow[] = HEAD "  - {id: a, kind: code, run: 'return 1'}\n";

	(void)state;
	jumped = 0;
	clock_set_source(jumping_clock);
	launch_as(flow, NULL, "key-1");
	assert_false(w->existed);
	snprintf(first, sizeof(first), "%s", w->id);
	finish();
	jumped = -86400000;
	launch_as(flow, NULL, "key-1");
	assert_true(w->existed);
	assert_string_equal(w->id, first);
	launch_as(flow, NULL, "key-2");
	assert_false(w->existed);
	clock_set_source(NULL);
	assert_string_not_equal(w->id, first);
	settle();
	assert_string_equal(read_text(count_runs), "f: completed\nf: completed\n");
}

static void requests_that_make_no_sense_say_why(void **state)
{
	static const struct {
		const char *run, *step, *want;
		int rc;
	} rows[] = {
		{ "r-none", "", "no run r-none", -ENOENT },
		{ "last~7", "", "no run last~7", -ENOENT },
		{ "last", "nosuch", "run %s has no step 'nosuch'", -ENOENT },
		{ "last", "", "nothing in run %s failed; name a step to do it again", -EINVAL },
	};

	(void)state;
	launch(HEAD "  - {id: a, kind: code, run: 'return 1'}\n");
	finish();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct change c = { 0 };
		char want[256];

		engine_retry(w->engine, str_from(rows[i].run), STR(""), str_from(rows[i].step),
		    on_changed, &c);
		wait_for(&c.done);
		assert_int_equal(c.rc, rows[i].rc);
		const char *hole = strstr(rows[i].want, "%s");

		snprintf(want, sizeof(want), "%.*s%s%s", (int)(hole ? hole - rows[i].want : 200),
		    rows[i].want, hole ? w->id : "", hole ? hole + 2 : "");
		assert_string_equal(c.what, want);
	}
}

static void code_that_fails_says_where(void **state)
{
	(void)state;
	launch(HEAD "  - {id: a, kind: code, run: 'return question.at.all', retries: 0}\n");
	finish();
	assert_int_equal(w->status, RUN_FAILED);
	assert_non_null(strstr(read_text(print_steps), "a: failed (contract_broken: f.yaml:5: "));
}

static void a_definition_is_frozen_with_its_run(void **state)
{
	struct change c = { 0 };

	(void)state;
	w->hold = true;
	launch(HEAD "  - {id: a, persona: p, task: t}\n"
		    "  - {id: b, kind: code, needs: [a], run: 'return \"as launched\"'}\n");
	while (!w->held)
		uv_run(&w->loop, UV_RUN_ONCE);
	crash(); /* whatever the files say by now, the run has its own */
	engine_resume(w->engine, STR("last"), STR(""), on_changed, &c);
	wait_for(&c.done);
	finish();
	assert_non_null(strstr(read_text(print_steps), "b: completed = as launched\n"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_run_is_what_its_steps_came_to),
		T(a_run_that_loses_a_finding_fails),
		T(the_log_is_gapless_and_tells_each_change_once),
		T(lists_fan_out_and_keep_their_order),
		T(what_is_too_much_for_a_list_is_marked),
		T(a_round_knows_the_one_before),
		T(a_child_run_is_a_run_of_its_own),
		T(a_child_run_is_begun_again_by_the_run_around_it),
		T(a_child_without_what_it_needs_does_not_begin),
		T(a_report_is_handed_on),
		T(a_long_report_is_handed_on_in_part),
		T(who_has_the_web_gets_no_report),
		T(a_flow_inside_a_flow_gets_it_too),
		T(what_cannot_be_handed_on_says_why),
		T(a_person_decides),
		T(cancel_waits_until_the_attempt_is_dead),
		T(a_crash_while_cancelling_can_be_resumed),
		T(a_crash_while_cancelling_ends_as_cancelled),
		T(what_was_completed_is_kept_after_a_crash),
		T(what_is_undone_stops_no_run),
		T(resuming_a_run_that_goes_on_changes_nothing),
		T(an_attempt_of_an_earlier_life_changes_nothing),
		T(a_store_that_falls_behind_does_not_fill_the_memory),
		T(a_wall_clock_that_jumps_decides_nothing),
		T(a_child_run_is_launched_once),
		T(failed_work_is_tried_again_on_request),
		T(one_key_is_one_run),
		T(requests_that_make_no_sense_say_why),
		T(code_that_fails_says_where),
		T(a_definition_is_frozen_with_its_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
