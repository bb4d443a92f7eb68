/* Nodes and who waits for whom. */
#include "core/priv.h"

static uint32_t find_top(const struct core *c, struct str id)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->nodes[i]->parent == CORE_NONE && str_eq(c->nodes[i]->name, id))
			return i;
	return CORE_NONE;
}

static void link_nodes(struct core *c, uint32_t before, uint32_t after)
{
	struct core_node *b = node_at(c, before), *d = node_at(c, after);

	for (uint32_t k = 0; k < d->n_needs; k++)
		if (d->needs[k] == before)
			return;
	if (!(d->n_needs & (d->n_needs - 1))) { /* grow at 0, 1, 2, 4, 8 … */
		uint32_t *more = arena_array(c->arena, d->n_needs ? d->n_needs * 2 : 1, 4);

		if (d->n_needs)
			memcpy(more, d->needs, d->n_needs * 4);
		d->needs = more;
	}
	d->needs[d->n_needs++] = before;
	if (!(b->n_dependants & (b->n_dependants - 1))) {
		uint32_t *more =
		    arena_array(c->arena, b->n_dependants ? b->n_dependants * 2 : 1, 4);

		if (b->n_dependants)
			memcpy(more, b->dependants, b->n_dependants * 4);
		b->dependants = more;
	}
	b->dependants[b->n_dependants++] = after;
}

/* A step in a case of a switch waits for that switch. */
static void link_switch(struct core *c, uint32_t sw)
{
	const struct switch_spec *spec = &node_at(c, sw)->def->sw;

	for (size_t k = 0; k < spec->n_cases; k++) {
		for (size_t s = 0; s < spec->cases[k].steps.n; s++) {
			uint32_t i = find_top(c, spec->cases[k].steps.v[s]);

			if (i != CORE_NONE)
				link_nodes(c, sw, i);
		}
	}
}

static bool exists(const struct core *c, const struct flow_step *def)
{
	return c->size == SIZE_AUTO || def->size <= c->size;
}

/*
 * Creates what is missing of the flow's top level, links everything. Steps that the size excludes
 * get no node; whoever needs one does not wait for it.
 */
void plan_flow(struct core *c)
{
	const struct flow *f = c->flow;
	uint32_t snapshot = find_top(c, STR("snapshot"));

	for (size_t k = 0; k < f->n_steps; k++) {
		const struct flow_step *def = f->steps[k];

		if (exists(c, def) && find_top(c, def->id) == CORE_NONE)
			node_add(c, def->id, def, def->kind, CORE_NONE, 0);
	}
	for (uint32_t i = 0; i < c->n; i++) {
		struct core_node *n = node_at(c, i);

		if (!n->def || n->parent != CORE_NONE)
			continue;
		for (size_t k = 0; k < n->def->needs.n; k++) {
			uint32_t need = find_top(c, n->def->needs.v[k]);

			if (need != CORE_NONE)
				link_nodes(c, need, i);
		}
		if (n->kind == KIND_SWITCH)
			link_switch(c, i);
	}
	for (uint32_t i = 0; i < c->n; i++) {
		struct core_node *n = node_at(c, i);

		if (snapshot != CORE_NONE && n->def && n->parent == CORE_NONE && !n->n_needs)
			link_nodes(c, snapshot, i);
	}
	c->planned = true;
}

void plan_count_waiting(struct core *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct core_node *n = node_at(c, i);

		n->waiting = 0;
		for (uint32_t k = 0; k < n->n_needs; k++)
			n->waiting += !step_is_settled(node_at(c, n->needs[k])->status);
	}
}

/* Child names: "ID/ordinal", or "ID/ordinal/body" where a round has several steps. */
uint32_t plan_child(
    struct core *c, uint32_t parent, const struct flow_step *def, uint32_t ordinal, bool with_id)
{
	struct core_node *p = node_at(c, parent);
	char *name = with_id ? arena_printf(c->arena, "%.*s/%u/%.*s", STR_ARG(p->name), ordinal,
				   STR_ARG(def->id))
			     : arena_printf(c->arena, "%.*s/%u", STR_ARG(p->name), ordinal);

	return node_add(c, str_from(name), def, def->kind, parent, ordinal);
}

/* Siblings of one round wait for each other as their definitions say. */
void plan_round_needs(struct core *c, uint32_t parent)
{
	const struct core_node *p = node_at(c, parent);

	for (uint32_t k = 0; k < p->n_children; k++) {
		uint32_t i = p->first + k;
		const struct strs *needs = &node_at(c, i)->def->needs;

		for (size_t d = 0; d < needs->n; d++)
			for (uint32_t s = 0; s < p->n_children; s++)
				if (str_eq(node_at(c, p->first + s)->def->id, needs->v[d]))
					link_nodes(c, p->first + s, i);
	}
}
