/* From a request to its route. */
#include "api/priv.h"
#include "flow/output.h"

#include <stdlib.h>

struct api *api_create(const struct api_config *config)
{
	struct api *api = xalloc(sizeof(*api));

	api->config = *config;
	api->views = views_create(config->epoch);
	api->began = clock_boot();
	(void)output_findings_schema(); /* made once, before threads ask for it */
	return api;
}

void api_destroy(struct api *api)
{
	if (!api)
		return;
	views_destroy(api->views);
	free(api);
}

void api_drain(struct api *api)
{
	api->draining = true;
}

size_t api_under_way(const struct api *api)
{
	return api->calls;
}

void api_set_http(struct api *api, struct http *http)
{
	api->http = http;
}

struct views *api_views(struct api *api)
{
	return api->views;
}

/* --- matching ----------------------------------------------------------------------------- */

struct match {
	struct str run, name;
};

static bool is_hole(struct str part)
{
	return part.n > 2 && part.p[0] == '{';
}

/* A step's name may have slashes in it: it is all but what the pattern ends in. */
static bool take_step(struct str rest, struct str end, struct match *m)
{
	if (end.n) {
		struct str tail = { end.p - 1, end.n + 1 }; /* with the slash before it */

		if (!str_ends(rest, tail))
			return false;
		rest.n -= tail.n;
	}
	m->name = rest;
	return rest.n > 0;
}

/* PATTERN against PATH, part by part. */
static bool matches(const char *pattern, struct str path, struct match *m)
{
	struct str want = str_from(pattern), rest = path;

	*m = (struct match){ 0 };
	while (want.p && rest.p) {
		struct str w = str_split(&want, '/');

		if (str_is(w, "{step}"))
			return take_step(rest, want, m);
		struct str part = str_split(&rest, '/');

		if (is_hole(w) && !part.n)
			return false;
		if (str_is(w, "{run}"))
			m->run = part;
		else if (is_hole(w))
			m->name = part;
		else if (!str_eq(w, part))
			return false;
	}
	return !want.p && !rest.p;
}

static const struct route *find_route(const struct http_req *q, struct match *m, bool *ret_path)
{
	*ret_path = false;
	for (const struct route *r = routes; r->path; r++) {
		if (!matches(r->path, q->path, m))
			continue;
		*ret_path = true;
		if (r->method == q->method)
			return r;
	}
	return NULL;
}

/* --- what is not there -------------------------------------------------------------------- */

static const char *nearest(struct str path)
{
	const char *near = NULL;
	unsigned best = 12;

	for (const struct route *r = routes; r->path; r++) {
		unsigned d = str_distance(path, str_from(r->path));

		if (d < best) {
			best = d;
			near = r->path;
		}
	}
	return near;
}

static void no_path(struct http_req *q)
{
	const char *near = nearest(q->path);
	struct err err;

	err_set(&err, -ENOENT, "there is nothing at %.*s", STR_ARG(str_take(q->path, 150)));
	if (near)
		err_fix(&err, "did you mean %s?\nGET /api/v1/openapi.json", near);
	else
		err_fix(&err, "GET /api/v1/openapi.json");
	http_send_error(q, 404, "not_found", &err);
}

static void no_method(struct http_req *q)
{
	char names[64] = "";
	struct match m;
	struct err err;
	size_t n = 0;

	for (const struct route *r = routes; r->path; r++)
		if (matches(r->path, q->path, &m))
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
			    method_name(r->method));
	err_set(&err, -EINVAL, "%.*s does not take %s", STR_ARG(str_take(q->path, 150)),
	    method_name(q->method));
	err_fix(&err, "it takes %s", names);
	http_send_error(q, 405, "method_not_allowed", &err);
}

void api_handle(struct api *api, struct http_req *q)
{
	struct match m;
	bool path;
	const struct route *r = find_route(q, &m, &path);

	if (r && r->fn)
		call_begin(api, q, r, m.run, m.name);
	else if (path && !r)
		no_method(q);
	else
		no_path(q);
}
