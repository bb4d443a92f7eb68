/* A chat completion request that is being written from one of another dialect. */
#include "dialect/priv.h"

void draft_init(struct draft *d, const json_t *request)
{
	*d = (struct draft){ .doc = json_object(), .messages = json_array() };
	buf_init(&d->system, 2 * MODEL_REQUEST_MAX);
	buf_init(&d->said, 2 * MODEL_REQUEST_MAX);
	json_object_set_new(d->doc, "model", json_text(json_get_str(request, "model")));
	json_object_set_new(d->doc, "messages", d->messages);
}

/* What was said in parts becomes one text, once it is known that no more follows. */
static void close_assistant(struct draft *d)
{
	if (d->said.n)
		json_object_set_new(d->last, "content", json_text(buf_str(&d->said)));
	buf_clear(&d->said);
}

json_t *draft_done(struct draft *d)
{
	json_t *doc = d->doc;

	close_assistant(d);
	if (d->system.n)
		json_array_insert_new(d->messages, 0,
		    json_pack(
			"{s:s, s:o}", "role", "system", "content", json_text(buf_str(&d->system))));
	if (buf_status(&d->system) || buf_status(&d->said) || !json_array_size(d->messages)) {
		json_decref(doc);
		doc = NULL;
	}
	buf_fini(&d->system);
	buf_fini(&d->said);
	return doc;
}

/* --- texts ----------------------------------------------------------------------------------- */

void buf_line(struct buf *b, struct str text)
{
	if (!text.n)
		return;
	if (b->n)
		buf_addc(b, '\n');
	buf_add(b, text);
}

void texts_join(struct buf *b, const json_t *content, part_fn fn)
{
	const json_t *part;
	size_t i;

	if (json_is_string(content))
		buf_line(
		    b, (struct str){ json_string_value(content), json_string_length(content) });
	json_array_foreach (content, i, part)
		fn(b, part);
}

/* --- messages -------------------------------------------------------------------------------- */

static bool is_role(const json_t *message, const char *role)
{
	return str_is(json_get_str(message, "role"), role);
}

static json_t *message_add(struct draft *d, const char *role, json_t *content)
{
	close_assistant(d);
	d->last = json_pack("{s:s, s:o}", "role", role, "content", content);
	json_array_append_new(d->messages, d->last);
	return d->last;
}

static json_t *text_part(struct str text)
{
	return json_pack("{s:s, s:o}", "type", "text", "text", json_text(text));
}

/* Texts of one turn stay apart: what an agent adds on its own stands beside the prompt. */
void draft_user(struct draft *d, struct str text)
{
	json_t *content = json_object_get(d->last, "content");

	if (!text.n)
		return;
	if (!is_role(d->last, "user")) {
		message_add(d, "user", json_text(text));
		return;
	}
	if (json_is_string(content)) {
		json_t *list = json_array();

		json_array_append_new(list, text_part((struct str){ json_string_value(content),
						json_string_length(content) }));
		json_object_set_new(d->last, "content", list);
		content = list;
	}
	json_array_append_new(content, text_part(text));
}

/*
 * Many servers take a system message at the beginning only, so what comes before the model has
 * spoken is gathered there.
 */
void draft_system(struct draft *d, struct str text)
{
	struct buf b;

	if (!text.n)
		return;
	if (!d->spoken) {
		if (d->system.n)
			buf_addc(&d->system, '\n');
		buf_line(&d->system, text);
		return;
	}
	buf_init(&b, 2 * MODEL_REQUEST_MAX);
	buf_printf(&b, "<system-reminder>\n");
	buf_add(&b, text);
	buf_adds(&b, "\n</system-reminder>");
	draft_user(d, buf_str(&b));
	buf_fini(&b);
}

static json_t *assistant(struct draft *d)
{
	d->spoken = true;
	return is_role(d->last, "assistant") ? d->last
					     : message_add(d, "assistant", json_string(""));
}

void draft_assistant(struct draft *d, struct str text)
{
	if (!text.n)
		return;
	assistant(d);
	buf_line(&d->said, text);
}

void draft_call(struct draft *d, struct str id, struct str name, struct str args)
{
	json_t *m = assistant(d), *calls = json_get_array(m, "tool_calls");

	if (!calls) {
		calls = json_array();
		json_object_set_new(m, "tool_calls", calls);
	}
	json_array_append_new(calls, json_pack("{s:o, s:s, s:{s:o, s:o}}", "id", json_text(id),
					 "type", "function", "function", "name", json_text(name),
					 "arguments", json_text(args.n ? args : STR("{}"))));
	d->calls++;
}

void draft_result(struct draft *d, struct str id, struct str text, bool failed)
{
	struct buf b;

	buf_init(&b, 2 * MODEL_REQUEST_MAX);
	if (failed && !str_starts(text, STR("error")))
		buf_adds(&b, "error: ");
	buf_add(&b, text);
	json_t *m = message_add(d, "tool", json_text(buf_str(&b)));

	json_object_set_new(m, "tool_call_id", json_text(id));
	d->last = NULL; /* the next result is its own */
	buf_fini(&b);
}

/* --- the rest -------------------------------------------------------------------------------- */

void draft_tool(struct draft *d, struct str name, struct str description, const json_t *schema)
{
	json_t *tools = json_get_array(d->doc, "tools");

	if (!name.n)
		return;
	if (!tools) {
		tools = json_array();
		json_object_set_new(d->doc, "tools", tools);
	}
	json_array_append_new(tools,
	    json_pack("{s:s, s:{s:o, s:o, s:o}}", "type", "function", "function", "name",
		json_text(name), "description", json_text(description), "parameters",
		json_is_object(schema) ? json_deep_copy(schema)
				       : json_pack("{s:s, s:{}}", "type", "object", "properties")));
}

void draft_number(struct draft *d, const json_t *src, const char *from, const char *to)
{
	json_t *value = json_object_get(src, from);

	if (json_is_number(value))
		json_object_set(d->doc, to, value);
}

void draft_stops(struct draft *d, const json_t *stops)
{
	json_t *list = json_array();
	const json_t *stop;
	size_t i;

	json_array_foreach (stops, i, stop)
		if (json_is_string(stop))
			json_array_append_new(list, json_string(json_string_value(stop)));
	if (json_array_size(list))
		json_object_set(d->doc, "stop", list);
	json_decref(list);
}

/* Without tools there is nothing to choose, and servers refuse it. */
void draft_choice(struct draft *d, const char *word)
{
	if (word && json_get_array(d->doc, "tools"))
		json_object_set_new(d->doc, "tool_choice", json_string(word));
}

void draft_choice_of(struct draft *d, struct str name)
{
	if (name.n && json_get_array(d->doc, "tools"))
		json_object_set_new(d->doc, "tool_choice",
		    json_pack(
			"{s:s, s:{s:o}}", "type", "function", "function", "name", json_text(name)));
}

void draft_form(struct draft *d, struct str name, const json_t *schema)
{
	if (!json_is_object(schema))
		return;
	json_object_set_new(d->doc, "response_format",
	    json_pack("{s:s, s:{s:o, s:o}}", "type", "json_schema", "json_schema", "name",
		json_text(name.n ? name : STR("answer")), "schema", json_deep_copy(schema)));
}
