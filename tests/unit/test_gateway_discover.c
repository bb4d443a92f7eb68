/* Looking for a model server. That blocks, so the server that is found has a thread of its own. */
#include "gateway.h"

#include "base/json.h"

#include <pthread.h>

static uv_loop_t there; /* the server's loop */
static uv_async_t end_there;
static pthread_t thread;
static struct server *found;
static struct arena *mine; /* the other one is the server's */
static const char *asked;  /* what it was asked, all in one, when it has ended */

static void on_end(uv_async_t *async)
{
	asked = "";
	for (size_t i = 0; i < found->n; i++)
		asked = arena_printf(arena, "%s%.*s", asked, STR_ARG(found->asked[i].text));
	server_close(found);
	uv_close((uv_handle_t *)async, NULL);
}

static void *serve(void *ctx)
{
	uv_run(ctx, UV_RUN_DEFAULT);
	return NULL;
}

/* A server that answers so; NULL: not at all. Returns its port. */
static unsigned serve_begin(const struct answer *answer)
{
	unsigned port;

	uv_loop_init(&there);
	uv_async_init(&there, &end_there, on_end);
	found = server_on(&there, answer, answer ? 1 : 0);
	port = found->port;
	assert_int_equal(pthread_create(&thread, NULL, serve, &there), 0);
	return port;
}

static void serve_end(void)
{
	uv_async_send(&end_there);
	pthread_join(thread, NULL);
	assert_int_equal(uv_loop_close(&there), 0);
}

static int set_up_alone(void **state)
{
	static const char *const names[] = { "OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL",
		"http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	mine = arena_create("discover", MIB(64));
	return set_up(state);
}

static int tear_down_alone(void **state)
{
	arena_destroy(mine);
	return tear_down(state);
}

/* TEXT with P in place of the port. */
static const char *without_port(const char *text, unsigned port)
{
	struct str rest = str_from(text), digits = str_from(arena_printf(mine, ":%u", port));
	struct buf b;

	buf_init(&b, MIB(1));
	for (ptrdiff_t at; (at = str_find(rest, digits)) >= 0;) {
		buf_printf(&b, "%.*s:P", (int)at, rest.p);
		rest = str_skip(rest, (size_t)at + digits.n);
	}
	buf_add(&b, rest);
	const char *shown = arena_cstr(mine, buf_str(&b));

	buf_fini(&b);
	return shown;
}

/* What is found, "URL MODEL TRIED". */
static const char *discover(void)
{
	struct upstream_config conf = { 0 };
	json_t *tried = NULL;
	int rc = upstream_discover(mine, &conf, &tried);
	char *text = json_dump(tried);
	const char *shown = arena_printf(
	    mine, "%s %s %s", rc ? "nothing" : conf.url, conf.model ? conf.model : "-", text);

	free(text);
	json_decref(tried);
	return shown;
}

/* With OPENAI_BASE_URL at PATH of a server that answers so. */
static const char *discover_at(const char *path, const struct answer *answer)
{
	unsigned port = serve_begin(answer);
	const char *shown;

	setenv("OPENAI_BASE_URL", arena_printf(mine, "http://127.0.0.1:%u%s", port, path), 1);
	shown = without_port(discover(), port);
	serve_end();
	asked = without_port(asked, port);
	return shown;
}

#define ASKED(target, more) \
	"GET " target " HTTP/1.1\r\nHost: 127.0.0.1:P\r\nAccept: */*\r\n" more "\r\n"
#define LIST "{\"data\":[{\"id\":\"first\"},{\"id\":\"second\"}]}"
#define TRIED(url, ok, detail) \
	"[{\"name\":\"environment\",\"url\":\"" url "\",\"ok\":" ok ",\"detail\":\"" detail "\"}]"
#define TWO(url) url " first " TRIED(url, "true", "2 models, first \\\"first\\\"")

static void the_base_url_is_taken_as_it_is_without_its_last_slashes(void **state)
{
	static const struct {
		const char *path, *shown, *asked;
	} rows[] = {
		{ "/v1", TWO("http://127.0.0.1:P/v1"), ASKED("/v1/models", "") },
		{ "/v1/", TWO("http://127.0.0.1:P/v1"), ASKED("/v1/models", "") },
		{ "/v1///", TWO("http://127.0.0.1:P/v1"), ASKED("/v1/models", "") },
		{ "", TWO("http://127.0.0.1:P"), ASKED("/models", "") },
		{ "/", TWO("http://127.0.0.1:P"), ASKED("/models", "") },
		{ "/open/ai", TWO("http://127.0.0.1:P/open/ai"), ASKED("/open/ai/models", "") },
	};
	const struct answer list = { .text = http_json(LIST) };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(discover_at(rows[i].path, &list), rows[i].shown);
		assert_string_equal(asked, rows[i].asked);
	}
}

static void the_key_of_the_environment_is_shown_to_its_server(void **state)
{
	const struct answer list = { .text = http_json(LIST) };

	(void)state;
	setenv("OPENAI_API_KEY", KEY, 1);
	assert_string_equal(discover_at("/v1", &list), TWO("http://127.0.0.1:P/v1"));
	assert_string_equal(asked, ASKED("/v1/models", "Authorization: Bearer " KEY "\r\n"));
}

static void a_key_that_is_none_is_shown_to_nobody(void **state)
{
	const struct answer list = { .text = http_json(LIST) };

	(void)state;
	setenv("OPENAI_API_KEY", KEY "\r\nX-Evil: y", 1);
	assert_string_equal(
	    discover_at("/v1", &list), "http://127.0.0.1:P/v1 - " TRIED(
					   "http://127.0.0.1:P/v1", "false", "its key is no key"));
	assert_string_equal(asked, "");
	setenv("OPENAI_API_KEY", "", 1);
	assert_string_equal(discover_at("/v1", &list), TWO("http://127.0.0.1:P/v1"));
	assert_string_equal(asked, ASKED("/v1/models", ""));
}

static void a_model_that_was_named_is_the_model(void **state)
{
	const struct answer list = { .text = http_json(LIST) };

	(void)state;
	setenv("OPENAI_MODEL", "mine", 1);
	assert_string_equal(
	    discover_at("/v1", &list), "http://127.0.0.1:P/v1 mine " TRIED("http://127.0.0.1:P/v1",
					   "true", "2 models, first \\\"first\\\""));
	setenv("OPENAI_MODEL", "", 1);
	assert_string_equal(discover_at("/v1", &list), TWO("http://127.0.0.1:P/v1"));
}

/* Somebody meant that server: it is the one, and whoever needs a model hears why there is none. */
static void a_base_url_counts_whatever_its_server_says(void **state)
{
#define NONE(detail) "http://127.0.0.1:P/v1 - " TRIED("http://127.0.0.1:P/v1", "false", detail)
#define NO_MODELS \
	"http://127.0.0.1:P/v1  " TRIED("http://127.0.0.1:P/v1", "true", "0 models, first \\\"\\\"")
	char *large = arena_alloc(arena, MIB(4) + 2);
	const struct {
		struct answer answer;
		const char *shown;
	} rows[] = {
		{ { .text = http_json("{\"data\":[]}") }, NO_MODELS },
		{ { .text = http_json("{\"data\":[{\"name\":\"x\"},\"y\",7,null,{\"id\":\"\"}]}") },
		    NO_MODELS },
		{ { .text = http(401, "", "{\"error\":\"" KEY "\"}") },
		    NONE("it answered with status 401") },
		{ { .text = http(403, "", "") }, NONE("it answered with status 403") },
		{ { .text = http(500, "", LIST) }, NONE("it answered with status 500") },
		{ { .text = http(302, "Location: http://127.0.0.1:1/\r\n", LIST) },
		    NONE("it answered with status 302") },
		{ { .text = http_json("<html>") }, NONE("its answer is no list of models") },
		{ { .text = http_json("{\"data\":{}}") }, NONE("its answer is no list of models") },
		{ { .text = http_json("[\"a\"]") }, NONE("its answer is no list of models") },
		{ { .text = http_json(memset(large, ' ', MIB(4) + 1)) },
		    NONE("its answer is larger than 4 MiB") },
		{ { .text = "", .close = true },
		    NONE("Server returned nothing (no headers, no data)") },
		{ { .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", .close = true },
		    NONE("Transferred a partial file") },
	};

	(void)state;
	setenv("OPENAI_API_KEY", KEY, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(discover_at("/v1", &rows[i].answer), rows[i].shown);
		assert_string_equal(
		    asked, ASKED("/v1/models", "Authorization: Bearer " KEY "\r\n"));
	}
}

static void this_machine_is_not_asked_through_a_proxy(void **state)
{
	const struct answer list = { .text = http_json(LIST) };

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	assert_string_equal(discover_at("/v1", &list), TWO("http://127.0.0.1:P/v1"));
	assert_string_equal(asked, ASKED("/v1/models", ""));
	unsetenv("http_proxy");
}

/* What is usually there is not ours to say here. */
static void without_a_base_url_the_usual_places_are_looked_at(void **state)
{
	static const char *const bases[] = { NULL, "" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct upstream_config conf;
		json_t *tried = NULL;

		if (bases[i])
			setenv("OPENAI_BASE_URL", bases[i], 1);
		int rc = upstream_discover(mine, &conf, &tried);
		char *first = json_dump(json_array_get(tried, 0));

		assert_string_equal(first,
		    "{\"name\":\"environment\",\"url\":\"OPENAI_BASE_URL\",\"ok\":false,"
		    "\"detail\":\"not set\"}");
		assert_true(json_array_size(tried) >= 2);
		assert_true(rc == 0 || (rc == -ENOENT && json_array_size(tried) == 5));
		free(first);
		json_decref(tried);
	}
}

/* --- one server ---------------------------------------------------------------------------- */

static void a_server_lists_its_models(void **state)
{
	const struct answer list = { .text = http_json(LIST) };
	unsigned port = serve_begin(&list);
	const struct upstream_config conf = { .url = arena_printf(
						  mine, "http://127.0.0.1:%u/v1/", port) };
	struct err err;
	json_t *ids = upstream_models(&conf, &err);
	char *text = json_dump(ids);

	(void)state;
	serve_end();
	assert_string_equal(text, "[\"first\",\"second\"]");
	assert_string_equal(without_port(asked, port), ASKED("/v1/models", ""));
	assert_string_equal(without_port(asked, port), ASKED("/v1/models", ""));
	free(text);
	json_decref(ids);
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
	unsigned port = serve_begin(NULL);
	const struct upstream_config conf = { .url = arena_printf(
						  mine, "http://127.0.0.1:%u/v1", port) };
	uint64_t before = uv_hrtime();
	struct err err = { 0 };

	(void)state;
	assert_null(upstream_models(&conf, &err));
	assert_true(uv_hrtime() - before < 20000000000);
	serve_end();
	assert_int_equal(err.code, -EIO);
	assert_string_equal(
	    without_port(err.what, port), "http://127.0.0.1:P/v1 does not list its models");
	assert_string_equal(err.why, "Timeout was reached");
}

static void a_server_that_wants_a_key_says_so(void **state)
{
	static const int statuses[] = { 401, 403, 404 }, codes[] = { -EACCES, -EACCES, -EIO };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct answer answer = { .text = http(statuses[i], "", "") };
		unsigned port = serve_begin(&answer);
		const struct upstream_config conf = { .url = arena_printf(
							  mine, "http://127.0.0.1:%u/v1", port) };
		struct err err = { 0 };

		assert_null(upstream_models(&conf, &err));
		serve_end();
		assert_int_equal(err.code, codes[i]);
		assert_string_equal(
		    err.why, arena_printf(mine, "it answered with status %d", statuses[i]));
	}
}

int main(void)
{
#define A(f) cmocka_unit_test_setup_teardown(f, set_up_alone, tear_down_alone)
	const struct CMUnitTest tests[] = {
		A(the_base_url_is_taken_as_it_is_without_its_last_slashes),
		A(the_key_of_the_environment_is_shown_to_its_server),
		A(a_key_that_is_none_is_shown_to_nobody),
		A(a_model_that_was_named_is_the_model),
		A(a_base_url_counts_whatever_its_server_says),
		A(this_machine_is_not_asked_through_a_proxy),
		A(without_a_base_url_the_usual_places_are_looked_at),
		A(a_server_lists_its_models),
		A(a_server_that_says_nothing_is_given_up),
		A(a_server_that_wants_a_key_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
