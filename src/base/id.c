#include "base/id.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void (*source_fn)(void *p, size_t n);

void id_set_source(void (*source)(void *p, size_t n))
{
	source_fn = source;
}

void id_random(void *p, size_t n)
{
	if (source_fn) {
		source_fn(p, n);
		return;
	}
	for (size_t done = 0; done < n;) {
		ssize_t got = getrandom((char *)p + done, n - done, 0);

		if (got > 0)
			done += (size_t)got;
		else if (got < 0)
			abort(); /* no kernel this program runs on fails here */
	}
}

void id_run(char buf[ID_RUN_SIZE])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	unsigned char raw[10];

	id_random(raw, sizeof(raw));
	memcpy(buf, "r-", 2);
	for (size_t i = 0; i < sizeof(raw); i++)
		buf[2 + i] = digits[raw[i] % 32];
	buf[12] = '\0';
}

void id_token(char buf[ID_TOKEN_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[32];

	id_random(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++) {
		buf[2 * i] = digits[raw[i] >> 4];
		buf[2 * i + 1] = digits[raw[i] & 15];
	}
	buf[64] = '\0';
}
