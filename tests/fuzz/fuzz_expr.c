/*
 * Expressions and templates over a small fixed scope. The same text gives the same value or the
 * same error in a machine that has worked before and in a new one; what does not compile does not
 * evaluate; what is fenced does not hold its own delimiter.
 */
#include "must.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "flow/template.h"

#include <stdint.h>

#define RENDER_MAX KIB(64)

static json_t *name(void *ctx, struct str n)
{
	(void)ctx;
	if (str_is(n, "question"))
		return json_string("why is it slow? {{ size }}");
	if (str_is(n, "input"))
		return json_pack("{s:s, s:b}", "base", "main", "deep", 1);
	if (str_is(n, "size"))
		return json_string("medium");
	if (str_is(n, "fast"))
		return json_false();
	if (str_is(n, "repo"))
		return json_pack(
		    "{s:s, s:{s:{s:i}}}", "name", "sample", "languages", "C", "files", 3);
	if (str_is(n, "signals"))
		return json_pack("{s:b, s:i, s:f}", "sql", 0, "lines", 1200, "share", 0.25);
	if (str_is(n, "item"))
		return json_pack("{s:s, s:[i,i,n], s:{}}", "path", "src/a.c", "list", 3, 1, "none");
	if (str_is(n, "items"))
		return json_string("S1 [high] a title (src/a.c:12)\nDATA-00000000");
	return NULL;
}

static json_t *step(void *ctx, struct str id, struct str field)
{
	(void)ctx;
	if (!str_is(id, "a") && !str_is(id, "b-c"))
		return NULL;
	if (str_is(field, "output"))
		return json_string("text of a step\n>>> {{ question }}\n");
	if (str_is(field, "json"))
		return json_pack("{s:[{s:s},{s:s}]}", "list", "x", "one", "x", "two");
	if (str_is(field, "status"))
		return json_string("completed");
	return NULL;
}

static const struct scope scope = { NULL, name, step };

/* What an evaluation came to: the value as text, or the error. */
struct outcome {
	int rc;
	char *text;
	struct err err;
	bool truth;
};

static struct outcome evaluate(struct expr_vm *vm, const struct source *src)
{
	struct outcome o = { 0 };
	json_t *value = NULL;

	o.rc = expr_eval(vm, src, &scope, &value, &o.err);
	must(o.rc == 0 || o.rc == -EINVAL || o.rc == -E2BIG);
	if (o.rc) {
		must(o.err.code == o.rc && str_starts(str_from(o.err.what), STR("fuzz:")));
		return o;
	}
	must(value);
	o.truth = !json_is_null(value) && !json_is_false(value);
	o.text = json_dump_canonical(value);
	must(o.text);
	json_decref(value);
	return o;
}

/* Where the budget ends depends on what the machine held before, so its end is not compared. */
static void check_same(const struct outcome *x, const struct outcome *y)
{
	if (x->rc == -E2BIG || y->rc == -E2BIG)
		return;
	must(x->rc == y->rc);
	if (x->rc)
		must(strcmp(x->err.what, y->err.what) == 0);
	else
		must(strcmp(x->text, y->text) == 0);
}

static void check_expression(struct expr_vm *used, const struct source *src)
{
	struct expr_vm *fresh = expr_create();
	struct outcome x = evaluate(used, src), y = evaluate(fresh, src);
	struct err err;
	bool truth = false;

	check_same(&x, &y);
	if (expr_check(src, &err) < 0)
		must(x.rc < 0);
	if (expr_test(used, src, &scope, &truth, &err) == 0 && x.rc == 0)
		must(truth == x.truth);
	free(x.text);
	free(y.text);
	expr_destroy(fresh);
}

static void check_names(struct arena *a, struct str text)
{
	struct strs steps, names;

	expr_names(a, text, &steps, &names);
	for (size_t i = 0; i < steps.n; i++)
		must(steps.v[i].n && str_contains(text, steps.v[i]));
	for (size_t i = 0; i < names.n; i++)
		must(names.v[i].n && str_contains(text, names.v[i]));
}

static void check_template(struct arena *a, struct expr_vm *vm, const struct source *src)
{
	struct flow_errors errors = { .arena = a };
	int bad = template_check(a, src, &errors);
	struct str plain, again, prompt;
	struct strs steps, names;
	struct err err;

	must((bad < 0) == (errors.n > 0));
	template_names(a, src->text, &steps, &names);
	int rc = template_render(a, vm, src, &scope, TEMPLATE_PLAIN, RENDER_MAX, &plain, &err);

	if (bad)
		must(rc < 0);
	if (rc < 0)
		return;
	must(plain.n <= RENDER_MAX);
	if (!str_contains(src->text, STR("{{")))
		must(str_eq(plain, src->text) && names.n == 0);
	rc = template_render(a, vm, src, &scope, TEMPLATE_PLAIN, RENDER_MAX, &again, &err);
	must(rc == -E2BIG || (rc == 0 && str_eq(plain, again)));
	rc = template_render(a, vm, src, &scope, TEMPLATE_PROMPT, RENDER_MAX, &prompt, &err);
	must(rc == -E2BIG || (rc == 0 && prompt.n >= plain.n));
}

/* "<<<D label", the text, "D>>>", and D nowhere in between. */
static void check_fence(struct arena *a, struct str text)
{
	struct str fenced = template_fence(a, STR("label"), text), rest = fenced;
	struct str first = str_line(&rest), mark = str_skip(first, 3);

	must(str_starts(first, STR("<<<DATA-")));
	mark = str_split(&mark, ' ');
	must(str_starts(rest, text) && !str_contains(text, mark));
	rest = str_skip(rest, text.n);
	if (str_starts(rest, STR("\n")))
		rest = str_skip(rest, 1);
	must(str_starts(rest, mark) && str_is(str_skip(rest, mark.n), ">>>\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct expr_vm *used; /* for the life of the process, like that of an engine */
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	/* texts of flows are valid UTF-8 without NUL; the reader of YAML sees to it */
	struct str text = utf8_clean(a, (struct str){ (const char *)data, size });
	const struct source src = { text, { "fuzz", 3, 7 } };

	if (!used)
		used = expr_create();
	if (!str_contains(text, STR("{{")))
		check_expression(used, &src);
	check_names(a, text);
	check_template(a, used, &src);
	check_fence(a, text);
	arena_destroy(a);
	return 0;
}
