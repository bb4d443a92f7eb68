/*
 * A command where no daemon is: `tutti runs resume`, `retry` and `cancel` open the directory by
 * themselves, take over the run that they are about and no other, and end with it.
 */
#include "sim.h"

#include <stdio.h>

enum verb { RESUME, RETRY, RETRY_STEP, CANCEL, VERBS };

static struct command {
	enum verb verb;
	int64_t run;
	char id[ID_RUN_SIZE], step[80];
	bool cancelling;
} cmd;

static void end(struct world *w, void *arg)
{
	(void)arg;
	node_stop(w);
}

static void on_changed(void *ctx, int rc, const struct err *err)
{
	struct node *n = ctx;

	if (!n->up)
		return;
	sim_say(n->w, "the command is answered: %d %s", rc, err ? err->what : "");
	if (rc) {
		sim_after(n->w, 0, n, end, NULL);
	} else if (cmd.verb == CANCEL && !cmd.cancelling) {
		cmd.cancelling = true;
		engine_cancel(n->engine, str_from(cmd.id), (struct str){ "", 0 }, STR("cancelled"),
		    on_changed, n);
	}
}

void command_over(struct node *n, int64_t run)
{
	if (n->command && run == cmd.run)
		sim_after(n->w, 0, n, end, NULL);
}

static bool choose(struct world *w)
{
	struct rng *r = &w->rng[S_FAULT];
	unsigned runs = 0, steps = 0;

	cmd = (struct command){ .verb = (enum verb)rng_below(r, VERBS) };
	mem_each(w->db, MEM_RUNS, struct run_row, row, key) if (rng_below(r, ++runs) == 0)
	{
		cmd.run = key;
		snprintf(cmd.id, sizeof(cmd.id), "%.*s", STR_ARG(row->id));
	}
	mem_each(w->db, MEM_STEPS, struct step_row, row,
	    key) if (row->run == cmd.run && rng_below(r, ++steps) == 0)
	    snprintf(cmd.step, sizeof(cmd.step), "%.*s", STR_ARG(row->name));
	return runs > 0;
}

bool command_begin(struct world *w)
{
	static const char *const words[] = { "resume", "retry", "retry", "cancel" };
	struct node *n = w->node;
	struct str run, all = { "", 0 };

	if (w->end || !w->faults[FAULT_COMMAND] || !rng_chance(&w->rng[S_FAULT], 500) ||
	    !choose(w) || !sim_take(w, PART_FAULT))
		return false;
	run = str_from(cmd.id);
	n->command = true;
	sim_say(w, "command: %s %s %s", words[cmd.verb], cmd.id,
	    cmd.verb == RETRY_STEP ? cmd.step : "");
	if (cmd.verb == CANCEL)
		n->draining = true; /* nothing of it is to start again */
	if (cmd.verb == RETRY || cmd.verb == RETRY_STEP)
		engine_retry(n->engine, run, all, cmd.verb == RETRY ? all : str_from(cmd.step),
		    on_changed, n);
	else
		engine_resume(n->engine, run, all, on_changed, n);
	sim_after(w, rng_between(&w->rng[S_FAULT], 100, 600000), n, end, NULL);
	return true;
}
