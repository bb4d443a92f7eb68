/*
 * What a hostile agent says over ACP: the first byte chooses how it is held and how it ends, the
 * rest is its stdout in chunks whose sizes are the bytes themselves. What we answer is one valid
 * message a line and allows nothing; there is one outcome, and nothing is an answer that is none.
 */
#include "feed.h"
#include "must.h"

#include "adapter/acp.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#define LINE_MAX_HERE 4000 /* some lines are cut */

struct heard {
	struct agent_session *session;
	unsigned asked; /* requests of ours so far, the greeting included */
	unsigned tool_calls, denied, violations, inits, overs;
	long long in, out, cached;
	bool held;
};

static const char *const methods[] = { "initialize", "session/new", "session/set_mode",
	"session/prompt" };

/* Ours come in their order, each once. */
static void check_request(struct heard *h, const json_t *doc)
{
	const char *method = json_get_cstr(doc, "method", "");
	const json_t *params = json_get_object(doc, "params");

	h->asked += !h->held && h->asked == 2; /* nothing to be set */
	must(h->asked < 4 && strcmp(method, methods[h->asked]) == 0);
	h->asked++;
	must(json_get_int(doc, "id", 0) == h->asked);
	if (strcmp(method, "session/set_mode") == 0)
		must(str_is(json_get_str(params, "modeId"), "plan"));
	if (strcmp(method, "session/prompt") == 0)
		must(h->inits == 1);
}

static void check_answer(const json_t *doc)
{
	const json_t *result = json_get_object(doc, "result");
	const json_t *outcome = json_get_object(result, "outcome");
	struct str word = json_get_str(outcome, "outcome");

	must(json_object_get(doc, "id"));
	if (!result) {
		must(json_get_int(json_get_object(doc, "error"), "code", 0) == -32601);
		return;
	}
	must(str_is(word, "cancelled") ||
	     (str_is(word, "selected") && json_is_string(json_object_get(outcome, "optionId"))));
}

static void check_said(struct heard *h, struct str line)
{
	json_t *doc = json_parse(line, NULL);

	must(doc && str_chr(line, '\n') < 0 && str_chr(line, '\r') < 0);
	must(!h->overs && !h->violations);
	must(str_is(json_get_str(doc, "jsonrpc"), "2.0"));
	if (json_object_get(doc, "method"))
		check_request(h, doc);
	else
		check_answer(doc);
	json_decref(doc);
}

static void on_fact(void *ctx, const struct fact *f)
{
	struct heard *h = ctx;

	must(f->type < FACT_TYPES);
	must(utf8_valid(f->id) && utf8_valid(f->name) && utf8_valid(f->text));
	must(f->type != FACT_INIT || json_is_object(f->data));
	must(f->type != FACT_TEXT || (h->inits && !h->overs));
	if (f->type == FACT_SAY)
		check_said(h, f->text);
	if (f->type == FACT_USAGE) {
		must(f->in >= h->in && f->out >= h->out && f->cached >= h->cached);
		h->in = f->in;
		h->out = f->out;
		h->cached = f->cached;
	}
	h->inits += f->type == FACT_INIT;
	h->tool_calls += f->type == FACT_TOOL_START;
	h->denied += f->type == FACT_DENIED;
	h->violations += f->type == FACT_VIOLATION;
	h->overs += f->type == FACT_OVER;
	must(h->violations <= 1 && h->inits <= 1 && h->overs <= 1);
}

static void on_line(void *ctx, struct str line, bool cut)
{
	struct heard *h = ctx;

	session_line(h->session, line, cut);
}

static void check_outcome(const struct heard *h, const struct outcome *o)
{
	bool quiet = o->ending == ENDING_ANSWERED || o->ending == ENDING_EMPTY ||
		     o->ending == ENDING_ASKED || o->ending == ENDING_REFUSED;

	must(o->ending > ENDING_NONE && o->ending < ENDINGS);
	must(o->ending != ENDING_LOST && o->ending != ENDING_CANCELLED);
	must(utf8_valid(o->answer) && utf8_valid(o->reason));
	must(str_chr(o->reason, '\n') < 0 && str_chr(o->reason, '\x1b') < 0);
	must(quiet || o->reason.n);
	must(o->in == h->in && o->out == h->out && o->cached == h->cached);
	must(o->tool_calls == h->tool_calls && o->denied == h->denied);
	if (o->ending == ENDING_ANSWERED || o->ending == ENDING_TRUNCATED)
		must(h->inits && h->overs && h->asked == 4);
	if (o->ending == ENDING_ANSWERED)
		must(answer_classify(o->answer) == ENDING_ANSWERED && !o->reason.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const asides[] = { "[MODE", NULL };
	static const struct acp_profile plan = { .mode = "plan", .note = "n", .asides = asides },
					free_one = { .note = "" };
	const struct agent_task task = {
		.prompt = STR("What?"), .repo = "/repo", .model = "m", .effort = ""
	};
	struct outcome o = { .ending = ENDING_NONE };

	if (!size)
		return 0;
	struct heard h = { .held = data[0] & 1, .asked = 1 };
	int status = data[0] & 2 ? W_EXITCODE(0, 15) : W_EXITCODE(data[0] >> 2, 0);

	h.session = acp_create(h.held ? &plan : &free_one, &task, on_fact, &h);
	feed((struct str){ (const char *)data + 1, size - 1 }, LINE_MAX_HERE, on_line, &h);
	session_exited(h.session, status, STR("words"), &o);
	check_outcome(&h, &o);
	session_destroy(h.session);
	return 0;
}
