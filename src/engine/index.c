/*
 * What of a run can be searched: its question, what its agents and commands said, the findings and
 * the report. Written in the transactions that write these.
 */
#include "engine/live.h"

static int put(struct live *lv, struct text_row row)
{
	row.run = lv->key;
	return lv->store->ops->text_put(lv->store, &row);
}

int index_question(struct live *lv)
{
	return put(lv, (struct text_row){ .kind = STR("question"),
			   .name = STR(""),
			   .step = STR(""),
			   .title = lv->row.title,
			   .body = json_get_str(lv->input, "question") });
}

static bool is_searched(const struct core_node *n)
{
	return n->kind == KIND_AGENT || n->kind == KIND_COMMAND;
}

int index_output(struct live *lv, uint32_t i, struct str output)
{
	const struct core_node *n = core_node(lv->core, i);

	if (!is_searched(n))
		return 0;
	if (!output.n)
		return lv->store->ops->text_forget(lv->store, lv->key, STR("output"), n->name);
	return put(lv, (struct text_row){ .kind = STR("output"),
			   .name = n->name,
			   .step = n->name,
			   .title = live_label(lv, i),
			   .body = output });
}

int index_findings(struct live *lv, const struct finding_row *rows, size_t n)
{
	int rc = lv->store->ops->text_forget(
	    lv->store, lv->key, STR("finding"), (struct str){ NULL, 0 });

	for (size_t i = 0; i < n && !rc; i++) {
		json_t *data = json_parse(rows[i].data, NULL);

		rc = put(lv, (struct text_row){ .kind = STR("finding"),
				 .name = rows[i].uid,
				 .step = json_get_str(data, "step"),
				 .title = rows[i].title,
				 .body = json_get_str(data, "body") });
		json_decref(data);
	}
	return rc;
}

int index_report(struct live *lv, struct str text)
{
	return put(lv, (struct text_row){ .kind = STR("report"),
			   .name = STR(""),
			   .step = STR(""),
			   .title = lv->row.title,
			   .body = text });
}
