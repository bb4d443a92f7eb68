#include "dialect/priv.h"

#include <ctype.h>

static const char *const names[DIALECTS] = { "chat", "messages", "responses", "gemini" };

const char *dialect_name(enum dialect d)
{
	return names[d];
}

bool dialect_parse(struct str name, enum dialect *ret)
{
	for (enum dialect d = DIALECT_CHAT; d < DIALECTS; d++) {
		if (!str_is(name, names[d]))
			continue;
		*ret = d;
		return true;
	}
	return false;
}

/* --- addresses ----------------------------------------------------------------------------- */

/* "/v1beta/models/MODEL:what" */
static struct dialect_target gemini_target(struct str path)
{
	static const struct {
		const char *what;
		enum dialect_service service;
		bool stream;
	} all[] = {
		{ ":streamGenerateContent", SERVICE_ANSWER, true },
		{ ":generateContent", SERVICE_ANSWER, false },
		{ ":countTokens", SERVICE_COUNT, false },
	};
	struct dialect_target none = { DIALECT_GEMINI, SERVICE_NONE, false };
	struct str model = str_skip(path, strlen("/v1beta/models/"));
	ptrdiff_t colon = str_chr(model, ':');

	for (size_t i = 0; colon > 0 && i < sizeof(all) / sizeof(all[0]); i++)
		if (str_is(str_skip(model, (size_t)colon), all[i].what))
			return (
			    struct dialect_target){ DIALECT_GEMINI, all[i].service, all[i].stream };
	return none;
}

struct dialect_target dialect_target(struct str method, struct str path)
{
	static const struct {
		const char *method, *path;
		struct dialect_target target;
	} all[] = {
		{ "GET", "/v1/models", { DIALECT_CHAT, SERVICE_MODELS, false } },
		{ "POST", "/v1/chat/completions", { DIALECT_CHAT, SERVICE_ANSWER, false } },
		{ "POST", "/v1/messages", { DIALECT_MESSAGES, SERVICE_ANSWER, false } },
		{ "POST", "/v1/messages/count_tokens", { DIALECT_MESSAGES, SERVICE_COUNT, false } },
		{ "POST", "/v1/responses", { DIALECT_RESPONSES, SERVICE_ANSWER, false } },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (str_is(method, all[i].method) && str_is(path, all[i].path))
			return all[i].target;
	if (str_is(method, "POST") && str_starts(path, STR("/v1beta/models/")))
		return gemini_target(path);
	/* an error is told in the words of whoever asks */
	if (str_starts(path, STR("/v1beta/")))
		return (struct dialect_target){ DIALECT_GEMINI, SERVICE_NONE, false };
	if (str_starts(path, STR("/v1/messages")))
		return (struct dialect_target){ DIALECT_MESSAGES, SERVICE_NONE, false };
	return (struct dialect_target){ DIALECT_CHAT, SERVICE_NONE, false };
}

static void add_escaped(struct buf *url, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (isalnum(c) || c == '-' || c == '_' || c == '~' || (c == '.' && i > 0))
			buf_addc(url, (char)c);
		else
			buf_printf(url, "%%%02X", c);
	}
}

void dialect_add_path(struct buf *url, enum dialect d, struct str model, bool stream)
{
	switch (d) {
	case DIALECT_MESSAGES:
		buf_adds(url, "/messages");
		break;
	case DIALECT_RESPONSES:
		buf_adds(url, "/responses");
		break;
	case DIALECT_GEMINI:
		buf_adds(url, "/models/");
		add_escaped(url, model);
		buf_adds(url, stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
		break;
	case DIALECT_CHAT:
	case DIALECTS:
		buf_adds(url, "/chat/completions");
		break;
	}
}

const char *dialect_key_header(enum dialect d)
{
	if (d == DIALECT_MESSAGES)
		return "x-api-key";
	return d == DIALECT_GEMINI ? "x-goog-api-key" : "Authorization";
}

const char *dialect_key_prefix(enum dialect d)
{
	return d == DIALECT_MESSAGES || d == DIALECT_GEMINI ? "" : "Bearer ";
}

/* --- requests ------------------------------------------------------------------------------ */

bool dialect_is_request(enum dialect d, const json_t *request)
{
	if (d == DIALECT_GEMINI)
		return json_get_array(request, "contents");
	if (d == DIALECT_RESPONSES)
		return json_get_array(request, "input") ||
		       json_is_string(json_object_get(request, "input"));
	return json_get_array(request, "messages");
}

bool dialect_wants_stream(enum dialect d, const json_t *request, bool stream)
{
	return d == DIALECT_GEMINI ? stream : json_get_bool(request, "stream", false);
}

json_t *dialect_to_chat(enum dialect d, const json_t *request, bool stream, const char **ret_why)
{
	*ret_why = "this is no request for an answer: it has no messages";
	if (!dialect_is_request(d, request))
		return NULL;
	switch (d) {
	case DIALECT_MESSAGES:
		return messages_to_chat(request, ret_why);
	case DIALECT_RESPONSES:
		return responses_to_chat(request, ret_why);
	case DIALECT_GEMINI:
		return gemini_to_chat(request, stream, ret_why);
	case DIALECT_CHAT:
	case DIALECTS:
		break;
	}
	return json_deep_copy(request);
}

json_t *dialect_from_chat(enum dialect d, const json_t *chat)
{
	switch (d) {
	case DIALECT_MESSAGES:
		return messages_from_chat(chat);
	case DIALECT_RESPONSES:
		return responses_from_chat(chat);
	case DIALECT_GEMINI:
		return gemini_from_chat(chat);
	case DIALECT_CHAT:
	case DIALECTS:
		break;
	}
	return json_deep_copy(chat);
}

long long dialect_estimate(size_t bytes)
{
	return (long long)(bytes / 4);
}

json_t *dialect_count(enum dialect d, long long tokens)
{
	return json_pack(
	    "{s:I}", d == DIALECT_GEMINI ? "totalTokens" : "input_tokens", (json_int_t)tokens);
}
