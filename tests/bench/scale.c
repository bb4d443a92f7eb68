/* A store that has been in use for years: 100,000 runs, a million steps, ten million events. */
#include "rig.h"

#include "base/limits.h"
#include "store/pages.h"
#include "sys/fs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS 100000
#define EVENTS 100 /* of each run */
#define GROUP 1000 /* runs in one transaction */
#define CHAINS 30  /* runs that are measured at once */
#define STARTS 5

static const char flow[] = "flow: ten\ncategory: analysis\nsummary: Ten steps in a row.\nsteps:\n"
			   "  - {id: s0, kind: code, run: 'return 0'}\n"
			   "  - {id: s1, kind: code, needs: [s0], run: 'return 1'}\n"
			   "  - {id: s2, kind: code, needs: [s1], run: 'return 2'}\n"
			   "  - {id: s3, kind: code, needs: [s2], run: 'return 3'}\n"
			   "  - {id: s4, kind: code, needs: [s3], run: 'return 4'}\n"
			   "  - {id: s5, kind: code, needs: [s4], run: 'return 5'}\n"
			   "  - {id: s6, kind: code, needs: [s5], run: 'return 6'}\n"
			   "  - {id: s7, kind: code, needs: [s6], run: 'return 7'}\n"
			   "  - {id: s8, kind: code, needs: [s7], run: 'return 8'}\n"
			   "  - {id: s9, kind: code, needs: [s8], run: 'return 9'}\n";

/* --- filling ------------------------------------------------------------------------------- */

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		bench_die(sqlite3_errmsg(db), 0);
}

/* Copies of a run that was: its row, its steps, its events as often as is needed. */
static void take_pattern(sqlite3 *db, struct arena *a)
{
	sql(db, "CREATE TEMP TABLE r AS SELECT * FROM runs WHERE key = 1;"
		"CREATE TEMP TABLE s AS SELECT * FROM steps WHERE run = 1;"
		"UPDATE s SET key = NULL, task = NULL;"
		"CREATE TEMP TABLE e AS SELECT * FROM events WHERE run = 1");
	sql(db, arena_printf(a,
		    "WITH RECURSIVE more (n) AS (SELECT (SELECT max(seq) FROM e) + 1 UNION ALL"
		    " SELECT n + 1 FROM more WHERE n < %d)"
		    " INSERT INTO e SELECT 1, n, at, step, type, data FROM more, e"
		    " WHERE e.seq = 2",
		    EVENTS));
}

static void add_copy(sqlite3 *db, sqlite3_stmt *const st[6], int i)
{
	char id[32];

	snprintf(id, sizeof(id), "r-%010d", i);
	for (int k = 0; k < 6; k++) {
		sqlite3_bind_int(st[k], 1, i);
		if (k == 0)
			sqlite3_bind_text(st[k], 2, id, -1, SQLITE_TRANSIENT);
		if (sqlite3_step(st[k]) != SQLITE_DONE)
			bench_die(sqlite3_errmsg(db), 0);
		sqlite3_reset(st[k]);
	}
}

static void fill(struct arena *a, const char *dir)
{
	static const char *const texts[6] = { "UPDATE r SET key = ?1, id = ?2",
		"INSERT INTO runs SELECT * FROM r WHERE ?1 > 0", "UPDATE s SET run = ?1",
		"INSERT INTO steps SELECT * FROM s WHERE ?1 > 0", "UPDATE e SET run = ?1",
		"INSERT INTO events SELECT * FROM e WHERE ?1 > 0" };
	sqlite3_stmt *st[6];
	sqlite3 *db;

	if (sqlite3_open_v2(fs_join(a, dir, "tutti.db"), &db, SQLITE_OPEN_READWRITE, pages_vfs()))
		bench_die("cannot open what was made", 0);
	take_pattern(db, a);
	for (int k = 0; k < 6; k++)
		if (sqlite3_prepare_v2(db, texts[k], -1, &st[k], NULL))
			bench_die(sqlite3_errmsg(db), 0);
	for (int i = 0; i < RUNS; i++) {
		if (i % GROUP == 0)
			sql(db, "BEGIN");
		add_copy(db, st, 1000 + i);
		if (i % GROUP == GROUP - 1)
			sql(db, "COMMIT");
	}
	for (int k = 0; k < 6; k++)
		sqlite3_finalize(st[k]);
	sqlite3_close(db);
}

/* --- measuring ----------------------------------------------------------------------------- */

static void begin(struct arena *a, const char *dir)
{
	struct rig r = { 0 };

	rig_open(&r, a, dir, "ten", flow);
	rig_run(&r, CHAINS, 1);
	rig_close(&r);
}

static double steps_a_second(struct arena *a, const char *dir)
{
	struct rig r = { 0 };

	rig_open(&r, a, dir, "ten", flow);
	rig_run(&r, 3, 1); /* the first ones pay for what is loaded late */
	double s = CHAINS * 10 / rig_run(&r, CHAINS, 1);

	rig_close(&r);
	return s;
}

static void measure_steps(struct arena *a, const char *small, const char *big)
{
	struct series few = { 0 }, many = { 0 };

	for (int i = 0; i < ROUNDS; i++) {
		series_add(&few, steps_a_second(a, small));
		series_add(&many, steps_a_second(a, big));
	}
	bench_row("steps, among a thousand", series_median(&few), "/s", " ");
	bench_row("steps, among a million", series_median(&many), "/s", " ");
	bench_goal("what a step costs more", series_median(&few) / series_median(&many), true, 1.2,
	    "times");
	series_free(&few);
	series_free(&many);
}

/* From the start of the process to the line that says where it is. */
static double start_daemon(const char *dir)
{
	int out[2];
	char byte;
	uint64_t t0 = bench_now();

	if (pipe(out) < 0)
		bench_die("pipe", 0);
	pid_t pid = fork();

	if (pid == 0) {
		dup2(out[1], 1);
		if (!freopen("/dev/null", "w", stderr))
			_exit(127);
		setenv("TUTTI_DATA", dir, 1);
		execl("build/tutti", "tutti", "serve", "--bind", "127.0.0.1:0", "--json",
		    (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	if (read(out[0], &byte, 1) != 1)
		bench_die("the daemon did not start", 0);
	double took = (double)(bench_now() - t0) / 1e6;

	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	close(out[0]);
	return took;
}

static void measure_starts(const char *dir)
{
	struct series took = { 0 };

	for (int i = 0; i < STARTS; i++)
		series_add(&took, start_daemon(dir));
	bench_goal("a daemon starts", series_median(&took), true, 200, "ms");
	series_free(&took);
}

static void measure_list(struct arena *a, const char *dir)
{
	const struct run_filter f = { .limit = 50, .top_only = true };
	struct series took = { 0 };
	struct run_row *rows;
	struct store *s;
	struct err err;
	size_t n;

	if (store_sqlite.open(fs_join(a, dir, "tutti.db"), true, &s, &err))
		bench_die(err.what, err.code);
	for (int i = 0; i < STARTS; i++) {
		uint64_t t0 = bench_now();

		if (store_sqlite.run_list(s, a, &f, &rows, &n) || n != 50)
			bench_die("list", 0);
		series_add(&took, (double)(bench_now() - t0) / 1e6);
	}
	bench_goal("a page of 50 runs", series_median(&took), true, 100, "ms");
	store_sqlite.close(s);
	series_free(&took);
}

int bench_scale(struct arena *a)
{
	char *small = bench_dir(a), *big = bench_dir(a);

	begin(a, small);
	begin(a, big);
	fill(a, big);
	bench_title("100,000 runs, a million steps, ten million events");
	measure_starts(big);
	measure_list(a, big);
	measure_steps(a, small, big);
	fs_remove_tree(small);
	fs_remove_tree(big);
	free(small);
	free(big);
	return 0;
}
