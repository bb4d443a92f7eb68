/*
 * Templates. A hole is `{{ expression }}`; `{{{{` stands for a literal `{{`. What is outside of
 * holes is copied, what an expression yields is inserted, and nothing is looked at twice.
 */
#include "flow/template.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "flow/errors.h"
#include "flow/scan.h"

#include <stdint.h>
#include <stdlib.h>

#define PLAIN_MAX 80 /* bytes of a one-line fact that needs no fence */

struct piece {
	struct str text; /* literal, or the expression of a hole */
	bool is_hole;
	struct place at;
};

struct pieces {
	struct str rest;
	struct place at;   /* of rest */
	unsigned indent;   /* column of the first line; later lines begin at 1 */
	const char *error; /* set when a hole has no end */
};

static void move_on(struct pieces *p, size_t n)
{
	for (size_t i = 0; i < n && i < p->rest.n; i++) {
		if (p->rest.p[i] == '\n') {
			p->at.line++;
			p->at.column = p->indent;
		} else {
			p->at.column++;
		}
	}
	p->rest = str_skip(p->rest, n);
}

static struct pieces pieces_of(const struct source *src)
{
	return (struct pieces){ .rest = src->text, .at = src->at, .indent = 1 };
}

static bool take_literal(struct pieces *p, struct piece *ret)
{
	ptrdiff_t hole = str_find(p->rest, STR("{{"));
	size_t n = hole < 0 ? p->rest.n : (size_t)hole;

	if (n == 0 && str_starts(p->rest, STR("{{{{"))) {
		*ret = (struct piece){ .text = STR("{{"), .at = p->at };
		move_on(p, 4);
		return true;
	}
	if (n == 0)
		return false;
	*ret = (struct piece){ .text = str_take(p->rest, n), .at = p->at };
	move_on(p, n);
	return true;
}

/* The next literal or hole; false at the end or at an error. */
static bool next_piece(struct pieces *p, struct piece *ret)
{
	if (!p->rest.n || p->error)
		return false;
	if (take_literal(p, ret))
		return true;
	ptrdiff_t end = scan_hole_end(p->rest, 2);

	ret->is_hole = true;
	ret->at = p->at;
	if (end < 0) {
		p->error = "`{{` without its `}}`";
		return false;
	}
	move_on(p, 2);
	ret->at = p->at;
	ret->text = str_take(p->rest, (size_t)end - 2);
	move_on(p, (size_t)end);
	return true;
}

/* --- fences ----------------------------------------------------------------------------- */

/* A short word made of the text itself: the same text always gets the same delimiter. */
static void delimiter_for(struct str text, char out[32])
{
	char hash[SHA256_HEX];
	unsigned n = 0;

	sha256_of(text, hash);
	do {
		snprintf(out, 32, "DATA-%.8s%s", hash + n, n ? "-" : "");
		n++;
	} while (str_contains(text, str_from(out)) && n < 56);
}

struct str template_fence(struct arena *a, struct str label, struct str text)
{
	char delimiter[32];
	bool newline = text.n && text.p[text.n - 1] == '\n';

	delimiter_for(text, delimiter);
	return str_from(arena_printf(a, "<<<%s %.*s\n%.*s%s%s>>>\n", delimiter, STR_ARG(label),
	    STR_ARG(text), newline ? "" : "\n", delimiter));
}

/* --- rendering -------------------------------------------------------------------------- */

static bool is_one_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_is(word, *words))
			return true;
	return false;
}

static bool names_only_facts(struct arena *a, struct str expr, bool *ret_foreign)
{
	static const char *const foreign[] = { "steps", "item", "items", "repo", "signals",
		"change", "chunk", NULL };
	static const char *const of_repo[] = { "repo", "signals", "change", NULL };
	static const char *const own[] = { "question", "input", "size", "fast", "focus", NULL };
	struct strs names;
	bool facts = true;

	*ret_foreign = false;
	expr_names(a, expr, NULL, &names);
	for (size_t i = 0; i < names.n; i++) {
		bool is_own, is_foreign;

		is_own = is_one_of(names.v[i], own);
		is_foreign = is_one_of(names.v[i], foreign);
		/* anything that is neither ours nor a function may be the name of an item */
		*ret_foreign |= is_foreign || !is_own;
		facts &= !is_foreign || is_one_of(names.v[i], of_repo);
	}
	return facts;
}

static struct str text_of(struct arena *a, const json_t *value)
{
	if (json_is_string(value))
		return arena_dup(
		    a, (struct str){ json_string_value(value), json_string_length(value) });
	char *text = json_dump(value);
	struct str out = arena_dup(a, str_from(text));

	free(text);
	return out;
}

static bool is_plain(const json_t *value, struct str text, bool facts)
{
	if (!json_is_string(value))
		return !json_is_object(value) && !json_is_array(value);
	return facts && text.n <= PLAIN_MAX && str_chr(text, '\n') < 0;
}

struct rendering {
	struct arena *arena;
	struct expr_vm *vm;
	const struct scope *scope;
	enum template_use use;
	size_t each;  /* bytes of one fenced text */
	unsigned cut; /* texts that were longer */
	struct buf b;
	struct err *err;
};

static struct str shortened(struct rendering *r, struct str text)
{
	if (text.n <= r->each)
		return text;
	struct str head = utf8_cut(text, r->each);

	r->cut++;
	return str_from(arena_printf(r->arena, "%.*s\n[cut here: %zu more bytes are left out]\n",
	    STR_ARG(head), text.n - head.n));
}

static void insert(struct rendering *r, const struct piece *hole, const json_t *value)
{
	struct str text = text_of(r->arena, value);
	bool foreign, facts = names_only_facts(r->arena, hole->text, &foreign);

	if (r->use == TEMPLATE_PLAIN || !foreign || !text.n || is_plain(value, text, facts)) {
		buf_add(&r->b, text);
		return;
	}
	if (r->b.n && r->b.p[r->b.n - 1] != '\n')
		buf_addc(&r->b, '\n');
	buf_add(&r->b, template_fence(r->arena, str_trim(hole->text), shortened(r, text)));
}

static int render_hole(struct rendering *r, const struct piece *hole)
{
	const struct source src = { hole->text, hole->at };
	json_t *value;
	int rc = expr_eval(r->vm, &src, r->scope, &value, r->err);

	if (rc)
		return rc;
	if (json_is_null(value)) {
		struct str expr = str_trim(hole->text);

		return err_set(r->err, -EINVAL, "%s:%u: {{ %.*s }} has no value", hole->at.file,
		    hole->at.line, STR_ARG(str_take(expr, 100)));
	}
	insert(r, hole, value);
	json_decref(value);
	return 0;
}

static int render(struct rendering *r, const struct source *src, struct str *ret)
{
	struct pieces p = pieces_of(src);
	struct piece piece = { 0 };
	int rc = 0;

	while (rc == 0 && next_piece(&p, &piece)) {
		if (piece.is_hole)
			rc = render_hole(r, &piece);
		else
			buf_add(&r->b, piece.text);
		piece = (struct piece){ 0 };
	}
	if (rc == 0 && p.error)
		rc = err_set(r->err, -EINVAL, "%s:%u: %s", p.at.file, p.at.line, p.error);
	if (rc == 0 && buf_status(&r->b))
		rc = err_set(r->err, -E2BIG, "%s:%u: the text is larger than %zu bytes",
		    src->at.file, src->at.line, r->b.max);
	if (rc == 0)
		*ret = arena_dup(r->arena, buf_str(&r->b));
	buf_fini(&r->b);
	return rc;
}

int template_render(struct arena *a, struct expr_vm *vm, const struct source *src,
    const struct scope *scope, enum template_use use, size_t max, struct str *ret, struct err *err)
{
	struct rendering r = {
		.arena = a, .vm = vm, .scope = scope, .use = use, .each = SIZE_MAX, .err = err
	};

	buf_init(&r.b, max);
	return render(&r, src, ret);
}

int template_render_cut(struct arena *a, struct expr_vm *vm, const struct source *src,
    const struct scope *scope, size_t max, size_t each, struct str *ret, unsigned *ret_cut,
    struct err *err)
{
	struct rendering r = { .arena = a,
		.vm = vm,
		.scope = scope,
		.use = TEMPLATE_PROMPT,
		.each = each,
		.err = err };

	buf_init(&r.b, max);
	int rc = render(&r, src, ret);

	if (rc == 0)
		*ret_cut = r.cut;
	return rc;
}

/* --- looking ---------------------------------------------------------------------------- */

int template_check(struct arena *a, const struct source *src, struct flow_errors *errors)
{
	struct pieces p = pieces_of(src);
	struct piece piece = { 0 };
	size_t before = errors->n;

	for (; next_piece(&p, &piece); piece = (struct piece){ 0 }) {
		const struct source expr = { piece.text, piece.at };
		struct err err;

		if (piece.is_hole && expr_check(&expr, &err) < 0)
			flow_error_add(
			    errors, piece.at, "%s", arena_cstr(a, flow_error_text(&err)));
	}
	if (p.error)
		flow_error_add(errors, p.at, "%s", p.error);
	return errors->n > before ? -EINVAL : 0;
}

static void merge(struct arena *a, struct strs *into, const struct strs *from)
{
	struct str *all = arena_array(a, into->n + from->n, sizeof(*all));

	if (into->n)
		memcpy(all, into->v, into->n * sizeof(*all));
	if (from->n)
		memcpy(all + into->n, from->v, from->n * sizeof(*all));
	*into = (struct strs){ all, into->n + from->n };
}

void template_names(
    struct arena *a, struct str text, struct strs *ret_steps, struct strs *ret_names)
{
	const struct source src = { .text = text };
	struct pieces p = pieces_of(&src);
	struct piece piece = { 0 };
	struct strs steps = { 0 }, names = { 0 };

	for (; next_piece(&p, &piece); piece = (struct piece){ 0 }) {
		struct strs more_steps, more_names;

		if (!piece.is_hole)
			continue;
		expr_names(a, piece.text, &more_steps, &more_names);
		merge(a, &steps, &more_steps);
		merge(a, &names, &more_names);
	}
	if (ret_steps)
		*ret_steps = steps;
	if (ret_names)
		*ret_names = names;
}
