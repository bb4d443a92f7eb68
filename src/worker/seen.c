/* What an attempt was shown of the snapshot's files, as its tool calls were observed. */
#include "worker/priv.h"

#include "adapter/reads.h"
#include "base/json.h"

void seen_begin(struct attempt *at)
{
	at->coverage = coverage_create(at->arena);
}

void seen_fact(struct attempt *at, const struct fact *fact)
{
	if (fact->type == FACT_TOOL_END && fact->ok)
		coverage_add_reads(at->coverage, at->claim->step, at->task.repo,
		    json_get_array(fact->data, "reads"));
}

void seen_command(struct attempt *at, struct str output)
{
	const struct claim *cl = at->claim;
	const char *repo = at->place.in_place && at->snapshot ? at->snapshot->tree : "/repo";
	json_t *reads = reads_of_command(cl->argv, cl->n_argv, output, !at->output_cut);

	seen_begin(at);
	coverage_add_reads(at->coverage, cl->step, repo, reads);
	json_decref(reads);
}

json_t *seen_add(struct attempt *at, json_t *evidence)
{
	bool tells = !at->program || at->program->ops->traits.tells_reads;

	if (!at->coverage)
		return evidence;
	if (!tells && !at->claim->web_only)
		coverage_add_blind(at->coverage, at->claim->step);
	if (!evidence)
		evidence = json_object();
	json_object_set_new(evidence, "reads", coverage_to_json(at->coverage));
	return evidence;
}
