/*
 * What happens to runs. Every change of a run goes through here, and each is one job on the store
 * thread: load the run, core_step, write what changed, COMMIT; then, back on the loop, the effects.
 *
 *   engine_launch ─► [job: core LAUNCH, rows, events] ─► commit ─► effect OFFER ─► worker
 *   worker ─► engine_claim ─► [job: core CLAIMED, prompt] ─► … ─► engine_report ─► [job: ENDED …]
 *
 * Code steps, conditions, lists, child runs and reports are evaluated inside the jobs; nothing of
 * that needs the loop. The engine owns the timers (one per run, from core's wake_at).
 *
 * All functions are called on the loop thread; callbacks come on the loop thread, exactly once.
 * Strings handed in are copied.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "attest/attest.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "evidence/evidence.h"
#include "flow/library.h"
#include "flow/words.h"
#include "store/thread.h"

#include <jansson.h>

struct engine;

enum engine_effect_type {
	ENGINE_OFFER, /* a task waits to be claimed */
	ENGINE_KILL,  /* stop the attempt of this step and epoch, then report it */
	ENGINE_ASK,   /* an approval waits for a person */
	ENGINE_OVER,  /* the run has ended; its report is stored */
};

struct engine_effect {
	enum engine_effect_type type;
	int64_t run, task;
	char run_id[ID_RUN_SIZE];
	int64_t position; /* of the step; -1 for OVER */
	unsigned epoch;
	enum run_status status; /* OVER */
};

struct engine_hooks {
	void *ctx;
	void (*effect)(void *ctx, const struct engine_effect *fx);
	/* Events up to SEQ of RUN are committed. */
	void (*appended)(void *ctx, int64_t run, int64_t seq);
};

struct engine_config {
	void *loop;	     /* uv_loop_t */
	struct store *store; /* migrated; becomes the engine's */
	const char *node;    /* name of this process in leases */
	struct engine_hooks hooks;
};

MUST_CHECK int engine_create(
    const struct engine_config *config, struct engine **ret, struct err *err);
/*
 * The house closes: what finds no room on a full disk fails instead of waiting. Runs stay as they
 * are stored and can be resumed.
 */
void engine_hurry(struct engine *e);
/* Finishes what is posted, closes the store. Call before the loop is closed. Accepts NULL. */
void engine_destroy(struct engine *e);

/* --- launching -------------------------------------------------------------------------- */

struct launch {
	const json_t *frozen; /* of library_freeze; borrowed */
	struct str flow;      /* name of the flow in it */
	json_t *input;	      /* {"question": …, …}; borrowed */
	enum flow_size size;
	struct str focus;
	bool fast;
	struct str agent, model; /* of the run; empty: the worker's default */
	unsigned validators;	 /* where the flow has one, as FROZEN says; 0: as written */
	struct str repo;	 /* host path; empty when the flow needs none */
	struct str at, base;	 /* commit-ish or empty */
	long long budget;	 /* tokens; 0: none */
	msec_t timeout;		 /* of the run; 0: none */
	struct str command;	 /* to repeat it, shell-quoted */
	struct str provided;	 /* an earlier run, whose report is handed on; empty: none */
	struct str idempotency;	 /* empty: none */
};

/* A new run, or the one that has the same idempotency key: then it EXISTED. */
struct engine_launched {
	const char *id;
	int64_t key;
	bool existed;
};

typedef void (*engine_launched_fn)(
    void *ctx, int rc, const struct err *err, const struct engine_launched *run);
void engine_launch(struct engine *e, const struct launch *l, engine_launched_fn fn, void *ctx);

/* --- attempts: what the worker calls ---------------------------------------------------- */

/* Everything a worker needs for one attempt. Lives until engine_claim_free. */
struct claim {
	struct arena *arena;
	int64_t run, task, position;
	unsigned epoch;
	char run_id[ID_RUN_SIZE];
	char token[ID_TOKEN_SIZE];
	struct str step, label;
	enum step_kind kind;
	msec_t timeout;
	struct str question, focus, repo, at, base; /* of the run */
	struct str snapshot;			    /* id, or empty */
	enum flow_fence fence; /* the least that the flow, or one around it, accepts */
	bool fast;
	long long budget, tokens_used;
	/* KIND_AGENT */
	struct str agent, model, effort, persona;
	struct str provided, provided_text; /* a run, and what the prompt shows of its report */
	struct str prompt;
	size_t prompt_system;
	unsigned prompt_cut;	       /* texts in it that were cut to fit */
	unsigned hunks_from, hunks_to; /* of the change, in the prompt; 0: none */
	double temperature;
	unsigned max_turns;
	struct strs tools;
	bool web_only;
	enum output_form output;
	json_t *schema; /* borrowed from the arena's owner; NULL for text */
	/* KIND_COMMAND */
	struct str *argv;
	size_t n_argv;
	/* why it is not to be run at all: report this ending at once */
	enum ending refuse;
	struct str refuse_why;

	struct library *lib; /* keeps the schema alive */
};

/* CLAIM is NULL when the task is gone or was taken. */
typedef void (*engine_claimed_fn)(void *ctx, struct claim *claim);
void engine_claim(struct engine *e, int64_t task, engine_claimed_fn fn, void *ctx);
void engine_claim_free(struct claim *claim);

typedef void (*engine_done_fn)(void *ctx, int rc);

/*
 * The attempt is about to execute: what runs, and the record of what holds it (or NULL; becomes the
 * engine's). -ESTALE: it must not.
 */
void engine_started(struct engine *e, const struct claim *claim, struct str agent, struct str model,
    json_t *record, engine_done_fn fn, void *ctx);

struct fact_row {
	int64_t run, position;
	unsigned epoch;
	const char *type; /* constant; "proof": a record, that is chained to the log before it */
	json_t *data;	  /* new reference, becomes the engine's */
};

/*
 * Appends events of attempts, in one commit; those of attempts that are no longer current are
 * dropped. FN hears when the rows are off the engine's hands. Who appends faster than the store
 * commits fills the memory: callers bound what is under way.
 */
void engine_append(
    struct engine *e, const struct fact_row *rows, size_t n, engine_done_fn fn, void *ctx);

struct attempt_result {
	enum ending ending;
	struct str reason;
	struct str output; /* text; kept whole */
	bool usable;	   /* truncated, but worth keeping */
	json_t *evidence;  /* of evidence_to_json, or NULL; becomes the engine's */
	json_t *facts;	   /* agent, model, in, out, cached, turns, …; becomes the engine's */
	json_t *record;	   /* of its end, or NULL; becomes the engine's */
	/* KIND_SNAPSHOT */
	struct str snapshot;
	json_t *repo_facts, *signals; /* become the engine's */
	struct str change;	      /* its text (change/change.h), or empty */
};

/* FN: 0, or -ESTALE when the attempt was not current any more. */
void engine_report(struct engine *e, const struct claim *claim, const struct attempt_result *r,
    engine_done_fn fn, void *ctx);
/* It gave a sign of life that is not worth an event. */
void engine_alive(struct engine *e, const struct claim *claim);
/* Extends the leases of all attempts of this node. */
void engine_renew(struct engine *e);

/* --- what people and clients call ------------------------------------------------------- */

typedef void (*engine_changed_fn)(void *ctx, int rc, const struct err *err);

/*
 * RUN is an id, a unique prefix, or "last", "last~N" (of repository REPO, empty: of all).
 * Four-part errors: -ENOENT unknown, -EEXIST ambiguous, -EINVAL makes no sense in its state.
 */
void engine_cancel(struct engine *e, struct str run, struct str repo, struct str why,
    engine_changed_fn fn, void *ctx);
/* Also takes over a run that was left behind by a process that died. */
void engine_resume(
    struct engine *e, struct str run, struct str repo, engine_changed_fn fn, void *ctx);
/* STEP empty: everything that failed. */
void engine_retry(struct engine *e, struct str run, struct str repo, struct str step,
    engine_changed_fn fn, void *ctx);
void engine_answer(struct engine *e, struct str run, struct str repo, struct str step,
    struct str choice, engine_changed_fn fn, void *ctx);
/*
 * Takes an ended run out of the store, with its children and everything that is only theirs.
 * -EBUSY: it is running, or part of another run.
 */
void engine_remove(struct engine *e, struct str run, engine_changed_fn fn, void *ctx);
/* Takes over every run that a process which is gone left running. N: how many. */
void engine_recover(struct engine *e, void (*fn)(void *ctx, int rc, size_t n), void *ctx);

/*
 * Why nothing is written now, whatever is asked for: -ENOSPC (the disk is full), -EBUSY (another
 * program holds the database), or how it fails. 0: it is.
 */
int engine_waits(const struct engine *e);
/* Any reading on the store thread: FN there, DONE here; also while nothing is written. */
typedef int (*engine_read_fn)(struct store *s, void *ctx);
void engine_read(struct engine *e, engine_read_fn fn, engine_done_fn done, void *ctx);

/* Commits so far, for measurements. */
uint64_t engine_commits(const struct engine *e);

/* --- reading without an engine (any thread, any store) ---------------------------------- */

/* Key of RUN as above. */
MUST_CHECK int engine_resolve(
    struct store *s, struct str run, struct str repo, int64_t *ret_key, struct err *err);
/* The stored report of a run as Markdown or JSON; for a run without one it is put together from
 * what is stored now. In A. */
MUST_CHECK int engine_report_text(
    struct store *s, struct arena *a, int64_t run, bool json, struct str *ret, struct err *err);
/*
 * The report of RUN (as above, "last" of REPO) as something to hand on: {"run", "flow", "question",
 * "started", "commit", "bytes", "cut" (longer than PROVIDED_MAX), "report" (the hash of its text)}.
 * -EINVAL: it has none yet. New reference.
 */
MUST_CHECK int engine_provided(struct store *s, struct arena *a, struct str run, struct str repo,
    json_t **ret, struct err *err);
/* choice_json (choice.h) of a run, and the `signals` it was measured by. JSON null: no such run.
 * New. */
json_t *engine_choice(struct store *s, int64_t run);
/*
 * All that a report is made of, as it is stored. Once it is read, no store is needed: any thread
 * may have it, one at a time.
 */
struct engine_facts;
MUST_CHECK int engine_facts_read(
    struct store *s, int64_t run, struct engine_facts **ret, struct err *err);
/*
 * As one HTML file (report/report.h); FN gives the bytes of the run's snapshot, NULL: it is gone.
 * In A.
 */
struct str engine_facts_html(
    struct engine_facts *f, struct arena *a, evidence_source_fn fn, void *ctx);
/* Accepts NULL. */
void engine_facts_free(struct engine_facts *f);

/* What a run waits for a person with. */
struct engine_question {
	struct str step, text; /* its name; Markdown */
	const struct str *choices;
	size_t n_choices;
};
/*
 * What the approval at POSITION asks, from what is stored now; in A. -EINVAL: it waits for no
 * answer now, or what it names is not there yet.
 */
MUST_CHECK int engine_question(struct store *s, struct arena *a, int64_t run, int64_t position,
    struct engine_question *ret, struct err *err);

/* What a stored run proves. Nothing that was found out earlier is believed: its log is read. */
struct engine_proof {
	/*
	 * 0: it only read. -EPERM: not everything is proven, or not yet. -EPROTO: log, results or
	 * report are not as they were written. -ENODATA: a version wrote it that kept no proofs.
	 */
	int state;
	struct err err; /* why STATE is not 0 */
	bool running;
	struct attest_found found;
	struct str file; /* as exported, in the arena */
};
/* RET is to be freed in any case. An error: it could not be read. */
MUST_CHECK int engine_proof(
    struct store *s, struct arena *a, int64_t run, struct engine_proof *ret, struct err *err);
void engine_proof_free(struct engine_proof *p);
/* In one line, in A. */
char *engine_proof_line(struct arena *a, const struct engine_proof *p);

#endif
