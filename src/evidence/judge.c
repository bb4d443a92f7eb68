/*
 * Verdicts: reading them out of a validator's text, and weighing them. Code, not the validator, has
 * the last word: whoever refutes shows a place that resolves, or has only raised a doubt.
 */
#include "evidence/priv.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#include <ctype.h>

/* --- reading ----------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum verdict verdict;
} verdict_words[] = {
	/* what softens comes before what it softens */
	{ "partly", VERDICT_WEAKENED },
	{ "partial", VERDICT_WEAKENED },
	{ "weakened", VERDICT_WEAKENED },
	{ "overstated", VERDICT_WEAKENED },
	{ "not refuted", VERDICT_UPHELD },
	{ "not confirmed", VERDICT_WEAKENED },
	{ "unconfirmed", VERDICT_WEAKENED },
	{ "refuted", VERDICT_REFUTED },
	{ "rejected", VERDICT_REFUTED },
	{ "false positive", VERDICT_REFUTED },
	{ "confirmed", VERDICT_UPHELD },
	{ "upheld", VERDICT_UPHELD },
	{ "holds", VERDICT_UPHELD },
};

static bool contains_nocase(struct str s, struct str word)
{
	for (size_t i = 0; i + word.n <= s.n; i++)
		if (str_eq_nocase((struct str){ s.p + i, word.n }, word))
			return true;
	return false;
}

static enum verdict verdict_in(struct str s)
{
	s = str_take(s, 400);
	for (size_t i = 0; i < sizeof(verdict_words) / sizeof(verdict_words[0]); i++)
		if (contains_nocase(s, str_from(verdict_words[i].word)))
			return verdict_words[i].verdict;
	return VERDICT_NONE;
}

/* The first item id in S that does not belong to the validator itself. */
static struct str id_in(struct str s)
{
	s = str_take(s, 400);
	for (size_t i = 0; i < s.n; i++) {
		struct str rest = str_skip(s, i);
		size_t n =
		    i && (is_word_char(s.p[i - 1]) || s.p[i - 1] == '/') ? 0 : item_id_length(rest);

		if (n && !(rest.p[0] == 'V' && n > 1 && isdigit((unsigned char)rest.p[1])))
			return str_take(rest, n);
	}
	return (struct str){ "", 0 };
}

static bool is_own(struct str id)
{
	return id.n > 1 && id.p[0] == 'V' && isdigit((unsigned char)id.p[1]);
}

static struct str first_field(struct str body, const char *const *keys)
{
	struct str value = { "", 0 };

	for (; *keys && !value.n; keys++)
		value = item_field(body, *keys);
	return value;
}

/* "### V1: S1 — confirmed", or "- S1: confirmed, because …". */
static bool judgement_of(const struct finding *f, struct judgement *ret)
{
	static const char *const items[] = { "Item", "Finding", "Claim", NULL };
	static const char *const results[] = { "Result", "Verdict", NULL };
	static const char *const reasons[] = { "Reason", "Because", "Result", NULL };
	struct str result = first_field(f->body, results), rest = f->body;
	struct judgement j = { .by = f->id, .cites = f->cites, .n_cites = f->n_cites };

	j.item = is_own(f->id) ? id_in(f->title) : f->id;
	if (!j.item.n)
		j.item = id_in(first_field(f->body, items));
	j.said = verdict_in(f->title);
	if (j.said == VERDICT_NONE)
		j.said = verdict_in(result);
	j.reason = first_field(f->body, reasons);
	if (!j.reason.n)
		j.reason = strip_marks(str_line(&rest));
	j.impact = item_field(f->body, "Impact");
	*ret = j;
	return j.item.n && j.said != VERDICT_NONE;
}

/* "| S1 | confirmed | because … |" */
static bool judgement_of_row(struct str line, struct judgement *ret)
{
	struct judgement j = { .said = VERDICT_NONE };

	line = str_trim(line);
	if (!line.n || line.p[0] != '|')
		return false;
	while (line.p) {
		struct str cell = strip_marks(str_split(&line, '|'));

		if (!j.item.n && item_id_length(cell) == cell.n && cell.n && !is_own(cell))
			j.item = cell;
		else if (j.said == VERDICT_NONE && cell.n < 40)
			j.said = verdict_in(cell);
		else if (cell.n > j.reason.n)
			j.reason = cell;
	}
	j.by = j.item;
	*ret = j;
	return j.item.n && j.said != VERDICT_NONE;
}

size_t judgements_parse(struct arena *a, struct str text, const struct evidence *validator_evidence,
    struct judgement **ret)
{
	size_t most = validator_evidence->n_findings, n = 0, rows = 0;

	for (struct str rest = text; rest.p;)
		rows += str_starts(str_trim(str_line(&rest)), STR("|"));
	rows = rows < FINDINGS_MAX ? rows : FINDINGS_MAX;
	struct judgement *v = arena_array(a, most + rows, sizeof(*v));

	for (size_t i = 0; i < most; i++)
		n += judgement_of(validator_evidence->findings[i], &v[n]);
	for (struct str rest = text; rest.p && n < most + rows;)
		n += judgement_of_row(str_line(&rest), &v[n]);
	*ret = v;
	return n;
}

/* --- weighing ---------------------------------------------------------------------------- */

static struct finding *find(struct evidence **sets, size_t n, struct str id)
{
	struct finding *by_id = NULL;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			struct finding *f = sets[i]->findings[k];

			if (str_eq(f->uid, id))
				return f;
			if (!by_id && str_eq(f->id, id))
				by_id = f;
			/* "structure/S1", although S1 is unique */
			if (!by_id && id.n == f->step.n + 1 + f->id.n && str_starts(id, f->step) &&
			    id.p[f->step.n] == '/' && str_ends(id, f->id))
				by_id = f;
		}
	}
	return by_id;
}

static bool has_counter_evidence(const struct judgement *j)
{
	for (size_t i = 0; i < j->n_cites; i++)
		if (j->cites[i]->state == CITE_RESOLVES || j->cites[i]->state == CITE_MOVED)
			return true;
	return false;
}

static void apply(struct arena *a, struct finding *f, const struct judgement *j)
{
	enum verdict said = j->said;
	struct str reason = j->reason;

	if (said == VERDICT_REFUTED && !has_counter_evidence(j)) {
		said = VERDICT_WEAKENED;
		reason = str_from(arena_printf(a,
		    "%.*s (refuted without counter-evidence that resolves, so only weakened)",
		    STR_ARG(reason)));
	}
	if (said < f->verdict) /* two judged it: the harder word stands */
		return;
	f->verdict = said;
	f->verdict_reason = reason;
	f->verdict_by = j->by;
}

static void count(struct reconciliation *r, struct evidence **sets, size_t n)
{
	unsigned *const by[VERDICTS] = { &r->unreviewed, &r->upheld, &r->weakened, &r->refuted };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++)
			(*by[sets[i]->findings[k]->verdict])++;
}

/* ID as a word of its own. */
static bool names(struct str text, struct str id)
{
	ptrdiff_t at;

	for (size_t from = 0; id.n && (at = str_find(str_skip(text, from), id)) >= 0;) {
		size_t begin = from + (size_t)at, end = begin + id.n;

		if ((!begin || !is_word_char(text.p[begin - 1])) &&
		    (end >= text.n || !is_word_char(text.p[end])))
			return true;
		from = end;
	}
	return false;
}

static bool hits(struct evidence **sets, size_t n, struct str recommendation)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			const struct finding *f = sets[i]->findings[k];

			if (f->verdict >= VERDICT_WEAKENED && names(recommendation, f->uid))
				return true;
		}
	return false;
}

static void forget(struct evidence **sets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++)
			sets[i]->findings[k]->verdict = VERDICT_NONE;
}

struct reconciliation *evidence_reconcile(struct arena *a, struct evidence **sets, size_t n_sets,
    const struct str *validators, struct evidence *const *validator_evidence, size_t n_validators,
    struct str recommendation)
{
	struct reconciliation *r = arena_new(a, struct reconciliation);
	struct vec judgements = { 0 }, strays = { 0 };

	forget(sets, n_sets);
	for (size_t i = 0; i < n_validators; i++) {
		struct judgement *v;
		size_t n = judgements_parse(a, validators[i], validator_evidence[i], &v);
		struct str confidence = item_last_field(validators[i], "Confidence");

		r->confidence = confidence.n ? confidence : r->confidence;
		for (size_t k = 0; k < n; k++) {
			struct finding *f = find(sets, n_sets, v[k].item);

			vec_add(a, f ? &judgements : &strays, &v[k]);
			if (f)
				apply(a, f, &v[k]);
		}
	}
	r->judgements = arena_array(a, judgements.n, sizeof(*r->judgements));
	for (size_t i = 0; i < judgements.n; i++)
		r->judgements[r->n_judgements++] = *(struct judgement *)judgements.v[i];
	r->strays = arena_array(a, strays.n, sizeof(*r->strays));
	for (size_t i = 0; i < strays.n; i++)
		r->strays[r->n_strays++] = ((struct judgement *)strays.v[i])->item;
	r->validated = r->n_judgements > 0;
	count(r, sets, n_sets);
	r->recommendation_hit = hits(sets, n_sets, recommendation);
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

static void summarise(struct buf *b, const char *heading, json_t *list)
{
	json_t *one;
	size_t i;

	if (json_array_size(list))
		buf_printf(b, "%s:\n", heading);
	json_array_foreach (list, i, one)
		buf_printf(b, "- %s: %s (%s)\n", json_get_cstr(one, "id", ""),
		    json_get_cstr(one, "title", ""), json_get_cstr(one, "reason", ""));
}

json_t *reconciliation_to_json(
    struct arena *a, const struct reconciliation *r, struct evidence *const *sets, size_t n_sets)
{
	json_t *refuted = list_of(sets, n_sets, VERDICT_REFUTED), *doc;
	json_t *demoted = list_of(sets, n_sets, VERDICT_WEAKENED);
	struct buf b;

	(void)a;
	buf_init(&b, MIB(4));
	summarise(&b, "Refuted, to be left out", refuted);
	summarise(&b, "Weakened, to be said with the doubt", demoted);
	doc = json_pack("{s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o}", "kept",
	    list_of(sets, n_sets, VERDICT_UPHELD), "demoted", demoted, "refuted", refuted,
	    "unreviewed", list_of(sets, n_sets, VERDICT_NONE), "recommendation_hit",
	    r->recommendation_hit, "validated", r->validated, "confidence",
	    json_text(r->confidence), "summary", json_text(buf_str(&b)));
	buf_fini(&b);
	return doc;
}
