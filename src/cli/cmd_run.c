#include "cli/finish.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"
#include "cli/paths.h"
#include "cli/several.h"

#include <stdlib.h>
#include <unistd.h>

struct run_opts {
	const char *size, *focus, *at, *base, *model, *agent, *format, *output, *sarif, *fail_on,
	    *baseline, *script;
	bool fast, strict;
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

static bool has_input(const struct flow *flow, struct str name)
{
	for (size_t i = 0; i < flow->n_inputs; i++)
		if (str_eq(flow->inputs[i].name, name))
			return true;
	return false;
}

static int add_word(const struct flow *flow, json_t *input, const char *word, struct err *err)
{
	struct str value = str_from(word), name = str_split(&value, '=');

	if (value.p && has_input(flow, name)) {
		char *key = xstrndup(name.p, name.n);

		json_object_set_new(input, key, json_text(value));
		free(key);
		return 0;
	}
	err_set(err, -EINVAL, "what is \"%.100s\"?", word);
	err_why(err, "behind the flow comes one question, then inputs of the flow as NAME=VALUE");
	return err_fix(
	    err, "put the question in quotes: tutti run %.*s \"…\"", STR_ARG(flow->name));
}

/* What the flow cannot do without was given. */
static int check_required(
    struct arena *a, const struct flow *flow, const json_t *input, struct err *err)
{
	for (size_t i = 1; i < flow->n_inputs; i++) {
		const struct flow_input *in = &flow->inputs[i];

		if (!in->required || str_trim(json_get_str(input, arena_cstr(a, in->name))).n)
			continue;
		err_set(err, -EINVAL, "%.*s needs %.*s", STR_ARG(flow->name), STR_ARG(in->name));
		err_why(
		    err, "%.*s: without it this flow has nothing to rest on", STR_ARG(in->label));
		return err_fix(err, "tutti run %.*s \"…\" %.*s=\"%.*s\"", STR_ARG(flow->name),
		    STR_ARG(in->name), STR_ARG(in->placeholder.n ? in->placeholder : STR("…")));
	}
	return 0;
}

static int make_input(struct arena *a, const struct flow *flow, const struct run_opts *o,
    const char **words, size_t n, json_t **ret, struct err *err)
{
	struct str question = { "", 0 };
	int rc = n > 1 ? read_question(a, words[1], &question, err) : 0;

	*ret = json_object();
	if (!rc && !str_trim(question).n) {
		rc = err_set(err, -EINVAL, "%.*s needs a question", STR_ARG(flow->name));
		err_fix(err, "tutti run %.*s \"%.*s\"", STR_ARG(flow->name),
		    STR_ARG(
			flow->inputs[0].placeholder.n ? flow->inputs[0].placeholder : STR("…")));
	}
	if (!rc)
		json_object_set_new(*ret, "question", json_text(question));
	if (!rc && o->base && has_input(flow, STR("base")))
		json_object_set_new(*ret, "base", json_cstr(o->base));
	for (size_t i = 2; !rc && i < n; i++)
		rc = add_word(flow, *ret, words[i], err);
	if (!rc)
		rc = check_required(a, flow, *ret, err);
	return rc;
}

static void add_option(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, " --%s ", name);
	buf_add_shell(b, str_from(value));
}

static struct str command_of(struct arena *a, const struct run_opts *o, const char *repo,
    const struct flow *flow, const json_t *input)
{
	struct buf b;
	const char *key;
	const json_t *value;

	buf_init(&b, KIB(256));
	buf_printf(&b, "tutti run %.*s ", STR_ARG(flow->name));
	buf_add_shell(&b, json_get_str(input, "question"));
	json_object_foreach (unconst(input), key, value) {
		if (strcmp(key, "question") == 0)
			continue;
		buf_printf(&b, " %s=", key);
		buf_add_shell(&b, str_from(json_string_value(value)));
	}
	add_option(&b, "repo", repo);
	add_option(&b, "size", o->size);
	add_option(&b, "focus", o->focus);
	add_option(&b, "at", o->at);
	add_option(&b, "base", o->base);
	add_option(&b, "agent", o->agent);
	add_option(&b, "model", o->model);
	add_option(&b, "validators", o->validators);
	for (size_t i = 0; i < o->validator_models.n; i++)
		add_option(&b, "validator-model", o->validator_models.v[i]);
	buf_adds(&b, o->fast ? " --fast" : "");
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

/* --- launching ---------------------------------------------------------------------------- */

static struct str text(const char *s)
{
	return s ? str_from(s) : (struct str){ "", 0 };
}

static int launch(
    struct follow *f, const struct launch *l, const struct run_opts *o, const struct gate *gate)
{
	struct err err;
	struct finish_spec how = { .output = o->output, .sarif = o->sarif, .gate = gate };
	int rc = follow_launch(f, l, &err);

	return rc ? cli_fail(f->house.globals, &err, cli_code(rc)) : finish(f, &how);
}

/* Whether anything of FLOW, or of the flows it uses, is an agent's; what is not known may be one.
 */
static bool has_agents(const struct library *lib, const struct flow *flow, unsigned depth)
{
	struct err err;

	if (!flow || depth > FLOW_NEST_MAX)
		return true;
	for (size_t i = 0; i < flow->n_all; i++) {
		const struct flow_step *s = flow->all[i];

		if (s->kind == KIND_AGENT)
			return true;
		if (s->kind == KIND_FLOW &&
		    has_agents(lib, library_flow(lib, s->flow.use, &err), depth + 1))
			return true;
	}
	return false;
}

/* As an option, or as an input of the flow: the same thing. */
static struct str base_of(const struct run_opts *o, const struct flow *flow, const json_t *input)
{
	if (o->base || !has_input(flow, STR("base")))
		return text(o->base);
	return json_get_str(input, "base");
}

static int run_flow(struct arena *a, const struct globals *g, const struct run_opts *o,
    const struct library *lib, const struct flow *flow, const json_t *input, const char *repo)
{
	const struct follow_spec spec = { .house = { .globals = g,
					      .agent = o->agent,
					      .model = o->model,
					      .script = o->script,
					      .agents = has_agents(lib, flow, 0) },
		.format = g->json ? "quiet" : o->format };
	struct err err = { 0 };
	struct follow f;
	struct gate gate;
	json_t *frozen = library_freeze(lib, flow->name, &err);
	int code;

	if (!frozen)
		return cli_fail(g, &err, EXIT_INVALID);
	code = gate_open(a, g, o->fail_on, o->baseline, o->strict, &gate, &err);
	if (!code)
		code = follow_open(&f, a, &spec, &err);
	if (code) {
		json_decref(frozen);
		return cli_fail(g, &err, code);
	}
	const struct launch l = { .frozen = frozen,
		.flow = flow->name,
		.input = unconst(input),
		.size = o->size ? (enum flow_size)flow_size_parse(str_from(o->size)) : SIZE_AUTO,
		.focus = text(o->focus),
		.fast = o->fast,
		.agent = str_from(f.house.agent),
		.model = text(o->model),
		.validators = several_count(o->validators, &o->validator_models),
		.repo = text(repo),
		.at = text(o->at),
		.base = base_of(o, flow, input),
		.budget = o->budget,
		.timeout = o->timeout,
		.command = command_of(a, o, repo, flow, input) };

	show_say(&f.show, "%s", several_roster(a, flow, l.size));
	code = launch(&f, &l, o, &gate);
	follow_close(&f);
	json_decref(frozen);
	return code;
}

/* The flow as it is asked for, from a library that is the caller's. */
static int find_flow(struct arena *a, const struct globals *g, const struct run_opts *o,
    const char *name, struct library **lib, const struct flow **ret, struct err *err)
{
	int rc;

	*lib = cli_library(a, g);
	*ret = library_flow(*lib, str_from(name), err);
	if (!*ret)
		return err->code == -ENOENT ? EXIT_NOT_FOUND : EXIT_INVALID;
	rc = several_validators(lib, ret, o->validators, &o->validator_models, err);
	return !rc ? 0 : rc == -E2BIG ? EXIT_INVALID : EXIT_USAGE;
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const struct run_opts *o = values;
	struct err err = { 0 };
	struct library *lib;
	const struct flow *flow;
	json_t *input = NULL;
	char *repo = NULL;

	if (!n) {
		err_set(&err, -EINVAL, "which flow?");
		err_fix(&err, "tutti flows list");
		return cli_fail(g, &err, EXIT_USAGE);
	}
	int code = find_flow(a, g, o, words[0], &lib, &flow, &err);

	if (!code && make_input(a, flow, o, words, n, &input, &err) < 0)
		code = EXIT_USAGE;
	if (!code && flow->uses_repo && paths_repo(a, g->repo, &repo, &err) < 0)
		code = EXIT_NOT_READY;
	code = code ? cli_fail(g, &err, code) : run_flow(a, g, o, lib, flow, input, repo);
	json_decref(input);
	library_destroy(lib);
	return code;
}

static const char *const examples[] = {
	"tutti run architectural-analysis \"the scheduler and its store\"",
	"tutti run code-review \"the changes on this branch\" --base main --fail-on high", NULL
};

const struct cmd cmd_run = { "run", "run FLOW QUESTION [NAME=VALUE…]",
	"run a flow on a repository and get its report", opts, examples, run,
	sizeof(struct run_opts), false };
