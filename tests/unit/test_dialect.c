/*
 * Dialects, by cases: tests/dialect/requests holds requests and what each becomes in the others,
 * tests/dialect/answers holds answers and how each is told in the others, as a stream and whole.
 * DIALECT_UPDATE=1 rewrites what is expected, for review.
 */
#include "arena.h"

#include "base/buf.h"
#include "base/limits.h"
#include "dialect/dialect.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define CASE_MAX MIB(1)
#define CASES_MAX 64

/* --- files of cases ------------------------------------------------------------------------ */

/* "== HEAD" and the lines below it. */
struct block {
	struct str head, text;
};

struct kase {
	const char *path;
	struct str text;
	struct block given;
};

static struct str read_file(const char *path)
{
	char *p = arena_alloc(arena, CASE_MAX);
	FILE *f = fopen(path, "re");

	if (!f)
		fail_msg("cannot open %s", path);
	size_t n = fread(p, 1, CASE_MAX, f);

	fclose(f);
	return (struct str){ p, n };
}

static void write_file(const char *path, struct str text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	fclose(f);
}

/* The block at the start of *REST, which is then what follows it. */
static struct block next_block(struct str *rest)
{
	struct block b = { .head = str_skip(str_line(rest), 3) };
	ptrdiff_t end = str_find(*rest, STR("\n== "));

	b.text = end < 0 ? *rest : str_take(*rest, (size_t)end + 1);
	*rest = end < 0 ? (struct str){ NULL, 0 } : str_skip(*rest, (size_t)end + 1);
	return b;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t paths_in(const char *dir, const char *ret[CASES_MAX])
{
	const char *root = getenv("TUTTI_SOURCE");
	const char *path = arena_printf(arena, "%s/tests/dialect/%s", root ? root : ".", dir);
	DIR *d = opendir(path);
	size_t n = 0;

	if (!d)
		fail_msg("cannot open %s", path);
	for (struct dirent *e; (e = readdir(d)) && n < CASES_MAX;)
		if (e->d_name[0] != '.')
			ret[n++] = arena_printf(arena, "%s/%s", path, e->d_name);
	closedir(d);
	qsort(ret, n, sizeof(*ret), by_name);
	return n;
}

typedef void (*told_fn)(struct buf *b, struct block given);

/* What TOLD says of each case is what stands in its file. */
static void check_cases(const char *dir, told_fn told)
{
	const char *paths[CASES_MAX];
	size_t n = paths_in(dir, paths);

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		struct str text = read_file(paths[i]), rest = text;
		struct block given = next_block(&rest);
		struct buf b;

		buf_init(&b, CASE_MAX);
		buf_printf(&b, "== %.*s\n%.*s", STR_ARG(given.head), STR_ARG(given.text));
		told(&b, given);
		if (getenv("DIALECT_UPDATE"))
			write_file(paths[i], buf_str(&b));
		else if (!str_eq(buf_str(&b), text))
			fail_msg("%s\n--- got\n%.*s", paths[i], STR_ARG(buf_str(&b)));
		buf_fini(&b);
	}
}

/* --- requests ------------------------------------------------------------------------------ */

static void add_document(struct buf *b, const char *head, const json_t *doc)
{
	char *text = json_dumps(doc, JSON_INDENT(1) | JSON_ENCODE_ANY);

	buf_printf(b, "== %s\n%s\n", head, text);
	free(text);
}

static enum dialect dialect_of(struct str head)
{
	enum dialect d = DIALECT_CHAT;

	if (!dialect_parse(str_split(&head, ' '), &d))
		fail_msg("no dialect: %.*s", STR_ARG(head));
	return d;
}

static void tell_request(struct buf *b, struct block given)
{
	enum dialect from = dialect_of(given.head);
	json_t *doc = json_parse(given.text, NULL);
	const char *why = NULL;

	assert_non_null(doc);
	json_t *chat = dialect_to_chat(from, doc, str_ends(given.head, STR(" stream")), &why);

	if (!chat)
		buf_printf(b, "== refused\n%s\n", why);
	for (enum dialect d = DIALECT_CHAT; chat && d < DIALECTS; d++) {
		json_t *to;

		if (d == from)
			continue;
		to = dialect_from_chat(d, chat);
		add_document(b, dialect_name(d), to);
		json_decref(to);
	}
	json_decref(chat);
	json_decref(doc);
}

static void requests_are_translated(void **state)
{
	(void)state;
	check_cases("requests", tell_request);
}

/* --- answers ------------------------------------------------------------------------------- */

/* GIVEN in pieces of N bytes, as an answer of dialect TO. */
static struct str told_in(struct block given, enum dialect to, bool stream, size_t n, int *ret_rc)
{
	enum dialect from = dialect_of(given.head);
	json_t *request = json_pack("{s:[{s:s, s:s}], s:{s:b}}", "tools", "type", "custom", "name",
	    "apply_patch", "stream_options", "include_usage", 1);
	struct answer_spec spec = { to, stream, "model", 7, request };
	struct buf out;

	buf_init(&out, CASE_MAX);
	struct answer_writer *w = answer_writer_create(&spec, &out);
	struct answer_reader *r = answer_reader_create(from, false, answer_writer_put, w);
	int rc = 0;

	json_decref(request);
	if (str_ends(given.head, STR("whole"))) {
		json_t *doc = json_parse(given.text, NULL);

		rc = answer_reader_whole(r, doc);
		json_decref(doc);
	} else {
		for (struct str rest = given.text; rest.n && !rc; rest = str_skip(rest, n))
			rc = answer_reader_feed(r, str_take(rest, n));
		rc = rc ? rc : answer_reader_end(r);
	}
	*ret_rc = rc;
	struct str text = arena_dup(arena, buf_str(&out));

	answer_reader_destroy(r);
	answer_writer_destroy(w);
	buf_fini(&out);
	return text;
}

static void tell_in(struct buf *b, struct block given, enum dialect to, bool stream)
{
	static const size_t pieces[] = { 1, 7, 100000 };
	struct str first = { "", 0 };
	int rc = 0, first_rc = 0;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct str text = told_in(given, to, stream, pieces[i], &rc);

		if (i == 0) {
			first = text;
			first_rc = rc;
		}
		assert_int_equal(rc, first_rc);
		assert_true(str_eq(text, first));
	}
	buf_printf(b, "== %s %s%s\n%.*s\n", dialect_name(to), stream ? "stream" : "whole",
	    rc == -EPROTO  ? ", and then it is none"
	    : rc == -E2BIG ? ", and then it is too large"
			   : "",
	    STR_ARG(str_rtrim(first)));
}

static void tell_answer(struct buf *b, struct block given)
{
	for (enum dialect d = DIALECT_CHAT; d < DIALECTS; d++) {
		tell_in(b, given, d, true);
		tell_in(b, given, d, false);
	}
}

static void answers_are_translated(void **state)
{
	(void)state;
	check_cases("answers", tell_answer);
}

/* What a writer writes a reader of the same dialect reads, and it means the same. */
static void an_answer_survives_every_dialect(void **state)
{
	const char *paths[CASES_MAX];
	size_t n = paths_in("answers", paths);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (strstr(paths[i], "odd"))
			continue; /* nonsense that each dialect mends in its own way */
		struct str rest = read_file(paths[i]);
		struct block given = next_block(&rest);
		int rc;
		struct str direct = told_in(given, DIALECT_CHAT, false, 100, &rc);

		if (rc || !direct.n)
			continue;
		for (enum dialect d = DIALECT_CHAT; d < DIALECTS; d++) {
			struct str told = told_in(given, d, true, 100, &rc);
			struct block again = { str_from(dialect_name(d)), told };

			assert_int_equal(rc, 0);
			struct str back = told_in(again, DIALECT_CHAT, false, 100, &rc);

			if (rc || !str_eq(back, direct))
				fail_msg("%s by %s\n--- direct\n%.*s\n--- back\n%.*s", paths[i],
				    dialect_name(d), STR_ARG(direct), STR_ARG(back));
		}
	}
}

/* --- ceilings ------------------------------------------------------------------------------ */

static void count_pieces(void *ctx, const struct piece *p)
{
	(void)p;
	++*(size_t *)ctx;
}

static void an_answer_has_at_most_256_calls(void **state)
{
	size_t n = 0;
	struct answer_reader *r = answer_reader_create(DIALECT_CHAT, false, count_pieces, &n);
	int rc = 0;

	(void)state;
	for (int i = 0; i <= DIALECT_CALLS_MAX; i++) {
		assert_int_equal(rc, 0);
		rc = answer_reader_feed(r,
		    str_from(arena_printf(arena,
			"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":%d}]}}]}\n\n",
			i)));
	}
	assert_int_equal(rc, -E2BIG);
	assert_int_equal(answer_reader_end(r), -E2BIG);
	answer_reader_destroy(r);
}

static void an_answer_has_at_most_4096_blocks(void **state)
{
	struct answer_spec spec = { DIALECT_RESPONSES, false, "model", 1, NULL };
	struct buf out;

	(void)state;
	buf_init(&out, MIB(1));
	struct answer_writer *w = answer_writer_create(&spec, &out);

	answer_writer_put(w, &(struct piece){ .type = PIECE_BEGIN });
	for (int i = 0; i < DIALECT_BLOCKS_MAX; i++) {
		assert_int_equal(buf_status(&out), 0);
		answer_writer_put(w,
		    &(struct piece){ .type = i % 2 ? PIECE_TEXT : PIECE_THINK, .text = STR("x") });
	}
	assert_int_equal(buf_status(&out), 0);
	answer_writer_put(w, &(struct piece){ .type = PIECE_CALL, .text = STR("{}") });
	assert_int_equal(buf_status(&out), -E2BIG);
	answer_writer_destroy(w);
	buf_fini(&out);
}

static void an_event_has_at_most_4_mib(void **state)
{
	char *text = arena_alloc(arena, MIB(5));
	size_t n = 0;
	struct answer_reader *r = answer_reader_create(DIALECT_GEMINI, false, count_pieces, &n);

	(void)state;
	memset(text, 'x', MIB(5));
	assert_int_equal(answer_reader_feed(r, (struct str){ text, MIB(5) }), -E2BIG);
	answer_reader_destroy(r);
}

/* --- addresses ----------------------------------------------------------------------------- */

static void addresses_are_compared_as_they_stand(void **state)
{
	static const struct {
		const char *method, *path;
		struct dialect_target want;
	} rows[] = {
		{ "GET", "/v1/models", { DIALECT_CHAT, SERVICE_MODELS, false } },
		{ "POST", "/v1/models", { DIALECT_CHAT, SERVICE_NONE, false } },
		{ "POST", "/v1/chat/completions", { DIALECT_CHAT, SERVICE_ANSWER, false } },
		{ "POST", "/v1/messages", { DIALECT_MESSAGES, SERVICE_ANSWER, false } },
		{ "GET", "/v1/messages", { DIALECT_MESSAGES, SERVICE_NONE, false } },
		{ "POST", "/v1/messages/count_tokens", { DIALECT_MESSAGES, SERVICE_COUNT, false } },
		{ "POST", "/v1/messages/batches", { DIALECT_MESSAGES, SERVICE_NONE, false } },
		{ "POST", "/v1/responses", { DIALECT_RESPONSES, SERVICE_ANSWER, false } },
		{ "POST", "/v1/responses/", { DIALECT_CHAT, SERVICE_NONE, false } },
		{ "POST", "/v1beta/models/m:streamGenerateContent",
		    { DIALECT_GEMINI, SERVICE_ANSWER, true } },
		{ "POST", "/v1beta/models/m:generateContent",
		    { DIALECT_GEMINI, SERVICE_ANSWER, false } },
		{ "POST", "/v1beta/models/m:countTokens",
		    { DIALECT_GEMINI, SERVICE_COUNT, false } },
		{ "POST", "/v1beta/models/:generateContent",
		    { DIALECT_GEMINI, SERVICE_NONE, false } },
		{ "POST", "/v1beta/models/m:embedContent",
		    { DIALECT_GEMINI, SERVICE_NONE, false } },
		{ "POST", "/v1beta/models", { DIALECT_GEMINI, SERVICE_NONE, false } },
		{ "POST", "http://evil/v1/messages", { DIALECT_CHAT, SERVICE_NONE, false } },
		{ "POST", "//evil/v1/messages", { DIALECT_CHAT, SERVICE_NONE, false } },
		{ "POST", "/v1/../v1/messages", { DIALECT_CHAT, SERVICE_NONE, false } },
		{ "POST", "/V1/messages", { DIALECT_CHAT, SERVICE_NONE, false } },
		{ "CONNECT", "evil:443", { DIALECT_CHAT, SERVICE_NONE, false } },
		{ "", "", { DIALECT_CHAT, SERVICE_NONE, false } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dialect_target t =
		    dialect_target(str_from(rows[i].method), str_from(rows[i].path));

		if (t.dialect != rows[i].want.dialect || t.service != rows[i].want.service ||
		    t.stream != rows[i].want.stream)
			fail_msg("%s %s", rows[i].method, rows[i].path);
	}
}

static void a_model_names_no_other_place(void **state)
{
	static const struct {
		enum dialect dialect;
		const char *model, *want;
		bool stream;
	} rows[] = {
		{ DIALECT_CHAT, "m", "/chat/completions", true },
		{ DIALECT_MESSAGES, "m", "/messages", true },
		{ DIALECT_RESPONSES, "m", "/responses", false },
		{ DIALECT_GEMINI, "gemini-2.5-pro", "/models/gemini-2.5-pro:generateContent",
		    false },
		{ DIALECT_GEMINI, "m", "/models/m:streamGenerateContent?alt=sse", true },
		{ DIALECT_GEMINI, "../../x?y#z", "/models/%2E.%2F..%2Fx%3Fy%23z:generateContent",
		    false },
		{ DIALECT_GEMINI, "a b\r\n@\xff", "/models/a%20b%0D%0A%40%FF:generateContent",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b;

		buf_init(&b, KIB(4));
		dialect_add_path(&b, rows[i].dialect, str_from(rows[i].model), rows[i].stream);
		assert_str(buf_str(&b), rows[i].want);
		buf_fini(&b);
	}
}

/* --- errors and numbers -------------------------------------------------------------------- */

static void errors_have_the_words_of_the_dialect(void **state)
{
	static const struct {
		enum dialect dialect;
		int status;
		const char *want;
	} rows[] = {
		{ DIALECT_CHAT, 400,
		    "{\"error\":{\"message\":\"no\",\"type\":\"t\",\"code\":\"t\"}}" },
		{ DIALECT_RESPONSES, 400,
		    "{\"error\":{\"message\":\"no\",\"type\":\"t\",\"code\":\"t\"}}" },
		{ DIALECT_MESSAGES, 400,
		    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
		    "\"no\"}}" },
		{ DIALECT_MESSAGES, 401,
		    "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":"
		    "\"no\"}}" },
		{ DIALECT_MESSAGES, 502,
		    "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"no\"}}" },
		{ DIALECT_GEMINI, 404,
		    "{\"error\":{\"code\":404,\"message\":\"no\",\"status\":\"NOT_FOUND\"}}" },
		{ DIALECT_GEMINI, 413,
		    "{\"error\":{\"code\":413,\"message\":\"no\",\"status\":\"INVALID_ARGUMENT\"}"
		    "}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *doc = dialect_error(rows[i].dialect, rows[i].status, "t", "no");
		char *text = json_dump(doc), words[400];

		assert_string_equal(text, rows[i].want);
		struct str said = dialect_error_words(doc, str_from(text), words, sizeof(words));

		assert_true(str_starts(said, STR("no")));
		free(text);
		json_decref(doc);
	}
}

static void tokens_are_counted_in_every_dialect(void **state)
{
	static const struct {
		enum dialect dialect;
		const char *doc;
		struct usage want;
	} rows[] = {
		{ DIALECT_CHAT,
		    "{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,"
		    "\"prompt_tokens_details\":{\"cached_tokens\":4}}}",
		    { 9, 2, 4 } },
		{ DIALECT_MESSAGES,
		    "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,"
		    "\"cache_read_input_tokens\":4,\"cache_creation_input_tokens\":2,"
		    "\"output_tokens\":1}}}",
		    { 9, 1, 4 } },
		{ DIALECT_MESSAGES, "{\"usage\":{\"output_tokens\":7}}", { 0, 7, 0 } },
		{ DIALECT_RESPONSES,
		    "{\"response\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":2,"
		    "\"input_tokens_details\":{\"cached_tokens\":4}}}}",
		    { 9, 2, 4 } },
		{ DIALECT_GEMINI,
		    "{\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2,"
		    "\"thoughtsTokenCount\":5,\"cachedContentTokenCount\":4}}",
		    { 9, 7, 4 } },
		{ DIALECT_GEMINI, "{\"usageMetadata\":{\"promptTokenCount\":-9}}", { 0, 0, 0 } },
		{ DIALECT_CHAT, "{\"usage\":{\"prompt_tokens\":\"9\"}}", { 0, 0, 0 } },
		{ DIALECT_RESPONSES, "{\"usage\":{\"input_tokens\":9000000000000}}", { 0, 0, 0 } },
		{ DIALECT_MESSAGES, "[1]", { 0, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *doc = json_parse(str_from(rows[i].doc), NULL);
		struct usage u = { 0 };

		dialect_usage(rows[i].dialect, doc, &u);
		if (u.in != rows[i].want.in || u.out != rows[i].want.out ||
		    u.cached != rows[i].want.cached)
			fail_msg("%s: %lld %lld %lld", rows[i].doc, u.in, u.out, u.cached);
		json_decref(doc);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(requests_are_translated),
		T(answers_are_translated),
		T(an_answer_survives_every_dialect),
		T(an_answer_has_at_most_256_calls),
		T(an_answer_has_at_most_4096_blocks),
		T(an_event_has_at_most_4_mib),
		T(addresses_are_compared_as_they_stand),
		T(a_model_names_no_other_place),
		T(errors_have_the_words_of_the_dialect),
		T(tokens_are_counted_in_every_dialect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
