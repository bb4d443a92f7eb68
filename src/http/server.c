/*
 * HTTP/1.1. libmicrohttpd has no thread and no listening socket of its own: it is given
 * connections (conns.c), and runs when its epoll descriptor is ready.
 *
 *    on_target ─► on_request: head ─ rules ─► body ─► handler ─► (suspended) ─► http_send ─► reply
 *                              └─ refused: the body is read and dropped, then the refusal is sent
 *    on_completed: MHD is done with it; a handler that still has it keeps it until it answers
 */
#include "http/priv.h"

#include "base/json.h"

#include <stdlib.h>
#include <strings.h>

#define CONNECTION_MEMORY KIB(64)
#define DROPPED_MAX (2 * HTTP_BODY_MAX) /* of a body that nobody wants */

/* --- running it ---------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

void http_close_handle(uv_handle_t *handle)
{
	if (handle)
		uv_close(handle, on_closed);
}

static void on_timeout(uv_timer_t *timer);

static void turn(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (h->turning || !h->daemon)
		return;
	h->turning = true;
	h->mhd->run(h->daemon);
	h->turning = false;
	if (h->dying)
		return;
	if (h->mhd->get_timeout(h->daemon, &ms) == MHD_YES)
		uv_timer_start(h->timer, on_timeout, ms, 0);
	else
		uv_timer_stop(h->timer);
}

/* --- requests ------------------------------------------------------------------------------ */

static void *on_target(void *ctx, const char *target, struct MHD_Connection *mhd)
{
	struct http *h = ctx;
	struct conn *c = http_conn_of(h, mhd);
	struct request *r;

	if (!c)
		return NULL;
	r = xalloc(sizeof(*r));
	*r = (struct request){ .h = h, .from = c, .mhd = mhd };
	r->q.arena = arena_create("request", ARENA_JOB);
	r->target = arena_dup(r->q.arena, str_take(str_from(target), HTTP_TARGET_MAX + 1));
	r->query = target_query(r->target);
	buf_init(&r->body, HTTP_BODY_MAX);
	c->request = r;
	list_push(&h->requests, &r->list);
	return r;
}

void request_release(struct request *r)
{
	if (r->mhd || r->state == REQUEST_ASKED)
		return;
	list_remove(&r->list);
	buf_fini(&r->body);
	json_decref(r->q.json);
	arena_destroy(r->q.arena);
	free(r);
}

void request_resume(struct request *r)
{
	if (!r->suspended || !r->h)
		return;
	r->suspended = false;
	r->h->mhd->resume_connection(r->mhd);
	http_nudge(r->h);
}

void request_answered(struct request *r, struct MHD_Response *response, unsigned status)
{
	r->state = REQUEST_ANSWERED;
	r->response = response;
	r->status = status;
	if (r->mhd)
		request_resume(r);
	else
		request_release(r);
}

static enum MHD_Result reply(struct request *r)
{
	const struct mhd_api *mhd = r->h->mhd;
	enum MHD_Result ok;

	if (!r->response)
		return MHD_NO;
	if (!r->ws)
		r->from->until = r->stream ? 0 : clock_boot() + ANSWER_MS;
	ok = mhd->queue_response(r->mhd, r->status, r->response);
	mhd->destroy_response(r->response);
	r->response = NULL;
	return ok;
}

/* --- their heads --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t at;
} known[] = {
	{ "Host", offsetof(struct head, host) },
	{ "Origin", offsetof(struct head, origin) },
	{ "Sec-Fetch-Site", offsetof(struct head, site) },
	{ "Sec-Fetch-Mode", offsetof(struct head, mode) },
	{ "Sec-Fetch-Dest", offsetof(struct head, dest) },
	{ "Content-Type", offsetof(struct head, type) },
	{ "Content-Length", offsetof(struct head, length) },
	{ "Transfer-Encoding", offsetof(struct head, encoding) },
	{ "Expect", offsetof(struct head, expect) },
	{ "Authorization", offsetof(struct head, authorization) },
	{ "Cookie", offsetof(struct head, cookie) },
};

static enum MHD_Result on_header(
    void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct head *head = ctx;

	(void)kind;
	value = value ? value : "";
	head->headers++;
	head->seen += strlen(name) + strlen(": ") + strlen(value) + strlen("\r\n");
	head->odd |= !header_name_is_valid(name) || !header_value_is_valid(value);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct str *field = (struct str *)(void *)((char *)head + known[i].at);

		if (strcasecmp(name, known[i].name) != 0)
			continue;
		head->twice |= field->p != NULL;
		*field = str_from(value);
	}
	return MHD_YES;
}

static enum http_method method_of(const struct head *head)
{
	if (str_is(head->method, "POST"))
		return HTTP_POST;
	return str_is(head->method, "DELETE") ? HTTP_DELETE : HTTP_GET;
}

/* Whoever shows a token means it: a cookie does not stand in for a wrong one. */
static enum http_who who_is(struct request *r, const struct head *head)
{
	struct sessions *s = &r->h->sessions;
	struct str shown = head->authorization;

	if (head->peer)
		return HTTP_PEER;
	if (shown.p)
		return str_eq_nocase(str_take(shown, 7), STR("Bearer ")) &&
			       token_is(s, str_trim(str_skip(shown, 7)))
			   ? HTTP_BEARER
			   : HTTP_NOBODY;
	return sessions_know(s, cookie_get(head->cookie, COOKIE), r->session) ? HTTP_COOKIE
									      : HTTP_NOBODY;
}

static void read_head(struct request *r, const char *method, const char *version, struct head *head)
{
	struct http *h = r->h;
	const union MHD_ConnectionInfo *info =
	    h->mhd->get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	*head = (struct head){ .method = str_from(method),
		.version = str_from(version),
		.target = r->target,
		.bytes = info ? info->header_size : SIZE_MAX,
		.peer = r->from->peer };
	head->seen = head->method.n + head->target.n + head->version.n + strlen("  \r\n\r\n");
	h->mhd->get_connection_values(r->mhd, MHD_HEADER_KIND, on_header, head);
	r->modern = str_is(head->version, "HTTP/1.1");
	r->q.method = method_of(head);
	r->q.head = str_is(head->method, "HEAD");
	head->bad_target = r->target.n > HTTP_TARGET_MAX ||
			   target_path(r->q.arena, r->target, &r->q.path) < 0 ||
			   !query_is_valid(r->query);
	head->who = r->q.who = who_is(r, head);
	head->open = !head->bad_target && !head->authorization.p && h->open_to_all &&
		     h->open_to_all(h->ctx, r->q.method, r->q.path);
}

/*
 * A head that is refused: its body is read all the same, so that the refusal is heard, unless it
 * is not certain where that ends, or the client waits for a word.
 */
static enum MHD_Result take_head(struct request *r, const char *method, const char *version)
{
	const struct refusal *refusal;
	struct head head;

	read_head(r, method, version, &head);
	r->state = REQUEST_READING;
	r->from->until = clock_boot() + BODY_MS;
	r->last = r->h->draining;
	refusal = rules_check(&r->h->hosts, &head);
	if (!refusal)
		return MHD_YES;
	r->last = true;
	send_refusal(r, refusal);
	return refusal->at_once || head.expect.p ? reply(r) : MHD_YES;
}

static enum MHD_Result take_body(struct request *r, struct str piece)
{
	r->taken += piece.n;
	if (r->state == REQUEST_READING && r->taken <= HTTP_BODY_MAX)
		buf_add(&r->body, piece);
	return r->taken > DROPPED_MAX ? MHD_NO : MHD_YES;
}

/* The request is whole. */
static void hand_over(struct request *r)
{
	r->q.body = buf_str(&r->body);
	r->from->until = 0;
	if (r->taken > HTTP_BODY_MAX) {
		send_refusal(r, &refusal_body_too_large);
		return;
	}
	if (r->q.body.n) {
		r->q.json = json_parse(r->q.body, NULL);
		if (!json_is_object(r->q.json)) {
			send_refusal(r, &refusal_no_object);
			return;
		}
	}
	r->state = REQUEST_ASKED;
	r->h->handle(r->h->ctx, &r->q);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *mhd, const char *url,
    const char *method, const char *version, const char *data, size_t *size, void **slot)
{
	struct request *r = *slot;

	(void)ctx;
	(void)url;
	if (!r || !r->from || r->from->lost)
		return MHD_NO;
	if (r->state == REQUEST_NEW)
		return take_head(r, method, version);
	if (*size) {
		struct str piece = { data, *size };

		*size = 0;
		return take_body(r, piece);
	}
	if (r->state == REQUEST_READING)
		hand_over(r);
	if (r->state == REQUEST_ANSWERED)
		return reply(r);
	r->suspended = true;
	r->h->mhd->suspend_connection(mhd);
	return MHD_YES;
}

static void on_completed(
    void *ctx, struct MHD_Connection *mhd, void **slot, enum MHD_RequestTerminationCode how)
{
	struct request *r = *slot;

	(void)ctx;
	(void)mhd;
	(void)how;
	*slot = NULL;
	if (!r)
		return;
	if (r->from) {
		r->from->request = NULL;
		r->from->until = clock_boot() + HEAD_MS;
		r->from = NULL;
	}
	r->mhd = NULL;
	if (r->response)
		r->h->mhd->destroy_response(r->response);
	r->response = NULL;
	if (r->stream)
		stream_over(r->stream);
	if (r->ws)
		ws_never(r->ws);
	request_release(r);
}

/* --- life ---------------------------------------------------------------------------------- */

static void on_timeout(uv_timer_t *timer)
{
	turn(timer->data);
}

void http_nudge(struct http *h)
{
	if (!h->turning && !h->dying)
		uv_timer_start(h->timer, on_timeout, 0, 0);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	turn(poll->data);
}

/* Targets are decoded by us (target.c). */
static size_t leave_escaped(void *ctx, struct MHD_Connection *mhd, char *text)
{
	(void)ctx;
	(void)mhd;
	return strlen(text);
}

static uv_timer_t *make_timer(struct http *h)
{
	uv_timer_t *timer = xalloc(sizeof(*timer));

	uv_timer_init(h->loop, timer);
	timer->data = h;
	return timer;
}

static int watch(struct http *h, int fd)
{
	int rc;

	h->poll = xalloc(sizeof(*h->poll));
	rc = uv_poll_init(h->loop, h->poll, fd);
	if (rc) {
		free(h->poll);
		h->poll = NULL;
		return rc;
	}
	h->poll->data = h;
	return uv_poll_start(h->poll, UV_READABLE, on_ready);
}

int http_start(struct http *h, struct err *err)
{
	const union MHD_DaemonInfo *info;

	h->mhd = mhd_api(err);
	if (!h->mhd)
		return err->code;
	h->timer = make_timer(h);
	h->tick = make_timer(h);
	h->daemon = h->mhd->start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE,
	    0, NULL, NULL, on_request, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
	    MHD_OPTION_NOTIFY_CONNECTION, http_conns_notify, h, MHD_OPTION_CONNECTION_LIMIT,
	    HTTP_CONNECTIONS_MAX + 1, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_URI_LOG_CALLBACK, on_target, h,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_END);
	info = h->daemon ? h->mhd->get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info || info->epoll_fd < 0)
		return err_set(err, -EIO, "the HTTP server does not start");
	int rc = watch(h, info->epoll_fd);

	return rc ? err_set(err, rc, "cannot watch connections: %s", err_name(rc)) : 0;
}

/* Those that a handler still has outlive the server, and wait for their answer to throw it away. */
void http_stop(struct http *h)
{
	h->dying = true;
	list_each (&h->conns, it)
		conn_cut(list_item(it, struct conn, list));
	turn(h); /* what was resumed must be seen before the end */
	http_close_handle((uv_handle_t *)h->poll);
	http_close_handle((uv_handle_t *)h->timer);
	http_close_handle((uv_handle_t *)h->tick);
	h->turning = true;
	if (h->daemon)
		h->mhd->stop_daemon(h->daemon);
	h->daemon = NULL;
	list_each_safe (&h->requests, it, next) {
		struct request *r = list_item(it, struct request, list);

		list_remove(it);
		r->h = NULL;
	}
}
