/* What the terminal can do, and writing to it safely. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include "base/buf.h"

#include <stdio.h>

enum term_style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_GOOD,
	STYLE_BAD,
	STYLE_WARN,
	STYLE_BUSY,
};

struct term {
	int fd;
	bool tty, color, unicode;
	unsigned rows, columns; /* 24 x 80 when not a terminal */
};

/* CHOICE: "auto", "always", "never" or NULL. Follows NO_COLOR, CLICOLOR_FORCE, TERM, the locale. */
void term_init(struct term *t, int fd, const char *choice);
/* Asks for the size again (SIGWINCH). */
void term_measure(struct term *t);
/* S escaped for a terminal line, in STYLE. */
void term_add(struct buf *b, const struct term *t, enum term_style style, struct str s);
void term_addf(struct buf *b, const struct term *t, enum term_style style, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* PATH, absolute or not; in a terminal that shows colours a link to the file (OSC 8). */
void term_add_file(struct buf *b, const struct term *t, struct str path);
/* The glyph, or its ASCII stand-in. */
const char *term_glyph(const struct term *t, const char *utf8, const char *ascii);
/*
 * Everything, retried; -EPIPE and friends are returned. Whole lines at a time: where a CI server
 * reads along (cli/ci.h), what would be a command to it is made to be none.
 */
int term_write(int fd, struct str s);
/* The same, for what is meant as a command. */
int term_write_command(int fd, struct str s);
/* Prints a four-part error, or its JSON form on stdout. Returns CODE for exiting. */
int term_error(const struct err *err, int code, bool json);

#endif
