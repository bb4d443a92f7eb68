/*
 * The codex CLI: `exec --json`, one shot, in its read-only mode (agents.md §1.3, §2.3). Its only
 * tool for reading is a shell; what may run in it stands in codex_profile.h. The prompt goes in on
 * stdin.
 */
#include "adapter/launch.h"
#include "adapter/session.h"

#include "adapter/codex_profile.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#define CALLS_DEFAULT 60
#define CALLS_A_TURN 8
#define INSIDE_PROGRAM "/opt/codex"
#define SETTINGS "home/.codex/config.toml" /* below scratch */
#define RULES "home/.codex/rules/tutti.rules"

static const char *const executables[] = { "@openai/codex-linux-" NPM_PROCESSOR
					   "/vendor/" RUST_PROCESSOR
					   "-unknown-linux-musl/bin/codex",
	NULL };

static const struct agent_package package = {
	.name = "@openai/codex", .version = CODEX_VERSION, .executables = executables
};

/* --- starting -------------------------------------------------------------------------------- */

static const char **argv_of(struct arena *a, const struct agent_task *t)
{
	const char *const argv[] = { launch_place(t, t->program, INSIDE_PROGRAM), "exec", "--json",
		"--sandbox", "read-only", "--strict-config", "--skip-git-repo-check", "--ephemeral",
		"--color", "never", "--model", launch_model(t), "-", NULL };

	return launch_words(a, argv);
}

static const char **env_of(struct arena *a, const struct agent_task *t)
{
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=dumb",
		arena_printf(a, "HOME=%s", t->home), arena_printf(a, "TMPDIR=%s", t->tmp),
		arena_printf(a, "CODEX_HOME=%s/.codex", t->home),
		arena_printf(a, "TUTTI_TOKEN=%s", t->token), NULL };

	return launch_words(a, env);
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	if (task->web_only)
		return err_set(
		    err, -ENOTSUP, "codex has no tool that reaches the web behind the fence");
	ret->argv = argv_of(a, task);
	ret->env = env_of(a, task);
	ret->stdin_text = launch_prompt(a, CODEX_NOTE, task);
	launch_file(a, ret, SETTINGS, codex_settings(a, task, false));
	launch_file(a, ret, RULES, str_from(codex_rules));
	launch_bind(a, task, ret, task->program, INSIDE_PROGRAM);
	return 0;
}

/* --- reading --------------------------------------------------------------------------------- */

#define OPEN_CALLS_MAX 256
#define SUMMARY_MAX 300

struct agent_session {
	struct session base;
	unsigned calls_max;
	json_t *open; /* ids of calls that were started, as members */
	bool completed, failed;
	bool talking;	  /* nothing but messages since the last one */
	struct buf error; /* the last one */
};

/* --- calls ---------------------------------------------------------------------------------- */

/* What ran, as a name: the kind of a call, and of a stranger's tool its own. */
static struct str name_of(const json_t *item)
{
	struct str type = json_get_str(item, "type"), tool = json_get_str(item, "tool");

	if (str_is(type, "command_execution"))
		return STR("shell");
	if (str_is(type, "file_change"))
		return STR("apply_patch");
	return tool.n ? tool : type;
}

static void start_call(struct agent_session *s, const json_t *item)
{
	json_t *input = json_pack("{s:O*, s:O*}", "command", json_object_get(item, "command"),
	    "changes", json_object_get(item, "changes"));

	s->talking = false;
	if (json_object_size(s->open) < OPEN_CALLS_MAX)
		json_object_set_new(s->open, json_get_cstr(item, "id", ""), json_true());
	session_start_call(&s->base, json_get_str(item, "id"), name_of(item), input);
	json_decref(input);
	if (s->base.tool_calls > s->calls_max)
		session_excess(&s->base, STR("it calls its tools without an end"));
}

/* A command runs only when it is one of ours, and everything else there is changes something. */
static void check_call(struct agent_session *s, const json_t *item, struct str name)
{
	struct str command = json_get_str(item, "command");

	if (!str_is(name, "shell"))
		session_violation(
		    &s->base, "the tool \"%.*s\" was let through", STR_ARG(session_name(name)));
	else if (!codex_reads(command))
		session_violation(&s->base, "the command \"%.*s\" was let through",
		    STR_ARG(session_name(command)));
}

static bool was_declined(const json_t *item)
{
	bool failed = str_is(json_get_str(item, "status"), "failed");

	return str_is(json_get_str(item, "status"), "declined") ||
	       (failed && !str_is(name_of(item), "shell"));
}

static json_t *reads_of_item(const json_t *item, struct str name)
{
	struct str output = json_get_str(item, "aggregated_output"), shown = codex_shown(output);

	if (!str_is(name, "shell"))
		return NULL;
	return reads_of_shell(json_get_str(item, "command"), shown, shown.n == output.n);
}

static void end_call(struct agent_session *s, const json_t *item)
{
	const char *id = json_get_cstr(item, "id", "");
	struct fact end = { .type = FACT_TOOL_END,
		.id = json_get_str(item, "id"),
		.name = name_of(item),
		.text = utf8_cut(json_get_str(item, "aggregated_output"), SUMMARY_MAX),
		.ok = !was_declined(item) && !str_is(json_get_str(item, "status"), "failed") };

	if (!json_object_get(s->open, id))
		start_call(s, item);
	json_object_del(s->open, id);
	if (was_declined(item))
		session_deny_call(&s->base, end.id, end.name, end.text);
	session_end_call(&s->base, end, end.ok ? reads_of_item(item, end.name) : NULL);
	if (end.ok)
		check_call(s, item, end.name);
}

/* --- events --------------------------------------------------------------------------------- */

static void on_turn(struct agent_session *s, json_t *doc)
{
	(void)doc;
	s->base.opened = true; /* it says nothing of a mode: --strict-config took what we gave it */
	s->base.turns++;
}

static void on_message(struct agent_session *s, const json_t *item)
{
	if (s->talking) /* each is whole */
		session_tell(&s->base, FACT_TEXT, STR("\n\n"));
	s->talking = true;
	buf_clear(&s->base.text);
	session_add_text(&s->base, json_get_str(item, "text"));
}

/* It warns of every model that it has no entry for, which are all but its maker's. */
static void on_warning(struct agent_session *s, const json_t *item)
{
	struct str message = utf8_cut(json_get_str(item, "message"), SUMMARY_MAX);

	if (!str_starts(message, STR("Model metadata for ")))
		session_tell(&s->base, FACT_NOTICE, message);
}

static void on_started(struct agent_session *s, json_t *doc)
{
	const json_t *item = json_get_object(doc, "item");
	struct str type = json_get_str(item, "type");

	if (str_ends(type, STR("_execution")) || str_ends(type, STR("_change")) ||
	    str_ends(type, STR("_call")))
		start_call(s, item);
}

static void on_completed(struct agent_session *s, json_t *doc)
{
	const json_t *item = json_get_object(doc, "item");
	struct str type = json_get_str(item, "type");

	if (str_is(type, "agent_message"))
		on_message(s, item);
	else if (str_is(type, "reasoning"))
		session_tell(&s->base, FACT_THINK, json_get_str(item, "text"));
	else if (str_is(type, "error"))
		on_warning(s, item);
	else if (item && !str_is(type, "todo_list"))
		end_call(s, item);
}

static void keep_error(struct agent_session *s, struct str message)
{
	buf_clear(&s->error);
	buf_add(&s->error, utf8_cut(message, KIB(8)));
}

static void on_error(struct agent_session *s, json_t *doc)
{
	struct str message = json_get_str(doc, "message");

	if (!str_starts(message, STR("Reconnecting")))
		keep_error(s, message);
	else
		session_tell(&s->base, FACT_RETRY, utf8_cut(message, SUMMARY_MAX));
}

static void on_turn_failed(struct agent_session *s, json_t *doc)
{
	s->failed = true;
	keep_error(s, json_get_str(json_get_object(doc, "error"), "message"));
}

/* Totals of the turn, which is the whole attempt. */
static void on_turn_completed(struct agent_session *s, json_t *doc)
{
	const json_t *usage = json_get_object(doc, "usage");

	s->completed = true;
	session_add_usage(&s->base, session_tokens(usage, "input_tokens", 0),
	    session_tokens(usage, "output_tokens", 0),
	    session_tokens(usage, "cached_input_tokens", 0));
}

static const struct session_event events[] = {
	{ "turn.started", on_turn },
	{ "item.started", on_started },
	{ "item.completed", on_completed },
	{ "error", on_error },
	{ "turn.failed", on_turn_failed },
	{ "turn.completed", on_turn_completed },
	{ NULL, NULL },
};

/* --- the end --------------------------------------------------------------------------------- */

/* Some errors are the server's JSON, as it came. */
static void with_error(struct agent_session *s, struct outcome *ret)
{
	struct str whole = buf_str(&s->error);
	json_t *doc = json_parse_loosely(whole);
	struct str inner = json_get_str(json_get_object(doc, "error"), "message");

	ret->ending = str_contains(whole, STR("context window"))
			  ? ENDING_TRUNCATED
			  : endpoint_classify(session_status(whole), whole);
	ret->reason = session_reason(&s->base, inner.n ? inner : whole);
	json_decref(doc);
}

static void end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	(void)errors;
	if (s->base.exceeded) {
		ret->ending = ENDING_TRUNCATED;
		ret->reason = STR("it used up its tool calls");
	} else if (s->failed) {
		with_error(s, ret);
	} else if (s->completed && session_exit(status) == 0) {
		ret->ending = answer_classify(ret->answer);
	} else if (s->error.n) {
		ret->reason = session_reason(&s->base, buf_str(&s->error));
	}
}

static void fini(struct agent_session *s)
{
	json_decref(s->open);
	buf_fini(&s->error);
}

static const struct session_kind kind = {
	.size = sizeof(struct agent_session), .events = events, .end = end, .fini = fini
};

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	struct agent_session *s = session_new(&kind, fn, ctx);

	s->calls_max = (task->max_turns ? task->max_turns : CALLS_DEFAULT) * CALLS_A_TURN;
	s->open = json_object();
	buf_init(&s->error, KIB(16));
	return s;
}

/*
 * .codex: settings, hooks and rules, which it ignores as long as nobody has trusted the repository.
 * AGENTS.md stays in view: it is not read for instructions, and a file of the repository like any
 * other.
 */
const char *const codex_shadows[] = { ".codex", ".agents", NULL };

const char *const codex_env_names[] = { "TUTTI_TOKEN", "CODEX_HOME", "HOME", "TMPDIR", "PATH",
	"LANG", "TERM", NULL };

const struct adapter_ops adapter_codex = {
	.name = "codex",
	.title = "Codex CLI",
	.read_only_enforced = true,
	.traits = { .mode = "read-only",
	    .dialect = "responses",
	    .inner = "bubblewrap",
	    .thinks = true,
	    .counts = true,
	    .tells_reads = true,
	    .strict = true,
	    .shadows = codex_shadows },
	.package = &package,
	.acp = &adapter_codex_acp,
	.env_names = codex_env_names,
	.version_arg = "--version",
	.prepare = prepare,
	.create = create,
};
