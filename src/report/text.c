/*
 * A whole text of an agent inside the report. It stays as it was written as far as that is safe:
 * its headings go below ours, and nothing in it can hide, load or close what is not its own.
 */
#include "report/priv.h"

/* Up to three blanks may stand before a block's mark (CommonMark §4). */
static struct str unindent(struct str line, bool *ret_ok)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	*ret_ok = n < 4;
	return str_skip(line, n);
}

static size_t run_of(struct str s, char c)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == c)
		n++;
	return n;
}

/* Does LINE open or close a fence? Updates the scan. */
static bool is_fence(struct md_scan *scan, struct str line)
{
	bool ok;
	struct str s = unindent(line, &ok);

	if (!ok || !s.n || (s.p[0] != '`' && s.p[0] != '~'))
		return false;
	size_t n = run_of(s, s.p[0]);
	struct str rest = str_trim(str_skip(s, n));

	if (n < 3)
		return false;
	if (!scan->fence) {
		if (s.p[0] == '`' && str_chr(rest, '`') >= 0)
			return false;
		*scan = (struct md_scan){ s.p[0], n };
		return true;
	}
	if (s.p[0] != scan->fence || n < scan->length || rest.n)
		return false;
	*scan = (struct md_scan){ 0 };
	return true;
}

unsigned md_heading(struct md_scan *scan, struct str line)
{
	bool ok;

	if (is_fence(scan, line) || scan->fence)
		return 0;
	struct str s = unindent(line, &ok);
	size_t n = run_of(s, '#');

	if (!ok || n < 1 || n > 6 || (n < s.n && s.p[n] != ' ' && s.p[n] != '\t'))
		return 0;
	return (unsigned)n;
}

/* ===== or ----- under a line would make that line a heading. */
static bool is_underline(struct str line)
{
	bool ok;
	struct str s = str_rtrim(unindent(line, &ok));

	return ok && s.n && (s.p[0] == '=' || s.p[0] == '-') && run_of(s, s.p[0]) == s.n;
}

static bool opens_html(struct str rest)
{
	if (rest.n < 2 || rest.p[0] != '<')
		return false;
	if (str_starts(rest, STR("<http://")) || str_starts(rest, STR("<https://")))
		return false;
	char c = rest.p[1];

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '!' || c == '?';
}

/* The length of the code span that begins at S, or of the run of backticks when none ends it. */
static size_t span_length(struct str s)
{
	size_t ticks = run_of(s, '`');

	for (size_t i = ticks; i < s.n; i++) {
		size_t n = s.p[i] == '`' ? run_of(str_skip(s, i), '`') : 0;

		if (n == ticks)
			return i + n;
		i += n ? n - 1 : 0;
	}
	return ticks;
}

/* Where the next thing stands that has to be looked at. */
static size_t next_mark(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '`' && s.p[n] != '<' && s.p[n] != '!')
		n++;
	return n;
}

static void add_line(struct buf *b, struct str line)
{
	while (line.n) {
		size_t n = next_mark(line);

		buf_add_terminal(b, str_take(line, n));
		line = str_skip(line, n);
		if (!line.n)
			return;
		n = line.p[0] == '`' ? span_length(line) : 1;
		if (opens_html(line) || str_starts(line, STR("![")))
			buf_addc(b, '\\');
		buf_add_terminal(b, str_take(line, n));
		line = str_skip(line, n);
	}
}

/* How much deeper headings have to go, so that the highest comes right below BELOW. */
static unsigned shift_of(struct str s, unsigned below)
{
	struct md_scan scan = { 0 };
	unsigned top = below + 1;

	while (s.p && s.n) {
		unsigned level = md_heading(&scan, str_line(&s));

		if (level && level < top)
			top = level;
	}
	return below + 1 - top;
}

static void add_heading(struct buf *b, struct str line, unsigned level, unsigned shift)
{
	struct str title = str_skip(str_trim(line), level);

	level += shift;
	for (unsigned i = 0; i < (level > 6 ? 6 : level); i++)
		buf_addc(b, '#');
	add_line(b, title);
}

void md_text(struct buf *b, struct str s, unsigned below)
{
	struct md_scan scan = { 0 };
	unsigned shift = shift_of(s, below);

	while (s.p && s.n) {
		struct str line = str_line(&s);
		bool inside = scan.fence;
		unsigned level = md_heading(&scan, line);

		if (level)
			add_heading(b, line, level, shift);
		else if (inside || scan.fence)
			buf_add_terminal(b, line);
		else if (is_underline(line))
			buf_printf(b, "\\%.*s", STR_ARG(str_trim(line)));
		else
			add_line(b, line);
		buf_addc(b, '\n');
	}
	for (size_t i = 0; scan.fence && i < scan.length; i++)
		buf_addc(b, scan.fence);
	if (scan.fence)
		buf_addc(b, '\n');
}

/* --- sections ---------------------------------------------------------------------------- */

struct span {
	struct str head, body; /* head: from the beginning of its line; both inside the text */
};

static bool titled(struct str line, const char *title)
{
	struct str s = str_trim(line), want = str_from(title);

	s = str_trim(str_skip(s, run_of(s, '#')));
	s = str_skip(s, run_of(s, '*'));
	return s.n >= want.n && str_eq_nocase(str_take(s, want.n), want);
}

static bool find_section(struct str text, const char *title, struct span *ret)
{
	struct md_scan scan = { 0 };
	const char *end = text.p + text.n, *body = NULL, *head = NULL;
	unsigned of = 0;

	while (text.p && text.n) {
		const char *at = text.p;
		struct str line = str_line(&text);
		unsigned level = md_heading(&scan, line);

		if (body && level && level <= of) {
			end = at;
			break;
		}
		if (!body && level && titled(line, title)) {
			head = at;
			of = level;
			body = text.p ? text.p : end;
		}
	}
	if (!body)
		return false;
	ret->head = (struct str){ head, (size_t)(end - head) };
	ret->body = (struct str){ body, (size_t)(end - body) };
	return true;
}

struct str md_section(struct str text, const char *title)
{
	struct span s;

	return find_section(text, title, &s) ? str_trim(s.body) : (struct str){ "", 0 };
}

void md_around(struct str text, const char *title, struct str *ret_before, struct str *ret_after)
{
	struct span s;

	*ret_before = text;
	*ret_after = (struct str){ "", 0 };
	if (!find_section(text, title, &s))
		return;
	ret_before->n = (size_t)(s.head.p - text.p);
	*ret_after = str_skip(text, ret_before->n + s.head.n);
}

struct str md_without(struct arena *a, struct str text, const char *title)
{
	struct str before, after;

	md_around(text, title, &before, &after);
	if (!after.n)
		return before;
	return str_from(arena_printf(a, "%.*s%.*s", STR_ARG(before), STR_ARG(after)));
}
