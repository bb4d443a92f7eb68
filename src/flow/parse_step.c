/* Steps: one table of keys, one reader a key, defaults by kind. */
#include "flow/parse.h"

#include "base/limits.h"
#include "flow/output.h"

#include <stdlib.h>

#define MINUTE ((msec_t)60 * 1000)
#define RETRIES_MAX 10
#define UNSET UINT32_MAX

#define K(kind) KIND_BIT(KIND_##kind)

static const char *const triggers[] = { "all_success", "one_success", "all_done", NULL };

struct source parse_source(const struct yaml_node *node)
{
	if (node->type != YAML_SCALAR)
		return (struct source){ { "", 0 }, node->at };
	return (struct source){ node->text, node->at };
}

static bool is_word_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_is(word, *words))
			return true;
	return false;
}

static void read_word(struct parse *p, const struct yaml_node *v, const char *what,
    const char *const *words, struct str *ret)
{
	if (!yaml_read_text(v, p->errors, ret) || is_word_of(*ret, words))
		return;
	const char *near = nearest_word(*ret, words);

	flow_error_add(p->errors, v->at, "unknown %s '%.*s'%s%s%s", what,
	    STR_ARG(str_take(*ret, 40)), near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "");
	*ret = (struct str){ "", 0 };
}

/* --- every step ------------------------------------------------------------------------- */

static void read_id(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_step *s = target;
	bool ok = true;

	if (!yaml_read_text(v, p->errors, &s->id))
		return;
	ok = s->id.n >= 1 && s->id.n <= 64;
	for (size_t i = 0; i < s->id.n; i++) {
		char c = s->id.p[i];

		ok &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
	}
	if (!ok)
		flow_error_add(p->errors, v->at,
		    "a step's id has 1 to 64 of the characters a-z, 0-9, - and _");
	else if (str_is(s->id, "snapshot"))
		flow_error_add(p->errors, v->at, "the id 'snapshot' is the engine's own");
}

static void read_nothing(struct parse *p, const struct yaml_node *v, void *target)
{
	(void)p; /* kind: was read first */
	(void)v;
	(void)target;
}

static void read_label(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_text(v, p->errors, &((struct flow_step *)target)->label);
}

static void read_needs(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_texts(p->arena, v, p->errors, &((struct flow_step *)target)->needs);
}

static void read_trigger(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	read_word(p, v, "trigger", triggers, &s);
	for (int i = 0; triggers[i]; i++)
		if (str_is(s, triggers[i]))
			((struct flow_step *)target)->trigger = (enum step_trigger)i;
}

static void read_size(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (!yaml_read_text(v, p->errors, &s))
		return;
	int size = flow_size_parse(s);

	if (size < 0 || size == SIZE_AUTO)
		flow_error_add(p->errors, v->at, "unknown size '%.*s'; small, medium or large",
		    STR_ARG(str_take(s, 40)));
	else
		((struct flow_step *)target)->size = (enum flow_size)size;
}

static void read_if(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (yaml_read_text(v, p->errors, &s))
		((struct flow_step *)target)->cond = parse_source(v);
}

static void read_on_failure(struct parse *p, const struct yaml_node *v, void *target)
{
	static const char *const words[] = { "fail", "continue", NULL };
	struct str s;

	read_word(p, v, "on_failure", words, &s);
	((struct flow_step *)target)->may_fail = str_is(s, "continue");
}

static void read_timeout(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_span(v, p->errors, &((struct flow_step *)target)->timeout);
}

static void read_stall(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_span(v, p->errors, &((struct flow_step *)target)->stall);
}

static void read_retries(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_uint(v, RETRIES_MAX, p->errors, &((struct flow_step *)target)->retries);
}

static const enum ending retryable[] = { ENDING_CRASHED, ENDING_TIMED_OUT, ENDING_STALLED,
	ENDING_ENDPOINT_DOWN, ENDING_RATE_LIMITED, ENDING_QUOTA, ENDING_EMPTY, ENDING_ASKED,
	ENDING_REFUSED, ENDING_TRUNCATED, ENDING_CONTRACT_BROKEN };

static bool is_retryable(int ending)
{
	for (size_t i = 0; i < sizeof(retryable) / sizeof(retryable[0]); i++)
		if ((int)retryable[i] == ending)
			return true;
	return false;
}

static void read_retry_on(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_step *s = target;
	struct strs words;

	s->retry_on = 0;
	if (!yaml_read_texts(p->arena, v, p->errors, &words))
		return;
	for (size_t i = 0; i < words.n; i++) {
		int ending = ending_parse(words.v[i]);

		if (is_retryable(ending))
			s->retry_on |= ENDING_BIT((unsigned)ending);
		else
			flow_error_add(p->errors, v->at,
			    "retry_on: '%.*s' is no ending to retry on",
			    STR_ARG(str_take(words.v[i], 40)));
	}
}

static void read_role(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (!yaml_read_text(v, p->errors, &s))
		return;
	int role = step_role_parse(s);

	if (role < 0)
		flow_error_add(p->errors, v->at, "unknown role '%.*s'", STR_ARG(str_take(s, 40)));
	else
		((struct flow_step *)target)->role = (enum step_role)role;
}

/* --- agent ------------------------------------------------------------------------------ */

#define READ_TEXT(name, member)                                                           \
	static void read_##name(struct parse *p, const struct yaml_node *v, void *target) \
	{                                                                                 \
		yaml_read_text(v, p->errors, &((struct flow_step *)target)->member);      \
	}

READ_TEXT(persona, agent.persona)
READ_TEXT(agent, agent.agent)
READ_TEXT(model, agent.model)
READ_TEXT(as, each.as)
READ_TEXT(use, flow.use)
READ_TEXT(on_timeout, approval.on_timeout)

static void read_task(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (yaml_read_text(v, p->errors, &s))
		((struct flow_step *)target)->agent.task = parse_source(v);
}

static void read_effort(struct parse *p, const struct yaml_node *v, void *target)
{
	static const char *const words[] = { "low", "medium", "high", NULL };

	read_word(p, v, "effort", words, &((struct flow_step *)target)->agent.effort);
}

static void read_max_turns(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_uint(v, 1000, p->errors, &((struct flow_step *)target)->agent.max_turns);
}

static void read_tools(struct parse *p, const struct yaml_node *v, void *target)
{
	struct strs *tools = &((struct flow_step *)target)->agent.tools;

	if (!yaml_read_texts(p->arena, v, p->errors, tools))
		return;
	for (size_t i = 0; i < tools->n; i++)
		if (!is_word_of(tools->v[i], read_only_tools))
			flow_error_add(p->errors, v->at, "unknown tool '%.*s'",
			    STR_ARG(str_take(tools->v[i], 40)));
}

static void read_web(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_step *s = target;
	struct str word;

	if (!yaml_read_text(v, p->errors, &word))
		return;
	if (!str_is(word, "false") && !str_is(word, "only"))
		flow_error_add(p->errors, v->at, "web is false or only");
	s->agent.web = str_is(word, "only") ? WEB_ONLY : WEB_NONE;
}

/* JSON values are counted, arenas are not: the flow remembers what flow_release has to give back.
 */
static json_t *keep_json(struct parse *p, json_t *value)
{
	struct flow *f = p->flow;
	json_t **more = arena_array(p->arena, f->n_refs + 1, sizeof(json_t *));

	if (f->n_refs)
		memcpy(more, f->refs, f->n_refs * sizeof(json_t *));
	more[f->n_refs++] = value;
	f->refs = more;
	return value;
}

static void read_output(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_step *s = target;
	struct yaml_node *schema = yaml_get(v, "schema");

	if (v->type == YAML_SCALAR && str_is(v->text, "findings")) {
		s->agent.output = OUTPUT_FINDINGS;
	} else if (v->type == YAML_SCALAR && str_is(v->text, "text")) {
		s->agent.output = OUTPUT_TEXT;
	} else if (schema && v->n == 1) {
		s->agent.output = OUTPUT_SCHEMA;
		s->agent.schema = keep_json(p, yaml_to_json(schema));
		output_check_schema(s->agent.schema, schema->at, p->errors);
	} else {
		flow_error_add(p->errors, v->at, "output is text, findings or {schema: …}");
	}
}

/* --- code, command ---------------------------------------------------------------------- */

static void set_argv(struct parse *p, struct flow_step *s, const struct yaml_node *v)
{
	s->command.argv = arena_array(p->arena, v->n + 3, sizeof(struct source));
	if (v->type == YAML_SCALAR) {
		s->command.is_shell = true;
		s->command.argv[0] = (struct source){ STR("/bin/sh"), v->at };
		s->command.argv[1] = (struct source){ STR("-c"), v->at };
		s->command.argv[2] = parse_source(v);
		s->command.n_argv = 3;
		return;
	}
	if (v->type != YAML_LIST || !v->n) {
		flow_error_add(p->errors, v->at, "run is a list of arguments or shell text");
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		struct str word;

		if (yaml_read_text(v->items[i], p->errors, &word))
			s->command.argv[s->command.n_argv++] = parse_source(v->items[i]);
	}
}

static void read_run(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_step *s = target;
	struct str text;

	if (s->kind == KIND_COMMAND)
		set_argv(p, s, v);
	else if (yaml_read_text(v, p->errors, &text))
		s->code.run = parse_source(v);
}

static void read_call(struct parse *p, const struct yaml_node *v, void *target)
{
	static const char *const words[] = { "reconcile", NULL };
	struct str s;

	read_word(p, v, "function", words, &s);
	((struct flow_step *)target)->code.call = CALL_RECONCILE;
}

/* --- each, loop ------------------------------------------------------------------------- */

static void read_over(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (yaml_read_text(v, p->errors, &s))
		((struct flow_step *)target)->each.over = parse_source(v);
}

static void read_max_parallel(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_uint(
	    v, EACH_ITEMS_MAX, p->errors, &((struct flow_step *)target)->each.max_parallel);
}

static void read_body(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_step *s = target;

	if (s->kind == KIND_EACH) {
		s->each.body = parse_step(p, v, s, -1);
		return;
	}
	size_t n = v->type == YAML_LIST ? v->n : 1;

	s->loop.body = arena_array(p->arena, n, sizeof(struct flow_step *));
	for (size_t i = 0; i < n; i++)
		s->loop.body[s->loop.n_body++] =
		    parse_step(p, v->type == YAML_LIST ? v->items[i] : v, s, -1);
}

static void read_until(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (yaml_read_text(v, p->errors, &s))
		((struct flow_step *)target)->loop.until = parse_source(v);
}

static void read_max(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_step *s = target;

	if (yaml_read_uint(v, LOOP_ROUNDS_MAX, p->errors, &s->loop.max) && !s->loop.max)
		flow_error_add(p->errors, v->at, "max is 1 to %d", LOOP_ROUNDS_MAX);
}

/* --- switch ----------------------------------------------------------------------------- */

static void read_case_label(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_text(v, p->errors, &((struct switch_case *)target)->label);
}

static void read_case_if(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (yaml_read_text(v, p->errors, &s))
		((struct switch_case *)target)->cond = parse_source(v);
}

static void read_case_steps(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_texts(p->arena, v, p->errors, &((struct switch_case *)target)->steps);
}

const struct key case_keys[] = {
	{ "label", 0, read_case_label, "what the case is called; the switch's output" },
	{ "if", 0, read_case_if, "expression; the first true case wins" },
	{ "steps", 0, read_case_steps, "ids of the steps that run then" },
	{ 0 },
};

static struct switch_case *add_case(struct parse *p, struct flow_step *s)
{
	struct switch_case *more = arena_array(p->arena, s->sw.n_cases + 1, sizeof(*more));

	if (s->sw.n_cases)
		memcpy(more, s->sw.cases, s->sw.n_cases * sizeof(*more));
	s->sw.cases = more;
	return &more[s->sw.n_cases++];
}

static void read_cases(struct parse *p, const struct yaml_node *v, void *target)
{
	if (v->type != YAML_LIST) {
		flow_error_add(p->errors, v->at, "cases is a list");
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		struct switch_case *c = add_case(p, target);

		parse_map(p, v->items[i], case_keys, 0, "a case", c);
		if (!c->cond.text.p)
			flow_error_add(p->errors, v->items[i]->at, "a case needs `if`");
		if (!c->label.n)
			c->label = c->cond.text;
	}
}

/* The default case stands last, wherever it was written. */
static void default_last(struct switch_spec *sw)
{
	for (size_t i = 0; i + 1 < sw->n_cases; i++) {
		struct switch_case c = sw->cases[i];

		if (c.cond.text.p)
			continue;
		memmove(&sw->cases[i], &sw->cases[i + 1], (sw->n_cases - i - 1) * sizeof(c));
		sw->cases[sw->n_cases - 1] = c;
		return;
	}
}

static void read_default(struct parse *p, const struct yaml_node *v, void *target)
{
	struct switch_case *c = add_case(p, target);

	c->label = STR("default");
	yaml_read_texts(p->arena, v, p->errors, &c->steps);
}

/* --- approval, flow --------------------------------------------------------------------- */

static void read_ask(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (yaml_read_text(v, p->errors, &s))
		((struct flow_step *)target)->approval.ask = parse_source(v);
}

static void read_choices(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_texts(p->arena, v, p->errors, &((struct flow_step *)target)->approval.choices);
}

static void read_with(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_spec *spec = &((struct flow_step *)target)->flow;

	if (v->type != YAML_MAP) {
		flow_error_add(p->errors, v->at, "with is a mapping of inputs");
		return;
	}
	spec->with = arena_array(p->arena, v->n, sizeof(*spec->with));
	for (size_t i = 0; i < v->n; i++) {
		struct str s;

		if (yaml_read_text(v->pairs[i].value, p->errors, &s))
			spec->with[spec->n_with++] =
			    (struct flow_with){ v->pairs[i].key, parse_source(v->pairs[i].value) };
	}
}

const struct key step_keys[] = {
	{ "id", 0, read_id, "unique in the flow; addressed as steps.ID" },
	{ "kind", 0, read_nothing,
	    "agent (if there is a persona), code, command, each, switch, loop, "
	    "approval, flow" },
	{ "label", 0, read_label, "what people read (default: the id)" },
	{ "role", 0, read_role,
	    "its part in the report: angle, fold, assess, synthesizer, validator, "
	    "reconcile, rewrite" },
	{ "needs", 0, read_needs, "ids of the steps it waits for" },
	{ "trigger", 0, read_trigger, "all_success (default), one_success or all_done" },
	{ "size", 0, read_size, "smallest size at which it exists (default small)" },
	{ "if", 0, read_if, "expression; false skips the step, with the reason shown" },
	{ "on_failure", 0, read_on_failure,
	    "fail the run (default), or continue with a named gap" },
	{ "timeout", 0, read_timeout,
	    "wall-clock limit of one try (30m agent, 5m command, 10s code)" },
	{ "stall", 0, read_stall, "limit without a sign of life (5m)" },
	{ "retries", 0, read_retries, "further tries (1)" },
	{ "retry_on", 0, read_retry_on, "endings that are tried again" },
	{ "persona", K(AGENT), read_persona, "the role text" },
	{ "task", K(AGENT), read_task, "template: what to do" },
	{ "agent", K(AGENT), read_agent, "the program (default: the run's)" },
	{ "model", K(AGENT), read_model, "the model (default: the run's)" },
	{ "effort", K(AGENT), read_effort, "low, medium or high" },
	{ "max_turns", K(AGENT), read_max_turns, "limit of model turns" },
	{ "tools", K(AGENT), read_tools, "subset of the read-only tools" },
	{ "web", K(AGENT), read_web, "false, or only: then no repository content and no path" },
	{ "output", K(AGENT), read_output, "text (default), findings, or {schema: …}" },
	{ "run", K(CODE) | K(COMMAND), read_run, "code: a Lua chunk; command: argv or shell text" },
	{ "call", K(CODE), read_call, "a built-in function instead of run: reconcile" },
	{ "over", K(EACH), read_over, "expression giving a list" },
	{ "as", K(EACH), read_as, "name of the item in the nested step" },
	{ "max_parallel", K(EACH), read_max_parallel, "children at once" },
	{ "step", K(EACH) | K(LOOP), read_body, "the nested step; a loop may have a list" },
	{ "until", K(LOOP), read_until, "expression; true ends the loop" },
	{ "max", K(LOOP), read_max, "rounds at most, 1 to 20" },
	{ "cases", K(SWITCH), read_cases, "ordered list of {label, if, steps}" },
	{ "default", K(SWITCH), read_default, "steps that run when no case is true" },
	{ "ask", K(APPROVAL), read_ask, "template: the question to a person" },
	{ "choices", K(APPROVAL), read_choices, "answers (default approve, reject)" },
	{ "on_timeout", K(APPROVAL), read_on_timeout, "a choice, or fail (default)" },
	{ "use", K(FLOW), read_use, "another flow's name" },
	{ "with", K(FLOW), read_with, "its inputs, as templates" },
	{ 0 },
};

/* --- one step --------------------------------------------------------------------------- */

static int kind_of(struct parse *p, const struct yaml_node *node, int fallback)
{
	const struct yaml_node *v = yaml_get(node, "kind");
	struct str s;

	if (!v) {
		if (yaml_get(node, "persona") || fallback >= 0)
			return fallback >= 0 ? fallback : KIND_AGENT;
		flow_error_add(p->errors, node->at, "a step needs a `kind` (or a persona)");
		return -1;
	}
	if (!yaml_read_text(v, p->errors, &s))
		return -1;
	int kind = step_kind_parse(s);

	if (kind >= 0 && kind != KIND_SNAPSHOT)
		return kind;
	flow_error_add(p->errors, v->at,
	    "unknown kind '%.*s'; agent, code, command, each, switch, loop, "
	    "approval or flow",
	    STR_ARG(str_take(s, 40)));
	return -1;
}

static const char *missing_part(const struct flow_step *s)
{
	switch ((int)s->kind) {
	case KIND_AGENT:
		return !s->agent.persona.n ? "persona" : !s->agent.task.text.p ? "task" : NULL;
	case KIND_CODE:
		return !s->code.run.text.p && !s->code.call ? "run" : NULL;
	case KIND_COMMAND:
		return !s->command.argv ? "run" : NULL;
	case KIND_EACH:
		return !s->each.over.text.p ? "over" : !s->each.body ? "step" : NULL;
	case KIND_SWITCH:
		return !s->sw.n_cases ? "cases" : NULL;
	case KIND_LOOP:
		return !s->loop.n_body	       ? "step"
		       : !s->loop.until.text.p ? "until"
		       : !s->loop.max	       ? "max"
					       : NULL;
	case KIND_APPROVAL:
		return !s->approval.ask.text.p ? "ask" : NULL;
	case KIND_FLOW:
		return !s->flow.use.n ? "use" : NULL;
	default:
		return NULL;
	}
}

void parse_step_defaults(struct flow_step *s)
{
	static const msec_t timeouts[STEP_KINDS] = {
		[KIND_AGENT] = 30 * MINUTE, [KIND_COMMAND] = 5 * MINUTE, [KIND_CODE] = 10 * 1000
	};

	if (!s->timeout)
		s->timeout = timeouts[s->kind];
	if (!s->stall)
		s->stall = 5 * MINUTE;
	if (s->retries == UNSET)
		s->retries = 1;
	if (s->retry_on == UNSET)
		s->retry_on = ENDING_BIT(ENDING_CRASHED) | ENDING_BIT(ENDING_TIMED_OUT) |
			      ENDING_BIT(ENDING_ENDPOINT_DOWN) | ENDING_BIT(ENDING_RATE_LIMITED) |
			      ENDING_BIT(ENDING_EMPTY) | ENDING_BIT(ENDING_CONTRACT_BROKEN);
	if (!s->label.n)
		s->label = s->id;
	if (s->kind == KIND_APPROVAL && !s->approval.choices.n) {
		static struct str choices[] = { { "approve", 7 }, { "reject", 6 } };

		s->approval.choices = (struct strs){ choices, 2 };
	}
	if (s->kind == KIND_EACH && !s->each.as.n)
		s->each.as = STR("item");
}

struct flow_step *parse_step(
    struct parse *p, const struct yaml_node *node, struct flow_step *parent, int default_kind)
{
	struct flow_step *s = arena_new(p->arena, struct flow_step);
	int kind = node->type == YAML_MAP ? kind_of(p, node, default_kind) : KIND_CODE;

	s->at = node->at;
	s->parent = parent;
	s->retries = s->retry_on = UNSET;
	s->kind = kind < 0 ? KIND_CODE : (enum step_kind)kind;
	if (kind < 0) { /* its other keys cannot be judged */
		const struct yaml_node *id = yaml_get(node, "id");

		if (id)
			read_id(p, id, s);
		parse_step_defaults(s);
		return s;
	}
	size_t before = p->errors->n;

	parse_map(p, node, step_keys, s->kind, "a step", s);
	if (s->kind == KIND_SWITCH)
		default_last(&s->sw);
	if (node->type == YAML_MAP && default_kind < 0 && !s->id.n && p->errors->n == before)
		flow_error_add(p->errors, node->at, "a step needs an `id`");
	const char *missing = default_kind < 0 && node->type == YAML_MAP ? missing_part(s) : NULL;

	/* a key that was only mistyped is not missing, too; one without a value is */
	if (missing && p->errors->n == before)
		flow_error_add(p->errors, node->at, "step '%.*s' of kind %s needs `%s`",
		    STR_ARG(s->id), step_kind_name(s->kind), missing);
	parse_step_defaults(s);
	return s;
}

void parse_add_step(struct parse *p, struct flow_step *step)
{
	p->steps = arena_grow(p->arena, p->steps, p->n_steps, &p->cap_steps, sizeof(*p->steps));
	p->steps[p->n_steps++] = step;
}
