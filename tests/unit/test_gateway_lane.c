/* The gateway and its model servers: what a failure amounts to, who may go, who waits, who pays. */
#include "gateway.h"

#define FAILED(status, why) REFUSED(status, why, "upstream_error")
#define SLACK 2 /* ms: two clocks, both cut to whole ones */
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

static void begin_failure(struct failure *f, const char *name, unsigned nobody)
{
	const char *url = arena_printf(arena, "http://127.0.0.1:%u/v1", nobody);

	f->server = server_on(&loop, &f->answer, 1);
	upstream_at(name, f->answer.text ? server_url(f->server) : url, KEY, 1);
	f->door = door_open(name, "token");
	f->client = asks(f->door, CHAT_STREAM("hello"));
}

static void expect_failure(const struct failure *f)
{
	const char *got = client_answer(f->client), *says = verdict(f->door);

	if (strcmp(got, f->got) != 0 || strcmp(says, f->verdict) != 0 || f->server->n != f->asked)
		fail_msg("to   %.200s\ngot  %s\nwant %s\nsays %s\nwant %s\nasked %zu of %zu",
		    f->answer.text ? f->answer.text : "nobody", got, f->got, says, f->verdict,
		    f->server->n, f->asked);
}

/* All at once, each with a server of its own: most of the time goes into backing off. */
static void expect_failures(struct failure *rows, size_t n)
{
	unsigned nobody;
	int held = bound(&nobody);

	for (size_t i = 0; i < n; i++)
		begin_failure(&rows[i], arena_printf(arena, "server %zu", i), nobody);
	for (size_t i = 0; i < n; i++)
		expect_failure(&rows[i]);
	close(held);
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
		ROW(NULL, 0, "400", "endpoint_down",
		    "the model server gave no answer: Couldn't connect to server"),
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		rows[i].answer.close = rows[i].asked && !whole(str_from(rows[i].answer.text));
	expect_failures(rows, n);
	for (size_t i = 0; i < n; i++) /* it is given ever more time */
		for (size_t k = 1; k < rows[i].asked; k++)
			assert_true(rows[i].server->asked[k].at - rows[i].server->asked[k - 1].at >=
				    (250u << (k - 1)) - SLACK);
}

/* Nothing of it is ours to judge: the agent reads it, and says what it is. */
static void a_stream_that_began_is_not_asked_for_again(void **state)
{
	static const char begun[] = STREAM_HEAD "Transfer-Encoding: chunked\r\n\r\n"
						"6\r\ndata: \r\n";
	struct failure rows[] = {
		{ { .text = begun, .close = true }, 1, "200 text/event-stream data:  …",
		    "endpoint_down: the model server broke off its answer" },
		{ { .text = STREAM_HEAD "Content-Length: 100\r\n\r\n" PIECE("abc"), .close = true },
		    1, "200 text/event-stream " PIECE("abc") " …",
		    "endpoint_down: the model server broke off its answer" },
		{ { .text = http_stream("data: {\"broken\n\nnonsense\n\n") }, 1,
		    "200 text/event-stream data: {\"broken\n\nnonsense\n\n", "none" },
		{ { .text = http_stream("") }, 1, "200 text/event-stream ", "none" },
		{ { .text = http(200, "content-type: TEXT/Event-Stream; charset=utf-8\r\n", DONE) },
		    1, "200 text/event-stream " DONE, "none" },
		{ { .text = http_stream("data: {\"error\":{\"message\":\"overloaded\"}}\n\n") }, 1,
		    "200 text/event-stream data: {\"error\":{\"message\":\"overloaded\"}}\n\n",
		    "none" },
	};

	(void)state;
	expect_failures(rows, sizeof(rows) / sizeof(rows[0]));
	assert_log(rows[1].door, "active\nusage 28 1 0 1\n"); /* what came is paid for */
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

/* --- the lane ------------------------------------------------------------------------------ */

/* What D was told, with "N s to go" for every such number. */
static const char *told(const struct door *d)
{
	struct str log = buf_str(&d->log);
	struct buf b;

	buf_init(&b, MIB(1));
	while (log.n) {
		struct str line = str_line(&log);
		ptrdiff_t comma = str_find(line, STR(", "));

		if (str_ends(line, STR(" s to go")) && comma > 0)
			buf_printf(&b, "%.*s, N s to go\n", (int)comma, line.p);
		else
			buf_printf(&b, "%.*s\n", STR_ARG(line));
	}
	const char *text = arena_cstr(arena, buf_str(&b));

	buf_fini(&b);
	return text;
}

static void who_is_asked_to_wait_comes_back_no_sooner(void **state)
{
	const struct answer answers[] = {
		{ .text = http(503, "Retry-After: 1\r\n", "") },
		{ .text = http_json(JSON_ANSWER(5, 7)) },
	};
	struct server *s = server_with(answers);
	struct door *d;

	(void)state;
	upstream_is(s);
	d = door_open("up", "token");
	assert_string_equal(ask(d, CHAT("hello")), YES);
	assert_true(s->asked[1].at - s->asked[0].at >= 1000 - SLACK);
	assert_string_equal(verdict(d), "none");
	assert_log(d, "active\nusage 5 7 0 1\n");
}

/* The second door has done nothing wrong, and waits all the same, behind the first. */
static void a_rate_limit_stops_the_whole_lane(void **state)
{
	const struct answer answers[] = {
		{ .text = http(429, "retry-after:  2 \r\n", "") },
		{ .text = http_json(JSON_ANSWER(5, 7)) },
	};
	static const char log[] =
	    "active\nwaiting: rate limited, N s to go\ngoes on\nusage 5 7 0 1\n";
	struct server *s = server_with(answers);
	struct door *first, *second;

	(void)state;
	upstream_at("up", server_url(s), KEY, 1);
	first = door_open("up", "token");
	second = door_open("up", "token");
	struct client *one = asks(first, CHAT("one"));

	until(s->n == 1);
	settle();
	struct client *two = asks(second, CHAT("two"));

	assert_string_equal(client_answer(one), YES);
	assert_string_equal(client_answer(two), YES);
	assert_int_equal(s->n, 3);
	assert_true(str_contains(s->asked[1].text, STR("one")));
	assert_true(str_contains(s->asked[2].text, STR("two")));
	assert_true(s->asked[1].at - s->asked[0].at >= 2000 - SLACK);
	assert_string_equal(told(first), log);
	assert_string_equal(told(second), log);
}

static void a_lane_is_as_wide_as_it_says(void **state)
{
	static const char *const words[] = { "zero", "one", "two", "three", "four" };
	static const struct {
		unsigned asked_for, width;
	} rows[] = { { 1, 1 }, { 3, 3 }, { 0, 2 } }; /* 0 on this machine: two */

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		const char *name = arena_printf(arena, "lane %zu", k);
		struct server *s = server_mute();
		struct client *all[5];

		upstream_at(name, server_url(s), KEY, rows[k].asked_for);
		for (size_t i = 0; i < 5; i++) {
			struct door *d = door_open(name, "token");

			all[i] = asks(d, arena_printf(arena, CHAT("%s"), words[i]));
			until(log_has(d, "active\n"));
		}
		for (size_t i = 0; i < 5; i++) {
			size_t flying = i + rows[k].width < 5 ? i + rows[k].width : 5;

			until(s->n >= flying);
			settle();
			assert_int_equal(s->n, flying);
			assert_true(str_contains(s->asked[i].text, str_from(words[i])));
			server_say(s, i, http_json(JSON_ANSWER(5, 7)));
			assert_string_equal(client_answer(all[i]), YES);
		}
	}
}

static void who_waits_is_told_how_many_are_ahead(void **state)
{
	struct server *s = server_mute();
	struct door *all[4];

	(void)state;
	upstream_at("up", server_url(s), KEY, 2);
	for (size_t i = 0; i < 4; i++) {
		all[i] = door_open("up", "token");
		asks(all[i], CHAT("hello"));
		until(log_has(all[i], "active\n"));
	}
	until(log_has(all[2], "waiting") && log_has(all[3], "waiting"));
	assert_int_equal(s->n, 2);
	server_say(s, 1, http_json(JSON_ANSWER(5, 7)));
	until(s->n == 3);
	assert_log(all[0], "active\n");
	assert_log(all[1], "active\nusage 5 7 0 1\n");
	assert_log(all[2], "active\nwaiting: waiting for model (2 ahead)\ngoes on\n");
	assert_log(all[3], "active\nwaiting: waiting for model (3 ahead)\n");
}

static void a_quota_that_is_gone_stops_everybody(void **state)
{
	static const char notice[] =
	    "notice: quota: \"up\" is paused for 1:00 (the model server said 429: no more "
	    "(insufficient_quota))\n";
	const struct answer no_more[] = {
		{ .text = http_error(
		      429, "", "{\"message\":\"no more\",\"code\":\"insufficient_quota\"}") }
	};
	const struct answer yes[] = { { .text = http_json(JSON_ANSWER(5, 7)) } };
	struct server *s = server_with(no_more), *elsewhere = server_with(yes);
	struct door *first, *second, *third, *other;

	(void)state;
	upstream_is(s);
	upstream_at("other", server_url(elsewhere), KEY, 1);
	first = door_open("up", "token");
	second = door_open("up", "token");
	other = door_open("other", "token");
	assert_string_equal(ask(first, CHAT("hello")),
	    FAILED("400", "the model server said 429: no more (insufficient_quota)"));
	assert_string_equal(
	    verdict(first), "quota: the model server said 429: no more (insufficient_quota)");
	assert_log(first, arena_printf(arena, "active\n%s", notice));
	assert_log(second, notice);

	asks(second, CHAT("hello"));
	third = door_open("up", "token");
	asks(third, CHAT("hello"));
	assert_string_equal(ask(first, CHAT("hello")),
	    REFUSED(
		"400", "the model server said 429: no more (insufficient_quota)", "tutti_refused"));
	until(log_has(second, "waiting") && log_has(third, "waiting"));
	assert_string_equal(told(second),
	    arena_printf(arena, "%sactive\nwaiting: quota used up, N s to go\n", notice));
	assert_string_equal(told(third), "active\nwaiting: quota used up, N s to go\n");
	assert_string_equal(verdict(second), "none");
	assert_int_equal(s->n, 1);
	assert_string_equal(ask(other, CHAT("hello")), YES);
	assert_log(other, "active\nusage 5 7 0 1\n");
}

/* --- the budget of a run ------------------------------------------------------------------- */

static void the_attempts_of_a_run_share_its_tokens(void **state)
{
	const struct answer yes[] = { { .text = http_json(JSON_ANSWER(5, 7)) } };
	static struct budget budget = { .limit = 38 }, of_another_run = { .limit = 38 };
	struct server *s = server_with(yes);
	struct door *all[3], *other;

	(void)state;
	upstream_is(s);
	for (size_t i = 0; i < 3; i++) {
		all[i] = door_of_run("up", "token", &budget);
		assert_int_equal(budget.used, 12 * i);
		assert_string_equal(ask(all[i], CHAT("hello")), i < 2 ? YES : BUDGET_SPENT("38"));
		assert_int_equal(budget.reserved, 0);
	}
	assert_string_equal(ask(all[0], CHAT("hello")), BUDGET_SPENT("38"));
	assert_string_equal(verdict(all[0]), "quota: the run's token budget (38) is used up");
	assert_string_equal(verdict(all[1]), "none");
	assert_log(all[2], "active\nnotice: the run's token budget (38) is used up\n");
	assert_int_equal(s->n, 2);

	other = door_of_run("up", "token", &of_another_run);
	assert_string_equal(ask(other, CHAT("hello")), YES);
	assert_string_equal(ask(door_open("up", "token"), CHAT("hello")), YES);
}

/* A request is held to be as large as its text, until its answer says. */
static void what_is_on_its_way_counts_as_spent(void **state)
{
	static struct budget budget = { .limit = 29 };
	struct server *s = server_mute();
	struct door *d;

	(void)state;
	upstream_is(s);
	d = door_of_run("up", "token", &budget);
	struct client *c = asks(d, CHAT("hello"));

	until(s->n == 1);
	assert_int_equal(budget.reserved, 15);
	assert_string_equal(
	    ask(door_of_run("up", "token", &budget), CHAT("hello")), BUDGET_SPENT("29"));
	server_say(s, 0, http_json(JSON_ANSWER(5, 7)));
	assert_string_equal(client_answer(c), YES);
	assert_int_equal(budget.reserved, 0);
	assert_int_equal(budget.used, 12);
	c = asks(d, CHAT("hello"));
	until(s->n == 2);
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
		T(who_is_asked_to_wait_comes_back_no_sooner),
		T(a_rate_limit_stops_the_whole_lane),
		T(a_lane_is_as_wide_as_it_says),
		T(who_waits_is_told_how_many_are_ahead),
		T(a_quota_that_is_gone_stops_everybody),
		T(the_attempts_of_a_run_share_its_tokens),
		T(what_is_on_its_way_counts_as_spent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
