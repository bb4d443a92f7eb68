/*
 * Several validators instead of one. Each step that validates stands N times in the flow, side by
 * side, with the same task; whatever waited for it waits for all of them. Of a list that validates
 * item by item the whole list is repeated, inside a loop its step is.
 */
#include "flow/multiply.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/unconst.h"

#include <stdio.h>

struct multiplying {
	struct arena *a;
	const struct flow *flow;
	unsigned n;
	const struct strs *models;
	struct map copies; /* id -> struct strs of the ids of its copies */
	struct map taken;  /* ids of copies */
};

/* --- which ------------------------------------------------------------------------------ */

static bool validates(const struct flow_step *s)
{
	if (s->kind == KIND_EACH)
		return s->each.body && validates(s->each.body);
	return s->kind == KIND_AGENT && s->role == ROLE_VALIDATOR;
}

unsigned flow_validators(const struct flow *f, enum flow_size size)
{
	unsigned n = 0;

	for (size_t i = 0; i < f->n_all; i++)
		n += f->all[i]->kind == KIND_AGENT && f->all[i]->role == ROLE_VALIDATOR &&
		     flow_step_exists(f->all[i], size);
	return n;
}

/* --- copies ----------------------------------------------------------------------------- */

/* "validator-2"; a later number where somebody has that name. */
static struct str name_of(struct multiplying *m, struct str id, unsigned k)
{
	for (;; k++) {
		char number[16];
		size_t n = (size_t)snprintf(number, sizeof(number), "-%u", k);
		struct str name = str_from(
		    arena_printf(m->a, "%.*s%s", STR_ARG(str_take(id, STEP_ID_MAX - n)), number));

		if (!flow_find(m->flow, name) && !map_get(&m->taken, name)) {
			map_put(&m->taken, name, m);
			return name;
		}
	}
}

static struct str model_of(const struct multiplying *m, struct str own, unsigned k)
{
	return m->models->n ? m->models->v[k % m->models->n] : own;
}

/* The K-th of N, from 0; the first keeps its name. */
static struct flow_step *copy_of(
    struct multiplying *m, const struct flow_step *s, unsigned k, const struct flow_step *parent)
{
	struct flow_step *copy = arena_new(m->a, struct flow_step);

	*copy = *s;
	copy->parent = unconst(parent);
	if (k) {
		copy->id = name_of(m, s->id, k + 1);
		copy->label = str_from(arena_printf(m->a, "%.*s %u", STR_ARG(s->label), k + 1));
	}
	if (s->kind == KIND_EACH)
		copy->each.body = copy_of(m, s->each.body, k, copy);
	else
		copy->agent.model = model_of(m, s->agent.model, k);
	return copy;
}

static void add(struct arena *a, struct strs *list, struct str s)
{
	struct str *more = arena_array(a, list->n + 1, sizeof(*more));

	if (list->n)
		memcpy(more, list->v, list->n * sizeof(*more));
	more[list->n] = s;
	*list = (struct strs){ more, list->n + 1 };
}

static struct flow_step *inside(
    struct multiplying *m, const struct flow_step *s, const struct flow_step *parent);

/* STEPS with each that validates N times. */
static void repeat(struct multiplying *m, struct flow_step *const *steps, size_t n,
    const struct flow_step *parent, struct flow_step ***ret, size_t *ret_n)
{
	struct flow_step **v = arena_array(m->a, n * m->n, sizeof(struct flow_step *));
	size_t all = 0;

	for (size_t i = 0; i < n; i++) {
		struct strs *ids = arena_new(m->a, struct strs);

		if (!validates(steps[i])) {
			v[all++] = inside(m, steps[i], parent);
			continue;
		}
		for (unsigned k = 0; k < m->n; k++) {
			v[all++] = copy_of(m, steps[i], k, parent);
			if (k)
				add(m->a, ids, v[all - 1]->id);
		}
		map_put(&m->copies, steps[i]->id, ids);
	}
	*ret = v;
	*ret_n = all;
}

/* A step that does not validate itself, but may hold one that does. */
static struct flow_step *inside(
    struct multiplying *m, const struct flow_step *s, const struct flow_step *parent)
{
	struct flow_step *copy = arena_new(m->a, struct flow_step);

	*copy = *s;
	copy->parent = unconst(parent);
	if (s->kind == KIND_EACH && s->each.body)
		copy->each.body = inside(m, s->each.body, copy);
	if (s->kind == KIND_LOOP)
		repeat(m, s->loop.body, s->loop.n_body, copy, &copy->loop.body, &copy->loop.n_body);
	return copy;
}

/* --- who speaks of them ----------------------------------------------------------------- */

/* IDS, and behind each one its copies. */
static struct strs with_copies(struct multiplying *m, struct strs ids)
{
	struct strs all = { 0 };

	for (size_t i = 0; i < ids.n; i++) {
		const struct strs *copies = map_get(&m->copies, ids.v[i]);

		add(m->a, &all, ids.v[i]);
		for (size_t k = 0; copies && k < copies->n; k++)
			add(m->a, &all, copies->v[k]);
	}
	return all;
}

static void relate(struct multiplying *m, struct flow_step *s)
{
	s->needs = with_copies(m, s->needs);
	if (s->kind == KIND_EACH && s->each.body)
		relate(m, s->each.body);
	for (size_t i = 0; s->kind == KIND_LOOP && i < s->loop.n_body; i++)
		relate(m, s->loop.body[i]);
	if (s->kind != KIND_SWITCH)
		return;
	struct switch_case *cases = arena_array(m->a, s->sw.n_cases, sizeof(*cases));

	for (size_t i = 0; i < s->sw.n_cases; i++) {
		cases[i] = s->sw.cases[i];
		cases[i].steps = with_copies(m, cases[i].steps);
	}
	s->sw.cases = cases;
}

struct str flow_multiply(
    struct arena *a, const struct flow *f, unsigned n, const struct strs *models)
{
	struct multiplying m = { .a = a, .flow = f, .n = n, .models = models };
	struct flow many = *f;

	map_init(&m.copies, a);
	map_init(&m.taken, a);
	repeat(&m, f->steps, f->n_steps, NULL, &many.steps, &many.n_steps);
	for (size_t i = 0; i < many.n_steps; i++)
		relate(&m, many.steps[i]);
	many.report_sections = with_copies(&m, f->report_sections);
	return flow_print_expanded(a, &many);
}
