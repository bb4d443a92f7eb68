/* The conversation as the API wants it, held to a budget by cutting what is oldest, and saying so.
 */
#include "agent/priv.h"

#include <stdlib.h>

static json_t *message(const char *role, struct str text)
{
	return json_pack("{s:s, s:o}", "role", role, "content", json_text(text));
}

void chat_init(struct chat *c, struct str prompt, size_t system)
{
	c->messages = json_array();
	if (system && system < prompt.n) {
		json_array_append_new(c->messages, message("system", str_take(prompt, system)));
		prompt = str_skip(prompt, system);
	}
	json_array_append_new(c->messages, message("user", prompt));
	c->budget = CONTEXT_BYTES;
}

void chat_fini(struct chat *c)
{
	json_decref(c->messages);
}

/* --- the budget
 * -------------------------------------------------------------------------------------- */

static size_t bytes_of(const struct chat *c)
{
	char *text = json_dumps(c->messages, JSON_COMPACT);
	size_t n = text ? strlen(text) : 0;

	free(text);
	return n;
}

static bool is_result(const json_t *m)
{
	return str_is(json_get_str(m, "role"), "tool");
}

static size_t count_results(const struct chat *c)
{
	const json_t *m;
	size_t i, n = 0;

	json_array_foreach (c->messages, i, m)
		n += is_result(m);
	return n;
}

/* Cuts results from the oldest on, but for the latest KEEP, until ALL bytes are few enough. */
static size_t drop_results(struct chat *c, size_t *all, size_t keep)
{
	static const char note[] =
	    "(this earlier result was dropped to stay within the context; ask "
	    "again if it is needed)";
	size_t left = count_results(c), dropped = 0, i;
	json_t *m;

	json_array_foreach (c->messages, i, m) {
		struct str text = json_get_str(m, "content");

		if (*all <= c->budget || left <= keep)
			break;
		if (!is_result(m))
			continue;
		left--;
		if (text.n < sizeof(note))
			continue;
		*all -= text.n - (sizeof(note) - 1);
		json_object_set_new(m, "content", json_string(note));
		dropped++;
	}
	return dropped;
}

/* The latest few only when nothing else is left, and the very last never: it was just asked for. */
static void fit(struct chat *c)
{
	size_t all = bytes_of(c);
	size_t dropped = drop_results(c, &all, KEEP_RESULTS);

	dropped += drop_results(c, &all, 1);
	if (dropped)
		out_event("notice",
		    json_pack("{s:o}", "text",
			json_sprintf("%zu earlier tool results were dropped to stay within the "
				     "context",
			    dropped)));
}

/* --- the request
 * --------------------------------------------------------------------------------------- */

static json_t *tool_specs(const struct chat *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_tools; i++)
		json_array_append_new(
		    list, json_pack("{s:s, s:{s:s, s:s, s:o}}", "type", "function", "function",
			      "name", c->tools[i]->name, "description", c->tools[i]->description,
			      "parameters", json_loads(c->tools[i]->schema, 0, NULL)));
	return list;
}

struct str chat_request(struct chat *c, struct arena *a, bool with_tools)
{
	json_t *doc;

	fit(c);
	doc = json_pack("{s:s, s:O, s:b, s:{s:b}}", "model", c->model, "messages", c->messages,
	    "stream", 1, "stream_options", "include_usage", 1);
	if (with_tools && c->n_tools)
		json_object_set_new(doc, "tools", tool_specs(c));
	if (c->temperature >= 0)
		json_object_set_new(doc, "temperature", json_real(c->temperature));
	if (c->effort[0])
		json_object_set_new(doc, "reasoning_effort", json_string(c->effort));
	char *text = json_dump(doc);
	struct str out = arena_dup(a, str_from(text));

	free(text);
	json_decref(doc);
	return out;
}

void chat_add_reply(struct chat *c, const struct reply *r)
{
	json_t *m = message("assistant", buf_str(&r->text)), *calls = json_array();

	for (size_t i = 0; i < r->n_calls; i++)
		json_array_append_new(
		    calls, json_pack("{s:o, s:s, s:{s:o, s:o}}", "id",
			       json_text(buf_str(&r->calls[i].id)), "type", "function", "function",
			       "name", json_text(buf_str(&r->calls[i].name)), "arguments",
			       json_text(buf_str(&r->calls[i].args))));
	if (r->n_calls)
		json_object_set(m, "tool_calls", calls);
	json_decref(calls);
	json_array_append_new(c->messages, m);
}

void chat_add_result(struct chat *c, struct str id, struct str text)
{
	json_array_append_new(
	    c->messages, json_pack("{s:s, s:o, s:o}", "role", "tool", "tool_call_id", json_text(id),
			     "content", json_text(text)));
}

void chat_add_user(struct chat *c, const char *text)
{
	json_array_append_new(c->messages, message("user", str_from(text)));
}
