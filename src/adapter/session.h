/*
 * What sessions of all adapters share: who listens, what was counted, how a line finds its handler
 * and how a process can end. An adapter adds what is particular to its program: a struct
 * agent_session of its own, whose first member is a struct session, and a struct session_kind.
 */
#ifndef ADAPTER_SESSION_H
#define ADAPTER_SESSION_H

#include "adapter/adapter.h"
#include "adapter/calls.h"
#include "adapter/reads.h"
#include "base/buf.h"

/* Lines that are JSON objects of that "type". */
struct session_event {
	const char *type;
	void (*fn)(struct agent_session *s, json_t *doc);
};

struct session_kind {
	size_t size; /* of its struct agent_session */
	/* Is it a tool that may succeed? NULL: the adapter looks at that itself. */
	bool (*reads)(struct str tool);
	/* What its calls show of files (reads.h), ending with one without a name; NULL: unknown. */
	const struct read_tool *read_tools;
	/* The last has no type. Any other line counts for nothing. */
	const struct session_event *events;
	/* In place of those, whoever reads lines in another way: as session_line. */
	void (*line)(struct agent_session *s, struct str line, bool cut);
	/*
	 * What it came to. In RET is what was counted, as an answer the text so far, and that it
	 * crashed. A reason need not be given where it is all in STATUS and ERRORS.
	 */
	void (*end)(struct agent_session *s, int status, struct str errors, struct outcome *ret);
	void (*fini)(struct agent_session *s); /* of its own members; NULL: nothing to be done */
};

struct session {
	const struct session_kind *kind;
	fact_fn fn;
	void *ctx;
	struct buf text;   /* of the turn in hand */
	struct buf reason; /* for the outcome */
	unsigned turns, tool_calls, denied;
	long long in, out, cached;
	struct calls calls; /* of those adapters that use calls.h */
	json_t *result;	    /* its last word, or NULL */
	bool opened;	    /* it said in which mode it runs */
	bool violated, exceeded;
};

static inline struct session *session_base(struct agent_session *s)
{
	return (struct session *)s;
}

/* Of KIND, which must outlive it; members of its own are zero. */
struct agent_session *session_new(const struct session_kind *kind, fact_fn fn, void *ctx);
/* For tables: the document is the result, and the last of several counts. */
void session_on_result(struct agent_session *own, json_t *doc);

/* --- facts: what is counted of them is counted here ----------------------------------------- */

void session_say(struct session *s, const struct fact *fact);
/* One that has nothing but a text. */
void session_tell(struct session *s, enum fact_type type, struct str text);
/* FACT_INIT: it said in which mode it runs. Takes DATA. */
void session_open(struct session *s, json_t *data);
/* FACT_TEXT, and more of the text of the turn in hand: as much of it as there is room for. */
void session_add_text(struct session *s, struct str text);
/* FACT_TEXT_VOID, and there is none of it. */
void session_void_text(struct session *s);
/* FACT_TOOL_START, one call more. DATA is its input or NULL. */
void session_start_call(struct session *s, struct str id, struct str name, const json_t *data);
/* FACT_TOOL_END: FACT, and READS (reads.h; taken) in its data. */
void session_end_call(struct session *s, struct fact fact, json_t *reads);
/* FACT_DENIED, one more that was refused. */
void session_deny_call(struct session *s, struct str id, struct str name, struct str text);
/* FACT_USAGE: so much more; or these totals, where they are higher; or what is counted so far. */
void session_add_usage(struct session *s, long long in, long long out, long long cached);
void session_raise_usage(struct session *s, long long in, long long out, long long cached);
void session_say_usage(struct session *s);
/* FACT_NOTICE: a line of output was above AGENT_LINE_MAX, and nothing of it counts. */
void session_say_cut(struct session *s);
/* FACT_EXCESS, once. */
void session_excess(struct session *s, struct str text);
/* FACT_VIOLATION, once, as one short line. */
void session_violation(struct session *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* That, unless INIT has a list of tools, all of them such that only read. */
void session_check_tools(struct session *s, const json_t *init);
/* That, when the tool that succeeded is not such a one. */
void session_check_success(struct session *s, struct str tool);

/* --- what an agent said, made safe ---------------------------------------------------------- */

/* A name that an agent gave, short enough for a message. */
struct str session_name(struct str name);
/* TEXT as one short line that every terminal can show, in s->reason. */
struct str session_reason(struct session *s, struct str text);
/* Member KEY of USAGE as a number that can be added up: never negative, never beyond all sense. */
long long session_tokens(const json_t *usage, const char *key, long long fallback);
/* The number in "[API Error: 401 stub 401]" or "… status 429 …" that looks like HTTP's, or 0. */
int session_status(struct str message);
/* Of a STATUS of waitpid: the exit status, or -1 when it was killed. */
int session_exit(int status);

#endif
