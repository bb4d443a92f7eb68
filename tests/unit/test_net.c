#include "check.h"

#include "base/limits.h"
#include "dialect/sse.h"

#include <stdlib.h>

static struct buf seen;

static void note(void *ctx, struct str event, struct str data)
{
	(void)ctx;
	buf_printf(&seen, "[%.*s|%.*s]", STR_ARG(event), STR_ARG(data));
}

/* Feeds TEXT in pieces of STEP bytes and compares what came out. */
static void expect(const char *text, size_t step, const char *want)
{
	struct str rest = str_from(text);
	struct sse s;

	buf_init(&seen, KIB(4));
	sse_init(&s, KIB(1), note, NULL);
	while (rest.n) {
		assert_int_equal(sse_feed(&s, str_take(rest, step)), 0);
		rest = str_skip(rest, step);
	}
	assert_str(buf_str(&seen), want);
	sse_fini(&s);
	buf_fini(&seen);
}

static void events_are_the_same_however_cut(void **state)
{
	static const char text[] =
	    ": hello\n\ndata: {\"a\":1}\n\nevent: x\r\ndata:one\r\ndata: two\r\n\r\n"
	    "id: 7\nretry: 5\n\ndata\n\ndata: lost";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++)
		expect(text, step, "[|{\"a\":1}][x|one\ntwo][|]");
}

static void bare_cr_ends_a_line(void **state)
{
	(void)state;
	expect("data: a\r\rdata: b\r\r", 3, "[|a][|b]");
}

static void a_giant_line_is_an_error(void **state)
{
	struct sse s;
	char *line = xalloc(5000);

	(void)state;
	memset(line, 'x', 5000);
	sse_init(&s, KIB(1), note, NULL);
	assert_int_equal(sse_feed(&s, (struct str){ line, 5000 }), -E2BIG);
	sse_fini(&s);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_the_same_however_cut),
		cmocka_unit_test(bare_cr_ends_a_line),
		cmocka_unit_test(a_giant_line_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
