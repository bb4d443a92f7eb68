/* One attempt that somebody watches: its conversation, and the last blocks of it as JSON. */
#include "hub/priv.h"

#include "base/unconst.h"

#include <stdlib.h>

#define ALMOST 500 /* events: a run in which much happens is never read to its end */

static bool wants(struct cursor *c)
{
	(void)c;
	return true;
}

static void forget(struct builder *b, struct kept *k)
{
	list_remove(&k->list);
	imap_remove(&b->by_n, (int64_t)k->n);
	b->n_kept--;
	b->bytes -= k->json.n;
	free(unconst(k->json.p));
	free(k);
}

static struct kept *kept_of(struct builder *b, uint64_t n)
{
	struct kept *k = imap_get(&b->by_n, (int64_t)n);

	if (k) {
		b->bytes -= k->json.n;
		free(unconst(k->json.p));
		list_remove(&k->list);
		return k;
	}
	k = xalloc(sizeof(*k));
	k->n = n;
	k->born = b->version + 1;
	imap_put(&b->by_n, (int64_t)n, k);
	b->n_kept++;
	return k;
}

static void on_block(void *ctx, const struct block *block)
{
	struct builder *b = ctx;
	struct kept *k = kept_of(b, block->n);
	struct buf json;

	buf_init(&json, HTML_MAX);
	block_add_json(&json, block);
	if (block->type == BLOCK_MESSAGE)
		b->end = block->to;
	b->last_n = block->n > b->last_n ? block->n : b->last_n;
	k->version = ++b->version;
	k->end = b->end;
	k->json.n = json.n;
	k->json.p = buf_steal(&json);
	b->bytes += k->json.n;
	list_push(&b->kept, &k->list);
	while (b->n_kept > HUB_BLOCKS || (b->bytes > HUB_BLOCKS_BYTES && b->n_kept > 1)) {
		k = list_item(b->kept.next, struct kept, list);
		b->lost = k->version;
		forget(b, k);
	}
}

/* A later attempt of the step has begun. */
static void note_epoch(struct builder *b, const struct row *row, const json_t *doc)
{
	long long epoch = json_get_int(doc, "epoch", 0);

	if (epoch <= (long long)b->newest || epoch > UINT32_MAX)
		return;
	b->newest = (unsigned)epoch;
	b->newest_at = row->seq;
}

static void take(struct cursor *c, struct portion *p)
{
	struct builder *b = (struct builder *)(void *)c;

	for (size_t i = 0; i < p->n; i++) {
		struct row *row = &p->rows[i];

		if (row->position != b->position)
			continue;
		note_epoch(b, row, row_doc(row));
		conversation_event(b->c, row->seq, row->at, row->type, row_doc(row));
	}
	b->ready |= b->feed->told - c->pos < ALMOST;
	list_each (&b->watches, it)
		session_touch(list_item(it, struct watch, in_builder)->session);
}

struct builder *builder_get(
    struct feed *f, struct str step, int64_t position, unsigned epoch, int64_t after)
{
	list_each (&f->builders, it) {
		struct builder *b = list_item(it, struct builder, list);

		if (str_is(step, b->step) && b->position == position && b->epoch == epoch) {
			b->refs++;
			return b;
		}
	}
	struct builder *b = xalloc(sizeof(*b));

	*b = (struct builder){ .cursor = { .wants = wants, .take = take },
		.feed = f,
		.step = xstrndup(step.p, step.n),
		.position = position,
		.epoch = epoch,
		.newest = epoch,
		.refs = 1,
		.ready = after >= f->told };
	list_init(&b->watches);
	list_init(&b->kept);
	b->c = conversation_create(step, epoch, on_block, b);
	list_push(&f->builders, &b->list);
	f->refs++;
	feed_add(f, &b->cursor, after, position);
	return b;
}

void builder_put(struct builder *b)
{
	struct feed *f = b->feed;

	if (--b->refs)
		return;
	list_remove(&b->list);
	feed_remove(&b->cursor);
	while (!list_empty(&b->kept))
		forget(b, list_item(b->kept.next, struct kept, list));
	imap_fini(&b->by_n);
	shared_put(b->text);
	shared_put(b->blocks);
	conversation_destroy(b->c);
	free(b->step);
	free(b);
	feed_put(f);
}

uint64_t builder_version(const struct builder *b, uint64_t n)
{
	const struct kept *k = imap_get(&b->by_n, (int64_t)n);

	/* what changed since it was new may be news */
	return k && k->born >= b->lost ? k->born : 0;
}
