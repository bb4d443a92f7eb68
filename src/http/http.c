#include "http/priv.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_LEAST 16 /* bytes: 128 bits if it is anything but digits */

/* --- life ---------------------------------------------------------------------------------- */

static void keep_hosts(struct http *h, const char *const *more)
{
	size_t n = 0;

	while (more && more[n])
		n++;
	h->more_hosts = xalloc((n + 1) * sizeof(*h->more_hosts));
	for (size_t i = 0; i < n; i++)
		h->more_hosts[i] = xstrdup(more[i]);
	h->more_hosts[n] = NULL;
	h->hosts.more = (const char *const *)h->more_hosts;
}

static void name_hosts(struct http *h)
{
	static const char *const names[] = { "127.0.0.1", "[::1]", "localhost" };
	char where[48];
	unsigned port;

	listen_name(h->port.fd, where, sizeof(where), &port);
	snprintf(h->url, sizeof(h->url), "http://%s", where);
	for (size_t i = 0; i < 3; i++)
		snprintf(h->hosts.ours[i], sizeof(h->hosts.ours[i]), port == 80 ? "%s" : "%s:%u",
		    names[i], port);
}

/* Files, pipes and the database need descriptors, too. */
static size_t connections_max(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / 2 > HTTP_CONNECTIONS_MAX)
		return HTTP_CONNECTIONS_MAX;
	return files.rlim_cur / 2;
}

static int check_token(const char *token, struct err *err)
{
	size_t n = 0;

	while (token && token[n] > ' ' && token[n] < 0x7f)
		n++;
	if (n >= TOKEN_LEAST && !token[n])
		return 0;
	err_set(err, -EINVAL, "the token is none");
	err_why(err, "it must be printable and have at least %d characters", TOKEN_LEAST);
	return err_fix(err, "remove the file; a new one is made");
}

static int open_port(struct http *h, const struct http_config *config, struct err *err)
{
	int fd = config->port_fd, rc = 0;

	if (fd < 0 && !config->bind)
		return 0;
	rc = fd < 0 ? listen_port(config->bind, &fd, err) : listen_check(fd, false, err);
	if (!rc && (rc = conns_listen(h, &h->port, fd, false)) < 0)
		err_set(err, rc, "cannot watch the port: %s", err_name(rc));
	if (!rc)
		name_hosts(h);
	return rc;
}

static int open_socket(struct http *h, const struct http_config *config, struct err *err)
{
	int fd = config->socket_fd, rc;

	if (fd < 0 && !config->socket)
		return 0;
	rc = fd < 0 ? listen_socket(config->socket, &fd, err) : listen_check(fd, true, err);
	if (!rc && config->socket_fd < 0)
		h->socket_path = xstrdup(config->socket);
	if (!rc && (rc = conns_listen(h, &h->socket, fd, true)) < 0)
		err_set(err, rc, "cannot watch the socket: %s", err_name(rc));
	return rc;
}

int http_create(const struct http_config *config, struct http **ret, struct err *err)
{
	struct err nobodys = { 0 };
	struct http *h;
	int rc;

	err = err ? err : &nobodys; /* what fails returns its code */
	rc = check_token(config->token, err);
	if (rc)
		return rc;
	h = xalloc(sizeof(*h));
	*h = (struct http){ .loop = config->loop,
		.handle = config->handle,
		.open_to_all = config->open_to_all,
		.ctx = config->ctx,
		.conns_max = connections_max(),
		.port.fd = -1,
		.socket.fd = -1 };
	list_init(&h->conns);
	list_init(&h->requests);
	list_init(&h->sockets);
	keep_hosts(h, config->hosts);
	sessions_init(&h->sessions, config->token, config->sessions);
	if ((rc = http_start(h, err)) || (rc = open_port(h, config, err)) ||
	    (rc = open_socket(h, config, err))) {
		http_destroy(h);
		return rc;
	}
	*ret = h;
	return 0;
}

const char *http_url(const struct http *h)
{
	return h->url;
}

static void stop_listening(struct http *h)
{
	conns_stop_listening(&h->port);
	conns_stop_listening(&h->socket);
	if (h->socket_path)
		unlink(h->socket_path);
	free(h->socket_path);
	h->socket_path = NULL;
}

void http_drain(struct http *h)
{
	h->draining = true;
	stop_listening(h);
	ws_leave_all(h);
	list_each (&h->requests, it) {
		struct request *r = list_item(it, struct request, list);

		if (r->stream)
			http_stream_close(r->stream);
	}
}

void http_destroy(struct http *h)
{
	if (!h)
		return;
	stop_listening(h);
	h->draining = true;
	ws_end_all(h);
	http_stop(h);
	imap_fini(&h->by_fd);
	sessions_fini(&h->sessions);
	for (char **host = h->more_hosts; *host; host++)
		free(*host);
	free(h->more_hosts);
	free(h);
}

/* --- signing in ---------------------------------------------------------------------------- */

char *http_sign_in_code(struct http *h, struct arena *a)
{
	char code[ID_TOKEN_SIZE];

	code_make(&h->sessions, code);
	return arena_printf(a, "%s", code);
}

char *http_sign_in(struct http *h, struct arena *a, struct str code)
{
	char cookie[ID_TOKEN_SIZE];

	if (!code_use(&h->sessions, code))
		return NULL;
	sessions_add(&h->sessions, cookie);
	return arena_printf(a, "%s", cookie);
}

/* What the session had opened and still goes on ends with it. */
void http_sign_out(struct http *h, struct http_req *q)
{
	struct request *mine = request_of(q);

	if (!mine->session[0])
		return;
	sessions_end(&h->sessions, mine->session);
	ws_close_session(h, mine->session);
	list_each (&h->requests, it) {
		struct request *r = list_item(it, struct request, list);

		if (r->stream && strcmp(r->session, mine->session) == 0)
			http_stream_close(r->stream);
	}
}

/* --- reading ------------------------------------------------------------------------------- */

struct str http_query(struct http_req *q, const char *name)
{
	return query_get(q->arena, request_of(q)->query, name);
}

int http_query_int(struct http_req *q, const char *name, long long least, long long most,
    long long def, long long *ret)
{
	struct str text = http_query(q, name);
	bool minus = text.n && text.p[0] == '-';
	unsigned long long n;
	long long value;

	if (!text.p) {
		*ret = def;
		return 0;
	}
	if (!str_to_u64(str_skip(text, minus), INT64_MAX, &n))
		return -EINVAL;
	value = minus ? -(long long)n : (long long)n;
	if (value < least || value > most)
		return -EINVAL;
	*ret = value;
	return 0;
}

struct str http_header(struct http_req *q, const char *name)
{
	struct request *r = request_of(q);
	const char *value = NULL;

	if (r->mhd)
		value = r->h->mhd->lookup_connection_value(r->mhd, MHD_HEADER_KIND, name);
	return value ? str_from(value) : (struct str){ NULL, 0 };
}

bool http_accepts(struct http_req *q, const char *encoding)
{
	return encoding_is_welcome(http_header(q, "Accept-Encoding"), encoding);
}
