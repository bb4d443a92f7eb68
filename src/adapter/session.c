#include "adapter/session.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <sys/wait.h>

/* As many of these as an attempt may write lines still fit into a number. */
#define TOKENS_MAX 1000000000000LL
#define LINE_SHOWN 500
#define NAME_SHOWN 100

void session_init(struct session *s, fact_fn fn, void *ctx)
{
	*s = (struct session){ .fn = fn, .ctx = ctx };
	buf_init(&s->text, ANSWER_TAKEN_MAX);
	buf_init(&s->reason, KIB(4));
}

void session_fini(struct session *s)
{
	buf_fini(&s->text);
	buf_fini(&s->reason);
}

void session_say(struct session *s, const struct fact *fact)
{
	s->fn(s->ctx, fact);
}

struct str session_name(struct str name)
{
	return utf8_cut(name, NAME_SHOWN);
}

void session_violation(struct session *s, const char *fmt, ...)
{
	struct buf text, line;
	va_list ap;

	if (s->violated)
		return;
	s->violated = true;
	buf_init(&text, KIB(4));
	buf_init(&line, KIB(16));
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_add_terminal_line(&line, buf_str(&text));
	session_say(s, &(struct fact){ .type = FACT_VIOLATION, .text = buf_str(&line) });
	buf_fini(&text);
	buf_fini(&line);
}

void session_check_tools(struct session *s, const json_t *init, reads_fn reads)
{
	const json_t *tools = json_get_array(init, "tools"), *tool;
	size_t i;

	if (!tools)
		session_violation(s, "it does not say which tools it has");
	json_array_foreach (tools, i, tool) {
		struct str name = str_from(json_string_value(tool));

		if (!name.n)
			session_violation(s, "it offers a tool without a name");
		else if (!reads(name))
			session_violation(
			    s, "it offers the tool \"%.*s\"", STR_ARG(session_name(name)));
	}
}

void session_check_success(struct session *s, struct str tool, reads_fn reads)
{
	if (!reads(tool))
		session_violation(
		    s, "the tool \"%.*s\" was let through", STR_ARG(session_name(tool)));
}

void session_add_text(struct session *s, struct str text)
{
	buf_add(&s->text, str_take(text, s->text.max - s->text.n));
}

void session_say_cut(struct session *s)
{
	session_say(s, &(struct fact){ .type = FACT_NOTICE,
			   .text = STR("a line of its output was too long and was dropped") });
}

struct str session_reason(struct session *s, struct str text)
{
	buf_clear(&s->reason);
	buf_add_terminal_line(&s->reason, utf8_cut(str_trim(text), LINE_SHOWN));
	return buf_str(&s->reason);
}

int session_status(struct str message)
{
	for (size_t i = 0; i + 3 <= message.n; i++) {
		bool alone = (i == 0 || !isalnum((unsigned char)message.p[i - 1])) &&
			     (i + 3 == message.n || !isalnum((unsigned char)message.p[i + 3]));
		unsigned long long n;

		if (alone && str_to_u64((struct str){ message.p + i, 3 }, 599, &n) && n >= 400)
			return (int)n;
	}
	return 0;
}

struct str session_why(struct session *s, int status, struct str errors)
{
	struct str line = utf8_cut(str_last_words(errors), LINE_SHOWN);

	buf_clear(&s->reason);
	if (WIFSIGNALED(status))
		buf_printf(&s->reason, "killed by signal %d", WTERMSIG(status));
	else
		buf_printf(&s->reason, "exit status %d", WEXITSTATUS(status));
	if (line.n) {
		buf_adds(&s->reason, ": ");
		buf_add_terminal_line(&s->reason, line);
	}
	return buf_str(&s->reason);
}

long long session_tokens(const json_t *usage, const char *key, long long fallback)
{
	long long n = json_get_int(usage, key, fallback);

	if (n < 0)
		return 0;
	return n < TOKENS_MAX ? n : TOKENS_MAX;
}

void session_raise(long long *total, long long n)
{
	if (n > *total)
		*total = n;
}

void session_say_usage(struct session *s)
{
	session_say(s,
	    &(struct fact){ .type = FACT_USAGE, .in = s->in, .out = s->out, .cached = s->cached });
}

void session_count(const struct session *s, struct outcome *ret)
{
	*ret = (struct outcome){ .in = s->in,
		.out = s->out,
		.cached = s->cached,
		.turns = s->turns,
		.tool_calls = s->tool_calls,
		.denied = s->denied };
}

static bool speaks_for_itself(enum ending e)
{
	return e == ENDING_ANSWERED || e == ENDING_EMPTY || e == ENDING_ASKED ||
	       e == ENDING_REFUSED;
}

void session_end(struct session *s, int status, struct str errors, struct outcome *ret)
{
	bool usable = ret->ending == ENDING_ANSWERED || ret->ending == ENDING_TRUNCATED;

	if (usable && !s->opened) {
		ret->ending = ENDING_CRASHED;
		ret->reason = STR("it never said in which mode it runs");
	} else if (!ret->reason.n && !speaks_for_itself(ret->ending)) {
		ret->reason = session_why(s, status, errors);
	}
}
