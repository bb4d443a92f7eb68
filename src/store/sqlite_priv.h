/* What the files of the SQLite backend share: one statement in hand, its parameters, its row. */
#ifndef STORE_SQLITE_PRIV_H
#define STORE_SQLITE_PRIV_H

#include "base/limits.h"
#include "store/schema.h"

#include <sqlite3.h>

#define STATEMENTS_MAX 96

struct cached {
	const char *sql; /* address of the constant is the key */
	sqlite3_stmt *st;
};

struct sqlite_store {
	struct store base;
	sqlite3 *db;
	struct cached cache[STATEMENTS_MAX];
	size_t n_cached;
	bool owner;	  /* it writes */
	bool began;	  /* a transaction */
	unsigned refused; /* sqlite_refused() when it was opened */
	char *path;
	int64_t last_run; /* the highest key when a run was deleted */
	int trouble;	  /* why it cannot be committed any more, or 0 */
};

struct query {
	struct sqlite_store *s;
	sqlite3_stmt *st;
	int next; /* parameter or column */
	int rc;	  /* why it gives nothing, or nothing more */
};

int sqlite_errno(int rc);

/*
 * SQL must be a constant text: it is prepared once and kept. Parameters are bound in order by the
 * sql_int … family; a statement that could not be prepared carries its error to sql_step.
 */
struct query sql_query(struct store *store, const char *sql);
void sql_int(struct query *q, int64_t v);
void sql_str(struct query *q, struct str v);
/* NULL for absent text. */
void sql_opt(struct query *q, struct str v);
/* NULL for 0. */
void sql_key(struct query *q, int64_t v);
void sql_blob(struct query *q, struct str v);
/* 1: a row is there, reading begins at its first column; 0: no more; or a negative errno. */
int sql_step(struct query *q);
/* Gives the statement back; returns RC. */
int sql_done(struct query *q, int rc);
/* For statements without rows. */
int sql_run(struct query *q);
/* As sql_run; -ESTALE when no row matched. */
int sql_run_one(struct query *q);
int64_t sql_get_int(struct query *q);
struct str sql_get_str(struct query *q, struct arena *a);
/* The same, until the next row. */
struct str sql_get_ref(struct query *q);
/* One integer, or -ENOENT. */
int sql_one_key(struct query *q, int64_t *ret);

/*
 * Ends the process with EXIT_LOST where the files of the database were taken away under it, before
 * anything is acknowledged that is not there; what is open of them is saved first, as far as it
 * can.
 */
void sqlite_guard(struct sqlite_store *s);

/* Once, before SQLite is first used. */
void sqlite_count_memory(void);
/* How many requests for memory were refused to SQLite, of all connections. */
unsigned sqlite_refused(void);

int sqlite_check(struct store *s, store_flaw_fn flaw, void *ctx);
int sqlite_copy(struct store *s, const char *path, struct err *err);
int sqlite_sweep(struct store *s, struct store_room *ret);
int sqlite_shrink(struct store *s);
int sqlite_run_insert(struct store *s, const struct run_row *r, int64_t *ret_key);
int sqlite_run_update(struct store *s, const struct run_row *r);
int sqlite_run_load(struct store *s, struct arena *a, int64_t key, struct run_row *ret);
int sqlite_run_find(struct store *s, struct str prefix, int64_t *ret_key);
int sqlite_run_latest(struct store *s, struct str repo, unsigned n, int64_t *ret_key);
int sqlite_run_by_idempotency(struct store *s, struct str key, int64_t *ret_key);
int sqlite_run_child(struct store *s, int64_t parent, struct str parent_step, int64_t *ret_key);
int sqlite_run_list(struct store *s, struct arena *a, const struct run_filter *f,
    struct run_row **ret, size_t *ret_n);
int sqlite_run_open(struct store *s, struct arena *a, int64_t **ret, size_t *ret_n);
int sqlite_run_seen(struct store *s, int64_t key, bool seen);
int sqlite_run_lock(struct store *s, int64_t key, int64_t *ret_seq);
int sqlite_step_insert(struct store *s, const struct step_row *r, int64_t *ret_key);
int sqlite_step_update(struct store *s, const struct step_row *r);
int sqlite_step_delete(struct store *s, int64_t key);
int sqlite_step_list(
    struct store *s, struct arena *a, int64_t run_key, struct step_row **ret, size_t *ret_n);
int sqlite_step_texts(struct store *s, struct arena *a, int64_t key, struct step_row *ret);
int sqlite_step_extras(
    struct store *s, struct arena *a, int64_t run_key, struct step_extra **ret, size_t *ret_n);
int sqlite_task_insert(struct store *s, const struct task_row *r, int64_t *ret_key);
int sqlite_task_claim(struct store *s, struct arena *a, int64_t key, struct str node,
    struct str token, msec_t now, msec_t lease_until, struct task_row *ret);
int sqlite_task_started(struct store *s, int64_t key, struct str token, struct str agent,
    struct str model, struct str prompt);
int sqlite_task_end(struct store *s, int64_t key, struct str token, struct str ending,
    struct str reason, struct str usage, msec_t now);
int sqlite_task_renew(struct store *s, struct str node, msec_t lease_until);
int sqlite_task_lost(struct store *s, struct arena *a, struct str node, msec_t now,
    struct task_row **ret, size_t *ret_n);
int sqlite_task_load(struct store *s, struct arena *a, int64_t key, struct task_row *ret);
int sqlite_task_list(
    struct store *s, struct arena *a, struct str subject, struct task_row **ret, size_t *ret_n);
int sqlite_task_step(struct store *s, int64_t key, int64_t *ret_run, int64_t *ret_position);
int sqlite_event_append(struct store *s, const struct event_row *r);
int sqlite_event_read(
    struct store *s, int64_t run_key, int64_t after, unsigned limit, event_row_fn fn, void *ctx);
int sqlite_event_last(struct store *s, struct arena *a, int64_t run_key, struct str type,
    struct str word, struct event_row *ret);
int sqlite_blob_put(struct store *s, struct str bytes, char ret_hash[65]);
int sqlite_blob_get(struct store *s, struct arena *a, struct str hash, struct str *ret);
int sqlite_snapshot_put(struct store *s, const struct snapshot_row *r);
int sqlite_snapshot_get(struct store *s, struct arena *a, struct str id, struct snapshot_row *ret);
int sqlite_findings_replace(
    struct store *s, int64_t run_key, const struct finding_row *rows, size_t n);
int sqlite_note_get(struct store *s, struct arena *a, struct str name, struct str *ret);
int sqlite_note_put(struct store *s, struct str name, struct str value);
int sqlite_text_put(struct store *s, const struct text_row *r);
int sqlite_text_forget(struct store *s, int64_t run, struct str kind, struct str name);
int sqlite_text_find(struct store *s, struct arena *a, const struct text_filter *f,
    struct text_hit **ret, size_t *ret_n);
/* WORDS as a query of the index, in A; empty: there is nothing to look for. */
struct str sqlite_search_query(struct arena *a, struct str words);
int sqlite_run_delete(struct store *s, int64_t key);
int sqlite_counts(struct store *s, struct arena *a, struct count_row **ret, size_t *ret_n);
int sqlite_findings_list(
    struct store *s, struct arena *a, int64_t run_key, struct finding_row **ret, size_t *ret_n);

#endif
