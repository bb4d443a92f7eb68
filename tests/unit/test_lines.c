/* Bytes to lines: however they arrive, the lines are the same, and no line costs more than its
 * ceiling. */
#include "check.h"

#include "base/limits.h"
#include "base/unconst.h"
#include "worker/lines.h"

#include <stdlib.h>

/* What came out: each line in brackets, with an exclamation mark when it was cut. */
struct seen {
	struct buf text;
	size_t longest;
};

static void on_line(void *ctx, struct str line, bool cut)
{
	struct seen *s = ctx;

	if (line.n > s->longest)
		s->longest = line.n;
	buf_addc(&s->text, '[');
	buf_add(&s->text, line);
	buf_adds(&s->text, cut ? "!]" : "]");
}

#define BYTES(lit)                     \
	{                              \
		(lit), sizeof(lit) - 1 \
	}
#define MAX 8

static const struct {
	struct str text, want;
} rows[] = {
	{ BYTES(""), BYTES("") },
	{ BYTES("\n"), BYTES("[]") },
	{ BYTES("\n\n"), BYTES("[][]") },
	{ BYTES("a"), BYTES("[a]") },
	{ BYTES("a\n"), BYTES("[a]") },
	{ BYTES("a\nb"), BYTES("[a][b]") },
	{ BYTES("a\n\nb\n"), BYTES("[a][][b]") },
	{ BYTES("a\r\nb\r\n"), BYTES("[a\r][b\r]") },
	{ BYTES("a\rb\n"), BYTES("[a\rb]") },
	{ BYTES("a\0b\n\0\n\0"), BYTES("[a\0b][\0][\0]") },
	{ BYTES("\xff\xfe\n"), BYTES("[\xff\xfe]") },
	{ BYTES("1234567\n"), BYTES("[1234567]") },
	{ BYTES("12345678\n"), BYTES("[12345678]") },
	{ BYTES("12345678"), BYTES("[12345678]") },
	{ BYTES("123456789\n"), BYTES("[12345678!]") },
	{ BYTES("123456789"), BYTES("[12345678!]") },
	{ BYTES("123456789abcdefghi\nb\n"), BYTES("[12345678!][b]") },
	{ BYTES("12345678\n123456789\n\nc"), BYTES("[12345678][12345678!][][c]") },
	{ BYTES("123456789\n123456789\n"), BYTES("[12345678!][12345678!]") },
};

/* Row ROW, the first FIRST bytes at once and then STEP bytes at a time. */
static void check_row(size_t row, size_t first, size_t step)
{
	struct str rest = rows[row].text;
	struct seen s = { .longest = 0 };
	struct lines l;

	buf_init(&s.text, MIB(1));
	lines_init(&l, MAX, on_line, &s);
	lines_feed(&l, str_take(rest, first));
	for (rest = str_skip(rest, first); rest.n; rest = str_skip(rest, step))
		lines_feed(&l, str_take(rest, step));
	lines_end(&l);
	if (!str_eq(buf_str(&s.text), rows[row].want))
		fail_msg("row %zu, first %zu bytes, then %zu at a time: %.*s", row, first, step,
		    STR_ARG(buf_str(&s.text)));
	lines_fini(&l);
	buf_fini(&s.text);
}

static void lines_are_the_same_however_they_arrive(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		for (size_t first = 0; first <= rows[row].text.n; first++)
			for (size_t step = 1; step <= rows[row].text.n + 1; step++)
				check_row(row, first, step);
}

/* --- what is above the ceiling ------------------------------------------------------------- */

static void on_over(void *ctx, struct str piece)
{
	buf_add(ctx, piece);
}

/* What comes of them is looked at above. */
static void on_over_line(void *ctx, struct str line, bool cut)
{
	(void)ctx;
	(void)line;
	(void)cut;
}

static const struct {
	struct str text, want;
} over_rows[] = {
	{ BYTES("12345678\n12345678"), BYTES("") },
	{ BYTES("123456789\n"), BYTES("123456789\n") },
	{ BYTES("123456789"), BYTES("123456789") },
	{ BYTES("a\n123456789abc\nb\nABCDEFGHI\n"), BYTES("123456789abc\nABCDEFGHI\n") },
	{ BYTES("\033[2J\0\xff\r123456789\n"), BYTES("\033[2J\0\xff\r123456789\n") },
};

static void a_line_that_is_cut_is_told_whole(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(over_rows) / sizeof(over_rows[0]); row++)
		for (size_t step = 1; step <= over_rows[row].text.n; step++) {
			struct str rest = over_rows[row].text;
			struct lines l;
			struct buf over;

			buf_init(&over, KIB(1));
			lines_init(&l, MAX, on_over_line, &over);
			l.over = on_over;
			for (; rest.n; rest = str_skip(rest, step))
				lines_feed(&l, str_take(rest, step));
			lines_end(&l);
			if (!str_eq(buf_str(&over), over_rows[row].want))
				fail_msg("row %zu, %zu bytes at a time: %.*s", row, step,
				    STR_ARG(buf_str(&over)));
			lines_fini(&l);
			buf_fini(&over);
		}
}

/* A line without an end, 100 times its ceiling: memory is held to the ceiling and given back. */
static void a_giant_line_costs_its_ceiling_once(void **state)
{
	struct seen s = { .longest = 0 };
	struct str chunk = { xalloc(KIB(64)), KIB(64) };
	struct lines l;

	(void)state;
	buf_init(&s.text, MIB(4));
	lines_init(&l, MIB(1), on_line, &s);
	for (int i = 0; i < 1600; i++) {
		lines_feed(&l, chunk);
		assert_true(l.held.n <= MIB(1) && l.held.cap <= MIB(2));
	}
	assert_int_equal(s.longest, 0);
	lines_feed(&l, STR("\nnext\n"));
	assert_int_equal(s.longest, MIB(1));
	assert_true(str_ends(buf_str(&s.text), STR("!][next]")));
	assert_true(l.held.cap <= KIB(256));
	lines_fini(&l);
	buf_fini(&s.text);
	free(unconst(chunk.p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_same_however_they_arrive),
		cmocka_unit_test(a_line_that_is_cut_is_told_whole),
		cmocka_unit_test(a_giant_line_costs_its_ceiling_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
