/* Runs in memory. */
#include "mem.h"

#include "base/json.h"
#include "base/limits.h"

#include <stddef.h>

#define AT(member) offsetof(struct run_row, member)

static const unsigned short texts[] = { AT(id), AT(flow), AT(title), AT(status), AT(reason),
	AT(end_as), AT(size), AT(input), AT(options), AT(repo), AT(project), AT(snapshot),
	AT(frozen), AT(idempotency), AT(parent_step), AT(report), AT(outcome), AT(seal),
	AT(summary) };
const struct mem_shape mem_run_shape = { sizeof(struct run_row), texts,
	sizeof(texts) / sizeof(texts[0]), 1u << 10 | 1u << 11 | 1u << 13 | 1u << 14 | 1u << 15 };

static const struct run_row *run_at(struct store *s, int64_t key)
{
	return mem_row(mem_of(s), MEM_RUNS, key);
}

/* --- constraints -------------------------------------------------------------------------- */

static bool one_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_is(word, *words))
			return true;
	return false;
}

static bool has_question(struct str input)
{
	json_t *doc = json_parse(input, NULL);
	bool has = json_get_str(doc, "question").n > 0;

	json_decref(doc);
	return has;
}

static bool has_snapshot(const struct mem_db *db, struct str id)
{
	mem_each(
	    db, MEM_SNAPSHOTS, struct snapshot_row, row, key) if (str_eq(row->id, id)) return true;
	return false;
}

static bool state_holds(const struct mem_db *db, const struct run_row *r)
{
	static const char *const statuses[] = { "running", "completed", "failed", "cancelled",
		NULL };
	static const char *const ends[] = { "", "failed", "cancelled", NULL };
	static const char *const sizes[] = { "small", "medium", "large", "auto", NULL };

	return one_of(r->status, statuses) && one_of(r->end_as, ends) && one_of(r->size, sizes) &&
	       (!r->snapshot.p || has_snapshot(db, r->snapshot)) &&
	       (!r->report.p || mem_blob_find(db, r->report, NULL));
}

static bool is_taken(const struct mem_db *db, const struct run_row *r)
{
	mem_each(db, MEM_RUNS, struct run_row, have,
	    key) if (str_eq(have->id, r->id) ||
		     (r->idempotency.p && have->idempotency.p &&
			 str_eq(have->idempotency, r->idempotency))) return true;
	return false;
}

/* --- writing ------------------------------------------------------------------------------ */

int mem_run_insert(struct store *s, const struct run_row *r, int64_t *ret_key)
{
	struct mem_db *db = mem_of(s);
	struct run_row row = *r;

	MEM_OP(s, true);
	if (!state_holds(db, r) || !has_question(r->input) || is_taken(db, r) ||
	    !mem_blob_find(db, r->frozen, NULL) || (r->parent && !run_at(s, r->parent)))
		return -EEXIST;
	row.key = mem_next(db, MEM_RUNS);
	row.seal = row.summary = STR("");
	row.seal_seq = 0;
	row.seen = false;
	*ret_key = mem_put(db, MEM_RUNS, 0, mem_pack(&mem_run_shape, &row));
	return 0;
}

int mem_run_update(struct store *s, const struct run_row *r)
{
	const struct run_row *old = run_at(s, r->key);
	struct run_row row;

	MEM_OP(s, true);
	if (!old)
		return -ESTALE;
	if (!state_holds(mem_of(s), r))
		return -EEXIST;
	row = *old;
	row.status = r->status;
	row.reason = r->reason;
	row.end_as = r->end_as;
	row.size = r->size;
	row.snapshot = r->snapshot;
	row.report = r->report;
	row.outcome = r->outcome;
	row.tokens_in = r->tokens_in;
	row.tokens_out = r->tokens_out;
	row.resumed = r->resumed;
	row.started_at = r->started_at;
	row.ended_at = r->ended_at;
	row.title = r->title;
	row.seal_seq = r->seal_seq;
	row.seal = r->seal;
	row.summary = r->summary;
	mem_put(mem_of(s), MEM_RUNS, r->key, mem_pack(&mem_run_shape, &row));
	return 0;
}

int mem_run_seen(struct store *s, int64_t key, bool seen)
{
	const struct run_row *old = run_at(s, key);

	MEM_OP(s, true);
	if (!old)
		return -ESTALE;
	struct run_row row = *old;

	row.seen = seen;
	mem_put(mem_of(s), MEM_RUNS, key, mem_pack(&mem_run_shape, &row));
	return 0;
}

static void forget(struct mem_db *db, enum mem_table t, int64_t key)
{
	mem_put(db, t, key, NULL);
}

static void forget_parts(struct mem_db *db, const struct run_row *run)
{
	struct mem_log *log = (size_t)run->key <= db->n_logs ? &db->logs[run->key - 1] : NULL;

	for (size_t i = 0; log && i < log->n; i++)
		if (mem_row(db, MEM_EVENTS, log->keys[i]))
			forget(db, MEM_EVENTS, log->keys[i]);
	mem_each(db, MEM_STEPS, struct step_row, row, key) if (row->run == run->key)
	{
		forget(db, MEM_STEPS, key);
		forget(db, MEM_TEXTS_OF_STEPS, key);
	}
	mem_each(db, MEM_FINDINGS, struct finding_row, row, key) if (row->run == run->key)
	    forget(db, MEM_FINDINGS, key);
	mem_each(db, MEM_TEXTS, struct text_row, row, key) if (row->run == run->key)
	    forget(db, MEM_TEXTS, key);
	mem_each(db, MEM_TASKS, struct task_row, row,
	    key) if (str_starts(row->subject, run->id) && row->subject.n > run->id.n &&
		     row->subject.p[run->id.n] == '/') forget(db, MEM_TASKS, key);
}

int mem_run_delete(struct store *s, int64_t key)
{
	struct mem_db *db = mem_of(s);
	const struct run_row *run = run_at(s, key);

	MEM_OP(s, true);
	if (!run)
		return -ESTALE;
	if (mem_next(db, MEM_RUNS) > (int64_t)db->last_run)
		db->last_run = (size_t)mem_next(db, MEM_RUNS) - 1;
	for (int64_t k = key + 1; k <= (int64_t)mem_count(db, MEM_RUNS); k++) {
		const struct run_row *child = run_at(s, k);

		if (child && child->parent == key) { /* depth: FLOW_NEST_MAX */
			int rc = mem_run_delete(s, k);

			if (rc)
				return rc;
		}
	}
	forget_parts(db, run);
	forget(db, MEM_RUNS, key);
	return 0;
}

/* --- finding ------------------------------------------------------------------------------ */

int mem_run_load(struct store *s, struct arena *a, int64_t key, struct run_row *ret)
{
	const struct run_row *row = run_at(s, key);

	MEM_OP(s, false);
	if (!row)
		return -ENOENT;
	mem_unpack(&mem_run_shape, row, a, ret);
	return 0;
}

int mem_run_find(struct store *s, struct str prefix, int64_t *ret_key)
{
	int64_t found = 0;
	unsigned n = 0;

	MEM_OP(s, false);
	mem_each(mem_of(s), MEM_RUNS, struct run_row, row, key)
	{
		if (str_eq(row->id, prefix)) {
			*ret_key = key;
			return 0;
		}
		if (str_starts(row->id, prefix)) {
			found = key;
			n++;
		}
	}
	if (n == 1)
		*ret_key = found;
	return n == 1 ? 0 : n ? -EEXIST : -ENOENT;
}

int mem_run_latest(struct store *s, struct str repo, unsigned n, int64_t *ret_key)
{
	MEM_OP(s, false);
	for (int64_t key = (int64_t)mem_count(mem_of(s), MEM_RUNS); key > 0; key--) {
		const struct run_row *row = run_at(s, key);

		if (!row || row->parent || (repo.n && !str_eq(row->repo, repo)) || n-- > 0)
			continue;
		*ret_key = key;
		return 0;
	}
	return -ENOENT;
}

int mem_run_by_idempotency(struct store *s, struct str idempotency, int64_t *ret_key)
{
	MEM_OP(s, false);
	mem_each(mem_of(s), MEM_RUNS, struct run_row, row,
	    key) if (row->idempotency.p && str_eq(row->idempotency, idempotency))
	{
		*ret_key = key;
		return 0;
	}
	return -ENOENT;
}

int mem_run_child(struct store *s, int64_t parent, struct str parent_step, int64_t *ret_key)
{
	int64_t found = 0;

	MEM_OP(s, false);
	mem_each(mem_of(s), MEM_RUNS, struct run_row, row,
	    key) if (row->parent == parent && str_eq(row->parent_step, parent_step)) found = key;
	*ret_key = found;
	return found ? 0 : -ENOENT;
}

static bool is_asked_for(const struct run_row *r, int64_t key, const struct run_filter *f)
{
	if ((f->before && key >= f->before) || (f->repo.n && !str_eq(r->repo, f->repo)) ||
	    (f->flow.n && !str_eq(r->flow, f->flow)) ||
	    (f->status.n && !str_eq(r->status, f->status)) || (f->top_only && r->parent) ||
	    (f->size.n && !str_eq(r->size, f->size)) || r->created_at < f->since)
		return false;
	if (!f->model.n)
		return true;
	json_t *options = json_parse(r->options, NULL);
	bool same = str_eq(json_get_str(options, "model"), f->model);

	json_decref(options);
	return same;
}

int mem_run_list(struct store *s, struct arena *a, const struct run_filter *f, struct run_row **ret,
    size_t *ret_n)
{
	unsigned limit = f->limit && f->limit < RUN_LIST_MAX ? f->limit : RUN_LIST_MAX;

	MEM_OP(s, false);
	*ret = arena_array(a, limit, sizeof(**ret));
	*ret_n = 0;
	if (f->words.n)
		return -ENOTSUP;
	for (int64_t key = (int64_t)mem_count(mem_of(s), MEM_RUNS); key > 0 && *ret_n < limit;
	     key--) {
		const struct run_row *row = run_at(s, key);

		if (row && is_asked_for(row, key, f))
			mem_unpack(&mem_run_shape, row, a, &(*ret)[(*ret_n)++]);
	}
	return 0;
}

int mem_run_open(struct store *s, struct arena *a, int64_t **ret, size_t *ret_n)
{
	MEM_OP(s, false);
	*ret = arena_array(a, mem_count(mem_of(s), MEM_RUNS) + 1, sizeof(**ret));
	*ret_n = 0;
	mem_each(mem_of(s), MEM_RUNS, struct run_row, row, key) if (str_is(row->status, "running"))(
	    *ret)[(*ret_n)++] = key;
	return 0;
}

int mem_run_lock(struct store *s, int64_t key, int64_t *ret_seq)
{
	MEM_OP(s, false);
	*ret_seq = mem_last_seq(mem_of(s), key);
	return 0;
}
