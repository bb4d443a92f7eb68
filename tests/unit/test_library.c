#include "check.h"

#include "base/json.h"
#include "base/limits.h"
#include "flow/prompt.h"
#include "flow/template.h"

#include <stdlib.h>

static struct library *lib;
static struct arena *a;

static int setup(void **state)
{
	(void)state;
	lib = library_create();
	library_add_builtin(lib);
	library_check(lib);
	a = arena_create("test", MIB(256));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	library_destroy(lib);
	arena_destroy(a);
	return 0;
}

static void everything_built_in_is_sound(void **state)
{
	(void)state;
	assert_true(library_count(lib) >= 5);
	for (size_t i = 0; i < library_count(lib); i++) {
		const struct flow_entry *e = library_at(lib, i);

		if (e->errors)
			print_message("%s:%u: %s\n", e->file, e->errors->v[0].at.line,
			    e->errors->v[0].message);
		assert_null(e->errors);
		assert_non_null(e->flow);
	}
}

static void flows_are_found_by_prefix_and_by_near_miss(void **state)
{
	struct err err;

	(void)state;
	assert_non_null(library_flow(lib, STR("invest"), &err));
	assert_null(library_flow(lib, STR("reserch"), &err));
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.fix, "did you mean research?\ntutti flows list");
}

static void a_broken_file_hides_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(
	    library_add(lib, TEXT_FLOW, "x/research.yaml", "user", STR("flow: [")), -EINVAL);
	library_check(lib);
	assert_non_null(library_flow(lib, STR("research"), &err));
	size_t broken = 0;

	for (size_t i = 0; i < library_count(lib); i++)
		broken += library_at(lib, i)->errors != NULL;
	assert_int_equal(broken, 1);
}

static void a_later_flow_wins(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(library_add(lib, TEXT_FLOW, "mine.yaml", "user",
			     STR("flow: research\ncategory: analysis\nsummary: mine\n"
				 "steps: [{id: a, kind: code, run: return 1}]\n")),
	    0);
	library_check(lib);
	assert_str(library_flow(lib, STR("research"), &err)->summary, "mine");
}

static void unknown_references_are_errors(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(
	    library_add(lib, TEXT_FLOW, "mine.yaml", "user",
		STR("flow: mine\ncategory: analysis\nsummary: s\ncontracts: [evidenc]\n"
		    "steps:\n  - {id: a, persona: structural-analist, task: t}\n")),
	    0);
	library_check(lib);
	assert_null(library_flow(lib, STR("mine"), &err));
	assert_string_equal(
	    err.why, "mine.yaml:1:1: unknown contract 'evidenc'; did you mean 'evidence'?");
}

static void thousands_of_unknown_names_cost_little_memory(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MIB(1));
	buf_adds(&b, "flow: mine\ncategory: analysis\nsummary: s\n"
		     "steps: [{id: a, kind: code, run: return 1}]\nnext: [a");
	for (int i = 0; i < 9900; i++)
		buf_adds(&b, ",a");
	buf_adds(&b, "]\n");
	assert_int_equal(library_add(lib, TEXT_FLOW, "mine.yaml", "user", buf_str(&b)), 0);
	buf_fini(&b);
	size_t before = library_memory(lib);

	library_check(lib);
	assert_true(library_memory(lib) - before < KIB(256));
}

/* One that could be read, but refers to what is not there, is as broken as the other. */
static void a_flow_that_lacks_something_hides_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(library_add(lib, TEXT_FLOW, "mine.yaml", "user",
			     STR("flow: research\ncategory: analysis\nsummary: mine\n"
				 "steps: [{id: a, persona: nobody, task: t}]\n")),
	    0);
	library_check(lib);
	const struct flow *f = library_flow(lib, STR("research"), &err);

	assert_non_null(f);
	assert_false(str_is(f->summary, "mine"));
}

/* --- withheld ---------------------------------------------------------------------------- */

static void what_is_withheld_is_listed_and_not_used(void **state)
{
	struct err err;
	size_t before = library_count(lib);

	(void)state;
	library_withhold(lib, STR("theirs"), "/r/.tutti/flows/theirs.yaml", WITHHELD_NEW);
	assert_int_equal(library_count(lib), before + 1);
	assert_null(library_at(lib, before)->flow);
	assert_int_equal(library_at(lib, before)->withheld, WITHHELD_NEW);
	assert_null(library_flow(lib, STR("theirs"), &err));
	assert_int_equal(err.code, -EACCES);
	assert_string_equal(err.what, "flow 'theirs' is the repository's own, and not trusted");
	assert_string_equal(
	    err.fix, "tutti flows trust theirs\nor, for once: tutti --trust-repo …");
	assert_null(library_flow(lib, STR("their"), &err)); /* nor is it anybody's prefix */
	assert_int_equal(err.code, -ENOENT);
}

static void what_is_withheld_hides_nothing_unless_it_was_accepted(void **state)
{
	struct err err;

	(void)state;
	library_withhold(lib, STR("research"), "x", WITHHELD_NEW);
	library_withhold(lib, STR("resear"), "x", WITHHELD_NEW);
	assert_non_null(library_flow(lib, STR("research"), &err));
	assert_non_null(library_flow(lib, STR("resear"), &err));
	library_withhold(lib, STR("research"), "x", WITHHELD_CHANGED);
	assert_null(library_flow(lib, STR("resear"), &err));
	assert_int_equal(err.code, -EACCES);
	assert_string_equal(
	    err.what, "flow 'research' is the repository's own, and changed since you accepted it");
	assert_string_equal(err.fix,
	    "tutti flows trust research\n"
	    "or, to run the other one of that name: tutti flows untrust research");
}

static void next_may_name_what_is_withheld(void **state)
{
	const struct str text = STR("flow: mine\ncategory: analysis\nsummary: s\nnext: [theirs]\n"
				    "steps: [{id: a, kind: code, run: return 1}]\n");
	struct err err;

	(void)state;
	library_withhold(lib, STR("theirs"), "x", WITHHELD_NEW);
	assert_int_equal(library_add(lib, TEXT_FLOW, "mine.yaml", "user", text), 0);
	library_check(lib);
	assert_non_null(library_flow(lib, STR("mine"), &err));
	assert_int_equal(library_add(lib, TEXT_FLOW, "uses.yaml", "user",
			     STR("flow: uses\ncategory: analysis\nsummary: s\n"
				 "steps: [{id: a, kind: flow, use: theirs}]\n")),
	    0);
	library_check(lib);
	assert_null(library_flow(lib, STR("uses"), &err));
	assert_int_equal(err.code, -EINVAL);
}

/* --- personas ---------------------------------------------------------------------------- */

static void mistakes_in_a_persona_have_their_places(void **state)
{
	static const struct {
		const char *text, *message;
	} wrong[] = {
		{ "persona: x\n",
		    "1:1: a persona begins with front matter between two lines `---`" },
		{ "---\npersona: x\n---\n", "1:1: a persona needs a text below its front matter" },
		{ "---\ntitle: x\n---\nYou.\n", "1:1: a persona needs `persona:` with its name" },
		{ "---\npersona: A b\n---\nYou.\n",
		    "2:10: a persona's name has 1 to 64 of the characters a-z, 0-9 and -" },
		{ "---\npersona: x\ntemperatur: 1\n---\nYou.\n",
		    "3:1: unknown key 'temperatur' in a persona; did you mean 'temperature'?" },
		{ "---\npersona: x\ntemperature: warm\n---\nYou.\n",
		    "3:14: temperature is a number from 0 to 2" },
		{ "---\npersona: x\ntemperature: 3\n---\nYou.\n",
		    "3:14: temperature is a number from 0 to 2" },
		{ "---\npersona: x\ntemperature: ''\n---\nYou.\n",
		    "3:15: temperature is a number from 0 to 2" },
	};
	struct library_text t;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		size_t at = library_texts(lib);

		assert_int_equal(
		    library_add(lib, TEXT_PERSONA, "p/x.md", "user", str_from(wrong[i].text)),
		    -EINVAL);
		library_text_at(lib, at, &t);
		assert_false(t.wins);
		assert_string_equal(arena_printf(a, "%u:%u: %s", t.errors->v[0].at.line,
					t.errors->v[0].at.column, t.errors->v[0].message),
		    wrong[i].message);
	}
}

/* What `with` of a step that uses the flow called needy comes to, or "". */
static const char *error_of_with(const char *with)
{
	const char *text = arena_printf(a,
	    "flow: mine\ncategory: analysis\nsummary: s\nsteps:\n"
	    "  - {id: x, kind: code, run: return 1}\n  - {id: y, kind: flow, use: "
	    "needy%s}\n",
	    with);
	struct library *own = library_create();
	struct err err = { 0 };

	assert_int_equal(library_add(own, TEXT_FLOW, "needy.yaml", "user",
			     STR("flow: needy\ncategory: analysis\nsummary: s\n"
				 "input:\n  because: {label: Why, required: true}\n"
				 "  base: {label: Base, type: git-ref}\n"
				 "steps:\n  - {id: a, kind: code, run: return 1}\n")),
	    0);
	assert_int_equal(library_add(own, TEXT_FLOW, "mine.yaml", "user", str_from(text)), 0);
	library_check(own);
	bool sound = library_flow(own, STR("mine"), &err) != NULL;

	library_destroy(own);
	return sound ? "" : arena_printf(a, "%s", err.why);
}

static void what_a_used_flow_needs_is_asked_for_when_it_is_read(void **state)
{
	(void)state;
	assert_string_equal(error_of_with(""),
	    "mine.yaml:6:5: flow 'needy' needs the input 'because', and "
	    "`with` does not give it");
	assert_string_equal(error_of_with(", with: {because: ' '}"),
	    "mine.yaml:6:5: flow 'needy' needs the input 'because', and `with` gives it "
	    "empty");
	assert_string_equal(error_of_with(", with: {question: '', because: x}"),
	    "mine.yaml:6:5: flow 'needy' needs the input 'question', and `with` gives it "
	    "empty");
	assert_string_equal(error_of_with(", with: {because: x, bace: HEAD}"),
	    "mine.yaml:6:5: flow 'needy' has no input 'bace'; did you mean 'base'?");
	assert_string_equal(error_of_with(", with: {because: '{{ question }}'}"), "");
	assert_string_equal(error_of_with(", with: {because: x, base: HEAD, question: y}"), "");
}

static void a_frozen_definition_thaws_to_the_same_and_notices_changes(void **state)
{
	struct library *thawed;
	struct err err;
	json_t *frozen = library_freeze(lib, STR("code-review"), &err);

	(void)state;
	assert_non_null(frozen);
	assert_int_equal(library_thaw(frozen, &thawed, &err), 0);
	json_t *again = library_freeze(thawed, STR("code-review"), &err);

	assert_true(json_equal(frozen, again));
	library_destroy(thawed);
	json_decref(again);
	json_t *text = json_array_get(json_object_get(frozen, "texts"), 0);

	json_object_set_new(text, "text", json_string("flow: other"));
	assert_int_equal(library_thaw(frozen, &thawed, &err), -EPROTO);
	json_decref(frozen);
}

/* --- prompts ----------------------------------------------------------------------------
 */

static json_t *name(void *ctx, struct str n)
{
	(void)ctx;
	if (str_is(n, "question"))
		return json_string("the engine and its store");
	if (str_is(n, "input"))
		return json_pack("{s:s, s:s}", "question", "the engine", "base", "main");
	if (str_is(n, "repo"))
		return json_pack("{s:s, s:s, s:b, s:i, s:{s:{s:i, s:i}}}", "name", "SECRETREPO",
		    "commit", "abc", "dirty", 1, "files", 3, "languages", "C", "files", 3, "lines",
		    300);
	if (str_is(n, "items"))
		return json_string("S1 [high] title (src/a.c:1)");
	if (str_is(n, "change"))
		return json_pack("{s:s, s:s}", "kind", "since", "title", "main...working tree");
	if (str_is(n, "chunk"))
		return json_pack(
		    "{s:s}", "text", "=== a.c\n@@ h7 @@ old 1, new 1\n       -a\n     1 +b\n");
	if (str_is(n, "size"))
		return json_string("small");
	if (str_is(n, "focus"))
		return json_string("");
	return NULL;
}

static json_t *step(void *ctx, struct str id, struct str field)
{
	(void)ctx;
	(void)id;
	if (str_is(field, "output"))
		return json_string("### S1: text of another agent");
	if (str_is(field, "json"))
		return json_pack(
		    "{s:s, s:b}", "summary", "one was refuted", "recommendation_hit", 1);
	return NULL;
}

static json_t *endless(void *ctx, struct str id, struct str field)
{
	char *text;
	json_t *value;

	if (!str_is(field, "output"))
		return step(ctx, id, field);
	text = xalloc(MIB(2) + 1);
	memset(text, 'x', MIB(2));
	value = json_stringn(text, MIB(2));
	free(text);
	return value;
}

/* A part of a change is data, and its receipt is asked for where its hunks are named. */
static void a_chunk_is_fenced_and_signed_for(void **state)
{
	const struct scope scope = { NULL, name, step };
	struct err err;
	const struct flow *f = library_flow(lib, STR("code-review"), &err);
	struct prompt_spec spec = { .lib = lib,
		.flow = f,
		.step = flow_find(f, STR("review-security")),
		.vm = expr_create(),
		.scope = &scope,
		.hunks = STR("h7") };
	struct prompt p;

	(void)state;
	assert_true(agent_names_chunk(a, spec.step) && f->by_chunk);
	assert_int_equal(prompt_build(a, &spec, &p, &err), 0);
	assert_true(str_contains(p.text, STR("under review: main...working tree\n")));
	ptrdiff_t from = str_find(p.text, STR("opt(chunk.text)\n=== a.c\n@@ h7 @@")),
		  asked = str_find(p.text, STR("\nREAD: h7\n"));

	assert_true(from > (ptrdiff_t)p.system && asked > from);
	spec.hunks = (struct str){ "", 0 };
	assert_int_equal(prompt_build(a, &spec, &p, &err), 0);
	assert_false(str_contains(p.text, STR("READ:")));
	expr_destroy(spec.vm);
}

static void a_prompt_is_cut_to_fit_and_says_so(void **state)
{
	const struct scope scope = { NULL, name, endless };
	struct expr_vm *vm = expr_create();
	const struct flow *f = library_flow(lib, STR("architectural-analysis"), NULL);
	unsigned cut = 0;

	(void)state;
	for (size_t k = 0; k < f->n_all; k++) {
		const struct prompt_spec spec = {
			.lib = lib, .flow = f, .step = f->all[k], .vm = vm, .scope = &scope
		};
		struct prompt p;
		struct err err;

		if (f->all[k]->kind != KIND_AGENT)
			continue;
		if (prompt_build(a, &spec, &p, &err) < 0)
			fail_msg("%.*s: %s", STR_ARG(f->all[k]->id), err.what);
		assert_true(p.text.n <= PROMPT_MAX);
		assert_int_equal(p.cut > 0, str_contains(p.text, STR("\n[cut here: ")));
		cut += p.cut;
	}
	assert_true(cut >= 3); /* risk, recommendation, validation */
	expr_destroy(vm);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(everything_built_in_is_sound),
		T(flows_are_found_by_prefix_and_by_near_miss),
		T(a_broken_file_hides_nothing),
		T(a_later_flow_wins),
		T(unknown_references_are_errors),
		T(thousands_of_unknown_names_cost_little_memory),
		T(a_flow_that_lacks_something_hides_nothing),
		T(what_is_withheld_is_listed_and_not_used),
		T(what_is_withheld_hides_nothing_unless_it_was_accepted),
		T(next_may_name_what_is_withheld),
		T(mistakes_in_a_persona_have_their_places),
		T(what_a_used_flow_needs_is_asked_for_when_it_is_read),
		T(a_frozen_definition_thaws_to_the_same_and_notices_changes),
		T(a_chunk_is_fenced_and_signed_for),
		T(a_prompt_is_cut_to_fit_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
