/* The gateway as a worker's child sees it: what opens the door, what passes, what comes back. */
#include "gateway.h"

#define OTHERS "{\"error\":{\"message\":"
#define REFUSED(status, message, type)                                        \
	status " application/json " OTHERS "\"" message "\",\"type\":\"" type \
	       "\",\"code\":\"" type "\"}}"
#define STRANGER REFUSED("401", "this token is not of this attempt", "invalid_api_key")
#define ELSEWHERE REFUSED("404", "only /v1/models and /v1/chat/completions are here", "not_found")
#define NO_CHAT REFUSED("400", "this is no chat completion request", "invalid_request_error")
#define TOO_LARGE REFUSED("413", "the request is larger than 16 MiB", "invalid_request_error")
#define MODELS                                                                                    \
	"200 application/json {\"object\":\"list\",\"data\":[{\"id\":\"m\",\"object\":\"model\"," \
	"\"owned_by\":\"tutti\"}]}"
#define YES "200 application/json " JSON_ANSWER(5, 7)

static struct server *up;
static struct door *door;

/* A server that says yes, and the door of one attempt. */
static int set_up_door(void **state)
{
	static struct answer yes[1];
	int rc = set_up(state);

	yes[0].text = http_json(JSON_ANSWER(5, 7));
	up = server_with(yes);
	upstream_is(up);
	door = door_open("up", "token");
	return rc;
}

/* As above, but it says nothing by itself. */
static int set_up_mute(void **state)
{
	int rc = set_up(state);

	up = server_mute();
	upstream_is(up);
	door = door_open("up", "token");
	return rc;
}

/* --- keys and tokens ----------------------------------------------------------------------- */

static const char *without_date(struct str message)
{
	struct buf b;

	buf_init(&b, MIB(1));
	while (message.p) {
		struct str line = str_line(&message);

		if (!str_starts(line, STR("Date: ")))
			buf_printf(&b, "%.*s%s", STR_ARG(line), message.p ? "\n" : "");
	}
	const char *text = arena_cstr(arena, buf_str(&b));

	buf_fini(&b);
	return text;
}

static void the_key_goes_up_and_the_token_stays(void **state)
{
	static const char request[] =
	    "POST /v1/chat/completions?x=token HTTP/1.1\r\nHost: token\r\nAuthorization: Bearer "
	    "token\r\n"
	    "X-Api-Key: token\r\nCookie: token\r\nOpenAI-Organization: token\r\n"
	    "Content-Length: 60\r\n\r\n"
	    "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"model\":\"x\"}";
	static const char answer[] =
	    "HTTP/1.1 200 Fine\r\nContent-Type: application/json\r\nSet-Cookie: " KEY
	    "\r\nX-Key: " KEY "\r\nContent-Length: 14\r\n\r\n{\"choices\":[]}";

	(void)state;
	struct client *c = client_asks(door, str_from(request));

	until(up->n == 1);
	assert_str(up->asked[0].text,
	    arena_printf(arena,
		"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\n"
		"Content-Type: application/json\r\nAuthorization: Bearer " KEY "\r\n"
		"Content-Length: 60\r\n\r\n"
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"model\":\"m\"}",
		up->port));
	server_say(up, 0, answer);
	until(is_answered(c));
	assert_string_equal(without_date(buf_str(&c->got)),
	    "HTTP/1.1 200 OK\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n"
	    "E\n{\"choices\":[]}\n0\n\n");
}

static void only_the_token_of_the_attempt_opens_its_door(void **state)
{
	static const char *const wrong[] = { "", "Authorization: \r\n", "Authorization: Bearer\r\n",
		"Authorization: Bearer \r\n", "Authorization: Bearer toke\r\n",
		"Authorization: Bearer tokens\r\n", "Authorization: Bearer Token\r\n",
		"Authorization: Bearer other\r\n", "Authorization: Bearer " KEY "\r\n",
		"Authorization: Basic token\r\n", "Authorization: token\r\n",
		"Authorization: Bearer token, Bearer token\r\n", "X-Api-Key: token\r\n",
		"Cookie: Authorization=Bearer token\r\n" };

	(void)state;
	door_open("up", "other");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *post = arena_printf(arena,
		    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n"
		    "%s",
		    wrong[i], strlen(CHAT("hello")), CHAT("hello"));
		const char *get =
		    arena_printf(arena, "GET /v1/models HTTP/1.1\r\nHost: x\r\n%s\r\n", wrong[i]);

		assert_string_equal(tell(door, str_from(post)), STRANGER);
		assert_string_equal(tell(door, str_from(get)), STRANGER);
	}
	assert_string_equal(ask(door, CHAT("hello")), YES);
	assert_int_equal(up->n, 1);
	assert_log(door, "active\nusage 5 7 0 1\n");
}

/* --- what passes --------------------------------------------------------------------------- */

#define HEAD "Host: x\r\nAuthorization: Bearer token\r\n"
#define POST "POST /v1/chat/completions HTTP/1.1\r\n" HEAD
#define GET "GET /v1/models HTTP/1.1\r\n" HEAD
#define HELLO "Content-Length: 48\r\n\r\n" CHAT("hello")

struct row {
	struct str request;
	const char *answer;
};

/* Each of them over a connection of its own, and nothing of it goes up. */
static void expect_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = tell(door, rows[i].request);

		if (strcmp(got, rows[i].answer) != 0)
			fail_msg("%.*s\n  got  %s\n  want %s", STR_ARG(rows[i].request), got,
			    rows[i].answer);
	}
	assert_string_equal(ask(door, CHAT("hello")), YES);
	assert_int_equal(up->n, 1);
}

static void only_two_things_are_behind_the_door(void **state)
{
	const struct row rows[] = {
		{ STR(GET "\r\n"), MODELS },
		{ STR("GET /v1/models?limit=1 HTTP/1.1\r\n" HEAD "\r\n"), MODELS },
		{ STR("GET /v1/chat/completions HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("POST /v1/models HTTP/1.1\r\n" HEAD HELLO), ELSEWHERE },
		{ STR("PUT /v1/models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("DELETE /v1/models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("get /v1/models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("PUT /v1/chat/completions HTTP/1.1\r\n" HEAD HELLO), ELSEWHERE },
		{ STR("POST /v1/embeddings HTTP/1.1\r\n" HEAD HELLO), ELSEWHERE },
		{ STR("POST /v1/chat/completions/ HTTP/1.1\r\n" HEAD HELLO), ELSEWHERE },
		{ STR("GET / HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("OPTIONS * HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET http://evil.example/v1/models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("POST http://evil.example/v1/chat/completions HTTP/1.1\r\n" HEAD HELLO),
		    ELSEWHERE },
		{ STR("CONNECT evil.example:443 HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("CONNECT /v1/models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET //v1/models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET /v1//models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET /v1/../v1/models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET /v1/./models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET /v1%2fmodels HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET /v1/model%73 HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET /v1/models%00 HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET /v1/models%0d%0aX:%20y HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
		{ STR("GET \\v1\\models HTTP/1.1\r\n" HEAD "\r\n"), ELSEWHERE },
	};

	(void)state;
	expect_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
#define D(f) cmocka_unit_test_setup_teardown(f, set_up_door, tear_down)
#define M(f) cmocka_unit_test_setup_teardown(f, set_up_mute, tear_down)
	const struct CMUnitTest tests[] = {
		M(the_key_goes_up_and_the_token_stays),
		D(only_the_token_of_the_attempt_opens_its_door),
		D(only_two_things_are_behind_the_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
