/*
 * The shape most flows share, expanded to plain steps:
 *
 *	angles ─► fold ─► [assess] ─► [synthesizer] ─► validator ─► reconcile ─► [rewrite]
 *
 * The fold runs when at least one angle answered; what follows asks for at least one of what it
 * needs, so that a failed second-wave step leaves a gap and not a hole, while a run in which no
 * angle answered ends without inventing a synthesis.
 */
#include "flow/parse.h"

#include "base/buf.h"
#include "base/limits.h"
#include "flow/template.h"

struct spine {
	struct parse *p;
	struct place at;
	struct strs angles, assess; /* ids */
	struct flow_step *synthesizer, *validator;
	struct flow_step **assess_steps; /* as many as ids */
	bool no_validator, has_angles;
};

/* --- reading ---------------------------------------------------------------------------- */

static void add_id(struct spine *s, struct strs *ids, struct str id)
{
	struct str *more = arena_array(s->p->arena, ids->n + 1, sizeof(*more));

	if (ids->n)
		memcpy(more, ids->v, ids->n * sizeof(*more));
	more[ids->n] = id;
	*ids = (struct strs){ more, ids->n + 1 };
}

/* What is no agent is told once and then treated as one, so that the rest can be judged. */
static struct flow_step *agent_instead(
    struct spine *s, const struct flow_step *step, const struct yaml_node *node)
{
	struct flow_step *agent = arena_new(s->p->arena, struct flow_step);

	*agent = (struct flow_step){ .id = step->id,
		.label = step->label,
		.kind = KIND_AGENT,
		.at = step->at,
		.needs = step->needs,
		.timeout = step->timeout,
		.stall = step->stall,
		.retries = step->retries,
		.retry_on = step->retry_on };
	if (node->type == YAML_MAP)
		flow_error_add(s->p->errors, node->at, "the steps of a spine are agents");
	return agent;
}

static struct flow_step *agent_step(
    struct spine *s, const struct yaml_node *node, enum step_role role)
{
	struct flow_step *step = parse_step(s->p, node, NULL, KIND_AGENT);

	if (step->kind != KIND_AGENT)
		step = agent_instead(s, step, node);
	step->role = role;
	if (!yaml_get(node, "on_failure"))
		step->may_fail = role != ROLE_SYNTHESIZER;
	return step;
}

static void require_agent(
    struct spine *s, const struct flow_step *step, const struct yaml_node *node)
{
	const struct yaml_node *kind = yaml_get(node, "kind");

	if (node->type != YAML_MAP || (kind && !str_is(kind->text, "agent")))
		return;
	if (!step->agent.persona.n)
		flow_error_add(s->p->errors, node->at, "%s '%.*s' needs a `persona`",
		    step_role_name(step->role), STR_ARG(step->id));
	if (!yaml_get(node, "task"))
		flow_error_add(s->p->errors, node->at, "%s '%.*s' needs a `task`",
		    step_role_name(step->role), STR_ARG(step->id));
}

static void read_angles(struct parse *p, const struct yaml_node *v, void *target)
{
	struct spine *s = target;

	s->has_angles = true;
	if (v->type != YAML_LIST || !v->n) {
		flow_error_add(p->errors, v->at, "angles is a list of at least one step");
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		struct flow_step *step = agent_step(s, v->items[i], ROLE_ANGLE);

		require_agent(s, step, v->items[i]);
		if (!step->id.n)
			flow_error_add(p->errors, v->items[i]->at, "an angle needs an `id`");
		add_id(s, &s->angles, step->id);
		parse_add_step(p, step);
	}
}

static void add_assess(struct spine *s, const struct yaml_node *node, struct str fallback_id)
{
	struct flow_step *step = agent_step(s, node, ROLE_ASSESS);

	if (!step->id.n) {
		step->id = fallback_id;
		if (!yaml_get(node, "label"))
			step->label = fallback_id;
	}
	require_agent(s, step, node);
	s->assess_steps[s->assess.n] = step;
	add_id(s, &s->assess, step->id);
}

static void read_assess(struct parse *p, const struct yaml_node *v, void *target)
{
	struct spine *s = target;

	s->assess_steps = arena_array(p->arena, v->n + 1, sizeof(struct flow_step *));
	if (v->type != YAML_LIST) {
		add_assess(target, v, STR("assess"));
		return;
	}
	for (size_t i = 0; i < v->n; i++)
		add_assess(
		    target, v->items[i], str_from(arena_printf(p->arena, "assess-%zu", i + 1)));
}

static void read_synthesizer(struct parse *p, const struct yaml_node *v, void *target)
{
	struct spine *s = target;

	(void)p;
	s->synthesizer = agent_step(s, v, ROLE_SYNTHESIZER);
	if (!s->synthesizer->id.n)
		s->synthesizer->id = STR("recommendation");
	if (!s->synthesizer->label.n)
		s->synthesizer->label = STR("Recommendation");
	require_agent(s, s->synthesizer, v);
}

static void read_validator(struct parse *p, const struct yaml_node *v, void *target)
{
	struct spine *s = target;

	if (v->type == YAML_SCALAR) {
		s->no_validator = str_is(v->text, "none");
		if (!s->no_validator && !str_is(v->text, "default"))
			flow_error_add(
			    p->errors, v->at, "validator is default, none, or a mapping");
		return;
	}
	s->validator = agent_step(s, v, ROLE_VALIDATOR);
}

const struct key spine_keys[] = {
	{ "angles", 0, read_angles, "agents that look at the question in parallel" },
	{ "assess", 0, read_assess, "one agent or a list that sees all angles' texts" },
	{ "synthesizer", 0, read_synthesizer, "the agent that writes the recommendation" },
	{ "validator", 0, read_validator, "default, none, or an agent that judges every item" },
	{ 0 },
};

/* --- making ----------------------------------------------------------------------------- */

static struct flow_step *new_step(
    struct spine *s, struct str id, const char *label, enum step_kind kind, enum step_role role)
{
	struct flow_step *step = arena_new(s->p->arena, struct flow_step);

	*step = (struct flow_step){ .id = id,
		.label = str_from(label),
		.kind = kind,
		.role = role,
		.at = s->at,
		.retries = UINT32_MAX,
		.retry_on = UINT32_MAX };
	parse_step_defaults(step);
	return step;
}

static struct source made(struct spine *s, const char *text)
{
	return (struct source){ str_from(text), s->at };
}

/* Full texts verbatim under their labels, in the order written; what is missing is named. */
static const char *fold_chunk(struct spine *s)
{
	struct buf b;

	buf_init(&b, EXPR_SOURCE_MAX);
	buf_adds(&b,
	    "local parts = {}\n"
	    "local function add(label, step)\n"
	    "  if step.output then\n"
	    "    parts[#parts + 1] = \"## \" .. label .. \"\\n\\n\" .. step.output\n"
	    "  elseif step.status then\n"
	    "    local why = step.reason ~= \"\" and \": \" .. step.reason or \"\"\n"
	    "    parts[#parts + 1] = \"## \" .. label .. \"\\n\\n(no text; \" .. step.status .. "
	    "why .. \")\"\n"
	    "  end\n"
	    "end\n");
	for (size_t i = 0; i < s->angles.n; i++)
		buf_printf(&b, "add(steps[\"%.*s\"].label, steps[\"%.*s\"])\n",
		    STR_ARG(s->angles.v[i]), STR_ARG(s->angles.v[i]));
	buf_adds(&b, "return join(parts, \"\\n\\n\")\n");
	const char *text = arena_cstr(s->p->arena, buf_str(&b));

	buf_fini(&b);
	return text;
}

static void add_fold(struct spine *s)
{
	struct flow_step *fold = new_step(s, STR("fold"), "Fold", KIND_CODE, ROLE_FOLD);

	fold->needs = s->angles;
	fold->trigger = TRIGGER_ONE_SUCCESS;
	fold->code.run = made(s, fold_chunk(s));
	parse_add_step(s->p, fold);
}

static bool names_step(struct spine *s, struct str task, const char *id)
{
	struct strs steps;

	template_names(s->p->arena, task, &steps, NULL);
	for (size_t i = 0; i < steps.n; i++)
		if (str_is(steps.v[i], id))
			return true;
	return false;
}

static const char *assess_texts(struct spine *s)
{
	const char *text = "";

	for (size_t i = 0; i < s->assess.n; i++)
		text = arena_printf(s->p->arena, "%s\n{{ opt(steps[\"%.*s\"].output) }}\n", text,
		    STR_ARG(s->assess.v[i]));
	return text;
}

/* A task that does not place the texts itself gets them at its end. */
static void give_texts(struct spine *s, struct flow_step *step, bool with_assess)
{
	struct source *task = &step->agent.task;
	char *text = arena_printf(s->p->arena, "%.*s", STR_ARG(task->text));

	if (!task->text.p)
		return;
	if (!names_step(s, task->text, "fold"))
		text = arena_printf(s->p->arena,
		    "%s\n\nThe texts of the angles:\n\n"
		    "{{ steps.fold.output }}\n%s",
		    text, with_assess ? assess_texts(s) : "");
	task->text = str_from(text);
}

static struct strs fold_and(struct spine *s, const struct strs *more, const struct flow_step *one)
{
	struct strs ids = { 0 };

	add_id(s, &ids, STR("fold"));
	for (size_t i = 0; more && i < more->n; i++)
		add_id(s, &ids, more->v[i]);
	if (one)
		add_id(s, &ids, one->id);
	return ids;
}

static void finish_assess(struct spine *s)
{
	for (size_t i = 0; i < s->assess.n; i++) {
		struct flow_step *step = s->assess_steps[i];

		if (!step->needs.n)
			step->needs = fold_and(s, NULL, NULL);
		give_texts(s, step, false);
		parse_add_step(s->p, step);
	}
}

static void finish_synthesizer(struct spine *s)
{
	struct flow_step *step = s->synthesizer;

	if (!step)
		return;
	if (!step->needs.n)
		step->needs = fold_and(s, &s->assess, NULL);
	step->trigger = TRIGGER_ONE_SUCCESS;
	give_texts(s, step, true);
	parse_add_step(s->p, step);
}

static const char *validator_task(struct spine *s)
{
	const char *recommendation = "";

	if (s->synthesizer)
		recommendation = arena_printf(s->p->arena,
		    "\nThe recommendation that rests on them:\n\n{{ opt(steps[\"%.*s\"].output) "
		    "}}\n",
		    STR_ARG(s->synthesizer->id));
	return arena_printf(s->p->arena,
	    "Try to refute each of these items. Judge every item exactly once, under its own "
	    "id.\n\n"
	    "{{ items }}\n\nThe texts they come from:\n\n{{ steps.fold.output }}\n%s%s\n"
	    "For each item write one block in exactly this form:\n\n"
	    "### V1: ID — confirmed|partly|refuted\n"
	    "Strategy: against the evidence, the fix, or the assumptions\n"
	    "Searched: what you really looked at\n"
	    "Reason: one or two sentences\n"
	    "Evidence: `path:line` \"the quoted text\"\n\n"
	    "A refutation needs counter-evidence with path, line and quote. At the end write one "
	    "line:\n"
	    "Confidence: high|medium|low — and why\n",
	    assess_texts(s), recommendation);
}

static void add_validator(struct spine *s)
{
	struct flow_step *made_one =
	    new_step(s, STR("validator"), "Validation", KIND_AGENT, ROLE_VALIDATOR);
	struct flow_step *step = s->validator ? s->validator : made_one;

	if (!step->id.n)
		step->id = made_one->id;
	if (!step->label.n)
		step->label = made_one->label;
	if (!step->agent.persona.n)
		step->agent.persona = STR("adversarial-validator");
	if (!step->agent.task.text.p)
		step->agent.task = made(s, validator_task(s));
	if (!step->needs.n)
		step->needs = fold_and(s, &s->assess, s->synthesizer);
	step->trigger = TRIGGER_ONE_SUCCESS;
	if (!s->validator)
		step->may_fail = true;
	parse_add_step(s->p, step);

	struct flow_step *reconcile =
	    new_step(s, STR("reconcile"), "Reconcile", KIND_CODE, ROLE_RECONCILE);

	add_id(s, &reconcile->needs, step->id);
	reconcile->trigger = TRIGGER_ALL_DONE;
	reconcile->code.call = CALL_RECONCILE;
	parse_add_step(s->p, reconcile);
}

static void add_rewrite(struct spine *s)
{
	struct flow_step *step = new_step(
	    s, STR("rewrite"), "Recommendation after validation", KIND_AGENT, ROLE_REWRITE);

	add_id(s, &step->needs, STR("reconcile"));
	step->size = s->synthesizer->size;
	step->cond = made(s, "steps.reconcile.json.recommendation_hit");
	step->may_fail = true;
	step->agent = s->synthesizer->agent;
	step->agent.task =
	    made(s, arena_printf(s->p->arena,
			"Validation has hit the recommendation below. Write it "
			"again so that it rests only on what stands, and name "
			"nothing that was refuted. Where that carries no choice, "
			"begin with \"No clear winner\" and say which evidence would "
			"settle it.\n\nThe recommendation:\n\n{{ steps[\"%.*s\"].output "
			"}}\n\nWhat validation found:\n\n"
			"{{ steps.reconcile.json.summary }}\n",
			STR_ARG(s->synthesizer->id)));
	parse_add_step(s->p, step);
}

void parse_spine(struct parse *p, const struct yaml_node *node)
{
	struct spine s = { .p = p, .at = node->at };

	parse_map(p, node, spine_keys, 0, "a spine", &s);
	if (node->type != YAML_MAP)
		return;
	if (!s.has_angles) {
		flow_error_add(p->errors, node->at, "a spine needs `angles`");
		return;
	}
	add_fold(&s);
	finish_assess(&s);
	finish_synthesizer(&s);
	if (s.no_validator)
		return;
	add_validator(&s);
	if (s.synthesizer)
		add_rewrite(&s);
}
