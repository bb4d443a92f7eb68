/*
 * An earlier report that a run is handed as evidence. It is found once, at the launch; what the run
 * keeps of it are a few facts and the hash of its text, so that it stays the same whatever becomes
 * of the earlier run.
 */
#include "engine/live.h"

static int no_report(const struct run_row *row, struct err *err)
{
	err_set(err, -EINVAL, "run %.*s has no report that could be handed on", STR_ARG(row->id));
	err_why(err, "it is %.*s", STR_ARG(row->status));
	return err_fix(err, "tutti runs watch %.*s", STR_ARG(row->id));
}

static struct str commit_of(struct store *s, struct arena *a, const struct run_row *row)
{
	struct snapshot_row snap;

	if (!row->snapshot.n || s->ops->snapshot_get(s, a, row->snapshot, &snap) < 0)
		return STR("");
	json_t *facts = json_parse(snap.facts, NULL);
	struct str commit = json_dup_str(a, facts, "commit");

	json_decref(facts);
	return commit;
}

static json_t *facts_of(
    struct store *s, struct arena *a, const struct run_row *row, struct str report)
{
	json_t *input = json_parse(row->input, NULL);
	char iso[32];
	json_t *facts =
	    json_pack("{s:o, s:o, s:o, s:s, s:o, s:I, s:b, s:o}", "run", json_text(row->id), "flow",
		json_text(row->flow), "question", json_text(json_get_str(input, "question")),
		"started", clock_iso(row->started_at, iso, sizeof(iso)), "commit",
		json_text(commit_of(s, a, row)), "bytes", (json_int_t)report.n, "cut",
		report.n > PROVIDED_MAX, "report", json_text(row->report));

	json_decref(input);
	return facts;
}

int engine_provided(struct store *s, struct arena *a, struct str run, struct str repo, json_t **ret,
    struct err *err)
{
	struct run_row row;
	struct str report;
	int64_t key;
	int rc = engine_resolve(s, run, repo, &key, err);

	if (rc)
		return rc;
	rc = s->ops->run_load(s, a, key, &row);
	if (!rc && !row.report.n)
		return no_report(&row, err);
	if (!rc)
		rc = s->ops->blob_get(s, a, row.report, &report);
	if (rc)
		return err_set(err, rc, "the report of run %.*s cannot be read: %s", STR_ARG(run),
		    err_name(rc));
	*ret = facts_of(s, a, &row, report);
	return 0;
}

/* Whole lines of what there is room for. */
static struct str shown(struct str report)
{
	if (report.n <= PROVIDED_MAX)
		return report;
	const char *end = memrchr(report.p, '\n', PROVIDED_MAX);

	return str_take(report, end ? (size_t)(end - report.p) + 1 : 0);
}

json_t *live_provided(struct live *lv)
{
	json_t *facts = json_get_object(lv->options, "provided");
	struct str text;

	if (!facts || lv->store->ops->blob_get(
			  lv->store, lv->job->arena, json_get_str(facts, "report"), &text) < 0)
		return NULL;
	json_t *all = json_copy(facts);

	json_object_set_new(all, "text", json_text(shown(text)));
	return all;
}
