/* The hub itself: its life, its clock, and what it hears from the engine. */
#include "hub/priv.h"

#include <stdlib.h>

msec_t hub_now(const struct hub *h)
{
	return h->config.boot() + 1; /* never 0 */
}

void hub_ref(struct hub *h)
{
	h->refs++;
}

void hub_unref(struct hub *h)
{
	if (--h->refs)
		return;
	imap_fini(&h->feeds);
	imap_fini(&h->changed);
	free(h->version);
	free(h->build);
	free(h->epoch);
	free(h);
}

/* --- the clock ---------------------------------------------------------------------------- */

static void pump(struct hub_session *s)
{
	if (s->closed || !s->dirty || !session_has_room(s))
		return;
	s->dirty = false;
	list_each_safe (&s->subs, it, next)
		sub_pump(list_item(it, struct sub, list));
	list_each_safe (&s->watches, it, next)
		watch_pump(list_item(it, struct watch, list));
}

static void go_on(struct hub *h)
{
	imap_each (&h->feeds, it) {
		struct feed *f = it->value;

		if (f->due)
			feed_go(f);
		f->due = false;
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct hub *h = timer->data;

	list_each_safe (&h->sessions, it, next) {
		struct hub_session *s = list_item(it, struct hub_session, list);

		if (s->left)
			session_free(s);
		else
			pump(s);
	}
	go_on(h);
	list_go(h);
}

void hub_schedule(struct hub *h, uint64_t ms)
{
	if (h->closed ||
	    (uv_is_active((uv_handle_t *)&h->tick) && uv_timer_get_due_in(&h->tick) <= ms))
		return;
	uv_timer_start(&h->tick, on_tick, ms, 0);
}

static void on_beat(uv_timer_t *timer)
{
	follows_beat(timer->data);
}

/* --- life --------------------------------------------------------------------------------- */

struct hub *hub_create(const struct hub_config *config)
{
	struct hub *h = xalloc(sizeof(*h));

	h->loop = config->loop;
	h->config = *config;
	h->version = xstrdup(config->version);
	h->build = xstrdup(config->build);
	h->epoch = xstrdup(config->epoch);
	h->refs = 3; /* the owner and two timers */
	list_init(&h->sessions);
	list_init(&h->follows);
	uv_timer_init(h->loop, &h->tick);
	uv_timer_init(h->loop, &h->beat);
	h->tick.data = h->beat.data = h;
	uv_timer_start(&h->beat, on_beat, BEAT_MS, BEAT_MS);
	uv_unref((uv_handle_t *)&h->beat); /* alone it keeps no loop going */
	return h;
}

static void timer_closed(uv_handle_t *handle)
{
	hub_unref(handle->data);
}

void hub_destroy(struct hub *h)
{
	if (!h)
		return;
	h->closed = true;
	list_each_safe (&h->sessions, it, next)
		session_free(list_item(it, struct hub_session, list));
	follows_close(h);
	uv_close((uv_handle_t *)&h->tick, timer_closed);
	uv_close((uv_handle_t *)&h->beat, timer_closed);
	hub_unref(h);
}

/* --- the engine --------------------------------------------------------------------------- */

void hub_appended(struct hub *h, int64_t run, int64_t seq)
{
	struct feed *f = imap_get(&h->feeds, run);

	if (h->n_listeners)
		list_changed(h, run);
	if (!f)
		return;
	f->told = seq > f->told ? seq : f->told;
	if (!f->over && !list_empty(&f->subs))
		tailer_start(f);
	feed_go(f);
}

void hub_deleted(struct hub *h, int64_t run)
{
	struct feed *f = imap_get(&h->feeds, run);

	if (!f)
		return;
	list_each (&f->subs, it) {
		struct sub *sub = list_item(it, struct sub, in_feed);

		sub->state = SUB_SNAP; /* there is none: that is what it is told */
		session_touch(sub->session);
	}
}
