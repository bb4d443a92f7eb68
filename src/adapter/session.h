/* What sessions of all adapters share: who listens, what was counted, how a process can end. */
#ifndef ADAPTER_SESSION_H
#define ADAPTER_SESSION_H

#include "adapter/adapter.h"
#include "base/buf.h"

struct session {
	fact_fn fn;
	void *ctx;
	struct buf text;   /* of the turn in hand */
	struct buf reason; /* for the outcome */
	unsigned turns, tool_calls, denied;
	long long in, out, cached;
	bool opened; /* it said in which mode it runs */
	bool violated;
};

void session_init(struct session *s, fact_fn fn, void *ctx);
void session_fini(struct session *s);
void session_say(struct session *s, const struct fact *fact);
/* FACT_VIOLATION, once, as one short line. */
void session_violation(struct session *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
typedef bool (*reads_fn)(struct str tool);
/* A violation unless INIT has a list of tools, all of them such that only read. */
void session_check_tools(struct session *s, const json_t *init, reads_fn reads);
/* A violation when the tool that succeeded is not such a one. */
void session_check_success(struct session *s, struct str tool, reads_fn reads);
/* More of the text of the turn in hand: as much of it as there is room for. */
void session_add_text(struct session *s, struct str text);
/* A line of output was above AGENT_LINE_MAX: nothing of it counts, and that is said. */
void session_say_cut(struct session *s);
/* A name that an agent gave, short enough for a message. */
struct str session_name(struct str name);
/* TEXT as one short line that every terminal can show, in s->reason. */
struct str session_reason(struct session *s, struct str text);
/* "[API Error: 401 stub 401]" and "… status 429 …": the number that looks like a status of HTTP, or
 * 0. */
int session_status(struct str message);
/* "killed by signal 9", "exit status 3: last line of ERRORS", in s->reason. */
struct str session_why(struct session *s, int status, struct str errors);
/* Member KEY of USAGE as a number that can be added up: never negative, never beyond all sense. */
long long session_tokens(const json_t *usage, const char *key, long long fallback);
/* *TOTAL becomes N, unless that is less: totals do not fall. */
void session_raise(long long *total, long long n);
/* FACT_USAGE with what was counted so far. */
void session_say_usage(struct session *s);
/* Everything counted so far, into an otherwise empty outcome. */
void session_count(const struct session *s, struct outcome *ret);
/*
 * What every outcome holds to: text that a step may complete with comes from a session that said in
 * which mode it runs, and where the ending alone does not tell why, there is a reason.
 */
void session_end(struct session *s, int status, struct str errors, struct outcome *ret);

#endif
