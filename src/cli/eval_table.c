/* An evaluation as one document and as a table of 80 columns. */
#include "cli/eval.h"

#include "base/json.h"
#include "base/utf8.h"

#define NAME_COLUMNS 28

/* --- sums -------------------------------------------------------------------------------- */

void eval_sums(const struct evaluation *ev, struct eval_sum *ret, struct eval_sum *rounds)
{
	*ret = (struct eval_sum){ 0 };
	for (unsigned r = 0; r < ev->rounds; r++)
		rounds[r] = (struct eval_sum){ 0 };
	for (size_t i = 0; i < ev->n; i++)
		for (size_t r = 0; r < ev->items[i].n; r++) {
			eval_add(ret, ev->items[i].score[r]);
			eval_add(&rounds[r], ev->items[i].score[r]);
		}
}

static struct eval_sum sum_of(const struct eval_item *item)
{
	struct eval_sum sum = { 0 };

	for (size_t r = 0; r < item->n; r++)
		eval_add(&sum, item->score[r]);
	return sum;
}

/* --- as JSON ----------------------------------------------------------------------------- */

static json_t *case_json(const struct eval_item *item)
{
	json_t *runs = json_array();

	for (size_t r = 0; r < item->n; r++)
		json_array_append_new(runs, eval_score_json(item->score[r]));
	return json_pack("{s:o, s:o, s:o, s:o}", "case", json_text(item->c.name), "language",
	    json_text(item->c.language), "flow", json_text(item->c.flow), "runs", runs);
}

static json_t *word_json(const char *word)
{
	return word ? json_cstr(word) : json_null();
}

json_t *eval_document(const struct evaluation *ev, int code)
{
	struct eval_sum sum, *rounds = arena_array(ev->a, ev->rounds, sizeof(*rounds));
	json_t *cases = json_array(), *by_round = json_array(), *doc;
	struct eval_spread spread;

	eval_sums(ev, &sum, rounds);
	eval_spread(rounds, ev->begun, &spread);
	for (size_t i = 0; i < ev->n; i++)
		json_array_append_new(cases, case_json(&ev->items[i]));
	for (unsigned r = 0; r < ev->begun; r++)
		json_array_append_new(by_round, eval_sum_json(&rounds[r]));
	doc = json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:s, s:i, s:o, s:o, s:o, s:o, s:o}",
	    "schema", "tutti.eval/1", "tutti", TUTTI_VERSION, "complete", ev->complete, "cases_of",
	    json_cstr(ev->dir), "flow", word_json(ev->o->flow), "size", word_json(ev->o->size),
	    "model", word_json(ev->o->model), "agent",
	    ev->follow.house.agent ? ev->follow.house.agent : "", "repeat", (int)ev->rounds,
	    "totals", eval_sum_json(&sum), "spread", eval_spread_json(&spread), "rounds", by_round,
	    "cases", cases, "exit", json_pack("{s:i, s:s}", "code", code, "name", exit_name(code)));
	if (ev->old)
		json_object_set_new(doc, "compare", eval_compare(ev->old, doc));
	return doc;
}

/* --- as a table -------------------------------------------------------------------------- */

static const char *tokens_text(char *buf, size_t size, long long n)
{
	if (n >= 10000000)
		snprintf(buf, size, "%lldM", (n + 500000) / 1000000);
	else if (n >= 10000)
		snprintf(buf, size, "%lldk", (n + 500) / 1000);
	else
		snprintf(buf, size, "%lld", n);
	return buf;
}

static const char *of(char *buf, size_t size, unsigned part, unsigned all)
{
	snprintf(buf, size, "%u/%u", part, all);
	return buf;
}

static void add_numbers(struct buf *b, const struct term *t, const struct eval_sum *s)
{
	char found[24], decoys[24], cites[24], tokens[24], span[24];

	term_addf(b, t, s->found == s->planted ? STYLE_GOOD : STYLE_PLAIN, " %7s",
	    of(found, sizeof(found), s->found, s->planted));
	term_addf(b, t, s->decoys_hit ? STYLE_WARN : STYLE_PLAIN, " %7s",
	    of(decoys, sizeof(decoys), s->decoys_hit, s->decoys));
	term_addf(b, t, STYLE_PLAIN, " %6u %9s %8s %8s", s->others,
	    of(cites, sizeof(cites), s->hold, s->cites),
	    tokens_text(tokens, sizeof(tokens), s->tokens),
	    clock_span(s->took, span, sizeof(span)));
	buf_addc(b, '\n');
}

static void add_name(struct buf *b, const struct term *t, enum term_style style, struct str name)
{
	struct str fit = utf8_fit(name, NAME_COLUMNS);

	term_add(b, t, style, fit);
	for (size_t n = fit.n; n < NAME_COLUMNS; n++) /* names are ASCII */
		buf_addc(b, ' ');
}

static void add_row(struct buf *b, const struct term *t, const struct eval_item *item)
{
	struct eval_sum sum = sum_of(item);

	if (!item->n)
		return;
	add_name(b, t, STYLE_PLAIN, item->c.name);
	if (sum.failed < sum.runs)
		add_numbers(b, t, &sum);
	else
		buf_adds(b, " failed\n");
	for (size_t r = 0; r < item->n; r++) {
		struct str why = item->score[r]->reason, line = why;

		if (!why.n)
			continue;
		line = str_line(&line);
		buf_adds(b, "  ");
		term_add(b, t, STYLE_BAD, utf8_fit(line, 76));
		buf_addc(b, '\n');
		break; /* the others are in the document */
	}
}

static const char *share_text(char *buf, size_t size, double v)
{
	if (v < 0)
		snprintf(buf, size, "%s", "-");
	else
		snprintf(buf, size, "%.2f", v);
	return buf;
}

static void add_verdict(struct buf *b, const struct term *t, const struct eval_sum *s)
{
	char recall[16], precision[16];

	term_addf(b, t, STYLE_BOLD, "recall %s, precision %s",
	    share_text(recall, sizeof(recall), eval_recall(s)),
	    share_text(precision, sizeof(precision), eval_precision(s)));
	term_addf(b, t, STYLE_PLAIN, "; %u false: %u at decoys, %u others", s->false_findings,
	    s->false_findings - s->others, s->others);
	if (s->repeats)
		term_addf(b, t, STYLE_PLAIN, "; %u repeats", s->repeats);
	buf_addc(b, '\n');
	if (s->failed) {
		term_addf(b, t, STYLE_BAD,
		    "%u of %u runs failed; what they were to find counts as "
		    "missed",
		    s->failed, s->runs);
		buf_addc(b, '\n');
	}
}

static void add_spread(
    struct buf *b, const struct term *t, const struct evaluation *ev, const struct eval_sum *rounds)
{
	char word[4][16];
	struct eval_spread s;

	eval_spread(rounds, ev->begun, &s);
	term_addf(b, t, STYLE_PLAIN,
	    "%u rounds: recall %s to %s, precision %s to %s, false %u to %u", ev->begun,
	    share_text(word[0], sizeof(word[0]), s.recall_low),
	    share_text(word[1], sizeof(word[1]), s.recall_high),
	    share_text(word[2], sizeof(word[2]), s.precision_low),
	    share_text(word[3], sizeof(word[3]), s.precision_high), s.false_low, s.false_high);
	buf_addc(b, '\n');
}

void eval_table(const struct evaluation *ev, struct buf *b, const struct term *t)
{
	struct eval_sum sum, *rounds = arena_array(ev->a, ev->rounds, sizeof(*rounds));
	size_t run = 0;

	eval_sums(ev, &sum, rounds);
	add_name(b, t, STYLE_DIM, STR("case"));
	term_addf(b, t, STYLE_DIM, " %7s %7s %6s %9s %8s %8s", "found", "decoys", "other", "cites",
	    "tokens", "time");
	buf_addc(b, '\n');
	for (size_t i = 0; i < ev->n; i++) {
		add_row(b, t, &ev->items[i]);
		run += ev->items[i].n > 0;
	}
	add_name(b, t, STYLE_BOLD, STR("total"));
	add_numbers(b, t, &sum);
	add_verdict(b, t, &sum);
	if (ev->begun > 1)
		add_spread(b, t, ev, rounds);
	if (!ev->complete) {
		term_addf(b, t, STYLE_WARN, "not complete: %zu of %zu cases, %u runs", run, ev->n,
		    sum.runs);
		buf_addc(b, '\n');
	}
}

/* --- compared ---------------------------------------------------------------------------- */

static double number_of(const json_t *side, const char *key)
{
	const json_t *v = json_object_get(side, key);

	return json_is_number(v) ? json_number_value(v) : -1;
}

static void add_share(
    struct buf *b, const struct term *t, const json_t *old, const json_t *now, const char *key)
{
	char was[16], is[16];

	term_addf(b, t, STYLE_BOLD, "%s %s -> %s, ", key,
	    share_text(was, sizeof(was), number_of(old, key)),
	    share_text(is, sizeof(is), number_of(now, key)));
}

static void add_sides(struct buf *b, const struct term *t, const json_t *diff)
{
	const json_t *old = json_get_object(diff, "old"), *now = json_get_object(diff, "now");

	buf_adds(b, "  ");
	add_share(b, t, old, now, "recall");
	add_share(b, t, old, now, "precision");
	term_addf(b, t, STYLE_PLAIN, "false %lld -> %lld", json_get_int(old, "false", 0),
	    json_get_int(now, "false", 0));
	buf_addc(b, '\n');
}

static void add_differs(struct buf *b, const struct term *t, const json_t *diff)
{
	const json_t *all = json_get_array(diff, "differs"), *one;
	size_t i;

	json_array_foreach (all, i, one)
		term_addf(b, t, STYLE_WARN, "%s%s",
		    i ? ", " : "  not the same: ", json_string_value(one));
	if (json_array_size(all))
		buf_addc(b, '\n');
}

static void add_change(struct buf *b, const struct term *t, const json_t *d)
{
	const json_t *was = json_get_array(d, "old"), *is = json_get_array(d, "now");
	long long n[4];

	for (size_t i = 0; i < 4; i++)
		n[i] = json_integer_value(json_array_get(i < 2 ? was : is, i % 2));
	bool better = n[0] * n[3] < n[2] * n[1];

	term_addf(b, t, better ? STYLE_GOOD : STYLE_BAD, "  %s ", better ? "+" : "-");
	term_addf(b, t, STYLE_PLAIN, "%.*s/%.*s: found %lld/%lld -> %lld/%lld",
	    STR_ARG(json_get_str(d, "case")), STR_ARG(json_get_str(d, "defect")), n[0], n[1], n[2],
	    n[3]);
	buf_addc(b, '\n');
}

static void add_only(
    struct buf *b, const struct term *t, const json_t *diff, const char *key, const char *what)
{
	size_t n = json_array_size(json_get_array(diff, key));

	if (!n)
		return;
	term_addf(b, t, STYLE_WARN, "  %zu case%s %s, left out", n, n == 1 ? "" : "s", what);
	buf_addc(b, '\n');
}

void eval_table_compare(struct buf *b, const struct term *t, const char *file, const json_t *diff)
{
	const json_t *all = json_get_array(diff, "defects"), *d;
	size_t i;

	buf_adds(b, "\nagainst ");
	term_add(b, t, STYLE_PLAIN, str_from(file));
	buf_addc(b, '\n');
	add_sides(b, t, diff);
	json_array_foreach (all, i, d)
		add_change(b, t, d);
	add_only(b, t, diff, "only_old", "only there");
	add_only(b, t, diff, "only_now", "only here");
	add_differs(b, t, diff);
	buf_adds(b, json_get_bool(diff, "overlap", false)
			? "  the spreads of recall overlap: this may be chance (--repeat)\n"
			: "  the spreads of recall do not overlap\n");
}
