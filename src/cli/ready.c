#include "cli/ready.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/list.h"

#include <stdlib.h>

int ready_fence(struct house *h, struct err *err)
{
	enum fence_mode mode;
	json_t *doc = sandbox_probe(h->sandbox, &mode), *one;
	size_t i, n = 0, m = 0;
	char fix[sizeof(err->fix)] = "", why[sizeof(err->why)] = "";

	if (mode == FENCE_NONE) {
		err_set(err, -EPERM, "agents cannot be held to reading on this machine");
		json_array_foreach (json_get_array(doc, "modes"), i, one)
			m += (size_t)snprintf(why + m, m < sizeof(why) ? sizeof(why) - m : 0,
			    "%smode %s: %s", m ? "; " : "", json_get_cstr(one, "mode", ""),
			    json_get_cstr(one, "why", ""));
		json_array_foreach (json_get_array(doc, "fix"), i, one)
			n += (size_t)snprintf(fix + n, n < sizeof(fix) ? sizeof(fix) - n : 0,
			    "%s%s", n ? "\n" : "", json_string_value(one));
		err_why(err, "%s", why);
		err_fix(err, "%s", fix);
		err_more(err, "read-only");
	}
	json_decref(doc);
	return mode == FENCE_NONE ? EXIT_NO_FENCE : 0;
}

/* Without namespaces only agents run that were seen to be held that way. */
static int check_strict(struct house *h, const struct program *p, struct err *err)
{
	if (sandbox_mode(h->sandbox) != FENCE_C || p->ops->traits.strict)
		return 0;
	err_set(err, -EPERM, "agent \"%s\" may not run on this machine", p->ops->name);
	err_why(err, "there are no namespaces here (mode C), and it was not admitted to that mode");
	err_fix(err, "tutti run … --agent native\nor allow namespaces: tutti doctor says how");
	err_more(err, "read-only");
	return EXIT_NOT_READY;
}

int ready_agent(struct house *h, const char *name, struct err *err)
{
	const struct program *p = programs_get(&h->programs, str_from(name));

	if (!p) {
		err_set(err, -ENOENT, "there is no agent \"%s\"", name);
		err_why(err, "tutti knows: %s", programs_names(h->arena, &h->programs));
		err_fix(err, "tutti run … --agent native");
		err_more(err, "agents");
		return EXIT_NOT_READY;
	}
	if (!p->status)
		return check_strict(h, p, err);
	*err = p->err;
	if (!err->why[0])
		err_why(err, "%s", err_name(p->status));
	size_t n = strlen(err->fix);

	snprintf(err->fix + n, sizeof(err->fix) - n, "\nor: tutti run … --agent native");
	err_more(err, "agents");
	return EXIT_NOT_READY;
}

static int no_model(struct err *err)
{
	err_set(err, -ENOENT, "no model server was found");
	err_why(err,
	    "OPENAI_BASE_URL is not set, and nothing answers where Ollama (11434), llama.cpp "
	    "(8080), vLLM (8000) and LM Studio (1234) usually listen");
	err_fix(err, "ollama serve\n"
		     "OPENAI_BASE_URL=http://HOST:PORT/v1 OPENAI_API_KEY=… tutti run …\n"
		     "tutti run … --model rehearsal    (no language model, to see how it works)");
	err_more(err, "models");
	return EXIT_NOT_READY;
}

/* --- a model server ------------------------------------------------------------------------ */

/* Without a name, the first model that the server lists. */
static int name_model(struct arena *a, struct upstream_config *u, struct err *err)
{
	if (u->model && u->model[0])
		return 0;
	json_t *ids = upstream_models(u, err);
	const char *first = json_string_value(json_array_get(ids, 0));

	u->model = first ? arena_cstr(a, str_from(first)) : NULL;
	json_decref(ids);
	if (u->model)
		return 0;
	err_set(err, -EIO, "the model server %s names no model", u->url);
	if (!err->fix[0])
		err_fix(err, "start it, or name a model: --model NAME");
	err_more(err, "models");
	return EXIT_NOT_READY;
}

/* The configured server, or one that is found. Blocks; *RET lives in A and where KNOWN does. */
static int look(struct arena *a, const struct upstream_config *known, struct upstream_config *ret,
    struct err *err)
{
	*ret = *known;
	return !ret->url && upstream_discover(a, ret, NULL) < 0 ? no_model(err) : 0;
}

static int use_server(struct house *h, const struct upstream_config *u, struct err *err)
{
	if (gateway_add_upstream(h->gateway, u, err) < 0)
		return EXIT_NOT_READY;
	h->upstream = arena_cstr(h->arena, str_from(u->name));
	return 0;
}

static int find_server(struct house *h, const struct house_spec *spec, struct err *err)
{
	struct upstream_config u;
	int code = look(h->arena, &h->config.upstream, &u, err);

	if (!code && spec->model)
		u.model = spec->model;
	if (!code)
		code = name_model(h->arena, &u, err);
	if (!code)
		code = use_server(h, &u, err);
	return spec->agents ? code : 0;
}

int ready_model(struct house *h, const struct house_spec *spec, struct err *err)
{
	struct upstream_config rehearsal = { .name = "rehearsal",
		.url = arena_printf(h->arena, "rehearsal:%s", spec->script ? spec->script : "") };

	if (gateway_add_upstream(h->gateway, &rehearsal, err) < 0)
		return EXIT_NOT_READY;
	if (spec->model && strcmp(spec->model, "rehearsal") == 0)
		return 0;
	return find_server(h, spec, err);
}

/* --- while others are served --------------------------------------------------------------- */

/* Looking for a server, on libuv's pool: for all who ask meanwhile. */
struct probe {
	uv_work_t work;
	struct house *house;
	struct arena *arena;
	const char *model; /* of who asked first: for a server that names none; or NULL */
	struct upstream_config found;
	int code;
	struct err err;
	struct list waiters;
};

struct waiter {
	struct list list;
	house_ready_fn fn;
	void *ctx;
};

static void on_pool(uv_work_t *work)
{
	struct probe *p = work->data;

	p->code = look(p->arena, &p->house->config.upstream, &p->found, &p->err);
	if (p->code)
		return;
	p->code = name_model(p->arena, &p->found, &p->err);
	if (p->code && p->model) {
		p->found.model = p->model;
		p->code = 0;
	}
}

static void on_looked(uv_work_t *work, int status)
{
	struct probe *p = work->data;
	struct house *h = p->house;

	h->probe = NULL;
	if (status < 0 || !h->gateway) {
		err_set(&p->err, -ESHUTDOWN, "the house is closed");
		p->code = EXIT_NOT_READY;
	} else if (!p->code && !h->upstream)
		p->code = use_server(h, &p->found, &p->err);
	list_each_safe (&p->waiters, it, next) {
		struct waiter *w = list_item(it, struct waiter, list);

		w->fn(w->ctx, p->code, p->code ? &p->err : NULL);
		free(w);
	}
	arena_destroy(p->arena);
	free(p);
}

static struct probe *begin_look(struct house *h, const char *model)
{
	struct probe *p = xalloc(sizeof(*p));

	p->work.data = p;
	p->house = h;
	p->arena = arena_create("models", MIB(8));
	p->model = model ? arena_cstr(p->arena, str_from(model)) : NULL;
	list_init(&p->waiters);
	uv_queue_work(&h->loop, &p->work, on_pool, on_looked);
	return p;
}

void house_ready(
    struct house *h, const char *agent, const char *model, house_ready_fn fn, void *ctx)
{
	bool rehearsal = model && strcmp(model, "rehearsal") == 0;
	struct err err = { 0 };
	int code = ready_fence(h, &err);

	if (!code)
		code = ready_agent(h, agent ? agent : h->agent, &err);
	if (code || h->upstream || rehearsal) {
		fn(ctx, code, code ? &err : NULL);
		return;
	}
	struct waiter *w = xalloc(sizeof(*w));

	*w = (struct waiter){ .fn = fn, .ctx = ctx };
	if (!h->probe)
		h->probe = begin_look(h, model);
	list_push(&h->probe->waiters, &w->list);
}
