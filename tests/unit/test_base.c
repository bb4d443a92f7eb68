#include "check.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/imap.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/sha256.h"
#include "base/utf8.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void str_splits_lines_and_fields(void **state)
{
	struct str rest = STR("a\r\nb\n\nc");

	(void)state;
	assert_str(str_line(&rest), "a");
	assert_str(str_line(&rest), "b");
	assert_str(str_line(&rest), "");
	assert_str(str_line(&rest), "c");
	assert_null(rest.p);
}

static void last_words_are_no_stack(void **state)
{
	(void)state;
	assert_str(str_last_words(STR("")), "");
	assert_str(str_last_words(STR("one\n two \n\n")), "two");
	assert_str(str_last_words(STR("f.js:1\nTypeError: x is no y\n    at f (f.js:1:2)\n"
				      "    at async g (f.js:3:4)\n\nNode.js v22.1.0\n")),
	    "TypeError: x is no y");
	assert_str(str_last_words(STR("    at f (f.js:1:2)")), "");
}

static void str_numbers_have_a_maximum(void **state)
{
	unsigned long long v = 7;

	(void)state;
	assert_true(str_to_u64(STR("65535"), 65535, &v));
	assert_int_equal(v, 65535);
	assert_false(str_to_u64(STR("65536"), 65535, &v));
	assert_false(str_to_u64(STR("2"), 1, &v));
	assert_true(str_to_u64(STR("1"), 1, &v));
	assert_false(str_to_u64(STR("-1"), 65535, &v));
	assert_false(str_to_u64(STR(""), 65535, &v));
	assert_false(str_to_u64(STR("18446744073709551616"), ~0ull, &v));
}

static void distance_finds_the_near_word(void **state)
{
	(void)state;
	assert_int_equal(str_distance(STR("persona"), STR("persnoa")), 2);
	assert_int_equal(str_distance(STR(""), STR("abc")), 3);
	assert_int_equal(str_distance(STR("same"), STR("same")), 0);
}

static void arena_keeps_many_small_and_one_large(void **state)
{
	struct arena *a = arena_create("test", MIB(8));
	char *first = arena_printf(a, "%s-%d", "x", 1);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(*arena_printf(a, "%d", i % 10), '0' + i % 10);
	memset(arena_alloc(a, MIB(4)), 1, MIB(4));
	assert_string_equal(first, "x-1");
	assert_true(arena_used(a) > MIB(4));
	arena_destroy(a);
}

static int exit_of(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(2);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* AddressSanitizer would end the process itself. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void take_much(void)
{
	xalloc(SIZE_MAX / 4);
}

static void grow_much(void)
{
	xrealloc(NULL, SIZE_MAX / 4);
}

static void take_much_in_an_arena(void)
{
	arena_alloc(arena_create("much", SIZE_MAX), SIZE_MAX / 4);
}

static void take_more_than_meant(void)
{
	arena_alloc(arena_create("little", 10), 11);
}

/* A mistake of ours leaves a core; that there is no memory is nobody's mistake. */
static void no_memory_is_an_end_in_order(void **state)
{
	(void)state;
	assert_int_equal(exit_of(take_much), EXIT_MEMORY);
	assert_int_equal(exit_of(grow_much), EXIT_MEMORY);
	assert_int_equal(exit_of(take_much_in_an_arena), EXIT_MEMORY);
	assert_int_equal(exit_of(take_more_than_meant), -SIGABRT);
}

static void texts_are_printed_into_memory_of_their_own(void **state)
{
	char *text = xprintf("%s %d", "a", 7);

	(void)state;
	assert_string_equal(text, "a 7");
	free(text);
}

static void buf_latches_its_ceiling(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_adds(&b, "12345");
	buf_adds(&b, "6789");
	buf_adds(&b, "x");
	assert_int_equal(buf_status(&b), -E2BIG);
	assert_str(buf_str(&b), "12345");
	buf_fini(&b);
}

static void buf_escapes_for_its_sinks(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	buf_add_json(&b, STR("a\"\\\n\x01\xff\xc3\xa9"));
	assert_str(buf_str(&b), "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\"");
	buf_clear(&b);
	buf_add_terminal(&b, STR("\x1b]52;c\x07 \xe2\x80\xae ok\n\xff"));
	assert_str(buf_str(&b), "\\x1b]52;c\\x07 <U+202E> ok\n\\xff");
	buf_clear(&b);
	buf_add_shell(&b, STR("it's"));
	assert_str(buf_str(&b), "'it'\\''s'");
	buf_fini(&b);
}

static void json_for_a_terminal_hides_nothing(void **state)
{
	static const char text[] = "{\"a\":\"gr\xc3\xbcn \xc2\x9b"
				   "31m \xe2\x80\xae \x7f "
				   "\xf3\xa0\x80\x81 \xe6\xbc\xa2\"}";
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	buf_add_json_text(&b, str_from(text));
	assert_str(buf_str(&b), "{\"a\":\"gr\xc3\xbcn \\u009b31m \\u202e \\u007f \\udb40\\udc01 "
				"\xe6\xbc\xa2\"}");
	json_t *before = json_parse(str_from(text), NULL), *after = json_parse(buf_str(&b), NULL);

	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	buf_fini(&b);
}

static void members_are_separated(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	buf_addc(&b, '{');
	buf_member(&b, "a", STR("x\"{"));
	buf_member_int(&b, "n", 0);
	buf_member_int(&b, "min", LLONG_MIN);
	buf_member_json(&b, "o", STR("{"));
	buf_member(&b, "in", STR("{"));
	buf_adds(&b, "}}");
	assert_str(buf_str(&b), "{\"a\":\"x\\\"{\",\"n\":0,\"min\":-9223372036854775808,"
				"\"o\":{\"in\":\"{\"}}");
	buf_fini(&b);
}

static void nothing_is_a_command_to_a_runner(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain\n", "plain\n" },
		{ "a::b\n#[x]\n", "a::b\n#[x]\n" },
		{ "::error::x", "\\::error::x" },
		{ "a\n \t::error::x\r\n::y\r::z", "a\n \t\\::error::x\r\n\\::y\r\\::z" },
		{ "\xc2\xa0\xe2\x80\xa8::x", "\xc2\xa0\xe2\x80\xa8\\::x" },
		{ ":", "\\:" }, /* the rest of the line may be another write */
		{ "see ##[error]x ##[y]", "see ##\\[error]x ##\\[y]" },
		{ "###[x]", "###\\[x]" },
		{ "{\"a\":\"##[b\"}\n##[c]", "{\"a\":\"##\\u005bb\"}\n##\\[c]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b;

		buf_init(&b, KIB(4));
		buf_add_no_command(&b, str_from(rows[i].in));
		assert_str(buf_str(&b), rows[i].out);
		buf_fini(&b);
	}
}

static void no_byte_reaches_the_terminal_raw(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (int c = 0; c < 256; c++)
		buf_add_terminal(&b, (struct str){ (char[]){ (char)c }, 1 });
	for (size_t i = 0; i < b.n; i++) {
		unsigned char c = (unsigned char)b.p[i];

		assert_true((c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t');
	}
	buf_fini(&b);
}

static void utf8_rejects_nonsense(void **state)
{
	static const char *const bad[] = { "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80" };
	struct arena *a = arena_create("test", ARENA_SMALL);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(str_from(bad[i])));
	assert_true(utf8_valid(STR("\xf0\x9f\x8e\xbb \xc3\xa9")));
	assert_str(utf8_clean(a, ((struct str){ "a\0\xff", 3 })), "a\xef\xbf\xbd\xef\xbf\xbd");
	assert_str(utf8_cut(STR("a\xc3\xa9"), 2), "a");
	assert_str(utf8_fit(STR("\xe6\xbc\xa2\xe5\xad\x97"), 3), "\xe6\xbc\xa2");
	arena_destroy(a);
}

static void map_keeps_insertion_order(void **state)
{
	struct arena *a = arena_create("test", MIB(1));
	struct map m;
	char key[16];
	size_t i = 0;

	(void)state;
	map_init(&m, a);
	for (int k = 999; k >= 0; k--) {
		snprintf(key, sizeof(key), "k%d", k);
		assert_null(map_put(&m, str_from(key), (void *)(uintptr_t)(k + 1)));
	}
	assert_ptr_equal(map_get(&m, STR("k41")), (void *)(uintptr_t)42);
	assert_null(map_get(&m, STR("k1000")));
	map_each (&m, e)
		assert_ptr_equal(e->value, (void *)(uintptr_t)(1000 - i++));
	assert_int_equal(i, 1000);
	arena_destroy(a);
}

static void imap_survives_removal(void **state)
{
	struct imap m = { 0 };

	(void)state;
	for (int64_t k = 1; k <= 5000; k++)
		imap_put(&m, k * 977, (void *)(intptr_t)k);
	for (int64_t k = 1; k <= 5000; k += 2)
		assert_ptr_equal(imap_remove(&m, k * 977), (void *)(intptr_t)k);
	assert_null(imap_remove(&m, 977));
	for (int64_t k = 1; k <= 5000; k++)
		assert_ptr_equal(imap_get(&m, k * 977), (void *)(intptr_t)(k % 2 ? 0 : k));
	size_t seen = 0;

	imap_each (&m, it)
		seen++;
	assert_int_equal(seen, 2500);
	imap_fini(&m);
}

static void json_is_strict(void **state)
{
	static const char *const bad[] = { "{\"a\":1,\"a\":2}", "[1] x", "\"\xff\"", "\"\\u0000\"",
		"[1e400]", "" };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(json_parse(str_from(bad[i]), &err));
	json_t *v = json_parse(STR("{\"n\":9007199254740993,\"s\":\"x\"}"), &err);

	assert_int_equal(json_get_int(v, "n", 0), 9007199254740993LL);
	assert_str(json_get_str(v, "s"), "x");
	assert_int_equal(json_get_int(v, "s", -1), -1);
	json_decref(v);
}

/* What stands in a long string is read by us, in a short one by jansson: with the same result. */
static void json_with_long_strings_is_the_same(void **state)
{
	static const char *const parts[] = { "plain", "\xc3\xa9", "\\u00e9\\u20ac\\u0007",
		"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\\ud83d\\ude00", "\\ud83d", "\\u0000", "\\x",
		"\\u12", "\xff", "\n", "\xed\xa0\x80", "\\u0001long 0", "\\" };
	static const char *const forms[] = { "\"%s%s\"", "{\"a\":\"%s%s\",\"b\":[1,\"x\"]}",
		"[\"%s%s\",{\"c\":\"%s%s\"}]", "{\"%s%s\":1}", "{\"a\":\"%s%s\"",
		"{\"a\":\"%s%s\",}", "{\"a\":\"%s%s\",\"b\":\"\\u0001long 0\"}",
		"{\"a\":1,\"a\":\"%s%s\"}" };
	struct arena *a = arena_create("test", ARENA_JOB);
	char *fill = arena_alloc(a, 70001);

	(void)state;
	memset(fill, 'x', 70000);
	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++)
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			const char *text =
			    arena_printf(a, forms[f], fill, parts[i], fill, parts[i]);
#pragma GCC diagnostic pop
			json_t *want =
			    json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
			json_t *got = json_parse(str_from(text), NULL);

			if (!want != !got || (want && !json_equal(want, got)))
				fail_msg("form %zu with part %zu", f, i);
			json_decref(want);
			json_decref(got);
		}
	arena_destroy(a);
}

static void json_depth_is_bounded(void **state)
{
	char *deep = xalloc(300001);

	(void)state;
	memset(deep, '[', 300000);
	assert_null(json_parse(str_from(deep), NULL));
	assert_null(json_parse_loosely(str_from(deep)));
	free(deep);
}

/* What JavaScript writes of a text that was cut inside a pair, and what strict JSON refuses. */
static void json_of_others_is_mended(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "{\"a\":[1,\"\\ud83d\\ude00\"]}", "{\"a\":[1,\"\xf0\x9f\x98\x80\"]}" },
		{ "\"\\ud83d\"", "\"\xef\xbf\xbd\"" },
		{ "\"\\ud83d\\ud83d\\uDE00x\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80x\"" },
		{ "\"\\ude00\\ud83d\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\"\\\\ud83d\\u0000\"", "\"\\\\ud83d\xef\xbf\xbd\"" },
		{ "\"\\n\\u0041\\ud83d\"", "\"\\nA\xef\xbf\xbd\"" },
		{ "\"a\xff\"", "\"a\xef\xbf\xbd\"" },
		{ "[100000000000000000000]", "[1e20]" },
		{ "\"\\ud83\"", NULL },
		{ "\"\\ud83d", NULL },
		{ "\"\\", NULL },
		{ "{\"a\":\"\\ud83d\",\"a\":1}", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *v = json_parse_loosely(str_from(rows[i].text));
		char *text = v ? json_dump(v) : xstrdup("nothing");

		assert_string_equal(text, rows[i].want ? rows[i].want : "nothing");
		free(text);
		json_decref(v);
	}
}

static void json_text_takes_any_bytes(void **state)
{
	json_t *v = json_text((struct str){ "a\xff\0z", 4 });

	(void)state;
	assert_string_equal(json_string_value(v), "a\xef\xbf\xbd\xef\xbf\xbdz");
	json_decref(v);
}

static void sha256_knows_abc(void **state)
{
	char hex[SHA256_HEX];

	(void)state;
	sha256_of(STR("abc"), hex);
	assert_string_equal(
	    hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void spans_and_stamps_read_well(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(clock_span(400, buf, sizeof(buf)), "0.4 s");
	assert_string_equal(clock_span(112000, buf, sizeof(buf)), "1:52");
	assert_string_equal(clock_span(3723000, buf, sizeof(buf)), "1:02:03");
	assert_string_equal(clock_iso(1764000000042, buf, sizeof(buf)), "2025-11-24T16:00:00.042Z");
}

static void fixed_source(void *p, size_t n)
{
	memset(p, 7, n);
}

static void ids_have_their_form(void **state)
{
	char run[ID_RUN_SIZE], token[ID_TOKEN_SIZE];

	(void)state;
	id_set_source(fixed_source);
	id_run(run);
	assert_string_equal(run, "r-7777777777");
	id_set_source(NULL);
	id_token(token);
	assert_int_equal(strlen(token), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(str_splits_lines_and_fields),
		cmocka_unit_test(last_words_are_no_stack),
		cmocka_unit_test(str_numbers_have_a_maximum),
		cmocka_unit_test(distance_finds_the_near_word),
		cmocka_unit_test(arena_keeps_many_small_and_one_large),
		cmocka_unit_test(no_memory_is_an_end_in_order),
		cmocka_unit_test(texts_are_printed_into_memory_of_their_own),
		cmocka_unit_test(buf_latches_its_ceiling),
		cmocka_unit_test(buf_escapes_for_its_sinks),
		cmocka_unit_test(json_for_a_terminal_hides_nothing),
		cmocka_unit_test(members_are_separated),
		cmocka_unit_test(no_byte_reaches_the_terminal_raw),
		cmocka_unit_test(nothing_is_a_command_to_a_runner),
		cmocka_unit_test(utf8_rejects_nonsense),
		cmocka_unit_test(map_keeps_insertion_order),
		cmocka_unit_test(imap_survives_removal),
		cmocka_unit_test(json_is_strict),
		cmocka_unit_test(json_with_long_strings_is_the_same),
		cmocka_unit_test(json_depth_is_bounded),
		cmocka_unit_test(json_of_others_is_mended),
		cmocka_unit_test(json_text_takes_any_bytes),
		cmocka_unit_test(sha256_knows_abc),
		cmocka_unit_test(spans_and_stamps_read_well),
		cmocka_unit_test(ids_have_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
