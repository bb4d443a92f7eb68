/* The JSON form of a report, read back. */
#include "report/doc.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "report/doc_priv.h"

struct str doc_copy(struct arena *a, const json_t *obj, const char *key)
{
	return arena_dup(a, json_get_str(obj, key));
}

static unsigned line_of(const json_t *obj, const char *key)
{
	long long n = json_get_int(obj, key, 0);

	return n > 0 && n <= INT32_MAX ? (unsigned)n : 0;
}

/* A span of milliseconds; what is none, or longer than any run, is 0. */
static msec_t span_of(const json_t *obj, const char *key)
{
	long long n = json_get_int(obj, key, 0);

	return n > 0 && n <= SPAN_MAX_MS ? (msec_t)n : 0;
}

/* FALLBACK for a word nobody knows. */
static int word(const json_t *obj, const char *key, int (*parse)(struct str), int fallback)
{
	int v = parse(json_get_str(obj, key));

	return v < 0 ? fallback : v;
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

	*c = (struct citation){ .id = doc_copy(a, v, "id"),
		.trust = (enum trust_class)word(v, "class", trust_class_parse, TRUST_PROVIDED),
		.path = doc_copy(a, v, "path"),
		.line = line_of(v, "line"),
		.end = line_of(v, "end"),
		.quote = doc_copy(a, v, "quote"),
		.state = (enum cite_state)word(v, "state", cite_state_parse, CITE_UNCHECKED),
		.found_line = line_of(v, "found_line"),
		.found_end = line_of(v, "found_end"),
		.found = doc_copy(a, v, "found") };
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

	*f = (struct finding){ .id = doc_copy(a, v, "id"),
		.step = doc_copy(a, v, "step"),
		.title = doc_copy(a, v, "title"),
		.body = doc_copy(a, v, "body"),
		.severity = (enum severity)word(v, "severity", severity_parse, SEVERITY_NONE),
		.raised_as = (enum severity)word(v, "raised_as", severity_parse, SEVERITY_NONE),
		.confidence = doc_copy(a, v, "confidence"),
		.verdict = (enum verdict)word(v, "verdict", verdict_parse, VERDICT_NONE),
		.verdict_reason = doc_copy(a, v, "reason"),
		.verdict_by = doc_copy(a, v, "judged_by"),
		.claim = doc_copy(a, v, "claim"),
		.scenario = doc_copy(a, v, "failure_scenario"),
		.suggestion = doc_copy(a, v, "suggestion"),
		.symbol = doc_copy(a, v, "symbol"),
		.fingerprint = doc_copy(a, v, "fingerprint"),
		.disposition =
		    (enum disposition)word(v, "disposition", disposition_parse, DISPOSITION_NONE),
		.disposition_reason = doc_copy(a, v, "disposition_reason"),
		.asked = line_of(v, "asked"),
		.survived = line_of(v, "survived") };
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
		ret->steps[ret->n_steps++] = (struct doc_step){ .name = doc_copy(a, v, "step"),
			.label = doc_copy(a, v, "label"),
			.kind = doc_copy(a, v, "kind"),
			.role = doc_copy(a, v, "role"),
			.status = doc_copy(a, v, "status"),
			.ending = doc_copy(a, v, "ending"),
			.reason = doc_copy(a, v, "reason"),
			.persona = doc_copy(a, v, "persona"),
			.took = span_of(v, "took_ms"),
			.partial = json_get_bool(v, "partial", false) };
}

static void read_run(struct arena *a, const json_t *run, struct report_doc *ret)
{
	ret->id = doc_copy(a, run, "id");
	ret->flow = doc_copy(a, run, "flow");
	ret->title = doc_copy(a, run, "title");
	ret->question = doc_copy(a, run, "question");
	ret->size = doc_copy(a, run, "size");
	ret->status = doc_copy(a, run, "status");
	ret->reason = doc_copy(a, run, "reason");
	ret->agent = doc_copy(a, run, "agent");
	ret->model = doc_copy(a, run, "model");
	ret->started = doc_copy(a, run, "started");
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
	ret->repo = doc_copy(a, repo, "name");
	ret->commit = doc_copy(a, repo, "commit");
	ret->branch = doc_copy(a, repo, "branch");
	ret->snapshot = doc_copy(a, repo, "snapshot");
	ret->expects_validator = json_get_bool(validation, "expected", false);
	ret->validated = json_get_bool(validation, "validated", false);
	ret->answer = doc_copy(a, doc, "answer");
	ret->confidence = doc_copy(a, doc, "confidence");
	ret->outcome = doc_copy(a, doc, "outcome");
	ret->proof = doc_copy(a, doc, "proof");
	ret->command = doc_copy(a, reproduce, "command");
	ret->flow_hash = doc_copy(a, reproduce, "flow");
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
