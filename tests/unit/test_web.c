/* The embedded page: which file in which encoding, and the document around what the server writes.
 */
#include "check.h"

#include "base/limits.h"
#include "web/asset.h"

#define NONE ((struct str){ "", 0 })

static struct buf page;

static int begin(void **state)
{
	(void)state;
	buf_init(&page, MIB(4));
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_fini(&page);
	return 0;
}

static bool has(const char *text)
{
	return page.n && memmem(page.p, page.n, text, strlen(text));
}

static const char *encoding_of(const char *accept)
{
	/* any file of the built page will do: it has all of them */
	for (const struct web_asset *a = web_assets; a->path; a++)
		if (a->encoding) {
			const struct web_asset *found =
			    web_find(str_from(a->path), str_from(accept));

			assert_non_null(found);
			return found->encoding ? found->encoding : "plain";
		}
	return NULL;
}

static void encodings_are_negotiated(void **state)
{
	static const struct {
		const char *accept, *encoding;
	} cases[] = {
		{ "", "plain" },
		{ "gzip, deflate, br, zstd", "br" },
		{ "gzip, deflate", "gzip" },
		{ "GZIP", "gzip" },
		{ "br;q=0, gzip", "gzip" },
		{ "br;q=0.000,gzip ; q=0.001", "gzip" },
		{ "*", "br" },
		{ "*;q=0", "plain" },
		{ "gzip;q=0, *", "br" },
		{ "br;q=0, *", "gzip" },
		{ "identity", "plain" },
		{ "brotli, gzippy", "plain" },
		{ ",,;q=1,\t;,", "plain" },
		{ "br;level=1;q=0", "plain" },
		{ "gzip;q", "gzip" },
	};

	(void)state;
	if (!web_is_built())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *found = encoding_of(cases[i].accept);

		if (strcmp(found, cases[i].encoding))
			fail_msg("\"%s\": %s, not %s", cases[i].accept, found, cases[i].encoding);
	}
}

static void files_are_what_they_say(void **state)
{
	(void)state;
	for (const struct web_asset *a = web_assets; a->path; a++) {
		assert_true(str_starts(str_from(a->path), STR("/assets/")));
		assert_true(a->type && strchr(a->type, '/'));
		assert_true(a->etag && a->etag[0] == '"' && a->etag[strlen(a->etag) - 1] == '"');
		assert_true(a->body.n > 0);
		if (a->encoding && !strcmp(a->encoding, "gzip"))
			assert_memory_equal(a->body.p, "\x1f\x8b", 2);
		for (const struct web_asset *b = a + 1; b->path; b++)
			if (!strcmp(a->path, b->path))
				assert_string_not_equal(a->etag, b->etag);
	}
}

static void only_whole_paths_are_found(void **state)
{
	(void)state;
	assert_non_null(web_find(STR("/assets/plain.css"), NONE));
	assert_null(web_find(STR("/assets/plain.cs"), NONE));
	assert_null(web_find(STR("/assets/"), NONE));
	assert_null(web_find(NONE, NONE));
	assert_null(web_find(STR("/assets/../assets/plain.css"), NONE));
	assert_null(web_find(((struct str){ "/assets/plain.css\0", 18 }), NONE));
}

/* What the document asks for is there, and it needs nothing that the page's policy forbids. */
static void the_document_is_whole(void **state)
{
	(void)state;
	web_page(&page, STR("Runs <&\"> \xe2\x80\xae"), STR("<p id=\"here\">text</p>"));
	assert_int_equal(buf_status(&page), 0);
	assert_true(has("<title>Runs &lt;&amp;&quot;&gt; \xe2\x80\xae · tutti</title>"));
	assert_true(has("<main id=\"main\""));
	assert_true(has("<p id=\"here\">text</p></main>"));
	assert_false(has("<!--"));
	assert_false(has(" style="));
	assert_false(has("<style"));
	assert_false(has(" onload="));
	assert_false(has("=\"http"));
	assert_false(has("=\"//"));
	for (const char *p = page.p; (p = strstr(p, "/assets/")); p++) {
		struct str path = { p, strcspn(p, "\"") };

		assert_non_null(web_find(path, NONE));
	}
	for (const char *p = page.p; (p = strstr(p, "<script")); p++)
		assert_non_null(memmem(p, strcspn(p, ">"), " src=\"/assets/", 14));
}

static void a_title_may_be_missing(void **state)
{
	(void)state;
	web_page(&page, STR("tutti"), NONE);
	assert_true(has("<title>tutti</title>"));
	buf_clear(&page);
	web_page(&page, NONE, NONE);
	assert_true(has("<title>tutti</title>"));
}

static void a_ceiling_is_told(void **state)
{
	struct buf small;

	(void)state;
	buf_init(&small, 64);
	web_page(&small, STR("Runs"), STR("<p>text</p>"));
	assert_int_equal(buf_status(&small), -E2BIG);
	buf_fini(&small);
}

static void runs_are_listed_without_a_script(void **state)
{
	const struct web_run runs[] = {
		{ STR("r-1"), STR("research"), STR("small"), STR("completed"),
		    STR("<script>alert(1)</script>"), STR("6 findings"), STR("2026-11-26"), true },
		{ STR("r-2"), STR("investigate"), STR("large"), STR("failed"), NONE, NONE,
		    STR("2026-11-25"), false },
	};

	(void)state;
	web_plain_runs(&page, runs, 2);
	assert_true(
	    has("<a href=\"/runs/r-1/report.html\">&lt;script&gt;alert(1)&lt;/script&gt;</a>"));
	assert_true(has("<a href=\"/runs/r-2\">r-2</a>"));
	assert_false(has("<script"));
	buf_clear(&page);
	web_plain_runs(&page, NULL, 0);
	assert_true(has("No runs yet"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings_are_negotiated),
		cmocka_unit_test(files_are_what_they_say),
		cmocka_unit_test(only_whole_paths_are_found),
		cmocka_unit_test_setup_teardown(the_document_is_whole, begin, end),
		cmocka_unit_test_setup_teardown(a_title_may_be_missing, begin, end),
		cmocka_unit_test(a_ceiling_is_told),
		cmocka_unit_test_setup_teardown(runs_are_listed_without_a_script, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
