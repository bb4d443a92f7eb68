#include "base/json.h"

#include "base/limits.h"
#include "base/utf8.h"

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
	json_t *value = json_loadb(
	    text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

	if (!value)
		err_set(err, -EINVAL, "not valid JSON: %s (line %d, column %d)", why.text, why.line,
		    why.column);
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
