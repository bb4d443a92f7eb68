/*
 * The YAML reader: a tree within its bounds, places that exist, values that JSON can say again.
 */
#include "must.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "flow/yaml.h"

#include <stdint.h>

#define SAME_AGAIN_MAX 1000 /* a longer key is none to libyaml when it stands on one line */

struct walk {
	struct arena *a;
	unsigned lines; /* of the file */
	size_t nodes;
	struct flow_errors errors; /* of the readers, which may complain */
};

static void check_place(const struct walk *w, struct place at)
{
	must(at.line >= 1 && at.column >= 1);
	must(at.line <= w->lines + 2); /* a block's text begins below its mark */
}

/* Whatever a value is, the readers take it or complain about it. */
static void read_as_anything(struct walk *w, const struct yaml_node *node)
{
	size_t before = w->errors.n;
	unsigned number;
	struct strs texts;
	msec_t span;
	bool yes;

	if (w->errors.n > FLOW_ERRORS_MAX - 8)
		w->errors = (struct flow_errors){ .arena = w->a };
	before = w->errors.n;
	if (yaml_read_uint(node, 20, &w->errors, &number))
		must(number <= 20 && w->errors.n == before);
	else
		must(w->errors.n == before + 1);
	before = w->errors.n;
	if (yaml_read_span(node, &w->errors, &span))
		must(span >= 0 && w->errors.n == before);
	else
		must(w->errors.n == before + 1);
	before = w->errors.n;
	must(yaml_read_bool(node, &w->errors, &yes) == (w->errors.n == before));
	if (node->n > FLOW_ERRORS_MAX - 16)
		return;
	w->errors.n = 0;
	must(yaml_read_texts(w->a, node, &w->errors, &texts) == (w->errors.n == 0));
}

static void walk(struct walk *w, const struct yaml_node *node, unsigned depth)
{
	must(node && depth <= FLOW_DEPTH_MAX + 1);
	must(++w->nodes <= FLOW_NODES_MAX);
	check_place(w, node->at);
	read_as_anything(w, node);
	if (node->type == YAML_SCALAR) {
		must(utf8_valid(node->text) && str_chr(node->text, '\0') < 0);
		must(node->n == 0);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		if (node->type == YAML_LIST) {
			walk(w, node->items[i], depth + 1);
			continue;
		}
		check_place(w, node->pairs[i].at);
		must(utf8_valid(node->pairs[i].key));
		must(yaml_get(node, node->pairs[i].key.p) != NULL);
		walk(w, node->pairs[i].value, depth + 1);
	}
}

static bool is_plain_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x7f)
			return false;
	return true;
}

/* JSON is YAML: the same value said as JSON reads as the same value. */
static void say_again(struct arena *a, const struct yaml_node *root)
{
	struct flow_errors errors = { .arena = a };
	json_t *value = yaml_to_json(root);
	char *text = json_dump(value);

	must(text);
	if (strlen(text) < SAME_AGAIN_MAX && is_plain_ascii(str_from(text))) {
		struct yaml_node *again = yaml_parse(a, "again", str_from(text), &errors);

		must(again && errors.n == 0);
		json_t *same = yaml_to_json(again);

		must(json_equal(value, same));
		json_decref(same);
	}
	free(text);
	json_decref(value);
}

static void check_errors(const struct flow_errors *errors)
{
	must(errors->n <= FLOW_ERRORS_MAX);
	for (size_t i = 0; i < errors->n; i++) {
		must(errors->v[i].message && *errors->v[i].message);
		must(i == 0 || errors->v[i - 1].at.line <= errors->v[i].at.line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct flow_errors errors = { .arena = a };
	struct str text = { (const char *)data, size };
	struct walk w = { .a = a, .lines = 1, .errors = { .arena = a } };
	msec_t span;

	/* every break that YAML knows begins with one of these bytes */
	for (size_t i = 0; i < size; i++)
		w.lines += data[i] == '\n' || data[i] == '\r' || data[i] == 0xc2 || data[i] == 0xe2;
	struct yaml_node *root = yaml_parse(a, "fuzz.yaml", text, &errors);

	check_errors(&errors);
	must(root || errors.n);
	if (root)
		walk(&w, root, 1);
	if (root && !errors.n)
		say_again(a, root);
	if (span_parse(text, &span))
		must(span >= 0);
	arena_destroy(a);
	return 0;
}
