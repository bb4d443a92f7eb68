/*
 * The API below /api/v1: requests to engine calls and readings. It knows no sockets: a handler gets
 * a whole request of somebody who may ask, and answers it once, now or later.
 *
 *   request ─► route ─► [store thread: rows to JSON] or [pool: files] or engine call ─► answer
 *
 * Nothing here blocks the loop. What routes there are, what they take and what they answer is one
 * table (routes.c); the OpenAPI document and the table of docs/api.md are made of it.
 */
#ifndef API_API_H
#define API_API_H

#include "api/views.h"
#include "engine/engine.h"
#include "gateway/gateway.h"
#include "http/http.h"
#include "sandbox/sandbox.h"
#include "worker/programs.h"

struct api;

/* RC 0, or anything else with ERR. */
typedef void (*api_ready_fn)(void *ctx, int rc, const struct err *err);

struct api_config {
	void *loop;	       /* uv_loop_t */
	struct engine *engine; /* outlives the API's last reading */
	const char *version, *build, *epoch;
	const char *data;		 /* directory of tutti.db and snapshots */
	const char *user;		 /* the configuration directory, for flows; or NULL */
	const char *repo;		 /* the daemon's own directory, or NULL */
	const char *agent;		 /* of runs that name none */
	const char *settings;		 /* the configuration file, or NULL */
	struct sandbox *sandbox;	 /* for what it found out about this machine */
	const struct programs *programs; /* not changed while the API lives */
	const struct upstream_config
	    *upstream; /* of the configuration; url NULL: to be looked for */
	/*
	 * Whether AGENT and MODEL (NULL: the defaults) can work now; FN hears it once, now or
	 * later. Is asked before each launch of a flow with agents. May be NULL.
	 */
	void (*ready)(
	    void *ctx, const char *agent, const char *model, api_ready_fn fn, void *fn_ctx);
	/* A run is not there any more; its key. May be NULL. */
	void (*deleted)(void *ctx, int64_t run);
	/* Attempts at work now. May be NULL. */
	size_t (*busy)(void *ctx);
	void *ctx;
};

/* Strings and structs of CONFIG outlive the API. */
struct api *api_create(const struct api_config *config);
/* After engine_destroy. Accepts NULL. */
void api_destroy(struct api *api);
/* As http's handler: answers Q, whatever its path is. */
void api_handle(struct api *api, struct http_req *q);
/* From now on there are no launches, and /healthz says so. */
void api_drain(struct api *api);
/*
 * Requests that are not answered yet. The engine may be destroyed once there are none: some of them
 * are on libuv's pool, and go on with the engine.
 */
size_t api_under_way(const struct api *api);
/* For sign-out, once there is one. */
void api_set_http(struct api *api, struct http *http);
/* The documents of the store, for the hub: ctx of views_run and views_summary. */
struct views *api_views(struct api *api);

/* The OpenAPI document. New reference. */
json_t *api_openapi(const char *version);
/* The routes as a table of Markdown, as in docs/api.md. In A. */
struct str api_routes_markdown(struct arena *a);

#endif
