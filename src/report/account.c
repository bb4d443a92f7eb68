/* What became of the findings, and the report's own list against what its steps were read as. */
#include "report/priv.h"

bool fact_stands(const struct finding *f)
{
	return f->disposition == DISPOSITION_KEPT || f->disposition == DISPOSITION_DEMOTED ||
	       f->disposition == DISPOSITION_NONE;
}

struct str fact_dispositions(struct arena *a, const struct report_run *run)
{
	unsigned n[DISPOSITIONS] = { 0 };
	struct finding **f;
	struct str text = { "", 0 };

	for (size_t i = 0, all = fact_findings(a, run, &f); i < all; i++)
		n[f[i]->disposition]++;
	for (int d = DISPOSITION_KEPT; d < DISPOSITIONS; d++)
		if (n[d])
			text = str_from(arena_printf(a, "%.*s%s%u %s", STR_ARG(text),
			    text.n ? ", " : "", n[d], disposition_name((enum disposition)d)));
	return text;
}

struct str report_account(struct arena *a, const struct report_run *run)
{
	struct parsed_step *steps = arena_array(a, run->n_steps + 1, sizeof(*steps));
	struct finding **listed;
	size_t n = 0, n_listed = fact_findings(a, run, &listed);

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct report_step *s = &run->steps[i];

		if (s->status != STEP_COMPLETED || !(fact_raises(s) || s->parsed >= 0))
			continue;
		steps[n++] = (struct parsed_step){ s->name, s->parsed, s->evidence };
	}
	return evidence_account(a, steps, n, listed, n_listed);
}
