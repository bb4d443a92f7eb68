/* What is asked of runs: to begin, to stop, to go on. */
#include "api/estimate.h"
#include "api/launch.h"
#include "api/priv.h"
#include "engine/choice.h"

/* --- changing one ------------------------------------------------------------------------- */

static int read_summary(struct call *c, struct store *s)
{
	json_t *run = views_summary(c->api->views, s, c->a, c->key);

	if (run)
		c->doc = json_pack("{s:o}", "run", run);
	return run ? 0 : -ENOENT;
}

static void on_changed(void *ctx, int rc, const struct err *err)
{
	struct call *c = ctx;

	if (!rc) {
		call_read(c, read_summary, NULL);
		return;
	}
	c->err = *err;
	if (rc == -EINVAL) /* it makes no sense as the run is now */
		call_refuse(c, 409, "conflict");
	else
		call_fail(c, rc);
}

static int found(struct call *c, struct store *s)
{
	(void)c;
	(void)s;
	return 0;
}

static void cancel(struct call *c)
{
	struct str why = call_body(c, "why");

	engine_cancel(c->api->config.engine, c->row.id, STR(""), why.n ? why : STR("cancelled"),
	    on_changed, c);
}

void post_cancel(struct call *c)
{
	call_run(c, found, cancel);
}

static void on_ready(void *ctx, int rc, const struct err *err)
{
	struct call *c = ctx;

	c->rc = rc;
	if (rc)
		c->err = *err;
	if (c->api->draining) {
		c->rc = err_set(&c->err, -ESHUTDOWN, "the daemon is ending");
		err_fix(&c->err, "wait until it is back");
	}
	c->then(c);
}

/*
 * Before anything starts, who does it has to be able to. THEN finds in the call's rc 0, or why not
 * in its err; it may be asked somebody who takes his time.
 */
static void ask_ready(
    struct call *c, struct str agent, struct str model, void (*then)(struct call *c))
{
	const struct api_config *conf = &c->api->config;

	c->then = then;
	if (conf->ready && !c->api->draining)
		conf->ready(conf->ctx, agent.n ? arena_cstr(c->a, agent) : NULL,
		    model.n ? arena_cstr(c->a, model) : NULL, on_ready, c);
	else
		on_ready(c, 0, NULL);
}

static void ask_ready_again(struct call *c, void (*then)(struct call *c))
{
	json_t *options = json_parse(c->row.options, NULL);

	ask_ready(c, json_get_str(options, "agent"), json_get_str(options, "model"), then);
	json_decref(options);
}

static void resume_ready(struct call *c)
{
	if (c->rc)
		call_refuse(c, 503, "not_ready");
	else
		engine_resume(c->api->config.engine, c->row.id, STR(""), on_changed, c);
}

static void resume(struct call *c)
{
	ask_ready_again(c, resume_ready);
}

void post_resume(struct call *c)
{
	call_run(c, found, resume);
}

static void retry_ready(struct call *c)
{
	if (c->rc)
		call_refuse(c, 503, "not_ready");
	else
		engine_retry(
		    c->api->config.engine, c->row.id, STR(""), call_body(c, "step"), on_changed, c);
}

static void retry(struct call *c)
{
	ask_ready_again(c, retry_ready);
}

void post_retry(struct call *c)
{
	call_run(c, found, retry);
}

static void approve(struct call *c)
{
	engine_answer(c->api->config.engine, c->row.id, STR(""), call_body(c, "step"),
	    call_body(c, "choice"), on_changed, c);
}

void post_approve(struct call *c)
{
	if (call_body(c, "step").n && call_body(c, "choice").n) {
		call_run(c, found, approve);
		return;
	}
	err_set(&c->err, -EINVAL, "which step, and which choice?");
	err_fix(&c->err, "{\"step\":\"…\",\"choice\":\"…\"}");
	call_refuse(c, 400, "bad_request");
}

/* --- launching ---------------------------------------------------------------------------- */

#define IDEMPOTENCY_MAX 200

struct launching {
	json_t *request, *warnings;
	struct order order;
	enum order_fault fault;
	struct str key; /* taken at once: who hangs up takes the head of his request along */
	bool existed;
};

static void launching_free(struct launching *l)
{
	order_free(&l->order);
	json_decref(l->request);
	json_decref(l->warnings);
	l->request = l->warnings = NULL;
}

static int make_order(struct call *c)
{
	struct launching *l = c->own;

	const struct order_from from = { c->api->config.user, c->api->config.data, NULL };

	l->fault = order_make(c->a, &from, l->request, &l->order, &c->err);
	return 0;
}

static void refuse_order(struct call *c, enum order_fault fault)
{
	static const struct {
		unsigned status;
		const char *code;
	} as[] = { [ORDER_BAD] = { 400, "bad_request" },
		[ORDER_NO_FLOW] = { 404, "not_found" },
		[ORDER_BAD_FLOW] = { 409, "conflict" },
		[ORDER_NO_REPO] = { 400, "bad_request" },
		[ORDER_NOT_READY] = { 503, "not_ready" },
		[ORDER_UNTRUSTED] = { 403, "forbidden" } };

	launching_free(c->own);
	call_refuse(c, as[fault].status, as[fault].code);
}

/* Reads the request and makes the order of it on the pool; THEN gets it when it is sound. */
static void order(struct call *c, void (*then)(struct call *c))
{
	struct launching *l = arena_new(c->a, struct launching);

	/* what a repository brings along is read by a person first, where it is shown whole */
	if (c->q->who == HTTP_COOKIE && json_get_bool(c->q->json, "trust_repo", false)) {
		err_set(&c->err, -EPERM, "a page cannot trust a repository's own flows");
		err_why(&c->err, "they name programs and prompts that somebody else wrote");
		err_fix(&c->err, "read and accept them in a terminal: tutti flows trust");
		call_refuse(c, 403, "forbidden");
		return;
	}
	c->own = l;
	l->key = arena_dup(c->a, http_header(c->q, "Idempotency-Key"));
	l->request = c->q->json ? json_deep_copy(c->q->json) : json_object();
	call_work(c, make_order, then);
}

static int read_launched(struct call *c, struct store *s)
{
	struct launching *l = c->own;
	struct run_row row;
	int rc = s->ops->run_load(s, c->a, c->key, &row);

	if (rc)
		return rc;
	c->doc = json_pack("{s:o, s:o, s:o, s:b}", "id", json_text(row.id), "url",
	    json_cstr(arena_printf(c->a, "/runs/%.*s", STR_ARG(row.id))), "run",
	    views_summary_of(c->api->views, s, c->a, &row), "existed", l->existed);
	return 0;
}

static void on_launched(void *ctx, int rc, const struct err *err, const struct engine_launched *run)
{
	struct call *c = ctx;
	struct launching *l = c->own;

	launching_free(l);
	l->existed = run->existed;
	c->key = run->key;
	if (!rc) {
		call_read(c, read_launched, NULL);
		return;
	}
	c->err = *err;
	call_fail(c, rc);
}

static void launch_ready(struct call *c)
{
	struct launching *l = c->own;
	struct launch *what = &l->order.launch;

	if (c->rc) {
		launching_free(l);
		call_refuse(c, 503, "not_ready");
		return;
	}
	if (!what->agent.n)
		what->agent = str_from(c->api->config.agent);
	what->idempotency = l->key;
	engine_launch(c->api->config.engine, what, on_launched, c);
}

/* THEN, when the order is sound and it is known in the call's rc whether it can be carried out. */
static void order_ready(struct call *c, void (*then)(struct call *c))
{
	const struct launching *l = c->own;

	if (l->fault != ORDER_SOUND)
		refuse_order(c, l->fault);
	else if (l->order.agents)
		ask_ready(c, l->order.launch.agent, l->order.launch.model, then);
	else
		then(c);
}

static void launch(struct call *c)
{
	order_ready(c, launch_ready);
}

void post_runs(struct call *c)
{
	if (http_header(c->q, "Idempotency-Key").n > IDEMPOTENCY_MAX) {
		err_set(
		    &c->err, -EINVAL, "an Idempotency-Key has at most %d bytes", IDEMPOTENCY_MAX);
		call_refuse(c, 400, "bad_request");
		return;
	}
	if (c->api->draining) {
		err_set(&c->err, -ESHUTDOWN, "the daemon is ending");
		err_fix(&c->err, "wait until it is back");
		call_refuse(c, 503, "not_ready");
		return;
	}
	order(c, launch);
}

/* --- what would be launched --------------------------------------------------------------- */

static json_t *preview_agent(struct arena *a, const struct flow_step *s, enum flow_size size)
{
	bool open = size == SIZE_AUTO && s->size != SIZE_SMALL;
	bool in = flow_step_exists(s, size == SIZE_AUTO ? SIZE_LARGE : size);
	json_t *reason = json_null();

	if (!in || open)
		reason = json_text(choice_left_out(a, s));
	else if (s->cond.text.n)
		reason = json_sprintf("if %.*s", STR_ARG(str_trim(s->cond.text)));
	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "step", json_text(s->id), "label",
	    json_text(s->label), "persona", views_text(s->agent.persona), "size",
	    flow_size_name(s->size), "included", open ? json_null() : json_boolean(in), "reason",
	    reason);
}

static json_t *preview_agents(struct arena *a, const struct order *o)
{
	json_t *all = json_array();

	for (size_t i = 0; i < o->flow->n_all; i++)
		if (o->flow->all[i]->kind == KIND_AGENT)
			json_array_append_new(
			    all, preview_agent(a, o->flow->all[i], o->launch.size));
	return all;
}

static json_t *estimate_json(const struct estimate *e)
{
	if (!e->runs)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:i}", "low_ms", (json_int_t)e->low, "high_ms",
	    (json_int_t)e->high, "tokens", (json_int_t)e->tokens, "runs", (int)e->runs);
}

static void warn(json_t *warnings, const struct err *err)
{
	json_array_append_new(
	    warnings, json_sprintf("%s%s%s", err->what, err->why[0] ? ": " : "", err->why));
}

/* What would be handed on; that there is no such thing is a warning. */
static json_t *preview_provided(struct call *c, struct store *s, json_t *warnings)
{
	const struct launch *what = &((const struct launching *)c->own)->order.launch;
	json_t *facts = NULL, *shown;
	struct err err = { 0 };

	if (what->provided.n &&
	    engine_provided(s, c->a, what->provided, what->repo, &facts, &err) < 0)
		warn(warnings, &err);
	shown = views_provided(facts);
	json_decref(facts);
	return shown;
}

static int read_preview(struct call *c, struct store *s)
{
	const struct launching *l = c->own;
	const struct launch *what = &l->order.launch;
	bool any = what->size == SIZE_AUTO;
	const struct estimate_kind kind = { what->flow,
		any ? STR("") : str_from(flow_size_name(what->size)), what->model,
		what->validators };
	json_t *warnings = json_copy(l->warnings);
	struct estimate e;
	int rc = estimate_like(s, c->a, &kind, &e);

	c->doc = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "flow", json_text(what->flow),
	    "size", flow_size_name(what->size), "size_reason",
	    any ? "decided when the repository is frozen" : "as asked for", "agents",
	    preview_agents(c->a, &l->order), "estimate", rc ? json_null() : estimate_json(&e),
	    "provided", preview_provided(c, s, warnings), "warnings", warnings);
	return rc;
}

static void preview_done(void *ctx, int rc)
{
	struct call *c = ctx;

	launching_free(c->own);
	call_answer(c, rc);
}

static int preview_on_store(struct store *s, void *ctx)
{
	struct call *c = ctx;

	json_decref(c->doc);
	c->doc = NULL;
	return read_preview(c, s);
}

static void preview_ready(struct call *c)
{
	struct launching *l = c->own;

	l->warnings = json_array();
	if (c->rc)
		warn(l->warnings, &c->err);
	err_clear(&c->err);
	engine_read(c->api->config.engine, preview_on_store, preview_done, c);
}

static void preview(struct call *c)
{
	order_ready(c, preview_ready);
}

void post_preview(struct call *c)
{
	order(c, preview);
}
