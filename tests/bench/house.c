/* A whole house on a place of its own, for measurements of runs with real attempts. */
#include "bench.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/follow.h"
#include "sys/fs.h"

#include <stdlib.h>

char *bench_place(struct arena *a, const char *flow, const char *config)
{
	char *dir = bench_dir(a), *repo = fs_join(a, dir, "repo");
	struct err err = { 0 };

	setenv("TUTTI_DATA", fs_join(a, dir, "data"), 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
	if (fs_mkdirs(fs_join(a, dir, "tutti/flows"), 0700) < 0 || fs_mkdirs(repo, 0755) < 0 ||
	    fs_mkdirs(fs_join(a, dir, "data"), 0700) < 0 ||
	    fs_write(fs_join(a, dir, "tutti/flows/bench.yaml"), str_from(flow), 0600, &err) < 0 ||
	    fs_write(fs_join(a, dir, "tutti/config.yaml"), str_from(config), 0600, &err) < 0 ||
	    fs_write(fs_join(a, repo, "main.c"), STR("int main(void)\n{\n\treturn 0;\n}\n"), 0644,
		&err) < 0)
		bench_die(err.what, err.code);
	return dir;
}

double bench_flow(struct arena *a, const char *dir, const char *script,
    void (*watch)(struct house *h), struct follow *f)
{
	struct globals g = { 0 };
	const struct follow_spec spec = {
		.house = { .globals = &g, .model = "rehearsal", .script = script, .agents = true },
		.format = "quiet"
	};
	struct err err = { 0 };
	struct library *lib = cli_library(a, &g, &err);
	json_t *frozen = lib ? library_freeze(lib, STR("bench"), &err) : NULL;
	json_t *input = json_pack("{s:s}", "question", "what is main?");

	if (!frozen || follow_open(f, a, &spec, &err))
		bench_die(err.what, err.code);
	const struct launch l = { .frozen = frozen,
		.flow = STR("bench"),
		.input = input,
		.size = SIZE_SMALL,
		.agent = str_from(f->house.agent),
		.model = STR("rehearsal"),
		.repo = str_from(fs_join(a, dir, "repo")) };
	uint64_t t0 = bench_now();

	if (watch)
		watch(&f->house);
	if (follow_launch(f, &l, &err))
		bench_die(err.what, err.code);
	double took = (double)(bench_now() - t0) / 1e9;

	if (f->status != RUN_COMPLETED)
		bench_die("the run did not complete", 0);
	json_decref(frozen);
	json_decref(input);
	library_destroy(lib);
	return took;
}
