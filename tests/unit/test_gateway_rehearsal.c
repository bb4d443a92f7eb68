/* The gateway in front of the rehearsal model, and the native agent behind its door. */
#include "gateway.h"

#include "agent/agent.h"
#include "base/json.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <sys/wait.h>

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

/* --- the native agent ---------------------------------------------------------------------- */

struct agent_run {
	pid_t pid;
	uv_pipe_t out;
	struct buf text; /* its NDJSON */
	bool over;
};

static void on_line(uv_stream_t *out, ssize_t n, const uv_buf_t *bytes)
{
	struct agent_run *run = out->data;

	if (n >= 0)
		buf_add(&run->text, (struct str){ bytes->base, (size_t)n });
	else
		run->over = true;
}

static void agent_child(const struct door *d, int in, int out)
{
	char url[64], agent[] = "agent", name[] = "tutti";
	char option[] = "--url", root[] = "--root", tmp[] = "/tmp";
	char *argv[] = { name, agent, option, url, root, tmp, NULL };

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", d->tcp);
	setenv("TUTTI_TOKEN", d->token, 1);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	_exit(agent_main(6, argv));
}

/* Runs it to its end behind D, and returns its last line. */
static json_t *agent_result(const struct door *d)
{
	struct agent_run run = { 0 };
	int in[2], out[2], status;

	buf_init(&run.text, AGENT_OUTPUT_MAX);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], "Say what there is.\n", 19), 19);
	close(in[1]);
	run.pid = fork();
	if (run.pid == 0)
		agent_child(d, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	uv_pipe_init(&loop, &run.out, 0);
	run.out.data = &run;
	uv_pipe_open(&run.out, out[0]);
	uv_read_start((uv_stream_t *)&run.out, on_room, on_line);
	until(run.over);
	uv_close((uv_handle_t *)&run.out, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(waitpid(run.pid, &status, 0), run.pid);
	assert_int_equal(status, 0);

	struct str rest = str_rtrim(buf_str(&run.text)), last = rest;

	while (rest.p)
		last = str_line(&rest);
	json_t *result = json_parse(last, NULL);

	buf_fini(&run.text);
	assert_non_null(result);
	return result;
}

static const char *agent_ending(const struct door *d)
{
	json_t *result = agent_result(d);
	const char *text =
	    arena_printf(arena, "%s: %s (%zu bytes)", json_get_cstr(result, "ending", "?"),
		json_get_cstr(result, "reason", "?"), json_get_str(result, "answer").n);

	json_decref(result);
	return text;
}

static const char *json_saying(const char *text)
{
	return arena_printf(arena, "{\"choices\":[{\"message\":{\"content\":\"%s\"}}]}", text);
}

static void an_agent_says_which_ceiling_was_passed(void **state)
{
	char *nine_mib = arena_alloc(arena, MIB(9) + 1);
	struct answer answer = { .text = NULL };
	struct server *s = server_on(&loop, &answer, 1);
	struct door *d;

	(void)state;
	memset(nine_mib, 'a', MIB(9));
	upstream_is(s);
	d = door_open("up", "token");
	assert_string_equal(agent_ending(rehearsing("floods", "flood 100000000")),
	    "truncated: the model's answer was cut at 4 MiB (4194288 bytes)");
	answer.text = http_json(json_saying(nine_mib + MIB(4)));
	assert_string_equal(
	    agent_ending(d), "truncated: the model's answer was cut at 4 MiB (0 bytes)");
	answer.text = http_json(json_saying(nine_mib));
	assert_string_equal(agent_ending(d),
	    "endpoint_down: what the model server sent is larger than 8 MiB (0 bytes)");
	answer.text = http_stream(arena_printf(arena, PIECE("%s"), nine_mib));
	assert_string_equal(agent_ending(d),
	    "endpoint_down: an event of the model server is larger than 4 MiB (0 bytes)");
}

/* What is no ceiling is still what it was. */
static void an_agent_says_how_an_answer_broke_off(void **state)
{
	struct answer answer = { .text = http_stream(PIECE("a") "data: {broken\n\n" DONE) };
	struct server *s = server_on(&loop, &answer, 1);
	struct door *d;

	(void)state;
	upstream_is(s);
	d = door_open("up", "token");
	assert_string_equal(
	    agent_ending(d), "endpoint_down: the model server's stream is malformed (1 bytes)");
	answer.text = http_stream(PIECE("a"));
	assert_string_equal(
	    agent_ending(d), "endpoint_down: the model server's stream ended early (1 bytes)");
	answer.text = http_json(JSON_ANSWER(5, 7));
	assert_string_equal(agent_ending(d), "answered:  (3 bytes)");
	answer.text = http_stream(": hm\n\ndata:\n\n" PIECE("yes") DONE);
	assert_string_equal(agent_ending(d), "answered:  (3 bytes)");
	answer.text = http_stream(PIECE("a\\u0000\\ud83d") DONE);
	assert_string_equal(agent_ending(d), "answered:  (7 bytes)");
	answer.text = http(400, "", "{\"error\":\"no\"}");
	assert_string_equal(
	    agent_ending(d), "endpoint_down: the model server said 400: no (0 bytes)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_rehearsal_model_is_behind_the_same_door),
		T(each_misbehaviour_is_met),
		T(a_stall_comes_after_all_that_goes_before),
		T(who_hangs_is_let_go_with_the_gateway),
		T(a_flood_is_cut_at_64_mib),
		T(an_agent_says_which_ceiling_was_passed),
		T(an_agent_says_how_an_answer_broke_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
