/* What an agent that speaks ACP says while it works: text, thinking, calls, its mode. */
#include "adapter/acp_priv.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdlib.h>

#define SUMMARY_MAX 300

/* --- the mode -------------------------------------------------------------------------------- */

/* Modes stand in two places: in `modes`, and as the option called mode. */
static const json_t *mode_option(const json_t *holder)
{
	const json_t *option;
	size_t i;

	json_array_foreach (json_get_array(holder, "configOptions"), i, option)
		if (str_is(json_get_str(option, "category"), "mode") ||
		    str_is(json_get_str(option, "id"), "mode"))
			return option;
	return NULL;
}

static bool lists(const json_t *array, const char *key, const char *mode)
{
	const json_t *one;
	size_t i;

	json_array_foreach (array, i, one)
		if (str_is(json_get_str(one, key), mode))
			return true;
	return false;
}

bool acp_offers_mode(const json_t *result, const char *mode)
{
	const json_t *modes = json_get_array(json_get_object(result, "modes"), "availableModes");

	return lists(modes, "id", mode) ||
	       lists(json_get_array(mode_option(result), "options"), "value", mode);
}

static void check_mode(struct agent_session *s, struct str mode)
{
	const char *want = s->profile->mode;

	if (want && s->base.opened && !str_is(mode, want))
		session_violation(
		    &s->base, "it went into mode \"%.*s\"", STR_ARG(session_name(mode)));
}

static void watch_mode(struct agent_session *s, const json_t *holder)
{
	const json_t *option = mode_option(holder);

	if (json_object_get(holder, "currentModeId"))
		check_mode(s, json_get_str(holder, "currentModeId"));
	if (option)
		check_mode(s, json_get_str(option, "currentValue"));
}

/* --- calls ----------------------------------------------------------------------------------- */

/* The latest of that id: an agent may use one again. */
static struct acp_call *find_call(struct agent_session *s, struct str id)
{
	size_t least = s->n_calls > ACP_CALLS_MAX ? s->n_calls - ACP_CALLS_MAX : 0;

	for (size_t i = s->n_calls; i > least; i--) {
		struct acp_call *call = &s->calls[(i - 1) % ACP_CALLS_MAX];

		if (str_is(id, call->id))
			return call;
	}
	return NULL;
}

static struct acp_call *add_call(struct agent_session *s, struct str id)
{
	struct acp_call *call = &s->calls[s->n_calls++ % ACP_CALLS_MAX];

	free(call->id);
	free(call->name);
	json_decref(call->input);
	*call = (struct acp_call){ .id = xstrndup(id.p, id.n) };
	return call;
}

/* Its own name for the tool, where it tells one. */
static struct str tool_of(const json_t *call)
{
	const json_t *meta = json_get_object(call, "_meta");
	struct str name = json_get_str(meta, "toolName");

	return name.n ? name : json_get_str(json_get_object(meta, "claudeCode"), "toolName");
}

/* That, else the kind, else the title. */
static struct str name_of(const json_t *call)
{
	struct str name = tool_of(call);

	if (!name.n)
		name = json_get_str(call, "kind");
	if (!name.n || str_is(name, "other"))
		name = json_get_str(call, "title").n ? json_get_str(call, "title") : name;
	return session_name(name);
}

static bool mutates(const struct acp_profile *profile, const json_t *call)
{
	static const char *const kinds[] = { "edit", "delete", "move", "switch_mode" };
	struct str kind = json_get_str(call, "kind");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_is(kind, kinds[i]))
			return true;
	return tool_of(call).n && profile->mutates && profile->mutates(tool_of(call));
}

/* The words of a command as one text; some give a list. */
static void look_at_command(
    const struct acp_profile *profile, struct acp_call *call, const json_t *from)
{
	const json_t *command = json_object_get(json_get_object(from, "rawInput"), "command");
	const json_t *word;
	struct buf b;
	size_t i;

	call->executes |= str_is(json_get_str(from, "kind"), "execute");
	if (!command || !profile->may_run)
		return;
	buf_init(&b, AGENT_LINE_MAX);
	if (json_is_string(command))
		buf_adds(&b, json_string_value(command));
	json_array_foreach (command, i, word)
		buf_printf(
		    &b, "%s%s", i ? " " : "", json_is_string(word) ? json_string_value(word) : "");
	call->may_run = profile->may_run(buf_str(&b));
	buf_fini(&b);
}

/* Once its input is there; some agents announce a call before the model has written that. */
static void tell_call(struct agent_session *s, struct acp_call *call, const json_t *from)
{
	json_t *input = json_get_object(from, "rawInput");
	struct str status = json_get_str(from, "status");
	bool bare = !json_object_size(input);

	if (call->told || (bare && (!status.n || str_is(status, "pending"))))
		return;
	call->told = true;
	input = bare ? json_pack("{s:o}", "title", json_text(json_get_str(from, "title")))
		     : json_incref(input);
	session_start_call(&s->base, str_from(call->id), str_from(call->name), input);
	json_decref(input);
}

static void keep_input(struct acp_call *call, json_t *input)
{
	if (!json_object_size(input))
		return;
	json_decref(call->input);
	call->input = json_incref(input);
}

/* What an update says of its call is added to what is known of it; NULL without an id. */
static struct acp_call *see_call(struct agent_session *s, const json_t *from)
{
	struct str id = json_get_str(from, "toolCallId"), name = name_of(from);
	struct acp_call *call = id.n && id.n <= ACP_ID_MAX ? find_call(s, id) : NULL;
	bool anew = str_is(json_get_str(from, "sessionUpdate"), "tool_call");

	if (!id.n || id.n > ACP_ID_MAX)
		return NULL;
	if (!call || (call->ended && anew))
		call = add_call(s, id);
	if (!call->name || !call->name[0]) {
		free(call->name);
		call->name = xstrndup(name.p ? name.p : "", name.n);
	}
	call->mutates |= mutates(s->profile, from);
	call->named |= tool_of(from).n > 0;
	look_at_command(s->profile, call, from);
	keep_input(call, json_object_get(from, "rawInput"));
	tell_call(s, call, from);
	return call;
}

static struct str content_of(const json_t *from)
{
	const json_t *first = json_array_get(json_get_array(from, "content"), 0);

	return json_get_str(json_get_object(first, "content"), "text");
}

static struct str summary_of(const json_t *from)
{
	struct str text = content_of(from);

	return utf8_cut(text.n ? text : json_get_str(from, "rawOutput"), SUMMARY_MAX);
}

/* What the program itself says of the output is nearer to it than what is there for people. */
static json_t *reads_of(
    const struct acp_profile *profile, const struct acp_call *call, const json_t *from)
{
	struct str raw = json_get_str(from, "rawOutput");

	if (profile->reads)
		return profile->reads(call->input, json_get_object(from, "rawOutput"));
	if (!profile->read_tools)
		return NULL;
	return reads_of_call(
	    profile->read_tools, str_from(call->name), call->input, raw.n ? raw : content_of(from));
}

static void say_denied(struct agent_session *s, struct acp_call *call, struct str text)
{
	call->refused = true;
	session_deny_call(&s->base, str_from(call->id), str_from(call->name), text);
}

static void end_call(struct agent_session *s, struct acp_call *call, const json_t *from, bool ok)
{
	struct str summary = summary_of(from);

	call->ended = true;
	call->mutates |= call->executes && !call->may_run;
	if (!ok && call->mutates && !call->refused)
		say_denied(s, call, summary);
	session_end_call(&s->base,
	    (struct fact){ .type = FACT_TOOL_END,
		.id = str_from(call->id),
		.name = str_from(call->name),
		.text = summary,
		.ok = ok },
	    ok ? reads_of(s->profile, call, from) : NULL);
}

/* A call that nobody knows anything about is held to be the worst. */
static void check_success(struct agent_session *s, struct acp_call *call)
{
	if (!s->profile->mode)
		return;
	if (call && !call->named && s->profile->mutates)
		call->mutates |= s->profile->mutates(str_from(call->name));
	if (call)
		call->mutates |= call->executes && !call->may_run;
	if (!call || !call->name[0])
		session_violation(&s->base, "a tool without a name was let through");
	else if (call->mutates)
		session_violation(&s->base, "the tool \"%s\" was let through", call->name);
}

static void on_call(struct agent_session *s, const json_t *update)
{
	struct acp_call *call = see_call(s, update);
	struct str status = json_get_str(update, "status");
	bool ok = str_is(status, "completed");

	s->turn = false;
	s->stale = true;
	if (call && !call->ended && (ok || str_is(status, "failed")))
		end_call(s, call, update, ok);
	if (ok)
		check_success(s, call);
}

/* --- text ------------------------------------------------------------------------------------ */

static bool is_aside(const struct acp_profile *profile, struct str text)
{
	for (const char *const *a = profile->asides; a && *a; a++)
		if (str_starts(text, str_from(*a)))
			return true;
	return false;
}

static void begin_turn(struct agent_session *s)
{
	s->base.turns += !s->turn;
	s->turn = true;
}

static void on_text(struct agent_session *s, struct str text)
{
	if (is_aside(s->profile, text))
		return;
	begin_turn(s);
	s->refused = false;
	if (s->stale)
		buf_clear(&s->base.text);
	s->stale = false;
	session_add_text(&s->base, text);
}

static void on_thought(struct agent_session *s, struct str text)
{
	begin_turn(s);
	session_tell(&s->base, FACT_THINK, text);
}

/* --- tokens ---------------------------------------------------------------------------------- */

static long long tokens(const json_t *usage, const char *camel, const char *snake)
{
	return session_tokens(usage, camel, session_tokens(usage, snake, 0));
}

void acp_add_usage(struct agent_session *s, const json_t *usage)
{
	long long in = tokens(usage, "inputTokens", "input_tokens");
	long long out = tokens(usage, "outputTokens", "output_tokens");
	long long all = tokens(usage, "totalTokens", "total_tokens");

	if (!in && !out)
		return;
	if (all > out && all - out > in) /* those from the cache stand beside, not within */
		in = all - out;
	session_add_usage(
	    &s->base, in, out, tokens(usage, "cachedReadTokens", "cached_read_tokens"));
}

/* --- messages -------------------------------------------------------------------------------- */

static void on_chunk(struct agent_session *s, const json_t *update, bool thought)
{
	const json_t *content = json_get_object(update, "content");
	struct str text = json_get_str(content, "text");

	acp_add_usage(s, json_get_object(json_get_object(update, "_meta"), "usage"));
	if (!text.n || !str_is(json_get_str(content, "type"), "text"))
		return;
	if (thought)
		on_thought(s, text);
	else
		on_text(s, text);
}

void acp_on_notification(struct agent_session *s, const json_t *params)
{
	const json_t *update = json_get_object(params, "update");
	struct str kind = json_get_str(update, "sessionUpdate");
	/* a child of its session may change things, too, but does not answer */
	bool own = s->state == ACP_ANSWERED && str_is(json_get_str(params, "sessionId"), s->id);

	watch_mode(s, params);
	watch_mode(s, update);
	if (str_is(kind, "current_mode_update") && !json_object_get(update, "currentModeId"))
		check_mode(s, STR(""));
	else if (str_is(kind, "tool_call") || str_is(kind, "tool_call_update"))
		on_call(s, update);
	else if (own && str_is(kind, "agent_message_chunk"))
		on_chunk(s, update, false);
	else if (own && str_is(kind, "agent_thought_chunk"))
		on_chunk(s, update, true);
}

/* --- permission ------------------------------------------------------------------------------ */

static json_t *rejection(const json_t *options)
{
	static const char *const kinds[] = { "reject_once", "reject_always" };
	const json_t *option;
	size_t i;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		json_array_foreach (options, i, option)
			if (str_is(json_get_str(option, "kind"), kinds[k]) &&
			    json_is_string(json_object_get(option, "optionId")))
				return json_pack("{s:{s:s, s:O}}", "outcome", "outcome", "selected",
				    "optionId", json_object_get(option, "optionId"));
	return json_pack("{s:{s:s}}", "outcome", "outcome", "cancelled");
}

void acp_on_permission(struct agent_session *s, const json_t *id, const json_t *params)
{
	const json_t *asked = json_get_object(params, "toolCall");
	struct acp_call *call = see_call(s, asked);

	if (call && !call->refused)
		say_denied(s, call, utf8_cut(json_get_str(asked, "title"), SUMMARY_MAX));
	s->refused = true;
	s->stale = true;
	acp_reply(s, id, rejection(json_get_array(params, "options")));
}
