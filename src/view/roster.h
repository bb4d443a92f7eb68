/*
 * What a person watches: a run as rows, made from its events and nothing else. Pure; the live
 * display, the plain one and `runs watch` are views of it.
 */
#ifndef VIEW_ROSTER_H
#define VIEW_ROSTER_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "flow/words.h"

#define ROSTER_TAIL 12	/* lines kept of what an agent writes */
#define ROSTER_LINE 160 /* bytes of each */

struct roster_row {
	struct str name, label;
	enum step_kind kind;
	enum step_role role;
	enum step_status status;
	enum ending ending;
	struct str reason;
	char activity[160]; /* one line: what it does just now */
	char condition[96]; /* waiting for model …, or empty */
	long long tokens;
	long long findings, citations, hold; /* -1: unknown */
	unsigned attempt, denied;
	unsigned beats; /* events so far: the glyph turns with them, not with the clock */
	msec_t started, ended, last;
	bool left_out;		   /* its size is too small for it: it is no step of the run */
	bool told;		   /* its last line has been printed for good */
	char (*tail)[ROSTER_LINE]; /* the last lines it wrote, a ring; NULL: none */
	unsigned tail_n;
};

struct roster {
	struct arena *arena;
	struct str run, flow, size, size_reason, repo, status, reason, outcome;
	struct roster_row *rows;
	size_t n, cap;
	msec_t started, ended;
	bool over;
	int64_t seq;
};

void roster_init(struct roster *r, struct arena *arena);
/* One event of the log; those of what a size leaves out come with the one that says which size it
 * is, as rows that are skipped. Returns the row it changed, or NULL for the run itself. */
struct roster_row *roster_event(
    struct roster *r, int64_t seq, msec_t at, struct str type, const json_t *data);
/* Agents and commands: settled and all. */
void roster_count(const struct roster *r, unsigned *ret_settled, unsigned *ret_all);
long long roster_tokens(const struct roster *r);
/* "14 findings · 11 of 12 citations hold", "timed out after …": what a settled row came to. */
struct str roster_result(struct arena *a, const struct roster_row *row);
/* Does a person watch this kind of row? */
bool roster_shows(const struct roster_row *row);

#endif
