/* A thousand citations whose truth is known; each state, and each place, must be exactly right. */
#include "check.h"

#include "base/json.h"
#include "truth.h"

#define CITATIONS 1000
#define SEEDS 3

static void compare(const struct truths *t, const struct evidence *ev)
{
	unsigned wrong = 0;

	assert_int_equal(ev->n_cites, t->n);
	for (size_t i = 0; i < t->n; i++) {
		const struct truth *want = &t->v[i];
		const struct citation *c = ev->cites[i];
		bool placed = want->state == CITE_RESOLVES || want->state == CITE_MOVED;

		if (c->state == want->state &&
		    (!placed || (c->found_line == want->line && c->found_end == want->end)))
			continue;
		wrong++;
		print_message("%zu, %s: %.*s:%u-%u \"%.*s\" is %s at %u-%u, not %s at %u-%u\n", i,
		    want->what, STR_ARG(c->path), c->line, c->end, STR_ARG(c->quote),
		    cite_state_name(c->state), c->found_line, c->found_end,
		    cite_state_name(want->state), want->line, want->end);
	}
	assert_int_equal(wrong, 0);
}

static void every_state_is_the_truth(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct arena *a = arena_create("truth", ARENA_JOB);
		struct truths t;

		truth_begin(&t, a, seed, CITATIONS);
		struct evidence *ev = evidence_parse(a, STR("s"), buf_str(&t.text));

		evidence_check(a, ev, truth_source, &t);
		compare(&t, ev);
		truth_end(&t);
		arena_destroy(a);
	}
}

static json_t *as_json(const struct evidence *ev)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ev->n_cites; i++) {
		const struct citation *c = ev->cites[i];

		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:o, s:i, s:i, s:o}", "id", "S1", "title", "x",
			      "path", json_text(c->path), "line", (int)c->line, "end_line",
			      (int)c->end, "quote", json_text(c->quote)));
	}
	return json_pack("{s:o}", "findings", list);
}

/* The other form comes to the same: what Markdown said, handed in as JSON. */
static void json_gets_the_same_states(void **state)
{
	struct arena *a = arena_create("truth", ARENA_JOB);
	struct truths t;

	(void)state;
	truth_begin(&t, a, 7, 400);
	struct evidence *x = evidence_parse(a, STR("s"), buf_str(&t.text));

	evidence_check(a, x, truth_source, &t);
	json_t *doc = as_json(x);
	struct evidence *y = evidence_from_findings(a, STR("s"), doc);

	json_decref(doc);
	evidence_check(a, y, truth_source, &t);
	assert_int_equal(y->n_cites, x->n_cites);
	for (size_t i = 0; i < x->n_cites; i++)
		if (x->cites[i]->trust == TRUST_CODEBASE) {
			assert_int_equal(y->cites[i]->state, x->cites[i]->state);
			assert_int_equal(y->cites[i]->found_line, x->cites[i]->found_line);
			assert_true(str_eq(y->cites[i]->anchor, x->cites[i]->anchor));
		}
	truth_end(&t);
	arena_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_the_truth),
		cmocka_unit_test(json_gets_the_same_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
