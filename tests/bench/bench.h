/*
 * What the measurements share: time, order statistics, tables. A measurement is taken in rounds,
 * ours and its limit in turn, because the machine drifts; medians and ratios of medians are told.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

#define ROUNDS 5

/* Monotonic, in nanoseconds. */
uint64_t bench_now(void);

/* A growing list of numbers. */
struct series {
	double *v;
	size_t n, cap;
};
void series_add(struct series *s, double v);
void series_free(struct series *s);
/* The value below which the part P (0…1) of them lies; 0 of an empty list. Sorts. */
double series_at(struct series *s, double p);
double series_median(struct series *s);

/* A fresh directory on the disk that is measured ($TUTTI_BENCH_DIR or the current directory). */
char *bench_dir(struct arena *a);
/* Ends the program with what went wrong. */
void bench_die(const char *what, int rc) __attribute__((noreturn));

void bench_title(const char *text);
/* One line: name, value with its unit, and a remark. */
void bench_row(const char *name, double value, const char *unit, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* One line that names a goal: kept when VALUE is at least (or, AT_MOST, at most) GOAL. */
void bench_goal(const char *name, double value, bool at_most, double goal, const char *unit);
/* How many goals were missed so far. */
unsigned bench_missed(void);
/* N were missed in a process of its own. */
void bench_miss(unsigned n);

/* Resident bytes of process PID: all, those that no other process has, and its share of all. */
void bench_resident(long pid, size_t *ret_all, size_t *ret_own, size_t *ret_share);

/* limits.c: what this disk and this kernel can do without us */

/*
 * The chain in bare C on SQLite (WAL, synchronous=FULL): each commit ends one step and starts the
 * next of each of RUNS runs: two rows updated, and when LOGGED also their two events appended.
 * Steps a second over COMMITS commits; latencies go to RET_COMMIT, in milliseconds.
 */
double limit_chain(
    const char *dir, unsigned runs, unsigned commits, bool logged, struct series *ret_commit);
/* fork, exec and wait of `true`, in NAMESPACES (CLONE_NEW*) of its own; milliseconds each. */
void limit_spawn(unsigned times, unsigned long namespaces, struct series *ret);
/*
 * A process without a fence that wakes up when asked to and makes a row of failing system calls,
 * about as long as the canary's; microseconds each. It ends when the socket is closed.
 */
int limit_failures_start(void);
void limit_failures(int sock, struct series *ret);

/* house.c: runs with real attempts */
struct follow;
struct house;
/* Places that nothing else uses: data, configuration CONFIG, a small repository in DIR/repo. The
 * flow FLOW is called "bench". free() the result after removing what is there. */
char *bench_place(struct arena *a, const char *flow, const char *config);
/* Opens a house that is followed (cli/follow.h), runs the flow "bench" on DIR/repo and waits for
 * its end. Seconds. */
double bench_flow(struct arena *a, const char *dir, const char *script,
    void (*watch)(struct house *h), struct follow *f);

/* 200 steps that run `true` behind the fence, PARALLEL at once: how many a second. */
double bench_spawn_steps(struct arena *a, const char *parallel);

/* what can be measured */
int bench_engine(struct arena *a);
int bench_resume(struct arena *a);
int bench_spawn(struct arena *a);
int bench_fence(struct arena *a);
int bench_agents(struct arena *a);
int bench_proof(struct arena *a);
int bench_idle(struct arena *a);
int bench_flood(struct arena *a);
int bench_citations(struct arena *a);
int bench_prompts(struct arena *a);
int bench_history(struct arena *a);
int bench_scale(struct arena *a);
/* peers.c: our part of ../peers; prints one line of JSON each */
int bench_peers(struct arena *a);
int bench_peers_kill(struct arena *a);
int bench_peers_resume(struct arena *a);

/* What was said behind the name of the measurement, or NULL. */
extern const char *bench_argument;

#endif
