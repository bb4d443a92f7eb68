#include "arena.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"
#include "report/priv.h"
#include "sys/fs.h"

#include <stdlib.h>

static const char angle[] = "# Structure\n\n### S1: The lock\nSeverity: high\n"
			    "Evidence: `src/a.c:5` \"take_the_lock(run);\"\n\n"
			    "### S2: A name | with <b>marks</b>\nSeverity: low\n"
			    "Evidence: `src/b.c:9` \"nothing_like_this();\"\n\n"
			    "## Deferred (YAGNI)\n- a plug-in system: nobody asked\n\n"
			    "## Summary\nTwo things.\n";

static int source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	(void)a;
	(void)ctx;
	if (!str_is(path, "src/a.c"))
		return -ENOENT;
	*ret = STR("1\n2\n3\n4\n\ttake_the_lock(run);\n");
	return 0;
}

static struct evidence *evidence_of(const char *step, const char *text)
{
	struct evidence *ev = evidence_parse(arena, str_from(step), str_from(text));

	evidence_check(arena, ev, source, NULL);
	return ev;
}

static struct report_run *make_run(void)
{
	struct report_run *run = arena_new(arena, struct report_run);
	struct evidence **sets = arena_array(arena, 1, sizeof(*sets));
	static struct str validator = {
		"### V1: S1 — confirmed\nReason: seen\n### V2: S2 — refuted\nReason: gone\n"
		"Evidence: `src/a.c:5` \"take_the_lock(run);\"\n\nConfidence: medium — why.\n",
		0
	};
	struct evidence *judged;
	static struct str recommendation;

	validator.n = strlen(validator.p);
	recommendation =
	    STR("Do S1 first; S2 is next.\n\n## Summary\nShorten S1. Leave S2. Sure.\n");
	sets[0] = evidence_of("structure", angle);
	evidence_number(arena, sets, 1);
	judged = evidence_of("validator", validator.p);
	run->id = STR("r-0123456789");
	run->flow = STR("architectural-analysis");
	run->title = STR("About #1 <script>");
	run->question = STR("Where are the Locks?");
	run->status = RUN_COMPLETED;
	run->started = 1790000000000;
	run->validator_expected = true;
	run->verdicts = evidence_reconcile(arena, sets, 1, &validator, &judged, 1, recommendation);
	run->n_steps = 4;
	run->steps = arena_array(arena, 4, sizeof(*run->steps));
	run->steps[0] = (struct report_step){ .name = STR("structure"),
		.label = STR("Structure"),
		.kind = KIND_AGENT,
		.role = ROLE_ANGLE,
		.status = STEP_COMPLETED,
		.ending = ENDING_ANSWERED,
		.output = str_from(angle),
		.evidence = sets[0] };
	run->steps[1] = (struct report_step){ .name = STR("data"),
		.label = STR("Data"),
		.kind = KIND_AGENT,
		.role = ROLE_ANGLE,
		.status = STEP_FAILED,
		.ending = ENDING_TIMED_OUT,
		.reason = STR("timed_out: no answer within 5:00; 2 tries") };
	run->steps[2] = (struct report_step){ .name = STR("synthesizer"),
		.label = STR("Recommendation"),
		.kind = KIND_AGENT,
		.role = ROLE_SYNTHESIZER,
		.status = STEP_COMPLETED,
		.ending = ENDING_ANSWERED,
		.output = recommendation };
	run->steps[3] = (struct report_step){ .name = STR("validator"),
		.label = STR("Validation"),
		.kind = KIND_AGENT,
		.role = ROLE_VALIDATOR,
		.status = STEP_COMPLETED,
		.ending = ENDING_ANSWERED,
		.output = validator };
	return run;
}

static void parts_come_in_order(void **state)
{
	static const char *const order[] = { "# About", "## Answer", "## Validation",
		"## Recommendation", "## Findings", "## Structure", "## Deferred (YAGNI)",
		"## Gaps", "## Evidence", "## Reproduce" };
	struct str text = report_markdown(arena, make_run());
	ptrdiff_t last = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		ptrdiff_t at =
		    str_find(text, str_from(arena_printf(arena, "%s%s", i ? "\n" : "", order[i])));

		assert_true(at > last);
		last = at;
	}
}

static void facts_are_said(void **state)
{
	struct str text = report_markdown(arena, make_run());

	(void)state;
	assert_has(text, "- Data failed (timed_out): no answer within 5:00; 2 tries\n");
	assert_has(text, "1 upheld, 0 weakened, 1 refuted");
	assert_has(text, "| E1 | codebase | `src/a.c:5` | resolves | upheld | S1 |");
	assert_has(text, "| `src/b.c:9` | missing | refuted | S2 |");
	assert_has(text, "could not be confirmed");
	assert_has(text, "From Structure:\n\n- a plug-in system");
	assert_has(text, "no agent ran, so nothing was proven");
	assert_str(report_file_name(arena, 1790000000000, STR("architectural-analysis"),
		       STR("Where are the Locks?"), STR("")),
	    "2026-09-21-architectural-analysis-where-are-the-locks.md");
	assert_str(report_file_name(arena, 1790000000000, STR("x"), STR("?"), STR("r-1")),
	    "2026-09-21-x-r-1.md");
	assert_has(text, "medium — why (the validator's word)");
}

/* Where a report comes from includes what was handed to its agents. */
static void what_was_provided_is_named(void **state)
{
	struct report_run *run = make_run();
	struct str text;

	(void)state;
	assert_false(str_contains(report_markdown(arena, run), STR("**Provided**")));
	assert_false(str_contains(report_html(arena, run, NULL, NULL), STR("<dt>Provided</dt>")));
	run->provided = (struct report_provided){ .run = STR("r-6v4e0q2m8k"),
		.flow = STR("gap-analysis"),
		.question = STR("What <b>is</b> missing?"),
		.started = STR("2026-11-26T08:00:00.000Z"),
		.commit = STR("31ee264d5a3c9f00"),
		.bytes = 92160 };
	text = report_markdown(arena, run);
	assert_has(text,
	    "\n**Provided** the report of `r-6v4e0q2m8k`, gap-analysis of 2026-11-26 @ "
	    "`31ee264d5a3c`: What \\<b>is\\</b> missing?  \n");
	run->provided.cut = true;
	text = report_markdown(arena, run);
	assert_has(text, "`31ee264d5a3c`, its first 32 KiB of 90: What");
	text = report_html(arena, run, NULL, NULL);
	assert_has(text, "<dt>Provided</dt>");
	assert_has(text, "the report of <code>r-6v4e0q2m8k</code>, gap-analysis of 2026-11-26 @ "
			 "<code>31ee264d5a3c</code>, its first 32 KiB of 90: What "
			 "&lt;b&gt;is&lt;/b&gt; missing?");
	json_t *doc = report_json(arena, run);
	const json_t *p = json_get_object(json_get_object(doc, "run"), "provided");

	assert_string_equal(json_get_cstr(p, "run", ""), "r-6v4e0q2m8k");
	assert_int_equal(json_get_int(p, "bytes", 0), 92160);
	assert_true(json_get_bool(p, "cut", false));
	json_decref(doc);
}

static void recommendation_never_links_to_what_is_refuted(void **state)
{
	struct str text = report_markdown(arena, make_run());

	(void)state;
	assert_has(text, "Do [S1](#f-s1) first; ~~S2~~ (refuted) is next.");
	assert_has(text, "<a id=\"f-s1\"></a>");
}

static void same_input_same_bytes(void **state)
{
	struct str x = report_markdown(arena, make_run()), y = report_markdown(arena, make_run());

	(void)state;
	assert_true(str_eq(x, y));
}

static struct str text_of(const char *s)
{
	struct buf b;

	buf_init(&b, KIB(64));
	md_text(&b, str_from(s), 2);
	struct str out = arena_dup(arena, buf_str(&b));

	buf_fini(&b);
	return out;
}

static void findings_say_what_they_claim(void **state)
{
	static const char said[] = "### S1: The lock\nSeverity: high\nClaim: It is held too long.\n"
				   "Failure scenario: a second run waits.\n"
				   "Suggestion: Let go *earlier*.\n";
	struct report_run *run = make_run();
	struct evidence *sets[] = { evidence_of("structure", said) };

	(void)state;
	evidence_number(arena, sets, 1);
	run->steps[0].evidence = sets[0];
	assert_has(report_markdown(arena, run), "**S1** The lock — Structure, not reviewed\n"
						"  - It is held too long.\n"
						"  - Fails when: a second run waits.\n"
						"  - Suggested: Let go \\*earlier\\*.\n"
						"  - no citation\n");
}

/* Two steps, and one finding for each thing that can become of one. */
static struct report_run *settled_run(void)
{
	static const char one[] =
	    "### S1: The lock is held too long\nSeverity: medium\n"
	    "`src/a.c:5` \"take_the_lock(run);\"\n"
	    "### S2: Refuted\nSeverity: high\n`src/a.c:1-4` \"1\"\n"
	    "### S3: Put off\n### S4: Nothing cited\nSeverity: critical\n"
	    "## Deferred (YAGNI)\n- S3: nobody asked. Reopen when somebody does\n";
	static const char two[] = "### D1: The lock is held too long\nSeverity: low\n"
				  "`src/a.c:5` \"take_the_lock(run);\"\n";
	struct report_run *run = make_run();
	struct evidence **sets = arena_array(arena, 2, sizeof(*sets));
	const struct deferring text = { STR("structure"), str_from(one), false };

	sets[0] = evidence_of("structure", one);
	sets[1] = evidence_of("data", two);
	evidence_number(arena, sets, 2);
	sets[0]->findings[1]->verdict = VERDICT_REFUTED;
	sets[0]->findings[1]->verdict_reason = STR("it says 1");
	evidence_settle(arena, sets, 2, &text, 1);
	run->steps[0].evidence = sets[0];
	run->steps[0].output = str_from(one);
	run->steps[0].parsed = 4;
	run->steps[1] = run->steps[0];
	run->steps[1].name = STR("data");
	run->steps[1].label = STR("Data");
	run->steps[1].evidence = sets[1];
	run->steps[1].output = str_from(two);
	run->steps[1].parsed = 1;
	run->steps[2].parsed = run->steps[3].parsed = -1;
	return run;
}

static void each_finding_says_what_became_of_it(void **state)
{
	struct str text = report_markdown(arena, settled_run());
	ptrdiff_t findings = str_find(text, STR("\n## Findings"));
	struct str before = str_take(text, (size_t)findings), behind = str_skip(text, findings);

	(void)state;
	assert_has(behind, "1 kept, 1 merged, 1 demoted, 1 refuted, 1 deferred.\n");
	assert_has(behind, "### Medium\n\n- <a id=\"f-s1\"></a>**S1** The lock is held too long — "
			   "Structure, not reviewed\n  - Also raised: [D1](#f-d1) by Data\n");
	assert_has(behind, "### Low\n\n- <a id=\"f-s4\"></a>**S4** Nothing cited — Structure, not "
			   "reviewed\n  - Raised as critical: it cites nothing\n");
	assert_has(behind, "### Merged\n\n- <a id=\"f-d1\"></a>**D1** The lock is held too long — "
			   "Data, low, into [S1](#f-s1)\n  - the same place and the same claim\n");
	assert_has(before, "### Refuted\n\n- <a id=\"f-s2\"></a>**S2** Refuted — Structure, "
			   "refuted\n  - it says 1\n");
	assert_has(behind,
	    "## Deferred (YAGNI)\n\n- <a id=\"f-s3\"></a>**S3** Put off — Structure, "
	    "not reviewed\n  - S3: nobody asked. Reopen when somebody does\n");
	assert_lacks(behind, "**S2**");
}

static void a_lost_finding_is_noticed(void **state)
{
	struct report_run *run = settled_run();

	(void)state;
	assert_str(report_account(arena, run), "");
	run->steps[1].role = ROLE_NONE; /* the report does not list it any more */
	run->lost = report_account(arena, run);
	assert_has(run->lost, "findings were lost: ");
	assert_has(run->lost, "D1 of data is not in the report");
	assert_has(report_markdown(arena, run), "- findings were lost: D1 of data");
}

/* Who is in the list has an entry in the document, too; a text of an agent is none. */
static void a_finding_without_an_entry_is_noticed(void **state)
{
	struct report_run *run = settled_run();
	struct str text = report_markdown(arena, run);
	ptrdiff_t at = str_find(text, STR("- <a id=\"f-d1\">"));

	(void)state;
	assert_str(report_printed(arena, run, text), "");
	assert_true(at > 0);
	char *without = arena_cstr(arena, text);

	without[at] = '>';
	assert_str(report_printed(arena, run, str_from(without)),
	    "findings were lost: 1 without an entry in the document (D1 of data)");
}

static void gaps_are_what_is_missing(void **state)
{
	struct report_run *run = make_run();
	static struct str notices[] = { { "paused", 6 }, { "paused", 6 }, { "slow", 4 } };

	(void)state;
	run->notices = (struct strs){ notices, 3 };
	run->steps[2].role = ROLE_REWRITE; /* nobody needed it */
	run->steps[2].status = STEP_SKIPPED;
	run->steps[2].reason = STR("not (hit)");
	assert_has(report_markdown(arena, run),
	    "## Gaps\n\n"
	    "- 1 of 2 citations could not be confirmed (0 changed, "
	    "1 missing): see Evidence\n"
	    "- Data failed (timed_out): no answer within 5:00; 2 tries\n"
	    "- paused\n"
	    "- slow\n\n");
}

static void hostile_text_stays_inside(void **state)
{
	(void)state;
	assert_str(text_of("# Answer\n"), "### Answer\n");
	assert_str(text_of("## Deep\n###### Deeper\n"), "### Deep\n###### Deeper\n");
	assert_str(text_of("Answer\n===\n"), "Answer\n\\===\n");
	assert_str(text_of("<!-- hide the rest\n"), "\\<!-- hide the rest\n");
	assert_str(text_of("a `<b>` and <b>\n"), "a `<b>` and \\<b>\n");
	assert_str(text_of("![x](http://evil/p.png)\n"), "\\![x](http://evil/p.png)\n");
	assert_str(text_of("```c\n# no heading <b>\n"), "```c\n# no heading <b>\n```\n");
	assert_str(text_of("a\x1b[31m\n"), "a\\x1b[31m\n");
	assert_str(text_of("~~~~\n~~~\n"), "~~~~\n~~~\n~~~~\n");
	assert_str(text_of("grün ist <gut>\n"), "grün ist \\<gut>\n");
}

static struct str inline_of(const char *s)
{
	struct buf b;

	buf_init(&b, KIB(64));
	md_inline(&b, str_from(s));
	struct str out = arena_dup(arena, buf_str(&b));

	buf_fini(&b);
	return out;
}

static void plain_words_stay_plain(void **state)
{
	(void)state;
	assert_str(inline_of("# a_b *c* | <d>\ne"), "\\# a_b \\*c\\* \\| \\<d> e");
	assert_str(inline_of("R&D &amp; x"), "R\\&D \\&amp; x");
}

static void json_has_the_same_facts(void **state)
{
	json_t *doc = report_json(arena, make_run());

	(void)state;
	assert_non_null(doc);
	assert_int_equal(json_array_size(json_get_array(doc, "findings")), 2);
	assert_int_equal(json_array_size(json_get_array(doc, "evidence")), 2);
	assert_str(json_get_str(doc, "schema"), "tutti.report/1");
	json_decref(doc);
}

static struct str missing_of(const struct report_run *run)
{
	struct strs list = fact_missing(arena, run);
	struct str all = { "", 0 };

	for (size_t i = 0; i < list.n; i++)
		all = str_from(arena_printf(arena, "%.*s%.*s; ", STR_ARG(all), STR_ARG(list.v[i])));
	return all;
}

/* Not every gap makes a report partial: what a condition left out was not asked for. */
static void only_some_gaps_are_missing(void **state)
{
	struct report_run *run = make_run();
	struct strs files = { .v = (struct str[]){ STR("big.bin (too large)") }, .n = 1 };

	(void)state;
	assert_str(missing_of(run), "Data failed; ");
	run->steps[1].status = STEP_SKIPPED;
	run->steps[1].reason = STR("not (signals.data)");
	run->steps[0].denied = 3;
	assert_str(missing_of(run), "");
	assert_true(fact_gaps(arena, run).n > 0);
	run->steps[0].partial = true;
	run->skipped_files = files;
	assert_str(
	    missing_of(run), "the text of Structure was cut off; 1 file is not in the snapshot; ");
	run->steps[0].partial = false;
	run->skipped_files.n = 0;
	run->verdicts = NULL;
	assert_str(missing_of(run), "nothing was validated; ");
	run->steps[0].evidence = NULL; /* and nothing had to be */
	assert_str(missing_of(run), "");
}

/* The row of docs/report.md that describes MEMBER. */
static struct str row_of(struct str page, const char *member)
{
	ptrdiff_t at = str_find(page, str_from(arena_printf(arena, "\n| `%s` |", member)));

	if (at < 0)
		fail_msg("docs/report.md has no row for `%s`", member);
	struct str rest = str_skip(page, (size_t)at + 1);

	return str_line(&rest);
}

static struct str source_file(const char *name)
{
	struct str text;

	assert_int_equal(fs_read(arena, arena_printf(arena, "%s/%s", getenv("TUTTI_SOURCE"), name),
			     MIB(1), &text),
	    0);
	return text;
}

static void check_keys(struct str row, const char *member, const json_t *object)
{
	struct str schema = source_file("docs/report.schema.json");
	const char *key;
	json_t *value;

	json_object_foreach (unconst(object), key, value) {
		if (!str_contains(row, str_from(arena_printf(arena, "`%s`", key))))
			fail_msg("docs/report.md: `%s` does not tell of `%s`", member, key);
		if (!str_contains(schema, str_from(arena_printf(arena, "\"%s\": {", key))))
			fail_msg("docs/report.schema.json does not know `%s`", key);
	}
}

static void every_member_is_documented(void **state)
{
	json_t *doc = report_json(arena, make_run()), *value, *one;
	struct str page = source_file("docs/report.md");
	const char *key;
	size_t i;

	(void)state;
	json_object_foreach (doc, key, value) {
		struct str row = row_of(page, key);

		if (json_is_object(value))
			check_keys(row, key, value);
		if (!json_is_array(value))
			continue;
		json_array_foreach (value, i, one)
			check_keys(row, key, one);
	}
	json_decref(doc);
}

/* Of three files in scope one was read by two steps, one in part, and one by nobody. */
static const struct ledger *make_ledger(void)
{
	json_t *files =
	    json_parse(STR("[[\"a.c\",4,0],[\"b|c\",9,0],[\"d/e.c\",20,0],[\"x\",0,1]]"), NULL);
	struct coverage *c = coverage_create(arena);
	const struct ledger_scope scope = { .files = files };

	coverage_add(c, STR("one"), NULL, STR("a.c"), 1, 2);
	coverage_add(c, STR("two"), NULL, STR("a.c"), 3, 4);
	coverage_add(c, STR("two"), NULL, STR("b|c"), 8, 9);
	coverage_add_blind(c, STR("three"));
	const struct ledger *l = ledger_build(arena, c, &scope);

	json_decref(files);
	return l;
}

static void what_was_not_read_is_said(void **state)
{
	struct report_run *run = make_run();

	(void)state;
	assert_lacks(report_markdown(arena, run), "## Coverage");
	run->coverage = make_ledger();
	struct str text = report_markdown(arena, run);

	assert_has(text,
	    "- of 3 files in scope, 1 was not read and 1 only in part (6 of 33 lines were): see "
	    "Coverage\n- what 1 agent read is not known: three\n");
	assert_has(text,
	    "\n## Coverage\n\n"
	    "3 files in scope: 1 read whole, 1 in part, 1 not at all; 6 of 33 lines. 1 more "
	    "skipped. "
	    "Counted is what tool calls, commands and prompts have shown, not what agents say.\n\n"
	    "Skipped: 1 binary.\n\n"
	    "| Directory | Files | Not read | In part | Lines read |\n|---|--:|--:|--:|--:|\n"
	    "| `d` | 1 | 1 | 0 | 0 of 20 |\n| `.` | 2 | 0 | 1 | 6 of 13 |\n\n"
	    "Not read: `d/e.c` (20).\n\n## Evidence\n");
}

static void coverage_is_part_of_the_page(void **state)
{
	struct report_run *run = make_run();

	(void)state;
	assert_lacks(report_html(arena, run, NULL, NULL), "id=\"coverage\"");
	run->coverage = make_ledger();
	struct str page = report_html(arena, run, NULL, NULL);

	assert_has(page, "<h2 id=\"coverage\">Coverage</h2>\n<p>3 files in scope: 1 read whole");
	assert_has(page, "<code>d/e.c</code> (20)");
}

static void coverage_is_a_member(void **state)
{
	static const char want[] =
	    "[{\"path\":\"d/e.c\",\"state\":\"not_read\",\"lines\":20,\"lines_read\":0,\"read\":[],"
	    "\"by\":[],\"changed\":false,\"reason\":\"\"},"
	    "{\"path\":\"b|c\",\"state\":\"partly\",\"lines\":9,\"lines_read\":2,\"read\":[[8,9]],"
	    "\"by\":[\"two\"],\"changed\":false,\"reason\":\"\"},"
	    "{\"path\":\"a.c\",\"state\":\"read\",\"lines\":4,\"lines_read\":4,\"read\":[[1,4]],"
	    "\"by\":[\"one\",\"two\"],\"changed\":false,\"reason\":\"\"},"
	    "{\"path\":\"x\",\"state\":\"skipped\",\"lines\":0,\"lines_read\":0,\"read\":[],\"by\":"
	    "[],"
	    "\"changed\":false,\"reason\":\"binary\"}]";
	struct report_run *run = make_run();
	json_t *without = report_json(arena, run);

	(void)state;
	assert_true(json_is_null(json_object_get(without, "coverage")));
	json_decref(without);
	run->coverage = make_ledger();
	json_t *doc = report_json(arena, run), *coverage = json_object_get(doc, "coverage");
	char *files = json_dump(json_object_get(coverage, "files"));

	assert_string_equal(files, want);
	assert_int_equal(json_get_int(json_object_get(coverage, "totals"), "lines_read", 0), 6);
	assert_int_equal(json_get_int(coverage, "left_out", -1), 0);
	free(files);
	json_decref(doc);
}

static void an_empty_run_has_a_report(void **state)
{
	struct report_run run = { .id = STR("r-1"),
		.flow = STR("x"),
		.status = RUN_FAILED,
		.reason = STR("no snapshot") };
	struct str text = report_markdown(arena, &run);

	(void)state;
	assert_has(text, "There is no answer: this run failed: no snapshot.");
	assert_has(text, "Nothing was cited");
	assert_lacks(text, "## Recommendation");
}

static void the_outcome_names_each_severity(void **state)
{
	struct report_run *run = make_run();
	struct finding **found = run->steps[0].evidence->findings;

	(void)state;
	assert_has(report_outcome(arena, run), "2 findings, 1 high, 1 refuted");
	found[0]->severity = SEVERITY_CRITICAL;
	assert_has(report_outcome(arena, run), "2 findings, 1 critical, 1 refuted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_come_in_order),
		cmocka_unit_test(facts_are_said),
		cmocka_unit_test(what_was_provided_is_named),
		cmocka_unit_test(recommendation_never_links_to_what_is_refuted),
		cmocka_unit_test(same_input_same_bytes),
		cmocka_unit_test(findings_say_what_they_claim),
		cmocka_unit_test(each_finding_says_what_became_of_it),
		cmocka_unit_test(a_lost_finding_is_noticed),
		cmocka_unit_test(a_finding_without_an_entry_is_noticed),
		cmocka_unit_test(gaps_are_what_is_missing),
		cmocka_unit_test(hostile_text_stays_inside),
		cmocka_unit_test(plain_words_stay_plain),
		cmocka_unit_test(json_has_the_same_facts),
		cmocka_unit_test(only_some_gaps_are_missing),
		cmocka_unit_test(every_member_is_documented),
		cmocka_unit_test(what_was_not_read_is_said),
		cmocka_unit_test(coverage_is_part_of_the_page),
		cmocka_unit_test(coverage_is_a_member),
		cmocka_unit_test(an_empty_run_has_a_report),
		cmocka_unit_test(the_outcome_names_each_severity),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
