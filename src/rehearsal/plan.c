#include "rehearsal/priv.h"

#include "base/map.h"

#include <stdlib.h>

/*
 * What to ask for next. Each kind of part has stages; a stage says which calls it would like to
 * see in the conversation, and the first stage with a wish that was not asked for yet is the next
 * turn. What a stage wishes depends only on the prompt and on results of earlier stages, so the
 * same conversation always leads to the same turn, and a stage comes to an end.
 */

#define TURNS_MAX 10	 /* assistant messages after which it answers with what there is */
#define READ_FILES 6	 /* files an analyst reads */
#define READ_BATCH 3	 /* of them in one turn */
#define READ_LINES 300	 /* lines of a file in one read */
#define JUDGE_WINDOWS 40 /* places a validator reads again */
#define GROUPS_READ 5	 /* files a rater or adviser reads again */
#define DIRS_LISTED 6
#define NAMES_SEARCHED 3

struct wishes {
	struct wish v[JUDGE_WINDOWS];
	size_t n;
};

static void wish_add(struct wishes *w, enum tool_kind kind, struct str path, struct str pattern)
{
	if (w->n < sizeof(w->v) / sizeof(*w->v))
		w->v[w->n++] = (struct wish){ .kind = kind, .path = path, .pattern = pattern };
}

/* A tool that reads whole files only is asked for the file, once. */
static void wish_lines(
    struct wishes *w, const struct talk *t, struct str path, unsigned from, unsigned to)
{
	const struct tool *tool = &t->tools[TOOL_READ];
	bool parts = tool->from && tool->to;

	if (w->n < sizeof(w->v) / sizeof(*w->v))
		w->v[w->n++] =
		    (struct wish){ TOOL_READ, path, { "", 0 }, parts ? from : 0, parts ? to : 0 };
}

/* --- which files are worth reading
 * ---------------------------------------------------------------- */

struct ranked {
	struct str path;
	unsigned score;
	unsigned line; /* of the first hit, 0: none */
};

#define HIT_SCORE 3
#define HITS_SCORE_MAX 15
#define ITEM_SCORE 8
#define SHOWN_SCORE 12 /* a hunk of a change that is to be reviewed */

static int by_place(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int order = str_cmp(x->path, y->path);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int by_score(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return str_cmp(x->path, y->path);
}

/* Hits of the first round only: what is searched later must not change what is read. */
static bool is_survey(const struct part *p, struct str pattern)
{
	for (size_t i = 0; i < p->n_words; i++) {
		if (str_eq(pattern, p->words[i]))
			return true;
	}
	for (size_t i = 0; i < LENS_SEARCHES; i++) {
		if (p->lens->searches[i] && str_is(pattern, p->lens->searches[i]))
			return true;
	}
	return false;
}

/* Every mention of a file, one entry each. */
static size_t collect_mentions(const struct scene *s, struct ranked *v)
{
	const struct book *b = &s->book;
	size_t n = 0;

	for (size_t i = 0; i < b->n_files; i++)
		v[n++] = (struct ranked){ .path = b->files[i] };
	for (size_t i = 0; i < b->n_hits; i++) {
		if (is_survey(&s->part, b->hits[i].pattern))
			v[n++] = (struct ranked){ b->hits[i].path, HIT_SCORE, b->hits[i].line };
	}
	for (size_t i = 0; i < s->part.n_items; i++) {
		const struct item *item = &s->part.items[i];

		if (item->path.n)
			v[n++] = (struct ranked){ item->path, ITEM_SCORE, item->line };
	}
	for (size_t i = 0; i < s->part.n_shown; i++) {
		const struct shown *h = &s->part.shown[i];

		if (h->path.n && h->line)
			v[n++] = (struct ranked){ h->path, SHOWN_SCORE, h->line };
	}
	return n;
}

/* One entry a file; hits count up to a ceiling, so that one noisy file does not win alone. */
static size_t merge_mentions(struct ranked *v, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(v, n, sizeof(*v), by_place);
	for (size_t i = 0; i < n; i++) {
		struct ranked *last = kept ? &v[kept - 1] : NULL;

		if (!last || !str_eq(last->path, v[i].path)) {
			v[kept++] = v[i];
			continue;
		}
		last->score += v[i].score;
		if (last->score > HITS_SCORE_MAX)
			last->score = HITS_SCORE_MAX;
		if (last->line == 0)
			last->line = v[i].line;
	}
	return kept;
}

/* What the name of a file is worth to this persona; a little of it differs from step to step. */
static unsigned name_score(const struct part *p, struct str path)
{
	struct str base = path_base(path);
	enum language l = language_of(path);
	unsigned score = 1 + text_hash(p->step, path) % 5;

	for (size_t i = 0; i < p->n_words; i++) {
		if (text_find_nocase(base, p->words[i]) >= 0)
			score += 12;
		else if (text_find_nocase(path, p->words[i]) >= 0)
			score += 8;
	}
	if (*p->lens->prefers && text_has_any(path, p->lens->prefers))
		score += 7;
	score += language_is_code(l) ? 6 : l == LANG_TEXT ? 2 : 0;
	if (path_is_test(path) && !text_has_nocase(str_from(p->lens->prefers), "test"))
		score = score > 6 ? score - 6 : 0;
	return score;
}

/* The files by worth, best first; those nobody should read are left out. */
static size_t rank_files(const struct scene *s, struct ranked **ret)
{
	size_t room = s->book.n_files + s->book.n_hits + s->part.n_items + s->part.n_shown, n,
	       kept = 0;
	struct ranked *v = arena_array(s->a, room, sizeof(*v));

	n = merge_mentions(v, collect_mentions(s, v));
	for (size_t i = 0; i < n; i++) {
		if (path_is_noise(v[i].path) || !path_citable(v[i].path))
			continue;
		v[i].score += name_score(&s->part, v[i].path);
		v[kept++] = v[i];
	}
	if (kept)
		qsort(v, kept, sizeof(*v), by_score);
	*ret = v;
	return kept;
}

/* --- the stages of an analyst
 * ---------------------------------------------------------------------- */

static void survey(const struct scene *s, struct wishes *w)
{
	const struct part *p = &s->part;

	wish_add(w, TOOL_LIST, STR("."), (struct str){ "", 0 });
	wish_add(w, TOOL_FIND, STR("."), STR("**/*"));
	for (size_t i = 0; i < LENS_SEARCHES; i++) {
		if (p->lens->searches[i])
			wish_add(w, TOOL_SEARCH, STR("."), str_from(p->lens->searches[i]));
	}
	for (size_t i = 0; i < p->n_words; i++)
		wish_add(w, TOOL_SEARCH, STR("."), p->words[i]);
}

static unsigned dir_score(const struct part *p, struct str dir)
{
	static const char usual[] = "src|lib|app|pkg|internal|cmd|core|server|test|doc|api";
	unsigned score = text_hash(p->step, dir) % 3;

	for (size_t i = 0; i < p->n_words; i++)
		score += text_find_nocase(dir, p->words[i]) >= 0 ? 8 : 0;
	score += *p->lens->prefers && text_has_any(dir, p->lens->prefers) ? 4 : 0;
	return score + (text_has_any(dir, usual) ? 3 : 0);
}

/* Where no tool lists everything at once, directories are opened level by level. */
static void open_dirs(const struct scene *s, struct wishes *w)
{
	const struct book *b = &s->book;
	struct ranked *v = arena_array(s->a, b->n_dirs, sizeof(*v));
	size_t n = 0;

	if (s->talk.tools[TOOL_FIND].name.n && b->list_deep)
		return;
	for (size_t i = 0; i < b->n_dirs; i++) {
		struct wish asked = { .kind = TOOL_LIST, .path = b->dirs[i], .pattern = { "", 0 } };
		struct str slashed = str_from(arena_printf(s->a, "%.*s/", STR_ARG(b->dirs[i])));

		if (talk_asked(&s->talk, &asked) || path_is_noise(slashed) || *b->dirs[i].p == '.')
			continue;
		v[n++] = (struct ranked){ b->dirs[i], dir_score(&s->part, b->dirs[i]), 0 };
	}
	if (n)
		qsort(v, n, sizeof(*v), by_score);
	for (size_t i = 0; i < n && i < DIRS_LISTED; i++)
		wish_add(w, TOOL_LIST, v[i].path, (struct str){ "", 0 });
}

static bool is_open_enough(const struct scene *s)
{
	size_t listed = 0;

	for (size_t i = 0; i < s->talk.n_calls; i++)
		listed += s->talk.calls[i].wish.kind == TOOL_LIST;
	return listed > 2 * DIRS_LISTED || s->book.n_files > 40;
}

static void list_below(const struct scene *s, struct wishes *w)
{
	if (!is_open_enough(s))
		open_dirs(s, w);
}

static void read_best(const struct scene *s, struct wishes *w)
{
	struct ranked *v;
	size_t n = rank_files(s, &v);

	for (size_t i = 0; i < n && i < READ_FILES; i++) {
		unsigned from = v[i].line > READ_LINES - 50 ? v[i].line - 100 : 1;

		wish_lines(w, &s->talk, v[i].path, from, from + READ_LINES - 1);
	}
}

/* Functions that no line read mentions a second time are searched for. */
static void search_names(const struct scene *s, struct wishes *w)
{
	struct str names[NAMES_SEARCHED];
	size_t n = lonely_names(s, names, NAMES_SEARCHED);

	for (size_t i = 0; i < n; i++)
		wish_add(w, TOOL_SEARCH, STR("."), names[i]);
}

static void history(const struct scene *s, struct wishes *w)
{
	if (s->part.lens->history)
		wish_add(w, TOOL_LOG, STR("."), (struct str){ "", 0 });
}

/* --- of one who judges, rates or advises
 * ------------------------------------------------------------ */

static int item_by_place(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;
	int order = str_cmp((*x)->path, (*y)->path);

	return order ? order : ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

/* The places the items cite, with some lines around; near ones of a file share a window. */
static void read_cited(const struct scene *s, struct wishes *w)
{
	const struct part *p = &s->part;
	const struct item **by = arena_array(s->a, p->n_items, sizeof(*by));
	size_t n = 0;

	for (size_t i = 0; i < p->n_items; i++) {
		if (p->items[i].path.n)
			by[n++] = &p->items[i];
	}
	if (n)
		qsort(by, n, sizeof(*by), item_by_place);
	for (size_t i = 0; i < n;) {
		const struct item *first = by[i];
		unsigned from = first->line > 10 ? first->line - 10 : 1, to = from + 60;

		for (; i < n && str_eq(by[i]->path, first->path) &&
		       by[i]->line < from + READ_LINES / 2;
		     i++)
			to = by[i]->line + 60 > to ? by[i]->line + 60 : to;
		wish_lines(w, &s->talk, first->path, from, to);
	}
}

/* A place behind the end of a file: what does the file hold then? */
static void read_starts(const struct scene *s, struct wishes *w)
{
	for (size_t i = 0; i < s->part.n_items && w->n < PLAN_CALLS; i++) {
		const struct item *item = &s->part.items[i];
		const struct view *v = item->path.n ? book_view(&s->book, item->path) : NULL;

		if (v && v->n == 0 && !v->missing && !v->whole && item->line > READ_LINES)
			wish_lines(w, &s->talk, item->path, 1, READ_LINES);
	}
}

/* A claim that nobody names a function is a claim about a search: it is made again. */
static void search_claims(const struct scene *s, struct wishes *w)
{
	for (size_t i = 0; i < s->part.n_items && w->n < NAMES_SEARCHED; i++) {
		struct str name = item_uncalled(&s->part.items[i]);

		if (name.n)
			wish_add(w, TOOL_SEARCH, STR("."), name);
	}
}

static void read_groups(const struct scene *s, struct wishes *w)
{
	struct group *groups;
	size_t n = groups_make(s->a, s->part.items, s->part.n_items, &groups);

	for (size_t i = 0; i < n && i < GROUPS_READ; i++) {
		const struct item *item = groups[i].items[0];
		unsigned from = item->line > 10 ? item->line - 10 : 1;

		if (item->path.n)
			wish_lines(w, &s->talk, item->path, from, from + 60);
	}
}

/* --- the next turn
 * ---------------------------------------------------------------------------------- */

typedef void (*stage_fn)(const struct scene *s, struct wishes *w);

#define STAGES_MAX 5

static const struct {
	stage_fn wishes;
	size_t batch;
	const char *says;
} plans[][STAGES_MAX] = {
	[PART_PLAIN] = { { NULL } },
	[PART_ANALYST] = { { survey, PLAN_CALLS, "looking at what is there" },
	    { list_below, DIRS_LISTED, "opening directories" },
	    { read_best, READ_BATCH, "reading" },
	    { search_names, NAMES_SEARCHED, "searching for names that stood alone" },
	    { history, 1, "looking at the history" } },
	[PART_RATER] = { { read_groups, GROUPS_READ, "reading the cited places again" },
	    { history, 1, "looking at the history" } },
	[PART_JUDGE] = { { read_cited, PLAN_CALLS, "reading the cited places again" },
	    { read_starts, PLAN_CALLS, "reading files whose cited lines were not there" },
	    { search_claims, NAMES_SEARCHED, "repeating searches that claims rest on" } },
	[PART_ADVISER] = { { read_groups, GROUPS_READ, "reading the cited places again" } },
};

/* Leaves out what was asked for before and what no offered tool can do. */
static size_t still_open(
    const struct scene *s, const struct wishes *w, size_t most, struct wish *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n && n < most; i++) {
		bool twice = false;

		for (size_t k = 0; k < n; k++)
			twice |= ret[k].kind == w->v[i].kind && str_eq(ret[k].path, w->v[i].path) &&
				 str_eq(ret[k].pattern, w->v[i].pattern) &&
				 ret[k].from == w->v[i].from;
		if (!twice && s->talk.tools[w->v[i].kind].name.n && !talk_asked(&s->talk, &w->v[i]))
			ret[n++] = w->v[i];
	}
	return n;
}

/* "Rehearsal, no language model: reading `a.c`, `b.c`." */
static struct str say(struct arena *a, const char *what, const struct wish *v, size_t n)
{
	struct buf b;

	buf_init(&b, KIB(64));
	buf_printf(&b, "Rehearsal, no language model: %s", what);
	for (size_t i = 0; i < n; i++) {
		struct str subject = v[i].pattern.n ? v[i].pattern : v[i].path;

		buf_printf(&b, "%s `%.*s`", i ? "," : "", STR_ARG(str_take(subject, 200)));
	}
	buf_addc(&b, '.');
	return buf_to_arena(a, &b);
}

size_t plan_next(const struct scene *s, struct wish ret[PLAN_CALLS], struct str *ret_say)
{
	if (s->talk.turns >= TURNS_MAX)
		return 0;
	for (size_t i = 0; i < STAGES_MAX && plans[s->part.kind][i].wishes; i++) {
		struct wishes w = { .n = 0 };
		size_t n;

		plans[s->part.kind][i].wishes(s, &w);
		n = still_open(s, &w, plans[s->part.kind][i].batch, ret);
		if (n) {
			*ret_say = say(s->a, plans[s->part.kind][i].says, ret, n);
			return n;
		}
	}
	return 0;
}
