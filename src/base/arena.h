/*
 * Region allocation. A job, a request, a run in hand takes one arena and frees it whole, so most
 * code never calls free.
 *
 * arena_alloc does not fail: out of memory ends the process (out_of_memory), and so does passing
 * the arena's ceiling (abort). Whatever is sized by input is therefore held to a ceiling of
 * limits.h *before* it is copied into an arena; the arena's own maximum only catches our mistakes.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

#include <stdarg.h>

struct arena;

/* NAME is for the message of the last resort and must outlive the arena. MAX is in bytes. */
struct arena *arena_create(const char *name, size_t max);
/* Frees everything at once. Accepts NULL. */
void arena_destroy(struct arena *a);
/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t n);
/* Zeroed array; the product is checked for overflow. */
void *arena_array(struct arena *a, size_t count, size_t size);
/*
 * Room for one more in an array of N that lives in A and has room for *CAP: ITEMS itself, or a copy
 * twice as large. Starts with NULL and 0.
 */
void *arena_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t size);
/* A copy with a NUL behind it. */
struct str arena_dup(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

/*
 * Where there is no memory, the process ends in order: a line on stderr, and this exit code. What
 * somebody was told is stored by then, and the next process goes on with it.
 */
#define EXIT_MEMORY 71 /* EX_OSERR */
_Noreturn void out_of_memory(const char *what, size_t n);

/* The small allocations that belong to no arena; they end the process instead of failing. */
void *xalloc(size_t n);
/* The same as libraries want it: not zeroed, or COUNT times SIZE. */
void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
