/* A report in forms for other programs, and read back from them. */
#include "arena.h"

#include "base/json.h"
#include "base/limits.h"
#include "report/export.h"

#include <stdio.h>
#include <stdlib.h>

/* --- reports ------------------------------------------------------------------------------- */

static json_t *cite(const char *id, const char *path, int line, const char *state)
{
	json_t *v = json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s}", "id", id, "class", "codebase",
	    "path", path, "line", line, "end", line + 1, "quote", "take(lock);", "state", state);

	if (strcmp(state, "resolves") == 0 || strcmp(state, "moved") == 0)
		json_object_update_new(
		    v, json_pack("{s:i, s:i}", "found_line", line + 2, "found_end", line + 2));
	return v;
}

static json_t *finding(
    const char *id, const char *title, const char *severity, const char *verdict, const char *print)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[]}", "id", id, "step",
	    "structure", "title", title, "severity", severity, "verdict", verdict, "fingerprint",
	    print, "disposition", "undecided", "claim", "It waits.", "suggestion", "Do not.",
	    "evidence");
}

static void rest_on(json_t *report, size_t i, const char *id)
{
	json_t *f = json_array_get(json_get_array(report, "findings"), i);

	json_array_append_new(json_get_array(f, "evidence"), json_string(id));
}

/* Five findings: a verified one, one nobody reviewed, one whose citation is missing, a refuted one,
 * one without a place. */
static json_t *report_of(void)
{
	json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}, s:s, s:s, s:[], "
				"s:[], s:[], s:[s], s:[]}",
	    "schema", "tutti.report/1", "run", "id", "r-0123456789", "flow",
	    "architectural-analysis", "title", "Locks", "status", "completed", "agent", "native",
	    "model", "rehearsal", "started", "2026-11-26T18:18:33.271Z", "took_ms", 61000,
	    "outcome", "5 findings", "answer", "Take fewer.", "findings", "evidence", "steps",
	    "gaps", "Data failed", "missing");
	json_t *findings = json_get_array(doc, "findings"), *ev = json_get_array(doc, "evidence");

	json_array_append_new(findings, finding("S1", "A lock", "high", "upheld", "aa"));
	json_array_append_new(findings, finding("S2", "Unseen", "critical", "not reviewed", "bb"));
	json_array_append_new(findings, finding("S3", "Made up", "medium", "upheld", "cc"));
	json_array_append_new(findings, finding("S4", "Wrong", "low", "refuted", "dd"));
	json_array_append_new(findings, finding("S5", "Everywhere", "medium", "upheld", "ee"));
	json_array_append_new(ev, cite("E1", "src/a b:c%.c", 5, "resolves"));
	json_array_append_new(ev, cite("E2", "src/b.c", 9, "moved"));
	json_array_append_new(ev, cite("E3", "no/such.c", 1, "missing"));
	json_array_append_new(ev, cite("E4", "../out.c", 1, "resolves"));
	rest_on(doc, 0, "E1");
	rest_on(doc, 0, "E2");
	rest_on(doc, 1, "E1");
	rest_on(doc, 2, "E3");
	rest_on(doc, 3, "E1");
	rest_on(doc, 4, "E4");
	json_array_append_new(json_get_array(doc, "steps"),
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "step", "structure", "label",
		"Structure", "kind", "agent", "role", "angle", "status", "completed", "persona",
		"architect", "took_ms", 1500));
	json_array_append_new(json_get_array(doc, "steps"),
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "step", "data", "kind", "agent", "role",
		"angle", "status", "failed", "ending", "timed_out", "reason", "no <answer>"));
	return doc;
}

static void read_back(json_t *doc, struct report_doc *ret)
{
	char *text = json_dump(doc);
	struct err err = { 0 };

	if (doc_read(arena, str_from(text), ret, &err))
		fail_msg("%s", err.what);
	free(text);
	json_decref(doc);
}

static struct export_facts facts_of(const struct report_doc *doc)
{
	return (struct export_facts){ .doc = doc, .exit_code = 3, .exit_name = "gate" };
}

static json_t *run_of(json_t *sarif)
{
	return json_array_get(json_get_array(sarif, "runs"), 0);
}

static json_t *result_of(json_t *sarif, size_t i)
{
	return json_array_get(json_get_array(run_of(sarif), "results"), i);
}

static json_t *place_of(json_t *result)
{
	return json_get_object(
	    json_array_get(json_get_array(result, "locations"), 0), "physicalLocation");
}

/* --- SARIF --------------------------------------------------------------------------------- */

static void sarif_says_what_stands(void **state)
{
	static const struct {
		const char *title, *level, *uri;
	} want[] = { { "A lock", "error", "src/a%20b%3Ac%25.c" },
		{ "Unseen", "note", "src/a%20b%3Ac%25.c" },
		{ "Made up", "note", "src/a%20b%3Ac%25.c" },
		{ "Everywhere", "warning", "src/a%20b%3Ac%25.c" } };
	struct report_doc doc;

	(void)state;
	read_back(report_of(), &doc);
	struct export_facts x = facts_of(&doc);
	json_t *v = export_sarif(arena, &x);

	assert_int_equal(json_array_size(json_get_array(run_of(v), "results")), 4);
	for (size_t i = 0; i < 4; i++) {
		json_t *r = result_of(v, i), *p = json_get_object(r, "properties");

		assert_str(json_get_str(p, "title"), want[i].title);
		assert_str(json_get_str(r, "level"), want[i].level);
		assert_str(json_get_str(json_get_object(place_of(r), "artifactLocation"), "uri"),
		    want[i].uri);
		/* what has no place of its own says that the one it is shown at is not it */
		assert_int_equal(json_get_bool(p, "anchored", false), i >= 2);
	}
	json_decref(v);
}

static void sarif_shows_every_place(void **state)
{
	struct report_doc doc;

	(void)state;
	read_back(report_of(), &doc);
	struct export_facts x = facts_of(&doc);
	json_t *v = export_sarif(arena, &x), *r = result_of(v, 0);
	json_t *region = json_get_object(place_of(r), "region");

	/* where the text was found, not where it was said to be */
	assert_int_equal(json_get_int(region, "startLine", 0), 7);
	assert_str(json_get_str(json_get_object(region, "snippet"), "text"), "take(lock);");
	assert_int_equal(json_array_size(json_get_array(r, "relatedLocations")), 1);
	assert_int_equal(json_array_size(json_get_array(r, "codeFlows")), 1);
	assert_null(json_get_array(result_of(v, 1), "codeFlows"));
	assert_str(json_get_str(json_get_object(r, "partialFingerprints"), "tutti/v1"), "aa");
	assert_str(json_get_str(r, "ruleId"), "architectural-analysis/structure");
	json_decref(v);
}

static void sarif_tells_of_the_run(void **state)
{
	struct report_doc doc;

	(void)state;
	read_back(report_of(), &doc);
	struct export_facts x = facts_of(&doc);
	json_t *v = export_sarif(arena, &x);
	json_t *inv = json_array_get(json_get_array(run_of(v), "invocations"), 0);

	assert_int_equal(json_get_int(inv, "exitCode", -1), 3);
	assert_str(json_get_str(inv, "endTimeUtc"), "2026-11-26T18:19:34.271Z");
	assert_int_equal(json_array_size(json_get_array(inv, "toolExecutionNotifications")), 2);
	assert_str(json_get_str(json_get_object(run_of(v), "properties"), "model"), "rehearsal");
	json_decref(v);
}

static void a_baseline_gives_states(void **state)
{
	struct report_doc old, now;
	json_t *was = report_of(), *is = report_of();
	json_t *list = json_get_array(is, "findings");

	(void)state;
	json_object_set_new(json_array_get(list, 1), "severity", json_string("low"));
	json_object_set_new(json_array_get(list, 2), "fingerprint", json_string("99"));
	read_back(was, &old);
	read_back(is, &now);
	struct comparison c;
	struct export_facts x = facts_of(&now);

	evidence_compare(arena, old.findings, old.n_findings, now.findings, now.n_findings, &c);
	x.baseline = &c;
	json_t *v = export_sarif(arena, &x);
	static const char *const want[] = { "unchanged", "updated", "new", "unchanged", "absent" };

	assert_int_equal(json_array_size(json_get_array(run_of(v), "results")), 5);
	for (size_t i = 0; i < 5; i++)
		assert_str(json_get_str(result_of(v, i), "baselineState"), want[i]);
	json_decref(v);
}

/* A file of ours as a baseline says the same as the run it was made of. */
static void sarif_is_read_back(void **state)
{
	struct report_doc doc, back;
	struct comparison c;

	(void)state;
	read_back(report_of(), &doc);
	struct export_facts x = facts_of(&doc);

	read_back(export_sarif(arena, &x), &back);
	assert_int_equal(back.n_findings, 4);
	assert_str(back.findings[0]->cites[0]->path, "src/a b:c%.c");
	assert_str(back.id, "r-0123456789");
	evidence_compare(arena, back.findings, back.n_findings, doc.findings, doc.n_findings, &c);
	assert_int_equal(c.of[CHANGE_SAME], 4);
	assert_int_equal(c.n, 4);
}

/* Also where there are no fingerprints, and the first place is not the one that is shown. */
static void sarif_is_read_back_without_fingerprints(void **state)
{
	json_t *report = report_of(), *one;
	struct report_doc doc, back;
	struct comparison c;
	size_t i;

	(void)state;
	json_array_foreach (json_get_array(report, "findings"), i, one)
		json_object_set_new(one, "fingerprint", json_string(""));
	json_object_set_new(
	    json_array_get(json_get_array(report, "evidence"), 0), "state", json_string("changed"));
	read_back(report, &doc);
	struct export_facts x = facts_of(&doc);

	read_back(export_sarif(arena, &x), &back);
	evidence_compare(arena, back.findings, back.n_findings, doc.findings, doc.n_findings, &c);
	assert_int_equal(c.of[CHANGE_SAME], 4);
	assert_int_equal(c.n, 4);
}

static void sarif_of_others_is_read(void **state)
{
	static const char text[] =
	    "{\"version\":\"2.1.0\",\"runs\":[{\"results\":[{\"ruleId\":\"x\",\"level\":\"error\","
	    "\"message\":{\"text\":\"A lock\\nmore\"},\"locations\":[{\"physicalLocation\":{"
	    "\"artifactLocation\":{\"uri\":\"src/a%20b.c\"},\"region\":{\"startLine\":3}}}]},"
	    "{\"message\":{},\"locations\":7},{\"baselineState\":\"absent\"},null]}]}";
	struct report_doc doc;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(doc_read(arena, STR(text), &doc, &err), 0);
	assert_int_equal(doc.n_findings, 3);
	assert_str(doc.findings[0]->title, "A lock");
	assert_int_equal(doc.findings[0]->severity, SEVERITY_HIGH);
	assert_str(doc.findings[0]->cites[0]->path, "src/a b.c");
	assert_int_equal(doc_read(arena, STR("{\"schema\":\"x\"}"), &doc, &err), -EINVAL);
	assert_int_equal(doc_read(arena, STR("<sarif/>"), &doc, &err), -EINVAL);
}

static void too_many_results_are_counted(void **state)
{
	json_t *report = report_of(), *list = json_get_array(report, "findings");
	struct report_doc doc;

	(void)state;
	for (int i = 0; i < SARIF_RESULTS_MAX; i++)
		json_array_append_new(list, finding("N", "One of many", "low", "upheld", ""));
	read_back(report, &doc);
	struct export_facts x = facts_of(&doc);
	json_t *v = export_sarif(arena, &x);
	json_t *inv = json_array_get(json_get_array(run_of(v), "invocations"), 0);
	json_t *said = json_array_get(json_get_array(inv, "toolExecutionNotifications"), 0);

	assert_int_equal(json_array_size(json_get_array(run_of(v), "results")), SARIF_RESULTS_MAX);
	assert_str(json_get_str(json_get_object(said, "message"), "text"),
	    "4 results of less severity were dropped; a file holds at most 5000.");
	json_decref(v);
}

/* --- JUnit --------------------------------------------------------------------------------- */

/* Python's parser of XML has the last word. */
static void must_be_xml(struct str text, const char *expression)
{
	char path[] = "/tmp/tutti-junit-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	fclose(f);
	const char *command = arena_printf(arena,
	    "python3 -c 'import sys, xml.etree.ElementTree as E; r = "
	    "E.parse(sys.argv[1]).getroot();"
	    " assert %s' %s",
	    expression, path);
	int rc = system(command);

	remove(path);
	if (rc)
		fail_msg("not so: %s\n%.*s", expression, STR_ARG(str_take(text, 2000)));
}

static void junit_has_cases(void **state)
{
	struct report_doc doc;

	(void)state;
	read_back(report_of(), &doc);
	struct export_facts x = facts_of(&doc);
	struct str text = export_junit(arena, &x);

	must_be_xml(text, "(r.get(\"tests\"), r.get(\"failures\"), r.get(\"errors\"), "
			  "r.get(\"skipped\")) == (\"7\", \"4\", \"1\", \"1\")");
	must_be_xml(text, "len(r.findall(\".//testcase\")) == 7 and len(r.findall(\".//failure\")) "
			  "== 4 and len(r.findall(\".//error\")) == 1");
	must_be_xml(text, "r.find(\".//error\").get(\"message\") == \"no <answer>\"");
	x.fail_on = SEVERITY_HIGH;
	must_be_xml(export_junit(arena, &x), "r.get(\"failures\") == \"2\"");
}

static json_t *hostile(void)
{
	json_t *doc = report_of(), *list = json_get_array(doc, "findings");
	char bytes[256];

	for (int c = 1; c < 256; c++)
		bytes[c - 1] = (char)c;
	json_array_append_new(list, finding("\x01\x02<&>\"'", "", "high", "upheld", ""));
	json_object_set_new(
	    json_array_get(list, 5), "title", json_text((struct str){ bytes, 255 }));
	json_object_set_new(json_array_get(list, 5), "claim",
	    json_text(STR("]]>\xef\xbf\xbe\xef\xbf\xbf\n::error::x\r##[error]y\n[a](b)%0A")));
	json_array_append_new(
	    json_get_array(doc, "evidence"), cite("E9", "a\n::x\x1b[2J,b", 1, "resolves"));
	rest_on(doc, 5, "E9");
	return doc;
}

static void junit_is_well_formed(void **state)
{
	struct report_doc doc;

	(void)state;
	read_back(hostile(), &doc);
	struct export_facts x = facts_of(&doc);

	must_be_xml(export_junit(arena, &x), "len(r.findall(\".//testcase\")) == 8");
}

/* --- GitHub -------------------------------------------------------------------------------- */

static void annotations_are_escaped(void **state)
{
	struct report_doc doc;

	(void)state;
	read_back(hostile(), &doc);
	struct export_facts x = facts_of(&doc);
	struct str rest = github_annotations(arena, &x);
	unsigned n = 0;

	assert_has(rest, "::error file=src/a b%3Ac%25.c,line=7,endLine=7,title=S1 [high] A "
			 "lock::A lock%0A%0AIt waits.%0A%0ASuggested: Do not.\n");
	while (rest.n) {
		struct str line = str_line(&rest);

		n++;
		assert_true(str_starts(line, STR("::error ")) ||
			    str_starts(line, STR("::notice ")) ||
			    str_starts(line, STR("::warning ")));
		for (size_t i = 0; i < line.n; i++)
			assert_true((unsigned char)line.p[i] >= ' ' || line.p[i] == '\t');
	}
	assert_int_equal(n, 5);
}

static void annotations_are_as_many_as_are_shown(void **state)
{
	json_t *report = report_of(), *list = json_get_array(report, "findings");
	struct report_doc doc;
	unsigned errors = 0;

	(void)state;
	for (int i = 0; i < 30; i++) {
		json_array_append_new(list, finding("N", "Many", "high", "upheld", ""));
		rest_on(report, 5 + (size_t)i, "E1");
	}
	read_back(report, &doc);
	struct export_facts x = facts_of(&doc);
	struct str rest = github_annotations(arena, &x);

	while (rest.n)
		errors += str_starts(str_line(&rest), STR("::error "));
	assert_int_equal(errors, GITHUB_ANNOTATIONS_MAX);
}

static void with_a_baseline_only_news_are_told(void **state)
{
	json_t *report = report_of();
	struct report_doc old, now;
	struct comparison c;

	(void)state;
	read_back(report_of(), &old);
	json_array_append_new(
	    json_get_array(report, "findings"), finding("N", "News", "high", "upheld", "77"));
	read_back(report, &now);
	evidence_compare(arena, old.findings, old.n_findings, now.findings, now.n_findings, &c);
	struct export_facts x = facts_of(&now);

	x.baseline = &c;
	assert_str(github_annotations(arena, &x),
	    "::notice title=N [high] News::News%0A%0AIt waits.%0A%0ASuggested: Do not.\n");
	struct str text = github_summary(arena, &x);

	assert_has(text, "1 new, 0 gone, 0 changed, 4 same");
	assert_has(text, "| high | News |");
	assert_lacks(text, "A lock");
}

static void a_summary_has_a_ceiling(void **state)
{
	json_t *report = hostile(), *list = json_get_array(report, "findings");
	struct report_doc doc;
	char *long_title = arena_alloc(arena, 5001);

	(void)state;
	memset(long_title, 1, 5000);
	for (int i = 0; i < 500; i++)
		json_array_append_new(list, finding("N", long_title, "high", "upheld", ""));
	read_back(report, &doc);
	struct export_facts x = facts_of(&doc);
	struct str text = github_summary(arena, &x);

	assert_true(text.n > 1000 && text.n <= GITHUB_SUMMARY_MAX);
	assert_lacks(text, "\x1b");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(sarif_says_what_stands),
		T(sarif_shows_every_place),
		T(sarif_tells_of_the_run),
		T(a_baseline_gives_states),
		T(sarif_is_read_back),
		T(sarif_is_read_back_without_fingerprints),
		T(sarif_of_others_is_read),
		T(too_many_results_are_counted),
		T(junit_has_cases),
		T(junit_is_well_formed),
		T(annotations_are_escaped),
		T(annotations_are_as_many_as_are_shown),
		T(with_a_baseline_only_news_are_told),
		T(a_summary_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
