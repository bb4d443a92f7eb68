/* What the files of the hub share. */
#ifndef HUB_PRIV_H
#define HUB_PRIV_H

#include "base/buf.h"
#include "base/imap.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/list.h"
#include "hub/hub.h"
#include "view/conversation.h"
#include "view/roster.h"

#include <uv.h>

#define TICK_MS 50    /* text is collected for so long */
#define TAIL_MS 250   /* between two frames of a run's rows */
#define LIST_MS 500   /* between two frames of a list */
#define BEAT_MS 15000 /* between two signs of life */

struct hub {
	uv_loop_t *loop;
	struct hub_config config;
	char *version, *build, *epoch;
	uv_timer_t tick, beat;
	unsigned refs; /* the owner, two timers, what is being read */
	bool closed;
	struct imap feeds; /* run -> struct feed */
	struct list sessions, follows;
	unsigned n_sessions, n_follows, n_listeners;
	/* lists: which runs changed, and when; numbered by STAMP */
	struct imap changed; /* run -> stamp */
	uint64_t stamp;
	bool listing;	  /* summaries are being read */
	msec_t listed_at; /* hub_now */
};

/* --- portions of a log -------------------------------------------------------------------- */

struct row {
	int64_t seq;
	msec_t at;
	int64_t position; /* of the step, or -1 */
	struct str type, data;
	json_t *doc; /* row_doc */
};

struct portion {
	struct arena *arena;
	struct row *rows;
	size_t n, bytes;
	int64_t after, last; /* it tells all of (after, last], */
	int64_t only;	     /* that this step says; -1: all that is said */
	struct buf states;   /* "items" of a frame "ev", once somebody asked */
	size_t n_states;
	bool has_states, has_report;
};

/* Parsed when first asked for; NULL: it is none. Borrowed. */
const json_t *row_doc(struct row *row);

/* Somebody with a place in the log of a run. */
struct cursor {
	struct list list;
	int64_t pos;
	int64_t only; /* the position of the step that it is about, or -1 */
	bool (*wants)(struct cursor *c);
	/* P begins at POS, which is set to its end before. */
	void (*take)(struct cursor *c, struct portion *p);
};

/* --- one run that somebody watches -------------------------------------------------------- */

struct feed {
	struct hub *hub;
	int64_t run;
	char id[ID_RUN_SIZE];
	unsigned refs; /* subs, builders, followers, what is being read */
	int64_t told;  /* the last event that is known to be there */
	bool over;     /* the run is, as of event OVER_AT */
	int64_t over_at;
	struct list cursors, subs, builders;
	struct list reads; /* under way: struct reading */
	unsigned n_reads;
	bool snapping;
	bool due; /* somebody had room again: feed_go, once a tick for all of them */
	/* the last frame "ev" and what it tells, for all who stand where it begins */
	struct shared *ev;
	int64_t ev_after, ev_seq;
	bool ev_items;
	struct tailer *tailer; /* or NULL */
};

/* What is known of a run, and of a step of it, before somebody begins to watch. */
struct found {
	int64_t run, seq;
	char id[ID_RUN_SIZE];
	bool over;
	int64_t position; /* of the step that was asked for */
	unsigned epoch;
};

/* feed.c */
struct feed *feed_get(struct hub *h, const struct found *found);
void feed_put(struct feed *f);
void feed_add(struct feed *f, struct cursor *c, int64_t pos, int64_t only);
void feed_remove(struct cursor *c);
/* Reads for whoever wants more. */
void feed_go(struct feed *f);

/* find.c: FN on the loop, exactly once; with ERR unset, or with why not. FOUND, ERR: borrowed. */
typedef void (*found_fn)(void *ctx, const struct found *found, const struct err *err);
/* NAME empty: the run is RUN. STEP empty: none is asked for. */
void hub_find(struct hub *h, struct str name, int64_t run, struct str step, found_fn fn, void *ctx);

/* states.c: what of a portion a page is told by "ev" */
void portion_states(struct portion *p);

/* tail.c: the rows of a run, as they change */
struct tailer {
	struct cursor cursor;
	struct feed *feed;
	struct arena *arena;
	struct roster roster;
	uint64_t stamp;	   /* grows with every change */
	uint64_t *changed; /* by row */
	size_t cap;
	struct shared *frame; /* the last one, for all who stand where it begins */
	uint64_t frame_from, frame_to;
};
void tailer_start(struct feed *f);
void tailer_free(struct tailer *t);
/* The frame of what changed since FROM, or NULL when nothing did. Borrowed. */
struct shared *tailer_frame(struct tailer *t, uint64_t from);

/* --- an attempt that somebody watches ----------------------------------------------------- */

struct kept {
	struct list list; /* by version */
	uint64_t n, born, version;
	uint64_t end; /* of the text that is in blocks up to this version */
	struct str json;
};

struct builder {
	struct cursor cursor;
	struct list list; /* in feed->builders */
	struct feed *feed;
	char *step;
	int64_t position;
	unsigned epoch;
	unsigned newest; /* epoch of the step, as the log says */
	int64_t newest_at;
	unsigned refs;
	struct conversation *c;
	struct list watches;
	struct list kept; /* struct kept, the last changed at the end */
	struct imap by_n; /* -> struct kept */
	size_t n_kept, bytes;
	uint64_t version, end, last_n;
	uint64_t lost; /* whoever knows no more than this version has missed a block */
	/* the last frames, for all who stand where they begin (watch.c) */
	struct shared *text, *blocks;
	uint64_t text_off, text_end;
	uint64_t blocks_first, blocks_from, blocks_made, blocks_to;
	bool ready; /* it has come to the end of the log once */
};

/* builder.c */
struct builder *builder_get(
    struct feed *f, struct str step, int64_t position, unsigned epoch, int64_t after);
void builder_put(struct builder *b);
/* The version that somebody knows who has blocks up to N; 0: too long ago, or there is none. */
uint64_t builder_version(const struct builder *b, uint64_t n);

/* --- pages -------------------------------------------------------------------------------- */

struct hub_session {
	struct list list;
	struct hub *hub;
	hub_send_fn send;
	hub_backlog_fn backlog;
	void *ctx;
	bool closed; /* nothing more is sent */
	bool left;   /* it goes with the next tick, when nobody has it in hand */
	bool dirty;  /* there may be something to send */
	struct list subs, watches;
	unsigned n_subs, n_watches;
	bool lists;
	uint64_t list_stamp;
	msec_t stalled; /* since when there has been no room; 0: there is */
};

enum sub_state { SUB_FINDING, SUB_SNAP /* wants one */, SUB_SNAPPING /* waits */, SUB_LIVE };

struct sub {
	struct list list, in_feed; /* in session->subs, feed->subs */
	struct cursor cursor;
	struct hub_session *session; /* NULL: nobody wants it any more */
	struct feed *feed;
	enum sub_state state;
	char *name;	/* as the client gave it */
	int64_t after;	/* where the client stands */
	bool trim;	/* to be told before the document */
	uint64_t tail;	/* stamp of the rows that it knows */
	msec_t tail_at; /* hub_now */
};

struct watch {
	struct list list, in_builder; /* in session->watches, builder->watches */
	struct hub_session *session;  /* NULL: nobody wants it any more */
	struct builder *builder;      /* NULL: it is being looked for */
	char *name, *step;
	unsigned attempt; /* 0: whichever is the current one */
	uint64_t off, n;  /* where the client stands: bytes of text, blocks, */
	unsigned known;	  /* of this attempt; 0: of the one it watches */
	uint64_t first;	  /* the oldest block that the client has, or gets */
	uint64_t version; /* of the builder's blocks, once it was greeted */
	bool greeted;
};

/* session.c */
bool session_has_room(struct hub_session *s);
void session_send(struct hub_session *s, struct shared *frame);
/* One frame that is only for S: what is in B, which is empty afterwards. */
void session_send_buf(struct hub_session *s, struct buf *b);
void session_error(struct hub_session *s, const char *code, const struct err *err, const char *run);
void session_found_error(struct hub_session *s, const struct err *err, const char *run);
/* There may be something to send: with the next tick. */
void session_touch(struct hub_session *s);
void session_free(struct hub_session *s);

/* sub.c */
void sub_open(struct hub_session *s, struct str run, int64_t after, struct str epoch);
void sub_close(struct sub *sub);
struct sub *sub_of(struct hub_session *s, struct str run);
void sub_pump(struct sub *sub);
/* What was missed is given up. */
void sub_trim(struct sub *sub);
/* The document of F for whoever waits for it. */
void feed_snap(struct feed *f);

/* watch.c */
void watch_open(struct hub_session *s, const json_t *frame);
void watch_close(struct watch *w);
struct watch *watch_of(struct hub_session *s, struct str run, struct str step);
void watch_pump(struct watch *w);

/* message.c */
void session_read(struct hub_session *s, struct str text);

/* list.c */
void list_changed(struct hub *h, int64_t run);
void list_begin(struct hub_session *s);
void list_end(struct hub_session *s);
/* Reads summaries for whoever has room, if it is time. */
void list_go(struct hub *h);

/* follow.c */
void follows_beat(struct hub *h);
void follows_close(struct hub *h);

/* hub.c */
void hub_ref(struct hub *h);
void hub_unref(struct hub *h);
/* The next tick comes within MS. */
void hub_schedule(struct hub *h, uint64_t ms);
/* Boot time, and never 0. */
msec_t hub_now(const struct hub *h);

#endif
