#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK_MIN 4096u
#define CHUNK_MAX (1u << 20)
#define ALIGN sizeof(max_align_t)

struct chunk {
	struct chunk *next;
	size_t size, used;
	max_align_t data[];
};

struct arena {
	const char *name;
	struct chunk *head;
	size_t max, used, next_size;
};

/* A mistake of ours. */
_Noreturn static void die(const char *name, const char *what, size_t n)
{
	fprintf(stderr, "tutti: arena %s: %s (%zu bytes)\n", name, what, n);
	abort();
}

/* Nothing here asks for memory. */
void out_of_memory(const char *what, size_t n)
{
	char line[200];
	int len = snprintf(line, sizeof(line), "tutti: out of memory (%s, %zu bytes)\n", what, n);

	if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
		_exit(EXIT_MEMORY); /* nobody listens */
	_exit(EXIT_MEMORY);
}

struct arena *arena_create(const char *name, size_t max)
{
	struct arena *a = xalloc(sizeof(*a));

	a->name = name;
	a->max = max;
	a->next_size = CHUNK_MIN;
	return a;
}

void arena_destroy(struct arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->head, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

static struct chunk *chunk_add(struct arena *a, size_t need)
{
	size_t size = a->next_size > need ? a->next_size : need;
	struct chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		out_of_memory(a->name, size);
	c->size = size;
	c->used = 0;
	if (need > a->next_size && a->head) { /* a large one must not hide the open chunk */
		c->next = a->head->next;
		a->head->next = c;
		return c;
	}
	c->next = a->head;
	a->head = c;
	if (a->next_size < CHUNK_MAX)
		a->next_size *= 2;
	return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX - ALIGN - sizeof(struct chunk))
		die(a->name, "absurd size", n);
	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (n > a->max - a->used)
		die(a->name, "ceiling reached", a->max);
	struct chunk *c = a->head;

	if (!c || c->size - c->used < n)
		c = chunk_add(a, n);
	void *p = (char *)c->data + c->used;

	c->used += n;
	a->used += n;
	return n ? memset(p, 0, n) : p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		die(a->name, "array overflow", count);
	return arena_alloc(a, count * size);
}

void *arena_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return items;
	size_t more = *cap ? *cap * 2 : 4;
	void *grown = arena_array(a, more, size);

	if (n)
		memcpy(grown, items, n * size);
	*cap = more;
	return grown;
}

char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

struct str arena_dup(struct arena *a, struct str s)
{
	return (struct str){ arena_cstr(a, s), s.n };
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);

	va_end(again);
	if (n < 0)
		die(a->name, "bad format", 0);
	char *p = arena_alloc(a, (size_t)n + 1);

	vsnprintf(p, (size_t)n + 1, fmt, ap);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *p = arena_vprintf(a, fmt, ap);

	va_end(ap);
	return p;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

void *xalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		out_of_memory("heap", n);
	return p;
}

void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		out_of_memory("heap", n);
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		out_of_memory("heap", SIZE_MAX);
	return xalloc(count * size);
}

void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		out_of_memory("heap", n);
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	char *p = xalloc(n + 1);

	if (n)
		memcpy(p, s, n);
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		out_of_memory("text", 0);
	va_end(ap);
	return text;
}
