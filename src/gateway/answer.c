/*
 * An answer on its way from an upstream to an agent. Where both speak the same dialect the bytes
 * go on as they are; else it is read and written anew. Either way nothing of it may be the key:
 * neither the bytes, nor what they say once escapes are undone and pieces put together.
 */
#include "gateway/priv.h"

#include "base/json.h"

#define SECRET_LEAST 12 /* bytes; "none" and "ollama" are keys, too, and words */

/* --- the key ------------------------------------------------------------------------------- */

static bool has(struct str text, struct str key)
{
	return str_contains(text, key);
}

/*
 * Is the key in what comes here, piece after piece? SEEN keeps the last bytes, fewer than the key
 * has, for a key that is cut between two pieces.
 */
static bool shows_key(struct buf *seen, struct str key, struct str bytes)
{
	size_t keep = key.n - 1;
	bool found;

	if (has(bytes, key))
		return true;
	buf_add(seen, str_take(bytes, keep));
	found = has(buf_str(seen), key);
	if (bytes.n > keep) {
		buf_clear(seen);
		buf_add(seen, str_skip(bytes, bytes.n - keep));
	} else if (seen->n > keep) {
		buf_drop(seen, seen->n - keep);
	}
	return found;
}

static struct str secret_of(const struct request *r)
{
	struct str key = str_from(r->port->up->key ? r->port->up->key : "");

	return key.n >= SECRET_LEAST ? key : (struct str){ "", 0 };
}

static void look_for_key(struct request *r, enum request_sight sight, struct str bytes)
{
	struct str key = secret_of(r);

	if (key.n && shows_key(&r->seen[sight], key, bytes))
		r->leaked = true;
}

/* --- reading ------------------------------------------------------------------------------- */

static void on_piece(void *ctx, const struct piece *p)
{
	struct request *r = ctx;

	look_for_key(r, p->type == PIECE_THINK ? SIGHT_THOUGHT : SIGHT_TEXT, p->text);
	look_for_key(r, SIGHT_NAME, p->name);
	look_for_key(r, SIGHT_NAME, p->id);
	if (p->type == PIECE_END)
		r->port->finish = p->finish;
	if (r->leaked || !r->writer)
		return;
	if (p->type == PIECE_TEXT || p->type == PIECE_THINK || p->type == PIECE_CALL)
		r->text_bytes += p->text.n;
	if (p->type == PIECE_ERROR)
		request_told_error(r, p->text);
	answer_writer_put(r->writer, p);
}

void answer_translate(struct request *r, const json_t *doc)
{
	const struct answer_spec spec = { .dialect = r->target.dialect,
		.stream = r->stream,
		.model = r->port->model,
		.number = ++r->port->g->answers,
		.request = doc };

	buf_init(&r->fresh, MODEL_RESPONSE_MAX + MIB(1));
	r->writer = answer_writer_create(&spec, &r->fresh);
}

void answer_begin(struct request *r)
{
	usage_begin(r);
	if (!r->writer && !secret_of(r).n)
		return;
	for (size_t i = 0; i < SIGHTS; i++)
		buf_init(&r->seen[i], 2 * KEY_BYTES);
	r->reader = answer_reader_create(r->port->up->dialect, !r->writer, on_piece, r);
}

void answer_fini(struct request *r)
{
	if (r->reader)
		for (size_t i = 0; i < SIGHTS; i++)
			buf_fini(&r->seen[i]);
	if (r->writer)
		buf_fini(&r->fresh);
	answer_reader_destroy(r->reader);
	answer_writer_destroy(r->writer);
}

static int read_bytes(struct request *r, struct str bytes)
{
	json_t *doc;
	int rc;

	if (!r->whole)
		return answer_reader_feed(r->reader, bytes);
	doc = json_parse_loosely(bytes);
	rc = answer_reader_whole(r->reader, doc);
	json_decref(doc);
	return rc;
}

/* --- passing on ---------------------------------------------------------------------------- */

/* What was written meanwhile goes to the agent. */
static bool pass_on(struct request *r, int rc)
{
	bool nothing = r->failed && !r->stream; /* a whole has no place for an error */

	if (r->leaked || buf_status(&r->fresh))
		return false;
	request_add(r, buf_str(&r->fresh)); /* also what came before the nonsense */
	buf_clear(&r->fresh);
	return !rc && !nothing;
}

/* Nonsense, and what is too large to be read, is the agent's to refuse. */
static bool pass_as_it_is(struct request *r, struct str bytes)
{
	if (r->reader && !r->blind)
		r->blind = read_bytes(r, bytes) < 0;
	if (r->leaked)
		return false;
	usage_feed(r, bytes);
	request_add(r, bytes);
	return true;
}

bool answer_feed(struct request *r, struct str bytes)
{
	if (r->reader)
		look_for_key(r, SIGHT_BYTES, bytes);
	if (r->leaked)
		return false;
	return r->writer ? pass_on(r, read_bytes(r, bytes)) : pass_as_it_is(r, bytes);
}

bool answer_end(struct request *r)
{
	return !r->writer || pass_on(r, r->whole ? 0 : answer_reader_end(r->reader));
}
