/* Scripts: each way to misbehave does what it says, where and as often as it says. */
#include "rehearse.h"

/* One answer of a model with SCRIPT to REQUEST. */
static struct rehearsal_answer once(const char *script, const json_t *request, bool stream)
{
	struct rehearsal *r = model_with(script);
	struct rehearsal_answer answer = ask(r, request, stream);

	rehearsal_destroy(r);
	return answer;
}

/* The conversation of an analyst as it stands before the model would answer. New reference. */
static json_t *before_the_answer(void)
{
	struct rehearsal *r = model_with("");
	json_t *request = analyst();

	talk(r, request, NULL);
	rehearsal_destroy(r);
	return request;
}

/* The answer's text under SCRIPT. */
static struct str said(const char *script)
{
	json_t *request = before_the_answer();
	struct rehearsal_answer answer = once(script, request, false);
	json_t *message = message_of(&answer);
	struct str text = arena_dup(arena, json_get_str(message, "content"));

	assert_int_equal(n_calls(message), 0);
	json_decref(message);
	json_decref(request);
	return text;
}

/* --- instead of an answer ---------------------------------------------------------------- */

static void a_status_takes_the_answers_place(void **state)
{
	static const struct {
		const char *script, *retry_after, *body;
		int status;
	} cases[] = {
		{ "status 500", "", "server_error", 500 },
		{ "status 404", "", "{", 404 },
		{ "rate-limit", "", "rate_limit_exceeded", 429 },
		{ "rate-limit 7", "7", "rate_limit_exceeded", 429 },
		{ "quota", "", "insufficient_quota", 429 },
		{ "html", "", "<html>", 502 },
	};
	json_t *request = analyst();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int stream = 0; stream < 2; stream++) {
			struct rehearsal_answer x = once(cases[i].script, request, stream);

			assert_int_equal(x.action, REHEARSE_STATUS);
			assert_int_equal(x.status, cases[i].status);
			assert_str(x.retry_after, cases[i].retry_after);
			assert_has(x.body, cases[i].body);
			assert_true(x.n_chunks == 0 && x.json.n == 0);
		}
	}
	json_decref(request);
}

static void hang_and_close_send_nothing(void **state)
{
	json_t *request = analyst();
	struct rehearsal_answer hang = once("hang", request, true);
	struct rehearsal_answer closed = once("close", request, true);

	(void)state;
	assert_int_equal(hang.action, REHEARSE_HANG);
	assert_int_equal(closed.action, REHEARSE_CLOSE);
	assert_true(hang.n_chunks == 0 && closed.n_chunks == 0);
	assert_true(hang.json.n == 0 && closed.json.n == 0);
	json_decref(request);
}

/* --- to the stream ----------------------------------------------------------------------- */

static void stall_and_cut_keep_the_first_chunks(void **state)
{
	json_t *request = analyst();
	struct rehearsal_answer whole = once("", request, true);
	struct rehearsal_answer stall = once("stall 2", request, true);
	struct rehearsal_answer cut = once("cut 3", request, true);
	struct rehearsal_answer half = once("cut 0", request, false);

	(void)state;
	assert_true(whole.n_chunks > 3 && !whole.cut && whole.action == REHEARSE_REPLY);
	assert_int_equal(stall.action, REHEARSE_HANG);
	assert_int_equal(stall.n_chunks, 2);
	assert_int_equal(cut.action, REHEARSE_REPLY);
	assert_int_equal(cut.n_chunks, 3);
	assert_true(cut.cut && half.cut);
	for (size_t i = 0; i < cut.n_chunks; i++)
		assert_true(str_eq(cut.chunks[i], whole.chunks[i]));
	assert_null(json_parse(half.json, NULL));
	assert_true(str_starts(once("", request, false).json, half.json));
	stall = once("stall 2", request, false);
	assert_int_equal(stall.action, REHEARSE_HANG);
	assert_true(stall.json.n == 0 && stall.n_chunks == 0);
	assert_int_equal(once("cut 1000000", request, true).n_chunks, whole.n_chunks);
	json_decref(request);
}

static void malformed_breaks_one_chunk(void **state)
{
	json_t *request = analyst();
	struct rehearsal_answer whole = once("", request, true);
	struct rehearsal_answer bad = once("malformed 1", request, true);

	(void)state;
	assert_int_equal(bad.n_chunks, whole.n_chunks);
	for (size_t i = 0; i < bad.n_chunks; i++)
		assert_int_equal(str_eq(bad.chunks[i], whole.chunks[i]), i != 1);
	assert_true(str_starts(bad.chunks[1], STR("data: {")));
	assert_true(str_ends(bad.chunks[1], STR("\n\n")));
	assert_null(json_parse(str_trim(str_skip(bad.chunks[1], 6)), NULL));
	json_decref(request);
}

static void flood_repeats_a_piece_of_the_answer(void **state)
{
	json_t *early = analyst(), *late = before_the_answer();
	struct rehearsal_answer asked = once("flood 100000000", early, true);
	struct rehearsal_answer flood = once("flood 100000000", late, true);

	(void)state;
	assert_int_equal(asked.flood_bytes, 0); /* only where it would answer */
	assert_int_equal(flood.flood_bytes, 100000000);
	assert_int_equal(flood.n_chunks, 2);
	assert_has(flood.chunks[1], "\"content\":");
	json_decref(early);
	json_decref(late);
}

static void delay_is_told_and_changes_no_byte(void **state)
{
	json_t *request = analyst();
	struct rehearsal_answer plain = once("", request, true),
				slow = once("delay 250", request, true);

	(void)state;
	assert_int_equal(slow.delay_ms, 250);
	assert_int_equal(plain.delay_ms, 0);
	assert_int_equal(slow.n_chunks, plain.n_chunks);
	for (size_t i = 0; i < slow.n_chunks; i++)
		assert_true(str_eq(slow.chunks[i], plain.chunks[i]));
	json_decref(request);
}

/* --- to the answer ----------------------------------------------------------------------- */

/* How many invented findings an answer has, and that none of them resolves. */
static unsigned invented(const char *script, enum cite_state state)
{
	struct evidence *ev = checked(said(script));
	unsigned n = 0, others = 0;

	for (size_t i = 0; i < ev->n_findings; i++) {
		const struct finding *f = ev->findings[i];
		bool made_up = str_starts(f->title, STR("Invented:"));

		assert_true(f->n_cites > 0);
		for (size_t c = 0; c < f->n_cites; c++) {
			if (!made_up)
				assert_int_equal(f->cites[c]->state, CITE_RESOLVES);
			else if (state < CITE_STATES)
				assert_int_equal(f->cites[c]->state, state);
			else
				assert_true(f->cites[c]->state > CITE_RESOLVES);
		}
		n += made_up;
		others += !made_up;
	}
	assert_true(others > 0); /* what is true is still there */
	return n;
}

static void invented_citations_never_resolve(void **state)
{
	(void)state;
	assert_int_equal(invented("", CITE_RESOLVES), 0);
	assert_int_equal(invented("invent file", CITE_MISSING), 1);
	assert_int_equal(invented("invent line", CITE_MISSING), 1);
	assert_int_equal(invented("invent quote", CITE_CHANGED), 1);
	assert_int_equal(invented("invent moved", CITE_MOVED), 1);
	assert_int_equal(invented("invent file\ninvent quote", CITE_STATES), 2);
	assert_int_equal(invented("invent all", CITE_STATES), 4);
	assert_int_equal(invented("answer invent", CITE_STATES), 4);
}

static void spoiled_answers_are_what_they_say(void **state)
{
	struct str good = said(""), huge = said("huge 100000"), giant = said("giant-line 5000");
	struct str half = said("truncate");
	json_t *request = before_the_answer();
	struct rehearsal_answer cut = once("truncate", request, false);

	(void)state;
	assert_str(said("empty"), "");
	assert_str(said("say  Nothing = to report. "), "Nothing = to report.");
	assert_has(said("half-json"), "```json\n{\"findings\":[");
	assert_false(str_contains(said("half-json"), STR("}")));
	assert_has(said("wrong-form"), "{\"unexpected\":true}");
	assert_true(str_ends(said("question"), STR("?")));
	assert_has(said("refuse"), "I can't help");
	assert_has(said("echo"), "Persona: structural-analyst\nStep: structure");
	assert_int_equal(huge.n, 100000);
	assert_true(str_chr(huge, '\n') > 0);
	assert_int_equal(giant.n, 5000);
	assert_true(str_chr(giant, '\n') < 0);
	assert_true(half.n == good.n / 2 && str_starts(good, half));
	assert_has(cut.json, "\"finish_reason\":\"length\"");
	json_decref(request);
}

static void spoiling_waits_for_the_answer(void **state)
{
	static const char *const scripts[] = { "empty", "say x", "refuse", "truncate", "huge 10",
		"question", "invent all", "echo", "half-json", "wrong-form", "giant-line 10" };
	json_t *request = analyst();
	struct str calls = once("", request, false).json;

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		assert_true(str_eq(once(scripts[i], request, false).json, calls));
	json_decref(request);
}

static void more_than_there_is_room_for_is_refused(void **state)
{
	struct rehearsal *r = model_with("huge 1000000000");
	json_t *request = before_the_answer();
	struct rehearsal_answer answer;
	struct err err;

	(void)state;
	assert_int_equal(rehearsal_answer(r, arena, request, false, &answer, &err), -E2BIG);
	json_decref(request);
	rehearsal_destroy(r);
}

/* --- calls ------------------------------------------------------------------------------- */

static json_t *calls_under(const char *script, const json_t *request)
{
	struct rehearsal_answer answer = once(script, request, false);
	json_t *message = message_of(&answer);
	json_t *calls = json_incref(json_get_array(message, "tool_calls"));

	json_decref(message);
	return calls;
}

static struct str call_part(const json_t *calls, size_t i, const char *part)
{
	return json_get_str(json_get_object(json_array_get(calls, i), "function"), part);
}

static void calls_are_made_as_written(void **state)
{
	json_t *request = analyst(), *late = before_the_answer();
	json_t *calls =
	    calls_under("call write_file {\"path\":\"x\"}\ncall no_tool not json", request);

	(void)state;
	assert_int_equal(json_array_size(calls), 2);
	assert_str(call_part(calls, 0, "name"), "write_file");
	assert_str(call_part(calls, 0, "arguments"), "{\"path\":\"x\"}");
	assert_str(call_part(calls, 1, "name"), "no_tool");
	assert_str(call_part(calls, 1, "arguments"), "not json");
	json_decref(calls);
	/* in the first turn, unless another is named */
	calls = calls_under("call write_file {}", late);
	assert_null(calls);
	json_decref(late);
	json_decref(request);
}

static void hostile_calls_come_in_kinds(void **state)
{
	static const struct {
		const char *script, *name;
	} kinds[] = { { "hostile write", "write_file" }, { "hostile shell", "bash" },
		{ "hostile leave", "exit_plan_mode" }, { "hostile escape", "read_file" },
		{ "hostile nonsense", "no_such_tool" } };
	json_t *request = analyst(), *all = calls_under("hostile all", request);
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		json_t *calls = calls_under(kinds[i].script, request);
		bool found = false;

		for (size_t k = 0; k < json_array_size(calls); k++)
			found |= str_is(call_part(calls, k, "name"), kinds[i].name);
		assert_true(found);
		sum += json_array_size(calls);
		json_decref(calls);
	}
	assert_int_equal(json_array_size(all), sum);
	json_decref(all);
	json_decref(request);
}

/* After hostile calls were refused it goes on, and its answer is as good as before. */
static void refused_calls_spoil_nothing(void **state)
{
	struct rehearsal *r = model_with("hostile all");
	json_t *request = analyst();
	struct evidence *ev = checked(talk(r, request, NULL));

	(void)state;
	assert_true(ev->n_cites > 0);
	for (size_t i = 0; i < ev->n_cites; i++)
		assert_int_equal(ev->cites[i]->state, CITE_RESOLVES);
	json_decref(request);
	rehearsal_destroy(r);
}

static void endless_never_answers(void **state)
{
	static const char *const scripts[] = { "endless", "same" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rehearsal *r = model_with(scripts[i]);
		json_t *request = analyst();
		struct str before = { "", 0 };

		for (unsigned turn = 0; turn < 2 * TURNS_MOST; turn++) {
			struct rehearsal_answer answer = ask(r, request, false);
			json_t *message = message_of(&answer);
			json_t *calls = json_get_array(message, "tool_calls");
			struct str args = arena_dup(arena, call_part(calls, 0, "arguments"));

			assert_int_equal(n_calls(message), 1);
			if (turn)
				assert_int_equal(str_eq(args, before), i == 1);
			before = args;
			feed_back(request, message, NULL);
			json_decref(message);
		}
		json_decref(request);
		rehearsal_destroy(r);
	}
}

/* --- selectors --------------------------------------------------------------------------- */

static int status_of(struct rehearsal *r, const char *persona, const char *step)
{
	json_t *request = request_for(persona, step, "Look.");
	struct rehearsal_answer answer = ask(r, request, false);

	json_decref(request);
	return answer.action == REHEARSE_STATUS ? answer.status : 200;
}

static void step_and_persona_select(void **state)
{
	struct rehearsal *r = model_with("step=security status 501\n"
					 "persona=test-engineer status 502\n"
					 "step=both persona=data-engineer status 503\n");

	(void)state;
	assert_int_equal(status_of(r, "structural-analyst", "structure"), 200);
	assert_int_equal(status_of(r, "structural-analyst", "security"), 501);
	assert_int_equal(status_of(r, "test-engineer", "structure"), 502);
	assert_int_equal(status_of(r, "test-engineer", "security"), 502); /* the last one wins */
	assert_int_equal(status_of(r, "data-engineer", "other"), 200);
	assert_int_equal(status_of(r, "data-engineer", "both"), 503);
	assert_int_equal(status_of(r, "data-engineer", "security2"), 200);
	rehearsal_destroy(r);
}

static void times_limits_how_often(void **state)
{
	struct rehearsal *r = model_with("times=2 status 500\ntimes=0 status 501\n");

	(void)state;
	assert_int_equal(status_of(r, "structural-analyst", "a"), 500);
	assert_int_equal(status_of(r, "structural-analyst", "b"), 500);
	assert_int_equal(status_of(r, "structural-analyst", "a"), 200);
	assert_int_equal(status_of(r, "structural-analyst", "a"), 200);
	rehearsal_destroy(r);
}

static void turn_counts_the_models_own_messages(void **state)
{
	struct rehearsal *r = model_with("turn=1 status 500\n");
	json_t *request = analyst();
	struct rehearsal_answer first = ask(r, request, false);
	json_t *message = message_of(&first);

	(void)state;
	feed_back(request, message, NULL);
	assert_int_equal(ask(r, request, false).status, 500);
	assert_int_equal(ask(r, request, true).status, 500); /* a repeated request, the same */
	json_decref(message);
	json_decref(request);
	rehearsal_destroy(r);
	/* a call may be moved to another turn */
	request = before_the_answer();
	json_t *calls = calls_under("turn=0 call a {}", request);

	assert_null(calls);
	json_decref(request);
}

/* --- bad scripts ------------------------------------------------------------------------- */

static void bad_scripts_name_their_line(void **state)
{
	static const struct {
		const char *script, *what;
	} cases[] = {
		{ "stauts 500", "script line 1: unknown action" },
		{ "# fine\n\nstatus 500\nstep=a", "script line 4: unknown action" },
		{ "answer", "script line 1: unknown action" },
		{ "turn=x hang", "script line 1: unknown selector" },
		{ "times=-1 hang", "script line 1: unknown selector" },
		{ "stp=a hang", "script line 1: unknown selector" },
		{ "hang 3", "script line 1: it takes no argument" },
		{ "status", "script line 1: it takes a number" },
		{ "cut -1", "script line 1: it takes a number" },
		{ "status 42", "script line 1: it takes an HTTP status from 200 to 599" },
		{ "status 99999999", "script line 1: it takes an HTTP status from 200 to 599" },
		{ "delay 9999999", "script line 1: it takes at most an hour, in milliseconds" },
		{ "huge 99999999999999999999", "script line 1: it takes a number" },
		{ "say", "script line 1: it takes a text" },
		{ "invent much", "script line 1: it takes all, file, line, moved or quote" },
		{ "hostile",
		    "script line 1: it takes all, write, shell, leave, escape or nonsense" },
		{ "call only_a_name", "script line 1: it takes a tool and its arguments as JSON" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rehearsal *r = NULL;
		struct err err;

		assert_int_equal(rehearsal_create(str_from(cases[i].script), &r, &err), -EINVAL);
		assert_null(r);
		assert_string_equal(err.what, cases[i].what);
	}
}

static void scripts_have_ceilings(void **state)
{
	struct rehearsal *r = NULL;
	struct buf b;
	struct err err;

	(void)state;
	buf_init(&b, MIB(1));
	for (int i = 0; i < REHEARSAL_RULES_MAX; i++)
		buf_adds(&b, "times=0 hang\r\n");
	assert_int_equal(rehearsal_create(buf_str(&b), &r, &err), 0);
	rehearsal_destroy(r);
	buf_adds(&b, "hang");
	assert_int_equal(rehearsal_create(buf_str(&b), &r, &err), -EINVAL);
	assert_string_equal(err.what, "script line 201: too many lines");
	while (b.n <= REHEARSAL_SCRIPT_MAX)
		buf_adds(&b, "# a long remark\n");
	assert_int_equal(rehearsal_create(buf_str(&b), &r, &err), -E2BIG);
	rehearsal_destroy(NULL);
	buf_fini(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_status_takes_the_answers_place),
		T(hang_and_close_send_nothing),
		T(stall_and_cut_keep_the_first_chunks),
		T(malformed_breaks_one_chunk),
		T(flood_repeats_a_piece_of_the_answer),
		T(delay_is_told_and_changes_no_byte),
		T(invented_citations_never_resolve),
		T(spoiled_answers_are_what_they_say),
		T(spoiling_waits_for_the_answer),
		T(more_than_there_is_room_for_is_refused),
		T(calls_are_made_as_written),
		T(hostile_calls_come_in_kinds),
		T(refused_calls_spoil_nothing),
		T(endless_never_answers),
		T(step_and_persona_select),
		T(times_limits_how_often),
		T(turn_counts_the_models_own_messages),
		T(bad_scripts_name_their_line),
		T(scripts_have_ceilings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
