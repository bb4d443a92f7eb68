#include "base/map.h"

#include <assert.h>

/* FNV-1a: keys are ids out of bounded files, so flooding one bucket costs its author only. */
static uint32_t hash(struct str key)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 16777619u;
	return h;
}

void map_init(struct map *m, struct arena *arena)
{
	*m = (struct map){ .arena = arena };
}

static uint32_t *slot_of(const struct map *m, struct str key)
{
	size_t at = hash(key) & (m->n_slots - 1);

	while (m->slots[at] && !str_eq(m->entries[m->slots[at] - 1].key, key))
		at = (at + 1) & (m->n_slots - 1);
	return &m->slots[at];
}

static void grow(struct map *m)
{
	size_t cap = m->cap ? m->cap * 2 : 8;
	struct map_entry *entries = arena_array(m->arena, cap, sizeof(*entries));

	if (m->n)
		memcpy(entries, m->entries, m->n * sizeof(*entries));
	m->entries = entries;
	m->cap = cap;
	m->n_slots = cap * 2;
	m->slots = arena_array(m->arena, m->n_slots, sizeof(*m->slots));
	for (size_t i = 0; i < m->n; i++)
		*slot_of(m, entries[i].key) = (uint32_t)i + 1;
}

void *map_get(const struct map *m, struct str key)
{
	if (!m->n)
		return NULL;
	uint32_t i = *slot_of(m, key);

	return i ? m->entries[i - 1].value : NULL;
}

void *map_put(struct map *m, struct str key, void *value)
{
	assert(value);
	if (m->n == m->cap)
		grow(m);
	uint32_t *slot = slot_of(m, key);

	if (*slot) {
		void *before = m->entries[*slot - 1].value;

		m->entries[*slot - 1].value = value;
		return before;
	}
	m->entries[m->n] = (struct map_entry){ arena_dup(m->arena, key), value };
	*slot = (uint32_t)++m->n;
	return NULL;
}
