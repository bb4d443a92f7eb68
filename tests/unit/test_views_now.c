/* What the document of a run says that its agents do just now, out of logs that are written here.
 */
#include "check.h"

#include "api/views.h"
#include "base/json.h"
#include "base/limits.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct store_ops *ops = &store_sqlite;
static char dir[64];
static struct store *s;
static struct arena *a;
static struct views *views;
static int64_t run, seq;

/* --- a run -------------------------------------------------------------------------------- */

static void put_step(int64_t position, const char *name, const char *kind, const char *status)
{
	const struct step_row row = { .run = run,
		.position = position,
		.parent = -1,
		.name = str_from(name),
		.kind = str_from(kind),
		.label = str_from(name),
		.status = str_from(status),
		.reason = STR(""),
		.ending = STR("none") };
	int64_t key;

	assert_int_equal(ops->step_insert(s, &row, &key), 0);
}

static void put_run(const char *status)
{
	char hash[65];

	assert_int_equal(ops->blob_put(s, STR("{}"), hash), 0);
	const struct run_row row = { .id = STR("r-0123456789"),
		.flow = STR("f"),
		.title = STR("F"),
		.status = str_from(status),
		.reason = STR(""),
		.end_as = STR(""),
		.size = STR("small"),
		.input = STR("{\"question\":\"why?\"}"),
		.options = STR("{}"),
		.repo = STR(""),
		.frozen = str_from(hash),
		.outcome = STR(""),
		.created_at = 5 };

	assert_int_equal(ops->run_insert(s, &row, &run), 0);
	put_step(0, "snapshot", "snapshot", "completed");
	put_step(1, "one", "agent", "running");
	put_step(3, "two", "agent", "running"); /* positions may have gaps */
	put_step(4, "ask", "approval", "running");
	put_step(5, "later", "agent", "pending");
}

static int setup(void **state)
{
	struct err err;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/tutti-now-XXXXXX");
	assert_non_null(mkdtemp(dir));
	a = arena_create("test", ARENA_JOB);
	views = views_create("e");
	seq = 0;
	assert_int_equal(ops->open(arena_printf(a, "%s/tutti.db", dir), false, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
	assert_int_equal(ops->begin(s), 0);
	put_run("running");
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	views_destroy(views);
	ops->close(s);
	arena_destroy(a);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd); /* NOLINT(cert-env33-c): our own name */
}

/* One event of the step NAME at POSITION; MORE: further members, or "". */
static void put(int64_t position, const char *name, const char *type, const char *more)
{
	seq++;
	const struct event_row row = { .run = run,
		.seq = seq,
		.at = 1000 + seq,
		.step = position,
		.type = str_from(type),
		.data = str_from(arena_printf(a, "{\"step\":\"%s\"%s}", name, more)) };

	assert_int_equal(ops->event_append(s, &row), 0);
}

static void one(const char *type, const char *more)
{
	put(1, "one", type, more);
}

static void two(const char *type, const char *more)
{
	put(3, "two", type, more);
}

static void others(unsigned n)
{
	while (n--)
		put(0, "snapshot", "progress", ",\"phase\":\"copy\",\"files\":1");
}

#define READS(path) ",\"name\":\"read_file\",\"data\":{\"path\":\"" path "\"}"

/* "activity | condition" of the step NAME, as a client gets it. */
static const char *now(const char *name)
{
	json_t *doc = views_run(views, s, a, run), *step;
	const char *text = "there is no such step";
	size_t i;

	json_array_foreach (json_get_array(doc, "steps"), i, step)
		if (str_is(json_get_str(step, "step"), name))
			text = arena_printf(a, "%s | %s", json_get_cstr(step, "activity", "null"),
			    json_get_cstr(step, "condition", "null"));
	json_decref(doc);
	return text;
}

/* --- tests -------------------------------------------------------------------------------- */

static void what_it_did_last_is_what_it_does(void **state)
{
	(void)state;
	assert_string_equal(now("one"), "null | null"); /* nothing is known of it */
	one("step", ",\"status\":\"running\"");
	assert_string_equal(now("one"), "starting | null");
	one("tool", READS("src/a.c"));
	two("text", ",\"text\":\"first\\nsecond\\n\"");
	one("usage", ",\"in\":5,\"out\":1");
	assert_string_equal(now("one"), "read_file src/a.c | null");
	assert_string_equal(now("two"), "writes: second | null");
	two("waiting", ",\"why\":\"a slot\"");
	assert_string_equal(now("two"), "writes: second | waiting for model: a slot");
	two("usage", ",\"in\":5,\"out\":1");
	assert_string_equal(now("two"), "writes: second | null");
	assert_string_equal(now("snapshot"), "null | null");
	assert_string_equal(now("ask"), "null | null");
	assert_string_equal(now("later"), "null | null");
}

static void another_attempt_begins_with_nothing(void **state)
{
	(void)state;
	one("step", ",\"status\":\"running\"");
	one("tool", READS("src/a.c"));
	one("waiting", ",\"why\":\"a slot\"");
	one("step", ",\"status\":\"running\",\"attempt\":2");
	one("attempt", ",\"epoch\":2");
	assert_string_equal(now("one"), "starting | null");
	one("think", ",\"text\":\"hm\"");
	assert_string_equal(now("one"), "thinking | null");
	/* also when the two lie in different portions */
	others(300);
	assert_string_equal(now("one"), "thinking | null");
}

static void who_says_little_among_many_is_found(void **state)
{
	(void)state;
	two("tool", READS("src/far.c"));
	others(700);
	one("tool", READS("src/near.c"));
	two("waiting", ",\"why\":\"a slot\"");
	others(800);
	assert_string_equal(now("one"), "read_file src/near.c | null");
	assert_string_equal(now("two"), "read_file src/far.c | waiting for model: a slot");
}

static void what_was_said_long_ago_is_not_its_present(void **state)
{
	(void)state;
	one("tool", READS("src/a.c"));
	others(1999);
	assert_string_equal(now("one"), "read_file src/a.c | null");
	others(1);
	assert_string_equal(now("one"), "null | null");
}

static void a_run_that_is_over_does_nothing(void **state)
{
	struct run_row row;

	(void)state;
	one("tool", READS("src/a.c"));
	assert_int_equal(ops->run_load(s, a, run, &row), 0);
	row.status = STR("failed");
	assert_int_equal(ops->run_update(s, &row), 0);
	assert_string_equal(now("one"), "null | null");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_it_did_last_is_what_it_does),
		T(another_attempt_begins_with_nothing),
		T(who_says_little_among_many_is_found),
		T(what_was_said_long_ago_is_not_its_present),
		T(a_run_that_is_over_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
