#include "attest/attest.h"

#include <stdio.h>

#define HEAD_MAX 160 /* of a line, but for its type and data */

void chain_begin(struct chain *c)
{
	sha256_begin(&c->sha);
	c->seq = 0;
}

static size_t head_of(const struct attest_event *ev, char head[HEAD_MAX])
{
	return (size_t)snprintf(head, HEAD_MAX,
	    "{\"seq\":%lld,\"at\":%lld,\"step\":%lld,\"type\":\"", (long long)ev->seq,
	    (long long)ev->at, (long long)ev->step);
}

void attest_line_text(struct buf *b, const struct attest_event *ev)
{
	char head[HEAD_MAX];

	buf_add(b, (struct str){ head, head_of(ev, head) });
	buf_add(b, ev->type);
	buf_adds(b, "\",\"data\":");
	buf_add(b, ev->data);
	buf_addc(b, '}');
}

void attest_line_digest(const struct attest_event *ev, char hex[SHA256_HEX])
{
	char head[HEAD_MAX];
	struct sha256 sha;

	sha256_begin(&sha);
	sha256_add(&sha, (struct str){ head, head_of(ev, head) });
	sha256_add(&sha, ev->type);
	sha256_add(&sha, STR("\",\"data\":"));
	sha256_add(&sha, ev->data);
	sha256_add(&sha, STR("}"));
	sha256_end(&sha, hex);
}

void chain_add_digest(struct chain *c, int64_t seq, const char hex[SHA256_HEX])
{
	sha256_add(&c->sha, (struct str){ hex, SHA256_HEX - 1 });
	sha256_add(&c->sha, STR("\n"));
	c->seq = seq;
}

void chain_add(struct chain *c, const struct attest_event *ev)
{
	char hex[SHA256_HEX];

	attest_line_digest(ev, hex);
	chain_add_digest(c, ev->seq, hex);
}

void chain_digest(const struct chain *c, char hex[SHA256_HEX])
{
	struct sha256 copy = c->sha;

	sha256_end(&copy, hex);
}
