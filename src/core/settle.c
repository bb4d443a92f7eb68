/*
 * What follows from what. When a step settles, its dependants count one need less; at zero they
 * are looked at: the trigger decides whether they may run, the condition whether they want to.
 *
 * A step skipped because of its size, its condition or a switch is as good as completed for those
 * who need it. A step skipped because something before it did not succeed is not: otherwise a
 * synthesis would run on nothing because its source was politely skipped.
 */
#include "core/priv.h"

void settle_queue(struct core *c, uint32_t i)
{
	index_push(&c->queue, i);
}

static bool succeeded(const struct core_node *n)
{
	return n->status == STEP_COMPLETED || (n->status == STEP_SKIPPED && !n->upstream);
}

/* The first need that did not succeed, or CORE_NONE; *COMPLETED counts those that completed. */
static uint32_t weigh(const struct core *c, const struct core_node *n, unsigned *completed)
{
	uint32_t culprit = CORE_NONE;

	*completed = 0;
	for (uint32_t k = 0; k < n->n_needs; k++) {
		const struct core_node *need = node_at(c, n->needs[k]);

		/* the snapshot and a switch are gates, not work whose success could be chosen */
		if (need->status == STEP_COMPLETED && need->kind != KIND_SNAPSHOT &&
		    need->kind != KIND_SWITCH)
			++*completed;
		if (!succeeded(need) && culprit == CORE_NONE)
			culprit = n->needs[k];
	}
	return culprit;
}

static bool gate_closed(const struct core *c, const struct core_node *n)
{
	for (uint32_t k = 0; k < n->n_needs; k++) {
		const struct core_node *need = node_at(c, n->needs[k]);

		if (need->kind == KIND_SNAPSHOT && need->status != STEP_COMPLETED)
			return true;
	}
	return false;
}

/* Does the trigger keep step I from running? Then it is skipped, with the reason. */
static bool trigger_blocks(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	enum step_trigger trigger = n->def ? n->def->trigger : TRIGGER_ALL_SUCCESS;
	unsigned completed;
	uint32_t culprit = weigh(c, n, &completed);

	if (gate_closed(c, n))
		culprit = n->needs[0];
	else if (trigger == TRIGGER_ALL_DONE)
		return false;
	else if (trigger == TRIGGER_ONE_SUCCESS && (completed || !n->n_needs))
		return false;
	else if (trigger == TRIGGER_ALL_SUCCESS && culprit == CORE_NONE)
		return false;
	n->upstream = true;
	if (culprit == CORE_NONE) {
		node_move(c, i, STEP_SKIPPED, "nothing that it needs was run");
		return true;
	}
	const struct core_node *before = node_at(c, culprit);
	bool skipped = before->status == STEP_SKIPPED;

	node_move(c, i, STEP_SKIPPED, "%.*s %s%s", STR_ARG(before->name), skipped ? "was " : "",
	    step_status_name(before->status));
	return true;
}

/* False when the step is settled by its condition (skipped, or failed to tell). */
static bool condition_met(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	struct err err = { 0 };
	bool yes = true;

	if (!n->def || !n->def->cond.text.p)
		return true;
	if (c->ask->test(c->ask->ctx, i, &n->def->cond, &yes, &err) < 0) {
		node_move(c, i, STEP_FAILED, "if: %s", err.why[0] ? err.why : err.what);
		return false;
	}
	if (!yes) {
		struct str cond = str_trim(n->def->cond.text), why = { "", 0 };

		if (c->ask->because)
			why = c->ask->because(c->ask->ctx, &n->def->cond);
		node_move(c, i, STEP_SKIPPED, "not (%.*s)%s%.*s", STR_ARG(cond), why.n ? ": " : "",
		    STR_ARG(why));
	}
	return yes;
}

static bool excluded(struct core *c, uint32_t i)
{
	struct str why;

	if (!switch_excludes(c, i, &why))
		return false;
	node_move(c, i, STEP_SKIPPED, "%.*s", STR_ARG(why));
	return true;
}

static void consider(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	if (n->status != STEP_PENDING || n->waiting || n->offered || n->retired || c->doomed)
		return;
	if (n->ready_at > c->now) {
		index_push(&c->active, i);
		return;
	}
	if (excluded(c, i) || trigger_blocks(c, i) || !condition_met(c, i))
		settle_node(c, i);
	else
		start_node(c, i);
}

void start_node(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	switch (n->kind) {
	case KIND_AGENT:
	case KIND_COMMAND:
	case KIND_SNAPSHOT:
		n->offered = true;
		n->ready_at = 0;
		node_touch(c, i);
		effect_add(c, CORE_OFFER, i);
		break;
	case KIND_CODE: /* begins and ends in one event: nobody else can see it in between */
		n->offered = true;
		if (n->ready_at)
			node_touch(c, i);
		n->ready_at = 0;
		effect_add(c, CORE_RUN, i);
		break;
	case KIND_APPROVAL:
	case KIND_FLOW:
		attempt_begin(c, i);
		effect_add(c, n->kind == KIND_APPROVAL ? CORE_ASK : CORE_CHILD, i);
		break;
	case KIND_EACH:
	case KIND_LOOP:
	case KIND_SWITCH:
		group_start(c, i);
		break;
	case STEP_KINDS:
		break;
	}
}

/* Called when node I has just settled. */
void settle_node(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	for (uint32_t k = 0; k < n->n_dependants; k++) {
		struct core_node *d = node_at(c, n->dependants[k]);

		if (d->waiting && --d->waiting == 0)
			settle_queue(c, n->dependants[k]);
	}
	if (n->parent != CORE_NONE)
		group_child_settled(c, n->parent, i);
	else if (n->status == STEP_FAILED && !(n->def && n->def->may_fail)) {
		char *why = arena_printf(
		    c->arena, "%.*s failed: %.*s", STR_ARG(n->name), STR_ARG(n->reason));

		doom(c, RUN_FAILED, str_from(why));
	}
}

void settle_drain(struct core *c)
{
	while (c->queue_at < c->queue.n)
		consider(c, c->queue.v[c->queue_at++]);
	c->queue.n = c->queue_at = 0;
}

void cancel_waiting(struct core *c, uint32_t i)
{
	node_at(c, i)->offered = node_at(c, i)->queued = false;
	node_move(c, i, STEP_CANCELLED, "the run %s",
	    c->end_as == RUN_CANCELLED ? "was cancelled" : "failed");
}

/* The run will not go on: nothing new starts, what runs is killed, what waits is cancelled. */
void doom(struct core *c, enum run_status end_as, struct str reason)
{
	if (c->doomed)
		return;
	c->doomed = true;
	c->end_as = end_as;
	c->reason = copy(c, reason);
	c->run_changed = true;
	for (uint32_t i = 0; i < c->n; i++) {
		struct core_node *n = node_at(c, i);

		if (n->retired)
			continue;
		if (n->status == STEP_PENDING)
			cancel_waiting(c, i);
		else if (n->status == STEP_RUNNING)
			attempt_kill(c, i, ENDING_CANCELLED);
	}
}

static void finish_doomed(struct core *c)
{
	for (uint32_t i = 0; i < c->n; i++) /* groups have no process to wait for */
		if (!node_at(c, i)->retired && node_at(c, i)->status == STEP_RUNNING)
			node_move(c, i, STEP_CANCELLED, "the run %s",
			    c->end_as == RUN_CANCELLED ? "was cancelled" : "failed");
	run_move(c, c->end_as, c->reason);
}

static bool is_group(enum step_kind k)
{
	return k == KIND_EACH || k == KIND_LOOP || k == KIND_SWITCH;
}

static bool attempts_alive(const struct core *c)
{
	if (!c->n_running)
		return false;
	for (uint32_t i = 0; i < c->n; i++) {
		const struct core_node *n = node_at(c, i);

		if (!n->retired && n->status == STEP_RUNNING && !is_group(n->kind))
			return true;
	}
	return false;
}

/*
 * No green run without work in it: where agents were asked, one of them must have answered. Joining
 * nothing in code is not an answer.
 */
static bool any_worked(const struct core *c)
{
	bool agents = false, other = c->flow->n_steps == 0;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct core_node *n = node_at(c, i);

		if (n->retired || n->kind == KIND_SNAPSHOT)
			continue;
		if (n->kind == KIND_AGENT && n->status == STEP_COMPLETED)
			return true;
		agents |= n->kind == KIND_AGENT;
		other |= n->status == STEP_COMPLETED;
	}
	return !agents && other;
}

void finish_if_over(struct core *c)
{
	if (c->status != RUN_RUNNING || (!c->planned && !c->doomed))
		return;
	if (c->doomed) {
		if (attempts_alive(c))
			return;
		finish_doomed(c);
	} else if (c->n_unsettled) {
		return;
	} else if (any_worked(c)) {
		run_move(c, RUN_COMPLETED, (struct str){ "", 0 });
	} else {
		run_move(c, RUN_FAILED, STR("no agent answered"));
	}
	effect_add(c, CORE_REPORT, CORE_NONE);
}
