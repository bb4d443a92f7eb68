/* One attempt in blocks: what becomes of each event, and that portions do not matter. */
#include "watch.h"

#include "../html_check.h"
#include "view/conversation.h"

#define BLOCKS_MAX 20000

/* What a page does: a block replaces the one with its number. */
struct page {
	struct conversation *c;
	char *blocks[BLOCKS_MAX]; /* JSON, by number */
	uint64_t n;
	uint64_t end; /* of the text in blocks */
	unsigned told;
	int64_t seq;
	bool blind; /* leaves out what portions may change: seq and at */
};

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_create("test", ARENA_JOB);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

static void check_message(struct page *p, const struct block *block)
{
	const char *wrong = html_wrong(arena, block->html, true, 6);

	if (wrong)
		fail_msg("%s", wrong);
	assert_int_equal(block->from, p->end); /* without a gap */
	p->end = block->to;
}

static void on_block(void *ctx, const struct block *given)
{
	struct page *p = ctx;
	struct block block = *given;
	struct buf b;

	p->told++;
	if (block.type == BLOCK_MESSAGE)
		check_message(p, &block);
	assert_true(block.n >= 1 && block.n <= p->n + 1 && block.n < BLOCKS_MAX);
	p->n = block.n > p->n ? block.n : p->n;
	if (p->blind)
		block.seq = block.at = 0;
	buf_init(&b, MIB(4));
	block_add_json(&b, &block);
	json_t *doc = json_parse(buf_str(&b), NULL);

	assert_non_null(doc);
	json_decref(doc);
	free(p->blocks[block.n]);
	p->blocks[block.n] = buf_steal(&b);
}

static struct page *page_open(void)
{
	struct page *p = xalloc(sizeof(*p));

	p->c = conversation_create(STR("s"), 1, on_block, p);
	return p;
}

static void page_close(struct page *p)
{
	for (uint64_t i = 0; i <= p->n; i++)
		free(p->blocks[i]);
	conversation_destroy(p->c);
	free(p);
}

static void feed(struct page *p, const char *type, json_t *data)
{
	p->seq++;
	conversation_event(p->c, p->seq, 1000 * p->seq, str_from(type), data);
	json_decref(data);
}

static void event(struct page *p, const char *type, const char *members)
{
	char *text =
	    arena_printf(arena, "{\"step\":\"s\",\"epoch\":1%s%s}", *members ? "," : "", members);
	json_t *data = json_parse(str_from(text), NULL);

	assert_non_null(data);
	feed(p, type, data);
}

static void text(struct page *p, const char *s)
{
	feed(p, "text", said("text", str_from(s)));
}

static struct str tail(const struct page *p)
{
	uint64_t off;
	struct str s = conversation_tail(p->c, &off);

	assert_int_equal(off, p->end);
	return s;
}

/* --- what becomes of events --------------------------------------------------------------- */

static void test_messages(void **state)
{
	struct page *p = page_open();

	(void)state;
	text(p, "# A\n\nSee src/");
	assert_int_equal(p->n, 1);
	assert_string_equal(p->blocks[1],
	    "{\"n\":1,\"type\":\"message\",\"at\":\"1970-01-01T00:00:01.000Z\",\"seq\":1,"
	    "\"html\":\"<h3>A</h3>\\n\",\"from\":0,\"to\":5}");
	assert_str(tail(p), "See src/");
	text(p, "a.c:5.\n\n");
	assert_non_null(strstr(
	    p->blocks[2], "See <a class=\\\"cite\\\" data-at=\\\"src/a.c:5-5\\\">src/a.c:5</a>."));
	assert_str(tail(p), "");
	text(p, "half a sentence");
	event(p, "usage", "\"in\":5,\"out\":6");
	assert_int_equal(p->n, 2); /* numbers close nothing */
	event(p, "notice", "\"text\":\"hm\"");
	assert_non_null(strstr(p->blocks[3], "<p>half a sentence</p>"));
	assert_non_null(strstr(p->blocks[4], "\"level\":\"info\",\"text\":\"hm\""));
	page_close(p);
}

/* Places that look like one, and those that do not. */
static void test_places(void **state)
{
	struct page *p = page_open();

	(void)state;
	text(p,
	    "`src/x.h:7-9` at 12:30, localhost:8080, [x](http://h.de/a.c:5), a.b:9-3, x/y:3\n\n");
	assert_non_null(
	    strstr(p->blocks[1], "<code><a class=\\\"cite\\\" data-at=\\\"src/x.h:7-9\\\">"));
	assert_non_null(strstr(p->blocks[1], "data-at=\\\"x/y:3-3\\\""));
	unsigned n = 0;

	for (const char *at = p->blocks[1]; (at = strstr(at, "class=\\\"cite\\\"")); at++)
		n++;
	assert_int_equal(n, 2);
	page_close(p);
}

/* Where a text is cut: TEXT has a bar at each place. */
static void cuts(const char *text_with_bars)
{
	struct page *p = page_open();
	struct buf plain, want, got;
	uint64_t had = 0;

	buf_init(&plain, KIB(4));
	buf_init(&want, KIB(4));
	buf_init(&got, KIB(4));
	for (const char *c = text_with_bars; *c; c++) {
		if (*c == '|')
			buf_printf(&want, "%zu ", plain.n);
		else
			buf_addc(&plain, *c);
	}
	for (size_t i = 0; i < plain.n; i++) {
		feed(p, "text", said("text", (struct str){ plain.p + i, 1 }));
		if (p->end != had)
			buf_printf(&got, "%llu ", (unsigned long long)(had = p->end));
	}
	assert_string_equal(buf_str(&got).p, buf_str(&want).p);
	buf_fini(&plain);
	buf_fini(&want);
	buf_fini(&got);
	page_close(p);
}

static void test_cuts(void **state)
{
	(void)state;
	cuts("one\ntwo\n\n|three\n\n|\n\nfour\n");
	cuts("```\na\n\nb\n```\n\n|c");
	cuts("~~~~ c\n```\n\n~~~\n\n~~~~~\n\n|");
	cuts("- a\n\n- b\n\n  more\n\n|text\n\n|");
	cuts("1. a\n   ```\n\nx\n   ```\n\n|# H\n\n|");
	cuts("a ``` b ``` c\n\n|");
	cuts("``` a ` b\n\n|");
	cuts("    ```\n\n|not in a fence\n\n|");
	cuts("-no list\n\n|12.no\n\n|2024\n\n|");
	cuts("> ```\n> a\n\n|b\n\n|");
}

static void test_calls(void **state)
{
	struct page *p = page_open();

	(void)state;
	event(p, "tool", "\"id\":\"1\",\"name\":\"read_file\",\"data\":{\"path\":\"a.c\"}");
	assert_non_null(strstr(p->blocks[1],
	    "\"id\":\"1\",\"name\":\"read_file\",\"verb\":\"read\",\"subject\":\"a.c\","
	    "\"input\":{\"path\":\"a.c\"},\"state\":\"running\",\"summary\":\"\",\"ms\":null}"));
	event(p, "tool", "\"id\":\"2\",\"name\":\"write_file\",\"data\":{\"path\":\"b.c\"}");
	event(
	    p, "tool_end", "\"id\":\"1\",\"name\":\"read_file\",\"ok\":true,\"text\":\"12 lines\"");
	assert_non_null(
	    strstr(p->blocks[1], "\"state\":\"done\",\"summary\":\"12 lines\",\"ms\":2000}"));
	event(p, "tool_end", "\"id\":\"2\",\"name\":\"write_file\",\"ok\":false,\"text\":\"no\"");
	assert_non_null(strstr(p->blocks[2], "\"state\":\"failed\""));
	event(p, "denied", "\"id\":\"2\",\"name\":\"write_file\",\"text\":\"read-only\"");
	assert_non_null(strstr(p->blocks[2], "\"state\":\"denied\",\"summary\":\"read-only\""));
	assert_int_equal(p->n, 2);
	event(p, "tool_end", "\"id\":\"9\",\"name\":\"ghost\",\"ok\":true");
	assert_non_null(strstr(p->blocks[3], "\"input\":null,\"state\":\"done\""));
	event(p, "tool", "\"name\":\"bare\"");
	event(p, "tool_end", "\"name\":\"bare\",\"ok\":true");
	assert_non_null(strstr(p->blocks[4], "\"state\":\"done\""));
	page_close(p);
}

/* More calls than can still change: the first ones are not known any more, and say so by being new.
 */
static void test_many_calls(void **state)
{
	struct page *p = page_open();
	const unsigned all = BLOCK_TOOLS_MAX + 1;

	(void)state;
	for (unsigned i = 0; i < all; i++)
		event(p, "tool", arena_printf(arena, "\"id\":\"%u\",\"name\":\"t\"", i));
	event(p, "tool_end", "\"id\":\"1\",\"name\":\"t\",\"ok\":true");
	assert_non_null(strstr(p->blocks[2], "\"state\":\"done\""));
	event(p, "tool_end", "\"id\":\"0\",\"name\":\"t\",\"ok\":true");
	assert_int_equal(p->n, all + 1);
	page_close(p);
}

static void test_thoughts(void **state)
{
	struct page *p = page_open();
	char *much = arena_alloc(arena, 2 * BLOCK_TEXT_MAX);

	(void)state;
	memset(much, 'x', BLOCK_TEXT_MAX + 10);
	feed(p, "think", said("text", STR("hm ")));
	feed(p, "think", said("text", STR("so")));
	assert_non_null(strstr(p->blocks[1], "\"text\":\"hm \",\"ms\":null}"));
	conversation_show(p->c);
	assert_non_null(strstr(p->blocks[1], "\"text\":\"hm so\",\"ms\":null}"));
	text(p, "said");
	assert_non_null(strstr(p->blocks[1], "\"text\":\"hm so\",\"ms\":2000}"));
	feed(p, "think", said("text", (struct str){ much, BLOCK_TEXT_MAX + 10 }));
	assert_non_null(strstr(p->blocks[2], "<p>said</p>"));
	event(p, "tool", "\"name\":\"t\"");
	assert_non_null(strstr(p->blocks[3], "\"cut\":10}"));
	page_close(p);
}

static void test_others(void **state)
{
	struct page *p = page_open();

	(void)state;
	event(p, "attempt", "\"agent\":\"qwen\",\"model\":\"m\"");
	assert_non_null(strstr(p->blocks[1], "\"text\":\"try 1: qwen, model m\""));
	event(p, "exchange", "\"status\":200,\"cut\":false");
	event(p, "request", "");
	event(p, "progress", "\"files\":3");
	assert_int_equal(p->n, 1);
	event(p, "exchange", "\"status\":503");
	assert_non_null(strstr(p->blocks[2], "answered with status 503"));
	event(p, "of-a-later-version", "\"a\":[1]");
	assert_non_null(strstr(p->blocks[3],
	    "\"name\":\"of-a-later-version\",\"data\":{\"step\":\"s\",\"epoch\":1,\"a\":[1]}}"));
	event(p, "step", "\"status\":\"running\"");
	assert_false(conversation_over(p->c));
	event(p, "step", "\"status\":\"failed\",\"ending\":\"timed_out\",\"reason\":\"too long\"");
	assert_non_null(
	    strstr(p->blocks[4], "\"level\":\"error\",\"text\":\"failed (timed_out): too long\""));
	assert_true(conversation_over(p->c));
	/* other attempts, other steps, and what was there already */
	p->seq++;
	json_t *other = json_pack("{s:s, s:i, s:s}", "step", "s", "epoch", 2, "text", "x");

	conversation_event(p->c, p->seq, 0, STR("notice"), other);
	json_object_set_new(other, "step", json_string("t"));
	conversation_event(p->c, p->seq, 0, STR("notice"), other);
	json_decref(other);
	json_t *again = said("text", STR("again"));

	conversation_event(p->c, 3, 0, STR("notice"), again);
	json_decref(again);
	assert_int_equal(p->n, 4);
	page_close(p);
}

static void test_big_inputs(void **state)
{
	struct page *p = page_open();
	char *much = arena_alloc(arena, 2 * BLOCK_TEXT_MAX + 1);

	(void)state;
	memset(much, 'y', 2 * BLOCK_TEXT_MAX);
	json_t *data =
	    json_pack("{s:s, s:i, s:{s:s}}", "step", "s", "epoch", 1, "data", "path", much);

	feed(p, "tool", data);
	json_t *block = json_parse(str_from(p->blocks[1]), NULL);

	assert_int_equal(json_get_str(block, "input").n, BLOCK_TEXT_MAX);
	assert_int_equal(json_get_int(block, "cut", 0), BLOCK_TEXT_MAX + 11);
	json_decref(block);
	feed(p, "unknown", said("x", (struct str){ much, 2 * BLOCK_TEXT_MAX }));
	block = json_parse(str_from(p->blocks[2]), NULL);
	assert_int_equal(json_get_str(block, "data").n, BLOCK_TEXT_MAX);
	assert_true(json_get_int(block, "cut", 0) > (long long)BLOCK_TEXT_MAX);
	json_decref(block);
	page_close(p);
}

/* A fence that is too long goes on as a fence; a word that is too long is cut all the same. */
static void test_too_long(void **state)
{
	struct page *p = page_open();
	struct buf b;

	(void)state;
	buf_init(&b, MIB(1));
	buf_adds(&b, "```c\n");
	while (b.n < BLOCK_MESSAGE_MAX + 100)
		buf_adds(&b, "int x; /* **not bold** */\n");
	buf_adds(&b, "```\n\nafter\n\n");
	feed(p, "text", said("text", buf_str(&b)));
	assert_int_equal(p->n, 3);
	assert_int_equal(p->end, b.n);
	assert_non_null(strstr(p->blocks[2], "<span class=\\\"lang\\\">c</span>"));
	assert_null(strstr(p->blocks[2], "<strong>"));
	assert_non_null(strstr(p->blocks[3], "<p>after</p>"));
	buf_clear(&b);
	for (size_t i = 0; i < BLOCK_MESSAGE_MAX; i++)
		buf_adds(&b, "\xe2\x82\xac");
	uint64_t began = p->end;

	feed(p, "text", said("text", buf_str(&b)));
	assert_int_equal((p->end - began) % 3, 0);
	assert_true(b.n - (p->end - began) <= BLOCK_MESSAGE_MAX);
	buf_fini(&b);
	page_close(p);
}

/* --- portions ----------------------------------------------------------------------------- */

static void speak(struct page *p, struct str s, uint64_t *seed, size_t most)
{
	while (s.n) {
		struct str part = most ? portion(s, seed, most) : s;

		feed(p, "text", said("text", part));
		s = str_skip(s, part.n);
	}
}

/* The same attempt, its texts in portions of at most MOST bytes; 0: whole. */
static struct page *play(uint64_t seed, uint64_t cut_seed, size_t most)
{
	struct page *p = page_open();
	struct buf b;

	p->blind = true;
	buf_init(&b, MIB(4));
	for (unsigned turn = 0; turn < 6; turn++) {
		buf_clear(&b);
		add_markdown(
		    &b, &seed, draw(&seed) % 8 ? draw(&seed) % 3000 : 2 * BLOCK_MESSAGE_MAX);
		speak(p, buf_str(&b), &cut_seed, most);
		if (draw(&seed) % 3)
			event(p, "void", "");
		else
			event(p, "usage", "");
	}
	event(p, "step", "\"status\":\"completed\"");
	buf_fini(&b);
	return p;
}

static void test_portions(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++) {
		struct page *whole = play(seed, 0, 0);
		struct page *parts = play(seed, seed, seed % 5 ? 200 : 3);

		assert_int_equal(whole->n, parts->n);
		assert_int_equal(whole->end, parts->end);
		for (uint64_t i = 1; i <= whole->n; i++)
			assert_string_equal(whole->blocks[i], parts->blocks[i]);
		page_close(whole);
		page_close(parts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cuts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thoughts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_big_inputs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_portions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
