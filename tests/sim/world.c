/* Time, and what happens in it. */
#include "sim.h"

#include "base/id.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define HALF_MIN 20000
#define HALF_MAX 1800000
#define SETTLE 400000	 /* after the end of the last run, for what is still to be told */
#define EVENTS_MAX 20000 /* in one world; more is no progress */
#define SPAN_MAX                                                                        \
	2592000000 /* thirty days after the faults are over: longer than any flow takes \
		    */

struct world *world;

const char *const fault_names[FAULTS] = {
	[FAULT_CRASH_TIME] = "crash",
	[FAULT_CRASH_OP] = "crash-op",
	[FAULT_CRASH_BEFORE] = "crash-before",
	[FAULT_CRASH_AFTER] = "crash-after",
	[FAULT_CRASH_AGAIN] = "crash-again",
	[FAULT_STOP] = "stop",
	[FAULT_COMMAND] = "command",
	[FAULT_PAUSE] = "pause",
	[FAULT_CLOCK] = "clock",
	[FAULT_FULL] = "full",
	[FAULT_EIO] = "eio",
	[FAULT_BUSY] = "busy",
	[FAULT_SLOW] = "slow",
	[FAULT_SPAWN] = "spawn",
	[FAULT_DIE] = "die",
	[FAULT_DEAF] = "deaf",
	[FAULT_GHOST] = "ghost",
};

/* --- the heap ----------------------------------------------------------------------------- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void heap_push(struct world *w, struct sim_event ev)
{
	if (w->n_heap == w->cap_heap) {
		w->cap_heap = w->cap_heap ? w->cap_heap * 2 : 64;
		w->heap = xrealloc(w->heap, w->cap_heap * sizeof(*w->heap));
	}
	size_t i = w->n_heap++;

	for (; i && before(&ev, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = ev;
}

static struct sim_event heap_pop(struct world *w)
{
	struct sim_event top = w->heap[0], last = w->heap[--w->n_heap];
	size_t i = 0;

	for (;;) {
		size_t k = 2 * i + 1;

		if (k >= w->n_heap)
			break;
		if (k + 1 < w->n_heap && before(&w->heap[k + 1], &w->heap[k]))
			k++;
		if (!before(&w->heap[k], &last))
			break;
		w->heap[i] = w->heap[k];
		i = k;
	}
	w->heap[i] = last;
	return top;
}

void sim_at(
    struct world *w, msec_t at, struct node *node, void (*fn)(struct world *, void *), void *arg)
{
	heap_push(w, (struct sim_event){ .at = at > w->now ? at : w->now,
			 .order = w->order++,
			 .fn = fn,
			 .arg = arg,
			 .node = node,
			 .life = node ? node->life : 0 });
}

void sim_after(
    struct world *w, msec_t delay, struct node *node, void (*fn)(struct world *, void *), void *arg)
{
	sim_at(w, w->now + delay, node, fn, arg);
}

/* --- what people read --------------------------------------------------------------------- */

void sim_hash(struct world *w, const void *p, size_t n)
{
	const unsigned char *at = p;
	uint64_t h = w->hash;

	for (; n >= 8; n -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		h = (h ^ word) * 0x9fb21c651e98df25u;
		h ^= h >> 32;
	}
	for (; n; n--)
		h = (h ^ *at++) * 1099511628211u;
	w->hash = h;
}

uint64_t hash_text(struct str s)
{
	uint64_t h = 14695981039346656037u;

	if (!s.p)
		return 0;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h | 1;
}

void sim_say(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->trace)
		return;
	buf_printf(w->trace, "%9.3f  ", (double)w->now / 1000);
	va_start(ap, fmt);
	buf_vprintf(w->trace, fmt, ap);
	va_end(ap);
	buf_addc(w->trace, '\n');
}

void sim_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->failed[0])
		return;
	va_start(ap, fmt);
	vsnprintf(w->failed, sizeof(w->failed), fmt, ap);
	va_end(ap);
	sim_say(w, "VIOLATION: %s", w->failed);
}

/* The engine's log, for whoever reads along. */
void log_write(enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (world)
		sim_say(world, "log: %s", line);
}

/* --- choices ------------------------------------------------------------------------------ */

bool sim_take(struct world *w, enum part part)
{
	unsigned n = w->counted[part]++;

	return n >= PART_MAX || !w->without[part][n];
}

bool sim_strikes(struct world *w, enum fault fault, unsigned one_of)
{
	if (!w->faults[fault] || w->now >= w->half || !one_of)
		return false;
	return rng_below(&w->rng[S_FAULT], one_of) == 0 && sim_take(w, PART_FAULT);
}

static void sim_random(void *p, size_t n)
{
	unsigned char *at = p;

	for (; n >= 8; n -= 8, at += 8) {
		uint64_t word = rng_next(&world->rng[S_ID]);

		memcpy(at, &word, 8);
	}
	for (; n; n--)
		*at++ = (unsigned char)rng_next(&world->rng[S_ID]);
}

static msec_t sim_clock(bool wall)
{
	return wall ? node_wall(world->node) : node_boot(world->node);
}

/* --- a world ------------------------------------------------------------------------------ */

/* Swarm: each kind of fault is in every third world, and none at all in every eighth. */
static void choose_faults(struct world *w, const bool *off)
{
	struct rng *r = &w->rng[S_WORLD];
	bool none = rng_chance(r, 125);

	for (int f = 0; f < FAULTS; f++)
		w->faults[f] = rng_chance(r, 330) && !none && !off[f];
	w->rate = 1u << rng_between(r, 5, 10);
}

static void begin(struct world *w, const struct sim_spec *spec)
{
	w->seed = spec->seed;
	w->hash = spec->seed;
	w->trace = spec->trace;
	for (int s = 0; s < STREAMS; s++)
		w->rng[s].state = rng_mix(spec->seed * STREAMS + (uint64_t)s + 1);
	for (int p = 0; p < PARTS; p++)
		w->without[p] = spec->without[p];
	choose_faults(w, spec->off);
	w->half = rng_between(&w->rng[S_WORLD], HALF_MIN, HALF_MAX);
	w->group_max =
	    rng_chance(&w->rng[S_WORLD], 500) ? 512 : (unsigned)rng_between(&w->rng[S_WORLD], 1, 6);
	list_init(&w->processes);
	for (unsigned i = 0; i < 2; i++) {
		w->flows[i] = sim_flow(spec->seed, i, spec->without[PART_STEP]);
		w->counted[PART_STEP] += w->flows[i]->n_steps;
	}
	w->db = mem_db_create();
	w->ops = spec->faithful ? fidelity_begin() : &store_mem;
	w->db->committing = oracle_commit;
	w->db->rolled_back = oracle_rolled_back;
	w->db->ctx = w;
	w->node = xalloc(sizeof(*w->node));
	w->node->w = w;
	w->node->drift = (int)rng_between(&w->rng[S_WORLD], -50, 50);
	id_set_source(sim_random);
	clock_set_source(sim_clock);
	node_start(w);
	people_begin(w);
	faults_begin(w);
}

static bool all_over(const struct world *w)
{
	for (unsigned i = 0; i < w->n_orders; i++)
		if (w->orders[i].asked && !w->orders[i].acked)
			return false;
	mem_each(w->db, MEM_RUNS, struct run_row, row,
	    key) if (str_is(row->status, "running")) return false;
	return list_empty(&w->processes);
}

static void happen(struct world *w, struct sim_event *ev)
{
	struct node *n = ev->node;

	if (n && (n->life != ev->life || !n->up))
		return;
	if (n && n->paused_until > w->now) { /* later, in the same order */
		ev->at = n->paused_until;
		heap_push(w, *ev);
		return;
	}
	w->n_events++;
	sim_hash(w, &w->now, sizeof(w->now));
	ev->fn(w, ev->arg);
	if (n && n->dying)
		node_crash(w, "in the middle of it");
}

static void second_half(struct world *w)
{
	sim_say(w, "--- no more faults");
	w->end = w->now + SPAN_MAX;
	w->full_until = w->bad_until = w->busy_until = w->slow_until = 0;
	w->node->paused_until = 0;
	if (w->node->up && w->node->command)
		node_stop(w);
	if (!w->node->up)
		node_start(w);
	people_insist(w);
}

static void stuck(struct world *w)
{
	mem_each(w->db, MEM_RUNS, struct run_row, row, key) if (str_is(row->status, "running"))
	    sim_fail(w, "I5: run %.*s is still running and nothing will happen any more",
		STR_ARG(row->id));
	sim_fail(w, "I5: somebody waits for an answer and nothing will happen any more");
}

static void live(struct world *w)
{
	while (!w->failed[0]) {
		if (!w->end && (!w->n_heap || w->heap[0].at >= w->half)) {
			w->now = w->half;
			second_half(w);
		}
		if (w->end && (w->over_at != 0) != all_over(w))
			w->over_at = w->over_at ? 0 : w->now;
		if (w->over_at && (!w->n_heap || w->heap[0].at > w->over_at + SETTLE))
			return;
		if (!w->n_heap || (w->end && w->now > w->end)) {
			stuck(w);
			return;
		}
		if (w->n_events > EVENTS_MAX) {
			sim_fail(w, "I5: %d events, and no end", EVENTS_MAX);
			return;
		}
		struct sim_event ev = heap_pop(w);

		w->now = ev.at;
		happen(w, &ev);
	}
}

/* How everything stands, for whoever has to find out why. */
static void tell_all(struct world *w)
{
	mem_each(w->db, MEM_RUNS, struct run_row, run, key)
	{
		sim_say(w, "run %lld %.*s: %.*s (%.*s) end_as '%.*s'", (long long)key,
		    STR_ARG(run->id), STR_ARG(run->status), STR_ARG(run->reason),
		    STR_ARG(run->end_as));
		mem_each(w->db, MEM_STEPS, struct step_row, s, k) if (s->run == key) sim_say(w,
		    "  %lld %.*s %.*s: %.*s (%.*s) attempt %lld epoch %lld ready_at %lld task %lld",
		    (long long)s->position, STR_ARG(s->kind), STR_ARG(s->name), STR_ARG(s->status),
		    STR_ARG(s->reason), (long long)s->attempt, (long long)s->epoch,
		    (long long)s->ready_at, (long long)s->task);
	}
}

static void end(struct world *w, struct sim_result *ret)
{
	if (!w->failed[0])
		oracle_end(w);
	if (w->failed[0] && w->trace)
		tell_all(w);
	if (w->node->up)
		node_crash(w, "the end of the world");
	if (w->ops != &store_mem && !w->failed[0])
		fidelity_end(w);
	fidelity_free();
	*ret = (struct sim_result){ .hash = w->hash,
		.events = w->n_events,
		.commits = w->n_commits,
		.steps = w->n_steps,
		.crashes = w->crashes };
	memcpy(ret->failed, w->failed, sizeof(ret->failed));
	for (int p = 0; p < PARTS; p++)
		ret->parts[p] = w->counted[p];
	w->db->rolled_back = NULL;
	mem_db_destroy(w->db);
	oracle_free(w);
	worker_free();
	people_free();
	free(w->heap);
	free(w->node);
	free(w);
	world = NULL;
	clock_set_source(NULL);
	id_set_source(NULL);
}

void sim_run(const struct sim_spec *spec, struct sim_result *ret)
{
	struct world *w = world = xalloc(sizeof(*w));

	begin(w, spec);
	live(w);
	end(w, ret);
}
