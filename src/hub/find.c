/* From what a client says to a run, and to a step of it. */
#include "hub/priv.h"

#include <stdio.h>
#include <stdlib.h>

struct quest {
	struct hub *hub;
	char *name, *step;
	found_fn fn;
	void *ctx;
	struct found found;
	struct err err;
};

static int find_step(struct store *s, struct arena *a, struct quest *q)
{
	struct step_row *rows;
	size_t n;
	int rc = s->ops->step_list(s, a, q->found.run, &rows, &n);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!str_is(rows[i].name, q->step))
			continue;
		q->found.position = rows[i].position;
		q->found.epoch = (unsigned)rows[i].epoch;
		return 0;
	}
	err_set(&q->err, rc ? rc : -ENOENT, "run %s has no step %s", q->found.id, q->step);
	return err_fix(&q->err, "tutti runs show %s", q->found.id);
}

static int find_run(struct store *s, struct arena *a, struct quest *q)
{
	struct run_row row;
	int rc = 0;

	if (*q->name)
		rc = engine_resolve(s, str_from(q->name), STR(""), &q->found.run, &q->err);
	if (rc)
		return rc;
	rc = s->ops->run_load(s, a, q->found.run, &row);
	if (rc == 0)
		rc = s->ops->run_lock(s, q->found.run, &q->found.seq);
	if (rc)
		return err_set(&q->err, rc, "the run cannot be read: %s", err_name(rc));
	snprintf(q->found.id, sizeof(q->found.id), "%.*s", STR_ARG(row.id));
	q->found.over = !str_is(row.status, "running");
	return 0;
}

static int find(struct store *s, void *ctx)
{
	struct quest *q = ctx;
	struct arena *a = arena_create("find", ARENA_JOB);

	err_clear(&q->err);
	if (find_run(s, a, q) == 0 && *q->step)
		(void)find_step(s, a, q);
	arena_destroy(a);
	return 0;
}

static void done(void *ctx, int rc)
{
	struct quest *q = ctx;
	struct hub *h = q->hub;

	if (rc)
		err_set(&q->err, rc, "the run cannot be read: %s", err_name(rc));
	q->fn(q->ctx, &q->found, q->err.code ? &q->err : NULL);
	free(q->name);
	free(q->step);
	free(q);
	hub_unref(h);
}

void hub_find(struct hub *h, struct str name, int64_t run, struct str step, found_fn fn, void *ctx)
{
	struct quest *q = xalloc(sizeof(*q));

	q->hub = h;
	q->name = xstrndup(name.p ? name.p : "", name.n);
	q->step = xstrndup(step.p ? step.p : "", step.n);
	q->found.run = run;
	q->fn = fn;
	q->ctx = ctx;
	hub_ref(h);
	engine_read(h->config.engine, find, done, q);
}
