#include "api/estimate.h"

#include "base/json.h"

#include <stdlib.h>

#define LOOK_BACK 50
#define LEAST 3

static struct estimate_kind kind_of(struct arena *a, const struct run_row *r)
{
	json_t *options = json_parse(r->options, NULL);
	struct estimate_kind k = { r->flow, r->size, json_dup_str(a, options, "model"),
		json_get_int(options, "validators", 0) };

	json_decref(options);
	return k;
}

static bool counts(struct arena *a, const struct run_row *r, const struct estimate_kind *kind)
{
	if (r->ended_at <= r->started_at || r->resumed)
		return false;
	if (!kind->size.n)
		return true;
	const struct estimate_kind k = kind_of(a, r);

	return str_eq(k.size, kind->size) && str_eq(k.model, kind->model) &&
	       k.validators == kind->validators;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static struct estimate sum_up(int64_t *took, int64_t *tokens, size_t n)
{
	qsort(took, n, sizeof(took[0]), by_size);
	qsort(tokens, n, sizeof(tokens[0]), by_size);
	return (struct estimate){ .low = took[(n - 1) / 4],
		.high = took[(3 * n - 1) / 4],
		.median = took[n / 2],
		.tokens = tokens[n / 2],
		.runs = (unsigned)n };
}

int estimate_like(
    struct store *s, struct arena *a, const struct estimate_kind *kind, struct estimate *ret)
{
	int64_t took[LOOK_BACK], tokens[LOOK_BACK];
	const struct run_filter like = {
		.flow = kind->flow, .status = STR("completed"), .top_only = true, .limit = LOOK_BACK
	};
	struct run_row *rows;
	size_t n_rows, n = 0;
	int rc = s->ops->run_list(s, a, &like, &rows, &n_rows);

	*ret = (struct estimate){ 0 };
	for (size_t i = 0; rc == 0 && i < n_rows; i++) {
		if (!counts(a, &rows[i], kind))
			continue;
		took[n] = rows[i].ended_at - rows[i].started_at;
		tokens[n++] = rows[i].tokens_in + rows[i].tokens_out;
	}
	if (rc == 0 && n >= LEAST)
		*ret = sum_up(took, tokens, n);
	return rc;
}

int estimate_read(struct store *s, struct arena *a, int64_t key, struct estimate *ret)
{
	struct run_row self;
	int rc = s->ops->run_load(s, a, key, &self);

	*ret = (struct estimate){ 0 };
	if (rc)
		return rc;
	const struct estimate_kind kind = kind_of(a, &self);

	return estimate_like(s, a, &kind, ret);
}
