/* The document as one HTML file, in the order of the Markdown form. */
#include "report/html.h"

/* Up to where the parts may fill the file, so that each one behind them finds room. */
#define ANSWER_UNTIL MIB(9)
#define ADVICE_UNTIL MIB(16)
#define ANGLES_UNTIL MIB(48)
#define DEFERRED_UNTIL MIB(52)
#define GAPS_SHOWN 500
#define ANGLES_LISTED 60

/* --- contents ----------------------------------------------------------------------------- */

static void add_entry(struct html_doc *d, const char *id, const char *name, size_t count)
{
	buf_printf(d->b, "<li><a href=\"#%s\">%s", id, name);
	if (count)
		buf_printf(d->b, " <span class=\"count\">%zu</span>", count);
	buf_adds(d->b, "</a></li>\n");
}

static bool is_deferred(const struct report_step *s)
{
	return s->status == STEP_COMPLETED && md_section(s->output, "Deferred").n;
}

static size_t count_deferred(const struct html_doc *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->run->n_steps; i++)
		n += is_deferred(&d->run->steps[i]);
	for (size_t i = 0; i < d->n_findings; i++)
		n += d->findings[i]->disposition == DISPOSITION_DEFERRED;
	return n;
}

static void list_angles(struct html_doc *d, const struct report_step **v, size_t n)
{
	if (!n)
		return;
	buf_adds(d->b, "<li><a href=\"#angles\">What the agents wrote</a>\n<ul>\n");
	for (size_t i = 0; i < n && i < ANGLES_LISTED; i++) {
		buf_printf(d->b, "<li><a href=\"#angle-%zu\">", i + 1);
		html_cut(d->b, fact_label(v[i]), 60);
		buf_adds(d->b, "</a></li>\n");
	}
	buf_adds(d->b, "</ul></li>\n");
}

static size_t count_standing(const struct html_doc *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_findings; i++)
		n += html_stands(d->findings[i]);
	return n;
}

static void add_contents(struct html_doc *d, const struct report_step **v, size_t n)
{
	buf_adds(d->b, "<nav class=\"toc\" aria-label=\"Contents\">\n<details>"
		       "<summary>Contents</summary>\n<ul>\n");
	add_entry(d, "answer", "Answer", 0);
	add_entry(d, "validation", "Validation", 0);
	if (fact_recommender(d->run))
		add_entry(d, "recommendation", "Recommendation", 0);
	add_entry(d, "findings", "Findings", count_standing(d));
	list_angles(d, v, n);
	if (count_deferred(d))
		add_entry(d, "deferred", "Deferred", 0);
	add_entry(d, "gaps", "Gaps", fact_gaps(d->a, d->run).n);
	if (d->run->coverage)
		add_entry(d, "coverage", "Coverage", 0);
	add_entry(d, "evidence", "Evidence", d->n_rows);
	add_entry(d, "reproduce", "Reproduce", 0);
	buf_adds(d->b, "</ul>\n</details></nav>\n");
}

/* --- texts -------------------------------------------------------------------------------- */

static void add_text(struct html_doc *d, struct str text, unsigned below, size_t until)
{
	struct html_text how = { .below = below, .refs = &d->refs, .until = until };

	html_text(d->b, &how, text);
}

static void add_answer(struct html_doc *d)
{
	buf_adds(d->b, "<section class=\"answer\" aria-labelledby=\"answer\">\n"
		       "<h2 id=\"answer\">Answer</h2>\n");
	add_text(d, fact_answer(d->a, d->run), 2, ANSWER_UNTIL);
	buf_adds(d->b, "<p class=\"confidence\"><strong>Confidence:</strong> ");
	html_cut(d->b, fact_confidence(d->a, d->run), KIB(1));
	buf_adds(d->b, "</p>\n</section>\n");
}

/* TEXT without a first heading that only says TITLE, as ours above it does. */
static struct str without_title(struct str text, const char *title)
{
	struct md_scan scan = { 0 };
	struct str rest = str_trim(text), line = str_line(&rest);
	unsigned level = md_heading(&scan, line);

	if (!level || !rest.p || !str_eq_nocase(str_trim(str_skip(line, level)), str_from(title)))
		return text;
	return rest;
}

static void add_advice(struct html_doc *d)
{
	const struct report_step *s = fact_recommender(d->run);
	struct str before, after;

	if (!s)
		return;
	buf_adds(d->b, "<section aria-labelledby=\"recommendation\">\n"
		       "<h2 id=\"recommendation\">Recommendation</h2>\n");
	if (d->run->no_winner)
		buf_adds(d->b, "<p><strong>Result: no clear winner.</strong></p>\n");
	if (s->role == ROLE_REWRITE)
		buf_adds(d->b, "<p class=\"note\">Rewritten after the validation.</p>\n");
	else if (d->run->verdicts && d->run->verdicts->recommendation_hit)
		buf_adds(d->b,
		    "<p class=\"box\">Parts of this rested on findings that were weakened "
		    "or refuted; see <a href=\"#validation\">Validation</a>.</p>\n");
	else if (d->run->validator_expected && !html_validated(d->run))
		buf_adds(d->b, "<p class=\"box\"><strong>Unvalidated.</strong> No validator's "
			       "verdict stands behind this.</p>\n");
	if (d->run->struck.n)
		buf_printf(d->b,
		    "<p class=\"note\">It named what is refuted; %u part%s that rested on nothing "
		    "else %s taken out, the rest is marked.</p>\n",
		    d->run->struck_parts, d->run->struck_parts == 1 ? "" : "s",
		    d->run->struck_parts == 1 ? "is" : "are");
	md_around(s->output, "Deferred", &before, &after);
	add_text(d, without_title(before, "Recommendation"), 2, ADVICE_UNTIL);
	add_text(d, after, 2, ADVICE_UNTIL);
	buf_adds(d->b, "</section>\n");
}

static bool is_json(struct str text)
{
	text = str_trim(text);
	return text.n > 1 && ((text.p[0] == '{' && text.p[text.n - 1] == '}') ||
				 (text.p[0] == '[' && text.p[text.n - 1] == ']'));
}

static void add_output(struct html_doc *d, const struct report_step *s)
{
	struct str before, after, shown = str_take(s->output, HTML_TEXT_MAX);

	if (is_json(s->output) && d->b->n + 6 * shown.n < ANGLES_UNTIL) {
		buf_adds(d->b, "<div class=\"block\"><pre tabindex=\"0\" role=\"group\" "
			       "aria-label=\"JSON\"><code>");
		html_add(d->b, shown);
		buf_adds(d->b, "</code></pre></div>\n");
		return;
	}
	md_around(s->output, "Deferred", &before, &after);
	add_text(d, before, 3, ANGLES_UNTIL);
	add_text(d, after, 3, ANGLES_UNTIL);
}

static void add_angle_meta(struct html_doc *d, const struct report_step *s)
{
	char span[24];

	buf_adds(d->b, "<p class=\"meta\">");
	html_cut(d->b, s->persona.n ? s->persona : s->name, 80);
	if (s->model.n) {
		buf_adds(d->b, " · ");
		html_cut(d->b, s->model, 80);
	}
	if (s->took)
		buf_printf(d->b, " · %s", clock_span(s->took, span, sizeof(span)));
	if (s->tokens_in || s->tokens_out)
		buf_printf(d->b, " · %lld tokens", s->tokens_in + s->tokens_out);
	if (s->evidence)
		buf_printf(d->b, " · %zu citations", s->evidence->n_cites);
	if (s->partial)
		buf_adds(d->b, " · <strong>partial: the text was cut off</strong>");
	buf_adds(d->b, "</p>\n");
}

static void add_fold(struct html_doc *d, const struct report_step *s, const char *open)
{
	if (d->b->n >= ANGLES_UNTIL) {
		buf_adds(d->b,
		    "<p class=\"note\">Left out here; it stands in the JSON form of this "
		    "report.</p>\n");
		return;
	}
	buf_printf(d->b,
	    "<details class=\"fold\"%s><summary>The whole text</summary>\n"
	    "<div class=\"text\">\n",
	    open);
	add_output(d, s);
	buf_adds(d->b, "</div></details>\n");
}

/* Folded where a recommendation says it all; where there is none they are the report. */
static void add_angles(struct html_doc *d, const struct report_step **v, size_t n)
{
	const char *open = fact_recommender(d->run) ? "" : " open";

	if (!n)
		return;
	buf_adds(d->b, "<section aria-labelledby=\"angles\">\n"
		       "<h2 id=\"angles\">What the agents wrote</h2>\n");
	for (size_t i = 0; i < n; i++) {
		buf_printf(d->b, "<h3 id=\"angle-%zu\">", i + 1);
		html_cut(d->b, fact_label(v[i]), 200);
		buf_adds(d->b, "</h3>\n");
		add_angle_meta(d, v[i]);
		add_fold(d, v[i], open);
	}
	buf_adds(d->b, "</section>\n");
}

/* Findings that were put off. A card's heading stands below one of the section's. */
static void add_put_off(struct html_doc *d)
{
	bool headed = false;

	for (size_t i = 0; i < d->n_findings && d->b->n < DEFERRED_UNTIL; i++) {
		if (d->findings[i]->disposition != DISPOSITION_DEFERRED)
			continue;
		buf_adds(d->b, headed ? "" : "<h3>Findings that were put off</h3>\n");
		headed = true;
		html_card(d, d->findings[i]);
	}
}

static void add_deferred(struct html_doc *d)
{
	if (!count_deferred(d))
		return;
	buf_adds(d->b, "<section aria-labelledby=\"deferred\">\n"
		       "<h2 id=\"deferred\">Deferred (YAGNI)</h2>\n"
		       "<p>Not needed now. None of this counts as a finding.</p>\n");
	add_put_off(d);
	for (size_t i = 0; i < d->run->n_steps && d->b->n < DEFERRED_UNTIL; i++) {
		const struct report_step *s = &d->run->steps[i];

		if (!is_deferred(s))
			continue;
		buf_adds(d->b, "<h3>From ");
		html_cut(d->b, fact_label(s), 200);
		buf_adds(d->b, "</h3>\n");
		add_text(d, md_section(s->output, "Deferred"), 3, DEFERRED_UNTIL);
	}
	buf_adds(d->b, "</section>\n");
}

/* --- the end ------------------------------------------------------------------------------ */

static void add_gaps(struct html_doc *d)
{
	struct strs gaps = fact_gaps(d->a, d->run);

	buf_adds(d->b, "<section aria-labelledby=\"gaps\">\n<h2 id=\"gaps\">Gaps</h2>\n");
	buf_adds(d->b, gaps.n ? "<ul>\n" : "<p>None known.</p>\n");
	for (size_t i = 0; i < gaps.n && i < GAPS_SHOWN; i++) {
		buf_adds(d->b, "<li>");
		html_phrase(d->b, gaps.v[i], 1000);
		buf_adds(d->b, "</li>\n");
	}
	if (gaps.n > GAPS_SHOWN)
		buf_printf(d->b, "<li>and %zu more</li>\n", gaps.n - GAPS_SHOWN);
	buf_adds(d->b, gaps.n ? "</ul>\n</section>\n" : "</section>\n");
}

/* As in the Markdown form, but for the heading. */
static void add_coverage(struct html_doc *d)
{
	struct buf text;
	struct str rest;

	if (!d->run->coverage)
		return;
	buf_init(&text, MIB(1));
	md_coverage(&text, d->a, d->run);
	rest = buf_str(&text);
	str_line(&rest);
	buf_adds(d->b, "<section aria-labelledby=\"coverage\">\n"
		       "<h2 id=\"coverage\">Coverage</h2>\n");
	html_text(d->b, &(struct html_text){ .below = 2, .until = d->b->n + MIB(1) }, rest);
	buf_adds(d->b, "</section>\n");
	buf_fini(&text);
}

static void add_item(struct html_doc *d, const char *name, struct str value)
{
	buf_printf(d->b, "<li>%s <code>", name);
	html_cut(d->b, value, 400);
	buf_adds(d->b, "</code></li>\n");
}

static void add_reproduce(struct html_doc *d)
{
	const struct report_run *run = d->run;

	buf_adds(d->b, "<section aria-labelledby=\"reproduce\">\n"
		       "<h2 id=\"reproduce\">Reproduce</h2>\n");
	if (run->command.n) {
		buf_adds(d->b, "<pre class=\"command\">");
		html_cut(d->b, run->command, KIB(72));
		buf_adds(d->b, "</pre>\n");
	}
	buf_adds(d->b, "<p>");
	html_cut(
	    d->b, run->proof.n ? run->proof : STR("No agent ran, so nothing was proven."), KIB(4));
	buf_adds(d->b, "</p>\n<ul class=\"hashes\">\n");
	add_item(d, "flow", run->flow_hash);
	for (size_t i = 0; i < run->persona_hashes.n; i++)
		add_item(d, "persona", run->persona_hashes.v[i]);
	if (run->tree_hash.n)
		add_item(d, "snapshot", run->tree_hash);
	buf_adds(d->b, "</ul>\n");
	for (size_t i = 0; i < run->next.n; i++) {
		buf_adds(d->b, i ? ", <code>" : "<p>What to run next: <code>");
		html_cut(d->b, run->next.v[i], 80);
		buf_adds(d->b, "</code>");
	}
	buf_adds(d->b, run->next.n ? ".</p>\n</section>\n" : "</section>\n");
}

static void add_body(struct html_doc *d)
{
	const struct report_step **v;
	size_t n = fact_sections(d->a, d->run, &v);

	buf_adds(d->b, "<div class=\"page\">\n");
	add_contents(d, v, n);
	buf_adds(d->b, "<main>\n");
	add_answer(d);
	html_validation(d);
	add_advice(d);
	html_findings(d);
	add_angles(d, v, n);
	add_deferred(d);
	add_gaps(d);
	add_coverage(d);
	html_evidence(d);
	add_reproduce(d);
	buf_adds(d->b, "</main>\n</div>\n<footer><p>Written by tutti. One file, no script, nothing "
		       "loaded from elsewhere.</p></footer>\n</body>\n</html>\n");
}

struct str report_html(
    struct arena *a, const struct report_run *run, evidence_source_fn fn, void *ctx)
{
	struct html_doc d = { .a = a, .run = run };
	struct buf b;

	buf_init(&b, HTML_MAX);
	d.b = &b;
	d.n_findings = fact_findings(a, run, &d.findings);
	d.n_rows = fact_evidence(a, run, &d.rows);
	d.shown = arena_array(a, d.n_rows + 1, sizeof(*d.shown));
	d.slices = code_slices(a, d.rows, d.n_rows, fn, ctx);
	html_refs_init(&d.refs, a, d.findings, d.n_findings, d.rows, d.n_rows);
	html_head(&d);
	add_body(&d);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}
