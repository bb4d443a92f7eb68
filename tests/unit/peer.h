/*
 * A model server that says what a test wrote down, and `tutti agent` as a process that talks to it.
 * Everything happens in one thread: the program's output goes to a file, so nobody waits for
 * anybody.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "place.h"

#include "base/unconst.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define REQUESTS_MAX 64

/* One talk: what is said, and what came of it. */
struct talk {
	const char *prompt;
	const char *const *answers; /* bytes on the wire, one a request; then the server closes */
	const char *const *args;    /* more of them; NULL: none */
	bool byte_by_byte, bare;    /* bare: no other arguments */
	unsigned port;		    /* 0: our server's */

	const char *out, *err;
	int status; /* of the program */
	size_t n;
	const char *heads[REQUESTS_MAX];
	json_t *requests[REQUESTS_MAX];
};

/* --- answers ----------------------------------------------------------------------------- */

#define HTTP(status, type, body) \
	"HTTP/1.1 " status "\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n" body
#define STREAM(events) HTTP("200 OK", "text/event-stream", events)
#define JSON(status, body) HTTP(status, "application/json", body)
#define EVENT(json) "data: " json "\n\n"
#define DELTA(json) EVENT("{\"choices\":[{\"index\":0,\"delta\":" json "}]}")
#define FINISH(why) \
	EVENT("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" why "\"}]}")
#define USAGE(in, out)                                                                           \
	EVENT("{\"choices\":[],\"usage\":{\"prompt_tokens\":" #in ",\"completion_tokens\":" #out \
	      "}}")
#define DONE EVENT("[DONE]")
#define SAYS(words) STREAM(DELTA("{\"content\":\"" words "\"}") FINISH("stop") DONE)
#define CALL(i, id, name, args)                                                                    \
	"{\"index\":" #i ",\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name \
	"\",\"arguments\":\"" args "\"}}"
#define CALLS(calls) STREAM(DELTA("{\"tool_calls\":[" calls "]}") FINISH("tool_calls") DONE)

/* --- the server -------------------------------------------------------------------------- */

static inline int peer_listen(unsigned *ret_port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

/* Reads until the request is whole: its head, and as many bytes as that announces. */
static inline void peer_read(int fd, struct talk *t)
{
	struct buf b;
	char chunk[KIB(16)];
	size_t whole = SIZE_MAX;

	buf_init(&b, MIB(32));
	while (b.n < whole) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		assert_true(n > 0);
		buf_add(&b, (struct str){ chunk, (size_t)n });
		ptrdiff_t end = whole == SIZE_MAX ? str_find(buf_str(&b), STR("\r\n\r\n")) : -1;

		if (end >= 0)
			whole = (size_t)end + 4 +
				strtoul(strstr(b.p, "Content-Length: ") + 16, NULL, 10);
	}
	size_t head = (size_t)str_find(buf_str(&b), STR("\r\n\r\n")) + 4;

	assert_true(t->n < REQUESTS_MAX);
	t->heads[t->n] = arena_cstr(here.arena, str_take(buf_str(&b), head));
	t->requests[t->n] = json_parse(str_skip(buf_str(&b), head), NULL);
	t->n++;
	buf_fini(&b);
}

static inline void peer_say(int fd, const char *bytes, bool byte_by_byte)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (size_t n = strlen(bytes); n;) {
		ssize_t sent = send(fd, bytes, byte_by_byte ? 1 : n, MSG_NOSIGNAL);

		if (sent < 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

static inline void peer_serve(int listener, struct talk *t)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	size_t i = 0;

	peer_read(fd, t);
	while (i + 1 < t->n && t->answers[i])
		i++;
	if (t->answers[i])
		peer_say(fd, t->answers[i], t->byte_by_byte);
	close(fd);
}

/* --- the program ------------------------------------------------------------------------- */

static inline void peer_exec(const struct talk *t)
{
	const char *asan = getenv("ASAN_OPTIONS"), *argv[32] = { "tutti", "agent", "--url",
		text("http://127.0.0.1:%u/v1", t->port), "--model", "m", "--root", here.dir };
	char *const env[] = { (char[]){ "TUTTI_TOKEN=token" },
		arena_printf(here.arena, "ASAN_OPTIONS=%s", asan ? asan : ""), NULL };
	size_t n = t->bare ? 2 : 8;

	for (const char *const *arg = t->args; arg && *arg; arg++)
		argv[n++] = *arg;
	argv[n] = NULL;
	dup2(open(text("%s/in", here.top), O_RDONLY), 0);
	dup2(open(text("%s/out", here.top), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
	dup2(open(text("%s/err", here.top), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
	execve(program("TUTTI"), unconst(argv), env);
	_exit(127);
}

static inline const char *peer_read_file(const char *name)
{
	struct str bytes;

	assert_int_equal(fs_read(here.arena, text("%s/%s", here.top, name), MIB(64), &bytes), 0);
	return bytes.p;
}

/* Until the program has ended; every request is answered in the order in which it comes. */
static inline void talk(struct talk *t)
{
	unsigned port;
	int listener = peer_listen(&port), status;

	t->port = t->port ? t->port : port;
	put("../in", t->prompt);
	pid_t pid = fork();

	if (pid == 0)
		peer_exec(t);
	struct pollfd p[] = { { listener, POLLIN, 0 },
		{ (int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 } };

	while (poll(p, 2, -1) > 0 && p[0].revents)
		peer_serve(listener, t);
	close(p[1].fd);
	close(listener);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	t->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	t->out = peer_read_file("out");
	t->err = peer_read_file("err");
}

static inline void talk_fini(struct talk *t)
{
	for (size_t i = 0; i < t->n; i++)
		json_decref(t->requests[i]);
}

#endif
