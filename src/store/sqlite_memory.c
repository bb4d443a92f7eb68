/*
 * SQLite's memory. It takes for absent, or for invalid, some of what it had no memory to read, and
 * does not say so (snippets, JSON); so what it was refused is counted.
 */
#include "store/sqlite_priv.h"

#include <stdatomic.h>

static sqlite3_mem_methods next;
static atomic_bool ends;
static atomic_uint refused;

static void *given(void *p, int n)
{
	if (!p && ends)
		out_of_memory("SQLite", (size_t)n);
	if (!p)
		refused++;
	return p;
}

static void *count_malloc(int n)
{
	return given(next.xMalloc(n), n);
}

static void *count_realloc(void *p, int n)
{
	return given(next.xRealloc(p, n), n);
}

void sqlite_count_memory(void)
{
	sqlite3_mem_methods counting;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &next) != SQLITE_OK)
		return; /* somebody uses it already; in the program there is nobody else */
	counting = next;
	counting.xMalloc = count_malloc;
	counting.xRealloc = count_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &counting);
}

unsigned sqlite_refused(void)
{
	return refused;
}

void store_memory_or_end(void)
{
	ends = true;
}
