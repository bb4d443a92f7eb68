/*
 * Requests to the API, line by line: METHOD TARGET BODY, where "@" in the target is the newest run
 * and "G", "P", "D" are enough of a method. Each is answered once, by what its route may answer or
 * an error with all its parts, and never by a fault of ours. On a real engine and a real store,
 * without anybody at work: the flow that can be launched asks a person.
 */
#include "must.h"

#include "../unit/fake_http.h"
#include "api/api.h"
#include "base/utf8.h"
#include "sys/fs.h"

#include <unistd.h>
#include <uv.h>

#define REQUESTS 12   /* of one input */
#define LAUNCHES 2000 /* of one house */

#define FLOW                                                                                    \
	"flow: ask\ntitle: Ask\ncategory: analysis\nsummary: s\n"                               \
	"inputs:\n  deep: {type: boolean, default: false}\n"                                    \
	"steps:\n  - {id: gate, kind: approval, ask: \"May **it** go on?\", choices: [y, n]}\n" \
	"  - {id: sum, kind: code, needs: [gate], value: \"{gate = gate.output}\"}\n"

static uv_loop_t loop;
static struct engine *engine;
static struct api *api;
static struct arena *house;
static struct programs programs;
static char dir[64];
static char newest[ID_RUN_SIZE] = "r-none";
static unsigned launches;

/* --- the house ---------------------------------------------------------------------------- */

static void ready(void *ctx, const char *agent, const char *model, api_ready_fn fn, void *fn_ctx)
{
	struct err err = { 0 };

	(void)ctx;
	(void)agent;
	(void)model;
	fn(fn_ctx, err_set(&err, -ENOENT, "nobody is there"), &err);
}

static void remove_house(void)
{
	fs_remove_tree(dir);
}

static void make_place(void)
{
	struct err err;

	/* nothing here is about what the disk does, so it may be memory */
	snprintf(dir, sizeof(dir), "%s/tutti-fuzz-api-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(dir));
	must(fs_mkdirs(fs_join(house, dir, "config/flows"), 0700) == 0);
	must(fs_mkdirs(fs_join(house, dir, "repo"), 0700) == 0);
	must(fs_write(fs_join(house, dir, "config/flows/ask.yaml"), STR(FLOW), 0600, &err) == 0);
	must(fs_write(fs_join(house, dir, "repo/a.c"), STR("int a;\n"), 0600, &err) == 0);
}

static void open_house(void)
{
	static const struct upstream_config none;
	struct engine_config config = { .loop = &loop, .node = "fuzz" };
	struct err err;

	house = arena_create("house", ARENA_JOB);
	make_place();
	uv_loop_init(&loop);
	must(store_sqlite.open(fs_join(house, dir, "tutti.db"), false, &config.store, &err) == 0);
	must(store_sqlite.migrate(config.store, &err) == 0);
	must(engine_create(&config, &engine, &err) == 0);
	const struct api_config c = { .loop = &loop,
		.engine = engine,
		.version = "1",
		.build = "fuzz",
		.epoch = "e-0",
		.data = dir,
		.user = fs_join(house, dir, "config"),
		.agent = "native",
		.programs = &programs,
		.upstream = &none,
		.ready = ready };

	api = api_create(&c);
	launches = 0;
}

static void close_house(void)
{
	must(api_under_way(api) == 0);
	engine_destroy(engine);
	api_destroy(api);
	uv_run(&loop, UV_RUN_DEFAULT);
	must(uv_loop_close(&loop) == 0);
	remove_house();
	arena_destroy(house);
	snprintf(newest, sizeof(newest), "r-none");
}

/* --- one request --------------------------------------------------------------------------- */

/* As http hands it on: decoded, no ".", no control characters. */
static bool is_path(struct str path)
{
	struct str rest = path;

	if (!path.n || path.p[0] != '/' || !utf8_valid(path))
		return false;
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] < ' ' || path.p[i] == '\x7f')
			return false;
	while (rest.p) {
		struct str part = str_split(&rest, '/');

		if (str_is(part, ".") || str_is(part, ".."))
			return false;
	}
	return true;
}

/* TEXT with the newest run for each "@". */
static char *with_run(struct arena *a, struct str text)
{
	struct buf b;

	buf_init(&b, MIB(1));
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '@')
			buf_adds(&b, newest);
		else
			buf_add(&b, (struct str){ text.p + i, 1 });
	char *s = arena_cstr(a, buf_str(&b));

	buf_fini(&b);
	return s;
}

/* What is not looked at here: other places of this machine, and what programs there are on it. */
static bool is_elsewhere(struct fake *f)
{
	json_t *repo = json_object_get(f->q.json, "repo");

	if (repo && json_is_string(repo))
		json_object_set_new(f->q.json, "repo", json_string(fs_join(house, dir, "repo")));
	return strstr(f->query, "repo=") || str_is(f->q.path, "/api/v1/agents") ||
	       str_ends(f->q.path, STR("/events")) || str_is(f->q.path, "/api/v1/ws");
}

static void check_error(const struct fake *f)
{
	const json_t *e = json_get_object(f->doc, "error");

	must(f->status < 500 || f->status == 503); /* there is nobody to work */
	must(f->doc && e && json_get_str(e, "what").n && json_get_str(e, "code").n);
	must(json_is_array(json_object_get(e, "fix")));
}

static void check_answer(const struct fake *f)
{
	must(f->answered);
	if (f->status >= 400) {
		check_error(f);
		return;
	}
	must(f->status == 200 || f->status == 201 || f->status == 202 || f->status == 204);
	must((f->status == 204) == (!f->doc && !f->type[0]));
	must(f->doc || !f->text.n || utf8_valid(f->text));
	if (f->status == 201 && json_get_str(f->doc, "id").n) {
		snprintf(newest, sizeof(newest), "%.*s", STR_ARG(json_get_str(f->doc, "id")));
		launches++;
	}
}

static enum http_method method_of(struct str word)
{
	return word.n && word.p[0] == 'P'   ? HTTP_POST
	       : word.n && word.p[0] == 'D' ? HTTP_DELETE
					    : HTTP_GET;
}

static void ask(struct str line)
{
	struct arena *a = arena_create("request", ARENA_JOB);
	struct fake *f = arena_new(a, struct fake);
	struct str method = str_split(&line, ' '), target = str_split(&line, ' ');
	struct str query = str_from(with_run(a, target)), path = str_split(&query, '?');

	f->q = (struct http_req){ .arena = a,
		.method = method_of(method),
		.who = method.n > 4 ? HTTP_COOKIE : HTTP_BEARER,
		.path = arena_dup(a, path),
		.body = line };
	f->query = query.p && utf8_valid(query) ? arena_cstr(a, query) : "";
	f->idempotency = method.n == 3 ? "k" : NULL;
	if (line.n && f->q.method != HTTP_GET)
		f->q.json = json_parse(line, NULL);
	bool refused_before = !is_path(path) || line.n > HTTP_BODY_MAX ||
			      (line.n && !json_is_object(f->q.json)) || is_elsewhere(f);

	if (!refused_before) {
		api_handle(api, &f->q);
		while (!f->answered)
			uv_run(&loop, UV_RUN_ONCE);
		check_answer(f);
	}
	json_decref(f->doc);
	json_decref(f->q.json);
	while (api && api_under_way(api))
		uv_run(&loop, UV_RUN_ONCE);
	arena_destroy(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };

	if (api && launches > LAUNCHES) {
		close_house();
		api = NULL;
	}
	if (!api) {
		static bool swept;

		open_house();
		if (!swept)
			atexit(remove_house);
		swept = true;
	}
	for (unsigned n = 0; rest.n && n < REQUESTS; n++)
		ask(str_split(&rest, '\n'));
	return 0;
}
