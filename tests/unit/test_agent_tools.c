/* The tools of the native agent, each on a directory made here, as the model would see them. */
#include "check.h"

#include "agent/priv.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE 10000

struct world {
	char top[64]; /* everything of this test */
	char dir[80]; /* the repository */
	struct root root;
	struct arena *arena;
	json_t *last; /* what the last call came to */
};

static int set_up(void **state)
{
	struct world *w = xalloc(sizeof(*w));

	w->arena = arena_create("test", MIB(64));
	snprintf(w->top, sizeof(w->top), "/tmp/tutti-tools-XXXXXX");
	assert_non_null(mkdtemp(w->top));
	snprintf(w->dir, sizeof(w->dir), "%s/repo", w->top);
	assert_int_equal(mkdir(w->dir, 0755), 0);
	assert_int_equal(root_open(&w->root, w->dir), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	close(w->root.fd);
	fs_remove_tree(w->top);
	json_decref(w->last);
	arena_destroy(w->arena);
	free(w);
	return 0;
}

/* --- making things ----------------------------------------------------------------------- */

static char *at(struct world *w, const char *path)
{
	return fs_join(w->arena, w->dir, path);
}

static void put_str(struct world *w, const char *path, struct str text)
{
	char *full = at(w, path), *slash = strrchr(full, '/');

	*slash = '\0';
	assert_int_equal(fs_mkdirs(full, 0755), 0);
	*slash = '/';
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.n), (ssize_t)text.n);
	close(fd);
}

static void put(struct world *w, const char *path, const char *text)
{
	put_str(w, path, str_from(text));
}

/* UNIT, N times. */
static struct str many(struct world *w, const char *unit, size_t n)
{
	size_t len = strlen(unit);
	char *p = arena_alloc(w->arena, n * len + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(p + i * len, unit, len);
	return (struct str){ p, n * len };
}

/* Runs SCRIPT in the repository. */
static void sh(struct world *w, const char *script)
{
	char *line = arena_printf(w->arena, "cd %s && { %s\n} >/dev/null 2>&1", w->dir, script);

	assert_int_equal(system(line), 0);
}

/* --- asking ------------------------------------------------------------------------------ */

static const char *ask_for(struct world *w, const char *tool, const char *args, msec_t patience)
{
	json_t *doc = json_parse(str_from(args), NULL);

	json_decref(w->last);
	w->last = tool_run(tool_find(str_from(tool)), &w->root, doc, patience);
	json_decref(doc);
	const char *text = json_get_cstr(w->last, "text", NULL);

	assert_int_equal(json_get_bool(w->last, "ok", false), strncmp(text, "Error: ", 7) != 0);
	return text;
}

static const char *ask(struct world *w, const char *tool, const char *args)
{
	return ask_for(w, tool, args, PATIENCE);
}

struct row {
	const char *tool, *args, *want;
};

static void ask_all(struct world *w, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = ask(w, rows[i].tool, rows[i].args);

		if (strcmp(got, rows[i].want) != 0)
			print_message("row %zu: %s %s\n", i, rows[i].tool, rows[i].args);
		assert_string_equal(got, rows[i].want);
	}
}

#define ASK_ALL(w, rows) ask_all((w), (rows), sizeof(rows) / sizeof((rows)[0]))

/* --- any tool ---------------------------------------------------------------------------- */

static void arguments_are_held_against_the_schema(void **state)
{
	static const struct row rows[] = {
		{ "read_file", "", "Error: the arguments are not a JSON object" },
		{ "read_file", "{\"path\":", "Error: the arguments are not a JSON object" },
		{ "read_file", "[\"a\"]", "Error: the arguments are not a JSON object" },
		{ "read_file", "\"a\"", "Error: the arguments are not a JSON object" },
		{ "read_file", "{\"path\":\"a\\u0000b\"}",
		    "Error: the arguments are not a JSON object" },
		{ "read_file", "{\"path\":\"a\",\"path\":\"b\"}",
		    "Error: the arguments are not a JSON object" },
		{ "read_file", "{}", "Error: path is missing" },
		{ "read_file", "{\"path\":null}", "Error: path is missing" },
		{ "read_file", "{\"path\":1}", "Error: path must be a text" },
		{ "read_file", "{\"path\":\"a\",\"from\":\"1\"}",
		    "Error: from must be a whole number" },
		{ "read_file", "{\"path\":\"a\",\"from\":1.5}",
		    "Error: from must be a whole number" },
		{ "read_file", "{\"path\":\"a\",\"to\":1e300}",
		    "Error: to must be a whole number" },
		{ "git_blame", "{\"path\":\"a\",\"from\":9223372036854775807}",
		    "Error: from must be a whole number" },
		{ "search", "{\"regex\":true}", "Error: pattern is missing" },
		{ "search", "{\"pattern\":\"x\",\"regex\":\"true\"}",
		    "Error: regex must be true or false" },
		{ "find_files", "{\"max\":3}", "Error: pattern is missing" },
		{ "git_diff", "{\"to\":\"HEAD\"}", "Error: from is missing" },
		{ "git_blame", "{\"from\":1}", "Error: path is missing" },
		{ "git_show", "{\"rev\":\"HEAD\"}", "Error: commit is missing" },
		{ "read_file", "{\"path\":\"a\",\"from\":2.0,\"to\":null,\"why\":\"so\"}",
		    "lines 2-2 of 2\n     2\ttwo\n" },
	};

	put(*state, "a", "one\ntwo\n");
	ASK_ALL(*state, rows);
}

static void only_the_eight_tools_are_found(void **state)
{
	static const char *const names[] = { "list_dir", "read_file", "search", "find_files",
		"git_log", "git_diff", "git_blame", "git_show" };
	static const char *const others[] = { "", "read_fil", "read_file ", "READ_FILE", "bash",
		"write_file", "read_file\nx" };

	(void)state;
	assert_int_equal(agent_n_tools, 8);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(tool_find(str_from(names[i]))->name, names[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_null(tool_find(str_from(others[i])));
}

/* A back-reference over nested stars: glibc's matcher would be busy for longer than we live. */
static void a_search_without_end_is_stopped(void **state)
{
	struct world *w = *state;

	put_str(w, "a", many(w, "a", 4000));
	assert_string_equal(
	    ask_for(w, "search", "{\"pattern\":\"^(a*a*)*\\\\1b$\",\"regex\":true}", 300),
	    "Error: it was stopped after 0.3 seconds; ask for less at once");
}

/* The pipe is inherited by whatever the tool starts; it ends when the last of them is dead. */
static void a_git_without_end_dies_with_its_call(void **state)
{
	struct world *w = *state;
	int ends[2];
	char c;

	sh(w, "git init -q g && mkfifo g/.git/refs/heads/main && "
	      "echo 'ref: refs/heads/main' >g/.git/HEAD");
	w->root.git = at(w, "g/.git");
	assert_int_equal(pipe(ends), 0);
	assert_string_equal(ask_for(w, "git_log", "{}", 300),
	    "Error: it was stopped after 0.3 seconds; ask for less at once");
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
}

static int tool_that_dies(struct tool_call *call)
{
	buf_adds(call->out, "half a result");
	abort();
}

static void a_tool_that_dies_is_an_error_for_the_model(void **state)
{
	struct world *w = *state;
	const struct tool tool = { "die", "", "{}", tool_that_dies };
	json_t *args = json_object();

	w->last = tool_run(&tool, &w->root, args, PATIENCE);
	json_decref(args);
	assert_string_equal(json_get_cstr(w->last, "text", ""),
	    "Error: the tool could not come to an end with this");
	assert_false(json_get_bool(w->last, "ok", true));
}

static int tool_that_talks(struct tool_call *call)
{
	struct str unit = json_get_str(call->args, "unit");

	for (long long n = json_get_int(call->args, "times", 0); n > 0; n--)
		buf_add(call->out, unit);
	return 0;
}

/* What is cut is said to be, and no character is cut in two. */
static void long_results_are_cut_and_say_so(void **state)
{
	static const char note[] = "\n(cut here: a result holds at most 64 KiB)\n";
	static const struct {
		const char *unit;
		size_t times, kept; /* kept: bytes before the note, 0: all */
	} rows[] = {
		{ "x", 65536, 0 },
		{ "x", 65537, 65536 - sizeof(note) },
		{ "\xc3\xa9", 32768, 0 },
		{ "\xc3\xa9", 32769, (65536 - sizeof(note)) / 2 * 2 },
		{ "x", 10000000, 65536 - sizeof(note) },
	};
	const struct tool tool = { "talk", "", "{}", tool_that_talks };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str all = many(w, rows[i].unit, rows[i].times);
		json_t *args = json_pack(
		    "{s:s, s:I}", "unit", rows[i].unit, "times", (json_int_t)rows[i].times);

		json_decref(w->last);
		w->last = tool_run(&tool, &w->root, args, PATIENCE);
		json_decref(args);
		if (!rows[i].kept)
			assert_string_equal(json_get_cstr(w->last, "text", ""), all.p);
		else
			assert_string_equal(json_get_cstr(w->last, "text", ""),
			    arena_printf(w->arena, "%.*s%s", (int)rows[i].kept, all.p, note));
	}
}

/* --- find_files -------------------------------------------------------------------------- */

static void patterns_match_names_or_paths(void **state)
{
	static const struct row rows[] = {
		{ "find_files", "{\"pattern\":\"*.c\"}", "a.c\nsrc/b.c\nsrc/deep/c.c\n" },
		{ "find_files", "{\"pattern\":\"**/*.c\"}", "a.c\nsrc/b.c\nsrc/deep/c.c\n" },
		{ "find_files", "{\"pattern\":\"src/*.c\"}", "src/b.c\n" },
		{ "find_files", "{\"pattern\":\"src/**/*.c\"}", "src/b.c\nsrc/deep/c.c\n" },
		{ "find_files", "{\"pattern\":\"src/**\"}", "src/b.c\nsrc/deep/c.c\nsrc/x.h\n" },
		{ "find_files", "{\"pattern\":\"**\"}",
		    "[x]\na.c\nsrc/b.c\nsrc/deep/c.c\nsrc/x.h\n" },
		{ "find_files", "{\"pattern\":\"[ab].c\"}", "a.c\nsrc/b.c\n" },
		{ "find_files", "{\"pattern\":\"[!a-b].c\"}", "src/deep/c.c\n" },
		{ "find_files", "{\"pattern\":\"?.?\"}", "a.c\nsrc/b.c\nsrc/deep/c.c\nsrc/x.h\n" },
		{ "find_files", "{\"pattern\":\"[x]\"}", "No file matches.\n" },
		{ "find_files", "{\"pattern\":\"[[]x]\"}", "[x]\n" },
		{ "find_files", "{\"pattern\":\"[x\"}", "No file matches.\n" },
		{ "find_files", "{\"pattern\":\"src?b.c\"}", "No file matches.\n" },
		{ "find_files", "{\"pattern\":\"src[/]b.c\"}", "No file matches.\n" },
		{ "find_files", "{\"pattern\":\"deep\"}", "No file matches.\n" },
		{ "find_files", "{\"pattern\":\"../**\"}", "No file matches.\n" },
		{ "find_files", "{\"pattern\":\"\"}", "Error: pattern must have 1 to 200 bytes" },
		{ "find_files", "{\"pattern\":\"*\",\"max\":2}",
		    "[x]\na.c\n(first 2; there are more)\n" },
		{ "find_files", "{\"pattern\":\"*\",\"max\":5}",
		    "[x]\na.c\nsrc/b.c\nsrc/deep/c.c\nsrc/x.h\n" },
	};
	static const char *const names[] = { "a.c", "src/b.c", "src/deep/c.c", "src/x.h", "[x]" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(w, names[i], "");
	ASK_ALL(w, rows);
	assert_string_equal(
	    ask(w, "find_files",
		arena_printf(w->arena, "{\"pattern\":\"%s\"}", many(w, "*", 201).p)),
	    "Error: pattern must have 1 to 200 bytes");
}

/* Each star can end in many places; that costs time, but never a match. */
static void patterns_with_many_stars_find_what_they_should(void **state)
{
	struct world *w = *state;
	char *name = arena_printf(w->arena, "x%s/xaaaaab", many(w, "a", 150).p);

	put(w, name, "");
	assert_string_equal(
	    ask(w, "find_files", "{\"pattern\":\"**x*a*a*a*a*a*b/**\"}"), "No file matches.\n");
	assert_string_equal(ask(w, "find_files", "{\"pattern\":\"**/x*a*a*a*a*a*b\"}"),
	    arena_printf(w->arena, "%s\n", name));
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(arguments_are_held_against_the_schema),
		UNIT_TEST(only_the_eight_tools_are_found),
		UNIT_TEST(a_search_without_end_is_stopped),
		UNIT_TEST(a_git_without_end_dies_with_its_call),
		UNIT_TEST(a_tool_that_dies_is_an_error_for_the_model),
		UNIT_TEST(long_results_are_cut_and_say_so),
		UNIT_TEST(patterns_match_names_or_paths),
		UNIT_TEST(patterns_with_many_stars_find_what_they_should),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
