/*
 * What validation refuted is no basis for anything: code goes over the recommendation once more,
 * whoever wrote it. Its text is a row of parts: a heading with all below it, an item of a list with
 * what is indented below it, a paragraph, a row of a table. A part that names refuted findings and
 * none that stands is taken out; where one that stands is named, too, the part stays and the
 * refuted one is marked as such.
 */
#include "report/priv.h"

#include <ctype.h>

#define MARK " (refuted)"
#define TITLE_LEAST 20 /* bytes of a title that is a name of its own */
#define TITLES_MAX 200

struct part {
	struct str text;   /* whole lines */
	unsigned heading;  /* its level, or 0 */
	bool item, closed; /* closed: by a fence */
	size_t indent;
	bool refuted, stands; /* names such findings */
	struct strs titled;   /* uids of refuted ones that are named by their titles alone */
	size_t end;	      /* index of the first part that does not belong to it */
	bool gone;
};

struct striking {
	struct arena *a;
	struct report_run *run;
	struct mentions *mentions;
	struct finding **titled; /* refuted ones whose titles are names */
	size_t n_titled;
	struct part *parts;
	size_t n, cap;
};

/* --- parts -------------------------------------------------------------------------------- */

static size_t indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'))
		n++;
	return n;
}

/* "- x", "* x", "12. x", "3) x" */
static bool is_item(struct str line)
{
	size_t n = 0;

	line = str_trim(line);
	if (line.n > 1 && strchr("-*+", line.p[0]) && line.p[1] == ' ')
		return true;
	while (n < line.n && isdigit((unsigned char)line.p[n]))
		n++;
	return n && n + 1 < line.n && strchr(".)", line.p[n]) && line.p[n + 1] == ' ';
}

static bool is_row(struct str line)
{
	line = str_trim(line);
	return line.n && line.p[0] == '|';
}

static struct part *open_part(struct striking *s, struct str line, unsigned heading)
{
	s->parts = arena_grow(s->a, s->parts, s->n, &s->cap, sizeof(*s->parts));
	struct part *part = &s->parts[s->n++];

	*part = (struct part){
		.text = line, .heading = heading, .item = is_item(line), .indent = indent_of(line)
	};
	return part;
}

/* A line that goes on with LAST, the part before it. */
static bool goes_on(const struct part *last, struct str line, unsigned heading, bool fenced)
{
	if (!str_trim(last->text).n || last->heading || last->closed || heading)
		return false;
	return fenced || (str_trim(line).n && !is_item(line) && !is_row(line));
}

static void split(struct striking *s, struct str text)
{
	struct md_scan scan = { 0 };
	struct part *last = NULL;

	while (text.p && text.n) {
		struct str line = str_line(&text);
		bool inside = scan.fence;
		unsigned level = md_heading(&scan, line);

		if (last && goes_on(last, line, level, inside))
			last->text.n = (size_t)(line.p + line.n - last->text.p);
		else
			last = open_part(s, line, level);
		last->closed = inside && !scan.fence;
	}
}

static bool is_blank(const struct part *p)
{
	return !str_trim(p->text).n;
}

/* Where what belongs to part I ends. */
static size_t end_of(const struct striking *s, size_t i)
{
	const struct part *p = &s->parts[i];
	size_t k = i + 1;

	if (!p->heading && !p->item)
		return k;
	for (; k < s->n; k++) {
		const struct part *next = &s->parts[k];

		if (p->heading ? next->heading && next->heading <= p->heading
			       : !is_blank(next) && (next->heading || next->indent <= p->indent))
			break;
	}
	while (!p->heading && k > i + 1 &&
	       is_blank(&s->parts[k - 1])) /* what parts it from the next */
		k--;
	return k;
}

/* --- names -------------------------------------------------------------------------------- */

static bool find_nocase(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (tolower((unsigned char)s.p[i]) == tolower((unsigned char)needle.p[0]) &&
		    str_eq_nocase((struct str){ s.p + i, needle.n }, needle))
			return true;
	return false;
}

static void note(struct striking *s, const struct finding *f)
{
	struct strs *list = &s->run->struck;

	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], f->uid))
			return;
	strs_add(s->a, list, f->uid);
}

static bool names(const struct striking *s, const struct part *p, const struct finding *f)
{
	struct mention one;

	for (size_t at = 0; mention_next(s->mentions, p->text, at, &one); at = one.at + one.n)
		if (one.finding == f)
			return true;
	return false;
}

/* A refuted finding may be told by its title alone. */
static void look_for_titles(struct striking *s, struct part *p)
{
	for (size_t i = 0; i < s->n_titled; i++) {
		const struct finding *f = s->titled[i];

		if (!find_nocase(p->text, f->title) || names(s, p, f))
			continue;
		p->refuted = true;
		strs_add(s->a, &p->titled, f->uid);
		note(s, f);
	}
}

static void look(struct striking *s, struct part *p)
{
	struct mention one;

	for (size_t at = 0; mention_next(s->mentions, p->text, at, &one); at = one.at + one.n) {
		if (one.finding->verdict != VERDICT_REFUTED) {
			p->stands = true;
			continue;
		}
		p->refuted = true;
		note(s, one.finding);
	}
	look_for_titles(s, p);
}

/* --- taking out --------------------------------------------------------------------------- */

static bool any_stands(const struct striking *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (s->parts[i].stands)
			return true;
	return false;
}

static void take_out(struct striking *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct part *p = &s->parts[i];
		size_t end = p->gone || !p->refuted ? i : end_of(s, i);

		if (end == i || any_stands(s, i, end))
			continue;
		s->run->struck_parts++;
		for (size_t k = i; k < end; k++)
			s->parts[k].gone = true;
	}
}

/* A part as it stays: behind each name of what is refuted stands that it is. */
static void add_part(struct buf *b, const struct striking *s, const struct part *p)
{
	struct str text = p->text;
	struct mention one;
	size_t from = 0;

	for (size_t at = 0; mention_next(s->mentions, text, at, &one); at = one.at + one.n) {
		size_t end = one.at + one.n;

		buf_add(b, str_skip(str_take(text, end), from));
		from = end;
		if (one.finding->verdict == VERDICT_REFUTED &&
		    !str_starts(str_skip(text, end), STR(MARK)))
			buf_adds(b, MARK);
	}
	buf_add(b, str_skip(text, from));
	for (size_t i = 0; i < p->titled.n; i++)
		buf_printf(b, " [%.*s%s]", STR_ARG(p->titled.v[i]), MARK);
	buf_addc(b, '\n');
}

static const char no_winner[] =
    "No clear winner: all that was recommended rested on findings that validation refuted. Which "
    "evidence would settle it was not said.\n\n";

static bool stands_still(const struct striking *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->parts[i].gone && s->parts[i].stands)
			return true;
	return false;
}

static struct str what_is_left(struct striking *s)
{
	struct buf b;

	buf_init(&b, REPORT_MAX);
	if (s->run->struck_parts && !stands_still(s))
		buf_adds(&b, no_winner);
	for (size_t i = 0; i < s->n; i++)
		if (!s->parts[i].gone)
			add_part(&b, s, &s->parts[i]);
	struct str text = arena_dup(s->a, buf_str(&b));

	buf_fini(&b);
	return text;
}

/* "No clear winner", at the beginning of a line, whatever marks stand before it. */
static bool says_no_winner(struct str text)
{
	static const char *const words[] = { "no clear winner", "there is no clear winner",
		"recommendation: no clear winner", "answer: no clear winner" };

	while (text.p) {
		struct str line = str_line(&text);

		while (line.n && !isalpha((unsigned char)line.p[0]))
			line = str_skip(line, 1);
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (str_eq_nocase(str_take(line, strlen(words[i])), str_from(words[i])))
				return true;
	}
	return false;
}

/* A title that is long enough to be a name, and nobody's that stands. */
static bool is_name(const struct finding *f, struct finding *const *all, size_t n)
{
	if (f->verdict != VERDICT_REFUTED || f->title.n < TITLE_LEAST)
		return false;
	for (size_t i = 0; i < n; i++)
		if (all[i]->verdict != VERDICT_REFUTED && str_eq_nocase(all[i]->title, f->title))
			return false;
	return true;
}

static void strike(struct striking *s, struct report_step *step)
{
	struct finding **all;
	size_t n = fact_findings(s->a, s->run, &all);

	s->mentions = mentions_create(s->a, all, n);
	s->titled = arena_array(s->a, TITLES_MAX, sizeof(*s->titled));
	for (size_t i = 0; i < n && s->n_titled < TITLES_MAX; i++)
		if (is_name(all[i], all, n))
			s->titled[s->n_titled++] = all[i];
	split(s, step->said);
	for (size_t i = 0; i < s->n; i++)
		look(s, &s->parts[i]);
	if (!s->run->struck.n)
		return; /* as it was said */
	take_out(s);
	step->output = what_is_left(s);
}

void report_strike(struct arena *a, struct report_run *run)
{
	const struct report_step *best = fact_recommender(run);
	struct striking s = { .a = a, .run = run };

	run->struck = (struct strs){ 0 };
	run->struck_parts = 0;
	for (size_t i = 0; i < run->n_steps; i++) {
		struct report_step *step = &run->steps[i];

		if (!step->said.p)
			step->said = step->output;
		if (step == best) {
			strike(&s, step);
			run->no_winner = says_no_winner(step->output);
		}
	}
}
