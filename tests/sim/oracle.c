/*
 * What has to hold, looked at after each commit and at the end: rows against rows before, rows
 * against what the log tells, processes against rows, acknowledgements against both. The numbers
 * are those of docs/reliability.md.
 */
#include "sim.h"

#include "model.h"

#include "attest/attest.h"
#include "base/json.h"
#include "engine/live.h"

#include <stdio.h>
#include <stdlib.h>

static struct seen_run *seen_of(struct world *w, int64_t run)
{
	return run > 0 && run <= RUNS_MAX ? &w->seen[run] : NULL;
}

static struct seen_step *step_of(struct seen_run *run, int64_t position)
{
	if ((size_t)position >= run->n_steps) {
		size_t n = (size_t)position + 16;

		run->steps = xrealloc(run->steps, n * sizeof(*run->steps));
		memset(run->steps + run->n_steps, 0, (n - run->n_steps) * sizeof(*run->steps));
		run->n_steps = n;
	}
	return &run->steps[position];
}

struct seen_step *oracle_step(struct world *w, int64_t run, int64_t position)
{
	return step_of(seen_of(w, run), position);
}

static const struct run_row *run_row(const struct world *w, int64_t run)
{
	return mem_row(w->db, MEM_RUNS, run);
}

/* --- the log tells ------------------------------------------------------------------------- */

/* The text behind "NAME":" in JSON that we wrote. */
static struct str member(struct str data, const char *name)
{
	char key[32];
	int n = snprintf(key, sizeof(key), "\"%s\":\"", name);
	ptrdiff_t at = str_find(data, (struct str){ key, (size_t)n });

	if (at < 0)
		return (struct str){ "", 0 };
	struct str rest = str_skip(data, (size_t)(at + n));

	return str_split(&rest, '"');
}

static long long number(struct str data, const char *name)
{
	char key[32];
	int n = snprintf(key, sizeof(key), "\"%s\":", name);
	ptrdiff_t at = str_find(data, (struct str){ key, (size_t)n });

	return at < 0 ? -1 : strtoll(data.p + at + n, NULL, 10);
}

static void tell_step(struct world *w, struct seen_run *run, const struct event_row *ev)
{
	struct seen_step *s = step_of(run, ev->step);
	int status = step_status_parse(member(ev->data, "status"));

	if (status < 0)
		sim_fail(w, "I28: event %lld tells no status", (long long)ev->seq);
	if (status == STEP_FAILED && str_is(member(ev->data, "ending"), "lost"))
		sim_fail(w, "F3: step %.*s failed because its process was lost",
		    STR_ARG(member(ev->data, "step")));
	s->told = (enum step_status)status;
	s->told_epoch = (unsigned)number(ev->data, "epoch");
	s->told_now = true;
}

/* The first event names all steps of the beginning; they are pending. */
static void tell_started(struct world *w, struct seen_run *run)
{
	(void)w;
	run->told = RUN_RUNNING;
	run->began = true;
}

/* What an attempt says stands in the log between its beginning and its end. */
static void tell_said(struct world *w, struct seen_run *run, const struct event_row *ev)
{
	const struct seen_step *s = step_of(run, ev->step);

	if (s->told != STEP_RUNNING || s->told_epoch != (unsigned)number(ev->data, "epoch"))
		sim_fail(w, "I4: epoch %lld of step %lld speaks, which is %s epoch %u",
		    number(ev->data, "epoch"), (long long)ev->step, step_status_name(s->told),
		    s->told_epoch);
}

static void tell(struct world *w, const struct event_row *ev)
{
	struct seen_run *run = seen_of(w, ev->run);

	if (!run)
		return;
	if (ev->seq != run->seq + 1)
		sim_fail(w, "I7: event %lld of run %lld follows %lld", (long long)ev->seq,
		    (long long)ev->run, (long long)run->seq);
	run->seq = ev->seq;
	sim_hash(w, ev->data.p, ev->data.n);
	sim_say(w, "  #%lld.%lld %.*s %.*s", (long long)ev->run, (long long)ev->seq,
	    STR_ARG(ev->type), STR_ARG(str_take(ev->data, 300)));
	if (str_contains(ev->data, STR("No space left")) || str_contains(ev->data, STR("busy")) ||
	    str_contains(ev->data, STR("Input/output error")))
		sim_fail(w, "F12: a store that failed for a while ended a step: %.*s",
		    STR_ARG(str_take(ev->data, 200)));
	if (str_is(ev->type, "step")) {
		tell_step(w, run, ev);
	} else if (str_is(ev->type, "text")) {
		tell_said(w, run, ev);
	} else if (str_is(ev->type, "started")) {
		tell_started(w, run);
	} else if (str_is(ev->type, "run")) {
		int status = run_status_parse(member(ev->data, "status"));

		run->told = status < 0 ? RUN_STATUSES : (enum run_status)status;
	}
}

/* --- rows ---------------------------------------------------------------------------------- */

/* A row became another one. LAST: that is how it is committed. */
static void look_at_change(struct world *w, struct seen_run *run, struct seen_step *s,
    const struct step_row *row, bool last)
{
	enum step_status status = (enum step_status)step_status_parse(row->status);

	if (step_is_settled(s->status) && status != s->status && !run->again)
		sim_fail(w, "I10: step %.*s was %s and is %.*s", STR_ARG(row->name),
		    step_status_name(s->status), STR_ARG(row->status));
	if ((unsigned)row->epoch < s->epoch)
		sim_fail(w, "I4: epoch of step %.*s went from %u to %lld", STR_ARG(row->name),
		    s->epoch, (long long)row->epoch);
	if (last && (status != s->told || (s->told_now && (unsigned)row->epoch != s->told_epoch)))
		sim_fail(w, "I6: step %.*s is %.*s epoch %lld, the log tells %s epoch %u",
		    STR_ARG(row->name), STR_ARG(row->status), (long long)row->epoch,
		    step_status_name(s->told), s->told_epoch);
	s->status = status;
	s->epoch = (unsigned)row->epoch;
}

static bool was_removed(const struct world *w, int64_t run)
{
	bool last;

	for (size_t i = 0; i < w->db->n_journal; i++)
		if (w->db->journal[i].table == MEM_RUNS && w->db->journal[i].key == (size_t)run &&
		    !mem_put_by(w->db, i, &last))
			return true;
	return false;
}

static void look_at_step(struct world *w, size_t i)
{
	const struct step_row *old = w->db->journal[i].old;
	bool last;
	const struct step_row *row = mem_put_by(w->db, i, &last), *either = row ? row : old;

	if (!either)
		return;
	struct seen_run *run = seen_of(w, either->run);
	struct seen_step *s = step_of(run, either->position);

	if (!row && !run->again && !was_removed(w, old->run))
		sim_fail(w, "I1: step %.*s was taken out of its run", STR_ARG(old->name));
	if (!row || !old) /* one that is gone, or is there for the first time */
		*s = (struct seen_step){ .told = s->told_now ? s->told : STEP_PENDING,
			.told_epoch = s->told_epoch,
			.told_now = s->told_now };
	if (row)
		look_at_change(w, run, s, row, last);
}

static void look_at_texts(struct world *w, int64_t key)
{
	const struct step_row *row = mem_row(w->db, MEM_STEPS, key);
	const struct step_row *texts = mem_row(w->db, MEM_TEXTS_OF_STEPS, key);

	if (!row || !texts)
		return;
	struct seen_step *s = step_of(seen_of(w, row->run), row->position);
	uint64_t hash = hash_text(texts->output);

	if (!seen_of(w, row->run)->again && s->final && s->final_epoch == (unsigned)row->epoch &&
	    hash != s->output)
		sim_fail(w, "I1: the output of step %.*s, which is completed, changed",
		    STR_ARG(row->name));
	s->output = hash;
	if (s->status == STEP_COMPLETED && seen_of(w, row->run)->model &&
	    !model_gave(seen_of(w, row->run)->model, row->name, texts->output))
		sim_fail(w, "I1: the output of step %.*s is not stored as it was given: %.*s",
		    STR_ARG(row->name), STR_ARG(str_take(texts->output, 100)));
}

static void look_for_open_steps(struct world *w, const struct run_row *run)
{
	mem_each(w->db, MEM_STEPS, struct step_row, row,
	    key) if (row->run == run->key &&
		     (str_is(row->status, "pending") || str_is(row->status, "running")))
	    sim_fail(w, "I5: run %.*s is %.*s, and step %.*s is %.*s", STR_ARG(run->id),
		STR_ARG(run->status), STR_ARG(row->name), STR_ARG(row->status));
}

/* A child run that runs is the business of a step that runs. */
static void look_at_children(struct world *w)
{
	mem_each(w->db, MEM_RUNS, struct run_row, run, key)
	{
		bool minded = !run->parent || !str_is(run->status, "running");

		mem_each(w->db, MEM_STEPS, struct step_row, row, k) minded |=
		    row->run == run->parent && str_eq(row->name, run->parent_step) &&
		    str_is(row->status, "running");
		if (!minded)
			sim_fail(w, "I2: run %.*s runs, and step %.*s around it does not",
			    STR_ARG(run->id), STR_ARG(run->parent_step));
	}
}

static void look_at_run(struct world *w, size_t i)
{
	const struct run_row *old = w->db->journal[i].old;
	bool last;
	const struct run_row *row = mem_put_by(w->db, i, &last);

	if (!row || !last)
		return;
	struct seen_run *run = seen_of(w, row->key);
	enum run_status status = (enum run_status)run_status_parse(row->status);

	if (old && run->status != RUN_RUNNING && status != run->status && !run->again)
		sim_fail(w, "I10: run %.*s was %s and is %.*s", STR_ARG(row->id),
		    run_status_name(run->status), STR_ARG(row->status));
	if (old && old->idempotency.p && !str_eq(old->idempotency, row->idempotency))
		sim_fail(w, "I16: run %.*s changed its key", STR_ARG(row->id));
	if (status != run->told)
		sim_fail(w, "I6: run %.*s is %.*s, the log tells %s", STR_ARG(row->id),
		    STR_ARG(row->status), run_status_name(run->told));
	if (status != RUN_RUNNING && (!row->report.p || !mem_blob_find(w->db, row->report, NULL)))
		sim_fail(w, "I25: run %.*s is over and has no report", STR_ARG(row->id));
	if (status == RUN_RUNNING && (row->report.p || row->ended_at))
		sim_fail(w, "I25: run %.*s goes on and has the report of an end", STR_ARG(row->id));
	if (status != RUN_RUNNING)
		look_for_open_steps(w, row);
	run->status = status;
	run->stopping = row->end_as.n > 0;
}

/* No attempt begins once its run is being stopped. CH: a claim, at its place in the transaction. */
static void look_at_claim(struct world *w, size_t at, const struct task_row *old)
{
	const struct mem_change *ch = &w->db->journal[at];
	const struct task_row *row = mem_row(w->db, MEM_TASKS, (int64_t)ch->key);
	const struct step_row *step = NULL;

	if (!old || !row || !str_is(old->status, "ready") || !row->claimed_at)
		return;
	mem_each(w->db, MEM_STEPS, struct step_row, s, key) if (s->task == row->key) step = s;
	if (!step)
		return;
	bool stopping = seen_of(w, step->run)->stopping;

	for (size_t i = 0; i < at; i++) {
		const struct mem_change *before = &w->db->journal[i];
		const struct run_row *was = before->old;

		if (before->table == MEM_RUNS && was && was->key == step->run)
			stopping = was->end_as.n > 0;
	}
	if (stopping && !seen_of(w, step->run)->again)
		sim_fail(
		    w, "I17: step %.*s was claimed after its run was stopped", STR_ARG(step->name));
}

static void look_at_processes(struct world *w)
{
	list_each (&w->processes, it) {
		const struct process *p = list_item(it, struct process, list);
		const struct seen_step *s = step_of(seen_of(w, p->run), p->position);

		if (s->status != STEP_RUNNING || s->epoch != p->epoch)
			sim_fail(w,
			    "I2: the process of epoch %u of step %lld lives, the step is %s epoch "
			    "%u",
			    p->epoch, (long long)p->position, step_status_name(s->status),
			    s->epoch);
	}
}

/* --- after each commit --------------------------------------------------------------------- */

/* What is completed now is not to change from now on. */
static void finalise(struct world *w)
{
	for (size_t i = 0; i < w->db->n_journal; i++) {
		const struct mem_change *ch = &w->db->journal[i];
		const struct step_row *row =
		    ch->table == MEM_STEPS ? mem_row(w->db, MEM_STEPS, (int64_t)ch->key) : NULL;

		if (!row)
			continue;
		struct seen_step *s = step_of(seen_of(w, row->run), row->position);

		s->final = s->status == STEP_COMPLETED;
		s->final_epoch = s->epoch;
		s->told_now = false;
	}
	for (int64_t run = 1; run <= RUNS_MAX; run++)
		w->seen[run].again = false;
}

/* What the model says of the runs that were stepped is what is stored, and is from now on. */
static void keep_models(struct world *w)
{
	for (int64_t key = 1; key <= RUNS_MAX; key++) {
		struct seen_run *run = &w->seen[key];

		if (!run->touched)
			continue;
		run->touched = false;
		if (!run->kept)
			run->kept = xalloc(sizeof(*run->kept));
		model_copy(run->kept, run->model);
	}
}

static void look_at_model(struct world *w, int64_t key)
{
	const struct step_row *row = mem_row(w->db, MEM_STEPS, key);
	const struct seen_run *run = row ? seen_of(w, row->run) : NULL;

	if (run && run->model && !model_agrees(run->model, row))
		sim_fail(w,
		    "model: step %.*s is stored as %.*s attempt %lld epoch %lld, that is wrong",
		    STR_ARG(row->name), STR_ARG(row->status), (long long)row->attempt,
		    (long long)row->epoch);
}

static bool too_many_runs(struct world *w)
{
	if (mem_count(w->db, MEM_RUNS) <= RUNS_MAX)
		return false;
	sim_fail(w, "more than %d runs", RUNS_MAX);
	return true;
}

/* A run that is new; one that was removed may have had its key. */
static void forget_run(struct seen_run *run)
{
	const struct seen_run fresh = { .model = run->model,
		.kept = run->kept,
		.touched = run->touched,
		.steps = run->steps,
		.n_steps = run->n_steps };

	*run = fresh;
	if (run->n_steps)
		memset(run->steps, 0, run->n_steps * sizeof(*run->steps));
}

void oracle_commit(void *ctx)
{
	struct world *w = ctx;
	const struct mem_change *j = w->db->journal;

	if (too_many_runs(w))
		return;
	for (size_t i = 0; i < w->db->n_journal; i++) {
		bool last;

		if (j[i].table == MEM_RUNS && !j[i].old)
			forget_run(&w->seen[j[i].key]);
		else if (j[i].table == MEM_EVENTS && !j[i].old)
			tell(w, mem_put_by(w->db, i, &last));
	}
	for (size_t i = 0; i < w->db->n_journal; i++) {
		int64_t key = (int64_t)j[i].key;

		if (j[i].table == MEM_STEPS) {
			look_at_step(w, i);
			look_at_model(w, key);
		} else if (j[i].table == MEM_TEXTS_OF_STEPS) {
			look_at_texts(w, key);
		} else if (j[i].table == MEM_TASKS) {
			look_at_claim(w, i, j[i].old);
		}
	}
	for (size_t i = 0; i < w->db->n_journal; i++)
		if (j[i].table == MEM_RUNS)
			look_at_run(w, i);
	finalise(w);
	keep_models(w);
	look_at_children(w);
	look_at_processes(w);
}

/* As it was; a run that was not there is not there. */
void oracle_rolled_back(void *ctx)
{
	struct world *w = ctx;

	for (int64_t key = 1; key <= RUNS_MAX; key++) {
		struct seen_run *run = &w->seen[key];

		run->again = false;
		if (run->touched && run->kept) {
			model_copy(run->model, run->kept);
		} else if (run->touched) {
			model_free(run->model);
			run->model = NULL;
		}
		run->touched = false;
	}
}

/* --- at other times ------------------------------------------------------------------------- */

static bool told_to_begin(struct world *w, const struct process *p)
{
	for (int64_t seq = mem_last_seq(w->db, p->run); seq > 0; seq--) {
		const struct event_row *ev = mem_event(w->db, p->run, seq);

		if (ev->step == p->position && str_is(ev->type, ATTEST_RECORD) &&
		    number(mem_event(w->db, p->run, seq - 1)->data, "epoch") == p->epoch)
			return true;
	}
	return false;
}

void oracle_process_born(struct world *w, const struct process *p)
{
	const struct step_row *row = NULL;

	list_each (&w->processes, it) {
		const struct process *other = list_item(it, struct process, list);

		if (other != p && other->run == p->run && other->position == p->position)
			sim_fail(w, "I2: step %lld of run %lld has two processes, epochs %u and %u",
			    (long long)p->position, (long long)p->run, other->epoch, p->epoch);
	}
	mem_each(w->db, MEM_STEPS, struct step_row, s,
	    key) if (s->run == p->run && s->position == p->position) row = s;
	if (!row || !str_is(row->status, "running") || row->epoch != p->epoch)
		sim_fail(w, "I2: a process of epoch %u begins, and its step is %s epoch %lld",
		    p->epoch, row ? row->status.p : "gone", row ? (long long)row->epoch : 0);
	if (row && !str_is(row->kind, "snapshot") && !told_to_begin(w, p))
		sim_fail(w, "I19: step %.*s executes without a record of what holds it",
		    STR_ARG(row->name));
}

void oracle_cancelled(struct world *w, const char *id)
{
	const struct run_row *row = NULL;

	mem_each(w->db, MEM_RUNS, struct run_row, run, key) if (str_is(run->id, id)) row = run;
	if (row && str_is(row->status, "running") && !row->end_as.n && !row->resumed)
		sim_fail(w, "I11: run %.*s was said to be cancelled, and is not", STR_ARG(row->id));
}

void oracle_appended(void *ctx, int64_t run, int64_t seq)
{
	struct node *n = ctx;
	struct seen_run *s = seen_of(n->w, run);

	if (seq > s->seq)
		sim_fail(n->w, "I11: event %lld of run %lld was told of and is not stored",
		    (long long)seq, (long long)run);
	if (seq > s->cursor)
		s->cursor = seq;
}

/* --- at the end ----------------------------------------------------------------------------- */

static void look_at_chain(struct world *w, const struct run_row *row)
{
	char hex[SHA256_HEX];
	struct chain chain;

	chain_begin(&chain);
	for (int64_t seq = 1; seq <= row->seal_seq; seq++) {
		const struct event_row *ev = mem_event(w->db, row->key, seq);
		const struct attest_event as = { ev->seq, ev->at, ev->step, ev->type, ev->data };

		chain_add(&chain, &as);
	}
	chain_digest(&chain, hex);
	if (!str_is(row->seal, hex))
		sim_fail(w, "I25: the seal of run %.*s is not that of its log", STR_ARG(row->id));
}

static void look_at_tokens(struct world *w, const struct run_row *run)
{
	long long in = 0, out = 0;

	mem_each(w->db, MEM_TASKS, struct task_row, row, key)
	{
		if (!str_starts(row->subject, run->id) || !row->usage.p)
			continue;
		in += number(row->usage, "in") > 0 ? number(row->usage, "in") : 0;
		out += number(row->usage, "out") > 0 ? number(row->usage, "out") : 0;
	}
	if (in != run->tokens_in || out != run->tokens_out)
		sim_fail(w, "I18: run %.*s counts %lld tokens in, its attempts had %lld",
		    STR_ARG(run->id), (long long)run->tokens_in, in);
}

static void look_at_order(struct world *w, const struct ordered *o)
{
	const struct run_row *row = run_row(w, o->run);

	if (o->acked && !o->to_be_removed &&
	    (!row || !str_is(row->id, o->id) || !str_is(row->idempotency, o->key)))
		sim_fail(w, "I11: run %s was acknowledged for %s and is not there", o->id, o->key);
}

void oracle_reconnected(struct world *w)
{
	for (int64_t run = 1; run <= RUNS_MAX; run++)
		w->seen[run].cursor = w->seen[run].seq;
}

/* Everything is over, and the engine knows nothing any more. */
static void look_at_engine(struct world *w)
{
	const struct engine *e = w->node->engine;

	if (!w->node->up)
		return;
	imap_each (&e->lives, it)
		sim_fail(w, "I23: all runs are over, and run %lld is still in memory",
		    (long long)it->key);
	imap_each (&e->held, it)
		sim_fail(
		    w, "I23: all runs are over, and run %lld is still held", (long long)it->key);
	if (e->reloaded.n || e->holding.n || e->ending.n || e->inner_first)
		sim_fail(w, "I23: all runs are over, and something is still to be done");
}

void oracle_end(struct world *w)
{
	look_at_engine(w);
	mem_each(w->db, MEM_RUNS, struct run_row, row, key)
	{
		look_at_chain(w, row);
		look_at_tokens(w, row);
		if (w->node->up && w->seen[key].cursor != w->seen[key].seq)
			sim_fail(w,
			    "I24: who looks on was told of %lld events of run %lld, of %lld",
			    (long long)w->seen[key].cursor, (long long)key,
			    (long long)w->seen[key].seq);
		sim_hash(w, row->seal.p, row->seal.n);
	}
	mem_each(w->db, MEM_TASKS, struct task_row, row, key) if (!str_is(row->status, "ended"))
	    sim_fail(w, "I13: all runs are over, and task %lld (%.*s) is %.*s", (long long)key,
		STR_ARG(row->subject), STR_ARG(row->status));
	for (unsigned i = 0; i < w->n_orders; i++)
		look_at_order(w, &w->orders[i]);
}

void oracle_free(struct world *w)
{
	for (int64_t run = 1; run <= RUNS_MAX; run++) {
		free(w->seen[run].steps);
		model_free(w->seen[run].model);
		model_free(w->seen[run].kept);
	}
	model_forget_texts();
}
