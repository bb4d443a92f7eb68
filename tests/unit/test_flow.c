#include "check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "flow/embedded.h"
#include "flow/multiply.h"
#include "flow/parse.h"
#include "sys/fs.h"

#include <stdlib.h>

static struct arena *a;
static struct flow_errors errors;

static int setup(void **state)
{
	(void)state;
	a = arena_create("test", MIB(64));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(a);
	return 0;
}

static struct flow *parse(const char *text)
{
	struct flow *f = NULL;

	if (flow_parse(a, "t.yaml", str_from(text), &f, &errors) < 0)
		return NULL;
	return f;
}

static struct str errors_text(void)
{
	struct buf b;

	buf_init(&b, KIB(64));
	for (size_t i = 0; i < errors.n; i++)
		buf_printf(&b, "%u:%u %s\n", errors.v[i].at.line, errors.v[i].at.column,
		    errors.v[i].message);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

#define HEAD "flow: t\ncategory: analysis\nsummary: s\nsteps:\n"

static struct str read_file(const char *name)
{
	struct str text;

	assert_int_equal(fs_read(a, fs_join(a, getenv("TUTTI_SOURCE"), name), KIB(64), &text), 0);
	return text;
}

static void ten_mistakes_give_ten_errors_with_their_places(void **state)
{
	struct flow *f;

	(void)state;
	assert_int_equal(flow_parse(a, "ten-mistakes.yaml",
			     read_file("tests/flows/ten-mistakes.yaml"), &f, &errors),
	    -EINVAL);
	assert_str(errors_text(),
	    "1:7 a flow's name has 1 to 64 of the characters a-z, 0-9 and -\n"
	    "2:11 unknown category 'analysys'; one of analysis, discovery, planning, authoring, "
	    "review\n"
	    "7:5 unknown key 'tsak' in a step; did you mean 'task'?\n"
	    "8:5 step 'second' needs unknown step 'frist'; did you mean 'first'?\n"
	    "10:10 unexpected symbol near <eof>\n"
	    "12:5 steps wait for each other: third needs fourth needs third\n"
	    "20:5 step id 'fourth' is used twice (also on line 16)\n"
	    "22:16 `{{` without its `}}`\n"
	    "25:10 a number from 0 to 20 is expected here\n"
	    "27:59 a time such as 90s, 5m or 1h is expected here\n");
}

static void a_fence_is_asked_for_and_nothing_less(void **state)
{
	struct flow *f = parse(HEAD "  - {id: a, persona: p, task: t}\n");
	struct flow *strict = parse("fence: A\n" HEAD "  - {id: a, persona: p, task: t}\n");

	(void)state;
	assert_int_equal(f->fence, FLOW_FENCE_ANY);
	assert_int_equal(strict->fence, FLOW_FENCE_A);
	assert_non_null(strstr(flow_print_expanded(a, strict).p, "\nfence: A\n"));
	assert_null(parse("fence: C\n" HEAD "  - {id: a, persona: p, task: t}\n"));
	assert_str(errors_text(), "1:8 unknown fence 'C'; any or A\n");
}

static void defaults_depend_on_the_kind(void **state)
{
	struct flow *f = parse(HEAD "  - {id: a, persona: p, task: t}\n"
				    "  - {id: b, kind: code, run: return 1}\n"
				    "  - {id: c, kind: command, run: 'ls | wc -l'}\n");

	(void)state;
	assert_non_null(f);
	assert_int_equal(f->steps[0]->kind, KIND_AGENT);
	assert_int_equal(f->steps[0]->timeout, 1800000);
	assert_int_equal(f->steps[1]->timeout, 10000);
	assert_int_equal(f->steps[2]->timeout, 300000);
	assert_int_equal(f->steps[0]->stall, 300000);
	assert_int_equal(f->steps[0]->retries, 1);
	assert_false(f->steps[0]->may_fail);
	assert_true(f->steps[2]->command.is_shell);
	assert_str(f->steps[2]->command.argv[2].text, "ls | wc -l");
	assert_true(f->uses_repo);
	flow_release(f);
}

static void the_repository_is_needed_only_when_something_reads_it(void **state)
{
	struct flow *f = parse(HEAD "  - {id: b, kind: code, run: return question}\n");

	(void)state;
	assert_false(f->uses_repo);
	f = parse(HEAD "  - {id: b, kind: code, run: return signals.lines}\n");
	assert_true(f->uses_repo);
	f = parse(HEAD "  - {id: a, persona: p, task: t, web: only}\n");
	assert_false(f->uses_repo);
}

static void every_kind_is_read(void **state)
{
	struct flow *f = parse(HEAD
	    "  - {id: list, kind: code, run: 'return {1,2}'}\n"
	    "  - id: per\n    kind: each\n    needs: [list]\n    over: steps.list.json\n    as: "
	    "file\n"
	    "    max_parallel: 2\n    step: {id: look, persona: p, task: 'See {{ file }} {{ item "
	    "}}'}\n"
	    "  - id: choose\n    kind: switch\n    needs: [per]\n    cases:\n"
	    "      - {label: big, if: size == \"large\", steps: [deep]}\n    default: [shallow]\n"
	    "  - {id: deep, kind: code, run: return 1}\n"
	    "  - {id: shallow, kind: code, run: return 2}\n"
	    "  - id: polish\n    kind: loop\n    max: 3\n    until: contains(steps.check.output, "
	    "\"ok\")\n"
	    "    step:\n      - {id: write, persona: p, task: t}\n"
	    "      - {id: check, persona: p, task: '{{ steps.write.output }}', needs: [write]}\n"
	    "  - {id: gate, kind: approval, ask: 'Go on?', timeout: 1h, on_timeout: reject}\n"
	    "  - {id: more, kind: flow, use: other, with: {question: 'Why {{ question }}'}}\n");

	(void)state;
	if (!f)
		print_message("%.*s", STR_ARG(errors_text()));
	assert_non_null(f);
	assert_int_equal(f->n_steps, 8);
	assert_int_equal(f->n_all, 11);
	assert_str(f->steps[1]->each.as, "file");
	assert_int_equal(f->steps[2]->sw.n_cases, 2);
	assert_int_equal(f->steps[5]->loop.n_body, 2);
	assert_int_equal(f->steps[6]->approval.choices.n, 2);
	assert_str(f->steps[7]->flow.with[0].value.text, "Why {{ question }}");
}

/* One line of a step, wrong in one way, and what is said about it. */
static void mistakes_are_named(void **state)
{
	static const struct {
		const char *step, *error;
	} cases[] = {
		{ "{id: a, kind: agnt}", "unknown kind 'agnt'; agent, code, command, each, switch, "
					 "loop, approval or flow" },
		{ "{id: a}", "a step needs a `kind` (or a persona)" },
		{ "{kind: code, run: return 1}", "a step needs an `id`" },
		{ "{id: snapshot, kind: code, run: return 1}",
		    "the id 'snapshot' is the engine's own" },
		{ "{id: a, kind: code, run: return 1, persona: p}",
		    "key 'persona' does not belong to a step of kind code" },
		{ "{id: a, kind: code, run: return nam}", "unknown name 'nam'" },
		{ "{id: a, kind: code, run: return 1, if: 'steps.b.status'}",
		    "step 'a' speaks of unknown step 'b'" },
		{ "{id: a, kind: code, run: return 1, retry_on: [answered]}",
		    "retry_on: 'answered' is no ending to retry on" },
		{ "{id: a, persona: p, task: t, tools: [write_file]}",
		    "unknown tool 'write_file'" },
		{ "{id: a, persona: p, task: t, env: {A: b}}", "unknown key 'env' in a step" },
		{ "{id: a, persona: p, task: t, output: {schema: {type: strin}}}",
		    "schema: unknown type 'strin'" },
		{ "{id: a, persona: p, task: t, output: {schema: {type: string, pattern: "
		  "'(a+)+'}}}",
		    "schema: pattern: captures are not supported" },
		{ "{id: a, kind: switch, cases: [{if: 'true', steps: [zz]}]}",
		    "step 'a' names unknown step 'zz'" },
		{ "{id: a, id: b, kind: code, run: return 1}", "key 'id' is written twice" },
		{ "!!python/object {id: a}", "tags (!…) are not used here" },
		{ "{id: a, persona: '', task: t}", "step 'a' of kind agent needs `persona`" },
		{ "{id: a, kind: flow, use: ''}", "step 'a' of kind flow needs `use`" },
		{ "{id: a, kind: loop, step: [], until: question, max: 2}",
		    "step 'a' of kind loop needs `step`" },
		{ "{id: a, kind: flow, use: b, with: {x: [y]}}", "text is expected here" },
		{ "{id: a, kind: code, run: return 1, timeout: 400d}",
		    "a time such as 90s, 5m or 1h is expected here" },
		{ "{id: a, kind: code, run: return 1, timeout: 100000000000d100000000000d}",
		    "a time such as 90s, 5m or 1h is expected here" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = arena_printf(a, HEAD "  - %s\n", cases[i].step);

		assert_null(parse(text));
		assert_int_equal(errors.n, 1);
		assert_string_equal(errors.v[0].message, cases[i].error);
		assert_int_equal(errors.v[0].at.line, 5);
	}
}

static void a_step_may_speak_only_of_what_is_over(void **state)
{
	(void)state;
	assert_null(parse(HEAD "  - {id: a, kind: code, run: return 1}\n"
			       "  - {id: b, kind: code, run: return steps.a.output}\n"));
	assert_string_equal(errors.v[0].message,
	    "step 'b' speaks of 'a', which need not be over by then; add it to `needs`");
	assert_non_null(
	    parse(HEAD "  - {id: a, kind: code, run: return 1}\n"
		       "  - {id: c, kind: code, run: return 1, needs: [a]}\n"
		       "  - {id: b, kind: code, run: return steps.a.output, needs: [c]}\n"));
}

#define LEFT_OUT(needs, more)                                                \
	"  - {id: a, kind: code, run: return 1}\n"                           \
	"  - {id: c, kind: code, run: return 1, needs: [a], size: medium}\n" \
	"  - {id: b, kind: code, run: return steps.a.output, needs: [" needs "]" more "}\n"

/* At a small size nothing stands between the two, and they begin together. */
static void what_a_size_leaves_out_keeps_no_order(void **state)
{
	(void)state;
	assert_null(parse(HEAD LEFT_OUT("c", "")));
	assert_string_equal(errors.v[0].message,
	    "step 'b' speaks of 'a', which need not be over by then; add it to `needs`");
	assert_non_null(parse(HEAD LEFT_OUT("a, c", "")));
	assert_non_null(parse(HEAD LEFT_OUT("c", ", size: medium")));
	assert_non_null(
	    parse(HEAD "  - {id: a, kind: code, run: return 1, size: large}\n"
		       "  - {id: b, kind: code, run: return steps.a.output, needs: [a]}\n"));
}

static void hostile_yaml_ends_quickly(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MIB(1));
	buf_adds(&b, "a: &a [x,x,x,x,x,x,x,x,x]\n");
	for (char c = 'b'; c < 'z'; c++)
		buf_printf(&b, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1,
		    c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
	assert_null(parse(b.p));
	assert_string_equal(errors.v[0].message, "the file has too many values");
	buf_clear(&b);
	for (int i = 0; i < 5000; i++)
		buf_addc(&b, '[');
	assert_null(parse(b.p));
	assert_string_equal(errors.v[0].message, "nested too deeply");
	assert_null(parse("a: &a {b: *a}"));
	buf_clear(&b);
	buf_adds(&b, "a: &a ");
	for (int i = 0; i < 40; i++)
		buf_addc(&b, '[');
	for (int i = 0; i < 40; i++)
		buf_addc(&b, ']');
	buf_adds(&b, "\nb: [[[[[[[[[[[[[[[[[[[[[[[[ *a ]]]]]]]]]]]]]]]]]]]]]]]]\n");
	assert_null(parse(b.p));
	assert_string_equal(errors.v[0].message, "nested too deeply");
	buf_fini(&b);
}

#define SPINE "flow: t\ncategory: analysis\nsummary: s\nspine:\n  angles:\n"

/* Other kinds once were read as if they were agents. */
/* What might have been meant is not looked for where nobody is told any more. */
static void thousands_of_mistakes_cost_little_memory(void **state)
{
	struct buf b;
	size_t before = arena_used(a);

	(void)state;
	buf_init(&b, MIB(1));
	buf_adds(&b, HEAD);
	for (int i = 0; i < FLOW_STEPS_MAX; i++)
		buf_printf(&b, " - {id: step-%d, kind: code, run: x, needs: [a, b, c, d]}\n", i);
	assert_null(parse(buf_str(&b).p));
	assert_true(errors.n == FLOW_ERRORS_MAX && errors.more);
	assert_true(arena_used(a) - before < MIB(8));
	buf_fini(&b);
}

static void a_spine_holds_agents_only(void **state)
{
	static const char *const parts[] = { "  validator: {kind: loop}\n",
		"  validator: {kind: code, run: return 1}\n",
		"  synthesizer: {kind: loop, max: 2}\n", "  assess: {kind: switch}\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		assert_null(parse(
		    arena_printf(a, SPINE "    - {id: a, persona: p, task: t}\n%s", parts[i])));
		assert_int_equal(errors.n, 1);
		assert_string_equal(errors.v[0].message, "the steps of a spine are agents");
		assert_int_equal(errors.v[0].at.line, 7);
	}
	assert_null(parse(SPINE "    - {id: a, kind: each, over: items}\n"));
	assert_string_equal(errors.v[0].message, "the steps of a spine are agents");
	assert_null(parse(SPINE "    - {id: a, persona: p, task: t}\n"
				"  assess: [{persona: p, task: t}]\n  assess: []\n"));
	assert_int_equal(errors.n, 1);
	assert_null(parse(SPINE "    - {id: a, persona: '', task: t}\n"));
	assert_string_equal(errors.v[0].message, "angle 'a' needs a `persona`");
}

/* Each is a flow whose plain form once did not parse, or said something else. */
static void the_plain_form_says_the_same(void **state)
{
	static const char *const flows[] = {
		HEAD "  - {id: a, kind: switch, default: [b], cases: [{if: 'true', steps: []}]}\n"
		     "  - {id: b, kind: code, run: return 1}\n",
		HEAD "  - {id: a, kind: switch, default: []}\n",
		HEAD "  - {id: a, kind: code, run: return 1, timeout: 365d, stall: 1ms}\n",
		"flow: t\ncategory: analysis\nsummary: ''\n"
		"input: {'a: b': {type: path}, '': {}}\n"
		"steps: [{id: a, kind: code, run: return 1}]\n",
		HEAD "  - {id: a, kind: flow, use: b, with: {'x: y': '1'}}\n",
		HEAD "  - {id: a, persona: p, task: \"\\x7f\\u0085\\u2028 x\\n\\ufeff\\n\"}\n",
		HEAD "  - {id: a, persona: p, task: t, output: {schema: {enum: [\"\\u2029\"]}}}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		struct flow *f = parse(flows[i]), *again;

		assert_non_null(f);
		struct str plain = flow_print_expanded(a, f);

		again = parse(plain.p);
		if (!again)
			print_message("%s%.*s", plain.p, STR_ARG(errors_text()));
		assert_non_null(again);
		assert_str(flow_print_expanded(a, again), plain.p);
		if (f->steps[0]->kind == KIND_AGENT)
			assert_true(
			    str_eq(again->steps[0]->agent.task.text, f->steps[0]->agent.task.text));
		flow_release(f);
		flow_release(again);
	}
}

static void built_in_flows_are_sound_and_survive_expansion(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct embedded *e = embedded_files; e->name; e++) {
		struct flow *f, *again;

		if (strncmp(e->name, "flows/", 6) != 0)
			continue;
		n++;
		int rc = flow_parse(a, e->name, (struct str){ e->text, e->n }, &f, &errors);

		if (rc)
			print_message("%s\n%.*s", e->name, STR_ARG(errors_text()));
		assert_int_equal(rc, 0);
		struct str once = flow_print_expanded(a, f);

		rc = flow_parse(a, "expanded", once, &again, &errors);
		if (rc)
			print_message(
			    "%s\n%.*s\n%.*s", e->name, STR_ARG(errors_text()), STR_ARG(once));
		assert_int_equal(rc, 0);
		assert_true(str_eq(once, flow_print_expanded(a, again)));
		assert_int_equal(f->n_all, again->n_all);
		flow_release(f);
		flow_release(again);
	}
	assert_true(n >= 5);
}

static const char spine[] = "flow: t\ncategory: analysis\nsummary: s\nspine:\n  angles:\n"
			    "    - {id: x, persona: p, task: t}\n"
			    "    - {id: y, persona: p, task: t, size: medium}\n"
			    "  synthesizer: {persona: q, task: 'Decide.'}\n  validator: default\n";

static void a_spine_becomes_plain_steps(void **state)
{
	struct flow *f = parse(spine);
	struct buf b;

	(void)state;
	if (!f)
		print_message("%.*s", STR_ARG(errors_text()));
	assert_non_null(f);
	buf_init(&b, KIB(4));
	for (size_t i = 0; i < f->n_steps; i++) {
		const struct flow_step *s = f->steps[i];

		buf_printf(&b, "%.*s %s %s", STR_ARG(s->id), step_kind_name(s->kind),
		    step_role_name(s->role));
		for (size_t k = 0; k < s->needs.n; k++)
			buf_printf(&b, " <%.*s", STR_ARG(s->needs.v[k]));
		buf_printf(&b, " %s\n", s->may_fail ? "continue" : "fail");
	}
	assert_str(buf_str(&b), "x agent angle continue\n"
				"y agent angle continue\n"
				"fold code fold <x <y fail\n"
				"recommendation agent synthesizer <fold fail\n"
				"validator agent validator <fold <recommendation continue\n"
				"reconcile code reconcile <validator fail\n"
				"rewrite agent rewrite <reconcile continue\n");
	buf_fini(&b);
}

static const char judged[] =
    "flow: t\ncategory: analysis\nsummary: s\nsteps:\n"
    "  - {id: x, persona: p, task: t, role: angle}\n"
    "  - {id: v, label: Judge, persona: p, task: 'See {{ items }}', role: validator, needs: [x]}\n"
    "  - {id: v-2, persona: p, task: t, needs: [v]}\n"
    "  - id: e\n    kind: each\n    over: '{1}'\n    needs: [x]\n"
    "    step: {id: ev, persona: p, task: t, role: validator, model: own}\n"
    "  - id: l\n    kind: loop\n    until: 'true'\n    max: 2\n    step:\n"
    "      - {id: la, persona: p, task: t}\n"
    "      - {id: lv, persona: p, task: t, role: validator, needs: [la]}\n"
    "      - {id: lb, persona: p, task: t, needs: [lv]}\n"
    "  - {id: r, kind: code, call: reconcile, needs: [v, e, l], trigger: all_done}\n"
    "  - id: w\n    kind: switch\n    cases: [{label: c, if: 'true', steps: [v]}]\n"
    "report: {sections: [v, x]}\n";

static void add_names(struct buf *b, const char *mark, struct strs names)
{
	for (size_t k = 0; k < names.n; k++)
		buf_printf(b, " %s%.*s", mark, STR_ARG(names.v[k]));
}

static struct str steps_of(const struct flow *f)
{
	struct buf b;

	buf_init(&b, KIB(4));
	for (size_t i = 0; i < f->n_all; i++) {
		const struct flow_step *s = f->all[i];

		buf_printf(&b, "%.*s", STR_ARG(s->id));
		if (s->parent)
			buf_printf(&b, " in %.*s", STR_ARG(s->parent->id));
		if (s->kind == KIND_AGENT && s->agent.model.n)
			buf_printf(&b, " (%.*s)", STR_ARG(s->agent.model));
		add_names(&b, "<", s->needs);
		if (s->kind == KIND_SWITCH)
			add_names(&b, "", s->sw.cases[0].steps);
		buf_addc(&b, '\n');
	}
	add_names(&b, "", f->report_sections);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

static void each_validator_stands_several_times(void **state)
{
	static struct str names[] = { { "m1", 2 }, { "m2", 2 } };
	const struct strs models = { names, 2 };
	struct flow *f = parse(judged), *many;

	(void)state;
	if (!f)
		print_message("%.*s", STR_ARG(errors_text()));
	assert_non_null(f);
	assert_int_equal(flow_validators(f, SIZE_SMALL), 3);
	many = parse(flow_multiply(a, f, 3, &models).p);
	if (!many)
		print_message("%.*s", STR_ARG(errors_text()));
	assert_non_null(many);
	assert_str(steps_of(many), "x\nv (m1) <x\nv-3 (m2) <x\nv-4 (m1) <x\nv-2 <v <v-3 <v-4\n"
				   "e <x\nev in e (m1)\ne-2 <x\nev-2 in e-2 (m2)\n"
				   "e-3 <x\nev-3 in e-3 (m1)\n"
				   "l\nla in l\nlv in l (m1) <la\nlv-2 in l (m2) <la\n"
				   "lv-3 in l (m1) <la\nlb in l <lv <lv-2 <lv-3\n"
				   "r <v <v-3 <v-4 <e <e-2 <e-3 <l\nw v v-3 v-4\n"
				   " v v-3 v-4 x");
	assert_str(flow_find(many, STR("v-3"))->label, "Judge 2");
	assert_int_equal(flow_validators(many, SIZE_SMALL), 9);
	flow_release(many);
	many = parse(flow_multiply(a, f, 1, &(struct strs){ 0 }).p);
	assert_str(flow_print_expanded(a, many), flow_print_expanded(a, f).p);
	flow_release(many);
	flow_release(f);
}

static void built_in_flows_are_sound_with_five_validators(void **state)
{
	(void)state;
	for (const struct embedded *e = embedded_files; e->name; e++) {
		struct flow *f, *many;

		if (strncmp(e->name, "flows/", 6) != 0)
			continue;
		assert_int_equal(
		    flow_parse(a, e->name, (struct str){ e->text, e->n }, &f, &errors), 0);
		struct str text = flow_multiply(a, f, 5, &(struct strs){ 0 });

		if (flow_parse(a, e->name, text, &many, &errors) < 0)
			fail_msg("%s: %.*s", e->name, STR_ARG(errors_text()));
		assert_int_equal(
		    flow_validators(many, SIZE_LARGE), 5 * flow_validators(f, SIZE_LARGE));
		flow_release(many);
		flow_release(f);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(ten_mistakes_give_ten_errors_with_their_places),
		T(a_fence_is_asked_for_and_nothing_less),
		T(defaults_depend_on_the_kind),
		T(the_repository_is_needed_only_when_something_reads_it),
		T(every_kind_is_read),
		T(mistakes_are_named),
		T(a_step_may_speak_only_of_what_is_over),
		T(what_a_size_leaves_out_keeps_no_order),
		T(hostile_yaml_ends_quickly),
		T(thousands_of_mistakes_cost_little_memory),
		T(a_spine_holds_agents_only),
		T(the_plain_form_says_the_same),
		T(built_in_flows_are_sound_and_survive_expansion),
		T(a_spine_becomes_plain_steps),
		T(each_validator_stands_several_times),
		T(built_in_flows_are_sound_with_five_validators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
