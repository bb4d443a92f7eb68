/*
 * The worker: what src/worker does with the engine, without processes. Slots, one attempt from
 * claim to report, kill and its delay, renewals; what an agent does is drawn from the seed, the
 * run, the step and the try.
 */
#include "sim.h"

#include "base/json.h"
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>

#define RENEW_MS 20000
#define GRACE_MS 2500

struct offer {
	struct list list;
	int64_t task;
};

enum phase {
	PREPARING, /* nothing runs yet */
	STARTING,  /* the engine is being told that it will */
	RUNNING,   /* the process lives */
	REPORTING, /* the engine is being told how it ended */
	GONE,
};

/* Events may still name one that is gone, so all of them are kept until the world ends. */
struct attempt {
	struct attempt *next;
	struct list list;
	struct node *node;
	struct claim *claim;
	struct process *process;
	enum phase phase;
	bool stopping, deaf, ghost;
	enum ending ending;
	const char *text;
	unsigned says; /* signs of life to come */
	struct rng rng;
	msec_t dies_at;
};

static void fill_slots(struct node *n);

/* --- what an agent does ---------------------------------------------------------------------- */

static const char *const answers[] = { "yes", "no", "maybe", "[\"a\",\"b\"]", "[\"a\",\"b\",\"c\"]",
	"[]", "[\"a\"]" };

static bool makes_list(struct str step)
{
	ptrdiff_t slash = -1;

	for (size_t i = 0; i < step.n; i++)
		if (step.p[i] == '/')
			slash = (ptrdiff_t)i;
	return step.n > (size_t)(slash + 1) && step.p[slash + 1] == 'l';
}

static void draw(struct attempt *at)
{
	static const enum ending bad[] = { ENDING_EMPTY, ENDING_ASKED, ENDING_REFUSED,
		ENDING_DENIED, ENDING_RATE_LIMITED, ENDING_QUOTA, ENDING_TRUNCATED,
		ENDING_CONTRACT_BROKEN, ENDING_CRASHED, ENDING_CRASHED, ENDING_ENDPOINT_DOWN,
		ENDING_STALLED };
	static const enum ending copying[] = { ENDING_DENIED, ENDING_CRASHED, ENDING_STALLED };
	struct world *w = at->node->w;
	struct rng *r = &at->rng;
	unsigned one_of = w->faults[FAULT_DIE] ? 4 : 16;

	r->state = rng_mix(w->seed ^ hash_text(at->claim->step)) +
		   rng_mix((uint64_t)at->claim->run * 1000 + at->claim->epoch);
	at->ending = ENDING_ANSWERED;
	at->text =
	    makes_list(at->claim->step) ? answers[3 + rng_below(r, 4)] : answers[rng_below(r, 3)];
	if (rng_below(r, one_of) == 0) /* what copies a repository has no model that could refuse */
		at->ending = at->claim->kind == KIND_SNAPSHOT
				 ? copying[rng_below(r, 3)]
				 : bad[rng_below(r, sizeof(bad) / sizeof(bad[0]))];
	at->says = rng_below(r, 3);
	at->deaf = w->faults[FAULT_DEAF] && rng_chance(r, 300);
}

/* --- processes ------------------------------------------------------------------------------- */

static void born(struct attempt *at)
{
	struct process *p = at->process = xalloc(sizeof(*p));

	*p = (struct process){ .run = at->claim->run,
		.position = at->claim->position,
		.epoch = at->claim->epoch,
		.life = at->node->life };
	list_push(&at->node->w->processes, &p->list);
	at->phase = RUNNING;
	oracle_process_born(at->node->w, p);
}

static void died(struct attempt *at)
{
	if (!at->process)
		return;
	list_remove(&at->process->list);
	free(at->process);
	at->process = NULL;
}

/* --- the end --------------------------------------------------------------------------------- */

static struct attempt *all;

static void be_gone(struct attempt *at)
{
	died(at);
	list_remove(&at->list);
	at->phase = GONE;
	at->node->busy--;
	if (!at->ghost) {
		engine_claim_free(at->claim);
		at->claim = NULL;
	}
}

void worker_free(void)
{
	for (struct attempt *at = all, *next; at; at = next) {
		next = at->next;
		engine_claim_free(at->claim);
		free(at);
	}
	all = NULL;
}

static void on_ghost(void *ctx, int rc)
{
	const struct attempt *at = ctx;

	if (rc == 0)
		sim_fail(world, "I4: a second result of epoch %u of step %.*s was taken",
		    at->claim->epoch, STR_ARG(at->claim->step));
}

static void appended(void *ctx, int rc)
{
	(void)ctx;
	(void)rc;
}

static void say(struct node *n, const struct claim *cl)
{
	const struct fact_row row = { .run = cl->run,
		.position = cl->position,
		.epoch = cl->epoch,
		.type = "text",
		.data = json_pack("{s:s, s:i}", "text", "working", "epoch", (int)cl->epoch) };

	engine_append(n->engine, &row, 1, appended, NULL);
}

/* A last word and another result of an attempt that is history. */
static void ghost(struct world *w, void *arg)
{
	struct attempt *at = arg;
	const struct attempt_result r = { .ending = ENDING_ANSWERED,
		.output = STR("from the grave") };

	if (!w->node->up)
		return;
	say(w->node, at->claim);
	engine_report(w->node->engine, at->claim, &r, on_ghost, at);
}

static void on_reported(void *ctx, int rc)
{
	struct attempt *at = ctx;
	struct node *n = at->node;

	if (!n->up || at->phase == GONE)
		return;
	sim_say(n->w, "reported %s/%.*s epoch %u: %d", at->claim->run_id, STR_ARG(at->claim->step),
	    at->claim->epoch, rc);
	at->ghost = rc == 0 && sim_strikes(n->w, FAULT_GHOST, 4);
	if (at->ghost)
		sim_after(n->w, rng_between(&n->w->rng[S_FAULT], 0, 5000), NULL, ghost, at);
	be_gone(at);
	fill_slots(n);
}

static void fill_result(struct attempt *at, struct attempt_result *r)
{
	bool worked = at->ending == ENDING_ANSWERED;

	r->ending = at->ending;
	r->usable = rng_chance(&at->rng, 500);
	if (worked || (at->ending == ENDING_TRUNCATED && r->usable))
		r->output = str_from(at->text);
	else
		r->reason = str_from(at->text);
	if (at->claim->kind == KIND_SNAPSHOT && worked) {
		r->snapshot = STR("snap");
		r->repo_facts = json_pack("{s:s}", "name", "repo");
		r->signals = json_pack("{s:b, s:i}", "big", (int)(at->node->w->seed & 1),
		    "changed_lines", (int)(at->node->w->seed % 3) * 900);
	} else if (rng_chance(&at->rng, 300)) {
		r->facts = json_pack("{s:i, s:i}", "in", 10, "out", 3);
	}
}

static void report(struct attempt *at)
{
	struct attempt_result r = { .ending = at->ending };

	died(at);
	at->phase = REPORTING;
	fill_result(at, &r);
	sim_say(at->node->w, "ended %s/%.*s epoch %u: %s (%s)", at->claim->run_id,
	    STR_ARG(at->claim->step), at->claim->epoch, ending_name(at->ending), at->text);
	engine_report(at->node->engine, at->claim, &r, on_reported, at);
}

static void conclude(struct attempt *at, enum ending ending, const char *why)
{
	at->ending = ending;
	at->text = why;
	report(at);
}

static void stopped(struct attempt *at)
{
	conclude(at, at->node->draining ? ENDING_LOST : ENDING_CANCELLED, "stopped");
}

/* --- from claim to end ----------------------------------------------------------------------- */

static void lives(struct world *w, void *arg)
{
	struct attempt *at = arg;

	if (at->phase != RUNNING)
		return;
	if (at->says == 0) {
		report(at);
		return;
	}
	at->says--;
	say(at->node, at->claim);
	sim_after(w, rng_between(&at->rng, 10, 20000), at->node, lives, at);
}

static void runs(struct attempt *at)
{
	born(at);
	if (at->ending == ENDING_STALLED)
		return; /* never says a word, and never ends by itself */
	sim_after(at->node->w, rng_between(&at->rng, 1, rng_chance(&at->rng, 100) ? 900000 : 30000),
	    at->node, lives, at);
}

static void on_started(void *ctx, int rc)
{
	struct attempt *at = ctx;

	if (!at->node->up || at->phase != STARTING)
		return;
	if (rc || at->stopping) /* not ours any more: never executed */
		stopped(at);
	else
		runs(at);
}

static void ready(struct world *w, void *arg)
{
	struct attempt *at = arg;

	if (at->phase != PREPARING)
		return;
	if (at->stopping) {
		stopped(at);
		return;
	}
	if (at->claim->kind == KIND_SNAPSHOT) {
		runs(at);
		return;
	}
	if (sim_strikes(w, FAULT_SPAWN, 4)) {
		conclude(at, ENDING_CRASHED, "cannot start");
		return;
	}
	at->phase = STARTING;
	engine_started(at->node->engine, at->claim, STR("agent"), STR("model"),
	    json_pack("{s:s}", "part", "start"), on_started, at);
}

static void renew(struct world *w, void *arg)
{
	struct node *n = arg;

	n->renewing = n->busy > 0;
	if (!n->renewing)
		return;
	w->n_events--; /* that time goes by is no progress */
	engine_renew(n->engine);
	sim_after(w, RENEW_MS, n, renew, n);
}

static void begin(struct node *n, struct claim *claim)
{
	struct attempt *at = xalloc(sizeof(*at));

	at->next = all;
	all = at;
	at->node = n;
	at->claim = claim;
	list_push(&n->attempts, &at->list);
	if (n->busy++ == 0 && !n->renewing) {
		n->renewing = true;
		sim_after(n->w, RENEW_MS, n, renew, n);
	}
	draw(at);
	sim_say(
	    n->w, "claimed %s/%.*s epoch %u", claim->run_id, STR_ARG(claim->step), claim->epoch);
	if (n->draining)
		conclude(at, ENDING_LOST, "claimed while the program ended");
	else if (claim->refuse != ENDING_NONE)
		conclude(at, claim->refuse, "refused");
	else
		sim_after(n->w, rng_between(&at->rng, 0, 500), n, ready, at);
}

static void on_claimed(void *ctx, struct claim *claim)
{
	struct node *n = ctx;

	if (!n->up) {
		engine_claim_free(claim);
		return;
	}
	n->claiming--;
	if (claim)
		begin(n, claim);
	fill_slots(n);
}

static void fill_slots(struct node *n)
{
	while (!n->draining && !list_empty(&n->offers) && n->busy + n->claiming < n->parallel) {
		struct offer *o = list_item(n->offers.next, struct offer, list);

		list_remove(&o->list);
		n->claiming++;
		engine_claim(n->engine, o->task, on_claimed, n);
		free(o);
	}
}

/* --- what the engine asks for ------------------------------------------------------------------
 */

static void killed(struct world *w, void *arg)
{
	struct attempt *at = arg;

	(void)w;
	if (at->phase == RUNNING)
		stopped(at);
}

static void stop(struct attempt *at)
{
	at->stopping = true;
	if (at->phase == RUNNING) /* whoever does not hear it is killed after the grace */
		sim_after(at->node->w, at->deaf ? GRACE_MS : rng_between(&at->rng, 1, 200),
		    at->node, killed, at);
}

static void kill_attempt(struct node *n, const struct engine_effect *fx)
{
	list_each (&n->attempts, it) {
		struct attempt *at = list_item(it, struct attempt, list);

		if (at->claim && at->claim->run == fx->run && at->claim->position == fx->position &&
		    at->claim->epoch == fx->epoch) {
			stop(at);
			return;
		}
	}
}

static void offer(struct node *n, int64_t task)
{
	struct offer *o;

	if (n->draining)
		return;
	o = xalloc(sizeof(*o));
	o->task = task;
	list_push(&n->offers, &o->list);
	fill_slots(n);
}

void worker_effect(void *ctx, const struct engine_effect *fx)
{
	static const char *const words[] = { "offer", "kill", "ask", "over" };
	struct node *n = ctx;

	sim_say(n->w, "%s %s position %lld epoch %u", words[fx->type], fx->run_id,
	    (long long)fx->position, fx->epoch);
	if (fx->type == ENGINE_OFFER)
		offer(n, fx->task);
	else if (fx->type == ENGINE_KILL)
		kill_attempt(n, fx);
	else if (fx->type == ENGINE_ASK)
		people_asked(n->w, fx);
	else
		command_over(n, fx->run);
}

/* --- life --------------------------------------------------------------------------------------
 */

void worker_begin(struct node *n)
{
	list_init(&n->offers);
	list_init(&n->attempts);
	n->parallel = (unsigned)rng_between(&n->w->rng[S_WORLD], 1, 6);
	n->claiming = n->busy = 0;
	n->renewing = false;
}

void worker_lost(struct node *n)
{
	list_each_safe (&n->offers, it, next) {
		list_remove(it);
		free(list_item(it, struct offer, list));
	}
	list_each_safe (&n->attempts, it, next)
		be_gone(list_item(it, struct attempt, list));
}

void worker_drain_all(struct node *n)
{
	list_each_safe (&n->offers, it, next) {
		list_remove(it);
		free(list_item(it, struct offer, list));
	}
	list_each (&n->attempts, it)
		stop(list_item(it, struct attempt, list));
}

bool worker_idle(const struct node *n)
{
	return !n->busy && !n->claiming;
}
