/* What readers of all dialects share: the stream, calls that come in bits, one beginning, one end.
 */
#include "dialect/priv.h"

#include <stdlib.h>

static void put(struct answer_reader *r, const struct piece *p)
{
	if (!r->over && !r->status)
		r->fn(r->ctx, p);
}

static void begin(struct answer_reader *r)
{
	if (r->begun)
		return;
	r->begun = true;
	put(r, &(struct piece){ .type = PIECE_BEGIN, .usage = r->usage });
}

void read_nonsense(struct answer_reader *r)
{
	if (!r->lenient)
		r->status = -EPROTO;
}

void read_text(struct answer_reader *r, enum piece_type type, struct str text)
{
	begin(r);
	if (text.n)
		put(r, &(struct piece){ .type = type, .text = text });
}

struct open_call *read_call(struct answer_reader *r, long long index)
{
	struct open_call *c;

	for (size_t i = 0; i < r->n_calls; i++)
		if (r->calls[i].index == index && !r->calls[i].done)
			return &r->calls[i];
	if (r->n_calls == DIALECT_CALLS_MAX) {
		r->status = -E2BIG;
		return NULL;
	}
	r->calls = xrealloc(r->calls, (r->n_calls + 1) * sizeof(*r->calls));
	c = &r->calls[r->n_calls++];
	*c = (struct open_call){ .index = index };
	buf_init(&c->id, KIB(4));
	buf_init(&c->name, KIB(4));
	buf_init(&c->args, MODEL_RESPONSE_MAX);
	return c;
}

void read_args(struct answer_reader *r, struct open_call *c, struct str text)
{
	if (r->lenient) {
		put(r, &(struct piece){ .type = PIECE_CALL, .text = text });
		return;
	}
	r->bytes += text.n;
	if (r->bytes > MODEL_RESPONSE_MAX)
		r->status = -E2BIG;
	else
		buf_add(&c->args, text);
}

void read_error(struct answer_reader *r, struct str text)
{
	begin(r);
	put(r, &(struct piece){ .type = PIECE_ERROR,
		   .text = text.n ? text : STR("the model server reports an error") });
	r->over = !r->lenient;
}

static void say_call(struct answer_reader *r, struct open_call *c)
{
	struct piece p = { .type = PIECE_CALL,
		.id = buf_str(&c->id),
		.name = buf_str(&c->name),
		.text = buf_str(&c->args) };

	if (!str_trim(p.text).n)
		p.text = STR("{}");
	put(r, &p);
}

static void drop_calls(struct answer_reader *r)
{
	for (size_t i = 0; i < r->n_calls; i++) {
		buf_fini(&r->calls[i].id);
		buf_fini(&r->calls[i].name);
		buf_fini(&r->calls[i].args);
	}
	r->n_calls = 0;
}

void read_over(struct answer_reader *r)
{
	struct piece end = { .type = PIECE_END, .finish = r->finish, .usage = r->usage };

	if (r->over)
		return;
	begin(r);
	for (size_t i = 0; i < r->n_calls; i++)
		say_call(r, &r->calls[i]);
	if (r->n_calls && end.finish == FINISH_STOP)
		end.finish = FINISH_CALLS;
	drop_calls(r);
	put(r, &end);
	r->over = !r->lenient;
}

static void on_event(void *ctx, struct str event, struct str data)
{
	static void (*const readers[DIALECTS])(struct answer_reader * r, struct str data,
	    const json_t *doc) = { read_chat, read_messages, read_responses, read_gemini };
	struct answer_reader *r = ctx;
	json_t *doc = NULL;

	(void)event; /* its name stands in the data, too, wherever it matters */
	if (r->over || r->status)
		return;
	if (!str_is(data, "[DONE]")) {
		doc = json_parse_loosely(data);
		if (!json_is_object(doc)) {
			json_decref(doc);
			read_nonsense(r);
			return;
		}
		dialect_usage(r->dialect, doc, &r->usage);
	}
	readers[r->dialect](r, data, doc);
	json_decref(doc);
}

struct answer_reader *answer_reader_create(enum dialect d, bool lenient, piece_fn fn, void *ctx)
{
	struct answer_reader *r = xalloc(sizeof(*r));

	r->dialect = d;
	r->lenient = lenient;
	r->fn = fn;
	r->ctx = ctx;
	sse_init(&r->sse, SSE_LINE_MAX, on_event, r);
	return r;
}

void answer_reader_destroy(struct answer_reader *r)
{
	if (!r)
		return;
	drop_calls(r);
	free(r->calls);
	sse_fini(&r->sse);
	free(r);
}

int answer_reader_feed(struct answer_reader *r, struct str bytes)
{
	int rc;

	if (r->status)
		return r->status;
	rc = sse_feed(&r->sse, bytes);
	if (rc && !r->status)
		r->status = rc;
	return r->status;
}

int answer_reader_whole(struct answer_reader *r, const json_t *doc)
{
	static void (*const readers[DIALECTS])(struct answer_reader * r,
	    const json_t *doc) = { whole_chat, whole_messages, whole_responses, whole_gemini };

	if (!dialect_is_answer(r->dialect, doc))
		return -EPROTO;
	dialect_usage(r->dialect, doc, &r->usage);
	readers[r->dialect](r, doc);
	if (!r->status)
		read_over(r);
	return r->status;
}

int answer_reader_end(struct answer_reader *r)
{
	if (!r->status && !r->over && r->finished)
		read_over(r);
	if (!r->status && !r->over)
		r->status = -EPROTO;
	return r->status;
}

struct usage answer_reader_usage(const struct answer_reader *r)
{
	return r->usage;
}
