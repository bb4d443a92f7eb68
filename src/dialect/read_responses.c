/* Answers of the Responses API. */
#include "dialect/priv.h"

#include <stdlib.h>

/* Deltas come before the whole, or the whole alone. */
static void set_args(struct answer_reader *r, struct open_call *c, struct str whole)
{
	if (!c->args.n)
		read_args(r, c, whole);
}

/* A text in place of arguments, as the one argument that stands for it. */
static void set_input(struct answer_reader *r, struct open_call *c, struct str input)
{
	json_t *args = json_pack("{s:o}", "input", json_text(input));
	char *text = json_dump(args);

	set_args(r, c, str_from(text));
	free(text);
	json_decref(args);
}

static void read_item(struct answer_reader *r, long long index, const json_t *item, bool whole)
{
	struct str type = json_get_str(item, "type");
	bool custom = str_is(type, "custom_tool_call");
	struct open_call *c;

	if (!custom && !str_is(type, "function_call"))
		return;
	c = read_call(r, index);
	if (!c)
		return;
	if (!c->name.n) {
		buf_add(&c->id, json_get_str(item, "call_id"));
		buf_add(&c->name, json_get_str(item, "name"));
	}
	if (whole && custom)
		set_input(r, c, json_get_str(item, "input"));
	else if (whole)
		set_args(r, c, json_get_str(item, "arguments"));
}

static void read_part(struct answer_reader *r, const json_t *part)
{
	struct str type = json_get_str(part, "type");

	if (str_is(type, "output_text"))
		read_text(r, PIECE_TEXT, json_get_str(part, "text"));
	else if (str_is(type, "refusal"))
		read_text(r, PIECE_TEXT, json_get_str(part, "refusal"));
	else if (str_is(type, "summary_text") || str_is(type, "reasoning_text"))
		read_text(r, PIECE_THINK, json_get_str(part, "text"));
}

static void set_finish(struct answer_reader *r, const json_t *response)
{
	struct str why = json_get_str(json_get_object(response, "incomplete_details"), "reason");

	if (str_is(why, "content_filter"))
		r->finish = FINISH_FILTER;
	else if (why.n)
		r->finish = FINISH_LENGTH;
	r->finished = true;
}

static bool is_text(struct str type)
{
	return str_is(type, "response.output_text.delta") || str_is(type, "response.refusal.delta");
}

static bool is_thought(struct str type)
{
	return str_is(type, "response.reasoning_summary_text.delta") ||
	       str_is(type, "response.reasoning_text.delta");
}

static void read_end(struct answer_reader *r, struct str data, const json_t *doc, struct str type)
{
	const json_t *response = json_get_object(doc, "response");
	char words[400];

	if (str_is(type, "error")) {
		struct str said = json_get_str(doc, "message");

		read_error(r, said.n ? said : dialect_error_words(doc, data, words, sizeof(words)));
	} else if (str_is(type, "response.failed")) {
		read_error(r, dialect_error_words(response, data, words, sizeof(words)));
	} else if (str_is(type, "response.completed") || str_is(type, "response.incomplete")) {
		set_finish(r, response);
		read_over(r);
	}
}

void read_responses(struct answer_reader *r, struct str data, const json_t *doc)
{
	struct str type = json_get_str(doc, "type"), delta = json_get_str(doc, "delta");
	long long index = json_get_int(doc, "output_index", 0);

	if (!doc) {
		read_nonsense(r);
	} else if (is_text(type)) {
		read_text(r, PIECE_TEXT, delta);
	} else if (is_thought(type)) {
		read_text(r, PIECE_THINK, delta);
	} else if (str_is(type, "response.function_call_arguments.delta")) {
		struct open_call *c = read_call(r, index);

		if (c)
			read_args(r, c, delta);
	} else if (str_is(type, "response.output_item.added")) {
		read_item(r, index, json_get_object(doc, "item"), false);
	} else if (str_is(type, "response.output_item.done")) {
		read_item(r, index, json_get_object(doc, "item"), true);
	} else {
		read_end(r, data, doc, type);
	}
}

void whole_responses(struct answer_reader *r, const json_t *doc)
{
	const json_t *item, *part;
	size_t i, k;

	json_array_foreach (json_get_array(doc, "output"), i, item) {
		json_array_foreach (json_get_array(item, "summary"), k, part)
			read_part(r, part);
		json_array_foreach (json_get_array(item, "content"), k, part)
			read_part(r, part);
		read_item(r, (long long)i, item, true);
	}
	set_finish(r, doc);
}
