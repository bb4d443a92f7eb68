/* Findings of a review of a change, weighed after the verdicts. */
#include "arena.h"

#include "base/limits.h"
#include "change/change.h"
#include "evidence/evidence.h"

#include <stdio.h>
#include <stdlib.h>

/* Lines 8 to 10 of a.c, and all of new.c. */
static const char change_text[] =
    "{\"kind\":\"since\",\"base\":\"main\",\"from\":\"0123456789\"}\n"
    "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -8,3 +8,3 @@\n 8\n-9\n+9!\n 10\n"
    "diff --git a/new.c b/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/new.c\n"
    "@@ -0,0 +1,2 @@\n+1\n+2\n";

static struct evidence *raised(const char *step, const char *text)
{
	return evidence_parse(arena, str_from(step), str_from(text));
}

static struct change_weights *weigh(struct evidence **sets, size_t n, enum severity escalates)
{
	evidence_number(arena, sets, n);
	return evidence_weigh_change(
	    arena, sets, n, change_parse(arena, str_from(change_text)), escalates);
}

/* "ID severity disposition: reason" of each finding. */
static const char *said(struct evidence **sets, size_t n)
{
	const char *all = "";

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			const struct finding *f = sets[i]->findings[k];

			all = arena_printf(arena, "%s%.*s %s %s %.*s|", all, STR_ARG(f->uid),
			    severity_name(f->severity), disposition_name(f->disposition),
			    STR_ARG(f->disposition_reason));
		}
	return all;
}

static void what_lies_outside_is_demoted(void **state)
{
	(void)state;
	struct evidence *sets[] = { raised("x",
	    "### S1: inside\nSeverity: high\nEvidence: `a.c:9` \"9!\"\n\n"
	    "### S2: outside\nSeverity: critical\nEvidence: `a.c:90` \"x\"\n\n"
	    "### S3: both\nSeverity: high\nEvidence: `b.c:1` \"x\"; `new.c:2` \"2\"\n\n"
	    "### S4: nowhere\nSeverity: high\n\n"
	    "### S5: low already\nSeverity: note\nEvidence: `b.c:1` \"x\"\n") };
	struct change_weights *w = weigh(sets, 1, SEVERITY_NONE);

	assert_int_equal(w->outside, 2);
	assert_string_equal(said(sets, 1),
	    "S1 high undecided |"
	    "S2 low demoted outside of the change: it cites no line that the change touches|"
	    "S3 high undecided |S4 high undecided |"
	    "S5 note demoted outside of the change: it cites no line that the change touches|");
	assert_int_equal(sets[0]->findings[1]->raised_as, SEVERITY_CRITICAL);
}

static void where_a_finding_was_found_counts(void **state)
{
	(void)state;
	struct evidence *sets[] = { raised(
	    "x", "### S1: t\nSeverity: high\nEvidence: `a.c:90` \"x\"\n") };

	sets[0]->cites[0]->state = CITE_MOVED;
	sets[0]->cites[0]->found_line = sets[0]->cites[0]->found_end = 9;
	assert_int_equal(weigh(sets, 1, SEVERITY_NONE)->outside, 0);
}

static void contradictions_are_shown_and_demoted(void **state)
{
	(void)state;
	struct evidence *sets[] = {
		raised("x",
		    "### S1: The lock check is missing\nSeverity: high\nEvidence: `a.c:9` \"9\"\n\n"
		    "### S2: A timeout is missing\nSeverity: high\nEvidence: `new.c:1` \"1\"\n"),
		raised("y", "### R1: The check of the lock is redundant\nSeverity: "
			    "medium\nEvidence: `a.c:8-9` \"9\"\n\n"
			    "### R2: This name is redundant\nSeverity: medium\nEvidence: `new.c:1` "
			    "\"1\"\n")
	};
	struct change_weights *w = weigh(sets, 2, SEVERITY_NONE);

	assert_int_equal(w->contradictions, 1);
	assert_string_equal(said(sets, 2),
	    "S1 low demoted contradicts R1, which says that it is superfluous|S2 high undecided |"
	    "R1 low demoted contradicts S1, which says that it is missing|R2 medium undecided |");
	assert_str(w->lines[0],
	    "R1 and S1 at a.c:8: one says that something is missing, the other that it is "
	    "superfluous");
}

static void equal_claims_rated_differently_get_the_lower_word(void **state)
{
	(void)state;
	struct evidence *sets[] = {
		raised("x",
		    "### S1: Result of write dropped\nSeverity: critical\nEvidence: `a.c:9` "
		    "\"9\"\n\n"
		    "### S2: Result of close dropped\nSeverity: high\nEvidence: `new.c:1` \"1\"\n"),
		raised("y",
		    "### R1: Result of write dropped\nSeverity: low\nEvidence: `a.c:9` \"9\"\n\n"
		    "### R2: Result of close dropped\nSeverity: high\nEvidence: `new.c:1` "
		    "\"1\"\n")
	};

	sets[1]->findings[1]->verdict = VERDICT_REFUTED;
	struct change_weights *w = weigh(sets, 2, SEVERITY_NONE);

	assert_int_equal(w->contradictions, 2);
	assert_string_equal(said(sets, 2),
	    "S1 low demoted contradicts R1, which rates the same lines as low|"
	    "S2 low demoted contradicts R2, which says the same and was refuted|"
	    "R1 low undecided |R2 high undecided |");
}

static void of_merged_ones_the_lower_rating_stands(void **state)
{
	(void)state;
	struct evidence *sets[] = {
		raised("x", "### S1: One text\nSeverity: critical\nEvidence: `a.c:9` \"9\"\n"),
		raised("y", "### R1: Other words\nSeverity: medium\nEvidence: `a.c:8-9` \"9\"\n")
	};

	sets[1]->findings[0]->disposition = DISPOSITION_MERGED;
	sets[1]->findings[0]->into = sets[0]->findings[0];
	assert_int_equal(weigh(sets, 2, SEVERITY_NONE)->contradictions, 1);
	assert_string_equal(said(sets, 2),
	    "S1 medium demoted contradicts R1, which rates the same lines as medium|"
	    "R1 medium merged |");
}

static void what_others_decided_stays(void **state)
{
	(void)state;
	struct evidence *sets[] = { raised("x",
	    "### S1: refuted\nSeverity: high\nEvidence: `b.c:1` \"x\"\n\n"
	    "### S2: merged\nSeverity: high\nEvidence: `b.c:1` \"x\"\n\n"
	    "### S3: demoted\nSeverity: medium\nEvidence: `b.c:1` \"x\"\n") };
	struct finding **f = sets[0]->findings;

	f[0]->verdict = VERDICT_REFUTED;
	f[0]->disposition = DISPOSITION_REFUTED;
	f[1]->disposition = DISPOSITION_MERGED;
	f[2]->disposition = DISPOSITION_DEMOTED;
	f[2]->disposition_reason = STR("weakened");
	f[2]->raised_as = SEVERITY_HIGH;
	weigh(sets, 1, SEVERITY_NONE);
	assert_string_equal(said(sets, 1),
	    "S1 high refuted |S2 high merged |"
	    "S3 low demoted weakened; outside of the change: it cites no line that the change "
	    "touches|");
	assert_int_equal(f[2]->raised_as, SEVERITY_HIGH);
}

static void a_small_review_lets_only_what_is_high_rise(void **state)
{
	const char *text = "### S1: a\nSeverity: medium\nEvidence: `a.c:9` \"9\"\n\n"
			   "### S2: b\nSeverity: high\nEvidence: `a.c:9` \"9\"\n\n"
			   "### S3: c\nSeverity: low\nEvidence: `a.c:9` \"9\"\n";
	struct evidence *sets[] = { raised("x", text) };

	(void)state;
	assert_int_equal(weigh(sets, 1, SEVERITY_HIGH)->calibrated, 1);
	assert_string_equal(said(sets, 1),
	    "S1 low demoted the review is small: only what is high or critical rises|"
	    "S2 high undecided |S3 low undecided |");
	sets[0] = raised("x", text);
	assert_int_equal(weigh(sets, 1, SEVERITY_MEDIUM)->calibrated, 0);
}

static void beyond_the_caps_findings_are_deferred(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MIB(1));
	for (unsigned i = 1; i <= 100; i++)
		buf_printf(&b, "### S%u: nr %u\nSeverity: %s\nEvidence: `a.c:9` \"9\"\n\n", i, i,
		    i == 100 ? "critical"
		    : i % 2  ? "medium"
			     : "low");
	struct evidence *sets[] = { raised("x", buf_str(&b).p) };
	struct change_weights *w = weigh(sets, 1, SEVERITY_NONE);
	struct finding **f = sets[0]->findings;

	assert_int_equal(w->beyond, 40);			/* of 51 and 49 */
	assert_int_equal(f[99]->disposition, DISPOSITION_NONE); /* the worst came last */
	assert_int_equal(f[56]->disposition, DISPOSITION_NONE); /* the 29th of medium */
	assert_int_equal(f[58]->disposition, DISPOSITION_DEFERRED);
	assert_int_equal(f[59]->disposition, DISPOSITION_NONE); /* the 30th of low */
	assert_int_equal(f[61]->disposition, DISPOSITION_DEFERRED);
	assert_str(f[61]->disposition_reason, "beyond the 30 suggestions that a review lists");
	buf_fini(&b);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_lies_outside_is_demoted),
		UNIT_TEST(where_a_finding_was_found_counts),
		UNIT_TEST(contradictions_are_shown_and_demoted),
		UNIT_TEST(equal_claims_rated_differently_get_the_lower_word),
		UNIT_TEST(of_merged_ones_the_lower_rating_stands),
		UNIT_TEST(what_others_decided_stays),
		UNIT_TEST(a_small_review_lets_only_what_is_high_rise),
		UNIT_TEST(beyond_the_caps_findings_are_deferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
