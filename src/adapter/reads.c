#include "adapter/reads.h"

#include "base/json.h"
#include "base/limits.h"

#include <string.h>

/* --- lists --------------------------------------------------------------------------------- */

bool reads_number(struct str *s, unsigned *ret)
{
	size_t n = 0;
	unsigned long long v;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (!n || !str_to_u64(str_take(*s, n), 0x7fffffff, &v))
		return false;
	*ret = (unsigned)v;
	*s = str_skip(*s, n);
	return true;
}

unsigned reads_count(struct str text)
{
	unsigned n = text.n && text.p[text.n - 1] != '\n';

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

void reads_add(json_t **list, struct str path, unsigned from, unsigned to)
{
	json_t *last = *list ? json_array_get(*list, json_array_size(*list) - 1) : NULL;

	if (!path.n || !from || (to && to < from))
		return;
	if (last && str_eq(json_get_str(last, "path"), path) &&
	    json_get_int(last, "to", -1) + 1 == from && to) {
		json_object_set_new(last, "to", json_integer(to));
		return;
	}
	if (!*list)
		*list = json_array();
	if (json_array_size(*list) == READS_MAX)
		return;
	json_array_append_new(
	    *list, json_pack("{s:o, s:I}", "path", json_text(path), "from", (json_int_t)from));
	if (to)
		json_object_set_new(
		    json_array_get(*list, json_array_size(*list) - 1), "to", json_integer(to));
}

/* --- one call ------------------------------------------------------------------------------ */

static struct str path_in(const struct read_tool *t, const json_t *input)
{
	struct str path = t->path ? json_get_str(input, t->path) : (struct str){ "", 0 };

	return path.n || !t->other_path ? path : json_get_str(input, t->other_path);
}

/* The first line that was asked for; 0: it is no line. */
static unsigned first_line(const struct read_tool *t, const json_t *input)
{
	long long from = t->from ? json_get_int(input, t->from, t->from_zero ? 0 : 1) : 1;

	from += t->from_zero;
	return from < 1 || from > 0x7fffffff ? 0 : (unsigned)from;
}

/* "  12" and MARK, off the front of LINE. */
static bool take_numbered(struct str line, const char *mark, unsigned *ret)
{
	while (line.n && line.p[0] == ' ')
		line = str_skip(line, 1);
	return mark && reads_number(&line, ret) && str_starts(line, str_from(mark));
}

/* Numbers that follow each other; what stands before and behind them is not of the file. */
static json_t *of_numbered(const struct read_tool *t, struct str path, struct str output)
{
	unsigned first = 0, last = 0, no;
	json_t *list = NULL;

	while (output.p) {
		struct str line = str_line(&output);
		bool numbered =
		    take_numbered(line, t->mark, &no) || take_numbered(line, t->old_mark, &no);

		if (first && (!numbered || no != last + 1))
			break;
		if (numbered)
			first = first ? first : no, last = no;
	}
	reads_add(&list, path, first, last);
	return list;
}

/* "…lines 5-40 of 112…" as these programs say it, at the beginning of *TEXT. */
static bool take_notice(struct str text, const char *words, unsigned *from, unsigned *to)
{
	if (!str_starts(text, str_from(words)))
		return false;
	text = str_skip(text, strlen(words));
	if (!reads_number(&text, from) || !str_starts(text, STR("-")))
		return false;
	text = str_skip(text, 1);
	return reads_number(&text, to) && str_starts(text, STR(" of "));
}

static bool is_one_line(struct str text)
{
	return str_chr(str_rtrim(text), '\n') < 0;
}

/* A notice in front of text is believed for no more lines than there are of it. */
static json_t *of_plain(
    const struct read_tool *t, struct str path, const json_t *input, struct str output)
{
	unsigned from = first_line(t, input), to, n;
	json_t *list = NULL;
	ptrdiff_t rule = str_find(output, STR("\n---\n"));

	if (is_one_line(output) && take_notice(output, "Read lines ", &from, &to)) {
		reads_add(&list, path, from, to);
		return list;
	}
	if (is_one_line(output) && str_starts(output, STR("Unchanged: ")))
		return NULL; /* it has been shown before */
	if (rule >= 0 && take_notice(output, "Showing lines ", &from, &to)) {
		output = str_skip(output, (size_t)rule + 5);
		if (str_starts(output, STR("\n")))
			output = str_skip(output, 1);
		n = reads_count(output);
		to = to - from < n ? to : from + n - 1;
	} else {
		to = from + reads_count(output) - 1;
	}
	if (output.n)
		reads_add(&list, path, from, to);
	return list;
}

static json_t *of_silent(const struct read_tool *t, struct str path, struct str output)
{
	unsigned from, to;
	json_t *list = NULL;

	output = str_trim(output);
	if (!output.n)
		reads_add(&list, path, 1, t->whole_max);
	else if (str_starts(output, STR("Read all ")))
		reads_add(&list, path, 1, t->whole_max); /* lines, some of them shortened */
	else if (is_one_line(output) && take_notice(output, "Read lines ", &from, &to))
		reads_add(&list, path, from, to);
	return list;
}

/* "path:12:text"; of a single file maybe "12:text". */
static json_t *of_hits(struct str path, struct str output)
{
	json_t *list = NULL;

	while (output.p) {
		struct str line = str_line(&output), rest = line, name;
		unsigned no;

		if (path.n && reads_number(&rest, &no) && str_starts(rest, STR(":"))) {
			reads_add(&list, path, no, no);
			continue;
		}
		rest = line;
		name = str_split(&rest, ':');
		if (rest.p && reads_number(&rest, &no) && str_starts(rest, STR(":")))
			reads_add(&list, name, no, no);
	}
	return list;
}

static json_t *of_grouped(struct str output)
{
	struct str path = { "", 0 };
	json_t *list = NULL;

	while (output.p) {
		struct str line = str_line(&output), rest = line;
		unsigned no;

		if (str_starts(line, STR("/")) && str_ends(line, STR(":")))
			path = str_take(line, line.n - 1);
		else if (!line.n)
			path = line;
		if (!str_starts(line, STR("  Line ")))
			continue;
		rest = str_skip(rest, 7);
		if (reads_number(&rest, &no) && str_starts(rest, STR(": ")))
			reads_add(&list, path, no, no);
	}
	return list;
}

/* Whether the numbers in the output are those of lines: the model has to ask for that. */
static bool shows_hits(const json_t *input)
{
	return json_get_bool(input, "-n", false) &&
	       str_is(json_get_str(input, "output_mode"), "content");
}

json_t *reads_of_call(
    const struct read_tool *table, struct str tool, const json_t *input, struct str output)
{
	const struct read_tool *t = table;

	while (t->tool && !str_is(tool, t->tool))
		t++;
	if (!t->tool)
		return NULL;
	struct str path = path_in(t, input);

	if (str_ends(path, STR(".ipynb"))) /* what is shown of these are not its lines */
		return NULL;
	switch (t->shape) {
	case READ_NUMBERED:
		return of_numbered(t, path, output);
	case READ_PLAIN:
		return of_plain(t, path, input, output);
	case READ_SILENT:
		return of_silent(t, path, output);
	case READ_HITS:
		return shows_hits(input) ? of_hits(path, output) : NULL;
	case READ_GROUPED:
		return of_grouped(output);
	}
	return NULL;
}
