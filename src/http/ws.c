/*
 * WebSockets. wslay reads frames, and writes those that answer a frame or close; texts go past it,
 * so that one text for many is never copied (ws_out.h). Pings, ceilings and deadlines are ours.
 *
 *   http_ws_open ─► (101 is sent) on_upgrade ─► OPEN ─► both close frames ─► LINGER ─► ws_end
 *                                                └─ lost, dead, too much ────────────► ws_end
 *
 * Nobody is told from inside http_ws_send or http_ws_close: what ends there ends in the next turn.
 */
#include "http/priv.h"
#include "http/ws_out.h"

#include <stdlib.h>

#define OUT_HIGH KIB(64) /* waiting to be sent: then nothing is read, not even pings */
#define IN_TURN KIB(64)	 /* read in one turn of the loop */
#define LINGER_BYTES MIB(1)

struct http_ws {
	struct list list;
	struct http *h;
	struct request *r; /* until the upgrade */
	struct conn *c;	   /* from then on */
	const struct http_ws_events *events;
	void *ctx;
	struct MHD_UpgradeResponseHandle *urh;
	wslay_event_context_ptr frames;
	struct buf early; /* what MHD had read beyond the head */
	struct ws_out out;
	size_t budget;	 /* of what may still be read in this turn, or while lingering */
	unsigned pieces; /* frames of the message that comes in */
	bool broken;	 /* wslay is not asked any more */
	bool closing;	 /* our close frame is queued */
	bool failed;	 /* there is nobody to say anything to */
	bool lingering, told;
	msec_t heard, pinged;
	msec_t until; /* 0: no deadline */
	char session[SHA256_HEX];
};

static void arm(struct http_ws *w);
static void ws_end(struct http_ws *w);

/* --- wslay's side -------------------------------------------------------------------------- */

static ssize_t receive(struct http_ws *w, uint8_t *p, size_t n)
{
	ssize_t got;

	n = n < w->budget ? n : w->budget;
	if (w->early.n) {
		n = n < w->early.n ? n : w->early.n;
		memcpy(p, w->early.p, n);
		buf_drop(&w->early, n);
		got = (ssize_t)n;
	} else {
		got = n ? recv(w->c->fd, p, n, 0) : -1;
	}
	if (got > 0)
		w->budget -= (size_t)got;
	else if (n && (got == 0 || (errno != EAGAIN && errno != EINTR)))
		w->failed = true;
	return got > 0 ? got : -1;
}

static ssize_t on_recv(wslay_event_context_ptr frames, uint8_t *p, size_t n, int flags, void *ctx)
{
	struct http_ws *w = ctx;
	ssize_t got = receive(w, p, n);

	(void)flags;
	if (got > 0)
		w->heard = clock_boot();
	else
		wslay_event_set_error(
		    frames, w->failed ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
	return got;
}

static ssize_t on_send(
    wslay_event_context_ptr frames, const uint8_t *p, size_t n, int flags, void *ctx)
{
	struct http_ws *w = ctx;

	(void)frames;
	(void)flags;
	ws_out_bytes(&w->out, (struct str){ (const char *)p, n });
	return (ssize_t)n;
}

static bool wants_read(const struct http_ws *w)
{
	return !w->broken && wslay_event_want_read(w->frames);
}

static bool wants_write(const struct http_ws *w)
{
	return !w->broken && wslay_event_want_write(w->frames);
}

/* What is queued becomes bytes. */
static void encode(struct http_ws *w)
{
	if (!w->failed && wants_write(w) && wslay_event_send(w->frames))
		w->failed = true;
}

/* wslay lets a close frame overtake texts, so these go first. */
static void close_with(struct http_ws *w, unsigned code, const char *why)
{
	struct str reason = str_take(str_from(why), 123); /* a control frame has 125 bytes */

	if (w->closing)
		return;
	encode(w);
	w->closing = true;
	w->until = clock_boot() + CLOSE_MS;
	if (wslay_event_queue_close(w->frames, (uint16_t)code, (const uint8_t *)reason.p, reason.n))
		w->failed = true;
}

/* wslay would take pieces for ever. */
static void on_frame(
    wslay_event_context_ptr frames, const struct wslay_event_on_frame_recv_start_arg *f, void *ctx)
{
	struct http_ws *w = ctx;

	if (wslay_is_ctrl_frame(f->opcode))
		return;
	w->pieces = f->opcode == WSLAY_CONTINUATION_FRAME ? w->pieces + 1 : 1;
	if (w->pieces <= WS_FRAMES_MAX)
		return;
	close_with(w, WSLAY_CODE_POLICY_VIOLATION, "a message in too many pieces");
	wslay_event_shutdown_read(frames);
}

static void on_message(
    wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *m, void *ctx)
{
	struct http_ws *w = ctx;

	(void)frames;
	if (w->closing || wslay_is_ctrl_frame(m->opcode))
		return;
	if (m->opcode == WSLAY_TEXT_FRAME)
		w->events->message(w->ctx, (struct str){ (const char *)m->msg, m->msg_length });
	else
		close_with(w, WSLAY_CODE_UNSUPPORTED_DATA, "only text is spoken here");
}

static bool frames_create(struct http_ws *w)
{
	static const struct wslay_event_callbacks callbacks = { .recv_callback = on_recv,
		.send_callback = on_send,
		.on_frame_recv_start_callback = on_frame,
		.on_msg_recv_callback = on_message };

	if (wslay_event_context_server_init(&w->frames, &callbacks, w))
		return false;
	wslay_event_config_set_max_recv_msg_length(w->frames, WS_MESSAGE_MAX);
	return true;
}

/* --- turns --------------------------------------------------------------------------------- */

/*
 * A frame that is none: wslay stops, and would say so with a close frame that has no code. Ours has
 * one (FIN and opcode 8, two bytes, 1002).
 */
static void break_off(struct http_ws *w)
{
	w->broken = w->closing = true;
	w->until = clock_boot() + CLOSE_MS;
	ws_out_bytes(&w->out, STR("\x88\x02\x03\xea"));
}

static void work_in(struct http_ws *w)
{
	w->budget = IN_TURN;
	if (wants_read(w) && wslay_event_recv(w->frames) && !w->failed)
		break_off(w);
}

static void work_out(struct http_ws *w)
{
	encode(w);
	if (!w->urh || !w->out.bytes)
		return;
	if (ws_out_send(&w->out, w->c->fd))
		w->failed = true;
	if (!w->out.bytes && !w->closing && !w->failed)
		w->events->drained(w->ctx);
}

/* Bytes that nobody wants are read for a while: unread ones would take our last frame with them. */
static void linger(struct http_ws *w)
{
	char waste[KIB(4)];
	ssize_t n = recv(w->c->fd, waste, sizeof(waste), 0);

	if (n > 0 && (size_t)n < w->budget)
		w->budget -= (size_t)n;
	else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		w->failed = true;
}

static bool is_over(const struct http_ws *w)
{
	return !w->out.bytes && !wants_read(w) && !wants_write(w);
}

static void tell(struct http_ws *w)
{
	if (!w->told)
		w->events->gone(w->ctx);
	w->told = true;
}

static void begin_linger(struct http_ws *w)
{
	w->lingering = w->closing = true;
	w->budget = LINGER_BYTES;
	w->until = clock_boot() + LINGER_MS;
	shutdown(w->c->fd, SHUT_WR);
	tell(w);
}

static void work(struct http_ws *w, bool readable)
{
	if (w->lingering) {
		linger(w);
	} else {
		if (readable || w->early.n)
			work_in(w);
		work_out(w);
		if (!w->failed && is_over(w))
			begin_linger(w);
	}
	if (w->failed)
		ws_end(w);
	else
		arm(w);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct conn *c = (struct conn *)poll;

	if (status < 0)
		c->ws->failed = true;
	work(c->ws, events & UV_READABLE);
}

/* Asks for the events that it can do something with. */
static void arm(struct http_ws *w)
{
	int events = 0;

	if (!w->urh)
		return;
	if (w->lingering || (w->out.bytes < OUT_HIGH && wants_read(w)))
		events |= UV_READABLE;
	if (w->out.bytes || w->early.n || w->failed || wants_write(w))
		events |= UV_WRITABLE;
	if (events)
		uv_poll_start(&w->c->poll, events, on_event);
	else
		uv_poll_stop(&w->c->poll);
}

/* --- life ---------------------------------------------------------------------------------- */

static void ws_free(struct http_ws *w)
{
	list_remove(&w->list);
	wslay_event_context_free(w->frames);
	buf_fini(&w->early);
	ws_out_fini(&w->out);
	free(w);
}

void ws_never(struct http_ws *w)
{
	if (w->r)
		w->r->ws = NULL;
	tell(w);
	ws_free(w);
}

/* At once: the owner is told, MHD closes the socket. */
static void ws_end(struct http_ws *w)
{
	struct http *h = w->h;

	if (!w->urh) {
		ws_never(w);
		return;
	}
	uv_poll_stop(&w->c->poll);
	w->c->ws = NULL;
	tell(w);
	h->mhd->upgrade_action(w->urh, MHD_UPGRADE_ACTION_CLOSE);
	ws_free(w);
	http_nudge(h);
}

/* The socket is ours; its first turn is the loop's next one. */
static void on_upgrade(void *ctx, struct MHD_Connection *mhd, void *slot, const char *extra,
    size_t n, MHD_socket sock, struct MHD_UpgradeResponseHandle *urh)
{
	struct http_ws *w = ctx;
	int size = HTTP_SEND_BUFFER; /* else it grows to megabytes for whoever does not read */

	(void)mhd;
	(void)slot;
	(void)sock;
	w->c = w->r->from;
	setsockopt(w->c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	w->r->ws = NULL;
	w->r = NULL;
	w->c->ws = w;
	w->urh = urh;
	w->heard = w->pinged = clock_boot();
	buf_add(&w->early, (struct str){ extra, n });
	uv_poll_start(&w->c->poll, UV_READABLE | UV_WRITABLE, on_event);
}

static struct http_ws *ws_create(struct request *r, const struct http_ws_events *events, void *ctx)
{
	struct http_ws *w = xalloc(sizeof(*w));

	*w = (struct http_ws){ .h = r->h, .r = r, .events = events, .ctx = ctx };
	list_init(&w->list);
	buf_init(&w->early, KIB(64));
	ws_out_init(&w->out);
	memcpy(w->session, r->session, sizeof(w->session));
	if (frames_create(w))
		return w;
	free(w);
	return NULL;
}

static struct MHD_Response *make(
    struct request *r, struct http_ws *w, const char *protocol, const char *accept)
{
	struct MHD_Response *response = r->h->mhd->create_response_for_upgrade(on_upgrade, w);

	if (!response)
		return NULL;
	send_header(r, response, "Upgrade", "websocket");
	send_header(r, response, "Sec-WebSocket-Accept", accept);
	send_header(r, response, "Sec-WebSocket-Protocol", protocol);
	return send_whole(r, response);
}

struct http_ws *http_ws_open(
    struct http_req *q, const char *protocol, const struct http_ws_events *events, void *ctx)
{
	struct request *r = request_of(q);
	const struct refusal *refusal;
	struct MHD_Response *response;
	struct http_ws *w;
	const char *accept;

	if (!r->mhd) {
		request_answered(r, NULL, 0);
		return NULL;
	}
	if (ws_hello(q, protocol, &accept, &refusal) < 0) {
		send_refusal(r, refusal);
		return NULL;
	}
	w = ws_create(r, events, ctx);
	response = w ? make(r, w, protocol, accept) : NULL;
	if (!response) {
		if (w)
			ws_free(w);
		request_answered(r, NULL, 0);
		return NULL;
	}
	r->ws = w;
	list_push(&r->h->sockets, &w->list);
	request_answered(r, response, 101);
	return w;
}

/* --- saying something ---------------------------------------------------------------------- */

/* What fits is on its way at once; what becomes of the rest, or of a failure, is the loop's. */
int http_ws_send(struct http_ws *w, struct shared *text)
{
	bool alone = !w->out.bytes;

	if (w->closing || w->failed || wslay_event_get_close_received(w->frames))
		return -EPIPE;
	if (w->out.bytes + text->bytes.n >= HTTP_BACKLOG_MAX - OUT_HIGH) {
		w->failed = true;
	} else {
		ws_out_text(&w->out, text);
		if (alone && w->urh && ws_out_send(&w->out, w->c->fd))
			w->failed = true;
	}
	if (w->out.bytes || w->failed)
		arm(w);
	return w->failed ? -EPIPE : 0;
}

size_t http_ws_backlog(const struct http_ws *w)
{
	return w->out.bytes;
}

void http_ws_close(struct http_ws *w, unsigned code, const char *why)
{
	close_with(w, code, why);
	arm(w);
}

void ws_leave_all(struct http *h)
{
	list_each (&h->sockets, it)
		http_ws_close(list_item(it, struct http_ws, list), WSLAY_CODE_GOING_AWAY,
		    "the server is leaving");
}

void ws_end_all(struct http *h)
{
	list_each_safe (&h->sockets, it, next)
		ws_end(list_item(it, struct http_ws, list));
}

/* --- time ---------------------------------------------------------------------------------- */

void ws_tick(struct http_ws *w, msec_t now)
{
	const struct wslay_event_msg ping = { WSLAY_PING, NULL, 0 };

	if (w->failed || now - w->heard >= DEAD_MS || (w->until && now >= w->until)) {
		ws_end(w);
		return;
	}
	if (w->closing || now - w->pinged < PING_MS)
		return;
	w->pinged = now;
	if (wslay_event_queue_msg(w->frames, &ping))
		w->failed = true;
	arm(w);
}

void ws_close_session(struct http *h, const char *hash)
{
	list_each (&h->sockets, it) {
		struct http_ws *w = list_item(it, struct http_ws, list);

		if (*hash && strcmp(w->session, hash) == 0)
			http_ws_close(w, WSLAY_CODE_POLICY_VIOLATION, "signed out");
	}
}
