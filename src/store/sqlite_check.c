/* Whether a database hangs together, and a copy of it. */
#include "base/sha256.h"
#include "store/pages.h"
#include "store/sqlite_priv.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAWS_MAX "100"
#define COPY_PAGES 1000 /* in one step; readers and the writer come between */

/* --- checks ------------------------------------------------------------------------------- */

static int check_structure(struct store *s, store_flaw_fn flaw, void *ctx)
{
	struct arena *a = arena_create("check", ARENA_JOB);
	struct query q = sql_query(s, "PRAGMA integrity_check(" FLAWS_MAX ")");
	int rc;

	while ((rc = sql_step(&q)) == 1) {
		struct str found = sql_get_str(&q, a);

		if (!str_is(found, "ok"))
			flaw(ctx, "tables", arena_cstr(a, found));
	}
	arena_destroy(a);
	return sql_done(&q, rc);
}

static int check_references(struct store *s, store_flaw_fn flaw, void *ctx)
{
	struct arena *a = arena_create("check", ARENA_JOB);
	struct query q = sql_query(s, "SELECT \"table\", parent, count(*)"
				      " FROM pragma_foreign_key_check() GROUP BY 1, 2");
	int rc;

	while ((rc = sql_step(&q)) == 1) {
		const char *table = arena_cstr(a, sql_get_str(&q, a));
		const char *parent = arena_cstr(a, sql_get_str(&q, a));

		flaw(ctx, table,
		    arena_printf(a, "%lld rows refer to what is not there in %s",
			(long long)sql_get_int(&q), parent));
	}
	arena_destroy(a);
	return sql_done(&q, rc);
}

static int check_blobs(struct store *s, store_flaw_fn flaw, void *ctx)
{
	struct query q = sql_query(s, "SELECT hash, bytes FROM blobs");
	char hex[SHA256_HEX];
	int rc;

	while ((rc = sql_step(&q)) == 1) {
		struct arena *a = arena_create("blob", ARENA_JOB);
		struct str hash = sql_get_str(&q, a), bytes = sql_get_str(&q, a);

		sha256_of(bytes, hex);
		if (!str_is(hash, hex))
			flaw(ctx, arena_printf(a, "blob %.*s", STR_ARG(str_take(hash, 64))),
			    "its bytes are others");
		arena_destroy(a);
	}
	return sql_done(&q, rc);
}

int sqlite_check(struct store *s, store_flaw_fn flaw, void *ctx)
{
	int rc = check_structure(s, flaw, ctx);

	if (!rc)
		rc = check_references(s, flaw, ctx);
	return rc ? rc : check_blobs(s, flaw, ctx);
}

/* --- a copy ------------------------------------------------------------------------------- */

static int copy_to(struct sqlite_store *s, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", s->db, "main");
	int rc = b ? SQLITE_OK : sqlite3_errcode(to);

	while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
		if (rc != SQLITE_OK)
			sqlite3_sleep(50);
		rc = sqlite3_backup_step(b, COPY_PAGES);
	}
	if (b)
		sqlite3_backup_finish(b);
	return rc == SQLITE_DONE ? 0 : sqlite_errno(rc);
}

/* One file, without a log beside it: that is what somebody carries away. */
static int copy_whole(struct sqlite_store *s, const char *path)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int reserved = PAGES_RESERVED;
	sqlite3 *to = NULL;
	int rc = sqlite_errno(sqlite3_open_v2(path, &to, flags, pages_vfs()));

	if (rc == 0) {
		sqlite3_file_control(to, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
		rc = copy_to(s, to);
	}
	if (rc == 0)
		rc = sqlite_errno(
		    sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL));
	sqlite3_close(to);
	return rc;
}

int sqlite_copy(struct store *store, const char *path, struct err *err)
{
	struct stat st;
	mode_t old;
	int rc;

	if (lstat(path, &st) == 0)
		return err_set(err, -EEXIST, "%.400s is there already", path);
	old = umask(0077);
	rc = copy_whole((struct sqlite_store *)(void *)store, path);
	umask(old);
	if (rc == 0)
		return 0;
	unlink(path);
	err_set(err, rc, "cannot write %.400s", path);
	err_why(err, "%s", err_name(rc));
	return rc;
}
