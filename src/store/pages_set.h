/* A set of page numbers, as large as the largest of them asks for. Begins as zeros. */
#ifndef STORE_PAGES_SET_H
#define STORE_PAGES_SET_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct page_set {
	unsigned char *bits;
	uint32_t n; /* bytes */
};

static inline bool page_set_has(const struct page_set *s, uint32_t number)
{
	return number / 8 < s->n && (s->bits[number / 8] >> number % 8 & 1);
}

static inline void page_set_add(struct page_set *s, uint32_t number)
{
	uint32_t n = number / 8 + 1;

	if (!s->bits || n > s->n) {
		s->bits = xrealloc(s->bits, 2 * (size_t)n);
		memset(s->bits + s->n, 0, 2 * (size_t)n - s->n);
		s->n = 2 * n;
	}
	s->bits[number / 8] |= (unsigned char)(1 << number % 8);
}

static inline void page_set_fini(struct page_set *s)
{
	free(s->bits);
	*s = (struct page_set){ 0 };
}

#endif
