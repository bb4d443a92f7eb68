/*
 * Findings of a review of a change, after the verdicts: what lies outside of it, what contradicts
 * each other, what a change of this size lets rise, and how many a reader is asked to look at. Only
 * lowers; no finding disappears, and each says why it stands where it stands.
 */
#include "evidence/priv.h"

#include "base/buf.h"
#include "base/limits.h"
#include "change/change.h"

#include <ctype.h>
#include <stdlib.h>

#define TOPIC_MAX 24

struct weighing {
	struct arena *a;
	const struct change *change;
	struct finding **v; /* those that still count, in the order given */
	size_t n;
	struct change_weights w;
	struct vec lines;
};

/* --- lowering ---------------------------------------------------------------------------- */

/* Refuted, merged, deferred: somebody else's word about it stands. */
static bool counts(const struct finding *f)
{
	return f->verdict != VERDICT_REFUTED &&
	       (f->disposition == DISPOSITION_NONE || f->disposition == DISPOSITION_KEPT ||
		   f->disposition == DISPOSITION_DEMOTED);
}

/* To MOST at the highest. What was lowered before keeps its first reason, with this one behind. */
static void demote(struct arena *a, struct finding *f, enum severity most, struct str why)
{
	bool again = f->disposition == DISPOSITION_DEMOTED && f->disposition_reason.n;

	if (f->raised_as == SEVERITY_NONE)
		f->raised_as = f->severity;
	if (f->severity > most)
		f->severity = most;
	f->disposition = DISPOSITION_DEMOTED;
	f->disposition_reason = again ? str_from(arena_printf(a, "%.*s; %.*s",
					    STR_ARG(f->disposition_reason), STR_ARG(why)))
				      : why;
}

/* --- places ------------------------------------------------------------------------------ */

static unsigned first_line(const struct citation *c)
{
	return c->found_line ? c->found_line : c->line;
}

static unsigned last_line(const struct citation *c)
{
	unsigned end = c->found_line ? c->found_end : c->end, line = first_line(c);

	return end > line ? end : line;
}

static const struct citation *place_of(const struct finding *f)
{
	for (size_t i = 0; i < f->n_cites; i++)
		if (f->cites[i]->trust == TRUST_CODEBASE && f->cites[i]->line)
			return f->cites[i];
	return NULL;
}

static bool touches(const struct change *c, const struct finding *f)
{
	for (size_t i = 0; i < f->n_cites; i++) {
		const struct citation *at = f->cites[i];

		if (at->trust == TRUST_CODEBASE &&
		    change_touches(c, at->path, first_line(at), last_line(at)))
			return true;
	}
	return false;
}

static void weigh_places(struct weighing *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct finding *f = w->v[i];

		if (!place_of(f) || touches(w->change, f))
			continue;
		demote(w->a, f, SEVERITY_LOW,
		    STR("outside of the change: it cites no line that the change touches"));
		w->w.outside++;
	}
}

/* --- what findings say ------------------------------------------------------------------- */

enum stance { STANCE_NONE, STANCE_MISSING, STANCE_SUPERFLUOUS };

static bool holds(struct str text, const char *const *words)
{
	for (; *words; words++) {
		struct str word = str_from(*words);

		for (size_t i = 0; i + word.n <= text.n; i++)
			if ((i == 0 || !isalpha((unsigned char)text.p[i - 1])) &&
			    str_eq_nocase((struct str){ text.p + i, word.n }, word))
				return true;
	}
	return false;
}

static struct str claim_of(struct arena *a, const struct finding *f)
{
	struct str claim = f->claim.n ? f->claim : finding_field(f, "Claim");

	return str_from(arena_printf(
	    a, "%.*s %.*s", STR_ARG(str_take(f->title, 400)), STR_ARG(str_take(claim, 400))));
}

/* That something should be there and is not, or is there and should not be. */
static enum stance stance_of(struct arena *a, const struct finding *f)
{
	static const char *const missing[] = { "missing", "lacks", "lacking", "absent", "without",
		"never check", "not check", "unchecked", "should add", "needs a", NULL };
	static const char *const superfluous[] = { "superfluous", "redundant", "unnecessary",
		"unneeded", "needless", "not needed", "dead code", "unused", "can be removed",
		"should be removed", NULL };
	struct str text = claim_of(a, f);
	bool lacks = holds(text, missing), has = holds(text, superfluous);

	return lacks == has ? STANCE_NONE : lacks ? STANCE_MISSING : STANCE_SUPERFLUOUS;
}

struct topic {
	struct str v[TOPIC_MAX];
	size_t n;
};

static bool has_topic(const struct topic *w, struct str word)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq_nocase(w->v[i], word))
			return true;
	return false;
}

/* Words of four letters and more that are about the matter. */
static struct topic topic_of(struct str s)
{
	static const char *const stops[] = { "missing", "lacks", "lacking", "absent", "without",
		"superfluous", "redundant", "unnecessary", "unneeded", "needless", "this", "that",
		"with", "from", "should", "code", "line", "file", "function", NULL };
	struct topic w = { .n = 0 };

	while (s.n && w.n < TOPIC_MAX) {
		size_t n = 0;
		bool stop = false;

		while (n < s.n && is_word_char(s.p[n]))
			n++;
		struct str word = str_take(s, n);

		for (size_t i = 0; stops[i]; i++)
			stop |= str_eq_nocase(word, str_from(stops[i]));
		if (n >= 4 && !stop && !has_topic(&w, word))
			w.v[w.n++] = word;
		s = str_skip(s, n ? n : 1);
	}
	return w;
}

static size_t common(const struct topic *x, const struct topic *y)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		n += has_topic(y, x->v[i]);
	return n;
}

/* --- contradictions ---------------------------------------------------------------------- */

static bool overlap(const struct citation *x, const struct citation *y)
{
	return str_eq(x->path, y->path) && first_line(x) <= last_line(y) &&
	       first_line(y) <= last_line(x);
}

static bool same_lines(const struct citation *x, const struct citation *y)
{
	return overlap(x, y) && first_line(x) == first_line(y) && last_line(x) == last_line(y);
}

static void tell(
    struct weighing *w, const struct finding *x, const struct finding *y, const char *how)
{
	const struct citation *at = place_of(x);
	struct str *line = arena_new(w->a, struct str);

	*line = str_from(arena_printf(w->a, "%.*s and %.*s at %.*s:%u: %s", STR_ARG(x->uid),
	    STR_ARG(y->uid), STR_ARG(at->path), first_line(at), how));
	vec_add(w->a, &w->lines, line);
	w->w.contradictions++;
}

static struct str against(struct weighing *w, const struct finding *other, const char *how)
{
	return str_from(arena_printf(w->a, "contradicts %.*s, which %s", STR_ARG(other->uid), how));
}

/* One says that something is missing where the other wants it gone. */
static bool opposed(struct weighing *w, struct finding *x, struct finding *y)
{
	enum stance sx = stance_of(w->a, x), sy = stance_of(w->a, y);
	struct topic wx = topic_of(claim_of(w->a, x)), wy = topic_of(claim_of(w->a, y));

	if (sx == STANCE_NONE || sy == STANCE_NONE || sx == sy || !common(&wx, &wy))
		return false;
	tell(w, x, y, "one says that something is missing, the other that it is superfluous");
	demote(w->a, x, SEVERITY_LOW,
	    against(w, y,
		sy == STANCE_MISSING ? "says that it is missing" : "says that it is superfluous"));
	demote(w->a, y, SEVERITY_LOW,
	    against(w, x,
		sx == STANCE_MISSING ? "says that it is missing" : "says that it is superfluous"));
	return true;
}

/* The same claim about the same lines, as far as half of the words of its title tell. */
static bool says_the_same(const struct finding *x, const struct finding *y)
{
	struct topic wx = topic_of(x->title), wy = topic_of(y->title);
	size_t both = common(&wx, &wy), all = wx.n + wy.n - both;

	return both > 0 && 2 * both >= all && same_lines(place_of(x), place_of(y));
}

/* Of two that say the same, one was rated two steps higher, or one was refuted. */
static void weigh_equals(struct weighing *w, struct finding *x, struct finding *y)
{
	struct finding *high = x->severity >= y->severity ? x : y, *low = high == x ? y : x;

	if (x->verdict == VERDICT_REFUTED || y->verdict == VERDICT_REFUTED) {
		struct finding *stands = x->verdict == VERDICT_REFUTED ? y : x;

		if (stands->verdict == VERDICT_REFUTED)
			return;
		tell(w, x, y, "the same claim was refuted once and stands once");
		demote(w->a, stands, SEVERITY_LOW,
		    against(w, stands == x ? y : x, "says the same and was refuted"));
	} else if (low->severity != SEVERITY_NONE && high->severity >= low->severity + 2) {
		enum severity rated = low->severity;

		tell(w, x, y, "the same claim was rated differently");
		demote(w->a, high, rated,
		    against(w, low,
			arena_printf(w->a, "rates the same lines as %s", severity_name(rated))));
	}
}

/* Merged ones agree about the lines; the survivor has the harder rating, whoever gave it. */
static void weigh_merged(struct weighing *w, struct evidence **sets, size_t n_sets)
{
	for (size_t i = 0; i < n_sets; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			struct finding *f = sets[i]->findings[k], *into = NULL;

			for (size_t j = 0; j < w->n && f->into; j++)
				into = w->v[j] == f->into ? w->v[j] : into;
			if (into && place_of(into) && into->severity > f->severity)
				weigh_equals(w, into, f);
		}
}

struct placed {
	struct finding *f;
	const struct citation *at;
	size_t order;
};

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = str_cmp(x->at->path, y->at->path);

	if (!order)
		order = (first_line(x->at) > first_line(y->at)) -
			(first_line(x->at) < first_line(y->at));
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* A finding has as many neighbours as somebody may read; a thousand on one line prove nothing. */
#define NEIGHBOURS 50

/* Refuted ones take part here, and only here: what says the same as one of them is in doubt. */
static void weigh_contradictions(struct weighing *w, struct evidence **sets, size_t n_sets)
{
	size_t n = 0, all = 0;

	for (size_t i = 0; i < n_sets; i++)
		all += sets[i]->n_findings;
	struct placed *v = arena_array(w->a, all, sizeof(*v));

	for (size_t i = 0; i < n_sets; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			struct finding *f = sets[i]->findings[k];

			if (place_of(f) && (counts(f) || f->verdict == VERDICT_REFUTED)) {
				v[n] = (struct placed){ f, place_of(f), n };
				n++;
			}
		}
	if (n)
		qsort(v, n, sizeof(*v), by_place);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && k <= i + NEIGHBOURS; k++) {
			if (!overlap(v[i].at, v[k].at))
				break;
			bool both = counts(v[i].f) && counts(v[k].f);

			if (!(both && opposed(w, v[i].f, v[k].f)) && says_the_same(v[i].f, v[k].f))
				weigh_equals(w, v[i].f, v[k].f);
		}
}

/* --- size and number --------------------------------------------------------------------- */

static void calibrate(struct weighing *w, enum severity escalates)
{
	for (size_t i = 0; i < w->n; i++) {
		struct finding *f = w->v[i];

		if (f->severity <= SEVERITY_LOW || f->severity >= escalates)
			continue;
		demote(w->a, f, SEVERITY_LOW,
		    STR("the review is small: only what is high or critical rises"));
		w->w.calibrated++;
	}
}

static bool is_warning(const struct finding *f)
{
	return f->severity >= SEVERITY_MEDIUM;
}

/* Worst first; at equal severity what was upheld; else as they were raised. */
static bool comes_before(const struct finding *x, const struct finding *y)
{
	if (x->severity != y->severity)
		return x->severity > y->severity;
	return x->verdict == VERDICT_UPHELD && y->verdict != VERDICT_UPHELD;
}

static void cap(struct weighing *w, bool warnings)
{
	struct finding **v = arena_array(w->a, w->n, sizeof(struct finding *));
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		size_t at = n;

		if (is_warning(w->v[i]) != warnings)
			continue;
		/* insertion keeps their order; beyond the cap only its last place is of interest */
		if (n == CHANGE_FINDINGS_SHOWN && !comes_before(w->v[i], v[n - 1]))
			at = n + 1;
		while (at <= n && at > 0 && comes_before(w->v[i], v[at - 1]))
			at--;
		struct finding *out = at > n			   ? w->v[i]
				      : n == CHANGE_FINDINGS_SHOWN ? v[n - 1]
								   : NULL;

		if (out) {
			out->disposition = DISPOSITION_DEFERRED;
			out->disposition_reason =
			    warnings ? STR("beyond the 30 warnings that a review lists")
				     : STR("beyond the 30 suggestions that a review lists");
			w->w.beyond++;
		}
		if (at > n)
			continue;
		size_t end = n < CHANGE_FINDINGS_SHOWN ? n++ : n - 1;

		memmove(v + at + 1, v + at, (end - at) * sizeof(struct finding *));
		v[at] = w->v[i];
	}
}

/* --- all of it --------------------------------------------------------------------------- */

static void gather(struct weighing *w, struct evidence **sets, size_t n)
{
	size_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += sets[i]->n_findings;
	w->v = arena_array(w->a, all, sizeof(struct finding *));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++)
			if (counts(sets[i]->findings[k]))
				w->v[w->n++] = sets[i]->findings[k];
}

struct change_weights *evidence_weigh_change(struct arena *a, struct evidence **sets, size_t n,
    const struct change *change, enum severity escalates)
{
	struct weighing w = { .a = a, .change = change };
	struct change_weights *ret = arena_new(a, struct change_weights);

	gather(&w, sets, n);
	if (change->head.kind != CHANGE_NONE)
		weigh_places(&w);
	weigh_merged(&w, sets, n);
	weigh_contradictions(&w, sets, n);
	calibrate(&w, escalates);
	cap(&w, true);
	cap(&w, false);
	w.w.lines = arena_array(a, w.lines.n, sizeof(struct str));
	for (size_t i = 0; i < w.lines.n; i++)
		w.w.lines[w.w.n_lines++] = *(struct str *)w.lines.v[i];
	*ret = w.w;
	return ret;
}
