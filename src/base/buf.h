/*
 * Growing bytes with a mandatory maximum. Append, append, and ask once at the end: the first
 * error latches, later appends do nothing, and buf_status says what happened (-E2BIG: ceiling).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>

struct buf {
	char *p; /* always NUL-terminated once something was appended */
	size_t n, cap, max;
	int status;
};

/* MAX is in bytes and must come from limits.h or from the caller's own contract. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Empties the buffer, keeps its memory, clears the latched error. */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *cstr);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Removes the first N bytes. */
void buf_drop(struct buf *b, size_t n);
/* As a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD. */
void buf_add_json(struct buf *b, struct str s);
/*
 * A whole JSON text for somebody's terminal: as it is, but code points that would steer the
 * terminal or cannot be seen (they can only stand in its strings) become escapes.
 */
void buf_add_json_text(struct buf *b, struct str json);
/*
 * A member of a JSON object that is being written, with a comma before it unless it is the first:
 * a text, a number, or JSON as it is. NAME is a constant without anything to escape.
 */
void buf_member(struct buf *b, const char *name, struct str value);
void buf_member_int(struct buf *b, const char *name, long long value);
void buf_member_json(struct buf *b, const char *name, struct str json);
/*
 * For a terminal: everything but printable characters, newline and tab becomes a visible escape
 * (\x1b), invalid UTF-8 \xNN, and the invisible or direction-changing code points <U+202E>.
 */
void buf_add_terminal(struct buf *b, struct str s);
/* As buf_add_terminal on one line: newline and tab become a blank. */
void buf_add_terminal_line(struct buf *b, struct str s);
/*
 * Whole lines for a log in which a CI server looks for commands to itself. GitHub's runner takes a
 * line that begins with "::", behind any white space, and "##[" anywhere for one: a backslash gets
 * in between, or in a line of JSON an escape, so that it stays the same document.
 */
void buf_add_no_command(struct buf *b, struct str s);
/* As one word of a POSIX shell. */
void buf_add_shell(struct buf *b, struct str s);

MUST_CHECK static inline int buf_status(const struct buf *b)
{
	return b->status;
}

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

/* Gives the bytes away (free with free()); the buffer is empty afterwards. Never NULL. */
char *buf_steal(struct buf *b);

#endif
