/*
 * Making a snapshot, the daemon's side: the freezer runs behind the fence and writes into one new
 * directory; when it has ended we check its list, sync, and give the directory its name.
 *
 *   spawn ─► READY, go ─► progress lines … ─► EXITED ─► [thread pool: check, sync, rename] ─► done
 */
#include "workspace/priv.h"

#include "base/id.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSIDE_SELF "/opt/tutti"
#define FREEZE_WALL (30 * 60 * 1000)

struct freeze {
	struct workspace *ws;
	struct arena *arena;
	freeze_progress_fn progress;
	freeze_done_fn done;
	void *ctx;
	struct origin origin;
	char *dir; /* the new one */
	struct fence_child *child;
	struct fence_place place;
	uv_pipe_t out;
	bool out_open, gone, cancelled, working;
	bool kept; /* DIR is no longer ours to remove */
	int status;
	struct buf line; /* of progress, or the last word */
	json_t *last;	 /* {"done": …} or {"error": …} */
	json_t *proof;	 /* of the copier's fence */
	/* results of the thread pool */
	uv_work_t work;
	struct snapshot *snap;
	struct err err;
};

/* --- the end
 * -------------------------------------------------------------------------------------- */

static void deliver(struct freeze *f)
{
	if (f->cancelled && f->snap) {
		snapshot_free(f->snap);
		f->snap = NULL;
	}
	if (f->cancelled)
		err_set(&f->err, -ECANCELED, "freezing was cancelled");
	if (!f->snap && !f->kept)
		fs_remove_tree(f->dir);
	sandbox_leave(&f->place);
	f->done(f->ctx, f->snap, &f->err);
	buf_fini(&f->line);
	json_decref(f->last);
	json_decref(f->proof);
	arena_destroy(f->arena);
	free(f);
}

/* What may be waited for is believed of it; anything else it cannot say is its own fault. */
static int code_of(const json_t *error)
{
	int code = (int)json_get_int(error, "code", -EINVAL);

	return fence_may_pass(code) || code == -ENOSPC || code == -EDQUOT || code == -EROFS ||
		       code == -ECHILD
		   ? code
		   : -EINVAL;
}

/* The freezer's own error, or what its process came to. */
static void explain(struct freeze *f)
{
	const json_t *error = json_get_object(f->last, "error");

	if (error) {
		err_set(
		    &f->err, code_of(error), "%s", json_get_cstr(error, "what", "freezing failed"));
		err_why(&f->err, "%s", json_get_cstr(error, "why", ""));
		err_fix(&f->err, "%s", json_get_cstr(error, "fix", ""));
		return;
	}
	err_set(&f->err, -ECHILD, "the repository could not be frozen");
	if (WIFSIGNALED(f->status))
		err_why(&f->err, "its copier was killed by signal %d", WTERMSIG(f->status));
	else
		err_why(&f->err, "its copier ended with status %d", WEXITSTATUS(f->status));
}

/* The facts that only this side knows. */
static void complete_facts(struct freeze *f)
{
	json_t *doc = json_get_object(f->last, "done"), *objects = json_array();
	json_t *repo = json_get_object(doc, "repo");
	const char *base = strrchr(f->origin.root, '/');

	for (size_t i = 0; f->origin.objects[i]; i++)
		json_array_append_new(objects, json_string(f->origin.objects[i]));
	json_object_set_new(doc, "objects", objects);
	if (repo) {
		json_object_set_new(repo, "root", json_cstr(f->origin.root));
		json_object_set_new(repo, "name", json_cstr(base ? base + 1 : f->origin.root));
	}
}

/* The links to objects lead where the copier saw these; from now on, to where they are. */
static int link_objects(struct freeze *f)
{
	for (size_t i = 0; f->origin.objects[i]; i++) {
		const char *link = arena_printf(f->arena, "%s/repo-objects/%zu", f->dir, i);

		if (unlink(link) < 0 || symlink(f->origin.objects[i], link) < 0)
			return -errno;
	}
	return 0;
}

static int write_manifest(struct freeze *f)
{
	char *text = json_dump(json_get_object(f->last, "done"));
	int rc =
	    fs_write(fs_join(f->arena, f->dir, "manifest.json"), str_from(text), 0644, &f->err);

	free(text);
	return rc;
}

/* The tree may be one that is already there; what was found and measured is of this time. */
static void own_facts(struct freeze *f)
{
	const json_t *doc = json_get_object(f->last, "done");

	json_decref(f->snap->facts);
	json_decref(f->snap->signals);
	json_decref(f->snap->inventory);
	f->snap->facts = json_incref(json_get_object(doc, "repo"));
	f->snap->signals = json_incref(json_get_object(doc, "signals"));
	f->snap->inventory = json_incref(json_get_array(doc, "inventory"));
}

/* SYNC is fsync, for the names in DIR, or syncfs, for all that lies below it. */
static int sync_dir(const char *dir, int (*sync)(int fd))
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || sync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

/*
 * There is one of this id. It is as good, unless somebody changed it: then ours takes its place.
 * Others may be reading the changed one, so it stays until the next start sweeps it away.
 */
static int join_equal(struct freeze *f, const char *dir, const char *id)
{
	struct snapshot *old = NULL;
	bool good = snapshot_load(dir, id, &old) == 0 && snapshot_is_whole(dir) &&
		    snapshot_check_rest(dir) != -EPROTO;

	snapshot_free(old);
	if (!good && renameat2(AT_FDCWD, f->dir, AT_FDCWD, dir, RENAME_EXCHANGE) < 0)
		return -errno;
	f->kept = !good;
	return 0;
}

/* Complete or not at all; an equal snapshot that is already there is as good. */
static int take_name(struct freeze *f, char id[65])
{
	char *dir;
	struct str commit =
	    json_get_str(json_get_object(json_get_object(f->last, "done"), "repo"), "commit");
	int rc = snapshot_id(f->dir, commit, id);

	if (rc)
		return err_set(&f->err, rc, "the snapshot's list cannot be read");
	dir = arena_printf(f->arena, "%s/%s", f->ws->root, id);
	complete_facts(f);
	rc = link_objects(f);
	if (!rc)
		rc = write_manifest(f);
	if (!rc)
		rc = snapshot_seal_rest(f->dir);
	if (!rc)
		rc = sync_dir(f->dir, syncfs);
	if (!rc && rename(f->dir, dir) < 0)
		rc = errno == EEXIST || errno == ENOTEMPTY ? join_equal(f, dir, id) : -errno;
	if (!rc)
		rc = sync_dir(f->ws->root, fsync);
	if (!rc)
		rc = snapshot_load(dir, id, &f->snap);
	if (!rc)
		own_facts(f);
	if (!f->kept)
		fs_remove_tree(f->dir);
	return rc ? err_set(&f->err, rc, "the snapshot cannot be kept: %s", err_name(rc)) : 0;
}

static void on_pool(uv_work_t *work)
{
	struct freeze *f = work->data;
	char id[65];

	if (take_name(f, id) < 0)
		f->snap = NULL;
}

static void on_pooled(uv_work_t *work, int status)
{
	struct freeze *f = work->data;

	(void)status;
	if (f->snap)
		f->snap->proof = json_incref(f->proof);
	deliver(f);
}

static void both_gone(struct freeze *f)
{
	if (!f->gone || f->out_open || f->working)
		return;
	f->working = true;
	if (f->cancelled || !json_get_object(f->last, "done") || f->status != 0) {
		explain(f);
		deliver(f);
		return;
	}
	f->work.data = f;
	uv_queue_work(f->ws->loop, &f->work, on_pool, on_pooled);
}

/* --- while it runs
 * ----------------------------------------------------------------------------------- */

static void on_line(struct freeze *f, struct str line)
{
	json_t *doc = json_parse(line, NULL);
	const json_t *p = json_get_object(doc, "progress");

	if (p && f->progress && !f->cancelled) {
		struct freeze_progress now = { .files =
						   (unsigned long long)json_get_int(p, "files", 0),
			.bytes = (unsigned long long)json_get_int(p, "bytes", 0),
			.phase = json_get_cstr(p, "phase", "") };

		f->progress(f->ctx, &now);
	}
	if (doc && !p) {
		json_decref(f->last);
		f->last = json_incref(doc);
	}
	json_decref(doc);
}

static void on_pipe_closed(uv_handle_t *handle)
{
	struct freeze *f = handle->data;

	f->out_open = false;
	both_gone(f);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char shared[KIB(64)]; /* one loop, one read at a time */

	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(shared, sizeof(shared));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *got)
{
	struct freeze *f = stream->data;
	ptrdiff_t at;

	if (n < 0) {
		uv_close((uv_handle_t *)&f->out, on_pipe_closed);
		return;
	}
	buf_add(&f->line, (struct str){ got->base, (size_t)n });
	while ((at = str_chr(buf_str(&f->line), '\n')) >= 0) {
		on_line(f, str_take(buf_str(&f->line), (size_t)at));
		buf_drop(&f->line, (size_t)at + 1);
	}
}

static void on_fence(void *ctx, const struct fence_report *report)
{
	struct freeze *f = ctx;

	switch (report->event) {
	case FENCE_READY:
		f->proof = json_deep_copy(report->proof);
		if (f->cancelled)
			sandbox_kill(f->child, false);
		else
			sandbox_go(f->child);
		return;
	case FENCE_REFUSED:
		f->last = json_pack("{s:{s:s, s:o, s:s, s:i}}", "error", "what",
		    "the repository cannot be read safely", "why",
		    json_sprintf("%s: %s", report->err->what, report->err->why), "fix",
		    report->err->fix, "code", report->err->code);
		break;
	case FENCE_EXITED:
		f->status = report->status;
		break;
	}
	f->child = NULL;
	f->gone = true;
	both_gone(f);
}

/* --- starting
 * ------------------------------------------------------------------------------------------ */

/* Where the copier sees what the host has at HOST. */
static const char *place_of(const struct freeze *f, const char *host, const char *inside)
{
	return f->place.in_place ? host : inside;
}

static const char *objects_place(const struct freeze *f, size_t i)
{
	return place_of(f, f->origin.objects[i], arena_printf(f->arena, INSIDE_OBJECTS, i));
}

static const char **argv_of(struct freeze *f, const struct freeze_spec *spec)
{
	const char *const argv[] = { place_of(f, f->ws->self, INSIDE_SELF), "__freeze",
		f->origin.admin ? "git" : "dir", spec->at ? spec->at : "",
		spec->base ? spec->base : "", arena_cstr(f->arena, str_take(spec->focus, KIB(8))),
		place_of(f, f->origin.root, INSIDE_REPO), place_of(f, f->dir, INSIDE_OUT),
		f->origin.admin ? place_of(f, f->origin.admin, INSIDE_ADMIN) : INSIDE_ADMIN,
		f->origin.common ? place_of(f, f->origin.common, INSIDE_COMMON) : INSIDE_COMMON };
	size_t n = sizeof(argv) / sizeof(argv[0]);
	const char **copy = arena_array(f->arena, n + OBJECT_DIRS_MAX + 1, sizeof(*copy));

	memcpy(copy, argv, sizeof(argv));
	for (size_t i = 0; f->origin.objects[i]; i++)
		copy[n++] = objects_place(f, i);
	copy[n] = NULL;
	return copy;
}

static void binds_of(struct freeze *f, struct fence_spec *spec)
{
	struct fence_bind *v = arena_array(f->arena, OBJECT_DIRS_MAX + 3, sizeof(*v));
	const struct origin *o = &f->origin;
	size_t n = 0;

	v[n++] = (struct fence_bind){ f->ws->self, place_of(f, f->ws->self, INSIDE_SELF), false };
	if (o->admin) {
		v[n++] = (struct fence_bind){ o->admin, place_of(f, o->admin, INSIDE_ADMIN), true };
		v[n++] =
		    (struct fence_bind){ o->common, place_of(f, o->common, INSIDE_COMMON), true };
	}
	for (size_t i = 0; o->objects[i]; i++)
		v[n++] = (struct fence_bind){ o->objects[i], objects_place(f, i), true };
	spec->binds = v;
	spec->n_binds = n;
}

static int make_dir(struct freeze *f, struct err *err)
{
	unsigned char random[8];

	id_random(random, sizeof(random));
	f->dir = arena_printf(f->arena, "%s/.new-%02x%02x%02x%02x%02x%02x", f->ws->root, random[0],
	    random[1], random[2], random[3], random[4], random[5]);
	if (mkdir(f->dir, 0755) == 0)
		return 0;
	return err_set(err, -errno, "cannot make %.200s: %s", f->dir, err_name(-errno));
}

static int open_pipe(struct freeze *f, int *ret_child_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	uv_pipe_init(f->ws->loop, &f->out, 0);
	f->out.data = f;
	f->out_open = true;
	*ret_child_end = ends[1];
	int rc = uv_pipe_open(&f->out, ends[0]);

	return rc ? rc : uv_read_start((uv_stream_t *)&f->out, on_alloc, on_read);
}

static int spawn(struct freeze *f, const struct freeze_spec *from, struct err *err)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL };
	int rc = sandbox_place(f->ws->sandbox, f->arena, FENCE_SNAPSHOT, &f->place, err);

	if (rc)
		return rc;
	struct fence_spec spec = { .purpose = FENCE_SNAPSHOT,
		.place = &f->place,
		.repo = f->origin.root,
		.writable = f->dir,
		.argv = argv_of(f, from),
		.env = env,
		.in = -1,
		.err = -1,
		.wall = FREEZE_WALL };
	int end = -1;

	rc = open_pipe(f, &end);
	if (rc)
		return err_set(err, rc, "cannot make a pipe: %s", err_name(rc));
	spec.out = end;
	binds_of(f, &spec);
	rc = sandbox_spawn(f->ws->sandbox, &spec, on_fence, f, &f->child, err);
	close(end);
	if (rc) { /* the callback will come all the same, by way of the closed pipe */
		f->last = json_pack("{s:{s:s, s:s, s:s, s:i}}", "error", "what", err->what, "why",
		    err->why, "fix", err->fix, "code", err->code);
		f->gone = true;
	}
	return 0;
}

int workspace_freeze(struct workspace *ws, const struct freeze_spec *spec,
    freeze_progress_fn progress, freeze_done_fn done, void *ctx, struct freeze **ret,
    struct err *err)
{
	struct freeze *f = xalloc(sizeof(*f));
	int rc;

	f->ws = ws;
	f->arena = arena_create("freeze", MIB(4));
	f->progress = progress;
	f->done = done;
	f->ctx = ctx;
	buf_init(&f->line, MIB(16));
	rc = origin_find(f->arena, ws->root, spec->repo, &f->origin, err);
	if (!rc)
		rc = make_dir(f, err);
	if (!rc)
		rc = spawn(f, spec, err);
	if (rc) {
		arena_destroy(f->arena);
		buf_fini(&f->line);
		free(f);
		return rc;
	}
	*ret = f;
	return 0;
}

void workspace_freeze_cancel(struct freeze *f)
{
	f->cancelled = true;
	if (f->child)
		sandbox_kill(f->child, false);
}
