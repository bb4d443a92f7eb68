/*
 * The qwen CLI: one shot, plan mode, `stream-json` on stdout. The flags and settings below were
 * measured against clean and hostile repositories (agents.md §1.1, §3); the prompt goes in on
 * stdin, because argv is limited, readable by everybody, and parsed for flags.
 */
#include "adapter/blocks.h"
#include "adapter/launch.h"

#include "adapter/qwen_profile.h"
#include "base/json.h"

#define TURNS_DEFAULT 60

/* --- starting -------------------------------------------------------------------------------- */

static const char **argv_of(struct arena *a, const struct agent_task *t)
{
	unsigned turns = t->max_turns ? t->max_turns : TURNS_DEFAULT;
	/* its own limit comes first, so that its last word is still heard */
	long long seconds = t->wall > 20000 ? (t->wall - 10000) / 1000 : 0;
	const char *const argv[] = { qwen_node(t), "--expose-gc", qwen_script(a, t),
		"--approval-mode", "plan", "--input-format", "text", "--output-format",
		"stream-json", "--include-partial-messages", "--auth-type", "openai",
		"--chat-recording=false", "--max-session-turns", arena_printf(a, "%u", turns),
		"--max-tool-calls", arena_printf(a, "%u", turns * 8),
		("--exclude-tools=" QWEN_EXCLUDED), "--allowed-mcp-server-names=none",
		"--extensions=none", ("--disabled-slash-commands=" QWEN_SLASH), "--model",
		launch_model(t), seconds ? "--max-wall-time" : NULL,
		arena_printf(a, "%llds", seconds), NULL };

	return launch_words(a, argv);
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	int rc = qwen_prepare(a, task, ret, err);

	if (rc)
		return rc;
	ret->argv = argv_of(a, task);
	ret->stdin_text = launch_prompt(a, QWEN_NOTE, task);
	return 0;
}

/* --- reading --------------------------------------------------------------------------------- */

struct agent_session {
	struct session base;
};

static bool only_reads(struct str tool)
{
	return !qwen_mutates(tool);
}

/* --- events --------------------------------------------------------------------------------- */

static void on_retry(struct agent_session *s, json_t *doc)
{
	const json_t *data = json_get_object(doc, "data");

	blocks_retry(
	    &s->base, !json_get_bool(data, "preserveText", false), json_get_str(data, "reason"));
}

static void on_system(struct agent_session *s, json_t *doc)
{
	struct str sub = json_get_str(doc, "subtype");

	if (str_is(sub, "init"))
		blocks_init(&s->base, doc, "permission_mode", "qwen_code_version");
	else if (str_is(sub, "retry"))
		on_retry(s, doc);
}

static void add_usage(struct agent_session *s, const json_t *usage)
{
	long long in = session_tokens(usage, "input_tokens", 0);
	long long out = session_tokens(usage, "output_tokens", 0);

	if (in || out)
		session_add_usage(
		    &s->base, in, out, session_tokens(usage, "cache_read_input_tokens", 0));
}

static void on_assistant(struct agent_session *s, json_t *doc)
{
	blocks_assistant(s, doc);
	add_usage(s, json_get_object(json_get_object(doc, "message"), "usage"));
}

static const struct session_event events[] = {
	{ "system", on_system },
	{ "stream_event", blocks_stream },
	{ "assistant", on_assistant },
	{ "user", blocks_user },
	{ "result", session_on_result },
	{ NULL, NULL },
};

/* --- the end --------------------------------------------------------------------------------- */

static enum ending ending_of_error(struct str message)
{
	if (str_contains(message, STR("Loop detection")) ||
	    str_contains(message, STR("max session turns")))
		return ENDING_TRUNCATED;
	return endpoint_classify(session_status(message), message);
}

/* Its own error message is streamed as if the model had said it, behind what the model said. */
static struct str without_error(struct str text, struct str message)
{
	return str_ends(text, message) ? str_take(text, text.n - message.n) : text;
}

static void without_result(
    struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	int code = session_exit(status);

	if (code == 53 || code == 55) {
		ret->ending = ENDING_TRUNCATED;
		ret->reason = code == 53 ? STR("it used up its turns")
					 : STR("it used up its time or its tool calls");
	} else if (code == 52) {
		ret->ending = ENDING_DENIED;
	} else if (code > 0 && !s->base.opened && str_contains(errors, STR("SyntaxError:"))) {
		ret->reason = STR("this Node is too old for it: install Node 22 or newer, "
				  "or name one as agents.qwen.node in the configuration");
	}
}

static void with_error(struct agent_session *s, struct outcome *ret)
{
	struct str message = json_get_str(json_get_object(s->base.result, "error"), "message");

	ret->answer = without_error(ret->answer, message);
	ret->ending = ending_of_error(message);
	ret->reason = session_reason(&s->base, message);
}

static void with_answer(const struct agent_session *s, struct outcome *ret)
{
	ret->answer = json_get_str(s->base.result, "result");
	ret->structured = json_object_get(s->base.result, "structured_result");
	ret->ending = answer_classify(ret->answer);
}

static void end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	if (!s->base.result)
		without_result(s, status, errors, ret);
	else if (json_get_bool(s->base.result, "is_error", true))
		with_error(s, ret);
	else
		with_answer(s, ret);
}

static const struct session_kind kind = { .size = sizeof(struct agent_session),
	.reads = only_reads,
	.read_tools = qwen_read_tools,
	.events = events,
	.end = end };

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	(void)task;
	return session_new(&kind, fn, ctx);
}

const struct adapter_ops adapter_qwen = {
	.name = "qwen",
	.title = "Qwen Code",
	.read_only_enforced = true,
	.traits = { .mode = "plan",
	    .dialect = "chat",
	    .streams = true,
	    .thinks = true,
	    .counts = true,
	    .tells_reads = true,
	    .strict = true,
	    .shadows = qwen_shadows },
	.package = &qwen_package,
	.acp = &adapter_qwen_acp,
	.env_names = qwen_env_names,
	.version_arg = "--version",
	.prepare = prepare,
	.create = create,
};
