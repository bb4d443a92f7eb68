/*
 * Random flows, as the YAML that a person would write: every kind of step, nested, with conditions,
 * triggers, retries and limits. A flow stays for FLOW_SEEDS neighbouring seeds, since reading one
 * takes longer than carrying it out. What its texts may be is what model.c understands.
 */
#include "sim.h"

#include "base/json.h"
#include "base/limits.h"
#include "flow/library.h"

#include <stdio.h>
#include <stdlib.h>

#define FLOW_SEEDS 16
#define TOP_MAX 24

struct gen {
	struct buf b;
	struct rng rng;
	unsigned n_nested;
	bool child;    /* this flow is used by another one */
	bool timeouts; /* approvals end by themselves */
	char ids[TOP_MAX][8];
	bool lists[TOP_MAX];			  /* it gives a list */
	unsigned size[TOP_MAX];			  /* the smallest at which it exists */
	bool before[SIZE_AUTO][TOP_MAX][TOP_MAX]; /* [size][i][k]: k is over when i begins */
	unsigned n;
	const bool *simple; /* by number of step, of all files of a world */
	unsigned n_steps;
};

static unsigned below(struct gen *g, unsigned n)
{
	return rng_below(&g->rng, n);
}

static bool chance(struct gen *g, unsigned permille)
{
	return rng_chance(&g->rng, permille);
}

/* --- texts -------------------------------------------------------------------------------- */

/* At each size at which there are both. */
static bool is_before(const struct gen *g, unsigned i, unsigned k)
{
	for (unsigned z = 0; z < SIZE_AUTO; z++)
		if (g->size[i] <= z && g->size[k] <= z && !g->before[z][i][k])
			return false;
	return true;
}

static const char *any_before(struct gen *g, unsigned i, bool list)
{
	unsigned n = 0, found = TOP_MAX;

	for (unsigned k = 0; k < i; k++)
		if (is_before(g, i, k) && (!list || g->lists[k]) && below(g, ++n) == 0)
			found = k;
	return found < TOP_MAX ? g->ids[found] : NULL;
}

static void add_condition(struct gen *g, unsigned i)
{
	static const char *const statuses[] = { "completed", "failed", "skipped" };
	static const char *const words[] = { "yes", "no", "maybe" };
	const char *id = any_before(g, i, false);

	switch (below(g, id ? 8 : 3)) {
	case 0:
		buf_adds(&g->b, chance(g, 500) ? "true" : "false");
		break;
	case 1:
		buf_adds(&g->b, "size == \"large\"");
		break;
	case 2:
		buf_adds(&g->b, chance(g, 150) ? "question.at.all" : "signals.big");
		break;
	case 3:
	case 4:
		buf_printf(&g->b, "steps.%s.status == \"%s\"", id, statuses[below(g, 3)]);
		break;
	default:
		buf_printf(&g->b, "steps.%s.output == \"%s\"", id, words[below(g, 3)]);
		break;
	}
}

static void add_list(struct gen *g, unsigned i)
{
	static const char *const lists[] = { "{\"a\", \"b\"}", "{\"a\", \"b\", \"c\"}", "{\"a\"}",
		"{}", "\"no list\"" };
	const char *id = any_before(g, i, true);

	if (id && chance(g, 700))
		buf_printf(&g->b, "steps.%s.json", id);
	else
		buf_adds(&g->b, lists[chance(g, 800) ? below(g, 2) : below(g, 5)]);
}

static void add_limits(struct gen *g)
{
	static const char *const sets[] = { "crashed", "empty, crashed, stalled",
		"rate_limited, endpoint_down, timed_out", "stalled, truncated, contract_broken" };

	if (chance(g, 500))
		buf_printf(&g->b, ", retries: %u", below(g, 4));
	if (chance(g, 300))
		buf_printf(&g->b, ", retry_on: [%s]", sets[below(g, 4)]);
	if (chance(g, 300))
		buf_printf(&g->b, ", timeout: %us", 1 + below(g, 300));
	if (chance(g, 300))
		buf_printf(&g->b, ", stall: %us", 5 + below(g, 60));
}

/* --- steps -------------------------------------------------------------------------------- */

static void add_step(
    struct gen *g, unsigned i, const char *id, unsigned depth, const char *siblings);

static void new_id(struct gen *g, char *id, size_t size)
{
	snprintf(id, size, "n%u", g->n_nested++);
}

static void add_code(struct gen *g, unsigned i, bool list)
{
	static const char *const texts[] = { "return \"yes\"", "return \"no\"",
		"return \"maybe\"" };
	const char *id = any_before(g, i, false);

	buf_adds(&g->b, ", kind: code, run: '");
	if (list)
		buf_adds(&g->b, chance(g, 500) ? "return {\"a\", \"b\"}" : "return {\"a\"}");
	else if (chance(g, 80))
		buf_adds(&g->b, "return question.at.all");
	else if (id && chance(g, 400))
		buf_printf(&g->b, "return steps.%s.output", id);
	else
		buf_adds(&g->b, texts[below(g, 3)]);
	buf_addc(&g->b, '\'');
}

static void add_each(struct gen *g, unsigned i, unsigned depth)
{
	char id[8];

	new_id(g, id, sizeof(id));
	buf_adds(&g->b, ", kind: each, over: '");
	add_list(g, i);
	buf_addc(&g->b, '\'');
	if (chance(g, 500))
		buf_printf(&g->b, ", max_parallel: %u", 1 + below(g, 2));
	buf_adds(&g->b, ", step: ");
	add_step(g, i, id, depth + 1, "");
}

static void add_loop(struct gen *g, unsigned i, unsigned depth)
{
	char ids[3][8];
	unsigned n = 1 + below(g, 3);

	for (unsigned k = 0; k < n; k++)
		new_id(g, ids[k], sizeof(ids[k]));
	buf_printf(&g->b, ", kind: loop, max: %u, until: '", 1 + below(g, 3));
	if (chance(g, 500))
		buf_printf(&g->b, "round >= %u", 1 + below(g, 3));
	else
		buf_printf(&g->b, "steps.%s.output == \"yes\"", ids[below(g, n)]);
	buf_adds(&g->b, "', step: [");
	for (unsigned k = 0; k < n; k++) {
		buf_adds(&g->b, k ? ", " : "");
		add_step(g, i, ids[k], depth + 1, k && chance(g, 600) ? ids[below(g, k)] : "");
	}
	buf_addc(&g->b, ']');
}

static void add_approval(struct gen *g)
{
	buf_adds(&g->b, ", kind: approval, ask: 'Go on?'");
	if (g->timeouts || chance(g, 400))
		buf_printf(&g->b, ", timeout: %us", 10 + below(g, 2000));
	if (chance(g, 500))
		buf_printf(&g->b, ", on_timeout: %s", chance(g, 500) ? "approve" : "reject");
	if (chance(g, 500))
		buf_printf(&g->b, ", retries: %u", below(g, 2));
}

/* What a step is, nested or not; needs and triggers are its place's. */
static void add_kind(struct gen *g, unsigned i, const char *id, unsigned depth)
{
	unsigned k = below(g, 100);
	bool list = id[0] == 'l';

	if (list || k < 38) {
		if (list && chance(g, 600)) {
			add_code(g, i, true);
			return;
		}
		buf_adds(&g->b, ", persona: p, task: 'Look.'");
		add_limits(g);
	} else if (k < 60) {
		add_code(g, i, false);
		if (chance(g, 300))
			buf_printf(&g->b, ", retries: %u", below(g, 3));
	} else if (k < 66) {
		buf_adds(&g->b, ", kind: command, run: [x]");
		add_limits(g);
	} else if (k < 80 && depth < 2) {
		add_each(g, i, depth);
	} else if (k < 90 && depth < 2) {
		add_loop(g, i, depth);
	} else if (k < 95 && !g->child) {
		buf_adds(&g->b, ", kind: flow, use: g");
	} else {
		add_approval(g);
	}
}

static void add_step(
    struct gen *g, unsigned i, const char *id, unsigned depth, const char *siblings)
{
	buf_printf(&g->b, "{id: %s", id);
	add_kind(g, i, id, depth);
	if (*siblings)
		buf_printf(&g->b, ", needs: [%s]", siblings);
	if (chance(g, 200)) {
		buf_adds(&g->b, ", if: '");
		add_condition(g, i);
		buf_addc(&g->b, '\'');
	}
	if (chance(g, 400))
		buf_adds(&g->b, ", on_failure: continue");
	buf_addc(&g->b, '}');
}

/* --- top level ------------------------------------------------------------------------------ */

static void note_need(struct gen *g, unsigned i, unsigned k)
{
	for (unsigned z = g->size[k]; z < SIZE_AUTO; z++) {
		g->before[z][i][k] = true;
		for (unsigned m = 0; m < k; m++)
			g->before[z][i][m] |= g->before[z][k][m];
	}
}

static void add_needs(struct gen *g, unsigned i)
{
	unsigned n = 0;

	for (unsigned k = 0; k < i; k++) {
		if (!chance(g, 1000 / (i < 3 ? 2 : i)))
			continue;
		buf_printf(&g->b, "%s%s", n++ ? ", " : ", needs: [", g->ids[k]);
		note_need(g, i, k);
	}
	if (n)
		buf_addc(&g->b, ']');
	if (n && chance(g, 400))
		buf_printf(&g->b, ", trigger: %s", chance(g, 500) ? "all_done" : "one_success");
}

/* Chooses among the two that follow it, which must not be what it waits for. */
static void add_switch(struct gen *g, unsigned i)
{
	buf_printf(&g->b, "  - {id: %s, kind: switch", g->ids[i]);
	add_needs(g, i);
	buf_adds(&g->b, ", cases: [{label: one, if: '");
	add_condition(g, i);
	buf_printf(&g->b, "', steps: [s%u]}], default: [s%u]}\n", i + 1, i + 2);
}

/* The same place in the flow, with nothing in it. */
static bool simplify(struct gen *g, unsigned i, size_t from)
{
	unsigned n = g->n_steps++;

	if (n >= PART_MAX || !g->simple[n])
		return false;
	g->b.n = from;
	buf_printf(&g->b, ", kind: code, run: 'return %s'}\n", g->lists[i] ? "{\"a\"}" : "\"yes\"");
	return true;
}

static void add_top(struct gen *g, unsigned i)
{
	g->size[i] = chance(g, 150) ? below(g, SIZE_AUTO) : SIZE_SMALL;
	buf_printf(&g->b, "  - {id: %s", g->ids[i]);
	add_needs(g, i);
	size_t from = g->b.n;

	add_kind(g, i, g->ids[i], 0);
	if (g->size[i] != SIZE_SMALL)
		buf_printf(&g->b, ", size: %s", flow_size_name((enum flow_size)g->size[i]));
	if (chance(g, 250)) {
		buf_adds(&g->b, ", if: '");
		add_condition(g, i);
		buf_addc(&g->b, '\'');
	}
	if (chance(g, 500))
		buf_adds(&g->b, ", on_failure: continue");
	if (!simplify(g, i, from))
		buf_adds(&g->b, "}\n");
}

static void add_flow(struct gen *g, const char *name)
{
	unsigned n = chance(&*g, 60) ? 8 + below(g, TOP_MAX - 8) : 1 + below(g, 6);
	int switched = -1;

	if (g->child)
		n = 1 + below(g, 3);
	g->n = n;
	buf_clear(&g->b);
	memset(g->before, 0, sizeof(g->before));
	memset(g->size, 0, sizeof(g->size));
	memset(g->lists, 0, sizeof(g->lists));
	buf_printf(&g->b, "flow: %s\ncategory: analysis\nsummary: Random.\nsteps:\n", name);
	if (n >= 4 && chance(g, 400))
		switched = (int)below(g, n - 2);
	for (unsigned i = 0; i < n; i++) {
		bool named = switched >= 0 && (int)i > switched && (int)i <= switched + 2;

		g->lists[i] = (int)i != switched && !named && chance(g, 200);
		snprintf(g->ids[i], sizeof(g->ids[i]), "%c%u", g->lists[i] ? 'l' : 's', i);
	}
	for (unsigned i = 0; i < n; i++) {
		if ((int)i == switched)
			add_switch(g, i);
		else
			add_top(g, i);
	}
}

/* --- reading and keeping -------------------------------------------------------------------- */

static const char persona[] = "---\npersona: p\ntitle: P\n---\nYou look.\n";

static void complain(const struct library *lib, const char *text)
{
	for (size_t i = 0; i < library_count(lib); i++) {
		const struct flow_errors *e = library_at(lib, i)->errors;

		for (size_t k = 0; e && k < e->n; k++)
			fprintf(stderr, "%s:%u: %s\n", e->v[k].at.file, e->v[k].at.line,
			    e->v[k].message);
	}
	fprintf(stderr, "%s", text);
	abort();
}

static struct sim_flow *make(uint64_t seed, unsigned first, const bool *simple)
{
	struct sim_flow *f = xalloc(sizeof(*f));
	struct gen g = { .rng = { rng_mix(seed + 77) }, .simple = simple, .n_steps = first };
	struct err err = { 0 };

	f->lib = library_create();
	buf_init(&g.b, MIB(1));
	g.timeouts = seed / 2 % 2; /* sim_flows_end_by_themselves */
	if (library_add(f->lib, TEXT_PERSONA, "p.md", "sim", str_from(persona)) < 0)
		abort();
	g.child = true;
	add_flow(&g, "g");
	if (library_add(f->lib, TEXT_FLOW, "g.yaml", "sim", buf_str(&g.b)) < 0)
		complain(f->lib, g.b.p);
	g.child = false;
	add_flow(&g, "f");
	if (library_add(f->lib, TEXT_FLOW, "f.yaml", "sim", buf_str(&g.b)) < 0)
		complain(f->lib, g.b.p);
	library_check(f->lib);
	f->frozen = library_freeze(f->lib, STR("f"), &err);
	if (!f->frozen)
		complain(f->lib, g.b.p);
	f->n_steps = g.n_steps - first;
	f->flow = library_flow(f->lib, STR("f"), &err);
	buf_fini(&g.b);
	return f;
}

static struct kept {
	uint64_t block;
	bool simple[PART_MAX];
	struct sim_flow *flows[2];
	/* what runs have frozen, as it was read back */
	struct library *thawed[8];
	char hashes[8][65];
	unsigned n_thawed;
} kept;

int __real_library_thaw(const json_t *frozen, struct library **ret, struct err *err);
int __wrap_library_thaw(const json_t *frozen, struct library **ret, struct err *err);
void __real_library_destroy(struct library *lib);
void __wrap_library_destroy(struct library *lib);

/* Reading a flow takes longer than carrying it out: each is read back once, not in each life. */
int __wrap_library_thaw(const json_t *frozen, struct library **ret, struct err *err)
{
	struct str hash = json_get_str(frozen, "sha256");

	for (unsigned i = 0; i < kept.n_thawed; i++)
		if (str_is(hash, kept.hashes[i])) {
			*ret = kept.thawed[i];
			return 0;
		}
	int rc = __real_library_thaw(frozen, ret, err);

	if (rc == 0 && kept.n_thawed < 8) {
		snprintf(kept.hashes[kept.n_thawed], 65, "%.*s", STR_ARG(hash));
		kept.thawed[kept.n_thawed++] = *ret;
	}
	return rc;
}

void __wrap_library_destroy(struct library *lib)
{
	for (unsigned i = 0; i < kept.n_thawed; i++)
		if (kept.thawed[i] == lib)
			return;
	__real_library_destroy(lib);
}

void sim_flows_forget(void)
{
	for (unsigned i = 0; i < kept.n_thawed; i++)
		__real_library_destroy(kept.thawed[i]);
	kept.n_thawed = 0;
	for (int i = 0; i < 2; i++) {
		if (!kept.flows[i])
			continue;
		json_decref(kept.flows[i]->frozen);
		library_destroy(kept.flows[i]->lib);
		free(kept.flows[i]);
		kept.flows[i] = NULL;
	}
}

const struct sim_flow *sim_flow(uint64_t seed, unsigned which, const bool simple[PART_MAX])
{
	uint64_t block = seed / FLOW_SEEDS;

	if (kept.block != block || memcmp(kept.simple, simple, sizeof(kept.simple)) != 0)
		sim_flows_forget();
	kept.block = block;
	memcpy(kept.simple, simple, sizeof(kept.simple));
	if (!kept.flows[which])
		kept.flows[which] =
		    make(block * 2 + which, which ? kept.flows[0]->n_steps : 0, simple);
	return kept.flows[which];
}

bool sim_flows_end_by_themselves(uint64_t seed)
{
	return seed / FLOW_SEEDS % 2;
}
