#include "arena.h"

#include "base/json.h"
#include "base/limits.h"
#include "evidence/evidence.h"

#include <stdlib.h>

static const char run_c[] = "#include <stdio.h>\n"		      /* 1 */
			    "\n"				      /* 2 */
			    "static void lock_run(struct run *r)\n"   /* 3 */
			    "{\n"				      /* 4 */
			    "\tpthread_mutex_lock(&r->lock);\n"	      /* 5 */
			    "\tr->held = true;\n"		      /* 6 */
			    "}\n"				      /* 7 */
			    "\n"				      /* 8 */
			    "static void unlock_run(struct run *r)\n" /* 9 */
			    "{\n"				      /* 10 */
			    "\tpthread_mutex_unlock(&r->lock);\n"     /* 11 */
			    "}\n";				      /* 12 */

static int source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	(void)a;
	(void)ctx;
	if (str_is(path, "src/run.c"))
		*ret = str_from(run_c);
	else if (str_is(path, "big.bin"))
		return -E2BIG;
	else if (str_is(path, "src"))
		return -EISDIR;
	else if (str_is(path, "torn.c"))
		return -EIO;
	else
		return -ENOENT;
	return 0;
}

static struct evidence *checked(const char *text)
{
	struct evidence *ev = evidence_parse(arena, STR("s"), str_from(text));

	evidence_check(arena, ev, source, NULL);
	return ev;
}

/* One citation each: its text and the state it must get. */
static void citations_get_their_state(void **state)
{
	static const struct {
		const char *text;
		enum cite_state want;
	} rows[] = {
		{ "`src/run.c:5` \"pthread_mutex_lock(&r->lock);\"", CITE_RESOLVES },
		{ "`src/run.c:5` `pthread_mutex_lock(&r->lock);`", CITE_RESOLVES },
		{ "src/run.c:5 \"pthread_mutex_lock( &r->lock );\"", CITE_CHANGED },
		{ "`src/run.c:5-6` \"pthread_mutex_lock(&r->lock);\n  r->held = true;\"",
		    CITE_RESOLVES },
		{ "`src/run.c:L5` \"pthread_mutex_lock(&r->lock);\"", CITE_RESOLVES },
		{ "src/run.c:5:\n```c\n\tpthread_mutex_lock(&r->lock);\n```\n", CITE_RESOLVES },
		{ "`src/run.c:5` \"pthread_mutex_lock(\".\n\nThen \"more\" words.", CITE_RESOLVES },
		{ "`src/run.c:5` \"pthread_mutex_lock(\".", CITE_RESOLVES },
		{ "`src/run.c:3` \"pthread_mutex_unlock(&r->lock);\"", CITE_MOVED },
		{ "`src/run.c:5` \"spin_lock_irqsave(&r->lock, flags);\"", CITE_CHANGED },
		{ "`src/run.c:3` `_lock_run(struct run *r)`", CITE_CHANGED },
		{ "`src/run.c:5` `*r = (struct run){ 0 };`", CITE_CHANGED },
		{ "**`src/run.c:5`**: `pthread_mutex_lock(&r->lock);`", CITE_RESOLVES },
		{ "`memcpy` is used (src/run.c:5): \"pthread_mutex_lock(&r->lock);\"",
		    CITE_RESOLVES },
		{ "`src/run.c:500` \"pthread_mutex_destroy(&r->lock)\"", CITE_MISSING },
		{ "`src/gone.c:5` \"pthread_mutex_lock(&r->lock);\"", CITE_MISSING },
		{ "`big.bin:5` \"pthread_mutex_lock(&r->lock);\"", CITE_UNCHECKED },
		{ "`torn.c:5` \"pthread_mutex_lock(&r->lock);\"", CITE_UNCHECKED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct evidence *ev = checked(rows[i].text);

		if (ev->n_cites != 1 || ev->cites[0]->state != rows[i].want)
			print_message("row %zu: %zu cites, %s\n", i, ev->n_cites,
			    ev->n_cites ? cite_state_name(ev->cites[0]->state) : "");
		assert_int_equal(ev->n_cites, 1);
		assert_int_equal(ev->cites[0]->state, rows[i].want);
	}
}

static void moved_ones_are_repaired(void **state)
{
	struct evidence *ev = checked("`src/run.c:2` \"pthread_mutex_unlock(&r->lock);\"");

	(void)state;
	assert_int_equal(ev->cites[0]->state, CITE_MOVED);
	assert_int_equal(ev->cites[0]->found_line, 11);
	assert_int_equal(ev->cites[0]->line, 2);
}

static void changed_ones_say_what_is_there(void **state)
{
	struct evidence *ev = checked("`src/run.c:6` \"r->held = r->wanted && ready;\"");

	(void)state;
	assert_int_equal(ev->cites[0]->state, CITE_CHANGED);
	assert_true(str_contains(ev->cites[0]->found, STR("r->held = true;")));
}

/* A short word stands everywhere; it proves nothing. */
static void short_quotes_prove_nothing(void **state)
{
	struct evidence *ev = checked("`src/run.c:9` \"r->held\"");

	(void)state;
	assert_int_not_equal(ev->cites[0]->state, CITE_RESOLVES);
	assert_int_not_equal(ev->cites[0]->state, CITE_MOVED);
}

/* What an earlier report says is not looked at; that it says it, is. */
static void findings_of_an_earlier_report_are_provided(void **state)
{
	static const struct {
		const char *text;
		enum cite_state want;
	} all[] = { { "As r-6v4e0q2m8k#S1 says.", CITE_UNCHECKED },
		{ "(`r-6v4e0q2m8k#SEC-002`)", CITE_UNCHECKED },
		{ "r-6v4e0q2m8k#data/S3, and more", CITE_UNCHECKED },
		{ "r-6v4e0q2m8k#S2", CITE_MISSING }, /* S21 is another one */
		{ "r-6v4e0q2m8z#S1", CITE_MISSING }, { NULL, 0 } };

	(void)state;
	for (size_t i = 0; all[i].text; i++) {
		struct evidence *ev = checked(all[i].text);

		assert_int_equal(ev->n_cites, 1);
		assert_int_equal(ev->cites[0]->trust, TRUST_PROVIDED);
		assert_true(str_contains(str_from(all[i].text), ev->cites[0]->path));
		evidence_check_provided(
		    ev, STR("r-6v4e0q2m8k"), STR("### S1: x\n**SEC-002**: S21, data/S3"));
		assert_int_equal(ev->cites[0]->state, all[i].want);
		evidence_check_provided(ev, STR(""), STR(""));
		assert_int_equal(ev->cites[0]->state, CITE_MISSING);
	}
	assert_int_equal(checked("Error-6v4e0q2m8k#S1, r-6v4e0q2m8k#, r-6v4e#S1, "
				 "r-6v4e0q2m8k and /r-6v4e0q2m8k#S1")
			     ->n_cites,
	    0);
}

/* S1 there is not S1 here. */
static void a_finding_of_another_run_is_no_mention(void **state)
{
	struct finding f = { .id = STR("S1"), .uid = STR("S1") }, *all[] = { &f };
	struct mentions *m = mentions_create(arena, all, 1);
	struct str line = STR("r-6v4e0q2m8k#S1, but S1; `r-6v4e0q2m8k#S1` and #S1");
	struct mention got;

	(void)state;
	assert_true(mention_next(m, line, 0, &got));
	assert_int_equal(got.at, 21);
	assert_true(mention_next(m, line, got.at + got.n, &got));
	assert_int_equal(got.at, (size_t)(strrchr(line.p, 'S') - line.p));
	assert_false(mention_next(m, line, got.at + got.n, &got));
}

static const char items[] = "Intro.\n\n"
			    "### S1: The lock is held too long\n"
			    "Severity: high\n"
			    "Evidence: `src/run.c:5` \"pthread_mutex_lock(&r->lock);\"\n"
			    "Claim: it is.\n"
			    "Confidence: medium\n\n"
			    "### S2 — Nobody checks **held**\n"
			    "**Severity:** Low\n"
			    "- **Evidence:** src/run.c:6 `r->held = true;`\n\n"
			    "## Summary\nTwo things, see src/run.c:1.\n";

static void items_become_findings(void **state)
{
	struct evidence *ev = checked(items);

	(void)state;
	assert_int_equal(ev->n_findings, 2);
	assert_str(ev->findings[0]->id, "S1");
	assert_str(ev->findings[0]->title, "The lock is held too long");
	assert_int_equal(ev->findings[0]->severity, SEVERITY_HIGH);
	assert_int_equal(ev->findings[0]->n_cites, 1);
	assert_str(ev->findings[1]->id, "S2");
	assert_int_equal(ev->findings[1]->severity, SEVERITY_LOW);
	assert_int_equal(ev->findings[1]->n_cites, 1);
	assert_int_equal(ev->findings[1]->cites[0]->state, CITE_RESOLVES);
	assert_int_equal(ev->n_cites, 3);
}

static void evidence_survives_the_store(void **state)
{
	struct evidence *ev = checked(items);
	json_t *doc = evidence_to_json(ev);
	struct evidence *back = evidence_from_json(arena, doc);
	json_t *again;

	(void)state;
	assert_non_null(back);
	again = evidence_to_json(back);
	assert_true(json_equal(doc, again));
	json_decref(again);
	json_decref(doc);
	assert_null(evidence_from_json(arena, NULL));
}

static void ids_are_unique_in_a_run(void **state)
{
	struct evidence *x = evidence_parse(arena, STR("one"), str_from(items));
	struct evidence *y = evidence_parse(arena, STR("two"), str_from(items));
	struct evidence *sets[] = { x, y };

	(void)state;
	evidence_number(arena, sets, 2);
	assert_str(x->findings[0]->uid, "S1");
	assert_str(y->findings[0]->uid, "two/S1");
	assert_str(x->cites[0]->id, "E1");
	assert_str(y->cites[0]->id, "E1");
	assert_true(str_contains(evidence_items(arena, sets, 2), STR("two/S1 [high]")));
}

/* "`a.c#L5 b.c:6`" once gave a second path that held the first reference. */
static void references_do_not_overlap(void **state)
{
	struct evidence *ev = evidence_parse(arena, STR("s"), STR("`src/a.c#L5 src/b.c:6`\n"));

	(void)state;
	assert_int_equal(ev->n_cites, 2);
	assert_str(ev->cites[0]->path, "src/a.c");
	assert_str(ev->cites[1]->path, "src/b.c");
	assert_int_equal(ev->cites[1]->line, 6);
}

/* An id with a step in front may be what another step's item would be called. */
static void ids_with_a_step_in_front_stay_unique(void **state)
{
	struct evidence *x = evidence_parse(arena, STR("one"), STR("### two/S1: x\n### S1: y\n"));
	struct evidence *y = evidence_parse(arena, STR("two"), STR("### S1: z\n"));
	struct evidence *sets[] = { x, y };

	(void)state;
	evidence_number(arena, sets, 2);
	assert_str(x->findings[0]->uid, "two/S1");
	assert_str(x->findings[1]->uid, "S1");
	assert_str(y->findings[0]->uid, "two/2/S1");
}

static struct reconciliation *reconcile(struct evidence **sets, size_t n, const char *text)
{
	struct str validator = str_from(text);
	struct evidence *ev = checked(text);

	evidence_number(arena, sets, n);
	return evidence_reconcile(
	    arena, sets, n, &validator, &ev, 1, STR("First shorten the lock (S1). S2 can wait."));
}

static void refuting_needs_evidence(void **state)
{
	struct evidence *ev = checked(items);
	struct reconciliation *r = reconcile(&ev, 1,
	    "### V1: S1 — refuted\nReason: it is short.\n"
	    "Evidence: `src/run.c:11` \"pthread_mutex_unlock(&r->lock);\"\n\n"
	    "### V2: S2 — refuted\nReason: I think not.\n\nConfidence: high — all opened\n");

	(void)state;
	assert_true(r->validated);
	assert_int_equal(ev->findings[0]->verdict, VERDICT_REFUTED);
	assert_int_equal(ev->findings[1]->verdict, VERDICT_WEAKENED);
	assert_true(r->recommendation_hit);
	assert_true(str_starts(r->confidence, STR("high")));
}

static void what_nobody_judged_is_not_reviewed(void **state)
{
	struct evidence *ev = checked(items);
	struct reconciliation *r = reconcile(&ev, 1,
	    "### V1: S1 — confirmed\nReason: opened it.\n\n### V2: Z9 — confirmed\nReason: x\n");

	(void)state;
	assert_int_equal(r->upheld, 1);
	assert_int_equal(r->unreviewed, 1);
	assert_int_equal(r->n_strays, 1);
	assert_false(r->recommendation_hit);
}

static void judgements_come_in_tables_and_bullets(void **state)
{
	struct evidence *ev = checked(items);
	struct reconciliation *r = reconcile(&ev, 1,
	    "| Item | Verdict | Reason |\n|---|---|---|\n| S1 | confirmed | seen |\n\n"
	    "- S2: partly — too strong\n");

	(void)state;
	assert_int_equal(r->upheld, 1);
	assert_int_equal(r->weakened, 1);
}

static void no_verdict_is_not_a_validation(void **state)
{
	struct evidence *ev = checked(items);
	struct reconciliation *r = reconcile(&ev, 1, "Looks fine to me.");

	(void)state;
	assert_false(r->validated);
	assert_int_equal(r->unreviewed, 2);
}

static void ceilings_hold(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MIB(4));
	for (int i = 0; i < FINDINGS_MAX + 5; i++)
		buf_printf(&b, "### S%d: x\nEvidence: `a.c:%d`\n", i, i + 1);
	struct evidence *ev = evidence_parse(arena, STR("s"), buf_str(&b));

	assert_int_equal(ev->n_findings, FINDINGS_MAX);
	assert_true(ev->cut);
	buf_fini(&b);
}

/* --- answers that mean to cost much ------------------------------------------------------- */

/* Every path is a file of BIG bytes, all of them line feeds but the last word. */
#define BIG MIB(1)
#define BIG_FILES 160

static int big_source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	static const char end[] = "the very last words of it";
	char *p = arena_alloc(a, BIG);

	(void)path;
	++*(unsigned *)ctx;
	memset(p, '\n', BIG);
	memcpy(p + BIG - sizeof(end), end, sizeof(end) - 1);
	*ret = (struct str){ p, BIG };
	return 0;
}

static void one_large_file_is_held_at_a_time(void **state)
{
	struct buf b;
	unsigned read = 0, checked = 0;

	(void)state;
	buf_init(&b, MIB(4));
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < BIG_FILES; i++)
			buf_printf(&b, "`big/%u.c:1` \"the very last words of it\"\n", i);
	struct evidence *ev = evidence_parse(arena, STR("s"), buf_str(&b));

	assert_int_equal(ev->n_cites, 2 * BIG_FILES);
	evidence_check(arena, ev, big_source, &read);
	for (size_t i = 0; i < ev->n_cites; i++) {
		assert_true(
		    ev->cites[i]->state == CITE_MOVED || ev->cites[i]->state == CITE_UNCHECKED);
		checked += ev->cites[i]->state == CITE_MOVED;
	}
	assert_in_range(read, 100, BIG_FILES - 1); /* not all, and none twice */
	assert_int_equal(checked, 2 * read);
	buf_fini(&b);
}

/* Each quote could end at every later mark of its line, and each is compared with a large file. */
static void long_lines_of_quotes_end(void **state)
{
	struct buf b;
	unsigned read = 0;

	(void)state;
	buf_init(&b, MIB(4));
	for (unsigned i = 0; i < CITATIONS_MAX; i++)
		buf_printf(&b, "`big.c:1-1000000` \"words that nowhere stand %u\" ", i);
	struct evidence *ev = evidence_parse(arena, STR("s"), buf_str(&b));

	assert_int_equal(ev->n_cites, CITATIONS_MAX);
	evidence_check(arena, ev, big_source, &read);
	assert_int_equal(read, 1);
	assert_int_equal(ev->cites[0]->state, CITE_CHANGED);
	assert_int_equal(ev->cites[CITATIONS_MAX - 1]->state, CITE_UNCHECKED);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(citations_get_their_state),
		cmocka_unit_test(moved_ones_are_repaired),
		cmocka_unit_test(changed_ones_say_what_is_there),
		cmocka_unit_test(short_quotes_prove_nothing),
		cmocka_unit_test(findings_of_an_earlier_report_are_provided),
		cmocka_unit_test(a_finding_of_another_run_is_no_mention),
		cmocka_unit_test(items_become_findings),
		cmocka_unit_test(evidence_survives_the_store),
		cmocka_unit_test(ids_are_unique_in_a_run),
		cmocka_unit_test(references_do_not_overlap),
		cmocka_unit_test(ids_with_a_step_in_front_stay_unique),
		cmocka_unit_test(refuting_needs_evidence),
		cmocka_unit_test(what_nobody_judged_is_not_reviewed),
		cmocka_unit_test(judgements_come_in_tables_and_bullets),
		cmocka_unit_test(no_verdict_is_not_a_validation),
		cmocka_unit_test(ceilings_hold),
		cmocka_unit_test(one_large_file_is_held_at_a_time),
		cmocka_unit_test(long_lines_of_quotes_end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
