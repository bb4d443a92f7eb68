/*
 * Agents and model servers of all dialects, on the two sides of a gateway: keys and tokens where
 * each has them, answers as they came or translated, what is refused, and that no request and no
 * answer moves where the gateway goes or shows what it knows.
 */
#include "gateway.h"

#include "base/sha256.h"

static struct server *up;

static int set_up_all(void **state)
{
	int rc = set_up(state);

	up = server_mute();
	for (enum dialect d = DIALECT_CHAT; rc == 0 && d < DIALECTS; d++)
		upstream_as(&(struct upstream_config){ .name = dialect_name(d),
		    .url = server_url(up),
		    .key = KEY,
		    .model = "m",
		    .parallel = 4,
		    .dialect = d });
	return rc;
}

#undef T
#define T(f) cmocka_unit_test_setup_teardown(f, set_up_all, tear_down)

/* --- who speaks what ----------------------------------------------------------------------- */

static const struct {
	const char *path, *stream_path, *body, *auth;
	const char *up_path, *up_stream_path, *key;
	const char *whole, *stream; /* what a server says; no usage in it is what it was not */
	const char *type;
} said[DIALECTS] = {
	[DIALECT_CHAT] = { "/v1/chat/completions", "/v1/chat/completions",
	    "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]%s}",
	    "Authorization: Bearer token", "/v1/chat/completions", "/v1/chat/completions",
	    "Authorization: Bearer " KEY,
	    "{\"choices\":[{\"message\":{\"content\":\"yes\"},\"finish_reason\":\"stop\"}],"
	    "\"usage\":"
	    "{\"prompt_tokens\":5,\"completion_tokens\":7}}",
	    PIECE("yes") "data: "
			 "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"
			 "\n\n" USAGE_PIECE(5, 7) DONE,
	    ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" },
	[DIALECT_MESSAGES] = { "/v1/messages?beta=true", "/v1/messages?beta=true",
	    "{\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]%s}",
	    "x-api-key: token", "/v1/messages", "/v1/messages", "x-api-key: " KEY,
	    "{\"content\":[{\"type\":\"text\",\"text\":\"yes\"}],\"stop_reason\":\"end_turn\","
	    "\"usage\":{\"input_tokens\":5,\"output_tokens\":7}}",
	    "event: message_start\ndata: "
	    "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_"
	    "tokens\":5,\"output_tokens\":1}}}\n\n"
	    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
	    "\"delta\":{\"type\":\"text_delta\",\"text\":\"yes\"}}\n\n"
	    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
	    "\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n"
	    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	    ",\"stream\":true" },
	[DIALECT_RESPONSES] = { "/v1/responses", "/v1/responses", "{\"input\":\"hello\"%s}",
	    "Authorization: Bearer token", "/v1/responses", "/v1/responses",
	    "Authorization: Bearer " KEY,
	    "{\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":"
	    "\"yes\"}]}],\"usage\":{\"input_tokens\":5,\"output_tokens\":7}}",
	    "data: {\"type\":\"response.output_text.delta\",\"delta\":\"yes\"}\n\n"
	    "data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":5,"
	    "\"output_tokens\":7}}}\n\n",
	    ",\"stream\":true" },
	[DIALECT_GEMINI] = { "/v1beta/models/x:generateContent",
	    "/v1beta/models/x:streamGenerateContent?alt=sse",
	    "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hello\"}]}]}",
	    "x-goog-api-key: token", "/v1/models/m:generateContent",
	    "/v1/models/m:streamGenerateContent?alt=sse", "x-goog-api-key: " KEY,
	    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"yes\"}]},\"finishReason\":"
	    "\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":7}}",
	    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"yes\"}]},\"finishReason\":"
	    "\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":7}}\n\n",
	    "" },
};

static const char *body_for(enum dialect d, bool stream)
{
	struct str text = str_from(said[d].body);
	ptrdiff_t hole = str_find(text, STR("%s"));

	if (hole < 0)
		return said[d].body;
	return arena_printf(
	    arena, "%.*s%s%s", (int)hole, text.p, stream ? said[d].type : "", text.p + hole + 2);
}

static struct str request_to(const char *path, const char *auth, const char *body)
{
	return str_from(arena_printf(arena,
	    "POST %s HTTP/1.1\r\nHost: gateway\r\n%s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    path, auth, strlen(body), body));
}

static struct str request_for(enum dialect d, bool stream)
{
	return request_to(
	    stream ? said[d].stream_path : said[d].path, said[d].auth, body_for(d, stream));
}

static const char *answer_of(enum dialect d, bool stream)
{
	return stream ? http_stream(said[d].stream) : http_json(said[d].whole);
}

/* --- all pairs ----------------------------------------------------------------------------- */

static void take_text(void *ctx, const struct piece *p)
{
	if (p->type == PIECE_TEXT)
		buf_add(ctx, p->text);
	else if (p->type == PIECE_END)
		buf_printf(ctx, " (%lld in, %lld out)", p->usage.in, p->usage.out);
}

/* The text of an answer in dialect D. */
static struct str text_of(enum dialect d, bool stream, struct str body)
{
	struct buf b;
	int rc;

	buf_init(&b, KIB(4));
	struct answer_reader *r = answer_reader_create(d, false, take_text, &b);

	if (stream) {
		rc = answer_reader_feed(r, body);
		rc = rc ? rc : answer_reader_end(r);
	} else {
		json_t *doc = json_parse(body, NULL);

		rc = answer_reader_whole(r, doc);
		json_decref(doc);
	}
	if (rc)
		fail_msg("%s: %.*s", dialect_name(d), STR_ARG(body));
	struct str text = arena_dup(arena, buf_str(&b));

	answer_reader_destroy(r);
	buf_fini(&b);
	return text;
}

static void check_pair(enum dialect from, enum dialect to, bool stream)
{
	struct door *d = door_open(dialect_name(to), "token");
	struct client *c = client_asks(d, request_for(from, stream));
	size_t i = up->n;

	until(up->n == i + 1);
	struct str asked = up->asked[i].text, head = str_take(asked, body_at(asked));

	assert_true(str_starts(
	    asked, str_from(arena_printf(arena, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n",
		       stream ? said[to].up_stream_path : said[to].up_path, up->port))));
	assert_true(str_contains(head, str_from(said[to].key)));
	assert_false(str_contains(asked, STR("token:")) || str_contains(head, STR(" token")));
	server_say(up, i, answer_of(to, stream));
	until(is_answered(c));
	struct str got = client_got(c), body = body_of(got);

	assert_str(
	    header_of(got, "Content-Type"), stream ? "text/event-stream" : "application/json");
	if (from == to)
		assert_str(body, stream ? said[to].stream : said[to].whole);
	assert_str(text_of(from, stream, body), "yes (5 in, 7 out)");
	assert_log(d, "active\nusage 5 7 0 1\n");
	assert_string_equal(verdict(d), "none");
}

static void every_agent_speaks_to_every_server(void **state)
{
	(void)state;
	for (enum dialect from = DIALECT_CHAT; from < DIALECTS; from++)
		for (enum dialect to = DIALECT_CHAT; to < DIALECTS; to++) {
			check_pair(from, to, false);
			check_pair(from, to, true);
		}
}

/* Between equals the body goes up as it is, but for the model, and so do words about betas. */
static void between_equals_nothing_is_changed(void **state)
{
	static const char odd[] =
	    "{\"model\":\"theirs\",\"new_thing\":{\"a\":[1,2.5]},\"messages\":[{"
	    "\"role\":\"user\",\"content\":\"x\"}],\"thinking\":{\"type\":\"adaptive\"}}";
	struct door *d = door_open("messages", "token");

	(void)state;
	client_asks(d, request_to("/v1/messages",
			   "x-api-key: token\r\nanthropic-beta: one-1,two-2\r\nanthropic-version: "
			   "2024-01-01\r\n"
			   "X-Other: no",
			   odd));
	until(up->n == 1);
	assert_str(body_of(up->asked[0].text),
	    "{\"model\":\"m\",\"new_thing\":{\"a\":[1,2.5]},\"messages\":[{\"role\":\"user\","
	    "\"content\":\"x\"}],\"thinking\":{\"type\":\"adaptive\"}}");
	assert_str(header_of(up->asked[0].text, "anthropic-beta"), "one-1,two-2");
	assert_str(header_of(up->asked[0].text, "anthropic-version"), "2024-01-01");
	assert_int_equal(header_of(up->asked[0].text, "X-Other").n, 0);
	/* one who does not say which version it means gets one */
	client_asks(d, request_for(DIALECT_MESSAGES, false));
	until(up->n == 2);
	assert_str(header_of(up->asked[1].text, "anthropic-version"), "2023-06-01");
}

/* --- who may come in ----------------------------------------------------------------------- */

static void the_token_stands_where_the_dialect_has_it(void **state)
{
	static const struct {
		const char *path, *auth;
		bool welcome;
	} rows[] = {
		{ "/v1/messages", "x-api-key: token", true },
		{ "/v1/messages", "Authorization: Bearer token", true },
		{ "/v1/messages", "x-goog-api-key: token", false },
		{ "/v1/messages?key=token", "X: y", false },
		{ "/v1/messages", "x-api-key: token2", false },
		{ "/v1/messages", "x-api-key: ", false },
		{ "/v1/responses", "Authorization: Bearer token", true },
		{ "/v1/responses", "Authorization: bearer token", false },
		{ "/v1/responses", "x-api-key: token", false },
		{ "/v1beta/models/m:generateContent", "x-goog-api-key: token", true },
		{ "/v1beta/models/m:generateContent?key=token", "X: y", true },
		{ "/v1beta/models/m:generateContent?key=tokem", "X: y", false },
		{ "/v1beta/models/m:generateContent?key", "X: y", false },
		{ "/v1beta/models/m:generateContent", "Authorization: Bearer token", false },
		{ "/v1/chat/completions", "x-api-key: token", false },
		{ "/v1/chat/completions?key=token", "X: y", false },
	};
	struct door *d = door_open("chat", "token");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* a body that is none: who may come in hears about it */
		const char *got = tell(d, request_to(rows[i].path, rows[i].auth, "[]"));

		if (strncmp(got, rows[i].welcome ? "400 " : "401 ", 4) != 0)
			fail_msg("%s %s: %s", rows[i].path, rows[i].auth, got);
	}
	assert_int_equal(up->n, 0);
}

static void refusals_have_the_words_of_the_dialect(void **state)
{
	struct door *d = door_open("chat", "token");

	(void)state;
	assert_string_equal(tell(d, request_to("/v1/messages", "x-api-key: other", "{}")),
	    "401 application/json {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\","
	    "\"message\":\"this token is not of this attempt\"}}");
	assert_string_equal(tell(d, request_to("/v1/messages/batches", "x-api-key: token", "{}")),
	    "404 application/json {\"type\":\"error\",\"error\":{\"type\":\"not_found_error\","
	    "\"message\":\"nothing is served at this address\"}}");
	assert_string_equal(
	    tell(d, request_to("/v1beta/models/m:generateContent", "x-goog-api-key: token", "{}")),
	    "400 application/json {\"error\":{\"code\":400,\"message\":\"this is no request for an "
	    "answer\",\"status\":\"INVALID_ARGUMENT\"}}");
	assert_string_equal(tell(d, request_to("/v1/responses", "Authorization: Bearer token",
					"{\"input\":\"x\",\"previous_response_id\":\"r\"}")),
	    REFUSED("400", "no earlier response is kept here: send the whole input",
		"invalid_request_error"));
	assert_int_equal(up->n, 0);
}

static void tokens_are_counted_here(void **state)
{
	struct door *d = door_open("chat", "token");

	(void)state;
	assert_string_equal(tell(d, request_to("/v1/messages/count_tokens", "x-api-key: token",
					"{\"messages\":[],\"x\":\"0123456789\"}")),
	    "200 application/json {\"input_tokens\":8}");
	assert_string_equal(tell(d, request_to("/v1beta/models/m:countTokens",
					"x-goog-api-key: token", "{\"contents\":[]}")),
	    "200 application/json {\"totalTokens\":3}");
	assert_int_equal(up->n, 0);
}

/* --- what goes wrong ----------------------------------------------------------------------- */

static void an_error_is_told_in_the_words_of_the_agent(void **state)
{
	struct door *d = door_open("messages", "token");
	struct client *c = client_asks(d, request_for(DIALECT_GEMINI, true));

	(void)state;
	until(up->n == 1);
	server_say(up, 0,
	    http(400, "",
		"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
		"\"too "
		"long\"}}"));
	assert_string_equal(client_answer(c),
	    "400 application/json {\"error\":{\"code\":400,\"message\":\"the model server said "
	    "400: "
	    "too long\",\"status\":\"INVALID_ARGUMENT\"}}");
}

/* What was said so far stays, and the connection breaks off: nobody takes it for whole. */
static void a_stream_that_is_none_breaks_off(void **state)
{
	static const char *const streams[] = {
		PIECE("one") "data: {\"choices\":\n\n" PIECE("two") DONE,
		PIECE("one"),
		PIECE("one") DONE,
		PIECE("one") "data: [1]\n\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct door *d = door_open("chat", "token");
		struct client *c = client_asks(d, request_for(DIALECT_GEMINI, true));

		until(up->n == i + 1);
		server_end(up, i, http_stream(streams[i]));
		assert_string_equal(client_answer(c),
		    arena_printf(arena,
			"200 text/event-stream data: {\"candidates\":[{\"content\":{\"role\":"
			"\"model\",\"parts\":[{\"text\":\"one\"}]},\"index\":0}],"
			"\"modelVersion\":\"m\",\"responseId\":\"tutti-%zu\"}\n\n …",
			i + 1));
		assert_string_equal(
		    verdict(d), "endpoint_down: the model server's answer cannot be read");
	}
}

static void a_server_that_fails_in_a_stream_says_so(void **state)
{
	struct door *d = door_open("chat", "token");
	struct client *c = client_asks(d, request_for(DIALECT_MESSAGES, true));

	(void)state;
	until(up->n == 1);
	server_say(up, 0, http_stream("data: {\"error\":{\"message\":\"overloaded\"}}\n\n"));
	assert_true(str_ends(str_from(client_answer(c)),
	    STR("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
		"\"message\":\"overloaded\"}}\n\n")));
	assert_string_equal(verdict(d), "endpoint_down: the model server broke off: overloaded");
	/* one who waits for a whole gets none */
	c = client_asks(d, request_for(DIALECT_MESSAGES, false));
	until(up->n == 2);
	server_say(up, 1, http_stream("data: {\"error\":{\"message\":\"overloaded\"}}\n\n"));
	assert_string_equal(client_answer(c), "200 application/json  …");
}

/* --- the key ------------------------------------------------------------------------------- */

#define HALF_1 "sk-the-"
#define HALF_2 "real-key"

static void no_answer_shows_the_key(void **state)
{
	static const char *const streams[] = {
		PIECE("a") PIECE("my key is " KEY),
		PIECE("a") PIECE(HALF_1) PIECE(HALF_2 " it is"),
		PIECE("a") PIECE("\\u0073k-the-real-key"),
		PIECE("a") "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"" KEY
			   "\"}}]}\n\n",
		PIECE("a") ": " KEY "\n\n",
		PIECE("a") "data: "
			   "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
			   "\"arguments\":\"" HALF_1 "\"}}]}}]}\n\n"
			   "data: "
			   "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
			   "\"arguments\":\"" HALF_2 "\"}}]},\"finish_reason\":\"stop\"}]}\n\n",
		PIECE("a") "data: {\"error\":{\"message\":\"no such key: " KEY "\"}}\n\n",
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(streams) / sizeof(streams[0]); i++) {
		struct door *d = door_open("chat", "token");
		struct client *c =
		    client_asks(d, request_for(i % 2 ? DIALECT_RESPONSES : DIALECT_CHAT, true));
		struct str text =
		    str_from(http_stream(arena_printf(arena, "%s" DONE, streams[i / 2])));

		until(up->n == i + 1);
		/* byte by byte, where the bytes may come together or not */
		for (size_t k = 0; k < text.n; k++)
			server_say(up, i, arena_printf(arena, "%c", text.p[k]));
		until(is_answered(c));
		if (str_contains(buf_str(&c->got), STR(KEY)) ||
		    str_contains(buf_str(&c->got), STR(HALF_2)) || whole(client_got(c)))
			fail_msg("%zu: %.*s", i, STR_ARG(buf_str(&c->got)));
		assert_string_equal(verdict(d), "endpoint_down: the model server repeated the key");
	}
}

static void no_whole_answer_shows_the_key(void **state)
{
	static const char *const answers[] = {
		"{\"choices\":[{\"message\":{\"content\":\"" KEY "\"}}]}",
		"{\"choices\":[{\"message\":{\"content\":\"\\u0073k-the-real-key\"}}]}",
		"{\"choices\":[],\"debug\":{\"authorization\":\"Bearer " KEY "\"}}",
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(answers) / sizeof(answers[0]); i++) {
		struct door *d = door_open("chat", "token");
		struct client *c =
		    client_asks(d, request_for(i % 2 ? DIALECT_MESSAGES : DIALECT_CHAT, false));

		until(up->n == i + 1);
		server_say(up, i, http_json(answers[i / 2]));
		assert_string_equal(client_answer(c), "200 application/json  …");
		assert_string_equal(verdict(d), "endpoint_down: the model server repeated the key");
	}
}

/* Headers of a server do not pass at all. */
static void no_header_of_a_server_comes_down(void **state)
{
	struct door *d = door_open("chat", "token");
	struct client *c = client_asks(d, request_for(DIALECT_CHAT, false));

	(void)state;
	until(up->n == 1);
	server_say(up, 0,
	    http(200,
		"Content-Type: application/json\r\nX-Key: " KEY "\r\nSet-Cookie: k=" KEY "\r\n"
		"Location: http://127.0.0.1/" KEY "\r\n",
		said[DIALECT_CHAT].whole));
	until(is_answered(c));
	assert_false(str_contains(buf_str(&c->got), STR(KEY)));
	assert_int_equal(header_of(buf_str(&c->got), "X-Key").n, 0);
}

/* --- ceilings ------------------------------------------------------------------------------ */

static void an_attempt_has_so_many_tokens(void **state)
{
	struct door *d = door_open("chat", "token");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct client *c = client_asks(d, request_for(DIALECT_CHAT, false));

		until(up->n == (size_t)i + 1);
		server_say(up, (size_t)i, http_json(JSON_ANSWER(60000000, 1)));
		client_answer(c);
	}
	assert_string_equal(tell(d, request_for(DIALECT_CHAT, false)),
	    REFUSED("400", "more than 100000000 tokens in one attempt", "tutti_refused"));
	assert_string_equal(verdict(d), "truncated: more than 100000000 tokens in one attempt");
	assert_int_equal(up->n, 2);
}

static void an_attempt_sends_at_most_512_mib(void **state)
{
	static const char refused[] =
	    REFUSED("400", "more than 512 MiB asked in one attempt", "tutti_refused");
	char *body = arena_alloc(arena, MODEL_REQUEST_MAX + 1);
	struct door *d = door_open("chat", "token");
	struct client *c = client_of(d);
	const char *got = "";

	(void)state;
	memset(body, ' ', MODEL_REQUEST_MAX);
	memcpy(body, "[]", 2);
	struct str request = request_to(said[0].path, said[0].auth, body);
	size_t most = ATTEMPT_SENT_MAX / MODEL_REQUEST_MAX;

	for (size_t i = 0; i <= most; i++) {
		client_send(c, request);
		got = client_answer(c);
		if (i < most)
			assert_true(str_contains(str_from(got), STR("no chat completion request")));
	}
	assert_string_equal(got, refused);
	assert_int_equal(up->n, 0);
}

/* One that asks for ever is ended from outside, once. */
static void who_asks_without_hope_is_ended(void **state)
{
	struct budget budget = { .limit = 1 };
	struct door *d = door_of_run("chat", "token", &budget);

	(void)state;
	for (int i = 0; i < 2 * ATTEMPT_REFUSED_MAX; i++) {
		assert_int_equal(d->overs, i > ATTEMPT_REFUSED_MAX);
		tell(d, request_for(DIALECT_CHAT, false));
	}
	assert_int_equal(d->overs, 1);
	assert_string_equal(verdict(d), "quota: the run's token budget (1) is used up");
}

/* --- what is recorded ---------------------------------------------------------------------- */

static const char *digest(struct str text)
{
	char *hex = arena_alloc(arena, SHA256_HEX);

	sha256_of(text, hex);
	return hex;
}

static void every_exchange_is_recorded(void **state)
{
	const char *asked = body_for(DIALECT_MESSAGES, true), *bad = "[]";
	struct door *d = door_open("chat", "token");
	struct client *c = client_asks(d, request_for(DIALECT_MESSAGES, true));

	(void)state;
	until(up->n == 1);
	server_say(up, 0, answer_of(DIALECT_CHAT, true));
	until(is_answered(c));
	struct str got = arena_dup(arena, body_of(client_got(c)));
	struct client *other = client_asks(d, request_to("/v1/messages", "x-api-key: token", bad));

	until(is_answered(other));
	struct str refused = arena_dup(arena, body_of(client_got(other)));

	/* who is not let in is not counted */
	tell(d, request_to("/v1/messages", "x-api-key: no", bad));
	until(str_contains(buf_str(&d->exchanges), STR("\n2 ")));
	assert_str(buf_str(&d->exchanges),
	    arena_printf(arena,
		"1 messages>chat 200 1 %zu %zu %s %s\n2 messages> 400 0 %zu %zu %s %s\n",
		strlen(asked), got.n, digest(str_from(asked)), digest(got), strlen(bad), refused.n,
		digest(str_from(bad)), digest(refused)));
}

static void an_exchange_in_the_middle_is_recorded_as_cut(void **state)
{
	struct door *d = door_open("chat", "token");

	(void)state;
	client_asks(d, request_for(DIALECT_CHAT, false));
	until(up->n == 1);
	door_close(d);
	assert_true(str_starts(buf_str(&d->exchanges), STR("1 chat>chat 0 cut 1 ")));
}

/* --- where it goes ------------------------------------------------------------------------- */

static const char *const hosts[] = { "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
	"127.0.0.1.", "localhost", "localhost.", "LOCALHOST", "lo%63alhost", "[::1]",
	"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "0", "0.0.0.0",
	"user@127.0.0.1", "user:pw@127.0.0.1", "gateway@127.0.0.1", "127.0.0.1@gateway",
	"127.0.0.1#@gateway", "127.0.0.1?@gateway", "127.0.0.1%00.gateway",
	"127.0.0.1%0d%0aHost:%20gateway", "127.0.0.1\\@gateway", "127.0.0.1%2f@gateway",
	"gateway.127.0.0.1.nip.io", "xn--lcalhost-54a",
	"l\xc3\xb6"
	"calhost",
	"127.0.0.1;gateway", "127.0.0.1,gateway", "127.0.0.1&gateway",
	"127\xe3\x80\x82"
	"0\xe3\x80\x82"
	"0\xe3\x80\x82"
	"1",
	"\xef\xbc\x91"
	"27.0.0.1",
	"127.0.0.1%20gateway", "%31%32%37.0.0.1", "169.254.169.254", "metadata.google.internal",
	"api.example.com", "gateway", "", ".", "..", "-", "*", "a..b", "[", "]", "[]" };

static const char *const endings[] = { ":%u", ":%u/", ":0%u", ":%u:80", ":%u@", ":%u%%00", ":%u.",
	":%u?", ":%u#", ":+%u" };

/* Only the last of them is a request that is served: it names the other host in Host alone. */
static const char *const shapes[] = {
	"POST http://%s/v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n",
	"POST https://%s/v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n",
	"POST //%s/v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n",
	"POST /\\%s/v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n",
	"POST /v1/chat/completions@%s HTTP/1.1\r\nHost: gateway\r\n",
	"POST /v1/chat/completions/../../%s HTTP/1.1\r\nHost: gateway\r\n",
	"CONNECT %s HTTP/1.1\r\nHost: gateway\r\n",
	"POST %s HTTP/1.1\r\nHost: gateway\r\n",
	"POST /v1beta/models/..%%2f..%%2f@%s:generateContent HTTP/1.1\r\nHost: gateway\r\n",
	"POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nX-Forwarded-Host: elsewhere\r\n",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define SERVED (COUNT(shapes) - 1)

static const char *tell_once(const struct door *d, const char *head)
{
	struct client *c = client_asks(
	    d, str_from(arena_printf(arena,
		   "%sAuthorization: Bearer token\r\nx-goog-api-key: token\r\nContent-Length: %zu"
		   "\r\n\r\n%s",
		   head, strlen(CHAT("x")), CHAT("x"))));
	const char *got = client_answer(c);

	client_close(c);
	return got;
}

static const char *fill(const char *format, const char *what)
{
	ptrdiff_t hole = str_find(str_from(format), STR("%s"));

	return arena_printf(arena, "%.*s%s%s", (int)hole, format, what, format + hole + 2);
}

static const char *authority(size_t host, size_t ending, unsigned port)
{
	struct str format = str_from(endings[ending]);
	ptrdiff_t hole = str_find(format, STR("%u"));

	return arena_printf(
	    arena, "%s%.*s%u%s", hosts[host], (int)hole, format.p, port, format.p + hole + 2);
}

/* The other server, which stands where every one of these names could lead, hears nothing. */
static void no_request_moves_where_it_goes(void **state)
{
	struct server *other = server_mute();
	const struct answer answers[] = { { .text = answer_of(DIALECT_CHAT, false) } };
	struct door *d = door_open("chat", "token");
	size_t sent = 0, served = 0;

	(void)state;
	up->answers = answers;
	up->n_answers = 1;
	for (size_t h = 0; h < COUNT(hosts); h++)
		for (size_t e = 0; e < COUNT(endings); e++)
			for (size_t s = 0; s < COUNT(shapes); s++) {
				const char *to = authority(h, e, other->port);
				const char *head = fill(shapes[s], to);
				const char *got = tell_once(d, head);

				sent++;
				if (strncmp(got, "200 ", 4) != 0)
					continue;
				served++;
				if (s != SERVED)
					fail_msg("%s: %s", head, got);
			}
	assert_int_equal(sent, 5000);
	assert_int_equal(served, up->n);
	assert_true(served > 100);
	assert_true(list_empty(&other->conns));
	assert_int_equal(other->n, 0);
	for (size_t i = 0; i < up->n; i++)
		assert_true(str_starts(up->asked[i].text,
		    str_from(arena_printf(arena,
			"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n",
			up->port))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_agent_speaks_to_every_server),
		T(between_equals_nothing_is_changed),
		T(the_token_stands_where_the_dialect_has_it),
		T(refusals_have_the_words_of_the_dialect),
		T(tokens_are_counted_here),
		T(an_error_is_told_in_the_words_of_the_agent),
		T(a_stream_that_is_none_breaks_off),
		T(a_server_that_fails_in_a_stream_says_so),
		T(no_answer_shows_the_key),
		T(no_whole_answer_shows_the_key),
		T(no_header_of_a_server_comes_down),
		T(an_attempt_has_so_many_tokens),
		T(an_attempt_sends_at_most_512_mib),
		T(who_asks_without_hope_is_ended),
		T(every_exchange_is_recorded),
		T(an_exchange_in_the_middle_is_recorded_as_cut),
		T(no_request_moves_where_it_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
