/*
 * A value that fits a schema of the flow language's subset, filled with what the draft knows: a
 * list of objects with a title gets one entry a finding, everything else the least that fits.
 */
#include "rehearsal/priv.h"

#include <math.h>
#include <stdlib.h>

#define ENTRIES_MAX 12

struct filling {
	const struct schema_source *src;
	const struct finding *finding; /* the entry being filled, or NULL */
	unsigned serial;
};

static json_t *fill(struct filling *f, const json_t *schema, const char *key);

/* --- patterns -----------------------------------------------------------------------------------
 */

/* One byte of class C of a Lua pattern ("%d"). */
static char class_sample(char c, unsigned n)
{
	switch (c) {
	case 'd':
	case 'x':
		return (char)('1' + n % 9);
	case 'a':
	case 'l':
	case 'w':
		return (char)('a' + n % 26);
	case 'u':
		return (char)('A' + n % 26);
	case 's':
		return ' ';
	case 'p':
		return '.';
	default:
		return c;
	}
}

/* One item at P[I]: its sample in *RET, the offset behind it as the result. */
static size_t item_sample(struct str p, size_t i, unsigned n, char *ret)
{
	if (p.p[i] == '%' && i + 1 < p.n) {
		*ret = class_sample(p.p[i + 1], n);
		return i + 2;
	}
	if (p.p[i] == '[') {
		ptrdiff_t close = str_chr(str_skip(p, i + 2), ']');
		size_t in = i + 1;

		if (p.n > in + 1 && p.p[in] == '%')
			*ret = class_sample(p.p[in + 1], n);
		else
			*ret = p.n > in && p.p[in] != '^' ? p.p[in] : '_';
		return close < 0 ? p.n : i + 3 + (size_t)close;
	}
	*ret = p.p[i] == '.' ? 'x' : p.p[i];
	return i + 1;
}

struct str pattern_sample(struct arena *a, struct str pattern, unsigned n)
{
	struct buf b;
	size_t i = str_starts(pattern, STR("^"));

	buf_init(&b, KIB(4));
	while (i < pattern.n && !(pattern.p[i] == '$' && i + 1 == pattern.n)) {
		char c;

		if (strchr("()", pattern.p[i])) {
			i++;
			continue;
		}
		i = item_sample(pattern, i, n, &c);
		bool many = i < pattern.n && strchr("+*-?", pattern.p[i]);

		if (!many || pattern.p[i] == '+')
			buf_addc(&b, c);
		i += many;
	}
	return buf_to_arena(a, &b);
}

/* --- values --------------------------------------------------------------------------------------
 */

static struct str known_text(const struct filling *f, const char *key)
{
	const struct finding *x = f->finding;
	struct str k = str_from(key);

	if (!x)
		return str_is(k, "summary") ? f->src->draft->summary : (struct str){ "", 0 };
	const struct {
		const char *name;
		struct str value;
	} rows[] = {
		{ "id", x->id },
		{ "title", x->title },
		{ "path", x->path },
		{ "file", x->path },
		{ "quote", x->quote },
		{ "claim", x->claim },
		{ "failure_scenario", x->scenario },
		{ "suggestion", x->suggestion },
		{ "severity", str_from(severity_word_name(x->severity)) },
		{ "confidence", str_from(x->confidence) },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_is(k, rows[i].name))
			return rows[i].value;
	return (struct str){ "", 0 };
}

static json_t *fill_enum(struct filling *f, const json_t *values, const char *key)
{
	struct str want = known_text(f, key);
	json_t *one;
	size_t i;

	json_array_foreach (values, i, one)
		if (json_is_string(one) && str_is(want, json_string_value(one)))
			return json_incref(one);
	return json_incref(json_array_get(values, 0));
}

static json_t *fill_text(struct filling *f, const json_t *schema, const char *key)
{
	struct arena *a = f->src->scene->a;
	struct str text = known_text(f, key), pattern = json_get_str(schema, "pattern");
	size_t least = (size_t)json_get_int(schema, "minLength", 0);
	size_t most = (size_t)json_get_int(schema, "maxLength", 4000);

	if (pattern.n)
		text = pattern_sample(a, pattern, f->serial);
	else if (!text.n)
		text = str_from(arena_printf(a, "rehearsal: %s", key));
	while (text.n < least)
		text = str_from(arena_printf(a, "%.*s (rehearsal)", STR_ARG(text)));
	return json_text(str_take(text, most));
}

static json_t *fill_object(struct filling *f, const json_t *schema)
{
	json_t *object = json_object(), *one;
	const char *name;

	json_object_foreach (json_get_object(schema, "properties"), name, one)
		json_object_set_new(object, name, fill(f, one, name));
	return object;
}

static bool is_finding(const json_t *items)
{
	const json_t *properties = json_get_object(items, "properties");

	return json_object_get(properties, "title") || json_object_get(properties, "claim");
}

static json_t *fill_array(struct filling *f, const json_t *schema, const char *key)
{
	const json_t *items = json_get_object(schema, "items");
	const struct draft *d = f->src->draft;
	size_t n = (size_t)json_get_int(schema, "minItems", 0);
	size_t most = (size_t)json_get_int(schema, "maxItems", ENTRIES_MAX);
	bool told = !f->finding && is_finding(items);
	json_t *list = json_array();

	if (told && d->n_findings > n)
		n = d->n_findings;
	if (!told && n == 0 && !f->finding)
		n = 1;
	for (size_t i = 0; i < n && i < most; i++) {
		struct filling entry = *f;

		entry.serial = (unsigned)i;
		if (told)
			entry.finding = i < d->n_findings ? &d->findings[i] : NULL;
		json_array_append_new(list, fill(&entry, items, key));
	}
	return list;
}

static json_t *fill_number(const struct filling *f, const char *key)
{
	const struct finding *x = f->finding;

	if (x && strcmp(key, "line") == 0)
		return json_integer(x->line);
	if (x && strcmp(key, "end_line") == 0)
		return json_integer(x->end);
	return json_integer(f->serial + 1);
}

static json_t *fill(struct filling *f, const json_t *schema, const char *key)
{
	struct str type = json_get_str(schema, "type");
	const json_t *values = json_get_array(schema, "enum");

	if (values)
		return fill_enum(f, values, key);
	if (str_is(type, "object") || json_get_object(schema, "properties"))
		return fill_object(f, schema);
	if (str_is(type, "array"))
		return fill_array(f, schema, key);
	if (str_is(type, "integer") || str_is(type, "number"))
		return fill_number(f, key);
	if (str_is(type, "boolean"))
		return json_false();
	if (str_is(type, "null"))
		return json_null();
	return fill_text(f, schema, key);
}

json_t *schema_fill(const struct schema_source *src, const json_t *schema)
{
	struct filling f = { .src = src };

	return fill(&f, schema, "summary");
}
