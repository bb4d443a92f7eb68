/* Requests of the Responses API. https://platform.openai.com/docs/api-reference/responses */
#include "dialect/priv.h"

#include <stdlib.h>

/* --- to chat --------------------------------------------------------------------------------- */

static void text_part(struct buf *b, const json_t *part)
{
	struct str type = json_get_str(part, "type");

	if (str_is(type, "input_image"))
		buf_line(b, STR(LEFT_OUT("an image was")));
	else if (str_is(type, "input_file"))
		buf_line(b, STR(LEFT_OUT("a file was")));
	else if (str_is(type, "refusal"))
		buf_line(b, json_get_str(part, "refusal"));
	else
		buf_line(b, json_get_str(part, "text"));
}

static void read_message(struct draft *d, const json_t *item)
{
	struct str role = json_get_str(item, "role");
	const json_t *content = json_object_get(item, "content"), *part;
	bool theirs = str_is(role, "assistant");
	bool ours = str_is(role, "system") || str_is(role, "developer");
	size_t i;

	if (json_is_string(content))
		(theirs	   ? draft_assistant
		    : ours ? draft_system
			   : draft_user)(d, json_get_str(item, "content"));
	json_array_foreach (content, i, part) {
		struct buf b;

		buf_init(&b, 2 * MODEL_REQUEST_MAX);
		text_part(&b, part);
		(theirs ? draft_assistant : ours ? draft_system : draft_user)(d, buf_str(&b));
		buf_fini(&b);
	}
}

/* A tool that takes a text is a function of one text here. */
static void read_custom_call(struct draft *d, const json_t *item)
{
	json_t *input = json_pack("{s:o}", "input", json_text(json_get_str(item, "input")));
	char *args = json_dump(input);

	draft_call(d, json_get_str(item, "call_id"), json_get_str(item, "name"), str_from(args));
	free(args);
	json_decref(input);
}

static void read_output(struct draft *d, const json_t *item)
{
	struct buf b;

	buf_init(&b, 2 * MODEL_REQUEST_MAX);
	texts_join(&b, json_object_get(item, "output"), text_part);
	draft_result(d, json_get_str(item, "call_id"), buf_str(&b), false);
	buf_fini(&b);
}

/* What else there is (reasoning, searches of the server's) is nothing that chat could hold. */
static void read_item(struct draft *d, const json_t *item)
{
	struct str type = json_get_str(item, "type");

	if (str_is(type, "function_call"))
		draft_call(d, json_get_str(item, "call_id"), json_get_str(item, "name"),
		    json_get_str(item, "arguments"));
	else if (str_is(type, "custom_tool_call"))
		read_custom_call(d, item);
	else if (str_is(type, "function_call_output") || str_is(type, "custom_tool_call_output"))
		read_output(d, item);
	else if (!type.n || str_is(type, "message"))
		read_message(d, item);
}

static void read_custom_tool(struct draft *d, const json_t *tool)
{
	json_t *schema = json_pack("{s:s, s:{s:{s:s}}, s:[s]}", "type", "object", "properties",
	    "input", "type", "string", "required", "input");

	draft_tool(d, json_get_str(tool, "name"), json_get_str(tool, "description"), schema);
	json_decref(schema);
}

static void read_tools(struct draft *d, const json_t *tools)
{
	const json_t *tool;
	size_t i;

	json_array_foreach (tools, i, tool) {
		struct str type = json_get_str(tool, "type");

		if (str_is(type, "function"))
			draft_tool(d, json_get_str(tool, "name"), json_get_str(tool, "description"),
			    json_get_object(tool, "parameters"));
		else if (str_is(type, "custom"))
			read_custom_tool(d, tool);
	}
}

static void read_choice(struct draft *d, const json_t *request)
{
	struct str word = json_get_str(request, "tool_choice");
	const json_t *choice = json_get_object(request, "tool_choice");
	static const char *const words[] = { "auto", "none", "required" };

	draft_choice_of(d, json_get_str(choice, "name"));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is(word, words[i]))
			draft_choice(d, words[i]);
}

static void read_settings(struct draft *d, const json_t *request)
{
	const json_t *format = json_get_object(json_get_object(request, "text"), "format");
	struct str effort = json_get_str(json_get_object(request, "reasoning"), "effort");

	draft_number(d, request, "max_output_tokens", "max_tokens");
	draft_number(d, request, "temperature", "temperature");
	draft_number(d, request, "top_p", "top_p");
	if (effort.n)
		json_object_set_new(d->doc, "reasoning_effort", json_text(effort));
	if (json_is_boolean(json_object_get(request, "parallel_tool_calls")) &&
	    json_get_array(d->doc, "tools"))
		json_object_set(
		    d->doc, "parallel_tool_calls", json_object_get(request, "parallel_tool_calls"));
	draft_form(d, json_get_str(format, "name"), json_get_object(format, "schema"));
	json_object_set_new(
	    d->doc, "stream", json_boolean(json_get_bool(request, "stream", false)));
}

json_t *responses_to_chat(const json_t *request, const char **ret_why)
{
	const json_t *item;
	struct draft d;
	size_t i;

	*ret_why = "no earlier response is kept here: send the whole input";
	if (json_get_str(request, "previous_response_id").n ||
	    json_object_get(request, "conversation"))
		return NULL;
	draft_init(&d, request);
	draft_system(&d, json_get_str(request, "instructions"));
	draft_user(&d, json_get_str(request, "input"));
	json_array_foreach (json_get_array(request, "input"), i, item)
		read_item(&d, item);
	read_tools(&d, json_get_array(request, "tools"));
	read_choice(&d, request);
	read_settings(&d, request);
	*ret_why = "the request has no message";
	return draft_done(&d);
}

/* --- from chat ------------------------------------------------------------------------------- */

static void add_message(json_t *input, const char *role, const char *type, struct str text)
{
	if (text.n)
		json_array_append_new(
		    input, json_pack("{s:s, s:s, s:[{s:s, s:o}]}", "type", "message", "role", role,
			       "content", "type", type, "text", json_text(text)));
}

static void on_system(void *ctx, struct str text)
{
	add_message(ctx, "developer", "input_text", text);
}

static void on_user(void *ctx, struct str text)
{
	add_message(ctx, "user", "input_text", text);
}

static void on_assistant(void *ctx, struct str text)
{
	add_message(ctx, "assistant", "output_text", text);
}

static void on_call(void *ctx, struct str id, struct str name, struct str args)
{
	json_array_append_new(
	    ctx, json_pack("{s:s, s:o, s:o, s:o}", "type", "function_call", "call_id",
		     json_text(id), "name", json_text(name), "arguments", json_text(args)));
}

static void on_result(void *ctx, struct str id, struct str text)
{
	json_array_append_new(ctx, json_pack("{s:s, s:o, s:o}", "type", "function_call_output",
				       "call_id", json_text(id), "output", json_text(text)));
}

static void add_tools(json_t *doc, const json_t *chat)
{
	json_t *tools = json_array();
	const json_t *f;

	for (size_t i = 0; (f = chat_function(chat, i)); i++) {
		json_t *schema = json_get_object(f, "parameters");

		json_array_append_new(
		    tools, json_pack("{s:s, s:o, s:o, s:o, s:b}", "type", "function", "name",
			       json_text(json_get_str(f, "name")), "description",
			       json_text(json_get_str(f, "description")), "parameters",
			       schema ? json_deep_copy(schema)
				      : json_pack("{s:s, s:{}}", "type", "object", "properties"),
			       "strict", 0));
	}
	if (json_array_size(tools))
		json_object_set(doc, "tools", tools);
	json_decref(tools);
}

static void add_settings(json_t *doc, const json_t *chat)
{
	static const char *const same[] = { "temperature", "top_p", "parallel_tool_calls" };
	json_t *choice = json_object_get(chat, "tool_choice");
	struct str name = json_get_str(json_get_object(choice, "function"), "name");
	struct str effort = json_get_str(chat, "reasoning_effort");
	long long most = chat_max_tokens(chat);

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (json_object_get(chat, same[i]))
			json_object_set(doc, same[i], json_object_get(chat, same[i]));
	if (most > 0)
		json_object_set_new(doc, "max_output_tokens", json_integer(most));
	if (effort.n)
		json_object_set_new(
		    doc, "reasoning", json_pack("{s:o}", "effort", json_text(effort)));
	if (json_is_string(choice))
		json_object_set(doc, "tool_choice", choice);
	else if (name.n)
		json_object_set_new(doc, "tool_choice",
		    json_pack("{s:s, s:o}", "type", "function", "name", json_text(name)));
	if (chat_form(chat))
		json_object_set_new(doc, "text",
		    json_pack("{s:{s:s, s:s, s:o}}", "format", "type", "json_schema", "name",
			"answer", "schema", json_deep_copy(chat_form(chat))));
}

json_t *responses_from_chat(const json_t *chat)
{
	static const struct chat_walk walk = { on_system, on_user, on_assistant, on_call,
		on_result };
	json_t *input = json_array();
	json_t *doc =
	    json_pack("{s:o, s:o, s:b, s:b}", "model", json_text(json_get_str(chat, "model")),
		"input", input, "store", 0, "stream", json_get_bool(chat, "stream", false));

	chat_walk(chat, &walk, input);
	add_tools(doc, chat);
	add_settings(doc, chat);
	return doc;
}
