/* docs/eval.md says what the evaluation kit does: its keys, its limits, an example that is one. */
#include "check.h"

#include "base/limits.h"
#include "flow/errors.h"
#include "report/eval.h"
#include "sys/fs.h"

#include <stdlib.h>

static struct arena *arena;
static struct str page;

static int setup(void **state)
{
	(void)state;
	arena = arena_create("test", ARENA_JOB);
	return fs_read(
	    arena, fs_join(arena, getenv("TUTTI_SOURCE"), "docs/eval.md"), MIB(1), &page);
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

/* From the line FROM to the next line that is TO. */
static struct str between(const char *from, const char *to)
{
	ptrdiff_t at = str_find(page, str_from(arena_printf(arena, "\n%s\n", from)));

	if (at < 0)
		fail_msg("docs/eval.md does not have: %s", from);
	struct str rest = str_skip(page, (size_t)at + strlen(from) + 2);
	ptrdiff_t end = str_find(rest, str_from(arena_printf(arena, "\n%s", to)));

	assert_true(end >= 0);
	return str_take(rest, (size_t)end + 1);
}

/* The rows of the table in TEXT are those of KEYS, in that order. */
static void has_rows(struct str text, const char *const *keys)
{
	while (text.p) {
		struct str line = str_line(&text), name = str_skip(line, 3);

		if (!str_starts(line, STR("| `")))
			continue;
		assert_non_null(*keys);
		assert_str(str_split(&name, '`'), *keys++);
	}
	assert_null(*keys);
}

static void keys_are_those_of_the_program(void **state)
{
	(void)state;
	has_rows(between("Keys of a case; unknown ones are errors:", "Keys of a defect:"),
	    eval_case_keys);
	has_rows(between("Keys of a defect:", "Keys of a decoy:"), eval_defect_keys);
	has_rows(between("Keys of a decoy:", "| limit"), eval_decoy_keys);
}

static void limits_are_those_of_the_program(void **state)
{
	(void)state;
	assert_true(EVAL_CASES_MAX == 1000 && str_contains(page, STR("\n| cases | 1,000 |")));
	const struct {
		const char *row;
		int value;
	} rows[] = { { "defects, decoys of a case", EVAL_PLACES_MAX },
		{ "words of a place", EVAL_WORDS_MAX }, { "rounds", EVAL_ROUNDS_MAX } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(str_contains(page,
		    str_from(arena_printf(arena, "\n| %s | %d |", rows[i].row, rows[i].value))));
	assert_true(str_contains(
	    page, str_from(arena_printf(arena, "at most %d lines longer", EVAL_SLACK_LINES))));
}

static void the_example_is_a_case(void **state)
{
	struct flow_errors errors = { .arena = arena };
	struct eval_case c;

	(void)state;
	if (!eval_case_parse(arena, "docs/eval.md", between("```yaml", "```"), &errors, &c))
		fail_msg("%s", errors.v[0].message);
	assert_int_equal(c.n_defects + c.n_decoys, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_are_those_of_the_program, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_are_those_of_the_program, setup, teardown),
		cmocka_unit_test_setup_teardown(the_example_is_a_case, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
