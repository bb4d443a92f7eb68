/* Findings of two runs: what is one and the same, and what became of it. */
#include "arena.h"

#include "base/buf.h"
#include "base/limits.h"
#include "evidence/compare.h"

#include <stdlib.h>

/* One finding as a line: "print|path:line|severity|verdict|disposition|title|claim". */
struct side {
	struct finding *v[8];
	size_t n;
};

static struct finding *finding_of(const char *line)
{
	struct finding *f = arena_new(arena, struct finding);
	struct citation *c = arena_new(arena, struct citation);
	struct str rest = str_from(line);
	unsigned long long n = 0;

	f->fingerprint = str_split(&rest, '|');
	struct str place = str_split(&rest, '|');

	c->path = str_split(&place, ':');
	if (c->path.n) {
		f->cites = arena_array(arena, 1, sizeof(*f->cites));
		f->cites[f->n_cites++] = c;
	}
	if (place.p)
		assert_true(str_to_u64(place, 1000, &n));
	c->line = c->end = (unsigned)n;
	f->severity = (enum severity)severity_parse(str_split(&rest, '|'));
	f->verdict = (enum verdict)verdict_parse(str_split(&rest, '|'));
	f->disposition = (enum disposition)disposition_parse(str_split(&rest, '|'));
	f->title = str_split(&rest, '|');
	f->claim = str_split(&rest, '|');
	f->uid = f->title;
	return f;
}

static void read_side(struct side *s, const char *text)
{
	struct str rest = str_from(text);

	*s = (struct side){ 0 };
	while (rest.p && rest.n) {
		struct str line = str_split(&rest, '\n');

		s->v[s->n++] = finding_of(arena_cstr(arena, line));
	}
}

static const char *said(const struct comparison *c)
{
	struct buf b;

	buf_init(&b, KIB(64));
	for (size_t i = 0; i < c->n; i++) {
		const struct compared *p = &c->v[i];

		buf_printf(&b, "%s%s", i ? "; " : "", change_name(p->change));
		if (p->differs)
			buf_printf(&b, "(%s%s%s)", p->differs & DIFFERS_SEVERITY ? "s" : "",
			    p->differs & DIFFERS_VERDICT ? "v" : "",
			    p->differs & DIFFERS_TEXT ? "t" : "");
		buf_printf(&b, " %.*s>%.*s", STR_ARG(p->old ? p->old->title : STR("-")),
		    STR_ARG(p->now ? p->now->title : STR("-")));
	}
	char *out = arena_cstr(arena, buf_str(&b));

	buf_fini(&b);
	return out;
}

static const struct {
	const char *name, *old, *now, *want;
} cases[] = {
	{ "nothing", "", "", "" },
	{ "equal", "f1|a.c:1|high|upheld|kept|T|c", "f1|a.c:1|high|upheld|kept|T|c", "same T>T" },
	{ "by fingerprint, wherever it stands", "f1|a.c:1|high|upheld|kept|T|on line 1",
	    "f1|a.c:31|high|upheld|kept|T|on line 31", "same T>T" },
	{ "by fingerprint, in another file", "f1|a.c:1|high|upheld|kept|T|c",
	    "f1|b.c:1|high|upheld|kept|T|c", "same T>T" },
	{ "white space and case are no text", "f1|a.c:1|low|upheld|kept|The  Lock|c d",
	    "f1|a.c:1|low|upheld|kept|the lock|c\td", "same The  Lock>the lock" },
	{ "new and gone", "f1|a.c:1|high|upheld|kept|A|", "f2|a.c:1|high|upheld|kept|B|",
	    "new ->B; gone A>-" },
	{ "severity", "f1|a.c:1|high|upheld|kept|T|", "f1|a.c:1|low|upheld|kept|T|",
	    "changed(s) T>T" },
	{ "verdict", "f1|a.c:1|high|upheld|kept|T|", "f1|a.c:1|high|weakened|kept|T|",
	    "changed(v) T>T" },
	{ "text", "f1|a.c:1|high|upheld|kept|T|it leaks", "f1|a.c:1|high|upheld|kept|T|it blocks",
	    "changed(t) T>T" },
	{ "another number is another text", "f1|a.c:7|high|upheld|kept|T|waits 10 s",
	    "f1|a.c:7|high|upheld|kept|T|waits 20 s", "changed(t) T>T" },
	{ "all three", "f1|a.c:1|high|upheld|kept|T|x", "f1|a.c:1|low|weakened|kept|T|y",
	    "changed(svt) T>T" },
	{ "a text only one side has", "f1|a.c:1|high|upheld|kept|T|",
	    "f1|a.c:1|high|upheld|kept|T|c", "same T>T" },
	{ "refuted now", "f1|a.c:1|high|upheld|kept|T|", "f1|a.c:1|high|refuted|refuted|T|",
	    "gone T>T" },
	{ "refuted before", "f1|a.c:1|high|refuted|refuted|T|", "f1|a.c:1|high|upheld|kept|T|",
	    "new T>T" },
	{ "refuted while nothing is decided", "f1|a.c:1|high|upheld|undecided|T|",
	    "f1|a.c:1|high|refuted|undecided|T|", "gone T>T" },
	{ "deferred on both sides", "f1|a.c:1|high|upheld|deferred|T|",
	    "f1|a.c:1|high|upheld|deferred|T|", "" },
	{ "demoted stands", "f1|a.c:1|high|upheld|kept|T|", "f1|a.c:1|low|upheld|demoted|T|",
	    "changed(s) T>T" },
	{ "one fingerprint, several findings: by title first",
	    "f1|a.c:1|high|upheld|kept|A|\nf1|a.c:1|high|upheld|kept|B|",
	    "f1|a.c:1|high|upheld|kept|B|\nf1|a.c:1|high|upheld|kept|A|", "same B>B; same A>A" },
	{ "one fingerprint, one more than before", "f1|a.c:1|high|upheld|kept|A|",
	    "f1|a.c:1|high|upheld|kept|B|\nf1|a.c:1|high|upheld|kept|A|", "new ->B; same A>A" },
	{ "no fingerprint before: by path and title", "|a.c:1|high|upheld|kept|The Lock|",
	    "f1|a.c:9|high|upheld|kept|the lock|", "same The Lock>the lock" },
	{ "no fingerprint now", "f1|a.c:1|high|upheld|kept|T|", "|a.c:9|high|upheld|kept|T|",
	    "same T>T" },
	{ "no fingerprint, another path", "|a.c:1|high|upheld|kept|T|",
	    "|b.c:1|high|upheld|kept|T|", "new ->T; gone T>-" },
	{ "two fingerprints, path and title do not count", "f1|a.c:1|high|upheld|kept|T|",
	    "f2|a.c:1|high|upheld|kept|T|", "new ->T; gone T>-" },
	{ "no place at all", "||high|upheld|kept|T|", "||high|upheld|kept|T|", "same T>T" },
	{ "lines in a title are places", "|a.c:3|high|upheld|kept|Lines 3 to 9 repeat|",
	    "|a.c:33|high|upheld|kept|Lines 33 to 39 repeat|",
	    "same Lines 3 to 9 repeat>Lines 33 to 39 repeat" },
};

static void findings_are_matched(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct side old, now;
		struct comparison c;

		read_side(&old, cases[i].old);
		read_side(&now, cases[i].now);
		evidence_compare(arena, old.v, old.n, now.v, now.n, &c);
		if (strcmp(said(&c), cases[i].want) != 0)
			fail_msg(
			    "%s: got \"%s\", want \"%s\"", cases[i].name, said(&c), cases[i].want);
		assert_int_equal(
		    c.of[CHANGE_SAME] + c.of[CHANGE_CHANGED] + c.of[CHANGE_NEW] + c.of[CHANGE_GONE],
		    c.n);
	}
}

/* What was merged counts as what it was merged into, so that neither comes and goes. */
static void merged_is_with_the_other(void **state)
{
	struct side old, now;
	struct comparison c;

	(void)state;
	read_side(&old, "f1|a.c:1|high|upheld|kept|A|\nf2|a.c:2|high|upheld|kept|B|");
	read_side(&now, "f1|a.c:1|high|upheld|kept|A|\nf2|a.c:2|high|upheld|merged|B|");
	now.v[1]->into = now.v[0];
	evidence_compare(arena, old.v, old.n, now.v, now.n, &c);
	assert_string_equal(said(&c), "same A>A");
	evidence_compare(arena, now.v, now.n, old.v, old.n, &c);
	assert_string_equal(said(&c), "same A>A; same B>B");
	evidence_compare(arena, now.v, now.n, now.v, now.n, &c);
	assert_string_equal(said(&c), "same A>A");
	now.v[0]->disposition = DISPOSITION_REFUTED; /* and with it what is in it */
	evidence_compare(arena, old.v, old.n, now.v, now.n, &c);
	assert_string_equal(said(&c), "gone A>A; gone B>B");
}

/* Three steps raise it: which of them stands for all is no news, and no loss. */
static void it_does_not_matter_which_one_stands(void **state)
{
	static const char *const sides[][2] = {
		{ "f1|a.c:1|note|upheld|demoted|T|", /* a SARIF file has only what stands */
		    "f1|a.c:1|low|upheld|merged|T|\nf1|a.c:1|note|upheld|demoted|T|" },
		{ "f1|a.c:1|note|upheld|demoted|T|\nf1|a.c:1|low|upheld|merged|T|",
		    "f1|a.c:1|low|upheld|merged|T|\nf1|a.c:1|note|upheld|demoted|T|" },
		{ "f1|a.c:1|note|upheld|kept|T|", /* merged into what a new step says of it */
		    "f1|a.c:1|note|upheld|merged|T|\nf2|a.c:1|note|upheld|kept|U|" },
	};
	static const char *const want[] = { "same T>T", "same T>T", "changed(t) T>U" };

	(void)state;
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		struct side old, now;
		struct comparison c;

		read_side(&old, sides[i][0]);
		read_side(&now, sides[i][1]);
		now.v[0]->into = now.v[1];
		if (old.n > 1)
			old.v[1]->into = old.v[0];
		evidence_compare(arena, old.v, old.n, now.v, now.n, &c);
		assert_string_equal(said(&c), want[i]);
		evidence_compare(arena, now.v, now.n, old.v, old.n, &c);
		assert_int_equal(c.of[CHANGE_NEW] + c.of[CHANGE_GONE], 0);
	}
}

/* All with one fingerprint, in another order: each has a partner, and it does not take for ever. */
static void crowds_are_matched(void **state)
{
	const size_t n = 20000;
	struct finding **old = arena_array(arena, n, sizeof(*old));
	struct finding **now = arena_array(arena, n, sizeof(*now));
	struct comparison c;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		old[i] = arena_new(arena, struct finding);
		now[n - 1 - i] = arena_new(arena, struct finding);
		old[i]->fingerprint = now[n - 1 - i]->fingerprint = STR("ff");
		old[i]->title = str_from(arena_printf(arena, "t%zu", i));
		now[n - 1 - i]->title = str_from(arena_printf(arena, "u%zu", i));
	}
	evidence_compare(arena, old, n, now, n, &c);
	assert_int_equal(c.n, n);
	assert_int_equal(c.of[CHANGE_CHANGED], n);
}

static void a_place_is_the_best_there_is(void **state)
{
	static const enum cite_state order[] = { CITE_MISSING, CITE_UNCHECKED, CITE_CHANGED,
		CITE_MOVED, CITE_RESOLVES };
	struct citation cites[5] = { 0 };
	struct citation *all[5];
	struct finding f = { .cites = all };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		cites[i].state = order[i];
		cites[i].path = STR("src/a.c");
		all[f.n_cites++] = &cites[i];
		assert_ptr_equal(finding_where(&f), i ? &cites[i] : NULL);
	}
	cites[4].trust = TRUST_WEB;
	assert_ptr_equal(finding_where(&f), &cites[3]);
	cites[3].path = STR("src/../../a.c");
	assert_ptr_equal(finding_where(&f), &cites[2]);
	cites[2].path = STR("/etc/a.c");
	assert_ptr_equal(finding_where(&f), &cites[1]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(findings_are_matched),
		T(merged_is_with_the_other),
		T(it_does_not_matter_which_one_stands),
		T(crowds_are_matched),
		T(a_place_is_the_best_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
