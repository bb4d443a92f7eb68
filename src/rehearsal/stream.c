/*
 * A turn in the words of the chat completions API: as server-sent events, or as one object. Bytes
 * depend on the request alone, so ids are made from it.
 */
#include "rehearsal/priv.h"

#include "base/utf8.h"

#include <stdlib.h>

#define CREATED 1700000000 /* no clock here */
#define PIECE 240	   /* bytes of text in one chunk, more when there are too many */

struct writer {
	const struct scene *s;
	const struct turn *turn;
	struct rehearsal_answer *out;
	unsigned id;
	size_t cap, bytes;
};

struct str stream_error(struct arena *a, const char *message, const char *type, const char *code)
{
	json_t *doc = json_pack(
	    "{s:{s:s, s:s, s:s?}}", "error", "message", message, "type", type, "code", code);
	char *text = json_dump(doc);
	struct str s = arena_dup(a, str_from(text));

	free(text);
	json_decref(doc);
	return s;
}

/* --- parts of the object
 * -------------------------------------------------------------------------- */

static void add_head(struct buf *b, const struct writer *w, const char *object)
{
	buf_printf(b,
	    "{\"id\":\"chatcmpl-rehearsal-%08x\",\"object\":\"%s\",\"created\":%d,\"model\":",
	    w->id, object, CREATED);
	buf_add_json(b, w->s->talk.model.n ? w->s->talk.model : STR("rehearsal"));
}

static void add_usage(struct buf *b, const struct writer *w)
{
	size_t in = w->s->talk.bytes / 4 + 1, out = w->turn->text.n / 4 + 1;

	for (size_t i = 0; i < w->turn->n_calls; i++)
		out += w->turn->calls[i].args.n / 4 + 4;
	buf_printf(b,
	    "\"usage\":{\"prompt_tokens\":%zu,\"completion_tokens\":%zu,\"total_tokens\":%zu,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":0}}",
	    in, out, in + out);
}

static void add_call(struct buf *b, const struct writer *w, size_t i, bool index)
{
	const struct extra_call *c = &w->turn->calls[i];

	buf_addc(b, '{');
	if (index)
		buf_printf(b, "\"index\":%zu,", i);
	buf_printf(b, "\"id\":\"call_%u_%zu\",\"type\":\"function\",\"function\":{\"name\":",
	    w->s->talk.turns, i);
	buf_add_json(b, c->name);
	buf_adds(b, ",\"arguments\":");
	buf_add_json(b, c->args);
	buf_adds(b, "}}");
}

static const char *finish_of(const struct turn *t)
{
	return t->n_calls ? "tool_calls" : t->truncated ? "length" : "stop";
}

/* --- events
 * ---------------------------------------------------------------------------------------- */

static void put(struct writer *w, struct str event)
{
	struct rehearsal_answer *out = w->out;

	w->bytes += event.n;
	out->chunks =
	    arena_grow(w->s->a, out->chunks, out->n_chunks, &w->cap, sizeof(*out->chunks));
	out->chunks[out->n_chunks++] = event;
}

/* One event around DELTA; FINISH is NULL before the end. */
static void put_delta(struct writer *w, struct str delta, const char *finish)
{
	struct buf b;

	buf_init(&b, REHEARSAL_BODY_MAX);
	buf_adds(&b, "data: ");
	add_head(&b, w, "chat.completion.chunk");
	buf_printf(&b, ",\"choices\":[{\"index\":0,\"delta\":");
	buf_add(&b, delta);
	if (finish)
		buf_printf(&b, ",\"finish_reason\":\"%s\"}]}\n\n", finish);
	else
		buf_adds(&b, ",\"finish_reason\":null}]}\n\n");
	put(w, buf_to_arena(w->s->a, &b));
}

static void put_text(struct writer *w)
{
	struct str rest = w->turn->text;
	size_t piece = rest.n / (REHEARSAL_CHUNKS_MAX - 100) + 1;

	piece = piece < PIECE ? PIECE : piece;
	while (rest.n) {
		struct str part = utf8_cut(rest, piece);
		struct buf b;

		if (!part.n)
			part = str_take(rest, 1);
		buf_init(&b, REHEARSAL_BODY_MAX);
		buf_adds(&b, "{\"content\":");
		buf_add_json(&b, part);
		buf_addc(&b, '}');
		put_delta(w, buf_str(&b), NULL);
		buf_fini(&b);
		rest = str_skip(rest, part.n);
	}
}

static void put_calls(struct writer *w)
{
	for (size_t i = 0; i < w->turn->n_calls; i++) {
		struct buf b;

		buf_init(&b, REHEARSAL_BODY_MAX);
		buf_adds(&b, "{\"tool_calls\":[");
		add_call(&b, w, i, true);
		buf_adds(&b, "]}");
		put_delta(w, buf_str(&b), NULL);
		buf_fini(&b);
	}
}

static void put_usage(struct writer *w)
{
	struct buf b;

	buf_init(&b, KIB(4));
	buf_adds(&b, "data: ");
	add_head(&b, w, "chat.completion.chunk");
	buf_adds(&b, ",\"choices\":[],");
	add_usage(&b, w);
	buf_adds(&b, "}\n\n");
	put(w, buf_to_arena(w->s->a, &b));
}

static void write_events(struct writer *w, bool usage)
{
	put_delta(w, STR("{\"role\":\"assistant\",\"content\":\"\"}"), NULL);
	put_text(w);
	put_calls(w);
	put_delta(w, STR("{}"), finish_of(w->turn));
	if (usage)
		put_usage(w);
	put(w, STR("data: [DONE]\n\n"));
}

static void write_object(struct writer *w)
{
	struct buf b;

	buf_init(&b, REHEARSAL_BODY_MAX);
	add_head(&b, w, "chat.completion");
	buf_adds(&b, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
	buf_add_json(&b, w->turn->text);
	for (size_t i = 0; i < w->turn->n_calls; i++) {
		buf_adds(&b, i ? "," : ",\"tool_calls\":[");
		add_call(&b, w, i, false);
	}
	buf_printf(
	    &b, "%s},\"finish_reason\":\"%s\"}],", w->turn->n_calls ? "]" : "", finish_of(w->turn));
	add_usage(&b, w);
	buf_addc(&b, '}');
	w->out->json = buf_to_arena(w->s->a, &b);
}

/* --- what a script does to the stream
 * ------------------------------------------------------------- */

static void keep_chunks(struct rehearsal_answer *out, long n)
{
	if ((size_t)n < out->n_chunks)
		out->n_chunks = (size_t)n;
}

static void disturb(const struct mischief *m, struct rehearsal_answer *out)
{
	out->delay_ms = m->delay_ms;
	if (m->malformed >= 0 && (size_t)m->malformed < out->n_chunks)
		out->chunks[m->malformed] =
		    STR("data: {\"choices\":[{\"delta\":{\"content\":\"half\n\n");
	if (m->cut >= 0) {
		keep_chunks(out, m->cut);
		out->json = str_take(out->json, out->json.n / 2);
		out->cut = true;
	}
	if (m->stall >= 0) {
		keep_chunks(out, m->stall);
		out->json = (struct str){ "", 0 };
		out->action = REHEARSE_HANG;
	}
	if (m->flood && out->n_chunks > 2) {
		out->n_chunks = 2; /* the role, and a piece of text that is repeated */
		out->flood_bytes = m->flood;
	}
}

int stream_write(const struct scene *s, const struct turn *turn, const struct mischief *m,
    bool stream, bool usage, struct rehearsal_answer *ret, struct err *err)
{
	struct rehearsal_answer out = { .action = REHEARSE_REPLY };
	struct writer w = { s, turn, &out, 0, 0, 0 };

	if (turn->text.n > REHEARSAL_TEXT_MAX)
		return err_set(err, -E2BIG, "the rehearsal's answer is larger than %zu bytes",
		    REHEARSAL_TEXT_MAX);
	w.id = text_hash(s->part.step, s->part.persona) ^ (s->talk.turns * 2654435761u);
	if (stream)
		write_events(&w, usage);
	else
		write_object(&w);
	disturb(m, &out);
	*ret = out;
	return 0;
}
