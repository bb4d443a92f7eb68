/* Answers of the Messages API. */
#include "dialect/priv.h"

#include <stdlib.h>

static enum finish finish_of(struct str reason)
{
	if (str_is(reason, "max_tokens") || str_is(reason, "model_context_window_exceeded"))
		return FINISH_LENGTH;
	if (str_is(reason, "tool_use"))
		return FINISH_CALLS;
	return str_is(reason, "refusal") ? FINISH_FILTER : FINISH_STOP;
}

static void set_finish(struct answer_reader *r, struct str reason)
{
	if (!reason.n)
		return;
	r->finish = finish_of(reason);
	r->finished = true;
}

static void start_block(struct answer_reader *r, long long index, const json_t *block)
{
	struct str type = json_get_str(block, "type");

	if (str_is(type, "tool_use")) {
		struct open_call *c = read_call(r, index);

		if (!c)
			return;
		buf_add(&c->id, json_get_str(block, "id"));
		buf_add(&c->name, json_get_str(block, "name"));
	} else if (str_is(type, "thinking")) {
		read_text(r, PIECE_THINK, json_get_str(block, "thinking"));
	} else {
		read_text(r, PIECE_TEXT, json_get_str(block, "text"));
	}
}

static void read_delta(struct answer_reader *r, long long index, const json_t *delta)
{
	struct str type = json_get_str(delta, "type");

	if (str_is(type, "text_delta")) {
		read_text(r, PIECE_TEXT, json_get_str(delta, "text"));
	} else if (str_is(type, "thinking_delta")) {
		read_text(r, PIECE_THINK, json_get_str(delta, "thinking"));
	} else if (str_is(type, "input_json_delta")) {
		for (size_t i = 0; i < r->n_calls; i++)
			if (r->calls[i].index == index)
				read_args(r, &r->calls[i], json_get_str(delta, "partial_json"));
	}
}

void read_messages(struct answer_reader *r, struct str data, const json_t *doc)
{
	struct str type = json_get_str(doc, "type");
	long long index = json_get_int(doc, "index", 0);
	char words[400];

	if (!doc)
		read_nonsense(r);
	else if (str_is(type, "message_start"))
		read_text(r, PIECE_TEXT, (struct str){ "", 0 });
	else if (str_is(type, "content_block_start"))
		start_block(r, index, json_get_object(doc, "content_block"));
	else if (str_is(type, "content_block_delta"))
		read_delta(r, index, json_get_object(doc, "delta"));
	else if (str_is(type, "message_delta"))
		set_finish(r, json_get_str(json_get_object(doc, "delta"), "stop_reason"));
	else if (str_is(type, "message_stop") && r->finished)
		read_over(r);
	else if (str_is(type, "message_stop"))
		read_nonsense(r);
	else if (str_is(type, "error"))
		read_error(r, dialect_error_words(doc, data, words, sizeof(words)));
}

void whole_messages(struct answer_reader *r, const json_t *doc)
{
	const json_t *block;
	size_t i;

	json_array_foreach (json_get_array(doc, "content"), i, block) {
		json_t *input = json_get_object(block, "input");

		start_block(r, (long long)i, block);
		if (r->status || !str_is(json_get_str(block, "type"), "tool_use") || !input)
			continue;
		char *args = json_dump(input);

		read_args(r, read_call(r, (long long)i), str_from(args));
		free(args);
	}
	set_finish(r, json_get_str(doc, "stop_reason"));
}
