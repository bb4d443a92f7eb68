/* People: they launch, twice if they are not answered, cancel, resume, retry, approve. */
#include "sim.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

#define PATIENCE 5000 /* without an answer somebody asks again */

/* --- launching ------------------------------------------------------------------------------ */

static void launch(struct world *w, void *arg);

static void on_launched(void *ctx, int rc, const struct err *err, const struct engine_launched *run)
{
	struct ordered *o = ctx;
	struct world *w = world;
	const char *id = run->id;
	int64_t key = run->key;

	if (!w->node->up)
		return;
	sim_say(w, "launched %s as %s: %d %s", o->key, id, rc, err ? err->what : "");
	if (rc)
		return;
	if (o->acked && (o->run != key || strcmp(o->id, id) != 0))
		sim_fail(w, "I16: key %s is run %s and run %s", o->key, o->id, id);
	o->acked = true;
	o->run = key;
	snprintf(o->id, sizeof(o->id), "%s", id);
}

static void ask_again(struct world *w, void *arg)
{
	struct ordered *o = arg;

	if (!o->acked)
		launch(w, o);
}

static void launch(struct world *w, void *arg)
{
	struct ordered *o = arg;
	const struct sim_flow *f = w->flows[o->flow];
	json_t *input = json_pack("{s:s}", "question", "why?");
	const struct launch l = { .frozen = f->frozen,
		.flow = f->flow->name,
		.input = input,
		.size = o->size,
		.repo = STR("/repo"),
		.idempotency = str_from(o->key) };

	o->asked = true;
	if (node_serves(w->node)) {
		sim_say(w, "launch %s", o->key);
		engine_launch(w->node->engine, &l, on_launched, o);
	}
	json_decref(input);
	sim_after(w, PATIENCE, NULL, ask_again, o);
}

/* --- looking -------------------------------------------------------------------------------- */

struct look {
	struct look *next;
	unsigned life;
	char id[ID_RUN_SIZE];
	int64_t run, told, seen;
};

static struct look *looks;

static int read_run(struct store *s, void *ctx)
{
	struct look *l = ctx;
	int rc = s->ops->run_find(s, str_from(l->id), &l->run);

	return rc ? rc : s->ops->run_lock(s, l->run, &l->seen);
}

/* Whoever was told of an event finds it, also while what is to be written waits for room. */
static void on_look(void *ctx, int rc)
{
	const struct look *l = ctx;

	if (!world->node->up || world->node->life != l->life)
		return;
	sim_say(world, "looked at %s: event %lld (%d)", l->id, (long long)l->seen, rc);
	if (rc == 0 && l->seen < l->told)
		sim_fail(world, "I11: somebody was told of event %lld of run %s, and reads %lld",
		    (long long)l->told, l->id, (long long)l->seen);
	bool failed = rc == -EIO || rc == -ENOMEM || rc == -EACCES;

	if (rc && rc != -ENOENT && rc != -EBUSY && !(failed && world->faults[FAULT_EIO]))
		sim_fail(world, "F12: run %s cannot be read: %d", l->id, rc);
}

static void look(struct world *w, void *arg)
{
	const struct ordered *o = &w->orders[rng_below(&w->rng[S_PEOPLE], w->n_orders)];

	(void)arg;
	if (!node_serves(w->node) || !o->acked || o->to_be_removed)
		return;
	struct look *l = xalloc(sizeof(*l));

	*l = (struct look){ .next = looks, .life = w->node->life, .run = o->run };
	looks = l;
	snprintf(l->id, sizeof(l->id), "%s", o->id);
	l->told = o->run <= RUNS_MAX ? w->seen[o->run].cursor : 0;
	engine_read(w->node->engine, read_run, on_look, l);
}

/* --- changing ------------------------------------------------------------------------------- */

enum verb { CANCEL, RESUME, RETRY, RETRY_STEP, REMOVE, ANSWER };

struct act {
	struct act *next;
	enum verb verb;
	struct ordered *o;
	int64_t run;
	char id[ID_RUN_SIZE];
	char step[80], choice[16];
	unsigned life;
};

static struct act *acts;

static void on_changed(void *ctx, int rc, const struct err *err)
{
	static const char *const words[] = { "cancel", "resume", "retry", "retry", "remove",
		"answer" };
	struct act *a = ctx;

	if (!world->node->up || world->node->life != a->life)
		return;
	sim_say(world, "%s %s %s %s: %d %s", words[a->verb], a->id, a->step, a->choice, rc,
	    err ? err->what : "");
	if (rc == 0 && a->verb == CANCEL)
		oracle_cancelled(world, a->id);
}

static struct act *act_new(enum verb verb, struct ordered *o, int64_t run, const char *id)
{
	struct act *a = xalloc(sizeof(*a));

	a->o = o;
	a->next = acts;
	acts = a;
	a->verb = verb;
	a->run = run;
	a->life = world->node->life;
	snprintf(a->id, sizeof(a->id), "%s", id);
	return a;
}

/* Any step of the run, whatever it is. */
static void choose_step(struct world *w, struct act *a)
{
	unsigned n = 0;

	mem_each(w->db, MEM_STEPS, struct step_row, row,
	    key) if (row->run == a->run && rng_below(&w->rng[S_PEOPLE], ++n) == 0)
	    snprintf(a->step, sizeof(a->step), "%.*s", STR_ARG(row->name));
}

static void remove_run(struct world *w, struct act *a)
{
	a->o->to_be_removed = true;
	engine_remove(w->node->engine, str_from(a->id), on_changed, a);
}

static void perform(struct world *w, struct act *a)
{
	struct engine *e = w->node->engine;
	struct str run = str_from(a->id), step = str_from(a->step), none = { "", 0 };

	if (a->verb == CANCEL)
		engine_cancel(e, run, none, STR("enough"), on_changed, a);
	else if (a->verb == RESUME)
		engine_resume(e, run, none, on_changed, a);
	else if (a->verb == REMOVE)
		remove_run(w, a);
	else if (a->verb == ANSWER)
		engine_answer(e, run, none, step, str_from(a->choice), on_changed, a);
	else
		engine_retry(e, run, none, step, on_changed, a);
}

static void act(struct world *w, void *arg)
{
	struct rng *r = &w->rng[S_PEOPLE];
	struct ordered *o = &w->orders[rng_below(r, w->n_orders)];
	enum verb verb = (enum verb)rng_below(r, ANSWER);
	bool again = rng_chance(r, 200);

	(void)arg;
	if (!node_serves(w->node) || !o->acked || o->to_be_removed || !sim_take(w, PART_ACT))
		return;
	struct act *a = act_new(verb, o, o->run, o->id);

	if (verb == RETRY_STEP)
		choose_step(w, a);
	perform(w, a);
	if (again) /* a double click */
		perform(w, a);
}

/* --- approving ------------------------------------------------------------------------------ */

static void answer(struct world *w, void *arg)
{
	struct act *a = arg;

	if (!node_serves(w->node))
		return;
	a->life = w->node->life;
	perform(w, a);
}

static const struct step_row *step_of(struct world *w, int64_t run, int64_t position)
{
	mem_each(w->db, MEM_STEPS, struct step_row, row,
	    key) if (row->run == run && row->position == position) return row;
	return NULL;
}

/* Some questions nobody answers while things go wrong. */
void people_asked(struct world *w, const struct engine_effect *fx)
{
	static const char *const choices[] = { "approve", "reject", "perhaps" };
	struct rng *r = &w->rng[S_PEOPLE];
	const struct step_row *row = step_of(w, fx->run, fx->position);
	bool silent = rng_chance(r, 300);

	if (!row || (silent && !w->end))
		return;
	struct act *a = act_new(ANSWER, NULL, fx->run, fx->run_id);

	snprintf(a->step, sizeof(a->step), "%.*s", STR_ARG(row->name));
	snprintf(a->choice, sizeof(a->choice), "%s", choices[rng_below(r, w->end ? 2 : 3)]);
	sim_after(w, rng_between(r, 0, 120000), NULL, answer, a);
}

/* --- all of them ------------------------------------------------------------------------------ */

void people_begin(struct world *w)
{
	struct rng *r = &w->rng[S_PEOPLE];

	w->n_orders = 1 + rng_below(r, 3);
	for (unsigned i = 0; i < w->n_orders; i++) {
		struct ordered *o = &w->orders[i];
		msec_t at = rng_between(r, 0, w->half / 4);

		snprintf(o->key, sizeof(o->key), "key-%u", i);
		o->flow = rng_below(r, 2);
		o->size = (enum flow_size)rng_below(r, FLOW_SIZES);
		bool twice = rng_chance(r, 300);
		msec_t behind = rng_between(r, 0, 20);

		if (!sim_take(w, PART_ACT))
			continue;
		sim_at(w, at, NULL, launch, o);
		if (twice) /* a second request, close behind */
			sim_at(w, at + behind, NULL, launch, o);
	}
	for (unsigned n = rng_below(r, 5); n > 0; n--)
		sim_at(w, rng_between(r, 0, w->half), NULL, act, NULL);
	for (unsigned n = rng_below(r, 6); n > 0; n--)
		sim_at(w, rng_between(r, 0, w->half), NULL, look, NULL);
}

/* What waits for a person without being told so again: whoever looks at the page sees it. */
static void look_at_page(struct world *w, void *arg)
{
	(void)arg;
	mem_each(w->db, MEM_STEPS, struct step_row, row, key)
	{
		const struct run_row *run = mem_row(w->db, MEM_RUNS, row->run);
		struct engine_effect fx = { .run = row->run, .position = row->position };

		if (!str_is(row->kind, "approval") || !str_is(row->status, "running"))
			continue;
		snprintf(fx.run_id, sizeof(fx.run_id), "%.*s", STR_ARG(run->id));
		people_asked(w, &fx);
	}
	sim_after(w, 600000, NULL, look_at_page, NULL);
}

void people_insist(struct world *w)
{
	if (!sim_flows_end_by_themselves(w->seed))
		sim_after(w, 1000, NULL, look_at_page, NULL);
}

void people_free(void)
{
	for (struct act *a = acts, *next; a; a = next) {
		next = a->next;
		free(a);
	}
	acts = NULL;
	for (struct look *l = looks, *next; l; l = next) {
		next = l->next;
		free(l);
	}
	looks = NULL;
}
