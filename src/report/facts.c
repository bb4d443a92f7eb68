/* What a run came to, found once and said in several forms. */
#include "report/priv.h"

#include "base/utf8.h"

#include <stdlib.h>

#define ANSWER_SENTENCES 5
#define ANSWER_BYTES 1500
#define SLUG_MAX 48
#define SKIPPED_SHOWN 50 /* files, by name; the JSON form has more */

bool fact_raises(const struct report_step *s)
{
	return s->role == ROLE_ANGLE || s->role == ROLE_ASSESS;
}

bool fact_is_agent(const struct report_step *s)
{
	return s->kind == KIND_AGENT && !(s->role == ROLE_REWRITE && s->status == STEP_SKIPPED);
}

struct str fact_label(const struct report_step *s)
{
	return s->label.n ? s->label : s->name;
}

const struct report_step *fact_step(const struct report_run *run, struct str name)
{
	for (size_t i = 0; i < run->n_steps; i++)
		if (str_eq(run->steps[i].name, name))
			return &run->steps[i];
	return NULL;
}

const struct report_step *fact_recommender(const struct report_run *run)
{
	const struct report_step *best = NULL;

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct report_step *s = &run->steps[i];

		if (s->status != STEP_COMPLETED || !s->output.n)
			continue;
		if (s->role == ROLE_REWRITE)
			return s;
		if (s->role == ROLE_SYNTHESIZER)
			best = s;
	}
	return best;
}

struct cite_counts fact_cites(const struct report_run *run)
{
	struct cite_counts n = { 0 };

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct evidence *ev = run->steps[i].evidence;

		for (size_t k = 0; ev && k < ev->n_cites; k++) {
			n.all++;
			n.of[ev->cites[k]->state]++;
		}
	}
	return n;
}

/* --- the answer ---------------------------------------------------------------------------- */

static bool ends_sentence(struct str s, size_t i)
{
	if (!strchr(".!?", s.p[i]))
		return false;
	return i + 1 == s.n || ((s.p[i + 1] == ' ' || s.p[i + 1] == '\n') &&
				   (i + 2 == s.n || s.p[i + 2] < 'a' || s.p[i + 2] > 'z'));
}

/* The first sentences of S; whole lines of lists are left whole. */
static struct str first_sentences(struct str s, unsigned max)
{
	for (size_t i = 0; i < s.n; i++) {
		if (i >= ANSWER_BYTES)
			return str_rtrim(str_take(s, i));
		if (s.p[i] && ends_sentence(s, i) && !--max)
			return str_take(s, i + 1);
	}
	return s;
}

/* The first paragraph that is prose. */
static struct str first_paragraph(struct str text)
{
	struct md_scan scan = { 0 };
	const char *from = NULL;

	while (text.p && text.n) {
		const char *at = text.p;
		struct str line = str_line(&text);
		bool inside = scan.fence;
		bool prose = !md_heading(&scan, line) && !inside && !scan.fence &&
			     str_trim(line).n && !strchr("|-*>#", str_trim(line).p[0]);

		if (prose && !from)
			from = at;
		if (!prose && from)
			return str_trim((struct str){ from, (size_t)(at - from) });
		if (from && !(text.p && text.n))
			return str_trim((struct str){ from, (size_t)(line.p + line.n - from) });
	}
	return (struct str){ "", 0 };
}

static struct str answer_of(struct str text)
{
	struct str s = md_section(text, "Summary");

	if (!s.n)
		s = md_section(text, "Answer");
	if (!s.n)
		s = first_paragraph(text);
	ptrdiff_t confidence = str_find(s, STR("\nConfidence:")); /* it gets a line of its own */

	if (confidence >= 0)
		s = str_take(s, (size_t)confidence);
	return first_sentences(str_trim(s), ANSWER_SENTENCES);
}

struct str fact_answer(struct arena *a, const struct report_run *run)
{
	const struct report_step *s = fact_recommender(run);
	struct str answer = s ? answer_of(s->output) : (struct str){ "", 0 };

	if (answer.n)
		return answer;
	for (size_t i = 0; i < run->n_steps; i++)
		if (run->steps[i].role == ROLE_SYNTHESIZER && run->steps[i].status != STEP_SKIPPED)
			return str_from(arena_printf(a,
			    "There is no recommendation: its step %s. What the others found is "
			    "below.",
			    step_status_name(run->steps[i].status)));
	if (run->status == RUN_COMPLETED)
		return str_from(
		    arena_printf(a, "This run came to: %.*s.", STR_ARG(report_outcome(a, run))));
	return str_from(arena_printf(a, "There is no answer: this run %s%s%.*s.",
	    run->status == RUN_CANCELLED ? "was cancelled" : run_status_name(run->status),
	    run->reason.n ? ": " : "", STR_ARG(str_take(run->reason, ANSWER_BYTES))));
}

struct str fact_confidence(struct arena *a, const struct report_run *run)
{
	struct cite_counts n = fact_cites(run);
	unsigned holds = n.of[CITE_RESOLVES] + n.of[CITE_MOVED];
	struct str said = run->verdicts ? run->verdicts->confidence : (struct str){ "", 0 };

	said = utf8_cut(str_trim(said), 400);
	if (str_ends(said, STR("."))) /* the sentence goes on */
		said.n--;
	if (run->verdicts && run->verdicts->validated && said.n)
		return str_from(
		    arena_printf(a, "%.*s (the validator's word); %u of %u citations hold.",
			STR_ARG(said), holds, n.all));
	const char *why = run->validator_expected ? "no validator's verdict could be read"
						  : "this flow has no validator";

	if (!n.all)
		return str_from(arena_printf(a, "not given, because %s; nothing was cited.", why));
	return str_from(
	    arena_printf(a, "not given, because %s; %u of %u citations hold.", why, holds, n.all));
}

/* --- sections ------------------------------------------------------------------------------ */

static bool shows(const struct report_step *s)
{
	return s->status == STEP_COMPLETED && s->output.n && s->role != ROLE_SYNTHESIZER &&
	       s->role != ROLE_REWRITE && s->role != ROLE_FOLD && s->role != ROLE_RECONCILE;
}

/* Is S the step ID, or a child of it ("verify/0")? */
static bool belongs(const struct report_step *s, struct str id)
{
	return str_starts(s->name, id) && (s->name.n == id.n || s->name.p[id.n] == '/');
}

size_t fact_sections(struct arena *a, const struct report_run *run, const struct report_step ***ret)
{
	const struct report_step **v = arena_array(a, run->n_steps, sizeof(*v));
	bool *taken = arena_array(a, run->n_steps, sizeof(*taken));
	size_t n = 0;

	for (size_t k = 0; k <= run->sections.n; k++)
		for (size_t i = 0; i < run->n_steps; i++) {
			const struct report_step *s = &run->steps[i];
			bool rest = k == run->sections.n && s->kind == KIND_AGENT;

			if (taken[i] || !shows(s) ||
			    !(rest || (k < run->sections.n && belongs(s, run->sections.v[k]))))
				continue;
			taken[i] = true;
			v[n++] = s;
		}
	*ret = v;
	return n;
}

/* --- findings ------------------------------------------------------------------------------ */

size_t fact_findings(struct arena *a, const struct report_run *run, struct finding ***ret)
{
	size_t all = 0, n = 0;

	for (size_t i = 0; i < run->n_steps; i++)
		if (fact_raises(&run->steps[i]) && run->steps[i].evidence)
			all += run->steps[i].evidence->n_findings;
	*ret = arena_array(a, all, sizeof(**ret));
	for (int sev = SEVERITIES - 1; sev >= 0; sev--)
		for (size_t i = 0; i < run->n_steps; i++) {
			const struct evidence *ev = run->steps[i].evidence;

			for (size_t k = 0; fact_raises(&run->steps[i]) && ev && k < ev->n_findings;
			     k++)
				if ((int)ev->findings[k]->severity == sev)
					(*ret)[n++] = ev->findings[k];
		}
	return n;
}

/* --- gaps ---------------------------------------------------------------------------------- */

/* A rewrite that nobody needed is no gap. */
static bool is_gap(const struct report_step *s)
{
	if (s->role == ROLE_REWRITE && s->status == STEP_SKIPPED)
		return false;
	if (s->kind == KIND_EACH || s->kind == KIND_LOOP || s->kind == KIND_SWITCH)
		return false;
	return s->status == STEP_FAILED || s->status == STEP_CANCELLED ||
	       (s->status == STEP_SKIPPED && (s->kind == KIND_AGENT || s->kind == KIND_COMMAND));
}

/* The reason without the name of the ending that it begins with. */
static struct str bare_reason(const struct report_step *s)
{
	struct str name = str_from(ending_name(s->ending));

	if (s->status == STEP_FAILED && str_starts(s->reason, name)) {
		struct str rest = str_skip(s->reason, name.n);

		if (!rest.n)
			return rest;
		if (rest.p[0] == ':' || rest.p[0] == ';')
			return str_trim(str_skip(rest, 1));
	}
	return s->reason;
}

static void gap_of_step(struct arena *a, const struct report_step *s, struct strs *ret)
{
	struct str label = fact_label(s), why = bare_reason(s);
	const char *how = s->status == STEP_FAILED && s->ending != ENDING_NONE
			      ? arena_printf(a, "failed (%s)", ending_name(s->ending))
			      : step_status_name(s->status);

	if (is_gap(s))
		strs_add(a, ret,
		    str_from(arena_printf(
			a, "%.*s %s%s%.*s", STR_ARG(label), how, why.n ? ": " : "", STR_ARG(why))));
	if (s->partial)
		strs_add(a, ret,
		    str_from(arena_printf(a, "%.*s is partial: its text was cut off%s%.*s",
			STR_ARG(label), s->reason.n ? ": " : "", STR_ARG(s->reason))));
	if (s->denied)
		strs_add(a, ret,
		    str_from(arena_printf(
			a, "%.*s: %u tool calls were denied", STR_ARG(label), s->denied)));
	if (s->evidence && s->evidence->cut)
		strs_add(a, ret,
		    str_from(arena_printf(a,
			"%.*s has more findings or citations than are read of one text",
			STR_ARG(label))));
}

/* "data failed: timed_out…": the step itself says it, too. */
static bool is_of_a_step(const struct report_run *run, struct str reason)
{
	for (size_t i = 0; i < run->n_steps; i++) {
		struct str rest = str_skip(reason, run->steps[i].name.n);

		if (run->steps[i].status == STEP_FAILED && str_starts(reason, run->steps[i].name) &&
		    str_starts(rest, STR(" failed")))
			return true;
	}
	return false;
}

static void gap_of_run(struct arena *a, const struct report_run *run, struct strs *ret)
{
	struct cite_counts n = fact_cites(run);
	unsigned bad = n.of[CITE_CHANGED] + n.of[CITE_MISSING];

	if (run->status != RUN_COMPLETED && run->reason.n && !is_of_a_step(run, run->reason))
		strs_add(a, ret, run->reason);
	if (run->lost.n && !str_eq(run->lost, run->reason))
		strs_add(a, ret, run->lost);
	if (bad)
		strs_add(a, ret,
		    str_from(arena_printf(a,
			"%u of %u citations could not be confirmed (%u changed, "
			"%u missing): see Evidence",
			bad, n.all, n.of[CITE_CHANGED], n.of[CITE_MISSING])));
	fact_coverage(a, run, ret);
	if (fact_validation(run) == VALIDATION_NOT)
		strs_add(a, ret, STR("nothing was validated: no verdict on any finding was read"));
	else if (run->verdicts && run->verdicts->unreviewed)
		strs_add(a, ret,
		    str_from(arena_printf(a, "%u findings were not reviewed by a validator",
			run->verdicts->unreviewed)));
}

/* Several agents at one server say the same. */
static void add_once(struct arena *a, struct strs *list, struct str s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], s))
			return;
	strs_add(a, list, s);
}

struct strs fact_gaps(struct arena *a, const struct report_run *run)
{
	struct strs list = { 0 };

	gap_of_run(a, run, &list);
	for (size_t i = 0; i < run->n_steps; i++)
		gap_of_step(a, &run->steps[i], &list);
	for (size_t i = 0; i < run->skipped_files.n && i < SKIPPED_SHOWN; i++)
		strs_add(a, &list,
		    str_from(arena_printf(
			a, "not in the snapshot: %.*s", STR_ARG(run->skipped_files.v[i]))));
	if (run->skipped_files.n > SKIPPED_SHOWN)
		strs_add(a, &list,
		    str_from(arena_printf(a, "and %zu more files are not in the snapshot",
			run->skipped_files.n - SKIPPED_SHOWN)));
	for (size_t i = 0; i < run->change_gaps.n; i++)
		strs_add(a, &list, run->change_gaps.v[i]);
	for (size_t i = 0; i < run->notices.n; i++)
		add_once(a, &list, run->notices.v[i]);
	return list;
}

/* --- evidence ------------------------------------------------------------------------------ */

/* Not reviewed is better than refuted, worse than nothing else. */
static enum verdict worse(enum verdict x, enum verdict y)
{
	return x > y ? x : y;
}

static void use_of(
    struct arena *a, const struct report_step *s, const struct citation *c, struct cite_row *row)
{
	bool used = false;

	for (size_t f = 0; f < s->evidence->n_findings; f++) {
		const struct finding *fd = s->evidence->findings[f];

		for (size_t k = 0; k < fd->n_cites; k++)
			if (fd->cites[k] == c) {
				used = true;
				if (fact_raises(s))
					row->verdict = worse(row->verdict, fd->verdict);
				strs_add(a, &row->used_by, fd->uid.n ? fd->uid : fd->id);
			}
	}
	if (!used)
		strs_add(a, &row->used_by, fact_label(s));
}

size_t fact_evidence(struct arena *a, const struct report_run *run, struct cite_row **ret)
{
	size_t max = fact_cites(run).all, n = 0;
	struct cite_row *rows = arena_array(a, max, sizeof(*rows));

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct evidence *ev = run->steps[i].evidence;

		for (size_t k = 0; ev && k < ev->n_cites; k++) {
			unsigned long long id;

			if (!str_to_u64(str_skip(ev->cites[k]->id, 1), max, &id) || !id)
				continue; /* evidence_number was not called */
			n = id > n ? (size_t)id : n;
			rows[id - 1].cite = rows[id - 1].cite ? rows[id - 1].cite : ev->cites[k];
			use_of(a, &run->steps[i], ev->cites[k], &rows[id - 1]);
		}
	}
	*ret = rows;
	return n;
}

/* --- one line ------------------------------------------------------------------------------ */

static void add_counts(struct buf *b, const struct report_run *run)
{
	unsigned n = 0, standing[SEVERITIES] = { 0 };

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct evidence *ev = run->steps[i].evidence;

		if (!ev || !fact_raises(&run->steps[i]))
			continue;
		n += (unsigned)ev->n_findings;
		for (size_t k = 0; k < ev->n_findings; k++)
			standing[ev->findings[k]->severity] += fact_stands(ev->findings[k]);
	}
	buf_printf(b, "%u finding%s", n, n == 1 ? "" : "s");
	for (int s = SEVERITY_CRITICAL; s >= SEVERITY_HIGH; s--)
		if (standing[s])
			buf_printf(b, ", %u %s", standing[s], severity_name((enum severity)s));
	if (run->verdicts && run->verdicts->refuted)
		buf_printf(b, ", %u refuted", run->verdicts->refuted);
	if (fact_validation(run) >= VALIDATION_PART)
		buf_printf(b, "; %s", validation_name(fact_validation(run)));
	if (run->no_winner)
		buf_adds(b, "; no clear winner");
}

struct str report_outcome(struct arena *a, const struct report_run *run)
{
	struct cite_counts c = fact_cites(run);
	unsigned bad = c.of[CITE_CHANGED] + c.of[CITE_MISSING];
	struct buf b;

	buf_init(&b, KIB(64));
	add_counts(&b, run);
	if (bad)
		buf_printf(&b, "; %u citation%s could not be confirmed", bad, bad == 1 ? "" : "s");
	else if (c.all && c.of[CITE_UNCHECKED])
		buf_printf(&b, "; of %u citations %u hold, %u cannot be checked", c.all,
		    c.all - c.of[CITE_UNCHECKED], c.of[CITE_UNCHECKED]);
	else if (c.all)
		buf_printf(&b, "; all %u citations hold", c.all);
	for (size_t i = 0, said = 0; i < run->n_steps && said < 5; i++) {
		const struct report_step *s = &run->steps[i];

		if (s->status != STEP_FAILED || s->kind == KIND_EACH || s->kind == KIND_LOOP)
			continue;
		said++;
		buf_printf(&b, "; %.*s failed (%s)", STR_ARG(fact_label(s)),
		    s->ending == ENDING_NONE ? "error" : ending_name(s->ending));
	}
	if (run->skipped_files.n)
		buf_printf(&b, "; %zu file%s not in the snapshot", run->skipped_files.n,
		    run->skipped_files.n == 1 ? " is" : "s are");
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

/* "-where-are-the-locks"; nothing when there is no plain character in it. */
static void add_slug(struct buf *b, struct str s)
{
	size_t from = b->n;
	bool gap = true;

	for (size_t i = 0; i < s.n && b->n - from < SLUG_MAX; i++) {
		char c = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (plain && gap)
			buf_addc(b, '-');
		if (plain)
			buf_addc(b, c);
		gap = !plain;
	}
}

struct str report_file_name(
    struct arena *a, msec_t started, struct str flow, struct str question, struct str id)
{
	struct buf b;
	char iso[32];

	buf_init(&b, KIB(4));
	clock_iso(started, iso, sizeof(iso));
	buf_printf(&b, "%.10s-%.*s", iso, STR_ARG(flow));
	add_slug(&b, question);
	if (id.n)
		buf_printf(&b, "-%.*s", STR_ARG(id));
	buf_adds(&b, ".md");
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}
