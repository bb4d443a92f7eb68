/*
 * Our own agent, `tutti agent`. What it says is docs/agent-protocol.md: one JSON object a line, the
 * first `init`, the last `result`, and without a result there is no answer.
 */
#include "adapter/launch.h"
#include "adapter/session.h"

#include "base/json.h"

#define INSIDE_TUTTI "/opt/tutti"

struct agent_session {
	struct session base;
};

/* --- starting -------------------------------------------------------------------------------- */

static const char *join_tools(struct arena *a, const struct agent_task *task)
{
	const char *list = "";

	for (size_t i = 0; i < task->n_tools; i++)
		list = arena_printf(a, "%s%s%.*s", list, i ? "," : "", STR_ARG(task->tools[i]));
	return task->web_only ? "none" : list;
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	const char *const argv[] = { launch_place(task, task->program, INSIDE_TUTTI), "agent",
		"--url", arena_printf(a, "http://127.0.0.1:%u/v1", task->port), "--model",
		task->model, "--root", task->repo, "--system",
		arena_printf(a, "%zu", task->prompt_system), "--turns",
		arena_printf(a, "%u", task->max_turns), "--temperature",
		arena_printf(a, "%g", task->temperature), "--effort", task->effort, "--tools",
		join_tools(a, task), task->fast ? "--fast" : NULL, NULL };
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8",
		arena_printf(a, "HOME=%s", task->home), arena_printf(a, "TMPDIR=%s", task->tmp),
		arena_printf(a, "TUTTI_TOKEN=%s", task->token), NULL };

	(void)err;
	ret->argv = launch_words(a, argv);
	ret->env = launch_words(a, env);
	launch_bind(a, task, ret, task->program, INSIDE_TUTTI);
	ret->stdin_text = task->prompt;
	return 0;
}

/* --- reading --------------------------------------------------------------------------------- */

static void on_init(struct agent_session *s, json_t *doc)
{
	struct str mode = json_get_str(doc, "mode");

	if (!str_is(mode, "read-only"))
		session_violation(
		    &s->base, "it started in mode \"%.*s\"", STR_ARG(session_name(mode)));
	session_check_tools(&s->base, doc);
	session_open(&s->base, json_incref(doc));
}

static void on_text(struct agent_session *s, json_t *doc)
{
	session_add_text(&s->base, json_get_str(doc, "text"));
}

static void on_think(struct agent_session *s, json_t *doc)
{
	session_tell(&s->base, FACT_THINK, json_get_str(doc, "text"));
}

static void on_turn(struct agent_session *s, json_t *doc)
{
	(void)doc;
	s->base.turns++;
	buf_clear(&s->base.text);
}

static void on_void(struct agent_session *s, json_t *doc)
{
	(void)doc;
	session_void_text(&s->base);
}

static void on_tool_start(struct agent_session *s, json_t *doc)
{
	session_start_call(&s->base, json_get_str(doc, "id"), json_get_str(doc, "name"),
	    json_object_get(doc, "input"));
}

static void on_tool_end(struct agent_session *s, json_t *doc)
{
	struct fact fact = { .type = FACT_TOOL_END,
		.id = json_get_str(doc, "id"),
		.name = json_get_str(doc, "name"),
		.text = json_get_str(doc, "summary"),
		.ok = json_get_bool(doc, "ok", false),
		.data = doc };

	session_say(&s->base, &fact);
	if (fact.ok)
		session_check_success(&s->base, fact.name);
}

static void on_denied(struct agent_session *s, json_t *doc)
{
	session_deny_call(&s->base, json_get_str(doc, "id"), json_get_str(doc, "name"),
	    json_get_str(doc, "text"));
}

static void on_retry(struct agent_session *s, json_t *doc)
{
	session_tell(&s->base, FACT_RETRY, json_get_str(doc, "reason"));
}

static void on_notice(struct agent_session *s, json_t *doc)
{
	session_tell(&s->base, FACT_NOTICE, json_get_str(doc, "text"));
}

static void on_usage(struct agent_session *s, json_t *doc)
{
	s->base.in = session_tokens(doc, "in", s->base.in);
	s->base.out = session_tokens(doc, "out", s->base.out);
	s->base.cached = session_tokens(doc, "cached", s->base.cached);
	session_say_usage(&s->base);
}

static const struct session_event events[] = {
	{ "init", on_init },
	{ "turn", on_turn },
	{ "text", on_text },
	{ "think", on_think },
	{ "void", on_void },
	{ "tool_start", on_tool_start },
	{ "tool_end", on_tool_end },
	{ "denied", on_denied },
	{ "retry", on_retry },
	{ "notice", on_notice },
	{ "usage", on_usage },
	{ "result", session_on_result },
	{ NULL, NULL },
};

/* --- the end --------------------------------------------------------------------------------- */

/* What an agent can know of its own ending; the rest is found out by whoever watches it. */
#define SAYABLE                                                                              \
	(ENDING_BIT(ENDING_ANSWERED) | ENDING_BIT(ENDING_EMPTY) | ENDING_BIT(ENDING_ASKED) | \
	    ENDING_BIT(ENDING_REFUSED) | ENDING_BIT(ENDING_DENIED) |                         \
	    ENDING_BIT(ENDING_RATE_LIMITED) | ENDING_BIT(ENDING_QUOTA) |                     \
	    ENDING_BIT(ENDING_TRUNCATED) | ENDING_BIT(ENDING_ENDPOINT_DOWN))

/* What the result says; an answer counts only when the process ended well, too. */
static enum ending weigh(const struct agent_session *s, int status, struct str answer)
{
	int said = ending_parse(json_get_str(s->base.result, "ending"));
	bool known = said >= 0 && (SAYABLE & ENDING_BIT(said));
	enum ending ending = known ? (enum ending)said : ENDING_CRASHED;

	if (ending == ENDING_ANSWERED)
		ending = answer_classify(answer);
	return ending == ENDING_ANSWERED && session_exit(status) != 0 ? ENDING_CRASHED : ending;
}

static void end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	(void)errors;
	if (s->base.result) {
		ret->answer = json_get_str(s->base.result, "answer");
		ret->ending = weigh(s, status, ret->answer);
	}
	if (ret->ending != ENDING_CRASHED && ret->ending != ENDING_ANSWERED)
		ret->reason = session_reason(&s->base, json_get_str(s->base.result, "reason"));
}

static const struct session_kind kind = { .size = sizeof(struct agent_session),
	.reads = is_read_only_tool,
	.events = events,
	.end = end };

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	(void)task;
	return session_new(&kind, fn, ctx);
}

static const char *const env_names[] = { "TUTTI_TOKEN", "HOME", "TMPDIR", "PATH", "LANG", NULL };

const struct adapter_ops adapter_native = {
	.name = "native",
	.title = "tutti's own agent",
	.read_only_enforced = true,
	.traits = { .mode = "read-only",
	    .dialect = "chat",
	    .streams = true,
	    .thinks = true,
	    .counts = true,
	    .tells_reads = true,
	    .strict = true },
	.env_names = env_names,
	.prepare = prepare,
	.create = create,
};
