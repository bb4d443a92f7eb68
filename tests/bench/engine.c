/* Durable steps: chains alone and in crowds, fan-out, and what follows a kill -9. */
#include "rig.h"

#include "sys/fs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALONE_RUNS 60	/* one after the other, a round */
#define CROWD 100	/* at once */
#define CROWD_RUNS 1000 /* in all, a round */
#define FAN_RUNS 20
#define RESUME_STEPS (resume_runs * 3) /* done when the process is killed */

static unsigned resume_runs = 1000; /* `resume 10000`: as many */

/* --- chains ------------------------------------------------------------------------------- */

struct chains {
	struct series steps, limit, bare; /* a second; medians of rounds are told */
	struct series ratio;		  /* of steps and limit, round by round */
	struct series dispatch, commit;	  /* ms, of all rounds */
	double steps_a_commit;
};

/* One round: RUNS chains, PARALLEL at once, then what the disk can do of the same. */
static void measure_chain(
    struct rig *r, const char *dir, unsigned runs, unsigned parallel, struct chains *c)
{
	uint64_t before = engine_commits(r->engine);

	r->dispatch = &c->dispatch;
	double took = rig_run(r, runs, parallel), steps = runs * RIG_CHAIN;
	uint64_t commits = engine_commits(r->engine) - before;

	r->dispatch = NULL;
	c->steps_a_commit = steps / (double)commits;
	series_add(&c->steps, steps / took);
	if (parallel == 1) { /* as many commits */
		double limit = limit_chain(dir, 1, (unsigned)commits, false, &c->commit);

		series_add(&c->limit, limit);
		series_add(&c->ratio, (double)commits / took / limit);
	} else { /* as many steps */
		unsigned n = runs * RIG_CHAIN / parallel;
		double limit = limit_chain(dir, parallel, n, true, &c->commit);

		series_add(&c->limit, limit);
		series_add(&c->ratio, steps / took / limit);
		series_add(&c->bare, limit_chain(dir, parallel, n, false, NULL));
	}
}

static void chains_free(struct chains *c)
{
	struct series *const all[] = { &c->steps, &c->limit, &c->bare, &c->ratio, &c->dispatch,
		&c->commit };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		series_free(all[i]);
}

static void tell_alone(struct chains *c)
{
	double commit = series_median(&c->commit), dispatch = series_median(&c->dispatch);

	bench_title("Chain of 10 code steps, 1 run at a time");
	bench_row("steps", series_median(&c->steps), "/s",
	    "%.2f steps a commit, launch and report "
	    "included",
	    c->steps_a_commit);
	bench_row("limit: bare C on SQLite, one commit a step", series_median(&c->limit), "/s",
	    "commit p50 %.3f ms, p99 %.3f ms", commit, series_at(&c->commit, 0.99));
	bench_goal(
	    "share of the limit, as many commits", series_median(&c->ratio) * 100, false, 50, "%");
	bench_row("end of a step to the end of the next, p50", dispatch, "ms", "p99 %.3f ms",
	    series_at(&c->dispatch, 0.99));
	bench_goal("the same, in commits", dispatch / commit, true, 2, "commits");
}

static void tell_crowd(struct chains *c)
{
	double steps = series_median(&c->steps);

	bench_title("Chain of 10 code steps, 100 runs at a time");
	bench_row("steps", steps, "/s", "%.1f steps a commit", c->steps_a_commit);
	bench_row("limit: bare C, rows and log, 100 steps a commit", series_median(&c->limit), "/s",
	    "commit p50 %.3f ms", series_median(&c->commit));
	bench_goal("share of that limit", series_median(&c->ratio) * 100, false, 40, "%");
	bench_row("the same bare C without the log", series_median(&c->bare), "/s",
	    "ours is %.0f %% of it", steps / series_median(&c->bare) * 100);
	bench_row("end of a step to the end of the next, p50", series_median(&c->dispatch), "ms",
	    "p99 %.3f ms", series_at(&c->dispatch, 0.99));
}

static void bench_chains(struct arena *a)
{
	struct chains alone = { 0 }, crowd = { 0 };
	char *dir = bench_dir(a);
	struct rig r = { 0 };

	rig_open(&r, a, dir, "chain", rig_chain_flow(a));
	rig_run(&r, 10, 1); /* the first ones pay for what is loaded late */
	for (int i = 0; i < ROUNDS; i++) {
		if (!getenv("CROWD"))
			measure_chain(&r, dir, ALONE_RUNS, 1, &alone);
		measure_chain(&r, dir, CROWD_RUNS, CROWD, &crowd);
	}
	rig_close(&r);
	fs_remove_tree(dir);
	free(dir);
	tell_alone(&alone);
	tell_crowd(&crowd);
	chains_free(&alone);
	chains_free(&crowd);
}

/* --- fan-out ------------------------------------------------------------------------------ */

static void bench_fan(struct arena *a)
{
	struct series steps = { 0 };
	char *dir = bench_dir(a);
	struct rig r = { 0 };

	rig_open(&r, a, dir, "fan", rig_fan_flow);
	rig_run(&r, 2, 1);
	uint64_t before = engine_commits(r.engine);

	for (int i = 0; i < ROUNDS; i++)
		series_add(&steps, FAN_RUNS * (RIG_FAN + 2) / rig_run(&r, FAN_RUNS, 1));
	bench_title("Fan-out, 1 to 100 to 1, one run at a time");
	bench_row("steps", series_median(&steps), "/s", "%.1f commits a run",
	    (double)(engine_commits(r.engine) - before) / (ROUNDS * FAN_RUNS));
	rig_close(&r);
	series_free(&steps);
	fs_remove_tree(dir);
	free(dir);
}

/* --- resumption --------------------------------------------------------------------------- */

/* In a process of its own, which does not come back. */
static void run_until_killed(struct arena *a, const char *dir)
{
	struct rig r = { 0 };

	rig_open(&r, a, dir, "chain", rig_chain_flow(a));
	r.kill_at = RESUME_STEPS;
	rig_run(&r, resume_runs, resume_runs);
	_exit(3);
}

static struct {
	bool *seen;
	unsigned n;
	uint64_t last;
} woken;

static void count_woken(struct rig *r, int64_t run)
{
	(void)r;
	if (run > resume_runs || woken.seen[run])
		return;
	woken.seen[run] = true;
	woken.n++;
	woken.last = bench_now();
}

static void on_recovered(void *ctx, int rc, size_t n)
{
	size_t *ret = ctx;

	if (rc)
		bench_die("recovery", rc);
	*ret = n;
}

int bench_resume(struct arena *a)
{
	char *dir = bench_dir(a);
	struct rig r = { .appended = count_woken };
	size_t open = SIZE_MAX;
	int status;

	if (bench_argument && atoi(bench_argument) > 0)
		resume_runs = (unsigned)atoi(bench_argument);
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0)
		run_until_killed(a, dir);
	if (waitpid(pid, &status, 0) < 0 || !WIFSIGNALED(status))
		bench_die("the process was not killed in time", 0);
	woken.seen = arena_array(a, resume_runs + 1, sizeof(bool));
	uint64_t t0 = bench_now();

	rig_open(&r, a, dir, "chain", rig_chain_flow(a));
	uint64_t opened = bench_now();

	engine_recover(r.engine, on_recovered, &open);
	while (open == SIZE_MAX || r.over < open)
		uv_run(&r.loop, UV_RUN_ONCE);
	uint64_t end = bench_now();

	bench_title("Runs in flight, kill -9, start again");
	bench_row("runs that were open", (double)open, "", "%u had ended before",
	    (unsigned)(resume_runs - open));
	bench_row("store open", (double)(opened - t0) / 1e6, "ms", " ");
	bench_goal("all open runs go on", (double)(woken.last - t0) / 1e6, true, 2000, "ms");
	bench_row("all are finished", (double)(end - t0) / 1e6, "ms", "%u completed", r.completed);
	if (r.completed != open || woken.n != open)
		bench_die("not every run went on to its end", 0);
	rig_close(&r);
	fs_remove_tree(dir);
	free(dir);
	return 0;
}

int bench_engine(struct arena *a)
{
	bench_chains(a);
	bench_fan(a);
	bench_resume(a);
	return bench_spawn(a);
}
