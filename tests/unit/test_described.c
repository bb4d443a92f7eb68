/* Agents that a file describes: how it is read, how they are started, what they say. */
#include "play.h"

#include "adapter/acp.h"
#include "adapter/described.h"

static struct arena *arena;
static struct flow_errors errors;

static int setup(void **state)
{
	(void)state;
	arena = arena_create("test", ARENA_JOB);
	errors = (struct flow_errors){ .arena = arena };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

#define FILE_NAME "/home/me/agents/mine.yaml"

static const struct described *read_text(const char *text)
{
	return described_read(arena, "mine", FILE_NAME, str_from(text), &errors);
}

/* --- reading ---------------------------------------------------------------------------- */

static const char *all_errors(void)
{
	const char *all = "";

	for (size_t i = 0; i < errors.n; i++)
		all = arena_printf(arena, "%s%u:%u %s\n", all, errors.v[i].at.line,
		    errors.v[i].at.column, errors.v[i].message);
	return all;
}

static void a_small_one_has_defaults(void **state)
{
	const struct described *d = read_text("program: mine.sh\n");

	(void)state;
	assert_non_null(d);
	assert_string_equal(d->program, "/home/me/agents/mine.sh");
	assert_string_equal(d->ops.name, "mine");
	assert_string_equal(d->ops.title, "mine");
	assert_false(d->prompt_as_argument);
	assert_int_equal(d->output, DESCRIBED_TEXT);
	assert_string_equal(
	    d->digest, "edcd07d49e870509f5d587fd7cc4b3d6ee4f081eb7dcdf3b2e539b6114a83fe9");
}

/* It claims nothing: what holds it is the fence. */
static void none_claims_a_mode_of_its_own(void **state)
{
	static const char *const outputs[] = { "text", "ndjson\nevents: {result: {when: {/a: b}}}",
		"acp" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct described *d =
		    read_text(arena_printf(arena, "program: /usr/bin/x\noutput: %s\n", outputs[i]));
		struct err err = { 0 };

		assert_non_null(d);
		assert_string_equal(d->ops.traits.mode, "none of its own");
		assert_false(d->ops.read_only_enforced);
		assert_false(d->ops.traits.strict);
		assert_ptr_equal(d->ops.described, d);
		assert_int_equal(adapter_admit(&d->ops, "1.0", &err), -ENOTSUP);
		assert_null(adapter_find(str_from(d->ops.name)));
	}
}

static const struct {
	const char *text, *errors;
} wrong[] = {
	{ "", "1:1 the file is empty\n" },
	{ "- program\n", "1:1 a description is a map\n" },
	{ "title: x\n", "1:1 it names no program\n" },
	{ "program: [x]\n", "1:10 text is expected here\n" },
	{ "program: ''\n", "1:11 program is the path of a file\n" },
	{ "program: x\nprogramme: y\n", "2:1 unknown key 'programme'; did you mean 'program'?\n" },
	{ "program: x\nbinds: [/etc]\n", "2:1 unknown key 'binds'\n" },
	{ "program: x\nport: 80\n", "2:1 unknown key 'port'\n" },
	{ "program: x\narguments: word\n", "2:12 arguments is a list of at most 100 texts\n" },
	{ "program: x\narguments: ['{{token}}']\n",
	    "2:14 everybody on the machine can read arguments; {{token}} belongs into environment "
	    "or files\n" },
	{ "program: x\narguments: ['{{ tokens }}', '{{port', '{{}}']\n",
	    "2:14 there is no {{tokens}}; a description knows port, token, model, repo, home and "
	    "tmp\n2:30 {{ without }}\n2:40 there is no {{}}; a description knows port, token, "
	    "model, repo, home and tmp\n" },
	{ "program: x\nenvironment: {a: b, PATH: c, 'A=B': d, '': e, 1A: f}\n",
	    "2:15 a variable is written in capitals, digits and _: 'a'\n"
	    "2:21 PATH is set by tutti\n"
	    "2:31 a variable is written in capitals, digits and _: 'A=B'\n"
	    "2:41 a variable is written in capitals, digits and _: ''\n"
	    "2:47 a variable is written in capitals, digits and _: '1A'\n" },
	{ "program: x\nfiles: {/etc/x: a, ../x: b, a/./b: c, a//b: d, '': e, a/: f}\n",
	    "2:9 '/etc/x' is no path below its home\n2:20 '../x' is no path below its home\n"
	    "2:29 'a/./b' is no path below its home\n2:39 'a//b' is no path below its home\n"
	    "2:49 '' is no path below its home\n2:55 'a/' is no path below its home\n" },
	{ "program: x\nfiles:\n  a: |\n    one\n    {{two}}\n",
	    "5:5 there is no {{two}}; a description knows port, token, model, repo, home and "
	    "tmp\n" },
	{ "program: x\nprompt: argv\noutput: json\n",
	    "2:9 prompt is stdin or argument\n3:9 output is text, ndjson or acp\n" },
	{ "program: x\noutput: ndjson\n",
	    "1:1 output ndjson needs events, with a result: what tells that it is done\n" },
	{ "program: x\nevents: {result: {when: {/a: b}}}\n", "2:9 events are for output ndjson\n" },
	{ "program: x\noutput: acp\nprompt: stdin\n", "3:9 over acp the prompt is a message\n" },
	{ "program: x\noutput: ndjson\nevents:\n  text: {when: {a: b}}\n  tool: {name: x}\n"
	  "  result: {text: /a~2}\n  done: {}\n",
	    "4:3 event text needs 'text'\n4:17 'a' is no place in a line, such as /message/text\n"
	    "5:16 'x' is no place in a line, such as /message/text\n6:3 event result needs "
	    "'when'\n6:18 '/a~2' is no place in a line, such as /message/text\n"
	    "7:3 unknown key 'done'\n" },
	{ "program: x\noutput: ndjson\nevents:\n  result: {when: {/a: b}, name: /c}\n",
	    "4:27 unknown key 'name'\n" },
};

static void all_mistakes_come_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		errors = (struct flow_errors){ .arena = arena };
		assert_null(read_text(wrong[i].text));
		assert_string_equal(all_errors(), wrong[i].errors);
	}
}

static void names_are_plain(void **state)
{
	static const char *const good[] = { "a", "my-tool2", "abcdefghijklmnopqrstuvwxyz012345" };
	static const char *const bad[] = { "", "A", "1a", "-a", "a_b", "a/b", "..", "a\nb",
		"\xc3\xa9", "abcdefghijklmnopqrstuvwxyz0123456" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(described_is_name(str_from(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(described_is_name(str_from(bad[i])));
}

/* --- starting --------------------------------------------------------------------------- */

#define WHOLE                                                                                  \
	"program: mine\narguments: [--port, '{{port}}', 'a{{repo}}b{{ model }}', '{', '}}']\n" \
	"environment:\n  KEY: '{{token}}'\n  URL: http://127.0.0.1:{{port}}/v1\n"              \
	"files:\n  .mine/a.json: '{\"key\": \"{{token}}\", \"tmp\": \"{{tmp}}\"}'\n  b: ''\n"

static struct agent_task task_of(const struct described *d)
{
	return (struct agent_task){ .prompt = STR("/init {{token}} What?"),
		.repo = "/repo",
		.scratch = "/scratch",
		.home = "/scratch/home",
		.tmp = "/scratch/tmp",
		.port = 7771,
		.token = "0f{{port}}",
		.model = "m{{token}}",
		.effort = "",
		.program = d->program,
		.described = d };
}

static const char *joined(const char *const *v)
{
	const char *all = "";

	for (; *v; v++)
		all = arena_printf(arena, "%s%s\n", all, *v);
	return all;
}

static struct agent_launch prepare(const struct agent_task *task)
{
	struct agent_launch l = { 0 };
	struct err err = { 0 };

	if (task->described->ops.prepare(arena, task, &l, &err) < 0)
		fail_msg("%s", err.what);
	return l;
}

/* What is filled in is not looked at again. */
static void holes_are_filled_once(void **state)
{
	const struct described *d = read_text(WHOLE);

	(void)state;
	assert_non_null(d);
	const struct agent_task task = task_of(d);
	struct agent_launch l = prepare(&task);

	assert_string_equal(
	    joined(l.argv), "/opt/agent/mine\n--port\n7771\na/repobm{{token}}\n{\n}}\n");
	assert_string_equal(joined(l.env),
	    "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nHOME=/scratch/home\nTMPDIR=/scratch/tmp\n"
	    "KEY=0f{{port}}\nURL=http://127.0.0.1:7771/v1\n");
	assert_int_equal(l.n_files, 2);
	assert_string_equal(l.files[0].path, "home/.mine/a.json");
	assert_str(l.files[0].text, "{\"key\": \"0f{{port}}\", \"tmp\": \"/scratch/tmp\"}");
	assert_string_equal(l.files[1].path, "home/b");
	assert_str(l.files[1].text, "");
	assert_str(l.stdin_text, "/init {{token}} What?");
	assert_false(l.stdin_open);
	assert_int_equal(l.n_binds, 1);
	assert_string_equal(l.binds[0].host, "/home/me/agents/mine");
	assert_string_equal(l.binds[0].inside, "/opt/agent/mine");
}

static void what_the_fence_shows_stays_where_it_is(void **state)
{
	struct agent_task task = task_of(read_text("program: /usr/local/bin/mine\n"));
	struct agent_launch l = prepare(&task);

	(void)state;
	assert_string_equal(joined(l.argv), "/usr/local/bin/mine\n");
	assert_int_equal(l.n_binds, 0);
	task = task_of(read_text("program: mine\n"));
	task.in_place = true;
	l = prepare(&task);
	assert_string_equal(joined(l.argv), "/home/me/agents/mine\n");
	assert_string_equal(l.binds[0].inside, "/home/me/agents/mine");
}

static void a_script_is_an_argument(void **state)
{
	struct agent_task task = task_of(read_text("program: mine\narguments: [x]\n"));

	(void)state;
	task.interpreter = "/bin/sh";
	task.interpreter_word = "-e";
	assert_string_equal(joined(prepare(&task).argv), "/bin/sh\n-e\n/opt/agent/mine\nx\n");
}

static void the_prompt_may_be_the_last_argument(void **state)
{
	struct agent_task task = task_of(read_text("program: mine\nprompt: argument\n"));
	struct agent_launch l = prepare(&task);
	struct err err = { 0 };

	(void)state;
	assert_string_equal(joined(l.argv), "/opt/agent/mine\n/init {{token}} What?\n");
	assert_int_equal(l.stdin_text.n, 0);
	char *text = arena_alloc(arena, KIB(121) + 1);

	memset(text, 'x', KIB(121));
	task.prompt = str_from(text);
	assert_int_equal(task.described->ops.prepare(arena, &task, &l, &err), -E2BIG);
	task.web_only = true;
	assert_int_equal(task.described->ops.prepare(arena, &task, &l, &err), -ENOTSUP);
}

static void over_acp_it_is_greeted(void **state)
{
	struct agent_task task = task_of(read_text("program: mine\noutput: acp\n"));
	struct agent_launch l = prepare(&task);

	(void)state;
	assert_true(l.stdin_open);
	assert_str(l.stdin_text, acp_greeting(arena).p);
}

/* --- places ----------------------------------------------------------------------------- */

static void places_are_json_pointers(void **state)
{
	json_t *doc = json_parse(STR("{\"a\":{\"b/c\":[1,{\"~\":2}],\"\":3},\"x\":null}"), NULL);
	static const struct {
		const char *at, *want;
	} rows[] = { { "/a/b~1c/0", "1" }, { "/a/b~1c/1/~0", "2" }, { "/a/", "3" },
		{ "/x", "null" }, { "/a/b~1c/2", NULL }, { "/a/b~1c/-", NULL },
		{ "/a/b~1c/x", NULL }, { "/y", NULL }, { "/x/y", NULL },
		{ "/a/b~1c/18446744073709551616", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const json_t *got = described_at(doc, str_from(rows[i].at));
		char *text = got ? json_dumps(got, JSON_ENCODE_ANY) : NULL;

		assert_true(described_is_pointer(str_from(rows[i].at)));
		if (rows[i].want)
			assert_string_equal(text, rows[i].want);
		else
			assert_null(text);
		free(text);
	}
	assert_ptr_equal(described_at(doc, STR("")), doc);
	assert_null(described_at(doc, (struct str){ NULL, 0 }));
	assert_false(described_is_pointer(STR("a")));
	assert_false(described_is_pointer(STR("/a~")));
	assert_false(described_is_pointer(STR("/a~2")));
	json_decref(doc);
}

/* --- what they say ---------------------------------------------------------------------- */

static const char *played(const char *description, const char *said, int status, const char *err)
{
	const struct described *d = read_text(description);

	assert_non_null(d);
	const struct agent_task task = task_of(d);
	struct play p = { .arena = arena, .ops = &d->ops };

	buf_init(&p.out, MIB(64));
	p.session = p.ops->create(&task, play_fact, &p);
	play_lines(&p, str_from(said));
	play_exit(&p, status, err);
	const char *out = arena_cstr(arena, buf_str(&p.out));

	session_destroy(p.session);
	buf_fini(&p.out);
	return out;
}

#define HELLO "init {\"model\":\"m{{token}}\",\"mode\":\"none of its own\"}\n"
#define COUNTS(turns, calls) \
	"tokens in 0 out 0 cached 0\nturns " turns ", tool calls " calls ", denied 0\n"

static void all_output_is_the_answer(void **state)
{
	(void)state;
	assert_string_equal(played("program: x\n", "Two\n\nfiles.\xff\n", EXIT(0), ""),
	    HELLO "text \"Two\\n\"\ntext \"\\n\"\ntext \"files.\xef\xbf\xbd\\n\"\n= answered\n"
		  "answer \"Two\\n\\nfiles.\xef\xbf\xbd\\n\"\nreason \"\"\n" COUNTS("1", "0"));
	assert_string_equal(played("program: x\n", "", EXIT(0), "why"),
	    "= empty\nanswer \"\"\nreason \"\"\n" COUNTS("0", "0"));
	assert_string_equal(played("program: x\n", "half", EXIT(3), "no key\n"),
	    HELLO "text \"half\\n\"\n= crashed\nanswer \"half\\n\"\nreason \"exit status 3: no "
		  "key\"\n" COUNTS("1", "0"));
	assert_string_equal(played("program: x\n", "Which?\n", EXIT(0), ""), HELLO
	    "text \"Which?\\n\"\n= asked\nanswer \"Which?\\n\"\nreason \"\"\n" COUNTS("1", "0"));
}

#define EVENTS                                                                           \
	"program: x\noutput: ndjson\nevents:\n  text: {when: {/type: d}, text: /text}\n" \
	"  think: {when: {/type: t}, text: /text}\n"                                     \
	"  tool: {when: {/type: c}, id: /id, name: /name, input: /in}\n"                 \
	"  tool_end: {when: {/type: e, /n: 1, /yes: true}, id: /id, failed: /failed}\n"  \
	"  usage: {in: /u/0, out: /u/1}\n  error: {when: {/type: x}, text: /why}\n"      \
	"  result: {when: {/type: r}"

static void events_are_told_by_their_places(void **state)
{
	(void)state;
	assert_string_equal(
	    played(EVENTS "}\n",
		"noise\n[]\n{\"type\":\"d\",\"text\":\"Let me look.\"}\n"
		"{\"type\":\"t\",\"text\":\"hm\"}\n{\"type\":\"d\",\"text\":7}\n"
		"{\"type\":\"c\",\"id\":\"1\",\"name\":\"read\",\"in\":{\"p\":\"x\"}}\n"
		"{\"type\":\"e\",\"n\":1,\"yes\":false,\"id\":\"1\"}\n"
		"{\"type\":\"e\",\"n\":1,\"yes\":true,\"id\":\"1\",\"failed\":\"no\"}\n"
		"{\"u\":[10,-5]}\n{\"type\":\"x\",\"why\":\"429\"}\n"
		"{\"type\":\"d\",\"text\":\"Fine.\"}\n{\"type\":\"r\"}\n",
		EXIT(0), ""),
	    HELLO "text \"Let me look.\"\nthink \"hm\"\ntext \"\"\nstart 1 read {\"p\":\"x\"}\n"
		  "end 1 failed \"\"\nusage in 10 out 0 cached 0\ntext \"Fine.\"\n= answered\n"
		  "answer \"Fine.\"\nreason \"\"\ntokens in 10 out 0 cached 0\n"
		  "turns 1, tool calls 1, denied 0\n");
}

static void only_a_result_is_an_answer(void **state)
{
	static const char text[] = "{\"type\":\"d\",\"text\":\"Fine.\"}\n";

	(void)state;
	assert_string_equal(played(EVENTS "}\n", text, EXIT(0), ""),
	    HELLO "text \"Fine.\"\n= crashed\nanswer \"Fine.\"\nreason \"exit status 0\"\n" COUNTS(
		"1", "0"));
	assert_string_equal(
	    played(EVENTS ", text: /a}\n",
		arena_printf(arena, "%s{\"type\":\"r\",\"a\":\"Good.\"}", text), EXIT(0), ""),
	    HELLO "text \"Fine.\"\n= answered\nanswer \"Good.\"\nreason \"\"\n" COUNTS("1", "0"));
	assert_string_equal(
	    played(EVENTS ", text: /a}\n", "{\"type\":\"r\",\"a\":[\"Good.\"]}", EXIT(0), ""),
	    HELLO "= empty\nanswer \"\"\nreason \"\"\n" COUNTS("1", "0"));
	assert_string_equal(
	    played(EVENTS ", text: /a}\n", "{\"type\":\"r\",\"a\":\"Good.\"}", EXIT(1), ""),
	    HELLO "= crashed\nanswer \"\"\nreason \"exit status 1\"\n" COUNTS("1", "0"));
	assert_string_equal(
	    played(EVENTS "}\n", "{\"type\":\"x\",\"why\":\"HTTP 429: slow\"}", EXIT(0), ""),
	    HELLO "= rate_limited\nanswer \"\"\nreason \"HTTP 429: slow\"\n" COUNTS("1", "0"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_small_one_has_defaults),
		T(none_claims_a_mode_of_its_own),
		T(all_mistakes_come_at_once),
		T(names_are_plain),
		T(holes_are_filled_once),
		T(what_the_fence_shows_stays_where_it_is),
		T(a_script_is_an_argument),
		T(the_prompt_may_be_the_last_argument),
		T(over_acp_it_is_greeted),
		T(places_are_json_pointers),
		T(all_output_is_the_answer),
		T(events_are_told_by_their_places),
		T(only_a_result_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
