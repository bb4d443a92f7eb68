/* What the two files that listen to md4c share. */
#ifndef REPORT_HTML_MD_H
#define REPORT_HTML_MD_H

#include "report/html.h"

#include <md4c.h>

#define MD_FLAGS                                                                       \
	(MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_NOHTML | \
	    MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_PERMISSIVEWWWAUTOLINKS)
/* Events a byte: a cell of an empty row has three, and ordinary text less than one. */
#define MD_WORK 32
/* Of one line: md4c counts the columns of a table with 16 bits. */
#define MD_BARS 16384

struct md {
	struct buf *b;
	const struct html_text *how;
	struct str text; /* what md4c reads */
	size_t limit;	 /* B is not to grow beyond */
	size_t work;	 /* events that are left */
	bool full;

	const char *close[HTML_DEPTH_MAX]; /* of what is open; NULL: it was not written */
	unsigned depth;			   /* may be beyond; then nothing of it is written */
	MD_BLOCKTYPE next;		   /* what is being opened; MD_BLOCK_DOC: a span */

	unsigned shift, level, was_level; /* headings: how much deeper, the last one, that before */
	size_t block_at, block_inside;	  /* a heading's or a cell's tag, and what is in it */

	unsigned links; /* links and images that are open */
	bool linked;	/* the outermost leads somewhere */
	size_t link_inside;
	struct buf url;

	bool in_code;
	unsigned row, column, columns, rows; /* of the table in hand */
	bool rows_off, columns_off;
};

/* --- html_text.c --- */

void md_open(struct md *m, const char *open, const char *close);
void md_close(struct md *m);

/* --- html_md.c --- */

/* Non-zero when md4c has to stop: it makes more of the text than anybody would write. */
int md_works(struct md *m);
/* md_parse; a text is not shown otherwise for want of memory: then the process ends. */
int md_read(struct str text, const MD_PARSER *parser, void *ctx);
/* Is S, which md4c hands out, of the text, or as short as the blanks and ends of lines it adds? */
bool md_is_sane(const struct md *m, struct str s);
/* How many more tags have to find room in what is opened by TYPE: a list is nothing without items.
 */
unsigned md_spare(MD_BLOCKTYPE type);
/* How much deeper headings of TEXT have to go. */
unsigned md_shift(struct str text, unsigned below);
/* Does a line of TEXT hold more blocks within blocks, or more cells, than md4c can be asked to
 * follow? */
bool md_is_too_much(struct str text);
/* The code point of an entity as it is, or the entity's own letters when it is none of ours. */
void md_entity(struct buf *b, struct str entity);
/* The same as text of HTML. */
void md_entity_text(struct buf *b, struct str entity);
void md_table_enter(struct md *m, MD_BLOCKTYPE type, const void *detail);
void md_table_leave(struct md *m, MD_BLOCKTYPE type);

#endif
