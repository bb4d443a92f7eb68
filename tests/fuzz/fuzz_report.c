/*
 * A hostile report or SARIF file as what is read back: whatever it holds, the forms made of it are
 * whole, a report is the same as itself, and what one side has the other has not is told.
 */
#include "must.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "report/export.h"

#include <stdint.h>

/* Tags are balanced, and no byte stands there that XML 1.0 does not know. */
static void check_xml(struct str s)
{
	size_t open = 0;

	must(utf8_valid(s));
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		must(c >= ' ' || c == '\n');
		must(c != '<' || !open);
		must(c != '>' || open);
		open = c == '<' ? 1 : c == '>' ? 0 : open;
	}
	must(!open);
}

static void check_commands(struct str s)
{
	while (s.n) {
		struct str line = str_line(&s);

		must(str_starts(line, STR("::error ")) || str_starts(line, STR("::warning ")) ||
		     str_starts(line, STR("::notice ")));
		for (size_t i = 0; i < line.n; i++)
			must((unsigned char)line.p[i] >= ' ' || line.p[i] == '\t');
	}
}

static void check_sarif(struct arena *a, const struct export_facts *x)
{
	json_t *v = export_sarif(a, x);

	must(v);
	json_t *results = json_get_array(json_array_get(json_get_array(v, "runs"), 0), "results");

	must(json_array_size(results) <= SARIF_RESULTS_MAX);
	json_decref(v);
}

/* What is compared with itself has not changed. */
static void check_itself(struct arena *a, const struct report_doc *doc)
{
	struct comparison c;

	evidence_compare(a, doc->findings, doc->n_findings, doc->findings, doc->n_findings, &c);
	must(c.of[CHANGE_NEW] == 0 && c.of[CHANGE_GONE] == 0);
	evidence_compare(a, NULL, 0, doc->findings, doc->n_findings, &c);
	must(c.of[CHANGE_NEW] == c.n);
	evidence_compare(a, doc->findings, doc->n_findings, NULL, 0, &c);
	must(c.of[CHANGE_GONE] == c.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct str text = { (const char *)data, size };
	struct report_doc doc;
	struct err err;
	struct buf b;

	buf_init(&b, 7 * size + 16);
	buf_add_no_command(&b, text);
	must(!str_contains(buf_str(&b), STR("##[")));
	buf_fini(&b);
	if (doc_read(a, text, &doc, &err) == 0) {
		struct comparison c;
		struct export_facts x = { .doc = &doc, .exit_code = -1 };

		check_itself(a, &doc);
		check_sarif(a, &x);
		evidence_compare(a, NULL, 0, doc.findings, doc.n_findings, &c);
		x.baseline = &c;
		check_sarif(a, &x);
		check_xml(export_junit(a, &x));
		check_commands(github_annotations(a, &x));
		must(github_summary(a, &x).n <= GITHUB_SUMMARY_MAX);
	}
	arena_destroy(a);
	return 0;
}
