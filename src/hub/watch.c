/* An attempt that a page reads along: closed blocks, then the open tail of the text. */
#include "base/utf8.h"
#include "hub/priv.h"

#include <stdlib.h>

#define HEAD_MAX KIB(2)

/* --- frames ------------------------------------------------------------------------------- */

static void begin_frame(struct buf *buf, const struct builder *b, const char *type)
{
	buf_addc(buf, '{');
	buf_member(buf, "t", str_from(type));
	buf_member(buf, "run", str_from(b->feed->id));
	buf_member(buf, "step", str_from(b->step));
	buf_member_int(buf, "attempt", b->epoch);
}

/* The next block from IT on that W wants; blocks older than its first are asked for elsewhere. */
static struct kept *wanted(const struct watch *w, struct list *it)
{
	for (; it != &w->builder->kept; it = it->next)
		if (list_item(it, struct kept, list)->n >= w->first)
			return list_item(it, struct kept, list);
	return NULL;
}

/* The first block that W does not know, or NULL. */
static struct kept *next_block(const struct watch *w)
{
	struct list *head = &w->builder->kept, *it = head;

	while (it->prev != head && list_item(it->prev, struct kept, list)->version > w->version)
		it = it->prev;
	return wanted(w, it);
}

static void make_blocks(struct watch *w, struct kept *k)
{
	struct builder *b = w->builder;
	uint64_t end = k ? 0 : b->end;
	struct buf items, frame;

	buf_init(&items, HTML_MAX + HUB_FRAME);
	b->blocks_to = w->version;
	while (k && items.n < HUB_FRAME) {
		if (items.n)
			buf_addc(&items, ',');
		buf_add(&items, k->json);
		b->blocks_to = k->version;
		end = k->end;
		k = wanted(w, k->list.next);
	}
	buf_init(&frame, items.n + HEAD_MAX);
	begin_frame(&frame, b, "blocks");
	buf_member_int(&frame, "first", (long long)w->first);
	buf_member_int(&frame, "end", (long long)end);
	buf_member_json(&frame, "items", STR("["));
	buf_add(&frame, buf_str(&items));
	buf_adds(&frame, "]}");
	shared_put(b->blocks);
	b->blocks = shared_of(&frame);
	buf_fini(&items);
}

/* As many blocks as belong into one frame; the frame also says that there are none. */
static void send_blocks(struct watch *w, struct kept *k)
{
	struct builder *b = w->builder;
	uint64_t from = k ? k->version : UINT64_MAX;

	if (!b->blocks || b->blocks_first != w->first || b->blocks_from != from ||
	    b->blocks_made != b->version || (!k && b->blocks_to != w->version)) {
		make_blocks(w, k);
		b->blocks_first = w->first;
		b->blocks_from = from;
		b->blocks_made = b->version;
	}
	w->version = b->blocks_to;
	session_send(w->session, b->blocks);
}

static void send_text(struct watch *w, struct str text)
{
	struct builder *b = w->builder;
	struct buf frame;

	if (!b->text || b->text_off != w->off || b->text_end != w->off + text.n) {
		buf_init(&frame, text.n * 6 + HEAD_MAX);
		begin_frame(&frame, b, "text");
		buf_member_int(&frame, "off", (long long)w->off);
		buf_member(&frame, "s", text);
		buf_addc(&frame, '}');
		shared_put(b->text);
		b->text = shared_of(&frame);
		b->text_off = w->off;
		b->text_end = w->off + text.n;
	}
	w->off += text.n;
	session_send(w->session, b->text);
}

/* --- what is due -------------------------------------------------------------------------- */

/* The part of the open tail that W does not have. */
static struct str missing(struct watch *w)
{
	uint64_t off;
	struct str tail = conversation_tail(w->builder->c, &off);

	if (w->off < off || w->off > off + tail.n)
		w->off = off; /* what is in blocks; or a place that is of another history */
	size_t from = (size_t)(w->off - off);

	while (from && from < tail.n && ((unsigned char)tail.p[from] & 0xc0) == 0x80)
		from--; /* no client of ours cuts a character */
	w->off = off + from;
	return str_skip(tail, from);
}

static void set_builder(struct watch *w, struct builder *b)
{
	w->builder = b;
	list_push(&b->watches, &w->in_builder);
}

/* The attempt that began meanwhile, for whoever watches the current one. */
static void move_on(struct watch *w)
{
	struct builder *b = w->builder;

	if (w->attempt || b->newest <= b->epoch)
		return;
	list_remove(&w->in_builder);
	set_builder(
	    w, builder_get(b->feed, str_from(b->step), b->position, b->newest, b->newest_at - 1));
	builder_put(b);
	w->off = w->n = w->first = w->version = 0;
	w->greeted = false;
	session_touch(w->session);
	feed_go(w->builder->feed);
}

/* Where W begins: behind what its client has, or with the last few. */
static void greet(struct watch *w)
{
	const struct builder *b = w->builder;
	uint64_t least = b->last_n > HUB_BLOCKS_FIRST ? b->last_n - HUB_BLOCKS_FIRST + 1 : 1;

	w->version = w->n ? builder_version(b, w->n) : 0;
	if (!w->version || !w->first)
		w->first = w->version ? 1 : least;
	if (w->version < b->lost)
		w->version = b->lost;
	w->greeted = true;
	if (!next_block(w))
		send_blocks(w, NULL);
}

void watch_pump(struct watch *w)
{
	struct kept *k;
	struct str text;

	if (!w->builder || !w->builder->ready || !session_has_room(w->session))
		return;
	if (w->greeted && w->version < w->builder->lost) {
		w->n = 0; /* there was more than is kept: it begins anew */
		w->greeted = false;
	}
	if (!w->greeted)
		greet(w);
	while (session_has_room(w->session) && (k = next_block(w)))
		send_blocks(w, k);
	if (next_block(w))
		return;
	while (session_has_room(w->session) && (text = missing(w)).n)
		send_text(w, utf8_cut(text, HUB_FRAME));
	if (!missing(w).n)
		move_on(w);
}

/* --- life --------------------------------------------------------------------------------- */

struct watch *watch_of(struct hub_session *s, struct str run, struct str step)
{
	list_each (&s->watches, it) {
		struct watch *w = list_item(it, struct watch, list);
		bool same =
		    str_is(run, w->name) || (w->builder && str_is(run, w->builder->feed->id));

		if (same && str_is(step, w->step))
			return w;
	}
	return NULL;
}

static void watch_free(struct watch *w)
{
	free(w->name);
	free(w->step);
	free(w);
}

void watch_close(struct watch *w)
{
	list_remove(&w->list);
	w->session->n_watches--;
	w->session = NULL;
	if (!w->builder)
		return; /* it goes when it is found */
	list_remove(&w->in_builder);
	builder_put(w->builder);
	watch_free(w);
}

static void begin(struct watch *w, const struct found *found)
{
	struct feed *f = feed_get(w->session->hub, found);
	unsigned epoch = w->attempt ? w->attempt : found->epoch;

	if (w->known && w->known != epoch)
		w->off = w->n = w->first = 0; /* that was another attempt */
	set_builder(w, builder_get(f, str_from(w->step), found->position, epoch, 0));
	session_touch(w->session);
	feed_go(f);
	feed_put(f); /* the builder holds it */
}

static void on_found(void *ctx, const struct found *found, const struct err *err)
{
	struct watch *w = ctx;
	struct err none;

	if (w->session && !err && w->attempt > found->epoch) {
		err_set(&none, -ENOENT, "step %s of run %s has no attempt %u", w->step, found->id,
		    w->attempt);
		err = &none;
	}
	if (w->session && !err) {
		begin(w, found);
		return;
	}
	if (w->session) {
		session_found_error(w->session, err, w->name);
		watch_close(w);
	}
	watch_free(w);
}

void watch_open(struct hub_session *s, const json_t *frame)
{
	struct str run = json_get_str(frame, "run"), step = json_get_str(frame, "step");
	struct watch *w = watch_of(s, run, step);

	if (!w && s->n_watches == HUB_WATCHES_MAX)
		w = list_item(s->watches.next, struct watch, list);
	if (w)
		watch_close(w);
	w = xalloc(sizeof(*w));
	w->session = s;
	w->name = xstrndup(run.p, run.n);
	w->step = xstrndup(step.p, step.n);
	w->attempt = (unsigned)json_get_int(frame, "attempt", 0);
	w->known = (unsigned)json_get_int(frame, "known", 0);
	w->off = (uint64_t)json_get_int(frame, "off", 0);
	w->n = (uint64_t)json_get_int(frame, "block", 0);
	w->first = (uint64_t)json_get_int(frame, "first", 0);
	list_push(&s->watches, &w->list);
	s->n_watches++;
	hub_find(s->hub, run, 0, step, on_found, w);
}
