/* Lines that were read: sets of them, the record of a step, and the ledger of a run. */
#include "arena.h"

#include "base/json.h"
#include "base/limits.h"
#include "change/change.h"
#include "evidence/coverage.h"

#include <stdlib.h>

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void says(json_t *doc, const char *want)
{
	char *text = json_dump(doc);

	assert_string_equal(text, want);
	free(text);
	json_decref(doc);
}

/* --- lines --------------------------------------------------------------------------------- */

static uint64_t seed = 88172645463325252ULL;

/* xorshift: the same numbers in each run */
static unsigned number(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % below);
}

#define LINES 300

/* Sorted, apart, and exactly those lines that were put in. */
static void is_the_set(const struct spans *s, const bool *in)
{
	unsigned long long n = 0;

	for (size_t i = 0; i < s->n; i++) {
		assert_true(s->v[i].from && s->v[i].from <= s->v[i].to);
		assert_true(i == 0 || s->v[i - 1].to + 1 < s->v[i].from);
	}
	for (unsigned line = 1; line < LINES; line++) {
		bool has = false;

		for (size_t i = 0; i < s->n; i++)
			has |= s->v[i].from <= line && line <= s->v[i].to;
		assert_int_equal(has, in[line]);
		n += has;
		assert_int_equal(spans_lines(s, line), n);
	}
}

static void lines_are_a_set(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct spans s = { 0 };
		bool in[LINES] = { false };

		for (unsigned k = number(40); k; k--) {
			unsigned from = number(LINES), to = from + number(12);

			to = to < LINES ? to : LINES - 1;
			assert_true(spans_add(arena, &s, from, to));
			for (unsigned line = from; from && line <= to; line++)
				in[line] = true;
		}
		is_the_set(&s, in);
	}
}

static void what_is_no_line_is_not_in(void **state)
{
	struct spans s = { 0 };

	(void)state;
	assert_true(spans_add(arena, &s, 0, 5));
	assert_true(spans_add(arena, &s, 5, 4));
	assert_int_equal(s.n, 0);
	assert_true(spans_add(arena, &s, 7, COVERAGE_TO_END));
	assert_true(spans_add(arena, &s, COVERAGE_TO_END, COVERAGE_TO_END));
	assert_true(spans_add(arena, &s, 1, 2));
	assert_int_equal(s.n, 2);
	assert_int_equal(spans_lines(&s, 10), 6);
	spans_clamp(&s, 8);
	assert_int_equal(s.v[1].to, 8);
	spans_clamp(&s, 6);
	assert_int_equal(s.n, 1);
}

static void pieces_have_a_ceiling(void **state)
{
	struct spans s = { 0 };

	(void)state;
	for (unsigned i = 0; i < COVERAGE_SPANS_MAX; i++)
		assert_true(spans_add(arena, &s, 2 * i + 1, 2 * i + 1));
	assert_false(spans_add(arena, &s, 5 * COVERAGE_SPANS_MAX, 5 * COVERAGE_SPANS_MAX));
	assert_int_equal(spans_lines(&s, 100 * COVERAGE_SPANS_MAX), COVERAGE_SPANS_MAX);
	assert_true(spans_add(arena, &s, 2, 2)); /* joins two, so there is room again */
	assert_true(spans_add(arena, &s, 5 * COVERAGE_SPANS_MAX, 5 * COVERAGE_SPANS_MAX));
}

/* --- paths --------------------------------------------------------------------------------- */

static void paths_are_those_of_the_snapshot(void **state)
{
	static const struct {
		const char *root, *path, *want; /* NULL: it is none */
	} t[] = {
		{ "/repo", "/repo/src/a.c", "src/a.c" },
		{ "/repo", "src/a.c", "src/a.c" },
		{ "/repo", "./src//./a.c", "src/a.c" },
		{ "/repo", "/repo//src/a.c/", "src/a.c" },
		{ "/repo", "/repository/a.c", NULL },
		{ "/repo", "/repo", NULL },
		{ "/repo", "/etc/passwd", NULL },
		{ "/repo", "/repo/../etc/passwd", NULL },
		{ "/repo", "../a.c", NULL },
		{ "/repo", "src/../a.c", NULL },
		{ "/repo", "", NULL },
		{ "/repo", ".", NULL },
		{ "/repo", "a\nb", NULL },
		{ "/repo", "a\x1b[2J", NULL },
		{ "/repo", "a\x7f", NULL },
		{ NULL, "/repo/a.c", NULL },
		{ NULL, "a.c", "a.c" },
		{ "/data/SNAPSHOTS/x/tree", "/data/SNAPSHOTS/x/tree/a b.c", "a b.c" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct coverage *c = coverage_create(arena);

		coverage_add(c, STR("s"), t[i].root, str_from(t[i].path), 1, 2);
		assert_int_equal(c->files.n, t[i].want != NULL);
		if (t[i].want)
			assert_string_equal(c->files.entries[0].key.p, t[i].want);
	}
}

static void a_path_has_a_ceiling(void **state)
{
	struct coverage *c = coverage_create(arena);
	char *path = arena_alloc(arena, 2 * PATH_BYTES_MAX);

	(void)state;
	memset(path, 'a', PATH_BYTES_MAX - 1);
	coverage_add(c, STR("s"), NULL, str_from(path), 1, 2);
	assert_int_equal(c->files.n, 1);
	path[PATH_BYTES_MAX - 1] = 'a';
	coverage_add(c, STR("s"), NULL, str_from(path), 1, 2);
	assert_int_equal(c->files.n, 1);
}

static void files_have_a_ceiling(void **state)
{
	struct coverage *c = coverage_create(arena);

	(void)state;
	for (unsigned i = 0; i <= COVERAGE_MARKS_MAX; i++)
		coverage_add(c, STR("s"), NULL, str_from(arena_printf(arena, "f%u", i)), 1, 2);
	assert_int_equal(c->files.n, COVERAGE_MARKS_MAX);
	assert_int_equal(c->left_out, 1);
	coverage_add(c, STR("s"), NULL, STR("f0"), 4, 5); /* there already */
	assert_int_equal(c->left_out, 1);
}

/* --- the record ---------------------------------------------------------------------------- */

static struct coverage *sample(void)
{
	struct coverage *c = coverage_create(arena);
	json_t *reads =
	    json_parse(STR("[{\"path\":\"/repo/"
			   "a.c\",\"from\":1,\"to\":4},{\"path\":\"a.c\",\"from\":5,\"to\":6},"
			   "{\"path\":\"b.c\",\"from\":3},{\"path\":\"c.c\"},{\"path\":7,\"from\":"
			   "1,\"to\":2},7]"),
		NULL);

	coverage_add_reads(c, STR("one"), "/repo", reads);
	coverage_add(c, STR("two"), "/repo", STR("a.c"), 10, 12);
	coverage_add_blind(c, STR("three"));
	json_decref(reads);
	return c;
}

#define SAMPLE                                                                                    \
	"{\"files\":[{\"path\":\"a.c\",\"steps\":[{\"step\":\"one\",\"read\":[[1,6]]},"           \
	"{\"step\":\"two\",\"read\":[[10,12]]}]},{\"path\":\"b.c\",\"steps\":[{\"step\":\"one\"," \
	"\"read\":[[3,4294967295]]}]}],\"blind\":[\"three\"],\"left_out\":0}"

static void a_record_is_kept_as_it_is(void **state)
{
	struct coverage *c = coverage_create(arena);
	json_t *doc = coverage_to_json(sample());

	(void)state;
	coverage_join(c, doc, STR(""));
	json_decref(doc);
	says(coverage_to_json(sample()), SAMPLE);
	says(coverage_to_json(c), SAMPLE);
}

static void a_record_of_another_run_has_its_name(void **state)
{
	struct coverage *c = coverage_create(arena);
	json_t *doc = coverage_to_json(sample());

	(void)state;
	coverage_join(c, doc, STR("child"));
	json_decref(doc);
	assert_string_equal(c->blind.entries[0].key.p, "child/three");
	struct coverage_file *f = map_get(&c->files, STR("a.c"));

	assert_string_equal(f->steps.entries[1].key.p, "child/two");
}

static void a_record_that_is_none_adds_nothing(void **state)
{
	static const char *const docs[] = { "{}", "[]", "7", "{\"files\":7}", "{\"files\":[7]}",
		"{\"files\":[{\"path\":\"a\",\"steps\":[{\"step\":\"s\",\"read\":[7,[]]}]}]}",
		"{\"files\":[{\"path\":\"a\",\"steps\":[{\"step\":\"s\",\"read\":[[0,1]]}]}]}",
		"{\"files\":[{\"path\":\"a\",\"steps\":[{\"step\":\"s\",\"read\":[[2,1]]}]}]}",
		"{\"files\":[{\"path\":\"../a\",\"steps\":[{\"step\":\"s\",\"read\":[[1,1]]}]}]}",
		"{\"left_out\":-5}" };

	(void)state;
	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		struct coverage *c = coverage_create(arena);
		json_t *doc = json_parse(str_from(docs[i]), NULL);

		coverage_join(c, doc, STR(""));
		json_decref(doc);
		says(coverage_to_json(c), "{\"files\":[],\"blind\":[],\"left_out\":0}");
	}
}

/* --- the ledger ---------------------------------------------------------------------------- */

static struct ledger *ledger_of(
    const struct coverage *c, const char *files, const char *repo, bool change, bool focus)
{
	json_t *list = json_parse(str_from(files), NULL), *facts = json_parse(str_from(repo), NULL);
	const struct ledger_scope scope = { list, facts, NULL, change, focus };
	struct ledger *l = ledger_build(arena, c, &scope);

	json_decref(list); /* it keeps nothing of them */
	json_decref(facts);
	return l;
}

#define FILES                                                               \
	"[[\"a.c\",12,0],[\"b.c\",4,4],[\"bin\",0,1],[\"d/e.c\",7,0],[\"d/" \
	"none\",0,0],[\"l\",0,2]]"

static const char *line_of(const struct ledger_file *f)
{
	return arena_printf(arena, "%.*s %s %llu/%llu %s", STR_ARG(f->path),
	    ledger_state_name(f->state), f->lines_read, f->lines, f->reason ? f->reason : "-");
}

static void are_lines(const struct ledger *l, const char *const *want)
{
	for (size_t i = 0; i < l->n; i++) {
		assert_non_null(want[i]);
		assert_string_equal(line_of(&l->files[i]), want[i]);
	}
	assert_null(want[l->n]);
}

static void each_file_has_a_state(void **state)
{
	static const char *const want[] = { "a.c partly 9/12 -", "b.c partly 2/4 -",
		"bin skipped 0/0 binary", "d/e.c not_read 0/7 -", "d/none skipped 0/0 empty",
		"l skipped 0/0 a link", "big.bin skipped 0/0 larger than 8 MiB", NULL };
	const struct ledger *l = ledger_of(sample(), FILES,
	    "{\"files\":9,\"skipped\":[{\"path\":\"big.bin\",\"why\":\"larger than 8 MiB\"}],"
	    "\"changed\":[\"b.c\"]}",
	    false, false);

	(void)state;
	are_lines(l, want);
	assert_int_equal(l->files[0].n_by, 2);
	assert_string_equal(l->files[0].by[1].p, "two");
	assert_true(l->files[1].changed && !l->files[0].changed);
	assert_int_equal(l->lines, 23);
	assert_int_equal(l->lines_read, 11);
	assert_int_equal(l->unlisted, 3);
	assert_int_equal(l->n_blind, 1);
}

static void a_file_that_was_read_whole_is_read(void **state)
{
	struct coverage *c = coverage_create(arena);

	(void)state;
	coverage_add(c, STR("s"), NULL, STR("d/e.c"), 1, 3);
	coverage_add(c, STR("t"), NULL, STR("d/e.c"), 4, 2000);
	coverage_add(c, STR("t"), NULL, STR("bin"), 1, 2000);
	coverage_add(c, STR("t"), NULL, STR("l"), 1, 2000);
	coverage_add(c, STR("t"), NULL, STR("b.c"), 5, 9); /* beyond its end */
	const struct ledger *l = ledger_of(c, FILES, "{}", false, false);

	assert_string_equal(line_of(&l->files[3]), "d/e.c read 7/7 -");
	assert_int_equal(l->files[3].read.v[0].to, 7);
	assert_string_equal(line_of(&l->files[1]), "b.c not_read 0/4 -");
	assert_int_equal(l->files[1].n_by, 0);
	assert_int_equal(l->count[LEDGER_SKIPPED], 3);
}

/* Of a review: what no reviewer could read, and what has no line that changed. */
static void what_a_change_leaves_out_is_skipped_with_the_reason(void **state)
{
	static const char *const want[] = { "a.c partly 9/12 -",
		"go.sum skipped 0/4 left out of the change: generated, by its name",
		"long.c not_read 0/1 -", "run.sh skipped 0/7 no line of it was changed",
		"d/e.c not_read 0/7 -", "gone.bin skipped 0/0 left out of the change: binary",
		NULL };
	static const char diff[] =
	    "diff --git a/go.sum b/go.sum\n--- a/go.sum\n+++ b/go.sum\n@@ -1 +1 @@\n-a\n+b\n"
	    "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"
	    "diff --git a/gone.bin b/gone.bin\ndeleted file mode 100644\n"
	    "Binary files a/gone.bin and /dev/null differ\n"
	    "diff --git a/long.c b/long.c\n--- a/long.c\n+++ b/long.c\n@@ -1 +1 @@\n-a\n+";
	struct buf b;

	(void)state;
	buf_init(&b, MIB(1));
	change_write_head(
	    &b, &(struct change_head){ .kind = CHANGE_UNCOMMITTED, .from = STR("1") });
	buf_adds(&b, diff);
	for (size_t i = 0; i <= CHANGE_LINE_MAX; i++)
		buf_addc(&b, 'x');
	buf_addc(&b, '\n');
	json_t *list = json_parse(STR("[[\"a.c\",12,0],[\"go.sum\",4,0],[\"long.c\",1,0],"
				      "[\"run.sh\",7,0],[\"d/e.c\",7,0]]"),
	    NULL);
	json_t *facts = json_pack("{}");
	const struct ledger_scope scope = { .files = list,
		.repo = facts,
		.change = change_parse(arena, arena_dup(arena, buf_str(&b))) };

	are_lines(ledger_build(arena, sample(), &scope), want);
	json_decref(list);
	json_decref(facts);
	buf_fini(&b);
}

static void what_is_not_asked_about_is_skipped(void **state)
{
	static const char *const change[] = { "a.c partly 9/12 -", "b.c partly 2/4 -",
		"bin skipped 0/0 binary", "d/e.c skipped 0/7 not part of the change",
		"d/none skipped 0/0 empty", "l skipped 0/0 a link", NULL };
	const struct coverage *c = sample();

	(void)state;
	are_lines(ledger_of(c, FILES, "{\"changed\":[\"b.c\"]}", true, false), change);
	assert_string_equal(line_of(&ledger_of(c, FILES, "{}", false, true)->files[3]),
	    "d/e.c skipped 0/7 outside the focus");
	/* where nothing is changed, or in focus, everything is asked about */
	assert_string_equal(
	    line_of(&ledger_of(c, FILES, "{}", true, false)->files[3]), "d/e.c not_read 0/7 -");
	assert_string_equal(line_of(&ledger_of(c, "[[\"x\",3,0]]", "{}", false, true)->files[0]),
	    "x not_read 0/3 -");
}

static void without_a_list_nothing_is_known(void **state)
{
	const struct ledger_scope scope = { 0 };

	(void)state;
	assert_null(ledger_build(arena, sample(), &scope));
}

static void the_worst_directory_is_first(void **state)
{
	struct ledger_dir *v;
	const struct ledger *l = ledger_of(sample(),
	    "[[\"a.c\",12,0],[\"b.c\",4,0],[\"d/e.c\",7,0],[\"d/f/g\",7,0],[\"h/i\",1,0]]", "{}",
	    false, false);

	(void)state;
	assert_int_equal(ledger_dirs(arena, l, &v), 4);
	assert_string_equal(arena_cstr(arena, v[0].path), "d");
	assert_string_equal(arena_cstr(arena, v[1].path), "d/f");
	assert_string_equal(arena_cstr(arena, v[2].path), ".");
	assert_int_equal(v[2].files, 2);
	assert_int_equal(v[2].partly, 2);
	assert_int_equal(v[2].lines_read, 11);
	assert_string_equal(arena_cstr(arena, v[3].path), "h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lines_are_a_set),
		T(what_is_no_line_is_not_in),
		T(pieces_have_a_ceiling),
		T(paths_are_those_of_the_snapshot),
		T(a_path_has_a_ceiling),
		T(files_have_a_ceiling),
		T(a_record_is_kept_as_it_is),
		T(a_record_of_another_run_has_its_name),
		T(a_record_that_is_none_adds_nothing),
		T(each_file_has_a_state),
		T(a_file_that_was_read_whole_is_read),
		T(what_is_not_asked_about_is_skipped),
		T(what_a_change_leaves_out_is_skipped_with_the_reason),
		T(without_a_list_nothing_is_known),
		T(the_worst_directory_is_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
