/* What validators say, in every way in which it can be wrong, and what code makes of it. */
#include "arena.h"

#include "base/json.h"
#include "base/limits.h"
#include "evidence/evidence.h"

static int source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	(void)a;
	(void)ctx;
	if (!str_is(path, "src/a.c"))
		return -ENOENT;
	*ret = STR("1\n2\n3\n4\n\ttake_the_lock(run);\n6\n\tlet_it_go_again(run);\n"
		   "\tsay(\"it is gone\");\n");
	return 0;
}

static struct evidence *read_as(const char *step, const char *text)
{
	struct evidence *ev = evidence_read(arena, str_from(step), str_from(text));

	evidence_check(arena, ev, source, NULL);
	return ev;
}

/* Here, elsewhere in the file (repaired), and three that prove nothing. */
#define HOLDS "Evidence: `src/a.c:5` \"take_the_lock(run);\"\n"
#define MOVED "Evidence: `src/a.c:2` \"let_it_go_again(run);\"\n"
#define CHANGED "Evidence: `src/a.c:5` \"this is not what it says\"\n"
#define MISSING "Evidence: `src/gone.c:5` \"take_the_lock(run);\"\n"
#define UNQUOTED "Evidence: `src/a.c:5`\n"

static const char raised[] =
    "### S1: The lock\nSeverity: high\n" HOLDS "### S2: The name of it all\nSeverity: low\n" HOLDS;

#define RECOMMENDATION "Shorten the lock (S1)."
#define MOST 5

struct heard {
	struct evidence *set;
	struct reconciliation *r;
};

/* One finder's two findings, and what N validators make of them. */
static struct heard hear(const char *const *texts, size_t n)
{
	struct heard h = { .set = read_as("structure", raised) };
	struct evidence *own[MOST], *all[MOST + 1] = { h.set };
	struct str said[MOST];

	for (size_t i = 0; i < n; i++) {
		said[i] = str_from(texts[i]);
		own[i] = all[i + 1] =
		    read_as(arena_printf(arena, "validator-%zu", i + 1), texts[i]);
	}
	evidence_number(arena, all, n + 1);
	h.r = evidence_reconcile(arena, &h.set, 1, said, own, n, STR(RECOMMENDATION));
	return h;
}

static enum verdict verdict_of(struct heard h, size_t i)
{
	return h.set->findings[i]->verdict;
}

/* --- one validator ------------------------------------------------------------------------ */

struct one {
	const char *text;
	enum verdict first, second;
	unsigned strays;
	bool validated, hit;
};

#define N VERDICT_NONE
#define U VERDICT_UPHELD
#define W VERDICT_WEAKENED
#define R VERDICT_REFUTED

static const struct one ones[] = {
	/* one word each */
	{ "### V1: S1 — confirmed\nReason: seen\n### V2: S2 — confirmed\n", U, U, 0, true, false },
	{ "### V1: as r-6v4e0q2m8k#S2 says, S1 — confirmed\n### V2: S2 — confirmed\n", U, U, 0,
	    true, false },
	{ "### V1: S1 — partly\n### V2: S2 — confirmed\n", W, U, 0, true, true },
	/* refuting needs a place of one's own that holds, or can be repaired */
	{ "### V1: S1 — refuted\n" HOLDS, R, N, 0, true, true },
	{ "### V1: S1 — refuted\n" MOVED, R, N, 0, true, true },
	{ "### V1: S1 — refuted\n" CHANGED, W, N, 0, true, true },
	{ "### V1: S1 — refuted\n" MISSING, W, N, 0, true, true },
	{ "### V1: S1 — refuted\n" UNQUOTED, W, N, 0, true, true },
	{ "### V1: S1 — refuted\nReason: I know better.\n", W, N, 0, true, true },
	{ "### V1: S1 — refuted\nEvidence: https://example.org/why\n", W, N, 0, true, true },
	/* the evidence of the item before is not this one's */
	{ "### V1: S2 — refuted\n" HOLDS "### V2: S1 — refuted\n", W, R, 0, true, true },
	{ "### S2 — confirmed\n### S1 — refuted\n### S2 — confirmed\n" HOLDS, W, U, 0, true, true },
	/* one missing place beside one that holds is enough */
	{ "### V1: S1 — refuted\n" MISSING HOLDS, R, N, 0, true, true },
	/* everything */
	{ "### V1: S1 — refuted\n" HOLDS "### V2: S2 — refuted\n" MOVED, R, R, 0, true, true },
	{ "### V1: S1 — refuted\n### V2: S2 — refuted\n", W, W, 0, true, true },
	/* nobody raised it, and the validator itself did not either */
	{ "### V1: X9 — refuted\n" HOLDS, N, N, 1, false, false },
	{ "### V1: V2 — refuted\n" HOLDS "### V2: V1 — confirmed\n", N, N, 0, false, false },
	{ "### V1 — refuted\n" HOLDS, N, N, 0, false, false },
	{ "### V1: other/S1 — refuted\n" HOLDS, N, N, 1, false, false },
	{ "### V1: structure/S1 — refuted\n" HOLDS, R, N, 0, true, true },
	/* no ids, no verdicts */
	{ "All fine.", N, N, 0, false, false },
	{ "I have opened every place. All findings are confirmed.", N, N, 0, false, false },
	{ "S1 and S2 are both confirmed.", N, N, 0, false, false },
	{ "### V1: S1\nReason: I am not sure what to make of it.\n", N, N, 0, false, false },
	{ "", N, N, 0, false, false },
	/* twice the same, and twice something else */
	{ "### V1: S1 — confirmed\n### V2: S1 — confirmed\n", U, N, 0, true, false },
	{ "### V1: S1 — refuted\n### V2: S1 — refuted\n" HOLDS, R, N, 0, true, true },
	{ "### V1: S1 — confirmed\n### V2: S1 — refuted\n" HOLDS, W, N, 0, true, true },
	{ "### V1: S1 — refuted\n" HOLDS "### V2: S1 — confirmed\n", W, N, 0, true, true },
	{ "### S1 — refuted\n" HOLDS "### S1 — confirmed\n", W, N, 0, true, true },
	{ "### V1: S1 — refuted\n" HOLDS "\n| S1 | confirmed | after all |\n", W, N, 0, true,
	    true },
	{ "### V1: S1 — refuted\n" HOLDS "\n| S1 | refuted | see V1 |\n", R, N, 0, true, true },
	/* each block under the same number */
	{ "### V1: S1 — refuted\n" HOLDS "### V1: S2 — refuted\n" HOLDS, R, R, 0, true, true },
	/* tables and bullets cite nothing of their own */
	{ "| S1 | refuted | gone |\n|---|---|---|\n- S2: confirmed, seen\n", W, U, 0, true, true },
	/* JSON */
	{ "```json\n[{\"id\":\"S1\",\"verdict\":\"refuted\",\"reason\":\"no\",\"evidence\":"
	  "\"src/a.c:5 \\\"take_the_lock(run);\\\"\"},\n"
	  "{\"id\":\"S2\",\"verdict\":\"confirmed\"}]\n```\n",
	    R, U, 0, true, true },
	{ "{\"verdicts\":[{\"item\":\"S1\",\"result\":\"refuted\",\"path\":\"src/a.c\",\"line\":5,"
	  "\"quote\":\"take_the_lock(run);\"},{\"item\":\"X9\",\"result\":\"refuted\"}]}",
	    R, N, 1, true, true },
	{ "{\"verdicts\":[{\"item\":\"S1\",\"result\":\"refuted\",\"path\":\"src/no.c\",\"line\":5,"
	  "\"quote\":\"take_the_lock(run);\"}]}",
	    W, N, 0, true, true },
	{ "{\"item\":\"S1\",\"verdict\":\"refuted\",\"evidence\":[{\"path\":\"src/a.c\",\"line\":5,"
	  "\"quote\":\"take_the_lock(run);\"}]}",
	    R, N, 0, true, true },
	{ "{\"item\":\"S1\",\"verdict\":\"refuted\",\"evidence\":{\"path\":\"src/a.c\",\"line\":8,"
	  "\"quote\":\"say(\\\"it is gone\\\");\"}}",
	    R, N, 0, true, true },
	{ "{\"item\":\"S1\",\"verdict\":\"refuted\",\"evidence\":\"x\\n### V9: S2 — refuted\"}", W,
	    N, 0, true, true },
	{ "{\"item\":\"V1\",\"verdict\":\"refuted\"}", N, N, 0, false, false },
	{ "{\"item\":\"S1\\n### V7: S2\",\"verdict\":\"refuted\"}", N, N, 0, false, false },
	{ "{\"verdict\":\"all confirmed\"}", N, N, 0, false, false },
	{ "{\"item\":\"S1\",\"verdict\":\"ref", N, N, 0, false, false },
};

static void one_validator_in_all_its_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
		const struct one *o = &ones[i];
		struct heard h = hear(&o->text, 1);

		if (verdict_of(h, 0) != o->first || verdict_of(h, 1) != o->second ||
		    h.r->n_strays != o->strays || h.r->validated != o->validated ||
		    h.r->recommendation_hit != o->hit)
			fail_msg("%s\ncame to %s, %s, %zu strays, validated %d, hit %d", o->text,
			    verdict_name(verdict_of(h, 0)), verdict_name(verdict_of(h, 1)),
			    h.r->n_strays, h.r->validated, h.r->recommendation_hit);
		assert_int_equal(h.r->upheld + h.r->weakened + h.r->refuted + h.r->unreviewed, 2);
		assert_int_equal(h.r->reviewers[0].asked, 2);
		assert_int_equal(h.r->reviewers[0].judged, h.r->n_judgements);
	}
}

static void why_it_is_only_weakened_is_said(void **state)
{
	static const char *const alone[] = { "### V1: S1 — refuted\nReason: I know better.\n" };
	static const char *const both[] = {
		"### V1: S1 — confirmed\n### V2: S1 — refuted\n" HOLDS
	};

	(void)state;
	assert_str(hear(alone, 1).set->findings[0]->verdict_reason,
	    "I know better. (refuted without counter-evidence that resolves, so only weakened)");
	assert_str(hear(both, 1).set->findings[0]->verdict_reason,
	    "the validator says two things of it: upheld (V1) and refuted (V2), so it is only "
	    "weakened");
}

/* Each validator of one dimension is asked about that one, and heard about no other. */
static void a_validator_is_heard_about_what_it_was_asked(void **state)
{
	struct evidence *x = read_as("one", "### A1: The lock\n" HOLDS);
	struct evidence *y = read_as("two", "### A1: The name\n" HOLDS);
	struct evidence *own = read_as(
	    "verify-two", "### V1: A1 — refuted\n" HOLDS "### V2: one/A1 — refuted\n" HOLDS);
	struct evidence *sets[] = { x, y }, *all[] = { x, y, own };
	struct str text = STR("### V1: A1 — refuted\n### V2: one/A1 — refuted\n");

	(void)state;
	own->asked = &y;
	own->n_asked = 1;
	evidence_number(arena, all, 3);
	struct reconciliation *r =
	    evidence_reconcile(arena, sets, 2, &text, &own, 1, (struct str){ "", 0 });

	assert_str(y->findings[0]->uid, "two/A1");
	assert_int_equal(x->findings[0]->verdict, VERDICT_NONE);
	assert_int_equal(y->findings[0]->verdict, VERDICT_REFUTED);
	assert_str(r->judgements[0].item, "two/A1");
	assert_int_equal(r->n_strays, 1);
	assert_int_equal(r->reviewers[0].asked, 1);
}

/* --- several ------------------------------------------------------------------------------ */

#define UPHOLD "### V1: S1 — confirmed\nReason: seen\n"
#define WEAKEN "### V1: S1 — partly\nReason: half of it\n"
#define REFUTE "### V1: S1 — refuted\nReason: gone\n" HOLDS
#define DOUBT "### V1: S1 — refuted\nReason: no\n"
#define SILENT "All fine."

static const struct several {
	const char *texts[MOST];
	enum verdict verdict;
	unsigned asked, survived;
	bool differ;
} several[] = {
	{ { UPHOLD, UPHOLD }, U, 2, 2, false },
	{ { REFUTE, REFUTE }, R, 2, 0, false },
	{ { UPHOLD, REFUTE }, W, 2, 1, true },
	{ { REFUTE, UPHOLD }, W, 2, 1, true },
	{ { UPHOLD, WEAKEN }, W, 2, 2, true },
	{ { UPHOLD, DOUBT }, W, 2, 2, true },
	{ { REFUTE, DOUBT }, W, 2, 1, true },
	{ { REFUTE, SILENT }, R, 1, 0, false },
	{ { SILENT, SILENT }, N, 0, 0, false },
	{ { REFUTE, REFUTE, UPHOLD }, R, 3, 1, true },
	{ { REFUTE, UPHOLD, UPHOLD }, W, 3, 2, true },
	{ { WEAKEN, UPHOLD, UPHOLD }, U, 3, 3, true },
	{ { WEAKEN, WEAKEN, UPHOLD }, W, 3, 3, true },
	{ { DOUBT, DOUBT, DOUBT }, W, 3, 3, false },
	{ { REFUTE, REFUTE, UPHOLD, UPHOLD }, W, 4, 2, true },
	{ { REFUTE, REFUTE, REFUTE, UPHOLD, WEAKEN }, R, 5, 2, true },
};

static void several_validators_are_weighed_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(several) / sizeof(several[0]); i++) {
		const struct several *s = &several[i];
		size_t n = 0;

		while (n < MOST && s->texts[n])
			n++;
		struct heard h = hear(s->texts, n);
		const struct finding *f = h.set->findings[0];

		if (f->verdict != s->verdict || f->asked != s->asked || f->survived != s->survived)
			fail_msg("row %zu came to %s, %u of %u", i, verdict_name(f->verdict),
			    f->survived, f->asked);
		assert_int_equal(
		    str_starts(f->verdict_reason, STR("validators differ: ")), s->differ);
		assert_int_equal(h.r->n_judgements, s->asked);
	}
}

static void who_differs_is_named(void **state)
{
	static const char *const texts[] = { UPHOLD, REFUTE, UPHOLD };
	struct heard h = hear(texts, 3);

	(void)state;
	assert_str(h.set->findings[0]->verdict_reason, "validators differ: 2 uphold it, 0 weaken "
						       "it, 1 refute it; validator-2/V1: gone");
	assert_str(h.set->findings[0]->verdict_by, "validator-2/V1");
	assert_str(h.r->judgements[1].step, "validator-2");
	assert_int_equal(h.r->judgements[1].counts, VERDICT_REFUTED);
}

static void the_least_confident_speaks_for_all(void **state)
{
	static const char *const texts[] = { UPHOLD "\nConfidence: high — all opened\n",
		UPHOLD "\nConfidence: low — half of it\n", UPHOLD "\nConfidence: medium — x\n" };

	(void)state;
	assert_str(hear(texts, 3).r->confidence, "low — half of it");
}

/* --- names in texts ----------------------------------------------------------------------- */

static void names_are_found_where_they_stand_alone(void **state)
{
	static const struct {
		const char *line, *found;
	} rows[] = {
		{ "S1 and S2.", "S1 S2 " },
		{ "(S1), [S2], **S1**: `S2`'s", "S1 S2 S1 S2 " },
		{ "S1/S2 and S1-S2", "S1 S2 S1 S2 " },
		{ "structure/S1", "S1 " },
		{ "S11, XS1, S1a, S_1, s1", "" },
		{ "S1x-S2", "S2 " },
		{ "", "" },
	};
	struct evidence *set = read_as("structure", raised);
	struct mentions *m = mentions_create(arena, set->findings, set->n_findings);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *found = "";
		struct mention one;

		for (size_t at = 0; mention_next(m, str_from(rows[i].line), at, &one);
		     at = one.at + one.n)
			found = arena_printf(arena, "%s%.*s ", found, STR_ARG(one.finding->uid));
		assert_string_equal(found, rows[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_validator_in_all_its_ways),
		cmocka_unit_test(why_it_is_only_weakened_is_said),
		cmocka_unit_test(a_validator_is_heard_about_what_it_was_asked),
		cmocka_unit_test(several_validators_are_weighed_together),
		cmocka_unit_test(who_differs_is_named),
		cmocka_unit_test(the_least_confident_speaks_for_all),
		cmocka_unit_test(names_are_found_where_they_stand_alone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
