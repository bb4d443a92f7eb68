/*
 * Verdicts, weighed. Code, not the validator, has the last word: whoever refutes shows a place that
 * resolves, or has only raised a doubt; and one of several does not refute alone.
 */
#include "evidence/priv.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"

/* --- one validator ------------------------------------------------------------------------ */

static void put_once(struct map *m, struct str key, struct finding *f)
{
	if (key.n && !map_get(m, key))
		map_put(m, key, f);
}

/* What a validator may call the findings of SETS: as they were shown to it, and shorter. */
static void name_all(struct arena *a, struct map *m, struct evidence *const *sets, size_t n)
{
	map_init(m, a);
	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < sets[i]->n_findings; k++) {
				struct finding *f = sets[i]->findings[k];

				put_once(m,
				    pass == 0	? f->uid
				    : pass == 1 ? f->id
						: uid_with_step(a, f),
				    f);
			}
}

static bool has_counter_evidence(const struct judgement *j)
{
	for (size_t i = 0; i < j->n_cites; i++)
		if (j->cites[i]->state == CITE_RESOLVES || j->cites[i]->state == CITE_MOVED)
			return true;
	return false;
}

struct weighing {
	struct arena *a;
	struct reconciliation *r;
	struct vec judgements, strays;
	struct map by_finding; /* uid -> struct tally */
	struct map names;      /* of the findings that the validator in hand was asked about */
	struct evidence *const *asked;
};

struct tally {
	struct judgement *last; /* of the validator in hand */
	size_t validator;	/* 1…; the one that LAST is of */
	const struct judgement *first[VERDICTS];
	unsigned n[VERDICTS], all;
};

static struct tally *tally_of(struct weighing *w, const struct finding *f)
{
	struct tally *t = map_get(&w->by_finding, f->uid);

	if (!t) {
		t = arena_new(w->a, struct tally);
		map_put(&w->by_finding, f->uid, t);
	}
	return t;
}

/* The same validator once more of the same finding, perhaps in a table at its end. */
static void say_again(struct arena *a, struct judgement *had, const struct judgement *j)
{
	if (had->said == j->said) {
		if (!has_counter_evidence(had) && has_counter_evidence(j)) {
			had->cites = j->cites;
			had->n_cites = j->n_cites;
		}
		had->reason = had->reason.n ? had->reason : j->reason;
		return;
	}
	had->reason = str_from(arena_printf(a,
	    "the validator says two things of it: %s (%.*s) and %s (%.*s), so it is only weakened",
	    verdict_name(had->said), STR_ARG(had->by), verdict_name(j->said), STR_ARG(j->by)));
	had->said = VERDICT_WEAKENED;
}

static void take(struct weighing *w, size_t validator, struct judgement *j)
{
	struct finding *f = map_get(&w->names, j->item);

	if (!f) {
		vec_add(w->a, &w->strays, j);
		return;
	}
	struct tally *t = tally_of(w, f);

	j->item = f->uid;
	if (t->validator == validator) {
		say_again(w->a, t->last, j);
		return;
	}
	t->validator = validator;
	t->last = j;
	vec_add(w->a, &w->judgements, j);
	w->r->reviewers[validator - 1].judged++;
}

static unsigned count_findings(struct evidence *const *sets, size_t n)
{
	unsigned all = 0;

	for (size_t i = 0; i < n; i++)
		all += (unsigned)sets[i]->n_findings;
	return all;
}

/* high 3 … low 1; what says neither lies between. */
static unsigned confidence_rank(struct str s)
{
	s = str_take(str_trim(s), 4);
	if (str_eq_nocase(s, STR("high")))
		return 3;
	return str_eq_nocase(str_take(s, 3), STR("low")) ? 1 : 2;
}

static void take_confidence(struct reconciliation *r, struct str text)
{
	struct str said = item_last_field(text, "Confidence");

	if (said.n && (!r->confidence.n || confidence_rank(said) < confidence_rank(r->confidence)))
		r->confidence = said;
}

/* ASKED, or all of SETS. */
static void hear(struct weighing *w, struct evidence **sets, size_t n_sets, struct str text,
    const struct evidence *own)
{
	struct reviewer *rv = &w->r->reviewers[w->r->n_reviewers++];
	struct evidence *const *asked = own->n_asked ? own->asked : sets;
	size_t n_asked = own->n_asked ? own->n_asked : n_sets, n;
	struct judgement *v;

	*rv = (struct reviewer){ .step = own->step, .asked = count_findings(asked, n_asked) };
	if (w->asked != asked)
		name_all(w->a, &w->names, asked, n_asked);
	w->asked = asked;
	n = judgements_parse(w->a, text, own, &v);
	for (size_t i = 0; i < n; i++) {
		v[i].step = own->step;
		take(w, w->r->n_reviewers, &v[i]);
	}
	take_confidence(w->r, text);
}

/* --- all of them -------------------------------------------------------------------------- */

static void count_judgement(struct weighing *w, struct judgement *j)
{
	struct tally *t = map_get(&w->by_finding, j->item);

	j->counts = j->said;
	if (j->said == VERDICT_REFUTED && !has_counter_evidence(j)) {
		j->counts = VERDICT_WEAKENED;
		j->reason = str_from(arena_printf(w->a,
		    "%.*s (refuted without counter-evidence that resolves, so only weakened)",
		    STR_ARG(j->reason)));
	}
	if (!t->n[j->counts]++)
		t->first[j->counts] = j;
	t->all++;
}

/* The rule; evidence.h and docs/report.md say it. */
static enum verdict verdict_of(const struct tally *t)
{
	if (2 * t->n[VERDICT_REFUTED] > t->all)
		return VERDICT_REFUTED;
	if (!t->n[VERDICT_REFUTED] && 2 * t->n[VERDICT_UPHELD] > t->all)
		return VERDICT_UPHELD;
	return VERDICT_WEAKENED;
}

/* Whose word the verdict is: for a weakened one, of who refutes it, if anybody does. */
static const struct judgement *speaker(const struct tally *t, enum verdict v)
{
	if (v == VERDICT_WEAKENED && t->first[VERDICT_REFUTED])
		return t->first[VERDICT_REFUTED];
	return t->first[v] ? t->first[v] : t->first[VERDICT_UPHELD];
}

static struct str reason_of(struct arena *a, const struct tally *t, const struct judgement *j)
{
	if (t->n[j->counts] == t->all)
		return j->reason;
	return str_from(arena_printf(a,
	    "validators differ: %u uphold it, %u weaken it, %u refute it; %.*s: %.*s",
	    t->n[VERDICT_UPHELD], t->n[VERDICT_WEAKENED], t->n[VERDICT_REFUTED], STR_ARG(j->by),
	    STR_ARG(j->reason)));
}

static void settle(struct weighing *w, struct finding *f)
{
	const struct tally *t = map_get(&w->by_finding, f->uid);

	f->verdict = VERDICT_NONE;
	f->verdict_reason = f->verdict_by = (struct str){ "", 0 };
	f->asked = f->survived = 0;
	if (t) {
		f->verdict = verdict_of(t);
		const struct judgement *j = speaker(t, f->verdict);

		f->verdict_by = j->by;
		f->verdict_reason = reason_of(w->a, t, j);
		f->asked = t->all;
		f->survived = t->all - t->n[VERDICT_REFUTED];
	}
	unsigned *const by[VERDICTS] = { &w->r->unreviewed, &w->r->upheld, &w->r->weakened,
		&w->r->refuted };

	(*by[f->verdict])++;
}

static void settle_all(struct weighing *w, struct evidence **sets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++)
			settle(w, sets[i]->findings[k]);
}

static bool hits(struct arena *a, struct evidence **sets, size_t n, struct str recommendation)
{
	struct finding **all = arena_array(a, count_findings(sets, n), sizeof(*all));
	size_t n_all = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++)
			all[n_all++] = sets[i]->findings[k];
	struct mentions *m = mentions_create(a, all, n_all);

	while (recommendation.p) {
		struct str line = str_line(&recommendation);
		struct mention one;

		for (size_t at = 0; mention_next(m, line, at, &one); at = one.at + one.n)
			if (one.finding->verdict >= VERDICT_WEAKENED)
				return true;
	}
	return false;
}

struct reconciliation *evidence_reconcile(struct arena *a, struct evidence **sets, size_t n_sets,
    const struct str *validators, struct evidence *const *validator_evidence, size_t n_validators,
    struct str recommendation)
{
	struct weighing w = { .a = a, .r = arena_new(a, struct reconciliation) };
	struct reconciliation *r = w.r;

	map_init(&w.by_finding, a);
	r->reviewers = arena_array(a, n_validators, sizeof(*r->reviewers));
	for (size_t i = 0; i < n_validators; i++)
		hear(&w, sets, n_sets, validators[i],
		    validator_evidence[i] ? validator_evidence[i]
					  : evidence_read(a, STR("validator"), validators[i]));
	r->judgements = arena_array(a, w.judgements.n, sizeof(*r->judgements));
	for (size_t i = 0; i < w.judgements.n; i++) {
		count_judgement(&w, w.judgements.v[i]);
		r->judgements[r->n_judgements++] = *(struct judgement *)w.judgements.v[i];
	}
	r->strays = arena_array(a, w.strays.n, sizeof(*r->strays));
	for (size_t i = 0; i < w.strays.n; i++)
		r->strays[r->n_strays++] = ((struct judgement *)w.strays.v[i])->item;
	r->validated = r->n_judgements > 0;
	settle_all(&w, sets, n_sets);
	r->recommendation_hit = hits(a, sets, n_sets, recommendation);
	return r;
}

/* --- for the flow ------------------------------------------------------------------------ */

static json_t *list_of(struct evidence *const *sets, size_t n, enum verdict v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			const struct finding *f = sets[i]->findings[k];

			if (f->verdict == v)
				json_array_append_new(
				    list, json_pack("{s:o, s:o, s:o, s:o}", "id", json_text(f->uid),
					      "title", json_text(f->title), "reason",
					      json_text(f->verdict_reason), "by",
					      json_text(f->verdict_by)));
		}
	return list;
}

/* What stands is listed as items are; what does not has its reason beside it. */
static void summarise_one(struct buf *b, const struct finding *f)
{
	struct str title = str_take(f->title, 300), reason = str_take(f->verdict_reason, 600);

	if (f->verdict == VERDICT_REFUTED) {
		buf_printf(
		    b, "- %.*s: %.*s (%.*s)\n", STR_ARG(f->uid), STR_ARG(title), STR_ARG(reason));
		return;
	}
	buf_printf(
	    b, "- %.*s [%s] %.*s", STR_ARG(f->uid), severity_name(f->severity), STR_ARG(title));
	if (f->n_cites)
		buf_printf(b, " (%.*s:%u)", STR_ARG(f->cites[0]->path), f->cites[0]->line);
	buf_addc(b, '\n');
	if (f->verdict == VERDICT_WEAKENED)
		buf_printf(b, "  Doubt: %.*s\n", STR_ARG(reason));
}

static void summarise(
    struct buf *b, const char *heading, struct evidence *const *sets, size_t n, enum verdict v)
{
	bool headed = false;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			if (sets[i]->findings[k]->verdict != v)
				continue;
			if (!headed)
				buf_printf(b, "%s:\n", heading);
			headed = true;
			summarise_one(b, sets[i]->findings[k]);
		}
}

json_t *reconciliation_to_json(
    struct arena *a, const struct reconciliation *r, struct evidence *const *sets, size_t n_sets)
{
	struct buf b;

	(void)a;
	buf_init(&b, MIB(4));
	summarise(&b, "Refuted, to be left out", sets, n_sets, VERDICT_REFUTED);
	summarise(&b, "Weakened, to be said with the doubt", sets, n_sets, VERDICT_WEAKENED);
	summarise(&b, "Upheld", sets, n_sets, VERDICT_UPHELD);
	summarise(&b, "Not reviewed, to be said as such", sets, n_sets, VERDICT_NONE);
	json_t *doc = json_pack("{s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o}", "kept",
	    list_of(sets, n_sets, VERDICT_UPHELD), "demoted",
	    list_of(sets, n_sets, VERDICT_WEAKENED), "refuted",
	    list_of(sets, n_sets, VERDICT_REFUTED), "unreviewed",
	    list_of(sets, n_sets, VERDICT_NONE), "recommendation_hit", r->recommendation_hit,
	    "validated", r->validated, "confidence", json_text(r->confidence), "summary",
	    json_text(buf_str(&b)));

	buf_fini(&b);
	return doc;
}
