/* How gemini is started: every word of it. */
#include "start.h"

#include "adapter/gemini_profile.h"

#define GEMINI_ARGV(model)                                                                  \
	"/opt/node\n/opt/gemini/bundle/gemini.js\n--approval-mode\nplan\n--output-format\n" \
	"stream-json\n--skip-trust\n--admin-policy\n/scratch/gemini-policy.toml\n"          \
	"--allowed-mcp-server-names\nnone\n--extensions\nnone\n--model\n" model "\n"

static struct agent_task task_of_gemini(void)
{
	struct agent_task task = plain;

	task.program = "/usr/lib/node_modules/@google/gemini-cli/bundle/gemini.js";
	return task;
}

static void gemini_is_started_in_plan_mode(void **state)
{
	struct agent_task task = task_of_gemini();
	struct agent_launch l = prepare(&adapter_gemini, &task);

	(void)state;
	assert_string_equal(words(l.argv), GEMINI_ARGV("stub"));
	assert_string_equal(words(l.env),
	    "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nTERM=dumb\nHOME=/scratch/home\n"
	    "TMPDIR=/scratch/tmp\nGEMINI_API_KEY=" TOKEN "\n"
	    "GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:7771\nGEMINI_CLI_NO_RELAUNCH=true\n");
	assert_string_equal(binds(&l), "/usr/lib/node_modules/@google/gemini-cli at /opt/gemini\n"
				       "/usr/bin/node at /opt/node\n");
	assert_str(l.stdin_text, "Answer in text. There is no plan to write and no mode to leave: "
				 "the text of your last message is the result.\n\n" PROMPT);
}

/* Leaving plan mode comes first: without a person it is allowed by default. */
static void geminis_policy_denies_what_is_not_reading(void **state)
{
	struct agent_task task = task_of_gemini();
	struct agent_launch l = prepare(&adapter_gemini, &task);

	(void)state;
	assert_string_equal(l.files[0].path, "gemini-policy.toml");
	assert_str(l.files[0].text,
	    "[[rule]]\n"
	    "toolName = [\"exit_plan_mode\", \"enter_plan_mode\", \"write_file\", \"replace\",\n"
	    "  \"run_shell_command\", \"invoke_agent\", \"codebase_investigator\", \"cli_help\",\n"
	    "  \"complete_task\", \"save_memory\", \"write_todos\", \"update_topic\", "
	    "\"web_fetch\",\n"
	    "  \"google_web_search\", \"activate_skill\", \"ask_user\", \"get_internal_docs\",\n"
	    "  \"tracker_create_task\", \"tracker_update_task\", \"tracker_get_task\",\n"
	    "  \"tracker_list_tasks\", \"tracker_add_dependency\", \"tracker_visualize\",\n"
	    "  \"read_many_files\", \"read_mcp_resource\", \"list_mcp_resources\"]\n"
	    "decision = \"deny\"\npriority = 999\n\n"
	    "[[rule]]\ntoolName = \"*\"\nmcpName = \"*\"\ndecision = \"deny\"\npriority = 998\n");
}

#define GEMINI_SETTINGS(turns)                                                                    \
	"{\"admin\":{\"extensions\":{\"enabled\":false},\"mcp\":{\"enabled\":false},"             \
	"\"secureModeEnabled\":true,\"skills\":{\"enabled\":false}},\"advanced\":{"               \
	"\"autoConfigureMemory\":false,\"ignoreLocalEnv\":true},\"context\":{"                    \
	"\"fileFiltering\":{\"enableFileWatcher\":false,\"respectGeminiIgnore\":false,"           \
	"\"respectGitIgnore\":false},\"includeDirectoryTree\":false,"                             \
	"\"loadMemoryFromIncludeDirectories\":false},\"experimental\":{\"autoMemory\":false,"     \
	"\"enableAgents\":false,\"extensionManagement\":false,\"worktrees\":false},"              \
	"\"general\":{\"checkpointing\":{\"enabled\":false},\"defaultApprovalMode\":\"plan\","    \
	"\"enableAutoUpdate\":false,\"enableAutoUpdateNotification\":false,\"maxAttempts\":1,"    \
	"\"plan\":{\"modelRouting\":false},\"retryFetchErrors\":false,\"sessionRetention\":{"     \
	"\"enabled\":false},\"topicUpdateNarration\":false},\"hooksConfig\":{\"enabled\":false}," \
	"\"ide\":{\"enabled\":false},\"mcp\":{\"allowed\":[]},\"model\":{"                        \
	"\"maxSessionTurns\":" turns                                                              \
	"},\"privacy\":{\"usageStatisticsEnabled\":false},\"security\":{\"auth\":{"               \
	"\"selectedType\":\"gemini-api-key\"},\"blockGitExtensions\":true,"                       \
	"\"disableAlwaysAllow\":true,\"disableYoloMode\":true,"                                   \
	"\"enablePermanentToolApproval\":false},\"skills\":{\"enabled\":false},\"telemetry\":{"   \
	"\"enabled\":false},\"tools\":{\"allowed\":[],\"core\":[\"read_file\",\"glob\","          \
	"\"grep_search\",\"list_directory\"],\"disableLLMCorrection\":true,\"shell\":{"           \
	"\"enableInteractiveShell\":false},\"useRipgrep\":false},\"useWriteTodos\":false}"

static void geminis_settings_register_what_reads(void **state)
{
	struct agent_task task = task_of_gemini();
	struct agent_launch l = prepare(&adapter_gemini, &task);

	(void)state;
	assert_int_equal(l.n_files, 2);
	assert_string_equal(l.files[1].path, "home/.gemini/settings.json");
	assert_canonical(l.files[1].text, GEMINI_SETTINGS("60"));
	task.max_turns = 7;
	task.model = "";
	l = prepare(&adapter_gemini, &task);
	assert_canonical(l.files[1].text, GEMINI_SETTINGS("7"));
	assert_string_equal(words(l.argv), GEMINI_ARGV("default"));
}

static void nothing_in_a_task_loosens_gemini(void **state)
{
	struct agent_task first = task_of_gemini(), task = first;
	struct str tools[] = { STR("write_file"), STR("run_shell_command") };
	struct agent_launch l, other = prepare(&adapter_gemini, &first);

	(void)state;
	task.prompt = STR("--yolo");
	task.effort = "high";
	task.temperature = 2;
	task.tools = tools;
	task.n_tools = 2;
	task.fast = true;
	l = prepare(&adapter_gemini, &task);
	assert_string_equal(words(l.argv), words(other.argv));
	assert_string_equal(words(l.env), words(other.env));
	for (size_t i = 0; i < 2; i++)
		assert_true(str_eq(l.files[i].text, other.files[i].text));
}

/* What is registered, what is denied and what would be a violation: no tool is in two of them. */
static void what_gemini_denies_does_not_read(void **state)
{
	static const char *const reading[] = { "read_file", "glob", "grep_search",
		"list_directory" };
	struct str policy = str_from(gemini_policy);

	(void)state;
	for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++) {
		assert_true(gemini_reads(str_from(reading[i])));
		assert_false(
		    str_contains(policy, str_from(arena_printf(arena, "\"%s\"", reading[i]))));
	}
	for (struct str rest = policy, word; rest.p;) {
		str_split(&rest, '"');
		if (!rest.p)
			break;
		word = str_split(&rest, '"');
		assert_false(gemini_reads(word));
	}
	assert_false(gemini_reads(STR("")));
}

static void gemini_in_place_is_where_it_is(void **state)
{
	struct agent_task task = in_place(task_of_gemini());
	struct agent_launch l = prepare(&adapter_gemini, &task);

	(void)state;
	assert_string_equal(l.argv[0], task.interpreter);
	assert_string_equal(l.argv[1], task.program);
	assert_string_equal(binds(&l),
	    "/usr/lib/node_modules/@google/gemini-cli at /usr/lib/node_modules/@google/gemini-cli\n"
	    "/usr/bin/node at /usr/bin/node\n");
	assert_true(has_word(l.argv, "/data/attempt/gemini-policy.toml"));
	assert_true(has_word(l.env, "HOME=/data/attempt/home"));
	assert_false(has_word(l.argv, "/opt/"));
	assert_false(has_word(l.env, "/scratch"));
}

static void gemini_is_refused_what_it_cannot_do(void **state)
{
	struct agent_task no_node = task_of_gemini(), web = task_of_gemini();
	struct agent_launch l;
	struct err err = { 0 };

	(void)state;
	no_node.interpreter = NULL;
	assert_int_equal(adapter_gemini.prepare(arena, &no_node, &l, &err), -ENOENT);
	assert_string_equal(err.what, "gemini needs Node");
	web.web_only = true;
	assert_int_equal(adapter_gemini.prepare(arena, &web, &l, &err), -ENOTSUP);
	assert_string_equal(err.what, "gemini has no tool that reaches the web behind the fence");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(gemini_is_started_in_plan_mode),
		T(geminis_policy_denies_what_is_not_reading),
		T(geminis_settings_register_what_reads),
		T(nothing_in_a_task_loosens_gemini),
		T(what_gemini_denies_does_not_read),
		T(gemini_in_place_is_where_it_is),
		T(gemini_is_refused_what_it_cannot_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
