/*
 * What stands in for loop and store thread: the same functions as src/store/thread.c and
 * src/engine/alarm.c, so that the linker takes these. What a group of jobs comes to is decided by
 * the real src/store/group.c; only when it happens is ours.
 */
#include "sim.h"

#include "base/imap.h"
#include "engine/alarm.h"
#include "store/group.h"

#include <stdlib.h>

/* --- the store thread ---------------------------------------------------------------------- */

struct store_thread {
	struct node *node;
	struct store_group group;
	struct store_queue in, inner, out;
	bool turning, waiting, delivering; /* an event will come for it */
	bool impatient;
	uint64_t commits;
};

static void turn(struct world *w, void *arg);

static msec_t some_time(struct world *w)
{
	struct rng *r = &w->rng[S_TIME];

	return rng_chance(r, 700) ? rng_between(r, 0, 2) : rng_between(r, 0, 40);
}

static void wants_turn(struct store_thread *t)
{
	struct world *w = t->node->w;

	if (t->turning || (!t->in.first && !t->inner.first))
		return;
	t->turning = true;
	sim_after(w, some_time(w), t->node, turn, t);
}

static void deliver(struct world *w, void *arg)
{
	struct store_thread *t = arg;
	struct store_job *job;
	struct store_queue out;

	(void)w;
	t->delivering = false;
	store_queue_init(&out);
	store_queue_move(&out, &t->out);
	while ((job = store_queue_pop(&out)))
		job->done(job, job->rc);
}

static msec_t slowness(struct world *w)
{
	return w->slow_until > w->now ? rng_between(&w->rng[S_TIME], 200, 3000) : 0;
}

static void nap(struct world *w, void *arg)
{
	((struct store_thread *)arg)->waiting = false;
	turn(w, arg);
}

static void tell(struct world *w, struct store_thread *t)
{
	if (!t->delivering)
		sim_after(w, slowness(w) + some_time(w), t->node, deliver, t);
	t->delivering = true;
}

/* Who only reads goes past a group that finds no room. */
static void run_reads(struct world *w, struct store_thread *t)
{
	struct store_queue reads, rest;
	struct store_job *job;

	store_queue_init(&reads);
	store_queue_init(&rest);
	while ((job = group_take_read(&t->group)))
		store_queue_push(&reads, job);
	while ((job = store_queue_pop(&t->in)))
		store_queue_push(job->reads ? &reads : &rest, job);
	store_queue_move(&t->in, &rest);
	while (!t->node->dying && (job = store_queue_pop(&reads))) {
		group_read(&t->group, job);
		store_queue_push(&t->out, job);
		tell(w, t);
	}
	store_queue_move(&t->in, &reads); /* of a node that dies: they go with it */
}

/* One group; where there is no room, a second later once more. */
static void turn(struct world *w, void *arg)
{
	struct store_thread *t = arg;

	t->turning = true;
	if (t->waiting)
		return;
	if (!t->group.n && !group_take(&t->group, &t->inner, &t->in, w->group_max)) {
		t->turning = false;
		return;
	}
	bool done = group_go_on(&t->group, !t->impatient);

	if (t->node->dying)
		return;
	if (!done) {
		if (t->group.waits_for != -EBUSY)
			run_reads(w, t);
		t->waiting = true;
		sim_after(w, 1000, t->node, nap, t);
		return;
	}
	t->commits++;
	for (size_t i = 0; i < t->group.n; i++)
		store_queue_push(&t->out, t->group.jobs[i]);
	t->group.n = 0;
	tell(w, t);
	t->turning = false;
	wants_turn(t);
}

void store_post(struct store_thread *t, struct store_job *job)
{
	job->rc = 0;
	store_queue_push(&t->in, job);
	wants_turn(t);
}

void store_post_inner(struct store_thread *t, struct store_job *job)
{
	job->rc = 0;
	store_queue_push(&t->inner, job);
}

int store_thread_start(void *loop, struct store *opened, const struct store_hooks *hooks,
    struct store_thread **ret, struct err *err)
{
	struct store_thread *t = xalloc(sizeof(*t));

	(void)err;
	t->node = loop;
	t->node->thread = t;
	group_init(&t->group, opened, hooks);
	store_queue_init(&t->in);
	store_queue_init(&t->inner);
	store_queue_init(&t->out);
	*ret = t;
	return 0;
}

void store_thread_hurry(struct store_thread *t)
{
	t->impatient = true;
}

static void drop_all(struct store_queue *q, int rc)
{
	struct store_job *job;

	while ((job = store_queue_pop(q)))
		job->done(job, rc ? rc : job->rc);
}

/* As far as a thread gets whose process ends in good order. */
static void finish(struct store_thread *t)
{
	while (!t->node->dying &&
	       (t->group.n || group_take(&t->group, &t->inner, &t->in, GROUP_MAX))) {
		group_go_on(&t->group, false);
		for (size_t i = 0; i < t->group.n; i++)
			store_queue_push(&t->out, t->group.jobs[i]);
		t->group.n = 0;
	}
}

/* What was not carried out when the process died never will be; its memory comes back all the same.
 */
void store_thread_stop(struct store_thread *t)
{
	finish(t);
	drop_all(&t->out, 0);
	for (size_t i = 0; i < t->group.n; i++)
		t->group.jobs[i]->done(t->group.jobs[i], -EIO);
	drop_all(&t->inner, -EIO);
	drop_all(&t->in, -EIO);
	t->group.store->ops->close(t->group.store);
	free(t);
}

int store_thread_waits(const struct store_thread *t)
{
	return t->waiting ? t->group.waits_for : 0;
}

uint64_t store_thread_commits(const struct store_thread *t)
{
	return t->commits;
}

/* --- alarms ------------------------------------------------------------------------------- */

struct alarms {
	struct node *node;
	void (*fn)(void *ctx, int64_t run);
	void *ctx;
	struct imap set; /* run -> struct alarm */
	struct alarm *last;
};

struct alarm {
	struct alarms *of;
	struct alarm *next; /* all there ever were, to be freed */
	int64_t run;
	msec_t at;
	bool off;
};

struct alarms *alarms_create(void *loop, void (*fn)(void *ctx, int64_t run), void *ctx)
{
	struct alarms *al = xalloc(sizeof(*al));

	*al = (struct alarms){ .node = loop, .fn = fn, .ctx = ctx };
	return al;
}

static void ring(struct world *w, void *arg)
{
	struct alarm *a = arg;

	(void)w;
	if (a->off)
		return;
	imap_remove(&a->of->set, a->run);
	a->of->fn(a->of->ctx, a->run);
}

void alarms_set(struct alarms *al, int64_t run, msec_t at, msec_t now)
{
	struct alarm *a = imap_get(&al->set, run);
	msec_t left = at - now;

	if (a && a->at == at)
		return;
	if (a) {
		a->off = true;
		imap_remove(&al->set, run);
	}
	if (!at)
		return;
	a = xalloc(sizeof(*a));
	*a = (struct alarm){ .of = al, .next = al->last, .run = run, .at = at };
	al->last = a;
	imap_put(&al->set, run, a);
	left = left > 0 ? left * 1000 / (1000 + al->node->drift) + 1 : 0;
	sim_after(al->node->w, left, al->node, ring, a);
}

void alarms_destroy(struct alarms *al)
{
	for (struct alarm *a = al->last, *next; a; a = next) {
		next = a->next;
		free(a);
	}
	imap_fini(&al->set);
	free(al);
}
