/* Answers of the Messages API. https://docs.anthropic.com/en/docs/build-with-claude/streaming */
#include "dialect/priv.h"

static const char *reason_of(enum finish finish)
{
	switch (finish) {
	case FINISH_CALLS:
		return "tool_use";
	case FINISH_LENGTH:
		return "max_tokens";
	case FINISH_FILTER:
		return "refusal";
	case FINISH_STOP:
		break;
	}
	return "end_turn";
}

static json_t *usage_of(const struct usage *u)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "input_tokens", (json_int_t)(u->in - u->cached),
	    "cache_creation_input_tokens", (json_int_t)0, "cache_read_input_tokens",
	    (json_int_t)u->cached, "output_tokens", (json_int_t)u->out);
}

/* CONTENT is taken; REASON may be NULL: not known yet. */
static json_t *message_of(
    const struct answer_writer *w, json_t *content, const char *reason, const struct usage *usage)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:o, s:s?, s:n, s:o}", "id",
	    json_sprintf("msg_tutti_%lu", w->number), "type", "message", "role", "assistant",
	    "model", w->model, "content", content, "stop_reason", reason, "stop_sequence", "usage",
	    usage_of(usage));
}

/* --- a stream: one block after the other ----------------------------------------------------- */

static void close_block(struct answer_writer *w)
{
	if (w->block == BLOCK_NONE)
		return;
	write_event(w, "content_block_stop",
	    json_pack("{s:s, s:i}", "type", "content_block_stop", "index", (int)w->index));
	w->block = BLOCK_NONE;
	w->index++;
}

static void start_block(struct answer_writer *w, json_t *block)
{
	write_event(w, "content_block_start",
	    json_pack("{s:s, s:i, s:o}", "type", "content_block_start", "index", (int)w->index,
		"content_block", block));
}

static void write_delta(struct answer_writer *w, const char *type, const char *key, struct str text)
{
	write_event(w, "content_block_delta",
	    json_pack("{s:s, s:i, s:{s:s, s:o}}", "type", "content_block_delta", "index",
		(int)w->index, "delta", "type", type, key, json_text(text)));
}

static void stream_text(struct answer_writer *w, enum block block, struct str text)
{
	bool think = block == BLOCK_THINK;

	if (w->block != block) {
		close_block(w);
		start_block(w, think ? json_pack("{s:s, s:s, s:s}", "type", "thinking", "thinking",
					   "", "signature", "")
				     : json_pack("{s:s, s:s}", "type", "text", "text", ""));
		w->block = block;
	}
	write_delta(w, think ? "thinking_delta" : "text_delta", think ? "thinking" : "text", text);
}

static void stream_call(struct answer_writer *w, const struct piece *p)
{
	close_block(w);
	start_block(w, json_pack("{s:s, s:o, s:o, s:{}}", "type", "tool_use", "id",
			   json_text(p->id), "name", json_text(p->name), "input"));
	write_delta(w, "input_json_delta", "partial_json", p->text);
	w->block = BLOCK_TEXT;
	close_block(w);
}

static void stream_end(struct answer_writer *w, const struct piece *p)
{
	close_block(w);
	write_event(w, "message_delta",
	    json_pack("{s:s, s:{s:s, s:n}, s:o}", "type", "message_delta", "delta", "stop_reason",
		reason_of(p->finish), "stop_sequence", "usage", usage_of(&p->usage)));
	write_event(w, "message_stop", json_pack("{s:s}", "type", "message_stop"));
}

static void stream_begin(struct answer_writer *w, const struct piece *p)
{
	write_event(w, "message_start",
	    json_pack("{s:s, s:o}", "type", "message_start", "message",
		message_of(w, json_array(), NULL, &p->usage)));
	write_event(w, "ping", json_pack("{s:s}", "type", "ping"));
}

static void stream(struct answer_writer *w, const struct piece *p)
{
	switch (p->type) {
	case PIECE_BEGIN:
		stream_begin(w, p);
		break;
	case PIECE_TEXT:
		stream_text(w, BLOCK_TEXT, p->text);
		break;
	case PIECE_THINK:
		stream_text(w, BLOCK_THINK, p->text);
		break;
	case PIECE_CALL:
		stream_call(w, p);
		break;
	case PIECE_END:
		stream_end(w, p);
		break;
	case PIECE_ERROR:
		write_event(w, "error",
		    json_pack("{s:s, s:{s:s, s:o}}", "type", "error", "error", "type", "api_error",
			"message", json_text(p->text)));
		break;
	}
}

/* --- a whole --------------------------------------------------------------------------------- */

static void keep_text(struct answer_writer *w)
{
	if (w->block == BLOCK_THINK)
		json_array_append_new(
		    w->items, json_pack("{s:s, s:o, s:s}", "type", "thinking", "thinking",
				  json_text(buf_str(&w->text)), "signature", ""));
	else if (w->block == BLOCK_TEXT)
		json_array_append_new(w->items,
		    json_pack("{s:s, s:o}", "type", "text", "text", json_text(buf_str(&w->text))));
	w->block = BLOCK_NONE;
	buf_clear(&w->text);
}

static void whole_text(struct answer_writer *w, enum block block, struct str text)
{
	if (w->block != block)
		keep_text(w);
	w->block = block;
	buf_add(&w->text, text);
}

void write_messages(struct answer_writer *w, const struct piece *p)
{
	if (w->stream) {
		stream(w, p);
	} else if (p->type == PIECE_TEXT || p->type == PIECE_THINK) {
		whole_text(w, p->type == PIECE_TEXT ? BLOCK_TEXT : BLOCK_THINK, p->text);
	} else if (p->type == PIECE_CALL) {
		keep_text(w);
		json_array_append_new(w->items,
		    json_pack("{s:s, s:o, s:o, s:o}", "type", "tool_use", "id", json_text(p->id),
			"name", json_text(p->name), "input", args_object(p->text)));
	} else if (p->type == PIECE_END) {
		keep_text(w);
		write_json(
		    w, message_of(w, json_incref(w->items), reason_of(p->finish), &p->usage));
	}
}
