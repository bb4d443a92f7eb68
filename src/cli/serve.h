/*
 * The daemon: a house without a person in front of it, and the doors through which people and
 * programs come in. cmd_serve.c begins and ends it, serve_live.c joins connections to the hub,
 * serve_page.c answers with pages.
 */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "cli/house.h"
#include "http/http.h"
#include "hub/hub.h"

struct api;

struct serve {
	struct arena *arena; /* of the whole life */
	const struct globals *globals;
	struct house house;
	struct http *http;
	struct hub *hub;
	struct api *api;
	uv_signal_t sigint, sigterm;
	uv_timer_t timer; /* while it drains */
	msec_t grace, deadline;
	unsigned asked; /* how often it was asked to end */
	bool stopping, done;
	bool managed; /* by a service manager, which keeps what is printed where others may read */
};

/* GET /api/v1/ws and GET /api/v1/runs/ID/events. False: it is neither. */
bool serve_live(struct serve *s, struct http_req *q);
/* Pages, what they are made of, and signing in. False: it is none. */
bool serve_page(struct serve *s, struct http_req *q);
/* What everybody may ask for: signs of life, signing in, the parts of the page. */
bool serve_open_to_all(void *ctx, enum http_method method, struct str path);

#endif
