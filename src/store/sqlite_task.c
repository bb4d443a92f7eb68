/* The queue in SQLite. */
#include "store/sqlite_priv.h"

#define TASK_COLUMNS                                                                     \
	"key, subject, epoch, status, kind, agent, model, node, token, prompt, ending, " \
	"reason, usage, created_at, claimed_at, lease_until, ended_at"

static void read_task(struct query *q, struct arena *a, struct task_row *r)
{
	r->key = sql_get_int(q);
	r->subject = sql_get_str(q, a);
	r->epoch = sql_get_int(q);
	r->status = sql_get_str(q, a);
	r->kind = sql_get_str(q, a);
	r->agent = sql_get_str(q, a);
	r->model = sql_get_str(q, a);
	r->node = sql_get_str(q, a);
	r->token = sql_get_str(q, a);
	r->prompt = sql_get_str(q, a);
	r->ending = sql_get_str(q, a);
	r->reason = sql_get_str(q, a);
	r->usage = sql_get_str(q, a);
	r->created_at = sql_get_int(q);
	r->claimed_at = sql_get_int(q);
	r->lease_until = sql_get_int(q);
	r->ended_at = sql_get_int(q);
}

int sqlite_task_insert(struct store *s, const struct task_row *r, int64_t *ret_key)
{
	struct query q = sql_query(s,
	    "INSERT INTO tasks (subject, epoch, status, kind, agent, model, ending, reason,"
	    " created_at, claimed_at, lease_until, ended_at)"
	    " VALUES (?1, ?2, 'ready', ?3, ?4, ?5, 'none', '', ?6, 0, 0, 0)");

	sql_str(&q, r->subject);
	sql_int(&q, r->epoch);
	sql_str(&q, r->kind);
	sql_str(&q, r->agent);
	sql_str(&q, r->model);
	sql_int(&q, r->created_at);
	int rc = sql_run(&q);

	if (rc == 0)
		*ret_key = sqlite3_last_insert_rowid(q.s->db);
	return rc;
}

int sqlite_task_claim(struct store *s, struct arena *a, int64_t key, struct str node,
    struct str token, msec_t now, msec_t lease_until, struct task_row *ret)
{
	struct query q = sql_query(s,
	    "UPDATE tasks SET status = 'claimed', node = ?1, token = ?2, claimed_at = ?3,"
	    " lease_until = ?4 WHERE key ="
	    " (SELECT key FROM tasks WHERE status = 'ready' AND (?5 = 0 OR key = ?5)"
	    "  ORDER BY key LIMIT 1)"
	    " RETURNING " TASK_COLUMNS);

	sql_str(&q, node);
	sql_str(&q, token);
	sql_int(&q, now);
	sql_int(&q, lease_until);
	sql_int(&q, key);
	int rc = sql_step(&q);

	if (rc == 1) {
		read_task(&q, a, ret);
		rc = sql_step(&q); /* RETURNING is complete only at the end */
		return sql_done(&q, rc < 0 ? rc : 0);
	}
	return sql_done(&q, rc ? rc : -ENOENT);
}

int sqlite_task_started(struct store *s, int64_t key, struct str token, struct str agent,
    struct str model, struct str prompt)
{
	struct query q = sql_query(s, "UPDATE tasks SET agent = ?1, model = ?2, prompt = ?3"
				      " WHERE key = ?4 AND status = 'claimed' AND token = ?5");

	sql_str(&q, agent);
	sql_str(&q, model);
	sql_opt(&q, prompt);
	sql_int(&q, key);
	sql_str(&q, token);
	return sql_run_one(&q);
}

int sqlite_task_end(struct store *s, int64_t key, struct str token, struct str ending,
    struct str reason, struct str usage, msec_t now)
{
	struct query q = sql_query(s,
	    "UPDATE tasks SET status = 'ended', ending = ?1, reason = ?2, usage = ?3, ended_at = ?4"
	    " WHERE key = ?5 AND status <> 'ended' AND (?6 = '' OR token = ?6)");

	sql_str(&q, ending);
	sql_str(&q, reason);
	sql_opt(&q, usage);
	sql_int(&q, now);
	sql_int(&q, key);
	sql_str(&q, token);
	return sql_run_one(&q);
}

int sqlite_task_renew(struct store *s, struct str node, msec_t lease_until)
{
	struct query q = sql_query(
	    s, "UPDATE tasks SET lease_until = ?1 WHERE status = 'claimed' AND node = ?2");

	sql_int(&q, lease_until);
	sql_str(&q, node);
	return sql_run(&q);
}

static int collect_tasks(
    struct query *q, struct arena *a, size_t total, struct task_row **ret, size_t *ret_n)
{
	struct task_row *rows = arena_array(a, total + 1, sizeof(*rows));
	size_t n = 0;
	int rc;

	while ((rc = sql_step(q)) == 1 && n < total)
		read_task(q, a, &rows[n++]);
	if (rc >= 0) {
		*ret = rows;
		*ret_n = n;
	}
	return sql_done(q, rc < 0 ? rc : 0);
}

int sqlite_task_lost(struct store *s, struct arena *a, struct str node, msec_t now,
    struct task_row **ret, size_t *ret_n)
{
	struct query count = sql_query(s, "SELECT count(*) FROM tasks WHERE status = 'claimed'");
	struct query q =
	    sql_query(s, "SELECT " TASK_COLUMNS " FROM tasks WHERE status = 'claimed' AND"
			 " (node = ?1 OR (?1 = '' AND lease_until < ?2)) ORDER BY key");
	int64_t total = 0;
	int rc = sql_one_key(&count, &total);

	sql_str(&q, node);
	sql_int(&q, now);
	return rc < 0 ? rc : collect_tasks(&q, a, (size_t)total, ret, ret_n);
}

int sqlite_task_load(struct store *s, struct arena *a, int64_t key, struct task_row *ret)
{
	struct query q = sql_query(s, "SELECT " TASK_COLUMNS " FROM tasks WHERE key = ?1");

	sql_int(&q, key);
	int rc = sql_step(&q);

	if (rc == 1)
		read_task(&q, a, ret);
	return sql_done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

int sqlite_task_list(
    struct store *s, struct arena *a, struct str subject, struct task_row **ret, size_t *ret_n)
{
	struct query count = sql_query(s, "SELECT count(*) FROM tasks WHERE subject = ?1");
	struct query q =
	    sql_query(s, "SELECT " TASK_COLUMNS " FROM tasks WHERE subject = ?1 ORDER BY key");
	int64_t total = 0;

	sql_str(&count, subject);
	int rc = sql_one_key(&count, &total);

	sql_str(&q, subject);
	return rc < 0 ? rc : collect_tasks(&q, a, (size_t)total, ret, ret_n);
}

int sqlite_task_step(struct store *s, int64_t key, int64_t *ret_run, int64_t *ret_position)
{
	struct query q = sql_query(s, "SELECT run, position FROM steps WHERE task = ?1");

	sql_int(&q, key);
	int rc = sql_step(&q);

	if (rc == 1) {
		*ret_run = sql_get_int(&q);
		*ret_position = sql_get_int(&q);
	}
	return sql_done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}
