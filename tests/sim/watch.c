/* Beside the decider: sees each of its steps (the linker puts it around core_step). */
#include "sim.h"

#include "model.h"

#include "core/priv.h"
#include "engine/live.h"

int __real_core_step(struct core *c, const struct core_event *ev, struct core_update *ret);
int __wrap_core_step(struct core *c, const struct core_event *ev, struct core_update *ret);
void __real_core_restored(struct core *c, enum run_status status, int end_as, struct str reason);
void __wrap_core_restored(struct core *c, enum run_status status, int end_as, struct str reason);

/* What a dying process thinks is nobody's, and what is thought behind an error of the disk neither.
 */
static bool in_vain(const struct world *w)
{
	return w->node->dying || w->node->conn->trouble;
}

static void check_windows(struct world *w, const struct core *c, uint32_t i)
{
	const struct core_node *n = core_node(c, i);
	unsigned flying = 0, max = n->def->each.max_parallel;

	for (uint32_t k = 0; core_child(c, i, k) != CORE_NONE; k++)
		flying += core_node(c, core_child(c, i, k))->status == STEP_RUNNING;
	if (max && flying > max)
		sim_fail(
		    w, "I15: %u items of %.*s run, at most %u may", flying, STR_ARG(n->name), max);
}

static void check_nodes(struct world *w, const struct core *c)
{
	for (uint32_t i = 0; i < core_count(c); i++) {
		const struct core_node *n = core_node(c, i);
		unsigned retries = n->def ? n->def->retries : 1;

		if (n->retired)
			continue;
		if (n->attempt > retries + 1)
			sim_fail(w, "I14: step %.*s has had %u tries, at most %u are allowed",
			    STR_ARG(n->name), n->attempt, retries + 1);
		if (n->kind == KIND_EACH && n->status == STEP_RUNNING)
			check_windows(w, c, i);
	}
}

/* In true time, whatever clocks say: no attempt is ended before its limit. */
static void check_kill(struct world *w, const struct core *c, const struct core_effect *fx)
{
	const struct live *lv = c->ask->ctx;
	const struct core_node *n = core_node(c, fx->step);
	const struct seen_step *s = oracle_step(w, lv->key, fx->step);
	bool late = n->kill_as == ENDING_TIMED_OUT;
	msec_t limit = !n->def ? 0 : late ? n->def->timeout : n->def->stall;
	msec_t since = late ? s->born : s->active;

	if (n->kill_as != ENDING_CANCELLED && (w->now - since) * 1050 / 1000 + 2 < limit)
		sim_fail(w, "F29: step %.*s was ended as %s after %lld of %lld ms",
		    STR_ARG(n->name), ending_name(n->kill_as), (long long)(w->now - since),
		    (long long)limit);
}

static void note_life(struct world *w, const struct live *lv, const struct core_event *ev)
{
	if (ev->type != CORE_CLAIMED && ev->type != CORE_ACTIVE)
		return;
	struct seen_step *s = oracle_step(w, lv->key, ev->step);

	s->active = w->now;
	if (ev->type == CORE_CLAIMED)
		s->born = w->now;
}

static void check_update(struct world *w, const struct core *c, const struct live *lv,
    const struct core_event *ev, const struct core_update *up)
{
	if (ev->type == CORE_RESUME || ev->type == CORE_RETRY)
		w->seen[lv->key].again = true;
	note_life(w, lv, ev);
	for (size_t k = 0; k < up->n_effects; k++)
		if (up->effects[k].type == CORE_KILL &&
		    core_node(c, up->effects[k].step)->kind != KIND_FLOW)
			check_kill(w, c, &up->effects[k]);
}

/* By now; it may be gone after the event. */
static struct str name_of(const struct core *c, uint32_t step)
{
	if (step >= core_count(c) || core_node(c, step)->retired)
		return STR("");
	return model_keep(core_node(c, step)->name);
}

int __wrap_core_step(struct core *c, const struct core_event *ev, struct core_update *ret)
{
	struct live *lv = c->ask->ctx;
	struct world *w = world;
	enum flow_size size = core_size(c);
	struct str name = name_of(c, ev->step);
	int rc = __real_core_step(c, ev, ret);

	w->n_steps++;
	check_nodes(w, c);
	if (lv->key > RUNS_MAX || in_vain(w))
		return rc;
	struct seen_run *run = &w->seen[lv->key];

	if (ev->type == CORE_LAUNCH) {
		model_free(run->model); /* of one that was removed */
		run->model = NULL;
	}
	if (!run->model) {
		run->model = model_create(c, lv->row.id);
		run->model->size = size;
	}
	run->touched = true;
	if (!rc)
		check_update(w, c, lv, ev, ret);
	model_step(run->model, c, lv, ev, name, rc, ret);
	if (run->model->wrong[0])
		sim_fail(w, "model, run %lld: %s", (long long)lv->key, run->model->wrong);
	return rc;
}

void __wrap_core_restored(struct core *c, enum run_status status, int end_as, struct str reason)
{
	const struct live *lv = c->ask->ctx;
	struct seen_run *run = lv->key <= RUNS_MAX ? &world->seen[lv->key] : NULL;

	__real_core_restored(c, status, end_as, reason);
	if (!run || !run->model || in_vain(world))
		return;
	run->touched = true;
	model_restored(run->model, c);
	if (run->model->wrong[0])
		sim_fail(world, "model, run %lld as it was put back: %s", (long long)lv->key,
		    run->model->wrong);
}
