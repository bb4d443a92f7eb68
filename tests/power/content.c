/* Everything in a database, as one number, and what SQLite says of it. */
#include "power.h"

#include "store/sqlite_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sqlite3 *content_db(struct store *s)
{
	return ((struct sqlite_store *)(void *)s)->db;
}

/* Eight bytes at a time: it is done after each commit and each cut. */
static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *b = p;
	uint64_t word;

	h = (h ^ n) * 0x9e3779b97f4a7c15u;
	for (; n >= 8; n -= 8, b += 8) {
		memcpy(&word, b, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	for (; n; n--, b++)
		h = (h ^ *b) * 0x100000001b3u;
	return h ^ h >> 32;
}

static uint64_t mix_row(uint64_t h, sqlite3_stmt *st)
{
	for (int i = 0; i < sqlite3_column_count(st); i++) {
		int type = sqlite3_column_type(st, i);
		sqlite3_int64 number = sqlite3_column_int64(st, i);

		h = mix(h, &type, sizeof(type));
		if (type == SQLITE_INTEGER)
			h = mix(h, &number, sizeof(number));
		else if (type != SQLITE_NULL)
			h = mix(h, sqlite3_column_blob(st, i), (size_t)sqlite3_column_bytes(st, i));
	}
	return h;
}

static bool mix_query(uint64_t *h, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW)
			*h = mix_row(*h, st);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE;
}

uint64_t content_digest(sqlite3 *db)
{
	static const char TABLES[] = "SELECT name FROM sqlite_schema WHERE type = 'table' AND"
				     " rootpage > 0 ORDER BY name";
	uint64_t h = 1;
	sqlite3_stmt *st = NULL;
	bool ok = mix_query(&h, db, "SELECT type, name, sql FROM sqlite_schema ORDER BY name");
	int rc = sqlite3_prepare_v2(db, TABLES, -1, &st, NULL);

	while (ok && (rc == SQLITE_OK || rc == SQLITE_ROW)) {
		char sql[256];

		rc = sqlite3_step(st);
		if (rc != SQLITE_ROW)
			break;
		snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"",
		    (const char *)sqlite3_column_text(st, 0));
		ok = mix_query(&h, db, sql);
	}
	sqlite3_finalize(st);
	return ok && rc == SQLITE_DONE ? (h ? h : 1) : 0;
}

static int first_word(sqlite3 *db, const char *sql, const char *good, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	const char *word = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
	bool bad = rc == SQLITE_ROW ? !good || strcmp(word ? word : "", good) != 0
				    : rc != SQLITE_DONE || good;

	if (bad)
		err_set(err, -EPROTO, "%s: %s", sql, word ? word : sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return bad ? -EPROTO : 0;
}

int content_check(sqlite3 *db, struct err *err)
{
	int rc = first_word(db, "PRAGMA integrity_check(1)", "ok", err);

	if (!rc)
		rc = first_word(db, "PRAGMA foreign_key_check", NULL, err);
	if (!rc && sqlite3_exec(db, "INSERT INTO search (search) VALUES ('integrity-check')", NULL,
		       NULL, NULL) != SQLITE_OK)
		rc = err_set(err, -EPROTO, "the index of words: %s", sqlite3_errmsg(db));
	return rc;
}
