/* The price of the fence, and of agents behind it. */
#include "bench.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/follow.h"
#include "cli/paths.h"
#include "sys/fs.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPAWNS 60	/* a round */
#define STEP_SPAWNS 200 /* as steps of a run */
#define AGENTS 100
#define AGENT_DELAY_MS 100 /* before each piece of an answer, so that all are there at once */

/* --- a child ------------------------------------------------------------------------------ */

struct one {
	struct fence_child *child;
	bool over;
	int status;
};

static void on_report(void *ctx, const struct fence_report *r)
{
	struct one *o = ctx;

	if (r->event == FENCE_READY) {
		sandbox_go(o->child);
		return;
	}
	if (r->event == FENCE_REFUSED)
		bench_die(r->err->what, r->err->code);
	o->over = true;
	o->status = r->status;
}

/* From asking until the namespace is confirmed empty. */
static void spawn_fenced(struct sandbox *sb, const char *repo, unsigned times, struct series *ret)
{
	static const char *const argv[] = { "/usr/bin/true", NULL };
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	const struct fence_spec spec = { .purpose = FENCE_COMMAND,
		.repo = repo,
		.argv = argv,
		.env = env,
		.in = -1,
		.out = -1,
		.err = -1 };

	for (unsigned i = 0; i < times; i++) {
		uint64_t t0 = bench_now();
		struct one o = { 0 };
		struct err err;

		if (sandbox_spawn(sb, &spec, on_report, &o, &o.child, &err) < 0)
			bench_die(err.what, err.code);
		while (!o.over) {
			struct pollfd p = { sandbox_fd(sb), POLLIN, 0 };

			poll(&p, 1, -1);
			if (sandbox_turn(sb) < 0)
				bench_die("the launcher", -EPIPE);
		}
		if (o.status)
			bench_die("true behind the fence", 0);
		series_add(ret, (double)(bench_now() - t0) / 1e6);
	}
}

/* --- spawn -------------------------------------------------------------------------------- */

static const char spawn_flow[] =
    "flow: bench\ncategory: analysis\nsummary: Many children.\nsteps:\n"
    "  - id: list\n    kind: code\n"
    "    run: 'local t = {} for i = 1, 200 do t[i] = i end return t'\n"
    "  - id: many\n    kind: each\n    needs: [list]\n    over: steps.list.json\n"
    "    step: {id: child, kind: command, run: ['true']}\n";

double bench_spawn_steps(struct arena *a, const char *parallel)
{
	char *dir = bench_place(a, spawn_flow, arena_printf(a, "parallel: %s\n", parallel));
	struct follow f;
	double took = bench_flow(a, dir, NULL, NULL, &f);

	follow_close(&f);
	fs_remove_tree(dir);
	free(dir);
	return STEP_SPAWNS / took;
}

int bench_spawn(struct arena *a)
{
	struct series bare = { 0 }, fenced = { 0 };
	struct sandbox *sb;
	struct err err = { 0 };

	if (sandbox_start(&sb, &err) < 0)
		bench_die(err.what, err.code);
	char *dir = bench_place(a, spawn_flow, "");

	for (int i = 0; i < ROUNDS; i++) {
		limit_spawn(SPAWNS, 0, &bare);
		spawn_fenced(sb, fs_join(a, dir, "repo"), SPAWNS, &fenced);
	}
	sandbox_stop(sb);
	fs_remove_tree(dir);
	free(dir);
	bench_title("A child that runs `true`");
	bench_row(
	    "fork and exec", series_median(&bare), "ms", "p99 %.3f ms", series_at(&bare, 0.99));
	bench_row("behind the fence, until confirmed dead", series_median(&fenced), "ms",
	    "p99 %.3f ms", series_at(&fenced, 0.99));
	bench_goal("the fence's share, median", series_median(&fenced) - series_median(&bare), true,
	    3, "ms");
	bench_row("as durable steps, one at a time", bench_spawn_steps(a, "1"), "/s", " ");
	bench_row("as durable steps, eight at a time", bench_spawn_steps(a, "8"), "/s", " ");
	series_free(&bare);
	series_free(&fenced);
	return 0;
}

/* --- agents ------------------------------------------------------------------------------- */

static const char agents_flow[] =
    "flow: bench\ncategory: analysis\nsummary: Many agents.\nsteps:\n"
    "  - id: list\n    kind: code\n"
    "    run: 'local t = {} for i = 1, 100 do t[i] = i end return t'\n"
    "  - id: many\n    kind: each\n    needs: [list]\n    over: steps.list.json\n"
    "    step: {id: look, persona: codebase-explorer, task: 'Look at part {{ item }}.'}\n";

/* What the process tree holds, looked at several times a second while the run goes on. */
static struct {
	uv_timer_t timer;
	size_t most, agents_own; /* proportional bytes of all; private bytes of the agents then */
	unsigned agents;
} tree;

static long parent_of(long pid)
{
	char path[64], line[512];
	long parent = 0;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	FILE *f = fopen(path, "re");

	if (f && fgets(line, sizeof(line), f)) {
		const char *end = strrchr(line, ')');

		if (end)
			parent = strtol(end + 4, NULL, 10);
	}
	if (f)
		fclose(f);
	return parent;
}

static bool is_ours(long pid)
{
	long self = getpid();

	for (int up = 0; up < 8 && pid > 1; up++, pid = parent_of(pid))
		if (pid == self)
			return true;
	return false;
}

static bool is_agent(long pid)
{
	char path[64], words[64] = "";

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(words, 1, sizeof(words) - 1, f) : 0;

	if (f)
		fclose(f);
	return n && memmem(words, n, "\0agent", 7) != NULL;
}

static void look(uv_timer_t *timer)
{
	size_t total = 0, own = 0, all, mine, share;
	unsigned agents = 0;
	DIR *proc = opendir("/proc");

	(void)timer;
	for (struct dirent *e; proc && (e = readdir(proc));) {
		long pid = strtol(e->d_name, NULL, 10);

		if (pid <= 0 || !is_ours(pid))
			continue;
		bench_resident(pid, &all, &mine, &share);
		total += share;
		if (is_agent(pid)) {
			agents++;
			own += mine;
		}
	}
	if (proc)
		closedir(proc);
	if (agents < tree.agents || (agents == tree.agents && total <= tree.most))
		return;
	tree.most = total;
	tree.agents = agents;
	tree.agents_own = own;
}

static void watch_tree(struct house *h)
{
	uv_timer_init(&h->loop, &tree.timer);
	uv_timer_start(&tree.timer, look, 300, 300);
}

int bench_agents(struct arena *a)
{
	char *dir = bench_place(a, agents_flow, "parallel: 100\n");
	char *script = fs_join(a, dir, "script");
	struct follow f;
	struct err err = { 0 };

	if (fs_write(script, str_from(arena_printf(a, "delay %d\n", AGENT_DELAY_MS)), 0600, &err) <
	    0)
		bench_die(err.what, err.code);
	double took = bench_flow(a, dir, script, watch_tree, &f);

	uv_close((uv_handle_t *)&tree.timer, NULL);
	follow_close(&f);
	fs_remove_tree(dir);
	free(dir);
	bench_title("100 native agents at once, against the rehearsal model");
	bench_row("agents seen at once", tree.agents, "", "all of them in %.1f s", took);
	bench_goal(
	    "memory of the whole process tree", (double)tree.most / MIB(1), true, 600, "MiB");
	bench_row("an agent's own, beyond shared pages",
	    (double)tree.agents_own / MIB(1) / (tree.agents ? tree.agents : 1), "MiB", " ");
	return 0;
}

/* --- idle --------------------------------------------------------------------------------- */

static const char idle_flow[] =
    "flow: bench\ncategory: analysis\nsummary: Waits for a person.\nsteps:\n"
    "  - {id: gate, kind: approval, ask: 'Go on?', timeout: 2s, on_timeout: approve}\n";

static struct {
	uv_timer_t timer;
	size_t all, own;
} resting;

static void look_at_us(uv_timer_t *timer)
{
	size_t share;

	(void)timer;
	bench_resident(getpid(), &resting.all, &resting.own, &share);
}

static void watch_us(struct house *h)
{
	uv_timer_init(&h->loop, &resting.timer);
	uv_timer_start(&resting.timer, look_at_us, 1000, 0);
}

int bench_idle(struct arena *a)
{
	char *dir = bench_place(a, idle_flow, "");
	struct follow f;

	bench_flow(a, dir, NULL, watch_us, &f);
	uv_close((uv_handle_t *)&resting.timer, NULL);
	follow_close(&f);
	fs_remove_tree(dir);
	free(dir);
	bench_title("A process with a run that waits for a person");
	bench_goal("resident", (double)resting.all / MIB(1), true, 15, "MiB");
	bench_row("of that, not shared", (double)resting.own / MIB(1), "MiB", " ");
	return 0;
}
