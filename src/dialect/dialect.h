/*
 * What agent programs and model servers speak to each other, as codecs: a request of one dialect
 * becomes a request of another, and an answer is read in one dialect, in pieces of any size, and
 * written in another while it comes.
 *
 *   chat       OpenAI chat completions     POST /v1/chat/completions
 *   messages   Anthropic Messages          POST /v1/messages
 *   responses  OpenAI Responses            POST /v1/responses
 *   gemini     Gemini generateContent      POST /v1beta/models/MODEL:streamGenerateContent
 *
 * Requests go through chat: every dialect reads into it and is written from it. Answers go through
 * pieces (struct piece). What has no counterpart is left out, and what it would be wrong to leave
 * out is refused or replaced by a line that says so; docs/gateway.md lists both.
 *
 * Everything here may come from somebody hostile, in either direction. No I/O, no clock.
 */
#ifndef DIALECT_DIALECT_H
#define DIALECT_DIALECT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "dialect/sse.h"

enum dialect { DIALECT_CHAT, DIALECT_MESSAGES, DIALECT_RESPONSES, DIALECT_GEMINI, DIALECTS };

const char *dialect_name(enum dialect d);
/* False for a word that is no dialect. */
bool dialect_parse(struct str name, enum dialect *ret);

/* --- addresses ----------------------------------------------------------------------------- */

enum dialect_service {
	SERVICE_NONE,	/* nothing that is served */
	SERVICE_MODELS, /* a list of models */
	SERVICE_ANSWER, /* an answer of a model */
	SERVICE_COUNT,	/* how many tokens a request has */
};

struct dialect_target {
	enum dialect dialect;
	enum dialect_service service;
	bool stream; /* gemini: the path says so; elsewhere the body does */
};

/*
 * What METHOD and PATH, without its query, ask for. The one place that knows paths of agents; a
 * path that is none is nobody's, whatever it looks like.
 */
struct dialect_target dialect_target(struct str method, struct str path);

/*
 * Appends to URL, which holds the configured base, where answers of MODEL are to be had. What is
 * odd in MODEL is escaped: it names no other place.
 */
void dialect_add_path(struct buf *url, enum dialect d, struct str model, bool stream);
/* The name of the header that carries a key, and what stands before the key in it. */
const char *dialect_key_header(enum dialect d);
const char *dialect_key_prefix(enum dialect d);

/* --- requests ------------------------------------------------------------------------------ */

/*
 * REQUEST of dialect D as a chat completion request, or NULL with a line for the agent in *RET_WHY
 * (a constant). STREAM is what dialect_target said. Borrows nothing: a new document.
 */
json_t *dialect_to_chat(enum dialect d, const json_t *request, bool stream, const char **ret_why);
/* A chat completion request (as dialect_to_chat makes it) in dialect D. A new document. */
json_t *dialect_from_chat(enum dialect d, const json_t *chat);
/* Does REQUEST ask for a stream? */
bool dialect_wants_stream(enum dialect d, const json_t *request, bool stream);
/* Could REQUEST be one of dialect D at all: it has messages, input or contents. */
bool dialect_is_request(enum dialect d, const json_t *request);
/* Tokens of a request of BYTES bytes, estimated: four bytes make one. */
long long dialect_estimate(size_t bytes);
/* The answer of SERVICE_COUNT. New reference. */
json_t *dialect_count(enum dialect d, long long tokens);

/* --- answers ------------------------------------------------------------------------------- */

struct usage {
	long long in, out, cached; /* CACHED is a part of IN */
};

/* Numbers of tokens in an event or a whole answer of dialect D; leaves alone what is not there. */
void dialect_usage(enum dialect d, const json_t *doc, struct usage *usage);
/* Is DOC a whole answer of dialect D? */
bool dialect_is_answer(enum dialect d, const json_t *doc);
/* What an error of dialect D says, and its code where the words alone do not; lives in BUF. */
struct str dialect_error_words(const json_t *doc, struct str raw, char *buf, size_t max);
/* An error in the words of dialect D. New reference. */
json_t *dialect_error(enum dialect d, int status, const char *type, const char *message);

enum finish { FINISH_STOP, FINISH_CALLS, FINISH_LENGTH, FINISH_FILTER };

enum piece_type {
	PIECE_BEGIN, /* once, first */
	PIECE_TEXT,  /* text: more of the answer */
	PIECE_THINK, /* text: more of the thinking */
	PIECE_CALL, /* id, name, text: a whole call with its arguments, JSON as the model made it */
	PIECE_END,  /* finish, usage: once, last */
	PIECE_ERROR, /* text: in place of PIECE_END */
};

struct piece {
	enum piece_type type;
	struct str id, name, text; /* borrowed for the time of the call */
	enum finish finish;
	struct usage usage;
};

typedef void (*piece_fn)(void *ctx, const struct piece *piece);

/*
 * Reads an answer of one dialect. Nothing of it comes after PIECE_END or PIECE_ERROR. One that is
 * LENIENT only looks on: it skips what it cannot read, believes in no end, and tells arguments of
 * calls (PIECE_CALL without a name) as they come.
 */
struct answer_reader;
struct answer_reader *answer_reader_create(enum dialect d, bool lenient, piece_fn fn, void *ctx);
/* Accepts NULL. */
void answer_reader_destroy(struct answer_reader *r);
/*
 * More bytes of a stream. -EPROTO when it cannot be what it says it is (an event that is no JSON
 * or no object), -E2BIG over SSE_LINE_MAX, DIALECT_CALLS_MAX or MODEL_RESPONSE_MAX; it is unusable
 * then.
 */
MUST_CHECK int answer_reader_feed(struct answer_reader *r, struct str bytes);
/* A whole answer in place of a stream. */
MUST_CHECK int answer_reader_whole(struct answer_reader *r, const json_t *doc);
/*
 * The stream is over. -EPROTO when the answer was not: no word of its end has come. Servers that
 * say how it ends and close without another word are believed.
 */
MUST_CHECK int answer_reader_end(struct answer_reader *r);
/* What was counted so far. */
struct usage answer_reader_usage(const struct answer_reader *r);

/*
 * Writes an answer in one dialect, as a stream or as one object, into a buffer of the caller's,
 * whose status tells when it became too large, or has more than DIALECT_BLOCKS_MAX blocks.
 */
struct answer_writer;

struct answer_spec {
	enum dialect dialect;
	bool stream;
	const char *model;     /* as the agent is told */
	unsigned long number;  /* of this answer, for its ids */
	const json_t *request; /* as the agent sent it, until the writer is created; may be NULL */
};

struct answer_writer *answer_writer_create(const struct answer_spec *spec, struct buf *out);
/* Accepts NULL. */
void answer_writer_destroy(struct answer_writer *w);
/* A piece_fn: CTX is the writer. */
void answer_writer_put(void *ctx, const struct piece *piece);

#endif
