/*
 * An agent's Markdown as HTML: only our tags and attributes, balanced, no link to anywhere but
 * http, https and mailto, nothing that cannot be seen, linear in size, and the same each time.
 */
#include "must.h"

#include "../html_check.h"
#include "base/limits.h"
#include "report/html.h"

#include <stdint.h>

#define NOTES KIB(16)

static struct finding findings[] = {
	{ .id = { "S1", 2 }, .uid = { "S1", 2 } },
	{ .id = { "S2", 2 }, .uid = { "S2", 2 }, .verdict = VERDICT_REFUTED },
	{ .id = { "SEC-001", 7 }, .uid = { "data/SEC-001", 12 } },
};

static void must_be_right(struct arena *a, struct str html, unsigned below, size_t n)
{
	const char *wrong = html_wrong(a, html, true, below);

	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	must(!wrong);
	must(html.n <= HTML_TEXT_FACTOR * n + NOTES);
	must(!str_contains(html, STR("<script")));
	must(!str_contains(html, STR("<img")));
}

static struct str render(struct arena *a, struct html_text how, struct str text)
{
	struct buf b;

	buf_init(&b, HTML_MAX);
	html_text(&b, &how, text);
	must(buf_status(&b) == 0);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct str raw = { (const char *)data, size }, text = utf8_clean(a, raw);
	struct evidence *sets[] = { evidence_parse(a, STR("a"), text) };
	struct finding *list[] = { &findings[0], &findings[1], &findings[2] };
	struct html_refs refs;
	struct html_text how = { .below = 2, .until = HTML_MAX };
	struct cite_row *rows = arena_array(a, sets[0]->n_cites, sizeof(*rows));

	for (size_t i = 0; i < sets[0]->n_cites; i++)
		rows[i].cite = sets[0]->cites[i];
	html_refs_init(&refs, a, list, 3, rows, sets[0]->n_cites);
	must_be_right(a, render(a, how, raw), 2, size);
	how.part = true; /* any level may begin it */
	must_be_right(a, render(a, how, raw), 6, size);
	how = (struct html_text){ 3, &refs, HTML_MAX, false };

	struct str out = render(a, how, text);

	must_be_right(a, out, 3, text.n);
	must(str_eq(out, render(a, how, text)));
	how.until = KIB(1); /* full from the beginning, or soon */
	must_be_right(a, render(a, how, text), 3, text.n);
	arena_destroy(a);
	return 0;
}
