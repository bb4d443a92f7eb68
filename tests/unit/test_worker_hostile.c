/*
 * Children that do not behave, each to its right ending: what became of its step, that no process
 * of it is left, and that it cost us no memory.
 */
#include "check.h"

#include "pen.h"

#include "base/unconst.h"

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_COUNTS false
#elif defined(__has_feature)
#define MEMORY_COUNTS !__has_feature(address_sanitizer)
#else
#define MEMORY_COUNTS true
#endif

#define GROWTH_MAX MIB(8)
#define GROWTH_TOLD MIB(32) /* of one whose texts are on their way into the log */

struct row {
	const char *kind;
	const char *limits; /* of the step, as YAML */
	const char *want; /* "status: ending (reason) = output"; "…": what follows does not count */
	bool told;
};

/* A wall limit that is never reached, and one that is. */
#define LONG "timeout: 60s, stall: 60s"
#define STALL "timeout: 60s, stall: 1s"
#define WALL "timeout: 2s, stall: 60s"

static const struct row rows[] = {
	{ "normal", LONG, "completed: answered = Two files." },
	/* nothing to be seen of it */
	{ "silent", STALL, "failed: stalled (" },
	{ "begins", STALL, "failed: stalled (" },
	{ "noisy", STALL, "failed: stalled (" },
	{ "stopped", STALL, "failed: stalled (" },
	{ "deaf", STALL, "failed: stalled (" },
	{ "busy", WALL, "failed: timed_out (" },
	{ "burn", WALL, "failed: timed_out (" },
	{ "fork-bomb", WALL, "failed: timed_out (" },
	/* it goes, or seems to */
	{ "closes", LONG, "failed: crashed (crashed: killed by signal 9)" },
	{ "closes-and-goes", LONG, "completed: answered = Two files." },
	{ "nothing", LONG, "failed: crashed (crashed: exit status 0)" },
	{ "garbage", LONG, "failed: crashed (crashed: exit status 0)" },
	{ "fails", LONG, "failed: crashed (crashed: exit status 3)" },
	{ "crashes", LONG, "failed: crashed (crashed: killed by signal 11)" },
	{ "orphans", LONG, "completed: answered = Two files." },
	/* it says too much */
	{ "giant-line", LONG, "failed: truncated (truncated: it wrote more than an attempt may)" },
	{ "endless", LONG, "completed: truncated (its answer was cut at 512 KiB) = y", true },
	{ "noise", LONG, "completed: answered = Two files." },
	{ "stderr-flood", LONG, "completed: answered = Two files." },
	/* it takes what it can get */
	{ "memory", LONG, "failed: crashed (crashed: exit status 3: there is no more memory)" },
	{ "swells", LONG, "failed: crashed (crashed: out of memory)" },
	{ "disk", LONG, "failed: crashed (crashed: exit status 3: there is no more room)" },
	{ "inodes", LONG,
	    "failed: crashed (crashed: exit status 3: there are no more files to be had)" },
	/* it asks for ever what is refused */
	{ "asks-on", LONG, "failed: truncated (truncated: more than 500 requests in one attempt)" },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void child(void **state)
{
	const struct row *r = *state;

	pen_forget_most();
	size_t before = pen_memory("VmRSS:");

	pen_run_one(r->kind, r->limits);
	size_t most = pen_memory("VmHWM:");
	const char *got = pen_told();

	if (!str_starts(str_from(got), str_from(r->want)))
		fail_msg("%s: %s", r->kind, got);
	assert_int_equal(pen_alive(), 0);
	if (MEMORY_COUNTS && most > before + (r->told ? GROWTH_TOLD : GROWTH_MAX))
		fail_msg("%s: from %zu to %zu KiB", r->kind, before / 1024, most / 1024);
}

/* --- many at once ----------------------------------------------------------------------------- */

struct counted {
	unsigned started, ended, texts, dropped;
};

static int count_event(void *ctx, const struct event_row *row)
{
	struct counted *c = ctx;
	json_t *data = json_parse(row->data, NULL);
	struct str status = json_get_str(data, "status");

	if (str_is(row->type, "step")) {
		c->started += str_is(status, "running");
		c->ended += str_is(status, "completed") || str_is(status, "failed");
	}
	c->texts += str_is(row->type, "text");
	c->dropped += (unsigned)json_get_int(data, "dropped", 0);
	json_decref(data);
	return 0;
}

static int count_events(struct store *s, void *ctx)
{
	return s->ops->event_read(s, pen.run, 0, 1000000, count_event, ctx);
}

/* Each to its ceiling, all at the same time: the log may leave out what they say, and nothing else.
 */
static void floods_lose_no_change_of_state(void **state)
{
	struct counted c = { 0 };
	char *steps = arena_cstr(pen.arena, STR(""));

	(void)state;
	for (int i = 0; i < 4; i++)
		steps = arena_printf(pen.arena,
		    "%s  - {id: s%d, persona: p, task: t, model: endless, retries: 0, "
		    "on_failure: continue}\n",
		    steps, i);
	size_t before = pen_memory("VmRSS:");

	pen_forget_most();
	pen_launch(steps);
	pen_wait(1);
	pen_read(count_events, &c);
	assert_int_equal(c.started, 5); /* the snapshot is one, too */
	assert_int_equal(c.ended, 5);
	assert_true(c.texts > 0);
	if (MEMORY_COUNTS)
		assert_true(pen_memory("VmHWM:") < before + MIB(160));
	assert_int_equal(pen_alive(), 0);
}

/* --- life ------------------------------------------------------------------------------------- */

int main(void)
{
	struct CMUnitTest tests[N_ROWS + 1];

	for (size_t i = 0; i < N_ROWS; i++) {
		struct row *r = unconst(&rows[i]);

		tests[i] = (struct CMUnitTest){ r->kind, child, pen_set_up, pen_tear_down, r };
	}
	tests[N_ROWS] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(
	    floods_lose_no_change_of_state, pen_set_up, pen_tear_down);
	pen_begin();
	int failed = _cmocka_run_group_tests("hostile", tests, N_ROWS + 1, NULL, NULL);

	pen_end();
	return failed;
}
