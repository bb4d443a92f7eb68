/* What goes wrong: kills at chosen places, a full disk, a store that is busy, slow, a clock that
 * jumps. */
#include "sim.h"

/* --- at operations of the store -----------------------------------------------------------------
 */

static void die(struct world *w, const char *where)
{
	sim_say(w, "fault: killed %s", where);
	w->node->dying = true;
}

int faults_at_op(void *ctx, const char *op, bool writes)
{
	struct world *w = ctx;
	static const int errors[] = { -EIO, -ENOMEM, -EACCES };
	bool begin = strcmp(op, "mem_begin") == 0, commit = strcmp(op, "mem_commit") == 0;

	if (w->node->dying)
		return -EIO;
	if (commit ? sim_strikes(w, FAULT_CRASH_BEFORE, w->rate)
		   : sim_strikes(w, FAULT_CRASH_OP, w->rate * 16)) {
		die(w, op);
		return -EIO;
	}
	if (begin && w->now < w->busy_until)
		return -EBUSY;
	if (w->now < w->bad_until && rng_chance(&w->rng[S_FAULT], 30))
		return errors[rng_below(&w->rng[S_FAULT], 3)];
	if (commit && !w->db->n_journal)
		return 0; /* what wrote nothing needs no room */
	if (writes && !begin && w->now < w->full_until &&
	    rng_chance(&w->rng[S_FAULT], commit ? 800 : 100))
		return w->seed % 2 ? -EIO : -ENOSPC; /* or it cannot be written for once */
	return 0;
}

int faults_after_commit(void *ctx)
{
	struct world *w = ctx;

	w->n_commits++;
	if (sim_strikes(w, FAULT_CRASH_AFTER, w->rate))
		die(w, "after a commit");
	return 0;
}

/* --- at any time
 * ---------------------------------------------------------------------------------- */

struct trouble {
	enum fault fault;
	unsigned most; /* times in one world */
	void (*fn)(struct world *w, void *arg);
};

static void kill_now(struct world *w, void *arg)
{
	(void)arg;
	if (w->node->up && sim_take(w, PART_FAULT))
		node_crash(w, "killed");
}

static void stop(struct world *w, void *arg)
{
	(void)arg;
	if (w->node->up && sim_take(w, PART_FAULT))
		node_stop(w);
}

static void pause(struct world *w, void *arg)
{
	msec_t span = rng_between(&w->rng[S_FAULT], 100, 200000);

	(void)arg;
	if (!w->node->up || !sim_take(w, PART_FAULT))
		return;
	sim_say(w, "fault: stands still for %lld ms", (long long)span);
	w->node->paused_until = w->now + span;
}

static void jump(struct world *w, void *arg)
{
	static const msec_t spans[] = { 1000, 60000, 3600000, 86400000, 315360000000 };
	msec_t by = spans[rng_below(&w->rng[S_FAULT], 5)];

	(void)arg;
	if (rng_chance(&w->rng[S_FAULT], 500))
		by = -by;
	if (!sim_take(w, PART_FAULT))
		return;
	sim_say(w, "fault: the wall clock jumps by %lld ms", (long long)by);
	w->node->offset += by;
}

static void last(struct world *w, msec_t *until, msec_t most, const char *what)
{
	msec_t span = rng_between(&w->rng[S_FAULT], 100, most);

	if (!sim_take(w, PART_FAULT))
		return;
	sim_say(w, "fault: %s for %lld ms", what, (long long)span);
	*until = w->now + span;
}

static void fill(struct world *w, void *arg)
{
	(void)arg;
	last(w, &w->full_until, 30000, w->seed % 2 ? "the disk fails" : "the disk is full");
}

static void spoil(struct world *w, void *arg)
{
	(void)arg;
	last(w, &w->bad_until, 30000, "the disk fails now and then");
}

static void lock(struct world *w, void *arg)
{
	(void)arg;
	last(w, &w->busy_until, 30000, "somebody else has the database");
}

static void slow(struct world *w, void *arg)
{
	(void)arg;
	last(w, &w->slow_until, 60000, "commits are slow");
}

static const struct trouble troubles[] = {
	{ FAULT_CRASH_TIME, 4, kill_now },
	{ FAULT_STOP, 2, stop },
	{ FAULT_PAUSE, 3, pause },
	{ FAULT_CLOCK, 3, jump },
	{ FAULT_FULL, 3, fill },
	{ FAULT_EIO, 3, spoil },
	{ FAULT_BUSY, 3, lock },
	{ FAULT_SLOW, 3, slow },
};

void faults_begin(struct world *w)
{
	struct rng *r = &w->rng[S_FAULT];

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		const struct trouble *t = &troubles[i];

		for (unsigned k = 0; w->faults[t->fault] && k < 1 + rng_below(r, t->most); k++)
			sim_at(w, rng_between(r, 0, w->half - 1), NULL, t->fn, NULL);
	}
}
