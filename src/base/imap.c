#include "base/imap.h"

#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>

static size_t home(const struct imap *m, int64_t key)
{
	return ((uint64_t)key * 0x9e3779b97f4a7c15u >> 20) & (m->cap - 1);
}

static size_t find(const struct imap *m, int64_t key)
{
	size_t at = home(m, key);

	while (m->slots[at].value && m->slots[at].key != key)
		at = (at + 1) & (m->cap - 1);
	return at;
}

void imap_fini(struct imap *m)
{
	free(m->slots);
	*m = (struct imap){ 0 };
}

void *imap_get(const struct imap *m, int64_t key)
{
	return m->n ? m->slots[find(m, key)].value : NULL;
}

static void grow(struct imap *m)
{
	struct imap bigger = { .cap = m->cap ? m->cap * 2 : 16, .n = m->n };

	bigger.slots = xalloc(bigger.cap * sizeof(*bigger.slots));
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].value)
			bigger.slots[find(&bigger, m->slots[i].key)] = m->slots[i];
	free(m->slots);
	*m = bigger;
}

void imap_put(struct imap *m, int64_t key, void *value)
{
	assert(value);
	if (2 * (m->n + 1) > m->cap)
		grow(m);
	struct imap_slot *slot = &m->slots[find(m, key)];

	m->n += !slot->value;
	*slot = (struct imap_slot){ key, value };
}

void *imap_remove(struct imap *m, int64_t key)
{
	if (!m->n)
		return NULL;
	size_t hole = find(m, key);
	void *value = m->slots[hole].value;

	if (!value)
		return NULL;
	m->n--;
	/* pull back what would no longer be found past the hole */
	for (size_t at = (hole + 1) & (m->cap - 1); m->slots[at].value;
	     at = (at + 1) & (m->cap - 1)) {
		size_t want = home(m, m->slots[at].key);

		if (((at - want) & (m->cap - 1)) < ((at - hole) & (m->cap - 1)))
			continue;
		m->slots[hole] = m->slots[at];
		hole = at;
	}
	m->slots[hole].value = NULL;
	return value;
}
