/* Tries: beginning, ending, again after a pause, and the limits of time. */
#include "base/utf8.h"
#include "core/priv.h"

#define REASON_MAX 600 /* bytes of what a try says about its end */
#define BACKOFF_MAX ((msec_t)5 * 60 * 1000)
#define SNAPSHOT_TIMEOUT ((msec_t)15 * 60 * 1000)
#define SNAPSHOT_STALL ((msec_t)2 * 60 * 1000)
#define SNAPSHOT_RETRIES 1
#define SNAPSHOT_RETRY_ON \
	(ENDING_BIT(ENDING_CRASHED) | ENDING_BIT(ENDING_STALLED) | ENDING_BIT(ENDING_TIMED_OUT))

/* FNV-1a, then the finaliser of MurmurHash3: enough to spread retries, the same everywhere. */
static uint32_t mix(struct str seed, uint32_t step, unsigned attempt)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < seed.n; i++)
		h = (h ^ (unsigned char)seed.p[i]) * 16777619u;
	h = (h ^ step) * 16777619u;
	h = (h ^ attempt) * 16777619u;
	h = (h ^ h >> 16) * 0x85ebca6bu;
	h = (h ^ h >> 13) * 0xc2b2ae35u;
	return h ^ h >> 16;
}

static msec_t backoff_base(enum ending ending)
{
	if (ending == ENDING_RATE_LIMITED)
		return 15000;
	if (ending == ENDING_ENDPOINT_DOWN)
		return 5000;
	return 1000;
}

msec_t core_backoff(struct str seed, uint32_t step, unsigned attempt, enum ending ending)
{
	msec_t wait = backoff_base(ending);

	for (unsigned k = 1; k < attempt && wait < BACKOFF_MAX; k++)
		wait *= 2;
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	return wait * 3 / 4 + wait * (mix(seed, step, attempt) % 1000) / 2000; /* 75 to 125 % */
}

static msec_t timeout_of(const struct core_node *n)
{
	return n->def ? n->def->timeout : SNAPSHOT_TIMEOUT;
}

static msec_t stall_of(const struct core_node *n)
{
	if (n->kind == KIND_SNAPSHOT)
		return SNAPSHOT_STALL;
	return n->kind == KIND_AGENT || n->kind == KIND_COMMAND ? n->def->stall : 0;
}

/* Code is bounded by its instructions; groups and child runs by what is in them. */
static bool is_timed(enum step_kind k)
{
	return k == KIND_AGENT || k == KIND_COMMAND || k == KIND_SNAPSHOT || k == KIND_APPROVAL;
}

void attempt_begin(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	n->attempt++;
	n->epoch++;
	n->offered = n->queued = n->killing = false;
	n->ready_at = 0;
	n->ending = ENDING_NONE;
	node_move(c, i, STEP_RUNNING, "%s", "");
	n->started_at = n->active_at = c->now;
	if (!is_timed(n->kind))
		return;
	n->deadline = timeout_of(n) ? c->now + timeout_of(n) : 0;
	n->stall_at = stall_of(n) ? c->now + stall_of(n) : 0;
	index_push(&c->active, i);
}

/* Before the try that follows. */
static msec_t pause_of(const struct core *c, uint32_t i)
{
	const struct core_node *n = node_at(c, i);

	return core_backoff(c->seed, i, n->attempt, n->ending);
}

/*
 * Put back. What is alive has its time from its beginning on, and a sign of life is due from now
 * on. Nothing waits for a clock that was put back meanwhile.
 */
void attempt_restored(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);

	if (n->status == STEP_PENDING && n->ready_at > c->now + pause_of(c, i)) {
		n->ready_at = c->now + pause_of(c, i);
		node_touch(c, i);
	}
	if (n->status != STEP_RUNNING || !is_timed(n->kind))
		return;
	if (n->started_at > c->now) {
		n->started_at = c->now;
		node_touch(c, i);
	}
	n->active_at = c->now;
	n->deadline = timeout_of(n) ? n->started_at + timeout_of(n) : 0;
	n->stall_at = stall_of(n) ? c->now + stall_of(n) : 0;
	index_push(&c->active, i);
}

/* The node an event about a running attempt means, or NULL when that attempt is history. */
static struct core_node *current(struct core *c, const struct core_event *ev)
{
	struct core_node *n = ev->step < c->n ? node_at(c, ev->step) : NULL;

	return n && !n->retired && n->status == STEP_RUNNING && n->epoch == ev->epoch ? n : NULL;
}

bool core_awaits(const struct core *c, uint32_t step, unsigned epoch)
{
	const struct core_node *n = step < c->n ? node_at(c, step) : NULL;

	return n && n->kind == KIND_CODE && !n->retired && n->status == STEP_PENDING &&
	       n->offered && n->epoch + 1 == epoch;
}

int attempt_claimed(struct core *c, const struct core_event *ev)
{
	struct core_node *n = ev->step < c->n ? node_at(c, ev->step) : NULL;

	if (!n || n->retired || n->status != STEP_PENDING || !n->offered)
		return -ESTALE;
	attempt_begin(c, ev->step);
	return 0;
}

int attempt_active(struct core *c, const struct core_event *ev)
{
	struct core_node *n = current(c, ev);

	if (!n)
		return -ESTALE;
	n->active_at = c->now;
	if (n->stall_at)
		n->stall_at = c->now + stall_of(n);
	return 0;
}

static bool may_retry(const struct core *c, const struct core_node *n, enum ending ending)
{
	unsigned retries = n->def ? n->def->retries : SNAPSHOT_RETRIES;
	uint32_t set = n->def ? n->def->retry_on : SNAPSHOT_RETRY_ON;

	return !c->doomed && (set & ENDING_BIT(ending)) && n->attempt <= retries;
}

static void fail_or_retry(struct core *c, uint32_t i, struct str reason)
{
	struct core_node *n = node_at(c, i);
	struct str said = utf8_cut(reason, REASON_MAX);
	const char *why = arena_printf(
	    c->arena, "%s%s%.*s", ending_name(n->ending), said.n ? ": " : "", STR_ARG(said));

	if (may_retry(c, n, n->ending)) {
		msec_t wait = pause_of(c, i);

		node_move(c, i, STEP_PENDING, "%s; try %u follows", why, n->attempt + 1);
		n->ready_at = c->now + wait;
		index_push(&c->active, i);
		return;
	}
	if (n->attempt > 1)
		node_move(c, i, STEP_FAILED, "%s; %u tries", why, n->attempt);
	else
		node_move(c, i, STEP_FAILED, "%s", why);
	settle_node(c, i);
}

static void conclude(struct core *c, uint32_t i, enum ending ending, bool usable, struct str reason)
{
	struct core_node *n = node_at(c, i);

	n->ending = ending;
	n->killing = false;
	n->partial = ending == ENDING_TRUNCATED && usable;
	if (ending == ENDING_ANSWERED || n->partial) {
		node_move(c, i, STEP_COMPLETED, "%.*s", STR_ARG(reason));
		if (n->kind == KIND_APPROVAL)
			c->ask->compose(c->ask->ctx, i);
		settle_node(c, i);
	} else if (ending == ENDING_CANCELLED) {
		node_move(c, i, STEP_CANCELLED, "%.*s", STR_ARG(reason));
		settle_node(c, i);
	} else {
		fail_or_retry(c, i, reason);
	}
}

int attempt_ended(struct core *c, const struct core_event *ev)
{
	if (core_awaits(c, ev->step, ev->epoch))
		attempt_begin(c, ev->step);
	struct core_node *n = current(c, ev);

	if (!n)
		return -ESTALE;
	enum ending ending = ev->ending;
	struct str reason = ev->reason;
	bool worked = ending == ENDING_ANSWERED;

	if (n->killing && !worked) { /* what it said while dying is not why it died */
		ending = n->kill_as;
		reason = n->kill_as == ENDING_CANCELLED ? STR("stopped with the run") : n->kill_why;
	}
	if (ending == ENDING_CANCELLED && !n->killing && !c->doomed && is_timed(n->kind)) {
		ending = ENDING_STALLED; /* it was killed for that before the core was put back */
		reason = STR("no sign of life");
	}
	if (n->kind == KIND_SNAPSHOT && worked && c->size == SIZE_AUTO) {
		c->size = ev->size == SIZE_AUTO ? SIZE_SMALL : ev->size;
		c->run_changed = true;
	}
	conclude(c, ev->step, ending, ev->usable, copy(c, reason));
	return 0;
}

int attempt_lost(struct core *c, const struct core_event *ev)
{
	struct core_node *n = current(c, ev);

	if (!n)
		return -ESTALE;
	n->ending = ENDING_LOST;
	n->killing = false;
	if (n->attempt)
		n->attempt--; /* nobody's fault: it consumes no try */
	if (c->doomed) {
		node_move(c, ev->step, STEP_CANCELLED, "lost while the run was being stopped");
		return 0;
	}
	if (ev->reason.n)
		node_move(c, ev->step, STEP_PENDING, "lost: %.*s", STR_ARG(ev->reason));
	else
		node_move(c, ev->step, STEP_PENDING, "lost: the process that ran it is gone");
	settle_queue(c, ev->step);
	return 0;
}

void attempt_kill(struct core *c, uint32_t i, enum ending as)
{
	struct core_node *n = node_at(c, i);
	bool has_process = n->kind == KIND_AGENT || n->kind == KIND_COMMAND ||
			   n->kind == KIND_SNAPSHOT || n->kind == KIND_FLOW;

	if (n->kind == KIND_APPROVAL) {
		n->ending = as;
		node_move(c, i, STEP_CANCELLED, "stopped with the run");
		return;
	}
	if (!has_process || (n->killing && n->kill_as == as))
		return;
	n->killing = true;
	n->kill_as = as;
	effect_add(c, CORE_KILL, i);
}

static void approval_expired(struct core *c, uint32_t i)
{
	struct core_node *n = node_at(c, i);
	struct str choice = n->def->approval.on_timeout;

	if (choice.n && !str_is(choice, "fail"))
		conclude(c, i, ENDING_ANSWERED, true, choice);
	else
		conclude(c, i, ENDING_TIMED_OUT, false, STR("nobody answered in time"));
}

static void expire(struct core *c, uint32_t i, enum ending as, msec_t limit)
{
	struct core_node *n = node_at(c, i);
	char span[16];

	if (n->kind == KIND_APPROVAL) {
		approval_expired(c, i);
		return;
	}
	if (n->killing)
		return;
	n->kill_why = str_from(arena_printf(c->arena,
	    as == ENDING_STALLED ? "no sign of life for %s" : "limit of %s reached",
	    clock_span(limit, span, sizeof(span))));
	attempt_kill(c, i, as);
}

static bool is_active(const struct core_node *n)
{
	if (n->retired)
		return false;
	if (n->status == STEP_PENDING)
		return n->ready_at != 0;
	return n->status == STEP_RUNNING && (n->deadline || n->stall_at) && !n->killing;
}

/* Looks at everything that has a clock running; forgets what no longer has. */
void attempt_clocks(struct core *c)
{
	size_t n_before = c->active.n, kept = 0;

	for (size_t k = 0; k < n_before; k++) {
		uint32_t i = c->active.v[k];
		struct core_node *n = node_at(c, i);

		if (!is_active(n))
			continue;
		if (n->status == STEP_PENDING && n->ready_at <= c->now)
			settle_queue(c, i);
		else if (n->deadline && n->deadline <= c->now)
			expire(c, i, ENDING_TIMED_OUT, n->deadline - n->started_at);
		else if (n->stall_at && n->stall_at <= c->now)
			expire(c, i, ENDING_STALLED, n->stall_at - n->active_at);
		if (is_active(n) && !(n->status == STEP_PENDING && n->ready_at <= c->now))
			c->active.v[kept++] = i;
	}
	/* what was added meanwhile stays */
	for (size_t k = n_before; k < c->active.n; k++)
		c->active.v[kept++] = c->active.v[k];
	c->active.n = kept;
}

msec_t attempt_wake_at(const struct core *c)
{
	msec_t at = 0;

	for (size_t k = 0; k < c->active.n; k++) {
		const struct core_node *n = node_at(c, c->active.v[k]);
		msec_t times[] = { n->status == STEP_PENDING ? n->ready_at : 0,
			n->status == STEP_RUNNING ? n->deadline : 0,
			n->status == STEP_RUNNING ? n->stall_at : 0 };

		for (size_t t = 0; is_active(n) && t < 3; t++)
			if (times[t] && (!at || times[t] < at))
				at = times[t];
	}
	return at;
}
