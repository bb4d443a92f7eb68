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
/* A name that an agent gave, short enough for a message. */
struct str session_name(struct str name);
/* TEXT as one short line that every terminal can show, in s->reason. */
struct str session_reason(struct session *s, struct str text);
/* "killed by signal 9", "exit status 3: last line of ERRORS", in s->reason. */
struct str session_why(struct session *s, int status, struct str errors);
/* Member KEY of USAGE as a number that can be added up: never negative, never beyond all sense. */
long long session_tokens(const json_t *usage, const char *key, long long fallback);
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
