/* What is refused before anybody answers: raw bytes on a real socket. */
#include "http.h"

#define OK_GET "GET /echo HTTP/1.1\r\nHost: HOST\r\n" BEARER

/* TEXT with the real name of the server in place of each "HOST". */
static struct str with_host(const char *bytes)
{
	const char *host = text("127.0.0.1:%u", door_port());
	struct str rest = str_from(bytes);
	struct buf b;
	ptrdiff_t at;

	buf_init(&b, MIB(4));
	while ((at = str_find(rest, STR("HOST"))) >= 0) {
		buf_add(&b, str_take(rest, (size_t)at));
		buf_adds(&b, host);
		rest = str_skip(rest, (size_t)at + 4);
	}
	buf_add(&b, rest);
	struct str whole = arena_dup(here.arena, buf_str(&b));

	buf_fini(&b);
	return whole;
}

static const char *code_of(struct str got)
{
	json_t *doc = json_parse(body_of(got), NULL);
	const char *code = text("%s", json_get_cstr(json_get_object(doc, "error"), "code", "none"));

	json_decref(doc);
	return code;
}

/* --- names of the server ------------------------------------------------------------------- */

static struct str ask_host(const char *host)
{
	return ask(str_from(text("GET /echo HTTP/1.1\r\nHost: %s\r\n" BEARER "\r\n", host)));
}

static void our_names_are_those_with_our_port(void **state)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(status_of(ask_host(text("%s:%u", names[i], door_port()))), 200);
}

/* Names that a browser could be made to resolve to us, and ways to write ours differently. */
static void no_other_name_is_ours(void **state)
{
	static const char *const names[] = { "evil.example", "localhost.evil.example", "localhos",
		"localhost.", "LOCALHOST", "Localhost", "127.0.0.2", "127.1", "127.0.0.1.",
		"0.0.0.0", "0", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.0.0.01",
		"127.000.000.001", "[::]", "::1", "[0:0:0:0:0:0:0:1]", "[::0001]", "[::1%lo]",
		"[::ffff:127.0.0.1]", "[::1", "::1]", "127.0.0.1@evil.example",
		"evil.example@127.0.0.1", "user@localhost", "127.0.0.1.nip.io",
		"127-0-0-1.sslip.io", "localtest.me", "lvh.me", "tutti", "tutti.local",
		"ip6-localhost", "localhost.localdomain", "*", "http://127.0.0.1", "//127.0.0.1",
		"127.0.0.1/", "127.0.0.1\\", "127.0.0.1#", "127.0.0.1?", "127.0.0.1;",
		"127.0.0.1,localhost", "127.0.0.1 ", "%3127.0.0.1", "l%6fcalhost",
		"\xe2\x93\x9bocalhost", "locaIhost", "xn--localhost-", "" };
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t j = 0; j < 5; j++) {
			const char *port = text("%u", door_port());
			const char *tail = j == 0   ? ""
					   : j == 1 ? text(":%s", port)
					   : j == 2 ? text(":0%s", port)
					   : j == 3 ? text(":+%s", port)
						    : text(":%s0", port);
			struct str got = ask_host(text("%s%s", names[i], tail));

			if (status_of(got) != 421 && status_of(got) != 400)
				fail_msg("Host: %s%s: %.*s", names[i], tail, STR_ARG(got));
			n++;
		}
	assert_true(n > 200);
	assert_int_equal(behind.requests, 0);
}

static void our_names_without_our_port_are_not_ours(void **state)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };
	static const char *const tails[] = { "", ":", ":1", ":80", ":443", ":65536", ":-1",
		":http" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < sizeof(tails) / sizeof(tails[0]); j++)
			assert_int_equal(
			    status_of(ask_host(text("%s%s", names[i], tails[j]))), 421);
	assert_int_equal(behind.requests, 0);
}

static void configured_names_are_ours(void **state)
{
	static const char *const more[] = { "tutti.example", "other:8080", NULL };
	struct http_config config = plain_config();

	(void)state;
	door_close();
	config.hosts = more;
	assert_int_equal(door_open(&config, NULL), 0);
	assert_int_equal(status_of(ask_host("tutti.example")), 200);
	assert_int_equal(status_of(ask_host("other:8080")), 200);
	assert_int_equal(status_of(ask_host("other")), 421);
	assert_int_equal(
	    status_of(ask(str_from("GET /echo HTTP/1.1\r\nHost: tutti.example\r\n"
				   "Origin: https://tutti.example\r\n" BEARER "\r\n"))),
	    200);
}

/* --- whose page ---------------------------------------------------------------------------- */

static void other_origins_are_refused(void **state)
{
	static const char *const origins[] = { "null", "http://evil.example",
		"https://evil.example", "http://HOST.evil.example", "http://localhost",
		"http://127.0.0.1", "http://127.0.0.1:1", "HOST", "//HOST", "http:/HOST",
		"http://HOST/", "http://HOST.", "HTTP://HOST", "file://", "http://user@HOST",
		"ftp://HOST", "ws://HOST", "http://HOST, http://HOST", "",
		"chrome-extension://abcdef", "http://HOST\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		struct str got = ask(with_host(text(OK_GET "Origin: %s\r\n\r\n", origins[i])));

		if (status_of(got) != 403)
			fail_msg("Origin: %s: %.*s", origins[i], STR_ARG(got));
		assert_string_equal(code_of(got), "forbidden");
	}
	assert_int_equal(behind.requests, 0);
	assert_int_equal(status_of(ask(with_host(OK_GET "Origin: http://HOST\r\n\r\n"))), 200);
}

static void another_of_our_names_is_another_origin(void **state)
{
	const char *localhost = text("Origin: http://localhost:%u\r\n", door_port());

	(void)state;
	assert_int_equal(status_for("GET /echo", text(BEARER "%s", localhost), ""), 403);
}

static void other_sites_are_refused(void **state)
{
	static const struct {
		const char *headers;
		int status;
	} rows[] = {
		{ "Sec-Fetch-Site: same-origin\r\n", 200 },
		{ "Sec-Fetch-Site: none\r\n", 200 },
		{ "Sec-Fetch-Site: cross-site\r\n", 403 },
		{ "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
		  "Sec-Fetch-Dest: document\r\n",
		    403 },
		{ "Sec-Fetch-Site: same-site\r\n", 403 },
		{ "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n"
		  "Sec-Fetch-Dest: script\r\n",
		    403 },
		{ "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\n"
		  "Sec-Fetch-Dest: iframe\r\n",
		    403 },
		{ "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\n"
		  "Sec-Fetch-Dest: document\r\n",
		    200 },
		{ "Sec-Fetch-Site: whatever\r\n", 403 },
		{ "Sec-Fetch-Site: Same-Origin\r\n", 403 },
		{ "Sec-Fetch-Site: \r\n", 403 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (status_of(fetch("GET /echo", text(BEARER "%s", rows[i].headers), "")) !=
		    rows[i].status)
			fail_msg("%s", rows[i].headers);
	assert_int_equal(status_for("POST /echo",
			     BEARER JSON_TYPE "Sec-Fetch-Site: same-site\r\n"
					      "Sec-Fetch-Mode: navigate\r\n"
					      "Sec-Fetch-Dest: document\r\n",
			     "{}"),
	    403);
}

static void nobody_else_may_read(void **state)
{
	static const char *const lines[] = { "GET /echo", "GET /open", "POST /echo", "DELETE /echo",
		"OPTIONS /echo", "GET /nowhere", "HEAD /echo" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		for (unsigned j = 0; j < 50; j++) {
			struct str got =
			    ask(with_host(text("%s HTTP/1.1\r\nHost: HOST\r\n" BEARER
					       "Access-Control-Request-Method: POST\r\n"
					       "Origin: http://o%u.example\r\n\r\n",
				lines[i], j)));

			assert_true(got.n > 0);
			assert_false(str_contains(got, STR("ccess-Control")));
			assert_false(str_contains(got, STR("example")));
		}
}

/* --- who ----------------------------------------------------------------------------------- */

static void who_shows_nothing_gets_nothing(void **state)
{
	static const char *const headers[] = { "", "Authorization: Bearer\r\n",
		"Authorization: Bearer \r\n", "Authorization: " TOKEN "\r\n",
		"Authorization: Basic " TOKEN "\r\n", "Authorization: Bearer " TOKEN "x\r\n",
		"Authorization: Bearer 0123456789abcdef0123456789abcdeF\r\n", "Cookie: tutti=\r\n",
		"Cookie: tutti=" TOKEN TOKEN "\r\n", "Cookie: tutti\r\n", "X-Token: " TOKEN "\r\n",
		"Authorization: Bearer " TOKEN "," TOKEN "\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct str got = fetch("GET /echo", headers[i], "");

		if (status_of(got) != 401)
			fail_msg("%s", headers[i]);
		assert_string_equal(code_of(got), "unauthorized");
		assert_string_equal(header_of(got, "WWW-Authenticate"), "Bearer");
	}
	assert_int_equal(status_for("GET /echo?token=" TOKEN, "", ""), 401);
	assert_int_equal(behind.requests, 0);
}

static void what_is_open_to_all_is(void **state)
{
	(void)state;
	assert_str(body_of(fetch("GET /open", "", "")), "GET /open nobody x= body=");
	assert_str(body_of(fetch("GET /open", BEARER, "")), "GET /open bearer x= body=");
	assert_int_equal(status_for("GET /open", "Authorization: Bearer wrong\r\n", ""), 401);
	assert_int_equal(status_for("POST /open", JSON_TYPE, "{}"), 401);
}

/* --- methods and targets ------------------------------------------------------------------- */

static void other_methods_are_not_known(void **state)
{
	static const char *const methods[] = { "PUT", "PATCH", "OPTIONS", "TRACE", "get", "Get",
		"GETT", "PROPFIND", "POST\x01", "M-SEARCH" };

	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct str got = fetch(text("%s /echo", methods[i]), BEARER, "");

		if (status_of(got) != 405)
			fail_msg("%s: %.*s", methods[i], STR_ARG(got));
		assert_string_equal(header_of(got, "Allow"), "GET, HEAD, POST, DELETE");
	}
	assert_int_equal(behind.requests, 0);
}

static void targets_are_decoded_once(void **state)
{
	static const struct {
		const char *target, *body; /* NULL: refused */
	} rows[] = {
		{ "/", "GET / bearer x= body=" },
		{ "/a/", "GET /a/ bearer x= body=" },
		{ "/%41?x=%2541", "GET /A bearer x=%41 body=" },
		{ "/%2541", "GET /%41 bearer x= body=" },
		{ "/a+b?x=a+b", "GET /a+b bearer x=a b body=" },
		{ "/a?x", "GET /a bearer x= body=" },
		{ "/a?&&=&x=1&x=2", "GET /a bearer x=1 body=" },
		{ "/a?x=1?y=2", "GET /a bearer x=1?y=2 body=" },
		{ "/a?%78=1", "GET /a bearer x=1 body=" },
		{ "/...", "GET /... bearer x= body=" },
		{ "/a%2fb", "GET /a/b bearer x= body=" },
		{ "/..", NULL },
		{ "/a/../b", NULL },
		{ "/./a", NULL },
		{ "/%2e%2e/a", NULL },
		{ "/.%2e/a", NULL },
		{ "/a%2f..%2fb", NULL },
		{ "//a", NULL },
		{ "/a//b", NULL },
		{ "/%2fevil.example", NULL },
		{ "/a%00b", NULL },
		{ "/a?x=%00", NULL },
		{ "/a?%00", NULL },
		{ "/a%", NULL },
		{ "/a%4", NULL },
		{ "/a%zz", NULL },
		{ "/a?x=%", NULL },
		{ "/a%c3", NULL },
		{ "/a%ff", NULL },
		{ "/%c0%af", NULL },
		{ "/%ed%a0%80", NULL },
		{ "/a?x=%ff", NULL },
		{ "/a%0a", NULL },
		{ "/a%0d%0aX:%20y", NULL },
		{ "/a%7f", NULL },
		{ "/a#b", NULL },
		{ "/\xc3\xa4", NULL },
		{ "a", NULL },
		{ "*", NULL },
		{ "http://127.0.0.1/echo", NULL },
		{ "http://evil.example/", NULL },
		{ "?x=1", NULL },
		{ "\\a", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str got = fetch(text("GET %s", rows[i].target), BEARER, "");

		if (status_of(got) != (rows[i].body ? 200 : 400))
			fail_msg("%s: %.*s", rows[i].target, STR_ARG(got));
		if (rows[i].body)
			assert_str(body_of(got), rows[i].body);
	}
}

static const char *filled(char c, size_t n)
{
	char *p = arena_alloc(here.arena, n + 1);

	memset(p, c, n);
	return p;
}

static void sizes_have_ceilings(void **state)
{
	const char *fits = filled('a', HTTP_TARGET_MAX - 1), *longer = filled('a', HTTP_TARGET_MAX);

	(void)state;
	assert_int_equal(status_for(text("GET /%s", fits), BEARER, ""), 200);
	assert_int_equal(status_for(text("GET /%s", longer), BEARER, ""), 414);
	assert_int_equal(
	    status_for("GET /echo", text(BEARER "X: %s\r\n", filled('a', KIB(15))), ""), 200);
	assert_int_equal(
	    status_for("GET /echo", text(BEARER "X: %s\r\n", filled('a', KIB(17))), ""), 431);
	assert_int_equal(
	    status_for("GET /echo", text(BEARER "X: %s\r\n", filled('a', KIB(200))), ""), 431);
	struct buf b;

	buf_init(&b, KIB(16));
	for (unsigned i = 0; i < HTTP_HEADERS_MAX; i++)
		buf_printf(&b, "X%u: y\r\n", i);
	assert_int_equal(status_for("GET /echo", text(BEARER "%s", b.p), ""), 431);
	buf_fini(&b);
	/* all pairs of a query have to fit into the parser's memory */
	assert_int_equal(status_for(text("GET /?%s", filled('&', 500)), BEARER, ""), 200);
	struct client c = client_of(dial());

	listen_to(&c);
	say(&c, str_from(request(text("GET /?%s", filled('&', 8000)), BEARER, "")));
	until_or_deadline(c.closed);
	assert_int_equal(c.got.n, 0);
	hang_up(&c);
	assert_int_equal(status_for("GET /", BEARER, ""), 200);
}

static void bodies_have_a_ceiling(void **state)
{
	const char *fits = text("{\"a\":\"%s\"}", filled('a', HTTP_BODY_MAX - 8));
	const char *longer = text("{\"a\":\"%s\"}", filled('a', HTTP_BODY_MAX - 7));
	const char *chunked = BEARER JSON_TYPE "Transfer-Encoding: chunked\r\n";

	(void)state;
	assert_int_equal(status_for("POST /more", BEARER JSON_TYPE, fits), 200);
	assert_int_equal(behind.requests, 1);
	assert_int_equal(status_for("POST /more", BEARER JSON_TYPE, longer), 413);
	assert_int_equal(status_of(ask(str_from(text("%s%zx\r\n%s\r\n0\r\n\r\n",
			     request("POST /more", chunked, ""), strlen(longer), longer)))),
	    413);
	/* who waits for a word is told at once; who announces a lot, too */
	assert_int_equal(
	    status_of(ask(str_from(request("POST /more",
		BEARER JSON_TYPE "Expect: 100-continue\r\nContent-Length: 2000000\r\n", "")))),
	    413);
	assert_int_equal(behind.requests, 1);
	/* nobody reads for ever */
	struct str got = ask(str_from(text(
	    "%s%x\r\n%s\r\n", request("POST /more", chunked, ""), 4 << 20, filled('a', 4 << 20))));

	assert_true(status_of(got) == 0 || status_of(got) == 413);
	assert_int_equal(behind.requests, 1);
}

/* --- bodies -------------------------------------------------------------------------------- */

static void only_json_objects_are_read(void **state)
{
	static const char *const types[] = { "", "Content-Type: text/plain\r\n",
		"Content-Type: application/x-www-form-urlencoded\r\n",
		"Content-Type: multipart/form-data; boundary=x\r\n",
		"Content-Type: application/jsonp\r\n",
		"Content-Type: text/plain; application/json\r\n",
		"Content-Type: text/plain, application/json\r\n", "Content-Type: \r\n" };
	static const char *const bodies[] = { "[]", "1", "\"a\"", "null", "{", "{}x", "{} {}",
		"{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}", "{\"a\":1e400}",
		"{'a':1}", "{\"a\":NaN}", "a=b", "\xef\xbb\xbf{}" };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(status_for("POST /echo", text(BEARER "%s", types[i]), "{}"), 415);
		assert_int_equal(
		    status_for("DELETE /echo", text(BEARER "%s", types[i]), "{}"), 415);
		if (types[i][0])
			assert_int_equal(
			    status_for("DELETE /echo", text(BEARER "%s", types[i]), ""), 415);
	}
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (status_for("POST /echo", BEARER JSON_TYPE, bodies[i]) != 400)
			fail_msg("%s", bodies[i]);
	assert_int_equal(status_for("POST /echo", BEARER JSON_TYPE, filled('[', 100000)), 400);
	assert_int_equal(behind.requests, 0);
	assert_int_equal(status_for("POST /echo",
			     BEARER "Content-Type: Application/JSON; charset=utf-8\r\n", "{}"),
	    200);
	assert_int_equal(status_for("DELETE /echo", BEARER JSON_TYPE, ""), 200);
	assert_int_equal(status_for("DELETE /echo", BEARER, ""), 200);
	assert_int_equal(
	    status_for("POST /echo", BEARER JSON_TYPE "Content-Length: 0\r\n", ""), 200);
}

/* --- where a request ends ------------------------------------------------------------------ */

#define POST "POST /echo HTTP/1.1\r\nHost: HOST\r\n" BEARER JSON_TYPE
#define HIDDEN "GET /hidden HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n"

/*
 * Two readers of these could disagree where the first request ends. None of them may get as far as
 * a handler, and what stands behind the first must not be taken for a second.
 */
static const char *const smuggled[] = {
	POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" HIDDEN,
	POST "Content-Length: 2\r\nContent-Length: 100\r\n\r\n{}" HIDDEN,
	POST "Content-Length: 2\r\ncontent-length: 0\r\n\r\n{}" HIDDEN,
	POST "Content-Length: 2, 2\r\n\r\n{}" HIDDEN,
	POST "Content-Length: +2\r\n\r\n{}" HIDDEN,
	POST "Content-Length: -2\r\n\r\n{}" HIDDEN,
	POST "Content-Length: 0x2\r\n\r\n{}" HIDDEN,
	POST "Content-Length: 2x\r\n\r\n{}" HIDDEN,
	POST "Content-Length: 2 2\r\n\r\n{}" HIDDEN,
	POST "Content-Length: \r\n\r\n{}" HIDDEN,
	POST "Content-Length: 2.0\r\n\r\n{}" HIDDEN,
	POST "Content-Length: 99999999999999999999\r\n\r\n{}" HIDDEN,
	POST "Content-Length: 18446744073709551618\r\n\r\n{}" HIDDEN,
	POST "Content-Length : 2\r\n\r\n{}" HIDDEN,
	POST "Content-Length\t: 2\r\n\r\n{}" HIDDEN,
	POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: \x0b"
	     "chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\x0c\r\n\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\n{}" HIDDEN,
	POST "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\nContent-Length: "
	     "5\r\n\r\n{}" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n2;\r\n{}\r\n0x0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n 2\r\n{}\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n" HIDDEN,
	POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" HIDDEN,
	"POST /echo HTTP/1.0\r\nHost: HOST\r\n" BEARER JSON_TYPE
	"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	"GET /echo HTTP/1.1\r\nHost: HOST\r\n" BEARER "Content-Length: 5\r\n\r\nabcde" HIDDEN,
	"GET /echo HTTP/1.1\r\nHost: HOST\r\n" BEARER
	"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
	"HEAD /echo HTTP/1.1\r\nHost: HOST\r\n" BEARER "Content-Length: 5\r\n\r\nabcde" HIDDEN,
	OK_GET "Host: HOST\r\n\r\n" HIDDEN,
	OK_GET "Host: evil.example\r\n\r\n" HIDDEN,
	OK_GET BEARER "\r\n" HIDDEN,
	OK_GET "Origin: http://HOST\r\nOrigin: http://HOST\r\n\r\n" HIDDEN,
	"GET /echo HTTP/1.1\r\n" BEARER "\r\n" HIDDEN,
	"GET /echo HTTP/1.0\r\n" BEARER "\r\n" HIDDEN,
	"GET /echo\r\n" HIDDEN,
	"GET /echo HTTP/1.1 HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET /ec ho HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET  /echo  HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET\t/echo\tHTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET /echo HTTP/2.0\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET /echo HTTP/0.9\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET /echo HTTP/1.2\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET /echo HTTP/1.10\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET /echo http/1.1\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"GET /echo FTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" HIDDEN,
	"\x16\x03\x01\x02\x01\x01\xfc\x03\x03 tls\r\n\r\n" HIDDEN,
	" GET /echo HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n" HIDDEN,
	OK_GET "X Y: z\r\n\r\n" HIDDEN,
	OK_GET "X: a\x01z\r\n\r\n" HIDDEN,
	OK_GET "X: a\x7fz\r\n\r\n" HIDDEN,
	OK_GET "X: a\x1bz\r\n\r\n" HIDDEN,
	OK_GET ": z\r\n\r\n" HIDDEN,
	OK_GET "X\r\n\r\n" HIDDEN,
	OK_GET "X(: z\r\n\r\n" HIDDEN,
	OK_GET "X\x80: z\r\n\r\n" HIDDEN,
	OK_GET "\"X\": z\r\n\r\n" HIDDEN,
};

static void what_ends_nowhere_for_certain_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(smuggled) / sizeof(smuggled[0]); i++) {
		struct str bytes = with_host(smuggled[i]), got;
		struct client c = client_of(dial());

		listen_to(&c);
		say(&c, bytes);
		until_or_deadline(c.closed);
		got = buf_str(&c.got);
		if (behind.requests || str_contains(got, STR("200 OK")))
			fail_msg("%zu: %.*s\n--\n%.*s", i, STR_ARG(bytes), STR_ARG(got));
		hang_up(&c);
	}
}

/* A NUL hides what is behind it from whoever reads text. */
static void nul_is_refused(void **state)
{
	const struct str heads[] = {
		STR("GET /a\0b HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n"),
		STR("GET /a\0 HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n"),
		STR("GET\0 /a HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n"),
		STR("GET /a HTTP/1.1\0\r\nHost: HOST\r\n" BEARER "\r\n"),
		STR("GET /a HTTP/1.1\r\nHost: HOST\0.evil.example\r\n" BEARER "\r\n"),
		STR("GET /a HTTP/1.1\r\nHost: HOST\r\n" BEARER "X\0Y: z\r\n\r\n"),
		STR("GET /a HTTP/1.1\r\nHost: HOST\r\n" BEARER "X: y\0z\r\n\r\n"),
		STR("GET /a HTTP/1.1\r\nHost: HOST\r\n" BEARER "\0: y\r\n\r\n"),
		STR("GET /a HTTP/1.1\r\nHost: HOST\r\n" BEARER "X: \0\r\n\r\n"),
		STR("\0GET /a HTTP/1.1\r\nHost: HOST\r\n" BEARER "\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct buf b;
		ptrdiff_t at = str_find(heads[i], STR("HOST"));

		buf_init(&b, KIB(4));
		buf_add(&b, str_take(heads[i], (size_t)at));
		buf_printf(&b, "127.0.0.1:%u", door_port());
		buf_add(&b, str_skip(heads[i], (size_t)at + 4));
		struct str got = ask(buf_str(&b));

		if (behind.requests)
			fail_msg("%zu: %.*s", i, STR_ARG(got));
		buf_fini(&b);
	}
}

/* --- what is legitimate -------------------------------------------------------------------- */

static void requests_may_follow_each_other(void **state)
{
	struct client c = client_of(dial());
	struct str first, rest;

	(void)state;
	listen_to(&c);
	say(&c, with_host(
		    OK_GET "\r\n" POST "Transfer-Encoding: chunked\r\n\r\n"
			   "1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX: y\r\n\r\n"
			   "GET /last HTTP/1.1\r\nHost:HOST\r\nAuthorization:bearer " TOKEN " \r\n"
			   "Connection: close\r\n\r\n"));
	until(c.closed);
	first = buf_str(&c.got);
	assert_str(body_of(first), "GET /echo bearer x= body=");
	rest = str_skip(first, answer_size(first));
	assert_str(body_of(rest), "POST /echo bearer x= body={}");
	rest = str_skip(rest, answer_size(rest));
	assert_str(body_of(rest), "GET /last bearer x= body=");
	assert_int_equal(str_skip(rest, answer_size(rest)).n, 0);
	hang_up(&c);
}

static void a_request_may_come_byte_by_byte(void **state)
{
	struct str bytes = with_host(POST "Content-Length: 8\r\n\r\n{\"a\": 1}");
	struct client c = client_of(dial());

	(void)state;
	listen_to(&c);
	for (size_t i = 0; i < bytes.n; i++) {
		say(&c, str_take(str_skip(bytes, i), 1));
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	until(answer_size(buf_str(&c.got)));
	assert_str(body_of(buf_str(&c.got)), "POST /echo bearer x= body={\"a\": 1}");
	hang_up(&c);
}

/* --- docs/api.md --------------------------------------------------------------------------- */

static void the_page_tells_the_ceilings(void **state)
{
	static const struct {
		const char *name, *what;
		size_t n;
	} rows[] = {
		{ "HTTP_TARGET_MAX", "KiB of path and query", HTTP_TARGET_MAX >> 10 },
		{ "HTTP_HEADER_MAX", "KiB of a head", HTTP_HEADER_MAX >> 10 },
		{ "HTTP_HEADERS_MAX", "headers", HTTP_HEADERS_MAX },
		{ "HTTP_BODY_MAX", "MiB of a body", HTTP_BODY_MAX >> 20 },
		{ "HTTP_CONNECTIONS_MAX", "connections", HTTP_CONNECTIONS_MAX },
		{ "HTTP_CONNECTIONS_ADDRESS", "of them", HTTP_CONNECTIONS_ADDRESS },
		{ "HTTP_CONNECTIONS_SOCKET", "of them", HTTP_CONNECTIONS_SOCKET },
		{ "HTTP_BACKLOG_MAX", "MiB that", HTTP_BACKLOG_MAX >> 20 },
		{ "HTTP_SESSIONS_MAX", "sessions", HTTP_SESSIONS_MAX },
		{ "HTTP_CODES_MAX", "codes", HTTP_CODES_MAX },
		{ "WS_MESSAGE_MAX", "KiB of a message", WS_MESSAGE_MAX >> 10 },
		{ "WS_FRAMES_MAX", "frames", WS_FRAMES_MAX },
	};
	struct str page;

	(void)state;
	assert_int_equal(
	    fs_read(here.arena, text("%s/docs/api.md", getenv("TUTTI_SOURCE")), MIB(1), &page), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *row = text("| `%s` | %zu %s", rows[i].name, rows[i].n, rows[i].what);

		if (!str_contains(page, str_from(row)))
			fail_msg("docs/api.md lacks: %s", row);
	}
}

/* What a browser is told is what the page says it is told. */
static void the_page_tells_the_policies(void **state)
{
	struct str page;

	(void)state;
	assert_int_equal(
	    fs_read(here.arena, text("%s/docs/api.md", getenv("TUTTI_SOURCE")), MIB(1), &page), 0);
	for (unsigned i = 0; i < 3; i++) {
		const char *path = i == 0 ? "GET /echo" : i == 1 ? "GET /page" : "GET /report";
		const char *policy = header_of(fetch(path, BEARER, ""), "Content-Security-Policy");

		assert_non_null(policy);
		if (!str_contains(page, str_from(text("`%s`", policy))))
			fail_msg("docs/api.md lacks: %s", policy);
	}
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(our_names_are_those_with_our_port),
		test(no_other_name_is_ours),
		test(our_names_without_our_port_are_not_ours),
		test(configured_names_are_ours),
		test(other_origins_are_refused),
		test(another_of_our_names_is_another_origin),
		test(other_sites_are_refused),
		test(nobody_else_may_read),
		test(who_shows_nothing_gets_nothing),
		test(what_is_open_to_all_is),
		test(other_methods_are_not_known),
		test(targets_are_decoded_once),
		test(sizes_have_ceilings),
		test(bodies_have_a_ceiling),
		test(only_json_objects_are_read),
		test(what_ends_nowhere_for_certain_is_refused),
		test(nul_is_refused),
		test(requests_may_follow_each_other),
		test(a_request_may_come_byte_by_byte),
		test(the_page_tells_the_ceilings),
		test(the_page_tells_the_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
