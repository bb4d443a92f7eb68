/*
 * One attempt as people read it: blocks, made from the events of a run's log and nothing else. Pure
 * and incremental: an event in, the blocks that it closed or changed out. A block may come again
 * (a call has ended, a thought went on) and then replaces the one with its number; at the end of it
 * the blocks are the same however the text was portioned.
 *
 * Bounded: what is held is the open tail of the text, the thought in hand and the last
 * BLOCK_TOOLS_MAX calls; whoever wants to keep blocks keeps them. Nothing that an agent said is
 * left out: an event that nobody here knows becomes a block of its own, texts that are cut say how
 * many bytes are missing. Only what a row of the roster tells already has no block: tokens,
 * requests that went well, progress, records of the proof.
 *
 * An attempt is named as in the log: a step and its epoch, which counts every start of it.
 */
#ifndef VIEW_CONVERSATION_H
#define VIEW_CONVERSATION_H

#include "base/buf.h"
#include "base/clock.h"

#include <jansson.h>
#include <stdint.h>

enum block_type { BLOCK_MESSAGE, BLOCK_THINKING, BLOCK_TOOL, BLOCK_NOTICE, BLOCK_EVENT };
enum tool_state { TOOL_RUNNING, TOOL_DONE, TOOL_FAILED, TOOL_DENIED };
enum notice_level { NOTICE_INFO, NOTICE_WARN, NOTICE_ERROR };

/* Texts are borrowed for the call in which it is handed out. */
struct block {
	enum block_type type;
	uint64_t n;  /* 1, 2, … within the attempt */
	int64_t seq; /* of the event that changed it last */
	msec_t at;   /* when it began */
	size_t cut;  /* bytes that are left out of its texts */
	msec_t ms;   /* thinking, tool: how long it took; -1: it goes on, or nobody knows */
	/*
	 * Message: safe HTML (report/html.h: html_text, cited places marked), and where its
	 * Markdown stands in the text of all messages of the attempt, in bytes of UTF-8.
	 */
	struct str html;
	uint64_t from, to;
	struct str text; /* thinking, notice */
	enum notice_level level;
	struct str id, name, subject, summary; /* tool; event: its type is the name */
	const char *verb;
	struct str input; /* JSON: tool: what it was called with; event: its data */
	enum tool_state state;
};

/* One line of JSON without a newline: Block of docs/api.md. */
void block_add_json(struct buf *b, const struct block *block);
const char *block_type_name(enum block_type type);
const char *tool_state_name(enum tool_state state);

typedef void (*block_fn)(void *ctx, const struct block *block);

struct conversation;

struct conversation *conversation_create(struct str step, unsigned epoch, block_fn fn, void *ctx);
/* Accepts NULL. */
void conversation_destroy(struct conversation *c);
/* One event of the run's log, in order; those of other steps and attempts change nothing. */
void conversation_event(
    struct conversation *c, int64_t seq, msec_t at, struct str type, const json_t *data);
/* Hands out the thought in hand as far as it is: a block of it is told with pauses. */
void conversation_show(struct conversation *c);
/* The text that is in no block yet, and its offset. Borrowed until the next event. */
struct str conversation_tail(const struct conversation *c, uint64_t *ret_off);
/* The attempt has ended, as the log says. */
bool conversation_over(const struct conversation *c);

#endif
