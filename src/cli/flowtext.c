#include "cli/flowtext.h"

#include "api/flow_doc.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdio.h>

#define WIDTH_LEAST 40
#define WIDTH_MOST 100

static const char *const tab_titles[FLOW_CATEGORIES] = {
	[CATEGORY_ANALYSIS] = "Analysis",
	[CATEGORY_DISCOVERY] = "Discovery",
	[CATEGORY_PLANNING] = "Planning",
	[CATEGORY_AUTHORING] = "Authoring",
	[CATEGORY_REVIEW] = "Review",
};

/* --- lines ------------------------------------------------------------------------------- */

static size_t width_of(const struct term *t)
{
	return t->columns < WIDTH_LEAST	 ? WIDTH_LEAST
	       : t->columns > WIDTH_MOST ? WIDTH_MOST
					 : t->columns;
}

/* As many whole words of S as fit into COLUMNS; a word that is wider is cut. */
static struct str fitting(struct str s, size_t columns)
{
	struct str line = utf8_fit(s, columns);

	if (line.n == s.n || s.p[line.n] == ' ')
		return line;
	for (size_t n = line.n; n > 0; n--)
		if (line.p[n - 1] == ' ')
			return str_take(line, n);
	return line;
}

/* S over as many lines as it needs, each INDENT columns from the left. */
static void add_wrapped(
    struct buf *b, const struct term *t, enum term_style style, size_t indent, struct str s)
{
	s = str_trim(s);
	while (s.n) {
		struct str line = fitting(s, width_of(t) - indent);

		if (!line.n)
			return;
		buf_printf(b, "%*s", (int)indent, "");
		term_add(b, t, style, str_rtrim(line));
		buf_addc(b, '\n');
		s = str_trim(str_skip(s, line.n));
	}
}

static void add_heading(struct buf *b, const struct term *t, const char *text)
{
	buf_addc(b, '\n');
	term_add(b, t, STYLE_BOLD, str_from(text));
	buf_addc(b, '\n');
}

static void add_column(
    struct buf *b, const struct term *t, enum term_style style, struct str s, size_t columns)
{
	struct str shown = utf8_fit(s, columns);

	term_addf(b, t, style, "%-*.*s ", (int)columns, STR_ARG(shown));
}

/* --- list -------------------------------------------------------------------------------- */

#define NAME_COLUMNS 30
#define LABEL_COLUMNS 30

const char *flowtext_fix(char text[FLOWTEXT_FIX], const struct flow_entry *e)
{
	/* a name that is none comes from a file's, and may be anything */
	bool named = flow_is_slug(e->name);

	snprintf(text, FLOWTEXT_FIX, "tutti flows trust%s%.*s", named ? " " : "",
	    named ? (int)e->name.n : 0, e->name.p);
	return text;
}

static void add_withheld(struct buf *b, const struct term *t, const struct flow_entry *e)
{
	char fix[FLOWTEXT_FIX];

	term_addf(b, t, STYLE_WARN, "%s: %s",
	    e->withheld == WITHHELD_CHANGED ? "changed since you accepted it" : "not trusted",
	    flowtext_fix(fix, e));
	buf_addc(b, '\n');
}

static void add_broken(struct buf *b, const struct term *t, const struct flow_entry *e)
{
	struct buf file;

	buf_init(&file, 4 * PATH_BYTES_MAX);
	buf_add_shell(&file, str_from(e->file));
	term_addf(
	    b, t, STYLE_BAD, "has errors: tutti flows validate %.*s", STR_ARG(buf_str(&file)));
	buf_addc(b, '\n');
	buf_fini(&file);
}

static void add_entry(struct buf *b, const struct term *t, const struct flow_entry *e)
{
	const struct flow *f = e->flow;
	bool own = strcmp(e->origin, "built in") != 0;

	buf_adds(b, "  ");
	add_column(b, t, STYLE_BOLD, e->name, NAME_COLUMNS);
	if (e->withheld) {
		add_withheld(b, t, e);
		return;
	}
	if (!f) {
		add_broken(b, t, e);
		return;
	}
	add_column(b, t, STYLE_PLAIN, f->inputs[0].label, LABEL_COLUMNS);
	term_addf(b, t, STYLE_DIM, "%u/%u/%u%s%s", flow_doc_agents(f, SIZE_SMALL),
	    flow_doc_agents(f, SIZE_MEDIUM), flow_doc_agents(f, SIZE_LARGE), own ? "  " : "",
	    own ? e->origin : "");
	buf_addc(b, '\n');
	add_wrapped(b, t, STYLE_DIM, 4, f->summary);
}

/* Behind the categories. */
#define TAB_WITHHELD FLOW_CATEGORIES
#define TAB_BROKEN (FLOW_CATEGORIES + 1)

static bool is_under(const struct flow_entry *e, int tab)
{
	return tab == (e->flow ? (int)e->flow->category : e->withheld ? TAB_WITHHELD : TAB_BROKEN);
}

static const char *tab_title(int tab)
{
	return tab == TAB_WITHHELD ? "In the repository, and not used"
	       : tab == TAB_BROKEN ? "Broken"
				   : tab_titles[tab];
}

void flowtext_list(struct buf *b, const struct term *t, const struct library *lib)
{
	term_addf(
	    b, t, STYLE_DIM, "  %-*s %-*s agents", NAME_COLUMNS, "flow", LABEL_COLUMNS, "asks for");
	buf_adds(b, "\n");
	for (int tab = 0; tab <= TAB_BROKEN; tab++) {
		bool headed = false;

		for (size_t i = 0; i < library_count(lib); i++) {
			const struct flow_entry *e = library_at(lib, i);

			if (!is_under(e, tab))
				continue;
			if (!headed)
				add_heading(b, t, tab_title(tab));
			headed = true;
			add_entry(b, t, e);
		}
	}
}

/* --- show -------------------------------------------------------------------------------- */

static void add_input(struct buf *b, const struct term *t, const struct flow_input *in, bool first)
{
	struct buf line;

	buf_init(&line, KIB(16));
	if (!first)
		buf_printf(&line, "%.*s=… ", STR_ARG(in->name));
	buf_add(&line, in->label);
	if (!first)
		buf_printf(&line, " (%.*s%s)", STR_ARG(in->type), in->required ? ", required" : "");
	if (in->placeholder.n)
		buf_printf(&line, ": %.*s", STR_ARG(in->placeholder));
	add_wrapped(b, t, STYLE_PLAIN, 2, buf_str(&line));
	buf_fini(&line);
}

static void add_waits(struct buf *b, const struct term *t, const struct flow_step *s)
{
	struct buf line;

	if (!s->needs.n)
		return;
	buf_init(&line, KIB(64));
	buf_adds(&line, "after ");
	for (size_t i = 0; i < s->needs.n; i++)
		buf_printf(&line, "%s%.*s", i ? ", " : "", STR_ARG(s->needs.v[i]));
	add_wrapped(b, t, STYLE_DIM, 6, buf_str(&line));
	buf_fini(&line);
}

static void add_step(struct buf *b, const struct term *t, const struct flow_step *s)
{
	buf_printf(b, "%s", s->parent ? "    " : "  ");
	add_column(b, t, STYLE_BOLD, s->id, s->parent ? 18 : 20);
	add_column(b, t, STYLE_PLAIN, str_from(step_kind_name(s->kind)), 8);
	if (s->kind == KIND_AGENT) {
		add_column(b, t, STYLE_PLAIN, str_from(flow_size_name(s->size)), 7);
		term_add(b, t, STYLE_PLAIN, s->agent.persona);
	} else {
		term_add(b, t, STYLE_PLAIN, str_from(flow_size_name(s->size)));
	}
	buf_addc(b, '\n');
	if (s->cond.text.p) {
		struct buf line;

		buf_init(&line, KIB(64));
		buf_printf(&line, "if %.*s", STR_ARG(str_trim(s->cond.text)));
		add_wrapped(b, t, STYLE_DIM, 6, buf_str(&line));
		buf_fini(&line);
	}
	add_waits(b, t, s);
}

void flowtext_show(struct buf *b, const struct term *t, const struct flow *flow)
{
	add_wrapped(b, t, STYLE_BOLD, 0, flow->title);
	add_wrapped(b, t, STYLE_PLAIN, 0, flow->summary);
	add_wrapped(b, t, STYLE_PLAIN, 0, flow->when_to_use);
	add_heading(b, t, "Asks for");
	for (size_t i = 0; i < flow->n_inputs; i++)
		add_input(b, t, &flow->inputs[i], i == 0);
	add_heading(b, t, "Steps");
	for (size_t i = 0; i < flow->n_all; i++)
		add_step(b, t, flow->all[i]);
	for (size_t i = 0; i < flow->next.n; i++)
		buf_printf(b, "%s%.*s", i ? ", " : "\nNext: ", STR_ARG(flow->next.v[i]));
	buf_adds(b, flow->next.n ? "\n" : "");
}

/* --- table ------------------------------------------------------------------------------- */

static void add_row(struct buf *b, const struct flow *f)
{
	buf_printf(b, "| `%.*s` | %.*s | %u, %u, %u |\n", STR_ARG(f->name),
	    STR_ARG(str_trim(f->summary)), flow_doc_agents(f, SIZE_SMALL),
	    flow_doc_agents(f, SIZE_MEDIUM), flow_doc_agents(f, SIZE_LARGE));
}

void flowtext_markdown(struct buf *b, const struct library *lib)
{
	buf_adds(b, "| flow | what comes out | agents at small, medium, large |\n|---|---|---|\n");
	for (int tab = 0; tab < FLOW_CATEGORIES; tab++) {
		buf_printf(b, "| **%s** | | |\n", tab_titles[tab]);
		for (size_t i = 0; i < library_count(lib); i++) {
			const struct flow_entry *e = library_at(lib, i);

			if (e->flow && (int)e->flow->category == tab &&
			    strcmp(e->origin, "built in") == 0)
				add_row(b, e->flow);
		}
	}
}
