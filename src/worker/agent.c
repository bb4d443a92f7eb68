/* An agent step: the program behind the fence, its door to a model, and what it says. */
#include "worker/priv.h"

#include "attest/attest.h"
#include "base/json.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX 300 /* of a question or a refusal, as a reason */

/* --- what it says ----------------------------------------------------------------------- */

static void note(struct attempt *at, const char *text)
{
	if (json_array_size(at->notices) < 20)
		json_array_append_new(at->notices, json_cstr(text));
	voice_event(&at->voice, "notice", json_pack("{s:o}", "text", json_cstr(text)));
}

static void on_fact(void *ctx, const struct fact *f)
{
	struct attempt *at = ctx;

	if (f->type == FACT_SAY) {
		talk_line(at, f->text);
		return;
	}
	if (f->type == FACT_OVER) {
		talk_over(at);
		return;
	}
	voice_fact(&at->voice, f);
	seen_fact(at, f);
	if (f->type == FACT_EXCESS)
		child_stop(at);
	if (f->type != FACT_VIOLATION || at->violation)
		return;
	at->violation = xstrndup(f->text.p ? f->text.p : "", f->text.n);
	sandbox_kill(at->child, false); /* no grace for a mode that does not hold */
}

static void on_line(void *ctx, struct str line, bool cut)
{
	struct attempt *at = ctx;

	session_line(at->session, line, cut);
}

static void on_long_line(void *ctx, struct str piece)
{
	struct attempt *at = ctx;

	spill_add(&at->spill, SPILL_OF_LINE, piece);
}

static void on_usage(void *ctx, long long in, long long out, long long cached, unsigned requests)
{
	struct attempt *at = ctx;

	at->in = in;
	at->out_tokens = out;
	at->cached = cached;
	at->requests = requests;
	voice_event(&at->voice, "usage",
	    json_pack("{s:I, s:I, s:I}", "in", (json_int_t)in, "out", (json_int_t)out, "cached",
		(json_int_t)cached));
}

static void on_waiting(void *ctx, const char *why)
{
	struct attempt *at = ctx;

	voice_event(&at->voice, "waiting", json_pack("{s:o}", "why", json_cstr(why)));
}

static void on_notice(void *ctx, const char *text)
{
	note(ctx, text);
}

static void on_active(void *ctx)
{
	struct attempt *at = ctx;

	voice_event(&at->voice, "request", NULL);
}

static void on_exchanged(void *ctx, const struct exchange *x)
{
	struct attempt *at = ctx;

	voice_event(&at->voice, "exchange",
	    json_pack("{s:i, s:s, s:s, s:i, s:b, s:i, s:I, s:I, s:s, s:s}", "number",
		(int)x->number, "from", x->from, "to", x->to, "status", x->status, "cut", x->cut,
		"tries", (int)x->tries, "sent", (json_int_t)x->sent, "got", (json_int_t)x->got,
		"asked", x->asked, "answered", x->answered));
}

/* No request of it has a chance; the gateway's verdict says why. */
static void on_over(void *ctx)
{
	child_stop(ctx);
}

static const struct port_events port_events = { on_usage, on_waiting, on_notice, on_active,
	on_exchanged, on_over };

/* --- starting --------------------------------------------------------------------------- */

static struct str agent_name(const struct attempt *at)
{
	const struct claim *cl = at->claim;

	return cl->agent.n ? cl->agent : str_from(at->worker->config.default_agent);
}

static int find_program(struct attempt *at, struct err *err)
{
	struct str name = agent_name(at);

	at->program = programs_get(at->worker->config.programs, name);
	if (!at->program)
		return err_set(err, -ENOENT, "there is no agent \"%.*s\"", STR_ARG(name));
	if (at->program->status)
		*err = at->program->err;
	return at->program->status;
}

static int check_origin(const struct attempt *at, const char *program, bool found, struct err *err)
{
	struct str root = str_from(json_get_cstr(at->snapshot->facts, "root", ""));

	if (!found || !program || !root.n || !str_starts(str_from(program), root) ||
	    (program[root.n] != '/' && root.p[root.n - 1] != '/'))
		return 0;
	err_set(err, -EPERM, "agent \"%s\" is not one of this machine", at->program->ops->name);
	err_why(err, "%s is in the repository that it would look at", program);
	return err_fix(err, "name it in config.yaml, if it is the one: agents: {%s: {path: …}}",
	    at->program->ops->name);
}

/*
 * PATH often leads into the repository in hand (npm puts node_modules/.bin there, and so do tools
 * that set up an environment): what stands there is not what the user installed.
 */
static int check_origins(struct attempt *at, struct err *err)
{
	const struct program *p = at->program;
	int rc = check_origin(at, p->path, p->path_found, err);

	return rc ? rc : check_origin(at, p->interpreter, p->interpreter_found, err);
}

/* Without namespaces only programs run that were seen to work, and to be held, that way. */
static int check_mode(struct attempt *at, struct err *err)
{
	const struct adapter_ops *ops = at->program->ops;

	if (sandbox_mode(at->worker->config.sandbox) != FENCE_C || ops->traits.strict)
		return 0;
	err_set(err, -EPERM, "agent \"%s\" may not run on this machine", ops->name);
	err_why(err, "there are no namespaces here (mode C), and it was not admitted to that mode");
	return err_fix(err, "--agent native, or what `tutti doctor` says about mode A");
}

static int find_model(struct attempt *at, struct err *err)
{
	struct worker *w = at->worker;

	if (!w->config.gateway)
		return err_set(err, -ENOENT, "there is no gateway to a model");
	at->upstream = w->config.upstream_for(w->config.ctx, at->claim->model);
	if (!gateway_has_upstream(w->config.gateway, at->upstream))
		return err_set(err, -ENOENT, "no model server is configured or found");
	if (!at->model.n)
		at->model = arena_dup(
		    at->arena, str_from(gateway_default_model(w->config.gateway, at->upstream)));
	return 0;
}

/* What stands at /repo behind the fence; in place, the snapshot where it is. */
static const char *repo_of(const struct attempt *at)
{
	if (!at->place.in_place)
		return "/repo";
	return at->snapshot && !at->claim->web_only ? at->snapshot->tree : at->place.tmp;
}

static void fill_task(struct attempt *at, struct str prompt)
{
	const struct claim *cl = at->claim;

	at->task = (struct agent_task){ .prompt = prompt,
		.prompt_system = cl->prompt_system,
		.repo = repo_of(at),
		.scratch = at->place.scratch,
		.home = at->place.home,
		.tmp = at->place.tmp,
		.in_place = at->place.in_place,
		.port = at->place.port,
		.token = cl->token,
		.model = arena_cstr(at->arena, at->model),
		.effort = arena_cstr(at->arena, cl->effort),
		.temperature = cl->temperature,
		.max_turns = cl->max_turns,
		.wall = cl->timeout,
		.tools = cl->tools.v,
		.n_tools = cl->tools.n,
		.web_only = cl->web_only,
		.fast = cl->fast,
		.program = at->program->path,
		.interpreter = at->program->interpreter,
		.interpreter_word = at->program->interpreter_word,
		.described = at->program->ops->described };
}

static const struct fence_file *files_of(struct attempt *at, const struct agent_launch *l)
{
	struct fence_file *files = arena_array(at->arena, l->n_files, sizeof(*files));

	for (size_t k = 0; k < l->n_files; k++)
		files[k] = (struct fence_file){ l->files[k].path, l->files[k].text };
	return files;
}

/* The snapshot's binds, then what the program itself needs to see. */
static void binds_of(struct attempt *at, const struct agent_launch *l, struct fence_spec *spec)
{
	const struct fence_bind *of_snapshot = NULL;
	size_t n = 0, more = l->n_binds;

	if (at->snapshot && !at->claim->web_only) {
		spec->repo = at->snapshot->tree;
		snapshot_binds(at->snapshot, at->place.in_place, at->arena, &of_snapshot, &n);
	}
	struct fence_bind *all = arena_array(at->arena, n + more, sizeof(*all));

	if (n)
		memcpy(all, of_snapshot, n * sizeof(*all));
	for (size_t k = 0; k < more; k++)
		all[n + k] = (struct fence_bind){ l->binds[k].host, l->binds[k].inside };
	spec->binds = all;
	spec->n_binds = n + more;
}

static int launch(struct attempt *at, struct str prompt, struct err *err)
{
	const struct adapter_ops *ops = at->program->ops;
	struct agent_launch l = { 0 };
	struct fence_spec spec = { .purpose = FENCE_AGENT, .wall = at->claim->timeout };
	int rc = child_place(at, FENCE_AGENT, err);

	if (rc)
		return rc;
	fill_task(at, prompt);
	/* a described agent claims no mode: the fence alone holds it, and the report says so */
	rc = ops->read_only_enforced || ops->described
		 ? ops->prepare(at->arena, &at->task, &l, err)
		 : err_set(err, -EPERM, "agent \"%s\" has no read-only mode", ops->name);
	if (rc)
		return rc;
	spec.port = at->place.port;
	spec.shadows = ops->traits.shadows;
	spec.argv = l.argv;
	spec.env = l.env;
	spec.files = files_of(at, &l);
	spec.n_files = l.n_files;
	binds_of(at, &l, &spec);
	seen_begin(at);
	at->session = ops->create(&at->task, on_fact, at);
	lines_init(&at->lines, AGENT_LINE_MAX, on_line, at);
	at->lines.over = on_long_line;
	return child_spawn(at, &spec, l.stdin_text, l.stdin_open, err);
}

void agent_start(struct attempt *at)
{
	const struct claim *cl = at->claim;
	struct err err = { 0 };
	int rc = find_program(at, &err);

	if (cl->prompt_cut)
		note(at, arena_printf(at->arena,
			     "%.*s did not get all that came before: %u text%s cut to fit into its "
			     "prompt",
			     STR_ARG(cl->label), cl->prompt_cut,
			     cl->prompt_cut == 1 ? " was" : "s were"));

	if (!rc)
		rc = check_mode(at, &err);
	if (!rc)
		rc = find_model(at, &err);
	if (!rc && cl->snapshot.n && !cl->web_only)
		rc = workspace_open(at->worker->config.workspace,
		    arena_cstr(at->arena, cl->snapshot), &at->snapshot, &err);
	if (!rc && at->snapshot)
		rc = check_origins(at, &err);
	if (!rc && !at->budget)
		at->budget = worker_budget(at->worker, cl);
	if (!rc)
		rc = launch(at, cl->prompt, &err);
	if (rc)
		attempt_refuse(at, &err);
}

void agent_ready(struct attempt *at, int listener)
{
	const struct port_spec spec = { .listener = listener,
		.token = at->claim->token,
		.upstream = at->upstream,
		.model = arena_cstr(at->arena, at->model),
		.budget = &at->budget->budget,
		.events = &port_events,
		.ctx = at };
	struct err err;

	if (gateway_open(at->worker->config.gateway, &spec, &at->port, &err) < 0) {
		close(listener);
		note(at, err.what);
		at->stopping = true;
	}
}

/* --- the end ---------------------------------------------------------------------------- */

/* A whole answer, says a program that cannot tell; the gateway has seen how it ended. */
static void weigh_cut(struct attempt *at, struct outcome *o)
{
	if (o->ending != ENDING_ANSWERED || !at->program->ops->traits.hides_cut || !at->port ||
	    !gateway_cut_short(at->port))
		return;
	o->ending = ENDING_TRUNCATED;
	o->reason = STR("its model broke the answer off: a token limit, or a filter");
}

/* Why the gateway could not serve it beats what the agent made of that. */
static void weigh_gateway(struct attempt *at, struct outcome *o)
{
	const char *why = NULL;
	int verdict = at->port ? gateway_verdict(at->port, &why) : ENDING_NONE;

	if (verdict == ENDING_NONE || o->ending == ENDING_ANSWERED)
		return;
	o->ending = (enum ending)verdict;
	o->reason = str_from(why ? why : "");
}

static void weigh_ourselves(struct attempt *at, struct outcome *o)
{
	if (at->tampered) {
		o->ending = ENDING_DENIED;
		o->reason = str_from(at->tampered);
	} else if (at->violation) {
		o->ending = ENDING_DENIED;
		o->reason = str_from(
		    arena_printf(at->arena, "its read-only mode does not hold: %s", at->violation));
	} else if (at->stopping && o->ending != ENDING_ANSWERED) {
		o->ending = attempt_stop_ending(at);
		o->reason = STR("stopped");
	} else if (at->overfull) {
		o->ending = ENDING_CRASHED; /* as where it meets the end of a file system */
		o->reason = str_from(at->overfull);
	} else if (at->output_cut) {
		o->ending = ENDING_TRUNCATED;
		o->reason = STR("it wrote more than an attempt may");
	} else if (at->deaf) {
		o->ending = ENDING_CRASHED;
		o->reason = STR("it does not read what it is answered");
	} else if (at->out_of_memory && o->ending == ENDING_CRASHED) {
		o->reason = STR("out of memory");
	}
}

/* What it asked, or how it declined, in its own words: the first line that says something. */
static void quote_reason(struct attempt *at, struct outcome *o)
{
	struct str rest = str_trim(o->answer);

	if (o->reason.n || !rest.n || (o->ending != ENDING_ASKED && o->ending != ENDING_REFUSED))
		return;
	struct str line = utf8_cut(str_trim(str_line(&rest)), SAID_MAX);

	o->reason = utf8_clean(at->arena, line);
}

/* Where the snapshot stands on this host is nobody's business, and no citation's. */
static struct str as_behind(struct attempt *at, struct str text)
{
	struct str host = str_from(at->task.repo);
	struct buf out;
	ptrdiff_t found;

	if (!at->task.in_place)
		return text;
	buf_init(&out, text.n * 2 + KIB(1));
	while ((found = str_find(text, host)) >= 0) {
		buf_add(&out, str_take(text, (size_t)found));
		buf_adds(&out, "/repo");
		text = str_skip(text, (size_t)found + host.n);
	}
	buf_add(&out, text);
	text = arena_dup(at->arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

static json_t *facts_of(struct attempt *at)
{
	bool rehearsal = strcmp(at->upstream, "rehearsal") == 0;

	return json_pack("{s:s, s:o, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:b, s:s, s:O}", "agent",
	    at->program->ops->name, "model", json_text(at->model), "in", (json_int_t)at->in, "out",
	    (json_int_t)at->out_tokens, "cached", (json_int_t)at->cached, "requests",
	    (int)at->requests, "turns", (int)at->turns, "tool_calls", (int)at->tool_calls, "denied",
	    (int)at->denied, "rehearsal", rehearsal, "proof", attest_line(at), "notices",
	    at->notices);
}

/* What is beyond the ceiling is not even copied. */
static void take_answer(struct attempt *at, struct str answer)
{
	struct str clean = utf8_clean(at->arena, str_take(answer, ANSWER_MAX + 4));

	at->result.output = as_behind(at, arena_dup(at->arena, utf8_cut(clean, ANSWER_MAX)));
	if (clean.n > ANSWER_MAX) {
		spill_add(&at->spill, SPILL_OF_ANSWER, answer);
		at->result.ending = ENDING_TRUNCATED;
		at->result.reason = STR("its answer was cut at 512 KiB");
	}
}

static void note_change(struct attempt *at)
{
	const char *how = attest_change(at);

	if (how)
		note(at, arena_printf(at->arena,
			     "the repository was changed %s while agents were at work; what they "
			     "read is the snapshot",
			     how));
}

void agent_ended(struct attempt *at)
{
	struct outcome o = { 0 };

	note_change(at);
	lines_end(&at->lines);
	session_exited(at->session, at->status, utf8_clean(at->arena, buf_str(&at->errors)), &o);
	weigh_gateway(at, &o);
	weigh_cut(at, &o);
	weigh_ourselves(at, &o);
	quote_reason(at, &o);
	if (!at->in && !at->out_tokens) { /* the gateway's count is the better one */
		at->in = o.in;
		at->out_tokens = o.out;
		at->cached = o.cached;
	}
	at->turns += o.turns;
	at->tool_calls += o.tool_calls;
	at->denied += o.denied;
	at->result.ending = o.ending;
	at->result.reason = arena_dup(at->arena, o.reason);
	take_answer(at, o.answer);
	at->result.usable = str_trim(at->result.output).n > 0;
	json_decref(at->result.facts);
	at->result.facts = facts_of(at);
	check_answer(at);
}

/* WHY is what people read; the same prompt again with the exact errors, once. */
void agent_again(struct attempt *at, struct str errors, const char *why)
{
	struct err err = { 0 };
	struct str prompt = at->claim->prompt;
	const struct fact_row last = { at->claim->run, at->claim->position, at->claim->epoch,
		ATTEST_RECORD, attest_ended(at, ENDING_CONTRACT_BROKEN) };
	const char *more = arena_printf(at->arena,
	    "%.*s\n\n## Your last answer was not accepted\n\n%.*s\n\nAnswer again, whole, in the "
	    "asked "
	    "form.\n",
	    STR_ARG(prompt), STR_ARG(errors));

	if (last.data)
		attempt_append(at, &last, 1);
	attempt_tell_spill(at);
	at->round++;
	attempt_begin_spill(at);
	note(at, arena_printf(at->arena, "%.*s: %s", STR_ARG(at->claim->label), why));
	session_destroy(at->session);
	at->session = NULL;
	gateway_close(at->port);
	at->port = NULL;
	if (at->killer_open)
		uv_timer_stop(&at->killer);
	lines_fini(&at->lines);
	buf_clear(&at->errors);
	json_decref(at->proof);
	at->proof = NULL;
	at->out_bytes = 0;
	int rc = launch(at, str_from(more), &err);

	if (rc)
		attempt_refuse(at, &err);
}
