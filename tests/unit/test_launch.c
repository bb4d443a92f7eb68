/* Launch requests: what is taken, what is refused and why, and the command that repeats one. */
#include "check.h"

#include "api/accept.h"
#include "api/definitions.h"
#include "api/launch.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"
#include "sys/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static struct arena *a;
static char repo[64];

static int setup(void **state)
{
	(void)state;
	a = arena_create("test", ARENA_JOB);
	snprintf(repo, sizeof(repo), "/tmp/tutti-launch-XXXXXX");
	assert_non_null(mkdtemp(repo));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(a);
	fs_remove_tree(repo);
	return 0;
}

static const char *user; /* NULL: nobody has a configuration */

static enum order_fault make(const char *text, struct order *o, struct err *err)
{
	json_t *request = json_parse(str_from(text), NULL);

	assert_non_null(request);
	*err = (struct err){ 0 };
	enum order_fault fault = order_make(
	    a, &(struct order_from){ .user = user, .data = "/nowhere" }, request, o, err);

	json_decref(request);
	return fault;
}

/* --- refused ------------------------------------------------------------------------------ */

static const struct {
	const char *request;
	enum order_fault fault;
	const char *what, *fix;
} refused[] = {
	{ "[]", ORDER_BAD, "a launch is a JSON object", "" },
	{ "{}", ORDER_BAD, "which flow?", "tutti flows list" },
	{ "{\"flow\":7}", ORDER_BAD, "flow is a text", "" },
	{ "{\"flow\":\"research\",\"qestion\":\"q\"}", ORDER_BAD, "a launch has no \"qestion\"",
	    "did you mean \"question\"?" },
	{ "{\"flow\":\"reserch\",\"question\":\"q\"}", ORDER_NO_FLOW, "no flow is called 'reserch'",
	    "did you mean research?\ntutti flows list" },
	{ "{\"flow\":\"research\"}", ORDER_BAD, "research needs a question",
	    "tutti run research \"polling or webhooks for the status page?\"" },
	{ "{\"flow\":\"research\",\"question\":\" \\n\"}", ORDER_BAD, "research needs a question",
	    "tutti run research \"polling or webhooks for the status page?\"" },
	{ "{\"flow\":\"research\",\"question\":\"q\",\"inputs\":{\"x\":\"y\"}}", ORDER_BAD,
	    "research has no input \"x\"", "tutti flows show research" },
	{ "{\"flow\":\"research\",\"question\":\"q\",\"inputs\":{\"question\":\"y\"}}", ORDER_BAD,
	    "research has no input \"question\"", "tutti flows show research" },
	{ "{\"flow\":\"code-review\",\"question\":\"q\",\"inputs\":{\"base\":1}}", ORDER_BAD,
	    "the input base is a text", "" },
	{ "{\"flow\":\"research\",\"question\":\"q\",\"size\":\"huge\"}", ORDER_BAD,
	    "size is small, medium, large or auto, not \"huge\"", "" },
	{ "{\"flow\":\"research\",\"question\":\"q\",\"fast\":\"yes\"}", ORDER_BAD,
	    "fast is true or false", "" },
	{ "{\"flow\":\"research\",\"question\":\"q\",\"validators\":6}", ORDER_BAD,
	    "validators is a number from 0 to 5", "" },
	{ "{\"flow\":\"research\",\"question\":\"q\",\"budget\":-1}", ORDER_BAD,
	    "budget is a number from 0 to 9223372036854775807", "" },
	{ "{\"flow\":\"code-review\",\"question\":\"q\",\"repo\":\"here\"}", ORDER_NO_REPO,
	    "the repository \"here\" is no absolute path",
	    "give the path of its directory, beginning with /" },
	{ "{\"flow\":\"code-review\",\"question\":\"q\",\"repo\":\"/nowhere/at/all\"}",
	    ORDER_NO_REPO, "the repository /nowhere/at/all cannot be opened",
	    "name a directory that exists: --repo DIR" },
	{ "{\"flow\":\"code-review\",\"question\":\"q\",\"repo\":\"/etc/passwd\"}", ORDER_NO_REPO,
	    "/etc/passwd is not a directory", "name the directory around it: --repo DIR" },
	{ "{\"flow\":\"code-review\",\"question\":\"q\",\"repo\":\"/usr/..\"}", ORDER_NO_REPO,
	    "/ is not frozen", "name the repository itself with --repo DIR" },
	{ "{\"flow\":\"code-review\",\"question\":\"q\",\"repo\":\"/tmp\",\"validators\":1,"
	  "\"validator_models\":[\"a\",\"b\"]}",
	    ORDER_BAD, "2 models, but 1 validator", "" },
};

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct order o;
		struct err err;

		assert_int_equal(make(refused[i].request, &o, &err), refused[i].fault);
		assert_string_equal(err.what, refused[i].what);
		assert_string_equal(err.fix, refused[i].fix);
		order_free(&o);
	}
}

static void a_long_question_is_refused(void **state)
{
	json_t *request = json_pack("{s:s}", "flow", "research");
	char *long_one = arena_alloc(a, QUESTION_MAX + 2);
	struct order o;
	struct err err = { 0 };

	(void)state;
	memset(long_one, 'x', QUESTION_MAX + 1);
	json_object_set_new(request, "question", json_string(long_one));
	assert_int_equal(
	    order_make(a, &(struct order_from){ .data = "/nowhere" }, request, &o, &err),
	    ORDER_BAD);
	assert_string_equal(err.what, "the question is longer than 64 KiB");
	order_free(&o);
	json_decref(request);
}

/* --- taken -------------------------------------------------------------------------------- */

static void everything_reaches_the_engine(void **state)
{
	const char *text = arena_printf(a,
	    "{\"flow\":\"code-review\",\"question\":\"it's q\",\"inputs\":{\"base\":\"main\"},"
	    "\"size\":\"large\",\"focus\":\"locks\",\"fast\":true,\"repo\":\"%s/.\",\"at\":\"v1\","
	    "\"model\":\"m\",\"agent\":\"qwen\",\"validators\":3,\"validator_models\":[\"a\"],"
	    "\"budget\":1000,\"timeout_ms\":5000,\"trust_repo\":false}",
	    repo);
	struct order o;
	struct err err;

	(void)state;
	assert_int_equal(make(text, &o, &err), ORDER_SOUND);
	assert_str(o.launch.flow, "code-review");
	assert_str(json_get_str(o.launch.input, "question"), "it's q");
	assert_str(json_get_str(o.launch.input, "base"), "main");
	assert_int_equal(o.launch.size, SIZE_LARGE);
	assert_str(o.launch.focus, "locks");
	assert_true(o.launch.fast);
	assert_str(o.launch.repo, repo);
	assert_str(o.launch.at, "v1");
	assert_str(o.launch.base, "main");
	assert_str(o.launch.agent, "qwen");
	assert_str(o.launch.model, "m");
	assert_int_equal(o.launch.validators, 3);
	assert_int_equal(o.launch.budget, 1000);
	assert_int_equal(o.launch.timeout, 5000);
	assert_true(o.agents);
	assert_str(o.launch.command,
	    arena_printf(a,
		"tutti run code-review 'it'\\''s q' base=main --repo %s --size large --focus locks "
		"--at v1 --agent qwen --model m --validators 3 --validator-model a --budget 1000 "
		"--fast",
		repo));
	assert_non_null(json_get_array(o.launch.frozen, "texts"));
	order_free(&o);
}

static void what_is_null_is_not_there(void **state)
{
	struct order o;
	struct err err;

	(void)state;
	assert_int_equal(make("{\"flow\":\"research\",\"question\":\"q\",\"size\":null,"
			      "\"repo\":null,\"validators\":null,\"inputs\":null}",
			     &o, &err),
	    ORDER_NO_REPO);
	assert_int_equal(o.launch.size, SIZE_AUTO);
	assert_int_equal(o.launch.validators, 0);
	assert_str(o.flow->name, "research");
	order_free(&o);
}

/* --- a repository's own flows ------------------------------------------------------------- */

static const char own[] = "flow: own\ntitle: Own\ncategory: analysis\nsummary: s\n"
			  "steps:\n  - id: x\n    kind: code\n    run: return \"x\"\n";

static const char *own_request(const char *trust)
{
	return arena_printf(a,
	    "{\"flow\":\"own\",\"question\":\"q\",\"repo\":\"%s\",\"trust_repo\":%s}", repo, trust);
}

static void a_repository_is_heard_only_when_it_is_trusted(void **state)
{
	char *dir = fs_join(a, repo, ".tutti/flows");
	struct order o;
	struct err err;

	(void)state;
	assert_int_equal(fs_mkdirs(dir, 0755), 0);
	assert_int_equal(fs_write(fs_join(a, dir, "own.yaml"), STR(own), 0644, &err), 0);
	assert_int_equal(make(own_request("false"), &o, &err), ORDER_UNTRUSTED);
	assert_string_equal(err.what, "flow 'own' is the repository's own, and not trusted");
	assert_null(o.lib);
	order_free(&o);
	assert_int_equal(make(own_request("true"), &o, &err), ORDER_SOUND);
	assert_false(o.agents);
	assert_str(o.launch.repo, "");
	order_free(&o);
}

static int put(void *ctx, struct acceptances *all, struct err *err)
{
	return acceptances_put(a, all, ctx, err);
}

/* What `tutti flows trust own` does, once somebody said yes. */
static void accept_own(void)
{
	const struct definitions_from from = { .user = user, .repo = repo };
	struct definitions d;
	struct err err;

	assert_int_equal(definitions_open(&d, a, &from, &err), 0);
	definitions_read(&d);
	const struct own_flow *f = definitions_own(&d, STR("own"));

	assert_non_null(f);
	assert_false(f->trusted);
	assert_int_equal(accept_change(a, user, put, unconst(&f->now), &err), 0);
	definitions_close(&d);
}

static void an_accepted_flow_is_launched_until_it_changes(void **state)
{
	char *file = fs_join(a, repo, ".tutti/flows/own.yaml");
	struct order o;
	struct err err;

	(void)state;
	user = fs_join(a, repo, "user");
	assert_int_equal(fs_mkdirs(fs_join(a, repo, ".tutti/flows"), 0755), 0);
	assert_int_equal(fs_write(file, STR(own), 0644, &err), 0);
	accept_own();
	assert_int_equal(make(own_request("false"), &o, &err), ORDER_SOUND);
	order_free(&o);
	assert_int_equal(fs_write(file, str_from(arena_printf(a, "%s#", own)), 0644, &err), 0);
	assert_int_equal(make(own_request("false"), &o, &err), ORDER_UNTRUSTED);
	assert_true(str_contains(str_from(err.what), STR("changed since you accepted it")));
	order_free(&o);
	accept_own();
	assert_int_equal(make(own_request("false"), &o, &err), ORDER_SOUND);
	order_free(&o);
	/* what cannot be read accepts nothing, and does not pass for nothing accepted either */
	assert_int_equal(fs_write(fs_join(a, user, "trusted.json"), STR("{"), 0600, &err), 0);
	assert_int_equal(make(own_request("false"), &o, &err), ORDER_UNTRUSTED);
	assert_true(str_contains(str_from(err.what), STR("cannot be understood")));
	order_free(&o);
	user = NULL;
}

/* Nothing more can be opened, until *RET_BEFORE is set again. */
static void take_descriptors(struct rlimit *ret_before)
{
	int next = dup(STDERR_FILENO);

	assert_true(next > 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, ret_before), 0);
	const struct rlimit none = { (rlim_t)next, ret_before->rlim_max };

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

/* Otherwise the built-in flow of the same name would run in place of the user's. */
static void without_descriptors_flows_are_not_taken_for_missing(void **state)
{
	const struct definitions_from from = { .user = fs_join(a, repo, "user") };
	char *dir = fs_join(a, from.user, "flows");
	struct rlimit before;
	struct definitions d;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(fs_mkdirs(dir, 0755), 0);
	assert_int_equal(fs_write(fs_join(a, dir, "own.yaml"), STR(own), 0644, &err), 0);
	take_descriptors(&before);
	int rc = definitions_open(&d, a, &from, &err);

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(rc, -EMFILE);
	assert_true(str_starts(str_from(err.what), STR("flows cannot be read: ")));
	assert_string_equal(err.fix, "try again in a moment");
	assert_int_equal(definitions_open(&d, a, &from, &err), 0);
	assert_non_null(library_flow(d.base, STR("own"), &err));
	definitions_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		T(what_makes_no_sense_is_refused),
		T(a_long_question_is_refused),
		T(everything_reaches_the_engine),
		T(what_is_null_is_not_there),
		T(a_repository_is_heard_only_when_it_is_trusted),
		T(an_accepted_flow_is_launched_until_it_changes),
		T(without_descriptors_flows_are_not_taken_for_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
