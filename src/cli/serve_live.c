/*
 * Connections that go on: the WebSocket of a page, and the log of one run as Server-Sent Events or
 * JSON lines. Each is a cursor of the hub; here is only who is joined to whom.
 */
#include "cli/serve.h"

#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>

#define WS_PATH "/api/v1/ws"
#define WS_PROTOCOL "tutti.v1"
#define RUNS_PATH "/api/v1/runs/"
#define EVENTS_TAIL "/events"
#define PAGE_EVENTS 1000 /* of a log, in one answer */

/* --- a page ------------------------------------------------------------------------------- */

struct page {
	struct http_ws *ws;
	struct hub_session *session;
};

static void page_message(void *ctx, struct str text)
{
	struct page *p = ctx;

	if (p->session)
		hub_session_message(p->session, text);
}

static void page_drained(void *ctx)
{
	struct page *p = ctx;

	if (p->session)
		hub_session_drained(p->session);
}

static void page_gone(void *ctx)
{
	struct page *p = ctx;

	hub_session_close(p->session);
	free(p);
}

static int page_send(void *ctx, struct shared *frame)
{
	struct page *p = ctx;

	return http_ws_send(p->ws, frame);
}

static size_t page_backlog(void *ctx)
{
	struct page *p = ctx;

	return http_ws_backlog(p->ws);
}

static void open_page(struct serve *s, struct http_req *q)
{
	static const struct http_ws_events events = { page_message, page_drained, page_gone };
	struct page *p = xalloc(sizeof(*p));

	p->ws = http_ws_open(q, WS_PROTOCOL, &events, p);
	if (!p->ws) {
		free(p);
		return;
	}
	p->session = hub_session_open(s->hub, page_send, page_backlog, p);
	if (!p->session)
		http_ws_close(p->ws, 1013, "too many pages watch");
}

/* --- one log ------------------------------------------------------------------------------ */

/* A request for the log of a run, until it is known which run and how it goes on. */
struct log_request {
	struct serve *serve;
	struct http_req *q;
	struct str run, step;
	int64_t key, after;
	bool sse, lines, follow;
	struct err err;
	json_t *items; /* of one answer */
	int64_t last;
	bool more;
};

struct log_stream {
	struct http_stream *stream;
	struct hub_follow *follow;
};

static int stream_write(void *ctx, struct str text)
{
	struct log_stream *l = ctx;

	return http_stream_write(l->stream, text);
}

static size_t stream_backlog(void *ctx)
{
	struct log_stream *l = ctx;

	return http_stream_backlog(l->stream);
}

static void stream_ended(void *ctx, int rc)
{
	struct log_stream *l = ctx;

	if (rc)
		http_stream_break(l->stream);
	else
		http_stream_close(l->stream);
}

static void stream_drained(void *ctx)
{
	struct log_stream *l = ctx;

	if (l->follow)
		hub_follow_drained(l->follow);
}

static void stream_gone(void *ctx)
{
	struct log_stream *l = ctx;

	hub_follow_close(l->follow);
	free(l);
}

static void open_stream(struct log_request *r)
{
	static const struct http_stream_events events = { stream_drained, stream_gone };
	static const struct hub_follow_events out = { stream_write, stream_backlog, stream_ended };
	const struct hub_follow_options o = { .run = r->key,
		.after = r->after,
		.step = r->step,
		.sse = r->sse,
		.follow = r->follow };
	struct log_stream *l = xalloc(sizeof(*l));
	struct hub *hub = r->serve->hub;

	l->stream = http_stream_open(
	    r->q, r->sse ? "text/event-stream" : "application/x-ndjson", &events, l);
	if (!l->stream) {
		free(l);
		return;
	}
	l->follow = hub_follow(hub, &o, &out, l);
	if (!l->follow)
		http_stream_break(l->stream);
}

/* --- one answer --------------------------------------------------------------------------- */

static int take_event(void *ctx, const struct event_row *row)
{
	struct log_request *r = ctx;
	json_t *data = json_parse(row->data, NULL);
	char at[32];

	if (json_array_size(r->items) == PAGE_EVENTS) {
		r->more = true;
		json_decref(data);
		return 0;
	}
	r->last = row->seq;
	if (!r->step.n || str_eq(json_get_str(data, "step"), r->step))
		json_array_append_new(
		    r->items, json_pack("{s:I, s:s, s:o, s:O}", "seq", (json_int_t)row->seq, "at",
				  clock_iso(row->at, at, sizeof(at)), "type", json_text(row->type),
				  "data", data));
	json_decref(data);
	return 0;
}

static int resolve(struct store *s, void *ctx)
{
	struct log_request *r = ctx;
	int rc = engine_resolve(s, r->run, STR(""), &r->key, &r->err);

	if (rc || r->sse || r->lines)
		return rc;
	if (r->items)
		json_array_clear(r->items);
	else
		r->items = json_array();
	r->more = false;
	return s->ops->event_read(s, r->key, r->after, PAGE_EVENTS + 1, take_event, r);
}

static void on_resolved(void *ctx, int rc)
{
	struct log_request *r = ctx;

	if (rc) {
		if (!r->err.code)
			err_set(&r->err, rc, "the log cannot be read");
		http_send_error(r->q,
		    rc == -ENOENT   ? 404
		    : rc == -EEXIST ? 409
				    : 500,
		    rc == -ENOENT   ? "not_found"
		    : rc == -EEXIST ? "ambiguous"
				    : "internal",
		    &r->err);
		json_decref(r->items);
	} else if (r->sse || r->lines) {
		open_stream(r);
	} else {
		http_send_json(r->q, 200,
		    json_pack("{s:o, s:o}", "items", r->items, "next",
			r->more ? json_integer(r->last) : json_null()));
	}
}

static void bad_request(struct http_req *q, const char *what)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "%s", what);
	http_send_error(q, 400, "bad_request", &err);
}

/* Where a broken connection left off, else what the address says. */
static int read_after(struct http_req *q, int64_t *ret)
{
	struct str last = http_header(q, "Last-Event-ID");
	long long after = 0;
	int rc = http_query_int(q, "after", 0, INT64_MAX, 0, &after);

	for (size_t i = 0; last.n && i < last.n; i++) {
		if (last.p[i] < '0' || last.p[i] > '9' || last.n > 18)
			return -EINVAL;
		after = (i ? after * 10 : 0) + (last.p[i] - '0');
	}
	*ret = after;
	return rc;
}

static void open_log(struct serve *s, struct http_req *q, struct str run)
{
	struct log_request *r = arena_new(q->arena, struct log_request);
	struct str accept = http_header(q, "Accept");
	long long follow = 0;

	*r = (struct log_request){ .serve = s, .q = q, .run = run, .step = http_query(q, "step") };
	r->sse = str_contains(accept, STR("text/event-stream"));
	r->lines = !r->sse && str_contains(accept, STR("application/x-ndjson"));
	if (read_after(q, &r->after) < 0 ||
	    http_query_int(q, "follow", 0, 1, r->sse, &follow) < 0) {
		bad_request(q, "after is the number of an event, follow is 0 or 1");
		return;
	}
	r->follow = follow != 0;
	engine_read(s->house.engine, resolve, on_resolved, r);
}

/* ID of "/api/v1/runs/ID/events". */
static bool is_log(struct str path, struct str *ret)
{
	if (!str_starts(path, STR(RUNS_PATH)) || !str_ends(path, STR(EVENTS_TAIL)) ||
	    path.n <= strlen(RUNS_PATH) + strlen(EVENTS_TAIL))
		return false;
	*ret = str_take(
	    str_skip(path, strlen(RUNS_PATH)), path.n - strlen(RUNS_PATH) - strlen(EVENTS_TAIL));
	return !str_contains(*ret, STR("/"));
}

bool serve_live(struct serve *s, struct http_req *q)
{
	struct str run;

	if (q->method != HTTP_GET)
		return false;
	if (str_is(q->path, WS_PATH))
		open_page(s, q);
	else if (is_log(q->path, &run))
		open_log(s, q, run);
	else
		return false;
	return true;
}
