/*
 * What a hostile agent writes: the first byte chooses the codec, the second how the
 * process ends, the rest is its stdout in chunks whose sizes are the bytes themselves, and the
 * last of it stands on stderr, too. Facts are such that they can be stored and shown; there is one
 * outcome, and nothing is an answer that is none.
 */
#include "feed.h"
#include "must.h"

#include "adapter/adapter.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdint.h>
#include <sys/wait.h>

#define LINE_MAX_HERE 2000 /* some lines are cut */
#define STDERR_HERE 600

struct heard {
	const struct adapter_ops *ops;
	struct agent_session *session;
	unsigned tool_calls, denied, violations, inits;
	long long in, out, cached;
};

static bool is_line(struct str s)
{
	return utf8_valid(s) && str_chr(s, '\n') < 0 && str_chr(s, '\r') < 0 &&
	       str_chr(s, '\x1b') < 0;
}

/* Some never say in which mode they run. */
static bool is_silent(const struct adapter_ops *ops)
{
	return ops == &adapter_opencode || ops == &adapter_codex;
}

static void check_usage(const struct heard *h, const struct fact *f)
{
	must(f->in >= 0 && f->out >= 0 && f->cached >= 0);
	if (h->ops != &adapter_native) /* it adds up; our own agent says totals */
		must(f->in >= h->in && f->out >= h->out && f->cached >= h->cached);
}

static void on_fact(void *ctx, const struct fact *f)
{
	struct heard *h = ctx;

	must(f->type < FACT_TYPES);
	must(utf8_valid(f->id) && utf8_valid(f->name) && utf8_valid(f->text));
	must(f->type != FACT_INIT || json_is_object(f->data));
	if (f->type == FACT_VIOLATION)
		must(f->text.n && f->text.n < KIB(4) && is_line(f->text));
	if (f->type == FACT_USAGE) {
		check_usage(h, f);
		h->in = f->in;
		h->out = f->out;
		h->cached = f->cached;
	}
	h->inits += f->type == FACT_INIT;
	h->tool_calls += f->type == FACT_TOOL_START;
	h->denied += f->type == FACT_DENIED;
	h->violations += f->type == FACT_VIOLATION;
	must(h->violations <= 1);
}

static void on_line(void *ctx, struct str line, bool cut)
{
	struct heard *h = ctx;

	must(line.n <= LINE_MAX_HERE && (!cut || line.n == LINE_MAX_HERE));
	session_line(h->session, line, cut);
}

static void check_counts(const struct heard *h, const struct outcome *o)
{
	must(o->in == h->in && o->out == h->out && o->cached == h->cached);
	must(o->tool_calls == h->tool_calls && o->denied == h->denied);
}

static void check_outcome(
    struct arena *a, const struct heard *h, const struct outcome *o, int status)
{
	bool quiet = o->ending == ENDING_ANSWERED || o->ending == ENDING_EMPTY ||
		     o->ending == ENDING_ASKED || o->ending == ENDING_REFUSED;

	must(o->ending > ENDING_NONE && o->ending < ENDINGS);
	must(o->ending != ENDING_LOST && o->ending != ENDING_CANCELLED);
	must(utf8_valid(utf8_clean(a, o->answer)));
	must(is_line(o->reason) && o->reason.n < KIB(4));
	must(quiet || o->reason.n);
	if (o->ending == ENDING_ANSWERED || o->ending == ENDING_TRUNCATED)
		must(h->inits || is_silent(h->ops));
	if (o->ending != ENDING_ANSWERED)
		return;
	must(str_trim(o->answer).n && !o->reason.n);
	must(answer_classify(o->answer) == ENDING_ANSWERED);
	must(h->ops != &adapter_native || status == 0);
}

static const struct adapter_ops *ops_of(unsigned char letter)
{
	if (letter == 'c')
		return &adapter_claude;
	if (letter == 'g')
		return &adapter_gemini;
	if (letter == 'x')
		return &adapter_codex;
	if (letter == 'o')
		return &adapter_opencode;
	return letter & 1 ? &adapter_qwen : &adapter_native;
}

static int status_of(unsigned char byte)
{
	if (byte >= 0x80)
		return W_EXITCODE(0, 1 + byte % 64);
	return W_EXITCODE((unsigned char)(byte - '0'), 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct agent_task task = { .repo = "/repo", .model = "m", .effort = "" };
	struct outcome o = { .ending = ENDING_NONE };

	if (size < 2)
		return 0;
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct str said = { (const char *)data + 2, size - 2 };
	struct str errors =
	    utf8_clean(a, said.n > STDERR_HERE ? str_skip(said, said.n - STDERR_HERE) : said);
	struct heard h = { .ops = ops_of(data[0]) };
	int status = status_of(data[1]);

	h.session = h.ops->create(&task, on_fact, &h);
	feed(said, LINE_MAX_HERE, on_line, &h);
	session_exited(h.session, status, errors, &o);
	check_counts(&h, &o);
	check_outcome(a, &h, &o, status);
	session_destroy(h.session);
	arena_destroy(a);
	return 0;
}
