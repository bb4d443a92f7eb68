/* Cases of evaluations, and how reports are scored against them: the rule of report/eval.h. */
#include "arena.h"

#include "base/json.h"
#include "base/limits.h"
#include "flow/errors.h"
#include "report/eval.h"
#include "report/eval_priv.h"

#include <stdlib.h>

/* --- cases ------------------------------------------------------------------------------- */

#define HEAD "name: a-case\nlanguage: C\nflow: code-review\nquestion: the queue\n"

static struct str errors_of(const char *text)
{
	struct flow_errors errors = { .arena = arena };
	struct eval_case c;
	bool good = eval_case_parse(arena, "case.yaml", str_from(text), &errors, &c);

	assert_int_equal(good, errors.n == 0);
	return good ? STR("") : str_from(errors.v[0].message);
}

static void test_case(void **state)
{
	(void)state;
	struct flow_errors errors = { .arena = arena };
	struct eval_case c;

	assert_true(eval_case_parse(arena, "case.yaml",
	    STR(HEAD "base: HEAD~1\ndefects:\n"
		     "  - {id: d-1, path: src/a.c, lines: [3, 5], about: [lock, a race], severity: "
		     "low}\n"
		     "  - {id: d-2, path: b.c, lines: [1, 1], about: leak}\n"
		     "decoys:\n  - {path: b.c, lines: [7, 8]}\n"),
	    &errors, &c));
	assert_str(c.name, "a-case");
	assert_str(c.base, "HEAD~1");
	assert_int_equal(c.n_defects, 2);
	assert_str(c.defects[0].at.path, "src/a.c");
	assert_int_equal(c.defects[0].at.line, 3);
	assert_int_equal(c.defects[0].at.end, 5);
	assert_int_equal(c.defects[0].at.words.n, 2);
	assert_int_equal(c.defects[0].least, SEVERITY_LOW);
	assert_int_equal(c.defects[1].at.words.n, 1);
	assert_int_equal(c.defects[1].least, SEVERITY_NONE);
	assert_int_equal(c.n_decoys, 1);
	assert_int_equal(c.decoys[0].words.n, 0);
}

#define DEFECT "defects: [{id: d, path: a.c, lines: [1, 2], about: x"

static void test_case_errors(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ HEAD, "a case has defects, decoys or both" },
		{ HEAD "defects: 3\n", "defects is a list of at most 100" },
		{ HEAD "defect: []\n" DEFECT "}]\n",
		    "unknown key 'defect' in a case; did you mean 'defects'?" },
		{ HEAD DEFECT ", sevrity: low}]\n",
		    "unknown key 'sevrity' in a defect; did you mean 'severity'?" },
		{ HEAD DEFECT ", severity: awful}]\n",
		    "severity is note, low, medium, high or critical" },
		{ HEAD "decoys: [{id: d, path: a.c, lines: [1, 2]}]\n",
		    "unknown key 'id' in a decoy" },
		{ HEAD "defects: [{id: d, path: a.c, lines: [1, 2]}]\n", "about is missing" },
		{ HEAD "defects: [{id: d, path: a.c, lines: [2, 1], about: x}]\n",
		    "lines begin at 1, and the last is no earlier" },
		{ HEAD "defects: [{id: d, path: a.c, lines: [0, 1], about: x}]\n",
		    "lines begin at 1, and the last is no earlier" },
		{ HEAD "defects: [{id: d, path: a.c, lines: 3, about: x}]\n",
		    "lines is a list of two: the first and the last, such as [12, 14]" },
		{ HEAD "defects: [{id: d, path: ../a.c, lines: [1, 1], about: x}]\n",
		    "path is relative to the case's repository, without ./" },
		{ HEAD "defects: [{id: d, path: /a.c, lines: [1, 1], about: x}]\n",
		    "path is relative to the case's repository, without ./" },
		{ HEAD "defects: [{id: d, path: a.c, lines: [1, 1], about: []}]\n",
		    "about is a text or a list of 1 to 50" },
		{ HEAD "defects: [{id: d, path: a.c, lines: [1, 1], about: ['']}]\n",
		    "about has an empty text" },
		{ HEAD "defects: [{id: D, path: a.c, lines: [1, 1], about: x}]\n",
		    "id is made of 1 to 64 of a-z, 0-9 and -" },
		{ HEAD "defects: [{id: d, path: a.c, lines: [1, 1], about: x},"
		       " {id: d, path: a.c, lines: [1, 1], about: x}]\n",
		    "there is another defect 'd'" },
		{ "name: ../x\nlanguage: C\nflow: f\nquestion: q\n" DEFECT "}]\n",
		    "name is made of 1 to 64 of a-z, 0-9 and -" },
		{ "name: x\nlanguage: C\nflow: f\n" DEFECT "}]\n", "question is missing" },
		{ "- a\n", "a case is a map" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_str(errors_of(rows[i].text), rows[i].error);
	assert_str(errors_of(HEAD DEFECT "}]\n"), "");
}

/* --- words ------------------------------------------------------------------------------- */

static void test_words(void **state)
{
	static const struct {
		const char *text, *word;
		bool says;
	} rows[] = {
		{ "The Lock is missing", "lock", true },
		{ "it blocks for ever", "lock", false },
		{ "unlocked", "lock", false },
		{ "locks are taken", "lock", true },
		{ "`lock`", "lock", true },
		{ "try_lock fails", "lock", false },
		{ "off by\n  one at the end", "off by one", true },
		{ "offby one", "off by one", false },
		{ "off-by-one", "off by one", false },
		{ "ends with off by ", "off by one", false },
		{ "have & A == B", "== B", true },
		{ "x==B", "==", true },
		{ "caf\xc3\xa9lock", "lock", false },
		{ "", "lock", false },
		{ "loc", "lock", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (eval_says(str_from(rows[i].text), str_from(rows[i].word)) != rows[i].says)
			fail_msg("\"%s\" in \"%s\"", rows[i].word, rows[i].text);
}

/* --- scoring ----------------------------------------------------------------------------- */

/* A finding of the tests: "S1 high", its text, its citations. */
struct raise {
	const char *id, *severity, *title, *disposition, *into;
	const char *cites; /* "path:line-end,path:line-end"; a "?" before it: it does not hold */
};

static void add_cite(json_t *evidence, json_t *ids, struct str text)
{
	char id[16];
	bool good = text.n && text.p[0] != '?';
	unsigned long long line = 0, end = 0;
	struct str path;

	text = str_skip(text, good ? 0 : 1);
	path = str_split(&text, ':');
	str_to_u64(str_split(&text, '-'), 1000000, &line);
	str_to_u64(text, 1000000, &end);
	snprintf(id, sizeof(id), "E%zu", json_array_size(evidence) + 1);
	json_array_append_new(ids, json_string(id));
	json_array_append_new(
	    evidence, json_pack("{s:s, s:s, s:o, s:s, s:I, s:I}", "id", id, "class", "codebase",
			  "path", json_text(path), "state", good ? "resolves" : "changed",
			  "found_line", (json_int_t)line, "found_end", (json_int_t)end));
}

static json_t *report_of(const struct raise *f)
{
	json_t *findings = json_array(), *evidence = json_array();

	for (; f->id; f++) {
		json_t *ids = json_array();
		struct str rest = str_from(f->cites);

		while (rest.p && rest.n)
			add_cite(evidence, ids, str_split(&rest, ','));
		json_array_append_new(
		    findings, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:o}", "id", f->id,
				  "severity", f->severity, "title", f->title, "body", "", "claim",
				  "", "disposition", f->disposition ? f->disposition : "kept",
				  "merged_into", f->into, "evidence", ids));
	}
	return json_pack("{s:s, s:{s:s, s:i, s:i, s:i}, s:o, s:o, s:[s]}", "schema",
	    "tutti.report/1", "run", "id", "r-1", "tokens_in", 70, "tokens_out", 30, "took_ms",
	    1500, "findings", findings, "evidence", evidence, "gaps", "one");
}

static const struct eval_case *the_case(void)
{
	struct flow_errors errors = { .arena = arena };
	struct eval_case *c = arena_new(arena, struct eval_case);

	assert_true(eval_case_parse(arena, "case.yaml",
	    STR(HEAD "defects:\n"
		     "  - {id: race, path: a.c, lines: [10, 12], about: [race, lock]}\n"
		     "  - {id: leak, path: a.c, lines: [11, 20], about: leak, severity: medium}\n"
		     "decoys:\n"
		     "  - {path: b.c, lines: [5, 6], about: overflow}\n"
		     "  - {path: b.c, lines: [50, 60]}\n"),
	    &errors, c));
	return c;
}

static struct eval_score *score(const struct raise *findings)
{
	json_t *report = report_of(findings);
	struct eval_score *s = eval_score(arena, the_case(), report);

	json_decref(report);
	return s;
}

/* One finding alone: what becomes of it. */
static void test_one_finding(void **state)
{
	static const struct {
		struct raise f;
		const char *is;
	} rows[] = {
		{ { "S1", "low", "A race", NULL, NULL, "a.c:12-12" }, "found race" },
		{ { "S1", "note", "A race", NULL, NULL, "a.c:9-10" }, "found race" },
		{ { "S1", "low", "A race", NULL, NULL, "a.c:13-13" }, "other" },
		{ { "S1", "low", "A race", NULL, NULL, "a.c:9-9" }, "other" },
		{ { "S1", "low", "A race", NULL, NULL, "b.c:10-12" }, "other" },
		{ { "S1", "low", "A race", NULL, NULL, "lib/a.c:10-12" }, "other" },
		{ { "S1", "low", "A race", NULL, NULL, "?a.c:10-12" }, "other" },
		{ { "S1", "low", "A race", NULL, NULL, "" }, "other" },
		{ { "S1", "low", "A trace", NULL, NULL, "a.c:10-12" }, "other" },
		{ { "S1", "low", "A race", NULL, NULL, "c.c:1-1,a.c:10-10" }, "found race" },
		/* lines 10 to 12 and EVAL_SLACK_LINES more, and one too many */
		{ { "S1", "low", "A race", NULL, NULL, "a.c:1-23" }, "found race" },
		{ { "S1", "low", "A race", NULL, NULL, "a.c:1-24" }, "other" },
		{ { "S1", "medium", "A leak", NULL, NULL, "a.c:20-20" }, "found leak" },
		{ { "S1", "low", "A leak", NULL, NULL, "a.c:20-20" }, "other" },
		{ { "S1", "low", "Overflow", NULL, NULL, "b.c:6-6" }, "decoy 0" },
		{ { "S1", "low", "A sum", NULL, NULL, "b.c:6-6" }, "other" },
		{ { "S1", "low", "A sum", NULL, NULL, "b.c:55-55" }, "decoy 1" },
		{ { "S1", "low", "A race", "demoted", NULL, "a.c:10-12" }, "found race" },
		{ { "S1", "low", "A race", "none", NULL, "a.c:10-12" }, "found race" },
		{ { "S1", "low", "A race", "refuted", NULL, "a.c:10-12" }, "aside" },
		{ { "S1", "low", "A race", "deferred", NULL, "a.c:10-12" }, "aside" },
		{ { "S1", "low", "A race", "merged", "S1", "a.c:10-12" }, "aside" },
		{ { "S1", "low", "A race", "merged", "S9", "a.c:10-12" }, "aside" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct eval_score *s = score((const struct raise[]){ rows[i].f, { 0 } });
		const struct eval_mark *m = &s->marks[0];
		static const char *const names[] = { "found", "repeat", "decoy", "other", "aside" };
		const char *is = names[m->is];

		if (m->is == EVAL_FOUND)
			is = m->which ? "found leak" : "found race";
		if (m->is == EVAL_DECOY)
			is = m->which ? "decoy 1" : "decoy 0";
		if (strcmp(is, rows[i].is) != 0)
			fail_msg("row %zu: %s, not %s", i, is, rows[i].is);
		assert_int_equal(s->n_found, m->is == EVAL_FOUND);
		assert_int_equal(s->n_decoys, m->is == EVAL_DECOY);
		assert_int_equal(eval_false(s), m->is == EVAL_DECOY || m->is == EVAL_OTHER);
	}
}

/* The first one fits both; only when it takes the leak, both are found. */
static void test_matching(void **state)
{
	(void)state;
	struct eval_score *s = score(
	    (const struct raise[]){ { "S1", "high", "A race and a leak", NULL, NULL, "a.c:11-12" },
		{ "S2", "high", "A race", NULL, NULL, "a.c:10-10" }, { 0 } });

	assert_int_equal(s->n_found, 2);
	assert_str(s->why[0], "S2");
	assert_str(s->why[1], "S1");
	assert_int_equal(s->n_class[EVAL_REPEAT], 0);
	/* the other way round, and said three times: two are repeats, no false findings */
	s = score((const struct raise[]){ { "S1", "high", "A race", NULL, NULL, "a.c:10-10" },
	    { "S2", "low", "The lock", NULL, NULL, "a.c:12-12" },
	    { "S3", "low", "A race", NULL, NULL, "a.c:11-11" }, { 0 } });
	assert_int_equal(s->n_found, 1);
	assert_int_equal(s->n_class[EVAL_REPEAT], 2);
	assert_int_equal(eval_false(s), 0);
	/* one finding is one defect, whatever it says */
	s = score((const struct raise[]){
	    { "S1", "high", "A race and a leak", NULL, NULL, "a.c:11-12" }, { 0 } });
	assert_int_equal(s->n_found, 1);
	assert_str(s->why[1], "S1 counts for another defect");
}

static void test_merged(void **state)
{
	(void)state;
	/* what was merged lends its citation and its words */
	struct eval_score *s =
	    score((const struct raise[]){ { "S1", "low", "Two threads", NULL, NULL, "a.c:1-1" },
		{ "S2", "low", "A race", "merged", "S1", "a.c:10-10" }, { 0 } });

	assert_int_equal(s->n_found, 1);
	assert_str(s->why[0], "S1");
	assert_int_equal(s->marks[1].is, EVAL_ASIDE);
	/* into one that was refuted: nothing stands */
	s = score(
	    (const struct raise[]){ { "S1", "low", "Two threads", "refuted", NULL, "a.c:1-1" },
		{ "S2", "low", "A race", "merged", "S1", "a.c:10-10" }, { 0 } });
	assert_int_equal(s->n_found, 0);
	/* a ring */
	s = score((const struct raise[]){ { "S1", "low", "A race", "merged", "S2", "a.c:10-10" },
	    { "S2", "low", "A race", "merged", "S1", "a.c:10-10" }, { 0 } });
	assert_int_equal(s->n_found, 0);
	assert_int_equal(s->n_class[EVAL_ASIDE], 2);
}

static void test_why_missed(void **state)
{
	static const struct {
		struct raise f;
		const char *why;
	} rows[] = {
		{ { "S1", "high", "A leak", NULL, NULL, "b.c:1-1" }, "not raised" },
		{ { "S1", "high", "A drip", NULL, NULL, "a.c:15-15" },
		    "S1 is at the place, in other words" },
		{ { "S1", "low", "A leak", NULL, NULL, "a.c:15-15" },
		    "S1 is less severe than wanted" },
		{ { "S1", "high", "A leak", "refuted", NULL, "a.c:15-15" },
		    "S1 was raised, but does not stand: refuted" },
		{ { "S1", "high", "A leak", "deferred", NULL, "a.c:15-15" },
		    "S1 was raised, but does not stand: deferred" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct eval_score *s = score((const struct raise[]){ rows[i].f, { 0 } });

		assert_str(s->why[1], rows[i].why);
	}
}

/* A report of a version without dispositions. */
static void test_verdict_alone(void **state)
{
	(void)state;
	json_t *report = report_of(
	    (const struct raise[]){ { "S1", "low", "A race", "none", NULL, "a.c:10-12" }, { 0 } });
	json_t *f = json_array_get(json_get_array(report, "findings"), 0);

	json_object_set_new(f, "verdict", json_string("refuted"));
	struct eval_score *s = eval_score(arena, the_case(), report);

	assert_int_equal(s->n_class[EVAL_ASIDE], 1);
	json_decref(report);
}

static void test_numbers(void **state)
{
	(void)state;
	struct eval_score *s =
	    score((const struct raise[]){ { "S1", "low", "A race", NULL, NULL, "a.c:10-10" },
		{ "S2", "low", "A sum", NULL, NULL, "?b.c:1-1,b.c:2-2" },
		{ "S3", "low", "Overflow", NULL, NULL, "b.c:5-5" },
		{ "S4", "low", "Overflow", NULL, NULL, "b.c:6-6" }, { 0 } });
	struct eval_sum sum = { 0 };

	eval_add(&sum, s);
	eval_add(&sum, eval_failed(arena, the_case(), STR("no model")));
	assert_int_equal(s->n_decoys, 1);
	assert_int_equal(s->cites, 5);
	assert_int_equal(s->hold, 4);
	assert_int_equal(s->gaps, 1);
	assert_int_equal(s->tokens, 100);
	assert_int_equal(s->took, 1500);
	assert_int_equal(sum.runs, 2);
	assert_int_equal(sum.failed, 1);
	assert_int_equal(sum.planted, 4);
	assert_int_equal(sum.false_findings, 3);
	assert_true(eval_recall(&sum) == 0.25);
	assert_true(eval_precision(&sum) == 0.25);
}

static void test_no_report(void **state)
{
	json_t *odd = json_pack("{s:[i, {s:i}], s:[n, {s:i}], s:s}", "findings", 3, "id", 4,
	    "evidence", "id", 5, "run", "x");

	(void)state;
	struct eval_score *s = eval_score(arena, the_case(), NULL);

	assert_int_equal(s->n_found, 0);
	assert_int_equal(s->n_marks, 0);
	assert_str(s->why[0], "not raised");
	s = eval_score(arena, the_case(), odd);
	assert_int_equal(s->n_class[EVAL_OTHER], 2);
	json_decref(odd);
}

static void test_spread(void **state)
{
	const struct eval_sum rounds[] = { { .planted = 4, .found = 1, .false_findings = 3 },
		{ .planted = 4, .found = 3, .false_findings = 0 }, { 0 } };
	struct eval_spread s;

	(void)state;
	eval_spread(rounds, 3, &s);
	assert_true(s.recall_low == 0.25 && s.recall_high == 0.75);
	assert_true(s.precision_low == 0.25 && s.precision_high == 1);
	assert_int_equal(s.false_low, 0);
	assert_int_equal(s.false_high, 3);
	eval_spread(rounds, 0, &s);
	assert_true(s.recall_low == -1 && s.precision_high == -1);
}

/* --- comparing --------------------------------------------------------------------------- */

/* An evaluation of one case with one defect, found in FOUND of RUNS. */
static json_t *evaluation(const char *name, int found, int runs, double low, double high)
{
	json_t *all = json_array();

	for (int i = 0; i < runs; i++)
		json_array_append_new(
		    all, json_pack("{s:i, s:i, s:[{s:s, s:b}]}", "false", 1, "tokens", 10,
			     "defects", "id", "d", "found", i < found));
	return json_pack("{s:s, s:{s:[f, f]}, s:[{s:s, s:o}]}", "schema", "tutti.eval/1", "spread",
	    "recall", low, high, "cases", "case", name, "runs", all);
}

static struct str compared(json_t *old, json_t *now)
{
	json_t *diff = eval_compare(old, now);
	char *text = diff ? json_dumps(diff, JSON_COMPACT | JSON_REAL_PRECISION(3)) : xstrdup("");
	struct str out = arena_dup(arena, str_from(text));

	free(text);
	json_decref(diff);
	json_decref(old);
	json_decref(now);
	return out;
}

static void test_compare(void **state)
{
	(void)state;
	assert_str(compared(evaluation("a", 1, 4, 0, 0.5), evaluation("a", 2, 2, 1, 1)),
	    "{\"old\":{\"recall\":0.25,\"precision\":0.2,\"false\":4,\"tokens\":40},"
	    "\"now\":{\"recall\":1.0,\"precision\":0.5,\"false\":2,\"tokens\":20},"
	    "\"defects\":[{\"case\":\"a\",\"defect\":\"d\",\"old\":[1,4],\"now\":[2,2]}],"
	    "\"only_old\":[],\"only_now\":[],\"overlap\":false,\"differs\":[]}");
	/* the same share of another number of runs is no difference; spreads that touch overlap */
	assert_str(compared(evaluation("a", 1, 2, 0, 1), evaluation("a", 2, 4, 1, 1)),
	    "{\"old\":{\"recall\":0.5,\"precision\":0.333,\"false\":2,\"tokens\":20},"
	    "\"now\":{\"recall\":0.5,\"precision\":0.333,\"false\":4,\"tokens\":40},"
	    "\"defects\":[],\"only_old\":[],\"only_now\":[],\"overlap\":true,\"differs\":[]}");
	assert_str(compared(evaluation("a", 1, 2, 0, 1), evaluation("b", 2, 4, 1, 1)),
	    "{\"old\":{\"recall\":null,\"precision\":null,\"false\":0,\"tokens\":0},"
	    "\"now\":{\"recall\":null,\"precision\":null,\"false\":0,\"tokens\":0},"
	    "\"defects\":[],\"only_old\":[\"a\"],\"only_now\":[\"b\"],\"overlap\":true,\"differs\":"
	    "[]}");
	json_t *small = evaluation("a", 0, 0, 0, 1), *large = evaluation("a", 0, 0, 0, 1);

	json_object_set_new(small, "size", json_null());
	json_object_set_new(large, "size", json_string("large"));
	json_object_set_new(small, "model", json_string("one"));
	json_object_set_new(large, "model", json_string("one"));
	assert_true(str_contains(compared(small, large), STR("\"differs\":[\"size\"]")));
	assert_str(compared(json_object(), evaluation("b", 2, 4, 1, 1)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_case, setup, teardown),
		cmocka_unit_test_setup_teardown(test_case_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_finding, setup, teardown),
		cmocka_unit_test_setup_teardown(test_matching, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_why_missed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verdict_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_report, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compare, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
