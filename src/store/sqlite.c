/*
 * SQLite: WAL, synchronous=FULL, STRICT tables, one writing connection that also checkpoints.
 *
 * Statements are prepared once and kept; SQL is a constant text with numbered parameters, never
 * put together from values (A78). Reading columns goes through small helpers that copy into the
 * caller's arena.
 */
#define _GNU_SOURCE
#include "base/limits.h"
#include "base/sha256.h"
#include "store/schema.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STATEMENTS_MAX 64
#define BUSY_MS 5000
#define CHECKPOINT_PAGES 4000

struct cached {
	const char *sql; /* address of the constant is the key */
	sqlite3_stmt *st;
};

struct sqlite_store {
	struct store base;
	sqlite3 *db;
	struct cached cache[STATEMENTS_MAX];
	size_t n_cached;
};

static const struct schema_dialect dialect = { (const struct schema_word[]){
    { "key", "INTEGER CONSTRAINT key_pk PRIMARY KEY" },
    { "int", "INTEGER" },
    { "blob", "BLOB" },
    { "strict", "STRICT" },
    { "clustered", "STRICT, WITHOUT ROWID" },
    { "has_question", "json_valid(input) AND json_type(input, '$.question') = 'text'"
		      " AND json_extract(input, '$.question') <> ''" },
    { NULL, NULL },
} };

static struct sqlite_store *self(struct store *s)
{
	return (struct sqlite_store *)(void *)s;
}

static int code_to_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

/* --- statements ------------------------------------------------------------------------- */

static sqlite3_stmt *prepare(struct sqlite_store *s, const char *sql)
{
	for (size_t i = 0; i < s->n_cached; i++)
		if (s->cache[i].sql == sql)
			return s->cache[i].st;
	if (s->n_cached == STATEMENTS_MAX)
		abort(); /* the texts are constants of this file; raise the number */
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK)
		return NULL;
	s->cache[s->n_cached++] = (struct cached){ sql, st };
	return st;
}

struct query {
	struct sqlite_store *s;
	sqlite3_stmt *st;
	int next; /* parameter or column */
	int rc;
};

static struct query query(struct store *store, const char *sql)
{
	struct query q = { .s = self(store) };

	q.st = prepare(q.s, sql);
	q.rc = q.st ? 0 : code_to_errno(sqlite3_errcode(q.s->db));
	return q;
}

static void put_int(struct query *q, int64_t v)
{
	if (q->st)
		sqlite3_bind_int64(q->st, ++q->next, v);
}

static void put_str(struct query *q, struct str v)
{
	if (q->st)
		sqlite3_bind_text64(
		    q->st, ++q->next, v.p ? v.p : "", v.n, SQLITE_STATIC, SQLITE_UTF8);
}

/* NULL for absent text. */
static void put_opt(struct query *q, struct str v)
{
	if (v.p)
		put_str(q, v);
	else if (q->st)
		sqlite3_bind_null(q->st, ++q->next);
}

static void put_key(struct query *q, int64_t v)
{
	if (v)
		put_int(q, v);
	else if (q->st)
		sqlite3_bind_null(q->st, ++q->next);
}

/* 1: a row is there; 0: no more; negative errno. The first row begins reading at column 0. */
static int step(struct query *q)
{
	if (!q->st)
		return q->rc;
	int rc = sqlite3_step(q->st);

	q->next = 0;
	if (rc == SQLITE_ROW)
		return 1;
	return code_to_errno(rc);
}

static int done(struct query *q, int rc)
{
	if (q->st)
		sqlite3_reset(q->st);
	return rc;
}

/* For statements without rows. */
static int run(struct query *q)
{
	return done(q, step(q));
}

/* As run; -ESTALE when no row matched. */
static int run_one(struct query *q)
{
	int rc = run(q);

	if (rc == 0 && sqlite3_changes(q->s->db) == 0)
		return -ESTALE;
	return rc;
}

static int64_t get_int(struct query *q)
{
	return sqlite3_column_int64(q->st, q->next++);
}

static struct str get_str(struct query *q, struct arena *a)
{
	int col = q->next++;

	if (sqlite3_column_type(q->st, col) == SQLITE_NULL)
		return (struct str){ NULL, 0 };
	const char *p = (const char *)sqlite3_column_text(q->st, col);

	return arena_dup(a, (struct str){ p, (size_t)sqlite3_column_bytes(q->st, col) });
}

/* --- life ------------------------------------------------------------------------------- */

static int exec_all(struct sqlite_store *s, const char *const *sql)
{
	for (; *sql; sql++) {
		int rc = sqlite3_exec(s->db, *sql, NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			return code_to_errno(rc);
	}
	return 0;
}

static int configure(struct sqlite_store *s, bool read_only)
{
	static const char *const all[] = { "PRAGMA foreign_keys = ON", "PRAGMA mmap_size = 0",
		"PRAGMA trusted_schema = OFF", "PRAGMA temp_store = MEMORY",
		"PRAGMA cache_size = -4096", NULL };
	static const char *const writer[] = { "PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL", "PRAGMA journal_size_limit = 67108864", NULL };
	static const char *const reader[] = { "PRAGMA query_only = ON", NULL };

	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, (int)MIB(256));
	int rc = exec_all(s, all);

	if (rc == 0)
		rc = exec_all(s, read_only ? reader : writer);
	sqlite3_wal_autocheckpoint(s->db, read_only ? 0 : CHECKPOINT_PAGES);
	return rc;
}

static void sqlite_close(struct store *store)
{
	struct sqlite_store *s = self(store);

	if (!s)
		return;
	for (size_t i = 0; i < s->n_cached; i++)
		sqlite3_finalize(s->cache[i].st);
	sqlite3_close(s->db);
	free(s);
}

static int sqlite_open(const char *path, bool read_only, struct store **ret, struct err *err)
{
	struct sqlite_store *s = xalloc(sizeof(*s));
	int flags = SQLITE_OPEN_NOMUTEX |
		    (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

	s->base.ops = &store_sqlite;
	int rc = code_to_errno(sqlite3_open_v2(path, &s->db, flags, NULL));

	if (rc == 0 && !read_only && chmod(path, 0600) < 0)
		rc = -errno;
	if (rc == 0)
		rc = configure(s, read_only);
	if (rc) {
		err_set(err, rc, "cannot open the database %s", path);
		err_why(err, "%s", s->db ? sqlite3_errmsg(s->db) : err_name(rc));
		sqlite_close(&s->base);
		return rc;
	}
	*ret = &s->base;
	return 0;
}

static int schema_in_file(struct sqlite_store *s, int *ret)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return code_to_errno(rc);
}

static int migrate_to(struct sqlite_store *s, unsigned version)
{
	struct arena *a = arena_create("migration", MIB(1));
	int rc = 0;

	for (const char *const *sql = schema_version(version); *sql && rc == 0; sql++)
		rc = code_to_errno(
		    sqlite3_exec(s->db, schema_statement(a, &dialect, *sql), NULL, NULL, NULL));
	if (rc == 0)
		rc = code_to_errno(sqlite3_exec(
		    s->db, arena_printf(a, "PRAGMA user_version = %u", version), NULL, NULL, NULL));
	arena_destroy(a);
	return rc;
}

/* All missing versions in one transaction: the old schema or the new one, never between. */
static int sqlite_migrate(struct store *store, struct err *err)
{
	struct sqlite_store *s = self(store);
	int have = 0;
	int rc = schema_in_file(s, &have);

	if (rc == 0 && have == STORE_SCHEMA)
		return 0;
	if (rc == 0 && have > STORE_SCHEMA) {
		err_set(err, -EPROTO, "the database was written by a newer tutti");
		err_why(err, "its schema is %d; this program knows %d", have, STORE_SCHEMA);
		return err_fix(err, "use the newer program, or another --data directory");
	}
	if (rc == 0)
		rc = code_to_errno(sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	for (int v = have + 1; rc == 0 && v <= STORE_SCHEMA; v++)
		rc = migrate_to(s, (unsigned)v);
	if (rc == 0)
		rc = code_to_errno(sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL));
	if (rc) {
		err_set(err, rc, "cannot bring the database to schema %d", STORE_SCHEMA);
		err_why(err, "%s", sqlite3_errmsg(s->db));
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	}
	return rc;
}

static int sqlite_begin(struct store *s)
{
	struct query q = query(s, "BEGIN IMMEDIATE");

	return run(&q);
}

static int sqlite_commit(struct store *s)
{
	struct query q = query(s, "COMMIT");

	return run(&q);
}

static void sqlite_rollback(struct store *s)
{
	if (!sqlite3_get_autocommit(self(s)->db)) {
		struct query q = query(s, "ROLLBACK");

		run(&q);
	}
}

static int64_t sqlite_writes(struct store *s)
{
	return sqlite3_total_changes64(self(s)->db);
}

/* --- runs ------------------------------------------------------------------------------- */

#define RUN_COLUMNS                                                                           \
	"key, id, flow, title, status, reason, end_as, size, input, options, repo, project, " \
	"snapshot, frozen, idempotency, parent, parent_step, report, outcome, tokens_in, "    \
	"tokens_out, resumed, created_at, started_at, ended_at"

static void read_run(struct query *q, struct arena *a, struct run_row *r)
{
	r->key = get_int(q);
	r->id = get_str(q, a);
	r->flow = get_str(q, a);
	r->title = get_str(q, a);
	r->status = get_str(q, a);
	r->reason = get_str(q, a);
	r->end_as = get_str(q, a);
	r->size = get_str(q, a);
	r->input = get_str(q, a);
	r->options = get_str(q, a);
	r->repo = get_str(q, a);
	r->project = get_str(q, a);
	r->snapshot = get_str(q, a);
	r->frozen = get_str(q, a);
	r->idempotency = get_str(q, a);
	r->parent = get_int(q);
	r->parent_step = get_str(q, a);
	r->report = get_str(q, a);
	r->outcome = get_str(q, a);
	r->tokens_in = get_int(q);
	r->tokens_out = get_int(q);
	r->resumed = get_int(q);
	r->created_at = get_int(q);
	r->started_at = get_int(q);
	r->ended_at = get_int(q);
}

static int sqlite_run_insert(struct store *s, const struct run_row *r, int64_t *ret_key)
{
	struct query q = query(s,
	    "INSERT INTO runs (id, flow, title, status, reason, end_as, size, input, options, repo,"
	    " project, snapshot, frozen, idempotency, parent, parent_step, report, outcome,"
	    " tokens_in, tokens_out, resumed, created_at, started_at, ended_at)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
	    " ?18, ?19, ?20, ?21, ?22, ?23, ?24)");

	put_str(&q, r->id);
	put_str(&q, r->flow);
	put_str(&q, r->title);
	put_str(&q, r->status);
	put_str(&q, r->reason);
	put_str(&q, r->end_as);
	put_str(&q, r->size);
	put_str(&q, r->input);
	put_str(&q, r->options);
	put_str(&q, r->repo);
	put_opt(&q, r->project);
	put_opt(&q, r->snapshot);
	put_str(&q, r->frozen);
	put_opt(&q, r->idempotency);
	put_key(&q, r->parent);
	put_opt(&q, r->parent_step);
	put_opt(&q, r->report);
	put_str(&q, r->outcome);
	put_int(&q, r->tokens_in);
	put_int(&q, r->tokens_out);
	put_int(&q, r->resumed);
	put_int(&q, r->created_at);
	put_int(&q, r->started_at);
	put_int(&q, r->ended_at);
	int rc = run(&q);

	if (rc == 0)
		*ret_key = sqlite3_last_insert_rowid(q.s->db);
	return rc;
}

static int sqlite_run_update(struct store *s, const struct run_row *r)
{
	struct query q = query(s,
	    "UPDATE runs SET status = ?1, reason = ?2, end_as = ?3, size = ?4, snapshot = ?5,"
	    " report = ?6, outcome = ?7, tokens_in = ?8, tokens_out = ?9, resumed = ?10,"
	    " started_at = ?11, ended_at = ?12, title = ?13 WHERE key = ?14");

	put_str(&q, r->status);
	put_str(&q, r->reason);
	put_str(&q, r->end_as);
	put_str(&q, r->size);
	put_opt(&q, r->snapshot);
	put_opt(&q, r->report);
	put_str(&q, r->outcome);
	put_int(&q, r->tokens_in);
	put_int(&q, r->tokens_out);
	put_int(&q, r->resumed);
	put_int(&q, r->started_at);
	put_int(&q, r->ended_at);
	put_str(&q, r->title);
	put_int(&q, r->key);
	return run_one(&q);
}

static int sqlite_run_load(struct store *s, struct arena *a, int64_t key, struct run_row *ret)
{
	struct query q = query(s, "SELECT " RUN_COLUMNS " FROM runs WHERE key = ?1");

	put_int(&q, key);
	int rc = step(&q);

	if (rc == 1)
		read_run(&q, a, ret);
	return done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

/* One integer, or -ENOENT. */
static int one_key(struct query *q, int64_t *ret)
{
	int rc = step(q);

	if (rc == 1)
		*ret = get_int(q);
	return done(q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

static int sqlite_run_find(struct store *s, struct str prefix, int64_t *ret_key)
{
	struct query q =
	    query(s, "SELECT key, id = ?1 FROM runs WHERE substr(id, 1, length(?1)) = ?1"
		     " ORDER BY id = ?1 DESC, key LIMIT 2");
	int64_t key = 0;

	put_str(&q, prefix);
	int rc = step(&q);

	if (rc == 1) {
		key = get_int(&q);
		bool exact = get_int(&q);

		rc = exact ? 0 : step(&q);
		rc = rc == 1 ? -EEXIST : rc;
		if (rc == 0)
			*ret_key = key;
	} else if (rc == 0) {
		rc = -ENOENT;
	}
	return done(&q, rc);
}

static int sqlite_run_latest(struct store *s, struct str repo, unsigned n, int64_t *ret_key)
{
	struct query q =
	    query(s, "SELECT key FROM runs WHERE parent IS NULL AND (?1 = '' OR repo = ?1)"
		     " ORDER BY key DESC LIMIT 1 OFFSET ?2");

	put_str(&q, repo);
	put_int(&q, n);
	return one_key(&q, ret_key);
}

static int sqlite_run_by_idempotency(struct store *s, struct str key, int64_t *ret_key)
{
	struct query q = query(s, "SELECT key FROM runs WHERE idempotency = ?1");

	put_str(&q, key);
	return one_key(&q, ret_key);
}

static int sqlite_run_child(
    struct store *s, int64_t parent, struct str parent_step, int64_t *ret_key)
{
	struct query q = query(s, "SELECT key FROM runs WHERE parent = ?1 AND parent_step = ?2 "
				  "ORDER BY key DESC LIMIT 1");

	put_int(&q, parent);
	put_str(&q, parent_step);
	return one_key(&q, ret_key);
}

static int sqlite_run_list(struct store *s, struct arena *a, const struct run_filter *f,
    struct run_row **ret, size_t *ret_n)
{
	struct query q = query(s,
	    "SELECT " RUN_COLUMNS " FROM runs WHERE (?1 = 0 OR key < ?1) AND (?2 = '' OR repo = ?2)"
	    " AND (?3 = '' OR flow = ?3) AND (?4 = '' OR status = ?4) AND (?5 = 0 OR parent IS "
	    "NULL)"
	    " ORDER BY key DESC LIMIT ?6");
	unsigned limit = f->limit && f->limit < RUN_LIST_MAX ? f->limit : RUN_LIST_MAX;
	struct run_row *rows = arena_array(a, limit, sizeof(*rows));
	size_t n = 0;

	put_int(&q, f->before);
	put_str(&q, f->repo);
	put_str(&q, f->flow);
	put_str(&q, f->status);
	put_int(&q, f->top_only);
	put_int(&q, limit);
	int rc;

	while ((rc = step(&q)) == 1 && n < limit)
		read_run(&q, a, &rows[n++]);
	if (rc >= 0) {
		*ret = rows;
		*ret_n = n;
	}
	return done(&q, rc < 0 ? rc : 0);
}

static int sqlite_run_open(struct store *s, struct arena *a, int64_t **ret, size_t *ret_n)
{
	struct query count = query(s, "SELECT count(*) FROM runs WHERE status = 'running'");
	struct query q = query(s, "SELECT key FROM runs WHERE status = 'running' ORDER BY key");
	int64_t total = 0;
	size_t n = 0;
	int rc = one_key(&count, &total);

	if (rc < 0)
		return rc;
	int64_t *keys = arena_array(a, (size_t)total + 1, sizeof(*keys));

	while ((rc = step(&q)) == 1 && n < (size_t)total)
		keys[n++] = get_int(&q);
	if (rc >= 0) {
		*ret = keys;
		*ret_n = n;
	}
	return done(&q, rc < 0 ? rc : 0);
}

/* The writing transaction is the lock; the log tells how far the run has come. */
static int sqlite_run_lock(struct store *s, int64_t key, int64_t *ret_seq)
{
	struct query q = query(s, "SELECT coalesce(max(seq), 0) FROM events WHERE run = ?1");

	put_int(&q, key);
	return one_key(&q, ret_seq);
}

/* --- steps ------------------------------------------------------------------------------ */

static int sqlite_step_insert(struct store *s, const struct step_row *r, int64_t *ret_key)
{
	struct query q = query(s,
	    "INSERT INTO steps (run, position, parent, ordinal, name, kind, label, status, reason,"
	    " ending, attempt, epoch, partial, upstream, ready_at, started_at, ended_at, item, "
	    "task)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
	    " ?18, ?19)");

	put_int(&q, r->run);
	put_int(&q, r->position);
	put_int(&q, r->parent);
	put_int(&q, r->ordinal);
	put_str(&q, r->name);
	put_str(&q, r->kind);
	put_str(&q, r->label);
	put_str(&q, r->status);
	put_str(&q, r->reason);
	put_str(&q, r->ending);
	put_int(&q, r->attempt);
	put_int(&q, r->epoch);
	put_int(&q, r->partial);
	put_int(&q, r->upstream);
	put_int(&q, r->ready_at);
	put_int(&q, r->started_at);
	put_int(&q, r->ended_at);
	put_opt(&q, r->item);
	put_key(&q, r->task);
	int rc = run(&q);

	if (rc == 0)
		*ret_key = sqlite3_last_insert_rowid(q.s->db);
	return rc;
}

static int sqlite_step_update(struct store *s, const struct step_row *r)
{
	struct query q = query(s,
	    "UPDATE steps SET status = ?1, reason = ?2, ending = ?3, attempt = ?4, epoch = ?5,"
	    " partial = ?6, upstream = ?7, ready_at = ?8, started_at = ?9, ended_at = ?10, task = "
	    "?11"
	    " WHERE key = ?12");

	put_str(&q, r->status);
	put_str(&q, r->reason);
	put_str(&q, r->ending);
	put_int(&q, r->attempt);
	put_int(&q, r->epoch);
	put_int(&q, r->partial);
	put_int(&q, r->upstream);
	put_int(&q, r->ready_at);
	put_int(&q, r->started_at);
	put_int(&q, r->ended_at);
	put_key(&q, r->task);
	put_int(&q, r->key);
	return run_one(&q);
}

static int sqlite_step_result(
    struct store *s, int64_t key, struct str output, struct str evidence, struct str facts)
{
	struct query q =
	    query(s, "UPDATE steps SET output = ?1, evidence = ?2, facts = ?3 WHERE key = ?4");

	put_opt(&q, output);
	put_opt(&q, evidence);
	put_opt(&q, facts);
	put_int(&q, key);
	return run_one(&q);
}

static int sqlite_step_delete(struct store *s, int64_t key)
{
	struct query q = query(s, "DELETE FROM steps WHERE key = ?1");

	put_int(&q, key);
	return run_one(&q);
}

static void read_step(struct query *q, struct arena *a, struct step_row *r)
{
	r->key = get_int(q);
	r->run = get_int(q);
	r->position = get_int(q);
	r->parent = get_int(q);
	r->ordinal = get_int(q);
	r->name = get_str(q, a);
	r->kind = get_str(q, a);
	r->label = get_str(q, a);
	r->status = get_str(q, a);
	r->reason = get_str(q, a);
	r->ending = get_str(q, a);
	r->attempt = get_int(q);
	r->epoch = get_int(q);
	r->partial = get_int(q);
	r->upstream = get_int(q);
	r->ready_at = get_int(q);
	r->started_at = get_int(q);
	r->ended_at = get_int(q);
	r->item = get_str(q, a);
	r->task = get_int(q);
}

static int sqlite_step_list(
    struct store *s, struct arena *a, int64_t run_key, struct step_row **ret, size_t *ret_n)
{
	struct query count = query(s, "SELECT count(*) FROM steps WHERE run = ?1");
	struct query q = query(s,
	    "SELECT key, run, position, parent, ordinal, name, kind, label, status, reason, ending,"
	    " attempt, epoch, partial, upstream, ready_at, started_at, ended_at, item, task"
	    " FROM steps WHERE run = ?1 ORDER BY position");
	int64_t total = 0;
	size_t n = 0;

	put_int(&count, run_key);
	int rc = one_key(&count, &total);

	if (rc < 0)
		return rc;
	struct step_row *rows = arena_array(a, (size_t)total + 1, sizeof(*rows));

	put_int(&q, run_key);
	while ((rc = step(&q)) == 1 && n < (size_t)total)
		read_step(&q, a, &rows[n++]);
	if (rc >= 0) {
		*ret = rows;
		*ret_n = n;
	}
	return done(&q, rc < 0 ? rc : 0);
}

static int sqlite_step_texts(struct store *s, struct arena *a, int64_t key, struct step_row *ret)
{
	struct query q = query(s, "SELECT output, evidence, facts FROM steps WHERE key = ?1");

	put_int(&q, key);
	int rc = step(&q);

	if (rc == 1) {
		ret->output = get_str(&q, a);
		ret->evidence = get_str(&q, a);
		ret->facts = get_str(&q, a);
	}
	return done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

/* --- tasks ------------------------------------------------------------------------------ */

#define TASK_COLUMNS                                                                            \
	"key, subject, epoch, status, kind, agent, model, node, token, prompt, proof, ending, " \
	"reason, usage, created_at, claimed_at, lease_until, ended_at"

static void read_task(struct query *q, struct arena *a, struct task_row *r)
{
	r->key = get_int(q);
	r->subject = get_str(q, a);
	r->epoch = get_int(q);
	r->status = get_str(q, a);
	r->kind = get_str(q, a);
	r->agent = get_str(q, a);
	r->model = get_str(q, a);
	r->node = get_str(q, a);
	r->token = get_str(q, a);
	r->prompt = get_str(q, a);
	r->proof = get_str(q, a);
	r->ending = get_str(q, a);
	r->reason = get_str(q, a);
	r->usage = get_str(q, a);
	r->created_at = get_int(q);
	r->claimed_at = get_int(q);
	r->lease_until = get_int(q);
	r->ended_at = get_int(q);
}

static int sqlite_task_insert(struct store *s, const struct task_row *r, int64_t *ret_key)
{
	struct query q = query(s,
	    "INSERT INTO tasks (subject, epoch, status, kind, agent, model, ending, reason,"
	    " created_at, claimed_at, lease_until, ended_at)"
	    " VALUES (?1, ?2, 'ready', ?3, ?4, ?5, 'none', '', ?6, 0, 0, 0)");

	put_str(&q, r->subject);
	put_int(&q, r->epoch);
	put_str(&q, r->kind);
	put_str(&q, r->agent);
	put_str(&q, r->model);
	put_int(&q, r->created_at);
	int rc = run(&q);

	if (rc == 0)
		*ret_key = sqlite3_last_insert_rowid(q.s->db);
	return rc;
}

static int sqlite_task_claim(struct store *s, struct arena *a, int64_t key, struct str node,
    struct str token, msec_t now, msec_t lease_until, struct task_row *ret)
{
	struct query q =
	    query(s, "UPDATE tasks SET status = 'claimed', node = ?1, token = ?2, claimed_at = ?3,"
		     " lease_until = ?4 WHERE key ="
		     " (SELECT key FROM tasks WHERE status = 'ready' ORDER BY key LIMIT 1)"
		     " RETURNING " TASK_COLUMNS);

	put_str(&q, node);
	put_str(&q, token);
	put_int(&q, now);
	put_int(&q, lease_until);
	put_int(&q, key);
	int rc = step(&q);

	if (rc == 1) {
		read_task(&q, a, ret);
		rc = step(&q); /* RETURNING is complete only at the end */
		return done(&q, rc < 0 ? rc : 0);
	}
	return done(&q, rc ? rc : -ENOENT);
}

static int sqlite_task_started(struct store *s, int64_t key, struct str token, struct str agent,
    struct str model, struct str prompt, struct str proof)
{
	struct query q = query(s, "UPDATE tasks SET agent = ?1, model = ?2, prompt = ?3, proof = ?4"
				  " WHERE key = ?5 AND status = 'claimed' AND token = ?6");

	put_str(&q, agent);
	put_str(&q, model);
	put_opt(&q, prompt);
	put_opt(&q, proof);
	put_int(&q, key);
	put_str(&q, token);
	return run_one(&q);
}

static int sqlite_task_end(struct store *s, int64_t key, struct str token, struct str ending,
    struct str reason, struct str usage, msec_t now)
{
	struct query q = query(s,
	    "UPDATE tasks SET status = 'ended', ending = ?1, reason = ?2, usage = ?3, ended_at = ?4"
	    " WHERE key = ?5 AND status <> 'ended' AND (?6 = '' OR token = ?6)");

	put_str(&q, ending);
	put_str(&q, reason);
	put_opt(&q, usage);
	put_int(&q, now);
	put_int(&q, key);
	put_str(&q, token);
	return run_one(&q);
}

static int sqlite_task_renew(struct store *s, struct str node, msec_t lease_until)
{
	struct query q =
	    query(s, "UPDATE tasks SET lease_until = ?1 WHERE status = 'claimed' AND node = ?2");

	put_int(&q, lease_until);
	put_str(&q, node);
	return run(&q);
}

static int collect_tasks(
    struct query *q, struct arena *a, size_t total, struct task_row **ret, size_t *ret_n)
{
	struct task_row *rows = arena_array(a, total + 1, sizeof(*rows));
	size_t n = 0;
	int rc;

	while ((rc = step(q)) == 1 && n < total)
		read_task(q, a, &rows[n++]);
	if (rc >= 0) {
		*ret = rows;
		*ret_n = n;
	}
	return done(q, rc < 0 ? rc : 0);
}

static int sqlite_task_lost(struct store *s, struct arena *a, struct str node, msec_t now,
    struct task_row **ret, size_t *ret_n)
{
	struct query count = query(s, "SELECT count(*) FROM tasks WHERE status = 'claimed'");
	struct query q = query(s, "SELECT " TASK_COLUMNS " FROM tasks WHERE status = 'claimed' AND"
				  " (node = ?1 OR (?1 = '' AND lease_until < ?2)) ORDER BY key");
	int64_t total = 0;
	int rc = one_key(&count, &total);

	put_str(&q, node);
	put_int(&q, now);
	return rc < 0 ? rc : collect_tasks(&q, a, (size_t)total, ret, ret_n);
}

static int sqlite_task_load(struct store *s, struct arena *a, int64_t key, struct task_row *ret)
{
	struct query q = query(s, "SELECT " TASK_COLUMNS " FROM tasks WHERE key = ?1");

	put_int(&q, key);
	int rc = step(&q);

	if (rc == 1)
		read_task(&q, a, ret);
	return done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

static int sqlite_task_list(
    struct store *s, struct arena *a, struct str subject, struct task_row **ret, size_t *ret_n)
{
	struct query count = query(s, "SELECT count(*) FROM tasks WHERE subject = ?1");
	struct query q =
	    query(s, "SELECT " TASK_COLUMNS " FROM tasks WHERE subject = ?1 ORDER BY key");
	int64_t total = 0;

	put_str(&count, subject);
	int rc = one_key(&count, &total);

	put_str(&q, subject);
	return rc < 0 ? rc : collect_tasks(&q, a, (size_t)total, ret, ret_n);
}

static int sqlite_task_step(struct store *s, int64_t key, int64_t *ret_run, int64_t *ret_position)
{
	struct query q = query(s, "SELECT run, position FROM steps WHERE task = ?1");

	put_int(&q, key);
	int rc = step(&q);

	if (rc == 1) {
		*ret_run = get_int(&q);
		*ret_position = get_int(&q);
	}
	return done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

/* --- events, blobs, snapshots, findings ------------------------------------------------- */

static int sqlite_event_append(struct store *s, const struct event_row *r)
{
	struct query q = query(s,
	    "INSERT INTO events (run, seq, at, step, type, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	put_int(&q, r->run);
	put_int(&q, r->seq);
	put_int(&q, r->at);
	put_int(&q, r->step);
	put_str(&q, r->type);
	put_str(&q, r->data);
	return run(&q);
}

static int sqlite_event_read(
    struct store *s, int64_t run_key, int64_t after, unsigned limit, event_row_fn fn, void *ctx)
{
	struct query q =
	    query(s, "SELECT run, seq, at, step, type, data FROM events WHERE run = ?1 AND seq > ?2"
		     " ORDER BY seq LIMIT ?3");
	int rc;

	put_int(&q, run_key);
	put_int(&q, after);
	put_int(&q, limit);
	while ((rc = step(&q)) == 1) {
		struct event_row r = { .run = get_int(&q),
			.seq = get_int(&q),
			.at = get_int(&q),
			.step = get_int(&q) };

		r.type = (struct str){ (const char *)sqlite3_column_text(q.st, 4),
			(size_t)sqlite3_column_bytes(q.st, 4) };
		r.data = (struct str){ (const char *)sqlite3_column_text(q.st, 5),
			(size_t)sqlite3_column_bytes(q.st, 5) };
		rc = fn(ctx, &r);
		if (rc)
			break;
	}
	return done(&q, rc);
}

static int sqlite_blob_put(struct store *s, struct str bytes, char ret_hash[65])
{
	struct query q = query(
	    s, "INSERT INTO blobs (hash, bytes) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING");

	sha256_of(bytes, ret_hash);
	put_str(&q, str_from(ret_hash));
	if (q.st)
		sqlite3_bind_blob64(q.st, ++q.next, bytes.p ? bytes.p : "", bytes.n, SQLITE_STATIC);
	return run(&q);
}

static int sqlite_blob_get(struct store *s, struct arena *a, struct str hash, struct str *ret)
{
	struct query q = query(s, "SELECT bytes FROM blobs WHERE hash = ?1");

	put_str(&q, hash);
	int rc = step(&q);

	if (rc == 1) {
		const char *p = sqlite3_column_blob(q.st, 0);

		*ret = arena_dup(a, (struct str){ p, (size_t)sqlite3_column_bytes(q.st, 0) });
	}
	return done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

static int sqlite_snapshot_put(struct store *s, const struct snapshot_row *r)
{
	struct query q = query(s, "INSERT INTO snapshots (id, repo, facts, signals, created_at)"
				  " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET"
				  " facts = excluded.facts, signals = excluded.signals");

	put_str(&q, r->id);
	put_str(&q, r->repo);
	put_str(&q, r->facts);
	put_str(&q, r->signals);
	put_int(&q, r->created_at);
	return run(&q);
}

static int sqlite_snapshot_get(
    struct store *s, struct arena *a, struct str id, struct snapshot_row *ret)
{
	struct query q =
	    query(s, "SELECT id, repo, facts, signals, created_at FROM snapshots WHERE id = ?1");

	put_str(&q, id);
	int rc = step(&q);

	if (rc == 1) {
		ret->id = get_str(&q, a);
		ret->repo = get_str(&q, a);
		ret->facts = get_str(&q, a);
		ret->signals = get_str(&q, a);
		ret->created_at = get_int(&q);
	}
	return done(&q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}

static int put_finding(struct store *s, const struct finding_row *r)
{
	struct query q = query(s, "INSERT INTO findings (run, uid, step, title, severity, path, "
				  "line, state, verdict, data)"
				  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");

	put_int(&q, r->run);
	put_str(&q, r->uid);
	put_int(&q, r->step);
	put_str(&q, r->title);
	put_str(&q, r->severity);
	put_str(&q, r->path);
	put_int(&q, r->line);
	put_str(&q, r->state);
	put_str(&q, r->verdict);
	put_str(&q, r->data);
	return run(&q);
}

static int sqlite_findings_replace(
    struct store *s, int64_t run_key, const struct finding_row *rows, size_t n)
{
	struct query q = query(s, "DELETE FROM findings WHERE run = ?1");

	put_int(&q, run_key);
	int rc = run(&q);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_finding(s, &rows[i]);
	return rc;
}

static int sqlite_findings_list(
    struct store *s, struct arena *a, int64_t run_key, struct finding_row **ret, size_t *ret_n)
{
	struct query q = query(s,
	    "SELECT run, uid, step, title, severity, path, line, state, verdict, data FROM findings"
	    " WHERE run = ?1 ORDER BY uid");
	struct finding_row *rows = NULL;
	size_t n = 0, cap = 0;
	int rc;

	put_int(&q, run_key);
	while ((rc = step(&q)) == 1) {
		if (n == cap) {
			struct finding_row *more =
			    arena_array(a, cap = cap ? cap * 2 : 16, sizeof(*more));

			if (n)
				memcpy(more, rows, n * sizeof(*rows));
			rows = more;
		}
		struct finding_row *r = &rows[n++];

		r->run = get_int(&q);
		r->uid = get_str(&q, a);
		r->step = get_int(&q);
		r->title = get_str(&q, a);
		r->severity = get_str(&q, a);
		r->path = get_str(&q, a);
		r->line = get_int(&q);
		r->state = get_str(&q, a);
		r->verdict = get_str(&q, a);
		r->data = get_str(&q, a);
	}
	if (rc >= 0) {
		*ret = rows;
		*ret_n = n;
	}
	return done(&q, rc < 0 ? rc : 0);
}

static int sqlite_notify_fd(struct store *s)
{
	(void)s;
	return -1;
}

const struct store_ops store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.migrate = sqlite_migrate,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.writes = sqlite_writes,
	.run_insert = sqlite_run_insert,
	.run_update = sqlite_run_update,
	.run_load = sqlite_run_load,
	.run_find = sqlite_run_find,
	.run_latest = sqlite_run_latest,
	.run_by_idempotency = sqlite_run_by_idempotency,
	.run_list = sqlite_run_list,
	.run_open = sqlite_run_open,
	.run_child = sqlite_run_child,
	.run_lock = sqlite_run_lock,
	.step_insert = sqlite_step_insert,
	.step_update = sqlite_step_update,
	.step_result = sqlite_step_result,
	.step_delete = sqlite_step_delete,
	.step_list = sqlite_step_list,
	.step_texts = sqlite_step_texts,
	.task_insert = sqlite_task_insert,
	.task_claim = sqlite_task_claim,
	.task_started = sqlite_task_started,
	.task_end = sqlite_task_end,
	.task_renew = sqlite_task_renew,
	.task_lost = sqlite_task_lost,
	.task_load = sqlite_task_load,
	.task_list = sqlite_task_list,
	.task_step = sqlite_task_step,
	.event_append = sqlite_event_append,
	.event_read = sqlite_event_read,
	.blob_put = sqlite_blob_put,
	.blob_get = sqlite_blob_get,
	.snapshot_put = sqlite_snapshot_put,
	.snapshot_get = sqlite_snapshot_get,
	.findings_replace = sqlite_findings_replace,
	.findings_list = sqlite_findings_list,
	.notify_fd = sqlite_notify_fd,
};
