/* What happens in a life, by chance; and what has to happen after the power came back. */
#include "power.h"
#include "vfs.h"

#include "base/limits.h"
#include "sys/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURNS 160
#define DIRS 8 /* a process that follows a killed one has a directory of its own */

/* --- what happens --------------------------------------------------------------------------- */

static struct world_run *some_run(struct world *w)
{
	struct world_run *r = w->n_runs ? &w->runs[rng_below(&w->rng, w->n_runs)] : NULL;

	return r && r->there ? r : NULL;
}

static void work(struct world *w)
{
	for (size_t i = 0; i < WORKS_MAX; i++) {
		struct work *k = &w->works[i];

		if (k->state == WORK_NONE || !rng_chance(&w->rng, 60))
			continue;
		if (k->state == WORK_RUNS && rng_chance(&w->rng, 40))
			world_say(w, k);
		else
			world_work(w, k, false);
	}
}

static void launch(struct world *w)
{
	char key[16] = "";

	if (rng_chance(&w->rng, 40))
		snprintf(key, sizeof(key), "key-%zu", rng_below(&w->rng, 6));
	world_launch(w, (unsigned)rng_below(&w->rng, FLOWS), key);
}

static void person(struct world *w)
{
	struct world_run *r = some_run(w);
	size_t what = rng_below(&w->rng, 100);

	if (!r || r->unsure)
		return;
	if (what < 15)
		world_cancel(w, r);
	else if (what < 40)
		world_again(w, r, rng_chance(&w->rng, 50));
	else if (what < 80)
		world_answer(w, r->id, rng_chance(&w->rng, 80) ? "go" : "stop");
	else if (r->over && !flow_nests(r->flow))
		world_remove(w, r);
}

/* A process that reads keeps what it reads from being overwritten. */
static void look_from_outside(struct world *w)
{
	char url[300];
	struct err err;

	if (w->reader) {
		store_sqlite.close(w->reader);
		w->reader = NULL;
		return;
	}
	snprintf(url, sizeof(url), "%s/tutti.db", w->dir);
	if (store_sqlite.open(url, true, &w->reader, &err) == 0)
		sqlite3_exec(
		    content_db(w->reader), "BEGIN; SELECT count(*) FROM runs", NULL, NULL, NULL);
}

static int reopen(struct world *w)
{
	int rc = world_open(w);

	if (rc)
		return world_fail(w, rc, "the next process cannot open the store");
	world_recover(w);
	return 0;
}

static void new_dir(struct world *w, char before[256])
{
	char *end = w->dir + strlen(w->dir) - 1;

	snprintf(before, 256, "%s", w->dir);
	*end = (char)(*end + 1);
	if (fs_mkdirs(w->dir, 0700) < 0)
		abort();
}

static void copy_files(const struct trace *t, const char *from, const char *to)
{
	struct arena *a = arena_create("copy", MIB(512));
	struct err err;

	for (unsigned i = 0; i < t->n_names; i++) {
		struct str bytes;

		if (fs_read(a, fs_join(a, from, t->names[i]), MIB(256), &bytes) == 0 &&
		    fs_write(fs_join(a, to, t->names[i]), bytes, 0600, &err) < 0)
			abort();
	}
	arena_destroy(a);
}

/* The process is gone at once: what it wrote is seen by the next one, waited for or not. */
static int be_killed(struct world *w)
{
	char before[256];

	world_close(w, true);
	new_dir(w, before);
	copy_files(&w->life->trace, before, w->dir);
	vfs_record(&w->life->trace, w->dir);
	w->life->kills++;
	return reopen(w);
}

/* So is the machine; the trace goes on with what was left on its disk. */
static int lose_power(struct world *w)
{
	struct disk *d;
	char before[256];

	world_close(w, true);
	new_dir(w, before);
	d = disk_create(&w->life->trace);
	disk_advance(d, w->life->trace.n);
	struct image *left = disk_cut(d, rng_next(&w->rng));

	disk_free(d);
	image_store(left, &w->life->trace, w->dir);
	trace_loss(&w->life->trace, left);
	vfs_record(&w->life->trace, w->dir);
	w->life->losses++;
	return reopen(w);
}

static int end_in_order(struct world *w)
{
	int rc = 0;

	world_close(w, false);
	if (rng_chance(&w->rng, 50))
		rc = world_collect(w);
	return rc ? rc : reopen(w);
}

static int something_large(struct world *w)
{
	size_t what = rng_below(&w->rng, 100);

	if (what < 20 && w->reader)
		look_from_outside(w);
	if (w->life->kills + w->life->losses >= DIRS - 1 || what >= 60)
		return end_in_order(w);
	if (what < 25 && !w->synchronous)
		return lose_power(w);
	return be_killed(w);
}

static int happen(struct world *w)
{
	size_t what = rng_below(&w->rng, 100);

	work(w);
	if (what < 12 || !w->n_runs)
		launch(w);
	else if (what < 40)
		person(w);
	else if (what < 44)
		world_note(w);
	else if (what < 48)
		look_from_outside(w);
	else if (what < 52)
		world_later(w, 40000);
	world_turn(w);
	return what == 99 || what == 98 ? something_large(w) : 0;
}

/* --- a life --------------------------------------------------------------------------------- */

struct life *life_record(const struct life_spec *spec)
{
	struct life *life = xalloc(sizeof(*life));
	char dir[200];
	int rc;

	fs_remove_tree(spec->top);
	snprintf(dir, sizeof(dir), "%s/life-0", spec->top);
	if (fs_mkdirs(dir, 0700) < 0)
		abort();
	life->seed = spec->seed;
	trace_init(&life->trace);
	struct world *w = world_create(spec->seed, life, dir);

	w->synchronous = spec->synchronous;
	vfs_record(&life->trace, w->dir);
	rc = world_open(w);
	for (int i = 0; i < TURNS && !rc; i++)
		rc = happen(w);
	if (!rc)
		world_close(w, rng_chance(&w->rng, 50));
	life->runs = w->n_runs;
	life->rc = rc ? rc : w->rc;
	life->err = w->err;
	vfs_record(NULL, NULL);
	world_fini(w);
	free(w);
	return life;
}

void life_free(struct life *life)
{
	trace_fini(&life->trace);
	facts_fini(&life->facts);
	free(life->commits);
	free(life);
}

/* --- after it ------------------------------------------------------------------------------- */

static bool is_busy(const struct world *w)
{
	for (size_t i = 0; i < WORKS_MAX; i++)
		if (w->works[i].state != WORK_NONE)
			return true;
	return false;
}

/* All attempts answer; whoever is asked says yes; who waits for a time gets it. */
static void help(struct world *w, unsigned turn)
{
	for (size_t i = 0; i < WORKS_MAX; i++)
		if (w->works[i].state != WORK_NONE)
			world_work(w, &w->works[i], true);
	if (is_busy(w) || turn % 4)
		return;
	world_look(w);
	world_turn(w);
	for (size_t i = 0; i < w->n_open && i < RUNS_MAX; i++)
		world_answer(w, w->open_ids[i], "go");
	world_later(w, 40000);
}

static int finish_all(struct world *w)
{
	w->n_open = 1;
	for (unsigned turn = 1; turn < 4000 && w->n_open && !w->rc; turn++) {
		help(w, turn);
		world_turn(w);
	}
	if (w->n_open)
		world_fail(w, -EPROTO, "run %s and %zu others do not come to an end",
		    w->open_ids[0], w->n_open - 1);
	return w->rc;
}

static int finish_one_more(struct world *w)
{
	unsigned before = w->overs;

	world_launch(w, 0, "");
	for (int i = 0; i < 4; i++)
		world_turn(w);
	if (!w->runs[0].there)
		return world_fail(w, -EPROTO, "no run can be launched");
	if (finish_all(w))
		return w->rc;
	return w->overs > before ? 0 : world_fail(w, -EPROTO, "a new run does not end");
}

static int go_on(struct world *w)
{
	struct err err = { 0 };

	world_recover(w);
	world_turn(w);
	world_turn(w);
	if (finish_all(w) || finish_one_more(w))
		return w->rc;
	if (content_check(content_db(w->store), &err))
		world_fail(w, -EPROTO, "afterwards, %s", err.what);
	return w->rc;
}

int life_go_on(const char *dir, uint64_t seed, int (*fn)(struct store *s, void *ctx), void *ctx,
    struct err *err)
{
	struct world *w = world_create(seed, NULL, dir);

	w->inspect = fn;
	w->inspect_ctx = ctx;
	int rc = world_open(w);

	if (!rc) {
		rc = go_on(w);
		world_close(w, false);
	}
	*err = w->err;
	world_fini(w);
	free(w);
	return rc;
}
