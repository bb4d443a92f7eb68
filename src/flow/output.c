/* Checking answers against a schema, and finding the JSON in them. */
#include "flow/output.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"
#include "flow/errors.h"
#include "flow/pattern.h"

#include <stdlib.h>

#define OUTPUT_ERRORS_MAX 20
#define SCHEMA_DEPTH_MAX 32

static const char *const types[] = { "object", "array", "string", "integer", "number", "boolean",
	"null", NULL };
static const char *const schema_keys[] = { "type", "properties", "required", "items", "enum",
	"minItems", "maxItems", "minLength", "maxLength", "pattern", "additionalProperties",
	"description", NULL };

static const char findings_text[] =
    "{\"type\":\"object\",\"required\":[\"findings\"],\"additionalProperties\":false,"
    "\"properties\":{"
    "\"summary\":{\"type\":\"string\",\"maxLength\":4000},"
    "\"findings\":{\"type\":\"array\",\"maxItems\":200,\"items\":{\"type\":\"object\","
    "\"required\":[\"id\",\"title\",\"severity\",\"path\",\"line\",\"quote\",\"claim\"],"
    "\"additionalProperties\":false,\"properties\":{"
    "\"id\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":40},"
    "\"title\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":300},"
    "\"severity\":{\"enum\":[\"critical\",\"high\",\"medium\",\"low\",\"note\"]},"
    "\"path\":{\"type\":\"string\"},\"line\":{\"type\":\"integer\"},"
    "\"end_line\":{\"type\":\"integer\"},\"quote\":{\"type\":\"string\"},"
    "\"claim\":{\"type\":\"string\"},\"failure_scenario\":{\"type\":\"string\"},"
    "\"suggestion\":{\"type\":\"string\"},"
    "\"confidence\":{\"enum\":[\"high\",\"medium\",\"low\"]}}}}}}";

const json_t *output_findings_schema(void)
{
	static json_t *schema; /* for the life of the process; read-only once made */

	if (!schema)
		schema = json_parse(STR(findings_text), NULL);
	return schema;
}

/* --- the schema itself ------------------------------------------------------------------ */

static bool is_word_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static void check_schema(
    const json_t *schema, struct place at, unsigned depth, struct flow_errors *errors);

static void check_members(
    const json_t *schema, struct place at, unsigned depth, struct flow_errors *errors)
{
	const char *key;
	json_t *v;

	json_object_foreach (unconst(schema), key, v) {
		const char *near = nearest_word(str_from(key), schema_keys);

		if (!is_word_of(key, schema_keys))
			flow_error_add(errors, at, "schema: unknown key '%s'%s%s%s", key,
			    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	json_object_foreach (json_object_get(schema, "properties"), key, v)
		check_schema(v, at, depth + 1, errors);
	if (json_object_get(schema, "items"))
		check_schema(json_object_get(schema, "items"), at, depth + 1, errors);
}

static void check_schema(
    const json_t *schema, struct place at, unsigned depth, struct flow_errors *errors)
{
	const char *type = json_get_cstr(schema, "type", NULL);
	const json_t *pattern = json_object_get(schema, "pattern");
	const json_t *more = json_object_get(schema, "additionalProperties");

	if (!json_is_object(schema) || depth > SCHEMA_DEPTH_MAX) {
		flow_error_add(errors, at, "schema: %s",
		    depth > SCHEMA_DEPTH_MAX ? "nested too deeply" : "a schema is a mapping");
		return;
	}
	if (json_object_get(schema, "type") && (!type || !is_word_of(type, types)))
		flow_error_add(errors, at, "schema: unknown type '%s'", type ? type : "?");
	if (!type && !json_object_get(schema, "enum"))
		flow_error_add(errors, at, "schema: a type is needed");
	if (pattern) {
		const char *why = json_is_string(pattern)
				      ? pattern_check(json_get_str(schema, "pattern"))
				      : "a pattern is text";

		if (why)
			flow_error_add(errors, at, "schema: pattern: %s", why);
	}
	if (more && !json_is_boolean(more))
		flow_error_add(errors, at, "schema: additionalProperties is true or false");
	if (json_object_get(schema, "enum") && !json_get_array(schema, "enum"))
		flow_error_add(errors, at, "schema: enum is a list");
	if (json_object_get(schema, "required") && !json_get_array(schema, "required"))
		flow_error_add(errors, at, "schema: required is a list");
	check_members(schema, at, depth, errors);
}

void output_check_schema(const json_t *schema, struct place at, struct flow_errors *errors)
{
	check_schema(schema, at, 0, errors);
}

/* --- values ----------------------------------------------------------------------------- */

struct checking {
	struct arena *arena;
	struct buf errors;
	unsigned n;
};

static void complain(struct checking *c, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(struct checking *c, const char *path, const char *fmt, ...)
{
	va_list ap;

	if (++c->n > OUTPUT_ERRORS_MAX)
		return;
	buf_printf(&c->errors, "%s%s: ", c->errors.n ? "\n" : "", *path ? path : "value");
	va_start(ap, fmt);
	buf_vprintf(&c->errors, fmt, ap);
	va_end(ap);
}

static const char *type_of(const json_t *v)
{
	static const char *const names[] = { [JSON_OBJECT] = "object",
		[JSON_ARRAY] = "array",
		[JSON_STRING] = "string",
		[JSON_INTEGER] = "integer",
		[JSON_REAL] = "number",
		[JSON_TRUE] = "boolean",
		[JSON_FALSE] = "boolean",
		[JSON_NULL] = "null" };

	return names[json_typeof(v)];
}

static bool has_type(const json_t *v, const char *type)
{
	if (strcmp(type, "number") == 0)
		return json_is_number(v);
	return strcmp(type_of(v), type) == 0;
}

static void check_value(
    struct checking *c, const json_t *schema, const json_t *v, const char *path);

static void check_string(
    struct checking *c, const json_t *schema, const json_t *v, const char *path)
{
	struct str s = { json_string_value(v), json_string_length(v) };
	long long least = json_get_int(schema, "minLength", 0);
	long long most = json_get_int(schema, "maxLength", (long long)ANSWER_MAX);
	struct str pattern = json_get_str(schema, "pattern");

	if ((long long)s.n < least)
		complain(c, path, "shorter than %lld", least);
	if ((long long)s.n > most)
		complain(c, path, "longer than %lld", most);
	if (pattern.p && !pattern_match(pattern, s))
		complain(c, path, "does not match %.*s", STR_ARG(pattern));
}

static void check_array(struct checking *c, const json_t *schema, const json_t *v, const char *path)
{
	const json_t *items = json_object_get(schema, "items");
	size_t n = json_array_size(v);
	long long least = json_get_int(schema, "minItems", 0);
	long long most = json_get_int(schema, "maxItems", 1000000);

	if ((long long)n < least)
		complain(c, path, "fewer than %lld items", least);
	if ((long long)n > most)
		complain(c, path, "more than %lld items", most);
	for (size_t i = 0; items && i < n && c->n <= OUTPUT_ERRORS_MAX; i++)
		check_value(
		    c, items, json_array_get(v, i), arena_printf(c->arena, "%s[%zu]", path, i));
}

static void check_object(
    struct checking *c, const json_t *schema, const json_t *v, const char *path)
{
	const json_t *properties = json_object_get(schema, "properties");
	const char *dot = *path ? "." : "", *key;
	json_t *member, *name;
	size_t i;

	json_array_foreach (json_object_get(schema, "required"), i, name) {
		const char *want = json_string_value(name);

		if (want && !json_object_get(v, want))
			complain(c, arena_printf(c->arena, "%s%s%s", path, dot, want), "required");
	}
	json_object_foreach (unconst(v), key, member) {
		const json_t *sub = json_object_get(properties, key);
		const char *at = arena_printf(c->arena, "%s%s%.60s", path, dot, key);

		if (sub)
			check_value(c, sub, member, at);
		else if (json_is_false(json_object_get(schema, "additionalProperties")))
			complain(c, at, "not expected");
		if (c->n > OUTPUT_ERRORS_MAX)
			return;
	}
}

static void check_enum(struct checking *c, const json_t *list, const json_t *v, const char *path)
{
	struct buf words;
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (json_equal(one, v))
			return;
	buf_init(&words, KIB(4));
	json_array_foreach (list, i, one) {
		buf_adds(&words, i ? ", " : "");
		buf_add_value(&words, one);
	}
	complain(c, path, "must be one of %s", words.p ? words.p : "nothing");
	buf_fini(&words);
}

/* As deep as the schema, which is bounded. */
static void check_value(struct checking *c, const json_t *schema, const json_t *v, const char *path)
{
	const char *type = json_get_cstr(schema, "type", NULL);

	if (json_get_array(schema, "enum"))
		check_enum(c, json_get_array(schema, "enum"), v, path);
	if (type && !has_type(v, type)) {
		complain(c, path, "must be %s %s, is %s", strchr("aeio", type[0]) ? "an" : "a",
		    type, type_of(v));
		return;
	}
	if (json_is_string(v))
		check_string(c, schema, v, path);
	else if (json_is_array(v))
		check_array(c, schema, v, path);
	else if (json_is_object(v))
		check_object(c, schema, v, path);
}

int output_check(struct arena *a, const json_t *schema, const json_t *value, struct str *ret_errors)
{
	struct checking c = { .arena = a };

	buf_init(&c.errors, KIB(64));
	check_value(&c, schema, value, "");
	if (c.n > OUTPUT_ERRORS_MAX)
		buf_printf(&c.errors, "\nand more");
	*ret_errors = arena_dup(a, buf_str(&c.errors));
	buf_fini(&c.errors);
	return c.n ? -EINVAL : 0;
}

/* --- finding the JSON ------------------------------------------------------------------- */

/*
 * One pass over the text keeps a stack of open brackets; each time the stack becomes empty a
 * candidate is complete. A bracket that cannot belong to JSON (a mismatch) empties the stack. The
 * last candidate that parses is the answer; parsing is tried from the last backwards, and all
 * candidates are disjoint, so the whole stays linear.
 */
struct span {
	size_t from, to;
};

#define SPANS_MAX 256
#define RETRIES 8

struct finding_json {
	struct span spans[SPANS_MAX]; /* the last ones, as a ring */
	size_t n;
};

static void add_span(struct finding_json *f, size_t from, size_t to)
{
	f->spans[f->n++ % SPANS_MAX] = (struct span){ from, to };
}

/* Offset behind the string that begins at I, or 0 when its line ends before it does. */
static size_t string_end(struct str t, size_t i)
{
	for (i++; i < t.n; i++) {
		if (t.p[i] == '\\')
			i++;
		else if (t.p[i] == '"')
			return i + 1;
		else if (t.p[i] == '\n')
			return 0;
	}
	return 0;
}

static bool fence_at(struct str t, size_t i)
{
	return (i == 0 || t.p[i - 1] == '\n') && i + 3 <= t.n && memcmp(t.p + i, "```", 3) == 0;
}

static void find_spans(struct str t, size_t begin, struct finding_json *f)
{
	char stack[JSON_DEPTH_MAX];
	size_t depth = 0, from = 0;

	for (size_t i = begin; i < t.n; i++) {
		char c = t.p[i];

		if (c == '`' && fence_at(t, i)) {
			depth = 0; /* no value goes across the edge of a code block */
		} else if (c == '"' && depth) {
			size_t end = string_end(t, i);

			if (end)
				i = end - 1;
			else
				depth = 0;
		} else if (c == '{' || c == '[') {
			if (depth == 0)
				from = i;
			if (depth == JSON_DEPTH_MAX)
				depth = 0;
			else
				stack[depth++] = c;
		} else if ((c == '}' || c == ']') && depth) {
			if (stack[depth - 1] != (c == '}' ? '{' : '['))
				depth = 0;
			else if (--depth == 0)
				add_span(f, from, i + 1);
		}
	}
}

static json_t *last_value(struct str text, struct finding_json *f)
{
	size_t have = f->n < SPANS_MAX ? f->n : SPANS_MAX;
	json_t *value = NULL;

	for (size_t k = 0; k < have && !value; k++) {
		struct span s = f->spans[(f->n - 1 - k) % SPANS_MAX];

		value = json_parse((struct str){ text.p + s.from, s.to - s.from }, NULL);
	}
	return value;
}

/* A stray bracket in prose hides what follows it: begin again at lines that begin like JSON. */
static json_t *second_look(struct str text, struct finding_json *f)
{
	json_t *value = NULL;
	size_t i = text.n;

	for (int tries = 0; tries < RETRIES && !value && i > 0; tries++) {
		for (i--; i > 0; i--)
			if (text.p[i - 1] == '\n' && (text.p[i] == '{' || text.p[i] == '['))
				break;
		if (text.p[i] != '{' && text.p[i] != '[')
			break;
		f->n = 0;
		find_spans(text, i, f);
		value = last_value(text, f);
	}
	return value;
}

json_t *output_extract(struct str text)
{
	struct finding_json *f = xalloc(sizeof(*f));

	find_spans(text, 0, f);
	json_t *value = last_value(text, f);

	if (!value)
		value = second_look(text, f);
	free(f);
	return value;
}
