/*
 * Evaluations: a case, a NUL, and a report (or two evaluations). Whatever they are, each defect and
 * each finding is counted once.
 */
#include "must.h"

#include "base/json.h"
#include "base/limits.h"
#include "flow/errors.h"
#include "report/eval.h"

#include <stdint.h>
#include <stdlib.h>

static void check_case(const struct eval_case *c)
{
	must(c->name.n && c->question.n && c->flow.n && c->language.n);
	must(c->n_defects <= EVAL_PLACES_MAX && c->n_decoys <= EVAL_PLACES_MAX);
	for (size_t i = 0; i < c->n_defects; i++) {
		const struct eval_place *p = &c->defects[i].at;

		must(c->defects[i].id.n && p->line >= 1 && p->end >= p->line);
		must(p->path.n && p->path.p[0] != '/' && p->words.n >= 1);
	}
}

static void check_score(const struct eval_score *s)
{
	unsigned sum = 0, found = 0, hit = 0;

	for (size_t i = 0; i < EVAL_CLASSES; i++)
		sum += s->n_class[i];
	must(sum == s->n_marks && s->n_marks <= EVAL_FINDINGS_MAX);
	for (size_t d = 0; d < s->of->n_defects; d++) {
		found += s->found[d];
		must(s->found[d] || s->why[d].n);
	}
	for (size_t d = 0; d < s->of->n_decoys; d++)
		hit += s->hit[d];
	must(found == s->n_found && found == s->n_class[EVAL_FOUND]);
	must(hit == s->n_decoys && hit <= s->n_class[EVAL_DECOY]);
	must(s->n_class[EVAL_REPEAT] == 0 || found > 0);
	must(s->hold <= s->cites && s->tokens >= 0 && s->took >= 0);
}

static void check_sums(const struct eval_score *s)
{
	struct eval_sum sum = { 0 };
	struct eval_spread spread;
	json_t *doc = eval_score_json(s);

	must(doc);
	json_decref(doc);
	eval_add(&sum, s);
	must(eval_recall(&sum) <= 1 && eval_precision(&sum) <= 1);
	eval_spread(&sum, 1, &spread);
	must(spread.recall_low == spread.recall_high);
	doc = eval_spread_json(&spread);
	must(doc);
	json_decref(doc);
	doc = eval_sum_json(&sum);
	must(doc);
	json_decref(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct flow_errors errors = { .arena = a };
	struct str rest = { (const char *)data, size };
	struct str yaml = arena_dup(a, str_split(&rest, '\0'));
	json_t *report = rest.p ? json_parse(rest, NULL) : NULL;
	struct eval_case c;

	if (eval_case_parse(a, "fuzz.yaml", yaml, &errors, &c)) {
		check_case(&c);
		struct eval_score *s = eval_score(a, &c, report);

		check_score(s);
		check_sums(s);
	} else {
		must(errors.n);
	}
	json_t *diff = eval_compare(report, report);

	must(!diff || json_array_size(json_get_array(diff, "defects")) == 0);
	json_decref(diff);
	json_decref(report);
	arena_destroy(a);
	return 0;
}
