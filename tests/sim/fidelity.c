/*
 * Is the store in memory what it stands for? What a world wrote is written down, operation by
 * operation with its answer, and done again on SQLite: each has to answer the same, and in the end
 * the tables have to be the same.
 */
#include "sim.h"

#include "base/limits.h"
#include "sys/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum op {
	BEGIN,
	COMMIT,
	ROLLBACK,
	GONE, /* the process, and its connection */
	RUN_INSERT,
	RUN_UPDATE,
	RUN_SEEN,
	RUN_DELETE,
	STEP_INSERT,
	STEP_UPDATE,
	STEP_DELETE,
	TASK_INSERT,
	TASK_CLAIM,
	TASK_STARTED,
	TASK_END,
	TASK_RENEW,
	EVENT,
	BLOB,
	SNAPSHOT,
	FINDINGS,
	TEXT,
	TEXT_FORGET,
};

struct record {
	enum op op;
	int rc;
	int64_t key, numbers[2];
	const void *row;
	size_t n;
	struct str texts[4];
};

static struct {
	struct arena *arena;
	struct record *v;
	size_t n, cap;
} script;

static struct record *note(enum op op, int rc)
{
	if (script.n == script.cap) {
		script.cap = script.cap ? script.cap * 2 : 256;
		script.v = xrealloc(script.v, script.cap * sizeof(*script.v));
	}
	script.v[script.n] = (struct record){ .op = op, .rc = rc };
	return &script.v[script.n++];
}

/* What a fault kept from happening is not written down. */
static bool happened(int rc)
{
	return rc != -ENOSPC && rc != -EIO && rc != -ENOMEM && rc != -EACCES && rc != -EBUSY;
}

static struct str keep(struct str s)
{
	return s.p ? arena_dup(script.arena, s) : s;
}

static const void *keep_row(const struct mem_shape *sh, const void *row)
{
	void *copy = arena_alloc(script.arena, sh->size);

	mem_unpack(sh, row, script.arena, copy);
	return copy;
}

/* --- writing down ---------------------------------------------------------------------------- */

static int rec_begin(struct store *s)
{
	int rc = store_mem.begin(s);

	if (happened(rc))
		note(BEGIN, rc);
	return rc;
}

static int rec_commit(struct store *s)
{
	int rc = store_mem.commit(s);

	if (happened(rc))
		note(COMMIT, rc);
	return rc;
}

static void rec_rollback(struct store *s)
{
	store_mem.rollback(s);
	note(ROLLBACK, 0);
}

#define RECORD_ROW(name, OP, type, shape)                         \
	static int rec_##name(struct store *s, const type *row)   \
	{                                                         \
		int rc = store_mem.name(s, row);                  \
                                                                  \
		if (happened(rc))                                 \
			note(OP, rc)->row = keep_row(shape, row); \
		return rc;                                        \
	}
#define RECORD_INSERT(name, OP, type, shape)                                      \
	static int rec_##name(struct store *s, const type *row, int64_t *ret_key) \
	{                                                                         \
		int rc = store_mem.name(s, row, ret_key);                         \
                                                                                  \
		if (happened(rc)) {                                               \
			struct record *r = note(OP, rc);                          \
                                                                                  \
			r->row = keep_row(shape, row);                            \
			r->key = rc ? 0 : *ret_key;                               \
		}                                                                 \
		return rc;                                                        \
	}
#define RECORD_KEY(name, OP)                                \
	static int rec_##name(struct store *s, int64_t key) \
	{                                                   \
		int rc = store_mem.name(s, key);            \
                                                            \
		if (happened(rc))                           \
			note(OP, rc)->key = key;            \
		return rc;                                  \
	}

RECORD_INSERT(run_insert, RUN_INSERT, struct run_row, &mem_run_shape)
RECORD_ROW(run_update, RUN_UPDATE, struct run_row, &mem_run_shape)
RECORD_KEY(run_delete, RUN_DELETE)
RECORD_INSERT(step_insert, STEP_INSERT, struct step_row, &mem_step_shape)
RECORD_ROW(step_update, STEP_UPDATE, struct step_row, &mem_step_shape)
RECORD_KEY(step_delete, STEP_DELETE)
RECORD_INSERT(task_insert, TASK_INSERT, struct task_row, &mem_task_shape)
RECORD_ROW(event_append, EVENT, struct event_row, &mem_event_shape)
RECORD_ROW(snapshot_put, SNAPSHOT, struct snapshot_row, &mem_snapshot_shape)
RECORD_ROW(text_put, TEXT, struct text_row, &mem_text_shape)

static int rec_run_seen(struct store *s, int64_t key, bool seen)
{
	int rc = store_mem.run_seen(s, key, seen);
	struct record *r = happened(rc) ? note(RUN_SEEN, rc) : NULL;

	if (r) {
		r->key = key;
		r->n = seen;
	}
	return rc;
}

static int rec_task_claim(struct store *s, struct arena *a, int64_t key, struct str node,
    struct str token, msec_t now, msec_t lease_until, struct task_row *ret)
{
	int rc = store_mem.task_claim(s, a, key, node, token, now, lease_until, ret);
	struct record *r = happened(rc) ? note(TASK_CLAIM, rc) : NULL;

	if (r)
		*r = (struct record){ TASK_CLAIM, rc, key, { now, lease_until },
			.texts = { keep(node), keep(token) } };
	return rc;
}

static int rec_task_started(struct store *s, int64_t key, struct str token, struct str agent,
    struct str model, struct str prompt)
{
	int rc = store_mem.task_started(s, key, token, agent, model, prompt);
	struct record *r = happened(rc) ? note(TASK_STARTED, rc) : NULL;

	if (r)
		*r = (struct record){ TASK_STARTED, rc, key,
			.texts = { keep(token), keep(agent), keep(model), keep(prompt) } };
	return rc;
}

static int rec_task_end(struct store *s, int64_t key, struct str token, struct str ending,
    struct str reason, struct str usage, msec_t now)
{
	int rc = store_mem.task_end(s, key, token, ending, reason, usage, now);
	struct record *r = happened(rc) ? note(TASK_END, rc) : NULL;

	if (r)
		*r = (struct record){ TASK_END, rc, key, { now },
			.texts = { keep(token), keep(ending), keep(reason), keep(usage) } };
	return rc;
}

static int rec_task_renew(struct store *s, struct str node, msec_t lease_until)
{
	int rc = store_mem.task_renew(s, node, lease_until);
	struct record *r = happened(rc) ? note(TASK_RENEW, rc) : NULL;

	if (r)
		*r = (struct record){ TASK_RENEW, rc, 0, { lease_until }, .texts = { keep(node) } };
	return rc;
}

static int rec_blob_put(struct store *s, struct str bytes, char ret_hash[65])
{
	int rc = store_mem.blob_put(s, bytes, ret_hash);

	if (happened(rc))
		note(BLOB, rc)->texts[0] = keep(bytes);
	return rc;
}

static int rec_findings_replace(
    struct store *s, int64_t run, const struct finding_row *rows, size_t n)
{
	int rc = store_mem.findings_replace(s, run, rows, n);
	struct record *r = happened(rc) ? note(FINDINGS, rc) : NULL;

	if (!r)
		return rc;
	struct finding_row *copy = arena_array(script.arena, n, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		mem_unpack(&mem_finding_shape, &rows[i], script.arena, &copy[i]);
	r->key = run;
	r->row = copy;
	r->n = n;
	return rc;
}

static int rec_text_forget(struct store *s, int64_t run, struct str kind, struct str name)
{
	int rc = store_mem.text_forget(s, run, kind, name);
	struct record *r = happened(rc) ? note(TEXT_FORGET, rc) : NULL;

	if (r)
		*r = (struct record){ TEXT_FORGET, rc, run, .texts = { keep(kind), keep(name) } };
	return rc;
}

static struct store_ops recording;

const struct store_ops *fidelity_begin(void)
{
	recording = store_mem;
	recording.begin = rec_begin;
	recording.commit = rec_commit;
	recording.rollback = rec_rollback;
	recording.run_insert = rec_run_insert;
	recording.run_update = rec_run_update;
	recording.run_seen = rec_run_seen;
	recording.run_delete = rec_run_delete;
	recording.step_insert = rec_step_insert;
	recording.step_update = rec_step_update;
	recording.step_delete = rec_step_delete;
	recording.task_insert = rec_task_insert;
	recording.task_claim = rec_task_claim;
	recording.task_started = rec_task_started;
	recording.task_end = rec_task_end;
	recording.task_renew = rec_task_renew;
	recording.event_append = rec_event_append;
	recording.blob_put = rec_blob_put;
	recording.snapshot_put = rec_snapshot_put;
	recording.findings_replace = rec_findings_replace;
	recording.text_put = rec_text_put;
	recording.text_forget = rec_text_forget;
	script.arena = arena_create("script", MIB(512));
	script.n = 0;
	return &recording;
}

void fidelity_gone(void)
{
	if (script.arena)
		note(GONE, 0);
}

void fidelity_free(void)
{
	arena_destroy(script.arena);
	script.arena = NULL;
	free(script.v);
	script.v = NULL;
	script.n = script.cap = 0;
}

/* --- doing again -------------------------------------------------------------------------------
 */

static int again_task(struct store *s, const struct record *r, struct arena *a, int64_t *ret_key)
{
	const struct store_ops *ops = s->ops;
	const struct str *t = r->texts;
	struct task_row task;

	switch ((int)r->op) {
	case TASK_INSERT:
		return ops->task_insert(s, r->row, ret_key);
	case TASK_CLAIM:
		return ops->task_claim(
		    s, a, r->key, t[0], t[1], r->numbers[0], r->numbers[1], &task);
	case TASK_STARTED:
		return ops->task_started(s, r->key, t[0], t[1], t[2], t[3]);
	case TASK_END:
		return ops->task_end(s, r->key, t[0], t[1], t[2], t[3], r->numbers[0]);
	default:
		return ops->task_renew(s, t[0], r->numbers[0]);
	}
}

static int again_row(struct store *s, const struct record *r, int64_t *ret_key)
{
	const struct store_ops *ops = s->ops;
	char hash[65];

	switch ((int)r->op) {
	case RUN_INSERT:
		return ops->run_insert(s, r->row, ret_key);
	case RUN_UPDATE:
		return ops->run_update(s, r->row);
	case RUN_SEEN:
		return ops->run_seen(s, r->key, r->n > 0);
	case RUN_DELETE:
		return ops->run_delete(s, r->key);
	case STEP_INSERT:
		return ops->step_insert(s, r->row, ret_key);
	case STEP_UPDATE:
		return ops->step_update(s, r->row);
	case STEP_DELETE:
		return ops->step_delete(s, r->key);
	case EVENT:
		return ops->event_append(s, r->row);
	case BLOB:
		return ops->blob_put(s, r->texts[0], hash);
	case SNAPSHOT:
		return ops->snapshot_put(s, r->row);
	case FINDINGS:
		return ops->findings_replace(s, r->key, r->row, r->n);
	case TEXT:
		return ops->text_put(s, r->row);
	default:
		return ops->text_forget(s, r->key, r->texts[0], r->texts[1]);
	}
}

static int again(struct store *s, const struct record *r, struct arena *a, int64_t *ret_key)
{
	switch ((int)r->op) {
	case BEGIN:
		return s->ops->begin(s);
	case COMMIT:
		return s->ops->commit(s);
	case ROLLBACK:
		s->ops->rollback(s);
		return 0;
	case TASK_INSERT:
	case TASK_CLAIM:
	case TASK_STARTED:
	case TASK_END:
	case TASK_RENEW:
		return again_task(s, r, a, ret_key);
	default:
		return again_row(s, r, ret_key);
	}
}

static void open_again(const char *path, struct store **ret)
{
	struct err err;

	if (store_sqlite.open(path, false, ret, &err) < 0 || (*ret)->ops->migrate(*ret, &err) < 0)
		abort();
}

static bool replay(struct world *w, const char *path, struct store **s, struct arena *a)
{
	for (size_t i = 0; i < script.n; i++) {
		const struct record *r = &script.v[i];
		int64_t key = 0;

		if (r->op == GONE) {
			(*s)->ops->close(*s);
			open_again(path, s);
			continue;
		}
		int rc = again(*s, r, a, &key);
		bool inserts = r->op == RUN_INSERT || r->op == STEP_INSERT || r->op == TASK_INSERT;

		if (rc == r->rc && (!inserts || rc || key == r->key))
			continue;
		sim_fail(w, "G13: operation %zu (%d) gave %d, key %lld; SQLite says %d, key %lld",
		    i, (int)r->op, r->rc, (long long)r->key, rc, (long long)key);
		return false;
	}
	return true;
}

/* --- comparing -----------------------------------------------------------------------------------
 */

static void add(struct buf *b, struct str s)
{
	buf_printf(b, " %s%.*s", s.p ? "" : "NULL", STR_ARG(s));
}

static int add_event(void *ctx, const struct event_row *ev)
{
	buf_printf(
	    ctx, "  %lld %lld %lld", (long long)ev->seq, (long long)ev->at, (long long)ev->step);
	add(ctx, ev->type);
	add(ctx, ev->data);
	buf_addc(ctx, '\n');
	return 0;
}

static void dump_steps(struct store *s, struct arena *a, struct buf *b, int64_t run)
{
	struct step_row *rows, texts = { 0 };
	size_t n = 0;

	if (s->ops->step_list(s, a, run, &rows, &n) < 0)
		buf_adds(b, "no steps\n");
	for (size_t i = 0; i < n; i++) {
		const struct step_row *r = &rows[i];

		buf_printf(b, " %lld/%lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld",
		    (long long)r->key, (long long)r->position, (long long)r->parent,
		    (long long)r->ordinal, (long long)r->attempt, (long long)r->epoch,
		    (long long)r->partial, (long long)r->upstream, (long long)r->ready_at,
		    (long long)r->started_at, (long long)r->ended_at, (long long)r->task,
		    (long long)s->ops->step_texts(s, a, r->key, &texts));
		const struct str all[] = { r->name, r->kind, r->label, r->status, r->reason,
			r->ending, r->item, texts.output, texts.evidence, texts.facts };

		for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
			add(b, all[k]);
		buf_addc(b, '\n');
	}
}

static void dump_findings(struct store *s, struct arena *a, struct buf *b, int64_t run)
{
	struct finding_row *rows;
	size_t n = 0;

	if (s->ops->findings_list(s, a, run, &rows, &n) < 0)
		buf_adds(b, "no findings\n");
	for (size_t i = 0; i < n; i++) {
		add(b, rows[i].uid);
		add(b, rows[i].data);
	}
}

static void dump_run(struct store *s, struct arena *a, struct buf *b, int64_t key)
{
	struct run_row r;

	if (s->ops->run_load(s, a, key, &r) < 0)
		return;
	buf_printf(b, "run %lld %lld %lld %d %lld %lld %lld %lld %lld %lld", (long long)r.key,
	    (long long)r.parent, (long long)r.seal_seq, r.seen, (long long)r.tokens_in,
	    (long long)r.tokens_out, (long long)r.resumed, (long long)r.created_at,
	    (long long)r.started_at, (long long)r.ended_at);
	const struct str all[] = { r.id, r.flow, r.title, r.status, r.reason, r.end_as, r.size,
		r.input, r.options, r.repo, r.project, r.snapshot, r.frozen, r.idempotency,
		r.parent_step, r.report, r.outcome, r.seal, r.summary };

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		add(b, all[k]);
	buf_addc(b, '\n');
	dump_steps(s, a, b, key);
	s->ops->event_read(s, key, 0, 100000, add_event, b);
	dump_findings(s, a, b, key);
}

static void dump_task(struct store *s, struct arena *a, struct buf *b, int64_t key)
{
	struct task_row r;

	if (s->ops->task_load(s, a, key, &r) < 0)
		return;
	buf_printf(b, "task %lld %lld %lld %lld %lld %lld", (long long)r.key, (long long)r.epoch,
	    (long long)r.created_at, (long long)r.claimed_at, (long long)r.lease_until,
	    (long long)r.ended_at);
	const struct str all[] = { r.subject, r.status, r.kind, r.agent, r.model, r.node, r.token,
		r.prompt, r.ending, r.reason, r.usage };

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		add(b, all[k]);
	buf_addc(b, '\n');
}

static void dump(struct world *w, struct store *s, struct arena *a, struct buf *b)
{
	for (int64_t key = 1; key <= RUNS_MAX; key++)
		dump_run(s, a, b, key);
	for (int64_t key = 1; key <= (int64_t)mem_count(w->db, MEM_TASKS) + 10; key++)
		dump_task(s, a, b, key);
	mem_each(w->db, MEM_BLOBS, struct mem_blob, blob, key)
	{
		struct str bytes = { NULL, 0 };

		if (s->ops->blob_get(s, a, str_from(blob->hash), &bytes) < 0)
			buf_adds(b, "no blob\n");
		add(b, bytes);
	}
}

static void compare(struct world *w, struct store *sqlite, struct arena *a)
{
	struct mem_conn *mem = mem_connect(w->db, true);
	struct buf one, two;
	size_t at = 0;

	buf_init(&one, MIB(64));
	buf_init(&two, MIB(64));
	dump(w, &mem->base, a, &one);
	dump(w, sqlite, a, &two);
	while (at < one.n && at < two.n && one.p[at] == two.p[at])
		at++;
	if (one.n != two.n || at < one.n)
		sim_fail(w, "G13: in memory …%.80s… and in SQLite …%.80s…",
		    one.p + (at > 40 ? at - 40 : 0), two.p + (at > 40 ? at - 40 : 0));
	buf_fini(&one);
	buf_fini(&two);
	mem->base.ops->close(&mem->base);
}

/* A database in which nothing is yet is made once: its schema takes longer than a world. */
static void make_empty(const char *path)
{
	static struct arena *keeps;
	static struct str empty;
	struct store *s;

	if (empty.n) {
		if (fs_write(path, empty, 0600, NULL) < 0)
			abort();
		return;
	}
	open_again(path, &s);
	s->ops->close(s);
	keeps = arena_create("empty database", MIB(4));
	if (fs_read(keeps, path, MIB(2), &empty) < 0)
		abort();
}

/* On a disk that is memory, if there is one: what is to be shown is no speed. */
void fidelity_end(struct world *w)
{
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char dir[64], path[96];
	struct arena *a = arena_create("fidelity", MIB(512));
	struct store *s;

	snprintf(dir, sizeof(dir), "%s/tutti-sim-XXXXXX", base);
	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/tutti.db", dir);
	make_empty(path);
	open_again(path, &s);
	if (replay(w, path, &s, a))
		compare(w, s, a);
	s->ops->close(s);
	arena_destroy(a);
	fs_remove_tree(dir);
	if (fs_exists(dir))
		abort();
}
