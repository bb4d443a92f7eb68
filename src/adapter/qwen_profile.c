#include "adapter/qwen_profile.h"

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
