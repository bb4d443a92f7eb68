#include "engine/result.h"

#include "engine/choice.h"

#include <stdlib.h>

struct gathered {
	uint32_t *nodes;	/* indices of what the report shows, in plan order */
	struct evidence **of;	/* evidence by position in NODES, or NULL */
	bool *raising;		/* those of them that are in SETS */
	struct evidence **sets; /* those that raise findings */
	struct evidence **all;	/* the same first, then every other one */
	size_t n, n_sets, n_all;
	struct str *validators; /* texts */
	struct evidence **validator_evidence;
	uint32_t *validator_nodes;
	size_t n_validators;
	struct deferring *deferring; /* texts that may put findings off */
	size_t n_deferring;
	bool expects_validator;
	struct str recommendation;
};

static enum step_role role_of(const struct core_node *n)
{
	return n->def ? n->def->role : ROLE_NONE;
}

static bool raises_findings(enum step_role role)
{
	return role == ROLE_ANGLE || role == ROLE_ASSESS;
}

/* Plan order: a child comes behind its group, wherever its row stands. */
static void place(struct live *lv, struct gathered *g, uint32_t i)
{
	const struct core_node *n = core_node(lv->core, i);

	if (n->retired)
		return;
	g->nodes[g->n++] = i;
	if (n->kind != KIND_EACH && n->kind != KIND_LOOP)
		return;
	for (uint32_t k = i + 1; k < core_count(lv->core); k++)
		if (core_node(lv->core, k)->parent == i)
			place(lv, g, k); /* as deep as groups are nested in the file */
}

/*
 * Each validator is heard about what it was shown: findings of the steps that it is built on. The
 * children of one list are built on the same.
 */
static void ask(struct live *lv, struct arena *a, struct gathered *g, size_t v)
{
	const struct core_node *n = core_node(lv->core, g->validator_nodes[v]);
	struct evidence *ev = g->validator_evidence[v];
	struct evidence *last = v ? g->validator_evidence[v - 1] : NULL;

	if (last && n->parent != CORE_NONE && core_node(lv->core, n->parent)->kind == KIND_EACH &&
	    n->parent == core_node(lv->core, g->validator_nodes[v - 1])->parent) {
		ev->asked = last->asked;
		ev->n_asked = last->n_asked;
		return;
	}
	bool *marked = arena_array(a, core_count(lv->core), sizeof(*marked));

	live_mark_ancestors(lv->core, g->validator_nodes[v], marked);
	ev->asked = arena_array(a, g->n_sets, sizeof(*ev->asked));
	for (size_t k = 0; k < g->n; k++)
		if (g->raising[k] && marked[g->nodes[k]])
			ev->asked[ev->n_asked++] = g->of[k];
}

/* A validator whose answer has a form of its own: nothing that it cites was looked at. */
static struct evidence *unchecked(struct live *lv, uint32_t i)
{
	return evidence_read(lv->job->arena, core_node(lv->core, i)->name, live_output(lv, i));
}

static void gather_one(struct live *lv, struct gathered *g, size_t at)
{
	const struct core_node *n = core_node(lv->core, g->nodes[at]);
	enum step_role role = role_of(n);

	g->expects_validator |= role == ROLE_VALIDATOR;
	if (n->status != STEP_COMPLETED)
		return;
	g->of[at] = live_evidence(lv, g->nodes[at]);
	g->raising[at] = raises_findings(role) && g->of[at];
	if (g->raising[at])
		g->sets[g->n_sets++] = g->of[at];
	if (role == ROLE_VALIDATOR && n->kind == KIND_AGENT) {
		g->validators[g->n_validators] = live_output(lv, g->nodes[at]);
		g->validator_nodes[g->n_validators] = g->nodes[at];
		g->validator_evidence[g->n_validators++] =
		    g->of[at] ? g->of[at] : unchecked(lv, g->nodes[at]);
	}
	if (role == ROLE_SYNTHESIZER)
		g->recommendation = live_output(lv, g->nodes[at]);
	/* an angle puts off what is its own, who sums up what is anybody's */
	if (raises_findings(role) || role == ROLE_SYNTHESIZER || role == ROLE_REWRITE)
		g->deferring[g->n_deferring++] = (struct deferring){ n->name,
			live_output(lv, g->nodes[at]), !raises_findings(role) };
}

static void gather_all(struct gathered *g)
{
	for (size_t k = 0; k < g->n_sets; k++)
		g->all[g->n_all++] = g->sets[k];
	for (size_t k = 0; k < g->n; k++)
		if (g->of[k] && !g->raising[k])
			g->all[g->n_all++] = g->of[k];
}

static void gather(struct live *lv, struct arena *a, struct gathered *g)
{
	size_t n = core_count(lv->core);

	*g = (struct gathered){ .nodes = arena_array(a, n, sizeof(uint32_t)),
		.of = arena_array(a, n, sizeof(struct evidence *)),
		.raising = arena_array(a, n, sizeof(bool)),
		.sets = arena_array(a, n, sizeof(struct evidence *)),
		.all = arena_array(a, n, sizeof(struct evidence *)),
		.validators = arena_array(a, n, sizeof(struct str)),
		.deferring = arena_array(a, n, sizeof(struct deferring)),
		.validator_evidence = arena_array(a, n, sizeof(struct evidence *)),
		.validator_nodes = arena_array(a, n, sizeof(uint32_t)) };
	for (uint32_t i = 0; i < n; i++)
		if (core_node(lv->core, i)->parent == CORE_NONE)
			place(lv, g, i);
	for (size_t k = 0; k < g->n; k++)
		gather_one(lv, g, k);
	for (size_t v = 0; v < g->n_validators; v++)
		ask(lv, a, g, v);
	gather_all(g);
}

static struct reconciliation *reconcile(struct arena *a, struct gathered *g)
{
	struct reconciliation *r = NULL;

	evidence_number(a, g->all, g->n_all);
	if (g->expects_validator)
		r = evidence_reconcile(a, g->sets, g->n_sets, g->validators, g->validator_evidence,
		    g->n_validators, g->recommendation);
	evidence_settle(a, g->sets, g->n_sets, g->deferring, g->n_deferring);
	return r;
}

struct reconciliation *result_reconcile(
    struct live *lv, struct arena *a, struct evidence ***ret_sets, size_t *ret_n)
{
	struct gathered g;

	gather(lv, a, &g);
	struct reconciliation *r = reconcile(a, &g);

	*ret_sets = g.sets;
	*ret_n = g.n_sets;
	return r;
}

/* --- report_run ------------------------------------------------------------------------- */

static void fill_facts(struct live *lv, uint32_t i, struct report_run *run, struct report_step *rs)
{
	struct arena *a = lv->job->arena;
	json_t *facts = live_facts(lv, i), *text;
	size_t k;

	if (!facts)
		return;
	rs->agent = json_dup_str(a, facts, "agent");
	rs->model = json_dup_str(a, facts, "model");
	rs->tokens_in = json_get_int(facts, "in", 0);
	rs->tokens_out = json_get_int(facts, "out", 0);
	rs->denied = (unsigned)json_get_int(facts, "denied", 0);
	if (rs->status == STEP_COMPLETED && raises_findings(rs->role))
		rs->parsed = json_get_int(facts, "findings", -1);
	run->rehearsal |= json_get_bool(facts, "rehearsal", false);
	if (!run->agent.n)
		run->agent = rs->agent;
	if (!run->model.n)
		run->model = rs->model;
	if (!run->proof.n) /* of a run whose log has no records */
		run->proof = json_dup_str(a, facts, "proof");
	json_array_foreach (json_get_array(facts, "notices"), k, text)
		strs_add(a, &run->notices, arena_dup(a, str_from(json_string_value(text))));
	json_decref(facts);
}

static bool shows_text(const struct core_node *n)
{
	return n->status == STEP_COMPLETED && n->kind != KIND_EACH && n->kind != KIND_LOOP &&
	       n->kind != KIND_SNAPSHOT && role_of(n) != ROLE_FOLD && role_of(n) != ROLE_RECONCILE;
}

static void fill_step(
    struct live *lv, struct gathered *g, size_t at, struct report_run *run, struct report_step *rs)
{
	const struct core_node *n = core_node(lv->core, g->nodes[at]);

	*rs = (struct report_step){ .name = n->name,
		.label = live_label(lv, g->nodes[at]),
		.kind = n->kind,
		.role = role_of(n),
		.status = n->status,
		.ending = n->ending,
		.reason = n->reason,
		.partial = n->partial,
		.attempts = n->attempt,
		.evidence = g->of[at],
		.parsed = -1,
		.took = n->ended_at > n->started_at && n->started_at ? n->ended_at - n->started_at
								     : 0 };
	if (n->def && n->kind == KIND_AGENT)
		rs->persona = n->def->agent.persona;
	if (shows_text(n))
		rs->output = live_output(lv, g->nodes[at]);
	fill_facts(lv, g->nodes[at], run, rs);
}

static void fill_repo(struct live *lv, struct report_run *run)
{
	struct arena *a = lv->job->arena;
	json_t *skipped = json_get_array(lv->repo, "skipped"), *one;
	size_t k;

	run->repo_name = json_dup_str(a, lv->repo, "name");
	run->commit = json_dup_str(a, lv->repo, "commit");
	run->branch = json_dup_str(a, lv->repo, "branch");
	run->changed_files = (unsigned)json_array_size(json_get_array(lv->repo, "changed"));
	run->dirty = json_get_bool(lv->repo, "dirty", false);
	run->base = json_get_str(lv->options, "base");
	run->tree_hash = lv->row.snapshot;
	json_array_foreach (skipped, k, one) {
		struct str path = json_get_str(one, "path"), why = json_get_str(one, "why");

		strs_add(a, &run->skipped_files,
		    str_from(arena_printf(a, "%.*s (%.*s)", STR_ARG(path), STR_ARG(why))));
	}
}

static void fill_definition(struct live *lv, struct report_run *run)
{
	struct arena *a = lv->job->arena;

	run->flow = lv->row.flow;
	run->flow_title = lv->flow->title;
	run->sections = lv->flow->report_sections;
	run->next = lv->flow->next;
	run->flow_hash = lv->row.frozen;
	for (size_t k = 0; k < lv->flow->n_all; k++) {
		const struct flow_step *s = lv->flow->all[k];
		const struct persona *p =
		    s->kind == KIND_AGENT ? library_persona(lv->def->lib, s->agent.persona) : NULL;
		bool seen = false;

		for (size_t d = 0; p && d < run->persona_hashes.n; d++)
			seen |= str_starts(run->persona_hashes.v[d], p->name) &&
				run->persona_hashes.v[d].p[p->name.n] == ' ';
		if (p && !seen)
			strs_add(a, &run->persona_hashes,
			    str_from(arena_printf(a, "%.*s %s", STR_ARG(p->name), p->hash)));
	}
}

static void fill_request(struct live *lv, struct report_run *run)
{
	run->id = lv->row.id;
	run->title = lv->row.title;
	run->question = json_get_str(lv->input, "question");
	run->focus = json_get_str(lv->options, "focus");
	run->size = core_size(lv->core);
	run->size_was_auto = json_get_bool(lv->options, "auto", false);
	run->fast = json_get_bool(lv->options, "fast", false);
	run->resumed = lv->row.resumed > 0;
	run->command = json_get_str(lv->options, "command");
	run->agent = json_get_str(lv->options, "agent");
	run->model = json_get_str(lv->options, "model");
	run->status = core_status(lv->core);
	run->reason = core_reason(lv->core);
	run->started = lv->row.started_at;
	run->took = lv->row.ended_at ? lv->row.ended_at - lv->row.started_at : 0;
	run->tokens_in = lv->row.tokens_in;
	run->tokens_out = lv->row.tokens_out;
}

static void fill_provided(struct live *lv, struct report_run *run)
{
	const json_t *p = json_get_object(lv->options, "provided");

	run->provided = (struct report_provided){ .run = json_get_str(p, "run"),
		.flow = json_get_str(p, "flow"),
		.question = json_get_str(p, "question"),
		.started = json_get_str(p, "started"),
		.commit = json_get_str(p, "commit"),
		.bytes = json_get_int(p, "bytes", 0),
		.cut = json_get_bool(p, "cut", false) };
}

static struct report_left_out *add_left_out(struct live *lv, struct report_run *run)
{
	if (!run->left_out)
		run->left_out = arena_array(lv->job->arena,
		    lv->flow->n_steps + core_count(lv->core), sizeof(*run->left_out));
	return &run->left_out[run->n_left_out++];
}

/* Would a reader miss it? Not what joins the others, nor who judges what was not raised. */
static bool is_missed(const struct flow_step *s)
{
	bool judges = s->role == ROLE_VALIDATOR ||
		      (s->kind == KIND_EACH && s->each.body->role == ROLE_VALIDATOR);

	return !judges && s->role != ROLE_REWRITE && s->kind != KIND_CODE && s->kind != KIND_SWITCH;
}

/* What its size leaves out, then what a condition of the flow did; not what waited in vain. */
static void fill_left_out(struct live *lv, struct gathered *g, struct report_run *run)
{
	struct arena *a = lv->job->arena;

	run->size_reason = choice_reason(a, core_size(lv->core), run->size_was_auto, lv->signals);
	for (size_t i = 0; core_size(lv->core) != SIZE_AUTO && i < lv->flow->n_steps; i++) {
		const struct flow_step *s = lv->flow->steps[i];

		if (is_missed(s) && !flow_step_exists(s, core_size(lv->core)))
			*add_left_out(lv, run) = (struct report_left_out){ s->id,
				s->label.n ? s->label : s->id, true, choice_left_out(a, s) };
	}
	for (size_t k = 0; k < g->n; k++) {
		const struct core_node *n = core_node(lv->core, g->nodes[k]);

		if (n->def && is_missed(n->def) && n->status == STEP_SKIPPED &&
		    n->def->cond.text.p && !n->upstream && n->parent == CORE_NONE)
			*add_left_out(lv, run) = (struct report_left_out){ n->name,
				live_label(lv, g->nodes[k]), false, n->reason };
	}
}

/* A run that ended before its steps were planned lacks the validator, too. */
static bool plans_validator(const struct live *lv)
{
	bool planned = core_size(lv->core) != SIZE_AUTO;

	for (size_t i = 0; !planned && i < lv->flow->n_steps; i++)
		if (lv->flow->steps[i]->role == ROLE_VALIDATOR)
			return true;
	return false;
}

static void fill_proof(struct live *lv, struct report_run *run)
{
	struct arena *a = lv->job->arena;

	if (seal_catch_up(lv) || lv->torn)
		run->proof = STR("read-only: not proven (the run's log is not as it was written)");
	else if (lv->tally.attempts || lv->tally.unproven)
		run->proof = str_from(tally_line(a, &lv->tally));
}

static struct report_run *build(struct live *lv, struct gathered *g)
{
	struct arena *a = lv->job->arena;
	struct report_run *run = arena_new(a, struct report_run);

	gather(lv, a, g);
	fill_proof(lv, run);
	fill_request(lv, run);
	fill_provided(lv, run);
	fill_left_out(lv, g, run);
	fill_definition(lv, run);
	fill_repo(lv, run);
	run->coverage = result_ledger(lv);
	run->verdicts = reconcile(a, g);
	change_weigh(lv, a, g->sets, g->n_sets, run);
	change_report(lv, run);
	run->validator_expected = g->expects_validator || plans_validator(lv);
	run->steps = arena_array(a, g->n, sizeof(*run->steps));
	for (size_t k = 0; k < g->n; k++)
		if (core_node(lv->core, g->nodes[k])->kind != KIND_SNAPSHOT ||
		    core_node(lv->core, g->nodes[k])->status != STEP_COMPLETED)
			fill_step(lv, g, k, run, &run->steps[run->n_steps++]);
	run->lost = report_account(a, run);
	report_strike(a, run);
	return run;
}

const struct report_run *result_build(struct live *lv)
{
	struct gathered g;

	return build(lv, &g);
}

/* --- storing ---------------------------------------------------------------------------- */

static struct finding_row finding_row(
    struct live *lv, const struct finding *f, int64_t step, char *data)
{
	const struct citation *first = f->n_cites ? f->cites[0] : NULL;

	return (struct finding_row){ .run = lv->key,
		.step = step,
		.uid = f->uid,
		.title = f->title,
		.severity = str_from(severity_name(f->severity)),
		.path = first ? first->path : STR(""),
		.line = first ? (int64_t)first->line : 0,
		.state = str_from(cite_state_name(first ? first->state : CITE_UNCHECKED)),
		.verdict = str_from(verdict_name(f->verdict)),
		.data = str_from(data) };
}

static char *finding_data(struct arena *a, const struct finding *f)
{
	json_t *doc = json_pack("{s:o, s:o, s:o, s:s, s:o}", "step", json_text(f->step), "body",
	    json_text(f->body), "reason", json_text(f->verdict_reason), "disposition",
	    disposition_name(f->disposition), "fingerprint", json_text(f->fingerprint));
	char *text = json_dump(doc), *copy = arena_cstr(a, str_from(text));

	free(text);
	json_decref(doc);
	return copy;
}

static int store_findings(struct live *lv, const struct gathered *g)
{
	struct arena *a = lv->job->arena;
	size_t total = 0, n = 0;

	for (size_t k = 0; k < g->n_sets; k++)
		total += g->sets[k]->n_findings;
	if (!total && !lv->row.resumed)
		return 0; /* there are none from an earlier end either */
	struct finding_row *rows = arena_array(a, total, sizeof(*rows));

	for (size_t k = 0; k < g->n; k++) {
		if (!g->raising[k])
			continue;
		for (size_t f = 0; f < g->of[k]->n_findings; f++)
			rows[n++] = finding_row(lv, g->of[k]->findings[f], g->nodes[k],
			    finding_data(a, g->of[k]->findings[f]));
	}
	int rc = lv->store->ops->findings_replace(lv->store, lv->key, rows, n);

	return rc ? rc : index_findings(lv, rows, n);
}

/* A run whose report lacks a finding has not done what it says. */
static void check_account(struct live *lv, struct report_run *run)
{
	if (run->lost.n && run->status == RUN_COMPLETED)
		core_spoil(lv->core, run->lost);
	run->status = core_status(lv->core);
	run->reason = core_reason(lv->core);
}

/* The document; once more where it turns out to lack a finding, so that it says so itself. */
static struct str print(struct live *lv, struct report_run *run)
{
	struct arena *a = lv->job->arena;
	struct str text = report_markdown(a, run), lost = report_printed(a, run, text);

	if (!lost.n || run->lost.n)
		return text;
	run->lost = lost;
	check_account(lv, run);
	return report_markdown(a, run);
}

static struct str summary_of(struct live *lv, const struct report_run *run)
{
	json_t *doc = report_summary(lv->job->arena, run);
	char *text = json_dump(doc);
	struct str out = arena_dup(lv->arena, str_from(text));

	free(text);
	json_decref(doc);
	return out;
}

/* Report, findings and outcome, in the transaction that ends the run. */
int result_store(struct job *job, struct live *lv)
{
	struct gathered g;
	struct report_run *run = build(lv, &g);

	check_account(lv, run);
	struct str text = print(lv, run);
	char hash[65];
	int rc = lv->store->ops->blob_put(lv->store, text, hash);

	if (rc)
		return rc;
	lv->row.report = arena_dup(lv->arena, str_from(hash));
	lv->row.outcome = arena_dup(lv->arena, report_outcome(job->arena, run));
	lv->row.summary = summary_of(lv, run);
	rc = index_report(lv, text);
	return rc ? rc : store_findings(lv, &g);
}
