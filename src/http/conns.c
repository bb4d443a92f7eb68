/*
 * Connections: accepted, counted, given to libmicrohttpd, and watched. MHD does not look at a
 * connection that is suspended, so whether somebody is still there is for us to see; and its own
 * timeout begins anew with every byte, so how long somebody may take is for us to say, too.
 */
#include "http/priv.h"

#include "base/log.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 64 /* connections that are accepted before anything else has its turn */

/* --- their end ----------------------------------------------------------------------------- */

void conn_cut(struct conn *c)
{
	c->lost = true;
	shutdown(c->fd, SHUT_RDWR);
	if (c->request)
		request_resume(c->request);
	http_nudge(c->h);
}

static void on_gone(uv_poll_t *poll, int status, int events)
{
	struct conn *c = (struct conn *)poll;

	(void)status;
	(void)events;
	uv_poll_stop(poll);
	conn_cut(c);
}

static void conn_watch(struct conn *c)
{
	uv_poll_start(&c->poll, UV_DISCONNECT, on_gone);
}

struct conn *http_conn_of(struct http *h, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
	    h->mhd->get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? imap_get(&h->by_fd, info->connect_fd) : NULL;
}

static void forget(struct conn *c)
{
	list_remove(&c->list);
	imap_remove(&c->h->by_fd, c->fd);
	if (c->request)
		c->request->from = NULL;
	http_close_handle((uv_handle_t *)&c->poll);
}

static void resume_listening(struct listener *l);

void http_conns_notify(
    void *ctx, struct MHD_Connection *mhd, void **slot, enum MHD_ConnectionNotificationCode what)
{
	struct http *h = ctx;
	struct conn *c = http_conn_of(h, mhd);

	(void)slot;
	if (what != MHD_CONNECTION_NOTIFY_CLOSED || !c)
		return;
	forget(c);
	resume_listening(&h->port);
	resume_listening(&h->socket);
}

/* --- how many ------------------------------------------------------------------------------ */

static bool is_same_address(const struct conn *a, const struct conn *b)
{
	const struct sockaddr_in *in = (const void *)&a->address,
				 *other = (const void *)&b->address;

	if (a->address.ss_family != b->address.ss_family)
		return false;
	return a->address.ss_family != AF_INET || in->sin_addr.s_addr == other->sin_addr.s_addr;
}

/* The port gets fewer than there are, so that who floods it does not close the unix socket. */
static bool is_welcome(const struct conn *c)
{
	size_t all = 0, same = 0, most = c->h->conns_max;

	list_each (&c->h->conns, it) {
		const struct conn *other = list_item(it, struct conn, list);

		all += other->peer == c->peer || c->peer;
		same += is_same_address(c, other);
	}
	if (!c->peer)
		most -= most / (HTTP_CONNECTIONS_MAX / HTTP_CONNECTIONS_SOCKET);
	return all < most && same < HTTP_CONNECTIONS_ADDRESS;
}

/* Root is not more than anybody else here. */
static bool is_our_user(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.uid == geteuid();
}

/* --- their beginning ----------------------------------------------------------------------- */

static void on_tick(uv_timer_t *timer)
{
	conns_tick(timer->data, clock_boot());
}

static bool remember(struct conn *c)
{
	int on = 1;

	if ((c->peer && !is_our_user(c->fd)) || !is_welcome(c) ||
	    uv_poll_init(c->h->loop, &c->poll, c->fd))
		return false;
	if (!c->peer)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn_watch(c);
	list_push(&c->h->conns, &c->list);
	imap_put(&c->h->by_fd, c->fd, c);
	if (!uv_is_active((uv_handle_t *)c->h->tick))
		uv_timer_start(c->h->tick, on_tick, TICK_MS, TICK_MS);
	return true;
}

static void take(struct listener *l, int fd, const struct sockaddr_storage *addr, socklen_t size)
{
	struct http *h = l->h;
	struct conn *c = xalloc(sizeof(*c));

	*c = (struct conn){
		.h = h, .fd = fd, .peer = l->peer, .address = *addr, .until = clock_boot() + HEAD_MS
	};
	list_init(&c->list);
	if (!remember(c)) {
		free(c);
		close(fd);
		return;
	}
	/* on failure MHD has closed the socket already */
	if (h->mhd->add_connection(h->daemon, fd, (const struct sockaddr *)addr, size) != MHD_YES &&
	    !list_empty(&c->list))
		forget(c);
}

static void on_listener(uv_poll_t *poll, int status, int events);

static void resume_listening(struct listener *l)
{
	if (l->poll && l->paused)
		uv_poll_start(l->poll, UV_READABLE, on_listener);
	l->paused = false;
}

/* Without descriptors a listener would be ready for ever. */
static void pause_listening(struct listener *l)
{
	log_warn("no descriptors for new connections");
	uv_poll_stop(l->poll);
	l->paused = true;
	if (!uv_is_active((uv_handle_t *)l->h->tick))
		uv_timer_start(l->h->tick, on_tick, TICK_MS, TICK_MS);
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;
	struct sockaddr_storage addr;
	int fd = -1;

	(void)events;
	for (unsigned i = 0; status == 0 && i < BATCH; i++) {
		socklen_t size = sizeof(addr);

		addr = (struct sockaddr_storage){ 0 };
		fd = accept4(l->fd, (struct sockaddr *)&addr, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			break;
		take(l, fd, &addr, size);
	}
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
		pause_listening(l);
	http_nudge(l->h);
}

int conns_listen(struct http *h, struct listener *l, int fd, bool peer)
{
	int rc;

	l->h = h;
	l->fd = fd;
	l->peer = peer;
	l->poll = xalloc(sizeof(*l->poll));
	rc = uv_poll_init(h->loop, l->poll, fd);
	if (rc) {
		free(l->poll);
		l->poll = NULL;
		return rc;
	}
	l->poll->data = l;
	return uv_poll_start(l->poll, UV_READABLE, on_listener);
}

void conns_stop_listening(struct listener *l)
{
	http_close_handle((uv_handle_t *)l->poll);
	l->poll = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* --- for how long -------------------------------------------------------------------------- */

void conns_tick(struct http *h, msec_t now)
{
	list_each_safe (&h->conns, it, next) {
		struct conn *c = list_item(it, struct conn, list);

		if (c->ws)
			ws_tick(c->ws, now);
		else if (c->request && c->request->stream)
			stream_tick(c->request->stream, now);
		else if (c->until && now >= c->until)
			conn_cut(c);
	}
	resume_listening(&h->port);
	resume_listening(&h->socket);
	if (list_empty(&h->conns))
		uv_timer_stop(h->tick);
}
