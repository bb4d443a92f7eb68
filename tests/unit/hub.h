/*
 * The hub on a real engine, a real store and a real loop, with agents that say what a test lets
 * them say, and pages that do what the page does: frames in, state out (docs/api.md).
 */
#ifndef TESTS_HUB_H
#define TESTS_HUB_H

#include "watch.h"

#include "base/imap.h"
#include "base/list.h"
#include "engine/engine.h"
#include "hub/epoch.h"
#include "hub/hub.h"
#include "view/conversation.h"

#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#define AGENTS 3
#define FRAME_TEXT MIB(16)

struct world {
	uv_loop_t loop;
	struct engine *engine;
	struct hub *hub;
	struct arena *arena;
	char dir[64];
	char epoch[EPOCH_SIZE];
	struct claim *claims[AGENTS]; /* of steps a, b, c, as long as they run */
	unsigned epochs[AGENTS];
	msec_t later; /* the hub's clock is so much ahead */
	int64_t run;
	char id[ID_RUN_SIZE];
	unsigned documents; /* that were read */
	bool launched, over;
	int flying; /* what the engine has not answered yet */
};

static struct world *w;

static inline msec_t boot_later(void)
{
	return clock_boot() + w->later;
}

/* --- agents ------------------------------------------------------------------------------- */

static inline void on_reported(void *ctx, int rc)
{
	(void)rc;
	engine_claim_free(ctx);
	w->flying--;
}

static inline void report(struct claim *cl, enum ending ending)
{
	struct attempt_result r = { .ending = ending, .usable = true, .output = STR("an answer") };

	if (ending != ENDING_ANSWERED)
		r.reason = STR("it broke");
	if (cl->kind == KIND_SNAPSHOT) {
		r.snapshot = STR("snap");
		r.repo_facts = json_pack("{s:s, s:i}", "name", "repo", "files", 3);
		r.signals = json_pack("{s:s}", "size", "medium");
	}
	w->flying++;
	engine_report(w->engine, cl, &r, on_reported, cl);
}

static inline void on_started(void *ctx, int rc)
{
	struct claim *cl = ctx;

	w->flying--;
	if (rc) {
		engine_claim_free(cl);
	} else if (cl->kind == KIND_SNAPSHOT) {
		report(cl, ENDING_ANSWERED);
	} else {
		w->claims[cl->step.p[0] - 'a'] = cl;
		w->epochs[cl->step.p[0] - 'a'] = cl->epoch;
	}
}

static inline void on_claimed(void *ctx, struct claim *cl)
{
	(void)ctx;
	if (cl) {
		w->flying++;
		engine_started(w->engine, cl, STR("scripted"), STR("none"), NULL, on_started, cl);
	}
}

static inline void on_effect(void *ctx, const struct engine_effect *fx)
{
	(void)ctx;
	if (fx->type == ENGINE_OFFER)
		engine_claim(w->engine, fx->task, on_claimed, NULL);
	w->over |= fx->type == ENGINE_OVER;
}

static inline void on_hub_appended(void *ctx, int64_t run, int64_t seq)
{
	(void)ctx;
	if (w->hub)
		hub_appended(w->hub, run, seq);
}

static inline void on_rows(void *ctx, int rc)
{
	(void)ctx;
	assert_int_equal(rc, 0);
	w->flying--;
}

/* Agent I says something. DATA becomes the engine's; "step" and "epoch" are added. */
static inline void say(unsigned i, const char *type, json_t *data)
{
	const char name[] = { (char)('a' + i), '\0' };
	struct claim *cl = w->claims[i];
	struct fact_row row;

	assert_non_null(cl);
	json_object_set_new(data, "step", json_string(name));
	json_object_set_new(data, "epoch", json_integer(cl->epoch));
	row = (struct fact_row){ cl->run, cl->position, cl->epoch, type, data };
	w->flying++;
	engine_append(w->engine, &row, 1, on_rows, NULL);
}

static inline void say_text(unsigned i, struct str text)
{
	json_t *data = json_object();

	json_object_set_new(data, "text", json_text(text));
	say(i, "text", data);
}

static inline void end_agent(unsigned i, enum ending ending)
{
	struct claim *cl = w->claims[i];

	w->claims[i] = NULL;
	report(cl, ending);
}

/* --- the house ---------------------------------------------------------------------------- */

struct doc_row {
	struct run_row run;
	struct step_row *steps;
	size_t n;
	int64_t seq;
};

static inline int load(struct store *s, struct arena *a, int64_t run, struct doc_row *ret)
{
	int rc = s->ops->run_load(s, a, run, &ret->run);

	if (rc == 0)
		rc = s->ops->step_list(s, a, run, &ret->steps, &ret->n);
	return rc ? rc : s->ops->run_lock(s, run, &ret->seq);
}

static inline json_t *run_document(void *ctx, struct store *s, struct arena *a, int64_t run)
{
	struct doc_row row;

	(void)ctx;
	w->documents++;
	if (load(s, a, run, &row) < 0)
		return NULL;
	json_t *steps = json_array(),
	       *doc = json_pack("{s:o, s:o, s:I, s:s, s:o, s:b}", "id", json_text(row.run.id),
		   "status", json_text(row.run.status), "seq", (json_int_t)row.seq, "epoch",
		   w->epoch, "steps", steps, "report", row.run.report.n > 0);

	for (size_t i = 0; i < row.n; i++)
		json_array_append_new(steps,
		    json_pack("{s:o, s:o, s:I}", "step", json_text(row.steps[i].name), "status",
			json_text(row.steps[i].status), "epoch", (json_int_t)row.steps[i].epoch));
	return doc;
}

static inline json_t *run_summary(void *ctx, struct store *s, struct arena *a, int64_t run)
{
	json_t *doc = run_document(ctx, s, a, run);

	if (doc)
		json_object_del(doc, "steps");
	return doc;
}

static inline void open_house(void)
{
	struct engine_config config = {
		.loop = &w->loop, .node = "test", .hooks = { NULL, on_effect, on_hub_appended }
	};
	char url[96];
	struct err err;

	snprintf(url, sizeof(url), "%s/tutti.db", w->dir);
	assert_int_equal(store_sqlite.open(url, false, &config.store, &err), 0);
	assert_int_equal(store_sqlite.migrate(config.store, &err), 0);
	assert_int_equal(epoch_enter(config.store, w->dir, w->epoch, &err), 0);
	assert_int_equal(engine_create(&config, &w->engine, &err), 0);
	const struct hub_config hub = { .loop = &w->loop,
		.engine = w->engine,
		.run_document = run_document,
		.run_summary = run_summary,
		.wall = clock_wall,
		.boot = boot_later,
		.version = "1",
		.build = "b",
		.epoch = w->epoch };

	w->hub = hub_create(&hub);
}

static inline void close_house(void)
{
	hub_destroy(w->hub);
	w->hub = NULL;
	engine_destroy(w->engine);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	for (unsigned i = 0; i < AGENTS; i++)
		engine_claim_free(w->claims[i]);
	memset(w->claims, 0, sizeof(w->claims));
}

static inline int setup(void **state)
{
	(void)state;
	w = xalloc(sizeof(*w));
	w->arena = arena_create("test", ARENA_JOB);
	uv_loop_init(&w->loop);
	snprintf(w->dir, sizeof(w->dir), "/tmp/tutti-hub-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	open_house();
	return 0;
}

static inline int teardown(void **state)
{
	char cmd[128];

	(void)state;
	close_house();
	assert_int_equal(uv_loop_close(&w->loop), 0);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", w->dir);
	arena_destroy(w->arena);
	free(w);
	return system(cmd); /* NOLINT(cert-env33-c): our own name */
}

static inline void on_launched(
    void *ctx, int rc, const struct err *err, const struct engine_launched *run)
{
	(void)ctx;
	(void)err;
	assert_int_equal(rc, 0);
	w->launched = true;
	w->run = run->key;
	snprintf(w->id, sizeof(w->id), "%s", run->id);
}

/* A run with agents a, b and c, all of which have begun. */
static inline void launch(void)
{
	static const char persona[] = "---\npersona: p\ntitle: P\n---\nYou look.\n";
	static const char flow[] = "flow: f\ncategory: analysis\nsummary: A test.\nsteps:\n"
				   "  - {id: a, persona: p, task: t, retries: 1}\n"
				   "  - {id: b, persona: p, task: t, retries: 0}\n"
				   "  - {id: c, persona: p, task: t, retries: 0}\n";
	struct library *lib = library_create();
	struct err err = { 0 };

	assert_true(library_add(lib, TEXT_PERSONA, "p.md", "test", str_from(persona)) >= 0);
	assert_true(library_add(lib, TEXT_FLOW, "f.yaml", "test", str_from(flow)) >= 0);
	library_check(lib);
	json_t *frozen = library_freeze(lib, STR("f"), &err),
	       *input = json_pack("{s:s}", "question", "why?");
	const struct launch l = { .frozen = frozen,
		.flow = STR("f"),
		.input = input,
		.size = SIZE_SMALL,
		.repo = STR("/repo") };

	assert_non_null(frozen);
	w->launched = w->over = false;
	engine_launch(w->engine, &l, on_launched, NULL);
	while (!w->launched || !w->claims[0] || !w->claims[1] || !w->claims[2])
		uv_run(&w->loop, UV_RUN_ONCE);
	json_decref(frozen);
	json_decref(input);
	library_destroy(lib);
}

/* --- reading ------------------------------------------------------------------------------ */

struct look {
	int (*fn)(struct store *s, void *ctx);
	void *ctx;
	bool done;
};

static inline int look_there(struct store *s, void *ctx)
{
	struct look *l = ctx;

	return l->fn(s, l->ctx);
}

static inline void looked(void *ctx, int rc)
{
	assert_int_equal(rc, 0);
	((struct look *)ctx)->done = true;
}

static inline void on_store(int (*fn)(struct store *s, void *ctx), void *ctx)
{
	struct look l = { fn, ctx, false };

	engine_read(w->engine, look_there, looked, &l);
	while (!l.done)
		uv_run(&w->loop, UV_RUN_ONCE);
}

/* --- pages -------------------------------------------------------------------------------- */

struct frame {
	struct list list;
	struct str text;
};

/* One agent's stream, as the page holds it. */
struct stream {
	bool on;
	unsigned agent, attempt; /* ATTEMPT: as frames said; 0: none did yet */
	struct imap blocks;	 /* by number: text, NUL-terminated */
	uint64_t first, last, end, covered;
	struct buf tail; /* from COVERED to END */
	unsigned again;	 /* how often a piece was missing */
};

struct page {
	struct hub_session *session;
	struct list queue; /* frames that are under way */
	size_t bytes;
	bool deaf; /* nothing arrives */
	/* what it knows */
	int64_t pos;
	char epoch[EPOCH_SIZE];
	char status[16];
	struct {
		char status[16];
		char activity[64];
		unsigned epoch;
	} steps[AGENTS];
	bool has_report;
	struct stream stream;
	unsigned snaps, evs, trims, errors, runs, frames;
	size_t largest; /* backlog */
	char error[256];
};

static inline int page_send(void *ctx, struct shared *frame)
{
	struct page *p = ctx;
	struct frame *f = xalloc(sizeof(*f));
	struct str text = frame->bytes;

	f->text = (struct str){ xstrndup(text.p, text.n), text.n };
	list_push(&p->queue, &f->list);
	p->bytes += text.n;
	p->largest = p->bytes > p->largest ? p->bytes : p->largest;
	return 0;
}

static inline size_t page_backlog(void *ctx)
{
	return ((struct page *)ctx)->bytes;
}

static inline struct frame *page_next(struct page *p)
{
	if (list_empty(&p->queue))
		return NULL;
	struct frame *f = list_item(p->queue.next, struct frame, list);

	list_remove(&f->list);
	p->bytes -= f->text.n;
	return f;
}

static inline void frame_free(struct frame *f)
{
	free((char *)(uintptr_t)f->text.p);
	free(f);
}

static inline void page_say(struct page *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static inline void page_say(struct page *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hub_session_message(p->session, str_from(text));
}

static inline void page_sub(struct page *p)
{
	page_say(p, "{\"t\":\"sub\",\"run\":\"%s\",\"after\":%lld,\"epoch\":\"%s\"}", w->id,
	    (long long)p->pos, p->epoch);
}

static inline void stream_clear(struct stream *st)
{
	imap_each (&st->blocks, it)
		free(it->value);
	imap_fini(&st->blocks);
	buf_clear(&st->tail);
	st->first = st->last = st->end = st->covered = 0;
	st->attempt = 0;
}

static inline void page_watch(struct page *p, unsigned agent, unsigned attempt)
{
	struct stream *st = &p->stream;

	if (!st->on || st->agent != agent)
		stream_clear(st);
	st->on = true;
	st->agent = agent;
	page_say(p,
	    "{\"t\":\"watch\",\"run\":\"%s\",\"step\":\"%c\",\"attempt\":%u,\"known\":%u,"
	    "\"off\":%llu,\"block\":%llu,\"first\":%llu}",
	    w->id, 'a' + (char)agent, attempt, st->attempt, (unsigned long long)st->end,
	    (unsigned long long)st->last, (unsigned long long)st->first);
}

static inline void page_unwatch(struct page *p)
{
	if (p->stream.on)
		page_say(p, "{\"t\":\"unwatch\",\"run\":\"%s\",\"step\":\"%c\"}", w->id,
		    'a' + (char)p->stream.agent);
	p->stream.on = false;
}

/* --- what a page does with frames --------------------------------------------------------- */

static inline void set_step(struct page *p, const json_t *step)
{
	struct str name = json_get_str(step, "step");

	if (name.n != 1 || name.p[0] < 'a' || name.p[0] >= 'a' + AGENTS)
		return;
	unsigned i = (unsigned)(name.p[0] - 'a');

	snprintf(p->steps[i].status, sizeof(p->steps[i].status), "%s",
	    json_get_cstr(step, "status", "?"));
	p->steps[i].epoch = (unsigned)json_get_int(step, "epoch", 0);
}

static inline void on_snap(struct page *p, const json_t *frame)
{
	const json_t *run = json_get_object(frame, "run");
	json_t *step;
	size_t i;

	p->snaps++;
	p->pos = json_get_int(run, "seq", -1);
	snprintf(p->epoch, sizeof(p->epoch), "%s", json_get_cstr(run, "epoch", ""));
	snprintf(p->status, sizeof(p->status), "%s", json_get_cstr(run, "status", ""));
	p->has_report = json_get_bool(run, "report", false);
	json_array_foreach (json_get_array(run, "steps"), i, step)
		set_step(p, step);
}

static inline void on_ev(struct page *p, const json_t *frame)
{
	long long after = json_get_int(frame, "after", -1), seq = json_get_int(frame, "seq", -1);
	json_t *item;
	size_t i;

	p->evs++;
	if (after > p->pos || seq < p->pos)
		fail_msg("at %lld, got (%lld, %lld]", (long long)p->pos, after, seq);
	json_array_foreach (json_get_array(frame, "items"), i, item) {
		const json_t *data = json_get_object(item, "data");

		assert_true(json_get_int(item, "seq", 0) > after);
		assert_true(json_get_int(item, "seq", 0) <= seq);
		if (str_is(json_get_str(item, "type"), "step"))
			set_step(p, data);
		else if (str_is(json_get_str(item, "type"), "run"))
			snprintf(
			    p->status, sizeof(p->status), "%s", json_get_cstr(data, "status", ""));
		else
			assert_false(str_is(json_get_str(item, "type"), "text"));
	}
	p->pos = seq;
}

static inline void on_tail(struct page *p, const json_t *frame)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_get_array(frame, "rows"), i, row) {
		struct str name = json_get_str(row, "step");

		if (name.n == 1 && name.p[0] >= 'a' && name.p[0] < 'a' + AGENTS)
			snprintf(p->steps[name.p[0] - 'a'].activity, 64, "%s",
			    json_get_cstr(row, "activity", ""));
	}
}

/* Is FRAME of the stream that the page shows? Another attempt begins anew. */
static inline bool is_shown(struct page *p, const json_t *frame)
{
	struct str step = json_get_str(frame, "step");
	unsigned attempt = (unsigned)json_get_int(frame, "attempt", 0);

	if (!p->stream.on || step.p[0] != (char)('a' + p->stream.agent))
		return false;
	if (p->stream.attempt != attempt)
		stream_clear(&p->stream);
	p->stream.attempt = attempt;
	return true;
}

static inline void cover(struct stream *st, uint64_t to)
{
	if (to <= st->covered)
		return;
	if (to >= st->end)
		buf_clear(&st->tail);
	else
		buf_drop(&st->tail, to - st->covered);
	st->covered = to;
	st->end = to > st->end ? to : st->end;
}

static inline void on_blocks(struct page *p, const json_t *frame)
{
	struct stream *st = &p->stream;
	json_t *item;
	size_t i;

	if (!is_shown(p, frame))
		return;
	uint64_t first = (uint64_t)json_get_int(frame, "first", 0);

	if (first > st->first && first > st->last + 1) { /* too much was missed */
		stream_clear(st);
		st->attempt = (unsigned)json_get_int(frame, "attempt", 0);
	}
	st->first = st->first ? st->first : first;
	json_array_foreach (json_get_array(frame, "items"), i, item) {
		long long n = json_get_int(item, "n", 0);

		assert_true(n > 0);
		free(imap_get(&st->blocks, n));
		imap_put(&st->blocks, n, json_dump(item));
		st->last = (uint64_t)n > st->last ? (uint64_t)n : st->last;
		cover(st, (uint64_t)json_get_int(item, "to", 0));
	}
	cover(st, (uint64_t)json_get_int(frame, "end", 0));
}

static inline void on_text(struct page *p, const json_t *frame)
{
	struct stream *st = &p->stream;
	uint64_t off = (uint64_t)json_get_int(frame, "off", 0);
	struct str s = json_get_str(frame, "s");

	if (!is_shown(p, frame))
		return;
	if (off > st->end) {
		st->again++;
		return;
	}
	s = str_skip(s, st->end - off);
	buf_add(&st->tail, s);
	st->end += s.n;
}

static inline void page_take(struct page *p, struct str text)
{
	json_t *frame = json_parse(text, NULL);

	assert_non_null(frame);
	struct str t = json_get_str(frame, "t");

	p->frames++;
	if (str_is(t, "snap"))
		on_snap(p, frame);
	else if (str_is(t, "ev"))
		on_ev(p, frame);
	else if (str_is(t, "tail"))
		on_tail(p, frame);
	else if (str_is(t, "blocks"))
		on_blocks(p, frame);
	else if (str_is(t, "text"))
		on_text(p, frame);
	p->has_report |= str_is(t, "report");
	p->trims += str_is(t, "trim");
	p->runs += str_is(t, "runs");
	if (str_is(t, "error")) {
		p->errors++;
		snprintf(p->error, sizeof(p->error), "%.*s", STR_ARG(text));
	}
	json_decref(frame);
}

/* At most N frames arrive. */
static inline void page_deliver(struct page *p, unsigned n)
{
	struct frame *f;
	bool some = false;

	while (!p->deaf && n-- && (f = page_next(p))) {
		page_take(p, f->text);
		frame_free(f);
		some = true;
	}
	if (some && p->session)
		hub_session_drained(p->session);
}

/* --- life --------------------------------------------------------------------------------- */

static inline void page_open(struct page *p)
{
	list_init(&p->queue);
	p->bytes = 0;
	p->session = hub_session_open(w->hub, page_send, page_backlog, p);
	assert_non_null(p->session);
}

static inline struct page *page_create(void)
{
	struct page *p = xalloc(sizeof(*p));

	buf_init(&p->stream.tail, FRAME_TEXT);
	page_open(p);
	return p;
}

/* The connection breaks: what is under way is lost. */
static inline void page_break(struct page *p)
{
	struct frame *f;

	hub_session_close(p->session);
	p->session = NULL;
	while ((f = page_next(p)))
		frame_free(f);
}

static inline void page_again(struct page *p)
{
	page_break(p);
	page_open(p);
	page_sub(p);
	if (p->stream.on)
		page_watch(p, p->stream.agent, 0);
}

static inline void page_destroy(struct page *p)
{
	page_break(p);
	stream_clear(&p->stream);
	buf_fini(&p->stream.tail);
	free(p);
}

/* The loop goes on, frames arrive, until nothing more happens for a while. */
static inline void settle(struct page *const *pages, size_t n)
{
	for (unsigned quiet = 0; quiet < 12;) {
		unsigned had = 0, has = 0;

		for (size_t i = 0; i < n; i++)
			had += pages[i]->frames;
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(30000);
		uv_run(&w->loop, UV_RUN_NOWAIT);
		for (size_t i = 0; i < n; i++) {
			page_deliver(pages[i], UINT32_MAX);
			has += pages[i]->frames;
		}
		quiet = has == had && !w->flying ? quiet + 1 : 0;
	}
}

/* --- against the store -------------------------------------------------------------------- */

struct truth {
	unsigned agent, epoch;
	struct conversation *c;
	struct imap blocks;
	uint64_t last;
	struct doc_row row;
};

static inline void true_block(void *ctx, const struct block *block)
{
	struct truth *t = ctx;
	struct buf b;

	buf_init(&b, FRAME_TEXT);
	block_add_json(&b, block);
	json_t *doc = json_parse(buf_str(&b), NULL);

	free(imap_get(&t->blocks, (int64_t)block->n));
	imap_put(&t->blocks, (int64_t)block->n, json_dump(doc));
	t->last = block->n > t->last ? block->n : t->last;
	json_decref(doc);
	buf_fini(&b);
}

static inline int true_event(void *ctx, const struct event_row *row)
{
	struct truth *t = ctx;
	json_t *data = json_parse(row->data, NULL);

	conversation_event(t->c, row->seq, row->at, row->type, data);
	json_decref(data);
	return 0;
}

static inline int read_truth(struct store *s, void *ctx)
{
	struct truth *t = ctx;
	int rc = load(s, w->arena, w->run, &t->row);

	return rc ? rc : s->ops->event_read(s, w->run, 0, UINT32_MAX, true_event, t);
}

static inline void truth_fini(struct truth *t)
{
	conversation_destroy(t->c);
	imap_each (&t->blocks, it)
		free(it->value);
	imap_fini(&t->blocks);
}

/* What the page shows of the run is what is stored. */
static inline void assert_state(const struct page *p, const struct truth *t)
{
	assert_str(t->row.run.status, p->status);
	assert_int_equal(p->pos, t->row.seq);
	assert_int_equal(p->has_report, t->row.run.report.n > 0);
	for (size_t i = 0; i < t->row.n; i++) {
		const struct step_row *step = &t->row.steps[i];

		if (step->name.n != 1)
			continue;
		assert_str(step->status, p->steps[step->name.p[0] - 'a'].status);
		assert_int_equal(step->epoch, p->steps[step->name.p[0] - 'a'].epoch);
	}
}

static inline void assert_stream(const struct page *p, const struct truth *t)
{
	uint64_t from = p->stream.first; /* older ones are asked for elsewhere */

	uint64_t off;
	struct str tail = conversation_tail(t->c, &off);

	assert_int_equal(p->stream.again, 0);
	assert_int_equal(p->stream.last, t->last);
	assert_true(from == 1 || t->last - from + 1 >= HUB_BLOCKS_FIRST);
	for (uint64_t n = from; n <= t->last; n++) {
		const char *has = imap_get(&p->stream.blocks, (int64_t)n);

		if (!has)
			fail_msg("block %llu of %llu..%llu is missing, agent %u",
			    (unsigned long long)n, (unsigned long long)from,
			    (unsigned long long)t->last, p->stream.agent);
		assert_string_equal(has, imap_get(&t->blocks, (int64_t)n));
	}
	assert_int_equal(p->stream.end, off + tail.n);
	assert_true(str_eq(str_skip(buf_str(&p->stream.tail), off - p->stream.covered), tail));
}

/* Run, rows and stream of P. */
static inline void assert_true_page(const struct page *p)
{
	const char name[] = { (char)('a' + p->stream.agent), '\0' };
	struct truth t = { .agent = p->stream.agent, .epoch = p->stream.attempt };

	t.c = conversation_create(str_from(name), t.epoch, true_block, &t);
	on_store(read_truth, &t);
	assert_state(p, &t);
	if (p->stream.on)
		assert_stream(p, &t);
	truth_fini(&t);
}

#endif
