/*
 * Both threads' side of a job: posting, group follow-ups, effects after the commit, alarms. The
 * house rule of this file: what is above the line "store thread" never touches lives.
 */
#include "engine/live.h"

#include "base/log.h"

#include <assert.h>
#include <stdlib.h>

msec_t engine_now(const struct engine *e)
{
	return e->epoch + clock_boot();
}

/* --- jobs ------------------------------------------------------------------------------- */

static int run_job(struct store *s, struct store_job *base)
{
	struct job *job = (struct job *)(void *)base;

	/* a second run after a rollback starts from nothing */
	job->n_effects = job->n_wakes = job->n_appended = 0;
	job->effects = NULL;
	job->wakes = NULL;
	job->appended = NULL;
	err_clear(&job->err);
	job->e->stepped = false;
	int rc = job->fn(job, s);

	if (rc < 0 && job->e->stepped) /* in memory more has happened than in the store */
		live_drop_all(job->e);
	return rc;
}

static void perform_effects(struct job *job)
{
	struct engine *e = job->e;

	if (e->closing)
		return;
	for (size_t k = 0; k < job->n_wakes; k++)
		alarms_set(e->alarms, job->wakes[k].run, job->wakes[k].at, engine_now(e));
	for (size_t k = 0; k < job->n_appended && e->hooks.appended; k++)
		e->hooks.appended(e->hooks.ctx, job->appended[k].run, job->appended[k].seq);
	for (size_t k = 0; k < job->n_effects && e->hooks.effect; k++)
		e->hooks.effect(e->hooks.ctx, &job->effects[k]);
}

static void job_done(struct store_job *base, int rc)
{
	struct job *job = (struct job *)(void *)base;

	if (rc == 0)
		perform_effects(job);
	if (job->done)
		job->done(job, rc);
	else if (rc && rc != -ESTALE)
		log_error("a follow-up of a run failed: %s (%s)", err_name(rc), job->err.what);
	arena_destroy(job->arena);
}

struct job *job_create(struct engine *e, int (*fn)(struct job *job, struct store *s),
    void (*done)(struct job *job, int rc), void *ctx)
{
	struct arena *a = arena_create("job", ARENA_JOB);
	struct job *job = arena_new(a, struct job);

	job->base.fn = run_job;
	job->base.done = job_done;
	job->e = e;
	job->arena = a;
	job->fn = fn;
	job->done = done;
	job->ctx = ctx;
	return job;
}

void job_post(struct job *job)
{
	store_post(job->e->thread, &job->base);
}

void job_follow(struct engine *e, struct job *job)
{
	job->inner_next = NULL;
	*e->inner_last = job;
	e->inner_last = &job->inner_next;
}

/* Arrays of a job's results grow by doubling in its arena. */
#define JOB_PUSH(job, array, count, value)                                              \
	do {                                                                            \
		if (!((count) & ((count)-1))) {                                         \
			void *more_ = arena_array(                                      \
			    (job)->arena, (count) ? 2 * (count) : 1, sizeof(*(array))); \
			if (count)                                                      \
				memcpy(more_, (array), (count) * sizeof(*(array)));     \
			(array) = more_;                                                \
		}                                                                       \
		(array)[(count)++] = (value);                                           \
	} while (0)

void job_effect(struct job *job, const struct engine_effect *fx)
{
	JOB_PUSH(job, job->effects, job->n_effects, *fx);
}

void job_not_over(struct job *job, int64_t run)
{
	size_t n = 0;

	for (size_t k = 0; k < job->n_effects; k++)
		if (job->effects[k].type != ENGINE_OVER || job->effects[k].run != run)
			job->effects[n++] = job->effects[k];
	job->n_effects = n;
}

void job_wake(struct job *job, int64_t run, msec_t at)
{
	struct wake w = { run, at };

	for (size_t k = job->n_wakes; k-- > 0;) {
		if (job->wakes[k].run != run)
			continue;
		job->wakes[k].at = at; /* the last word counts */
		return;
	}
	JOB_PUSH(job, job->wakes, job->n_wakes, w);
}

void job_appended(struct job *job, int64_t run, int64_t seq)
{
	struct appended a = { run, seq };

	if (job->n_appended && job->appended[job->n_appended - 1].run == run)
		job->appended[job->n_appended - 1].seq = seq;
	else
		JOB_PUSH(job, job->appended, job->n_appended, a);
}

/* --- alarms ----------------------------------------------------------------------------- */

static int wake_run(struct job *job, struct store *s)
{
	struct core_event ev = { .type = CORE_WAKE, .now = engine_now(job->e) };
	struct live *lv;
	int rc = live_get(job, s, job->run, &lv);

	return rc ? rc : live_apply(job, lv, &ev);
}

static void woken(struct job *job, int rc)
{
	if (rc && rc != -ESTALE && rc != -ENOENT)
		log_error("waking a run failed: %s %s", err_name(rc), job->err.what);
}

static void on_alarm(void *ctx, int64_t run)
{
	struct job *job = job_create(ctx, wake_run, woken, NULL);

	job->run = run;
	job_post(job);
}

/* --- store thread ----------------------------------------------------------------------- */

/* What is known of a run without asking the store was lost: what was under way is begun again. */
static void wake_reloaded(struct engine *e)
{
	for (size_t i = 0; i < e->reloaded.n; i++) {
		int64_t run = e->reloaded.v[i];
		const struct live *lv = imap_get(&e->lives, run);

		if (lv && !lv->asleep)
			continue;
		struct job *job = job_create(e, wake_run, woken, NULL);

		job->run = run;
		store_post_inner(e->thread, &job->base);
	}
	e->reloaded.n = 0;
}

static void rolled_back(void *ctx)
{
	struct engine *e = ctx;

	live_drop_all(e);
	held_rolled_back(e);
	for (struct job *job = e->inner_first, *next; job; job = next) {
		next = job->inner_next;
		arena_destroy(job->arena);
	}
	e->inner_first = NULL;
	e->inner_last = &e->inner_first;
	wake_reloaded(e);
}

static void drop_over(struct engine *e)
{
	list_each_safe (&e->over, it, next) {
		struct live *lv = list_item(it, struct live, over);

		if (core_status(lv->core) == RUN_RUNNING) /* resumed in the same breath */
			list_remove(it);
		else
			live_drop(e, lv->key);
	}
}

static void committed(void *ctx)
{
	struct engine *e = ctx;

	wake_reloaded(e);
	for (struct job *job = e->inner_first, *next; job; job = next) {
		next = job->inner_next;
		store_post_inner(e->thread, &job->base);
	}
	e->inner_first = NULL;
	e->inner_last = &e->inner_first;
	held_committed(e);
	drop_over(e);
}

/* --- life ------------------------------------------------------------------------------- */

int engine_create(const struct engine_config *config, struct engine **ret, struct err *err)
{
	struct engine *e = xalloc(sizeof(*e));
	const struct store_hooks hooks = { e, rolled_back, committed };

	e->hooks = config->hooks;
	e->epoch = clock_wall() - clock_boot();
	snprintf(e->node, sizeof(e->node), "%s", config->node);
	list_init(&e->definitions);
	list_init(&e->over);
	e->inner_last = &e->inner_first;
	e->vm = expr_create();
	buf_init(&e->text, EVENT_TEXT_MAX);
	int rc = store_thread_start(config->loop, config->store, &hooks, &e->thread, err);

	if (rc) {
		expr_destroy(e->vm);
		free(e);
		return rc;
	}
	e->alarms = alarms_create(config->loop, on_alarm, e);
	*ret = e;
	return 0;
}

void engine_hurry(struct engine *e)
{
	store_thread_hurry(e->thread);
}

void engine_destroy(struct engine *e)
{
	if (!e)
		return;
	e->closing = true;
	store_thread_stop(e->thread);
	alarms_destroy(e->alarms);
	live_drop_all(e);
	held_fini(e);
	expr_destroy(e->vm);
	buf_fini(&e->text);
	free(e);
}

uint64_t engine_commits(const struct engine *e)
{
	return store_thread_commits(e->thread);
}
