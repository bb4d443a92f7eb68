/* The pages under docs/ say what the code does: no key, function or limit is missing from them. */
#include "check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "flow/expr.h"
#include "flow/parse.h"
#include "rehearsal/rehearsal.h"

#include <stdio.h>
#include <stdlib.h>

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_create("test", ARENA_JOB);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

static struct str page(const char *name)
{
	char path[4096];
	char *text = arena_alloc(arena, MIB(1));

	snprintf(path, sizeof(path), "%s/docs/%s", getenv("TUTTI_SOURCE"), name);
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	size_t n = fread(text, 1, MIB(1), f);

	fclose(f);
	return (struct str){ text, n };
}

/* --- mentions ---------------------------------------------------------------------------- */

static unsigned missing;

static void must_mention(struct str text, const char *page_name, const char *what)
{
	if (str_contains(text, str_from(what)))
		return;
	print_message("docs/%s does not mention %s\n", page_name, what);
	missing++;
}

/* The part of TEXT from the heading on to the next of the same or a higher level. */
static struct str section(struct str text, const char *heading)
{
	ptrdiff_t at = str_find(text, str_from(arena_printf(arena, "\n%s\n", heading)));
	size_t level = strspn(heading, "#");

	if (at < 0)
		fail_msg("docs/flows.md has no heading %s", heading);
	struct str part = str_skip(text, (size_t)at + 1), rest = part;

	str_line(&rest);
	while (rest.p) {
		const char *begin = rest.p;
		struct str line = str_line(&rest);
		size_t marks = 0;

		while (marks < line.n && line.p[marks] == '#')
			marks++;
		if (marks && marks <= level)
			return str_take(part, (size_t)(begin - part.p));
	}
	return part;
}

/* A row of a table begins with the key. */
static void must_list(struct str text, const struct key *key)
{
	must_mention(text, "flows.md", arena_printf(arena, "| `%s` |", key->name));
}

static void every_key_has_its_row(void **state)
{
	static const struct {
		const char *heading;
		const struct key *keys;
	} tables[] = { { "## The file", flow_keys }, { "### Inputs", input_keys },
		{ "### Report", report_keys }, { "### switch", case_keys },
		{ "## The spine", spine_keys } };
	struct str text = page("flows.md");

	(void)state;
	missing = 0;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct key *k = tables[i].keys; k->name; k++)
			must_list(section(text, tables[i].heading), k);
	assert_int_equal(missing, 0);
}

static void every_kind_lists_its_own_keys(void **state)
{
	struct str text = page("flows.md");

	(void)state;
	missing = 0;
	for (enum step_kind kind = KIND_AGENT; kind < KIND_SNAPSHOT; kind++) {
		const char *heading = arena_printf(arena, "### %s", step_kind_name(kind));
		struct str part = section(text, heading);

		for (const struct key *k = step_keys; k->name; k++)
			if (k->kinds & KIND_BIT(kind))
				must_list(part, k);
	}
	for (const struct key *k = step_keys; k->name; k++)
		if (!k->kinds)
			must_list(section(text, "## Steps"), k);
	assert_int_equal(missing, 0);
}

/* Rows that speak of a key which no table has: it was renamed, or never was. */
static void no_row_is_made_up(void **state)
{
	static const struct key *const tables[] = { flow_keys, input_keys, report_keys, case_keys,
		spine_keys, step_keys };
	struct str rest = page("flows.md");
	bool in_keys = false;

	(void)state;
	while (rest.p) {
		struct str line = str_line(&rest);
		bool known = false;

		if (str_starts(line, STR("| ")) && !str_starts(line, STR("| `")))
			in_keys = str_starts(line, STR("| key |")) ||
				  (in_keys && str_starts(line, STR("| ---")));
		if (!in_keys || !str_starts(line, STR("| `")))
			continue;
		struct str name = str_skip(line, 3);

		name = str_split(&name, '`');
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			for (const struct key *k = tables[i]; k->name; k++)
				known |= str_is(name, k->name);
		if (!known)
			fail_msg("docs/flows.md has a row for '%.*s'", STR_ARG(name));
	}
}

static void every_word_is_mentioned(void **state)
{
	struct str text = page("flows.md");

	(void)state;
	missing = 0;
	for (int c = 0; c < FLOW_CATEGORIES; c++)
		must_mention(text, "flows.md",
		    arena_printf(arena, "`%s`", flow_category_name((enum flow_category)c)));
	for (int r = 0; r < STEP_ROLES; r++)
		must_mention(text, "flows.md",
		    arena_printf(arena, "`%s`", step_role_name((enum step_role)r)));
	for (int s = 0; s < SIZE_AUTO; s++)
		must_mention(text, "flows.md",
		    arena_printf(arena, "`%s`", flow_size_name((enum flow_size)s)));
	assert_int_equal(missing, 0);
}

static void every_function_is_explained(void **state)
{
	static const char *const names[] = { "question", "input", "size", "fast", "focus", "repo",
		"signals", "steps", "item", "items" };
	struct str text = page("expressions.md");

	(void)state;
	missing = 0;
	for (const char *const *name = expr_library_names; *name; name++)
		must_mention(text, "expressions.md",
		    strcmp(*name, "math") == 0 ? "| `math` |"
					       : arena_printf(arena, "| `%s(", *name));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		must_mention(text, "expressions.md", arena_printf(arena, "| `%s` |", names[i]));
	assert_int_equal(missing, 0);
}

/* Each member of math that the page names is there, and nothing else is. */
static void math_is_what_the_page_says(void **state)
{
	const struct source src = { STR("local names = {}\n"
					"for _, name in ipairs(split(\"abs ceil exp floor log max "
					"min sqrt pi huge maxinteger\", \" \")) do\n"
					"  assert(math[name], name)\n"
					"  names[#names + 1] = \"`math.\" .. name .. \"`\"\n"
					"end\nreturn names"),
		{ "test", 1, 1 } };
	const struct scope scope = { 0 };
	struct str text = page("expressions.md");
	struct expr_vm *vm = expr_create();
	json_t *names, *name;
	struct err err;
	size_t i;

	(void)state;
	missing = 0;
	assert_int_equal(expr_eval(vm, &src, &scope, &names, &err), 0);
	json_array_foreach (names, i, name)
		must_mention(text, "expressions.md", json_string_value(name));
	assert_int_equal(missing, 0);
	json_decref(names);
	expr_destroy(vm);
}

/* --- numbers ----------------------------------------------------------------------------- */

/* "10,000" */
static const char *with_commas(unsigned long long n)
{
	if (n < 1000)
		return arena_printf(arena, "%llu", n);
	return arena_printf(arena, "%s,%03llu", with_commas(n / 1000), n % 1000);
}

static const char *as_size(unsigned long long n)
{
	if (n % MIB(1) == 0)
		return arena_printf(arena, "%llu MiB", n >> 20);
	return arena_printf(arena, "%llu KiB", n >> 10);
}

static void limits_are_those_of_the_program(void **state)
{
	const struct {
		const char *page, *row, *value;
	} rows[] = {
		{ "flows.md", "a flow file", as_size(FLOW_FILE_MAX) },
		{ "flows.md", "nesting of a file", with_commas(FLOW_DEPTH_MAX) },
		{ "flows.md", "values of a file", with_commas(FLOW_NODES_MAX) },
		{ "flows.md", "errors shown", with_commas(FLOW_ERRORS_MAX) },
		{ "flows.md", "steps of a flow", with_commas(FLOW_STEPS_MAX) },
		{ "flows.md", "steps of a run, with all children", with_commas(RUN_STEPS_MAX) },
		{ "flows.md", "items of an `each`", with_commas(EACH_ITEMS_MAX) },
		{ "flows.md", "rounds of a `loop`", with_commas(LOOP_ROUNDS_MAX) },
		{ "flows.md", "flows inside flows", with_commas(FLOW_NEST_MAX) },
		{ "flows.md", "a persona", as_size(PERSONA_FILE_MAX) },
		{ "flows.md", "the question", as_size(QUESTION_MAX) },
		{ "flows.md", "a prompt", as_size(PROMPT_MAX) },
		{ "flows.md", "an answer", as_size(ANSWER_MAX) },
		{ "flows.md", "the output of code", as_size(CODE_OUTPUT_MAX) },
		{ "flows.md", "the output of a command", as_size(COMMAND_OUTPUT_MAX) },
		{ "flows.md", "an expression", as_size(EXPR_SOURCE_MAX) },
		{ "expressions.md", "length of one expression", as_size(EXPR_SOURCE_MAX) },
		{ "expressions.md", "instructions of one evaluation",
		    with_commas(EXPR_INSTRUCTIONS_MAX) },
		{ "expressions.md", "memory of one evaluation", as_size(EXPR_MEMORY_MAX) },
		{ "expressions.md", "a rendered prompt", as_size(PROMPT_MAX) },
	};

	(void)state;
	missing = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		must_mention(page(rows[i].page), rows[i].page,
		    arena_printf(arena, "\n| %s | %s", rows[i].row, rows[i].value));
	must_mention(page("rehearsal.md"), "rehearsal.md", as_size(REHEARSAL_SCRIPT_MAX));
	must_mention(page("rehearsal.md"), "rehearsal.md",
	    arena_printf(arena, "%s lines", with_commas(REHEARSAL_RULES_MAX)));
	must_mention(page("rehearsal.md"), "rehearsal.md", as_size(REHEARSAL_TEXT_MAX));
	assert_int_equal(missing, 0);
}

/* --- examples ---------------------------------------------------------------------------- */

/* The next block of LANGUAGE; false when there is none. */
static bool next_block(struct str *rest, const char *language, struct str *ret)
{
	const char *fence = arena_printf(arena, "```%s", language);

	while (rest->p) {
		if (!str_is(str_line(rest), fence))
			continue;
		const char *begin = rest->p;

		while (rest->p) {
			const char *end = rest->p;

			if (!str_is(str_line(rest), "```"))
				continue;
			*ret = (struct str){ begin, (size_t)(end - begin) };
			return true;
		}
	}
	return false;
}

static void examples_of_flows_parse(void **state)
{
	struct str rest = page("flows.md"), block;
	unsigned n = 0;

	(void)state;
	while (next_block(&rest, "yaml", &block)) {
		struct flow_errors errors;
		struct flow *f;

		if (!str_starts(block, STR("flow:")))
			continue;
		if (flow_parse(arena, "docs/flows.md", block, &f, &errors) < 0)
			fail_msg("line %u of a flow in docs/flows.md: %s", errors.v[0].at.line,
			    errors.v[0].message);
		flow_release(f);
		n++;
	}
	assert_true(n >= 3);
}

static void examples_of_scripts_are_read(void **state)
{
	struct str rest = page("rehearsal.md"), block;
	unsigned n = 0;

	(void)state;
	for (; next_block(&rest, "rehearsal", &block); n++) {
		struct rehearsal *r;
		struct err err;

		if (rehearsal_create(block, &r, &err) < 0)
			fail_msg("a script in docs/rehearsal.md: %s; %s", err.what, err.why);
		rehearsal_destroy(r);
	}
	assert_true(n >= 5);
}

/* Each action that the tables name has its line in an example. */
static void every_action_has_an_example(void **state)
{
	struct str text = page("rehearsal.md"), rest = text, block, line;
	struct buf examples;
	bool in_actions = false;
	unsigned n = 0;

	(void)state;
	missing = 0;
	buf_init(&examples, MIB(1));
	buf_addc(&examples, '\n');
	while (next_block(&rest, "rehearsal", &block))
		buf_add(&examples, block);
	for (rest = text; rest.p;) {
		line = str_line(&rest);
		in_actions = str_starts(line, STR("| action |")) ||
			     (in_actions && str_starts(line, STR("|")));
		if (!in_actions || !str_starts(line, STR("| `")))
			continue;
		struct str verb = str_skip(line, 3), word;

		verb = str_split(&verb, '`');
		word = str_split(&verb, ' ');
		const char *alone = arena_printf(arena, "\n%.*s", STR_ARG(word));
		const char *selected = arena_printf(arena, " %.*s", STR_ARG(word));

		if (!str_contains(buf_str(&examples), str_from(alone)) &&
		    !str_contains(buf_str(&examples), str_from(selected)))
			fail_msg("docs/rehearsal.md has no example of '%.*s'", STR_ARG(word));
		n++;
	}
	assert_int_equal(n, 26);
	buf_fini(&examples);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(every_key_has_its_row),
		T(every_kind_lists_its_own_keys),
		T(no_row_is_made_up),
		T(every_word_is_mentioned),
		T(every_function_is_explained),
		T(math_is_what_the_page_says),
		T(limits_are_those_of_the_program),
		T(examples_of_flows_parse),
		T(examples_of_scripts_are_read),
		T(every_action_has_an_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
