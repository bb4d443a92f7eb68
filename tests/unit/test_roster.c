/* A run as rows, and what a call is called. */
#include "watch.h"

#include "view/roster.h"
#include "view/tool.h"

static struct arena *arena;
static struct roster roster;
static int64_t seq;

static int setup(void **state)
{
	(void)state;
	arena = arena_create("test", ARENA_JOB);
	roster_init(&roster, arena);
	seq = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

static struct roster_row *event(msec_t at, const char *type, const char *text)
{
	json_t *data = json_parse(str_from(text), NULL);

	assert_non_null(data);
	struct roster_row *row = roster_event(&roster, ++seq, at, str_from(type), data);

	json_decref(data);
	return row;
}

static void start(void)
{
	assert_null(event(10, "started",
	    "{\"run\":\"r-1\",\"flow\":\"f\",\"size\":\"small\",\"steps\":["
	    "{\"name\":\"snapshot\",\"kind\":\"snapshot\"},"
	    "{\"name\":\"a\",\"kind\":\"agent\",\"role\":\"angle\",\"label\":\"Structure\"},"
	    "{\"name\":\"list\",\"kind\":\"code\"}]}"));
}

static void test_a_question_waits(void **state)
{
	(void)state;
	start();
	event(20, "step", "{\"step\":\"q\",\"status\":\"pending\",\"kind\":\"approval\"}");
	struct roster_row *row =
	    event(30, "step", "{\"step\":\"q\",\"status\":\"running\",\"attempt\":1}");

	assert_string_equal(row->activity, "waits for a person");
}

static void test_rows(void **state)
{
	(void)state;
	start();
	assert_int_equal(roster.n, 3);
	assert_str(roster.rows[1].label, "Structure");
	assert_str(roster.rows[2].label, "list"); /* its name, for want of one */
	assert_true(roster_shows(&roster.rows[1]));
	assert_false(roster_shows(&roster.rows[2]));
	struct roster_row *row =
	    event(20, "step", "{\"step\":\"a\",\"status\":\"running\",\"attempt\":1}");

	assert_ptr_equal(row, &roster.rows[1]);
	assert_string_equal(row->activity, "starting");
	event(
	    30, "tool", "{\"step\":\"a\",\"name\":\"read_file\",\"data\":{\"path\":\"src/a.c\"}}");
	assert_string_equal(row->activity, "read_file src/a.c");
	event(40, "text", "{\"step\":\"a\",\"text\":\"one\\ntwo\\n\\n\"}");
	assert_string_equal(row->activity, "writes: two");
	assert_int_equal(row->tail_n, 3);
	event(50, "waiting", "{\"step\":\"a\",\"why\":\"the lane is full\"}");
	assert_string_equal(row->condition, "waiting for model: the lane is full");
	event(60, "usage", "{\"step\":\"a\",\"in\":100,\"out\":20}");
	assert_string_equal(row->condition, "");
	assert_int_equal(roster_tokens(&roster), 120);
	assert_int_equal(row->beats, 4);
	assert_int_equal(row->last, 60);
}

static void test_results(void **state)
{
	unsigned settled, all;

	(void)state;
	start();
	struct roster_row *row = event(70, "step",
	    "{\"step\":\"a\",\"status\":\"completed\",\"facts\":"
	    "{\"findings\":2,\"citations\":3,\"hold\":2,\"denied\":1,\"in\":5,\"out\":6}}");

	assert_str(roster_result(arena, row), "2 findings, 2 of 3 citations hold, 1 call denied");
	roster_count(&roster, &settled, &all);
	assert_int_equal(settled, 1);
	assert_int_equal(all, 1);
	assert_false(roster.over);
	assert_null(event(80, "run", "{\"status\":\"completed\",\"reason\":\"\"}"));
	assert_true(roster.over);
	assert_int_equal(roster.ended, 80);
	assert_null(event(90, "text", "{\"step\":\"nobody\",\"text\":\"x\"}"));
}

static void test_calls(void **state)
{
	static const char *const names[][2] = { { "read_file", "read" }, { "Read", "read" },
		{ "read_many_files", "read" }, { "grep_search", "search" }, { "Glob", "list" },
		{ "ls", "list" }, { "run_shell_command", "run" }, { "Bash", "run" },
		{ "web_fetch", "fetch" }, { "WebSearch", "fetch" }, { "write_file", "write" },
		{ "Edit", "write" }, { "todo_write", "think" }, { "exit_plan_mode", "think" },
		{ "frobnicate", "call" }, { "", "call" } };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(tool_verb(str_from(names[i][0])), names[i][1]);
	json_t *input = json_pack("{s:i, s:s, s:s}", "path", 5, "pattern", "x.*", "command", "ls");

	assert_str(tool_subject(input), "x.*"); /* a path that is none does not count */
	assert_str(tool_subject(NULL), "");
	json_decref(input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_question_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_results, setup, teardown),
		cmocka_unit_test(test_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
