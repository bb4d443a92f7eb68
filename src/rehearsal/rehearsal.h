/*
 * The rehearsal model: what stands behind the upstream "rehearsal:" in place of a language model,
 * for first runs and for tests. A pure codec, a chat completion request in, an answer out: no
 * socket, no clock, no randomness. It works like a careful agent, asks for real tool calls, and
 * answers only from what the tools returned in the same conversation, in the form the prompt asks
 * for, with real paths, lines and quotes. Every answer says that no language model was used.
 *
 * The turn is found by reading the request, so a repeated request gets the same bytes and a crash
 * changes nothing. The one thing that is remembered from call to call is how often each line of a
 * script fired: a script makes the model misbehave on purpose (docs/rehearsal.md).
 */
#ifndef REHEARSAL_H
#define REHEARSAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

struct rehearsal; /* a loaded script and how often its lines fired */

enum rehearsal_action {
	REHEARSE_REPLY,	 /* HTTP 200 with chunks or json */
	REHEARSE_STATUS, /* status and body, nothing else */
	REHEARSE_HANG,	 /* send the chunks, if there are any, then no further byte */
	REHEARSE_CLOSE,	 /* close the connection without a byte */
};

/* Everything lives in the arena it was made in. */
struct rehearsal_answer {
	enum rehearsal_action action;
	int status;		/* REHEARSE_STATUS: HTTP status */
	struct str retry_after; /* value of the Retry-After header, or empty */
	struct str body;	/* REHEARSE_STATUS: JSON when it begins with "{", else HTML */
	struct str *chunks;	/* stream: whole events with their blank line, [DONE] last */
	size_t n_chunks;
	struct str json;       /* not streamed: the whole completion object */
	unsigned delay_ms;     /* to wait before each chunk */
	bool cut;	       /* after the last chunk (or json) close without saying goodbye */
	long long flood_bytes; /* repeat the last chunk until so many bytes went out, then cut */
};

/*
 * Reads a script; an empty one makes the model behave. The text is copied. A bad script is
 * -EINVAL with "script line N: …" in ERR, more than REHEARSAL_SCRIPT_MAX is -E2BIG.
 */
MUST_CHECK int rehearsal_create(struct str script_text, struct rehearsal **ret, struct err *err);
/* Accepts NULL. */
void rehearsal_destroy(struct rehearsal *r);

/*
 * Answers one request. A request without usable messages is answered like a real server does:
 * REHEARSE_STATUS 400. Fails with -E2BIG only, when a script asks for more than
 * REHEARSAL_BODY_MAX. REQUEST is not changed and not kept.
 */
MUST_CHECK int rehearsal_answer(struct rehearsal *r, struct arena *a, const json_t *request,
    bool stream, struct rehearsal_answer *ret, struct err *err);

#endif
