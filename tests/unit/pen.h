/*
 * Where hostile children are kept: the real worker, fence, engine, store and gateway on one loop,
 * and an agent whose program is hostile_child. What it says is read by our own agent's codec. The
 * kind of a child is the model of its step.
 */
#ifndef TESTS_PEN_H
#define TESTS_PEN_H

#include "adapter/launch.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "gateway/gateway.h"
#include "sandbox/sandbox.h"
#include "store/store.h"
#include "sys/fs.h"
#include "worker/worker.h"
#include "workspace/workspace.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static struct {
	struct sandbox *sandbox; /* of the whole program */
	char child[512];	 /* hostile_child */
	char mark[32];
	struct adapter_ops ops;
	struct program program;
	struct programs programs;
	/* of one test */
	uv_loop_t loop;
	struct arena *arena;
	char dir[128];
	struct engine *engine;
	struct gateway *gateway;
	struct workspace *workspace;
	struct worker *worker;
	int64_t run; /* launched last */
	unsigned launched, over;
	void (*on_over)(void);
} pen;

static inline void pen_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "pen: %s\n", what);
	abort();
}

/* --- its agent -------------------------------------------------------------------------------- */

static inline int pen_prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	const char *const argv[] = { launch_place(task, task->program, "/opt/hostile"), task->model,
		pen.mark, NULL };
	const char *const env[] = { "PATH=/usr/bin:/bin", arena_printf(a, "PORT=%u", task->port),
		arena_printf(a, "TOKEN=%s", task->token), arena_printf(a, "TMPDIR=%s", task->tmp),
		NULL };

	(void)err;
	ret->argv = launch_words(a, argv);
	ret->env = launch_words(a, env);
	ret->stdin_text = task->prompt;
	launch_bind(a, task, ret, task->program, "/opt/hostile");
	return 0;
}

/* Processes of our children that are still there. */
static inline unsigned pen_alive(void)
{
	unsigned n = 0;
	DIR *proc = opendir("/proc");

	for (struct dirent *e; proc && (e = readdir(proc));) {
		char path[300], words[256] = "";

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		FILE *f = fopen(path, "re");
		size_t got = f ? fread(words, 1, sizeof(words) - 1, f) : 0;

		n += got && memmem(words, got, pen.mark, strlen(pen.mark)) != NULL;
		if (f)
			fclose(f);
	}
	if (proc)
		closedir(proc);
	return n;
}

/* The launcher is forked once, before anything else is there. */
static inline void pen_begin(void)
{
	struct err err = { 0 };
	ssize_t n = readlink("/proc/self/exe", pen.child, sizeof(pen.child) - 16);

	pen_must(n > 0, "where am I?");
	pen.child[n] = '\0';
	strcpy(strrchr(pen.child, '/'), "/hostile_child");
	snprintf(pen.mark, sizeof(pen.mark), "hostile-mark-%ld", (long)getpid());
	pen_must(sandbox_start(&pen.sandbox, &err) == 0, err.what);
	pen.ops = adapter_native;
	pen.ops.name = "hostile";
	pen.ops.prepare = pen_prepare;
	pen.program = (struct program){ .ops = &pen.ops, .path = pen.child, .version = "1" };
	pen.programs = (struct programs){ &pen.program, 1 };
}

static inline void pen_end(void)
{
	sandbox_stop(pen.sandbox);
}

/* --- opening ---------------------------------------------------------------------------------- */

static inline void pen_effect(void *ctx, const struct engine_effect *fx)
{
	(void)ctx;
	if (fx->type == ENGINE_OFFER) {
		worker_offer(pen.worker, fx);
	} else if (fx->type == ENGINE_KILL) {
		worker_kill(pen.worker, fx);
	} else if (fx->type == ENGINE_OVER) {
		pen.over++;
		if (pen.on_over)
			pen.on_over();
	}
}

static inline const char *pen_upstream(void *ctx, struct str model)
{
	(void)ctx;
	(void)model;
	return "rehearsal";
}

/* A repository of one file; the snapshot is made by tutti, or by who can stand in for it. */
static inline void pen_make_workspace(void)
{
	const char *fenced = getenv("TUTTI_FENCED");
	char self[512] = "";
	struct err err = { 0 };
	char *repo = fs_join(pen.arena, pen.dir, "repo");

	pen_must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, "where am I?");
	pen_must(fs_mkdirs(repo, 0755) == 0 && chmod(pen.dir, 0755) == 0, repo);
	pen_must(fs_write(fs_join(pen.arena, repo, "main.c"), STR("int main;\n"), 0644, &err) == 0,
	    err.what);
	pen_must(workspace_create(fs_join(pen.arena, pen.dir, "snapshots"), fenced ? fenced : self,
		     pen.sandbox, &pen.loop, &pen.workspace, &err) == 0,
	    err.what);
}

/* Of children in place; a place of our own, so that it can be seen what is left in it. */
static inline void pen_make_scratch(void)
{
	char *scratch = fs_join(pen.arena, pen.dir, "scratch");
	struct err err = { 0 };

	pen_must(mkdir(scratch, 0700) == 0, scratch);
	pen_must(sandbox_set_base(pen.sandbox, scratch, &err) == 0, err.what);
}

static inline bool pen_is_clean(void)
{
	return rmdir(fs_join(pen.arena, pen.dir, "scratch")) == 0;
}

static inline void pen_open(unsigned parallel)
{
	static const struct upstream_config rehearsal = { .name = "rehearsal",
		.url = "rehearsal:" };
	struct engine_config config = {
		.loop = &pen.loop, .node = "pen", .hooks = { NULL, pen_effect, NULL }
	};
	struct err err = { 0 };

	pen.arena = arena_create("pen", ARENA_JOB);
	pen.launched = pen.over = 0;
	uv_loop_init(&pen.loop);
	snprintf(pen.dir, sizeof(pen.dir), "%s/tutti-pen-XXXXXX",
	    getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	pen_must(mkdtemp(pen.dir), pen.dir);
	pen_must(store_sqlite.open(
		     fs_join(pen.arena, pen.dir, "tutti.db"), false, &config.store, &err) == 0,
	    err.what);
	pen_must(store_sqlite.migrate(config.store, &err) == 0, err.what);
	pen_must(engine_create(&config, &pen.engine, &err) == 0, err.what);
	pen_must(gateway_create(&pen.loop, &pen.gateway, &err) == 0, err.what);
	pen_must(gateway_add_upstream(pen.gateway, &rehearsal, &err) == 0, err.what);
	pen_make_workspace();
	pen_make_scratch();
	const struct worker_config wc = { .loop = &pen.loop,
		.engine = pen.engine,
		.sandbox = pen.sandbox,
		.workspace = pen.workspace,
		.gateway = pen.gateway,
		.programs = &pen.programs,
		.parallel = parallel,
		.default_agent = "hostile",
		.upstream_for = pen_upstream,
		.data = pen.dir };

	pen_must(worker_create(&wc, &pen.worker, &err) == 0, err.what);
}

static inline void pen_close(void)
{
	worker_drain(pen.worker);
	worker_destroy(pen.worker);
	gateway_destroy(pen.gateway);
	engine_destroy(pen.engine);
	workspace_destroy(pen.workspace);
	while (uv_run(&pen.loop, UV_RUN_DEFAULT) != 0)
		continue;
	pen_must(uv_loop_close(&pen.loop) == 0, "a handle is open");
	fs_remove_tree(pen.dir);
	arena_destroy(pen.arena);
}

static inline int pen_set_up(void **state)
{
	(void)state;
	pen_open(4);
	return 0;
}

static inline int pen_tear_down(void **state)
{
	(void)state;
	pen_close();
	return 0;
}

/* --- running ---------------------------------------------------------------------------------- */

static inline void pen_launched(
    void *ctx, int rc, const struct err *err, const struct engine_launched *run)
{
	(void)ctx;
	pen_must(rc == 0, err ? err->what : "launch");
	pen.run = run->key;
	pen.launched++;
}

/* A run of the flow "f" that STEPS, YAML, are the steps of. */
static inline void pen_launch(const char *steps)
{
	static const char persona[] = "---\npersona: p\ntitle: P\n---\nYou look.\n";
	struct library *lib = library_create();
	struct err err = { 0 };
	const char *flow = arena_printf(
	    pen.arena, "flow: f\ncategory: analysis\nsummary: A pen.\nsteps:\n%s", steps);

	pen_must(library_add(lib, TEXT_PERSONA, "p.md", "test", str_from(persona)) == 0, "persona");
	pen_must(library_add(lib, TEXT_FLOW, "f.yaml", "test", str_from(flow)) == 0, flow);
	library_check(lib);
	json_t *frozen = library_freeze(lib, STR("f"), &err);

	pen_must(frozen, err.what);
	library_destroy(lib);
	json_t *input = json_pack("{s:s}", "question", "why?");
	const struct launch l = { .frozen = frozen,
		.flow = STR("f"),
		.input = input,
		.size = SIZE_SMALL,
		.repo = str_from(fs_join(pen.arena, pen.dir, "repo")) };

	engine_launch(pen.engine, &l, pen_launched, NULL);
	json_decref(input);
	json_decref(frozen);
}

/* Until every run is over and its attempts are gone. */
static inline void pen_wait(unsigned runs)
{
	while (pen.over < runs || pen.launched < runs || worker_busy(pen.worker))
		uv_run(&pen.loop, UV_RUN_ONCE);
}

struct pen_reading {
	int (*fn)(struct store *s, void *ctx);
	void *ctx;
	bool done;
};

static inline int pen_on_store(struct store *s, void *ctx)
{
	struct pen_reading *r = ctx;

	return r->fn(s, r->ctx);
}

static inline void pen_on_read(void *ctx, int rc)
{
	pen_must(rc == 0, "reading the store");
	((struct pen_reading *)ctx)->done = true;
}

static inline void pen_read(int (*fn)(struct store *s, void *ctx), void *ctx)
{
	struct pen_reading r = { fn, ctx, false };

	engine_read(pen.engine, pen_on_store, pen_on_read, &r);
	while (!r.done)
		uv_run(&pen.loop, UV_RUN_ONCE);
}

static inline int pen_print_step(struct store *s, void *ctx)
{
	struct buf *b = ctx;
	struct step_row *steps;
	size_t n;
	int rc = s->ops->step_list(s, pen.arena, pen.run, &steps, &n);

	if (rc == 0)
		rc = s->ops->step_texts(s, pen.arena, steps[n - 1].key, &steps[n - 1]);
	if (rc)
		return rc;
	const struct step_row *step = &steps[n - 1]; /* the first one is the snapshot */

	buf_printf(b, "%.*s: %.*s", STR_ARG(step->status), STR_ARG(step->ending));
	if (step->reason.n)
		buf_printf(b, " (%.*s)", STR_ARG(step->reason));
	if (step->output.n)
		buf_printf(b, " = %.*s", STR_ARG(str_take(step->output, 200)));
	return 0;
}

/* What became of the last step: "status: ending (reason) = output". */
static inline const char *pen_told(void)
{
	struct buf b;

	buf_init(&b, MIB(1));
	pen_read(pen_print_step, &b);
	const char *told = arena_cstr(pen.arena, buf_str(&b));

	buf_fini(&b);
	return told;
}

/* One step, of a child of KIND; LIMITS are its own, as YAML. */
static inline void pen_run_one(const char *kind, const char *limits)
{
	unsigned runs = pen.launched + 1;

	pen_launch(arena_printf(pen.arena,
	    "  - {id: only, persona: p, task: t, model: %s, %s, retries: 0, on_failure: "
	    "continue}\n",
	    kind, limits));
	pen_wait(runs);
}

/* --- our own memory --------------------------------------------------------------------------- */

/* "VmRSS", "VmHWM": bytes. */
static inline size_t pen_memory(const char *name)
{
	char line[128];
	size_t kib = 0, n = strlen(name);
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, n) == 0)
			kib = strtoul(line + n + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib * 1024;
}

/* From now on VmHWM is the most that we had since. */
static inline void pen_forget_most(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "we");

	pen_must(f && fputs("5", f) >= 0 && fclose(f) == 0, "/proc/self/clear_refs");
}

#endif
