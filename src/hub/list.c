/* Lists of runs: a line of each that changed, for all pages that show one. */
#include "hub/priv.h"

#include <stdlib.h>

#define LIST_PORTION 32 /* lines of one reading */

struct changed {
	int64_t run;
	uint64_t stamp;
};

struct summaries {
	struct hub *hub;
	struct changed runs[LIST_PORTION];
	size_t n;
	struct buf items;
	size_t n_items;
};

void list_changed(struct hub *h, int64_t run)
{
	if (h->changed.n >= HUB_CHANGED_MAX && !imap_get(&h->changed, run))
		return; /* thousands of runs at once: whoever waits for them asks for a page */
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): a number, which nobody follows */
	imap_put(&h->changed, run, (void *)(uintptr_t)++h->stamp);
	hub_schedule(h, TICK_MS);
}

void list_begin(struct hub_session *s)
{
	s->list_stamp = s->hub->stamp;
	if (s->lists)
		return;
	s->lists = true;
	s->hub->n_listeners++;
}

void list_end(struct hub_session *s)
{
	if (!s->lists)
		return;
	s->lists = false;
	if (--s->hub->n_listeners == 0)
		imap_fini(&s->hub->changed);
}

/* --- reading ------------------------------------------------------------------------------ */

/* May run twice. */
static int read_lines(struct store *s, void *ctx)
{
	struct summaries *l = ctx;
	const struct hub_config *config = &l->hub->config;

	buf_clear(&l->items);
	l->n_items = 0;
	for (size_t i = 0; i < l->n; i++) {
		struct arena *a = arena_create("summary", ARENA_JOB);
		json_t *line = config->run_summary(config->ctx, s, a, l->runs[i].run);

		if (line) {
			if (l->n_items++)
				buf_addc(&l->items, ',');
			buf_add_value(&l->items, line);
		}
		json_decref(line);
		arena_destroy(a);
	}
	return 0;
}

static void lines_read(void *ctx, int rc)
{
	struct summaries *l = ctx;
	struct hub *h = l->hub;
	uint64_t last = l->runs[l->n - 1].stamp;
	struct shared *frame;
	struct buf b;

	buf_init(&b, l->items.n + KIB(1));
	buf_adds(&b, "{\"t\":\"runs\",\"items\":[");
	buf_add(&b, buf_str(&l->items));
	buf_adds(&b, "]}");
	frame = shared_of(&b);
	h->listing = false;
	h->listed_at = hub_now(h);
	list_each (&h->sessions, it) {
		struct hub_session *s = list_item(it, struct hub_session, list);

		if (rc || h->closed || !s->lists || s->list_stamp >= last || !session_has_room(s))
			continue;
		if (l->n_items)
			session_send(s, frame);
		s->list_stamp = last;
	}
	hub_schedule(h, LIST_MS);
	shared_put(frame);
	buf_fini(&l->items);
	free(l);
	hub_unref(h);
}

static int by_stamp(const void *a, const void *b)
{
	const struct changed *x = a, *y = b;

	return (x->stamp > y->stamp) - (x->stamp < y->stamp);
}

/* The first that changed after FROM. */
static size_t collect(const struct hub *h, uint64_t from, struct changed *ret)
{
	struct changed *all = xalloc((h->changed.n + 1) * sizeof(*all));
	size_t n = 0;

	imap_each (&h->changed, it)
		if ((uintptr_t)it->value > from)
			all[n++] = (struct changed){ it->key, (uintptr_t)it->value };
	qsort(all, n, sizeof(*all), by_stamp);
	n = n < LIST_PORTION ? n : LIST_PORTION;
	memcpy(ret, all, n * sizeof(*all));
	free(all);
	return n;
}

/* What is known to all is forgotten. */
static void forget(struct hub *h)
{
	uint64_t known = h->stamp;

	list_each (&h->sessions, it) {
		const struct hub_session *s = list_item(it, struct hub_session, list);

		if (s->lists && s->list_stamp < known)
			known = s->list_stamp;
	}
	struct changed *all = xalloc((h->changed.n + 1) * sizeof(*all));
	size_t n = 0;

	imap_each (&h->changed, it)
		if ((uintptr_t)it->value <= known)
			all[n++].run = it->key;
	while (n)
		imap_remove(&h->changed, all[--n].run);
	free(all);
}

/* How far those are who have room; the newest when there are none. */
static uint64_t least_known(struct hub *h)
{
	uint64_t least = h->stamp;

	list_each (&h->sessions, it) {
		struct hub_session *s = list_item(it, struct hub_session, list);

		if (s->lists && s->list_stamp < least && session_has_room(s))
			least = s->list_stamp;
	}
	return least;
}

static void all_known(struct hub *h)
{
	list_each (&h->sessions, it)
		list_item(it, struct hub_session, list)->list_stamp = h->stamp;
}

void list_go(struct hub *h)
{
	uint64_t from = h->n_listeners ? least_known(h) : h->stamp;
	msec_t since = hub_now(h) - h->listed_at;

	if (h->listing || h->closed || from == h->stamp)
		return;
	if (since < LIST_MS) {
		hub_schedule(h, (uint64_t)(LIST_MS - since));
		return;
	}
	struct summaries *l = xalloc(sizeof(*l));

	l->n = collect(h, from, l->runs);
	if (!l->n) { /* forgotten already */
		all_known(h);
		free(l);
		return;
	}
	l->hub = h;
	buf_init(&l->items, MIB(16));
	h->listing = true;
	hub_ref(h);
	forget(h);
	engine_read(h->config.engine, read_lines, lines_read, l);
}
