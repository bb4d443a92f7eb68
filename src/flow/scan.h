/* Lua source as tokens: enough to know names, strings and braces without running anything. */
#ifndef FLOW_SCAN_H
#define FLOW_SCAN_H

#include "base/str.h"

enum token_type { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_OTHER };

struct token {
	enum token_type type;
	struct str text; /* of a string: without quotes or brackets, escapes as written */
	size_t at;	 /* offset of its first byte */
};

struct scanner {
	struct str source;
	size_t at;
};

/* The next token; comments and white space are passed by. Always ends. */
struct token scan_next(struct scanner *s);
/*
 * Offset of the "}}" that closes a hole whose Lua begins at FROM, or -1. Braces of tables, strings
 * and comments inside are understood.
 */
ptrdiff_t scan_hole_end(struct str text, size_t from);

#endif
