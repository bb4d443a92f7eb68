/*
 * The rules, in the order in which they are looked at: what cannot be read for certain comes
 * first, then who may have sent it, then what is in it.
 */
#include "http/priv.h"

#define OF_HTTP "only HTTP/1.1 as browsers and curl speak it is read here"

static bool is_chunked(const struct head *h)
{
	return h->encoding.p != NULL;
}

/*
 * Two lengths, or an encoding that is not "chunked": where the request ends would depend on who
 * reads it, and the rest of it would be a request of somebody else's making.
 */
static bool has_no_certain_end(const struct head *h)
{
	if (!is_chunked(h))
		return false;
	return h->length.p || !str_eq_nocase(h->encoding, STR("chunked")) ||
	       !str_is(h->version, "HTTP/1.1");
}

/*
 * MHD takes a NUL for the end of a text, and joins a line that begins with a blank to the one
 * before it, name and all. Both leave fewer bytes than were sent. Blanks that need not be there do
 * so, too; nobody's client writes them.
 */
static bool hides_something(const struct head *h)
{
	return h->bytes > h->seen;
}

static bool is_get(const struct head *h)
{
	return str_is(h->method, "GET") || str_is(h->method, "HEAD");
}

static bool has_body(const struct head *h)
{
	return is_chunked(h) || (h->length.n && !str_is(h->length, "0"));
}

/* --- who may have sent it ------------------------------------------------------------------ */

static bool host_is_ours(const struct hosts *hosts, const struct head *h)
{
	if (!h->host.n)
		return false;
	if (h->peer && str_is(h->host, "localhost"))
		return true;
	for (size_t i = 0; i < 3; i++)
		if (str_is(h->host, hosts->ours[i]))
			return true;
	for (const char *const *more = hosts->more; more && *more; more++)
		if (str_is(h->host, *more))
			return true;
	return false;
}

/* "http://" or "https://" and what stands in Host, which is one of ours by now. */
static bool origin_is_ours(const struct head *h)
{
	struct str o = h->origin;

	if (str_starts(o, STR("https://")))
		return str_eq(str_skip(o, 8), h->host);
	return str_starts(o, STR("http://")) && str_eq(str_skip(o, 7), h->host);
}

/*
 * Sec-Fetch-Site. Other ports of this machine are the same site for a browser, and somebody else
 * for us; from there only a link may lead here.
 */
static bool site_is_ours(const struct head *h)
{
	if (!h->site.p || str_is(h->site, "same-origin") || str_is(h->site, "none"))
		return true;
	return str_is(h->site, "same-site") && is_get(h) && str_is(h->mode, "navigate") &&
	       str_is(h->dest, "document");
}

/* A form on somebody's page could have sent it with our cookie. */
static bool could_be_forged(const struct head *h)
{
	if (h->who != HTTP_COOKIE || is_get(h))
		return false;
	return !h->origin.p && !str_is(h->site, "same-origin");
}

/*
 * A form can send a POST of a few types, and no DELETE; so of a program that has a token or is on
 * the unix socket, a DELETE without a body needs no type. Generated clients send none.
 */
static bool needs_type(const struct head *h)
{
	if (is_get(h))
		return false;
	return !str_is(h->method, "DELETE") || h->who == HTTP_COOKIE || has_body(h) || h->type.p;
}

/* --- the table ----------------------------------------------------------------------------- */

enum rule {
	RULE_TWICE,
	RULE_ODD,
	RULE_VERSION,
	RULE_END,
	RULE_HEAD,
	RULE_TARGET_LONG,
	RULE_METHOD,
	RULE_TARGET,
	RULE_GET_BODY,
	RULE_HOST,
	RULE_SITE,
	RULE_ORIGIN,
	RULE_LENGTH,
	RULE_WHO,
	RULE_FORGED,
	RULE_TYPE,
	RULES
};

static const struct refusal refusals[RULES] = {
	[RULE_TWICE] = { 400, "bad_request", "a header is there twice",
	    "which of the two counts would depend on who reads them", "send it once", true },
	[RULE_ODD] = { 400, "bad_request", "a header is none", OF_HTTP,
	    "names are words; values have no NUL and no control characters, and stand on one line",
	    true },
	[RULE_VERSION] = { 505, "bad_request", "this version of HTTP is not spoken here", OF_HTTP,
	    "ask with HTTP/1.1", true },
	[RULE_END] = { 400, "bad_request", "it is not certain where the request ends",
	    "it has an encoding besides a length, or one that is not read here",
	    "send Content-Length, or Transfer-Encoding: chunked, not both", true },
	[RULE_HEAD] = { 431, "too_large", "the head of the request is too large",
	    "16 KiB and 100 headers are read", "send fewer or shorter headers", true },
	[RULE_TARGET_LONG] = { 414, "too_large", "the address is too long",
	    "8 KiB of path and query are read", "send a shorter query", true },
	[RULE_METHOD] = { 405, "method_not_allowed", "this method is not known here",
	    "GET, HEAD, POST and DELETE are", "see docs/api.md for what each address takes", false,
	    "Allow", "GET, HEAD, POST, DELETE" },
	[RULE_TARGET] = { 400, "bad_request", "the address cannot be read",
	    "it must begin with a slash and be UTF-8, percent-encoded once, without NUL, empty "
	    "parts, \".\" or \"..\"",
	    "check how the address was put together", false },
	[RULE_GET_BODY] = { 400, "bad_request", "a request that only reads has a body",
	    "nothing would look at it", "leave the body out, or send a POST", true },
	[RULE_HOST] = { 421, "misdirected", "this is not the server that was asked for",
	    "the Host header names an address that is none of ours",
	    "use the address that `tutti serve` printed", false },
	[RULE_SITE] = { 403, "forbidden", "another site's page sent this",
	    "only our own pages may ask here", "open the address in a tab of its own", false },
	[RULE_ORIGIN] = { 403, "forbidden", "another origin's page sent this",
	    "only our own pages may ask here", "open the address in a tab of its own", false },
	[RULE_LENGTH] = { 413, "too_large", "the body is too large", "1 MiB is read", "send less",
	    false },
	[RULE_WHO] = { 401, "unauthorized", "this needs a sign-in",
	    "there is no valid cookie and no valid token",
	    "run `tutti serve --link` and open the address it prints", false },
	[RULE_FORGED] = { 403, "forbidden", "it is not certain that our own page sent this",
	    "a request that changes something with a cookie must say its origin",
	    "send Origin, or use the token of the data directory", false },
	[RULE_TYPE] = { 415, "unsupported_media_type", "only JSON is read here",
	    "a plain form could be sent by any page", "send Content-Type: application/json",
	    false },
};

const struct refusal refusal_body_too_large = { 413, "too_large", "the body is too large",
	"1 MiB is read", "send less", false };
const struct refusal refusal_no_object = { 400, "bad_request", "the body is no JSON object",
	"strict JSON is read: no duplicate keys, nothing behind its end", "send one object",
	false };

static bool is_too_long(const struct head *h)
{
	unsigned long long n;

	return h->length.p && !str_to_u64(h->length, HTTP_BODY_MAX, &n);
}

static bool breaks(enum rule rule, const struct hosts *hosts, const struct head *h)
{
	switch (rule) {
	case RULE_TWICE:
		return h->twice;
	case RULE_ODD:
		return h->odd || (h->bytes <= HTTP_HEADER_MAX && hides_something(h));
	case RULE_VERSION:
		return !str_is(h->version, "HTTP/1.1") && !str_is(h->version, "HTTP/1.0");
	case RULE_END:
		return has_no_certain_end(h);
	case RULE_HEAD:
		return h->bytes > HTTP_HEADER_MAX || h->headers > HTTP_HEADERS_MAX;
	case RULE_TARGET_LONG:
		return h->target.n > HTTP_TARGET_MAX;
	case RULE_METHOD:
		return !is_get(h) && !str_is(h->method, "POST") && !str_is(h->method, "DELETE");
	case RULE_TARGET:
		return h->bad_target;
	case RULE_GET_BODY:
		return is_get(h) && has_body(h);
	case RULE_HOST:
		return !host_is_ours(hosts, h);
	case RULE_SITE:
		return !site_is_ours(h);
	case RULE_ORIGIN:
		return h->origin.p && !origin_is_ours(h);
	case RULE_LENGTH:
		return is_too_long(h);
	case RULE_WHO:
		return h->who == HTTP_NOBODY && !h->open;
	case RULE_FORGED:
		return could_be_forged(h);
	case RULE_TYPE:
		return needs_type(h) && !type_is_json(h->type);
	case RULES:
		break;
	}
	return false;
}

const struct refusal *rules_check(const struct hosts *hosts, const struct head *head)
{
	for (enum rule rule = 0; rule < RULES; rule++)
		if (breaks(rule, hosts, head))
			return &refusals[rule];
	return NULL;
}
