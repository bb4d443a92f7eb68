/* One run of a case, from its repository to its score. */
#include "cli/eval.h"

#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>

/* --- the request ------------------------------------------------------------------------- */

static struct str flow_of(const struct evaluation *ev, const struct eval_item *item)
{
	return ev->o->flow ? str_from(ev->o->flow) : item->c.flow;
}

/* What the case compares with: what it says, or what was before its change. */
static struct str base_of(const struct evaluation *ev, const struct eval_item *item)
{
	if (item->c.base.n)
		return item->c.base;
	return eval_has_change(ev->a, item) ? STR("HEAD~1") : STR("");
}

static json_t *input_of(const struct eval_item *item, const struct flow *flow, struct str base)
{
	json_t *input = json_object();

	json_object_set_new(input, "question", json_text(item->c.question));
	for (size_t i = 0; base.n && i < flow->n_inputs; i++)
		if (str_is(flow->inputs[i].name, "base"))
			json_object_set_new(input, "base", json_text(base));
	return input;
}

static void add_option(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, " --%s ", name);
	buf_add_shell(b, str_from(value));
}

static struct str command_of(
    struct arena *a, const struct evaluation *ev, const struct eval_item *item)
{
	struct buf b;

	buf_init(&b, KIB(64));
	buf_adds(&b, "tutti eval ");
	buf_add_shell(&b, str_from(ev->dir));
	add_option(&b, "only", arena_cstr(a, item->c.name));
	add_option(&b, "flow", ev->o->flow);
	add_option(&b, "size", ev->o->size);
	add_option(&b, "agent", ev->o->agent);
	add_option(&b, "model", ev->o->model);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

/* --- launching --------------------------------------------------------------------------- */

static int launch(struct evaluation *ev, const struct eval_item *item, const struct flow *flow,
    const json_t *frozen, struct err *err)
{
	struct str base = base_of(ev, item);
	json_t *input = input_of(item, flow, base);
	const struct eval_opts *o = ev->o;
	const struct launch launch = { .frozen = frozen,
		.flow = flow->name,
		.input = input,
		.size = o->size ? (enum flow_size)flow_size_parse(str_from(o->size)) : SIZE_AUTO,
		.focus = STR(""),
		.agent = str_from(ev->follow.house.agent),
		.model = str_from(o->model ? o->model : ""),
		.repo = str_from(item->repo),
		.at = STR(""),
		.base = base,
		.command = command_of(ev->a, ev, item) };

	int rc = follow_launch(&ev->follow, &launch, err);

	json_decref(input);
	return rc;
}

static int start(struct evaluation *ev, struct eval_item *item, struct err *err)
{
	struct library *lib;
	const struct flow *flow = definitions_flow(&ev->definitions, flow_of(ev, item), &lib, err);
	json_t *frozen = flow ? library_freeze(lib, flow->name, err) : NULL;
	int rc = frozen ? 0 : -EINVAL;

	follow_forget(&ev->follow);
	if (!rc)
		rc = launch(ev, item, flow, frozen, err);
	json_decref(frozen);
	return rc;
}

/* --- its report -------------------------------------------------------------------------- */

struct fetch {
	struct follow *follow;
	struct arena *a;
	struct run_row row;
	struct str text;
	struct err err;
	bool done;
	int rc;
};

static int fetch_on_store(struct store *s, void *ctx)
{
	struct fetch *f = ctx;
	int rc = s->ops->run_load(s, f->a, f->follow->run, &f->row);

	return rc ? rc : engine_report_text(s, f->a, f->follow->run, true, &f->text, &f->err);
}

static void on_fetched(void *ctx, int rc)
{
	struct fetch *f = ctx;

	f->done = true;
	f->rc = rc;
}

/* A run that failed found nothing, whatever it cost. */
static struct eval_score *score_of(
    struct evaluation *ev, const struct eval_item *item, const struct fetch *f)
{
	json_t *doc = json_parse(f->text, NULL);
	struct eval_score *s = eval_score(ev->a, &item->c, doc);

	json_decref(doc);
	if (ev->follow.status == RUN_COMPLETED && doc)
		return s;
	struct eval_score *failed = eval_failed(ev->a, &item->c, f->row.reason);

	failed->run = s->run;
	failed->model = s->model;
	failed->tokens = s->tokens;
	failed->took = s->took;
	return failed;
}

static struct eval_score *fetch(struct evaluation *ev, const struct eval_item *item)
{
	struct arena *a = arena_create("report", ARENA_JOB);
	struct fetch f = { .follow = &ev->follow, .a = a };
	struct eval_score *s;

	engine_read(ev->follow.house.engine, fetch_on_store, on_fetched, &f);
	while (!f.done)
		uv_run(&ev->follow.house.loop, UV_RUN_ONCE);
	if (f.rc)
		s = eval_failed(ev->a, &item->c,
		    str_from(f.err.what[0] ? f.err.what : "its report cannot be read"));
	else
		s = score_of(ev, item, &f);
	arena_destroy(a);
	return s;
}

/* --- together ---------------------------------------------------------------------------- */

static struct eval_score *not_run(
    struct evaluation *ev, const struct eval_item *item, const struct err *err)
{
	return eval_failed(ev->a, &item->c,
	    str_from(arena_printf(ev->a, "%s%s%s", err->what, err->why[0] ? ": " : "", err->why)));
}

bool eval_run(struct evaluation *ev, struct eval_item *item)
{
	struct err err = { 0 };
	struct eval_score *s;

	if (eval_make_repo(ev, item) < 0)
		s = not_run(ev, item, &item->err);
	else if (start(ev, item, &err) < 0)
		s = not_run(ev, item, &err);
	else if (!ev->follow.over || ev->follow.cancelling)
		return false;
	else
		s = fetch(ev, item);
	if (ev->follow.terminated)
		return false;
	item->score[item->n++] = s;
	return true;
}
