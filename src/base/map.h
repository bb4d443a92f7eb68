/*
 * String -> pointer, in order of insertion, so that walking it gives the same order in every
 * process. Keys are copied into the map's arena; values are the caller's.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"
#include "base/str.h"

#include <stdint.h>

struct map_entry {
	struct str key; /* NUL-terminated */
	void *value;
};

struct map {
	struct arena *arena;
	struct map_entry *entries;
	size_t n, cap;
	uint32_t *slots; /* index + 1, 0 is free */
	size_t n_slots;
};

/* The map lives as long as ARENA; there is nothing to free. */
void map_init(struct map *m, struct arena *arena);
/* The value, or NULL. */
void *map_get(const struct map *m, struct str key);
/* Adds or replaces; returns the value that was there before, or NULL. VALUE is not NULL. */
void *map_put(struct map *m, struct str key, void *value);

#define map_each(m, e) for (struct map_entry *e = (m)->entries; e && e < (m)->entries + (m)->n; e++)

#endif
