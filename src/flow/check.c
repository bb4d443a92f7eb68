/* Proving a flow sound, as far as one file can tell. */
#include "flow/parse.h"

#include "base/limits.h"
#include "flow/expr.h"
#include "flow/template.h"

#include <stdlib.h>

static const char *const scope_names[] = { "question", "input", "size", "fast", "focus", "repo",
	"signals", "steps", "item", "items", "round", "change", "chunk", NULL };

static const char *const of_repo[] = { "repo", "signals", "change", "chunk", NULL };

struct check {
	struct parse *p;
	struct flow *flow;
	struct arena *arena;
	/* [step][ancestor] over top-level steps, as one array, for each size: a step that is not
	 * there is nobody's ancestor, and none of its own are through it */
	bool *ancestors[SIZE_AUTO];
};

static void complain(struct check *c, struct place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(struct check *c, struct place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = arena_vprintf(c->arena, fmt, ap);

	va_end(ap);
	flow_error_add(c->p->errors, at, "%s", text);
}

/* --- ids -------------------------------------------------------------------------------- */

static void check_ids(struct check *c)
{
	const struct flow *f = c->flow;

	if (f->n_all > FLOW_STEPS_MAX)
		complain(c, f->all[FLOW_STEPS_MAX]->at, "more than %d steps", FLOW_STEPS_MAX);
	for (size_t i = 0; i < f->n_all; i++)
		for (size_t k = 0; k < i && f->all[i]->id.n; k++)
			if (str_eq(f->all[i]->id, f->all[k]->id)) {
				complain(c, f->all[i]->at,
				    "step id '%.*s' is used twice (also on line %u)",
				    STR_ARG(f->all[i]->id), f->all[k]->at.line);
				break;
			}
}

/* What a step may need: its siblings at top level or in its round. */
static struct flow_step *const *siblings(
    const struct check *c, const struct flow_step *s, size_t *ret_n)
{
	const struct flow_step *parent = s->parent;
	bool in_loop = parent && parent->kind == KIND_LOOP;

	*ret_n = in_loop ? parent->loop.n_body : parent ? 0 : c->flow->n_steps;
	return in_loop ? parent->loop.body : c->flow->steps;
}

static bool is_sibling(const struct check *c, const struct flow_step *s, struct str id)
{
	size_t n;
	struct flow_step *const *all = siblings(c, s, &n);

	for (size_t i = 0; i < n; i++)
		if (all[i] != s && all[i]->id.n && str_eq(all[i]->id, id))
			return true;
	return false;
}

static const char *nearest_sibling(struct check *c, const struct flow_step *s, struct str id)
{
	size_t n, k = 0;
	struct flow_step *const *all = siblings(c, s, &n);
	const char **ids = arena_array(c->arena, n + 1, sizeof(*ids));

	for (size_t i = 0; i < n; i++)
		if (all[i] != s && all[i]->id.n)
			ids[k++] = arena_cstr(c->arena, all[i]->id);
	return nearest_word(id, ids);
}

static bool is_one_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_is(word, *words))
			return true;
	return false;
}

static void check_refs(
    struct check *c, const struct flow_step *s, const struct strs *ids, const char *what)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (is_sibling(c, s, ids->v[i]))
			continue;
		/* a file with thousands of them is not asked about each */
		const char *near =
		    c->p->errors->n < FLOW_ERRORS_MAX ? nearest_sibling(c, s, ids->v[i]) : NULL;

		complain(c, s->at, "step '%.*s' %s unknown step '%.*s'%s%s%s", STR_ARG(s->id), what,
		    STR_ARG(str_take(ids->v[i], 64)), near ? "; did you mean '" : "",
		    near ? near : "", near ? "'?" : "");
	}
}

static void check_needs(struct check *c)
{
	for (size_t i = 0; i < c->flow->n_all; i++) {
		const struct flow_step *s = c->flow->all[i];

		check_refs(c, s, &s->needs, "needs");
		for (size_t k = 0; s->kind == KIND_SWITCH && k < s->sw.n_cases; k++)
			check_refs(c, s, &s->sw.cases[k].steps, "names");
	}
}

/* --- ancestors and cycles --------------------------------------------------------------- */

static size_t top_index(const struct flow *f, struct str id)
{
	for (size_t i = 0; i < f->n_steps; i++)
		if (str_eq(f->steps[i]->id, id))
			return i;
	return SIZE_MAX;
}

static bool *row(struct check *c, enum flow_size size, size_t step)
{
	return c->ancestors[size] + step * c->flow->n_steps;
}

static void mark(struct check *c, enum flow_size size, size_t step, size_t ancestor)
{
	if (step != SIZE_MAX && ancestor != SIZE_MAX &&
	    flow_step_exists(c->flow->steps[step], size) &&
	    flow_step_exists(c->flow->steps[ancestor], size))
		row(c, size, step)[ancestor] = true;
}

static void mark_direct(struct check *c, enum flow_size size, size_t i)
{
	const struct flow_step *s = c->flow->steps[i];

	for (size_t k = 0; k < s->needs.n; k++)
		mark(c, size, i, top_index(c->flow, s->needs.v[k]));
	for (size_t k = 0; s->kind == KIND_SWITCH && k < s->sw.n_cases; k++)
		for (size_t d = 0; d < s->sw.cases[k].steps.n; d++)
			mark(c, size, top_index(c->flow, s->sw.cases[k].steps.v[d]), i);
}

/* Warshall; at most 500 steps, 125 million bit operations in the worst flow that is allowed. */
static void close_ancestors(struct check *c, enum flow_size size)
{
	size_t n = c->flow->n_steps;

	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < n; i++)
			for (size_t d = 0; row(c, size, i)[k] && d < n; d++)
				row(c, size, i)[d] |= row(c, size, k)[d];
}

/* One way round, by direct needs that lie on the cycle. */
static void report_cycle(struct check *c, size_t start, bool *told)
{
	char *path = arena_printf(c->arena, "%.*s", STR_ARG(c->flow->steps[start]->id));
	size_t at = start;

	for (size_t hops = 0; hops < c->flow->n_steps; hops++) {
		const struct flow_step *s = c->flow->steps[at];
		size_t next = SIZE_MAX;

		told[at] = true;
		for (size_t k = 0; k < s->needs.n && next == SIZE_MAX; k++) {
			size_t need = top_index(c->flow, s->needs.v[k]);

			if (need != SIZE_MAX && (need == start || row(c, SIZE_LARGE, need)[start]))
				next = need;
		}
		if (next == SIZE_MAX)
			break;
		path = arena_printf(
		    c->arena, "%s needs %.*s", path, STR_ARG(c->flow->steps[next]->id));
		at = next;
		if (at == start)
			break;
	}
	complain(c, c->flow->steps[start]->at, "steps wait for each other: %s", path);
}

static void check_cycles(struct check *c)
{
	size_t n = c->flow->n_steps;
	bool *told = arena_array(c->arena, n, sizeof(bool));

	if (n > FLOW_STEPS_MAX)
		return;
	for (enum flow_size size = SIZE_SMALL; size <= SIZE_LARGE; size++) {
		c->ancestors[size] = arena_array(c->arena, n * n, sizeof(bool));
		for (size_t i = 0; i < n; i++)
			mark_direct(c, size, i);
		close_ancestors(c, size);
	}
	for (size_t i = 0; i < n; i++) /* a large run has all of them */
		if (row(c, SIZE_LARGE, i)[i] && !told[i])
			report_cycle(c, i, told);
}

/* --- texts ------------------------------------------------------------------------------ */

static const struct flow_step *top_of(const struct flow_step *s)
{
	while (s->parent)
		s = s->parent;
	return s;
}

/* Is OTHER over when ME begins, at each size at which there are both? */
static bool is_over_before(struct check *c, size_t me, size_t other)
{
	if (me == SIZE_MAX || other == SIZE_MAX || !c->ancestors[SIZE_LARGE])
		return false;
	for (enum flow_size size = SIZE_SMALL; size <= SIZE_LARGE; size++)
		if (flow_step_exists(c->flow->steps[me], size) &&
		    flow_step_exists(c->flow->steps[other], size) && !row(c, size, me)[other])
			return false;
	return true;
}

/* May a text of S speak of step ID? It must be over, or be of the same loop: then of this round,
 * or of the round before. */
static bool may_name(struct check *c, const struct flow_step *s, struct str id, bool of_group)
{
	size_t me = top_index(c->flow, top_of(s)->id), other = top_index(c->flow, id);

	if (is_over_before(c, me, other))
		return true;
	for (const struct flow_step *at = s; at; at = at->parent) {
		const struct flow_step *group = of_group ? at : at->parent;

		for (size_t i = 0; group && group->kind == KIND_LOOP && i < group->loop.n_body; i++)
			if (str_eq(group->loop.body[i]->id, id))
				return true;
		if (of_group)
			break;
	}
	return false;
}

static bool is_item_name(const struct flow_step *s, struct str name)
{
	for (const struct flow_step *at = s; at; at = at->parent)
		if (at->parent && at->parent->kind == KIND_EACH &&
		    str_eq(at->parent->each.as, name))
			return true;
	return false;
}

static void check_names(struct check *c, const struct flow_step *s, struct place at,
    const struct strs *steps, const struct strs *names, bool of_group)
{
	for (size_t i = 0; i < steps->n; i++) {
		bool exists = flow_find(c->flow, steps->v[i]) != NULL;

		if (!s || may_name(c, s, steps->v[i], of_group))
			continue;
		complain(c, at,
		    exists ? "step '%.*s' speaks of '%.*s', which need not be over by then; add it "
			     "to `needs`"
			   : "step '%.*s' speaks of unknown step '%.*s'",
		    STR_ARG(s->id), STR_ARG(str_take(steps->v[i], 64)));
	}
	for (size_t i = 0; i < names->n; i++) {
		if (is_one_of(names->v[i], scope_names) ||
		    is_one_of(names->v[i], expr_library_names) ||
		    (s && is_item_name(s, names->v[i])))
			continue;
		const char *near = nearest_word(names->v[i], scope_names);

		complain(c, at, "unknown name '%.*s'%s%s%s", STR_ARG(str_take(names->v[i], 64)),
		    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	for (size_t i = 0; i < names->n; i++)
		c->flow->uses_repo |= is_one_of(names->v[i], of_repo);
}

/* OF_GROUP: evaluated by the each or loop itself, over its body. */
static void check_expr(
    struct check *c, const struct flow_step *s, const struct source *src, bool of_group)
{
	struct strs steps, names;
	struct err err;

	if (!src->text.p)
		return;
	if (expr_check(src, &err) < 0) {
		complain(c, src->at, "%.*s", STR_ARG(flow_error_text(&err)));
		return;
	}
	expr_names(c->arena, src->text, &steps, &names);
	check_names(c, s, src->at, &steps, &names, of_group);
}

static void check_template(struct check *c, const struct flow_step *s, const struct source *src)
{
	struct strs steps, names;

	if (!src->text.p || template_check(c->arena, src, c->p->errors) < 0)
		return;
	template_names(c->arena, src->text, &steps, &names);
	check_names(c, s, src->at, &steps, &names, false);
}

bool agent_names_chunk(struct arena *a, const struct flow_step *s)
{
	struct strs names = { 0 };

	if (s->kind == KIND_AGENT && s->agent.task.text.p)
		template_names(a, s->agent.task.text, NULL, &names);
	for (size_t i = 0; i < names.n; i++)
		if (str_is(names.v[i], "chunk"))
			return true;
	return false;
}

static void check_step(struct check *c, const struct flow_step *s)
{
	check_expr(c, s, &s->cond, false);
	switch ((int)s->kind) {
	case KIND_AGENT:
		check_template(c, s, &s->agent.task);
		c->flow->by_chunk |= agent_names_chunk(c->arena, s);
		c->flow->uses_repo |= s->agent.web != WEB_ONLY;
		break;
	case KIND_CODE:
		check_expr(c, s, &s->code.run, false);
		break;
	case KIND_COMMAND:
		c->flow->uses_repo = true;
		for (size_t i = 0; i < s->command.n_argv; i++)
			check_template(c, s, &s->command.argv[i]);
		break;
	case KIND_EACH:
		check_expr(c, s, &s->each.over, false);
		break;
	case KIND_SWITCH:
		for (size_t i = 0; i < s->sw.n_cases; i++)
			check_expr(c, s, &s->sw.cases[i].cond, false);
		break;
	case KIND_LOOP:
		check_expr(c, s, &s->loop.until, true);
		break;
	case KIND_APPROVAL:
		check_template(c, s, &s->approval.ask);
		break;
	case KIND_FLOW:
		c->flow->uses_repo = true;
		for (size_t i = 0; i < s->flow.n_with; i++)
			check_template(c, s, &s->flow.with[i].value);
		break;
	default:
		break;
	}
}

static void check_choice(struct check *c, const struct flow_step *s)
{
	struct str choice = s->kind == KIND_APPROVAL ? s->approval.on_timeout : (struct str){ 0 };

	if (!choice.n || str_is(choice, "fail"))
		return;
	for (size_t i = 0; i < s->approval.choices.n; i++)
		if (str_eq(choice, s->approval.choices.v[i]))
			return;
	complain(
	    c, s->at, "on_timeout: '%.*s' is none of the choices", STR_ARG(str_take(choice, 40)));
}

static void check_sections(struct check *c)
{
	for (size_t i = 0; i < c->flow->report_sections.n; i++) {
		struct str id = c->flow->report_sections.v[i];

		if (!str_is(id, "recommendation") && !flow_find(c->flow, id))
			complain(c, (struct place){ c->flow->file, 1, 1 },
			    "report: section '%.*s' is no step of the flow",
			    STR_ARG(str_take(id, 64)));
	}
}

void check_flow(struct parse *p)
{
	struct check c = { .p = p, .flow = p->flow, .arena = p->arena };

	check_ids(&c);
	check_needs(&c);
	check_cycles(&c);
	for (size_t i = 0; i < c.flow->n_all; i++) {
		check_step(&c, c.flow->all[i]);
		check_choice(&c, c.flow->all[i]);
	}
	check_template(&c, NULL, &c.flow->report_title);
	check_sections(&c);
}
