/* Looking at the log of a run while it grows. */
#include "cli/runs.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/keys.h"
#include "cli/logline.h"

#include <unistd.h>

#define TAIL_MS 100 /* between two looks at the log */

struct tail {
	struct look *l;
	struct show show;
	int64_t seen;
	struct keys keys;
	bool raw; /* logs: the events themselves */
	bool over;
	struct term t;
};

static bool is_of_step(const struct tail *tl, const struct event_row *row, const json_t *data)
{
	const char *want = tl->l->o->step;

	(void)row;
	return !want || str_is(json_get_str(data, "step"), want);
}

static void print_event(struct tail *tl, const struct event_row *row)
{
	json_t *data = json_parse(row->data, NULL);
	struct buf b;

	buf_init(&b, EVENT_TEXT_MAX * 2);
	if (!is_of_step(tl, row, data))
		;
	else if (tl->l->g->json)
		logline_add_json(&b, row->seq, row->at, row->type, row->data);
	else
		logline_add(&b, &tl->t, row->seq, row->at, row->type, data, row->data);
	term_write(STDOUT_FILENO, buf_str(&b));
	buf_fini(&b);
	json_decref(data);
}

static int on_event(void *ctx, const struct event_row *row)
{
	struct tail *tl = ctx;

	tl->seen = row->seq;
	if (tl->raw)
		print_event(tl, row);
	else
		show_event(&tl->show, row->seq, row->at, row->type, row->data);
	return 0;
}

/* What is new, and whether there can be more. */
static int tail_step(struct tail *tl)
{
	struct store *s = tl->l->s;
	struct arena *a = arena_create("tail", ARENA_JOB);
	struct run_row row;
	int rc = s->ops->run_load(s, a, tl->l->key, &row);

	tl->over = rc < 0 || !str_is(row.status, "running");
	if (!rc)
		rc = s->ops->event_read(s, tl->l->key, tl->seen, 1000, on_event, tl);
	arena_destroy(a);
	return rc;
}

/* Waits a little; false when the person has had enough. */
static bool tail_pause(struct tail *tl)
{
	char key = keys_wait(&tl->keys, TAIL_MS);

	if (key == 'q')
		return false;
	if (key && !tl->raw)
		show_key(&tl->show, key);
	return true;
}

static int tail_run(struct tail *tl, bool follow)
{
	bool stay = true;

	keys_open(&tl->keys);
	while (stay) {
		int64_t before = tl->seen;
		int rc = tail_step(tl);

		if (rc) {
			keys_close(&tl->keys);
			return EXIT_RUN_FAILED;
		}
		if (!tl->raw)
			show_tick(&tl->show, clock_wall());
		if (tl->seen != before)
			continue;
		stay = follow && !tl->over && tail_pause(tl);
	}
	keys_close(&tl->keys);
	return EXIT_DONE;
}

int runs_logs(struct look *l)
{
	struct tail tl = { .l = l, .seen = l->o->since, .raw = true };

	term_init(&tl.t, STDOUT_FILENO, l->g->color);
	return tail_run(&tl, l->o->follow);
}

int runs_watch(struct look *l)
{
	struct tail tl = { .l = l };
	int code;

	show_init(&tl.show,
	    l->o->format ? l->o->format
	    : l->g->json ? "jsonl"
			 : "auto",
	    l->g->color, "arrows, Enter: look closer  q: leave");
	if (estimate_read(l->s, l->a, l->key, &tl.show.estimate) < 0)
		tl.show.estimate = (struct estimate){ 0 };
	code = tail_run(&tl, true);
	show_fini(&tl.show);
	return code;
}
