/* Findings with identity: their parts, their symbols, their fingerprints, what becomes of them. */
#include "arena.h"

#include "base/json.h"
#include "base/limits.h"
#include "evidence/priv.h"

#include <stdlib.h>

/* --- parts -------------------------------------------------------------------------------- */

static struct finding *one(const char *text)
{
	struct evidence *ev = evidence_parse(arena, STR("s"), str_from(text));

	assert_int_equal(ev->n_findings, 1);
	return ev->findings[0];
}

static void parts_are_read_out_of_markdown(void **state)
{
	struct finding *f = one("### S1: Title\nSeverity: high\n"
				"Evidence: `src/a.c:5` \"x = y;\"\n"
				"Claim: it leaks\nwhen it fails.\n"
				"**Failure scenario:**\n1. open\n2. fail: no close\n\n"
				"- **Suggestion:** close *it*\nConfidence: low\n");

	(void)state;
	assert_str(f->claim, "it leaks\nwhen it fails.");
	assert_str(f->scenario, "1. open\n2. fail: no close");
	assert_str(f->suggestion, "close *it");
	assert_str(f->confidence, "low");
}

static void parts_go_by_other_names(void **state)
{
	struct finding *f = one("### S1: Title\nIt leaks when it fails.\nLocation: a.c:3\n\n"
				"#### Scenario\nopen, then fail\n\n#### Recommended\nno\n\n"
				"Fix: close it\n```c\nClaim: not this\n```\nClaim: too late\n");

	(void)state;
	assert_str(f->claim, "It leaks when it fails.");
	assert_str(f->scenario, "open, then fail");
	assert_str(f->suggestion, "close it");
	f = one("### S1: Title\n- `a.c:3` is wrong\n");
	assert_str(f->claim, "");
	assert_str(f->scenario, "");
}

static void json_and_markdown_give_the_same_parts(void **state)
{
	json_t *doc = json_pack("{s:[{s:s, s:s, s:s, s:s, s:s, s:s}]}", "findings", "id", "S1",
	    "title", "Title", "severity", "high", "claim", "it leaks", "failure_scenario",
	    "open, fail", "suggestion", "close it");
	struct finding *x = evidence_from_findings(arena, STR("s"), doc)->findings[0];
	struct finding *y = one("### S1: Title\nSeverity: high\nClaim: it leaks\n"
				"Failure scenario: open, fail\nSuggestion: close it\n");

	(void)state;
	json_decref(doc);
	assert_true(str_eq(x->claim, y->claim));
	assert_true(str_eq(x->scenario, y->scenario));
	assert_true(str_eq(x->suggestion, y->suggestion));
	assert_int_equal(x->severity, y->severity);
}

static void parts_survive_the_store_and_old_documents_get_them(void **state)
{
	struct evidence *ev = evidence_parse(arena, STR("s"),
	    STR("### S1: T\nClaim: it leaks\nFailure scenario: f\nSuggestion: s\n"));
	json_t *doc = evidence_to_json(ev),
	       *first = json_array_get(json_get_array(doc, "findings"), 0);
	struct evidence *back = evidence_from_json(arena, doc);

	(void)state;
	assert_str(back->findings[0]->claim, "it leaks");
	assert_str(back->findings[0]->scenario, "f");
	json_object_del(first, "claim");
	json_object_del(first, "failure_scenario");
	json_object_del(first, "suggestion");
	json_object_del(first, "symbol");
	json_object_del(first, "anchor");
	back = evidence_from_json(arena, doc);
	assert_str(back->findings[0]->claim, "it leaks");
	assert_str(back->findings[0]->suggestion, "s");
	json_decref(doc);
}

/* --- symbols ------------------------------------------------------------------------------ */

/* TEXT holds one line with "HERE". */
static struct str symbol_in(const char *text)
{
	const char *here = strstr(text, "HERE");
	unsigned line = 1;
	struct str ret = { "", 0 };

	for (const char *p = text; p < here; p++)
		line += *p == '\n';
	symbols_find(arena, str_from(text), &line, &ret, 1);
	return ret;
}

static void symbols_are_what_encloses_a_line(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "int a(void)\n{\n\treturn 1;\n}\n\nstatic void lock_run(struct run *r,\n"
		  "    struct str s)\n{\n\tif (r)\n\t\tHERE;\n}\n",
		    "lock_run" },
		{ "static char *\nread_all (int fd)\n{\n  HERE\n}\n", "read_all" },
		{ "struct run {\n\tint HERE;\n};\n", "run" },
		{ "void Foo::close() const\n{\n\tHERE;\n}\n", "Foo::close" },
		{ "package a\n\nfunc (s *Server[T]) Close() error {\n\tHERE\n}\n", "Server.Close" },
		{ "type Server struct {\n\tHERE int\n}\n", "Server" },
		{ "class A(B):\n    def close(self):\n        pass\n\n    async def go(self):\n"
		  "        HERE\n",
		    "A.go" },
		{ "def a():\n    pass\n\nHERE\n", "" },
		{ "export class A extends B {\n  static async load(x) {\n    HERE\n  }\n}\n",
		    "A.load" },
		{ "export const load = async (x) => {\n  it('does', () => {\n    HERE\n", "load" },
		{ "function* walk(t: Tree): X {\n  for (const x of t) {\n    HERE\n", "walk" },
		{ "impl<T> Show for Box<T> {\n    pub(crate) fn show<U>(&self) -> U {\n"
		  "        HERE\n",
		    "Show for Box<T>.show" },
		{ "macro_rules! two {\n    HERE\n", "two" },
		{ "public class A\n{\n    public override Task<int> Run(int x)\n    {\n"
		  "        while (foo(x))\n            HERE\n",
		    "A.Run" },
		{ "public interface A {\n    List<String> all() throws E {\n        HERE\n",
		    "A.all" },
		{ "usage() {\n\tcat <<EOF\n\tHERE\n", "usage" },
		{ "module M\n  class A < B\n    def self.go?\n      HERE\n", "M.A.self.go?" },
		{ "static int HERE(int x)\n{\n", "HERE" },
		{ "void f(void)\n{\n\tstruct run *r = get(1);\n\tstruct a b = { 0 };\n\n"
		  "\tlist_for_each (r, x) {\n\t\tHERE\n",
		    "f" },
		{ "// see the function foo(x)\n * of bar(y)\n\tHERE\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str got = symbol_in(rows[i].text);

		if (!str_is(got, rows[i].want))
			fail_msg("row %zu: \"%.*s\", not \"%s\"", i, STR_ARG(got), rows[i].want);
	}
}

static void many_lines_cost_one_pass(void **state)
{
	unsigned lines[] = { 1, 2, 2, 4, 9 };
	struct str ret[5] = { 0 };

	(void)state;
	symbols_find(arena, STR("def a():\n    x\n\ndef b():\n    y\n"), lines, ret, 5);
	assert_str(ret[0], "a");
	assert_str(ret[1], "a");
	assert_str(ret[2], "a");
	assert_str(ret[3], "b");
	assert_int_equal(ret[4].n, 0);
}

/* --- fingerprints ------------------------------------------------------------------------- */

struct world {
	const char *path, *text;
};

static int source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	const struct world *w = ctx;

	(void)a;
	for (; w->path; w++)
		if (str_is(path, w->path)) {
			*ret = str_from(w->text);
			return 0;
		}
	return -ENOENT;
}

static struct evidence *checked(const struct world *w, const char *step, const char *text)
{
	struct evidence *ev = evidence_parse(arena, str_from(step), str_from(text));
	struct world copy[4] = { { 0 } };

	for (size_t i = 0; i < 3 && w[i].path; i++)
		copy[i] = w[i];
	evidence_check(arena, ev, source, copy);
	return ev;
}

static struct str print_of(const struct world *w, const char *text)
{
	struct evidence *ev = checked(w, "s", text);

	evidence_identify(arena, &ev, 1);
	assert_int_equal(ev->n_findings, 1);
	assert_int_equal(ev->findings[0]->fingerprint.n, 32);
	return ev->findings[0]->fingerprint;
}

#define BODY                                       \
	"static void lock_run(struct run *r)\n{\n" \
	"\tpthread_mutex_lock(&r->lock, \"held\");\n\tr->held = true;\n}\n"

static const struct world plain[] = { { "src/run.c", "#include <x.h>\n\n" BODY }, { 0 } };
static const char lock_item[] =
    "### S1: The lock is held too long\nSeverity: high\n"
    "Evidence: `src/run.c:5` \"pthread_mutex_lock(&r->lock, \"held\");\"\n";

static void a_fingerprint_does_not_change_when(void **state)
{
	static const char lines[] = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"
				    "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n" BODY;
	static const struct world shifted[] = { { "src/run.c", lines }, { 0 } };
	static const struct world formatted[] = {
		{ "src/run.c", "static void\nlock_run(struct run *r) {\n  pthread_mutex_lock (\n"
			       "      &r->lock, 'held',\n  );\n}\n" },
		{ 0 }
	};
	static const struct world renamed[] = { { "lib/lock.cc", "#include <x.h>\n\n" BODY },
		{ 0 } };
	struct str first = print_of(plain, lock_item);

	(void)state;
	/* lines stand above it; the citation is moved, or right again */
	assert_true(str_eq(first, print_of(shifted, lock_item)));
	assert_true(str_eq(first,
	    print_of(shifted, "### S1: The lock is held too long\n"
			      "`src/run.c:33` \"pthread_mutex_lock(&r->lock, \"held\");\"\n")));
	/* it is formatted in another way */
	assert_true(str_eq(first,
	    print_of(formatted, "### S1: The lock is held too long\nsrc/run.c:3-5\n```c\n"
				"  pthread_mutex_lock (\n      &r->lock, 'held',\n  );\n```\n")));
	/* its file has another name */
	assert_true(str_eq(first,
	    print_of(renamed, "### S1: The lock is held too long\n"
			      "`lib/lock.cc:5` \"pthread_mutex_lock(&r->lock, \"held\");\"\n")));
	/* a model words it anew, under another id, with line numbers in the quote */
	assert_true(str_eq(
	    first, print_of(plain, "### B7: Blocking call under the run's lock\nSeverity: low\n"
				   "src/run.c:5\n```c\n5: pthread_mutex_lock(&r->lock, \"held\");\n"
				   "```\n")));
	/* the same in a comment's clothes */
	assert_true(
	    str_eq(print_of(plain, "### S1: x\n`src/run.c:1` \"// is not there, I think\"\n"),
		print_of(plain, "### S1: x\n`src/run.c:1` \"/* is not  there, I think */\"\n")));
}

static void a_fingerprint_is_another_one_when(void **state)
{
	static const struct world other[] = {
		{ "src/run.c", "static void unlock_run(struct run *r)\n{\n"
			       "\tpthread_mutex_lock(&r->lock, \"held\");\n}\n" },
		{ 0 }
	};
	static const struct world short_one[] = { { "a.yaml", "image: x\n" },
		{ "b.yaml", "image: x\n" }, { 0 } };
	struct str first = print_of(plain, lock_item);

	(void)state;
	assert_false(str_eq(first, print_of(plain, "### S1: The lock is held too long\n"
						   "`src/run.c:6` \"r->held = true;\"\n")));
	/* the same line in another function */
	assert_false(str_eq(first, print_of(other, lock_item)));
	/* a short text without a symbol is its file's */
	assert_false(str_eq(print_of(short_one, "### S1: x\n`a.yaml:1` `image: x`\n"),
	    print_of(short_one, "### S1: x\n`b.yaml:1` `image: x`\n")));
	/* nothing is cited: the words are all there is */
	assert_false(str_eq(print_of(plain, "### S1: The log is lost\n"),
	    print_of(plain, "### S1: The store is slow\n")));
	assert_true(str_eq(print_of(plain, "### S1: The log is lost\n"),
	    print_of(plain, "### S4: the LOG is *lost*\n")));
}

static void words_change_it_only_where_they_have_to(void **state)
{
	static const char two[] = "### S1: The lock is held too long\n"
				  "`src/run.c:5` \"pthread_mutex_lock(&r->lock, \"held\");\"\n"
				  "### S2: The result of locking is ignored\n"
				  "`src/run.c:5` \"pthread_mutex_lock(&r->lock, \"held\");\"\n";
	struct evidence *x = checked(plain, "s", two), *y = checked(plain, "t", lock_item);
	struct evidence *both[] = { x, y }, *turned[] = { y, x };
	struct str s1, s2, anchor = print_of(plain, lock_item);

	(void)state;
	evidence_identify(arena, both, 2);
	s1 = x->findings[0]->fingerprint;
	s2 = x->findings[1]->fingerprint;
	assert_false(str_eq(s1, s2));
	assert_false(str_eq(s1, anchor));
	assert_true(str_eq(s1, y->findings[0]->fingerprint));
	/* whoever came first */
	evidence_identify(arena, turned, 2);
	assert_true(str_eq(s1, x->findings[0]->fingerprint));
	assert_true(str_eq(s2, x->findings[1]->fingerprint));
	/* alone it is its anchor again */
	evidence_identify(arena, &y, 1);
	assert_true(str_eq(anchor, y->findings[0]->fingerprint));
}

static void equal_code_in_two_files_is_two_findings(void **state)
{
	static const struct world twins[] = { { "a/run.c", BODY }, { "b/run.c", BODY }, { 0 } };
	struct evidence *ev = checked(twins, "s",
	    "### S1: Held too long\n"
	    "`a/run.c:3` \"pthread_mutex_lock(&r->lock, \"held\");\"\n"
	    "### S2: Held too long\n"
	    "`b/run.c:3` \"pthread_mutex_lock(&r->lock, \"held\");\"\n");

	(void)state;
	evidence_settle(arena, &ev, 1, NULL, 0);
	assert_false(str_eq(ev->findings[0]->fingerprint, ev->findings[1]->fingerprint));
	assert_int_equal(ev->findings[1]->disposition, DISPOSITION_KEPT);
}

static void anchors_survive_the_store(void **state)
{
	struct evidence *ev = checked(plain, "s", lock_item), *back;
	json_t *doc = evidence_to_json(ev);

	(void)state;
	back = evidence_from_json(arena, doc);
	json_decref(doc);
	assert_str(back->findings[0]->symbol, "lock_run");
	evidence_identify(arena, &back, 1);
	assert_true(str_eq(back->findings[0]->fingerprint, print_of(plain, lock_item)));
}

/* A hostile run: everything at one place. It ends, and different things stay different. */
static void a_crowd_at_one_place_ends(void **state)
{
	struct evidence *sets[8];
	struct buf b;

	(void)state;
	buf_init(&b, MIB(4));
	for (unsigned s = 0; s < 8; s++) {
		buf_clear(&b);
		for (unsigned i = 0; i < FINDINGS_MAX; i++)
			buf_printf(&b,
			    "### S%u: word%c%c%c of %c%c%u\n`src/run.c:5` `r->held = true;`\n", i,
			    'a' + i % 26, 'a' + i / 26 % 26, 'a' + s, 'a' + i % 7, 'a' + i % 11, i);
		sets[s] = checked(plain, arena_printf(arena, "s%u", s), b.p);
	}
	buf_fini(&b);
	evidence_number(arena, sets, 8);
	evidence_settle(arena, sets, 8, NULL, 0);
	assert_false(
	    str_eq(sets[0]->findings[1]->fingerprint, sets[7]->findings[900]->fingerprint));
}

/* --- dispositions ------------------------------------------------------------------------- */

static void settle(struct evidence **sets, size_t n, const struct deferring *texts, size_t n_texts)
{
	evidence_number(arena, sets, n);
	evidence_settle(arena, sets, n, texts, n_texts);
}

static void the_same_from_two_steps_is_one(void **state)
{
	struct evidence *x = checked(plain, "structure", lock_item);
	struct evidence *y = checked(plain, "data",
	    "### D1: The lock is held for too long\nSeverity: critical\n"
	    "`src/run.c:5` \"pthread_mutex_lock(&r->lock, \"held\");\"\n"
	    /* other words quoted of the same lines, and the same claim */
	    "### D2: Something else\nSeverity: low\nClaim: the flag is set before work begins\n"
	    "`src/run.c:5-6` \"r->held = true;\"\n");
	struct evidence *z = checked(plain, "risk",
	    "### R1: No title like it\nSeverity: medium\nClaim: the flag is set before the work "
	    "begins\n"
	    "`src/run.c:3-7` \"static void lock_run(struct run *r)\"\n");
	struct evidence *sets[] = { x, y, z };

	(void)state;
	settle(sets, 3, NULL, 0);
	assert_int_equal(x->findings[0]->disposition, DISPOSITION_MERGED);
	assert_ptr_equal(x->findings[0]->into, y->findings[0]);
	assert_int_equal(y->findings[0]->disposition, DISPOSITION_KEPT);
	assert_int_equal(y->findings[0]->severity, SEVERITY_CRITICAL);
	assert_int_equal(y->findings[1]->disposition, DISPOSITION_MERGED);
	assert_ptr_equal(y->findings[1]->into, z->findings[0]);
}

static void verdicts_decide(void **state)
{
	struct evidence *ev = checked(plain, "s",
	    "### S1: One\nSeverity: high\n`src/run.c:5` \"pthread_mutex_lock(&r->lock, "
	    "\"held\");\"\n"
	    "### S2: Two\nSeverity: high\n`src/run.c:6` \"r->held = true;\"\n"
	    "### S3: Three\nSeverity: high\n`src/run.c:1` \"#include <x.h>\"\n");

	(void)state;
	ev->findings[0]->verdict = VERDICT_REFUTED;
	ev->findings[0]->verdict_reason = STR("it is short");
	ev->findings[1]->verdict = VERDICT_WEAKENED;
	for (int again = 0; again < 2; again++) {
		settle(&ev, 1, NULL, 0);
		assert_int_equal(ev->findings[0]->disposition, DISPOSITION_REFUTED);
		assert_str(ev->findings[0]->disposition_reason, "it is short");
		assert_int_equal(ev->findings[1]->disposition, DISPOSITION_DEMOTED);
		assert_int_equal(ev->findings[1]->severity, SEVERITY_MEDIUM);
		assert_int_equal(ev->findings[1]->raised_as, SEVERITY_HIGH);
		assert_int_equal(ev->findings[2]->disposition, DISPOSITION_KEPT);
		assert_int_equal(ev->findings[2]->raised_as, SEVERITY_HIGH);
	}
}

/* What was refuted takes nothing with it that others raised. */
static void nothing_is_merged_into_what_was_refuted(void **state)
{
	struct evidence *x = checked(plain, "a", lock_item), *y = checked(plain, "b", lock_item);
	struct evidence *sets[] = { x, y };

	(void)state;
	x->findings[0]->verdict = VERDICT_REFUTED;
	settle(sets, 2, NULL, 0);
	assert_int_equal(x->findings[0]->disposition, DISPOSITION_REFUTED);
	assert_int_equal(y->findings[0]->disposition, DISPOSITION_KEPT);
}

static void a_severity_needs_a_citation_that_holds(void **state)
{
	struct evidence *ev = checked(plain, "s",
	    "### S1: One\nSeverity: critical\n"
	    "### S2: Two\nSeverity: high\n`src/gone.c:5` \"pthread_mutex_lock(&r->lock);\"\n"
	    "### S3: Three\nSeverity: low\n"
	    "### S4: Four\nSeverity: critical\nEvidence: `src/run.c:5`, read.\n");

	(void)state;
	settle(&ev, 1, NULL, 0);
	assert_int_equal(ev->findings[3]->severity, SEVERITY_HIGH);
	assert_str(ev->findings[3]->disposition_reason, "none of its citations can be checked");
	ev->findings[3]->verdict = VERDICT_UPHELD;
	settle(&ev, 1, NULL, 0);
	assert_int_equal(ev->findings[3]->severity, SEVERITY_CRITICAL);
	assert_int_equal(ev->findings[3]->disposition, DISPOSITION_KEPT);
	assert_int_equal(ev->findings[0]->severity, SEVERITY_LOW);
	assert_int_equal(ev->findings[0]->raised_as, SEVERITY_CRITICAL);
	assert_str(ev->findings[0]->disposition_reason, "it cites nothing");
	assert_str(ev->findings[1]->disposition_reason, "none of its citations holds");
	assert_int_equal(ev->findings[2]->disposition, DISPOSITION_KEPT);
}

static enum severity after(const char *claim)
{
	struct evidence *ev = checked(plain, "s",
	    arena_printf(arena,
		"### S1: One\nSeverity: high\nClaim: %s\n"
		"`src/run.c:6` \"r->held = true;\"\n",
		claim));

	settle(&ev, 1, NULL, 0);
	return ev->findings[0]->severity;
}

static void what_cannot_be_reached_is_demoted(void **state)
{
	(void)state;
	assert_int_equal(after("the branch cannot be reached from main"), SEVERITY_MEDIUM);
	assert_int_equal(after("Theoretically two runs could meet"), SEVERITY_MEDIUM);
	assert_int_equal(after("this is not theoretically but really so"), SEVERITY_HIGH);
	assert_int_equal(after("it hangs when the server cannot be reached"), SEVERITY_HIGH);
	assert_int_equal(after("two runs meet"), SEVERITY_HIGH);
}

static void what_is_put_off_is_deferred(void **state)
{
	static const char angle[] =
	    "### S1: One\nSeverity: low\n`src/run.c:6` \"r->held = true;\"\n"
	    "### S2: Two\n`src/run.c:5` \"pthread_mutex_lock(&r->lock, \"held\");\"\n"
	    "### S3: Three\n`src/run.c:1` \"#include <x.h>\"\n"
	    "## Deferred (YAGNI)\n- A queue (S2): gate 1.\n  Reopen when S3 happens twice\n"
	    "## Summary\nS1 it is.\n";
	static const char other[] = "### S1: Four\n\n## Deferred (YAGNI)\n- structure/S1, S1\n";
	static const char sum[] = "Do S2.\n\n## Deferred (YAGNI)\n\n"
				  "| Item | Why | Reopen when |\n|---|---|---|\n"
				  "| `S3` | gate 2 | a third caller |\n";
	struct evidence *x = checked(plain, "structure", angle), *y = checked(plain, "data", other);
	struct evidence *sets[] = { x, y };
	const struct deferring texts[] = { { STR("structure"), str_from(angle), false },
		{ STR("data"), str_from(other), false }, { STR("sum"), str_from(sum), true } };

	(void)state;
	settle(sets, 2, texts, 3);
	assert_int_equal(x->findings[0]->disposition, DISPOSITION_KEPT);
	assert_int_equal(x->findings[1]->disposition, DISPOSITION_DEFERRED);
	assert_str(x->findings[1]->disposition_reason,
	    "A queue (S2): gate 1. Reopen when S3 happens twice");
	assert_int_equal(x->findings[2]->disposition, DISPOSITION_DEFERRED);
	/* its own S1, not the other step's; and nobody said what would reopen it */
	assert_int_equal(y->findings[0]->disposition, DISPOSITION_DEFERRED);
	assert_has(y->findings[0]->disposition_reason, "nothing is named that would reopen it");
}

/* --- the account -------------------------------------------------------------------------- */

static void every_finding_is_accounted_for(void **state)
{
	struct evidence *ev = checked(plain, "s",
	    "### S1: One\n`src/run.c:6` \"r->held = true;\"\n### S2: Two\n### S3: Three\n");
	struct parsed_step step = { STR("s"), 3, ev };
	struct finding *listed[4];

	(void)state;
	settle(&ev, 1, NULL, 0);
	memcpy(listed, ev->findings, 3 * sizeof(listed[0]));
	assert_str(evidence_account(arena, &step, 1, listed, 3), "");
	/* one is lost between the list and the report, or between the answer and the list */
	assert_has(evidence_account(arena, &step, 1, listed, 2), "S3 of s is not in the report");
	step.parsed = 4;
	assert_str(evidence_account(arena, &step, 1, listed, 3),
	    "findings were lost: of 4 findings of s 3 are in the report");
	step = (struct parsed_step){ STR("s"), 3, NULL };
	assert_str(evidence_account(arena, &step, 1, listed, 3), "");
	assert_has(evidence_account(arena, &step, 1, listed, 0), "of 3 findings of s 0 are");
	/* one is there twice, has no disposition, or is merged into nothing */
	step = (struct parsed_step){ STR("s"), -1, ev };
	listed[3] = listed[0];
	assert_has(evidence_account(arena, &step, 1, listed, 4), "shares its name");
	listed[1]->disposition = DISPOSITION_NONE;
	assert_has(evidence_account(arena, &step, 1, listed, 3), "S2 of s has no disposition");
	listed[1]->disposition = DISPOSITION_MERGED;
	assert_has(evidence_account(arena, &step, 1, listed, 3), "S2 of s is merged into nothing");
	listed[1]->into = listed[2];
	assert_str(evidence_account(arena, &step, 1, listed, 3), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_read_out_of_markdown),
		cmocka_unit_test(parts_go_by_other_names),
		cmocka_unit_test(json_and_markdown_give_the_same_parts),
		cmocka_unit_test(parts_survive_the_store_and_old_documents_get_them),
		cmocka_unit_test(symbols_are_what_encloses_a_line),
		cmocka_unit_test(many_lines_cost_one_pass),
		cmocka_unit_test(a_fingerprint_does_not_change_when),
		cmocka_unit_test(a_fingerprint_is_another_one_when),
		cmocka_unit_test(words_change_it_only_where_they_have_to),
		cmocka_unit_test(equal_code_in_two_files_is_two_findings),
		cmocka_unit_test(anchors_survive_the_store),
		cmocka_unit_test(a_crowd_at_one_place_ends),
		cmocka_unit_test(the_same_from_two_steps_is_one),
		cmocka_unit_test(verdicts_decide),
		cmocka_unit_test(nothing_is_merged_into_what_was_refuted),
		cmocka_unit_test(a_severity_needs_a_citation_that_holds),
		cmocka_unit_test(what_cannot_be_reached_is_demoted),
		cmocka_unit_test(what_is_put_off_is_deferred),
		cmocka_unit_test(every_finding_is_accounted_for),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
