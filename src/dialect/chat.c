/* A chat completion request, read for a writer of another dialect. */
#include "dialect/priv.h"

static void text_part(struct buf *b, const json_t *part)
{
	struct str type = json_get_str(part, "type");

	if (str_is(type, "image_url"))
		buf_line(b, STR(LEFT_OUT("an image was")));
	else if (str_is(type, "input_audio") || str_is(type, "file"))
		buf_line(b, STR(LEFT_OUT("a file was")));
	else
		buf_line(b, json_get_str(part, "text"));
}

static void walk_calls(const json_t *message, const struct chat_walk *fn, void *ctx)
{
	const json_t *call;
	size_t i;

	json_array_foreach (json_get_array(message, "tool_calls"), i, call) {
		const json_t *function = json_get_object(call, "function");

		fn->call(ctx, json_get_str(call, "id"), json_get_str(function, "name"),
		    json_get_str(function, "arguments"));
	}
}

/* Texts of a user stay apart: what an agent adds on its own stands beside the prompt. */
static void walk_user(const json_t *message, const struct chat_walk *fn, void *ctx)
{
	const json_t *content = json_object_get(message, "content"), *part;
	size_t i;

	if (json_is_string(content))
		fn->user(ctx, json_get_str(message, "content"));
	json_array_foreach (content, i, part) {
		struct buf b;

		buf_init(&b, 2 * MODEL_REQUEST_MAX);
		text_part(&b, part);
		fn->user(ctx, buf_str(&b));
		buf_fini(&b);
	}
}

static void walk_message(const json_t *message, const struct chat_walk *fn, void *ctx)
{
	struct str role = json_get_str(message, "role");
	struct buf b;

	if (str_is(role, "user")) {
		walk_user(message, fn, ctx);
		return;
	}

	buf_init(&b, 2 * MODEL_REQUEST_MAX);
	texts_join(&b, json_object_get(message, "content"), text_part);
	if (str_is(role, "tool")) {
		fn->result(ctx, json_get_str(message, "tool_call_id"), buf_str(&b));
	} else if (str_is(role, "assistant")) {
		fn->assistant(ctx, buf_str(&b));
		walk_calls(message, fn, ctx);
	} else if (str_is(role, "system") || str_is(role, "developer")) {
		fn->system(ctx, buf_str(&b));
	}
	buf_fini(&b);
}

void chat_walk(const json_t *chat, const struct chat_walk *fn, void *ctx)
{
	const json_t *message;
	size_t i;

	json_array_foreach (json_get_array(chat, "messages"), i, message)
		walk_message(message, fn, ctx);
}

const json_t *chat_function(const json_t *chat, size_t i)
{
	return json_get_object(json_array_get(json_get_array(chat, "tools"), i), "function");
}

const json_t *chat_form(const json_t *chat)
{
	const json_t *format = json_get_object(chat, "response_format");

	return json_get_object(json_get_object(format, "json_schema"), "schema");
}

long long chat_max_tokens(const json_t *chat)
{
	long long n = json_get_int(chat, "max_tokens", 0);

	return n > 0 ? n : json_get_int(chat, "max_completion_tokens", 0);
}

json_t *args_object(struct str args)
{
	json_t *doc = json_parse_loosely(args);

	if (json_is_object(doc))
		return doc;
	json_decref(doc);
	return json_object();
}
