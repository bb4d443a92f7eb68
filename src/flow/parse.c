/* A flow file: the members of the flow itself. Steps are read by parse_step.c. */
#include "flow/parse.h"

#include "base/limits.h"

#include <stdlib.h>

static const char *const input_types[] = { "text", "git-ref", "path", "bool", NULL };

/* --- maps by table ---------------------------------------------------------------------- */

static const struct key *find_key(const struct key *table, struct str name)
{
	for (; table->name; table++)
		if (str_is(name, table->name))
			return table;
	return NULL;
}

static void unknown_key(
    struct parse *p, const struct yaml_pair *pair, const struct key *table, const char *what)
{
	const char *words[64];
	size_t n = 0;

	for (; table->name && n < 63; table++)
		words[n++] = table->name;
	words[n] = NULL;
	const char *near = nearest_word(pair->key, words);

	flow_error_add(p->errors, pair->at, "unknown key '%.*s' in %s%s%s%s",
	    STR_ARG(str_take(pair->key, 60)), what, near ? "; did you mean '" : "",
	    near ? near : "", near ? "'?" : "");
}

void parse_map(struct parse *p, const struct yaml_node *map, const struct key *table, unsigned kind,
    const char *what, void *target)
{
	if (map->type != YAML_MAP) {
		flow_error_add(p->errors, map->at, "%s is a mapping", what);
		return;
	}
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_pair *pair = &map->pairs[i];
		const struct key *key = find_key(table, pair->key);

		if (!key)
			unknown_key(p, pair, table, what);
		else if (key->kinds && !(key->kinds & KIND_BIT(kind)))
			flow_error_add(p->errors, pair->at,
			    "key '%s' does not belong to a step of kind %s", key->name,
			    step_kind_name((enum step_kind)kind));
		else
			key->read(p, pair->value, target);
	}
}

/* --- the flow --------------------------------------------------------------------------- */

bool flow_is_slug(struct str s)
{
	bool ok = s.n >= 1 && s.n <= 64;

	for (size_t i = 0; i < s.n; i++)
		ok &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      s.p[i] == '-';
	return ok;
}

static void read_name(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow *f = target;

	if (yaml_read_text(v, p->errors, &f->name) && !flow_is_slug(f->name))
		flow_error_add(
		    p->errors, v->at, "a flow's name has 1 to 64 of the characters a-z, 0-9 and -");
}

static void read_title(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_text(v, p->errors, &((struct flow *)target)->title);
}

static void read_summary(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_text(v, p->errors, &((struct flow *)target)->summary);
}

static void read_when(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_text(v, p->errors, &((struct flow *)target)->when_to_use);
}

static void read_category(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (!yaml_read_text(v, p->errors, &s))
		return;
	int c = flow_category_parse(s);

	if (c < 0)
		flow_error_add(p->errors, v->at,
		    "unknown category '%.*s'; one of analysis, discovery, "
		    "planning, authoring, review",
		    STR_ARG(str_take(s, 40)));
	else
		((struct flow *)target)->category = (enum flow_category)c;
}

static void read_fence(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (!yaml_read_text(v, p->errors, &s))
		return;
	int fence = flow_fence_parse(s);

	if (fence < 0)
		flow_error_add(
		    p->errors, v->at, "unknown fence '%.*s'; any or A", STR_ARG(str_take(s, 40)));
	else
		((struct flow *)target)->fence = (enum flow_fence)fence;
}

static void read_contracts(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_texts(p->arena, v, p->errors, &((struct flow *)target)->contracts);
}

static void read_next(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_texts(p->arena, v, p->errors, &((struct flow *)target)->next);
}

/* --- input ------------------------------------------------------------------------------ */

static void read_input_label(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_text(v, p->errors, &((struct flow_input *)target)->label);
}

static void read_input_placeholder(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_text(v, p->errors, &((struct flow_input *)target)->placeholder);
}

static void read_input_type(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow_input *in = target;

	if (!yaml_read_text(v, p->errors, &in->type))
		return;
	for (const char *const *t = input_types; *t; t++)
		if (str_is(in->type, *t))
			return;
	flow_error_add(p->errors, v->at, "unknown type '%.*s'; one of text, git-ref, path, bool",
	    STR_ARG(str_take(in->type, 40)));
}

static void read_input_required(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_bool(v, p->errors, &((struct flow_input *)target)->required);
}

const struct key input_keys[] = {
	{ "label", 0, read_input_label, "what the field is called" },
	{ "placeholder", 0, read_input_placeholder, "an example of what to write there" },
	{ "type", 0, read_input_type, "text (default), git-ref, path or bool" },
	{ "required", 0, read_input_required,
	    "must be given (default false; the question always is)" },
	{ 0 },
};

static void read_input(struct parse *p, const struct yaml_node *v, void *target)
{
	struct flow *f = target;

	if (v->type != YAML_MAP) {
		flow_error_add(p->errors, v->at, "input is a mapping of names");
		return;
	}
	struct flow_input *inputs = arena_array(p->arena, v->n + 1, sizeof(*inputs));
	size_t n = 1;

	inputs[0] = f->inputs[0];
	for (size_t i = 0; i < v->n; i++) {
		bool question = str_is(v->pairs[i].key, "question");
		struct flow_input *in = question ? &inputs[0] : &inputs[n++];

		if (!question)
			*in = (struct flow_input){ .name = v->pairs[i].key, .type = STR("text") };
		parse_map(p, v->pairs[i].value, input_keys, 0, "an input", in);
		if (!in->label.n)
			in->label = in->name;
	}
	f->inputs = inputs;
	f->n_inputs = n;
}

/* --- report, steps ---------------------------------------------------------------------- */

static void read_report_title(struct parse *p, const struct yaml_node *v, void *target)
{
	struct str s;

	if (yaml_read_text(v, p->errors, &s))
		((struct flow *)target)->report_title = parse_source(v);
}

static void read_report_sections(struct parse *p, const struct yaml_node *v, void *target)
{
	yaml_read_texts(p->arena, v, p->errors, &((struct flow *)target)->report_sections);
}

const struct key report_keys[] = {
	{ "title", 0, read_report_title, "template of the report's title" },
	{ "sections", 0, read_report_sections,
	    "step ids in the order in which their texts appear" },
	{ 0 },
};

static void read_report(struct parse *p, const struct yaml_node *v, void *target)
{
	parse_map(p, v, report_keys, 0, "report", target);
}

static void read_steps(struct parse *p, const struct yaml_node *v, void *target)
{
	(void)target;
	if (v->type != YAML_LIST) {
		flow_error_add(p->errors, v->at, "steps is a list");
		return;
	}
	for (size_t i = 0; i < v->n; i++)
		parse_add_step(p, parse_step(p, v->items[i], NULL, -1));
}

static void read_spine(struct parse *p, const struct yaml_node *v, void *target)
{
	(void)target;
	parse_spine(p, v);
}

const struct key flow_keys[] = {
	{ "flow", 0, read_name, "its name: a-z, 0-9 and -" },
	{ "title", 0, read_title, "what people read" },
	{ "category", 0, read_category, "analysis, discovery, planning, authoring or review" },
	{ "summary", 0, read_summary, "one line for lists" },
	{ "when_to_use", 0, read_when, "when it is the right one" },
	{ "fence", 0, read_fence, "A: no agent or command runs behind a lesser one (any)" },
	{ "contracts", 0, read_contracts, "rule texts added to every agent's prompt" },
	{ "input", 0, read_input, "what the user is asked for; question is always there" },
	{ "spine", 0, read_spine, "angles, fold, assess, synthesizer, validator in short form" },
	{ "steps", 0, read_steps, "the steps in plain form" },
	{ "report", 0, read_report, "title and order of the report" },
	{ "next", 0, read_next, "flows that naturally follow" },
	{ 0 },
};

/* --- all together ----------------------------------------------------------------------- */

static void number_steps(struct parse *p, struct flow_step *s, struct flow_step **all, size_t *n)
{
	s->index = *n;
	all[(*n)++] = s;
	if (s->kind == KIND_EACH && s->each.body)
		number_steps(p, s->each.body, all, n);
	for (size_t i = 0; s->kind == KIND_LOOP && i < s->loop.n_body; i++)
		number_steps(p, s->loop.body[i], all, n);
}

static size_t count_steps(const struct flow_step *s)
{
	size_t n = 1;

	if (s->kind == KIND_EACH && s->each.body)
		n += count_steps(s->each.body);
	for (size_t i = 0; s->kind == KIND_LOOP && i < s->loop.n_body; i++)
		n += count_steps(s->loop.body[i]);
	return n;
}

static void collect(struct parse *p)
{
	struct flow *f = p->flow;
	size_t total = 0;

	f->steps = p->steps;
	f->n_steps = p->n_steps;
	for (size_t i = 0; i < f->n_steps; i++)
		total += count_steps(f->steps[i]);
	f->all = arena_array(p->arena, total, sizeof(struct flow_step *));
	for (size_t i = 0; i < f->n_steps; i++)
		number_steps(p, f->steps[i], f->all, &f->n_all);
}

static void require(struct parse *p, const struct yaml_node *root, const char *key)
{
	if (!yaml_get(root, key))
		flow_error_add(p->errors, root->at, "key '%s' is missing", key);
}

static void read_root(struct parse *p, const struct yaml_node *root)
{
	struct flow *f = p->flow;

	parse_map(p, root, flow_keys, 0, "a flow", f);
	if (root->type != YAML_MAP)
		return;
	require(p, root, "flow");
	require(p, root, "category");
	require(p, root, "summary");
	if (!yaml_get(root, "steps") && !yaml_get(root, "spine"))
		flow_error_add(p->errors, root->at, "a flow needs `steps` or a `spine`");
	if (!f->title.n)
		f->title = f->name;
	collect(p);
	check_flow(p);
}

int flow_parse(struct arena *a, const char *file, struct str text, struct flow **ret,
    struct flow_errors *errors)
{
	struct flow *f = arena_new(a, struct flow);
	struct parse p = { .arena = a, .flow = f, .errors = errors };

	*errors = (struct flow_errors){ .arena = a };
	f->file = arena_cstr(a, str_from(file));
	f->text = arena_dup(a, text);
	f->inputs = arena_new(a, struct flow_input);
	f->inputs[0] = (struct flow_input){ .name = STR("question"),
		.label = STR("Question"),
		.type = STR("text"),
		.required = true };
	f->n_inputs = 1;
	struct yaml_node *root = yaml_parse(a, f->file, f->text, errors);

	if (root)
		read_root(&p, root);
	if (errors->n) {
		flow_release(f);
		return -EINVAL;
	}
	*ret = f;
	return 0;
}

void flow_release(struct flow *f)
{
	for (size_t i = 0; i < f->n_refs; i++)
		json_decref(f->refs[i]);
	f->n_refs = 0;
}

bool flow_step_exists(const struct flow_step *s, enum flow_size size)
{
	for (; s; s = s->parent)
		if (s->size > size)
			return false;
	return true;
}

const struct flow_input *flow_find_input(const struct flow *f, struct str name)
{
	for (size_t i = 0; i < f->n_inputs; i++)
		if (str_eq(f->inputs[i].name, name))
			return &f->inputs[i];
	return NULL;
}

const struct flow_input *flow_missing_input(const struct flow *f, const json_t *input)
{
	for (size_t i = 0; i < f->n_inputs; i++) {
		const struct flow_input *in = &f->inputs[i];
		const json_t *value = json_object_getn(input, in->name.p, in->name.n);

		if (in->required && !str_trim(str_from(json_string_value(value))).n)
			return in;
	}
	return NULL;
}

const struct flow_step *flow_find(const struct flow *f, struct str id)
{
	for (size_t i = 0; i < f->n_all; i++)
		if (str_eq(f->all[i]->id, id))
			return f->all[i];
	return NULL;
}
