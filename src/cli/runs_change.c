/* Changing runs: in this process, or by asking the daemon that has them. */
#include "cli/runs.h"

#include "base/json.h"
#include "cli/browse.h"
#include "cli/paths.h"
#include "cli/remote.h"
#include "cli/tail.h"

#include <stdio.h>

struct change {
	bool done;
	int rc;
	struct err err;
};

static void on_changed(void *ctx, int rc, const struct err *err)
{
	struct change *c = ctx;

	c->done = true;
	c->rc = rc;
	if (rc && err)
		c->err = *err;
}

static int wait_change(struct house *h, struct change *c)
{
	while (!c->done)
		uv_run(&h->loop, UV_RUN_ONCE);
	return c->rc ? cli_fail(h->globals, &c->err, cli_code(c->rc)) : EXIT_DONE;
}

/* What the run was launched with, for what has to stand before it goes on. */
static void spec_of(struct look *l, struct follow_spec *spec)
{
	json_t *options = json_parse(l->row.options, NULL);
	struct str agent = json_get_str(options, "agent"), model = json_get_str(options, "model");

	*spec = (struct follow_spec){ .house = { .globals = l->g,
					  .agent = agent.n ? arena_cstr(l->a, agent) : NULL,
					  .model = model.n ? arena_cstr(l->a, model) : NULL,
					  .script = l->o->script,
					  .agents = true },
		.format = l->g->json ? "quiet" : l->o->format };
	json_decref(options);
}

/* --- by the daemon ------------------------------------------------------------------------- */

static int ask(struct look *l, struct client *client, const char *verb, json_t *body)
{
	struct err err = { 0 };
	int code = client_call(client, "POST",
	    arena_printf(l->a, "/api/v1/runs/%.*s/%s", STR_ARG(l->row.id), verb), body, NULL, &err);

	json_decref(body);
	return code ? cli_fail(l->g, &err, code) : EXIT_DONE;
}

static int go_on_remote(struct look *l, struct client *client, const char *verb)
{
	struct gate gate;
	struct finish_spec how = { .output = l->o->output, .gate = &gate };
	struct err err = { 0 };
	int code = gate_open(l->a, l->g, l->o->fail_on, l->o->baseline, l->o->strict, &gate, &err);

	if (code)
		return cli_fail(l->g, &err, code);
	code = ask(
	    l, client, verb, l->o->step ? json_pack("{s:s}", "step", l->o->step) : json_object());
	if (code)
		return code;
	return remote_follow(
	    l->a, l->g, arena_cstr(l->a, l->row.id), l->g->json ? "quiet" : l->o->format, &how);
}

static int ignore_event(void *ctx, const struct event_row *row)
{
	(void)ctx;
	(void)row;
	return 0;
}

static int say_cancelled(struct look *l)
{
	return l->g->json ? cli_print_json(json_pack("{s:o, s:s}", "id", json_text(l->row.id),
					       "status", "cancelled"),
				EXIT_DONE)
			  : EXIT_DONE;
}

static int not_cancelled(struct look *l)
{
	struct err err = { 0 };

	err_set(&err, -EPIPE, "run %.*s may not be cancelled yet", STR_ARG(l->row.id));
	err_why(&err, "the daemon ended before all of its agents had");
	err_fix(&err, "tutti runs cancel %.*s", STR_ARG(l->row.id));
	return cli_fail(l->g, &err, EXIT_NOT_READY);
}

/* Asked for, and waited for: cancelled is said when every process is gone. */
static int cancel_remote(struct look *l, struct client *client)
{
	struct err err = { 0 };
	char *data;

	if (paths_data(l->a, l->g->data, &data, &err) < 0)
		return cli_fail(l->g, &err, EXIT_NOT_READY);
	struct remote_watch who = { .data = data };
	struct tail t = {
		.s = l->s, .run = l->key, .fn = ignore_event, .ctx = &who, .lost = remote_lost
	};
	int code = ask(l, client, "cancel", json_object());

	if (code)
		return code;
	int rc = tail_run(&t, true);

	if (rc == TAIL_LOST)
		return not_cancelled(l);
	return rc < 0 ? EXIT_RUN_FAILED : rc == TAIL_LEFT ? EXIT_INTERRUPTED : say_cancelled(l);
}

int runs_open(struct look *l)
{
	struct client *client;
	struct err err = { 0 };
	int code = remote_open(l->a, l->g, &client, &err);

	if (!code && !client) {
		err_set(&err, -ENOENT, "there is no daemon to show the page");
		err_fix(&err, "tutti serve\nor as a file: tutti runs export %.*s -o report.html",
		    STR_ARG(l->row.id));
		code = EXIT_NOT_READY;
	}
	if (!code)
		code = browse(
		    l->a, client, arena_printf(l->a, "/runs/%.*s", STR_ARG(l->row.id)), &err);
	return code ? cli_fail(l->g, &err, code) : EXIT_DONE;
}

/* The step that waits for a person: --step, or the only one. */
static const char *waiting_step(struct look *l, struct err *err)
{
	struct step_row *steps = NULL;
	size_t n = 0, waiting = 0;
	const char *found = NULL;
	int rc = l->o->step ? 0 : l->s->ops->step_list(l->s, l->a, l->key, &steps, &n);

	if (l->o->step)
		return l->o->step;
	for (size_t i = 0; !rc && i < n; i++)
		if (str_is(steps[i].kind, "approval") && str_is(steps[i].status, "running")) {
			found = arena_cstr(l->a, steps[i].name);
			waiting++;
		}
	if (waiting == 1)
		return found;
	if (waiting) {
		err_set(err, -EINVAL, "%zu steps of it wait for an answer", waiting);
		err_fix(err, "name one: --step STEP");
	} else {
		err_set(err, -EINVAL, "nothing of it waits for an answer");
		err_fix(err, "tutti runs show %.*s", STR_ARG(l->row.id));
	}
	return NULL;
}

int runs_approve(struct look *l, const char *choice)
{
	struct client *client;
	struct err err = { 0 };
	int code = remote_open(l->a, l->g, &client, &err);

	const char *step = code ? NULL : waiting_step(l, &err);

	if (!code && !step)
		code = EXIT_USAGE;
	if (code)
		return cli_fail(l->g, &err, code);
	if (client)
		return ask(
		    l, client, "approve", json_pack("{s:s, s:s}", "choice", choice, "step", step));
	err_set(&err, -ENOENT, "nobody is there to take the answer");
	err_why(&err, "a run that waits for a person is a daemon's to keep");
	err_fix(&err, "tutti serve");
	return cli_fail(l->g, &err, EXIT_NOT_READY);
}

/* --- in this process ----------------------------------------------------------------------- */

static int go_on_here(struct look *l, const char *verb)
{
	struct gate gate;
	struct finish_spec how = { .output = l->o->output, .gate = &gate };
	struct follow_spec spec;
	struct change c = { 0 };
	struct err err = { 0 };
	struct follow f;
	int code = gate_open(l->a, l->g, l->o->fail_on, l->o->baseline, l->o->strict, &gate, &err);

	if (code)
		return cli_fail(l->g, &err, code);
	spec_of(l, &spec);
	l->s->ops->close(l->s);
	l->s = NULL;
	code = follow_open(&f, l->a, &spec, &err);
	if (code)
		return cli_fail(l->g, &err, code);
	snprintf(f.run_id, sizeof(f.run_id), "%.*s", STR_ARG(l->row.id));
	f.run = l->key; /* its end may come before the answer */
	if (strcmp(verb, "resume") == 0)
		engine_resume(f.house.engine, l->row.id, (struct str){ "", 0 }, on_changed, &c);
	else
		engine_retry(f.house.engine, l->row.id, (struct str){ "", 0 },
		    str_from(l->o->step ? l->o->step : ""), on_changed, &c);
	code = wait_change(&f.house, &c);
	if (code == EXIT_DONE) {
		follow_run(&f, l->key);
		code = finish(&f, &how);
	}
	follow_close(&f);
	return code;
}

int runs_go_on(struct look *l, const char *verb)
{
	struct client *client;
	struct err err = { 0 };
	int code = remote_open(l->a, l->g, &client, &err);

	if (code)
		return cli_fail(l->g, &err, code);
	return client ? go_on_remote(l, client, verb) : go_on_here(l, verb);
}

static int owned_elsewhere(struct look *l, long owner)
{
	struct err err = { 0 };

	err_set(&err, -EBUSY, "run %.*s is in the hands of process %ld", STR_ARG(l->row.id), owner);
	err_why(&err, "the process that runs it is the one that ends its agents");
	err_fix(&err, "press Ctrl-C twice there, or: kill -INT %ld; kill -INT %ld", owner, owner);
	return cli_fail(l->g, &err, EXIT_NOT_READY);
}

/* Nobody runs it: its record is brought to an end. */
static int cancel_here(struct look *l)
{
	const struct follow_spec spec = { .house = { .globals = l->g }, .format = "quiet" };
	struct change c = { 0 };
	struct err err = { 0 };
	struct follow f;
	char *data;

	if (paths_data(l->a, l->g->data, &data, &err) == 0 && store_owner(data))
		return owned_elsewhere(l, store_owner(data));
	l->s->ops->close(l->s);
	l->s = NULL;
	int code = follow_open(&f, l->a, &spec, &err);

	if (code)
		return cli_fail(l->g, &err, code);
	worker_drain(f.house.worker); /* nothing of it is to start again */
	f.run = l->key;
	if (str_is(l->row.status, "running")) {
		engine_resume(f.house.engine, l->row.id, (struct str){ "", 0 }, on_changed, &c);
		code = wait_change(&f.house, &c);
		c = (struct change){ 0 };
	}
	if (code == EXIT_DONE) {
		engine_cancel(f.house.engine, l->row.id, (struct str){ "", 0 }, STR("cancelled"),
		    on_changed, &c);
		code = wait_change(&f.house, &c);
	}
	if (code == EXIT_DONE)
		follow_wait(&f, &f.over);
	follow_close(&f);
	return code == EXIT_DONE ? say_cancelled(l) : code;
}

int runs_cancel(struct look *l)
{
	struct client *client;
	struct err err = { 0 };
	int code = remote_open(l->a, l->g, &client, &err);

	if (code)
		return cli_fail(l->g, &err, code);
	return client ? cancel_remote(l, client) : cancel_here(l);
}
