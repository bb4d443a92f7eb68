/*
 * One attempt out of the log: its blocks, its lines, and what is found in them. The log is read
 * from the beginning on the store thread, in portions of their own, so that commits come in
 * between.
 */
#include "api/priv.h"
#include "view/conversation.h"
#include "view/raw.h"
#include "view/search.h"

#include <stdlib.h>

#define PORTION 2000 /* events between two chances for others */
#define BLOCKS_MOST 500
#define LINES_MOST 1000

struct attempt {
	struct step_row step;
	unsigned epoch;	    /* asked for; then which one */
	int64_t from, seen; /* events read: before the portion in hand, and so far */
	void (*event)(void *ctx, const struct event_row *row, const json_t *data);
	json_t *(*done)(struct call *c);
	void (*free)(void *ctx);
	void *ctx;
};

/* --- reading ------------------------------------------------------------------------------ */

static int find_step(struct call *c, struct store *s)
{
	struct attempt *at = c->own;
	struct step_row *rows;
	size_t n;
	int rc = s->ops->step_list(s, c->a, c->key, &rows, &n);

	for (size_t i = 0; !rc && i < n; i++) {
		if (!str_eq(rows[i].name, c->name))
			continue;
		at->step = rows[i];
		at->epoch = at->epoch ? at->epoch : (unsigned)rows[i].epoch;
		return 0;
	}
	return rc ? rc
		  : err_set(&c->err, -ENOENT, "run %.*s has no step '%.*s'", STR_ARG(c->row.id),
			STR_ARG(str_take(c->name, 100)));
}

static int on_event(void *ctx, const struct event_row *row)
{
	struct attempt *at = ctx;

	at->seen = row->seq;
	if (row->step != at->step.position)
		return 0;
	json_t *data = json_parse(row->data, NULL);

	at->event(at->ctx, row, data);
	json_decref(data);
	return 0;
}

/* When it runs twice, it goes on where it was. */
static int read_portion(struct store *s, void *ctx)
{
	struct call *c = ctx;
	struct attempt *at = c->own;

	return s->ops->event_read(s, c->key, at->seen, PORTION, on_event, at);
}

static void read_log(struct call *c);

static void on_portion(void *ctx, int rc)
{
	struct call *c = ctx;
	struct attempt *at = c->own;

	if (!rc && at->seen > at->from) {
		read_log(c);
		return;
	}
	if (!rc)
		c->doc = at->done(c);
	at->free(at->ctx);
	call_answer(c, rc);
}

static void read_log(struct call *c)
{
	struct attempt *at = c->own;

	at->from = at->seen;
	engine_read(c->api->config.engine, read_portion, on_portion, c);
}

/* What depends on the attempt that is meant is made once it is known: THEN. */
static void begin(struct call *c, struct attempt *at, void (*then)(struct call *c))
{
	long long epoch;

	if (!call_int(c, "attempt", 0, INT32_MAX, 0, &epoch))
		return;
	at->epoch = (unsigned)epoch;
	c->own = at;
	call_run(c, find_step, then);
}

/* --- blocks ------------------------------------------------------------------------------- */

/* The last of those before BEFORE, each once: one that comes again replaces itself. */
struct blocks {
	struct attempt at; /* first */
	struct conversation *c;
	unsigned long long before;
	long long limit;
	json_t *items; /* in order; as many as are kept */
	uint64_t first;
};

static void keep_block(void *ctx, const struct block *block)
{
	struct blocks *bs = ctx;
	struct buf b;

	if (bs->before && block->n >= bs->before)
		return;
	buf_init(&b, MIB(4));
	block_add_json(&b, block);
	json_t *doc = json_parse(buf_str(&b), NULL);

	buf_fini(&b);
	if (!bs->first)
		bs->first = block->n;
	if (block->n < bs->first || !doc) {
		json_decref(doc); /* of one that is not kept any more */
		return;
	}
	size_t at = (size_t)(block->n - bs->first);

	if (at < json_array_size(bs->items))
		json_array_set_new(bs->items, at, doc);
	else
		json_array_append_new(bs->items, doc);
	while (json_array_size(bs->items) > (size_t)bs->limit) {
		json_array_remove(bs->items, 0);
		bs->first++;
	}
}

static void block_event(void *ctx, const struct event_row *row, const json_t *data)
{
	struct blocks *bs = ctx;

	conversation_event(bs->c, row->seq, row->at, row->type, data);
}

static json_t *blocks_done(struct call *c)
{
	struct blocks *bs = c->own;

	conversation_show(bs->c);
	return json_pack("{s:i, s:O, s:o}", "attempt", (int)bs->at.epoch, "items", bs->items,
	    "next",
	    bs->first > 1 ? json_sprintf("%llu", (unsigned long long)bs->first) : json_null());
}

static void blocks_free(void *ctx)
{
	struct blocks *bs = ctx;

	conversation_destroy(bs->c);
	json_decref(bs->items);
}

static void read_blocks(struct call *c)
{
	struct blocks *bs = c->own;

	bs->items = json_array();
	bs->c = conversation_create(bs->at.step.name, bs->at.epoch, keep_block, bs);
	read_log(c);
}

void get_blocks(struct call *c)
{
	struct blocks *bs = arena_new(c->a, struct blocks);
	long long before;

	if (!call_int(c, "before", 0, INT64_MAX, 0, &before) ||
	    !call_int(c, "limit", 1, BLOCKS_MOST, 200, &bs->limit))
		return;
	bs->before = (unsigned long long)before;
	bs->at.event = block_event;
	bs->at.done = blocks_done;
	bs->at.free = blocks_free;
	bs->at.ctx = bs;
	begin(c, &bs->at, read_blocks);
}

/* --- lines -------------------------------------------------------------------------------- */

struct lines {
	struct attempt at; /* first */
	struct raw raw;
	long long from, n;
	uint64_t total;
	json_t *items;
};

static void keep_line(void *ctx, uint64_t number, enum line_kind kind, struct str line)
{
	struct lines *ls = ctx;

	(void)kind;
	ls->total = number;
	if ((long long)number >= ls->from && (long long)number < ls->from + ls->n)
		json_array_append_new(ls->items, json_text(line));
}

static void line_event(void *ctx, const struct event_row *row, const json_t *data)
{
	raw_event(&((struct lines *)ctx)->raw, row->seq, row->type, data);
}

static json_t *lines_done(struct call *c)
{
	struct lines *ls = c->own;

	raw_end(&ls->raw);
	return json_pack("{s:i, s:I, s:I, s:O}", "attempt", (int)ls->at.epoch, "total",
	    (json_int_t)ls->total, "from", (json_int_t)ls->from, "lines", ls->items);
}

static void lines_free(void *ctx)
{
	struct lines *ls = ctx;

	raw_fini(&ls->raw);
	json_decref(ls->items);
}

static void read_lines(struct call *c)
{
	struct lines *ls = c->own;

	ls->items = json_array();
	raw_init(&ls->raw, ls->at.step.name, ls->at.epoch, keep_line, ls);
	read_log(c);
}

void get_raw(struct call *c)
{
	struct lines *ls = arena_new(c->a, struct lines);

	if (!call_int(c, "from", 1, INT64_MAX / 2, 1, &ls->from) ||
	    !call_int(c, "lines", 1, LINES_MOST, 50, &ls->n))
		return;
	ls->at.event = line_event;
	ls->at.done = lines_done;
	ls->at.free = lines_free;
	ls->at.ctx = ls;
	begin(c, &ls->at, read_lines);
}

/* --- finding ------------------------------------------------------------------------------ */

struct finder {
	struct attempt at; /* first */
	struct raw raw;
	struct search *search;
	struct search_options options;
};

static void find_event(void *ctx, const struct event_row *row, const json_t *data)
{
	raw_event(&((struct finder *)ctx)->raw, row->seq, row->type, data);
}

static json_t *find_done(struct call *c)
{
	struct finder *f = c->own;
	json_t *hits = json_array();
	bool cut;
	size_t n;

	raw_end(&f->raw);
	const struct search_hit *all = search_hits(f->search, &n);
	uint64_t total = search_total(f->search, &cut);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
		    hits, json_pack("{s:I, s:i, s:i}", "line", (json_int_t)all[i].line, "col",
			      (int)all[i].col, "len", (int)all[i].len));
	return json_pack("{s:i, s:I, s:o, s:b}", "attempt", (int)f->at.epoch, "total",
	    (json_int_t)total, "hits", hits, "truncated", cut);
}

static void find_free(void *ctx)
{
	struct finder *f = ctx;

	raw_fini(&f->raw);
	search_destroy(f->search);
}

static void read_found(struct call *c)
{
	struct finder *f = c->own;
	int rc = search_create(&f->options, &f->search, &c->err);

	if (rc) {
		call_fail(c, rc);
		return;
	}
	raw_init(&f->raw, f->at.step.name, f->at.epoch, search_line, f->search);
	read_log(c);
}

void get_find(struct call *c)
{
	struct finder *f = arena_new(c->a, struct finder);

	f->options.text = call_query(c, "q");
	if (!call_flag(c, "case", &f->options.exact) || !call_flag(c, "word", &f->options.word) ||
	    !call_flag(c, "regex", &f->options.regex) || !call_flag(c, "tools", &f->options.tools))
		return;
	f->at.event = find_event;
	f->at.done = find_done;
	f->at.free = find_free;
	f->at.ctx = f;
	begin(c, &f->at, read_found);
}
