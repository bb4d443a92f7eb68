/* Whether anything was validated; what a validator did not judge has passed nothing. */
#include "report/priv.h"

static const char *const names[VALIDATIONS] = {
	[VALIDATION_NONE] = "no validator",
	[VALIDATION_NOTHING] = "nothing to validate",
	[VALIDATION_DONE] = "validated",
	[VALIDATION_PART] = "validated in part",
	[VALIDATION_NOT] = "not validated",
};

const char *validation_name(enum validation v)
{
	return names[v];
}

bool fact_validates(const struct report_step *s)
{
	return s->role == ROLE_VALIDATOR && s->kind == KIND_AGENT;
}

const struct reviewer *fact_reviewer(const struct report_run *run, struct str step)
{
	for (size_t i = 0; run->verdicts && i < run->verdicts->n_reviewers; i++)
		if (str_eq(run->verdicts->reviewers[i].step, step))
			return &run->verdicts->reviewers[i];
	return NULL;
}

static bool raised_any(const struct report_run *run)
{
	for (size_t i = 0; i < run->n_steps; i++)
		if (fact_raises(&run->steps[i]) && run->steps[i].evidence &&
		    run->steps[i].evidence->n_findings)
			return true;
	return false;
}

/* Skipped is no failure: with nothing to judge, a validator is not even asked. */
static bool failed(const struct report_step *s)
{
	return fact_validates(s) && s->status != STEP_COMPLETED && s->status != STEP_SKIPPED;
}

static bool silent(const struct report_run *run, const struct report_step *s)
{
	const struct reviewer *r =
	    fact_validates(s) && s->status == STEP_COMPLETED ? fact_reviewer(run, s->name) : NULL;

	return r && r->asked && !r->judged;
}

enum validation fact_validation(const struct report_run *run)
{
	bool wanting = false, broken = false;

	if (!run->validator_expected && !run->verdicts)
		return VALIDATION_NONE;
	for (size_t i = 0; i < run->n_steps; i++) {
		broken |= failed(&run->steps[i]);
		wanting |= failed(&run->steps[i]) || silent(run, &run->steps[i]);
	}
	if (!raised_any(run) && !broken && run->status == RUN_COMPLETED)
		return VALIDATION_NOTHING;
	if (!run->verdicts || !run->verdicts->validated)
		return VALIDATION_NOT;
	return wanting ? VALIDATION_PART : VALIDATION_DONE;
}

bool fact_several(const struct report_run *run)
{
	for (size_t i = 0; run->verdicts && i < run->n_steps; i++) {
		const struct evidence *ev = run->steps[i].evidence;

		for (size_t k = 0; fact_raises(&run->steps[i]) && ev && k < ev->n_findings; k++)
			if (ev->findings[k]->asked > 1)
				return true;
	}
	return false;
}

/* Its reason begins with the name of the ending, mostly. */
static struct str told(const struct report_step *s)
{
	if (s->reason.n)
		return s->reason;
	return str_from(
	    s->ending == ENDING_NONE ? step_status_name(s->status) : ending_name(s->ending));
}

struct strs fact_unvalidated(struct arena *a, const struct report_run *run)
{
	bool bare = fact_validation(run) == VALIDATION_NOT;
	struct strs list = { 0 };

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct report_step *s = &run->steps[i];
		struct str label = fact_label(s), why = told(s);

		if (silent(run, s))
			strs_add(a, &list,
			    str_from(arena_printf(a, "%.*s judged none of %u findings",
				STR_ARG(label), fact_reviewer(run, s->name)->asked)));
		else if (failed(s))
			strs_add(a, &list,
			    str_from(arena_printf(a, "%.*s %s (%.*s)", STR_ARG(label),
				s->status == STEP_FAILED ? "failed" : "did not end",
				STR_ARG(str_take(why, 400)))));
		else if (bare && fact_validates(s) && s->status == STEP_SKIPPED)
			strs_add(a, &list,
			    str_from(arena_printf(a, "%.*s was skipped (%.*s)", STR_ARG(label),
				STR_ARG(str_take(why, 400)))));
	}
	if (bare && !list.n)
		strs_add(a, &list, STR("no validator ran"));
	return list;
}
