/* What nobody needs any more: old runs, if they shall go; then all that only they referred to. */
#include "cli/db.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "cli/kept.h"
#include "cli/paths.h"
#include "sys/fs.h"
#include "worker/spill.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 500 /* runs a query */

struct gc {
	struct arena *a;
	struct store *s;
	const char *data;
	bool dry;
	unsigned long long runs, trees; /* directories of snapshots */
	struct store_room room;
};

static int delete_older(struct gc *gc, msec_t before)
{
	struct run_filter f = { .limit = PAGE, .top_only = true };
	struct run_row *rows;
	size_t n = 1;
	int rc = 0;

	while (!rc && n) {
		rc = gc->s->ops->run_list(gc->s, gc->a, &f, &rows, &n);
		for (size_t i = 0; !rc && i < n; i++) {
			f.before = rows[i].key;
			if (str_is(rows[i].status, "running") || rows[i].ended_at >= before)
				continue;
			rc = gc->s->ops->run_delete(gc->s, rows[i].key);
			gc->runs++;
		}
	}
	return rc;
}

static bool is_known_snapshot(struct gc *gc, const char *name)
{
	struct snapshot_row row;

	return gc->s->ops->snapshot_get(gc->s, gc->a, str_from(name), &row) != -ENOENT;
}

static bool is_known_run(struct gc *gc, const char *name)
{
	int64_t key;

	return gc->s->ops->run_find(gc->s, str_from(name), &key) != -ENOENT;
}

/* Directories in DATA/PLACE whose names KNOWN does not know; an error knows everything. */
static void remove_unknown(
    struct gc *gc, const char *place, bool (*known)(struct gc *gc, const char *name))
{
	const char *path = fs_join(gc->a, gc->data, place);
	DIR *d = fs_dir(path);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || known(gc, e->d_name))
			continue;
		gc->trees++;
		if (!gc->dry)
			fs_remove_tree(fs_join(gc->a, path, e->d_name));
	}
	if (d)
		closedir(d);
}

/* In one transaction, which a dry run takes back. */
static int sweep(struct gc *gc, const struct db_options *o)
{
	const struct store_ops *ops = gc->s->ops;
	int rc = ops->begin(gc->s);

	if (!rc && o->keep)
		rc = delete_older(gc, clock_wall() - o->keep);
	if (!rc)
		rc = ops->sweep(gc->s, &gc->room);
	if (!rc && gc->dry) { /* what it would leave behind is known only now */
		remove_unknown(gc, "snapshots", is_known_snapshot);
		remove_unknown(gc, SPILL_PLACE, is_known_run);
	}
	if (rc || gc->dry)
		ops->rollback(gc->s);
	else
		rc = ops->commit(gc->s);
	return rc;
}

static int collect(struct gc *gc, const struct db_options *o, const char *path, struct err *err)
{
	const struct store_ops *ops;
	int rc = store_backend(path, &ops, err);

	if (!rc)
		rc = ops->open(path, false, &gc->s, err);
	if (rc)
		return rc;
	rc = ops->migrate(gc->s, err);
	if (!rc) {
		rc = sweep(gc, o);
		if (!rc && !gc->dry) {
			remove_unknown(gc, "snapshots", is_known_snapshot);
			remove_unknown(gc, SPILL_PLACE, is_known_run);
			rc = ops->shrink(gc->s);
		}
		if (rc)
			err_set(err, rc, "the database cannot be swept: %s", err_name(rc));
	}
	ops->close(gc->s);
	return rc;
}

static long long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

static int say(const struct gc *gc, const struct globals *g, long long before, long long after)
{
	if (g->json)
		return cli_print_json(
		    json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "dry_run", gc->dry,
			"runs", (json_int_t)gc->runs, "texts", (json_int_t)gc->room.blobs,
			"text_bytes", (json_int_t)gc->room.blob_bytes, "snapshots",
			(json_int_t)gc->room.snapshots, "directories", (json_int_t)gc->trees,
			"bytes_before", (json_int_t)before, "bytes_after", (json_int_t)after),
		    EXIT_DONE);
	return cli_print(
	    str_from(arena_printf(gc->a,
		"%s: %llu runs, %llu texts (%llu KiB), %llu snapshots, %llu directories\n"
		"tutti.db: %lld KiB%s\n",
		gc->dry ? "would go" : "gone", gc->runs, gc->room.blobs, gc->room.blob_bytes >> 10,
		gc->room.snapshots, gc->trees, after >> 10,
		gc->dry ? "" : arena_printf(gc->a, ", before %lld KiB", before >> 10))),
	    EXIT_DONE);
}

static int run_locked(struct gc *gc, const struct globals *g, const struct db_options *o)
{
	const char *path = fs_join(gc->a, gc->data, "tutti.db");
	long long before = size_of(path);
	struct err err = { 0 };

	if (collect(gc, o, path, &err))
		return cli_fail(g, &err, EXIT_NOT_READY);
	return say(gc, g, before, size_of(path));
}

int db_gc(struct arena *a, const struct globals *g, const struct db_options *o)
{
	struct gc gc = { .a = a, .dry = o->dry_run };
	struct err err = { 0 };
	char *data;
	int lock;

	if (paths_data(a, g->data, &data, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	gc.data = data;
	if (kept_there(a, data, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	if (!fs_exists(fs_join(a, data, "tutti.db"))) {
		err_set(&err, -ENOENT, "there is nothing stored yet");
		err_why(&err, "%s is empty", data);
		return cli_fail(g, &err, EXIT_NOT_FOUND);
	}
	int rc = store_lock(data, &lock, &err);

	if (rc) {
		err_set(&err, rc, "a tutti (process %ld) works in %s", store_owner(data), data);
		err_fix(&err, "stop it first; runs go on when it is back");
		return cli_fail(g, &err, EXIT_NOT_READY);
	}
	int code = run_locked(&gc, g, o);

	close(lock);
	return code;
}
