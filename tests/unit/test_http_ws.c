/* WebSockets, frame by frame. */
#include "http.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455, 1.3 */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define ASK "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define WITH_KEY "Sec-WebSocket-Key: " KEY "\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: tutti.v1\r\n"
#define HELLO ASK VERSION WITH_KEY PROTOCOL

enum { MORE = 0x00, TEXT = 0x1, BINARY = 0x2, CLOSE = 0x8, PING = 0x9, PONG = 0xa, FIN = 0x80 };

/* --- frames -------------------------------------------------------------------------------- */

/* A frame as clients send them: masked, with LENGTH announced, whatever PAYLOAD has. */
static void add_frame(struct buf *b, unsigned first, unsigned long long length, struct str payload)
{
	static const unsigned char mask[] = { 0x12, 0x34, 0x56, 0x78 };

	buf_addc(b, (char)first);
	buf_addc(b, (char)(0x80 | (length < 126 ? length : length <= 0xffff ? 126 : 127)));
	for (int i = length < 126 ? 0 : length <= 0xffff ? 2 : 8; i-- > 0;)
		buf_addc(b, (char)(length >> 8 * i));
	buf_add(b, (struct str){ (const char *)mask, 4 });
	for (size_t i = 0; i < payload.n; i++)
		buf_addc(b, (char)((unsigned char)payload.p[i] ^ mask[i % 4]));
}

static void add(struct buf *b, unsigned first, struct str payload)
{
	add_frame(b, first, payload.n, payload);
}

static struct client connected(const char *headers)
{
	struct client c = client_of(dial());

	say(&c, str_from(request("GET /ws", text(BEARER "%s", headers), "")));
	return c;
}

/* The frames of the server behind the head: "text:…", "ping", "close:CODE …", in one line. */
static const char *frames_of(const struct client *c)
{
	struct str s = str_skip(buf_str(&c->got), head_of(buf_str(&c->got)));
	struct buf b;

	buf_init(&b, KIB(64));
	while (s.n >= 2) {
		unsigned op = (unsigned char)s.p[0] & 0xf;
		size_t n = (unsigned char)s.p[1], head = 2;

		assert_true(n < 0x80); /* never masked */
		assert_int_equal((unsigned char)s.p[0] & 0xf0, FIN);
		if (n == 126)
			n = (size_t)(unsigned char)s.p[2] << 8 | (unsigned char)s.p[3], head = 4;
		else if (n == 127)
			n = (size_t)(unsigned char)s.p[7] << 16 |
			    (size_t)(unsigned char)s.p[8] << 8 | (unsigned char)s.p[9],
			head = 10;
		if (s.n < head + n)
			break;
		struct str payload = str_take(str_skip(s, head), n);

		if (op == CLOSE && payload.n < 2)
			buf_adds(&b, "close ");
		else if (op == CLOSE)
			buf_printf(&b, "close:%u ",
			    (unsigned)(unsigned char)payload.p[0] << 8 |
				(unsigned char)payload.p[1]);
		else if (op == TEXT)
			buf_printf(&b, "text:%.*s ", STR_ARG(str_take(payload, 40)));
		else
			buf_printf(&b,
			    op == PING	 ? "ping "
			    : op == PONG ? "pong:%.*s "
					 : "? ",
			    STR_ARG(payload));
		s = str_skip(s, head + n);
	}
	const char *list = text("%.*s", STR_ARG(buf_str(&b)));

	buf_fini(&b);
	return list;
}

/* --- asking for one ------------------------------------------------------------------------ */

static void a_socket_is_opened(void **state)
{
	struct client c = connected(HELLO);
	struct str got;

	(void)state;
	listen_to(&c);
	until(head_of(buf_str(&c.got)));
	got = buf_str(&c.got);
	assert_int_equal(status_of(got), 101);
	assert_string_equal(header_of(got, "Sec-WebSocket-Accept"), ACCEPT);
	assert_string_equal(header_of(got, "Sec-WebSocket-Protocol"), "tutti.v1");
	assert_string_equal(header_of(got, "Upgrade"), "websocket");
	assert_null(header_of(got, "Sec-WebSocket-Extensions"));
	hang_up(&c);
	until(behind.sockets_gone == 1);
}

static void what_asks_for_something_else_is_refused(void **state)
{
	static const struct {
		const char *headers;
		int status;
	} rows[] = {
		{ "", 426 },
		{ "Upgrade: websocket\r\n" VERSION WITH_KEY PROTOCOL, 426 },
		{ "Connection: keep-alive\r\nUpgrade: websocket\r\n" VERSION WITH_KEY PROTOCOL,
		    426 },
		{ "Connection: Upgrade\r\n" VERSION WITH_KEY PROTOCOL, 426 },
		{ "Connection: Upgrade\r\nUpgrade: h2c\r\n" VERSION WITH_KEY PROTOCOL, 426 },
		{ ASK WITH_KEY PROTOCOL, 426 },
		{ ASK "Sec-WebSocket-Version: 8\r\n" WITH_KEY PROTOCOL, 426 },
		{ ASK VERSION PROTOCOL, 400 },
		{ ASK VERSION PROTOCOL "Sec-WebSocket-Key: short\r\n", 400 },
		{ ASK VERSION PROTOCOL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n", 400 },
		{ ASK VERSION PROTOCOL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n", 400 },
		{ ASK VERSION WITH_KEY, 400 },
		{ ASK VERSION WITH_KEY "Sec-WebSocket-Protocol: tutti.v2\r\n", 400 },
		{ ASK VERSION WITH_KEY "Sec-WebSocket-Protocol: Tutti.V1\r\n", 400 },
		{ HELLO "Origin: http://evil.example\r\n", 403 },
		{ HELLO "Origin: null\r\n", 403 },
		{ HELLO "Sec-Fetch-Site: cross-site\r\n", 403 },
		{ HELLO "Sec-Fetch-Site: same-site\r\n", 403 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str got = fetch("GET /ws", text(BEARER "%s", rows[i].headers), "");

		if (status_of(got) != rows[i].status)
			fail_msg("%s: %.*s", rows[i].headers, STR_ARG(got));
	}
	assert_int_equal(status_for("GET /ws", HELLO, ""), 401);
	assert_int_equal(status_for("POST /ws", BEARER HELLO JSON_TYPE, "{}"), 426);
	assert_null(behind.ws);
	assert_int_equal(behind.sockets_gone, 0);
}

/* Our page always says its origin; without one a cookie does not count. */
static void a_cookie_needs_an_origin(void **state)
{
	const char *cookie = text("Cookie: tutti=%s\r\n",
	    http_sign_in(http, here.arena, str_from(http_sign_in_code(http, here.arena))));
	struct client c = client_of(dial());

	(void)state;
	assert_int_equal(status_for("GET /ws", text("%s" HELLO, cookie), ""), 403);
	assert_int_equal(
	    status_for("GET /ws", text("%s" HELLO "Origin: http://localhost\r\n", cookie), ""),
	    403);
	listen_to(&c);
	say(&c, str_from(request("GET /ws",
		    text("%s" HELLO "Origin: http://127.0.0.1:%u\r\n", cookie, door_port()), "")));
	until(head_of(buf_str(&c.got)));
	assert_int_equal(status_of(buf_str(&c.got)), 101);
	hang_up(&c);
	until(behind.sockets_gone == 1);
}

static void extensions_are_not_taken(void **state)
{
	struct client c = connected(
	    HELLO "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");

	(void)state;
	listen_to(&c);
	until(head_of(buf_str(&c.got)));
	assert_int_equal(status_of(buf_str(&c.got)), 101);
	assert_null(header_of(buf_str(&c.got), "Sec-WebSocket-Extensions"));
	hang_up(&c);
	until(behind.sockets_gone == 1);
}

/* --- what is said -------------------------------------------------------------------------- */

/* Says FRAMES behind the request, in the same packet or after the answer, and all that came. */
static const char *talk(struct str frames, bool early)
{
	struct client c = client_of(dial());
	const char *list;

	buf_clear(&behind.heard);
	listen_to(&c);
	say(&c, str_from(text("%s", request("GET /ws", BEARER HELLO, ""))));
	if (!early)
		until(head_of(buf_str(&c.got)));
	say(&c, frames);
	until_or_deadline(c.closed);
	list = frames_of(&c);
	hang_up(&c);
	until(!behind.ws);
	return text("%.*s %s", STR_ARG(buf_str(&behind.heard)), list);
}

struct corpus {
	const char *name;
	unsigned first;		   /* byte of the first frame */
	struct str payload;	   /* of it */
	unsigned long long length; /* announced; 0: what it has */
	unsigned then;		   /* byte of a second frame, 0: none */
	struct str more;
	const char *want; /* messages, and frames of the server */
};

static void frames_come_to_what_they_should(void **state)
{
	const struct corpus rows[] = {
		{ "text", FIN | TEXT, STR("hi"), 0, FIN | CLOSE, STR("\x03\xe8"),
		    "[hi] close:1000 " },
		{ "empty text", FIN | TEXT, STR(""), 0, FIN | CLOSE, STR("\x03\xe8"),
		    "[] close:1000 " },
		{ "fragments", TEXT, STR("a\xc3"), 0, FIN | MORE, STR("\xa4"), "[a\xc3\xa4] " },
		{ "ping", FIN | PING, STR("p"), 0, 0, STR(""), " pong:p " },
		{ "ping between", TEXT, STR("a"), 0, FIN | PING, STR("p"), " pong:p " },
		{ "pong", FIN | PONG, STR("p"), 0, FIN | TEXT, STR("x"), "[x] " },
		{ "close with words", FIN | CLOSE, STR("\x03\xe9gone"), 0, 0, STR(""),
		    " close:1001 " },
		{ "binary", FIN | BINARY, STR("x"), 0, 0, STR(""), " close:1003 " },
		{ "binary in pieces", BINARY, STR("x"), 0, FIN | MORE, STR("y"), " close:1003 " },
		{ "bad UTF-8", FIN | TEXT, STR("a\xff"), 0, 0, STR(""), " close:1007 " },
		{ "half a character", FIN | TEXT, STR("a\xc3"), 0, 0, STR(""), " close:1007 " },
		{ "surrogate", FIN | TEXT, STR("\xed\xa0\x80"), 0, 0, STR(""), " close:1007 " },
		{ "overlong", FIN | TEXT, STR("\xc0\xaf"), 0, 0, STR(""), " close:1007 " },
		{ "bad piece", TEXT, STR("a"), 0, FIN | MORE, STR("\xff"), " close:1007 " },
		{ "compressed", FIN | 0x40 | TEXT, STR("x"), 0, 0, STR(""), " close:1002 " },
		{ "reserved 2", FIN | 0x20 | TEXT, STR("x"), 0, 0, STR(""), " close:1002 " },
		{ "reserved 3", FIN | 0x10 | TEXT, STR("x"), 0, 0, STR(""), " close:1002 " },
		{ "opcode 3", FIN | 0x3, STR("x"), 0, 0, STR(""), " close:1002 " },
		{ "opcode 11", FIN | 0xb, STR("x"), 0, 0, STR(""), " close:1002 " },
		{ "nothing to go on with", FIN | MORE, STR("x"), 0, 0, STR(""), " close:1002 " },
		{ "text within text", TEXT, STR("x"), 0, FIN | TEXT, STR("y"), " close:1002 " },
		{ "ping in pieces", PING, STR("x"), 0, 0, STR(""), " close:1002 " },
		{ "close in pieces", CLOSE, STR("\x03\xe8"), 0, 0, STR(""), " close:1002 " },
		{ "close with half a code", FIN | CLOSE, STR("\x03"), 0, 0, STR(""), " close " },
		{ "close with 999", FIN | CLOSE, STR("\x03\xe7"), 0, 0, STR(""), " close:1002 " },
		{ "close with 1005", FIN | CLOSE, STR("\x03\xed"), 0, 0, STR(""), " close:1002 " },
		{ "close with bad words", FIN | CLOSE, STR("\x03\xe8\xff"), 0, 0, STR(""),
		    " close:1007 " },
		{ "giant", FIN | TEXT, STR("x"), 1ULL << 40, 0, STR(""), " close:1009 " },
		{ "one too many", FIN | TEXT, STR("x"), WS_MESSAGE_MAX + 1, 0, STR(""),
		    " close:1009 " },
		{ "negative", FIN | TEXT, STR("x"), 1ULL << 63, 0, STR(""), " close:1002 " },
		{ "long ping", FIN | PING, STR(""), 126, 0, STR(""), " close:1002 " },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct corpus *row = &rows[i / 2];
		struct buf b;

		buf_init(&b, MIB(1));
		add_frame(&b, row->first, row->length ? row->length : row->payload.n, row->payload);
		if (row->then)
			add(&b, row->then, row->more);
		const char *got = talk(buf_str(&b), i % 2);

		if (strcmp(got, row->want) != 0)
			fail_msg("%s (%zu): %s", row->name, i % 2, got);
		buf_fini(&b);
	}
}

static void unmasked_frames_are_refused(void **state)
{
	(void)state;
	assert_string_equal(talk(STR("\x81\x02hi"), false), " close:1002 ");
}

static void a_message_fits_or_does_not(void **state)
{
	char *p = arena_alloc(here.arena, WS_MESSAGE_MAX);
	struct buf b;

	(void)state;
	memset(p, 'x', WS_MESSAGE_MAX);
	buf_init(&b, MIB(1));
	add(&b, FIN | TEXT, (struct str){ p, WS_MESSAGE_MAX });
	add(&b, FIN | CLOSE, STR("\x03\xe8"));
	assert_string_equal(
	    talk(buf_str(&b), false), "[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx] close:1000 ");
	buf_clear(&b);
	add(&b, TEXT, (struct str){ p, WS_MESSAGE_MAX });
	add(&b, FIN | MORE, STR("y"));
	assert_string_equal(talk(buf_str(&b), false), " close:1009 ");
	buf_fini(&b);
}

/* Neither long nor ever over. */
static void endless_pieces_are_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MIB(1));
	add(&b, TEXT, STR(""));
	for (unsigned i = 1; i < WS_FRAMES_MAX; i++)
		add(&b, MORE, STR(""));
	add(&b, FIN | PING, STR("p"));
	assert_string_equal(talk(buf_str(&b), false), " pong:p ");
	add(&b, MORE, STR(""));
	assert_string_equal(talk(buf_str(&b), false), " pong:p close:1008 ");
	buf_fini(&b);
}

static void frames_may_come_byte_by_byte(void **state)
{
	struct client c = connected(HELLO);
	struct buf b;

	(void)state;
	buf_init(&b, KIB(1));
	add(&b, TEXT, STR("one "));
	add(&b, FIN | MORE, STR("two"));
	listen_to(&c);
	for (size_t i = 0; i < b.n; i++) {
		say(&c, str_take(str_skip(buf_str(&b), i), 1));
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	until(behind.messages == 1);
	assert_str(buf_str(&behind.heard), "[one two]");
	hang_up(&c);
	until(behind.sockets_gone == 1);
	buf_fini(&b);
}

/* --- what we say --------------------------------------------------------------------------- */

static int send_text(struct str text)
{
	struct shared *s = shared_copy(text);
	int rc = http_ws_send(behind.ws, s);

	shared_put(s);
	return rc;
}

static void texts_are_sent_in_order(void **state)
{
	struct client c = connected(HELLO);
	char *p = arena_alloc(here.arena, KIB(100));

	(void)state;
	memset(p, 'y', KIB(100));
	listen_to(&c);
	until(behind.ws);
	assert_int_equal(send_text(STR("first")), 0); /* before the 101 is out */
	until(head_of(buf_str(&c.got)));
	assert_int_equal(send_text(STR("")), 0);
	assert_int_equal(send_text((struct str){ p, KIB(100) }), 0);
	http_ws_close(behind.ws, 4000, "enough");
	assert_int_equal(send_text(STR("late")), -EPIPE);
	until(strstr(frames_of(&c), "close"));
	assert_string_equal(frames_of(&c),
	    "text:first text: text:yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy close:4000 ");
	assert_int_equal(behind.sockets_gone, 0); /* the other side has not closed yet */
	conns_tick(http, clock_boot() + CLOSE_MS);
	assert_int_equal(behind.sockets_gone, 1);
	until(c.closed);
	hang_up(&c);
}

/* However many have it, and however slow they are. */
static void a_text_for_many_is_there_once(void **state)
{
	struct client quick = connected(HELLO), slow;
	struct shared *s;
	char *p = arena_alloc(here.arena, MIB(1));
	struct http_ws *first;

	(void)state;
	memset(p, 'y', MIB(1));
	s = shared_copy((struct str){ p, MIB(1) });
	until(behind.ws);
	first = behind.ws;
	slow = connected(HELLO);
	until(behind.ws != first);
	assert_int_equal(http_ws_send(first, s), 0);
	assert_int_equal(http_ws_send(behind.ws, s), 0);
	assert_int_equal(s->refs, 3);
	assert_true(http_ws_backlog(first) > MIB(1) / 4);
	listen_to(&quick);
	until(http_ws_backlog(first) == 0);
	assert_int_equal(s->refs, 2);
	listen_to(&slow);
	until(http_ws_backlog(behind.ws) == 0);
	assert_int_equal(s->refs, 1);
	until(quick.got.n > MIB(1) && slow.got.n > MIB(1));
	shared_put(s);
	hang_up(&quick);
	hang_up(&slow);
	until(behind.sockets_gone == 2);
}

static void what_is_not_taken_is_backlog(void **state)
{
	struct client c = connected(HELLO);
	size_t n = KIB(256), sent = 0;
	char *p = arena_alloc(here.arena, n);

	(void)state;
	memset(p, 'z', n);
	until(behind.ws);
	while (send_text((struct str){ p, n }) == 0) {
		sent += n;
		uv_run(&loop, UV_RUN_NOWAIT);
		if (behind.ws && http_ws_backlog(behind.ws) > MIB(2))
			break;
	}
	assert_true(http_ws_backlog(behind.ws) > MIB(2));
	behind.drained = 0;
	listen_to(&c); /* now it reads */
	until(behind.drained);
	assert_int_equal(http_ws_backlog(behind.ws), 0);
	until(c.got.n > sent);
	hang_up(&c);
	until(behind.sockets_gone == 1);
}

static void who_takes_nothing_is_given_up(void **state)
{
	struct client c = connected(HELLO);
	size_t n = MIB(1);
	char *p = arena_alloc(here.arena, n);
	unsigned sent = 0;

	(void)state;
	memset(p, 'z', n);
	until(behind.ws);
	while (send_text((struct str){ p, n }) == 0) {
		assert_true(++sent < 100);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(send_text(STR("x")), -EPIPE);
	until(behind.sockets_gone == 1);
	hang_up(&c);
}

/* Who pings and does not read pongs may fill a buffer, not our memory. */
static void a_flood_of_pings_is_held_back(void **state)
{
	struct client c = connected(HELLO);
	struct buf b;
	size_t most = 0;

	(void)state;
	buf_init(&b, MIB(1));
	for (unsigned i = 0; i < 1000; i++)
		add(&b, FIN | PING, STR("0123456789012345678901234567890123456789"));
	until(behind.ws);
	for (unsigned i = 0, stuck = 0; i < 2000 && stuck < 100; i++) {
		ssize_t n = send(c.fd, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL);

		stuck = n < 0 ? stuck + 1 : 0;
		uv_run(&loop, UV_RUN_NOWAIT);
		if (behind.ws && http_ws_backlog(behind.ws) > most)
			most = http_ws_backlog(behind.ws);
	}
	assert_true(most > 0);
	assert_true(most < KIB(256));
	hang_up(&c);
	until(behind.sockets_gone == 1);
	buf_fini(&b);
}

/* --- time ---------------------------------------------------------------------------------- */

static void silence_is_pinged_and_then_dead(void **state)
{
	struct client c = connected(HELLO);
	msec_t now;

	(void)state;
	listen_to(&c);
	until(head_of(buf_str(&c.got)));
	now = clock_boot();
	conns_tick(http, now + PING_MS - 1000);
	conns_tick(http, now + PING_MS);
	conns_tick(http, now + PING_MS + 1000);
	until(strstr(frames_of(&c), "ping"));
	assert_string_equal(frames_of(&c), "ping ");
	conns_tick(http, now + 2 * PING_MS);
	until(strcmp(frames_of(&c), "ping ping ") == 0);
	assert_int_equal(behind.sockets_gone, 0);
	conns_tick(http, now + DEAD_MS);
	assert_int_equal(behind.sockets_gone, 1);
	until(c.closed);
	hang_up(&c);
}

static void draining_says_so(void **state)
{
	struct client c = connected(HELLO);
	struct buf b;

	(void)state;
	listen_to(&c);
	until(head_of(buf_str(&c.got)));
	http_drain(http);
	until(strstr(frames_of(&c), "close:1001"));
	buf_init(&b, KIB(1));
	add(&b, FIN | CLOSE, STR("\x03\xe9"));
	say(&c, buf_str(&b));
	until(c.closed && behind.sockets_gone == 1);
	hang_up(&c);
	buf_fini(&b);
}

static void destroying_does_not_wait(void **state)
{
	struct client c = connected(HELLO), d = connected(HELLO);

	(void)state;
	until(behind.requests == 2);
	door_close();
	assert_int_equal(behind.sockets_gone, 2);
	hang_up(&c);
	hang_up(&d);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(a_socket_is_opened),
		test(what_asks_for_something_else_is_refused),
		test(a_cookie_needs_an_origin),
		test(extensions_are_not_taken),
		test(frames_come_to_what_they_should),
		test(unmasked_frames_are_refused),
		test(a_message_fits_or_does_not),
		test(endless_pieces_are_refused),
		test(frames_may_come_byte_by_byte),
		test(texts_are_sent_in_order),
		test(a_text_for_many_is_there_once),
		test(what_is_not_taken_is_backlog),
		test(who_takes_nothing_is_given_up),
		test(a_flood_of_pings_is_held_back),
		test(silence_is_pinged_and_then_dead),
		test(draining_says_so),
		test(destroying_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
