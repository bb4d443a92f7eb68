/* The gateway in front of the rehearsal model, and the native agent behind its door. */
#include "gateway.h"

#include "sys/fs.h"

#define PROMPT "# Your task\\n\\nSay what there is.\\n"

/* An upstream NAME that behaves as SCRIPT says, and a door to it. */
static struct door *rehearsing(const char *name, const char *script)
{
	char path[] = "/tmp/tutti-script-XXXXXX";
	int fd = mkstemp(path);
	struct err err;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fs_write(path, str_from(script), 0600, &err), 0);
	upstream_at(name, arena_printf(arena, "rehearsal:%s", path), NULL, 0);
	unlink(path);
	return door_open(name, "token");
}

/* --- the model ----------------------------------------------------------------------------- */

static void the_rehearsal_model_is_behind_the_same_door(void **state)
{
	struct door *d;

	(void)state;
	upstream_at("rehearsal", "rehearsal:", NULL, 0);
	d = door_open("rehearsal", "token");
	struct str json = str_from(ask(d, CHAT(PROMPT)));
	struct str stream = str_from(ask(d, CHAT_STREAM(PROMPT)));

	assert_true(str_starts(json, STR("200 application/json {\"id\":\"chatcmpl-rehearsal-")));
	assert_true(
	    str_starts(stream, STR("200 text/event-stream data: {\"id\":\"chatcmpl-rehearsal-")));
	assert_true(str_ends(stream, STR("\n\n" DONE)));
	assert_string_equal(ask(d, "{\"messages\":[]}"),
	    REFUSED("400",
		"the model server said 400: messages holds no text of a system or user message",
		"upstream_error"));
	assert_log(d, "active\nusage 9 51 0 1\nactive\nusage 18 102 0 2\nactive\n");
}

struct misbehaviour {
	const char *script;
	const char *got; /* how the answer begins */
	const char *verdict;
	struct door *door;
	struct client *client;
};

/* All at once, because some of them are asked again and again. */
static void each_misbehaviour_is_met(void **state)
{
	static const char stream[] = "200 text/event-stream data: {";
	struct misbehaviour rows[] = {
		{ "times=4 status 503", stream, "none" },
		{ "times=1 close", stream, "none" },
		{ "times=1 html", stream, "none" },
		{ "times=1 rate-limit 1", stream, "none" },
		{ "malformed 1", stream, "none" },
		{ "huge 2000000", stream, "none" },
		{ "delay 1", stream, "none" },
		{ "cut 1", stream, "endpoint_down: the model server broke off its answer" },
		{ "status 503", "400",
		    "endpoint_down: the model server said 503: The server had an error while "
		    "processing your request." },
		{ "html", "400",
		    "endpoint_down: the model server said 502: <html><body>Bad "
		    "Gateway</body></html>" },
		{ "close", "400",
		    "endpoint_down: the model server gave no answer: the connection was closed" },
		{ "rate-limit 300", "400",
		    "rate_limited: the model server said 429: Rate limit reached, try again "
		    "later." },
		{ "quota", "400",
		    "quota: the model server said 429: You exceeded your current quota, please "
		    "check your plan and billing details." },
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		rows[i].door = rehearsing(arena_printf(arena, "%zu", i), rows[i].script);
		rows[i].client = asks(rows[i].door, CHAT_STREAM(PROMPT));
	}
	for (size_t i = 0; i < n; i++) {
		const char *got = client_answer(rows[i].client), *says = verdict(rows[i].door);

		if (strncmp(got, rows[i].got, strlen(rows[i].got)) != 0 ||
		    strcmp(says, rows[i].verdict) != 0)
			fail_msg("%s\ngot  %.200s\nwant %s\nsays %s\nwant %s", rows[i].script, got,
			    rows[i].got, says, rows[i].verdict);
	}
}

static size_t n_events(const struct client *c)
{
	struct str rest = body_of(buf_str(&c->got));
	size_t n = 0;

	for (ptrdiff_t at; (at = str_find(rest, STR("\n\n"))) >= 0; n++)
		rest = str_skip(rest, (size_t)at + 2);
	return n;
}

static void a_stall_comes_after_all_that_goes_before(void **state)
{
	struct door *d = rehearsing("stalls", "huge 2000000\nstall 1500\n");
	struct client *c = asks(d, CHAT_STREAM(PROMPT));

	(void)state;
	until(n_events(c) == 1500);
	assert_string_equal(verdict(d), "none");
	door_close(d);
	until(c->closed);
}

static void who_hangs_is_let_go_with_the_gateway(void **state)
{
	struct client *hangs = asks(rehearsing("hangs", "hang"), CHAT_STREAM(PROMPT));
	struct door *d = rehearsing("late", "delay 3600000");
	struct client *late_one = asks(d, CHAT_STREAM(PROMPT));

	(void)state;
	until(log_has(d, "active\n"));
	settle();
	gateway_destroy(gateway);
	gateway = NULL;
	assert_string_equal(client_answer(hangs), "closed");
	assert_string_equal(client_answer(late_one), "closed");
}

static void a_flood_is_cut_at_64_mib(void **state)
{
	struct door *d = rehearsing("floods", "flood 100000000");
	struct client *c = asks(d, CHAT_STREAM(PROMPT));

	(void)state;
	until(c->closed);
	assert_in_range(c->got.n, MODEL_RESPONSE_MAX - MIB(1), MODEL_RESPONSE_MAX + MIB(1));
	assert_false(whole(buf_str(&c->got)));
	assert_string_equal(verdict(d), "endpoint_down: the model server sent more than 64 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_rehearsal_model_is_behind_the_same_door),
		T(each_misbehaviour_is_met),
		T(a_stall_comes_after_all_that_goes_before),
		T(who_hangs_is_let_go_with_the_gateway),
		T(a_flood_is_cut_at_64_mib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
