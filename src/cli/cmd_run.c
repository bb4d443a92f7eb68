#include "cli/finish.h"

#include "api/launch.h"
#include "api/several.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/dry_run.h"
#include "cli/paths.h"
#include "cli/remote.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <unistd.h>

struct run_opts {
	const char *size, *focus, *at, *base, *model, *agent, *format, *output, *sarif, *fail_on,
	    *baseline, *script, *provided;
	bool fast, strict, dry_run, detach;
	const char *validators;
	long long budget;
	struct opt_texts validator_models;
	msec_t timeout;
};

#define O(member) offsetof(struct run_opts, member)

static const struct opt opts[] = {
	{ "size", 0, OPT_CHOICE, "small|medium|large|auto", "What", "how many agents (auto)",
	    O(size) },
	{ "focus", 0, OPT_TEXT, "TEXT", "What", "what to look at most", O(focus) },
	{ "fast", 0, OPT_FLAG, NULL, "What", "fewer turns a step", O(fast) },
	{ "provided", 0, OPT_TEXT, "RUN", "What", "hand on the report of this run, as evidence",
	    O(provided) },
	{ "dry-run", 0, OPT_FLAG, NULL, "What",
	    "only say what it would be: size, signals, who runs and why not", O(dry_run) },
	{ "at", 0, OPT_TEXT, "REF", "Where", "freeze this commit, not the working tree", O(at) },
	{ "base", 0, OPT_TEXT, "REF", "Where", "compare with this commit", O(base) },
	{ "model", 0, OPT_TEXT, "NAME", "How", "the model; `rehearsal` needs none", O(model) },
	{ "agent", 0, OPT_TEXT, "NAME", "How", "which agent works: tutti agents (native)",
	    O(agent) },
	{ "validators", 0, OPT_CHOICE, "1|2|3|4|5", "How", "how many judge each finding (1)",
	    O(validators) },
	{ "validator-model", 0, OPT_TEXTS, "NAME", "How",
	    "the model of the first validator, once more of the next", O(validator_models) },
	{ "timeout", 0, OPT_SPAN, "TIME", "How", "limit of the whole run, e.g. 30m", O(timeout) },
	{ "budget", 0, OPT_NUMBER, "TOKENS", "How", "limit of the whole run", O(budget) },
	{ "rehearsal-script", 0, OPT_TEXT, "FILE", "How", "misbehaviour for the rehearsal model",
	    O(script) },
	{ "detach", 0, OPT_FLAG, NULL, "How", "do not wait; a daemon carries it out", O(detach) },
	{ "format", 0, OPT_CHOICE, "auto|live|plain|jsonl|quiet", "Output",
	    "of the progress (auto)", O(format) },
	{ "output", 'o', OPT_TEXT, "FILE", "Output",
	    "where the report goes; - is stdout, *.html a page", O(output) },
	{ "sarif", 0, OPT_TEXT, "FILE", "CI", "also write the findings as SARIF", O(sarif) },
	{ "fail-on", 0, OPT_CHOICE, GATE_WORDS, "CI", "exit 3 when a finding this bad stands",
	    O(fail_on) },
	{ "baseline", 0, OPT_TEXT, "RUN|FILE", "CI", "only what is new since this run or file",
	    O(baseline) },
	{ "strict", 0, OPT_FLAG, NULL, "CI", "exit 8 when anything is missing", O(strict) },
	{ 0 },
};

/* --- the request
 * ------------------------------------------------------------------------------------ */

static int read_question(struct arena *a, const char *word, struct str *ret, struct err *err)
{
	struct buf b;
	char chunk[KIB(4)];
	ssize_t n;

	*ret = str_from(word);
	if (strcmp(word, "-") == 0) {
		buf_init(&b, QUESTION_MAX + 1);
		while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
			buf_add(&b, (struct str){ chunk, (size_t)n });
		*ret = arena_dup(a, str_trim(buf_str(&b)));
		int rc = buf_status(&b);

		buf_fini(&b);
		if (rc)
			return err_set(err, rc, "the question is longer than 64 KiB");
	}
	if (ret->n > QUESTION_MAX)
		return err_set(err, -E2BIG, "the question is longer than 64 KiB");
	return 0;
}

/* NAME=VALUE; whether the flow has such an input is looked at where requests are. */
static int add_word(json_t *inputs, const char *flow, const char *word, struct err *err)
{
	struct str value = str_from(word), name = str_split(&value, '=');

	if (value.p && name.n) {
		char *key = xstrndup(name.p, name.n);

		json_object_set_new(inputs, key, json_text(value));
		free(key);
		return 0;
	}
	err_set(err, -EINVAL, "what is \"%.100s\"?", word);
	err_why(err, "behind the flow comes one question, then inputs of the flow as NAME=VALUE");
	return err_fix(err, "put the question in quotes: tutti run %s \"…\"", flow);
}

static void set_text(json_t *request, const char *name, const char *value)
{
	if (value)
		json_object_set_new(request, name, json_cstr(value));
}

/* The repository, as far as it is known; one that cannot be opened is named as it was given. */
static const char *repo_of(struct arena *a, const struct globals *g)
{
	struct err ignored;
	char *repo, *cwd;

	if (paths_repo(a, g->repo, &repo, &ignored) == 0)
		return repo;
	if (!g->repo || g->repo[0] == '/')
		return g->repo;
	cwd = getcwd(NULL, 0);
	repo = cwd ? fs_join(a, cwd, g->repo) : NULL;
	free(cwd);
	return repo ? repo : g->repo;
}

static void set_options(const struct globals *g, const struct run_opts *o, json_t *request)
{
	json_t *models = json_array();

	set_text(request, "size", o->size);
	set_text(request, "focus", o->focus);
	set_text(request, "at", o->at);
	set_text(request, "base", o->base);
	set_text(request, "agent", o->agent);
	set_text(request, "model", o->model);
	set_text(request, "provided", o->provided);
	for (size_t i = 0; i < o->validator_models.n; i++)
		json_array_append_new(models, json_cstr(o->validator_models.v[i]));
	json_object_set_new(request, "validator_models", models);
	json_object_set_new(request, "validators",
	    json_integer(o->validators ? strtol(o->validators, NULL, 10) : 0));
	json_object_set_new(request, "budget", json_integer(o->budget));
	json_object_set_new(request, "timeout_ms", json_integer(o->timeout));
	json_object_set_new(request, "fast", json_boolean(o->fast));
	json_object_set_new(request, "trust_repo", json_boolean(g->trust_repo));
}

/* What is asked for, as HTTP would hand it in. */
static int make_request(struct arena *a, const struct globals *g, const struct run_opts *o,
    const char **words, size_t n, json_t *request, struct err *err)
{
	json_t *inputs = json_object();
	struct str question = { "", 0 };
	int rc = n > 1 ? read_question(a, words[1], &question, err) : 0;

	set_text(request, "flow", words[0]);
	json_object_set_new(request, "question", json_text(question));
	json_object_set_new(request, "inputs", inputs);
	for (size_t i = 2; !rc && i < n; i++)
		rc = add_word(inputs, words[0], words[i], err);
	set_options(g, o, request);
	return rc;
}

/* --- launching ---------------------------------------------------------------------------- */

static int launch(
    struct follow *f, const struct launch *l, const struct run_opts *o, const struct gate *gate)
{
	struct err err;
	struct finish_spec how = { .output = o->output, .sarif = o->sarif, .gate = gate };
	int rc = follow_launch(f, l, &err);

	return rc ? cli_fail(f->house.globals, &err, cli_code(rc)) : finish(f, &how);
}

static int run_flow(
    struct arena *a, const struct globals *g, const struct run_opts *o, struct order *order)
{
	const struct follow_spec spec = { .house = { .globals = g,
					      .agent = o->agent,
					      .model = o->model,
					      .script = o->script,
					      .agents = order->agents },
		.format = g->json ? "quiet" : o->format };
	struct err err = { 0 };
	struct follow f;
	struct gate gate;
	int code = gate_open(a, g, o->fail_on, o->baseline, o->strict, &gate, &err);

	if (!code)
		code = follow_open(&f, a, &spec, &err);
	if (code)
		return cli_fail(g, &err, code);
	order->launch.agent = str_from(f.house.agent);
	show_say(&f.show, "%s", several_roster(a, order->flow, order->launch.size));
	code = launch(&f, &order->launch, o, &gate);
	follow_close(&f);
	return code;
}

/* --- by a daemon --------------------------------------------------------------------------- */

static int no_daemon(const struct globals *g)
{
	struct err err = { 0 };

	err_set(&err, -ENOENT, "nobody is there to carry the run out");
	err_why(&err, "no daemon works in this data directory, and --detach leaves at once");
	err_fix(&err, "tutti serve\nor without --detach: tutti run …");
	return cli_fail(g, &err, EXIT_NOT_READY);
}

static int not_here(const struct globals *g)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "--rehearsal-script is the daemon's to have");
	err_why(&err, "a daemon works in this data directory and carries runs out");
	err_fix(&err, "tutti serve --rehearsal-script FILE\nor another place: --data DIR");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int no_text(const struct globals *g)
{
	struct err err = { 0 };

	err_set(&err, -EILSEQ, "a daemon cannot be asked about this repository");
	err_why(&err, "its path is no UTF-8, and requests are");
	err_fix(&err, "rename the directory, or use no daemon: --data DIR");
	return cli_fail(g, &err, EXIT_NOT_READY);
}

/* The daemon is asked for the same thing; looked on from here. */
static int run_remote(struct arena *a, const struct globals *g, const struct run_opts *o,
    struct client *client, const struct order *order, const json_t *request)
{
	struct gate gate;
	struct finish_spec how = { .output = o->output, .sarif = o->sarif, .gate = &gate };
	struct err err = { 0 };
	json_t *started = NULL;

	if (o->script)
		return not_here(g);
	if (!utf8_valid(order->launch.repo))
		return no_text(g);
	int code = gate_open(a, g, o->fail_on, o->baseline, o->strict, &gate, &err);

	if (!code)
		code = client_call(client, "POST", "/api/v1/runs", request, &started, &err);
	if (code)
		return cli_fail(g, &err, code);
	const char *id = arena_cstr(a, json_get_str(started, "id"));

	if (!o->detach)
		code = remote_follow(a, g, id, g->json ? "quiet" : o->format, &how);
	else if (g->json)
		code = cli_print_json(json_incref(started), EXIT_DONE);
	else
		code = cli_print(str_from(arena_printf(a, "%s\n", id)), EXIT_DONE);
	json_decref(started);
	return code;
}

/* --- the command --------------------------------------------------------------------------- */

/* Whoever has the data carries it out. */
static int carry_out(struct arena *a, const struct globals *g, const struct run_opts *o,
    struct order *order, const json_t *request)
{
	struct client *client;
	struct err err = { 0 };
	int code = remote_open(a, g, &client, &err);

	if (code)
		return cli_fail(g, &err, code);
	if (client)
		return run_remote(a, g, o, client, order, request);
	return o->detach ? no_daemon(g) : run_flow(a, g, o, order);
}

static int code_of(enum order_fault fault)
{
	static const int codes[] = { [ORDER_SOUND] = EXIT_DONE,
		[ORDER_BAD] = EXIT_USAGE,
		[ORDER_NO_FLOW] = EXIT_NOT_FOUND,
		[ORDER_BAD_FLOW] = EXIT_INVALID,
		[ORDER_NO_REPO] = EXIT_NOT_READY,
		[ORDER_NOT_READY] = EXIT_NOT_READY,
		[ORDER_UNTRUSTED] = EXIT_NOT_READY };

	return codes[fault];
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const struct run_opts *o = values;
	json_t *request = json_object();
	struct order order = { 0 };
	struct err err = { 0 };
	int code = 0;

	if (!n) {
		code = EXIT_USAGE;
		err_set(&err, -EINVAL, "which flow?");
		err_fix(&err, "tutti flows list");
	} else if (make_request(a, g, o, words, n, request, &err) < 0) {
		code = EXIT_USAGE;
	} else {
		const struct order_from from = { paths_config(a), paths_data_choice(a, g->data),
			repo_of(a, g) };

		set_text(request, "repo", from.repo);
		code = code_of(order_make(a, &from, request, &order, &err));
	}
	if (code)
		code = cli_fail(g, &err, code);
	else
		code = o->dry_run ? dry_run(a, g, &order) : carry_out(a, g, o, &order, request);
	order_free(&order);
	json_decref(request);
	return code;
}

static const char *const examples[] = {
	"tutti run architectural-analysis \"the scheduler and its store\"",
	"tutti run code-review \"the changes on this branch\" --base main --fail-on high", NULL
};

const struct cmd cmd_run = { "run", "run FLOW QUESTION [NAME=VALUE…]",
	"run a flow on a repository and get its report", opts, examples, run,
	sizeof(struct run_opts), false };
