/* How agents are started: every word of the command, the environment and the settings. */
#include "start.h"

#include "adapter/qwen_profile.h"

/* --- qwen ------------------------------------------------------------------------------- */

#define EXCLUDED                                                                        \
	"enter_worktree,exit_worktree,agent,skill,cron_create,cron_delete,loop_wakeup," \
	"record_artifact,web_fetch,monitor,run_shell_command,edit,write_file,"          \
	"notebook_edit,task_stop,send_message"

#define QWEN_ARGV(turns, calls, model)                                                     \
	"/opt/node\n--expose-gc\n/opt/qwen/cli.js\n--approval-mode\nplan\n"                \
	"--input-format\ntext\n--output-format\nstream-json\n--include-partial-messages\n" \
	"--auth-type\nopenai\n--chat-recording=false\n--max-session-turns\n" turns "\n"    \
	"--max-tool-calls\n" calls "\n--exclude-tools=" EXCLUDED "\n"                      \
	"--allowed-mcp-server-names=none\n--extensions=none\n"                             \
	"--disabled-slash-commands=init,export,summary,import-config,auth,mcp,hooks,"      \
	"extensions,update,remember,memory,setup-github,language,clear\n--model\n" model "\n"

static void qwen_is_started_in_plan_mode(void **state)
{
	struct agent_launch l = prepare(&adapter_qwen, &plain);

	(void)state;
	assert_string_equal(words(l.argv), QWEN_ARGV("60", "480", "stub"));
	assert_string_equal(words(l.env),
	    "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nTERM=dumb\nHOME=/scratch/home\n"
	    "TMPDIR=/scratch/tmp\nOPENAI_API_KEY=" TOKEN "\n"
	    "OPENAI_BASE_URL=http://127.0.0.1:7771/v1\nOPENAI_MODEL=stub\n"
	    "QWEN_CODE_SYSTEM_SETTINGS_PATH=/scratch/qwen-system.json\n"
	    "QWEN_CODE_NO_RELAUNCH=true\nQWEN_CODE_DISABLE_CRON=1\n"
	    "QWEN_STREAM_IDLE_TIMEOUT_MS=120000\n");
	assert_string_equal(binds(&l), "/usr/lib/node_modules/@qwen-code/qwen-code at /opt/qwen\n"
				       "/usr/bin/node at /opt/node\n");
	assert_str(l.stdin_text,
	    "Answer in text. Do not call exit_plan_mode: it is not available "
	    "here, and the text of your last message is the result.\n\n" PROMPT);
}

static void qwens_limits_are_those_of_the_task(void **state)
{
	struct agent_task task = plain;

	(void)state;
	task.max_turns = 7;
	task.wall = 600000;
	task.model = "";
	assert_string_equal(words(prepare(&adapter_qwen, &task).argv),
	    QWEN_ARGV("7", "56", "default") "--max-wall-time\n590s\n");
	task.wall = 20000; /* too short for a last word before the end */
	assert_string_equal(
	    words(prepare(&adapter_qwen, &task).argv), QWEN_ARGV("7", "56", "default"));
	task.wall = 20001;
	assert_string_equal(words(prepare(&adapter_qwen, &task).argv),
	    QWEN_ARGV("7", "56", "default") "--max-wall-time\n10s\n");
}

/* No field of a task reaches the mode, the lists or the settings. */
static void nothing_in_a_task_loosens_qwen(void **state)
{
	struct agent_task task = plain;
	struct str tools[] = { STR("write_file"), STR("run_shell_command") };
	struct agent_launch l, other = prepare(&adapter_qwen, &plain);

	(void)state;
	task.prompt = STR("--approval-mode yolo");
	task.effort = "high";
	task.temperature = 2;
	task.tools = tools;
	task.n_tools = 2;
	task.fast = true;
	l = prepare(&adapter_qwen, &task);
	assert_string_equal(words(l.argv), words(other.argv));
	assert_string_equal(words(l.env), words(other.env));
	assert_int_equal(l.n_files, 1);
	assert_true(str_eq(l.files[0].text, other.files[0].text));
}

#define DENIED                                                                                 \
	"Bash", "run_shell_command", "monitor", "Edit", "edit", "write_file", "notebook_edit", \
	    "enter_worktree", "exit_worktree", "agent", "skill", "cron_create", "cron_delete", \
	    "loop_wakeup", "record_artifact", "save_memory", "web_fetch", "send_message",      \
	    "task_stop", "tool_call", "workflow", "mcp__*"

/* The file that no repository can override, key by key. */
static void qwens_settings_deny_what_changes_anything(void **state)
{
	static const char *const denied[] = { DENIED };
	struct agent_launch l = prepare(&adapter_qwen, &plain);
	json_t *got,
	    *want =
		json_pack("{s:{s:{s:b}}, s:b, s:{s:b, s:b, s:b, s:b}, s:{s:[]}, s:{s:s, s:{s:b}},"
			  " s:{s:[]}, s:{s:b}, s:{s:b}, s:{s:b}, s:{s:b}}",
		    "security", "folderTrust", "enabled", 1, "disableAllHooks", 1, "memory",
		    "enableManagedAutoMemory", 0, "enableManagedAutoDream", 0, "enableAutoSkill", 0,
		    "enableTeamMemory", 0, "permissions", "deny", "tools", "approvalMode", "plan",
		    "shell", "enableInteractiveShell", 0, "mcp", "allowed", "general",
		    "enableAutoUpdate", 0, "privacy", "usageStatisticsEnabled", 0, "telemetry",
		    "enabled", 0, "ide", "enabled", 0);
	json_t *deny = json_get_array(json_get_object(want, "permissions"), "deny");

	(void)state;
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		json_array_append_new(deny, json_string(denied[i]));
	assert_int_equal(l.n_files, 1);
	assert_string_equal(l.files[0].path, "qwen-system.json");
	got = json_parse(l.files[0].text, NULL);
	char *got_text = json_dump_canonical(got), *want_text = json_dump_canonical(want);

	assert_string_equal(got_text, want_text);
	free(got_text);
	free(want_text);
	json_decref(got);
	json_decref(want);
}

/* Excluded, denied and mutating are one list: what is missing in one would be a hole. */
static void what_is_denied_would_be_a_violation(void **state)
{
	static const char *const denied[] = { DENIED }, *const reading[] = { "read_file", "glob",
		"grep_search", "zoom_image", "tool_search", "list_agents", "read_mcp_resource",
		"get_goal", "update_goal", "report_findings", "structured_output", "cron_list" };
	struct str rest = STR(EXCLUDED);

	(void)state;
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		assert_true(qwen_mutates(str_from(denied[i])));
	while (rest.p)
		assert_true(qwen_mutates(str_split(&rest, ',')));
	assert_true(qwen_mutates(STR("exit_plan_mode")));
	for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++)
		assert_false(qwen_mutates(str_from(reading[i])));
}

static void qwen_is_refused_what_it_cannot_do(void **state)
{
	struct agent_task no_node = plain, web = plain;
	struct agent_launch l;
	struct err err = { 0 };

	(void)state;
	no_node.interpreter = NULL;
	assert_int_equal(adapter_qwen.prepare(arena, &no_node, &l, &err), -ENOENT);
	assert_string_equal(err.what, "qwen needs Node");
	web.web_only = true;
	assert_int_equal(adapter_qwen.prepare(arena, &web, &l, &err), -ENOTSUP);
	assert_string_equal(err.what, "qwen has no tool that reaches the web behind the fence");
}

/* --- codex ------------------------------------------------------------------------------ */

#define CODEX_PROGRAM \
	"/usr/lib/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"

static struct agent_task codex_task(void)
{
	struct agent_task task = plain;

	task.program = CODEX_PROGRAM;
	task.interpreter = NULL;
	return task;
}

#define CODEX_ARGV(model)                                                                          \
	"/opt/codex\nexec\n--json\n--sandbox\nread-only\n--strict-config\n--skip-git-repo-check\n" \
	"--ephemeral\n--color\nnever\n--model\n" model "\n-\n"

static void codex_is_started_in_its_read_only_mode(void **state)
{
	struct agent_task task = codex_task();
	struct agent_launch l = prepare(&adapter_codex, &task);

	(void)state;
	assert_string_equal(words(l.argv), CODEX_ARGV("stub"));
	assert_string_equal(words(l.env),
	    "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nTERM=dumb\nHOME=/scratch/home\n"
	    "TMPDIR=/scratch/tmp\nCODEX_HOME=/scratch/home/.codex\nTUTTI_TOKEN=" TOKEN "\n");
	assert_string_equal(binds(&l), CODEX_PROGRAM " at /opt/codex\n");
	assert_str(l.stdin_text,
	    "Read with these commands, alone, piped or one after the other: cat cut diff grep head "
	    "ls nl pwd stat tac tail wc. No other runs here, and none with a redirection, a "
	    "substitution or a variable. Answer in text: the text of your last message is the "
	    "result.\n\n" PROMPT);
	assert_int_equal(l.n_files, 2);
	assert_string_equal(l.files[0].path, "home/.codex/config.toml");
	assert_string_equal(l.files[1].path, "home/.codex/rules/tutti.rules");
}

#define CODEX_CONFIG(effort)                                                                     \
	"approval_policy = \"never\"\nsandbox_mode = \"read-only\"\nweb_search = \"disabled\"\n" \
	"check_for_update_on_startup = false\nproject_doc_max_bytes = 0\nmodel_provider = "      \
	"\"tutti\"\n" effort "\n[analytics]\nenabled = false\n\n[agents]\nenabled = false\n"     \
	"\n[skills.bundled]\nenabled = false\n\n[features]\napps = false\n"                      \
	"daemon_auto_start = false\nenable_request_compression = false\ngoals = false\n"         \
	"hooks = false\nimage_generation = false\nplugins = false\nremote_plugin = false\n"      \
	"shell_snapshot = false\nsystem_proxy_fallback = false\n"                                \
	"unbounded_connection_retries = false\n\n[model_providers.tutti]\nname = \"tutti\"\n"    \
	"base_url = \"http://127.0.0.1:7771/v1\"\nenv_key = \"TUTTI_TOKEN\"\n"                   \
	"wire_api = \"responses\"\nsupports_websockets = false\nrequest_max_retries = 2\n"       \
	"stream_max_retries = 2\nstream_idle_timeout_ms = 3600000\n"                             \
	"\n[shell_environment_policy]\ninherit = \"none\"\n\n[shell_environment_policy.set]\n"   \
	"PATH = \"/usr/bin:/bin\"\nLANG = \"C.UTF-8\"\nHOME = \"/scratch/home\"\n"               \
	"TMPDIR = \"/scratch/tmp\"\n"

/* Line by line; and nothing in a task reaches the mode or the rules. */
static void codexs_settings_are_those_of_the_task(void **state)
{
	struct agent_task task = codex_task();
	struct str tools[] = { STR("apply_patch") };
	struct agent_launch l = prepare(&adapter_codex, &task), other;

	(void)state;
	assert_str(l.files[0].text, CODEX_CONFIG(""));
	task.max_turns = 7;
	task.temperature = 2;
	task.effort = "high";
	task.model = "";
	task.prompt = STR("--sandbox danger-full-access");
	task.tools = tools;
	task.n_tools = 1;
	task.fast = true;
	other = prepare(&adapter_codex, &task);
	assert_str(other.files[0].text, CODEX_CONFIG("model_reasoning_effort = \"high\"\n"));
	assert_true(str_eq(other.files[1].text, l.files[1].text));
	assert_string_equal(words(other.argv), CODEX_ARGV("default"));
}

/* Each with the places where it may stand: a program of the repository can be called the same. */
static void codexs_rules_let_out_what_only_reads(void **state)
{
	static const char *const names[] = { "cat", "cut", "diff", "grep", "head", "ls", "nl",
		"pwd", "stat", "tac", "tail", "wc" };
	struct agent_task task = codex_task();
	char *all = arena_cstr(arena, STR(""));

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		all = arena_printf(arena,
		    "%sprefix_rule(pattern = [\"%s\"], decision = \"allow\")\n"
		    "host_executable(name = \"%s\", paths = [\"/usr/bin/%s\", \"/bin/%s\"])\n",
		    all, names[i], names[i], names[i], names[i]);
	assert_str(prepare(&adapter_codex, &task).files[1].text, all);
}

static void codex_is_refused_what_it_cannot_do(void **state)
{
	struct agent_task web = codex_task();
	struct agent_launch l;
	struct err err = { 0 };

	(void)state;
	web.web_only = true;
	assert_int_equal(adapter_codex.prepare(arena, &web, &l, &err), -ENOTSUP);
	assert_string_equal(err.what, "codex has no tool that reaches the web behind the fence");
}

/* --- opencode --------------------------------------------------------------------------- */

static struct agent_task opencode_task(void)
{
	struct agent_task task = plain;

	task.program = "/usr/lib/node_modules/opencode-linux-x64/bin/opencode";
	task.interpreter = NULL;
	return task;
}

#define OPENCODE_DENIES                                                                      \
	"{\"*\":\"deny\",\"read\":\"allow\",\"glob\":\"allow\",\"grep\":\"allow\",\"list\":" \
	"\"allow\"}"

static void opencode_is_started_as_its_plan_agent(void **state)
{
	struct agent_task task = opencode_task();
	struct agent_launch l = prepare(&adapter_opencode, &task);

	(void)state;
	assert_string_equal(words(l.argv),
	    "/opt/opencode\nrun\n--format\njson\n--agent\nplan\n--pure\n--thinking\n--title\n"
	    "tutti\n--model\ntutti/stub\n");
	assert_string_equal(words(l.env),
	    "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nTERM=dumb\nHOME=/scratch/home\n"
	    "TMPDIR=/scratch/tmp\nTUTTI_TOKEN=" TOKEN "\nOPENCODE_PERMISSION=" OPENCODE_DENIES
	    "\nOPENCODE_DISABLE_PROJECT_CONFIG=1\nOPENCODE_DISABLE_AUTOUPDATE=1\n"
	    "OPENCODE_DISABLE_MODELS_FETCH=1\nOPENCODE_DISABLE_LSP_DOWNLOAD=1\n"
	    "OPENCODE_DISABLE_DEFAULT_PLUGINS=1\nOPENCODE_DISABLE_CLAUDE_CODE=1\n"
	    "OPENCODE_DISABLE_EXTERNAL_SKILLS=1\nOPENCODE_EXPERIMENTAL_DISABLE_FILEWATCHER=1\n");
	assert_string_equal(
	    binds(&l), "/usr/lib/node_modules/opencode-linux-x64/bin/opencode at /opt/opencode\n");
	assert_str(l.stdin_text,
	    "Answer in text. There is no plan to write and nobody to ask: the text of your last "
	    "message is the result.\n\n" PROMPT);
	assert_int_equal(l.n_files, 1);
	assert_string_equal(l.files[0].path, "home/.config/opencode/opencode.json");
}

/* MODEL, OPTIONS, WARM and PLAN are JSON, as all of it is. */
#define OPENCODE_CONFIG(model, options, warm, plan)                                              \
	"{\"agent\":{\"plan\":" plan "},\"autoupdate\":false,\"enabled_providers\":[\"tutti\"]," \
	"\"formatter\":false,\"instructions\":[],\"lsp\":false,\"mcp\":{},"                      \
	"\"model\":\"tutti/" model "\",\"permission\":" OPENCODE_SORTED ",\"plugin\":[],"        \
	"\"provider\":{\"tutti\":{\"models\":{\"" model "\":{\"name\":\"" model                  \
	"\",\"options\":" options ",\"temperature\":" warm "}},\"name\":\"tutti\","              \
	"\"npm\":\"@ai-sdk/openai-compatible\",\"options\":{\"apiKey\":\"{env:TUTTI_TOKEN}\","   \
	"\"baseURL\":\"http://127.0.0.1:7771/v1\",\"timeout\":false}}},\"share\":\"disabled\","  \
	"\"small_model\":\"tutti/" model "\",\"snapshot\":false}"

#define OPENCODE_SORTED                                                                      \
	"{\"*\":\"deny\",\"glob\":\"allow\",\"grep\":\"allow\",\"list\":\"allow\",\"read\":" \
	"\"allow\"}"

static void assert_config(const struct agent_task *task, const char *want)
{
	struct agent_launch l = prepare(&adapter_opencode, task);
	json_t *doc = json_parse(l.files[0].text, NULL);

	json_object_del(doc, "$schema");
	char *got = json_dump_canonical(doc);

	assert_string_equal(got, want);
	free(got);
	json_decref(doc);
}

/* One provider, nothing loaded, shared or written; what a task asks for, and no looser. */
static void opencodes_settings_are_those_of_the_task(void **state)
{
	struct agent_task task = opencode_task();
	struct str tools[] = { STR("edit"), STR("bash") };

	(void)state;
	assert_config(&task, OPENCODE_CONFIG("stub", "{}", "false", "{\"steps\":60}"));
	task.max_turns = 7;
	task.temperature = 0.25;
	task.effort = "high";
	task.model = "";
	task.prompt = STR("--agent build");
	task.tools = tools;
	task.n_tools = 2;
	task.fast = true;
	assert_config(&task, OPENCODE_CONFIG("default", "{\"reasoningEffort\":\"high\"}", "true",
				 "{\"steps\":7,\"temperature\":0.25}"));
	task.model = "o\"; rm";
	assert_true(has_word(prepare(&adapter_opencode, &task).argv, "tutti/o\"; rm"));
}

/* The later rule counts: what is denied comes first, whoever sorts it. */
static void opencode_denies_before_it_allows(void **state)
{
	struct agent_task task = opencode_task();
	struct str text = prepare(&adapter_opencode, &task).files[0].text;
	ptrdiff_t at = str_find(text, STR("\"permission\":{\"*\":\"deny\",\"read\":"));

	(void)state;
	assert_true(at > 0);
}

static void opencode_is_refused_what_it_cannot_do(void **state)
{
	struct agent_task web = opencode_task();
	struct agent_launch l;
	struct err err = { 0 };

	(void)state;
	web.web_only = true;
	assert_int_equal(adapter_opencode.prepare(arena, &web, &l, &err), -ENOTSUP);
	assert_string_equal(err.what, "opencode has no tool that reaches the web behind the fence");
}

/* --- native ----------------------------------------------------------------------------- */

static void our_agent_is_started_with_the_whole_task(void **state)
{
	struct agent_task task = plain;
	struct str tools[] = { STR("read_file"), STR("search") };

	(void)state;
	task.program = "/usr/bin/tutti";
	struct agent_launch l = prepare(&adapter_native, &task);

	assert_string_equal(words(l.argv),
	    "/opt/tutti\nagent\n--url\nhttp://127.0.0.1:7771/v1\n--model\nstub\n--root\n/repo\n"
	    "--system\n12\n--turns\n0\n--temperature\n-1\n--effort\n\n--tools\n\n");
	assert_string_equal(words(l.env),
	    "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nHOME=/scratch/home\nTMPDIR=/scratch/tmp\n"
	    "TUTTI_TOKEN=" TOKEN "\n");
	assert_string_equal(binds(&l), "/usr/bin/tutti at /opt/tutti\n");
	assert_str(l.stdin_text, PROMPT);
	assert_int_equal(l.n_files, 0);

	task.max_turns = 7;
	task.temperature = 0.25;
	task.effort = "high";
	task.tools = tools;
	task.n_tools = 2;
	task.fast = true;
	assert_string_equal(words(prepare(&adapter_native, &task).argv),
	    "/opt/tutti\nagent\n--url\nhttp://127.0.0.1:7771/v1\n--model\nstub\n--root\n/repo\n"
	    "--system\n12\n--turns\n7\n--temperature\n0.25\n--effort\nhigh\n--tools\n"
	    "read_file,search\n--fast\n");
}

/* Whoever sees the web sees nothing else, whatever was asked for. */
static void a_step_for_the_web_has_no_tools(void **state)
{
	struct agent_task task = plain;
	struct str tools[] = { STR("read_file") };

	(void)state;
	task.web_only = true;
	task.tools = tools;
	task.n_tools = 1;
	const char *all = words(prepare(&adapter_native, &task).argv);

	assert_non_null(strstr(all, "\n--tools\nnone\n"));
}

/* --- all of them ------------------------------------------------------------------------ */

/* Anybody on the machine can read arguments; they are limited and parsed for flags. */
static void prompt_and_token_are_in_no_argument(void **state)
{
	(void)state;
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		struct agent_launch l = prepare(*ops, &plain);

		assert_false(has_word(l.argv, "What is here"));
		assert_false(has_word(l.env, "What is here"));
		assert_false(has_word(l.argv, TOKEN));
		assert_true(has_word(l.env, TOKEN));
		assert_true(str_ends(l.stdin_text, STR(PROMPT)));
		for (size_t i = 0; i < l.n_files; i++)
			assert_false(str_contains(l.files[i].text, STR(TOKEN)));
	}
}

/* For the documentation: a variable a line, and no other. */
static void variables_are_those_that_are_named(void **state)
{
	(void)state;
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		struct agent_launch l = prepare(*ops, &plain);
		size_t n = 0, named = 0;

		for (const char *const *name = (*ops)->env_names; *name; name++, named++)
			assert_true(has_word(l.env, arena_printf(arena, "%s=", *name)));
		while (l.env[n])
			n++;
		assert_int_equal(n, named);
	}
}

static void agents_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(adapter_find(STR("native")), &adapter_native);
	assert_ptr_equal(adapter_find(STR("qwen")), &adapter_qwen);
	assert_ptr_equal(adapter_find(STR("claude")), &adapter_claude);
	assert_ptr_equal(adapter_find(STR("gemini")), &adapter_gemini);
	assert_null(adapter_find(STR("Qwen")));
	assert_null(adapter_find(STR("")));
	assert_ptr_equal(adapter_all()[0], &adapter_native);
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++)
		assert_true((*ops)->read_only_enforced);
}

/* Its read-only mode was measured for one version; neighbours have not been. */
static void only_the_measured_version_is_admitted(void **state)
{
	static const char *const others[] = { "0.24.3", "0.24.5", "0.25.0", "1.0.0", "0.24.40",
		"0.24.4-preview.1", "v0.24.4", " 0.24.4", "0.24.4\n", "0.24", "latest", "\xff" };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(adapter_admit(&adapter_qwen, "0.24.4", &err), 0);
	assert_int_equal(adapter_admit(&adapter_native, "anything", &err), 0);
	assert_int_equal(err.code, 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		err = (struct err){ 0 };
		assert_int_equal(adapter_admit(&adapter_qwen, others[i], &err), -ENOTSUP);
		assert_string_equal(
		    err.what, arena_printf(arena, "qwen %s is not admitted", others[i]));
	}
	err = (struct err){ 0 };
	assert_int_equal(adapter_admit(&adapter_qwen, "", &err), -ENOTSUP);
	assert_string_equal(err.what, "qwen (unknown) is not admitted");
	assert_string_equal(err.why, "its read-only mode was checked for version 0.24.4 only");
	assert_string_equal(err.fix, "npm install -g @qwen-code/qwen-code@0.24.4");
}

static void each_agent_has_one_version(void **state)
{
	(void)state;
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		const struct agent_package *package = (*ops)->package;
		struct err err = { 0 };

		if (!package)
			continue;
		assert_int_equal(adapter_admit(*ops, package->version, &err), 0);
		assert_int_equal(adapter_admit(*ops, "0.0.1", &err), -ENOTSUP);
		assert_string_equal(err.fix,
		    arena_printf(arena, "npm install -g %s@%s", package->name, package->version));
		assert_true(!package->script == !!package->executables);
	}
}

/* Whoever found no program at all said so already; the way to get one is added. */
static void a_reason_that_is_there_is_kept(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_set(&err, -ENOENT, "agent \"qwen\" was not found");
	err_why(&err, "it is not in PATH");
	assert_int_equal(adapter_admit(&adapter_qwen, "", &err), -ENOTSUP);
	assert_string_equal(err.what, "agent \"qwen\" was not found");
	assert_string_equal(err.why, "it is not in PATH");
	assert_string_equal(err.fix, "npm install -g @qwen-code/qwen-code@0.24.4");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(qwen_is_started_in_plan_mode),
		T(qwens_limits_are_those_of_the_task),
		T(nothing_in_a_task_loosens_qwen),
		T(qwens_settings_deny_what_changes_anything),
		T(what_is_denied_would_be_a_violation),
		T(qwen_is_refused_what_it_cannot_do),
		T(codex_is_started_in_its_read_only_mode),
		T(codexs_settings_are_those_of_the_task),
		T(codexs_rules_let_out_what_only_reads),
		T(codex_is_refused_what_it_cannot_do),
		T(opencode_is_started_as_its_plan_agent),
		T(opencodes_settings_are_those_of_the_task),
		T(opencode_denies_before_it_allows),
		T(opencode_is_refused_what_it_cannot_do),
		T(our_agent_is_started_with_the_whole_task),
		T(a_step_for_the_web_has_no_tools),
		T(prompt_and_token_are_in_no_argument),
		T(variables_are_those_that_are_named),
		T(agents_are_found_by_name),
		T(only_the_measured_version_is_admitted),
		T(each_agent_has_one_version),
		T(a_reason_that_is_there_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
