/* The document, in its fixed order. */
#include "report/priv.h"

/* Room that is kept for what comes behind the texts. */
#define TAIL_MAX MIB(8)

static const char *const size_titles[FLOW_SIZES] = { "Small", "Medium", "Large", "Auto" };

/* --- header -------------------------------------------------------------------------------- */

static void add_agents(struct buf *b, const struct report_run *run)
{
	unsigned n[STEP_STATUSES] = { 0 }, all = 0;

	for (size_t i = 0; i < run->n_steps; i++)
		if (fact_is_agent(&run->steps[i])) {
			n[run->steps[i].status]++;
			all++;
		}
	buf_printf(b, "agents %u: %u done, %u failed, %u skipped", all, n[STEP_COMPLETED],
	    n[STEP_FAILED], n[STEP_SKIPPED]);
	if (n[STEP_CANCELLED])
		buf_printf(b, ", %u cancelled", n[STEP_CANCELLED]);
}

/* Of the working tree, or since a base; a review says it in its own line. */
static void add_changed(struct buf *b, const struct report_run *run)
{
	const char *s = run->changed_files == 1 ? "" : "s";

	if (run->change.n)
		return;
	if (run->dirty)
		buf_adds(b, ", dirty");
	if (!run->changed_files)
		return;
	if (run->base.n) {
		buf_printf(b, ", %u changed file%s since ", run->changed_files, s);
		md_inline(b, run->base);
	} else {
		buf_printf(b, " (%u changed file%s)", run->changed_files, s);
	}
}

static void add_repo(struct buf *b, const struct report_run *run)
{
	if (!run->repo_name.n)
		return;
	buf_adds(b, "**Repository** ");
	md_inline(b, run->repo_name);
	if (run->commit.n)
		buf_printf(b, " @ `%.12s`", run->commit.p);
	if (run->branch.n) {
		buf_adds(b, " on ");
		md_inline(b, run->branch);
	}
	add_changed(b, run);
	if (run->tree_hash.n)
		buf_printf(b, " · **Snapshot** `%.12s`", run->tree_hash.p);
	buf_adds(b, "  \n");
	if (!run->change.n)
		return;
	buf_adds(b, "**Reviewed** ");
	md_inline(b, run->change);
	buf_adds(b, "  \n");
}

/* What the agents were handed besides the repository. */
static void add_provided(struct buf *b, const struct report_run *run)
{
	const struct report_provided *p = &run->provided;

	if (!p->run.n)
		return;
	buf_printf(b, "**Provided** the report of `%.*s`, %.*s of %.*s", STR_ARG(p->run),
	    STR_ARG(p->flow), STR_ARG(str_take(p->started, 10)));
	if (p->commit.n)
		buf_printf(b, " @ `%.12s`", p->commit.p);
	if (p->cut)
		buf_printf(b, ", its first %zu KiB of %lld", PROVIDED_MAX >> 10, p->bytes >> 10);
	buf_adds(b, ": ");
	md_cell(b, p->question, 300);
	buf_adds(b, "  \n");
}

static void add_choice(struct buf *b, const struct report_run *run)
{
	buf_adds(b, "**Flow** ");
	md_inline(b, run->flow);
	buf_printf(
	    b, " · **Size** %s%s", size_titles[run->size], run->size_was_auto ? " (auto: " : "");
	if (run->size_was_auto) {
		md_inline(b, run->size_reason.n ? run->size_reason : STR("not decided"));
		buf_addc(b, ')');
	}
	if (run->focus.n) {
		buf_adds(b, " · **Focus** ");
		md_inline(b, run->focus);
	}
	if (run->fast)
		buf_adds(b, " · fast");
	buf_adds(b, "  \n**Agent** ");
	md_inline(b, run->agent.n ? run->agent : STR("none"));
	buf_adds(b, " · **Model** ");
	md_inline(b, run->model.n ? run->model : STR("none"));
	buf_adds(b, "  \n");
}

/* Who is not in it, and why: a reader must not think that all of the flow looked. */
static void add_left_out(struct buf *b, const struct report_run *run)
{
	if (!run->n_left_out)
		return;
	buf_adds(b, "**Left out** ");
	for (size_t i = 0; i < run->n_left_out; i++) {
		buf_adds(b, i ? "; " : "");
		md_inline(b, run->left_out[i].label);
		buf_adds(b, " (");
		md_inline(b, run->left_out[i].reason);
		buf_addc(b, ')');
	}
	buf_adds(b, "  \n");
}

static void add_times(struct buf *b, const struct report_run *run)
{
	char iso[32], span[24];

	buf_printf(b, "**Run** `%.*s`%s", STR_ARG(run->id), run->resumed ? " (resumed)" : "");
	buf_printf(b, " · **Status** %s", run_status_name(run->status));
	buf_printf(b, " · **Started** %s", clock_iso(run->started, iso, sizeof(iso)));
	if (run->took)
		buf_printf(b, " · **Took** %s", clock_span(run->took, span, sizeof(span)));
	buf_printf(b, " · **Tokens** %lld in, %lld out  \n", run->tokens_in, run->tokens_out);
	add_agents(b, run);
	buf_adds(b, "\n\n");
}

/* Whoever reads only the head must not take for checked what is not. */
static void add_unvalidated(struct buf *b, struct arena *a, const struct report_run *run)
{
	enum validation v = fact_validation(run);
	struct strs why = fact_unvalidated(a, run);

	if (v != VALIDATION_NOT && v != VALIDATION_PART)
		return;
	buf_adds(b, v == VALIDATION_NOT ? "> **Not validated.** " : "> **Validated in part.** ");
	for (size_t i = 0; i < why.n && i < 5; i++) {
		buf_adds(b, i ? "; " : "");
		md_cell(b, why.v[i], 300);
	}
	buf_adds(b, v == VALIDATION_NOT ? ". No verdict stands behind anything below.\n\n"
					: ". What nobody judged is marked as not reviewed.\n\n");
}

static void add_header(struct buf *b, struct arena *a, const struct report_run *run)
{
	buf_adds(b, "# ");
	md_inline(b, run->title.n ? run->title : run->flow);
	buf_adds(b, "\n\n");
	if (run->rehearsal)
		buf_adds(b,
		    "> **Rehearsal.** No language model was used. The built-in rehearsal model "
		    "wrote the texts below from what the tools returned: the citations are real, "
		    "the judgement is not.\n\n");
	add_unvalidated(b, a, run);
	add_repo(b, run);
	add_choice(b, run);
	add_provided(b, run);
	add_left_out(b, run);
	add_times(b, run);
}

/* --- texts --------------------------------------------------------------------------------- */

static void add_text(struct buf *b, struct arena *a, struct str text)
{
	size_t room = b->n + TAIL_MAX < REPORT_MAX ? REPORT_MAX - TAIL_MAX - b->n : 0;
	size_t cost = room / 7; /* the worst a byte can become */

	text = md_without(a, text, "Deferred");
	md_text(b, text.n <= room / 2 ? text : str_take(text, cost), 2);
	if (text.n > room / 2 && text.n > cost)
		buf_printf(b, "\n*Cut here: %zu more bytes stand in the step's own output.*\n",
		    text.n - cost);
}

/* What code did to the recommendation, and what it stands on. */
static void add_standing(struct buf *b, const struct report_run *run, bool rewritten)
{
	if (rewritten)
		buf_adds(b, "*Rewritten after the validation.*\n\n");
	else if (run->verdicts && run->verdicts->recommendation_hit)
		buf_adds(b, "*Parts of this rested on findings that were weakened or refuted; see "
			    "Validation.*\n\n");
	if (fact_validation(run) == VALIDATION_NOT)
		buf_adds(b, "*Unvalidated: no verdict stands behind what this rests on.*\n\n");
	if (!run->struck.n)
		return;
	buf_adds(b, "*It named what is refuted: ");
	for (size_t i = 0; i < run->struck.n && i < 20; i++) {
		buf_adds(b, i ? ", " : "");
		md_cell(b, run->struck.v[i], 80);
	}
	buf_printf(b,
	    "%s. %u part%s that rested on nothing else %s taken out, the rest is marked.*\n\n",
	    run->struck.n > 20 ? " and more" : "", run->struck_parts,
	    run->struck_parts == 1 ? "" : "s", run->struck_parts == 1 ? "is" : "are");
}

static void add_recommendation(struct buf *b, struct arena *a, const struct report_run *run)
{
	const struct report_step *s = fact_recommender(run);

	if (!s)
		return;
	buf_adds(b, "## Recommendation\n\n");
	if (run->no_winner)
		buf_adds(b, "**Result: no clear winner.**\n\n");
	add_standing(b, run, s->role == ROLE_REWRITE);
	add_text(b, a, link_findings(a, run, s->output));
	buf_addc(b, '\n');
}

/* The name of a part of every report: a step's own text under the same one would be taken for it.
 */
static bool is_part(struct str label)
{
	static const char *const parts[] = { "Answer", "Validation", "Recommendation", "Findings",
		"Deferred (YAGNI)", "Gaps", "Coverage", "Evidence", "Reproduce" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (str_is(label, parts[i]))
			return true;
	return false;
}

static void add_angles(struct buf *b, struct arena *a, const struct report_run *run)
{
	const struct report_step **v;
	size_t n = fact_sections(a, run, &v);

	for (size_t i = 0; i < n; i++) {
		buf_adds(b, "## ");
		md_inline(b, fact_label(v[i]));
		buf_adds(b, is_part(fact_label(v[i])) ? ", in full\n\n" : "\n\n");
		if (v[i]->partial)
			buf_adds(b, "*Partial: the text was cut off.*\n\n");
		add_text(b, a, v[i]->output);
		buf_addc(b, '\n');
	}
}

static void add_deferred(struct buf *b, struct arena *a, const struct report_run *run)
{
	bool headed = md_deferred(b, a, run);

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct report_step *s = &run->steps[i];
		bool replaced = s->role == ROLE_SYNTHESIZER && s != fact_recommender(run);
		struct str text = s->status == STEP_COMPLETED && !replaced
				      ? md_section(s->output, "Deferred")
				      : (struct str){ "", 0 };

		if (!text.n || b->n + 7 * text.n + TAIL_MAX / 2 > REPORT_MAX)
			continue;
		buf_adds(b, headed ? "" : "## Deferred (YAGNI)\n\n");
		headed = true;
		buf_adds(b, "From ");
		md_inline(b, fact_label(s));
		buf_adds(b, ":\n\n");
		md_text(b, text, 2);
		buf_addc(b, '\n');
	}
}

/* --- the end ------------------------------------------------------------------------------- */

static void add_gaps(struct buf *b, struct arena *a, const struct report_run *run)
{
	struct strs gaps = fact_gaps(a, run);

	buf_adds(b, "## Gaps\n\n");
	if (!gaps.n)
		buf_adds(b, "None known.\n");
	for (size_t i = 0; i < gaps.n && i < 500; i++) {
		buf_adds(b, "- ");
		md_cell(b, gaps.v[i], 1000);
		buf_addc(b, '\n');
	}
	if (gaps.n > 500)
		buf_printf(b, "- and %zu more\n", gaps.n - 500);
	buf_addc(b, '\n');
}

static void add_reproduce(struct buf *b, const struct report_run *run)
{
	buf_adds(b, "\n## Reproduce\n\n");
	if (run->command.n) {
		buf_adds(b, "```sh\n");
		buf_add_terminal_line(b, run->command);
		buf_adds(b, "\n```\n\n");
	}
	buf_printf(b, "- flow `%.*s`\n", STR_ARG(run->flow_hash));
	for (size_t i = 0; i < run->persona_hashes.n; i++)
		buf_printf(b, "- persona `%.*s`\n", STR_ARG(run->persona_hashes.v[i]));
	if (run->tree_hash.n)
		buf_printf(b, "- snapshot `%.*s`\n", STR_ARG(run->tree_hash));
	buf_adds(b, "- ");
	md_inline(b, run->proof.n ? run->proof : STR("no agent ran, so nothing was proven"));
	buf_addc(b, '\n');
	for (size_t i = 0; i < run->next.n; i++)
		buf_printf(
		    b, "%s`%.*s`", i ? ", " : "\nWhat to run next: ", STR_ARG(run->next.v[i]));
	if (run->next.n)
		buf_adds(b, ".\n");
}

struct str report_markdown(struct arena *a, const struct report_run *run)
{
	struct buf b;

	buf_init(&b, REPORT_MAX);
	add_header(&b, a, run);
	buf_adds(&b, "## Answer\n\n");
	md_text(&b, link_findings(a, run, fact_answer(a, run)), 2);
	buf_adds(&b, "\nConfidence: ");
	md_inline(&b, fact_confidence(a, run));
	buf_adds(&b, "\n\n## Validation\n\n");
	md_validation(&b, a, run);
	md_contradictions(&b, run);
	buf_addc(&b, '\n');
	add_recommendation(&b, a, run);
	buf_adds(&b, "## Findings\n\n");
	md_findings(&b, a, run);
	buf_addc(&b, '\n');
	add_angles(&b, a, run);
	add_deferred(&b, a, run);
	add_gaps(&b, a, run);
	md_coverage(&b, a, run);
	buf_adds(&b, "## Evidence\n\n");
	md_evidence(&b, a, run);
	add_reproduce(&b, run);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}
