/* A run that a page follows: its document, then what changes. */
#include "hub/priv.h"

#include <stdlib.h>

/* --- events ------------------------------------------------------------------------------- */

static bool wants(struct cursor *c)
{
	struct sub *sub = list_item(c, struct sub, cursor);

	return sub->state == SUB_LIVE && session_has_room(sub->session) &&
	       sub->state == SUB_LIVE; /* it may have been given up meanwhile */
}

static struct shared *make_events(const struct sub *sub, int64_t seq, struct str items)
{
	struct buf b;

	buf_init(&b, items.n + KIB(1));
	buf_addc(&b, '{');
	buf_member(&b, "t", STR("ev"));
	buf_member(&b, "run", str_from(sub->feed->id));
	buf_member_int(&b, "after", sub->after);
	buf_member_int(&b, "seq", seq);
	buf_member_json(&b, "items", STR("["));
	buf_add(&b, items);
	buf_adds(&b, "]}");
	return shared_of(&b);
}

/* The log from where the page stands up to SEQ; ITEMS: what it shall know of it. */
static void send_events(struct sub *sub, int64_t seq, struct str items)
{
	struct feed *f = sub->feed;

	if (!f->ev || f->ev_after != sub->after || f->ev_seq != seq || f->ev_items != !!items.n) {
		shared_put(f->ev);
		f->ev = make_events(sub, seq, items);
		f->ev_after = sub->after;
		f->ev_seq = seq;
		f->ev_items = items.n > 0;
	}
	session_send(sub->session, f->ev);
	sub->after = seq;
}

/* A frame that says no more than what it is about. */
static void send_word(struct sub *sub, const char *type)
{
	struct buf b;

	buf_init(&b, KIB(1));
	buf_addc(&b, '{');
	buf_member(&b, "t", str_from(type));
	buf_member(&b, "run", str_from(sub->feed->id));
	buf_addc(&b, '}');
	session_send_buf(sub->session, &b);
}

static void take(struct cursor *c, struct portion *p)
{
	struct sub *sub = list_item(c, struct sub, cursor);

	portion_states(p);
	if (p->n_states)
		send_events(sub, c->pos, buf_str(&p->states));
	if (p->has_report)
		send_word(sub, "report");
	session_touch(sub->session); /* else the number alone is told with the rows */
}

/* --- documents ---------------------------------------------------------------------------- */

struct snap {
	struct feed *feed;
	int64_t run, seq;
	char *frame;	       /* as it was read */
	struct shared *shared; /* the same, for all who wait for it */
};

/* May run twice. */
static int read_document(struct store *s, void *ctx)
{
	struct snap *snap = ctx;
	const struct hub_config *config = &snap->feed->hub->config;
	struct arena *a = arena_create("document", ARENA_JOB);
	json_t *doc = config->run_document(config->ctx, s, a, snap->run), *frame;

	free(snap->frame);
	snap->frame = NULL;
	if (doc) {
		snap->seq = json_get_int(doc, "seq", 0);
		frame = json_pack("{s:s, s:o}", "t", "snap", "run", doc);
		snap->frame = json_dump(frame);
		json_decref(frame);
	}
	arena_destroy(a);
	return 0;
}

static void no_document(struct sub *sub)
{
	struct err err;

	err_set(&err, -ENOENT, "run %s is not there any more", sub->feed->id);
	session_found_error(sub->session, &err, sub->name);
	sub_close(sub);
}

static void take_document(struct sub *sub, const struct snap *snap)
{
	if (!snap->shared) {
		no_document(sub);
		return;
	}
	sub->state = SUB_SNAP;
	if (!session_has_room(sub->session))
		return; /* a newer one, when there is */
	if (sub->trim)
		send_word(sub, "trim");
	sub->trim = false;
	session_send(sub->session, snap->shared);
	sub->state = SUB_LIVE;
	sub->after = sub->cursor.pos = snap->seq;
	sub->tail = 0;
	session_touch(sub->session);
}

static void document_read(void *ctx, int rc)
{
	struct snap *snap = ctx;
	struct feed *f = snap->feed;
	struct hub *h = f->hub;

	f->snapping = false;
	if (rc == 0 && snap->frame)
		snap->shared = shared_copy(str_from(snap->frame));
	f->told = snap->seq > f->told ? snap->seq : f->told;
	list_each_safe (&f->subs, it, next) {
		struct sub *sub = list_item(it, struct sub, in_feed);

		if (sub->state == SUB_SNAPPING && !h->closed)
			take_document(sub, snap);
	}
	if (!h->closed)
		feed_go(f);
	feed_put(f);
	shared_put(snap->shared);
	free(snap->frame);
	free(snap);
	hub_unref(h);
}

void feed_snap(struct feed *f)
{
	struct snap *snap;

	if (f->snapping)
		return; /* it is older than the wish: another one follows */
	list_each (&f->subs, it) {
		struct sub *sub = list_item(it, struct sub, in_feed);

		if (sub->state == SUB_SNAP)
			sub->state = SUB_SNAPPING;
	}
	snap = xalloc(sizeof(*snap));
	snap->feed = f;
	snap->run = f->run;
	f->snapping = true;
	f->refs++;
	hub_ref(f->hub);
	engine_read(f->hub->config.engine, read_document, document_read, snap);
}

/* --- what is due -------------------------------------------------------------------------- */

void sub_trim(struct sub *sub)
{
	if (sub->state != SUB_LIVE || sub->after >= sub->feed->told)
		return;
	sub->state = SUB_SNAP;
	sub->trim = true;
	session_touch(sub->session);
}

static void send_rows(struct sub *sub)
{
	struct tailer *t = sub->feed->tailer;
	struct shared *frame = t ? tailer_frame(t, sub->tail) : NULL;

	if (frame)
		session_send(sub->session, frame);
	if (t)
		sub->tail = t->stamp;
	if (sub->after < sub->cursor.pos)
		send_events(sub, sub->cursor.pos, STR(""));
}

void sub_pump(struct sub *sub)
{
	msec_t now = hub_now(sub->session->hub);

	if (sub->state == SUB_LIVE && sub->feed->told - sub->cursor.pos > HUB_GAP)
		sub_trim(sub);
	if (sub->state == SUB_SNAP) {
		feed_snap(sub->feed);
		if (sub->state == SUB_SNAP)
			session_touch(sub->session);
	}
	if (sub->state != SUB_LIVE || !session_has_room(sub->session))
		return;
	if (now - sub->tail_at < TAIL_MS) {
		if (sub->after < sub->cursor.pos ||
		    (sub->feed->tailer && sub->tail < sub->feed->tailer->stamp))
			session_touch(sub->session);
	} else {
		sub->tail_at = now;
		send_rows(sub);
	}
	sub->feed->due = true;
}

/* --- life --------------------------------------------------------------------------------- */

struct sub *sub_of(struct hub_session *s, struct str run)
{
	list_each (&s->subs, it) {
		struct sub *sub = list_item(it, struct sub, list);

		if (str_is(run, sub->name) || (sub->feed && str_is(run, sub->feed->id)))
			return sub;
	}
	return NULL;
}

static void sub_free(struct sub *sub)
{
	free(sub->name);
	free(sub);
}

void sub_close(struct sub *sub)
{
	list_remove(&sub->list);
	sub->session->n_subs--;
	sub->session = NULL;
	if (sub->state == SUB_FINDING)
		return; /* it goes when it is found */
	feed_remove(&sub->cursor);
	list_remove(&sub->in_feed);
	feed_put(sub->feed);
	sub_free(sub);
}

static bool is_there(const struct sub *sub, const struct found *found)
{
	return sub->after > 0 && sub->after <= found->seq && found->seq - sub->after <= HUB_GAP;
}

static void begin(struct sub *sub, const struct found *found)
{
	struct feed *f = feed_get(sub->session->hub, found);

	sub->feed = f;
	list_push(&f->subs, &sub->in_feed);
	sub->cursor.wants = wants;
	sub->cursor.take = take;
	feed_add(f, &sub->cursor, sub->after, -1);
	if (!f->over)
		tailer_start(f);
	sub->state = SUB_SNAP;
	session_touch(sub->session);
	if (!is_there(sub, found))
		return;
	sub->state = SUB_LIVE;
	if (sub->after == f->told)
		send_events(sub, sub->after, STR("")); /* nothing was missed */
	feed_go(f);
}

static void on_found(void *ctx, const struct found *found, const struct err *err)
{
	struct sub *sub = ctx;

	if (!sub->session) {
		sub_free(sub);
	} else if (err) {
		struct hub_session *s = sub->session;

		session_found_error(s, err, sub->name);
		sub_close(sub);
		sub_free(sub);
	} else {
		begin(sub, found);
	}
}

void sub_open(struct hub_session *s, struct str run, int64_t after, struct str epoch)
{
	struct sub *sub = sub_of(s, run);
	struct err err;

	if (sub)
		sub_close(sub);
	if (s->n_subs == HUB_SUBS_MAX) {
		err_set(&err, -E2BIG, "this page follows %d runs already", HUB_SUBS_MAX);
		err_fix(&err, "unsub one of them");
		session_error(s, "too_many", &err, NULL);
		return;
	}
	sub = xalloc(sizeof(*sub));
	sub->session = s;
	sub->name = xstrndup(run.p, run.n);
	sub->after = str_is(epoch, s->hub->epoch) ? after : 0;
	list_init(&sub->in_feed);
	list_init(&sub->cursor.list);
	list_push(&s->subs, &sub->list);
	s->n_subs++;
	hub_find(s->hub, run, 0, STR(""), on_found, sub);
}
