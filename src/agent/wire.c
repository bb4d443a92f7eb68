/* One chat completion request over HTTP, its answer read as it streams. */
#include "agent/priv.h"

#include "base/utf8.h"
#include "dialect/sse.h"
#include "net/curl.h"

#include <stdlib.h>

struct exchange {
	struct arena *arena;
	struct reply *reply;
	const struct curl_api *api;
	CURL *curl;
	struct sse sse;
	struct buf raw; /* an answer that is no event stream */
	bool is_stream, typed, done;
	int broken;
};

/* --- deltas
 * ---------------------------------------------------------------------------------------- */

static struct reply_call *call_add(struct reply *r, long long index)
{
	struct reply_call *call = &r->calls[r->n_calls];

	if (r->n_calls == REPLY_CALLS_MAX) {
		r->too_many_calls = true;
		return NULL;
	}
	r->n_calls++;
	call->index = index;
	buf_init(&call->id, KIB(1));
	buf_init(&call->name, KIB(1));
	buf_init(&call->args, MIB(1));
	return call;
}

/*
 * The call that a piece belongs to. Its number says so, but there are servers that number nothing,
 * or all calls with 0: then another id, or a name without one, begins another call.
 */
static struct reply_call *call_of(struct reply *r, const json_t *piece, struct str name)
{
	long long index = json_get_int(piece, "index", -1);
	struct str id = json_get_str(piece, "id");
	size_t i = r->n_calls;

	while (i && r->calls[i - 1].index != index)
		i--;
	if (!i)
		return call_add(r, index);
	struct reply_call *call = &r->calls[i - 1];
	bool other = id.n ? call->id.n && !str_eq(id, buf_str(&call->id))
			  : index < 0 && name.n && call->name.n;

	if (index < 0 && r->too_many_calls)
		return NULL;
	return other ? call_add(r, index) : call;
}

static void take_call(struct exchange *x, const json_t *piece)
{
	const json_t *fn = json_get_object(piece, "function");
	struct str name = json_get_str(fn, "name");
	struct reply_call *call = call_of(x->reply, piece, name);

	if (!call)
		return;
	if (!call->id.n)
		buf_add(&call->id, json_get_str(piece, "id"));
	if (!call->name.n)
		buf_add(&call->name, name);
	buf_add(&call->args, json_get_str(fn, "arguments"));
}

static void take_usage(struct exchange *x, const json_t *usage)
{
	if (!usage)
		return;
	x->reply->in = json_get_int(usage, "prompt_tokens", 0);
	x->reply->out = json_get_int(usage, "completion_tokens", 0);
	x->reply->cached =
	    json_get_int(json_get_object(usage, "prompt_tokens_details"), "cached_tokens", 0);
}

static struct str error_text(const json_t *doc)
{
	const json_t *error = json_object_get(doc, "error");
	struct str text = json_get_str(error, "message");

	if (json_is_string(error))
		text = str_from(json_string_value(error));
	return text.n ? text : json_get_str(doc, "message");
}

/* DELTA of a stream, or MESSAGE of a whole answer. */
static void take_message(struct exchange *x, const json_t *message)
{
	struct str text = json_get_str(message, "content");
	struct str think = json_get_str(message, "reasoning_content");
	const json_t *call;
	size_t i;

	if (!think.n)
		think = json_get_str(message, "reasoning");
	out_text("think", think);
	out_text("text", text);
	buf_add(&x->reply->text, text);
	json_array_foreach (json_get_array(message, "tool_calls"), i, call)
		take_call(x, call);
}

static void take_document(struct exchange *x, const json_t *doc)
{
	const json_t *choice = json_array_get(json_get_array(doc, "choices"), 0);
	struct str finish = json_get_str(choice, "finish_reason"), error = error_text(doc);

	if (error.n && !choice)
		x->reply->error = arena_dup(x->arena, utf8_cut(error, 2000));
	take_message(
	    x, json_get_object(choice, json_get_object(choice, "delta") ? "delta" : "message"));
	take_usage(x, json_get_object(doc, "usage"));
	x->reply->streaming |= choice != NULL;
	if (finish.n)
		x->reply->finish = arena_dup(x->arena, finish);
}

static void on_event(void *ctx, struct str event, struct str data)
{
	struct exchange *x = ctx;

	(void)event;
	if (str_is(str_trim(data), "[DONE]")) {
		x->done = true;
		return;
	}
	if (!str_trim(data).n) /* a sign of life */
		return;
	json_t *doc = json_parse_loosely(data);

	if (doc)
		take_document(x, doc);
	else
		x->broken = -EPROTO;
	json_decref(doc);
}

/* --- bytes
 * ------------------------------------------------------------------------------------------ */

static void look_at_type(struct exchange *x)
{
	char *type = NULL;
	long status = 0;

	x->typed = true;
	x->api->easy_getinfo(x->curl, CURLINFO_CONTENT_TYPE, &type);
	x->api->easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	x->is_stream = type && strncmp(type, "text/event-stream", 17) == 0 && status == 200;
}

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	struct str bytes = { p, size * n };

	if (!x->typed)
		look_at_type(x);
	if (!x->is_stream) {
		buf_add(&x->raw, bytes);
		return buf_status(&x->raw) ? 0 : bytes.n;
	}
	int rc = sse_feed(&x->sse, bytes); /* may set broken on its way */

	x->broken = x->broken ? x->broken : rc;
	return x->broken || buf_status(&x->reply->text) ? 0 : bytes.n;
}

static void take_raw(struct exchange *x)
{
	json_t *doc = json_parse_loosely(buf_str(&x->raw));
	struct reply *r = x->reply;

	if (r->status == 200 && json_get_array(doc, "choices"))
		take_document(x, doc);
	else
		r->error = arena_dup(x->arena, utf8_cut(error_text(doc), 2000));
	if (r->status == 200 && !json_get_array(doc, "choices") && !r->error.n)
		r->error = STR("the model server's answer is no chat completion");
	if (r->status != 200 && !r->error.n)
		r->error = str_from(arena_printf(x->arena, "HTTP status %d", r->status));
	json_decref(doc);
}

static void set_options(
    struct exchange *x, const struct wire *w, struct curl_slist *headers, struct str body)
{
	const struct curl_api *api = x->api;
	CURL *c = x->curl;

	api->easy_setopt(c, CURLOPT_URL, arena_printf(x->arena, "%s/chat/completions", w->url));
	api->easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
	api->easy_setopt(c, CURLOPT_PROXY, "");
	api->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	api->easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	api->easy_setopt(c, CURLOPT_POST, 1L);
	api->easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
	api->easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	api->easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	api->easy_setopt(c, CURLOPT_WRITEDATA, x);
}

static void perform(struct exchange *x, const struct wire *w, struct str body)
{
	struct curl_slist *headers = x->api->slist_append(NULL, "Content-Type: application/json");
	struct reply *r = x->reply;
	long status = 0;

	headers = x->api->slist_append(headers, "Expect:");
	headers = x->api->slist_append(
	    headers, arena_printf(x->arena, "Authorization: Bearer %s", w->token));
	set_options(x, w, headers, body);
	CURLcode rc = x->api->easy_perform(x->curl);

	x->api->easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	x->api->slist_free_all(headers);
	r->status = (int)status;
	if (!x->typed)
		look_at_type(x); /* there was no body */
	if (rc != CURLE_OK)
		r->error = str_from(arena_printf(x->arena, "%s", x->api->easy_strerror(rc)));
	else if (!x->is_stream)
		take_raw(x);
	else if (!x->done && !r->finish.n)
		r->error = STR("the model server's stream ended early");
}

/* Why we did not take what came; libcurl only knows that we did not. */
static void name_cause(struct exchange *x)
{
	struct reply *r = x->reply;
	const struct {
		bool passed;
		const char *what;
		size_t max;
	} ceilings[] = {
		{ buf_status(&r->text) != 0, "the model's answer was cut at", r->text.max },
		{ x->broken == -E2BIG, "an event of the model server is larger than",
		    SSE_LINE_MAX },
		{ buf_status(&x->raw) != 0, "what the model server sent is larger than",
		    x->raw.max },
	};

	r->too_long = ceilings[0].passed;
	if (x->broken)
		r->error = STR("the model server's stream is malformed");
	for (size_t i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++)
		if (ceilings[i].passed) {
			r->error = str_from(arena_printf(
			    x->arena, "%s %zu MiB", ceilings[i].what, ceilings[i].max >> 20));
			return;
		}
}

void wire_ask(struct wire *w, struct arena *a, struct str body, struct reply *ret)
{
	struct exchange x = { .arena = a, .reply = ret };
	struct err err = { 0 };

	*ret = (struct reply){ .calls = xalloc(REPLY_CALLS_MAX * sizeof(*ret->calls)) };
	buf_init(&ret->text, ANSWER_TAKEN_MAX);
	x.api = curl_api(&err);
	if (x.api && !w->curl)
		w->curl = x.api->easy_init();
	x.curl = w->curl;
	if (!x.curl) {
		ret->error = str_from(arena_printf(a, "libcurl: %s", err.what));
		return;
	}
	buf_init(&x.raw, MIB(8));
	sse_init(&x.sse, SSE_LINE_MAX, on_event, &x);
	perform(&x, w, body);
	name_cause(&x);
	sse_fini(&x.sse);
	buf_fini(&x.raw);
}

void wire_close(struct wire *w)
{
	if (w->curl)
		curl_api(NULL)->easy_cleanup(w->curl);
}

void reply_fini(struct reply *r)
{
	for (size_t i = 0; i < r->n_calls; i++) {
		buf_fini(&r->calls[i].id);
		buf_fini(&r->calls[i].name);
		buf_fini(&r->calls[i].args);
	}
	free(r->calls);
	buf_fini(&r->text);
}
