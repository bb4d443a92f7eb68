/*
 * The pieces of the HTML form: one file without script and without anything from elsewhere. Our
 * own structure is written here; what agents, models and repositories wrote comes in through
 * html_add (text) and html_text (Markdown) and nowhere else.
 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "base/map.h"
#include "report/priv.h"

/* --- html_escape.c ------------------------------------------------------------------------ */

/*
 * S as text, also right inside an attribute's double quotes: marks of HTML escaped, and what
 * cannot be seen or would turn the direction of the line written out (\x1b, <U+202E>).
 */
void html_add(struct buf *b, struct str s);
/* The same on one line, at most MAX bytes of S, with a sign where it was cut. */
void html_cut(struct buf *b, struct str s, size_t max);
/* As html_cut, with what stands between backticks as code. */
void html_phrase(struct buf *b, struct str s, size_t max);
/* Is it an address that a reader may be led to: http, https or mailto, and nothing hidden in it? */
bool html_may_link(struct str url);
/* A link to URL with its own text, or, where none may be, the text alone. */
void html_url(struct buf *b, struct str url, size_t max);

/* --- html_words.c ------------------------------------------------------------------------- */

/* A finding and the name of its card. */
struct html_ref {
	const struct finding *finding;
	struct str anchor;
};

/* A cited place and its first row in the evidence list. */
struct html_spot {
	size_t row;
	enum cite_state state;
	bool mixed; /* other rows of it, with other quotes, have other states */
};

/* What words of a text can lead to. */
struct html_refs {
	struct map by_uid; /* struct html_ref */
	struct map spots;  /* struct html_spot by "path:line:end" */
	size_t rows;	   /* of the evidence list that are shown: E1 … */
};

/* Names for all findings, each of them once in a document. */
void html_refs_init(struct html_refs *r, struct arena *a, struct finding *const *findings, size_t n,
    const struct cite_row *rows, size_t n_rows);
/* A link to the card of UID, or its text when there is none. */
void html_uid(struct buf *b, const struct html_refs *r, struct str uid);
/*
 * Text in which ids of findings and cited places ("src/a.c:5-9") are linked; a refuted finding is
 * struck and not linked. R may be NULL. Linear.
 */
void html_words(struct buf *b, const struct html_refs *r, struct str s);

/*
 * Text in which what reads as a place in a file is marked for a page that can show it, whether it
 * is there or not: <a class="cite" data-at="src/a.c:5-9">, with both lines even where they are one.
 * Linear.
 */
void html_places(struct buf *b, struct str s);

/* --- html_text.c -------------------------------------------------------------------------- */

struct html_text {
	unsigned below;		      /* the level that its highest heading comes below */
	const struct html_refs *refs; /* NULL: nothing is linked */
	size_t until; /* B is not to be longer afterwards, but for a note of 1 KiB */
	/*
	 * One piece of many that are laid out apart, on a page that can show lines of files: levels
	 * of headings are those of the whole, and cited places are marked (html_places).
	 */
	bool part;
};

/*
 * TEXT, an agent's Markdown, as HTML: raw HTML is text, images are links, links lead to http, https
 * and mailto only, headings go below ours, tables and nesting have ceilings. What is not shown is
 * said. Every tag that it opens it closes; at most HTML_TEXT_FACTOR bytes a byte, and 16 KiB.
 */
void html_text(struct buf *b, const struct html_text *how, struct str text);

/* --- html_code.c: lines out of the snapshot ----------------------------------------------- */

struct code_line {
	unsigned number, gap; /* gap: lines left out before it */
	bool cited;
	size_t cut; /* bytes of it that are left out */
	struct str text;
};

struct code_part {
	struct code_line *lines;
	size_t n; /* 0: there is nothing to show */
};

enum code_fate {
	CODE_NONE /* no place in a file */,
	CODE_SHOWN,
	CODE_GONE /* the snapshot */,
	CODE_ABSENT /* no such file in it */,
	CODE_BINARY,
	CODE_TOO_MUCH
};

/* What stands at a cited place. */
struct code_slice {
	enum code_fate fate;
	unsigned file_lines;
	struct code_part cited, found; /* found: where it moved to */
};

/* One a row; each file is asked for once. FN NULL: the snapshot is gone. */
struct code_slice *code_slices(
    struct arena *a, const struct cite_row *rows, size_t n, evidence_source_fn fn, void *ctx);
/* Everything that is to be said below a citation's summary. */
void code_add(struct buf *b, const struct citation *c, const struct code_slice *slice);

/* --- the document ------------------------------------------------------------------------- */

struct html_doc {
	struct buf *b;
	struct arena *a;
	const struct report_run *run;
	struct finding **findings;
	size_t n_findings;
	struct html_refs refs;
	struct cite_row *rows;
	size_t n_rows;
	struct code_slice *slices;
	bool *shown; /* rows whose lines have been written once */
};

/* html_cites.c */

enum html_tone { TONE_QUIET, TONE_GOOD, TONE_WARN, TONE_CHANGED, TONE_BAD };

/* "✓ resolves": a sign, a word, a colour, in this order of importance. */
void html_chip(struct buf *b, enum html_tone tone, const char *sign, const char *word);
void html_state(struct buf *b, enum cite_state state);
void html_verdict(struct buf *b, enum verdict verdict);
const char *html_sign(enum cite_state state);
const char *html_tone_name(enum html_tone tone);
enum html_tone html_state_tone(enum cite_state state);
/* "src/a.c:5-9", on one line. */
void html_place(struct buf *b, const struct citation *c);
/* A citation that opens where it stands. */
void html_citation(struct html_doc *d, const struct citation *c);
void html_evidence(struct html_doc *d);

/* html_findings.c */
void html_card(struct html_doc *d, const struct finding *f);
void html_findings(struct html_doc *d);
/* What stands, what was set aside. */
bool html_stands(const struct finding *f);

/* html_verdicts.c */
void html_validation(struct html_doc *d);
bool html_validated(const struct report_run *run);

/* html_head.c: from the doctype to the end of the header. */
void html_head(struct html_doc *d);

#endif
