/* Snapshots of repositories made by a test: the real copier behind the real fence, on a real loop.
 */
#ifndef TESTS_FREEZE_H
#define TESTS_FREEZE_H

#include "place.h"

#include "workspace/workspace.h"

#include <uv.h>

static struct sandbox *sandbox;
static struct workspace *ws;
static uv_loop_t loop;
static uv_poll_t watch;

static inline void on_sandbox(uv_poll_t *handle, int status, int events)
{
	(void)handle;
	(void)status;
	(void)events;
	assert_int_equal(sandbox_turn(sandbox), 0);
}

/* The launcher is forked once, before anything else is there. */
static inline int freeze_begin(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(sandbox_start(&sandbox, &err), 0);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_poll_init(&loop, &watch, sandbox_fd(sandbox)), 0);
	return uv_poll_start(&watch, UV_READABLE, on_sandbox);
}

static inline int freeze_end(void **state)
{
	(void)state;
	uv_close((uv_handle_t *)&watch, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	sandbox_stop(sandbox);
	return uv_loop_close(&loop);
}

static inline int freeze_set_up(void **state)
{
	struct err err;

	(void)state;
	place_make();
	return workspace_create(text("%s/data/snapshots", here.top), program("TUTTI_FENCED"),
	    sandbox, &loop, &ws, &err);
}

static inline int freeze_tear_down(void **state)
{
	(void)state;
	workspace_destroy(ws);
	place_remove();
	return 0;
}

struct frozen {
	struct snapshot *snap; /* NULL: err says why */
	struct err err;
	struct freeze *freeze;
	bool over, cancel; /* cancel: at the first word of progress */
};

static inline void on_frozen(void *ctx, struct snapshot *snap, const struct err *err)
{
	struct frozen *f = ctx;

	assert_false(f->over);
	f->over = true;
	f->snap = snap;
	f->err = *err;
}

static inline void on_freezing(void *ctx, const struct freeze_progress *p)
{
	struct frozen *f = ctx;

	(void)p;
	if (f->cancel)
		workspace_freeze_cancel(f->freeze);
}

static inline struct frozen freeze_spec(const struct freeze_spec *spec, bool cancel)
{
	struct frozen f = { .cancel = cancel };

	if (workspace_freeze(ws, spec, on_freezing, on_frozen, &f, &f.freeze, &f.err) < 0)
		return f;
	while (!f.over)
		uv_run(&loop, UV_RUN_ONCE);
	return f;
}

/* A snapshot, which there must be; AT and BASE may be NULL. It is freed with the place. */
static inline struct snapshot *freeze(const char *at_commit, const char *base)
{
	struct frozen f = freeze_spec(
	    &(struct freeze_spec){ .repo = here.dir, .at = at_commit, .base = base }, false);

	if (!f.snap)
		fail_msg("%s: %s", f.err.what, f.err.why);
	return f.snap;
}

/* What a script prints. */
static inline const char *said(const char *script)
{
	struct str bytes;

	sh(text("{ %s\n} >%s/said", script, here.top));
	assert_int_equal(fs_read(here.arena, text("%s/said", here.top), MIB(16), &bytes), 0);
	return bytes.p;
}

/* One line for each entry of the tree: mode, path, and its text (newlines as |) or where it leads.
 */
static inline const char *tree_of(const struct snapshot *snap)
{
	return said(
	    text("cd %s; find . -mindepth 1 -printf '%%y%%m %%P\\0' | LC_ALL=C sort -zk2 | "
		 "while IFS= read -r -d '' e; do p=${e#* }; printf '%%s' \"$e\" | tr '\\n' '|'; "
		 "case $e in f*) printf ': '; head -c 60 \"./$p\" | tr '\\n' '|' ;; "
		 "l*) printf ' -> %%s' \"$(readlink \"./$p\")\" ;; esac; echo; done",
		snap->tree));
}

/* The facts without what differs from place to place. */
static inline const char *facts_of(const struct snapshot *snap)
{
	json_t *facts = json_deep_copy(snap->facts);
	const char *all;

	assert_string_equal(json_get_cstr(facts, "root", ""), here.dir);
	assert_string_equal(json_get_cstr(facts, "name", ""), "repo");
	json_object_del(facts, "root");
	json_object_del(facts, "name");
	all = dump(facts);
	json_decref(facts);
	return all;
}

#endif
