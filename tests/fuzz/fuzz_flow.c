/*
 * Flow files: a flow without errors has a plain form that parses without errors, too, and that
 * has itself as its plain form.
 */
#include "must.h"

#include "base/limits.h"
#include "flow/expr.h"
#include "flow/flow.h"
#include "flow/multiply.h"

#include <stdint.h>

static void check_errors(const struct flow_errors *errors)
{
	must(errors->n > 0);
	for (size_t i = 0; i < errors->n; i++) {
		const struct flow_error *e = &errors->v[i];

		must(e->message && *e->message && e->at.line >= 1 && e->at.column >= 1);
		must(i == 0 || errors->v[i - 1].at.line <= e->at.line);
	}
}

static bool has_step(const struct flow *f, struct str id)
{
	const struct flow_step *s = flow_find(f, id);

	return s && str_eq(s->id, id);
}

static void check_step(const struct flow *f, const struct flow_step *s, size_t i)
{
	must(s->index == i && s->id.n >= 1 && s->id.n <= 64);
	must(flow_find(f, s->id) == s); /* no id twice */
	must(s->kind < KIND_SNAPSHOT && s->role < STEP_ROLES && s->size < SIZE_AUTO);
	must(s->timeout >= 0 && s->stall > 0 && s->label.n);
	for (size_t k = 0; k < s->needs.n; k++)
		must(has_step(f, s->needs.v[k]) && !str_eq(s->needs.v[k], s->id));
	if (s->kind == KIND_AGENT)
		must(s->agent.persona.n && s->agent.task.text.p);
	if (s->kind == KIND_EACH)
		must(s->each.body && s->each.body->parent == s && s->each.as.n);
	if (s->kind == KIND_LOOP)
		must(s->loop.n_body && s->loop.max >= 1 && s->loop.max <= LOOP_ROUNDS_MAX);
	if (s->kind == KIND_COMMAND)
		must(s->command.n_argv >= 1);
	for (size_t k = 0; s->kind == KIND_SWITCH && k < s->sw.n_cases; k++)
		must(s->sw.cases[k].cond.text.p || k + 1 == s->sw.n_cases);
}

static void check_flow_data(const struct flow *f)
{
	must(f->n_steps <= f->n_all && f->n_all <= FLOW_STEPS_MAX);
	must(f->n_inputs >= 1 && str_is(f->inputs[0].name, "question"));
	for (size_t i = 0; i < f->n_all; i++)
		check_step(f, f->all[i], i);
}

static void print_and_parse(struct arena *a, const struct flow *f)
{
	struct str plain = flow_print_expanded(a, f);
	struct flow_errors errors;
	struct flow *again;

	if (plain.n > FLOW_FILE_MAX)
		return;
	if (flow_parse(a, "plain.yaml", plain, &again, &errors) < 0) {
		fprintf(stderr, "%.*s\n%u:%u %s\n", STR_ARG(plain), errors.v[0].at.line,
		    errors.v[0].at.column, errors.v[0].message);
		abort();
	}
	check_flow_data(again);
	must(again->n_all == f->n_all && again->uses_repo == f->uses_repo);
	must(str_eq(plain, flow_print_expanded(a, again)));
	flow_release(again);
}

/* With three validators for one it is sound, or larger than a flow may be. */
static void multiply_and_parse(struct arena *a, const struct flow *f)
{
	struct str text = flow_multiply(a, f, 3, &(struct strs){ 0 });
	struct flow_errors errors;
	struct flow *many;

	if (text.n > FLOW_FILE_MAX || f->n_all > 50)
		return;
	if (flow_parse(a, "many.yaml", text, &many, &errors) < 0) {
		fprintf(stderr, "%.*s\n%u:%u %s\n", STR_ARG(text), errors.v[0].at.line,
		    errors.v[0].at.column, errors.v[0].message);
		abort();
	}
	must(flow_validators(many, SIZE_LARGE) == 3 * flow_validators(f, SIZE_LARGE));
	flow_release(many);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct flow_errors errors;
	struct flow *f = NULL;

	if (flow_parse(a, "fuzz.yaml", (struct str){ (const char *)data, size }, &f, &errors) < 0) {
		check_errors(&errors);
		must(!f);
	} else {
		must(errors.n == 0);
		check_flow_data(f);
		print_and_parse(a, f);
		multiply_and_parse(a, f);
		flow_release(f);
	}
	arena_destroy(a);
	return 0;
}
