/*
 * What sessions of all adapters share: who listens, what was counted, how a line finds its handler
 * and how a process can end. An adapter adds what is particular to its program: a struct
 * agent_session of its own, whose first member is a struct session, and a struct session_kind.
 */
#ifndef ADAPTER_SESSION_H
#define ADAPTER_SESSION_H

#include "adapter/adapter.h"
#include "base/buf.h"

/* Lines that are JSON objects of that "type". */
struct session_event {
	const char *type;
	void (*fn)(struct agent_session *s, json_t *doc);
};

struct session_kind {
	size_t size; /* of its struct agent_session */
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
	json_t *result; /* its last word, or NULL */
	bool opened;	/* it said in which mode it runs */
	bool violated, exceeded;
};

/* Of KIND, which must outlive it; members of its own are zero. */
struct agent_session *session_new(const struct session_kind *kind, fact_fn fn, void *ctx);
/* For tables: the document is the result, and the last of several counts. */
void session_on_result(struct agent_session *s, json_t *doc);
void session_say(struct session *s, const struct fact *fact);
/* A fact that has nothing but a text. */
void session_tell(struct session *s, enum fact_type type, struct str text);
/* It said in which mode it runs: FACT_INIT. Takes DATA. */
void session_open(struct session *s, json_t *data);
/* One more call, FACT_TOOL_START. DATA is its input or NULL. */
void session_start_call(struct session *s, struct str id, struct str name, const json_t *data);
/* One more that was refused, FACT_DENIED. */
void session_deny_call(struct session *s, struct str id, struct str name, struct str text);
/* FACT_EXCESS, once. */
void session_excess(struct session *s, struct str text);
/* FACT_VIOLATION, once, as one short line. */
void session_violation(struct session *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
typedef bool (*reads_fn)(struct str tool);
/* A violation unless INIT has a list of tools, all of them such that only read. */
void session_check_tools(struct session *s, const json_t *init, reads_fn reads);
/* A violation when the tool that succeeded is not such a one. */
void session_check_success(struct session *s, struct str tool, reads_fn reads);
/* FACT_TEXT, and more of the text of the turn in hand: as much of it as there is room for. */
void session_add_text(struct session *s, struct str text);
/* FACT_TEXT_VOID, and there is none of it. */
void session_void_text(struct session *s);
/* A line of output was above AGENT_LINE_MAX: nothing of it counts, and that is said. */
void session_say_cut(struct session *s);
/* A name that an agent gave, short enough for a message. */
struct str session_name(struct str name);
/* TEXT as one short line that every terminal can show, in s->reason. */
struct str session_reason(struct session *s, struct str text);
/* "[API Error: 401 stub 401]" and "… status 429 …": the number that looks like a status of HTTP, or
 * 0. */
int session_status(struct str message);
/* The exit status, or -1 when it was killed. */
int session_exit(int status);
/* Member KEY of USAGE as a number that can be added up: never negative, never beyond all sense. */
long long session_tokens(const json_t *usage, const char *key, long long fallback);
/* More was used; or these are the totals, which do not fall. Said as well. */
void session_add_usage(struct session *s, long long in, long long out, long long cached);
void session_raise_usage(struct session *s, long long in, long long out, long long cached);
/* FACT_USAGE with what was counted so far. */
void session_say_usage(struct session *s);

#endif
