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

/* --- paths ------------------------------------------------------------------------------- */

static void plant_traps(struct world *w)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	put(w, "src/a.c", "inside\n");
	put(w, "../outside/secret", "secret\n");
	sh(w, "ln -s src in; ln -s src/a.c in.c; ln -s ../outside out; "
	      "ln -s ../outside/secret out.c; ln -s $PWD/../outside abs; ln -s loop loop; "
	      "ln -s ping pong; ln -s pong ping; ln -s nowhere gone; mkfifo fifo; "
	      "ln -s /proc/self/root magic");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock", w->dir);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(sock);
}

static void files_stay_beneath_the_root(void **state)
{
	static const struct row rows[] = {
		{ "read_file", "{\"path\":\"src/a.c\"}", "lines 1-1 of 1\n     1\tinside\n" },
		{ "read_file", "{\"path\":\"./src/../src/a.c\"}",
		    "lines 1-1 of 1\n     1\tinside\n" },
		{ "read_file", "{\"path\":\"/src/a.c\"}", "lines 1-1 of 1\n     1\tinside\n" },
		{ "read_file", "{\"path\":\"in/a.c\"}", "lines 1-1 of 1\n     1\tinside\n" },
		{ "read_file", "{\"path\":\"in.c\"}", "lines 1-1 of 1\n     1\tinside\n" },
		{ "read_file", "{\"path\":\"/etc/passwd\"}",
		    "Error: etc/passwd: No such file or directory" },
		{ "read_file", "{\"path\":\"../outside/secret\"}",
		    "Error: ../outside/secret: it leads out of the repository" },
		{ "read_file", "{\"path\":\"src/../../outside/secret\"}",
		    "Error: src/../../outside/secret: it leads out of the repository" },
		{ "read_file", "{\"path\":\"out/secret\"}",
		    "Error: out/secret: it leads out of the repository" },
		{ "read_file", "{\"path\":\"out.c\"}",
		    "Error: out.c: it leads out of the repository" },
		{ "read_file", "{\"path\":\"abs/secret\"}",
		    "Error: abs/secret: it leads out of the repository" },
		{ "read_file", "{\"path\":\"magic/etc/passwd\"}",
		    "Error: magic/etc/passwd: it leads out of the repository" },
		{ "read_file", "{\"path\":\"loop\"}",
		    "Error: loop: Too many levels of symbolic links" },
		{ "read_file", "{\"path\":\"ping/x\"}",
		    "Error: ping/x: Too many levels of symbolic links" },
		{ "read_file", "{\"path\":\"gone\"}", "Error: gone: No such file or directory" },
		{ "read_file", "{\"path\":\"src/a.c/x\"}", "Error: src/a.c/x: Not a directory" },
		{ "list_dir", "{\"path\":\"..\"}", "Error: ..: it leads out of the repository" },
		{ "list_dir", "{\"path\":\"out\"}", "Error: out: it leads out of the repository" },
		{ "list_dir", "{\"path\":\"in\"}", "a.c\n" },
		{ "list_dir", "{\"path\":\"src/\"}", "a.c\n" },
		{ "list_dir", "{\"path\":\"loop\"}",
		    "Error: loop: Too many levels of symbolic links" },
		{ "search", "{\"pattern\":\"secret\",\"path\":\"../outside\"}",
		    "Error: ../outside: it leads out of the repository" },
		{ "search", "{\"pattern\":\"secret\",\"path\":\"out\"}",
		    "Error: out: it leads out of the repository" },
		{ "search", "{\"pattern\":\"secret\"}", "No match.\n" },
		{ "search", "{\"pattern\":\"inside\"}", "src/a.c:1: inside\n" },
		{ "find_files", "{\"pattern\":\"*\"}", "src/a.c\n" },
	};

	plant_traps(*state);
	ASK_ALL(*state, rows);
}

static void what_is_no_file_is_said_to_be_none(void **state)
{
	static const struct row rows[] = {
		{ "read_file", "{\"path\":\"fifo\"}", "Error: fifo: it is no regular file" },
		{ "read_file", "{\"path\":\"sock\"}", "Error: sock: it is no regular file" },
		{ "read_file", "{\"path\":\"src\"}",
		    "Error: src: it is a directory; use list_dir" },
		{ "read_file", "{\"path\":\"\"}", "Error: .: it is a directory; use list_dir" },
		{ "read_file", "{\"path\":\"/\"}", "Error: .: it is a directory; use list_dir" },
		{ "list_dir", "{\"path\":\"src/a.c\"}",
		    "Error: src/a.c: it is no directory; use read_file" },
		{ "list_dir", "{\"path\":\"fifo\"}",
		    "Error: fifo: it is no directory; use read_file" },
		{ "list_dir", "{\"path\":\"nowhere\"}",
		    "Error: nowhere: No such file or directory" },
		{ "search", "{\"pattern\":\"x\",\"path\":\"fifo\"}",
		    "Error: fifo: it is no regular file" },
		{ "search", "{\"pattern\":\"x\",\"path\":\"nowhere\"}",
		    "Error: nowhere: No such file or directory" },
	};

	plant_traps(*state);
	ASK_ALL(*state, rows);
}

static void long_names_are_errors_with_a_short_name(void **state)
{
	struct world *w = *state;
	struct str name = many(w, "x", 256), path = many(w, "x/", 2048);

	assert_string_equal(
	    ask(w, "read_file", arena_printf(w->arena, "{\"path\":\"%s\"}", name.p)),
	    arena_printf(w->arena, "Error: %.200s: File name too long", name.p));
	assert_string_equal(
	    ask(w, "list_dir", arena_printf(w->arena, "{\"path\":\"%sx\"}", path.p)),
	    arena_printf(w->arena, "Error: %.200s: File name too long", path.p));
	path = many(w, "\xc3\xa9/", 300000);
	assert_string_equal(
	    ask(w, "search", arena_printf(w->arena, "{\"pattern\":\"x\",\"path\":\"%s\"}", path.p)),
	    arena_printf(w->arena, "Error: %.200s: File name too long", path.p));
}

/* A name cannot pass for two entries, nor for a hit, nor move anybody's cursor. */
static void names_stay_on_their_line(void **state)
{
	static const struct row rows[] = {
		{ "list_dir", "{\"path\":\"d\"}",
		    " a b "
		    "\n-rf\nesc\\x1b[2J\nhalf\\xc3\nnew\\x0aline\nright<U+202E>left\ntab\\x09\n"
		    "\xc3\xa9/\n" },
		{ "find_files", "{\"pattern\":\"*l*\"}",
		    "d/half\\xc3\nd/new\\x0aline\nd/right<U+202E>left\n" },
		{ "search", "{\"pattern\":\"hit\"}",
		    "d/ a b :1: hit\nd/-rf:1: hit\nd/esc\\x1b[2J:1: hit\nd/half\\xc3:1: hit\n"
		    "d/new\\x0aline:1: hit\nd/right<U+202E>left:1: hit\nd/tab\\x09:1: hit\n"
		    "d/\xc3\xa9/x:1: hit\n" },
		{ "read_file", "{\"path\":\"d/new\\nline\"}", "lines 1-1 of 1\n     1\thit\n" },
		{ "read_file", "{\"path\":\"d/esc\\u001b[2J\"}", "lines 1-1 of 1\n     1\thit\n" },
		{ "read_file", "{\"path\":\"d/\xc3\xa9/x\"}", "lines 1-1 of 1\n     1\thit\n" },
	};
	static const char *const names[] = { "d/new\nline", "d/esc\x1b[2J", "d/half\xc3", "d/tab\t",
		"d/right\xe2\x80\xaeleft", "d/-rf", "d/ a b ", "d/\xc3\xa9/x" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(*state, names[i], "hit\n");
	ASK_ALL(*state, rows);
}

/* --- list_dir ---------------------------------------------------------------------------- */

static void directories_are_listed_in_order(void **state)
{
	static const struct row rows[] = {
		{ "list_dir", "{}", "B\na.d/\nz/\n" },
		{ "list_dir", "{\"path\":\"z\"}", "(empty)\n" },
	};

	put(*state, "a.d/x", "");
	put(*state, "B", "");
	sh(*state, "mkdir z");
	ASK_ALL(*state, rows);
}

static void long_directories_say_how_much_is_missing(void **state)
{
	struct world *w = *state;
	struct buf want;

	sh(w, "mkdir many wide; cd many; seq -f %04g 1 1003 | xargs touch; cd ../wide; "
	      "seq -f %0250g 1 400 | xargs touch");
	buf_init(&want, MIB(1));
	for (int i = 1; i <= 1000; i++)
		buf_printf(&want, "%04d\n", i);
	buf_adds(&want, "(3 more entries are not shown)\n");
	assert_string_equal(ask(w, "list_dir", "{\"path\":\"many\"}"), want.p);
	assert_string_equal(json_get_cstr(w->last, "summary", ""), "1003 entries");
	buf_clear(&want);
	for (int i = 1; i <= 245; i++)
		buf_printf(&want, "%0250d\n", i);
	buf_adds(&want, "(155 more entries are not shown)\n");
	assert_string_equal(ask(w, "list_dir", "{\"path\":\"wide\"}"), want.p);
	buf_fini(&want);
}

/* --- read_file --------------------------------------------------------------------------- */

static void ranges_are_held_to_the_file(void **state)
{
	static const struct row rows[] = {
		{ "read_file", "{\"path\":\"three\"}",
		    "lines 1-3 of 3\n     1\tone\n     2\ttwo\n     3\tthree\n" },
		{ "read_file", "{\"path\":\"three\",\"from\":2}",
		    "lines 2-3 of 3\n     2\ttwo\n     3\tthree\n" },
		{ "read_file", "{\"path\":\"three\",\"from\":2,\"to\":2}",
		    "lines 2-2 of 3\n     2\ttwo\n(stopped at line 2; 1 more lines follow)\n" },
		{ "read_file", "{\"path\":\"three\",\"from\":-7,\"to\":1}",
		    "lines 1-1 of 3\n     1\tone\n(stopped at line 1; 2 more lines follow)\n" },
		{ "read_file", "{\"path\":\"three\",\"from\":0,\"to\":99}",
		    "lines 1-3 of 3\n     1\tone\n     2\ttwo\n     3\tthree\n" },
		{ "read_file", "{\"path\":\"three\",\"from\":3,\"to\":2}",
		    "lines 3-3 of 3\n     3\tthree\n" },
		{ "read_file", "{\"path\":\"three\",\"from\":2,\"to\":-1}",
		    "lines 2-3 of 3\n     2\ttwo\n     3\tthree\n" },
		{ "read_file", "{\"path\":\"three\",\"from\":4}",
		    "Error: three: it has only 3 lines" },
		{ "read_file", "{\"path\":\"three\",\"from\":8999999999999999}",
		    "Error: three: it has only 3 lines" },
		{ "read_file", "{\"path\":\"three\",\"from\":3,\"to\":8999999999999999}",
		    "lines 3-3 of 3\n     3\tthree\n" },
		{ "read_file", "{\"path\":\"open\"}", "lines 1-2 of 2\n     1\ta\n     2\tb\n" },
		{ "read_file", "{\"path\":\"blank\"}", "lines 1-1 of 1\n     1\t\n" },
		{ "read_file", "{\"path\":\"crlf\"}", "lines 1-2 of 2\n     1\ta\n     2\tb\n" },
		{ "read_file", "{\"path\":\"empty\"}", "lines 0-0 of 0\n(the file is empty)\n" },
		{ "read_file", "{\"path\":\"empty\",\"from\":9}",
		    "lines 0-0 of 0\n(the file is empty)\n" },
	};

	put(*state, "three", "one\ntwo\nthree\n");
	put(*state, "open", "a\nb");
	put(*state, "blank", "\n");
	put(*state, "crlf", "a\r\nb\r\n");
	put(*state, "empty", "");
	ASK_ALL(*state, rows);
}

static void what_was_read_is_told(void **state)
{
	struct world *w = *state;

	put(w, "three", "one\ntwo\nthree\n");
	ask(w, "read_file", "{\"path\":\"three\",\"from\":2,\"to\":2}");
	assert_string_equal(json_dump(json_object_get(w->last, "reads")),
	    "[{\"path\":\"three\",\"from\":2,\"to\":2}]");
	assert_string_equal(json_get_cstr(w->last, "summary", ""), "lines 2-2 of 3");
	ask(w, "read_file", "{\"path\":\"four\"}");
	assert_string_equal(json_dump(json_object_get(w->last, "reads")), "[]");
	assert_string_equal(json_get_cstr(w->last, "summary", ""), "error");
}

static void long_files_come_in_pieces(void **state)
{
	struct world *w = *state;
	struct str wide = many(w, "0123456789", 15);
	struct buf want, text;

	buf_init(&want, MIB(1));
	buf_init(&text, MIB(1));
	for (int i = 1; i <= 500; i++)
		buf_printf(&text, "%d\n", i);
	put(w, "long", text.p);
	buf_adds(&want, "lines 1-400 of 500\n");
	for (int i = 1; i <= 400; i++)
		buf_printf(&want, "%6d\t%d\n", i, i);
	buf_adds(&want, "(stopped at line 400; 100 more lines follow)\n");
	assert_string_equal(
	    ask(w, "read_file", "{\"path\":\"long\",\"from\":1,\"to\":500}"), want.p);

	buf_clear(&text);
	for (int i = 1; i <= 500; i++)
		buf_printf(&text, "%s%s\n", wide.p, wide.p);
	put(w, "wide", text.p);
	buf_clear(&want);
	buf_adds(&want, "lines 1-200 of 500\n");
	for (int i = 1; i <= 200; i++)
		buf_printf(&want, "%6d\t%s%s\n", i, wide.p, wide.p);
	buf_adds(&want, "(stopped at line 200; 300 more lines follow)\n");
	assert_string_equal(ask(w, "read_file", "{\"path\":\"wide\"}"), want.p);
	buf_fini(&want);
	buf_fini(&text);
}

static void a_line_of_a_megabyte_is_shown_by_its_beginning(void **state)
{
	struct world *w = *state;
	struct str line = many(w, "\xc3\xa9", 500000), odd = many(w, "\xc3\xa9", 999);

	put_str(w, "wide", line);
	put_str(w, "odd", str_from(arena_printf(w->arena, "x%s", line.p)));
	assert_string_equal(ask(w, "read_file", "{\"path\":\"wide\"}"),
	    arena_printf(w->arena, "lines 1-1 of 1\n     1\t%.2000s …\n", line.p));
	assert_string_equal(ask(w, "read_file", "{\"path\":\"odd\"}"),
	    arena_printf(w->arena, "lines 1-1 of 1\n     1\tx%s …\n", odd.p));
}

static void what_cannot_be_read_as_text_is_not(void **state)
{
	struct world *w = *state;

	put_str(w, "binary", (struct str){ "a\0b", 3 });
	put_str(w, "latin", STR("caf\xe9\n"));
	put(w, "huge", "");
	assert_int_equal(truncate(at(w, "huge"), 1024L * 1024 * 1024), 0);
	assert_string_equal(ask(w, "read_file", "{\"path\":\"binary\"}"),
	    "Error: binary: it is a binary file (3 bytes)");
	assert_string_equal(
	    ask(w, "read_file", "{\"path\":\"huge\"}"), "Error: huge: it is larger than 16 MiB");
	assert_string_equal(ask(w, "read_file", "{\"path\":\"latin\"}"),
	    "lines 1-1 of 1\n     1\tcaf\xef\xbf\xbd\n");
	put_str(w, "late", (struct str){ many(w, "\n", 9000).p, 9001 }); /* NUL at the end */
	assert_string_equal(ask(w, "read_file", "{\"path\":\"late\",\"from\":9000}"),
	    "lines 9000-9001 of 9001\n  9000\t\n  9001\t\xef\xbf\xbd\n");
	put_str(w, "huge", many(w, "\n", MIB(16)));
	assert_string_equal(ask(w, "read_file", "{\"path\":\"huge\",\"from\":16777216}"),
	    "lines 16777216-16777216 of 16777216\n16777216\t\n");
	put_str(w, "huge", many(w, "\n", MIB(16) + 1));
	assert_string_equal(
	    ask(w, "read_file", "{\"path\":\"huge\"}"), "Error: huge: it is larger than 16 MiB");
}

/* --- search ------------------------------------------------------------------------------ */

static void searches_find_lines(void **state)
{
	static const struct row rows[] = {
		{ "search", "{\"pattern\":\"foo\"}",
		    "lib/b.h:1: foo(b)\nsrc/a.c:1: foo(a)\nsrc/a.c:3: a.foo\n" },
		{ "search", "{\"pattern\":\"Foo\"}", "src/a.c:2: Foo\n" },
		{ "search", "{\"pattern\":\".foo\"}", "src/a.c:3: a.foo\n" },
		{ "search", "{\"pattern\":\".foo\",\"regex\":false}", "src/a.c:3: a.foo\n" },
		{ "search", "{\"pattern\":\"^[fF]oo(.a.)?$\",\"regex\":true}",
		    "src/a.c:1: foo(a)\nsrc/a.c:2: Foo\n" },
		{ "search", "{\"pattern\":\"^$\",\"regex\":true}", "src/a.c:4: \n" },
		{ "search", "{\"pattern\":\"foo\",\"path\":\"src\"}",
		    "src/a.c:1: foo(a)\nsrc/a.c:3: a.foo\n" },
		{ "search", "{\"pattern\":\"foo\",\"path\":\"./src//\"}",
		    "src/a.c:1: foo(a)\nsrc/a.c:3: a.foo\n" },
		{ "search", "{\"pattern\":\"foo\",\"path\":\"/lib/b.h\"}", "lib/b.h:1: foo(b)\n" },
		{ "search", "{\"pattern\":\"foo\",\"glob\":\"*.h\"}", "lib/b.h:1: foo(b)\n" },
		{ "search", "{\"pattern\":\"foo\",\"glob\":\"./lib/**\"}", "lib/b.h:1: foo(b)\n" },
		{ "search", "{\"pattern\":\"foo\",\"glob\":\"lib/*.c\"}", "No match.\n" },
		{ "search", "{\"pattern\":\"nothing\"}", "No match.\n" },
		{ "search", "{\"pattern\":\"foo\",\"max\":1}",
		    "lib/b.h:1: foo(b)\n(first 1 matches; there are more)\n" },
		{ "search", "{\"pattern\":\"foo\",\"max\":3}",
		    "lib/b.h:1: foo(b)\nsrc/a.c:1: foo(a)\nsrc/a.c:3: a.foo\n" },
		{ "search", "{\"pattern\":\"foo\",\"max\":-1}",
		    "lib/b.h:1: foo(b)\nsrc/a.c:1: foo(a)\nsrc/a.c:3: a.foo\n" },
	};

	put(*state, "src/a.c", "foo(a)\nFoo\na.foo\n\nlast");
	put(*state, "lib/b.h", "foo(b)\r\n");
	ASK_ALL(*state, rows);
}

static void bad_patterns_are_errors(void **state)
{
	static const struct row rows[] = {
		{ "search", "{\"pattern\":\"(\",\"regex\":true}",
		    "Error: the regular expression is wrong: Unmatched ( or \\(" },
		{ "search", "{\"pattern\":\"[a\",\"regex\":true}",
		    "Error: the regular expression is wrong: Unmatched [, [^, [:, [., or [=" },
		{ "search", "{\"pattern\":\"a{2,1}\",\"regex\":true}",
		    "Error: the regular expression is wrong: Invalid content of \\{\\}" },
		{ "search", "{\"pattern\":\"\"}", "Error: pattern must have 1 to 1024 bytes" },
		{ "search", "{\"pattern\":\"a\\nb\"}", "Error: pattern must be a single line" },
	};
	struct world *w = *state;

	put(w, "a", "a\nb\n");
	ASK_ALL(w, rows);
	assert_string_equal(
	    ask(w, "search", arena_printf(w->arena, "{\"pattern\":\"%s\"}", many(w, "x", 1025).p)),
	    "Error: pattern must have 1 to 1024 bytes");
	assert_string_equal(
	    ask(w, "search",
		arena_printf(w->arena, "{\"pattern\":\"x\",\"glob\":\"%s\"}", many(w, "x", 201).p)),
	    "Error: glob must have at most 200 bytes");
}

static void many_matches_say_that_there_are_more(void **state)
{
	struct world *w = *state;
	struct buf want;

	buf_init(&want, MIB(1));
	put_str(w, "a", many(w, "hit\n", 600));
	put(w, "b", "hit\n");
	for (int i = 1; i <= 500; i++)
		buf_printf(&want, "a:%d: hit\n", i);
	buf_adds(&want, "(first 500 matches; there are more)\n");
	assert_string_equal(ask(w, "search", "{\"pattern\":\"hit\",\"max\":9999}"), want.p);
	assert_string_equal(json_get_cstr(w->last, "summary", ""), "500 hits");
	want.n = 0;
	for (int i = 1; i <= 100; i++)
		buf_printf(&want, "a:%d: hit\n", i);
	buf_adds(&want, "(first 100 matches; there are more)\n");
	assert_string_equal(ask(w, "search", "{\"pattern\":\"hit\"}"), want.p);

	/* fewer than asked for, since they would pass the ceiling of a result */
	put_str(w, "a", many(w, many(w, "hit ", 80).p, 1));
	sh(w, "for i in $(seq 400); do cat a; echo; done >c; mv c a");
	buf_clear(&want);
	for (int i = 1; i <= 185; i++)
		buf_printf(&want, "a:%d: %s …\n", i, many(w, "hit ", 75).p);
	buf_adds(&want, "(first 185 matches; there are more)\n");
	assert_string_equal(ask(w, "search", "{\"pattern\":\"hit\",\"max\":400}"), want.p);
	buf_fini(&want);
}

/* glibc would take 265 MB for the first of them. */
static void regular_expressions_may_not_repeat_too_much(void **state)
{
	static const char too_much[] = "Error: the regular expression repeats too much";
	static const struct row rows[] = {
		{ "search", "{\"pattern\":\"((a{1,60}){1,60}){1,60}\",\"regex\":true}", too_much },
		{ "search", "{\"pattern\":\"a{200}{200}\",\"regex\":true}", too_much },
		{ "search", "{\"pattern\":\"(x|[)(]{,150}b){,150}\",\"regex\":true}", too_much },
		{ "search", "{\"pattern\":\"a{1,99999999999999999999}\",\"regex\":true}",
		    too_much },
		{ "search", "{\"pattern\":\"(((((((((a*)*)*)*)*)*)*)*)*)*b\",\"regex\":true}",
		    "a:2: b\n" },
		{ "search", "{\"pattern\":\"^.{0,200}a.{1000}\",\"regex\":true}", "No match.\n" },
		{ "search", "{\"pattern\":\"\\\\{20000}[{20000}]\",\"regex\":true}",
		    "No match.\n" },
		{ "search", "{\"pattern\":\"a{2}$\",\"regex\":true}", "a:1: aa\n" },
	};

	put(*state, "a", "aa\nb\n");
	ASK_ALL(*state, rows);
}

/* Whatever was left out could have held a match. */
static void what_was_not_searched_is_said(void **state)
{
	struct world *w = *state;
	struct str deep = many(w, "d/", 70);

	put(w, "wide", arena_printf(w->arena, "%s needle\n", many(w, "x", 4100).p));
	put_str(w, "large", many(w, "needle\n", 300000));
	put_str(w, "binary", (struct str){ "needle\0\n", 8 });
	assert_string_equal(ask(w, "search", "{\"pattern\":\"needle$\",\"regex\":true}"),
	    "No match.\n(1 files are larger than 2 MiB and were not searched)\n(1 lines are longer "
	    "than 4 KiB; only their beginning was held against the expression)\n");
	assert_string_equal(
	    ask(w, "search", "{\"pattern\":\"x$\",\"regex\":true,\"path\":\"wide\"}"),
	    "No match.\n(1 lines are longer than 4 KiB; only their beginning was held against the "
	    "expression)\n");
	assert_string_equal(ask(w, "search", "{\"pattern\":\"needle\",\"path\":\"wide\"}"),
	    arena_printf(w->arena, "wide:1: %s …\n", many(w, "x", 300).p));
	assert_string_equal(ask(w, "search", "{\"pattern\":\"needle\",\"path\":\"large\"}"),
	    "Error: large: it is larger than 2 MiB; use read_file");
	assert_string_equal(ask(w, "search", "{\"pattern\":\"needle\",\"path\":\"binary\"}"),
	    "Error: binary: it is a binary file");

	put(w, arena_printf(w->arena, "%sneedle", deep.p), "needle\n");
	assert_string_equal(ask(w, "search", "{\"pattern\":\"needle\",\"path\":\"d\"}"),
	    "No match.\n(1 places could not be looked into: too deep or not readable)\n");
	assert_string_equal(ask(w, "find_files", "{\"pattern\":\"needle\"}"),
	    "No file matches.\n(1 places could not be looked into: too deep or not readable)\n");
	assert_string_equal(ask(w, "search", "{\"pattern\":\"needle\",\"path\":\"d/d/d/d/d/d/d\"}"),
	    arena_printf(w->arena, "%sneedle:1: needle\n", deep.p));
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
		{ "find_files", "{\"pattern\":\"./src/*.h\"}", "src/x.h\n" },
		{ "find_files", "{\"pattern\":\"/a.c\"}", "a.c\n" },
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

static void more_files_than_wanted_are_said_to_be_there(void **state)
{
	struct world *w = *state;
	struct buf want;

	sh(w, "seq -f %04g 1 1003 | xargs touch");
	buf_init(&want, MIB(1));
	for (int i = 1; i <= 1000; i++)
		buf_printf(&want, "%04d\n", i);
	buf_adds(&want, "(first 1000; there are more)\n");
	assert_string_equal(ask(w, "find_files", "{\"pattern\":\"*\",\"max\":99999}"), want.p);
	assert_string_equal(json_get_cstr(w->last, "summary", ""), "1000 files and more");
	want.n = 0;
	for (int i = 1; i <= 100; i++)
		buf_printf(&want, "%04d\n", i);
	buf_adds(&want, "(first 100; there are more)\n");
	assert_string_equal(ask(w, "find_files", "{\"pattern\":\"*\"}"), want.p);
	buf_fini(&want);
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

static void long_paths_are_found_whole(void **state)
{
	struct world *w = *state;
	const char *unit = arena_printf(w->arena, "%s/", many(w, "d", 194).p);
	char *path = arena_printf(w->arena, "%s%s", many(w, unit, 20).p, many(w, "x", 195).p);

	assert_int_equal(strlen(path), 4095);
	sh(w, arena_printf(w->arena, "for i in $(seq 20); do mkdir %s && cd %s; done; touch %.195s",
		  unit, unit, path + 3900));
	assert_string_equal(
	    ask(w, "find_files", "{\"pattern\":\"xx*\"}"), arena_printf(w->arena, "%s\n", path));
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
		UNIT_TEST(files_stay_beneath_the_root),
		UNIT_TEST(what_is_no_file_is_said_to_be_none),
		UNIT_TEST(long_names_are_errors_with_a_short_name),
		UNIT_TEST(names_stay_on_their_line),
		UNIT_TEST(directories_are_listed_in_order),
		UNIT_TEST(long_directories_say_how_much_is_missing),
		UNIT_TEST(ranges_are_held_to_the_file),
		UNIT_TEST(what_was_read_is_told),
		UNIT_TEST(long_files_come_in_pieces),
		UNIT_TEST(a_line_of_a_megabyte_is_shown_by_its_beginning),
		UNIT_TEST(what_cannot_be_read_as_text_is_not),
		UNIT_TEST(searches_find_lines),
		UNIT_TEST(bad_patterns_are_errors),
		UNIT_TEST(regular_expressions_may_not_repeat_too_much),
		UNIT_TEST(many_matches_say_that_there_are_more),
		UNIT_TEST(what_was_not_searched_is_said),
		UNIT_TEST(patterns_match_names_or_paths),
		UNIT_TEST(more_files_than_wanted_are_said_to_be_there),
		UNIT_TEST(patterns_with_many_stars_find_what_they_should),
		UNIT_TEST(long_paths_are_found_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
