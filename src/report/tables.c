/* Validation, findings, evidence: what code knows, as tables and lists. */
#include "report/priv.h"

#include "base/map.h"

#define CELL_MAX 400
#define REASON_MAX 1200
#define RAISERS_SHOWN 12
#define ROWS_MAX 5000 /* of one table; more are counted */

static void add_link(struct buf *b, const struct finding *f)
{
	buf_addc(b, '[');
	md_cell(b, f->uid, 80);
	buf_adds(b, "](#");
	md_anchor(b, f->uid);
	buf_addc(b, ')');
}

static void add_place(struct buf *b, const struct citation *c)
{
	char lines[48] = "";

	if (c->line && c->end > c->line)
		snprintf(lines, sizeof(lines), ":%u-%u", c->line, c->end);
	else if (c->line)
		snprintf(lines, sizeof(lines), ":%u", c->line);
	struct buf whole;

	buf_init(&whole, PATH_BYTES_MAX + 64);
	buf_add(&whole, str_take(c->path, PATH_BYTES_MAX));
	buf_adds(&whole, lines);
	md_code(b, buf_str(&whole));
	buf_fini(&whole);
	if (c->state == CITE_MOVED && c->found_end > c->found_line)
		buf_printf(b, " → lines %u-%u", c->found_line, c->found_end);
	else if (c->state == CITE_MOVED)
		buf_printf(b, " → line %u", c->found_line);
}

/* --- one finding --------------------------------------------------------------------------- */

/* What it says, in its own words; the whole text stands under its angle. */
static void add_claim(struct buf *b, const struct finding *f)
{
	const struct {
		const char *label;
		struct str text;
	} parts[] = { { "", f->claim }, { "Fails when: ", f->scenario },
		{ "Suggested: ", f->suggestion } };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].text.n)
			continue;
		buf_printf(b, "  - %s", parts[i].label);
		md_cell(b, parts[i].text, CELL_MAX);
		buf_addc(b, '\n');
	}
}

/* "- **S1** The lock — Structure": with the place that links lead to. */
static void add_head(struct buf *b, const struct report_run *run, const struct finding *f)
{
	const struct report_step *s = fact_step(run, f->step);

	buf_adds(b, "- <a id=\"");
	md_anchor(b, f->uid);
	buf_adds(b, "\"></a>**");
	md_cell(b, f->uid, 80);
	buf_adds(b, "** ");
	md_cell(b, f->title, CELL_MAX);
	buf_adds(b, " — ");
	md_inline(b, s ? fact_label(s) : f->step);
}

static void add_verdict_of(struct buf *b, const struct finding *f)
{
	buf_printf(b, ", %s", verdict_name(f->verdict));
	if (f->verdict_by.n) {
		buf_adds(b, " (");
		md_cell(b, f->verdict_by, 80);
		buf_addc(b, ')');
	}
	if (f->asked > 1)
		buf_printf(b, ", survived %u of %u", f->survived, f->asked);
	buf_addc(b, '\n');
}

static void add_cites(struct buf *b, const struct finding *f)
{
	for (size_t k = 0; k < f->n_cites && k < 12; k++) {
		buf_printf(b, "  - %.*s ", STR_ARG(f->cites[k]->id));
		add_place(b, f->cites[k]);
		buf_printf(b, " — %s\n", cite_state_name(f->cites[k]->state));
	}
	if (f->n_cites > 12)
		buf_printf(b, "  - and %zu more\n", f->n_cites - 12);
	if (!f->n_cites)
		buf_adds(b, "  - no citation\n");
}

/* Why it does not stand as it was raised. */
static void add_reason(struct buf *b, const char *how, const struct finding *f)
{
	if (!f->disposition_reason.n)
		return;
	buf_printf(b, "  - %s", how);
	md_cell(b, f->disposition_reason, REASON_MAX);
	buf_addc(b, '\n');
}

/* Those of N findings that became D, below HEADING; false: there is none. */
static bool add_those(struct buf *b, struct arena *a, const struct report_run *run,
    enum disposition d, const char *heading)
{
	struct finding **f;
	size_t n = fact_findings(a, run, &f);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (f[i]->disposition != d)
			continue;
		buf_adds(b, any ? "" : heading);
		any = true;
		add_head(b, run, f[i]);
		if (f[i]->into) {
			buf_printf(b, ", %s, into ", severity_name(f[i]->severity));
			add_link(b, f[i]->into);
			buf_addc(b, '\n');
		} else {
			add_verdict_of(b, f[i]);
		}
		add_reason(b, "", f[i]);
	}
	return any;
}

bool md_deferred(struct buf *b, struct arena *a, const struct report_run *run)
{
	bool any = add_those(b, a, run, DISPOSITION_DEFERRED, "## Deferred (YAGNI)\n\n");

	buf_adds(b, any ? "\n" : "");
	return any;
}

/* --- validation ---------------------------------------------------------------------------- */

static const struct judgement *next_judgement(
    const struct report_run *run, const struct finding *f, size_t *at)
{
	const struct reconciliation *r = run->verdicts;

	while (f->asked && *at < r->n_judgements)
		if (str_eq(r->judgements[(*at)++].item, f->uid))
			return &r->judgements[*at - 1];
	return NULL;
}

static void add_places(struct buf *b, const struct report_run *run, const struct finding *f)
{
	const struct judgement *j;
	unsigned said = 0;

	for (size_t at = 0; (j = next_judgement(run, f, &at));)
		for (size_t k = 0; k < j->n_cites && said < 5; k++) {
			buf_adds(b, said++ ? ", " : "");
			add_place(b, j->cites[k]);
			buf_printf(b, " %s", cite_state_name(j->cites[k]->state));
		}
}

/* Each validator's word, where there are several. */
static void add_words(struct buf *b, const struct report_run *run, const struct finding *f)
{
	const struct judgement *j;

	for (size_t at = 0; (j = next_judgement(run, f, &at));) {
		const struct report_step *s = fact_step(run, j->step);

		buf_adds(b, "<br>");
		md_cell(b, s ? fact_label(s) : j->step, 80);
		buf_printf(b, ": %s — ", verdict_name(j->counts));
		md_cell(b, j->reason, REASON_MAX / 2);
	}
}

static void add_verdict(
    struct buf *b, const struct report_run *run, const struct finding *f, bool several)
{
	buf_adds(b, "| ");
	add_link(b, f);
	buf_adds(b, " ");
	md_cell(b, f->title, CELL_MAX);
	buf_printf(b, " | %s | ", verdict_name(f->verdict));
	if (several && f->asked)
		buf_printf(b, "%u of %u | ", f->survived, f->asked);
	else if (several)
		buf_adds(b, "| ");
	md_cell(b, f->verdict_reason, REASON_MAX);
	if (several)
		add_words(b, run, f);
	buf_adds(b, " | ");
	add_places(b, run, f);
	buf_adds(b, " |\n");
}

/* What they were asked, and what they judged of it. */
static void add_validators(struct buf *b, const struct report_run *run)
{
	unsigned said = 0;

	for (size_t i = 0; i < run->n_steps && said < 100; i++) {
		const struct report_step *s = &run->steps[i];
		const struct reviewer *r = fact_reviewer(run, s->name);

		if (!fact_validates(s) || !r)
			continue;
		buf_adds(b, said++ ? "; " : "Judged by ");
		md_cell(b, fact_label(s), 80);
		if (s->model.n) {
			buf_adds(b, " (");
			md_cell(b, s->model, 80);
			buf_addc(b, ')');
		}
		buf_printf(b, ": %u of %u", r->judged, r->asked);
	}
	buf_adds(b, said ? ".\n\n" : "");
}

static void add_verdicts(struct buf *b, struct arena *a, const struct report_run *run)
{
	struct finding **f;
	size_t n = fact_findings(a, run, &f);
	const struct reconciliation *r = run->verdicts;
	bool several = fact_several(run);

	buf_printf(b, "%u upheld, %u weakened, %u refuted, %u not reviewed.\n\n", r->upheld,
	    r->weakened, r->refuted, r->unreviewed);
	add_validators(b, run);
	buf_adds(b, several ? "| Finding | Verdict | Survived | Reason | Evidence |\n"
			      "|---|---|---|---|---|\n"
			    : "| Finding | Verdict | Reason | Evidence |\n|---|---|---|---|\n");
	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		add_verdict(b, run, f[i], several);
	if (n > ROWS_MAX)
		buf_printf(b, "\nAnd %zu more.\n", n - ROWS_MAX);
}

static void add_strays(struct buf *b, const struct reconciliation *r)
{
	for (size_t i = 0; i < r->n_strays && i < 20; i++) {
		buf_adds(b, i ? ", " : "\nJudged, but not among what was to be judged: ");
		md_cell(b, r->strays[i], 80);
	}
	if (r->n_strays)
		buf_adds(b, ".\n");
}

static void add_refuted(struct buf *b, struct arena *a, const struct report_run *run)
{
	add_those(b, a, run, DISPOSITION_REFUTED, "\n### Refuted\n\n");
}

void md_validation(struct buf *b, struct arena *a, const struct report_run *run)
{
	enum validation v = fact_validation(run);
	struct strs why = fact_unvalidated(a, run);

	if (v == VALIDATION_NONE)
		buf_adds(b, "This flow has no validator; citations were checked by code alone.\n");
	if (v == VALIDATION_NOTHING)
		buf_adds(b, "There was nothing to validate: no finding was raised.\n");
	if (v == VALIDATION_NOT || v == VALIDATION_PART)
		buf_adds(b, v == VALIDATION_NOT ? "**Not validated.** No verdict on any finding "
						  "could be read: each counts as not reviewed.\n\n"
						: "**Validated in part.**\n\n");
	for (size_t i = 0; i < why.n && i < 20; i++) {
		buf_adds(b, "- ");
		md_cell(b, why.v[i], REASON_MAX);
		buf_adds(b, i + 1 == why.n || i == 19 ? "\n\n" : "\n");
	}
	if (v == VALIDATION_DONE || v == VALIDATION_PART)
		add_verdicts(b, a, run);
	if (run->verdicts)
		add_strays(b, run->verdicts);
	add_refuted(b, a, run);
}

void md_contradictions(struct buf *b, const struct report_run *run)
{
	if (run->contradictions.n)
		buf_adds(
		    b, "\nContradictions, so that none of these was left as it was rated:\n\n");
	for (size_t i = 0; i < run->contradictions.n && i < ROWS_MAX; i++) {
		buf_adds(b, "- ");
		md_cell(b, run->contradictions.v[i], REASON_MAX);
		buf_addc(b, '\n');
	}
}

/* --- findings, all of them --------------------------------------------------------------- */

/* A finding that was merged, and the next one with the same survivor. */
struct raiser {
	const struct finding *f;
	struct raiser *next;
};

/* Who raised the same, by the name of the survivor. */
static void find_raisers(struct arena *a, struct finding **f, size_t n, struct map *ret)
{
	map_init(ret, a);
	for (size_t i = n; i-- > 0;) {
		struct raiser *r;

		if (!f[i]->into)
			continue;
		r = arena_new(a, struct raiser);
		*r = (struct raiser){ f[i], map_get(ret, f[i]->into->uid) };
		map_put(ret, f[i]->into->uid, r);
	}
}

static void add_raisers(struct buf *b, const struct report_run *run, const struct raiser *r)
{
	const char *before = "  - Also raised: ";

	for (unsigned n = 0; r && n < RAISERS_SHOWN; r = r->next, n++) {
		const struct report_step *s = fact_step(run, r->f->step);

		buf_adds(b, before);
		before = ", ";
		add_link(b, r->f);
		buf_adds(b, " by ");
		md_cell(b, s ? fact_label(s) : r->f->step, 80);
	}
	if (*before == ',')
		buf_adds(b, r ? " and others\n" : "\n");
}

static void add_finding(struct buf *b, const struct report_run *run, const struct finding *f,
    const struct raiser *raisers)
{
	add_head(b, run, f);
	add_verdict_of(b, f);
	if (f->disposition == DISPOSITION_DEMOTED) {
		char how[48];

		snprintf(how, sizeof(how), "Raised as %s: ", severity_name(f->raised_as));
		add_reason(b, how, f);
	}
	add_claim(b, f);
	add_raisers(b, run, raisers);
	add_cites(b, f);
}

void md_findings(struct buf *b, struct arena *a, const struct report_run *run)
{
	struct str became = fact_dispositions(a, run);
	struct finding **f;
	size_t n = fact_findings(a, run, &f);
	int last = SEVERITIES;
	struct map raisers;

	find_raisers(a, f, n, &raisers);
	if (!n)
		buf_adds(b, "No finding was read out of the texts below.\n");
	if (became.n)
		buf_printf(b, "%.*s.\n\n", STR_ARG(became));
	for (size_t i = 0; i < n; i++) {
		if (!fact_stands(f[i]))
			continue;
		if ((int)f[i]->severity != last)
			buf_printf(b, "%s### %s\n\n", last == SEVERITIES ? "" : "\n",
			    severity_title(f[i]->severity));
		last = (int)f[i]->severity;
		add_finding(b, run, f[i], map_get(&raisers, f[i]->uid));
	}
	add_those(b, a, run, DISPOSITION_MERGED,
	    last == SEVERITIES ? "### Merged\n\n" : "\n### Merged\n\n");
}

/* --- evidence ------------------------------------------------------------------------------ */

static void add_users(struct buf *b, const struct strs *users)
{
	for (size_t i = 0; i < users->n && i < 6; i++) {
		buf_adds(b, i ? ", " : "");
		md_cell(b, users->v[i], 80);
	}
	if (users->n > 6)
		buf_printf(b, " and %zu more", users->n - 6);
}

static void add_cite(struct buf *b, const struct cite_row *row)
{
	const struct citation *c = row->cite;

	buf_printf(b, "| %.*s | %s | ", STR_ARG(c->id), trust_class_name(c->trust));
	add_place(b, c);
	buf_printf(b, " | %s", cite_state_name(c->state));
	if (c->state == CITE_CHANGED && c->found.n) {
		buf_adds(b, ": there it says ");
		md_code(b, str_take(c->found, 120));
	}
	buf_printf(b, " | %s | ", row->verdict == VERDICT_NONE ? "" : verdict_name(row->verdict));
	add_users(b, &row->used_by);
	buf_adds(b, " |\n");
}

void md_evidence(struct buf *b, struct arena *a, const struct report_run *run)
{
	struct cite_row *rows;
	size_t n = fact_evidence(a, run, &rows);
	struct cite_counts c = fact_cites(run);

	if (!n) {
		buf_adds(b, "Nothing was cited.\n");
		return;
	}
	buf_printf(b,
	    "%u citations: %u resolve, %u moved, %u changed, %u missing, %u not checked.\n\n",
	    c.all, c.of[CITE_RESOLVES], c.of[CITE_MOVED], c.of[CITE_CHANGED], c.of[CITE_MISSING],
	    c.of[CITE_UNCHECKED]);
	buf_adds(b, "| Id | Class | Citation | Check | Verdict | Used by |\n");
	buf_adds(b, "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		add_cite(b, &rows[i]);
	if (n > ROWS_MAX)
		buf_printf(b, "\nAnd %zu more, in the JSON form of this report.\n", n - ROWS_MAX);
}
