/* Errors and usage, in the words of each dialect. */
#include "dialect/priv.h"

#define TOKENS_MOST 1000000000 /* of one request */

/* --- errors ---------------------------------------------------------------------------------- */

static const char *messages_type(int status)
{
	static const struct {
		int status;
		const char *type;
	} all[] = { { 401, "authentication_error" }, { 403, "permission_error" },
		{ 404, "not_found_error" }, { 413, "request_too_large" },
		{ 429, "rate_limit_error" }, { 500, "api_error" }, { 529, "overloaded_error" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].status == status)
			return all[i].type;
	return status >= 500 ? "api_error" : "invalid_request_error";
}

static const char *gemini_status(int status)
{
	static const struct {
		int status;
		const char *word;
	} all[] = { { 401, "UNAUTHENTICATED" }, { 403, "PERMISSION_DENIED" }, { 404, "NOT_FOUND" },
		{ 429, "RESOURCE_EXHAUSTED" }, { 500, "INTERNAL" }, { 503, "UNAVAILABLE" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].status == status)
			return all[i].word;
	return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
}

json_t *dialect_error(enum dialect d, int status, const char *type, const char *message)
{
	if (d == DIALECT_MESSAGES)
		return json_pack("{s:s, s:{s:s, s:o}}", "type", "error", "error", "type",
		    messages_type(status), "message", json_cstr(message));
	if (d == DIALECT_GEMINI)
		return json_pack("{s:{s:i, s:o, s:s}}", "error", "code", status, "message",
		    json_cstr(message), "status", gemini_status(status));
	return json_pack("{s:{s:o, s:s, s:s}}", "error", "message", json_cstr(message), "type",
	    type, "code", type);
}

struct str dialect_error_words(const json_t *doc, struct str raw, char *buf, size_t max)
{
	const json_t *error =
	    json_object_get(json_is_array(doc) ? json_array_get(doc, 0) : doc, "error");
	struct str text = json_get_str(error, "message"), code = json_get_str(error, "code");

	if (json_is_string(error))
		text = str_from(json_string_value(error));
	if (!text.n)
		text = json_get_str(doc, "message");
	if (!code.n)
		code = json_get_str(error, "status");
	if (!doc)
		return str_take(raw, 200);
	if (!code.n || str_contains(text, code))
		return text;
	if (!text.n)
		return code;
	snprintf(
	    buf, max, "%.*s (%.*s)", STR_ARG(str_take(text, 230)), STR_ARG(str_take(code, 60)));
	return str_from(buf);
}

/* --- usage ----------------------------------------------------------------------------------- */

/* A number that no request can have is no count. */
static void count(const json_t *usage, const char *key, long long *n)
{
	long long value = json_get_int(usage, key, *n);

	if (value >= 0 && value <= TOKENS_MOST)
		*n = value;
}

static void chat_usage(const json_t *usage, struct usage *u)
{
	count(usage, "prompt_tokens", &u->in);
	count(usage, "completion_tokens", &u->out);
	count(json_get_object(usage, "prompt_tokens_details"), "cached_tokens", &u->cached);
}

/* What was read from the cache, or put into it, is not among the input tokens. */
static void messages_usage(const json_t *usage, struct usage *u)
{
	long long in = 0, written = 0;

	if (json_is_integer(json_object_get(usage, "input_tokens"))) {
		u->cached = 0;
		count(usage, "cache_read_input_tokens", &u->cached);
		count(usage, "cache_creation_input_tokens", &written);
		count(usage, "input_tokens", &in);
		u->in = in + written + u->cached;
	}
	count(usage, "output_tokens", &u->out);
}

static void responses_usage(const json_t *usage, struct usage *u)
{
	count(usage, "input_tokens", &u->in);
	count(usage, "output_tokens", &u->out);
	count(json_get_object(usage, "input_tokens_details"), "cached_tokens", &u->cached);
}

static void gemini_usage(const json_t *usage, struct usage *u)
{
	long long out = 0, thought = 0;

	count(usage, "promptTokenCount", &u->in);
	count(usage, "cachedContentTokenCount", &u->cached);
	count(usage, "candidatesTokenCount", &out);
	count(usage, "thoughtsTokenCount", &thought);
	if (out + thought > u->out)
		u->out = out + thought;
}

void dialect_usage(enum dialect d, const json_t *doc, struct usage *usage)
{
	const json_t *inner = json_get_object(doc, "message");

	switch (d) {
	case DIALECT_MESSAGES:
		messages_usage(json_get_object(inner ? inner : doc, "usage"), usage);
		break;
	case DIALECT_RESPONSES:
		inner = json_get_object(doc, "response");
		responses_usage(json_get_object(inner ? inner : doc, "usage"), usage);
		break;
	case DIALECT_GEMINI:
		gemini_usage(json_get_object(doc, "usageMetadata"), usage);
		break;
	case DIALECT_CHAT:
	case DIALECTS:
		chat_usage(json_get_object(doc, "usage"), usage);
		break;
	}
}

bool dialect_is_answer(enum dialect d, const json_t *doc)
{
	static const char *const lists[DIALECTS] = { "choices", "content", "output", "candidates" };

	return json_get_array(doc, lists[d]) ||
	       (d == DIALECT_GEMINI && json_get_object(doc, "promptFeedback"));
}
