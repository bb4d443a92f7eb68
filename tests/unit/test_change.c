/* Changes: read from diffs that git wrote, cut, and put together again. */
#include "place.h"

#include "change/change.h"

static int setup(void **state)
{
	(void)state;
	place_make();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	place_remove();
	return 0;
}

#define HEAD "{\"kind\":\"since\",\"base\":\"main\",\"from\":\"0123456789abcdef\"}\n"

static struct change *parse(const char *diff)
{
	return change_parse(here.arena, str_from(text(HEAD "%s", diff)));
}

static const char *chunk_text(const struct change *c, size_t i)
{
	return change_chunk_text(here.arena, c, &c->chunks[i]).p;
}

/* --- reading ----------------------------------------------------------------------------- */

static void what_is_no_change_is_none(void **state)
{
	(void)state;
	assert_int_equal(change_parse(here.arena, STR(""))->head.kind, CHANGE_NONE);
	assert_int_equal(change_parse(here.arena, STR("diff --git a/x b/x\n"))->n_files, 0);
	assert_int_equal(parse("")->head.kind, CHANGE_SINCE);
	assert_int_equal(parse("junk\n@@ -1 +1 @@\n-a\n+b\n")->n_files, 0);
}

static void a_chunk_shows_ids_and_line_numbers(void **state)
{
	(void)state;
	struct change *c =
	    parse("diff --git a/a.c b/a.c\nindex 1..2 100644\n--- a/a.c\n+++ b/a.c\n"
		  "@@ -8,3 +8,3 @@ int f(void)\n eight\n-nine\n+neun\n ten\n"
		  "@@ -20 +20,0 @@\n-twenty\n"
		  "diff --git a/b b/c\nsimilarity index 100%\nrename from b\nrename to c\n");

	assert_int_equal(c->n_chunks, 1);
	assert_string_equal(chunk_text(c, 0),
	    "=== a.c\n"
	    "@@ h1 @@ old 8-10, new 8-10\n"
	    "     8  eight\n       -nine\n     9 +neun\n    10  ten\n"
	    "@@ h2 @@ old 20, new none\n       -twenty\n"
	    "\n=== c (renamed from b)\n@@ h3 @@ no line was changed\n");
	assert_str(change_title(here.arena, c), "main (01234567)...working tree: 2 files, +1 -2");
}

static void lines_of_files_do_not_pose_as_lines_of_the_diff(void **state)
{
	(void)state;
	struct change *c =
	    parse("diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,3 @@\n--- a/evil\n+++ b/evil\n"
		  "+@@ -1 +1 @@\n diff --git a/x b/x\n");

	assert_int_equal(c->n_files, 1);
	assert_str(c->files[0].path, "a");
	assert_int_equal(c->files[0].added, 2);
	assert_int_equal(c->files[0].deleted, 1);
	assert_false(c->files[0].torn);
}

static void names_are_unquoted(void **state)
{
	static const char *const names[] = { "plain", "with blank", "tab\tand\nnewline",
		"q\"uote\\", "umlaut \xc3\xa4", "b/b", " ", "\x01\x7f" };
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		buf_init(&b, KIB(8));
		buf_adds(&b, HEAD);
		change_write_new(&b, str_from(names[i]), "100644", STR("x\ny"));
		change_write_new(&b, str_from(names[i]), "100644", STR(""));
		struct change *c = change_parse(here.arena, buf_str(&b));

		assert_int_equal(c->n_files, 2);
		assert_str(c->files[0].path, names[i]);
		assert_str(c->files[1].path, names[i]);
		assert_int_equal(c->files[0].added, 2);
		buf_fini(&b);
	}
}

static void a_diff_that_breaks_off_is_said_to(void **state)
{
	(void)state;
	struct change *c =
	    parse("diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,9 +1,9 @@\n one\n-two\n");

	assert_true(c->files[0].torn);
	assert_int_equal(c->hunks[0].old_n, 2);
	assert_int_equal(c->hunks[0].new_n, 1);
	assert_true(change_touches(c, STR("a"), 900, 900));
}

static const char *new_line(const char *name, const char *line)
{
	return text("diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n-a\n+%s\n", name, name,
	    name, name, line);
}

static void what_nobody_reads_is_named_with_its_reason(void **state)
{
	(void)state;
	struct change *c = parse(
	    text("diff --git a/i.png b/i.png\nBinary files a/i.png and b/i.png differ\n%s%s%s",
		new_line("go.sum", "b"), new_line("wide", many("x", CHANGE_LINE_MAX + 1).p),
		new_line("x/jquery.min.js", "b")));

	assert_int_equal(c->n_left_out, 4);
	assert_str(c->files[0].left_out, "binary");
	assert_str(c->files[1].left_out, "generated, by its name");
	assert_str(c->files[2].left_out, "a line of more than 8 KiB");
	assert_str(c->files[3].left_out, "generated, by its name");
	assert_int_equal(c->n_hunks, 4);
	assert_non_null(strstr(chunk_text(c, 0), "@@ h2 @@ its lines are not shown: generated"));
	/* a person would read the long line; nobody reads the others */
	assert_int_equal(c->n_excused, 3);
	assert_false(c->files[2].excused);
}

/* A commit of another repository is known by its mode; a text that says the same is a text. */
static void a_submodule_is_named_with_its_commits(void **state)
{
	static const char lines[] = "@@ -1 +1 @@\n"
				    "-Subproject commit 1111111122222222333333334444444455555555\n"
				    "+Subproject commit aaaaaaaa22222222333333334444444455555555\n";
	struct change *c = parse(text("diff --git a/sub b/sub\nindex 1111111..aaaaaaa 160000\n"
				      "--- a/sub\n+++ b/sub\n%s"
				      "diff --git a/t b/t\nindex 1111111..aaaaaaa 100644\n"
				      "--- a/t\n+++ b/t\n%s"
				      "diff --git a/new b/new\nnew file mode 160000\nindex 0..a\n"
				      "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n"
				      "+Subproject commit nothing-of-the-kind\n",
	    lines, lines));

	(void)state;
	assert_str(c->files[0].left_out,
	    "a submodule, commit 11111111 -> aaaaaaaa: what is in it is not here");
	assert_true(c->files[0].excused);
	assert_int_equal(c->files[1].left_out.n, 0);
	assert_str(
	    c->files[2].left_out, "a submodule, commit none -> none: what is in it is not here");
	assert_int_equal(c->n_left_out, 2);
	assert_int_equal(c->n_excused, 2);
}

/* --- cutting ----------------------------------------------------------------------------- */

static unsigned seed;

static unsigned any(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

/* Two files that differ at some places; lines of all lengths, some without an end. */
static void make_sides(void)
{
	struct buf old, new;
	unsigned lines = 1 + any(any(4) ? 60 : 9000);

	buf_init(&old, MIB(2));
	buf_init(&new, MIB(2));
	for (unsigned i = 0; i < lines; i++) {
		unsigned what = any(12), width = any(20) ? any(30) : any(900);

		if (what != 0)
			buf_printf(&old, "%u %.*s\n", i, (int)width, many("ab ", 700).p);
		if (what != 1)
			buf_printf(&new, "%u %.*s%s\n", i, (int)width, many("ab ", 700).p,
			    what == 2 ? "!" : "");
		if (what == 3)
			for (unsigned k = any(any(5) ? 4 : 900); k; k--)
				buf_adds(&new, "+ added\n");
	}
	buf_adds(&new, any(2) ? "no end" : "");
	write_file(text("%s/old", here.top), buf_str(&old));
	write_file(text("%s/new", here.top), buf_str(&new));
	buf_fini(&old);
	buf_fini(&new);
}

struct rebuild {
	struct str old; /* what was not used yet */
	unsigned line;	/* of it, from 1 */
	struct buf new;
	unsigned ids;
};

/* What stands in the old file before LINE is unchanged. */
static void copy_to(struct rebuild *r, unsigned line)
{
	while (r->line < line && r->old.n) {
		ptrdiff_t at = str_chr(r->old, '\n');
		size_t n = at < 0 ? r->old.n : (size_t)at + 1;

		buf_add(&r->new, str_take(r->old, n));
		r->old = str_skip(r->old, n);
		r->line++;
	}
}

static void drop_line(struct rebuild *r, struct str line)
{
	ptrdiff_t at = str_chr(r->old, '\n');
	size_t n = at < 0 ? r->old.n : (size_t)at;

	assert_true(str_eq(str_take(r->old, n), line));
	r->old = str_skip(r->old, n + 1);
	r->line++;
}

/* "@@ h12 @@ old 8-10, new 8" */
static void apply_head(struct rebuild *r, struct str line)
{
	unsigned id = 0, from = 0, to = 0;

	if (sscanf(line.p, "@@ h%u @@ old none, new %u", &id, &to) != 2)
		assert_int_equal(sscanf(line.p, "@@ h%u @@ old %u", &id, &from), 2);
	assert_int_equal(id, ++r->ids);
	if (from)
		copy_to(r, from);
	else /* as many lines as the new file has before it */
		for (unsigned have = 0; have < to; have++) {
			size_t lines = 1;

			for (size_t i = 0; i < r->new.n; i++)
				lines += r->new.p[i] == '\n';
			if (lines >= to)
				break;
			copy_to(r, r->line + 1);
		}
}

static void apply_line(struct rebuild *r, struct str line)
{
	struct str body = str_skip(line, 8);
	char mark = line.p[7];

	if (mark == '\\') {
		if (r->new.n && r->new.p[r->new.n - 1] == '\n')
			r->new.n--;
		return;
	}
	if (mark != '+')
		drop_line(r, body);
	if (mark != '-') {
		buf_add(&r->new, body);
		buf_addc(&r->new, '\n');
	}
}

static void apply_chunk(struct rebuild *r, struct str rest)
{
	while (rest.n) {
		ptrdiff_t at = str_chr(rest, '\n');
		struct str line = str_take(rest, (size_t)at);

		if (str_starts(line, STR("@@ h")))
			apply_head(r, line);
		else if (!str_starts(line, STR("===")))
			apply_line(r, line);
		rest = str_skip(rest, (size_t)at + 1);
	}
}

static struct str file(const char *name)
{
	struct str bytes;

	assert_int_equal(fs_read(here.arena, text("%s/%s", here.top, name), MIB(8), &bytes), 0);
	return bytes;
}

/* All chunks, applied to the old file, give the new one: they are the change, and all of it. */
static void the_chunks_are_exactly_the_change(void **state)
{
	unsigned cut = 0;

	(void)state;
	for (unsigned round = 1; round < 16; round++) {
		seed = round * 7919;
		make_sides();
		sh(text("cd %s; git diff --no-index --no-color old new >diff || true", here.top));
		struct change *c = parse(file("diff").p);
		struct rebuild r = { .old = file("old"), .line = 1 };

		buf_init(&r.new, MIB(4));
		cut += c->n_chunks > 1;
		assert_int_equal(c->n_left_out, 0);
		for (size_t i = 0; i < c->n_chunks; i++) {
			struct str shown = change_chunk_text(here.arena, c, &c->chunks[i]);

			assert_true(shown.n <= c->chunks[i].bytes &&
				    c->chunks[i].bytes <= CHANGE_CHUNK_MAX);
			apply_chunk(&r, shown);
		}
		copy_to(&r, 1000000);
		assert_int_equal(r.ids, c->n_hunks);
		if (!str_eq(buf_str(&r.new), file("new")))
			fail_msg("round %u: the chunks do not make the new file", round);
		buf_fini(&r.new);
		arena_destroy(here.arena);
		here.arena = arena_create("test", MIB(64));
	}
	assert_true(cut > 2);
}

static void files_stay_whole_where_they_can(void **state)
{
	const char *all = "";

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		all = text(
		    "%sdiff --git a/f%u b/f%u\nnew file mode 100644\n--- /dev/null\n+++ b/f%u\n"
		    "@@ -0,0 +1,1000 @@\n%s",
		    all, i, i, i, many("+0123456789abcdef\n", 1000).p);
	struct change *c = parse(all);

	for (size_t i = 0; i < c->n_files; i++) {
		size_t in = 0;

		for (size_t k = 0; k < c->n_chunks; k++)
			in += strstr(chunk_text(c, k), text("=== f%zu ", i)) != NULL;
		assert_int_equal(in, 1);
	}
	assert_null(strstr(chunk_text(c, 0), "continued"));
	assert_int_equal(c->n_chunks, 5);
}

static void behind_the_ceiling_every_file_is_named(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MIB(8));
	for (unsigned i = 0; i < 8; i++)
		buf_printf(&b, "diff --git a/f%u b/f%u\n--- a/f%u\n+++ b/f%u\n@@ -0,0 +1,%u @@\n%s",
		    i, i, i, i, i == 7 ? 1u : 50000u,
		    many("+0123456789abcdef\n", i == 7 ? 1 : 50000).p);
	struct change *c = parse(buf_str(&b).p);

	assert_int_equal(c->n_left_out, 5);
	for (size_t i = 0; i < c->n_files; i++)
		assert_int_equal(c->files[i].n == 0, i >= 3);
	assert_str(c->files[7].left_out, "behind the first 4 MiB of the change");
	buf_fini(&b);
}

/* --- places ------------------------------------------------------------------------------- */

static void a_change_touches_its_lines_and_those_beside_them(void **state)
{
	(void)state;
	struct change *c =
	    parse("diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -8,3 +8,3 @@\n 8\n"
		  "-9\n+9!\n 10\n@@ -20 +19,0 @@\n-20\n"
		  "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n"
		  "+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
		  "diff --git a/was b/is\nrename from was\nrename to is\n");

	assert_true(change_touches(c, STR("a.c"), 9, 9));
	assert_true(change_touches(c, STR("a.c"), 1, 8));
	assert_true(change_touches(c, STR("a.c"), 20, 20));
	assert_false(change_touches(c, STR("a.c"), 1, 7));
	assert_false(change_touches(c, STR("a.c"), 11, 18));
	assert_false(change_touches(c, STR("b.c"), 9, 9));
	assert_true(change_touches(c, STR("gone"), 1, 1));
	assert_true(change_touches(c, STR("was"), 3, 3));
	assert_true(change_touches(c, STR("is"), 3, 3));
}

/* --- receipts ----------------------------------------------------------------------------- */

static const char *receipt(const char *answer, unsigned from, unsigned to)
{
	bool *seen = arena_array(here.arena, to - from + 1, sizeof(bool));

	receipt_read(str_from(answer), from, to, seen);
	return receipt_ids(here.arena, from, to - from + 1, seen, true).p;
}

static void receipts_are_read_as_people_write_them(void **state)
{
	(void)state;
	assert_string_equal(receipt("text\n\nREAD: h1, h2, h3", 1, 9), "h1-h3");
	assert_string_equal(receipt("**READ:** `h1`–`h3`, h7", 1, 9), "h1, h3, h7");
	assert_string_equal(receipt("- READ: h2-h4 and h6..8", 1, 9), "h2-h4, h6-h8");
	assert_string_equal(receipt("READ: h2 \xe2\x80\x93 h4", 3, 9), "h3-h4");
	assert_string_equal(receipt("READ: h1\nREAD: h9", 1, 9), "h1, h9");
	assert_string_equal(receipt("READ: h0-h4000000000", 5, 9), "");
	assert_string_equal(receipt("READ: all of them, ah5, h5x, c2", 1, 9), "h5");
	assert_string_equal(receipt("I READ h1, h2", 1, 9), "");
	assert_string_equal(receipt("", 1, 9), "");
}

static void what_is_missing_has_a_place(void **state)
{
	(void)state;
	struct change *c =
	    parse("diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -8,3 +8,3 @@\n 8\n"
		  "-9\n+9!\n 10\n@@ -20 +20 @@\n-20\n+x\n");
	const bool both[] = { true, true };

	assert_str(change_places(here.arena, c, 1, 2, both), "h1 a.c:8-10, h2 a.c:20");
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_no_change_is_none),
		UNIT_TEST(a_chunk_shows_ids_and_line_numbers),
		UNIT_TEST(lines_of_files_do_not_pose_as_lines_of_the_diff),
		UNIT_TEST(names_are_unquoted),
		UNIT_TEST(a_diff_that_breaks_off_is_said_to),
		UNIT_TEST(what_nobody_reads_is_named_with_its_reason),
		UNIT_TEST(a_submodule_is_named_with_its_commits),
		UNIT_TEST(the_chunks_are_exactly_the_change),
		UNIT_TEST(files_stay_whole_where_they_can),
		UNIT_TEST(behind_the_ceiling_every_file_is_named),
		UNIT_TEST(a_change_touches_its_lines_and_those_beside_them),
		UNIT_TEST(receipts_are_read_as_people_write_them),
		UNIT_TEST(what_is_missing_has_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
