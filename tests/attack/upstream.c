/*
 * upstream DIR SCRIPT: a model server whose model is the rehearsal one with that script, and which
 * writes down every byte that it is sent; beside it a second server, the one that hostile settings
 * name, where nothing may ever arrive. In DIR: `ports` (both, when they listen), `upstream` and
 * `sink` (what came). Ends with whoever started it.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "rehearsal/rehearsal.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX MIB(64)
#define PATIENCE_MS 20000

static const char *dir;
static struct rehearsal *model;

/* --- sockets -------------------------------------------------------------------------------------
 */

static int listen_anywhere(unsigned *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		perror("upstream");
		exit(1);
	}
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void keep(const char *name, struct str bytes)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n)
		perror(path);
	close(fd);
}

static void send_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes = str_skip(bytes, (size_t)n);
	}
}

/* --- requests ------------------------------------------------------------------------------------
 */

/* Bytes of head and body together, once the head is whole; else no bound. */
static size_t whole_size(struct str got)
{
	ptrdiff_t end = str_find(got, STR("\r\n\r\n"));
	struct str head = str_take(got, end < 0 ? 0 : (size_t)end);
	unsigned long long length = 0;

	while (head.n) {
		struct str line = str_line(&head), name = str_split(&line, ':');

		if (str_eq_nocase(name, STR("content-length")))
			(void)str_to_u64(str_trim(line), REQUEST_MAX, &length);
	}
	return end < 0 ? SIZE_MAX : (size_t)end + 4 + (size_t)length;
}

static bool receive(int fd, struct buf *b)
{
	static char bytes[65536];
	size_t whole = SIZE_MAX;

	while (b->n < whole) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n = poll(&p, 1, PATIENCE_MS) == 1 ? recv(fd, bytes, sizeof(bytes), 0) : -1;

		if (n <= 0)
			return false;
		buf_add(b, (struct str){ bytes, (size_t)n });
		whole = whole_size(buf_str(b));
	}
	return true;
}

/* --- answers -------------------------------------------------------------------------------------
 */

static void say(int fd, const char *status, const char *type, struct str body)
{
	struct buf b;

	buf_init(&b, REQUEST_MAX);
	buf_printf(&b,
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
	    status, type, body.n);
	buf_add(&b, body);
	send_all(fd, buf_str(&b));
	buf_fini(&b);
}

static void say_answer(int fd, const struct rehearsal_answer *answer, bool stream)
{
	struct buf b;

	buf_init(&b, REQUEST_MAX);
	for (size_t i = 0; stream && i < answer->n_chunks; i++)
		buf_add(&b, answer->chunks[i]);
	if (answer->action == REHEARSE_STATUS)
		say(fd, "400 Bad Request", "application/json", answer->body);
	else if (stream)
		say(fd, "200 OK", "text/event-stream", buf_str(&b));
	else
		say(fd, "200 OK", "application/json", answer->json);
	buf_fini(&b);
}

static void answer(int fd, struct str request)
{
	struct arena *a = arena_create("upstream", ARENA_JOB);
	struct str body = str_skip(request, (size_t)str_find(request, STR("\r\n\r\n")) + 4);
	struct rehearsal_answer said;
	struct err err;

	if (str_starts(request, STR("GET "))) {
		say(fd, "200 OK", "application/json",
		    STR("{\"object\":\"list\",\"data\":[{\"id\":\"attacked\",\"object\":\"model\"}]"
			"}"));
	} else {
		json_t *doc = json_parse(body, NULL);
		bool stream = json_get_bool(doc, "stream", false);

		if (rehearsal_answer(model, a, doc, stream, &said, &err) == 0)
			say_answer(fd, &said, stream);
		json_decref(doc);
	}
	arena_destroy(a);
}

static void serve(int listener, bool is_sink)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct buf b;

	if (fd < 0)
		return;
	buf_init(&b, REQUEST_MAX);
	if (is_sink)
		keep("sink", STR("somebody came\n"));
	bool whole = receive(fd, &b);

	keep(is_sink ? "sink" : "upstream", buf_str(&b));
	keep(is_sink ? "sink" : "upstream", STR("\n"));
	if (whole && !is_sink)
		answer(fd, buf_str(&b));
	close(fd);
	buf_fini(&b);
}

int main(int argc, char **argv)
{
	struct arena *a = arena_create("upstream", MIB(1));
	unsigned ports[2];
	struct str script;
	struct err err;

	if (argc != 3) {
		fputs("usage: upstream DIR SCRIPT\n", stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dir = argv[1];
	if (fs_read(a, argv[2], KIB(256), &script) < 0 ||
	    rehearsal_create(script, &model, &err) < 0)
		return 1;
	int upstream = listen_anywhere(&ports[0]), sink = listen_anywhere(&ports[1]);
	struct pollfd p[] = { { upstream, POLLIN, 0 }, { sink, POLLIN, 0 } };

	keep("ports", str_from(arena_printf(a, "%u %u\n", ports[0], ports[1])));
	while (poll(p, 2, -1) > 0)
		for (int i = 0; i < 2; i++)
			if (p[i].revents)
				serve(p[i].fd, i == 1);
	return 1;
}
