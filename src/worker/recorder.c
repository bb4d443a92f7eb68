#include "worker/recorder.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <uv.h>

#define HOLD_MS 80 /* text waits so long for more of it */
#define BATCH_MAX 256
#define HELD_MAX KIB(32)
#define UNDER_WAY_MAX 2048 /* rows that the store has not committed yet, */
#define BYTES_MAX MIB(4)   /* and the texts in them */
#define KEPT_MAX KIB(256)  /* one giant text must not cost memory for ever */

struct recorder {
	uv_timer_t timer;
	struct engine *engine;
	struct list holding; /* voices with held text */
	struct fact_row rows[BATCH_MAX];
	size_t n, under_way;
	size_t bytes, bytes_under_way;
	bool closed;
};

struct batch {
	struct recorder *recorder;
	size_t n, bytes;
};

static void free_when_done(struct recorder *r)
{
	if (r->closed && !r->under_way)
		free(r);
}

static void on_appended(void *ctx, int rc)
{
	struct batch *b = ctx;

	(void)rc;
	b->recorder->under_way -= b->n;
	b->recorder->bytes_under_way -= b->bytes;
	free_when_done(b->recorder);
	free(b);
}

static void append(struct recorder *r)
{
	struct batch *b;

	if (!r->n)
		return;
	b = xalloc(sizeof(*b));
	*b = (struct batch){ r, r->n, r->bytes };
	r->under_way += r->n;
	r->bytes_under_way += r->bytes;
	engine_append(r->engine, r->rows, r->n, on_appended, b);
	r->n = r->bytes = 0;
}

static void put_row(struct voice *v, const char *type, json_t *data)
{
	struct recorder *r = v->recorder;

	if (r->n == BATCH_MAX)
		append(r);
	json_object_set_new(data, "step", json_text(v->step));
	json_object_set_new(data, "epoch", json_integer(v->epoch));
	r->rows[r->n++] = (struct fact_row){ .run = v->run,
		.position = v->position,
		.epoch = v->epoch,
		.type = type,
		.data = data };
}

static void add_row(struct voice *v, const char *type, json_t *data)
{
	struct recorder *r = v->recorder;
	size_t bytes = json_get_str(data, "text").n;

	if (!data)
		data = json_object();
	if (r->under_way + r->n >= UNDER_WAY_MAX ||
	    r->bytes_under_way + r->bytes + bytes > BYTES_MAX) {
		v->dropped++;
		json_decref(data);
		return;
	}
	if (v->dropped)
		put_row(v, "notice",
		    json_pack("{s:s, s:I}", "text", "events were not kept: the store fell behind",
			"dropped", (json_int_t)v->dropped));
	v->dropped = 0;
	put_row(v, type, data);
	r->bytes += bytes;
}

static void release(struct voice *v, struct buf *held, const char *type)
{
	struct str rest = buf_str(held);

	while (rest.n) {
		struct str part = utf8_cut(rest, EVENT_DATA_MAX / 2);

		if (!part.n)
			part = str_take(rest, EVENT_DATA_MAX / 2);
		add_row(v, type, json_pack("{s:o}", "text", json_text(part)));
		rest = str_skip(rest, part.n);
	}
	if (held->cap > KEPT_MAX)
		buf_fini(held);
	else
		buf_clear(held);
}

static void release_voice(struct voice *v)
{
	release(v, &v->think, "think");
	release(v, &v->text, "text");
	list_remove(&v->list);
}

static void on_timer(uv_timer_t *timer)
{
	struct recorder *r = timer->data;

	list_each_safe (&r->holding, it, next)
		release_voice(list_item(it, struct voice, list));
	append(r);
}

static void schedule(struct recorder *r, uint64_t ms)
{
	if (uv_is_active((uv_handle_t *)&r->timer) && uv_timer_get_due_in(&r->timer) <= ms)
		return;
	uv_timer_start(&r->timer, on_timer, ms, 0);
}

struct recorder *recorder_create(void *loop, struct engine *e)
{
	struct recorder *r = xalloc(sizeof(*r));

	r->engine = e;
	list_init(&r->holding);
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	return r;
}

static void closed(uv_handle_t *handle)
{
	struct recorder *r = handle->data;

	r->closed = true;
	free_when_done(r);
}

void recorder_destroy(struct recorder *r)
{
	if (!r)
		return;
	append(r);
	uv_close((uv_handle_t *)&r->timer, closed);
}

void voice_init(struct voice *v, struct recorder *r, const struct claim *claim)
{
	*v = (struct voice){ .run = claim->run,
		.position = claim->position,
		.epoch = claim->epoch,
		.step = claim->step,
		.recorder = r };
	buf_init(&v->text, 2 * HELD_MAX + AGENT_LINE_MAX);
	buf_init(&v->think, 2 * HELD_MAX + AGENT_LINE_MAX);
	list_init(&v->list);
}

void voice_fini(struct voice *v)
{
	release_voice(v);
	append(v->recorder);
	buf_fini(&v->text);
	buf_fini(&v->think);
}

static void hold(struct voice *v, struct buf *held, struct str text)
{
	buf_add(held, text);
	if (held->n > HELD_MAX) {
		release_voice(v);
		schedule(v->recorder, 0);
		return;
	}
	if (list_empty(&v->list))
		list_push(&v->recorder->holding, &v->list);
	schedule(v->recorder, HOLD_MS);
}

void voice_event(struct voice *v, const char *type, json_t *data)
{
	release_voice(v); /* order within an attempt is kept */
	add_row(v, type, data);
	schedule(v->recorder, 0);
}

static const char *type_name(enum fact_type t)
{
	static const char *const names[FACT_TYPES] = { [FACT_INIT] = "init",
		[FACT_TEXT] = "text",
		[FACT_THINK] = "think",
		[FACT_TEXT_VOID] = "void",
		[FACT_TOOL_START] = "tool",
		[FACT_TOOL_END] = "tool_end",
		[FACT_DENIED] = "denied",
		[FACT_RETRY] = "retry",
		[FACT_USAGE] = "usage",
		[FACT_NOTICE] = "notice",
		[FACT_EXCESS] = "notice",
		[FACT_VIOLATION] = "violation" };

	return names[t];
}

/* Data that an agent chose the size of is kept only up to the ceiling of an event. */
static json_t *bounded(const json_t *data)
{
	char *text = json_dump(data);
	json_t *out = strlen(text) <= EVENT_DATA_MAX / 2
			  ? json_deep_copy(data)
			  : json_pack("{s:o}", "cut", json_text(str_take(str_from(text), KIB(16))));

	free(text);
	return out;
}

void voice_fact(struct voice *v, const struct fact *f)
{
	if (f->type == FACT_TEXT || f->type == FACT_THINK) {
		hold(v, f->type == FACT_TEXT ? &v->text : &v->think, f->text);
		return;
	}
	json_t *data = json_object();

	if (f->id.n)
		json_object_set_new(data, "id", json_text(utf8_cut(f->id, 256)));
	if (f->name.n)
		json_object_set_new(data, "name", json_text(utf8_cut(f->name, 256)));
	if (f->text.n)
		json_object_set_new(data, "text", json_text(utf8_cut(f->text, KIB(16))));
	if (f->data)
		json_object_set_new(data, "data", bounded(f->data));
	if (f->type == FACT_TOOL_END)
		json_object_set_new(data, "ok", json_boolean(f->ok));
	if (f->type == FACT_USAGE) {
		json_object_set_new(data, "in", json_integer(f->in));
		json_object_set_new(data, "out", json_integer(f->out));
		json_object_set_new(data, "cached", json_integer(f->cached));
	}
	voice_event(v, type_name(f->type), data);
}
