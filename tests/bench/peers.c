/*
 * Our part of `./dev bench peers`: the workloads of tests/peers/rig.mjs, in a process of its own,
 * as one line of JSON. What they are measured against stands there.
 */
#include "rig.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALONE_RUNS 20	/* one after the other, before the clock is looked at */
#define CROWD 100	/* at once */
#define CROWD_RUNS 1000 /* in all, before the clock is looked at */
#define FAN_RUNS 5
#define RESUME_RUNS 1000
#define RESUME_STEPS 3 /* of each run on average, when the process is killed */

/* a number of the driver's; without one it is what a person tries out */
static double asked(const char *name, double otherwise)
{
	const char *text = getenv(name);

	return text ? strtod(text, NULL) : otherwise;
}

static void say(json_t *doc)
{
	char *text = json_dumps(doc, JSON_COMPACT);

	puts(text);
	free(text);
	json_decref(doc);
}

/* Milliseconds since the driver started this process. */
static double since_begin(uint64_t at)
{
	return (double)at / 1e6 - asked("PEERS_BEGAN", 0);
}

/* RUNS runs of STEPS steps, PARALLEL at once, again and again for SECONDS. */
static json_t *pace(struct rig *r, unsigned runs, unsigned parallel, unsigned steps, double seconds)
{
	struct series dispatch = { 0 };
	double took = 0, done = 0;

	r->dispatch = &dispatch;
	do {
		took += rig_run(r, runs, parallel);
		done += runs;
	} while (took < seconds);
	r->dispatch = NULL;
	json_t *doc = json_pack("{s:f, s:f, s:f, s:f}", "steps", done * steps / took, "runs", done,
	    "p50", series_median(&dispatch), "p99", series_at(&dispatch, 0.99));

	series_free(&dispatch);
	return doc;
}

static json_t *chains(struct arena *a, json_t *doc, double seconds)
{
	char *dir = bench_dir(a);
	struct rig r = { 0 };

	rig_open(&r, a, dir, "chain", rig_chain_flow(a));
	json_decref(pace(&r, ALONE_RUNS, 1, RIG_CHAIN, seconds / 3));
	json_object_set_new(doc, "alone", pace(&r, ALONE_RUNS, 1, RIG_CHAIN, seconds));
	json_decref(pace(&r, CROWD, CROWD, RIG_CHAIN, 0));
	json_object_set_new(doc, "crowd", pace(&r, CROWD_RUNS, CROWD, RIG_CHAIN, seconds));
	rig_close(&r);
	rig_open(&r, a, dir, "fan", rig_fan_flow);
	json_object_set_new(doc, "fan", pace(&r, FAN_RUNS, 1, RIG_FAN + 2, seconds));
	rig_close(&r);
	fs_remove_tree(dir);
	free(dir);
	return doc;
}

/* What the disk can do: one commit a step, and a hundred steps a commit. */
static void limits(struct arena *a, json_t *doc, double seconds)
{
	char *dir = bench_dir(a);
	unsigned n = (unsigned)(1000 * seconds), few = n / 5 + 1;

	json_object_set_new(doc, "limit_alone", json_real(limit_chain(dir, 1, n, false, NULL)));
	json_object_set_new(
	    doc, "limit_crowd", json_real(limit_chain(dir, CROWD, few, false, NULL)));
	fs_remove_tree(dir);
	free(dir);
}

int bench_peers(struct arena *a)
{
	double seconds = asked("PEERS_SECONDS", 1);
	json_t *doc = chains(a, json_object(), seconds);

	size_t all, own, share;

	bench_resident(getpid(), &all, &own, &share);
	json_object_set_new(doc, "loaded", json_integer((json_int_t)all));
	limits(a, doc, seconds);
	json_object_set_new(doc, "spawn1", json_pack("{s:f}", "steps", bench_spawn_steps(a, "1")));
	json_object_set_new(doc, "spawn8", json_pack("{s:f}", "steps", bench_spawn_steps(a, "8")));
	say(doc);
	return 0;
}

/* --- kill -9 ------------------------------------------------------------------------------- */

/* How many steps were evaluated, in a file that outlives the process. */
static unsigned *counter(struct arena *a, const char *dir)
{
	int fd = open(arena_printf(a, "%s/evaluated", dir), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *p = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(unsigned)) == 0)
		p = mmap(NULL, sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		bench_die("a counter", -1);
	close(fd);
	return p;
}

static unsigned resume_runs(void)
{
	return (unsigned)asked("PEERS_RUNS", RESUME_RUNS);
}

/* In the directory that is the argument: does not come back. */
int bench_peers_kill(struct arena *a)
{
	struct rig r = { 0 };
	unsigned runs = resume_runs();

	rig_open(&r, a, bench_argument, "chain", rig_chain_flow(a));
	r.evaluated = counter(a, bench_argument);
	r.kill_at = runs * RESUME_STEPS;
	rig_run(&r, runs, runs);
	bench_die("the process was not killed in time", 0);
}

static struct {
	bool *seen;
	unsigned runs, n;
	uint64_t half_at, last;
} woken;

static void count_woken(struct rig *r, int64_t run)
{
	(void)r;
	if (run > woken.runs || woken.seen[run])
		return;
	woken.seen[run] = true;
	woken.last = bench_now();
	if (++woken.n == woken.runs / 2)
		woken.half_at = woken.last;
}

static void on_recovered(void *ctx, int rc, size_t n)
{
	size_t *ret = ctx;

	if (rc)
		bench_die("recovery", rc);
	*ret = n;
}

/* The process after it. */
int bench_peers_resume(struct arena *a)
{
	struct rig r = { .appended = count_woken };
	size_t open = SIZE_MAX;

	woken.runs = resume_runs();
	woken.seen = arena_array(a, woken.runs + 1, sizeof(bool));
	rig_open(&r, a, bench_argument, "chain", rig_chain_flow(a));
	r.evaluated = counter(a, bench_argument);
	uint64_t opened = bench_now();

	engine_recover(r.engine, on_recovered, &open);
	while (open == SIZE_MAX || r.over < open)
		uv_run(&r.loop, UV_RUN_ONCE);
	uint64_t end = bench_now();

	if (woken.n != open)
		bench_die("not every run went on", 0);
	say(json_pack("{s:I, s:f, s:f, s:f, s:f, s:I, s:I}", "open", (json_int_t)open, "opened",
	    since_begin(opened), "half", since_begin(woken.half_at), "going",
	    since_begin(woken.last), "finished", since_begin(end), "unfinished",
	    (json_int_t)(open - r.completed), "twice",
	    (json_int_t)*r.evaluated - woken.runs * RIG_CHAIN));
	rig_close(&r);
	return 0;
}
