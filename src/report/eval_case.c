/* A case of an evaluation: its case.yaml. */
#include "report/eval.h"

#include "base/limits.h"
#include "flow/errors.h"

#define LINE_MAX_NO 10000000

const char *const eval_case_keys[] = { "name", "language", "flow", "question", "base", "defects",
	"decoys", NULL };
const char *const eval_defect_keys[] = { "id", "path", "lines", "about", "severity", NULL };
const char *const eval_decoy_keys[] = { "path", "lines", "about", NULL };

struct reader {
	struct arena *a;
	struct flow_errors *errors;
};

static bool is_map(
    struct reader *r, const struct yaml_node *node, const char *const *keys, const char *what)
{
	if (node->type != YAML_MAP) {
		flow_error_add(r->errors, node->at, "%s is a map", what);
		return false;
	}
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];
		bool known = false;

		for (const char *const *k = keys; *k; k++)
			known |= str_is(p->key, *k);
		if (known)
			continue;
		const char *near = nearest_word(p->key, keys);

		flow_error_add(r->errors, p->at, "unknown key '%.*s' in %s%s%s%s",
		    STR_ARG(str_take(p->key, 60)), what, near ? "; did you mean '" : "",
		    near ? near : "", near ? "'?" : "");
	}
	return true;
}

/* The text of KEY; an error when it is wanted and not there, or empty. */
static struct str text_of(
    struct reader *r, const struct yaml_node *map, const char *key, bool wanted)
{
	const struct yaml_node *node = yaml_get(map, key);
	struct str s = { "", 0 };

	if (node && !yaml_read_text(node, r->errors, &s))
		return s;
	s = str_trim(s);
	if (!s.n && (wanted || node))
		flow_error_add(r->errors, node ? node->at : map->at, "%s is missing", key);
	return s;
}

static void read_lines(struct reader *r, const struct yaml_node *map, struct eval_place *p)
{
	const struct yaml_node *node = yaml_get(map, "lines");

	if (!node || node->type != YAML_LIST || node->n != 2) {
		flow_error_add(r->errors, node ? node->at : map->at,
		    "lines is a list of two: the first and the last, such as [12, 14]");
		return;
	}
	if (!yaml_read_uint(node->items[0], LINE_MAX_NO, r->errors, &p->line) ||
	    !yaml_read_uint(node->items[1], LINE_MAX_NO, r->errors, &p->end))
		return;
	if (!p->line || p->end < p->line)
		flow_error_add(r->errors, node->at, "lines begin at 1, and the last is no earlier");
}

static void read_words(
    struct reader *r, const struct yaml_node *map, bool wanted, struct eval_place *p)
{
	const struct yaml_node *node = yaml_get(map, "about");

	if (!node) {
		if (wanted)
			flow_error_add(r->errors, map->at, "about is missing");
		return;
	}
	if (!yaml_read_texts(r->a, node, r->errors, &p->words))
		return;
	if (!p->words.n || p->words.n > EVAL_WORDS_MAX)
		flow_error_add(
		    r->errors, node->at, "about is a text or a list of 1 to %d", EVAL_WORDS_MAX);
	for (size_t i = 0; i < p->words.n; i++) {
		p->words.v[i] = str_trim(p->words.v[i]);
		if (!p->words.v[i].n)
			flow_error_add(r->errors, node->at, "about has an empty text");
	}
}

/* Relative, inside of the case's repository, as a report names it. */
static void read_path(struct reader *r, const struct yaml_node *map, struct eval_place *p)
{
	const struct yaml_node *node = yaml_get(map, "path");

	p->path = text_of(r, map, "path", true);
	if (p->path.n && (p->path.p[0] == '/' || str_starts(p->path, STR("./")) ||
			     str_contains(p->path, STR("..")) || p->path.n >= PATH_BYTES_MAX))
		flow_error_add(
		    r->errors, node->at, "path is relative to the case's repository, without ./");
}

static void read_place(
    struct reader *r, const struct yaml_node *map, bool wanted, struct eval_place *p)
{
	read_path(r, map, p);
	read_lines(r, map, p);
	read_words(r, map, wanted, p);
}

static bool is_id(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
			s.p[i] == '-'))
			return false;
	return s.n > 0 && s.n <= 64;
}

static struct str read_id(struct reader *r, const struct yaml_node *map, const char *key)
{
	struct str id = text_of(r, map, key, true);

	if (id.n && !is_id(id))
		flow_error_add(r->errors, yaml_get(map, key)->at,
		    "%s is made of 1 to 64 of a-z, 0-9 and -", key);
	return id;
}

static void read_defect(
    struct reader *r, const struct yaml_node *map, struct eval_case *c, struct eval_defect *d)
{
	struct str least;

	if (!is_map(r, map, eval_defect_keys, "a defect"))
		return;
	d->id = read_id(r, map, "id");
	read_place(r, map, true, &d->at);
	for (const struct eval_defect *o = c->defects; d->id.n && o < d; o++)
		if (str_eq(o->id, d->id))
			flow_error_add(
			    r->errors, map->at, "there is another defect '%.*s'", STR_ARG(d->id));
	least = text_of(r, map, "severity", false);
	int severity = least.n ? severity_parse(least) : SEVERITY_NONE;

	if (severity < 0)
		flow_error_add(r->errors, yaml_get(map, "severity")->at,
		    "severity is note, low, medium, high or critical");
	else
		d->least = (enum severity)severity;
}

/* The list at KEY, or NULL with an error when it cannot be one. */
static const struct yaml_node *list_of(
    struct reader *r, const struct yaml_node *root, const char *key)
{
	const struct yaml_node *node = yaml_get(root, key);

	if (!node)
		return NULL;
	if (node->type == YAML_LIST && node->n <= EVAL_PLACES_MAX)
		return node;
	flow_error_add(r->errors, node->at, "%s is a list of at most %d", key, EVAL_PLACES_MAX);
	return NULL;
}

static void read_places(struct reader *r, const struct yaml_node *root, struct eval_case *c)
{
	const struct yaml_node *defects = list_of(r, root, "defects"),
			       *decoys = list_of(r, root, "decoys");

	if (!yaml_get(root, "defects") && !yaml_get(root, "decoys"))
		flow_error_add(r->errors, root->at, "a case has defects, decoys or both");
	if (defects)
		c->defects = arena_array(r->a, defects->n, sizeof(*c->defects));
	for (; defects && c->n_defects < defects->n; c->n_defects++)
		read_defect(r, defects->items[c->n_defects], c, &c->defects[c->n_defects]);
	if (decoys)
		c->decoys = arena_array(r->a, decoys->n, sizeof(*c->decoys));
	for (; decoys && c->n_decoys < decoys->n; c->n_decoys++)
		if (is_map(r, decoys->items[c->n_decoys], eval_decoy_keys, "a decoy"))
			read_place(r, decoys->items[c->n_decoys], false, &c->decoys[c->n_decoys]);
}

bool eval_case_parse(struct arena *a, const char *file, struct str text, struct flow_errors *errors,
    struct eval_case *ret)
{
	struct reader r = { a, errors };
	size_t before = errors->n;
	const struct yaml_node *root = yaml_parse(a, file, text, errors);

	*ret = (struct eval_case){ 0 };
	if (!root || !is_map(&r, root, eval_case_keys, "a case"))
		return false;
	ret->name = read_id(&r, root, "name");
	ret->language = text_of(&r, root, "language", true);
	ret->flow = text_of(&r, root, "flow", true);
	ret->question = text_of(&r, root, "question", true);
	ret->base = text_of(&r, root, "base", false);
	if (ret->question.n > QUESTION_MAX)
		flow_error_add(errors, root->at, "the question is longer than 64 KiB");
	read_places(&r, root, ret);
	return errors->n == before && !errors->more;
}
