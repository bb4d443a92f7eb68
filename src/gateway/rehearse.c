/* The upstream that is no language model: the same road, another end. */
#include "gateway/priv.h"

#include "base/json.h"

#include <stdlib.h>

#define FEED_BYTES KIB(256)

struct rehearsing {
	struct request *r; /* NULL: cancelled */
	struct arena *arena;
	struct rehearsal_answer answer;
	size_t next;	   /* chunk */
	long long flooded; /* bytes of a flood so far */
	uv_timer_t *timer;
};

static void done(struct rehearsing *h)
{
	if (h->r)
		h->r->transfer = NULL;
	arena_destroy(h->arena);
	handle_close((uv_handle_t *)h->timer);
	free(h);
}

static void on_timer(uv_timer_t *timer);

static void later(struct rehearsing *h, unsigned ms)
{
	uv_timer_start(h->timer, on_timer, ms, 0);
}

static void end(struct rehearsing *h, bool cut)
{
	struct request *r = h->r;

	done(h);
	request_end(r, cut);
	server_turn(r->port->g);
}

/* One chunk, or one more of a flood. False: nothing is left. */
static bool feed_one(struct rehearsing *h)
{
	const struct rehearsal_answer *a = &h->answer;
	bool flood = h->next >= a->n_chunks && a->n_chunks && h->flooded < a->flood_bytes;
	struct str chunk = flood ? a->chunks[a->n_chunks - 1] : (struct str){ "", 0 };

	if (!flood && h->next >= a->n_chunks)
		return false;
	if (!flood)
		chunk = a->chunks[h->next++];
	h->flooded += (long long)chunk.n;
	return request_body(h->r, chunk);
}

static void feed(struct rehearsing *h)
{
	const struct rehearsal_answer *a = &h->answer;
	struct request *r = h->r;

	while (r->out.n < FEED_BYTES) {
		if (!feed_one(h)) {
			if (a->action != REHEARSE_HANG)
				end(h, a->cut || a->flood_bytes > 0 || r->broken);
			return;
		}
		if (a->delay_ms) {
			later(h, a->delay_ms);
			return;
		}
	}
}

static msec_t seconds_of(struct str s)
{
	unsigned long long n;

	return str_to_u64(s, 86400, &n) ? (msec_t)n * 1000 : 0;
}

static void fail(struct rehearsing *h)
{
	const struct rehearsal_answer *a = &h->answer;
	json_t *doc = json_parse(a->body, NULL);
	struct str text = json_get_str(json_get_object(doc, "error"), "message");
	struct request *r = h->r;
	struct gateway *g = r->port->g;

	/* a page of HTML with status 200 is as good as a 502 */
	request_failed(r, a->status == 200 ? 502 : a->status, seconds_of(a->retry_after),
	    text.n ? text : str_take(a->body, 200));
	json_decref(doc);
	h->r = NULL;
	done(h);
	server_turn(g);
}

static void begin(struct rehearsing *h)
{
	const struct rehearsal_answer *a = &h->answer;
	struct request *r = h->r;

	if (a->action == REHEARSE_STATUS) {
		r->transfer = NULL;
		fail(h);
	} else if (a->action == REHEARSE_CLOSE) {
		r->transfer = NULL;
		h->r = NULL;
		request_failed(r, 0, 0, STR("the connection was closed"));
		done(h);
	} else if (a->json.n) {
		request_head(r, true);
		bool fits = request_body(r, a->json);

		end(h, !fits || a->cut);
	} else {
		if (a->n_chunks)
			request_head(r, false);
		feed(h);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct rehearsing *h = timer->data;

	if (h->r->headed)
		feed(h);
	else
		begin(h);
}

/* The answer begins from the loop, never inside of whoever asked. */
static void start(struct request *r)
{
	struct rehearsing *h = xalloc(sizeof(*h));
	json_t *doc = json_parse(buf_str(&r->body), NULL);
	struct err err = { 0 };

	h->r = r;
	h->arena = arena_create("rehearsal", ARENA_JOB);
	h->timer = xalloc(sizeof(*h->timer));
	uv_timer_init(r->port->g->loop, h->timer);
	h->timer->data = h;
	r->transfer = h;
	if (rehearsal_answer(r->port->up->rehearsal, h->arena, doc, r->stream, &h->answer, &err) <
	    0)
		h->answer = (struct rehearsal_answer){ .action = REHEARSE_STATUS,
			.status = 400,
			.body = STR("{\"error\":{\"message\":\"the script asks for too much\"}}") };
	json_decref(doc);
	later(h, h->answer.delay_ms);
}

static void drained(struct request *r)
{
	struct rehearsing *h = r->transfer;

	if (h && !uv_is_active((uv_handle_t *)h->timer))
		later(h, 0);
}

static void cancel(struct request *r)
{
	struct rehearsing *h = r->transfer;

	if (h)
		done(h);
}

const struct backend backend_rehearsal = { start, drained, cancel };
