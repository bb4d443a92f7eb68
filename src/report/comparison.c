/* Two reports side by side, for programs. */
#include "base/json.h"
#include "report/export.h"

static json_t *side_json(const struct finding *f)
{
	const struct citation *c = f ? finding_where(f) : NULL;

	if (!f)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:i}", "id", json_text(f->uid),
	    "step", json_text(f->step), "title", json_text(f->title), "severity",
	    severity_name(f->severity), "verdict", verdict_name(f->verdict), "disposition",
	    disposition_name(f->disposition), "fingerprint", json_text(f->fingerprint), "path",
	    json_text(c ? c->path : STR("")), "line", c ? (int)c->line : 0);
}

static json_t *pair_json(const struct compared *p)
{
	json_t *differs = json_array();

	if (p->differs & DIFFERS_SEVERITY)
		json_array_append_new(differs, json_string("severity"));
	if (p->differs & DIFFERS_VERDICT)
		json_array_append_new(differs, json_string("verdict"));
	if (p->differs & DIFFERS_TEXT)
		json_array_append_new(differs, json_string("text"));
	return json_pack("{s:s, s:o, s:o, s:o}", "change", change_name(p->change), "differs",
	    differs, "old", side_json(p->old), "now", side_json(p->now));
}

static json_t *run_json(const struct report_doc *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "run", json_text(d->id), "flow",
	    json_text(d->flow), "repository", json_text(d->repo), "started", json_text(d->started),
	    "model", json_text(d->model), "commit", json_text(d->commit), "snapshot",
	    json_text(d->snapshot));
}

json_t *report_comparison(
    const struct report_doc *old, const struct report_doc *now, const struct comparison *c)
{
	json_t *all = json_array(), *counts = json_object();

	for (int k = 0; k < CHANGES; k++)
		json_object_set_new(
		    counts, change_name((enum change_kind)k), json_integer(c->of[k]));
	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(all, pair_json(&c->v[i]));
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "schema", "tutti.compare/1", "old",
	    run_json(old), "now", run_json(now), "counts", counts, "findings", all);
}
