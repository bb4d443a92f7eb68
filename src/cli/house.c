#include "cli/house.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/describe.h"
#include "cli/paths.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <unistd.h>

/* --- hooks
 * ------------------------------------------------------------------------------------------ */

static void on_effect(void *ctx, const struct engine_effect *fx)
{
	struct house *h = ctx;

	if (fx->type == ENGINE_OFFER)
		worker_offer(h->worker, fx);
	else if (fx->type == ENGINE_KILL)
		worker_kill(h->worker, fx);
	if (h->watcher.effect)
		h->watcher.effect(h->watcher.ctx, fx);
}

static void on_appended(void *ctx, int64_t run, int64_t seq)
{
	struct house *h = ctx;

	if (h->watcher.appended)
		h->watcher.appended(h->watcher.ctx, run, seq);
}

/* --- checks before anything runs
 * ------------------------------------------------------------------------ */

static int check_fence(struct house *h, struct err *err)
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

void house_programs(struct arena *a, const struct globals *g, const struct config *config,
    struct sandbox *sandbox, const char *self, struct programs *ret)
{
	struct programs_spec spec = {
		.self = self, .hints = config->hints, .n_hints = config->n_hints, .sandbox = sandbox
	};
	struct err err;
	char *data;

	/* without data each is asked again */
	if (paths_data(a, g->data, &data, &err) == 0)
		spec.kept = fs_join(a, data, PROGRAMS_FILE);
	programs_find(a, &spec, ret);
	if (spec.kept)
		describe_admit(a, data, ret);
}

static int check_agent(struct house *h, const char *name, struct err *err)
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

static int add_upstream(struct house *h, struct upstream_config *u, struct err *err)
{
	if (!u->model || !u->model[0]) {
		json_t *ids = upstream_models(u, err);
		const char *first = json_string_value(json_array_get(ids, 0));

		u->model = first ? arena_cstr(h->arena, str_from(first)) : NULL;
		json_decref(ids);
	}
	if (!u->model) {
		err_set(err, -EIO, "the model server %s names no model", u->url);
		if (!err->fix[0])
			err_fix(err, "start it, or name a model: --model NAME");
		err_more(err, "models");
		return EXIT_NOT_READY;
	}
	if (gateway_add_upstream(h->gateway, u, err) < 0)
		return EXIT_NOT_READY;
	h->upstream = arena_cstr(h->arena, str_from(u->name));
	return 0;
}

static int find_server(struct house *h, const struct house_spec *spec, struct err *err)
{
	struct upstream_config u = h->config.upstream;

	if (!u.url && upstream_discover(h->arena, &u, NULL) < 0)
		return spec->agents ? no_model(err) : 0;
	if (spec->model)
		u.model = spec->model;
	int code = add_upstream(h, &u, err);

	return spec->agents ? code : 0;
}

static int find_model(struct house *h, const struct house_spec *spec, struct err *err)
{
	struct upstream_config rehearsal = { .name = "rehearsal",
		.url = arena_printf(h->arena, "rehearsal:%s", spec->script ? spec->script : "") };

	if (gateway_add_upstream(h->gateway, &rehearsal, err) < 0)
		return EXIT_NOT_READY;
	if (spec->model && strcmp(spec->model, "rehearsal") == 0)
		return 0;
	return find_server(h, spec, err);
}

int house_ready(struct house *h, const char *agent, const char *model, struct err *err)
{
	const struct house_spec spec = { .model = model, .agents = true };
	int code = check_fence(h, err);

	if (!code)
		code = check_agent(h, agent ? agent : h->agent, err);
	if (!code && !h->upstream && !(model && strcmp(model, "rehearsal") == 0))
		code = find_server(h, &spec, err);
	return code;
}

/* The model "rehearsal" is another server, not another name for one. */
static const char *upstream_for(void *ctx, struct str model)
{
	const struct house *h = ctx;

	return str_is(model, "rehearsal") || !h->upstream ? "rehearsal" : h->upstream;
}

/* --- opening
 * -------------------------------------------------------------------------------------------- */

static int enter_epoch(struct house *h, struct store *s, struct err *err)
{
	int rc = s->ops->begin(s);

	if (rc)
		return err_set(err, rc, "the database cannot be written: %s", err_name(rc));
	rc = epoch_enter(s, h->data, h->epoch, err);
	if (rc) {
		s->ops->rollback(s);
		return rc;
	}
	rc = s->ops->commit(s);
	return rc ? err_set(err, rc, "the database cannot be written: %s", err_name(rc)) : 0;
}

static int leave_epoch(struct store *s, void *ctx)
{
	struct house *h = ctx;
	struct err err = { 0 };
	int rc = epoch_leave(s, h->data, &err);

	if (rc)
		log_debug("%s", err.what);
	return 0; /* the next owner begins a new one then */
}

static void on_left(void *ctx, int rc)
{
	(void)ctx;
	(void)rc;
}

static int open_store(struct house *h, struct store **ret, struct err *err)
{
	const struct store_ops *ops = NULL;
	const char *path = fs_join(h->arena, h->data, "tutti.db");
	long owner = store_owner(h->data);
	int rc = store_lock(h->data, &h->lock, err);

	if (rc == -EBUSY) {
		err_set(err, rc, "another tutti (process %ld) works in %s", owner, h->data);
		err_why(err, "one process at a time owns a data directory");
		err_fix(err, "wait until it is done, or use another one: --data DIR");
		return rc;
	}
	if (!rc)
		rc = store_backend(path, &ops, err);
	if (!rc)
		rc = ops->open(path, false, ret, err);
	if (!rc) {
		rc = ops->migrate(*ret, err);
		if (!rc)
			rc = enter_epoch(h, *ret, err);
		if (rc)
			ops->close(*ret);
	}
	return rc;
}

static int open_engine(struct house *h, struct err *err)
{
	struct engine_config conf = { .loop = &h->loop,
		.node = arena_printf(h->arena, "cli-%d", (int)getpid()),
		.hooks = { h, on_effect, on_appended } };
	int rc = open_store(h, &conf.store, err);

	return rc ? rc : engine_create(&conf, &h->engine, err);
}

/*
 * Where children without a root of their own have their scratch space, and what a root's workers
 * then pass through. What a killed process left there goes; the store's lock says it is nobody's.
 */
static int open_scratch(struct house *h, struct err *err)
{
	const char *scratch = fs_join(h->arena, h->data, "scratch");

	fs_remove_tree(scratch);
	if (sandbox_mode(h->sandbox) != FENCE_C)
		return 0;
	int rc = fs_mkdirs(scratch, 0700);

	if (rc)
		return err_set(err, rc, "cannot create %.200s", scratch);
	rc = sandbox_let_in(h->sandbox, h->data, err);
	if (!rc)
		rc = sandbox_let_in(h->sandbox, fs_join(h->arena, h->data, "snapshots"), err);
	return rc ? rc : sandbox_set_base(h->sandbox, scratch, err);
}

static int open_rooms(struct house *h, const struct house_spec *spec, struct err *err)
{
	int rc = open_engine(h, err);

	if (!rc)
		rc = gateway_create(&h->loop, &h->gateway, err);
	if (!rc)
		rc = workspace_create(fs_join(h->arena, h->data, "snapshots"), h->self, h->sandbox,
		    &h->loop, &h->workspace, err);
	if (!rc)
		rc = open_scratch(h, err);
	if (rc)
		return EXIT_NOT_READY;
	int code = find_model(h, spec, err);

	if (code)
		return code;
	const struct worker_config conf = { .loop = &h->loop,
		.engine = h->engine,
		.sandbox = h->sandbox,
		.workspace = h->workspace,
		.gateway = h->gateway,
		.programs = &h->programs,
		.parallel = h->config.parallel,
		.default_agent = h->agent,
		.upstream_for = upstream_for,
		.ctx = h,
		.data = h->data };

	h->worker = worker_create(&conf);
	return 0;
}

/* The launcher is forked before there is anything it should not have. */
static int prepare(struct house *h, const struct house_spec *spec, struct err *err)
{
	int code = 0;

	if (config_load(h->arena, &h->config, err) < 0)
		return EXIT_USAGE;
	h->agent = spec->agent ? spec->agent : h->config.agent;
	if (paths_data(h->arena, spec->globals->data, &h->data, err) < 0 ||
	    paths_behind(h->arena, &h->self, err) < 0 || sandbox_start(&h->sandbox, err) < 0)
		return EXIT_NOT_READY;
	house_programs(h->arena, spec->globals, &h->config, h->sandbox, h->self, &h->programs);
	if (spec->unchecked)
		describe_admit(h->arena, NULL, &h->programs);
	if (spec->agents)
		code = check_fence(h, err);
	if (!code && spec->agents)
		code = check_agent(h, h->agent, err);
	return code;
}

int house_open(struct house *h, struct arena *a, const struct house_spec *spec, struct err *err)
{
	int code;

	*h = (struct house){
		.arena = a, .globals = spec->globals, .watcher = spec->watcher, .lock = -1
	};
	code = prepare(h, spec, err);
	if (code) {
		sandbox_stop(h->sandbox);
		return code;
	}
	uv_loop_init(&h->loop);
	code = open_rooms(h, spec, err);
	if (code) {
		house_stop(h);
		house_close(h);
	}
	return code;
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
	(void)ctx;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void house_stop(struct house *h)
{
	if (h->engine)
		engine_hurry(h->engine);
	if (h->worker)
		worker_drain(h->worker);
	worker_destroy(h->worker);
	if (h->engine)
		engine_read(h->engine, leave_epoch, on_left, h);
	gateway_destroy(h->gateway);
	engine_destroy(h->engine);
	workspace_destroy(h->workspace);
	h->worker = NULL;
	h->gateway = NULL;
	h->engine = NULL;
	h->workspace = NULL;
}

void house_close(struct house *h)
{
	while (uv_run(&h->loop, UV_RUN_DEFAULT) != 0)
		;
	if (uv_loop_close(&h->loop) != 0) {
		uv_walk(&h->loop, close_handle, NULL);
		uv_run(&h->loop, UV_RUN_DEFAULT);
		uv_loop_close(&h->loop);
	}
	sandbox_stop(h->sandbox);
	if (h->lock >= 0)
		close(h->lock);
}
