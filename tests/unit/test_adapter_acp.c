/*
 * The Agent Client Protocol. tests/adapter/acp/AGENT-NAME.ndjson was recorded from the real agents,
 * both directions, by another client; what they said is played to our codec, and what it makes of
 * it and answers stands in AGENT-NAME.facts. What nobody recorded is tests/adapter/acp/NAME.session
 * (test_adapter.c), played to the profile of qwen.
 */
#include "facts.h"

#include "adapter/acp.h"
#include "adapter/qwen_profile.h"
#include "base/unconst.h"

#define TESTS_MOST 96

/* --- the agents ------------------------------------------------------------------------- */

static const char *const codex_asides[] = { "Model metadata for `", NULL };

static bool is_ls(struct str command)
{
	return str_is(command, "ls") || str_is(command, "ls -l");
}

static const struct acp_profile profiles[] = {
	{ .mode = "plan", .note = "" },
	{ .mode = "read-only", .note = "", .may_run = is_ls, .asides = codex_asides },
	{ .mode = NULL, .note = "" },
};

#define OPS(var, profile)                                         \
	static struct agent_session *var##_create(                \
	    const struct agent_task *task, fact_fn fn, void *ctx) \
	{                                                         \
		return acp_create(profile, task, fn, ctx);        \
	}                                                         \
	static const struct adapter_ops var = { .name = #var, .create = var##_create }

OPS(plain, &profiles[0]);
OPS(codex, &profiles[1]);
OPS(free_one, &profiles[2]);

/* --- recordings ------------------------------------------------------------------------- */

struct recording {
	const char *name;
	const struct adapter_ops *ops;
	int status;
	enum ending ending;
	const char *answer;
	unsigned denied;
};

#define GOOD "The repository has two C files. No problems found."

static const struct recording recordings[] = {
	{ "qwen-plan", &adapter_qwen_acp, EXIT(0), ENDING_ANSWERED, GOOD, 0 },
	{ "qwen-permission", &adapter_qwen_acp, EXIT(0), ENDING_DENIED, "t", 1 },
	{ "claude-plan", &adapter_claude_acp, W_EXITCODE(0, 15), ENDING_ANSWERED, GOOD, 0 },
	{ "opencode-plan", &plain, EXIT(0), ENDING_ANSWERED, GOOD, 0 },
	{ "gemini-plan", &adapter_gemini_acp, EXIT(0), ENDING_ANSWERED, GOOD, 0 },
	{ "codex-plan", &adapter_codex_acp, W_EXITCODE(0, 15), ENDING_ANSWERED, GOOD, 0 },
	{ "codex-permission", &adapter_codex_acp, W_EXITCODE(0, 15), ENDING_DENIED, "t", 1 },
};

/* The messages of one direction, one a line. */
static struct str said(struct arena *a, const char *name, const char *direction)
{
	struct str rest = slurp(a, path_of(a, "acp", name, ".ndjson"));
	struct buf b;

	buf_init(&b, MIB(1));
	while (rest.n) {
		json_t *doc = json_parse(str_split(&rest, '\n'), NULL);

		if (doc && strcmp(json_get_cstr(doc, "dir", ""), direction) == 0) {
			buf_add_value(&b, json_object_get(doc, "msg"));
			buf_addc(&b, '\n');
		}
		json_decref(doc);
	}
	struct str all = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return all;
}

static void recording(void **state)
{
	const struct recording *r = *state;
	struct play p;

	play_begin(&p, r->ops);
	struct str lines = said(p.arena, r->name, "<");

	assert_true(lines.n > 0);
	play_lines(&p, lines);
	struct outcome o = play_exit(&p, r->status, "");

	compare(p.arena, path_of(p.arena, "acp", r->name, ".facts"), 0, buf_str(&p.out));
	assert_string_equal(ending_name(o.ending), ending_name(r->ending));
	assert_str(o.answer, r->answer);
	assert_int_equal(o.denied, r->denied);
	assert_int_equal(p.violations, 0);
	play_end(&p);
}

/* --- what we say, against what worked with the real agents ------------------------------ */

/* Every line, without what differs by intent: the client's name, the texts. */
static struct str bare(struct arena *a, json_t *doc)
{
	json_t *params = json_get_object(doc, "params");

	json_object_del(params, "clientInfo");
	json_object_del(params, "_meta");
	json_object_del(params, "prompt");
	json_object_del(json_get_object(doc, "error"), "message");
	char *text = json_dump_canonical(doc);
	struct str out = arena_dup(a, str_from(text));

	free(text);
	json_decref(doc);
	return out;
}

static struct str next_said(struct arena *a, struct str *facts)
{
	while (facts->n) {
		struct str line = str_split(facts, '\n');

		if (str_starts(line, STR("say "))) {
			json_t *text =
			    json_loads(arena_cstr(a, str_skip(line, 4)), JSON_DECODE_ANY, NULL);
			json_t *doc = json_parse(str_from(json_string_value(text)), NULL);

			json_decref(text);
			return bare(a, doc);
		}
	}
	return STR("nothing");
}

static void we_say_what_worked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
		struct arena *a = arena_create("said", ARENA_JOB);
		struct str facts = slurp(a, path_of(a, "acp", recordings[i].name, ".facts"));
		struct str rest = said(a, recordings[i].name, ">");
		struct str greeting = acp_greeting(a);
		struct str first = str_split(&rest, '\n');

		assert_str(bare(a, json_parse(str_trim(greeting), NULL)),
		    arena_cstr(a, bare(a, json_parse(first, NULL))));
		while (rest.n) {
			struct str want = bare(a, json_parse(str_split(&rest, '\n'), NULL));

			assert_str(next_said(a, &facts), arena_cstr(a, want));
		}
		assert_str(next_said(a, &facts), "nothing");
		arena_destroy(a);
	}
}

/* --- rules ------------------------------------------------------------------------------ */

#define HELLO "{\"id\":1,\"result\":{\"protocolVersion\":1}}"
#define OPENED                                                                              \
	"{\"id\":2,\"result\":{\"sessionId\":\"s\",\"modes\":{\"availableModes\":[{\"id\":" \
	"\"plan\"}]}}}"
#define IN_MODE "{\"id\":3,\"result\":{}}"

static void hear(struct play *p, const char *line)
{
	session_line(p->session, str_from(line), false);
}

static void begin(struct play *p)
{
	play_begin(p, &adapter_qwen_acp);
	hear(p, HELLO);
	hear(p, OPENED);
	hear(p, IN_MODE);
}

static const char *call_line(struct arena *a, int id, const char *rest)
{
	return arena_printf(a,
	    "{\"method\":\"session/update\",\"params\":{\"sessionId\":\"s\",\"update\":{"
	    "\"sessionUpdate\":\"tool_call_update\",\"toolCallId\":\"c%d\",%s}}}",
	    id, rest);
}

/* What is forgotten is not forgiven. */
static void a_call_that_writes_cannot_hide_behind_many(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	hear(&p, call_line(p.arena, 0, "\"kind\":\"edit\",\"status\":\"in_progress\""));
	for (int i = 1; i <= 300; i++)
		hear(&p, call_line(p.arena, i, "\"kind\":\"read\",\"status\":\"completed\""));
	assert_int_equal(p.violations, 0);
	hear(&p, call_line(p.arena, 0, "\"status\":\"completed\""));
	assert_int_equal(p.violations, 1);
	play_end(&p);
}

/* The prompt is one text of one message, whatever it looks like, and all of it arrives. */
static void prompts_are_data(void **state)
{
	struct arena *a = arena_create("prompt", ARENA_JOB);
	struct buf text;

	(void)state;
	buf_init(&text, PROMPT_MAX);
	buf_adds(&text, "/init \"}]}}\n{\"jsonrpc\":\"2.0\",\"method\":\"session/cancel\"}\n");
	while (text.n < PROMPT_MAX)
		buf_addc(&text, text.n % 7 ? '\x01' : '"');
	const struct agent_task task = {
		.repo = "/repo", .model = "m", .effort = "", .prompt = buf_str(&text)
	};
	struct play p = { .arena = a, .ops = &adapter_qwen_acp };

	buf_init(&p.out, MIB(64));
	p.session = p.ops->create(&task, play_fact, &p);
	hear(&p, HELLO);
	hear(&p, OPENED);
	buf_clear(&p.out);
	hear(&p, IN_MODE);
	struct str rest = buf_str(&p.out), line = str_split(&rest, '\n');

	assert_true(str_starts(line, STR("init ")));
	line = str_split(&rest, '\n');
	assert_int_equal(rest.n, 0);
	json_t *said_text = json_loads(arena_cstr(a, str_skip(line, 4)), JSON_DECODE_ANY, NULL);

	assert_true(str_chr(str_from(json_string_value(said_text)), '\n') < 0);
	json_t *doc = json_parse(str_from(json_string_value(said_text)), NULL);
	json_t *prompt = json_get_array(json_get_object(doc, "params"), "prompt");

	assert_int_equal(json_array_size(prompt), 1);
	assert_str(json_get_str(json_array_get(prompt, 0), "text"),
	    arena_printf(a, "%s%s", QWEN_NOTE, text.p));
	json_decref(said_text);
	json_decref(doc);
	session_destroy(p.session);
	buf_fini(&p.out);
	buf_fini(&text);
	arena_destroy(a);
}

/* --- how they are started --------------------------------------------------------------- */

static struct agent_launch prepared(struct arena *a, const struct adapter_ops *ops)
{
	const struct agent_task task = { .prompt = STR("What is here?"),
		.repo = "/repo",
		.scratch = "/scratch",
		.home = "/scratch/home",
		.tmp = "/scratch/tmp",
		.port = 7771,
		.token = "0f-token",
		.model = "stub",
		.effort = "",
		.program = "/usr/lib/node_modules/x/cli.js",
		.interpreter = "/usr/bin/node" };
	struct agent_launch l = { 0 };
	struct err err = { 0 };

	if (ops->prepare(a, &task, &l, &err) < 0)
		fail_msg("%s", err.what);
	return l;
}

static const char *words(struct arena *a, const char *const *v)
{
	const char *all = "";

	for (; *v; v++)
		all = arena_printf(a, "%s%s\n", all, *v);
	return all;
}

static void qwen_is_started_in_plan_mode(void **state)
{
	struct arena *a = arena_create("start", ARENA_JOB);
	struct agent_launch l = prepared(a, &adapter_qwen_acp);

	(void)state;
	assert_string_equal(words(a, l.argv),
	    "/opt/node\n--expose-gc\n/opt/qwen/cli.js\n--acp\n--approval-mode\nplan\n"
	    "--auth-type\nopenai\n--chat-recording=false\n--exclude-tools=" QWEN_EXCLUDED
	    ",exit_plan_mode,ask_user_question\n"
	    "--allowed-mcp-server-names=none\n--extensions=none\n"
	    "--disabled-slash-commands=" QWEN_SLASH "\n--model\nstub\n");
	arena_destroy(a);
}

static void gemini_is_started_in_plan_mode(void **state)
{
	struct arena *a = arena_create("start", ARENA_JOB);
	struct agent_launch l = prepared(a, &adapter_gemini_acp);

	(void)state;
	assert_non_null(strstr(words(a, l.argv), "\n--approval-mode\nplan\n"));
	assert_non_null(
	    strstr(words(a, l.argv), "\n--admin-policy\n/scratch/gemini-policy.toml\n"));
	assert_non_null(strstr(words(a, l.argv), "\n--acp\n"));
	assert_null(strstr(words(a, l.argv), "output-format"));
	assert_null(strstr(words(a, l.argv), "stream-json"));
	arena_destroy(a);
}

/* Its server takes no flags: what holds it is said when the session is opened. */
static void claude_is_held_by_the_session(void **state)
{
	struct play p;

	(void)state;
	play_begin(&p, &adapter_claude_acp);
	hear(&p, HELLO);
	assert_string_equal(arena_cstr(p.arena, buf_str(&p.out)),
	    "say \"{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":2,\\\"method\\\":\\\"session/new\\\","
	    "\\\"params\\\":{\\\"cwd\\\":\\\"/repo\\\",\\\"mcpServers\\\":[],\\\"_meta\\\":{"
	    "\\\"claudeCode\\\":{\\\"options\\\":{\\\"settingSources\\\":[],"
	    "\\\"strictMcpConfig\\\":true,\\\"persistSession\\\":false,\\\"maxTurns\\\":60,"
	    "\\\"extraArgs\\\":{\\\"tools\\\":\\\"Read,Grep,Glob\\\",\\\"disable-slash-commands"
	    "\\\":null}}}}}}\"\n");
	play_end(&p);
}

static void claude_is_started_from_its_modules(void **state)
{
	struct arena *a = arena_create("start", ARENA_JOB);
	struct agent_task task = { .prompt = STR("?"),
		.repo = "/repo",
		.scratch = "/scratch",
		.home = "/scratch/home",
		.tmp = "/scratch/tmp",
		.token = "t",
		.model = "stub",
		.effort = "",
		.program = "/x/node_modules/@zed-industries/claude-code-acp/dist/index.js",
		.interpreter = "/usr/bin/node" };
	struct agent_launch l = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(adapter_claude_acp.prepare(a, &task, &l, &err), 0);
	assert_string_equal(words(a, l.argv),
	    "/opt/node\n"
	    "/opt/claude-acp/node_modules/@zed-industries/claude-code-acp/dist/index.js\n");
	assert_string_equal(l.binds[0].host, "/x/node_modules");
	assert_string_equal(l.binds[0].inside, "/opt/claude-acp/node_modules");
	assert_string_equal(l.files[0].path, "home/.claude/settings.json");
	assert_non_null(strstr(l.files[0].text.p, "\"disableAllHooks\": true"));
	task.interpreter = NULL;
	assert_int_equal(adapter_claude_acp.prepare(a, &task, &l, &err), -ENOENT);
	arena_destroy(a);
}

static void codex_has_the_rules_and_the_mode_of_its_server(void **state)
{
	struct arena *a = arena_create("start", ARENA_JOB);
	struct agent_launch l = prepared(a, &adapter_codex_acp);

	(void)state;
	assert_string_equal(words(a, l.argv), "/opt/codex-acp\n-c\nmodel=\"stub\"\n");
	assert_int_equal(l.n_files, 2);
	assert_non_null(strstr(l.files[0].text.p, "approval_policy = \"on-request\"\n"));
	assert_non_null(strstr(l.files[0].text.p, "sandbox_mode = \"read-only\"\n"));
	assert_null(strstr(l.files[0].text.p, "[agents]"));
	assert_non_null(strstr(l.files[1].text.p, "prefix_rule(pattern = [\"cat\"]"));
	assert_int_equal(l.n_binds, 1);
	arena_destroy(a);
}

/* One agent, held in one way, however it is talked to. */
static void both_ways_have_the_same_walls(void **state)
{
	(void)state;
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		const struct adapter_ops *acp = (*ops)->acp;
		struct arena *a = arena_create("walls", ARENA_JOB);

		if (acp && acp->package == (*ops)->package) {
			struct agent_launch one = prepared(a, *ops), other = prepared(a, acp);

			assert_string_equal(words(a, one.env), words(a, other.env));
			assert_int_equal(one.n_files, other.n_files);
			for (size_t i = 0; i < one.n_files; i++)
				assert_str(one.files[i].text, arena_cstr(a, other.files[i].text));
		}
		if (acp) {
			struct agent_launch l = prepared(a, acp);

			assert_true(l.stdin_open);
			assert_str(l.stdin_text, acp_greeting(a).p);
			assert_null(strstr(words(a, l.argv), "0f-token"));
			assert_string_equal(acp->name, (*ops)->name);
			assert_true(acp->read_only_enforced);
		}
		arena_destroy(a);
	}
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
	play_session(&p, path_of(p.arena, "acp", w->name, ".session"));
	play_end(&p);
}

/* Those without a mode of their own are called free-…, those that run commands shell-…. */
static const struct adapter_ops *ops_of(const char *name)
{
	if (str_starts(str_from(name), STR("free-")))
		return &free_one;
	return str_starts(str_from(name), STR("shell-")) ? &codex : &adapter_qwen_acp;
}

static size_t add_sessions(struct arena *a, struct CMUnitTest *tests, size_t n)
{
	struct dirent **names;
	int found = scandir(path_of(a, "acp", "", ""), &names, is_session, alphasort);

	if (found <= 0 || n + (size_t)found > TESTS_MOST) {
		fprintf(stderr, "%d sessions\n", found);
		exit(1);
	}
	for (int i = 0; i < found; i++) {
		struct written *w = arena_new(a, struct written);
		size_t length = strlen(names[i]->d_name) - strlen(".session");
		const char *name = arena_cstr(a, (struct str){ names[i]->d_name, length });

		*w = (struct written){ ops_of(name), name };
		tests[n++] = (struct CMUnitTest){ name, session, NULL, NULL, w };
		free(names[i]);
	}
	free(names);
	return n;
}

static const struct CMUnitTest rules[] = {
	cmocka_unit_test(we_say_what_worked),
	cmocka_unit_test(a_call_that_writes_cannot_hide_behind_many),
	cmocka_unit_test(prompts_are_data),
	cmocka_unit_test(qwen_is_started_in_plan_mode),
	cmocka_unit_test(gemini_is_started_in_plan_mode),
	cmocka_unit_test(claude_is_held_by_the_session),
	cmocka_unit_test(claude_is_started_from_its_modules),
	cmocka_unit_test(codex_has_the_rules_and_the_mode_of_its_server),
	cmocka_unit_test(both_ways_have_the_same_walls),
};

int main(void)
{
	struct arena *a = arena_create("tests", ARENA_SMALL);
	struct CMUnitTest tests[TESTS_MOST];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
		struct recording *r = unconst(&recordings[i]);

		tests[n++] = (struct CMUnitTest){ r->name, recording, NULL, NULL, r };
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		tests[n++] = rules[i];
	n = add_sessions(a, tests, n);
	int failed = _cmocka_run_group_tests("acp", tests, n, NULL, NULL);

	arena_destroy(a);
	return failed;
}
