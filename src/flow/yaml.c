#include "flow/yaml.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/utf8.h"
#include "flow/errors.h"

#include <stdlib.h>
#include <yaml.h>

struct frame {
	struct yaml_node *node;
	struct str key; /* of a map: read, its value follows */
	struct place key_at;
	bool has_key;
	bool twice; /* the key was there before: what follows is left out */
	size_t cap;
};

struct reader {
	struct arena *arena;
	const char *file;
	struct str text;
	struct flow_errors *errors;
	struct frame stack[FLOW_DEPTH_MAX];
	size_t depth;
	struct yaml_node *root;
	struct map anchors;
	size_t nodes;
	bool failed;
};

static void fail(struct reader *r, struct place at, const char *what)
{
	if (!r->failed)
		flow_error_add(r->errors, at, "%s", what);
	r->failed = true;
}

static struct place place_of(const struct reader *r, yaml_mark_t mark)
{
	return (struct place){ r->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1 };
}

/* --- building --------------------------------------------------------------------------- */

static bool has_key(const struct yaml_node *map, struct str key)
{
	for (size_t i = 0; i < map->n; i++)
		if (str_eq(map->pairs[i].key, key))
			return true;
	return false;
}

static void put_key(struct reader *r, struct frame *f, struct yaml_node *node)
{
	if (node->type != YAML_SCALAR) {
		fail(r, node->at, "a key must be plain text");
		return;
	}
	f->has_key = true;
	f->key = node->text;
	f->key_at = node->at;
	f->twice = has_key(f->node, node->text);
	if (f->twice)
		flow_error_add(r->errors, node->at, "key '%.*s' is written twice",
		    STR_ARG(str_take(node->text, 60)));
}

/* NODE is complete as far as its parent is concerned: the parent holds it from now on. */
static void attach(struct reader *r, struct yaml_node *node)
{
	if (!r->depth) {
		r->root = node;
		return;
	}
	struct frame *f = &r->stack[r->depth - 1];

	if (f->node->type == YAML_LIST) {
		f->node->items = arena_grow(
		    r->arena, f->node->items, f->node->n, &f->cap, sizeof(struct yaml_node *));
		f->node->items[f->node->n++] = node;
	} else if (!f->has_key) {
		put_key(r, f, node);
	} else if (f->twice) {
		f->has_key = false;
	} else {
		f->node->pairs = arena_grow(
		    r->arena, f->node->pairs, f->node->n, &f->cap, sizeof(struct yaml_pair));
		f->node->pairs[f->node->n++] = (struct yaml_pair){ f->key, f->key_at, node };
		f->has_key = false;
	}
}

static size_t weight(const struct yaml_node *node)
{
	size_t n = 1;

	for (size_t i = 0; i < node->n && n <= FLOW_NODES_MAX; i++)
		n += weight(node->type == YAML_LIST ? node->items[i] : node->pairs[i].value);
	return n;
}

/* How deep NODE is. Every node is within FLOW_DEPTH_MAX, aliases included, so this ends soon. */
static size_t height(const struct yaml_node *node)
{
	size_t most = 0;

	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *below =
		    node->type == YAML_LIST ? node->items[i] : node->pairs[i].value;
		size_t h = below->n ? height(below) : below->type != YAML_SCALAR;

		most = h > most ? h : most;
	}
	return most + (node->type != YAML_SCALAR);
}

static bool count(struct reader *r, struct place at, size_t n)
{
	r->nodes += n;
	if (r->nodes <= FLOW_NODES_MAX)
		return true;
	fail(r, at, "the file has too many values");
	return false;
}

static struct yaml_node *new_node(struct reader *r, enum yaml_type type, const yaml_event_t *ev,
    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct yaml_node *node = arena_new(r->arena, struct yaml_node);

	node->type = type;
	node->at = place_of(r, ev->start_mark);
	if (tag)
		fail(r, node->at, "tags (!…) are not used here");
	if (anchor)
		map_put(&r->anchors, str_from((const char *)anchor), node);
	return node;
}

/* The text of a block scalar begins on the line after its `|`; its column is that of the text. */
static void place_block(struct reader *r, struct yaml_node *node, const yaml_event_t *ev)
{
	size_t at = ev->start_mark.index;
	struct str rest = str_skip(r->text, at);

	str_line(&rest);
	node->at.line++;
	while (rest.p) {
		struct str line = str_line(&rest);
		size_t blank = 0;

		while (blank < line.n && line.p[blank] == ' ')
			blank++;
		if (blank < line.n) {
			node->at.column = (unsigned)blank + 1;
			return;
		}
	}
}

static void on_scalar(struct reader *r, const yaml_event_t *ev)
{
	struct yaml_node *node = new_node(r, YAML_SCALAR, ev, ev->data.scalar.anchor,
	    ev->data.scalar.quoted_implicit && !ev->data.scalar.tag ? NULL : ev->data.scalar.tag);
	yaml_scalar_style_t style = ev->data.scalar.style;

	node->text = arena_dup(
	    r->arena, (struct str){ (const char *)ev->data.scalar.value, ev->data.scalar.length });
	node->quoted = style != YAML_PLAIN_SCALAR_STYLE;
	if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
		place_block(r, node, ev);
	else if (node->quoted)
		node->at.column++;
	if (memchr(node->text.p, 0, node->text.n))
		fail(r, node->at, "a NUL character");
	if (count(r, node->at, 1))
		attach(r, node);
}

static void on_open(struct reader *r, const yaml_event_t *ev, struct yaml_node *node)
{
	if (r->depth == FLOW_DEPTH_MAX) {
		fail(r, node->at, "nested too deeply");
		return;
	}
	if (!count(r, node->at, 1))
		return;
	(void)ev;
	attach(r, node);
	r->stack[r->depth++] = (struct frame){ .node = node };
}

static void on_alias(struct reader *r, const yaml_event_t *ev)
{
	struct str name = str_from((const char *)ev->data.alias.anchor);
	struct yaml_node *node = map_get(&r->anchors, name);
	struct place at = place_of(r, ev->start_mark);

	if (!node)
		fail(r, at, "unknown alias");
	for (size_t i = 0; node && i < r->depth; i++)
		if (r->stack[i].node == node)
			fail(r, at, "an alias inside what it stands for");
	if (r->failed || !count(r, at, weight(node)))
		return;
	if (r->depth + height(node) > FLOW_DEPTH_MAX)
		fail(r, at, "nested too deeply");
	else
		attach(r, node);
}

static void on_event(struct reader *r, const yaml_event_t *ev)
{
	switch ((int)ev->type) {
	case YAML_SCALAR_EVENT:
		on_scalar(r, ev);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_open(r, ev,
		    new_node(r, YAML_LIST, ev, ev->data.sequence_start.anchor,
			ev->data.sequence_start.tag));
		break;
	case YAML_MAPPING_START_EVENT:
		on_open(r, ev,
		    new_node(r, YAML_MAP, ev, ev->data.mapping_start.anchor,
			ev->data.mapping_start.tag));
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		break;
	case YAML_ALIAS_EVENT:
		on_alias(r, ev);
		break;
	case YAML_DOCUMENT_START_EVENT:
		if (r->root)
			fail(r, place_of(r, ev->start_mark), "more than one document in the file");
		break;
	default:
		break;
	}
}

/* --- parsing ---------------------------------------------------------------------------- */

static void syntax_error(struct reader *r, const yaml_parser_t *parser)
{
	struct place at = place_of(r, parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR) /* a text is not wrong for that */
		out_of_memory("YAML", r->text.n);
	if (!r->failed)
		flow_error_add(r->errors, at, "%s%s%s",
		    parser->problem ? parser->problem : "not YAML", parser->context ? ", " : "",
		    parser->context ? parser->context : "");
	r->failed = true;
}

static void read_events(struct reader *r)
{
	yaml_parser_t parser;
	bool done = false;

	if (!yaml_parser_initialize(&parser))
		out_of_memory("YAML", r->text.n);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)r->text.p, r->text.n);
	while (!done && !r->failed) {
		yaml_event_t ev;

		if (!yaml_parser_parse(&parser, &ev)) {
			syntax_error(r, &parser);
			break;
		}
		done = ev.type == YAML_STREAM_END_EVENT;
		on_event(r, &ev);
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&parser);
}

struct yaml_node *yaml_parse(
    struct arena *a, const char *file, struct str text, struct flow_errors *errors)
{
	struct reader *r = xalloc(sizeof(*r));
	const struct place top = { file, 1, 1 };

	*r = (struct reader){ .arena = a, .file = file, .text = text, .errors = errors };
	map_init(&r->anchors, a);
	if (text.n > FLOW_FILE_MAX)
		fail(r, top, "the file is larger than 1 MiB");
	else if (!utf8_valid(text))
		fail(r, top, "the file is not valid UTF-8");
	else
		read_events(r);
	if (!r->failed && !r->root)
		fail(r, top, "the file is empty");
	struct yaml_node *root = r->failed ? NULL : r->root;

	free(r);
	return root;
}

struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
	for (size_t i = 0; node && node->type == YAML_MAP && i < node->n; i++)
		if (str_is(node->pairs[i].key, key))
			return node->pairs[i].value;
	return NULL;
}

/* --- reading ---------------------------------------------------------------------------- */

static json_t *scalar_json(const struct yaml_node *node)
{
	struct str s = node->text;
	struct str digits = s.n && s.p[0] == '-' ? str_skip(s, 1) : s;
	unsigned long long v;
	char *end;

	if (node->quoted)
		return json_text(s);
	if (str_is(s, "null") || str_is(s, "~") || s.n == 0)
		return json_null();
	if (str_is(s, "true") || str_is(s, "false"))
		return json_boolean(str_is(s, "true"));
	if (str_to_u64(digits, 9007199254740992ull, &v))
		return json_integer(s.p[0] == '-' ? -(json_int_t)v : (json_int_t)v);
	double d = strtod(s.p, &end); /* s is NUL-terminated: it lives in the arena */

	if (end == s.p + s.n && digits.n && digits.p[0] >= '0' && digits.p[0] <= '9') {
		json_t *real = json_real(d);

		if (real)
			return real;
	}
	return json_text(s);
}

json_t *yaml_to_json(const struct yaml_node *node)
{
	json_t *out;

	if (node->type == YAML_SCALAR)
		return scalar_json(node);
	out = node->type == YAML_LIST ? json_array() : json_object();
	for (size_t i = 0; i < node->n; i++) {
		if (node->type == YAML_LIST)
			json_array_append_new(out, yaml_to_json(node->items[i]));
		else
			json_object_set_new(
			    out, node->pairs[i].key.p, yaml_to_json(node->pairs[i].value));
	}
	return out;
}

static bool wants(
    const struct yaml_node *node, struct flow_errors *errors, bool ok, const char *what)
{
	if (!ok)
		flow_error_add(errors, node->at, "%s is expected here", what);
	return ok;
}

bool yaml_read_bool(const struct yaml_node *node, struct flow_errors *errors, bool *ret)
{
	bool yes = node->type == YAML_SCALAR && str_is(node->text, "true");
	bool no = node->type == YAML_SCALAR && str_is(node->text, "false");

	*ret = yes;
	return wants(node, errors, yes || no, "true or false");
}

bool yaml_read_uint(
    const struct yaml_node *node, unsigned max, struct flow_errors *errors, unsigned *ret)
{
	unsigned long long v = 0;
	bool ok = node->type == YAML_SCALAR && str_to_u64(node->text, max, &v);

	if (!ok)
		flow_error_add(errors, node->at, "a number from 0 to %u is expected here", max);
	*ret = (unsigned)v;
	return ok;
}

bool yaml_read_text(const struct yaml_node *node, struct flow_errors *errors, struct str *ret)
{
	*ret = node->type == YAML_SCALAR ? node->text : (struct str){ "", 0 };
	return wants(node, errors, node->type == YAML_SCALAR, "text");
}

bool span_parse(struct str text, msec_t *ret)
{
	static const struct {
		const char *unit;
		msec_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
		{ "d", 86400000 } };
	msec_t total = 0;

	if (!text.n)
		return false;
	while (text.n) {
		size_t digits = 0, letters;
		unsigned long long v;
		bool known = false;

		while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
			digits++;
		letters = digits;
		while (letters < text.n && text.p[letters] >= 'a' && text.p[letters] <= 'z')
			letters++;
		if (!str_to_u64(str_take(text, digits), SPAN_MAX_MS, &v))
			return false;
		struct str unit = { text.p + digits, letters - digits };

		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && !known; i++) {
			known = str_is(unit, units[i].unit);
			if (known && (msec_t)v > (SPAN_MAX_MS - total) / units[i].ms)
				return false;
			if (known)
				total += (msec_t)v * units[i].ms;
		}
		if (!known)
			return false;
		text = str_skip(text, letters);
	}
	*ret = total;
	return true;
}

bool yaml_read_span(const struct yaml_node *node, struct flow_errors *errors, msec_t *ret)
{
	*ret = 0;
	return wants(node, errors, node->type == YAML_SCALAR && span_parse(node->text, ret),
	    "a time such as 90s, 5m or 1h");
}

bool yaml_read_texts(
    struct arena *a, const struct yaml_node *node, struct flow_errors *errors, struct strs *ret)
{
	bool ok = true;

	*ret = (struct strs){ 0 };
	if (node->type == YAML_SCALAR) {
		ret->v = arena_array(a, 1, sizeof(struct str));
		ret->v[ret->n++] = node->text;
		return true;
	}
	if (!wants(node, errors, node->type == YAML_LIST, "a list"))
		return false;
	ret->v = arena_array(a, node->n, sizeof(struct str));
	for (size_t i = 0; i < node->n; i++) {
		struct str s;

		ok &= yaml_read_text(node->items[i], errors, &s);
		ret->v[ret->n++] = s;
	}
	return ok;
}
