/* An answer on its way from the upstream's dialect to the agent's. */
#include "gateway/priv.h"

#include "base/json.h"

static void on_piece(void *ctx, const struct piece *p)
{
	struct request *r = ctx;

	if (p->type == PIECE_TEXT || p->type == PIECE_THINK || p->type == PIECE_CALL)
		r->text_bytes += p->text.n;
	if (p->type == PIECE_ERROR)
		request_told_error(r, p->text);
	answer_writer_put(r->writer, p);
}

void translate_prepare(struct request *r, const json_t *doc)
{
	const struct answer_spec spec = { .dialect = r->target.dialect,
		.stream = r->stream,
		.model = r->port->model,
		.number = ++r->port->g->answers,
		.request = doc };

	translate_fini(r);
	buf_init(&r->fresh, MODEL_RESPONSE_MAX + MIB(1));
	r->reader = answer_reader_create(r->port->up->dialect, on_piece, r);
	r->writer = answer_writer_create(&spec, &r->fresh);
}

void translate_fini(struct request *r)
{
	if (!r->reader)
		return;
	answer_reader_destroy(r->reader);
	answer_writer_destroy(r->writer);
	buf_fini(&r->fresh);
	r->reader = NULL;
	r->writer = NULL;
}

static int feed(struct request *r, struct str bytes)
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

/* What was written meanwhile goes to the agent. */
static bool pass_on(struct request *r, int rc)
{
	if (!rc)
		rc = buf_status(&r->fresh);
	if (rc)
		return false;
	request_add(r, buf_str(&r->fresh));
	buf_clear(&r->fresh);
	return true;
}

bool translate_feed(struct request *r, struct str bytes)
{
	return pass_on(r, feed(r, bytes));
}

bool translate_end(struct request *r)
{
	return pass_on(r, r->whole ? 0 : answer_reader_end(r->reader));
}
