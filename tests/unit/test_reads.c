/* What tool calls and commands have shown of files, as each program says it. */
#include "check.h"

#include "adapter/reads.h"
#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>

/* READS (taken) as "a.c:1-4 b.c:3-" */
static void are(const char *what, json_t *reads, const char *want)
{
	const json_t *one;
	size_t i;
	struct buf b;

	buf_init(&b, MIB(1));
	json_array_foreach (reads, i, one) {
		buf_printf(&b, "%s%s:%lld-", i ? " " : "", json_get_cstr(one, "path", "?"),
		    json_get_int(one, "from", 0));
		if (json_object_get(one, "to"))
			buf_printf(&b, "%lld", json_get_int(one, "to", 0));
	}
	char *got = xstrndup(b.n ? b.p : "", b.n);

	if (strcmp(got, want) != 0)
		print_message("%s: %s, not %s\n", what, got, want);
	assert_string_equal(got, want);
	free(got);
	buf_fini(&b);
	json_decref(reads);
}

/* --- tools --------------------------------------------------------------------------------- */

static const struct read_tool tools[] = {
	{ .tool = "numbered",
	    .shape = READ_NUMBERED,
	    .path = "file",
	    .mark = "\t",
	    .old_mark = "\xe2\x86\x92" },
	{ .tool = "plain",
	    .shape = READ_PLAIN,
	    .path = "file",
	    .other_path = "path",
	    .from = "offset",
	    .from_zero = true },
	{ .tool = "silent", .shape = READ_SILENT, .path = "file", .whole_max = 2000 },
	{ .tool = "hits", .shape = READ_HITS, .path = "file" },
	{ .tool = "grouped", .shape = READ_GROUPED },
	{ .tool = NULL },
};

static const struct {
	const char *tool, *input, *output, *want;
} calls[] = {
	{ "numbered", "{\"file\":\"/repo/a.c\"}", "1\tint x;\n2\t\n3\t", "/repo/a.c:1-3" },
	{ "numbered", "{\"file\":\"a.c\",\"offset\":7}",
	    "     7\xe2\x86\x92x\n     8\xe2\x86\x92y\n", "a.c:7-8" },
	{ "numbered", "{\"file\":\"a.c\"}", "1\tx\n3\ty\n", "a.c:1-1" },
	{ "numbered", "{\"file\":\"a.c\"}", "1\tx\n\n<system-reminder>\n2\tno\n", "a.c:1-1" },
	{ "numbered", "{\"file\":\"a.c\"}", "The file is empty.", "" },
	{ "numbered", "{\"file\":\"a.c\"}", "99999999999\tx\n", "" },
	{ "numbered", "{}", "1\tx\n", "" },
	{ "plain", "{\"file\":\"a.c\"}", "one\ntwo\n", "a.c:1-2" },
	{ "plain", "{\"path\":\"a.c\"}", "one\ntwo", "a.c:1-2" },
	{ "plain", "{\"file\":\"a.c\",\"offset\":10,\"limit\":5}", "one\ntwo", "a.c:11-12" },
	{ "plain", "{\"file\":\"a.c\",\"offset\":-3}", "one\ntwo", "" },
	{ "plain", "{\"file\":\"a.c\"}", "Read lines 11-40 of 112 from a.c", "a.c:11-40" },
	{ "plain", "{\"file\":\"a.c\"}", "Read lines 11-40 of at least 112 from a.c (truncated)",
	    "a.c:11-40" },
	{ "plain", "{\"file\":\"a.c\"}",
	    "Showing lines 11-12 of 112 total lines.\n\n---\n\neleven\ntwelve\n", "a.c:11-12" },
	{ "plain", "{\"file\":\"a.c\"}",
	    "Showing lines 1-90000 of 90000 total lines.\n\n---\n\nonly this\n", "a.c:1-1" },
	{ "plain", "{\"file\":\"a.c\"}", "Unchanged: a.c", "" },
	{ "plain", "{\"file\":\"a.c\"}", "", "" },
	{ "plain", "{\"file\":\"a.ipynb\"}", "{}", "" },
	{ "silent", "{\"file\":\"a.c\"}", "", "a.c:1-2000" },
	{ "silent", "{\"file\":\"a.c\"}", "Read lines 1-2000 of 2400 from a.c", "a.c:1-2000" },
	{ "silent", "{\"file\":\"a.c\"}", "Read all 3 lines from a.c (some lines were shortened)",
	    "a.c:1-2000" },
	{ "silent", "{\"file\":\"a.png\"}", "Read image file: a.png", "" },
	{ "hits", "{\"-n\":true,\"output_mode\":\"content\"}",
	    "src/a.c:4:x\nsrc/a.c:5:y\nb:1:1:z\n", "src/a.c:4-5 b:1-1" },
	{ "hits", "{\"-n\":true,\"output_mode\":\"content\",\"file\":\"a.c\"}", "4:x\n9:y: z\n",
	    "a.c:4-4 a.c:9-9" },
	{ "hits", "{\"-n\":true,\"output_mode\":\"content\"}", "src/a.c-4-x\nno:number\n:3:x\n",
	    "" },
	{ "hits", "{\"output_mode\":\"content\"}", "src/a.c:4:x\n", "" },
	{ "hits", "{\"-n\":true}", "src/a.c:4:x\n", "" },
	{ "grouped", "{}",
	    "Found 2 matches\n/repo/a.c:\n  Line 1: x\n  Line 2: y\n\n/repo/b:\n"
	    "  Line 7: /repo/c:\n",
	    "/repo/a.c:1-2 /repo/b:7-7" },
	{ "grouped", "{}", "  Line 1: x\n", "" },
	{ "another", "{\"file\":\"a.c\"}", "1\tx\n", "" },
};

static void calls_show_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		json_t *input = json_parse(str_from(calls[i].input), NULL);

		assert_non_null(input);
		are(calls[i].output,
		    reads_of_call(tools, str_from(calls[i].tool), input, str_from(calls[i].output)),
		    calls[i].want);
		json_decref(input);
	}
}

static void reads_have_a_ceiling(void **state)
{
	json_t *list = NULL;

	(void)state;
	for (unsigned i = 0; i < READS_MAX + 10; i++)
		reads_add(&list, STR("a.c"), 2 * i + 1, 2 * i + 1);
	assert_int_equal(json_array_size(list), READS_MAX);
	json_decref(list);
}

/* --- commands ------------------------------------------------------------------------------ */

#define THREE "one\ntwo\nthree\n"

static const struct {
	const char *command, *output, *want;
} commands[] = {
	{ "cat a.c", THREE, "a.c:1-3" },
	{ "/usr/bin/cat -n -- a.c", THREE, "a.c:1-3" },
	{ "cat a.c b.c", THREE, "a.c:1- b.c:1-" },
	{ "cat -s a.c", THREE, "" },
	{ "cat", THREE, "" },
	{ "cat -", THREE, "" },
	{ "cat a.c", "", "" },
	{ "cat 'a b.c'", THREE, "a b.c:1-3" },
	{ "cat \"a b\"'.c'", THREE, "a b.c:1-3" },
	{ "nl -ba a.c", THREE, "a.c:1-3" },
	{ "nl -b a a.c", THREE, "a.c:1-3" },
	{ "tac a.c", THREE, "" },
	{ "head a.c", THREE, "a.c:1-3" },
	{ "head -n 2 a.c", "one\ntwo\n", "a.c:1-2" },
	{ "head -2 a.c", "one\ntwo\n", "a.c:1-2" },
	{ "head -n2 a.c", THREE, "a.c:1-2" },
	{ "head --lines=3 a.c", THREE, "a.c:1-3" },
	{ "head -n -2 a.c", THREE, "" },
	{ "head -c 20 a.c", THREE, "" },
	{ "head -n 2 a.c b.c", THREE, "" },
	{ "tail a.c", THREE, "" },
	{ "tail -n +7 a.c", THREE, "a.c:7-9" },
	{ "tail -n 7 a.c", THREE, "" },
	{ "sed -n '5,7p' a.c", THREE, "a.c:5-7" },
	{ "sed -n 5,900p a.c", THREE, "a.c:5-7" },
	{ "sed -n 5p a.c", "five\n", "a.c:5-5" },
	{ "sed -n '5,$p' a.c", THREE, "a.c:5-7" },
	{ "sed -n '5,7p;9p' a.c", THREE, "" },
	{ "sed -n '7,5p' a.c", THREE, "" },
	{ "sed 5d a.c", THREE, "" },
	{ "sed -n", THREE, "" },
	{ "nl -ba a.c | sed -n '5,7p'", THREE, "a.c:5-7" },
	{ "cat a.c | head -n 2", "one\ntwo\n", "a.c:1-2" },
	{ "cat a.c | head -2 | tail -1", "two\n", "" },
	{ "cat a.c b.c | head", THREE, "" },
	{ "cat a.c | sed -n 1p b.c", "one\n", "" },
	{ "cat a.c | wc -l", "3\n", "" },
	{ "cat a.c |", THREE, "" },
	{ "| head", THREE, "" },
	{ "grep -n x a.c", "4:x\n5:y\n", "a.c:4-5" },
	{ "grep -rn x src", "src/a.c:4:x\nsrc/b.c:1:y\n", "src/a.c:4-4 src/b.c:1-1" },
	{ "grep -n -A 2 -e x a.c b.c", "a.c:4:x\na.c-5-y\n", "a.c:4-4" },
	{ "grep -r x src", "src/a.c:4:x\n", "" },
	{ "grep -on x a.c", "4:x\n", "" },
	{ "grep -cn x a.c", "4\n", "" },
	{ "rg -n --glob=*.c x", "", "" },
	{ "rg -n x", "src/a.c:4:x\n", "src/a.c:4-4" },
	{ "rg -n --replace=y x a.c", "4:y\n", "" },
	{ "/bin/bash -lc 'cat a.c'", THREE, "a.c:1-3" },
	{ "bash -c \"sed -n '5,7p' a.c\"", THREE, "a.c:5-7" },
	{ "/bin/bash -lc 'cat a.c; cat b.c'", THREE, "" },
	{ "cd src && cat a.c", THREE, "" },
	{ "cat *.c", THREE, "" },
	{ "cat $HOME/a.c", THREE, "" },
	{ "cat \"$HOME/a.c\"", THREE, "" },
	{ "cat $(echo a.c)", THREE, "" },
	{ "cat < a.c", THREE, "" },
	{ "cat a.c > b.c", THREE, "" },
	{ "cat a.c\ncat b.c", THREE, "" },
	{ "cat 'a.c", THREE, "" },
	{ "cat ~/a.c", THREE, "" },
	{ "cat ''", THREE, "" },
	{ "ls", "a.c\n", "" },
	{ "", "", "" },
	{ "   ", "", "" },
};

static void commands_show_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		are(commands[i].command,
		    reads_of_shell(
			str_from(commands[i].command), str_from(commands[i].output), true),
		    commands[i].want);
}

static void what_was_cut_off_was_not_shown(void **state)
{
	(void)state;
	are("a line's beginning", reads_of_shell(STR("cat a.c"), STR("one\ntwo\nthr"), false),
	    "a.c:1-2");
	are("nothing whole", reads_of_shell(STR("cat a.c"), STR("on"), false), "");
	are("a hit", reads_of_shell(STR("grep -n x a.c"), STR("4:x\n9:x y"), false), "a.c:4-4");
	are("of two files", reads_of_shell(STR("cat a.c b.c"), STR(THREE), false), "");
}

static void a_command_of_words(void **state)
{
	static const struct str words[] = { { "sh", 2 }, { "-c", 2 }, { "cat a.c", 7 } };
	static const struct str odd[] = { { "cat", 3 }, { "$x", 2 } };

	(void)state;
	are("sh -c", reads_of_command(words, 3, STR(THREE), true), "a.c:1-3");
	are("no shell", reads_of_command(odd, 2, STR(THREE), true), "$x:1-3");
	are("nothing", reads_of_command(words, 0, STR(THREE), true), "");
}

/* --- diffs --------------------------------------------------------------------------------- */

#define DIFF                                                                                    \
	"diff --git a/a.c b/a.c\nindex 1..2 100644\n--- a/a.c\n+++ b/a.c\n"                     \
	"@@ -3,3 +3,4 @@ int f(void)\n x\n-y\n+z\n+z\n w\n"                                     \
	"@@ -20 +21,2 @@\n-a\n+a\n+b\n"                                                         \
	"diff --git a/gone.c b/gone.c\n--- a/gone.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"        \
	"diff --git a/n.c b/n.c\nnew file mode 100644\n--- /dev/null\n+++ b/n.c\n@@ -0,0 +1,2 " \
	"@@\n"                                                                                  \
	"+++ b/fake.c\n+@@ -1 +1,9 @@\n\\ No newline at end of file\n"

static void hunks_show_their_new_lines(void **state)
{
	(void)state;
	are("a diff", reads_of_diff(STR(DIFF)), "a.c:3-6 a.c:21-22 n.c:1-2");
	are("git diff", reads_of_shell(STR("git diff HEAD~1"), STR(DIFF), true),
	    "a.c:3-6 a.c:21-22 n.c:1-2");
	are("two commits", reads_of_shell(STR("git diff HEAD~1 HEAD"), STR(DIFF), true), "");
	are("two commits", reads_of_shell(STR("git diff HEAD~1..HEAD"), STR(DIFF), true), "");
	are("the index", reads_of_shell(STR("git diff --cached"), STR(DIFF), true), "");
	are("of a path",
	    reads_of_shell(STR("git --no-pager diff -U5 main -- a..b"), STR(DIFF), true),
	    "a.c:3-6 a.c:21-22 n.c:1-2");
	are("a commit", reads_of_shell(STR("git show"), STR(DIFF), true), "");
}

static void a_hunk_says_no_more_than_it_holds(void **state)
{
	(void)state;
	are("short", reads_of_diff(STR("+++ b/a.c\n@@ -1,9 +1,9 @@\n x\n+y\ndiff --git a/b b/b\n")),
	    "a.c:1-2");
	are("huge", reads_of_diff(STR("+++ b/a.c\n@@ -1 +1,4000000000 @@\n+x\n")), "");
	are("quoted", reads_of_diff(STR("+++ \"b/\\303\\244\"\n@@ -0,0 +1 @@\n+x\n")), "");
	are("no name", reads_of_diff(STR("@@ -0,0 +1 @@\n+x\n")), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_show_lines),
		cmocka_unit_test(reads_have_a_ceiling),
		cmocka_unit_test(commands_show_lines),
		cmocka_unit_test(what_was_cut_off_was_not_shown),
		cmocka_unit_test(a_command_of_words),
		cmocka_unit_test(hunks_show_their_new_lines),
		cmocka_unit_test(a_hunk_says_no_more_than_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
