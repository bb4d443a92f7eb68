/*
 * HTTP/1.1 towards workers. libmicrohttpd has no thread and no listening socket of its own: it is
 * given connections (conns.c), and we run it when its epoll descriptor is ready. A request that
 * waits for an upstream is suspended.
 */
#include "gateway/priv.h"

#include "base/json.h"

#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 2048
#define CONNECTION_MEMORY KIB(64)
#define IDLE_SECONDS 0U /* a slow model is no reason to hang up; the attempt's limits are */

/* --- running it ---------------------------------------------------------------------------------
 */

static void on_timeout(uv_timer_t *timer)
{
	server_turn(timer->data);
}

void server_turn(struct gateway *g)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (g->turning || !g->daemon)
		return;
	g->turning = true;
	g->mhd->run(g->daemon);
	g->turning = false;
	if (g->mhd->get_timeout(g->daemon, &ms) == MHD_YES)
		uv_timer_start(g->server_timer, on_timeout, ms, 0);
	else
		uv_timer_stop(g->server_timer);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	server_turn(poll->data);
}

/* --- answering ----------------------------------------------------------------------------------
 */

static ssize_t on_read(void *ctx, uint64_t pos, char *p, size_t max)
{
	struct request *r = ctx;
	size_t n = r->out.n < max ? r->out.n : max;

	(void)pos;
	if (!n && r->ended)
		return r->cut ? MHD_CONTENT_READER_END_WITH_ERROR
			      : MHD_CONTENT_READER_END_OF_STREAM;
	if (!n) {
		r->suspended = true;
		r->port->g->mhd->suspend_connection(r->conn);
		return 0;
	}
	memcpy(p, r->out.p, n);
	buf_drop(&r->out, n);
	if (r->state == REQUEST_FLYING && r->out.n < OUT_HIGH / 2)
		r->port->up->backend->drained(r);
	return (ssize_t)n;
}

/* The head is known (or will never be): now MHD gets its response. */
static enum MHD_Result reply(struct request *r)
{
	const struct mhd_api *mhd = r->port->g->mhd;
	struct MHD_Response *resp;

	r->replied = true;
	resp = mhd->create_response_from_callback(MHD_SIZE_UNKNOWN, KIB(32), on_read, r, NULL);
	if (!resp)
		return MHD_NO;
	mhd->add_response_header(
	    resp, "Content-Type", r->json ? "application/json" : "text/event-stream");
	if (r->last)
		mhd->add_response_header(resp, "Connection", "close");
	enum MHD_Result ok = mhd->queue_response(r->conn, (unsigned)r->status, resp);

	mhd->destroy_response(resp);
	return ok;
}

void request_wake(struct request *r)
{
	if (!r->suspended)
		return;
	r->suspended = false;
	r->port->g->mhd->resume_connection(r->conn);
	if (!r->port->g->turning)
		uv_timer_start(r->port->g->server_timer, on_timeout, 0, 0);
}

void request_abandon(struct request *r)
{
	if (!r->suspended)
		return; /* MHD sees it */
	lane_leave(r);
	r->ended = r->cut = true;
	request_wake(r);
}

void request_add(struct request *r, struct str bytes)
{
	sha256_add(&r->answered, bytes);
	r->got += bytes.n;
	r->port->got += bytes.n;
	buf_add(&r->out, bytes);
}

void request_answer(struct request *r, int status, json_t *doc)
{
	char *text = json_dump(doc);

	request_add(r, str_from(text ? text : ""));
	free(text);
	json_decref(doc);
	r->status = status;
	r->json = r->headed = r->ended = true;
	r->state = REQUEST_DONE;
}

void request_refuse(struct request *r, int status, const char *type, const char *message)
{
	r->port->turned_away++;
	request_answer(r, status, dialect_error(r->target.dialect, status, type, message));
	request_wake(r);
}

/* --- requests
 * ------------------------------------------------------------------------------------- */

struct head {
	unsigned lengths;
	bool odd;
};

static enum MHD_Result on_header(
    void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct head *h = ctx;
	bool encoding = strcasecmp(key, "Transfer-Encoding") == 0;

	(void)kind;
	h->lengths += encoding || strcasecmp(key, "Content-Length") == 0;
	h->odd |= encoding && (!value || strcasecmp(value, "chunked") != 0);
	return MHD_YES;
}

/*
 * Two lengths, or an encoding that is not "chunked": it is not certain where the request ends, and
 * MHD would believe one of them.
 */
static bool is_ambiguous(struct request *r)
{
	struct head h = { 0 };

	r->port->g->mhd->get_connection_values(r->conn, MHD_HEADER_KIND, on_header, &h);
	return h.lengths > 1 || h.odd;
}

static bool is_long(struct request *r)
{
	const union MHD_ConnectionInfo *info =
	    r->port->g->mhd->get_connection_info(r->conn, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info && info->header_size > HTTP_HEADER_MAX;
}

/* A head that is refused is refused before its body: MHD then closes the connection. */
static enum MHD_Result check_head(struct request *r)
{
	if (is_ambiguous(r))
		request_refuse(
		    r, 400, "invalid_request_error", "the length of the request is not certain");
	else if (is_long(r))
		request_refuse(r, 431, "invalid_request_error",
		    "the head of the request is larger than 16 KiB");
	r->welcome = r->state == REQUEST_READING && r->target.service > SERVICE_MODELS &&
		     request_is_authorized(r);
	if (r->state == REQUEST_READING)
		return MHD_YES;
	r->last = true;
	return reply(r);
}

static struct request *request_begin(
    struct conn *from, struct MHD_Connection *conn, const char *url, const char *method)
{
	struct request *r = xalloc(sizeof(*r));

	from->request = r;
	r->from = from;
	r->port = from->port;
	r->conn = conn;
	r->target = dialect_target(str_from(method), str_from(url));
	sha256_begin(&r->answered);
	list_init(&r->queue);
	buf_init(&r->body, MODEL_REQUEST_MAX + KIB(64)); /* and what is added to it */
	buf_init(&r->out, MODEL_RESPONSE_MAX + MIB(1));
	list_push(&r->port->requests, &r->list);
	return r;
}

/*
 * What will be refused is read to its end, so that the refusal is heard, but not kept; and nobody
 * reads for ever.
 */
static enum MHD_Result take_body(struct request *r, struct str piece)
{
	r->taken += piece.n;
	if (r->welcome && r->taken <= MODEL_REQUEST_MAX)
		buf_add(&r->body, piece);
	return r->taken > 2 * MODEL_REQUEST_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *data, size_t *size, void **slot)
{
	struct gateway *g = ctx;
	struct request *r = *slot;

	(void)version;
	if (!r) {
		struct conn *from = conn_of(g, conn);

		if (!from || from->port->closed)
			return MHD_NO;
		*slot = r = request_begin(from, conn, url, method);
		return check_head(r);
	}
	if (*size) {
		struct str piece = { data, *size };

		*size = 0;
		return take_body(r, piece);
	}
	if (r->port->closed || r->from->lost)
		return MHD_NO;
	if (r->state == REQUEST_READING)
		request_route(r);
	if (r->replied)
		return MHD_YES;
	if (r->headed || r->ended)
		return r->headed ? reply(r) : MHD_NO;
	r->suspended = true;
	g->mhd->suspend_connection(conn);
	return MHD_YES;
}

static void on_completed(
    void *ctx, struct MHD_Connection *conn, void **slot, enum MHD_RequestTerminationCode how)
{
	struct request *r = *slot;

	(void)ctx;
	(void)conn;
	(void)how;
	if (!r)
		return;
	*slot = NULL;
	r->from->request = NULL;
	lane_leave(r);
	request_tell(r);
	list_remove(&r->list);
	answer_fini(r);
	if (r->sse_on)
		sse_fini(&r->sse);
	buf_fini(&r->body);
	buf_fini(&r->out);
	free(r->extra[0]);
	free(r->extra[1]);
	free(r);
}

/* --- life
 * ---------------------------------------------------------------------------------------------- */

/* Targets are compared as they stand: "%2f" is no slash here, and "%00" ends nothing. */
static size_t leave_escaped(void *ctx, struct MHD_Connection *conn, char *text)
{
	(void)ctx;
	(void)conn;
	return strlen(text);
}

int server_start(struct gateway *g, struct err *err)
{
	const union MHD_DaemonInfo *info;

	g->mhd = mhd_api(err);
	if (!g->mhd)
		return err->code;
	g->daemon = g->mhd->start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
	    on_request, g, MHD_OPTION_NOTIFY_COMPLETED, on_completed, g,
	    MHD_OPTION_NOTIFY_CONNECTION, conns_notify, g, MHD_OPTION_CONNECTION_LIMIT,
	    CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_UNESCAPE_CALLBACK,
	    leave_escaped, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	info = g->daemon ? g->mhd->get_daemon_info(g->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info || info->epoll_fd < 0)
		return err_set(err, -EIO, "the gateway's HTTP server does not start");
	g->server_timer = xalloc(sizeof(*g->server_timer));
	uv_timer_init(g->loop, g->server_timer);
	g->server_timer->data = g;
	g->server_poll = xalloc(sizeof(*g->server_poll));
	int rc = uv_poll_init(g->loop, g->server_poll, info->epoll_fd);

	if (rc) {
		free(g->server_poll);
		g->server_poll = NULL;
		return err_set(err, rc, "cannot watch the gateway's sockets: %s", err_name(rc));
	}
	g->server_poll->data = g;
	return uv_poll_start(g->server_poll, UV_READABLE, on_ready);
}

void server_stop(struct gateway *g)
{
	if (g->daemon)
		server_turn(g); /* what was resumed must be seen before the end */
	handle_close((uv_handle_t *)g->server_poll);
	handle_close((uv_handle_t *)g->server_timer);
	if (g->daemon)
		g->mhd->stop_daemon(g->daemon);
	g->daemon = NULL;
}
