/* Scores as JSON and as numbers. */
#include "report/eval.h"

#include "base/json.h"

static const char *const class_names[EVAL_CLASSES] = { "found", "repeat", "decoy", "other",
	"aside" };

static json_t *defects_json(const struct eval_score *s)
{
	json_t *all = json_array();

	for (size_t d = 0; d < s->of->n_defects; d++)
		json_array_append_new(all,
		    json_pack("{s:o, s:b, s:o}", "id", json_text(s->of->defects[d].id), "found",
			s->found[d], s->found[d] ? "finding" : "why", json_text(s->why[d])));
	return all;
}

static json_t *marks_json(const struct eval_score *s)
{
	json_t *all = json_array();

	for (size_t f = 0; f < s->n_marks; f++) {
		const struct eval_mark *m = &s->marks[f];
		json_t *one = json_pack("{s:o, s:o, s:s}", "finding", json_text(m->uid), "title",
		    json_text(m->title), "is", class_names[m->is]);

		if (m->is == EVAL_FOUND || m->is == EVAL_REPEAT)
			json_object_set_new(one, "defect", json_text(s->of->defects[m->which].id));
		if (m->is == EVAL_DECOY)
			json_object_set_new(one, "decoy",
			    json_pack("{s:o, s:i, s:i}", "path",
				json_text(s->of->decoys[m->which].path), "line",
				(int)s->of->decoys[m->which].line, "end",
				(int)s->of->decoys[m->which].end));
		json_array_append_new(all, one);
	}
	return all;
}

json_t *eval_score_json(const struct eval_score *s)
{
	return json_pack(
	    "{s:o, s:o, s:b, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:o, s:o}",
	    "run", json_text(s->run), "model", json_text(s->model), "scored", s->reason.n == 0,
	    "reason", json_text(s->reason), "planted", (int)s->of->n_defects, "found",
	    (int)s->n_found, "decoys", (int)s->of->n_decoys, "decoys_hit", (int)s->n_decoys,
	    "false", (int)eval_false(s), "others", (int)s->n_class[EVAL_OTHER], "citations",
	    (int)s->cites, "hold", (int)s->hold, "gaps", (int)s->gaps, "tokens",
	    (json_int_t)s->tokens, "took_ms", (json_int_t)s->took, "defects", defects_json(s),
	    "findings", marks_json(s));
}

/* --- sums -------------------------------------------------------------------------------- */

void eval_add(struct eval_sum *sum, const struct eval_score *s)
{
	sum->runs++;
	sum->failed += s->reason.n > 0;
	sum->planted += (unsigned)s->of->n_defects;
	sum->found += s->n_found;
	sum->decoys += (unsigned)s->of->n_decoys;
	sum->decoys_hit += s->n_decoys;
	sum->false_findings += eval_false(s);
	sum->others += s->n_class[EVAL_OTHER];
	sum->repeats += s->n_class[EVAL_REPEAT];
	sum->cites += s->cites;
	sum->hold += s->hold;
	sum->tokens += s->tokens;
	sum->took += s->took;
}

static double share(unsigned part, unsigned all)
{
	return all ? (double)part / all : -1;
}

double eval_recall(const struct eval_sum *sum)
{
	return share(sum->found, sum->planted);
}

double eval_precision(const struct eval_sum *sum)
{
	return share(sum->found, sum->found + sum->false_findings);
}

/* To three digits; null: nothing out of nothing. */
static json_t *share_json(double v)
{
	return v < 0 ? json_null() : json_real((double)(long)(v * 1000 + 0.5) / 1000);
}

json_t *eval_sum_json(const struct eval_sum *sum)
{
	return json_pack(
	    "{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:o, s:o}", "runs",
	    (int)sum->runs, "failed", (int)sum->failed, "planted", (int)sum->planted, "found",
	    (int)sum->found, "decoys", (int)sum->decoys, "decoys_hit", (int)sum->decoys_hit,
	    "false", (int)sum->false_findings, "others", (int)sum->others, "repeats",
	    (int)sum->repeats, "citations", (int)sum->cites, "hold", (int)sum->hold, "tokens",
	    (json_int_t)sum->tokens, "took_ms", (json_int_t)sum->took, "recall",
	    share_json(eval_recall(sum)), "precision", share_json(eval_precision(sum)));
}

/* --- spread ------------------------------------------------------------------------------ */

/* Nothing out of nothing is no value. */
static void widen(double v, double *low, double *high)
{
	if (v < 0)
		return;
	*low = *low < 0 || v < *low ? v : *low;
	*high = v > *high ? v : *high;
}

void eval_spread(const struct eval_sum *rounds, size_t n, struct eval_spread *ret)
{
	*ret = (struct eval_spread){ -1, -1, -1, -1, 0, 0 };
	for (size_t i = 0; i < n; i++) {
		unsigned wrong = rounds[i].false_findings;

		widen(eval_recall(&rounds[i]), &ret->recall_low, &ret->recall_high);
		widen(eval_precision(&rounds[i]), &ret->precision_low, &ret->precision_high);
		ret->false_low = i == 0 || wrong < ret->false_low ? wrong : ret->false_low;
		ret->false_high = wrong > ret->false_high ? wrong : ret->false_high;
	}
}

json_t *eval_spread_json(const struct eval_spread *s)
{
	return json_pack("{s:[o, o], s:[o, o], s:[i, i]}", "recall", share_json(s->recall_low),
	    share_json(s->recall_high), "precision", share_json(s->precision_low),
	    share_json(s->precision_high), "false", (int)s->false_low, (int)s->false_high);
}
