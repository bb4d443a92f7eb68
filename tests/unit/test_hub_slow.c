/* Pages and streams without room, logs that are too long, and histories that were put back. */
#include "hub.h"

#include "sys/fs.h"

/* --- without room ------------------------------------------------------------------------- */

static void say_words(unsigned agent, unsigned events, const char *words)
{
	struct claim *cl = w->claims[agent];
	const char name[] = { (char)('a' + agent), '\0' };
	struct fact_row rows[200];

	while (events) {
		unsigned n = 0;

		for (; n < 200 && n < events; n++)
			rows[n] = (struct fact_row){ cl->run, cl->position, cl->epoch, "text",
				json_pack("{s:s, s:s, s:i}", "text", words, "step", name, "epoch",
				    (int)cl->epoch) };
		w->flying++;
		engine_append(w->engine, rows, n, on_rows, NULL);
		events -= n;
		while (w->flying)
			uv_run(&w->loop, UV_RUN_ONCE);
	}
}

/* What is kept for a page that takes nothing does not grow, and it ends with the truth. */
static void test_deaf(void **state)
{
	struct page *p = page_create();
	char *words = arena_alloc(w->arena, KIB(20));

	(void)state;
	memset(words, 'w', KIB(20) - 3);
	memcpy(words + KIB(20) - 3, "\n\n", 2);
	launch();
	page_sub(p);
	page_watch(p, 0, 0);
	settle(&p, 1);
	p->deaf = true;
	say_words(0, 400, words); /* 8 MB */
	settle(&p, 1);
	assert_true(p->bytes >= HUB_ROOM); /* else it was never without room */
	assert_true(p->largest < 2 * HUB_ROOM + MIB(1));
	p->deaf = false;
	settle(&p, 1);
	assert_int_equal(p->trims, 0); /* it was not for long */
	assert_true_page(p);
	assert_true(p->stream.first > 1); /* more than is kept: the rest is asked for */
	page_destroy(p);
}

/* Without room for too long: the rest is given up, and said so. */
static void test_slow(void **state)
{
	struct page *p = page_create();

	(void)state;
	launch();
	page_sub(p);
	page_watch(p, 0, 0);
	settle(&p, 1);
	p->deaf = true;
	for (unsigned i = 0; i < 40; i++) {
		say(1, "notice", json_pack("{s:s}", "text", "a state, to be told"));
		say_words(0, 10, "twelve bytes\n\n");
	}
	p->bytes += HUB_ROOM; /* somebody else's */
	say(1, "notice", json_pack("{s:s}", "text", "the last word"));
	settle(&p, 1);
	w->later += HUB_SLOW_MS + 1;
	p->bytes -= HUB_ROOM;
	p->deaf = false;
	unsigned snaps = p->snaps;

	settle(&p, 1);
	assert_int_equal(p->trims, 1);
	assert_int_equal(p->snaps, snaps + 1);
	assert_true_page(p);
	page_destroy(p);
}

/* --- long logs ---------------------------------------------------------------------------- */

static void test_a_long_way_back(void **state)
{
	struct page *pages[] = { page_create(), page_create() };

	(void)state;
	launch();
	page_sub(pages[0]);
	settle(pages, 2);
	page_break(pages[0]);
	say_words(1, HUB_GAP + 1, "x\n");
	page_open(pages[0]);
	page_sub(pages[0]); /* from where it was: too far */
	page_sub(pages[1]);
	page_watch(pages[1], 1, 0); /* the whole of it is one paragraph */
	settle(pages, 2);
	assert_int_equal(pages[0]->snaps, 2);
	assert_int_equal(pages[1]->snaps, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_true_page(pages[i]);
		page_destroy(pages[i]);
	}
}

/* Many who want the same document and the same events cost one reading. */
static void test_sharing(void **state)
{
	struct page *pages[50];

	(void)state;
	launch();
	for (unsigned i = 0; i < 50; i++) {
		pages[i] = page_create();
		page_sub(pages[i]);
	}
	settle(pages, 50);
	assert_true(w->documents < 10);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(pages[i]->snaps, 1);
	struct hub_session *more[HUB_SESSIONS_MAX];
	unsigned n = 0;

	while ((more[n] = hub_session_open(w->hub, page_send, page_backlog, pages[0])))
		n++;
	assert_int_equal(n, HUB_SESSIONS_MAX - 50);
	while (n)
		hub_session_close(more[--n]);
	settle(pages, 1);
	for (unsigned i = 0; i < 50; i++)
		page_destroy(pages[i]);
}

/* --- one log as a stream ------------------------------------------------------------------ */

struct pipe {
	struct hub_follow *f;
	struct buf b;
	size_t waiting; /* backlog */
	bool full, ended;
	int rc;
};

static int pipe_write(void *ctx, struct str text)
{
	struct pipe *p = ctx;

	assert_false(p->ended);
	buf_add(&p->b, text);
	p->waiting = p->full ? HUB_ROOM : 0;
	return 0;
}

static size_t pipe_backlog(void *ctx)
{
	return ((struct pipe *)ctx)->waiting;
}

static void pipe_ended(void *ctx, int rc)
{
	struct pipe *p = ctx;

	p->ended = true;
	p->rc = rc;
	hub_follow_close(p->f);
	p->f = NULL;
}

static const struct hub_follow_events pipe_events = { pipe_write, pipe_backlog, pipe_ended };

static void pipe_open(struct pipe *p, const struct hub_follow_options *o)
{
	*p = (struct pipe){ 0 };
	buf_init(&p->b, MIB(64));
	p->f = hub_follow(w->hub, o, &pipe_events, p);
	assert_non_null(p->f);
}

static int add_line(void *ctx, const struct event_row *row)
{
	char stamp[32];

	buf_printf(ctx, "{\"seq\":%lld,\"at\":\"%s\",\"type\":\"%.*s\",\"data\":%.*s}\n",
	    (long long)row->seq, clock_iso(row->at, stamp, sizeof(stamp)), STR_ARG(row->type),
	    STR_ARG(row->data));
	return 0;
}

static int read_log(struct store *s, void *ctx)
{
	buf_clear(ctx);
	return s->ops->event_read(s, w->run, 0, UINT32_MAX, add_line, ctx);
}

static void test_follow(void **state)
{
	struct hub_follow_options o;
	struct pipe now, live, step, later;
	struct page *none = page_create();
	struct buf log;

	(void)state;
	launch();
	say_words(0, 3000, "some words that are said\n"); /* more than one portion */
	o = (struct hub_follow_options){ .run = w->run };
	pipe_open(&now, &o);
	o.follow = true;
	pipe_open(&live, &o);
	live.full = true; /* room for one portion at a time */
	o.step = STR("b");
	o.sse = true;
	pipe_open(&step, &o);
	settle(&none, 1);
	assert_true(now.ended && now.rc == 0);
	assert_false(live.ended);
	say(1, "notice", json_pack("{s:s}", "text", "of b"));
	for (unsigned i = 0; i < AGENTS; i++)
		end_agent(i, ENDING_ANSWERED);
	settle(&none, 1);
	assert_false(live.ended);
	for (unsigned i = 0; i < 100 && !live.ended; i++) {
		live.waiting = 0;
		hub_follow_drained(live.f);
		settle(&none, 1);
	}
	assert_true(live.ended && step.ended);
	buf_init(&log, MIB(64));
	on_store(read_log, &log);
	assert_true(str_eq(buf_str(&live.b), buf_str(&log)));
	assert_true(str_starts(buf_str(&log), buf_str(&now.b)));
	assert_true(now.b.n < log.n && now.b.n > 3000 * 20);
	assert_true(str_starts(buf_str(&step.b), STR("id: ")));
	assert_null(strstr(step.b.p, "some words"));
	assert_non_null(strstr(step.b.p, "\"text\":\"of b\""));
	assert_true(str_ends(buf_str(&step.b), STR("}\n\n")));
	/* a run that is over, from near its end; and one that is not there */
	o = (struct hub_follow_options){ .run = w->run, .after = 3005, .follow = true };
	pipe_open(&later, &o);
	settle(&none, 1);
	assert_true(later.ended && later.rc == 0);
	assert_true(str_ends(buf_str(&log), buf_str(&later.b)));
	buf_fini(&later.b);
	o.run = 12345;
	pipe_open(&later, &o);
	settle(&none, 1);
	assert_true(later.ended && later.rc == -ENOENT);
	buf_fini(&now.b);
	buf_fini(&live.b);
	buf_fini(&step.b);
	buf_fini(&later.b);
	buf_fini(&log);
	page_destroy(none);
}

/* The house closes while everybody is busy. */
static void test_closing(void **state)
{
	struct page *pages[10];
	struct pipe p;

	(void)state;
	launch();
	struct hub_follow_options o = { .run = w->run, .follow = true };

	pipe_open(&p, &o);
	for (unsigned i = 0; i < 10; i++) {
		pages[i] = page_create();
		page_sub(pages[i]);
		page_watch(pages[i], i % AGENTS, 0);
		page_say(pages[i], "{\"t\":\"list\"}");
		say_text(i % AGENTS, STR("words\n\n"));
		uv_run(&w->loop, UV_RUN_NOWAIT);
	}
	close_house();
	for (unsigned i = 0; i < 10; i++) {
		struct frame *f;

		while ((f = page_next(pages[i])))
			frame_free(f);
		stream_clear(&pages[i]->stream);
		buf_fini(&pages[i]->stream.tail);
		free(pages[i]);
	}
	assert_false(p.ended);
	buf_fini(&p.b);
	open_house();
}

/* --- histories ---------------------------------------------------------------------------- */

/* The house closes as it should, or is killed; SAVE, BACK: a command of the shell in between. */
static void again(bool orderly, const char *command)
{
	struct err err;

	close_house();
	if (orderly) {
		struct store *s;
		char url[96];

		snprintf(url, sizeof(url), "%s/tutti.db", w->dir);
		assert_int_equal(store_sqlite.open(url, false, &s, &err), 0);
		assert_int_equal(store_sqlite.begin(s), 0);
		assert_int_equal(epoch_leave(s, w->dir, &err), 0);
		assert_int_equal(store_sqlite.commit(s), 0);
		store_sqlite.close(s);
	}
	assert_int_equal(system(arena_printf(w->arena, "cd %s && %s", w->dir, command)), 0);
	open_house();
}

static void test_epochs(void **state)
{
	char first[EPOCH_SIZE], second[EPOCH_SIZE];

	(void)state;
	memcpy(first, w->epoch, sizeof(first));
	assert_true(str_starts(str_from(first), STR("e-")));
	again(true, "true");
	assert_string_equal(w->epoch, first);
	again(false, "cp tutti.db saved.db"); /* killed: still the same */
	assert_string_equal(w->epoch, first);
	again(true, "cp saved.db tutti.db; rm -f tutti.db-* saved.db");
	assert_string_not_equal(w->epoch, first); /* a backup of the database */
	memcpy(second, w->epoch, sizeof(second));
	again(true, "mkdir x && cp -p tutti.db epoch x && cp -p x/tutti.db x/epoch .");
	assert_string_not_equal(w->epoch, second); /* of the whole directory */
	memcpy(second, w->epoch, sizeof(second));
	again(true, "rm epoch");
	assert_string_not_equal(w->epoch, second);
	memcpy(second, w->epoch, sizeof(second));
	again(true, "echo nonsense > epoch");
	assert_string_not_equal(w->epoch, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_deaf, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_long_way_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sharing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_follow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_epochs, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
