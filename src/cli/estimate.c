#include "cli/estimate.h"

#include "base/json.h"

#include <stdlib.h>

#define LOOK_BACK 50
#define LEAST 3

/* What makes runs of a flow and size last differently: the model, and how many validate. */
struct kind {
	struct str model;
	long long validators;
};

static struct kind kind_of(struct arena *a, const struct run_row *r)
{
	json_t *options = json_parse(r->options, NULL);
	struct kind k = { arena_dup(a, json_get_str(options, "model")),
		json_get_int(options, "validators", 0) };

	json_decref(options);
	return k;
}

static bool same_kind(struct kind x, struct kind y)
{
	return str_eq(x.model, y.model) && x.validators == y.validators;
}

static int by_length(const void *a, const void *b)
{
	msec_t x = *(const msec_t *)a, y = *(const msec_t *)b;

	return (x > y) - (x < y);
}

int estimate_read(struct store *s, struct arena *a, int64_t key, struct estimate *ret)
{
	msec_t took[LOOK_BACK];
	struct run_row self, *rows;
	size_t n_rows, n = 0;
	int rc = s->ops->run_load(s, a, key, &self);

	*ret = (struct estimate){ 0 };
	if (rc)
		return rc;
	const struct run_filter like = {
		.flow = self.flow, .status = STR("completed"), .top_only = true, .limit = LOOK_BACK
	};
	struct kind kind = kind_of(a, &self);

	rc = s->ops->run_list(s, a, &like, &rows, &n_rows);
	for (size_t i = 0; rc == 0 && i < n_rows; i++)
		if (str_eq(rows[i].size, self.size) && same_kind(kind_of(a, &rows[i]), kind) &&
		    rows[i].ended_at > rows[i].started_at && !rows[i].resumed)
			took[n++] = rows[i].ended_at - rows[i].started_at;
	if (rc || n < LEAST)
		return rc;
	qsort(took, n, sizeof(took[0]), by_length);
	*ret = (struct estimate){ took[(n - 1) / 4], took[(3 * n - 1) / 4] };
	return 0;
}
