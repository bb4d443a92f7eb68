/*
 * A listener on a real loop, with real sockets and clients that send raw bytes. All of it is one
 * thread, so a test says what happens when, and waits for events in place of sleeping; where time
 * matters it is handed in (conns_tick).
 */
#ifndef TESTS_HTTP_H
#define TESTS_HTTP_H

#include "place.h"

#include "base/id.h"
#include "http/priv.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define TOKEN "0123456789abcdef0123456789abcdef"
#define PATIENCE 60000 /* ms that a test waits for one thing */
#define QUIET 200      /* ms without an event: nothing is on its way any more */

static uv_loop_t loop;
static struct http *http;
static uv_timer_t watchdog;
static bool late;

/* --- waiting ------------------------------------------------------------------------------- */

static inline void on_late(uv_timer_t *timer)
{
	(void)timer;
	late = true;
}

static inline void turn_once(const char *what)
{
	uv_run(&loop, UV_RUN_ONCE);
	if (late)
		fail_msg("waited in vain for: %s", what);
}

#define until(what)                                              \
	do {                                                     \
		late = false;                                    \
		uv_timer_start(&watchdog, on_late, PATIENCE, 0); \
		while (!(what))                                  \
			turn_once(#what);                        \
		uv_timer_stop(&watchdog);                        \
	} while (0)

/* Until nothing is on its way. Only for what has no event: that something did not come. */
static inline void settle(void)
{
	late = false;
	uv_timer_start(&watchdog, on_late, QUIET, 0);
	while (!late)
		uv_run(&loop, UV_RUN_ONCE);
}

/* Until WHAT, or nothing has happened for a while: then the deadlines of connections are over. */
#define until_or_deadline(what)                                     \
	do {                                                        \
		late = false;                                       \
		uv_timer_start(&watchdog, on_late, QUIET, 0);       \
		while (!(what) && !late)                            \
			uv_run(&loop, UV_RUN_ONCE);                 \
		uv_timer_stop(&watchdog);                           \
		if (late)                                           \
			conns_tick(http, clock_boot() + ANSWER_MS); \
		until(what);                                        \
	} while (0)

/* --- what is behind the listener ----------------------------------------------------------- */

static struct {
	unsigned requests; /* that got as far as the handler */
	struct http_req *later;
	struct http_stream *stream;
	struct http_ws *ws;
	unsigned streams_gone, sockets_gone, drained, messages;
	struct buf heard; /* messages of WebSockets, in brackets */
	bool closed_door; /* nothing is open to all */
} behind;

static inline void on_stream_drained(void *ctx)
{
	(void)ctx;
	behind.drained++;
}

static inline void on_stream_gone(void *ctx)
{
	(void)ctx;
	behind.streams_gone++;
	behind.stream = NULL;
}

static inline void on_ws_message(void *ctx, struct str text)
{
	(void)ctx;
	behind.messages++;
	buf_printf(&behind.heard, "[%.*s]", STR_ARG(str_take(text, 40)));
}

static inline void on_ws_gone(void *ctx)
{
	if (behind.ws == ctx || !ctx)
		behind.ws = NULL;
	behind.sockets_gone++;
}

static const struct http_stream_events stream_events = { on_stream_drained, on_stream_gone };
static const struct http_ws_events ws_events = { on_ws_message, on_stream_drained, on_ws_gone };

static inline void answer_echo(struct http_req *q)
{
	static const char *const who[] = { "nobody", "cookie", "bearer", "peer" };
	static const char *const method[] = { "GET", "POST", "DELETE" };
	struct str x = http_query(q, "x");
	const char *body = arena_printf(q->arena, "%s %.*s %s x=%.*s body=%.*s", method[q->method],
	    STR_ARG(q->path), who[q->who], STR_ARG(x), STR_ARG(q->body));
	const struct http_answer answer = { .status = 200,
		.type = "text/plain; charset=utf-8",
		.body = str_from(body),
		.page = str_is(q->path, "/page"),
		.report = str_is(q->path, "/report") };

	http_send(q, &answer);
}

static void (*answer_more)(struct http_req *q); /* of a single test */

static inline void handle(void *ctx, struct http_req *q)
{
	(void)ctx;
	behind.requests++;
	if (str_is(q->path, "/later"))
		behind.later = q;
	else if (str_is(q->path, "/stream"))
		behind.stream = http_stream_open(q, "text/event-stream", &stream_events, NULL);
	else if (str_is(q->path, "/ws"))
		behind.ws = http_ws_open(q, "tutti.v1", &ws_events, NULL);
	else if (answer_more && str_starts(q->path, STR("/more")))
		answer_more(q);
	else
		answer_echo(q);
}

static inline bool is_open(void *ctx, enum http_method m, struct str path)
{
	(void)ctx;
	return m == HTTP_GET && str_starts(path, STR("/open"));
}

/* --- life ---------------------------------------------------------------------------------- */

static inline int door_open(const struct http_config *more, struct err *err)
{
	struct http_config config = *more;

	config.loop = &loop;
	config.token = config.token ? config.token : TOKEN;
	config.handle = handle;
	config.open_to_all = is_open;
	return http_create(&config, &http, err);
}

static inline struct http_config plain_config(void)
{
	return (struct http_config){ .bind = "127.0.0.1:0", .port_fd = -1, .socket_fd = -1 };
}

static inline void door_close(void)
{
	http_destroy(http);
	http = NULL;
}

static inline int set_up_bare(void **state)
{
	(void)state;
	place_make();
	uv_loop_init(&loop);
	uv_timer_init(&loop, &watchdog);
	memset(&behind, 0, sizeof(behind));
	buf_init(&behind.heard, MIB(1));
	answer_more = NULL;
	return 0;
}

static inline int set_up(void **state)
{
	const struct http_config config = plain_config();
	struct err err = { 0 };

	set_up_bare(state);
	if (door_open(&config, &err))
		fail_msg("%s", err.what);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	door_close();
	buf_fini(&behind.heard);
	uv_close((uv_handle_t *)&watchdog, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	place_remove();
	return 0;
}

static inline unsigned door_port(void)
{
	return (unsigned)strtoul(strrchr(http_url(http), ':') + 1, NULL, 10);
}

/* --- clients ------------------------------------------------------------------------------- */

struct client {
	uv_poll_t *poll;
	int fd;
	struct buf got;
	bool closed; /* by the other side */
	bool deaf;   /* does not read */
};

static inline void on_client(uv_poll_t *poll, int status, int events)
{
	struct client *c = poll->data;
	static char p[KIB(64)];
	ssize_t n = recv(c->fd, p, sizeof(p), MSG_DONTWAIT);

	(void)status;
	(void)events;
	if (n > 0) {
		buf_add(&c->got, (struct str){ p, (size_t)n });
	} else if (n == 0 || errno != EAGAIN) {
		c->closed = true;
		uv_poll_stop(poll);
	}
}

static inline struct client client_of(int fd)
{
	struct client c = { .fd = fd };

	buf_init(&c.got, MIB(64));
	return c;
}

/* C stays where it is from here on. */
static inline void listen_to(struct client *c)
{
	c->poll = xalloc(sizeof(*c->poll));
	assert_int_equal(uv_poll_init(&loop, c->poll, c->fd), 0);
	c->poll->data = c;
	uv_poll_start(c->poll, UV_READABLE, on_client);
}

static inline int dial_from(const char *from)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)door_port()),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
			   own = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(from) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static inline int dial(void)
{
	return dial_from("127.0.0.1");
}

static inline int dial_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(addr.sun_path));
	memcpy(addr.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static inline void say(struct client *c, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			uv_run(&loop, UV_RUN_NOWAIT);
			continue;
		}
		if (n < 0)
			return; /* it was hung up on; what it heard counts */
		bytes = str_skip(bytes, (size_t)n);
	}
}

static inline void hang_up(struct client *c)
{
	http_close_handle((uv_handle_t *)c->poll);
	close(c->fd);
	buf_fini(&c->got);
	c->poll = NULL;
}

/* --- answers ------------------------------------------------------------------------------- */

static inline size_t head_of(struct str s)
{
	ptrdiff_t end = str_find(s, STR("\r\n\r\n"));

	return end < 0 ? 0 : (size_t)end + 4;
}

/* The value of header NAME in the first answer, in the test's arena; NULL without. */
static inline const char *header_of(struct str s, const char *name)
{
	struct str rest = str_take(s, head_of(s));

	str_line(&rest);
	while (rest.p) {
		struct str line = str_line(&rest), key = str_split(&line, ':');

		if (line.p && str_eq_nocase(key, str_from(name)))
			return arena_cstr(here.arena, str_trim(line));
	}
	return NULL;
}

static inline int status_of(struct str s)
{
	return str_starts(s, STR("HTTP/1.1 ")) ? atoi(s.p + 9) : 0;
}

/* Bytes of the first answer in S, if its length is known; 0: it is not whole. */
static inline size_t answer_size(struct str s)
{
	size_t head = head_of(s), body;
	const char *length = head ? header_of(s, "Content-Length") : NULL;

	if (head && (status_of(s) == 204 || status_of(s) == 304))
		return head;
	if (!length)
		return 0;
	body = strtoul(length, NULL, 10);
	return s.n >= head + body ? head + body : 0;
}

static inline struct str body_of(struct str s)
{
	return str_skip(str_take(s, answer_size(s)), head_of(s));
}

/* The answer to BYTES, from a client of its own that hangs up then; in the test's arena. */
static inline struct str ask_on(int fd, struct str bytes)
{
	struct client c = client_of(fd);
	struct str got;

	listen_to(&c);
	say(&c, bytes);
	until(c.closed || answer_size(buf_str(&c.got)));
	got = arena_dup(here.arena, buf_str(&c.got));
	hang_up(&c);
	return got;
}

static inline struct str ask(struct str bytes)
{
	return ask_on(dial(), bytes);
}

/* "GET /x HTTP/1.1" with our Host, the token, and MORE header lines (each with its CRLF). */
static inline const char *request(const char *line, const char *more, const char *body)
{
	return text("%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s%s\r\n%s", line, door_port(), more,
	    *body ? text("Content-Length: %zu\r\n", strlen(body)) : "", body);
}

#define BEARER "Authorization: Bearer " TOKEN "\r\n"
#define JSON_TYPE "Content-Type: application/json\r\n"

static inline struct str fetch(const char *line, const char *more, const char *body)
{
	return ask(str_from(request(line, more, body)));
}

static inline int status_for(const char *line, const char *more, const char *body)
{
	return status_of(fetch(line, more, body));
}

#endif
