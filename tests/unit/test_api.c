/*
 * The API over a whole house: engine, store, fence, worker, with the model for rehearsals. Requests
 * come in without a connection. With API_ANSWERS set to a directory, every answer is also written
 * there as METHOD-STATUS-N.json with the route it belongs to; tests/e2e/api.bats holds them against
 * the OpenAPI document.
 */
#include "check.h"
#include "fake_http.h"

#include "agent/agent.h"
#include "api/api.h"
#include "base/unconst.h"
#include "cli/house.h"
#include "sys/fs.h"
#include "workspace/workspace.h"

#include <semaphore.h>
#include <unistd.h>

static struct house house;
static struct globals globals;
static struct arena *a; /* of all tests */
static struct api *api;
static json_t *answers;
static char dir[64];
static char *repo;
static char id[ID_RUN_SIZE]; /* of the run that all look at */
static int not_ready;
static int64_t deleted;

/* --- the house ---------------------------------------------------------------------------- */

static void ready(void *ctx, const char *agent, const char *model, api_ready_fn fn, void *fn_ctx)
{
	struct err err = { 0 };

	(void)ctx;
	if (not_ready)
		fn(fn_ctx, err_set(&err, -ENOENT, "nobody is there"), &err);
	else
		house_ready(&house, agent, model, fn, fn_ctx);
}

static void on_deleted(void *ctx, int64_t run)
{
	(void)ctx;
	deleted = run;
}

static void sh(const char *cmd)
{
	assert_int_equal(system(cmd), 0); /* NOLINT(cert-env33-c): our own words */
}

static void make_place(void)
{
	struct err err;

	snprintf(dir, sizeof(dir), "/tmp/tutti-api-XXXXXX");
	assert_non_null(mkdtemp(dir));
	setenv("XDG_CONFIG_HOME", fs_join(a, dir, "config"), 1);
	unsetenv("OPENAI_BASE_URL");
	globals.data = fs_join(a, dir, "data");
	repo = fs_join(a, dir, "repo");
	assert_int_equal(fs_mkdirs(fs_join(a, dir, "config/tutti/flows"), 0700), 0);
	assert_int_equal(fs_mkdirs(fs_join(a, repo, "src"), 0755), 0);
	assert_int_equal(fs_write(fs_join(a, repo, "src/main.c"),
			     STR("int main(void)\n{\n\treturn 0;\n}\n"), 0644, &err),
	    0);
	assert_int_equal(
	    fs_write(fs_join(a, repo, "bin"), (struct str){ "a\0b", 3 }, 0644, &err), 0);
	assert_int_equal(fs_write(fs_join(a, dir, "config/tutti/flows/ask.yaml"),
			     STR("flow: ask\ntitle: Ask\ncategory: analysis\nsummary: s\nsteps:\n"
				 "  - {id: gate, kind: approval, ask: \"May **it** go on?\","
				 " choices: [yes-do, not-yet]}\n"),
			     0600, &err),
	    0);
	sh(arena_printf(a,
	    "cd %s && git init -q && git add -A && git -c user.name=t -c user.email=t@example.org "
	    "commit -qm x && ln -s /etc/passwd link && echo '// more' >> src/main.c",
	    repo));
}

static void open_house(void)
{
	const struct house_spec spec = { .globals = &globals, .model = "rehearsal" };
	static const struct upstream_config none;
	struct err err = { 0 };

	if (house_open(&house, a, &spec, &err))
		fail_msg("%s: %s", err.what, err.why);
	const struct api_config config = { .loop = &house.loop,
		.engine = house.engine,
		.version = TUTTI_VERSION,
		.build = "test",
		.epoch = "e-test",
		.data = house.data,
		.user = fs_join(a, dir, "config/tutti"),
		.repo = repo,
		.agent = house.agent,
		.sandbox = house.sandbox,
		.programs = &house.programs,
		.upstream = &none,
		.ready = ready,
		.deleted = on_deleted };

	api = api_create(&config);
}

static int setup(void **state)
{
	(void)state;
	a = arena_create("test", ARENA_JOB);
	answers = json_array();
	make_place();
	open_house();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(api_under_way(api), 0);
	house_stop(&house);
	house_close(&house);
	api_destroy(api);
	fs_remove_tree(dir);
	json_decref(answers);
	arena_destroy(a);
	return 0;
}

/* --- asking ------------------------------------------------------------------------------- */

static void keep(const struct fake *f)
{
	const char *to = getenv("API_ANSWERS");
	static const char *const methods[] = { "get", "post", "delete" };
	static unsigned n;
	struct err err;

	if (!to || !f->doc || !strcmp(f->type, "application/sarif+json"))
		return;
	json_t *doc = json_pack("{s:s, s:o, s:i, s:O}", "method", methods[f->q.method], "path",
	    json_text(f->q.path), "status", (int)f->status, "answer", f->doc);
	char *text = json_dump(doc);

	assert_int_equal(
	    fs_write(arena_printf(a, "%s/%03u.json", to, n++), str_from(text), 0644, &err), 0);
	free(text);
	json_decref(doc);
}

/* Begins a request; wait_for gets its answer. */
static struct fake *begin(
    enum http_who who, enum http_method method, const char *target, json_t *body, const char *key)
{
	struct fake *f = arena_new(a, struct fake);
	struct str query = str_from(target), path = str_split(&query, '?');

	f->q = (struct http_req){
		.arena = a, .method = method, .who = who, .path = arena_dup(a, path), .json = body
	};
	f->query = query.p ? arena_cstr(a, query) : "";
	f->idempotency = key;
	api_handle(api, &f->q);
	return f;
}

static struct fake *wait_for(struct fake *f)
{
	while (!f->answered)
		uv_run(&house.loop, UV_RUN_ONCE);
	json_decref(f->q.json);
	if (f->doc)
		json_array_append_new(answers, f->doc); /* until the test is over */
	keep(f);
	return f;
}

static struct fake *ask_as(
    enum http_who who, enum http_method method, const char *target, json_t *body, const char *key)
{
	return wait_for(begin(who, method, target, body, key));
}

static struct fake *ask(enum http_method method, const char *target, json_t *body)
{
	return ask_as(HTTP_BEARER, method, target, body, NULL);
}

static struct fake *get(const char *target)
{
	return ask(HTTP_GET, target, NULL);
}

static struct fake *get_of(const char *rest)
{
	return get(arena_printf(a, "/api/v1/runs/%s%s", id, rest));
}

static void is(const struct fake *f, unsigned status)
{
	if (f->status != status)
		fail_msg("%u, not %u: %s", f->status, status,
		    f->doc ? json_dumps(f->doc, 0) : arena_cstr(a, f->text));
}

static void is_error(const struct fake *f, unsigned status, const char *code, const char *what)
{
	is(f, status);
	assert_string_equal(json_get_cstr(json_get_object(f->doc, "error"), "code", ""), code);
	assert_string_equal(json_get_cstr(json_get_object(f->doc, "error"), "what", ""), what);
}

static json_t *request(const char *flow, const char *question)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "flow", flow, "question", question, "repo",
	    repo, "model", "rehearsal", "size", "small");
}

static const char *status_of(const char *run)
{
	return json_get_cstr(get(arena_printf(a, "/api/v1/runs/%s", run))->doc, "status", "");
}

/* Asking runs the loop; beyond that there may be nothing that would wake it. */
static void wait_end(const char *run)
{
	while (strcmp(status_of(run), "running") == 0)
		uv_run(&house.loop, UV_RUN_NOWAIT);
}

static const char *launch(json_t *body)
{
	struct fake *f = ask(HTTP_POST, "/api/v1/runs", body);

	is(f, 201);
	return json_get_cstr(f->doc, "id", "");
}

/* The run that the tests below look at; launched once. */
static void a_run(void)
{
	if (!id[0]) {
		snprintf(id, sizeof(id), "%s",
		    launch(request("architectural-analysis", "what does \"main\" do?")));
		wait_end(id);
	}
}

/* --- launching ---------------------------------------------------------------------------- */

static void a_launch_is_told_and_run(void **state)
{
	(void)state;
	a_run();
	struct fake *f = get_of("");

	is(f, 200);
	assert_string_equal(json_get_cstr(f->doc, "status", ""), "completed");
	assert_string_equal(json_get_cstr(f->doc, "repo_name", ""), "repo");
	assert_string_equal(json_get_cstr(f->doc, "epoch", ""), "e-test");
	assert_string_equal(json_get_cstr(f->doc, "size_reason", ""), "asked for");
	assert_int_equal(json_get_int(f->doc, "dirty", -1), 2);
	assert_true(json_get_bool(f->doc, "proof_ok", false));
	assert_true(json_get_bool(f->doc, "report", false));
	assert_int_equal(json_get_int(json_get_object(f->doc, "agents"), "completed", 0), 4);
	assert_int_equal(json_get_int(json_get_object(f->doc, "findings"), "note", 0), 1);
	assert_true(json_get_int(json_get_object(f->doc, "citations"), "resolves", 0) > 0);
	const json_t *step = json_array_get(json_get_array(f->doc, "steps"), 1);

	assert_string_equal(json_get_cstr(step, "step", ""), "structure");
	assert_string_equal(json_get_cstr(step, "role", ""), "angle");
	assert_string_equal(json_get_cstr(step, "persona", ""), "structural-analyst");
	assert_string_equal(json_get_cstr(step, "agent", ""), "native");
	assert_true(json_get_int(step, "tokens", 0) > 0);
	assert_true(json_is_null(json_object_get(step, "choices")));
}

static void the_same_key_launches_once(void **state)
{
	(void)state;
	struct fake *f = ask_as(
	    HTTP_BEARER, HTTP_POST, "/api/v1/runs", request("research", "one or two?"), "k-1");
	struct fake *g = ask_as(
	    HTTP_BEARER, HTTP_POST, "/api/v1/runs", request("research", "one or two?"), "k-1");

	is(f, 201);
	is(g, 201);
	assert_string_equal(json_get_cstr(f->doc, "id", "f"), json_get_cstr(g->doc, "id", "g"));
	assert_false(json_get_bool(f->doc, "existed", true));
	assert_true(json_get_bool(g->doc, "existed", false));
	wait_end(json_get_cstr(f->doc, "id", ""));
}

/* The head of a request goes with its connection, however far the launch has come. */
static void the_key_of_who_hung_up_is_kept(void **state)
{
	(void)state;
	struct fake *f = begin(
	    HTTP_BEARER, HTTP_POST, "/api/v1/runs", request("research", "still there?"), "k-2");

	f->idempotency = NULL;
	wait_for(f);
	struct fake *g = ask_as(
	    HTTP_BEARER, HTTP_POST, "/api/v1/runs", request("research", "still there?"), "k-2");

	is(g, 201);
	assert_string_equal(json_get_cstr(f->doc, "id", "f"), json_get_cstr(g->doc, "id", "g"));
	assert_true(json_get_bool(g->doc, "existed", false));
	wait_end(json_get_cstr(g->doc, "id", ""));
}

static void what_cannot_be_launched_says_why(void **state)
{
	json_t *body = request("research", "q");

	(void)state;
	is_error(ask(HTTP_POST, "/api/v1/runs", request("nope", "q")), 404, "not_found",
	    "no flow is called 'nope'");
	is_error(ask(HTTP_POST, "/api/v1/runs", NULL), 400, "bad_request", "which flow?");
	json_object_set_new(body, "repo", json_string("relative"));
	is_error(ask(HTTP_POST, "/api/v1/runs", body), 400, "bad_request",
	    "the repository \"relative\" is no absolute path");
	not_ready = 1;
	is_error(ask(HTTP_POST, "/api/v1/runs", request("research", "q")), 503, "not_ready",
	    "nobody is there");
	struct fake *f = ask(HTTP_POST, "/api/v1/preview", request("research", "q"));

	not_ready = 0;
	is(f, 200);
	assert_string_equal(
	    json_string_value(json_array_get(json_get_array(f->doc, "warnings"), 0)),
	    "nobody is there");
}

static void a_preview_tells_who_would_work(void **state)
{
	json_t *body = request("architectural-analysis", "q");

	(void)state;
	struct fake *f = ask(HTTP_POST, "/api/v1/preview", body);

	is(f, 200);
	assert_string_equal(json_get_cstr(f->doc, "size", ""), "small");
	const json_t *agent = json_array_get(json_get_array(f->doc, "agents"), 0);

	assert_string_equal(json_get_cstr(agent, "step", ""), "structure");
	assert_true(json_get_bool(agent, "included", false));
	assert_int_equal(json_array_size(json_get_array(f->doc, "warnings")), 0);
	is_error(ask(HTTP_POST, "/api/v1/preview", request("research", " ")), 400, "bad_request",
	    "research needs a question");
}

static json_t *request_after(const char *earlier)
{
	json_t *body = request("research", "and now?");

	json_object_set_new(body, "provided", json_string(earlier));
	return body;
}

static void a_report_is_handed_on(void **state)
{
	(void)state;
	a_run();
	struct fake *f = ask(HTTP_POST, "/api/v1/preview", request_after(id));
	const json_t *p = json_get_object(f->doc, "provided");

	is(f, 200);
	assert_string_equal(json_get_cstr(p, "run", ""), id);
	assert_string_equal(json_get_cstr(p, "flow", ""), "architectural-analysis");
	assert_string_equal(json_get_cstr(p, "question", ""), "what does \"main\" do?");
	assert_int_equal(json_array_size(json_get_array(f->doc, "warnings")), 0);
	f = ask(HTTP_POST, "/api/v1/preview", request_after("r-nothing"));
	is(f, 200);
	assert_true(json_is_null(json_object_get(f->doc, "provided")));
	assert_string_equal(
	    json_string_value(json_array_get(json_get_array(f->doc, "warnings"), 0)),
	    "no run r-nothing");
	is_error(ask(HTTP_POST, "/api/v1/runs", request_after("r-nothing")), 404, "not_found",
	    "no run r-nothing");
	assert_true(json_is_null(json_object_get(get_of("")->doc, "provided")));
	const char *run = launch(request_after(arena_printf(a, "%.6s", id)));

	wait_end(run);
	f = get(arena_printf(a, "/api/v1/runs/%s", run));
	p = json_get_object(f->doc, "provided");
	assert_string_equal(json_get_cstr(p, "run", ""), id);
	assert_true(strlen(json_get_cstr(p, "commit", "")) == 40);
	assert_non_null(strstr(json_get_cstr(f->doc, "command", ""), id));
	f = get(arena_printf(a, "/api/v1/runs/%s/steps/recommendation", run));
	const json_t *cite = json_array_get(json_get_array(f->doc, "evidence"), 0);

	assert_string_equal(json_get_cstr(cite, "class", ""), "provided");
	assert_string_equal(json_get_cstr(cite, "state", ""), "not checked");
	f = get(arena_printf(a, "/api/v1/compare?a=%s&b=%s", id, run));
	is(f, 200);
	json_t *inputs = json_get_array(f->doc, "inputs"), *one = NULL;
	size_t i;

	json_array_foreach (inputs, i, one)
		if (strcmp(json_get_cstr(one, "name", ""), "provided") == 0)
			break;
	assert_string_equal(json_get_cstr(one, "now", ""), id);
	assert_true(json_is_null(json_object_get(one, "old")));
}

/* --- lists -------------------------------------------------------------------------------- */

static size_t count(const char *target)
{
	struct fake *f = get(target);

	is(f, 200);
	return json_array_size(json_get_array(f->doc, "items"));
}

static void runs_are_listed_page_by_page(void **state)
{
	(void)state;
	a_run();
	struct fake *f = get("/api/v1/runs?limit=1");
	size_t all = count("/api/v1/runs"), seen = 0;

	assert_true(all >= 2);
	for (;;) {
		const char *next = json_get_cstr(f->doc, "next", NULL);

		seen += json_array_size(json_get_array(f->doc, "items"));
		if (!next)
			break;
		f = get(arena_printf(a, "/api/v1/runs?limit=1&cursor=%s", next));
	}
	assert_int_equal(seen, all);
	is_error(get("/api/v1/runs?cursor=x"), 400, "bad_request", "this cursor is none of ours");
	is_error(
	    get("/api/v1/runs?limit=0"), 400, "bad_request", "limit is a number from 1 to 200");
	is_error(get("/api/v1/runs?status=queued"), 400, "bad_request",
	    "status is one of running, completed, failed, cancelled");
	is_error(get("/api/v1/runs?since=soon"), 400, "bad_request",
	    "since is a date, a time or milliseconds");
}

static void runs_are_found_by_what_they_are(void **state)
{
	(void)state;
	a_run();
	assert_int_equal(count("/api/v1/runs?flow=architectural-analysis"), 1);
	assert_int_equal(count("/api/v1/runs?flow=architectural-analysis&status=failed"), 0);
	assert_int_equal(count("/api/v1/runs?model=other"), 0);
	assert_int_equal(count("/api/v1/runs?size=large"), 0);
	assert_int_equal(count("/api/v1/runs?since=2000-01-01&flow=architectural-analysis"), 1);
	assert_int_equal(count("/api/v1/runs?since=2100-01-01T00:00:00Z"), 0);
	assert_int_equal(count(arena_printf(a, "/api/v1/runs?repo=%s/none", repo)), 0);
	struct fake *f = get("/api/v1/runs?q=\"main\" OR (");

	is(f, 200);
	f = get("/api/v1/runs?q=main&flow=architectural-analysis");
	assert_true(
	    strchr(json_get_cstr(json_array_get(json_get_array(f->doc, "items"), 0), "snippet", ""),
		'\x02') != NULL);
	f = get("/api/v1/search?q=what does main");
	assert_string_equal(
	    json_get_cstr(json_array_get(json_get_array(f->doc, "items"), 0), "run", ""), id);
	assert_int_equal(count("/api/v1/search?q=zebra"), 0);
	assert_int_equal(count("/api/v1/search?q="), 0);
}

/* --- one run ------------------------------------------------------------------------------ */

static void names_of_runs_are_short_or_long(void **state)
{
	(void)state;
	a_run();
	is(get(arena_printf(a, "/api/v1/runs/%.8s", id)), 200);
	is(get("/api/v1/runs/last"), 200);
	is_error(get("/api/v1/runs/r-e"), 404, "not_found", "\"r-e\" is too short to name a run");
	is_error(get("/api/v1/runs/r-nothing"), 404, "not_found", "no run r-nothing");
	is_error(get("/api/v1/runs/last~900"), 404, "not_found", "no run last~900");
}

static void a_page_that_looks_has_seen(void **state)
{
	(void)state;
	a_run();
	assert_false(json_get_bool(get_of("")->doc, "seen", true));
	ask_as(HTTP_COOKIE, HTTP_GET, arena_printf(a, "/api/v1/runs/%s", id), NULL, NULL);
	assert_true(json_get_bool(get_of("")->doc, "seen", false));
}

static void steps_are_told_whole(void **state)
{
	(void)state;
	a_run();
	struct fake *f = get_of("/steps/structure");

	is(f, 200);
	assert_non_null(strstr(json_get_cstr(f->doc, "output", ""), "main.c"));
	assert_non_null(strstr(json_get_cstr(f->doc, "output_html", ""), "<code>src/main.c"));
	assert_non_null(strstr(json_get_cstr(f->doc, "prompt", ""), "what does \"main\" do?"));
	assert_int_equal(json_array_size(json_get_array(f->doc, "attempts")), 1);
	const json_t *cite = json_array_get(json_get_array(f->doc, "evidence"), 0);

	assert_string_equal(json_get_cstr(cite, "state", ""), "resolves");
	assert_int_equal(json_array_size(json_get_array(cite, "used_by")), 1);
	const json_t *finding = json_array_get(json_get_array(f->doc, "findings"), 0);

	assert_string_equal(json_get_cstr(finding, "verdict", ""), "upheld");
	is(get_of("/steps/structure?attempt=1"), 200);
	is_error(get_of("/steps/structure?attempt=7"), 404, "not_found",
	    "step structure has no attempt 7");
	is_error(get_of("/steps/none"), 404, "not_found",
	    arena_printf(a, "run %s has no step 'none'", id));
	is(get_of("/steps/"), 404);
}

static void attempts_are_told_in_blocks_and_lines(void **state)
{
	(void)state;
	a_run();
	struct fake *f = get_of("/steps/structure/blocks");
	size_t all = json_array_size(json_get_array(f->doc, "items"));

	is(f, 200);
	assert_true(all > 3);
	assert_true(json_is_null(json_object_get(f->doc, "next")));
	f = get_of("/steps/structure/blocks?limit=2");
	assert_int_equal(json_array_size(json_get_array(f->doc, "items")), 2);
	assert_int_equal(json_get_int(json_array_get(json_get_array(f->doc, "items"), 1), "n", 0),
	    (long long)all);
	f = get_of(arena_printf(
	    a, "/steps/structure/blocks?before=%s", json_get_cstr(f->doc, "next", "")));
	assert_int_equal(json_array_size(json_get_array(f->doc, "items")), all - 2);
	f = get_of("/steps/structure/raw?from=2&lines=3");
	is(f, 200);
	assert_int_equal(json_array_size(json_get_array(f->doc, "lines")), 3);
	assert_true(json_get_int(f->doc, "total", 0) > 10);
	f = get_of("/steps/structure/find?q=MAIN\\.c&regex=1");
	is(f, 200);
	assert_true(json_get_int(f->doc, "total", 0) > 0);
	f = get_of("/steps/structure/find?q=zebra");
	assert_int_equal(json_get_int(f->doc, "total", -1), 0);
	is(get_of("/steps/structure/find?q=(&regex=1"), 400);
	is(get_of("/steps/structure/find"), 400);
	is_error(get_of("/steps/none/raw"), 404, "not_found",
	    arena_printf(a, "run %s has no step 'none'", id));
	is(get_of("/steps/structure/blocks?attempt=9"), 200);
}

static void reports_have_five_forms(void **state)
{
	(void)state;
	a_run();
	struct fake *f = get_of("/report");

	is(f, 200);
	assert_true(str_starts(f->text, STR("# ")));
	assert_string_equal(f->type, "text/markdown; charset=utf-8");
	assert_string_equal(f->file, "");
	f = get_of("/report?as=html&download=1");
	assert_true(str_starts(f->text, STR("<!doctype html>")) ||
		    str_starts(f->text, STR("<!DOCTYPE html>")));
	assert_non_null(strstr(f->file, "architectural-analysis"));
	assert_true(str_ends(str_from(f->file), STR(".html")));
	f = get_of("/report?as=html&fragment=1");
	assert_false(str_contains(f->text, STR("<head>")));
	assert_true(str_contains(f->text, STR("<main>")));
	f = get_of("/report?as=json");
	assert_string_equal(json_get_cstr(f->doc, "schema", ""), "tutti.report/1");
	f = get_of("/report?as=sarif");
	assert_string_equal(json_get_cstr(f->doc, "version", ""), "2.1.0");
	f = get_of("/report?as=junit");
	assert_true(str_contains(f->text, STR("<testsuite")));
	is_error(get_of("/report?as=pdf"), 400, "bad_request", "there is no form \"pdf\"");
	is_error(
	    get_of("/report?fragment=2"), 400, "bad_request", "fragment is a number from 0 to 1");
}

#define POOL 4 /* threads of libuv's; main says so */

static sem_t held, go_on;

static void on_pool(uv_work_t *work)
{
	(void)work;
	sem_post(&held);
	sem_wait(&go_on);
}

static void on_worked(uv_work_t *work, int status)
{
	(void)status;
	++*(unsigned *)work->data;
}

/* Lines of files are not read where runs are written: with the pool busy, the store still answers.
 */
static void a_page_keeps_nobody_from_the_store(void **state)
{
	uv_work_t works[POOL];
	unsigned done = 0;

	(void)state;
	a_run();
	sem_init(&held, 0, 0);
	sem_init(&go_on, 0, 0);
	for (size_t i = 0; i < POOL; i++) {
		works[i].data = &done;
		uv_queue_work(&house.loop, &works[i], on_pool, on_worked);
	}
	for (size_t i = 0; i < POOL; i++)
		sem_wait(&held);
	struct fake *page = begin(HTTP_BEARER, HTTP_GET,
	    arena_printf(a, "/api/v1/runs/%s/report?as=html", id), NULL, NULL);

	is(get_of(""), 200);
	is(get_of("/report"), 200);
	assert_false(page->answered);
	for (size_t i = 0; i < POOL; i++)
		sem_post(&go_on);
	is(wait_for(page), 200);
	assert_true(str_contains(page->text, STR("int main(void)")));
	while (done < POOL)
		uv_run(&house.loop, UV_RUN_ONCE);
}

static void frozen_files_are_shown_in_lines(void **state)
{
	(void)state;
	a_run();
	struct fake *f = get_of("/files?path=src/main.c&from=2&to=3");

	is(f, 200);
	assert_int_equal(json_get_int(f->doc, "total", 0), 5);
	assert_int_equal(json_get_int(f->doc, "to", 0), 3);
	assert_string_equal(
	    json_string_value(json_array_get(json_get_array(f->doc, "lines"), 1)), "\treturn 0;");
	f = get_of("/files?path=src/main.c&from=100");
	assert_int_equal(json_array_size(json_get_array(f->doc, "lines")), 0);
	is_error(get_of("/files?path=src/none.c"), 404, "not_found",
	    arena_printf(a, "src/none.c is no file of run %s", id));
	is_error(get_of("/files?path=bin"), 400, "bad_request", "bin holds no text");
	is_error(get_of("/files"), 400, "bad_request", "which file?");
}

/* Nothing but what was frozen, whatever the path says. */
static void no_path_leads_out(void **state)
{
	static const char *const paths[] = { "/etc/passwd", "../../../../../../etc/passwd",
		"src/../../manifest.json", "link", "src", ".", "", "src//../../git/config",
		"./../manifest.json", "src/main.c/", "/", ".." };

	(void)state;
	a_run();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct fake *f = get_of(arena_printf(a, "/files?path=%s", paths[i]));

		if (f->status != 404 && f->status != 400)
			fail_msg("%s: %u", paths[i], f->status);
	}
}

static void coverage_and_proof_are_those_of_the_commands(void **state)
{
	(void)state;
	a_run();
	struct fake *f = get_of("/coverage");

	is(f, 200);
	assert_non_null(json_get_array(f->doc, "files"));
	f = get_of("/proof");
	is(f, 200);
	assert_string_equal(f->type, "application/x-ndjson");
	assert_true(str_contains(f->text, STR("\"seal\"")) || f->text.n > 1000);
}

static void two_runs_are_compared(void **state)
{
	(void)state;
	a_run();
	const char *other = launch(request("architectural-analysis", "another question"));

	wait_end(other);
	struct fake *f = get(arena_printf(a, "/api/v1/compare?a=%s&b=%s", id, other));

	is(f, 200);
	const json_t *input = json_array_get(json_get_array(f->doc, "inputs"), 0);

	assert_string_equal(json_get_cstr(input, "name", ""), "question");
	assert_int_equal(json_get_int(json_get_object(f->doc, "counts"), "same", 0), 1);
	assert_int_equal(json_array_size(json_get_array(f->doc, "agents")), 6);
	is_error(get("/api/v1/compare?a=last"), 400, "bad_request", "which two runs?");
	is_error(get(arena_printf(a, "/api/v1/compare?a=%s&b=r-none", id)), 404, "not_found",
	    "no run r-none");
}

/* --- changing ----------------------------------------------------------------------------- */

static struct fake *post_to(const char *run, const char *verb, json_t *body)
{
	return ask(HTTP_POST, arena_printf(a, "/api/v1/runs/%s/%s", run, verb), body);
}

static const json_t *gate_of(const char *run)
{
	struct fake *f = get(arena_printf(a, "/api/v1/runs/%s", run));
	const json_t *step;
	size_t i;

	json_array_foreach (json_get_array(f->doc, "steps"), i, step)
		if (strcmp(json_get_cstr(step, "step", ""), "gate") == 0)
			return step;
	return NULL;
}

static void a_person_answers(void **state)
{
	(void)state;
	const char *run = launch(request("ask", "q"));

	while (strcmp(json_get_cstr(gate_of(run), "status", ""), "running") != 0)
		uv_run(&house.loop, UV_RUN_NOWAIT);
	assert_string_equal(
	    json_get_cstr(gate_of(run), "ask_html", ""), "<p>May <strong>it</strong> go on?</p>\n");
	assert_string_equal(
	    json_string_value(json_array_get(json_get_array(gate_of(run), "choices"), 0)),
	    "yes-do");
	is_error(
	    post_to(run, "approve", json_pack("{s:s, s:s}", "step", "gate", "choice", "maybe")),
	    409, "conflict", arena_printf(a, "step gate of run %s does not take 'maybe'", run));
	is_error(post_to(run, "approve", json_pack("{s:s}", "step", "gate")), 400, "bad_request",
	    "which step, and which choice?");
	is(post_to(run, "approve", json_pack("{s:s, s:s}", "step", "gate", "choice", "yes-do")),
	    202);
	wait_end(run);
	assert_string_equal(status_of(run), "completed");
}

static void a_run_is_stopped_and_goes_on(void **state)
{
	(void)state;
	const char *run = launch(request("ask", "stop me"));

	is_error(ask(HTTP_DELETE, arena_printf(a, "/api/v1/runs/%s", run), NULL), 409, "conflict",
	    arena_printf(a, "run %s is still running", run));
	is(post_to(run, "cancel", json_pack("{s:s}", "why", "enough")), 202);
	wait_end(run);
	assert_string_equal(status_of(run), "cancelled");
	is_error(post_to(run, "cancel", NULL), 409, "conflict",
	    arena_printf(a, "run %s is not running; it is cancelled", run));
	struct fake *f = post_to(run, "resume", json_object());

	is(f, 202);
	assert_string_equal(json_get_cstr(json_get_object(f->doc, "run"), "status", ""), "running");
	is(post_to(run, "cancel", NULL), 202);
	wait_end(run);
	is(post_to(run, "retry", json_pack("{s:s}", "step", "gate")), 202);
	is(post_to(run, "cancel", NULL), 202);
	wait_end(run);
	is_error(post_to(run, "retry", json_pack("{s:s}", "step", "none")), 404, "not_found",
	    arena_printf(a, "run %s has no step 'none'", run));
}

static void an_ended_run_is_taken_out(void **state)
{
	(void)state;
	const char *run = launch(request("ask", "a word nobody says: xylophone"));

	assert_int_equal(count("/api/v1/search?q=xylophone"), 1);
	is(post_to(run, "cancel", NULL), 202);
	wait_end(run);
	deleted = 0;
	is(ask(HTTP_DELETE, arena_printf(a, "/api/v1/runs/%s", run), NULL), 204);
	assert_true(deleted > 0);
	is(get(arena_printf(a, "/api/v1/runs/%s", run)), 404);
	assert_int_equal(count("/api/v1/search?q=xylophone"), 0);
}

/* --- everything else ---------------------------------------------------------------------- */

static void what_is_not_there_names_what_is_near(void **state)
{
	(void)state;
	struct fake *f = get("/api/v1/rusn");

	is_error(f, 404, "not_found", "there is nothing at /api/v1/rusn");
	assert_string_equal(json_string_value(json_array_get(
				json_get_array(json_get_object(f->doc, "error"), "fix"), 0)),
	    "did you mean /api/v1/runs?");
	f = ask(HTTP_DELETE, "/api/v1/runs", NULL);
	is_error(f, 405, "method_not_allowed", "/api/v1/runs does not take DELETE");
	assert_string_equal(json_string_value(json_array_get(
				json_get_array(json_get_object(f->doc, "error"), "fix"), 0)),
	    "it takes GET, POST");
	is(get("/"), 404);
	is(get("/api/v1/runs/"), 404);
	is(get("/api/v1/runs/last/"), 404);
	is(get(arena_printf(a, "/api/v1/flows/%s/x", "research")), 404);
}

static void the_catalogue_is_told(void **state)
{
	(void)state;
	a_run();
	assert_true(count("/api/v1/flows") >= 27);
	struct fake *f = get("/api/v1/flows/architectural-analysis");

	is(f, 200);
	assert_string_equal(json_get_cstr(f->doc, "origin", ""), "built in");
	assert_string_equal(json_get_cstr(get("/api/v1/flows/ask")->doc, "origin", ""), "user");
	is(get(arena_printf(a, "/api/v1/flows?repo=%s", repo)), 200);
	is_error(get("/api/v1/flows?repo=x"), 400, "bad_request",
	    "the repository \"x\" is no absolute path");
	is_error(get("/api/v1/flows/nope"), 404, "not_found", "no flow is called 'nope'");
}

static void the_house_tells_of_itself(void **state)
{
	(void)state;
	a_run();
	is(get("/healthz"), 200);
	struct fake *f = get("/metrics");

	is(f, 200);
	assert_true(str_contains(f->text, STR("tutti_runs{status=\"completed\"} ")));
	assert_true(str_contains(f->text, STR("tutti_attempts_total{ending=\"answered\"} ")));
	assert_true(str_contains(f->text, STR("\ntutti_commits_total ")));
	f = get("/api/v1/agents");
	is(f, 200);
	assert_true(json_get_bool(f->doc, "ready", false));
	f = get("/api/v1/repositories");
	assert_string_equal(
	    json_get_cstr(json_array_get(json_get_array(f->doc, "items"), 0), "path", ""), repo);
	f = get("/api/v1/session");
	assert_string_equal(json_get_cstr(f->doc, "epoch", ""), "e-test");
	is(ask(HTTP_POST, "/api/v1/session/sign-out", NULL), 204);
	static char listener; /* nobody looks into it */

	is_error(ask(HTTP_POST, "/api/v1/session/link", NULL), 409, "conflict",
	    "the daemon has no port");
	api_set_http(api, (struct http *)(void *)&listener);
	f = ask(HTTP_POST, "/api/v1/session/link", NULL);
	api_set_http(api, NULL);
	is(f, 200);
	assert_true(str_starts(
	    json_get_str(f->doc, "sign_in"), STR("http://127.0.0.1:7770/sign-in?code=")));
}

/* Generated clients call operations by these. */
static void names_are_told_once(const json_t *paths)
{
	const char *path, *method;
	json_t *methods, *operation, *seen = json_object();

	json_object_foreach (unconst(paths), path, methods)
		json_object_foreach (methods, method, operation) {
			const char *name = json_get_cstr(operation, "operationId", "");

			assert_true(
			    name[0] && name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] == '\0');
			assert_null(json_object_get(seen, name));
			json_object_set_new(seen, name, json_true());
		}
	assert_true(json_object_size(seen) > 25);
	json_decref(seen);
}

static void the_table_is_a_document(void **state)
{
	(void)state;
	struct fake *f = get("/api/v1/openapi.json");
	json_t *paths = json_get_object(f->doc, "paths");

	is(f, 200);
	names_are_told_once(paths);
	assert_non_null(json_get_object(json_get_object(paths, "/api/v1/runs"), "post"));
	assert_non_null(json_get_object(json_get_object(paths, "/api/v1/runs/{run}"), "delete"));
}

/* docs/api.md holds it between its marks; ./dev docs api writes it there. */
static void the_table_is_that_of_the_page(void **state)
{
	const char *top = getenv("TUTTI_SOURCE"), *to = getenv("API_ANSWERS");
	struct str page, want = api_routes_markdown(a);
	struct err err;

	(void)state;
	if (to)
		assert_int_equal(fs_write(fs_join(a, to, "routes.md"), want, 0644, &err), 0);
	if (!top)
		skip();
	assert_int_equal(fs_read(a, fs_join(a, top, "docs/api.md"), MIB(1), &page), 0);
	if (!str_contains(page, want))
		fail_msg("the table of docs/api.md is another one: ./dev docs api");
}

static void an_ending_house_launches_nothing(void **state)
{
	(void)state;
	api_drain(api);
	is(get("/healthz"), 503);
	is_error(ask(HTTP_POST, "/api/v1/runs", request("research", "q")), 503, "not_ready",
	    "the daemon is ending");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_launch_is_told_and_run),
		cmocka_unit_test(the_same_key_launches_once),
		cmocka_unit_test(the_key_of_who_hung_up_is_kept),
		cmocka_unit_test(what_cannot_be_launched_says_why),
		cmocka_unit_test(a_preview_tells_who_would_work),
		cmocka_unit_test(a_report_is_handed_on),
		cmocka_unit_test(runs_are_found_by_what_they_are),
		cmocka_unit_test(names_of_runs_are_short_or_long),
		cmocka_unit_test(a_page_that_looks_has_seen),
		cmocka_unit_test(steps_are_told_whole),
		cmocka_unit_test(attempts_are_told_in_blocks_and_lines),
		cmocka_unit_test(reports_have_five_forms),
		cmocka_unit_test(a_page_keeps_nobody_from_the_store),
		cmocka_unit_test(frozen_files_are_shown_in_lines),
		cmocka_unit_test(no_path_leads_out),
		cmocka_unit_test(coverage_and_proof_are_those_of_the_commands),
		cmocka_unit_test(two_runs_are_compared),
		cmocka_unit_test(a_person_answers),
		cmocka_unit_test(a_run_is_stopped_and_goes_on),
		cmocka_unit_test(an_ended_run_is_taken_out),
		cmocka_unit_test(runs_are_listed_page_by_page),
		cmocka_unit_test(what_is_not_there_names_what_is_near),
		cmocka_unit_test(the_catalogue_is_told),
		cmocka_unit_test(the_house_tells_of_itself),
		cmocka_unit_test(the_table_is_a_document),
		cmocka_unit_test(the_table_is_that_of_the_page),
		cmocka_unit_test(an_ending_house_launches_nothing),
	};

	if (argc > 1 && strcmp(argv[1], "agent") == 0) /* we stand behind the fence, too */
		return agent_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], "__freeze") == 0)
		return freeze_main(argc, argv);
	setenv("UV_THREADPOOL_SIZE", "4", 1);
	return cmocka_run_group_tests(tests, setup, teardown);
}
