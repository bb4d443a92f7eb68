/*
 * What the files of this room share.
 *
 *   conns    connections of workers
 *   server   HTTP/1.1 towards workers (libmicrohttpd): requests, bodies, answers
 *   route    what a request is for, who may ask, and what an attempt may ask for in all
 *   answer   what comes back: read, looked through, and translated where dialects differ
 *   lane     which request may go to an upstream, and when; what a failure means
 *   curl_up  an upstream over HTTP (libcurl multi)
 *   rehearse the upstream that is no language model
 *   usage    tokens
 *   gateway  life and death, configuration, ports
 */
#ifndef GATEWAY_PRIV_H
#define GATEWAY_PRIV_H

#include "gateway/gateway.h"

#include "base/buf.h"
#include "base/imap.h"
#include "base/limits.h"
#include "base/list.h"
#include "dialect/dialect.h"
#include "flow/words.h"
#include "net/curl.h"
#include "net/mhd.h"
#include "rehearsal/rehearsal.h"

#include <uv.h>

#define OUT_HIGH KIB(512) /* of a response not yet taken by the worker: then the upstream waits */
#define LANE_PARALLEL 4
#define LANE_PARALLEL_LOCAL 2
#define TRIES_MAX 5	     /* of one request; the first one counted */
#define RATE_PATIENCE 150000 /* ms that one request waits for a rate limit in all */
#define BACKOFF_LEAST 500
#define BACKOFF_MOST 20000
#define RETRY_AFTER_MOST 120000
#define QUOTA_PAUSE 60000
#define WAITING_EVERY 15000
#define KEY_BYTES 4096					 /* of a key, with the NUL behind it */
#define MESSAGES_VERSION "anthropic-version: 2023-06-01" /* which every request has to say */
#define CONNECT_SECONDS 10L
#define SILENCE_SECONDS 600L /* no byte from an upstream */

struct upstream;
struct request;

/* Where answers come from. */
struct backend {
	/* Sends R's body. Ends in request_head … request_end, or in request_failed. */
	void (*start)(struct request *r);
	/* There is room in R's buffer again. */
	void (*drained)(struct request *r);
	/* Nothing of it may come any more. */
	void (*cancel)(struct request *r);
};

struct upstream {
	struct list list;
	struct gateway *g;
	char *name, *url, *model, *key; /* key: locked memory, KEY_BYTES */
	const struct backend *backend;
	enum dialect dialect;
	struct rehearsal *rehearsal;
	/* the lane */
	unsigned parallel, flying;
	struct list queue;   /* struct request, first come first served */
	msec_t paused_until; /* boot time; 0: not paused */
	const char *paused_why;
	uv_timer_t *timer; /* wakes the lane, and says that it waits */
	uint64_t rng;
};

struct gateway {
	uv_loop_t *loop;
	const struct mhd_api *mhd;
	const struct curl_api *curl;
	struct MHD_Daemon *daemon;
	CURLM *multi;
	struct list upstreams, ports;
	uv_poll_t *server_poll;
	uv_timer_t *server_timer, *curl_timer;
	struct imap conns;     /* socket -> struct conn */
	bool turning;	       /* inside MHD_run */
	unsigned long answers; /* translated so far, for their ids */
};

struct port {
	struct list list;
	struct gateway *g;
	struct upstream *up;
	char *token, *model;
	struct budget *budget;
	const struct port_events *events; /* NULL once closed */
	void *ctx;
	uv_poll_t *listener;
	int fd;
	struct list requests;
	unsigned conns;
	bool closed;
	long long in, out, cached;
	unsigned answered, asked, refused, exchanges;
	unsigned turned_away; /* requests, whatever the reason */
	size_t sent, got;     /* bytes of all bodies */
	bool over;	      /* its owner was told */
	enum finish finish;   /* of the last answer that was read */
	int verdict;	      /* enum ending */
	bool fatal;	      /* no further request has a chance */
	char why[600];
};

enum request_state {
	REQUEST_READING, /* its body comes in */
	REQUEST_WAITING, /* in the lane's queue, or between two tries */
	REQUEST_FLYING,	 /* at the upstream */
	REQUEST_DONE,	 /* the upstream is finished with it */
};

/* Where a key could show: in the bytes, or in what they say. */
enum request_sight { SIGHT_BYTES, SIGHT_TEXT, SIGHT_THOUGHT, SIGHT_NAME, SIGHTS };

struct request {
	struct list list, queue;
	struct port *port;
	struct conn *from;
	struct MHD_Connection *conn;
	enum request_state state;
	struct buf body; /* of a request that is welcome */
	size_t taken;	 /* bytes of it, kept or not */
	bool welcome;
	bool suspended, replied, stream;
	bool last; /* of its connection */
	struct dialect_target target;
	char *extra[2]; /* headers to pass on, "name: value", or NULL */
	/* the answer */
	int status;
	bool json, headed; /* a head has come */
	bool whole;	   /* the upstream answers with one object */
	struct buf out;
	size_t out_total;
	bool ended, cut;
	/* tries */
	unsigned tries;
	msec_t not_before, waiting_since, told_at;
	long long reserved;
	void *transfer; /* the backend's */
	/* the answer as it is read, and as it is written where dialects differ */
	struct answer_reader *reader; /* NULL: nothing of it needs to be read */
	struct answer_writer *writer; /* NULL: it goes on as it is */
	struct buf fresh;	      /* of the writer */
	struct buf seen[SIGHTS];      /* the last bytes that were looked at */
	struct usage usage;
	struct sse sse; /* counts where nothing is translated */
	bool sse_on;
	size_t text_bytes;
	bool failed; /* it says itself that it is none */
	bool broken; /* it cannot be read */
	bool blind;  /* what comes cannot be read; the bytes are still looked at */
	bool leaked; /* it shows the key */
	/* what is recorded of it */
	size_t got; /* bytes of the answer */
	struct sha256 answered;
	char asked[SHA256_HEX];
	bool told;
};

/* --- conns.c --------------------------------------------------------------------------------- */

struct conn {
	uv_poll_t gone; /* first: who closes it frees the whole */
	struct port *port;
	int fd;
	struct request *request; /* the one that is served, or NULL */
	bool lost;		 /* nobody is there any more */
};

MUST_CHECK int server_accept(struct port *p, int fd);
struct conn *conn_of(struct gateway *g, struct MHD_Connection *conn);
/* What MHD calls when a connection begins or ends. */
void conns_notify(
    void *ctx, struct MHD_Connection *conn, void **slot, enum MHD_ConnectionNotificationCode what);
void conns_hang_up(struct port *p);

/* --- server.c ------------------------------------------------------------------------------ */

MUST_CHECK int server_start(struct gateway *g, struct err *err);
void server_stop(struct gateway *g);
/* Lets MHD work; call after anything that resumed a connection. */
void server_turn(struct gateway *g);
/* The request has something to send, or its end. */
void request_wake(struct request *r);
/* Nobody waits for it any more. */
void request_abandon(struct request *r);
/* An error for the worker in place of an upstream's answer, in the words of its dialect. */
void request_refuse(struct request *r, int status, const char *type, const char *message);
/* DOC, which is taken, as the whole answer. */
void request_answer(struct request *r, int status, json_t *doc);
/* More of the answer's body. */
void request_add(struct request *r, struct str bytes);

/* --- route.c ------------------------------------------------------------------------------- */

/* Shows R the token of its attempt, where its dialect has it? */
bool request_is_authorized(struct request *r);
/* The whole request is here: answers it, or sends it on its way. */
void request_route(struct request *r);
/* Tells the owner of the port what became of R, once. */
void request_tell(struct request *r);

/* --- answer.c ------------------------------------------------------------------------------ */

/* The agent's dialect is not the upstream's: DOC is the request as the agent sent it. */
void answer_translate(struct request *r, const json_t *doc);
void answer_begin(struct request *r);
/* More of the upstream's answer; false when it can be none, or would show the key. */
bool answer_feed(struct request *r, struct str bytes);
/* The same: the upstream says that there is no more. */
bool answer_end(struct request *r);
void answer_fini(struct request *r);

/* --- lane.c ---------------------------------------------------------------------------------- */

void lane_enter(struct request *r);
/* The request leaves for good, whatever its state. */
void lane_leave(struct request *r);
void lane_pump(struct upstream *up);
/* --- what backends report --- */
/* An answer with status 200 begins: WHOLE, or as a stream. */
void request_head(struct request *r, bool whole);
/* More of it. Returns false when it is over its ceiling, or no answer, and was cut. */
bool request_body(struct request *r, struct str bytes);
/* It is complete (CUT: it broke off). */
void request_end(struct request *r, bool cut);
/*
 * No answer: STATUS is the HTTP status (0: could not be reached), RETRY_AFTER in ms (0: none).
 * The lane decides whether there is another try.
 */
void request_failed(struct request *r, int status, msec_t retry_after, struct str message);
/* An answer that has begun says that it failed. */
void request_told_error(struct request *r, struct str message);
/* No answer, because it is over its ceiling before any of it was passed on. */
void request_overflowed(struct request *r);

/* --- usage.c --------------------------------------------------------------------------------- */

/* An answer that goes on as it is begins; more of it. */
void usage_begin(struct request *r);
void usage_feed(struct request *r, struct str bytes);
/* Adds what was counted (or, where the upstream says nothing, estimated) to port and budget. */
void usage_end(struct request *r);

/* --- backends ----------------------------------------------------------------------------------
 */

extern const struct backend backend_curl, backend_rehearsal;
MUST_CHECK int curl_up_start(struct gateway *g, struct err *err);
void curl_up_stop(struct gateway *g);

/* gateway.c */
void port_unref_conn(struct port *p);
void port_fail(struct port *p, int ending, bool fatal, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void handle_close(uv_handle_t *handle);
/* KEY (or NULL) is one word that a header can hold. */
bool key_is_plain(const char *key);
/* URL without slashes at its end: what is asked for follows with one. */
struct str url_base(const char *url);
/* URL names this machine: then no proxy of the environment stands between. */
bool is_loopback(const char *url);

#endif
