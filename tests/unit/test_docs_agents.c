/* docs/agents.md says of agents what the code says: `./dev docs agents` writes that part of it. */
#include "arena.h"

#include "adapter/adapter.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/sheet.h"
#include "sys/fs.h"

#include <stdlib.h>

static struct str sheet(void)
{
	struct buf b;

	buf_init(&b, MIB(1));
	sheet_all(arena, &b);
	struct str text = arena_dup(arena, buf_str(&b));

	buf_fini(&b);
	return text;
}

static void the_page_has_what_the_code_says(void **state)
{
	const char *path = fs_join(arena, getenv("TUTTI_SOURCE"), "docs/agents.md");
	const char *section = arena_printf(arena,
	    "<!-- sheet: written by ./dev docs agents -->\n%.*s<!-- /sheet -->", STR_ARG(sheet()));
	struct str page;

	(void)state;
	assert_int_equal(fs_read(arena, path, MIB(1), &page), 0);
	if (!str_contains(page, str_from(section)))
		fail_msg("docs/agents.md is not what the code says: ./dev docs agents");
}

/* Every agent has a row, a chapter with its command, and everything it could be asked by. */
static void every_agent_is_in_it(void **state)
{
	struct str text = sheet();

	(void)state;
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		const char *row = arena_printf(arena, "\n| `%s` | ", (*ops)->name);
		const char *chapter = arena_printf(arena, "\n### %s\n", (*ops)->name);
		ptrdiff_t at = str_find(text, str_from(chapter));

		assert_true(str_contains(text, str_from(row)));
		assert_true(at > 0);
		assert_true(str_contains(str_skip(text, (size_t)at), STR("```\n/opt/")));
		for (const char *const *name = (*ops)->env_names; *name; name++)
			assert_true(
			    str_contains(text, str_from(arena_printf(arena, "`%s`", *name))));
	}
}

static void a_sheet_has_the_whole_of_an_agent(void **state)
{
	(void)state;
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		json_t *doc = sheet_json(arena, *ops);

		assert_string_equal(json_get_cstr(doc, "name", ""), (*ops)->name);
		assert_string_equal(json_get_cstr(doc, "mode", ""), (*ops)->traits.mode);
		assert_string_equal(json_get_cstr(doc, "dialect", ""), (*ops)->traits.dialect);
		assert_true(json_array_size(json_get_array(doc, "argv")) > 3);
		assert_true(json_array_size(json_get_array(doc, "environment")) > 0);
		json_decref(doc);
	}
}

/* The gateway is found by a name of these. */
static void every_agent_speaks_and_reads(void **state)
{
	static const char *const dialects[] = { "chat", "messages", "responses", "gemini" };

	(void)state;
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		bool known = false;

		for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
			known |= strcmp((*ops)->traits.dialect, dialects[i]) == 0;
		assert_true(known);
		assert_true((*ops)->traits.mode[0]);
		for (const char *const *s = (*ops)->traits.shadows; s && *s; s++)
			assert_true((*s)[0] && (*s)[0] != '/' && !strstr(*s, ".."));
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_page_has_what_the_code_says),
		T(every_agent_is_in_it),
		T(a_sheet_has_the_whole_of_an_agent),
		T(every_agent_speaks_and_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
