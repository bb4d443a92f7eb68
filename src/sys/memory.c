#include "sys/memory.h"

#include "base/arena.h"

#include <jansson.h>
#include <stdlib.h>
#include <uv.h>

void memory_or_end(void)
{
	json_set_alloc_funcs(xmalloc, free);
	uv_replace_allocator(xmalloc, xrealloc, xcalloc, free);
}
