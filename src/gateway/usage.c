/* Tokens, out of what streams by. */
#include "gateway/priv.h"

#include "base/json.h"

/* Most events carry a word of text and no usage; those are not parsed. */
static void on_event(void *ctx, struct str event, struct str data)
{
	struct request *r = ctx;

	(void)event;
	r->text_bytes += data.n;
	if (!str_contains(data, STR("\"usage")))
		return;
	json_t *doc = json_parse_loosely(data);

	dialect_usage(r->port->up->dialect, doc, &r->usage);
	json_decref(doc);
}

void usage_begin(struct request *r)
{
	if (r->sse_on)
		sse_fini(&r->sse);
	r->sse_on = !r->whole && !r->writer;
	if (r->sse_on)
		sse_init(&r->sse, SSE_LINE_MAX, on_event, r);
}

void usage_feed(struct request *r, struct str bytes)
{
	if (r->sse_on && sse_feed(&r->sse, bytes) < 0) {
		sse_fini(&r->sse); /* nonsense is the agent's to refuse */
		r->sse_on = false;
	}
	if (r->whole) {
		json_t *doc = json_parse_loosely(bytes);

		r->text_bytes += bytes.n;
		dialect_usage(r->port->up->dialect, doc, &r->usage);
		json_decref(doc);
	}
}

/* The upstream does not count: a token is some four bytes, and a chunk's frame is most of it. */
static void estimate(struct request *r)
{
	r->usage.in = dialect_estimate(r->body.n);
	r->usage.out = dialect_estimate(r->writer ? r->text_bytes : r->text_bytes / 10);
}

void usage_end(struct request *r)
{
	struct port *p = r->port;

	if (r->writer)
		r->usage = answer_reader_usage(r->reader);
	if (!r->usage.in && !r->usage.out)
		estimate(r);
	p->in += r->usage.in;
	p->out += r->usage.out;
	p->cached += r->usage.cached;
	p->answered++;
	if (p->budget)
		p->budget->used += r->usage.in + r->usage.out;
	if (p->events && p->events->usage)
		p->events->usage(p->ctx, p->in, p->out, p->cached, p->answered);
}
