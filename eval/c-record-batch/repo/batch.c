#include "batch.h"

#include <stdlib.h>
#include <string.h>

struct record *batch_decode(const uint8_t *bytes, size_t n, uint32_t *count)
{
	struct record *all;
	size_t size;

	if (n < sizeof(*count))
		return NULL;
	memcpy(count, bytes, sizeof(*count));
	size = (size_t)*count * sizeof(struct record);
	if (n - sizeof(*count) < size)
		return NULL;
	all = malloc(size ? size : 1);
	if (all)
		memcpy(all, bytes + sizeof(*count), size);
	return all;
}
