/*
 * The listener with libmicrohttpd and wslay in it, over a real unix socket: raw bytes, in one piece
 * or in two; behind a "W" they are frames of a WebSocket.
 */
#include "must.h"

#include "base/utf8.h"
#include "http/priv.h"

#include <sys/un.h>
#include <unistd.h>

#define HELLO                                                            \
	"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" \
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"            \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: p\r\n\r\n"
#define TURNS 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uv_loop_t loop;
static struct http *http;
static struct sockaddr_un addr = { .sun_family = AF_UNIX };
static struct http_req *later;

static void on_message(void *ctx, struct str text)
{
	(void)ctx;
	must(text.n <= WS_MESSAGE_MAX && utf8_valid(text));
}

static void ignore(void *ctx)
{
	(void)ctx;
}

static const struct http_ws_events ws_events = { on_message, ignore, ignore };
static const struct http_stream_events stream_events = { ignore, ignore };

static void answer(struct http_req *q)
{
	const struct http_answer a = { .status = 200,
		.type = "text/plain",
		.body = q->path,
		.etag = "\"e\"",
		.file = arena_cstr(q->arena, q->path),
		.location = arena_cstr(q->arena, http_query(q, "x")) };

	http_send(q, &a);
}

static void handle(void *ctx, struct http_req *q)
{
	struct http_stream *s;
	struct http_ws *w;

	(void)ctx;
	must(q->who == HTTP_PEER);
	must(q->path.n && q->path.p[0] == '/' && utf8_valid(q->path));
	must(q->body.n <= HTTP_BODY_MAX && (!q->body.n || json_is_object(q->json)));
	if (str_is(q->path, "/ws")) {
		w = http_ws_open(q, "p", &ws_events, NULL);
		if (w) {
			struct shared *text = shared_copy(STR("{}"));

			http_ws_send(w, text);
			shared_put(text);
		}
	} else if (str_is(q->path, "/s")) {
		s = http_stream_open(q, "text/plain", &stream_events, NULL);
		if (s)
			http_stream_write(s, STR("x"));
		if (s)
			http_stream_close(s);
	} else if (str_is(q->path, "/l") && !later) {
		later = q;
	} else {
		answer(q);
	}
}

static char dir[] = "/tmp/tutti-fuzz-XXXXXX";

static void end(void)
{
	http_destroy(http);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	rmdir(dir);
}

static void begin(void)
{
	struct http_config config = { .loop = &loop,
		.port_fd = -1,
		.socket_fd = -1,
		.token = "0123456789abcdef",
		.handle = handle };
	struct err err;

	must(mkdtemp(dir));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", dir);
	config.socket = addr.sun_path;
	uv_loop_init(&loop);
	must(http_create(&config, &http, &err) == 0);
	atexit(end);
}

static void turn(void)
{
	for (unsigned i = 0; i < TURNS; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

/* No answer lets another origin read. */
static void listen_to(int fd)
{
	static char p[KIB(256)];
	ssize_t n = recv(fd, p, sizeof(p), MSG_DONTWAIT);

	if (n > 0)
		must(!str_contains((struct str){ p, (size_t)n }, STR("\r\nAccess-Control")));
}

/* An answer may bring the next request of the same connection, which waits for its own. */
static void answer_late(void)
{
	struct http_req *q;

	while ((q = later)) {
		later = NULL;
		answer(q);
		turn();
	}
}

static void talk(int fd, struct str s)
{
	size_t half = s.n ? (unsigned char)s.p[0] * s.n / 256 : 0;

	send(fd, s.p, half, MSG_NOSIGNAL | MSG_DONTWAIT);
	turn();
	s = str_skip(s, half);
	send(fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	turn();
	answer_late();
	listen_to(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	int fd;

	if (!http)
		begin();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	if (size && data[0] == 'W') {
		send(fd, HELLO, sizeof(HELLO) - 1, MSG_NOSIGNAL);
		turn();
		s = str_skip(s, 1);
	}
	talk(fd, s);
	close(fd);
	for (unsigned i = 0; i < 1000 && !list_empty(&http->conns); i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	must(list_empty(&http->conns) && list_empty(&http->requests));
	return 0;
}
