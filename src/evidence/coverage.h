/*
 * What was read, and what was not: the ledger of a run. Its source is what was observed of tool
 * calls, of commands and of prompts, never what an agent says of itself. Lines that may have been
 * seen count for nothing; lines that count were shown.
 *
 * A coverage is a set of lines for each file and step. It is kept with each attempt as JSON, and
 * those of all steps are joined and held against the list of the snapshot's files when somebody
 * asks. Pure; everything lives in the arena it was made in.
 */
#ifndef EVIDENCE_COVERAGE_H
#define EVIDENCE_COVERAGE_H

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"

#include <jansson.h>

struct change; /* change/change.h */

#define COVERAGE_TO_END 0xffffffffU /* for a last line that is not known */

/* Lines FROM to TO, counted from 1, both included. */
struct line_span {
	unsigned from, to;
};

/* Sorted; none touches the next one. At most COVERAGE_SPANS_MAX. */
struct spans {
	struct line_span *v;
	size_t n, cap;
};

/* False: it would be one too many, and is not in. Nothing is in that is empty or begins at 0. */
bool spans_add(struct arena *a, struct spans *s, unsigned from, unsigned to);
/* How many lines of the first LINES are in S. */
unsigned long long spans_lines(const struct spans *s, unsigned long long lines);
/* Takes out what lies beyond LINES. */
void spans_clamp(struct spans *s, unsigned long long lines);

struct coverage {
	struct arena *arena;
	struct map files;	     /* path -> struct coverage_file */
	struct map blind;	     /* steps of which nobody knows what they read */
	size_t n_marks;		     /* pairs of file and step */
	unsigned long long left_out; /* reads that a ceiling kept out */
};

struct coverage_file {
	struct map steps; /* name -> struct spans */
};

struct coverage *coverage_create(struct arena *a);
/*
 * Lines FROM to TO of PATH were shown to STEP. PATH is relative to the repository, or below ROOT
 * (an absolute path without a slash at its end; NULL: there is none). What cannot be a path of a
 * snapshot is no read: elsewhere, "..", control characters, too long. Both texts are copied.
 */
void coverage_add(struct coverage *c, struct str step, const char *root, struct str path,
    unsigned from, unsigned to);
/* The same for each of READS: [{path, from, to}]; without `to` up to the end. */
void coverage_add_reads(struct coverage *c, struct str step, const char *root, const json_t *reads);
/* Of STEP it cannot be told what it read. */
void coverage_add_blind(struct coverage *c, struct str step);

/* {files: [{path, steps: [{step, read: [[from, to]…]}…]}…], blind: [step…], left_out}. */
json_t *coverage_to_json(const struct coverage *c);
/*
 * Adds what DOC, of that form, holds; steps get PREFIX and a slash before their names unless it is
 * empty. Members of any other form count for nothing.
 */
void coverage_join(struct coverage *c, const json_t *doc, struct str prefix);

/* --- ledger.c ------------------------------------------------------------------------------ */

enum ledger_state { LEDGER_UNREAD, LEDGER_PARTLY, LEDGER_READ, LEDGER_SKIPPED, LEDGER_STATES };

struct ledger_file {
	struct str path;
	enum ledger_state state;
	const char *reason; /* of SKIPPED, or NULL */
	unsigned long long lines, lines_read;
	struct spans read;
	struct str *by; /* steps */
	size_t n_by;
	bool changed; /* it is one of the snapshot's changed files */
};

struct ledger {
	struct ledger_file *files; /* in the order of the snapshot's list */
	size_t n;
	unsigned long long count[LEDGER_STATES]; /* of files */
	unsigned long long lines, lines_read;	 /* of files that are not skipped */
	unsigned long long unlisted; /* files of the snapshot that its list has no room for */
	unsigned long long left_out; /* reads that a ceiling kept out */
	struct str *blind;	     /* steps of which nobody knows what they read */
	size_t n_blind;
	bool of_change, of_focus; /* what was asked about is less than everything */
};

/* What a ledger is held against. It keeps nothing of it. */
struct ledger_scope {
	const json_t *files; /* [[path, lines, flags]…]: of a snapshot, see INVENTORY_… */
	const json_t *repo;  /* its facts: changed, skipped, files */
	const struct change *change; /* what is reviewed, or NULL: it is no review */
	bool change_only;	     /* the question is about the changed files */
	bool focus_only;	     /* … about those in focus, where there are any */
};

/* Flags of a file in the list; a binary file and a link have no lines. */
#define INVENTORY_BINARY 1
#define INVENTORY_LINK 2
#define INVENTORY_FOCUS 4

/* NULL when there is no list: then nothing is known of what was not read. */
struct ledger *ledger_build(
    struct arena *a, const struct coverage *c, const struct ledger_scope *scope);
const char *ledger_state_name(enum ledger_state s);

/* Directories of files in scope that were not read whole, the one with most unread lines first. */
struct ledger_dir {
	struct str path; /* "src/store", "." */
	unsigned long long files, unread, partly, lines, lines_read;
};
size_t ledger_dirs(struct arena *a, const struct ledger *l, struct ledger_dir **ret);

#endif
