/* A flow in its plain form: YAML that parses to the same steps. */
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "flow/flow.h"

#include <stdlib.h>

struct printer {
	struct buf b;
	unsigned indent;
};

static void pad(struct printer *p)
{
	for (unsigned i = 0; i < p->indent; i++)
		buf_addc(&p->b, ' ');
}

/* Breaks that only YAML knows, and what may not stand in a file as it is. */
static bool is_special(uint32_t cp)
{
	return (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029 || cp == 0xfeff ||
	       cp == 0xfffe || cp == 0xffff;
}

/* Block text cannot say blank lines or blanks at the front, control or special characters. */
static bool fits_block(struct str s)
{
	if (str_chr(s, '\n') < 0 || s.p[0] == ' ' || s.p[0] == '\n' || s.p[0] == '\t')
		return false;
	for (uint32_t cp; s.n;) {
		s = str_skip(s, utf8_next(s, &cp));
		if ((cp < 0x20 && cp != '\n' && cp != '\t') || is_special(cp))
			return false;
	}
	return true;
}

/* JSON as YAML: the same, but for what only JSON allows in text. */
static void add_json(struct printer *p, struct str json)
{
	while (json.n) {
		uint32_t cp;
		size_t n = utf8_next(json, &cp);

		if (is_special(cp))
			buf_printf(&p->b, "\\u%04x", (unsigned)cp);
		else
			buf_add(&p->b, str_take(json, n));
		json = str_skip(json, n);
	}
}

static void add_quoted(struct printer *p, struct str s)
{
	struct buf b;

	buf_init(&b, 8 * FLOW_FILE_MAX);
	buf_add_json(&b, s);
	add_json(p, buf_str(&b));
	buf_fini(&b);
}

static void add_block(struct printer *p, struct str s)
{
	size_t newlines = 0;

	while (newlines < s.n && s.p[s.n - 1 - newlines] == '\n')
		newlines++;
	buf_adds(&p->b, newlines == 0 ? "|-\n" : newlines == 1 ? "|\n" : "|+\n");
	struct str rest = { s.p, s.n - (newlines ? 1 : 0) };

	p->indent += 2;
	while (rest.p) {
		struct str line = str_split(&rest, '\n');

		if (line.n)
			pad(p);
		buf_add(&p->b, line);
		buf_addc(&p->b, '\n');
	}
	p->indent -= 2;
}

static void add_text(struct printer *p, struct str s)
{
	if (fits_block(s)) {
		add_block(p, s);
		return;
	}
	add_quoted(p, s);
	buf_addc(&p->b, '\n');
}

static void member(struct printer *p, const char *key, struct str value)
{
	if (!value.p)
		return;
	pad(p);
	buf_printf(&p->b, "%s: ", key);
	add_text(p, value);
}

static void text_member(struct printer *p, const char *key, struct str value)
{
	if (value.n)
		member(p, key, value);
}

static void word(struct printer *p, const char *key, const char *value)
{
	pad(p);
	buf_printf(&p->b, "%s: %s\n", key, value);
}

static void number(struct printer *p, const char *key, unsigned long long value)
{
	pad(p);
	buf_printf(&p->b, "%s: %llu\n", key, value);
}

static void span(struct printer *p, const char *key, msec_t value)
{
	pad(p);
	if (value % 60000 == 0 && value)
		buf_printf(&p->b, "%s: %lldm\n", key, (long long)value / 60000);
	else if (value % 1000 == 0)
		buf_printf(&p->b, "%s: %llds\n", key, (long long)value / 1000);
	else
		buf_printf(&p->b, "%s: %lldms\n", key, (long long)value);
}

static void add_list(struct printer *p, struct strs list)
{
	buf_addc(&p->b, '[');
	for (size_t i = 0; i < list.n; i++) {
		buf_adds(&p->b, i ? ", " : "");
		add_quoted(p, list.v[i]);
	}
	buf_adds(&p->b, "]\n");
}

static void list(struct printer *p, const char *key, struct strs v)
{
	if (!v.n)
		return;
	pad(p);
	buf_printf(&p->b, "%s: ", key);
	add_list(p, v);
}

/* --- kinds ------------------------------------------------------------------------------ */

static void print_step(struct printer *p, const struct flow_step *s);

static void print_schema(struct printer *p, const json_t *schema)
{
	char *text = json_dump(schema);

	pad(p);
	buf_adds(&p->b, "output: {\"schema\": ");
	add_json(p, str_from(text));
	buf_adds(&p->b, "}\n");
	free(text);
}

static void print_agent(struct printer *p, const struct agent_spec *a)
{
	text_member(p, "persona", a->persona);
	member(p, "task", a->task.text);
	text_member(p, "agent", a->agent);
	text_member(p, "model", a->model);
	text_member(p, "effort", a->effort);
	if (a->max_turns)
		number(p, "max_turns", a->max_turns);
	list(p, "tools", a->tools);
	if (a->web == WEB_ONLY)
		word(p, "web", "only");
	if (a->output == OUTPUT_FINDINGS)
		word(p, "output", "findings");
	if (a->output == OUTPUT_SCHEMA)
		print_schema(p, a->schema);
}

static void print_command(struct printer *p, const struct command_spec *c)
{
	if (c->is_shell) {
		member(p, "run", c->argv[2].text);
		return;
	}
	pad(p);
	buf_adds(&p->b, "run:\n");
	for (size_t i = 0; i < c->n_argv; i++) {
		pad(p);
		buf_adds(&p->b, "  - ");
		add_quoted(p, c->argv[i].text);
		buf_addc(&p->b, '\n');
	}
}

static void print_case(struct printer *p, const struct switch_case *c)
{
	pad(p);
	buf_adds(&p->b, "  - label: ");
	add_quoted(p, c->label);
	buf_addc(&p->b, '\n');
	p->indent += 4;
	member(p, "if", c->cond.text);
	list(p, "steps", c->steps);
	p->indent -= 4;
}

/* The default stands last, alone where there are no cases. */
static void print_cases(struct printer *p, const struct switch_spec *sw)
{
	bool only_default = !sw->cases[0].cond.text.p;

	pad(p);
	buf_adds(&p->b, only_default ? "cases: []\n" : "cases:\n");
	for (size_t i = 0; i < sw->n_cases; i++) {
		if (sw->cases[i].cond.text.p) {
			print_case(p, &sw->cases[i]);
			continue;
		}
		pad(p);
		buf_adds(&p->b, "default: ");
		add_list(p, sw->cases[i].steps);
	}
}

static void print_body(struct printer *p, struct flow_step *const *body, size_t n)
{
	pad(p);
	buf_adds(&p->b, "step:\n");
	p->indent += 2;
	for (size_t i = 0; i < n; i++)
		print_step(p, body[i]);
	p->indent -= 2;
}

static void print_kind(struct printer *p, const struct flow_step *s)
{
	switch ((int)s->kind) {
	case KIND_AGENT:
		print_agent(p, &s->agent);
		break;
	case KIND_CODE:
		member(p, "run", s->code.run.text);
		if (s->code.call == CALL_RECONCILE)
			word(p, "call", "reconcile");
		break;
	case KIND_COMMAND:
		print_command(p, &s->command);
		break;
	case KIND_EACH:
		member(p, "over", s->each.over.text);
		text_member(p, "as", s->each.as);
		if (s->each.max_parallel)
			number(p, "max_parallel", s->each.max_parallel);
		print_body(p, &s->each.body, 1);
		break;
	case KIND_SWITCH:
		print_cases(p, &s->sw);
		break;
	case KIND_LOOP:
		member(p, "until", s->loop.until.text);
		number(p, "max", s->loop.max);
		print_body(p, s->loop.body, s->loop.n_body);
		break;
	case KIND_APPROVAL:
		member(p, "ask", s->approval.ask.text);
		list(p, "choices", s->approval.choices);
		text_member(p, "on_timeout", s->approval.on_timeout);
		break;
	case KIND_FLOW:
		text_member(p, "use", s->flow.use);
		if (s->flow.n_with) {
			pad(p);
			buf_adds(&p->b, "with:\n");
		}
		p->indent += 2;
		for (size_t i = 0; i < s->flow.n_with; i++) {
			pad(p);
			add_quoted(p, s->flow.with[i].name);
			buf_adds(&p->b, ": ");
			add_text(p, s->flow.with[i].value.text);
		}
		p->indent -= 2;
		break;
	default:
		break;
	}
}

static void print_retry_on(struct printer *p, uint32_t set)
{
	bool first = true;

	pad(p);
	buf_adds(&p->b, "retry_on: [");
	for (int e = 0; e < ENDINGS; e++) {
		if (!(set & ENDING_BIT((unsigned)e)))
			continue;
		buf_printf(&p->b, "%s%s", first ? "" : ", ", ending_name((enum ending)e));
		first = false;
	}
	buf_adds(&p->b, "]\n");
}

/* As an item of a list, or as the only nested step: both begin where the cursor stands. */
static void print_members(struct printer *p, const struct flow_step *s)
{
	static const char *const triggers[] = { "all_success", "one_success", "all_done" };

	word(p, "kind", step_kind_name(s->kind));
	text_member(p, "label", s->label);
	if (s->role != ROLE_NONE)
		word(p, "role", step_role_name(s->role));
	list(p, "needs", s->needs);
	if (s->trigger != TRIGGER_ALL_SUCCESS)
		word(p, "trigger", triggers[s->trigger]);
	if (s->size != SIZE_SMALL)
		word(p, "size", flow_size_name(s->size));
	member(p, "if", s->cond.text);
	if (s->may_fail)
		word(p, "on_failure", "continue");
	if (s->timeout)
		span(p, "timeout", s->timeout);
	span(p, "stall", s->stall);
	number(p, "retries", s->retries);
	print_retry_on(p, s->retry_on);
	print_kind(p, s);
}

/* Alone in its parent: written as a mapping, so that the plain form is no deeper than the file. */
static bool is_only_child(const struct flow_step *s)
{
	const struct flow_step *parent = s->parent;

	return parent && (parent->kind == KIND_EACH || parent->loop.n_body == 1);
}

static void print_step(struct printer *p, const struct flow_step *s)
{
	bool only = is_only_child(s);

	pad(p);
	buf_printf(&p->b, "%sid: ", only ? "" : "- ");
	add_quoted(p, s->id);
	buf_addc(&p->b, '\n');
	p->indent += only ? 0 : 2;
	print_members(p, s);
	p->indent -= only ? 0 : 2;
}

/* --- the flow --------------------------------------------------------------------------- */

static void print_inputs(struct printer *p, const struct flow *f)
{
	buf_adds(&p->b, "input:\n");
	for (size_t i = 0; i < f->n_inputs; i++) {
		const struct flow_input *in = &f->inputs[i];

		p->indent = 2;
		pad(p);
		add_quoted(p, in->name);
		buf_adds(&p->b, ":\n");
		p->indent = 4;
		text_member(p, "label", in->label);
		text_member(p, "placeholder", in->placeholder);
		text_member(p, "type", in->type);
		word(p, "required", in->required ? "true" : "false");
		p->indent = 0;
	}
}

struct str flow_print_expanded(struct arena *a, const struct flow *f)
{
	struct printer p = { 0 };

	buf_init(&p.b, MIB(8));
	text_member(&p, "flow", f->name);
	text_member(&p, "title", f->title);
	word(&p, "category", flow_category_name(f->category));
	member(&p, "summary", f->summary);
	text_member(&p, "when_to_use", f->when_to_use);
	if (f->fence != FLOW_FENCE_ANY)
		word(&p, "fence", flow_fence_name(f->fence));
	list(&p, "contracts", f->contracts);
	print_inputs(&p, f);
	buf_adds(&p.b, "steps:\n");
	p.indent = 2;
	for (size_t i = 0; i < f->n_steps; i++)
		print_step(&p, f->steps[i]);
	p.indent = 0;
	if (f->report_title.text.p || f->report_sections.n) {
		buf_adds(&p.b, "report:\n");
		p.indent = 2;
		member(&p, "title", f->report_title.text);
		list(&p, "sections", f->report_sections);
		p.indent = 0;
	}
	list(&p, "next", f->next);
	struct str out = arena_dup(a, buf_str(&p.b));

	buf_fini(&p.b);
	return out;
}
