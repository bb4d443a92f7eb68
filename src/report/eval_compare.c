/* Two evaluations side by side, out of their documents. */
#include "report/eval.h"

#include "base/json.h"
#include "base/limits.h"

/* How often a defect was found, and in how many runs it was looked for. */
struct tally {
	unsigned found, runs;
};

struct side {
	const json_t *doc;
	struct tally all;
	unsigned wrong;
	double low, high;
	long long tokens;
};

static const json_t *case_of(const json_t *doc, struct str name)
{
	const json_t *all = json_get_array(doc, "cases"), *one;
	size_t i;

	json_array_foreach (all, i, one)
		if (str_eq(json_get_str(one, "case"), name))
			return one;
	return NULL;
}

static struct tally tally_of(const json_t *one, struct str defect)
{
	const json_t *runs = json_get_array(one, "runs"), *run, *d;
	struct tally t = { 0 };
	size_t i, k;

	json_array_foreach (runs, i, run)
		json_array_foreach (json_get_array(run, "defects"), k, d)
			if (str_eq(json_get_str(d, "id"), defect)) {
				t.runs++;
				t.found += json_get_bool(d, "found", false);
			}
	return t;
}

static void add_defect(json_t *out, struct side *s, const json_t *old, const json_t *now,
    struct str name, struct str defect)
{
	struct tally was = tally_of(old, defect), is = tally_of(now, defect);

	if (!was.runs || !is.runs)
		return;
	s[0].all.found += was.found;
	s[0].all.runs += was.runs;
	s[1].all.found += is.found;
	s[1].all.runs += is.runs;
	if ((uint64_t)was.found * is.runs == (uint64_t)is.found * was.runs)
		return;
	json_array_append_new(
	    out, json_pack("{s:o, s:o, s:[i, i], s:[i, i]}", "case", json_text(name), "defect",
		     json_text(defect), "old", (int)was.found, (int)was.runs, "now", (int)is.found,
		     (int)is.runs));
}

static void add_costs(struct side *s, const json_t *one)
{
	const json_t *runs = json_get_array(one, "runs"), *run;
	size_t i;

	json_array_foreach (runs, i, run) {
		long long wrong = json_get_int(run, "false", 0), n = json_get_int(run, "tokens", 0);

		s->wrong += wrong > 0 && wrong < EVAL_FINDINGS_MAX ? (unsigned)wrong : 0;
		s->tokens += n > 0 && n < (1LL << 40) ? n : 0;
	}
}

/* The defects of the first run of a case: they are the same in each. */
static void add_case(json_t *out, struct side *s, const json_t *old, const json_t *now)
{
	const json_t *first = json_array_get(json_get_array(now, "runs"), 0), *d;
	size_t i;

	add_costs(&s[0], old);
	add_costs(&s[1], now);
	json_array_foreach (json_get_array(first, "defects"), i, d)
		add_defect(out, s, old, now, json_get_str(now, "case"), json_get_str(d, "id"));
}

/* Names of cases in DOC that OTHER does not have. */
static json_t *only_in(const json_t *doc, const json_t *other)
{
	const json_t *all = json_get_array(doc, "cases"), *one;
	json_t *out = json_array();
	size_t i;

	json_array_foreach (all, i, one)
		if (!case_of(other, json_get_str(one, "case")))
			json_array_append_new(out, json_text(json_get_str(one, "case")));
	return out;
}

/* The K-th value of the recalls in the spread of DOC; -1: none. */
static double recall_of(const json_t *doc, size_t k)
{
	const json_t *range = json_get_array(json_get_object(doc, "spread"), "recall");
	const json_t *v = json_array_get(range, k);

	return json_is_number(v) ? json_number_value(v) : -1;
}

/* What was asked for in another way; then it is not only the model that differs. */
static json_t *differing(const json_t *old, const json_t *now)
{
	static const char *const names[] = { "flow", "size", "agent", "model", "tutti" };
	json_t *out = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *was = json_object_get(old, names[i]),
			     *is = json_object_get(now, names[i]);

		if ((was || is) && !json_equal(was, is))
			json_array_append_new(out, json_string(names[i]));
	}
	return out;
}

static json_t *share_json(unsigned part, unsigned all)
{
	return all ? json_real((double)(long)(1000.0 * part / all + 0.5) / 1000) : json_null();
}

static json_t *side_json(const struct side *s)
{
	return json_pack("{s:o, s:o, s:i, s:I}", "recall", share_json(s->all.found, s->all.runs),
	    "precision", share_json(s->all.found, s->all.found + s->wrong), "false", (int)s->wrong,
	    "tokens", (json_int_t)s->tokens);
}

json_t *eval_compare(const json_t *old, const json_t *now)
{
	struct side s[2] = { { .doc = old }, { .doc = now } };
	const json_t *one;
	json_t *defects;
	size_t i;

	for (size_t k = 0; k < 2; k++) {
		if (!str_is(json_get_str(s[k].doc, "schema"), "tutti.eval/1"))
			return NULL;
		s[k].low = recall_of(s[k].doc, 0);
		s[k].high = recall_of(s[k].doc, 1);
	}
	defects = json_array();
	json_array_foreach (json_get_array(now, "cases"), i, one) {
		struct str name = json_get_str(one, "case");
		const json_t *was = case_of(old, name);

		if (was && case_of(now, name) == one)
			add_case(defects, s, was, one);
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "old", side_json(&s[0]), "now",
	    side_json(&s[1]), "defects", defects, "only_old", only_in(old, now), "only_now",
	    only_in(now, old), "overlap", s[0].low <= s[1].high && s[1].low <= s[0].high, "differs",
	    differing(old, now));
}
