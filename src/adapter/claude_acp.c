/*
 * Claude Code over ACP: a server of its own package, which brings another version of claude along.
 * It would read the settings of user and repository and offer all tools; what is handed to it when
 * the session is opened takes that away, as flags do for the CLI (measured with version 0.16.2).
 */
#include "adapter/acp.h"
#include "adapter/claude_profile.h"
#include "adapter/launch.h"

#include "base/json.h"

#include <stdlib.h>

#define TURNS_DEFAULT 60
#define WALL_DEFAULT 600000
#define INSIDE_NODE "/opt/node"
#define INSIDE_MODULES "/opt/claude-acp/node_modules" /* Node looks for that name */
#define FROM_MODULES "@zed-industries/claude-code-acp/dist/index.js"

static const struct agent_package package = {
	.name = "@zed-industries/claude-code-acp", .version = "0.16.2", .script = "dist/index.js"
};

/* --- starting -------------------------------------------------------------------------------- */

/* The directory that the package is in: what it needs stands beside it, or within it. */
static const char *modules_of(struct arena *a, const struct agent_task *t)
{
	const char *dir = t->program;

	for (int up = 0; up < 4; up++)
		dir = launch_dir(a, dir);
	return dir;
}

static const char **argv_of(struct arena *a, const struct agent_task *t)
{
	const char *const argv[] = { launch_place(t, t->interpreter, INSIDE_NODE),
		launch_place(t, t->program, INSIDE_MODULES "/" FROM_MODULES), NULL };

	return launch_words(a, argv);
}

static const char **env_of(struct arena *a, const struct agent_task *t)
{
	const char *model = launch_model(t);
	long long patience = t->wall > 0 ? t->wall : WALL_DEFAULT;
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=dumb",
		arena_printf(a, "HOME=%s", t->home), arena_printf(a, "TMPDIR=%s", t->tmp),
		arena_printf(a, "ANTHROPIC_API_KEY=%s", t->token),
		arena_printf(a, "ANTHROPIC_BASE_URL=http://127.0.0.1:%u", t->port),
		arena_printf(a, "ANTHROPIC_DEFAULT_SONNET_MODEL=%s", model),
		arena_printf(a, "ANTHROPIC_DEFAULT_OPUS_MODEL=%s", model),
		arena_printf(a, "ANTHROPIC_DEFAULT_HAIKU_MODEL=%s", model),
		arena_printf(a, "API_TIMEOUT_MS=%lld", patience), "CLAUDE_CODE_MAX_RETRIES=1",
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1",
		"DISABLE_TELEMETRY=1", "DISABLE_ERROR_REPORTING=1", NULL };

	return launch_words(a, env);
}

/* In a repository with a history it would ask the model for files to name as examples. */
static struct str home_of(struct arena *a, const struct agent_task *t)
{
	json_t *project = json_pack("{s:[s], s:I}", "exampleFiles", "README.md",
	    "exampleFilesGeneratedAt", (json_int_t)4102444800000);
	json_t *doc = json_parse(str_from(claude_home), NULL);

	json_object_set_new(doc, "projects", json_pack("{s:o}", t->repo, project));
	char *text = json_dump(doc);
	struct str out = arena_dup(a, str_from(text));

	free(text);
	json_decref(doc);
	return out;
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	if (!task->interpreter)
		return err_set(err, -ENOENT, "claude over acp needs Node");
	if (task->web_only)
		return err_set(
		    err, -ENOTSUP, "claude has no tool that reaches the web behind the fence");
	ret->argv = argv_of(a, task);
	ret->env = env_of(a, task);
	ret->stdin_text = acp_greeting(a);
	ret->stdin_open = true;
	launch_file(a, ret, "home/.claude/settings.json", str_from(claude_settings));
	launch_file(a, ret, "home/.claude.json", home_of(a, task));
	launch_bind(a, task, ret, modules_of(a, task), INSIDE_MODULES);
	launch_bind(a, task, ret, task->interpreter, INSIDE_NODE);
	return 0;
}

/* --- its session ----------------------------------------------------------------------------- */

/* The flags of its claude; settings of nobody else, and the one list of tools. */
static json_t *meta(const struct agent_task *task)
{
	int turns = (int)(task->max_turns ? task->max_turns : TURNS_DEFAULT);
	json_t *flags = json_pack("{s:s, s:n}", "tools", CLAUDE_TOOLS, "disable-slash-commands");

	if (task->effort && task->effort[0])
		json_object_set_new(flags, "effort", json_cstr(task->effort));
	return json_pack("{s:{s:{s:[], s:b, s:b, s:i, s:o}}}", "claudeCode", "options",
	    "settingSources", "strictMcpConfig", 1, "persistSession", 0, "maxTurns", turns,
	    "extraArgs", flags);
}

static bool mutates(struct str tool)
{
	return !claude_reads(tool);
}

static const struct acp_profile profile = { .mode = "plan",
	.note = CLAUDE_NOTE,
	.mutates = mutates,
	.read_tools = claude_read_tools,
	.meta = meta };

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	return acp_create(&profile, task, fn, ctx);
}

static const char *const env_names[] = { "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL",
	"ANTHROPIC_DEFAULT_SONNET_MODEL", "ANTHROPIC_DEFAULT_OPUS_MODEL",
	"ANTHROPIC_DEFAULT_HAIKU_MODEL", "API_TIMEOUT_MS", "CLAUDE_CODE_MAX_RETRIES",
	"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY",
	"DISABLE_ERROR_REPORTING", "HOME", "TMPDIR", "PATH", "LANG", "TERM", NULL };

const struct adapter_ops adapter_claude_acp = {
	.name = "claude",
	.command = "claude-code-acp",
	.title = "Claude Code over ACP",
	.read_only_enforced = true,
	.traits = { .mode = "plan",
	    .dialect = "messages",
	    .streams = true,
	    .thinks = true,
	    .tells_reads = true,
	    .shadows = claude_shadows },
	.package = &package,
	.env_names = env_names,
	.prepare = prepare,
	.create = create,
};
