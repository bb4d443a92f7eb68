/* Requests of the Messages API. https://docs.anthropic.com/en/api/messages */
#include "dialect/priv.h"

#include <stdlib.h>

#define TOKENS_DEFAULT 8192 /* max_tokens has to be said; most models allow at least that much */

/* --- to chat --------------------------------------------------------------------------------- */

static void text_part(struct buf *b, const json_t *part)
{
	struct str type = json_get_str(part, "type");

	if (str_is(type, "text"))
		buf_line(b, json_get_str(part, "text"));
	else if (str_is(type, "image"))
		buf_line(b, STR(LEFT_OUT("an image was")));
	else if (str_is(type, "document"))
		buf_line(b, STR(LEFT_OUT("a document was")));
}

static void read_call_part(struct draft *d, const json_t *part)
{
	json_t *input = json_get_object(part, "input");
	char *args = input ? json_dump(input) : xstrdup("{}");

	draft_call(d, json_get_str(part, "id"), json_get_str(part, "name"), str_from(args));
	free(args);
}

static void read_result_part(struct draft *d, const json_t *part)
{
	struct buf b;

	buf_init(&b, 2 * MODEL_REQUEST_MAX);
	texts_join(&b, json_object_get(part, "content"), text_part);
	draft_result(d, json_get_str(part, "tool_use_id"), buf_str(&b),
	    json_get_bool(part, "is_error", false));
	buf_fini(&b);
}

typedef void (*say_fn)(struct draft *d, struct str text);

static void read_part(struct draft *d, const json_t *part, say_fn say)
{
	struct str type = json_get_str(part, "type");
	struct buf b;

	if (str_is(type, "tool_use")) {
		read_call_part(d, part);
		return;
	}
	buf_init(&b, 2 * MODEL_REQUEST_MAX);
	text_part(&b, part);
	say(d, buf_str(&b));
	buf_fini(&b);
}

/* Results first, wherever they stand: nothing may come between a call and its result. */
static void read_results(struct draft *d, const json_t *content)
{
	const json_t *part;
	size_t i;

	json_array_foreach (content, i, part)
		if (str_is(json_get_str(part, "type"), "tool_result"))
			read_result_part(d, part);
}

static void read_message(struct draft *d, const json_t *message)
{
	const json_t *content = json_object_get(message, "content"), *part;
	struct str role = json_get_str(message, "role");
	say_fn say = str_is(role, "assistant") ? draft_assistant
		     : str_is(role, "system")  ? draft_system
					       : draft_user;
	size_t i;

	if (json_is_string(content))
		say(d, json_get_str(message, "content"));
	read_results(d, content);
	json_array_foreach (content, i, part)
		read_part(d, part, say);
}

static void read_system(struct draft *d, const json_t *system)
{
	const json_t *part;
	size_t i;

	if (json_is_string(system))
		draft_system(
		    d, (struct str){ json_string_value(system), json_string_length(system) });
	json_array_foreach (system, i, part)
		draft_system(d, json_get_str(part, "text"));
}

/* Tools that the server runs have a type of their own; those to be loaded later are not there. */
static void read_tools(struct draft *d, const json_t *tools)
{
	const json_t *tool;
	size_t i;

	json_array_foreach (tools, i, tool) {
		struct str type = json_get_str(tool, "type");

		if ((type.n && !str_is(type, "custom")) ||
		    json_get_bool(tool, "defer_loading", false))
			continue;
		draft_tool(d, json_get_str(tool, "name"), json_get_str(tool, "description"),
		    json_get_object(tool, "input_schema"));
	}
}

static void read_choice(struct draft *d, const json_t *choice)
{
	struct str type = json_get_str(choice, "type");

	if (str_is(type, "tool"))
		draft_choice_of(d, json_get_str(choice, "name"));
	else if (str_is(type, "any"))
		draft_choice(d, "required");
	else if (str_is(type, "none"))
		draft_choice(d, "none");
	else if (str_is(type, "auto"))
		draft_choice(d, "auto");
}

json_t *messages_to_chat(const json_t *request, const char **ret_why)
{
	const json_t *format = json_get_object(json_get_object(request, "output_config"), "format");
	const json_t *message;
	struct draft d;
	size_t i;

	draft_init(&d, request);
	read_system(&d, json_object_get(request, "system"));
	json_array_foreach (json_get_array(request, "messages"), i, message)
		read_message(&d, message);
	read_tools(&d, json_get_array(request, "tools"));
	read_choice(&d, json_get_object(request, "tool_choice"));
	draft_number(&d, request, "max_tokens", "max_tokens");
	draft_number(&d, request, "temperature", "temperature");
	draft_number(&d, request, "top_p", "top_p");
	draft_stops(&d, json_get_array(request, "stop_sequences"));
	draft_form(&d, (struct str){ "", 0 }, json_get_object(format, "schema"));
	json_object_set_new(d.doc, "stream", json_boolean(json_get_bool(request, "stream", false)));
	*ret_why = "the request has no message";
	return draft_done(&d);
}

/* --- from chat ------------------------------------------------------------------------------- */

struct letter {
	json_t *messages, *last, *parts; /* PARTS: the content of LAST */
	struct buf system;
	bool spoken;
};

/* Roles take turns here: what follows from the same side joins its message. */
static json_t *parts_of(struct letter *l, const char *role)
{
	if (l->last && str_is(json_get_str(l->last, "role"), role))
		return l->parts;
	l->parts = json_array();
	l->last = json_pack("{s:s, s:o}", "role", role, "content", l->parts);
	json_array_append_new(l->messages, l->last);
	return l->parts;
}

static void add_text(struct letter *l, const char *role, struct str text)
{
	if (str_trim(text).n) /* an empty one is refused */
		json_array_append_new(parts_of(l, role),
		    json_pack("{s:s, s:o}", "type", "text", "text", json_text(text)));
}

static void on_system(void *ctx, struct str text)
{
	struct letter *l = ctx;

	if (l->spoken)
		add_text(l, "user", text);
	else
		buf_line(&l->system, text);
}

static void on_user(void *ctx, struct str text)
{
	add_text(ctx, "user", text);
}

static void on_assistant(void *ctx, struct str text)
{
	struct letter *l = ctx;

	l->spoken = true;
	add_text(l, "assistant", str_rtrim(text)); /* nor may it end in white space */
}

/* Only letters, digits, "_" and "-" are taken. */
static json_t *plain_id(struct str id)
{
	char plain[65];
	size_t n = id.n < sizeof(plain) - 1 ? id.n : sizeof(plain) - 1;

	for (size_t i = 0; i < n; i++) {
		char c = id.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '-';

		plain[i] = ok ? c : '_';
	}
	plain[n] = '\0';
	return json_string(n ? plain : "_");
}

static void on_call(void *ctx, struct str id, struct str name, struct str args)
{
	json_array_append_new(parts_of(ctx, "assistant"),
	    json_pack("{s:s, s:o, s:o, s:o}", "type", "tool_use", "id", plain_id(id), "name",
		json_text(name), "input", args_object(args)));
}

static void on_result(void *ctx, struct str id, struct str text)
{
	json_array_append_new(
	    parts_of(ctx, "user"), json_pack("{s:s, s:o, s:o}", "type", "tool_result",
				       "tool_use_id", plain_id(id), "content", json_text(text)));
}

static void add_tools(json_t *doc, const json_t *chat)
{
	json_t *tools = json_array();
	const json_t *f;

	for (size_t i = 0; (f = chat_function(chat, i)); i++) {
		json_t *schema = json_get_object(f, "parameters");

		json_array_append_new(tools,
		    json_pack("{s:o, s:o, s:o}", "name", json_text(json_get_str(f, "name")),
			"description", json_text(json_get_str(f, "description")), "input_schema",
			schema ? json_deep_copy(schema) : json_pack("{s:s}", "type", "object")));
	}
	if (json_array_size(tools))
		json_object_set(doc, "tools", tools);
	json_decref(tools);
}

static void add_choice(json_t *doc, const json_t *chat)
{
	json_t *choice = json_object_get(chat, "tool_choice");
	struct str word = json_get_str(chat, "tool_choice");
	struct str name = json_get_str(json_get_object(choice, "function"), "name");

	if (!json_get_array(doc, "tools"))
		return;
	if (name.n)
		json_object_set_new(doc, "tool_choice",
		    json_pack("{s:s, s:o}", "type", "tool", "name", json_text(name)));
	else if (word.n)
		json_object_set_new(doc, "tool_choice",
		    json_pack("{s:s}", "type",
			str_is(word, "required") ? "any"
			: str_is(word, "none")	 ? "none"
						 : "auto"));
}

static void add_settings(json_t *doc, const json_t *chat)
{
	double temperature = json_number_value(json_object_get(chat, "temperature"));
	long long most = chat_max_tokens(chat);
	json_t *stop = json_object_get(chat, "stop"), *top = json_object_get(chat, "top_p");

	json_object_set_new(doc, "max_tokens", json_integer(most > 0 ? most : TOKENS_DEFAULT));
	if (json_is_number(json_object_get(chat, "temperature")))
		json_object_set_new(
		    doc, "temperature", json_real(temperature > 1 ? 1 : temperature));
	else if (json_is_number(top)) /* not both */
		json_object_set(doc, "top_p", top);
	if (json_is_string(stop))
		json_object_set_new(doc, "stop_sequences", json_pack("[O]", stop));
	else if (json_is_array(stop))
		json_object_set(doc, "stop_sequences", stop);
	if (chat_form(chat))
		json_object_set_new(doc, "output_config",
		    json_pack("{s:{s:s, s:o}}", "format", "type", "json_schema", "schema",
			json_deep_copy(chat_form(chat))));
}

json_t *messages_from_chat(const json_t *chat)
{
	static const struct chat_walk walk = { on_system, on_user, on_assistant, on_call,
		on_result };
	struct letter l = { .messages = json_array() };
	json_t *doc = json_object();

	buf_init(&l.system, 2 * MODEL_REQUEST_MAX);
	chat_walk(chat, &walk, &l);
	json_object_set_new(doc, "model", json_text(json_get_str(chat, "model")));
	if (l.system.n)
		json_object_set_new(doc, "system", json_text(buf_str(&l.system)));
	json_object_set_new(doc, "messages", l.messages);
	add_tools(doc, chat);
	add_choice(doc, chat);
	add_settings(doc, chat);
	json_object_set_new(doc, "stream", json_boolean(json_get_bool(chat, "stream", false)));
	buf_fini(&l.system);
	return doc;
}
