/* Wrong citations on purpose: what the checker of evidence has to find. */
#include "rehearsal/priv.h"

#include <ctype.h>

#define ABSENT_FILE "src/rehearsal_invented_file.c"
#define ABSENT_LINE 9999999
#define MOVED_BY 40
#define LINES_TRIED 300	 /* of a file */
#define QUOTE_TELLING 12 /* characters other than blanks; with fewer nobody looks elsewhere */

/* Is the quote long enough to be found at other lines, and does it not stand where it moves to? */
static bool can_move(const struct view *v, const struct line *l)
{
	const struct line *other = view_line(v, l->no + MOVED_BY);
	struct str quote = quote_of(l);
	size_t solid = 0;

	for (size_t i = 0; i < quote.n; i++)
		solid += !isspace((unsigned char)quote.p[i]);
	return solid >= QUOTE_TELLING && !(other && str_contains(other->text, quote));
}

/* A line that was really read and can be quoted, the first that can move if there is one. */
static const struct line *some_line(const struct scene *s, struct str *ret_path)
{
	const struct line *found = NULL;

	for (size_t i = 0; i < s->book.n_views; i++) {
		const struct view *v = s->book.views[i];

		for (size_t k = 0; path_citable(v->path) && k < v->n && k < LINES_TRIED; k++) {
			bool moves = can_move(v, &v->lines[k]);

			if (!moves && (found || !quote_of(&v->lines[k]).n))
				continue;
			found = &v->lines[k];
			*ret_path = v->path;
			if (moves)
				return found;
		}
	}
	return found;
}

static struct finding *add(const struct scene *s, struct draft *d, const char *title)
{
	struct finding *all = arena_array(s->a, d->n_findings + 1, sizeof(*all));

	if (d->n_findings)
		memcpy(all, d->findings, d->n_findings * sizeof(*all));
	d->findings = all;
	struct finding *f = &all[d->n_findings++];

	*f = (struct finding){ .id = part_id(s->a, &s->part, d->n_findings),
		.title = str_from(title),
		.confidence = "high",
		.severity = WORD_HIGH,
		.claim = STR("Invented on purpose by a rehearsal script."),
		.scenario = STR("None: this is a test of the checker."),
		.suggestion = STR("None.") };
	return f;
}

static void place(struct finding *f, struct str path, unsigned line, struct str quote)
{
	f->path = path;
	f->line = f->end = line;
	f->quote = quote;
}

void inventions_add(const struct scene *s, unsigned inventions, struct draft *d)
{
	struct str path = STR("README.md");
	const struct line *l = some_line(s, &path);
	struct str quote = l ? quote_of(l) : STR("int rehearsal_invented(void)");
	unsigned no = l ? l->no : 1;

	if (s->part.kind != PART_ANALYST && s->part.kind != PART_RATER)
		return;
	if (inventions & INVENT_FILE)
		place(add(s, d, "Invented: a file that does not exist"), STR(ABSENT_FILE), 12,
		    STR("static int rehearsal_invented(void)"));
	if (inventions & INVENT_LINE)
		place(add(s, d, "Invented: a line behind the end of the file"), path, ABSENT_LINE,
		    STR("return rehearsal_invented_value;"));
	if (inventions & INVENT_MOVED)
		place(add(s, d, "Invented: the true text at other lines"), path, no + MOVED_BY,
		    quote);
	if (inventions & INVENT_QUOTE)
		place(add(s, d, "Invented: a true line with another text"), path, no,
		    STR("if (rehearsal_invented_flag) return;"));
}
