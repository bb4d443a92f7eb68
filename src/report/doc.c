/* The JSON form of a report, read back. */
#include "report/doc.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "report/doc_priv.h"

/* A span of milliseconds; what is none, or longer than any run, is 0. */
static msec_t span_of(const json_t *obj, const char *key)
{
	long long n = json_get_int(obj, key, 0);

	return n > 0 && n <= SPAN_MAX_MS ? (msec_t)n : 0;
}

static struct strs texts(struct arena *a, const json_t *list)
{
	struct strs ret = { .v = arena_array(a, json_array_size(list), sizeof(*ret.v)) };
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (json_is_string(one))
			ret.v[ret.n++] = arena_dup(
			    a, (struct str){ json_string_value(one), json_string_length(one) });
	return ret;
}

/* --- evidence ------------------------------------------------------------------------------ */

static struct citation *read_cite(struct arena *a, const json_t *v)
{
	struct citation *c = arena_new(a, struct citation);

	*c = (struct citation){ .id = json_dup_str(a, v, "id"),
		.trust =
		    (enum trust_class)json_get_word(v, "class", trust_class_parse, TRUST_PROVIDED),
		.path = json_dup_str(a, v, "path"),
		.line = json_get_count(v, "line"),
		.end = json_get_count(v, "end"),
		.quote = json_dup_str(a, v, "quote"),
		.state =
		    (enum cite_state)json_get_word(v, "state", cite_state_parse, CITE_UNCHECKED),
		.found_line = json_get_count(v, "found_line"),
		.found_end = json_get_count(v, "found_end"),
		.found = json_dup_str(a, v, "found") };
	return c;
}

static void read_cites(
    struct arena *a, const json_t *list, struct report_doc *ret, struct map *by_id)
{
	const json_t *one;
	size_t i;

	ret->cites = arena_array(a, json_array_size(list), sizeof(*ret->cites));
	json_array_foreach (list, i, one) {
		struct citation *c = read_cite(a, one);

		ret->cites[ret->n_cites++] = c;
		map_put(by_id, c->id, c);
	}
}

/* --- findings ------------------------------------------------------------------------------ */

static void read_own_cites(
    struct arena *a, const json_t *ids, const struct map *by_id, struct finding *f)
{
	const json_t *one;
	size_t i;

	f->cites = arena_array(a, json_array_size(ids), sizeof(*f->cites));
	json_array_foreach (ids, i, one) {
		struct citation *c =
		    json_is_string(one) ? map_get(by_id, str_from(json_string_value(one))) : NULL;

		if (c)
			f->cites[f->n_cites++] = c;
	}
}

struct finding *doc_finding(struct arena *a, const json_t *v)
{
	struct finding *f = arena_new(a, struct finding);

	*f = (struct finding){ .id = json_dup_str(a, v, "id"),
		.step = json_dup_str(a, v, "step"),
		.title = json_dup_str(a, v, "title"),
		.body = json_dup_str(a, v, "body"),
		.severity =
		    (enum severity)json_get_word(v, "severity", severity_parse, SEVERITY_NONE),
		.raised_as =
		    (enum severity)json_get_word(v, "raised_as", severity_parse, SEVERITY_NONE),
		.confidence = json_dup_str(a, v, "confidence"),
		.verdict = (enum verdict)json_get_word(v, "verdict", verdict_parse, VERDICT_NONE),
		.verdict_reason = json_dup_str(a, v, "reason"),
		.verdict_by = json_dup_str(a, v, "judged_by"),
		.claim = json_dup_str(a, v, "claim"),
		.scenario = json_dup_str(a, v, "failure_scenario"),
		.suggestion = json_dup_str(a, v, "suggestion"),
		.symbol = json_dup_str(a, v, "symbol"),
		.fingerprint = json_dup_str(a, v, "fingerprint"),
		.disposition = (enum disposition)json_get_word(
		    v, "disposition", disposition_parse, DISPOSITION_NONE),
		.disposition_reason = json_dup_str(a, v, "disposition_reason"),
		.asked = json_get_count(v, "asked"),
		.survived = json_get_count(v, "survived") };
	f->uid = f->id;
	return f;
}

static void read_findings(
    struct arena *a, const json_t *list, struct report_doc *ret, const struct map *by_id)
{
	const json_t *one;
	struct map uids;
	size_t i;

	map_init(&uids, a);
	ret->findings = arena_array(a, json_array_size(list), sizeof(*ret->findings));
	json_array_foreach (list, i, one) {
		struct finding *f = doc_finding(a, one);

		read_own_cites(a, json_get_array(one, "evidence"), by_id, f);
		ret->findings[ret->n_findings++] = f;
		map_put(&uids, f->uid, f);
	}
	json_array_foreach (list, i, one) {
		struct str into = json_get_str(one, "merged_into");

		if (into.n)
			ret->findings[i]->into = map_get(&uids, into);
	}
}

/* --- the whole ----------------------------------------------------------------------------- */

static void read_steps(struct arena *a, const json_t *list, struct report_doc *ret)
{
	const json_t *v;
	size_t i;

	ret->steps = arena_array(a, json_array_size(list), sizeof(*ret->steps));
	json_array_foreach (list, i, v)
		ret->steps[ret->n_steps++] = (struct doc_step){ .name = json_dup_str(a, v, "step"),
			.label = json_dup_str(a, v, "label"),
			.kind = json_dup_str(a, v, "kind"),
			.role = json_dup_str(a, v, "role"),
			.status = json_dup_str(a, v, "status"),
			.ending = json_dup_str(a, v, "ending"),
			.reason = json_dup_str(a, v, "reason"),
			.persona = json_dup_str(a, v, "persona"),
			.took = span_of(v, "took_ms"),
			.partial = json_get_bool(v, "partial", false) };
}

static void read_run(struct arena *a, const json_t *run, struct report_doc *ret)
{
	ret->id = json_dup_str(a, run, "id");
	ret->flow = json_dup_str(a, run, "flow");
	ret->title = json_dup_str(a, run, "title");
	ret->question = json_dup_str(a, run, "question");
	ret->size = json_dup_str(a, run, "size");
	ret->status = json_dup_str(a, run, "status");
	ret->reason = json_dup_str(a, run, "reason");
	ret->agent = json_dup_str(a, run, "agent");
	ret->model = json_dup_str(a, run, "model");
	ret->started = json_dup_str(a, run, "started");
	ret->took = span_of(run, "took_ms");
	ret->rehearsal = json_get_bool(run, "rehearsal", false);
	ret->completed = str_is(ret->status, "completed");
}

static void read_report(struct arena *a, const json_t *doc, struct report_doc *ret)
{
	const json_t *repo = json_get_object(doc, "repository");
	const json_t *validation = json_get_object(doc, "validation");
	const json_t *reproduce = json_get_object(doc, "reproduce");
	struct map by_id;

	map_init(&by_id, a);
	read_run(a, json_get_object(doc, "run"), ret);
	ret->repo = json_dup_str(a, repo, "name");
	ret->commit = json_dup_str(a, repo, "commit");
	ret->branch = json_dup_str(a, repo, "branch");
	ret->snapshot = json_dup_str(a, repo, "snapshot");
	ret->expects_validator = json_get_bool(validation, "expected", false);
	ret->validated = json_get_bool(validation, "validated", false);
	ret->answer = json_dup_str(a, doc, "answer");
	ret->confidence = json_dup_str(a, doc, "confidence");
	ret->outcome = json_dup_str(a, doc, "outcome");
	ret->proof = json_dup_str(a, doc, "proof");
	ret->command = json_dup_str(a, reproduce, "command");
	ret->flow_hash = json_dup_str(a, reproduce, "flow");
	read_cites(a, json_get_array(doc, "evidence"), ret, &by_id);
	read_findings(a, json_get_array(doc, "findings"), ret, &by_id);
	read_steps(a, json_get_array(doc, "steps"), ret);
	ret->gaps = texts(a, json_get_array(doc, "gaps"));
	ret->missing = texts(a, json_get_array(doc, "missing"));
}

int doc_read(struct arena *a, struct str text, struct report_doc *ret, struct err *err)
{
	json_t *doc = json_parse(text, err);
	int rc = 0;

	*ret = (struct report_doc){ 0 };
	if (!doc)
		return err_set(err, -EINVAL, "%.200s", err->what);
	if (str_is(json_get_str(doc, "schema"), "tutti.report/1"))
		read_report(a, doc, ret);
	else if (str_is(json_get_str(doc, "version"), "2.1.0") && json_get_array(doc, "runs"))
		doc_read_sarif(a, doc, ret);
	else
		rc = err_set(
		    err, -EINVAL, "neither a report (tutti.report/1) nor a SARIF 2.1.0 file");
	json_decref(doc);
	return rc;
}

const struct doc_step *doc_step_of(const struct report_doc *doc, const struct finding *f)
{
	for (size_t i = 0; i < doc->n_steps; i++)
		if (str_eq(doc->steps[i].name, f->step))
			return &doc->steps[i];
	return NULL;
}

struct str doc_label(const struct doc_step *s)
{
	return s->label.n ? s->label : s->name;
}
