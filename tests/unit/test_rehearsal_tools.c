/*
 * The tools of other programs: what the rehearsal model asks them for, and what it makes of their
 * results, which are written here as the programs write them. A shell is a real one.
 */
#include "rehearse.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct program {
	const char *name, *where, *tools, *hostile;
	void (*run)(struct buf *b, struct str name, const json_t *args);
	const char *first; /* the calls of its first turn */
};

#define TOOL(name, properties)                                  \
	"{\"type\":\"function\",\"function\":{\"name\":\"" name \
	"\",\"parameters\":{\"properties\":{" properties "}}}}"

/* --- files ------------------------------------------------------------------------------- */

static struct str file_of(struct str path)
{
	struct str text;

	if (str_starts(path, STR("/repo/")))
		path = str_skip(path, 6);
	return sample_source(NULL, NULL, path, &text) < 0 ? (struct str){ NULL, 0 } : text;
}

typedef void (*line_fn)(struct buf *b, unsigned no, struct str line);

/* Lines FROM to TO of TEXT, and how many it has. */
static unsigned each_line(struct buf *b, struct str text, long long from, long long to, line_fn fn)
{
	unsigned no = 0;

	while (text.n) {
		struct str line = str_line(&text);

		if (++no >= from && no <= to)
			fn(b, no, line);
	}
	return no;
}

static bool is_hit(struct str line, struct str pattern)
{
	for (struct str rest = pattern; rest.p;)
		if (str_contains(line, str_split(&rest, '|')))
			return true;
	return false;
}

/* --- claude ------------------------------------------------------------------------------ */

static void claude_line(struct buf *b, unsigned no, struct str line)
{
	buf_printf(b, "%u\t%.*s\n", no, STR_ARG(line));
}

static void claude_grep(struct buf *b, const json_t *args)
{
	assert_str(json_get_str(args, "output_mode"), "content");
	for (size_t i = 0; i < SAMPLES; i++) {
		struct str text = str_from(sample[i].text);

		for (unsigned no = 1; text.n; no++) {
			struct str line = str_line(&text);

			if (is_hit(line, json_get_str(args, "pattern")))
				buf_printf(b, "%s:%u:%.*s\n", sample[i].path, no, STR_ARG(line));
		}
	}
	if (!b->n)
		buf_adds(b, "No matches found");
}

static void claude_run(struct buf *b, struct str name, const json_t *args)
{
	long long from = json_get_int(args, "offset", 1);
	struct str text = file_of(json_get_str(args, "file_path"));

	if (str_is(name, "Glob")) {
		tool_find(b);
	} else if (str_is(name, "Grep")) {
		claude_grep(b, args);
	} else if (str_is(name, "Read") && text.p) {
		unsigned n = each_line(
		    b, text, from, from + json_get_int(args, "limit", 2000) - 1, claude_line);

		buf_printf(b, "%u\t", n + 1);
		buf_adds(b, "\n\n<system-reminder>\n1\tnot of the file\n</system-reminder>\n");
	} else {
		buf_adds(b, "<tool_use_error>Error: No such tool available</tool_use_error>");
	}
}

/* --- opencode ---------------------------------------------------------------------------- */

static void opencode_line(struct buf *b, unsigned no, struct str line)
{
	buf_printf(b, "%u: %.*s\n", no, STR_ARG(line));
}

static void opencode_grep(struct buf *b, const json_t *args)
{
	struct buf hits;

	buf_init(&hits, TOOL_RESULT_MAX);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct str text = str_from(sample[i].text);
		size_t before = hits.n;

		for (unsigned no = 1; text.n; no++) {
			struct str line = str_line(&text);

			if (!is_hit(line, json_get_str(args, "pattern")))
				continue;
			if (hits.n == before)
				buf_printf(
				    &hits, "%s/repo/%s:\n", before ? "\n\n" : "", sample[i].path);
			buf_printf(&hits, "  Line %u: %.*s\n\n", no, STR_ARG(line));
		}
	}
	if (hits.n)
		buf_printf(b, "Found some matches\n%.*s", STR_ARG(buf_str(&hits)));
	else
		buf_adds(b, "No files found");
	buf_fini(&hits);
}

static void opencode_run(struct buf *b, struct str name, const json_t *args)
{
	long long from = json_get_int(args, "offset", 1);
	struct str path = json_get_str(args, "filePath"), text = file_of(path);

	if (str_is(name, "glob")) {
		for (size_t i = 0; i < SAMPLES; i++)
			buf_printf(b, "/repo/%s\n", sample[i].path);
	} else if (str_is(name, "grep")) {
		opencode_grep(b, args);
	} else if (str_is(name, "read") && text.p) {
		buf_printf(b, "<path>%.*s</path>\n<type>file</type>\n<content>\n", STR_ARG(path));
		unsigned n = each_line(
		    b, text, from, from + json_get_int(args, "limit", 2000) - 1, opencode_line);

		buf_printf(b, "\n(End of file - total %u lines)\n</content>", n);
	} else {
		buf_printf(b, "File not found: %.*s", STR_ARG(path));
	}
}

/* --- gemini ------------------------------------------------------------------------------ */

static void gemini_line(struct buf *b, unsigned no, struct str line)
{
	(void)no;
	buf_printf(b, "%.*s\n", STR_ARG(line));
}

static void gemini_grep(struct buf *b, const json_t *args)
{
	struct str pattern = json_get_str(args, "pattern");
	struct buf hits;

	buf_init(&hits, TOOL_RESULT_MAX);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct str text = str_from(sample[i].text);
		size_t before = hits.n;

		for (unsigned no = 1; text.n; no++) {
			struct str line = str_line(&text);

			if (!is_hit(line, pattern))
				continue;
			if (hits.n == before)
				buf_printf(&hits, "File: %s\n", sample[i].path);
			buf_printf(&hits, "L%u: %.*s\n", no, STR_ARG(line));
		}
		if (hits.n != before)
			buf_adds(&hits, "---\n");
	}
	buf_printf(b, "%s for pattern \"%.*s\" in path \".\"%s",
	    hits.n ? "Found 9 matches" : "No matches found", STR_ARG(pattern),
	    hits.n ? ":\n---\n" : ".");
	buf_add(b, buf_str(&hits));
	buf_fini(&hits);
}

static void gemini_read(struct buf *b, struct str text, const json_t *args)
{
	long long from = json_get_int(args, "start_line", 1);
	long long to = json_get_int(args, "end_line", 2000);
	struct buf lines;

	buf_init(&lines, TOOL_RESULT_MAX);
	unsigned n = each_line(&lines, text, from, to, gemini_line);

	if (from > 1 || to < n)
		buf_printf(b,
		    "\nIMPORTANT: The file content has been truncated.\nStatus: Showing lines "
		    "%lld-%lld of %u total lines.\nAction: To read more of the file, ask.\n\n--- "
		    "FILE CONTENT (truncated) ---\n",
		    from, to, n + 1);
	buf_add(b, buf_str(&lines));
	buf_fini(&lines);
}

static void gemini_run(struct buf *b, struct str name, const json_t *args)
{
	struct str text = file_of(json_get_str(args, "file_path"));
	struct str dir = json_get_str(args, "dir_path");

	if (str_is(name, "list_directory") && str_is(dir, "/repo"))
		buf_adds(b, "Directory listing for /repo:\n[DIR] src\nREADME.md (61 bytes)\n\n(1 "
			    "ignored)");
	else if (str_is(name, "glob"))
		for (size_t i = 0; i < SAMPLES; i++)
			buf_printf(b, "%s/repo/%s\n",
			    i ? "" : "Found 4 file(s) matching \"**/*\" within /repo:\n",
			    sample[i].path);
	else if (str_is(name, "grep_search"))
		gemini_grep(b, args);
	else if (str_is(name, "read_file") && text.p)
		gemini_read(b, text, args);
	else
		buf_adds(b, "error: Path not in workspace");
}

/* --- codex: a shell ---------------------------------------------------------------------- */

static char *tree;

static void write_samples(void)
{
	tree = arena_printf(arena, "/tmp/tutti-tools-XXXXXX");
	assert_non_null(mkdtemp(tree));
	assert_int_equal(mkdir(arena_printf(arena, "%s/src", tree), 0700), 0);
	for (size_t i = 0; i < SAMPLES; i++) {
		FILE *f = fopen(arena_printf(arena, "%s/%s", tree, sample[i].path), "we");

		assert_non_null(f);
		assert_true(fputs(sample[i].text, f) >= 0);
		fclose(f);
	}
}

static void remove_samples(void)
{
	for (size_t i = 0; i < SAMPLES; i++)
		unlink(arena_printf(arena, "%s/%s", tree, sample[i].path));
	rmdir(arena_printf(arena, "%s/src", tree));
	rmdir(tree);
}

static void shell_run(struct buf *b, struct str command)
{
	char bytes[4096];
	FILE *f =
	    popen(arena_printf(arena, "cd %s && { %.*s; } 2>&1", tree, STR_ARG(command)), "r");

	assert_non_null(f);
	for (size_t n; (n = fread(bytes, 1, sizeof(bytes), f)) > 0;)
		buf_add(b, (struct str){ bytes, n });
	pclose(f);
}

static void codex_run(struct buf *b, struct str name, const json_t *args)
{
	assert_str(name, "exec_command");
	buf_adds(b, "Chunk ID: 0beb84\nWall time: 0.0000 seconds\nProcess exited with code 0\n"
		    "Original token count: 132\nOutput:\n");
	shell_run(b, json_get_str(args, "cmd"));
}

/* The older form: a list of words, and an object around what they say. */
static void codex_old_run(struct buf *b, struct str name, const json_t *args)
{
	const json_t *words = json_get_array(args, "command");
	struct buf out;

	assert_str(name, "shell");
	assert_string_equal(json_string_value(json_array_get(words, 0)), "bash");
	buf_init(&out, TOOL_RESULT_MAX);
	shell_run(&out, str_from(json_string_value(json_array_get(words, 2))));
	json_t *doc = json_pack(
	    "{s:o, s:{s:i}}", "output", json_text(buf_str(&out)), "metadata", "exit_code", 0);

	buf_add_value(b, doc);
	json_decref(doc);
	buf_fini(&out);
}

/* --- the programs ------------------------------------------------------------------------ */

/* clang-format off */
static const char claude_tools[] =
    "[" TOOL("Glob", "\"pattern\":{},\"path\":{}") ","
    TOOL("Grep", "\"pattern\":{},\"path\":{},\"output_mode\":{},\"head_limit\":{},\"offset\":{}") ","
    TOOL("Read", "\"file_path\":{},\"offset\":{},\"limit\":{}") "]";
static const char opencode_tools[] =
    "[" TOOL("glob", "\"pattern\":{},\"path\":{}") ","
    TOOL("grep", "\"pattern\":{},\"path\":{},\"include\":{}") ","
    TOOL("read", "\"filePath\":{},\"offset\":{},\"limit\":{}") "]";
static const char gemini_tools[] =
    "[" TOOL("list_directory", "\"dir_path\":{}") ","
    TOOL("read_file", "\"file_path\":{},\"start_line\":{},\"end_line\":{}") ","
    TOOL("grep_search", "\"pattern\":{},\"dir_path\":{},\"total_max_matches\":{}") ","
    TOOL("glob", "\"pattern\":{},\"dir_path\":{}") "]";
static const char codex_tools[] =
    "[" TOOL("exec_command", "\"cmd\":{\"type\":\"string\"},\"workdir\":{}") ","
    TOOL("write_stdin", "\"session_id\":{}") "]";
static const char codex_old_tools[] =
    "[" TOOL("shell", "\"command\":{\"type\":\"array\"},\"workdir\":{}") "]";
/* clang-format on */

static const struct program programs[] = {
	{ "claude", " - Primary working directory: /repo\n", claude_tools, "Write", claude_run,
	    "Glob {\"pattern\":\"{*,[!.]*/**/*}\"}\n"
	    "Grep {\"output_mode\":\"content\",\"pattern\":\"TODO|FIXME|XXX\",\"head_limit\":40}\n"
	    "Grep {\"output_mode\":\"content\",\"pattern\":\"queue\",\"head_limit\":40}\n" },
	{ "opencode", "  Working directory: /repo\n", opencode_tools, "write", opencode_run,
	    "glob {\"pattern\":\"**/*\"}\n"
	    "grep {\"pattern\":\"TODO|FIXME|XXX\"}\n"
	    "grep {\"pattern\":\"queue\"}\n" },
	{ "gemini", "- **Workspace Directories:**\n  - /repo\n- **Directory Structure:**\n",
	    gemini_tools, "replace", gemini_run,
	    "list_directory {\"dir_path\":\"/repo\"}\n"
	    "glob {\"pattern\":\"**/*\"}\n"
	    "grep_search {\"pattern\":\"TODO|FIXME|XXX\",\"total_max_matches\":40}\n"
	    "grep_search {\"pattern\":\"queue\",\"total_max_matches\":40}\n" },
	{ "codex", "<environment_context>\n  <cwd>/repo</cwd>\n", codex_tools, "apply_patch",
	    codex_run,
	    "exec_command {\"cmd\":\"ls -Ap .\"}\n"
	    "exec_command {\"cmd\":\"grep -rlI --exclude-dir=.git -e '' . | head -n 2000\"}\n"
	    "exec_command {\"cmd\":\"grep -rnIE --exclude-dir=.git -e 'TODO|FIXME|XXX' . | head -n "
	    "60\"}\n"
	    "exec_command {\"cmd\":\"grep -rnIE --exclude-dir=.git -e queue . | head -n 60\"}\n" },
	{ "codex, older", "<cwd>/repo</cwd>\n", codex_old_tools, "apply_patch", codex_old_run,
	    "shell {\"command\":[\"bash\",\"-lc\",\"ls -Ap .\"]}\n"
	    "shell {\"command\":[\"bash\",\"-lc\",\"grep -rlI --exclude-dir=.git -e '' . | head -n "
	    "2000\"]}\n"
	    "shell {\"command\":[\"bash\",\"-lc\",\"grep -rnIE --exclude-dir=.git -e "
	    "'TODO|FIXME|XXX' . | head -n 60\"]}\n"
	    "shell {\"command\":[\"bash\",\"-lc\",\"grep -rnIE --exclude-dir=.git -e queue . | "
	    "head "
	    "-n 60\"]}\n" },
};

#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static json_t *request_of(const struct program *p)
{
	json_t *request = analyst();

	json_object_set_new(request, "tools", json_parse(str_from(p->tools), NULL));
	json_array_insert_new(json_get_array(request, "messages"), 0,
	    json_pack("{s:s, s:s}", "role", "system", "content", p->where));
	return request;
}

static void run_calls(const struct program *p, json_t *request, json_t *message)
{
	json_t *messages = json_get_array(request, "messages"), *call;
	size_t i;

	json_array_append(messages, message);
	json_array_foreach (json_get_array(message, "tool_calls"), i, call) {
		const json_t *function = json_get_object(call, "function");
		json_t *args = json_parse(json_get_str(function, "arguments"), NULL);
		struct buf b;

		buf_init(&b, TOOL_RESULT_MAX);
		p->run(&b, json_get_str(function, "name"), args);
		json_array_append_new(messages,
		    json_pack("{s:s, s:o, s:o}", "role", "tool", "tool_call_id",
			json_text(json_get_str(call, "id")), "content", json_text(buf_str(&b))));
		json_decref(args);
		buf_fini(&b);
	}
}

static json_t *next_message(struct rehearsal *r, const json_t *request)
{
	struct rehearsal_answer answer = ask(r, request, false);

	return message_of(&answer);
}

static struct str talk_as(const struct program *p, struct rehearsal *r, json_t *request)
{
	for (unsigned turn = 0; turn < TURNS_MOST; turn++) {
		json_t *message = next_message(r, request);

		if (!n_calls(message)) {
			struct str text = arena_dup(arena, json_get_str(message, "content"));

			json_decref(message);
			return text;
		}
		run_calls(p, request, message);
		json_decref(message);
	}
	fail_msg("%s: no answer after %d turns", p->name, TURNS_MOST);
	return (struct str){ "", 0 };
}

static struct str calls_text(const json_t *message)
{
	const json_t *call;
	struct buf b;
	size_t i;

	buf_init(&b, MIB(1));
	json_array_foreach (json_get_array(message, "tool_calls"), i, call) {
		const json_t *f = json_get_object(call, "function");

		buf_printf(&b, "%.*s %.*s\n", STR_ARG(json_get_str(f, "name")),
		    STR_ARG(json_get_str(f, "arguments")));
	}
	struct str text = arena_dup(arena, buf_str(&b));

	buf_fini(&b);
	return text;
}

static void tools_are_asked_as_they_want_to_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROGRAMS; i++) {
		struct rehearsal *r = model_with("");
		json_t *request = request_of(&programs[i]), *message = next_message(r, request);

		assert_str(calls_text(message), programs[i].first);
		json_decref(message);
		json_decref(request);
		rehearsal_destroy(r);
	}
}

/* The same report whoever reads: every tool's results are understood to the last line. */
static void every_program_reads_the_same(void **state)
{
	struct rehearsal *r = model_with("");
	json_t *plain = analyst();
	struct evidence *want = checked(talk(r, plain, NULL));

	(void)state;
	assert_true(want->n_cites > 2);
	write_samples();
	for (size_t i = 0; i < PROGRAMS; i++) {
		json_t *request = request_of(&programs[i]);
		struct evidence *ev = checked(talk_as(&programs[i], r, request));

		if (ev->n_cites != want->n_cites)
			fail_msg("%s: %zu citations", programs[i].name, ev->n_cites);
		for (size_t k = 0; k < ev->n_cites; k++)
			assert_int_equal(ev->cites[k]->state, CITE_RESOLVES);
		json_decref(request);
	}
	remove_samples();
	json_decref(plain);
	rehearsal_destroy(r);
}

static void hostile_calls_have_the_names_of_the_program(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROGRAMS; i++) {
		struct rehearsal *r = model_with("hostile write");
		json_t *request = request_of(&programs[i]), *message = next_message(r, request);
		struct str text = calls_text(message);

		if (!str_contains(text, str_from(programs[i].hostile)) ||
		    !str_contains(text, STR("PWNED")))
			fail_msg("%s: %.*s", programs[i].name, STR_ARG(text));
		json_decref(message);
		json_decref(request);
		rehearsal_destroy(r);
	}
}

/* A part of a long file, as gemini shows it: its first line is the one it says. */
static void a_part_of_a_file_has_its_own_numbers(void **state)
{
	static const char claim[] =
	    "### S1: A title\nSeverity: low\nEvidence: `src/queue.c:16` \"q->items[q->n++] = "
	    "value;\"\nClaim: It grows.\n";
	struct rehearsal *r = model_with("");
	json_t *request = request_for("adversarial-validator", "validate",
	    arena_printf(arena, "Judge the findings.\n\n%s", claim));

	(void)state;
	json_object_set_new(request, "tools", json_parse(str_from(programs[2].tools), NULL));
	struct evidence *ev = checked(talk_as(&programs[2], r, request));

	assert_true(ev->n_cites > 0);
	for (size_t k = 0; k < ev->n_cites; k++)
		assert_int_equal(ev->cites[k]->state, CITE_RESOLVES);
	json_decref(request);
	rehearsal_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tools_are_asked_as_they_want_to_be),
		cmocka_unit_test(every_program_reads_the_same),
		cmocka_unit_test(hostile_calls_have_the_names_of_the_program),
		cmocka_unit_test(a_part_of_a_file_has_its_own_numbers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
