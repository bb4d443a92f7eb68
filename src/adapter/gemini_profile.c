#include "adapter/gemini_profile.h"

/* A rule for everything would take the reading tools, too, whatever allows them. */
const char gemini_policy[] =
    "[[rule]]\n"
    "toolName = [\"exit_plan_mode\", \"enter_plan_mode\", \"write_file\", \"replace\",\n"
    "  \"run_shell_command\", \"invoke_agent\", \"codebase_investigator\", \"cli_help\",\n"
    "  \"complete_task\", \"save_memory\", \"write_todos\", \"update_topic\", \"web_fetch\",\n"
    "  \"google_web_search\", \"activate_skill\", \"ask_user\", \"get_internal_docs\",\n"
    "  \"tracker_create_task\", \"tracker_update_task\", \"tracker_get_task\",\n"
    "  \"tracker_list_tasks\", \"tracker_add_dependency\", \"tracker_visualize\",\n"
    "  \"read_many_files\", \"read_mcp_resource\", \"list_mcp_resources\"]\n"
    "decision = \"deny\"\n"
    "priority = 999\n"
    "\n"
    "[[rule]]\n"
    "toolName = \"*\"\n"
    "mcpName = \"*\"\n"
    "decision = \"deny\"\n"
    "priority = 998\n";

#define SETTINGS                                                                                 \
	"{\n"                                                                                    \
	"  \"security\": {\"auth\": {\"selectedType\": \"gemini-api-key\"},\n"                   \
	"    \"disableYoloMode\": true, \"disableAlwaysAllow\": true,\n"                         \
	"    \"enablePermanentToolApproval\": false, \"blockGitExtensions\": true},\n"           \
	"  \"admin\": {\"secureModeEnabled\": true, \"extensions\": {\"enabled\": false},\n"     \
	"    \"mcp\": {\"enabled\": false}, \"skills\": {\"enabled\": false}},\n"                \
	"  \"tools\": {\"core\": [\"read_file\", \"glob\", \"grep_search\",\n"                   \
	"    \"list_directory\"], \"allowed\": [], \"useRipgrep\": false,\n"                     \
	"    \"disableLLMCorrection\": true, \"shell\": {\"enableInteractiveShell\": false}},\n" \
	"  \"mcp\": {\"allowed\": []},\n"                                                        \
	"  \"hooksConfig\": {\"enabled\": false},\n"                                             \
	"  \"skills\": {\"enabled\": false},\n"                                                  \
	"  \"useWriteTodos\": false,\n"                                                          \
	"  \"experimental\": {\"enableAgents\": false, \"autoMemory\": false,\n"                 \
	"    \"extensionManagement\": false, \"worktrees\": false},\n"                           \
	"  \"context\": {\"includeDirectoryTree\": false,\n"                                     \
	"    \"loadMemoryFromIncludeDirectories\": false,\n"                                     \
	"    \"fileFiltering\": {\"respectGitIgnore\": false, \"respectGeminiIgnore\": false,\n" \
	"      \"enableFileWatcher\": false}},\n"                                                \
	"  \"model\": {\"maxSessionTurns\": %u},\n"                                              \
	"  \"general\": {\"defaultApprovalMode\": \"plan\", \"plan\": {\"modelRouting\": "       \
	"false},\n"                                                                              \
	"    \"maxAttempts\": 1, \"retryFetchErrors\": false, \"enableAutoUpdate\": false,\n"    \
	"    \"enableAutoUpdateNotification\": false, \"topicUpdateNarration\": false,\n"        \
	"    \"checkpointing\": {\"enabled\": false}, \"sessionRetention\": {\"enabled\": "      \
	"false}},\n"                                                                             \
	"  \"advanced\": {\"ignoreLocalEnv\": true, \"autoConfigureMemory\": false},\n"          \
	"  \"privacy\": {\"usageStatisticsEnabled\": false},\n"                                  \
	"  \"telemetry\": {\"enabled\": false},\n"                                               \
	"  \"ide\": {\"enabled\": false}\n"                                                      \
	"}\n"

struct str gemini_settings(struct arena *a, unsigned turns)
{
	return str_from(arena_printf(a, SETTINGS, turns));
}

bool gemini_reads(struct str tool)
{
	static const char *const reading[] = { "read_file", "glob", "grep_search",
		"list_directory" };

	for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++)
		if (str_is(tool, reading[i]))
			return true;
	return false;
}
