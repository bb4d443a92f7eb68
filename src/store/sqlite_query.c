/* Statements, parameters and columns. */
#include "store/sqlite_priv.h"

#include <stdlib.h>

static struct sqlite_store *self(struct store *s)
{
	return (struct sqlite_store *)(void *)s;
}

int sqlite_errno(int rc)
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
	case SQLITE_IOERR:
		return rc == SQLITE_IOERR_NOMEM ? -ENOMEM : -EIO;
	case SQLITE_PROTOCOL:
		return -EIO;
	default:
		return -EINVAL; /* the statement, not the disk */
	}
}

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

/*
 * Behind such an error SQLite may have rolled back by itself, and what came next would be a
 * transaction of its own, half of what was meant. So nothing comes next, whoever overlooked it.
 */
static int note_trouble(struct sqlite_store *s, int rc)
{
	if (s->began && (rc == -ENOSPC || rc == -EIO || rc == -ENOMEM || rc == -EACCES ||
			    rc == -EBUSY || rc == -EBADMSG))
		s->trouble = rc;
	return rc;
}

struct query sql_query(struct store *store, const char *sql)
{
	struct query q = { .s = self(store) };

	q.st = prepare(q.s, sql);
	q.rc = q.st ? 0 : sqlite_errno(sqlite3_extended_errcode(q.s->db));
	return q;
}

/* A parameter that is not there would be the one of the last time. */
static void bound(struct query *q, int rc)
{
	if (rc != SQLITE_OK && !q->rc)
		q->rc = note_trouble(q->s, sqlite_errno(rc));
}

void sql_int(struct query *q, int64_t v)
{
	if (q->st)
		bound(q, sqlite3_bind_int64(q->st, ++q->next, v));
}

void sql_str(struct query *q, struct str v)
{
	if (q->st)
		bound(q, sqlite3_bind_text64(
			     q->st, ++q->next, v.p ? v.p : "", v.n, SQLITE_STATIC, SQLITE_UTF8));
}

void sql_blob(struct query *q, struct str v)
{
	if (q->st)
		bound(q, sqlite3_bind_blob64(q->st, ++q->next, v.p ? v.p : "", v.n, SQLITE_STATIC));
}

/* NULL for absent text. */
void sql_opt(struct query *q, struct str v)
{
	if (v.p)
		sql_str(q, v);
	else if (q->st)
		bound(q, sqlite3_bind_null(q->st, ++q->next));
}

void sql_key(struct query *q, int64_t v)
{
	if (v)
		sql_int(q, v);
	else if (q->st)
		bound(q, sqlite3_bind_null(q->st, ++q->next));
}

/* 1: a row is there; 0: no more; negative errno. The first row begins reading at column 0. */
int sql_step(struct query *q)
{
	if (q->s->began && !q->s->trouble && sqlite_refused() != q->s->refused)
		note_trouble(q->s, -ENOMEM); /* it may have been overlooked */
	if (q->s->trouble)
		return q->s->trouble;
	if (q->rc < 0)
		return note_trouble(q->s, q->rc);
	int rc = sqlite3_step(q->st);

	q->next = 0;
	if (rc == SQLITE_ROW)
		return 1;
	return note_trouble(q->s, sqlite_errno(rc));
}

int sql_done(struct query *q, int rc)
{
	if (q->st)
		sqlite3_reset(q->st);
	return q->rc < 0 ? q->rc : rc;
}

/* For statements without rows. */
int sql_run(struct query *q)
{
	return sql_done(q, sql_step(q));
}

/* As run; -ESTALE when no row matched. */
int sql_run_one(struct query *q)
{
	int rc = sql_run(q);

	if (rc == 0 && sqlite3_changes(q->s->db) == 0)
		return -ESTALE;
	return rc;
}

int64_t sql_get_int(struct query *q)
{
	return sqlite3_column_int64(q->st, q->next++);
}

struct str sql_get_ref(struct query *q)
{
	int col = q->next++, type = sqlite3_column_type(q->st, col);
	const void *p;

	if (type == SQLITE_NULL)
		return (struct str){ NULL, 0 };
	if (type == SQLITE_BLOB)
		p = sqlite3_column_blob(q->st, col);
	else
		p = sqlite3_column_text(q->st, col);
	size_t n = (size_t)sqlite3_column_bytes(q->st, col);

	if (!p && sqlite3_errcode(q->s->db) == SQLITE_NOMEM) {
		q->rc = note_trouble(q->s, -ENOMEM); /* absent would be something else */
		return (struct str){ NULL, 0 };
	}
	return (struct str){ p ? p : "", n };
}

struct str sql_get_str(struct query *q, struct arena *a)
{
	struct str s = sql_get_ref(q);

	return s.p ? arena_dup(a, s) : s;
}

/* One integer, or -ENOENT. */
int sql_one_key(struct query *q, int64_t *ret)
{
	int rc = sql_step(q);

	if (rc == 1)
		*ret = sql_get_int(q);
	return sql_done(q, rc == 1 ? 0 : rc ? rc : -ENOENT);
}
