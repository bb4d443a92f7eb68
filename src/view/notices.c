/* Events that are told in a sentence. */
#include "base/json.h"
#include "base/utf8.h"
#include "flow/words.h"
#include "view/priv.h"

static void say_member(struct buf *b, const json_t *data, const char *before, const char *key)
{
	struct str s = json_get_str(data, key);

	if (!s.n)
		return;
	buf_adds(b, before);
	buf_add(b, s);
}

static enum notice_level of_attempt(struct buf *b, const json_t *data)
{
	buf_printf(b, "try %lld", json_get_int(data, "epoch", 0));
	say_member(b, data, ": ", "agent");
	say_member(b, data, ", model ", "model");
	return NOTICE_INFO;
}

static enum notice_level of_init(struct buf *b, const json_t *data)
{
	const json_t *init = json_get_object(data, "data");

	buf_adds(b, "the agent says hello");
	say_member(b, init, ", version ", "version");
	say_member(b, init, ", model ", "model");
	say_member(b, init, ", mode ", "mode");
	if (json_get_array(init, "tools"))
		buf_printf(b, ", %zu tools", json_array_size(json_get_array(init, "tools")));
	return NOTICE_INFO;
}

static enum notice_level of_notice(struct buf *b, const json_t *data)
{
	long long dropped = json_get_int(data, "dropped", 0);

	say_member(b, data, "", "text");
	if (dropped)
		buf_printf(b, " (%lld)", dropped);
	return dropped ? NOTICE_WARN : NOTICE_INFO;
}

static enum notice_level of_waiting(struct buf *b, const json_t *data)
{
	buf_adds(b, "waiting for the model");
	say_member(b, data, ": ", "why");
	return NOTICE_INFO;
}

static enum notice_level of_retry(struct buf *b, const json_t *data)
{
	buf_adds(b, "the model is asked again");
	say_member(b, data, ": ", "text");
	return NOTICE_WARN;
}

static enum notice_level of_void(struct buf *b, const json_t *data)
{
	(void)data;
	buf_adds(b, "what was written of this turn does not count");
	return NOTICE_WARN;
}

static enum notice_level of_violation(struct buf *b, const json_t *data)
{
	say_member(b, data, "killed, its read-only mode does not hold: ", "text");
	return NOTICE_ERROR;
}

static enum notice_level of_exchange(struct buf *b, const json_t *data)
{
	buf_printf(
	    b, "the model's server answered with status %lld", json_get_int(data, "status", 0));
	if (json_get_bool(data, "cut", false))
		buf_adds(b, ", and the answer was broken off");
	return NOTICE_WARN;
}

static enum notice_level of_spill(struct buf *b, const json_t *data)
{
	buf_printf(b, "a part of its %s was cut off", json_get_cstr(data, "stream", "output"));
	say_member(b, data, " (", "why");
	buf_printf(b, "): %lld bytes are kept, %lld not", json_get_int(data, "kept", 0),
	    json_get_int(data, "lost", 0));
	say_member(b, data, "; ", "ended");
	return NOTICE_WARN;
}

static enum notice_level of_step(struct buf *b, const json_t *data)
{
	int status = step_status_parse(json_get_str(data, "status"));
	const char *ending = json_get_cstr(data, "ending", "");

	say_member(b, data, "", "status");
	if (*ending && strcmp(ending, "answered") != 0)
		buf_printf(b, " (%s)", ending);
	say_member(b, data, ": ", "reason");
	if (status == STEP_FAILED)
		return NOTICE_ERROR;
	return status == STEP_COMPLETED ? NOTICE_INFO : NOTICE_WARN;
}

static const struct {
	const char *type;
	enum notice_level (*fn)(struct buf *b, const json_t *data);
} kinds[] = {
	{ "attempt", of_attempt },
	{ "init", of_init },
	{ "notice", of_notice },
	{ "waiting", of_waiting },
	{ "retry", of_retry },
	{ "void", of_void },
	{ "violation", of_violation },
	{ "exchange", of_exchange },
	{ "spill", of_spill },
	{ "step", of_step },
};

static void add(struct conversation *c, enum notice_level level, struct str text)
{
	struct block block = { .type = BLOCK_NOTICE,
		.ms = -1,
		.level = level,
		.text = utf8_cut(text, BLOCK_TEXT_MAX) };

	block.cut = text.n - block.text.n;
	conversation_add(c, &block);
}

bool notice_of(struct conversation *c, struct str type, const json_t *data)
{
	size_t i = 0;
	struct buf b;

	while (i < sizeof(kinds) / sizeof(kinds[0]) && !str_is(type, kinds[i].type))
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		return false;
	if (str_is(type, "step")) {
		if (str_is(json_get_str(data, "status"), "running"))
			return true; /* "attempt" follows */
		c->over = true;
	}
	buf_init(&b, EVENT_TEXT_MAX);
	enum notice_level level = kinds[i].fn(&b, data);

	add(c, level, buf_str(&b));
	buf_fini(&b);
	return true;
}
