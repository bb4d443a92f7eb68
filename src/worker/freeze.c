/* The snapshot step: freezing the repository, or using the snapshot that a parent run has. */
#include "worker/priv.h"

#include "base/json.h"

static void conclude(struct attempt *at)
{
	if (at->tampered)
		attempt_conclude(at, ENDING_DENIED, str_from(at->tampered));
	else
		attempt_conclude(at, ENDING_ANSWERED, (struct str){ "", 0 });
}

static void finish(struct attempt *at, struct snapshot *snap)
{
	at->snapshot = snap;
	if (snapshot_change(snap, at->arena, &at->result.change) < 0) {
		attempt_conclude(
		    at, ENDING_DENIED, STR("the change of the snapshot cannot be read"));
		return;
	}
	at->result.snapshot = str_from(snap->id);
	at->result.repo_facts = json_deep_copy(snap->facts);
	at->result.signals = json_deep_copy(snap->signals);
	if (snap->inventory)
		at->result.evidence =
		    json_pack("{s:o}", "inventory", json_deep_copy(snap->inventory));
	at->result.output = str_from(arena_printf(at->arena,
	    "%lld files, %lld bytes, snapshot %.12s", json_get_int(snap->facts, "files", 0),
	    json_get_int(snap->facts, "bytes", 0), snap->id));
	attest_freeze_end(at, conclude);
}

static void on_progress(void *ctx, const struct freeze_progress *p)
{
	struct attempt *at = ctx;

	voice_event(&at->voice, "progress",
	    json_pack("{s:s, s:I, s:I}", "phase", p->phase, "files", (json_int_t)p->files, "bytes",
		(json_int_t)p->bytes));
}

static enum ending ending_of(const struct attempt *at, int code)
{
	if (code == -ECANCELED)
		return attempt_stop_ending(at);
	return code == -ECHILD ? ENDING_CRASHED : ENDING_DENIED;
}

static void on_done(void *ctx, struct snapshot *snap, const struct err *err)
{
	struct attempt *at = ctx;

	at->freeze = NULL;
	if (snap)
		finish(at, snap);
	else if (attempt_may_pass(err->code))
		attempt_refuse(at, err);
	else
		attempt_conclude(at, ending_of(at, err->code),
		    str_from(arena_printf(at->arena, "%s%s%s%s%s", err->what,
			err->why[0] ? ": " : "", err->why, err->fix[0] ? "; " : "", err->fix)));
}

static const char *optional(struct attempt *at, struct str s)
{
	return s.n ? arena_cstr(at->arena, s) : NULL;
}

static void copy(struct attempt *at)
{
	struct workspace *ws = at->worker->config.workspace;
	const struct claim *cl = at->claim;
	struct snapshot *have;
	struct err err = { .code = -ECANCELED };
	struct freeze_spec spec = { .repo = arena_cstr(at->arena, cl->repo),
		.at = optional(at, cl->at),
		.base = optional(at, cl->base),
		.focus = cl->focus.n ? cl->focus : cl->question };

	if (at->stopping) {
		on_done(at, NULL, &err);
		return;
	}
	if (cl->snapshot.n &&
	    workspace_open(ws, arena_cstr(at->arena, cl->snapshot), &have, &err) == 0) {
		finish(at, have);
		return;
	}
	if (workspace_freeze(ws, &spec, on_progress, on_done, at, &at->freeze, &err) < 0)
		on_done(at, NULL, &err);
}

void freeze_start(struct attempt *at)
{
	attest_freeze_begin(at, copy);
}
