#include "flow/library_priv.h"

#include "base/limits.h"
#include "flow/embedded.h"
#include "flow/errors.h"
#include "flow/multiply.h"
#include "flow/persona.h"

#include <assert.h>
#include <stdlib.h>

static const char *const kind_names[TEXT_KINDS] = { "flow", "persona", "contract" };

const char *text_kind_name(enum text_kind kind)
{
	return kind_names[kind];
}

int text_kind_parse(struct str name)
{
	for (int k = 0; k < TEXT_KINDS; k++)
		if (str_is(name, kind_names[k]))
			return k;
	return -1;
}

struct library *library_create(void)
{
	struct library *lib = xalloc(sizeof(*lib));

	lib->arena = arena_create("library", ARENA_JOB);
	for (int k = 0; k < TEXT_KINDS; k++)
		map_init(&lib->by_name[k], lib->arena);
	map_init(&lib->withheld, lib->arena);
	return lib;
}

void library_destroy(struct library *lib)
{
	if (!lib)
		return;
	for (size_t i = 0; i < lib->n; i++)
		if (lib->texts[i]->flow)
			flow_release(lib->texts[i]->flow);
	arena_destroy(lib->arena);
	free(lib->texts);
	free(lib->flows);
	free(lib);
}

/* --- adding ----------------------------------------------------------------------------- */

/* "flows/research.yaml" -> "research" */
static struct str base_name(struct str file)
{
	for (size_t i = file.n; i-- > 0;)
		if (file.p[i] == '/')
			file = str_skip(file, i + 1);
	ptrdiff_t dot = str_chr(file, '.');

	return dot > 0 ? str_take(file, (size_t)dot) : file;
}

static int parse_text(struct library *lib, struct text *t)
{
	int rc = 0;

	t->errors.arena = lib->arena;
	if (t->kind == TEXT_FLOW) {
		rc = flow_parse(lib->arena, t->file, t->text, &t->flow, &t->errors);
		if (t->flow)
			t->name = t->flow->name;
	} else if (t->kind == TEXT_PERSONA) {
		struct persona *p = arena_new(lib->arena, struct persona);

		rc = persona_parse(lib->arena, t->file, t->text, p, &t->errors);
		p->origin = t->origin;
		if (rc == 0) {
			t->persona = p;
			t->name = p->name;
		}
	} else if (!contract_section(t->text, "produce").n ||
		   !contract_section(t->text, "review").n) {
		flow_error_add(&t->errors, (struct place){ t->file, 1, 1 },
		    "a contract needs the sections `## Produce` and `## Review`");
		rc = -EINVAL;
	}
	return rc;
}

static void list_flows(struct library *lib)
{
	size_t most = lib->n + lib->withheld.n + 1;

	lib->flows = xrealloc(lib->flows, most * sizeof(struct text *));
	lib->n_flows = 0;
	for (size_t i = 0; i < lib->n; i++) {
		struct text *t = lib->texts[i];

		if (t->kind == TEXT_FLOW &&
		    (t->errors.n || map_get(&lib->by_name[TEXT_FLOW], t->name) == t))
			lib->flows[lib->n_flows++] = t;
	}
	map_each (&lib->withheld, e)
		lib->flows[lib->n_flows++] = e->value;
}

int library_add(
    struct library *lib, enum text_kind kind, const char *file, const char *origin, struct str text)
{
	struct text *t = arena_new(lib->arena, struct text);

	t->kind = kind;
	t->file = arena_cstr(lib->arena, str_from(file));
	t->origin = arena_cstr(lib->arena, str_from(origin));
	t->text = arena_dup(lib->arena, text);
	t->name = base_name(str_from(t->file));
	int rc = parse_text(lib, t);

	if (lib->n == lib->cap) {
		lib->cap = lib->cap ? 2 * lib->cap : 64;
		lib->texts = xrealloc(lib->texts, lib->cap * sizeof(struct text *));
	}
	lib->texts[lib->n++] = t;
	if (rc == 0)
		map_put(&lib->by_name[kind], t->name, t);
	t->entry = (struct flow_entry){ .flow = t->flow,
		.name = t->name,
		.file = t->file,
		.origin = t->origin,
		.errors = t->errors.n ? &t->errors : NULL };
	if (kind == TEXT_FLOW)
		list_flows(lib);
	return rc;
}

/* "flows/research.yaml" -> TEXT_FLOW */
static enum text_kind kind_of_file(const char *name)
{
	int k = 0;

	while (k < TEXT_KINDS && strncmp(name, kind_names[k], strlen(kind_names[k])) != 0)
		k++;
	assert(k < TEXT_KINDS);
	return (enum text_kind)k;
}

void library_add_builtin(struct library *lib)
{
	for (const struct embedded *e = embedded_files; e->name; e++) {
		int rc = library_add(
		    lib, kind_of_file(e->name), e->name, "built in", (struct str){ e->text, e->n });

		(void)rc; /* a test proves that none is broken; a broken one is listed as such */
	}
}

/* --- checking --------------------------------------------------------------------------- */

static void missing(
    struct library *lib, struct text *t, struct place at, enum text_kind kind, struct str name)
{
	if (t->errors.n == FLOW_ERRORS_MAX) {
		t->errors.more = true;
		return;
	}
	const char **words = arena_array(lib->arena, lib->by_name[kind].n + 1, sizeof(*words));
	size_t n = 0;

	map_each (&lib->by_name[kind], e)
		words[n++] = e->key.p;
	const char *near = nearest_word(name, words);

	flow_error_add(&t->errors, at, "unknown %s '%.*s'%s%s%s", text_kind_name(kind),
	    STR_ARG(str_take(name, 64)), near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "");
}

static void unknown_input(struct library *lib, struct text *t, const struct flow_step *s,
    const struct flow *used, size_t k)
{
	const char **words = arena_array(lib->arena, used->n_inputs + 1, sizeof(*words));
	struct str name = s->flow.with[k].name;

	for (size_t i = 0; i < used->n_inputs; i++)
		words[i] = arena_cstr(lib->arena, used->inputs[i].name);
	const char *near = nearest_word(name, words);

	flow_error_add(&t->errors, s->at, "flow '%.*s' has no input '%.*s'%s%s%s",
	    STR_ARG(used->name), STR_ARG(str_take(name, 64)), near ? "; did you mean '" : "",
	    near ? near : "", near ? "'?" : "");
}

static const struct flow_with *with_of(const struct flow_step *s, struct str name)
{
	for (size_t k = 0; k < s->flow.n_with; k++)
		if (str_eq(s->flow.with[k].name, name))
			return &s->flow.with[k];
	return NULL;
}

/*
 * What S hands to the flow that it uses. The question is there without being given; what a template
 * with holes comes to is known only when it runs.
 */
static void check_with(
    struct library *lib, struct text *t, const struct flow_step *s, const struct flow *used)
{
	for (size_t k = 0; k < s->flow.n_with; k++)
		if (!flow_find_input(used, s->flow.with[k].name))
			unknown_input(lib, t, s, used, k);
	for (size_t i = 0; i < used->n_inputs; i++) {
		const struct flow_input *in = &used->inputs[i];
		const struct flow_with *w = with_of(s, in->name);

		if (!in->required || (w ? str_trim(w->value.text).n > 0 : i == 0))
			continue;
		flow_error_add(&t->errors, s->at,
		    "flow '%.*s' needs the input '%.*s', and `with` %s", STR_ARG(used->name),
		    STR_ARG(in->name), w ? "gives it empty" : "does not give it");
	}
}

static void check_use(struct library *lib, struct text *t, const struct flow_step *s)
{
	const struct text *used = map_get(&lib->by_name[TEXT_FLOW], s->flow.use);

	if (!used)
		missing(lib, t, s->at, TEXT_FLOW, s->flow.use);
	else if (used->flow)
		check_with(lib, t, s, used->flow);
}

static void check_references(struct library *lib, struct text *t)
{
	const struct flow *f = t->flow;
	const struct place top = { t->file, 1, 1 };

	for (size_t i = 0; i < f->contracts.n; i++)
		if (!map_get(&lib->by_name[TEXT_CONTRACT], f->contracts.v[i]))
			missing(lib, t, top, TEXT_CONTRACT, f->contracts.v[i]);
	for (size_t i = 0; i < f->n_all; i++) {
		const struct flow_step *s = f->all[i];

		if (s->kind == KIND_AGENT &&
		    !map_get(&lib->by_name[TEXT_PERSONA], s->agent.persona))
			missing(lib, t, s->at, TEXT_PERSONA, s->agent.persona);
		if (s->kind == KIND_FLOW)
			check_use(lib, t, s);
	}
	for (size_t i = 0; i < f->next.n; i++)
		if (!map_get(&lib->by_name[TEXT_FLOW], f->next.v[i]) &&
		    !map_get(&lib->withheld, f->next.v[i]))
			missing(lib, t, top, TEXT_FLOW, f->next.v[i]);
}

/* Of those with T's name, the last one that is sound stands for it; T itself when none is. */
static void give_way(struct library *lib, struct text *t)
{
	for (size_t i = 0; i < lib->n; i++) {
		struct text *other = lib->texts[i];

		if (other->flow && !other->errors.n && str_eq(other->name, t->name))
			map_put(&lib->by_name[TEXT_FLOW], t->name, other);
	}
}

void library_check(struct library *lib)
{
	for (size_t i = 0; i < lib->n; i++) {
		struct text *t = lib->texts[i];

		if (!t->flow || t->errors.n)
			continue;
		check_references(lib, t);
		if (t->errors.n) {
			t->entry.flow = NULL;
			t->entry.errors = &t->errors;
			if (map_get(&lib->by_name[TEXT_FLOW], t->name) == t)
				give_way(lib, t);
		}
	}
	list_flows(lib);
}

/* --- withholding ------------------------------------------------------------------------ */

void library_withhold(struct library *lib, struct str name, const char *file, enum withheld why)
{
	struct text *t = arena_new(lib->arena, struct text);

	t->kind = TEXT_FLOW;
	t->name = arena_dup(lib->arena, name);
	t->file = arena_cstr(lib->arena, str_from(file));
	t->origin = "repository";
	t->entry = (struct flow_entry){
		.name = t->name, .file = t->file, .origin = t->origin, .withheld = why
	};
	map_put(&lib->withheld, t->name, t);
	list_flows(lib);
}

static const struct flow *withheld(const struct text *t, bool hides, struct err *err)
{
	bool changed = t->entry.withheld == WITHHELD_CHANGED;

	err_set(err, -EACCES, "flow '%.*s' is the repository's own, and %s",
	    STR_ARG(str_take(t->name, 64)),
	    changed ? "changed since you accepted it" : "not trusted");
	err_why(err, "%s: what it runs and asks for was %s", t->file,
	    changed ? "something else when you read it" : "written by others");
	err_fix(err, "tutti flows trust %.*s%s%.*s", STR_ARG(str_take(t->name, 64)),
	    hides ? "\nor, to run the other one of that name: tutti flows untrust "
		  : "\nor, for once: ",
	    STR_ARG(hides ? str_take(t->name, 64) : STR("tutti --trust-repo …")));
	err_more(err, "trust");
	return NULL;
}

/* --- looking up ------------------------------------------------------------------------- */

size_t library_count(const struct library *lib)
{
	return lib->n_flows;
}

const struct flow_entry *library_at(const struct library *lib, size_t i)
{
	return &lib->flows[i]->entry;
}

static const struct text *find_prefix(const struct library *lib, struct str name, bool *ret_many)
{
	const struct text *found = NULL;

	*ret_many = false;
	for (size_t i = 0; i < lib->n_flows; i++) {
		if (!str_starts(lib->flows[i]->name, name) || !name.n ||
		    lib->flows[i]->entry.withheld)
			continue;
		if (str_eq(lib->flows[i]->name, name))
			return lib->flows[i];
		*ret_many |= found != NULL;
		found = lib->flows[i];
	}
	return found;
}

static const struct flow *not_found(const struct library *lib, struct str name, struct err *err)
{
	struct arena *a = arena_create("names", MIB(1));
	const char **words = arena_array(a, lib->n_flows + 1, sizeof(*words));

	for (size_t i = 0; i < lib->n_flows; i++)
		words[i] = arena_cstr(a, lib->flows[i]->name);
	const char *near = nearest_word(name, words);

	err_set(err, -ENOENT, "no flow is called '%.*s'", STR_ARG(str_take(name, 64)));
	if (near)
		err_fix(err, "did you mean %s?", near);
	err_fix(err, "tutti flows list");
	arena_destroy(a);
	return NULL;
}

const struct flow *library_flow(const struct library *lib, struct str name, struct err *err)
{
	bool many;
	const struct text *t = find_prefix(lib, name, &many);
	const struct text *own = map_get(&lib->withheld, t && !many ? t->name : name);

	if (own && (!t || own->entry.withheld == WITHHELD_CHANGED))
		return withheld(own, t != NULL, err);
	if (!t)
		return not_found(lib, name, err);
	if (many) {
		err_set(err, -EEXIST, "more than one flow begins with '%.*s'",
		    STR_ARG(str_take(name, 64)));
		err_fix(err, "tutti flows list");
		return NULL;
	}
	if (!t->entry.flow) {
		err_set(err, -EINVAL, "flow '%.*s' has errors", STR_ARG(t->name));
		err_why(err, "%s:%u:%u: %s", t->file, t->errors.v[0].at.line,
		    t->errors.v[0].at.column, t->errors.v[0].message);
		flow_error_fix(err, t->file);
		return NULL;
	}
	return t->entry.flow;
}

const struct persona *library_persona(const struct library *lib, struct str name)
{
	const struct text *t = map_get(&lib->by_name[TEXT_PERSONA], name);

	return t ? t->persona : NULL;
}

struct str library_contract(const struct library *lib, struct str name, enum contract_form form)
{
	const struct text *t = map_get(&lib->by_name[TEXT_CONTRACT], name);

	if (!t)
		return (struct str){ "", 0 };
	return contract_section(t->text, form == FORM_PRODUCE ? "produce" : "review");
}

/* --- all of them ------------------------------------------------------------------------ */

size_t library_memory(const struct library *lib)
{
	return arena_used(lib->arena);
}

size_t library_texts(const struct library *lib)
{
	return lib->n;
}

void library_text_at(const struct library *lib, size_t i, struct library_text *ret)
{
	text_tell(lib, lib->texts[i], ret);
}

void text_tell(const struct library *lib, const struct text *t, struct library_text *ret)
{
	bool sound = !t->errors.n;

	*ret = (struct library_text){ .kind = t->kind,
		.name = t->name,
		.text = t->text,
		.file = t->file,
		.origin = t->origin,
		.flow = sound ? t->flow : NULL,
		.persona = t->persona,
		.errors = sound ? NULL : &t->errors,
		.wins = map_get(&lib->by_name[t->kind], t->name) == t };
}

/* --- several validators ----------------------------------------------------------------- */

static int add_multiplied(struct library *lib, const struct text *t, unsigned n,
    const struct strs *models, struct err *err)
{
	struct str text = t->text;
	bool many = t->flow && !t->errors.n && flow_validators(t->flow, SIZE_LARGE);

	if (many)
		text = flow_multiply(lib->arena, t->flow, n, models);
	if (library_add(lib, t->kind, t->file, t->origin, text) == 0 || !many)
		return 0; /* what was broken before is listed as such again */
	return err_set(
	    err, -E2BIG, "flow '%.*s' is too large with %u validators", STR_ARG(t->name), n);
}

int library_multiply(const struct library *lib, unsigned n, const struct strs *models,
    struct library **ret, struct err *err)
{
	struct library *many = library_create();
	int rc = 0;

	for (size_t i = 0; i < lib->n && !rc; i++)
		rc = add_multiplied(many, lib->texts[i], n, models, err);
	if (rc) {
		library_destroy(many);
		return rc;
	}
	library_check(many);
	*ret = many;
	return 0;
}
