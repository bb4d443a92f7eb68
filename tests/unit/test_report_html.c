/* The HTML form: what it shows, and that nothing which went in comes out as more than text. */
#include "arena.h"

#include "../html_check.h"
#include "base/limits.h"
#include "report/html.h"

#include <stdlib.h>

static void assert_sound(struct str html, bool fragment, unsigned below)
{
	const char *wrong = html_wrong(arena, html, fragment, below);

	if (wrong)
		fail_msg("%s", wrong);
}

/* --- texts -------------------------------------------------------------------------------- */

static struct str text_of(struct str text)
{
	struct html_text how = { .below = 2, .until = HTML_MAX };
	struct buf b;

	buf_init(&b, HTML_MAX);
	html_text(&b, &how, text);
	assert_int_equal(buf_status(&b), 0);
	struct str out = arena_dup(arena, buf_str(&b));

	buf_fini(&b);
	assert_sound(out, true, 2);
	return out;
}

static struct str html_of(const char *text)
{
	return text_of(str_from(text));
}

/* PATTERN again and again. */
static struct str many(const char *pattern, size_t times)
{
	size_t n = strlen(pattern);
	char *p = arena_alloc(arena, n * times + 1);

	for (size_t i = 0; i < times; i++)
		memcpy(p + i * n, pattern, n);
	return (struct str){ p, n * times };
}

static struct str joined(struct str x, struct str y)
{
	char *p = arena_alloc(arena, x.n + y.n + 1);

	memcpy(p, x.p, x.n);
	memcpy(p + x.n, y.p, y.n);
	return (struct str){ p, x.n + y.n };
}

static void markdown_is_laid_out(void **state)
{
	struct str html = html_of("A **b** *c* ~~d~~ `e<f`.\n\n- [x] one\n- [ ] two\n\n> q\n\n"
				  "```c\nint x = a<b;\n```\n\n| h | i |\n|---|--:|\n| 1 | 2 |\n");

	(void)state;
	assert_has(
	    html, "<p>A <strong>b</strong> <em>c</em> <del>d</del> <code>e&lt;f</code>.</p>");
	assert_has(html, "<li>\xe2\x98\x91 one</li>\n<li>\xe2\x98\x90 two</li>");
	assert_has(html, "<blockquote>\n<p>q</p>\n</blockquote>");
	assert_has(html, "<span class=\"lang\">c</span>");
	assert_has(html, "<code>int x = a&lt;b;\n</code></pre>");
	assert_has(html, "<th>h</th><th class=\"right\">i</th>");
}

static void headings_go_below_ours_and_leave_out_none(void **state)
{
	(void)state;
	assert_str(html_of("# a\n\n### b\n\n## c\n"), "<h3>a</h3>\n<h4>b</h4>\n<h4>c</h4>\n");
	assert_str(html_of("### a\n\n#\n"), "<h3>a</h3>\n");
	assert_str(html_of("a\n===\n\nb\n---\n"), "<h3>a</h3>\n<h4>b</h4>\n");
	assert_has(html_of("# a\n## b\n### c\n#### d\n##### e\n###### f\n"), "<h6>f</h6>");
}

static void raw_html_is_text(void **state)
{
	static const char *const texts[] = { "<script>alert(1)</script>",
		"<img src=x onerror=alert(1)>", "a </style></main></body></html> b",
		"<svg/onload=alert(1)>", "x <b onclick=y>z</b> <!-- c -->", "`</code><script>`",
		"```\n</code></pre><script>\n```", "```\"><script>\nx\n```",
		"[a](https://b \"\\\" onmouseover=\\\"x\")",
		"<iframe srcdoc='<script>alert(1)</script>'>", "<math><mtext><script>",
		"&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;",
		"<a href=javascript:x>" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str html = html_of(texts[i]);

		assert_lacks(html, "<script");
		assert_lacks(html, "<img");
		assert_lacks(html, "<svg");
		assert_lacks(html, "<iframe");
		assert_lacks(html, "</style");
		assert_lacks(html, "</body");
		assert_lacks(html, "onmouseover=\"x");
	}
	assert_has(html_of("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
}

static void links_lead_to_the_web_or_nowhere(void **state)
{
	static const char *const dead[] = { "[a](javascript:alert(1))",
		"[a](java&#115;cript:alert(1))", "[a](&#106;avascript:alert(1))",
		"[a](javascript&colon;alert(1))", "[a](JaVaScRiPt:alert(1))",
		"[a](data:text/html;base64,PHNjcmlwdD4=)", "[a](vbscript:x)",
		"[a](file:///etc/passwd)", "[a](//evil.example)", "[a](#answer)", "[a](../x)",
		"[a](https:)", "![a](data:image/svg+xml;utf8,<svg>)", "<javascript:alert(1)>",
		"[a](<https://x y>)", "[a](https://x&#x202e;y)", "[a](https://x&#9;y)" };

	(void)state;
	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++)
		assert_lacks(html_of(dead[i]), "href");
	assert_has(html_of("[a](javascript:alert(1))"), "a (javascript:alert(1))");
	assert_str(html_of("[a](HTTPS://b.example/?x=\"&y)"),
	    "<p><a class=\"ext\" rel=\"noopener noreferrer nofollow\" "
	    "href=\"HTTPS://b.example/?x=&quot;&amp;y\">a</a></p>\n");
	assert_has(html_of("[a](mailto:b@c)"), "href=\"mailto:b@c\"");
	assert_has(html_of("see www.example.org."), "href=\"http://www.example.org\"");
}

/* md4c reads on behind a text that ends in half a link, and would find the other half. */
static void half_a_link_at_the_end_ends_there(void **state)
{
	static const char *const texts[] = { "[a](b", "[a](mailto:b", "[a](", "![a](b",
		"*x* [a](b" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str whole = str_from(arena_printf(arena, "%s) and *more*", texts[i]));
		struct str half = text_of(str_take(whole, strlen(texts[i])));

		assert_lacks(half, "<a ");
		assert_has(half, "[a](");
	}
}

static void images_are_links(void **state)
{
	struct str html =
	    html_of("![a *b*](http://c/d.png) ![](http://e) [![f](http://g)](http://h)");

	(void)state;
	assert_has(html, "href=\"http://c/d.png\">image: a <em>b</em></a>");
	assert_has(html, "href=\"http://e\">image: http://e</a>");
	assert_has(html, "href=\"http://h\">f</a>");
	assert_lacks(html, "http://g");
	assert_has(html_of("[](https://a)"), ">https://a</a>");
}

static void what_cannot_be_seen_is_written_out(void **state)
{
	struct str html = html_of("a\xe2\x80\xae"
				  "b \x1b[31m c&#8238;d e&#x200b;f &rlm;g \x7f \xff");

	(void)state;
	assert_has(html, "a&lt;U+202E&gt;b \\x1b[31m c&lt;U+202E&gt;d e&lt;U+200B&gt;f &amp;rlm;g "
			 "\\x7f \\xff");
	assert_has(html_of("`x\xe2\x81\xa6y`"), "<code>x&lt;U+2066&gt;y</code>");
	assert_has(html_of("&amp; &mdash; &nope; &#x3c;"), "&amp; \xe2\x80\x94 &amp;nope; &lt;");
}

static void tables_have_an_end(void **state)
{
	struct str head = joined(many("|a", 100), joined(STR("|\n"), many("|---", 100)));
	struct str wide = joined(head, STR("|\n|1|2|\n"));
	struct str tall = joined(STR("|a|b|\n|---|---|\n"), many("|1|2|\n", 3000));
	/* few bytes, and a hundred cells for each three of them */
	struct str ragged = joined(head, joined(STR("|\n"), many("|x\n", 60000)));
	struct str html = text_of(wide);

	(void)state;
	assert_has(html, "Left out of this table: 36 columns and 0 rows.");
	assert_has(text_of(tall), "Left out of this table: 0 columns and 2000 rows.");
	/* md4c would count it as none at all */
	assert_has(text_of(joined(many("|a", 65536), joined(STR("\n"), many("|---", 65536)))),
	    "As it was written:");
	html = text_of(ragged);
	assert_has(html, "As it was written:");
	assert_true(html.n < HTML_TEXT_FACTOR * ragged.n);
	assert_str(html_of("| |\n|---|\n"),
	    "<div class=\"table\" tabindex=\"0\" role=\"group\" "
	    "aria-label=\"Table\"><table>\n<thead>\n<tr><td></td></tr>\n"
	    "</thead>\n</table></div>\n");
}

static void whatever_comes_has_a_linear_size(void **state)
{
	static const char *const patterns[] = { "<", "[", "*", "_", "`", "![", "[](", "> ", "- ",
		"- x\n", "\n", "|", "|a|\n|---|\n", "a<?", "a@a.a ", "http://a ", "&#1;", "# a\n",
		"```\n", "[a](", "<!--", "\\", "\"", "\x01", "\xe2\x80\xae", "*a*", "1. ",
		"> - x\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct str text = many(patterns[i], KIB(256) / strlen(patterns[i]));
		struct html_text how = { .below = 2, .until = HTML_MAX };
		struct buf b;

		buf_init(&b, HTML_MAX);
		html_text(&b, &how, text);
		assert_int_equal(buf_status(&b), 0);
		assert_true(b.n <= HTML_TEXT_FACTOR * text.n + KIB(16));
		assert_sound(buf_str(&b), true, 2);
		buf_fini(&b);
	}
}

static void a_text_that_is_too_long_is_cut_and_says_so(void **state)
{
	struct html_text how = { .below = 2, .until = KIB(8) };
	struct str text = many("*word* and more\n\n", 10000);
	struct buf b;

	(void)state;
	buf_init(&b, HTML_MAX);
	html_text(&b, &how, text);
	assert_has(buf_str(&b), "Cut here: ");
	assert_true(b.n < KIB(10));
	assert_sound(buf_str(&b), true, 2);
	buf_fini(&b);
}

static void nesting_has_an_end(void **state)
{
	struct str lists = joined(many("- ", 30), STR("x\n"));

	(void)state;
	assert_has(text_of(joined(many("> ", 500), STR("x"))), "As it was written:");
	assert_lacks(text_of(lists), "As it was written:");
	assert_has(
	    html_of("- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -"),
	    "<hr>");
}

/* --- the checker itself ------------------------------------------------------------------- */

static void the_checker_sees_what_is_wrong(void **state)
{
	static const char *const bad[] = { "<script>", "<p onclick=\"x\">a</p>", "<p>", "</p>",
		"<b><i>a</b></i>", "a > b", "<a href=\"javascript:x\">a</a>",
		"<a href=\"/x\">a</a>", "\xe2\x80\xae", "\x01", "<h5>a</h5>", "<h3></h3>",
		"<p id=\"a\">b</p><p id=\"a\">c</p>", "<img src=\"x\">", "<p class=\"a>b</p>" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(html_wrong(arena, str_from(bad[i]), true, 2));
	assert_non_null(html_wrong(arena, STR("<a href=\"#x\">a</a>"), false, 2));
	assert_null(html_wrong(arena, STR("<h3>a</h3><p id=\"x\">b</p>"), false, 2));
}

/* --- reports ------------------------------------------------------------------------------ */

#define HOSTILE "</style><script>alert(1)</script>\xe2\x80\xae\" onload=\"x"

static const char first_said[] =
    "# Structure\n\n### S1: The `lock`\nSeverity: high\nClaim: It is held too long.\n"
    "Evidence: `src/a.c:6` \"take_the_lock(run);\"\n\n"
    "### S2: " HOSTILE "\nSeverity: low\nEvidence: `src/b.c:9` \"nothing_like_this();\"\n\n"
    "### S3: Moved\nSeverity: low\nEvidence: `src/a.c:2` \"take_the_lock(run);\"\n\n"
    "### S4: Changed\nSeverity: medium\nEvidence: `src/a.c:3` \"nobody_ever_wrote_this\"\n\n"
    "### S5: Binary\nSeverity: note\nEvidence: `src/x.bin:1` \"0123456789abcdef\"\n\n"
    "### S6: No quote\nSeverity: note\nEvidence: `src/a.c:1`\n\n"
    "As src/a.c:6 \"take_the_lock(run);\" shows, S1 holds; S2 does not.\n\n"
    "## Deferred (YAGNI)\n- a plug-in system: nobody asked\n";

static const char source_text[] = "first line </style>\nsecond\nthird\nfourth <script>\n\n"
				  "\ttake_the_lock(run);\nseventh \xff\xe2\x80\xae\n";

static int source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	(void)a;
	(void)ctx;
	if (str_is(path, "src/a.c"))
		*ret = str_from(source_text);
	else if (str_is(path, "src/x.bin"))
		*ret = STR("0123456789abcdef\0\1\2");
	else
		return -ENOENT;
	return 0;
}

static const struct report_run *hostile_run(void)
{
	struct report_run *run = arena_new(arena, struct report_run);
	static struct str validator = { "### V1: S1 — confirmed\nReason: seen " HOSTILE "\n"
					"### V2: S2 — refuted\nReason: gone\n"
					"Evidence: `src/a.c:6` \"take_the_lock(run);\"\n",
		0 };
	struct evidence **sets = arena_array(arena, 2, sizeof(*sets));

	validator.n = strlen(validator.p);
	sets[0] = evidence_parse(arena, STR("structure"), str_from(first_said));
	sets[1] = evidence_parse(arena, STR("validator"), validator);
	evidence_check(arena, sets[0], source, NULL);
	evidence_check(arena, sets[1], source, NULL);
	evidence_number(arena, sets, 2);
	run->verdicts = evidence_reconcile(arena, sets, 1, &validator, &sets[1], 1, STR("Do S1."));
	run->id = run->flow = run->flow_title = run->title = run->question = STR(HOSTILE);
	run->focus = run->repo_name = run->branch = run->commit = run->agent = STR(HOSTILE);
	run->model = run->command = run->flow_hash = run->proof = run->reason = STR(HOSTILE);
	run->tree_hash = STR(HOSTILE);
	run->status = RUN_COMPLETED;
	run->validator_expected = true;
	run->skipped_files = run->next = run->persona_hashes = run->notices =
	    (struct strs){ &run->title, 1 };
	run->steps = arena_array(arena, 3, sizeof(*run->steps));
	run->n_steps = 3;
	run->steps[0] = (struct report_step){ .name = STR("structure"),
		.label = STR(HOSTILE),
		.persona = STR(HOSTILE),
		.model = STR(HOSTILE),
		.kind = KIND_AGENT,
		.role = ROLE_ANGLE,
		.status = STEP_COMPLETED,
		.output = str_from(first_said),
		.evidence = sets[0] };
	run->steps[1] = (struct report_step){ .name = STR("synthesizer"),
		.kind = KIND_AGENT,
		.role = ROLE_SYNTHESIZER,
		.status = STEP_COMPLETED,
		.output = STR("# Recommendation\n\nDo S1, not S2. " HOSTILE "\n") };
	run->steps[2] = (struct report_step){ .name = STR("validator"),
		.label = STR("Validation"),
		.kind = KIND_AGENT,
		.role = ROLE_VALIDATOR,
		.status = STEP_FAILED,
		.ending = ENDING_TIMED_OUT,
		.reason = STR(HOSTILE),
		.evidence = sets[1] };
	return run;
}

static struct str report_of(evidence_source_fn fn)
{
	struct str html = report_html(arena, hostile_run(), fn, NULL);

	assert_sound(html, false, 0);
	return html;
}

static void a_report_is_sound_whatever_its_parts_are(void **state)
{
	struct str html = report_of(source);

	(void)state;
	assert_lacks(html, "<script");
	assert_lacks(html, "onload=\"");
	assert_true(str_find(str_skip(html, (size_t)str_find(html, STR("</style>")) + 1),
			STR("</style>")) < 0);
	assert_has(html, "default-src 'none'; style-src 'unsafe-inline'");
	assert_has(html, "<html lang=\"en\">");
	assert_lacks(html, "url(");
	assert_lacks(html, "@import");
	assert_true(str_eq(html, report_of(source)));
}

static void parts_come_in_order(void **state)
{
	static const char *const order[] = { "answer", "validation", "recommendation", "findings",
		"angles", "deferred", "gaps", "evidence", "reproduce" };
	struct str html = report_of(source);
	ptrdiff_t last = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		ptrdiff_t at =
		    str_find(html, str_from(arena_printf(arena, "<h2 id=\"%s\">", order[i])));

		assert_true(at > last);
		last = at;
	}
}

static void what_was_put_off_stands_below_a_heading(void **state)
{
	const struct report_run *run = hostile_run();
	const struct evidence *first = run->steps[0].evidence;

	(void)state;
	first->findings[4]->disposition = DISPOSITION_DEFERRED;
	struct str html = report_html(arena, run, source, NULL);

	assert_sound(html, false, 0);
	assert_has(html, "<h3>Findings that were put off</h3>\n<article");
	assert_lacks(report_of(source), "Findings that were put off");
}

static void citations_show_their_lines(void **state)
{
	struct str html = report_of(source);

	(void)state;
	/* resolves: the line and those around it */
	assert_has(html, "<mark class=\"l\"><b>6</b><span>\ttake_the_lock(run);\n</span></mark>");
	assert_has(html, "<b>4</b><span>fourth &lt;script&gt;\n</span>");
	assert_has(html, "<b>7</b><span>seventh \\xff&lt;U+202E&gt;\n</span>");
	/* moved: where it is, and where it was said to be */
	assert_has(html, "The quoted text was found at line 6 of this file");
	assert_has(html, "It was cited at line 2, where this stands:");
	assert_has(html, "<mark class=\"l\"><b>2</b><span>second\n</span></mark>");
	/* changed: what was quoted, and what is there */
	assert_has(html, "<pre class=\"quote\">nobody_ever_wrote_this</pre>");
	assert_has(html, "This stands there instead; cited and marked: line 3:");
	/* missing, binary, not quoted */
	assert_has(html, "There is no such file in the snapshot.");
	assert_has(html, "That file is binary, so no lines of it are shown.");
	assert_has(html, "Nothing was quoted, so nothing was compared; cited and marked: line 1:");
}

static void states_are_words(void **state)
{
	static const char *const chips[] = {
		"<span class=\"chip good\"><span aria-hidden=\"true\">\xe2\x9c\x93</span> resolves",
		"</span> moved</span>", "</span> changed</span>", "</span> missing</span>",
		"</span> not checked</span>", "</span> upheld</span>", "</span> refuted</span>",
		"</span> not reviewed</span>"
	};
	struct str html = report_of(source);

	(void)state;
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++)
		assert_has(html, chips[i]);
}

static void a_snapshot_that_is_gone_is_said(void **state)
{
	struct str html = report_of(NULL);

	(void)state;
	assert_has(html, "The snapshot of this run is no longer there");
	assert_has(html, "<pre class=\"quote\">take_the_lock(run);</pre>");
	assert_has(html, "When it was checked, this stood there:");
	assert_lacks(html, "<mark");
}

static void words_lead_to_findings_and_evidence(void **state)
{
	struct str html = report_of(source);

	(void)state;
	assert_has(html, "<a class=\"id\" href=\"#f-s1\">S1</a> holds; <s>S2</s> (refuted)");
	assert_has(html, "<a class=\"ref good\" href=\"#E1\">src/a.c:6 ");
	assert_has(html, "id=\"f-s1\"");
	assert_has(html, "<li id=\"E1\">");
	assert_has(html, "</span> The <code>lock</code></h4>");
}

/* A finding that was set aside stands behind those that count. */
static void refuted_findings_are_set_aside(void **state)
{
	struct str html = report_of(source);
	ptrdiff_t aside = str_find(html, STR("<h3 id=\"aside\">"));

	(void)state;
	assert_true(aside > str_find(html, STR("id=\"f-s6\"")));
	assert_true(aside > 0 && aside < str_find(html, STR("id=\"f-s2\"")));
}

static void a_range_behind_the_end_shows_nothing(void **state)
{
	struct citation c = { .id = STR("E1"),
		.path = STR("src/a.c"),
		.line = 10,
		.end = 500,
		.state = CITE_MISSING };
	struct cite_row row = { .cite = &c };
	struct code_slice *s = code_slices(arena, &row, 1, source, NULL);
	struct buf b;

	(void)state;
	assert_int_equal(s->fate, CODE_SHOWN);
	assert_int_equal(s->file_lines, 7);
	assert_int_equal(s->cited.n, 0);
	buf_init(&b, MIB(1));
	code_add(&b, &c, s);
	assert_has(buf_str(&b), "That file has 7 lines; there is no line 10.");
	assert_sound(buf_str(&b), true, 6);
	buf_fini(&b);
}

static int echo_source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	(void)a;
	(void)path;
	*ret = *(struct str *)ctx;
	return 0;
}

static void a_slice_has_a_ceiling(void **state)
{
	struct citation c = {
		.id = STR("E1"), .path = STR("x"), .line = 10, .end = 500, .state = CITE_UNCHECKED
	};
	struct cite_row row = { .cite = &c };
	struct str lines = many("0123456789\n", 900), wide = many("x", KIB(64));
	struct code_slice *s = code_slices(arena, &row, 1, echo_source, &lines);

	(void)state;
	assert_int_equal(s->cited.n, HTML_CODE_LINES + 2 * HTML_CONTEXT);
	assert_int_equal(s->cited.lines[0].number, 5);
	assert_int_equal(s->cited.lines[s->cited.n - 1].number, 505);
	assert_int_equal(s->cited.lines[40].gap, 451);
	assert_int_equal(s->cited.lines[40].number, 496);
	c.line = c.end = 1;
	s = code_slices(arena, &row, 1, echo_source, &wide);
	assert_int_equal(s->cited.lines[0].text.n, HTML_CODE_LINE);
	assert_int_equal(s->cited.lines[0].cut, KIB(64) - HTML_CODE_LINE);
}

/* More than anybody would read: the file stays whole, and says what it left out. */
static void a_huge_report_is_whole(void **state)
{
	struct report_run *run = arena_new(arena, struct report_run);
	struct str text = many("<<<<<<<<<<<<<<<\n\n", 30000);

	(void)state;
	run->title = STR("Large");
	run->status = RUN_COMPLETED;
	run->n_steps = 60;
	run->steps = arena_array(arena, run->n_steps, sizeof(*run->steps));
	for (size_t i = 0; i < run->n_steps; i++)
		run->steps[i] = (struct report_step){ .name = STR("angle"),
			.kind = KIND_AGENT,
			.role = ROLE_ANGLE,
			.status = STEP_COMPLETED,
			.output = text };
	struct str html = report_html(arena, run, NULL, NULL);

	assert_true(html.n < HTML_MAX);
	assert_sound(html, false, 0);
	assert_has(html, "Left out here; it stands in the JSON form");
	assert_has(html, "<h2 id=\"reproduce\">");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(markdown_is_laid_out),
		T(headings_go_below_ours_and_leave_out_none),
		T(raw_html_is_text),
		T(links_lead_to_the_web_or_nowhere),
		T(half_a_link_at_the_end_ends_there),
		T(images_are_links),
		T(what_cannot_be_seen_is_written_out),
		T(tables_have_an_end),
		T(whatever_comes_has_a_linear_size),
		T(a_text_that_is_too_long_is_cut_and_says_so),
		T(nesting_has_an_end),
		T(the_checker_sees_what_is_wrong),
		T(a_report_is_sound_whatever_its_parts_are),
		T(parts_come_in_order),
		T(what_was_put_off_stands_below_a_heading),
		T(citations_show_their_lines),
		T(states_are_words),
		T(a_snapshot_that_is_gone_is_said),
		T(words_lead_to_findings_and_evidence),
		T(refuted_findings_are_set_aside),
		T(a_range_behind_the_end_shows_nothing),
		T(a_slice_has_a_ceiling),
		T(a_huge_report_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
