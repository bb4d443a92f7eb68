/* Codecs: rules that hold for every session, and what answers and errors amount to. */
#include "play.h"

#include "agent/priv.h"

#define QWEN_INIT                                                                 \
	"{\"type\":\"system\",\"subtype\":\"init\",\"permission_mode\":\"plan\"," \
	"\"tools\":[\"read_file\"]}\n"

#define NATIVE_INIT "{\"type\":\"init\",\"mode\":\"read-only\",\"tools\":[\"read_file\"]}\n"

static const char *repeat(struct arena *a, const char *text, size_t n)
{
	struct buf b;

	buf_init(&b, AGENT_LINE_MAX);
	while (n--)
		buf_adds(&b, text);
	const char *all = arena_cstr(a, buf_str(&b));

	buf_fini(&b);
	return all;
}

/* --- sessions --------------------------------------------------------------------------- */

static void play_call(struct play *p, const char *id, const char *tool)
{
	play_lines(
	    p, str_from(arena_printf(p->arena,
		   "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"tool_use\","
		   "\"id\":\"%s\",\"name\":\"%s\"}]}}\n",
		   id, tool)));
}

static void play_success(struct play *p, const char *id)
{
	play_lines(p, str_from(arena_printf(p->arena,
			  "{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\","
			  "\"tool_use_id\":\"%s\",\"is_error\":false}]}}\n",
			  id)));
}

/* More calls at once than the codec keeps: the first is forgotten, not overlooked. */
static void a_call_that_writes_cannot_hide_behind_many(void **state)
{
	struct play p;

	(void)state;
	play_begin(&p, &adapter_qwen);
	play_lines(&p, STR(QWEN_INIT));
	play_call(&p, "w", "write_file");
	for (int i = 0; i < 300; i++)
		play_call(&p, arena_printf(p.arena, "r%d", i), "read_file");
	for (int i = 299; i >= 200; i--)
		play_success(&p, arena_printf(p.arena, "r%d", i));
	assert_int_equal(p.violations, 0);
	play_success(&p, "w");
	assert_int_equal(p.violations, 1);
	play_end(&p);
}

/* What our agent says of its own ending, and what becomes of that: CRASHED where it cannot know. */
static void an_agent_claims_only_what_it_can_know(void **state)
{
	static const struct {
		const char *claim;
		enum ending want;
	} rows[] = {
		{ "answered", ENDING_ANSWERED },
		{ "empty", ENDING_EMPTY },
		{ "asked", ENDING_ASKED },
		{ "refused", ENDING_REFUSED },
		{ "denied", ENDING_DENIED },
		{ "rate_limited", ENDING_RATE_LIMITED },
		{ "quota", ENDING_QUOTA },
		{ "truncated", ENDING_TRUNCATED },
		{ "endpoint_down", ENDING_ENDPOINT_DOWN },
		{ "none", ENDING_CRASHED },
		{ "contract_broken", ENDING_CRASHED },
		{ "timed_out", ENDING_CRASHED },
		{ "stalled", ENDING_CRASHED },
		{ "crashed", ENDING_CRASHED },
		{ "lost", ENDING_CRASHED },
		{ "cancelled", ENDING_CRASHED },
		{ "splendid", ENDING_CRASHED },
		{ "", ENDING_CRASHED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct play p;

		play_begin(&p, &adapter_native);
		play_lines(&p, STR(NATIVE_INIT));
		play_lines(
		    &p, str_from(arena_printf(p.arena,
			    "{\"type\":\"result\",\"ending\":\"%s\",\"answer\":\"Two files.\"}\n",
			    rows[i].claim)));
		struct outcome o = play_exit(&p, EXIT(0), "");

		assert_string_equal(ending_name(o.ending), ending_name(rows[i].want));
		play_end(&p);
	}
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), ENDINGS + 2);
}

/* The shortest session of each that is an answer. */
static const struct {
	const struct adapter_ops *ops;
	const char *lines;
} shortest[] = {
	{ &adapter_native,
	    NATIVE_INIT "{\"type\":\"result\",\"ending\":\"answered\",\"answer\":\"Two files.\"}" },
	{ &adapter_qwen,
	    QWEN_INIT "{\"type\":\"result\",\"is_error\":false,\"result\":\"Two files.\"}" },
	{ &adapter_claude,
	    "{\"type\":\"system\",\"subtype\":\"init\",\"permissionMode\":\"plan\",\"tools\":[]}\n"
	    "{\"type\":\"result\",\"is_error\":false,\"subtype\":\"success\","
	    "\"terminal_reason\":\"completed\",\"result\":\"Two files.\"}" },
	{ &adapter_gemini,
	    "{\"type\":\"init\"}\n{\"type\":\"message\",\"role\":\"assistant\","
	    "\"content\":\"Two files.\"}\n{\"type\":\"result\",\"status\":\"success\"}" },
	{ &adapter_codex, "{\"type\":\"turn.started\"}\n"
			  "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\","
			  "\"text\":\"Two files.\"}}\n"
			  "{\"type\":\"turn.completed\"}" },
	{ &adapter_opencode, "{\"type\":\"step_start\"}\n"
			     "{\"type\":\"text\",\"part\":{\"text\":\"Two files.\"}}\n"
			     "{\"type\":\"step_finish\",\"part\":{\"reason\":\"stop\"}}" },
};

static const char *shortest_of(const struct adapter_ops *ops)
{
	for (size_t i = 0; i < sizeof(shortest) / sizeof(shortest[0]); i++)
		if (shortest[i].ops == ops)
			return shortest[i].lines;
	fail_msg("nobody wrote down what %s says", ops->name);
	return NULL;
}

/* What a session says when LINES follow its result, which the last of several would replace. */
static struct str followed_by(
    struct arena *a, const struct adapter_ops *ops, const struct str *lines)
{
	struct play p;

	play_begin(&p, ops);
	play_lines(&p, str_from(shortest_of(ops)));
	for (; lines->p; lines++)
		session_line(p.session, *lines, false);
	play_exit(&p, EXIT(0), "");
	struct str said = arena_dup(a, buf_str(&p.out));

	play_end(&p);
	return said;
}

static void bytes_that_are_no_event_change_nothing(void **state)
{
	struct arena *a = arena_create("bytes", ARENA_JOB);
	const struct str nothing[] = { { NULL, 0 } };
	const struct str noise[] = { STR(""), STR("\0\0"), STR("{\"type\":\"result\"}\0"),
		STR("\xff\xfe{\"type\":\"result\"}"), STR("\xef\xbb\xbf{\"type\":\"result\"}"),
		STR("{\"type\":\"res\xffult\"}"), STR("{\"type\":\"result\\u0000\"}"),
		STR("{\"type\":\"\\ud83dresult\"}"), str_from(repeat(a, "[", 300000)),
		str_from(repeat(a, "{\"type\":", 100000)),
		str_from(arena_printf(a, "{\"type\":\"result\",\"a\":%s%s}", repeat(a, "[", 128),
		    repeat(a, "]", 128))),
		{ NULL, 0 } };
	const struct adapter_ops *const *ops = adapter_all();

	(void)state;
	for (; *ops; ops++) {
		const char *want = arena_cstr(a, followed_by(a, *ops, nothing));

		assert_true(
		    str_contains(str_from(want), STR("\n= answered\nanswer \"Two files.\"\n")));
		assert_str(followed_by(a, *ops, noise), want);
	}
	arena_destroy(a);
}

/* One line may hold more than an answer may. */
static void of_a_text_that_is_too_long_the_beginning_is_the_answer(void **state)
{
	struct play p;

	(void)state;
	play_begin(&p, &adapter_gemini);
	play_lines(&p, STR("{\"type\":\"init\"}\n"));
	play_lines(&p, str_from(arena_printf(p.arena,
			   "{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"Two%s\"}\n"
			   "{\"type\":\"result\",\"status\":\"success\"}\n",
			   repeat(p.arena, " files", ANSWER_TAKEN_MAX / 5))));
	struct outcome o = play_exit(&p, EXIT(0), "");

	assert_string_equal(ending_name(o.ending), "answered");
	assert_int_equal(o.answer.n, ANSWER_TAKEN_MAX);
	assert_true(str_starts(o.answer, STR("Two files files")));
	play_end(&p);
}

/* opencode asks a server that sends nonsense again and again, and each time looks like a step. */
static void steps_come_to_an_end(void **state)
{
	const struct agent_task task = { .repo = "/repo", .model = "m", .max_turns = 3 };
	struct play p;

	(void)state;
	play_begin(&p, &adapter_opencode);
	session_destroy(p.session);
	p.session = p.ops->create(&task, play_fact, &p);
	for (int i = 0; i < 7; i++)
		play_lines(&p, STR("{\"type\":\"step_start\"}\n"));
	assert_int_equal(p.out.n, 0);
	play_lines(&p, STR("{\"type\":\"step_start\"}\n{\"type\":\"step_start\"}\n"));
	assert_str(buf_str(&p.out), "EXCESS \"it takes more steps than it has\"\n");
	play_lines(&p, STR("{\"type\":\"text\",\"part\":{\"text\":\"Two files.\"}}\n"
			   "{\"type\":\"step_finish\",\"part\":{\"reason\":\"stop\"}}\n"));
	struct outcome o = play_exit(&p, EXIT(0), "");

	assert_string_equal(ending_name(o.ending), "truncated");
	assert_str(o.reason, "it used up its turns");
	assert_str(o.answer, "Two files.");
	play_end(&p);
}

/* And so do the calls of codex, which has no limit of its own. */
static void calls_come_to_an_end(void **state)
{
	const struct agent_task task = { .repo = "/repo", .model = "m", .max_turns = 1 };
	struct play p;

	(void)state;
	play_begin(&p, &adapter_codex);
	session_destroy(p.session);
	p.session = p.ops->create(&task, play_fact, &p);
	play_lines(&p, STR("{\"type\":\"turn.started\"}\n"));
	for (int i = 0; i < 10; i++)
		play_lines(&p, str_from(arena_printf(p.arena,
				   "{\"type\":\"item.started\",\"item\":{\"id\":\"i%d\","
				   "\"type\":\"command_execution\"}}\n",
				   i)));
	struct str said = buf_str(&p.out);

	said = str_skip(said, (size_t)str_find(said, STR("start i8")));
	assert_str(said, "start i8 shell {}\nEXCESS \"it calls its tools without an end\"\n"
			 "start i9 shell {}\n");
	struct outcome o = play_exit(&p, W_EXITCODE(0, 15), "");

	assert_string_equal(ending_name(o.ending), "truncated");
	assert_str(o.reason, "it used up its tool calls");
	play_end(&p);
}

/* The codec, the flow language and the agent mean the same tools. */
static void our_agent_has_the_tools_that_only_read(void **state)
{
	size_t n = 0;

	(void)state;
	for (; read_only_tools[n]; n++)
		assert_non_null(tool_find(str_from(read_only_tools[n])));
	assert_int_equal(n, agent_n_tools);
}

/* --- answers and errors ----------------------------------------------------------------- */

static void answers_are_told_from_what_only_looks_like_one(void **state)
{
	struct arena *a = arena_create("answers", ARENA_JOB);
	const char *long_text = repeat(a, "The queue is bounded by its capacity. ", 40);
	const struct {
		const char *text;
		enum ending want;
	} rows[] = {
		{ "", ENDING_EMPTY },
		{ " \t\r\n", ENDING_EMPTY },
		{ ".", ENDING_ANSWERED },
		{ "Two files.", ENDING_ANSWERED },
		{ "Which file do you mean?", ENDING_ASKED },
		{ "Which file do you mean?\n\n", ENDING_ASKED },
		{ "Is it bounded? It is.", ENDING_ANSWERED },
		{ "# Findings\n\nIs the queue bounded?", ENDING_ANSWERED },
		{ "Look:\n## S1: why?", ENDING_ANSWERED },
		{ "```c\nint x;\n```\nDoes that help?", ENDING_ANSWERED },
		{ "{\"ok\": true}", ENDING_ANSWERED },
		{ arena_printf(a, "%sWhy?", long_text), ENDING_ANSWERED },
		{ "I'm sorry, but I can't help with that.", ENDING_REFUSED },
		{ "I\xe2\x80\x99m sorry, but I can\xe2\x80\x99t help with that.", ENDING_REFUSED },
		{ "I can\xe2\x80\x99t assist with that request.", ENDING_REFUSED },
		{ "i CANNOT Assist with malware. Shall I do something else?", ENDING_REFUSED },
		{ "# Review\n\nI cannot help with the build.", ENDING_ANSWERED },
		{ arena_printf(a, "%sI cannot assist with more.", long_text), ENDING_ANSWERED },
		{ "The error says \"I cannot\", and nothing else.", ENDING_ANSWERED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (answer_classify(str_from(rows[i].text)) != rows[i].want)
			fail_msg("%s: %s", rows[i].text,
			    ending_name(answer_classify(str_from(rows[i].text))));
	arena_destroy(a);
}

static void errors_of_the_model_server_are_told_apart(void **state)
{
	static const struct {
		int status;
		const char *message;
		enum ending want;
	} rows[] = {
		{ 0, "Connection refused", ENDING_ENDPOINT_DOWN },
		{ 0, "quota", ENDING_ENDPOINT_DOWN },
		{ 400, "bad request", ENDING_ENDPOINT_DOWN },
		{ 400, "This model's maximum context length is 8192 tokens", ENDING_TRUNCATED },
		{ 400, "insufficient_quota", ENDING_QUOTA },
		{ 401, "invalid key", ENDING_DENIED },
		{ 402, "", ENDING_QUOTA },
		{ 403, "forbidden", ENDING_DENIED },
		{ 403, "Your credit balance is too low", ENDING_QUOTA },
		{ 404, "no such model", ENDING_DENIED },
		{ 413, "", ENDING_TRUNCATED },
		{ 429, "slow down", ENDING_RATE_LIMITED },
		{ 429, "You exceeded your current QUOTA", ENDING_QUOTA },
		{ 500, "budget service failed", ENDING_ENDPOINT_DOWN },
		{ 503, "overloaded", ENDING_ENDPOINT_DOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
		    ending_name(endpoint_classify(rows[i].status, str_from(rows[i].message))),
		    ending_name(rows[i].want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_that_writes_cannot_hide_behind_many),
		cmocka_unit_test(an_agent_claims_only_what_it_can_know),
		cmocka_unit_test(bytes_that_are_no_event_change_nothing),
		cmocka_unit_test(of_a_text_that_is_too_long_the_beginning_is_the_answer),
		cmocka_unit_test(steps_come_to_an_end),
		cmocka_unit_test(calls_come_to_an_end),
		cmocka_unit_test(our_agent_has_the_tools_that_only_read),
		cmocka_unit_test(answers_are_told_from_what_only_looks_like_one),
		cmocka_unit_test(errors_of_the_model_server_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
