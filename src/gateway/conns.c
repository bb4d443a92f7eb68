/*
 * Connections of workers: accepted on what the fence handed out, counted, given to libmicrohttpd,
 * and watched. MHD does not look at a connection that is suspended, and does not see an end that
 * comes together with bytes, so whether somebody is still there is for us to see.
 */
#include "gateway/priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_CONNECTIONS_MAX 32

static void on_gone(uv_poll_t *poll, int status, int events)
{
	struct conn *c = (struct conn *)poll;

	(void)status;
	(void)events;
	uv_poll_stop(poll);
	c->lost = true;
	shutdown(c->fd, SHUT_RDWR); /* now MHD sees it, too */
	if (c->request)
		request_abandon(c->request);
}

struct conn *conn_of(struct gateway *g, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
	    g->mhd->get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? imap_get(&g->conns, info->connect_fd) : NULL;
}

static void forget(struct conn *c)
{
	struct port *p = c->port;

	imap_remove(&p->g->conns, c->fd);
	handle_close((uv_handle_t *)&c->gone);
	port_unref_conn(p);
}

void conns_notify(
    void *ctx, struct MHD_Connection *conn, void **slot, enum MHD_ConnectionNotificationCode what)
{
	struct conn *c = conn_of(ctx, conn);

	(void)slot;
	if (what == MHD_CONNECTION_NOTIFY_CLOSED && c)
		forget(c);
}

void conns_hang_up(struct port *p)
{
	imap_each (&p->g->conns, it) {
		struct conn *c = it->value;

		if (c->port == p)
			shutdown(c->fd, SHUT_RDWR);
	}
}

static struct conn *remember(struct port *p, int fd)
{
	struct conn *c = xalloc(sizeof(*c));

	c->port = p;
	c->fd = fd;
	if (uv_poll_init(p->g->loop, &c->gone, fd)) {
		free(c);
		return NULL;
	}
	uv_poll_start(&c->gone, UV_DISCONNECT, on_gone);
	imap_put(&p->g->conns, fd, c);
	p->conns++;
	return c;
}

static void take(struct port *p, int fd)
{
	struct gateway *g = p->g;
	struct sockaddr_storage addr;
	socklen_t n = sizeof(addr);
	struct conn *c = NULL;

	if (p->conns < PORT_CONNECTIONS_MAX && getpeername(fd, (struct sockaddr *)&addr, &n) == 0)
		c = remember(p, fd);
	if (!c) {
		close(fd);
		return;
	}
	/* on failure MHD has closed the socket already */
	if (g->mhd->add_connection(g->daemon, fd, (struct sockaddr *)&addr, n) != MHD_YES &&
	    imap_get(&g->conns, fd) == c)
		forget(c);
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
	struct port *p = poll->data;
	int fd = -1;

	(void)events;
	while (status == 0 && (fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		take(p, fd);
	server_turn(p->g);
}

int server_accept(struct port *p, int fd)
{
	int rc;

	p->fd = fd;
	p->listener = xalloc(sizeof(*p->listener));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	rc = uv_poll_init(p->g->loop, p->listener, fd);
	if (rc) {
		free(p->listener);
		return rc;
	}
	p->listener->data = p;
	return uv_poll_start(p->listener, UV_READABLE, on_listener);
}
