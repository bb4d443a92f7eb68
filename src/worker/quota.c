/*
 * Scratch space in place has no file system of its own that could be full: so it is looked at again
 * and again while a child is at work, and who has more than a tmpfs would hold is killed. Between
 * two looks it can write what the disk takes; and what it has open without a name is not seen.
 */
#include "worker/priv.h"

#include <stdlib.h>

struct quota {
	struct attempt *attempt; /* stays until this is closed */
	uv_timer_t timer;
	char *path;
	bool over; /* the child is gone */
	/* the walk in hand: the pool's */
	uv_work_t work;
	bool walking;
	struct fingerprint seen;
};

static const struct fingerprint_limits limits = { FENCE_SCRATCH_INODES, FENCE_SCRATCH };

static void on_closed(uv_handle_t *timer)
{
	struct quota *q = timer->data;
	struct attempt *at = q->attempt;

	free(q->path);
	free(q);
	attempt_released(at);
}

/* What it is not known to keep to, it does not keep to. */
static const char *judge(const struct fingerprint *seen)
{
	if (seen->cut)
		return "it filled its scratch space";
	if (seen->error || seen->unread)
		return "its scratch space cannot be looked at";
	return NULL;
}

static void on_pool(uv_work_t *work)
{
	struct quota *q = work->data;

	fingerprint_sizes(q->path, &limits, &q->seen);
}

static void on_time(uv_timer_t *timer);

static void on_pooled(uv_work_t *work, int status)
{
	struct quota *q = work->data;
	struct attempt *at = q->attempt;

	q->walking = false;
	if (q->over) {
		uv_close((uv_handle_t *)&q->timer, on_closed);
		return;
	}
	at->overfull = status ? NULL : judge(&q->seen);
	if (at->overfull)
		sandbox_kill(at->child, false); /* no grace: it would write on */
	else
		uv_timer_start(&q->timer, on_time, QUOTA_MS, 0);
}

static void on_time(uv_timer_t *timer)
{
	struct quota *q = timer->data;

	q->walking = true;
	uv_queue_work(timer->loop, &q->work, on_pool, on_pooled);
}

void quota_begin(struct attempt *at)
{
	if (!at->place.in_place)
		return;
	struct quota *q = xalloc(sizeof(*q));

	q->attempt = at;
	q->path = xstrdup(at->place.scratch);
	q->timer.data = q->work.data = q;
	uv_timer_init(at->worker->loop, &q->timer);
	uv_timer_start(&q->timer, on_time, QUOTA_MS, 0);
	at->handles++;
	at->quota = q;
}

void quota_end(struct attempt *at)
{
	struct quota *q = at->quota;

	if (!q)
		return;
	at->quota = NULL;
	q->over = true;
	if (!q->walking)
		uv_close((uv_handle_t *)&q->timer, on_closed);
	else
		(void)uv_cancel((uv_req_t *)&q->work); /* too late is fine: it has an end */
}
