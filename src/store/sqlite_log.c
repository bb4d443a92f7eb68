/* Events, content, snapshots and findings in SQLite. */
#include "base/sha256.h"
#include "store/sqlite_priv.h"

int sqlite_event_append(struct store *s, const struct event_row *r)
{
	struct query q = sql_query(s,
	    "INSERT INTO events (run, seq, at, step, type, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	sql_int(&q, r->run);
	sql_int(&q, r->seq);
	sql_int(&q, r->at);
	sql_int(&q, r->step);
	sql_str(&q, r->type);
	sql_str(&q, r->data);
	return sql_run(&q);
}

int sqlite_event_read(
    struct store *s, int64_t run_key, int64_t after, unsigned limit, event_row_fn fn, void *ctx)
{
	struct query q = sql_query(s,
	    "SELECT run, seq, at, step, type, data FROM events WHERE run = ?1 AND seq > ?2"
	    " ORDER BY seq LIMIT ?3");
	int rc;

	sql_int(&q, run_key);
	sql_int(&q, after);
	sql_int(&q, limit);
	while ((rc = sql_step(&q)) == 1) {
		struct event_row r = { .run = sql_get_int(&q),
			.seq = sql_get_int(&q),
			.at = sql_get_int(&q),
			.step = sql_get_int(&q) };

		r.type = sql_get_ref(&q);
		r.data = sql_get_ref(&q);
		rc = q.rc ? q.rc : fn(ctx, &r);
		if (rc)
			break;
	}
	return sql_done(&q, rc);
}

int sqlite_event_last(struct store *s, struct arena *a, int64_t run_key, struct str type,
    struct str word, struct event_row *ret)
{
	struct query q = sql_query(s,
	    "SELECT run, seq, at, step, type, data FROM events WHERE run = ?1 AND type = ?2"
	    " AND (?3 = '' OR ?3 IN (json_extract(data, '$.status'),"
	    " json_extract(data, '$.ending'))) ORDER BY seq DESC LIMIT 1");

	sql_int(&q, run_key);
	sql_str(&q, type);
	sql_str(&q, word);
	int rc = sql_step(&q);

	if (rc == 1) {
		ret->run = sql_get_int(&q);
		ret->seq = sql_get_int(&q);
		ret->at = sql_get_int(&q);
		ret->step = sql_get_int(&q);
		ret->type = sql_get_str(&q, a);
		ret->data = sql_get_str(&q, a);
	}
	return sql_done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

int sqlite_blob_put(struct store *s, struct str bytes, char ret_hash[65])
{
	struct query q = sql_query(
	    s, "INSERT INTO blobs (hash, bytes) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING");

	sha256_of(bytes, ret_hash);
	sql_str(&q, str_from(ret_hash));
	sql_blob(&q, bytes);
	return sql_run(&q);
}

int sqlite_blob_get(struct store *s, struct arena *a, struct str hash, struct str *ret)
{
	struct query q = sql_query(s, "SELECT bytes FROM blobs WHERE hash = ?1");

	sql_str(&q, hash);
	int rc = sql_step(&q);

	if (rc == 1)
		*ret = sql_get_str(&q, a);
	return sql_done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

int sqlite_snapshot_put(struct store *s, const struct snapshot_row *r)
{
	struct query q = sql_query(s, "INSERT INTO snapshots (id, repo, facts, signals, created_at)"
				      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET"
				      " facts = excluded.facts, signals = excluded.signals");

	sql_str(&q, r->id);
	sql_str(&q, r->repo);
	sql_str(&q, r->facts);
	sql_str(&q, r->signals);
	sql_int(&q, r->created_at);
	return sql_run(&q);
}

int sqlite_snapshot_get(struct store *s, struct arena *a, struct str id, struct snapshot_row *ret)
{
	struct query q = sql_query(
	    s, "SELECT id, repo, facts, signals, created_at FROM snapshots WHERE id = ?1");

	sql_str(&q, id);
	int rc = sql_step(&q);

	if (rc == 1) {
		ret->id = sql_get_str(&q, a);
		ret->repo = sql_get_str(&q, a);
		ret->facts = sql_get_str(&q, a);
		ret->signals = sql_get_str(&q, a);
		ret->created_at = sql_get_int(&q);
	}
	return sql_done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

static int put_finding(struct store *s, const struct finding_row *r)
{
	struct query q =
	    sql_query(s, "INSERT INTO findings (run, uid, step, title, severity, path, "
			 "line, state, verdict, data)"
			 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");

	sql_int(&q, r->run);
	sql_str(&q, r->uid);
	sql_int(&q, r->step);
	sql_str(&q, r->title);
	sql_str(&q, r->severity);
	sql_str(&q, r->path);
	sql_int(&q, r->line);
	sql_str(&q, r->state);
	sql_str(&q, r->verdict);
	sql_str(&q, r->data);
	return sql_run(&q);
}

int sqlite_findings_replace(
    struct store *s, int64_t run_key, const struct finding_row *rows, size_t n)
{
	struct query q = sql_query(s, "DELETE FROM findings WHERE run = ?1");

	sql_int(&q, run_key);
	int rc = sql_run(&q);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_finding(s, &rows[i]);
	return rc;
}

int sqlite_findings_list(
    struct store *s, struct arena *a, int64_t run_key, struct finding_row **ret, size_t *ret_n)
{
	struct query q = sql_query(s,
	    "SELECT run, uid, step, title, severity, path, line, state, verdict, data FROM findings"
	    " WHERE run = ?1 ORDER BY uid");
	struct finding_row *rows = NULL;
	size_t n = 0, cap = 0;
	int rc;

	sql_int(&q, run_key);
	while ((rc = sql_step(&q)) == 1) {
		if (n == cap) {
			struct finding_row *more =
			    arena_array(a, cap = cap ? cap * 2 : 16, sizeof(*more));

			if (n)
				memcpy(more, rows, n * sizeof(*rows));
			rows = more;
		}
		struct finding_row *r = &rows[n++];

		r->run = sql_get_int(&q);
		r->uid = sql_get_str(&q, a);
		r->step = sql_get_int(&q);
		r->title = sql_get_str(&q, a);
		r->severity = sql_get_str(&q, a);
		r->path = sql_get_str(&q, a);
		r->line = sql_get_int(&q);
		r->state = sql_get_str(&q, a);
		r->verdict = sql_get_str(&q, a);
		r->data = sql_get_str(&q, a);
	}
	if (rc >= 0) {
		*ret = rows;
		*ret_n = n;
	}
	return sql_done(&q, rc < 0 ? rc : 0);
}

int sqlite_note_get(struct store *s, struct arena *a, struct str name, struct str *ret)
{
	struct query q = sql_query(s, "SELECT value FROM meta WHERE name = ?1");

	sql_str(&q, name);
	int rc = sql_step(&q);

	if (rc == 1)
		*ret = sql_get_str(&q, a);
	return sql_done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

int sqlite_note_put(struct store *s, struct str name, struct str value)
{
	struct query q = sql_query(s, "INSERT INTO meta (name, value) VALUES (?1, ?2)"
				      " ON CONFLICT (name) DO UPDATE SET value = excluded.value");

	sql_str(&q, name);
	sql_str(&q, value);
	return sql_run(&q);
}
