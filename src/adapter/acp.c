#include "adapter/acp_priv.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdlib.h>

#define VERSION 1 /* of the protocol */
#define AUTH_REQUIRED (-32000)

void acp_end(struct agent_session *s, enum ending ending, struct str reason)
{
	if (s->state == ACP_OVER)
		return;
	s->state = ACP_OVER;
	s->ending = ending;
	session_reason(&s->base, reason);
	session_say(&s->base, &(struct fact){ .type = FACT_OVER });
}

/* --- the four responses ---------------------------------------------------------------------- */

static void open_session(struct agent_session *s, const json_t *result)
{
	struct str version = json_get_str(json_get_object(result, "agentInfo"), "version");

	if (json_get_int(result, "protocolVersion", 0) != VERSION) {
		acp_end(s, ENDING_CRASHED, STR("it does not speak version 1 of the protocol"));
		return;
	}
	version = session_name(version);
	s->version = xstrndup(version.p ? version.p : "", version.n);
	s->state = ACP_OPENED;
	acp_ask(s, "session/new",
	    json_pack("{s:s, s:[], s:O*}", "cwd", s->repo, "mcpServers", "_meta", s->meta));
}

static void give_prompt(struct agent_session *s)
{
	const char *mode = s->profile->mode ? s->profile->mode : "none of its own";
	json_t *facts = json_pack(
	    "{s:o, s:s, s:s}", "model", json_cstr(s->model), "mode", mode, "version", s->version);
	struct buf text;

	session_open(&s->base, facts);
	s->state = ACP_ANSWERED;
	buf_init(&text, 2 * PROMPT_MAX);
	buf_adds(&text, s->profile->note);
	buf_adds(&text, s->prompt);
	acp_ask(s, "session/prompt",
	    json_pack("{s:s, s:[{s:s, s:o}]}", "sessionId", s->id, "prompt", "type", "text", "text",
		json_text(buf_str(&text))));
	buf_fini(&text);
}

static void set_mode(struct agent_session *s, const json_t *result)
{
	struct str id = json_get_str(result, "sessionId");

	if (!id.n || id.n > ACP_ID_MAX) {
		acp_end(s, ENDING_CRASHED, STR("it opened a session without an id"));
		return;
	}
	s->id = xstrndup(id.p, id.n);
	s->state = ACP_MODE_SET;
	if (!s->profile->mode)
		give_prompt(s);
	else if (!acp_offers_mode(result, s->profile->mode))
		session_violation(&s->base, "it has no mode \"%s\"", s->profile->mode);
	else
		acp_ask(s, "session/set_mode",
		    json_pack("{s:s, s:s}", "sessionId", s->id, "modeId", s->profile->mode));
}

/* A turn that ends with nothing said since a call was refused is a task that was given up. */
static void end_refused(struct agent_session *s)
{
	acp_end(s, ENDING_DENIED, STR("its turn ended when a call of it was refused"));
}

static void end_turn(struct agent_session *s, struct str stop)
{
	static const struct {
		const char *stop;
		enum ending ending;
		const char *reason;
	} stops[] = {
		{ "max_tokens", ENDING_TRUNCATED, "its answer reached the limit of tokens" },
		{ "max_turn_requests", ENDING_TRUNCATED, "it used up its turns" },
		{ "refusal", ENDING_REFUSED, "" },
		{ "cancelled", ENDING_CRASHED, "it was cancelled, and not by us" },
	};

	if (s->refused && (str_is(stop, "end_turn") || str_is(stop, "cancelled"))) {
		end_refused(s);
		return;
	}
	if (str_is(stop, "end_turn")) {
		acp_end(s, answer_classify(buf_str(&s->base.text)), STR(""));
		return;
	}
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (str_is(stop, stops[i].stop)) {
			acp_end(s, stops[i].ending, str_from(stops[i].reason));
			return;
		}
	acp_end(s, ENDING_CRASHED, STR("it did not say why it stopped"));
}

static void take_answer(struct agent_session *s, const json_t *result)
{
	acp_add_usage(s, json_get_object(result, "usage"));
	acp_add_usage(s, json_get_object(json_get_object(json_get_object(result, "_meta"), "quota"),
			     "token_count"));
	end_turn(s, json_get_str(result, "stopReason"));
}

/* --- errors ---------------------------------------------------------------------------------- */

/* "Internal error: 401 bad key": agents put the better half into `data`. */
static struct str words_of(struct buf *b, const json_t *error)
{
	const json_t *data = json_object_get(error, "data");
	struct str more =
	    json_is_string(data) ? json_get_str(error, "data") : json_get_str(data, "details");

	if (!more.n)
		more = json_get_str(data, "message");
	buf_add(b, json_get_str(error, "message"));
	if (more.n)
		buf_printf(b, "%s%.*s", b->n ? ": " : "", STR_ARG(utf8_cut(more, KIB(2))));
	return buf_str(b);
}

/* qwen stops a turn in which the same goes wrong again and again. */
static enum ending ending_of_error(long long code, struct str words)
{
	int status = code >= 400 && code < 600 ? (int)code : session_status(words);

	if (str_contains(words, STR("loop protection")))
		return ENDING_TRUNCATED;
	return endpoint_classify(status, words);
}

static void take_error(struct agent_session *s, const json_t *error)
{
	long long code = json_get_int(error, "code", 0);
	struct buf b;

	buf_init(&b, KIB(64));
	struct str words = words_of(&b, error);

	if (s->state == ACP_MODE_SET)
		session_violation(&s->base, "it did not go into mode \"%s\"", s->profile->mode);
	else if (s->state == ACP_ANSWERED)
		acp_end(s, ending_of_error(code, words), words);
	else
		acp_end(s, code == AUTH_REQUIRED ? ENDING_DENIED : ENDING_CRASHED, words);
	buf_fini(&b);
}

static void on_response(struct agent_session *s, const json_t *doc)
{
	const json_t *id = json_object_get(doc, "id"), *error = json_object_get(doc, "error");
	const json_t *result = json_object_get(doc, "result");

	if (s->state == ACP_OVER || !json_is_integer(id) ||
	    json_integer_value(id) != (json_int_t)s->state || (!error && !result))
		return;
	if (error && !json_is_null(error))
		take_error(s, error);
	else if (s->state == ACP_GREETED)
		open_session(s, result);
	else if (s->state == ACP_OPENED)
		set_mode(s, result);
	else if (s->state == ACP_MODE_SET)
		give_prompt(s);
	else
		take_answer(s, result);
}

/* --- lines ----------------------------------------------------------------------------------- */

static void on_message(struct agent_session *s, const json_t *doc)
{
	const json_t *id = json_object_get(doc, "id"), *params = json_get_object(doc, "params");
	struct str method = json_get_str(doc, "method");

	if (!method.n)
		on_response(s, doc);
	else if (!id)
		acp_on_notification(s, params);
	else if (!acp_is_id(id))
		return; /* nobody could be answered */
	else if (str_is(method, "session/request_permission"))
		acp_on_permission(s, id, params);
	else
		acp_decline(s, id);
}

static void line(struct agent_session *s, struct str text, bool cut)
{
	json_t *doc;

	if (s->base.violated)
		return; /* it is about to be killed, and no answer comes from it any more */
	if (cut)
		session_say_cut(&s->base);
	doc = cut ? NULL : json_parse_loosely(text);
	if (json_is_object(doc))
		on_message(s, doc);
	json_decref(doc);
}

/* --- beginning and end ----------------------------------------------------------------------- */

static void end(struct agent_session *s, int status, struct str errors, struct outcome *ret)
{
	(void)status;
	(void)errors;
	if (s->state == ACP_OVER) {
		ret->ending = s->ending;
		ret->reason = buf_str(&s->base.reason);
	}
}

static void fini(struct agent_session *s)
{
	for (size_t i = 0; i < ACP_CALLS_MAX; i++) {
		free(s->calls[i].id);
		free(s->calls[i].name);
		json_decref(s->calls[i].input);
	}
	json_decref(s->meta);
	free(s->prompt);
	free(s->repo);
	free(s->model);
	free(s->id);
	free(s->version);
}

static const struct session_kind kind = {
	.size = sizeof(struct agent_session), .line = line, .end = end, .fini = fini
};

struct agent_session *acp_create(
    const struct acp_profile *profile, const struct agent_task *task, fact_fn fn, void *ctx)
{
	struct agent_session *s = session_new(&kind, fn, ctx);
	struct str prompt = task->prompt.p ? task->prompt : STR("");

	s->profile = profile;
	s->state = ACP_GREETED;
	s->prompt = xstrndup(prompt.p, prompt.n);
	s->repo = xstrdup(task->repo);
	s->model = xstrdup(task->model);
	s->meta = profile->meta ? profile->meta(task) : NULL;
	return s;
}
