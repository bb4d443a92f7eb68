/* Tokens, out of what streams by. */
#include "gateway/priv.h"

#include "base/json.h"

/* A number that no request can have is no count. */
static long long count_of(const json_t *usage, const char *key, long long before)
{
	long long n = json_get_int(usage, key, before);

	return n < 0 || n > TOKENS_MOST ? before : n;
}

static void take(struct request *r, const json_t *doc)
{
	const json_t *usage = json_get_object(doc, "usage");

	if (!usage)
		return;
	r->in = count_of(usage, "prompt_tokens", r->in);
	r->out_tokens = count_of(usage, "completion_tokens", r->out_tokens);
	r->cached =
	    count_of(json_get_object(usage, "prompt_tokens_details"), "cached_tokens", r->cached);
}

/* Most events carry a word of text and no usage; those are not parsed. */
static void on_event(void *ctx, struct str event, struct str data)
{
	struct request *r = ctx;

	(void)event;
	r->text_bytes += data.n;
	if (!str_contains(data, STR("\"usage\"")))
		return;
	json_t *doc = json_parse_loosely(data);

	take(r, doc);
	json_decref(doc);
}

void usage_begin(struct request *r)
{
	if (r->sse_on)
		sse_fini(&r->sse);
	r->sse_on = !r->json;
	if (r->sse_on)
		sse_init(&r->sse, SSE_LINE_MAX, on_event, r);
}

void usage_feed(struct request *r, struct str bytes)
{
	if (r->sse_on && sse_feed(&r->sse, bytes) < 0) {
		sse_fini(&r->sse); /* nonsense is the agent's to refuse */
		r->sse_on = false;
	}
	if (r->json) {
		json_t *doc = json_parse_loosely(bytes);

		r->text_bytes += bytes.n;
		take(r, doc);
		json_decref(doc);
	}
}

void usage_end(struct request *r)
{
	struct port *p = r->port;

	if (!r->in && !r->out_tokens) { /* the upstream does not count: estimate */
		r->in = (long long)(r->body.n / 4);
		r->out_tokens = (long long)(r->text_bytes / 40); /* a chunk's frame is most of it */
	}
	p->in += r->in;
	p->out += r->out_tokens;
	p->cached += r->cached;
	p->answered++;
	if (p->budget)
		p->budget->used += r->in + r->out_tokens;
	if (p->events && p->events->usage)
		p->events->usage(p->ctx, p->in, p->out, p->cached, p->answered);
}
