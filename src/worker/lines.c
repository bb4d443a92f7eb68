#include "worker/lines.h"

#include "base/limits.h"

void lines_init(struct lines *l, size_t max, line_fn fn, void *ctx)
{
	*l = (struct lines){ .fn = fn, .ctx = ctx };
	buf_init(&l->held, max);
}

void lines_fini(struct lines *l)
{
	buf_fini(&l->held);
}

static void hold(struct lines *l, struct str part)
{
	size_t room = l->held.max - l->held.n;
	bool was_cut = l->cut;

	l->cut |= part.n > room;
	if (l->cut && l->over) {
		if (!was_cut)
			l->over(l->ctx, buf_str(&l->held));
		l->over(l->ctx, part);
	}
	if (!was_cut)
		buf_add(&l->held, str_take(part, room));
}

static void emit(struct lines *l)
{
	l->fn(l->ctx, buf_str(&l->held), l->cut);
	if (l->held.cap > KIB(256)) /* one giant line must not cost memory for ever */
		buf_fini(&l->held);
	else
		buf_clear(&l->held);
	l->cut = false;
}

void lines_feed(struct lines *l, struct str bytes)
{
	while (bytes.n) {
		ptrdiff_t at = str_chr(bytes, '\n');

		if (at < 0) {
			hold(l, bytes);
			return;
		}
		if (l->held.n || l->cut || (size_t)at > l->held.max) {
			hold(l, str_take(bytes, (size_t)at));
			if (l->cut && l->over)
				l->over(l->ctx, str_take(str_skip(bytes, (size_t)at), 1));
			emit(l);
		} else { /* whole line in hand: no copy */
			l->fn(l->ctx, str_take(bytes, (size_t)at), false);
		}
		bytes = str_skip(bytes, (size_t)at + 1);
	}
}

void lines_end(struct lines *l)
{
	if (l->held.n || l->cut)
		emit(l);
}
