/*
 * HTTP as the rest of the house sees it: whole requests from people we know, and ways to answer.
 * Everything that a hostile peer could do to a parser, a queue or a clock ends here, before a
 * handler is called (the rules are listed in docs/api.md, Security).
 *
 * One thread, one libuv loop. A handler may answer at once or later; every request is answered
 * exactly once, also when its client is gone (the answer is then thrown away).
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/shared.h"
#include "base/str.h"

#include <jansson.h>

struct http;	    /* the listeners */
struct http_stream; /* an answer that goes on: Server-Sent Events, JSON lines */
struct http_ws;	    /* a WebSocket */

enum http_method { HTTP_GET, HTTP_POST, HTTP_DELETE }; /* HEAD comes as GET */

/* Why a request was let in. */
enum http_who {
	HTTP_NOBODY, /* only where open_to_all said so */
	HTTP_COOKIE, /* a page that signed in */
	HTTP_BEARER, /* the token of the data directory */
	HTTP_PEER,   /* the unix socket, same user */
};

struct http_req {
	struct arena *arena; /* until it is answered */
	enum http_method method;
	enum http_who who;
	bool head;	 /* HEAD: the body of the answer will not be sent; nothing may be used up */
	struct str path; /* decoded, without "." and "..", valid UTF-8, begins with "/" */
	struct str body; /* as sent; empty: none */
	json_t *json;	 /* of a POST or DELETE with a body: an object, borrowed; else NULL */
};

typedef void (*http_handler_fn)(void *ctx, struct http_req *q);

struct http_config {
	void *loop;		/* uv_loop_t */
	const char *bind;	/* "127.0.0.1:7770", "[::1]:0"; loopback only; NULL: no port */
	const char *socket;	/* path of the unix socket, or NULL; a stale one is replaced */
	int port_fd, socket_fd; /* already listening (socket activation), or -1 */
	const char *const
	    *hosts;	      /* further names that may stand in Host; NULL-terminated or NULL */
	const char *token;    /* bearer; at least 128 bits, printable */
	const char *sessions; /* the file that sessions outlive the process in; or NULL */
	http_handler_fn handle;
	bool (*open_to_all)(void *ctx, enum http_method m, struct str path);
	void *ctx;
};

MUST_CHECK int http_create(const struct http_config *config, struct http **ret, struct err *err);
/* "http://127.0.0.1:7770": where the port really is; "" without one. */
const char *http_url(const struct http *h);
/* No new connections; WebSockets are closed with 1001, streams end. Requests under way go on. */
void http_drain(struct http *h);
/* Before the loop is closed. Accepts NULL. */
void http_destroy(struct http *h);

/* A sign-in code: one use, ten minutes. In A. */
char *http_sign_in_code(struct http *h, struct arena *a);
/* Trades CODE for a session; the value of the cookie, in A, or NULL. */
char *http_sign_in(struct http *h, struct arena *a, struct str code);
/* Ends the session of the request's cookie. */
void http_sign_out(struct http *h, struct http_req *q);

/* --- reading -------------------------------------------------------------------------------- */

/* Decoded, in the request's arena; { NULL, 0 } when it is not there. */
struct str http_query(struct http_req *q, const char *name);
/* A number of the query: DEFAULT when absent, -EINVAL when it is none or out of [LEAST, MOST]. */
MUST_CHECK int http_query_int(struct http_req *q, const char *name, long long least, long long most,
    long long def, long long *ret);
struct str http_header(struct http_req *q, const char *name);
/* Does the client take a body that is packed so ("gzip", "br")? Not without having said so. */
bool http_accepts(struct http_req *q, const char *encoding);

/* --- answering: exactly one of these -------------------------------------------------------- */

struct http_answer {
	unsigned status;
	const char *type;     /* media type */
	struct str body;      /* copied, unless STATIC */
	bool is_static;	      /* BODY outlives the process */
	const char *encoding; /* "gzip", "br" or NULL: the body is already so (see http_accepts) */
	const char *etag;     /* with quotes; a matching If-None-Match is answered 304 */
	bool immutable;	      /* may be cached for ever; else no-store, or no-cache with an etag */
	const char *location; /* of a redirect: a path here; anything else becomes "/" */
	const char *file;     /* download under this name, made safe */
	const char *cookie;   /* value of the session cookie to set; "" deletes it */
	bool page;	      /* a page of ours: its content security policy, else the strictest */
	bool report;	      /* the one-file report: as strict, but for the styles in it */
};
void http_send(struct http_req *q, const struct http_answer *answer);
/* DOC becomes http's. */
void http_send_json(struct http_req *q, unsigned status, json_t *doc);
/* CODE as in docs/api.md; what, why, fix, docs from ERR. */
void http_send_error(struct http_req *q, unsigned status, const char *code, const struct err *err);

struct http_stream_events {
	/* What was written is on its way: more may be written. */
	void (*drained)(void *ctx);
	/* The client is gone; the stream is not to be touched any more. Exactly once. */
	void (*gone)(void *ctx);
};
/*
 * Answers with 200 and TYPE, and goes on. Q is not to be touched afterwards. NULL: the client is
 * gone already, or wants no more than the head; `gone` does not come.
 */
struct http_stream *http_stream_open(
    struct http_req *q, const char *type, const struct http_stream_events *events, void *ctx);
/*
 * -EPIPE: it is gone or ended, or HTTP_BACKLOG_MAX is passed, which ends it. What is not sent yet
 * counts as backlog.
 */
int http_stream_write(struct http_stream *s, struct str bytes);
size_t http_stream_backlog(const struct http_stream *s);
/* Ends the answer after its backlog; `gone` comes. */
void http_stream_close(struct http_stream *s);
/* The same for one that is not whole: its connection ends, so that nobody takes it for whole. */
void http_stream_break(struct http_stream *s);

struct http_ws_events {
	/* One whole text message, at most WS_MESSAGE_MAX bytes, valid UTF-8. */
	void (*message)(void *ctx, struct str text);
	void (*drained)(void *ctx);
	void (*gone)(void *ctx); /* exactly once, last */
};
/*
 * Answers with 101 and PROTOCOL. Q is not to be touched afterwards. NULL: the request was no
 * upgrade to PROTOCOL, and was answered with an error; or the client is gone already.
 */
struct http_ws *http_ws_open(
    struct http_req *q, const char *protocol, const struct http_ws_events *events, void *ctx);
/*
 * TEXT is valid UTF-8; a reference is taken while it is not sent. -EPIPE: the other side is gone or
 * closing, or HTTP_BACKLOG_MAX is passed.
 */
int http_ws_send(struct http_ws *w, struct shared *text);
size_t http_ws_backlog(const struct http_ws *w);
/* No message comes any more, and `gone` comes when the other side has closed, too, or is late. */
void http_ws_close(struct http_ws *w, unsigned code, const char *why);

#endif
