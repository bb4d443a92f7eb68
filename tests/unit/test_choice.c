/* Why a run has its size, what that leaves out, and what it would be. */
#include "check.h"

#include "base/json.h"
#include "base/limits.h"
#include "engine/preview.h"
#include "flow/library.h"

#include <stdlib.h>

static struct library *lib;
static struct arena *a;

static int setup(void **state)
{
	(void)state;
	lib = library_create();
	library_add_builtin(lib);
	library_check(lib);
	a = arena_create("test", MIB(256));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	library_destroy(lib);
	arena_destroy(a);
	return 0;
}

static json_t *measured(int changed, int focus)
{
	return json_pack("{s:i, s:i, s:b, s:b, s:b}", "changed_lines", changed, "focus_lines",
	    focus, "sql", 0, "migrations", 0, "auth", 1);
}

static void the_line_of_the_table_is_named_with_what_was_measured(void **state)
{
	static const struct {
		int changed, focus;
		enum flow_size size;
		const char *reason;
	} rows[] = {
		{ 2000, 1, SIZE_LARGE, "a change of 2,000 lines or more, here 2,000 lines" },
		{ 1999, 1, SIZE_MEDIUM, "a change of 200 lines or more, here 1,999 lines" },
		{ 1, 500000, SIZE_SMALL, "a smaller change, here 1 line" },
		{ 0, 1234567, SIZE_LARGE, "100,000 lines or more in focus, here 1,234,567 lines" },
		{ 0, 10000, SIZE_MEDIUM, "10,000 lines or more in focus, here 10,000 lines" },
		{ 0, 9999, SIZE_SMALL, "anything else, here 9,999 lines in focus" },
		{ 0, 0, SIZE_SMALL, "anything else, here 0 lines in focus" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *signals = measured(rows[i].changed, rows[i].focus);
		struct str reason;

		assert_int_equal(size_rule(signals)->size, rows[i].size);
		reason = choice_reason(a, rows[i].size, true, signals);
		assert_string_equal(arena_cstr(a, reason), rows[i].reason);
		json_decref(signals);
	}
	assert_string_equal(arena_cstr(a, choice_reason(a, SIZE_LARGE, false, NULL)), "asked for");
	assert_int_equal(choice_reason(a, SIZE_AUTO, true, NULL).n, 0);
	assert_string_equal(arena_cstr(a, choice_reason(a, SIZE_SMALL, true, NULL)),
	    "there is no repository, so nothing was measured");
}

static void a_condition_is_told_with_the_values_it_reads(void **state)
{
	static const char *const rows[][2] = {
		{ "signals.sql or signals.migrations",
		    "signals.sql = false, signals.migrations = false" },
		{ "signals.auth and not signals['sql'] or signals.auth",
		    "signals.auth = true, signals.sql = false" },
		{ "size == \"large\"", "size = \"small\"" },
		{ "signals.changed_lines > 4 -- signals.auth", "signals.changed_lines = 7" },
		{ "signals.nothing", "signals.nothing = not measured" },
		{ "input.size and 'signals.sql'", "" },
		{ "items ~= \"\"", "" },
		{ "signals", "" },
		{ "", "" },
	};
	json_t *signals = measured(7, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
		    arena_cstr(a, choice_because(a, str_from(rows[i][0]), SIZE_SMALL, signals)),
		    rows[i][1]);
	json_decref(signals);
}

/* {step: "runs: reason"} of a flow at a size */
static const char *runs_of(json_t *doc, const char *id)
{
	json_t *step;
	size_t i;

	json_array_foreach (json_get_array(doc, "steps"), i, step)
		if (str_is(json_get_str(step, "step"), id))
			return json_get_cstr(step, "runs", "");
	json_array_foreach (json_get_array(json_get_object(doc, "choice"), "left_out"), i, step)
		if (str_is(json_get_str(step, "step"), id))
			return json_get_cstr(step, "reason", "");
	return "none";
}

static void a_preview_tells_who_runs_and_why_not(void **state)
{
	json_t *signals = measured(0, 5), *input = json_pack("{s:s}", "question", "why?");
	struct err err;
	struct preview_spec spec = { .flow = library_flow(lib, STR("architectural-analysis"), &err),
		.input = input,
		.signals = signals,
		.size = SIZE_AUTO };
	json_t *doc = preview_json(a, &spec);

	(void)state;
	assert_string_equal(runs_of(doc, "structure"), "yes");
	assert_string_equal(runs_of(doc, "data"), "from size medium on");
	assert_string_equal(runs_of(doc, "map"), "only at size large");
	assert_string_equal(runs_of(doc, "rewrite"), "open");
	json_decref(doc);
	spec.size = SIZE_MEDIUM;
	doc = preview_json(a, &spec);
	assert_string_equal(runs_of(doc, "data"), "no");
	assert_string_equal(runs_of(doc, "security"), "yes");
	assert_string_equal(runs_of(doc, "map"), "only at size large");
	json_decref(doc);
	json_decref(signals);
	json_decref(input);
}

/* Each step of each flow is in exactly one of the two lists, at each size. */
static void nothing_is_missing_from_a_preview(void **state)
{
	json_t *input = json_pack("{s:s}", "question", "why?");

	(void)state;
	for (size_t i = 0; i < library_count(lib); i++) {
		const struct flow *f = library_at(lib, i)->flow;

		for (int size = SIZE_SMALL; size <= SIZE_LARGE; size++) {
			const struct preview_spec spec = {
				.flow = f, .input = input, .size = (enum flow_size)size
			};
			json_t *doc = preview_json(a, &spec);
			json_t *choice = json_get_object(doc, "choice");

			assert_int_equal(json_array_size(json_get_array(doc, "steps")) +
					     json_array_size(json_get_array(choice, "left_out")),
			    f->n_steps);
			if (size == SIZE_LARGE)
				assert_int_equal(
				    json_array_size(json_get_array(choice, "left_out")), 0);
			json_decref(doc);
		}
	}
	json_decref(input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_of_the_table_is_named_with_what_was_measured),
		cmocka_unit_test(a_condition_is_told_with_the_values_it_reads),
		cmocka_unit_test(a_preview_tells_who_runs_and_why_not),
		cmocka_unit_test(nothing_is_missing_from_a_preview),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
