/* Answers of the Responses API. https://platform.openai.com/docs/api-reference/responses-streaming
 */
#include "dialect/priv.h"

static json_t *usage_of(const struct usage *u)
{
	return json_pack("{s:I, s:{s:I}, s:I, s:{s:i}, s:I}", "input_tokens", (json_int_t)u->in,
	    "input_tokens_details", "cached_tokens", (json_int_t)u->cached, "output_tokens",
	    (json_int_t)u->out, "output_tokens_details", "reasoning_tokens", 0, "total_tokens",
	    (json_int_t)(u->in + u->out));
}

static json_t *response_of(const struct answer_writer *w, const char *status)
{
	return json_pack("{s:o, s:s, s:i, s:s, s:s, s:O, s:n, s:n, s:n}", "id",
	    json_sprintf("resp_tutti_%lu", w->number), "object", "response", "created_at", 0,
	    "status", status, "model", w->model, "output", w->items, "error", "incomplete_details",
	    "usage");
}

/* --- events ---------------------------------------------------------------------------------- */

/* DOC is taken; nothing is written for one who wants a whole. */
static void tell(struct answer_writer *w, const char *type, json_t *doc)
{
	if (!w->stream) {
		json_decref(doc);
		return;
	}
	json_object_set_new(doc, "type", json_string(type));
	json_object_set_new(doc, "sequence_number", json_integer((json_int_t)w->events++));
	write_event(w, type, doc);
}

static json_t *item_id(const struct answer_writer *w, const char *kind)
{
	return json_sprintf("%s_tutti_%lu_%u", kind, w->number, w->index);
}

/* What every event of an item begins with. */
static json_t *about(const struct answer_writer *w, const char *kind)
{
	return json_pack("{s:o, s:i}", "item_id", item_id(w, kind), "output_index", (int)w->index);
}

static json_t *with(json_t *doc, const char *key, json_t *value)
{
	json_object_set_new(doc, key, value);
	return doc;
}

static void tell_item(struct answer_writer *w, const char *type, json_t *item)
{
	tell(w, type, json_pack("{s:i, s:o}", "output_index", (int)w->index, "item", item));
}

static void keep(struct answer_writer *w, json_t *item)
{
	json_array_append(w->items, item);
	tell_item(w, "response.output_item.done", item);
	w->index++;
}

/* --- texts ----------------------------------------------------------------------------------- */

static json_t *text_part(struct str text)
{
	return json_pack(
	    "{s:s, s:o, s:[]}", "type", "output_text", "text", json_text(text), "annotations");
}

static json_t *message_of(const struct answer_writer *w, const char *status, json_t *content)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:o}", "id", item_id(w, "msg"), "type", "message",
	    "status", status, "role", "assistant", "content", content);
}

static json_t *summary_part(struct str text)
{
	return json_pack("{s:s, s:o}", "type", "summary_text", "text", json_text(text));
}

static json_t *reasoning_of(const struct answer_writer *w, json_t *summary)
{
	return json_pack(
	    "{s:o, s:s, s:o}", "id", item_id(w, "rs"), "type", "reasoning", "summary", summary);
}

static void close_text(struct answer_writer *w)
{
	struct str text = buf_str(&w->text);

	tell(w, "response.output_text.done",
	    with(with(about(w, "msg"), "content_index", json_integer(0)), "text", json_text(text)));
	tell(w, "response.content_part.done",
	    with(with(about(w, "msg"), "content_index", json_integer(0)), "part", text_part(text)));
	keep(w, message_of(w, "completed", json_pack("[o]", text_part(text))));
}

static void close_thought(struct answer_writer *w)
{
	struct str text = buf_str(&w->text);

	tell(w, "response.reasoning_summary_text.done",
	    with(with(about(w, "rs"), "summary_index", json_integer(0)), "text", json_text(text)));
	tell(w, "response.reasoning_summary_part.done",
	    with(with(about(w, "rs"), "summary_index", json_integer(0)), "part",
		summary_part(text)));
	keep(w, reasoning_of(w, json_pack("[o]", summary_part(text))));
}

static void close_block(struct answer_writer *w)
{
	if (w->block == BLOCK_TEXT)
		close_text(w);
	else if (w->block == BLOCK_THINK)
		close_thought(w);
	w->block = BLOCK_NONE;
	buf_clear(&w->text);
}

static void open_block(struct answer_writer *w, enum block block)
{
	if (block == BLOCK_TEXT) {
		tell_item(
		    w, "response.output_item.added", message_of(w, "in_progress", json_array()));
		tell(w, "response.content_part.added",
		    with(with(about(w, "msg"), "content_index", json_integer(0)), "part",
			text_part(STR(""))));
	} else {
		tell_item(w, "response.output_item.added", reasoning_of(w, json_array()));
		tell(w, "response.reasoning_summary_part.added",
		    with(with(about(w, "rs"), "summary_index", json_integer(0)), "part",
			summary_part(STR(""))));
	}
	w->block = block;
}

static void add_text(struct answer_writer *w, enum block block, struct str text)
{
	bool think = block == BLOCK_THINK;

	if (w->block != block) {
		close_block(w);
		open_block(w, block);
	}
	buf_add(&w->text, text);
	tell(w, think ? "response.reasoning_summary_text.delta" : "response.output_text.delta",
	    with(with(about(w, think ? "rs" : "msg"), think ? "summary_index" : "content_index",
		     json_integer(0)),
		"delta", json_text(text)));
}

/* --- calls ----------------------------------------------------------------------------------- */

static json_t *call_of(const struct answer_writer *w, const struct piece *p, const char *status,
    const char *key, struct str value)
{
	bool custom = strcmp(key, "input") == 0;

	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "id", item_id(w, custom ? "ctc" : "fc"),
	    "type", custom ? "custom_tool_call" : "function_call", "status", status, "call_id",
	    json_text(p->id), "name", json_text(p->name), key, json_text(value));
}

static void add_function_call(struct answer_writer *w, const struct piece *p)
{
	tell_item(
	    w, "response.output_item.added", call_of(w, p, "in_progress", "arguments", STR("")));
	tell(w, "response.function_call_arguments.delta",
	    with(about(w, "fc"), "delta", json_text(p->text)));
	tell(w, "response.function_call_arguments.done",
	    with(about(w, "fc"), "arguments", json_text(p->text)));
	keep(w, call_of(w, p, "completed", "arguments", p->text));
}

static void add_custom_call(struct answer_writer *w, const struct piece *p)
{
	json_t *args = args_object(p->text);
	/* a model that gives the text itself means the same */
	struct str input = json_object_get(args, "input") ? json_get_str(args, "input") : p->text;

	tell_item(w, "response.output_item.added", call_of(w, p, "in_progress", "input", STR("")));
	tell(w, "response.custom_tool_call_input.delta",
	    with(about(w, "ctc"), "delta", json_text(input)));
	tell(w, "response.custom_tool_call_input.done",
	    with(about(w, "ctc"), "input", json_text(input)));
	keep(w, call_of(w, p, "completed", "input", input));
	json_decref(args);
}

static void add_call(struct answer_writer *w, const struct piece *p)
{
	json_t *name = json_text(p->name);

	close_block(w);
	if (json_object_get(w->custom, json_string_value(name)))
		add_custom_call(w, p);
	else
		add_function_call(w, p);
	json_decref(name);
}

/* --- beginning and end ----------------------------------------------------------------------- */

static void begin(struct answer_writer *w)
{
	tell(w, "response.created", json_pack("{s:o}", "response", response_of(w, "in_progress")));
	tell(w, "response.in_progress",
	    json_pack("{s:o}", "response", response_of(w, "in_progress")));
}

static void end(struct answer_writer *w, const struct piece *p)
{
	bool cut = p->finish == FINISH_LENGTH || p->finish == FINISH_FILTER;

	close_block(w);
	json_t *response = response_of(w, cut ? "incomplete" : "completed");

	json_object_set_new(response, "usage", usage_of(&p->usage));
	if (cut)
		json_object_set_new(response, "incomplete_details",
		    json_pack("{s:s}", "reason",
			p->finish == FINISH_LENGTH ? "max_output_tokens" : "content_filter"));
	if (w->stream)
		tell(w, cut ? "response.incomplete" : "response.completed",
		    json_pack("{s:o}", "response", response));
	else
		write_json(w, response);
}

static void fail(struct answer_writer *w, const struct piece *p)
{
	json_t *response = response_of(w, "failed");

	json_object_set_new(response, "error",
	    json_pack("{s:s, s:o}", "code", "server_error", "message", json_text(p->text)));
	tell(w, "response.failed", json_pack("{s:o}", "response", response));
}

void write_responses(struct answer_writer *w, const struct piece *p)
{
	switch (p->type) {
	case PIECE_BEGIN:
		begin(w);
		break;
	case PIECE_TEXT:
		add_text(w, BLOCK_TEXT, p->text);
		break;
	case PIECE_THINK:
		add_text(w, BLOCK_THINK, p->text);
		break;
	case PIECE_CALL:
		add_call(w, p);
		break;
	case PIECE_END:
		end(w, p);
		break;
	case PIECE_ERROR:
		fail(w, p);
		break;
	}
}
