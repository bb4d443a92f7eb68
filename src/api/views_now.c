/*
 * What the steps of a run do just now, for who asks once and does not watch. It is at the end of
 * the log, which is looked through backwards, in portions that grow, until each step at work is
 * found; what was said longer ago than LOOK_BACK is nobody's present any more.
 */
#include "api/views_priv.h"
#include "view/roster.h"

#define LOOK_BACK 2000 /* events, as the hub does */
#define FIRST_LOOK 64

/* Numbers of events; 0: none is known. */
struct traces {
	int64_t act, last; /* the last that tells what it does, and the last at all */
	bool begun;	   /* what lies before is not of this attempt */
};

struct looking {
	const struct run_view *r;
	struct traces *all, *portion; /* as many as there are steps */
};

static bool is_at_work(const struct step_row *s)
{
	return str_is(s->status, "running") &&
	       (str_is(s->kind, "agent") || str_is(s->kind, "command") ||
		   str_is(s->kind, "snapshot"));
}

static bool is_found(const struct looking *l, size_t i)
{
	return l->all[i].act || l->all[i].begun || !is_at_work(&l->r->steps[i]);
}

static bool tells(struct str type)
{
	return str_is(type, "tool") || str_is(type, "text") || str_is(type, "think") ||
	       str_is(type, "progress");
}

/* The index of the step at POSITION, or their number. They are in order. */
static size_t step_at(const struct run_view *r, int64_t position)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->steps[mid].position < position)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->n && r->steps[low].position == position ? low : r->n;
}

static int take(void *ctx, const struct event_row *row)
{
	struct looking *l = ctx;
	size_t i = step_at(l->r, row->step);

	if (i == l->r->n || is_found(l, i))
		return 0;
	struct traces *t = &l->portion[i];

	if (str_is(row->type, "step") || str_is(row->type, "attempt")) {
		*t = (struct traces){ .begun = true };
		return 0;
	}
	t->last = row->seq;
	if (tells(row->type))
		t->act = row->seq;
	return 0;
}

/* The events of (FROM, TO], which lie before all that was looked at. */
static int look(struct looking *l, int64_t from, int64_t to, bool *ret_all)
{
	const struct run_view *r = l->r;

	memset(l->portion, 0, r->n * sizeof(*l->portion));
	int rc = r->s->ops->event_read(r->s, r->row->key, from, (unsigned)(to - from), take, l);

	*ret_all = true;
	for (size_t i = 0; i < r->n; i++) {
		struct traces *t = &l->all[i];

		t->act = t->act ? t->act : l->portion[i].act;
		t->last = t->last ? t->last : l->portion[i].last;
		t->begun |= l->portion[i].begun;
		*ret_all &= is_found(l, i);
	}
	return rc;
}

/* --- in words ----------------------------------------------------------------------------- */

static int add(void *ctx, const struct event_row *row)
{
	json_t *data = json_parse(row->data, NULL);

	roster_event(ctx, row->seq, row->at, row->type, data);
	json_decref(data);
	return 0;
}

static void add_event(const struct run_view *r, struct roster *roster, int64_t seq)
{
	if (seq)
		(void)!r->s->ops->event_read(r->s, r->row->key, seq - 1, 1, add, roster);
}

/* As the rows of who watches are made. */
static struct step_now words_of(const struct run_view *r, size_t i, const struct traces *t)
{
	json_t *begun =
	    json_pack("{s:o, s:s}", "step", json_text(r->steps[i].name), "status", "running");
	struct roster roster;

	roster_init(&roster, r->a);
	roster_event(&roster, 0, 0, STR("step"), begun);
	add_event(r, &roster, t->act);
	if (t->last != t->act)
		add_event(r, &roster, t->last);
	json_decref(begun);
	return (struct step_now){ arena_dup(r->a, str_from(roster.rows[0].activity)),
		arena_dup(r->a, str_from(roster.rows[0].condition)) };
}

static void find_all(struct looking *l, int64_t seq)
{
	int64_t to = seq, size = FIRST_LOOK, least = seq > LOOK_BACK ? seq - LOOK_BACK : 0;

	for (bool all = false; !all && to > least; size *= 8) {
		int64_t from = to - size > least ? to - size : least;

		if (look(l, from, to, &all) < 0)
			return;
		to = from;
	}
}

void view_now(struct run_view *r)
{
	struct looking l = { .r = r,
		.all = arena_array(r->a, r->n, sizeof(*l.all)),
		.portion = arena_array(r->a, r->n, sizeof(*l.portion)) };
	int64_t seq;

	r->now = arena_array(r->a, r->n, sizeof(*r->now));
	if (!str_is(r->row->status, "running") || r->s->ops->run_lock(r->s, r->row->key, &seq) < 0)
		return;
	find_all(&l, seq);
	for (size_t i = 0; i < r->n; i++)
		if (l.all[i].act || l.all[i].last || l.all[i].begun)
			r->now[i] = words_of(r, i, &l.all[i]);
}
