/*
 * The one door through which runs come in: the command line, HTTP and whatever follows them make
 * the same JSON object of what is asked for (LaunchRequest, docs/api.md), and here it is checked
 * and becomes what the engine takes. Nothing is started; no part of it needs an engine.
 */
#ifndef API_LAUNCH_H
#define API_LAUNCH_H

#include "api/flows.h"
#include "engine/engine.h"

/* A request that was understood. Strings live in the arena it was made with. */
struct order {
	struct library *lib; /* with as many validators as were asked for */
	const struct flow *flow;
	struct launch launch; /* frozen and input are the order's; agent empty: the default one */
	bool agents;	      /* something of it is an agent's, or may be */
};

/* What stood in the way. */
enum order_fault {
	ORDER_SOUND,
	ORDER_BAD,	 /* the request makes no sense */
	ORDER_NO_FLOW,	 /* there is no such flow */
	ORDER_BAD_FLOW,	 /* it has errors, or became too large with so many validators */
	ORDER_NO_REPO,	 /* the repository cannot be opened, or is no place to be frozen */
	ORDER_NOT_READY, /* it cannot be known yet */
	ORDER_UNTRUSTED, /* the flow is the repository's, and is not accepted as it is */
};

struct order_from {
	const char *user; /* the configuration directory, for flows; or NULL */
	const char *data; /* where tutti keeps its own, or NULL */
	/*
	 * The repository as bytes, for who has it at hand: a path need not be text, and JSON holds
	 * nothing else. NULL: what the request says.
	 */
	const char *repo;
};

/*
 * REQUEST, an object of whatever kind, with the user's flows and, as far as they are trusted, those
 * of its repository. Reads files. ERR has four parts. RET is to be given to order_free in any case.
 */
enum order_fault order_make(struct arena *a, const struct order_from *from, const json_t *request,
    struct order *ret, struct err *err);
void order_free(struct order *o);

/* The directory REPO (absolute) without links. -EINVAL, or what the kernel said. In A. */
MUST_CHECK int order_repo(struct arena *a, struct str repo, struct str *ret, struct err *err);

#endif
