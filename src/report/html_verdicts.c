/* What the validators said, above everything that rests on it. */
#include "report/html.h"

#define CONTRADICTIONS_SHOWN 500
#define REASON_MAX KIB(2)
#define UNTIL MIB(8)

bool html_validated(const struct report_run *run)
{
	return run->verdicts && run->verdicts->validated;
}

static const struct judgement *judgement_of(const struct report_run *run, const struct finding *f)
{
	for (size_t i = 0; i < run->verdicts->n_judgements; i++)
		if (str_eq(run->verdicts->judgements[i].item, f->uid))
			return &run->verdicts->judgements[i];
	return NULL;
}

static void add_cites(struct html_doc *d, const struct judgement *j)
{
	for (size_t k = 0; j && k < j->n_cites && k < 5; k++)
		html_citation(d, j->cites[k]);
	if (j && j->n_cites > 5)
		buf_printf(d->b, "<p class=\"meta\">and %zu more citations</p>\n", j->n_cites - 5);
}

/* Each validator's word, where there are several. */
static void add_words(struct html_doc *d, const struct finding *f)
{
	const struct reconciliation *r = d->run->verdicts;

	buf_printf(d->b, "<p>Survived %u of %u.</p>\n<ul>\n", f->survived, f->asked);
	for (size_t i = 0; i < r->n_judgements; i++) {
		const struct judgement *j = &r->judgements[i];
		const struct report_step *s = fact_step(d->run, j->step);

		if (!str_eq(j->item, f->uid))
			continue;
		buf_adds(d->b, "<li>");
		html_cut(d->b, s ? fact_label(s) : j->step, 80);
		buf_printf(d->b, ": %s — ", verdict_name(j->counts));
		html_phrase(d->b, j->reason, REASON_MAX);
		buf_adds(d->b, "</li>\n");
	}
	buf_adds(d->b, "</ul>\n");
}

static void add_verdict(struct html_doc *d, const struct finding *f)
{
	const struct judgement *j = judgement_of(d->run, f);

	buf_adds(d->b, "<li>");
	html_verdict(d->b, f->verdict);
	buf_addc(d->b, ' ');
	html_uid(d->b, &d->refs, f->uid);
	buf_adds(d->b, " <strong>");
	html_phrase(d->b, f->title, 400);
	buf_adds(d->b, "</strong>");
	if (f->verdict_by.n) {
		buf_adds(d->b, " <span class=\"meta\">(");
		html_cut(d->b, f->verdict_by, 80);
		buf_adds(d->b, ")</span>");
	}
	buf_addc(d->b, '\n');
	if (f->verdict_reason.n) {
		buf_adds(d->b, "<p>");
		html_phrase(d->b, f->verdict_reason, REASON_MAX);
		buf_adds(d->b, "</p>\n");
	}
	if (f->asked > 1)
		add_words(d, f);
	add_cites(d, j);
	buf_adds(d->b, "</li>\n");
}

/* Worst news first; what holds is folded when there is much of it. */
static void add_group(struct html_doc *d, enum verdict verdict, unsigned n)
{
	bool folded = verdict == VERDICT_UPHELD && n > 4;
	size_t shown = 0;

	if (!n)
		return;
	if (folded)
		buf_printf(d->b,
		    "<details class=\"fold\"><summary>The %u that were upheld</summary>\n", n);
	buf_adds(d->b, "<ul class=\"verdicts\">\n");
	for (size_t i = 0; i < d->n_findings && d->b->n < UNTIL; i++)
		if (d->findings[i]->verdict == verdict && shown++ < HTML_ENTRIES_MAX)
			add_verdict(d, d->findings[i]);
	buf_adds(d->b, "</ul>\n");
	if (shown < n)
		buf_printf(d->b,
		    "<p class=\"note\">And %zu more, in the JSON form of this report.</p>\n",
		    n - shown);
	buf_adds(d->b, folded ? "</details>\n" : "");
}

static void add_strays(struct html_doc *d, const struct reconciliation *r)
{
	for (size_t i = 0; i < r->n_strays && i < 20; i++) {
		buf_adds(d->b, i ? ", " : "<p>Judged, but not among what was to be judged: ");
		html_cut(d->b, r->strays[i], 80);
	}
	if (r->n_strays)
		buf_adds(d->b, ".</p>\n");
}

static void add_verdicts(struct html_doc *d, const struct reconciliation *r)
{
	buf_printf(d->b,
	    "<p>%u upheld, %u weakened, %u refuted, %u not reviewed. That a citation resolves "
	    "is code's word; that a claim holds is the validator's.</p>\n",
	    r->upheld, r->weakened, r->refuted, r->unreviewed);
	add_group(d, VERDICT_REFUTED, r->refuted);
	add_group(d, VERDICT_WEAKENED, r->weakened);
	add_group(d, VERDICT_NONE, r->unreviewed);
	add_group(d, VERDICT_UPHELD, r->upheld);
	add_strays(d, r);
}

static void add_contradictions(struct html_doc *d)
{
	const struct strs *all = &d->run->contradictions;

	if (!all->n)
		return;
	buf_adds(
	    d->b, "<p>Contradictions, so that none of these was left as it was rated:</p>\n<ul>\n");
	for (size_t i = 0; i < all->n && i < CONTRADICTIONS_SHOWN; i++) {
		buf_adds(d->b, "<li>");
		html_cut(d->b, all->v[i], 400);
		buf_adds(d->b, "</li>\n");
	}
	if (all->n > CONTRADICTIONS_SHOWN)
		buf_printf(d->b, "<li>and %zu more</li>\n", all->n - CONTRADICTIONS_SHOWN);
	buf_adds(d->b, "</ul>\n");
}

static void add_unvalidated(struct html_doc *d, enum validation v)
{
	struct strs why = fact_unvalidated(d->a, d->run);

	buf_printf(d->b, "<p class=\"box\"><strong>%s.</strong> ",
	    v == VALIDATION_NOT ? "Not validated" : "Validated in part");
	for (size_t i = 0; i < why.n && i < 20; i++) {
		buf_adds(d->b, i ? "; " : "");
		html_cut(d->b, why.v[i], REASON_MAX);
	}
	buf_printf(d->b, ". %s</p>\n",
	    v == VALIDATION_NOT ? "Every finding counts as not reviewed."
				: "What nobody judged counts as not reviewed.");
}

void html_validation(struct html_doc *d)
{
	const struct report_run *run = d->run;
	enum validation v = fact_validation(run);

	buf_adds(d->b, "<section aria-labelledby=\"validation\">\n"
		       "<h2 id=\"validation\">Validation</h2>\n");
	if (v == VALIDATION_NONE)
		buf_adds(d->b,
		    "<p>This flow has no validator; citations were checked by code alone.</p>\n");
	if (v == VALIDATION_NOTHING)
		buf_adds(d->b, "<p>There was nothing to validate: no finding was raised.</p>\n");
	if (v == VALIDATION_NOT || v == VALIDATION_PART)
		add_unvalidated(d, v);
	if (v == VALIDATION_DONE || v == VALIDATION_PART)
		add_verdicts(d, run->verdicts);
	add_contradictions(d);
	buf_adds(d->b, "</section>\n");
}
