/*
 * Showing a run as it goes. Three ways, one source: `live` redraws a few lines at the bottom of the
 * normal screen and lets finished rows scroll away for good; `plain` writes one line an event of
 * interest; `jsonl` writes the events themselves. All on stderr but jsonl.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "api/estimate.h"
#include "cli/term.h"
#include "view/roster.h"

enum show_format { SHOW_LIVE, SHOW_PLAIN, SHOW_JSONL, SHOW_QUIET };

struct show {
	enum show_format format;
	struct term term;
	struct roster roster;
	struct arena *arena;   /* of the roster */
	struct arena *scratch; /* of one drawing */
	unsigned drawn;	       /* lines of the block on the screen */
	msec_t drawn_at, beat_at;
	bool dirty, headed;
	const char *hint; /* last words of the status line */
	bool asks;	  /* a person is asked right here (cli/ask.h) */
	bool held;
	struct estimate estimate;
	/* `runs watch`: a row that is looked at more closely */
	bool selects, open;
	struct str selected; /* its name */
};

/* FORMAT: auto, live, plain, jsonl, quiet. */
void show_init(struct show *s, const char *format, const char *color, const char *hint);
void show_fini(struct show *s);
/* What was shown is done with; the next event belongs to another run. */
void show_forget(struct show *s);
void show_event(struct show *s, int64_t seq, msec_t at, struct str type, struct str text);
/* Redraws if something changed, or the clock did; call a few times a second while live. */
void show_tick(struct show *s, msec_t now);
/* A key while watching: 'j', 'k' (down, up), '\n' (its last lines below, or no longer). */
void show_key(struct show *s, char key);
/* Takes the block away and leaves the cursor visible, e.g. before printing something else. */
void show_clear(struct show *s);
/* Nothing is drawn while somebody types; HELD false: it goes on. */
void show_hold(struct show *s, bool held);
/* A line above the block. */
void show_say(struct show *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
