/*
 * The gemini CLI: one shot, plan mode, `stream-json` on stdout. Its plan mode alone is no gate: the
 * policy and the settings that go with it are (agents.md §1.5, §3). Its exit status says little: it
 * is 0 after SIGTERM, after a stream that was cut and when nothing was sent at all.
 */
#include "adapter/launch.h"
#include "adapter/session.h"

#include "adapter/gemini_profile.h"
#include "base/json.h"
#include "base/limits.h"

#define TURNS_DEFAULT 60
#define INSIDE_NODE "/opt/node"
#define INSIDE_PACKAGE "/opt/gemini"
#define POLICY "gemini-policy.toml" /* below scratch */

const struct agent_package gemini_package = {
	.name = "@google/gemini-cli", .version = GEMINI_VERSION, .script = "bundle/gemini.js"
};

/* --- starting -------------------------------------------------------------------------------- */

/* Its chunks are looked for beside the script, which stands in a directory of the package. */
static const char **argv_of(struct arena *a, const struct agent_task *t)
{
	const char *bundle = launch_place(t, launch_dir(a, t->program), INSIDE_PACKAGE "/bundle");
	const char *const argv[] = { launch_place(t, t->interpreter, INSIDE_NODE),
		arena_printf(a, "%s/%s", bundle, launch_name(t->program)), "--approval-mode",
		"plan", "--output-format", "stream-json", "--skip-trust", "--admin-policy",
		arena_printf(a, "%s/" POLICY, t->scratch), "--allowed-mcp-server-names", "none",
		"--extensions", "none", "--model", launch_model(t), NULL };

	return launch_words(a, argv);
}

static const char **env_of(struct arena *a, const struct agent_task *t)
{
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=dumb",
		arena_printf(a, "HOME=%s", t->home), arena_printf(a, "TMPDIR=%s", t->tmp),
		arena_printf(a, "GEMINI_API_KEY=%s", t->token),
		arena_printf(a, "GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:%u", t->port),
		"GEMINI_CLI_NO_RELAUNCH=true", NULL };

	return launch_words(a, env);
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	if (!task->interpreter)
		return err_set(err, -ENOENT, "gemini needs Node");
	if (task->web_only)
		return err_set(
		    err, -ENOTSUP, "gemini has no tool that reaches the web behind the fence");
	ret->argv = argv_of(a, task);
	ret->env = env_of(a, task);
	ret->stdin_text = launch_prompt(a, GEMINI_NOTE, task);
	launch_file(a, ret, POLICY, str_from(gemini_policy));
	launch_file(a, ret, "home/.gemini/settings.json",
	    gemini_settings(a, task->max_turns ? task->max_turns : TURNS_DEFAULT));
	launch_bind(a, task, ret, launch_dir(a, launch_dir(a, task->program)), INSIDE_PACKAGE);
	launch_bind(a, task, ret, task->interpreter, INSIDE_NODE);
	return 0;
}

/* --- reading --------------------------------------------------------------------------------- */

struct agent_session {
	struct session base;
	struct buf complaint; /* the last one */
	bool in_turn;	      /* the model is speaking, or has called tools that have not ended */
};

/*
 * It says neither mode nor tools. That it runs in plan mode is our flag's word alone, and what
 * cannot be seen here is seen by the conformance suite for the one version that is admitted.
 */
static void on_init(struct agent_session *s, json_t *doc)
{
	session_open(&s->base, json_pack("{s:o}", "model", json_text(json_get_str(doc, "model"))));
}

static void begin_turn(struct agent_session *s)
{
	if (s->in_turn)
		return;
	s->in_turn = true;
	s->base.turns++;
	buf_clear(&s->base.text);
}

static void on_message(struct agent_session *s, json_t *doc)
{
	struct str text = json_get_str(doc, "content");

	if (!str_is(json_get_str(doc, "role"), "assistant"))
		return; /* our own prompt */
	begin_turn(s);
	session_add_text(&s->base, text);
}

static void on_tool_use(struct agent_session *s, json_t *doc)
{
	begin_turn(s);
	calls_begin(&s->base, json_get_str(doc, "tool_id"), json_get_str(doc, "tool_name"),
	    json_object_get(doc, "parameters"));
}

/* What was said before the calls is not the answer, also when nothing follows. */
static void on_tool_result(struct agent_session *s, json_t *doc)
{
	calls_end(&s->base, json_get_str(doc, "tool_id"),
	    str_is(json_get_str(doc, "status"), "success"), json_get_str(doc, "output"));
	s->in_turn = false;
	buf_clear(&s->base.text);
}

static void on_error(struct agent_session *s, json_t *doc)
{
	struct str text = json_get_str(doc, "message");

	buf_clear(&s->complaint);
	buf_add(&s->complaint, text);
	session_tell(&s->base, FACT_NOTICE, text);
}

static void on_result(struct agent_session *s, json_t *doc)
{
	const json_t *stats = json_get_object(doc, "stats");

	session_on_result(s, doc);
	session_raise_usage(&s->base, session_tokens(stats, "input_tokens", 0),
	    session_tokens(stats, "output_tokens", 0), session_tokens(stats, "cached", 0));
}

static const struct session_event events[] = {
	{ "init", on_init },
	{ "message", on_message },
	{ "tool_use", on_tool_use },
	{ "tool_result", on_tool_result },
	{ "error", on_error },
	{ "result", on_result },
	{ NULL, NULL },
};

/* --- the end --------------------------------------------------------------------------------- */

/* What the server said, out of "[API Error: …]": its JSON, or the words themselves. */
static json_t *server_error(struct str message)
{
	static const char before[] = "[API Error: ";
	ptrdiff_t end = str_find(message, STR("]\n")); /* advice of the CLI's own follows */
	json_t *doc;

	if (!str_starts(message, STR(before)))
		return json_pack("{s:o}", "message", json_text(message));
	message = str_skip(end < 0 ? message : str_take(message, (size_t)end), strlen(before));
	if (end < 0 && str_ends(message, STR("]")))
		message = str_take(message, message.n - 1);
	doc = json_parse_loosely(message);
	if (!json_get_object(doc, "error")) {
		json_decref(doc);
		return json_pack("{s:o}", "message", json_text(message));
	}
	json_t *error = json_incref(json_get_object(doc, "error"));

	json_decref(doc);
	return error;
}

/* It exits with what is left of the HTTP status in eight bits; or the server's error has it. */
static int status_of(const json_t *error, int status)
{
	int code = session_exit(status) + 256;

	if (json_is_integer(json_object_get(error, "code")))
		return (int)session_tokens(error, "code", 0);
	return code >= 400 && code <= 511 ? code : 0;
}

static enum ending ending_of_error(struct str type, struct str message, int http_status)
{
	if (str_is(type, "FatalTurnLimitedError"))
		return ENDING_TRUNCATED;
	if (str_is(type, "FatalCancellationError"))
		return ENDING_CRASHED;
	if (!http_status && str_starts(message, STR("The model returned an empty response")))
		return ENDING_EMPTY;
	return endpoint_classify(http_status, message);
}

static void with_error(struct agent_session *s, int status, struct outcome *ret)
{
	const json_t *said = json_get_object(s->base.result, "error");
	struct str message = said ? json_get_str(said, "message") : buf_str(&s->complaint);
	json_t *error = server_error(message);
	struct str words = json_get_str(error, "message");

	ret->ending = ending_of_error(json_get_str(said, "type"), words, status_of(error, status));
	ret->reason = session_reason(&s->base, words);
	json_decref(error);
}

/* These are told as an error in passing, and then as a success. */
static bool gave_up(struct str complaint)
{
	return str_starts(complaint, STR("Loop detected")) ||
	       str_starts(complaint, STR("Maximum session turns"));
}

static void with_answer(struct agent_session *s, struct outcome *ret)
{
	struct str complaint = buf_str(&s->complaint);

	ret->ending = answer_classify(ret->answer);
	if (gave_up(complaint)) {
		ret->ending = ENDING_TRUNCATED;
		ret->reason = session_reason(&s->base, complaint);
	}
}

static void end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	int code = session_exit(status);

	(void)errors;
	if (s->base.result && str_is(json_get_str(s->base.result, "status"), "success"))
		with_answer(s, ret);
	else if (s->base.result)
		with_error(s, status, ret);
	else if (code == 41 || code == 52 || code == 55)
		ret->ending = ENDING_DENIED; /* no way to log in, settings, an untrusted folder */
}

static void fini(struct agent_session *s)
{
	buf_fini(&s->complaint);
}

#define WHOLE_MAX 2000 /* lines that it shows without a word about their number */

static const struct read_tool read_tools[] = {
	{ .tool = "read_file",
	    .shape = READ_SILENT,
	    .path = "file_path",
	    .other_path = "absolute_path",
	    .whole_max = WHOLE_MAX },
	{ .tool = NULL },
};

static const struct session_kind kind = { .size = sizeof(struct agent_session),
	.reads = gemini_reads,
	.read_tools = read_tools,
	.events = events,
	.end = end,
	.fini = fini };

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	struct agent_session *s = session_new(&kind, fn, ctx);

	(void)task;
	buf_init(&s->complaint, AGENT_LINE_MAX);
	return s;
}

/*
 * Settings, commands, extensions and addresses that it would take from a folder it trusts, and it
 * does not work in another. GEMINI.md is put before the prompt and cannot be switched off.
 */
const char *const gemini_shadows[] = { ".gemini", ".env", ".geminiignore", ".agents", "GEMINI.md",
	NULL };

const char *const gemini_env_names[] = { "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL",
	"GEMINI_CLI_NO_RELAUNCH", "HOME", "TMPDIR", "PATH", "LANG", "TERM", NULL };

const struct adapter_ops adapter_gemini = {
	.name = "gemini",
	.title = "Gemini CLI",
	.read_only_enforced = true,
	.traits = { .mode = "plan",
	    .dialect = "gemini",
	    .streams = true,
	    .counts = true,
	    .tells_reads = true,
	    .hides_cut = true,
	    .shadows = gemini_shadows },
	.package = &gemini_package,
	.acp = &adapter_gemini_acp,
	.env_names = gemini_env_names,
	.version_arg = "--version",
	.prepare = prepare,
	.create = create,
};
