/*
 * The catalogue: every built-in flow, persona and contract, and every prompt they come to at every
 * size, through the builder that runs use.
 */
#include "check.h"

#include "catalogue.h"

#include "base/buf.h"
#include "evidence/evidence.h"
#include "sys/fs.h"

#define PERSONA_WORDS_MAX 350
#define CONTRACT_WORDS_MAX 250
#define SUMMARY_MAX 100
/* A prompt without the texts of others: small models have windows of 8,000 tokens. */
#define BARE_PROMPT_MAX KIB(8)
/* Of the shortest prompt of agents that look side by side: what a model server reads once. */
#define COMMON_MIN 0.5

static struct catalogue c;
static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_create("test", MIB(256));
	catalogue_open(&c, arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	catalogue_close(&c);
	arena_destroy(arena);
	return 0;
}

#define each_flow(f)                                                     \
	for (size_t at_ = 0, n_ = library_count(c.lib); at_ < n_; at_++) \
		for (const struct flow *f = library_at(c.lib, at_)->flow; f; f = NULL)

static struct str source_file(const char *name)
{
	struct str text;

	assert_int_equal(
	    fs_read(arena, fs_join(arena, getenv("TUTTI_SOURCE"), name), MIB(1), &text), 0);
	return text;
}

static size_t count_words(struct str s)
{
	size_t n = 0;
	bool in = false;

	for (size_t i = 0; i < s.n; i++) {
		bool blank = s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\t';

		n += !blank && !in;
		in = !blank;
	}
	return n;
}

/* --- flows ------------------------------------------------------------------------------- */

static const struct {
	enum flow_category category;
	const char *flows[8];
} tabs[] = {
	{ CATEGORY_ANALYSIS,
	    { "research", "investigate", "architectural-analysis", "risk-analysis" } },
	{ CATEGORY_DISCOVERY, { "gap-analysis", "project-discovery", "issue-triage",
				  "test-planning", "code-overview" } },
	{ CATEGORY_PLANNING, { "plan-a-feature", "plan-implementation", "plan-a-phased-build",
				 "plan-work-items", "iterative-plan-review" } },
	{ CATEGORY_AUTHORING,
	    { "architectural-decision-record", "coding-standard", "project-documentation",
		"runbook", "stakeholder-summary", "pr-description" } },
	{ CATEGORY_REVIEW, { "code-review", "security-review", "data-review", "ops-readiness",
			       "ux-review", "docs-review" } },
};

static void all_flows_are_there_each_under_its_tab(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t t = 0; t < sizeof(tabs) / sizeof(tabs[0]); t++)
		for (size_t i = 0; i < 8 && tabs[t].flows[i]; i++, n++) {
			struct err err;
			const struct flow *f =
			    library_flow(c.lib, str_from(tabs[t].flows[i]), &err);

			if (!f || !str_is(f->name, tabs[t].flows[i]))
				fail_msg("no flow %s", tabs[t].flows[i]);
			assert_int_equal(f->category, tabs[t].category);
		}
	assert_int_equal(n, 26);
	assert_int_equal(library_count(c.lib), n);
}

static void every_flow_says_what_it_is_for(void **state)
{
	(void)state;
	each_flow(f)
	{
		const struct flow_input *question = &f->inputs[0];

		if (f->summary.n > SUMMARY_MAX || str_chr(str_trim(f->summary), '\n') >= 0)
			fail_msg("%.*s: its summary is %zu bytes", STR_ARG(f->name), f->summary.n);
		if (!f->when_to_use.n || !f->next.n || !f->report_title.text.p)
			fail_msg("%.*s: no when_to_use, next or title", STR_ARG(f->name));
		if (!question->placeholder.n || !question->label.n)
			fail_msg("%.*s: its question has no label or example", STR_ARG(f->name));
		for (size_t i = 0; i < f->n_inputs; i++)
			assert_true(f->inputs[i].label.n && f->inputs[i].placeholder.n);
	}
}

static bool in_sections(const struct flow *f, struct str id)
{
	for (size_t i = 0; i < f->report_sections.n; i++)
		if (str_eq(f->report_sections.v[i], id))
			return true;
	return false;
}

static void every_text_has_its_place_in_the_report(void **state)
{
	(void)state;
	each_flow(f)
	{
		for (size_t k = 0; k < f->n_all; k++) {
			const struct flow_step *s = f->all[k], *top = s->parent ? s->parent : s;

			if ((s->role == ROLE_ANGLE || s->role == ROLE_ASSESS) &&
			    !in_sections(f, top->id))
				fail_msg("%.*s: %.*s is in no section", STR_ARG(f->name),
				    STR_ARG(s->id));
			if (s->role == ROLE_SYNTHESIZER && !in_sections(f, STR("recommendation")))
				fail_msg("%.*s: no recommendation", STR_ARG(f->name));
		}
	}
}

/* A report has these of its own: two parts of one name would be one link. */
static void no_angle_is_called_like_a_part_of_the_report(void **state)
{
	static const char *const parts[] = { "Answer", "Validation", "Recommendation", "Findings",
		"Gaps", "Evidence", "Reproduce" };

	(void)state;
	each_flow(f)
	{
		for (size_t k = 0; k < f->n_all; k++)
			for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
				if ((f->all[k]->role == ROLE_ANGLE ||
					f->all[k]->role == ROLE_ASSESS) &&
				    str_is(f->all[k]->label, parts[i]))
					fail_msg("%.*s: %s", STR_ARG(f->name), parts[i]);
	}
}

static size_t count_role(const struct flow *f, enum step_role role)
{
	size_t n = 0;

	for (size_t k = 0; k < f->n_all; k++)
		n += f->all[k]->role == role;
	return n;
}

static const struct flow_step *with_role(const struct flow *f, enum step_role role)
{
	for (size_t k = 0; k < f->n_all; k++)
		if (f->all[k]->role == role)
			return f->all[k];
	return NULL;
}

static bool is_written_last(const struct flow *f)
{
	const struct flow_step *last = with_role(f, ROLE_SYNTHESIZER);

	for (size_t i = 0; i < last->needs.n; i++)
		if (str_eq(last->needs.v[i], with_role(f, ROLE_RECONCILE)->id))
			return true;
	return false;
}

static void all_but_a_triage_are_validated_and_written_again_if_hit(void **state)
{
	(void)state;
	each_flow(f)
	{
		bool triage = str_is(f->name, "issue-triage");

		for (size_t k = 0; k < f->n_all; k++)
			if (f->all[k]->role == ROLE_VALIDATOR)
				assert_str(f->all[k]->agent.persona, "adversarial-validator");
		if (with_role(f, ROLE_REWRITE))
			assert_int_equal(
			    with_role(f, ROLE_REWRITE)->size, with_role(f, ROLE_SYNTHESIZER)->size);
		assert_int_equal(count_role(f, ROLE_VALIDATOR) > 0, !triage);
		assert_int_equal(count_role(f, ROLE_RECONCILE), !triage);
		/* who writes when all is judged need not write again */
		if (!triage && count_role(f, ROLE_SYNTHESIZER) && !is_written_last(f))
			assert_int_equal(count_role(f, ROLE_REWRITE), 1);
	}
}

/* "flow: A | B" of tests/flows/sections.txt; empty: the flow has no such line. */
static struct str wanted_sections(struct str file, struct str flow)
{
	const char *key = arena_printf(arena, "%.*s: ", STR_ARG(flow));

	while (file.p) {
		struct str line = str_line(&file);

		if (str_starts(line, str_from(key)))
			return str_skip(line, strlen(key));
	}
	return (struct str){ "", 0 };
}

/* Headings of a task down to the first hole with texts of others, as "A | B". */
static struct str asked_sections(struct str task)
{
	struct buf b;

	buf_init(&b, KIB(16));
	while (task.p) {
		struct str line = str_trim(str_line(&task));

		if (str_starts(line, STR("## ")))
			buf_printf(&b, "%s%.*s", b.n ? " | " : "", STR_ARG(str_skip(line, 3)));
	}
	struct str s = arena_dup(arena, buf_str(&b));

	buf_fini(&b);
	return s;
}

static void the_last_text_has_the_catalogues_sections(void **state)
{
	struct str file = source_file("tests/flows/sections.txt");

	(void)state;
	each_flow(f)
	{
		for (size_t k = 0; k < f->n_all; k++) {
			const struct flow_step *s = f->all[k];

			if (s->role != ROLE_SYNTHESIZER)
				continue;
			struct str asked = asked_sections(s->agent.task.text);
			struct str wanted = wanted_sections(file, f->name);

			if (!wanted.n || !str_eq(asked, wanted))
				fail_msg("%.*s asks for\n%.*s\nand should for\n%.*s",
				    STR_ARG(f->name), STR_ARG(asked), STR_ARG(wanted));
			assert_true(str_contains(asked, STR("Summary"))); /* becomes the answer */
		}
	}
}

/* --- how many ---------------------------------------------------------------------------- */

/*
 * The catalogue's figures: agents that look, at small, medium and large. A signal of the repository
 * may add to them, so with no signal there are at most as many as the figure allows, with all of
 * them at least as many.
 */
static const struct figure {
	const char *flow;
	unsigned least[3], most[3];
	bool with_synthesizer;
	const char *besides; /* personas that the figure does not count */
} figures[] = {
	{ "research", { 2, 3, 5 }, { 3, 5, 8 }, false, "" },
	{ "architectural-analysis", { 3, 4, 6 }, { 4, 6, 9 }, true, "" },
	{ "gap-analysis", { 2, 4, 6 }, { 3, 6, 8 }, true, "" },
	{ "code-overview", { 1, 2, 3 }, { 1, 3, 5 }, false, "" },
	{ "iterative-plan-review", { 0, 1, 2 }, { 0, 1, 2 }, false,
	    "structural-analyst junior-developer risk-analyst" },
	{ "plan-a-feature", { 2, 3, 4 }, { 2, 4, 5 }, false, "project-manager" },
	{ "plan-implementation", { 1, 2, 3 }, { 1, 2, 4 }, false,
	    "codebase-explorer junior-developer" },
};

static unsigned count_agents(const struct flow *f, const struct figure *g)
{
	unsigned n = 0;

	for (size_t k = 0; k < f->n_all; k++) {
		const struct flow_step *s = f->all[k];
		bool looks = s->role == ROLE_ANGLE || s->role == ROLE_ASSESS ||
			     (g->with_synthesizer && s->role == ROLE_SYNTHESIZER);

		if (looks && !str_contains(str_from(g->besides), s->agent.persona))
			n += catalogue_takes_part(&c, s) == 1;
	}
	return n;
}

static void as_many_look_as_the_catalogue_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		for (c.size = SIZE_SMALL; c.size <= SIZE_LARGE; c.size++) {
			const struct figure *g = &figures[i];
			const struct flow *f = library_flow(c.lib, str_from(g->flow), NULL);

			c.signals = false;
			unsigned few = count_agents(f, g);

			c.signals = true;
			unsigned many = count_agents(f, g);

			if (few > g->most[c.size] || many < g->least[c.size])
				fail_msg("%s at %s: %u to %u agents", g->flow,
				    flow_size_name(c.size), few, many);
		}
}

/* Fan-out grows with the size and never beyond what a person would expect. */
static void a_larger_size_never_has_fewer(void **state)
{
	(void)state;
	c.signals = true;
	each_flow(f)
	{
		unsigned last = 0;

		for (c.size = SIZE_SMALL; c.size <= SIZE_LARGE; c.size++) {
			unsigned n = 0;

			for (size_t k = 0; k < f->n_all; k++)
				n += catalogue_takes_part(&c, f->all[k]) == 1;
			assert_true(n >= last && n >= 1 && n <= 20);
			last = n;
		}
	}
}

/* --- personas and contracts -------------------------------------------------------------- */

static const char *const personas[] = { "adversarial-validator", "evidence-based-investigator",
	"research-analyst", "codebase-explorer", "project-scanner", "structural-analyst",
	"behavioral-analyst", "concurrency-analyst", "risk-analyst", "software-architect",
	"system-architect", "adversarial-security-analyst", "on-call-engineer", "devops-engineer",
	"data-engineer", "test-engineer", "edge-case-explorer", "gap-analyzer", "junior-developer",
	"project-manager", "user-experience-designer", "information-architect", "content-auditor",
	"readability-editor" };
#define PERSONAS (sizeof(personas) / sizeof(personas[0]))

static bool is_used(const char *persona)
{
	each_flow(f)
	{
		for (size_t k = 0; k < f->n_all; k++)
			if (f->all[k]->kind == KIND_AGENT &&
			    str_is(f->all[k]->agent.persona, persona))
				return true;
	}
	return false;
}

static void every_persona_is_short_and_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < PERSONAS; i++) {
		const struct persona *p = library_persona(c.lib, str_from(personas[i]));

		if (!p)
			fail_msg("no persona %s", personas[i]);
		if (count_words(p->body) > PERSONA_WORDS_MAX)
			fail_msg("%s has %zu words", personas[i], count_words(p->body));
		if (!is_used(personas[i]))
			fail_msg("no flow uses %s", personas[i]);
		assert_true(p->temperature >= 0 && p->title.n);
	}
}

/* What a persona shows as its form is read as one finding, with all that a report shows of it. */
static void every_form_can_be_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < PERSONAS; i++) {
		const struct persona *p = library_persona(c.lib, str_from(personas[i]));
		const struct evidence *ev = evidence_parse(arena, STR("s"), p->body);

		if (ev->n_findings != 1)
			fail_msg("%s shows %zu forms", personas[i], ev->n_findings);
		assert_true(str_contains(p->body, STR("Confidence: high|medium|low")));
		if (str_is(p->name, "adversarial-validator"))
			continue;
		assert_true(finding_field(ev->findings[0], "Severity").n > 0);
		assert_true(finding_field(ev->findings[0], "Claim").n > 0);
		assert_true(finding_field(ev->findings[0], "Confidence").n > 0);
	}
}

static void contracts_are_short_in_each_form(void **state)
{
	static const char *const names[] = { "evidence", "yagni" };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (int form = FORM_PRODUCE; form <= FORM_REVIEW; form++) {
			struct str text =
			    library_contract(c.lib, str_from(names[i]), (enum contract_form)form);
			size_t n = count_words(text);

			if (n < 50 || n > CONTRACT_WORDS_MAX)
				fail_msg("%s, form %d: %zu words", names[i], form, n);
		}
}

/* --- prompts ----------------------------------------------------------------------------- */

static void built(const struct flow *f, const struct flow_step *s, struct prompt *p)
{
	struct err err;

	if (catalogue_prompt(&c, f, s, p, &err) < 0)
		fail_msg("%.*s/%.*s: %s", STR_ARG(f->name), STR_ARG(s->id), err.what);
}

static void must_lack(const struct flow_step *s, struct str text, const char *what)
{
	if (str_contains(text, str_from(what)))
		fail_msg("%.*s: its prompt has \"%s\"", STR_ARG(s->id), what);
}

static void look_at(const struct flow *f, const struct flow_step *s)
{
	struct prompt p;

	built(f, s, &p);
	must_lack(s, p.text, "{{");
	must_lack(s, p.text, "}}");
	must_lack(s, p.text, "table: 0x");
	must_lack(s, p.text, "null\n");
	if (p.text.n > BARE_PROMPT_MAX)
		fail_msg("%.*s/%.*s: %zu bytes", STR_ARG(f->name), STR_ARG(s->id), p.text.n);
	assert_true(p.shared < p.system && p.system < p.text.n);
	assert_true(str_contains(p.text, STR("Unverified: could not inspect X because Y")));
	assert_true(str_contains(p.text, STR("How are exports paused and resumed?")));
	for (size_t i = 0; i < f->contracts.n; i++)
		assert_true(str_contains(str_take(p.text, p.shared),
		    str_from(
			arena_printf(arena, "\n# Contract: %.*s", STR_ARG(f->contracts.v[i])))));
	if (s->agent.web == WEB_ONLY) {
		must_lack(s, p.text, CATALOGUE_REPO);
		must_lack(s, p.text, CATALOGUE_PATH);
		must_lack(s, p.text, CATALOGUE_REF);
		must_lack(s, p.text, "/repo");
	} else {
		assert_true(str_contains(p.text, STR(CATALOGUE_REPO)));
	}
}

static void every_prompt_of_every_size_is_whole(void **state)
{
	unsigned n = 0;

	(void)state;
	c.signals = true;
	each_flow(f)
	{
		for (c.size = SIZE_SMALL; c.size <= SIZE_LARGE; c.size++)
			for (size_t k = 0; k < f->n_all; k++)
				if (catalogue_takes_part(&c, f->all[k])) {
					look_at(f, f->all[k]);
					n++;
				}
	}
	assert_true(n > 300);
}

/* A model server computes once what prompts begin with alike. */
static void agents_that_look_side_by_side_share_a_long_beginning(void **state)
{
	(void)state;
	c.signals = true;
	c.size = SIZE_LARGE;
	each_flow(f)
	{
		struct prompt first = { .text = { NULL, 0 } }, p;
		size_t common = SIZE_MAX, shortest = SIZE_MAX;

		for (size_t k = 0; k < f->n_all; k++) {
			const struct flow_step *s = f->all[k];

			if (s->role != ROLE_ANGLE || s->agent.web == WEB_ONLY)
				continue;
			built(f, s, &p);
			first = first.text.p ? first : p;
			assert_true(
			    str_eq(str_take(first.text, first.shared), str_take(p.text, p.shared)));
			size_t same = catalogue_common(first.text, p.text);

			common = same < common ? same : common;
			shortest = p.text.n < shortest ? p.text.n : shortest;
		}
		if ((double)common < COMMON_MIN * (double)shortest)
			fail_msg("%.*s: %zu of %zu bytes", STR_ARG(f->name), common, shortest);
	}
}

/* --- what users read --------------------------------------------------------------------- */

static void the_readme_has_the_flows_there_are(void **state)
{
	struct str readme = source_file("README.md");

	(void)state;
	each_flow(
	    f) if (!str_contains(readme, str_from(arena_printf(arena, "\n| `%.*s` | %.*s |",
					     STR_ARG(f->name), STR_ARG(str_trim(f->summary))))))
	    fail_msg("README.md is not what the flows say: ./dev docs flows");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(all_flows_are_there_each_under_its_tab),
		T(every_flow_says_what_it_is_for),
		T(every_text_has_its_place_in_the_report),
		T(no_angle_is_called_like_a_part_of_the_report),
		T(all_but_a_triage_are_validated_and_written_again_if_hit),
		T(the_last_text_has_the_catalogues_sections),
		T(as_many_look_as_the_catalogue_says),
		T(a_larger_size_never_has_fewer),
		T(every_persona_is_short_and_used),
		T(every_form_can_be_read),
		T(contracts_are_short_in_each_form),
		T(every_prompt_of_every_size_is_whole),
		T(agents_that_look_side_by_side_share_a_long_beginning),
		T(the_readme_has_the_flows_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
