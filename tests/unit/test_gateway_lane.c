/* The gateway and its model servers: what a failure amounts to, who may go, who waits, who pays. */
#include "gateway.h"

#define FAILED(status, why) REFUSED(status, why, "upstream_error")
#define CUT_JSON                                                                          \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n" \
	"{\"choices\":"
#define BUDGET_SPENT(limit) \
	REFUSED("400", "the run's token budget (" limit ") is used up", "tutti_refused")

/* --- failures ------------------------------------------------------------------------------ */

struct failure {
	struct answer answer; /* of the server, to every request */
	size_t asked;	      /* so often */
	const char *got;      /* by the worker's child */
	const char *verdict;
	/* filled in */
	struct server *server;
	struct door *door;
	struct client *client;
};

static const char *http_error(int status, const char *headers, const char *text)
{
	return http(status, headers, arena_printf(arena, "{\"error\":%s}", text));
}

/* All at once, each with a server of its own: most of the time goes into backing off. */
static void expect_failures(struct failure *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct failure *f = &rows[i];
		const char *name = arena_printf(arena, "server %zu", i);

		f->server = server_on(&loop, &f->answer, 1);
		upstream_at(name, server_url(f->server), KEY, 1);
		f->door = door_open(name, "token");
		f->client = asks(f->door, CHAT_STREAM("hello"));
	}
	for (size_t i = 0; i < n; i++) {
		struct failure *f = &rows[i];
		const char *got = client_answer(f->client);

		if (strcmp(got, f->got) != 0 || strcmp(verdict(f->door), f->verdict) != 0 ||
		    f->server->n != f->asked)
			fail_msg(
			    "to   %.200s\ngot  %s\nwant %s\nsays %s\nwant %s\nasked %zu of %zu",
			    f->answer.text, got, f->got, verdict(f->door), f->verdict, f->server->n,
			    f->asked);
	}
}

#define ROW(answer, asked, status, ending, why)                                     \
	{                                                                           \
		{ .text = (answer) }, (asked), FAILED(status, why), ending ": " why \
	}

static void what_a_server_says_about_a_request_is_believed_at_once(void **state)
{
	struct failure rows[] = {
		ROW(http_error(401, "", "{\"message\":\"no such key\"}"), 1, "400", "denied",
		    "the model server said 401: no such key"),
		ROW(http_error(403, "", "\"not for you\""), 1, "400", "denied",
		    "the model server said 403: not for you"),
		ROW(http_error(
			404, "", "{\"message\":\"no model x\",\"code\":\"model_not_found\"}"),
		    1, "400", "denied", "the model server said 404: no model x (model_not_found)"),
		ROW(http(404, "", "<html>Not here</html>"), 1, "400", "denied",
		    "the model server said 404: <html>Not here</html>"),
		ROW(http_error(402, "", "{\"message\":\"pay\"}"), 1, "400", "quota",
		    "the model server said 402: pay"),
		ROW(http_error(400, "", "{\"message\":\"temperature is too high\"}"), 1, "400",
		    "endpoint_down", "the model server said 400: temperature is too high"),
		ROW(http_error(400, "", "{\"message\":\"Maximum context length is 10\"}"), 1, "400",
		    "truncated", "the model server said 400: Maximum context length is 10"),
		ROW(http_error(
			400, "", "{\"message\":\"no\",\"code\":\"context_length_exceeded\"}"),
		    1, "400", "truncated",
		    "the model server said 400: no (context_length_exceeded)"),
		ROW(http_error(
			429, "", "{\"message\":\"no more\",\"code\":\"insufficient_quota\"}"),
		    1, "400", "quota", "the model server said 429: no more (insufficient_quota)"),
		ROW(http_error(402, "", "{\"code\":\"insufficient_quota\"}"), 1, "400", "quota",
		    "the model server said 402: insufficient_quota"),
		ROW(http(413, "", ""), 1, "413", "truncated", "the model server said 413"),
		ROW(http(422, "", "{\"message\":\"bad tool\"}"), 1, "422", "endpoint_down",
		    "the model server said 422: bad tool"),
		ROW(http(301, "Location: http://127.0.0.1:1/v1\r\n", "<html>Moved</html>"), 1,
		    "400", "endpoint_down",
		    "the model server said 301: it points elsewhere, and that is not followed"),
		ROW(http_error(429, "Retry-After: 121\r\n", "{\"message\":\"slow\"}"), 1, "400",
		    "rate_limited", "the model server said 429: slow"),
		ROW(http_error(429, "Retry-After: 100000\r\n", "{\"message\":\"slow\"}"), 1, "400",
		    "rate_limited", "the model server said 429: slow"),
		ROW(http_error(401, "", "{\"message\":\"no such key: " KEY "\"}"), 1, "400",
		    "denied", "the model server said 401: (it repeated the key)"),
	};

	(void)state;
	expect_failures(rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_may_pass_is_asked_five_times(void **state)
{
	struct failure rows[] = {
		ROW(http_error(500, "", "{\"message\":\"oh\"}"), 5, "400", "endpoint_down",
		    "the model server said 500: oh"),
		ROW(http(503, "", ""), 5, "400", "endpoint_down", "the model server said 503"),
		ROW(http_error(408, "", "\"late\""), 5, "400", "endpoint_down",
		    "the model server said 408: late"),
		ROW(http_error(429, "", "\"slow\""), 5, "400", "rate_limited",
		    "the model server said 429: slow"),
		ROW(http(200, "Content-Type: text/html\r\n", "<html>quota</html>"), 5, "400",
		    "endpoint_down", "the model server said 200: its answer is no chat completion"),
		ROW(http_json("{\"choices\":{}}"), 5, "400", "endpoint_down",
		    "the model server said 200: its answer is no chat completion"),
		ROW("SSH-2.0-x\r\n", 5, "400", "endpoint_down",
		    "the model server gave no answer: Unsupported protocol"),
		ROW("", 5, "400", "endpoint_down",
		    "the model server gave no answer: Server returned nothing (no headers, no "
		    "data)"),
		ROW(CUT_JSON, 5, "400", "endpoint_down",
		    "the model server gave no answer: Transferred a partial file"),
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		rows[i].answer.close = !whole(str_from(rows[i].answer.text));
	expect_failures(rows, n);
	for (size_t i = 0; i < n; i++) /* it is given ever more time */
		for (size_t k = 1; k < 5; k++)
			assert_true(rows[i].server->asked[k].at - rows[i].server->asked[k - 1].at >=
				    (250u << (k - 1)) - 1);
}

/* Nothing of it is ours to judge: the agent reads it, and says what it is. */
static void a_stream_that_began_is_not_asked_for_again(void **state)
{
	static const char begun[] = STREAM_HEAD "Transfer-Encoding: chunked\r\n\r\n"
						"6\r\ndata: \r\n";
	struct failure rows[] = {
		{ { .text = begun, .close = true }, 1, "200 text/event-stream data:  …",
		    "endpoint_down: the model server broke off its answer" },
		{ { .text = STREAM_HEAD "Content-Length: 100\r\n\r\n" PIECE("a"), .close = true },
		    1, "200 text/event-stream " PIECE("a") " …",
		    "endpoint_down: the model server broke off its answer" },
		{ { .text = http_stream("data: {\"broken\n\nnonsense\n\n") }, 1,
		    "200 text/event-stream data: {\"broken\n\nnonsense\n\n", "none" },
		{ { .text = http_stream("") }, 1, "200 text/event-stream ", "none" },
		{ { .text = http_stream("data: {\"error\":{\"message\":\"overloaded\"}}\n\n") }, 1,
		    "200 text/event-stream data: {\"error\":{\"message\":\"overloaded\"}}\n\n",
		    "none" },
	};

	(void)state;
	expect_failures(rows, sizeof(rows) / sizeof(rows[0]));
}

static struct str many_bytes(size_t n)
{
	char *text = arena_alloc(arena, n + 1);

	memset(text, '\n', n);
	return (struct str){ text, n };
}

static void an_answer_has_at_most_64_mib(void **state)
{
	static const char json[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
	static const char why[] = "endpoint_down: the model server sent more than 64 MiB";
	struct answer answers[] = {
		{ .text = STREAM_HEAD "Connection: close\r\n\r\n", .close = true },
		{ .text = json, .close = true },
		{ .text = json, .close = true },
	};
	struct server *s = server_with(answers);
	struct door *d;

	(void)state;
	upstream_is(s);
	d = door_open("up", "token");
	answers[0].more = answers[1].more = many_bytes(MODEL_RESPONSE_MAX + 1);
	answers[2].more = str_from(JSON_ANSWER(5, 7));
	struct client *c = asks(d, CHAT_STREAM("one"));

	until(c->closed);
	assert_true(c->got.n > MODEL_RESPONSE_MAX - MIB(1));
	assert_false(whole(buf_str(&c->got)));
	assert_string_equal(verdict(d), why);
	assert_string_equal(
	    ask(d, CHAT("two")), FAILED("400", "the model server sent more than 64 MiB"));
	assert_string_equal(verdict(d), why);
	assert_string_equal(ask(d, CHAT("three")), YES);
	assert_string_equal(verdict(d), "none");
	assert_int_equal(s->n, 3);
}

/* A page of an error is not read to its end, and says what it says all the same. */
static void an_endless_error_keeps_its_status(void **state)
{
	struct answer page = { .text = "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n<br>",
		.close = true };
	struct server *s = server_on(&loop, &page, 1);
	struct door *d;

	(void)state;
	page.more = many_bytes(MODEL_RESPONSE_MAX + 1);
	upstream_is(s);
	d = door_open("up", "token");
	assert_string_equal(
	    ask(d, CHAT("hello")), FAILED("400", "the model server said 404: <br>"));
	assert_string_equal(verdict(d), "denied: the model server said 404: <br>");
	assert_int_equal(s->n, 1);
}

static void a_redirect_is_not_followed(void **state)
{
	struct server *trap = server_mute();
	const struct answer answers[] = {
		{ .text =
			http(307, arena_printf(arena, "Location: %s\r\n", server_url(trap)), "") },
		{ .text = http_json(JSON_ANSWER(5, 7)) },
	};
	struct server *s = server_with(answers);

	(void)state;
	upstream_is(s);
	assert_string_equal(ask(door_open("up", "token"), CHAT("hello")),
	    FAILED(
		"400", "the model server said 307: it points elsewhere, and that is not followed"));
	assert_string_equal(ask(door_open("up", "other"), CHAT("hello")), YES);
	assert_int_equal(trap->n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_a_server_says_about_a_request_is_believed_at_once),
		T(what_may_pass_is_asked_five_times),
		T(a_stream_that_began_is_not_asked_for_again),
		T(an_answer_has_at_most_64_mib),
		T(an_endless_error_keeps_its_status),
		T(a_redirect_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
