/* One log as a stream: Server-Sent Events or lines of JSON. */
#include "hub/priv.h"

#include <stdlib.h>

struct hub_follow {
	struct list list;
	struct hub *hub;
	struct hub_follow_options o;
	struct hub_follow_events events;
	void *ctx;
	char *step;
	struct cursor cursor;
	struct feed *feed; /* NULL: it is being looked for */
	int64_t until;	   /* where a stream that does not follow ends */
	bool finding;	   /* then it goes when it is found */
	bool ended, left;
};

/* --- what is written ---------------------------------------------------------------------- */

static void add_event(struct buf *b, const struct hub_follow *f, const struct row *row)
{
	char stamp[32];

	if (f->o.sse)
		buf_printf(b, "id: %lld\ndata: ", (long long)row->seq);
	buf_addc(b, '{');
	buf_member_int(b, "seq", row->seq);
	buf_member(b, "at", str_from(clock_iso(row->at, stamp, sizeof(stamp))));
	buf_member(b, "type", row->type);
	buf_member_json(b, "data", row->data);
	buf_adds(b, f->o.sse ? "}\n\n" : "}\n");
}

static void write_bytes(struct hub_follow *f, struct str bytes)
{
	if (!f->ended && bytes.n && f->events.write(f->ctx, bytes) < 0)
		f->ended = true; /* its client is gone: the end comes from there */
}

static void end(struct hub_follow *f, int rc)
{
	if (f->ended)
		return;
	f->ended = true;
	f->events.ended(f->ctx, rc);
}

static bool is_done(const struct hub_follow *f)
{
	if (!f->o.follow)
		return f->cursor.pos >= f->until;
	return f->feed->over && f->cursor.pos >= f->feed->told;
}

/* --- reading ------------------------------------------------------------------------------ */

static struct hub_follow *follow_of(struct cursor *c)
{
	return list_item(c, struct hub_follow, cursor);
}

static bool wants(struct cursor *c)
{
	struct hub_follow *f = follow_of(c);

	return !f->ended && f->events.backlog(f->ctx) < HUB_ROOM;
}

static bool is_asked_for(const struct hub_follow *f, struct row *row)
{
	if (!f->o.follow && row->seq > f->until)
		return false;
	return !*f->step || str_is(json_get_str(row_doc(row), "step"), f->step);
}

static void take(struct cursor *c, struct portion *p)
{
	struct hub_follow *f = follow_of(c);
	struct buf b;

	buf_init(&b, 2 * p->bytes + p->n * 128 + KIB(1));
	for (size_t i = 0; i < p->n; i++)
		if (is_asked_for(f, &p->rows[i]))
			add_event(&b, f, &p->rows[i]);
	write_bytes(f, buf_str(&b));
	buf_fini(&b);
	if (is_done(f))
		end(f, 0);
}

void follows_beat(struct hub *h)
{
	list_each_safe (&h->follows, it, next) {
		struct hub_follow *f = list_item(it, struct hub_follow, list);

		if (f->o.sse && f->feed && wants(&f->cursor))
			write_bytes(f, STR(": still here\n\n"));
	}
}

/* --- life --------------------------------------------------------------------------------- */

static void follow_free(struct hub_follow *f)
{
	free(f->step);
	free(f);
}

static void on_found(void *ctx, const struct found *found, const struct err *err)
{
	struct hub_follow *f = ctx;

	f->finding = false;
	if (f->left) {
		follow_free(f);
		return;
	}
	if (err) {
		end(f, err->code);
		return;
	}
	f->feed = feed_get(f->hub, found);
	f->until = found->seq;
	feed_add(f->feed, &f->cursor, f->o.after, -1);
	if (is_done(f))
		end(f, 0);
	else
		feed_go(f->feed);
}

struct hub_follow *hub_follow(struct hub *h, const struct hub_follow_options *o,
    const struct hub_follow_events *events, void *ctx)
{
	if (h->n_follows == HUB_FOLLOWS_MAX)
		return NULL;
	struct hub_follow *f = xalloc(sizeof(*f));

	f->hub = h;
	f->o = *o;
	f->events = *events;
	f->ctx = ctx;
	f->step = xstrndup(o->step.p ? o->step.p : "", o->step.n);
	f->finding = true;
	f->cursor.wants = wants;
	f->cursor.take = take;
	list_init(&f->cursor.list);
	list_push(&h->follows, &f->list);
	h->n_follows++;
	hub_find(h, STR(""), o->run, STR(""), on_found, f);
	return f;
}

void hub_follow_drained(struct hub_follow *f)
{
	if (f->feed && !f->ended)
		feed_go(f->feed);
}

void hub_follow_close(struct hub_follow *f)
{
	if (!f)
		return;
	list_remove(&f->list);
	f->hub->n_follows--;
	f->ended = f->left = true;
	feed_remove(&f->cursor);
	if (f->feed)
		feed_put(f->feed);
	if (!f->finding)
		follow_free(f);
}

void follows_close(struct hub *h)
{
	list_each_safe (&h->follows, it, next)
		hub_follow_close(list_item(it, struct hub_follow, list));
}
