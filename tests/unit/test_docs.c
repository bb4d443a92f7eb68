/* The pages under docs/ say what the code does: no key, function or limit is missing from them. */
#include "arena.h"

#include "play.h"

#include "agent/priv.h"
#include "base/map.h"
#include "base/unconst.h"
#include "cli/exit.h"
#include "dialect/dialect.h"
#include "flow/expr.h"
#include "flow/library.h"
#include "flow/parse.h"
#include "rehearsal/rehearsal.h"
#include "sys/fs.h"
#include "worker/priv.h"

static struct str source_file(const char *name)
{
	struct str text;

	assert_int_equal(
	    fs_read(arena, fs_join(arena, getenv("TUTTI_SOURCE"), name), MIB(1), &text), 0);
	return text;
}

static struct str page(const char *name)
{
	return source_file(arena_printf(arena, "docs/%s", name));
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
		"signals", "steps", "item", "items", "change", "chunk" };
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
	if (n % GIB(1) == 0)
		return arena_printf(arena, "%llu GiB", n >> 30);
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
		{ "flows.md", "flows of a repository, and again personas, and contracts",
		    arena_printf(arena, "%s files; %s entries", with_commas(OWN_FILES_MAX),
			with_commas(OWN_ENTRIES_MAX)) },
		{ "flows.md", "all of them",
		    arena_printf(arena, "%s, and %s of memory", as_size(OWN_BYTES_MAX),
			as_size(OWN_MEMORY_MAX)) },
		{ "flows.md", "flows of repositories that are trusted",
		    with_commas(TRUSTED_FLOWS_MAX) },
		{ "flows.md", "the question", as_size(QUESTION_MAX) },
		{ "flows.md", "a prompt", as_size(PROMPT_MAX) },
		{ "flows.md", "an earlier report, in a prompt", as_size(PROVIDED_MAX) },
		{ "flows.md", "an answer", as_size(ANSWER_MAX) },
		{ "flows.md", "the output of code", as_size(CODE_OUTPUT_MAX) },
		{ "flows.md", "the output of a command", as_size(COMMAND_OUTPUT_MAX) },
		{ "flows.md", "an expression", as_size(EXPR_SOURCE_MAX) },
		{ "agent-protocol.md", "a prompt", as_size(PROMPT_MAX) },
		{ "agent-protocol.md", "a line; a longer one is dropped whole, and that is told",
		    as_size(AGENT_LINE_MAX) },
		{ "agent-protocol.md", "nesting of JSON", with_commas(JSON_DEPTH_MAX) },
		{ "agent-protocol.md", "all lines of an attempt", as_size(AGENT_OUTPUT_MAX) },
		{ "agent-protocol.md", "standard error that is kept, from its end",
		    as_size(AGENT_STDERR_MAX) },
		{ "agent-protocol.md", "an answer; what is longer is cut", as_size(ANSWER_MAX) },
		{ "agent-protocol.md", "an answer while it is written", as_size(ANSWER_TAKEN_MAX) },
		{ "agent-protocol.md", "turns, when nobody says otherwise",
		    with_commas(TURNS_DEFAULT) },
		{ "agent-protocol.md", "requests to the model", with_commas(ATTEMPT_REQUESTS_MAX) },
		{ "agent-protocol.md", "tool calls of one message", with_commas(REPLY_CALLS_MAX) },
		{ "agent-protocol.md", "the result of a tool, as the model gets it",
		    as_size(TOOL_RESULT_MAX) },
		{ "agent-protocol.md", "lines of one `read_file`", with_commas(TOOL_READ_LINES) },
		{ "agent-protocol.md", "scratch space", as_size(FENCE_SCRATCH) },
		{ "agent-protocol.md", "one file of it", as_size(FENCE_FILE_SIZE) },
		{ "agent-protocol.md", "processes and threads", with_commas(FENCE_PROCESSES) },
		{ "agent-protocol.md", "open files", with_commas(FENCE_OPEN_FILES) },
		{ "agent-protocol.md", "memory of a process", as_size(FENCE_DATA_SIZE) },
		{ "agent-protocol.md", "between asking it to end and killing it",
		    arena_printf(arena, "%d s", KILL_GRACE_MS / 1000) },
		{ "fence.md", "standard output of an attempt",
		    arena_printf(arena, "a line above %s, output above %s (of a command %s) | %s",
			as_size(AGENT_LINE_MAX), as_size(AGENT_OUTPUT_MAX),
			as_size(COMMAND_OUTPUT_MAX), as_size(SPILL_OUTPUT_MAX)) },
		{ "fence.md", "standard error",
		    arena_printf(arena, "%s; the step has its tail | %s", as_size(AGENT_STDERR_MAX),
			as_size(SPILL_ERRORS_MAX)) },
		{ "fence.md", "an answer",
		    arena_printf(
			arena, "%s | %s", as_size(ANSWER_MAX), as_size(SPILL_ANSWER_MAX)) },
		{ "fence.md", "all of them in one data directory |",
		    arena_printf(arena, "%s, of %s runs", as_size(SPILL_HOUSE_MAX),
			with_commas(SPILL_RUNS_MAX)) },
		{ "fence.md", "room that the disk keeps |", as_size(SPILL_SPARE) },
		{ "expressions.md", "length of one expression", as_size(EXPR_SOURCE_MAX) },
		{ "expressions.md", "instructions of one evaluation",
		    with_commas(EXPR_INSTRUCTIONS_MAX) },
		{ "expressions.md", "memory of one evaluation", as_size(EXPR_MEMORY_MAX) },
		{ "expressions.md", "a rendered prompt", as_size(PROMPT_MAX) },
		{ "report.md", "the page", as_size(HTML_MAX) },
		{ "report.md", "one text of an agent", as_size(HTML_TEXT_MAX) },
		{ "report.md", "columns and rows of a table",
		    arena_printf(
			arena, "%d and %s", HTML_COLUMNS_MAX, with_commas(HTML_ROWS_MAX)) },
		{ "report.md", "quotes and lists within each other, begun on one line",
		    with_commas(HTML_NEST_MAX) },
		{ "report.md", "findings, verdicts, cited places", with_commas(HTML_ENTRIES_MAX) },
		{ "report.md", "cited lines of one place", with_commas(HTML_CODE_LINES) },
		{ "report.md", "bytes of a line of code", with_commas(HTML_CODE_LINE) },
		{ "report.md", "lines of code, all together", as_size(HTML_CODE_MAX) },
		{ "report.md", "files read for them", as_size(HTML_CODE_READ) },
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
	assert_true(n >= 5);
}

static void examples_of_personas_are_used_by_their_flows(void **state)
{
	struct str text = page("personas.md"), rest = text, block;
	struct library *lib = library_create();
	struct err err;

	(void)state;
	library_add_builtin(lib);
	while (next_block(&rest, "markdown", &block))
		assert_int_equal(
		    library_add(lib, TEXT_PERSONA, "docs/personas.md", "docs", block), 0);
	rest = text;
	while (next_block(&rest, "yaml", &block))
		assert_int_equal(library_add(lib, TEXT_FLOW, "docs/personas.md", "docs", block), 0);
	library_check(lib);
	if (!library_flow(lib, STR("release-check"), &err))
		fail_msg("%s: %s", err.what, err.why);
	assert_non_null(library_persona(lib, STR("release-reader")));
	must_mention(text, "personas.md", as_size(PERSONA_FILE_MAX));
	library_destroy(lib);
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
	assert_int_equal(n, 27);
	buf_fini(&examples);
}

/* --- the agent protocol ------------------------------------------------------------------ */

#define PROTOCOL "agent-protocol.md"

/* The next string literal right behind MARK in a source text; false when there is none. */
static bool next_literal(struct str *rest, const char *mark, struct str *ret)
{
	for (;;) {
		ptrdiff_t at = str_find(*rest, str_from(mark));

		if (at < 0)
			return false;
		*rest = str_skip(*rest, (size_t)at + strlen(mark));
		struct str behind = str_trim(*rest);

		if (!str_starts(behind, STR("\"")))
			continue;
		behind = str_skip(behind, 1);
		*ret = str_split(&behind, '"');
		return true;
	}
}

/* Each literal behind MARK in FILE has a row that begins with BEFORE; how many there are. */
static size_t list_literals(const char *file, const char *mark, const char *before)
{
	struct str text = page(PROTOCOL), rest = source_file(file), name;
	size_t n = 0;

	for (; next_literal(&rest, mark, &name); n++)
		must_mention(
		    text, PROTOCOL, arena_printf(arena, "%s`%.*s` |", before, STR_ARG(name)));
	return n;
}

static void every_line_of_an_agent_is_listed(void **state)
{
	static const char *const said_in[] = { "src/agent/agent.c", "src/agent/chat.c",
		"src/agent/wire.c" };
	size_t said = 0, read;

	(void)state;
	missing = 0;
	read = list_literals("src/adapter/native.c", "\n\t{ ", "\n| ");
	for (size_t i = 0; i < sizeof(said_in) / sizeof(said_in[0]); i++) {
		said += list_literals(said_in[i], "out_event(", "\n| ");
		said += list_literals(said_in[i], "out_text(", "\n| ");
	}
	assert_int_equal(read, 12);
	assert_true(said >= read);
	assert_int_equal(missing, 0);
}

static void every_member_that_is_read_is_listed(void **state)
{
	size_t n = 0;

	(void)state;
	missing = 0;
	n += list_literals("src/adapter/native.c", "(doc, ", " | ");
	n += list_literals("src/adapter/native.c", "(s->base.result, ", "\n| `result` | ");
	n += list_literals("src/adapter/session.c", "(init, ", "\n| `init` | ");
	assert_true(n >= 20);
	assert_int_equal(missing, 0);
}

static void every_argument_and_variable_is_listed(void **state)
{
	struct str text = page(PROTOCOL);

	(void)state;
	missing = 0;
	assert_true(list_literals("src/agent/agent.c", "argv, ", "\n| ") >= 9);
	for (const char *const *name = adapter_native.env_names; *name; name++)
		must_mention(text, PROTOCOL, arena_printf(arena, "\n| `%s` |", *name));
	for (size_t i = 0; i < agent_n_tools; i++)
		must_mention(text, PROTOCOL, arena_printf(arena, "`%s`", agent_tools[i].name));
	for (int e = ENDING_ANSWERED; e < ENDINGS; e++)
		if (e != ENDING_LOST) /* the fate of a daemon, not of an agent */
			must_mention(text, PROTOCOL,
			    arena_printf(arena, "`%s`", ending_name((enum ending)e)));
	assert_int_equal(missing, 0);
}

/* Each member of LINE has its row; SEEN holds the rows that some line had. */
static void check_members(struct str text, const json_t *line, struct map *seen)
{
	const char *type = json_get_cstr(line, "type", "?"), *key;
	json_t *value;

	json_object_foreach ((json_t *)unconst(line), key, value) {
		char *row = arena_printf(arena, "\n| `%s` | `%s` |", type, key);

		if (strcmp(key, "type") == 0)
			row = arena_printf(arena, "\n| `%s` |", type);
		must_mention(text, PROTOCOL, row);
		map_put(seen, str_from(row), row);
	}
}

/* The beginning of a row of a table: its first cell, and its second if that is a name, too. */
static const char *row_start(struct str line)
{
	struct str cells = str_skip(line, 1), first = str_trim(str_split(&cells, '|'));
	struct str second = cells.p ? str_trim(str_split(&cells, '|')) : (struct str){ "", 0 };

	if (str_starts(second, STR("`")) && str_ends(second, STR("`")))
		return arena_printf(arena, "\n| %.*s | %.*s |", STR_ARG(first), STR_ARG(second));
	return arena_printf(arena, "\n| %.*s |", STR_ARG(first));
}

/* No row of the tables is missing from the example, and no member of the example from them. */
static void the_example_has_every_type_and_member(void **state)
{
	struct str text = page(PROTOCOL), rest = text, lines;
	struct map seen;
	size_t rows = 0;

	(void)state;
	missing = 0;
	map_init(&seen, arena);
	assert_true(next_block(&rest, "ndjson", &lines));
	while (lines.n) {
		json_t *line = json_parse(str_line(&lines), NULL);

		assert_non_null(line);
		check_members(text, line, &seen);
		json_decref(line);
	}
	for (rest = section(text, "## What it says"); rest.p;) {
		struct str line = str_line(&rest);

		if (!str_starts(line, STR("| `")))
			continue;
		if (!map_get(&seen, str_from(row_start(line))))
			fail_msg("the example has nothing of the row%s", row_start(line));
		rows++;
	}
	assert_true(rows > 30);
	assert_int_equal(missing, 0);
}

static void the_example_is_an_answer(void **state)
{
	struct str rest = page(PROTOCOL), lines;
	struct play p;

	(void)state;
	assert_true(next_block(&rest, "ndjson", &lines));
	play_begin(&p, &adapter_native);
	play_lines(&p, lines);
	assert_int_equal(play_exit(&p, EXIT(0), "").ending, ENDING_ANSWERED);
	assert_int_equal(p.violations, 0);
	play_end(&p);
}

/* --- the gateway ------------------------------------------------------------------------- */

#define GATEWAY "gateway.md"

/* "| `POST /v1/messages` | `messages` | …" asks for something of that dialect. */
static bool is_route(struct str line)
{
	struct dialect_target target;
	enum dialect said;

	str_split(&line, '`');
	struct str path = str_split(&line, '`');
	struct str method = str_split(&path, ' ');

	str_split(&line, '`');
	target = dialect_target(method, path);
	return dialect_parse(str_split(&line, '`'), &said) && target.dialect == said &&
	       target.service != SERVICE_NONE;
}

static void every_route_is_served(void **state)
{
	struct str rest = section(page(GATEWAY), "## Routes");
	unsigned n = 0;

	(void)state;
	while (rest.p) {
		struct str line = str_line(&rest);

		if (!str_starts(line, STR("| `")))
			continue;
		if (!is_route(line))
			fail_msg("docs/" GATEWAY ": %.*s", STR_ARG(line));
		n++;
	}
	assert_int_equal(n, 8);
}

static void ceilings_are_those_of_the_gateway(void **state)
{
	struct str text = section(page(GATEWAY), "## Ceilings");
	const struct {
		const char *name, *what;
		size_t n;
	} rows[] = {
		{ "ATTEMPT_REQUESTS_MAX", " requests", ATTEMPT_REQUESTS_MAX },
		{ "ATTEMPT_SENT_MAX", " MiB of requests", ATTEMPT_SENT_MAX >> 20 },
		{ "ATTEMPT_GOT_MAX", " MiB of answers", ATTEMPT_GOT_MAX >> 20 },
		{ "ATTEMPT_TOKENS_MAX", " tokens", ATTEMPT_TOKENS_MAX },
		{ "ATTEMPT_REFUSED_MAX", " requests without a chance", ATTEMPT_REFUSED_MAX },
		{ "HTTP_HEADER_MAX", " KiB of a request's head", HTTP_HEADER_MAX >> 10 },
		{ "MODEL_REQUEST_MAX", " MiB of a request", MODEL_REQUEST_MAX >> 20 },
		{ "MODEL_RESPONSE_MAX", " MiB of an answer", MODEL_RESPONSE_MAX >> 20 },
		{ "SSE_LINE_MAX", " MiB of an event", SSE_LINE_MAX >> 20 },
		{ "DIALECT_CALLS_MAX", " tool calls", DIALECT_CALLS_MAX },
		{ "DIALECT_BLOCKS_MAX", " texts, thoughts and calls", DIALECT_BLOCKS_MAX },
	};

	(void)state;
	missing = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char what[80];

		snprintf(what, sizeof(what), "%zu%s", rows[i].n, rows[i].what);
		must_mention(text, GATEWAY, arena_printf(arena, "| `%s` | %s", rows[i].name, what));
	}
	for (enum dialect d = DIALECT_CHAT; d < DIALECTS; d++)
		must_mention(section(page(GATEWAY), "## Configuration"), GATEWAY,
		    arena_printf(arena, "| `%s` |", dialect_name(d)));
	assert_int_equal(missing, 0);
}

/* --- exit codes -------------------------------------------------------------------------- */

/* One table for help, JSON (both made of it) and the page; neither has a row the other lacks. */
static void exit_codes_are_those_of_the_program(void **state)
{
	struct str text = section(page("ci.md"), "## Exit codes"), rest = text;
	unsigned rows = 0, codes = 0;

	(void)state;
	missing = 0;
	for (const struct exit_meaning *m = exit_meanings; m->name; m++) {
		codes++;
		must_mention(text, "ci.md",
		    arena_printf(arena, "\n| %d | %s | %s |\n", m->code, m->name, m->meaning));
	}
	while (rest.p) {
		struct str line = str_line(&rest);

		rows += line.n > 2 && str_starts(line, STR("| ")) && line.p[2] >= '0' &&
			line.p[2] <= '9';
	}
	assert_int_equal(rows, codes);
	assert_int_equal(missing, 0);
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
		T(every_line_of_an_agent_is_listed),
		T(every_member_that_is_read_is_listed),
		T(every_argument_and_variable_is_listed),
		T(the_example_has_every_type_and_member),
		T(the_example_is_an_answer),
		T(every_route_is_served),
		T(ceilings_are_those_of_the_gateway),
		T(examples_of_flows_parse),
		T(examples_of_personas_are_used_by_their_flows),
		T(examples_of_scripts_are_read),
		T(every_action_has_an_example),
		T(exit_codes_are_those_of_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
