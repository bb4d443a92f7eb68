/*
 * The launcher's first act: a child in each mode from the top (ladder.c), made as every other is,
 * until one gets through canary and proof. Then the daemon is told, and may ask.
 */
#include "sandbox/launcher.h"

#include "base/json.h"
#include "sys/fs.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIALS 10
#define TRIAL_MS 100

static void settle(struct launcher *l)
{
	json_t *doc = fence_ladder_describe(&l->host);
	const struct fence_reply r = { .event = REPLY_SETTLED, .mode = l->host.mode };

	json_object_set_new(doc, "cgroup", cgroups_describe(&l->cgroups));
	char *text = json_dump(doc);

	l->settled = true;
	launcher_reply(l, &r, str_from(text), -1);
	free(text);
	json_decref(doc);
}

/* A private directory for a child that has no mounts, in the way sandbox_place makes one. */
static int make_trial_dir(struct launcher *l, struct fence_fault *f)
{
	strcpy(l->trial_dir, "/tmp/tutti-trial-XXXXXX");
	if (!mkdtemp(l->trial_dir)) {
		int rc = -errno;

		l->trial_dir[0] = '\0';
		return fence_fail(f, STAGE_SCRATCH, rc, "/tmp");
	}
	if (l->host.root && lchown(l->trial_dir, l->host.uid, l->host.gid) < 0)
		return fence_fail(f, STAGE_SCRATCH, -errno, l->trial_dir);
	return 0;
}

static void remove_trial_dir(struct launcher *l)
{
	if (l->trial_dir[0])
		fs_remove_tree(l->trial_dir);
	l->trial_dir[0] = '\0';
}

static int try_mode(struct launcher *l, struct kid *k, struct fence_fault *f)
{
	int rc = fence_filter_build(l->host.mode, &l->host.filter);

	if (rc)
		return fence_fail(f, STAGE_SECCOMP, rc, NULL);
	if (l->host.mode == FENCE_C)
		rc = make_trial_dir(l, f);
	k->trial = k->plan.trial = true;
	k->plan.spec = fence_trial_spec(l->host.mode == FENCE_C ? l->trial_dir : NULL);
	return rc ? rc : kid_start(l, k, f);
}

/*
 * The mode that failed, once more, or the next one. A machine that is short of processes or memory
 * for a moment, or killed the child that tried, must not be held for a poorer one.
 */
static void go_on(struct launcher *l, const struct fence_fault *f)
{
	l->host.why[l->host.mode] = *f;
	if ((fence_may_pass(f->code) || f->stage == STAGE_DIED) && ++l->trials < TRIALS) {
		poll(NULL, 0, TRIAL_MS);
		return;
	}
	l->trials = 0;
	l->host.mode = fence_mode_below(l->host.mode);
}

void trial_begin(struct launcher *l)
{
	while (l->host.mode != FENCE_NONE) {
		struct kid *k = kid_create(l, 0);
		struct fence_fault f = { .stage = STAGE_NONE };

		if (try_mode(l, k, &f) == 0)
			return;
		kid_free(l, k);
		remove_trial_dir(l);
		go_on(l, &f);
	}
	settle(l);
}

void trial_over(struct launcher *l, const struct fence_fault *f)
{
	remove_trial_dir(l);
	if (!f->stage) {
		settle(l);
		return;
	}
	go_on(l, f);
	trial_begin(l);
}
