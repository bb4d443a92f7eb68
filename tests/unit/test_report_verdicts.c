/* What validation refuted is no basis of anything in the report; what nobody judged says so. */
#include "arena.h"

#include "base/json.h"
#include "base/limits.h"
#include "report/priv.h"

static int source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	(void)a;
	(void)ctx;
	if (!str_is(path, "src/a.c"))
		return -ENOENT;
	*ret = STR("\ttake_the_lock(run);\n");
	return 0;
}

#define HOLDS "Evidence: `src/a.c:1` \"take_the_lock(run);\"\n"

/* S1 stands, S2 and S3 are refuted. */
static const char angle[] =
    "### S1: The lock\nSeverity: high\n" HOLDS "### S2: The queue is never emptied again\n" HOLDS
    "### S3: The name\n" HOLDS;
static const char verdicts[] =
    "### V1: S1 — confirmed\nReason: seen\n" HOLDS "### V2: S2 — refuted\nReason: gone\n" HOLDS
    "### V3: S3 — refuted\nReason: gone, too\n" HOLDS;

static struct evidence *evidence_of(const char *step, const char *text)
{
	struct evidence *ev = evidence_read(arena, str_from(step), str_from(text));

	evidence_check(arena, ev, source, NULL);
	return ev;
}

enum { ANGLE, ADVICE, REWRITE, FIRST_VALIDATOR };
#define MOST 3

static struct report_step step_of(const char *name, enum step_role role, const char *text)
{
	return (struct report_step){ .name = str_from(name),
		.label = str_from(name),
		.kind = KIND_AGENT,
		.role = role,
		.status = text ? STEP_COMPLETED : STEP_FAILED,
		.ending = text ? ENDING_ANSWERED : ENDING_TIMED_OUT,
		.reason = text ? STR("") : STR("timed_out: no answer"),
		.output = str_from(text) };
}

/* TEXTS of N validators; NULL: it failed. REWRITE NULL: not needed. */
static struct report_run *run_of(
    const char *advice, const char *rewrite, const char *const *texts, size_t n)
{
	struct report_run *run = arena_new(arena, struct report_run);
	struct evidence *own[MOST], *all[MOST + 1];
	struct str said[MOST];
	size_t heard = 0;

	run->id = STR("r-1");
	run->flow = STR("f");
	run->status = RUN_COMPLETED;
	run->validator_expected = true;
	run->steps = arena_array(arena, FIRST_VALIDATOR + n, sizeof(*run->steps));
	run->n_steps = FIRST_VALIDATOR + n;
	run->steps[ANGLE] = step_of("structure", ROLE_ANGLE, angle);
	run->steps[ADVICE] = step_of("advice", ROLE_SYNTHESIZER, advice);
	run->steps[REWRITE] = step_of("rewrite", ROLE_REWRITE, rewrite);
	if (!rewrite)
		run->steps[REWRITE].status = STEP_SKIPPED;
	all[0] = run->steps[ANGLE].evidence = evidence_of("structure", angle);
	for (size_t i = 0; i < n; i++) {
		const char *name = arena_printf(arena, "validator-%zu", i + 1);

		run->steps[FIRST_VALIDATOR + i] = step_of(name, ROLE_VALIDATOR, texts[i]);
		if (!texts[i])
			continue;
		said[heard] = str_from(texts[i]);
		own[heard] = all[heard + 1] = evidence_of(name, texts[i]);
		heard++;
	}
	evidence_number(arena, all, heard + 1);
	run->verdicts =
	    evidence_reconcile(arena, all, 1, said, own, heard, run->steps[ADVICE].output);
	report_strike(arena, run);
	return run;
}

static struct report_run *advised(const char *advice)
{
	const char *const texts[] = { verdicts };

	return run_of(advice, NULL, texts, 1);
}

/* --- what is taken out -------------------------------------------------------------------- */

#define NO_WINNER                                                                                \
	"No clear winner: all that was recommended rested on findings that validation refuted. " \
	"Which evidence would settle it was not said.\n\n"

static const struct {
	const char *said, *left;
	unsigned parts;
} rows[] = {
	/* nothing refuted is named: not a byte changes */
	{ "Shorten the lock (S1).\r\n\r\nThat is all", "Shorten the lock (S1).\r\n\r\nThat is all",
	    0 },
	/* one of several items */
	{ "1. Do S1.\n2. Do S2.\n3. Rest.\n", "1. Do S1.\n3. Rest.\n", 1 },
	/* with what is indented below it, and no more */
	{ "- S2 first\n  because\n\n  - of this\n- S1 then\n", "- S1 then\n", 1 },
	{ "- S2 first\n\nAnd S1.\n", "\nAnd S1.\n", 1 },
	/* a part that rests on one that stands, too */
	{ "Do S1 and S2.\n", "Do S1 and S2 (refuted).\n", 0 },
	{ "- S2\n  - S1\n", "- S2 (refuted)\n  - S1\n", 0 },
	{ "Do S1, not S2 (refuted).\n", "Do S1, not S2 (refuted).\n", 0 },
	{ "S1/S2/S3\n", "S1/S2 (refuted)/S3 (refuted)\n", 0 },
	{ "`S2` and S1\n", "`S2 (refuted)` and S1\n", 0 },
	/* a paragraph is one part, however its lines are broken */
	{ "Begin with\nthe queue (S2)\nat once.\n\nS1 can wait.\n", "\nS1 can wait.\n", 1 },
	/* a heading with all below it */
	{ "## Fix S2\nSo it goes.\n\n### How\nLike this.\n## Then\nS1.\n", "## Then\nS1.\n", 1 },
	{ "## Fix S2\nWith S1.\n", "## Fix S2 (refuted)\nWith S1.\n", 0 },
	/* a row of a table */
	{ "| id | do |\n|---|---|\n| S2 | that |\n| S1 | this |\n",
	    "| id | do |\n|---|---|\n| S1 | this |\n", 1 },
	/* in code, too */
	{ "```\nfix(S2);\n```\nS1\n", "S1\n", 1 },
	/* by its title, whatever the case */
	{ "S1.\n\nBut THE QUEUE is never emptied again.\n", "S1.\n\n", 1 },
	{ "S1, and the queue is never emptied again.\n",
	    "S1, and the queue is never emptied again. [S2 (refuted)]\n", 0 },
	{ "S1, S2: the queue is never emptied again\n",
	    "S1, S2 (refuted): the queue is never emptied again\n", 0 },
	/* with its step in front */
	{ "structure/S2\n\nS1\n", "\nS1\n", 1 },
	/* other names are other names */
	{ "S22, XS2, S2b and S1\n", "S22, XS2, S2b and S1\n", 0 },
	/* nothing is left that stands on anything */
	{ "Do S2.\n\nDo S3.\n", NO_WINNER "\n", 2 },
	{ "# All about S2\n\nBegin today.\n", NO_WINNER, 1 },
	{ "Intro.\n\n- S2\n", NO_WINNER "Intro.\n\n", 1 },
};

static void what_rests_on_nothing_else_is_taken_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report_run *run = advised(rows[i].said);
		struct str left = run->steps[ADVICE].output;

		if (!str_is(left, rows[i].left) || run->struck_parts != rows[i].parts)
			fail_msg("%s\ncame to:\n%.*s(%u parts)", rows[i].said, STR_ARG(left),
			    run->struck_parts);
		report_strike(arena, run);
		assert_true(str_eq(run->steps[ADVICE].output, left));
		assert_int_equal(run->struck_parts, rows[i].parts);
	}
}

/* The names of refuted findings in TEXT that do not say at once that they are refuted. */
static unsigned bases(const struct report_run *run, struct str text)
{
	const struct evidence *ev = run->steps[ANGLE].evidence;
	struct mentions *m = mentions_create(arena, ev->findings, ev->n_findings);
	struct mention one;
	unsigned n = 0;

	for (size_t at = 0; mention_next(m, text, at, &one); at = one.at + one.n) {
		struct str rest = str_skip(text, one.at + one.n);

		n += one.finding->verdict == VERDICT_REFUTED &&
		     !str_starts(rest, STR(" (refuted)")) && !str_starts(rest, STR("~~ (refuted)"));
	}
	return n;
}

static struct str part_of(struct str text, const char *heading)
{
	return md_section(text, heading);
}

static void no_form_rests_on_what_is_refuted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report_run *run = advised(
		    arena_printf(arena, "%s\n## Summary\nS2 and S1 and S3.\n", rows[i].said));
		struct str md = report_markdown(arena, run);

		if (strstr(rows[i].said, "S22"))
			continue;
		json_t *doc = report_json(arena, run);

		assert_int_equal(bases(run, part_of(md, "Answer")), 0);
		assert_int_equal(bases(run, json_get_str(doc, "answer")), 0);
		assert_int_equal(bases(run, json_get_str(doc, "recommendation")), 0);
		assert_lacks(part_of(md, "Recommendation"), "](#f-s2)");
		json_decref(doc);
	}
}

/* Whatever the text is put together from. */
static void no_text_gets_around_it(void **state)
{
	static const char *const bits[] = { "S1", "S2", "S3", " ", "\n", "\n\n", "- ", "  ", "# ",
		"### ", "| ", "/", "-", "`", "```\n", "(", ")", "the queue is never emptied again",
		"structure/", "1. ", ".", "**", " (refuted)", "[", "](x)", "no clear winner", "\t",
		"~~" };
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct buf b;

		buf_init(&b, KIB(4));
		for (unsigned k = 0; k < 2 + round % 30; k++) {
			seed = seed * 1664525u + 1013904223u;
			buf_adds(&b, bits[(seed >> 16) % (sizeof(bits) / sizeof(bits[0]))]);
		}
		buf_adds(&b, "\n");
		struct report_run *run = advised(arena_cstr(arena, buf_str(&b)));
		struct str left = run->steps[ADVICE].output;

		if (run->struck.n && bases(run, left))
			fail_msg("%.*s\nleft\n%.*s", STR_ARG(buf_str(&b)), STR_ARG(left));
		if (!run->struck.n)
			assert_true(str_eq(left, buf_str(&b)));
		buf_fini(&b);
	}
}

/* A title that two findings share names neither. */
static void what_stands_keeps_its_title(void **state)
{
	static const char same[] = "### S1: The result of it is dropped\n" HOLDS
				   "### S2: The result of it is dropped\n" HOLDS;
	struct report_run *run = advised("S1: the result of it is dropped");

	(void)state;
	run->steps[ANGLE].evidence = evidence_of("structure", same);
	run->steps[ANGLE].evidence->findings[1]->verdict = VERDICT_REFUTED;
	report_strike(arena, run);
	assert_str(run->steps[ADVICE].output, "S1: the result of it is dropped");
	assert_int_equal(run->struck.n, 0);
}

static void a_rewrite_is_not_believed_either(void **state)
{
	const char *const texts[] = { verdicts };
	struct report_run *run =
	    run_of("Do S2.\n", "Do S1.\n\nStill do S2.\n\n## Deferred\n- S3\n", texts, 1);
	struct str md = report_markdown(arena, run);

	(void)state;
	assert_str(run->steps[REWRITE].output, "Do S1.\n\n\n## Deferred\n");
	assert_has(md,
	    "*Rewritten after the validation.*\n\n*It named what is refuted: S2, S3. 2 parts "
	    "that rested on nothing else are taken out, the rest is marked.*");
	assert_lacks(md, "Still do");
	json_t *doc = report_json(arena, run);

	assert_true(json_get_bool(json_get_object(doc, "validation"), "rewritten", false));
	assert_false(json_get_bool(doc, "no_clear_winner", true));
	json_decref(doc);
}

static void what_is_deferred_comes_from_the_rewrite(void **state)
{
	const char *const texts[] = { verdicts };
	struct report_run *run = run_of("Do S1.\n\n## Deferred\n- an old thing\n",
	    "Do S1.\n\n## Deferred\n- a new thing\n", texts, 1);
	struct str md = report_markdown(arena, run);

	(void)state;
	assert_has(md, "- a new thing");
	assert_lacks(md, "- an old thing");
}

static void no_clear_winner_is_a_result(void **state)
{
	static const struct {
		const char *said;
		bool none;
	} said[] = {
		{ "No clear winner: S1 would decide it.", true },
		{ "## Recommendation\n**No clear winner.** A load test would settle it.", true },
		{ "There is no clear winner between the two.", true },
		{ "- Recommendation: no clear winner", true },
		{ "Do S2.", true },
		{ "Do S1. There was no clear winner last year.", false },
		{ "Do S1.", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct report_run *run = advised(said[i].said);
		json_t *doc = report_json(arena, run);

		assert_int_equal(json_get_bool(doc, "no_clear_winner", false), said[i].none);
		assert_int_equal(
		    str_contains(json_get_str(doc, "outcome"), STR("; no clear winner")),
		    said[i].none);
		assert_int_equal(str_contains(report_markdown(arena, run),
				     STR("## Recommendation\n\n**Result: no clear winner.**")),
		    said[i].none);
		json_decref(doc);
	}
}

/* --- what nobody judged ------------------------------------------------------------------- */

static const struct {
	const char *texts[MOST];
	size_t n;
	const char *state, *why;
} judged[] = {
	{ { verdicts }, 1, "validated", NULL },
	{ { NULL }, 1, "not validated", "validator-1 failed (timed_out: no answer)" },
	{ { "All fine." }, 1, "not validated", "validator-1 judged none of 3 findings" },
	{ { "" }, 1, "not validated", "validator-1 judged none of 3 findings" },
	{ { "### V1: X9 — refuted\n" }, 1, "not validated", "judged none of 3 findings" },
	{ { verdicts, verdicts }, 2, "validated", NULL },
	{ { verdicts, NULL }, 2, "validated in part", "validator-2 failed" },
	{ { verdicts, "All fine." }, 2, "validated in part", "validator-2 judged none" },
	{ { NULL, "All fine." }, 2, "not validated", "validator-1 failed" },
};

static void what_is_not_validated_says_so_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		struct report_run *run = run_of("Do S1.\n", NULL, judged[i].texts, judged[i].n);
		struct str md = report_markdown(arena, run);
		struct str head = str_take(md, (size_t)str_find(md, STR("\n## Answer")));
		json_t *doc = report_json(arena, run), *v = json_get_object(doc, "validation");
		bool none = strcmp(judged[i].state, "not validated") == 0, whole = !judged[i].why;

		assert_str(json_get_str(v, "state"), judged[i].state);
		assert_int_equal(json_get_bool(v, "validated", false), !none);
		assert_int_equal(str_contains(head, STR("> **Not validated.** ")), none);
		assert_int_equal(
		    str_contains(head, STR("> **Validated in part.** ")), !none && !whole);
		assert_int_equal(
		    str_contains(part_of(md, "Validation"), STR("**Not validated.**")), none);
		assert_int_equal(
		    str_contains(part_of(md, "Recommendation"), STR("*Unvalidated: ")), none);
		assert_int_equal(
		    str_contains(report_outcome(arena, run), STR("validated")), !whole);
		assert_int_equal(json_array_size(json_get_array(v, "why")) == 0, whole);
		if (judged[i].why) {
			assert_has(head, judged[i].why);
			assert_has(part_of(md, "Validation"), judged[i].why);
		}
		json_decref(doc);
	}
}

static void nothing_raised_is_nothing_to_validate(void **state)
{
	const char *const fine[] = { "There is nothing to judge." }, *const failed[] = { NULL };
	struct report_run *run = run_of("Leave it.", NULL, fine, 1);

	(void)state;
	run->steps[ANGLE].evidence = evidence_of("structure", "Nothing found.");
	assert_int_equal(fact_validation(run), VALIDATION_NOTHING);
	assert_lacks(report_markdown(arena, run), "Not validated");
	run = run_of("Leave it.", NULL, failed, 1);
	run->steps[ANGLE].evidence = evidence_of("structure", "Nothing found.");
	assert_int_equal(fact_validation(run), VALIDATION_NOT);
}

static void several_words_are_all_shown(void **state)
{
	const char *const texts[] = { "### V1: S1 — confirmed\nReason: seen\n",
		("### V1: S1 — refuted\nReason: not | there\n" HOLDS),
		"### V1: S1 — partly\nReason: half\n" };
	struct report_run *run = run_of("Do S1.", NULL, texts, 3);
	struct str md = report_markdown(arena, run);

	(void)state;
	assert_has(md, "Judged by validator-1: 1 of 3; validator-2: 1 of 3; validator-3: 1 of 3.");
	assert_has(md,
	    "The lock | weakened | 2 of 3 | validators differ: 1 uphold it, 1 weaken it, 1 "
	    "refute it; validator-2/V1: not \\| there<br>validator-1: upheld — seen<br>"
	    "validator-2: refuted — not \\| there<br>validator-3: weakened — half | "
	    "`src/a.c:1` resolves |\n");
	assert_has(md, "weakened (validator-2/V1), survived 2 of 3\n");
	json_t *doc = report_json(arena, run);
	json_t *first = json_array_get(json_get_array(doc, "findings"), 0);

	assert_int_equal(json_get_int(first, "asked", 0), 3);
	assert_int_equal(json_get_int(first, "survived", 0), 2);
	assert_int_equal(json_array_size(json_get_array(first, "judgements")), 3);
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_rests_on_nothing_else_is_taken_out),
		cmocka_unit_test(no_form_rests_on_what_is_refuted),
		cmocka_unit_test(no_text_gets_around_it),
		cmocka_unit_test(what_stands_keeps_its_title),
		cmocka_unit_test(a_rewrite_is_not_believed_either),
		cmocka_unit_test(what_is_deferred_comes_from_the_rewrite),
		cmocka_unit_test(no_clear_winner_is_a_result),
		cmocka_unit_test(what_is_not_validated_says_so_everywhere),
		cmocka_unit_test(nothing_raised_is_nothing_to_validate),
		cmocka_unit_test(several_words_are_all_shown),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
