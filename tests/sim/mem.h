/*
 * A store in memory that means what SQLite's means: the same operations, constraints and errors,
 * transactions that are committed or were never there. It has no files and no thread, and a
 * simulation can stand between any two of its operations.
 *
 *     store_mem (operations) ──► mem_conn (one process) ──► mem_db (what outlives processes)
 *
 * Rows are packed into one block each and never changed: a write puts another block in the slot and
 * notes the old one in the journal, so that undoing is putting back.
 */
#ifndef TESTS_SIM_MEM_H
#define TESTS_SIM_MEM_H

#include "store/store.h"

enum mem_table {
	MEM_RUNS,
	MEM_STEPS,
	MEM_TEXTS_OF_STEPS, /* output, evidence, facts; same keys as steps */
	MEM_TASKS,
	MEM_EVENTS,
	MEM_SNAPSHOTS,
	MEM_BLOBS,
	MEM_FINDINGS,
	MEM_NOTES,
	MEM_TEXTS,
	MEM_TABLES
};

struct mem_rows {
	void **v; /* by key - 1; NULL: deleted */
	size_t n, cap;
};

struct mem_blob {
	char hash[65];
	struct str bytes;
};

struct mem_note {
	struct str name, value;
};

/* One change of a transaction: slot KEY of TABLE had OLD in it. */
struct mem_change {
	enum mem_table table;
	size_t key;
	void *old; /* NULL: there was none */
};

/* Keys of a run's events, in order. */
struct mem_log {
	int64_t *keys;
	size_t n, cap;
};

struct mem_db {
	struct mem_rows tables[MEM_TABLES];
	struct mem_log *logs; /* by key of the run - 1 */
	size_t n_logs;
	size_t last_run; /* the highest key when a run was deleted, since a process connected */
	struct mem_change *journal;
	size_t n_journal, cap_journal;
	bool in_transaction;
	int64_t writes;
	/* Between the last operation and the commit: what changed can be looked at. May be NULL. */
	void (*committing)(void *ctx);
	void (*rolled_back)(void *ctx);
	void *ctx;
};

struct mem_conn {
	struct store base;
	struct mem_db *db;
	bool read_only;
	int trouble; /* why the transaction cannot be committed any more, or 0 */
	/*
	 * Asked before each operation, with its name; what is not 0 is the operation's answer.
	 * WRITES: it changes rows. May be NULL.
	 */
	int (*fault)(void *ctx, const char *op, bool writes);
	/* Asked after a commit was made durable: its answer is the commit's. May be NULL. */
	int (*after)(void *ctx);
	void *ctx;
};

extern const struct store_ops store_mem;

struct mem_db *mem_db_create(void);
void mem_db_destroy(struct mem_db *db);
struct mem_conn *mem_connect(struct mem_db *db, bool read_only);
/* What a process that is gone had not committed was never there. */
void mem_db_abandon(struct mem_db *db);

/* The row KEY of TABLE, or NULL. Not to be changed. */
static inline const void *mem_row(const struct mem_db *db, enum mem_table t, int64_t key)
{
	return key > 0 && (size_t)key <= db->tables[t].n ? db->tables[t].v[key - 1] : NULL;
}

/* What the change at I of the journal put into its slot; NULL: nothing. *RET_LAST: nothing later
 * did. */
const void *mem_put_by(const struct mem_db *db, size_t i, bool *ret_last);
/* The event SEQ of RUN, or NULL. */
const struct event_row *mem_event(const struct mem_db *db, int64_t run, int64_t seq);
/* Number of the last one, 0: none. */
int64_t mem_last_seq(const struct mem_db *db, int64_t run);

/* The highest key there was; rows up to it may be gone. */
static inline size_t mem_count(const struct mem_db *db, enum mem_table t)
{
	return db->tables[t].n;
}

/* The key that the next row gets: one more than the highest there is. */
static inline int64_t mem_next(const struct mem_db *db, enum mem_table t)
{
	size_t n = db->tables[t].n;

	while (n && !db->tables[t].v[n - 1])
		n--;
	return (int64_t)(t == MEM_RUNS && n < db->last_run ? db->last_run : n) + 1;
}

/* --- what the files of the store share ------------------------------------------------------ */

/* Where the texts of a row are, for packing it. */
struct mem_shape {
	size_t size;
	const unsigned short *texts; /* offsets of struct str */
	size_t n_texts;
	unsigned nullable; /* bit by bit, which of them may be absent; others become '' */
};

extern const struct mem_shape mem_run_shape, mem_step_shape, mem_task_shape, mem_event_shape;
extern const struct mem_shape mem_snapshot_shape, mem_finding_shape, mem_text_shape;

/* A copy of ROW with all its texts in one block. */
void *mem_pack(const struct mem_shape *sh, const void *row);
/* Copies a block into RET, its texts into A. */
void mem_unpack(const struct mem_shape *sh, const void *block, struct arena *a, void *ret);
/* Puts BLOCK (NULL: none) into the slot; 0 for KEY: a new one. Returns the key. */
int64_t mem_put(struct mem_db *db, enum mem_table t, int64_t key, void *block);

/* Takes back the last event, which was never there. */
void mem_log_pop(struct mem_db *db, const void *event);

struct mem_db *mem_of(struct store *s);
/* 0, or what stands in the way of OP. */
int mem_begin_op(struct store *s, const char *op, bool writes);

#define MEM_OP(s, writes)                                         \
	do {                                                      \
		int stopped_ = mem_begin_op(s, __func__, writes); \
		if (stopped_)                                     \
			return stopped_;                          \
	} while (0)

/* Every row of TABLE. */
#define mem_each(db, t, type, row, key)                                                           \
	for (int64_t key = 1; key <= (int64_t)(db)->tables[t].n; key++)                           \
		for (const type *row = (db)->tables[t].v[key - 1], *once_##key = row; once_##key; \
		     once_##key = NULL)

const struct mem_blob *mem_blob_find(const struct mem_db *db, struct str hash, int64_t *ret_key);

int mem_run_insert(struct store *s, const struct run_row *r, int64_t *ret_key);
int mem_run_update(struct store *s, const struct run_row *r);
int mem_run_load(struct store *s, struct arena *a, int64_t key, struct run_row *ret);
int mem_run_find(struct store *s, struct str prefix, int64_t *ret_key);
int mem_run_latest(struct store *s, struct str repo, unsigned n, int64_t *ret_key);
int mem_run_by_idempotency(struct store *s, struct str key, int64_t *ret_key);
int mem_run_list(struct store *s, struct arena *a, const struct run_filter *f, struct run_row **ret,
    size_t *ret_n);
int mem_run_open(struct store *s, struct arena *a, int64_t **ret, size_t *ret_n);
int mem_run_child(struct store *s, int64_t parent, struct str parent_step, int64_t *ret_key);
int mem_run_seen(struct store *s, int64_t key, bool seen);
int mem_run_lock(struct store *s, int64_t key, int64_t *ret_seq);
int mem_run_delete(struct store *s, int64_t key);
int mem_step_insert(struct store *s, const struct step_row *r, int64_t *ret_key);
int mem_step_update(struct store *s, const struct step_row *r);
int mem_step_delete(struct store *s, int64_t key);
int mem_step_list(
    struct store *s, struct arena *a, int64_t run, struct step_row **ret, size_t *ret_n);
int mem_step_texts(struct store *s, struct arena *a, int64_t key, struct step_row *ret);
int mem_step_extras(
    struct store *s, struct arena *a, int64_t run, struct step_extra **ret, size_t *ret_n);
int mem_task_insert(struct store *s, const struct task_row *r, int64_t *ret_key);
int mem_task_claim(struct store *s, struct arena *a, int64_t key, struct str node, struct str token,
    msec_t now, msec_t lease_until, struct task_row *ret);
int mem_task_started(struct store *s, int64_t key, struct str token, struct str agent,
    struct str model, struct str prompt);
int mem_task_end(struct store *s, int64_t key, struct str token, struct str ending,
    struct str reason, struct str usage, msec_t now);
int mem_task_renew(struct store *s, struct str node, msec_t lease_until);
int mem_task_lost(struct store *s, struct arena *a, struct str node, msec_t now,
    struct task_row **ret, size_t *ret_n);
int mem_task_load(struct store *s, struct arena *a, int64_t key, struct task_row *ret);
int mem_task_list(
    struct store *s, struct arena *a, struct str subject, struct task_row **ret, size_t *ret_n);
int mem_task_step(struct store *s, int64_t key, int64_t *ret_run, int64_t *ret_position);
int mem_event_append(struct store *s, const struct event_row *r);
int mem_event_read(
    struct store *s, int64_t run, int64_t after, unsigned limit, event_row_fn fn, void *ctx);
int mem_event_last(struct store *s, struct arena *a, int64_t run, struct str type,
    struct str status, struct event_row *ret);
int mem_blob_put(struct store *s, struct str bytes, char ret_hash[65]);
int mem_blob_get(struct store *s, struct arena *a, struct str hash, struct str *ret);
int mem_snapshot_put(struct store *s, const struct snapshot_row *r);
int mem_snapshot_get(struct store *s, struct arena *a, struct str id, struct snapshot_row *ret);
int mem_findings_replace(struct store *s, int64_t run, const struct finding_row *rows, size_t n);
int mem_findings_list(
    struct store *s, struct arena *a, int64_t run, struct finding_row **ret, size_t *ret_n);
int mem_note_get(struct store *s, struct arena *a, struct str name, struct str *ret);
int mem_note_put(struct store *s, struct str name, struct str value);
int mem_text_put(struct store *s, const struct text_row *r);
int mem_text_forget(struct store *s, int64_t run, struct str kind, struct str name);
int mem_counts(struct store *s, struct arena *a, struct count_row **ret, size_t *ret_n);

#endif
