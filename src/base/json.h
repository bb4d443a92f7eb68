/*
 * JSON by jansson, strictly: duplicate keys, invalid UTF-8, NUL in strings, trailing bytes and
 * nesting beyond JSON_DEPTH_MAX are errors. Getters never fail: they return the fallback for a
 * missing or mistyped member, because whoever wrote the document is not trusted to be right.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

/* A new reference, or NULL with the reason and position in ERR (may be NULL). */
json_t *json_parse(struct str text, struct err *err);
/*
 * As json_parse, for what programs in other languages write: bad bytes, NUL and halves of surrogate
 * pairs become U+FFFD, integers beyond 64 bits become reals. No ERR: whoever uses this skips what
 * cannot be read.
 */
json_t *json_parse_loosely(struct str text);
/* A string value from any bytes: bad UTF-8 and NUL become U+FFFD. Never NULL. */
json_t *json_text(struct str s);
json_t *json_cstr(const char *s);
/* Member KEY of OBJ as text borrowed from the document, or an empty str. OBJ may be NULL. */
struct str json_get_str(const json_t *obj, const char *key);
/* The same, copied into A. */
struct str json_dup_str(struct arena *a, const json_t *obj, const char *key);
/* As above with a fallback, and only useful where no NUL can be inside. */
const char *json_get_cstr(const json_t *obj, const char *key, const char *fallback);
long long json_get_int(const json_t *obj, const char *key, long long fallback);
/* A number from 1 to INT32_MAX (a line, a count); 0 for any other. */
unsigned json_get_count(const json_t *obj, const char *key);
/* What PARSE makes of member KEY, or FALLBACK for a word it does not know: that is below 0. */
int json_get_word(const json_t *obj, const char *key, int (*parse)(struct str), int fallback);
bool json_get_bool(const json_t *obj, const char *key, bool fallback);
/* Member KEY when it is an object (array), else NULL. Borrowed. */
json_t *json_get_object(const json_t *obj, const char *key);
json_t *json_get_array(const json_t *obj, const char *key);
/* Compact text, members in order of insertion. free() it. */
char *json_dump(const json_t *value);
/* As json_dump, in ASCII: whatever a string holds, no terminal is steered by it. free() it. */
char *json_dump_ascii(const json_t *value);
/* Compact with sorted keys: equal values give equal bytes. free() it. */
char *json_dump_canonical(const json_t *value);
/* Appends the compact text of VALUE. */
void buf_add_value(struct buf *b, const json_t *value);
/* True when nesting is at most MAX deep. Iterative. */
bool json_depth_ok(struct str text, unsigned max);

#endif
