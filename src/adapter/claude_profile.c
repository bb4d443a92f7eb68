#include "adapter/claude_profile.h"

/* A second belt: with CLAUDE_TOOLS none of these is there to be denied. */
const char claude_settings[] =
    "{\n"
    "  \"disableAllHooks\": true,\n"
    "  \"enableAllProjectMcpServers\": false,\n"
    "  \"permissions\": {\"disableBypassPermissionsMode\": \"disable\", \"deny\": [\"Bash\",\n"
    "    \"Edit\", \"Write\", \"NotebookEdit\", \"WebFetch\", \"WebSearch\", \"Task\", \"Skill\",\n"
    "    \"EnterWorktree\", \"ExitWorktree\", \"ExitPlanMode\", \"CronCreate\", \"CronDelete\",\n"
    "    \"Monitor\", \"SendMessage\", \"Workflow\", \"mcp__*\"]}\n"
    "}\n";

const char claude_home[] =
    "{\"hasCompletedOnboarding\": true, \"autoUpdates\": false, \"autoConnectIde\": false}\n";

const struct read_tool claude_read_tools[] = {
	{ .tool = "Read",
	    .shape = READ_NUMBERED,
	    .path = "file_path",
	    .mark = "\t",
	    .old_mark = "→" },
	{ .tool = "Grep", .shape = READ_HITS, .path = "path" },
	{ .tool = NULL },
};

bool claude_reads(struct str tool)
{
	struct str rest = STR(CLAUDE_TOOLS);

	while (rest.p)
		if (str_eq(tool, str_split(&rest, ',')))
			return true;
	return false;
}
