/* Described agents as codecs: how one is started, and what its output comes to. */
#include "adapter/described.h"

#include "adapter/acp.h"
#include "adapter/launch.h"
#include "adapter/session.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdlib.h>

#define INSIDE "/opt/agent"   /* and its name there is the file's */
#define ARGUMENT_MAX KIB(120) /* the kernel takes 128 KiB */
#define SUMMARY_MAX 300
#define OWN_VARIABLES 4

/* --- starting -------------------------------------------------------------------------------- */

/* What the fence shows anyway stays where it is; anything else is that one file. */
static const char *place_program(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret)
{
	const char *inside = arena_printf(a, "%s/%s", INSIDE, launch_name(task->program));

	if (str_starts(str_from(task->program), STR("/usr/")))
		return task->program;
	launch_bind(a, task, ret, task->program, inside);
	return launch_place(task, task->program, inside);
}

static const char **argv_of(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret)
{
	const struct described *d = task->described;
	const char **argv = arena_array(a, d->n_arguments + 5, sizeof(*argv));
	size_t n = 0;

	if (task->interpreter)
		argv[n++] = task->interpreter;
	if (task->interpreter_word)
		argv[n++] = task->interpreter_word;
	argv[n++] = place_program(a, task, ret);
	for (size_t i = 0; i < d->n_arguments; i++)
		argv[n++] = described_fill(a, d->arguments[i], task).p;
	if (d->prompt_as_argument)
		argv[n++] = arena_cstr(a, task->prompt);
	return argv;
}

static const char **env_of(struct arena *a, const struct agent_task *task)
{
	const struct described *d = task->described;
	const char **env = arena_array(a, d->n_environment + OWN_VARIABLES + 1, sizeof(*env));
	size_t n = 0;

	env[n++] = "PATH=/usr/bin:/bin";
	env[n++] = "LANG=C.UTF-8";
	env[n++] = arena_printf(a, "HOME=%s", task->home);
	env[n++] = arena_printf(a, "TMPDIR=%s", task->tmp);
	for (size_t i = 0; i < d->n_environment; i++) {
		struct str value = described_fill(a, d->environment[i].value, task);

		env[n++] =
		    arena_printf(a, "%.*s=%.*s", STR_ARG(d->environment[i].name), STR_ARG(value));
	}
	return env;
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	const struct described *d = task->described;

	if (task->web_only)
		return err_set(err, -ENOTSUP,
		    "a described agent has no tool that reaches the web behind the fence");
	if (d->prompt_as_argument && task->prompt.n > ARGUMENT_MAX)
		return err_set(err, -E2BIG,
		    "its prompt of %zu bytes is too long for an argument; prompt: stdin is not",
		    task->prompt.n);
	ret->argv = argv_of(a, task, ret);
	ret->env = env_of(a, task);
	for (size_t i = 0; i < d->n_files; i++)
		launch_file(a, ret, arena_printf(a, "home/%.*s", STR_ARG(d->files[i].name)),
		    described_fill(a, d->files[i].value, task));
	if (d->output == DESCRIBED_ACP) {
		ret->stdin_text = acp_greeting(a);
		ret->stdin_open = true;
	} else if (!d->prompt_as_argument) {
		ret->stdin_text = task->prompt;
	}
	return 0;
}

/* --- sessions -------------------------------------------------------------------------------- */

struct agent_session {
	struct session base;
	const struct described *of;
	char *model;
	bool failed; /* an error was told; its words are the reason */
	bool stale;  /* a call followed the text */
};

/* It says nothing of itself: its first line is its hello. */
static void say_hello(struct agent_session *s)
{
	if (s->base.opened)
		return;
	s->base.turns = 1;
	session_open(&s->base,
	    json_pack("{s:o, s:s}", "model", json_cstr(s->model), "mode", DESCRIBED_MODE));
}

/* --- text ------------------------------------------------------------------------------------ */

static void add_text(struct agent_session *s, struct str text)
{
	if (s->stale)
		buf_clear(&s->base.text);
	s->stale = false;
	session_add_text(&s->base, text);
}

static void text_line(struct agent_session *s, struct str line, bool cut)
{
	struct buf b;

	say_hello(s);
	if (cut)
		session_say_cut(&s->base);
	buf_init(&b, AGENT_LINE_MAX * 4);
	struct arena *a = arena_create("line", ARENA_JOB);

	buf_add(&b, utf8_clean(a, cut ? STR("") : line));
	buf_addc(&b, '\n');
	add_text(s, buf_str(&b));
	buf_fini(&b);
	arena_destroy(a);
}

static void text_end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	(void)s;
	(void)errors;
	if (session_exit(status) == 0)
		ret->ending = answer_classify(ret->answer);
}

/* --- ndjson ---------------------------------------------------------------------------------- */

static struct str text_at(const json_t *doc, struct str pointer)
{
	const json_t *value = described_at(doc, pointer);

	return json_is_string(value)
		   ? (struct str){ json_string_value(value), json_string_length(value) }
		   : (struct str){ "", 0 };
}

/* Does VALUE, written down, read WANT? */
static bool reads(const json_t *value, struct str want)
{
	if (json_is_string(value))
		return str_eq(
		    want, (struct str){ json_string_value(value), json_string_length(value) });
	if (!value || json_is_object(value) || json_is_array(value))
		return false;
	char *text = json_dumps(value, JSON_ENCODE_ANY);
	bool same = text && str_is(want, text);

	free(text);
	return same;
}

/* Without a `when`, a line is of that kind when what it is about stands in it. */
static bool matches(const struct described_rule *rule, const json_t *doc)
{
	const struct str about[] = { rule->text, rule->name, rule->id, rule->in, rule->out };

	if (!rule->there)
		return false;
	for (size_t i = 0; i < rule->n_when; i++)
		if (!reads(described_at(doc, rule->when[i].at), rule->when[i].is))
			return false;
	for (size_t i = 0; !rule->n_when && i < sizeof(about) / sizeof(about[0]); i++)
		if (about[i].p)
			return described_at(doc, about[i]) != NULL;
	return rule->n_when > 0;
}

static void on_text(struct agent_session *s, const struct described_rule *rule, json_t *doc)
{
	add_text(s, text_at(doc, rule->text));
}

static void on_think(struct agent_session *s, const struct described_rule *rule, json_t *doc)
{
	session_tell(&s->base, FACT_THINK, text_at(doc, rule->text));
}

static void on_tool(struct agent_session *s, const struct described_rule *rule, json_t *doc)
{
	s->stale = true;
	session_start_call(&s->base, text_at(doc, rule->id), session_name(text_at(doc, rule->name)),
	    described_at(doc, rule->input));
}

static bool says_yes(const json_t *value)
{
	return value && !json_is_false(value) && !json_is_null(value);
}

static void on_tool_end(struct agent_session *s, const struct described_rule *rule, json_t *doc)
{
	session_say(&s->base, &(struct fact){ .type = FACT_TOOL_END,
				  .id = text_at(doc, rule->id),
				  .name = session_name(text_at(doc, rule->name)),
				  .text = utf8_cut(text_at(doc, rule->text), SUMMARY_MAX),
				  .ok = !says_yes(described_at(doc, rule->failed)) });
}

static long long tokens_at(const json_t *doc, struct str pointer)
{
	const json_t *value = described_at(doc, pointer);
	json_t *one = json_object();
	long long n;

	if (json_is_integer(value))
		json_object_set_new(one, "n", json_integer(json_integer_value(value)));
	n = session_tokens(one, "n", 0);
	json_decref(one);
	return n;
}

/* Totals, as far as we can know. */
static void on_usage(struct agent_session *s, const struct described_rule *rule, json_t *doc)
{
	s->base.in = tokens_at(doc, rule->in);
	s->base.out = tokens_at(doc, rule->out);
	s->base.cached = tokens_at(doc, rule->cached);
	session_say_usage(&s->base);
}

static void on_error(struct agent_session *s, const struct described_rule *rule, json_t *doc)
{
	s->failed = true;
	session_reason(&s->base, text_at(doc, rule->text));
}

static void on_result(struct agent_session *s, const struct described_rule *rule, json_t *doc)
{
	(void)rule;
	session_on_result(s, doc);
}

static void (*const handlers[DESCRIBED_EVENTS])(
    struct agent_session *s, const struct described_rule *rule, json_t *doc) = {
	[EVENT_TEXT] = on_text,
	[EVENT_THINK] = on_think,
	[EVENT_TOOL] = on_tool,
	[EVENT_TOOL_END] = on_tool_end,
	[EVENT_USAGE] = on_usage,
	[EVENT_ERROR] = on_error,
	[EVENT_RESULT] = on_result,
};

static void json_line(struct agent_session *s, struct str text, bool cut)
{
	json_t *doc = cut ? NULL : json_parse_loosely(text);

	say_hello(s);
	if (cut)
		session_say_cut(&s->base);
	for (size_t e = 0; doc && e < DESCRIBED_EVENTS; e++)
		if (matches(&s->of->rules[e], doc))
			handlers[e](s, &s->of->rules[e], doc);
	json_decref(doc);
}

static void json_end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	struct str reason = buf_str(&s->base.reason), pointer = s->of->rules[EVENT_RESULT].text;

	(void)errors;
	if (!s->base.result && s->failed) {
		ret->ending = endpoint_classify(session_status(reason), reason);
		ret->reason = reason;
	} else if (s->base.result && session_exit(status) == 0) {
		if (pointer.p)
			ret->answer = text_at(s->base.result, pointer);
		ret->ending = answer_classify(ret->answer);
	}
}

/* --- beginning and end ----------------------------------------------------------------------- */

static void fini(struct agent_session *s)
{
	free(s->model);
}

static const struct session_kind kinds[] = {
	[DESCRIBED_TEXT] = { .size = sizeof(struct agent_session),
	    .line = text_line,
	    .end = text_end,
	    .fini = fini },
	[DESCRIBED_NDJSON] = { .size = sizeof(struct agent_session),
	    .line = json_line,
	    .end = json_end,
	    .fini = fini },
};

static const struct acp_profile free_profile = {
	.note = "Answer in text: the text of your last message is the result.\n\n"
};

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	const struct described *d = task->described;

	if (d->output == DESCRIBED_ACP)
		return acp_create(&free_profile, task, fn, ctx);
	struct agent_session *s = session_new(&kinds[d->output], fn, ctx);

	s->of = d;
	s->model = xstrdup(task->model);
	return s;
}

void described_codec(struct adapter_ops *ret)
{
	ret->traits =
	    (struct agent_traits){ .mode = DESCRIBED_MODE, .dialect = "any", .streams = true };
	ret->prepare = prepare;
	ret->create = create;
}
