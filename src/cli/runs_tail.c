/* Looking at the log of a run while it grows. */
#include "cli/runs.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/logline.h"
#include "cli/paths.h"
#include "cli/remote.h"
#include "cli/tail.h"

#include <unistd.h>

struct printing {
	struct look *l;
	struct term t;
	struct remote_watch who;
};

static bool is_of_step(const struct look *l, const json_t *data)
{
	return !l->o->step || str_is(json_get_str(data, "step"), l->o->step);
}

static int print_event(void *ctx, const struct event_row *row)
{
	const struct printing *p = ctx;
	json_t *data = json_parse(row->data, NULL);
	struct buf b;

	buf_init(&b, EVENT_TEXT_MAX * 2);
	if (!is_of_step(p->l, data))
		;
	else if (p->l->g->json)
		logline_add_json(&b, row->seq, row->at, row->type, row->data);
	else
		logline_add(&b, &p->t, row->seq, row->at, row->type, data, row->data);
	term_write(STDOUT_FILENO, buf_str(&b));
	buf_fini(&b);
	json_decref(data);
	return 0;
}

static bool is_lost(void *ctx)
{
	struct printing *p = ctx;

	return remote_lost(&p->who);
}

/* Nothing more will come, though the run is not over. */
static int say_lost(struct look *l)
{
	struct err err = { 0 };

	err_set(&err, -EPIPE, "nobody carries run %.*s out any more", STR_ARG(l->row.id));
	err_why(&err, "no process works in its data directory, and it is not over");
	err_fix(
	    &err, "tutti serve    (goes on with it)\ntutti runs resume %.*s", STR_ARG(l->row.id));
	return cli_fail(l->g, &err, EXIT_NOT_READY);
}

int runs_logs(struct look *l)
{
	struct printing p = { .l = l };
	struct tail t = {
		.s = l->s, .run = l->key, .seen = l->o->since, .fn = print_event, .ctx = &p
	};
	struct err ignored;
	char *data;

	if (paths_data(l->a, l->g->data, &data, &ignored) == 0) {
		p.who.data = data;
		t.lost = is_lost;
	}
	term_init(&p.t, STDOUT_FILENO, l->g->color);
	int rc = tail_run(&t, l->o->follow);

	if (rc == TAIL_LOST)
		return say_lost(l);
	return rc < 0 ? EXIT_RUN_FAILED : EXIT_DONE;
}

int runs_watch(struct look *l)
{
	struct show show;
	struct remote_watch who = { 0 };
	struct tail t = { .s = l->s, .run = l->key, .show = &show, .ctx = &who };
	const char *format = l->o->format ? l->o->format : l->g->json ? "jsonl" : "auto";
	struct err ignored;
	char *data;

	if (paths_data(l->a, l->g->data, &data, &ignored) == 0) {
		who.data = data;
		t.lost = remote_lost;
	}
	show_init(&show, format, l->g->color, "arrows, Enter: look closer  q: leave");
	if (estimate_read(l->s, l->a, l->key, &show.estimate) < 0)
		show.estimate = (struct estimate){ 0 };
	int rc = tail_run(&t, true), code = rc < 0 ? EXIT_RUN_FAILED : EXIT_DONE;

	show_clear(&show);
	if (rc == TAIL_LOST)
		code = remote_say_lost(&show, arena_cstr(l->a, l->row.id));
	show_fini(&show);
	return code;
}
