/*
 * The qwen CLI over ACP. It starts in the mode that its argument names and is put there again by
 * the codec; the settings file takes shell, write, edit and worktree tools away (agents.md 7).
 */
#include "adapter/acp.h"
#include "adapter/launch.h"
#include "adapter/qwen_profile.h"

/* Here there is somebody to ask, and a turn ends when the answer is no. */
#define QWEN_ASKING ",exit_plan_mode,ask_user_question"

static const struct acp_profile profile = {
	.mode = "plan", .note = QWEN_NOTE, .mutates = qwen_mutates, .read_tools = qwen_read_tools
};

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	const char *const argv[] = { qwen_node(task), "--expose-gc", qwen_script(a, task), "--acp",
		"--approval-mode", "plan", "--auth-type", "openai", "--chat-recording=false",
		("--exclude-tools=" QWEN_EXCLUDED QWEN_ASKING), "--allowed-mcp-server-names=none",
		"--extensions=none", ("--disabled-slash-commands=" QWEN_SLASH), "--model",
		launch_model(task), NULL };
	int rc = qwen_prepare(a, task, ret, err);

	if (rc)
		return rc;
	ret->argv = launch_words(a, argv);
	ret->stdin_text = acp_greeting(a);
	ret->stdin_open = true;
	return 0;
}

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	return acp_create(&profile, task, fn, ctx);
}

const struct adapter_ops adapter_qwen_acp = {
	.name = "qwen",
	.title = "Qwen Code over ACP",
	.read_only_enforced = true,
	.traits = { .mode = "plan",
	    .dialect = "chat",
	    .streams = true,
	    .thinks = true,
	    .counts = true,
	    .tells_reads = true,
	    .shadows = qwen_shadows },
	.package = &qwen_package,
	.env_names = qwen_env_names,
	.version_arg = "--version",
	.prepare = prepare,
	.create = create,
};
