/* What names mean in expressions and templates, as seen from one step of a run. */
#include "engine/choice.h"
#include "engine/live.h"
#include "flow/output.h"

#include <assert.h>

struct view {
	struct live *lv;
	uint32_t from;
};

/* --- items ------------------------------------------------------------------------------ */

static bool raises_findings(const struct core_node *n)
{
	return n->def && !n->retired && n->kind == KIND_AGENT &&
	       (n->def->role == ROLE_ANGLE || n->def->role == ROLE_ASSESS);
}

void live_mark_ancestors(const struct core *c, uint32_t from, bool *marked)
{
	for (uint32_t at = from; at != CORE_NONE; at = core_node(c, at)->parent)
		for (uint32_t k = 0; k < core_node(c, at)->n_needs; k++)
			marked[core_node(c, at)->needs[k]] = true;
	for (bool more = true; more;) {
		more = false;
		for (uint32_t i = (uint32_t)core_count(c); i-- > 0;) {
			const struct core_node *n = core_node(c, i);

			if (!marked[i] && n->parent != CORE_NONE && marked[n->parent] &&
			    !n->retired)
				marked[i] = more = true;
			for (uint32_t k = 0; marked[i] && k < n->n_needs; k++)
				if (!marked[n->needs[k]])
					marked[n->needs[k]] = more = true;
		}
	}
}

static json_t *items_of(struct live *lv, uint32_t from)
{
	size_t count = core_count(lv->core), n = 0;
	struct arena *a = lv->job->arena;
	bool *marked = arena_array(a, count, sizeof(bool));
	struct evidence **all = arena_array(a, count, sizeof(struct evidence *));
	struct evidence **mine = arena_array(a, count, sizeof(struct evidence *));
	size_t n_mine = 0;

	live_mark_ancestors(lv->core, from, marked);
	for (uint32_t i = 0; i < count; i++) {
		struct evidence *ev =
		    raises_findings(core_node(lv->core, i)) ? live_evidence(lv, i) : NULL;

		if (!ev)
			continue;
		all[n++] = ev;
		if (marked[i])
			mine[n_mine++] = ev;
	}
	evidence_number(a, all, n); /* over all, so that ids mean the same to every validator */
	return json_text(evidence_items(a, mine, n_mine));
}

/* --- names ------------------------------------------------------------------------------ */

static json_t *item_of(struct live *lv, uint32_t from, struct str name)
{
	for (uint32_t at = from; at != CORE_NONE; at = core_node(lv->core, at)->parent) {
		const struct core_node *n = core_node(lv->core, at);
		const struct core_node *p =
		    n->parent == CORE_NONE ? NULL : core_node(lv->core, n->parent);

		if (p && p->kind == KIND_EACH &&
		    (str_is(name, "item") || str_eq(name, p->def->each.as)))
			return json_incref(n->item);
	}
	return NULL;
}

/* In a loop, from 1; elsewhere nil. */
static json_t *round_of(const struct live *lv, uint32_t from)
{
	for (uint32_t at = from; at != CORE_NONE; at = core_node(lv->core, at)->parent) {
		const struct core_node *n = core_node(lv->core, at);

		if (n->parent != CORE_NONE && core_node(lv->core, n->parent)->kind == KIND_LOOP)
			return json_integer(n->ordinal);
	}
	return NULL;
}

static json_t *scope_name(void *ctx, struct str name)
{
	const struct view *v = ctx;
	struct live *lv = v->lv;

	if (str_is(name, "question"))
		return json_incref(json_object_get(lv->input, "question"));
	if (str_is(name, "input"))
		return json_incref(lv->input);
	if (str_is(name, "size"))
		return json_cstr(flow_size_name(core_size(lv->core)));
	if (str_is(name, "fast"))
		return json_boolean(json_get_bool(lv->options, "fast", false));
	if (str_is(name, "focus"))
		return json_text(json_get_str(lv->options, "focus"));
	if (str_is(name, "repo"))
		return json_incref(lv->repo);
	if (str_is(name, "signals"))
		return json_incref(lv->signals);
	if (str_is(name, "provided")) /* of prompts; expressions do not know it */
		return live_provided(lv);
	if (str_is(name, "items"))
		return items_of(lv, v->from);
	if (str_is(name, "round"))
		return round_of(lv, v->from);
	if (str_is(name, "change"))
		return live_change_json(lv);
	if (str_is(name, "chunk"))
		return live_chunk_json(lv, v->from);
	return item_of(lv, v->from, name);
}

static json_t *findings_of(struct live *lv, uint32_t i)
{
	struct evidence *ev = live_evidence(lv, i);
	json_t *doc = ev ? evidence_to_json(ev) : NULL;
	json_t *findings = json_incref(json_get_array(doc, "findings"));

	json_decref(doc);
	return findings;
}

static json_t *scope_step(void *ctx, struct str id, struct str field)
{
	const struct view *v = ctx;
	struct live *lv = v->lv;
	uint32_t i = core_find(lv->core, id, v->from);

	if (i == CORE_NONE)
		return NULL;
	const struct core_node *n = core_node(lv->core, i);

	if (str_is(field, "status"))
		return json_cstr(step_status_name(n->status));
	if (str_is(field, "reason"))
		return json_text(n->reason);
	if (str_is(field, "label"))
		return json_text(n->def ? n->def->label : n->name);
	/* what this round has not come to yet, the round before has */
	if (!step_is_settled(n->status) && core_before(lv->core, i) != CORE_NONE)
		n = core_node(lv->core, i = core_before(lv->core, i));
	if (n->status != STEP_COMPLETED)
		return NULL;
	if (str_is(field, "findings"))
		return findings_of(lv, i);
	struct str output = live_output(lv, i);

	if (!output.p)
		return NULL;
	if (str_is(field, "output"))
		return json_text(output);
	if (str_is(field, "json")) {
		json_t *whole = json_parse(str_trim(output), NULL);

		return whole ? whole : output_extract(output);
	}
	return NULL;
}

struct scope live_scope(struct live *lv, uint32_t from)
{
	struct view *v = arena_new(lv->job->arena, struct view);

	*v = (struct view){ lv, from };
	return (struct scope){ .ctx = v, .name = scope_name, .step = scope_step };
}

/* --- what core asks --------------------------------------------------------------------- */

static int ask_test(void *ctx, uint32_t step, const struct source *cond, bool *ret, struct err *err)
{
	struct live *lv = ctx;
	struct scope scope = live_scope(lv, step);

	return expr_test(lv->engine->vm, cond, &scope, ret, err);
}

static struct str ask_because(void *ctx, const struct source *cond)
{
	struct live *lv = ctx;

	return choice_because(lv->job->arena, cond->text, core_size(lv->core), lv->signals);
}

static int ask_list(
    void *ctx, uint32_t step, const struct source *over, json_t **ret, struct err *err)
{
	struct live *lv = ctx;
	struct scope scope = live_scope(lv, step);
	json_t *value;
	int rc = expr_eval(lv->engine->vm, over, &scope, &value, err);

	if (rc)
		return rc;
	if (!json_is_array(value)) {
		json_decref(value);
		return err_set(
		    err, -EINVAL, "%s:%u: `over` must give a list", over->at.file, over->at.line);
	}
	*ret = value;
	return 0;
}

static void ask_compose(void *ctx, uint32_t step)
{
	live_compose(ctx, step);
}

void live_ask_init(struct core_ask *ask, struct live *lv)
{
	*ask = (struct core_ask){ .ctx = lv,
		.test = ask_test,
		.list = ask_list,
		.because = ask_because,
		.compose = ask_compose };
}
