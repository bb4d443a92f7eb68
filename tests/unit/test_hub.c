/* Pages that watch a run: whatever happens to their connection, they end with what is stored. */
#include "hub.h"

/* --- one page ----------------------------------------------------------------------------- */

static const char *hello(struct page *p)
{
	struct frame *f = page_next(p);
	const char *text = arena_cstr(w->arena, f->text);

	frame_free(f);
	return text;
}

static void test_hello(void **state)
{
	struct page *p = page_create();

	(void)state;
	assert_non_null(strstr(hello(p), "{\"t\":\"hello\",\"version\":\"1\",\"build\":\"b\","));
	page_say(p, "{\"t\":\"ping\",\"id\":7}");
	assert_non_null(strstr(hello(p), "{\"t\":\"pong\",\"id\":7,\"time\":\"20"));
	page_destroy(p);
}

static void test_a_run(void **state)
{
	struct page *p = page_create();

	(void)state;
	launch();
	page_sub(p);
	page_watch(p, 0, 0);
	settle(&p, 1);
	assert_int_equal(p->snaps, 1);
	assert_string_equal(p->steps[0].status, "running");
	assert_string_equal(p->epoch, w->epoch);
	say_text(0, STR("# Head\n\nSee src/a.c:5 and"));
	say(1, "tool", json_pack("{s:s, s:{s:s}}", "name", "read_file", "data", "path", "b.c"));
	settle(&p, 1);
	assert_string_equal(p->steps[1].activity, "read_file b.c");
	assert_str(buf_str(&p->stream.tail), "See src/a.c:5 and");
	assert_true_page(p);
	say_text(0, STR(" more"));
	settle(&p, 1);
	assert_str(buf_str(&p->stream.tail), "See src/a.c:5 and more");
	end_agent(0, ENDING_ANSWERED);
	end_agent(1, ENDING_ANSWERED);
	end_agent(2, ENDING_ANSWERED);
	settle(&p, 1);
	assert_true(p->has_report);
	assert_string_equal(p->status, "completed");
	assert_true_page(p);
	assert_int_equal(p->snaps, 1);
	page_destroy(p);
}

/* Somebody who knows what there is is told so, and gets nothing twice. */
static void test_coming_back(void **state)
{
	struct page *p = page_create();

	(void)state;
	launch();
	page_sub(p);
	settle(&p, 1);
	say_text(0, STR("one\n\ntwo"));
	settle(&p, 1);
	unsigned evs = p->evs;
	int64_t pos = p->pos;

	page_again(p);
	settle(&p, 1);
	assert_int_equal(p->snaps, 1);
	assert_int_equal(p->evs, evs + 1);
	assert_int_equal(p->pos, pos);
	/* another history, and a place that is not there */
	snprintf(p->epoch, sizeof(p->epoch), "e-other");
	page_again(p);
	settle(&p, 1);
	assert_int_equal(p->snaps, 2);
	p->pos += 100;
	page_again(p);
	settle(&p, 1);
	assert_int_equal(p->snaps, 3);
	assert_true_page(p);
	page_destroy(p);
}

/* Who watches the current attempt moves on to the next one; who watches the first one stays. */
static void test_attempts(void **state)
{
	struct page *pages[] = { page_create(), page_create() };

	(void)state;
	launch();
	for (unsigned i = 0; i < 2; i++) {
		page_sub(pages[i]);
		page_watch(pages[i], 0, i);
	}
	say_text(0, STR("first"));
	settle(pages, 2);
	end_agent(0, ENDING_EMPTY);
	settle(pages, 2);
	while (!w->claims[0])
		uv_run(&w->loop, UV_RUN_ONCE);
	say_text(0, STR("second"));
	settle(pages, 2);
	assert_int_equal(pages[0]->stream.attempt, 2);
	assert_str(buf_str(&pages[0]->stream.tail), "second");
	assert_int_equal(pages[1]->stream.attempt, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_true_page(pages[i]);
		page_destroy(pages[i]);
	}
}

static void test_lists(void **state)
{
	struct page *p = page_create();

	(void)state;
	launch();
	settle(&p, 1);
	assert_int_equal(p->runs, 0);
	page_say(p, "{\"t\":\"list\"}");
	say_text(0, STR("x"));
	settle(&p, 1);
	assert_true(p->runs > 0);
	unsigned runs = p->runs;

	page_say(p, "{\"t\":\"unlist\"}");
	say_text(0, STR("x"));
	settle(&p, 1);
	assert_int_equal(p->runs, runs);
	page_destroy(p);
}

static void test_deleted(void **state)
{
	struct page *p = page_create();

	(void)state;
	launch();
	page_sub(p);
	settle(&p, 1);
	assert_int_equal(p->errors, 0);
	int64_t run = w->run;

	hub_deleted(w->hub, run + 1); /* nobody's */
	settle(&p, 1);
	assert_int_equal(p->snaps, 1);
	hub_deleted(w->hub, run); /* it is still there: a document says how it is */
	settle(&p, 1);
	assert_int_equal(p->snaps, 2);
	assert_true_page(p);
	page_destroy(p);
}

static void test_nonsense(void **state)
{
	static const char *const texts[] = { "", "x", "[]", "{}", "{\"t\":1}", "{\"t\":\"launch\"}",
		"{\"t\":\"sub\"}", "{\"t\":\"sub\",\"run\":\"\"}",
		"{\"t\":\"sub\",\"run\":\"r-1\",\"after\":-1}",
		"{\"t\":\"sub\",\"run\":\"r-1\",\"after\":\"1\"}",
		"{\"t\":\"watch\",\"run\":\"r-1\"}", "{\"t\":\"ping\",\"id\":1.5}",
		"{\"t\":\"watch\",\"run\":\"r-1\",\"step\":\"a\",\"off\":-5}",
		"{\"t\":\"ping\",\"t\":\"ping\"}" };
	struct page *p = page_create();
	const unsigned n = sizeof(texts) / sizeof(texts[0]);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		hub_session_message(p->session, str_from(texts[i]));
		page_deliver(p, UINT32_MAX);
		if (p->errors != i + 1 || !strstr(p->error, "\"code\":\"bad_request\""))
			fail_msg("%s: %s", texts[i], p->error);
	}
	/* what makes sense and is not there */
	page_say(p, "{\"t\":\"sub\",\"run\":\"r-nobody\"}");
	page_say(p, "{\"t\":\"watch\",\"run\":\"r-nobody\",\"step\":\"a\"}");
	page_say(p, "{\"t\":\"unsub\",\"run\":\"r-nobody\"}");
	page_say(p, "{\"t\":\"unwatch\",\"run\":\"r-nobody\",\"step\":\"a\"}");
	settle(&p, 1); /* both were taken back before they were found */
	assert_int_equal(p->errors, n);
	launch();
	page_say(p, "{\"t\":\"sub\",\"run\":\"r-nobody\"}");
	page_say(p, "{\"t\":\"watch\",\"run\":\"%s\",\"step\":\"z\"}", w->id);
	page_say(p, "{\"t\":\"watch\",\"run\":\"%s\",\"step\":\"a\",\"attempt\":9}", w->id);
	settle(&p, 1);
	assert_int_equal(p->errors, n + 3);
	assert_non_null(strstr(p->error, "\"code\":\"not_found\""));
	/* more than one page may follow */
	for (unsigned i = 0; i <= HUB_SUBS_MAX; i++)
		page_say(p, "{\"t\":\"sub\",\"run\":\"r-%u\"}", i);
	page_deliver(p, UINT32_MAX);
	assert_non_null(strstr(p->error, "\"code\":\"too_many\""));
	page_destroy(p);
}

/* --- many pages --------------------------------------------------------------------------- */

static void say_something(uint64_t *seed)
{
	unsigned i = draw(seed) % AGENTS;
	struct buf b;

	if (!w->claims[i])
		return;
	buf_init(&b, KIB(64));
	add_markdown(&b, seed, 1 + draw(seed) % 200);
	switch (draw(seed) % 8) {
	case 0:
		say(i, "tool",
		    json_pack("{s:s, s:s, s:{}}", "id", draw(seed) & 1 ? "x" : "y", "name", "read",
			"data"));
		break;
	case 1:
		say(i, "tool_end",
		    json_pack("{s:s, s:s, s:b}", "id", draw(seed) & 1 ? "x" : "y", "name", "read",
			"ok", (int)(draw(seed) & 1)));
		break;
	case 2:
		say(i, "notice", json_pack("{s:o}", "text", json_text(buf_str(&b))));
		break;
	case 3:
		say(i, "usage", json_pack("{s:i, s:i}", "in", 5, "out", 6));
		break;
	default:
		say_text(i, buf_str(&b));
	}
	buf_fini(&b);
}

static void do_something(struct page *p, uint64_t *seed)
{
	switch (draw(seed) % 16) {
	case 0:
		page_again(p);
		break;
	case 1: /* what is still coming of the old stream would look like the new one's */
		page_deliver(p, UINT32_MAX);
		page_unwatch(p);
		page_watch(p, draw(seed) % AGENTS, 0);
		break;
	case 2:
		page_sub(p);
		break;
	case 3:
	case 4:
		break; /* nothing arrives */
	default:
		page_deliver(p, draw(seed) % 5);
	}
}

#define PAGES 50

static void watch_all(uint64_t seed, unsigned rounds)
{
	struct page *pages[PAGES];

	launch();
	for (unsigned i = 0; i < PAGES; i++) {
		pages[i] = page_create();
		page_sub(pages[i]);
		page_watch(pages[i], i % AGENTS, 0);
	}
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = draw(&seed) % 8; i; i--)
			say_something(&seed);
		for (unsigned i = 0; i < PAGES; i++)
			do_something(pages[i], &seed);
		uv_run(&w->loop, UV_RUN_NOWAIT);
		if (round % 10 == 0)
			usleep(5000);
	}
	for (unsigned i = 0; i < AGENTS; i++)
		end_agent(i, ENDING_ANSWERED);
	settle(pages, PAGES);
	for (unsigned i = 0; i < PAGES; i++) {
		assert_int_equal(pages[i]->errors, 0);
		assert_true(pages[i]->largest < HUB_ROOM + MIB(1));
		assert_true_page(pages[i]);
		page_destroy(pages[i]);
	}
}

static void test_everybody_ends_with_the_truth(void **state)
{
	(void)state;
	watch_all(1, 300);
	watch_all(2, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hello, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_coming_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attempts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_everybody_ends_with_the_truth, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
