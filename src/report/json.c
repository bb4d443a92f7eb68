/* The same facts as one document for programs. Its members are described in docs/report.md. */
#include "report/priv.h"

#include "base/json.h"

static json_t *strings(const struct strs *list)
{
	json_t *v = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(v, json_text(list->v[i]));
	return v;
}

static json_t *left_out_json(const struct report_run *run)
{
	json_t *v = json_array();

	for (size_t i = 0; i < run->n_left_out; i++) {
		const struct report_left_out *l = &run->left_out[i];

		json_array_append_new(
		    v, json_pack("{s:o, s:o, s:s, s:o}", "step", json_text(l->name), "label",
			   json_text(l->label), "by", l->by_size ? "size" : "condition", "reason",
			   json_text(l->reason)));
	}
	return v;
}

static json_t *provided_json(const struct report_provided *p)
{
	if (!p->run.n)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:b}", "run", json_text(p->run), "flow",
	    json_text(p->flow), "question", json_text(p->question), "started",
	    json_text(p->started), "commit", json_text(p->commit), "bytes", (json_int_t)p->bytes,
	    "cut", p->cut);
}

static json_t *run_json(const struct report_run *run)
{
	char iso[32];

	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:b, s:b, s:b, s:s, s:o, s:o, s:o, "
	    "s:s, s:I, s:I, s:I, s:o}",
	    "id", json_text(run->id), "flow", json_text(run->flow), "title", json_text(run->title),
	    "question", json_text(run->question), "focus", json_text(run->focus), "size",
	    flow_size_name(run->size), "size_was_auto", run->size_was_auto, "size_reason",
	    json_text(run->size_reason), "left_out", left_out_json(run), "fast", run->fast,
	    "resumed", run->resumed, "rehearsal", run->rehearsal, "status",
	    run_status_name(run->status), "reason", json_text(run->reason), "agent",
	    json_text(run->agent), "model", json_text(run->model), "started",
	    clock_iso(run->started, iso, sizeof(iso)), "took_ms", (json_int_t)run->took,
	    "tokens_in", (json_int_t)run->tokens_in, "tokens_out", (json_int_t)run->tokens_out,
	    "provided", provided_json(&run->provided));
}

static json_t *repo_json(const struct report_run *run)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:i, s:o}", "name", json_text(run->repo_name),
	    "commit", json_text(run->commit), "branch", json_text(run->branch), "snapshot",
	    json_text(run->tree_hash), "changed_files", (int)run->changed_files, "skipped",
	    strings(&run->skipped_files));
}

static json_t *cite_json(const struct citation *c)
{
	json_t *v = json_pack("{s:o, s:s, s:o, s:i, s:i, s:o, s:s}", "id", json_text(c->id),
	    "class", trust_class_name(c->trust), "path", json_text(c->path), "line", (int)c->line,
	    "end", (int)c->end, "quote", json_text(c->quote), "state", cite_state_name(c->state));

	if (c->state == CITE_RESOLVES || c->state == CITE_MOVED)
		json_object_update_new(v, json_pack("{s:i, s:i}", "found_line", (int)c->found_line,
					      "found_end", (int)c->found_end));
	if (c->state == CITE_CHANGED)
		json_object_set_new(v, "found", json_text(c->found));
	return v;
}

/* What code made of a finding, beside what was said. */
static json_t *told_json(const struct finding *f)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:i}", "disposition",
	    disposition_name(f->disposition), "disposition_reason",
	    json_text(f->disposition_reason), "merged_into",
	    f->into ? json_text(f->into->uid) : json_null(), "raised_as",
	    severity_name(f->raised_as), "fingerprint", json_text(f->fingerprint), "symbol",
	    json_text(f->symbol), "claim", json_text(f->claim), "failure_scenario",
	    json_text(f->scenario), "suggestion", json_text(f->suggestion), "asked", (int)f->asked,
	    "survived", (int)f->survived);
}

/* Who said what of F, as it was weighed. */
static json_t *judgements_json(const struct report_run *run, const struct finding *f)
{
	json_t *v = json_array();

	for (size_t i = 0; run->verdicts && f->asked && i < run->verdicts->n_judgements; i++) {
		const struct judgement *j = &run->verdicts->judgements[i];
		json_t *cites = json_array();

		if (!str_eq(j->item, f->uid)) {
			json_decref(cites);
			continue;
		}
		for (size_t k = 0; k < j->n_cites; k++)
			json_array_append_new(cites, json_text(j->cites[k]->id));
		json_array_append_new(
		    v, json_pack("{s:o, s:o, s:s, s:s, s:o, s:o}", "by", json_text(j->by), "step",
			   json_text(j->step), "said", verdict_name(j->said), "counts",
			   verdict_name(j->counts), "reason", json_text(j->reason), "evidence",
			   cites));
	}
	return v;
}

static json_t *finding_json(const struct report_run *run, const struct finding *f)
{
	json_t *cites = json_array();

	for (size_t i = 0; i < f->n_cites; i++)
		json_array_append_new(cites, json_text(f->cites[i]->id));
	json_t *v = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o}", "id",
	    json_text(f->uid), "step", json_text(f->step), "title", json_text(f->title), "body",
	    json_text(f->body), "severity", severity_name(f->severity), "confidence",
	    json_text(f->confidence), "verdict", verdict_name(f->verdict), "reason",
	    json_text(f->verdict_reason), "judged_by", json_text(f->verdict_by), "evidence", cites);

	json_object_update_new(v, told_json(f));
	json_object_set_new(v, "judgements", judgements_json(run, f));
	return v;
}

static json_t *findings_json(struct arena *a, const struct report_run *run)
{
	struct finding **f;
	size_t n = fact_findings(a, run, &f);
	json_t *v = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(v, finding_json(run, f[i]));
	return v;
}

static json_t *evidence_json(struct arena *a, const struct report_run *run)
{
	struct cite_row *rows;
	size_t n = fact_evidence(a, run, &rows);
	json_t *v = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *one = cite_json(rows[i].cite);

		json_object_set_new(one, "verdict", json_string(verdict_name(rows[i].verdict)));
		json_object_set_new(one, "used_by", strings(&rows[i].used_by));
		json_array_append_new(v, one);
	}
	return v;
}

static json_t *step_json(const struct report_step *s)
{
	return json_pack(
	    "{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:i, s:i, s:I, s:I, "
	    "s:I, s:o}",
	    "step", json_text(s->name), "label", json_text(fact_label(s)), "kind",
	    step_kind_name(s->kind), "role", step_role_name(s->role), "status",
	    step_status_name(s->status), "ending", ending_name(s->ending), "reason",
	    json_text(s->reason), "persona", json_text(s->persona), "agent", json_text(s->agent),
	    "model", json_text(s->model), "partial", s->partial, "attempts", (int)s->attempts,
	    "denied", (int)s->denied, "tokens_in", (json_int_t)s->tokens_in, "tokens_out",
	    (json_int_t)s->tokens_out, "took_ms", (json_int_t)s->took, "output",
	    json_text(s->said.p ? s->said : s->output));
}

static json_t *steps_json(const struct report_run *run)
{
	json_t *v = json_array();

	for (size_t i = 0; i < run->n_steps; i++)
		json_array_append_new(v, step_json(&run->steps[i]));
	return v;
}

static json_t *validators_json(const struct report_run *run)
{
	json_t *v = json_array();

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct report_step *s = &run->steps[i];
		const struct reviewer *r = fact_reviewer(run, s->name);

		if (fact_validates(s))
			json_array_append_new(v,
			    json_pack("{s:o, s:o, s:o, s:s, s:i, s:i}", "step", json_text(s->name),
				"label", json_text(fact_label(s)), "model", json_text(s->model),
				"status", step_status_name(s->status), "asked",
				r ? (int)r->asked : 0, "judged", r ? (int)r->judged : 0));
	}
	return v;
}

static json_t *validation_json(struct arena *a, const struct report_run *run)
{
	const struct reconciliation *r = run->verdicts;
	const struct report_step *s = fact_recommender(run);
	struct strs why = fact_unvalidated(a, run);
	json_t *v = json_pack("{s:b, s:b, s:i, s:i, s:i, s:i, s:b, s:o}", "expected",
	    run->validator_expected, "validated", r && r->validated, "upheld",
	    r ? (int)r->upheld : 0, "weakened", r ? (int)r->weakened : 0, "refuted",
	    r ? (int)r->refuted : 0, "not_reviewed", r ? (int)r->unreviewed : 0,
	    "recommendation_hit", r && r->recommendation_hit, "confidence",
	    json_text(r ? r->confidence : (struct str){ "", 0 }));

	json_object_update_new(
	    v, json_pack("{s:s, s:o, s:o, s:b, s:o, s:i}", "state",
		   validation_name(fact_validation(run)), "why", strings(&why), "validators",
		   validators_json(run), "rewritten", s && s->role == ROLE_REWRITE, "struck",
		   strings(&run->struck), "struck_parts", (int)run->struck_parts));
	return v;
}

static json_t *change_json(const struct report_run *run)
{
	if (!run->change.n)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "title", json_text(run->change), "gaps",
	    strings(&run->change_gaps), "contradictions", strings(&run->contradictions));
}

json_t *report_json(struct arena *a, const struct report_run *run)
{
	const struct report_step *s = fact_recommender(run);
	struct strs gaps = fact_gaps(a, run), missing = fact_missing(a, run);

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:o}",
	    "schema", "tutti.report/1", "run", run_json(run), "repository", repo_json(run),
	    "change", change_json(run), "answer", json_text(fact_answer(a, run)), "confidence",
	    json_text(fact_confidence(a, run)), "outcome", json_text(report_outcome(a, run)),
	    "validation", validation_json(a, run), "no_clear_winner", run->no_winner,
	    "recommendation", json_text(s ? s->output : (struct str){ "", 0 }), "findings",
	    findings_json(a, run), "steps", steps_json(run), "gaps", strings(&gaps), "missing",
	    strings(&missing), "coverage", coverage_json(a, run), "evidence", evidence_json(a, run),
	    "proof", json_text(run->proof), "reproduce",
	    json_pack("{s:o, s:o, s:o}", "command", json_text(run->command), "flow",
		json_text(run->flow_hash), "personas", strings(&run->persona_hashes)));
}
