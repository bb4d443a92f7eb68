/* The price of the fence in each of its modes, on emulated poorer machines (../degrade.h). */
#include "bench.h"

#include "../degrade.h"
#include "../group.h"
#include "base/json.h"
#include "base/limits.h"
#include "sandbox/sandbox.h"
#include "sys/fs.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LAUNCHES 100 /* a round */
#define LAUNCH_GOAL_MS 3
#define CANARY_GOAL_US 100
#define CLONE_ALL                                                                                  \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	    CLONE_NEWCGROUP)

struct measured {
	struct series bare, namespaces, fenced, grouped, canary, failures;
};

struct one {
	struct fence_child *child;
	struct series *canary;
	int listener;
	bool over;
};

static void on_report(void *ctx, const struct fence_report *r)
{
	struct one *o = ctx;

	if (r->event == FENCE_REFUSED)
		bench_die(r->err->why, r->err->code);
	if (r->event == FENCE_READY) {
		o->listener = r->listener;
		series_add(
		    o->canary, (double)json_get_int(json_object_get(r->proof, "canary"), "us", 0));
		sandbox_go(o->child);
		return;
	}
	o->over = true;
}

/* An agent's launch, listener included: from asking until nothing is left of it. */
static void launch(struct sandbox *sb, const char *repo, struct measured *m, struct series *took)
{
	static const char *const argv[] = { "/usr/bin/true", NULL };
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	struct arena *a = arena_create("launch", KIB(64));
	struct one o = { .canary = &m->canary, .listener = -1 };
	struct fence_place place;
	struct err err;
	uint64_t t0 = bench_now();

	if (sandbox_place(sb, a, FENCE_AGENT, &place, &err) < 0)
		bench_die(err.what, err.code);
	const struct fence_spec spec = { .purpose = FENCE_AGENT,
		.place = &place,
		.repo = repo,
		.argv = argv,
		.env = env,
		.port = place.port,
		.in = -1,
		.out = -1,
		.err = -1 };

	if (sandbox_spawn(sb, &spec, on_report, &o, &o.child, &err) < 0)
		bench_die(err.what, err.code);
	while (!o.over) {
		struct pollfd p = { sandbox_fd(sb), POLLIN, 0 };

		poll(&p, 1, -1);
		if (sandbox_turn(sb) < 0)
			bench_die("the launcher", -EPIPE);
	}
	close(o.listener);
	sandbox_leave(&place);
	arena_destroy(a);
	series_add(took, (double)(bench_now() - t0) / 1e6);
}

/*
 * A second launcher, in a group of the kernel's that is its own, where we may make one: then every
 * child gets a group, too. NULL: not here.
 */
static struct sandbox *start_grouped(char group[GROUP_PATH], const char *dir)
{
	struct sandbox *sb;
	enum fence_mode mode;
	char top[PATH_BYTES_MAX];
	struct err err;

	group[0] = '\0';
	if (geteuid() != 0 || !group_mounted(top) || group_make(top, 0, true, group) < 0 ||
	    group_enter(group) < 0)
		return NULL;
	if (sandbox_start(&sb, &err) < 0 || sandbox_set_base(sb, dir, &err) < 0)
		bench_die(err.what, err.code);
	json_t *doc = sandbox_probe(sb, &mode);
	bool used = json_get_bool(json_get_object(doc, "cgroup"), "used", false);

	json_decref(doc);
	group_enter(top);
	if (used)
		return sb;
	sandbox_stop(sb);
	return NULL;
}

static void measure(const char *word, const char *dir, struct measured *m)
{
	int failing = limit_failures_start();
	struct sandbox *sb, *grouped;
	char group[GROUP_PATH];
	struct err err;

	if (degrade_enter(word) < 0)
		bench_die(word, -EPERM);
	if (sandbox_start(&sb, &err) < 0 || sandbox_set_base(sb, dir, &err) < 0)
		bench_die(err.what, err.code);
	if (fence_mode_name(sandbox_mode(sb))[0] != word[0])
		bench_die("the mode is another one", 0);
	grouped = start_grouped(group, dir);
	for (unsigned i = 0; i < ROUNDS; i++) {
		limit_spawn(LAUNCHES, 0, &m->bare);
		if (word[0] == 'A')
			limit_spawn(LAUNCHES, CLONE_ALL, &m->namespaces);
		for (unsigned k = 0; k < LAUNCHES; k++) {
			launch(sb, dir, m, &m->fenced);
			if (grouped)
				launch(grouped, dir, m, &m->grouped);
			limit_failures(failing, &m->failures);
		}
	}
	close(failing);
	sandbox_stop(sb);
	sandbox_stop(grouped);
	if (group[0])
		group_remove(group);
}

static void tell_launch(const char *word, struct measured *m)
{
	double share = series_median(&m->fenced) - series_median(&m->bare);
	char name[64];

	snprintf(name, sizeof(name), "mode %s: fork and exec alone", word);
	bench_row(name, series_median(&m->bare), "ms", "p99 %.3f ms", series_at(&m->bare, 0.99));
	if (word[0] == 'A')
		bench_row("mode A: the same in seven new namespaces", series_median(&m->namespaces),
		    "ms", "p99 %.3f ms", series_at(&m->namespaces, 0.99));
	snprintf(name, sizeof(name), "mode %s: behind the fence", word);
	bench_row(name, series_median(&m->fenced), "ms", "p99 %.3f ms, least %.3f ms",
	    series_at(&m->fenced, 0.99), series_at(&m->fenced, 0));
	snprintf(name, sizeof(name), "mode %s: the same in a cgroup of its own", word);
	if (m->grouped.n)
		bench_row(name, series_median(&m->grouped), "ms", "p99 %.3f ms, %.3f times",
		    series_at(&m->grouped, 0.99),
		    series_median(&m->grouped) / series_median(&m->fenced));
	snprintf(name, sizeof(name), "mode %s: the fence's share, median", word);
	if (word[0] == 'A')
		bench_goal(name, share, true, LAUNCH_GOAL_MS, "ms");
	else
		bench_row(name, share, "ms", " ");
}

static void tell_canary(const char *word, struct measured *m)
{
	char name[64];

	snprintf(name, sizeof(name), "mode %s: canary, median", word);
	bench_row(name, series_median(&m->canary), "us", "least %.0f us", series_at(&m->canary, 0));
	snprintf(name, sizeof(name), "mode %s: canary, p99", word);
	bench_goal(name, series_at(&m->canary, 0.99), true, CANARY_GOAL_US, "us");
	snprintf(name, sizeof(name), "mode %s: failing calls unfenced, p99", word);
	bench_row(name, series_at(&m->failures, 0.99), "us", "median %.0f us",
	    series_median(&m->failures));
}

/* What a process lacks it lacks for good, so each mode has one of its own. */
int bench_fence(struct arena *a)
{
	static const char *const words[] = { "A", "B", "C" };
	char *dir = bench_dir(a);

	if (chmod(dir, 0755) < 0)
		bench_die(dir, -errno);
	bench_title("A launch that runs `true`, in each mode of the fence");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct measured m = { 0 };
		unsigned before = bench_missed();
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			measure(words[i], dir, &m);
			tell_launch(words[i], &m);
			tell_canary(words[i], &m);
			fflush(stdout);
			_exit((int)(bench_missed() - before));
		}
		if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
			bench_die(words[i], 0);
		bench_miss((unsigned)WEXITSTATUS(status));
	}
	fs_remove_tree(dir);
	free(dir);
	return 0;
}
