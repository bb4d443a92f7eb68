/* Answers of the Gemini API: each event of a stream has the form of a whole answer. */
#include "dialect/priv.h"

#include <stdlib.h>

static enum finish finish_of(struct str reason)
{
	if (str_is(reason, "STOP"))
		return FINISH_STOP;
	return str_is(reason, "MAX_TOKENS") ? FINISH_LENGTH : FINISH_FILTER;
}

/* A call comes whole; an id it need not have. */
static void add_call(struct answer_reader *r, const json_t *call)
{
	struct open_call *c = read_call(r, (long long)r->n_calls);
	json_t *given = json_get_object(call, "args");
	char *args = given ? json_dump(given) : xstrdup("{}");

	if (c) {
		c->done = true;
		buf_add(&c->name, json_get_str(call, "name"));
		buf_add(&c->id, json_get_str(call, "id"));
		read_args(r, c, str_from(args));
	}
	free(args);
}

static void read_part(struct answer_reader *r, const json_t *part)
{
	bool thought = json_get_bool(part, "thought", false);

	if (json_get_object(part, "functionCall"))
		add_call(r, json_get_object(part, "functionCall"));
	else
		read_text(r, thought ? PIECE_THINK : PIECE_TEXT, json_get_str(part, "text"));
}

void whole_gemini(struct answer_reader *r, const json_t *doc)
{
	const json_t *candidate = json_array_get(json_get_array(doc, "candidates"), 0), *part;
	struct str reason = json_get_str(candidate, "finishReason");
	size_t i;

	json_array_foreach (json_get_array(json_get_object(candidate, "content"), "parts"), i, part)
		read_part(r, part);
	if (!reason.n && json_get_str(json_get_object(doc, "promptFeedback"), "blockReason").n)
		reason = STR("SAFETY");
	if (!reason.n)
		return;
	r->finish = finish_of(reason);
	r->finished = true;
}

/* No event says that it was the last: numbers of tokens may still follow the reason. */
void read_gemini(struct answer_reader *r, struct str data, const json_t *doc)
{
	char words[400];

	if (!doc)
		read_nonsense(r);
	else if (json_get_object(doc, "error"))
		read_error(r, dialect_error_words(doc, data, words, sizeof(words)));
	else
		whole_gemini(r, doc);
}
