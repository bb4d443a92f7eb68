/*
 * A change that is to be reviewed: what it is measured against, and a unified diff as git writes
 * it. Made once, when a snapshot is frozen, and kept with it as one text: a line of JSON (the
 * head), then the diff. This room reads that text, whatever is in it, numbers its hunks, and cuts
 * them into chunks that a prompt can hold: by file, then by hunk, then by lines.
 *
 * Nothing is left out silently: each file either has all of its lines in exactly one hunk each, or
 * says why nobody is shown them. Pure.
 */
#ifndef CHANGE_CHANGE_H
#define CHANGE_CHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#include <jansson.h>

enum change_kind {
	CHANGE_NONE,	    /* nothing to compare: the repository is looked at as it is */
	CHANGE_UNCOMMITTED, /* the working tree against its last commit */
	CHANGE_SINCE,	    /* since the common ancestor with a base */
	CHANGE_KINDS
};

struct change_head {
	enum change_kind kind;
	struct str base; /* as it was asked for; SINCE */
	struct str from; /* commit; what it is compared with */
	struct str to;	 /* commit; empty: the working tree */
	bool unrelated;	 /* no common ancestor is known: FROM is the base itself */
	bool cut;	 /* there is more than fits: some of the FILES are not in the diff */
	unsigned files;	 /* that git said are changed */
};

enum change_how { CHANGE_MODIFIED, CHANGE_ADDED, CHANGE_DELETED, CHANGE_RENAMED, CHANGE_COPIED };

struct change_file {
	struct str path, old_path; /* OLD_PATH: empty where it is the same */
	enum change_how how;
	struct str old_mode, new_mode; /* empty: not said */
	bool binary, submodule;
	unsigned added, deleted;
	struct str left_out; /* why its lines are in no hunk; empty: they all are */
	bool excused;	     /* left out, and rightly: there is no text that a person would read */
	struct str title;    /* one line: path and what became of it, safe to print */
	size_t first, n;     /* its hunks */
	bool torn;	     /* the diff says of more lines than there are */
};

/* A part of a file's change that is small enough; without lines where there are none to show. */
struct change_hunk {
	unsigned id; /* from 1: "h1" */
	size_t file;
	/* as in "@@ -OLD,N +NEW,N @@": with no lines on a side, the line before */
	unsigned old_line, old_n, new_line, new_n;
	struct str body; /* whole lines, each with its ' ', '+', '-' or '\' */
	size_t bytes;	 /* what it takes of a chunk, at most */
};

struct change_chunk {
	unsigned id;	 /* from 1: "c1" */
	size_t first, n; /* hunks */
	size_t bytes;	 /* of its text, at most; never more than CHANGE_CHUNK_MAX */
};

/* Lives in the arena it was parsed into; texts are borrowed from what was parsed. */
struct change {
	struct change_head head;
	struct change_file *files;
	size_t n_files;
	struct change_hunk *hunks;
	size_t n_hunks;
	struct change_chunk *chunks;
	size_t n_chunks;
	unsigned added, deleted, n_left_out, n_excused; /* n_excused: of those left out */
	unsigned more_files; /* beyond CHANGE_FILES_MAX: not even named */
};

/* Never fails on content: what is no change is CHANGE_NONE. TEXT outlives the result. */
struct change *change_parse(struct arena *a, struct str text);

/* --- cutting (slice.c): the second half of change_parse --- */
struct change_raw {
	size_t file;
	unsigned old_line, old_n, new_line, new_n;
	struct str body;
};
void change_slice(struct arena *a, struct change *c, const struct change_raw *raw, size_t n);

/* --- saying (say.c) --- */

/* What reviewers read: files, hunks with their ids, lines with their numbers. In A. */
struct str change_chunk_text(
    struct arena *a, const struct change *c, const struct change_chunk *chunk);
/* "main (1234abcd)...working tree: 12 files, +300 -40". Something to print, whatever was named. */
struct str change_title(struct arena *a, const struct change *c);
/* The chunk called ID ("c3"), or NULL. */
const struct change_chunk *change_chunk(const struct change *c, struct str id);
/*
 * For expressions: {kind, title, base, from, to, files, n_files, added, deleted, hunks, chunks,
 * left_out, text}, see docs/expressions.md. New reference.
 */
json_t *change_json(const struct change *c);
/* {id, hunks, files, n}: a chunk without its text. New reference. */
json_t *change_chunk_json(const struct change *c, const struct change_chunk *chunk);
/*
 * "h3 src/a.c:10-14": where each hunk of FROM..TO (ids) is of which MISSING is true, on one line
 * each; MISSING has TO - FROM + 1 entries.
 */
struct str change_places(
    struct arena *a, const struct change *c, unsigned from, unsigned to, const bool *missing);

/* --- asking (touch.c) --- */

/*
 * Is PATH:LINE-END part of the change, or right beside it? Of a file whose lines are not shown, and
 * of one that is gone or has another name, every line is.
 */
bool change_touches(const struct change *c, struct str path, unsigned line, unsigned end);

/* --- receipts (receipt.c) --- */

/*
 * What a reviewer says it has read: its lines of the form "READ: h1, h3-h5". Sets RET[id - FROM]
 * for each id of FROM..TO that is named; others do not count. How many are set.
 */
unsigned receipt_read(struct str text, unsigned from, unsigned to, bool *ret);
/* "h1-h4, h7": those of the N ids from FROM on for which ONES is as WANTED. In A. */
struct str receipt_ids(struct arena *a, unsigned from, unsigned n, const bool *ones, bool wanted);

/* --- writing (write.c): for whoever makes the text --- */

/* The first line. */
void change_write_head(struct buf *b, const struct change_head *head);
/* A file that git does not know yet, as a diff would have it. MODE is git's: 100644, 120000 … */
void change_write_new(struct buf *b, struct str path, const char *mode, struct str text);
/* The same, without its lines. WHY is one line. */
void change_write_left_out(struct buf *b, struct str path, const char *mode, const char *why);
/* PATH as git quotes it, with PREFIX ("a/") before it. */
void change_write_name(struct buf *b, const char *prefix, struct str path);

#endif
