#include "rehearsal/priv.h"

#include <ctype.h>
#include <stdlib.h>

/*
 * Where functions begin and end, by their looks: a line that names something with an opening
 * parenthesis, and the line that closes it at the same indentation. Most languages people write
 * today keep to that; where the looks deceive, no block is found rather than a wrong one.
 */

#define HEAD_LINES 8	/* a signature may run over so many lines */
#define STEPS_A_LINE 32 /* lines looked at in search of an end, for each line of the file */

struct finder {
	const struct view *v;
	enum language l;
	size_t steps; /* left; a hostile file shall not cost more than a long one */
};

/* Leading white space in bytes. */
static size_t indent_of(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n;
}

/* The word that ends right before offset AT. */
static struct str word_before(struct str s, size_t at)
{
	size_t from;

	while (at > 0 && s.p[at - 1] == ' ')
		at--;
	if (at > 0 && s.p[at - 1] == '>') { /* type parameters */
		while (at > 0 && s.p[at - 1] != '<')
			at--;
		at = at ? at - 1 : 0;
	}
	for (from = at; from > 0 && is_word_byte(s.p[from - 1]);)
		from--;
	return (struct str){ s.p + from, at - from };
}

/* Words in front of a parenthesis that name no function. */
static bool is_keyword(struct str word)
{
	static const char words[] = " if for while switch return else do catch case sizeof new "
				    "throw await typeof with match "
				    "elif when using lock foreach loop let try unless until "
				    "synchronized describe it test suite "
				    "context beforeEach afterEach beforeAll afterAll ";
	char key[24] = " ";

	if (word.n == 0 || word.n > sizeof(key) - 3)
		return word.n == 0;
	memcpy(key + 1, word.p, word.n);
	key[word.n + 1] = ' ';
	return strstr(words, key) != NULL || isdigit((unsigned char)*word.p);
}

/* The name in front of the first parenthesis; a Go method has its receiver in one before that. */
static struct str name_of(struct str s)
{
	ptrdiff_t open = str_chr(s, '(');
	struct str name = open > 0 ? word_before(s, (size_t)open) : (struct str){ "", 0 };

	if (str_is(name, "func")) {
		ptrdiff_t close = str_chr(s, ')');
		struct str rest = str_skip(s, close < 0 ? s.n : (size_t)close + 1);

		open = str_chr(rest, '(');
		name = open > 0 ? word_before(rest, (size_t)open) : (struct str){ "", 0 };
	}
	if (open > 0 && memchr(s.p, '=', (size_t)str_chr(s, '(')))
		name.n = 0;
	return is_keyword(name) ? (struct str){ "", 0 } : name;
}

/* --- languages with braces
 * ------------------------------------------------------------------------- */

static struct str first_word(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_word_byte(s.p[n]))
		n++;
	return str_take(s, n);
}

/* Methods stand indented; in C something indented that begins with the name is a call. */
static bool may_begin(enum language l, struct str s, struct str name)
{
	struct str trimmed = str_trim(s);

	if (trimmed.p == s.p)
		return true;
	return l == LANG_JVM || l == LANG_SCRIPT || l == LANG_PHP || l == LANG_RUST ||
	       (l == LANG_C && trimmed.p != name.p);
}

/* Do the lines from I on open a brace before a statement ends? */
static bool opens_brace(const struct view *v, size_t i)
{
	for (size_t k = i; k < v->n && k < i + HEAD_LINES; k++) {
		struct str s = str_trim(v->lines[k].text);

		if (v->lines[k].no != v->lines[i].no + (k - i))
			return false;
		if (str_ends(s, STR("{")))
			return true;
		if (str_ends(s, STR(";")) || str_ends(s, STR("}")) || (k > i && s.n == 0))
			return false;
	}
	return false;
}

/* Is there a line K right behind the one before it, and may it still be looked at? */
static bool goes_on(struct finder *f, size_t k)
{
	if (k >= f->v->n || f->steps == 0 || f->v->lines[k].no != f->v->lines[k - 1].no + 1)
		return false;
	f->steps--;
	return true;
}

/* The line that closes what opened at I; 0 when it was not read. */
static size_t closing_brace(struct finder *f, size_t i)
{
	size_t indent = indent_of(f->v->lines[i].text);

	for (size_t k = i + 1; goes_on(f, k); k++) {
		struct str s = f->v->lines[k].text, trimmed = str_trim(s);

		if (trimmed.n == 0 || indent_of(s) > indent)
			continue;
		if (str_starts(trimmed, STR("}")))
			return str_starts(trimmed, STR("})")) ? 0 : k;
		if (indent_of(s) < indent)
			return 0;
	}
	return 0;
}

static size_t brace_block(struct finder *f, size_t i, struct str *ret_name)
{
	struct str s = f->v->lines[i].text, trimmed = str_trim(s);

	if (trimmed.n == 0 || strchr("#}{*/@&|?.,", *trimmed.p) || is_keyword(first_word(trimmed)))
		return 0;
	*ret_name = name_of(trimmed);
	if (!ret_name->n || !may_begin(f->l, s, *ret_name) || !opens_brace(f->v, i))
		return 0;
	return closing_brace(f, i);
}

/* --- languages without
 * ------------------------------------------------------------------------------ */

/* The name after "def" or "function", or an empty text. */
static struct str defined_name(struct str s)
{
	static const char *const words[] = { "async def ", "def ", "local function ", "function " };

	s = str_trim(s);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (str_starts(s, str_from(words[i])))
			return first_word(str_skip(s, strlen(words[i])));
	}
	return (struct str){ "", 0 };
}

/* The last line of an indented block, if something behind it was read as well. */
static size_t indented_block(struct finder *f, size_t i, struct str *ret_name)
{
	size_t indent = indent_of(f->v->lines[i].text), last = i, k;

	*ret_name = defined_name(f->v->lines[i].text);
	if (!ret_name->n)
		return 0;
	for (k = i + 1; goes_on(f, k); k++) {
		struct str s = f->v->lines[k].text, trimmed = str_trim(s);

		if (trimmed.n == 0)
			continue;
		if (indent_of(s) <= indent && *trimmed.p != ')')
			return last;
		last = k;
	}
	return f->v->whole && k == f->v->n ? last : 0;
}

/* "def … end" at the same indentation. */
static size_t ended_block(struct finder *f, size_t i, struct str *ret_name)
{
	size_t indent = indent_of(f->v->lines[i].text);

	*ret_name = defined_name(f->v->lines[i].text);
	if (!ret_name->n)
		return 0;
	for (size_t k = i + 1; goes_on(f, k); k++) {
		struct str s = f->v->lines[k].text, trimmed = str_trim(s);

		if (trimmed.n == 0 || indent_of(s) > indent)
			continue;
		return str_is(trimmed, "end") || str_is(trimmed, "}") ? k : 0;
	}
	return 0;
}

/* --- the whole
 * --------------------------------------------------------------------------------------- */

static size_t block_at(struct finder *f, size_t i, struct str *ret_name)
{
	if (f->l == LANG_PYTHON)
		return indented_block(f, i, ret_name);
	if (f->l == LANG_RUBY || f->l == LANG_LUA)
		return ended_block(f, i, ret_name);
	if (language_is_code(f->l) && f->l != LANG_SQL)
		return brace_block(f, i, ret_name);
	return 0;
}

size_t blocks_find(struct arena *a, const struct view *v, struct block **ret)
{
	struct finder f = { v, language_of(v->path), STEPS_A_LINE * v->n };
	bool nested = f.l == LANG_SCRIPT || f.l == LANG_JVM || f.l == LANG_C;
	struct block *blocks = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < v->n; i++) {
		struct str name = { "", 0 };
		size_t last = block_at(&f, i, &name);

		if (!last)
			continue;
		blocks = arena_grow(a, blocks, n, &cap, sizeof(*blocks));
		blocks[n++] = (struct block){ name, i, last };
		if (!nested)
			i = last;
	}
	*ret = blocks;
	return n;
}
