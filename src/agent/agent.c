/*
 * The loop: ask, run the tools it wants, ask again; in the last turn no tools are offered, so that
 * there is an answer. Retrying the model server is the gateway's work, not ours.
 */
#include "agent/priv.h"

#include "adapter/adapter.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NUDGES_MAX 2 /* for answers that are empty or were cut */
#define ARGS_SHOWN 2000
#define TOOL_PATIENCE 20000 /* milliseconds */

struct agent {
	struct chat chat;
	struct wire wire;
	struct root root;
	unsigned turns, max_turns, calls, nudges;
	long long in, out, cached;
	const struct tool *offered[16];
	bool finishing; /* no more tools */
	bool at_limit;	/* … since the turns are used up */
};

/* --- the end
 * ------------------------------------------------------------------------------------------ */

static int finish(struct agent *ag, enum ending ending, struct str answer, struct str reason)
{
	out_event("result",
	    json_pack("{s:s, s:o, s:o, s:i, s:i, s:I, s:I, s:I}", "ending", ending_name(ending),
		"answer", json_text(answer), "reason", json_text(reason), "turns", (int)ag->turns,
		"tool_calls", (int)ag->calls, "in", (json_int_t)ag->in, "out", (json_int_t)ag->out,
		"cached", (json_int_t)ag->cached));
	return 0;
}

/* --- tools
 * -------------------------------------------------------------------------------------------- */

static void tell_start(const struct reply_call *call, const json_t *args)
{
	json_t *input = json_deep_copy(args);

	if (!input)
		input = json_text(utf8_cut(buf_str(&call->args), ARGS_SHOWN));
	out_event("tool_start", json_pack("{s:o, s:o, s:o}", "id", json_text(buf_str(&call->id)),
				    "name", json_text(buf_str(&call->name)), "input", input));
}

static void tell_end(const struct reply_call *call, const json_t *result)
{
	json_t *doc = json_pack("{s:o, s:o}", "id", json_text(buf_str(&call->id)), "name",
	    json_text(buf_str(&call->name)));

	for (const char *const *key = (const char *const[]){ "ok", "summary", "reads", NULL }; *key;
	     key++)
		json_object_set(doc, *key, json_object_get(result, *key));
	out_event("tool_end", doc);
}

static bool is_offered(const struct agent *ag, const struct tool *tool)
{
	for (size_t i = 0; tool && i < ag->chat.n_tools; i++)
		if (ag->offered[i] == tool)
			return true;
	return false;
}

/* A tool that is not there was asked for: said aloud, because it may have been an attempt. */
static json_t *refuse_call(const struct agent *ag, const struct reply_call *call)
{
	struct buf names;
	json_t *doc;

	buf_init(&names, KIB(1));
	for (size_t i = 0; i < ag->chat.n_tools; i++)
		buf_printf(&names, " %s", ag->offered[i]->name);
	doc = tool_error("there is no tool \"%.*s\" here. The tools are:%.*s",
	    STR_ARG(utf8_cut(buf_str(&call->name), 100)), STR_ARG(buf_str(&names)));
	buf_fini(&names);
	out_event("denied", json_pack("{s:o, s:o, s:s}", "id", json_text(buf_str(&call->id)),
				"name", json_text(buf_str(&call->name)), "text", "no such tool"));
	return doc;
}

static void run_call(struct agent *ag, const struct reply_call *call)
{
	const struct tool *tool = tool_find(buf_str(&call->name));
	json_t *args = call->args.n ? json_parse(buf_str(&call->args), NULL) : json_object();
	json_t *result;

	ag->calls++;
	tell_start(call, args);
	if (is_offered(ag, tool))
		result = tool_run(tool, &ag->root, args, TOOL_PATIENCE);
	else
		result = refuse_call(ag, call);
	tell_end(call, result);
	chat_add_result(&ag->chat, buf_str(&call->id), json_get_str(result, "text"));
	json_decref(result);
	json_decref(args);
}

static void run_calls(struct agent *ag, struct reply *r)
{
	for (size_t i = 0; i < r->n_calls; i++) /* results name the call they belong to */
		if (!r->calls[i].id.n)
			buf_printf(&r->calls[i].id, "call-%zu", ag->calls + i + 1);
	chat_add_reply(&ag->chat, r);
	for (size_t i = 0; i < r->n_calls; i++)
		run_call(ag, &r->calls[i]);
	if (r->too_many_calls)
		chat_add_user(
		    &ag->chat, "Only the first 32 tool calls of your last message were run.");
}

/* --- turns
 * -------------------------------------------------------------------------------------------- */

static void count(struct agent *ag, const struct reply *r)
{
	ag->in += r->in;
	ag->out += r->out;
	ag->cached += r->cached;
	if (r->in || r->out)
		out_event("usage", json_pack("{s:I, s:I, s:I}", "in", (json_int_t)ag->in, "out",
				       (json_int_t)ag->out, "cached", (json_int_t)ag->cached));
}

/* The server says that the conversation is too long: half of it has to do. */
static bool shrink(struct agent *ag, const struct reply *r)
{
	if (endpoint_classify(r->status, r->error) != ENDING_TRUNCATED ||
	    ag->chat.budget / 2 < CONTEXT_LEAST)
		return false;
	ag->chat.budget /= 2;
	out_event("retry",
	    json_pack("{s:s}", "reason", "the context was too long; older results are dropped"));
	return true;
}

static bool nudge(struct agent *ag, const struct reply *r)
{
	static const char form[] = "Write the final answer now, in the asked form, from what you "
				   "have seen.";
	char text[200];

	if (ag->nudges++ >= NUDGES_MAX)
		return false;
	snprintf(text, sizeof(text), "%s %s",
	    r->n_calls ? "No more tools can be called." : "Your answer was empty.", form);
	chat_add_user(&ag->chat, text);
	out_event("void", NULL);
	ag->finishing = true;
	return true;
}

static struct str why_empty(struct agent *ag)
{
	static char text[100];

	if (!ag->at_limit)
		return STR("the model gave no text");
	snprintf(text, sizeof(text), "the limit of %u turns was reached without an answer",
	    ag->max_turns);
	return str_from(text);
}

/* Decides what the reply means. 1: go on; else the program's exit status. */
static int weigh(struct agent *ag, struct reply *r)
{
	struct str text = str_trim(buf_str(&r->text));

	if (r->too_long)
		return finish(ag, ENDING_TRUNCATED, buf_str(&r->text), r->error);
	if (r->error.n) {
		if (shrink(ag, r))
			return 1;
		return finish(
		    ag, endpoint_classify(r->status, r->error), buf_str(&r->text), r->error);
	}
	if (r->n_calls && !ag->finishing) {
		run_calls(ag, r);
		return 1;
	}
	if (str_is(r->finish, "length"))
		return finish(ag, ENDING_TRUNCATED, buf_str(&r->text),
		    STR("the model's answer was cut at its token limit"));
	if (str_is(r->finish, "content_filter"))
		return finish(ag, ENDING_REFUSED, buf_str(&r->text), STR("content filter"));
	if (!text.n)
		return nudge(ag, r) ? 1 : finish(ag, ENDING_EMPTY, text, why_empty(ag));
	return finish(ag, ENDING_ANSWERED, buf_str(&r->text), (struct str){ "", 0 });
}

static int turn(struct agent *ag)
{
	struct arena *a = arena_create("turn", ARENA_JOB);
	struct reply reply;

	if (++ag->turns >= ag->max_turns && !ag->finishing) {
		ag->finishing = ag->at_limit = true;
		chat_add_user(&ag->chat,
		    "This is your last turn and no more tools can be called. Write "
		    "the final answer now, in the asked form.");
		out_event("notice",
		    json_pack("{s:s}", "text", "turn limit: the final answer was asked for"));
	}
	out_event("turn", json_pack("{s:i}", "n", (int)ag->turns));
	wire_ask(&ag->wire, a, chat_request(&ag->chat, a, !ag->finishing), &reply);
	count(ag, &reply);
	int rc = weigh(ag, &reply);

	reply_fini(&reply);
	arena_destroy(a);
	return rc;
}

/* --- beginning
 * ---------------------------------------------------------------------------------------- */

static const char *option(int argc, char **argv, const char *name, const char *fallback)
{
	for (int i = 2; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return fallback;
}

static bool flag(int argc, char **argv, const char *name)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return false;
}

/* LIST: names with commas; empty: all; "none": none. */
static void offer_tools(struct agent *ag, const char *list)
{
	struct str rest = str_from(list);

	ag->chat.tools = ag->offered;
	for (size_t i = 0; !rest.n && i < agent_n_tools; i++)
		ag->offered[ag->chat.n_tools++] = &agent_tools[i];
	while (rest.p && rest.n) {
		const struct tool *tool = tool_find(str_split(&rest, ','));

		if (tool && !is_offered(ag, tool))
			ag->offered[ag->chat.n_tools++] = tool;
	}
}

static void tell_init(const struct agent *ag)
{
	json_t *tools = json_array();

	for (size_t i = 0; i < ag->chat.n_tools; i++)
		json_array_append_new(tools, json_string(ag->offered[i]->name));
	out_event("init", json_pack("{s:s, s:s, s:s, s:o}", "version", TUTTI_VERSION, "mode",
			      "read-only", "model", ag->chat.model, "tools", tools));
}

static int read_prompt(struct buf *b)
{
	char chunk[KIB(16)];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		buf_add(b, (struct str){ chunk, (size_t)n });
	return n < 0 ? -errno : buf_status(b);
}

static int begin(struct agent *ag, int argc, char **argv)
{
	const char *turns = option(argc, argv, "--turns", "0");

	ag->wire.url = option(argc, argv, "--url", NULL);
	ag->wire.token = getenv("TUTTI_TOKEN");
	ag->chat.model = option(argc, argv, "--model", "");
	ag->chat.effort = option(argc, argv, "--effort", "");
	ag->chat.temperature = strtod(option(argc, argv, "--temperature", "-1"), NULL);
	ag->max_turns = (unsigned)strtoul(turns, NULL, 10);
	if (!ag->max_turns)
		ag->max_turns = flag(argc, argv, "--fast") ? TURNS_DEFAULT / 2 : TURNS_DEFAULT;
	offer_tools(ag, option(argc, argv, "--tools", ""));
	if (!ag->wire.url || !ag->wire.token)
		return -EINVAL;
	return root_open(&ag->root, option(argc, argv, "--root", "."));
}

static void usage(int rc)
{
	dprintf(STDERR_FILENO,
	    "tutti agent: cannot start: %s\n"
	    "It is started by a worker, behind the fence: tutti agent --url URL --model MODEL "
	    "--root DIR\n"
	    "[--system BYTES] [--turns N] [--temperature T] [--effort E] [--tools LIST] [--fast], "
	    "the\n"
	    "prompt on stdin, the token in TUTTI_TOKEN.\n",
	    err_name(rc));
}

int agent_main(int argc, char **argv)
{
	struct agent ag = { 0 };
	struct buf prompt;
	int rc = begin(&ag, argc, argv);

	buf_init(&prompt, PROMPT_MAX + KIB(64));
	if (!rc)
		rc = read_prompt(&prompt);
	if (rc) {
		usage(rc);
		return 2;
	}
	chat_init(
	    &ag.chat, buf_str(&prompt), strtoul(option(argc, argv, "--system", "0"), NULL, 10));
	buf_fini(&prompt);
	tell_init(&ag);
	do
		rc = turn(&ag);
	while (rc == 1);
	chat_fini(&ag.chat);
	wire_close(&ag.wire);
	close(ag.root.fd);
	return rc;
}
