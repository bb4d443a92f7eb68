/*
 * The claude CLI: one shot, plan mode, `stream-json` on stdout, three tools that read. What the
 * flags keep out was measured against clean and hostile repositories (agents.md §1.2, §3): nothing
 * of a repository's settings, hooks, servers, agents, skills or memory files is read with them.
 */
#include "adapter/blocks.h"
#include "adapter/launch.h"

#include "adapter/claude_profile.h"
#include "base/json.h"

#define TURNS_DEFAULT 60
#define WALL_DEFAULT 600000
#define INSIDE_PROGRAM "/opt/claude"
#define SETTINGS "claude-settings.json" /* below scratch */

static const char *const executables[] = { "@anthropic-ai/claude-code-linux-" NPM_PROCESSOR
					   "/claude",
	"@anthropic-ai/claude-code-linux-" NPM_PROCESSOR "-musl/claude", NULL };

static const struct agent_package package = {
	.name = "@anthropic-ai/claude-code", .version = CLAUDE_VERSION, .executables = executables
};

/* --- starting -------------------------------------------------------------------------------- */

static const char **argv_of(struct arena *a, const struct agent_task *t)
{
	unsigned turns = t->max_turns ? t->max_turns : TURNS_DEFAULT;
	const char *const argv[] = { launch_place(t, t->program, INSIDE_PROGRAM), "-p",
		"--permission-mode", "plan", "--output-format", "stream-json", "--verbose",
		"--include-partial-messages", "--tools", CLAUDE_TOOLS, "--restricted",
		"--strict-mcp-config", "--permission-prompts", "none", "--setting-sources", "",
		"--settings", arena_printf(a, "%s/" SETTINGS, t->scratch),
		"--no-session-persistence", "--disable-slash-commands", "--max-turns",
		arena_printf(a, "%u", turns), "--model", launch_model(t),
		t->effort[0] ? "--effort" : NULL, t->effort, NULL };

	return launch_words(a, argv);
}

/*
 * Its own patience is the attempt's: a request may wait for its turn in the gateway, and whether
 * to try again is decided there.
 */
static const char **env_of(struct arena *a, const struct agent_task *t)
{
	long long patience = t->wall > 0 ? t->wall : WALL_DEFAULT;
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=dumb",
		arena_printf(a, "HOME=%s", t->home), arena_printf(a, "TMPDIR=%s", t->tmp),
		arena_printf(a, "ANTHROPIC_API_KEY=%s", t->token),
		arena_printf(a, "ANTHROPIC_BASE_URL=http://127.0.0.1:%u", t->port),
		arena_printf(a, "API_TIMEOUT_MS=%lld", patience), "CLAUDE_CODE_MAX_RETRIES=1",
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1",
		"DISABLE_TELEMETRY=1", "DISABLE_ERROR_REPORTING=1", NULL };

	return launch_words(a, env);
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	if (task->web_only)
		return err_set(
		    err, -ENOTSUP, "claude has no tool that reaches the web behind the fence");
	ret->argv = argv_of(a, task);
	ret->env = env_of(a, task);
	ret->stdin_text = launch_prompt(a, CLAUDE_NOTE, task);
	launch_file(a, ret, SETTINGS, str_from(claude_settings));
	launch_file(a, ret, "home/.claude.json", str_from(claude_home));
	launch_bind(a, task, ret, task->program, INSIDE_PROGRAM);
	return 0;
}

/* --- reading --------------------------------------------------------------------------------- */

struct agent_session {
	struct session base;
	bool writing;		  /* something came since it asked its model */
	long long out_of_message; /* output tokens told of the message in hand */
};

/* It starts with the first message again; what came of this one is void. */
static void on_retry(struct agent_session *s, json_t *doc)
{
	blocks_retry(&s->base, s->writing, json_get_str(doc, "error"));
	s->writing = false;
}

/* A refusal of a writing tool is told by its result; one of a reading tool only here. */
static void on_denied(struct agent_session *s, json_t *doc)
{
	struct str name = json_get_str(doc, "tool_name");

	if (claude_reads(name))
		session_deny_call(
		    &s->base, json_get_str(doc, "tool_use_id"), name, json_get_str(doc, "message"));
}

static void on_system(struct agent_session *s, json_t *doc)
{
	struct str sub = json_get_str(doc, "subtype"), mode = json_get_str(doc, "permissionMode");

	if (str_is(sub, "init"))
		blocks_init(&s->base, doc, "permissionMode", "claude_code_version");
	else if (mode.n)
		blocks_check_mode(&s->base, mode); /* a status says it when it changes */
	if (str_is(sub, "api_retry"))
		on_retry(s, doc);
	else if (str_is(sub, "permission_denied"))
		on_denied(s, doc);
	else if (str_is(sub, "status"))
		s->writing = false;
}

/* What is read from the cache is not in its input_tokens; elsewhere it is. */
static long long input_of(const json_t *usage)
{
	return session_tokens(usage, "input_tokens", 0) +
	       session_tokens(usage, "cache_read_input_tokens", 0) +
	       session_tokens(usage, "cache_creation_input_tokens", 0);
}

static void count_message(struct agent_session *s, const json_t *event)
{
	struct str type = json_get_str(event, "type");

	if (str_is(type, "message_start")) {
		const json_t *usage = json_get_object(json_get_object(event, "message"), "usage");

		s->out_of_message = 0;
		session_add_usage(&s->base, input_of(usage), 0,
		    session_tokens(usage, "cache_read_input_tokens", 0));
	} else if (str_is(type, "message_delta")) {
		long long told = s->out_of_message;
		long long out =
		    session_tokens(json_get_object(event, "usage"), "output_tokens", told);

		s->out_of_message = out > told ? out : told;
		session_add_usage(&s->base, 0, s->out_of_message - told, 0);
	}
}

static void on_stream(struct agent_session *s, json_t *doc)
{
	s->writing = true;
	count_message(s, json_get_object(doc, "event"));
	blocks_stream(s, doc);
}

/* Requests that were not streamed are in the result's sums only. */
static void on_result(struct agent_session *s, json_t *doc)
{
	const json_t *usage = json_get_object(doc, "usage");

	session_on_result(s, doc);
	session_raise_usage(&s->base, input_of(usage), session_tokens(usage, "output_tokens", 0),
	    session_tokens(usage, "cache_read_input_tokens", 0));
}

static const struct session_event events[] = {
	{ "system", on_system },
	{ "stream_event", on_stream },
	{ "assistant", blocks_assistant },
	{ "user", blocks_user },
	{ "result", on_result },
	{ NULL, NULL },
};

/* --- the end --------------------------------------------------------------------------------- */

/* The result says "success" when the model server failed, too; what counts is why it ended. */
static bool completed(const json_t *result)
{
	return !json_get_bool(result, "is_error", true) &&
	       str_is(json_get_str(result, "subtype"), "success") &&
	       str_is(json_get_str(result, "terminal_reason"), "completed");
}

/* Its own words of an error; without one, why it says that it ended. */
static struct str message_of(const json_t *result)
{
	struct str said = json_get_str(result, "result");

	if (!json_get_bool(result, "is_error", true))
		return json_get_str(result, "terminal_reason");
	if (!said.n)
		said = str_from(
		    json_string_value(json_array_get(json_get_array(result, "errors"), 0)));
	return said;
}

static enum ending ending_of_error(const json_t *result, struct str message)
{
	struct str why = json_get_str(result, "terminal_reason");

	if (str_is(why, "max_turns") || str_is(why, "prompt_too_long") ||
	    str_contains(message, STR("output token maximum")))
		return ENDING_TRUNCATED;
	if (str_is(json_get_str(result, "stop_reason"), "refusal"))
		return ENDING_REFUSED;
	if (str_is(why, "api_error"))
		return endpoint_classify(
		    (int)session_tokens(result, "api_error_status", 0), message);
	return ENDING_CRASHED;
}

static void with_error(struct agent_session *s, struct outcome *ret)
{
	struct str message = message_of(s->base.result);

	ret->ending = ending_of_error(s->base.result, message);
	ret->reason = session_reason(&s->base, message);
}

static void with_answer(const struct agent_session *s, struct outcome *ret)
{
	ret->answer = json_get_str(s->base.result, "result");
	ret->ending = answer_classify(ret->answer);
}

static void end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	(void)status;
	(void)errors;
	if (s->base.result && completed(s->base.result))
		with_answer(s, ret);
	else if (s->base.result)
		with_error(s, ret);
}

static const struct session_kind kind = { .size = sizeof(struct agent_session),
	.reads = claude_reads,
	.read_tools = claude_read_tools,
	.events = events,
	.end = end };

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	(void)task;
	return session_new(&kind, fn, ctx);
}

/*
 * Settings with hooks, commands and addresses, and servers to be started: the flags keep them out,
 * and they are not there either. CLAUDE.md and AGENTS.md are not read with these flags and stay:
 * they are text that a finding may be about.
 */
const char *const claude_shadows[] = { ".claude", ".mcp.json", NULL };

static const char *const env_names[] = { "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL",
	"API_TIMEOUT_MS", "CLAUDE_CODE_MAX_RETRIES", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
	"DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING", "HOME", "TMPDIR",
	"PATH", "LANG", "TERM", NULL };

const struct adapter_ops adapter_claude = {
	.name = "claude",
	.title = "Claude Code",
	.read_only_enforced = true,
	.traits = { .mode = "plan",
	    .dialect = "messages",
	    .streams = true,
	    .thinks = true,
	    .counts = true,
	    .tells_reads = true,
	    .strict = true,
	    .shadows = claude_shadows },
	.package = &package,
	.acp = &adapter_claude_acp,
	.env_names = env_names,
	.version_arg = "--version",
	.prepare = prepare,
	.create = create,
};
