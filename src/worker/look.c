#include "worker/look.h"

#include "base/arena.h"
#include "workspace/workspace.h"

#include <stdlib.h>
#include <uv.h>

struct asking {
	struct list list;
	enum look_kind kind;
	look_fn fn;
	void *ctx;
};

/* One directory. */
struct place {
	struct list list;
	struct lookout *lookout;
	char *path;
	struct list waiting, served; /* struct asking */
	bool walking;
	char seal[SHA256_HEX]; /* how the snapshot was made; "": not known yet */
	struct fingerprint last;
	bool seen; /* there is a last one */
	/* the walk in hand: the pool's */
	uv_work_t work;
	struct fingerprint now;
	bool program, read; /* read: all of it, against its list */
	bool whole;
};

struct lookout {
	uv_loop_t *loop;
	struct list places;
};

struct lookout *lookout_create(void *loop)
{
	struct lookout *l = xalloc(sizeof(*l));

	l->loop = loop;
	list_init(&l->places);
	return l;
}

void lookout_destroy(struct lookout *l)
{
	list_each_safe (&l->places, it, next) {
		struct place *p = list_item(it, struct place, list);

		free(p->path);
		free(p);
	}
	free(l);
}

static struct place *place_of(struct lookout *l, const char *path)
{
	list_each (&l->places, it) {
		struct place *p = list_item(it, struct place, list);

		if (strcmp(p->path, path) == 0)
			return p;
	}
	struct place *p = xalloc(sizeof(*p));

	p->lookout = l;
	p->path = xstrdup(path);
	list_init(&p->waiting);
	list_init(&p->served);
	list_push(&l->places, &p->list);
	return p;
}

/* --- walks -------------------------------------------------------------------------------- */

/* What was read between two equal looks is what both of them saw. */
static void on_pool(uv_work_t *work)
{
	struct place *p = work->data;
	struct fingerprint before;

	if (p->program) {
		fingerprint_program(p->path, &p->now);
		return;
	}
	fingerprint_take(p->path, &p->now);
	if (!p->read)
		return;
	before = p->now;
	p->whole = snapshot_is_whole(p->path);
	fingerprint_take(p->path, &p->now);
	p->whole &= !before.error && strcmp(before.sha256, p->now.sha256) == 0;
}

static void on_pooled(uv_work_t *work, int status);

/* How the place is to be looked at for those who wait. */
static void walk(struct place *p)
{
	bool made = false, snapshot = false;

	list_each_safe (&p->waiting, it, next) {
		struct asking *q = list_item(it, struct asking, list);

		made |= q->kind == LOOK_MADE;
		snapshot |= q->kind == LOOK_SNAPSHOT;
		p->program |= q->kind == LOOK_PROGRAM;
		list_remove(&q->list);
		list_push(&p->served, &q->list);
	}
	p->read = snapshot && !made && !p->seal[0];
	p->whole = made;
	p->walking = true;
	p->work.data = p;
	uv_queue_work(p->lookout->loop, &p->work, on_pool, on_pooled);
}

static bool is_whole(const struct place *p)
{
	return p->last.sha256[0] && strcmp(p->seal, p->last.sha256) == 0;
}

static void on_pooled(uv_work_t *work, int status)
{
	struct place *p = work->data;

	(void)status;
	p->seen = true;
	p->walking = false;
	p->last = p->now;
	if (p->whole)
		memcpy(p->seal, p->last.sha256, sizeof(p->seal));
	const struct fingerprint fp = p->last;
	bool whole = is_whole(p);
	struct list served;

	/* whoever is served may ask again */
	list_init(&served);
	list_each_safe (&p->served, it, next) {
		list_remove(it);
		list_push(&served, it);
	}
	list_each_safe (&served, it, next) {
		struct asking *q = list_item(it, struct asking, list);

		list_remove(&q->list);
		q->fn(q->ctx, &fp, whole);
		free(q);
	}
	if (!p->walking && !list_empty(&p->waiting))
		walk(p);
}

void lookout_ask(
    struct lookout *l, const char *path, enum look_kind kind, bool fresh, look_fn fn, void *ctx)
{
	struct place *p = place_of(l, path);

	if (!fresh && p->seen && !p->last.error) {
		const struct fingerprint fp = p->last;

		fn(ctx, &fp, is_whole(p));
		return;
	}
	struct asking *q = xalloc(sizeof(*q));

	*q = (struct asking){ .kind = kind, .fn = fn, .ctx = ctx };
	list_push(&p->waiting, &q->list);
	if (!p->walking)
		walk(p);
}
