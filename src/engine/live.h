/*
 * Runs in hand. A live is one stored run with its core, on the store thread; it is a cache that
 * may be dropped at any time and loaded again from the rows. What a job changes is first changed
 * here and then written by live_save; when the group is rolled back, all lives are dropped.
 */
#ifndef ENGINE_LIVE_H
#define ENGINE_LIVE_H

#include "attest/attest.h"
#include "base/buf.h"
#include "base/imap.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/list.h"
#include "change/change.h"
#include "core/core.h"
#include "engine/alarm.h"
#include "engine/engine.h"
#include "flow/expr.h"

#define NODE_NAME_MAX 128

/* A frozen definition shared by the runs that use it. */
struct definition {
	char hash[65];
	struct library *lib;
	unsigned refs;
	struct list list;
};

/* Texts of a step that are known without asking the store. */
struct known {
	char *output; /* heap, NUL-terminated, or NULL: not known here */
	size_t output_n;
	char *evidence, *facts; /* JSON texts or NULL */
	bool has;		/* the three are what the row holds */
	bool write;		/* they have to be written */
	int64_t task;		/* current task */
};

struct live {
	struct engine *engine;
	int64_t key;
	struct arena *arena; /* of row */
	struct run_row row;
	bool row_dirty;
	json_t *input, *options, *repo, *signals; /* repo, signals: of the snapshot, or NULL */
	struct change *change;			  /* of the snapshot, once somebody asked */
	struct arena *change_arena;
	struct definition *def;
	const struct flow *flow;
	struct core *core;
	int64_t seq;
	struct chain chain; /* of the log, as far as it was followed: seal.c */
	struct tally tally;
	bool asleep;	     /* it was loaded while it runs, and nothing of it was begun again */
	bool torn;	     /* events are missing: the run goes on, and proves nothing */
	struct known *known; /* by index of core nodes */
	size_t n_known;
	size_t cached_bytes;
	struct core_ask ask;
	struct store *store; /* during a job */
	struct job *job;     /* during a job */
	struct list over;    /* in engine->over, or alone */
};

struct job;
struct report_run;

struct run_keys {
	int64_t *v;
	size_t n, cap;
};

/* What engine.c owns; here because both threads' files need parts of it. */
struct engine {
	struct store_thread *thread;
	struct engine_hooks hooks;
	char node[NODE_NAME_MAX];
	msec_t epoch; /* wall clock minus boot time, as it was when this process began */
	/* loop thread */
	struct alarms *alarms;
	bool closing; /* effects are nobody's any more */
	/* store thread */
	struct imap lives;
	struct list definitions;
	struct expr_vm *vm;
	struct buf text;		       /* of the event that is being written */
	struct job *inner_first, **inner_last; /* follow from the group in hand */
	struct list over;	  /* lives with nothing left to do; dropped after the group */
	struct imap held;	  /* runs that this process carries on; the values say nothing */
	struct run_keys holding;  /* those that it will once this transaction is committed, */
	struct run_keys ending;	  /* and those that it will not any more */
	struct run_keys reloaded; /* to be woken after it */
	bool stepped;		  /* the job in hand has changed a live */
};

/* One request on its way through both threads. Lives in its own arena. */
struct job {
	struct store_job base;
	struct engine *e;
	struct arena *arena;
	int (*fn)(struct job *job, struct store *s); /* store thread; may run twice */
	void (*done)(struct job *job, int rc);	     /* loop thread */
	struct err err;
	/* results of the last run of fn */
	struct engine_effect *effects;
	size_t n_effects;
	struct wake {
		int64_t run;
		msec_t at;
	} * wakes; /* at 0: none any more */
	size_t n_wakes;
	struct appended {
		int64_t run, seq;
	} * appended;
	size_t n_appended;
	struct job *inner_next;
	/* the caller */
	void *ctx;
	void *request; /* in arena */
	union {
		engine_launched_fn launched;
		engine_claimed_fn claimed;
		engine_done_fn plain;
		engine_changed_fn changed;
		void (*recovered)(void *ctx, int rc, size_t n);
	} fn_user;
	int64_t run; /* result */
	size_t count;
	void *result;
	char id[ID_RUN_SIZE];
	bool existed; /* a launch: its run did */
};

/* engine.c */
/*
 * What decides: wall clock as it was at the beginning, gone on by boot time since. Nobody who sets
 * the clock ends an attempt or delays another.
 */
msec_t engine_now(const struct engine *e);
struct job *job_create(struct engine *e, int (*fn)(struct job *job, struct store *s),
    void (*done)(struct job *job, int rc), void *ctx);
void job_post(struct job *job);
/* Store thread: to be run right after this group. */
void job_follow(struct engine *e, struct job *job);
void job_effect(struct job *job, const struct engine_effect *fx);
/* Takes back what this job said of the end of RUN, which goes on. */
void job_not_over(struct job *job, int64_t run);
void job_wake(struct job *job, int64_t run, msec_t at);
void job_appended(struct job *job, int64_t run, int64_t seq);

/* held.c: which runs are this process's, so that nobody takes them over from itself */
/* From the commit on, RUN is. */
void held_add(struct engine *e, int64_t run);
/* From the commit on, RUN is not, unless it has begun again by then. */
void held_end(struct engine *e, int64_t run);
bool held_has(const struct engine *e, int64_t run);
void held_committed(struct engine *e);
void held_rolled_back(struct engine *e);
void held_fini(struct engine *e);
void run_keys_push(struct run_keys *keys, int64_t run);

/* live.c */
MUST_CHECK int live_get(struct job *job, struct store *s, int64_t key, struct live **ret);
/*
 * A new run, not stored yet; DEF's reference becomes its own. NULL with the error in the job. What
 * follows is live_keep, once its row has a key, or live_discard.
 */
struct live *live_new(
    struct job *job, struct store *s, const struct run_row *row, struct definition *def);
void live_keep(struct live *lv);
void live_discard(struct live *lv);
void live_drop(struct engine *e, int64_t key);
void live_drop_all(struct engine *e);
struct known *live_known(struct live *lv, uint32_t i);
/* The whole output of node I: {NULL, 0} when it has none. Borrowed from the job or the cache. */
struct str live_output(struct live *lv, uint32_t i);
/* Evidence of node I in the job's arena, or NULL. */
struct evidence *live_evidence(struct live *lv, uint32_t i);
json_t *live_facts(struct live *lv, uint32_t i); /* new reference or NULL */
/* Output, evidence and facts of node I as stored. Borrowed like live_output. */
void live_texts(struct live *lv, uint32_t i, struct step_row *ret);
/* EVIDENCE and FACTS may be NULL; texts are copied. */
void live_set_result(
    struct live *lv, uint32_t i, struct str output, const json_t *evidence, const json_t *facts);
struct definition *definition_get(
    struct engine *e, struct store *s, struct str hash, struct err *err);
struct definition *definition_add(struct engine *e, const char *hash, struct library *lib);
void definition_put(struct definition *def);

/* apply.c: the one way in which a run changes */
MUST_CHECK int live_apply(struct job *job, struct live *lv, const struct core_event *ev);
/* Appends one event to the run's log. DATA is not NULL and stays the caller's. */
MUST_CHECK int live_log(
    struct job *job, struct live *lv, int64_t position, const char *type, const json_t *data);
/* The same for a JSON text. */
MUST_CHECK int live_log_text(
    struct job *job, struct live *lv, int64_t position, const char *type, struct str data);
MUST_CHECK int live_save_row(struct job *job, struct live *lv);
/* The task of STEP, if it is in the queue or somebody's, has ended. */
MUST_CHECK int live_close_task(
    struct live *lv, uint32_t step, const char *ending, struct str reason);

/* provided.c: what engine_provided told at the launch, and "text", what agents see of the report.
 * New reference; NULL: none was handed on. */
json_t *live_provided(struct live *lv);

/* seal.c: digests of the log, and the records in it */
void seal_begin(struct live *lv);
/* ROW has just been appended. */
void seal_appended(struct live *lv, const struct event_row *row);
/* What the log holds beyond what was followed. */
MUST_CHECK int seal_catch_up(struct live *lv);
MUST_CHECK int seal_digest(struct live *lv, char hex[SHA256_HEX]);
/* Puts the log's digest so far into the run's row, which somebody is about to write. */
MUST_CHECK int seal_row(struct live *lv);
/* Appends DATA with the digest of the log before it as "prev". */
MUST_CHECK int seal_log(
    struct job *job, struct live *lv, int64_t position, const char *type, json_t *data);
/* Of the texts of all steps, in the order of their positions. */
void seal_results(struct live *lv, char hex[SHA256_HEX]);
void seal_results_add(struct sha256 *sha, int64_t position, const struct step_row *texts);

/* scope.c */
struct scope live_scope(struct live *lv, uint32_t from);
void live_ask_init(struct core_ask *ask, struct live *lv);
/* Marks what FROM is built on, transitively; a child stands on what its group stands on. */
void live_mark_ancestors(const struct core *c, uint32_t from, bool *marked);

/* change.c: what is under review */
/* Stores CHANGE, a text, and says in FACTS, which will be stored, where and how much it is. */
MUST_CHECK int change_keep(struct live *lv, json_t *facts, struct str change);
/* NULL: it cannot be read. Lives until live_forget_change. */
const struct change *live_change(struct live *lv);
/* The same where the flow reviews it, else NULL. */
const struct change *live_reviewed(struct live *lv);
void live_forget_change(struct live *lv);
/* The part of it that the step FROM is given, or NULL. */
const struct change_chunk *live_chunk(struct live *lv, uint32_t from);
/* What people call the step I: its label, and which part of the change it is given. */
struct str live_label(struct live *lv, uint32_t i);
/* The member "choice" of an event: choice_json of LV. A is for what it takes to say it. */
void live_add_choice(struct buf *b, struct arena *a, const struct live *lv);
/* What expressions see as `change` and `chunk`. New references or NULL. */
json_t *live_change_json(struct live *lv);
json_t *live_chunk_json(struct live *lv, uint32_t from);
/* What the report says of a review of it: nothing when the flow is none. */
void change_report(struct live *lv, struct report_run *run);
void change_weigh(
    struct live *lv, struct arena *a, struct evidence **sets, size_t n, struct report_run *run);
/* Does the task of the step FROM name the chunk, and is there one? Its hunks' ids. */
bool live_shows_chunk(struct live *lv, uint32_t from, unsigned *ret_from, unsigned *ret_to);

/* code.c */
void code_follow(struct job *job, struct live *lv, uint32_t step, unsigned epoch);
void live_compose(struct live *lv, uint32_t i);

/* child.c */
void child_follow(struct job *job, struct live *lv, uint32_t step, unsigned epoch);
void child_over(struct job *job, struct live *child);
void child_cancel(struct job *job, struct live *lv, uint32_t step);

/* index.c: what can be searched */
MUST_CHECK int index_question(struct live *lv);
MUST_CHECK int index_output(struct live *lv, uint32_t i, struct str output);
MUST_CHECK int index_findings(struct live *lv, const struct finding_row *rows, size_t n);
MUST_CHECK int index_report(struct live *lv, struct str text);

/* result.c */
MUST_CHECK int result_store(struct job *job, struct live *lv);
struct reconciliation *result_reconcile(
    struct live *lv, struct arena *a, struct evidence ***ret_sets, size_t *ret_n);

#endif
