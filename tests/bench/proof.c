/* The price of a proof: looking at all files of a large repository, before and after each step. */
#include "bench.h"

#include "base/limits.h"
#include "cli/follow.h"
#include "sys/fs.h"
#include "workspace/fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DIRS 200
#define FILES 100 /* in each */
#define FILE_BYTES 3000
#define STEP_SECONDS 30 /* what a short agent takes */

static const char flow[] =
    "flow: bench\ncategory: analysis\nsummary: Many children.\nsteps:\n"
    "  - id: list\n    kind: code\n"
    "    run: 'local t = {} for i = 1, 20 do t[i] = i end return t'\n"
    "  - id: many\n    kind: each\n    needs: [list]\n    over: steps.list.json\n"
    "    step: {id: child, kind: command, run: ['true']}\n";

/* DIRS * FILES files; their paths, for whoever only wants to ask the kernel about each. */
static char **make_files(struct arena *a, const char *repo)
{
	char **paths = arena_array(a, (size_t)DIRS * FILES, sizeof(*paths));
	char *bytes = arena_alloc(a, FILE_BYTES + 1);
	size_t n = 0;

	memset(bytes, 'x', FILE_BYTES);
	for (int d = 0; d < DIRS; d++) {
		char *dir = arena_printf(a, "%s/part%d/dir%d", repo, d / 20, d);

		if (fs_mkdirs(dir, 0755) < 0)
			bench_die("a directory", -1);
		for (int i = 0; i < FILES; i++) {
			char *path = arena_printf(a, "%s/file%d.c", dir, i);
			FILE *f = fopen(path, "we");

			if (!f || fwrite(bytes, 1, FILE_BYTES, f) != FILE_BYTES || fclose(f) != 0)
				bench_die(path, -1);
			paths[n++] = path;
		}
	}
	return paths;
}

/* The plain limit: one call to the kernel for each file, whose names are known. */
static double stat_all(char **paths)
{
	uint64_t t0 = bench_now();
	struct stat st;

	for (size_t i = 0; i < (size_t)DIRS * FILES; i++)
		if (lstat(paths[i], &st) < 0)
			bench_die(paths[i], -1);
	return (double)(bench_now() - t0) / 1e6;
}

static uint64_t processor_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Milliseconds, by the wall and of the processor. */
static void take(const char *repo, struct series *wall, struct series *processor)
{
	uint64_t t0 = bench_now(), p0 = processor_now();
	struct fingerprint fp;

	fingerprint_take(repo, &fp);
	if (fp.error || fp.unread || fp.cut || fp.count < (size_t)DIRS * FILES)
		bench_die("a fingerprint", fp.error);
	series_add(wall, (double)(bench_now() - t0) / 1e6);
	series_add(processor, (double)(processor_now() - p0) / 1e6);
}

/* How long each step took, from claim to report, of the run that has just ended. */
static void read_steps(struct arena *a, const char *dir, int64_t run, struct series *ret)
{
	struct store *s;
	struct step_row *rows;
	struct err err = { 0 };
	size_t n;

	if (store_sqlite.open(fs_join(a, dir, "data/tutti.db"), true, &s, &err) < 0 ||
	    s->ops->step_list(s, a, run, &rows, &n) < 0)
		bench_die(err.what, err.code);
	for (size_t i = 0; i < n; i++)
		if (str_is(rows[i].kind, "command"))
			series_add(ret, (double)(rows[i].ended_at - rows[i].started_at));
	s->ops->close(s);
}

/* Milliseconds of a step that does nothing. */
static double step_ms(struct arena *a, const char *dir)
{
	struct series steps = { 0 };
	struct follow f;

	bench_flow(a, dir, NULL, NULL, &f);
	int64_t run = f.run;

	follow_close(&f);
	read_steps(a, dir, run, &steps);
	double ms = series_median(&steps);

	series_free(&steps);
	return ms;
}

int bench_proof(struct arena *a)
{
	struct series plain = { 0 }, ours = { 0 }, processor = { 0 };
	char *dir = bench_place(a, flow, "parallel: 1\n");
	double small = step_ms(a, dir), large;
	char *repo = fs_join(a, dir, "repo"), **paths = make_files(a, repo);

	for (int i = 0; i < ROUNDS; i++) {
		series_add(&plain, stat_all(paths));
		take(repo, &ours, &processor);
	}
	large = step_ms(a, dir);
	bench_title("A repository of 20,000 files, and what is proven of each step");
	bench_row("limit: lstat of every file, names known", series_median(&plain), "ms", " ");
	bench_row("one fingerprint of it", series_median(&ours), "ms", "%.1f times that",
	    series_median(&ours) / series_median(&plain));
	bench_row("its processor time", series_median(&processor), "ms",
	    "what is left on a machine that is not busy");
	bench_row("a step that does nothing, one file", small, "ms", "fence, records, commits");
	bench_row("the same, 20,000 files", large, "ms",
	    "two looks: snapshot and repository, at its end");
	bench_goal("two looks and that step, of a step of 30 s",
	    (2 * series_median(&processor) + small) / (STEP_SECONDS * 10.0), true, 1, "%");
	series_free(&plain);
	series_free(&ours);
	series_free(&processor);
	fs_remove_tree(dir);
	free(dir);
	return 0;
}
