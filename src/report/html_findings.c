/* Findings as cards: what stands by severity, what was set aside behind it. */
#include "report/html.h"

#define TITLE_MAX 400
#define FIELD_MAX KIB(4)
#define FIELD_HTML KIB(64)
#define CITES_SHOWN 24
#define UNTIL MIB(32) /* what comes behind needs room, too */

bool html_stands(const struct finding *f)
{
	return fact_stands(f) && f->verdict != VERDICT_REFUTED;
}

/* --- one ---------------------------------------------------------------------------------- */

static void add_words(struct html_doc *d, const struct finding *f)
{
	const struct report_step *s = fact_step(d->run, f->step);

	buf_adds(d->b, " raised by ");
	html_cut(d->b, s ? fact_label(s) : f->step, 80);
	if (f->confidence.n) {
		buf_adds(d->b, " · confidence ");
		html_cut(d->b, f->confidence, 80);
	}
	if (f->symbol.n) {
		buf_adds(d->b, " · in <code>");
		html_cut(d->b, f->symbol, 120);
		buf_adds(d->b, "</code>");
	}
	if (f->asked > 1)
		buf_printf(d->b, " · survived %u of %u validators", f->survived, f->asked);
}

/* What code made of it, where that is more than keeping it. */
static void add_disposition(struct html_doc *d, const struct finding *f)
{
	struct buf *b = d->b;

	if (f->disposition == DISPOSITION_MERGED) {
		html_chip(b, TONE_QUIET, "\xe2\x86\xb3", "merged into");
		buf_addc(b, ' ');
		html_uid(b, &d->refs, f->into ? f->into->uid : (struct str){ "", 0 });
		buf_addc(b, ' ');
	} else if (f->disposition == DISPOSITION_DEMOTED) {
		html_chip(b, TONE_CHANGED, "\xe2\x86\x93", "demoted");
		if (f->raised_as > f->severity)
			buf_printf(b, " from %s", severity_name(f->raised_as));
		buf_addc(b, ' ');
	} else if (f->disposition == DISPOSITION_DEFERRED) {
		html_chip(b, TONE_QUIET, "\xe2\x80\xa6", "deferred");
		buf_addc(b, ' ');
	}
}

static void add_field(struct html_doc *d, const char *label, struct str text)
{
	struct html_text how = { .below = 4, .refs = &d->refs, .until = d->b->n + FIELD_HTML };

	if (!text.n)
		return;
	if (label)
		buf_printf(d->b, "<p class=\"label\">%s</p>\n", label);
	html_text(d->b, &how, str_take(text, FIELD_MAX));
}

static struct str either(struct str said, const struct finding *f, const char *field)
{
	return said.n ? said : finding_field(f, field);
}

static void add_body(struct html_doc *d, const struct finding *f)
{
	struct str claim = either(f->claim, f, "Claim");
	struct str scenario = either(f->scenario, f, "Failure scenario");
	struct str fix = either(f->suggestion, f, "Suggestion");
	bool folded = claim.n || scenario.n || fix.n;

	add_field(d, NULL, claim);
	add_field(d, "How it fails", scenario);
	add_field(d, "Suggested", fix);
	if (!str_trim(f->body).n)
		return;
	buf_adds(d->b, folded ? "<details class=\"more\"><summary>As it was written</summary>\n"
				"<div class=\"asis\">\n"
			      : "<div class=\"asis\">\n");
	add_field(d, NULL, f->body);
	buf_adds(d->b, folded ? "</div></details>\n" : "</div>\n");
}

static void add_cites(struct html_doc *d, const struct finding *f)
{
	for (size_t k = 0; k < f->n_cites && k < CITES_SHOWN; k++)
		html_citation(d, f->cites[k]);
	if (f->n_cites > CITES_SHOWN)
		buf_printf(d->b, "<p class=\"meta\">and %zu more citations</p>\n",
		    f->n_cites - CITES_SHOWN);
	if (!f->n_cites)
		buf_adds(d->b, "<p class=\"meta\">Nothing was cited for it.</p>\n");
}

void html_card(struct html_doc *d, const struct finding *f)
{
	const struct html_ref *ref = map_get(&d->refs.by_uid, f->uid);

	buf_printf(d->b, "<article class=\"card %s\"", severity_name(f->severity));
	if (ref && ref->finding == f)
		buf_printf(d->b, " id=\"%.*s\"", STR_ARG(ref->anchor));
	buf_adds(d->b, ">\n<h4><span class=\"id\">");
	html_cut(d->b, f->uid, 80);
	buf_adds(d->b, "</span> ");
	html_phrase(d->b, f->title, TITLE_MAX);
	buf_adds(d->b, "</h4>\n<p class=\"meta\">");
	html_verdict(d->b, f->verdict);
	buf_addc(d->b, ' ');
	add_disposition(d, f);
	add_words(d, f);
	buf_adds(d->b, "</p>\n");
	if (f->disposition_reason.n) {
		buf_adds(d->b, "<p class=\"why\">");
		html_phrase(d->b, f->disposition_reason, FIELD_MAX);
		buf_adds(d->b, "</p>\n");
	}
	add_body(d, f);
	add_cites(d, f);
	buf_adds(d->b, "</article>\n");
}

/* --- all ---------------------------------------------------------------------------------- */

static bool has_room(const struct html_doc *d)
{
	return d->b->n < UNTIL;
}

static unsigned count(const struct html_doc *d, enum severity severity)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->n_findings; i++)
		n += html_stands(d->findings[i]) && d->findings[i]->severity == severity;
	return n;
}

/* Where links to a finding lead that is left out. */
static void add_place(struct html_doc *d, const struct finding *f)
{
	const struct html_ref *ref = map_get(&d->refs.by_uid, f->uid);

	if (ref && ref->finding == f)
		buf_printf(d->b, "<span id=\"%.*s\"></span>", STR_ARG(ref->anchor));
}

static size_t add_standing(struct html_doc *d)
{
	size_t shown = 0;
	int last = SEVERITIES;

	for (size_t i = 0; i < d->n_findings; i++) {
		const struct finding *f = d->findings[i];

		if (!html_stands(f))
			continue;
		if (shown >= HTML_ENTRIES_MAX || !has_room(d)) {
			add_place(d, f);
			continue;
		}
		if ((int)f->severity != last)
			buf_printf(d->b, "<h3 id=\"%s\">%s <span class=\"count\">%u</span></h3>\n",
			    severity_name(f->severity), severity_title(f->severity),
			    count(d, f->severity));
		last = (int)f->severity;
		html_card(d, f);
		shown++;
	}
	return shown;
}

static bool is_set_aside(const struct finding *f)
{
	return !html_stands(f) && f->disposition != DISPOSITION_DEFERRED;
}

static size_t add_set_aside(struct html_doc *d)
{
	size_t n = 0, shown = 0;

	for (size_t i = 0; i < d->n_findings; i++)
		n += is_set_aside(d->findings[i]);
	if (!n)
		return 0;
	buf_printf(d->b,
	    "<h3 id=\"aside\">Set aside <span class=\"count\">%zu</span></h3>\n"
	    "<p>Refuted by a validator with evidence of its own, or the same as another one.</p>\n"
	    "<details class=\"fold\"><summary>Show what was set aside</summary>\n",
	    n);
	for (size_t i = 0; i < d->n_findings; i++) {
		if (!is_set_aside(d->findings[i]))
			continue;
		if (shown < HTML_ENTRIES_MAX && has_room(d)) {
			html_card(d, d->findings[i]);
			shown++;
		} else {
			add_place(d, d->findings[i]);
		}
	}
	buf_adds(d->b, "</details>\n");
	return shown;
}

void html_findings(struct html_doc *d)
{
	struct str became = fact_dispositions(d->a, d->run);
	size_t shown, deferred = 0;

	buf_adds(
	    d->b, "<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n");
	if (!d->n_findings)
		buf_adds(d->b, "<p>No finding was read out of the texts below.</p>\n");
	if (became.n) {
		buf_adds(d->b, "<p>");
		html_cut(d->b, became, KIB(1));
		buf_adds(d->b, ".</p>\n");
	}
	shown = add_standing(d);
	shown += add_set_aside(d);
	for (size_t i = 0; i < d->n_findings; i++)
		deferred += d->findings[i]->disposition == DISPOSITION_DEFERRED;
	if (shown + deferred < d->n_findings)
		buf_printf(d->b,
		    "<p class=\"note\">And %zu more, in the JSON form of this report.</p>\n",
		    d->n_findings - shown - deferred);
	buf_adds(d->b, "</section>\n");
}
