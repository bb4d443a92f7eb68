#include "engine/preview.h"

#include "base/json.h"
#include "flow/expr.h"

struct view {
	const struct preview_spec *spec;
	enum flow_size size;
};

static json_t *known_name(void *ctx, struct str name)
{
	const struct view *v = ctx;

	if (str_is(name, "question"))
		return json_incref(json_object_get(v->spec->input, "question"));
	if (str_is(name, "input"))
		return json_deep_copy(v->spec->input);
	if (str_is(name, "size"))
		return json_cstr(flow_size_name(v->size));
	if (str_is(name, "fast"))
		return json_boolean(v->spec->fast);
	if (str_is(name, "focus"))
		return json_text(v->spec->focus);
	if (str_is(name, "repo"))
		return json_deep_copy(v->spec->repo);
	return str_is(name, "signals") ? json_deep_copy(v->spec->signals) : NULL;
}

static json_t *no_step(void *ctx, struct str id, struct str field)
{
	(void)ctx;
	(void)id;
	(void)field;
	return NULL;
}

/* Does COND read only what is known before the first step? */
static bool is_known(struct arena *a, struct str cond)
{
	static const char *const later[] = { "steps", "items", "item", "round", "change", "chunk" };
	struct strs steps, names;

	expr_names(a, cond, &steps, &names);
	for (size_t i = 0; i < names.n; i++)
		for (size_t k = 0; k < sizeof(later) / sizeof(later[0]); k++)
			if (str_is(names.v[i], later[k]))
				return false;
	return steps.n == 0;
}

/* *RET: the word for whether S runs. Returns the reason, in A. */
static const char *judge(struct arena *a, struct view *v, struct expr_vm *vm,
    const struct flow_step *s, const char **ret)
{
	const struct scope scope = { v, known_name, no_step };
	struct str cond = str_trim(s->cond.text), why;
	struct err err = { 0 };
	bool yes = true;

	*ret = "yes";
	if (!cond.n)
		return "";
	why = choice_because(a, cond, v->size, v->spec->signals);
	*ret = "open";
	if (!is_known(a, cond))
		return arena_printf(a, "only if %.*s", STR_ARG(cond));
	if (expr_test(vm, &s->cond, &scope, &yes, &err) < 0)
		return arena_printf(a, "if: %s", err.why[0] ? err.why : err.what);
	*ret = yes ? "yes" : "no";
	return arena_printf(a, "%s%.*s%s%s%.*s", yes ? "" : "not (", STR_ARG(cond), yes ? "" : ")",
	    why.n ? ": " : "", STR_ARG(why));
}

static json_t *step_json(
    struct arena *a, struct view *v, struct expr_vm *vm, const struct flow_step *s)
{
	const char *runs, *reason = judge(a, v, vm, s, &runs);

	return json_pack("{s:o, s:o, s:s, s:s, s:o, s:s, s:s}", "step", json_text(s->id), "label",
	    json_text(s->label.n ? s->label : s->id), "kind", step_kind_name(s->kind), "role",
	    step_role_name(s->role), "persona",
	    json_text(s->kind == KIND_AGENT ? s->agent.persona : STR("")), "runs", runs, "reason",
	    reason);
}

static json_t *copy(const json_t *value)
{
	return value ? json_deep_copy(value) : json_null();
}

json_t *preview_json(struct arena *a, const struct preview_spec *spec)
{
	bool is_auto = spec->size == SIZE_AUTO;
	struct view v = { spec, is_auto ? size_rule(spec->signals)->size : spec->size };
	struct expr_vm *vm = expr_create();
	json_t *steps = json_array();

	for (size_t i = 0; i < spec->flow->n_steps; i++)
		if (flow_step_exists(spec->flow->steps[i], v.size))
			json_array_append_new(steps, step_json(a, &v, vm, spec->flow->steps[i]));
	expr_destroy(vm);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "flow", json_text(spec->flow->name),
	    "title", json_text(spec->flow->title), "choice",
	    choice_json(a, spec->flow, v.size, is_auto, spec->signals), "signals",
	    copy(spec->signals), "repository", copy(spec->repo), "steps", steps);
}
