/* Steps in SQLite. */
#include "store/sqlite_priv.h"

/* What changes as a step goes on, in one order everywhere. */
static void add_state(struct query *q, const struct step_row *r)
{
	sql_str(q, r->status);
	sql_str(q, r->reason);
	sql_str(q, r->ending);
	sql_int(q, r->attempt);
	sql_int(q, r->epoch);
	sql_int(q, r->partial);
	sql_int(q, r->upstream);
	sql_int(q, r->ready_at);
	sql_int(q, r->started_at);
	sql_int(q, r->ended_at);
}

int sqlite_step_insert(struct store *s, const struct step_row *r, int64_t *ret_key)
{
	struct query q = sql_query(s,
	    "INSERT INTO steps (run, position, parent, ordinal, name, kind, label, status, reason,"
	    " ending, attempt, epoch, partial, upstream, ready_at, started_at, ended_at, item,"
	    " task, output, evidence, facts)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
	    " ?18, ?19, ?20, ?21, ?22)");

	sql_int(&q, r->run);
	sql_int(&q, r->position);
	sql_int(&q, r->parent);
	sql_int(&q, r->ordinal);
	sql_str(&q, r->name);
	sql_str(&q, r->kind);
	sql_str(&q, r->label);
	add_state(&q, r);
	sql_opt(&q, r->item);
	sql_key(&q, r->task);
	sql_opt(&q, r->has_texts ? r->output : (struct str){ 0 });
	sql_opt(&q, r->has_texts ? r->evidence : (struct str){ 0 });
	sql_opt(&q, r->has_texts ? r->facts : (struct str){ 0 });
	int rc = sql_run(&q);

	if (rc == 0)
		*ret_key = sqlite3_last_insert_rowid(q.s->db);
	return rc;
}

#define UPDATE                                                                              \
	"UPDATE steps SET status = ?1, reason = ?2, ending = ?3, attempt = ?4, epoch = ?5," \
	" partial = ?6, upstream = ?7, ready_at = ?8, started_at = ?9, ended_at = ?10"
#define WHERE " WHERE key = ?11"

/* The task is a foreign key, the texts may be long: what is not named is not touched. */
static const char *const updates[2][2] = {
	{ UPDATE WHERE, UPDATE ", output = ?12, evidence = ?13, facts = ?14" WHERE },
	{ UPDATE ", task = ?12" WHERE,
	    UPDATE ", task = ?12, output = ?13, evidence = ?14, facts = ?15" WHERE },
};

int sqlite_step_update(struct store *s, const struct step_row *r)
{
	struct query q = sql_query(s, updates[r->task != 0][r->has_texts]);

	add_state(&q, r);
	sql_int(&q, r->key);
	if (r->task)
		sql_int(&q, r->task);
	if (r->has_texts) {
		sql_opt(&q, r->output);
		sql_opt(&q, r->evidence);
		sql_opt(&q, r->facts);
	}
	return sql_run_one(&q);
}

int sqlite_step_delete(struct store *s, int64_t key)
{
	struct query q = sql_query(s, "DELETE FROM steps WHERE key = ?1");

	sql_int(&q, key);
	return sql_run_one(&q);
}

static void read_step(struct query *q, struct arena *a, struct step_row *r)
{
	r->key = sql_get_int(q);
	r->run = sql_get_int(q);
	r->position = sql_get_int(q);
	r->parent = sql_get_int(q);
	r->ordinal = sql_get_int(q);
	r->name = sql_get_str(q, a);
	r->kind = sql_get_str(q, a);
	r->label = sql_get_str(q, a);
	r->status = sql_get_str(q, a);
	r->reason = sql_get_str(q, a);
	r->ending = sql_get_str(q, a);
	r->attempt = sql_get_int(q);
	r->epoch = sql_get_int(q);
	r->partial = sql_get_int(q);
	r->upstream = sql_get_int(q);
	r->ready_at = sql_get_int(q);
	r->started_at = sql_get_int(q);
	r->ended_at = sql_get_int(q);
	r->item = sql_get_str(q, a);
	r->task = sql_get_int(q);
}

int sqlite_step_list(
    struct store *s, struct arena *a, int64_t run_key, struct step_row **ret, size_t *ret_n)
{
	struct query count = sql_query(s, "SELECT count(*) FROM steps WHERE run = ?1");
	struct query q = sql_query(s,
	    "SELECT key, run, position, parent, ordinal, name, kind, label, status, reason, ending,"
	    " attempt, epoch, partial, upstream, ready_at, started_at, ended_at, item, task"
	    " FROM steps WHERE run = ?1 ORDER BY position");
	int64_t total = 0;
	size_t n = 0;

	sql_int(&count, run_key);
	int rc = sql_one_key(&count, &total);

	if (rc < 0)
		return rc;
	struct step_row *rows = arena_array(a, (size_t)total + 1, sizeof(*rows));

	sql_int(&q, run_key);
	while ((rc = sql_step(&q)) == 1 && n < (size_t)total)
		read_step(&q, a, &rows[n++]);
	if (rc >= 0) {
		*ret = rows;
		*ret_n = n;
	}
	return sql_done(&q, rc < 0 ? rc : 0);
}

int sqlite_step_texts(struct store *s, struct arena *a, int64_t key, struct step_row *ret)
{
	struct query q = sql_query(s, "SELECT output, evidence, facts FROM steps WHERE key = ?1");

	sql_int(&q, key);
	int rc = sql_step(&q);

	if (rc == 1) {
		ret->output = sql_get_str(&q, a);
		ret->evidence = sql_get_str(&q, a);
		ret->facts = sql_get_str(&q, a);
	}
	return sql_done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

int sqlite_step_extras(
    struct store *s, struct arena *a, int64_t run_key, struct step_extra **ret, size_t *ret_n)
{
	struct query count = sql_query(s, "SELECT count(*) FROM steps WHERE run = ?1");
	struct query q = sql_query(s,
	    "SELECT s.position, s.facts, coalesce(t.agent, ''), coalesce(t.model, '') FROM steps s"
	    " LEFT JOIN tasks t ON t.key = s.task WHERE s.run = ?1 ORDER BY s.position");
	int64_t total = 0;
	size_t n = 0;

	sql_int(&count, run_key);
	int rc = sql_one_key(&count, &total);

	if (rc < 0)
		return rc;
	struct step_extra *rows = arena_array(a, (size_t)total + 1, sizeof(*rows));

	sql_int(&q, run_key);
	while ((rc = sql_step(&q)) == 1 && n < (size_t)total) {
		rows[n].position = sql_get_int(&q);
		rows[n].facts = sql_get_str(&q, a);
		rows[n].agent = sql_get_str(&q, a);
		rows[n++].model = sql_get_str(&q, a);
	}
	*ret = rows;
	*ret_n = n;
	return sql_done(&q, rc < 0 ? rc : 0);
}
