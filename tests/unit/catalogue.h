/*
 * The built-in flows in a plausible run: everything that prompts can ask for is there. For the
 * tests of the catalogue and for `./dev bench prompts`.
 */
#ifndef TESTS_CATALOGUE_H
#define TESTS_CATALOGUE_H

#include "base/json.h"
#include "base/limits.h"
#include "flow/prompt.h"

#include <stdlib.h>

/* Names that must not reach an agent whose only tool is the web. */
#define CATALOGUE_REPO "SECRET-NAME"
#define CATALOGUE_PATH "secret/place.md"
#define CATALOGUE_REF "secret-branch"

struct catalogue {
	struct library *lib;
	struct expr_vm *vm;
	struct arena *arena;
	enum flow_size size;
	bool signals; /* all of them, or none */
	struct scope scope;
};

static inline json_t *catalogue_signals(bool all)
{
	static const char *const names[] = { "concurrency", "sql", "migrations", "network", "auth",
		"ui", "tests" };
	json_t *v = json_pack("{s:i, s:i, s:i, s:i}", "files", 300, "lines", 60000, "focus_files",
	    20, "changed_files", 3);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set_new(v, names[i], json_boolean(all));
	return v;
}

static inline json_t *catalogue_repo(void)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:i, s:{s:{s:i, s:i}, s:{s:i, s:i}}}", "name",
	    CATALOGUE_REPO, "commit", "0123456789abcdef", "branch", CATALOGUE_REF, "dirty", 1,
	    "files", 300, "languages", "C", "files", 250, "lines", 50000, "Shell", "files", 50,
	    "lines", 10000);
}

static inline json_t *catalogue_name(void *ctx, struct str n)
{
	const struct catalogue *c = ctx;

	if (str_is(n, "question"))
		return json_string("How are exports paused and resumed?");
	if (str_is(n, "input"))
		return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "question", "How?", "base",
		    CATALOGUE_REF, "document", CATALOGUE_PATH, "because", "an incident", "purpose",
		    "a release", "readers", "support");
	if (str_is(n, "focus"))
		return json_string(CATALOGUE_PATH);
	if (str_is(n, "repo"))
		return catalogue_repo();
	if (str_is(n, "signals"))
		return catalogue_signals(c->signals);
	if (str_is(n, "items"))
		return json_string("S1 [high] A title (" CATALOGUE_PATH ":1)");
	if (str_is(n, "size"))
		return json_string(flow_size_name(c->size));
	if (str_is(n, "change"))
		return json_pack("{s:s, s:s, s:[{s:s}]}", "kind", "base", "title", "a change",
		    "chunks", "text", "@@ h1 @@");
	if (str_is(n, "chunk"))
		return json_pack("{s:s}", "text", "@@ h1 @@");
	if (str_is(n, "fast"))
		return json_false();
	return str_is(n, "round") ? json_integer(1) : NULL;
}

static inline json_t *catalogue_step(void *ctx, struct str id, struct str field)
{
	(void)ctx;
	(void)id;
	if (str_is(field, "output"))
		return json_string("### S1: What another agent wrote\nSeverity: high\n"
				   "Evidence: `" CATALOGUE_PATH ":1` \"quoted text\"\n");
	if (str_is(field, "json"))
		return json_pack(
		    "{s:s, s:b}", "summary", "one was refuted", "recommendation_hit", 1);
	if (str_is(field, "findings"))
		return json_pack("[{s:s}, {s:s}, {s:s}]", "id", "S1", "id", "S2", "id", "S3");
	return str_is(field, "label") ? json_string("Label") : json_string("completed");
}

static inline void catalogue_open(struct catalogue *c, struct arena *a)
{
	*c = (struct catalogue){ .lib = library_create(), .vm = expr_create(), .arena = a };
	library_add_builtin(c->lib);
	library_check(c->lib);
	c->scope = (struct scope){ c, catalogue_name, catalogue_step };
}

static inline void catalogue_close(struct catalogue *c)
{
	expr_destroy(c->vm);
	library_destroy(c->lib);
}

/* The size at which S exists: its own, or that of what it is nested in. */
static inline enum flow_size catalogue_size(const struct flow_step *s)
{
	enum flow_size size = s->size;

	for (; s; s = s->parent)
		size = s->size > size ? s->size : size;
	return size;
}

/* Is S an agent of the run, at the size and with the signals that C has? -1: cannot be told. */
static inline int catalogue_takes_part(struct catalogue *c, const struct flow_step *s)
{
	bool yes = true;
	struct err err;

	if (s->kind != KIND_AGENT || catalogue_size(s) > c->size)
		return 0;
	if (s->cond.text.p && expr_test(c->vm, &s->cond, &c->scope, &yes, &err) < 0)
		return -1;
	return yes;
}

static inline int catalogue_prompt(struct catalogue *c, const struct flow *f,
    const struct flow_step *s, struct prompt *ret, struct err *err)
{
	const struct prompt_spec spec = {
		.lib = c->lib, .flow = f, .step = s, .vm = c->vm, .scope = &c->scope
	};

	return prompt_build(c->arena, &spec, ret, err);
}

/* How many bytes two texts begin with alike. */
static inline size_t catalogue_common(struct str x, struct str y)
{
	size_t n = 0;

	while (n < x.n && n < y.n && x.p[n] == y.p[n])
		n++;
	return n;
}

#endif
