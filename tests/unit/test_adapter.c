/*
 * Agents as codecs: what was said is played through a codec line by line, and what it makes of it
 * is compared literally, one line a fact and then the outcome.
 *
 * tests/adapter/AGENT/NAME.ndjson was recorded from the real CLI in the version that is admitted;
 * beside it stands NAME.facts. What nobody ever recorded is written by hand:
 * tests/adapter/AGENT/NAME.session, where lines are the agent's unless they begin with
 *
 *	#			why this is tried
 *	> cut LINE		a line that was too long and arrives cut
 *	> exit STATUS [WORDS]	the end; WORDS stood on stderr
 *	> signal NUMBER [WORDS]
 *
 * and the facts follow after a line `----`. FACTS_UPDATE=1 writes what the codec says into the
 * files, for reading.
 */
#include "facts.h"

#include "base/unconst.h"

#define TESTS_MOST 512

/* --- recordings ------------------------------------------------------------------------- */

struct recording {
	const struct adapter_ops *ops;
	const char *name;
	int status;
	const char *errors; /* its stderr */
	enum ending ending;
	const char *answer;
	long long in, out, cached;
	unsigned denied, violations;
};

#define CUT_TEXT "this text is cut in the middle of th"

static const struct recording recordings[] = {
	{ &adapter_qwen, "plan-ok-partial", EXIT(0), "", ENDING_ANSWERED,
	    "The repository has two C files. No problems found.", 200, 40, 80, 0, 0 },
	{ &adapter_qwen, "plan-ok", EXIT(0), "", ENDING_ANSWERED,
	    "The repository has two C files. No problems found.", 200, 40, 80, 0, 0 },
	{ &adapter_qwen, "plan-denied", EXIT(0), "", ENDING_ANSWERED,
	    "I could not change anything; here is my report.", 400, 80, 160, 3, 0 },
	{ &adapter_qwen, "plan-bare-heredoc-hole", EXIT(0), "", ENDING_ANSWERED, "done", 200, 40,
	    80, 0, 1 },
	{ &adapter_qwen, "plan-plain-enter_worktree-hole", EXIT(0), "", ENDING_ANSWERED, "done",
	    200, 40, 80, 0, 1 },
	{ &adapter_qwen, "error-http401", EXIT(1), "", ENDING_DENIED, "", 0, 0, 0, 0, 0 },
	{ &adapter_qwen, "error-http429-retry", EXIT(130), "Operation cancelled.\n", ENDING_CRASHED,
	    "", 0, 0, 0, 0, 0 },
	{ &adapter_qwen, "error-stream-cut", EXIT(1),
	    "Retrying provider attempt (0 buffered tool call(s) discarded).\n",
	    ENDING_ENDPOINT_DOWN, CUT_TEXT, 0, 0, 0, 0, 0 },
	{ &adapter_qwen, "budget-turns-exit53", EXIT(53),
	    "Reached max session turns for this session. Increase the number of turns by "
	    "specifying maxSessionTurns in settings.json.\n",
	    ENDING_TRUNCATED, "", 200, 40, 80, 0, 0 },
	{ &adapter_qwen, "budget-wall-exit55", EXIT(55),
	    "Run aborted: wall-clock budget of 5s exceeded (--max-wall-time).\n", ENDING_TRUNCATED,
	    "", 0, 0, 0, 0, 0 },
	{ &adapter_qwen, "budget-tool-calls-exit55", EXIT(55),
	    "Run aborted: tool-call budget of 2 exceeded (--max-tool-calls); observed 3.\n",
	    ENDING_TRUNCATED, "", 300, 60, 120, 0, 0 },
	{ &adapter_qwen, "loop-detected", EXIT(1), "", ENDING_TRUNCATED, "", 400, 80, 160, 0, 0 },
	{ &adapter_qwen, "json-schema", EXIT(0), "", ENDING_ANSWERED,
	    "{\"verdict\":\"ok\",\"findings\":[]}", 100, 20, 40, 0, 0 },
	{ &adapter_claude, "plan-ok-partial", EXIT(0), "", ENDING_ANSWERED,
	    "The repository has two C files. No problems found.", 200, 40, 80, 0, 0 },
	{ &adapter_claude, "plan-denied", EXIT(0), "", ENDING_ANSWERED,
	    "I could not change anything; here is my report.", 300, 60, 120, 2, 1 },
	{ &adapter_claude, "restricted-denied", EXIT(0), "", ENDING_ANSWERED,
	    "I could not change anything; here is my report.", 300, 60, 120, 2, 0 },
	{ &adapter_claude, "plan-plain-EnterWorktree-hole", EXIT(0), "", ENDING_ANSWERED, "done",
	    200, 40, 80, 0, 1 },
	{ &adapter_claude, "restricted-hostile", EXIT(0), "", ENDING_ANSWERED, "done", 200, 40, 80,
	    7, 0 },
	{ &adapter_claude, "error-http400", EXIT(1), "", ENDING_ENDPOINT_DOWN, "", 0, 0, 0, 0, 0 },
	{ &adapter_claude, "error-http401", EXIT(1), "", ENDING_DENIED, "", 0, 0, 0, 0, 0 },
	{ &adapter_claude, "error-http402", EXIT(1), "", ENDING_QUOTA, "", 0, 0, 0, 0, 0 },
	{ &adapter_claude, "error-http429", EXIT(1), "", ENDING_RATE_LIMITED, "", 0, 0, 0, 0, 0 },
	{ &adapter_claude, "error-prompt-too-long", EXIT(1), "", ENDING_TRUNCATED, "", 0, 0, 0, 0,
	    0 },
	{ &adapter_claude, "error-output-tokens", EXIT(1), "", ENDING_TRUNCATED, "half of it", 400,
	    80, 160, 0, 0 },
	{ &adapter_claude, "error-stream-cut", EXIT(1), "", ENDING_ENDPOINT_DOWN,
	    "this text is cut", 200, 2, 80, 0, 0 },
	{ &adapter_claude, "error-retry", EXIT(143), "", ENDING_CRASHED, "", 0, 0, 0, 0, 0 },
	{ &adapter_claude, "refusal", EXIT(1), "", ENDING_REFUSED, "I will not", 200, 40, 80, 0,
	    0 },
	{ &adapter_claude, "budget-turns", EXIT(1), "", ENDING_TRUNCATED, "Let me read", 200, 40,
	    80, 0, 0 },
	{ &adapter_claude, "empty", EXIT(0), "", ENDING_EMPTY, "", 200, 40, 80, 0, 0 },
	{ &adapter_gemini, "plan-ok", EXIT(0), "", ENDING_ANSWERED,
	    "The repository has two C files. No problems found.", 200, 40, 80, 0, 0 },
	{ &adapter_gemini, "plan-denied", EXIT(0), "", ENDING_ANSWERED,
	    "I could not change anything; here is my report.", 300, 60, 120, 2, 0 },
	{ &adapter_gemini, "plan-exit-hole", EXIT(0), "", ENDING_ANSWERED, "done", 300, 60, 120, 0,
	    1 },
	{ &adapter_gemini, "profile-ok", EXIT(0), "", ENDING_ANSWERED, "Two files.", 200, 40, 80, 0,
	    0 },
	{ &adapter_gemini, "profile-hostile", EXIT(0), "", ENDING_ANSWERED, "done", 200, 40, 80, 8,
	    0 },
	{ &adapter_gemini, "error-http401", EXIT(145), "", ENDING_DENIED, "", 0, 0, 0, 0, 0 },
	{ &adapter_gemini, "error-http402", EXIT(146), "", ENDING_QUOTA, "", 0, 0, 0, 0, 0 },
	{ &adapter_gemini, "error-http404", EXIT(1), "", ENDING_ENDPOINT_DOWN, "", 0, 0, 0, 0, 0 },
	{ &adapter_gemini, "error-http429", EXIT(173), "", ENDING_RATE_LIMITED, "", 0, 0, 0, 0, 0 },
	{ &adapter_gemini, "error-stream-cut", EXIT(0), "", ENDING_ENDPOINT_DOWN,
	    "this text is cut", 0, 0, 0, 0, 0 },
	{ &adapter_gemini, "budget-turns", EXIT(53), "", ENDING_TRUNCATED, "", 200, 40, 80, 0, 0 },
	{ &adapter_gemini, "empty", EXIT(0), "", ENDING_EMPTY, "", 200, 40, 80, 0, 0 },
	{ &adapter_codex, "read-only-ok", EXIT(0), "Reading prompt from stdin...\n",
	    ENDING_ANSWERED, "The repository has two C files. No problems found.", 200, 40, 80, 0,
	    0 },
	{ &adapter_codex, "read-only-denied", EXIT(0),
	    "patch rejected: writing is blocked by read-only sandbox\n", ENDING_ANSWERED, "done",
	    300, 60, 120, 0, 0 },
	{ &adapter_codex, "rules-let-out-what-reads", EXIT(0), "", ENDING_ANSWERED, "Working.",
	    1800, 360, 720, 0, 0 },
	{ &adapter_codex, "danger-full-access-hole", EXIT(0), "", ENDING_ANSWERED, "The end.", 1500,
	    300, 600, 0, 1 },
	{ &adapter_codex, "error-http400", EXIT(1), "Reading prompt from stdin...\n",
	    ENDING_ENDPOINT_DOWN, "", 0, 0, 0, 0, 0 },
	{ &adapter_codex, "error-stream-cut", EXIT(1), "", ENDING_ENDPOINT_DOWN, "", 0, 0, 0, 0,
	    0 },
	{ &adapter_opencode, "plan-ok", EXIT(0), "", ENDING_ANSWERED,
	    "The repository has two C files. No problems found.", 200, 40, 80, 0, 0 },
	{ &adapter_opencode, "plan-denied-and-bash-hole", EXIT(0), "", ENDING_ANSWERED,
	    "I could not change anything; here is my report.", 300, 60, 120, 1, 1 },
	{ &adapter_opencode, "permission-deny", EXIT(0), "", ENDING_ANSWERED,
	    "I could not change anything; here is my report.", 300, 60, 120, 2, 0 },
	{ &adapter_opencode, "error-http401", EXIT(1), "", ENDING_DENIED, "", 0, 0, 0, 0, 0 },
	{ &adapter_opencode, "every-kind-of-call", EXIT(0), "", ENDING_ANSWERED,
	    "Working. The end.", 1100, 220, 440, 4, 0 },
};

static void recording(void **state)
{
	const struct recording *r = *state;
	struct play p;

	play_begin(&p, r->ops);
	struct str lines = slurp(p.arena, path_of(p.arena, r->ops->name, r->name, ".ndjson"));

	assert_true(lines.n > 0);
	play_lines(&p, lines);
	struct outcome o = play_exit(&p, r->status, r->errors);

	compare(p.arena, path_of(p.arena, r->ops->name, r->name, ".facts"), 0, buf_str(&p.out));
	assert_string_equal(ending_name(o.ending), ending_name(r->ending));
	assert_str(o.answer, r->answer);
	assert_int_equal(o.in, r->in);
	assert_int_equal(o.out, r->out);
	assert_int_equal(o.cached, r->cached);
	assert_int_equal(o.denied, r->denied);
	assert_int_equal(p.violations, r->violations);
	play_end(&p);
}

/* --- sessions --------------------------------------------------------------------------- */

struct written {
	const struct adapter_ops *ops;
	const char *name;
};

static void session(void **state)
{
	const struct written *w = *state;
	struct play p;

	play_begin(&p, w->ops);
	play_session(&p, path_of(p.arena, w->ops->name, w->name, ".session"));
	play_end(&p);
}

/* One test a file; how many there are now. */
static size_t add_sessions(
    struct arena *a, struct CMUnitTest *tests, size_t n, const struct adapter_ops *ops)
{
	struct dirent **names;
	int found = scandir(path_of(a, ops->name, "", ""), &names, is_session, alphasort);

	if (found <= 0 || n + (size_t)found > TESTS_MOST) {
		fprintf(stderr, "%d sessions of %s\n", found, ops->name);
		exit(1);
	}
	for (int i = 0; i < found; i++) {
		struct written *w = arena_new(a, struct written);
		size_t bare = strlen(names[i]->d_name) - strlen(".session");

		*w = (struct written){ ops, arena_cstr(a, (struct str){ names[i]->d_name, bare }) };
		tests[n++] = (struct CMUnitTest){ arena_printf(a, "%s: %s", ops->name, w->name),
			session, NULL, NULL, w };
		free(names[i]);
	}
	free(names);
	return n;
}

static size_t add_recordings(struct arena *a, struct CMUnitTest *tests, size_t n)
{
	for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
		struct recording *r = unconst(&recordings[i]);

		tests[n++] =
		    (struct CMUnitTest){ arena_printf(a, "%s: %s, recorded", r->ops->name, r->name),
			    recording, NULL, NULL, r };
	}
	return n;
}

int main(void)
{
	struct arena *a = arena_create("tests", ARENA_SMALL);
	struct CMUnitTest tests[TESTS_MOST];
	size_t n = add_recordings(a, tests, 0);

	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++)
		n = add_sessions(a, tests, n, *ops);
	int failed = _cmocka_run_group_tests("adapter", tests, n, NULL, NULL);

	arena_destroy(a);
	return failed;
}
