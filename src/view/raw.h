/*
 * One attempt as lines: the raw view, and what is searched in. Everything that the log has of it is
 * there: what the agent wrote as it wrote it, its thoughts behind a bar, calls, results and all
 * other events each behind a mark of their own. Pure and incremental; bounded by one line.
 */
#ifndef VIEW_RAW_H
#define VIEW_RAW_H

#include "base/buf.h"

#include <jansson.h>
#include <stdint.h>

enum line_kind { LINE_TEXT, LINE_THINK, LINE_TOOL, LINE_OTHER };

/* NUMBER: 1, 2, … LINE has no newline and at most VIEW_LINE_MAX bytes; longer ones go on in the
 * next. Borrowed. */
typedef void (*line_fn)(void *ctx, uint64_t number, enum line_kind kind, struct str line);

struct raw {
	char *step;
	unsigned epoch;
	line_fn fn;
	void *ctx;
	struct buf held; /* of a line without its end */
	enum line_kind kind;
	bool open; /* something of it is there, maybe nothing but its mark */
	uint64_t n;
	int64_t seq;
};

/* As conversation_create. */
void raw_init(struct raw *l, struct str step, unsigned epoch, line_fn fn, void *ctx);
void raw_fini(struct raw *l);
/* As conversation_event. */
void raw_event(struct raw *l, int64_t seq, struct str type, const json_t *data);
/* The line that has no end yet, if there is one; nothing may follow. */
void raw_end(struct raw *l);

#endif
