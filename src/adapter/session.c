#include "adapter/session.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>

/* As many of these as an attempt may write lines still fit into a number. */
#define TOKENS_MAX 1000000000000LL
#define LINE_SHOWN 500
#define NAME_SHOWN 100

struct agent_session *session_new(const struct session_kind *kind, fact_fn fn, void *ctx)
{
	struct session *s = xalloc(kind->size);

	*s = (struct session){ .kind = kind, .fn = fn, .ctx = ctx };
	buf_init(&s->text, ANSWER_TAKEN_MAX);
	buf_init(&s->reason, KIB(4));
	return (struct agent_session *)s;
}

void session_destroy(struct agent_session *own)
{
	struct session *s = session_base(own);

	if (s->kind->fini)
		s->kind->fini(own);
	calls_clear(&s->calls);
	json_decref(s->result);
	buf_fini(&s->text);
	buf_fini(&s->reason);
	free(s);
}

/* --- lines ----------------------------------------------------------------------------------- */

static void by_events(struct agent_session *own, json_t *doc)
{
	const struct session_event *event = session_base(own)->kind->events;
	struct str type = json_get_str(doc, "type");

	while (event->type && !str_is(type, event->type))
		event++;
	if (event->type)
		event->fn(own, doc);
}

void session_line(struct agent_session *own, struct str line, bool cut)
{
	struct session *s = session_base(own);
	json_t *doc;

	if (s->kind->line) {
		s->kind->line(own, line, cut);
		return;
	}
	if (cut)
		session_say_cut(s);
	doc = cut ? NULL : json_parse_loosely(line);
	by_events(own, doc);
	json_decref(doc);
}

void session_on_result(struct agent_session *own, json_t *doc)
{
	struct session *s = session_base(own);

	json_decref(s->result);
	s->result = json_incref(doc);
}

/* --- facts ----------------------------------------------------------------------------------- */

void session_say(struct session *s, const struct fact *fact)
{
	s->fn(s->ctx, fact);
}

void session_tell(struct session *s, enum fact_type type, struct str text)
{
	session_say(s, &(struct fact){ .type = type, .text = text });
}

void session_open(struct session *s, json_t *data)
{
	s->opened = true;
	session_say(s, &(struct fact){ .type = FACT_INIT, .data = data });
	json_decref(data);
}

void session_start_call(struct session *s, struct str id, struct str name, const json_t *data)
{
	s->tool_calls++;
	session_say(
	    s, &(struct fact){ .type = FACT_TOOL_START, .id = id, .name = name, .data = data });
}

void session_end_call(struct session *s, struct fact fact, json_t *reads)
{
	json_t *data = reads ? json_pack("{s:o}", "reads", reads) : NULL;

	fact.data = data;
	session_say(s, &fact);
	json_decref(data);
}

void session_deny_call(struct session *s, struct str id, struct str name, struct str text)
{
	s->denied++;
	session_say(s, &(struct fact){ .type = FACT_DENIED, .id = id, .name = name, .text = text });
}

void session_excess(struct session *s, struct str text)
{
	if (!s->exceeded)
		session_tell(s, FACT_EXCESS, text);
	s->exceeded = true;
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
	session_tell(s, FACT_VIOLATION, buf_str(&line));
	buf_fini(&text);
	buf_fini(&line);
}

void session_check_tools(struct session *s, const json_t *init)
{
	const json_t *tools = json_get_array(init, "tools"), *tool;
	size_t i;

	if (!tools)
		session_violation(s, "it does not say which tools it has");
	json_array_foreach (tools, i, tool) {
		struct str name = str_from(json_string_value(tool));

		if (!name.n)
			session_violation(s, "it offers a tool without a name");
		else if (!s->kind->reads(name))
			session_violation(
			    s, "it offers the tool \"%.*s\"", STR_ARG(session_name(name)));
	}
}

void session_check_success(struct session *s, struct str tool)
{
	if (!s->kind->reads(tool))
		session_violation(
		    s, "the tool \"%.*s\" was let through", STR_ARG(session_name(tool)));
}

void session_add_text(struct session *s, struct str text)
{
	buf_add(&s->text, str_take(text, s->text.max - s->text.n));
	session_tell(s, FACT_TEXT, text);
}

void session_void_text(struct session *s)
{
	buf_clear(&s->text);
	session_say(s, &(struct fact){ .type = FACT_TEXT_VOID });
}

void session_say_cut(struct session *s)
{
	session_tell(s, FACT_NOTICE, STR("a line of its output was too long and was dropped"));
}

/* --- tokens, reasons ------------------------------------------------------------------------- */

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

long long session_tokens(const json_t *usage, const char *key, long long fallback)
{
	long long n = json_get_int(usage, key, fallback);

	if (n < 0)
		return 0;
	return n < TOKENS_MAX ? n : TOKENS_MAX;
}

void session_add_usage(struct session *s, long long in, long long out, long long cached)
{
	s->in += in;
	s->out += out;
	s->cached += cached;
	session_say_usage(s);
}

static long long more_of(long long a, long long b)
{
	return a > b ? a : b;
}

void session_raise_usage(struct session *s, long long in, long long out, long long cached)
{
	s->in = more_of(s->in, in);
	s->out = more_of(s->out, out);
	s->cached = more_of(s->cached, cached);
	session_say_usage(s);
}

void session_say_usage(struct session *s)
{
	session_say(s,
	    &(struct fact){ .type = FACT_USAGE, .in = s->in, .out = s->out, .cached = s->cached });
}

/* --- the end --------------------------------------------------------------------------------- */

int session_exit(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* "killed by signal 9", "exit status 3: last line of ERRORS" */
static struct str why(struct session *s, int status, struct str errors)
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

static bool speaks_for_itself(enum ending e)
{
	return e == ENDING_ANSWERED || e == ENDING_EMPTY || e == ENDING_ASKED ||
	       e == ENDING_REFUSED;
}

/*
 * What every outcome holds to: text that a step may complete with comes from a session that said in
 * which mode it runs, and where the ending alone does not tell why, there is a reason.
 */
void session_exited(struct agent_session *own, int status, struct str errors, struct outcome *ret)
{
	struct session *s = session_base(own);

	*ret = (struct outcome){ .ending = ENDING_CRASHED,
		.answer = buf_str(&s->text),
		.in = s->in,
		.out = s->out,
		.cached = s->cached,
		.turns = s->turns,
		.tool_calls = s->tool_calls,
		.denied = s->denied };
	s->kind->end(own, status, errors, ret);
	bool usable = ret->ending == ENDING_ANSWERED || ret->ending == ENDING_TRUNCATED;

	if (usable && !s->opened) {
		ret->ending = ENDING_CRASHED;
		ret->reason = STR("it never said in which mode it runs");
	} else if (!ret->reason.n && !speaks_for_itself(ret->ending)) {
		ret->reason = why(s, status, errors);
	}
}
