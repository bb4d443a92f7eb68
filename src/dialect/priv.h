/*
 * What the files of this room share.
 *
 *   dialect   names, addresses
 *   draft     a chat completion request that is being written
 *   chat      one that is being read
 *   messages, responses, gemini   requests of these dialects, both ways
 *   read, read_*    answers into pieces
 *   write, write_*  pieces into answers
 *   error     errors and usage
 */
#ifndef DIALECT_PRIV_H
#define DIALECT_PRIV_H

#include "dialect/dialect.h"

#include "base/limits.h"

/* --- draft.c --------------------------------------------------------------------------------- */

#define LEFT_OUT(what) "[" what " left out: this model is given text only]"

/* A chat completion request on its way. */
struct draft {
	json_t *doc, *messages; /* MESSAGES is DOC's */
	json_t *last;		/* the message that may still grow, borrowed, or NULL */
	struct buf system;
	struct buf said; /* by the model, of a message that may still grow */
	bool spoken;	 /* the model has spoken */
	unsigned calls;
};

void draft_init(struct draft *d, const json_t *request);
/* The document, new reference; D is gone. NULL: there is no message. */
json_t *draft_done(struct draft *d);
/* Before the model has spoken it is the system message, later a reminder of the user's. */
void draft_system(struct draft *d, struct str text);
void draft_user(struct draft *d, struct str text);
void draft_assistant(struct draft *d, struct str text);
/* ARGS is JSON as text. */
void draft_call(struct draft *d, struct str id, struct str name, struct str args);
/* FAILED results say so in their text: chat has no other place for it. */
void draft_result(struct draft *d, struct str id, struct str text, bool failed);
/* SCHEMA may be NULL: no parameters. */
void draft_tool(struct draft *d, struct str name, struct str description, const json_t *schema);
/* Copies member FROM of SRC as member TO, when it has the type that its users expect. */
void draft_number(struct draft *d, const json_t *src, const char *from, const char *to);
void draft_stops(struct draft *d, const json_t *stops);
void draft_choice(struct draft *d, const char *word);
void draft_choice_of(struct draft *d, struct str name);
/* An answer in the form of SCHEMA is wanted. */
void draft_form(struct draft *d, struct str name, const json_t *schema);

/* Texts of a list of parts, one after the other, into B; what is no text becomes NOTE. */
typedef void (*part_fn)(struct buf *b, const json_t *part);
void texts_join(struct buf *b, const json_t *content, part_fn fn);
void buf_line(struct buf *b, struct str text);

/* --- chat.c ---------------------------------------------------------------------------------- */

/* A chat completion request, walked by a writer of another dialect. */
struct chat_walk {
	void (*system)(void *ctx, struct str text);
	void (*user)(void *ctx, struct str text);
	void (*assistant)(void *ctx, struct str text);
	void (*call)(void *ctx, struct str id, struct str name, struct str args);
	void (*result)(void *ctx, struct str id, struct str text);
};

void chat_walk(const json_t *chat, const struct chat_walk *fn, void *ctx);
/* Member I of its tools: the function, or NULL. */
const json_t *chat_function(const json_t *chat, size_t i);
/* The schema of response_format, or NULL. */
const json_t *chat_form(const json_t *chat);
long long chat_max_tokens(const json_t *chat);
/* Arguments as an object; what is none becomes an empty one. New reference. */
json_t *args_object(struct str args);

/* --- the dialects ---------------------------------------------------------------------------- */

json_t *messages_to_chat(const json_t *request, const char **ret_why);
json_t *messages_from_chat(const json_t *chat);
json_t *responses_to_chat(const json_t *request, const char **ret_why);
json_t *responses_from_chat(const json_t *chat);
json_t *gemini_to_chat(const json_t *request, bool stream, const char **ret_why);
json_t *gemini_from_chat(const json_t *chat);

/* --- read.c ---------------------------------------------------------------------------------- */

struct open_call {
	struct buf id, name, args;
	long long index;
	bool done;
};

struct answer_reader {
	enum dialect dialect;
	piece_fn fn;
	void *ctx;
	struct sse sse;
	struct open_call *calls;
	size_t n_calls, bytes; /* BYTES: of arguments */
	struct usage usage;
	enum finish finish;
	int status; /* the first thing that was wrong */
	bool lenient, begun, finished, over;
};

/* It cannot be what it says it is. */
void read_nonsense(struct answer_reader *r);
void read_text(struct answer_reader *r, enum piece_type type, struct str text);
/* The call with this INDEX; it is made when there is none. NULL: too many. */
struct open_call *read_call(struct answer_reader *r, long long index);
void read_args(struct answer_reader *r, struct open_call *c, struct str text);
void read_error(struct answer_reader *r, struct str text);
/* All of it has come. */
void read_over(struct answer_reader *r);

void read_chat(struct answer_reader *r, struct str data, const json_t *doc);
void read_messages(struct answer_reader *r, struct str data, const json_t *doc);
void read_responses(struct answer_reader *r, struct str data, const json_t *doc);
void read_gemini(struct answer_reader *r, struct str data, const json_t *doc);
void whole_chat(struct answer_reader *r, const json_t *doc);
void whole_messages(struct answer_reader *r, const json_t *doc);
void whole_responses(struct answer_reader *r, const json_t *doc);
void whole_gemini(struct answer_reader *r, const json_t *doc);

/* --- write.c --------------------------------------------------------------------------------- */

enum block { BLOCK_NONE, BLOCK_TEXT, BLOCK_THINK };

struct answer_writer {
	enum dialect dialect;
	bool stream;
	struct buf *out;
	char *model;
	unsigned long number, events, calls;
	json_t *custom;		/* responses: names of tools that take a text */
	enum block block;	/* that is open */
	unsigned index;		/* of the block that is open, or of the next */
	struct buf text;	/* of the open block, where its end repeats it, or of the whole */
	json_t *items;		/* what was said, for the whole */
	bool usage_wanted;	/* chat: the agent asked for it, or it is one object */
	enum piece_type before; /* the type of the last piece */
	unsigned blocks;	/* texts, thoughts and calls so far, where they change */
	bool over;
};

/* Appends "data: DOC", with its event name when TYPE is given, and drops DOC. */
void write_event(struct answer_writer *w, const char *type, json_t *doc);
void write_json(struct answer_writer *w, json_t *doc);
void write_chat(struct answer_writer *w, const struct piece *p);
void write_messages(struct answer_writer *w, const struct piece *p);
void write_responses(struct answer_writer *w, const struct piece *p);
void write_gemini(struct answer_writer *w, const struct piece *p);

#endif
