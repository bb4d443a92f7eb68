/*
 * A gateway on a real loop and what stands on its two sides: doors, through which clients of raw
 * HTTP/1.1 talk to it as a worker's child does, and model servers that keep every byte they were
 * asked with and answer as they are told. All of it is one thread, so a test says what happens
 * when, and waits for events in place of sleeping.
 */
#ifndef TESTS_GATEWAY_H
#define TESTS_GATEWAY_H

#include "check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "flow/words.h"
#include "gateway/gateway.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define KEY "sk-the-real-key"
#define ASKED_MAX 600
#define PATIENCE 60000 /* ms that a test waits for one thing */
#define QUIET 60       /* ms without an event: nothing is on its way any more */

static uv_loop_t loop;
static struct arena *arena;
static struct gateway *gateway;
static struct list servers, clients, doors;
static uv_timer_t watchdog;
static bool late;
static unsigned long happened; /* events on either side */

/* --- waiting ------------------------------------------------------------------------------- */

static inline void on_late(uv_timer_t *timer)
{
	(void)timer;
	late = true;
}

static inline void turn(const char *what)
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
			turn(#what);                             \
		uv_timer_stop(&watchdog);                        \
	} while (0)

/* Until nothing is on its way. Only for what has no event: that something did not come. */
static inline void settle(void)
{
	unsigned long before;

	do {
		before = happened;
		late = false;
		uv_timer_start(&watchdog, on_late, QUIET, 0);
		while (!late)
			uv_run(&loop, UV_RUN_ONCE);
	} while (happened != before);
	late = false;
}

/* --- HTTP, as far as needed ---------------------------------------------------------------- */

/* Where the body begins, or 0 when the head has not come whole. */
static inline size_t body_at(struct str got)
{
	ptrdiff_t end = str_find(got, STR("\r\n\r\n"));

	return end < 0 ? 0 : (size_t)end + 4;
}

/* The value of the first header of that name, or an empty text. */
static inline struct str header_of(struct str message, const char *name)
{
	struct str head = str_take(message, body_at(message));

	while (head.p) {
		struct str value = str_line(&head);
		struct str key = str_split(&value, ':');

		if (value.p && str_eq_nocase(key, str_from(name)))
			return str_trim(value);
	}
	return (struct str){ "", 0 };
}

static inline size_t length_of(struct str message)
{
	unsigned long long n = 0;

	return str_to_u64(header_of(message, "Content-Length"), SIZE_MAX, &n) ? (size_t)n : 0;
}

/* Bytes of the message at the beginning of GOT, or 0: some are still to come. */
static inline size_t whole(struct str got)
{
	size_t at = body_at(got), n = length_of(got);

	if (!at)
		return 0;
	if (!header_of(got, "Transfer-Encoding").n)
		return got.n >= at + n ? at + n : 0;
	return str_ends(got, STR("\r\n0\r\n\r\n")) ? got.n : 0;
}

static inline struct str unchunked(struct str rest)
{
	struct buf b;

	buf_init(&b, MODEL_RESPONSE_MAX * 2);
	while (rest.n) {
		size_t n = strtoul(arena_cstr(arena, str_line(&rest)), NULL, 16);

		buf_add(&b, str_take(rest, n));
		rest = str_skip(rest, n + 2);
	}
	struct str text = arena_dup(arena, buf_str(&b));

	buf_fini(&b);
	return text;
}

static inline struct str body_of(struct str message)
{
	struct str body = str_skip(message, body_at(message));

	return header_of(message, "Transfer-Encoding").n ? unchunked(body) : body;
}

/* --- a model server ------------------------------------------------------------------------ */

struct answer {
	const char *text; /* with its head; NULL: none, the test speaks (server_say) */
	struct str more;  /* behind it, borrowed */
	bool close;	  /* the connection, behind that */
};

struct conn {
	struct list list;
	uv_tcp_t tcp;
	struct server *server;
	struct buf in;
};

struct asked {
	struct str text; /* every byte of it */
	struct conn *conn;
	uint64_t at;	/* ms */
	bool cancelled; /* the connection was closed from the other side */
};

struct server {
	struct list list, conns;
	uv_tcp_t tcp;
	unsigned port;
	const struct answer *answers; /* one a request; the last is for all that follow */
	size_t n_answers;
	struct asked asked[ASKED_MAX];
	size_t n;
};

struct saying {
	uv_write_t write;
	struct conn *conn;
	char *copy;
	bool close;
};

static inline void on_conn_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	buf_fini(&c->in);
	free(c);
}

static inline void conn_close(struct conn *c)
{
	struct server *s = c->server;

	for (size_t i = 0; i < s->n; i++)
		if (s->asked[i].conn == c)
			s->asked[i].conn = NULL;
	list_remove(&c->list);
	if (!uv_is_closing((uv_handle_t *)&c->tcp))
		uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static inline void on_said(uv_write_t *write, int status)
{
	struct saying *w = (struct saying *)write;

	happened++;
	if (w->close && status != UV_ECANCELED)
		conn_close(w->conn);
	free(w->copy);
	free(w);
}

static inline void conn_say(struct conn *c, const struct answer *a)
{
	struct saying *w = xalloc(sizeof(*w));

	w->conn = c;
	w->copy = xstrdup(a->text);
	w->close = a->close;
	uv_buf_t bufs[] = { uv_buf_init(w->copy, (unsigned)strlen(w->copy)),
		{ .base = (char *)(uintptr_t)a->more.p, .len = a->more.n } };

	assert_int_equal(uv_write(&w->write, (uv_stream_t *)&c->tcp, bufs, 2, on_said), 0);
}

static inline size_t server_unsent(const struct server *s, size_t i)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&s->asked[i].conn->tcp);
}

/* Says TEXT on the connection of request I. */
static inline void server_say(struct server *s, size_t i, const char *text)
{
	assert_non_null(s->asked[i].conn);
	conn_say(s->asked[i].conn, &(struct answer){ .text = text });
}

/* The same, and closes it. */
static inline void server_end(struct server *s, size_t i, const char *text)
{
	assert_non_null(s->asked[i].conn);
	conn_say(s->asked[i].conn, &(struct answer){ .text = text, .close = true });
}

static inline void conn_asked(struct conn *c, size_t n)
{
	struct server *s = c->server;
	size_t i = s->n++;

	assert_true(i < ASKED_MAX);
	s->asked[i] = (struct asked){ .text = arena_dup(arena, str_take(buf_str(&c->in), n)),
		.conn = c,
		.at = uv_hrtime() / 1000000 };
	buf_drop(&c->in, n);
	if (!s->n_answers)
		return;
	const struct answer *a = &s->answers[i < s->n_answers ? i : s->n_answers - 1];

	if (a->text)
		conn_say(c, a);
}

static inline void conn_lost(struct conn *c)
{
	for (size_t i = 0; i < c->server->n; i++)
		if (c->server->asked[i].conn == c)
			c->server->asked[i].cancelled = true;
	conn_close(c);
}

static inline void on_room(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	static char room[KIB(64)];

	(void)handle;
	(void)size;
	*ret = uv_buf_init(room, sizeof(room));
}

static inline void on_asking(uv_stream_t *tcp, ssize_t n, const uv_buf_t *bytes)
{
	struct conn *c = tcp->data;

	happened++;
	if (n < 0) {
		conn_lost(c);
		return;
	}
	buf_add(&c->in, (struct str){ bytes->base, (size_t)n });
	for (size_t len; (len = whole(buf_str(&c->in)));)
		conn_asked(c, len);
}

static inline void on_connection(uv_stream_t *tcp, int status)
{
	struct server *s = tcp->data;
	struct conn *c = xalloc(sizeof(*c));

	assert_int_equal(status, 0);
	happened++;
	c->server = s;
	buf_init(&c->in, MODEL_REQUEST_MAX + MIB(1));
	list_push(&s->conns, &c->list);
	uv_tcp_init(tcp->loop, &c->tcp);
	c->tcp.data = c;
	assert_int_equal(uv_accept(tcp, (uv_stream_t *)&c->tcp), 0);
	uv_read_start((uv_stream_t *)&c->tcp, on_room, on_asking);
}

static inline unsigned port_of(const uv_tcp_t *tcp)
{
	struct sockaddr_in addr;
	int n = sizeof(addr);

	assert_int_equal(uv_tcp_getsockname(tcp, (struct sockaddr *)&addr, &n), 0);
	return ntohs(addr.sin_port);
}

/* One that answers as ANSWERS say, or only what the test says. It ends with the world. */
static inline struct server *server_on(
    uv_loop_t *where, const struct answer *answers, size_t n_answers)
{
	struct server *s = xalloc(sizeof(*s));
	struct sockaddr_in addr = { .sin_family = AF_INET };

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->answers = answers;
	s->n_answers = n_answers;
	list_init(&s->conns);
	list_push(&servers, &s->list);
	uv_tcp_init(where, &s->tcp);
	s->tcp.data = s;
	assert_int_equal(uv_tcp_bind(&s->tcp, (struct sockaddr *)&addr, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&s->tcp, 128, on_connection), 0);
	s->port = port_of(&s->tcp);
	return s;
}

#define server_with(answers) server_on(&loop, (answers), sizeof(answers) / sizeof((answers)[0]))
#define server_mute() server_on(&loop, NULL, 0)

static inline void on_server_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static inline void server_close(struct server *s)
{
	list_each_safe (&s->conns, it, next)
		conn_close(list_item(it, struct conn, list));
	list_remove(&s->list);
	uv_close((uv_handle_t *)&s->tcp, on_server_closed);
}

static inline const char *server_url(const struct server *s)
{
	return arena_printf(arena, "http://127.0.0.1:%u/v1", s->port);
}

/* --- what it says -------------------------------------------------------------------------- */

#define STREAM_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define PIECE(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define USAGE(in, out) "{\"prompt_tokens\":" #in ",\"completion_tokens\":" #out "}"
#define USAGE_PIECE(in, out) "data: {\"choices\":[],\"usage\":" USAGE(in, out) "}\n\n"
#define DONE "data: [DONE]\n\n"
#define JSON_ANSWER(in, out) \
	"{\"choices\":[{\"message\":{\"content\":\"yes\"}}],\"usage\":" USAGE(in, out) "}"

static inline const char *http(int status, const char *headers, const char *body)
{
	return arena_printf(arena, "HTTP/1.1 %d Some\r\n%sContent-Length: %zu\r\n\r\n%s", status,
	    headers, strlen(body), body);
}

static inline const char *http_json(const char *body)
{
	return http(200, "Content-Type: application/json\r\n", body);
}

static inline const char *http_stream(const char *events)
{
	return http(200, "Content-Type: text/event-stream\r\n", events);
}

/* --- doors --------------------------------------------------------------------------------- */

struct door {
	struct list list;
	struct port *port;
	unsigned tcp;
	int listener;
	const char *token;
	struct buf log;	      /* what the port told, one a line */
	struct buf exchanges; /* the same of requests that are over */
	unsigned overs;
};

static inline void on_usage(
    void *ctx, long long in, long long out, long long cached, unsigned requests)
{
	struct door *d = ctx;

	buf_printf(&d->log, "usage %lld %lld %lld %u\n", in, out, cached, requests);
}

static inline void on_waiting(void *ctx, const char *why)
{
	struct door *d = ctx;

	buf_printf(&d->log, "%s%s\n", why ? "waiting: " : "goes on", why ? why : "");
}

static inline void on_notice(void *ctx, const char *text)
{
	struct door *d = ctx;

	buf_printf(&d->log, "notice: %s\n", text);
}

static inline void on_active(void *ctx)
{
	struct door *d = ctx;

	buf_adds(&d->log, "active\n");
}

static inline void on_exchanged(void *ctx, const struct exchange *x)
{
	struct door *d = ctx;

	happened++;
	buf_printf(&d->exchanges, "%u %s>%s %d%s %u %zu %zu %s %s\n", x->number, x->from, x->to,
	    x->status, x->cut ? " cut" : "", x->tries, x->sent, x->got, x->asked, x->answered);
}

static inline void on_over(void *ctx)
{
	struct door *d = ctx;

	d->overs++;
}

/* A socket with a port that is nobody else's. While it does not listen, nobody is there. */
static inline int bound(unsigned *ret_port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t n = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

static inline int listener(unsigned *ret_port)
{
	int fd = bound(ret_port);

	assert_int_equal(listen(fd, 128), 0);
	return fd;
}

static inline struct door *door_as(struct port_spec spec)
{
	static const struct port_events events = { on_usage, on_waiting, on_notice, on_active,
		on_exchanged, on_over };
	struct door *d = xalloc(sizeof(*d));
	struct err err;

	spec.listener = d->listener = listener(&d->tcp);
	spec.events = &events;
	spec.ctx = d;
	d->token = spec.token;
	buf_init(&d->log, MIB(1));
	buf_init(&d->exchanges, MIB(1));
	list_push(&doors, &d->list);
	assert_int_equal(gateway_open(gateway, &spec, &d->port, &err), 0);
	return d;
}

static inline struct door *door_of_run(
    const char *upstream, const char *token, struct budget *budget)
{
	return door_as((struct port_spec){
	    .upstream = upstream, .token = token, .model = "m", .budget = budget });
}

static inline struct door *door_open(const char *upstream, const char *token)
{
	return door_of_run(upstream, token, NULL);
}

static inline void door_close(struct door *d)
{
	gateway_close(d->port);
	d->port = NULL;
}

/* "quota: the reason", or "none" */
static inline const char *verdict(const struct door *d)
{
	const char *why;
	int ending = gateway_verdict(d->port, &why);

	return ending == ENDING_NONE
		   ? "none"
		   : arena_printf(arena, "%s: %s", ending_name((enum ending)ending), why);
}

#define assert_log(d, want) assert_str(buf_str(&(d)->log), (want))
#define log_has(d, what) str_contains(buf_str(&(d)->log), STR(what))

/* --- a worker's child ---------------------------------------------------------------------- */

struct client {
	struct list list;
	uv_tcp_t tcp;
	uv_connect_t connect;
	struct buf got;
	bool closed;
};

static inline void on_got(uv_stream_t *tcp, ssize_t n, const uv_buf_t *bytes)
{
	struct client *c = tcp->data;

	happened++;
	if (n < 0) {
		c->closed = true;
		uv_read_stop(tcp);
		return;
	}
	buf_add(&c->got, (struct str){ bytes->base, (size_t)n });
}

static inline void client_listen(struct client *c)
{
	uv_read_start((uv_stream_t *)&c->tcp, on_room, on_got);
}

static inline void client_deafen(struct client *c)
{
	uv_read_stop((uv_stream_t *)&c->tcp);
}

static inline void on_connected(uv_connect_t *connect, int status)
{
	struct client *c = connect->data;

	happened++;
	if (status == 0)
		client_listen(c);
	else
		c->closed = true;
}

static inline struct client *client_of(const struct door *d)
{
	struct client *c = xalloc(sizeof(*c));
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)d->tcp) };

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	buf_init(&c->got, 2 * MODEL_RESPONSE_MAX);
	list_push(&clients, &c->list);
	uv_tcp_init(&loop, &c->tcp);
	c->tcp.data = c->connect.data = c;
	assert_int_equal(
	    uv_tcp_connect(&c->connect, &c->tcp, (struct sockaddr *)&addr, on_connected), 0);
	return c;
}

static inline void on_sent(uv_write_t *write, int status)
{
	(void)status; /* whoever hangs up is seen by on_got */
	happened++;
	free(write->data);
	free(write);
}

static inline void client_send(struct client *c, struct str bytes)
{
	uv_write_t *write = xalloc(sizeof(*write));
	uv_buf_t buf = uv_buf_init(xalloc(bytes.n), (unsigned)bytes.n);

	memcpy(buf.base, bytes.p, bytes.n);
	write->data = buf.base;
	uv_write(write, (uv_stream_t *)&c->tcp, &buf, 1, on_sent);
}

static inline void on_client_closed(uv_handle_t *handle)
{
	struct client *c = handle->data;

	buf_fini(&c->got);
	free(c);
}

/* Goes away, in the middle or not. */
static inline void client_close(struct client *c)
{
	list_remove(&c->list);
	uv_close((uv_handle_t *)&c->tcp, on_client_closed);
}

/* What has come of an answer, without the "100 Continue" before it. */
static inline struct str client_got(const struct client *c)
{
	struct str got = buf_str(&c->got);

	return str_starts(got, STR("HTTP/1.1 100")) ? str_skip(got, body_at(got)) : got;
}

static inline bool is_answered(const struct client *c)
{
	return c->closed || whole(client_got(c));
}

/* The answer as a text, "STATUS TYPE BODY", with " …" where it was cut, and forgets it. */
static inline const char *client_take(struct client *c)
{
	struct str got = client_got(c), status = str_take(str_skip(got, 9), 3);
	struct str type = header_of(got, "Content-Type");
	size_t n = whole(got);

	if (!body_at(got))
		return "closed";
	struct str body = body_of(n ? str_take(got, n) : got);
	const char *text = arena_printf(arena, "%.*s %.*s %.*s%s", STR_ARG(status), STR_ARG(type),
	    STR_ARG(body), n ? "" : " …");

	buf_drop(&c->got, n ? (size_t)(got.p - c->got.p) + n : c->got.n);
	return text;
}

static inline const char *client_answer(struct client *c)
{
	until(is_answered(c));
	return client_take(c);
}

static inline struct client *client_asks(const struct door *d, struct str request)
{
	struct client *c = client_of(d);

	client_send(c, request);
	return c;
}

/* Sends these bytes over a connection of their own, and waits for what is said to them. */
static inline const char *tell(const struct door *d, struct str request)
{
	return client_answer(client_asks(d, request));
}

static inline const char *post_as(const char *token, const char *body)
{
	return arena_printf(arena,
	    "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    token, strlen(body), body);
}

/* An error of ours, as client_take shows it. */
#define REFUSED(status, message, type)                                                      \
	status " application/json {\"error\":{\"message\":\"" message "\",\"type\":\"" type \
	       "\",\"code\":\"" type "\"}}"
#define YES "200 application/json " JSON_ANSWER(5, 7)

#define CHAT(text) "{\"messages\":[{\"role\":\"user\",\"content\":\"" text "\"}]}"
#define CHAT_STREAM(text) \
	"{\"messages\":[{\"role\":\"user\",\"content\":\"" text "\"}],\"stream\":true}"

static inline struct client *asks(const struct door *d, const char *body)
{
	return client_asks(d, str_from(post_as(d->token, body)));
}

static inline const char *ask(const struct door *d, const char *body)
{
	return client_answer(asks(d, body));
}

/* --- the world ----------------------------------------------------------------------------- */

static inline void upstream_as(const struct upstream_config *conf)
{
	struct err err;

	if (gateway_add_upstream(gateway, conf, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
}

static inline void upstream_at(
    const char *name, const char *url, const char *key, unsigned parallel)
{
	const struct upstream_config conf = {
		.name = name, .url = url, .key = key, .model = "default-model", .parallel = parallel
	};

	upstream_as(&conf);
}

/* The server S under the name "up", four at a time, with a key. */
static inline void upstream_is(const struct server *s)
{
	upstream_at("up", server_url(s), KEY, 4);
}

static inline int set_up(void **state)
{
	struct err err;

	(void)state;
	signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
	uv_loop_init(&loop);
	uv_timer_init(&loop, &watchdog);
	arena = arena_create("test", ARENA_JOB);
	list_init(&servers);
	list_init(&clients);
	list_init(&doors);
	return gateway_create(&loop, &gateway, &err);
}

/* Nothing of the gateway's may be left on the loop. */
static inline int tear_down(void **state)
{
	(void)state;
	gateway_destroy(gateway);
	list_each_safe (&servers, it, next)
		server_close(list_item(it, struct server, list));
	list_each_safe (&clients, it, next)
		client_close(list_item(it, struct client, list));
	list_each_safe (&doors, it, next) {
		buf_fini(&list_item(it, struct door, list)->log);
		buf_fini(&list_item(it, struct door, list)->exchanges);
		free(list_item(it, struct door, list));
	}
	uv_close((uv_handle_t *)&watchdog, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	arena_destroy(arena);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
