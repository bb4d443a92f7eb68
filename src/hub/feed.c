/*
 * One run that somebody watches. Everybody is a cursor; whoever stands at the same place gets the
 * same portion, read once.
 */
#include "base/log.h"
#include "hub/priv.h"

#include <stdlib.h>

struct reading {
	struct list list;
	struct feed *feed;
	int64_t run;
	struct portion p;
	int rc;
};

/* --- portions ----------------------------------------------------------------------------- */

static void portion_clear(struct portion *p)
{
	for (size_t i = 0; i < p->n; i++)
		json_decref(p->rows[i].doc);
	arena_destroy(p->arena);
	buf_fini(&p->states);
	*p = (struct portion){ .after = p->after, .only = p->only };
}

const json_t *row_doc(struct row *row)
{
	if (!row->doc)
		row->doc = json_parse(row->data, NULL);
	return row->doc;
}

static struct row *next_row(struct portion *p)
{
	if (!(p->n & (p->n - 1))) { /* grows by doubling */
		struct row *more = arena_array(p->arena, p->n ? 2 * p->n : 1, sizeof(*more));

		if (p->n)
			memcpy(more, p->rows, p->n * sizeof(*more));
		p->rows = more;
	}
	return &p->rows[p->n++];
}

static int on_row(void *ctx, const struct event_row *row)
{
	struct portion *p = ctx;

	p->last = row->seq;
	if (p->only >= 0 && p->only != row->step)
		return 0;
	*next_row(p) = (struct row){ .seq = row->seq,
		.at = row->at,
		.position = row->step,
		.type = arena_dup(p->arena, row->type),
		.data = arena_dup(p->arena, row->data) };
	p->bytes += row->data.n;
	return p->bytes >= HUB_BYTES;
}

/* May run twice: what it read before a commit that failed does not count. */
static int read_rows(struct store *s, void *ctx)
{
	struct reading *r = ctx;

	portion_clear(&r->p);
	r->p.arena = arena_create("portion", ARENA_JOB);
	buf_init(&r->p.states, EVENT_TEXT_MAX + HUB_BYTES * 2);
	r->rc = s->ops->event_read(
	    s, r->run, r->p.after, r->p.only < 0 ? HUB_ROWS : HUB_ROWS_PASSED, on_row, &r->p);
	return 0;
}

/* --- handing over ------------------------------------------------------------------------- */

static void note_end(struct feed *f, struct portion *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct row *row = &p->rows[i];

		if (row->seq <= f->over_at || !str_is(row->type, "run"))
			continue;
		f->over = !str_is(json_get_str(row_doc(row), "status"), "running");
		f->over_at = row->seq;
	}
}

static void hand_over(struct feed *f, struct portion *p)
{
	p->last = p->last ? p->last : f->told; /* nothing there: deleted */
	f->told = p->last > f->told ? p->last : f->told;
	note_end(f, p);
	list_each_safe (&f->cursors, it, next) {
		struct cursor *c = list_item(it, struct cursor, list);

		if (c->pos != p->after || (p->only >= 0 && p->only != c->only) || !c->wants(c))
			continue;
		c->pos = p->last;
		c->take(c, p);
	}
}

static void rows_read(void *ctx, int rc)
{
	struct reading *r = ctx;
	struct feed *f = r->feed;
	struct hub *h = f->hub;

	list_remove(&r->list);
	f->n_reads--;
	if (rc == 0)
		rc = r->rc < 0 ? r->rc : 0;
	if (rc) {
		log_error("the log of run %s cannot be read: %s", f->id, err_name(rc));
		f->told = r->p.after; /* until more comes */
	} else if (!h->closed) {
		hand_over(f, &r->p);
	}
	if (!h->closed)
		feed_go(f);
	portion_clear(&r->p);
	feed_put(f);
	free(r);
	hub_unref(h);
}

/* Far back, what others say is passed over where it is read. */
static int64_t only_for(const struct feed *f, const struct cursor *c)
{
	return f->told - c->pos > HUB_ROWS ? c->only : -1;
}

static bool is_under_way(const struct feed *f, const struct cursor *c)
{
	list_each (&f->reads, it) {
		const struct portion *p = &list_item(it, struct reading, list)->p;

		if (p->after == c->pos && (p->only < 0 || p->only == c->only))
			return true;
	}
	return false;
}

static struct cursor *next_to_read(struct feed *f)
{
	list_each (&f->cursors, it) {
		struct cursor *c = list_item(it, struct cursor, list);

		if (c->pos < f->told && c->wants(c) && !is_under_way(f, c))
			return c;
	}
	return NULL;
}

void feed_go(struct feed *f)
{
	struct cursor *c;

	while (f->n_reads < HUB_READS && (c = next_to_read(f))) {
		struct reading *r = xalloc(sizeof(*r));

		r->feed = f;
		r->run = f->run;
		r->p.after = c->pos;
		r->p.only = only_for(f, c);
		list_remove(&c->list); /* the others come first, next time */
		list_push(&f->cursors, &c->list);
		list_push(&f->reads, &r->list);
		f->n_reads++;
		f->refs++;
		hub_ref(f->hub);
		engine_read(f->hub->config.engine, read_rows, rows_read, r);
	}
}

/* --- life --------------------------------------------------------------------------------- */

struct feed *feed_get(struct hub *h, const struct found *found)
{
	struct feed *f = imap_get(&h->feeds, found->run);

	if (!f) {
		f = xalloc(sizeof(*f));
		f->hub = h;
		f->run = found->run;
		memcpy(f->id, found->id, sizeof(f->id));
		list_init(&f->cursors);
		list_init(&f->subs);
		list_init(&f->builders);
		list_init(&f->reads);
		imap_put(&h->feeds, f->run, f);
	}
	f->refs++;
	f->told = found->seq > f->told ? found->seq : f->told;
	if (found->seq > f->over_at) {
		f->over = found->over;
		f->over_at = found->seq;
	}
	return f;
}

void feed_put(struct feed *f)
{
	if (--f->refs)
		return;
	imap_remove(&f->hub->feeds, f->run);
	tailer_free(f->tailer);
	shared_put(f->ev);
	free(f);
}

void feed_add(struct feed *f, struct cursor *c, int64_t pos, int64_t only)
{
	c->pos = pos;
	c->only = only;
	list_push(&f->cursors, &c->list);
}

void feed_remove(struct cursor *c)
{
	list_remove(&c->list);
}
