/* Databases, connections and transactions of the store in memory. */
#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* --- rows --------------------------------------------------------------------------------- */

static struct str *text_at(const struct mem_shape *sh, void *row, size_t i)
{
	return (struct str *)(void *)((char *)row + sh->texts[i]);
}

void *mem_pack(const struct mem_shape *sh, const void *row)
{
	size_t size = sh->size;

	for (size_t i = 0; i < sh->n_texts; i++)
		size +=
		    ((const struct str *)(const void *)((const char *)row + sh->texts[i]))->n + 1;
	char *block = malloc(size), *at = block + sh->size;

	if (!block)
		abort();
	memcpy(block, row, sh->size);
	for (size_t i = 0; i < sh->n_texts; i++) {
		struct str *s = text_at(sh, block, i);

		if (!s->p && (sh->nullable & 1u << i))
			continue;
		if (s->n)
			memcpy(at, s->p, s->n);
		at[s->n] = '\0';
		s->p = at;
		at += s->n + 1;
	}
	return block;
}

void mem_unpack(const struct mem_shape *sh, const void *block, struct arena *a, void *ret)
{
	memcpy(ret, block, sh->size);
	for (size_t i = 0; i < sh->n_texts; i++) {
		struct str *s = text_at(sh, ret, i);

		if (s->p)
			*s = arena_dup(a, *s);
	}
}

static void note(struct mem_db *db, enum mem_table t, size_t key, void *old)
{
	if (db->n_journal == db->cap_journal) {
		db->cap_journal = db->cap_journal ? db->cap_journal * 2 : 64;
		db->journal = xrealloc(db->journal, db->cap_journal * sizeof(*db->journal));
	}
	db->journal[db->n_journal++] = (struct mem_change){ t, key, old };
}

/* For a row with the highest key; what is above was deleted. */
static void make_room(struct mem_rows *rows, size_t key)
{
	while (rows->cap < key) {
		rows->cap = rows->cap ? rows->cap * 2 : 32;
		rows->v = xrealloc(rows->v, rows->cap * sizeof(*rows->v));
	}
	for (size_t i = rows->n; i < key; i++)
		rows->v[i] = NULL;
	rows->n = key;
}

int64_t mem_put(struct mem_db *db, enum mem_table t, int64_t key, void *block)
{
	struct mem_rows *rows = &db->tables[t];

	if (!key) {
		key = t == MEM_EVENTS ? (int64_t)rows->n + 1 : mem_next(db, t);
		make_room(rows, (size_t)key);
	}
	void *old = rows->v[key - 1];

	rows->v[key - 1] = block;
	db->writes++;
	if (db->in_transaction)
		note(db, t, (size_t)key, old);
	else
		free(old);
	return key;
}

const void *mem_put_by(const struct mem_db *db, size_t i, bool *ret_last)
{
	const struct mem_change *ch = &db->journal[i];

	for (size_t k = i + 1; k < db->n_journal; k++)
		if (db->journal[k].key == ch->key && db->journal[k].table == ch->table) {
			*ret_last = false;
			return db->journal[k].old;
		}
	*ret_last = true;
	return mem_row(db, ch->table, (int64_t)ch->key);
}

/* --- databases ---------------------------------------------------------------------------- */

struct mem_db *mem_db_create(void)
{
	return xalloc(sizeof(struct mem_db));
}

static void roll_back(struct mem_db *db)
{
	while (db->n_journal) {
		struct mem_change *ch = &db->journal[--db->n_journal];
		struct mem_rows *rows = &db->tables[ch->table];

		if (ch->table == MEM_EVENTS && !ch->old)
			mem_log_pop(db, rows->v[ch->key - 1]);
		free(rows->v[ch->key - 1]);
		rows->v[ch->key - 1] = ch->old;
		if (ch->key > rows->n && ch->old)
			rows->n = ch->key;
		if (ch->key == rows->n && !ch->old) /* keys of what never was are given again */
			rows->n--;
	}
	db->in_transaction = false;
	if (db->rolled_back)
		db->rolled_back(db->ctx);
}

void mem_db_abandon(struct mem_db *db)
{
	roll_back(db);
}

void mem_db_destroy(struct mem_db *db)
{
	if (!db)
		return;
	roll_back(db);
	for (int t = 0; t < MEM_TABLES; t++) {
		for (size_t i = 0; i < db->tables[t].n; i++)
			free(db->tables[t].v[i]);
		free(db->tables[t].v);
	}
	for (size_t i = 0; i < db->n_logs; i++)
		free(db->logs[i].keys);
	free(db->logs);
	free(db->journal);
	free(db);
}

/* --- connections -------------------------------------------------------------------------- */

static struct mem_conn *conn_of(struct store *s)
{
	return (struct mem_conn *)(void *)s;
}

struct mem_db *mem_of(struct store *s)
{
	return conn_of(s)->db;
}

int mem_begin_op(struct store *s, const char *op, bool writes)
{
	struct mem_conn *c = conn_of(s);

	if (writes && c->read_only)
		return -EACCES;
	if (!c->trouble && c->fault) {
		int rc = c->fault(c->ctx, op, writes);

		if (!c->db->in_transaction)
			return rc;
		c->trouble = rc;
	}
	return c->trouble; /* behind an error of the disk nothing else is done */
}

struct mem_conn *mem_connect(struct mem_db *db, bool read_only)
{
	struct mem_conn *c = xalloc(sizeof(*c));

	c->base.ops = &store_mem;
	c->db = db;
	c->read_only = read_only;
	if (!read_only)
		db->last_run = 0;
	return c;
}

/* By URL, for whoever knows a store by its operations only; such a database is kept for ever. */
static int mem_open(const char *url, bool read_only, struct store **ret, struct err *err)
{
	static struct named {
		char *url;
		struct mem_db *db;
		struct named *next;
	} * all;
	struct named *it = all;

	(void)err;
	while (it && strcmp(it->url, url) != 0)
		it = it->next;
	if (!it) {
		it = xalloc(sizeof(*it));
		*it = (struct named){ xstrdup(url), mem_db_create(), all };
		all = it;
	}
	*ret = &mem_connect(it->db, read_only)->base;
	return 0;
}

static void mem_close(struct store *s)
{
	free(s);
}

static int mem_migrate(struct store *s, struct err *err)
{
	(void)s;
	(void)err;
	return 0;
}

/* --- transactions ------------------------------------------------------------------------- */

static int mem_begin(struct store *s)
{
	MEM_OP(s, true);
	if (mem_of(s)->in_transaction)
		return -EBUSY;
	mem_of(s)->in_transaction = true;
	return 0;
}

static int mem_commit(struct store *s)
{
	struct mem_db *db = mem_of(s);

	MEM_OP(s, true);
	if (db->committing)
		db->committing(db->ctx);
	for (size_t i = 0; i < db->n_journal; i++)
		free(db->journal[i].old);
	db->n_journal = 0;
	db->in_transaction = false;
	return conn_of(s)->after ? conn_of(s)->after(conn_of(s)->ctx) : 0;
}

static void mem_rollback(struct store *s)
{
	conn_of(s)->trouble = 0;
	if (mem_of(s)->in_transaction)
		roll_back(mem_of(s));
}

static void mem_guard(struct store *s)
{
	(void)s;
}

static int64_t mem_writes(struct store *s)
{
	return mem_of(s)->writes;
}

static int mem_text_find(struct store *s, struct arena *a, const struct text_filter *f,
    struct text_hit **ret, size_t *ret_n)
{
	(void)s;
	(void)a;
	(void)f;
	(void)ret;
	(void)ret_n;
	return -ENOTSUP; /* nothing that is simulated searches */
}

static int mem_notify_fd(struct store *s)
{
	(void)s;
	return -1;
}

const struct store_ops store_mem = {
	.name = "memory",
	.open = mem_open,
	.close = mem_close,
	.migrate = mem_migrate,
	.begin = mem_begin,
	.commit = mem_commit,
	.rollback = mem_rollback,
	.writes = mem_writes,
	.guard = mem_guard,
	.run_insert = mem_run_insert,
	.run_update = mem_run_update,
	.run_load = mem_run_load,
	.run_find = mem_run_find,
	.run_latest = mem_run_latest,
	.run_by_idempotency = mem_run_by_idempotency,
	.run_list = mem_run_list,
	.run_open = mem_run_open,
	.run_child = mem_run_child,
	.run_seen = mem_run_seen,
	.run_lock = mem_run_lock,
	.step_insert = mem_step_insert,
	.step_update = mem_step_update,
	.step_delete = mem_step_delete,
	.step_list = mem_step_list,
	.step_texts = mem_step_texts,
	.step_extras = mem_step_extras,
	.task_insert = mem_task_insert,
	.task_claim = mem_task_claim,
	.task_started = mem_task_started,
	.task_end = mem_task_end,
	.task_renew = mem_task_renew,
	.task_lost = mem_task_lost,
	.task_load = mem_task_load,
	.task_list = mem_task_list,
	.task_step = mem_task_step,
	.event_append = mem_event_append,
	.event_read = mem_event_read,
	.event_last = mem_event_last,
	.blob_put = mem_blob_put,
	.blob_get = mem_blob_get,
	.snapshot_put = mem_snapshot_put,
	.snapshot_get = mem_snapshot_get,
	.findings_replace = mem_findings_replace,
	.findings_list = mem_findings_list,
	.note_get = mem_note_get,
	.note_put = mem_note_put,
	.text_put = mem_text_put,
	.text_forget = mem_text_forget,
	.text_find = mem_text_find,
	.run_delete = mem_run_delete,
	.counts = mem_counts,
	.notify_fd = mem_notify_fd,
};
