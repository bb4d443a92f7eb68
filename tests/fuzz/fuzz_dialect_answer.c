/*
 * An answer of any dialect, as a stream in pieces of any size, told in every other: the same
 * whatever the size, one beginning, one end, and what was written as a whole answer is one.
 */
#include "dialect/dialect.h"

#include "base/limits.h"
#include "must.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct watch {
	struct answer_writer *w;
	unsigned begins, ends;
};

static void watch(void *ctx, const struct piece *p)
{
	struct watch *seen = ctx;

	must(seen->ends == 0);
	must((p->type == PIECE_BEGIN) == (seen->begins == 0));
	seen->begins++;
	seen->ends += p->type == PIECE_END || p->type == PIECE_ERROR;
	answer_writer_put(seen->w, p);
}

static int tell(enum dialect from, const struct answer_spec *spec, struct str rest, size_t step,
    struct buf *out)
{
	struct watch seen = { .w = answer_writer_create(spec, out) };
	struct answer_reader *r = answer_reader_create(from, false, watch, &seen);
	int rc = 0;

	for (; rest.n && !rc; rest = str_skip(rest, step))
		rc = answer_reader_feed(r, str_take(rest, step));
	rc = rc ? rc : answer_reader_end(r);
	must(rc || seen.ends == 1);
	answer_reader_destroy(r);
	answer_writer_destroy(seen.w);
	return rc;
}

static void check(enum dialect from, enum dialect to, bool stream, struct str text, size_t step)
{
	struct answer_spec spec = { to, stream, "model", 1, NULL };
	struct buf one, other;
	json_t *doc;

	buf_init(&one, MIB(64));
	buf_init(&other, MIB(64));
	int rc = tell(from, &spec, text, step, &one);

	must(tell(from, &spec, text, text.n, &other) == rc);
	must(str_eq(buf_str(&one), buf_str(&other)));
	if (!stream && !rc && one.n) {
		doc = json_parse_loosely(buf_str(&one));
		must(!doc || dialect_is_answer(to, doc));
		json_decref(doc);
	}
	buf_fini(&one);
	buf_fini(&other);
}

/* The first byte says whose answer it is, the second how large the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	enum dialect from = (enum dialect)(data[0] % DIALECTS);
	struct str text = { (const char *)data + 2, size - 2 };
	size_t step = 1 + data[1] % 64;

	for (enum dialect to = DIALECT_CHAT; to < DIALECTS; to++)
		check(from, to, data[0] & 16, text, step);
	return 0;
}
