/* One process of ours: how it comes and goes. */
#include "sim.h"

#include <stdlib.h>

#define RESTART_MAX 60000

bool node_serves(const struct node *n)
{
	return n->up && !n->draining && !n->command;
}

msec_t node_boot(const struct node *n)
{
	return n->w->now + n->w->now * n->drift / 1000;
}

msec_t node_wall(const struct node *n)
{
	return SIM_EPOCH + node_boot(n) + n->offset;
}

static void on_recovered(void *ctx, int rc, size_t n)
{
	struct node *node = ctx;

	if (node->up)
		sim_say(node->w, "recovered: %zu runs (%d)", n, rc);
}

static void again(struct world *w, void *arg)
{
	(void)arg;
	if (!w->node->up)
		node_start(w);
}

void node_start(struct world *w)
{
	struct node *n = w->node;
	struct engine_config config = {
		.loop = n, .node = "sim", .hooks = { n, worker_effect, oracle_appended }
	};
	struct err err = { 0 };

	n->life++;
	n->up = true;
	n->dying = n->draining = n->ending = n->command = false;
	n->paused_until = 0;
	sim_say(w, "life %u begins", n->life);
	n->conn = mem_connect(w->db, false);
	n->conn->base.ops = w->ops;
	n->conn->fault = faults_at_op;
	n->conn->after = faults_after_commit;
	n->conn->ctx = w;
	config.store = &n->conn->base;
	worker_begin(n);
	oracle_reconnected(w);
	if (engine_create(&config, &n->engine, &err) < 0)
		abort();
	if (!command_begin(w))
		engine_recover(n->engine, on_recovered, n);
	if (w->crashes && sim_strikes(w, FAULT_CRASH_AGAIN, 2))
		n->dying = true; /* seen at its first operation */
}

static void gone(struct world *w)
{
	struct node *n = w->node;

	n->up = false;
	worker_lost(n);
	engine_destroy(n->engine); /* closes the connection */
	n->engine = NULL;
	mem_db_abandon(w->db);
	fidelity_gone();
}

void node_crash(struct world *w, const char *why)
{
	sim_say(w, "life %u ends: %s", w->node->life, why);
	w->crashes++;
	w->node->dying = true;
	gone(w);
	sim_after(w, rng_between(&w->rng[S_TIME], 150, RESTART_MAX), NULL, again, NULL);
}

static void look_whether_idle(struct world *w, void *arg)
{
	struct node *n = w->node;

	(void)arg;
	if (!worker_idle(n)) {
		sim_after(w, 50, n, look_whether_idle, NULL);
		return;
	}
	sim_say(w, "life %u ends as it was asked to", n->life);
	gone(w);
	sim_after(w, rng_between(&w->rng[S_TIME], 150, RESTART_MAX), NULL, again, NULL);
}

void node_stop(struct world *w)
{
	if (w->node->ending)
		return;
	sim_say(w, "life %u is asked to end", w->node->life);
	w->node->ending = w->node->draining = true;
	engine_hurry(w->node->engine);
	worker_drain_all(w->node);
	look_whether_idle(w, NULL);
}
