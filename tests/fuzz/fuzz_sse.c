#include "dialect/sse.h"

#include <stdint.h>

static void ignore(void *ctx, struct str event, struct str data)
{
	(void)ctx;
	(void)event;
	(void)data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	size_t step = size ? 1 + data[0] % 64 : 1;
	struct sse s;

	sse_init(&s, 4096, ignore, NULL);
	while (rest.n && sse_feed(&s, str_take(rest, step)) == 0)
		rest = str_skip(rest, step);
	sse_fini(&s);
	return 0;
}
