/* What a snapshot of a repository holds, in all the states in which people leave repositories. */
#include "freeze.h"

/* Freezes; the snapshot must have this tree and these facts (NULL: whatever they are). */
static void expect(const char *at_commit, const char *tree, const char *facts)
{
	struct snapshot *snap = freeze(at_commit, NULL);

	assert_string_equal(tree_of(snap), tree);
	if (facts)
		assert_string_equal(facts_of(snap), facts);
	snapshot_free(snap);
}

/* What stands beside the snapshots and is none. */
static const char *leftovers(void)
{
	return said(
	    text("ls -A %s/data/snapshots | grep -v '^[0-9a-f]\\{64\\}$' || true", here.top));
}

/* Freezes; it must fail with these words: what, why and how to fix it. */
static void expect_error(const char *at_commit, const char *base, const char *words)
{
	const struct freeze_spec spec = { .repo = here.dir, .at = at_commit, .base = base };
	struct frozen f = freeze_spec(&spec, false);

	assert_null(f.snap);
	assert_string_equal(text("%s\n%s\n%s\n", f.err.what, f.err.why, f.err.fix), words);
	assert_string_equal(leftovers(), "");
}

#define FACTS(commit, branch, dirty, changed, files, bytes, skipped, n_skipped, kind) \
	"{\"commit\":\"" commit "\",\"branch\":\"" branch "\",\"dirty\":" #dirty      \
	",\"changed\":[" changed "],\"files\":" #files ",\"bytes\":" #bytes           \
	",\"languages\":{},\"skipped\":[" skipped "],\"n_skipped\":" #n_skipped       \
	",\"kind\":\"" kind "\"}"
#define CLEAN(commit, branch, files, bytes) \
	FACTS(commit, branch, false, "", files, bytes, "", 0, "git")

/* --- what is done with a repository ------------------------------------------------------ */

#define FIRST "92edf34aeac958782ae26d3dc01ed6b8082e14ef"

static void make_history(void)
{
	sh("git init -q -b main .; printf 'one\\n' >kept; printf 'one\\n' >changed; printf x "
	   ">gone\n"
	   "printf 'a\\nb\\nc\\nd\\n' >old; mkdir d; printf y >d/deep; echo '*.o' >.gitignore\n"
	   "printf '#!/bin/sh\\n' >run; chmod +x run; ln -s d/deep link; git add .\n"
	   "git commit -qm first; git tag v1; git tag -a -m noted v1-noted; git branch side");
}

static void make_dirt(void)
{
	sh("printf 'two\\n' >>changed; rm gone; git mv old new; echo staged >staged; git add "
	   "staged\n"
	   "echo more >>staged; echo new >untracked; echo ignored >x.o\n"
	   "mkdir -p .git/info; echo '*.tmp' >.git/info/exclude; echo ignored >y.tmp");
}

#define CLEAN_TREE                                                                          \
	"f644 .gitignore: *.o|\nf644 changed: one|\nd755 d\nf644 d/deep: y\nf644 gone: x\n" \
	"f644 kept: one|\nl777 link -> d/deep\nf644 old: a|b|c|d|\nf755 run: #!/bin/sh|\n"
#define DIRTY_TREE                                                                                 \
	"f644 .gitignore: *.o|\nf644 changed: one|two|\nd755 d\nf644 d/deep: y\nf644 kept: one|\n" \
	"l777 link -> d/deep\nf644 new: a|b|c|d|\nf755 run: #!/bin/sh|\nf644 staged: "             \
	"staged|more|\n"                                                                           \
	"f644 untracked: new|\n"

static void a_commit_can_be_named_in_many_ways(void **state)
{
	static const char *const names[] = { "v1", "v1-noted", "side", "HEAD", "main", "92edf34",
		FIRST, "@", "refs/tags/v1", "v1^{commit}", "side^0" };

	(void)state;
	make_history();
	make_dirt();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect(names[i], CLEAN_TREE, CLEAN(FIRST, "", 8, 38));
	sh("git add .; git commit -qm second");
	expect("HEAD~1", CLEAN_TREE, CLEAN(FIRST, "", 8, 38));
	expect("HEAD", DIRTY_TREE, NULL);
}

/* --- without commits, without git -------------------------------------------------------- */

static void a_repository_without_commits(void **state)
{
	(void)state;
	sh("git init -q -b main .; echo x >a; git add a; echo y >b");
	expect(NULL, "f644 a: x|\nf644 b: y|\n", FACTS("", "", false, "", 2, 4, "", 0, "empty"));
	expect_error("HEAD", NULL,
	    "the commit cannot be found\ngit does not know \"HEAD\" in this repository\n"
	    "name a commit, a branch or a tag with --at\n");
	expect_error(NULL, "HEAD",
	    "the repository cannot be compared\ngit does not know the commit \"HEAD\"\n"
	    "name a commit, a branch or a tag with --base\n");
}

/* --- other shapes ------------------------------------------------------------------------ */

static void a_linked_working_tree(void **state)
{
	(void)state;
	sh("cd ..; rmdir repo; git init -q -b main real; cd real; echo x >a; git add .\n"
	   "git commit -qm first; git worktree add -q ../repo -b side; cd ../repo; echo y >>a; "
	   "echo new >b");
	expect(NULL, "f644 a: x|y|\nf644 b: new|\n",
	    FACTS("751b55d4292672b71931be4495fc81cd896ace2d", "side", true, "\"a\",\"b\"", 2, 8, "",
		0, "git"));
	expect("main", "f644 a: x|\n", CLEAN("751b55d4292672b71931be4495fc81cd896ace2d", "", 1, 2));
}

static void a_directory_of_a_repository_is_a_plain_one(void **state)
{
	struct snapshot *snap;

	(void)state;
	make_history();
	snprintf(here.dir, sizeof(here.dir), "%s/repo/d", here.top);
	snap = freeze(NULL, NULL);
	assert_string_equal(tree_of(snap), "f644 deep: y\n");
	assert_string_equal(json_get_cstr(snap->facts, "kind", ""), "dir");
	assert_null(snap->git);
	snapshot_free(snap);
}

static void a_merge_with_conflicts_is_frozen_as_it_stands(void **state)
{
	(void)state;
	sh("git init -q -b main .; echo x >a; git add .; git commit -qm first; git checkout -q -b "
	   "other\n"
	   "echo other >a; git commit -qam other; git checkout -q main; echo main >a\n"
	   "git commit -qam main; git merge other || true");
	expect(NULL, "f644 a: <<<<<<< HEAD|main|=======|other|>>>>>>> other|\n",
	    FACTS("e966ca1b77f40a57d4979923384846ccc9313103", "main", true, "\"a\"", 1, 46, "", 0,
		"git"));
}

/* --- signals ----------------------------------------------------------------------------- */

/* The names of all signals that are true. */
static const char *signals_of(const char *focus)
{
	const struct freeze_spec spec = { .repo = here.dir, .focus = str_from(focus) };
	struct frozen f = freeze_spec(&spec, false);
	const char *all = "", *name;
	json_t *v;

	assert_non_null(f.snap);
	json_object_foreach (f.snap->signals, name, v)
		if (json_is_true(v))
			all = text("%s%s ", all, name);
	all = text("%s%lld/%lld", all, json_get_int(f.snap->signals, "focus_files", -1),
	    json_get_int(f.snap->signals, "focus_lines", -1));
	snapshot_free(f.snap);
	return all;
}

static void signals_say_what_occurs(void **state)
{
	static const struct {
		const char *path, *file, *want;
	} rows[] = {
		{ "a.c", "int main(void)\n{\n}\n", "1/3" },
		{ "a.c", "pthread_create(0);\n", "concurrency 1/1" },
		{ "a.go", "go func() {}\n", "concurrency 1/1" },
		{ "a.py", "q = 'SELECT 1'\n", "sql 1/1" },
		{ "a.sql", "-- nothing\n", "sql 1/1" },
		{ "db/migrations/1.txt", "x\n", "migrations 1/1" },
		{ "a.c", "ALTER TABLE x\n", "migrations 1/1" },
		{ "a.js", "fetch('/x')\n", "network 1/1" },
		{ "a.c", "check_password(p);\n", "auth 1/1" },
		{ "a.css", "a {}\n", "ui 1/1" },
		{ "a.c", "gtk_init();\n", "ui 1/1" },
		{ "tests/a.c", "x\n", "tests 1/1" },
		{ "a_test.go", "x\n", "tests 1/1" },
		{ "contests.c", "x\n", "1/1" },
		{ "a.bin", "pthread_", "concurrency 1/1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(rows[i].path, rows[i].file);
		if (strcmp(signals_of(""), rows[i].want) != 0)
			print_message("row %zu: %s\n", i, rows[i].path);
		assert_string_equal(signals_of(""), rows[i].want);
		sh("rm -r *");
	}
	put_str("a.c", (struct str){ "pthread_\0\n", 10 });
	assert_string_equal(signals_of(""), "0/0"); /* binary */
}

static void languages_are_counted(void **state)
{
	struct snapshot *snap;

	(void)state;
	put("a.c", "1\n2\n3");
	put("b.h", "1\n");
	put("c.py", "");
	put("Makefile", "all:\n");
	put("README", "text\n");
	put("d.C", "unknown\n");
	put_str("bin.c", (struct str){ "\0\n\n", 3 });
	snap = freeze(NULL, NULL);
	assert_string_equal(dump(json_object_get(snap->facts, "languages")),
	    "{\"Make\":{\"files\":1,\"lines\":1},\"C\":{\"files\":2,\"lines\":4},\"Python\":{"
	    "\"files\":1,\"lines\":0}}");
	assert_int_equal(json_get_int(snap->signals, "files", 0), 6);
	assert_int_equal(json_get_int(snap->signals, "lines", 0), 7);
	snapshot_free(snap);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, freeze_set_up, freeze_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_commit_can_be_named_in_many_ways),
		UNIT_TEST(a_repository_without_commits),
		UNIT_TEST(a_linked_working_tree),
		UNIT_TEST(a_directory_of_a_repository_is_a_plain_one),
		UNIT_TEST(a_merge_with_conflicts_is_frozen_as_it_stands),
		UNIT_TEST(signals_say_what_occurs),
		UNIT_TEST(languages_are_counted),
	};

	return cmocka_run_group_tests(tests, freeze_begin, freeze_end);
}
