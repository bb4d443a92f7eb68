/* What the steps of a run were shown, joined and held against the snapshot's list of files. */
#include "engine/result.h"

/* The evidence of node I as it is stored, or NULL. */
static json_t *stored(struct live *lv, uint32_t i)
{
	struct step_row row;

	live_texts(lv, i, &row);
	return row.evidence.p ? json_parse(row.evidence, NULL) : NULL;
}

/* An agent of a time before anything was recorded is one that nobody watched. */
static void join_node(struct coverage *c, const struct core_node *n, const json_t *doc)
{
	const json_t *reads = json_get_object(doc, "reads");

	if (n->status != STEP_COMPLETED) /* nothing rests on it */
		return;
	if (reads)
		coverage_join(c, reads, n->kind == KIND_FLOW ? n->name : STR(""));
	else if (n->kind == KIND_AGENT)
		coverage_add_blind(c, n->name);
}

/* Steps of other kinds show nothing to anybody. */
static bool may_show(const struct core_node *n)
{
	return !n->retired && (n->kind == KIND_AGENT || n->kind == KIND_COMMAND ||
				  n->kind == KIND_FLOW || n->kind == KIND_SNAPSHOT);
}

/* The hunks of a change that stand in the prompt of node I. */
static void add_hunks(struct coverage *c, struct live *lv, uint32_t i)
{
	const struct core_node *n = core_node(lv->core, i);
	unsigned from, to;

	if (n->kind != KIND_AGENT || n->status != STEP_COMPLETED ||
	    !live_shows_chunk(lv, i, &from, &to))
		return;
	for (unsigned id = from; id <= to; id++) {
		const struct change_hunk *h = &lv->change->hunks[id - 1];

		if (h->new_n)
			coverage_add(c, n->name, NULL, lv->change->files[h->file].path, h->new_line,
			    h->new_line + h->new_n - 1);
	}
}

static struct coverage *join_all(struct live *lv, json_t **ret_inventory)
{
	struct coverage *c = coverage_create(lv->job->arena);

	for (uint32_t i = 0; i < core_count(lv->core); i++) {
		const struct core_node *n = core_node(lv->core, i);
		json_t *doc = may_show(n) ? stored(lv, i) : NULL;

		if (may_show(n)) {
			join_node(c, n, doc);
			add_hunks(c, lv, i);
		}
		if (json_get_array(doc, "inventory") && !*ret_inventory)
			*ret_inventory = json_incref(json_get_array(doc, "inventory"));
		json_decref(doc);
	}
	return c;
}

struct ledger *result_ledger(struct live *lv)
{
	json_t *inventory = NULL;
	const struct coverage *c = join_all(lv, &inventory);
	const struct ledger_scope scope = { .files = inventory,
		.repo = lv->repo,
		.change = live_reviewed(lv),
		.change_only = json_get_str(lv->options, "base").n > 0,
		.focus_only = json_get_str(lv->options, "focus").n > 0 };
	struct ledger *l = ledger_build(lv->job->arena, c, &scope);

	json_decref(inventory);
	return l;
}

json_t *result_reads(struct live *lv)
{
	json_t *inventory = NULL;
	json_t *reads = coverage_to_json(join_all(lv, &inventory));

	json_decref(inventory);
	return json_pack("{s:o}", "reads", reads);
}
