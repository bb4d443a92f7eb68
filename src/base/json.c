#include "base/json.h"

#include "base/json_long.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdlib.h>

bool json_depth_ok(struct str text, unsigned max)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if ((c == '[' || c == '{') && ++depth > max) {
			return false;
		} else if ((c == ']' || c == '}') && depth) {
			depth--;
		}
	}
	return true;
}

json_t *json_parse(struct str text, struct err *err)
{
	json_error_t why;

	if (!json_depth_ok(text, JSON_DEPTH_MAX)) {
		err_set(err, -E2BIG, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
		return NULL;
	}
	json_t *value = json_parse_long(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY);

	if (!value)
		value = json_loadb(
		    text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!value)
		err_set(err, -EINVAL, "not valid JSON: %s (line %d, column %d)", why.text, why.line,
		    why.column);
	return value;
}

/* The number of the escape \uXXXX at the start of S, or -1. */
static int escaped(struct str s)
{
	int n = 0;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = isxdigit((unsigned char)s.p[i]) ? s.p[i] | 0x20 : -1;

		if (digit < 0)
			return -1;
		n = 16 * n + (digit > '9' ? digit - 'a' + 10 : digit - '0');
	}
	return n;
}

static bool is_half(int unit, int first)
{
	return unit >= first && unit < first + 0x400;
}

/* Text that begins with a backslash, without escapes that stand for no character. */
static size_t mend_escape(struct buf *out, struct str s)
{
	int unit = escaped(s);

	if (is_half(unit, 0xd800) && is_half(escaped(str_skip(s, 6)), 0xdc00)) {
		buf_add(out, str_take(s, 12));
		return 12;
	}
	if (unit == 0 || is_half(unit, 0xd800) || is_half(unit, 0xdc00)) {
		buf_adds(out, "\\ufffd");
		return 6;
	}
	buf_add(out, str_take(s, 2));
	return 2;
}

static void mend(struct buf *out, struct str s)
{
	while (s.n) {
		ptrdiff_t at = str_chr(s, '\\');

		buf_add(out, at < 0 ? s : str_take(s, (size_t)at));
		if (at < 0)
			return;
		s = str_skip(s, (size_t)at);
		s = str_skip(s, mend_escape(out, s));
	}
}

json_t *json_parse_loosely(struct str text)
{
	json_t *value = json_parse(text, NULL);
	struct arena *a;
	struct buf b;

	if (value || !json_depth_ok(text, JSON_DEPTH_MAX))
		return value;
	a = arena_create("json", 3 * text.n + ARENA_SMALL);
	buf_init(&b, 3 * text.n + 1);
	mend(&b, utf8_clean(a, text));
	value = json_loadb(buf_str(&b).p, b.n,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
	buf_fini(&b);
	arena_destroy(a);
	return value;
}

json_t *json_text(struct str s)
{
	json_t *value = json_stringn(s.p ? s.p : "", s.n);

	if (value && !memchr(s.p ? s.p : "", 0, s.n))
		return value;
	json_decref(value);
	struct arena *a = arena_create("json text", 3 * s.n + ARENA_SMALL);
	struct str clean = utf8_clean(a, s);

	value = json_stringn(clean.p, clean.n);
	arena_destroy(a);
	return value;
}

json_t *json_cstr(const char *s)
{
	return s ? json_text(str_from(s)) : json_null();
}

struct str json_get_str(const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_string(v))
		return (struct str){ NULL, 0 };
	return (struct str){ json_string_value(v), json_string_length(v) };
}

struct str json_dup_str(struct arena *a, const json_t *obj, const char *key)
{
	return arena_dup(a, json_get_str(obj, key));
}

const char *json_get_cstr(const json_t *obj, const char *key, const char *fallback)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_string(v) ? json_string_value(v) : fallback;
}

long long json_get_int(const json_t *obj, const char *key, long long fallback)
{
	const json_t *v = json_object_get(obj, key);

	if (json_is_real(v)) {
		double d = json_real_value(v);

		return d > -9e15 && d < 9e15 ? (long long)d : fallback;
	}
	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

unsigned json_get_count(const json_t *obj, const char *key)
{
	long long n = json_get_int(obj, key, 0);

	return n > 0 && n <= INT32_MAX ? (unsigned)n : 0;
}

int json_get_word(const json_t *obj, const char *key, int (*parse)(struct str), int fallback)
{
	int v = parse(json_get_str(obj, key));

	return v < 0 ? fallback : v;
}

bool json_get_bool(const json_t *obj, const char *key, bool fallback)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

json_t *json_get_object(const json_t *obj, const char *key)
{
	json_t *v = json_object_get(obj, key);

	return json_is_object(v) ? v : NULL;
}

json_t *json_get_array(const json_t *obj, const char *key)
{
	json_t *v = json_object_get(obj, key);

	return json_is_array(v) ? v : NULL;
}

char *json_dump(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	return text ? text : xstrdup("null");
}

char *json_dump_ascii(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	struct str rest = str_from(text);
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	while (rest.p && rest.n) {
		buf_add(&b, str_split(&rest, 0x7f)); /* the one that is ASCII and no character */
		if (rest.p)
			buf_adds(&b, "\\u007f");
	}
	free(text);
	return b.n ? buf_steal(&b) : xstrdup("null");
}

char *json_dump_canonical(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

	return text ? text : xstrdup("null");
}

static int add_chunk(const char *p, size_t n, void *ctx)
{
	buf_add(ctx, (struct str){ p, n });
	return 0;
}

void buf_add_value(struct buf *b, const json_t *value)
{
	json_dump_callback(value, add_chunk, b, JSON_COMPACT | JSON_ENCODE_ANY);
}
