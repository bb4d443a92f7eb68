/*
 * The only way from a worker to a model. A worker's child talks HTTP/1.1 to 127.0.0.1 inside its
 * fence; the listening socket was handed out to us, and we answer on it with what one configured
 * upstream says. Keys are here and nowhere else: the child shows a random token of its attempt.
 *
 * Each upstream is a *lane*: so many requests in flight, Retry-After respected, back-off with
 * jitter, and a pause for everybody when the upstream says that the quota is gone. Usage is
 * counted per attempt, and a run's token budget is enforced before a request is sent.
 *
 * One thread, one libuv loop.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/sha256.h"
#include "dialect/dialect.h"

#include <jansson.h>

struct gateway;
struct port; /* one attempt's door */

struct upstream_config {
	const char *name; /* "default", "ollama", "rehearsal" */
	const char
	    *url; /* http(s)://host[:port]/v1, or "rehearsal:" with an optional script path */
	const char *key;   /* the secret itself, or NULL; copied into locked memory, never logged */
	const char *model; /* default model, or NULL: the first that /models lists */
	unsigned parallel; /* requests in flight; 0: 4 (loopback: 1 per slot if known, else 2) */
	enum dialect dialect; /* that it speaks; chat when nothing is said */
};

/* One request of an attempt and what it was answered, whoever answered. */
struct exchange {
	unsigned number;	/* from 1, within the attempt */
	const char *from, *to;	/* dialects of agent and upstream; TO is "" when nobody was asked */
	int status;		/* HTTP */
	bool cut;		/* the answer did not come to its end */
	unsigned tries;		/* at the upstream */
	size_t sent, got;	/* bytes of the two bodies, as the agent wrote and read them */
	char asked[SHA256_HEX]; /* digest of the request's body */
	char answered[SHA256_HEX]; /* and of the answer's */
};

/* What a port tells its owner. All calls come from the loop. */
struct port_events {
	/* A request was answered: totals of this attempt so far. */
	void (*usage)(void *ctx, long long in, long long out, long long cached, unsigned requests);
	/* The attempt waits for the lane (or stopped waiting: NULL). Repeated every 15 s. */
	void (*waiting)(void *ctx, const char *why);
	/* Something a person should know: "quota: lane paused for 1:00 (…)". */
	void (*notice)(void *ctx, const char *text);
	/* First byte of a request arrived: the agent is at work. */
	void (*active)(void *ctx);
	/* A request is over. May be NULL. */
	void (*exchanged)(void *ctx, const struct exchange *x);
	/*
	 * The agent goes on asking though no request of it has a chance any more: end it. The
	 * reason is gateway_verdict's. At most once; may be NULL.
	 */
	void (*over)(void *ctx);
};

struct port_spec {
	int listener; /* from the fence; becomes the port's */
	const char *token;
	const char *upstream;  /* name */
	const char *model;     /* "": the upstream's default */
	struct budget *budget; /* shared by the attempts of a run, or NULL */
	const struct port_events *events;
	void *ctx;
};

/* What is left of a run's tokens. Owned by the caller; ports point at it. */
struct budget {
	long long limit; /* 0: none */
	long long used;	 /* in + out, answered requests */
	long long reserved;
};

/* LOOP is a uv_loop_t. */
MUST_CHECK int gateway_create(void *loop, struct gateway **ret, struct err *err);
/* Closes all ports and upstream transfers; call before the loop is closed. Accepts NULL. */
void gateway_destroy(struct gateway *g);
/* Copies the configuration. -EINVAL for a URL that is not http(s) with a plain host, or a key that
 * is not one plain word. */
MUST_CHECK int gateway_add_upstream(
    struct gateway *g, const struct upstream_config *conf, struct err *err);
bool gateway_has_upstream(const struct gateway *g, const char *name);
/* The model a request would use: the configured default, or "" when not known yet. */
const char *gateway_default_model(const struct gateway *g, const char *name);

MUST_CHECK int gateway_open(
    struct gateway *g, const struct port_spec *spec, struct port **ret, struct err *err);
/* Cancels what is in flight. Accepts NULL. */
void gateway_close(struct port *p);
/*
 * Why the attempt could not be served, in the gateway's own view: ENDING_NONE when every request
 * got an answer, or what to end with (quota, rate_limited, endpoint_down, denied), and a line for
 * a person. Stronger than what the agent reports, because agents hide it.
 */
int gateway_verdict(const struct port *p, const char **ret_why);
/*
 * The last answer that was read here broke off: at the model's token limit, or stopped by a filter.
 * Answers that are passed on unread (same dialect, no key to look for) are not known.
 */
bool gateway_cut_short(const struct port *p);

/* What passed through a port so far. */
struct port_facts {
	const char *upstream; /* its name */
	unsigned requests;    /* that an upstream answered */
	unsigned refused;     /* by us: another token, method or place; over a limit */
	unsigned long long bytes_out, bytes_in; /* of bodies, as the agent wrote and read them */
};
void gateway_port_facts(const struct port *p, struct port_facts *ret);

/*
 * Looks for an upstream: OPENAI_BASE_URL (+ OPENAI_API_KEY, OPENAI_MODEL), then the usual loopback
 * ports of Ollama 11434, llama.cpp 8080, vLLM 8000, LM Studio 1234, by GET /v1/models with a short
 * timeout. Blocks at most about a second, five where a base URL was set; for start-up and doctor.
 * *RET lives in A; -ENOENT when nothing was found. TRIED gets one line per place, for doctor and
 * errors (may be NULL).
 */
MUST_CHECK int upstream_discover(struct arena *a, struct upstream_config *ret, json_t **ret_tried);
/* GET /models of one upstream (blocking, bounded): array of ids, or NULL with ERR. */
json_t *upstream_models(const struct upstream_config *conf, struct err *err);

#endif
