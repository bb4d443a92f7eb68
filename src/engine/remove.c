/* Taking a run out of the store. What others may share, snapshots and texts by hash, stays. */
#include "engine/live.h"

struct remove_request {
	struct str run;
};

static int refuse(struct job *job, struct store *s, const struct run_row *row)
{
	struct run_row parent;

	if (str_is(row->status, "running")) {
		err_set(&job->err, -EBUSY, "run %.*s is still running", STR_ARG(row->id));
		return err_fix(&job->err, "tutti runs cancel %.*s", STR_ARG(row->id));
	}
	if (!row->parent)
		return 0;
	int rc = s->ops->run_load(s, job->arena, row->parent, &parent);

	if (rc)
		return err_set(&job->err, rc, "the run around it cannot be read");
	err_set(&job->err, -EBUSY, "run %.*s is part of another one", STR_ARG(row->id));
	return err_fix(&job->err, "remove run %.*s", STR_ARG(parent.id));
}

static int run_remove(struct job *job, struct store *s)
{
	const struct remove_request *r = job->request;
	struct run_row row;
	int rc = engine_resolve(s, r->run, STR(""), &job->run, &job->err);

	if (!rc)
		rc = s->ops->run_load(s, job->arena, job->run, &row);
	if (!rc)
		rc = refuse(job, s, &row);
	if (rc)
		return rc;
	live_drop(job->e, row.key);
	return s->ops->run_delete(s, row.key);
}

static void removed(struct job *job, int rc)
{
	if (rc && !job->err.code)
		err_set(&job->err, rc, "the run cannot be removed: %s", err_name(rc));
	job->fn_user.changed(job->ctx, rc, rc ? &job->err : NULL);
}

void engine_remove(struct engine *e, struct str run, engine_changed_fn fn, void *ctx)
{
	struct job *job = job_create(e, run_remove, removed, ctx);
	struct remove_request *r = arena_new(job->arena, struct remove_request);

	r->run = arena_dup(job->arena, run);
	job->request = r;
	job->fn_user.changed = fn;
	job_post(job);
}
