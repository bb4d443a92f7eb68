/* Which steps and names a piece of Lua reads, as far as its tokens tell. */
#include "base/map.h"
#include "flow/expr.h"
#include "flow/scan.h"

static const char *const keywords[] = { "and", "break", "do", "else", "elseif", "end", "false",
	"for", "function", "goto", "if", "in", "local", "nil", "not", "or", "repeat", "return",
	"then", "true", "until", "while", NULL };

struct finder {
	struct arena *arena;
	struct map steps, names, locals;
	struct token before, now, after;
	struct scanner scanner;
};

static bool is_keyword(struct str s)
{
	for (const char *const *k = keywords; *k; k++)
		if (str_is(s, *k))
			return true;
	return false;
}

static void note(struct map *m, struct str s)
{
	if (s.n)
		map_put(m, s, m);
}

static void advance(struct finder *f)
{
	f->before = f->now;
	f->now = f->after;
	f->after = scan_next(&f->scanner);
}

static bool is_other(const struct token *t, const char *text)
{
	return t->type == TOKEN_OTHER && str_is(t->text, text);
}

static bool is_word(const struct token *t, const char *text)
{
	return t->type == TOKEN_NAME && str_is(t->text, text);
}

/* "a, b, c" after `local` or `for`. */
static void declare_list(struct finder *f)
{
	while (f->after.type == TOKEN_NAME && !is_keyword(f->after.text)) {
		advance(f);
		note(&f->locals, f->now.text);
		if (!is_other(&f->after, ","))
			return;
		advance(f);
	}
}

static void declare_function(struct finder *f)
{
	while (
	    f->after.type == TOKEN_NAME || is_other(&f->after, ".") || is_other(&f->after, ":")) {
		advance(f);
		if (f->now.type == TOKEN_NAME)
			note(&f->locals, f->now.text);
	}
	if (!is_other(&f->after, "("))
		return;
	advance(f);
	declare_list(f);
}

static bool is_field(const struct finder *f)
{
	return is_other(&f->before, ".") || is_other(&f->before, ":") ||
	       is_other(&f->before, "::") || is_word(&f->before, "goto");
}

/* `{ name = …` */
static bool is_table_key(const struct finder *f)
{
	return is_other(&f->after, "=") &&
	       (is_other(&f->before, "{") || is_other(&f->before, ",") ||
		   is_other(&f->before, ";"));
}

static void find_step(struct finder *f)
{
	if (is_other(&f->after, ".")) {
		advance(f);
		if (f->after.type == TOKEN_NAME)
			note(&f->steps, f->after.text);
	} else if (is_other(&f->after, "[")) {
		advance(f);
		if (f->after.type == TOKEN_STRING)
			note(&f->steps, f->after.text);
	}
}

static void look(struct finder *f)
{
	if (f->now.type != TOKEN_NAME || is_field(f))
		return;
	if (is_word(&f->now, "local") || is_word(&f->now, "for")) {
		if (is_word(&f->after, "function"))
			return;
		declare_list(f);
	} else if (is_word(&f->now, "function")) {
		declare_function(f);
	} else if (!is_keyword(f->now.text) && !is_table_key(f)) {
		note(&f->names, f->now.text);
		if (is_word(&f->now, "steps"))
			find_step(f);
	}
}

static void result(
    const struct finder *f, const struct map *from, const struct map *without, struct strs *ret)
{
	if (!ret)
		return;
	ret->v = arena_array(f->arena, from->n, sizeof(struct str));
	ret->n = 0;
	map_each (from, e)
		if (!without || !map_get(without, e->key))
			ret->v[ret->n++] = e->key;
}

void expr_names(struct arena *a, struct str text, struct strs *ret_steps, struct strs *ret_names)
{
	struct finder f = { .arena = a, .scanner = { text, 0 } };

	map_init(&f.steps, a);
	map_init(&f.names, a);
	map_init(&f.locals, a);
	f.after = scan_next(&f.scanner);
	for (advance(&f); f.now.type != TOKEN_END; advance(&f))
		look(&f);
	result(&f, &f.steps, NULL, ret_steps);
	result(&f, &f.names, &f.locals, ret_names);
}
