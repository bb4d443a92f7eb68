/*
 * What encloses a line, without knowing the language: the nearest line above it that looks like a
 * definition and is indented less, and what encloses that one. Two kinds of lines look like one:
 *
 *	keyword	  func (s *Server) Close() error {   def close(self):   class Foo   impl A for B {
 *		  pub(crate) fn parse<T>(   export const load = async () => {   struct run {
 *	signature static int read_all(int fd,   public void close() {   close() {   usage() {
 *
 * A signature is a name before a parenthesis with a type or modifiers before it, or alone and with
 * its block behind it. One pass over the file, whatever it holds; a line is judged by its first 400
 * bytes and, where a brace may follow, by the line below.
 *
 * Limits: code that is not indented has no enclosing line; a label, a directive or a closing brace
 *in the first column neither. A definition whose head is broken over lines is found when its name
 * stands in the first of them. Prose that reads like a signature is taken for one. So a symbol is a
 * hint for people and one part of a fingerprint, never a reason to believe or to doubt a finding.
 */
#include "evidence/priv.h"

#include "base/buf.h"

#include <ctype.h>

#define LINE_SEEN 400
#define NAME_MAX_BYTES 80
#define DEPTH_MAX 64
#define LEVELS_MAX 3 /* names of one symbol, the innermost ones */
#define TAB 8

/* --- words of a line ---------------------------------------------------------------------- */

static bool is_name_char(char c)
{
	return is_word_char(c) || (unsigned char)c >= 0x80 || c == '$';
}

static bool is_name_start(char c)
{
	return is_name_char(c) && !isdigit((unsigned char)c);
}

static struct str skip_blanks(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	return s;
}

/* The name S begins with, its parts joined by "::", "." or "-"; empty when there is none. */
static struct str name_of(struct str s)
{
	size_t n = 0;

	if (!s.n || !(is_name_start(s.p[0]) || s.p[0] == '~'))
		return (struct str){ "", 0 };
	for (n = 1; n < s.n; n++) {
		bool joint = n + 1 < s.n && is_name_start(s.p[n + 1]) && strchr(".-", s.p[n]);

		if (str_starts(str_skip(s, n), STR("::")) && n + 2 < s.n &&
		    (is_name_start(s.p[n + 2]) || s.p[n + 2] == '~'))
			n++;
		else if (!joint && !is_name_char(s.p[n]))
			break;
	}
	if (n < s.n && strchr("?!", s.p[n])) /* Ruby; a macro of Rust */
		n++;
	return str_take(s, n);
}

/* The word S begins with; moves S behind it and the blanks there. */
static struct str take_word(struct str *s)
{
	size_t n = 0;

	while (n < s->n && is_name_char(s->p[n]))
		n++;
	struct str word = str_take(*s, n);

	*s = skip_blanks(str_skip(*s, n));
	return word;
}

static bool is_among(struct str word, const char *const *list)
{
	for (; *list; list++)
		if (str_is(word, *list))
			return true;
	return false;
}

/* "(crate)", "(s *Server)", "<T: Ord>", "\"C\"": what stands before a name, and is not it. */
static struct str skip_group(struct str s, char open, char close)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == open && (open != close || !depth))
			depth++;
		else if (s.p[i] == close && !--depth)
			return skip_blanks(str_skip(s, i + 1));
	}
	return s;
}

/* --- keywords ----------------------------------------------------------------------------- */

static const char *const modifiers[] = { "pub", "export", "default", "async", "static", "public",
	"private", "protected", "internal", "abstract", "final", "override", "virtual", "inline",
	"unsafe", "extern", "sealed", "partial", "data", "open", "declare", "readonly", "typedef",
	NULL };
static const char *const callables[] = { "def", "fn", "func", "function", "sub", "proc", "fun",
	"defp", "defmacro", NULL };
static const char *const containers[] = { "class", "struct", "enum", "union", "interface", "trait",
	"protocol", "record", "namespace", "module", "mod", "defmodule", "type", "object", NULL };
static const char *const behind_name[] = { "extends", "implements", "where", "for", "struct",
	"interface", "func", "do", NULL };
static const char *const bindings[] = { "const", "let", "var", NULL };

/* func (s *Server) Close(…): "Server.Close". */
static struct str name_of_callable(struct arena *a, struct str s)
{
	struct str receiver = { "", 0 };

	if (s.n && s.p[0] == '*')
		s = skip_blanks(str_skip(s, 1));
	if (s.n && s.p[0] == '(') {
		struct str rest = skip_group(s, '(', ')'), inside = str_take(s, s.n - rest.n);

		for (inside = str_skip(inside, 1); inside.n;) {
			struct str word = take_word(&inside);

			receiver = word.n ? word : receiver;
			if (!word.n && (inside.p[0] == '[' || inside.p[0] == ')'))
				break;
			inside = word.n ? inside : str_skip(inside, 1);
		}
		s = rest;
	}
	struct str name = str_take(name_of(s), NAME_MAX_BYTES), behind;

	behind = skip_blanks(str_skip(s, name.n));
	if (!name.n || (behind.n && !strchr("(<[{:=|", behind.p[0])))
		return (struct str){ "", 0 };
	receiver = str_take(receiver, NAME_MAX_BYTES);
	return !receiver.n
		   ? name
		   : str_from(arena_printf(a, "%.*s.%.*s", STR_ARG(receiver), STR_ARG(name)));
}

static struct str name_of_container(struct str s)
{
	struct str name = name_of(s), behind = skip_blanks(str_skip(s, name.n)), word = behind;

	if (behind.n && strchr("{:<(=", behind.p[0]))
		return name;
	return !behind.n || is_among(take_word(&word), behind_name) ? name : (struct str){ "", 0 };
}

/* impl<T> Trait for Type {: all of it, so that two blocks of a type differ. */
static struct str name_of_impl(struct str s)
{
	ptrdiff_t brace;

	if (s.n && s.p[0] == '<')
		s = skip_group(s, '<', '>');
	brace = str_chr(s, '{');
	return str_trim(brace < 0 ? s : str_take(s, (size_t)brace));
}

/* const load = async (x) => {   const load = function (x) { */
static struct str name_of_binding(struct str s)
{
	struct str name = name_of(s);
	ptrdiff_t equals = str_chr(s, '=');
	struct str value = equals < 0 ? (struct str){ "", 0 } : str_skip(s, (size_t)equals + 1);
	struct str word = skip_blanks(value), first = take_word(&word);

	if (str_is(first, "async"))
		first = take_word(&word);
	if (str_is(first, "function"))
		return name;
	if ((first.n || str_starts(word, STR("("))) && str_contains(value, STR("=>")))
		return name;
	return (struct str){ "", 0 };
}

static struct str by_keyword(struct arena *a, struct str line)
{
	struct str s = line, word = take_word(&s);

	while (is_among(word, modifiers) && s.n) {
		if (s.p[0] == '(')
			s = skip_group(s, '(', ')');
		else if (s.p[0] == '"')
			s = skip_group(s, '"', '"');
		word = take_word(&s);
	}
	if (is_among(word, bindings))
		return name_of_binding(s);
	if (str_is(word, "macro_rules") && str_starts(s, STR("!")))
		return name_of(skip_blanks(str_skip(s, 1)));
	if (s.p == word.p + word.n && !str_starts(s, STR("*")) && !str_starts(s, STR("<")))
		return (struct str){ "", 0 }; /* "class=", "type:", "func(" */
	if (is_among(word, callables))
		return name_of_callable(a, s);
	if (str_is(word, "impl"))
		return name_of_impl(s);
	return is_among(word, containers) ? name_of_container(s) : (struct str){ "", 0 };
}

/* --- signatures --------------------------------------------------------------------------- */

static const char *const statements[] = { "if", "else", "for", "foreach", "while", "switch", "case",
	"do", "return", "catch", "try", "throw", "throws", "new", "delete", "sizeof", "await",
	"yield", "assert", "print", "printf", "echo", "goto", "elif", "elsif", "except", "raise",
	"with", "in", "is", "not", "and", "or", "import", "from", "include", "require", "use",
	"using", "lambda", "match", "defer", "go", "select", "unless", "until", "when", "puts",
	"typeof", "co_return", "super", "this", "self", "let", "var", "const", "type", "see",
	"where", NULL };

static size_t parens_open(struct str s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		depth += s.p[i] == '(';
		depth -= s.p[i] == ')' && depth;
	}
	return depth;
}

/* Types and modifiers: names, and the marks that types are written with. */
static bool is_type(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_name_char(s.p[i]) && !strchr(" \t*&:<>,[]~?#", s.p[i]))
			return false;
	return true;
}

/* Where the name before the parenthesis at AT begins. */
static size_t name_start(struct str line, size_t at)
{
	while (at && (is_name_char(line.p[at - 1]) || strchr(":~#", line.p[at - 1])))
		at--;
	while (line.p[at] == ':')
		at++;
	return at;
}

static bool ends_like_head(struct str line)
{
	static const char *const words[] = { "const", "override", "noexcept", "final", NULL };
	size_t n = line.n;

	while (n && is_name_char(line.p[n - 1]))
		n--;
	return strchr("{}(),", line.p[line.n - 1]) || is_among(str_skip(line, n), words);
}

/* Is the next thing a brace on a line of its own? */
static bool opens_block(struct str below)
{
	return str_starts(str_trim(str_take(below, LINE_SEEN)), STR("{"));
}

/* "list_for_each (…) {" is a loop by a macro. */
static bool is_loop(struct str name)
{
	return name.n >= 4 && str_eq_nocase(str_skip(name, name.n - 4), STR("each"));
}

/* BELOW is the text behind LINE. */
static struct str by_signature(struct str line, struct str below)
{
	struct str none = { "", 0 }, first = line;
	ptrdiff_t paren = str_chr(line, '(');

	if (paren <= 0 || is_among(take_word(&first), statements) || !ends_like_head(line))
		return none;
	struct str before = str_rtrim(str_take(line, (size_t)paren));
	size_t at = name_start(line, before.n);
	struct str name = str_skip(before, at);
	bool block = line.p[line.n - 1] == '{' && !parens_open(line);

	if (!name.n || !is_name_start(name.p[0] == '~' || name.p[0] == '#' ? name.p[1] : name.p[0]))
		return none;
	before = str_rtrim(str_take(before, at));
	if (!before.n && is_loop(name))
		return none;
	if (!before.n)
		return block || (!parens_open(line) && opens_block(below)) ? name : none;
	return is_type(before) && before.p[before.n - 1] != ',' ? name : none;
}

/* BELOW is the text behind LINE. */
static struct str name_in(struct arena *a, struct str line, struct str below)
{
	struct str name;

	line = str_trim(str_take(line, LINE_SEEN));
	if (!line.n || !(is_name_start(line.p[0]) || line.p[0] == '~') || line.p[line.n - 1] == ';')
		return (struct str){ "", 0 };
	name = is_name_start(line.p[0]) ? by_keyword(a, line) : (struct str){ "", 0 };
	if (!name.n)
		name = by_signature(line, below);
	return str_take(name, NAME_MAX_BYTES);
}

/* --- the pass ----------------------------------------------------------------------------- */

struct level {
	unsigned indent;
	struct str name;
};

struct pass {
	struct arena *a;
	struct level levels[DEPTH_MAX];
	size_t n;
};

static unsigned indent_of(struct str line)
{
	unsigned n = 0;

	for (size_t i = 0; i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'); i++)
		n = line.p[i] == '\t' ? n / TAB * TAB + TAB : n + 1;
	return n;
}

static void enter(struct pass *p, unsigned indent, struct str name)
{
	while (p->n && p->levels[p->n - 1].indent >= indent)
		p->n--;
	p->n -= p->n == DEPTH_MAX;
	p->levels[p->n++] = (struct level){ indent, name };
}

/* The innermost names around what is indented by INDENT, or stands itself at the top (OWN). */
static struct str around(const struct pass *p, unsigned indent, bool own)
{
	size_t n = p->n, from;
	struct buf b;

	while (n && !own && p->levels[n - 1].indent >= indent)
		n--;
	if (!n)
		return (struct str){ "", 0 };
	from = n > LEVELS_MAX ? n - LEVELS_MAX : 0;
	buf_init(&b, LEVELS_MAX * (3 * NAME_MAX_BYTES));
	for (size_t i = from; i < n; i++) {
		buf_adds(&b, i > from ? "." : "");
		buf_add(&b, p->levels[i].name);
	}
	struct str s = arena_dup(p->a, buf_str(&b));

	buf_fini(&b);
	return s;
}

void symbols_find(
    struct arena *a, struct str text, const unsigned *lines, struct str *ret, size_t n)
{
	struct pass p = { .a = a };
	unsigned at = 0;

	for (size_t k = 0; k < n && text.p && text.n;) {
		struct str line = str_line(&text);
		struct str name = line.n ? name_in(a, line, text) : line;

		if (name.n)
			enter(&p, indent_of(line), name);
		for (at++; k < n && lines[k] <= at; k++)
			ret[k] = around(&p, indent_of(line), name.n);
	}
}
