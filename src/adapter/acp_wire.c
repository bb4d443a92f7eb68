/* Lines for an agent that speaks ACP. */
#include "adapter/acp_priv.h"

#include "base/json.h"

#include <stdlib.h>

#define METHOD_NOT_FOUND (-32601)

static json_t *greeting_params(void)
{
	return json_pack("{s:i, s:{s:{s:b, s:b}, s:b}, s:{s:s, s:s}}", "protocolVersion", 1,
	    "clientCapabilities", "fs", "readTextFile", 0, "writeTextFile", 0, "terminal", 0,
	    "clientInfo", "name", "tutti", "version", TUTTI_VERSION);
}

static json_t *request(int id, const char *method, json_t *params)
{
	return json_pack(
	    "{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", id, "method", method, "params", params);
}

struct str acp_greeting(struct arena *a)
{
	json_t *doc = request(ACP_GREETED, "initialize", greeting_params());
	char *text = json_dump(doc);
	char *line = arena_printf(a, "%s\n", text);

	free(text);
	json_decref(doc);
	return str_from(line);
}

/* After its last word, or once it is about to be killed, nothing is said to it any more. */
static void say(struct agent_session *s, json_t *doc)
{
	char *text = json_dump(doc);

	if (s->state != ACP_OVER && !s->base.violated)
		session_tell(&s->base, FACT_SAY, str_from(text));
	free(text);
	json_decref(doc);
}

void acp_ask(struct agent_session *s, const char *method, json_t *params)
{
	say(s, request((int)s->state, method, params));
}

bool acp_is_id(const json_t *id)
{
	return json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= ACP_ID_MAX);
}

void acp_reply(struct agent_session *s, const json_t *id, json_t *result)
{
	say(s, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result));
}

void acp_decline(struct agent_session *s, const json_t *id)
{
	say(s, json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error", "code",
		   METHOD_NOT_FOUND, "message", "Method not found"));
}
