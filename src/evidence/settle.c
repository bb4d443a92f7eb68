/* One disposition for each finding of a run; see evidence_settle. */
#include "evidence/priv.h"

#include "base/map.h"

#define COMPARED_MAX 1000000 /* pairs of findings of a run whose words are compared */

struct item {
	struct finding *f;
	struct words title, claim;
	const struct citation *place;
	struct item *next; /* at the same path, still to be compared with */
	struct item *into; /* merged */
};

struct settling {
	struct arena *a;
	struct item *items;
	struct finding **findings;
	size_t n, compared;
};

/* --- merged ------------------------------------------------------------------------------- */

static struct item *survivor_of(struct item *x)
{
	while (x->into)
		x = x->into;
	return x;
}

/* Not reviewed is better than weakened, worse than upheld. */
static int standing(const struct finding *f)
{
	return f->verdict == VERDICT_UPHELD ? 2 : f->verdict == VERDICT_NONE;
}

static bool holds(const struct finding *f)
{
	for (size_t i = 0; i < f->n_cites; i++)
		if (cite_holds(f->cites[i]))
			return true;
	return false;
}

/* Does Y stand for both rather than X, who came first? */
static bool stands_for(const struct finding *y, const struct finding *x)
{
	if (y->severity != x->severity)
		return y->severity > x->severity;
	if (holds(y) != holds(x))
		return holds(y);
	return standing(y) > standing(x);
}

static void merge(struct item *x, struct item *y, const char *why)
{
	struct item *into, *gone;

	x = survivor_of(x);
	y = survivor_of(y);
	if (x == y)
		return;
	into = stands_for(y->f, x->f) ? y : x;
	gone = into == y ? x : y;
	gone->into = into;
	gone->f->disposition = DISPOSITION_MERGED;
	gone->f->disposition_reason = str_from(why);
}

static bool is_open(const struct finding *f)
{
	return f->verdict != VERDICT_REFUTED;
}

static void merge_equal(struct settling *s)
{
	struct map first;

	map_init(&first, s->a);
	for (size_t i = 0; i < s->n; i++) {
		struct item *x = &s->items[i], *had = map_get(&first, x->f->fingerprint);

		if (!is_open(x->f))
			continue;
		if (had)
			merge(had, x, "the same place and the same claim");
		else
			map_put(&first, x->f->fingerprint, x);
	}
}

static unsigned first_line(const struct citation *c)
{
	return cite_holds(c) ? c->found_line : c->line;
}

static unsigned last_line(const struct citation *c)
{
	return cite_holds(c) ? c->found_end : c->end;
}

static bool overlap(const struct citation *x, const struct citation *y)
{
	return first_line(x) <= last_line(y) && first_line(y) <= last_line(x);
}

static bool says_the_same(const struct item *x, const struct item *y)
{
	if (str_eq(x->f->step, y->f->step) || !overlap(x->place, y->place))
		return false;
	if (x->title.n && words_alike(&x->title, &y->title))
		return true;
	return x->claim.n > 3 && y->claim.n > 3 && words_alike(&x->claim, &y->claim);
}

/* Each with those before it at its path, as long as that is a bearable number of pairs. */
static void merge_overlapping(struct settling *s)
{
	struct map at;

	map_init(&at, s->a);
	for (size_t i = 0; i < s->n; i++) {
		struct item *x = &s->items[i];

		if (!is_open(x->f) || !x->place || x->place->trust != TRUST_CODEBASE ||
		    !x->place->line)
			continue;
		x->next = map_get(&at, x->place->path);
		for (struct item *y = x->next; y && s->compared < COMPARED_MAX; y = y->next) {
			s->compared++;
			if (says_the_same(x, y))
				merge(y, x, "the same claim about the same lines");
		}
		map_put(&at, x->place->path, x);
	}
}

/* --- demoted ------------------------------------------------------------------------------ */

static enum severity one_less(enum severity s)
{
	return s > SEVERITY_NOTE ? s - 1 : s;
}

static ptrdiff_t find_nocase(struct str s, struct str word)
{
	for (size_t i = 0; i + word.n <= s.n; i++)
		if (str_eq_nocase(str_take(str_skip(s, i), word.n), word))
			return (ptrdiff_t)i;
	return -1;
}

static const struct {
	const char *words;
	bool of_code; /* said of a server, it is a failure and no excuse */
} excuses[] = {
	{ "theoretically", false },
	{ "in theory", false },
	{ "purely theoretical", false },
	{ "hypothetically", false },
	{ "no caller can", false },
	{ "cannot happen in practice", false },
	{ "cannot be reached", true },
	{ "can't be reached", true },
	{ "can never be reached", true },
	{ "is never reached", true },
	{ "is not reachable", true },
};

static const char *const servers[] = { "server", "host", "service", "network", "upstream",
	"database", "endpoint", "broker", "peer", "address", "api ", "internet", "url" };

/* The sentence of S that AT stands in, up to there. */
static struct str sentence_before(struct str s, size_t at)
{
	size_t from = at;

	while (from && !strchr(".!?\n", s.p[from - 1]))
		from--;
	return (struct str){ s.p + from, at - from };
}

static bool denied(struct str before)
{
	static const char *const words[] = { "not", "just", "only", "merely" };

	before = str_rtrim(before);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_ends(before, str_from(words[i])))
			return true;
	return false;
}

static bool is_of_server(struct str sentence)
{
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		if (find_nocase(sentence, str_from(servers[i])) >= 0)
			return true;
	return false;
}

static const char *excuse_in(struct str s)
{
	for (size_t i = 0; i < sizeof(excuses) / sizeof(excuses[0]); i++) {
		ptrdiff_t at = find_nocase(s, str_from(excuses[i].words));

		if (at < 0)
			continue;
		struct str before = sentence_before(s, (size_t)at);

		if (!denied(before) && !(excuses[i].of_code && is_of_server(before)))
			return excuses[i].words;
	}
	return NULL;
}

static const char *excuse_of(const struct finding *f)
{
	const char *excuse = excuse_in(f->claim);

	return excuse ? excuse : excuse_in(f->scenario);
}

static void lower(struct arena *a, struct finding *f, enum severity to, const char *why)
{
	f->severity = to;
	f->disposition = DISPOSITION_DEMOTED;
	f->disposition_reason =
	    f->disposition_reason.n
		? str_from(arena_printf(a, "%.*s; %s", STR_ARG(f->disposition_reason), why))
		: str_from(why);
}

/* A place that is there, though nothing was quoted from it, or a source that code cannot see. */
static bool is_unchecked(const struct finding *f)
{
	for (size_t i = 0; i < f->n_cites; i++)
		if (f->cites[i]->state == CITE_UNCHECKED)
			return true;
	return false;
}

/* What was never compared may well be true; what was and differs, or is not there, is not. */
static void demote_unproven(struct arena *a, struct finding *f)
{
	if (f->severity <= SEVERITY_LOW || holds(f))
		return;
	if (!is_unchecked(f))
		lower(a, f, SEVERITY_LOW,
		    f->n_cites ? "none of its citations holds" : "it cites nothing");
	else if (f->verdict != VERDICT_UPHELD)
		lower(a, f, one_less(f->severity), "none of its citations can be checked");
}

static void demote(struct arena *a, struct finding *f)
{
	const char *excuse = excuse_of(f);

	demote_unproven(a, f);
	if (f->verdict == VERDICT_WEAKENED)
		lower(a, f, one_less(f->severity), "the validator weakened it");
	if (excuse && f->severity > SEVERITY_NOTE)
		lower(
		    a, f, one_less(f->severity), arena_printf(a, "it says itself \"%s\"", excuse));
}

/* --- all ---------------------------------------------------------------------------------- */

/* As raised: nothing is left of an earlier time. */
static void forget(struct finding *f)
{
	if (f->disposition != DISPOSITION_NONE)
		f->severity = f->raised_as;
	f->raised_as = f->severity;
	f->disposition = DISPOSITION_NONE;
	f->disposition_reason = (struct str){ "", 0 };
	f->into = NULL;
}

static void begin(struct settling *s, struct evidence **sets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->n += sets[i]->n_findings;
	s->items = arena_array(s->a, s->n + 1, sizeof(*s->items));
	s->findings = arena_array(s->a, s->n + 1, sizeof(struct finding *));
	s->n = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			struct finding *f = sets[i]->findings[k];

			forget(f);
			s->findings[s->n] = f;
			s->items[s->n++] = (struct item){ .f = f,
				.title = words_of(s->a, f->title),
				.claim = words_of(s->a, f->claim),
				.place = finding_place(f) };
		}
}

static void decide(struct settling *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct finding *f = s->items[i].f;

		if (f->disposition == DISPOSITION_MERGED)
			f->into = survivor_of(&s->items[i])->f;
		if (f->disposition == DISPOSITION_NONE)
			demote(s->a, f);
		if (f->disposition == DISPOSITION_NONE)
			f->disposition = DISPOSITION_KEPT;
	}
}

void evidence_settle(struct arena *a, struct evidence **sets, size_t n,
    const struct deferring *texts, size_t n_texts)
{
	struct settling s = { .a = a };

	evidence_identify(a, sets, n);
	begin(&s, sets, n);
	merge_equal(&s);
	merge_overlapping(&s);
	for (size_t i = 0; i < s.n; i++) {
		struct finding *f = s.items[i].f;

		if (f->verdict != VERDICT_REFUTED)
			continue;
		f->disposition = DISPOSITION_REFUTED;
		f->disposition_reason = f->verdict_reason;
	}
	findings_defer(a, s.findings, s.n, texts, n_texts);
	decide(&s);
}
