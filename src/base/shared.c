#include "base/shared.h"

#include "base/arena.h"
#include "base/unconst.h"

#include <stdlib.h>

struct shared *shared_of(struct buf *b)
{
	struct shared *s = xalloc(sizeof(*s));

	s->bytes.n = b->n;
	s->bytes.p = buf_steal(b);
	s->refs = 1;
	return s;
}

struct shared *shared_copy(struct str bytes)
{
	struct buf b;

	buf_init(&b, bytes.n + 1);
	buf_add(&b, bytes);
	return shared_of(&b);
}

struct shared *shared_ref(struct shared *s)
{
	s->refs++;
	return s;
}

void shared_put(struct shared *s)
{
	if (!s || --s->refs)
		return;
	free(unconst(s->bytes.p));
	free(s);
}
