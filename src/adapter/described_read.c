/* Descriptions of agents, out of YAML. */
#include "adapter/described.h"

#include "adapter/launch.h"
#include "base/limits.h"
#include "flow/errors.h"

#include <ctype.h>
#include <stddef.h>

#define WORDS_MAX 100 /* of arguments, and again of variables */
#define WHEN_MAX 8

struct reading {
	struct arena *a;
	struct described *d;
	const char *dir; /* of the file */
	struct flow_errors *errors;
};

typedef void (*key_fn)(struct reading *r, const struct yaml_node *node);

/* --- helpers --------------------------------------------------------------------------------- */

static void unknown_key(struct reading *r, const struct yaml_pair *p, const char *const *known)
{
	const char *near = nearest_word(p->key, known);

	flow_error_add(r->errors, p->at, "unknown key '%.*s'%s%s%s", STR_ARG(p->key),
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool is_map(struct reading *r, const struct yaml_node *node, const char *what)
{
	if (node->type == YAML_MAP)
		return true;
	flow_error_add(r->errors, node->at, "%s", what);
	return false;
}

static bool read_template(
    struct reading *r, const struct yaml_node *node, bool secret, struct str *ret)
{
	if (!yaml_read_text(node, r->errors, ret))
		return false;
	if (memchr(ret->p ? ret->p : "", '\0', ret->n))
		flow_error_add(r->errors, node->at, "a text with NUL");
	described_check_template(*ret, node->at, secret, r->errors);
	return true;
}

/* --- the program and how it is started ------------------------------------------------------- */

static void read_program(struct reading *r, const struct yaml_node *node)
{
	struct str text;

	if (!yaml_read_text(node, r->errors, &text))
		return;
	if (!text.n || text.n >= PATH_BYTES_MAX)
		flow_error_add(r->errors, node->at, "program is the path of a file");
	else
		r->d->program = text.p[0] == '/'
				    ? arena_cstr(r->a, text)
				    : arena_printf(r->a, "%s/%.*s", r->dir, STR_ARG(text));
}

static void read_title(struct reading *r, const struct yaml_node *node)
{
	struct str text;

	if (yaml_read_text(node, r->errors, &text))
		r->d->ops.title = arena_cstr(r->a, text);
}

static void read_arguments(struct reading *r, const struct yaml_node *node)
{
	if (node->type != YAML_LIST || node->n > WORDS_MAX) {
		flow_error_add(
		    r->errors, node->at, "arguments is a list of at most %d texts", WORDS_MAX);
		return;
	}
	r->d->arguments = arena_array(r->a, node->n + 1, sizeof(struct str));
	for (size_t i = 0; i < node->n; i++)
		r->d->n_arguments +=
		    read_template(r, node->items[i], false, &r->d->arguments[r->d->n_arguments]);
}

static bool is_variable(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '_' && !isupper((unsigned char)name.p[i]) &&
		    !(i && isdigit((unsigned char)name.p[i])))
			return false;
	return name.n > 0 && name.n <= 100;
}

static bool is_ours(struct str name)
{
	return str_is(name, "HOME") || str_is(name, "TMPDIR") || str_is(name, "PATH") ||
	       str_is(name, "LANG");
}

static void read_environment(struct reading *r, const struct yaml_node *node)
{
	if (!is_map(r, node, "environment is a map of variables"))
		return;
	r->d->environment = arena_array(r->a, node->n + 1, sizeof(*r->d->environment));
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];
		struct described_pair *to = &r->d->environment[r->d->n_environment];

		to->name = p->key;
		if (!is_variable(p->key))
			flow_error_add(r->errors, p->at,
			    "a variable is written in capitals, digits and _: '%.*s'",
			    STR_ARG(p->key));
		else if (is_ours(p->key))
			flow_error_add(r->errors, p->at, "%.*s is set by tutti", STR_ARG(p->key));
		else if (i >= WORDS_MAX)
			flow_error_add(r->errors, p->at, "more than %d variables", WORDS_MAX);
		else if (read_template(r, p->value, true, &to->value))
			r->d->n_environment++;
	}
}

/* Below the home, in so many words. */
static bool is_below(struct str path)
{
	struct str rest = path;

	while (rest.p) {
		struct str part = str_split(&rest, '/');

		if (!part.n || str_is(part, ".") || str_is(part, ".."))
			return false;
	}
	return path.n > 0 && path.n < 200 && str_chr(path, '\0') < 0;
}

static void read_files(struct reading *r, const struct yaml_node *node)
{
	if (!is_map(r, node, "files is a map of paths below its home"))
		return;
	r->d->files = arena_array(r->a, node->n + 1, sizeof(*r->d->files));
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];
		struct described_pair *to = &r->d->files[r->d->n_files];

		to->name = p->key;
		if (!is_below(p->key))
			flow_error_add(
			    r->errors, p->at, "'%.*s' is no path below its home", STR_ARG(p->key));
		else if (i >= LAUNCH_FILES_MAX)
			flow_error_add(r->errors, p->at, "more than %d files", LAUNCH_FILES_MAX);
		else if (read_template(r, p->value, true, &to->value))
			r->d->n_files++;
	}
}

static void read_prompt(struct reading *r, const struct yaml_node *node)
{
	struct str word;

	if (!yaml_read_text(node, r->errors, &word))
		return;
	r->d->prompt_as_argument = str_is(word, "argument");
	if (!r->d->prompt_as_argument && !str_is(word, "stdin"))
		flow_error_add(r->errors, node->at, "prompt is stdin or argument");
}

/* --- its output ------------------------------------------------------------------------------ */

static void read_output(struct reading *r, const struct yaml_node *node)
{
	static const char *const words[] = { "text", "ndjson", "acp" };
	struct str word;

	if (!yaml_read_text(node, r->errors, &word))
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is(word, words[i])) {
			r->d->output = (enum described_output)i;
			return;
		}
	flow_error_add(r->errors, node->at, "output is text, ndjson or acp");
}

static const struct {
	const char *name;
	const char *known[8]; /* its keys; the first is one that it must have, or NULL */
} events[DESCRIBED_EVENTS] = {
	[EVENT_TEXT] = { "text", { "text", "when" } },
	[EVENT_THINK] = { "think", { "text", "when" } },
	[EVENT_TOOL] = { "tool", { "name", "id", "input", "when" } },
	[EVENT_TOOL_END] = { "tool_end", { "id", "name", "text", "failed", "when" } },
	[EVENT_USAGE] = { "usage", { "in", "out", "cached", "when" } },
	[EVENT_ERROR] = { "error", { "text", "when" } },
	[EVENT_RESULT] = { "result", { "when", "text" } },
};

static const struct {
	const char *name;
	size_t offset;
} pointers[] = {
	{ "text", offsetof(struct described_rule, text) },
	{ "id", offsetof(struct described_rule, id) },
	{ "name", offsetof(struct described_rule, name) },
	{ "input", offsetof(struct described_rule, input) },
	{ "failed", offsetof(struct described_rule, failed) },
	{ "in", offsetof(struct described_rule, in) },
	{ "out", offsetof(struct described_rule, out) },
	{ "cached", offsetof(struct described_rule, cached) },
};

static void check_pointer(struct reading *r, struct place at, struct str text)
{
	if (!described_is_pointer(text))
		flow_error_add(r->errors, at, "'%.*s' is no place in a line, such as /message/text",
		    (int)(text.n < 60 ? text.n : 60), text.p);
}

static void read_when(struct reading *r, const struct yaml_node *node, struct described_rule *rule)
{
	if (!is_map(r, node, "when is a map of places and what stands there"))
		return;
	rule->when = arena_array(r->a, node->n + 1, sizeof(*rule->when));
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];
		struct described_match *m = &rule->when[rule->n_when];

		check_pointer(r, p->at, p->key);
		m->at = p->key;
		if (i >= WHEN_MAX)
			flow_error_add(r->errors, p->at, "more than %d places", WHEN_MAX);
		else if (yaml_read_text(p->value, r->errors, &m->is))
			rule->n_when++;
	}
}

static void read_pointer(struct reading *r, const struct yaml_pair *p, struct described_rule *rule)
{
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		struct str *to = (struct str *)(void *)((char *)rule + pointers[i].offset);

		if (!str_is(p->key, pointers[i].name))
			continue;
		if (yaml_read_text(p->value, r->errors, to))
			check_pointer(r, p->value->at, *to);
		if (!to->p)
			to->p = "";
	}
}

static bool knows(const char *const *known, struct str key)
{
	for (; *known; known++)
		if (str_is(key, *known))
			return true;
	return false;
}

static void read_rule(struct reading *r, const struct yaml_pair *event, size_t e)
{
	struct described_rule *rule = &r->d->rules[e];
	const char *const *known = events[e].known;

	if (!is_map(r, event->value, "an event is a map of places in a line"))
		return;
	rule->there = true;
	for (size_t i = 0; i < event->value->n; i++) {
		const struct yaml_pair *p = &event->value->pairs[i];

		if (!knows(known, p->key))
			unknown_key(r, p, known);
		else if (str_is(p->key, "when"))
			read_when(r, p->value, rule);
		else
			read_pointer(r, p, rule);
	}
	if (!yaml_get(event->value, known[0]))
		flow_error_add(
		    r->errors, event->at, "event %s needs '%s'", events[e].name, known[0]);
}

static void read_events(struct reading *r, const struct yaml_node *node)
{
	const char *names[DESCRIBED_EVENTS + 1] = { NULL };

	if (!is_map(r, node, "events is a map: text, think, tool, tool_end, usage, error, result"))
		return;
	for (size_t e = 0; e < DESCRIBED_EVENTS; e++)
		names[e] = events[e].name;
	for (size_t i = 0; i < node->n; i++) {
		size_t e = 0;

		while (e < DESCRIBED_EVENTS && !str_is(node->pairs[i].key, names[e]))
			e++;
		if (e < DESCRIBED_EVENTS)
			read_rule(r, &node->pairs[i], e);
		else
			unknown_key(r, &node->pairs[i], names);
	}
}

/* --- the whole ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	key_fn read;
} keys[] = {
	{ "title", read_title },
	{ "program", read_program },
	{ "arguments", read_arguments },
	{ "environment", read_environment },
	{ "files", read_files },
	{ "prompt", read_prompt },
	{ "output", read_output },
	{ "events", read_events },
};

static void read_key(struct reading *r, const struct yaml_pair *p)
{
	const char *names[sizeof(keys) / sizeof(keys[0]) + 1] = { NULL };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		names[i] = keys[i].name;
		if (str_is(p->key, keys[i].name)) {
			keys[i].read(r, p->value);
			return;
		}
	}
	unknown_key(r, p, names);
}

/* What one key cannot know. */
static void check_all(struct reading *r, const struct yaml_node *root)
{
	const struct described *d = r->d;
	const struct yaml_node *events_node = yaml_get(root, "events");
	const struct yaml_node *prompt = yaml_get(root, "prompt");

	if (!yaml_get(root, "program"))
		flow_error_add(r->errors, root->at, "it names no program");
	if (d->output == DESCRIBED_NDJSON && !d->rules[EVENT_RESULT].there)
		flow_error_add(r->errors, events_node ? events_node->at : root->at,
		    "output ndjson needs events, with a result: what tells that it is done");
	if (d->output != DESCRIBED_NDJSON && events_node)
		flow_error_add(r->errors, events_node->at, "events are for output ndjson");
	if (d->output == DESCRIBED_ACP && prompt)
		flow_error_add(r->errors, prompt->at, "over acp the prompt is a message");
}

bool described_is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!islower((unsigned char)name.p[i]) &&
		    (!i || (!isdigit((unsigned char)name.p[i]) && name.p[i] != '-')))
			return false;
	return name.n > 0 && name.n <= 32;
}

const struct described *described_read(struct arena *a, const char *name, const char *file,
    struct str text, struct flow_errors *errors)
{
	struct described *d = arena_new(a, struct described);
	struct reading r = { a, d, launch_dir(a, file), errors };
	size_t before = errors->n;
	struct yaml_node *root = yaml_parse(a, file, text, errors);

	if (!root)
		return NULL;
	d->ops.name = d->ops.title = arena_cstr(a, str_from(name));
	sha256_of(text, d->digest);
	if (is_map(&r, root, "a description is a map")) {
		for (size_t i = 0; i < root->n; i++)
			read_key(&r, &root->pairs[i]);
		check_all(&r, root);
	}
	described_codec(&d->ops);
	d->ops.described = d;
	return errors->n > before || errors->more ? NULL : d;
}
