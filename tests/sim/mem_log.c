/* Events, content, snapshots, findings, notes and texts in memory. */
#include "mem.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/utf8.h"

#include <stddef.h>
#include <stdlib.h>

#define SHAPE(name, type, ...)                                                     \
	static const unsigned short name##_texts[] = { __VA_ARGS__ };              \
	static const struct mem_shape name##_shape = { sizeof(type), name##_texts, \
		sizeof(name##_texts) / sizeof(name##_texts[0]), 0 }

#define SHARED_SHAPE(name, type, ...)                                             \
	static const unsigned short name##_texts[] = { __VA_ARGS__ };             \
	const struct mem_shape mem_##name##_shape = { sizeof(type), name##_texts, \
		sizeof(name##_texts) / sizeof(name##_texts[0]), 0 }

static const unsigned short event_texts[] = { offsetof(struct event_row, type),
	offsetof(struct event_row, data) };
const struct mem_shape mem_event_shape = { sizeof(struct event_row), event_texts, 2, 0 };

SHAPE(blob, struct mem_blob, offsetof(struct mem_blob, bytes));
SHAPE(note, struct mem_note, offsetof(struct mem_note, name), offsetof(struct mem_note, value));
SHARED_SHAPE(snapshot, struct snapshot_row, offsetof(struct snapshot_row, id),
    offsetof(struct snapshot_row, repo), offsetof(struct snapshot_row, facts),
    offsetof(struct snapshot_row, signals));
SHARED_SHAPE(finding, struct finding_row, offsetof(struct finding_row, uid),
    offsetof(struct finding_row, title), offsetof(struct finding_row, severity),
    offsetof(struct finding_row, path), offsetof(struct finding_row, state),
    offsetof(struct finding_row, verdict), offsetof(struct finding_row, data));
SHARED_SHAPE(text, struct text_row, offsetof(struct text_row, kind),
    offsetof(struct text_row, name), offsetof(struct text_row, step),
    offsetof(struct text_row, title), offsetof(struct text_row, body));

/* --- the log ------------------------------------------------------------------------------ */

static struct mem_log *log_of(struct mem_db *db, int64_t run)
{
	if ((size_t)run > db->n_logs) {
		size_t n = (size_t)run + 8;

		db->logs = xrealloc(db->logs, n * sizeof(*db->logs));
		memset(db->logs + db->n_logs, 0, (n - db->n_logs) * sizeof(*db->logs));
		db->n_logs = n;
	}
	return &db->logs[run - 1];
}

void mem_log_pop(struct mem_db *db, const void *event)
{
	log_of(db, ((const struct event_row *)event)->run)->n--;
}

/* Behind what a run wrote that had the same key and is deleted. */
static size_t first_of(const struct mem_db *db, const struct mem_log *log)
{
	size_t first = 0;

	while (first < log->n && !mem_row(db, MEM_EVENTS, log->keys[first]))
		first++;
	return first;
}

const struct event_row *mem_event(const struct mem_db *db, int64_t run, int64_t seq)
{
	const struct mem_log *log = (size_t)run <= db->n_logs ? &db->logs[run - 1] : NULL;
	size_t at = log ? first_of(db, log) + (size_t)seq : 0;

	return log && seq > 0 && at <= log->n ? mem_row(db, MEM_EVENTS, log->keys[at - 1]) : NULL;
}

int64_t mem_last_seq(const struct mem_db *db, int64_t run)
{
	const struct mem_log *log = (size_t)run <= db->n_logs ? &db->logs[run - 1] : NULL;
	const struct event_row *last =
	    log && log->n ? mem_row(db, MEM_EVENTS, log->keys[log->n - 1]) : NULL;

	return last ? last->seq : 0;
}

int mem_event_append(struct store *s, const struct event_row *r)
{
	struct mem_db *db = mem_of(s);

	MEM_OP(s, true);
	struct mem_log *log = log_of(db, r->run);

	if (!mem_row(db, MEM_RUNS, r->run))
		return -EEXIST;
	for (size_t i = log->n; i-- > 0;) {
		const struct event_row *have = mem_row(db, MEM_EVENTS, log->keys[i]);

		if (have && have->seq == r->seq)
			return -EEXIST;
		if (have && have->seq < r->seq)
			break;
	}
	if (log->n == log->cap) {
		log->cap = log->cap ? log->cap * 2 : 64;
		log->keys = xrealloc(log->keys, log->cap * sizeof(*log->keys));
	}
	log->keys[log->n++] = mem_put(db, MEM_EVENTS, 0, mem_pack(&mem_event_shape, r));
	return 0;
}

int mem_event_read(
    struct store *s, int64_t run, int64_t after, unsigned limit, event_row_fn fn, void *ctx)
{
	struct mem_db *db = mem_of(s);
	int rc = 0;

	MEM_OP(s, false);
	const struct mem_log *log = log_of(db, run);
	size_t i = log->n;

	for (; i > 0; i--) {
		const struct event_row *row = mem_row(db, MEM_EVENTS, log->keys[i - 1]);

		if (row && row->seq <= after)
			break;
	}
	for (; i < log->n && limit > 0 && !rc; i++) {
		const struct event_row *row = mem_row(db, MEM_EVENTS, log->keys[i]);

		if (!row)
			continue;
		rc = fn(ctx, row);
		limit--;
	}
	return rc;
}

int mem_event_last(struct store *s, struct arena *a, int64_t run, struct str type,
    struct str status, struct event_row *ret)
{
	struct mem_db *db = mem_of(s);

	MEM_OP(s, false);
	const struct mem_log *log = log_of(db, run);

	for (size_t i = log->n; i-- > 0;) {
		const struct event_row *row = mem_row(db, MEM_EVENTS, log->keys[i]);

		if (!row || !str_eq(row->type, type))
			continue;
		json_t *data = status.n ? json_parse(row->data, NULL) : NULL;
		bool same = !status.n || str_eq(json_get_str(data, "status"), status);

		json_decref(data);
		if (!same)
			continue;
		mem_unpack(&mem_event_shape, row, a, ret);
		return 0;
	}
	return -ENOENT;
}

/* --- content ------------------------------------------------------------------------------ */

const struct mem_blob *mem_blob_find(const struct mem_db *db, struct str hash, int64_t *ret_key)
{
	mem_each(db, MEM_BLOBS, struct mem_blob, row, key) if (str_is(hash, row->hash))
	{
		if (ret_key)
			*ret_key = key;
		return row;
	}
	return NULL;
}

int mem_blob_put(struct store *s, struct str bytes, char ret_hash[65])
{
	struct mem_blob row = { .bytes = bytes.p ? bytes : STR("") };

	sha256_of(bytes, ret_hash);
	MEM_OP(s, true);
	if (mem_blob_find(mem_of(s), str_from(ret_hash), NULL))
		return 0;
	memcpy(row.hash, ret_hash, sizeof(row.hash));
	mem_put(mem_of(s), MEM_BLOBS, 0, mem_pack(&blob_shape, &row));
	return 0;
}

int mem_blob_get(struct store *s, struct arena *a, struct str hash, struct str *ret)
{
	MEM_OP(s, false);
	const struct mem_blob *row = mem_blob_find(mem_of(s), hash, NULL);

	if (!row)
		return -ENOENT;
	*ret = arena_dup(a, row->bytes);
	return 0;
}

int mem_snapshot_put(struct store *s, const struct snapshot_row *r)
{
	struct mem_db *db = mem_of(s);

	MEM_OP(s, true);
	mem_each(db, MEM_SNAPSHOTS, struct snapshot_row, row, key) if (str_eq(row->id, r->id))
	{
		struct snapshot_row next = *row;

		next.facts = r->facts;
		next.signals = r->signals;
		mem_put(db, MEM_SNAPSHOTS, key, mem_pack(&mem_snapshot_shape, &next));
		return 0;
	}
	mem_put(db, MEM_SNAPSHOTS, 0, mem_pack(&mem_snapshot_shape, r));
	return 0;
}

int mem_snapshot_get(struct store *s, struct arena *a, struct str id, struct snapshot_row *ret)
{
	MEM_OP(s, false);
	mem_each(mem_of(s), MEM_SNAPSHOTS, struct snapshot_row, row, key) if (str_eq(row->id, id))
	{
		mem_unpack(&mem_snapshot_shape, row, a, ret);
		return 0;
	}
	return -ENOENT;
}

/* --- findings ----------------------------------------------------------------------------- */

int mem_findings_replace(struct store *s, int64_t run, const struct finding_row *rows, size_t n)
{
	struct mem_db *db = mem_of(s);

	MEM_OP(s, true);
	mem_each(db, MEM_FINDINGS, struct finding_row, row, key) if (row->run == run)
	    mem_put(db, MEM_FINDINGS, key, NULL);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++)
			if (str_eq(rows[k].uid, rows[i].uid))
				return -EEXIST;
		mem_put(db, MEM_FINDINGS, 0, mem_pack(&mem_finding_shape, &rows[i]));
	}
	return 0;
}

static int by_uid(const void *a, const void *b)
{
	const struct finding_row *x = a, *y = b;

	return strcmp(x->uid.p, y->uid.p);
}

int mem_findings_list(
    struct store *s, struct arena *a, int64_t run, struct finding_row **ret, size_t *ret_n)
{
	MEM_OP(s, false);
	*ret = arena_array(a, mem_count(mem_of(s), MEM_FINDINGS) + 1, sizeof(**ret));
	*ret_n = 0;
	mem_each(mem_of(s), MEM_FINDINGS, struct finding_row, row, key) if (row->run == run)
	    mem_unpack(&mem_finding_shape, row, a, &(*ret)[(*ret_n)++]);
	qsort(*ret, *ret_n, sizeof(**ret), by_uid);
	return 0;
}

/* --- notes and texts ---------------------------------------------------------------------- */

int mem_note_get(struct store *s, struct arena *a, struct str name, struct str *ret)
{
	MEM_OP(s, false);
	mem_each(mem_of(s), MEM_NOTES, struct mem_note, row, key) if (str_eq(row->name, name))
	{
		*ret = arena_dup(a, row->value);
		return 0;
	}
	return -ENOENT;
}

int mem_note_put(struct store *s, struct str name, struct str value)
{
	const struct mem_note next = { name, value };
	int64_t found = 0;

	MEM_OP(s, true);
	mem_each(mem_of(s), MEM_NOTES, struct mem_note, row, key) if (str_eq(row->name, name))
	    found = key;
	mem_put(mem_of(s), MEM_NOTES, found, mem_pack(&note_shape, &next));
	return 0;
}

int mem_text_forget(struct store *s, int64_t run, struct str kind, struct str name)
{
	MEM_OP(s, true);
	mem_each(mem_of(s), MEM_TEXTS, struct text_row, row,
	    key) if (row->run == run && str_eq(row->kind, kind) &&
		     (!name.p || str_eq(row->name, name))) mem_put(mem_of(s), MEM_TEXTS, key, NULL);
	return 0;
}

int mem_text_put(struct store *s, const struct text_row *r)
{
	struct text_row row = *r;
	int rc = mem_text_forget(s, r->run, r->kind, r->name.p ? r->name : STR(""));

	if (rc)
		return rc;
	if (!mem_row(mem_of(s), MEM_RUNS, r->run))
		return -EEXIST;
	row.body = utf8_cut(r->body, SEARCH_TEXT_MAX);
	mem_put(mem_of(s), MEM_TEXTS, 0, mem_pack(&mem_text_shape, &row));
	return 0;
}

static void count(struct count_row *rows, size_t *n, const char *what, struct str state)
{
	size_t i = 0;

	while (i < *n && !(str_is(rows[i].what, what) && str_eq(rows[i].state, state)))
		i++;
	if (i == *n)
		rows[(*n)++] = (struct count_row){ str_from(what), state, 0 };
	rows[i].n++;
}

int mem_counts(struct store *s, struct arena *a, struct count_row **ret, size_t *ret_n)
{
	struct count_row *rows = arena_array(a, COUNTS_MAX, sizeof(*rows));
	int64_t in = 0, out = 0;
	size_t n = 0;

	MEM_OP(s, false);
	mem_each(mem_of(s), MEM_RUNS, struct run_row, row, key)
	{
		count(rows, &n, "runs", arena_dup(a, row->status));
		in += row->parent ? 0 : row->tokens_in;
		out += row->parent ? 0 : row->tokens_out;
	}
	mem_each(mem_of(s), MEM_TASKS, struct task_row, row, key) count(rows, &n, "tasks",
	    arena_dup(a, str_is(row->status, "ended") ? row->ending : row->status));
	rows[n++] = (struct count_row){ STR("tokens"), STR("in"), in };
	rows[n++] = (struct count_row){ STR("tokens"), STR("out"), out };
	*ret = rows;
	*ret_n = n;
	return 0;
}
