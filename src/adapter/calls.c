#include "adapter/session.h"

#include "base/unconst.h"
#include "base/utf8.h"

#include <stdlib.h>

#define SUMMARY_MAX 300

static void forget(struct call *call)
{
	free(call->id);
	free(call->name);
	json_decref(call->input);
	*call = (struct call){ NULL, NULL, NULL };
}

void calls_clear(struct calls *c)
{
	for (size_t i = 0; i < CALLS_OPEN_MAX; i++)
		forget(&c->v[i]);
}

/* The oldest of that id without a result: ids are the model server's, and some use them again. */
static struct call *find(struct calls *c, struct str id)
{
	size_t i = c->n > CALLS_OPEN_MAX ? c->n - CALLS_OPEN_MAX : 0;

	for (; i < c->n; i++) {
		struct call *call = &c->v[i % CALLS_OPEN_MAX];

		if (call->id && str_is(id, call->id))
			return call;
	}
	return NULL;
}

void calls_begin(struct session *s, struct str id, struct str name, const json_t *input)
{
	struct call *call = &s->calls.v[s->calls.n++ % CALLS_OPEN_MAX];

	forget(call);
	*call = (struct call){ xstrndup(id.p, id.n), xstrndup(name.p, name.n), NULL };
	if (s->kind->read_tools && input)
		call->input = json_incref(unconst(input));
	session_start_call(s, id, name, input);
}

static json_t *reads_of(const struct session *s, const struct call *call, struct str text)
{
	if (!s->kind->read_tools)
		return NULL;
	return reads_of_call(s->kind->read_tools, str_from(call->name), call->input, text);
}

void calls_end(struct session *s, struct str id, bool ok, struct str text)
{
	struct call *call = find(&s->calls, id);
	struct fact fact = { .type = FACT_TOOL_END,
		.id = id,
		.name = str_from(call ? call->name : ""),
		.text = utf8_cut(text, SUMMARY_MAX),
		.ok = ok };

	if (!ok && call && !s->kind->reads(fact.name))
		session_deny_call(s, id, fact.name, fact.text);
	session_end_call(s, fact, ok && call ? reads_of(s, call, text) : NULL);
	if (ok && !call)
		session_violation(s, "a tool that was never called was let through");
	if (ok)
		session_check_success(s, fact.name);
	if (call)
		forget(call);
}
