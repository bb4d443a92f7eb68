#include "adapter/qwen_profile.h"

#include "adapter/launch.h"

#define INSIDE_NODE "/opt/node"
#define INSIDE_PACKAGE "/opt/qwen"
#define SETTINGS "qwen-system.json" /* below scratch */

const struct agent_package qwen_package = {
	.name = "@qwen-code/qwen-code", .version = QWEN_VERSION, .script = "cli.js"
};

/* Of its search it tells no more than how much was found. */
const struct read_tool qwen_read_tools[] = {
	{ .tool = "read_file",
	    .shape = READ_PLAIN,
	    .path = "file_path",
	    .other_path = "absolute_path",
	    .from = "offset",
	    .from_zero = true },
	{ .tool = NULL },
};

const char *const qwen_shadows[] = { ".qwen", ".env", ".qwenignore", "QWEN.md", ".mcp.json",
	".gemini", ".agents", NULL };

const char *const qwen_env_names[] = { "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL",
	"QWEN_CODE_SYSTEM_SETTINGS_PATH", "QWEN_CODE_NO_RELAUNCH", "QWEN_CODE_DISABLE_CRON",
	"QWEN_STREAM_IDLE_TIMEOUT_MS", "HOME", "TMPDIR", "PATH", "LANG", "TERM", NULL };

const char qwen_settings[] =
    "{\n"
    "  \"security\": {\"folderTrust\": {\"enabled\": true}},\n"
    "  \"disableAllHooks\": true,\n"
    "  \"memory\": {\"enableManagedAutoMemory\": false, \"enableManagedAutoDream\": false,\n"
    "    \"enableAutoSkill\": false, \"enableTeamMemory\": false},\n"
    "  \"permissions\": {\"deny\": [\"Bash\", \"run_shell_command\", \"monitor\", \"Edit\",\n"
    "    \"edit\", \"write_file\", \"notebook_edit\", \"enter_worktree\", \"exit_worktree\",\n"
    "    \"agent\", \"skill\", \"cron_create\", \"cron_delete\", \"loop_wakeup\",\n"
    "    \"record_artifact\", \"save_memory\", \"web_fetch\", \"send_message\", \"task_stop\",\n"
    "    \"tool_call\", \"workflow\", \"mcp__*\"]},\n"
    "  \"tools\": {\"approvalMode\": \"plan\", \"shell\": {\"enableInteractiveShell\": false}},\n"
    "  \"mcp\": {\"allowed\": []},\n"
    "  \"general\": {\"enableAutoUpdate\": false},\n"
    "  \"privacy\": {\"usageStatisticsEnabled\": false},\n"
    "  \"telemetry\": {\"enabled\": false},\n"
    "  \"ide\": {\"enabled\": false}\n"
    "}\n";

static const char *const mutating[] = { "run_shell_command", "monitor", "edit", "replace",
	"write_file", "notebook_edit", "enter_worktree", "exit_worktree", "exit_plan_mode", "agent",
	"skill", "cron_create", "cron_delete", "loop_wakeup", "record_artifact", "save_memory",
	"web_fetch", "send_message", "task_stop", "tool_call", "workflow", "Bash", "Edit" };

bool qwen_mutates(struct str tool)
{
	if (str_starts(tool, STR("mcp__")))
		return true;
	for (size_t i = 0; i < sizeof(mutating) / sizeof(mutating[0]); i++)
		if (str_is(tool, mutating[i]))
			return true;
	return false;
}

const char *qwen_node(const struct agent_task *t)
{
	return launch_place(t, t->interpreter, INSIDE_NODE);
}

const char *qwen_script(struct arena *a, const struct agent_task *t)
{
	return arena_printf(a, "%s/%s", launch_place(t, launch_dir(a, t->program), INSIDE_PACKAGE),
	    launch_name(t->program));
}

static const char **env_of(struct arena *a, const struct agent_task *t)
{
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=dumb",
		arena_printf(a, "HOME=%s", t->home), arena_printf(a, "TMPDIR=%s", t->tmp),
		arena_printf(a, "OPENAI_API_KEY=%s", t->token),
		arena_printf(a, "OPENAI_BASE_URL=http://127.0.0.1:%u/v1", t->port),
		arena_printf(a, "OPENAI_MODEL=%s", launch_model(t)),
		arena_printf(a, "QWEN_CODE_SYSTEM_SETTINGS_PATH=%s/" SETTINGS, t->scratch),
		"QWEN_CODE_NO_RELAUNCH=true", "QWEN_CODE_DISABLE_CRON=1",
		"QWEN_STREAM_IDLE_TIMEOUT_MS=120000", NULL };

	return launch_words(a, env);
}

int qwen_prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	if (!task->interpreter)
		return err_set(err, -ENOENT, "qwen needs Node");
	if (task->web_only)
		return err_set(
		    err, -ENOTSUP, "qwen has no tool that reaches the web behind the fence");
	ret->env = env_of(a, task);
	launch_file(a, ret, SETTINGS, str_from(qwen_settings));
	launch_bind(a, task, ret, launch_dir(a, task->program), INSIDE_PACKAGE);
	launch_bind(a, task, ret, task->interpreter, INSIDE_NODE);
	return 0;
}
