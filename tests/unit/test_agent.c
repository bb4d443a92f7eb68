/* `tutti agent` as a process, without a fence, and a model server whose words are written here. */
#include "peer.h"

#include "net/curl.h"

static int set_up(void **state)
{
	(void)state;
	place_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	place_remove();
	return 0;
}

/* --- what it says ------------------------------------------------------------------------ */

#define INIT(tools)                                       \
	"{\"type\":\"init\",\"version\":\"" TUTTI_VERSION \
	"\",\"mode\":\"read-only\",\"model\":\"m\","      \
	"\"tools\":[" tools "]}\n"
#define ALL_TOOLS                                                                              \
	"\"list_dir\",\"read_file\",\"search\",\"find_files\",\"git_log\",\"git_diff\",\"git_" \
	"blame\","                                                                             \
	"\"git_show\""
#define TURN(n) "{\"type\":\"turn\",\"n\":" #n "}\n"
#define TEXT(words) "{\"type\":\"text\",\"text\":\"" words "\"}\n"
#define THINK(words) "{\"type\":\"think\",\"text\":\"" words "\"}\n"
#define NOTICE(words) "{\"type\":\"notice\",\"text\":\"" words "\"}\n"
#define VOID "{\"type\":\"void\"}\n"
#define START(id, name, input) \
	"{\"type\":\"tool_start\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":" input "}\n"
#define END(id, name, ok, summary, reads)                                            \
	"{\"type\":\"tool_end\",\"id\":\"" id "\",\"name\":\"" name "\",\"ok\":" #ok \
	",\"summary\":\"" summary "\",\"reads\":[" reads "]}\n"
#define RESULT_OF(ending, answer, reason, turns, calls, in, out)                                  \
	"{\"type\":\"result\",\"ending\":\"" ending "\",\"answer\":\"" answer                     \
	"\",\"reason\":\"" reason "\",\"turns\":" #turns ",\"tool_calls\":" #calls ",\"in\":" #in \
	",\"out\":" #out ",\"cached\":0}\n"
#define RESULT(ending, answer, reason, turns, calls) \
	RESULT_OF(ending, answer, reason, turns, calls, 0, 0)

/* All of them, one after the other; all of them as a JSON list. */
#define OUT(...) join((const char *const[]){ __VA_ARGS__, NULL }, "")
#define LIST_OF(...) text("[%s]", join((const char *const[]){ __VA_ARGS__, NULL }, ","))
#define ANSWERS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_TOOLS ARGS("--tools", "none")

static const char *join(const char *const *parts, const char *between)
{
	const char *all = parts[0];

	while (*++parts)
		all = text("%s%s%s", all, between, *parts);
	return all;
}

/* A talk of which only the output matters; it always ends with a result and status 0. */
static const char *out_of(const char *const *answers, const char *const *args)
{
	struct talk t = { .prompt = "P", .answers = answers, .args = args };

	talk(&t);
	assert_int_equal(t.status, 0);
	assert_string_equal(t.err, "");
	talk_fini(&t);
	return t.out;
}

static const char *messages(const struct talk *t, size_t i)
{
	return dump(json_object_get(t->requests[i], "messages"));
}

/* --- answers ----------------------------------------------------------------------------- */

static void an_answer_comes_as_it_streams(void **state)
{
	struct talk t = { .prompt = "SystemUser",
		.args = ARGS("--tools", "none", "--system", "6") };

	(void)state;
	t.answers = ANSWERS(STREAM(DELTA("{\"role\":\"assistant\",\"content\":\"\"}")
		DELTA("{\"reasoning_content\":\"hm\"}") DELTA("{\"reasoning\":\"so\"}")
		    DELTA("{\"content\":\"Hello \\u00fc\"}") DELTA("{\"content\":\"\\n!\"}")
			FINISH("stop") USAGE(7, 5) DONE));
	talk(&t);
	assert_string_equal(
	    t.out, OUT(INIT(""), TURN(1), THINK("hm"), THINK("so"), TEXT("Hello \xc3\xbc"),
		       TEXT("\\n!"), "{\"type\":\"usage\",\"in\":7,\"out\":5,\"cached\":0}\n",
		       RESULT_OF("answered", "Hello \xc3\xbc\\n!", "", 1, 0, 7, 5)));
	assert_string_equal(t.err, "");
	assert_int_equal(t.status, 0);
	assert_int_equal(t.n, 1);
	assert_string_equal(dump(t.requests[0]),
	    "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":"
	    "\"System\"},{\"role\":\"user\",\"content\":\"User\"}],\"stream\":"
	    "true,\"stream_options\":{\"include_usage\":true}}");
	assert_string_equal(t.heads[0],
	    text("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\n"
		 "Content-Type: application/json\r\nAuthorization: Bearer token\r\n"
		 "Content-Length: 150\r\n\r\n",
		t.port));
	talk_fini(&t);
}

static void an_answer_may_come_in_one_piece(void **state)
{
	(void)state;
	assert_string_equal(
	    out_of(ANSWERS(JSON("200 OK",
		       "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":"
		       "\"Hi\",\"reasoning_content\":\"hm\"},\"finish_reason\":\"stop\"}]"
		       ",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"prompt_"
		       "tokens_details\":{\"cached_tokens\":0}}}")),
		NO_TOOLS),
	    OUT(INIT(""), TURN(1), THINK("hm"), TEXT("Hi"),
		"{\"type\":\"usage\",\"in\":3,\"out\":2,\"cached\":0}\n",
		RESULT_OF("answered", "Hi", "", 1, 0, 3, 2)));
}

/* Byte by byte, with comments, other fields, CRLF, and without the last word "[DONE]". */
static void a_stream_may_come_in_any_pieces(void **state)
{
	struct talk t = { .prompt = "P", .args = NO_TOOLS, .byte_by_byte = true };

	(void)state;
	t.answers = ANSWERS(STREAM(": hello\r\n\r\nid: 1\r\nevent: message\r\n"
				   "data: {\"choices\":[{\"delta\":\r\n"
				   "data: {\"content\":\"\xf0\x9f\x98\x80\"}}]}\r\n\r\n"
				   "retry: 5\n\n" FINISH("stop")));
	talk(&t);
	assert_string_equal(t.out, OUT(INIT(""), TURN(1), TEXT("\xf0\x9f\x98\x80"),
				       RESULT("answered", "\xf0\x9f\x98\x80", "", 1, 0)));
	talk_fini(&t);
}

static void how_it_ends_depends_on_the_answer(void **state)
{
	static const struct {
		const char *answer, *out;
	} rows[] = {
		{ STREAM(DELTA("{\"content\":\"half\"}") FINISH("length") DONE),
		    TEXT("half") RESULT("truncated", "half",
			"the model's answer was cut at its token limit", 1, 0) },
		{ STREAM(DELTA("{\"reasoning_content\":\"hm\"}") FINISH("length") DONE),
		    THINK("hm") RESULT(
			"truncated", "", "the model's answer was cut at its token limit", 1, 0) },
		{ STREAM(DELTA("{\"content\":\"no\"}") FINISH("content_filter") DONE),
		    TEXT("no") RESULT("refused", "no", "content filter", 1, 0) },
		{ STREAM(DELTA("{\"content\":\"half\"}")),
		    TEXT("half") RESULT(
			"endpoint_down", "half", "the model server's stream ended early", 1, 0) },
		{ STREAM(""),
		    RESULT("endpoint_down", "", "the model server's stream ended early", 1, 0) },
		{ STREAM(DELTA("{\"content\":\"a\"}") "data: {\"choices\":[{\n\n"),
		    TEXT("a") RESULT(
			"endpoint_down", "a", "the model server's stream is malformed", 1, 0) },
		{ STREAM(DELTA("{\"content\":\"a\"}") EVENT("oops") DELTA("{\"content\":\"b\"}")
			  FINISH("stop") DONE),
		    TEXT("a") TEXT("b") RESULT(
			"endpoint_down", "ab", "the model server's stream is malformed", 1, 0) },
		{ STREAM(DELTA("{\"content\":\"a\"}")
			  EVENT("{\"error\":{\"message\":\"overloaded\"}}") DONE),
		    TEXT("a") RESULT("endpoint_down", "a", "overloaded", 1, 0) },
		{ JSON("500 Oops", "{\"error\":{\"message\":\"it broke\"}}"),
		    RESULT("endpoint_down", "", "it broke", 1, 0) },
		{ JSON("500 Oops", "{\"error\":\"it broke\"}"),
		    RESULT("endpoint_down", "", "it broke", 1, 0) },
		{ JSON("500 Oops", "{}"), RESULT("endpoint_down", "", "HTTP status 500", 1, 0) },
		{ HTTP("502 Bad Gateway", "text/html", "<h1>502</h1>"),
		    RESULT("endpoint_down", "", "HTTP status 502", 1, 0) },
		{ HTTP("503 No", "text/event-stream", DELTA("{\"content\":\"a\"}")),
		    RESULT("endpoint_down", "", "HTTP status 503", 1, 0) },
		{ "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
		    RESULT("endpoint_down", "", "HTTP status 302", 1, 0) },
		{ JSON("429 Slow", "{\"error\":{\"message\":\"too many requests\"}}"),
		    RESULT("rate_limited", "", "too many requests", 1, 0) },
		{ JSON("429 Slow", "{\"error\":{\"message\":\"no quota left\"}}"),
		    RESULT("quota", "", "no quota left", 1, 0) },
		{ JSON("401 Who", "{\"message\":\"bad key\"}"),
		    RESULT("denied", "", "bad key", 1, 0) },
		{ JSON("200 OK", "{\"error\":{\"message\":\"so sorry\"}}"),
		    RESULT("endpoint_down", "", "so sorry", 1, 0) },
		{ HTTP("200 OK", "text/plain", "hello"),
		    RESULT("endpoint_down", "", "the model server's answer is no chat completion",
			1, 0) },
		{ JSON("200 OK", "{}"),
		    RESULT("endpoint_down", "", "the model server's answer is no chat completion",
			1, 0) },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
		    RESULT("endpoint_down", "", "Transferred a partial file", 1, 0) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(out_of(ANSWERS(rows[i].answer), NO_TOOLS),
		    text(INIT("") TURN(1) "%s", rows[i].out));
}
/* A model that repeats itself for ever is not listened to for ever. */
static void an_answer_without_end_is_cut(void **state)
{
	const char *words = many("0123456789abcdef", 65536).p; /* a MiB */
	const char *delta = text(DELTA("{\"content\":\"%s\"}"), words);
	const char *line = text(TEXT("%s"), words);

	(void)state;
	assert_string_equal(out_of(ANSWERS(text(STREAM("%s%s%s%s%s%s%s"), delta, delta, delta,
				       delta, delta, delta, FINISH("stop"))),
				NO_TOOLS),
	    text(INIT("") TURN(1) "%s%s%s%s%s%s", line, line, line, line, line,
		text(RESULT("truncated", "%s%s%s%s", "the model's answer was cut at 4 MiB", 1, 0),
		    words, words, words, words)));
}

/* --- tools ------------------------------------------------------------------------------- */

#define USER "{\"role\":\"user\",\"content\":\"P\"}"
#define CALLED(calls) "{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[" calls "]}"
#define ONE(id, name, args)                                                       \
	"{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name \
	"\",\"arguments\":\"" args "\"}}"
#define TOOL(id, content) \
	"{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" content "\"}"

static void a_call_may_be_spread_over_many_events(void **state)
{
	struct talk t = {
		.prompt = "P", .args = ARGS("--tools", "read_file,list_dir"), .byte_by_byte = true
	};

	(void)state;
	put("a", "x\n");
	t.answers = ANSWERS(
	    STREAM(DELTA("{\"content\":\"Let me "
			 "see.\",\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\","
			 "\"function\":{\"name\":\"read_file\",\"arguments\":\"\"}}]}")
		    DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"pa\"}}]"
			  "}") DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
				     "\"th\\\":\\\"a"
				     "\\\"}\"}}]}") FINISH("tool_calls") USAGE(10, 2) DONE),
	    STREAM(DELTA("{\"content\":\"It is x.\"}") FINISH("stop") USAGE(20, 3) DONE));
	talk(&t);
	assert_string_equal(
	    t.out, OUT(INIT("\"read_file\",\"list_dir\""), TURN(1), TEXT("Let me see."),
		       "{\"type\":\"usage\",\"in\":10,\"out\":2,\"cached\":0}\n",
		       START("c1", "read_file", "{\"path\":\"a\"}"),
		       END("c1", "read_file", true, "lines 1-1 of 1",
			   "{\"path\":\"a\",\"from\":1,\"to\":1}"),
		       TURN(2), TEXT("It is x."),
		       "{\"type\":\"usage\",\"in\":30,\"out\":5,\"cached\":0}\n",
		       RESULT_OF("answered", "It is x.", "", 2, 1, 30, 5)));
	assert_string_equal(messages(&t, 1),
	    LIST_OF(
		USER ",{\"role\":\"assistant\",\"content\":\"Let me see.\",\"tool_calls\":[" ONE(
		    "c1", "read_file", "{\\\"path\\\":\\\"a\\\"}") "]}," TOOL("c1",
		    "lines 1-1 of 1\\n     1\\tx\\n")));
	talk_fini(&t);
}

/* Which tools there are is told in both directions. */
static void the_model_is_told_of_the_tools(void **state)
{
	struct talk t = { .prompt = "P",
		.answers = ANSWERS(SAYS("ok")),
		.args = ARGS("--tools", "git_show,nonsense,git_show,list_dir", "--temperature",
		    "0.5", "--effort", "low") };

	(void)state;
	talk(&t);
	assert_string_equal(t.out, OUT(INIT("\"git_show\",\"list_dir\""), TURN(1), TEXT("ok"),
				       RESULT("answered", "ok", "", 1, 0)));
	json_object_del(t.requests[0], "messages");
	assert_string_equal(dump(t.requests[0]),
	    "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
	    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"git_show\",\"description\":"
	    "\"One "
	    "commit with its "
	    "changes.\",\"parameters\":{\"type\":\"object\",\"properties\":{\"commit\":{"
	    "\"type\":\"string\"}},\"required\":[\"commit\"]}}},{\"type\":\"function\","
	    "\"function\":{\"name\":\"list_dir\",\"description\":\"The entries of one directory; "
	    "directories end "
	    "in a slash.\",\"parameters\":{\"type\":\"object\",\"properties\":{\"path\":{\"type\":"
	    "\"string\",\"description\":\"relative to the "
	    "repository\"}}}}}],\"temperature\":0.5,\"reasoning_effort\":\"low\"}");
	talk_fini(&t);
}

static void several_calls_are_answered_in_order(void **state)
{
	struct talk t = { .prompt = "P" };

	(void)state;
	put("a", "x\n");
	t.answers = ANSWERS(CALLS(CALL(0, "c1", "find_files",
				"{\\\"pattern\\\":\\\"a\\\"}") "," CALL(1, "c2", "list_dir", "{}")),
	    SAYS("ok"));
	talk(&t);
	assert_string_equal(
	    t.out, OUT(INIT(ALL_TOOLS), TURN(1), START("c1", "find_files", "{\"pattern\":\"a\"}"),
		       END("c1", "find_files", true, "1 files", ""), START("c2", "list_dir", "{}"),
		       END("c2", "list_dir", true, "1 entries", ""), TURN(2), TEXT("ok"),
		       RESULT("answered", "ok", "", 2, 2)));
	assert_string_equal(messages(&t, 1),
	    LIST_OF(USER,
		CALLED(ONE("c1", "find_files", "{\\\"pattern\\\":\\\"a\\\"}") "," ONE(
		    "c2", "list_dir", "{}")),
		TOOL("c1", "a\\n"), TOOL("c2", "a\\n")));
	talk_fini(&t);
}

static void calls_that_cannot_be_made_are_answered_all_the_same(void **state)
{
	struct talk t = { .prompt = "P", .args = ARGS("--tools", "list_dir,read_file") };

	(void)state;
	t.answers =
	    ANSWERS(CALLS(CALL(0, "c1", "bash", "{\\\"command\\\":\\\"id\\\"}") "," CALL(
			1, "c2", "search", "{\\\"pattern\\\":\\\"x\\\"}") "," CALL(2, "c3",
			"read_file", "{\\\"path\\\":") "," CALL(3, "c4", "read_file",
			"[]") "," CALL(4, "c5", "list_dir", "") "," CALL(5, "c6", "", "{}")),
		SAYS("ok"));
	talk(&t);
	assert_string_equal(t.out,
	    OUT(INIT("\"list_dir\",\"read_file\""), TURN(1),
		START("c1", "bash", "{\"command\":\"id\"}"),
		"{\"type\":\"denied\",\"id\":\"c1\",\"name\":\"bash\",\"text\":\"no such tool\"}\n",
		END("c1", "bash", false, "error", ""), START("c2", "search", "{\"pattern\":\"x\"}"),
		"{\"type\":\"denied\",\"id\":\"c2\",\"name\":\"search\",\"text\":\"no such "
		"tool\"}\n",
		END("c2", "search", false, "error", ""),
		START("c3", "read_file", "\"{\\\"path\\\":\""),
		END("c3", "read_file", false, "error", ""), START("c4", "read_file", "[]"),
		END("c4", "read_file", false, "error", ""), START("c5", "list_dir", "{}"),
		END("c5", "list_dir", true, "0 entries", ""), START("c6", "", "{}"),
		"{\"type\":\"denied\",\"id\":\"c6\",\"name\":\"\",\"text\":\"no such tool\"}\n",
		END("c6", "", false, "error", ""), TURN(2), TEXT("ok"),
		RESULT("answered", "ok", "", 2, 6)));
	json_array_remove(json_object_get(t.requests[1], "messages"), 0);
	json_array_remove(json_object_get(t.requests[1], "messages"), 0);
	assert_string_equal(messages(&t, 1),
	    LIST_OF(
		TOOL("c1",
		    "Error: there is no tool \\\"bash\\\" here. The tools are: list_dir read_file"),
		TOOL("c2", "Error: there is no tool \\\"search\\\" here. The tools are: list_dir "
			   "read_file"),
		TOOL("c3", "Error: the arguments are not a JSON object"),
		TOOL("c4", "Error: the arguments are not a JSON object"), TOOL("c5", "(empty)\\n"),
		TOOL("c6",
		    "Error: there is no tool \\\"\\\" here. The tools are: list_dir read_file")));
	talk_fini(&t);
}

/* Servers differ in how they number calls: not at all, all with 0, or without ids. */
static void calls_are_told_apart_without_numbers(void **state)
{
	static const char *const streams[] = {
		STREAM(DELTA("{\"tool_calls\":[{\"id\":\"c1\",\"function\":{\"name\":\"list_dir\","
			     "\"arguments\":\"{}\"}}]}")
			DELTA("{\"tool_calls\":[{\"id\":\"c2\",\"function\":{\"name\":\"find_"
			      "files\",\"arguments\":\"{\\\"pattern\\\":\"}}]}")
			    DELTA(
				"{\"tool_calls\":[{\"function\":{\"arguments\":\"\\\"a\\\"}\"}}]}")
				FINISH("tool_calls") DONE),
		STREAM(DELTA("{\"tool_calls\":[" CALL(0, "c1", "list_dir", "{}") "]}")
			DELTA("{\"tool_calls\":[" CALL(
			    0, "c2", "find_files", "{\\\"pattern\\\":\\\"a\\\"}") "]}") DONE),
		STREAM(DELTA("{\"tool_calls\":[" CALL(0, "c1", "list_dir", "{") "]}")
			DELTA("{\"tool_calls\":[" CALL(0, "c1", "list_dir", "}") "," CALL(
			    1, "c2", "find_files", "{\\\"pattern\\\":\\\"a\\\"}") "]}") DONE),
		JSON("200 OK",
		    "{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{\"id\":\"c1\","
		    "\"function\":{\"name\":\"list_dir\",\"arguments\":\"{}\"}},{\"id\":\"c2\","
		    "\"function\":{\"name\":\"find_files\",\"arguments\":\"{\\\"pattern\\\":"
		    "\\\"a\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		assert_string_equal(out_of(ANSWERS(streams[i], SAYS("ok")), NULL),
		    OUT(INIT(ALL_TOOLS), TURN(1), START("c1", "list_dir", "{}"),
			END("c1", "list_dir", true, "0 entries", ""),
			START("c2", "find_files", "{\"pattern\":\"a\"}"),
			END("c2", "find_files", true, "0 files", ""), TURN(2), TEXT("ok"),
			RESULT("answered", "ok", "", 2, 2)));
}

static void calls_without_an_id_get_one(void **state)
{
	struct talk t = { .prompt = "P" };

	(void)state;
	t.answers = ANSWERS(
	    CALLS(CALL(0, "", "list_dir", "{}") "," CALL(1, "", "list_dir", "{}")), SAYS("ok"));
	talk(&t);
	assert_string_equal(t.out,
	    OUT(INIT(ALL_TOOLS), TURN(1), START("call-1", "list_dir", "{}"),
		END("call-1", "list_dir", true, "0 entries", ""), START("call-2", "list_dir", "{}"),
		END("call-2", "list_dir", true, "0 entries", ""), TURN(2), TEXT("ok"),
		RESULT("answered", "ok", "", 2, 2)));
	assert_string_equal(messages(&t, 1),
	    LIST_OF(USER,
		CALLED(ONE("call-1", "list_dir", "{}") "," ONE("call-2", "list_dir", "{}")),
		TOOL("call-1", "(empty)\\n"), TOOL("call-2", "(empty)\\n")));
	talk_fini(&t);
}

static void more_than_32_calls_are_not_made_and_the_model_hears_of_it(void **state)
{
	struct talk t = { .prompt = "P" };
	const char *calls = "";
	const json_t *last;

	(void)state;
	for (int i = 0; i < 40; i++)
		calls =
		    text("%s%s{\"index\":%d,\"id\":\"c%d\",\"function\":{\"name\":\"list_dir\"}}",
			calls, i ? "," : "", i, i);
	t.answers = ANSWERS(text(CALLS("%s"), calls), SAYS("ok"));
	talk(&t);
	assert_non_null(strstr(t.out, RESULT("answered", "ok", "", 2, 32)));
	json_t *list = json_object_get(t.requests[1], "messages");

	assert_int_equal(json_array_size(list), 2 + 32 + 1);
	last = json_array_get(list, 34);
	assert_string_equal(dump(last), "{\"role\":\"user\",\"content\":\"Only the first 32 tool "
					"calls of your last message were run.\"}");
	talk_fini(&t);
}

/* --- the end of patience ----------------------------------------------------------------- */

#define LIMIT NOTICE("turn limit: the final answer was asked for")
#define LAST_TURN                                                                           \
	"{\"role\":\"user\",\"content\":\"This is your last turn and no more tools can be " \
	"called. "                                                                          \
	"Write the final answer now, in the asked form.\"}"
#define NO_MORE                                                                                 \
	"{\"role\":\"user\",\"content\":\"No more tools can be called. Write the final answer " \
	"now, "                                                                                 \
	"in the asked form, from what you have seen.\"}"
#define WAS_EMPTY                                                                                 \
	"{\"role\":\"user\",\"content\":\"Your answer was empty. Write the final answer now, in " \
	"the "                                                                                    \
	"asked form, from what you have seen.\"}"
#define LIST CALLS(CALL(0, "c", "list_dir", "{}"))
#define LISTED START("c", "list_dir", "{}") END("c", "list_dir", true, "0 entries", "")

static void the_last_turn_asks_for_an_answer_without_tools(void **state)
{
	struct talk t = { .prompt = "P",
		.answers = ANSWERS(LIST, LIST, SAYS("done")),
		.args = ARGS("--turns", "3") };

	(void)state;
	talk(&t);
	assert_string_equal(
	    t.out, OUT(INIT(ALL_TOOLS), TURN(1), LISTED, TURN(2), LISTED, LIMIT, TURN(3),
		       TEXT("done"), RESULT("answered", "done", "", 3, 2)));
	assert_non_null(json_object_get(t.requests[1], "tools"));
	assert_null(json_object_get(t.requests[2], "tools"));
	json_t *list = json_object_get(t.requests[2], "messages");

	assert_string_equal(dump(json_array_get(list, json_array_size(list) - 1)), LAST_TURN);
	talk_fini(&t);
}

/* Who calls tools that are not offered is told so twice, and then it is over. */
static void an_agent_that_never_answers_ends_at_its_limit(void **state)
{
	struct talk t = { .prompt = "P",
		.answers = ANSWERS(LIST, LIST, CALLS(CALL(0, "c", "list_dir", "{}")),
		    STREAM(DELTA("{\"content\":\" \\n\",\"tool_calls\":[" CALL(
			0, "c", "list_dir", "{}") "]}") DONE)),
		.args = ARGS("--turns", "2") };

	(void)state;
	talk(&t);
	assert_string_equal(t.out,
	    OUT(INIT(ALL_TOOLS), TURN(1), LISTED, LIMIT, TURN(2), VOID, TURN(3), VOID, TURN(4),
		TEXT(" \\n"),
		RESULT("empty", "", "the limit of 2 turns was reached without an answer", 4, 1)));
	assert_int_equal(t.n, 4);
	for (int i = 1; i < 4; i++)
		assert_null(json_object_get(t.requests[i], "tools"));
	assert_string_equal(
	    messages(&t, 3), LIST_OF(USER, CALLED(ONE("c", "list_dir", "{}")),
				 TOOL("c", "(empty)\\n"), LAST_TURN, NO_MORE, NO_MORE));
	talk_fini(&t);
}

static void empty_answers_are_asked_for_again(void **state)
{
	struct talk t = { .prompt = "P",
		.answers = ANSWERS(SAYS(""), SAYS(" \\t"), SAYS("at last")) };
	struct talk never = { .prompt = "P", .answers = ANSWERS(SAYS(""), SAYS(""), SAYS("")) };

	(void)state;
	talk(&t);
	assert_string_equal(
	    t.out, OUT(INIT(ALL_TOOLS), TURN(1), VOID, TURN(2), TEXT(" \\t"), VOID, TURN(3),
		       TEXT("at last"), RESULT("answered", "at last", "", 3, 0)));
	assert_string_equal(messages(&t, 2), LIST_OF(USER, WAS_EMPTY, WAS_EMPTY));
	talk_fini(&t);
	talk(&never);
	assert_string_equal(never.out, OUT(INIT(ALL_TOOLS), TURN(1), VOID, TURN(2), VOID, TURN(3),
					   RESULT("empty", "", "the model gave no text", 3, 0)));
	talk_fini(&never);
}

/* --- context ----------------------------------------------------------------------------- */

#define DROPPED \
	"(this earlier result was dropped to stay within the context; ask again if it is needed)"
#define READ CALLS(CALL(0, "c", "read_file", "{\\\"path\\\":\\\"big\\\"}"))
#define READ_IT                                       \
	START("c", "read_file", "{\"path\":\"big\"}") \
	END("c", "read_file", true, "lines 1-31 of 32", "{\"path\":\"big\",\"from\":1,\"to\":31}")

/* How each result stands in the request: "whole" or "dropped", in order. */
static const char *results_in(const json_t *request)
{
	const char *list = "";
	const json_t *m;
	size_t i;

	json_array_foreach (json_get_array(request, "messages"), i, m) {
		if (!str_is(json_get_str(m, "role"), "tool"))
			continue;
		list = text("%s%s ", list,
		    str_is(json_get_str(m, "content"), DROPPED) ? "dropped" : "whole");
	}
	return list;
}

/* A file of which one result holds 62,000 bytes, so that five fit into the budget. */
static void put_big(void)
{
	const char *line = text("%s\n", many("x", 2000).p);

	put_str("big", many(line, 32));
}

#define DROPPED_ONE NOTICE("1 earlier tool results were dropped to stay within the context")

static void old_results_are_dropped_and_it_is_said(void **state)
{
	struct talk t = { .prompt = "P", .args = ARGS("--tools", "read_file") };

	(void)state;
	put_big();
	t.answers = ANSWERS(READ, READ, READ, READ, READ, READ, READ, SAYS("ok"));
	talk(&t);
	assert_string_equal(t.out,
	    OUT(INIT("\"read_file\""), TURN(1), READ_IT, TURN(2), READ_IT, TURN(3), READ_IT,
		TURN(4), READ_IT, TURN(5), READ_IT, TURN(6), READ_IT, TURN(7), DROPPED_ONE, READ_IT,
		TURN(8), DROPPED_ONE, TEXT("ok"), RESULT("answered", "ok", "", 8, 7)));
	assert_string_equal(results_in(t.requests[5]), "whole whole whole whole whole ");
	assert_string_equal(results_in(t.requests[6]), "dropped whole whole whole whole whole ");
	assert_string_equal(
	    results_in(t.requests[7]), "dropped dropped whole whole whole whole whole ");
	talk_fini(&t);
}

/* A server with less room than we think: the latest few go, too, but never the very last. */
static void a_context_that_is_too_long_is_halved(void **state)
{
	static const char too_long[] =
	    JSON("400 Bad", "{\"error\":{\"message\":\"maximum context length is 8192 tokens\"}}");
	static const char again[] =
	    "{\"type\":\"retry\",\"reason\":\"the context was too long; older "
	    "results are dropped\"}\n";
	struct talk t = { .prompt = "P", .args = ARGS("--tools", "read_file") };

	(void)state;
	put_big();
	t.answers = ANSWERS(READ, READ, READ, too_long, too_long, too_long, too_long, SAYS("ok"));
	talk(&t);
	assert_string_equal(
	    t.out, text(INIT("\"read_file\"") TURN(1) READ_IT TURN(2) READ_IT TURN(3)
			    READ_IT TURN(4) "%s" TURN(5) DROPPED_ONE "%s" TURN(6) DROPPED_ONE
		       "%s" TURN(7) "%s" TURN(8) TEXT("ok") RESULT("answered", "ok", "", 8, 3),
		       again, again, again, again));
	assert_string_equal(results_in(t.requests[3]), "whole whole whole ");
	assert_string_equal(results_in(t.requests[4]), "dropped whole whole ");
	assert_string_equal(results_in(t.requests[5]), "dropped dropped whole ");
	assert_string_equal(results_in(t.requests[7]), "dropped dropped whole ");
	talk_fini(&t);
}

static void a_context_that_stays_too_long_is_an_end(void **state)
{
	static const char too_long[] =
	    JSON("413 Large", "{\"error\":{\"message\":\"request too large\"}}");
	static const char again[] =
	    "{\"type\":\"retry\",\"reason\":\"the context was too long; older "
	    "results are dropped\"}\n";

	(void)state;
	assert_string_equal(
	    out_of(ANSWERS(too_long, too_long, too_long, too_long, too_long, too_long), NO_TOOLS),
	    text(INIT("") TURN(1) "%s" TURN(2) "%s" TURN(3) "%s" TURN(4) "%s" TURN(5)
		     RESULT("truncated", "", "request too large", 5, 0),
		again, again, again, again));
}

/* --- beginnings -------------------------------------------------------------------------- */

static void a_server_that_is_not_there_is_an_ending(void **state)
{
	struct talk t = { .prompt = "P", .args = NO_TOOLS };
	const struct curl_api *curl = curl_api(NULL);
	int unheard = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	(void)state;
	assert_int_equal(bind(unheard, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(unheard, (struct sockaddr *)&addr, &len), 0);
	t.port = ntohs(addr.sin_port);
	talk(&t);
	close(unheard);
	assert_string_equal(t.out, text(INIT("") TURN(1) RESULT("endpoint_down", "", "%s", 1, 0),
				       curl->easy_strerror(CURLE_COULDNT_CONNECT)));
	assert_string_equal(out_of(ANSWERS(NULL), NO_TOOLS),
	    text(INIT("") TURN(1) RESULT("endpoint_down", "", "%s", 1, 0),
		curl->easy_strerror(CURLE_GOT_NOTHING)));
}

static void without_a_server_or_a_directory_it_does_not_start(void **state)
{
	static const char usage[] =
	    "It is started by a worker, behind the fence: tutti agent --url URL --model MODEL "
	    "--root DIR\n[--system BYTES] [--turns N] [--temperature T] [--effort E] [--tools "
	    "LIST] [--fast], the\nprompt on stdin, the token in TUTTI_TOKEN.\n";
	struct talk no_url = { .prompt = "P", .bare = true };
	struct talk no_root = { .prompt = "P",
		.bare = true,
		.args = ARGS("--url", "http://127.0.0.1:1/v1", "--root", "/nonexistent") };

	(void)state;
	talk(&no_url);
	assert_int_equal(no_url.status, 2);
	assert_string_equal(no_url.out, "");
	assert_string_equal(
	    no_url.err, text("tutti agent: cannot start: Invalid argument\n%s", usage));
	talk(&no_root);
	assert_int_equal(no_root.status, 2);
	assert_string_equal(no_root.out, "");
	assert_string_equal(
	    no_root.err, text("tutti agent: cannot start: No such file or directory\n%s", usage));
}

static void the_prompt_may_be_any_bytes(void **state)
{
	struct talk t = { .prompt = "a\xff\x1b[2J \xc3\xbc", .args = NO_TOOLS };
	struct talk none = { .prompt = "", .args = NO_TOOLS };

	(void)state;
	t.answers = none.answers = ANSWERS(SAYS("ok"));
	talk(&t);
	assert_string_equal(messages(&t, 0),
	    "[{\"role\":\"user\",\"content\":\"a\xef\xbf\xbd\\u001B[2J \xc3\xbc\"}]");
	talk_fini(&t);
	talk(&none);
	assert_string_equal(messages(&none, 0), "[{\"role\":\"user\",\"content\":\"\"}]");
	talk_fini(&none);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_answer_comes_as_it_streams),
		UNIT_TEST(an_answer_may_come_in_one_piece),
		UNIT_TEST(a_stream_may_come_in_any_pieces),
		UNIT_TEST(how_it_ends_depends_on_the_answer),
		UNIT_TEST(an_answer_without_end_is_cut),
		UNIT_TEST(a_call_may_be_spread_over_many_events),
		UNIT_TEST(the_model_is_told_of_the_tools),
		UNIT_TEST(several_calls_are_answered_in_order),
		UNIT_TEST(calls_that_cannot_be_made_are_answered_all_the_same),
		UNIT_TEST(calls_are_told_apart_without_numbers),
		UNIT_TEST(calls_without_an_id_get_one),
		UNIT_TEST(more_than_32_calls_are_not_made_and_the_model_hears_of_it),
		UNIT_TEST(the_last_turn_asks_for_an_answer_without_tools),
		UNIT_TEST(an_agent_that_never_answers_ends_at_its_limit),
		UNIT_TEST(empty_answers_are_asked_for_again),
		UNIT_TEST(old_results_are_dropped_and_it_is_said),
		UNIT_TEST(a_context_that_is_too_long_is_halved),
		UNIT_TEST(a_context_that_stays_too_long_is_an_end),
		UNIT_TEST(a_server_that_is_not_there_is_an_ending),
		UNIT_TEST(without_a_server_or_a_directory_it_does_not_start),
		UNIT_TEST(the_prompt_may_be_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
