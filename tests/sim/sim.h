/*
 * A world in which the real core and the real engine live: virtual time, a store in memory,
 * processes that are only entries in a list, people who click, and faults. Everything that happens
 * is an event on one heap and follows from the seed; a seed run twice is the same to the byte.
 *
 *       people.c ──────────┐                         ┌── faults.c: crash, pause, full disk …
 *       attempts.c ────────┤  engine (real objects)  ├── mem.c: the store, a place to stand
 *       (worker, processes)│  core   (real objects)  │   between any two operations
 *                          └── shell.c: store thread, alarms, clocks ──┘
 *
 * What has to hold is in oracle.c (after each commit, and at the end) and in model.c (the decider
 * once more, naively, beside the real one at each of its steps).
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "base/buf.h"
#include "base/list.h"
#include "engine/engine.h"
#include "mem.h"
#include "rng.h"

#define SIM_EPOCH ((msec_t)1764547200000) /* what wall clocks show when a world begins */
#define NODES_MAX 1			  /* one process owns a data directory */
#define RUNS_MAX 120			  /* with those of flows inside flows */

/* Faults that a world may have; each seed has some of them (swarm). */
enum fault {
	FAULT_CRASH_TIME,   /* the process is killed at any moment */
	FAULT_CRASH_OP,	    /* … inside of a transaction */
	FAULT_CRASH_BEFORE, /* … before a commit */
	FAULT_CRASH_AFTER,  /* … after a commit, before anybody was told */
	FAULT_CRASH_AGAIN,  /* … while it starts, again and again */
	FAULT_STOP,	    /* it is asked to end, and takes its time */
	FAULT_COMMAND,	    /* instead of it a command comes, about one run */
	FAULT_PAUSE,	    /* it stands still: SIGSTOP, a frozen machine */
	FAULT_CLOCK,	    /* its wall clock jumps */
	FAULT_FULL,	    /* the disk is full for a while */
	FAULT_EIO,	    /* the disk, or memory, fails now and then */
	FAULT_BUSY,	    /* somebody else has the database for a while */
	FAULT_SLOW,	    /* commits take seconds */
	FAULT_SPAWN,	    /* processes do not start */
	FAULT_DIE,	    /* agents crash, hang, say nonsense */
	FAULT_DEAF,	    /* agents do not hear that they are to end */
	FAULT_GHOST,	    /* results of attempts that are history come in late */
	FAULTS
};

enum stream { S_WORLD, S_TIME, S_FAULT, S_PEOPLE, S_WORKER, S_ID, STREAMS };

/*
 * What may be left out when a failing seed is made smaller: the N-th fault, the N-th thing that a
 * person does, and what makes the N-th step of a flow more than a piece of code.
 */
enum part { PART_FAULT, PART_ACT, PART_STEP, PARTS };
#define PART_MAX 256

struct model;
struct node;
struct world;

struct sim_event {
	msec_t at;
	uint64_t order;
	void (*fn)(struct world *w, void *arg);
	void *arg;
	struct node *node; /* NULL: the world's own */
	unsigned life;	   /* of NODE; happens in that one or not at all */
};

/* One run as people know it. */
struct ordered {
	char key[16];  /* idempotency */
	unsigned flow; /* which of the world's flows */
	enum flow_size size;
	bool asked, acked;
	bool to_be_removed; /* somebody asked for it, whether he was answered or not */
	char id[ID_RUN_SIZE];
	int64_t run;
};

/* What the oracle remembers of a run, as of the last commit. */
struct seen_step {
	enum step_status status;
	unsigned epoch;
	uint64_t output;      /* hash of what is stored */
	bool final;	      /* it was completed, */
	unsigned final_epoch; /* by this try */
	/* out of the log alone */
	enum step_status told;
	unsigned told_epoch;
	bool told_now;	     /* in this transaction */
	msec_t born, active; /* true time: of the claim, of the last sign of life */
};

struct seen_run {
	enum run_status status, told;
	bool began, stopping;
	int64_t seq, cursor; /* last event; where a client stands */
	struct seen_step *steps;
	size_t n_steps;
	bool again;		    /* somebody asked for settled work again in this transaction */
	bool touched;		    /* by a step of the core in this transaction */
	struct model *model, *kept; /* in this transaction, and as of the last commit */
};

struct world {
	uint64_t seed;
	msec_t now, half, end, over_at;
	struct rng rng[STREAMS];
	bool faults[FAULTS]; /* in this world */
	unsigned rate;	     /* of the faults that strike operations: one of so many */
	const bool *without[PARTS];
	unsigned counted[PARTS];
	struct sim_event *heap;
	size_t n_heap, cap_heap;
	uint64_t order, hash;
	struct mem_db *db;
	const struct store_ops *ops; /* of the store in memory */
	struct node *node;
	struct list processes; /* struct process */
	struct ordered orders[4];
	unsigned n_orders;
	const struct sim_flow *flows[2];
	struct seen_run seen[RUNS_MAX + 1]; /* by key */
	msec_t full_until, bad_until, busy_until, slow_until;
	unsigned long n_events, n_commits, n_steps;
	unsigned crashes;
	unsigned group_max; /* jobs in one transaction */
	struct buf *trace;  /* NULL: nobody reads along */
	char failed[512];   /* what did not hold; empty: all of it does */
};

extern struct world *world; /* the one at hand */

/* --- world.c -------------------------------------------------------------------------------- */

struct sim_spec {
	uint64_t seed;
	struct buf *trace;
	bool without[PARTS][PART_MAX];
	bool off[FAULTS];
	bool faithful; /* what was stored is held against SQLite */
};

struct sim_result {
	uint64_t hash;
	unsigned long events, commits, steps;
	unsigned crashes;
	unsigned parts[PARTS]; /* how many there were */
	char failed[512];
};

extern const char *const fault_names[FAULTS];

void sim_run(const struct sim_spec *spec, struct sim_result *ret);

/* FN at AT (or now, if that is over), in the present life of NODE. */
void sim_at(
    struct world *w, msec_t at, struct node *node, void (*fn)(struct world *, void *), void *arg);
/* The same for something with a life of its own that NODE's end does not end. */
void sim_after(struct world *w, msec_t delay, struct node *node, void (*fn)(struct world *, void *),
    void *arg);
/* True, and counted, unless this one is to be left out. */
bool sim_take(struct world *w, enum part part);
/* FAULT is among this world's, it is not too late, and it strikes once in N times. */
bool sim_strikes(struct world *w, enum fault fault, unsigned one_of);
/* Something does not hold. The first one is kept. */
void sim_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line for whoever reads along, and for the hash. */
void sim_say(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_hash(struct world *w, const void *p, size_t n);
uint64_t hash_text(struct str s);

/* --- node.c: one process, its lives ---------------------------------------------------------- */

struct node {
	struct world *w;
	unsigned life;
	bool up, dying, draining, ending;
	bool command; /* no daemon */
	msec_t paused_until;
	int drift;     /* of its clocks, in thousandths */
	msec_t offset; /* of its wall clock */
	struct engine *engine;
	struct store_thread *thread;
	struct mem_conn *conn;
	/* the worker */
	struct list offers, attempts;
	unsigned parallel, claiming, busy;
	bool renewing;
};

msec_t node_wall(const struct node *n);
msec_t node_boot(const struct node *n);
void node_start(struct world *w);
/* It is gone, with all that it knew; what it had committed is there. */
void node_crash(struct world *w, const char *why);
/* It is asked to end. */
void node_stop(struct world *w);
/* It is a daemon that takes requests. */
bool node_serves(const struct node *n);

/* --- shell.c: what stands in for the loop and the store's thread ------------------------------ */

void shell_enter(struct node *n);

/* --- attempts.c: the worker and its processes --------------------------------------------------
 */

struct process {
	struct list list;
	int64_t run, position;
	unsigned epoch, life;
};

void worker_begin(struct node *n);
void worker_effect(void *ctx, const struct engine_effect *fx);
/* The node is gone: its processes die with it, and nothing more is told. */
void worker_lost(struct node *n);
void worker_drain_all(struct node *n);
bool worker_idle(const struct node *n);
/* At the end of the world. */
void worker_free(void);

/* --- people.c -------------------------------------------------------------------------------- */

void people_begin(struct world *w);
void people_asked(struct world *w, const struct engine_effect *fx);
/* Faults are over: whoever was not answered asks again, approvals are answered. */
void people_insist(struct world *w);
void people_free(void);

/* --- command.c ------------------------------------------------------------------------------- */

/* Whether this life is a command's; it begins. */
bool command_begin(struct world *w);
void command_over(struct node *n, int64_t run);

/* --- faults.c -------------------------------------------------------------------------------- */

void faults_begin(struct world *w);
int faults_at_op(void *ctx, const char *op, bool writes);
int faults_after_commit(void *ctx);

/* --- flows.c --------------------------------------------------------------------------------- */

struct sim_flow {
	json_t *frozen;
	struct library *lib;
	const struct flow *flow;
	unsigned n_steps; /* of both files */
};

/* One of the two flows of SEED, without what SIMPLE names; they stay for the seed's neighbours. */
const struct sim_flow *sim_flow(uint64_t seed, unsigned which, const bool simple[PART_MAX]);
void sim_flows_forget(void);
/* Every question of these flows has a time after which it needs no answer. */
bool sim_flows_end_by_themselves(uint64_t seed);

/* --- fidelity.c: the store in memory against SQLite ----------------------------------------------
 */

/* Operations that write down what they are asked for. */
const struct store_ops *fidelity_begin(void);
/* A process is gone. */
void fidelity_gone(void);
void fidelity_end(struct world *w);
void fidelity_free(void);

/* --- shrink.c: the smallest world in which something does not hold -----------------------------
 */

/* SPEC, which fails, becomes smaller and still fails in the same way. Returns how often it tried.
 */
unsigned sim_shrink(struct sim_spec *spec);
/* The command that runs SPEC again. */
void sim_command(const struct sim_spec *spec, struct buf *b);
/* What --off and --without say. False: that is nothing. */
bool sim_parse_off(struct sim_spec *spec, const char *text);
bool sim_parse_without(struct sim_spec *spec, const char *text);

/* --- batch.c: worlds by the thousand ------------------------------------------------------------
 */

struct batch_spec {
	uint64_t from, n;
	unsigned jobs;	/* processes */
	unsigned twice; /* every so many-th seed is run again, and its store held against SQLite */
	bool quick;	/* the first violation is enough */
	bool quiet;
};

struct batch_result {
	uint64_t seeds;
	unsigned violations;
	uint64_t first; /* seed of the first violation found */
	unsigned long events, commits, steps, crashes;
	double seconds;	  /* of processor time */
	char failed[512]; /* of FIRST */
};

void batch_run(const struct batch_spec *spec, struct batch_result *ret);

/* --- oracle.c -------------------------------------------------------------------------------- */

struct seen_step *oracle_step(struct world *w, int64_t run, int64_t position);
void oracle_commit(void *ctx);
void oracle_appended(void *ctx, int64_t run, int64_t seq);
/* Somebody was told that the run ID is cancelled. */
void oracle_cancelled(struct world *w, const char *id);
/* Whoever looks on begins again, with what is there. */
void oracle_reconnected(struct world *w);
void oracle_rolled_back(void *ctx);
void oracle_process_born(struct world *w, const struct process *p);
void oracle_end(struct world *w);
void oracle_free(struct world *w);

#endif
