/*
 * What the files of this room share.
 *
 *   target    the target of a request: path and query (pure)
 *   fields    what stands in single headers (pure)
 *   rules     what a request must be before anybody answers it (pure)
 *   sessions  who is signed in, and codes to sign in with
 *   listen    sockets to listen on
 *   conns     connections: how many, and for how long
 *   server    HTTP/1.1 (libmicrohttpd): requests, bodies, their end
 *   send      answers
 *   stream    answers that go on
 *   ws_hello  what asks for a WebSocket
 *   ws        WebSockets (wslay)
 *   http      life and death
 */
#ifndef HTTP_PRIV_H
#define HTTP_PRIV_H

#include "http/http.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/imap.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/sha256.h"
#include "net/mhd.h"

#include <sys/socket.h>
#include <uv.h>
#include <wslay/wslay.h>

#define TICK_MS 1000
#define HEAD_MS 30000	 /* from a connection, or the last answer on it, to a whole head */
#define BODY_MS 30000	 /* from its head to a whole request */
#define ANSWER_MS 300000 /* for taking an answer */
#define STALL_MS 60000	 /* in which a stream takes nothing of what is there for it */
#define PING_MS 20000
#define DEAD_MS 60000  /* without a byte from a WebSocket */
#define CLOSE_MS 5000  /* for the other side's close frame */
#define LINGER_MS 2000 /* for hearing why it was closed */
#define PAUSE_MS 1000  /* without accepting, when there are no descriptors */
#define SESSION_MS ((msec_t)30 * 24 * 60 * 60 * 1000)
#define CODE_MS ((msec_t)10 * 60 * 1000)
#define COOKIE "tutti"

/* --- target.c ------------------------------------------------------------------------------ */

/*
 * The path of a target as it was sent, decoded once, in A. -EINVAL: it is none, or says "." or
 * "..", or has control characters or invalid UTF-8 in it.
 */
MUST_CHECK int target_path(struct arena *a, struct str raw, struct str *ret);
/* What stands behind the "?", as it was sent; empty without one. */
struct str target_query(struct str raw);
/* Can everything of QUERY be decoded to UTF-8 without NUL? */
bool query_is_valid(struct str query);
/* The first parameter NAME of a valid query, decoded, in A; { NULL, 0 } when there is none. */
struct str query_get(struct arena *a, struct str query, const char *name);

/* --- fields.c ------------------------------------------------------------------------------ */

/* The value of cookie NAME in a Cookie header; { NULL, 0 } when there is none. */
struct str cookie_get(struct str header, const char *name);
/* Is TOKEN one of a list with commas? Letter case does not matter, or it does. */
bool list_has(struct str header, const char *token, bool exactly);
/* Accept-Encoding: may a body be packed so? Absent headers say no. */
bool encoding_is_welcome(struct str header, const char *encoding);
/* If-None-Match: does it name ETAG (weakly compared), or everything? */
bool etag_matches(struct str header, struct str etag);
/* Content-Type: application/json, with parameters or without. */
bool type_is_json(struct str header);
bool header_name_is_valid(const char *name);
bool header_value_is_valid(const char *value);

/* --- rules.c ------------------------------------------------------------------------------- */

/* The head of a request, as far as rules look at it. Absent headers have no p. */
struct head {
	struct str method, version, target;
	size_t bytes;	/* of all of it */
	size_t seen;	/* what it would have if there were nothing but what we were told of */
	size_t headers; /* how many */
	bool odd;	/* a name or value that is none */
	bool twice;	/* one of those below comes more than once */
	bool bad_target;
	struct str host, origin, site, mode, dest, type, length, encoding, expect, authorization,
	    cookie;
	/* what we know of it */
	enum http_who who;
	bool open; /* to everybody */
	bool peer; /* it came through the unix socket */
};

struct refusal {
	unsigned status;
	const char *code, *what, *why, *fix;
	bool at_once;		    /* nobody waits for the body */
	const char *header, *value; /* one more of the answer, or NULL */
};

/* Names that may stand in Host; the unix socket's also "localhost". */
struct hosts {
	const char *const *more; /* NULL-terminated, or NULL */
	char ours[3][32];	 /* with our port; "" without a port */
};

/* The first rule that HEAD breaks, or NULL: somebody may answer it. */
const struct refusal *rules_check(const struct hosts *hosts, const struct head *head);
extern const struct refusal refusal_body_too_large, refusal_no_object;

/* --- sessions.c ---------------------------------------------------------------------------- */

struct session {
	char hash[SHA256_HEX];
	msec_t until; /* wall time */
};

struct code {
	char code[ID_TOKEN_SIZE];
	msec_t until; /* boot time; 0: none */
};

struct sessions {
	char *token, *path; /* path: NULL, they end with the process */
	struct session all[HTTP_SESSIONS_MAX];
	size_t n;
	struct code codes[HTTP_CODES_MAX];
};

void sessions_init(struct sessions *s, const char *token, const char *path);
void sessions_fini(struct sessions *s);
/* Is COOKIE the value of a session that holds? Then HASH is its name. */
bool sessions_know(struct sessions *s, struct str cookie, char hash[SHA256_HEX]);
/* A new session; the value of its cookie. */
void sessions_add(struct sessions *s, char cookie[ID_TOKEN_SIZE]);
void sessions_end(struct sessions *s, const char *hash);
bool token_is(const struct sessions *s, struct str token);
void code_make(struct sessions *s, char code[ID_TOKEN_SIZE]);
/* Is CODE one that was not used yet? Now it is used. */
bool code_use(struct sessions *s, struct str code);

/* --- listen.c: an ERR is never NULL here --------------------------------------------------- */

/* Fills ADDR from "127.0.0.1:7770" or "[::1]:0"; other addresses are refused. */
MUST_CHECK int bind_parse(
    struct str text, struct sockaddr_storage *addr, socklen_t *size, struct err *err);
/* A listening socket, non-blocking. */
MUST_CHECK int listen_port(const char *where, int *ret, struct err *err);
/* A unix socket, 0600 in a directory of ours with 0700; one that nobody listens on is replaced. */
MUST_CHECK int listen_socket(const char *path, int *ret, struct err *err);
/* Is FD what the two above would have made? */
MUST_CHECK int listen_check(int fd, bool unix_socket, struct err *err);
/* "127.0.0.1:7770" */
void listen_name(int fd, char *buf, size_t size, unsigned *port);

/* --- the whole ----------------------------------------------------------------------------- */

struct listener {
	uv_poll_t *poll;
	struct http *h;
	int fd; /* -1: none */
	bool peer;
	bool paused;
};

struct http {
	uv_loop_t *loop;
	http_handler_fn handle;
	bool (*open_to_all)(void *ctx, enum http_method m, struct str path);
	void *ctx;
	const struct mhd_api *mhd;
	struct MHD_Daemon *daemon;
	uv_poll_t *poll;	  /* MHD's epoll */
	uv_timer_t *timer, *tick; /* MHD's timeout; deadlines */
	struct listener port, socket;
	char *socket_path; /* removed at the end; NULL: not ours */
	char url[64];
	struct hosts hosts;
	char **more_hosts;
	struct sessions sessions;
	struct list conns, requests, sockets; /* sockets: struct http_ws */
	struct imap by_fd;		      /* the connections again: descriptor -> struct conn */
	size_t conns_max;
	bool turning; /* inside MHD_run */
	bool draining, dying;
};

/* A connection: alive until MHD says that it is closed. */
struct conn {
	uv_poll_t poll; /* first: who closes it frees the whole */
	struct list list;
	struct http *h;
	int fd;
	bool peer;
	bool lost; /* nobody is there any more */
	struct sockaddr_storage address;
	struct request *request; /* the one that is served, or NULL */
	struct http_ws *ws;	 /* what it has become, or NULL */
	msec_t until;		 /* boot time; 0: it may take its time */
};

enum request_state {
	REQUEST_NEW,
	REQUEST_READING, /* its body comes in */
	REQUEST_ASKED,	 /* somebody has it and will answer */
	REQUEST_ANSWERED,
};

struct request {
	struct http_req q; /* first */
	struct list list;
	struct http *h;		    /* NULL: it is no more */
	struct conn *from;	    /* NULL: closed */
	struct MHD_Connection *mhd; /* NULL: MHD is done with it */
	enum request_state state;
	struct str target, query;
	struct buf body;
	size_t taken; /* bytes of it, kept or not */
	bool suspended;
	bool last;   /* of its connection */
	bool modern; /* HTTP/1.1 */
	struct MHD_Response *response;
	bool bare; /* there was no memory for one of its headers */
	unsigned status;
	char session[SHA256_HEX]; /* of its cookie; "" without one */
	struct http_stream *stream;
	struct http_ws *ws;
};

static inline struct request *request_of(struct http_req *q)
{
	return (struct request *)(void *)q;
}

/* --- conns.c ------------------------------------------------------------------------------- */

MUST_CHECK int conns_listen(struct http *h, struct listener *l, int fd, bool peer);
void conns_stop_listening(struct listener *l);
void http_conns_notify(
    void *ctx, struct MHD_Connection *mhd, void **slot, enum MHD_ConnectionNotificationCode what);
struct conn *http_conn_of(struct http *h, struct MHD_Connection *mhd);
/* Hangs up: MHD sees it in its next turn. */
void conn_cut(struct conn *c);
/* What has taken too long by NOW (boot time) is cut; WebSockets are pinged. Every second. */
void conns_tick(struct http *h, msec_t now);

/* --- server.c ------------------------------------------------------------------------------ */

MUST_CHECK int http_start(struct http *h, struct err *err);
void http_stop(struct http *h);
/* MHD works soon; for what resumes or closes a connection. */
void http_nudge(struct http *h);
void request_resume(struct request *r);
/* The request has its answer: MHD sends it, or it is thrown away. */
void request_answered(struct request *r, struct MHD_Response *response, unsigned status);
/* Frees R when neither MHD nor a handler has it. */
void request_release(struct request *r);
void http_close_handle(uv_handle_t *handle);

/* --- send.c -------------------------------------------------------------------------------- */

void send_refusal(struct request *r, const struct refusal *refusal);
/* The headers that every answer has. */
void send_headers(struct request *r, struct MHD_Response *response, const char *policy);
void send_header(
    struct request *r, struct MHD_Response *response, const char *name, const char *value);
/* RESPONSE with all of its headers, some of which protect who gets it; else it is destroyed. */
struct MHD_Response *send_whole(struct request *r, struct MHD_Response *response);
extern const char policy_strictest[];

/* --- stream.c ------------------------------------------------------------------------------ */

/* MHD is done with it: tells its owner, and frees it. */
void stream_over(struct http_stream *s);
void stream_tick(struct http_stream *s, msec_t now);

/* --- ws_hello.c ---------------------------------------------------------------------------- */

/* Does Q ask for a WebSocket that speaks PROTOCOL? The value of Sec-WebSocket-Accept, in its arena.
 */
MUST_CHECK int ws_hello(
    struct http_req *q, const char *protocol, const char **accept, const struct refusal **refusal);
/* Sec-WebSocket-Accept to KEY, or NULL: it is no key. In A. */
const char *ws_accept(struct arena *a, struct str key);

/* --- ws.c ---------------------------------------------------------------------------------- */

/* Its request ended without becoming one. */
void ws_never(struct http_ws *w);
void ws_tick(struct http_ws *w, msec_t now);
/* The server is going away: said, and done without saying anything. */
void ws_leave_all(struct http *h);
void ws_end_all(struct http *h);
/* Closes those that were opened by a session. */
void ws_close_session(struct http *h, const char *hash);

#endif
