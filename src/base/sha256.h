/* SHA-256 (nettle), in the one form the program needs: lower-case hex. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/str.h"

#include <nettle/sha2.h>

#define SHA256_HEX 65

struct sha256 {
	struct sha256_ctx ctx;
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, struct str bytes);
/* Writes 64 digits and a NUL; S may be begun again afterwards. */
void sha256_end(struct sha256 *s, char hex[SHA256_HEX]);
void sha256_of(struct str bytes, char hex[SHA256_HEX]);

#endif
