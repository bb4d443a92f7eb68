/* What writers of all dialects share. */
#include "dialect/priv.h"

#include <stdlib.h>

/* Names of tools that take a text: a call of one is told in its own form. */
static json_t *custom_tools(const json_t *request)
{
	json_t *names = json_object();
	const json_t *tool;
	size_t i;

	json_array_foreach (json_get_array(request, "tools"), i, tool) {
		const char *name = json_string_value(json_object_get(tool, "name"));

		if (name && str_is(json_get_str(tool, "type"), "custom"))
			json_object_set_new(names, name, json_true());
	}
	return names;
}

static bool wants_usage(const struct answer_spec *spec)
{
	const json_t *options = json_get_object(spec->request, "stream_options");

	return !spec->stream || json_get_bool(options, "include_usage", false);
}

/* A name that any JSON can hold. */
static char *plain_name(const char *name)
{
	json_t *text = json_cstr(name);
	char *copy = xstrdup(json_string_value(text));

	json_decref(text);
	return copy;
}

struct answer_writer *answer_writer_create(const struct answer_spec *spec, struct buf *out)
{
	struct answer_writer *w = xalloc(sizeof(*w));

	w->dialect = spec->dialect;
	w->stream = spec->stream;
	w->out = out;
	w->model = plain_name(spec->model);
	w->number = spec->number;
	w->custom = spec->dialect == DIALECT_RESPONSES ? custom_tools(spec->request) : NULL;
	w->usage_wanted = wants_usage(spec);
	w->items = json_array();
	buf_init(&w->text, MODEL_RESPONSE_MAX);
	return w;
}

void answer_writer_destroy(struct answer_writer *w)
{
	if (!w)
		return;
	json_decref(w->items);
	json_decref(w->custom);
	buf_fini(&w->text);
	free(w->model);
	free(w);
}

void answer_writer_put(void *ctx, const struct piece *piece)
{
	static void (*const writers[DIALECTS])(struct answer_writer * w,
	    const struct piece *p) = { write_chat, write_messages, write_responses, write_gemini };
	struct answer_writer *w = ctx;
	struct piece named = *piece;
	char id[64];

	if (w->over)
		return;
	w->blocks += piece->type != w->before || piece->type == PIECE_CALL;
	w->before = piece->type;
	if (w->blocks > DIALECT_BLOCKS_MAX)
		w->out->status = -E2BIG;
	w->calls += piece->type == PIECE_CALL;
	w->over = piece->type == PIECE_END || piece->type == PIECE_ERROR;
	if (piece->type == PIECE_CALL && !piece->id.n) { /* gemini's and those of some servers */
		snprintf(id, sizeof(id), "call_tutti_%lu_%lu", w->number, w->calls);
		named.id = str_from(id);
	}
	writers[w->dialect](w, &named);
}

void write_json(struct answer_writer *w, json_t *doc)
{
	buf_add_value(w->out, doc);
	json_decref(doc);
}

void write_event(struct answer_writer *w, const char *type, json_t *doc)
{
	if (type)
		buf_printf(w->out, "event: %s\n", type);
	buf_adds(w->out, "data: ");
	write_json(w, doc);
	buf_adds(w->out, "\n\n");
}
