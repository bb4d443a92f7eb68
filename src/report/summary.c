/* A report in numbers, as lists of runs show it. */
#include "report/priv.h"

static json_t *severities(struct arena *a, const struct report_run *run)
{
	struct finding **all;
	size_t n = fact_findings(a, run, &all);
	int of[SEVERITIES] = { 0 };
	json_t *doc = json_object();

	for (size_t i = 0; i < n; i++)
		of[all[i]->severity] += fact_stands(all[i]);
	of[SEVERITY_NOTE] += of[SEVERITY_NONE]; /* not rated: no more than that */
	for (int s = SEVERITY_CRITICAL; s >= SEVERITY_NOTE; s--)
		json_object_set_new(doc, severity_name((enum severity)s), json_integer(of[s]));
	return doc;
}

json_t *report_summary(struct arena *a, const struct report_run *run)
{
	const struct cite_counts c = fact_cites(run);

	return json_pack("{s:o, s:{s:i, s:i, s:i, s:i, s:i}, s:b}", "findings", severities(a, run),
	    "citations", "resolves", (int)c.of[CITE_RESOLVES], "moved", (int)c.of[CITE_MOVED],
	    "changed", (int)c.of[CITE_CHANGED], "missing", (int)c.of[CITE_MISSING], "not_checked",
	    (int)c.of[CITE_UNCHECKED], "partial", fact_missing(a, run).n > 0);
}
