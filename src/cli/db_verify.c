/*
 * Whether what is stored is as it was written: pages of the file by their sums, tables by the
 * database's own check, blobs by their names, each run by the chain of its log and its seal,
 * snapshots and cut-off output by their digests.
 */
#include "cli/db.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/sha256.h"
#include "cli/house.h"
#include "cli/kept.h"
#include "cli/paths.h"
#include "engine/engine.h"
#include "store/pages.h"
#include "sys/fs.h"
#include "workspace/workspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FLAWS_TOLD 200
#define PAGE 100 /* runs a query */
#define EVENTS_PAGE 1000
#define TELL_EVERY 500 /* runs, on a terminal */

struct looking {
	struct arena *a;
	struct store *s;
	struct db_found *found;
	const char *data; /* NULL: a database without a directory */
	struct map seen;  /* snapshots */
};

static void add_flaw(void *ctx, const char *where, const char *what)
{
	struct db_found *f = ctx;

	if (f->n_flaws++ < FLAWS_TOLD)
		json_array_append_new(f->flaws,
		    json_pack("{s:o, s:o}", "where", json_cstr(where), "what", json_cstr(what)));
}

/* --- files --------------------------------------------------------------------------------- */

/* What was cut off and kept; it goes when something newer needs the room. */
static void check_kept(struct looking *l, const json_t *told)
{
	const char *file = json_get_cstr(told, "file", NULL);
	struct str sha = json_get_str(told, "sha256");
	char hex[SHA256_HEX];

	if (!file || !sha.n || !l->data || strstr(file, ".."))
		return;
	int rc = fs_digest(fs_join(l->a, l->data, file), hex);

	if (rc == -ENOENT)
		return;
	l->found->files++;
	if (rc || !str_is(sha, hex))
		add_flaw(l->found, file, rc ? err_name(rc) : "its bytes are others");
}

struct spills_read {
	struct looking *l;
	int64_t seen;
	size_t n;
};

static int on_event(void *ctx, const struct event_row *row)
{
	struct spills_read *r = ctx;

	r->seen = row->seq;
	r->n++;
	if (str_is(row->type, "spill")) {
		json_t *told = json_parse(row->data, NULL);

		check_kept(r->l, told);
		json_decref(told);
	}
	return 0;
}

static int check_spills(struct looking *l, int64_t run)
{
	struct spills_read r = { l, 0, 1 };
	int rc = 0;

	while (!rc && r.n) {
		r.n = 0;
		rc = l->s->ops->event_read(l->s, run, r.seen, EVENTS_PAGE, on_event, &r);
	}
	return rc;
}

static void check_snapshot(struct looking *l, struct str id)
{
	struct err err = { 0 };

	if (!id.n || !l->data || map_get(&l->seen, id))
		return;
	map_put(&l->seen, arena_dup(l->a, id), l);
	int rc = snapshot_check(fs_join(l->a, l->data, "snapshots"), arena_cstr(l->a, id), &err);

	l->found->snapshots++;
	l->found->gone += rc == -ENOENT;
	l->found->unsealed_snapshots += rc == -ENODATA;
	if (rc && rc != -ENOENT && rc != -ENODATA)
		add_flaw(l->found, arena_printf(l->a, "snapshot %.*s", STR_ARG(id)),
		    err.what[0] ? err.what : err_name(rc));
}

/* --- runs ---------------------------------------------------------------------------------- */

static int check_run(struct looking *l, const struct run_row *row)
{
	struct arena *a = arena_create("run", ARENA_JOB);
	struct engine_proof proof;
	struct err err = { 0 };
	int rc = engine_proof(l->s, a, row->key, &proof, &err);

	l->found->runs++;
	if (rc)
		add_flaw(l->found, arena_cstr(l->a, row->id), err.what);
	else if (proof.state == -EPROTO)
		add_flaw(l->found, arena_cstr(l->a, row->id),
		    arena_printf(a, "%s: %s", proof.err.what, proof.err.why));
	l->found->unsealed += !rc && proof.state == -ENODATA;
	engine_proof_free(&proof);
	arena_destroy(a);
	rc = check_spills(l, row->key);
	if (rc)
		return rc;
	if (row->snapshot.p)
		check_snapshot(l, row->snapshot);
	return 0;
}

static int check_runs(struct looking *l)
{
	struct run_filter f = { .limit = PAGE };
	struct run_row *rows;
	size_t n = 1;
	int rc = 0;

	while (!rc && n) {
		struct arena *a = arena_create("runs", ARENA_JOB);

		rc = l->s->ops->run_list(l->s, a, &f, &rows, &n);
		for (size_t i = 0; !rc && i < n; i++) {
			rc = check_run(l, &rows[i]);
			f.before = rows[i].key;
			if (l->found->runs % TELL_EVERY == 0 && isatty(2))
				fprintf(stderr, "\r%llu runs", l->found->runs);
		}
		arena_destroy(a);
	}
	if (l->found->runs >= TELL_EVERY && isatty(2))
		fputs("\r\033[K", stderr);
	return rc;
}

/* --- together ------------------------------------------------------------------------------ */

static int look_inside(struct looking *l)
{
	int rc = l->s->ops->check ? l->s->ops->check(l->s, add_flaw, l->found) : 0;

	return rc ? rc : check_runs(l);
}

/* A database that cannot even be read is a finding, not a failure to look. */
static void look_with(struct looking *l, const char *path, const struct store_ops *ops)
{
	struct err err = { 0 };
	int rc = ops->open(path, true, &l->s, &err);

	if (rc) {
		add_flaw(l->found, "database", err.why[0] ? err.why : err.what);
		return;
	}
	rc = ops->migrate(l->s, &err);
	if (!rc)
		rc = look_inside(l);
	if (rc)
		add_flaw(l->found, "database", err.what[0] ? err.what : err_name(rc));
	ops->close(l->s);
}

int db_look(
    struct arena *a, const char *path, const char *data, struct db_found *f, struct err *err)
{
	struct looking l = { .a = a, .found = f, .data = data };
	struct pages_found pages;
	const struct store_ops *ops;
	int rc = store_backend(path, &ops, err);

	*f = (struct db_found){ .flaws = json_array() };
	map_init(&l.seen, a);
	if (!rc)
		rc = pages_check(path, add_flaw, f, &pages, err);
	if (rc)
		return rc;
	f->pages = pages.pages;
	f->torn = pages.torn;
	f->frames = pages.log;
	look_with(&l, path, ops);
	return 0;
}

/* --- saying -------------------------------------------------------------------------------- */

static int say_json(const struct db_found *f, int code)
{
	return cli_print_json(
	    json_pack("{s:b, s:I, s:O, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "intact",
		!f->n_flaws, "flaws_in_all", (json_int_t)f->n_flaws, "flaws", f->flaws, "pages",
		(json_int_t)f->pages, "pages_half_written", (json_int_t)f->torn, "log_frames",
		(json_int_t)f->frames, "runs", (json_int_t)f->runs, "runs_without_seal",
		(json_int_t)f->unsealed, "snapshots", (json_int_t)f->snapshots,
		"snapshots_without_digest", (json_int_t)f->unsealed_snapshots, "snapshots_gone",
		(json_int_t)f->gone, "kept_files", (json_int_t)f->files),
	    code);
}

static void add_notes(struct buf *b, const struct db_found *f)
{
	if (f->torn)
		buf_printf(b,
		    "  %llu pages were being written when the power went: the log has them, and "
		    "they"
		    " are\n  written again when the database is next opened for writing\n",
		    f->torn);
	if (f->unsealed)
		buf_printf(
		    b, "  %llu runs have no seal: an older version wrote them\n", f->unsealed);
	if (f->unsealed_snapshots)
		buf_printf(b,
		    "  of %llu snapshots only the files can be checked: an older version made"
		    " them\n",
		    f->unsealed_snapshots);
	if (f->gone)
		buf_printf(b, "  %llu snapshots are gone; their runs show no code\n", f->gone);
}

static int say(struct arena *a, const struct globals *g, const struct db_found *f)
{
	int code = f->n_flaws ? EXIT_INVALID : EXIT_DONE;
	const json_t *one;
	struct buf b;
	size_t i;

	if (g->json)
		return say_json(f, code);
	buf_init(&b, MIB(1));
	json_array_foreach (f->flaws, i, one)
		buf_printf(&b, "%s: %s\n", json_get_cstr(one, "where", ""),
		    json_get_cstr(one, "what", ""));
	if (f->n_flaws > json_array_size(f->flaws))
		buf_printf(&b, "and %llu more\n", f->n_flaws - json_array_size(f->flaws));
	buf_printf(&b,
	    "%s: %llu pages, %llu frames of the log, %llu runs, %llu snapshots, %llu kept files\n",
	    f->n_flaws ? "not everything is as it was written" : "every byte is as it was written",
	    f->pages, f->frames, f->runs, f->snapshots, f->files);
	add_notes(&b, f);
	if (f->n_flaws)
		buf_adds(&b,
		    "  what is wrong with pages alone may also be another program (sqlite3) that\n"
		    "  wrote to the file; else: tutti db restore FILE, from a backup\n");
	code = cli_print(str_from(arena_cstr(a, buf_str(&b))), code);
	buf_fini(&b);
	return code;
}

int db_verify(struct arena *a, const struct globals *g)
{
	struct db_found f;
	struct err err = { 0 };
	char *data;

	if (paths_data(a, g->data, &data, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	const char *path = fs_join(a, data, "tutti.db");

	if (kept_there(a, data, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	if (!kept_anything(a, data)) {
		err_set(&err, -ENOENT, "there is nothing stored yet");
		err_why(&err, "nothing was ever stored in %s", data);
		return cli_fail(g, &err, EXIT_NOT_FOUND);
	}
	if (db_look(a, path, data, &f, &err))
		return cli_fail(g, &err, EXIT_NOT_READY);
	int code = say(a, g, &f);

	json_decref(f.flaws);
	return code;
}
