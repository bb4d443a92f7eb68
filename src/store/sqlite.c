/*
 * SQLite: WAL, synchronous=FULL, STRICT tables, one writing connection that also checkpoints.
 *
 * Statements are prepared once and kept; SQL is a constant text with numbered parameters, never
 * put together from values (A78). Reading columns goes through small helpers that copy into the
 * caller's arena.
 */
#include "base/log.h"
#include "store/pages.h"
#include "store/sqlite_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const struct schema_dialect dialect = { (const struct schema_word[]){
    { "key", "INTEGER CONSTRAINT key_pk PRIMARY KEY" },
    { "int", "INTEGER" },
    { "blob", "BLOB" },
    { "strict", "STRICT" },
    { "clustered", "STRICT, WITHOUT ROWID" },
    { "has_question", "coalesce(json_valid(input) AND json_type(input, '$.question') = 'text'"
		      " AND json_extract(input, '$.question') <> '', 0)" },
    /* the index holds no text of its own; triggers keep it like the table */
    { "search", "CREATE VIRTUAL TABLE search USING fts5 (title, body, content = 'texts',"
		" content_rowid = 'key', tokenize = 'unicode61 remove_diacritics 2')" },
    { "search_drop", "DROP TABLE search" },
    { "search_fill", "INSERT INTO search (search) VALUES ('rebuild')" },
    { "search_added",
	"CREATE TRIGGER texts_added AFTER INSERT ON texts BEGIN"
	" INSERT INTO search (rowid, title, body) VALUES (new.key, new.title, new.body); END" },
    { "search_removed", "CREATE TRIGGER texts_removed AFTER DELETE ON texts BEGIN"
			" INSERT INTO search (search, rowid, title, body)"
			" VALUES ('delete', old.key, old.title, old.body); END" },
    { "question", "coalesce(json_extract(input, '$.question'), '')" },
    { "finding_body", "coalesce(json_extract(f.data, '$.body'), '')" },
    { "report_text", "CAST(b.bytes AS TEXT)" },
    { NULL, NULL },
} };

#define BUSY_MS 5000
#define CHECKPOINT_PAGES 4000

static struct sqlite_store *self(struct store *s)
{
	return (struct sqlite_store *)(void *)s;
}

static int exec_all(struct sqlite_store *s, const char *const *sql)
{
	for (; *sql; sql++) {
		int rc = sqlite3_exec(s->db, *sql, NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			return sqlite_errno(rc);
	}
	return 0;
}

static int configure(struct sqlite_store *s, bool read_only)
{
	static const char *const all[] = { "PRAGMA foreign_keys = ON", "PRAGMA mmap_size = 0",
		"PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -4096", NULL };
	static const char *const writer[] = { "PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL", "PRAGMA journal_size_limit = 67108864", NULL };
	static const char *const reader[] = { "PRAGMA query_only = ON", NULL };

	int reserved = PAGES_RESERVED; /* of pages that are made from now on */

	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, (int)MIB(256));
	int rc = exec_all(s, all);

	if (rc == 0)
		rc = exec_all(s, read_only ? reader : writer);
	sqlite3_wal_autocheckpoint(s->db, read_only ? 0 : CHECKPOINT_PAGES);
	return rc;
}

static void disconnect(struct sqlite_store *s)
{
	for (size_t i = 0; i < s->n_cached; i++)
		sqlite3_finalize(s->cache[i].st);
	s->n_cached = 0;
	sqlite3_close(s->db);
}

static void sqlite_close(struct store *store)
{
	struct sqlite_store *s = self(store);

	if (!s)
		return;
	disconnect(s);
	free(s->path);
	free(s);
}

/* Counting every allocation under a lock is of no use to us; those that are refused are. */
static void before_first_use(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite_count_memory();
}

/* S->db is there to be asked why not, and to be closed. */
static int connect_to(struct sqlite_store *s, const char *path, int flags)
{
	bool read_only = flags & SQLITE_OPEN_READONLY;
	unsigned refused = sqlite_refused();
	int rc =
	    sqlite_errno(sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, pages_vfs()));

	if (rc == 0 && !read_only && chmod(path, 0600) < 0)
		rc = -errno;
	if (rc == 0)
		rc = configure(s, read_only);
	s->refused = refused;
	return rc;
}

/*
 * What SQLite has in memory is not always whole when it was refused more: FTS5 then takes its index
 * for damaged until the connection is closed, and nothing of a run could be removed or searched any
 * more. So what begins next begins on another one.
 */
static int connect_anew(struct sqlite_store *s)
{
	struct sqlite_store fresh = { .base = s->base };
	int rc =
	    connect_to(&fresh, s->path, s->owner ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);

	if (rc) {
		disconnect(&fresh);
		return rc;
	}
	disconnect(s);
	s->db = fresh.db;
	s->refused = fresh.refused;
	return 0;
}

static int sqlite_open(const char *path, bool read_only, struct store **ret, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sqlite_store *s = xalloc(sizeof(*s));

	pthread_once(&once, before_first_use);
	s->base.ops = &store_sqlite;
	s->path = xstrdup(path);
	s->owner = !read_only;
	int rc = connect_to(
	    s, path, read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

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
	return sqlite_errno(rc);
}

static int migrate_to(struct sqlite_store *s, unsigned version)
{
	struct arena *a = arena_create("migration", MIB(1));
	int rc = 0;

	for (const char *const *sql = schema_version(version); *sql && rc == 0; sql++)
		rc = sqlite_errno(
		    sqlite3_exec(s->db, schema_statement(a, &dialect, *sql), NULL, NULL, NULL));
	if (rc == 0)
		rc = sqlite_errno(sqlite3_exec(
		    s->db, arena_printf(a, "PRAGMA user_version = %u", version), NULL, NULL, NULL));
	arena_destroy(a);
	return rc;
}

/*
 * A database of a time before there were sums is written anew. It is none the worse without, so
 * where that fails (it takes as much room again) it is tried the next time.
 */
static void give_sums(struct sqlite_store *s)
{
	static const char *const all[] = { "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", NULL };
	int rc = pages_have_sums(s->db) ? 0 : exec_all(s, all);

	if (rc)
		log_warn("the pages of the database have no sums yet: %s", sqlite3_errmsg(s->db));
}

/* All missing versions in one transaction: the old schema or the new one, never between. */
static int sqlite_migrate(struct store *store, struct err *err)
{
	struct sqlite_store *s = self(store);
	int have = 0;
	int rc = schema_in_file(s, &have);

	if (rc == 0 && have > 0 && !sqlite3_db_readonly(s->db, "main"))
		give_sums(s);
	if (rc == 0 && have == STORE_SCHEMA)
		return 0;
	if (rc == 0 && have < STORE_SCHEMA && sqlite3_db_readonly(s->db, "main"))
		return err_set(err, -ESTALE, "the database was written by an older tutti");
	if (rc == 0 && have > STORE_SCHEMA) {
		err_set(err, -EPROTO, "the database was written by a newer tutti");
		err_why(err, "its schema is %d; this program knows %d", have, STORE_SCHEMA);
		return err_fix(err, "use the newer program, or another --data directory");
	}
	if (rc == 0)
		rc = sqlite_errno(sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	for (int v = have + 1; rc == 0 && v <= STORE_SCHEMA; v++)
		rc = migrate_to(s, (unsigned)v);
	if (rc == 0)
		rc = sqlite_errno(sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL));
	if (rc) {
		err_set(err, rc, "cannot bring the database to schema %d", STORE_SCHEMA);
		err_why(err, "%s", sqlite3_errmsg(s->db));
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	}
	return rc;
}

static void sqlite_rollback(struct store *s)
{
	self(s)->began = false;
	self(s)->trouble = 0;
	if (!sqlite3_get_autocommit(self(s)->db)) {
		struct query q = sql_query(s, "ROLLBACK");

		sql_run(&q);
	}
}

static int sqlite_begin(struct store *s)
{
	int rc;

	sqlite_rollback(s); /* there may have been no memory for it */
	sqlite_guard(self(s));
	rc = sqlite_refused() != self(s)->refused ? connect_anew(self(s)) : 0;
	if (rc)
		return rc;
	struct query q = sql_query(s, "BEGIN IMMEDIATE");

	rc = sql_run(&q);
	self(s)->began = rc == 0;
	return rc;
}

static int sqlite_commit(struct store *s)
{
	struct query q = sql_query(s, "COMMIT");
	int rc = sql_run(&q);

	if (rc == 0) {
		self(s)->began = false;
		sqlite_guard(self(s));
	}
	return rc;
}

static void sqlite_look(struct store *s)
{
	sqlite_guard(self(s));
}

static int64_t sqlite_writes(struct store *s)
{
	return sqlite3_total_changes64(self(s)->db);
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
	.guard = sqlite_look,
	.run_insert = sqlite_run_insert,
	.run_update = sqlite_run_update,
	.run_load = sqlite_run_load,
	.run_find = sqlite_run_find,
	.run_latest = sqlite_run_latest,
	.run_by_idempotency = sqlite_run_by_idempotency,
	.run_list = sqlite_run_list,
	.run_open = sqlite_run_open,
	.run_child = sqlite_run_child,
	.run_seen = sqlite_run_seen,
	.run_lock = sqlite_run_lock,
	.step_insert = sqlite_step_insert,
	.step_update = sqlite_step_update,
	.step_delete = sqlite_step_delete,
	.step_list = sqlite_step_list,
	.step_texts = sqlite_step_texts,
	.step_extras = sqlite_step_extras,
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
	.event_last = sqlite_event_last,
	.blob_put = sqlite_blob_put,
	.blob_get = sqlite_blob_get,
	.snapshot_put = sqlite_snapshot_put,
	.snapshot_get = sqlite_snapshot_get,
	.findings_replace = sqlite_findings_replace,
	.findings_list = sqlite_findings_list,
	.note_get = sqlite_note_get,
	.note_put = sqlite_note_put,
	.text_put = sqlite_text_put,
	.text_forget = sqlite_text_forget,
	.text_find = sqlite_text_find,
	.check = sqlite_check,
	.copy = sqlite_copy,
	.sweep = sqlite_sweep,
	.shrink = sqlite_shrink,
	.run_delete = sqlite_run_delete,
	.counts = sqlite_counts,
	.notify_fd = sqlite_notify_fd,
};
