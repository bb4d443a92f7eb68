/* Accepted flows: what is accepted is the contents of everything that is used, and nothing else. */
#include "check.h"

#include "base/err.h"
#include "base/limits.h"
#include "flow/accepted.h"

#include <stdio.h>
#include <stdlib.h>

#define REPO STR("/work/project")
#define PERSONA(name) "---\npersona: " name "\n---\nYou judge.\n"

static struct arena *a;

static int setup(void **state)
{
	(void)state;
	a = arena_create("test", MIB(256));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(a);
	return 0;
}

/* --- a repository ------------------------------------------------------------------------ */

struct file {
	enum text_kind kind;
	const char *name, *text;
};

#define THEIRS                                                            \
	"flow: theirs\ncategory: review\nsummary: s\ncontracts: [ours]\n" \
	"steps:\n"                                                        \
	"  - {id: one, persona: judge, task: t}\n"                        \
	"  - {id: two, persona: structural-analyst, task: t}\n"           \
	"  - {id: three, kind: flow, use: inner}\n"
#define INNER                                         \
	"flow: inner\ncategory: review\nsummary: s\n" \
	"steps: [{id: one, kind: command, run: [make, check]}]\n"
#define OURS "## Produce\nsay\n## Review\nlook\n"

static const struct file project[] = {
	{ TEXT_FLOW, "theirs.yaml", THEIRS },
	{ TEXT_FLOW, "inner.yaml", INNER },
	{ TEXT_FLOW, "other.yaml",
	    "flow: other\ncategory: review\nsummary: s\nsteps: [{id: a, kind: code, run: return "
	    "1}]\n" },
	{ TEXT_PERSONA, "judge.md", PERSONA("judge") },
	{ TEXT_PERSONA, "unused.md", PERSONA("unused") },
	{ TEXT_CONTRACT, "ours.md", OURS },
};
#define FILES (sizeof(project) / sizeof(project[0]))

/* What accepting "theirs" is, with FILES as they are but for those in CHANGED. */
static int accept(const struct file *changed, size_t n, const char *dir, struct acceptance *ret)
{
	struct library *lib = library_create();

	library_add_builtin(lib);
	for (size_t i = 0; i < FILES + n; i++) {
		const struct file *f = i < FILES ? &project[i] : &changed[i - FILES];

		for (size_t k = 0; i < FILES && k < n; k++)
			if (strcmp(changed[k].name, f->name) == 0)
				f = NULL, k = n;
		if (f && f->text)
			(void)library_add(lib, f->kind, arena_printf(a, "%s/%s", dir, f->name),
			    "repository", str_from(f->text));
	}
	library_check(lib);
	int rc = acceptance_of(a, lib, REPO, STR("theirs"), "repository", ret);

	library_destroy(lib);
	return rc;
}

static struct acceptance as_it_is(void)
{
	struct acceptance one;

	assert_int_equal(accept(NULL, 0, "/x", &one), 0);
	return one;
}

/* --- what is accepted -------------------------------------------------------------------- */

static void everything_of_the_repository_that_is_used_is_accepted(void **state)
{
	struct acceptance one = as_it_is();
	char hex[SHA256_HEX];

	(void)state;
	assert_int_equal(one.n, 4); /* not what is built in, nor what is not used */
	assert_str(one.texts[0].name, "theirs");
	sha256_of(STR(THEIRS), hex);
	assert_string_equal(one.texts[0].sha256, hex);
	for (size_t i = 1; i < one.n; i++)
		assert_true(str_is(one.texts[i].name, "ours") ||
			    str_is(one.texts[i].name, "judge") ||
			    str_is(one.texts[i].name, "inner"));
}

static void where_the_files_lie_does_not_matter(void **state)
{
	struct acceptance one = as_it_is(), moved;

	(void)state;
	assert_int_equal(accept(NULL, 0, "/elsewhere", &moved), 0);
	assert_true(acceptance_holds(&one, &moved));
	assert_string_equal(acceptance_differs(a, &one, &moved), "");
}

static void any_text_that_is_used_and_changes_breaks_it(void **state)
{
	static const struct {
		struct file file;
		const char *differs;
	} changes[] = {
		{ { TEXT_FLOW, "theirs.yaml", THEIRS "# and more\n" }, "flow 'theirs' changed" },
		{ { TEXT_FLOW, "inner.yaml", INNER "#" }, "flow 'inner' changed" },
		{ { TEXT_PERSONA, "judge.md", PERSONA("judge") "Kindly.\n" },
		    "persona 'judge' changed" },
		{ { TEXT_CONTRACT, "ours.md", OURS "closely\n" }, "contract 'ours' changed" },
		/* until now it was the built-in one */
		{ { TEXT_PERSONA, "z.md", PERSONA("structural-analyst") },
		    "persona 'structural-analyst' is new" },
		/* another file takes the name */
		{ { TEXT_PERSONA, "zz.md", PERSONA("judge") "Otherwise.\n" },
		    "persona 'judge' changed" },
	};
	struct acceptance one = as_it_is(), now;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		assert_int_equal(accept(&changes[i].file, 1, "/x", &now), 0);
		assert_false(acceptance_holds(&one, &now));
		assert_string_equal(acceptance_differs(a, &one, &now), changes[i].differs);
	}
}

static void what_is_not_used_may_change(void **state)
{
	static const struct file changes[] = {
		{ TEXT_FLOW, "other.yaml", "flow: other\nnonsense: [" },
		{ TEXT_PERSONA, "unused.md", PERSONA("risk-analyst") },
	};
	struct acceptance one = as_it_is(), now;

	(void)state;
	assert_int_equal(accept(changes, 2, "/x", &now), 0);
	assert_true(acceptance_holds(&one, &now));
}

static void what_is_broken_cannot_be_accepted(void **state)
{
	static const struct file gone = { TEXT_PERSONA, "judge.md", NULL };
	struct acceptance now;
	struct library *lib = library_create();

	(void)state;
	assert_int_equal(accept(&gone, 1, "/x", &now), -ENOENT);
	library_add_builtin(lib);
	library_check(lib); /* what is built in is not the repository's */
	assert_int_equal(acceptance_of(a, lib, REPO, STR("research"), "repository", &now), -ENOENT);
	library_destroy(lib);
}

/* --- the list ---------------------------------------------------------------------------- */

static void an_acceptance_is_for_one_repository_and_the_last_one_counts(void **state)
{
	struct acceptance one = as_it_is(), now;
	struct acceptances all = { 0 };
	struct err err;
	static const struct file change = { TEXT_FLOW, "inner.yaml", INNER "#" };

	(void)state;
	assert_int_equal(acceptances_put(a, &all, &one, &err), 0);
	assert_non_null(acceptances_find(&all, REPO, STR("theirs")));
	assert_null(acceptances_find(&all, STR("/work/another"), STR("theirs")));
	assert_null(acceptances_find(&all, REPO, STR("their")));
	assert_int_equal(accept(&change, 1, "/x", &now), 0);
	assert_int_equal(acceptances_put(a, &all, &now, &err), 0);
	assert_int_equal(all.n, 1);
	assert_true(acceptance_holds(acceptances_find(&all, REPO, STR("theirs")), &now));
	assert_false(acceptance_holds(acceptances_find(&all, REPO, STR("theirs")), &one));
	now.repo = STR("/work/another");
	assert_false(acceptance_holds(acceptances_find(&all, REPO, STR("theirs")), &now));
}

static void taking_back_takes_no_more_than_was_named(void **state)
{
	struct acceptance one = as_it_is();
	struct acceptances all = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(acceptances_put(a, &all, &one, &err), 0);
	one.flow = STR("second");
	assert_int_equal(acceptances_put(a, &all, &one, &err), 0);
	one.repo = STR("/work/another");
	assert_int_equal(acceptances_put(a, &all, &one, &err), 0);
	assert_int_equal(acceptances_drop(&all, REPO, STR("nothing")), 0);
	assert_int_equal(acceptances_drop(&all, REPO, STR("theirs")), 1);
	assert_int_equal(all.n, 2);
	assert_int_equal(acceptances_drop(&all, REPO, STR("")), 1);
	assert_str(all.v[0].repo, "/work/another");
}

static void there_are_not_too_many(void **state)
{
	struct acceptance one = as_it_is();
	struct acceptances all = { 0 };
	struct err err;

	(void)state;
	for (int i = 0; i < TRUSTED_FLOWS_MAX; i++) {
		one.flow = str_from(arena_printf(a, "f%d", i));
		assert_int_equal(acceptances_put(a, &all, &one, &err), 0);
	}
	one.flow = STR("more");
	assert_int_equal(acceptances_put(a, &all, &one, &err), -E2BIG);
	one.flow = STR("f7"); /* again is no more */
	assert_int_equal(acceptances_put(a, &all, &one, &err), 0);
	one.repo = STR("/work/\xff");
	one.flow = STR("f8");
	assert_int_equal(acceptances_put(a, &all, &one, &err), -EINVAL);
}

/* --- the file ---------------------------------------------------------------------------- */

static struct str printed(void)
{
	struct acceptance one = as_it_is();
	struct acceptances all = { 0 };
	struct str text;
	struct err err;

	assert_int_equal(acceptances_put(a, &all, &one, &err), 0);
	one.repo = STR("/work/with \"quotes\"\n");
	assert_int_equal(acceptances_put(a, &all, &one, &err), 0);
	assert_int_equal(acceptances_print(a, &all, &text, &err), 0);
	return text;
}

static void the_file_is_read_as_it_was_written(void **state)
{
	struct str text = printed(), again;
	struct acceptances all;
	struct err err;

	(void)state;
	assert_int_equal(acceptances_parse(a, text, &all, &err), 0);
	assert_int_equal(all.n, 2);
	assert_int_equal(acceptances_print(a, &all, &again, &err), 0);
	assert_true(str_eq(text, again));
	struct acceptance now = as_it_is();

	assert_true(acceptance_holds(acceptances_find(&all, REPO, STR("theirs")), &now));
}

/* Whatever byte is another one, nothing is accepted that was not. */
static void a_file_that_was_touched_accepts_nothing_else(void **state)
{
	struct acceptance now = as_it_is();
	struct str text = printed();
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < text.n; i++) {
		struct arena *mine = arena_create("touched", MIB(4));
		char *touched = arena_cstr(mine, text);
		struct acceptances all;
		struct err err = { 0 };

		touched[i] = (char)(touched[i] ^ (1 << (i % 7)));
		int rc = acceptances_parse(mine, (struct str){ touched, text.n }, &all, &err);

		if (rc) {
			assert_int_equal(rc, -EINVAL);
			assert_int_equal(all.n, 0);
			assert_true(err.what[0] || err.why[0]);
			wrong++;
		}
		for (size_t k = 0; k < all.n; k++)
			assert_string_equal(all.v[k].sha256, now.sha256);
		arena_destroy(mine);
	}
	assert_true(wrong > text.n / 2);
}

static void half_a_file_accepts_nothing(void **state)
{
	struct str text = printed();
	struct acceptances all;
	struct err err;

	(void)state;
	for (size_t n = 0; n + 1 < text.n; n++) { /* all but the last newline */
		assert_int_equal(acceptances_parse(a, str_take(text, n), &all, &err), -EINVAL);
		assert_int_equal(all.n, 0);
	}
}

static void what_is_wrong_with_a_file_is_said(void **state)
{
	static const struct {
		const char *text, *what;
	} files[] = {
		{ "[]", "its schema is not tutti.trusted/1" },
		{ "{\"schema\":\"tutti.trusted/2\",\"flows\":[]}",
		    "its schema is not tutti.trusted/1" },
		{ "{\"schema\":\"tutti.trusted/1\"}", "it has no list of flows" },
		{ "{\"schema\":\"tutti.trusted/1\",\"flows\":[7]}", "a flow has no texts" },
		{ "{\"schema\":\"tutti.trusted/1\",\"flows\":[{\"repository\":\"/"
		  "x\",\"flow\":\"f\","
		  "\"texts\":[{\"kind\":\"spell\",\"name\":\"f\"}]}]}",
		    "a text is of no kind that there is" },
		{ "{\"schema\":\"tutti.trusted/1\",\"flows\":[{\"repository\":\"/"
		  "x\",\"flow\":\"f\","
		  "\"texts\":[{\"kind\":\"flow\",\"name\":\"f\",\"sha256\":\"00\"}]}]}",
		    "a text has no SHA-256" },
	};
	struct acceptances all;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(
		    acceptances_parse(a, str_from(files[i].text), &all, &err), -EINVAL);
		assert_string_equal(err.what, files[i].what);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(everything_of_the_repository_that_is_used_is_accepted),
		T(where_the_files_lie_does_not_matter),
		T(any_text_that_is_used_and_changes_breaks_it),
		T(what_is_not_used_may_change),
		T(what_is_broken_cannot_be_accepted),
		T(an_acceptance_is_for_one_repository_and_the_last_one_counts),
		T(taking_back_takes_no_more_than_was_named),
		T(there_are_not_too_many),
		T(the_file_is_read_as_it_was_written),
		T(a_file_that_was_touched_accepts_nothing_else),
		T(half_a_file_accepts_nothing),
		T(what_is_wrong_with_a_file_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
