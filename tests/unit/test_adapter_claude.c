/* How claude is started: every word of it. */
#include "start.h"

#include "adapter/claude_profile.h"
#include "adapter/launch.h"

#define CLAUDE_ARGV(turns, model)                                                             \
	"/opt/claude\n-p\n--permission-mode\nplan\n--output-format\nstream-json\n--verbose\n" \
	"--include-partial-messages\n--tools\nRead,Grep,Glob\n--restricted\n"                 \
	"--strict-mcp-config\n--permission-prompts\nnone\n--setting-sources\n\n--settings\n"  \
	"/scratch/claude-settings.json\n--no-session-persistence\n--disable-slash-commands\n" \
	"--max-turns\n" turns "\n--model\n" model "\n"

static struct agent_task task_of_claude(void)
{
	struct agent_task task = plain;

	task.program =
	    "/usr/lib/node_modules/@anthropic-ai/claude-code-linux-" NPM_PROCESSOR "/claude";
	task.interpreter = NULL;
	return task;
}

static void claude_is_started_in_plan_mode(void **state)
{
	struct agent_task task = task_of_claude();
	struct agent_launch l = prepare(&adapter_claude, &task);

	(void)state;
	assert_string_equal(words(l.argv), CLAUDE_ARGV("60", "stub"));
	assert_string_equal(words(l.env),
	    "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nTERM=dumb\nHOME=/scratch/home\n"
	    "TMPDIR=/scratch/tmp\nANTHROPIC_API_KEY=" TOKEN "\n"
	    "ANTHROPIC_BASE_URL=http://127.0.0.1:7771\nAPI_TIMEOUT_MS=600000\n"
	    "CLAUDE_CODE_MAX_RETRIES=1\nCLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1\n"
	    "DISABLE_AUTOUPDATER=1\nDISABLE_TELEMETRY=1\nDISABLE_ERROR_REPORTING=1\n");
	assert_string_equal(binds(&l),
	    "/usr/lib/node_modules/@anthropic-ai/claude-code-linux-" NPM_PROCESSOR
	    "/claude at /opt/claude\n");
	assert_str(l.stdin_text, "Answer in text, not with a plan: the text of your last message "
				 "is the result.\n\n" PROMPT);
}

static void claudes_limits_are_those_of_the_task(void **state)
{
	struct agent_task task = task_of_claude();

	(void)state;
	task.max_turns = 7;
	task.wall = 90000;
	task.model = "";
	task.effort = "high";
	struct agent_launch l = prepare(&adapter_claude, &task);

	assert_string_equal(words(l.argv), CLAUDE_ARGV("7", "default") "--effort\nhigh\n");
	assert_true(has_word(l.env, "API_TIMEOUT_MS=90000"));
}

/* What stands where it is looked for, and every word in it. */
static void claude_finds_its_settings(void **state)
{
	struct agent_task task = task_of_claude();
	struct agent_launch l = prepare(&adapter_claude, &task);

	(void)state;
	assert_int_equal(l.n_files, 2);
	assert_string_equal(l.files[0].path, "claude-settings.json");
	assert_canonical(l.files[0].text,
	    "{\"disableAllHooks\":true,\"enableAllProjectMcpServers\":false,\"permissions\":{"
	    "\"deny\":[\"Bash\",\"Edit\",\"Write\",\"NotebookEdit\",\"WebFetch\",\"WebSearch\","
	    "\"Task\",\"Skill\",\"EnterWorktree\",\"ExitWorktree\",\"ExitPlanMode\","
	    "\"CronCreate\",\"CronDelete\",\"Monitor\",\"SendMessage\",\"Workflow\",\"mcp__*\"],"
	    "\"disableBypassPermissionsMode\":\"disable\"}}");
	assert_string_equal(l.files[1].path, "home/.claude.json");
	assert_canonical(l.files[1].text,
	    "{\"autoConnectIde\":false,\"autoUpdates\":false,\"hasCompletedOnboarding\":true}");
}

/* No field of a task reaches the mode, the lists or the settings. */
static void nothing_in_a_task_loosens_claude(void **state)
{
	struct agent_task first = task_of_claude(), task = first;
	struct str tools[] = { STR("Write"), STR("Bash") };
	struct agent_launch l, other = prepare(&adapter_claude, &first);

	(void)state;
	task.prompt = STR("--dangerously-skip-permissions");
	task.temperature = 2;
	task.tools = tools;
	task.n_tools = 2;
	task.fast = true;
	l = prepare(&adapter_claude, &task);
	assert_string_equal(words(l.argv), words(other.argv));
	assert_string_equal(words(l.env), words(other.env));
	for (size_t i = 0; i < 2; i++)
		assert_true(str_eq(l.files[i].text, other.files[i].text));
}

static void only_three_tools_of_claude_read(void **state)
{
	static const char *const others[] = { "Task", "Bash", "CronCreate", "CronDelete",
		"CronList", "Edit", "EnterWorktree", "ExitWorktree", "ExitPlanMode", "ListAgents",
		"Monitor", "NotebookEdit", "ReportFindings", "ScheduleWakeup", "SendMessage",
		"Skill", "TaskStop", "ToolSearch", "WebFetch", "WebSearch", "Workflow", "Write",
		"mcp__x__y", "read", "Rea", "Read,Grep", "" };

	(void)state;
	assert_true(claude_reads(STR("Read")));
	assert_true(claude_reads(STR("Grep")));
	assert_true(claude_reads(STR("Glob")));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(claude_reads(str_from(others[i])));
}

static void claude_in_place_is_where_it_is(void **state)
{
	struct agent_task task = in_place(task_of_claude());
	struct agent_launch l = prepare(&adapter_claude, &task);

	(void)state;
	assert_string_equal(l.argv[0], task.program);
	assert_string_equal(l.binds[0].inside, task.program);
	assert_true(has_word(l.argv, "/data/attempt/claude-settings.json"));
	assert_true(has_word(l.env, "HOME=/data/attempt/home"));
	assert_false(has_word(l.argv, "/opt/"));
	assert_false(has_word(l.argv, "/scratch"));
	assert_false(has_word(l.env, "/scratch"));
}

static void claude_is_refused_what_it_cannot_do(void **state)
{
	struct agent_task web = task_of_claude();
	struct agent_launch l;
	struct err err = { 0 };

	(void)state;
	web.web_only = true;
	assert_int_equal(adapter_claude.prepare(arena, &web, &l, &err), -ENOTSUP);
	assert_string_equal(err.what, "claude has no tool that reaches the web behind the fence");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(claude_is_started_in_plan_mode),
		T(claudes_limits_are_those_of_the_task),
		T(claude_finds_its_settings),
		T(nothing_in_a_task_loosens_claude),
		T(only_three_tools_of_claude_read),
		T(claude_in_place_is_where_it_is),
		T(claude_is_refused_what_it_cannot_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
