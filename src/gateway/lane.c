/*
 * One lane an upstream: who may go, who waits, and what a failure means.
 *
 *   enter ─► queue ─► flying ─► head … end
 *              ▲         │
 *              └─ retry ─┴─ failed ─► refused (and the port remembers why)
 */
#include "gateway/priv.h"

#include "adapter/adapter.h"

#include <stdarg.h>

static void tell_waiting(struct request *r, const char *why)
{
	struct port *p = r->port;

	if (p->events && p->events->waiting)
		p->events->waiting(p->ctx, why);
	r->told_at = why ? clock_boot() : 0;
}

static void tell_notice(const struct port *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void tell_notice(const struct port *p, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (p->events && p->events->notice)
		p->events->notice(p->ctx, text);
}

/* --- the budget ---------------------------------------------------------------------------------
 */

/* What the request will cost at least: a token is some four bytes. */
static long long estimate(const struct request *r)
{
	return (long long)(r->body.n / 4);
}

static bool reserve(struct request *r)
{
	struct budget *b = r->port->budget;

	r->reserved = estimate(r);
	if (!b)
		return true;
	if (b->limit && b->used + b->reserved + r->reserved > b->limit) {
		r->reserved = 0;
		return false;
	}
	b->reserved += r->reserved;
	return true;
}

static void unreserve(struct request *r)
{
	if (r->port->budget)
		r->port->budget->reserved -= r->reserved;
	r->reserved = 0;
}

/* --- going
 * ---------------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
	lane_pump(timer->data);
}

static void fly(struct request *r)
{
	struct upstream *up = r->port->up;

	list_remove(&r->queue);
	if (r->told_at)
		tell_waiting(r, NULL);
	r->state = REQUEST_FLYING;
	r->tries++;
	up->flying++;
	up->backend->start(r);
}

static void say_why(struct request *r, msec_t now, unsigned ahead)
{
	struct upstream *up = r->port->up;
	char why[200];

	if (r->told_at && now - r->told_at < WAITING_EVERY)
		return;
	if (!r->told_at && now - r->waiting_since < 300)
		return; /* not worth a word */
	if (up->paused_until > now)
		snprintf(why, sizeof(why), "%s, %lld s to go", up->paused_why,
		    (long long)(up->paused_until - now + 999) / 1000);
	else if (r->not_before > now)
		snprintf(why, sizeof(why), "retry %u in %lld s", r->tries,
		    (long long)(r->not_before - now + 999) / 1000);
	else
		snprintf(why, sizeof(why), "waiting for model (%u ahead)", ahead);
	tell_waiting(r, why);
}

/* The first request that may go now, or NULL; *RET_NEXT is when to look again. */
static struct request *next_request(struct upstream *up, msec_t now, msec_t *ret_next)
{
	unsigned ahead = up->flying;

	list_each (&up->queue, it) {
		struct request *r = list_item(it, struct request, queue);
		msec_t at = r->not_before > up->paused_until ? r->not_before : up->paused_until;

		if (at <= now && up->flying < up->parallel)
			return r;
		say_why(r, now, ahead++);
		msec_t look = at > now && at - now < 1000 ? at : now + 1000;

		*ret_next = !*ret_next || look < *ret_next ? look : *ret_next;
	}
	return NULL;
}

void lane_pump(struct upstream *up)
{
	msec_t now = clock_boot(), next = 0;
	struct request *r;

	while ((r = next_request(up, now, &next)))
		fly(r);
	if (next)
		uv_timer_start(up->timer, on_timer, (uint64_t)(next - now), 0);
	else
		uv_timer_stop(up->timer);
}

void lane_enter(struct request *r)
{
	struct port *p = r->port;

	if (!reserve(r)) {
		port_fail(p, ENDING_QUOTA, true, "the run's token budget (%lld) is used up",
		    p->budget->limit);
		tell_notice(p, "%s", p->why);
		request_refuse(r, 400, "tutti_refused", p->why);
		return;
	}
	r->state = REQUEST_WAITING;
	r->waiting_since = clock_boot();
	list_push(&p->up->queue, &r->queue);
	lane_pump(p->up);
}

static void land(struct request *r)
{
	struct upstream *up = r->port->up;

	if (r->state == REQUEST_FLYING)
		up->flying--;
	list_remove(&r->queue);
	if (r->told_at)
		tell_waiting(r, NULL);
	r->state = REQUEST_DONE;
	unreserve(r);
}

void lane_leave(struct request *r)
{
	if (r->state == REQUEST_FLYING)
		r->port->up->backend->cancel(r);
	if (r->state == REQUEST_FLYING || r->state == REQUEST_WAITING) {
		if (r->headed && !r->ended)
			usage_end(r); /* what came was paid for */
		land(r);
		lane_pump(r->port->up);
	}
}

/* Some servers show the key that they refuse. It is for no agent and no report. */
static bool repeats_key(const struct upstream *up, struct str message)
{
	return up->key && up->key[0] && str_contains(message, str_from(up->key));
}

/* --- what comes back
 * ----------------------------------------------------------------------------------- */

void request_head(struct request *r, bool whole)
{
	r->status = 200;
	r->whole = whole;
	r->json = r->writer ? !r->stream : whole;
	r->headed = true;
	answer_begin(r);
	request_wake(r);
}

static void say_overflow(struct port *p)
{
	port_fail(p, ENDING_ENDPOINT_DOWN, false, "the model server sent more than %zu MiB",
	    MODEL_RESPONSE_MAX >> 20);
}

/* Breaks the answer off: the agent must not take it for whole. */
static bool spoil(struct request *r)
{
	r->broken = true;
	if (r->failed && !r->leaked)
		return false; /* it has said why */
	port_fail(r->port, ENDING_ENDPOINT_DOWN, r->leaked,
	    r->leaked ? "the model server repeated the key"
		      : "the model server's answer cannot be read");
	return false;
}

bool request_body(struct request *r, struct str bytes)
{
	r->out_total += bytes.n;
	if (r->out_total > MODEL_RESPONSE_MAX) {
		say_overflow(r->port);
		return false;
	}
	if (!answer_feed(r, bytes))
		return spoil(r);
	request_wake(r);
	return true;
}

void request_told_error(struct request *r, struct str message)
{
	struct port *p = r->port;

	if (repeats_key(p->up, message))
		message = STR("(it repeated the key)");
	r->failed = true;
	port_fail(p, endpoint_classify(0, message), false, "the model server broke off: %.*s",
	    STR_ARG(str_take(str_trim(message), 300)));
}

void request_end(struct request *r, bool cut)
{
	struct port *p = r->port;

	if (!cut && !r->broken && !answer_end(r))
		spoil(r);
	cut |= r->broken;
	usage_end(r);
	land(r);
	r->ended = true;
	r->cut = cut;
	if (cut && p->verdict == ENDING_NONE)
		port_fail(p, ENDING_ENDPOINT_DOWN, false, "the model server broke off its answer");
	else if (!cut && !p->fatal && !r->failed)
		p->verdict = ENDING_NONE;
	request_wake(r);
	lane_pump(p->up);
}

/* Half of it by chance, so that many do not come back together. */
static msec_t jitter(struct upstream *up, msec_t ms)
{
	up->rng = up->rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return ms / 2 + (msec_t)((up->rng >> 33) % (uint64_t)(ms / 2 + 1));
}

static void pause_lane(struct upstream *up, msec_t ms, const char *why)
{
	msec_t until = clock_boot() + ms;

	if (until > up->paused_until) {
		up->paused_until = until;
		up->paused_why = why;
	}
}

static void again(struct request *r, msec_t delay)
{
	struct upstream *up = r->port->up;

	up->flying--;
	r->state = REQUEST_WAITING;
	r->not_before = clock_boot() + delay;
	list_push(&up->queue, &r->queue);
	lane_pump(up);
}

static bool try_again(struct request *r, enum ending ending, msec_t retry_after)
{
	struct upstream *up = r->port->up;
	msec_t delay = BACKOFF_LEAST << (r->tries - 1);
	bool patient = clock_boot() - r->waiting_since + retry_after < RATE_PATIENCE;

	if (delay > BACKOFF_MOST)
		delay = BACKOFF_MOST;
	if (r->tries >= TRIES_MAX || !patient || retry_after > RETRY_AFTER_MOST)
		return false;
	if (ending == ENDING_RATE_LIMITED) {
		pause_lane(up, retry_after ? retry_after : jitter(up, delay), "rate limited");
		again(r, 0);
		return true;
	}
	if (ending != ENDING_ENDPOINT_DOWN)
		return false;
	delay = jitter(up, delay);
	again(r, delay > retry_after ? delay : retry_after);
	return true;
}

static const char *cause_of(int status, char *buf, size_t n)
{
	if (!status)
		return "the model server gave no answer";
	snprintf(buf, n, "the model server said %d", status);
	return buf;
}

/* Everybody on the lane hears it; those whose requests were under way meet it once more. */
static void quota_gone(const struct port *p)
{
	static const char words[] = "quota used up";
	struct upstream *up = p->up;
	bool known = up->paused_why == words && up->paused_until > clock_boot();

	pause_lane(up, QUOTA_PAUSE, words);
	list_each (&up->g->ports, it) {
		struct port *port = list_item(it, struct port, list);

		if (port == p || (port->up == up && !known))
			tell_notice(
			    port, "quota: \"%s\" is paused for 1:00 (%s)", up->name, p->why);
	}
}

/* The request is at fault: the agent may send another. */
static bool is_theirs(int status, enum ending ending)
{
	static const int ours[] = { 401, 402, 403, 404, 408, 429 };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (status == ours[i])
			return false;
	return status >= 400 && status < 500 && ending != ENDING_QUOTA;
}

void request_failed(struct request *r, int status, msec_t retry_after, struct str message)
{
	struct port *p = r->port;
	enum ending ending = endpoint_classify(status, message);
	bool theirs = is_theirs(status, ending), elsewhere = status >= 300 && status < 400;
	char buf[64];

	if (!theirs && !elsewhere && try_again(r, ending, retry_after))
		return;
	if (elsewhere)
		message = STR("it points elsewhere, and that is not followed");
	if (repeats_key(p->up, message))
		message = STR("(it repeated the key)");
	message = str_take(str_trim(message), 300);
	/* what the agent can do something about is the agent's; the rest ends the attempt */
	port_fail(p, ending, !theirs, "%s%s%.*s", cause_of(status, buf, sizeof(buf)),
	    message.n ? ": " : "", STR_ARG(message));
	if (ending == ENDING_QUOTA)
		quota_gone(p);
	land(r);
	request_refuse(r, theirs ? status : 400, "upstream_error", p->why);
	lane_pump(p->up);
}

/* Not asked again: it would be as much again. */
void request_overflowed(struct request *r)
{
	struct port *p = r->port;

	say_overflow(p);
	land(r);
	request_refuse(r, 400, "upstream_error", p->why);
	lane_pump(p->up);
}
