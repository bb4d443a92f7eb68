/* The change that is frozen with a snapshot: what is in it, whatever the repository says of it. */
#include "freeze.h"

#include "change/change.h"

/* The change of a snapshot, without the commit ids in its first line. */
static struct str change_of(const char *at_commit, const char *base)
{
	struct snapshot *snap = freeze(at_commit, base);
	struct str all;

	assert_int_equal(snapshot_change(snap, here.arena, &all), 0);
	snapshot_free(snap);
	return all;
}

static struct change *parsed(const char *at_commit, const char *base)
{
	return change_parse(here.arena, change_of(at_commit, base));
}

/* One line a file: title, lines, why they are not shown. */
static const char *files_of(const struct change *c)
{
	const char *all = "";

	for (size_t i = 0; i < c->n_files; i++)
		all = text("%s%.*s +%u -%u%s%.*s|", all, STR_ARG(c->files[i].title),
		    c->files[i].added, c->files[i].deleted, c->files[i].left_out.n ? " " : "",
		    STR_ARG(c->files[i].left_out));
	return all;
}

static void make_history(void)
{
	sh("git init -q -b main .; printf 'one\\n' >kept; seq 20 >changed; seq 9 >gone\n"
	   "seq 30 >'old name'; printf 'a\\0b' >binary; echo x >run; git add .; git commit -qm "
	   "first\n"
	   "git checkout -q -b side");
}

static void a_clean_tree_has_no_change(void **state)
{
	(void)state;
	make_history();
	assert_str(change_of(NULL, NULL), "");
	assert_str(change_of("side", NULL), "");
}

static void uncommitted_work_is_a_change(void **state)
{
	struct change *c;

	(void)state;
	make_history();
	sh("echo staged >>changed; git add changed; echo 21 >>changed; rm gone; chmod +x run\n"
	   "git mv 'old name' 'new name'; printf 'c\\0' >>binary; echo fresh >untracked\n"
	   "printf 'no end' >$'two\\nlines'; ln -s kept link; printf 'x\\0' >bin2; : >empty");
	c = parsed(NULL, NULL);
	assert_int_equal(c->head.kind, CHANGE_UNCOMMITTED);
	assert_string_equal(files_of(c),
	    "binary +0 -0 binary|changed +2 -0|gone (deleted) +0 -9|"
	    "new name (renamed from old name) +0 -0|run, mode 100644 -> 100755 +0 -0|"
	    "bin2 (new file) +0 -0 binary|empty (new file) +0 -0|link (new file) +1 -0|"
	    "two lines (new file) +1 -0|untracked (new file) +1 -0|");
	assert_str(c->files[8].path, "two\nlines");
	assert_int_equal(c->head.files, 11); /* git counts both names of one that moved */
	assert_false(c->head.cut);
}

static void a_change_since_a_base_leaves_out_what_the_base_did(void **state)
{
	struct change *c;

	(void)state;
	make_history();
	sh("echo mine >>changed; git commit -qam mine; git checkout -q main; echo theirs >>kept\n"
	   "git commit -qam theirs; git checkout -q side; echo dirt >dirt");
	c = parsed(NULL, "main");
	assert_int_equal(c->head.kind, CHANGE_SINCE);
	assert_string_equal(files_of(c), "changed +1 -0|dirt (new file) +1 -0|");
	assert_false(c->head.unrelated);
	assert_str(str_skip(change_title(here.arena, c), 15), "...working tree: 2 files, +2 -0");
	c = parsed("side", "main");
	assert_string_equal(files_of(c), "changed +1 -0|");
	assert_str(c->head.base, "main");
	c = parsed("side", "side");
	assert_int_equal(c->head.kind, CHANGE_SINCE);
	assert_int_equal(c->n_files, 0);
}

static void without_a_common_ancestor_the_base_itself_is_compared_with(void **state)
{
	struct change *c;

	(void)state;
	make_history();
	sh("git checkout -q --orphan other; git rm -q --cached gone; rm gone; git commit -qm "
	   "other");
	c = parsed(NULL, "main");
	assert_true(c->head.unrelated);
	assert_string_equal(files_of(c), "gone (deleted) +0 -9|");
	assert_true(str_contains(change_title(here.arena, c), STR("no common ancestor is known")));
}

static void a_shallow_clone_compares_with_what_it_has(void **state)
{
	struct change *c;

	(void)state;
	make_history();
	sh("echo mine >>changed; git commit -qam mine; git checkout -q main; echo theirs >>kept\n"
	   "git commit -qam theirs; git checkout -q side; cd ..; mv repo src\n"
	   "git clone -q --depth 1 --no-single-branch file://$PWD/src repo");
	c = parsed(NULL, "origin/main");
	assert_true(c->head.unrelated);
	assert_string_equal(files_of(c), "changed +1 -0|kept +0 -1|");
}

/* Attributes, drivers, settings: none of them runs anything or hides a file. */
static void nothing_of_the_repository_has_a_say(void **state)
{
	struct change *c;

	(void)state;
	make_history();
	sh("printf '* -diff\\nkept binary\\nchanged diff=evil filter=evil\\n' >.gitattributes\n"
	   "cp .gitattributes .git/info/attributes; git add .; git commit -qm attributes\n"
	   "evil=\"touch $MARKER\"; for k in diff.external diff.evil.textconv diff.evil.command\n"
	   "do git config $k \"$evil\"; done; git config filter.evil.clean \"$evil\"\n"
	   "git config diff.noprefix true; git config color.ui always; git config core.pager "
	   "\"$evil\"\n"
	   "git config diff.renames false; git config diff.orderFile /etc/passwd\n"
	   "echo 21 >>changed; echo two >>kept");
	c = parsed(NULL, NULL);
	assert_string_equal(files_of(c), "changed +1 -0|kept +1 -0|");
	assert_false(fs_exists(text("%s/marker", here.top)));
}

static void what_is_too_much_is_named(void **state)
{
	struct change *c;

	(void)state;
	make_history();
	sh("for i in 1 2 3 4 5 6; do seq 300000 | sed \"s/^/$i /\" >big$i; done; git add big*\n"
	   "seq 3 >zz");
	c = parsed(NULL, NULL);
	assert_true(c->head.cut);
	assert_int_equal(c->head.files, 7);
	assert_string_equal(files_of(c), "big1 (new file) +300000 -0 more than 1 MiB of changes|"
					 "big2 (new file) +300000 -0 more than 1 MiB of changes|"
					 "zz (new file) +3 -0|");
}

static void an_altered_change_is_another_snapshot(void **state)
{
	struct snapshot *snap, *again;
	struct err err;

	(void)state;
	make_history();
	sh("echo 21 >>changed");
	snap = freeze(NULL, NULL);
	again = freeze(NULL, NULL);
	assert_string_equal(snap->id, again->id);
	snapshot_free(again);
	again = freeze(NULL, "main");
	assert_string_not_equal(snap->id, again->id);
	snapshot_free(again);
	sh(text("echo >>%s/change", snap->dir));
	assert_int_equal(workspace_open(ws, snap->id, &again, &err), -EPROTO);
	snapshot_free(snap);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, freeze_set_up, freeze_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_clean_tree_has_no_change),
		UNIT_TEST(uncommitted_work_is_a_change),
		UNIT_TEST(a_change_since_a_base_leaves_out_what_the_base_did),
		UNIT_TEST(without_a_common_ancestor_the_base_itself_is_compared_with),
		UNIT_TEST(a_shallow_clone_compares_with_what_it_has),
		UNIT_TEST(nothing_of_the_repository_has_a_say),
		UNIT_TEST(what_is_too_much_is_named),
		UNIT_TEST(an_altered_change_is_another_snapshot),
	};

	return cmocka_run_group_tests(tests, freeze_begin, freeze_end);
}
