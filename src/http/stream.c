#include "http/priv.h"

#include <stdlib.h>

#define BLOCK KIB(32)

struct http_stream {
	struct request *r;
	const struct http_stream_events *events;
	void *ctx;
	struct buf out;
	bool ended, broken, cut;
	msec_t moved; /* when the client last took something */
};

/* MHD wants more. */
static ssize_t on_read(void *ctx, uint64_t pos, char *p, size_t max)
{
	struct http_stream *s = ctx;
	size_t n = s->out.n < max ? s->out.n : max;

	(void)pos;
	if (s->cut || !s->r->from || s->r->from->lost)
		return MHD_CONTENT_READER_END_WITH_ERROR; /* suspended now, it would never be woken
							   */
	if (!n && s->broken) {
		conn_cut(s->r->from);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (!n && s->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!n) {
		s->r->suspended = true;
		s->r->h->mhd->suspend_connection(s->r->mhd);
		return 0;
	}
	memcpy(p, s->out.p, n);
	buf_drop(&s->out, n);
	s->moved = clock_boot();
	if (!s->out.n && !s->ended)
		s->events->drained(s->ctx);
	return (ssize_t)n;
}

static struct MHD_Response *make(struct http_stream *s, const char *type)
{
	struct request *r = s->r;
	struct MHD_Response *response =
	    r->h->mhd->create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, s, NULL);

	if (!response)
		return NULL;
	send_headers(r, response, policy_strictest);
	send_header(r, response, "Content-Type", type);
	send_header(r, response, "Cache-Control", "no-store");
	return send_whole(r, response);
}

struct http_stream *http_stream_open(
    struct http_req *q, const char *type, const struct http_stream_events *events, void *ctx)
{
	struct request *r = request_of(q);
	struct http_stream *s;
	struct MHD_Response *response;

	if (q->head) { /* MHD would end it with a chunk, which a HEAD has none of */
		http_send(q, &(struct http_answer){ .status = 200, .type = type });
		return NULL;
	}
	s = xalloc(sizeof(*s));
	*s = (struct http_stream){ .r = r, .events = events, .ctx = ctx };
	response = r->mhd ? make(s, type) : NULL;
	if (!response) {
		free(s);
		request_answered(r, NULL, 0);
		return NULL;
	}
	buf_init(&s->out, HTTP_BACKLOG_MAX);
	r->stream = s;
	request_answered(r, response, 200);
	return s;
}

static bool is_gone(const struct http_stream *s)
{
	return s->cut || s->ended || !s->r->from || s->r->from->lost;
}

int http_stream_write(struct http_stream *s, struct str bytes)
{
	if (is_gone(s))
		return -EPIPE;
	if (!s->out.n)
		s->moved = clock_boot();
	buf_add(&s->out, bytes);
	if (buf_status(&s->out)) {
		s->cut = true;
		conn_cut(s->r->from);
		return -EPIPE;
	}
	request_resume(s->r);
	return 0;
}

size_t http_stream_backlog(const struct http_stream *s)
{
	return s->out.n;
}

void http_stream_close(struct http_stream *s)
{
	s->ended = true;
	request_resume(s->r);
}

void http_stream_break(struct http_stream *s)
{
	s->broken = true;
	http_stream_close(s);
}

void stream_over(struct http_stream *s)
{
	s->r->stream = NULL;
	s->events->gone(s->ctx);
	buf_fini(&s->out);
	free(s);
}

void stream_tick(struct http_stream *s, msec_t now)
{
	if (s->out.n && now - s->moved >= STALL_MS)
		conn_cut(s->r->from);
}
