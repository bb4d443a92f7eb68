/*
 * The opencode CLI: one shot, the plan agent, JSON events on stdout (agents.md §1.4, §2.4). Its
 * plan agent alone would run any shell command, and code in a repository's .opencode is executed
 * whatever is said: what holds it is a deny list with four exceptions, an empty view of those
 * places, and the fence. The prompt goes in on stdin.
 */
#include "adapter/launch.h"
#include "adapter/session.h"

#include "adapter/opencode_profile.h"
#include "base/json.h"
#include "base/utf8.h"

#define INSIDE_PROGRAM "/opt/opencode"
#define SETTINGS "home/.config/opencode/opencode.json" /* below scratch */
#define STEPS_MORE 4 /* past its limit it needs one for the answer, and some for a retry */

static const char *const executables[] = { "opencode-linux-" NPM_PROCESSOR "/bin/opencode",
	"opencode-linux-" NPM_PROCESSOR "-baseline/bin/opencode", NULL };

static const struct agent_package package = {
	.name = "opencode-ai", .version = OPENCODE_VERSION, .executables = executables
};

/* --- starting -------------------------------------------------------------------------------- */

/* A title spares a request to the model for one. */
static const char **argv_of(struct arena *a, const struct agent_task *t)
{
	const char *const argv[] = { launch_place(t, t->program, INSIDE_PROGRAM), "run", "--format",
		"json", "--agent", "plan", "--pure", "--thinking", "--title", "tutti", "--model",
		opencode_model(a, t), NULL };

	return launch_words(a, argv);
}

static const char **env_of(struct arena *a, const struct agent_task *t)
{
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=dumb",
		arena_printf(a, "HOME=%s", t->home), arena_printf(a, "TMPDIR=%s", t->tmp),
		arena_printf(a, "TUTTI_TOKEN=%s", t->token),
		("OPENCODE_PERMISSION=" OPENCODE_PERMISSION), "OPENCODE_DISABLE_PROJECT_CONFIG=1",
		"OPENCODE_DISABLE_AUTOUPDATE=1", "OPENCODE_DISABLE_MODELS_FETCH=1",
		"OPENCODE_DISABLE_LSP_DOWNLOAD=1", "OPENCODE_DISABLE_DEFAULT_PLUGINS=1",
		"OPENCODE_DISABLE_CLAUDE_CODE=1", "OPENCODE_DISABLE_EXTERNAL_SKILLS=1",
		"OPENCODE_EXPERIMENTAL_DISABLE_FILEWATCHER=1", NULL };

	return launch_words(a, env);
}

/* Its plan agent tells the model to write a plan and to ask about it. */
static const char note[] =
    "Answer in text. There is no plan to write and nobody to ask: the text of your last "
    "message is the result.\n\n";

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	if (task->web_only)
		return err_set(
		    err, -ENOTSUP, "opencode has no tool that reaches the web behind the fence");
	ret->argv = argv_of(a, task);
	ret->env = env_of(a, task);
	ret->stdin_text = launch_prompt(a, note, task);
	launch_file(a, ret, SETTINGS, opencode_settings(a, task));
	launch_bind(a, task, ret, task->program, INSIDE_PROGRAM);
	return 0;
}

/* --- reading --------------------------------------------------------------------------------- */

#define SUMMARY_MAX 300

enum step_end { STEP_OPEN, STEP_STOP, STEP_LENGTH, STEP_FILTER, STEP_OTHER };

struct agent_session {
	struct session base;
	unsigned steps_max;
	enum step_end last; /* how the last step ended */
	json_t *error;	    /* the last one */
};

/*
 * It says nothing of its mode or its tools, so there is nothing to check before the first of them.
 * Against a server that sends nonsense it takes one step after the other, for ever.
 */
static void on_step_start(struct agent_session *s, json_t *doc)
{
	(void)doc;
	s->base.opened = true;
	s->last = STEP_OPEN;
	buf_clear(&s->base.text);
	if (++s->base.turns > s->steps_max)
		session_excess(&s->base, STR("it takes more steps than it has"));
}

static void on_text(struct agent_session *s, json_t *doc)
{
	if (s->base.text.n)
		buf_adds(&s->base.text, "\n\n");
	session_add_text(&s->base, json_get_str(json_get_object(doc, "part"), "text"));
}

static void on_reasoning(struct agent_session *s, json_t *doc)
{
	session_tell(&s->base, FACT_THINK, json_get_str(json_get_object(doc, "part"), "text"));
}

/* Its own words for a call that the permissions forbid, or a tool that is not there. */
static bool was_refused(struct str tool, struct str error)
{
	return !opencode_reads(tool) || str_starts(error, STR("The user has specified a rule"));
}

static const struct read_tool read_tools[] = {
	{ .tool = "read", .shape = READ_NUMBERED, .path = "filePath", .mark = ": " },
	{ .tool = "grep", .shape = READ_GROUPED },
	{ .tool = NULL },
};

/* A call is told when it is over, with what came of it. */
static void on_tool(struct agent_session *s, json_t *doc)
{
	const json_t *part = json_get_object(doc, "part"), *state = json_get_object(part, "state");
	bool failed = str_is(json_get_str(state, "status"), "error");
	struct fact end = { .type = FACT_TOOL_END,
		.id = json_get_str(part, "callID"),
		.name = json_get_str(part, "tool"),
		.text = utf8_cut(json_get_str(state, failed ? "error" : "output"), SUMMARY_MAX),
		.ok = !failed };

	session_start_call(&s->base, end.id, end.name, json_object_get(state, "input"));
	if (failed && was_refused(end.name, end.text))
		session_deny_call(&s->base, end.id, end.name, end.text);
	session_end_call(&s->base, end,
	    failed ? NULL
		   : reads_of_call(read_tools, end.name, json_object_get(state, "input"),
			 json_get_str(state, "output")));
	if (end.ok)
		session_check_success(&s->base, end.name);
}

/* Its numbers leave out what came from a cache and what was thought; ours do not. */
static void add_usage(struct agent_session *s, const json_t *tokens)
{
	const json_t *cache = json_get_object(tokens, "cache");
	long long cached = session_tokens(cache, "read", 0);

	session_add_usage(&s->base,
	    session_tokens(tokens, "input", 0) + cached + session_tokens(cache, "write", 0),
	    session_tokens(tokens, "output", 0) + session_tokens(tokens, "reasoning", 0), cached);
}

static void on_step_finish(struct agent_session *s, json_t *doc)
{
	const json_t *part = json_get_object(doc, "part");
	struct str reason = json_get_str(part, "reason");

	s->last = str_is(reason, "stop")	     ? STEP_STOP
		  : str_is(reason, "length")	     ? STEP_LENGTH
		  : str_is(reason, "content-filter") ? STEP_FILTER
						     : STEP_OTHER;
	add_usage(s, json_get_object(part, "tokens"));
}

static void on_error(struct agent_session *s, json_t *doc)
{
	json_decref(s->error);
	s->error = json_incref(json_get_object(doc, "error"));
	if (!s->error)
		s->error = json_object();
}

static const struct session_event events[] = {
	{ "step_start", on_step_start },
	{ "text", on_text },
	{ "reasoning", on_reasoning },
	{ "tool_use", on_tool },
	{ "step_finish", on_step_finish },
	{ "error", on_error },
	{ NULL, NULL },
};

/* --- the end --------------------------------------------------------------------------------- */

static void with_error(struct agent_session *s, struct outcome *ret)
{
	const json_t *data = json_get_object(s->error, "data");
	struct str name = json_get_str(s->error, "name"), message = json_get_str(data, "message");

	ret->ending =
	    str_is(name, "ContextOverflowError") || str_is(name, "MessageOutputLengthError")
		? ENDING_TRUNCATED
		: endpoint_classify((int)json_get_int(data, "statusCode", 0), message);
	ret->reason = session_reason(&s->base, message.n ? message : name);
}

/* There is no result: an answer is the text of a last step that ended by itself. */
static void with_last_step(const struct agent_session *s, struct str errors, struct outcome *ret)
{
	switch (s->last) {
	case STEP_STOP:
		ret->ending = answer_classify(ret->answer);
		break;
	case STEP_LENGTH:
		ret->ending = ENDING_TRUNCATED;
		ret->reason = STR("the model server cut its answer off");
		break;
	case STEP_FILTER:
		ret->ending = ENDING_REFUSED;
		ret->reason = STR("the model server held its answer back");
		break;
	case STEP_OPEN:
	case STEP_OTHER:
		if (!str_trim(errors).n)
			ret->reason = STR("it ended before it had answered");
		break;
	}
}

static void end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	if (s->base.exceeded) {
		ret->ending = ENDING_TRUNCATED;
		ret->reason = STR("it used up its turns");
	} else if (s->error) {
		with_error(s, ret);
	} else if (session_exit(status) == 0) {
		with_last_step(s, errors, ret);
	}
}

static void fini(struct agent_session *s)
{
	json_decref(s->error);
}

static const struct session_kind kind = { .size = sizeof(struct agent_session),
	.reads = opencode_reads,

	.events = events,
	.end = end,
	.fini = fini };

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	struct agent_session *s = session_new(&kind, fn, ctx);

	s->steps_max = opencode_turns(task) + STEPS_MORE;
	return s;
}

/*
 * .opencode: its plugins are executed even with project configuration off. AGENTS.md, CLAUDE.md and
 * CONTEXT.md stay in view: as instructions they are off with the project's configuration, and as
 * files of the repository they are what an agent may be asked about.
 */
static const char *const shadows[] = { ".opencode", "opencode.json", "opencode.jsonc", NULL };

static const char *const env_names[] = { "TUTTI_TOKEN", "OPENCODE_PERMISSION",
	"OPENCODE_DISABLE_PROJECT_CONFIG", "OPENCODE_DISABLE_AUTOUPDATE",
	"OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_LSP_DOWNLOAD",
	"OPENCODE_DISABLE_DEFAULT_PLUGINS", "OPENCODE_DISABLE_CLAUDE_CODE",
	"OPENCODE_DISABLE_EXTERNAL_SKILLS", "OPENCODE_EXPERIMENTAL_DISABLE_FILEWATCHER", "HOME",
	"TMPDIR", "PATH", "LANG", "TERM", NULL };

const struct adapter_ops adapter_opencode = {
	.name = "opencode",
	.title = "opencode",
	.read_only_enforced = true,
	.traits = { .mode = "plan",
	    .dialect = "chat",
	    .thinks = true,
	    .counts = true,
	    .tells_reads = true,
	    .shadows = shadows },
	.package = &package,
	.env_names = env_names,
	.version_arg = "--version",
	.prepare = prepare,
	.create = create,
};
