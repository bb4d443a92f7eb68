/* The tools of the native agent, each on a directory made here, as the model would see them. */
#include "place.h"

#include "agent/priv.h"

#define PATIENCE 10000

static struct root root;
static json_t *last; /* what the last call came to */

static int set_up(void **state)
{
	(void)state;
	place_make();
	last = NULL;
	assert_int_equal(root_open(&root, here.dir), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(root.fd);
	json_decref(last);
	place_remove();
	return 0;
}

/* --- asking ------------------------------------------------------------------------------ */

static const char *ask_for(const char *tool, const char *args, msec_t patience)
{
	json_t *doc = json_parse(str_from(args), NULL);

	json_decref(last);
	last = tool_run(tool_find(str_from(tool)), &root, doc, patience);
	json_decref(doc);
	const char *got = json_get_cstr(last, "text", NULL);

	assert_int_equal(json_get_bool(last, "ok", false), strncmp(got, "Error: ", 7) != 0);
	return got;
}

static const char *ask(const char *tool, const char *args)
{
	return ask_for(tool, args, PATIENCE);
}

struct row {
	const char *tool, *args, *want;
};

static void ask_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = ask(rows[i].tool, rows[i].args);

		if (strcmp(got, rows[i].want) != 0)
			print_message("row %zu: %s %s\n", i, rows[i].tool, rows[i].args);
		assert_string_equal(got, rows[i].want);
	}
}

#define ASK_ALL(rows) ask_all((rows), sizeof(rows) / sizeof((rows)[0]))

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

	(void)state;
	put("a", "one\ntwo\n");
	ASK_ALL(rows);
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
	(void)state;
	put_str("a", many("a", 4000));
	assert_string_equal(
	    ask_for("search", "{\"pattern\":\"^(a*a*)*\\\\1b$\",\"regex\":true}", 300),
	    "Error: it was stopped after 0.3 seconds; ask for less at once");
}

/* The pipe is inherited by whatever the tool starts; it ends when the last of them is dead. */
static void a_git_without_end_dies_with_its_call(void **state)
{
	int ends[2];
	char c;

	(void)state;
	sh("git init -q g && mkfifo g/.git/refs/heads/main && echo 'ref: refs/heads/main' "
	   ">g/.git/HEAD");
	root.git = at("g/.git");
	assert_int_equal(pipe(ends), 0);
	assert_string_equal(ask_for("git_log", "{}", 300),
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
	const struct tool tool = { "die", "", "{}", tool_that_dies };
	json_t *args = json_object();

	(void)state;
	last = tool_run(&tool, &root, args, PATIENCE);
	json_decref(args);
	assert_string_equal(
	    json_get_cstr(last, "text", ""), "Error: the tool could not come to an end with this");
	assert_false(json_get_bool(last, "ok", true));
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

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str all = many(rows[i].unit, rows[i].times);
		json_t *args = json_pack(
		    "{s:s, s:I}", "unit", rows[i].unit, "times", (json_int_t)rows[i].times);

		json_decref(last);
		last = tool_run(&tool, &root, args, PATIENCE);
		json_decref(args);
		if (!rows[i].kept)
			assert_string_equal(json_get_cstr(last, "text", ""), all.p);
		else
			assert_string_equal(json_get_cstr(last, "text", ""),
			    text("%.*s%s", (int)rows[i].kept, all.p, note));
	}
}

/* --- paths ------------------------------------------------------------------------------- */

static void plant_traps(void)
{
	put("src/a.c", "inside\n");
	put("../outside/secret", "secret\n");
	sh("ln -s src in; ln -s src/a.c in.c; ln -s ../outside out; ln -s ../outside/secret out.c; "
	   "ln -s $PWD/../outside abs; ln -s loop loop; ln -s ping pong; ln -s pong ping; ln -s "
	   "nowhere gone; mkfifo fifo; ln -s /proc/self/root magic");
	put_socket("sock");
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

	(void)state;
	plant_traps();
	ASK_ALL(rows);
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

	(void)state;
	plant_traps();
	ASK_ALL(rows);
}

static void long_names_are_errors_with_a_short_name(void **state)
{
	struct str name = many("x", 256), path = many("x/", 2048);

	(void)state;
	assert_string_equal(ask("read_file", text("{\"path\":\"%s\"}", name.p)),
	    text("Error: %.200s: File name too long", name.p));
	assert_string_equal(ask("list_dir", text("{\"path\":\"%sx\"}", path.p)),
	    text("Error: %.200s: File name too long", path.p));
	path = many("\xc3\xa9/", 300000);
	assert_string_equal(ask("search", text("{\"pattern\":\"x\",\"path\":\"%s\"}", path.p)),
	    text("Error: %.200s: File name too long", path.p));
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

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(names[i], "hit\n");
	ASK_ALL(rows);
}

/* --- list_dir ---------------------------------------------------------------------------- */

static void directories_are_listed_in_order(void **state)
{
	static const struct row rows[] = {
		{ "list_dir", "{}", "B\na.d/\nz/\n" },
		{ "list_dir", "{\"path\":\"z\"}", "(empty)\n" },
	};

	(void)state;
	put("a.d/x", "");
	put("B", "");
	sh("mkdir z");
	ASK_ALL(rows);
}

static void long_directories_say_how_much_is_missing(void **state)
{
	struct buf want;

	(void)state;
	sh("mkdir many wide; cd many; seq -f %04g 1 1003 | xargs touch; cd ../wide; seq -f %0250g "
	   "1 400 | xargs touch");
	buf_init(&want, MIB(1));
	for (int i = 1; i <= 1000; i++)
		buf_printf(&want, "%04d\n", i);
	buf_adds(&want, "(3 more entries are not shown)\n");
	assert_string_equal(ask("list_dir", "{\"path\":\"many\"}"), want.p);
	assert_string_equal(json_get_cstr(last, "summary", ""), "1003 entries");
	buf_clear(&want);
	for (int i = 1; i <= 245; i++)
		buf_printf(&want, "%0250d\n", i);
	buf_adds(&want, "(155 more entries are not shown)\n");
	assert_string_equal(ask("list_dir", "{\"path\":\"wide\"}"), want.p);
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

	(void)state;
	put("three", "one\ntwo\nthree\n");
	put("open", "a\nb");
	put("blank", "\n");
	put("crlf", "a\r\nb\r\n");
	put("empty", "");
	ASK_ALL(rows);
}

static void what_was_read_is_told(void **state)
{
	(void)state;
	put("three", "one\ntwo\nthree\n");
	ask("read_file", "{\"path\":\"three\",\"from\":2,\"to\":2}");
	assert_string_equal(
	    dump(json_object_get(last, "reads")), "[{\"path\":\"three\",\"from\":2,\"to\":2}]");
	assert_string_equal(json_get_cstr(last, "summary", ""), "lines 2-2 of 3");
	ask("search", "{\"pattern\":\"t\"}");
	assert_string_equal(
	    dump(json_object_get(last, "reads")), "[{\"path\":\"three\",\"from\":2,\"to\":3}]");
	put("long", text("t%*s", 1000, "")); /* of this line only the beginning is shown */
	ask("search", "{\"pattern\":\"t\",\"path\":\"long\"}");
	assert_string_equal(dump(json_object_get(last, "reads")), "[]");
	ask("read_file", "{\"path\":\"four\"}");
	assert_string_equal(dump(json_object_get(last, "reads")), "[]");
	assert_string_equal(json_get_cstr(last, "summary", ""), "error");
}

static void long_files_come_in_pieces(void **state)
{
	struct str wide = many("0123456789", 15);
	struct buf want, file;

	(void)state;
	buf_init(&want, MIB(1));
	buf_init(&file, MIB(1));
	for (int i = 1; i <= 500; i++)
		buf_printf(&file, "%d\n", i);
	put("long", file.p);
	buf_adds(&want, "lines 1-400 of 500\n");
	for (int i = 1; i <= 400; i++)
		buf_printf(&want, "%6d\t%d\n", i, i);
	buf_adds(&want, "(stopped at line 400; 100 more lines follow)\n");
	assert_string_equal(ask("read_file", "{\"path\":\"long\",\"from\":1,\"to\":500}"), want.p);

	buf_clear(&file);
	for (int i = 1; i <= 500; i++)
		buf_printf(&file, "%s%s\n", wide.p, wide.p);
	put("wide", file.p);
	buf_clear(&want);
	buf_adds(&want, "lines 1-200 of 500\n");
	for (int i = 1; i <= 200; i++)
		buf_printf(&want, "%6d\t%s%s\n", i, wide.p, wide.p);
	buf_adds(&want, "(stopped at line 200; 300 more lines follow)\n");
	assert_string_equal(ask("read_file", "{\"path\":\"wide\"}"), want.p);
	buf_fini(&want);
	buf_fini(&file);
}

static void a_line_of_a_megabyte_is_shown_by_its_beginning(void **state)
{
	struct str line = many("\xc3\xa9", 500000), odd = many("\xc3\xa9", 999);

	(void)state;
	put_str("wide", line);
	put_str("odd", str_from(text("x%s", line.p)));
	assert_string_equal(ask("read_file", "{\"path\":\"wide\"}"),
	    text("lines 1-1 of 1\n     1\t%.2000s …\n", line.p));
	assert_string_equal(
	    ask("read_file", "{\"path\":\"odd\"}"), text("lines 1-1 of 1\n     1\tx%s …\n", odd.p));
}

static void what_cannot_be_read_as_text_is_not(void **state)
{
	(void)state;
	put_str("binary", (struct str){ "a\0b", 3 });
	put_str("latin", STR("caf\xe9\n"));
	put("huge", "");
	assert_int_equal(truncate(at("huge"), 1024L * 1024 * 1024), 0);
	assert_string_equal(ask("read_file", "{\"path\":\"binary\"}"),
	    "Error: binary: it is a binary file (3 bytes)");
	assert_string_equal(
	    ask("read_file", "{\"path\":\"huge\"}"), "Error: huge: it is larger than 16 MiB");
	assert_string_equal(
	    ask("read_file", "{\"path\":\"latin\"}"), "lines 1-1 of 1\n     1\tcaf\xef\xbf\xbd\n");
	put_str("late", (struct str){ many("\n", 9000).p, 9001 }); /* NUL at the end */
	assert_string_equal(ask("read_file", "{\"path\":\"late\",\"from\":9000}"),
	    "lines 9000-9001 of 9001\n  9000\t\n  9001\t\xef\xbf\xbd\n");
	put_str("huge", many("\n", MIB(16)));
	assert_string_equal(ask("read_file", "{\"path\":\"huge\",\"from\":16777216}"),
	    "lines 16777216-16777216 of 16777216\n16777216\t\n");
	put_str("huge", many("\n", MIB(16) + 1));
	assert_string_equal(
	    ask("read_file", "{\"path\":\"huge\"}"), "Error: huge: it is larger than 16 MiB");
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

	(void)state;
	put("src/a.c", "foo(a)\nFoo\na.foo\n\nlast");
	put("lib/b.h", "foo(b)\r\n");
	ASK_ALL(rows);
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

	(void)state;
	put("a", "a\nb\n");
	ASK_ALL(rows);
	assert_string_equal(ask("search", text("{\"pattern\":\"%s\"}", many("x", 1025).p)),
	    "Error: pattern must have 1 to 1024 bytes");
	assert_string_equal(
	    ask("search", text("{\"pattern\":\"x\",\"glob\":\"%s\"}", many("x", 201).p)),
	    "Error: glob must have at most 200 bytes");
}

static void many_matches_say_that_there_are_more(void **state)
{
	struct buf want;

	(void)state;
	buf_init(&want, MIB(1));
	put_str("a", many("hit\n", 600));
	put("b", "hit\n");
	for (int i = 1; i <= 500; i++)
		buf_printf(&want, "a:%d: hit\n", i);
	buf_adds(&want, "(first 500 matches; there are more)\n");
	assert_string_equal(ask("search", "{\"pattern\":\"hit\",\"max\":9999}"), want.p);
	assert_string_equal(json_get_cstr(last, "summary", ""), "500 hits");
	want.n = 0;
	for (int i = 1; i <= 100; i++)
		buf_printf(&want, "a:%d: hit\n", i);
	buf_adds(&want, "(first 100 matches; there are more)\n");
	assert_string_equal(ask("search", "{\"pattern\":\"hit\"}"), want.p);

	/* fewer than asked for, since they would pass the ceiling of a result */
	put_str("a", many(many("hit ", 80).p, 1));
	sh("for i in $(seq 400); do cat a; echo; done >c; mv c a");
	buf_clear(&want);
	for (int i = 1; i <= 185; i++)
		buf_printf(&want, "a:%d: %s …\n", i, many("hit ", 75).p);
	buf_adds(&want, "(first 185 matches; there are more)\n");
	assert_string_equal(ask("search", "{\"pattern\":\"hit\",\"max\":400}"), want.p);
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

	(void)state;
	put("a", "aa\nb\n");
	ASK_ALL(rows);
}

/* Whatever was left out could have held a match. */
static void what_was_not_searched_is_said(void **state)
{
	struct str deep = many("d/", 70);

	(void)state;
	put("wide", text("%s needle\n", many("x", 4100).p));
	put_str("large", many("needle\n", 300000));
	put_str("binary", (struct str){ "needle\0\n", 8 });
	assert_string_equal(ask("search", "{\"pattern\":\"needle$\",\"regex\":true}"),
	    "No match.\n(1 files are larger than 2 MiB and were not searched)\n(1 lines are longer "
	    "than 4 KiB; only their beginning was held against the expression)\n");
	assert_string_equal(ask("search", "{\"pattern\":\"x$\",\"regex\":true,\"path\":\"wide\"}"),
	    "No match.\n(1 lines are longer than 4 KiB; only their beginning was held against the "
	    "expression)\n");
	assert_string_equal(ask("search", "{\"pattern\":\"needle\",\"path\":\"wide\"}"),
	    text("wide:1: %s …\n", many("x", 300).p));
	assert_string_equal(ask("search", "{\"pattern\":\"needle\",\"path\":\"large\"}"),
	    "Error: large: it is larger than 2 MiB; use read_file");
	assert_string_equal(ask("search", "{\"pattern\":\"needle\",\"path\":\"binary\"}"),
	    "Error: binary: it is a binary file");

	put(text("%sneedle", deep.p), "needle\n");
	assert_string_equal(ask("search", "{\"pattern\":\"needle\",\"path\":\"d\"}"),
	    "No match.\n(1 places could not be looked into: too deep or not readable)\n");
	assert_string_equal(ask("find_files", "{\"pattern\":\"needle\"}"),
	    "No file matches.\n(1 places could not be looked into: too deep or not readable)\n");
	assert_string_equal(ask("search", "{\"pattern\":\"needle\",\"path\":\"d/d/d/d/d/d/d\"}"),
	    text("%sneedle:1: needle\n", deep.p));
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

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(names[i], "");
	ASK_ALL(rows);
	assert_string_equal(ask("find_files", text("{\"pattern\":\"%s\"}", many("*", 201).p)),
	    "Error: pattern must have 1 to 200 bytes");
}

static void more_files_than_wanted_are_said_to_be_there(void **state)
{
	struct buf want;

	(void)state;
	sh("seq -f %04g 1 1003 | xargs touch");
	buf_init(&want, MIB(1));
	for (int i = 1; i <= 1000; i++)
		buf_printf(&want, "%04d\n", i);
	buf_adds(&want, "(first 1000; there are more)\n");
	assert_string_equal(ask("find_files", "{\"pattern\":\"*\",\"max\":99999}"), want.p);
	assert_string_equal(json_get_cstr(last, "summary", ""), "1000 files and more");
	want.n = 0;
	for (int i = 1; i <= 100; i++)
		buf_printf(&want, "%04d\n", i);
	buf_adds(&want, "(first 100; there are more)\n");
	assert_string_equal(ask("find_files", "{\"pattern\":\"*\"}"), want.p);
	buf_fini(&want);
}

/* Each star can end in many places; that costs time, but never a match. */
static void patterns_with_many_stars_find_what_they_should(void **state)
{
	const char *name = text("x%s/xaaaaab", many("a", 150).p);

	(void)state;
	put(name, "");
	assert_string_equal(
	    ask("find_files", "{\"pattern\":\"**x*a*a*a*a*a*b/**\"}"), "No file matches.\n");
	assert_string_equal(
	    ask("find_files", "{\"pattern\":\"**/x*a*a*a*a*a*b\"}"), text("%s\n", name));
}

static void long_paths_are_found_whole(void **state)
{
	const char *unit = text("%s/", many("d", 194).p);
	const char *path = text("%s%s", many(unit, 20).p, many("x", 195).p);

	(void)state;
	assert_int_equal(strlen(path), 4095);
	sh(text("for i in $(seq 20); do mkdir %s && cd %s; done; touch %.195s", unit, unit,
	    path + 3900));
	assert_string_equal(ask("find_files", "{\"pattern\":\"xx*\"}"), text("%s\n", path));
}

/* --- git --------------------------------------------------------------------------------- */

/* Three commits whose hashes are the same on every machine. */
static void make_history(void)
{
	sh("git init -q -b main . && printf 'one\\ntwo\\n' >a.c && git add . && git commit -qm "
	   "first && git tag v1 && printf 'one\\nzwei\\n' >a.c && git commit -qam 'second, with "
	   "\xc3\xbc' && git branch side && mkdir sub && echo new >sub/\xc3\xa9.c && git add . && "
	   "git commit -qm third");
	root.git = at(".git");
}

#define SECOND                                                                                    \
	" a.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\ndiff --git a/a.c b/a.c\n" \
	"index 814f4a4..672c205 100644\n--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,2 @@\n "                 \
	"one\n-two\n+zwei\n"
#define THIRD                                                                                    \
	" sub/\xc3\xa9.c | 1 +\n 1 file changed, 1 insertion(+)\n\ndiff --git a/sub/\xc3\xa9.c " \
	"b/sub/\xc3\xa9.c\nnew file mode 100644\nindex 0000000..3e75765\n--- /dev/null\n"        \
	"+++ b/sub/\xc3\xa9.c\n@@ -0,0 +1 @@\n+new\n"

static void history_is_read(void **state)
{
	static const struct row rows[] = {
		{ "git_log", "{}",
		    "669a859 2024-01-02 Ann: third\n3b554e7 2024-01-02 Ann: second, with \xc3\xbc\n"
		    "173245f 2024-01-02 Ann: first\n" },
		{ "git_log", "{\"max\":3,\"path\":\".\"}",
		    "669a859 2024-01-02 Ann: third\n3b554e7 2024-01-02 Ann: second, with \xc3\xbc\n"
		    "173245f 2024-01-02 Ann: first\n" },
		{ "git_log", "{\"path\":\"sub\"}", "669a859 2024-01-02 Ann: third\n" },
		{ "git_log", "{\"path\":\"nowhere\"}", "(nothing)\n" },
		{ "git_diff", "{\"from\":\"v1\",\"to\":\"side\"}", SECOND },
		{ "git_diff", "{\"from\":\"HEAD~1\"}", THIRD },
		{ "git_diff", "{\"from\":\"v1\",\"path\":\"a.c\"}", SECOND },
		{ "git_diff", "{\"from\":\"v1\",\"to\":\"v1\"}", "(nothing)\n" },
		{ "git_blame", "{\"path\":\"a.c\"}",
		    "^173245f (Ann 2024-01-02 1) one\n3b554e78 (Ann 2024-01-02 2) zwei\n" },
		{ "git_blame", "{\"path\":\"a.c\",\"from\":2,\"to\":2}",
		    "3b554e78 (Ann 2024-01-02 2) zwei\n" },
		{ "git_show", "{\"commit\":\"side\"}",
		    "commit 3b554e789d7c349486a06cb9305d74201f3830a0\nAuthor: Ann <a@b>\n"
		    "Date:   2024-01-02\n\n    second, with \xc3\xbc\n---\n" SECOND },
		{ "git_show", "{\"commit\":\"v1:a.c\"}", "one\ntwo\n" },
	};

	(void)state;
	make_history();
	ASK_ALL(rows);
}

#define NOT_DONE "Error: git could not do that (is the revision or path right?)"

static void what_git_refuses_is_an_error(void **state)
{
	static const struct row rows[] = {
		{ "git_show", "{\"commit\":\"nope\"}", NOT_DONE },
		{ "git_show", "{\"commit\":\"@{upstream}\"}", NOT_DONE },
		{ "git_show", "{\"commit\":\"HEAD~9\"}", NOT_DONE },
		{ "git_diff", "{\"from\":\"nope\"}", NOT_DONE },
		{ "git_diff", "{\"from\":\"HEAD\",\"to\":\"nope\"}", NOT_DONE },
		{ "git_diff", "{\"from\":\"HEAD\",\"path\":\"../outside\"}", NOT_DONE },
		{ "git_log", "{\"path\":\"/etc/passwd\"}", NOT_DONE },
		{ "git_blame", "{\"path\":\"nowhere\"}", NOT_DONE },
		{ "git_blame", "{\"path\":\"\"}", NOT_DONE },
		{ "git_blame", "{\"path\":\"a.c\",\"from\":3}", NOT_DONE },
	};

	(void)state;
	make_history();
	ASK_ALL(rows);
}

/* git takes options at any place, and some of them write or run things. */
static void revisions_are_no_options(void **state)
{
	static const char *const bad[] = { "--output=pwned", "-O", "-Opwned", "--ext-diff", "-",
		"--", "HEAD --output=pwned", "HEAD\\n--output=pwned", "HEAD\\t", "", " HEAD",
		"\\u007f" };

	(void)state;
	make_history();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_string_equal(ask("git_show", text("{\"commit\":\"%s\"}", bad[i])),
		    "Error: commit must be a commit");
		assert_string_equal(ask("git_diff", text("{\"from\":\"%s\"}", bad[i])),
		    "Error: from (and to) must be commits");
		assert_string_equal(
		    ask("git_diff", text("{\"from\":\"HEAD\",\"to\":\"%s\"}", bad[i])),
		    *bad[i] ? "Error: from (and to) must be commits" : "(nothing)\n");
	}
	assert_string_equal(ask("git_show", text("{\"commit\":\"%s\"}", many("a", 201).p)),
	    "Error: commit must be a commit");
	assert_string_equal(ask("git_log", "{\"path\":\"--output=pwned\"}"), "(nothing)\n");
	assert_string_equal(ask("git_blame", "{\"path\":\"--output=pwned\"}"), NOT_DONE);
	assert_false(fs_exists(at("pwned")));
}

static void blame_takes_lines_that_are_not_too_far_apart(void **state)
{
	static const char wrong[] = "Error: from and to must be lines, at most 400 apart";
	static const struct row rows[] = {
		{ "git_blame", "{\"path\":\"a.c\",\"from\":0}", wrong },
		{ "git_blame", "{\"path\":\"a.c\",\"from\":2,\"to\":1}", wrong },
		{ "git_blame", "{\"path\":\"a.c\",\"from\":1,\"to\":402}", wrong },
		{ "git_blame", "{\"path\":\"a.c\",\"from\":2,\"to\":401}",
		    "3b554e78 (Ann 2024-01-02 2) zwei\n" },
		{ "git_blame", "{\"path\":\"a.c\",\"from\":8999999999999999}", NOT_DONE },
	};

	(void)state;
	make_history();
	ASK_ALL(rows);
}

static void there_may_be_no_history(void **state)
{
	(void)state;
	put("a.c", "x\n");
	root.git = at(".git");
	assert_string_equal(
	    ask("git_log", "{}"), "Error: there is no git history in this snapshot");
	sh("git init -q -b main .");
	assert_string_equal(ask("git_log", "{}"), NOT_DONE);
}

static void long_histories_say_that_there_is_more(void **state)
{
	struct buf want;

	(void)state;
	make_history();
	assert_string_equal(ask("git_log", "{\"max\":1}"),
	    "669a859 2024-01-02 Ann: third\n(first 1 commits; there are more)\n");
	sh("seq 150 >long; git add long; git commit -qm fourth");
	buf_init(&want, MIB(1));
	for (int i = 1; i <= 100; i++)
		buf_printf(&want, "9b2c1718 (Ann 2024-01-02 %3d) %d\n", i, i);
	buf_adds(&want, "(first 100 lines; there are more)\n");
	assert_string_equal(ask("git_blame", "{\"path\":\"long\"}"), want.p);
	buf_fini(&want);
}

/* git's output comes in pieces, and a piece can end within a character. */
static void long_changes_are_cut_between_characters(void **state)
{
	static const char note[] = "\n(cut here: a result holds at most 64 KiB)\n";
	static const char head[] =
	    " a.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\ndiff --git a/a.c "
	    "b/a.c\n"
	    "index 672c205..3f1f854 100644\n--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,2 @@\n one\n-zwei\n+";
	size_t kept = 65536 - sizeof(note) - (sizeof(head) - 1);

	(void)state;
	make_history();
	put("a.c", text("one\n%s\n", many("\xc3\xa9", 100000).p));
	sh("git commit -qam long");
	assert_string_equal(ask("git_diff", "{\"from\":\"HEAD~1\"}"),
	    text("%s%s%s", head, many("\xc3\xa9", kept / 2).p, note));
}

/* Whatever the directory's own configuration asks for, none of it is run. */
static void git_runs_nothing_of_the_configuration(void **state)
{
	static const char *const calls[][2] = { { "git_log", "{}" },
		{ "git_log", "{\"path\":\"a.c\"}" }, { "git_diff", "{\"from\":\"v1\"}" },
		{ "git_diff", "{\"from\":\"v1\",\"path\":\"a.c\"}" },
		{ "git_blame", "{\"path\":\"a.c\"}" }, { "git_show", "{\"commit\":\"HEAD\"}" },
		{ "git_show", "{\"commit\":\"side\"}" }, { "git_show", "{\"commit\":\"signed\"}" },
		{ "git_show", "{\"commit\":\"lost\"}" } };

	(void)state;
	make_history();
	sh("git cat-file commit HEAD | sed 's/^committer.*/&\\ngpgsig -----BEGIN PGP "
	   "SIGNATURE-----\\n"
	   " \\n x\\n -----END PGP SIGNATURE-----/' >../signed\n"
	   "git cat-file commit HEAD | sed 's/^tree .*/tree "
	   "1111111111111111111111111111111111111111/' >../lost\n"
	   "git update-ref refs/heads/signed $(git hash-object -t commit -w ../signed)\n"
	   "git hash-object --literally -t commit -w ../lost >.git/refs/heads/lost\n"
	   "printf '#!/bin/sh\\necho \"$0 $*\" >>%s\\ncat \"$1\" 2>/dev/null\\n' $MARKER >../evil\n"
	   "chmod +x ../evil; evil=$PWD/../evil\n"
	   "for h in post-checkout post-index-change fsmonitor-watchman pre-auto-gc "
	   "reference-transaction; do ln -s $evil .git/hooks/$h; done\n"
	   "for k in pager.log pager.show pager.diff diff.external diff.bad.command "
	   "diff.bad.textconv filter.bad.clean filter.bad.smudge filter.bad.process gpg.program "
	   "gpg.ssh.program gpg.x509.program credential.helper interactive.diffFilter "
	   "remote.origin.uploadpack sequence.editor core.pager core.editor core.sshCommand "
	   "core.gitProxy core.alternateRefsCommand core.fsmonitor; do git config $k $evil; done\n"
	   "for k in log show diff blame; do git config alias.$k \"!$evil\"; done\n"
	   "echo '* diff=bad filter=bad' >.gitattributes; cp .gitattributes .git/info/attributes\n"
	   "printf '[log]\\n\\tshowSignature = true\\n' >../more\n"
	   "cat >>.git/config <<EOF\n[include]\n\tpath = $PWD/../more\n"
	   "[core]\n\thooksPath = $PWD/.git/hooks\n\tworktree = $PWD/../elsewhere\n"
	   "\trepositoryFormatVersion = 1\n[extensions]\n\tpartialClone = origin\n"
	   "[remote \"origin\"]\n\tpromisor = true\n\turl = ext::$evil\n"
	   "[protocol \"ext\"]\n\tallow = always\nEOF\nrm -f $MARKER");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const char *got = ask(calls[i][0], calls[i][1]);

		if (fs_exists(text("%s/marker", here.top)))
			fail_msg("%s %s ran something: %s", calls[i][0], calls[i][1], got);
		assert_int_equal(strcmp(got, NOT_DONE) == 0, strstr(calls[i][1], "lost") != NULL);
	}
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
		UNIT_TEST(history_is_read),
		UNIT_TEST(what_git_refuses_is_an_error),
		UNIT_TEST(revisions_are_no_options),
		UNIT_TEST(blame_takes_lines_that_are_not_too_far_apart),
		UNIT_TEST(there_may_be_no_history),
		UNIT_TEST(long_histories_say_that_there_is_more),
		UNIT_TEST(long_changes_are_cut_between_characters),
		UNIT_TEST(git_runs_nothing_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
