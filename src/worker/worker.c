/* Slots: who waits, who runs, who is to be stopped. */
#include "worker/priv.h"

#include "base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct offer {
	struct list list;
	int64_t task;
};

static void fill_slots(struct worker *w);

static unsigned parallel(const struct worker *w)
{
	return w->config.parallel ? w->config.parallel : WORKER_PARALLEL;
}

static void on_claimed(void *ctx, struct claim *claim)
{
	struct worker *w = ctx;

	w->n_claiming--;
	if (claim && w->draining) { /* too late: the next life's */
		claim->refuse = ENDING_LOST;
		claim->refuse_why = STR("claimed while the program ended");
	}
	if (claim)
		attempt_start(w, claim);
	fill_slots(w);
}

static void fill_slots(struct worker *w)
{
	while (!w->draining && !list_empty(&w->offers) &&
	       w->n_attempts + w->n_claiming < parallel(w)) {
		struct offer *o = list_item(w->offers.next, struct offer, list);

		list_remove(&o->list);
		w->n_claiming++;
		engine_claim(w->config.engine, o->task, on_claimed, w);
		free(o);
	}
}

void worker_offer(struct worker *w, const struct engine_effect *fx)
{
	struct offer *o;

	if (w->draining)
		return; /* it stays offered in the store, for the next life */
	o = xalloc(sizeof(*o));
	o->task = fx->task;
	list_push(&w->offers, &o->list);
	fill_slots(w);
}

void worker_kill(struct worker *w, const struct engine_effect *fx)
{
	list_each (&w->attempts, it) {
		struct attempt *at = list_item(it, struct attempt, list);

		if (at->claim->run == fx->run && at->claim->position == fx->position &&
		    at->claim->epoch == fx->epoch) {
			attempt_stop(at);
			return;
		}
	}
}

size_t worker_busy(const struct worker *w)
{
	return w->n_attempts + w->n_claiming;
}

void worker_drain(struct worker *w)
{
	w->draining = true;
	list_each (&w->attempts, it) {
		struct attempt *at = list_item(it, struct attempt, list);

		if (at->lacks)
			attempt_stop(at);
	}
}

/* --- attempts come and go --------------------------------------------------------------- */

static void on_renew(uv_timer_t *timer)
{
	struct worker *w = timer->data;

	engine_renew(w->config.engine);
}

void worker_attempt_begins(struct worker *w, struct attempt *at)
{
	list_push(&w->attempts, &at->list);
	if (w->n_attempts++ == 0)
		uv_timer_start(&w->renew, on_renew, RENEW_MS, RENEW_MS);
}

void worker_attempt_ends(struct worker *w, struct attempt *at)
{
	list_remove(&at->list);
	if (--w->n_attempts == 0)
		uv_timer_stop(&w->renew);
	fill_slots(w);
}

struct run_budget *worker_budget(struct worker *w, const struct claim *claim)
{
	struct run_budget *b = imap_get(&w->budgets, claim->run);

	if (!b) {
		b = xalloc(sizeof(*b));
		b->run = claim->run;
		b->budget.limit = claim->budget;
		b->budget.used = claim->tokens_used;
		imap_put(&w->budgets, claim->run, b);
	}
	b->refs++;
	return b;
}

void worker_budget_put(struct worker *w, struct run_budget *b)
{
	if (!b || --b->refs)
		return;
	imap_remove(&w->budgets, b->run);
	free(b);
}

/* --- the fence's news ------------------------------------------------------------------- */

/*
 * There is no other launcher: it is forked before there is anything that it should not have. And
 * none of its children has come to an end of its own. So all of it goes, as when somebody kills us,
 * and the next life takes the attempts for lost.
 */
static void on_fence_lost(void *ctx)
{
	(void)ctx;
	log_error("the fence's launcher is gone, and with it whatever it held");
	_exit(EXIT_MEMORY);
}

static void on_fence(uv_poll_t *poll, int status, int events)
{
	struct worker *w = poll->data;

	(void)events;
	if (status < 0)
		on_fence_lost(w);
	if (sandbox_turn(w->config.sandbox) < 0)
		uv_poll_stop(poll);
}

int worker_create(const struct worker_config *config, struct worker **ret, struct err *err)
{
	struct worker *w = xalloc(sizeof(*w));
	int rc = uv_poll_init(config->loop, &w->fence, sandbox_fd(config->sandbox));

	*ret = NULL;
	if (rc) {
		free(w);
		err_set(err, rc, "cannot watch over the fence");
		err_why(err, "%s", err_name(rc));
		return err_fix(err, "try again in a moment");
	}

	signal(SIGPIPE, SIG_IGN); /* an agent that is gone does not take us along */
	signal(SIGXFSZ, SIG_IGN); /* nor does a file that may not grow: its write says so */
	w->config = *config;
	w->loop = config->loop;
	w->recorder = recorder_create(config->loop, config->engine);
	w->lookout = lookout_create(config->loop);
	w->spills = spills_create(config->data);
	list_init(&w->offers);
	list_init(&w->attempts);
	uv_timer_init(w->loop, &w->renew);
	w->renew.data = w;
	w->fence.data = w;
	uv_poll_start(&w->fence, UV_READABLE, on_fence);
	sandbox_on_loss(config->sandbox, on_fence_lost, w);
	uv_unref(
	    (uv_handle_t *)&w->fence); /* attempts keep the loop alive, their launcher does not */
	*ret = w;
	return 0;
}

/* Nobody promises in which order handles are closed. */
static void on_closed(uv_handle_t *handle)
{
	struct worker *w = handle->data;

	if (++w->closed == 2)
		free(w);
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	w->draining = true;
	list_each_safe (&w->offers, it, next)
		free(list_item(it, struct offer, list));
	/* each ends once its process is confirmed dead; what is being claimed becomes one */
	while (w->n_attempts || w->n_claiming) {
		list_each (&w->attempts, it)
			attempt_stop(list_item(it, struct attempt, list));
		uv_run(w->loop, UV_RUN_ONCE);
	}
	imap_fini(&w->budgets);
	recorder_destroy(w->recorder);
	lookout_destroy(w->lookout);
	spills_destroy(w->spills);
	uv_close((uv_handle_t *)&w->renew, on_closed);
	sandbox_on_loss(w->config.sandbox, NULL, NULL);
	uv_close((uv_handle_t *)&w->fence, on_closed);
}
