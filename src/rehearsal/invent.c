/* Wrong citations on purpose: what the checker of evidence has to find. */
#include "rehearsal/priv.h"

#define ABSENT_FILE "src/rehearsal_invented_file.c"
#define ABSENT_LINE 9999999
#define MOVED_BY 40

/* A line that was really read and can be quoted; each invention starts from another one. */
static const struct line *some_line(const struct scene *s, size_t skip, struct str *ret_path)
{
	const struct line *found = NULL;

	for (size_t i = 0; i < s->book.n_views && !(found && skip == 0); i++) {
		const struct view *v = s->book.views[i];
		const struct line *l =
		    v->n && path_citable(v->path) ? quotable_line(v, v->lines[0].no, 30) : NULL;

		if (!l)
			continue;
		found = l;
		*ret_path = v->path;
		skip -= skip > 0;
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
	const struct line *l = some_line(s, 0, &path);
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
