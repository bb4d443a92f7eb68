/* One request from its route to its answer, over the store thread or the pool. */
#include "api/priv.h"

#include <stdio.h>
#include <stdlib.h>

void call_begin(
    struct api *api, struct http_req *q, const struct route *route, struct str run, struct str name)
{
	struct arena *a = arena_create("call", ARENA_JOB);
	struct call *c = arena_new(a, struct call);

	*c = (struct call){ .api = api,
		.q = q,
		.a = a,
		.route = route,
		.run = arena_dup(a, run),
		.name = arena_dup(a, name),
		.status = route->status };
	api->calls++;
	route->fn(c);
}

/* --- answers ------------------------------------------------------------------------------ */

static void call_end(struct call *c)
{
	if (c->drop)
		c->drop(c);
	json_decref(c->doc);
	json_decref(c->kept);
	c->api->calls--;
	arena_destroy(c->a);
}

void call_json(struct call *c, json_t *doc)
{
	http_send_json(c->q, c->status, doc);
	call_end(c);
}

void call_empty(struct call *c)
{
	http_send(c->q, &(struct http_answer){ .status = c->status });
	call_end(c);
}

void call_refuse(struct call *c, unsigned status, const char *code)
{
	http_send_error(c->q, status, code, &c->err);
	call_end(c);
}

void call_fail(struct call *c, int rc)
{
	static const struct {
		int rc;
		unsigned status;
		const char *code;
	} all[] = { { -ENOENT, 404, "not_found" }, { -EEXIST, 409, "ambiguous" },
		{ -EINVAL, 400, "bad_request" }, { -EBUSY, 409, "conflict" },
		{ -ESTALE, 409, "conflict" }, { -E2BIG, 413, "too_large" },
		{ -ENOSPC, 503, "not_ready" }, { -ESHUTDOWN, 503, "not_ready" } };

	if (!c->err.code)
		err_set(&c->err, rc, "this cannot be answered: %s", err_name(rc));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].rc == rc) {
			call_refuse(c, all[i].status, all[i].code);
			return;
		}
	call_refuse(c, 500, "internal");
}

void call_answer(struct call *c, int rc)
{
	json_t *doc = c->doc;

	if (rc) {
		call_fail(c, rc);
		return;
	}
	c->doc = NULL;
	if (doc) {
		call_json(c, doc);
		return;
	}
	http_send(c->q, &(struct http_answer){ .status = c->status,
			    .type = c->type ? c->type : "application/json",
			    .body = c->text,
			    .file = c->file,
			    .report = c->type && strncmp(c->type, "text/html", 9) == 0 });
	call_end(c);
}

/* --- over the store thread ---------------------------------------------------------------- */

static void again(struct call *c)
{
	json_decref(c->doc);
	c->doc = NULL;
	err_clear(&c->err);
}

static int on_store(struct store *s, void *ctx)
{
	struct call *c = ctx;

	again(c);
	return c->fn(c, s);
}

static void go_on(struct call *c, int rc)
{
	if (rc || !c->then)
		call_answer(c, rc);
	else
		c->then(c);
}

static void on_read(void *ctx, int rc)
{
	go_on(ctx, rc);
}

void call_read(
    struct call *c, int (*fn)(struct call *c, struct store *s), void (*then)(struct call *))
{
	c->fn = fn;
	c->then = then;
	engine_read(c->api->config.engine, on_store, on_read, c);
}

/* A beginning of an id has to be long enough to be meant. */
static int find_run(struct call *c, struct store *s)
{
	if (c->run.n < 4)
		return err_set(
		    &c->err, -ENOENT, "\"%.*s\" is too short to name a run", STR_ARG(c->run));
	int rc = engine_resolve(s, c->run, STR(""), &c->key, &c->err);

	return rc ? rc : s->ops->run_load(s, c->a, c->key, &c->row);
}

static int on_store_run(struct store *s, void *ctx)
{
	struct call *c = ctx;

	again(c);
	int rc = find_run(c, s);

	return rc ? rc : c->fn(c, s);
}

void call_run(
    struct call *c, int (*fn)(struct call *c, struct store *s), void (*then)(struct call *))
{
	c->fn = fn;
	c->then = then;
	engine_read(c->api->config.engine, on_store_run, on_read, c);
}

/* --- over the pool ------------------------------------------------------------------------ */

static void on_pool(uv_work_t *job)
{
	struct call *c = job->data;

	c->rc = c->work(c);
}

static void on_worked(uv_work_t *job, int status)
{
	struct call *c = job->data;

	go_on(c, status < 0 ? -ESHUTDOWN : c->rc);
}

void call_work(struct call *c, int (*work)(struct call *c), void (*then)(struct call *c))
{
	c->work = work;
	c->then = then;
	c->job.data = c;
	uv_queue_work(c->api->config.loop, &c->job, on_pool, on_worked);
}

/* --- parameters --------------------------------------------------------------------------- */

bool call_int(struct call *c, const char *name, long long least, long long most, long long def,
    long long *ret)
{
	if (http_query_int(c->q, name, least, most, def, ret) == 0)
		return true;
	err_set(&c->err, -EINVAL, "%s is a number from %lld to %lld", name, least, most);
	call_refuse(c, 400, "bad_request");
	return false;
}

bool call_flag(struct call *c, const char *name, bool *ret)
{
	long long n;

	if (!call_int(c, name, 0, 1, 0, &n))
		return false;
	*ret = n == 1;
	return true;
}

struct str call_query(struct call *c, const char *name)
{
	struct str s = http_query(c->q, name);

	return s.n ? arena_dup(c->a, s) : STR("");
}

struct str call_body(struct call *c, const char *name)
{
	return arena_dup(c->a, json_get_str(c->q->json, name));
}

json_t *cursor_json(int64_t at)
{
	char text[24];

	snprintf(text, sizeof(text), "c%llx", (unsigned long long)at);
	return json_string(text);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int64_t cursor_read(struct str text)
{
	int64_t at = 0;

	if (!text.n)
		return 0;
	if (text.p[0] != 'c' || text.n < 2 || text.n > 16)
		return -EINVAL;
	for (size_t i = 1; i < text.n; i++) {
		if (digit_of(text.p[i]) < 0)
			return -EINVAL;
		at = at * 16 + digit_of(text.p[i]);
	}
	return at;
}
