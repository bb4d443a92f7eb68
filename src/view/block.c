/* Blocks on the wire. */
#include "view/conversation.h"

const char *block_type_name(enum block_type type)
{
	static const char *const names[] = { "message", "thinking", "tool", "notice", "event" };

	return names[type];
}

const char *tool_state_name(enum tool_state state)
{
	static const char *const names[] = { "running", "done", "failed", "denied" };

	return names[state];
}

static const char *level_name(enum notice_level level)
{
	static const char *const names[] = { "info", "warn", "error" };

	return names[level];
}

static void add_ms(struct buf *b, msec_t ms)
{
	if (ms < 0)
		buf_member_json(b, "ms", STR("null"));
	else
		buf_member_int(b, "ms", ms);
}

static void add_tool(struct buf *b, const struct block *k)
{
	buf_member(b, "id", k->id);
	buf_member(b, "name", k->name);
	buf_member(b, "verb", str_from(k->verb));
	buf_member(b, "subject", k->subject);
	buf_member_json(b, "input", k->input.n ? k->input : STR("null"));
	buf_member(b, "state", str_from(tool_state_name(k->state)));
	buf_member(b, "summary", k->summary);
	add_ms(b, k->ms);
}

static void add_body(struct buf *b, const struct block *k)
{
	switch (k->type) {
	case BLOCK_MESSAGE:
		buf_member(b, "html", k->html);
		buf_member_int(b, "from", (long long)k->from);
		buf_member_int(b, "to", (long long)k->to);
		break;
	case BLOCK_THINKING:
		buf_member(b, "text", k->text);
		add_ms(b, k->ms);
		break;
	case BLOCK_TOOL:
		add_tool(b, k);
		break;
	case BLOCK_NOTICE:
		buf_member(b, "level", str_from(level_name(k->level)));
		buf_member(b, "text", k->text);
		break;
	case BLOCK_EVENT:
		buf_member(b, "name", k->name);
		buf_member_json(b, "data", k->input);
		break;
	}
}

void block_add_json(struct buf *b, const struct block *k)
{
	char stamp[32];

	buf_addc(b, '{');
	buf_member_int(b, "n", (long long)k->n);
	buf_member(b, "type", str_from(block_type_name(k->type)));
	buf_member(b, "at", str_from(clock_iso(k->at, stamp, sizeof(stamp))));
	buf_member_int(b, "seq", k->seq);
	add_body(b, k);
	if (k->cut)
		buf_member_int(b, "cut", (long long)k->cut);
	buf_addc(b, '}');
}
