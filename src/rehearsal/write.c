#include "rehearsal/priv.h"

/*
 * The answer of an analyst: which facts are told, and how.
 */

#define FINDINGS_TOLD 6
#define NEAR_LINES 5 /* a quote may stand so many lines below the line it is about */

/* --- choosing -----------------------------------------------------------------------------------
 */

struct choice {
	const struct fact *v[FINDINGS_TOLD];
	size_t n;
};

/* Half of the findings at most come from one file, unless only one was read. */
static bool is_crowded(const struct choice *c, const struct book *b, struct str path)
{
	size_t same = 0;

	for (size_t i = 0; i < c->n; i++)
		same += str_eq(c->v[i]->path, path);
	return same >= (b->n_read > 1 ? FINDINGS_TOLD / 2 : FINDINGS_TOLD);
}

static bool is_chosen(const struct choice *c, const struct fact *fact)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct fact *had = c->v[i];

		if (had == fact)
			return true;
		if (str_eq(had->path, fact->path) && had->line == fact->line &&
		    (had->kind == fact->kind || fact->kind == FACT_OPENS))
			return true;
	}
	return false;
}

/* Facts stand by kind, the best of each first; every round takes one more of each kind. */
static const struct fact *next_of(
    const struct facts *f, enum fact_kind kind, const struct choice *c, const struct book *b)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct fact *fact = &f->v[i];
		const struct view *v = fact->kind == kind ? book_view(b, fact->path) : NULL;

		if (v && path_citable(fact->path) && !is_chosen(c, fact) &&
		    !is_crowded(c, b, fact->path) && quotable_line(v, fact->line, NEAR_LINES))
			return fact;
	}
	return NULL;
}

static size_t count_kinds(const struct lens *lens)
{
	size_t n = 0;

	while (n < LENS_KINDS && lens->kinds[n] != FACT_NONE)
		n++;
	return n;
}

static struct choice choose(const struct scene *s, const struct facts *f)
{
	const struct lens *lens = s->part.lens;
	size_t kinds = count_kinds(lens), rounds = kinds > 3 ? 2 : 4;
	struct choice c = { .n = 0 };

	for (size_t round = 0; round < rounds; round++) {
		for (size_t k = 0; k < kinds && c.n < FINDINGS_TOLD; k++) {
			const struct fact *fact = next_of(f, lens->kinds[k], &c, &s->book);

			if (fact)
				c.v[c.n++] = fact;
		}
	}
	return c;
}

/* --- telling -------------------------------------------------------------------------------------
 */

/* TEXT with {name} {path} {n} {line} {end} filled in. */
static struct str fill(struct arena *a, const char *text, const struct fact *fact)
{
	struct buf b;

	buf_init(&b, KIB(8));
	for (struct str rest = str_from(text); rest.n;) {
		ptrdiff_t open = str_chr(rest, '{'), close = str_chr(rest, '}');

		if (open < 0 || close < open) {
			buf_add(&b, rest);
			break;
		}
		struct str key = { rest.p + open + 1, (size_t)(close - open - 1) };

		buf_add(&b, str_take(rest, (size_t)open));
		if (str_is(key, "name"))
			buf_add(&b, str_take(fact->name, 200));
		else if (str_is(key, "path"))
			buf_add(&b, fact->path);
		else if (str_is(key, "n"))
			buf_printf(&b, "%u", fact->n);
		else if (str_is(key, "line"))
			buf_printf(&b, "%u", fact->line);
		else if (str_is(key, "end"))
			buf_printf(&b, "%u", fact->end);
		rest = str_skip(rest, (size_t)close + 1);
	}
	return buf_to_arena(a, &b);
}

static struct finding tell(const struct scene *s, const struct fact *fact, size_t n)
{
	const struct telling *t = telling_of(fact->kind);
	const struct view *v = book_view(&s->book, fact->path);
	const struct line *l = quotable_line(v, fact->line, NEAR_LINES);
	unsigned from = l->no < fact->line || fact->end < l->no ? l->no : fact->line;
	struct finding f = { .id = part_id(s->a, &s->part, n),
		.path = fact->path,
		.quote = quote_of(l),
		.confidence = t->confidence,
		.severity = t->severity,
		.line = from,
		.end = fact->end > from ? fact->end : from };

	f.title = fill(s->a, t->title, fact);
	f.claim = fill(s->a, t->claim, fact);
	f.scenario = fill(s->a, t->scenario, fact);
	f.suggestion = fill(s->a, t->suggestion, fact);
	return f;
}

void findings_make(const struct scene *s, struct draft *d)
{
	struct facts f = measure(s);
	struct choice c = choose(s, &f);

	d->findings = arena_array(s->a, c.n, sizeof(*d->findings));
	for (size_t i = 0; i < c.n; i++)
		d->findings[d->n_findings++] = tell(s, c.v[i], i + 1);
}

/* --- writing
 * -------------------------------------------------------------------------------------- */

static void finding_write(struct buf *b, const struct finding *f)
{
	buf_printf(b, "### %.*s: %.*s\n", STR_ARG(f->id), STR_ARG(f->title));
	buf_printf(b, "Severity: %s\nEvidence: ", severity_word_name(f->severity));
	cite_write(b, f->path, f->line, f->end, f->quote);
	buf_printf(b, "\nClaim: %.*s\n", STR_ARG(f->claim));
	buf_printf(b, "Failure scenario: %.*s\n", STR_ARG(f->scenario));
	buf_printf(b, "Suggestion: %.*s\n", STR_ARG(f->suggestion));
	buf_printf(b, "Confidence: %s\n\n", f->confidence);
}

void findings_write(struct buf *b, const struct draft *d)
{
	for (size_t i = 0; i < d->n_findings; i++)
		finding_write(b, &d->findings[i]);
	if (d->n_findings == 0)
		buf_adds(b, "No findings.\n\n");
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void coverage_reads(struct buf *b, const struct book *book)
{
	unsigned named = 0;

	buf_printf(b, "Read %zu line%s of %zu file%s", book->n_lines, plural(book->n_lines),
	    book->n_read, plural(book->n_read));
	for (size_t i = 0; i < book->n_views; i++) {
		if (book->views[i]->n && named < 8)
			buf_printf(
			    b, "%s`%.*s`", named++ ? ", " : " (", STR_ARG(book->views[i]->path));
	}
	buf_printf(b, "%s", named == 0 ? "" : book->n_read > named ? ", …)" : ")");
	if (book->n_files)
		buf_printf(b, " of %zu listed%s", book->n_files,
		    book->list_cut ? " (the list was cut)" : "");
	buf_adds(b, ".");
}

static void coverage_searches(struct buf *b, const struct book *book)
{
	for (size_t i = 0; i < book->n_searches && i < 8; i++) {
		const struct search *s = &book->searches[i];

		buf_printf(b, "%s `%.*s` (%zu line%s%s)", i ? "," : " Searched for",
		    STR_ARG(str_take(s->pattern, 120)), s->n, plural(s->n),
		    s->failed ? ", refused"
		    : s->cut  ? ", more exist"
			      : "");
	}
	if (book->n_searches)
		buf_adds(b, ".");
}

void coverage_write(struct buf *b, const struct scene *s)
{
	const struct book *book = &s->book;

	if (!talk_has_tools(&s->talk)) {
		buf_adds(b,
		    "Nothing could be read: the request offered no tool to list, search or read "
		    "with, so nothing is claimed.");
		return;
	}
	if (book->n_read == 0)
		buf_printf(b, "No file was read (%zu listed).", book->n_files);
	else
		coverage_reads(b, book);
	coverage_searches(b, book);
	if (book->n_refused)
		buf_printf(b, " %zu call%s came back with an error.", book->n_refused,
		    plural(book->n_refused));
	if (book->log.n) {
		struct str rest = book->log, first = str_trim(str_line(&rest));

		buf_printf(b, " The history begins with: %.*s.", STR_ARG(str_take(first, 120)));
	}
}
