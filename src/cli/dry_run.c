#include "cli/dry_run.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"
#include "cli/exit.h"
#include "cli/house.h"
#include "engine/preview.h"

#include <stdlib.h>
#include <unistd.h>

/* --- freezing ----------------------------------------------------------------------------- */

struct frozen {
	bool done;
	struct snapshot *snap;
	struct err err;
};

static void on_frozen(void *ctx, struct snapshot *snap, const struct err *err)
{
	struct frozen *f = ctx;

	f->done = true;
	f->snap = snap;
	if (err)
		f->err = *err;
}

static const char *optional(struct arena *a, struct str s)
{
	return s.n ? arena_cstr(a, s) : NULL;
}

static int freeze(struct arena *a, const struct globals *g, const struct launch *l,
    struct snapshot **ret, struct err *err)
{
	const struct house_spec spec = { .globals = g };
	const struct freeze_spec how = { .repo = arena_cstr(a, l->repo),
		.at = optional(a, l->at),
		.base = optional(a, l->base),
		.focus = l->focus.n ? l->focus : json_get_str(l->input, "question") };
	struct frozen f = { 0 };
	struct freeze *freeze;
	struct house h;
	int code = house_open(&h, a, &spec, err);

	if (code)
		return code;
	if (workspace_freeze(h.workspace, &how, NULL, on_frozen, &f, &freeze, err) < 0)
		code = EXIT_NOT_READY;
	while (!code && !f.done)
		uv_run(&h.loop, UV_RUN_ONCE);
	if (!code && !f.snap) {
		*err = f.err;
		code = EXIT_NOT_READY;
	}
	house_stop(&h);
	house_close(&h);
	*ret = f.snap;
	return code;
}

/* --- saying it ---------------------------------------------------------------------------- */

static void add_signals(struct buf *b, const struct term *t, const json_t *signals)
{
	const char *name;
	json_t *value;
	unsigned n = 0;

	if (!json_is_object(signals))
		return;
	buf_adds(b, "  measured  ");
	json_object_foreach (unconst(signals), name, value) {
		char *text = json_dump(value);

		buf_adds(b, !n ? "" : n % 4 ? ", " : ",\n            ");
		term_addf(b, t, STYLE_DIM, "%s = %s", name, text);
		free(text);
		n++;
	}
	buf_addc(b, '\n');
}

/* What stands beside a step: why, or else who it is. */
static struct str beside(const json_t *step)
{
	struct str reason = json_get_str(step, "reason"), persona = json_get_str(step, "persona");

	if (reason.n)
		return reason;
	return str_is(json_get_str(step, "kind"), "each") ? STR("one agent for each item of a list")
							  : persona;
}

static void add_step(struct buf *b, const struct term *t, const json_t *step)
{
	struct str runs = json_get_str(step, "runs");
	bool no = str_is(runs, "no"), open = str_is(runs, "open");

	term_addf(b, t, no ? STYLE_DIM : STYLE_PLAIN, "  %-9s %-28.*s",
	    no	   ? "no"
	    : open ? "maybe"
		   : "yes",
	    STR_ARG(json_get_str(step, "label")));
	buf_addc(b, ' ');
	term_add(b, t, STYLE_DIM, beside(step));
	buf_addc(b, '\n');
}

static void add_left_out(struct buf *b, const struct term *t, const json_t *choice)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_get_array(choice, "left_out"), i, one) {
		if (str_is(json_get_str(one, "kind"), "code"))
			continue;
		term_addf(
		    b, t, STYLE_DIM, "  no        %-28.*s ", STR_ARG(json_get_str(one, "label")));
		term_add(b, t, STYLE_DIM, json_get_str(one, "reason"));
		buf_addc(b, '\n');
	}
}

/* RET: what would be handed on; stays NULL when nothing would. */
static int find_provided(
    struct arena *a, const struct globals *g, const struct launch *l, json_t **ret, struct err *err)
{
	struct store *s;
	int code = l->provided.n ? house_read(a, g, &s, err) : 0;

	if (code || !l->provided.n)
		return code;
	int rc = engine_provided(s, a, l->provided, l->repo, ret, err);

	s->ops->close(s);
	return rc ? cli_code(rc) : 0;
}

static void add_provided(struct buf *b, const json_t *p)
{
	if (p)
		buf_printf(b, "  provided  the report of %s, %s of %.10s\n",
		    json_get_cstr(p, "run", ""), json_get_cstr(p, "flow", ""),
		    json_get_cstr(p, "started", ""));
}

static void add_all(struct buf *b, const struct term *t, const json_t *doc)
{
	const json_t *choice = json_get_object(doc, "choice");
	json_t *step;
	size_t i;

	term_add(b, t, STYLE_BOLD, json_get_str(doc, "flow"));
	buf_adds(b, "\n  size      ");
	buf_add(b, json_get_str(choice, "size"));
	buf_adds(b, ": ");
	buf_add(b, json_get_str(choice, "reason"));
	buf_adds(b, str_is(json_get_str(choice, "asked"), "auto") ? " (tutti help sizes)\n" : "\n");
	add_signals(b, t, json_object_get(doc, "signals"));
	add_provided(b, json_get_object(doc, "provided"));
	json_array_foreach (json_get_array(doc, "steps"), i, step)
		if (!str_is(json_get_str(step, "kind"), "code"))
			add_step(b, t, step);
	add_left_out(b, t, choice);
	buf_adds(b, "Nothing was run.\n");
}

int dry_run(struct arena *a, const struct globals *g, const struct order *order)
{
	const struct launch *l = &order->launch;
	struct snapshot *snap = NULL;
	struct err err = { 0 };
	struct term t;
	struct buf b;
	json_t *provided = NULL;
	int code = find_provided(a, g, l, &provided, &err);

	if (!code && l->repo.n)
		code = freeze(a, g, l, &snap, &err);
	if (code) {
		json_decref(provided);
		return cli_fail(g, &err, code);
	}
	const struct preview_spec spec = { .flow = order->flow,
		.input = l->input,
		.repo = snap ? snap->facts : NULL,
		.signals = snap ? snap->signals : NULL,
		.size = l->size,
		.focus = l->focus,
		.fast = l->fast };
	json_t *doc = preview_json(a, &spec);

	json_object_set_new(doc, "provided", provided ? provided : json_null());
	snapshot_free(snap);
	if (g->json)
		return cli_print_json(doc, EXIT_DONE);
	term_init(&t, STDOUT_FILENO, g->color);
	buf_init(&b, MIB(4));
	add_all(&b, &t, doc);
	code = cli_print(buf_str(&b), EXIT_DONE);
	buf_fini(&b);
	json_decref(doc);
	return code;
}
