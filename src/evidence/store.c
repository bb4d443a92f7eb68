/*
 * Evidence as JSON and back. Verdicts, dispositions and fingerprints are not part of it: they
 * depend on what others of the run found, and are weighed anew each time.
 */
#include "evidence/priv.h"

#include "base/json.h"
#include "base/limits.h"

/* --- out --------------------------------------------------------------------------------- */

static json_t *cite_to_json(const struct citation *c)
{
	return json_pack("{s:s, s:o, s:i, s:i, s:o, s:s, s:i, s:i, s:o}", "trust",
	    trust_class_name(c->trust), "path", json_text(c->path), "line", (int)c->line, "end",
	    (int)c->end, "quote", json_text(c->quote), "state", cite_state_name(c->state),
	    "found_line", (int)c->found_line, "found_end", (int)c->found_end, "found",
	    json_text(c->found));
}

/* Its citations stand together in the list of the whole text: first and how many. */
static json_t *finding_to_json(const struct evidence *ev, const struct finding *f)
{
	size_t first = f->n_cites ? (size_t)(f->cites - ev->cites) : 0;

	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i}", "id",
	    json_text(f->id), "title", json_text(f->title), "body", json_text(f->body), "severity",
	    severity_name(f->severity), "confidence", json_text(f->confidence), "claim",
	    json_text(f->claim), "failure_scenario", json_text(f->scenario), "suggestion",
	    json_text(f->suggestion), "symbol", json_text(f->symbol), "anchor",
	    json_text(f->anchor), "first", (int)first, "n", (int)f->n_cites);
}

json_t *evidence_to_json(const struct evidence *ev)
{
	json_t *findings = json_array(), *cites = json_array();

	for (size_t i = 0; i < ev->n_findings; i++)
		json_array_append_new(findings, finding_to_json(ev, ev->findings[i]));
	for (size_t i = 0; i < ev->n_cites; i++)
		json_array_append_new(cites, cite_to_json(ev->cites[i]));
	return json_pack("{s:o, s:b, s:o, s:o}", "step", json_text(ev->step), "cut", ev->cut,
	    "findings", findings, "citations", cites);
}

/* --- in ---------------------------------------------------------------------------------- */

static struct citation *cite_from_json(struct arena *a, const json_t *doc)
{
	struct citation *c = arena_new(a, struct citation);

	c->trust = (enum trust_class)json_get_word(doc, "trust", trust_class_parse, 0);
	c->path = json_dup_str(a, doc, "path");
	c->line = json_get_count(doc, "line");
	c->end = json_get_count(doc, "end");
	c->quote = json_dup_str(a, doc, "quote");
	c->state = (enum cite_state)json_get_word(doc, "state", cite_state_parse, 0);
	c->found_line = json_get_count(doc, "found_line");
	c->found_end = json_get_count(doc, "found_end");
	c->found = json_dup_str(a, doc, "found");
	return c;
}

static struct finding *finding_from_json(
    struct arena *a, const struct evidence *ev, const json_t *doc)
{
	struct finding *f = arena_new(a, struct finding);
	size_t first = json_get_count(doc, "first"), n = json_get_count(doc, "n");

	f->id = f->uid = json_dup_str(a, doc, "id");
	f->step = ev->step;
	f->title = json_dup_str(a, doc, "title");
	f->body = json_dup_str(a, doc, "body");
	f->severity = (enum severity)json_get_word(doc, "severity", severity_parse, 0);
	f->confidence = json_dup_str(a, doc, "confidence");
	f->claim = json_dup_str(a, doc, "claim");
	f->scenario = json_dup_str(a, doc, "failure_scenario");
	f->suggestion = json_dup_str(a, doc, "suggestion");
	f->symbol = json_dup_str(a, doc, "symbol");
	f->anchor = json_dup_str(a, doc, "anchor");
	if (!json_object_get(doc, "claim")) /* stored before there were parts */
		item_parts(f);
	if (first <= ev->n_cites && n <= ev->n_cites - first) {
		f->cites = ev->cites + first;
		f->n_cites = n;
	}
	return f;
}

struct evidence *evidence_from_json(struct arena *a, const json_t *doc)
{
	const json_t *findings = json_get_array(doc, "findings"),
		     *cites = json_get_array(doc, "citations");
	struct evidence *ev;
	json_t *one;
	size_t i;

	if (!findings || !cites || json_array_size(findings) > FINDINGS_MAX ||
	    json_array_size(cites) > CITATIONS_MAX)
		return NULL;
	ev = arena_new(a, struct evidence);
	ev->step = json_dup_str(a, doc, "step");
	ev->cut = json_get_bool(doc, "cut", false);
	ev->cites = arena_array(a, json_array_size(cites), sizeof(*ev->cites));
	ev->findings = arena_array(a, json_array_size(findings), sizeof(*ev->findings));
	json_array_foreach (cites, i, one)
		ev->cites[ev->n_cites++] = cite_from_json(a, one);
	json_array_foreach (findings, i, one)
		ev->findings[ev->n_findings++] = finding_from_json(a, ev, one);
	return ev;
}
