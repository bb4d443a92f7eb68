/* The rows of a run as they change: what each agent does just now. */
#include "hub/priv.h"

#include <stdlib.h>

#define LOOK_BACK 2000 /* events: what was said longer ago is not what somebody does now */
#define WORDS_MAX 300  /* bytes of a row's name */

static bool wants(struct cursor *c)
{
	const struct tailer *t = (const struct tailer *)(const void *)c;

	return !list_empty(&t->feed->subs);
}

static void mark(struct tailer *t, const struct roster_row *row)
{
	size_t i = (size_t)(row - t->roster.rows);

	if (t->cap < t->roster.n) {
		size_t cap = t->cap;

		t->cap = 2 * t->roster.n;
		t->changed = xrealloc(t->changed, t->cap * sizeof(*t->changed));
		memset(t->changed + cap, 0, (t->cap - cap) * sizeof(*t->changed));
	}
	t->changed[i] = ++t->stamp;
}

static void take(struct cursor *c, struct portion *p)
{
	struct tailer *t = (struct tailer *)(void *)c;

	for (size_t i = 0; i < p->n; i++) {
		struct row *row = &p->rows[i];
		const struct roster_row *changed =
		    roster_event(&t->roster, row->seq, row->at, row->type, row_doc(row));

		if (changed)
			mark(t, changed);
	}
	/* the beginning says which rows there are; the middle is nobody's present any more */
	if (t->feed->told - c->pos > LOOK_BACK)
		c->pos = t->feed->told - LOOK_BACK;
	list_each (&t->feed->subs, it)
		session_touch(list_item(it, struct sub, in_feed)->session);
}

void tailer_start(struct feed *f)
{
	struct tailer *t = f->tailer;

	if (t)
		return;
	t = f->tailer = xalloc(sizeof(*t));
	t->cursor.wants = wants;
	t->cursor.take = take;
	t->feed = f;
	t->arena = arena_create("rows", ARENA_JOB);
	roster_init(&t->roster, t->arena);
	feed_add(f, &t->cursor, 0, -1);
}

void tailer_free(struct tailer *t)
{
	if (!t)
		return;
	feed_remove(&t->cursor);
	arena_destroy(t->arena);
	shared_put(t->frame);
	free(t->changed);
	free(t);
}

static void add_row(struct buf *b, const struct roster_row *row)
{
	char stamp[32];

	buf_addc(b, '{');
	buf_member(b, "step", str_take(row->name, WORDS_MAX));
	buf_member(b, "activity", str_from(row->activity));
	buf_member(b, "condition", str_from(row->condition));
	buf_member_int(b, "tokens", row->tokens);
	buf_member_int(b, "beats", row->beats);
	if (row->last)
		buf_member(b, "last", str_from(clock_iso(row->last, stamp, sizeof(stamp))));
	else
		buf_member_json(b, "last", STR("null"));
	buf_addc(b, '}');
}

static struct shared *make_frame(const struct tailer *t, uint64_t from)
{
	struct buf b;
	size_t n = 0;

	buf_init(&b, MIB(16));
	buf_addc(&b, '{');
	buf_member(&b, "t", STR("tail"));
	buf_member(&b, "run", str_from(t->feed->id));
	buf_member_json(&b, "rows", STR("["));
	for (size_t i = 0; i < t->roster.n && i < t->cap; i++) {
		if (t->changed[i] <= from)
			continue;
		if (n++)
			buf_addc(&b, ',');
		add_row(&b, &t->roster.rows[i]);
	}
	buf_adds(&b, "]}");
	return shared_of(&b);
}

struct shared *tailer_frame(struct tailer *t, uint64_t from)
{
	if (from >= t->stamp)
		return NULL;
	if (t->frame && t->frame_from == from && t->frame_to == t->stamp)
		return t->frame;
	shared_put(t->frame);
	t->frame = make_frame(t, from);
	t->frame_from = from;
	t->frame_to = t->stamp;
	return t->frame;
}
