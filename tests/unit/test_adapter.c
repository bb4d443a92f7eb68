/*
 * Agents as codecs: what was said is played through a codec line by line, and what it makes of it
 * is compared literally, one line a fact and then the outcome.
 *
 * tests/adapter/qwen/NAME.ndjson was recorded from the real CLI (0.24.4); beside it stands
 * NAME.facts. What nobody ever recorded is written by hand: tests/adapter/AGENT/NAME.session, where
 * lines are the agent's unless they begin with
 *
 *	#			why this is tried
 *	> cut LINE		a line that was too long and arrives cut
 *	> exit STATUS [WORDS]	the end; WORDS stood on stderr
 *	> signal NUMBER [WORDS]
 *
 * and the facts follow after a line `----`. FACTS_UPDATE=1 writes what the codec says into the
 * files, for reading.
 */
#include "check.h"

#include "adapter/adapter.h"
#include "agent/priv.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#define SESSIONS_MOST 128

struct play {
	struct arena *arena;
	const struct adapter_ops *ops;
	struct agent_session *session;
	struct buf out;
	unsigned violations;
	bool ended;
};

/* --- facts as text ---------------------------------------------------------------------- */

static const char *const fact_names[FACT_TYPES] = { [FACT_INIT] = "init",
	[FACT_TEXT] = "text",
	[FACT_THINK] = "think",
	[FACT_TEXT_VOID] = "void",
	[FACT_TOOL_START] = "start",
	[FACT_TOOL_END] = "end",
	[FACT_DENIED] = "denied",
	[FACT_RETRY] = "retry",
	[FACT_USAGE] = "usage",
	[FACT_NOTICE] = "notice",
	[FACT_VIOLATION] = "VIOLATION" };

static void on_fact(void *ctx, const struct fact *f)
{
	struct play *p = ctx;
	struct buf *b = &p->out;

	p->violations += f->type == FACT_VIOLATION;
	buf_adds(b, fact_names[f->type]);
	if (f->id.n)
		buf_printf(b, " %.*s", STR_ARG(f->id));
	if (f->name.n)
		buf_printf(b, " %.*s", STR_ARG(f->name));
	if (f->type == FACT_TOOL_END)
		buf_adds(b, f->ok ? " ok" : " failed");
	if (f->type == FACT_USAGE)
		buf_printf(b, " in %lld out %lld cached %lld", f->in, f->out, f->cached);
	if (f->text.p) {
		buf_addc(b, ' ');
		buf_add_json(b, f->text);
	}
	if (f->data) {
		buf_addc(b, ' ');
		buf_add_value(b, f->data);
	}
	buf_addc(b, '\n');
}

static void print_outcome(struct buf *b, const struct outcome *o)
{
	buf_printf(b, "= %s\nanswer ", ending_name(o->ending));
	buf_add_json(b, o->answer);
	buf_adds(b, "\nreason ");
	buf_add_json(b, o->reason);
	buf_printf(b, "\ntokens in %lld out %lld cached %lld\n", o->in, o->out, o->cached);
	buf_printf(b, "turns %u, tool calls %u, denied %u\n", o->turns, o->tool_calls, o->denied);
	if (!o->structured)
		return;
	buf_adds(b, "structured ");
	buf_add_value(b, o->structured);
	buf_addc(b, '\n');
}

/* --- playing ---------------------------------------------------------------------------- */

static void play_begin(struct play *p, const struct adapter_ops *ops)
{
	const struct agent_task task = { .repo = "/repo", .model = "m", .effort = "" };

	*p = (struct play){ .arena = arena_create("play", ARENA_JOB), .ops = ops };
	buf_init(&p->out, MIB(64));
	p->session = ops->create(&task, on_fact, p);
}

static void play_lines(struct play *p, struct str text)
{
	while (text.n)
		p->ops->line(p->session, str_split(&text, '\n'), false);
}

static struct outcome play_exit(struct play *p, int status, const char *errors)
{
	struct outcome o = { 0 };

	p->ops->exited(p->session, status, str_from(errors), &o);
	print_outcome(&p->out, &o);
	p->ended = true;
	return o;
}

static void play_end(struct play *p)
{
	p->ops->destroy(p->session);
	buf_fini(&p->out);
	arena_destroy(p->arena);
}

/* --- files ------------------------------------------------------------------------------ */

static const char *path_of(struct arena *a, const char *agent, const char *name, const char *ending)
{
	return arena_printf(
	    a, "%s/tests/adapter/%s/%s%s", getenv("TUTTI_SOURCE"), agent, name, ending);
}

static struct str slurp(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = arena_alloc(a, KIB(256));

	if (!f)
		return (struct str){ "", 0 };
	size_t n = fread(text, 1, KIB(256), f);

	fclose(f);
	return (struct str){ text, n };
}

/* GOT is what the file PATH holds from offset SKIP on; or it becomes that. */
static void compare(struct arena *a, const char *path, size_t skip, struct str got)
{
	struct str all = slurp(a, path);

	if (getenv("FACTS_UPDATE")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		fwrite(all.p, 1, skip, f);
		fwrite(got.p, 1, got.n, f);
		fclose(f);
	} else if (!str_eq(str_skip(all, skip), got)) {
		print_message("%s: the codec says:\n%.*s", path, STR_ARG(got));
		fail();
	}
}

/* --- recordings ------------------------------------------------------------------------- */

#define EXIT(code) W_EXITCODE(code, 0)

struct recording {
	const char *name;
	int status;
	const char *errors; /* its stderr */
	enum ending ending;
	const char *answer;
	long long in, out, cached;
	unsigned denied, violations;
};

#define CUT_TEXT "this text is cut in the middle of th"

static const struct recording recordings[] = {
	{ "plan-ok-partial", EXIT(0), "", ENDING_ANSWERED,
	    "The repository has two C files. No problems found.", 200, 40, 80, 0, 0 },
	{ "plan-ok", EXIT(0), "", ENDING_ANSWERED,
	    "The repository has two C files. No problems found.", 200, 40, 80, 0, 0 },
	{ "plan-denied", EXIT(0), "", ENDING_ANSWERED,
	    "I could not change anything; here is my report.", 400, 80, 160, 3, 0 },
	{ "plan-bare-heredoc-hole", EXIT(0), "", ENDING_ANSWERED, "done", 200, 40, 80, 0, 1 },
	{ "plan-plain-enter_worktree-hole", EXIT(0), "", ENDING_ANSWERED, "done", 200, 40, 80, 0,
	    1 },
	{ "error-http401", EXIT(1), "", ENDING_DENIED, "", 0, 0, 0, 0, 0 },
	{ "error-http429-retry", EXIT(130), "Operation cancelled.\n", ENDING_CRASHED, "", 0, 0, 0,
	    0, 0 },
	{ "error-stream-cut", EXIT(1),
	    "Retrying provider attempt (0 buffered tool call(s) discarded).\n",
	    ENDING_ENDPOINT_DOWN, CUT_TEXT, 0, 0, 0, 0, 0 },
	{ "budget-turns-exit53", EXIT(53),
	    "Reached max session turns for this session. Increase the number of turns by "
	    "specifying maxSessionTurns in settings.json.\n",
	    ENDING_TRUNCATED, "", 200, 40, 80, 0, 0 },
	{ "budget-wall-exit55", EXIT(55),
	    "Run aborted: wall-clock budget of 5s exceeded (--max-wall-time).\n", ENDING_TRUNCATED,
	    "", 0, 0, 0, 0, 0 },
	{ "budget-tool-calls-exit55", EXIT(55),
	    "Run aborted: tool-call budget of 2 exceeded (--max-tool-calls); observed 3.\n",
	    ENDING_TRUNCATED, "", 300, 60, 120, 0, 0 },
	{ "loop-detected", EXIT(1), "", ENDING_TRUNCATED, "", 400, 80, 160, 0, 0 },
	{ "json-schema", EXIT(0), "", ENDING_ANSWERED, "{\"verdict\":\"ok\",\"findings\":[]}", 100,
	    20, 40, 0, 0 },
};

static void recording(void **state)
{
	const struct recording *r = *state;
	struct play p;

	play_begin(&p, &adapter_qwen);
	struct str lines = slurp(p.arena, path_of(p.arena, "qwen", r->name, ".ndjson"));

	assert_true(lines.n > 0);
	play_lines(&p, lines);
	struct outcome o = play_exit(&p, r->status, r->errors);

	compare(p.arena, path_of(p.arena, "qwen", r->name, ".facts"), 0, buf_str(&p.out));
	assert_string_equal(ending_name(o.ending), ending_name(r->ending));
	assert_str(o.answer, r->answer);
	assert_int_equal(o.in, r->in);
	assert_int_equal(o.out, r->out);
	assert_int_equal(o.cached, r->cached);
	assert_int_equal(o.denied, r->denied);
	assert_int_equal(p.violations, r->violations);
	play_end(&p);
}

/* --- sessions --------------------------------------------------------------------------- */

struct written {
	const struct adapter_ops *ops;
	const char *name;
};

static void play_directive(struct play *p, struct str line)
{
	struct str rest = line, verb = str_split(&rest, ' ');

	if (str_is(verb, "cut")) {
		p->ops->line(p->session, rest, true);
		return;
	}
	struct str number = rest.p ? str_split(&rest, ' ') : rest;
	unsigned long long n;

	if (!str_to_u64(number, 255, &n) || (!str_is(verb, "exit") && !str_is(verb, "signal")))
		fail_msg("unknown directive: %.*s", STR_ARG(line));
	play_exit(p, str_is(verb, "exit") ? W_EXITCODE((int)n, 0) : W_EXITCODE(0, (int)n),
	    arena_cstr(p->arena, rest));
}

static void session(void **state)
{
	const struct written *w = *state;
	struct play p;

	play_begin(&p, w->ops);
	const char *path = path_of(p.arena, w->ops->name, w->name, ".session");
	struct str text = slurp(p.arena, path);
	ptrdiff_t cut = str_find(text, STR("\n----\n"));

	assert_true(cut > 0);
	for (struct str rest = str_take(text, (size_t)cut); rest.p;) {
		struct str line = str_split(&rest, '\n');

		if (str_starts(line, STR("> ")))
			play_directive(&p, str_skip(line, 2));
		else if (!str_starts(line, STR("#")))
			p.ops->line(p.session, line, false);
	}
	assert_true(p.ended);
	compare(p.arena, path, (size_t)cut + 6, buf_str(&p.out));
	play_end(&p);
}

static int is_session(const struct dirent *e)
{
	return str_ends(str_from(e->d_name), STR(".session"));
}

/* One test a file; how many there are now. */
static size_t add_sessions(
    struct arena *a, struct CMUnitTest *tests, size_t n, const struct adapter_ops *ops)
{
	struct dirent **names;
	int found = scandir(path_of(a, ops->name, "", ""), &names, is_session, alphasort);

	for (int i = 0; i < found; i++) {
		struct written *w = arena_new(a, struct written);
		size_t bare = strlen(names[i]->d_name) - strlen(".session");

		*w = (struct written){ ops, arena_cstr(a, (struct str){ names[i]->d_name, bare }) };
		if (n < SESSIONS_MOST)
			tests[n++] =
			    (struct CMUnitTest){ arena_printf(a, "%s: %s", ops->name, w->name),
				    session, NULL, NULL, w };
		free(names[i]);
	}
	if (found >= 0)
		free(names);
	return n;
}

static size_t add_recordings(struct CMUnitTest *tests, size_t n)
{
	for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
		struct recording *r = unconst(&recordings[i]);

		tests[n++] = (struct CMUnitTest){ r->name, recording, NULL, NULL, r };
	}
	return n;
}

/* --- what is made, not written ---------------------------------------------------------- */

#define QWEN_INIT                                                                 \
	"{\"type\":\"system\",\"subtype\":\"init\",\"permission_mode\":\"plan\"," \
	"\"tools\":[\"read_file\"]}\n"

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

#define NATIVE_INIT "{\"type\":\"init\",\"mode\":\"read-only\",\"tools\":[\"read_file\"]}\n"

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

static const char *repeat(struct arena *a, const char *text, size_t n)
{
	struct buf b;

	buf_init(&b, MIB(1));
	while (n--)
		buf_adds(&b, text);
	const char *all = arena_cstr(a, buf_str(&b));

	buf_fini(&b);
	return all;
}

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

/* The codec, the flow language and the agent mean the same tools. */
static void our_agent_has_the_tools_that_only_read(void **state)
{
	size_t n = 0;

	(void)state;
	for (; read_only_tools[n]; n++)
		assert_non_null(tool_find(str_from(read_only_tools[n])));
	assert_int_equal(n, agent_n_tools);
}

static size_t add_made(struct CMUnitTest *tests, size_t n)
{
	const struct CMUnitTest made[] = {
		cmocka_unit_test(a_call_that_writes_cannot_hide_behind_many),
		cmocka_unit_test(an_agent_claims_only_what_it_can_know),
		cmocka_unit_test(our_agent_has_the_tools_that_only_read),
		cmocka_unit_test(answers_are_told_from_what_only_looks_like_one),
		cmocka_unit_test(errors_of_the_model_server_are_told_apart),
	};

	memcpy(tests + n, made, sizeof(made));
	return n + sizeof(made) / sizeof(made[0]);
}

int main(void)
{
	struct arena *a = arena_create("tests", ARENA_SMALL);
	struct CMUnitTest tests[SESSIONS_MOST];
	size_t n = add_made(tests, add_recordings(tests, 0));

	n = add_sessions(a, tests, n, &adapter_qwen);
	n = add_sessions(a, tests, n, &adapter_native);
	int failed = _cmocka_run_group_tests("adapter", tests, n, NULL, NULL);

	arena_destroy(a);
	return failed;
}
