/* Files as tools show them: numbered in one way or another, or bare. */
#include "rehearsal/priv.h"

#include <ctype.h>

struct view *view_of(struct reader *r, struct str path)
{
	struct view *v = map_get(&r->views, path);
	struct book *b = r->b;

	if (v)
		return v;
	v = arena_new(r->a, struct view);
	v->path = path;
	map_put(&r->views, path, v);
	b->views = arena_grow(r->a, b->views, b->n_views, &b->cap_views, sizeof(*b->views));
	b->views[b->n_views++] = v;
	return v;
}

void add_line(struct reader *r, struct view *v, unsigned no, struct str text)
{
	if (r->b->n_lines >= REHEARSAL_LINES_MAX) {
		v->whole = false;
		return;
	}
	v->lines = arena_grow(r->a, v->lines, v->n, &v->cap, sizeof(*v->lines));
	v->lines[v->n++] = (struct line){ .text = str_rtrim(text), .no = no };
	r->b->n_lines++;
}

/* "   12\ttext" */
static bool numbered(struct str line, unsigned *ret_no, struct str *ret_text)
{
	while (line.n && *line.p == ' ')
		line = str_skip(line, 1);
	if (!text_number(line, ret_no, ret_text) || !str_starts(*ret_text, STR("\t")))
		return false;
	*ret_text = str_skip(*ret_text, 1);
	return true;
}

/* Between tags, "12: text"; opencode. */
static bool is_tagged(struct str result)
{
	return str_starts(result, STR("<path>")) &&
	       str_contains(str_take(result, 8192), STR("<type>file</type>"));
}

static bool is_tag(struct str line)
{
	return str_starts(line, STR("<")) && str_ends(line, STR(">"));
}

static bool tagged(struct str line, unsigned *ret_no, struct str *ret_text)
{
	if (!text_number(line, ret_no, ret_text) || !str_starts(*ret_text, STR(":")))
		return false;
	*ret_text = str_skip(*ret_text, str_starts(*ret_text, STR(": ")) ? 2 : 1);
	return true;
}

/* Numbers that stand in a row from line to line are the tool's, not the file's. */
static bool is_numbered(struct str result)
{
	unsigned no, before = 0, lines = 0, rows = 0;
	struct str text;

	if (is_tagged(result))
		return true;

	for (struct str rest = result; rest.p && lines < 40;) {
		struct str line = str_line(&rest);

		lines += str_trim(line).n > 0 && !str_starts(line, STR("lines "));
		if (!numbered(line, &no, &text))
			continue;
		rows += before == 0 || no == before + 1;
		before = no;
	}
	return rows > 0 && rows + 4 >= lines && rows * 2 >= lines;
}

/* A header says "lines 1-300 of 812" or "812 lines". */
static unsigned total_of(struct str header)
{
	ptrdiff_t at = str_find(header, STR(" of "));
	unsigned total = 0;
	struct str rest;

	if (at >= 0 && text_number(str_skip(header, (size_t)at + 4), &total, &rest))
		return total;
	at = text_find_nocase(header, STR(" lines"));
	while (at > 0 && isdigit((unsigned char)header.p[at - 1]))
		at--;
	if (at < 0 || (at > 0 && header.p[at - 1] == '-'))
		return 0;
	return text_number(str_skip(header, (size_t)at), &total, &rest) ? total : 0;
}

/* Did the tool stop before the end of what was asked? */
static bool stopped_early(const struct wish *w, unsigned first, unsigned last)
{
	return first > 1 || (w->to && last >= w->to);
}

static void numbered_result(struct reader *r, struct view *v, const struct talk_call *call)
{
	unsigned no = 0, first = 0, last = 0, total = 0;
	bool cut = false, tags = is_tagged(call->result);
	struct str text = { "", 0 };

	for (struct str rest = call->result; rest.p;) {
		struct str line = str_line(&rest);

		if (str_starts(line, STR("<system-reminder>")))
			break; /* the agent's own word behind a file */
		if ((tags ? tagged : numbered)(line, &no, &text)) {
			first = first ? first : no;
			last = no;
			add_line(r, v, no, text);
		} else if (!(tags && is_tag(line)) && str_trim(line).n) {
			/* a header, or a trailer: then there was more */
			total = total ? total : total_of(line);
			cut |= first > 0;
		}
	}
	/* what stands behind the last newline is no line */
	if (v->n && v->lines[v->n - 1].no == last && !v->lines[v->n - 1].text.n) {
		v->n--;
		r->b->n_lines--;
		last--;
		total -= total > last;
	}
	if (total)
		v->total = total;
	if (total ? first == 1 && last >= total : !cut && !stopped_early(&call->wish, first, last))
		v->whole = true;
}

/* Below a notice of several lines; gemini. How many lines it counts is not how we count. */
static bool is_cut_short(struct str result)
{
	return str_starts(str_trim(result), STR("IMPORTANT: The file content has been truncated."));
}

static void skip_notice(struct str *rest, unsigned *ret_first)
{
	while (rest->p) {
		struct str line = str_line(rest), after;

		if (str_starts(line, STR("Status: Showing lines ")))
			text_number(str_skip(line, 22), ret_first, &after);
		if (str_starts(line, STR("--- FILE CONTENT")))
			return;
	}
}

/* Bare text, perhaps below "Showing lines 11-15 of 34 total lines.", perhaps cut at the end. */
static void bare_result(struct reader *r, struct view *v, const struct talk_call *call)
{
	struct str rest = call->result, cut_mark = STR("... [truncated]");
	unsigned no = call->wish.from ? call->wish.from : 1, total = 0;
	bool cut = str_ends(str_rtrim(rest), cut_mark);

	if (is_cut_short(rest)) {
		skip_notice(&rest, &no);
		cut = true;
	} else if (str_starts(rest, STR("Showing lines "))) {
		struct str header = str_line(&rest), after;

		total = total_of(header);
		text_number(str_skip(header, 14), &no, &after);
		for (unsigned i = 0; i < 4 && rest.p && !str_is(str_trim(str_line(&rest)), "---");)
			i++;
		if (str_starts(rest, STR("\n")))
			rest = str_skip(rest, 1);
	}
	unsigned first = no;

	while (rest.p) {
		struct str line = str_line(&rest);

		if (!rest.p && (cut || line.n == 0)) /* half a line, or nothing behind the last */
			break;
		add_line(r, v, no++, line);
	}
	if (total)
		v->total = total;
	else if (!cut && !stopped_early(&call->wish, first, no - 1))
		v->whole = true;
}

static bool says_missing(struct str s)
{
	return str_chr(s, '\n') < 0 && s.n < 600 &&
	       text_has_any(s, "not found|no such file|does not exist|ENOENT|not in the snapshot");
}

void read_result(struct reader *r, const struct talk_call *call)
{
	bool rows = is_numbered(call->result);
	struct view *v;

	if (!path_citable(call->wish.path))
		return;
	if (!rows && (says_refused(call->result) || says_missing(call->result))) {
		r->b->n_refused++;
		if (text_has_nocase(call->result, "unchanged since last read"))
			return;
		v = view_of(r, call->wish.path);
		v->missing = says_missing(call->result);
		v->refusal = call->result;
		return;
	}
	v = view_of(r, call->wish.path);
	v->missing = false;
	if (text_has_nocase(str_take(call->result, 80), "completed with no output") ||
	    str_starts(call->result, STR("lines 0-0 of 0\n")) || !str_trim(call->result).n) {
		v->whole = call->wish.from <= 1;
		return;
	}
	if (rows)
		numbered_result(r, v, call);
	else
		bare_result(r, v, call);
}
