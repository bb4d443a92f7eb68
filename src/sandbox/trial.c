/*
 * The launcher's first act: a child in each mode from the top (ladder.c), made as every other is,
 * until one gets through canary and proof. Then the daemon is told, and may ask.
 */
#include "sandbox/launcher.h"

#include "base/json.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

void trial_begin(struct launcher *l)
{
	while (l->host.mode != FENCE_NONE) {
		struct kid *k = kid_create(l, 0);

		if (try_mode(l, k, &l->host.why[l->host.mode]) == 0)
			return;
		kid_free(l, k);
		l->host.mode = fence_mode_below(l->host.mode);
	}
	settle(l);
}

void trial_over(struct launcher *l, const struct fence_fault *f)
{
	if (l->trial_dir[0])
		fs_remove_tree(l->trial_dir);
	l->trial_dir[0] = '\0';
	if (!f->stage) {
		settle(l);
		return;
	}
	l->host.why[l->host.mode] = *f;
	l->host.mode = fence_mode_below(l->host.mode);
	trial_begin(l);
}
