/* Steps and the queue in memory. */
#include "mem.h"

#include <stddef.h>
#include <stdlib.h>

#define AT(member) offsetof(struct step_row, member)

static const unsigned short step_texts[] = { AT(name), AT(kind), AT(label), AT(status), AT(reason),
	AT(ending), AT(item), AT(output), AT(evidence), AT(facts) };
const struct mem_shape mem_step_shape = { sizeof(struct step_row), step_texts,
	sizeof(step_texts) / sizeof(step_texts[0]), 15u << 6 };

#undef AT
#define AT(member) offsetof(struct task_row, member)

static const unsigned short task_texts[] = { AT(subject), AT(status), AT(kind), AT(agent),
	AT(model), AT(node), AT(token), AT(prompt), AT(ending), AT(reason), AT(usage) };
const struct mem_shape mem_task_shape = { sizeof(struct task_row), task_texts,
	sizeof(task_texts) / sizeof(task_texts[0]), 7u << 5 | 1u << 10 };

static const struct step_row *step_at(struct store *s, int64_t key)
{
	return mem_row(mem_of(s), MEM_STEPS, key);
}

static const struct task_row *task_at(struct store *s, int64_t key)
{
	return mem_row(mem_of(s), MEM_TASKS, key);
}

/* --- steps -------------------------------------------------------------------------------- */

static bool is_status(struct str word)
{
	return str_is(word, "pending") || str_is(word, "running") || str_is(word, "completed") ||
	       str_is(word, "failed") || str_is(word, "skipped") || str_is(word, "cancelled");
}

static bool is_taken(const struct mem_db *db, const struct step_row *r)
{
	mem_each(db, MEM_STEPS, struct step_row, row,
	    key) if (row->run == r->run && row->position == r->position) return true;
	return false;
}

static void put_texts(struct mem_db *db, int64_t key, const struct step_row *r)
{
	const struct step_row texts = { .key = key,
		.output = r->has_texts ? r->output : (struct str){ 0 },
		.evidence = r->has_texts ? r->evidence : (struct str){ 0 },
		.facts = r->has_texts ? r->facts : (struct str){ 0 } };

	mem_put(db, MEM_TEXTS_OF_STEPS, key == mem_next(db, MEM_TEXTS_OF_STEPS) ? 0 : key,
	    mem_pack(&mem_step_shape, &texts));
}

int mem_step_insert(struct store *s, const struct step_row *r, int64_t *ret_key)
{
	struct mem_db *db = mem_of(s);
	struct step_row row = *r;

	MEM_OP(s, true);
	if (!is_status(r->status) || is_taken(db, r) || !mem_row(db, MEM_RUNS, r->run) ||
	    (r->task && !task_at(s, r->task)))
		return -EEXIST;
	row.key = mem_next(db, MEM_STEPS);
	row.output = row.evidence = row.facts = (struct str){ 0 };
	mem_put(db, MEM_STEPS, 0, mem_pack(&mem_step_shape, &row));
	put_texts(db, row.key, r);
	*ret_key = row.key;
	return 0;
}

int mem_step_update(struct store *s, const struct step_row *r)
{
	const struct step_row *old = step_at(s, r->key);
	struct step_row row;

	MEM_OP(s, true);
	if (!old)
		return -ESTALE;
	if (!is_status(r->status) || (r->task && !task_at(s, r->task)))
		return -EEXIST;
	row = *old;
	row.status = r->status;
	row.reason = r->reason;
	row.ending = r->ending;
	row.attempt = r->attempt;
	row.epoch = r->epoch;
	row.partial = r->partial;
	row.upstream = r->upstream;
	row.ready_at = r->ready_at;
	row.started_at = r->started_at;
	row.ended_at = r->ended_at;
	if (r->task)
		row.task = r->task;
	mem_put(mem_of(s), MEM_STEPS, r->key, mem_pack(&mem_step_shape, &row));
	if (r->has_texts)
		put_texts(mem_of(s), r->key, r);
	return 0;
}

int mem_step_delete(struct store *s, int64_t key)
{
	MEM_OP(s, true);
	if (!step_at(s, key))
		return -ESTALE;
	mem_put(mem_of(s), MEM_STEPS, key, NULL);
	mem_put(mem_of(s), MEM_TEXTS_OF_STEPS, key, NULL);
	return 0;
}

static int by_position(const void *a, const void *b)
{
	const struct step_row *x = a, *y = b;

	return x->position < y->position ? -1 : x->position > y->position;
}

int mem_step_list(
    struct store *s, struct arena *a, int64_t run, struct step_row **ret, size_t *ret_n)
{
	size_t n = 0;

	MEM_OP(s, false);
	mem_each(mem_of(s), MEM_STEPS, struct step_row, row, key) n += row->run == run;
	*ret = arena_array(a, n + 1, sizeof(**ret));
	*ret_n = 0;
	mem_each(mem_of(s), MEM_STEPS, struct step_row, row, key) if (row->run == run)
	    mem_unpack(&mem_step_shape, row, a, &(*ret)[(*ret_n)++]);
	qsort(*ret, *ret_n, sizeof(**ret), by_position);
	return 0;
}

int mem_step_texts(struct store *s, struct arena *a, int64_t key, struct step_row *ret)
{
	const struct step_row *texts = mem_row(mem_of(s), MEM_TEXTS_OF_STEPS, key);

	MEM_OP(s, false);
	if (!texts)
		return -ENOENT;
	ret->output = texts->output.p ? arena_dup(a, texts->output) : texts->output;
	ret->evidence = texts->evidence.p ? arena_dup(a, texts->evidence) : texts->evidence;
	ret->facts = texts->facts.p ? arena_dup(a, texts->facts) : texts->facts;
	return 0;
}

int mem_step_extras(
    struct store *s, struct arena *a, int64_t run, struct step_extra **ret, size_t *ret_n)
{
	struct step_row *rows, texts;
	int rc = mem_step_list(s, a, run, &rows, ret_n);

	if (rc)
		return rc;
	*ret = arena_array(a, *ret_n, sizeof(**ret));
	for (size_t i = 0; i < *ret_n; i++) {
		const struct task_row *task = task_at(s, rows[i].task);

		rc = mem_step_texts(s, a, rows[i].key, &texts);
		if (rc)
			return rc;
		(*ret)[i] = (struct step_extra){ .position = rows[i].position,
			.facts = texts.facts,
			.agent = task ? arena_dup(a, task->agent) : STR(""),
			.model = task ? arena_dup(a, task->model) : STR("") };
	}
	return 0;
}

/* --- the queue ---------------------------------------------------------------------------- */

static void put_task(struct store *s, const struct task_row *row)
{
	mem_put(mem_of(s), MEM_TASKS, row->key, mem_pack(&mem_task_shape, row));
}

int mem_task_insert(struct store *s, const struct task_row *r, int64_t *ret_key)
{
	MEM_OP(s, true);
	const struct task_row row = { .key = mem_next(mem_of(s), MEM_TASKS),
		.epoch = r->epoch,
		.subject = r->subject,
		.status = STR("ready"),
		.kind = r->kind,
		.agent = r->agent.p ? r->agent : STR(""),
		.model = r->model.p ? r->model : STR(""),
		.ending = STR("none"),
		.reason = STR(""),
		.created_at = r->created_at };

	*ret_key = mem_put(mem_of(s), MEM_TASKS, 0, mem_pack(&mem_task_shape, &row));
	return 0;
}

int mem_task_claim(struct store *s, struct arena *a, int64_t key, struct str node, struct str token,
    msec_t now, msec_t lease_until, struct task_row *ret)
{
	const struct task_row *found = task_at(s, key);
	struct task_row row;

	MEM_OP(s, true);
	for (int64_t k = 1; !key && !found && k <= (int64_t)mem_count(mem_of(s), MEM_TASKS); k++)
		if (task_at(s, k) && str_is(task_at(s, k)->status, "ready"))
			found = task_at(s, k);
	if (!found || !str_is(found->status, "ready"))
		return -ENOENT;
	row = *found;
	row.status = STR("claimed");
	row.node = node;
	row.token = token;
	row.claimed_at = now;
	row.lease_until = lease_until;
	mem_unpack(&mem_task_shape, &row, a, ret);
	put_task(s, &row);
	return 0;
}

int mem_task_started(struct store *s, int64_t key, struct str token, struct str agent,
    struct str model, struct str prompt)
{
	const struct task_row *old = task_at(s, key);
	struct task_row row;

	MEM_OP(s, true);
	if (!old || !str_is(old->status, "claimed") || !str_eq(old->token, token))
		return -ESTALE;
	if (prompt.p && !mem_blob_find(mem_of(s), prompt, NULL))
		return -EEXIST;
	row = *old;
	row.agent = agent.p ? agent : STR("");
	row.model = model.p ? model : STR("");
	row.prompt = prompt;
	put_task(s, &row);
	return 0;
}

int mem_task_end(struct store *s, int64_t key, struct str token, struct str ending,
    struct str reason, struct str usage, msec_t now)
{
	const struct task_row *old = task_at(s, key);
	struct task_row row;

	MEM_OP(s, true);
	if (!old || str_is(old->status, "ended") ||
	    (token.n && !(old->token.p && str_eq(old->token, token))))
		return -ESTALE;
	row = *old;
	row.status = STR("ended");
	row.ending = ending;
	row.reason = reason.p ? reason : STR("");
	row.usage = usage;
	row.ended_at = now;
	put_task(s, &row);
	return 0;
}

int mem_task_renew(struct store *s, struct str node, msec_t lease_until)
{
	MEM_OP(s, true);
	for (int64_t k = 1; k <= (int64_t)mem_count(mem_of(s), MEM_TASKS); k++) {
		const struct task_row *old = task_at(s, k);
		struct task_row row;

		if (!old || !str_is(old->status, "claimed") || !str_eq(old->node, node))
			continue;
		row = *old;
		row.lease_until = lease_until;
		put_task(s, &row);
	}
	return 0;
}

int mem_task_lost(struct store *s, struct arena *a, struct str node, msec_t now,
    struct task_row **ret, size_t *ret_n)
{
	MEM_OP(s, false);
	*ret = arena_array(a, mem_count(mem_of(s), MEM_TASKS) + 1, sizeof(**ret));
	*ret_n = 0;
	mem_each(mem_of(s), MEM_TASKS, struct task_row, row,
	    key) if (str_is(row->status, "claimed") &&
		     (node.n ? str_eq(row->node, node) : row->lease_until < now))
	    mem_unpack(&mem_task_shape, row, a, &(*ret)[(*ret_n)++]);
	return 0;
}

int mem_task_load(struct store *s, struct arena *a, int64_t key, struct task_row *ret)
{
	MEM_OP(s, false);
	if (!task_at(s, key))
		return -ENOENT;
	mem_unpack(&mem_task_shape, task_at(s, key), a, ret);
	return 0;
}

int mem_task_list(
    struct store *s, struct arena *a, struct str subject, struct task_row **ret, size_t *ret_n)
{
	MEM_OP(s, false);
	*ret = arena_array(a, mem_count(mem_of(s), MEM_TASKS) + 1, sizeof(**ret));
	*ret_n = 0;
	mem_each(mem_of(s), MEM_TASKS, struct task_row, row, key) if (str_eq(row->subject, subject))
	    mem_unpack(&mem_task_shape, row, a, &(*ret)[(*ret_n)++]);
	return 0;
}

int mem_task_step(struct store *s, int64_t task, int64_t *ret_run, int64_t *ret_position)
{
	MEM_OP(s, false);
	mem_each(mem_of(s), MEM_STEPS, struct step_row, row, key) if (row->task == task)
	{
		*ret_run = row->run;
		*ret_position = row->position;
		return 0;
	}
	return -ENOENT;
}
