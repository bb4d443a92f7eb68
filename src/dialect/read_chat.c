/* Answers of the chat completions API. */
#include "dialect/priv.h"

static enum finish finish_of(struct str reason)
{
	if (str_is(reason, "length"))
		return FINISH_LENGTH;
	if (str_is(reason, "tool_calls") || str_is(reason, "function_call"))
		return FINISH_CALLS;
	return str_is(reason, "content_filter") ? FINISH_FILTER : FINISH_STOP;
}

/* Servers repeat the id and the name, or send them once; a name never comes in bits. */
static void set_once(struct buf *b, struct str text)
{
	if (!b->n)
		buf_add(b, text);
}

static void read_calls(struct answer_reader *r, const json_t *delta)
{
	const json_t *call;
	size_t i;

	json_array_foreach (json_get_array(delta, "tool_calls"), i, call) {
		const json_t *function = json_get_object(call, "function");
		struct open_call *c = read_call(r, json_get_int(call, "index", (long long)i));

		if (!c)
			return;
		set_once(&c->id, json_get_str(call, "id"));
		set_once(&c->name, json_get_str(function, "name"));
		read_args(r, c, json_get_str(function, "arguments"));
	}
}

static void read_delta(struct answer_reader *r, const json_t *delta)
{
	struct str thought = json_get_str(delta, "reasoning_content");

	read_text(r, PIECE_THINK, thought.n ? thought : json_get_str(delta, "reasoning"));
	read_text(r, PIECE_TEXT, json_get_str(delta, "content"));
	read_text(r, PIECE_TEXT, json_get_str(delta, "refusal"));
	read_calls(r, delta);
}

static void read_choice(struct answer_reader *r, const json_t *choice, const char *member)
{
	struct str reason = json_get_str(choice, "finish_reason");

	read_delta(r, json_get_object(choice, member));
	if (!reason.n)
		return;
	r->finish = finish_of(reason);
	r->finished = true;
}

/* The end comes with [DONE]: numbers of tokens stand between the last word and it. */
void read_chat(struct answer_reader *r, struct str data, const json_t *doc)
{
	const json_t *error = json_object_get(doc, "error");
	char words[400];

	if (!doc && r->finished)
		read_over(r);
	else if (!doc)
		read_nonsense(r);
	else if (error && !json_is_null(error))
		read_error(r, dialect_error_words(doc, data, words, sizeof(words)));
	else
		read_choice(r, json_array_get(json_get_array(doc, "choices"), 0), "delta");
}

void whole_chat(struct answer_reader *r, const json_t *doc)
{
	read_choice(r, json_array_get(json_get_array(doc, "choices"), 0), "message");
}
