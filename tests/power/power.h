/*
 * Loss of power. A life is a real engine on a real store, with a scripted worker and people who
 * launch, cancel, answer and remove; all of it is recorded: what the disk was asked for (disk.h),
 * what each commit made of the database, and what anybody was told, with how much had been asked of
 * the disk by then. A life is the same for the same seed: the store thread and the loop take turns.
 */
#ifndef TESTS_POWER_POWER_H
#define TESTS_POWER_POWER_H

#include "disk.h"

#include "base/id.h"
#include "base/limits.h"
#include "engine/engine.h"

#include <semaphore.h>
#include <sqlite3.h>
#include <uv.h>

/* --- what was told (facts.c) --------------------------------------------------------------- */

enum fact_kind {
	FACT_RUN,     /* it was launched; TEXT: its idempotency key */
	FACT_CLAIMED, /* an attempt of STEP is somebody's */
	FACT_STARTED, /* and executes */
	FACT_SAID,    /* TEXT is in the log */
	FACT_RESULT,  /* TEXT is what the step came to */
	FACT_LOG,     /* the log goes up to NUMBER */
	FACT_STOPPED, /* nothing of it is begun any more */
	FACT_CHOSEN,  /* TEXT was decided at STEP */
	FACT_OVER,    /* TEXT is its status */
	FACT_REMOVED, /* it is gone */
	FACT_NOTE,    /* TEXT is the note STEP */
};

struct fact {
	enum fact_kind kind;
	size_t at;    /* of the trace, when it was told */
	size_t until; /* somebody asked for something else then */
	size_t again; /* or for what may need the step to be done again */
	char run[ID_RUN_SIZE];
	char step[STEP_ID_MAX * 2];
	int64_t number; /* epoch, or seq */
	char *text;	/* heap, or NULL */
};

struct facts {
	struct fact *v;
	size_t n, cap;
};

void facts_fini(struct facts *f);
/* The rest of the fact is the caller's to fill in. TEXT is copied. */
struct fact *facts_add(struct facts *f, enum fact_kind kind, size_t at, const char *run,
    struct str step, struct str text);
/*
 * What was told of RUN of the kinds in MASK does not bind from AT on. FACT_AGAIN: something in it
 * may be done again from then on, with all that is built on it; lists and loops are done again as a
 * whole, so nothing told of steps in them binds (FACT_NESTED).
 */
void facts_end(struct facts *f, const char *run, unsigned mask, size_t at);
#define FACT_BIT(kind) (1u << (kind))
#define FACT_NESTED (1u << 31)
#define FACT_AGAIN (1u << 30)
#define FACT_ALL UINT32_MAX
/*
 * Holds what a store has against what was told up to AT, and each run against itself. 0, or -EPROTO
 * with the first thing that is wrong in ERR.
 */
int facts_check(const struct facts *f, size_t at, struct store *s, struct err *err);

/* --- what is in a database (content.c) ------------------------------------------------------ */

sqlite3 *content_db(struct store *s);
/* All rows of all tables, as a number. 0: they cannot be read. */
uint64_t content_digest(sqlite3 *db);
/* What SQLite itself finds wrong with it. */
int content_check(sqlite3 *db, struct err *err);

/* --- a life (life.c, world.c) --------------------------------------------------------------- */

struct life_commit {
	size_t begin, end; /* of the trace */
	uint64_t digest;
};

struct life {
	uint64_t seed;
	struct trace trace;
	struct facts facts;
	struct life_commit *commits; /* the first one is the empty database */
	size_t n_commits, cap_commits;
	unsigned kills, losses, runs;
	int rc; /* why it came to an end too early, or 0 */
	struct err err;
};

struct life_spec {
	uint64_t seed;
	const char *top;	 /* a directory for it, which is emptied */
	const char *synchronous; /* NULL: as the product has it */
};

struct life *life_record(const struct life_spec *spec);
void life_free(struct life *life);
/*
 * A process that starts on DIR: FN looks at its store; then, unless that says no, it takes the runs
 * over and brings all of them to their ends, and a new one. 0 or why not.
 */
int life_go_on(const char *dir, uint64_t seed, int (*fn)(struct store *s, void *ctx), void *ctx,
    struct err *err);

/* --- the worker's and the people's side of an engine (world.c) ------------------------------- */

#define WORKS_MAX 512
#define RUNS_MAX 24

struct world;

enum work_state {
	WORK_NONE,
	WORK_OFFERED,
	WORK_ASKED, /* to be claimed */
	WORK_CLAIMED,
	WORK_STARTS,
	WORK_RUNS,
	WORK_REPORTS,
};

/* One attempt, as the worker sees it. */
struct work {
	struct world *w;
	enum work_state state;
	int64_t task;
	struct claim *claim;
	unsigned says; /* events under way */
	bool killed;   /* it was asked to end */
	bool taken;    /* its run was begun again, and may not know it any more */
	char *text;    /* its answer, reported */
};

struct world_run {
	char id[ID_RUN_SIZE];
	int64_t row;
	unsigned flow;
	bool there, over, stopping;
	unsigned unsure; /* requests under way after which nothing holds that was told before */
};

struct world {
	uv_loop_t loop;
	struct engine *engine;
	struct store *store;
	struct store_ops ops; /* SQLite's, with us in between */
	struct store *abandoned[64];
	size_t n_abandoned;
	struct store *reader; /* another process that looks */
	char dir[256];
	const char *synchronous;
	int (*inspect)(struct store *s, void *ctx); /* before the engine has it */
	void *inspect_ctx;
	struct life *life; /* NULL: nothing is recorded */
	struct rng rng;
	sem_t entered, go;
	bool dead, closing;
	bool commits; /* the store stands before a commit, not before a group */
	struct work works[WORKS_MAX];
	struct world_run runs[RUNS_MAX];
	unsigned n_runs, marks, overs;
	/* of the last look */
	bool looked;
	size_t n_open;
	char open_ids[RUNS_MAX][ID_RUN_SIZE];
	int rc; /* of what must not fail, and did */
	struct err err;
};

/* A process on DIR; everything random in it follows from SEED. LIFE: what is recorded, or NULL. */
struct world *world_create(uint64_t seed, struct life *life, const char *dir);
/* Opens store and engine on the directory, and holds the store. Negative errno: neither. */
int world_open(struct world *w);
/* Lets the store do what waits, then delivers what came of it. */
void world_turn(struct world *w);
/* In good order, or as after kill -9: what the process had is gone. */
void world_close(struct world *w, bool killed);
/* What `tutti db gc` does, where no process has the store. */
int world_collect(struct world *w);
/* After the last world_close. */
void world_fini(struct world *w);
/* The clock goes on; what is due happens. */
void world_later(struct world *w, msec_t by);
int world_fail(struct world *w, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Each is one call, whose answer is noted down (calls.c). */
void world_launch(struct world *w, unsigned flow, const char *key);
/* Brings an attempt one step further. GOOD: it answers. */
void world_work(struct world *w, struct work *k, bool good);
void world_say(struct world *w, struct work *k);
void world_cancel(struct world *w, struct world_run *r);
void world_again(struct world *w, struct world_run *r, bool resume);
void world_answer(struct world *w, const char *run, const char *choice);
void world_remove(struct world *w, struct world_run *r);
void world_note(struct world *w);
void world_recover(struct world *w);
/* How many runs are open, and which. */
void world_look(struct world *w);
void world_effect(void *ctx, const struct engine_effect *fx);
void world_appended(void *ctx, int64_t run, int64_t seq);

#define FLOWS 6
/* Frozen, as a launch takes it. Lives as long as the process. */
json_t *flow_frozen(unsigned flow);
/* Has it runs within runs? */
bool flow_nests(unsigned flow);

#endif
