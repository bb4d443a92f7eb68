/* Calls to the engine, and what was told in answer to them. */
#include "power.h"

#include "base/json.h"
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>

static size_t now_at(const struct world *w)
{
	return w->life ? w->life->trace.n : 0;
}

static struct world_run *run_named(struct world *w, const char *id)
{
	for (unsigned i = 0; i < w->n_runs; i++)
		if (w->runs[i].there && strcmp(w->runs[i].id, id) == 0)
			return &w->runs[i];
	return NULL;
}

static struct fact *told(
    struct world *w, enum fact_kind kind, const char *run, struct str step, struct str text)
{
	static struct fact nowhere;
	const struct world_run *r = run_named(w, run);

	if (!w->life || (r && r->unsure && kind != FACT_REMOVED))
		return &nowhere;
	return facts_add(&w->life->facts, kind, now_at(w), run, step, text);
}

static void no_longer(struct world *w, const struct world_run *r, unsigned mask)
{
	if (w->life)
		facts_end(&w->life->facts, r->id, mask, now_at(w));
}

/* --- texts ---------------------------------------------------------------------------------- */

/* Words, with a mark in them that no other text has; heap. */
static char *words(struct world *w, size_t n)
{
	static const char *const some[] = { "queue", "lease", "worker ", "is not held",
		"\xc3\xa9t\xc3\xa9", "when the", "at\n", "\"quoted\"" };
	struct buf b;

	buf_init(&b, MIB(4));
	buf_printf(&b, "mark-%u-", ++w->marks);
	buf_printf(&b, "%016llx", (unsigned long long)rng_next(&w->rng));
	while (b.n < n)
		buf_printf(&b, " %s", some[rng_below(&w->rng, sizeof(some) / sizeof(some[0]))]);
	return buf_steal(&b);
}

static size_t some_size(struct world *w)
{
	return rng_chance(&w->rng, 3)	 ? 20000 + rng_below(&w->rng, 200000)
	       : rng_chance(&w->rng, 30) ? 1000 + rng_below(&w->rng, 20000)
					 : 20 + rng_below(&w->rng, 500);
}

/* --- attempts ------------------------------------------------------------------------------- */

struct saying {
	struct world *w;
	struct work *k;
	char *text;
};

/* Somebody has asked for the end of it, maybe only just. */
static bool is_doubtful(struct world *w, const struct work *k)
{
	const struct world_run *r = run_named(w, k->claim->run_id);

	return k->killed || k->taken || (r && (r->stopping || r->unsure));
}

static void let_go(struct work *k)
{
	engine_claim_free(k->claim);
	free(k->text);
	*k = (struct work){ .w = k->w };
}

static void on_claimed(void *ctx, struct claim *cl)
{
	struct work *k = ctx;

	k->claim = cl;
	k->state = cl ? WORK_CLAIMED : WORK_NONE;
	if (cl)
		told(k->w, FACT_CLAIMED, cl->run_id, cl->step, STR(""))->number = cl->epoch;
}

static void on_started(void *ctx, int rc)
{
	struct work *k = ctx;

	if (rc) {
		let_go(k);
		return;
	}
	k->state = WORK_RUNS;
	told(k->w, FACT_STARTED, k->claim->run_id, k->claim->step, STR(""))->number =
	    k->claim->epoch;
}

static void on_said(void *ctx, int rc)
{
	struct saying *s = ctx;

	if (rc == 0 && !is_doubtful(s->w, s->k))
		told(s->w, FACT_SAID, s->k->claim->run_id, s->k->claim->step, str_from(s->text));
	s->k->says--;
	free(s->text);
	free(s);
}

static void on_reported(void *ctx, int rc)
{
	struct work *k = ctx;

	if (rc == 0 && k->text && !is_doubtful(k->w, k))
		told(k->w, FACT_RESULT, k->claim->run_id, k->claim->step, str_from(k->text))
		    ->number = k->claim->epoch;
	let_go(k);
}

void world_say(struct world *w, struct work *k)
{
	if (k->state != WORK_RUNS || is_doubtful(w, k))
		return;
	struct saying *s = xalloc(sizeof(*s));
	struct fact_row row = { .run = k->claim->run,
		.position = k->claim->position,
		.epoch = k->claim->epoch,
		.type = "text" };

	*s = (struct saying){ .w = w, .k = k, .text = words(w, rng_below(&w->rng, 3000)) };
	row.data = json_pack("{s:o}", "text", json_text(str_from(s->text)));
	s->text[strcspn(s->text, " ")] = '\0'; /* the mark is enough to find it */
	k->says++;
	engine_append(w->engine, &row, 1, on_said, s);
}

static enum ending some_ending(struct world *w, bool good)
{
	static const enum ending bad[] = { ENDING_EMPTY, ENDING_REFUSED, ENDING_CRASHED,
		ENDING_TRUNCATED, ENDING_RATE_LIMITED, ENDING_STALLED };

	if (good || rng_chance(&w->rng, 80))
		return ENDING_ANSWERED;
	return bad[rng_below(&w->rng, sizeof(bad) / sizeof(bad[0]))];
}

static char *answer(struct world *w, struct arena *a, struct work *k, struct attempt_result *r)
{
	char *text = words(w, some_size(w));

	if (k->claim->kind != KIND_AGENT || rng_chance(&w->rng, 50))
		return text;
	char *with;

	if (asprintf(&with, "### S1: One\nmain.c:3\n%s\n### S2: Two\n", text) < 0)
		abort();
	free(text);
	struct evidence *ev = evidence_parse(a, k->claim->step, str_from(with));

	r->evidence = evidence_to_json(ev);
	r->facts = json_pack("{s:i, s:i, s:i}", "findings", (int)ev->n_findings, "in", 100, "out",
	    (int)rng_below(&w->rng, 100));
	return with;
}

static void report(struct world *w, struct work *k, bool good)
{
	struct arena *a = arena_create("answer", ARENA_JOB);
	struct attempt_result r = {
		.ending = some_ending(w, good || k->claim->kind == KIND_SNAPSHOT), .usable = true
	};
	char id[32];

	if (k->killed)
		r.ending = ENDING_CANCELLED;
	if (k->claim->refuse != ENDING_NONE)
		r.ending = k->claim->refuse;
	if (k->claim->kind == KIND_SNAPSHOT && r.ending == ENDING_ANSWERED) {
		snprintf(id, sizeof(id), "snap-%zu", rng_below(&w->rng, 3));
		r.output = STR("as found");
		r.snapshot = str_from(id);
		r.repo_facts = json_pack("{s:s, s:i}", "name", "repo", "files", 3);
		r.signals = json_pack("{s:b, s:s}", "concurrency", 1, "size", "medium");
	} else if (r.ending == ENDING_ANSWERED || r.ending == ENDING_TRUNCATED) {
		k->text = answer(w, a, k, &r);
		r.output = str_from(k->text);
	} else {
		r.reason = STR("as things go");
	}
	k->state = WORK_REPORTS;
	engine_report(w->engine, k->claim, &r, on_reported, k);
	if (r.ending != ENDING_ANSWERED) {
		free(k->text);
		k->text = NULL;
	}
	arena_destroy(a);
}

void world_work(struct world *w, struct work *k, bool good)
{
	if (k->state == WORK_OFFERED) {
		k->state = WORK_ASKED;
		engine_claim(w->engine, k->task, on_claimed, k);
	} else if (k->state == WORK_CLAIMED && k->claim->refuse == ENDING_NONE && !k->killed) {
		k->state = WORK_STARTS;
		engine_started(
		    w->engine, k->claim, STR("scripted"), STR("none"), NULL, on_started, k);
	} else if ((k->state == WORK_CLAIMED || k->state == WORK_RUNS) && !k->says) {
		report(w, k, good);
	}
}

/* --- effects -------------------------------------------------------------------------------- */

static void offered(struct world *w, const struct engine_effect *fx)
{
	for (size_t i = 0; i < WORKS_MAX; i++) {
		struct work *k = &w->works[i];

		if (k->state != WORK_NONE)
			continue;
		*k = (struct work){ .w = w, .state = WORK_OFFERED, .task = fx->task };
		return;
	}
	fprintf(stderr, "power: more attempts than there were\n");
	abort();
}

static void killed(struct world *w, const struct engine_effect *fx)
{
	for (size_t i = 0; i < WORKS_MAX; i++) {
		struct work *k = &w->works[i];

		if (k->claim && k->claim->run == fx->run && k->claim->position == fx->position &&
		    k->claim->epoch == fx->epoch)
			k->killed = true;
	}
}

static void over(struct world *w, const struct engine_effect *fx)
{
	struct world_run *r = run_named(w, fx->run_id);

	told(w, FACT_OVER, fx->run_id, STR(""), str_from(run_status_name(fx->status)));
	if (r)
		r->over = true;
	w->overs++;
}

void world_effect(void *ctx, const struct engine_effect *fx)
{
	struct world *w = ctx;

	switch (fx->type) {
	case ENGINE_OFFER:
		offered(w, fx);
		break;
	case ENGINE_KILL:
		killed(w, fx);
		break;
	case ENGINE_ASK:
		break;
	case ENGINE_OVER:
		over(w, fx);
		break;
	}
}

void world_appended(void *ctx, int64_t run, int64_t seq)
{
	struct world *w = ctx;

	for (unsigned i = 0; i < w->n_runs; i++)
		if (w->runs[i].there && w->runs[i].row == run)
			told(w, FACT_LOG, w->runs[i].id, STR(""), STR(""))->number = seq;
}

/* --- people --------------------------------------------------------------------------------- */

enum asked_for { ASKED_RUN, ASKED_CANCEL, ASKED_AGAIN, ASKED_ANSWER, ASKED_REMOVE };

struct request {
	struct world *w;
	struct world_run *r; /* NULL: one of somebody else's */
	enum asked_for what;
	char run[ID_RUN_SIZE], text[16];
};

static struct request *request(
    struct world *w, struct world_run *r, enum asked_for what, const char *text)
{
	struct request *q = xalloc(sizeof(*q));

	*q = (struct request){ .w = w, .r = r, .what = what };
	snprintf(q->run, sizeof(q->run), "%s", r ? r->id : "");
	snprintf(q->text, sizeof(q->text), "%s", text);
	return q;
}

static void on_changed(void *ctx, int rc, const struct err *err)
{
	struct request *q = ctx;
	struct world *w = q->w;

	(void)err;
	if (rc == 0 && q->what == ASKED_CANCEL && q->r->stopping)
		told(w, FACT_STOPPED, q->run, STR(""), STR(""));
	if (rc == 0 && q->what == ASKED_ANSWER)
		told(w, FACT_CHOSEN, q->run, STR("gate"), str_from(q->text))->number = -1;
	if (rc == 0 && q->what == ASKED_REMOVE) {
		told(w, FACT_REMOVED, q->run, STR(""), STR(""));
		q->r->there = false;
	}
	if (q->what == ASKED_REMOVE || q->what == ASKED_AGAIN)
		q->r->unsure--;
	free(q);
}

void world_cancel(struct world *w, struct world_run *r)
{
	r->stopping = true;
	engine_cancel(w->engine, str_from(r->id), STR(""), STR("enough"), on_changed,
	    request(w, r, ASKED_CANCEL, ""));
}

void world_again(struct world *w, struct world_run *r, bool resume)
{
	struct request *q = request(w, r, ASKED_AGAIN, "");

	no_longer(w, r,
	    FACT_BIT(FACT_STOPPED) | FACT_BIT(FACT_OVER) | FACT_BIT(FACT_CHOSEN) | FACT_NESTED |
		FACT_AGAIN);
	r->stopping = r->over = false;
	r->unsure++;
	for (size_t i = 0; i < WORKS_MAX; i++)
		if (w->works[i].claim && strcmp(w->works[i].claim->run_id, r->id) == 0)
			w->works[i].taken = true;
	if (resume)
		engine_resume(w->engine, str_from(r->id), STR(""), on_changed, q);
	else
		engine_retry(w->engine, str_from(r->id), STR(""), STR(""), on_changed, q);
}

void world_answer(struct world *w, const char *run, const char *choice)
{
	struct request *q = request(w, run_named(w, run), ASKED_ANSWER, choice);

	snprintf(q->run, sizeof(q->run), "%s", run);
	engine_answer(
	    w->engine, str_from(run), STR(""), STR("gate"), str_from(choice), on_changed, q);
}

void world_remove(struct world *w, struct world_run *r)
{
	no_longer(w, r, FACT_ALL);
	r->unsure++;
	engine_remove(w->engine, str_from(r->id), on_changed, request(w, r, ASKED_REMOVE, ""));
}

static void on_launched(void *ctx, int rc, const struct err *err, const struct engine_launched *run)
{
	struct request *q = ctx;
	const char *id = run->id;

	(void)err;
	if (rc == 0 && !run_named(q->w, id)) {
		snprintf(q->r->id, sizeof(q->r->id), "%s", id);
		q->r->row = run->key;
		q->r->there = true;
	}
	if (rc == 0)
		told(q->w, FACT_RUN, id, STR(""), str_from(q->text));
	free(q);
}

void world_launch(struct world *w, unsigned flow, const char *key)
{
	if (w->n_runs == RUNS_MAX)
		return;
	struct world_run *r = &w->runs[w->n_runs++];
	char *question = words(w, 20 + rng_below(&w->rng, 200));
	json_t *input = json_pack("{s:s}", "question", question);
	const struct launch l = { .frozen = flow_frozen(flow),
		.flow = STR("f"),
		.input = input,
		.size = SIZE_AUTO,
		.repo = STR("/repo"),
		.idempotency = str_from(key) };

	*r = (struct world_run){ .flow = flow };
	engine_launch(w->engine, &l, on_launched, request(w, r, ASKED_RUN, key));
	json_decref(input);
	free(question);
}

/* --- the rest ------------------------------------------------------------------------------- */

struct note {
	struct world *w;
	char name[16], value[32];
};

static int put_note(struct store *s, void *ctx)
{
	const struct note *n = ctx;

	return s->ops->note_put(s, str_from(n->name), str_from(n->value));
}

static void on_noted(void *ctx, int rc)
{
	struct note *n = ctx;

	if (rc == 0)
		told(n->w, FACT_NOTE, "", str_from(n->name), str_from(n->value));
	free(n);
}

/* As the hub does it. */
void world_note(struct world *w)
{
	struct note *n = xalloc(sizeof(*n));

	n->w = w;
	snprintf(n->name, sizeof(n->name), "note-%u", ++w->marks);
	snprintf(n->value, sizeof(n->value), "%llx", (unsigned long long)rng_next(&w->rng));
	engine_read(w->engine, put_note, on_noted, n);
}

static void on_recovered(void *ctx, int rc, size_t n)
{
	struct world *w = ctx;

	(void)n;
	if (rc && !w->dead)
		world_fail(w, rc, "the runs cannot be taken over");
}

void world_recover(struct world *w)
{
	engine_recover(w->engine, on_recovered, w);
}

static int count_open(struct store *s, void *ctx)
{
	struct world *w = ctx;
	struct arena *a = arena_create("open runs", ARENA_JOB);
	int64_t *keys;
	int rc = s->ops->run_open(s, a, &keys, &w->n_open);

	for (size_t i = 0; !rc && i < w->n_open && i < RUNS_MAX; i++) {
		struct run_row row;

		rc = s->ops->run_load(s, a, keys[i], &row);
		if (!rc)
			snprintf(w->open_ids[i], ID_RUN_SIZE, "%.*s", STR_ARG(row.id));
	}
	arena_destroy(a);
	return rc;
}

static void on_counted(void *ctx, int rc)
{
	struct world *w = ctx;

	w->looked = true;
	if (rc && !w->dead)
		world_fail(w, rc, "the runs cannot be read");
}

void world_look(struct world *w)
{
	w->looked = false;
	engine_read(w->engine, count_open, on_counted, w);
}
