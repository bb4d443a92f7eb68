/* Who died, what is left of it, and what that is to the one who asked for it. */
#include "sandbox/launcher.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void describe_death(struct kid *k, int status)
{
	char how[32];

	if (k->fault.stage)
		return;
	snprintf(how, sizeof(how), WIFSIGNALED(status) ? "signal %d" : "exit status %d",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	fence_fail(&k->fault, STAGE_DIED, -ECHILD, how);
}

static struct kid *kid_of(const struct launcher *l, pid_t init)
{
	list_each (&l->kids, it) {
		struct kid *k = list_item(it, struct kid, list);

		if (k->init == init)
			return k;
	}
	return NULL;
}

/* Kills what is our child and no kid. False when there is none, or the kernel does not say. */
static bool kill_orphans(const struct launcher *l)
{
	unsigned long long pid;
	struct buf text;
	bool any = false;

	buf_init(&text, FENCE_PROC_MAX);
	if (fence_proc_read(0, "thread-self/children", &text) == 0)
		for (struct str rest = buf_str(&text); rest.p;) {
			if (!str_to_u64(str_split(&rest, ' '), INT32_MAX, &pid) ||
			    kid_of(l, (pid_t)pid))
				continue;
			kill((pid_t)pid, SIGKILL);
			while (waitpid((pid_t)pid, NULL, __WALL) < 0 && errno == EINTR)
				continue;
			any = true;
		}
	buf_fini(&text);
	return any;
}

/*
 * Somebody killed a warden; its task is ours now: what it watched was handed to us, and what those
 * leave behind will be.
 */
static void replace_warden(const struct launcher *l, const struct kid *k)
{
	if (k->plan.mode != FENCE_C || k->ended)
		return;
	while (kill_orphans(l))
		continue;
}

/* Who hears of the end may end us at once: the group goes before. */
static void end_group(const struct launcher *l, struct kid *k)
{
	k->left = cgroup_end(&k->group);
	k->oom_kills = cgroup_oom_kills(&k->group);
	cgroup_remove(&l->cgroups, &k->group);
}

/* Its init or warden is reaped, so nothing of it lives any more. */
static void on_death(struct launcher *l, struct kid *k, int status)
{
	while (k->sock >= 0 && kid_hear(l, k))
		continue;
	end_group(l, k);
	replace_warden(l, k);
	if (k->trial) {
		if (!k->ready)
			describe_death(k, status);
		struct fence_fault f = k->fault;

		kid_free(l, k);
		trial_over(l, &f);
		return;
	}
	if (k->ready && !k->fault.stage) {
		launcher_ended(l, k, k->ended ? k->status : status);
	} else {
		describe_death(k, status);
		launcher_refused(l, k->id, &k->fault);
	}
	kid_free(l, k);
}

void launcher_reap(struct launcher *l)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(l->signals, &info, sizeof(info)) > 0)
		continue;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
		struct kid *k = pid > 0 ? kid_of(l, pid) : NULL;

		if (k)
			on_death(l, k, status);
	}
}
