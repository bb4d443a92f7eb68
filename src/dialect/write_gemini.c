/* Answers of the Gemini API: every event has the form of a whole answer. */
#include "dialect/priv.h"

static const char *reason_of(enum finish finish)
{
	if (finish == FINISH_LENGTH)
		return "MAX_TOKENS";
	return finish == FINISH_FILTER ? "SAFETY" : "STOP";
}

/* PARTS is taken; END is NULL before the end. */
static json_t *answer_of(const struct answer_writer *w, json_t *parts, const struct piece *end)
{
	json_t *candidate = json_pack(
	    "{s:{s:s, s:o}, s:i}", "content", "role", "model", "parts", parts, "index", 0);
	json_t *doc = json_pack("{s:[O], s:s, s:o}", "candidates", candidate, "modelVersion",
	    w->model, "responseId", json_sprintf("tutti-%lu", w->number));

	if (end) {
		const struct usage *u = &end->usage;

		json_object_set_new(candidate, "finishReason", json_string(reason_of(end->finish)));
		json_object_set_new(doc, "usageMetadata",
		    json_pack("{s:I, s:I, s:I, s:I}", "promptTokenCount", (json_int_t)u->in,
			"candidatesTokenCount", (json_int_t)u->out, "totalTokenCount",
			(json_int_t)(u->in + u->out), "cachedContentTokenCount",
			(json_int_t)u->cached));
	}
	json_decref(candidate);
	return doc;
}

static json_t *call_part(const struct piece *p)
{
	return json_pack("{s:{s:o, s:o, s:o}}", "functionCall", "id", json_text(p->id), "name",
	    json_text(p->name), "args", args_object(p->text));
}

static json_t *text_part(struct str text, bool thought)
{
	json_t *part = json_pack("{s:o}", "text", json_text(text));

	if (thought)
		json_object_set_new(part, "thought", json_true());
	return part;
}

static void stream(struct answer_writer *w, const struct piece *p)
{
	json_t *doc = NULL;

	switch (p->type) {
	case PIECE_BEGIN:
		return;
	case PIECE_TEXT:
	case PIECE_THINK:
		doc = answer_of(
		    w, json_pack("[o]", text_part(p->text, p->type == PIECE_THINK)), NULL);
		break;
	case PIECE_CALL:
		doc = answer_of(w, json_pack("[o]", call_part(p)), NULL);
		break;
	case PIECE_END:
		doc = answer_of(w, json_pack("[{s:s}]", "text", ""), p);
		break;
	case PIECE_ERROR:
		doc = json_pack("{s:{s:i, s:o, s:s}}", "error", "code", 502, "message",
		    json_text(p->text), "status", "INTERNAL");
		break;
	}
	write_event(w, NULL, doc);
}

static void keep_text(struct answer_writer *w)
{
	if (w->block != BLOCK_NONE)
		json_array_append_new(
		    w->items, text_part(buf_str(&w->text), w->block == BLOCK_THINK));
	w->block = BLOCK_NONE;
	buf_clear(&w->text);
}

void write_gemini(struct answer_writer *w, const struct piece *p)
{
	enum block block = p->type == PIECE_TEXT ? BLOCK_TEXT : BLOCK_THINK;

	if (w->stream) {
		stream(w, p);
	} else if (p->type == PIECE_TEXT || p->type == PIECE_THINK) {
		if (w->block != block)
			keep_text(w);
		w->block = block;
		buf_add(&w->text, p->text);
	} else if (p->type == PIECE_CALL) {
		keep_text(w);
		json_array_append_new(w->items, call_part(p));
	} else if (p->type == PIECE_END) {
		keep_text(w);
		write_json(w, answer_of(w, json_incref(w->items), p));
	}
}
