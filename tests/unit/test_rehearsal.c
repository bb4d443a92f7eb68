/* The rehearsal model as it behaves: it asks, reads, and answers only from what it read. */
#include "rehearse.h"

#include "flow/library.h"
#include "flow/output.h"
#include "flow/prompt.h"

#define NOTE "no language model was used"

/* --- asking ------------------------------------------------------------------------------ */

static void a_request_with_tools_gets_calls(void **state)
{
	struct rehearsal *r = model_with("");
	json_t *request = analyst(), *call;
	struct rehearsal_answer answer = ask(r, request, false);
	json_t *message = message_of(&answer);
	size_t i;

	(void)state;
	assert_true(n_calls(message) > 0);
	json_array_foreach (json_get_array(message, "tool_calls"), i, call) {
		const json_t *function = json_get_object(call, "function");
		json_t *args = json_parse(json_get_str(function, "arguments"), NULL);

		assert_true(json_get_str(call, "id").n > 0);
		assert_true(str_contains(STR(tools_text), json_get_str(function, "name")));
		assert_true(json_is_object(args));
		json_decref(args);
	}
	assert_has(json_get_str(message, "content"), "no language model");
	json_decref(message);
	json_decref(request);
	rehearsal_destroy(r);
}

static void without_tools_it_says_that_it_read_nothing(void **state)
{
	struct rehearsal *r = model_with("");
	json_t *request = analyst();

	(void)state;
	json_object_del(request, "tools");
	struct str text = talk(r, request, NULL);

	assert_has(text, NOTE);
	assert_int_equal(checked(text)->n_cites, 0);
	json_decref(request);
	rehearsal_destroy(r);
}

static void a_request_without_messages_is_refused(void **state)
{
	static const char *const bad[] = { "{}", "[]", "{\"messages\":[]}", "{\"messages\":{}}",
		"{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}" };
	struct rehearsal *r = model_with("");

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *request = json_parse(str_from(bad[i]), NULL);
		struct rehearsal_answer answer = ask(r, request, i % 2);
		json_t *body = json_parse(answer.body, NULL);

		assert_int_equal(answer.action, REHEARSE_STATUS);
		assert_int_equal(answer.status, 400);
		assert_non_null(json_get_object(body, "error"));
		json_decref(body);
		json_decref(request);
	}
	rehearsal_destroy(r);
}

/* --- answering --------------------------------------------------------------------------- */

static void every_citation_is_text_that_tools_returned(void **state)
{
	static const char *const personas[] = { "structural-analyst", "behavioral-analyst",
		"concurrency-analyst", "adversarial-security-analyst", "codebase-explorer",
		"test-engineer", "somebody-unknown" };
	struct rehearsal *r = model_with("");
	size_t cites = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(personas) / sizeof(personas[0]); i++) {
		json_t *request = request_for(personas[i], "look", "Look at all of it.");
		struct buf seen;

		buf_init(&seen, MIB(4));
		struct str text = talk(r, request, &seen);
		struct evidence *ev = checked(text);

		assert_has(text, NOTE);
		for (size_t k = 0; k < ev->n_cites; k++) {
			assert_int_equal(ev->cites[k]->state, CITE_RESOLVES);
			assert_true(ev->cites[k]->quote.n > 0);
			assert_true(str_contains(buf_str(&seen), ev->cites[k]->quote));
			assert_true(str_contains(buf_str(&seen), ev->cites[k]->path));
		}
		cites += ev->n_cites;
		buf_fini(&seen);
		json_decref(request);
	}
	assert_true(cites >= 5); /* the sample gives it something to say */
	rehearsal_destroy(r);
}

static void the_same_request_gives_the_same_bytes(void **state)
{
	struct rehearsal *r = model_with(""), *other = model_with("# nothing\n");
	json_t *request = analyst();

	(void)state;
	for (unsigned turn = 0; turn < TURNS_MOST; turn++) {
		struct rehearsal_answer x = ask(r, request, false), y = ask(r, request, false),
					z = ask(other, request, false);
		json_t *message = message_of(&x);
		bool done = n_calls(message) == 0;

		assert_true(str_eq(x.json, y.json) && str_eq(x.json, z.json));
		feed_back(request, message, NULL);
		json_decref(message);
		if (done)
			break;
	}
	json_decref(request);
	rehearsal_destroy(r);
	rehearsal_destroy(other);
}

/* --- streaming --------------------------------------------------------------------------- */

/* What the chunks of a stream say together. */
struct joined {
	struct buf text;
	json_t *calls; /* as in a message that was not streamed */
	const char *finish;
	bool usage, done;
};

static void join_delta(struct joined *j, const json_t *choice)
{
	json_t *delta = json_get_object(choice, "delta"), *call;
	const char *finish = json_get_cstr(choice, "finish_reason", NULL);
	size_t i;

	buf_add(&j->text, json_get_str(delta, "content"));
	json_array_foreach (json_get_array(delta, "tool_calls"), i, call) {
		json_t *copy = json_copy(call);

		assert_int_equal(json_get_int(call, "index", -1), json_array_size(j->calls));
		json_object_del(copy, "index");
		json_array_append_new(j->calls, copy);
	}
	if (finish)
		j->finish = arena_cstr(arena, str_from(finish));
}

static void join(struct joined *j, const struct rehearsal_answer *answer)
{
	*j = (struct joined){ .calls = json_array() };
	buf_init(&j->text, MIB(16));
	for (size_t i = 0; i < answer->n_chunks; i++) {
		struct str data = answer->chunks[i];

		assert_true(str_starts(data, STR("data: ")) && str_ends(data, STR("\n\n")));
		assert_false(j->done);
		data = str_trim(str_skip(data, 6));
		assert_true(str_chr(data, '\n') < 0);
		j->done = str_is(data, "[DONE]");
		if (j->done)
			continue;
		json_t *event = json_parse(data, NULL);

		assert_non_null(event);
		j->usage |= json_get_object(event, "usage") != NULL;
		if (json_array_size(json_get_array(event, "choices")))
			join_delta(j, json_array_get(json_get_array(event, "choices"), 0));
		json_decref(event);
	}
}

static void a_stream_says_the_same_as_one_object(void **state)
{
	struct rehearsal *r = model_with("");
	json_t *request = analyst();

	(void)state;
	json_object_set_new(request, "stream_options", json_pack("{s:b}", "include_usage", 1));
	for (unsigned turn = 0, done = 0; turn < TURNS_MOST && !done; turn++) {
		struct rehearsal_answer whole = ask(r, request, false),
					parts = ask(r, request, true);
		json_t *message = message_of(&whole),
		       *calls = json_get_array(message, "tool_calls");
		struct joined j;

		join(&j, &parts);
		assert_true(j.done && j.usage && parts.json.n == 0 && whole.n_chunks == 0);
		assert_true(str_eq(buf_str(&j.text), json_get_str(message, "content")));
		assert_true(calls ? json_equal(j.calls, calls) : json_array_size(j.calls) == 0);
		assert_string_equal(j.finish, calls ? "tool_calls" : "stop");
		done = !calls;
		feed_back(request, message, NULL);
		json_decref(j.calls);
		json_decref(message);
		buf_fini(&j.text);
	}
	json_decref(request);
	rehearsal_destroy(r);
}

/* --- real prompts ------------------------------------------------------------------------ */

static const char raised[] = "### S1: The queue grows without bound\nSeverity: high\n"
			     "Evidence: `src/queue.c:13` \"q->cap = q->cap ? 2 * q->cap : 16;\"\n"
			     "\n### S2: It is written in another language\nSeverity: low\n"
			     "Evidence: `src/queue.c:3` \"import queue_in_python\"\n";

static const char *earlier; /* a report that was provided */

static json_t *prompt_name(void *ctx, struct str n)
{
	(void)ctx;
	if (str_is(n, "provided") && earlier)
		return json_pack("{s:s, s:s, s:s, s:s}", "run", "r-6v4e0q2m8k", "flow", "research",
		    "started", "2026-11-26T08:00:00.000Z", "text", earlier);
	if (str_is(n, "question"))
		return json_string("How does the queue work?");
	if (str_is(n, "items"))
		return json_string("S1 [high] The queue grows without bound (src/queue.c:13)\n"
				   "S2 [low] It is written in another language (src/queue.c:3)\n");
	if (str_is(n, "repo"))
		return json_pack("{s:s, s:s, s:b, s:i}", "name", "sample", "commit", "0123456",
		    "dirty", 0, "files", (int)SAMPLES);
	if (str_is(n, "round"))
		return json_integer(1);
	if (str_is(n, "change"))
		return json_pack("{s:s, s:s}", "kind", "since", "title", "main...working tree");
	if (str_is(n, "chunk"))
		return json_pack("{s:s}", "text",
		    "=== src/queue.c\n@@ h4 @@ old 8, new 8\n     8 +a\n@@ h5 @@ old 13, new 13\n"
		    "    13 +@@ h6 @@ not one\n\n=== src/main.c (new file)\n@@ h6 @@ old none, new "
		    "1-13\n");
	return str_is(n, "input") || str_is(n, "signals") ? json_object() : NULL;
}

static bool nothing_raised;

static json_t *prompt_step(void *ctx, struct str id, struct str field)
{
	(void)ctx;
	(void)id;
	return str_is(field, "output") && !nothing_raised ? json_string(raised) : NULL;
}

/* The request that step ID of the built-in flow FLOW begins with. New reference. */
static json_t *built_in_request(struct library *lib, const char *flow, const char *id)
{
	const struct scope scope = { NULL, prompt_name, prompt_step };
	struct expr_vm *vm = expr_create();
	json_t *request = analyst();
	struct prompt prompt;
	struct err err;
	struct prompt_spec spec = { .lib = lib, .vm = vm, .scope = &scope };

	if (strncmp(id, "review-", 7) == 0)
		spec.hunks = STR("h4-h6");
	spec.flow = library_flow(lib, str_from(flow), &err);
	assert_non_null(spec.flow);
	spec.step = flow_find(spec.flow, str_from(id));
	assert_non_null(spec.step);
	assert_int_equal(prompt_build(arena, &spec, &prompt, &err), 0);
	json_array_clear(json_get_array(request, "messages"));
	json_array_append_new(json_get_array(request, "messages"),
	    json_pack("{s:s, s:o}", "role", "user", "content", json_text(prompt.text)));
	expr_destroy(vm);
	return request;
}

static struct library *built_in(void)
{
	struct library *lib = library_create();

	library_add_builtin(lib);
	library_check(lib);
	return lib;
}

/* Do the ids of all findings begin as the persona's own form does ("SEC-001")? */
static void must_be_numbered_as(const struct persona *p, const struct evidence *ev)
{
	const struct evidence *form = evidence_parse(arena, STR("s"), p->body);
	struct str id = form->findings[0]->id;

	while (id.n && id.p[id.n - 1] >= '0' && id.p[id.n - 1] <= '9')
		id.n--;
	for (size_t i = 0; i < ev->n_findings; i++)
		if (!str_starts(ev->findings[i]->id, id) ||
		    str_skip(ev->findings[i]->id, id.n).p[0] > '9')
			fail_msg("%.*s wrote %.*s", STR_ARG(p->name), STR_ARG(ev->findings[i]->id));
}

static void built_in_prompts_get_answers_that_resolve(void **state)
{
	struct library *lib = built_in();
	struct rehearsal *r = model_with("");

	(void)state;
	for (size_t i = 0; i < library_count(lib); i++) {
		const struct flow *f = library_at(lib, i)->flow;

		for (size_t k = 0; k < f->n_all; k++) {
			const struct flow_step *s = f->all[k];

			if (s->kind != KIND_AGENT ||
			    (s->role != ROLE_ANGLE && s->role != ROLE_ASSESS))
				continue;
			json_t *request =
			    built_in_request(lib, f->name.p, arena_cstr(arena, s->id));
			struct str text = talk(r, request, NULL);
			struct evidence *ev = checked(text);

			assert_has(text, NOTE);
			must_be_numbered_as(library_persona(lib, s->agent.persona), ev);
			for (size_t c = 0; s->agent.output == OUTPUT_TEXT && c < ev->n_cites; c++)
				assert_int_equal(ev->cites[c]->state, CITE_RESOLVES);
			json_decref(request);
		}
	}
	rehearsal_destroy(r);
	library_destroy(lib);
}

/* It looks at what changed, and signs for it; a script takes hunks away. */
static void a_change_gets_its_receipt(void **state)
{
	struct library *lib = built_in();
	static const char *const rows[][2] = { { "", "\nREAD: h4-h6\n" },
		{ "unread h5", "\nREAD: h4, h6\n" }, { "unread h1-h4, 6", "\nREAD: h5-h6\n" },
		{ "unread all", "\nREAD: \n" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rehearsal *r = model_with(rows[i][0]);
		json_t *request = built_in_request(lib, "code-review", "review-security");
		struct str text = talk(r, request, NULL);

		if (!str_ends(text, str_from(rows[i][1])))
			fail_msg("%s: %s", rows[i][0], text.p);
		assert_has(text, "src/main.c");
		json_decref(request);
		rehearsal_destroy(r);
	}
	library_destroy(lib);
}

static void the_validator_judges_every_item_from_what_it_reads(void **state)
{
	struct library *lib = built_in();
	struct rehearsal *r = model_with("");
	json_t *request = built_in_request(lib, "architectural-analysis", "validator");
	struct str text = talk(r, request, NULL);
	struct evidence *found = checked(str_from(raised)), *ev = checked(text);

	(void)state;
	evidence_number(arena, &found, 1);
	struct reconciliation *done =
	    evidence_reconcile(arena, &found, 1, &text, &ev, 1, (struct str){ "", 0 });

	assert_true(done->validated);
	assert_int_equal(done->unreviewed, 0);
	assert_int_equal(found->findings[0]->verdict, VERDICT_UPHELD);
	assert_true(found->findings[1]->verdict > VERDICT_UPHELD);
	assert_true(done->confidence.n > 0);
	json_decref(request);
	rehearsal_destroy(r);
	library_destroy(lib);
}

/* Where TEXT has HEADING as a line of its own, or -1. */
static ptrdiff_t heading_at(struct str text, const char *heading)
{
	return str_find(text, str_from(arena_printf(arena, "## %s\n", heading)));
}

static void an_adviser_writes_the_sections_it_is_asked_for(void **state)
{
	struct library *lib = built_in();
	struct rehearsal *r = model_with("");
	json_t *request = built_in_request(lib, "investigate", "recommendation");
	struct str text = talk(r, request, NULL);

	(void)state;
	assert_true(heading_at(text, "Summary") == 0);
	assert_true(heading_at(text, "Standards used") > 0);
	assert_true(heading_at(text, "Recommendation") < 0);
	assert_has(text, "(S1 and S2)"); /* both stand in one file, so in one section */
	assert_true(heading_at(text, "Problem statement") < 0);
	json_decref(request);

	/* nothing was handed in, and to leave all out would be no answer */
	nothing_raised = true;
	request = built_in_request(lib, "issue-triage", "recommendation");
	nothing_raised = false;
	text = talk(r, request, NULL);
	assert_true(heading_at(text, "Title") >= 0);
	assert_true(heading_at(text, "Title") < heading_at(text, "Recommended next flow"));
	json_decref(request);
	rehearsal_destroy(r);
	library_destroy(lib);
}

/* Whatever an earlier report says stands aside: of what is asked, and of who is asked. */
static void a_report_that_was_provided_is_data(void **state)
{
	struct library *lib = built_in();
	struct rehearsal *r = model_with("");
	json_t *request;
	struct str text;

	(void)state;
	earlier = "# Old\n\n## Focus\n\nZebras\n\nPersona: codebase-explorer\nStep: map\n\n"
		  "- <a id=\"f-b1\"></a>**B1** The lock\n- <a id=\"f-b2\"></a>**B2** Two\n";
	request = built_in_request(lib, "investigate", "recommendation");
	earlier = NULL;
	text = talk(r, request, NULL);
	assert_has(text, "its first finding, `r-6v4e0q2m8k#B1`, was not looked at again");
	assert_true(heading_at(text, "Standards used") > 0);
	assert_false(str_contains(text, STR("Zebras")));
	assert_int_equal(checked(text)->cites[0]->trust, TRUST_PROVIDED);
	json_decref(request);
	rehearsal_destroy(r);
	library_destroy(lib);
}

static json_t *with_schema(const char *schema)
{
	json_t *request = analyst();

	json_object_set_new(request, "response_format",
	    json_pack("{s:s, s:{s:s, s:o}}", "type", "json_schema", "json_schema", "name", "form",
		"schema", json_parse(str_from(schema), NULL)));
	return request;
}

static void an_asked_form_is_kept(void **state)
{
	char *findings = json_dump(output_findings_schema());
	const char *const schemas[] = { findings,
		"{\"type\":\"object\",\"required\":[\"n\",\"word\"],\"properties\":{\"n\":{"
		"\"type\":"
		"\"integer\"},\"word\":{\"enum\":[\"a\",\"b\"]},\"list\":{\"type\":\"array\","
		"\"minItems\":2,\"items\":{\"type\":\"string\",\"minLength\":3}}}}" };
	struct rehearsal *r = model_with("");

	(void)state;
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		json_t *request = with_schema(schemas[i]);
		json_t *schema = json_parse(str_from(schemas[i]), NULL);
		json_t *value = output_extract(talk(r, request, NULL));
		struct str errors;

		assert_non_null(value);
		assert_int_equal(output_check(arena, schema, value, &errors), 0);
		if (i == 0) {
			struct evidence *ev = evidence_from_findings(arena, STR("s"), value);

			evidence_check(arena, ev, sample_source, NULL);
			assert_true(ev->n_cites > 0);
			for (size_t c = 0; c < ev->n_cites; c++)
				assert_int_equal(ev->cites[c]->state, CITE_RESOLVES);
		}
		json_decref(value);
		json_decref(schema);
		json_decref(request);
	}
	free(findings);
	rehearsal_destroy(r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_request_with_tools_gets_calls),
		T(without_tools_it_says_that_it_read_nothing),
		T(a_request_without_messages_is_refused),
		T(every_citation_is_text_that_tools_returned),
		T(the_same_request_gives_the_same_bytes),
		T(a_stream_says_the_same_as_one_object),
		T(built_in_prompts_get_answers_that_resolve),
		T(a_change_gets_its_receipt),
		T(the_validator_judges_every_item_from_what_it_reads),
		T(an_adviser_writes_the_sections_it_is_asked_for),
		T(a_report_that_was_provided_is_data),
		T(an_asked_form_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
