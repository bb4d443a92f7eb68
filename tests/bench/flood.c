/* Agents that never stop talking: what they cost us, and whether a change of state is lost. */
#include "bench.h"

#include "../unit/pen.h"

#define FLOODS 64
#define SECONDS 60
#define RUNS_MAX 1024

static struct {
	int64_t runs[RUNS_MAX];
	unsigned n, at; /* launched; looked at */
	uint64_t end;
	/* what stands in the log */
	unsigned started, ended, texts, tools, dropped, truncated;
} flood;

static void launch(void)
{
	pen_must(flood.n < RUNS_MAX, "too many runs");
	pen_launch(
	    "  - id: list\n    kind: code\n"
	    "    run: 'local t = {} for i = 1, 64 do t[i] = i end return t'\n"
	    "  - id: many\n    kind: each\n    needs: [list]\n    over: steps.list.json\n"
	    "    step: {id: one, persona: p, task: t, model: flood, timeout: 5m, retries: 0}\n");
	flood.n++;
}

static int look(void *ctx, const struct event_row *row)
{
	json_t *data = json_parse(row->data, NULL);
	struct str status = json_get_str(data, "status");
	bool one = str_starts(json_get_str(data, "step"), STR("many/")) ||
		   str_contains(json_get_str(data, "step"), STR("one"));

	(void)ctx;
	if (str_is(row->type, "step") && one) {
		flood.started += str_is(status, "running");
		flood.ended += str_is(status, "completed") || str_is(status, "failed");
		flood.truncated += str_is(json_get_str(data, "ending"), "truncated");
	}
	flood.texts += str_is(row->type, "text");
	flood.tools += str_is(row->type, "tool");
	flood.dropped += (unsigned)json_get_int(data, "dropped", 0);
	json_decref(data);
	return 0;
}

static int look_at_all(struct store *s, void *ctx)
{
	struct arena *a = ctx;
	struct run_filter all = { .limit = RUN_LIST_MAX };
	struct run_row *rows;
	size_t n;
	int rc = s->ops->run_list(s, a, &all, &rows, &n);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = s->ops->event_read(s, rows[i].key, 0, 10000000, look, NULL);
	return rc;
}

static void again(void)
{
	if (bench_now() < flood.end)
		launch();
}

int bench_flood(struct arena *a)
{
	unsigned seconds = bench_argument ? (unsigned)atoi(bench_argument) : SECONDS;

	pen_begin();
	pen_open(FLOODS);
	size_t before = pen_memory("VmRSS:");
	uint64_t t0 = bench_now();

	pen_forget_most();
	flood.end = t0 + seconds * 1000000000ull;
	pen.on_over = again;
	launch();
	do
		pen_wait(flood.n);
	while (pen.over < flood.n);
	double took = (double)(bench_now() - t0) / 1e9;
	size_t most = pen_memory("VmHWM:");
	unsigned alive = pen_alive(), attempts = flood.n * FLOODS;

	pen_read(look_at_all, a);
	pen_close();
	pen_end();
	bench_title("64 agents at once, each writing 50 MB a second until it is stopped");
	bench_row("attempts, in all", attempts, "", "in %.1f s", took);
	bench_row("written by them, at least", (double)attempts * AGENT_OUTPUT_MAX / MIB(1) / took,
	    "MiB/s", " ");
	bench_goal("our memory, most", (double)(most - before) / MIB(1), true, 512, "MiB");
	bench_goal("beginnings and ends in the log, missing",
	    2.0 * attempts - flood.started - flood.ended, true, 0, "");
	bench_row("ended by our ceiling", flood.truncated, "", " ");
	bench_row("texts kept", flood.texts, "", "and %u tool calls; %u events left out, counted",
	    flood.tools, flood.dropped);
	bench_goal("processes left", alive, true, 0, "");
	return 0;
}
