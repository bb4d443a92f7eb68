/* What the files of a conversation share. */
#ifndef VIEW_PRIV_H
#define VIEW_PRIV_H

#include "base/limits.h"
#include "view/conversation.h"
#include "view/split.h"

/* A call that can still change. */
struct call {
	uint64_t n; /* of its block; 0: there is none here */
	msec_t at, ms;
	size_t cut;
	enum tool_state state;
	char *id, *name, *subject, *summary, *input; /* heap; INPUT may be NULL */
};

struct conversation {
	char *step;
	unsigned epoch;
	block_fn fn;
	void *ctx;
	struct split split;
	uint64_t n; /* blocks so far */
	int64_t seq;
	msec_t at;	/* of the event in hand */
	msec_t text_at; /* when the message in hand began; 0: there is none */
	struct block thought;
	struct buf thought_text;
	size_t thought_told;		    /* bytes of it that were handed out */
	struct call calls[BLOCK_TOOLS_MAX]; /* a ring */
	size_t n_calls;
	bool over;
};

/* conversation.c */
/* Hands a new block out, behind whatever is closed by its coming. */
void conversation_add(struct conversation *c, struct block *block);
void conversation_close(struct conversation *c);

/* calls.c */
void call_start(struct conversation *c, const json_t *data);
void call_end(struct conversation *c, const json_t *data);
void call_denied(struct conversation *c, const json_t *data);
void call_fini(struct call *call);

/* notices.c: true when TYPE was one of them */
bool notice_of(struct conversation *c, struct str type, const json_t *data);

#endif
