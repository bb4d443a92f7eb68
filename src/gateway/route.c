/*
 * What a request is for, who may ask, and what an attempt may ask for in all. An agent names no
 * host: a target that is not one of ours, whatever it looks like, is a path that nobody serves.
 */
#include "gateway/priv.h"

#include "base/json.h"

#include <stdlib.h>

#define EXTRA_MAX 2048 /* bytes of a header that is passed on */

/* --- who may ask --------------------------------------------------------------------------- */

/* Compares in constant time; the lengths are no secret. */
static bool same_secret(const char *a, const char *b)
{
	size_t n = strlen(a);
	unsigned char diff = 0;

	if (n != strlen(b))
		return false;
	for (size_t i = 0; i < n; i++)
		diff |= (unsigned char)(a[i] ^ b[i]);
	return diff == 0;
}

static const char *value_of(const struct request *r, enum MHD_ValueKind kind, const char *name)
{
	return r->port->g->mhd->lookup_connection_value(r->conn, kind, name);
}

static bool shows(const struct request *r, const char *name, const char *prefix)
{
	const char *value = value_of(r, MHD_HEADER_KIND, name);

	return value && strncmp(value, prefix, strlen(prefix)) == 0 &&
	       same_secret(value + strlen(prefix), r->port->token);
}

bool request_is_authorized(struct request *r)
{
	enum dialect d = r->target.dialect;

	if (shows(r, dialect_key_header(d), dialect_key_prefix(d)))
		return true;
	if (d == DIALECT_MESSAGES)
		return shows(r, "Authorization", "Bearer ");
	if (d != DIALECT_GEMINI)
		return false;
	const char *key = value_of(r, MHD_GET_ARGUMENT_KIND, "key");

	return key && same_secret(key, r->port->token);
}

/* --- what is answered here ----------------------------------------------------------------- */

static void list_models(struct request *r)
{
	request_answer(r, 200,
	    json_pack("{s:s, s:[{s:o, s:s, s:s}]}", "object", "list", "data", "id",
		json_cstr(r->port->model[0] ? r->port->model : "default"), "object", "model",
		"owned_by", "tutti"));
}

static void count_tokens(struct request *r)
{
	enum dialect d = r->target.dialect;

	request_answer(r, 200, dialect_count(d, dialect_estimate(r->body.n)));
}

/* --- what goes on -------------------------------------------------------------------------- */

/* The body becomes DOC, which is taken. */
static int set_body(struct request *r, json_t *doc)
{
	buf_clear(&r->body);
	buf_add_value(&r->body, doc);
	json_decref(doc);
	return buf_status(&r->body);
}

/* The model is ours to choose, and usage is wanted whether the agent asks for it or not. */
static void set_model(struct request *r, enum dialect d, json_t *doc)
{
	if (d == DIALECT_GEMINI)
		return; /* its address says it */
	if (r->port->model[0])
		json_object_set_new(doc, "model", json_cstr(r->port->model));
	if (d == DIALECT_CHAT && r->stream)
		json_object_set_new(doc, "stream_options", json_pack("{s:b}", "include_usage", 1));
}

/* A word list as beta headers are: nothing that could end the header. */
static bool is_plain(const char *value)
{
	size_t n = 0;

	while (value[n] >= ' ' && value[n] < 0x7f)
		n++;
	return !value[n] && n < EXTRA_MAX;
}

/* What a request of the Messages API may hold is said in headers. */
static void keep_extra(struct request *r)
{
	static const char *const names[] = { "anthropic-version", "anthropic-beta" };

	for (size_t i = 0; i < 2; i++) {
		const char *value = value_of(r, MHD_HEADER_KIND, names[i]);

		free(r->extra[i]);
		r->extra[i] = NULL;
		if (value && is_plain(value))
			r->extra[i] = xprintf("%s: %s", names[i], value);
	}
}

/* Same dialect on both sides: what the agent says goes on as it is. Else it is translated. */
static json_t *rewrite(struct request *r, json_t *doc, const char **ret_why)
{
	enum dialect from = r->target.dialect, to = r->port->up->dialect;
	json_t *chat, *out;

	*ret_why = from == DIALECT_CHAT ? "this is no chat completion request"
					: "this is no request for an answer";
	if (!json_is_object(doc) || !dialect_is_request(from, doc))
		return NULL;
	r->stream = dialect_wants_stream(from, doc, r->target.stream);
	if (from == to) {
		if (from == DIALECT_MESSAGES)
			keep_extra(r);
		return json_incref(doc);
	}
	chat = dialect_to_chat(from, doc, r->target.stream, ret_why);
	if (!chat)
		return NULL;
	out = to == DIALECT_CHAT ? json_incref(chat) : dialect_from_chat(to, chat);
	json_decref(chat);
	answer_translate(r, doc);
	return out;
}

static bool prepare(struct request *r)
{
	json_t *doc = json_parse_loosely(buf_str(&r->body)), *out;
	const char *why;
	bool fits = true;

	out = rewrite(r, doc, &why);
	if (out) {
		set_model(r, r->port->up->dialect, out);
		fits = set_body(r, out) == 0;
	}
	json_decref(doc);
	if (!out)
		request_refuse(r, 400, "invalid_request_error", why);
	else if (!fits)
		request_refuse(
		    r, 413, "invalid_request_error", "the request is larger than 16 MiB");
	return out && fits;
}

/* --- what an attempt may ask for ----------------------------------------------------------- */

static void check_ceilings(struct port *p)
{
	if (++p->asked > ATTEMPT_REQUESTS_MAX)
		port_fail(p, ENDING_TRUNCATED, true, "more than %d requests in one attempt",
		    ATTEMPT_REQUESTS_MAX);
	else if (p->sent > ATTEMPT_SENT_MAX)
		port_fail(p, ENDING_TRUNCATED, true, "more than %zu MiB asked in one attempt",
		    ATTEMPT_SENT_MAX >> 20);
	else if (p->got > ATTEMPT_GOT_MAX)
		port_fail(p, ENDING_TRUNCATED, true, "more than %zu MiB answered in one attempt",
		    ATTEMPT_GOT_MAX >> 20);
	else if (p->in + p->out > ATTEMPT_TOKENS_MAX)
		port_fail(p, ENDING_TRUNCATED, true, "more than %d tokens in one attempt",
		    ATTEMPT_TOKENS_MAX);
}

/* Some agents ask for ever. */
static void refuse_hopeless(struct request *r)
{
	struct port *p = r->port;

	request_refuse(r, 400, "tutti_refused", p->why);
	if (++p->refused < ATTEMPT_REFUSED_MAX || p->over)
		return;
	p->over = true;
	if (p->events && p->events->over)
		p->events->over(p->ctx);
}

static void answer(struct request *r)
{
	struct port *p = r->port;

	if (!p->fatal)
		check_ceilings(p);
	if (p->fatal) {
		refuse_hopeless(r);
	} else if (prepare(r)) {
		if (p->events && p->events->active)
			p->events->active(p->ctx);
		lane_enter(r);
	}
}

/* --- the request --------------------------------------------------------------------------- */

void request_route(struct request *r)
{
	if (!request_is_authorized(r)) {
		request_refuse(r, 401, "invalid_api_key", "this token is not of this attempt");
		return;
	}
	if (r->taken > MODEL_REQUEST_MAX) {
		request_refuse(
		    r, 413, "invalid_request_error", "the request is larger than 16 MiB");
		return;
	}
	switch (r->target.service) {
	case SERVICE_MODELS:
		list_models(r);
		break;
	case SERVICE_COUNT:
		count_tokens(r);
		break;
	case SERVICE_ANSWER:
		r->port->sent += r->taken;
		sha256_of(buf_str(&r->body), r->asked);
		answer(r);
		break;
	case SERVICE_NONE:
		request_refuse(r, 404, "not_found", "nothing is served at this address");
		break;
	}
}

void request_tell(struct request *r)
{
	struct port *p = r->port;
	struct exchange x = { .from = dialect_name(r->target.dialect), .to = "" };

	if (r->told || !r->asked[0] || !p->events || !p->events->exchanged)
		return;
	r->told = true;
	x.number = ++p->exchanges;
	if (r->tries)
		x.to = dialect_name(p->up->dialect);
	x.status = r->status;
	x.cut = r->cut || !r->ended;
	x.tries = r->tries;
	x.sent = r->taken;
	x.got = r->got;
	memcpy(x.asked, r->asked, sizeof(x.asked));
	sha256_end(&r->answered, x.answered);
	p->events->exchanged(p->ctx, &x);
}
