/*
 * A proof that somebody kept: it holds, or the first thing that does not is named; and what holds
 * does not any more once a byte of it is another one. The first three bytes say which byte.
 */
#include "must.h"

#include "attest/attest.h"
#include "base/limits.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static int verify(struct str file)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct attest_found found;
	struct err err = { 0 };
	int rc = attest_file_verify(a, file, &found, &err);

	must(rc == 0 || rc == -EPROTO || rc == -EPERM);
	must(rc == 0 || err.what[0]);
	must(rc || (found.tally.unproven == 0 && found.seal.seq >= found.events));
	must(rc || tally_line(a, &found.tally)[0]);
	tally_fini(&found.tally);
	arena_destroy(a);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4)
		return 0;
	size_t n = size - 3, at = (data[0] | (size_t)data[1] << 8) % n;
	char *file = xstrndup((const char *)data + 3, n);

	if (memchr(data + 3, '\0', n) || verify((struct str){ file, n })) {
		free(file);
		return 0;
	}
	file[at] = (char)(file[at] ^ (data[2] ? data[2] : 1));
	must(verify((struct str){ file, n }) != 0);
	free(file);
	return 0;
}
