/*
 * References to places, as small models write them:
 *
 *	path:12   path:12-14   path:L12-L14   path#L12-L14   https://…   r-6v4e0q2m8k#S1
 *
 * with or without backticks around, each optionally followed by the quoted text: in quotation marks
 * or backticks on the same line, or in a fenced block below. Linear: walking back from a colon
 * stops at the colon before it and at the end of the reference before it.
 */
#include "evidence/priv.h"

#include "base/limits.h"

#include <ctype.h>

#define LINE_DIGITS 7
#define QUOTE_MAX KIB(8)
#define PATH_MAX_SEEN 512
#define BLANKS_BEFORE_FENCE 1
#define RUN_ID 12 /* "r-" and ten characters (base/id.h) */

/* --- bytes ------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* What may stand in a path without backticks around it. */
static bool is_path_char(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       strchr("_-./+@()[]{}$,~%&=!", c);
}

/* --- the path ---------------------------------------------------------------------------- */

/*
 * Offset of the backtick that opens a span around AT on the same line, not before FLOOR, or -1. One
 * with a blank behind it closes a span of something else.
 */
static ptrdiff_t span_start(struct str text, size_t floor, size_t at)
{
	for (size_t i = at; i-- > floor && at - i < PATH_MAX_SEEN;) {
		if (text.p[i] == '`')
			return text.p[i + 1] == ' ' ? -1 : (ptrdiff_t)i;
		if (text.p[i] == '\n' || text.p[i] == ':')
			return -1;
	}
	return -1;
}

static bool is_dotted_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && s.p[i] != '.')
			return false;
	return true;
}

/* Has an extension ("a.c") or a directory ("src/a"). */
static bool looks_like_file(struct str s)
{
	const char *dot = memrchr(s.p, '.', s.n);

	if (memchr(s.p, '/', s.n))
		return true;
	return dot && dot + 1 < s.p + s.n && dot > s.p && isalpha((unsigned char)dot[1]);
}

static struct str trim_path(struct str s)
{
	while (s.n && strchr("([{,<*", s.p[0]))
		s = str_skip(s, 1);
	while (str_starts(s, STR("./")))
		s = str_skip(s, 2);
	/* as agents see it: the repository stands at /repo */
	if (str_starts(s, STR("/repo/")))
		s = str_skip(s, 6);
	return s;
}

/* The path that ends before AT and begins at FLOOR or later, or an empty text. */
static struct str path_before(struct str text, size_t floor, size_t at)
{
	ptrdiff_t open = span_start(text, floor, at);
	size_t from = at;

	while (from > floor && at - from < PATH_MAX_SEEN && is_path_char(text.p[from - 1]))
		from--;
	bool in_span = open >= 0 && (size_t)open + 1 <= from;

	if (in_span) /* a span may hold blanks, but not another word and then a path */
		from = (size_t)open + 1;
	struct str s = trim_path((struct str){ text.p + from, at - from });

	if (!s.n || str_starts(s, STR("//")) || is_dotted_number(s) || str_is(s, "localhost") ||
	    s.p[s.n - 1] == '/' || memchr(s.p, '"', s.n))
		return (struct str){ "", 0 };
	if (in_span && !memchr(s.p, ' ', s.n))
		return isalpha((unsigned char)s.p[0]) || looks_like_file(s) ? s
									    : (struct str){ "", 0 };
	return looks_like_file(s) ? s : (struct str){ "", 0 };
}

/* --- the lines --------------------------------------------------------------------------- */

static bool read_number(struct str text, size_t *at, unsigned *ret)
{
	size_t i = *at, from;
	unsigned v = 0;

	if (i < text.n && (text.p[i] == 'L' || text.p[i] == 'l'))
		i++;
	for (from = i; i < text.n && is_digit(text.p[i]); i++)
		v = v * 10 + (unsigned)(i - from < LINE_DIGITS ? text.p[i] - '0' : 0);
	if (i == from || i - from > LINE_DIGITS)
		return false;
	*at = i;
	*ret = v;
	return true;
}

/* "-", "–" or ".." between two numbers: its length. */
static size_t range_mark(struct str s)
{
	if (str_starts(s, STR("-")))
		return 1;
	if (str_starts(s, STR("\xe2\x80\x93")))
		return 3;
	return str_starts(s, STR("..")) ? 2 : 0;
}

/* Lines behind the colon at AT; moves *AT behind them. */
static bool read_lines(struct str text, size_t *at, struct citation *c)
{
	size_t i = *at + 1, next;

	if (!read_number(text, &i, &c->line) || c->line == 0)
		return false;
	c->end = c->line;
	size_t mark = range_mark(str_skip(text, i));

	next = i + mark;
	if (mark && read_number(text, &next, &c->end)) {
		i = next;
	} else if (i + 1 < text.n && text.p[i] == ':' && is_digit(text.p[i + 1])) {
		unsigned column;

		next = i + 1;
		if (read_number(text, &next, &column))
			i = next;
	}
	if (c->end < c->line)
		c->end = c->line;
	*at = i;
	return i >= text.n || !is_word_char(text.p[i]);
}

/* --- the quote --------------------------------------------------------------------------- */

static size_t run_length(struct str s, char c)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == c)
		n++;
	return n;
}

/* Does a backtick span hold another reference rather than a quote? */
static bool is_reference(struct str s)
{
	ptrdiff_t colon = str_chr(s, ':');

	return colon > 0 && !memchr(s.p, ' ', s.n) && (size_t)colon + 1 < s.n &&
	       (is_digit(s.p[colon + 1]) || s.p[colon + 1] == 'L') &&
	       looks_like_file(str_take(s, (size_t)colon));
}

static struct str in_backticks(struct str rest)
{
	size_t ticks = run_length(rest, '`');
	struct str inside = str_take(str_skip(rest, ticks), QUOTE_MAX);

	for (size_t i = 0; i < inside.n; i++) {
		size_t n = run_length(str_skip(inside, i), '`');

		if (n == ticks) {
			struct str s = str_trim(str_take(inside, i));

			return is_reference(s) ? (struct str){ "", 0 } : s;
		}
		if (inside.p[i] == '\n' && ticks < 3)
			break;
		i += n ? n - 1 : 0;
	}
	return (struct str){ "", 0 };
}

/* Would the mark at I of S, in code, open a text? */
static bool opens_inside(struct str s, size_t i)
{
	char before = i ? s.p[i - 1] : ' ', behind = i + 1 < s.n ? s.p[i + 1] : ' ';

	if (is_word_char(behind))
		return true;
	return strchr(" \t([{=", before) && !isspace((unsigned char)behind);
}

/*
 * Offset of the mark that ends a quote. Code holds marks, too: one that opens a text inside is
 * closed by the next one, and one within a word is an apostrophe. What seems to open and is never
 * closed on its line was the end: `"if (x) {".` -1: none does.
 */
static ptrdiff_t closing_mark(struct str inside, struct str close)
{
	ptrdiff_t first = str_find(inside, close);
	size_t last = 0;
	bool open = false;

	if (close.n > 1) /* typographic ones tell which is which */
		return first;
	for (size_t i = first < 0 ? inside.n : (size_t)first; i < inside.n; i++) {
		bool opens = inside.p[i] == close.p[0] && opens_inside(inside, i);

		if (open && inside.p[i] == '\n')
			return (ptrdiff_t)last;
		if (inside.p[i] != close.p[0] || (opens && i && is_word_char(inside.p[i - 1])))
			continue;
		if (!open && !opens)
			return (ptrdiff_t)i;
		open = !open;
		last = i;
	}
	return open ? (ptrdiff_t)last : first;
}

/* TAIL keeps the rest of the line: the quote may still end at a later mark. */
static struct str in_marks(struct str rest, struct str open, struct str close, struct str *tail)
{
	struct str inside = str_take(str_skip(rest, open.n), QUOTE_MAX), line = inside;
	ptrdiff_t at = closing_mark(inside, close);

	if (at < 0)
		return (struct str){ "", 0 };
	*tail = str_line(&line);
	return str_take(inside, (size_t)at);
}

/* A fenced block whose fence is the first thing below. */
static struct str in_fence(struct str rest)
{
	struct str line;
	unsigned blanks = 0;

	do
		line = str_trim(str_line(&rest));
	while (rest.p && line.n == 0 && blanks++ <= BLANKS_BEFORE_FENCE);
	size_t ticks = run_length(line, '`');

	if (ticks < 3 || !rest.p)
		return (struct str){ "", 0 };
	const char *from = rest.p;

	while (rest.p && (size_t)(rest.p - from) < QUOTE_MAX) {
		const char *begin = rest.p;
		struct str at = str_trim(str_line(&rest));

		if (run_length(at, '`') >= ticks && at.n == run_length(at, '`'))
			return (struct str){ from, (size_t)(begin - from) };
	}
	return (struct str){ "", 0 };
}

/* Is the backtick that S begins with one that closes the reference? One behind a blank opens. */
static bool closes(struct str s, bool blank_before)
{
	const char *closing = blank_before ? " \n\r" : " ,:)]*_\n\r.;";

	return s.n < 2 || strchr(closing, s.p[1]);
}

/* What stands between a reference and its quote: closing marks, a colon, a dash. */
static struct str skip_glue(struct str s)
{
	for (bool blank = false;; blank = s.p[-1] == ' ') {
		size_t n =
		    s.n && strchr("`)]*_, :", s.p[0])					       ? 1
		    : str_starts(s, STR("- "))						       ? 2
		    : str_starts(s, STR("\xe2\x80\x94")) || str_starts(s, STR("\xe2\x80\x93")) ? 3
											       : 0;

		if (!n || (s.p[0] == '`' && !closes(s, blank)))
			return s;
		s = str_skip(s, n);
	}
}

static void read_quote(struct str rest, struct citation *c)
{
	if (rest.n && rest.p[0] == '`') /* the one that closes the reference */
		rest = str_skip(rest, 1);
	rest = skip_glue(rest);
	if (str_starts(rest, STR("\"")))
		c->quote = in_marks(rest, STR("\""), STR("\""), &c->tail);
	else if (str_starts(rest, STR("\xe2\x80\x9c")))
		c->quote = in_marks(rest, STR("\xe2\x80\x9c"), STR("\xe2\x80\x9d"), &c->tail);
	else if (str_starts(rest, STR("'")))
		c->quote = in_marks(rest, STR("'"), STR("'"), &c->tail);
	else if (str_starts(rest, STR("`")))
		c->quote = in_backticks(rest);
	else if (rest.n == 0 || rest.p[0] == '\n' || rest.p[0] == '\r')
		c->quote = in_fence(str_skip(rest, rest.n && rest.p[0] == '\r' ? 2 : 1));
}

/* --- scanning ---------------------------------------------------------------------------- */

/* FLOOR is where the reference before ended. */
static bool at_place(struct str text, size_t floor, size_t *at, struct citation *c)
{
	size_t i = *at;
	bool hash = text.p[i] == '#' && i + 1 < text.n && text.p[i + 1] == 'L';

	if (!hash && text.p[i] != ':')
		return false;
	if (i + 1 >= text.n || (!is_digit(text.p[i + 1]) && text.p[i + 1] != 'L'))
		return false;
	c->path = path_before(text, floor, i);
	if (!c->path.n || !read_lines(text, at, c))
		return false;
	c->offset = (size_t)(c->path.p - text.p);
	c->length = *at - c->offset;
	c->trust = TRUST_CODEBASE;
	read_quote(str_skip(text, *at), c);
	return true;
}

static bool at_url(struct str text, size_t *at, struct citation *c)
{
	struct str rest = str_skip(text, *at);
	size_t n = 0;

	if (!str_starts(rest, STR("http://")) && !str_starts(rest, STR("https://")))
		return false;
	while (n < rest.n && n < PATH_MAX_SEEN && (unsigned char)rest.p[n] > ' ' &&
	       !strchr("<>\"`)]", rest.p[n]))
		n++;
	while (n && strchr(".,;:", rest.p[n - 1]))
		n--;
	*c = (struct citation){
		.trust = TRUST_WEB, .path = str_take(rest, n), .offset = *at, .length = n
	};
	*at += n;
	return n > 8;
}

static bool is_run_id(struct str s)
{
	for (size_t i = 2; i < s.n; i++)
		if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z'))
			return false;
	return s.n == RUN_ID && str_starts(s, STR("r-"));
}

bool is_of_another_run(struct str s, size_t at)
{
	return at > RUN_ID && s.p[at - 1] == '#' &&
	       is_run_id((struct str){ s.p + at - 1 - RUN_ID, RUN_ID });
}

/* A finding of an earlier report: the run's id, and its own. */
static bool at_finding(struct str text, size_t *at, struct citation *c)
{
	struct str rest = str_skip(text, *at), id = str_skip(rest, RUN_ID + 1);
	size_t n = item_id_length(id);

	if (*at && (is_word_char(text.p[*at - 1]) || strchr("-/.", text.p[*at - 1])))
		return false;
	if (!is_run_id(str_take(rest, RUN_ID)) || rest.n <= RUN_ID || rest.p[RUN_ID] != '#' || !n)
		return false;
	*c = (struct citation){ .trust = TRUST_PROVIDED,
		.path = str_take(rest, RUN_ID + 1 + n),
		.offset = *at,
		.length = RUN_ID + 1 + n };
	*at += c->length;
	return true;
}

/* What begins with the character at AT; FLOOR is where the reference before ended. */
static bool at_any(struct str text, size_t floor, size_t *at, struct citation *c)
{
	if (text.p[*at] == 'h')
		return at_url(text, at, c);
	return text.p[*at] == 'r' ? at_finding(text, at, c) : at_place(text, floor, at, c);
}

bool cites_scan(struct arena *a, struct str text, size_t max, struct vec *ret)
{
	size_t floor = 0;

	for (size_t at = 0; at < text.n;) {
		struct citation c = { .state = CITE_UNCHECKED };

		if (!at_any(text, floor, &at, &c)) {
			at++;
			continue;
		}
		if (ret->n == max)
			return false;
		floor = at;
		struct citation *copy = arena_new(a, struct citation);

		*copy = c;
		vec_add(a, ret, copy);
	}
	return true;
}
