/*
 * Whoever watches: sessions of pages (the frames of docs/api.md) and followers of one log. All of
 * them are cursors over the log. Nothing is pushed before it is committed, and whatever is pushed
 * can be read again by number.
 *
 *   engine: appended(run, seq) ─► hub_appended ─► a portion is read on the store thread, once for
 *   all who stand at the same place ─► done ─► frames, to those who have room
 *
 * There is no queue of a client: a session holds positions. One without room (its backlog is at
 * HUB_ROOM) is passed over and reads on from where it stands; one that was passed over for
 * HUB_SLOW_MS or lies HUB_GAP events back is told so ("trim") and gets a fresh document instead of
 * the rest.
 *
 * An attempt that is watched has one builder (view/conversation.h), however many watch it. It keeps
 * the last HUB_BLOCKS blocks; older ones are read again by whoever asks for them (api).
 *
 * Knows no sockets: frames in, frames out. One thread, the loop's; the functions given for reading
 * are called on the store thread.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "base/shared.h"
#include "engine/engine.h"

struct hub;
struct hub_session;
struct hub_follow;

/*
 * A run as JSON, a new reference, or NULL when it is not there (any more). On the store thread,
 * maybe twice for one answer; A is the caller's, for working. A document has "seq": the number of
 * the last event that it knows of.
 */
typedef json_t *(*hub_document_fn)(void *ctx, struct store *s, struct arena *a, int64_t run);

struct hub_config {
	void *loop;		      /* uv_loop_t */
	struct engine *engine;	      /* outlives the hub's last reading, not the hub */
	hub_document_fn run_document; /* the whole: "snap" */
	hub_document_fn run_summary;  /* a line of a list: "runs" */
	void *ctx;
	msec_t (*wall)(void);		     /* clock_wall: what is written down */
	msec_t (*boot)(void);		     /* clock_boot: what decides */
	const char *version, *build, *epoch; /* for "hello"; epoch.h; copied */
};

struct hub *hub_create(const struct hub_config *config);
/*
 * Frees all sessions and followers without another word to them; whoever still holds one must not
 * use it any more, so what calls them (http) goes first. Before engine_destroy, which ends what is
 * being read; the hub's memory goes with the last of it, so the loop has to run until nothing is
 * left.
 */
void hub_destroy(struct hub *h);
/* From the engine's hook: events up to SEQ of RUN are committed. */
void hub_appended(struct hub *h, int64_t run, int64_t seq);
/* RUN was deleted: whoever watches it is told. */
void hub_deleted(struct hub *h, int64_t run);

/* --- pages -------------------------------------------------------------------------------- */

/*
 * Where frames go: FRAME is one, also of others; whoever keeps it takes a reference. A negative
 * value: the client is gone, and nothing more is sent. It may call hub_session_drained or _close.
 */
typedef int (*hub_send_fn)(void *ctx, struct shared *frame);
/* Bytes that were sent and are not on their way yet. */
typedef size_t (*hub_backlog_fn)(void *ctx);

/* Says hello. NULL: there are HUB_SESSIONS_MAX already. */
struct hub_session *hub_session_open(
    struct hub *h, hub_send_fn send, hub_backlog_fn backlog, void *ctx);
/* A frame of the client; what makes no sense is answered with an error frame. */
void hub_session_message(struct hub_session *s, struct str text);
/* There is room again. */
void hub_session_drained(struct hub_session *s);
/* The client is gone; its functions are not called any more. Accepts NULL. */
void hub_session_close(struct hub_session *s);

/* --- one log ------------------------------------------------------------------------------ */

struct hub_follow_options {
	int64_t run;	 /* key */
	int64_t after;	 /* a position; 0: from the beginning */
	struct str step; /* only events of this step, and all when empty; copied */
	bool sse;    /* Server-Sent Events, with a comment when nothing happens; else JSON lines */
	bool follow; /* go on until the run is over; else up to what is there now */
};

struct hub_follow_events {
	/* Whole events; negative: the client is gone. It may call hub_follow_drained or _close. */
	int (*write)(void *ctx, struct str events);
	hub_backlog_fn backlog;
	/* All was written (0), or the log cannot be read: close the stream. Not after _close. */
	void (*ended)(void *ctx, int rc);
};

/* No event is left out, however slow it is. NULL: there are HUB_FOLLOWS_MAX already. */
struct hub_follow *hub_follow(struct hub *h, const struct hub_follow_options *o,
    const struct hub_follow_events *events, void *ctx);
void hub_follow_drained(struct hub_follow *f);
/* The stream is gone, or was closed after `ended`. Accepts NULL. */
void hub_follow_close(struct hub_follow *f);

#endif
