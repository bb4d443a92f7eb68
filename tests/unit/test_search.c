/* The lines of an attempt, and what is found in them; expressions against a matcher that tries. */
#include "watch.h"

#include "view/regex.h"
#include "view/search.h"

#include <regex.h>

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_create("test", ARENA_JOB);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

/* --- lines -------------------------------------------------------------------------------- */

static void add_line(void *ctx, uint64_t number, enum line_kind kind, struct str line)
{
	struct buf *b = ctx;

	buf_printf(b, "%llu%c", (unsigned long long)number, "wtco"[kind]);
	buf_add(b, line);
	buf_addc(b, '\n');
}

static void feed(struct raw *l, const char *type, json_t *data)
{
	raw_event(l, l->seq + 1, str_from(type), data);
	json_decref(data);
}

static void test_lines(void **state)
{
	struct raw l;
	struct buf b;

	(void)state;
	buf_init(&b, MIB(1));
	raw_init(&l, STR("s"), 1, add_line, &b);
	feed(&l, "think", said("text", STR("a\n\nb")));
	feed(&l, "text", said("text", STR("one\ntw")));
	feed(&l, "text", said("text", STR("o\n\n")));
	json_t *call = said("name", STR("read"));

	json_object_set_new(call, "data", json_pack("{s:s}", "path", "a.c"));
	feed(&l, "tool", call);
	json_t *end = said("name", STR("read"));

	json_object_set_new(end, "text", json_string("2 lines\nof it"));
	feed(&l, "tool_end", end);
	feed(&l, "text", said("text", STR("end")));
	feed(&l, "odd", said("x", STR("y")));
	raw_end(&l);
	assert_string_equal(buf_str(&b).p,
	    "1t\xe2\x94\x8a a\n2t\xe2\x94\x8a \n3t\xe2\x94\x8a b\n4wone\n5wtwo\n6w\n"
	    "7c\xe2\x96\xb8 read {\"path\":\"a.c\"}\n8c\xe2\x97\x82 read ok: 2 lines\n"
	    "9c\xe2\x97\x82 of it\n10wend\n"
	    "11o\xc2\xb7 odd {\"step\":\"s\",\"epoch\":1,\"x\":\"y\"}\n");
	raw_fini(&l);
	buf_fini(&b);
}

static struct str lines_of(struct buf *b, struct str text, uint64_t *seed)
{
	struct raw l;

	buf_clear(b);
	raw_init(&l, STR("s"), 1, add_line, b);
	while (text.n) {
		struct str part = seed ? portion(text, seed, 40) : text;

		feed(&l, "text", said("text", part));
		text = str_skip(text, part.n);
	}
	raw_end(&l);
	raw_fini(&l);
	return buf_str(b);
}

static void test_line_portions(void **state)
{
	struct buf text, whole, parts;
	uint64_t seed = 7;

	(void)state;
	buf_init(&text, MIB(1));
	buf_init(&whole, MIB(4));
	buf_init(&parts, MIB(4));
	add_markdown(&text, &seed, 5000);
	while (text.n < 3 * VIEW_LINE_MAX)
		buf_adds(&text, "\xe2\x82\xac"
				"a");
	add_markdown(&text, &seed, text.n + 100);
	lines_of(&whole, buf_str(&text), NULL);
	for (unsigned i = 0; i < 5; i++)
		assert_true(str_eq(buf_str(&whole), lines_of(&parts, buf_str(&text), &seed)));
	for (struct str rest = buf_str(&whole); rest.p;)
		assert_true(str_line(&rest).n <= VIEW_LINE_MAX + 20);
	buf_fini(&text);
	buf_fini(&whole);
	buf_fini(&parts);
}

/* --- searching ---------------------------------------------------------------------------- */

/* Hits of O in LINE as "col+len …", or "no". */
static const char *found(const struct search_options *o, const char *line)
{
	struct search *s;
	struct err err = { 0 };
	const struct search_hit *hits;
	char *out = arena_cstr(arena, STR(""));
	size_t n;
	bool cut;

	if (search_create(o, &s, &err) < 0)
		return "no";
	search_line(s, 1, LINE_TEXT, str_from(line));
	hits = search_hits(s, &n);
	for (size_t i = 0; i < n; i++)
		out = arena_printf(arena, "%s%s%u+%u", out, i ? " " : "", hits[i].col, hits[i].len);
	assert_int_equal(search_total(s, &cut), n);
	assert_false(cut);
	search_destroy(s);
	return out;
}

static void test_plain(void **state)
{
	struct search_options o = { .text = STR("ab") };

	(void)state;
	assert_string_equal(found(&o, "ab AB xabx"), "0+2 3+2 7+2");
	o.exact = true;
	assert_string_equal(found(&o, "ab AB xabx"), "0+2 7+2");
	o.word = true;
	assert_string_equal(found(&o, "ab AB xabx ab_ \xc3\xa4"
				      "ab"),
	    "0+2");
	assert_string_equal(found(&o, "\xf0\x9f\x98\x80\xc3\xa4 ab"), "4+2"); /* UTF-16 */
	o.text = STR("a.b");
	assert_string_equal(found(&o, "axb"), "");
	o.text = STR("");
	assert_string_equal(found(&o, "x"), "no");
	o.text = STR("\xff");
	assert_string_equal(found(&o, "x"), "no");
}

static void test_kinds(void **state)
{
	struct search_options o = { .text = STR("x") };
	bool cut;

	(void)state;
	for (unsigned tools = 0; tools < 2; tools++) {
		struct search *s;
		struct err err;

		o.tools = tools;
		assert_int_equal(search_create(&o, &s, &err), 0);
		for (enum line_kind k = LINE_TEXT; k <= LINE_OTHER; k++)
			search_line(s, k + 1, k, STR("x"));
		assert_int_equal(search_total(s, &cut), 2 + tools);
		search_destroy(s);
	}
}

static void test_many_hits(void **state)
{
	struct search_options o = { .text = STR("x") };
	struct search *s;
	struct err err;
	size_t n;
	bool cut;

	(void)state;
	assert_int_equal(search_create(&o, &s, &err), 0);
	for (unsigned i = 1; i <= VIEW_HITS_MAX + 5; i++)
		search_line(s, i, LINE_TEXT, STR("x"));
	search_hits(s, &n);
	assert_int_equal(n, VIEW_HITS_MAX);
	assert_int_equal(search_total(s, &cut), VIEW_HITS_MAX + 5);
	assert_true(cut);
	search_destroy(s);
}

static void test_regex(void **state)
{
	static const char *const cases[][3] = {
		{ "a+b", "xaab ab b", "1+3 5+2" },
		{ "(foo|foobar)", "foobar", "0+6" },
		{ "^a|b$", "aab", "0+1 2+1" },
		{ "\\bfoo\\b", "foo foobar foo", "0+3 11+3" },
		{ "[^a-c]+", "abcdefabc", "3+3" },
		{ "\\d{2,3}", "1 12 123 1234", "2+2 5+3 9+3" },
		{ "x{0}y", "xy", "1+1" },
		{ "x{0,}y", "xxy", "0+3" },
		{ "(ab){2}", "abababab", "0+4 4+4" },
		{ "a{,2}", "a{,2}", "0+5" }, /* text, as in JavaScript */
		{ "(?:a|b)*c", "ababc", "0+5" },
		{ "a*?b", "aab", "0+3" },
		{ "\\w+@\\w+", "me@host", "0+7" },
		{ ".", "\xf0\x9f\x98\x80z", "0+2 2+1" },
		{ "[]x]", "]x", "0+1 1+1" },
		{ "A", "aA", "0+1 1+1" },
		{ "[B-D]", "bcde", "0+1 1+1 2+1" },
		{ "a||b", "b", "0+1" },
		{ "()*", "aa", "" },
		{ "(a*)*b", "aaab", "0+4" },
		{ "\\.c:\\d+", "src/a.c:12", "5+5" },
	};
	static const char *const refused[] = { "(", ")", "a)", "[", "[a", "*", "a**", "(?=a)",
		"(?<=a)", "\\1", "\\p{L}", "[z-a]", "a{1000}",
		"(((((){200}){200}){200}){200}){200}", "((a{100}){100}){100}", "\\" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct search_options o = { .text = str_from(cases[i][0]), .regex = true };
		const char *got = found(&o, cases[i][1]);

		if (strcmp(got, cases[i][2]) != 0)
			fail_msg(
			    "%s in %s: %s, not %s", cases[i][0], cases[i][1], got, cases[i][2]);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct search_options o = { .text = str_from(refused[i]), .regex = true };

		if (strcmp(found(&o, "x"), "no") != 0)
			fail_msg("%s was not refused", refused[i]);
	}
}

/* What POSIX leaves open, or means in another way. */
static bool is_different(const char *pattern)
{
	static const char *const parts[] = { "||", "()", "(|", "|)", "*?", "+?", "}?", "??" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(pattern, parts[i]))
			return true;
	return pattern[0] == '|' || pattern[strlen(pattern) - 1] == '|';
}

/* Against the C library's, which also takes the leftmost longest. */
static void test_regex_against_posix(void **state)
{
	static const char *const parts[] = { "a", "b", "c", ".", "[ab]", "[^a]", "(", ")", "|", "*",
		"+", "?", "{2}", "{1,3}", "^", "$", "(a|b)", "(ab|a)" };
	uint64_t seed = 3;
	unsigned compared = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char pattern[128] = "", line[16];
		unsigned n = 1 + draw(&seed) % 6;
		struct err err;
		struct regex *ours;
		regex_t theirs;
		regmatch_t m;

		while (n--)
			strcat(pattern, parts[draw(&seed) % (sizeof(parts) / sizeof(parts[0]))]);
		if (is_different(pattern) ||
		    regex_create(str_from(pattern), false, &ours, &err) < 0)
			continue;
		if (regcomp(&theirs, pattern, REG_EXTENDED) == 0) {
			for (n = 0; n < 12; n++)
				line[n] = "abc"[draw(&seed) % 3];
			line[n] = '\0';
			uint64_t work = VIEW_WORK_MAX;
			size_t at, len;
			bool found_ours = regex_find(ours, str_from(line), 0, &work, &at, &len);

			if (found_ours != (regexec(&theirs, line, 1, &m, 0) == 0) ||
			    (found_ours && ((size_t)m.rm_so != at || (size_t)m.rm_eo != at + len)))
				fail_msg("%s in %s", pattern, line);
			compared++;
			regfree(&theirs);
		}
		regex_destroy(ours);
	}
	assert_true(compared > 3000);
}

/* What takes others for ever. */
static void test_regex_is_linear(void **state)
{
	static const char *const bad[] = { "(a+)+$", "(a|a)*b", "(a*)*(a*)*b", "a{50}b",
		"(.*)(.*)(.*)x" };
	char *line = arena_alloc(arena, VIEW_LINE_MAX + 1);

	(void)state;
	memset(line, 'a', VIEW_LINE_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err;
		struct regex *r;
		uint64_t work = VIEW_WORK_MAX;
		size_t at, n;

		assert_int_equal(regex_create(str_from(bad[i]), false, &r, &err), 0);
		regex_find(r, (struct str){ line, VIEW_LINE_MAX }, 0, &work, &at, &n);
		assert_true(VIEW_WORK_MAX - work < 100 * VIEW_LINE_MAX);
		regex_destroy(r);
	}
}

/* Looking for all matches can cost the square of a line; then it ends, and says so. */
static void test_work_ends(void **state)
{
	struct search_options o = { .text = STR("a|a.*b"), .regex = true };
	char *line = arena_alloc(arena, VIEW_LINE_MAX + 1);
	struct search *s;
	struct err err;
	bool cut = false;
	unsigned n = 0;

	(void)state;
	memset(line, 'a', VIEW_LINE_MAX);
	assert_int_equal(search_create(&o, &s, &err), 0);
	while (!cut && n++ < 100) {
		search_line(s, n, LINE_TEXT, (struct str){ line, VIEW_LINE_MAX });
		search_total(s, &cut);
	}
	assert_true(cut);
	search_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_line_portions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_hits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_regex, setup, teardown),
		cmocka_unit_test_setup_teardown(test_regex_against_posix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_regex_is_linear, setup, teardown),
		cmocka_unit_test_setup_teardown(test_work_ends, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
