#include "adapter/blocks.h"

#include "base/json.h"

void blocks_check_mode(struct session *s, struct str mode)
{
	if (!str_is(mode, "plan"))
		session_violation(
		    s, "it runs in mode \"%.*s\", not in plan", STR_ARG(session_name(mode)));
}

void blocks_init(struct session *s, const json_t *doc, const char *mode, const char *version)
{
	blocks_check_mode(s, json_get_str(doc, mode));
	session_check_tools(s, doc);
	session_open(
	    s, json_pack("{s:o, s:o, s:o, s:O?}", "model", json_text(json_get_str(doc, "model")),
		   "mode", json_text(json_get_str(doc, mode)), "version",
		   json_text(json_get_str(doc, version)), "tools", json_get_array(doc, "tools")));
}

void blocks_retry(struct session *s, bool is_void, struct str why)
{
	calls_clear(&s->calls);
	if (is_void)
		session_void_text(s);
	session_tell(s, FACT_RETRY, why);
}

void blocks_stream(struct agent_session *own, json_t *doc)
{
	struct session *s = session_base(own);
	const json_t *event = json_get_object(doc, "event");
	const json_t *delta = json_get_object(event, "delta");
	struct str type = json_get_str(event, "type");

	if (json_is_string(json_object_get(doc, "parent_tool_use_id")))
		return; /* of a sub-agent, which there should not be */
	if (str_is(type, "message_start")) {
		s->turns++;
		buf_clear(&s->text);
	} else if (str_is(json_get_str(delta, "type"), "text_delta")) {
		session_add_text(s, json_get_str(delta, "text"));
	} else if (str_is(json_get_str(delta, "type"), "thinking_delta")) {
		session_tell(s, FACT_THINK, json_get_str(delta, "thinking"));
	}
}

void blocks_assistant(struct agent_session *own, json_t *doc)
{
	const json_t *message = json_get_object(doc, "message"), *block;
	size_t i;

	json_array_foreach (json_get_array(message, "content"), i, block)
		if (str_is(json_get_str(block, "type"), "tool_use"))
			calls_begin(session_base(own), json_get_str(block, "id"),
			    json_get_str(block, "name"), json_object_get(block, "input"));
}

void blocks_user(struct agent_session *own, json_t *doc)
{
	const json_t *message = json_get_object(doc, "message"), *block;
	size_t i;

	json_array_foreach (json_get_array(message, "content"), i, block)
		if (str_is(json_get_str(block, "type"), "tool_result"))
			calls_end(session_base(own), json_get_str(block, "tool_use_id"),
			    !json_get_bool(block, "is_error", false),
			    json_get_str(block, "content"));
}
