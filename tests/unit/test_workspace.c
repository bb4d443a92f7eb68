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

static const char *changed_since(const char *at_commit, const char *base)
{
	struct snapshot *snap = freeze(at_commit, base);
	const char *all =
	    text("%s dirty:%d files:%lld lines:%lld", dump(json_object_get(snap->facts, "changed")),
		json_get_bool(snap->facts, "dirty", false),
		json_get_int(snap->signals, "changed_files", -1),
		json_get_int(snap->signals, "changed_lines", -1));

	snapshot_free(snap);
	return all;
}

#define FACTS(commit, branch, dirty, changed, files, bytes, skipped, n_skipped, kind) \
	"{\"commit\":\"" commit "\",\"branch\":\"" branch "\",\"dirty\":" #dirty      \
	",\"changed\":[" changed "],\"files\":" #files ",\"bytes\":" #bytes           \
	",\"languages\":{},\"skipped\":[" skipped "],\"n_skipped\":" #n_skipped       \
	",\"kind\":\"" kind "\"}"
#define CLEAN(commit, branch, files, bytes) \
	FACTS(commit, branch, false, "", files, bytes, "", 0, "git")
#define SKIPPED(path, why) "{\"path\":\"" path "\",\"why\":\"" why "\"}"
#define OWN_DIRECTORY "a directory of its own (submodule or nested repository)"

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

static void a_commit_and_what_was_done_since(void **state)
{
	struct snapshot *snap;

	(void)state;
	make_history();
	make_dirt();
	snap = freeze(NULL, NULL);
	assert_string_equal(tree_of(snap), DIRTY_TREE);
	assert_string_equal(
	    facts_of(snap), FACTS(FIRST, "main", true,
				"\"changed\",\"gone\",\"new\",\"old\",\"staged\",\"untracked\"", 9,
				57, "", 0, "git"));
	assert_string_equal(dump(snap->signals),
	    "{\"files\":8,\"lines\":13,\"focus_files\":8,\"focus_lines\":13,\"changed_files\":6,"
	    "\"changed_lines\":13,\"concurrency\":false,\"sql\":false,\"migrations\":false,"
	    "\"network\":false,\"auth\":false,\"ui\":false,\"tests\":false}");
	assert_string_equal(
	    snap->id, "3f5adf01ca3643647e735cf1cf6c20adfd01b1501205b4b9f6ae9368ffd0390d");
	snapshot_free(snap);
}

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

static void what_names_no_commit_is_an_error(void **state)
{
	static const char *const names[] = { "nope", "HEAD~9", "HEAD:kept", "HEAD^{tree}",
		"@{upstream}", "--output=x", "-n1", "--", "v1..side", "side^@", "^v1" };

	(void)state;
	make_history();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		expect_error(names[i], NULL,
		    text("the commit cannot be found\ngit does not know \"%s\" in this repository\n"
			 "name a commit, a branch or a tag with --at\n",
			names[i]));
		expect_error(NULL, names[i],
		    text("the repository cannot be compared\ngit does not know the commit \"%s\"\n"
			 "name a commit, a branch or a tag with --base\n",
			names[i]));
	}
	expect_error("v1", "nope",
	    "the repository cannot be compared\ngit does not know the commit \"nope\"\n"
	    "name a commit, a branch or a tag with --base\n");
}

#define ALL_SIX "[\"changed\",\"gone\",\"new\",\"old\",\"staged\",\"untracked\"]"

/* A clean tree and its commit are one snapshot; what is asked about it is not. */
static void changes_are_counted_against_the_base(void **state)
{
	(void)state;
	make_history();
	make_dirt();
	sh("git add .; git commit -qm second");
	assert_string_equal(changed_since(NULL, NULL), "[] dirty:0 files:0 lines:0");
	assert_string_equal(changed_since(NULL, "v1"), ALL_SIX " dirty:0 files:6 lines:13");
	assert_string_equal(changed_since("main", "v1"), ALL_SIX " dirty:0 files:6 lines:13");
	/* what the base did since is no part of the change */
	assert_string_equal(changed_since("v1", "main"), "[] dirty:0 files:0 lines:0");
	assert_string_equal(changed_since("v1", "v1"), "[] dirty:0 files:0 lines:0");
	sh("printf 'l\\n%.0s' {1..20} >later; printf 'a\\0b\\n' >binary; touch kept");
	assert_string_equal(
	    changed_since(NULL, NULL), "[\"binary\",\"later\"] dirty:1 files:2 lines:20");
	assert_string_equal(
	    changed_since(NULL, "main"), "[\"binary\",\"later\"] dirty:1 files:2 lines:20");
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

static void a_plain_directory(void **state)
{
	(void)state;
	sh("mkdir -p sub/deep empty; echo x >a; echo '*.o' >.gitignore; echo o >sub/x.o\n"
	   "echo c >sub/deep/c; git init -q nested; echo n >nested/n");
	expect(NULL,
	    "f644 .gitignore: *.o|\nf644 a: x|\nd755 sub\nd755 sub/deep\nf644 sub/deep/c: c|\n",
	    FACTS("", "", false, "", 3, 8, SKIPPED("nested/", OWN_DIRECTORY), 1, "dir"));
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

/* A submodule is somebody else's repository: it is named, and its content stays out. */
static void a_submodule_is_named_and_left_out(void **state)
{
	(void)state;
	sh("git init -q -b main ../lib; cd ../lib; echo l >l; git add .; git commit -qm lib; cd "
	   "../repo\n"
	   "git init -q -b main .; echo x >a; git add a; git -c protocol.file.allow=always "
	   "submodule --quiet add ../lib lib; git rm -q --cached .gitmodules; rm .gitmodules\n"
	   "git commit -qm first; echo more >>lib/l");
	expect(NULL, "f644 a: x|\n",
	    FACTS("dc72966cbd99f92efbfb338f495725efd4da177f", "main", false, "", 1, 2,
		SKIPPED("lib", OWN_DIRECTORY), 1, "git"));
	expect("HEAD", "f644 a: x|\n",
	    FACTS("dc72966cbd99f92efbfb338f495725efd4da177f", "", false, "", 1, 2,
		SKIPPED("lib", OWN_DIRECTORY), 1, "git"));
	snprintf(here.dir, sizeof(here.dir), "%s/repo/lib", here.top);
	struct snapshot *snap = freeze(NULL, NULL);

	assert_string_equal(tree_of(snap), "f644 l: l|more|\n");
	assert_string_equal(json_get_cstr(snap->facts, "kind", ""), "dir");
	snapshot_free(snap);
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

static void a_bare_repository_is_refused(void **state)
{
	(void)state;
	make_history();
	sh("cd ..; mv repo real; git clone -q --bare real repo");
	expect_error(NULL, NULL,
	    text("%s is not frozen\nit is a bare repository, without files of its own\n"
		 "git clone %s makes one with files\n",
		here.dir, here.dir));
}

static void a_sparse_checkout_says_what_is_not_there(void **state)
{
	(void)state;
	sh("git init -q -b main .; mkdir in out; echo x >in/x; echo y >out/y; git add .\n"
	   "git commit -qm first; git sparse-checkout set in 2>/dev/null");
	expect(NULL, "d755 in\nf644 in/x: x|\n",
	    FACTS("c53221b90e90690754774e2cf59785d76bb07844", "main", false, "", 1, 2,
		SKIPPED("out/y", "it is not checked out (sparse checkout)"), 1, "git"));
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

/* --- how objects are kept ---------------------------------------------------------------- */

#define LAST_TWO "[\"b\",\"c\"] dirty:1 files:2 lines:2"

/* Every one of them has two commits and, in the working tree, one file more. */
static void the_same_history_however_it_is_kept(void **state)
{
	static const char *const makes[] = { "git clone -q src repo; cd repo",
		"git clone -q src repo; cd repo; git pack-refs --all; git gc -q",
		"git clone -q --shared src repo; cd repo",
		"git clone -q --shared src two; git clone -q --shared two repo; cd repo",
		"git clone -q src repo; cd repo; git update-index --split-index",
		"git clone -q src repo; cd repo; rm -r .git/objects/info .git/hooks .git/logs",
		"git clone -q src repo; cd repo; git checkout -q --detach",
		"git clone -q src repo; cd repo; rm .git/HEAD; ln -s refs/heads/main .git/HEAD" };

	(void)state;
	sh("git init -q -b main ../src; cd ../src; echo x >a; git add .; git commit -qm first\n"
	   "echo y >b; git add .; git commit -qm second");
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		sh(text("cd ..; rm -rf repo two; %s; echo z >c", makes[i]));
		assert_string_equal(changed_since(NULL, "HEAD~1"), LAST_TWO);
		expect("HEAD~1", "f644 a: x|\n", NULL);
	}
	expect(NULL, "f644 a: x|\nf644 b: y|\nf644 c: z|\n",
	    FACTS(
		"00c7543b36ecb62b29f46342d7df7c28ad70c34b", "", true, "\"c\"", 3, 6, "", 0, "git"));
}

static void of_a_shallow_clone_the_last_commit_is_there(void **state)
{
	(void)state;
	make_history();
	sh("git commit -q --allow-empty -m second; cd ..; mv repo src\n"
	   "git clone -q --depth 1 file://$PWD/src repo");
	assert_string_equal(changed_since(NULL, "HEAD"), "[] dirty:0 files:0 lines:0");
	expect("HEAD", CLEAN_TREE, NULL);
	expect_error(NULL, "HEAD~1",
	    "the repository cannot be compared\ngit does not know the commit \"HEAD~1\"\n"
	    "this clone is shallow: git fetch --unshallow brings what it lacks\n");
}

static void objects_may_be_named_by_sha256(void **state)
{
	(void)state;
	sh("git init -q -b main --object-format=sha256 .; echo x >a; git add .; git commit -qm "
	   "first\n"
	   "echo y >>a; git commit -qam second; echo z >>a");
	expect(NULL, "f644 a: x|y|z|\n",
	    FACTS("43fddc51458fa755acd8aa864abe3eb8d18a553277bc8c3f0899cc558fdecfd6", "main", true,
		"\"a\"", 1, 6, "", 0, "git"));
	expect("HEAD~1", "f644 a: x|\n", NULL);
	assert_string_equal(changed_since(NULL, "HEAD~1"), "[\"a\"] dirty:1 files:1 lines:2");
}

/* Without a place that names it back, a `.git` file is not believed. */
static void a_git_file_that_leads_anywhere_is_no_repository(void **state)
{
	static const char *const makes[] = { "git clone -q --separate-git-dir=away src repo",
		"mkdir repo; cp src/a src/b repo; echo \"gitdir: $PWD/src/.git\" >repo/.git",
		"mkdir repo; cp src/a src/b repo; echo \"gitdir: /nonexistent\" >repo/.git",
		"mkdir repo; cp src/a src/b repo; mkfifo repo/.git",
		"mkdir repo; cp src/a src/b repo; ln -s $PWD/src/.git repo/.git",
		"git -C src worktree add -q ../linked; cp -r linked repo",
		"mkdir -p repo/own; cp src/a src/b repo; echo 'gitdir: own' >repo/.git; echo "
		"\"$PWD/repo/.git\" >repo/own/gitdir; echo \"$PWD/src/.git\" >repo/own/commondir; "
		"cp src/.git/HEAD src/.git/index repo/own; echo '*' >repo/own/.gitignore" };

	(void)state;
	sh("git init -q -b main ../src; cd ../src; echo x >a; git add .; git commit -qm first\n"
	   "echo y >b; git add .; git commit -qm second");
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		sh(text("cd ..; rm -rf repo away; %s", makes[i]));
		expect(
		    NULL, "f644 a: x|\nf644 b: y|\n", FACTS("", "", false, "", 2, 4, "", 0, "dir"));
	}
}

/* --- what is broken ---------------------------------------------------------------------- */

#define HEAD_ERROR(why)                                    \
	"the repository's HEAD cannot be read\n" why       \
	"\ngit symbolic-ref HEAD refs/heads/BRANCH names " \
	"one\n"
#define COMMIT_ERROR                                                                               \
	"the commit that is checked out cannot be read\nHEAD names it, but its object is missing " \
	"or "                                                                                      \
	"damaged\ngit fsck in the repository says more\n"

static void a_broken_repository_is_an_error_and_no_empty_one(void **state)
{
	static const struct {
		const char *breaks, *words;
	} rows[] = {
		{ "echo garbage >.git/HEAD", HEAD_ERROR("it names neither a branch nor a commit") },
		{ ": >.git/HEAD", HEAD_ERROR("it names neither a branch nor a commit") },
		{ "echo 92edf34 >.git/HEAD", HEAD_ERROR("it names neither a branch nor a commit") },
		{ "rm .git/HEAD", HEAD_ERROR("No such file or directory") },
		{ "rm .git/HEAD; mkfifo .git/HEAD", HEAD_ERROR("Invalid argument") },
		{ "rm .git/HEAD; ln -s /etc/passwd .git/HEAD",
		    HEAD_ERROR("it names neither a branch nor a commit") },
		{ "echo 1111111111111111111111111111111111111111 >.git/HEAD", COMMIT_ERROR },
		{ "echo 1111111111111111111111111111111111111111 >.git/refs/heads/main",
		    COMMIT_ERROR },
		{ "echo garbage >.git/refs/heads/main", COMMIT_ERROR },
		{ "rm .git/objects/92/edf34*", COMMIT_ERROR },
		{ "f=$(echo .git/objects/92/edf34*); chmod u+w $f; echo garbage >$f",
		    COMMIT_ERROR },
		{ "echo garbage >.git/index",
		    "the repository cannot be listed\nits index or its objects are damaged\n"
		    "git status in the repository says more\n" },
		{ "rm .git/objects/$(git rev-parse HEAD^{tree} | sed 's,..,&/,')",
		    "the repository cannot be compared with its last commit\nan object of that is "
		    "missing or damaged\ngit fsck in the repository says more\n" },
		{ "echo more >>kept; rm .git/objects/$(git rev-parse HEAD:kept | sed 's,..,&/,')",
		    "the repository cannot be compared with its last commit\nan object of that is "
		    "missing or damaged\ngit fsck in the repository says more\n" },
	};

	(void)state;
	make_history();
	sh("cp -r . ../whole");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sh(text("cp -r ../whole/. .; %s", rows[i].breaks));
		expect_error(NULL, NULL, rows[i].words);
		sh("cd ..; rm -rf repo; mkdir repo");
	}
}

static void what_is_missing_of_a_commit_is_named(void **state)
{
	(void)state;
	make_history();
	sh("rm .git/objects/$(git rev-parse HEAD:old | sed 's,..,&/,')");
	expect("HEAD",
	    "f644 .gitignore: *.o|\nf644 changed: one|\nd755 d\nf644 d/deep: y\nf644 gone: x\n"
	    "f644 kept: one|\nl777 link -> d/deep\nf755 run: #!/bin/sh|\n",
	    FACTS(FIRST, "", false, "", 7, 30, SKIPPED("old", "its object is missing"), 1, "git"));
	sh("rm .git/objects/$(git rev-parse HEAD^{tree} | sed 's,..,&/,')");
	expect_error("HEAD", NULL,
	    "the commit cannot be listed\n" FIRST "\ngit fsck in the repository says more\n");
}

static void an_unborn_branch_is_a_repository_without_commits(void **state)
{
	(void)state;
	make_history();
	sh("git symbolic-ref HEAD refs/heads/new");
	expect(NULL, CLEAN_TREE, FACTS("", "", false, "", 8, 38, "", 0, "empty"));
	assert_string_equal(changed_since(NULL, "v1"), "[] dirty:0 files:0 lines:0");
	sh("echo more >>kept");
	assert_string_equal(changed_since(NULL, "v1"), "[\"kept\"] dirty:0 files:1 lines:1");
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

static void the_focus_narrows_what_signals_look_at(void **state)
{
	(void)state;
	put("store/sql.c", "SELECT \n");
	put("net/http.c", "connect();\nthe Store is not here\n");
	put("doc/readme", "nothing\n");
	assert_string_equal(signals_of(""), "sql network 3/4");
	assert_string_equal(signals_of("does the store leak?"), "sql network 2/3");
	assert_string_equal(signals_of("net/http"), "network 1/2");
	assert_string_equal(signals_of("HTTP.c"), "network 1/2");
	assert_string_equal(signals_of("what does this code do"), "sql network 3/4");
	assert_string_equal(signals_of("elsewhere"), "sql network 3/4");
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
		UNIT_TEST(a_commit_and_what_was_done_since),
		UNIT_TEST(a_commit_can_be_named_in_many_ways),
		UNIT_TEST(what_names_no_commit_is_an_error),
		UNIT_TEST(changes_are_counted_against_the_base),
		UNIT_TEST(a_repository_without_commits),
		UNIT_TEST(a_plain_directory),
		UNIT_TEST(a_linked_working_tree),
		UNIT_TEST(a_submodule_is_named_and_left_out),
		UNIT_TEST(a_directory_of_a_repository_is_a_plain_one),
		UNIT_TEST(a_bare_repository_is_refused),
		UNIT_TEST(a_sparse_checkout_says_what_is_not_there),
		UNIT_TEST(a_merge_with_conflicts_is_frozen_as_it_stands),
		UNIT_TEST(the_same_history_however_it_is_kept),
		UNIT_TEST(of_a_shallow_clone_the_last_commit_is_there),
		UNIT_TEST(objects_may_be_named_by_sha256),
		UNIT_TEST(a_git_file_that_leads_anywhere_is_no_repository),
		UNIT_TEST(a_broken_repository_is_an_error_and_no_empty_one),
		UNIT_TEST(what_is_missing_of_a_commit_is_named),
		UNIT_TEST(an_unborn_branch_is_a_repository_without_commits),
		UNIT_TEST(signals_say_what_occurs),
		UNIT_TEST(the_focus_narrows_what_signals_look_at),
		UNIT_TEST(languages_are_counted),
	};

	return cmocka_run_group_tests(tests, freeze_begin, freeze_end);
}
