/* The top of the document: what it is, what came out, what is in it. */
#include "report/html.h"

#include "flow/embedded.h"

extern const struct embedded report_files[]; /* report.css */

static const char *const size_titles[FLOW_SIZES] = { "Small", "Medium", "Large", "Auto" };

/* --- head --------------------------------------------------------------------------------- */

/* Without the name of the flow, which stands above it. */
static struct str title_of(const struct report_run *run)
{
	struct str title = run->title.n ? run->title : run->flow, flow = run->flow_title;

	if (flow.n && str_starts(title, flow) && str_starts(str_skip(title, flow.n), STR(": ")) &&
	    title.n > flow.n + 2)
		return str_skip(title, flow.n + 2);
	return title;
}

/*
 * The policy is a second wall: there is no script in the file, and with it nothing that got in
 * would run, load or send.
 */
static void add_meta(struct html_doc *d)
{
	buf_adds(d->b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		       "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n"
		       "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	html_cut(d->b, title_of(d->run), 200);
	buf_adds(d->b, " · tutti</title>\n<style>\n");
	buf_add(d->b, (struct str){ report_files[0].text, report_files[0].n });
	buf_adds(d->b, "</style>\n</head>\n");
}

/* --- facts -------------------------------------------------------------------------------- */

static void add_term(struct html_doc *d, const char *name)
{
	buf_printf(d->b, "<div><dt>%s</dt><dd>", name);
}

static void add_end(struct html_doc *d)
{
	buf_adds(d->b, "</dd></div>\n");
}

static void add_fact(struct html_doc *d, const char *name, struct str value)
{
	add_term(d, name);
	html_cut(d->b, value.n ? value : STR("none"), 400);
	add_end(d);
}

static void add_hash(struct html_doc *d, struct str hash)
{
	buf_adds(d->b, "<code>");
	html_cut(d->b, str_take(hash, 12), 12);
	buf_adds(d->b, "</code>");
}

/* Of the working tree, or since a base; a review says it in its own line. */
static void add_changed(struct html_doc *d)
{
	const struct report_run *run = d->run;
	const char *s = run->changed_files == 1 ? "" : "s";

	if (run->change.n)
		return;
	if (run->dirty)
		buf_adds(d->b, ", dirty");
	if (!run->changed_files)
		return;
	if (run->base.n) {
		buf_printf(d->b, ", %u changed file%s since ", run->changed_files, s);
		html_cut(d->b, run->base, 200);
	} else {
		buf_printf(d->b, " (%u changed file%s)", run->changed_files, s);
	}
}

static void add_repository(struct html_doc *d)
{
	const struct report_run *run = d->run;

	if (!run->repo_name.n)
		return;
	add_term(d, "Repository");
	html_cut(d->b, run->repo_name, 200);
	if (run->commit.n) {
		buf_adds(d->b, " @ ");
		add_hash(d, run->commit);
	}
	if (run->branch.n) {
		buf_adds(d->b, " on ");
		html_cut(d->b, run->branch, 200);
	}
	add_changed(d);
	add_end(d);
	if (run->change.n) {
		add_term(d, "Reviewed");
		html_cut(d->b, run->change, 400);
		add_end(d);
	}
	if (run->tree_hash.n) {
		add_term(d, "Snapshot");
		add_hash(d, run->tree_hash);
		add_end(d);
	}
}

static void add_agents(struct html_doc *d)
{
	unsigned n[STEP_STATUSES] = { 0 }, all = 0;

	for (size_t i = 0; i < d->run->n_steps; i++)
		if (fact_is_agent(&d->run->steps[i])) {
			n[d->run->steps[i].status]++;
			all++;
		}
	add_term(d, "Agents");
	buf_printf(d->b, "%u: %u done, %u failed, %u skipped", all, n[STEP_COMPLETED],
	    n[STEP_FAILED], n[STEP_SKIPPED]);
	if (n[STEP_CANCELLED])
		buf_printf(d->b, ", %u cancelled", n[STEP_CANCELLED]);
	add_end(d);
}

/* Who is not in it, and why: a reader must not think that all of the flow looked. */
static void add_left_out(struct html_doc *d)
{
	const struct report_run *run = d->run;

	if (!run->n_left_out)
		return;
	add_term(d, "Left out");
	for (size_t i = 0; i < run->n_left_out; i++) {
		buf_adds(d->b, i ? "<br>" : "");
		html_cut(d->b, run->left_out[i].label, 200);
		buf_adds(d->b, ": ");
		html_cut(d->b, run->left_out[i].reason, 400);
	}
	add_end(d);
}

/* What the agents were handed besides the repository. */
static void add_provided(struct html_doc *d)
{
	const struct report_provided *p = &d->run->provided;

	if (!p->run.n)
		return;
	add_term(d, "Provided");
	buf_adds(d->b, "the report of <code>");
	html_cut(d->b, p->run, 80);
	buf_adds(d->b, "</code>, ");
	html_cut(d->b, p->flow, 200);
	buf_adds(d->b, " of ");
	html_cut(d->b, str_take(p->started, 10), 10);
	if (p->commit.n) {
		buf_adds(d->b, " @ ");
		add_hash(d, p->commit);
	}
	if (p->cut)
		buf_printf(d->b, ", its first %zu KiB of %lld", PROVIDED_MAX >> 10, p->bytes >> 10);
	buf_adds(d->b, ": ");
	html_cut(d->b, p->question, 300);
	add_end(d);
}

static void add_choice(struct html_doc *d)
{
	const struct report_run *run = d->run;

	add_term(d, "Flow");
	html_cut(d->b, run->flow, 200);
	buf_printf(d->b, ", %s%s", size_titles[run->size], run->fast ? ", fast" : "");
	add_end(d);
	add_term(d, "Size");
	buf_printf(d->b, "%s%s", size_titles[run->size], run->size_was_auto ? ", by auto: " : "");
	if (run->size_was_auto)
		html_cut(d->b, run->size_reason.n ? run->size_reason : STR("not decided"), 400);
	add_end(d);
	add_left_out(d);
	if (run->focus.n)
		add_fact(d, "Focus", run->focus);
	add_provided(d);
	add_fact(d, "Agent", run->agent);
	add_fact(d, "Model", run->model);
	add_agents(d);
}

static void add_run(struct html_doc *d)
{
	const struct report_run *run = d->run;
	char iso[32], span[24];

	add_term(d, "Run");
	buf_adds(d->b, "<code>");
	html_cut(d->b, run->id, 80);
	buf_printf(d->b, "</code>%s", run->resumed ? " (resumed)" : "");
	add_end(d);
	add_term(d, "Started");
	clock_iso(run->started, iso, sizeof(iso));
	buf_printf(d->b, "<time datetime=\"%s\">%.10s %.5s UTC</time>", iso, iso, iso + 11);
	if (run->took)
		buf_printf(d->b, ", took %s", clock_span(run->took, span, sizeof(span)));
	add_end(d);
	add_term(d, "Tokens");
	buf_printf(d->b, "%lld in, %lld out", run->tokens_in, run->tokens_out);
	add_end(d);
}

/* --- tallies ------------------------------------------------------------------------------ */

struct part {
	enum html_tone tone;
	const char *sign, *word;
	unsigned n;
};

/* Shares of a whole as a bar; the numbers stand beside it. */
static void add_bar(struct buf *b, const struct part *p, size_t n, unsigned all)
{
	unsigned at = 0;

	buf_adds(b, "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" "
		    "aria-hidden=\"true\" focusable=\"false\">");
	for (size_t i = 0; i < n; i++) {
		unsigned to = (unsigned)((unsigned long long)(at + p[i].n) * 1000 / all);
		unsigned from = (unsigned)((unsigned long long)at * 1000 / all);

		if (p[i].n)
			buf_printf(b,
			    "<rect class=\"%s\" x=\"%u\" y=\"0\" width=\"%u\" height=\"10\"/>",
			    html_tone_name(p[i].tone), from, to - from);
		at += p[i].n;
	}
	buf_adds(b, "</svg>");
}

static void add_tally(
    struct html_doc *d, const char *name, const char *to, const struct part *p, size_t n)
{
	unsigned all = 0;

	for (size_t i = 0; i < n; i++)
		all += p[i].n;
	buf_printf(d->b, "<li><a href=\"#%s\"><strong>%u</strong> %s</a>", to, all, name);
	if (all)
		add_bar(d->b, p, n, all);
	buf_adds(d->b, "<span class=\"parts\">");
	for (size_t i = 0; i < n; i++)
		if (p[i].n)
			buf_printf(d->b,
			    "<span class=\"%s\"><span aria-hidden=\"true\">%s</span>%u %s</span> ",
			    html_tone_name(p[i].tone), p[i].sign, p[i].n, p[i].word);
	buf_adds(d->b, "</span></li>\n");
}

static void tally_findings(struct html_doc *d)
{
	struct part p[] = { { TONE_BAD, "", "critical", 0 }, { TONE_BAD, "", "high", 0 },
		{ TONE_WARN, "", "medium", 0 }, { TONE_QUIET, "", "low", 0 },
		{ TONE_QUIET, "", "note or not rated", 0 } };

	for (size_t i = 0; i < d->n_findings; i++) {
		int place = SEVERITY_CRITICAL - (int)d->findings[i]->severity;

		if (html_stands(d->findings[i]))
			p[place > 4 ? 4 : place].n++;
	}
	add_tally(d, "findings stand", "findings", p, sizeof(p) / sizeof(p[0]));
}

static void tally_verdicts(struct html_doc *d)
{
	struct part p[] = { { TONE_GOOD, "\xe2\x96\xb2", "upheld", 0 },
		{ TONE_WARN, "\xe2\x97\x86", "weakened", 0 },
		{ TONE_BAD, "\xe2\x96\xbc", "refuted", 0 },
		{ TONE_QUIET, "\xe2\x97\x8b", "not reviewed", 0 } };
	static const unsigned char place[VERDICTS] = { 3, 0, 1, 2 };

	for (size_t i = 0; i < d->n_findings; i++)
		p[place[d->findings[i]->verdict]].n++;
	add_tally(d, "claims", "validation", p, sizeof(p) / sizeof(p[0]));
}

static void tally_cites(struct html_doc *d)
{
	static const enum cite_state order[CITE_STATES] = { CITE_RESOLVES, CITE_MOVED, CITE_CHANGED,
		CITE_MISSING, CITE_UNCHECKED };
	static const char *const words[CITE_STATES] = { "resolve", "moved", "changed", "missing",
		"not checked" };
	struct cite_counts c = fact_cites(d->run);
	struct part p[CITE_STATES];

	for (size_t i = 0; i < CITE_STATES; i++)
		p[i] = (struct part){ html_state_tone(order[i]), html_sign(order[i]), words[i],
			c.of[order[i]] };
	add_tally(d, "citations", "evidence", p, CITE_STATES);
}

static void add_status(struct html_doc *d)
{
	enum run_status status = d->run->status;

	buf_adds(d->b, "<p class=\"outcome\">");
	html_chip(d->b,
	    status == RUN_COMPLETED ? TONE_GOOD
	    : status == RUN_FAILED  ? TONE_BAD
				    : TONE_QUIET,
	    status == RUN_COMPLETED ? "\xe2\x9c\x93"
	    : status == RUN_FAILED  ? "\xe2\x9c\x95"
				    : "\xe2\x96\xa0",
	    run_status_name(status));
	buf_addc(d->b, ' ');
	html_cut(d->b, report_outcome(d->a, d->run), KIB(2));
	buf_adds(d->b, "</p>\n");
}

static void add_kicker(struct html_doc *d)
{
	buf_adds(d->b, "<body>\n<a class=\"skip\" href=\"#answer\">Skip to the answer</a>\n"
		       "<header class=\"top\">\n<p class=\"kicker\"><b>tutti</b> ");
	html_cut(d->b, d->run->flow_title.n ? d->run->flow_title : d->run->flow, 200);
	buf_adds(d->b, "</p>\n<h1>");
	html_cut(d->b, title_of(d->run), 400);
	buf_adds(d->b, "</h1>\n");
	if (d->run->question.n && !str_contains(title_of(d->run), str_trim(d->run->question))) {
		buf_adds(d->b, "<p class=\"question\">");
		html_cut(d->b, d->run->question, KIB(4));
		buf_adds(d->b, "</p>\n");
	}
}

void html_head(struct html_doc *d)
{
	add_meta(d);
	add_kicker(d);
	add_status(d);
	if (d->run->rehearsal)
		buf_adds(d->b,
		    "<p class=\"box\"><strong>Rehearsal.</strong> No language model was used. The "
		    "built-in rehearsal model wrote the texts below from what the tools returned: "
		    "the citations are real, the judgement is not.</p>\n");
	buf_adds(d->b, "<ul class=\"tallies\">\n");
	tally_findings(d);
	tally_verdicts(d);
	tally_cites(d);
	buf_adds(d->b, "</ul>\n<details class=\"about\"><summary>About this run</summary>\n"
		       "<dl class=\"facts\">\n");
	add_repository(d);
	add_choice(d);
	add_run(d);
	buf_adds(d->b, "</dl></details>\n</header>\n");
}
