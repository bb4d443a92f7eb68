/* What makes a report partial: less than all of what was asked for is in it. */
#include "report/priv.h"

/* What a condition left out was not asked for, and what waited for a failed step is named by it. */
static void missing_of_step(struct arena *a, const struct report_step *s, struct strs *ret)
{
	bool group = s->kind == KIND_EACH || s->kind == KIND_LOOP || s->kind == KIND_SWITCH;
	bool ended = s->status == STEP_FAILED || s->status == STEP_CANCELLED;

	if (ended && !group)
		strs_add(a, ret,
		    str_from(arena_printf(
			a, "%.*s %s", STR_ARG(fact_label(s)), step_status_name(s->status))));
	if (s->partial)
		strs_add(a, ret,
		    str_from(
			arena_printf(a, "the text of %.*s was cut off", STR_ARG(fact_label(s)))));
	if (s->evidence && s->evidence->cut)
		strs_add(a, ret,
		    str_from(arena_printf(a,
			"%.*s has more findings or citations than are read of one text",
			STR_ARG(fact_label(s)))));
}

/* A validator that failed is told as a step; one that judged nothing is told here. */
static void missing_verdicts(struct arena *a, const struct report_run *run, struct strs *ret)
{
	const struct reconciliation *r = run->verdicts;
	enum validation v = fact_validation(run);

	if (v == VALIDATION_NOT)
		strs_add(a, ret, STR("nothing was validated"));
	else if (v == VALIDATION_PART)
		strs_add(a, ret, STR("it was validated in part"));
	if (v != VALIDATION_NOT && r && r->unreviewed)
		strs_add(a, ret,
		    str_from(arena_printf(
			a, "%u findings were not reviewed by a validator", r->unreviewed)));
}

struct strs fact_missing(struct arena *a, const struct report_run *run)
{
	struct strs list = { 0 };

	for (size_t i = 0; i < run->n_steps; i++)
		missing_of_step(a, &run->steps[i], &list);
	missing_verdicts(a, run, &list);
	if (run->unread)
		strs_add(
		    a, &list, STR("hunks of the change were not read by all who were given them"));
	if (run->unreviewed)
		strs_add(a, &list,
		    str_from(arena_printf(a, "%u file%s of the change with text %s not reviewed",
			run->unreviewed, run->unreviewed == 1 ? "" : "s",
			run->unreviewed == 1 ? "was" : "were")));
	if (run->skipped_files.n)
		strs_add(a, &list,
		    str_from(arena_printf(a, "%zu file%s not in the snapshot", run->skipped_files.n,
			run->skipped_files.n == 1 ? " is" : "s are")));
	return list;
}
