/* An agent's session, played through its codec: what is made of it, one line a fact. */
#ifndef TESTS_PLAY_H
#define TESTS_PLAY_H

#include "check.h"

#include "adapter/adapter.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>
#include <sys/wait.h>

#define EXIT(code) W_EXITCODE(code, 0)

struct play {
	struct arena *arena;
	const struct adapter_ops *ops;
	struct agent_session *session;
	struct buf out;
	unsigned violations;
	bool ended;
};

/* --- facts as text ---------------------------------------------------------------------- */

static const char *const play_names[FACT_TYPES] = { [FACT_INIT] = "init",
	[FACT_TEXT] = "text",
	[FACT_THINK] = "think",
	[FACT_TEXT_VOID] = "void",
	[FACT_TOOL_START] = "start",
	[FACT_TOOL_END] = "end",
	[FACT_DENIED] = "denied",
	[FACT_RETRY] = "retry",
	[FACT_USAGE] = "usage",
	[FACT_NOTICE] = "notice",
	[FACT_EXCESS] = "EXCESS",
	[FACT_VIOLATION] = "VIOLATION",
	[FACT_SAY] = "say",
	[FACT_OVER] = "over" };

static inline void play_fact(void *ctx, const struct fact *f)
{
	struct play *p = ctx;
	struct buf *b = &p->out;

	p->violations += f->type == FACT_VIOLATION;
	buf_adds(b, play_names[f->type]);
	if (f->id.n)
		buf_printf(b, " %.*s", STR_ARG(f->id));
	if (f->name.n)
		buf_printf(b, " %.*s", STR_ARG(f->name));
	if (f->type == FACT_TOOL_END)
		buf_adds(b, f->ok ? " ok" : " failed");
	if (f->type == FACT_USAGE)
		buf_printf(b, " in %lld out %lld cached %lld", f->in, f->out, f->cached);
	if (f->text.p) {
		buf_addc(b, ' ');
		buf_add_json(b, f->text);
	}
	if (f->data) {
		buf_addc(b, ' ');
		buf_add_value(b, f->data);
	}
	buf_addc(b, '\n');
}

static inline void play_outcome(struct buf *b, const struct outcome *o)
{
	buf_printf(b, "= %s\nanswer ", ending_name(o->ending));
	buf_add_json(b, o->answer);
	buf_adds(b, "\nreason ");
	buf_add_json(b, o->reason);
	buf_printf(b, "\ntokens in %lld out %lld cached %lld\n", o->in, o->out, o->cached);
	buf_printf(b, "turns %u, tool calls %u, denied %u\n", o->turns, o->tool_calls, o->denied);
	if (!o->structured)
		return;
	buf_adds(b, "structured ");
	buf_add_value(b, o->structured);
	buf_addc(b, '\n');
}

/* --- playing ---------------------------------------------------------------------------- */

static inline void play_begin(struct play *p, const struct adapter_ops *ops)
{
	const struct agent_task task = { .repo = "/repo", .model = "m", .effort = "" };

	*p = (struct play){ .arena = arena_create("play", ARENA_JOB), .ops = ops };
	buf_init(&p->out, MIB(64));
	p->session = ops->create(&task, play_fact, p);
}

static inline void play_lines(struct play *p, struct str text)
{
	while (text.n)
		session_line(p->session, str_split(&text, '\n'), false);
}

static inline struct outcome play_exit(struct play *p, int status, const char *errors)
{
	struct outcome o = { 0 };

	session_exited(p->session, status, str_from(errors), &o);
	play_outcome(&p->out, &o);
	p->ended = true;
	return o;
}

static inline void play_end(struct play *p)
{
	session_destroy(p->session);
	buf_fini(&p->out);
	arena_destroy(p->arena);
}

#endif
