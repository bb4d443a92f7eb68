/* Runs in SQLite. */
#include "store/sqlite_priv.h"

#define RUN_COLUMNS                                                                           \
	"key, id, flow, title, status, reason, end_as, size, input, options, repo, project, " \
	"snapshot, frozen, idempotency, parent, parent_step, report, outcome, tokens_in, "    \
	"tokens_out, resumed, created_at, started_at, ended_at, seal_seq, seal, summary, seen"

static void read_run(struct query *q, struct arena *a, struct run_row *r)
{
	r->key = sql_get_int(q);
	r->id = sql_get_str(q, a);
	r->flow = sql_get_str(q, a);
	r->title = sql_get_str(q, a);
	r->status = sql_get_str(q, a);
	r->reason = sql_get_str(q, a);
	r->end_as = sql_get_str(q, a);
	r->size = sql_get_str(q, a);
	r->input = sql_get_str(q, a);
	r->options = sql_get_str(q, a);
	r->repo = sql_get_str(q, a);
	r->project = sql_get_str(q, a);
	r->snapshot = sql_get_str(q, a);
	r->frozen = sql_get_str(q, a);
	r->idempotency = sql_get_str(q, a);
	r->parent = sql_get_int(q);
	r->parent_step = sql_get_str(q, a);
	r->report = sql_get_str(q, a);
	r->outcome = sql_get_str(q, a);
	r->tokens_in = sql_get_int(q);
	r->tokens_out = sql_get_int(q);
	r->resumed = sql_get_int(q);
	r->created_at = sql_get_int(q);
	r->started_at = sql_get_int(q);
	r->ended_at = sql_get_int(q);
	r->seal_seq = sql_get_int(q);
	r->seal = sql_get_str(q, a);
	r->summary = sql_get_str(q, a);
	r->seen = sql_get_int(q) != 0;
}

int sqlite_run_insert(struct store *s, const struct run_row *r, int64_t *ret_key)
{
	struct query q = sql_query(s,
	    "INSERT INTO runs (key, id, flow, title, status, reason, end_as, size, input, options, "
	    "repo,"
	    " project, snapshot, frozen, idempotency, parent, parent_step, report, outcome,"
	    " tokens_in, tokens_out, resumed, created_at, started_at, ended_at)"
	    " VALUES (max(?25, (SELECT coalesce(max(key), 0) FROM runs)) + 1, ?1, ?2, ?3, ?4, ?5, "
	    "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
	    " ?18, ?19, ?20, ?21, ?22, ?23, ?24)");

	sql_str(&q, r->id);
	sql_str(&q, r->flow);
	sql_str(&q, r->title);
	sql_str(&q, r->status);
	sql_str(&q, r->reason);
	sql_str(&q, r->end_as);
	sql_str(&q, r->size);
	sql_str(&q, r->input);
	sql_str(&q, r->options);
	sql_str(&q, r->repo);
	sql_opt(&q, r->project);
	sql_opt(&q, r->snapshot);
	sql_str(&q, r->frozen);
	sql_opt(&q, r->idempotency);
	sql_key(&q, r->parent);
	sql_opt(&q, r->parent_step);
	sql_opt(&q, r->report);
	sql_str(&q, r->outcome);
	sql_int(&q, r->tokens_in);
	sql_int(&q, r->tokens_out);
	sql_int(&q, r->resumed);
	sql_int(&q, r->created_at);
	sql_int(&q, r->started_at);
	sql_int(&q, r->ended_at);
	sql_int(&q, q.s->last_run);
	int rc = sql_run(&q);

	if (rc == 0)
		*ret_key = sqlite3_last_insert_rowid(q.s->db);
	return rc;
}

int sqlite_run_update(struct store *s, const struct run_row *r)
{
	struct query q = sql_query(s,
	    "UPDATE runs SET status = ?1, reason = ?2, end_as = ?3, size = ?4, snapshot = ?5,"
	    " report = ?6, outcome = ?7, tokens_in = ?8, tokens_out = ?9, resumed = ?10,"
	    " started_at = ?11, ended_at = ?12, title = ?13, seal_seq = ?14, seal = ?15,"
	    " summary = ?16 WHERE key = ?17");

	sql_str(&q, r->status);
	sql_str(&q, r->reason);
	sql_str(&q, r->end_as);
	sql_str(&q, r->size);
	sql_opt(&q, r->snapshot);
	sql_opt(&q, r->report);
	sql_str(&q, r->outcome);
	sql_int(&q, r->tokens_in);
	sql_int(&q, r->tokens_out);
	sql_int(&q, r->resumed);
	sql_int(&q, r->started_at);
	sql_int(&q, r->ended_at);
	sql_str(&q, r->title);
	sql_int(&q, r->seal_seq);
	sql_str(&q, r->seal);
	sql_str(&q, r->summary);
	sql_int(&q, r->key);
	return sql_run_one(&q);
}

int sqlite_run_seen(struct store *s, int64_t key, bool seen)
{
	struct query q = sql_query(s, "UPDATE runs SET seen = ?1 WHERE key = ?2");

	sql_int(&q, seen);
	sql_int(&q, key);
	return sql_run_one(&q);
}

int sqlite_run_load(struct store *s, struct arena *a, int64_t key, struct run_row *ret)
{
	struct query q = sql_query(s, "SELECT " RUN_COLUMNS " FROM runs WHERE key = ?1");

	sql_int(&q, key);
	int rc = sql_step(&q);

	if (rc == 1)
		read_run(&q, a, ret);
	return sql_done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

int sqlite_run_find(struct store *s, struct str prefix, int64_t *ret_key)
{
	struct query q =
	    sql_query(s, "SELECT key, id = ?1 FROM runs WHERE substr(id, 1, length(?1)) = ?1"
			 " ORDER BY id = ?1 DESC, key LIMIT 2");
	int64_t key = 0;

	sql_str(&q, prefix);
	int rc = sql_step(&q);

	if (rc == 1) {
		key = sql_get_int(&q);
		bool exact = sql_get_int(&q);

		rc = exact ? 0 : sql_step(&q);
		rc = rc == 1 ? -EEXIST : rc;
		if (rc == 0)
			*ret_key = key;
	} else if (rc == 0) {
		rc = -ENOENT;
	}
	return sql_done(&q, rc);
}

int sqlite_run_latest(struct store *s, struct str repo, unsigned n, int64_t *ret_key)
{
	struct query q =
	    sql_query(s, "SELECT key FROM runs WHERE parent IS NULL AND (?1 = '' OR repo = ?1)"
			 " ORDER BY key DESC LIMIT 1 OFFSET ?2");

	sql_str(&q, repo);
	sql_int(&q, n);
	return sql_one_key(&q, ret_key);
}

int sqlite_run_by_idempotency(struct store *s, struct str key, int64_t *ret_key)
{
	struct query q = sql_query(s, "SELECT key FROM runs WHERE idempotency = ?1");

	sql_str(&q, key);
	return sql_one_key(&q, ret_key);
}

int sqlite_run_child(struct store *s, int64_t parent, struct str parent_step, int64_t *ret_key)
{
	struct query q = sql_query(s, "SELECT key FROM runs WHERE parent = ?1 AND parent_step = ?2 "
				      "ORDER BY key DESC LIMIT 1");

	sql_int(&q, parent);
	sql_str(&q, parent_step);
	return sql_one_key(&q, ret_key);
}

#define FILTERS                                                                 \
	" AND (?2 = '' OR repo = ?2) AND (?3 = '' OR flow = ?3)"                \
	" AND (?4 = '' OR status = ?4) AND (?5 = 0 OR parent IS NULL)"          \
	" AND (?6 = '' OR size = ?6)"                                           \
	" AND (?7 = '' OR coalesce(json_extract(options, '$.model'), '') = ?7)" \
	" AND created_at >= ?8"

static const char NEWEST[] = "SELECT " RUN_COLUMNS " FROM runs WHERE (?1 = 0 OR key < ?1)" FILTERS
			     " ORDER BY key DESC LIMIT ?9";
static const char ONE[] = "SELECT " RUN_COLUMNS " FROM runs WHERE key = ?1" FILTERS;

static struct query filtered(
    struct store *s, const char *sql, int64_t key, const struct run_filter *f)
{
	struct query q = sql_query(s, sql);

	sql_int(&q, key);
	sql_str(&q, f->repo);
	sql_str(&q, f->flow);
	sql_str(&q, f->status);
	sql_int(&q, f->top_only);
	sql_str(&q, f->size);
	sql_str(&q, f->model);
	sql_int(&q, f->since);
	return q;
}

static int list_newest(struct store *s, struct arena *a, const struct run_filter *f,
    struct run_row *rows, unsigned limit, size_t *ret_n)
{
	struct query q = filtered(s, NEWEST, f->before, f);
	int rc;

	sql_int(&q, limit);
	while ((rc = sql_step(&q)) == 1 && *ret_n < limit)
		read_run(&q, a, &rows[(*ret_n)++]);
	return sql_done(&q, rc < 0 ? rc : 0);
}

/* 1: run KEY passes the filter, and was read. */
static int read_if(
    struct store *s, struct arena *a, const struct run_filter *f, int64_t key, struct run_row *ret)
{
	struct query q = filtered(s, ONE, key, f);
	int rc = sql_step(&q);

	if (rc == 1)
		read_run(&q, a, ret);
	return sql_done(&q, rc);
}

/* The index tells what matches text by text, and their numbers run by run (sqlite_search.c). */
static int list_matching(struct store *s, struct arena *a, const struct run_filter *f,
    struct run_row *rows, unsigned limit, size_t *ret_n)
{
	struct query q = sql_query(s, "SELECT rowid >> 20 FROM search WHERE search MATCH ?1"
				      " AND rowid < ?2 ORDER BY rowid DESC");
	int64_t last = 0, key;
	int rc, one = 0;

	sql_str(&q, sqlite_search_query(a, f->words));
	sql_int(&q, f->before ? f->before << 20 : INT64_MAX);
	while ((rc = sql_step(&q)) == 1 && one >= 0 && *ret_n < limit) {
		key = sql_get_int(&q);
		if (key == last)
			continue;
		last = key;
		one = read_if(s, a, f, key, &rows[*ret_n]);
		*ret_n += one == 1;
	}
	rc = one < 0 ? one : rc;
	return sql_done(&q, rc < 0 ? rc : 0);
}

int sqlite_run_list(struct store *s, struct arena *a, const struct run_filter *f,
    struct run_row **ret, size_t *ret_n)
{
	unsigned limit = f->limit && f->limit < RUN_LIST_MAX ? f->limit : RUN_LIST_MAX;

	*ret = arena_array(a, limit, sizeof(**ret));
	*ret_n = 0;
	if (!f->words.n)
		return list_newest(s, a, f, *ret, limit, ret_n);
	if (!sqlite_search_query(a, f->words).n)
		return 0;
	return list_matching(s, a, f, *ret, limit, ret_n);
}

/* Attempts are found by the run's name; everything else follows from the row. */
int sqlite_run_delete(struct store *s, int64_t key)
{
	struct query last = sql_query(s, "SELECT coalesce(max(key), 0) FROM runs");
	struct query tasks = sql_query(s,
	    "WITH RECURSIVE family (key, id) AS (SELECT key, id FROM runs WHERE key = ?1"
	    " UNION ALL SELECT r.key, r.id FROM runs r JOIN family f ON r.parent = f.key)"
	    " DELETE FROM tasks WHERE key IN (SELECT t.key FROM family f JOIN tasks t"
	    " ON t.subject >= f.id || '/' AND t.subject < f.id || '0')");
	struct query run = sql_query(s, "DELETE FROM runs WHERE key = ?1");

	int64_t highest;
	int rc = sql_one_key(&last, &highest);

	sql_int(&run, key);
	sql_int(&tasks, key);
	if (!rc && highest > run.s->last_run)
		run.s->last_run = highest;
	rc = rc ? sql_done(&tasks, rc) : sql_run(&tasks);
	return rc ? sql_done(&run, rc) : sql_run_one(&run);
}

int sqlite_run_open(struct store *s, struct arena *a, int64_t **ret, size_t *ret_n)
{
	struct query count = sql_query(s, "SELECT count(*) FROM runs WHERE status = 'running'");
	struct query q = sql_query(s, "SELECT key FROM runs WHERE status = 'running' ORDER BY key");
	int64_t total = 0;
	size_t n = 0;
	int rc = sql_one_key(&count, &total);

	if (rc < 0)
		return rc;
	int64_t *keys = arena_array(a, (size_t)total + 1, sizeof(*keys));

	while ((rc = sql_step(&q)) == 1 && n < (size_t)total)
		keys[n++] = sql_get_int(&q);
	if (rc >= 0) {
		*ret = keys;
		*ret_n = n;
	}
	return sql_done(&q, rc < 0 ? rc : 0);
}

/* The writing transaction is the lock; the log tells how far the run has come. */
int sqlite_run_lock(struct store *s, int64_t key, int64_t *ret_seq)
{
	struct query q = sql_query(s, "SELECT coalesce(max(seq), 0) FROM events WHERE run = ?1");

	sql_int(&q, key);
	return sql_one_key(&q, ret_seq);
}
