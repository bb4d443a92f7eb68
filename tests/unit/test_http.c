/* Answers: whole, later, for ever, to nobody; and who is signed in. */
#include "http.h"

static struct str get(const char *path, const char *headers)
{
	return fetch(text("GET %s", path), text(BEARER "%s", headers), "");
}

/* --- whole answers ------------------------------------------------------------------------- */

static void every_answer_is_locked_up(void **state)
{
	static const char *const lines[] = { "GET /echo", "GET /nowhere/../x", "GET /ws",
		"POST /echo", "PUT /x", "HEAD /echo" };
	static const char *const headers[][2] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Cache-Control", "no-store" },
		{ "Content-Security-Policy",
		    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
		    "form-action 'none'; sandbox" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		for (size_t j = 0; j < sizeof(headers) / sizeof(headers[0]); j++) {
			const char *got =
			    header_of(fetch(lines[i], i % 2 ? "" : BEARER, ""), headers[j][0]);

			if (!got || strcmp(got, headers[j][1]) != 0)
				fail_msg("%s: %s: %s", lines[i], headers[j][0], got ? got : "none");
		}
	assert_string_equal(header_of(get("/page", ""), "Content-Security-Policy"),
	    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
	    "connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'self'; "
	    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types tutti");
}

static struct http_answer next; /* what /more answers */

static void answer_next(struct http_req *q)
{
	http_send(q, &next);
}

static struct str more(struct http_answer answer, const char *headers)
{
	next = answer;
	next.status = next.status ? next.status : 200;
	next.type = "text/plain";
	answer_more = answer_next;
	return get("/more", headers);
}

static void what_is_known_is_not_sent_again(void **state)
{
	const struct http_answer tagged = { .body = STR("hello"), .etag = "\"abc\"" };
	static const char *const same[] = { "\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*" };
	static const char *const other[] = { "\"abd\"", "abc", "\"ABC\"", "", "\"abc-gzip\"" };
	struct str got = more(tagged, "");

	(void)state;
	assert_string_equal(header_of(got, "ETag"), "\"abc\"");
	assert_string_equal(header_of(got, "Cache-Control"), "no-cache");
	for (size_t i = 0; i < 4; i++) {
		got = more(tagged, text("If-None-Match: %s\r\n", same[i]));
		assert_int_equal(status_of(got), 304);
		assert_string_equal(header_of(got, "ETag"), "\"abc\"");
		assert_int_equal(str_skip(got, head_of(got)).n, 0);
	}
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(
		    status_of(more(tagged, text("If-None-Match: %s\r\n", other[i]))), 200);
	got =
	    more((struct http_answer){ .body = STR("x"), .etag = "\"a\"", .immutable = true }, "");
	assert_string_equal(header_of(got, "Cache-Control"), "public, max-age=31536000, immutable");
}

static void packed_bodies_go_to_who_takes_them(void **state)
{
	const struct http_answer packed = {
		.body = STR("\x1f\x8b..."), .encoding = "gzip", .etag = "\"abc\"", .is_static = true
	};
	static const struct {
		const char *accepted;
		int status;
	} rows[] = {
		{ "gzip", 200 },
		{ "deflate, GZIP;q=0.5", 200 },
		{ "*", 200 },
		{ "br", 406 },
		{ "gzip;q=0", 406 },
		{ "gzip; q=0.000, *", 406 },
		{ "*;q=0", 406 },
		{ "identity", 406 },
	};
	struct str got = more(packed, "");

	(void)state;
	assert_int_equal(status_of(got), 200); /* who says nothing takes everything */
	assert_string_equal(header_of(got, "Content-Encoding"), "gzip");
	assert_string_equal(header_of(got, "Vary"), "Accept-Encoding");
	assert_string_equal(header_of(got, "ETag"), "\"abc-gzip\"");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (status_of(more(packed, text("Accept-Encoding: %s\r\n", rows[i].accepted))) !=
		    rows[i].status)
			fail_msg("%s", rows[i].accepted);
	assert_int_equal(status_of(more(packed, "If-None-Match: \"abc-gzip\"\r\n")), 304);
}

static void redirects_stay_here(void **state)
{
	static const char *const rows[][2] = { { "/", "/" }, { "/runs/r-1?x=y", "/runs/r-1?x=y" },
		{ "//evil.example", "/" }, { "/\\evil.example", "/" },
		{ "https://evil.example", "/" }, { "/a\r\nX: y", "/" }, { "/a b", "/" },
		{ "", "/" }, { "javascript:alert(1)", "/" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str got =
		    more((struct http_answer){ .status = 303, .location = rows[i][0] }, "");

		assert_int_equal(status_of(got), 303);
		assert_string_equal(header_of(got, "Location"), rows[i][1]);
		assert_null(header_of(got, "X"));
	}
}

static void downloads_have_safe_names(void **state)
{
	(void)state;
	assert_string_equal(header_of(more((struct http_answer){ .file = "report-1.md" }, ""),
				"Content-Disposition"),
	    "attachment; filename=\"report-1.md\"; filename*=UTF-8''report-1.md");
	assert_string_equal(
	    header_of(more((struct http_answer){ .file = "\"; x=../\xc3\xa4\r\n" }, ""),
		"Content-Disposition"),
	    "attachment; filename=\"___x_.._____\"; "
	    "filename*=UTF-8''%22%3B%20x%3D..%2F%C3%A4%0D%0A");
}

static void only_the_head_is_sent_when_asked_for(void **state)
{
	struct client c = client_of(dial());

	(void)state;
	listen_to(&c);
	say(&c, str_from(request("HEAD /echo", BEARER "Connection: close\r\n", "")));
	until(c.closed);
	assert_int_equal(status_of(buf_str(&c.got)), 200);
	assert_string_equal(header_of(buf_str(&c.got), "Content-Length"), "25");
	assert_int_equal(head_of(buf_str(&c.got)), c.got.n);
	hang_up(&c);
}

static void answer_error(struct http_req *q)
{
	struct err err;

	err_set(&err, -ENOENT, "there is no run \"%s\"", "x");
	err_why(&err, "no id begins with it");
	err_fix(&err, "tutti runs list\ntutti runs show last");
	http_send_error(q, 404, "not_found", &err);
}

static void errors_have_four_parts(void **state)
{
	(void)state;
	answer_more = answer_error;
	struct str got = get("/more", "");

	assert_int_equal(status_of(got), 404);
	assert_string_equal(header_of(got, "Content-Type"), "application/json");
	assert_str(body_of(got), "{\"error\":{\"code\":\"not_found\",\"what\":\"there is no run "
				 "\\\"x\\\"\",\"why\":\"no id "
				 "begins with it\",\"fix\":[\"tutti runs list\",\"tutti runs show "
				 "last\"],\"docs\":\"\"}}");
}

static void answer_number(struct http_req *q)
{
	long long n = -1;
	int rc = http_query_int(q, "n", -5, 100, 7, &n);

	http_send_json(q, 200, json_pack("[i, I]", rc, (json_int_t)n));
}

static void numbers_are_in_their_range(void **state)
{
	static const char *const rows[][2] = { { "", "[0,7]" }, { "?n=100", "[0,100]" },
		{ "?n=-5", "[0,-5]" }, { "?n=101", "[-22,-1]" }, { "?n=-6", "[-22,-1]" },
		{ "?n=", "[-22,-1]" }, { "?n=-", "[-22,-1]" }, { "?n=1x", "[-22,-1]" },
		{ "?n=%2B1", "[-22,-1]" }, { "?n=99999999999999999999", "[-22,-1]" },
		{ "?n=9223372036854775808", "[-22,-1]" } };

	(void)state;
	answer_more = answer_number;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_str(body_of(get(text("/more%s", rows[i][0]), "")), rows[i][1]);
}

/* --- later --------------------------------------------------------------------------------- */

static void answer_later(const char *body)
{
	const struct http_answer answer = {
		.status = 200, .type = "text/plain", .body = str_from(body)
	};
	struct http_req *q = behind.later;

	behind.later = NULL;
	http_send(q, &answer);
}

static void an_answer_may_come_later(void **state)
{
	struct client c = client_of(dial());

	(void)state;
	listen_to(&c);
	say(&c, str_from(text(
		    "%s%s", request("GET /later", BEARER, ""), request("GET /echo", BEARER, ""))));
	until(behind.later);
	assert_str(body_of(get("/echo", "")), "GET /echo bearer x= body="); /* others go on */
	conns_tick(http, clock_boot() + ANSWER_MS); /* it may take its time */
	assert_int_equal(c.got.n, 0);
	answer_later("late");
	until(answer_size(buf_str(&c.got)) && behind.requests == 3);
	assert_str(body_of(buf_str(&c.got)), "late");
	until(str_ends(buf_str(&c.got), STR("GET /echo bearer x= body=")));
	hang_up(&c);
}

static void who_is_gone_is_answered_all_the_same(void **state)
{
	struct client c = client_of(dial());

	(void)state;
	say(&c, str_from(request("POST /later", BEARER JSON_TYPE, "{\"a\":1}")));
	until(behind.later);
	hang_up(&c);
	until(list_empty(&http->conns));
	/* what it asked for is still there */
	assert_int_equal(json_get_int(behind.later->json, "a", 0), 1);
	assert_null(http_header(behind.later, "Host").p);
	answer_later("to nobody");
	assert_true(list_empty(&http->requests));
	assert_int_equal(status_of(get("/echo", "")), 200);
}

static void an_answer_may_come_when_there_is_no_server(void **state)
{
	struct client c = client_of(dial());

	(void)state;
	say(&c, str_from(request("GET /later", BEARER, "")));
	until(behind.later);
	door_close();
	answer_later("to nobody");
	hang_up(&c);
}

static void what_goes_on_cannot_begin_for_nobody(void **state)
{
	struct client c = client_of(dial()), d = client_of(dial());
	struct http_req *first;

	(void)state;
	say(&c, str_from(request("GET /later", BEARER, "")));
	until(behind.later);
	first = behind.later;
	say(&d, str_from(request("GET /later", BEARER, "")));
	until(behind.later != first);
	hang_up(&c);
	hang_up(&d);
	until(list_empty(&http->conns));
	assert_null(http_stream_open(first, "text/plain", &stream_events, NULL));
	assert_null(http_ws_open(behind.later, "tutti.v1", &ws_events, NULL));
	assert_int_equal(behind.streams_gone + behind.sockets_gone, 0);
	assert_true(list_empty(&http->requests));
}

/* --- streams ------------------------------------------------------------------------------- */

static struct client streaming(void)
{
	struct client c = client_of(dial());

	say(&c, str_from(request("GET /stream", BEARER, "")));
	until(behind.stream);
	return c;
}

static void a_stream_goes_on_and_ends(void **state)
{
	struct client c = streaming();

	(void)state;
	listen_to(&c);
	assert_int_equal(http_stream_write(behind.stream, STR("data: 1\n\n")), 0);
	until(str_contains(buf_str(&c.got), STR("data: 1\n\n")));
	assert_string_equal(header_of(buf_str(&c.got), "Content-Type"), "text/event-stream");
	assert_string_equal(header_of(buf_str(&c.got), "Cache-Control"), "no-store");
	assert_int_equal(http_stream_backlog(behind.stream), 0);
	assert_true(behind.drained > 0);
	http_stream_write(behind.stream, STR("data: 2\n\n"));
	http_stream_close(behind.stream);
	assert_int_equal(http_stream_write(behind.stream, STR("x")), -EPIPE);
	until(behind.streams_gone == 1);
	until(str_ends(buf_str(&c.got), STR("0\r\n\r\n")));
	assert_true(str_contains(buf_str(&c.got), STR("data: 2\n\n")));
	/* the connection goes on */
	buf_clear(&c.got);
	say(&c, str_from(request("GET /echo", BEARER, "")));
	until(answer_size(buf_str(&c.got)));
	hang_up(&c);
}

static void a_stream_that_is_not_whole_does_not_end_as_one(void **state)
{
	struct client c = streaming();

	(void)state;
	listen_to(&c);
	http_stream_write(behind.stream, STR("data: 1\n\n"));
	http_stream_break(behind.stream);
	until(behind.streams_gone == 1);
	until(list_empty(&http->conns));
	assert_true(str_contains(buf_str(&c.got), STR("data: 1\n\n")));
	assert_false(str_contains(buf_str(&c.got), STR("0\r\n\r\n")));
	hang_up(&c);
}

static void a_stream_ends_with_its_client(void **state)
{
	struct client c = streaming();

	(void)state;
	hang_up(&c);
	until(behind.streams_gone == 1);
}

static void a_head_has_no_stream(void **state)
{
	struct client c = client_of(dial());

	(void)state;
	listen_to(&c);
	say(&c, str_from(request("HEAD /stream", BEARER, "")));
	until(head_of(buf_str(&c.got)));
	settle();
	assert_int_equal(head_of(buf_str(&c.got)), c.got.n);
	assert_string_equal(header_of(buf_str(&c.got), "Content-Type"), "text/event-stream");
	assert_int_equal(behind.streams_gone, 0);
	hang_up(&c);
}

static void who_takes_nothing_of_a_stream_is_given_up(void **state)
{
	struct client c = streaming();
	char *p = arena_alloc(here.arena, MIB(1));
	unsigned n = 0;

	(void)state;
	memset(p, 'x', MIB(1));
	while (http_stream_write(behind.stream, (struct str){ p, MIB(1) }) == 0) {
		assert_true(++n < 100);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	until(behind.streams_gone == 1);
	hang_up(&c);
}

static void a_stream_that_stands_still_is_given_up(void **state)
{
	struct client c = streaming();
	char *p = arena_alloc(here.arena, MIB(8));

	(void)state;
	memset(p, 'x', MIB(8));
	assert_int_equal(http_stream_write(behind.stream, (struct str){ p, MIB(8) }), 0);
	settle();
	assert_int_equal(behind.streams_gone, 0);
	conns_tick(http, clock_boot() + STALL_MS);
	until(behind.streams_gone == 1);
	hang_up(&c);
}

static void a_quiet_stream_stays(void **state)
{
	struct client c = streaming();

	(void)state;
	conns_tick(http, clock_boot() + 10 * ANSWER_MS);
	assert_int_equal(http_stream_write(behind.stream, STR("still here")), 0);
	listen_to(&c);
	until(str_contains(buf_str(&c.got), STR("still here")));
	hang_up(&c);
	until(behind.streams_gone == 1);
}

/* --- the end ------------------------------------------------------------------------------- */

static void draining_lets_requests_finish(void **state)
{
	struct client c = client_of(dial()), d = streaming();
	unsigned port = door_port();

	(void)state;
	listen_to(&c);
	listen_to(&d);
	say(&c, str_from(request("GET /later", BEARER, "")));
	until(behind.later);
	http_drain(http);
	until(behind.streams_gone == 1);
	answer_later("finished");
	until(c.closed);
	assert_str(body_of(buf_str(&c.got)), "finished");
	assert_string_equal(header_of(buf_str(&c.got), "Connection"), "close");
	/* nobody new */
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), -1);
	close(fd);
	hang_up(&c);
	hang_up(&d);
}

static void the_end_comes_at_any_time(void **state)
{
	struct client all[4] = { streaming(), client_of(dial()), client_of(dial()),
		client_of(dial()) };

	(void)state;
	say(&all[1], STR("GET /half"));
	say(&all[2], str_from(request("GET /later", BEARER, "")));
	until(behind.later);
	door_close();
	assert_int_equal(behind.streams_gone, 1);
	answer_later("to nobody");
	for (size_t i = 0; i < 4; i++)
		hang_up(&all[i]);
}

/* --- signing in ---------------------------------------------------------------------------- */

static const char *cookie_for(const char *code)
{
	const char *value = http_sign_in(http, here.arena, str_from(code));

	return value ? text("Cookie: a=b; tutti=%s; c=d\r\n", value) : NULL;
}

static void a_code_is_used_once(void **state)
{
	const char *code = http_sign_in_code(http, here.arena), *cookie;

	(void)state;
	assert_int_equal(strlen(code), 32);
	assert_null(cookie_for("0123456789abcdef0123456789abcdef"));
	assert_null(cookie_for(""));
	assert_null(cookie_for(text("%sx", code)));
	cookie = cookie_for(code);
	assert_non_null(cookie);
	assert_null(cookie_for(code));
	assert_str(body_of(fetch("GET /echo", cookie, "")), "GET /echo cookie x= body=");
	assert_str(body_of(fetch("GET /open", cookie, "")), "GET /open cookie x= body=");
}

static void old_codes_are_none(void **state)
{
	const char *old = http_sign_in_code(http, here.arena), *code;

	(void)state;
	for (size_t i = 0; i < HTTP_CODES_MAX; i++)
		code = http_sign_in_code(http, here.arena);
	assert_null(cookie_for(old)); /* there are only so many */
	for (size_t i = 0; i < HTTP_CODES_MAX; i++)
		http->sessions.codes[i].until -= CODE_MS;
	assert_null(cookie_for(code));
	assert_non_null(cookie_for(http_sign_in_code(http, here.arena)));
}

static void answer_signed_in(struct http_req *q)
{
	const struct http_answer answer = { .status = 303, .location = "/", .cookie = "abc" },
				 out = { .status = 204, .cookie = "" };

	if (str_is(q->path, "/more/out"))
		http_sign_out(http, q);
	http_send(q, str_is(q->path, "/more/out") ? &out : &answer);
}

static void cookies_are_kept_from_scripts_and_sites(void **state)
{
	(void)state;
	answer_more = answer_signed_in;
	assert_string_equal(header_of(get("/more", ""), "Set-Cookie"),
	    "tutti=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000");
	assert_string_equal(header_of(get("/more/out", ""), "Set-Cookie"),
	    "tutti=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
}

static void a_cookie_changes_nothing_for_other_pages(void **state)
{
	const char *cookie = cookie_for(http_sign_in_code(http, here.arena));
	const char *origin = text("Origin: http://127.0.0.1:%u\r\n", door_port());

	(void)state;
	assert_int_equal(status_for("POST /echo", text("%s" JSON_TYPE, cookie), "{}"), 403);
	assert_int_equal(status_for("DELETE /echo", text("%s" JSON_TYPE, cookie), ""), 403);
	assert_int_equal(
	    status_for("POST /echo", text("%s" JSON_TYPE "Sec-Fetch-Site: none\r\n", cookie), "{}"),
	    403);
	assert_int_equal(status_for("POST /echo",
			     text("%sContent-Type: text/plain\r\n%s", cookie, origin), "{}"),
	    415);
	assert_int_equal(status_for("DELETE /echo", text("%s%s", cookie, origin), ""), 415);
	assert_int_equal(behind.requests, 0);
	assert_int_equal(
	    status_for("POST /echo", text("%s" JSON_TYPE "%s", cookie, origin), "{}"), 200);
	assert_int_equal(status_for("POST /echo",
			     text("%s" JSON_TYPE "Sec-Fetch-Site: same-origin\r\n", cookie), "{}"),
	    200);
	assert_int_equal(status_for("GET /echo", cookie, ""), 200);
}

static void signing_out_ends_what_goes_on(void **state)
{
	const char *cookie = cookie_for(http_sign_in_code(http, here.arena)),
		   *other = cookie_for(http_sign_in_code(http, here.arena));
	struct client c = client_of(dial()), d = streaming();

	(void)state;
	behind.stream = NULL;
	answer_more = answer_signed_in;
	listen_to(&c);
	say(&c, str_from(request("GET /stream", cookie, "")));
	until(behind.stream);
	assert_int_equal(status_for("GET /more/out", cookie, ""), 204);
	until(behind.streams_gone == 1);
	until(str_ends(buf_str(&c.got), STR("0\r\n\r\n")));
	assert_int_equal(status_for("GET /echo", cookie, ""), 401);
	assert_int_equal(status_for("GET /echo", other, ""), 200);
	hang_up(&c);
	hang_up(&d);
	until(behind.streams_gone == 2);
}

static int reopen(const char *token, const char *sessions)
{
	struct http_config config = plain_config();

	door_close();
	config.token = token;
	config.sessions = sessions;
	return door_open(&config, NULL);
}

/* The file has nothing in it that signs in, and is as good as the token it was written under. */
static void sessions_outlive_the_process(void **state)
{
	const char *file = text("%s/sessions", here.top), *cookie, *other, *value;
	struct str kept;
	struct stat st;

	(void)state;
	assert_int_equal(reopen(TOKEN, file), 0);
	cookie = cookie_for(http_sign_in_code(http, here.arena));
	other = cookie_for(http_sign_in_code(http, here.arena));
	value = strstr(cookie, "tutti=") + 6;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fs_read(here.arena, file, KIB(16), &kept), 0);
	assert_false(str_contains(kept, (struct str){ value, 64 }));

	assert_int_equal(reopen(TOKEN, file), 0);
	assert_int_equal(status_for("GET /echo", cookie, ""), 200);
	answer_more = answer_signed_in;
	assert_int_equal(status_for("GET /more/out", cookie, ""), 204);

	assert_int_equal(reopen(TOKEN, file), 0);
	assert_int_equal(status_for("GET /echo", cookie, ""), 401);
	assert_int_equal(status_for("GET /echo", other, ""), 200);

	assert_int_equal(reopen("another-token-of-32-characters-x", file), 0);
	assert_int_equal(status_for("GET /echo", other, ""), 401);
}

static void sessions_expire(void **state)
{
	const char *cookie = cookie_for(http_sign_in_code(http, here.arena));

	(void)state;
	assert_int_equal(status_for("GET /echo", cookie, ""), 200);
	http->sessions.all[0].until += 3600000; /* as if the clock had been put back */
	assert_int_equal(status_for("GET /echo", cookie, ""), 200);
	http->sessions.all[0].until -= SESSION_MS + 3600000;
	assert_int_equal(status_for("GET /echo", cookie, ""), 401);
	assert_int_equal(http->sessions.n, 0);
	cookie = cookie_for(http_sign_in_code(http, here.arena));
	http->sessions.all[0].until -= 1000; /* it is the oldest */
	for (size_t i = 0; i < HTTP_SESSIONS_MAX; i++)
		assert_non_null(cookie_for(http_sign_in_code(http, here.arena)));
	assert_int_equal(http->sessions.n, HTTP_SESSIONS_MAX);
	assert_int_equal(status_for("GET /echo", cookie, ""), 401);
}

#define ZEROES "0000000000000000000000000000000000000000000000000000000000000000"

static void a_file_of_nonsense_is_no_session(void **state)
{
	static const char *const files[] = { "", "\n\n", "abc 1\n", " 9999999999999\n", ZEROES "\n",
		ZEROES " -1\n", ZEROES " 99999999999999999\n" };
	const char *file = text("%s/sessions", here.top);

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(fs_write(file, str_from(files[i]), 0600, NULL), 0);
		assert_int_equal(reopen(TOKEN, file), 0);
		assert_int_equal(http->sessions.n, 0);
	}
}

static void a_token_is_one(void **state)
{
	static const char *const tokens[] = { "", "short", "fifteen-letters", "with a blank in it",
		"with\na line in it.", "with-\xc3\xa4-in-it-and-more" };
	struct err err;

	(void)state;
	door_close();
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct http_config config = plain_config();

		config.token = tokens[i];
		assert_int_equal(door_open(&config, &err), -EINVAL);
		assert_null(strstr(err.why, tokens[i][0] ? tokens[i] : "\n"));
	}
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(every_answer_is_locked_up),
		test(what_is_known_is_not_sent_again),
		test(packed_bodies_go_to_who_takes_them),
		test(redirects_stay_here),
		test(downloads_have_safe_names),
		test(only_the_head_is_sent_when_asked_for),
		test(errors_have_four_parts),
		test(numbers_are_in_their_range),
		test(an_answer_may_come_later),
		test(who_is_gone_is_answered_all_the_same),
		test(an_answer_may_come_when_there_is_no_server),
		test(what_goes_on_cannot_begin_for_nobody),
		test(a_stream_goes_on_and_ends),
		test(a_stream_that_is_not_whole_does_not_end_as_one),
		test(a_stream_ends_with_its_client),
		test(a_head_has_no_stream),
		test(who_takes_nothing_of_a_stream_is_given_up),
		test(a_stream_that_stands_still_is_given_up),
		test(a_quiet_stream_stays),
		test(draining_lets_requests_finish),
		test(the_end_comes_at_any_time),
		test(a_code_is_used_once),
		test(old_codes_are_none),
		test(cookies_are_kept_from_scripts_and_sites),
		test(a_cookie_changes_nothing_for_other_pages),
		test(signing_out_ends_what_goes_on),
		test(sessions_outlive_the_process),
		test(sessions_expire),
		test(a_file_of_nonsense_is_no_session),
		test(a_token_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
