/* Tool calls of a conversation: each is one block, from its start to whatever is said of it last.
 */
#include "base/json.h"
#include "base/utf8.h"
#include "view/priv.h"
#include "view/tool.h"

#include <stdlib.h>

#define NAME_BYTES 256
#define SUBJECT_BYTES 400

void call_fini(struct call *call)
{
	free(call->id);
	free(call->name);
	free(call->subject);
	free(call->summary);
	free(call->input);
	*call = (struct call){ 0 };
}

static char *keep(struct str s, size_t max)
{
	s = utf8_cut(s, max);
	return xstrndup(s.p ? s.p : "", s.n);
}

static void tell(struct conversation *c, const struct call *call)
{
	const struct block block = { .type = BLOCK_TOOL,
		.n = call->n,
		.seq = c->seq,
		.at = call->at,
		.ms = call->ms,
		.cut = call->cut,
		.id = str_from(call->id),
		.name = str_from(call->name),
		.verb = tool_verb(str_from(call->name)),
		.subject = str_from(call->subject),
		.summary = str_from(call->summary),
		.input = str_from(call->input),
		.state = call->state };

	c->fn(c->ctx, &block);
}

/* The last call of that id, or, where agents give none, of that name. ALIVE: it still runs. */
static struct call *find(struct conversation *c, const json_t *data, bool alive)
{
	struct str id = json_get_str(data, "id"), name = json_get_str(data, "name");
	size_t n = c->n_calls < BLOCK_TOOLS_MAX ? c->n_calls : BLOCK_TOOLS_MAX;

	for (size_t i = 1; i <= n; i++) {
		struct call *call = &c->calls[(c->n_calls - i) % BLOCK_TOOLS_MAX];

		if (alive && call->state != TOOL_RUNNING)
			continue;
		if (id.n ? str_is(id, call->id) : str_is(name, call->name))
			return call;
	}
	return NULL;
}

static struct call *add(struct conversation *c, const json_t *data)
{
	struct call *call = &c->calls[c->n_calls++ % BLOCK_TOOLS_MAX];

	conversation_close(c);
	call_fini(call);
	*call = (struct call){ .n = ++c->n,
		.at = c->at,
		.ms = -1,
		.id = keep(json_get_str(data, "id"), NAME_BYTES),
		.name = keep(json_get_str(data, "name"), NAME_BYTES),
		.subject = keep((struct str){ 0 }, 0),
		.summary = keep((struct str){ 0 }, 0) };
	return call;
}

/* JSON as it is, or the first part of it as a string. */
static void set_input(struct call *call, const json_t *input)
{
	char *text = json_dump(input);
	struct str all = str_from(text), kept = utf8_cut(all, BLOCK_TEXT_MAX);
	struct buf b;

	free(call->input);
	free(call->subject);
	call->subject = keep(tool_subject(input), SUBJECT_BYTES);
	call->cut = all.n - kept.n;
	if (!call->cut) {
		call->input = text;
		return;
	}
	buf_init(&b, BLOCK_TEXT_MAX * 7);
	buf_add_json(&b, kept);
	call->input = buf_steal(&b);
	free(text);
}

void call_start(struct conversation *c, const json_t *data)
{
	const json_t *input = json_object_get(data, "data");
	struct call *call = json_get_str(data, "id").n ? find(c, data, true) : NULL;

	if (!call) /* else it says more of one that runs */
		call = add(c, data);
	if (input)
		set_input(call, input);
	tell(c, call);
}

static void set_summary(struct call *call, struct str text)
{
	struct str kept = utf8_cut(text, BLOCK_TEXT_MAX);

	if (!text.n)
		return;
	free(call->summary);
	call->summary = keep(kept, BLOCK_TEXT_MAX);
	call->cut += text.n - kept.n;
}

void call_end(struct conversation *c, const json_t *data)
{
	struct call *call = find(c, data, true);

	if (!call && json_get_str(data, "id").n)
		call = find(c, data, false); /* denied meanwhile */
	if (!call) /* its beginning is not here any more, or was never told */
		call = add(c, data);
	if (call->state != TOOL_DENIED)
		call->state = json_get_bool(data, "ok", true) ? TOOL_DONE : TOOL_FAILED;
	if (call->ms < 0)
		call->ms = c->at > call->at ? c->at - call->at : 0;
	set_summary(call, json_get_str(data, "text"));
	tell(c, call);
}

void call_denied(struct conversation *c, const json_t *data)
{
	struct call *call = find(c, data, false); /* some agents tell it when all is over */

	if (!call)
		call = add(c, data);
	call->state = TOOL_DENIED;
	if (call->ms < 0)
		call->ms = c->at > call->at ? c->at - call->at : 0;
	set_summary(call, json_get_str(data, "text"));
	tell(c, call);
}
