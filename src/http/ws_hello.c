#include "http/priv.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>

#define KEY_DIGITS 24					  /* 16 bytes in base 64 */
#define KEY_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

static bool is_key(struct str key)
{
	struct base64_decode_ctx ctx;
	uint8_t bytes[BASE64_DECODE_LENGTH(KEY_DIGITS)];
	size_t n = sizeof(bytes);

	base64_decode_init(&ctx);
	return key.n == KEY_DIGITS && base64_decode_update(&ctx, &n, bytes, key.n, key.p) &&
	       base64_decode_final(&ctx) && n == 16;
}

const char *ws_accept(struct arena *a, struct str key)
{
	struct sha1_ctx sha;
	uint8_t digest[SHA1_DIGEST_SIZE];
	char *text = arena_alloc(a, BASE64_ENCODE_RAW_LENGTH(sizeof(digest)) + 1);

	if (!is_key(key))
		return NULL;
	sha1_init(&sha);
	sha1_update(&sha, key.n, (const uint8_t *)key.p);
	sha1_update(&sha, strlen(KEY_SUFFIX), (const uint8_t *)KEY_SUFFIX);
	sha1_digest(&sha, sizeof(digest), digest);
	base64_encode_raw(text, sizeof(digest), digest);
	return text;
}

/* Why a request is none for a WebSocket, in the order in which it is looked at. */
enum reason { NO_UPGRADE, NO_VERSION, NO_KEY, NO_PROTOCOL, NO_ORIGIN };

static const struct refusal refusals[] = {
	[NO_UPGRADE] = { 426, "bad_request", "this address speaks WebSocket only",
	    "the request does not ask for one", "connect with a WebSocket", false, "Upgrade",
	    "websocket" },
	[NO_VERSION] = { 426, "bad_request", "this version of WebSocket is not spoken here",
	    "version 13 is", "connect with version 13", false, "Sec-WebSocket-Version", "13" },
	[NO_KEY] = { 400, "bad_request", "the WebSocket's key is none",
	    "it must be 16 bytes in base 64", "see RFC 6455, 4.1", false },
	[NO_PROTOCOL] = { 400, "bad_request", "the WebSocket's protocol is not spoken here",
	    "the request must offer one that is", "see docs/api.md", false },
	[NO_ORIGIN] = { 403, "forbidden", "it is not certain that our own page sent this",
	    "a WebSocket that is opened with a cookie must say its origin",
	    "send Origin, or use the token of the data directory", false },
};

static bool is_asked_for(struct http_req *q)
{
	return q->method == HTTP_GET && !q->head && request_of(q)->modern &&
	       list_has(http_header(q, "Upgrade"), "websocket", false) &&
	       list_has(http_header(q, "Connection"), "Upgrade", false);
}

int ws_hello(
    struct http_req *q, const char *protocol, const char **accept, const struct refusal **refusal)
{
	enum reason reason;

	*accept = ws_accept(q->arena, http_header(q, "Sec-WebSocket-Key"));
	if (!is_asked_for(q))
		reason = NO_UPGRADE;
	else if (!str_is(http_header(q, "Sec-WebSocket-Version"), "13"))
		reason = NO_VERSION;
	else if (!*accept)
		reason = NO_KEY;
	else if (!list_has(http_header(q, "Sec-WebSocket-Protocol"), protocol, true))
		reason = NO_PROTOCOL;
	else if (q->who == HTTP_COOKIE && !http_header(q, "Origin").p)
		reason = NO_ORIGIN;
	else
		return 0;
	*refusal = &refusals[reason];
	return -EPROTO;
}
