#include "cli/house.h"

#include "base/json.h"
#include "base/log.h"
#include "cli/begin.h"
#include "cli/describe.h"
#include "cli/kept.h"
#include "cli/paths.h"
#include "cli/ready.h"
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

/* --- programs ------------------------------------------------------------------------------ */

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

static int is_owned(const struct house *h, struct err *err)
{
	long owner = store_owner(h->data);

	if (owner)
		err_set(err, -EBUSY, "another tutti (process %ld) works in %s", owner, h->data);
	else
		err_set(err, -EBUSY, "another tutti worked in %s until just now", h->data);
	err_why(err, "one process at a time owns a data directory");
	err_fix(err, "wait until it is done, or use another one: --data DIR");
	return -EBUSY;
}

static int open_store(struct house *h, struct store **ret, struct err *err)
{
	const struct store_ops *ops = NULL;
	const char *path = fs_join(h->arena, h->data, "tutti.db");
	int rc = store_lock(h->data, &h->lock, err);

	if (rc == -EBUSY)
		return is_owned(h, err);
	if (!rc)
		rc = kept_whole(h->arena, h->data, err);
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
	fs_sweep(h->data);
	fs_sweep(fs_join(h->arena, h->data, "reports"));
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
	int code = ready_model(h, spec, err);

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

	return worker_create(&conf, &h->worker, err) < 0 ? EXIT_NOT_READY : 0;
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
		code = ready_fence(h, err);
	if (!code && spec->agents)
		code = ready_agent(h, h->agent, err);
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
	code = begin_loop(&h->loop, &h->pool, err) < 0 ? EXIT_NOT_READY : 0;
	if (code) {
		sandbox_stop(h->sandbox);
		return code;
	}
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
