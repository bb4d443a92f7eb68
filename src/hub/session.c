/* A page: what it is sent, and whether it has room for more. */
#include "hub/priv.h"

#include <stdlib.h>

#define HEARTBEAT_MS 15000 /* how often a page shall ask whether we are there */

bool session_has_room(struct hub_session *s)
{
	if (s->closed)
		return false;
	if (s->backlog(s->ctx) >= HUB_ROOM) {
		s->stalled = s->stalled ? s->stalled : hub_now(s->hub);
		return false;
	}
	if (!s->stalled)
		return true;
	bool slow = hub_now(s->hub) - s->stalled >= HUB_SLOW_MS;

	s->stalled = 0;
	list_each (&s->subs, it)
		if (slow)
			sub_trim(list_item(it, struct sub, list));
	return true;
}

void session_send(struct hub_session *s, struct shared *frame)
{
	if (s->closed || s->send(s->ctx, frame) < 0)
		s->closed = true;
}

void session_send_buf(struct hub_session *s, struct buf *b)
{
	struct shared *frame = shared_of(b);

	session_send(s, frame);
	shared_put(frame);
}

void session_touch(struct hub_session *s)
{
	if (!s || s->closed)
		return;
	s->dirty = true;
	hub_schedule(s->hub, TICK_MS);
}

/* --- errors ------------------------------------------------------------------------------- */

static void add_fixes(struct buf *b, const char *fix)
{
	struct str rest = str_from(fix);
	size_t n = 0;

	buf_member_json(b, "fix", STR("["));
	while (rest.p && rest.n) {
		if (n++)
			buf_addc(b, ',');
		buf_add_json(b, str_line(&rest));
	}
	buf_addc(b, ']');
}

void session_error(struct hub_session *s, const char *code, const struct err *err, const char *run)
{
	struct buf b;

	buf_init(&b, KIB(64));
	buf_addc(&b, '{');
	buf_member(&b, "t", STR("error"));
	if (run)
		buf_member(&b, "run", str_from(run));
	buf_member_json(&b, "error", STR("{"));
	buf_member(&b, "code", str_from(code));
	buf_member(&b, "what", str_from(err->what));
	buf_member(&b, "why", str_from(err->why));
	add_fixes(&b, err->fix);
	buf_member(&b, "docs", str_from(err->more));
	buf_adds(&b, "}}");
	session_send_buf(s, &b);
}

void session_found_error(struct hub_session *s, const struct err *err, const char *run)
{
	const char *code = "internal";

	if (err->code == -ENOENT)
		code = "not_found";
	else if (err->code == -EEXIST)
		code = "ambiguous";
	session_error(s, code, err, run);
}

/* --- life --------------------------------------------------------------------------------- */

static void say_hello(struct hub_session *s)
{
	const struct hub *h = s->hub;
	char stamp[32];
	struct buf b;

	buf_init(&b, KIB(4));
	buf_addc(&b, '{');
	buf_member(&b, "t", STR("hello"));
	buf_member(&b, "version", str_from(h->version));
	buf_member(&b, "build", str_from(h->build));
	buf_member(&b, "epoch", str_from(h->epoch));
	buf_member(&b, "time", str_from(clock_iso(h->config.wall(), stamp, sizeof(stamp))));
	buf_member_int(&b, "heartbeat_ms", HEARTBEAT_MS);
	buf_addc(&b, '}');
	session_send_buf(s, &b);
}

struct hub_session *hub_session_open(
    struct hub *h, hub_send_fn send, hub_backlog_fn backlog, void *ctx)
{
	if (h->n_sessions == HUB_SESSIONS_MAX)
		return NULL;
	struct hub_session *s = xalloc(sizeof(*s));

	s->hub = h;
	s->send = send;
	s->backlog = backlog;
	s->ctx = ctx;
	list_init(&s->subs);
	list_init(&s->watches);
	list_push(&h->sessions, &s->list);
	h->n_sessions++;
	say_hello(s);
	return s;
}

void hub_session_message(struct hub_session *s, struct str text)
{
	if (!s->closed)
		session_read(s, text);
}

void hub_session_drained(struct hub_session *s)
{
	if (s->closed || !s->stalled)
		return;	 /* nothing waited for it */
	s->dirty = true; /* not at once: who tells it may be in the middle of a frame of ours */
	hub_schedule(s->hub, 0);
}

void hub_session_close(struct hub_session *s)
{
	if (!s)
		return;
	s->closed = s->left = true;
	hub_schedule(s->hub, 0);
}

void session_free(struct hub_session *s)
{
	s->closed = true;
	list_each_safe (&s->subs, it, next)
		sub_close(list_item(it, struct sub, list));
	list_each_safe (&s->watches, it, next)
		watch_close(list_item(it, struct watch, list));
	list_end(s);
	list_remove(&s->list);
	s->hub->n_sessions--;
	free(s);
}
