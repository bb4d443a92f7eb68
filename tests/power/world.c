/*
 * One process: a store and an engine on a directory. The store thread and this one take turns: it
 * stops at the beginning of each group of jobs until it is told to go on, and while it stands there
 * what was asked for is posted and what came of it is delivered. So everything happens in one
 * order.
 */
#include "power.h"
#include "vfs.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- time ----------------------------------------------------------------------------------- */

#define NEVER ((uint64_t)1000 * 3600 * 24 * 365)

#define EPOCH 1750000000000
#define AFTERWARDS (EPOCH + (msec_t)1000 * 3600 * 24)

static msec_t clock_now = EPOCH;

int __real_uv_timer_start(uv_timer_t *t, uv_timer_cb fn, uint64_t timeout, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *t, uv_timer_cb fn, uint64_t timeout, uint64_t repeat);

static msec_t read_clock(bool wall)
{
	return wall ? ++clock_now : clock_now;
}

/* Timers do not ring by themselves. */
int __wrap_uv_timer_start(uv_timer_t *t, uv_timer_cb fn, uint64_t timeout, uint64_t repeat)
{
	return __real_uv_timer_start(t, fn, NEVER + timeout, repeat);
}

static void pass_time(uv_handle_t *handle, void *by)
{
	uv_timer_t *t = (uv_timer_t *)handle;
	uint64_t span = *(const uint64_t *)by;

	if (handle->type != UV_TIMER || !uv_is_active(handle))
		return;
	uint64_t left = uv_timer_get_due_in(t);

	__real_uv_timer_start(t, t->timer_cb, left > NEVER + span ? left - span : 0, 0);
}

void world_later(struct world *w, msec_t by)
{
	uint64_t span = (uint64_t)by;

	clock_now += by;
	uv_walk(&w->loop, pass_time, &span);
}

/* --- the store thread ----------------------------------------------------------------------- */

static struct world *current;

static int begin(struct store *s)
{
	if (current->dead)
		return -EIO;
	if (!current->closing) {
		sem_post(&current->entered);
		sem_wait(&current->go);
	}
	return current->dead ? -EIO : store_sqlite.begin(s);
}

/* Whatever is told by now is told too early. */
static void let_it_tell(struct world *w)
{
	if (w->closing)
		return;
	w->commits = true;
	sem_post(&w->entered);
	sem_wait(&w->go);
	w->commits = false;
}

static void note_commit(struct life *life, size_t begun, uint64_t digest)
{
	if (life->n_commits == life->cap_commits) {
		life->cap_commits = life->cap_commits ? 2 * life->cap_commits : 256;
		life->commits = xrealloc(life->commits, life->cap_commits * sizeof(*life->commits));
	}
	life->commits[life->n_commits++] = (struct life_commit){ begun, life->trace.n, digest };
}

static int commit(struct store *s)
{
	struct life *life = current->life;
	size_t begun = life ? life->trace.n : 0;

	let_it_tell(current);
	int rc = store_sqlite.commit(s);

	if (!rc && life && life->trace.n != begun)
		note_commit(life, begun, content_digest(content_db(s)));
	return rc;
}

/* A process that is killed closes nothing. */
static void close_store(struct store *s)
{
	if (current->dead)
		current->abandoned[current->n_abandoned++] = s;
	else
		store_sqlite.close(s);
}

void __wrap_log_write(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Nor does it say anything. */
void __wrap_log_write(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (current->dead || level > LOG_WARN)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* --- life ----------------------------------------------------------------------------------- */

static struct rng ids;

/* Ids and tokens repeat with the seed. */
static void random_bytes(void *p, size_t n)
{
	unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		b[i] = (unsigned char)rng_next(&ids);
}

struct world *world_create(uint64_t seed, struct life *life, const char *dir)
{
	struct world *w = xalloc(sizeof(*w));

	w->rng.state = seed;
	w->life = life;
	snprintf(w->dir, sizeof(w->dir), "%s", dir);
	uv_loop_init(&w->loop);
	ids.state = seed + 1;
	id_set_source(random_bytes);
	vfs_seed(seed + 2);
	clock_now = life ? EPOCH : AFTERWARDS;
	clock_set_source(read_clock);
	return w;
}

int world_fail(struct world *w, int rc, const char *fmt, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (!w->rc)
		err_set(&w->err, w->rc = rc, "%s: %s", what, err_name(rc));
	return rc;
}

/* Small enough that a life has many of what a day of the product has few. */
static void tune(struct world *w)
{
	static const int pages[] = { 4, 30, 100, 1000, 4000 };
	char sql[128];

	snprintf(sql, sizeof(sql), "PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = %d",
	    pages[rng_below(&w->rng, 5)], rng_chance(&w->rng, 50) ? 20000 : 67108864);
	sqlite3_exec(content_db(w->store), sql, NULL, NULL, NULL);
	if (!w->synchronous)
		return;
	snprintf(sql, sizeof(sql), "PRAGMA synchronous = %s", w->synchronous);
	sqlite3_exec(content_db(w->store), sql, NULL, NULL, NULL);
}

static int open_store(struct world *w)
{
	char url[300];

	snprintf(url, sizeof(url), "%s/tutti.db", w->dir);
	int rc = store_sqlite.open(url, false, &w->store, &w->err);

	if (rc)
		return rc;
	rc = store_sqlite.migrate(w->store, &w->err);
	if (rc)
		store_sqlite.close(w->store);
	return rc;
}

static void gate(struct world *w);

int world_open(struct world *w)
{
	struct engine_config config = {
		.loop = &w->loop, .node = "power", .hooks = { w, world_effect, world_appended }
	};
	int rc = open_store(w);

	if (rc)
		return rc;
	if (w->inspect) {
		rc = w->inspect(w->store, w->inspect_ctx);
		if (rc) {
			store_sqlite.close(w->store);
			return rc;
		}
	}
	tune(w);
	w->ops = store_sqlite;
	w->ops.begin = begin;
	w->ops.commit = commit;
	w->ops.close = close_store;
	w->store->ops = &w->ops;
	w->dead = w->closing = false;
	current = w;
	config.store = w->store;
	sem_init(&w->entered, 0, 0);
	sem_init(&w->go, 0, 0);
	rc = engine_create(&config, &w->engine, &w->err);
	if (rc) {
		store_sqlite.close(w->store);
		return rc;
	}
	if (w->life && !w->life->n_commits)
		note_commit(w->life, w->life->trace.n, content_digest(content_db(w->store)));
	gate(w);
	sem_wait(&w->entered);
	return 0;
}

static int nothing(struct store *s, void *ctx)
{
	(void)s;
	(void)ctx;
	return 0;
}

static void on_nothing(void *ctx, int rc)
{
	(void)ctx;
	(void)rc;
}

/* Something to stop at, whatever else there is to do. */
static void gate(struct world *w)
{
	engine_read(w->engine, nothing, on_nothing, w);
}

void world_turn(struct world *w)
{
	gate(w);
	do {
		sem_post(&w->go);
		sem_wait(&w->entered);
		uv_run(&w->loop, UV_RUN_NOWAIT);
	} while (w->commits);
}

void world_close(struct world *w, bool killed)
{
	w->dead = killed;
	w->closing = !killed;
	sem_post(&w->go);
	engine_destroy(w->engine);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	sem_destroy(&w->entered);
	sem_destroy(&w->go);
	for (size_t i = 0; i < WORKS_MAX; i++) {
		engine_claim_free(w->works[i].claim);
		free(w->works[i].text);
		w->works[i] = (struct work){ 0 };
	}
	for (unsigned i = 0; i < w->n_runs; i++)
		w->runs[i].unsure = 0;
}

static int sweep(struct world *w)
{
	struct store_room room = { 0 };
	size_t begun = w->life->trace.n;
	int rc = store_sqlite.begin(w->store);

	if (!rc)
		rc = store_sqlite.sweep(w->store, &room);
	if (!rc)
		rc = store_sqlite.commit(w->store);
	if (!rc)
		note_commit(w->life, begun, content_digest(content_db(w->store)));
	return rc;
}

/* As `tutti db gc` does it, and the file is written anew whatever there is to win. */
int world_collect(struct world *w)
{
	int rc = open_store(w);

	if (rc)
		return world_fail(w, rc, "the store cannot be opened for gc");
	tune(w);
	rc = sweep(w);
	if (!rc && sqlite3_exec(content_db(w->store), "VACUUM", NULL, NULL, NULL) != SQLITE_OK)
		rc = -EIO;
	if (!rc)
		rc = store_sqlite.shrink(w->store);
	store_sqlite.close(w->store);
	return rc ? world_fail(w, rc, "gc") : 0;
}

void world_fini(struct world *w)
{
	for (size_t i = 0; i < w->n_abandoned; i++)
		store_sqlite.close(w->abandoned[i]);
	if (w->reader)
		store_sqlite.close(w->reader);
	uv_loop_close(&w->loop);
}
