/*
 * What pages send, line by line: never more than an answer, always JSON, and a page whose words
 * made no sense still gets an answer to a ping. On a real engine and a store in memory, with one
 * run.
 */
#include "must.h"

#include "base/json.h"
#include "base/limits.h"
#include "hub/hub.h"
#include "sys/fs.h"

#include <stdint.h>
#include <uv.h>

static uv_loop_t loop;
static struct engine *engine;
static struct hub *hub;
static unsigned frames, pongs;
static char dir[] = "/tmp/tutti-fuzz-hub-XXXXXX";

static int on_send(void *ctx, struct shared *sent)
{
	json_t *frame = json_parse(sent->bytes, NULL);

	(void)ctx;
	must(frame);
	frames++;
	pongs += str_is(json_get_str(frame, "t"), "pong");
	json_decref(frame);
	return 0;
}

static size_t backlog(void *ctx)
{
	(void)ctx;
	return 0;
}

static json_t *document(void *ctx, struct store *s, struct arena *a, int64_t run)
{
	(void)ctx;
	(void)s;
	(void)a;
	return json_pack("{s:I, s:i}", "id", (json_int_t)run, "seq", 3);
}

static void put_run(struct store *s)
{
	struct run_row run = { .id = STR("r-0"),
		.flow = STR("f"),
		.title = STR(""),
		.status = STR("running"),
		.reason = STR(""),
		.end_as = STR(""),
		.size = STR("small"),
		.input = STR("{\"question\":\"?\"}"),
		.options = STR("{}"),
		.repo = STR(""),
		.outcome = STR("") };
	struct step_row step = { .parent = -1,
		.name = STR("a"),
		.kind = STR("agent"),
		.label = STR("A"),
		.status = STR("running"),
		.reason = STR(""),
		.ending = STR("none"),
		.epoch = 1 };
	struct event_row event = { .type = STR("text"),
		.data = STR("{\"step\":\"a\",\"epoch\":1,\"text\":\"# one\\n\\ntwo\"}") };
	char hash[65];
	int64_t key;

	must(s->ops->blob_put(s, STR("{}"), hash) == 0);
	run.frozen = str_from(hash);
	must(s->ops->run_insert(s, &run, &event.run) == 0);
	step.run = event.run;
	must(s->ops->step_insert(s, &step, &key) == 0);
	for (event.seq = 1; event.seq <= 3; event.seq++)
		must(s->ops->event_append(s, &event) == 0);
}

static void remove_house(void)
{
	fs_remove_tree(dir);
}

static void open_house(void)
{
	struct engine_config config = { .loop = &loop, .node = "fuzz" };
	struct err err;

	char url[64];

	must(mkdtemp(dir));
	atexit(remove_house);
	snprintf(url, sizeof(url), "%s/tutti.db", dir);
	uv_loop_init(&loop);
	must(store_sqlite.open(url, false, &config.store, &err) == 0);
	must(store_sqlite.migrate(config.store, &err) == 0);
	put_run(config.store);
	must(engine_create(&config, &engine, &err) == 0);
	const struct hub_config c = { .loop = &loop,
		.engine = engine,
		.run_document = document,
		.run_summary = document,
		.wall = clock_wall,
		.boot = clock_boot,
		.version = "1",
		.build = "1",
		.epoch = "e-0" };

	hub = hub_create(&c);
}

static void waited(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Long enough for a tick of the hub. */
static void turn(void)
{
	static uv_timer_t timer;
	bool done = false;

	if (!timer.data)
		uv_timer_init(&loop, &timer);
	timer.data = &done;
	uv_timer_start(&timer, waited, 2, 0);
	while (!done)
		uv_run(&loop, UV_RUN_ONCE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	size_t said = 0;

	if (!hub)
		open_house();
	frames = pongs = 0;
	struct hub_session *s = hub_session_open(hub, on_send, backlog, NULL);

	must(s && frames == 1);
	while (rest.n) {
		hub_session_message(s, str_split(&rest, '\n'));
		if (++said % 4 == 0)
			turn();
	}
	unsigned had = pongs;

	hub_session_message(s, STR("{\"t\":\"ping\",\"id\":1}"));
	must(pongs == had + 1);
	turn();
	must(frames <= 2 + 8 * said); /* a run has its document, events and rows */
	hub_session_close(s);
	turn();
	return 0;
}
