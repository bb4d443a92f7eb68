/* Requests of the Gemini API. https://ai.google.dev/api/generate-content */
#include "dialect/priv.h"

#include <ctype.h>
#include <stdlib.h>

/* --- to chat --------------------------------------------------------------------------------- */

/* Calls need no id here. Those without one are numbered, and a result finds the oldest open call.
 */
struct gemini {
	struct draft draft;
	struct open {
		struct str name; /* borrowed from the request */
		char id[24];
	} * open;
	size_t first, n, cap; /* before FIRST none is open */
};

static void part_text(struct buf *b, const json_t *part)
{
	if (json_get_object(part, "inlineData") || json_get_object(part, "fileData"))
		buf_line(b, STR(LEFT_OUT("a file was")));
	else if (!json_get_bool(part, "thought", false))
		buf_line(b, json_get_str(part, "text"));
}

static struct open *open_add(struct gemini *g, struct str name)
{
	if (g->n == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 16;
		g->open = xrealloc(g->open, g->cap * sizeof(*g->open));
	}
	struct open *o = &g->open[g->n++];

	*o = (struct open){ .name = name };
	snprintf(o->id, sizeof(o->id), "call_g%u", g->draft.calls);
	return o;
}

static void read_call_part(struct gemini *g, const json_t *call)
{
	struct str id = json_get_str(call, "id"), name = json_get_str(call, "name");
	json_t *given = json_get_object(call, "args");
	char *args = given ? json_dump(given) : xstrdup("{}");

	if (!id.n)
		id = str_from(open_add(g, name)->id);
	draft_call(&g->draft, id, name, str_from(args));
	free(args);
}

/* The id of the oldest open call of this name. */
static struct str id_of(struct gemini *g, struct str name)
{
	while (g->first < g->n && !g->open[g->first].name.p)
		g->first++;
	for (size_t i = g->first; i < g->n && i < g->first + DIALECT_CALLS_MAX; i++) {
		if (!g->open[i].name.p || !str_eq(g->open[i].name, name))
			continue;
		g->open[i].name = (struct str){ NULL, 0 };
		return str_from(g->open[i].id);
	}
	return STR("call_unknown");
}

/* {"output": text} and {"error": text} are what is usual; anything else is told as it is. */
static void read_result_part(struct gemini *g, const json_t *result)
{
	json_t *response = json_get_object(result, "response");
	struct str id = json_get_str(result, "id"), text = json_get_str(response, "output");
	struct str error = json_get_str(response, "error");
	char *dump = NULL;

	if (!id.n)
		id = id_of(g, json_get_str(result, "name"));
	if (error.n)
		text = error;
	if (!json_is_string(json_object_get(response, "output")) && !error.n && response)
		text = str_from(dump = json_dump(response));
	draft_result(&g->draft, id, text, error.n > 0);
	free(dump);
}

static void read_part(struct gemini *g, const json_t *part, bool theirs)
{
	struct buf b;

	if (json_get_object(part, "functionCall")) {
		read_call_part(g, json_get_object(part, "functionCall"));
	} else if (!json_get_object(part, "functionResponse")) {
		buf_init(&b, 2 * MODEL_REQUEST_MAX);
		part_text(&b, part);
		(theirs ? draft_assistant : draft_user)(&g->draft, buf_str(&b));
		buf_fini(&b);
	}
}

static void read_content(struct gemini *g, const json_t *content)
{
	bool theirs = str_is(json_get_str(content, "role"), "model");
	const json_t *parts = json_get_array(content, "parts"), *part;
	size_t i;

	json_array_foreach (parts, i, part)
		if (json_get_object(part, "functionResponse"))
			read_result_part(g, json_get_object(part, "functionResponse"));
	json_array_foreach (parts, i, part)
		read_part(g, part, theirs);
}

/* Types are written "OBJECT" in the older form of schemas. */
static void lower_types(json_t *schema)
{
	struct str type = json_get_str(schema, "type");
	const char *key;
	json_t *value;
	size_t i;

	if (type.n && type.n < 16) {
		char word[16];

		for (i = 0; i < type.n; i++)
			word[i] = (char)tolower((unsigned char)type.p[i]);
		word[i] = '\0';
		json_object_set_new(schema, "type", json_cstr(word));
	}
	json_object_foreach (schema, key, value)
		lower_types(value);
	json_array_foreach (schema, i, value)
		lower_types(value);
}

static json_t *schema_of(const json_t *src, const char *plain, const char *typed)
{
	json_t *schema = json_get_object(src, plain);

	if (schema)
		return json_deep_copy(schema);
	schema = json_deep_copy(json_get_object(src, typed));
	lower_types(schema);
	return schema;
}

static void read_tools(struct draft *d, const json_t *tools)
{
	const json_t *tool, *f;
	size_t i, k;

	json_array_foreach (tools, i, tool)
		json_array_foreach (json_get_array(tool, "functionDeclarations"), k, f) {
			json_t *schema = schema_of(f, "parametersJsonSchema", "parameters");

			draft_tool(
			    d, json_get_str(f, "name"), json_get_str(f, "description"), schema);
			json_decref(schema);
		}
}

static void read_settings(struct draft *d, const json_t *request)
{
	const json_t *config = json_get_object(request, "generationConfig");
	const json_t *calling =
	    json_get_object(json_get_object(request, "toolConfig"), "functionCallingConfig");
	struct str mode = json_get_str(calling, "mode");
	json_t *form = schema_of(config, "responseJsonSchema", "responseSchema");

	draft_number(d, config, "temperature", "temperature");
	draft_number(d, config, "topP", "top_p");
	draft_number(d, config, "maxOutputTokens", "max_tokens");
	draft_stops(d, json_get_array(config, "stopSequences"));
	draft_form(d, (struct str){ "", 0 }, form);
	json_decref(form);
	draft_choice(d, str_is(mode, "ANY")    ? "required"
			: str_is(mode, "NONE") ? "none"
			: str_is(mode, "AUTO") ? "auto"
					       : NULL);
}

json_t *gemini_to_chat(const json_t *request, bool stream, const char **ret_why)
{
	const json_t *system = json_get_object(request, "systemInstruction"), *content;
	struct gemini g = { .n = 0 };
	struct buf b;
	size_t i;

	draft_init(&g.draft, request);
	buf_init(&b, 2 * MODEL_REQUEST_MAX);
	texts_join(&b, json_get_array(system, "parts"), part_text);
	draft_system(&g.draft, buf_str(&b));
	buf_fini(&b);
	json_array_foreach (json_get_array(request, "contents"), i, content)
		read_content(&g, content);
	read_tools(&g.draft, json_get_array(request, "tools"));
	read_settings(&g.draft, request);
	json_object_set_new(g.draft.doc, "stream", json_boolean(stream));
	free(g.open);
	*ret_why = "the request has no message";
	return draft_done(&g.draft);
}

/* --- from chat ------------------------------------------------------------------------------- */

/*
 * Newer models want to see again the signature that came with a call. Chat cannot carry it; this
 * word is the documented one for calls that come from elsewhere.
 * https://ai.google.dev/gemini-api/docs/thought-signatures
 */
#define NO_SIGNATURE "skip_thought_signature_validator"

struct letter {
	json_t *contents, *last, *parts; /* PARTS: of LAST */
	json_t *names;			 /* of calls by id: a result repeats it */
	struct buf system;
	bool spoken;
};

static json_t *parts_of(struct letter *l, const char *role)
{
	if (l->last && str_is(json_get_str(l->last, "role"), role))
		return l->parts;
	l->parts = json_array();
	l->last = json_pack("{s:s, s:o}", "role", role, "parts", l->parts);
	json_array_append_new(l->contents, l->last);
	return l->parts;
}

static void add_text(struct letter *l, const char *role, struct str text)
{
	if (text.n)
		json_array_append_new(
		    parts_of(l, role), json_pack("{s:o}", "text", json_text(text)));
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
	add_text(l, "model", text);
}

static void on_call(void *ctx, struct str id, struct str name, struct str args)
{
	struct letter *l = ctx;
	json_t *key = json_text(id);

	json_object_set_new(l->names, json_string_value(key), json_text(name));
	json_array_append_new(parts_of(l, "model"),
	    json_pack("{s:{s:o, s:o}, s:s}", "functionCall", "name", json_text(name), "args",
		args_object(args), "thoughtSignature", NO_SIGNATURE));
	json_decref(key);
}

static void on_result(void *ctx, struct str id, struct str text)
{
	struct letter *l = ctx;
	json_t *key = json_text(id);

	json_array_append_new(
	    parts_of(l, "user"), json_pack("{s:{s:o, s:{s:o}}}", "functionResponse", "name",
				     json_text(json_get_str(l->names, json_string_value(key))),
				     "response", "output", json_text(text)));
	json_decref(key);
}

static void add_tools(json_t *doc, const json_t *chat)
{
	json_t *list = json_array();
	const json_t *f;

	for (size_t i = 0; (f = chat_function(chat, i)); i++) {
		json_t *one = json_pack("{s:o, s:o}", "name", json_text(json_get_str(f, "name")),
		    "description", json_text(json_get_str(f, "description")));

		if (json_get_object(f, "parameters"))
			json_object_set_new(one, "parametersJsonSchema",
			    json_deep_copy(json_get_object(f, "parameters")));
		json_array_append_new(list, one);
	}
	if (json_array_size(list))
		json_object_set_new(
		    doc, "tools", json_pack("[{s:O}]", "functionDeclarations", list));
	json_decref(list);
}

static void add_choice(json_t *doc, const json_t *chat)
{
	json_t *choice = json_object_get(chat, "tool_choice");
	struct str word = json_get_str(chat, "tool_choice");
	struct str name = json_get_str(json_get_object(choice, "function"), "name");
	json_t *config;

	if (!choice || !json_get_array(doc, "tools"))
		return;
	config = json_pack("{s:s}", "mode",
	    name.n || str_is(word, "required") ? "ANY"
	    : str_is(word, "none")	       ? "NONE"
					       : "AUTO");
	if (name.n)
		json_object_set_new(
		    config, "allowedFunctionNames", json_pack("[o]", json_text(name)));
	json_object_set_new(doc, "toolConfig", json_pack("{s:o}", "functionCallingConfig", config));
}

static void add_settings(json_t *doc, const json_t *chat)
{
	json_t *config = json_object(), *stop = json_object_get(chat, "stop");
	long long most = chat_max_tokens(chat);

	if (json_is_number(json_object_get(chat, "temperature")))
		json_object_set(config, "temperature", json_object_get(chat, "temperature"));
	if (json_is_number(json_object_get(chat, "top_p")))
		json_object_set(config, "topP", json_object_get(chat, "top_p"));
	if (most > 0)
		json_object_set_new(config, "maxOutputTokens", json_integer(most));
	if (json_is_string(stop))
		json_object_set_new(config, "stopSequences", json_pack("[O]", stop));
	else if (json_is_array(stop))
		json_object_set(config, "stopSequences", stop);
	if (chat_form(chat)) {
		json_object_set_new(config, "responseMimeType", json_string("application/json"));
		json_object_set_new(config, "responseJsonSchema", json_deep_copy(chat_form(chat)));
	}
	if (json_object_size(config))
		json_object_set(doc, "generationConfig", config);
	json_decref(config);
}

json_t *gemini_from_chat(const json_t *chat)
{
	static const struct chat_walk walk = { on_system, on_user, on_assistant, on_call,
		on_result };
	struct letter l = { .contents = json_array(), .names = json_object() };
	json_t *doc = json_pack("{s:o}", "contents", l.contents);

	buf_init(&l.system, 2 * MODEL_REQUEST_MAX);
	chat_walk(chat, &walk, &l);
	if (l.system.n)
		json_object_set_new(doc, "systemInstruction",
		    json_pack("{s:[{s:o}]}", "parts", "text", json_text(buf_str(&l.system))));
	add_tools(doc, chat);
	add_choice(doc, chat);
	add_settings(doc, chat);
	buf_fini(&l.system);
	json_decref(l.names);
	return doc;
}
