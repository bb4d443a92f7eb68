/* Answers of the chat completions API. */
#include "dialect/priv.h"

static const char *reason_of(enum finish finish)
{
	switch (finish) {
	case FINISH_CALLS:
		return "tool_calls";
	case FINISH_LENGTH:
		return "length";
	case FINISH_FILTER:
		return "content_filter";
	case FINISH_STOP:
		break;
	}
	return "stop";
}

static json_t *usage_of(const struct usage *u)
{
	return json_pack("{s:I, s:I, s:I, s:{s:I}}", "prompt_tokens", (json_int_t)u->in,
	    "completion_tokens", (json_int_t)u->out, "total_tokens", (json_int_t)(u->in + u->out),
	    "prompt_tokens_details", "cached_tokens", (json_int_t)u->cached);
}

static json_t *head_of(const struct answer_writer *w, const char *object)
{
	return json_pack("{s:o, s:s, s:i, s:s}", "id",
	    json_sprintf("chatcmpl-tutti-%lu", w->number), "object", object, "created", 0, "model",
	    w->model);
}

static void write_delta(struct answer_writer *w, json_t *delta, json_t *reason)
{
	json_t *doc = head_of(w, "chat.completion.chunk");

	json_object_set_new(doc, "choices",
	    json_pack("[{s:i, s:o, s:o}]", "index", 0, "delta", delta, "finish_reason", reason));
	write_event(w, NULL, doc);
}

static json_t *call_of(const struct answer_writer *w, const struct piece *p)
{
	return json_pack("{s:I, s:o, s:s, s:{s:o, s:o}}", "index", (json_int_t)w->calls - 1, "id",
	    json_text(p->id), "type", "function", "function", "name", json_text(p->name),
	    "arguments", json_text(p->text));
}

static void stream_end(struct answer_writer *w, const struct piece *p)
{
	write_delta(w, json_object(), json_string(reason_of(p->finish)));
	if (w->usage_wanted) {
		json_t *doc = head_of(w, "chat.completion.chunk");

		json_object_set_new(doc, "choices", json_array());
		json_object_set_new(doc, "usage", usage_of(&p->usage));
		write_event(w, NULL, doc);
	}
	buf_adds(w->out, "data: [DONE]\n\n");
}

static void stream(struct answer_writer *w, const struct piece *p)
{
	switch (p->type) {
	case PIECE_BEGIN:
		write_delta(
		    w, json_pack("{s:s, s:s}", "role", "assistant", "content", ""), json_null());
		break;
	case PIECE_TEXT:
		write_delta(w, json_pack("{s:o}", "content", json_text(p->text)), json_null());
		break;
	case PIECE_THINK:
		write_delta(
		    w, json_pack("{s:o}", "reasoning_content", json_text(p->text)), json_null());
		break;
	case PIECE_CALL:
		write_delta(w, json_pack("{s:[o]}", "tool_calls", call_of(w, p)), json_null());
		break;
	case PIECE_END:
		stream_end(w, p);
		break;
	case PIECE_ERROR:
		write_event(w, NULL,
		    json_pack("{s:{s:o, s:s}}", "error", "message", json_text(p->text), "type",
			"upstream_error"));
		break;
	}
}

static void whole_end(struct answer_writer *w, const struct piece *p)
{
	json_t *doc = head_of(w, "chat.completion");
	json_t *message =
	    json_pack("{s:s, s:o}", "role", "assistant", "content", json_text(buf_str(&w->text)));

	if (json_array_size(w->items))
		json_object_set(message, "tool_calls", w->items);
	json_object_set_new(doc, "choices",
	    json_pack("[{s:i, s:o, s:s}]", "index", 0, "message", message, "finish_reason",
		reason_of(p->finish)));
	json_object_set_new(doc, "usage", usage_of(&p->usage));
	write_json(w, doc);
}

void write_chat(struct answer_writer *w, const struct piece *p)
{
	if (w->stream) {
		stream(w, p);
		return;
	}
	if (p->type == PIECE_TEXT) {
		buf_add(&w->text, p->text);
	} else if (p->type == PIECE_CALL) {
		json_t *call = call_of(w, p);

		json_object_del(call, "index");
		json_array_append_new(w->items, call);
	} else if (p->type == PIECE_END) {
		whole_end(w, p);
	}
}
