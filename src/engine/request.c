/* What people ask of a run: cancel, resume, retry, answer, take over. */
#include "engine/launch.h"
#include "engine/live.h"

#include "base/log.h"

#include <stdlib.h>

#define FIX_MAX sizeof(((struct err *)0)->fix)

struct person_request {
	struct str run, repo, word, step;
	enum core_event_type type;
};

/* --- naming a run ----------------------------------------------------------------------- */

static bool parse_last(struct str run, unsigned long long *ret_back)
{
	*ret_back = 0;
	if (str_is(run, "last"))
		return true;
	return str_starts(run, STR("last~")) && str_to_u64(str_skip(run, 5), 1000000, ret_back);
}

int engine_resolve(
    struct store *s, struct str run, struct str repo, int64_t *ret_key, struct err *err)
{
	unsigned long long back;
	int rc;

	if (parse_last(run, &back))
		rc = s->ops->run_latest(s, repo, (unsigned)back, ret_key);
	else
		rc = s->ops->run_find(s, run, ret_key);
	if (rc == -ENOENT) {
		err_set(err, rc, "no run %.*s", STR_ARG(run));
		return err_fix(err, "tutti runs list");
	}
	if (rc == -EEXIST) {
		err_set(err, rc, "more than one run begins with %.*s", STR_ARG(run));
		return err_fix(err, "give more of its id: tutti runs list");
	}
	return rc ? err_set(err, rc, "cannot look up run %.*s: %s", STR_ARG(run), err_name(rc)) : 0;
}

/* --- applying --------------------------------------------------------------------------- */

/* A flow's author wrote it, and a person may paste it into a shell. */
static void add_approval(struct buf *b, struct str run, struct str choice)
{
	struct buf line;

	buf_init(&line, FIX_MAX);
	buf_printf(&line, "%stutti runs approve %.*s ", b->n ? "\n" : "", STR_ARG(run));
	buf_add_shell(&line, choice);
	for (size_t i = 0; i < choice.n; i++)
		if ((unsigned char)choice.p[i] < ' ')
			buf_clear(&line);
	if (!buf_status(&line) && b->n + line.n < FIX_MAX)
		buf_add(b, buf_str(&line));
	buf_fini(&line);
}

/* The question that R would answer waits for one of these. */
static int no_answer(struct job *job, const struct live *lv, const struct person_request *r)
{
	uint32_t at = core_find(lv->core, r->step, CORE_NONE);
	const struct core_node *node = at == CORE_NONE ? NULL : core_node(lv->core, at);
	struct buf choices;

	err_set(&job->err, -EINVAL, "step %.*s of run %.*s does not take '%.*s'", STR_ARG(r->step),
	    STR_ARG(lv->row.id), STR_ARG(r->word));
	if (!node || node->kind != KIND_APPROVAL || node->status != STEP_RUNNING)
		return err_why(&job->err, "it does not wait for an answer");
	buf_init(&choices, FIX_MAX);
	for (size_t i = 0; i < node->def->approval.choices.n; i++)
		add_approval(&choices, lv->row.id, node->def->approval.choices.v[i]);
	err_fix(&job->err, "%.*s", STR_ARG(buf_str(&choices)));
	buf_fini(&choices);
	return -EINVAL;
}

static int makes_no_sense(struct job *job, const struct live *lv, const struct person_request *r)
{
	const char *status = run_status_name(core_status(lv->core));

	struct str id = lv->row.id;

	if (r->type == CORE_CANCEL)
		return err_set(
		    &job->err, -EINVAL, "run %.*s is not running; it is %s", STR_ARG(id), status);
	if (r->type == CORE_RESUME) {
		err_set(&job->err, -EINVAL, "run %.*s has nothing to resume; it is %s", STR_ARG(id),
		    status);
		return err_fix(&job->err, "tutti runs show %.*s", STR_ARG(id));
	}
	if (r->type == CORE_ANSWER)
		return no_answer(job, lv, r);
	if (core_status(lv->core) == RUN_RUNNING)
		return err_set(&job->err, -EINVAL, "run %.*s is still running", STR_ARG(id));
	return err_set(&job->err, -EINVAL, "nothing in run %.*s failed; name a step to do it again",
	    STR_ARG(id));
}

static int take_over(struct job *job, struct live *lv)
{
	lv->row.resumed++;
	lv->row_dirty = true;
	int rc = launch_recover(job, lv);

	return rc || !lv->row_dirty ? rc : live_save_row(job, lv);
}

/*
 * The end of a run that has one is none any more; that counts as one INTERRUPTION. In vain, nothing
 * of it has changed.
 */
static int begin_again(
    struct job *job, struct live *lv, const struct core_event *ev, int interruption)
{
	const struct run_row before = lv->row;
	bool dirty = lv->row_dirty;

	lv->row.resumed += interruption;
	lv->row.report = (struct str){ 0 };
	lv->row.outcome = lv->row.summary = STR("");
	lv->row_dirty = true;
	int rc = live_apply(job, lv, ev);

	if (rc == -EINVAL) {
		lv->row = before;
		lv->row_dirty = dirty;
	}
	if (rc)
		return rc;
	if (core_status(lv->core) == RUN_RUNNING)
		held_add(job->e, lv->key);
	return lv->store->ops->run_seen(lv->store, lv->key, false); /* it will not be what it was */
}

/* Its process is gone. Was it being stopped then, that comes to its end first. */
static int resume_left(struct job *job, struct live *lv, const struct core_event *resume)
{
	int rc = take_over(job, lv);

	if (rc || core_status(lv->core) == RUN_RUNNING)
		return rc;
	rc = begin_again(job, lv, resume, 0);
	if (!rc)
		job_not_over(job, lv->key);
	return rc;
}

/* What it came to is the output of a step; the run around it begins that step again, or goes on. */
static int belongs_to_another(struct job *job, const struct live *lv)
{
	struct run_row parent;
	int rc = lv->store->ops->run_load(lv->store, job->arena, lv->row.parent, &parent);

	if (rc)
		return err_set(&job->err, rc, "the run around it cannot be read");
	err_set(&job->err, -EINVAL, "run %.*s is part of run %.*s", STR_ARG(lv->row.id),
	    STR_ARG(parent.id));
	if (str_is(parent.status, "running"))
		return err_fix(&job->err, "tutti runs resume %.*s", STR_ARG(parent.id));
	return err_fix(&job->err, "tutti runs retry %.*s --step %.*s", STR_ARG(parent.id),
	    STR_ARG(lv->row.parent_step));
}

static int find_named_step(
    struct job *job, struct live *lv, const struct person_request *r, uint32_t *ret)
{
	*ret = CORE_NONE;
	if (!r->step.n)
		return 0;
	*ret = core_find(lv->core, r->step, CORE_NONE);
	if (*ret != CORE_NONE)
		return 0;
	err_set(&job->err, -ENOENT, "run %.*s has no step '%.*s'", STR_ARG(lv->row.id),
	    STR_ARG(r->step));
	return err_fix(&job->err, "tutti runs show %.*s", STR_ARG(lv->row.id));
}

static int run_person(struct job *job, struct store *s)
{
	const struct person_request *r = job->request;
	struct core_event ev = { .type = r->type, .now = engine_now(job->e), .reason = r->word };
	struct live *lv;
	int rc = engine_resolve(s, r->run, r->repo, &job->run, &job->err);

	if (rc == 0)
		rc = live_get(job, s, job->run, &lv);
	if (rc)
		return rc;
	snprintf(job->id, sizeof(job->id), "%.*s", STR_ARG(lv->row.id));
	rc = find_named_step(job, lv, r, &ev.step);
	if (rc)
		return rc;
	bool again = r->type == CORE_RESUME || r->type == CORE_RETRY;

	if (again && lv->row.parent && !held_has(job->e, lv->key))
		return belongs_to_another(job, lv);
	if (r->type == CORE_RESUME && core_status(lv->core) == RUN_RUNNING)
		return held_has(job->e, lv->key) ? 0 : resume_left(job, lv, &ev);
	rc = again ? begin_again(job, lv, &ev, 1) : live_apply(job, lv, &ev);
	return rc == -EINVAL || rc == -ESTALE ? makes_no_sense(job, lv, r) : rc;
}

static void person_done(struct job *job, int rc)
{
	if (rc && !job->err.code)
		err_set(&job->err, rc, "the run cannot be changed: %s", err_name(rc));
	job->fn_user.changed(job->ctx, rc, rc ? &job->err : NULL);
}

static void post(
    struct engine *e, const struct person_request *from, engine_changed_fn fn, void *ctx)
{
	struct job *job = job_create(e, run_person, person_done, ctx);
	struct person_request *r = arena_new(job->arena, struct person_request);

	*r = (struct person_request){ .run = arena_dup(job->arena, from->run),
		.repo = arena_dup(job->arena, from->repo),
		.word = arena_dup(job->arena, from->word),
		.step = arena_dup(job->arena, from->step),
		.type = from->type };
	job->request = r;
	job->fn_user.changed = fn;
	job_post(job);
}

void engine_cancel(struct engine *e, struct str run, struct str repo, struct str why,
    engine_changed_fn fn, void *ctx)
{
	post(e,
	    &(struct person_request){ .run = run, .repo = repo, .word = why, .type = CORE_CANCEL },
	    fn, ctx);
}

void engine_resume(
    struct engine *e, struct str run, struct str repo, engine_changed_fn fn, void *ctx)
{
	post(e, &(struct person_request){ .run = run, .repo = repo, .type = CORE_RESUME }, fn, ctx);
}

void engine_retry(struct engine *e, struct str run, struct str repo, struct str step,
    engine_changed_fn fn, void *ctx)
{
	post(e,
	    &(struct person_request){ .run = run, .repo = repo, .step = step, .type = CORE_RETRY },
	    fn, ctx);
}

void engine_answer(struct engine *e, struct str run, struct str repo, struct str step,
    struct str choice, engine_changed_fn fn, void *ctx)
{
	post(e,
	    &(struct person_request){
		.run = run, .repo = repo, .step = step, .word = choice, .type = CORE_ANSWER },
	    fn, ctx);
}

/* --- everything that was left behind ---------------------------------------------------- */

/* Best effort: the run cannot be read, but maybe what it is called. */
static void name_run(struct job *job, struct store *s)
{
	struct run_row row;

	if (s->ops->run_load(s, job->arena, job->run, &row) == 0)
		snprintf(job->id, sizeof(job->id), "%.*s", STR_ARG(row.id));
}

static int run_recover_one(struct job *job, struct store *s)
{
	struct live *lv;
	int rc = live_get(job, s, job->run, &lv);

	if (rc)
		name_run(job, s);
	if (rc || held_has(job->e, job->run) || core_status(lv->core) != RUN_RUNNING)
		return rc;
	return take_over(job, lv);
}

/* A run that cannot be read keeps no other from going on. At the end it is the next life's. */
static void recovered_one(struct job *job, int rc)
{
	if (rc && !job->e->closing)
		log_error("run=%s of an earlier life cannot go on: %s%s", job->id,
		    job->err.what[0] ? job->err.what : err_name(rc),
		    err_is_machines(rc) ? "" : "; see tutti db verify");
}

/* All are taken up before the first of them goes on: both follow in order. */
static int run_recover(struct job *job, struct store *s)
{
	int64_t *keys;
	int rc = s->ops->run_open(s, job->arena, &keys, &job->count);

	for (size_t k = 0; rc == 0 && k < job->count; k++) {
		struct job *one = job_create(job->e, run_recover_one, recovered_one, NULL);

		one->run = keys[k];
		job_follow(job->e, one);
	}
	return rc;
}

static void recovered(struct job *job, int rc)
{
	job->fn_user.recovered(job->ctx, rc, rc ? 0 : job->count);
}

void engine_recover(struct engine *e, void (*fn)(void *ctx, int rc, size_t n), void *ctx)
{
	struct job *job = job_create(e, run_recover, recovered, ctx);

	job->fn_user.recovered = fn;
	job_post(job);
}

/* --- reading ---------------------------------------------------------------------------- */

struct read_request {
	engine_read_fn fn;
	void *ctx;
};

static int run_read(struct job *job, struct store *s)
{
	const struct read_request *r = job->request;

	return r->fn(s, r->ctx);
}

static void read_done(struct job *job, int rc)
{
	job->fn_user.plain(job->ctx, rc);
}

void engine_read(struct engine *e, engine_read_fn fn, engine_done_fn done, void *ctx)
{
	struct job *job = job_create(e, run_read, read_done, ctx);
	struct read_request *r = arena_new(job->arena, struct read_request);

	*r = (struct read_request){ fn, ctx };
	job->request = r;
	job->fn_user.plain = done;
	job->base.reads = true;
	job_post(job);
}

int engine_waits(const struct engine *e)
{
	return store_thread_waits(e->thread);
}
